//! Cells with operands of their own: control, calls, and what works on memories and tables as a whole.
//!
//! Threaded code is a run of cells, each a handler's address (one word) and its operand bytes, packed in order and
//! padded to whole words. Everything that computes is described by its tree ([`crate::sig`]); the rest is listed in
//! [`for_each_cell!`](crate::for_each_cell), once: lowering writes the operands with `encode`, the machine reads them with
//! `decode`.
//!
//! A cell that executes an instruction takes a single operand from the accumulator, more from slots, and leaves its result
//! in the accumulator. A branch target is the address of its cell: an address takes no arithmetic to follow.

use crate::TypeId;

/// Calls `$callback!` with the cells that are no instruction's alone, and with the rows of
/// [`for_each_special!`](crate::for_each_special), some of which have cells: `machine { Name falls|leaves { operands } ... }
/// special { ... } cells { ... } atomics { ... }`. A cell `leaves` if what is executed next is not always the next cell.
#[macro_export]
macro_rules! for_each_cell {
    ($callback:ident) => {
        $crate::for_each_special! {
            $callback machine {
                /// Traps.
                Unreachable leaves {}
                /// Branches.
                Br leaves { target: target, }
                /// Branches to the target the accumulator chooses; `count` targets and the default one follow.
                BrTable leaves { count: targets, }
                /// Returns with the results in place.
                Return leaves { header: header, }
                /// Sets locals to zero, all bits.
                Zero falls { from: slot, count: slots, }
                /// Sets up to four slots to zero, all bits; fewer are named more than once.
                ZeroFew falls { a: destination, b: destination, c: destination, d: destination, }
                /// Copies slots, as by `memmove`.
                Copy falls { from: slot, to: destination, count: slots, }
                /// Calls the function in the index space.
                Call leaves { func: func, args: args, header: callee_header, }
                /// Calls through a table; the index is in the accumulator.
                CallIndirect leaves { table: table, type_id: type_id, args: args, header: callee_header, }
                /// Calls, giving the frame away. The machine finds `new_header` as the last operand.
                ReturnCall leaves {
                    func: func, args: tail_args, moves: moves, header: header, new_header: tail_header,
                }
                /// Calls through a table, giving the frame away; the index is in the accumulator.
                ReturnCallIndirect leaves {
                    table: table, type_id: type_id, args: tail_args, moves: moves, header: header,
                    new_header: tail_header,
                }
                /// Leaves in the accumulator the function that a table holds at the index there, if its type is below this one.
                TableFunc falls { table: table, type_id: type_id, }
                /// Calls the function in the accumulator, which is of this type.
                CallRef leaves { type_id: type_id, args: args, header: callee_header, }
                /// Calls the function in the accumulator, giving the frame away.
                ReturnCallRef leaves {
                    type_id: type_id, args: tail_args, moves: moves, header: header, new_header: tail_header,
                }
                /// Throws an exception of a tag.
                Throw leaves { tag: tag, args: operands, }
                /// Throws the exception in a slot; traps if that is null.
                ThrowRef leaves { exception: slot, }
                /// Makes a struct of words in slots, and leaves it in the accumulator.
                StructNew falls { object: object, args: operands, words: slots, class: size_class, }
                /// Makes a struct of zeros and nulls.
                StructNewDefault falls { object: object, args: operands, words: slots, class: size_class, }
                /// Makes an array of a value of so many words, and a length.
                ArrayNew falls { object: object, args: operands, words: slots, }
                /// Makes an array of zeros or nulls.
                ArrayNewDefault falls { object: object, args: operands, }
                /// Makes an array of so many values, which take so many words.
                ArrayNewFixed falls { object: object, args: operands, words: slots, count: count, }
                /// Makes an array of bytes of a segment.
                ArrayNewData falls { object: object, segment: data, args: operands, }
                /// Makes an array of references of a segment.
                ArrayNewElem falls { object: object, segment: element, args: operands, }
                /// `array.fill`, by a value of so many words.
                ArrayFill falls { args: operands, words: slots, }
                /// `array.copy`.
                ArrayCopy falls { args: operands, }
                /// `array.init_data`.
                ArrayInitData falls { segment: data, args: operands, }
                /// `array.init_elem`.
                ArrayInitElem falls { segment: element, args: operands, }
                /// Whether the reference in the accumulator is to an object of this type, which has this depth, or null if that counts.
                RefTest falls { type_id: type_id, depth: depth, null: null, }
                /// The same of functions.
                RefTestFunc falls { type_id: type_id, null: null, }
                /// The same of a type that no module defines.
                RefTestKind falls { kind: heap_kind, null: null, }
                /// Traps unless the reference in the accumulator, which stays, is to an object of this type.
                RefCast falls { type_id: type_id, depth: depth, null: null, }
                /// The same of functions.
                RefCastFunc falls { type_id: type_id, null: null, }
                /// The same of a type that no module defines.
                RefCastKind falls { kind: heap_kind, null: null, }
                /// Pays for what follows, up to the next such cell, or stops in front of it. What costs how much,
                /// `Config::consume_fuel` says.
                Fuel falls { cost: cost, }
                /// Pays for the size of the bulk operation that follows, or stops in front of it. The size is in `slot`,
                /// unless it is in the accumulator; `table` is the table, if it counts elements.
                FuelBulk falls { amount: amount, slot: slot, table: table, }
                /// The same, for the bytes or pages of any memory.
                FuelFar falls { amount: amount, slot: slot, memory: memory, }
                /// Goes on unless the store's deadline has passed; stops in front of itself, or has the embedder asked.
                Epoch falls {}
                /// `memory.size` of any memory.
                FarMemorySize falls { memory: memory, }
                /// `memory.grow` of any memory.
                FarMemoryGrow falls { memory: memory, }
                /// `memory.fill` of any memory.
                FarMemoryFill falls { memory: memory, args: operands, }
                /// `memory.copy` between any memories.
                FarMemoryCopy falls { to: memory, from: memory, args: operands, }
                /// `memory.init` of any memory.
                FarMemoryInit falls { memory: memory, segment: data, args: operands, }
            }
        }
    };
}

macro_rules! fields {
    ($($(#[$doc:meta])* $word:ident $name:ident: $raw:ident,)*) => {
        /// What an operand is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Field { $($(#[$doc])* $name,)* }

        impl Field {
            /// How many bytes it takes.
            pub const fn bytes(self) -> usize {
                match self {
                    $(Self::$name => size_of::<$raw>(),)*
                }
            }
        }

        macro_rules! raw { $(($word) => { $raw };)* }
        macro_rules! field { $(($word) => { Field::$name };)* }
    };
}
fields! {
    /// A slot that is read: a word index from `fp`, as all slots.
    slot Slot: u16,
    /// The first slot that is written.
    destination Destination: u16,
    /// How many slots.
    slots Slots: u16,
    /// The first of the slots that hold the operands.
    operands Operands: u16,
    /// Slot of the frame's own header.
    header Header: u16,
    /// Slot of the first argument: the callee's `fp`.
    args Args: u16,
    /// Slot of the callee's header.
    callee_header CalleeHeader: u16,
    /// Slot of the first argument of a tail call.
    tail_args TailArgs: u16,
    /// What a tail call has to move: [`moves`].
    moves Moves: u16,
    /// Slot, from the same `fp`, of the header of a tail call's callee.
    tail_header TailHeader: u16,
    /// What a size counts: an [`Amount`].
    amount Amount: u16,
    /// The class of an object's size: see [`crate::objects`].
    size_class SizeClass: u16,
    /// How many types a type is below.
    depth Depth: u16,
    /// Whether null is of the type: 1, or else 0.
    null Null: u16,
    /// A [`HeapKind`].
    heap_kind HeapKind: u16,
    /// Word of the instance for a type of objects.
    object Object: u32,
    /// How many elements.
    count Count: u32,
    /// Word of the instance where the function's record begins.
    func Func: u32,
    /// Word of the instance for a table.
    table Table: u32,
    /// Word of the instance for a tag.
    tag Tag: u32,
    /// Word of the instance for a memory.
    memory Memory: u32,
    /// First word of the instance for a data segment.
    data Data: u32,
    /// First word of the instance for an element segment.
    element Element: u32,
    /// A type in the engine (not a word index).
    type_id TypeId: TypeId,
    /// Units of fuel.
    cost Cost: u64,
    /// How many targets of a `br_table` before the default one.
    targets Targets: u32,
    /// The static offset of an access to any memory.
    offset Offset: u64,
    /// A branch target.
    target Target: u64,
}

macro_rules! cells {
    ($($(#[$doc:meta])* $name:ident $flow:ident { $($field:ident: $kind:ident,)* })*) => {
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
                    $(Self::$name => &[$((stringify!($field), field!($kind)),)*],)*
                }
            }

            /// Whether it works on objects of the heap, or references to them.
            pub const fn is_about_objects(self) -> bool {
                self as u16 >= Self::StructNew as u16 && self as u16 <= Self::RefCastKind as u16
            }

            /// Operand bytes; those of a `br_table`'s targets come on top.
            pub const fn len(self) -> usize {
                match self {
                    $(Self::$name => $name::LEN,)*
                }
            }

            /// Where among the operand bytes the id of a function type stands.
            pub(crate) fn type_id_at(self) -> Option<usize> {
                let fields = self.fields();
                let id = fields.iter().position(|&(_, field)| field == Field::TypeId)?;
                Some(fields[..id].iter().map(|&(_, field)| field.bytes()).sum())
            }

            /// Whether it has no operand bytes.
            pub const fn is_empty(self) -> bool {
                self.len() == 0
            }

            /// Whether what is executed next is always the next cell.
            pub const fn falls_through(self) -> bool {
                match self {
                    $(Self::$name => falls_through!($flow),)*
                }
            }
        }

        $(
            $(#[$doc])*
            #[allow(missing_docs, reason = "operands named as the module's documentation says")]
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub struct $name {
                $(pub $field: raw!($kind),)*
            }

            impl Operands for $name {
                const CELL: Cell = Cell::$name;
                const LEN: usize = 0 $(+ size_of::<raw!($kind)>())*;

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
                    Self { $($field: <raw!($kind)>::next(&mut fields),)* }
                }
            }
        )*
    };
}

/// What a reference is to be of, if no module defines that type. Which hierarchy the reference is of is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum HeapKind {
    /// Anything of the hierarchy.
    Top,
    /// Nothing.
    Bottom,
    /// What can be compared.
    Eq,
    /// Integers of 31 bits.
    I31,
    /// Structs.
    Struct,
    /// Arrays.
    Array,
}

/// What the operand counts by which a bulk operation's size is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Amount {
    /// Bytes of a memory, in a slot: an i32.
    Bytes,
    /// Bytes of a memory, in a slot: an i64.
    Bytes64,
    /// Pages by which a memory is to grow, in the accumulator: a number of its address type.
    Pages,
    /// Elements of a table, in a slot: a number of its index type.
    Elements,
    /// Elements of a table, in a slot: an i32.
    Elements32,
    /// Elements by which a table is to grow, in a slot: a number of its index type.
    NewElements,
    /// Elements of an array, in a slot: an i32.
    Items,
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

/// The Rust type of an operand.
trait Raw {
    fn next(fields: &mut impl Fields) -> Self;
}

macro_rules! raw_types {
    ($($raw:ident)*) => {
        $(impl Raw for $raw {
            #[inline(always)]
            fn next(fields: &mut impl Fields) -> Self {
                fields.$raw()
            }
        })*
    };
}
raw_types!(u16 u32 u64);

impl Raw for TypeId {
    #[inline(always)]
    fn next(fields: &mut impl Fields) -> Self {
        Self(fields.u32())
    }
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

macro_rules! falls_through {
    (falls) => {
        true
    };
    (leaves) => {
        false
    };
}

macro_rules! all_cells {
    (
        machine { $($(#[$doc:meta])* $name:ident $flow:ident { $($field:ident: $kind:ident,)* })* }
        special { $($special:tt)* }
        cells {
            $($cname:ident $code:tt $text:literal $operands:tt => $results:tt $immediates:tt $effects:tt $cost:literal
                $cflow:ident { $($cfield:ident: $ckind:ident,)* };)*
        }
        atomics {
            $($atomic:ident $acode:tt $atext:literal $what:ident $raw:ident $aoperands:tt => $aresults:tt;)*
        }
    ) => {
        cells! {
            $($(#[$doc])* $name $flow { $($field: $kind,)* })*
            $(#[doc = concat!("`", $text, "`.")] $cname $cflow { $($cfield: $ckind,)* })*
            $(#[doc = concat!("`", $atext, "`.")] $atomic falls { memory: memory, offset: offset, args: operands, })*
        }
    };
}
crate::for_each_cell!(all_cells);
