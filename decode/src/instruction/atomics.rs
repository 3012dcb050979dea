//! The rows of the atomic instructions (threads proposal, section "Memory Instructions"), but for `atomic.fence`, which is a
//! cell like others.
//!
//! Each has a cell of its own with the same operands: the memory, the static offset, and where the slots of the operands begin.
//! The first operand is the address. Waiting trees that read memory or may trap are evaluated before, so nothing moves across
//! one.
//!
//! | part | says |
//! |---|---|
//! | `I32AtomicLoad` | the name, as wasmparser has it |
//! | `[0xfe 0x10]` | the opcode: prefix and number |
//! | `"i32.atomic.load"` | the text format's name |
//! | `load`, `store`, `add`, ... | what it does, for which the machine has one piece of code |
//! | `u32` | what it does that with in memory; the address has to be aligned to its size |
//! | `[u32] => [u32]` | operands behind the address, and results |

use crate::cell::Cell;
use crate::ops::Class;

/// Calls `$callback!` with `$before` and the rows of the atomic instructions:
/// `atomics { Name [opcode] "text" what memory [operands] => [results]; ... }`.
#[macro_export]
macro_rules! for_each_atomic {
    ($callback:ident $($before:tt)*) => {
        $callback! {
            $($before)*
            atomics {
                MemoryAtomicNotify [0xfe 0x00] "memory.atomic.notify" notify u32 [u32] => [u32];
                MemoryAtomicWait32 [0xfe 0x01] "memory.atomic.wait32" wait u32 [u32 u64] => [u32];
                MemoryAtomicWait64 [0xfe 0x02] "memory.atomic.wait64" wait u64 [u64 u64] => [u32];
                I32AtomicLoad [0xfe 0x10] "i32.atomic.load" load u32 [] => [u32];
                I64AtomicLoad [0xfe 0x11] "i64.atomic.load" load u64 [] => [u64];
                I32AtomicLoad8U [0xfe 0x12] "i32.atomic.load8_u" load u8 [] => [u32];
                I32AtomicLoad16U [0xfe 0x13] "i32.atomic.load16_u" load u16 [] => [u32];
                I64AtomicLoad8U [0xfe 0x14] "i64.atomic.load8_u" load u8 [] => [u64];
                I64AtomicLoad16U [0xfe 0x15] "i64.atomic.load16_u" load u16 [] => [u64];
                I64AtomicLoad32U [0xfe 0x16] "i64.atomic.load32_u" load u32 [] => [u64];
                I32AtomicStore [0xfe 0x17] "i32.atomic.store" store u32 [u32] => [];
                I64AtomicStore [0xfe 0x18] "i64.atomic.store" store u64 [u64] => [];
                I32AtomicStore8 [0xfe 0x19] "i32.atomic.store8" store u8 [u32] => [];
                I32AtomicStore16 [0xfe 0x1a] "i32.atomic.store16" store u16 [u32] => [];
                I64AtomicStore8 [0xfe 0x1b] "i64.atomic.store8" store u8 [u64] => [];
                I64AtomicStore16 [0xfe 0x1c] "i64.atomic.store16" store u16 [u64] => [];
                I64AtomicStore32 [0xfe 0x1d] "i64.atomic.store32" store u32 [u64] => [];
                I32AtomicRmwAdd [0xfe 0x1e] "i32.atomic.rmw.add" add u32 [u32] => [u32];
                I64AtomicRmwAdd [0xfe 0x1f] "i64.atomic.rmw.add" add u64 [u64] => [u64];
                I32AtomicRmw8AddU [0xfe 0x20] "i32.atomic.rmw8.add_u" add u8 [u32] => [u32];
                I32AtomicRmw16AddU [0xfe 0x21] "i32.atomic.rmw16.add_u" add u16 [u32] => [u32];
                I64AtomicRmw8AddU [0xfe 0x22] "i64.atomic.rmw8.add_u" add u8 [u64] => [u64];
                I64AtomicRmw16AddU [0xfe 0x23] "i64.atomic.rmw16.add_u" add u16 [u64] => [u64];
                I64AtomicRmw32AddU [0xfe 0x24] "i64.atomic.rmw32.add_u" add u32 [u64] => [u64];
                I32AtomicRmwSub [0xfe 0x25] "i32.atomic.rmw.sub" sub u32 [u32] => [u32];
                I64AtomicRmwSub [0xfe 0x26] "i64.atomic.rmw.sub" sub u64 [u64] => [u64];
                I32AtomicRmw8SubU [0xfe 0x27] "i32.atomic.rmw8.sub_u" sub u8 [u32] => [u32];
                I32AtomicRmw16SubU [0xfe 0x28] "i32.atomic.rmw16.sub_u" sub u16 [u32] => [u32];
                I64AtomicRmw8SubU [0xfe 0x29] "i64.atomic.rmw8.sub_u" sub u8 [u64] => [u64];
                I64AtomicRmw16SubU [0xfe 0x2a] "i64.atomic.rmw16.sub_u" sub u16 [u64] => [u64];
                I64AtomicRmw32SubU [0xfe 0x2b] "i64.atomic.rmw32.sub_u" sub u32 [u64] => [u64];
                I32AtomicRmwAnd [0xfe 0x2c] "i32.atomic.rmw.and" and u32 [u32] => [u32];
                I64AtomicRmwAnd [0xfe 0x2d] "i64.atomic.rmw.and" and u64 [u64] => [u64];
                I32AtomicRmw8AndU [0xfe 0x2e] "i32.atomic.rmw8.and_u" and u8 [u32] => [u32];
                I32AtomicRmw16AndU [0xfe 0x2f] "i32.atomic.rmw16.and_u" and u16 [u32] => [u32];
                I64AtomicRmw8AndU [0xfe 0x30] "i64.atomic.rmw8.and_u" and u8 [u64] => [u64];
                I64AtomicRmw16AndU [0xfe 0x31] "i64.atomic.rmw16.and_u" and u16 [u64] => [u64];
                I64AtomicRmw32AndU [0xfe 0x32] "i64.atomic.rmw32.and_u" and u32 [u64] => [u64];
                I32AtomicRmwOr [0xfe 0x33] "i32.atomic.rmw.or" or u32 [u32] => [u32];
                I64AtomicRmwOr [0xfe 0x34] "i64.atomic.rmw.or" or u64 [u64] => [u64];
                I32AtomicRmw8OrU [0xfe 0x35] "i32.atomic.rmw8.or_u" or u8 [u32] => [u32];
                I32AtomicRmw16OrU [0xfe 0x36] "i32.atomic.rmw16.or_u" or u16 [u32] => [u32];
                I64AtomicRmw8OrU [0xfe 0x37] "i64.atomic.rmw8.or_u" or u8 [u64] => [u64];
                I64AtomicRmw16OrU [0xfe 0x38] "i64.atomic.rmw16.or_u" or u16 [u64] => [u64];
                I64AtomicRmw32OrU [0xfe 0x39] "i64.atomic.rmw32.or_u" or u32 [u64] => [u64];
                I32AtomicRmwXor [0xfe 0x3a] "i32.atomic.rmw.xor" xor u32 [u32] => [u32];
                I64AtomicRmwXor [0xfe 0x3b] "i64.atomic.rmw.xor" xor u64 [u64] => [u64];
                I32AtomicRmw8XorU [0xfe 0x3c] "i32.atomic.rmw8.xor_u" xor u8 [u32] => [u32];
                I32AtomicRmw16XorU [0xfe 0x3d] "i32.atomic.rmw16.xor_u" xor u16 [u32] => [u32];
                I64AtomicRmw8XorU [0xfe 0x3e] "i64.atomic.rmw8.xor_u" xor u8 [u64] => [u64];
                I64AtomicRmw16XorU [0xfe 0x3f] "i64.atomic.rmw16.xor_u" xor u16 [u64] => [u64];
                I64AtomicRmw32XorU [0xfe 0x40] "i64.atomic.rmw32.xor_u" xor u32 [u64] => [u64];
                I32AtomicRmwXchg [0xfe 0x41] "i32.atomic.rmw.xchg" xchg u32 [u32] => [u32];
                I64AtomicRmwXchg [0xfe 0x42] "i64.atomic.rmw.xchg" xchg u64 [u64] => [u64];
                I32AtomicRmw8XchgU [0xfe 0x43] "i32.atomic.rmw8.xchg_u" xchg u8 [u32] => [u32];
                I32AtomicRmw16XchgU [0xfe 0x44] "i32.atomic.rmw16.xchg_u" xchg u16 [u32] => [u32];
                I64AtomicRmw8XchgU [0xfe 0x45] "i64.atomic.rmw8.xchg_u" xchg u8 [u64] => [u64];
                I64AtomicRmw16XchgU [0xfe 0x46] "i64.atomic.rmw16.xchg_u" xchg u16 [u64] => [u64];
                I64AtomicRmw32XchgU [0xfe 0x47] "i64.atomic.rmw32.xchg_u" xchg u32 [u64] => [u64];
                I32AtomicRmwCmpxchg [0xfe 0x48] "i32.atomic.rmw.cmpxchg" cmpxchg u32 [u32 u32] => [u32];
                I64AtomicRmwCmpxchg [0xfe 0x49] "i64.atomic.rmw.cmpxchg" cmpxchg u64 [u64 u64] => [u64];
                I32AtomicRmw8CmpxchgU [0xfe 0x4a] "i32.atomic.rmw8.cmpxchg_u" cmpxchg u8 [u32 u32] => [u32];
                I32AtomicRmw16CmpxchgU [0xfe 0x4b] "i32.atomic.rmw16.cmpxchg_u" cmpxchg u16 [u32 u32] => [u32];
                I64AtomicRmw8CmpxchgU [0xfe 0x4c] "i64.atomic.rmw8.cmpxchg_u" cmpxchg u8 [u64 u64] => [u64];
                I64AtomicRmw16CmpxchgU [0xfe 0x4d] "i64.atomic.rmw16.cmpxchg_u" cmpxchg u16 [u64 u64] => [u64];
                I64AtomicRmw32CmpxchgU [0xfe 0x4e] "i64.atomic.rmw32.cmpxchg_u" cmpxchg u32 [u64 u64] => [u64];
            }
        }
    };
}

/// The class of values of atomic instructions.
macro_rules! class {
    (u32) => {
        Class::I32
    };
    (u64) => {
        Class::I64
    };
}

macro_rules! define {
    (
        atomics {
            $($atomic:ident $code:tt $text:literal $what:ident $raw:ident [$($operand:ident)*] => [$($result:ident)*];)*
        }
    ) => {
        /// An atomic instruction: see [`for_each_atomic!`](crate::for_each_atomic).
        #[allow(missing_docs, reason = "the instructions of the same names")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u32)]
        pub enum Atomic { $($atomic,)* }

        impl Atomic {
            /// The cell that executes it.
            pub const fn cell(self) -> Cell {
                match self { $(Self::$atomic => Cell::$atomic,)* }
            }

            /// The instruction that a cell executes, if it is one of these.
            pub const fn of_cell(cell: Cell) -> Option<Self> {
                match cell {
                    $(Cell::$atomic => Some(Self::$atomic),)*
                    // The other cells are no atomic instructions.
                    _ => None,
                }
            }

            /// Classes of the operands behind the address.
            pub const fn operands(self) -> &'static [Class] {
                match self { $(Self::$atomic => &[$(class!($operand)),*],)* }
            }

            /// Class of the result, if it has one.
            pub const fn result(self) -> Option<Class> {
                let results: &'static [Class] = match self { $(Self::$atomic => &[$(class!($result)),*],)* };
                match *results {
                    [] => None,
                    [class, ..] => Some(class),
                }
            }

            /// How many bytes of memory it accesses.
            pub const fn access(self) -> usize {
                match self { $(Self::$atomic => size_of::<$raw>(),)* }
            }
        }
    };
}
crate::for_each_atomic!(define);
