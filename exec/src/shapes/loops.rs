//! What tight loops are made of, with their locals in loop registers: steps, scans, fills, and the branch back.
//!
//! `N` is the register that steps, `M` the other one.

use super::{I, R, S, Shapes, each};
use crate::expr::*;
use crate::machine::Stmt;
use crate::stmt::*;

type G<const N: usize> = Reg<u32, N>;
type Step<const N: usize> = SetReg<Bin<I32Add, G<N>, I<u32>>, N>;
type StepDown<const N: usize> = SetReg<Bin<I32Sub, G<N>, I<u32>>, N>;
type Stride<const N: usize> = SetReg<Bin<I32Add, G<N>, S<u32>>, N>;

/// All of them.
pub(super) fn all(t: &mut Shapes<'_>) {
    loops::<1, 2>(t);
    loops::<2, 1>(t);
}

/// `A`, and behind it a branch on `X` compared with a slot or an immediate.
#[inline(always)]
fn before_branch<A: Stmt, X: Expr<T = u32>>(t: &mut Shapes<'_>) {
    t.stmt::<A>();
    each!(C in [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU] {
        t.stmt::<Seq<A, BrIf<Bin<C, X, S<u32>>>>>();
        t.stmt::<Seq<A, BrIf<Bin<C, X, I<u32>>>>>();
    });
    t.stmt::<Seq<A, BrIf<X>>>();
    t.stmt::<Seq<A, BrIf<Un<I32Eqz, X>>>>();
}

fn loops<const N: usize, const M: usize>(t: &mut Shapes<'_>) {
    before_branch::<Step<N>, G<N>>(t);
    before_branch::<StepDown<N>, G<N>>(t);
    before_branch::<Stride<N>, G<N>>(t);
    before_branch::<Seq<Step<M>, Step<N>>, G<N>>(t);
    before_branch::<Seq<Step<M>, StepDown<N>>, G<N>>(t);
    each!(L in [I32Load, I32Load8U] {
        before_branch::<SetReg<Load<L, G<N>>, M>, G<M>>(t);
        before_branch::<SetSlot<Load<L, G<N>>>, R<u32>>(t);
        before_branch::<Seq<Step<N>, SetReg<Load<L, G<N>>, M>>, G<M>>(t);
        before_branch::<Seq<StepDown<N>, SetReg<Load<L, G<N>>, M>>, G<M>>(t);
        before_branch::<Seq<Step<N>, SetSlot<Load<L, G<N>>>>, R<u32>>(t);
        before_branch::<Seq<StepDown<N>, SetSlot<Load<L, G<N>>>>, R<u32>>(t);
    });
    each!(W in [I32Store, I32Store8] {
        fill::<W, S<u32>, N>(t);
        fill::<W, I<u32>, N>(t);
        fill::<W, G<M>, N>(t);
    });
}

#[inline(always)]
fn fill<W: StoreOp<A = u32>, V: Expr<T = u32>, const N: usize>(t: &mut Shapes<'_>) {
    t.stmt::<Store<W, G<N>, V>>();
    before_branch::<Seq<Store<W, G<N>, V>, Step<N>>, G<N>>(t);
    before_branch::<Seq<Store<W, G<N>, V>, Stride<N>>, G<N>>(t);
}
