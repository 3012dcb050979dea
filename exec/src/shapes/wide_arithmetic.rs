//! Wide arithmetic: sums of products and of numbers with carries, as compilers write large numbers.
//!
//! A step of a large multiplication is `a[i] * b + t[i] + carry`: its high half becomes the carry, its low half is stored. Where
//! LLVM adds `t[i]` and the carry first, the product comes last. A step of an addition is `a[i] + carry + b[i]`. In these
//! orders each is one cell, and the store one with it.

use super::list::{I, R, S, Shapes, each};
use crate::handlers::expr::*;
use crate::handlers::seq::Seq;
use crate::handlers::stmt::{SetSlot, Store};
use crate::handlers::wide::*;

type Widen<E> = Un<I64Widen, E>;
type Join<A, B> = Bin<I64Join, A, B>;
type Mul<A, B> = Bin<I64MulWideU, A, B>;
type Add<A, B> = Bin<I64Add128, A, B>;
type Sub<A, B> = Bin<I64Sub128, A, B>;
type Pair = Join<S<u64>, S<u64>>;

/// A number in memory: at a pointer, behind it as unrolled loops have it, at one just computed.
type At = Load<I64Load, S<u32>>;
type Behind = Load<I64Load, Bin<I32Add, S<u32>, I<u32>>>;
type AtAcc = Load<I64Load, R<u32>>;

type Slot = Widen<S<u64>>;
type Acc = Widen<R<u64>>;

/// All of wide arithmetic.
pub(super) fn all(t: &mut Shapes<'_>) {
    base(t);
    products(t);
    sums(t);
    differences(t);
}

/// An integer of 128 bits of which the halves go two ways.
#[inline(always)]
fn alone<E: Expr<T = u128>>(t: &mut Shapes<'_>) {
    t.stmt::<SetHigh<E>>();
}

/// The same, and with the low half set to a local, or stored.
#[inline(always)]
fn step<E: Expr<T = u128>>(t: &mut Shapes<'_>) {
    alone::<E>(t);
    t.stmt::<Seq<SetHigh<E>, SetSlot<R<u64>>>>();
    t.stmt::<Seq<SetHigh<E>, Store<I64Store, S<u32>, R<u64>>>>();
}

/// Every operator of slots, and with the accumulator in any one place.
fn base(t: &mut Shapes<'_>) {
    each!(O in [I64MulWideS, I64MulWideU] {
        each!(A in [S<u64>, R<u64>] { alone::<Bin<O, A, I<u64>>>(t); });
        alone::<Bin<O, S<u64>, S<u64>>>(t);
        alone::<Bin<O, R<u64>, S<u64>>>(t);
        alone::<Bin<O, S<u64>, R<u64>>>(t);
    });
    each!(O in [I64Add128, I64Sub128] {
        each!(A in [Pair, Slot, Widen<I<u64>>] {
            each!(B in [Pair, Slot, Widen<I<u64>>] { alone::<Bin<O, A, B>>(t); });
            each!(B in [Join<R<u64>, S<u64>>, Join<S<u64>, R<u64>>, Acc] {
                alone::<Bin<O, A, B>>(t);
                alone::<Bin<O, B, A>>(t);
            });
        });
    });
}

/// Products, alone and in sums. What computes comes first, unless both may trap.
fn products(t: &mut Shapes<'_>) {
    each!(M in [Mul<S<u64>, S<u64>>, Mul<R<u64>, S<u64>>, Mul<At, S<u64>>, Mul<Behind, S<u64>>, Mul<At, At>] {
        step::<M>(t);
        each!(Z in [Pair, Slot] { step::<Add<M, Z>>(t); });
    });
    each!(M in [Mul<S<u64>, R<u64>>, Mul<AtAcc, S<u64>>, Mul<At, R<u64>>, Mul<Behind, Behind>, Mul<At, Behind>] { alone::<M>(t); });
    each!(M in [Mul<S<u64>, S<u64>>, Mul<At, S<u64>>, Mul<Behind, S<u64>>] {
        step::<Add<M, Acc>>(t);
        each!(Z in [Slot, Widen<At>, Widen<Behind>] {
            step::<Add<M, Z>>(t);
            step::<Add<Add<M, Acc>, Z>>(t);
            step::<Add<Add<M, Z>, Acc>>(t);
            step::<Add<Add<M, Z>, Slot>>(t);
        });
        each!(Z in [
            Add<Slot, Slot>, Add<Widen<At>, Slot>, Add<Slot, Widen<At>>, Add<Widen<Behind>, Slot>, Add<Slot, Widen<Behind>>,
            Add<Widen<AtAcc>, Slot>, Add<Slot, Widen<AtAcc>>,
        ] { step::<Add<Z, M>>(t); });
    });
    each!(M in [Mul<At, S<u64>>, Mul<Behind, S<u64>>, Mul<At, At>] {
        each!(Z in [Widen<At>, Widen<Behind>, Widen<AtAcc>] { step::<Add<Z, M>>(t); });
    });
    step::<Add<Mul<S<u64>, S<u64>>, Mul<S<u64>, S<u64>>>>(t);
}

/// Sums of two or three numbers of 64 bits, and of one with one of 128.
fn sums(t: &mut Shapes<'_>) {
    each!(Z in [Widen<At>, Widen<Behind>] {
        each!(Y in [Slot, Acc, Pair, Widen<At>, Widen<Behind>] { step::<Add<Z, Y>>(t); });
        each!(Y in [Slot, Acc] { step::<Add<Y, Z>>(t); });
    });
    step::<Add<Widen<AtAcc>, Slot>>(t);
    step::<Add<Slot, Widen<AtAcc>>>(t);
    each!(Z in [Slot, Acc, Widen<At>, Widen<Behind>] {
        step::<Add<Add<Slot, Slot>, Z>>(t);
    });
    each!(X in [Widen<At>, Widen<Behind>] {
        each!(Z in [Slot, Acc, Widen<At>, Widen<Behind>] { step::<Add<Add<X, Slot>, Z>>(t); });
        step::<Add<Add<Slot, X>, Slot>>(t);
        each!(Y in [Slot, Acc] { step::<Add<Add<X, X>, Y>>(t); });
    });
}

/// Differences with borrows: one that is a number of 0 or 1, and LLVM's, which is added as 0 or -1 in 128 bits.
fn differences(t: &mut Shapes<'_>) {
    each!(Z in [Widen<At>, Widen<Behind>] {
        each!(Y in [Slot, Acc, Widen<At>, Widen<Behind>] { step::<Sub<Z, Y>>(t); });
        step::<Sub<Slot, Z>>(t);
        each!(X in [Widen<At>, Widen<Behind>, Slot] {
            step::<Sub<Sub<X, Z>, Slot>>(t);
            step::<Sub<Add<X, Pair>, Z>>(t);
            step::<Sub<Add<X, Join<R<u64>, S<u64>>>, Z>>(t);
        });
        step::<Sub<Sub<Z, Slot>, Slot>>(t);
    });
    step::<Sub<Sub<Slot, Slot>, Slot>>(t);
    step::<Sub<Add<Slot, Pair>, Slot>>(t);
}
