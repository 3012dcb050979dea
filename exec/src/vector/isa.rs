//! The vector operators of a set of instructions, named as in the text format (spec 4.3.6 and on).

use crate::vector::V128;

/// Each function forwards to the set below, and says so here once. Arguments are written once a list of names.
macro_rules! isa {
    ($(fn $arguments:tt -> $result:ty: $($name:ident)*;)*) => { $($(isa!(@one $name $arguments $result);)*)* };
    (lanes $(fn $arguments:tt -> $result:ty: $($name:ident)*;)*) => { $($(isa!(@lane $name $arguments $result);)*)* };
    (@one $name:ident ($($argument:ident: $ty:ty),*) $result:ty) => {
        #[inline(always)]
        fn $name($($argument: $ty),*) -> $result {
            Self::Below::$name($($argument),*)
        }
    };
    (@lane $name:ident ($($argument:ident: $ty:ty),*) $result:ty) => {
        #[inline(always)]
        fn $name<const LANE: u8>($($argument: $ty),*) -> $result {
            Self::Below::$name::<LANE>($($argument),*)
        }
    };
}

/// A set of instructions. Operators whose result the specification leaves open (NaNs, relaxed operators) may differ
/// between sets.
///
/// A set says what it does better than the one [below](Self::Below) it. The lowest,
/// [`Portable`](crate::vector::portable::Portable), says everything: it is the reference.
///
/// Beside the operators: `..._relaxed_...` are the fast choices of relaxed operators; `..._madd`, `..._nmadd`,
/// `..._dot_i8x16_s` and `..._dot_i8x16_add_s` the deterministic ones that are no ordinary operators; `..._canonical`
/// makes the positive canonical NaN of any NaN; `v128_load32_zero` and `v128_load64_zero` are what these do with the
/// number loaded.
///
/// Lanes are constants less than their number. Lanes in `i8x16_shuffle`'s third operand are less than 32.
pub(crate) trait Isa {
    /// The set that does what this one does not do in a way of its own. `Portable`'s is itself.
    type Below: Isa;

    isa! {
        fn (a: u32) -> V128: i8x16_splat i16x8_splat i32x4_splat v128_load32_zero;
        fn (a: u64) -> V128: i64x2_splat v128_load64_zero;
        fn (a: f32) -> V128: f32x4_splat;
        fn (a: f64) -> V128: f64x2_splat;
        fn (a: f32) -> f32: f32_canonical;
        fn (a: f64) -> f64: f64_canonical;
        fn (a: V128) -> u32:
            v128_any_true
            i8x16_all_true i8x16_bitmask
            i16x8_all_true i16x8_bitmask
            i32x4_all_true i32x4_bitmask
            i64x2_all_true i64x2_bitmask;
        fn (a: V128) -> V128:
            v128_not
            i8x16_abs i8x16_neg i8x16_popcnt
            i16x8_extadd_pairwise_i8x16_s i16x8_extadd_pairwise_i8x16_u i16x8_abs i16x8_neg i16x8_extend_low_i8x16_s
            i16x8_extend_high_i8x16_s i16x8_extend_low_i8x16_u i16x8_extend_high_i8x16_u
            i32x4_extadd_pairwise_i16x8_s i32x4_extadd_pairwise_i16x8_u i32x4_abs i32x4_neg i32x4_extend_low_i16x8_s
            i32x4_extend_high_i16x8_s i32x4_extend_low_i16x8_u i32x4_extend_high_i16x8_u i32x4_trunc_sat_f32x4_s
            i32x4_trunc_sat_f32x4_u i32x4_trunc_sat_f64x2_s_zero i32x4_trunc_sat_f64x2_u_zero
            i32x4_relaxed_trunc_f32x4_s i32x4_relaxed_trunc_f64x2_s_zero
            i64x2_abs i64x2_neg i64x2_extend_low_i32x4_s i64x2_extend_high_i32x4_s i64x2_extend_low_i32x4_u
            i64x2_extend_high_i32x4_u
            f32x4_ceil f32x4_floor f32x4_trunc f32x4_nearest f32x4_abs f32x4_neg f32x4_sqrt f32x4_convert_i32x4_s
            f32x4_convert_i32x4_u f32x4_demote_f64x2_zero f32x4_canonical
            f64x2_ceil f64x2_floor f64x2_trunc f64x2_nearest f64x2_abs f64x2_neg f64x2_sqrt f64x2_convert_low_i32x4_s
            f64x2_convert_low_i32x4_u f64x2_promote_low_f32x4 f64x2_canonical;
        fn (a: V128, count: u32) -> V128:
            i8x16_shl i8x16_shr_s i8x16_shr_u
            i16x8_shl i16x8_shr_s i16x8_shr_u
            i32x4_shl i32x4_shr_s i32x4_shr_u
            i64x2_shl i64x2_shr_s i64x2_shr_u;
        fn (a: V128, b: V128) -> V128:
            i8x16_swizzle i8x16_eq i8x16_ne i8x16_lt_s i8x16_lt_u i8x16_gt_s i8x16_gt_u i8x16_le_s i8x16_le_u
            i8x16_ge_s i8x16_ge_u i8x16_narrow_i16x8_s i8x16_narrow_i16x8_u i8x16_add i8x16_add_sat_s i8x16_add_sat_u
            i8x16_sub i8x16_sub_sat_s i8x16_sub_sat_u i8x16_min_s i8x16_min_u i8x16_max_s i8x16_max_u i8x16_avgr_u
            i8x16_relaxed_swizzle
            i16x8_eq i16x8_ne i16x8_lt_s i16x8_lt_u i16x8_gt_s i16x8_gt_u i16x8_le_s i16x8_le_u i16x8_ge_s i16x8_ge_u
            i16x8_q15mulr_sat_s i16x8_narrow_i32x4_s i16x8_narrow_i32x4_u i16x8_add i16x8_add_sat_s i16x8_add_sat_u
            i16x8_sub i16x8_sub_sat_s i16x8_sub_sat_u i16x8_mul i16x8_min_s i16x8_min_u i16x8_max_s i16x8_max_u
            i16x8_avgr_u i16x8_extmul_low_i8x16_s i16x8_extmul_high_i8x16_s i16x8_extmul_low_i8x16_u
            i16x8_extmul_high_i8x16_u i16x8_relaxed_q15mulr_s i16x8_relaxed_dot_i8x16_i7x16_s i16x8_dot_i8x16_s
            i32x4_eq i32x4_ne i32x4_lt_s i32x4_lt_u i32x4_gt_s i32x4_gt_u i32x4_le_s i32x4_le_u i32x4_ge_s i32x4_ge_u
            i32x4_add i32x4_sub i32x4_mul i32x4_min_s i32x4_min_u i32x4_max_s i32x4_max_u i32x4_dot_i16x8_s
            i32x4_extmul_low_i16x8_s i32x4_extmul_high_i16x8_s i32x4_extmul_low_i16x8_u i32x4_extmul_high_i16x8_u
            i64x2_eq i64x2_ne i64x2_lt_s i64x2_gt_s i64x2_le_s i64x2_ge_s i64x2_add i64x2_sub i64x2_mul
            i64x2_extmul_low_i32x4_s i64x2_extmul_high_i32x4_s i64x2_extmul_low_i32x4_u i64x2_extmul_high_i32x4_u
            f32x4_eq f32x4_ne f32x4_lt f32x4_gt f32x4_le f32x4_ge f32x4_add f32x4_sub f32x4_mul f32x4_div f32x4_min
            f32x4_max f32x4_pmin f32x4_pmax
            f64x2_eq f64x2_ne f64x2_lt f64x2_gt f64x2_le f64x2_ge f64x2_add f64x2_sub f64x2_mul f64x2_div f64x2_min
            f64x2_max f64x2_pmin f64x2_pmax
            v128_and v128_andnot v128_or v128_xor
            i8x16_interleave_low i8x16_interleave_high i16x8_interleave_low i16x8_interleave_high
            i32x4_interleave_low i32x4_interleave_high i64x2_interleave_low i64x2_interleave_high
            i32x4_concat_even i32x4_concat_odd;
        fn (a: V128, b: V128, c: V128) -> V128:
            i8x16_shuffle
            v128_bitselect
            f32x4_relaxed_madd f32x4_madd f32x4_relaxed_nmadd f32x4_nmadd
            f64x2_relaxed_madd f64x2_madd f64x2_relaxed_nmadd f64x2_nmadd
            i32x4_relaxed_dot_i8x16_i7x16_add_s i32x4_dot_i8x16_add_s;
    }

    isa! {
        lanes
        fn (a: V128) -> u32:
            i8x16_extract_lane_s i8x16_extract_lane_u i16x8_extract_lane_s i16x8_extract_lane_u i32x4_extract_lane;
        fn (a: V128) -> u64: i64x2_extract_lane;
        fn (a: V128) -> f32: f32x4_extract_lane;
        fn (a: V128) -> f64: f64x2_extract_lane;
        fn (a: V128, lane: u32) -> V128: i8x16_replace_lane i16x8_replace_lane i32x4_replace_lane;
        fn (a: V128, lane: u64) -> V128: i64x2_replace_lane;
        fn (a: V128, lane: f32) -> V128: f32x4_replace_lane;
        fn (a: V128, lane: f64) -> V128: f64x2_replace_lane;
    }
}

/// Writes functions of [`Isa`] as rows: `unary { name |a| body; }`, and so for other types of operands.
macro_rules! functions {
    (unary { $($name:ident |$a:ident| $body:expr;)* }) => {
        $(#[inline(always)] fn $name($a: V128) -> V128 { $body })*
    };
    (test { $($name:ident |$a:ident| $body:expr;)* }) => {
        $(#[inline(always)] fn $name($a: V128) -> u32 { $body })*
    };
    (shift { $($name:ident |$a:ident, $count:ident| $body:expr;)* }) => {
        $(#[inline(always)] fn $name($a: V128, $count: u32) -> V128 { $body })*
    };
    (binary { $($name:ident |$a:ident, $b:ident| $body:expr;)* }) => {
        $(#[inline(always)] fn $name($a: V128, $b: V128) -> V128 { $body })*
    };
    (ternary { $($name:ident |$a:ident, $b:ident, $c:ident| $body:expr;)* }) => {
        $(#[inline(always)] fn $name($a: V128, $b: V128, $c: V128) -> V128 { $body })*
    };
    (from $from:ty { $($name:ident |$a:ident| $body:expr;)* }) => {
        $(#[inline(always)] fn $name($a: $from) -> V128 { $body })*
    };
    (extract $to:ty { $($name:ident <$lane:ident> |$a:ident| $body:expr;)* }) => {
        $(#[inline(always)] fn $name<const $lane: u8>($a: V128) -> $to { $body })*
    };
    (replace $from:ty { $($name:ident <$lane:ident> |$a:ident, $b:ident| $body:expr;)* }) => {
        $(#[inline(always)] fn $name<const $lane: u8>($a: V128, $b: $from) -> V128 { $body })*
    };
}
pub(crate) use functions;

/// Instructions, in a function that is inlined into code of their set.
macro_rules! instructions {
    ($($body:tt)*) => {
        // SAFETY: V1.
        unsafe { $($body)* }
    };
}
pub(crate) use instructions;

/// `$body`, of instructions, with the constant `$n` for the value of `$lane`: they have it inside.
macro_rules! at {
    ($lane:expr, $($value:literal)*, |$n:ident| $body:expr) => {
        match $lane {
            $($value => {
                const $n: i32 = $value;
                instructions!($body)
            })*
            _ => unreachable!("lanes are less than their number"),
        }
    };
}
pub(crate) use at;
