//! Two or three statements in one dispatch.

use super::list::{I, R, S, Shapes, each};
use crate::handlers::control::{self, Br, Call, CallIndirect, ReturnCall};
use crate::handlers::expr::*;
use crate::handlers::seq::Seq;
use crate::handlers::stmt::*;

/// Assignments that often have neighbours.
macro_rules! assignments {
    ($name:ident $body:block) => {
        each!($name in [
            SetSlot<S<u32>>, SetSlot<I<u32>>, SetSlot<R<u32>>, SetSlot<S<u64>>, SetSlot<S<f64>>,
            SetSlot<Bin<I32Add, S<u32>, I<u32>>>, SetSlot<Bin<I32Add, S<u32>, S<u32>>>, SetSlot<Bin<I32Add, R<u32>, I<u32>>>,
            SetSlot<Bin<I32Add, R<u32>, S<u32>>>, SetSlot<Bin<I32Sub, S<u32>, I<u32>>>, SetSlot<Bin<I32And, S<u32>, I<u32>>>,
            SetSlot<Load<I32Load, S<u32>>>, SetSlot<Load<I32Load, R<u32>>>, SetSlot<Load<I32Load8U, S<u32>>>,
            SetSlot<Bin<I64Add, S<u64>, I<u64>>>,
        ] $body)
    };
}

/// All sequences.
pub(super) fn all(t: &mut Shapes<'_>) {
    pairs(t);
    moves(t);
    with_stores(t);
    before_branches(t);
    guards(t);
    before_calls(t);
}

fn pairs(t: &mut Shapes<'_>) {
    assignments!(A { assignments!(B { t.stmt::<Seq<A, B>>(); }); });
    t.stmt::<Seq<SetSlot<Bin<I32Sub, Global<u32>, I<u32>>>, SetGlobal<R<u32>>>>();
    // Parallel moves at joins.
    each!(A in [SetSlot<S<u32>>, SetSlot<I<u32>>] {
        each!(B in [SetSlot<S<u32>>, SetSlot<I<u32>>] {
            each!(C in [SetSlot<S<u32>>, SetSlot<I<u32>>] { t.stmt::<Seq<Seq<A, B>, C>>(); });
            t.stmt::<Seq<Seq<A, B>, Br>>();
        });
    });
}

/// Runs of moves between locals, as compilers leave them at the ends of loops and of arms.
fn moves(t: &mut Shapes<'_>) {
    /// Two more of the same.
    type More<M, A> = Seq<Seq<M, A>, A>;
    each!(A in [SetSlot<S<u32>>, SetSlot<S<u64>>, SetSlot<S<f64>>] {
        each!(B in [SetSlot<S<u32>>, SetSlot<S<u64>>, SetSlot<S<f64>>] {
            each!(C in [SetSlot<S<u32>>, SetSlot<S<u64>>, SetSlot<S<f64>>] {
                t.stmt::<Seq<Seq<A, B>, C>>();
                each!(D in [SetSlot<S<u32>>, SetSlot<S<u64>>, SetSlot<S<f64>>] {
                    t.stmt::<Seq<Seq<Seq<A, B>, C>, D>>();
                });
            });
        });
        type Four = Seq<Seq<Seq<A, A>, A>, A>;
        t.stmt::<Seq<Four, A>>();
        t.stmt::<More<Four, A>>();
        t.stmt::<Seq<More<Four, A>, A>>();
        t.stmt::<More<More<Four, A>, A>>();
    });
    each!(A in [SetSlot<S<u32>>, SetSlot<S<u64>>] {
        each!(B in [SetSlot<S<u32>>, SetSlot<S<u64>>] {
            t.stmt::<Seq<Seq<A, B>, Br>>();
            each!(C in [SetSlot<S<u32>>, SetSlot<S<u64>>] {
                t.stmt::<Seq<Seq<Seq<A, B>, C>, Br>>();
                each!(D in [SetSlot<S<u32>>, SetSlot<S<u64>>] {
                    t.stmt::<Seq<Seq<Seq<Seq<A, B>, C>, D>, Br>>();
                });
            });
        });
    });
}

fn with_stores(t: &mut Shapes<'_>) {
    each!(W in [
        Store<I32Store, S<u32>, S<u32>>, Store<I32Store, S<u32>, I<u32>>, Store<I32Store8, S<u32>, S<u32>>,
        Store<I32Store, S<u32>, R<u32>>, Store<F64Store, S<u32>, S<f64>>, Store<F64Store, S<u32>, R<f64>>,
        Store<I64Store, S<u32>, S<u64>>, Store<I64Store, S<u32>, R<u64>>, Store<I32Store8, S<u32>, R<u32>>,
        Store<I32Store8, S<u32>, I<u32>>,
    ] {
        assignments!(A {
            t.stmt::<Seq<A, W>>();
            t.stmt::<Seq<W, A>>();
        });
        each!(V in [Store<I32Store, S<u32>, S<u32>>, Store<I32Store, S<u32>, I<u32>>, Store<I64Store, S<u32>, S<u64>>] {
            t.stmt::<Seq<W, V>>();
        });
        t.stmt::<Seq<W, Br>>();
    });
}

fn before_branches(t: &mut Shapes<'_>) {
    assignments!(A {
        each!(C in [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU] {
            t.stmt::<Seq<A, BrIf<Bin<C, R<u32>, S<u32>>>>>();
            t.stmt::<Seq<A, BrIf<Bin<C, R<u32>, I<u32>>>>>();
            t.stmt::<Seq<A, BrIf<Bin<C, S<u32>, S<u32>>>>>();
            t.stmt::<Seq<A, BrIf<Bin<C, S<u32>, I<u32>>>>>();
        });
        each!(C in [R<u32>, Un<I32Eqz, R<u32>>, S<u32>, Un<I32Eqz, S<u32>>, Bin<I32And, R<u32>, I<u32>>] {
            t.stmt::<Seq<A, BrIf<C>>>();
        });
        t.stmt::<Seq<A, Br>>();
    });
    each!(O in [I32Sub, I32Mul, I32And, I32Or, I32Xor, I32Shl, I32ShrU] {
        each!(X in [Bin<O, S<u32>, S<u32>>, Bin<O, S<u32>, I<u32>>] { t.stmt::<Seq<SetSlot<X>, Br>>(); });
    });
    // A counter or pointer decides whether there is another iteration.
    each!(A in [
        SetSlot<Bin<I32Add, S<u32>, I<u32>>>, SetSlot<Bin<I32Add, R<u32>, I<u32>>>, SetSlot<Bin<I32Sub, S<u32>, I<u32>>>,
    ] {
        each!(C in [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU] {
            t.branch::<Seq<A, BrIf<Bin<C, R<u32>, S<u32>>>>>();
            t.branch::<Seq<A, BrIf<Bin<C, R<u32>, I<u32>>>>>();
            t.branch::<Seq<A, BrIf<Bin<C, S<u32>, R<u32>>>>>();
        });
        t.branch::<Seq<A, BrIf<R<u32>>>>();
        t.branch::<Seq<A, BrIf<Un<I32Eqz, R<u32>>>>>();
    });
    // Nothing but a counter, which comes in the accumulator from the iteration before.
    macro_rules! counter {
        ($ty:ty, $add:ident, $sub:ident, $zero:ty, $up:tt, $down:tt) => {
            each!(C in $up {
                t.repeat::<Seq<SetSlot<Bin<$add, R<$ty>, I<$ty>>>, BrIf<Bin<C, R<$ty>, S<$ty>>>>>();
                t.repeat::<Seq<SetSlot<Bin<$add, R<$ty>, I<$ty>>>, BrIf<Bin<C, R<$ty>, I<$ty>>>>>();
            });
            each!(C in $down { t.repeat::<Seq<SetSlot<Bin<$sub, R<$ty>, I<$ty>>>, BrIf<Bin<C, R<$ty>, I<$ty>>>>>(); });
            each!(A in [$add, $sub] { t.repeat::<Seq<SetSlot<Bin<A, R<$ty>, I<$ty>>>, BrIf<$zero>>>(); });
        };
    }
    counter!(u32, I32Add, I32Sub, R<u32>, [I32Ne, I32LtS, I32LtU, I32LeS, I32LeU], [I32GtS, I32GeS, I32GtU]);
    counter!(
        u64, I64Add, I64Sub, Bin<I64Ne, R<u64>, I<u64>>, [I64Ne, I64LtS, I64LtU, I64LeS, I64LeU], [I64GtS, I64GeS, I64GtU]
    );
    // A scan: step the pointer, load, compare.
    each!(A in [SetSlot<Bin<I32Add, S<u32>, I<u32>>>, SetSlot<Bin<I32Sub, S<u32>, I<u32>>>] {
        each!(L in [I32Load, I32Load8U] {
            t.stmt::<Seq<A, SetSlot<Load<L, R<u32>>>>>();
            each!(C in [I32Eq, I32Ne, I32LtS, I32GtS, I32LeS, I32GeS, I32LtU, I32GtU] {
                t.stmt::<Seq<Seq<A, SetSlot<Load<L, R<u32>>>>, BrIf<Bin<C, R<u32>, S<u32>>>>>();
                t.stmt::<Seq<Seq<A, SetSlot<Load<L, R<u32>>>>, BrIf<Bin<C, R<u32>, I<u32>>>>>();
                t.stmt::<Seq<Seq<A, SetSlot<Load<L, R<u32>>>>, BrIf<Bin<C, S<u32>, R<u32>>>>>();
            });
            each!(C in [I32Eq, I32Ne, I32LtS, I32GtS, I32LeS, I32GeS, I32LtU, I32GtU] {
                t.repeat::<Seq<Seq<A, SetSlot<Load<L, R<u32>>>>, BrIf<Bin<C, R<u32>, S<u32>>>>>();
                t.repeat::<Seq<Seq<A, SetSlot<Load<L, R<u32>>>>, BrIf<Bin<C, R<u32>, I<u32>>>>>();
            });
        });
    });
    // Up to the end of a string, or to a byte.
    each!(A in [SetSlot<Bin<I32Add, S<u32>, I<u32>>>, SetSlot<Bin<I32Add, R<u32>, I<u32>>>] {
        each!(C in [
            Load<I32Load8U, R<u32>>, Bin<I32Eq, Load<I32Load8U, R<u32>>, I<u32>>, Bin<I32Ne, Load<I32Load8U, R<u32>>, I<u32>>,
        ] {
            t.stmt::<Seq<A, BrIf<C>>>();
            t.repeat::<Seq<A, BrIf<C>>>();
        });
    });
    // A fill or a copy: store, step, compare; the pointer may come in the accumulator from the iteration before.
    each!(W in [
        Store<I32Store8, S<u32>, I<u32>>, Store<I32Store8, S<u32>, S<u32>>, Store<I32Store, S<u32>, S<u32>>,
        Store<I32Store8, R<u32>, I<u32>>, Store<I32Store8, R<u32>, S<u32>>, Store<I32Store, R<u32>, S<u32>>,
    ] {
        each!(A in [
            SetSlot<Bin<I32Add, S<u32>, I<u32>>>, SetSlot<Bin<I32Add, S<u32>, S<u32>>>,
            SetSlot<Bin<I32Add, R<u32>, I<u32>>>, SetSlot<Bin<I32Add, R<u32>, S<u32>>>,
        ] {
            t.stmt::<Seq<W, A>>();
            each!(C in [I32Ne, I32LtS, I32LtU] {
                t.stmt::<Seq<Seq<W, A>, BrIf<Bin<C, R<u32>, S<u32>>>>>();
                t.repeat::<Seq<Seq<W, A>, BrIf<Bin<C, R<u32>, S<u32>>>>>();
            });
        });
    });
    // A sum of products, which may come in the accumulator from the iteration before; a pointer steps.
    each!(A in [
        Bin<F64Add, Bin<F64Mul, Load<F64Load, S<u32>>, Load<F64Load, S<u32>>>, R<f64>>,
        Bin<F64Add, Bin<F64Mul, Load<F64Load, S<u32>>, Load<F64Load, S<u32>>>, S<f64>>,
        Bin<F32Add, Bin<F32Mul, Load<F32Load, S<u32>>, Load<F32Load, S<u32>>>, R<f32>>,
        Bin<F32Add, Bin<F32Mul, Load<F32Load, S<u32>>, Load<F32Load, S<u32>>>, S<f32>>,
    ] {
        t.stmt::<Seq<SetSlot<A>, SetSlot<Bin<I32Add, S<u32>, I<u32>>>>>();
    });
    // The end of a loop: pointers step, the counter decides.
    each!(A in [SetSlot<Bin<I32Add, S<u32>, I<u32>>>, SetSlot<Bin<I32Add, S<u32>, S<u32>>>] {
        each!(B in [SetSlot<Bin<I32Add, S<u32>, I<u32>>>, SetSlot<Bin<I32Sub, S<u32>, I<u32>>>] {
            each!(C in [I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32GeS, I32LeS] {
                t.branch::<Seq<Seq<A, B>, BrIf<Bin<C, R<u32>, S<u32>>>>>();
                t.branch::<Seq<Seq<A, B>, BrIf<Bin<C, R<u32>, I<u32>>>>>();
            });
            t.branch::<Seq<Seq<A, B>, BrIf<R<u32>>>>();
            t.branch::<Seq<Seq<A, B>, BrIf<Un<I32Eqz, R<u32>>>>>();
        });
    });
}

/// A condition, and the return where it does not hold: how recursions end, and what functions begin with.
fn guards(t: &mut Shapes<'_>) {
    macro_rules! guard {
        ($condition:ty) => {
            each!(E in [Return<S<u32>>, Return<I<u32>>, control::Return] { t.stmt::<Seq<BrIf<$condition>, E>>(); });
        };
    }
    each!(C in [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU] {
        guard!(Bin<C, R<u32>, S<u32>>);
        guard!(Bin<C, R<u32>, I<u32>>);
        guard!(Bin<C, S<u32>, S<u32>>);
        guard!(Bin<C, S<u32>, I<u32>>);
    });
    each!(C in [R<u32>, Un<I32Eqz, R<u32>>, S<u32>, Un<I32Eqz, S<u32>>] { guard!(C); });
}

fn before_calls(t: &mut Shapes<'_>) {
    assignments!(A {
        t.stmt::<Seq<A, Call>>();
        t.stmt::<Seq<A, CallIndirect>>();
        t.stmt::<Seq<A, ReturnCall>>();
        each!(B in [
            SetSlot<S<u32>>, SetSlot<I<u32>>, SetSlot<R<u32>>, SetSlot<Bin<I32Add, S<u32>, I<u32>>>,
            SetSlot<Bin<I32Sub, S<u32>, I<u32>>>, SetSlot<Load<I32Load, S<u32>>>,
        ] { t.stmt::<Seq<Seq<A, B>, Call>>(); });
    });
}
