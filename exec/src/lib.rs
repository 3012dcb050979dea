//! The machine of the pirn WebAssembly interpreter: handlers, dispatch, value stack, memories, tables, globals, traps.

mod call;
mod func;
mod global;
mod instance;
mod memory;
mod table;
mod trap;
mod vm;

pub use func::{FuncRecord, HostCall, HostFunc};
pub use global::GlobalCell;
pub use instance::{Inst, InstanceBlock};
pub use memory::Memory;
pub use table::Table;
pub use trap::{Exit, Trap};
pub use vm::{LowerHook, Vm};

/// One value on the value stack, in a global, or in a table:
///
/// | type | word |
/// |---|---|
/// | i32, f32 | bits in the low half; the high half has no meaning |
/// | i64, f64 | bits |
/// | funcref | address of a [`FuncRecord`], 0 for null |
/// | externref | what the owner chose, 0 for null |
pub type Word = u64;

/// Calls `func` from the host: arguments are the first words of `values`, results replace them.
///
/// # Errors
/// How the execution ended, if not by returning.
///
/// # Safety
/// `func` is a live record of the store `vm` belongs to; `values` holds arguments of its type and is as long as the
/// longer of parameters and results; `first_float` says whether the first result is a float.
pub unsafe fn invoke(vm: *mut Vm, func: *mut FuncRecord, values: &mut [Word], first_float: bool) -> Result<(), Exit> {
    let _ = (vm, func, values, first_float);
    todo!()
}

/// The machine's answer to lowering: which trees have handlers.
pub fn target() -> &'static impl pirn_decode::Target {
    static TARGET: ExecTarget = ExecTarget;
    &TARGET
}

/// The handler table behind [`target`].
#[derive(Debug)]
pub struct ExecTarget;
impl pirn_decode::Target for ExecTarget {}
