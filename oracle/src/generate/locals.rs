//! The locals of functions that are made from shapes, and where memory shows what they hold in the end.

use super::FLOATS;
use super::expr::{i32_const, leaf, mem, plain};
use super::tree::{Construct, Node, Op};
use crate::outcome::Type::{self, F32, F64, Func, I32, I64, V128};
use pirn_decode::ops::Class;
use wasm_encoder::Instruction as I;

/// Types of the parameters; then come as many locals that hold what was set last, and the counter and the witness.
pub(super) const PARAMS: [Type; 10] = [I32, I32, I64, I64, F32, F32, F64, F64, V128, V128];
/// Types of the locals behind them.
pub(super) const LOCALS: [Type; 12] = [I32, I32, I32, I64, F32, F64, V128, Func, I32, I32, I64, I64];
/// Locals with small numbers, for addresses.
pub(super) const SMALL: [u32; 2] = [10, 11];
/// A local of each class that holds what the accumulator holds.
pub(super) const LAST: u32 = 12;
/// One that holds a reference.
pub(super) const REF: u32 = 17;
/// How many rounds are left.
pub(super) const COUNTER: u32 = 18;
/// What is remembered of integers that were set.
pub(super) const WITNESS: u32 = 19;
/// Locals with small 64-bit numbers, for addresses.
pub(super) const SMALL_64: [u32; 2] = [20, 21];
/// A vector for a while.
pub(super) const VECTOR: u32 = LAST + Class::V128 as u32;
/// Rounds more where integers are compared. In these the parameters are from -2 to 1, and one of each two steps through all
/// of that: what tells `<` from `<=` is operands that are equal, and signed from unsigned operands of different sign.
pub(super) const TIGHT_ROUNDS: i32 = 4;
/// Bytes of memory in which a function's locals are seen.
pub(super) const PLACE: u64 = 176;
/// The first behind those of all functions.
pub(super) const HELPERS: u64 = 32 * PLACE;

/// Everything but addresses of 64 bits is seen after each call: as results, or else in memory, where each function has its place.
pub(super) fn seen() -> Vec<(Type, u32)> {
    PARAMS.into_iter().chain(LOCALS).zip(0..SMALL_64[0]).filter(|&(ty, _)| ty != Func).collect()
}

/// Stores of locals, one behind the other.
pub(super) fn stores(locals: impl IntoIterator<Item = (Type, u32)>, mut at: u64) -> Vec<Node> {
    let store = |(ty, local)| {
        let node = store(ty, at, local);
        at += if ty == V128 { 16 } else { 8 };
        node
    };
    locals.into_iter().map(store).collect()
}

/// A store of a local where its type belongs.
fn store(ty: Type, at: u64, local: u32) -> Node {
    let value = leaf(I::LocalGet(local), ty);
    let store = match ty {
        I32 => I::I32Store(mem(8_192 + at)),
        I64 => I::I64Store(mem(8_192 + at)),
        F32 => I::F32Store(mem(FLOATS.f32.0 as u64 + 8_192 + at)),
        F64 => I::F64Store(mem(FLOATS.f64.0 as u64 + 8_192 + at)),
        V128 => I::V128Store(mem(8_192 + at)),
        Func | Type::Extern | Type::Ref { .. } => return plain(I::Drop, vec![value], &[]),
    };
    plain(store, vec![i32_const(0), value], &[])
}

fn local(local: u32, ty: Type) -> Node {
    leaf(I::LocalGet(local), ty)
}

fn set(local: u32, value: Node) -> Node {
    plain(I::LocalSet(local), vec![value], &[])
}

/// A small number of an integer.
pub(super) fn low(value: Node, class: Class) -> Node {
    match class {
        Class::I64 => plain(I::I64And, vec![value, leaf(I::I64Const(0xF8), I64)], &[I64]),
        _ => plain(I::I32And, vec![value, i32_const(0xF8)], &[I32]),
    }
}

/// Sets the locals with small numbers, those of 64 bits too if they are used.
pub(super) fn small_addresses(wide: bool) -> Node {
    let small = |at, param| set(at, plain(I::I32And, vec![local(param, I32), i32_const(0x1F8)], &[I32]));
    let mut nodes: Vec<Node> = SMALL.into_iter().zip([0, 1]).map(|(at, param)| small(at, param)).collect();
    if wide {
        let extended = |small| plain(I::I64ExtendI32U, vec![local(small, I32)], &[I64]);
        nodes.extend(SMALL_64.into_iter().zip(SMALL).map(|(at, small)| set(at, extended(small))));
    }
    Node::seq(nodes, &[])
}

/// Makes the integer parameters small in the last rounds. `ty` is the type of a block that takes and gives nothing.
pub(super) fn small_parameters(ty: u32) -> Node {
    let step = |param: u32| match param {
        0 => plain(I::I32Add, vec![local(0, I32), local(COUNTER, I32)], &[I32]),
        2 => {
            let counter = plain(I::I64ExtendI32U, vec![local(COUNTER, I32)], &[I64]);
            plain(I::I64Add, vec![local(2, I64), counter], &[I64])
        }
        _ => local(param, PARAMS[param as usize]),
    };
    let mut body = Vec::new();
    for param in 0..2 {
        let low = plain(I::I32And, vec![step(param), i32_const(3)], &[I32]);
        body.push(set(param, plain(I::I32Sub, vec![low, i32_const(2)], &[I32])));
    }
    for param in 2..4 {
        let low = plain(I::I64And, vec![step(param), leaf(I::I64Const(3), I64)], &[I64]);
        body.push(set(param, plain(I::I64Sub, vec![low, leaf(I::I64Const(2), I64)], &[I64])));
    }
    let condition = plain(I::I32LeU, vec![local(COUNTER, I32), i32_const(TIGHT_ROUNDS)], &[I32]);
    Node { op: Op::Block(Construct::If, ty, body, Vec::new()), kids: vec![condition], results: Vec::new() }
}
