//! Why execution stopped.

use std::{any::Any, fmt};

/// A trap (spec 4.2.2): execution was aborted because the program did what has no result.
///
/// The texts are those of the specification's test suite, where it has the trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Trap {
    /// The `unreachable` instruction was executed.
    Unreachable = 1,
    /// A load, store or bulk instruction reached beyond the memory's end.
    MemoryOutOfBounds,
    /// A table instruction reached beyond the table's end.
    TableOutOfBounds,
    /// `call_indirect` named an element beyond the table's end.
    UndefinedElement,
    /// `call_indirect` met a null reference.
    UninitializedElement,
    /// `call_indirect` met a function of another type.
    IndirectCallTypeMismatch,
    /// Division or remainder by zero.
    IntegerDivideByZero,
    /// A quotient or a truncated float does not fit.
    IntegerOverflow,
    /// A NaN was truncated to an integer.
    InvalidConversionToInteger,
    /// The value stack is full, or calls between host and WebAssembly are nested too deeply.
    StackOverflow,
    /// The store's fuel does not suffice to go on. The specification has no such trap; only engines that
    /// consume fuel do.
    OutOfFuel,
    /// The store's deadline has passed. The specification has no such trap; only engines with epoch interruption do.
    Interrupt,
    /// The address of an atomic access is no multiple of its size.
    HeapMisaligned,
    /// `memory.atomic.wait32` or `memory.atomic.wait64` of a memory that is not shared.
    AtomicWaitNonSharedMemory,
    /// A reference is null that must not be.
    NullReference,
    /// `call_ref` met a null reference.
    NullFuncReference,
    /// `throw_ref` met a null reference.
    NullExceptionReference,
    /// A field of a struct was read or written through a null reference.
    NullStructReference,
    /// An array was read or written through a null reference.
    NullArrayReference,
    /// `i31.get_s` or `i31.get_u` met a null reference.
    NullI31Reference,
    /// An array instruction reached beyond the array's end.
    ArrayOutOfBounds,
    /// `ref.cast` met a reference of another type.
    CastFailure,
    /// The store's heap has no room for a struct, array or exception, even after a collection.
    GcHeapOutOfMemory,
}

impl Trap {
    /// Every trap.
    pub const ALL: [Self; 23] = [
        Self::Unreachable,
        Self::MemoryOutOfBounds,
        Self::TableOutOfBounds,
        Self::UndefinedElement,
        Self::UninitializedElement,
        Self::IndirectCallTypeMismatch,
        Self::IntegerDivideByZero,
        Self::IntegerOverflow,
        Self::InvalidConversionToInteger,
        Self::StackOverflow,
        Self::OutOfFuel,
        Self::Interrupt,
        Self::HeapMisaligned,
        Self::AtomicWaitNonSharedMemory,
        Self::NullReference,
        Self::NullFuncReference,
        Self::NullExceptionReference,
        Self::NullStructReference,
        Self::NullArrayReference,
        Self::NullI31Reference,
        Self::ArrayOutOfBounds,
        Self::CastFailure,
        Self::GcHeapOutOfMemory,
    ];

    /// The trap whose discriminant is `code`.
    pub(crate) fn from_code(code: u8) -> Self {
        Self::ALL[usize::from(code) - 1]
    }

    /// The specification's text for it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::MemoryOutOfBounds => "out of bounds memory access",
            Self::TableOutOfBounds => "out of bounds table access",
            Self::UndefinedElement => "undefined element",
            Self::UninitializedElement => "uninitialized element",
            Self::IndirectCallTypeMismatch => "indirect call type mismatch",
            Self::IntegerDivideByZero => "integer divide by zero",
            Self::IntegerOverflow => "integer overflow",
            Self::InvalidConversionToInteger => "invalid conversion to integer",
            Self::StackOverflow => "call stack exhausted",
            Self::OutOfFuel => "all fuel consumed",
            Self::Interrupt => "interrupt",
            Self::HeapMisaligned => "unaligned atomic",
            Self::AtomicWaitNonSharedMemory => "expected shared memory",
            Self::NullReference => "null reference",
            Self::NullFuncReference => "null function reference",
            Self::NullExceptionReference => "null exception reference",
            Self::NullStructReference => "null structure reference",
            Self::NullArrayReference => "null array reference",
            Self::NullI31Reference => "null i31 reference",
            Self::ArrayOutOfBounds => "out of bounds array access",
            Self::CastFailure => "cast failure",
            Self::GcHeapOutOfMemory => "out of memory for the garbage-collected heap",
        }
    }
}

/// A trap, and where in its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TrapAt {
    pub(crate) trap: Trap,
    /// How many places where execution may trap were passed in the cell, in the order of evaluation
    /// ([`Shape::trap_places`](pirn_decode::shape::Shape::trap_places)): so a cell of several operators tells which of them
    /// it was.
    pub(crate) place: u8,
}

impl TrapAt {
    /// In one register.
    #[inline(always)]
    pub(crate) const fn to_code(self) -> u64 {
        self.trap as u64 | (self.place as u64) << 8
    }

    pub(crate) fn from_code(code: u64) -> Self {
        Self { trap: Trap::from_code(code as u8), place: (code >> 8) as u8 }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Trap {}

/// A trap, if `condition` holds.
#[inline(always)]
pub(crate) fn trap_if(condition: bool, trap: Trap) -> Result<(), Trap> {
    if condition { Err(trap) } else { Ok(()) }
}

/// How an execution ended, other than by returning.
#[derive(Debug)]
pub enum Exit {
    /// The program trapped.
    Trap(Trap),
    /// A host function, or the hook that lowers a function, returned this error.
    Host(Box<dyn Any + Send>),
    /// Nothing has caught the machine's [pending exception](crate::Vm::take_pending_exception).
    Thrown {
        /// Its [number](crate::Vm::pending_number). If that of the pending exception is another one, it is no exception that can be caught.
        number: u64,
        /// If a host function throws it, what that returned.
        error: Option<Box<dyn Any + Send>>,
    },
    /// Metered code reached a place that costs more than the machine's fuel.
    OutOfFuel {
        /// What it costs.
        required: u64,
    },
    /// The machine's deadline has passed, and [`LateHook`](crate::LateHook) has execution pause.
    Late,
    /// A host function yielded this; its results are awaited.
    Yield(Box<dyn Any + Send>),
    /// There was no memory for a value stack, so nothing has begun.
    NoStack {
        /// How many bytes were asked for.
        bytes: usize,
    },
    /// A host function panicked with this payload; whoever gets it resumes the panic.
    Panic(Box<dyn Any + Send>),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Handlers leave codes in registers.
    #[test]
    fn a_code_leads_to_its_trap() {
        for trap in Trap::ALL {
            for place in [0, 1, u8::MAX] {
                let at = TrapAt { trap, place };
                assert_eq!(TrapAt::from_code(at.to_code()), at);
            }
            assert_ne!(trap as u8, 0, "0 is success in `handlers::bulk`");
        }
    }
}
