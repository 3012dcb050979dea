//! Accesses to fields of structs and to elements of arrays: every operator that one may need, and what programs with objects do most: following a link,
//! comparing a field, counting in one.

use super::list::{I, R, S, Shapes, each};
use crate::handlers::expr::*;
use crate::handlers::fields::{ElementLoad, ElementStore, FieldLoad, FieldStore};
use crate::handlers::lanes::{RefStore, V128Load, V128Store};
use crate::handlers::stmt::*;
use crate::vector::V128;

/// A reference in a field.
type Link<A> = FieldLoad<I64Load, A>;

pub(super) fn all(t: &mut Shapes<'_>) {
    fields(t);
    links(t);
    tests(t);
    sums(t);
    elements(t);
}

fn fields(t: &mut Shapes<'_>) {
    each!(O in [I32Load8S, I32Load8U, I32Load16S, I32Load16U, I32Load, I64Load, F32Load, F64Load, V128Load] {
        t.expr::<FieldLoad<O, S<u64>>>();
        t.expr::<FieldLoad<O, R<u64>>>();
    });
    each!(O in [I32Store8, I32Store16, I32Store] { store::<O, u32>(t); });
    store::<I64Store, u64>(t);
    store::<RefStore, u64>(t);
    store::<F32Store, f32>(t);
    store::<F64Store, f64>(t);
    t.stmt::<FieldStore<V128Store, S<u64>, S<V128>>>();
    t.stmt::<FieldStore<V128Store, S<u64>, R<V128>>>();
    t.stmt::<FieldStore<V128Store, R<u64>, S<V128>>>();
}

/// A store of this type.
#[inline(always)]
fn store<O: StoreOp<A = T>, T: Value>(t: &mut Shapes<'_>)
where
    S<T>: Expr<T = T>,
    R<T>: Expr<T = T>,
    I<T>: Expr<T = T>,
{
    t.stmt::<FieldStore<O, S<u64>, S<T>>>();
    t.stmt::<FieldStore<O, S<u64>, R<T>>>();
    t.stmt::<FieldStore<O, S<u64>, I<T>>>();
    t.stmt::<FieldStore<O, R<u64>, S<T>>>();
    t.stmt::<FieldStore<O, R<u64>, I<T>>>();
}

/// Fields of what a field refers to.
fn links(t: &mut Shapes<'_>) {
    each!(A in [Link<S<u64>>, Link<R<u64>>] {
        each!(O in [I32Load, I64Load, F64Load] { t.expr::<FieldLoad<O, A>>(); });
        t.stmt::<FieldStore<I64Store, S<u64>, A>>();
        t.stmt::<FieldStore<RefStore, S<u64>, A>>();
        t.stmt::<Return<A>>();
    });
    each!(A in [S<u64>, R<u64>] {
        each!(O in [I32Load, F64Load] { t.stmt::<Return<FieldLoad<O, A>>>(); });
    });
}

/// Branches on fields.
fn tests(t: &mut Shapes<'_>) {
    each!(A in [Link<S<u64>>, Link<R<u64>>, S<u64>, R<u64>] {
        t.branch::<BrIf<Un<RefIsNull, A>>>();
        t.branch::<BrIf<Un<I32Eqz, Un<RefIsNull, A>>>>();
    });
    each!(A in [Link<S<u64>>, Link<R<u64>>] {
        t.branch::<BrIf<Un<I64Eqz, A>>>();
        t.branch::<BrIf<Bin<I64Eq, A, S<u64>>>>();
        t.branch::<BrIf<Bin<I64Ne, A, S<u64>>>>();
    });
    each!(A in [FieldLoad<I32Load, S<u64>>, FieldLoad<I32Load, R<u64>>] {
        t.branch::<BrIf<A>>();
        t.branch::<BrIf<Un<I32Eqz, A>>>();
        each!(O in [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32GeS] {
            t.branch::<BrIf<Bin<O, A, S<u32>>>>();
            t.branch::<BrIf<Bin<O, A, I<u32>>>>();
        });
    });
}

/// Numbers in fields.
fn sums(t: &mut Shapes<'_>) {
    each!(O in [I32Add, I32Sub, I32Mul, I32And] {
        each!(A in [FieldLoad<I32Load, S<u64>>, FieldLoad<I32Load, R<u64>>] {
            t.expr::<Bin<O, A, S<u32>>>();
            t.expr::<Bin<O, A, I<u32>>>();
        });
        t.expr::<Bin<O, FieldLoad<I32Load, S<u64>>, R<u32>>>();
        t.expr::<Bin<O, FieldLoad<I32Load, S<u64>>, FieldLoad<I32Load, S<u64>>>>();
        each!(B in [S<u32>, I<u32>, R<u32>] {
            t.stmt::<FieldStore<I32Store, S<u64>, Bin<O, FieldLoad<I32Load, S<u64>>, B>>>();
        });
    });
    each!(O in [F64Add, F64Sub, F64Mul] {
        t.expr::<Bin<O, FieldLoad<F64Load, S<u64>>, S<f64>>>();
        t.expr::<Bin<O, FieldLoad<F64Load, S<u64>>, R<f64>>>();
        t.expr::<Bin<O, FieldLoad<F64Load, S<u64>>, FieldLoad<F64Load, S<u64>>>>();
    });
}

/// Elements of arrays.
fn elements(t: &mut Shapes<'_>) {
    each!(O in [I32Load8S, I32Load8U, I32Load16S, I32Load16U, I32Load, I64Load, F32Load, F64Load, V128Load] {
        each!(X in [S<u32>, R<u32>, I<u32>] { t.expr::<ElementLoad<O, S<u64>, X>>(); });
        each!(X in [S<u32>, I<u32>] { t.expr::<ElementLoad<O, R<u64>, X>>(); });
    });
    each!(O in [I32Store8, I32Store16, I32Store] { element_store::<O, u32>(t); });
    element_store::<I64Store, u64>(t);
    element_store::<RefStore, u64>(t);
    element_store::<F32Store, f32>(t);
    element_store::<F64Store, f64>(t);
    each!(X in [S<u32>, R<u32>] {
        t.stmt::<ElementStore<V128Store, S<u64>, X, S<V128>>>();
        t.stmt::<ElementStore<V128Store, S<u64>, X, R<V128>>>();
    });
    t.stmt::<ElementStore<V128Store, R<u64>, S<u32>, S<V128>>>();
    // Of what a field holds.
    each!(O in [I32Load8U, I32Load, I64Load, F64Load] {
        t.expr::<ElementLoad<O, Link<S<u64>>, S<u32>>>();
        t.expr::<ElementLoad<O, S<u64>, Bin<I32Add, S<u32>, I<u32>>>>();
    });
    each!(A in [S<u32>, R<u32>] { each!(O in [I32LtS, I32LtU, I32GeS, I32GeU, I32Eq, I32Ne] {
        t.branch::<BrIf<Bin<O, FieldLoad<I32Load, S<u64>>, A>>>();
    }); });
    each!(O in [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GeS] {
        each!(B in [S<u32>, I<u32>] {
            t.branch::<BrIf<Bin<O, ElementLoad<I32Load, S<u64>, S<u32>>, B>>>();
            t.branch::<BrIf<Bin<O, ElementLoad<I32Load8U, S<u64>, S<u32>>, B>>>();
        });
    });
    each!(A in [ElementLoad<I32Load, S<u64>, S<u32>>, ElementLoad<I32Load8U, S<u64>, S<u32>>] {
        t.branch::<BrIf<A>>();
        t.branch::<BrIf<Un<I32Eqz, A>>>();
        each!(B in [S<u32>, I<u32>, R<u32>] { t.expr::<Bin<I32Add, A, B>>(); });
    });
    each!(B in [S<f64>, R<f64>] {
        t.expr::<Bin<F64Add, ElementLoad<F64Load, S<u64>, S<u32>>, B>>();
        t.expr::<Bin<F64Mul, ElementLoad<F64Load, S<u64>, S<u32>>, B>>();
    });
    t.expr::<Bin<F64Mul, ElementLoad<F64Load, S<u64>, S<u32>>, ElementLoad<F64Load, S<u64>, S<u32>>>>();
}

/// A store of this type to an element.
#[inline(always)]
fn element_store<O: StoreOp<A = T>, T: Value>(t: &mut Shapes<'_>)
where
    S<T>: Expr<T = T>,
    R<T>: Expr<T = T>,
    I<T>: Expr<T = T>,
{
    each!(X in [S<u32>, I<u32>] {
        t.stmt::<ElementStore<O, S<u64>, X, S<T>>>();
        t.stmt::<ElementStore<O, S<u64>, X, R<T>>>();
        t.stmt::<ElementStore<O, S<u64>, X, I<T>>>();
        t.stmt::<ElementStore<O, R<u64>, X, S<T>>>();
    });
    t.stmt::<ElementStore<O, S<u64>, R<u32>, S<T>>>();
    t.stmt::<ElementStore<O, S<u64>, R<u32>, I<T>>>();
}
