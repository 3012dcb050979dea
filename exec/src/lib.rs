//! The machine of the pirn WebAssembly interpreter: handlers, dispatch, value stacks, memories, tables, globals, traps,
//! fuel.
//!
//! # Safety
//!
//! What runs is a *store*: a [`Vm`], and the instance blocks, function records, tables, memories, globals and code that
//! pointers lead to from there. Safe functions make these things and look at them. Those that connect them, change what the
//! machine follows, or run, are unsafe, and whoever calls one answers for its part of this, as long as anything of the store
//! may run:
//!
//! - **Everything lives and stays where it is**: the machine, which is [attached](Vm::attach), blocks, records, tables,
//!   memories, cells of globals, segments, code. While the machine runs, nobody else refers to them, but host functions
//!   while they are called.
//! - **Code is from [`pirn_decode::Lowering::lower`], for [`target`]**, of a [`pirn_decode::Module`] as its `new` made it. Code of
//!   any other target, or of a module that somebody changed, may do anything. All modules of a store have the same type ids
//!   for the same function types, and different ones for different types.
//! - **A block is what the module says of which its code is**: it has the module's
//!   [layout](pirn_decode::layout::InstanceLayout::of), and at each place a function, global, table or memory of the type that
//!   the module imports or declares, before its code runs.
//! - **A [`Word`] is of the type that it stands for**, in cells, tables, segments, arguments and results: a `funcref` is 0 or the
//!   address of a record of the same store.

#[cfg(target_endian = "big")]
compile_error!(
    "pirn reads WebAssembly's little-endian memory and its own slots directly: big-endian targets are not supported"
);

#[cfg(not(target_pointer_width = "64"))]
compile_error!("pirn keeps addresses in 64-bit words of code and slots: 32-bit targets are not supported");

mod handlers;
mod host;
mod probes;
mod shapes;
mod state;

pub use host::call::{invoke, invoke_start};
pub use host::pause::Execution;
pub use host::thunks::LazyCode;
#[cfg(feature = "mutants")]
pub use probes::mutants;
#[cfg(feature = "profile")]
pub use probes::profile;
#[cfg(feature = "inspect")]
pub use probes::{exercise, inspect};
pub use shapes::lookup::{Handlers, target};
pub use shapes::written;
pub use state::global::GlobalCell;
pub use state::instance::{InstanceBlock, InstanceHead};
pub use state::memory::Memory;
pub use state::record::{FuncRecord, HostCall, HostFunc, HostRecord, first_cell};
pub use state::registers::stack_pointer;
pub use state::stack::Stack;
pub use state::table::Table;
pub use state::trap::{Exit, Trap};
pub use state::vm::{LowerHook, Room, Vm};

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
