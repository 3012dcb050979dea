//! Handlers of vector operators: the base set, and what loops over vectors do.
//!
//! The base set has slots and the accumulator for operands, and immediates for numbers that lanes and shifts take: a
//! vector that is a constant is set first. `i8x16.shuffle` alone has a vector for an immediate.

use super::list::{I, R, S, Shapes, each};
use crate::handlers::expr::*;
use crate::handlers::lanes::*;
use crate::handlers::stmt::*;
use crate::vector::V128;

/// All of them.
pub(super) fn all(t: &mut Shapes<'_>) {
    leaves(t);
    operators(t);
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
            $(each!(A in [S<u32>, R<u32>] { t.expr::<Load<$load, A>>(); });)*
            $(
                each!(V in [S<V128>, R<V128>] { t.stmt::<Store<$store, S<u32>, V>>(); });
                t.stmt::<Store<$store, R<u32>, S<V128>>>();
            )*
        }
    };
}
pirn_decode::for_each_vector_op!(operators);
