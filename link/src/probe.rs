//! The proof, once a process, that handlers leave by jumps: what [`Engine::new`] asks for.
//!
//! Under tail dispatch every handler ends by calling the next one, and LLVM is trusted to make a jump of that call. Stable
//! Rust promises it nowhere. In a build where it does not hold, each dispatch keeps some of the native stack, and the
//! first long loop passes its end, which aborts the process. So the first engine runs a small program of representative
//! handlers (`probe.wat` says which), fused and not, with calls of a host function between them that compares
//! the stack pointer with what it was at first: jumps leave nothing behind, and a call that has not returned keeps 16
//! bytes at least.
//!
//! Programs that dispatch until the stack overflows would prove more, but a failure must not abort. Between two
//! comparisons lie some ten dispatches, so a bad build is found out within a few KiB of stack, without optimisation within 28.

use crate::call::caller::Caller;
use crate::engine::Engine;
use crate::engine::config::Config;
use crate::error::{Error, Result, format_err};
use crate::instance::Instance;
use crate::items::func::Func;
use crate::module::Module;
use crate::store::Store;
use std::fmt;
use std::sync::OnceLock;

/// `probe.wat` as a binary, so that the feature `wat` is not needed.
const MODULE: &[u8] = include_bytes!("probe.wasm");

/// Of the value stack, for a dozen small frames.
const STACK_BYTES: usize = 16 << 10;

/// This build's handlers call each other where they should jump, so that long runs would overflow the native stack.
///
/// [`Engine::new`] finds that out before anything runs, once a process, and fails with this. It depends on how pirn was
/// compiled and on nothing else: on compilers and flags under which LLVM does not make jumps of calls in tail position.
/// The crate's feature `portable` builds a dispatcher that does not need them.
///
/// Not every handler is tried, but each kind and each operator: see DESIGN.md, "Two dispatchers".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TailDispatchError {
    grown: usize,
}

impl TailDispatchError {
    /// Bytes by which the native stack had grown when it was found out.
    pub fn grown(&self) -> usize {
        self.grown
    }
}

impl fmt::Display for TailDispatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "this build cannot run WebAssembly: its handlers call each other where they should jump (the native stack \
             grew by {} bytes in a few dispatches); build pirn with the feature `portable`, or with other compiler flags",
            self.grown
        )
    }
}

impl std::error::Error for TailDispatchError {}

impl Default for Engine {
    /// An engine with the default [`Config`].
    ///
    /// # Panics
    /// [`Engine::new`] fails, which it does with these settings only in builds that cannot run anything
    /// ([`TailDispatchError`]), or where there is no memory.
    fn default() -> Self {
        Self::new(&Config::default()).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Engine {
    /// An engine with these settings.
    ///
    /// The first engine of a process also builds the table of handlers, and proves that this build can run WebAssembly for
    /// long: 1.5 ms in all (a busy core of an AMD EPYC). Later ones take microseconds.
    ///
    /// # Errors
    /// The value stack asked for is larger than the address space allows. The settings allow a proposal that pirn does not
    /// support. Or a [`TailDispatchError`]: this build would overflow the native stack.
    pub fn new(config: &Config) -> Result<Self> {
        if config.stack_bytes > isize::MAX as usize / 2 {
            return Err(format_err!("a value stack of {} bytes does not fit the address space", config.stack_bytes));
        }
        if let Some(proposal) = config.features.unsupported() {
            return Err(format_err!("the configuration allows {proposal}, which pirn does not support"));
        }
        prove_jumps()?;
        Ok(Self::unproven(config.clone()))
    }
}

/// Whether handlers jump in this build, found out by the first who asks.
///
/// # Errors
/// [`TailDispatchError`] if they call. Other errors say that the probe could not be run, and nothing about this build.
fn prove_jumps() -> Result<()> {
    static PROVEN: OnceLock<Result<(), TailDispatchError>> = OnceLock::new();
    // A loop that calls handlers needs no proof.
    if !pirn_exec::TAIL_DISPATCH {
        return Ok(());
    }
    let proven = match PROVEN.get() {
        Some(proven) => *proven,
        None => {
            let found = match run() {
                Ok(_) => Ok(()),
                Err(error) => Err(error.downcast::<TailDispatchError>()?),
            };
            *PROVEN.get_or_init(|| found)
        }
    };
    proven.map_err(Error::new)
}

/// What the host function `mark` finds.
#[derive(Debug, Default)]
struct Marks {
    /// The stack pointer at the first mark of a run.
    first: Option<usize>,
    count: u32,
}

fn mark(mut caller: Caller<'_, Marks>) -> Result<()> {
    let now = pirn_exec::stack_pointer();
    let marks = caller.data_mut();
    marks.count += 1;
    let grown = marks.first.get_or_insert(now).abs_diff(now);
    if grown == 0 { Ok(()) } else { Err(Error::new(TailDispatchError { grown })) }
}

/// Runs the probe with every kind of cell, and gives how many marks were passed.
fn run() -> Result<u32> {
    let mut count = 0;
    // Cells that pay for fuel and ask for the epoch are the same, fused or not.
    for (fuse, metered) in [(true, false), (false, true)] {
        let mut config = Config::new();
        config.max_wasm_stack(STACK_BYTES).fuse(fuse).consume_fuel(metered).epoch_interruption(metered);
        let engine = Engine::unproven(config);
        let module = Module::from_binary(&engine, MODULE)?;
        let mut store = Store::new(&engine, Marks::default());
        if metered {
            store.set_fuel(u64::MAX)?;
            store.set_epoch_deadline(u64::MAX);
        }
        let mark = Func::wrap(&mut store, mark);
        // One instance calls the host, the other one an instance.
        let mut other = Func::wrap(&mut store, |n: i64| n + 1);
        for _ in 0..2 {
            let instance = Instance::new(&mut store, &module, &[mark.into(), other.into()])?;
            store.data_mut().first = None;
            instance.get_typed_func::<(), ()>(&store, "run")?.call(&mut store, ())?;
            other = instance.get_typed_func::<i64, i64>(&store, "add")?.func();
        }
        count += store.data().count;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one run passes.
    const MARKS: u32 = 74;

    /// Also under the portable loop: the program does not trap, and passes its marks.
    #[test]
    fn runs_to_its_end() {
        assert_eq!(run().unwrap(), 4 * MARKS);
    }

    #[cfg(feature = "wat")]
    #[test]
    fn the_binary_is_the_text() {
        let binary = wat::parse_str(include_str!("probe.wat")).unwrap();
        if std::env::var_os("PIRN_WRITE_PROBE").is_some() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/probe.wasm"), &binary).unwrap();
        }
        assert!(binary == MODULE, "run this test again with PIRN_WRITE_PROBE=1, which writes probe.wasm");
    }
}
