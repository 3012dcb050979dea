//! `wasi-threads`: a program with a shared memory may spawn threads.
//!
//! Each is an instance of the same module in a store of its own, which shares the memory that the module imports, the descriptors
//! and the arguments. A thread that fails, panics or exits ends the program, as does the return of the main thread.

use crate::budget::Budget;
use crate::host::Host;
use pirn::{Caller, Error, ExternType, Linker, Module, Result, SharedMemory, Store};
use pirn_wasi::Errno;
use std::collections::HashSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// The module and name of the function that spawns a thread, and the name of the function with which one begins.
const MODULE: &str = "wasi";
const SPAWN: &str = "thread-spawn";
const START: &str = "wasi_thread_start";

/// Ids of threads are positive numbers below this.
const IDS: i32 = 0x1fff_ffff;

/// Readies the store of a thread.
type Prepare = dyn Fn(&mut Store<Host>) -> Result<()> + Send + Sync;
/// Ends the program, because a thread has failed.
type Fail = dyn Fn(Error) + Send + Sync;

/// What the threads of a program have in common.
pub struct Threads {
    module: Module,
    /// Set before the program begins.
    linker: OnceLock<Linker<Host>>,
    next: AtomicI32,
    running: AtomicUsize,
    most: usize,
    prepare: Box<Prepare>,
    fail: Box<Fail>,
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").field("running", &self.running).field("most", &self.most).finish_non_exhaustive()
    }
}

impl Threads {
    /// For a program that may have as many as `most` threads besides the main one. `prepare` readies their stores; `fail` ends the
    /// program when one has failed.
    pub fn new(
        module: &Module,
        most: usize,
        prepare: impl Fn(&mut Store<Host>) -> Result<()> + Send + Sync + 'static,
        fail: impl Fn(Error) + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            module: module.clone(),
            linker: OnceLock::new(),
            next: AtomicI32::new(1),
            running: AtomicUsize::new(0),
            most,
            prepare: Box::new(prepare),
            fail: Box::new(fail),
        })
    }

    /// Defines in `linker` what the module needs for threads: the memories that it imports as shared ones, and `thread-spawn`. Threads
    /// get what is defined there now.
    ///
    /// # Errors
    /// Something is defined already, or there is no memory.
    pub fn add_to_linker(self: &Arc<Self>, store: &Store<Host>, linker: &mut Linker<Host>) -> Result<()> {
        // One name may be imported several times, and means one memory.
        let mut defined = HashSet::new();
        for import in self.module.imports() {
            if let ExternType::Memory(ty) = import.ty()
                && ty.is_shared()
                && defined.insert((import.module(), import.name()))
            {
                if let Some(budget) = &store.data().budget {
                    budget.share(ty)?;
                }
                linker.define(store, import.module(), import.name(), SharedMemory::new(store.engine(), ty)?)?;
            }
        }
        // The linker is kept here.
        let threads = Arc::downgrade(self);
        let spawn = move |caller: Caller<'_, Host>, arg: i32| match threads.upgrade() {
            Some(threads) => spawn(threads, caller.data(), arg),
            None => failure(Errno::NOTSUP),
        };
        linker.func_wrap(MODULE, SPAWN, spawn)?;
        // Whoever comes second has the same.
        let _ = self.linker.set(linker.clone());
        Ok(())
    }

    /// Takes the place of a thread, if there is one.
    fn take_place(&self) -> bool {
        let more = |running| (running < self.most).then_some(running + 1);
        self.running.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn id(&self) -> i32 {
        let next = |id: i32| Some(if id + 1 == IDS { 1 } else { id + 1 });
        self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_else(|id| id)
    }

    /// What a thread does.
    fn run(&self, store: &mut Store<Host>, id: i32, arg: i32) -> Result<()> {
        (self.prepare)(store)?;
        let linker = self.linker.get().expect("set before the program began");
        let instance = linker.instantiate(&mut *store, &self.module)?;
        instance.get_typed_func::<(i32, i32), ()>(&mut *store, START)?.call(store, (id, arg))
    }
}

/// What a guest gets instead of a thread's id.
fn failure(errno: Errno) -> i32 {
    -i32::from(errno.code())
}

/// Spawns a thread that begins with `arg`: its id, or an error's number, negative.
fn spawn(threads: Arc<Threads>, host: &Host, arg: i32) -> i32 {
    if !threads.take_place() {
        return failure(Errno::AGAIN);
    }
    let (id, host, theirs) = (threads.id(), host.for_thread(), Arc::clone(&threads));
    let taken = host.budget.as_ref().map(Budget::taken);
    let thread = std::thread::Builder::new().name(format!("wasi-{id}")).spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut store = Store::new(theirs.module.engine(), host);
            theirs.run(&mut store, id, arg)
        }));
        drop(taken);
        // What the panic was about has been printed.
        if let Err(error) = outcome.unwrap_or_else(|_| Err(Error::msg("a thread of the program panicked"))) {
            (theirs.fail)(error);
        }
        theirs.running.fetch_sub(1, Ordering::Relaxed);
    });
    if thread.is_err() {
        threads.running.fetch_sub(1, Ordering::Relaxed);
        return failure(Errno::AGAIN);
    }
    id
}
