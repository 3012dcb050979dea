//! Fused forms over 64-bit addresses and counters: what programs for 64-bit memories do where others do it with 32 bits.
//!
//! The families of [`trees`](super::trees), [`sinks`](super::sinks) and [`sequences`](super::sequences) in small: what is
//! worth more than a list that was mined from a few programs.

use super::list::{I, R, S, Shapes, each};
use crate::handlers::control::Br;
use crate::handlers::expr::*;
use crate::handlers::seq::Seq;
use crate::handlers::stmt::*;

/// A scaled index, extended or not.
type Scaled<X> = Bin<I64Shl, X, I<u64>>;
type Extended<E, X> = Un<E, X>;

/// All of them.
pub(super) fn all(t: &mut Shapes<'_>) {
    addresses(t);
    operators(t);
    stores(t);
    tests(t);
    loops(t);
}

/// Computed addresses under every load, and alone.
fn addresses(t: &mut Shapes<'_>) {
    macro_rules! under_loads {
        ($($address:ty),* $(,)?) => {
            $(
                t.expr::<$address>();
                each!(L in [I32Load, I64Load, F32Load, F64Load, I32Load8S, I32Load8U, I32Load16S, I32Load16U, I64Load32U] {
                    t.expr::<Load<L, $address>>();
                });
            )*
        };
    }
    under_loads!(
        Bin<I64Add, S<u64>, S<u64>>, Bin<I64Add, R<u64>, S<u64>>, Bin<I64Add, S<u64>, I<u64>>, Bin<I64Add, R<u64>, I<u64>>,
        Bin<I64Add, Scaled<S<u64>>, S<u64>>, Bin<I64Add, Scaled<R<u64>>, S<u64>>, Bin<I64Add, Scaled<S<u64>>, I<u64>>,
        Bin<I64Add, Bin<I64Add, S<u64>, S<u64>>, I<u64>>, Load<I64Load, S<u64>>, Load<I64Load, R<u64>>,
    );
    each!(E in [I64ExtendI32U, I64ExtendI32S] {
        under_loads!(
            Bin<I64Add, Extended<E, S<u32>>, S<u64>>, Bin<I64Add, Extended<E, R<u32>>, S<u64>>,
            Bin<I64Add, Scaled<Extended<E, S<u32>>>, S<u64>>, Bin<I64Add, Scaled<Extended<E, R<u32>>>, S<u64>>,
            Bin<I64Add, Scaled<Extended<E, S<u32>>>, I<u64>>,
        );
    });
}

/// Operators with an operand in memory.
fn operators(t: &mut Shapes<'_>) {
    macro_rules! over_loads {
        ($ty:ty, $load:ident, $($op:ident)*) => {
            $(
                each!(A in [S<u64>, R<u64>] {
                    t.expr::<Bin<$op, Load<$load, A>, S<$ty>>>();
                    t.expr::<Bin<$op, S<$ty>, Load<$load, A>>>();
                    t.expr::<Bin<$op, Load<$load, A>, I<$ty>>>();
                });
                t.expr::<Bin<$op, Load<$load, S<u64>>, R<$ty>>>();
                t.expr::<Bin<$op, R<$ty>, Load<$load, S<u64>>>>();
                t.expr::<Bin<$op, Load<$load, S<u64>>, Load<$load, S<u64>>>>();
            )*
        };
    }
    over_loads!(u32, I32Load, I32Add I32Sub I32And I32Or I32Xor);
    over_loads!(u64, I64Load, I64Add I64Sub I64And I64Or I64Xor);
    over_loads!(f64, F64Load, F64Add F64Sub F64Mul);
    over_loads!(f32, F32Load, F32Add F32Sub F32Mul);
    // Multiply and add.
    macro_rules! products {
        ($ty:ty, $load:ident, $add:ident, $mul:ident) => {
            each!(X in [
                Bin<$mul, Load<$load, S<u64>>, Load<$load, S<u64>>>, Bin<$mul, Load<$load, S<u64>>, S<$ty>>,
                Bin<$mul, Load<$load, R<u64>>, S<$ty>>, Bin<$mul, Load<$load, R<u64>>, Load<$load, S<u64>>>,
                Bin<$mul, Load<$load, S<u64>>, Load<$load, R<u64>>>,
            ] {
                t.expr::<Bin<$add, X, S<$ty>>>();
                t.expr::<Bin<$add, X, R<$ty>>>();
            });
        };
    }
    products!(f64, F64Load, F64Add, F64Mul);
    products!(f32, F32Load, F32Add, F32Mul);
}

fn stores(t: &mut Shapes<'_>) {
    macro_rules! all_of {
        ($($op:ident: $ty:ty),*) => {
            $(
                each!(A in [
                    Bin<I64Add, S<u64>, S<u64>>, Bin<I64Add, S<u64>, I<u64>>, Bin<I64Add, Scaled<S<u64>>, S<u64>>,
                    Bin<I64Add, Extended<I64ExtendI32U, S<u32>>, S<u64>>,
                    Bin<I64Add, Scaled<Extended<I64ExtendI32U, S<u32>>>, S<u64>>, Load<I64Load, S<u64>>,
                ] {
                    each!(V in [S<$ty>, R<$ty>, I<$ty>] { t.stmt::<Store<$op, A, V>>(); });
                });
                each!(A in [Bin<I64Add, R<u64>, S<u64>>, Bin<I64Add, R<u64>, I<u64>>, Bin<I64Add, Scaled<R<u64>>, S<u64>>] {
                    each!(V in [S<$ty>, I<$ty>] { t.stmt::<Store<$op, A, V>>(); });
                });
            )*
        };
    }
    all_of!(I32Store: u32, I64Store: u64, F32Store: f32, F64Store: f64, I32Store8: u32, I32Store16: u32);
    macro_rules! operators {
        ($store:ident, $load:ident, $ty:ty, $($op:ident)*) => {
            each!(A in [S<u64>, R<u64>] {
                t.stmt::<Store<$store, S<u64>, Load<$load, A>>>();
                each!(O in [$($op),*] {
                    t.stmt::<Store<$store, A, Bin<O, S<$ty>, S<$ty>>>>();
                    t.stmt::<Store<$store, A, Bin<O, S<$ty>, I<$ty>>>>();
                });
            });
            each!(O in [$($op),*] {
                each!(X in [
                    Bin<O, R<$ty>, S<$ty>>, Bin<O, R<$ty>, I<$ty>>, Bin<O, Load<$load, S<u64>>, S<$ty>>,
                    Bin<O, Load<$load, S<u64>>, I<$ty>>, Bin<O, Load<$load, S<u64>>, R<$ty>>,
                ] { t.stmt::<Store<$store, S<u64>, X>>(); });
            });
        };
    }
    operators!(I32Store, I32Load, u32, I32Add I32Sub I32And I32Or I32Xor);
    operators!(I64Store, I64Load, u64, I64Add I64Sub);
    operators!(F64Store, F64Load, f64, F64Add F64Sub F64Mul);
}

/// Branches on what lies in memory.
fn tests(t: &mut Shapes<'_>) {
    each!(L in [I32Load, I32Load8U] {
        each!(A in [S<u64>, R<u64>, Bin<I64Add, S<u64>, S<u64>>] {
            t.condition::<Load<L, A>>();
            t.stmt::<BrIf<Un<I32Eqz, Load<L, A>>>>();
            each!(C in [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU] {
                t.stmt::<BrIf<Bin<C, Load<L, A>, S<u32>>>>();
                t.stmt::<BrIf<Bin<C, Load<L, A>, I<u32>>>>();
            });
        });
    });
    each!(A in [S<u64>, R<u64>] {
        t.stmt::<BrIf<Un<I64Eqz, Load<I64Load, A>>>>();
        each!(C in [I64Eq, I64Ne, I64LtS, I64LtU, I64GtS, I64GtU] {
            t.stmt::<BrIf<Bin<C, Load<I64Load, A>, S<u64>>>>();
            t.stmt::<BrIf<Bin<C, Load<I64Load, A>, I<u64>>>>();
        });
    });
}

/// Pointers and counters step, and decide whether there is another iteration.
fn loops(t: &mut Shapes<'_>) {
    macro_rules! ends {
        ($before:ty) => {
            each!(C in [I64Eq, I64Ne, I64LtS, I64LtU, I64GtS, I64GtU, I64LeS, I64LeU, I64GeS, I64GeU] {
                t.branch::<Seq<$before, BrIf<Bin<C, R<u64>, S<u64>>>>>();
                t.branch::<Seq<$before, BrIf<Bin<C, R<u64>, I<u64>>>>>();
                t.stmt::<Seq<$before, BrIf<Bin<C, S<u64>, R<u64>>>>>();
            });
        };
    }
    each!(A in [
        SetSlot<Bin<I64Add, S<u64>, I<u64>>>, SetSlot<Bin<I64Add, R<u64>, I<u64>>>, SetSlot<Bin<I64Sub, S<u64>, I<u64>>>,
        SetSlot<Bin<I64Add, S<u64>, S<u64>>>,
    ] {
        ends!(A);
        t.stmt::<Seq<A, Br>>();
        each!(B in [SetSlot<Bin<I64Add, S<u64>, I<u64>>>, SetSlot<Bin<I32Add, S<u32>, I<u32>>>, SetSlot<S<u64>>] {
            t.stmt::<Seq<A, B>>();
            t.stmt::<Seq<B, A>>();
        });
        each!(C in [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU] {
            t.branch::<Seq<Seq<A, SetSlot<Bin<I32Add, S<u32>, I<u32>>>>, BrIf<Bin<C, R<u32>, S<u32>>>>>();
            t.branch::<Seq<Seq<A, SetSlot<Bin<I32Add, S<u32>, I<u32>>>>, BrIf<Bin<C, R<u32>, I<u32>>>>>();
        });
    });
    each!(B in [SetSlot<Bin<I64Add, S<u64>, I<u64>>>, SetSlot<Bin<I64Sub, S<u64>, I<u64>>>] {
        each!(C in [I64Ne, I64LtU, I64LtS, I64GtU, I64GtS] {
            t.branch::<Seq<Seq<SetSlot<Bin<I64Add, S<u64>, I<u64>>>, B>, BrIf<Bin<C, R<u64>, S<u64>>>>>();
            t.branch::<Seq<Seq<SetSlot<Bin<I64Add, S<u64>, I<u64>>>, B>, BrIf<Bin<C, R<u64>, I<u64>>>>>();
        });
    });
    // A scan, a fill.
    each!(A in [SetSlot<Bin<I64Add, S<u64>, I<u64>>>, SetSlot<Bin<I64Sub, S<u64>, I<u64>>>] {
        each!(L in [I32Load, I32Load8U] {
            t.stmt::<Seq<A, SetSlot<Load<L, R<u64>>>>>();
            each!(C in [I32Eq, I32Ne, I32LtS, I32GtS] {
                t.repeat::<Seq<Seq<A, SetSlot<Load<L, R<u64>>>>, BrIf<Bin<C, R<u32>, S<u32>>>>>();
                t.repeat::<Seq<Seq<A, SetSlot<Load<L, R<u64>>>>, BrIf<Bin<C, R<u32>, I<u32>>>>>();
            });
        });
        each!(C in [
            Load<I32Load8U, R<u64>>, Bin<I32Eq, Load<I32Load8U, R<u64>>, I<u32>>, Bin<I32Ne, Load<I32Load8U, R<u64>>, I<u32>>,
        ] { t.repeat::<Seq<A, BrIf<C>>>(); });
    });
    each!(W in [
        Store<I32Store8, S<u64>, I<u32>>, Store<I32Store8, S<u64>, S<u32>>, Store<I32Store, S<u64>, S<u32>>,
        Store<I32Store8, R<u64>, I<u32>>, Store<I32Store8, R<u64>, S<u32>>, Store<I32Store, R<u64>, S<u32>>,
    ] {
        each!(A in [SetSlot<Bin<I64Add, S<u64>, I<u64>>>, SetSlot<Bin<I64Add, R<u64>, I<u64>>>] {
            t.stmt::<Seq<W, A>>();
            each!(C in [I64Ne, I64LtU] { t.repeat::<Seq<Seq<W, A>, BrIf<Bin<C, R<u64>, S<u64>>>>>(); });
        });
    });
}
