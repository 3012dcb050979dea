//! What is known of operators and leaves before any operand is: facts and signatures, in tables made by the compiler.

use crate::ops::{self, Class, Effect, Op};
use crate::shape::{operator_rank, rank};
use crate::sig::{self, Form, Leaf, Sig};

/// A register that accumulates: `r0` or `v0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lower) enum Register {
    Integer,
    Float,
}

impl Register {
    pub(in crate::lower) const BOTH: [Self; 2] = [Self::Integer, Self::Float];

    pub(in crate::lower) const fn of(class: Class) -> Self {
        if class.is_float() { Self::Float } else { Self::Integer }
    }
}

/// What a tree does and needs: a set of the constants below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::lower) struct Traits(u8);

impl Traits {
    pub(in crate::lower) const NONE: Self = Self(0);
    /// May trap.
    pub(in crate::lower) const TRAPS: Self = Self(1);
    /// Reads memory.
    pub(in crate::lower) const LOADS: Self = Self(2);
    /// Reads a global.
    pub(in crate::lower) const GLOBALS: Self = Self(4);
    /// Holds an accumulator leaf.
    pub(in crate::lower) const ACC_INTEGER: Self = Self(8);
    pub(in crate::lower) const ACC_FLOAT: Self = Self(16);

    pub(in crate::lower) const fn acc(register: Register) -> Self {
        match register {
            Register::Integer => Self::ACC_INTEGER,
            Register::Float => Self::ACC_FLOAT,
        }
    }

    pub(in crate::lower) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(in crate::lower) const fn any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }
}

/// What is asked of a node most. It is eight bytes, which are written at once where a table has them.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(8))]
pub(in crate::lower) struct Facts {
    /// Class of its value.
    pub(in crate::lower) class: Class,
    pub(in crate::lower) traits: Traits,
    /// How many operators it has.
    pub(in crate::lower) operators: u8,
    /// Whether its root is a comparison or a test for zero.
    pub(in crate::lower) is_test: bool,
    /// Order in which operands stand that may be swapped.
    pub(super) rank: u8,
    /// How many operand bytes the tree has.
    pub(super) len: u8,
    /// How many operands it has: none if it is a leaf.
    pub(super) arity: u8,
    /// Whether it is no value, but what stands above a vector on the operand stack.
    pub(in crate::lower) is_upper: bool,
}

/// What is known of an operator, or of a leaf, whatever its operands: its signature, or what that begins with, and facts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) sig: Sig,
    pub(super) facts: Facts,
}

impl Known {
    const fn of(op: Op) -> Self {
        let info = op.info();
        let traits = match info.effect {
            Effect::Pure => Traits::NONE,
            Effect::Traps => Traits::TRAPS,
            Effect::Loads | Effect::Stores => Traits::TRAPS.with(Traits::LOADS),
        };
        let is_test = op.is_comparison() || matches!(op, Op::I32Eqz | Op::I64Eqz);
        let (len, arity) = match op.kind() {
            ops::Kind::Unary => (0, 1),
            ops::Kind::Binary => (0, 2),
            ops::Kind::Load => (4, 1),
            ops::Kind::Store => (4, 2),
            ops::Kind::Extract => (0, 1),
            ops::Kind::Replace => (0, 2),
            ops::Kind::Ternary => (0, 3),
        };
        let (operators, rank) = (op.computes() as u8, operator_rank(op));
        let facts = Facts { class: info.result, traits, operators, is_test, rank, len, arity, is_upper: false };
        Self { sig: sig::operator(op), facts }
    }

    const fn of_leaf(leaf: Leaf, class: Class) -> Self {
        let traits = match leaf {
            Leaf::Acc => Traits::acc(Register::of(class)),
            Leaf::Global => Traits::GLOBALS,
            Leaf::Slot | Leaf::Imm | Leaf::Func | Leaf::Memory | Leaf::SharedMemory | Leaf::Field => Traits::NONE,
        };
        let (rank, len) = (rank(Some(leaf)), leaf.bytes(class) as u8);
        let facts = Facts { class, traits, operators: 0, is_test: false, rank, len, arity: 0, is_upper: false };
        Self { sig: sig::leaf(leaf, class), facts }
    }
}

/// By [`Op`].
pub(super) static OPERATORS: [Known; Op::ALL.len()] = {
    let mut known = [Known::of(Op::ALL[0]); Op::ALL.len()];
    let mut i = 0;
    while i < known.len() {
        known[i] = Known::of(Op::ALL[i]);
        i += 1;
    }
    known
};

const CLASSES: usize = Class::ALL.len();

/// By [`Leaf`] and [`Class`].
pub(super) static LEAVES: [[Known; CLASSES]; Leaf::ALL.len()] = {
    let mut known = [[Known::of_leaf(Leaf::Slot, Class::I32); CLASSES]; Leaf::ALL.len()];
    let mut i = 0;
    while i < CLASSES * Leaf::ALL.len() {
        let (leaf, class) = (Leaf::ALL[i / CLASSES], Class::ALL[i % CLASSES]);
        known[leaf as usize][class as usize] = Known::of_leaf(leaf, class);
        i += 1;
    }
    known
};

/// [`sig::operator`] of every operator.
#[inline]
pub(in crate::lower) fn operator_sig(op: Op) -> Sig {
    OPERATORS[op as usize].sig
}

/// [`sig::leaf`] of every leaf.
#[inline]
pub(super) fn leaf_sig(leaf: Leaf, class: Class) -> Sig {
    LEAVES[leaf as usize][class as usize].sig
}

/// [`sig::of_form`] of every form.
#[inline]
pub(in crate::lower) fn form_sig(form: Form, class: Class) -> Sig {
    static SIGS: [[Sig; CLASSES]; Form::ALL.len()] = {
        let mut sigs = [[0; CLASSES]; Form::ALL.len()];
        let mut i = 0;
        while i < CLASSES * Form::ALL.len() {
            let (form, class) = (Form::ALL[i / CLASSES], Class::ALL[i % CLASSES]);
            sigs[form as usize][class as usize] = sig::of_form(form, class);
            i += 1;
        }
        sigs
    };
    SIGS[form as usize][class as usize]
}
