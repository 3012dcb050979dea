//! Which shapes have handlers.
//!
//! The base set: every operator with every operand class, so that lowering always succeeds. Lowering keeps a tree only
//! if it can be evaluated into the accumulator, and cuts subtrees off otherwise, so three rules must hold, and
//! [`Shapes::expr`] keeps the first for what people wrote: whatever can be set to the accumulator can be set to a slot, at
//! worst by way of the accumulator; every operator has its handler for slots alone, and with the accumulator in any one
//! place; every sink (branch, store, return) takes a slot and the accumulator.
//!
//! Then the fused shapes, by what they fuse; and those that `tools/mine` chose.

mod mined;
mod sequences;
mod sinks;
mod trees;

use crate::expr::*;
use crate::fill_copy::{MemoryCopy, MemoryFill};
use crate::handlers::Entry;
use crate::machine::Stmt;
use crate::seq::Seq;
use crate::stmt::*;
use crate::{bulk, control};

/// Collects handlers.
pub(crate) struct Shapes<'a>(pub(crate) &'a mut Vec<Entry>);

impl Shapes<'_> {
    /// A statement, unless lowering never asks for it: families list operands in every order.
    #[inline(always)]
    fn stmt<S: Stmt>(&mut self) {
        if const { S::SHAPE.is_canonical() } {
            self.push(const { &Entry::of::<S>() });
        }
    }

    /// Not inlined: functions of hundreds of pushes took half the crate's compile time.
    #[inline(never)]
    fn push(&mut self, entry: &'static Entry) {
        self.0.push(*entry);
    }

    /// An expression, in both places it can be set to.
    #[inline(always)]
    fn expr<E: Expr>(&mut self) {
        self.stmt::<SetAcc<E>>();
        self.stmt::<SetSlot<E>>();
    }

    /// A condition also as a value. Tests of which one operand computes need it only for branches: lowering cuts them
    /// itself where a value is asked for.
    #[inline(always)]
    fn condition<C: Expr<T = u32>>(&mut self) {
        self.expr::<C>();
        self.stmt::<BrIf<C>>();
    }
}

/// `each!(Name in [Types] { body })`: the body once for every type.
macro_rules! each {
    ($name:ident in [$($ty:ty),* $(,)?] $body:block) => {
        $({
            type $name = $ty;
            $body
        })*
    };
}

use each;

type S<T> = Slot<T>;
type R<T> = Acc<T>;
type I<T> = Imm<T>;

/// Every handler.
pub(crate) fn all(t: &mut Shapes<'_>) {
    written(t);
    mined::all(t);
}

/// Those that people chose.
pub(crate) fn written(t: &mut Shapes<'_>) {
    leaves(t);
    operators(t);
    cells(t);
    fills_and_copies(t);
    selects(t);
    branches(t);
    trees::all(t);
    sinks::all(t);
    sequences::all(t);
}

fn leaves(t: &mut Shapes<'_>) {
    each!(T in [u32, u64, f32, f64] {
        each!(E in [S<T>, R<T>, I<T>, Global<T>] {
            t.expr::<E>();
            t.stmt::<Return<E>>();
        });
        each!(E in [S<T>, R<T>, I<T>] { t.stmt::<SetGlobal<E>>(); });
    });
    t.expr::<Func>();
}

/// A binary operator with every operand class.
#[inline(always)]
fn binary<O: BinOp>(t: &mut Shapes<'_>) {
    t.expr::<Bin<O, S<O::A>, S<O::A>>>();
    t.expr::<Bin<O, S<O::A>, I<O::A>>>();
    t.expr::<Bin<O, S<O::A>, R<O::A>>>();
    t.expr::<Bin<O, R<O::A>, S<O::A>>>();
    t.expr::<Bin<O, R<O::A>, I<O::A>>>();
    t.expr::<Bin<O, I<O::A>, S<O::A>>>();
    t.expr::<Bin<O, I<O::A>, R<O::A>>>();
}

macro_rules! operators {
    (
        unops { $($un:ident $uc:tt $un_text:literal $ua:ident => $ut:ident $ue:ident |$ux:ident| $usem:expr;)* }
        binops { $($bin:ident $bc:tt $bin_text:literal $ba:ident => $bt:ident $be:ident |$bx:ident, $by:ident| $bsem:expr;)* }
        loads { $($load:ident $lc:tt $load_text:literal $lraw:ident => $lt:ident |$lx:ident| $lsem:expr;)* }
        stores { $($store:ident $sc:tt $store_text:literal $st:ident => $sraw:ident |$sx:ident| $ssem:expr;)* }
    ) => {
        fn operators(t: &mut Shapes<'_>) {
            $(each!(A in [S<$ua>, R<$ua>] { t.expr::<Un<$un, A>>(); });)*
            $(binary::<$bin>(t);)*
            $(each!(A in [S<u32>, R<u32>] { t.expr::<Load<$load, A>>(); });)*
            $(
                each!(V in [S<$st>, R<$st>, I<$st>] { t.stmt::<Store<$store, S<u32>, V>>(); });
                each!(V in [S<$st>, I<$st>] { t.stmt::<Store<$store, R<u32>, V>>(); });
            )*
        }
    };
}
pirn_decode::for_each_op!(operators);

macro_rules! cells {
    (
        machine { $($(#[$doc:meta])* $name:ident $flow:ident $fields:tt)* }
        special $special:tt
        cells {
            $($cname:ident $code:tt $text:literal $operands:tt => $results:tt $immediates:tt $effects:tt $cost:literal
                $cflow:ident $cfields:tt;)*
        }
    ) => {
        fn cells(t: &mut Shapes<'_>) {
            use crate::fuel::*;
            use bulk::*;
            use control::*;
            each!(C in [$($name,)* $($cname,)*] { t.stmt::<C>(); });
        }
    };
}
pirn_decode::for_each_cell!(cells);

fn fills_and_copies(t: &mut Shapes<'_>) {
    macro_rules! fills_and_copies {
        ($([$($a:ident)*] [$($b:ident)*] [$($c:ident)*];)*) => {
            $(each!(A in [$($a<u32>),*] {
                each!(B in [$($b<u32>),*] {
                    each!(C in [$($c<u32>),*] {
                        t.stmt::<MemoryFill<A, B, C>>();
                        t.stmt::<MemoryCopy<A, B, C>>();
                    });
                });
            });)*
        };
    }
    fills_and_copies! {
        [S I] [S I] [S I];
        [R] [S I] [S I];
        [S I] [R] [S I];
        [S I] [S I] [R];
    }
}

fn selects(t: &mut Shapes<'_>) {
    each!(T in [u32, u64, f32, f64] {
        each!(C in [S<u32>, R<u32>] { t.expr::<Select<S<T>, S<T>, C>>(); });
    });
}

/// A branch on a comparison, in every form lowering gives it.
#[inline(always)]
fn compare<O: BinOp<T = u32>>(t: &mut Shapes<'_>) {
    t.stmt::<BrIf<Bin<O, S<O::A>, S<O::A>>>>();
    t.stmt::<BrIf<Bin<O, S<O::A>, I<O::A>>>>();
    t.stmt::<BrIf<Bin<O, S<O::A>, R<O::A>>>>();
    t.stmt::<BrIf<Bin<O, R<O::A>, S<O::A>>>>();
    t.stmt::<BrIf<Bin<O, R<O::A>, I<O::A>>>>();
    t.stmt::<BrIf<Bin<O, I<O::A>, S<O::A>>>>();
    t.stmt::<BrIf<Bin<O, I<O::A>, R<O::A>>>>();
}

fn branches(t: &mut Shapes<'_>) {
    each!(C in [S<u32>, R<u32>] {
        t.stmt::<BrIf<C>>();
        t.stmt::<BrIf<Un<I32Eqz, C>>>();
    });
    each!(C in [S<u64>, R<u64>] { t.stmt::<BrIf<Un<I64Eqz, C>>>(); });
    each!(O in [
        I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU, I64Eq, I64Ne, I64LtS, I64LtU, I64GtS,
        I64GtU, I64LeS, I64LeU, I64GeS, I64GeU, F32Eq, F32Ne, F32Lt, F32Gt, F32Le, F32Ge, F64Eq, F64Ne, F64Lt, F64Gt,
        F64Le, F64Ge,
    ] { compare::<O>(t); });
}
