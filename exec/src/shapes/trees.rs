//! Fused expressions: operators over operators and loads, addresses, selections.

use super::list::{I, R, S, Shapes, each};
use crate::handlers::expr::*;
use crate::handlers::stmt::SetSlot;

/// Every operand pair that reads the accumulator at most once, of an inner operator.
macro_rules! inner {
    ($name:ident = $op:ty, $ty:ty, $body:block) => {
        each!($name in [Bin<$op, S<$ty>, S<$ty>>, Bin<$op, S<$ty>, I<$ty>>, Bin<$op, R<$ty>, S<$ty>>, Bin<$op, R<$ty>, I<$ty>>] $body)
    };
}
/// The same without the accumulator.
macro_rules! inner_no_acc {
    ($name:ident = $op:ty, $ty:ty, $body:block) => {
        each!($name in [Bin<$op, S<$ty>, S<$ty>>, Bin<$op, S<$ty>, I<$ty>>] $body)
    };
}
pub(super) use inner;

/// All fused expressions.
pub(super) fn all(t: &mut Shapes<'_>) {
    i64_over_i64(t);
    floats_f32(t);
    floats_f64(t);
    addresses(t);
    over_loads(t);
    mixed(t);
    selects(t);
    diamonds(t);
    globals(t);
}

fn i64_over_i64(t: &mut Shapes<'_>) {
    each!(O in [I64Add, I64Mul, I64And, I64Xor, I64Shl, I64ShrU] {
        each!(P in [I64Add, I64Or, I64Xor, I64And, I64ShrU, I64Rotl] {
            inner!(X = O, u64, {
                t.expr::<Bin<P, X, S<u64>>>();
                t.expr::<Bin<P, X, I<u64>>>();
            });
        });
        each!(P in [I64Add, I64Xor] { inner_no_acc!(X = O, u64, { t.expr::<Bin<P, X, R<u64>>>(); }); });
    });
    inner!(X = I64ShrU, u64, {
        t.expr::<Un<I32WrapI64, X>>();
    });
    each!(P in [I64Add, I64Or, I64Xor] {
        each!(A in [Bin<I64Shl, S<u64>, I<u64>>, Bin<I64ShrU, S<u64>, I<u64>>, Bin<I64Mul, S<u64>, S<u64>>] {
            each!(B in [Bin<I64Shl, S<u64>, I<u64>>, Bin<I64ShrU, S<u64>, I<u64>>, Bin<I64Mul, S<u64>, S<u64>>] {
                t.expr::<Bin<P, A, B>>();
            });
        });
    });
}

macro_rules! floats {
    ($name:ident, $ty:ty, $load:ident, $add:ident, $sub:ident, $mul:ident) => {
        fn $name(t: &mut Shapes<'_>) {
            type L<A> = Load<$load, A>;
            type Sum = Bin<I32Add, S<u32>, S<u32>>;
            each!(P in [$add, $sub, $mul] {
                each!(O in [$add, $sub, $mul] {
                    each!(X in [Bin<O, S<$ty>, S<$ty>>, Bin<O, R<$ty>, S<$ty>>, Bin<O, S<$ty>, R<$ty>>] {
                        t.expr::<Bin<P, X, S<$ty>>>();
                        t.expr::<Bin<P, S<$ty>, X>>();
                    });
                    t.expr::<Bin<P, Bin<O, S<$ty>, S<$ty>>, R<$ty>>>();
                    t.expr::<Bin<P, R<$ty>, Bin<O, S<$ty>, S<$ty>>>>();
                });
                each!(A in [S<u32>, R<u32>, Sum] {
                    each!(V in [S<$ty>, R<$ty>] {
                        t.expr::<Bin<P, L<A>, V>>();
                        t.expr::<Bin<P, V, L<A>>>();
                    });
                    t.expr::<Bin<P, L<A>, L<S<u32>>>>();
                });
            });
            // Multiply and add, with operands in memory.
            each!(P in [$add, $sub] {
                each!(X in [
                    Bin<$mul, L<S<u32>>, L<S<u32>>>, Bin<$mul, L<S<u32>>, S<$ty>>, Bin<$mul, S<$ty>, L<S<u32>>>,
                    Bin<$mul, L<R<u32>>, S<$ty>>, Bin<$mul, S<$ty>, L<R<u32>>>, Bin<$mul, L<S<u32>>, R<$ty>>,
                    Bin<$mul, L<R<u32>>, L<S<u32>>>, Bin<$mul, L<S<u32>>, L<R<u32>>>,
                ] {
                    t.expr::<Bin<P, X, S<$ty>>>();
                    t.expr::<Bin<P, S<$ty>, X>>();
                });
                // The sum comes from the iteration before.
                each!(X in [
                    Bin<$mul, L<S<u32>>, L<S<u32>>>, Bin<$mul, L<S<u32>>, S<$ty>>, Bin<$mul, S<$ty>, L<S<u32>>>,
                    Bin<$mul, L<R<u32>>, S<$ty>>, Bin<$mul, S<$ty>, L<R<u32>>>,
                    Bin<$mul, L<R<u32>>, L<S<u32>>>, Bin<$mul, L<S<u32>>, L<R<u32>>>,
                ] {
                    t.expr::<Bin<P, X, R<$ty>>>();
                });
                each!(X in [Bin<$mul, S<$ty>, S<$ty>>, Bin<$mul, R<$ty>, S<$ty>>] {
                    each!(Y in [Bin<$mul, S<$ty>, S<$ty>>, L<S<u32>>] { t.expr::<Bin<P, X, Y>>(); });
                });
            });
        }
    };
}
floats!(floats_f32, f32, F32Load, F32Add, F32Sub, F32Mul);
floats!(floats_f64, f64, F64Load, F64Add, F64Sub, F64Mul);

/// Base plus scaled index and the like, under every load.
fn addresses(t: &mut Shapes<'_>) {
    each!(A in [
        Bin<I32Add, S<u32>, S<u32>>, Bin<I32Add, R<u32>, S<u32>>, Bin<I32Add, S<u32>, I<u32>>, Bin<I32Add, R<u32>, I<u32>>,
        Bin<I32Add, Bin<I32Shl, S<u32>, I<u32>>, S<u32>>, Bin<I32Add, Bin<I32Shl, R<u32>, I<u32>>, S<u32>>,
        Bin<I32Shl, S<u32>, I<u32>>, Bin<I32Shl, R<u32>, I<u32>>, Bin<I32Add, Bin<I32Shl, S<u32>, I<u32>>, I<u32>>,
        Bin<I32Add, Bin<I32Add, S<u32>, S<u32>>, I<u32>>, Load<I32Load, S<u32>>, Load<I32Load, R<u32>>,
    ] {
        each!(L in [I32Load, I64Load, F32Load, F64Load, I32Load8S, I32Load8U, I32Load16S, I32Load16U, I64Load32U] {
            t.expr::<Load<L, A>>();
        });
    });
}

/// Operators with an operand in memory.
fn over_loads(t: &mut Shapes<'_>) {
    each!(P in [I64Add, I64Sub, I64Mul, I64And, I64Or, I64Xor] {
        each!(A in [S<u32>, R<u32>] {
            t.expr::<Bin<P, Load<I64Load, A>, S<u64>>>();
            t.expr::<Bin<P, Load<I64Load, A>, I<u64>>>();
        });
        t.expr::<Bin<P, Load<I64Load, S<u32>>, R<u64>>>();
        t.expr::<Bin<P, Load<I64Load, R<u32>>, S<u64>>>();
        t.expr::<Bin<P, Load<I64Load, S<u32>>, Load<I64Load, S<u32>>>>();
    });
}

/// Operators of different types.
fn mixed(t: &mut Shapes<'_>) {
    each!(E in [I64ExtendI32U, I64ExtendI32S] {
        each!(X in [Un<E, S<u32>>, Un<E, R<u32>>] {
            each!(P in [I64Add, I64Mul, I64Or, I64Shl] {
                t.expr::<Bin<P, X, S<u64>>>();
                t.expr::<Bin<P, X, I<u64>>>();
                t.expr::<Bin<P, X, Un<E, S<u32>>>>();
            });
        });
        each!(X in [Bin<I32Add, S<u32>, S<u32>>, Bin<I32Add, S<u32>, I<u32>>, Bin<I32And, S<u32>, I<u32>>] {
            t.expr::<Un<E, X>>();
        });
    });
    each!(X in [Un<I32WrapI64, S<u64>>, Un<I32WrapI64, R<u64>>] {
        each!(P in [I32Add, I32Sub, I32And, I32Xor, I32Or, I32Shl] {
            t.expr::<Bin<P, X, S<u32>>>();
            t.expr::<Bin<P, X, I<u32>>>();
        });
        each!(L in [I32Load, I32Load8U, I64Load, F64Load] {
            t.expr::<Load<L, X>>();
            t.expr::<Load<L, Bin<I32Add, X, S<u32>>>>();
        });
    });
    // Comparisons joined.
    each!(C in [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU] {
        each!(P in [I32And, I32Or] {
            t.expr::<Bin<P, Bin<C, S<u32>, S<u32>>, R<u32>>>();
            t.expr::<Bin<P, Bin<C, S<u32>, I<u32>>, R<u32>>>();
        });
    });
    each!(U in [F64ConvertI32S, F64ConvertI32U] {
        each!(P in [F64Add, F64Mul] {
            t.expr::<Bin<P, Un<U, S<u32>>, S<f64>>>();
            t.expr::<Bin<P, Un<U, S<u32>>, I<f64>>>();
        });
    });
}

fn selects(t: &mut Shapes<'_>) {
    each!(C in [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU] {
        each!(K in [Bin<C, S<u32>, S<u32>>, Bin<C, S<u32>, I<u32>>, Bin<C, R<u32>, S<u32>>, Bin<C, R<u32>, I<u32>>] {
            t.expr::<Select<S<u32>, S<u32>, K>>();
            t.expr::<Select<S<u32>, I<u32>, K>>();
            t.expr::<Select<I<u32>, S<u32>, K>>();
        });
        each!(K in [Bin<C, S<u32>, S<u32>>, Bin<C, S<u32>, I<u32>>] {
            t.expr::<Select<I<u32>, I<u32>, K>>();
            t.expr::<Select<S<u64>, S<u64>, K>>();
        });
    });
    each!(K in [S<u32>, R<u32>, Un<I32Eqz, S<u32>>, Un<I32Eqz, R<u32>>, Bin<I32And, S<u32>, I<u32>>, Bin<I32And, R<u32>, I<u32>>] {
        t.expr::<Select<S<u32>, I<u32>, K>>();
        t.expr::<Select<I<u32>, S<u32>, K>>();
        t.expr::<Select<I<u32>, I<u32>, K>>();
        t.expr::<Select<S<u32>, S<u32>, K>>();
    });
    each!(C in [I64Eq, I64Ne, I64LtS, I64LtU, I64GtS, I64GtU] {
        each!(K in [Bin<C, S<u64>, S<u64>>, Bin<C, R<u64>, S<u64>>] { t.expr::<Select<S<u64>, S<u64>, K>>(); });
    });
    each!(C in [F64Lt, F64Gt, F64Le, F64Ge] {
        each!(K in [Bin<C, S<f64>, S<f64>>, Bin<C, R<f64>, S<f64>>] { t.expr::<Select<S<f64>, S<f64>, K>>(); });
    });
}

/// What small `if`s become: a value stepped, or fed back as in CRCs and other shift registers, on a condition.
fn diamonds(t: &mut Shapes<'_>) {
    each!(O in [I32Shl, I32ShrU] {
        t.expr::<Bin<O, S<u32>, I<u32>>>();
        each!(X in [Bin<I32Xor, Bin<O, S<u32>, I<u32>>, I<u32>>, Bin<I32Xor, Bin<O, S<u32>, I<u32>>, S<u32>>] {
            t.expr::<X>();
            each!(K in [
                Bin<I32And, S<u32>, I<u32>>, Bin<I32And, S<u32>, S<u32>>, Bin<I32LtS, S<u32>, I<u32>>,
                Bin<I32GeS, S<u32>, I<u32>>,
            ] {
                t.stmt::<SetSlot<Select<X, Bin<O, S<u32>, I<u32>>, K>>>();
                t.stmt::<SetSlot<Select<Bin<O, S<u32>, I<u32>>, X, K>>>();
            });
        });
    });
    each!(X in [
        Bin<I32Add, S<u32>, I<u32>>, Bin<I32Add, S<u32>, S<u32>>, Bin<I32Sub, S<u32>, I<u32>>, Bin<I32Sub, S<u32>, S<u32>>,
    ] {
        each!(C in [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU] {
            t.stmt::<SetSlot<Select<X, S<u32>, Bin<C, S<u32>, S<u32>>>>>();
            t.stmt::<SetSlot<Select<X, S<u32>, Bin<C, S<u32>, I<u32>>>>>();
        });
        each!(K in [S<u32>, R<u32>, Un<I32Eqz, S<u32>>, Un<I32Eqz, R<u32>>, Bin<I32And, S<u32>, I<u32>>] {
            t.stmt::<SetSlot<Select<X, S<u32>, K>>>();
        });
    });
}

/// The stack pointer of C programs, mostly.
fn globals(t: &mut Shapes<'_>) {
    each!(P in [I32Add, I32Sub] {
        t.expr::<Bin<P, Global<u32>, I<u32>>>();
        t.expr::<Bin<P, Global<u32>, S<u32>>>();
    });
}
