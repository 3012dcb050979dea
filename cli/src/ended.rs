//! What becomes of the end of a program: its exit status, and what is said of it.

use crate::checkpoint::{Ended, WRITTEN};
use crate::output::{complain, complain_of, print, try_to};
use crate::values;
use anyhow::Result;
use pirn::{ThrownException, Trap, WasmBacktrace};
use std::process::ExitCode;
use std::time::Duration;

/// Exit status of a program that trapped, or threw what nobody caught.
const TRAPPED: u8 = 134;
/// Exit status of a program that took too long; that of timeout(1).
pub const TIMED_OUT: u8 = 124;

/// The exit status of a program whose call came to this; its results are printed if `prints` says so.
///
/// # Errors
/// Those that the program itself does not explain.
pub fn of_call(result: Result<Ended>, prints: bool, timeout: Option<Duration>) -> Result<ExitCode> {
    match result {
        Ok(Ended::Written) => Ok(ExitCode::from(WRITTEN)),
        Ok(Ended::Returned(results)) => {
            if prints {
                let lines: String = results.iter().map(|result| format!("{}\n", values::show(result))).collect();
                print(format_args!("{lines}"))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let Some(status) = error.downcast_ref::<pirn::Error>().and_then(|error| status(error, timeout)) else {
                return Err(error);
            };
            let say = move || error.downcast_ref().into_iter().for_each(|error| show(error, timeout));
            // Who gives a program a time does not want to wait for who reads about it.
            if timeout.is_some() {
                try_to(say)
            } else {
                say()
            }
            Ok(ExitCode::from(status))
        }
    }
}

/// The exit status of a program that ended with an error, which is shown, if it is one of the program.
pub fn shown(error: &pirn::Error, timeout: Option<Duration>) -> Option<u8> {
    status(error, timeout).inspect(|_| show(error, timeout))
}

/// The same without showing anything.
pub fn status(error: &pirn::Error, timeout: Option<Duration>) -> Option<u8> {
    if let Some(status) = error.i32_exit_status() {
        // What systems keep of it.
        return Some(status as u8);
    }
    match error.trap() {
        Some(Trap::Interrupt) if timeout.is_some() => Some(TIMED_OUT),
        Some(_) => Some(TRAPPED),
        None if error.is::<ThrownException>() => Some(TRAPPED),
        None => error.is::<WasmBacktrace>().then_some(1),
    }
}

/// Shows the error with which a program ended, unless it only exited.
pub fn show(error: &pirn::Error, timeout: Option<Duration>) {
    if error.i32_exit_status().is_some() {
        return;
    }
    match (error.trap(), timeout) {
        (Some(Trap::Interrupt), Some(timeout)) => {
            complain_of("trap", &format_args!("{error}: the program has run for {timeout:?}"));
            return;
        }
        (Some(_), _) => complain_of("trap", error),
        (None, _) => complain_of("error", &format_args!("{error:#}")),
    }
    show_backtrace(error);
}

/// Where an error happened, if it was in WebAssembly.
fn show_backtrace(error: &pirn::Error) {
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>()
        && !backtrace.frames().is_empty()
    {
        complain(format_args!("wasm backtrace, the innermost frame first:\n{}", backtrace.to_string().trim_end()));
    }
}
