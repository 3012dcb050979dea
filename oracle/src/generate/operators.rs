//! The operators of pirn's table as generators want them: by what they take and give.
//!
//! Whatever has a row is generated. What needs care stands here: operators that show the bits of a NaN.

use super::expr::mem;
use super::vectors;
use crate::outcome::Type::{self, F32, F64, Func, I32, I64, V128};
use pirn_decode::instruction::{self, Instruction};
use pirn_decode::ops::{Class, Effect, Op};
use std::sync::LazyLock;
use wasm_encoder::Instruction as I;

macro_rules! encodings {
    (
        unops { $($un:ident $uc:tt $un_text:literal $ua:ident => $ut:ident $ue:ident |$ux:ident| $usem:expr;)* }
        binops { $($bin:ident $bc:tt $bin_text:literal $ba:ident => $bt:ident $be:ident |$bx:ident, $by:ident| $bsem:expr;)* }
        loads { $($load:ident $lc:tt $load_text:literal $lraw:ident => $lt:ident |$lx:ident| $lsem:expr;)* }
        stores { $($store:ident $sc:tt $store_text:literal $st:ident => $sraw:ident |$sx:ident| $ssem:expr;)* }
    ) => {
        /// The instruction of an operator; loads and stores at `offset`. One on lanes works on the first.
        pub(super) fn encoding(op: Op, offset: u64) -> I<'static> {
            match op {
                $(Op::$un => I::$un,)*
                $(Op::$bin => I::$bin,)*
                $(Op::$load => I::$load(mem(offset)),)*
                $(Op::$store => I::$store(mem(offset)),)*
                _ => vectors::encoding(op, vectors::Immediates { offset, ..vectors::Immediates::default() }),
            }
        }
    };
}
pirn_decode::for_each_op!(encodings);

/// The type of a class's numbers.
pub(super) fn type_of(class: Class) -> Type {
    match class {
        Class::I32 => I32,
        // Of 128 bits, each half.
        Class::I64 | Class::I128 => I64,
        Class::F32 => F32,
        Class::F64 => F64,
        Class::V128 => V128,
    }
}

/// A conversion: of one operand, to another type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conversion {
    pub(super) result: Type,
    pub(super) operand: Type,
    /// Whether the bits of a NaN show in the result.
    pub(super) shows_bits: bool,
    pub(super) op: Op,
}

/// Operators by what they are, each list in the table's order.
#[derive(Debug, Default)]
pub(super) struct Operators {
    /// Of two operands of the result's type, but those below.
    binary: [Vec<Op>; 4],
    /// Of two operands of the result's type, which may trap.
    division: [Vec<Op>; 4],
    /// Of one operand of the result's type.
    unary: [Vec<Op>; 4],
    loads: [Vec<Op>; 4],
    /// Of two operands of one type, with their type.
    pub(super) comparisons: Vec<(Type, Op)>,
    pub(super) conversions: Vec<Conversion>,
}

/// The place of a numeric type in a list for each; none for references.
fn place(ty: Type) -> Option<usize> {
    super::NUMERIC.iter().position(|&numeric| numeric == ty)
}

impl Operators {
    fn of(lists: &[Vec<Op>; 4], ty: Type) -> &[Op] {
        place(ty).map_or(&[], |place| &lists[place])
    }

    /// Operators on numbers of type `ty` that never trap and never show bits.
    pub(super) fn binary(&self, ty: Type) -> &[Op] {
        Self::of(&self.binary, ty)
    }

    /// Operators on numbers of type `ty` that may trap.
    pub(super) fn division(&self, ty: Type) -> &[Op] {
        Self::of(&self.division, ty)
    }

    /// Operators of a number of type `ty`.
    pub(super) fn unary(&self, ty: Type) -> &[Op] {
        Self::of(&self.unary, ty)
    }

    /// Loads of a number of type `ty`.
    pub(super) fn loads(&self, ty: Type) -> &[Op] {
        Self::of(&self.loads, ty)
    }
}

/// Those of the table.
pub(super) static OPERATORS: LazyLock<Operators> = LazyLock::new(|| {
    let mut lists = Operators::default();
    for &instruction in Instruction::ALL {
        let (Instruction::Unary(op) | Instruction::Binary(op) | Instruction::Load(op)) = instruction else { continue };
        let (info, row) = (op.info(), instruction.info());
        let (operand, result) = (type_of(info.operand), type_of(info.result));
        let of_result = place(result).expect("a numeric type");
        match instruction {
            Instruction::Load(_) => lists.loads[of_result].push(op),
            Instruction::Binary(_) if matches!(op, Op::F32Copysign | Op::F64Copysign) => {}
            Instruction::Binary(_) if op.is_comparison() => lists.comparisons.push((operand, op)),
            Instruction::Binary(_) if info.effect == Effect::Traps => lists.division[of_result].push(op),
            Instruction::Binary(_) => lists.binary[of_result].push(op),
            _ if op == Op::RefIsNull => {
                lists.conversions.push(Conversion { result, operand: Func, shows_bits: false, op });
            }
            // Others want references that not every expression gives.
            _ if row.operands[0] == instruction::Type::Ref => {}
            _ if operand == result => lists.unary[of_result].push(op),
            _ => {
                let shows_bits = matches!(op, Op::I32ReinterpretF32 | Op::I64ReinterpretF64);
                lists.conversions.push(Conversion { result, operand, shows_bits, op });
            }
        }
    }
    lists
});
