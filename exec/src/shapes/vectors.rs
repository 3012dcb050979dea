//! Handlers of vector operators: the base set, and what loops over vectors do.
//!
//! The base set has slots and the accumulator for operands, and immediates for numbers that lanes and shifts take: a
//! vector that is a constant is set first. `i8x16.shuffle` alone has a vector for an immediate, and the swizzle that it
//! becomes if it reads one operand.

use super::list::{I, R, S, Shapes, each};
use super::{load, store};
use crate::handlers::expr::*;
use crate::handlers::lanes::*;
use crate::handlers::seq::Seq;
use crate::handlers::stmt::*;
use crate::vector::V128;

/// All of them.
pub(super) fn all(t: &mut Shapes<'_>) {
    leaves(t);
    operators(t);
    over_loads(t);
    stores(t);
    sums_of_products(t);
    rotations(t);
    tests(t);
    moves(t);
}

fn leaves(t: &mut Shapes<'_>) {
    each!(E in [S<V128>, R<V128>, I<V128>, Global<V128>] {
        t.expr::<E>();
        t.stmt::<Return<E>>();
    });
    each!(E in [S<V128>, R<V128>, I<V128>] { t.stmt::<SetGlobal<E>>(); });
    each!(C in [S<u32>, R<u32>] { t.expr::<Select<S<V128>, S<V128>, C>>(); });
}

/// A binary operator on two vectors.
#[inline(always)]
fn binary<O: BinOp<A = V128, B = V128>>(t: &mut Shapes<'_>) {
    t.expr::<Bin<O, S<V128>, S<V128>>>();
    t.expr::<Bin<O, S<V128>, R<V128>>>();
    t.expr::<Bin<O, R<V128>, S<V128>>>();
}

/// A shift of a vector's lanes.
#[inline(always)]
fn shift<O: BinOp<A = V128, B = u32>>(t: &mut Shapes<'_>) {
    each!(A in [S<V128>, R<V128>] {
        t.expr::<Bin<O, A, S<u32>>>();
        t.expr::<Bin<O, A, R<u32>>>();
        t.expr::<Bin<O, A, I<u32>>>();
    });
}

/// A ternary operator, but for the one whose third operand is an immediate.
#[inline(always)]
fn ternary<O: TernOp>(t: &mut Shapes<'_>) {
    if const { matches!(O::OP, pirn_decode::ops::Op::I8x16Shuffle) } {
        t.expr::<Tern<O, S<V128>, S<V128>, I<V128>>>();
        t.expr::<Tern<O, R<V128>, S<V128>, I<V128>>>();
        t.expr::<Tern<O, S<V128>, R<V128>, I<V128>>>();
        // Of one operand.
        t.expr::<Bin<I8x16RelaxedSwizzle, S<V128>, I<V128>>>();
        t.expr::<Bin<I8x16RelaxedSwizzle, R<V128>, I<V128>>>();
    } else {
        t.expr::<Tern<O, S<V128>, S<V128>, S<V128>>>();
        t.expr::<Tern<O, R<V128>, S<V128>, S<V128>>>();
        t.expr::<Tern<O, S<V128>, R<V128>, S<V128>>>();
        t.expr::<Tern<O, S<V128>, S<V128>, R<V128>>>();
    }
}

#[inline(always)]
fn extract<O: ExtractOp, const LANE: u8>(t: &mut Shapes<'_>) {
    t.expr::<Extract<O, LANE, S<V128>>>();
    t.expr::<Extract<O, LANE, R<V128>>>();
}

#[inline(always)]
fn replace<O: ReplaceOp, const LANE: u8>(t: &mut Shapes<'_>) {
    each!(A in [S<V128>, R<V128>] {
        t.expr::<Replace<O, LANE, A, S<O::B>>>();
        t.expr::<Replace<O, LANE, A, I<O::B>>>();
    });
    t.expr::<Replace<O, LANE, S<V128>, R<O::B>>>();
}

/// A function for each of so many lanes.
macro_rules! each_lane {
    (2 $function:ident $op:ident $t:ident) => {
        $function::<$op, 0>($t);
        $function::<$op, 1>($t);
    };
    (4 $function:ident $op:ident $t:ident) => {
        each_lane!(2 $function $op $t);
        $function::<$op, 2>($t);
        $function::<$op, 3>($t);
    };
    (8 $function:ident $op:ident $t:ident) => {
        each_lane!(4 $function $op $t);
        $function::<$op, 4>($t);
        $function::<$op, 5>($t);
        $function::<$op, 6>($t);
        $function::<$op, 7>($t);
    };
    (16 $function:ident $op:ident $t:ident) => {
        each_lane!(8 $function $op $t);
        $function::<$op, 8>($t);
        $function::<$op, 9>($t);
        $function::<$op, 10>($t);
        $function::<$op, 11>($t);
        $function::<$op, 12>($t);
        $function::<$op, 13>($t);
        $function::<$op, 14>($t);
        $function::<$op, 15>($t);
    };
}

macro_rules! of {
    (v128) => {
        V128
    };
    ($number:ident) => {
        $number
    };
}

/// A binary operator, by the type of its second operand.
macro_rules! binary {
    (v128 $op:ident $t:ident) => {
        binary::<$op>($t)
    };
    (u32 $op:ident $t:ident) => {
        shift::<$op>($t)
    };
}

macro_rules! operators {
    (
        unops { $($un:ident $uc:tt $un_text:literal $ua:ident => $ut:ident $um:ident <$ui:ident> |$ux:ident| $usem:expr;)* }
        binops {
            $($bin:ident $bc:tt $bin_text:literal $ba:ident $bb:ident => $bt:ident $bm:ident <$bi:ident> |$bx:ident, $by:ident|
                $bsem:expr;)*
        }
        ternops {
            $($tern:ident $tc:tt $tern_text:literal $ta:ident $tb:ident $td:ident => $tt:ident $tm:ident <$ti:ident>
                |$tx:ident, $ty:ident, $tz:ident| $tsem:expr;)*
        }
        extracts {
            $($ext:ident $ec:tt $ext_text:literal $elanes:tt $ea:ident => $et:ident $em:ident <$ei:ident, $el:ident>
                |$ex:ident| $esem:expr;)*
        }
        replaces {
            $($rep:ident $rc:tt $rep_text:literal $rlanes:tt $ra:ident $rb:ident => $rt:ident $rm:ident
                <$ri:ident, $rl:ident> |$rx:ident, $ry:ident| $rsem:expr;)*
        }
        loads {
            $($load:ident $lc:tt $load_text:literal in $lraw:ident => $lt:ident $lm:ident <$li:ident> |$lx:ident|
                $lsem:expr;)*
        }
        stores {
            $($store:ident $sc:tt $store_text:literal $st:ident => in $sraw:ident $sm:ident <$si:ident> |$sx:ident|
                $ssem:expr;)*
        }
        lane_loads $lane_loads:tt
        lane_stores $lane_stores:tt
        relaxed $relaxed:tt
    ) => {
        fn operators(t: &mut Shapes<'_>) {
            $(each!(A in [S<of!($ua)>, R<of!($ua)>] { t.expr::<Un<$un, A>>(); });)*
            $(binary!($bb $bin t);)*
            $(ternary::<$tern>(t);)*
            $(each_lane!($elanes extract $ext t);)*
            $(each_lane!($rlanes replace $rep t);)*
            $(load::<$load>(t);)*
            $(store::<$store>(t);)*
        }
    };
}
pirn_decode::for_each_vector_op!(operators);

type L<A> = Load<V128Load, A>;

/// Operators that loops apply to arrays most: of bits, sums, products, some minima, equal bytes, swizzles.
macro_rules! common {
    ($name:ident $body:block) => {
        each!($name in [
            V128And, V128AndNot, V128Or, V128Xor, I8x16Add, I8x16Sub, I8x16MinU, I8x16MaxU, I8x16Eq, I8x16Swizzle, I16x8Add,
            I16x8Sub, I16x8Mul, I32x4Add, I32x4Sub, I32x4Mul, I32x4DotI16x8S, I64x2Add, I64x2Sub, F32x4Add, F32x4Sub, F32x4Mul,
            F32x4Min, F32x4Max, F64x2Add, F64x2Sub, F64x2Mul,
        ] $body)
    };
}

/// Load and operate.
fn over_loads(t: &mut Shapes<'_>) {
    common!(O {
        t.expr::<Bin<O, L<S<u32>>, S<V128>>>();
        t.expr::<Bin<O, S<V128>, L<S<u32>>>>();
        t.expr::<Bin<O, L<S<u32>>, R<V128>>>();
        t.expr::<Bin<O, R<V128>, L<S<u32>>>>();
        t.expr::<Bin<O, L<S<u32>>, L<S<u32>>>>();
    });
}

/// Operate and store.
fn stores(t: &mut Shapes<'_>) {
    common!(O {
        each!(X in [
            Bin<O, S<V128>, S<V128>>, Bin<O, R<V128>, S<V128>>, Bin<O, S<V128>, R<V128>>, Bin<O, L<S<u32>>, S<V128>>,
            Bin<O, S<V128>, L<S<u32>>>, Bin<O, L<S<u32>>, R<V128>>, Bin<O, R<V128>, L<S<u32>>>, Bin<O, L<S<u32>>, L<S<u32>>>,
        ] { t.stmt::<Store<V128Store, S<u32>, X>>(); });
    });
    // Copies.
    each!(A in [S<u32>, R<u32>] { t.stmt::<Store<V128Store, S<u32>, L<A>>>(); });
    t.stmt::<Store<V128Store, R<u32>, L<S<u32>>>>();
    each!(A in [Bin<I32Add, S<u32>, S<u32>>, Bin<I32Add, S<u32>, I<u32>>] {
        t.stmt::<Store<V128Store, A, S<V128>>>();
        t.stmt::<Store<V128Store, A, R<V128>>>();
    });
    each!(A in [Bin<I32Add, S<u32>, S<u32>>, Bin<I32Add, R<u32>, S<u32>>, Bin<I32Add, S<u32>, I<u32>>] { t.expr::<L<A>>(); });
}

/// Multiply and add.
fn sums_of_products(t: &mut Shapes<'_>) {
    macro_rules! sums {
        ($($mul:ident: $($add:ident)*;)*) => {
            $(each!(X in [
                Bin<$mul, S<V128>, S<V128>>, Bin<$mul, R<V128>, S<V128>>, Bin<$mul, L<S<u32>>, S<V128>>,
                Bin<$mul, L<S<u32>>, L<S<u32>>>,
            ] {
                each!(O in [$($add),*] {
                    t.expr::<Bin<O, X, S<V128>>>();
                    t.expr::<Bin<O, S<V128>, X>>();
                    t.expr::<Bin<O, X, R<V128>>>();
                    t.expr::<Bin<O, R<V128>, X>>();
                });
            });)*
        };
    }
    sums! {
        F32x4Mul: F32x4Add F32x4Sub;
        F64x2Mul: F64x2Add F64x2Sub;
        I32x4Mul: I32x4Add;
        I16x8Mul: I16x8Add;
        I32x4DotI16x8S: I32x4Add;
    }
    // Several times the same sum reads the accumulator once.
    each!(O in [F32x4RelaxedMadd, F64x2RelaxedMadd] {
        t.expr::<Tern<O, L<S<u32>>, S<V128>, S<V128>>>();
        t.expr::<Tern<O, L<S<u32>>, L<S<u32>>, S<V128>>>();
        t.expr::<Tern<O, L<S<u32>>, L<S<u32>>, R<V128>>>();
    });
}

/// Rotations of lanes, which ciphers and hashes write as shifts.
fn rotations(t: &mut Shapes<'_>) {
    macro_rules! rotations {
        ($($shl:ident $shr:ident;)*) => {
            $(
                t.expr::<Bin<V128Or, Bin<$shl, S<V128>, I<u32>>, Bin<$shr, S<V128>, I<u32>>>>();
                t.expr::<Bin<V128Or, Bin<$shr, S<V128>, I<u32>>, Bin<$shl, S<V128>, I<u32>>>>();
                t.expr::<Bin<V128Xor, Bin<$shl, S<V128>, I<u32>>, Bin<$shr, S<V128>, I<u32>>>>();
                t.expr::<Bin<V128Xor, Bin<$shr, S<V128>, I<u32>>, Bin<$shl, S<V128>, I<u32>>>>();
                t.expr::<Bin<V128Xor, Bin<$shr, S<V128>, I<u32>>, Bin<$shr, S<V128>, I<u32>>>>();
                each!(O in [V128Or, V128Xor, V128And] {
                    each!(X in [Bin<$shl, S<V128>, I<u32>>, Bin<$shr, S<V128>, I<u32>>] {
                        t.expr::<Bin<O, X, S<V128>>>();
                        t.expr::<Bin<O, X, R<V128>>>();
                    });
                });
            )*
        };
    }
    rotations! {
        I16x8Shl I16x8ShrU;
        I32x4Shl I32x4ShrU;
        I64x2Shl I64x2ShrU;
    }
}

/// What becomes of masks.
fn tests(t: &mut Shapes<'_>) {
    macro_rules! test {
        ($x:ty) => {
            t.condition::<$x>();
            t.stmt::<BrIf<Un<I32Eqz, $x>>>();
        };
    }
    each!(O in [V128AnyTrue, I8x16AllTrue, I16x8AllTrue, I32x4AllTrue, I64x2AllTrue, I8x16Bitmask, I16x8Bitmask, I32x4Bitmask, I64x2Bitmask] {
        each!(X in [S<V128>, R<V128>, L<S<u32>>] { test!(Un<O, X>); });
    });
    // Whether two vectors have anything in common, or differ.
    each!(O in [V128And, V128Or, V128Xor] {
        each!(X in [Bin<O, S<V128>, S<V128>>, Bin<O, R<V128>, S<V128>>] {
            test!(Un<V128AnyTrue, X>);
            test!(Un<I8x16Bitmask, X>);
        });
    });
    macro_rules! comparisons {
        ($mask:ident: $($op:ident)*) => {
            each!(O in [$($op),*] {
                each!(X in [Bin<O, L<S<u32>>, S<V128>>, Bin<O, L<S<u32>>, L<S<u32>>>] { t.expr::<X>(); });
                each!(X in [Bin<O, S<V128>, S<V128>>, Bin<O, R<V128>, S<V128>>, Bin<O, L<S<u32>>, S<V128>>] {
                    each!(M in [$mask, V128AnyTrue] { test!(Un<M, X>); });
                });
                t.expr::<Un<$mask, Bin<O, L<S<u32>>, L<S<u32>>>>>();
            });
        };
    }
    comparisons!(I8x16Bitmask: I8x16Eq I8x16Ne I8x16LtU I8x16LtS I8x16GtU);
    comparisons!(I16x8Bitmask: I16x8Eq I16x8Ne);
    comparisons!(I32x4Bitmask: I32x4Eq I32x4Ne);
}

/// What one iteration hands to the next, in several locals.
fn moves(t: &mut Shapes<'_>) {
    type Move = SetSlot<S<V128>>;
    t.stmt::<Seq<Move, Move>>();
    t.stmt::<Seq<Seq<Move, Move>, Move>>();
    t.stmt::<Seq<Seq<Seq<Move, Move>, Move>, Move>>();
    t.stmt::<Seq<Move, SetSlot<I<V128>>>>();
    t.stmt::<Seq<SetSlot<I<V128>>, Move>>();
    t.stmt::<Seq<SetSlot<I<V128>>, SetSlot<I<V128>>>>();
    each!(A in [SetSlot<S<u32>>, SetSlot<I<u32>>, SetSlot<S<u64>>, SetSlot<Bin<I32Add, S<u32>, I<u32>>>, SetSlot<L<S<u32>>>] {
        t.stmt::<Seq<Move, A>>();
        t.stmt::<Seq<A, Move>>();
    });
}
