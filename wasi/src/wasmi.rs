//! The functions in linkers of wasmi.

use crate::ctx::{Outcome, WasiP1Ctx};
use crate::functions;
use crate::memory::Guest;
use crate::version::Version;
use std::time::Instant;
use wasmi::errors::LinkerError;
use wasmi::{Caller, Extern, Linker};

/// The caller's memory and data. A caller without an exported memory has no byte that a pointer could name.
fn with_guest<T, R>(caller: &mut Caller<'_, T>, version: Version, call: impl FnOnce(&mut Guest<'_>, &mut T) -> R) -> R {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => {
            let (mut bytes, data) = memory.data_and_store_mut(caller);
            call(&mut Guest::new(&mut bytes, version), data)
        }
        _ => call(&mut Guest::new(&mut &mut [][..], version), caller.data_mut()),
    }
}

macro_rules! define {
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
/// The guest's memory is what it exports as `memory`. A guest that calls `proc_exit` ends with an error that has its
/// status: [`wasmi::Error::i32_exit_status`].
///
/// # Errors
/// One of them is defined already.
pub fn add_to_linker_sync<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiP1Ctx + Copy + Send + Sync + 'static,
) -> Result<(), LinkerError> {
    for version in [Version::Preview1, Version::Unstable] {
        crate::for_each_function! { define { linker, get, version: } }
        linker.func_wrap(version.module(), "proc_exit", |status: u32| -> Result<(), wasmi::Error> {
            Err(wasmi::Error::i32_exit(status as i32))
        })?;
    }
    Ok(())
}
