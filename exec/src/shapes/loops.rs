//! Short loops that have their slots in registers as long as they run ([`Carried`]): what they do, by how they end.
//!
//! Operands that are slots are numbered in the order in which they occur; a slot that is set comes before what it is set to. No operand
//! is an accumulator that mirrors a slot: lowering asks for slots in the place of those. Whatever trees occur here have handlers of their
//! own as well, or lowering would cut them.

use super::list::{I, R, S, Shapes, each};
use crate::handlers::carried::{Carried, CarriedStmt, SetVar, SetVarGlobal, Var as V, VarGlobal, Variable};
use crate::handlers::control::Br;
use crate::handlers::expr::*;
use crate::handlers::seq::Seq;
use crate::handlers::stmt::*;

type Then<A, B, C> = Seq<Seq<A, B>, C>;
/// Sets a variable to itself and an immediate.
type Step<O, T, const N: usize> = SetVar<N, Bin<O, V<N, T>, I<T>>>;
/// Sets a variable to another one and itself.
type Sum<O, T, const N: usize, A> = SetVar<N, Bin<O, A, V<N, T>>>;
/// Sets a variable to itself and another one.
type Take<O, T, const N: usize, const M: usize> = SetVar<N, Bin<O, V<N, T>, V<M, T>>>;
/// Sets a variable to another one.
type Move<T, const N: usize, const M: usize> = SetVar<N, V<M, T>>;
/// What the next number of a Collatz sequence is chosen from, and by.
type Triple<A> = Bin<I64Add, Bin<I64Mul, A, I<u64>>, I<u64>>;
type Half<A> = Bin<I64ShrU, A, I<u64>>;
type IsOdd<A> = Bin<I64Ne, Bin<I64And, A, I<u64>>, I<u64>>;
type Up<const N: usize> = Step<I32Add, u32, N>;

impl Shapes<'_> {
    #[inline(always)]
    fn carried<S: CarriedStmt>(&mut self) {
        (self.1)(const { S::SIG });
        self.stmt::<Carried<S>>();
    }
}

/// All of them.
pub(super) fn all(t: &mut Shapes<'_>) {
    trees(t);
    counters(t);
    globals(t);
    sums(t);
    memory(t);
    numbers(t);
    moves(t);
}

/// What else would be cut.
fn trees(t: &mut Shapes<'_>) {
    t.expr::<Bin<I32And, Bin<I32Sub, S<u32>, I<u32>>, S<u32>>>();
    t.expr::<Bin<I64And, Bin<I64Sub, S<u64>, I<u64>>, S<u64>>>();
    each!(O in [I32Shl, I32ShrU] { t.expr::<Bin<I32Xor, Bin<O, S<u32>, I<u32>>, S<u32>>>(); });
    each!(O in [I64Shl, I64ShrU] { t.expr::<Bin<I64Xor, Bin<O, S<u64>, I<u64>>, S<u64>>>(); });
    t.expr::<Bin<F64Add, Bin<F64Div, I<f64>, S<f64>>, S<f64>>>();
    t.expr::<Bin<F64Mul, S<f64>, Bin<F64Sub, I<f64>, S<f64>>>>();
    t.expr::<Bin<F64Mul, Bin<F64Mul, S<f64>, I<f64>>, Bin<F64Sub, I<f64>, S<f64>>>>();
    t.expr::<Bin<I32Add, Bin<I32Mul, S<u32>, I<u32>>, I<u32>>>();
    t.expr::<Bin<I32Add, Bin<I32And, Bin<I32ShrU, S<u32>, I<u32>>, I<u32>>, S<u32>>>();
    t.expr::<Bin<I32Add, Bin<I32Xor, S<u32>, S<u32>>, S<u32>>>();
    t.expr::<Bin<I32Add, Bin<I32Mul, S<u32>, S<u32>>, S<u32>>>();
    each!(L in [I32Load, I32Load8U] {
        t.expr::<Bin<I32Add, Load<L, S<u32>>, S<u32>>>();
        t.branch::<BrIf<Bin<I32Ne, Load<L, S<u32>>, Load<L, S<u32>>>>>();
    });
    t.expr::<Bin<I64Add, Load<I64Load, S<u32>>, S<u64>>>();
    t.expr::<Bin<F64Add, Load<F64Load, S<u32>>, S<f64>>>();
    t.stmt::<Store<I32Store8, S<u32>, Load<I32Load8U, S<u32>>>>();
    t.stmt::<Store<I32Store, S<u32>, Load<I32Load, S<u32>>>>();
    t.stmt::<Store<I64Store, S<u32>, Load<I64Load, S<u32>>>>();
    each!(O in [I32Sub, I32Add] {
        each!(A in [I<u32>, S<u32>] { t.stmt::<SetGlobal<Bin<O, Global<u32>, A>>>(); });
    });
    t.expr::<Select<Triple<S<u64>>, Half<S<u64>>, IsOdd<S<u64>>>>();
}

/// What a loop does before a counter goes down to zero.
fn downs<W: CarriedStmt, const K: usize>(t: &mut Shapes<'_>) {
    each!(O in [I32Sub, I32Add] { t.carried::<Then<W, Step<O, u32, K>, BrIf<V<K, u32>>>>(); });
}

/// What a loop does before a counter goes up to a variable or a constant.
fn ups<W: CarriedStmt, const K: usize, const L: usize>(t: &mut Shapes<'_>) {
    each!(C in [I32Ne, I32LtS, I32LtU] {
        t.carried::<Then<W, Up<K>, BrIf<Bin<C, V<K, u32>, V<L, u32>>>>>();
        t.carried::<Then<W, Up<K>, BrIf<Bin<C, V<K, u32>, I<u32>>>>>();
    });
}

/// What a loop does while a counter has not reached a variable, or a constant.
fn whiles<W: CarriedStmt, X: CarriedStmt>(t: &mut Shapes<'_>) {
    each!(C in [I32GeS, I32GeU] {
        t.carried::<Seq<Then<BrIf<Bin<C, V<0, u32>, V<1, u32>>>, W, Up<0>>, Br>>();
        t.carried::<Seq<Then<BrIf<Bin<C, V<0, u32>, I<u32>>>, X, Up<0>>, Br>>();
    });
}

/// Loops that count, and do nothing else.
fn counters(t: &mut Shapes<'_>) {
    macro_rules! counters {
        ($ty:ty, $add:ident, $sub:ident, $nonzero:ty, $zero:ty, $until:tt, $from:tt) => {
            each!(O in [$add, $sub] { t.carried::<Seq<Step<O, $ty, 0>, BrIf<$nonzero>>>(); });
            t.carried::<Then<BrIf<$zero>, Step<$sub, $ty, 0>, Br>>();
            each!(C in $until {
                each!(L in [V<1, $ty>, I<$ty>] { t.carried::<Seq<Step<$add, $ty, 0>, BrIf<Bin<C, V<0, $ty>, L>>>>(); });
            });
            each!(C in $from {
                each!(L in [V<1, $ty>, I<$ty>] { t.carried::<Then<BrIf<Bin<C, V<0, $ty>, L>>, Step<$add, $ty, 0>, Br>>(); });
                t.carried::<Seq<Step<$sub, $ty, 0>, BrIf<Bin<C, V<0, $ty>, I<$ty>>>>>();
            });
        };
    }
    counters!(u32, I32Add, I32Sub, V<0, u32>, Un<I32Eqz, V<0, u32>>, [I32Ne, I32LtS, I32LtU], [I32GeS, I32GeU, I32GtS]);
    counters!(
        u64, I64Add, I64Sub, Bin<I64Ne, V<0, u64>, I<u64>>, Un<I64Eqz, V<0, u64>>, [I64Ne, I64LtS, I64LtU],
        [I64GeS, I64GeU, I64GtS]
    );
    // Bits that are cleared one by one, and counted.
    t.carried::<Then<Sum<I32And, u32, 0, Bin<I32Sub, V<0, u32>, I<u32>>>, Up<1>, BrIf<V<0, u32>>>>();
    t.carried::<Then<Sum<I64And, u64, 0, Bin<I64Sub, V<0, u64>, I<u64>>>, Up<1>, BrIf<Bin<I64Ne, V<0, u64>, I<u64>>>>>(
    );
}

/// Sets a global to itself and something.
type SetGlobalTo<O, A> = SetVarGlobal<Bin<O, VarGlobal<u32>, A>>;

/// Loops that count in a global, or add up in one.
fn globals(t: &mut Shapes<'_>) {
    // It is read again for the test.
    type Up = SetGlobalTo<I32Add, I<u32>>;
    each!(C in [I32Ne, I32LtS, I32LtU] {
        each!(L in [V<0, u32>, I<u32>] { t.carried::<Then<Up, SetAcc<VarGlobal<u32>>, BrIf<Bin<C, R<u32>, L>>>>(); });
    });
    each!(C in [I32GeS, I32GeU] {
        each!(L in [V<0, u32>, I<u32>] {
            t.carried::<Seq<Then<SetAcc<VarGlobal<u32>>, BrIf<Bin<C, R<u32>, L>>, Up>, Br>>();
        });
    });
    each!(O in [I32Sub, I32Add] { t.carried::<Seq<SetGlobalTo<O, I<u32>>, BrIf<VarGlobal<u32>>>>(); });
    each!(O in [I32Sub, I32Add] {
        each!(A in [I<u32>, V<0, u32>] {
            ups::<SetGlobalTo<O, A>, 0, 1>(t);
            downs::<SetGlobalTo<O, A>, 0>(t);
            whiles::<SetGlobalTo<O, A>, SetGlobalTo<O, A>>(t);
        });
    });
}

/// Sums and products of counters.
fn sums(t: &mut Shapes<'_>) {
    each!(O in [I32Add, I32Xor] {
        ups::<Take<O, u32, 0, 1>, 1, 2>(t);
        downs::<Take<O, u32, 0, 1>, 1>(t);
        whiles::<Take<O, u32, 2, 0>, Take<O, u32, 1, 0>>(t);
    });
    each!(O in [I64Add, I64Mul] {
        t.carried::<Seq<Then<BrIf<Un<I64Eqz, V<0, u64>>>, Take<O, u64, 1, 0>, Step<I64Sub, u64, 0>>, Br>>();
        t.carried::<Then<Take<O, u64, 0, 1>, Step<I64Sub, u64, 1>, BrIf<Bin<I64Ne, V<1, u64>, I<u64>>>>>();
        downs::<Seq<Take<O, u64, 0, 1>, Step<I64Add, u64, 1>>, 2>(t);
    });
    // Over two counters, of which the inner one steps.
    ups::<Sum<I32Add, u32, 0, Bin<I32Xor, V<1, u32>, V<2, u32>>>, 2, 3>(t);
    ups::<Sum<I32Add, u32, 0, Bin<I32Mul, V<1, u32>, V<2, u32>>>, 2, 3>(t);
}

/// A sum of loads, at a pointer that counts as well, or steps beside a counter.
fn sum<W: CarriedStmt>(t: &mut Shapes<'_>) {
    ups::<W, 1, 2>(t);
    downs::<Seq<W, Up<1>>, 2>(t);
}

/// A fill with a variable or a constant.
fn fill<O: StoreOp<A: Variable>>(t: &mut Shapes<'_>) {
    type At<O, V0> = Store<O, V<0, u32>, V0>;
    ups::<At<O, V<1, O::A>>, 0, 2>(t);
    ups::<At<O, I<O::A>>, 0, 1>(t);
    downs::<Seq<At<O, V<1, O::A>>, Up<0>>, 2>(t);
    downs::<Seq<At<O, I<O::A>>, Up<0>>, 1>(t);
}

/// A copy by two pointers, or by an index.
fn copy<O: StoreOp, L: LoadOp<T = O::A>>(t: &mut Shapes<'_>) {
    type By<O, L, const N: usize> = Store<O, V<0, u32>, Load<L, V<N, u32>>>;
    downs::<Then<By<O, L, 1>, Up<0>, Up<1>>, 2>(t);
    downs::<Then<By<O, L, 1>, Up<1>, Up<0>>, 2>(t);
    ups::<By<O, L, 0>, 0, 1>(t);
    whiles::<By<O, L, 0>, By<O, L, 0>>(t);
}

fn memory(t: &mut Shapes<'_>) {
    each!(L in [I32Load, I32Load8U] {
        sum::<Sum<I32Add, u32, 0, Load<L, V<1, u32>>>>(t);
        // A comparison of two buffers.
        downs::<Then<BrIf<Bin<I32Ne, Load<L, V<0, u32>>, Load<L, V<1, u32>>>>, Up<0>, Up<1>>, 2>(t);
        // A checksum.
        ups::<Seq<Sum<I32Add, u32, 0, Load<L, V<1, u32>>>, Take<I32Add, u32, 2, 0>>, 1, 3>(t);
    });
    sum::<Sum<I64Add, u64, 0, Load<I64Load, V<1, u32>>>>(t);
    sum::<Sum<F64Add, f64, 0, Load<F64Load, V<1, u32>>>>(t);
    fill::<I32Store8>(t);
    fill::<I32Store>(t);
    fill::<I64Store>(t);
    copy::<I32Store8, I32Load8U>(t);
    copy::<I32Store, I32Load>(t);
    copy::<I64Store, I64Load>(t);
}

/// Numbers that each follow from the one before.
fn numbers(t: &mut Shapes<'_>) {
    type Next = SetVar<0, Bin<I32Add, Bin<I32Mul, V<0, u32>, I<u32>>, I<u32>>>;
    type Upper = Bin<I32And, Bin<I32ShrU, V<0, u32>, I<u32>>, I<u32>>;
    downs::<Next, 1>(t);
    downs::<Seq<Next, Sum<I32Add, u32, 1, Upper>>, 2>(t);
    macro_rules! shifts {
        ($ty:ty, $xor:ident, $left:ident, $right:ident) => {{
            type Shift<O> = Sum<$xor, $ty, 0, Bin<O, V<0, $ty>, I<$ty>>>;
            downs::<Then<Shift<$left>, Shift<$right>, Shift<$left>>, 1>(t);
        }};
    }
    shifts!(u32, I32Xor, I32Shl, I32ShrU);
    shifts!(u64, I64Xor, I64Shl, I64ShrU);
    t.carried::<Seq<
        Then<
            BrIf<Bin<I64LeU, V<0, u64>, I<u64>>>,
            SetVar<0, Select<Triple<V<0, u64>>, Half<V<0, u64>>, IsOdd<V<0, u64>>>>,
            Step<I64Add, u64, 1>,
        >,
        Br,
    >>();
    type Less = Bin<F64Sub, I<f64>, V<0, f64>>;
    downs::<SetVar<0, Bin<F64Mul, Bin<F64Mul, V<0, f64>, I<f64>>, Less>>, 1>(t);
    type Quotient = Bin<F64Div, I<f64>, V<0, f64>>;
    downs::<Seq<Step<F64Add, f64, 0>, Sum<F64Add, f64, 1, Quotient>>, 2>(t);
}

/// Variables that move on in parallel.
fn moves(t: &mut Shapes<'_>) {
    macro_rules! moves {
        ($ty:ty, $zero:ident, $add:ident, [$($rem:ident)*]) => {
            // A greatest common divisor: b, the rest, a.
            each!(O in [$($rem),*] {
                t.carried::<Seq<Seq<Then<
                    BrIf<Un<$zero, V<0, $ty>>>, SetVar<1, Bin<O, V<2, $ty>, V<0, $ty>>>, Move<$ty, 2, 0>,
                >, Move<$ty, 0, 1>>, Br>>();
            });
            // A sum of the last two: the next one, a, b, behind the counter.
            t.carried::<Seq<Seq<Then<
                Seq<BrIf<Un<I32Eqz, V<0, u32>>>, SetVar<1, Bin<$add, V<2, $ty>, V<3, $ty>>>>,
                Move<$ty, 2, 3>, Move<$ty, 3, 1>,
            >, Step<I32Sub, u32, 0>>, Br>>();
            // The same, the test at the end.
            downs::<Then<SetVar<0, Bin<$add, V<1, $ty>, V<2, $ty>>>, Move<$ty, 1, 2>, Move<$ty, 2, 0>>, 3>(t);
            // In the values of a loop's label.
            t.carried::<Then<
                Then<Move<$ty, 0, 1>, Step<I32Sub, u32, 2>, Take<$add, $ty, 3, 0>>, Move<$ty, 1, 0>, BrIf<V<2, u32>>,
            >>();
            // By way of where the second one waits.
            downs::<Then<Move<$ty, 0, 1>, SetVar<1, Bin<$add, V<2, $ty>, V<1, $ty>>>, Move<$ty, 2, 0>>, 3>(t);
        };
    }
    moves!(u32, I32Eqz, I32Add, [I32RemU I32RemS]);
    moves!(u64, I64Eqz, I64Add, [I64RemU I64RemS]);
}
