//! The machine of the pirn WebAssembly interpreter: handlers, dispatch, value stacks, memories, tables, globals, structs, arrays,
//! exceptions, traps, fuel, deadlines.
//!
//! What lies where: `vector` is what operators do with vectors, `state` what a running program consists of, `handlers` what cells do and how one leads to the
//! next, `shapes` which handlers there are, `host` how execution begins, ends and stands still, `probes` what tests and
//! readers of code ask. Imports go from later ones of these to earlier ones, but for `probes::mutants`, which the
//! handler table asks for wrong handlers.
//!
//! # Safety
//!
//! What runs is a *store*: a [`Vm`], and the instance blocks, function records, tables, memories, globals and code that
//! pointers lead to from there. Safe functions make these things and look at them. Those that connect them, change what
//! the machine follows, or run, are unsafe. They rest on ten invariants, which SAFETY comments call by their numbers.
//!
//! Whoever calls an unsafe function answers for its part of these, as long as anything of the store may run:
//!
//! - **I1, everything is live and stays where it is**: the machine, which is [attached](Vm::attach), blocks, records,
//!   tables, memories, cells of globals, segments, code.
//! - **I2, the machine is alone with them**: while it runs, nobody else refers to them, but host functions while they are
//!   called, and the hooks that are asked at a [deadline](Vm::set_late), asked to [grow](Vm::set_grow) something, or told of
//!   calls [between host and WebAssembly](Vm::set_crossed); and but for the bytes of memories that threads share.
//!   Whoever runs it needs `&mut` of the store, which is why a store may go between threads.
//! - **I3, code is of lowering**: of [`pirn_decode::Lowering::lower`] for [`target`], of a [`pirn_decode::Module`] as
//!   its `new` made it. So a cell begins with the address of the handler that has its shape, and the operands behind it
//!   are what that handler reads: slots of the function's frame, words of the instance's block that belong to what the
//!   handler expects there, addresses of cells of the same function. A slot or an accumulator that is read was set to a
//!   value of the class that is read. Code of any other target, or of a module that somebody changed, may do anything.
//! - **I4, a block is what the module says of which its code is**: it has the module's
//!   [layout](pirn_decode::layout::InstanceLayout::of), and at each place a function, global, table, memory or tag of the
//!   type that the module imports or declares, before its code runs. All modules of a store have the same type ids for
//!   the same types, and different ones for different types.
//! - **I5, a [`Word`] is of the type that it stands for**, alone or with the next, in cells of globals, tables, segments, arguments,
//!   results and exceptions: a `funcref` is 0 or the address of a record of the same store, an `exnref` 0 or the word of an
//!   exception of its machine.
//!
//! These the machine establishes and keeps itself:
//!
//! - **I6, the registers fit each other**: `ip` is at a cell of a function, `fp` at word 0 of a frame of that function,
//!   `instance` at the block of the instance whose function it is, `link` at the cell of the caller behind its call, or
//!   at the exit cell. `host::call` establishes it for who enters, `handlers::control` for who is called; `Stmt::run`
//!   asks for it and gives it on. A thunk (`host::thunks`) is no function's cell: its comments say what `instance` is
//!   there.
//! - **I7, frames fit the stack**: a frame's end was compared with the stack's limit before anything was written to it
//!   (`frame_end`), and its header was written before its function began: the caller's `link`, `fp` and `instance`, of
//!   which I6 holds.
//! - **I8, what is published is true**: an instance's `mem_base` and `mem_limits` say where the bytes of its memory
//!   lie, a table's `base` and `len` where its elements do. Whoever moves them publishes the new place before the
//!   machine goes on. So an access that was compared with them lies within.
//! - **I9, pages have one owner**: bytes from `state::pages` are zero when they are taken, and nobody else's until they
//!   are given back, once.
//! - **I10, shared bytes are accessed by atomics**: the bytes of a [`SharedMemory`] stay where they are as long as it lives, and its
//!   size never falls, so an access that was compared with it lies within, whatever other threads do. This crate accesses them
//!   by atomics alone (`handlers::atomic`, `state::shared::racing`), and gives others [`UnsafeCell`](std::cell::UnsafeCell)s.

#![warn(clippy::wildcard_enum_match_arm)]

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
mod vector;

pub use host::call::{ended, invoke, invoke_start};
pub use host::parked::{Awaited, NewFrame, PausedFrame, PausedFrames};
pub use host::pause::Execution;
pub use host::thunks::LazyCode;
pub use host::walk::{Frame, FrameAt, Walk};
#[cfg(feature = "inspect")]
pub use probes::exercise;
#[cfg(any(feature = "inspect", debug_assertions))]
pub use probes::inspect;
#[cfg(feature = "mutants")]
pub use probes::mutants;
#[cfg(feature = "profile")]
pub use probes::profile;
pub use shapes::lookup::{Handlers, target};
#[cfg(feature = "mined")]
pub use shapes::{mined, mined_vectors};
pub use shapes::{own, written};
pub use state::crossing::CallHook;
pub use state::exception::{Exception, KeptPending};
pub use state::global::GlobalCell;
pub use state::heap::access::Object;
pub use state::heap::copy::CopiedPiece;
pub use state::heap::cycle::GcStress;
pub use state::heap::mark::Marker;
pub use state::heap::object::{EXCEPTION_VALUES_AT, ObjectKind, ObjectType};
pub use state::heap::{Heap, extern_index, extern_word, i31_value, i31_word};
pub use state::held::Held;
pub use state::instance::{InstanceBlock, InstanceHead};
pub use state::memory::{Memory, MemoryImage};
pub use state::record::{FuncRecord, HostCall, HostFunc, HostRecord, HostValues, first_cell};
pub use state::registers::stack_pointer;
pub use state::shared::{SharedMemory, WaitResult};
pub use state::stack::Stack;
pub use state::table::Table;
pub use state::tag::Tag;
pub use state::trap::{Exit, Trap};
pub use state::vm::{
    CodeAt, CrossHook, GrowHook, Growing, Holdings, LateHook, LocateHook, LowerHook, Room, RootsHooks, SubtypeHook,
    TraceHook, Vm,
};

/// Whether handlers leave by jumps in this build; otherwise a loop calls them, and the native stack does not matter.
pub const TAIL_DISPATCH: bool = cfg!(pirn_tail);

/// Whether the handlers were compiled with optimisations, which tells tests how much they may execute.
pub const OPTIMISED: bool = cfg!(pirn_optimised);

/// One value on the value stack, in a global, or in a table, or half of one:
///
/// | type | word |
/// |---|---|
/// | i32, f32 | bits in the low half; the high half has no meaning |
/// | i64, f64 | bits |
/// | funcref | address of a [`FuncRecord`] of the function, 0 for null |
/// | any other reference | what [`Heap`] says; 0 for null |
/// | v128 | the low bits; the word behind it has the high ones |
pub type Word = u64;
