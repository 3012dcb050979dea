//! Fused forms of far accesses, with 32-bit addresses: enough that a loop over another memory takes few cells more than one over
//! memory 0.

use super::list::{I, R, S, Shapes, each};
use crate::handlers::expr::*;
use crate::handlers::seq::Seq;
use crate::handlers::stmt::*;

/// All of them.
pub(super) fn all(t: &mut Shapes<'_>) {
    addresses(t);
    operators(t);
    stores(t);
    loops(t);
}

/// Computed addresses under every load.
fn addresses(t: &mut Shapes<'_>) {
    each!(A in [
        Bin<I32Add, S<u32>, S<u32>>, Bin<I32Add, R<u32>, S<u32>>, Bin<I32Add, S<u32>, I<u32>>, Bin<I32Add, R<u32>, I<u32>>,
        Bin<I32Add, Bin<I32Shl, S<u32>, I<u32>>, S<u32>>, Bin<I32Add, Bin<I32Shl, R<u32>, I<u32>>, S<u32>>,
    ] {
        each!(L in [I32Load, I64Load, F32Load, F64Load, I32Load8S, I32Load8U, I32Load16S, I32Load16U] {
            t.expr::<FarLoad<L, A>>();
        });
    });
}

/// Operators with an operand in memory.
fn operators(t: &mut Shapes<'_>) {
    macro_rules! over_loads {
        ($ty:ty, $load:ident, $($op:ident)*) => {
            $(
                each!(A in [S<u32>, R<u32>] {
                    t.expr::<Bin<$op, FarLoad<$load, A>, S<$ty>>>();
                    t.expr::<Bin<$op, S<$ty>, FarLoad<$load, A>>>();
                });
                t.expr::<Bin<$op, FarLoad<$load, S<u32>>, I<$ty>>>();
                t.expr::<Bin<$op, FarLoad<$load, S<u32>>, R<$ty>>>();
                t.expr::<Bin<$op, R<$ty>, FarLoad<$load, S<u32>>>>();
                t.expr::<Bin<$op, FarLoad<$load, S<u32>>, FarLoad<$load, S<u32>>>>();
            )*
        };
    }
    over_loads!(u32, I32Load, I32Add I32Sub I32And I32Xor);
    over_loads!(u32, I32Load8U, I32Add I32And I32Xor);
    over_loads!(u64, I64Load, I64Add I64Xor);
    over_loads!(f64, F64Load, F64Add F64Sub F64Mul);
    over_loads!(f32, F32Load, F32Add F32Sub F32Mul);
    macro_rules! products {
        ($ty:ty, $load:ident, $add:ident, $mul:ident) => {
            each!(X in [
                Bin<$mul, FarLoad<$load, S<u32>>, FarLoad<$load, S<u32>>>, Bin<$mul, FarLoad<$load, S<u32>>, S<$ty>>,
                Bin<$mul, FarLoad<$load, R<u32>>, S<$ty>>, Bin<$mul, FarLoad<$load, R<u32>>, FarLoad<$load, S<u32>>>,
                Bin<$mul, FarLoad<$load, S<u32>>, FarLoad<$load, R<u32>>>,
            ] {
                t.expr::<Bin<$add, X, S<$ty>>>();
                t.expr::<Bin<$add, X, R<$ty>>>();
            });
        };
    }
    products!(f64, F64Load, F64Add, F64Mul);
    products!(f32, F32Load, F32Add, F32Mul);
    each!(L in [I32Load, I32Load8U] {
        each!(A in [S<u32>, R<u32>] {
            t.condition::<FarLoad<L, A>>();
            t.stmt::<BrIf<Un<I32Eqz, FarLoad<L, A>>>>();
            each!(C in [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU] {
                t.stmt::<BrIf<Bin<C, FarLoad<L, A>, S<u32>>>>();
                t.stmt::<BrIf<Bin<C, FarLoad<L, A>, I<u32>>>>();
            });
        });
    });
}

fn stores(t: &mut Shapes<'_>) {
    macro_rules! all_of {
        ($($op:ident: $ty:ty),*) => {
            $(
                each!(A in [Bin<I32Add, S<u32>, S<u32>>, Bin<I32Add, S<u32>, I<u32>>, Bin<I32Add, Bin<I32Shl, S<u32>, I<u32>>, S<u32>>] {
                    t.stmt::<FarStore<$op, A, S<$ty>>>();
                    t.stmt::<FarStore<$op, A, R<$ty>>>();
                });
                each!(A in [S<u32>, R<u32>] { t.stmt::<FarStore<$op, A, I<$ty>>>(); });
            )*
        };
    }
    all_of!(I32Store: u32, I64Store: u64, F32Store: f32, F64Store: f64, I32Store8: u32, I32Store16: u32);
    macro_rules! copies {
        ($($store:ident $load:ident;)*) => { $(t.stmt::<FarStore<$store, S<u32>, FarLoad<$load, S<u32>>>>();)* };
    }
    copies! { I32Store I32Load; I32Store8 I32Load8U; I64Store I64Load; F64Store F64Load; }
    each!(X in [
        Bin<I32Add, FarLoad<I32Load, S<u32>>, S<u32>>, Bin<I32Add, FarLoad<I32Load, S<u32>>, I<u32>>, Bin<I32Add, S<u32>, S<u32>>,
        Bin<I32Add, S<u32>, I<u32>>, Bin<I32Add, R<u32>, S<u32>>,
    ] { t.stmt::<FarStore<I32Store, S<u32>, X>>(); });
    each!(X in [Bin<F64Add, S<f64>, S<f64>>, Bin<F64Mul, S<f64>, S<f64>>, Bin<F64Add, R<f64>, S<f64>>] {
        t.stmt::<FarStore<F64Store, S<u32>, X>>();
    });
}

/// A scan, a fill: the pointer steps, and decides whether there is another iteration.
fn loops(t: &mut Shapes<'_>) {
    each!(A in [SetSlot<Bin<I32Add, S<u32>, I<u32>>>, SetSlot<Bin<I32Sub, S<u32>, I<u32>>>] {
        each!(L in [I32Load, I32Load8U] {
            t.stmt::<Seq<A, SetSlot<FarLoad<L, R<u32>>>>>();
            each!(C in [I32Eq, I32Ne, I32LtS, I32GtS] {
                t.repeat::<Seq<Seq<A, SetSlot<FarLoad<L, R<u32>>>>, BrIf<Bin<C, R<u32>, S<u32>>>>>();
                t.repeat::<Seq<Seq<A, SetSlot<FarLoad<L, R<u32>>>>, BrIf<Bin<C, R<u32>, I<u32>>>>>();
            });
        });
    });
    each!(W in [
        FarStore<I32Store8, S<u32>, S<u32>>, FarStore<I32Store8, R<u32>, S<u32>>, FarStore<I32Store8, S<u32>, I<u32>>,
        FarStore<I32Store, S<u32>, S<u32>>, FarStore<I32Store, R<u32>, S<u32>>,
    ] {
        each!(A in [
            SetSlot<Bin<I32Add, S<u32>, I<u32>>>, SetSlot<Bin<I32Add, S<u32>, S<u32>>>,
            SetSlot<Bin<I32Add, R<u32>, I<u32>>>, SetSlot<Bin<I32Add, R<u32>, S<u32>>>,
        ] {
            t.stmt::<Seq<W, A>>();
            each!(C in [I32Ne, I32LtU] { t.repeat::<Seq<Seq<W, A>, BrIf<Bin<C, R<u32>, S<u32>>>>>(); });
        });
    });
    each!(A in [
        SetSlot<Bin<F64Add, Bin<F64Mul, FarLoad<F64Load, S<u32>>, FarLoad<F64Load, S<u32>>>, R<f64>>>,
        SetSlot<Bin<F32Add, Bin<F32Mul, FarLoad<F32Load, S<u32>>, FarLoad<F32Load, S<u32>>>, R<f32>>>,
    ] {
        t.stmt::<Seq<A, SetSlot<Bin<I32Add, S<u32>, I<u32>>>>>();
    });
}
