//! wasmparser's operators and types in this crate's words.

use crate::ValType;
use crate::ops::{Class, Op};
use wasmparser::Operator;

macro_rules! numeric {
    (
        unops { $($un:ident [$($uc:literal)+] $un_text:literal $ua:ident => $ut:ident $ue:ident |$ux:ident| $usem:expr;)* }
        binops { $($bin:ident [$($bc:literal)+] $bin_text:literal $ba:ident => $bt:ident $be:ident |$bx:ident, $by:ident| $bsem:expr;)* }
        loads { $($load:ident [$($lc:literal)+] $load_text:literal $lraw:ident => $lt:ident |$lx:ident| $lsem:expr;)* }
        stores { $($store:ident [$($sc:literal)+] $store_text:literal $st:ident => $sraw:ident |$sx:ident| $ssem:expr;)* }
    ) => {
        /// The operator's row in the table, and its static offset.
        pub(super) fn numeric(operator: &Operator<'_>) -> Option<(Op, u32)> {
            Some(match operator {
                $(Operator::$un => (Op::$un, 0),)*
                $(Operator::$bin => (Op::$bin, 0),)*
                $(Operator::$load { memarg } => (Op::$load, memarg.offset as u32),)*
                $(Operator::$store { memarg } => (Op::$store, memarg.offset as u32),)*
                _ => return None,
            })
        }
    };
}
crate::for_each_op!(numeric);

/// The class of a type.
pub(super) fn class_of(ty: wasmparser::ValType) -> Class {
    match ty {
        wasmparser::ValType::I32 => Class::I32,
        wasmparser::ValType::I64 | wasmparser::ValType::Ref(_) => Class::I64,
        wasmparser::ValType::F32 => Class::F32,
        wasmparser::ValType::F64 => Class::F64,
        wasmparser::ValType::V128 => unreachable!("no feature that is supported has vectors"),
    }
}

/// The classes of a list of types.
pub(super) fn classes(types: &[ValType]) -> impl Iterator<Item = Class> + Clone + '_ {
    types.iter().map(|&ty| ty.into())
}
