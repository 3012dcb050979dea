//! wasmparser's operators and types in this crate's words.

use crate::ValType;
use crate::instruction::{Atomic, Instruction};
use crate::ops::{Class, Op};
use std::collections::HashMap;
use std::sync::LazyLock;
use wasmparser::{MemArg, MemArgTarget, Operator, V128};

macro_rules! numeric {
    (
        unops { $($un:ident [$($uc:literal)+] $un_text:literal $ua:ident => $ut:ident $ue:ident |$ux:ident| $usem:expr;)* }
        binops { $($bin:ident [$($bc:literal)+] $bin_text:literal $ba:ident => $bt:ident $be:ident |$bx:ident, $by:ident| $bsem:expr;)* }
        loads { $($load:ident [$($lc:literal)+] $load_text:literal $lraw:ident => $lt:ident |$lx:ident| $lsem:expr;)* }
        stores { $($store:ident [$($sc:literal)+] $store_text:literal $st:ident => $sraw:ident |$sx:ident| $ssem:expr;)* }
    ) => {
        /// The operator's row in the table, and its memory and static offset.
        pub(super) fn numeric(operator: &Operator<'_>) -> Option<(Op, (u32, u64))> {
            Some(match operator {
                $(Operator::$un => (Op::$un, (0, 0)),)*
                $(Operator::$bin => (Op::$bin, (0, 0)),)*
                $(Operator::$load { memarg } => (Op::$load, place(memarg)),)*
                $(Operator::$store { memarg } => (Op::$store, place(memarg)),)*
                _ => return None,
            })
        }
    };
}
crate::for_each_op!(numeric);

/// The index of an access's memory, and its static offset.
fn place(memarg: &MemArg) -> (u32, u64) {
    match memarg.target {
        MemArgTarget::Memory(index) => (index, memarg.offset),
        MemArgTarget::Array(_) => unreachable!("part of no feature that is supported"),
    }
}

macro_rules! atomic {
    (
        atomics {
            $($name:ident $code:tt $text:literal $what:ident $raw:ident $operands:tt => $results:tt;)*
        }
    ) => {
        /// The atomic instruction that the operator is, and its memory and static offset.
        pub(super) fn atomic(operator: &Operator<'_>) -> Option<(Atomic, (u32, u64))> {
            Some(match operator {
                $(Operator::$name { memarg } => (Atomic::$name, place(memarg)),)*
                _ => return None,
            })
        }
    };
}
crate::for_each_atomic!(atomic);

/// The immediates of operators on vectors.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Immediates {
    /// The index of the memory, and the static offset.
    pub(super) memarg: (u32, u64),
    /// The index of a lane.
    pub(super) lane: u8,
    /// A vector, or the lanes that are shuffled.
    pub(super) bytes: [u8; 16],
}

trait Immediate {
    fn note(&self, immediates: &mut Immediates);
}

impl Immediate for MemArg {
    fn note(&self, immediates: &mut Immediates) {
        immediates.memarg = place(self);
    }
}

impl Immediate for u8 {
    fn note(&self, immediates: &mut Immediates) {
        immediates.lane = *self;
    }
}

impl Immediate for [u8; 16] {
    fn note(&self, immediates: &mut Immediates) {
        immediates.bytes = *self;
    }
}

impl Immediate for V128 {
    fn note(&self, immediates: &mut Immediates) {
        immediates.bytes = *self.bytes();
    }
}

/// The rows of vectors: their names are wasmparser's.
static VECTORS: LazyLock<HashMap<&str, Instruction>> = LazyLock::new(|| {
    let rows = Instruction::ALL.iter().map(|&instruction| (instruction.info(), instruction));
    rows.filter(|(info, _)| info.opcode.prefix == Some(0xfd))
        .map(|(info, instruction)| (info.name, instruction))
        .collect()
});

macro_rules! vectors {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($types:tt)*))*) => {
        /// The row of an operator on vectors, and its immediates.
        pub(super) fn vector(operator: &Operator<'_>) -> Option<(Instruction, Immediates)> {
            #[allow(unused_mut, reason = "many operators have no immediates")]
            let mut immediates = Immediates::default();
            let name = match operator {
                $(Operator::$op $({ $($arg),* })? => {
                    $($($arg.note(&mut immediates);)*)?
                    stringify!($op)
                })*
                _ => return None,
            };
            Some((VECTORS[name], immediates))
        }
    };
}
wasmparser::for_each_visit_simd_operator!(vectors);

/// The halves of a vector, as the words in which it lies.
pub(super) fn halves(bytes: [u8; 16]) -> [u64; 2] {
    let [low, high] = [0, 8].map(|at| *bytes[at..].first_chunk().expect("eight bytes of sixteen"));
    [u64::from_le_bytes(low), u64::from_le_bytes(high)]
}

/// The class of a type.
pub(super) fn class_of(ty: wasmparser::ValType) -> Class {
    match ty {
        wasmparser::ValType::I32 => Class::I32,
        wasmparser::ValType::I64 | wasmparser::ValType::Ref(_) => Class::I64,
        wasmparser::ValType::F32 => Class::F32,
        wasmparser::ValType::F64 => Class::F64,
        wasmparser::ValType::V128 => Class::V128,
    }
}

/// The classes of a list of types.
pub(super) fn classes(types: &[ValType]) -> impl Iterator<Item = Class> + Clone + '_ {
    types.iter().map(|&ty| ty.into())
}
