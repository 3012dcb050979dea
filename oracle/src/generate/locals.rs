//! The locals of functions that are made from shapes, and where memory shows what they hold in the end.

use super::FLOATS;
use super::expr::{i32_const, leaf, mem, plain};
use super::tree::Node;
use crate::outcome::Type::{self, F32, F64, Func, I32, I64, V128};
use pirn_decode::ops::Class;
use wasm_encoder::Instruction as I;

/// Types of the parameters; then come as many locals that hold what was set last, and the counter and the witness.
pub(super) const PARAMS: [Type; 10] = [I32, I32, I64, I64, F32, F32, F64, F64, V128, V128];
/// Types of the locals behind them.
pub(super) const LOCALS: [Type; 10] = [I32, I32, I32, I64, F32, F64, V128, Func, I32, I32];
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
/// A vector for a while.
pub(super) const VECTOR: u32 = LAST + Class::V128 as u32;
/// Bytes of memory in which a function's locals are seen.
pub(super) const PLACE: u64 = 176;
/// The first behind those of all functions.
pub(super) const HELPERS: u64 = 32 * PLACE;

/// Everything is seen after each call: as results, or else in memory, where each function has its place.
pub(super) fn seen() -> Vec<(Type, u32)> {
    PARAMS.into_iter().chain(LOCALS).zip(0..).filter(|&(ty, _)| ty != Func).collect()
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
        Func | Type::Extern => return plain(I::Drop, vec![value], &[]),
    };
    plain(store, vec![i32_const(0), value], &[])
}
