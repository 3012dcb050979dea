//! What a machine asks of whoever embeds it, and what it tells: function pointers, set once, which get the machine or its store.

use super::{Room, Vm};
use crate::Word;
use crate::state::crossing::CallHook;
use crate::state::heap::mark::Marker;
use crate::state::instance::InstanceHead;
use crate::state::memory::Memory;
use crate::state::table::Table;
use crate::state::trap::Exit;
use pirn_decode::layout::CodeHead;
use pirn_decode::{CatchTable, FuncIdx, TypeId};
use std::any::Any;
use std::ops::Range;

/// Gives where the code of a function of an instance begins ([`crate::first_cell`]), by funcidx; an error becomes
/// [`Exit::Host`].
pub type LowerHook = unsafe fn(*mut InstanceHead, FuncIdx) -> Result<*const u64, Box<dyn Any + Send>>;

/// Gives an exit that says more in the place of one, while the frames are there over which [`Walk::stopped`](crate::Walk::stopped)
/// leads.
pub type TraceHook = unsafe fn(*mut Vm, Exit) -> Exit;

/// Gives the function of an instance that has threaded code at an address.
pub type LocateHook = unsafe fn(*mut InstanceHead, usize) -> Option<CodeAt>;

/// Says for the store that a machine is [attached](Vm::attach) to whether one type is declared to be below another.
pub type SubtypeHook = unsafe fn(store: *mut (), sub: TypeId, of: TypeId) -> bool;

/// What the store that a machine is [attached](Vm::attach) to does when it is collected.
#[derive(Debug, Clone, Copy)]
pub struct RootsHooks {
    /// Gives a marker all references that it has: of its globals, tables and segments, and those of the embedder.
    pub mark: unsafe fn(store: *mut (), marker: &mut Marker<'_>),
    /// Frees what of the embedder's values is not marked.
    pub free: unsafe fn(store: *mut (), marker: &Marker<'_>),
}

/// A function's threaded code.
#[derive(Debug, Clone)]
pub struct CodeAt {
    /// What is known of the function.
    pub head: CodeHead,
    /// Where the code lies.
    pub code: Range<usize>,
    /// Its handlers of exceptions, which live as long as the code; null if it has none.
    pub catches: *const CatchTable,
}

/// Says what is to be done when the machine's deadline has passed: goes on, with a later one ([`Vm::set_deadline`]), or ends the
/// execution, or has it pause ([`Exit::Late`]). It may do what a host function may.
pub type LateHook = unsafe fn(*mut Vm) -> Result<(), Exit>;

/// Grows a memory or table for code that asks for it: the old size, or `None`, with nothing changed, if it may not grow; an error
/// ends the execution. It runs nothing on the machine.
pub type GrowHook = unsafe fn(*mut Vm, Growing) -> Result<Option<u64>, Exit>;

/// Is told of calls and returns between the host and WebAssembly; an error is how the call ends. It may do what a host function may.
pub type CrossHook = unsafe fn(*mut Vm, CallHook) -> Result<(), Exit>;

/// A memory or table that is to grow.
#[derive(Debug, Clone, Copy)]
pub enum Growing {
    /// By so many pages.
    Memory(*mut Memory, u64),
    /// By the second number of pages, if it has as many as the first: other threads may grow it as well.
    MemoryOf(*mut Memory, u64, u64),
    /// By so many elements, all of which are this word.
    Table(*mut Table, u64, Word),
}

impl Growing {
    /// Grows it by what the machine's [room](Vm::room) has, and takes that of it: the old size, or `None`, with nothing changed.
    ///
    /// # Safety
    /// It is live, and nobody else refers to it. [I5](crate#safety): the word is one of the table's element type, in its store. `vm`
    /// is the machine of its store, whose room nobody else refers to.
    pub unsafe fn within(self, vm: *mut Vm) -> Option<u64> {
        // SAFETY: all of it is asked for above.
        unsafe {
            let (room, held) = (&mut (*vm).room, &(*vm).held);
            let mut memory_by = |bytes, grow: &mut dyn FnMut() -> Option<u64>| {
                let old = Room::grow(&mut room.bytes, bytes, grow)?;
                held.memories.add(bytes);
                Some(old)
            };
            match self {
                Self::Memory(memory, delta) => {
                    memory_by((*memory).declared().bytes(delta), &mut || (*memory).grow(delta))
                }
                Self::MemoryOf(memory, size, delta) => {
                    memory_by((*memory).declared().bytes(delta), &mut || (*memory).grow_from(size, delta))
                }
                Self::Table(table, delta, init) => {
                    let old = Room::grow(&mut room.elements, delta, || (*table).grow(delta, init))?;
                    held.tables.add(delta * size_of::<Word>() as u64);
                    Some(old)
                }
            }
        }
    }
}
