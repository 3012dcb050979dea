//! The machine of the pirn WebAssembly interpreter: handlers, dispatch, value stacks, memories, tables, globals, traps,
//! fuel.

#[cfg(target_endian = "big")]
compile_error!(
    "pirn reads WebAssembly's little-endian memory and its own slots directly: big-endian targets are not supported"
);

#[cfg(not(target_pointer_width = "64"))]
compile_error!("pirn keeps addresses in 64-bit words of code and slots: 32-bit targets are not supported");

mod bulk;
mod call;
mod control;
#[cfg(feature = "inspect")]
pub mod exercise;
mod expr;
mod fuel;
mod func;
mod global;
mod handlers;
#[cfg(feature = "inspect")]
pub mod inspect;
mod instance;
mod machine;
mod memory;
#[cfg(feature = "mutants")]
pub mod mutants;
mod num;
mod pause;
#[cfg(feature = "profile")]
pub mod profile;
mod seq;
mod shapes;
mod stack;
mod stmt;
mod table;
mod trap;
mod vm;

pub use call::invoke;
pub use func::{FuncRecord, HostCall, HostFunc, HostRecord, LazyCode, first_cell};
pub use global::GlobalCell;
pub use handlers::{Handlers, target, written};
pub use instance::{Inst, InstanceBlock};
pub use machine::stack_pointer;
pub use memory::Memory;
pub use pause::Execution;
pub use stack::Stack;
pub use table::Table;
pub use trap::{Exit, Trap};
pub use vm::{LowerHook, Vm};

/// Whether handlers leave by jumps in this build; otherwise a loop calls them, and the native stack does not matter.
pub const TAIL_DISPATCH: bool = cfg!(pirn_tail);

/// Whether the handlers were compiled with optimisations, which tells tests how much they may execute.
pub const OPTIMISED: bool = cfg!(pirn_optimised);

/// One value on the value stack, in a global, or in a table:
///
/// | type | word |
/// |---|---|
/// | i32, f32 | bits in the low half; the high half has no meaning |
/// | i64, f64 | bits |
/// | funcref | address of a [`FuncRecord`] of the function, 0 for null |
/// | externref | what the owner chose, 0 for null |
pub type Word = u64;
