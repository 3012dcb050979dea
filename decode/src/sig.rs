//! Shape signatures: a hash of a tree with its operand classes, by which lowering finds a handler.
//!
//! The machine computes a handler's signature from its type, in `const` context; lowering computes the same from its
//! nodes. Both use the functions here, so a tree and the type that executes it agree or do not meet at all. That shapes
//! do not share signatures is tested: a million synthetic ones in `tests/signatures.rs`, the handlers there are in the
//! machine's `tests/handlers.rs`.

use crate::ops::{Class, Kind, Op};

/// A shape's signature.
pub type Sig = u64;

/// Where a leaf's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Leaf {
    /// A slot of the frame: 2 operand bytes, the word index from `fp`.
    Slot,
    /// The accumulator: `r0` or `v0`. No operand.
    Acc,
    /// An immediate of the class's size.
    Imm,
    /// A global: 4 operand bytes, the word index of its pointer in the instance.
    Global,
    /// The address of a function record: 4 operand bytes, the word index in the instance.
    Func,
    /// Where a far access looks: the word index of the memory in the instance (4 operand bytes), and the static offset (8).
    Memory,
    /// As [`Leaf::Memory`], of a memory that threads share.
    SharedMemory,
    /// Where in an object a field lies: 4 operand bytes.
    Field,
}

impl Leaf {
    /// Every leaf, in order.
    pub const ALL: [Self; 8] =
        [Self::Slot, Self::Acc, Self::Imm, Self::Global, Self::Func, Self::Memory, Self::SharedMemory, Self::Field];
}

/// What a statement, or the one expression that is no operator of the table, does with its operands.
///
/// Operand bytes come in the order given here, nested expressions' at their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Form {
    /// `select`: first, second, condition.
    Select,
    /// Value to the accumulator.
    SetAcc,
    /// Slot (2 bytes), value; also to the accumulator.
    SetSlot,
    /// Word index of the global's pointer (4 bytes), value.
    SetGlobal,
    /// Address of a cell (8 bytes), condition: branches there if it is not zero.
    BrIf,
    /// Word index of the header (2 bytes), value: left in the accumulator.
    Return,
    /// Two statements, one after the other.
    Seq,
    /// A statement, or several, again and again as long as the branch at its end is taken, which leads back to it.
    Repeat,
    /// A statement, or several, that asks for the epoch where it has branched, before it goes on there.
    Ask,
    /// Slot (2 bytes), integer of 128 bits: the high half to the slot, the low half to the accumulator.
    SetHigh,
    /// `memory.fill`: start, value, bytes.
    MemoryFill,
    /// `memory.copy`: to, from, bytes.
    MemoryCopy,
}

impl Form {
    /// Every form, in order.
    pub const ALL: [Self; 12] = [
        Self::Select,
        Self::SetAcc,
        Self::SetSlot,
        Self::SetGlobal,
        Self::BrIf,
        Self::Return,
        Self::Seq,
        Self::Repeat,
        Self::Ask,
        Self::SetHigh,
        Self::MemoryFill,
        Self::MemoryCopy,
    ];
}

/// Which of the slots that are operands of a cell are the same: each has a number, in the order of the operands, and a slot that was
/// not there before has the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers(u64);

impl Numbers {
    /// Of no operands.
    pub const NONE: Self = Self(1);
    /// How many slots may be told apart.
    pub const MOST_SLOTS: usize = 6;
    /// How many operands may have a number.
    pub const MOST: u32 = 15;
    /// How many bytes all operands together may take of a loop that is carried.
    pub const MOST_BYTES: usize = 88;
    /// How many statements it may have.
    pub const MOST_STATEMENTS: usize = 8;

    /// How many operands there are.
    pub const fn len(self) -> u32 {
        (63 - self.0.leading_zeros()) / 4
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 1
    }

    /// These, and another operand with this number, which is less than [`Numbers::MOST_SLOTS`].
    ///
    /// # Panics
    /// There are too many operands.
    #[must_use]
    pub const fn with(self, number: usize) -> Self {
        assert!(self.len() < Self::MOST && number < Self::MOST_SLOTS, "too many slots");
        Self(self.0 << 4 | number as u64)
    }

    /// The number of the operand at this place.
    pub const fn get(self, index: u32) -> usize {
        (self.0 >> (4 * (self.len() - 1 - index)) & 15) as usize
    }

    /// These, and those behind them.
    ///
    /// # Panics
    /// There are too many operands.
    #[must_use]
    pub const fn then(self, behind: Self) -> Self {
        let (mut all, mut index) = (self, 0);
        while index < behind.len() {
            all = all.with(behind.get(index));
            index += 1;
        }
        all
    }

    /// Whether each number is the next one where it occurs first.
    pub const fn are_in_order(self) -> bool {
        let (mut next, mut index) = (0, 0);
        while index < self.len() {
            let number = self.get(index);
            if number > next {
                return false;
            }
            next += (number == next) as usize;
            index += 1;
        }
        true
    }
}

/// One wide multiplication. The constants tell the two sides apart, and keep both from being zero. (Plain xor and multiply
/// was not enough: with small tags on either side, `popcnt(popcnt(slot))` had the signature of `ctz(slot)`.)
const fn mix(hash: u64, part: u64) -> u64 {
    let wide = (hash ^ 0xa076_1d64_78bd_642f) as u128 * (part ^ 0xe703_7ed1_a0b4_28db) as u128;
    wide as u64 ^ (wide >> 64) as u64
}

/// Signature of a leaf.
pub const fn leaf(leaf: Leaf, class: Class) -> Sig {
    mix(1, (leaf as u64) << 8 | class as u64)
}

/// What the signature of an operator begins with: [`with`] adds its operands', in order.
pub const fn operator(op: Op) -> Sig {
    match op.kind() {
        Kind::Unary | Kind::Load | Kind::Extract => mix(2, op as u64),
        Kind::Binary | Kind::Store | Kind::Replace => mix(3, op as u64),
        Kind::Ternary => mix(6, op as u64),
    }
}

/// What the signature of a far access begins with: [`with`] adds its memory's, then its operands'.
pub const fn far_operator(op: Op) -> Sig {
    mix(7, op as u64)
}

/// What the signature of a far access of any memory begins with.
pub const fn far(op: Op) -> Sig {
    with(far_operator(op), leaf(Leaf::Memory, Class::I64))
}

/// What the signature of a far access of any shared memory begins with.
pub const fn shared(op: Op) -> Sig {
    with(far_operator(op), leaf(Leaf::SharedMemory, Class::I64))
}

/// What the signature of an access to a field of an object begins with.
pub const fn field(op: Op) -> Sig {
    with(far_operator(op), leaf(Leaf::Field, Class::I64))
}

/// What the signature of an access to an element of an array begins with: [`with`] adds the reference's, the index's, and the value's.
pub const fn element(op: Op) -> Sig {
    mix(8, op as u64)
}

/// What the signature of an operator on one lane begins with: as [`operator`], with the lane.
pub const fn lane(op: Op, lane: u8) -> Sig {
    mix(operator(op), lane as u64)
}

/// What the signature of a form begins with.
pub const fn of_form(form: Form, class: Class) -> Sig {
    mix(4, (form as u64) << 8 | class as u64)
}

/// What the signature of two statements in one cell begins with.
pub const SEQ: Sig = of_form(Form::Seq, Class::I32);

/// Signature of a cell that repeats itself.
pub const fn repeat(a: Sig) -> Sig {
    form(Form::Repeat, Class::I32, a)
}

/// Signature of a loop of one cell that has its slots in registers: `a` is the cell's with slots, `numbers` says which are the same.
pub const fn carried(a: Sig, numbers: Numbers) -> Sig {
    with(mix(9, numbers.0), a)
}

/// Signature of a cell that asks for the epoch where it has branched.
pub const fn ask(a: Sig) -> Sig {
    form(Form::Ask, Class::I32, a)
}

/// Adds an operand's signature, the first, second or third, to that of the operator or form so far.
#[inline]
pub const fn with(sig: Sig, operand: Sig) -> Sig {
    mix(sig, operand)
}

/// Signature of an operator of one operand, or a load (whose operand is the address).
pub const fn unary(op: Op, a: Sig) -> Sig {
    with(operator(op), a)
}

/// Signature of an operator of two operands, or a store (address, value).
pub const fn binary(op: Op, a: Sig, b: Sig) -> Sig {
    with(with(operator(op), a), b)
}

/// Signature of an operator of three operands.
pub const fn ternary_operator(op: Op, a: Sig, b: Sig, c: Sig) -> Sig {
    with(with(with(operator(op), a), b), c)
}

/// Signature of a lane of a vector.
pub const fn extract(op: Op, index: u8, a: Sig) -> Sig {
    with(lane(op, index), a)
}

/// Signature of a vector with another value in one lane.
pub const fn replace(op: Op, index: u8, a: Sig, b: Sig) -> Sig {
    with(with(lane(op, index), a), b)
}

/// Signature of a form with one operand.
pub const fn form(form: Form, class: Class, a: Sig) -> Sig {
    with(of_form(form, class), a)
}

/// Signature of a form with three operands.
pub const fn ternary(of: Form, class: Class, a: Sig, b: Sig, c: Sig) -> Sig {
    with(with(form(of, class, a), b), c)
}

/// Signature of `select`.
pub const fn select(class: Class, a: Sig, b: Sig, condition: Sig) -> Sig {
    ternary(Form::Select, class, a, b, condition)
}

/// Signature of `memory.fill` or `memory.copy`.
pub const fn bulk(form: Form, a: Sig, b: Sig, bytes: Sig) -> Sig {
    ternary(form, Class::I32, a, b, bytes)
}

/// Signature of two statements in one cell.
pub const fn seq(a: Sig, b: Sig) -> Sig {
    with(with(SEQ, a), b)
}

/// Signature of a cell with operands of its own.
pub const fn cell(cell: crate::cell::Cell) -> Sig {
    mix(5, cell as u64)
}
