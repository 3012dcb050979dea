//! Fused statements: stores, branches and returns of expressions.

use super::list::{I, R, S, Shapes, each};
use super::trees::inner;
use crate::handlers::expr::*;
use crate::handlers::stmt::*;

/// All fused sinks.
pub(super) fn all(t: &mut Shapes<'_>) {
    stores(t);
    stores_of_operators(t);
    branches(t);
    tests(t);
    returns(t);
}

fn stores(t: &mut Shapes<'_>) {
    macro_rules! all_of {
        ($($op:ident: $ty:ty),*) => {
            $(
                each!(A in [
                    Bin<I32Add, S<u32>, S<u32>>, Bin<I32Add, S<u32>, I<u32>>, Bin<I32Add, Bin<I32Shl, S<u32>, I<u32>>, S<u32>>,
                    Load<I32Load, S<u32>>,
                ] {
                    each!(V in [S<$ty>, R<$ty>, I<$ty>] { t.stmt::<Store<$op, A, V>>(); });
                });
                each!(A in [Bin<I32Add, R<u32>, S<u32>>, Bin<I32Add, R<u32>, I<u32>>, Bin<I32Add, Bin<I32Shl, R<u32>, I<u32>>, S<u32>>] {
                    each!(V in [S<$ty>, I<$ty>] { t.stmt::<Store<$op, A, V>>(); });
                });
            )*
        };
    }
    all_of!(
        I32Store: u32, I64Store: u64, F32Store: f32, F64Store: f64, I32Store8: u32, I32Store16: u32, I64Store8: u64,
        I64Store32: u64
    );
    each!(A in [S<u32>, R<u32>, Bin<I32Add, S<u32>, S<u32>>] {
        t.stmt::<Store<F64Store, A, S<f64>>>();
        t.stmt::<Store<F32Store, A, S<f32>>>();
        t.stmt::<Store<F64Store, A, R<f64>>>();
        t.stmt::<Store<F32Store, A, R<f32>>>();
    });
}

fn stores_of_operators(t: &mut Shapes<'_>) {
    each!(O in [I64Add, I64And, I64Or, I64Xor] {
        inner!(X = O, u64, { t.stmt::<Store<I64Store, S<u32>, X>>(); });
    });
    each!(A in [S<u32>, R<u32>, Bin<I32Add, S<u32>, I<u32>>] { t.stmt::<Store<I64Store, S<u32>, Load<I64Load, A>>>(); });
    t.stmt::<Store<I64Store, R<u32>, Load<I64Load, S<u32>>>>();
    t.stmt::<Store<I64Store, Bin<I32Add, S<u32>, I<u32>>, Load<I64Load, Bin<I32Add, S<u32>, I<u32>>>>>();
    macro_rules! floats {
        ($store:ident, $load:ident, $ty:ty, $($op:ident)*; $div:ident) => {
            each!(A in [S<u32>, R<u32>] {
                each!(O in [$($op,)* $div] {
                    each!(X in [Bin<O, S<$ty>, S<$ty>>, Bin<O, R<$ty>, S<$ty>>, Bin<O, S<$ty>, R<$ty>>] {
                        t.stmt::<Store<$store, A, X>>();
                    });
                });
                each!(O in [$($op),*] {
                    each!(X in [Bin<O, Load<$load, S<u32>>, S<$ty>>, Bin<O, Load<$load, S<u32>>, R<$ty>>] {
                        t.stmt::<Store<$store, A, X>>();
                    });
                });
            });
            each!(A in [S<u32>, R<u32>] { t.stmt::<Store<$store, S<u32>, Load<$load, A>>>(); });
            t.stmt::<Store<$store, R<u32>, Load<$load, S<u32>>>>();
        };
    }
    floats!(F64Store, F64Load, f64, F64Add F64Sub F64Mul; F64Div);
    floats!(F32Store, F32Load, f32, F32Add F32Sub F32Mul; F32Div);
}

/// Branches on comparisons of what was just computed or loaded.
fn branches(t: &mut Shapes<'_>) {
    each!(C in [I64Eq, I64Ne, I64LtS, I64LtU, I64GtS, I64GtU, I64LeS, I64LeU, I64GeS, I64GeU] {
        each!(X in [Load<I64Load, S<u32>>, Load<I64Load, R<u32>>, Bin<I64And, S<u64>, I<u64>>, Bin<I64And, R<u64>, I<u64>>] {
            t.stmt::<BrIf<Bin<C, X, S<u64>>>>();
            t.stmt::<BrIf<Bin<C, X, I<u64>>>>();
        });
    });
    // A float comparison negated is no comparison.
    each!(C in [F32Eq, F32Ne, F32Lt, F32Gt, F32Le, F32Ge] {
        each!(X in [Bin<C, S<f32>, S<f32>>, Bin<C, R<f32>, S<f32>>, Bin<C, S<f32>, I<f32>>, Bin<C, R<f32>, I<f32>>] {
            t.stmt::<BrIf<Un<I32Eqz, X>>>();
        });
    });
    each!(C in [F64Eq, F64Ne, F64Lt, F64Gt, F64Le, F64Ge] {
        each!(X in [Bin<C, S<f64>, S<f64>>, Bin<C, R<f64>, S<f64>>, Bin<C, S<f64>, I<f64>>, Bin<C, R<f64>, I<f64>>] {
            t.stmt::<BrIf<Un<I32Eqz, X>>>();
        });
        t.condition::<Bin<C, Load<F64Load, S<u32>>, S<f64>>>();
        t.stmt::<BrIf<Un<I32Eqz, Bin<C, Load<F64Load, S<u32>>, S<f64>>>>>();
    });
}

/// Branches on whether something is zero.
fn tests(t: &mut Shapes<'_>) {
    macro_rules! test {
        ($x:ty) => {
            t.condition::<$x>();
            t.stmt::<BrIf<Un<I32Eqz, $x>>>();
        };
    }
    each!(O in [I32And, I32Add, I32Sub, I32Or, I32Xor, I32ShrU] { inner!(X = O, u32, { test!(X); }); });
    each!(L in [I32Load, I32Load8U, I32Load8S, I32Load16U, I32Load16S] {
        each!(A in [S<u32>, R<u32>, Bin<I32Add, S<u32>, S<u32>>, Bin<I32Add, R<u32>, S<u32>>] {
            test!(Load<L, A>);
            test!(Bin<I32And, Load<L, A>, I<u32>>);
            t.expr::<Bin<I32And, Load<L, A>, I<u32>>>();
        });
    });
    each!(O in [I32Shl, I32ShrU] {
        inner!(X = O, u32, {
            test!(Bin<I32And, X, I<u32>>);
            test!(Bin<I32And, X, S<u32>>);
        });
    });
    each!(L in [I64Load] { each!(A in [S<u32>, R<u32>] {
        t.stmt::<BrIf<Un<I64Eqz, Load<L, A>>>>();
    }); });
    each!(O in [I64And, I64Sub, I64ShrU] {
        inner!(X = O, u64, {
            t.stmt::<BrIf<Un<I64Eqz, X>>>();
        });
    });
    t.condition::<Global<u32>>();
}

fn returns(t: &mut Shapes<'_>) {
    each!(O in [I32Add, I32Sub, I32Mul, I32And, I32Or, I32Xor, I32Shl, I32ShrU, I32Eq, I32Ne] {
        inner!(X = O, u32, { t.stmt::<Return<X>>(); });
    });
    each!(O in [I64Add, I64Sub, I64Mul, I64And, I64Or, I64Xor] { inner!(X = O, u64, { t.stmt::<Return<X>>(); }); });
    each!(O in [F64Add, F64Sub, F64Mul, F64Div] {
        each!(X in [Bin<O, S<f64>, S<f64>>, Bin<O, R<f64>, S<f64>>, Bin<O, S<f64>, R<f64>>] { t.stmt::<Return<X>>(); });
    });
    each!(L in [I32Load, I32Load8U] { each!(A in [S<u32>, R<u32>] { t.stmt::<Return<Load<L, A>>>(); }); });
}
