//! The rows of the vector operators (spec 2.4.3): fixed-width and relaxed SIMD.
//!
//! A row is written as those of [`table`](super::table) are, with these parts besides:
//!
//! | part | says |
//! |---|---|
//! | `[]` | no opcode: lowering chooses the operator, see `relaxed` below, or adds it |
//! | `v128` | the machine's `V128` |
//! | `plain`, `better` | whether the machine's `Best` set of instructions is worth a second handler |
//! | `<I>` | the set of instructions (`Isa` of the machine), whose functions give the meaning |
//! | `<I, LANE>` | and the lane, a constant, below the number in front of the operands |
//!
//! `better` means that a handler with operands in slots has at least two instructions less: a second handler costs
//! code. Nothing here traps but loads and stores.
//!
//! # Relaxed operators
//!
//! A row of `relaxed` names two operators: the one used by default, and the one for `relaxed_simd_deterministic`. The
//! latter is what the deterministic profile prescribes (spec, section "Relaxed Operations" of 4.3): swizzles give 0 for
//! any lane number out of range, truncations saturate and make 0 of NaN, the product is rounded before something is
//! added to it, lanes are selected bit by bit, `min`, `max` and the multiplication of fixed-point numbers are the
//! ordinary ones, and dot products take both operands as signed and saturate. (wasmtime's setting of this name differs:
//! it fuses multiply-add, and its dot products wrap.)
//!
//! Some defaults depend on the processor: fused or not, lane numbers 16 to 127, dot products with a negative second
//! operand. There the handlers of a `better` row differ in results, so all that contain the operator have to be of the
//! same set of instructions.
//!
//! # Shuffles
//!
//! Most constants that `i8x16.shuffle` is given in real programs name lanes of one operand, or one of a few patterns in two:
//! `interleave_low` and `interleave_high` take a lane of each operand in turn, of their lower or upper halves; `concat_even` and
//! `concat_odd` the even or odd lanes of the first operand, and then those of the second. Lowering finds them
//! (`lower/shuffles.rs`).
//!
//! # References
//!
//! `RefStore` writes a reference to a field or an element. While a collection marks, what was referred to there is kept
//! (`exec/src/handlers/fields.rs`).
//!
//! # Canonical NaNs
//!
//! `F32Canonical` and the like make the positive canonical NaN of any NaN. Behind every operator that computes floats
//! they make programs deterministic bit by bit.
//!
//! # Shorter indices
//!
//! `I32SaturateI64` is no operator on vectors, but stands here as those for canonical NaNs do: no module contains it. Lowering
//! puts it in front of instructions on tables with 64-bit indices.

#[cfg(test)]
mod tests;

/// Calls `$callback!` with `$before` and the rows of the vector operators, all but `v128.const`:
/// - `unops`: `Name [opcode] "text" operand => result plain|better <I> |a| meaning;`
/// - `binops`: `Name [opcode] "text" operand operand => result plain|better <I> |a, b| meaning;`
/// - `ternops`: `Name [opcode] "text" operand operand operand => result plain|better <I> |a, b, c| meaning;` The third
///   operand of `i8x16.shuffle` is its immediate: 16 bytes, each less than 32;
/// - `extracts`: `Name [opcode] "text" lanes operand => result plain|better <I, LANE> |a| meaning;`
/// - `replaces`: `Name [opcode] "text" lanes operand operand => result plain|better <I, LANE> |a, b| meaning;`
/// - `loads`: `Name [opcode] "text" in memory => result plain|better <I> |a| conversion;`
/// - `stores`: `Name [opcode] "text" operand => in memory plain|better <I> |a| conversion;`
/// - `lane_loads`: `Name [opcode] "text" lanes load replace;` The two operators that it is lowered to;
/// - `lane_stores`: `Name [opcode] "text" lanes extract store;` The two operators that it is lowered to;
/// - `relaxed`: `Name [opcode] "text" operator operator;` See the module.
#[macro_export]
macro_rules! for_each_vector_op {
    ($callback:ident $($before:tt)*) => {
        $callback! {
            $($before)*
            unops {
                I8x16Splat [0xfd 0x0f] "i8x16.splat" u32 => v128 better <I> |a| I::i8x16_splat(a);
                I16x8Splat [0xfd 0x10] "i16x8.splat" u32 => v128 better <I> |a| I::i16x8_splat(a);
                I32x4Splat [0xfd 0x11] "i32x4.splat" u32 => v128 plain <I> |a| I::i32x4_splat(a);
                I64x2Splat [0xfd 0x12] "i64x2.splat" u64 => v128 plain <I> |a| I::i64x2_splat(a);
                F32x4Splat [0xfd 0x13] "f32x4.splat" f32 => v128 plain <I> |a| I::f32x4_splat(a);
                F64x2Splat [0xfd 0x14] "f64x2.splat" f64 => v128 plain <I> |a| I::f64x2_splat(a);
                V128Not [0xfd 0x4d] "v128.not" v128 => v128 plain <I> |a| I::v128_not(a);
                V128AnyTrue [0xfd 0x53] "v128.any_true" v128 => u32 better <I> |a| I::v128_any_true(a);
                I8x16Abs [0xfd 0x60] "i8x16.abs" v128 => v128 better <I> |a| I::i8x16_abs(a);
                I8x16Neg [0xfd 0x61] "i8x16.neg" v128 => v128 plain <I> |a| I::i8x16_neg(a);
                I8x16Popcnt [0xfd 0x62] "i8x16.popcnt" v128 => v128 better <I> |a| I::i8x16_popcnt(a);
                I8x16AllTrue [0xfd 0x63] "i8x16.all_true" v128 => u32 plain <I> |a| I::i8x16_all_true(a);
                I8x16Bitmask [0xfd 0x64] "i8x16.bitmask" v128 => u32 plain <I> |a| I::i8x16_bitmask(a);
                I16x8ExtAddPairwiseI8x16S [0xfd 0x7c] "i16x8.extadd_pairwise_i8x16_s" v128 => v128 better
                    <I> |a| I::i16x8_extadd_pairwise_i8x16_s(a);
                I16x8ExtAddPairwiseI8x16U [0xfd 0x7d] "i16x8.extadd_pairwise_i8x16_u" v128 => v128 better
                    <I> |a| I::i16x8_extadd_pairwise_i8x16_u(a);
                I16x8Abs [0xfd 0x80] "i16x8.abs" v128 => v128 better <I> |a| I::i16x8_abs(a);
                I16x8Neg [0xfd 0x81] "i16x8.neg" v128 => v128 plain <I> |a| I::i16x8_neg(a);
                I16x8AllTrue [0xfd 0x83] "i16x8.all_true" v128 => u32 plain <I> |a| I::i16x8_all_true(a);
                I16x8Bitmask [0xfd 0x84] "i16x8.bitmask" v128 => u32 plain <I> |a| I::i16x8_bitmask(a);
                I16x8ExtendLowI8x16S [0xfd 0x87] "i16x8.extend_low_i8x16_s" v128 => v128 better
                    <I> |a| I::i16x8_extend_low_i8x16_s(a);
                I16x8ExtendHighI8x16S [0xfd 0x88] "i16x8.extend_high_i8x16_s" v128 => v128 plain
                    <I> |a| I::i16x8_extend_high_i8x16_s(a);
                I16x8ExtendLowI8x16U [0xfd 0x89] "i16x8.extend_low_i8x16_u" v128 => v128 better
                    <I> |a| I::i16x8_extend_low_i8x16_u(a);
                I16x8ExtendHighI8x16U [0xfd 0x8a] "i16x8.extend_high_i8x16_u" v128 => v128 plain
                    <I> |a| I::i16x8_extend_high_i8x16_u(a);
                I32x4ExtAddPairwiseI16x8S [0xfd 0x7e] "i32x4.extadd_pairwise_i16x8_s" v128 => v128 plain
                    <I> |a| I::i32x4_extadd_pairwise_i16x8_s(a);
                I32x4ExtAddPairwiseI16x8U [0xfd 0x7f] "i32x4.extadd_pairwise_i16x8_u" v128 => v128 plain
                    <I> |a| I::i32x4_extadd_pairwise_i16x8_u(a);
                I32x4Abs [0xfd 0xa0] "i32x4.abs" v128 => v128 better <I> |a| I::i32x4_abs(a);
                I32x4Neg [0xfd 0xa1] "i32x4.neg" v128 => v128 plain <I> |a| I::i32x4_neg(a);
                I32x4AllTrue [0xfd 0xa3] "i32x4.all_true" v128 => u32 plain <I> |a| I::i32x4_all_true(a);
                I32x4Bitmask [0xfd 0xa4] "i32x4.bitmask" v128 => u32 plain <I> |a| I::i32x4_bitmask(a);
                I32x4ExtendLowI16x8S [0xfd 0xa7] "i32x4.extend_low_i16x8_s" v128 => v128 better
                    <I> |a| I::i32x4_extend_low_i16x8_s(a);
                I32x4ExtendHighI16x8S [0xfd 0xa8] "i32x4.extend_high_i16x8_s" v128 => v128 plain
                    <I> |a| I::i32x4_extend_high_i16x8_s(a);
                I32x4ExtendLowI16x8U [0xfd 0xa9] "i32x4.extend_low_i16x8_u" v128 => v128 better
                    <I> |a| I::i32x4_extend_low_i16x8_u(a);
                I32x4ExtendHighI16x8U [0xfd 0xaa] "i32x4.extend_high_i16x8_u" v128 => v128 plain
                    <I> |a| I::i32x4_extend_high_i16x8_u(a);
                I64x2Abs [0xfd 0xc0] "i64x2.abs" v128 => v128 plain <I> |a| I::i64x2_abs(a);
                I64x2Neg [0xfd 0xc1] "i64x2.neg" v128 => v128 plain <I> |a| I::i64x2_neg(a);
                I64x2AllTrue [0xfd 0xc3] "i64x2.all_true" v128 => u32 better <I> |a| I::i64x2_all_true(a);
                I64x2Bitmask [0xfd 0xc4] "i64x2.bitmask" v128 => u32 plain <I> |a| I::i64x2_bitmask(a);
                I64x2ExtendLowI32x4S [0xfd 0xc7] "i64x2.extend_low_i32x4_s" v128 => v128 better
                    <I> |a| I::i64x2_extend_low_i32x4_s(a);
                I64x2ExtendHighI32x4S [0xfd 0xc8] "i64x2.extend_high_i32x4_s" v128 => v128 plain
                    <I> |a| I::i64x2_extend_high_i32x4_s(a);
                I64x2ExtendLowI32x4U [0xfd 0xc9] "i64x2.extend_low_i32x4_u" v128 => v128 better
                    <I> |a| I::i64x2_extend_low_i32x4_u(a);
                I64x2ExtendHighI32x4U [0xfd 0xca] "i64x2.extend_high_i32x4_u" v128 => v128 plain
                    <I> |a| I::i64x2_extend_high_i32x4_u(a);
                F32x4Ceil [0xfd 0x67] "f32x4.ceil" v128 => v128 better <I> |a| I::f32x4_ceil(a);
                F32x4Floor [0xfd 0x68] "f32x4.floor" v128 => v128 better <I> |a| I::f32x4_floor(a);
                F32x4Trunc [0xfd 0x69] "f32x4.trunc" v128 => v128 better <I> |a| I::f32x4_trunc(a);
                F32x4Nearest [0xfd 0x6a] "f32x4.nearest" v128 => v128 better <I> |a| I::f32x4_nearest(a);
                F32x4Abs [0xfd 0xe0] "f32x4.abs" v128 => v128 plain <I> |a| I::f32x4_abs(a);
                F32x4Neg [0xfd 0xe1] "f32x4.neg" v128 => v128 plain <I> |a| I::f32x4_neg(a);
                F32x4Sqrt [0xfd 0xe3] "f32x4.sqrt" v128 => v128 plain <I> |a| I::f32x4_sqrt(a);
                F64x2Ceil [0xfd 0x74] "f64x2.ceil" v128 => v128 better <I> |a| I::f64x2_ceil(a);
                F64x2Floor [0xfd 0x75] "f64x2.floor" v128 => v128 better <I> |a| I::f64x2_floor(a);
                F64x2Trunc [0xfd 0x7a] "f64x2.trunc" v128 => v128 better <I> |a| I::f64x2_trunc(a);
                F64x2Nearest [0xfd 0x94] "f64x2.nearest" v128 => v128 better <I> |a| I::f64x2_nearest(a);
                F64x2Abs [0xfd 0xec] "f64x2.abs" v128 => v128 plain <I> |a| I::f64x2_abs(a);
                F64x2Neg [0xfd 0xed] "f64x2.neg" v128 => v128 plain <I> |a| I::f64x2_neg(a);
                F64x2Sqrt [0xfd 0xef] "f64x2.sqrt" v128 => v128 plain <I> |a| I::f64x2_sqrt(a);
                I32x4TruncSatF32x4S [0xfd 0xf8] "i32x4.trunc_sat_f32x4_s" v128 => v128 plain
                    <I> |a| I::i32x4_trunc_sat_f32x4_s(a);
                I32x4TruncSatF32x4U [0xfd 0xf9] "i32x4.trunc_sat_f32x4_u" v128 => v128 plain
                    <I> |a| I::i32x4_trunc_sat_f32x4_u(a);
                F32x4ConvertI32x4S [0xfd 0xfa] "f32x4.convert_i32x4_s" v128 => v128 plain
                    <I> |a| I::f32x4_convert_i32x4_s(a);
                F32x4ConvertI32x4U [0xfd 0xfb] "f32x4.convert_i32x4_u" v128 => v128 plain
                    <I> |a| I::f32x4_convert_i32x4_u(a);
                I32x4TruncSatF64x2SZero [0xfd 0xfc] "i32x4.trunc_sat_f64x2_s_zero" v128 => v128 plain
                    <I> |a| I::i32x4_trunc_sat_f64x2_s_zero(a);
                I32x4TruncSatF64x2UZero [0xfd 0xfd] "i32x4.trunc_sat_f64x2_u_zero" v128 => v128 better
                    <I> |a| I::i32x4_trunc_sat_f64x2_u_zero(a);
                F64x2ConvertLowI32x4S [0xfd 0xfe] "f64x2.convert_low_i32x4_s" v128 => v128 plain
                    <I> |a| I::f64x2_convert_low_i32x4_s(a);
                F64x2ConvertLowI32x4U [0xfd 0xff] "f64x2.convert_low_i32x4_u" v128 => v128 plain
                    <I> |a| I::f64x2_convert_low_i32x4_u(a);
                F32x4DemoteF64x2Zero [0xfd 0x5e] "f32x4.demote_f64x2_zero" v128 => v128 plain
                    <I> |a| I::f32x4_demote_f64x2_zero(a);
                F64x2PromoteLowF32x4 [0xfd 0x5f] "f64x2.promote_low_f32x4" v128 => v128 plain
                    <I> |a| I::f64x2_promote_low_f32x4(a);
                I32x4RelaxedTruncF32x4S [] "i32x4.relaxed_trunc_f32x4_s" v128 => v128 plain
                    <I> |a| I::i32x4_relaxed_trunc_f32x4_s(a);
                I32x4RelaxedTruncF64x2SZero [] "i32x4.relaxed_trunc_f64x2_s_zero" v128 => v128 plain
                    <I> |a| I::i32x4_relaxed_trunc_f64x2_s_zero(a);
                I32SaturateI64 [] "i32.saturate_i64" u64 => u32 plain <I> |a| u32::try_from(a).unwrap_or(u32::MAX);
                F32Canonical [] "f32.canonical" f32 => f32 plain <I> |a| I::f32_canonical(a);
                F64Canonical [] "f64.canonical" f64 => f64 plain <I> |a| I::f64_canonical(a);
                F32x4Canonical [] "f32x4.canonical" v128 => v128 plain <I> |a| I::f32x4_canonical(a);
                F64x2Canonical [] "f64x2.canonical" v128 => v128 plain <I> |a| I::f64x2_canonical(a);
            }
            binops {
                I8x16Swizzle [0xfd 0x0e] "i8x16.swizzle" v128 v128 => v128 better <I> |a, b| I::i8x16_swizzle(a, b);
                I8x16Eq [0xfd 0x23] "i8x16.eq" v128 v128 => v128 plain <I> |a, b| I::i8x16_eq(a, b);
                I8x16Ne [0xfd 0x24] "i8x16.ne" v128 v128 => v128 plain <I> |a, b| I::i8x16_ne(a, b);
                I8x16LtS [0xfd 0x25] "i8x16.lt_s" v128 v128 => v128 plain <I> |a, b| I::i8x16_lt_s(a, b);
                I8x16LtU [0xfd 0x26] "i8x16.lt_u" v128 v128 => v128 plain <I> |a, b| I::i8x16_lt_u(a, b);
                I8x16GtS [0xfd 0x27] "i8x16.gt_s" v128 v128 => v128 plain <I> |a, b| I::i8x16_gt_s(a, b);
                I8x16GtU [0xfd 0x28] "i8x16.gt_u" v128 v128 => v128 plain <I> |a, b| I::i8x16_gt_u(a, b);
                I8x16LeS [0xfd 0x29] "i8x16.le_s" v128 v128 => v128 plain <I> |a, b| I::i8x16_le_s(a, b);
                I8x16LeU [0xfd 0x2a] "i8x16.le_u" v128 v128 => v128 plain <I> |a, b| I::i8x16_le_u(a, b);
                I8x16GeS [0xfd 0x2b] "i8x16.ge_s" v128 v128 => v128 plain <I> |a, b| I::i8x16_ge_s(a, b);
                I8x16GeU [0xfd 0x2c] "i8x16.ge_u" v128 v128 => v128 plain <I> |a, b| I::i8x16_ge_u(a, b);
                I16x8Eq [0xfd 0x2d] "i16x8.eq" v128 v128 => v128 plain <I> |a, b| I::i16x8_eq(a, b);
                I16x8Ne [0xfd 0x2e] "i16x8.ne" v128 v128 => v128 plain <I> |a, b| I::i16x8_ne(a, b);
                I16x8LtS [0xfd 0x2f] "i16x8.lt_s" v128 v128 => v128 plain <I> |a, b| I::i16x8_lt_s(a, b);
                I16x8LtU [0xfd 0x30] "i16x8.lt_u" v128 v128 => v128 plain <I> |a, b| I::i16x8_lt_u(a, b);
                I16x8GtS [0xfd 0x31] "i16x8.gt_s" v128 v128 => v128 plain <I> |a, b| I::i16x8_gt_s(a, b);
                I16x8GtU [0xfd 0x32] "i16x8.gt_u" v128 v128 => v128 plain <I> |a, b| I::i16x8_gt_u(a, b);
                I16x8LeS [0xfd 0x33] "i16x8.le_s" v128 v128 => v128 plain <I> |a, b| I::i16x8_le_s(a, b);
                I16x8LeU [0xfd 0x34] "i16x8.le_u" v128 v128 => v128 better <I> |a, b| I::i16x8_le_u(a, b);
                I16x8GeS [0xfd 0x35] "i16x8.ge_s" v128 v128 => v128 plain <I> |a, b| I::i16x8_ge_s(a, b);
                I16x8GeU [0xfd 0x36] "i16x8.ge_u" v128 v128 => v128 better <I> |a, b| I::i16x8_ge_u(a, b);
                I32x4Eq [0xfd 0x37] "i32x4.eq" v128 v128 => v128 plain <I> |a, b| I::i32x4_eq(a, b);
                I32x4Ne [0xfd 0x38] "i32x4.ne" v128 v128 => v128 plain <I> |a, b| I::i32x4_ne(a, b);
                I32x4LtS [0xfd 0x39] "i32x4.lt_s" v128 v128 => v128 plain <I> |a, b| I::i32x4_lt_s(a, b);
                I32x4LtU [0xfd 0x3a] "i32x4.lt_u" v128 v128 => v128 plain <I> |a, b| I::i32x4_lt_u(a, b);
                I32x4GtS [0xfd 0x3b] "i32x4.gt_s" v128 v128 => v128 plain <I> |a, b| I::i32x4_gt_s(a, b);
                I32x4GtU [0xfd 0x3c] "i32x4.gt_u" v128 v128 => v128 plain <I> |a, b| I::i32x4_gt_u(a, b);
                I32x4LeS [0xfd 0x3d] "i32x4.le_s" v128 v128 => v128 plain <I> |a, b| I::i32x4_le_s(a, b);
                I32x4LeU [0xfd 0x3e] "i32x4.le_u" v128 v128 => v128 better <I> |a, b| I::i32x4_le_u(a, b);
                I32x4GeS [0xfd 0x3f] "i32x4.ge_s" v128 v128 => v128 plain <I> |a, b| I::i32x4_ge_s(a, b);
                I32x4GeU [0xfd 0x40] "i32x4.ge_u" v128 v128 => v128 better <I> |a, b| I::i32x4_ge_u(a, b);
                I64x2Eq [0xfd 0xd6] "i64x2.eq" v128 v128 => v128 better <I> |a, b| I::i64x2_eq(a, b);
                I64x2Ne [0xfd 0xd7] "i64x2.ne" v128 v128 => v128 better <I> |a, b| I::i64x2_ne(a, b);
                I64x2LtS [0xfd 0xd8] "i64x2.lt_s" v128 v128 => v128 better <I> |a, b| I::i64x2_lt_s(a, b);
                I64x2GtS [0xfd 0xd9] "i64x2.gt_s" v128 v128 => v128 better <I> |a, b| I::i64x2_gt_s(a, b);
                I64x2LeS [0xfd 0xda] "i64x2.le_s" v128 v128 => v128 better <I> |a, b| I::i64x2_le_s(a, b);
                I64x2GeS [0xfd 0xdb] "i64x2.ge_s" v128 v128 => v128 better <I> |a, b| I::i64x2_ge_s(a, b);
                F32x4Eq [0xfd 0x41] "f32x4.eq" v128 v128 => v128 plain <I> |a, b| I::f32x4_eq(a, b);
                F32x4Ne [0xfd 0x42] "f32x4.ne" v128 v128 => v128 plain <I> |a, b| I::f32x4_ne(a, b);
                F32x4Lt [0xfd 0x43] "f32x4.lt" v128 v128 => v128 plain <I> |a, b| I::f32x4_lt(a, b);
                F32x4Gt [0xfd 0x44] "f32x4.gt" v128 v128 => v128 plain <I> |a, b| I::f32x4_gt(a, b);
                F32x4Le [0xfd 0x45] "f32x4.le" v128 v128 => v128 plain <I> |a, b| I::f32x4_le(a, b);
                F32x4Ge [0xfd 0x46] "f32x4.ge" v128 v128 => v128 plain <I> |a, b| I::f32x4_ge(a, b);
                F64x2Eq [0xfd 0x47] "f64x2.eq" v128 v128 => v128 plain <I> |a, b| I::f64x2_eq(a, b);
                F64x2Ne [0xfd 0x48] "f64x2.ne" v128 v128 => v128 plain <I> |a, b| I::f64x2_ne(a, b);
                F64x2Lt [0xfd 0x49] "f64x2.lt" v128 v128 => v128 plain <I> |a, b| I::f64x2_lt(a, b);
                F64x2Gt [0xfd 0x4a] "f64x2.gt" v128 v128 => v128 plain <I> |a, b| I::f64x2_gt(a, b);
                F64x2Le [0xfd 0x4b] "f64x2.le" v128 v128 => v128 plain <I> |a, b| I::f64x2_le(a, b);
                F64x2Ge [0xfd 0x4c] "f64x2.ge" v128 v128 => v128 plain <I> |a, b| I::f64x2_ge(a, b);
                V128And [0xfd 0x4e] "v128.and" v128 v128 => v128 plain <I> |a, b| I::v128_and(a, b);
                V128AndNot [0xfd 0x4f] "v128.andnot" v128 v128 => v128 plain <I> |a, b| I::v128_andnot(a, b);
                V128Or [0xfd 0x50] "v128.or" v128 v128 => v128 plain <I> |a, b| I::v128_or(a, b);
                V128Xor [0xfd 0x51] "v128.xor" v128 v128 => v128 plain <I> |a, b| I::v128_xor(a, b);
                I8x16NarrowI16x8S [0xfd 0x65] "i8x16.narrow_i16x8_s" v128 v128 => v128 plain
                    <I> |a, b| I::i8x16_narrow_i16x8_s(a, b);
                I8x16NarrowI16x8U [0xfd 0x66] "i8x16.narrow_i16x8_u" v128 v128 => v128 plain
                    <I> |a, b| I::i8x16_narrow_i16x8_u(a, b);
                I8x16Shl [0xfd 0x6b] "i8x16.shl" v128 u32 => v128 plain <I> |a, b| I::i8x16_shl(a, b);
                I8x16ShrS [0xfd 0x6c] "i8x16.shr_s" v128 u32 => v128 plain <I> |a, b| I::i8x16_shr_s(a, b);
                I8x16ShrU [0xfd 0x6d] "i8x16.shr_u" v128 u32 => v128 plain <I> |a, b| I::i8x16_shr_u(a, b);
                I8x16Add [0xfd 0x6e] "i8x16.add" v128 v128 => v128 plain <I> |a, b| I::i8x16_add(a, b);
                I8x16AddSatS [0xfd 0x6f] "i8x16.add_sat_s" v128 v128 => v128 plain <I> |a, b| I::i8x16_add_sat_s(a, b);
                I8x16AddSatU [0xfd 0x70] "i8x16.add_sat_u" v128 v128 => v128 plain <I> |a, b| I::i8x16_add_sat_u(a, b);
                I8x16Sub [0xfd 0x71] "i8x16.sub" v128 v128 => v128 plain <I> |a, b| I::i8x16_sub(a, b);
                I8x16SubSatS [0xfd 0x72] "i8x16.sub_sat_s" v128 v128 => v128 plain <I> |a, b| I::i8x16_sub_sat_s(a, b);
                I8x16SubSatU [0xfd 0x73] "i8x16.sub_sat_u" v128 v128 => v128 plain <I> |a, b| I::i8x16_sub_sat_u(a, b);
                I8x16MinS [0xfd 0x76] "i8x16.min_s" v128 v128 => v128 better <I> |a, b| I::i8x16_min_s(a, b);
                I8x16MinU [0xfd 0x77] "i8x16.min_u" v128 v128 => v128 plain <I> |a, b| I::i8x16_min_u(a, b);
                I8x16MaxS [0xfd 0x78] "i8x16.max_s" v128 v128 => v128 better <I> |a, b| I::i8x16_max_s(a, b);
                I8x16MaxU [0xfd 0x79] "i8x16.max_u" v128 v128 => v128 plain <I> |a, b| I::i8x16_max_u(a, b);
                I8x16AvgrU [0xfd 0x7b] "i8x16.avgr_u" v128 v128 => v128 plain <I> |a, b| I::i8x16_avgr_u(a, b);
                I16x8Q15MulrSatS [0xfd 0x82] "i16x8.q15mulr_sat_s" v128 v128 => v128 better
                    <I> |a, b| I::i16x8_q15mulr_sat_s(a, b);
                I16x8NarrowI32x4S [0xfd 0x85] "i16x8.narrow_i32x4_s" v128 v128 => v128 plain
                    <I> |a, b| I::i16x8_narrow_i32x4_s(a, b);
                I16x8NarrowI32x4U [0xfd 0x86] "i16x8.narrow_i32x4_u" v128 v128 => v128 better
                    <I> |a, b| I::i16x8_narrow_i32x4_u(a, b);
                I16x8Shl [0xfd 0x8b] "i16x8.shl" v128 u32 => v128 plain <I> |a, b| I::i16x8_shl(a, b);
                I16x8ShrS [0xfd 0x8c] "i16x8.shr_s" v128 u32 => v128 plain <I> |a, b| I::i16x8_shr_s(a, b);
                I16x8ShrU [0xfd 0x8d] "i16x8.shr_u" v128 u32 => v128 plain <I> |a, b| I::i16x8_shr_u(a, b);
                I16x8Add [0xfd 0x8e] "i16x8.add" v128 v128 => v128 plain <I> |a, b| I::i16x8_add(a, b);
                I16x8AddSatS [0xfd 0x8f] "i16x8.add_sat_s" v128 v128 => v128 plain <I> |a, b| I::i16x8_add_sat_s(a, b);
                I16x8AddSatU [0xfd 0x90] "i16x8.add_sat_u" v128 v128 => v128 plain <I> |a, b| I::i16x8_add_sat_u(a, b);
                I16x8Sub [0xfd 0x91] "i16x8.sub" v128 v128 => v128 plain <I> |a, b| I::i16x8_sub(a, b);
                I16x8SubSatS [0xfd 0x92] "i16x8.sub_sat_s" v128 v128 => v128 plain <I> |a, b| I::i16x8_sub_sat_s(a, b);
                I16x8SubSatU [0xfd 0x93] "i16x8.sub_sat_u" v128 v128 => v128 plain <I> |a, b| I::i16x8_sub_sat_u(a, b);
                I16x8Mul [0xfd 0x95] "i16x8.mul" v128 v128 => v128 plain <I> |a, b| I::i16x8_mul(a, b);
                I16x8MinS [0xfd 0x96] "i16x8.min_s" v128 v128 => v128 plain <I> |a, b| I::i16x8_min_s(a, b);
                I16x8MinU [0xfd 0x97] "i16x8.min_u" v128 v128 => v128 better <I> |a, b| I::i16x8_min_u(a, b);
                I16x8MaxS [0xfd 0x98] "i16x8.max_s" v128 v128 => v128 plain <I> |a, b| I::i16x8_max_s(a, b);
                I16x8MaxU [0xfd 0x99] "i16x8.max_u" v128 v128 => v128 better <I> |a, b| I::i16x8_max_u(a, b);
                I16x8AvgrU [0xfd 0x9b] "i16x8.avgr_u" v128 v128 => v128 plain <I> |a, b| I::i16x8_avgr_u(a, b);
                I16x8ExtMulLowI8x16S [0xfd 0x9c] "i16x8.extmul_low_i8x16_s" v128 v128 => v128 better
                    <I> |a, b| I::i16x8_extmul_low_i8x16_s(a, b);
                I16x8ExtMulHighI8x16S [0xfd 0x9d] "i16x8.extmul_high_i8x16_s" v128 v128 => v128 plain
                    <I> |a, b| I::i16x8_extmul_high_i8x16_s(a, b);
                I16x8ExtMulLowI8x16U [0xfd 0x9e] "i16x8.extmul_low_i8x16_u" v128 v128 => v128 better
                    <I> |a, b| I::i16x8_extmul_low_i8x16_u(a, b);
                I16x8ExtMulHighI8x16U [0xfd 0x9f] "i16x8.extmul_high_i8x16_u" v128 v128 => v128 plain
                    <I> |a, b| I::i16x8_extmul_high_i8x16_u(a, b);
                I32x4Shl [0xfd 0xab] "i32x4.shl" v128 u32 => v128 plain <I> |a, b| I::i32x4_shl(a, b);
                I32x4ShrS [0xfd 0xac] "i32x4.shr_s" v128 u32 => v128 plain <I> |a, b| I::i32x4_shr_s(a, b);
                I32x4ShrU [0xfd 0xad] "i32x4.shr_u" v128 u32 => v128 plain <I> |a, b| I::i32x4_shr_u(a, b);
                I32x4Add [0xfd 0xae] "i32x4.add" v128 v128 => v128 plain <I> |a, b| I::i32x4_add(a, b);
                I32x4Sub [0xfd 0xb1] "i32x4.sub" v128 v128 => v128 plain <I> |a, b| I::i32x4_sub(a, b);
                I32x4Mul [0xfd 0xb5] "i32x4.mul" v128 v128 => v128 better <I> |a, b| I::i32x4_mul(a, b);
                I32x4MinS [0xfd 0xb6] "i32x4.min_s" v128 v128 => v128 better <I> |a, b| I::i32x4_min_s(a, b);
                I32x4MinU [0xfd 0xb7] "i32x4.min_u" v128 v128 => v128 better <I> |a, b| I::i32x4_min_u(a, b);
                I32x4MaxS [0xfd 0xb8] "i32x4.max_s" v128 v128 => v128 better <I> |a, b| I::i32x4_max_s(a, b);
                I32x4MaxU [0xfd 0xb9] "i32x4.max_u" v128 v128 => v128 better <I> |a, b| I::i32x4_max_u(a, b);
                I32x4DotI16x8S [0xfd 0xba] "i32x4.dot_i16x8_s" v128 v128 => v128 plain
                    <I> |a, b| I::i32x4_dot_i16x8_s(a, b);
                I32x4ExtMulLowI16x8S [0xfd 0xbc] "i32x4.extmul_low_i16x8_s" v128 v128 => v128 plain
                    <I> |a, b| I::i32x4_extmul_low_i16x8_s(a, b);
                I32x4ExtMulHighI16x8S [0xfd 0xbd] "i32x4.extmul_high_i16x8_s" v128 v128 => v128 plain
                    <I> |a, b| I::i32x4_extmul_high_i16x8_s(a, b);
                I32x4ExtMulLowI16x8U [0xfd 0xbe] "i32x4.extmul_low_i16x8_u" v128 v128 => v128 plain
                    <I> |a, b| I::i32x4_extmul_low_i16x8_u(a, b);
                I32x4ExtMulHighI16x8U [0xfd 0xbf] "i32x4.extmul_high_i16x8_u" v128 v128 => v128 plain
                    <I> |a, b| I::i32x4_extmul_high_i16x8_u(a, b);
                I64x2Shl [0xfd 0xcb] "i64x2.shl" v128 u32 => v128 plain <I> |a, b| I::i64x2_shl(a, b);
                I64x2ShrS [0xfd 0xcc] "i64x2.shr_s" v128 u32 => v128 plain <I> |a, b| I::i64x2_shr_s(a, b);
                I64x2ShrU [0xfd 0xcd] "i64x2.shr_u" v128 u32 => v128 plain <I> |a, b| I::i64x2_shr_u(a, b);
                I64x2Add [0xfd 0xce] "i64x2.add" v128 v128 => v128 plain <I> |a, b| I::i64x2_add(a, b);
                I64x2Sub [0xfd 0xd1] "i64x2.sub" v128 v128 => v128 plain <I> |a, b| I::i64x2_sub(a, b);
                I64x2Mul [0xfd 0xd5] "i64x2.mul" v128 v128 => v128 plain <I> |a, b| I::i64x2_mul(a, b);
                I64x2ExtMulLowI32x4S [0xfd 0xdc] "i64x2.extmul_low_i32x4_s" v128 v128 => v128 better
                    <I> |a, b| I::i64x2_extmul_low_i32x4_s(a, b);
                I64x2ExtMulHighI32x4S [0xfd 0xdd] "i64x2.extmul_high_i32x4_s" v128 v128 => v128 better
                    <I> |a, b| I::i64x2_extmul_high_i32x4_s(a, b);
                I64x2ExtMulLowI32x4U [0xfd 0xde] "i64x2.extmul_low_i32x4_u" v128 v128 => v128 plain
                    <I> |a, b| I::i64x2_extmul_low_i32x4_u(a, b);
                I64x2ExtMulHighI32x4U [0xfd 0xdf] "i64x2.extmul_high_i32x4_u" v128 v128 => v128 plain
                    <I> |a, b| I::i64x2_extmul_high_i32x4_u(a, b);
                F32x4Add [0xfd 0xe4] "f32x4.add" v128 v128 => v128 plain <I> |a, b| I::f32x4_add(a, b);
                F32x4Sub [0xfd 0xe5] "f32x4.sub" v128 v128 => v128 plain <I> |a, b| I::f32x4_sub(a, b);
                F32x4Mul [0xfd 0xe6] "f32x4.mul" v128 v128 => v128 plain <I> |a, b| I::f32x4_mul(a, b);
                F32x4Div [0xfd 0xe7] "f32x4.div" v128 v128 => v128 plain <I> |a, b| I::f32x4_div(a, b);
                F32x4Min [0xfd 0xe8] "f32x4.min" v128 v128 => v128 better <I> |a, b| I::f32x4_min(a, b);
                F32x4Max [0xfd 0xe9] "f32x4.max" v128 v128 => v128 better <I> |a, b| I::f32x4_max(a, b);
                F32x4PMin [0xfd 0xea] "f32x4.pmin" v128 v128 => v128 plain <I> |a, b| I::f32x4_pmin(a, b);
                F32x4PMax [0xfd 0xeb] "f32x4.pmax" v128 v128 => v128 plain <I> |a, b| I::f32x4_pmax(a, b);
                F64x2Add [0xfd 0xf0] "f64x2.add" v128 v128 => v128 plain <I> |a, b| I::f64x2_add(a, b);
                F64x2Sub [0xfd 0xf1] "f64x2.sub" v128 v128 => v128 plain <I> |a, b| I::f64x2_sub(a, b);
                F64x2Mul [0xfd 0xf2] "f64x2.mul" v128 v128 => v128 plain <I> |a, b| I::f64x2_mul(a, b);
                F64x2Div [0xfd 0xf3] "f64x2.div" v128 v128 => v128 plain <I> |a, b| I::f64x2_div(a, b);
                F64x2Min [0xfd 0xf4] "f64x2.min" v128 v128 => v128 better <I> |a, b| I::f64x2_min(a, b);
                F64x2Max [0xfd 0xf5] "f64x2.max" v128 v128 => v128 better <I> |a, b| I::f64x2_max(a, b);
                F64x2PMin [0xfd 0xf6] "f64x2.pmin" v128 v128 => v128 plain <I> |a, b| I::f64x2_pmin(a, b);
                F64x2PMax [0xfd 0xf7] "f64x2.pmax" v128 v128 => v128 plain <I> |a, b| I::f64x2_pmax(a, b);
                I8x16RelaxedSwizzle [] "i8x16.relaxed_swizzle" v128 v128 => v128 better
                    <I> |a, b| I::i8x16_relaxed_swizzle(a, b);
                I16x8RelaxedQ15mulrS [] "i16x8.relaxed_q15mulr_s" v128 v128 => v128 better
                    <I> |a, b| I::i16x8_relaxed_q15mulr_s(a, b);
                I16x8RelaxedDotI8x16I7x16S [] "i16x8.relaxed_dot_i8x16_i7x16_s" v128 v128 => v128 better
                    <I> |a, b| I::i16x8_relaxed_dot_i8x16_i7x16_s(a, b);
                I16x8DotI8x16S [] "i16x8.dot_i8x16_s" v128 v128 => v128 plain <I> |a, b| I::i16x8_dot_i8x16_s(a, b);
                I8x16InterleaveLow [] "i8x16.interleave_low" v128 v128 => v128 plain
                    <I> |a, b| I::i8x16_interleave_low(a, b);
                I8x16InterleaveHigh [] "i8x16.interleave_high" v128 v128 => v128 plain
                    <I> |a, b| I::i8x16_interleave_high(a, b);
                I16x8InterleaveLow [] "i16x8.interleave_low" v128 v128 => v128 plain
                    <I> |a, b| I::i16x8_interleave_low(a, b);
                I16x8InterleaveHigh [] "i16x8.interleave_high" v128 v128 => v128 plain
                    <I> |a, b| I::i16x8_interleave_high(a, b);
                I32x4InterleaveLow [] "i32x4.interleave_low" v128 v128 => v128 plain
                    <I> |a, b| I::i32x4_interleave_low(a, b);
                I32x4InterleaveHigh [] "i32x4.interleave_high" v128 v128 => v128 plain
                    <I> |a, b| I::i32x4_interleave_high(a, b);
                I64x2InterleaveLow [] "i64x2.interleave_low" v128 v128 => v128 plain
                    <I> |a, b| I::i64x2_interleave_low(a, b);
                I64x2InterleaveHigh [] "i64x2.interleave_high" v128 v128 => v128 plain
                    <I> |a, b| I::i64x2_interleave_high(a, b);
                I32x4ConcatEven [] "i32x4.concat_even" v128 v128 => v128 plain
                    <I> |a, b| I::i32x4_concat_even(a, b);
                I32x4ConcatOdd [] "i32x4.concat_odd" v128 v128 => v128 plain
                    <I> |a, b| I::i32x4_concat_odd(a, b);
            }
            ternops {
                I8x16Shuffle [0xfd 0x0d] "i8x16.shuffle" v128 v128 v128 => v128 better
                    <I> |a, b, c| I::i8x16_shuffle(a, b, c);
                V128Bitselect [0xfd 0x52] "v128.bitselect" v128 v128 v128 => v128 plain
                    <I> |a, b, c| I::v128_bitselect(a, b, c);
                F32x4RelaxedMadd [] "f32x4.relaxed_madd" v128 v128 v128 => v128 better
                    <I> |a, b, c| I::f32x4_relaxed_madd(a, b, c);
                F32x4Madd [] "f32x4.madd" v128 v128 v128 => v128 plain <I> |a, b, c| I::f32x4_madd(a, b, c);
                F32x4RelaxedNmadd [] "f32x4.relaxed_nmadd" v128 v128 v128 => v128 better
                    <I> |a, b, c| I::f32x4_relaxed_nmadd(a, b, c);
                F32x4Nmadd [] "f32x4.nmadd" v128 v128 v128 => v128 plain <I> |a, b, c| I::f32x4_nmadd(a, b, c);
                F64x2RelaxedMadd [] "f64x2.relaxed_madd" v128 v128 v128 => v128 better
                    <I> |a, b, c| I::f64x2_relaxed_madd(a, b, c);
                F64x2Madd [] "f64x2.madd" v128 v128 v128 => v128 plain <I> |a, b, c| I::f64x2_madd(a, b, c);
                F64x2RelaxedNmadd [] "f64x2.relaxed_nmadd" v128 v128 v128 => v128 better
                    <I> |a, b, c| I::f64x2_relaxed_nmadd(a, b, c);
                F64x2Nmadd [] "f64x2.nmadd" v128 v128 v128 => v128 plain <I> |a, b, c| I::f64x2_nmadd(a, b, c);
                I32x4RelaxedDotI8x16I7x16AddS [] "i32x4.relaxed_dot_i8x16_i7x16_add_s" v128 v128 v128 => v128 better
                    <I> |a, b, c| I::i32x4_relaxed_dot_i8x16_i7x16_add_s(a, b, c);
                I32x4DotI8x16AddS [] "i32x4.dot_i8x16_add_s" v128 v128 v128 => v128 plain
                    <I> |a, b, c| I::i32x4_dot_i8x16_add_s(a, b, c);
            }
            extracts {
                I8x16ExtractLaneS [0xfd 0x15] "i8x16.extract_lane_s" 16 v128 => u32 plain
                    <I, LANE> |a| I::i8x16_extract_lane_s::<LANE>(a);
                I8x16ExtractLaneU [0xfd 0x16] "i8x16.extract_lane_u" 16 v128 => u32 plain
                    <I, LANE> |a| I::i8x16_extract_lane_u::<LANE>(a);
                I16x8ExtractLaneS [0xfd 0x18] "i16x8.extract_lane_s" 8 v128 => u32 plain
                    <I, LANE> |a| I::i16x8_extract_lane_s::<LANE>(a);
                I16x8ExtractLaneU [0xfd 0x19] "i16x8.extract_lane_u" 8 v128 => u32 plain
                    <I, LANE> |a| I::i16x8_extract_lane_u::<LANE>(a);
                I32x4ExtractLane [0xfd 0x1b] "i32x4.extract_lane" 4 v128 => u32 plain
                    <I, LANE> |a| I::i32x4_extract_lane::<LANE>(a);
                I64x2ExtractLane [0xfd 0x1d] "i64x2.extract_lane" 2 v128 => u64 plain
                    <I, LANE> |a| I::i64x2_extract_lane::<LANE>(a);
                F32x4ExtractLane [0xfd 0x1f] "f32x4.extract_lane" 4 v128 => f32 plain
                    <I, LANE> |a| I::f32x4_extract_lane::<LANE>(a);
                F64x2ExtractLane [0xfd 0x21] "f64x2.extract_lane" 2 v128 => f64 plain
                    <I, LANE> |a| I::f64x2_extract_lane::<LANE>(a);
            }
            replaces {
                I8x16ReplaceLane [0xfd 0x17] "i8x16.replace_lane" 16 v128 u32 => v128 better
                    <I, LANE> |a, b| I::i8x16_replace_lane::<LANE>(a, b);
                I16x8ReplaceLane [0xfd 0x1a] "i16x8.replace_lane" 8 v128 u32 => v128 plain
                    <I, LANE> |a, b| I::i16x8_replace_lane::<LANE>(a, b);
                I32x4ReplaceLane [0xfd 0x1c] "i32x4.replace_lane" 4 v128 u32 => v128 better
                    <I, LANE> |a, b| I::i32x4_replace_lane::<LANE>(a, b);
                I64x2ReplaceLane [0xfd 0x1e] "i64x2.replace_lane" 2 v128 u64 => v128 plain
                    <I, LANE> |a, b| I::i64x2_replace_lane::<LANE>(a, b);
                F32x4ReplaceLane [0xfd 0x20] "f32x4.replace_lane" 4 v128 f32 => v128 plain
                    <I, LANE> |a, b| I::f32x4_replace_lane::<LANE>(a, b);
                F64x2ReplaceLane [0xfd 0x22] "f64x2.replace_lane" 2 v128 f64 => v128 plain
                    <I, LANE> |a, b| I::f64x2_replace_lane::<LANE>(a, b);
            }
            loads {
                V128Load [0xfd 0x00] "v128.load" in v128 => v128 plain <I> |a| a;
                V128Load8x8S [0xfd 0x01] "v128.load8x8_s" in u64 => v128 better
                    <I> |a| I::i16x8_extend_low_i8x16_s(I::v128_load64_zero(a));
                V128Load8x8U [0xfd 0x02] "v128.load8x8_u" in u64 => v128 better
                    <I> |a| I::i16x8_extend_low_i8x16_u(I::v128_load64_zero(a));
                V128Load16x4S [0xfd 0x03] "v128.load16x4_s" in u64 => v128 better
                    <I> |a| I::i32x4_extend_low_i16x8_s(I::v128_load64_zero(a));
                V128Load16x4U [0xfd 0x04] "v128.load16x4_u" in u64 => v128 better
                    <I> |a| I::i32x4_extend_low_i16x8_u(I::v128_load64_zero(a));
                V128Load32x2S [0xfd 0x05] "v128.load32x2_s" in u64 => v128 better
                    <I> |a| I::i64x2_extend_low_i32x4_s(I::v128_load64_zero(a));
                V128Load32x2U [0xfd 0x06] "v128.load32x2_u" in u64 => v128 better
                    <I> |a| I::i64x2_extend_low_i32x4_u(I::v128_load64_zero(a));
                V128Load8Splat [0xfd 0x07] "v128.load8_splat" in u8 => v128 better <I> |a| I::i8x16_splat(u32::from(a));
                V128Load16Splat [0xfd 0x08] "v128.load16_splat" in u16 => v128 better
                    <I> |a| I::i16x8_splat(u32::from(a));
                V128Load32Splat [0xfd 0x09] "v128.load32_splat" in u32 => v128 plain <I> |a| I::i32x4_splat(a);
                V128Load64Splat [0xfd 0x0a] "v128.load64_splat" in u64 => v128 plain <I> |a| I::i64x2_splat(a);
                V128Load32Zero [0xfd 0x5c] "v128.load32_zero" in u32 => v128 plain <I> |a| I::v128_load32_zero(a);
                V128Load64Zero [0xfd 0x5d] "v128.load64_zero" in u64 => v128 plain <I> |a| I::v128_load64_zero(a);
            }
            stores {
                V128Store [0xfd 0x0b] "v128.store" v128 => in v128 plain <I> |a| a;
                RefStore [] "ref.store" u64 => in u64 plain <I> |a| a;
            }
            lane_loads {
                V128Load8Lane [0xfd 0x54] "v128.load8_lane" 16 I32Load8U I8x16ReplaceLane;
                V128Load16Lane [0xfd 0x55] "v128.load16_lane" 8 I32Load16U I16x8ReplaceLane;
                V128Load32Lane [0xfd 0x56] "v128.load32_lane" 4 I32Load I32x4ReplaceLane;
                V128Load64Lane [0xfd 0x57] "v128.load64_lane" 2 I64Load I64x2ReplaceLane;
            }
            lane_stores {
                V128Store8Lane [0xfd 0x58] "v128.store8_lane" 16 I8x16ExtractLaneU I32Store8;
                V128Store16Lane [0xfd 0x59] "v128.store16_lane" 8 I16x8ExtractLaneU I32Store16;
                V128Store32Lane [0xfd 0x5a] "v128.store32_lane" 4 I32x4ExtractLane I32Store;
                V128Store64Lane [0xfd 0x5b] "v128.store64_lane" 2 I64x2ExtractLane I64Store;
            }
            relaxed {
                I8x16RelaxedSwizzle [0xfd 0x100] "i8x16.relaxed_swizzle" I8x16RelaxedSwizzle I8x16Swizzle;
                I32x4RelaxedTruncF32x4S [0xfd 0x101] "i32x4.relaxed_trunc_f32x4_s"
                    I32x4RelaxedTruncF32x4S I32x4TruncSatF32x4S;
                I32x4RelaxedTruncF32x4U [0xfd 0x102] "i32x4.relaxed_trunc_f32x4_u"
                    I32x4TruncSatF32x4U I32x4TruncSatF32x4U;
                I32x4RelaxedTruncF64x2SZero [0xfd 0x103] "i32x4.relaxed_trunc_f64x2_s_zero"
                    I32x4RelaxedTruncF64x2SZero I32x4TruncSatF64x2SZero;
                I32x4RelaxedTruncF64x2UZero [0xfd 0x104] "i32x4.relaxed_trunc_f64x2_u_zero"
                    I32x4TruncSatF64x2UZero I32x4TruncSatF64x2UZero;
                F32x4RelaxedMadd [0xfd 0x105] "f32x4.relaxed_madd" F32x4RelaxedMadd F32x4Madd;
                F32x4RelaxedNmadd [0xfd 0x106] "f32x4.relaxed_nmadd" F32x4RelaxedNmadd F32x4Nmadd;
                F64x2RelaxedMadd [0xfd 0x107] "f64x2.relaxed_madd" F64x2RelaxedMadd F64x2Madd;
                F64x2RelaxedNmadd [0xfd 0x108] "f64x2.relaxed_nmadd" F64x2RelaxedNmadd F64x2Nmadd;
                I8x16RelaxedLaneselect [0xfd 0x109] "i8x16.relaxed_laneselect" V128Bitselect V128Bitselect;
                I16x8RelaxedLaneselect [0xfd 0x10a] "i16x8.relaxed_laneselect" V128Bitselect V128Bitselect;
                I32x4RelaxedLaneselect [0xfd 0x10b] "i32x4.relaxed_laneselect" V128Bitselect V128Bitselect;
                I64x2RelaxedLaneselect [0xfd 0x10c] "i64x2.relaxed_laneselect" V128Bitselect V128Bitselect;
                F32x4RelaxedMin [0xfd 0x10d] "f32x4.relaxed_min" F32x4PMin F32x4Min;
                F32x4RelaxedMax [0xfd 0x10e] "f32x4.relaxed_max" F32x4PMax F32x4Max;
                F64x2RelaxedMin [0xfd 0x10f] "f64x2.relaxed_min" F64x2PMin F64x2Min;
                F64x2RelaxedMax [0xfd 0x110] "f64x2.relaxed_max" F64x2PMax F64x2Max;
                I16x8RelaxedQ15mulrS [0xfd 0x111] "i16x8.relaxed_q15mulr_s" I16x8RelaxedQ15mulrS I16x8Q15MulrSatS;
                I16x8RelaxedDotI8x16I7x16S [0xfd 0x112] "i16x8.relaxed_dot_i8x16_i7x16_s"
                    I16x8RelaxedDotI8x16I7x16S I16x8DotI8x16S;
                I32x4RelaxedDotI8x16I7x16AddS [0xfd 0x113] "i32x4.relaxed_dot_i8x16_i7x16_add_s"
                    I32x4RelaxedDotI8x16I7x16AddS I32x4DotI8x16AddS;
            }
        }
    };
}
