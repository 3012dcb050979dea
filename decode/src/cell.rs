//! Cells with operands of their own: control, calls, and what works on memories and tables as a whole.
//!
//! Threaded code is a run of cells, each a handler's address (one word) and its operand bytes, packed in order and
//! padded to whole words. Everything that computes is described by its tree ([`crate::sig`]); the rest is listed here,
//! once: lowering writes the operands with `encode`, the machine reads them with `decode`.
//!
//! Operand types: `u16` is a slot (word index from `fp`), `u32` a word index in the instance unless said otherwise, `u64`
//! a branch target, the address of its cell. An address takes no arithmetic to follow.

macro_rules! cells {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ident,)* })*) => {
        /// Which cell.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Cell {
            $($(#[$doc])* $name,)*
        }

        impl Cell {
            /// Every cell, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Name and kind of the operands, in order.
            pub const fn fields(self) -> &'static [(&'static str, Field)] {
                match self {
                    $(Self::$name => &[$((stringify!($field), Field::$ty),)*],)*
                }
            }

            /// Operand bytes; those of a `br_table`'s targets come on top.
            pub const fn len(self) -> usize {
                match self {
                    $(Self::$name => $name::LEN,)*
                }
            }

            /// Whether it has no operand bytes.
            pub const fn is_empty(self) -> bool {
                self.len() == 0
            }
        }

        $(
            $(#[$doc])*
            #[allow(missing_docs, reason = "operands named as the module's documentation says")]
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $ty,)*
            }

            impl Operands for $name {
                const CELL: Cell = Cell::$name;
                const LEN: usize = 0 $(+ size_of::<$ty>())*;

                #[inline]
                fn encode<'a>(&self, room: &'a mut [u8]) -> &'a mut [u8] {
                    $(let room = put(room, self.$field.to_ne_bytes());)*
                    room
                }
            }

            impl $name {
                /// Operands from where `fields` reads them, in order.
                #[inline(always)]
                #[allow(unused_variables, unused_mut, reason = "cells without operands")]
                pub fn decode(mut fields: impl Fields) -> Self {
                    Self { $($field: fields.$ty(),)* }
                }
            }
        )*
    };
}

/// The type of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(non_camel_case_types, reason = "named as the types are")]
pub enum Field {
    /// A slot, or a number of slots.
    u16,
    /// A word of the instance, or a number.
    u32,
    /// A branch target.
    u64,
}

/// What the operand counts by which a bulk operation's size is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Amount {
    /// Bytes of memory 0, in a slot.
    Bytes,
    /// Pages by which memory 0 is to grow, in the accumulator.
    Pages,
    /// Elements of a table, in a slot.
    Elements,
    /// Elements by which a table is to grow, in a slot.
    NewElements,
}

/// What a tail call has to move, in one number: twice how many arguments, and one more if the header does. Mostly it is
/// zero, which takes one comparison to find out.
pub const fn moves(arguments: u16, header: bool) -> u16 {
    2 * arguments + header as u16
}

/// Reads operands one after the other. One by one, for a machine's compiler then loads each where it needs it.
pub trait Fields {
    /// The next operand, of this type.
    fn u16(&mut self) -> u16;
    /// The next operand, of this type.
    fn u32(&mut self) -> u32;
    /// The next operand, of this type.
    fn u64(&mut self) -> u64;
}

/// The operands of one kind of cell.
pub trait Operands {
    /// Which cell they belong to.
    const CELL: Cell;
    /// Bytes.
    const LEN: usize;

    /// Writes the bytes to where there is room, and returns the room behind them.
    ///
    /// # Panics
    /// There is room for less than [`Operands::LEN`].
    fn encode<'a>(&self, room: &'a mut [u8]) -> &'a mut [u8];
}

/// Writes `bytes` to where there is room, and returns the room behind them.
#[inline]
pub(crate) fn put<const N: usize>(room: &mut [u8], bytes: [u8; N]) -> &mut [u8] {
    let (place, rest) = room.split_first_chunk_mut().expect("room was made before");
    *place = bytes;
    rest
}

cells! {
    /// Traps.
    Unreachable {}
    /// Branches.
    Br { target: u64, }
    /// Branches to the target the accumulator chooses; `count` targets and the default one follow as `u64`s.
    BrTable {
        /// How many targets before the default one.
        count: u32,
    }
    /// Returns with the results in place.
    Return {
        /// Slot of the frame's own header.
        header: u16,
    }
    /// Sets locals to zero, all bits.
    Zero { from: u16, count: u16, }
    /// Copies slots, as by `memmove`.
    Copy { from: u16, to: u16, count: u16, }
    /// Calls the function in the index space.
    Call {
        /// Word of the instance where the function's record begins.
        func: u32,
        /// Slot of the first argument: the callee's `fp`.
        args: u16,
        /// Slot of the callee's header.
        header: u16,
    }
    /// Calls through a table; the index is in the accumulator.
    CallIndirect {
        table: u32,
        /// Canonical type id (not a word index).
        type_id: u32,
        args: u16,
        header: u16,
    }
    /// Calls, giving the frame away.
    ReturnCall {
        func: u32,
        args: u16,
        /// What has to move: [`moves`].
        moves: u16,
        /// Slot of the frame's own header.
        header: u16,
        /// Slot, from the same `fp`, of the callee's header. The machine finds it as the last operand.
        new_header: u16,
    }
    /// Calls through a table, giving the frame away; the index is in the accumulator.
    ReturnCallIndirect {
        table: u32,
        /// Canonical type id (not a word index).
        type_id: u32,
        args: u16,
        moves: u16,
        header: u16,
        new_header: u16,
    }
    /// Pays for what follows, up to the next such cell, or stops in front of it. What costs how much,
    /// `Config::consume_fuel` says.
    Fuel { cost: u32, }
    /// Pays for the size of the bulk operation that follows, or stops in front of it.
    FuelBulk {
        /// What the size counts: an [`Amount`].
        amount: u16,
        /// Where it is, unless it is in the accumulator.
        slot: u16,
        /// Word of the table, if it counts elements.
        table: u32,
    }
    /// `memory.size`, to the accumulator.
    MemorySize {}
    /// `memory.grow` of and to the accumulator.
    MemoryGrow {}
    /// `memory.init`: to, from, bytes in the slots from `args` on.
    MemoryInit { segment: u32, args: u16, }
    /// `data.drop`.
    DataDrop { segment: u32, }
    /// `table.get` of and to the accumulator.
    TableGet { table: u32, }
    /// `table.set`: index, reference.
    TableSet { table: u32, args: u16, }
    /// `table.size`, to the accumulator.
    TableSize { table: u32, }
    /// `table.grow`: reference, delta; to the accumulator.
    TableGrow { table: u32, args: u16, }
    /// `table.fill`: start, reference, elements.
    TableFill { table: u32, args: u16, }
    /// `table.copy`: to, from, elements.
    TableCopy { to: u32, from: u32, args: u16, }
    /// `table.init`: to, from, elements.
    TableInit { table: u32, segment: u32, args: u16, }
    /// `elem.drop`.
    ElemDrop { segment: u32, }
}
