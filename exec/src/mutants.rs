//! Wrong handlers on purpose, to see whether tests find them.
//!
//! `PIRN_MUTANT=N` chooses one fused shape, and executes it by the handler of another that differs from it in a single
//! operator: what a slip in one line of `shapes` or `expr` would do. Nothing has to be compiled for it,
//! so hundreds can be tried; `oracle/mutants.sh` does.

use crate::handlers::Entry;
use pirn_decode::shape::Shape;
use pirn_decode::sig::Sig;

/// The shape that gets a wrong handler, and the one whose handler it gets; `None` without `PIRN_MUTANT`.
pub(crate) fn chosen(entries: &[Entry]) -> Option<(Sig, Sig)> {
    let number: u64 = std::env::var("PIRN_MUTANT").ok()?.parse().expect("PIRN_MUTANT is a number");
    let fused: Vec<&Entry> = entries.iter().filter(|entry| operators(entry.shape) > 1).collect();
    // Knuth's multiplicative hash spreads the numbers.
    let first = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) as usize % fused.len();
    (0..fused.len()).map(|i| fused[(first + i) % fused.len()]).find_map(|entry| {
        let siblings: Vec<&&Entry> =
            fused.iter().filter(|other| differences(entry.shape, other.shape) == Some(1)).collect();
        let other = siblings.get(number as usize % siblings.len().max(1))?;
        Some((entry.sig, other.sig))
    })
}

/// What the chosen number does, in words.
pub fn description() -> Option<String> {
    let entries = crate::handlers::entries();
    let (sig, other) = chosen(&entries)?;
    let [sig, other] = [sig, other].map(|sig| crate::inspect::shape(sig).expect("a handler's signature"));
    Some(format!("{sig:?} is executed as {other:?}"))
}

/// Operators and statements in a tree.
fn operators(shape: &Shape) -> usize {
    match *shape {
        Shape::Unary(_, a) | Shape::Load(_, a) => 1 + operators(a),
        Shape::Binary(_, a, b) | Shape::Store(_, a, b) => 1 + operators(a) + operators(b),
        Shape::Seq(a, b) => 1 + operators(a) + operators(b),
        Shape::Select(_, a, b, condition) => 1 + operators(a) + operators(b) + operators(condition),
        Shape::Form(_, _, a) => operators(a),
        Shape::Leaf(..) | Shape::Cell(_) | Shape::Thunk => 0,
    }
}

/// In how many operators two trees differ; `None` if in anything else, such as types.
fn differences(a: &Shape, b: &Shape) -> Option<usize> {
    let sum = |pairs: &[(&Shape, &Shape)]| pairs.iter().map(|(a, b)| differences(a, b)).sum::<Option<usize>>();
    let same = |a: pirn_decode::ops::Op, b: pirn_decode::ops::Op| {
        let (x, y) = (a.info(), b.info());
        (x.operand == y.operand && x.result == y.result).then_some(usize::from(a != b))
    };
    match (*a, *b) {
        (Shape::Unary(o, a), Shape::Unary(p, b)) | (Shape::Load(o, a), Shape::Load(p, b)) => {
            Some(same(o, p)? + sum(&[(a, b)])?)
        }
        (Shape::Binary(o, a, x), Shape::Binary(p, b, y)) | (Shape::Store(o, a, x), Shape::Store(p, b, y)) => {
            Some(same(o, p)? + sum(&[(a, b), (x, y)])?)
        }
        (Shape::Seq(a, x), Shape::Seq(b, y)) => sum(&[(a, b), (x, y)]),
        (Shape::Select(s, a, x, c), Shape::Select(t, b, y, d)) if s == t => sum(&[(a, b), (x, y), (c, d)]),
        (Shape::Form(f, s, a), Shape::Form(g, t, b)) if (f, s) == (g, t) => sum(&[(a, b)]),
        (a, b) => (a == b).then_some(0),
    }
}
