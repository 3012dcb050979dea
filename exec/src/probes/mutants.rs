//! Wrong handlers on purpose, to see whether tests find them.
//!
//! `PIRN_MUTANT=N` chooses one fused shape, and executes it by the handler of another that differs from it in a single
//! operator: what a slip in one line of `shapes` or `expr` would do. Nothing has to be compiled for it, so hundreds can
//! be tried; `oracle/mutants.sh` does. `PIRN_MUTANT=vN` chooses a shape on vectors, fused or not, and one that differs in a
//! single operator or lane. `PIRN_MUTANT=aN` chooses an atomic instruction, and one with the same operands. `PIRN_MUTANT=cN` chooses
//! one of the handlers below, in which somebody put a wrong constant.

use crate::handlers::control;
use crate::handlers::control::Call;
use crate::handlers::dispatch::{At, Stmt, Trapped};
use crate::handlers::expr::*;
use crate::handlers::seq::Seq;
use crate::handlers::stmt::*;
use crate::shapes::entries;
use crate::shapes::list::HandlerEntry;
use crate::state::registers::Registers;
use pirn_decode::instruction::{Atomic, Instruction};
use pirn_decode::ops::Op;
use pirn_decode::shape::Shape;
use pirn_decode::sig::Sig;
use std::marker::PhantomData;

type S<T> = Slot<T>;
type R<T> = Acc<T>;
type I<T> = Imm<T>;

/// An operator whose result is off by one. Its signature is the right operator's.
struct Off<O>(PhantomData<O>);

trait Next {
    fn next(self) -> Self;
}

macro_rules! next {
    ($($ty:ty: |$value:ident| $next:expr;)*) => {
        $(impl Next for $ty {
            fn next(self) -> Self {
                let $value = self;
                $next
            }
        })*
    };
}
next! {
    u32: |a| a.wrapping_add(1);
    u64: |a| a.wrapping_add(1);
    f64: |a| a + 1.0;
}

impl<O: BinOp<T: Next>> BinOp for Off<O> {
    type A = O::A;
    type B = O::B;
    type Best = Self;
    type T = O::T;
    type Error = O::Error;
    const OP: Op = O::OP;
    fn eval(a: O::A, b: O::B) -> Result<O::T, O::Error> {
        O::eval(a, b).map(Next::next)
    }
}

impl<O: LoadOp<T: Next>> LoadOp for Off<O> {
    type Raw = O::Raw;
    type T = O::T;
    type Best = Self;
    const OP: Op = O::OP;
    fn convert(raw: O::Raw) -> O::T {
        O::convert(raw).next()
    }
}

impl<O: StoreOp<A: Next>> StoreOp for Off<O> {
    type Raw = O::Raw;
    type A = O::A;
    type Best = Self;
    const OP: Op = O::OP;
    fn convert(a: O::A) -> O::Raw {
        O::convert(a.next())
    }
}

/// A 64-bit address whose upper half is lost. Its signature is the right address's.
struct Short<A>(PhantomData<A>);

impl<A: Expr<T = u64>> Expr for Short<A> {
    type T = u32;
    type Best = Self;
    const LEN: usize = A::LEN;
    const PLACES: u8 = A::PLACES;
    const SIG: Sig = A::SIG;
    const SHAPE: &'static Shape = A::SHAPE;

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<u32, Trapped> {
        // SAFETY: the caller upholds what the address needs.
        unsafe { A::eval(m, at).map(|address| address as u32) }
    }
}

/// Handlers with a wrong constant, in fused shapes of every family: each with one operator off by one.
fn wrong() -> Vec<HandlerEntry> {
    const fn of<S: Stmt>() -> HandlerEntry {
        HandlerEntry::of::<S>()
    }
    type Step = SetSlot<Bin<I32Add, S<u32>, I<u32>>>;
    vec![
        // Trees.
        of::<SetSlot<Bin<I64Add, Bin<Off<I64Mul>, S<u64>, S<u64>>, S<u64>>>>(),
        of::<SetAcc<Bin<Off<I64Xor>, Bin<I64ShrU, S<u64>, I<u64>>, I<u64>>>>(),
        of::<SetSlot<Bin<F64Add, Bin<Off<F64Mul>, S<f64>, S<f64>>, S<f64>>>>(),
        of::<SetSlot<Load<I32Load, Bin<I32Add, Bin<Off<I32Shl>, S<u32>, I<u32>>, S<u32>>>>>(),
        of::<SetSlot<Load<Off<I64Load>, Bin<I32Add, S<u32>, I<u32>>>>>(),
        of::<SetAcc<Bin<I64And, Load<Off<I64Load>, S<u32>>, I<u64>>>>(),
        // Sinks.
        of::<Store<Off<I64Store>, Bin<I32Add, S<u32>, I<u32>>, S<u64>>>(),
        of::<Store<I32Store8, Bin<Off<I32Add>, S<u32>, S<u32>>, I<u32>>>(),
        of::<BrIf<Bin<Off<I32And>, Load<I32Load8U, S<u32>>, I<u32>>>>(),
        of::<BrIf<Un<I32Eqz, Bin<Off<F64Lt>, S<f64>, S<f64>>>>>(),
        of::<Return<Bin<Off<I32Mul>, S<u32>, S<u32>>>>(),
        // Sequences.
        of::<Seq<SetSlot<S<u32>>, SetSlot<Bin<Off<I32Sub>, S<u32>, I<u32>>>>>(),
        of::<Seq<Step, BrIf<Bin<Off<I32LtU>, R<u32>, S<u32>>>>>(),
        of::<Seq<Seq<Step, SetSlot<Bin<Off<I32Sub>, S<u32>, I<u32>>>>, BrIf<R<u32>>>>(),
        of::<Seq<SetSlot<Bin<Off<I32And>, S<u32>, I<u32>>>, Call>>(),
        of::<Seq<BrIf<Bin<Off<I32GeS>, S<u32>, I<u32>>>, control::Return>>(),
        // Accesses to any memory, and with 64-bit addresses.
        of::<SetSlot<FarLoad<Off<I64Load>, S<u64>>>>(),
        of::<FarStore<Off<I32Store>, R<u32>, S<u32>>>(),
        of::<SetAcc<Load<I32Load, Short<R<u64>>>>>(),
        of::<SetSlot<Load<I64Load, Short<S<u64>>>>>(),
        of::<SetAcc<FarLoad<I32Load8U, Short<R<u64>>>>>(),
        of::<Store<I64Store, Short<S<u64>>, S<u64>>>(),
    ]
}

/// The shape that gets a wrong handler, and that handler; `None` without `PIRN_MUTANT`.
pub(crate) fn chosen(entries: &[HandlerEntry]) -> Option<(Sig, HandlerEntry)> {
    let name = std::env::var("PIRN_MUTANT").ok()?;
    let number =
        name.trim_start_matches(['a', 'c', 'v']).parse().expect("PIRN_MUTANT is a number, perhaps behind a letter");
    if name.starts_with('c') {
        let entry = *wrong().get(number as usize - 1).expect("there are not so many wrong constants");
        assert!(entries.iter().any(|right| right.sig == entry.sig), "no handler has the shape {:?}", entry.shape);
        return Some((entry.sig, entry));
    }
    let is_chosen = |entry: &&HandlerEntry| match name.as_bytes()[0] {
        b'a' => matches!(*entry.shape, Shape::Cell(cell) if Atomic::of_cell(cell).is_some()),
        b'v' => is_on_vectors(entry.shape),
        _ => operators(entry.shape) > 1,
    };
    exchanged(number, &entries.iter().filter(is_chosen).collect::<Vec<_>>())
}

fn exchanged(number: u64, entries: &[&HandlerEntry]) -> Option<(Sig, HandlerEntry)> {
    // Knuth's multiplicative hash spreads the numbers.
    let first = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) as usize % entries.len();
    (0..entries.len()).map(|i| entries[(first + i) % entries.len()]).find_map(|entry| {
        let siblings: Vec<&&HandlerEntry> =
            entries.iter().filter(|other| differences(entry.shape, other.shape) == Some(1)).collect();
        let other = siblings.get(number as usize % siblings.len().max(1))?;
        Some((entry.sig, ***other))
    })
}

/// What the chosen number does, in words.
pub fn description() -> Option<String> {
    let entries = entries();
    let (sig, wrong) = chosen(&entries)?;
    let shape = entries.iter().find(|entry| entry.sig == sig).expect("a handler's signature").shape;
    Some(if wrong.sig == sig {
        format!("{shape:?} is off by one")
    } else {
        format!("{shape:?} is executed as {:?}", wrong.shape)
    })
}

/// Operators and statements in a tree.
fn operators(shape: &Shape) -> usize {
    match *shape {
        Shape::Unary(_, a)
        | Shape::Load(_, a)
        | Shape::FarLoad(_, a)
        | Shape::SharedLoad(_, a)
        | Shape::FieldLoad(_, a)
        | Shape::Extract(_, _, a) => 1 + operators(a),
        Shape::Binary(_, a, b)
        | Shape::Store(_, a, b)
        | Shape::FarStore(_, a, b)
        | Shape::SharedStore(_, a, b)
        | Shape::FieldStore(_, a, b)
        | Shape::ElementLoad(_, a, b)
        | Shape::Replace(_, _, a, b) => 1 + operators(a) + operators(b),
        Shape::Seq(a, b) => 1 + operators(a) + operators(b),
        Shape::Select(_, a, b, c)
        | Shape::Ternary(_, a, b, c)
        | Shape::Bulk(_, a, b, c)
        | Shape::ElementStore(_, a, b, c) => 1 + operators(a) + operators(b) + operators(c),
        Shape::Form(_, _, a) | Shape::Carried(_, a) => operators(a),
        Shape::Leaf(..) | Shape::Cell(_) | Shape::Thunk => 0,
    }
}

/// Whether an operator in the tree takes or gives vectors, and all of those are instructions of WebAssembly.
fn is_on_vectors(shape: &Shape) -> bool {
    let on_vectors = |op: Op| {
        let info = op.info();
        let is_one = info.operand.is_wide() || info.result.is_wide();
        is_one && Instruction::Vector(op).info().opcode.exists()
    };
    match *shape {
        Shape::Unary(op, a)
        | Shape::Load(op, a)
        | Shape::FarLoad(op, a)
        | Shape::SharedLoad(op, a)
        | Shape::FieldLoad(op, a)
        | Shape::Extract(op, _, a) => on_vectors(op) || is_on_vectors(a),
        Shape::Binary(op, a, b)
        | Shape::Store(op, a, b)
        | Shape::FarStore(op, a, b)
        | Shape::SharedStore(op, a, b)
        | Shape::FieldStore(op, a, b)
        | Shape::ElementLoad(op, a, b)
        | Shape::Replace(op, _, a, b) => on_vectors(op) || is_on_vectors(a) || is_on_vectors(b),
        Shape::Ternary(op, ..) | Shape::ElementStore(op, ..) => on_vectors(op),
        Shape::Form(_, _, a) | Shape::Carried(_, a) => is_on_vectors(a),
        Shape::Seq(a, b) => is_on_vectors(a) || is_on_vectors(b),
        Shape::Leaf(..) | Shape::Select(..) | Shape::Bulk(..) | Shape::Cell(_) | Shape::Thunk => false,
    }
}

/// In how many operators and lanes two trees differ; `None` if in anything else, such as types.
fn differences(a: &Shape, b: &Shape) -> Option<usize> {
    let sum = |pairs: &[(&Shape, &Shape)]| pairs.iter().map(|(a, b)| differences(a, b)).sum::<Option<usize>>();
    let same = |a: pirn_decode::ops::Op, b: pirn_decode::ops::Op| {
        let (x, y) = (a.info(), b.info());
        (x.operand == y.operand && x.second == y.second && x.result == y.result).then_some(usize::from(a != b))
    };
    match (*a, *b) {
        (Shape::Unary(o, a), Shape::Unary(p, b))
        | (Shape::Load(o, a), Shape::Load(p, b))
        | (Shape::FarLoad(o, a), Shape::FarLoad(p, b))
        | (Shape::SharedLoad(o, a), Shape::SharedLoad(p, b))
        | (Shape::FieldLoad(o, a), Shape::FieldLoad(p, b)) => Some(same(o, p)? + sum(&[(a, b)])?),
        (Shape::Binary(o, a, x), Shape::Binary(p, b, y))
        | (Shape::Store(o, a, x), Shape::Store(p, b, y))
        | (Shape::FarStore(o, a, x), Shape::FarStore(p, b, y))
        | (Shape::SharedStore(o, a, x), Shape::SharedStore(p, b, y))
        | (Shape::FieldStore(o, a, x), Shape::FieldStore(p, b, y))
        | (Shape::ElementLoad(o, a, x), Shape::ElementLoad(p, b, y)) => Some(same(o, p)? + sum(&[(a, b), (x, y)])?),
        (Shape::Extract(o, l, a), Shape::Extract(p, k, b)) => Some(same(o, p)? + usize::from(l != k) + sum(&[(a, b)])?),
        (Shape::Replace(o, l, a, x), Shape::Replace(p, k, b, y)) => {
            Some(same(o, p)? + usize::from(l != k) + sum(&[(a, b), (x, y)])?)
        }
        (Shape::Ternary(o, a, x, c), Shape::Ternary(p, b, y, d))
        | (Shape::ElementStore(o, a, x, c), Shape::ElementStore(p, b, y, d)) => {
            Some(same(o, p)? + sum(&[(a, b), (x, y), (c, d)])?)
        }
        (Shape::Seq(a, x), Shape::Seq(b, y)) => sum(&[(a, b), (x, y)]),
        (Shape::Carried(m, a), Shape::Carried(n, b)) if m == n => sum(&[(a, b)]),
        (Shape::Select(s, a, x, c), Shape::Select(t, b, y, d)) if s == t => sum(&[(a, b), (x, y), (c, d)]),
        (Shape::Bulk(f, a, x, c), Shape::Bulk(g, b, y, d)) if f == g => sum(&[(a, b), (x, y), (c, d)]),
        (Shape::Form(f, s, a), Shape::Form(g, t, b)) if (f, s) == (g, t) => sum(&[(a, b)]),
        (Shape::Cell(a), Shape::Cell(b)) => match (Atomic::of_cell(a), Atomic::of_cell(b)) {
            (Some(a), Some(b)) => {
                ((a.operands(), a.result()) == (b.operands(), b.result())).then_some(usize::from(a != b))
            }
            _ => (a == b).then_some(0),
        },
        (a, b) => (a == b).then_some(0),
    }
}
