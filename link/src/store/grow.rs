//! How memories and tables come to be and grow: what the store's limiter is asked, and what it is told.
//!
//! Code asks by the machine's hook, which is only there if somebody has to be asked: otherwise growing is compared with
//! [`pirn_exec::Room`] alone.

use crate::engine::limiter::ResourceLimiter;
use crate::error::{Error, Result, format_err};
use crate::store::hooks::Ask;
use crate::store::opaque::StoreOpaque;
use pirn_decode::{MemoryType, TableType};
use pirn_exec::{Exit, GrowHook, Growing, Memory, Table, Vm, Word};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The machine's hook.
///
/// # Safety
/// `vm` is the machine of a store that is mutably borrowed, and no reference to its inside is in use; the memory or table is the
/// store's, and the word one of its element type.
unsafe fn grow(vm: *mut Vm, growing: Growing) -> Result<Option<u64>, Exit> {
    // SAFETY: L1 and L2: the machine is attached to its store, which is live, and whose inside nobody refers to.
    let store = unsafe { &mut *Vm::store(vm).cast::<StoreOpaque>() };
    let grown = || match growing {
        // SAFETY: L1: it is of this store.
        Growing::Memory(memory, delta) | Growing::MemoryOf(memory, _, delta) => unsafe {
            store.grow_memory(memory, delta)
        },
        // SAFETY: L1: it is of this store; L5: the word is asked for above.
        Growing::Table(table, delta, init) => unsafe { store.grow_table(table, delta, init) },
    };
    // A panic must not try to unwind the machine.
    match catch_unwind(AssertUnwindSafe(grown)) {
        Ok(Ok(old)) => Ok(old),
        Ok(Err(error)) => Err(Exit::Host(Box::new(error))),
        Err(payload) => Err(Exit::Panic(payload)),
    }
}

/// What is asked for.
#[derive(Clone, Copy)]
struct Request {
    /// A memory, measured in bytes, or else a table, in elements.
    is_memory: bool,
    /// How many of these a page has; 1 for tables.
    page: u64,
    current: usize,
    /// Pages or elements more. The sizes may be as large as numbers get, so it is not their difference.
    delta: u64,
    desired: usize,
    maximum: Option<usize>,
}

impl Request {
    /// A memory of this type, which has `current` pages, is to have so many more.
    fn memory(ty: MemoryType, current: u64, delta: u64) -> Self {
        let bytes = |pages: u64| usize::try_from(ty.bytes(pages)).unwrap_or(usize::MAX);
        Self {
            is_memory: true,
            page: ty.page_size(),
            current: bytes(current),
            delta,
            desired: bytes(current.saturating_add(delta)),
            maximum: ty.limits.max.map(bytes),
        }
    }

    /// A table of this type, which has `current` elements, is to have so many more.
    fn table(ty: TableType, current: u64, delta: u64) -> Self {
        let elements = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        Self {
            is_memory: false,
            page: 1,
            current: elements(current),
            delta,
            desired: elements(current.saturating_add(delta)),
            maximum: ty.limits.max.map(elements),
        }
    }

    /// So many pages or elements.
    fn amount(self, count: u64) -> String {
        format!("{count} {}", if self.is_memory { "pages" } else { "elements" })
    }

    /// The same of bytes or elements.
    fn size(self, size: usize) -> String {
        self.amount(size as u64 / self.page)
    }

    /// What the limiter says, if it is asked.
    fn growing(self, limiter: &mut dyn ResourceLimiter) -> Result<Answer> {
        let Self { is_memory, current, desired, maximum, .. } = self;
        let allowed = if is_memory {
            limiter.memory_growing(current, desired, maximum)
        } else {
            limiter.table_growing(current, desired, maximum)
        };
        allowed.map(Answer::of)
    }

    fn failed(self, limiter: &mut dyn ResourceLimiter, error: Error) -> Result<()> {
        if self.is_memory { limiter.memory_grow_failed(error) } else { limiter.table_grow_failed(error) }
    }

    /// What cannot be done.
    fn describe(self) -> String {
        format!("failed to grow a {} of {} by {}", self.what(), self.size(self.current), self.amount(self.delta))
    }

    fn what(self) -> &'static str {
        if self.is_memory { "memory" } else { "table" }
    }
}

/// What a limiter has said. What it has allowed and does not come about it is told of, and of nothing else.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    NotAsked,
    Allowed,
    Refused,
}

impl Answer {
    fn of(allowed: bool) -> Self {
        if allowed { Self::Allowed } else { Self::Refused }
    }
}

/// What was to grow is larger than whoever allowed it was told: they are to be asked again.
struct Outgrown;

impl StoreOpaque {
    /// What the store's limiter says of a request.
    ///
    /// # Errors
    /// It says that this is an error.
    fn ask_growing(&self, request: Request) -> Result<Answer> {
        Ok(self.ask_limiter(|limiter| request.growing(limiter)).transpose()?.unwrap_or(Answer::NotAsked))
    }

    /// Tells the limiter that what it has allowed has failed.
    ///
    /// # Errors
    /// It says that this is an error.
    fn tell_failure(&self, request: Request, answer: Answer, error: impl FnOnce() -> Error) -> Result<()> {
        if answer == Answer::Allowed {
            self.ask_limiter(|limiter| request.failed(limiter, error())).transpose()?;
        }
        Ok(())
    }

    /// What the limiter says; `None` if there is none.
    pub(super) fn ask_limiter<R>(&self, question: impl FnOnce(&mut dyn ResourceLimiter) -> R) -> Option<R> {
        let (mut question, mut answer) = (Some(question), None);
        // SAFETY: L7: `set_limiter` was given a function for the type of this store's data. L2: whoever asks has the store's inside
        // mutably borrowed, or makes an instance or item, under a mutable context; nobody has the data.
        unsafe { self.ask?(self.vm(), &mut |limiter| answer = question.take().map(|question| question(limiter))) };
        answer
    }

    /// Has the limiter asked by `ask` from now on.
    ///
    /// # Safety
    /// L7: `ask` is for the type of this store's data.
    pub(super) unsafe fn set_limiter(&mut self, ask: Ask) {
        self.ask = Some(ask);
        self.hook_growing();
    }

    /// Has the machine ask, if there is somebody to be asked.
    pub(super) fn hook_growing(&mut self) {
        let asks = self.ask.is_some() || self.limits().trap_on_grow_failure;
        // SAFETY: L1 and L2: the machine is this store's, and calls the hook when nobody refers to the store's inside.
        unsafe { Vm::set_grow(self.vm(), asks.then_some(grow as GrowHook)) };
    }

    /// Adds so many pages to a memory: the old size, or `None`, with nothing changed, if that is not allowed, or there is no memory.
    ///
    /// # Errors
    /// The limiter says that this is an error.
    ///
    /// # Safety
    /// L1: `memory` is of this store.
    pub(crate) unsafe fn grow_memory(&mut self, memory: *mut Memory, delta: u64) -> Result<Option<u64>> {
        loop {
            // SAFETY: L1: it is live. L2: nobody else refers to it while the store is mutably borrowed.
            let ty = unsafe { (*memory).ty() };
            let size = ty.limits.min;
            let request = Request::memory(ty, size, delta);
            // SAFETY: as above; it is this store's memory, whose room it is.
            let grown = self.grow(request, delta, |store| unsafe {
                let old = Growing::MemoryOf(memory, size, delta).within(store.vm());
                // Another thread may have grown it since the limiter was told of its size.
                if old.is_none() && (*memory).size() != size { Err(Outgrown) } else { Ok(old) }
            })?;
            if let Ok(old) = grown {
                return Ok(old);
            }
        }
    }

    /// Adds so many elements to a table, as [`Self::grow_memory`] does.
    ///
    /// # Errors
    /// The limiter says that this is an error.
    ///
    /// # Safety
    /// L1: `table` is of this store. L5: `init` is a word of its element type.
    pub(crate) unsafe fn grow_table(&mut self, table: *mut Table, delta: u64, init: Word) -> Result<Option<u64>> {
        // SAFETY: L1: it is live. L2: nobody else refers to it while the store is mutably borrowed.
        let ty = unsafe { (*table).ty() };
        let size = ty.limits.min;
        let request = Request::table(ty, size, delta);
        // SAFETY: as above, and L5 is asked for.
        let old =
            self.grow(request, delta, |store| unsafe { Ok(Growing::Table(table, delta, init).within(store.vm())) });
        Ok(old?.unwrap_or(None))
    }

    /// Grows something, if the limiter does not mind.
    fn grow(
        &mut self,
        request: Request,
        delta: u64,
        grow: impl FnOnce(&mut Self) -> Result<Option<u64>, Outgrown>,
    ) -> Result<Result<Option<u64>, Outgrown>> {
        let answer = if delta == 0 { Answer::NotAsked } else { self.ask_growing(request)? };
        if answer == Answer::Refused {
            return Ok(Ok(None));
        }
        let grown = grow(self);
        if let Ok(Some(_)) = grown {
            return Ok(grown);
        }
        self.tell_failure(request, answer, || Error::msg(request.describe()))?;
        if grown.is_ok() {
            self.limits().failure(Error::msg(request.describe()), "growing is to trap if it fails")?;
        }
        Ok(grown)
    }

    /// Makes a memory of so many pages, if the limiter does not mind.
    ///
    /// # Errors
    /// It minds; or `make` failed.
    pub(super) fn limited_memory<R>(&mut self, ty: MemoryType, make: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        self.limited(Request::memory(ty, 0, ty.limits.min), make)
    }

    /// Makes a table of so many elements, if the limiter does not mind.
    ///
    /// # Errors
    /// It minds; or `make` failed.
    pub(super) fn limited_table<R>(&mut self, ty: TableType, make: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        self.limited(Request::table(ty, 0, ty.limits.min), make)
    }

    fn limited<R>(&mut self, request: Request, make: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        let answer = self.ask_growing(request)?;
        if answer == Answer::Refused {
            let (what, size) = (request.what(), request.size(request.desired));
            return Err(format_err!("the store's limiter does not allow a {what} of {size}"));
        }
        let made = make(self);
        if let Err(error) = &made {
            self.tell_failure(request, answer, || Error::msg(error))?;
        }
        made
    }
}
