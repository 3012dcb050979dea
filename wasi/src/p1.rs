//! The functions in linkers of pirn.
//!
//! With [`add_to_linker_sync`], a call that waits does so on the thread that made it. With [`add_to_linker_async`] it yields to
//! whoever polls the call, so one thread serves many guests.

use crate::ctx::Outcome;
use crate::memory::{Guest, GuestMemory};
use crate::version::Version;
use crate::{Errno, functions};
use pirn::{Caller, Extern, Linker, Result, SharedMemory};
use std::time::Instant;

pub use crate::ctx::WasiP1Ctx;

/// A memory that threads share: copied from and to.
struct Shared(SharedMemory);

impl GuestMemory for Shared {
    fn size(&self) -> usize {
        self.0.data_size()
    }

    fn read(&self, offset: usize, buffer: &mut [u8]) -> Result<(), Errno> {
        self.0.read(offset, buffer).map_err(|_| Errno::FAULT)
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Errno> {
        self.0.write(offset, bytes).map_err(|_| Errno::FAULT)
    }
}

/// The caller's memory and data. A caller without an exported memory has no byte that a pointer could name.
fn with_guest<T, R>(caller: &mut Caller<'_, T>, version: Version, call: impl FnOnce(&mut Guest<'_>, &mut T) -> R) -> R {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => {
            let (mut bytes, data) = memory.data_and_store_mut(caller);
            call(&mut Guest::new(&mut bytes, version), data)
        }
        Some(Extern::SharedMemory(memory)) => call(&mut Guest::new(&mut Shared(memory), version), caller.data_mut()),
        _ => call(&mut Guest::new(&mut &mut [][..], version), caller.data_mut()),
    }
}

/// Defines functions that wait where they are called.
macro_rules! define_sync {
    ($linker:ident, $get:ident, $version:ident: $($name:ident($($arg:ident: $ty:ty),*);)*) => {
        $($linker.func_wrap($version.module(), stringify!($name), move |mut caller: Caller<'_, T>, $($arg: $ty),*| -> i32 {
            let ctx = $get(caller.data_mut());
            ctx.begin(true);
            let start = ctx.is_observed().then(Instant::now);
            loop {
                let outcome = with_guest(&mut caller, $version, |guest, data| {
                    functions::$name($get(data), guest, $($arg),*)
                });
                match outcome {
                    Outcome::Wait(wait) => wait.block(),
                    Outcome::Done(errno) => {
                        if let Some(start) = start {
                            $get(caller.data_mut()).end(stringify!($name), || start.elapsed());
                        }
                        return errno.code().into();
                    }
                }
            }
        })?;)*
    };
}

/// Defines all functions of `wasi_snapshot_preview1` and of `wasi_unstable`; `get` finds the context in the store's data.
///
/// The guest's memory is what it exports as `memory`.
///
/// # Errors
/// One of them is defined already.
pub fn add_to_linker_sync<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiP1Ctx + Copy + Send + Sync + 'static,
) -> Result<()> {
    for version in [Version::Preview1, Version::Unstable] {
        crate::for_each_function! { define_sync { linker, get, version: } }
        define_exit(linker, version)?;
    }
    Ok(())
}

/// Defines functions that yield where they wait.
macro_rules! define_async {
    ($linker:ident, $get:ident, $version:ident: $($name:ident($($arg:ident: $ty:ty),*);)*) => {
        $($linker.func_wrap_async(
            $version.module(),
            stringify!($name),
            move |mut caller: Caller<'_, T>, ($($arg,)*): ($($ty,)*)| Box::new(async move {
                let ctx = $get(caller.data_mut());
                ctx.begin(false);
                let start = ctx.is_observed().then(Instant::now);
                loop {
                    let outcome = with_guest(&mut caller, $version, |guest, data| {
                        functions::$name($get(data), guest, $($arg),*)
                    });
                    match outcome {
                        Outcome::Wait(wait) => wait.ready().await,
                        Outcome::Done(errno) => {
                            if let Some(start) = start {
                                $get(caller.data_mut()).end(stringify!($name), || start.elapsed());
                            }
                            return i32::from(errno.code());
                        }
                    }
                }
            }),
        )?;)*
    };
}

/// The same as [`add_to_linker_sync`] for calls that are polled ([`pirn::Func::call_async`] and its like): a function that waits
/// for a descriptor or a clock yields meanwhile. One thread of the process waits for all; no executor is asked for.
///
/// # Errors
/// One of them is defined already.
pub fn add_to_linker_async<T: Send + 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiP1Ctx + Copy + Send + Sync + 'static,
) -> Result<()> {
    for version in [Version::Preview1, Version::Unstable] {
        crate::for_each_function! { define_async { linker, get, version: } }
        define_exit(linker, version)?;
    }
    Ok(())
}

fn define_exit<T: 'static>(linker: &mut Linker<T>, version: Version) -> Result<()> {
    linker.func_wrap(version.module(), "proc_exit", |_: Caller<'_, T>, status: u32| -> Result<()> {
        Err(pirn::Error::i32_exit(status as i32))
    })?;
    Ok(())
}
