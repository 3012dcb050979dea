//! WASI preview 1 (`wasi_snapshot_preview1`): the part of it that command-line programs use.
//!
//! A [`Wasi`] is one program's view of the world: arguments, an empty environment, the three standard streams, clocks,
//! random numbers, and the directories it was given. It reaches nothing else: every path is resolved by cap-std below a
//! given directory, and every pointer the guest passes is checked ([`guest`]). Functions that exist in the interface but
//! not here answer `ENOSYS`, so a program that imports more than it uses still runs.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | the context, and which functions there are |
//! | `guest.rs` | the guest's memory |
//! | `abi.rs`, `errno.rs` | numbers and layouts |
//! | `descriptor.rs` | what descriptors stand for |
//! | `fd.rs`, `path.rs`, `process.rs` | the calls |
//! | `threads.rs` | `wasi-threads`: `thread-spawn` |
//! | `times.rs` | how long they took |

mod abi;
mod descriptor;
mod errno;
mod fd;
mod guest;
mod path;
mod process;
mod threads;
mod times;

use descriptor::{Descriptor, Descriptors, OpenDir, Stdout};
pub use errno::Errno;
use guest::Guest;
use pirn::{Caller, Extern, ExternType, Linker, Module, Val, ValType};
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
pub use threads::Threads;
pub use times::{Calls, Times};

/// Name of the module programs import these functions from.
const MODULE: &str = "wasi_snapshot_preview1";

/// The error a program's `proc_exit` ends the execution with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcExit(pub u32);

impl fmt::Display for ProcExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the program exited with status {}", self.0)
    }
}

impl std::error::Error for ProcExit {}

/// One program's view of the world.
#[derive(Debug)]
pub struct Wasi {
    args: Arc<[Vec<u8>]>,
    /// Of all threads.
    descriptors: Arc<Mutex<Descriptors>>,
    /// Beginning of monotonic time.
    start: Instant,
    /// How long calls took, if that is measured.
    pub times: Option<Times>,
    /// The threads, if the program may have some.
    pub threads: Option<Arc<Threads>>,
}

impl Wasi {
    /// A program that has the process's standard streams, these arguments (the first is its name), and no directory.
    pub fn new(args: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut descriptors = Descriptors::default();
        for stream in [Descriptor::Stdin, Descriptor::Stdout(Stdout::new()), Descriptor::Stderr] {
            descriptors.add(stream).expect("nothing is open yet");
        }
        let descriptors = Arc::new(Mutex::new(descriptors));
        Self { args: args.into_iter().collect(), descriptors, start: Instant::now(), times: None, threads: None }
    }

    /// What another thread of the program sees of the world.
    fn for_thread(&self) -> Self {
        let (args, descriptors) = (Arc::clone(&self.args), Arc::clone(&self.descriptors));
        Self { args, descriptors, start: self.start, times: None, threads: self.threads.clone() }
    }

    /// The descriptors, which other threads do not have meanwhile.
    fn descriptors(&self) -> MutexGuard<'_, Descriptors> {
        // What a thread that panicked did to them was done.
        self.descriptors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the program the directory `host`, under the name `guest`.
    ///
    /// # Errors
    /// `host` is no directory, or cannot be opened.
    pub fn preopen(&mut self, host: impl AsRef<Path>, guest: impl Into<String>) -> std::io::Result<()> {
        let dir = cap_std::fs::Dir::open_ambient_dir(host, cap_std::ambient_authority())?;
        let dir = OpenDir { dir, preopen: Some(guest.into()), listing: Vec::new() };
        self.descriptors().add(Descriptor::Dir(dir)).expect("not that many are open");
        Ok(())
    }

    /// Passes on what the program wrote to its standard output; to be called when it has ended.
    ///
    /// # Errors
    /// Of writing.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.descriptors().stdouts().try_for_each(Write::flush)
    }
}

/// Defines functions that call the methods of the same names, and answer with an `errno`.
macro_rules! define {
    ($linker:ident, $get:ident: $($name:ident($($arg:ident: $ty:ty),*);)*) => {
        $($linker.func_wrap(MODULE, stringify!($name), move |mut caller: Caller<'_, T>, $($arg: $ty),*| -> i32 {
            let start = $get(caller.data_mut()).times.is_some().then(Instant::now);
            let result = with_guest(&mut caller, |mut guest, data| $get(data).$name(&mut guest, $($arg),*));
            if let (Some(start), Some(times)) = (start, &mut $get(caller.data_mut()).times) {
                times.add(stringify!($name), start.elapsed());
            }
            result.err().map_or(0, Errno::code)
        })?;)*
    };
}

/// The caller's memory and data. A caller without an exported memory has no byte that a pointer could name.
fn with_guest<T, R>(caller: &mut Caller<'_, T>, call: impl FnOnce(Guest<'_>, &mut T) -> R) -> R {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => {
            let (bytes, data) = memory.data_and_store_mut(caller);
            call(Guest::new(bytes), data)
        }
        Some(Extern::SharedMemory(memory)) => call(Guest::of_shared(memory), caller.data_mut()),
        _ => call(Guest::new(&mut []), caller.data_mut()),
    }
}

/// Defines the functions of WASI preview 1; `get` finds the context in the store's data.
///
/// # Errors
/// One of them is defined already.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut Wasi + Copy + Send + Sync + 'static,
) -> pirn::Result<()> {
    define! { linker, get:
        args_get(argv: u32, buffer: u32);
        args_sizes_get(count: u32, bytes: u32);
        environ_get(environ: u32, buffer: u32);
        environ_sizes_get(count: u32, bytes: u32);
        clock_res_get(clock: u32, resolution: u32);
        clock_time_get(clock: u32, precision: u64, time: u32);
        fd_advise(fd: u32, offset: u64, len: u64, advice: u32);
        fd_close(fd: u32);
        fd_datasync(fd: u32);
        fd_fdstat_get(fd: u32, stat: u32);
        fd_fdstat_set_flags(fd: u32, flags: u32);
        fd_filestat_get(fd: u32, stat: u32);
        fd_filestat_set_size(fd: u32, size: u64);
        fd_pread(fd: u32, iovs: u32, count: u32, offset: u64, nread: u32);
        fd_prestat_dir_name(fd: u32, path: u32, len: u32);
        fd_prestat_get(fd: u32, prestat: u32);
        fd_pwrite(fd: u32, iovs: u32, count: u32, offset: u64, nwritten: u32);
        fd_read(fd: u32, iovs: u32, count: u32, nread: u32);
        fd_readdir(fd: u32, buf: u32, len: u32, cookie: u64, used: u32);
        fd_renumber(from: u32, to: u32);
        fd_seek(fd: u32, offset: i64, whence: u32, position: u32);
        fd_sync(fd: u32);
        fd_tell(fd: u32, position: u32);
        fd_write(fd: u32, iovs: u32, count: u32, nwritten: u32);
        path_create_directory(fd: u32, path: u32, path_len: u32);
        path_filestat_get(fd: u32, lookup: u32, path: u32, path_len: u32, stat: u32);
        path_open(fd: u32, lookup: u32, path: u32, path_len: u32, oflags: u32, base: u64, inheriting: u64, flags: u32,
            opened: u32);
        path_remove_directory(fd: u32, path: u32, path_len: u32);
        path_rename(from_fd: u32, from: u32, from_len: u32, to_fd: u32, to: u32, to_len: u32);
        path_unlink_file(fd: u32, path: u32, path_len: u32);
        poll_oneoff(subscriptions: u32, events: u32, count: u32, nevents: u32);
        random_get(buffer: u32, len: u32);
        sched_yield();
    }
    linker.func_wrap(MODULE, "proc_exit", move |mut caller: Caller<'_, T>, code: u32| -> pirn::Result<()> {
        Err(pirn::Error::new(get(caller.data_mut()).proc_exit(code)))
    })?;
    Ok(())
}

/// Defines every function that `module` imports from WASI preview 1 and that is not defined yet, to answer `ENOSYS`.
pub fn define_missing<T: 'static>(linker: &mut Linker<T>, module: &Module) {
    for import in module.imports().filter(|import| import.module() == MODULE) {
        let ExternType::Func(ty) = import.ty() else { continue };
        // The linker says no to what it has.
        let _ =
            linker.func_new(MODULE, import.name(), ty.clone(), |_: Caller<'_, T>, _: &[Val], results: &mut [Val]| {
                for result in results {
                    if result.ty() == ValType::I32 {
                        *result = Val::I32(Errno::NOSYS.code());
                    }
                }
                Ok(())
            });
    }
}
