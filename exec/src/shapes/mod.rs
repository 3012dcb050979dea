//! Which shapes have handlers.
//!
//! The base set: every operator with every operand class, so that lowering always succeeds. Lowering keeps a tree only
//! if it can be evaluated into the accumulator, and cuts subtrees off otherwise, so three rules must hold, and
//! [`Shapes::expr`] keeps the first for what people wrote: whatever can be set to the accumulator can be set to a slot, at
//! worst by way of the accumulator; every operator has its handler for slots alone, and with the accumulator in any one
//! place; every sink (branch, store, return) takes a slot and the accumulator.
//!
//! Then the fused shapes, by what they fuse; those that `tools/mine` chose; and, of cells that may branch back, those that ask for
//! the epoch there ([`Ask`](crate::handlers::seq::Ask)): where a single operator decides, what repeats itself, and what `tools/mine` chose.
//! Last those of whoever builds this: `PIRN_SHAPES` names a file with a shape in each line (CONTRIBUTING.md, "Shapes of your own").

#[cfg(feature = "mined")]
mod asking;
mod far;
pub(crate) mod list;
pub(crate) mod lookup;
mod loops;
#[cfg(feature = "mined")]
mod mined;
#[cfg(feature = "mined")]
mod mined_vectors;
#[cfg(feature = "mined")]
mod mined_wide;
mod objects;
mod own;
mod sequences;
mod sinks;
mod trees;
mod vectors;
mod wide;
mod wide_arithmetic;

use crate::handlers::expr::*;
use crate::handlers::fill_copy::{MemoryCopy, MemoryFill};
use crate::handlers::shared::{SharedLoad, SharedStore};
use crate::handlers::stmt::*;
use crate::handlers::{arrays, atomic, bulk, control, epoch, fuel};
#[cfg(any(feature = "profile", feature = "inspect", debug_assertions))]
use list::HandlerEntry;
use list::{I, R, S, Shapes, each};
use pirn_decode::sig::Sig;
use std::collections::HashSet;

/// Every handler, as they are listed: some several times.
#[cfg(any(feature = "profile", feature = "inspect", debug_assertions))]
pub(crate) fn entries() -> Vec<HandlerEntry> {
    let mut entries = Vec::new();
    list_all(&mut Shapes(&mut |entry| entries.push(entry), &mut |_| {}));
    entries
}

/// Lists every handler, some several times.
pub(crate) fn list_all(t: &mut Shapes<'_>) {
    list_written(t);
    #[cfg(feature = "mined")]
    for list in [mined::all, mined_vectors::all, mined_wide::all, asking::all] {
        list(t);
    }
    own::all(t);
}

/// Signatures of the handlers whose shapes people wrote down: all but the mined ones.
pub fn written() -> HashSet<Sig> {
    sigs(list_written)
}

/// Signatures of the handlers whose shapes were mined, but for those with vectors or 64-bit addresses.
#[cfg(feature = "mined")]
pub fn mined() -> HashSet<Sig> {
    sigs(mined::all)
}

/// Signatures of the handlers whose shapes were mined for their vectors.
#[cfg(feature = "mined")]
pub fn mined_vectors() -> HashSet<Sig> {
    sigs(mined_vectors::all)
}

/// Signatures of the handlers whose shapes whoever builds this asked for.
pub fn own() -> HashSet<Sig> {
    sigs(own::all)
}

fn sigs(list: fn(&mut Shapes<'_>)) -> HashSet<Sig> {
    let mut sigs = HashSet::new();
    list(&mut Shapes(&mut |entry| _ = sigs.insert(entry.sig), &mut |_| {}));
    sigs
}

fn list_written(t: &mut Shapes<'_>) {
    leaves(t);
    operators(t);
    cells(t);
    fills_and_copies(t);
    selects(t);
    branches(t);
    t.branch::<control::Br>();
    trees::all(t);
    sinks::all(t);
    sequences::all(t);
    vectors::all(t);
    wide::all(t);
    far::all(t);
    wide_arithmetic::all(t);
    objects::all(t);
    // Where dispatches are counted, they say how often a loop runs.
    if !cfg!(feature = "profile") {
        loops::all(t);
    }
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
    t.expr::<Bin<O, S<O::A>, S<O::B>>>();
    t.expr::<Bin<O, S<O::A>, I<O::B>>>();
    t.expr::<Bin<O, S<O::A>, R<O::B>>>();
    t.expr::<Bin<O, R<O::A>, S<O::B>>>();
    t.expr::<Bin<O, R<O::A>, I<O::B>>>();
    t.expr::<Bin<O, I<O::A>, S<O::B>>>();
    t.expr::<Bin<O, I<O::A>, R<O::B>>>();
}

/// A load at every kind of address.
#[inline(always)]
fn load<O: LoadOp>(t: &mut Shapes<'_>) {
    each!(A in [S<u32>, R<u32>, S<u64>, R<u64>] {
        t.expr::<Load<O, A>>();
        t.expr::<FarLoad<O, A>>();
        t.expr::<SharedLoad<O, A>>();
    });
}

/// A store of what is no immediate, at every kind of address.
#[inline(always)]
fn store<O: StoreOp>(t: &mut Shapes<'_>) {
    each!(A in [S<u32>, S<u64>] {
        t.stmt::<Store<O, A, S<O::A>>>();
        t.stmt::<Store<O, A, R<O::A>>>();
        t.stmt::<FarStore<O, A, S<O::A>>>();
        t.stmt::<FarStore<O, A, R<O::A>>>();
        t.stmt::<SharedStore<O, A, S<O::A>>>();
        t.stmt::<SharedStore<O, A, R<O::A>>>();
    });
    each!(A in [R<u32>, R<u64>] {
        t.stmt::<Store<O, A, S<O::A>>>();
        t.stmt::<FarStore<O, A, S<O::A>>>();
        t.stmt::<SharedStore<O, A, S<O::A>>>();
    });
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
            $(load::<$load>(t);)*
            $(
                store::<$store>(t);
                each!(A in [S<u32>, R<u32>, S<u64>, R<u64>] { t.stmt::<Store<$store, A, I<$st>>>(); });
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
        atomics {
            $($aname:ident $acode:tt $atext:literal $what:ident $raw:ident $aoperands:tt => $aresults:tt;)*
        }
    ) => {
        fn cells(t: &mut Shapes<'_>) {
            use arrays::*;
            use atomic::*;
            use crate::handlers::objects::*;
            use epoch::Epoch;
            use fuel::*;
            use bulk::*;
            use crate::handlers::far::*;
            use control::*;
            use crate::handlers::exceptions::*;
            each!(C in [$($name,)* $($cname,)* $($aname,)*] { t.stmt::<C>(); });
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
    t.branch::<BrIf<Bin<O, S<O::A>, S<O::B>>>>();
    t.branch::<BrIf<Bin<O, S<O::A>, I<O::B>>>>();
    t.branch::<BrIf<Bin<O, S<O::A>, R<O::B>>>>();
    t.branch::<BrIf<Bin<O, R<O::A>, S<O::B>>>>();
    t.branch::<BrIf<Bin<O, R<O::A>, I<O::B>>>>();
    t.branch::<BrIf<Bin<O, I<O::A>, S<O::B>>>>();
    t.branch::<BrIf<Bin<O, I<O::A>, R<O::B>>>>();
}

fn branches(t: &mut Shapes<'_>) {
    each!(C in [S<u32>, R<u32>] {
        t.branch::<BrIf<C>>();
        t.branch::<BrIf<Un<I32Eqz, C>>>();
    });
    each!(C in [S<u64>, R<u64>] { t.branch::<BrIf<Un<I64Eqz, C>>>(); });
    each!(O in [
        I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU, I64Eq, I64Ne, I64LtS, I64LtU, I64GtS,
        I64GtU, I64LeS, I64LeU, I64GeS, I64GeU, F32Eq, F32Ne, F32Lt, F32Gt, F32Le, F32Ge, F64Eq, F64Ne, F64Lt, F64Gt,
        F64Le, F64Ge,
    ] { compare::<O>(t); });
}
