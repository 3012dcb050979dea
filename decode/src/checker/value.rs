//! Symbolic values: expressions over what a walk began with, each kept once, in a normal form.
//!
//! Both sides of the comparison build their values here, so two of them are equal if their numbers are. The normal form
//! knows what lowering may do with an operator: swap its operands, mirror a comparison, negate a condition. It is written
//! from the operators' meaning (spec 4.3) and uses none of lowering's tables.
//!
//! A vector lies in two words, its halves: values of their own, of class `V128` as the vector is. Which of the two something
//! of that class is, its place says: words hold halves, and operators take and give vectors.

use crate::ops::{Class, Op};
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;
use std::fmt::Write;
use std::hash::{BuildHasherDefault, Hasher};

/// A value's number.
pub(super) type ValueId = u32;

/// What nobody knows. No value of the source is this one.
pub(super) const UNKNOWN: ValueId = 0;

/// Where an access looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Access {
    /// The memory's word.
    pub(super) memory: u32,
    /// The static offset.
    pub(super) offset: u64,
}

/// The end of a list of places.
pub(super) const NOWHERE: u32 = u32::MAX;

/// What a value is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Value {
    Unknown,
    /// What a place of the source held where this walk began.
    Initial {
        walk: u32,
        place: u32,
    },
    /// Bits; of a vector, those of half of it.
    Const(u64),
    /// The reference to the function whose record is this word of the instance.
    Func(u32),
    /// The global of this word, as of an epoch: no side effect may lie between two reads of the same epoch.
    Global {
        word: u32,
        epoch: u32,
    },
    Unary(Op, ValueId),
    Binary(Op, ValueId, ValueId),
    Ternary(Op, ValueId, ValueId, ValueId),
    /// A lane of a vector.
    Extract(Op, u8, ValueId),
    /// A vector with another value in one lane.
    Replace(Op, u8, ValueId, ValueId),
    /// A vector's lower or upper half. It is no pair.
    Half(ValueId, bool),
    /// The vector of two halves that are not those of one vector.
    Pair(ValueId, ValueId),
    /// The lower or upper half of an integer of 128 bits, which is not made of two.
    WideHalf(ValueId, bool),
    Load {
        op: Op,
        access: Access,
        address: ValueId,
        epoch: u32,
    },
    /// The first if the third is not zero, else the second: never a vector, but pairs of them.
    Select(ValueId, ValueId, ValueId),
    MemorySize {
        word: u32,
        epoch: u32,
    },
    TableSize {
        word: u32,
        epoch: u32,
    },
    TableGet {
        word: u32,
        index: ValueId,
        epoch: u32,
    },
    /// What a call or a growing gave.
    Result(u32),
}

/// The words of a value.
pub(super) type Words = SmallVec<[ValueId; 2]>;

/// A value and which places hold it, as lists in the walk's own memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) class: Class,
    /// Places of the source that were set to it.
    pub(super) places: u32,
    /// Slots of the frame that were set to it.
    pub(super) slots: u32,
}

/// Multiplies and rotates: the keys are small and nobody chooses them to collide but the author of a module, who would
/// slow down a debugging aid.
#[derive(Default)]
pub(super) struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 29
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(byte.into()));
    }

    fn write_u8(&mut self, part: u8) {
        self.write_u64(part.into());
    }

    fn write_u32(&mut self, part: u32) {
        self.write_u64(part.into());
    }

    fn write_u64(&mut self, part: u64) {
        self.0 = (self.0.rotate_left(23) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, part: usize) {
        self.write_u64(part as u64);
    }

    fn write_isize(&mut self, part: isize) {
        self.write_u64(part as u64);
    }
}

pub(super) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Mixer>>;

/// Whether an operator of two vectors gives the same with them swapped, lane by lane.
fn commute_lanes(op: Op) -> bool {
    use Op::*;
    matches!(
        op,
        V128And
            | V128Or
            | V128Xor
            | I8x16Add
            | I16x8Add
            | I32x4Add
            | I64x2Add
            | F32x4Add
            | F64x2Add
            | I8x16AddSatS
            | I8x16AddSatU
            | I16x8AddSatS
            | I16x8AddSatU
            | I8x16AvgrU
            | I16x8AvgrU
            | I16x8Mul
            | I32x4Mul
            | I64x2Mul
            | F32x4Mul
            | F64x2Mul
            | I16x8Q15MulrSatS
            | I32x4DotI16x8S
            | I8x16MinS
            | I8x16MinU
            | I8x16MaxS
            | I8x16MaxU
            | I16x8MinS
            | I16x8MinU
            | I16x8MaxS
            | I16x8MaxU
            | I32x4MinS
            | I32x4MinU
            | I32x4MaxS
            | I32x4MaxU
            | I8x16Eq
            | I16x8Eq
            | I32x4Eq
            | I64x2Eq
            | F32x4Eq
            | F64x2Eq
            | I8x16Ne
            | I16x8Ne
            | I32x4Ne
            | I64x2Ne
            | F32x4Ne
            | F64x2Ne
    )
}

/// All values of a function's walks.
#[derive(Debug)]
pub(super) struct Values {
    nodes: Vec<Node>,
    numbers: Map<(Value, Class), ValueId>,
}

/// So many values are kept from one walk to the next.
const KEPT: usize = 4_096;

impl Values {
    pub(super) fn new() -> Self {
        let mut this = Self { nodes: Vec::new(), numbers: Map::default() };
        this.forget();
        this
    }

    /// Forgets all values, if they are many. No walk is under way.
    pub(super) fn tidy(&mut self) {
        if self.nodes.len() > KEPT {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.nodes.clear();
        self.numbers = Map::default();
        let unknown = self.number(Value::Unknown, Class::I32);
        debug_assert_eq!(unknown, UNKNOWN);
    }

    pub(super) fn node(&self, id: ValueId) -> &Node {
        &self.nodes[id as usize]
    }

    pub(super) fn node_mut(&mut self, id: ValueId) -> &mut Node {
        &mut self.nodes[id as usize]
    }

    pub(super) fn class(&self, id: ValueId) -> Class {
        self.node(id).class
    }

    /// A value as one of `class`: what was left as another class means nothing.
    pub(super) fn of_class(&self, value: ValueId, class: Class) -> ValueId {
        if self.class(value) == class { value } else { UNKNOWN }
    }

    /// The bits, if it is a constant.
    pub(super) fn constant_bits(&self, id: ValueId) -> Option<u64> {
        match self.node(id).value {
            Value::Const(bits) => Some(bits),
            _ => None,
        }
    }

    /// The number of a value in normal form.
    pub(super) fn number(&mut self, value: Value, class: Class) -> ValueId {
        let next = self.nodes.len() as ValueId;
        let id = *self.numbers.entry((value, class)).or_insert(next);
        if id == next {
            self.nodes.push(Node { value, class, places: NOWHERE, slots: NOWHERE });
        }
        id
    }

    pub(super) fn constant(&mut self, bits: u64, class: Class) -> ValueId {
        self.number(Value::Const(bits), class)
    }

    /// An operator of one operand.
    pub(super) fn unary(&mut self, op: Op, a: ValueId) -> ValueId {
        if op == Op::I32Eqz {
            return self.not(a);
        }
        if op == Op::I64Widen {
            let zero = self.constant(0, Class::I64);
            return self.wide([a, zero]);
        }
        self.number(Value::Unary(op, a), op.info().result)
    }

    /// `i32.eqz`. Of what is 0 or 1 already, twice is not at all.
    fn not(&mut self, a: ValueId) -> ValueId {
        match self.node(a).value {
            Value::Unary(Op::I32Eqz, inner) if self.is_boolean(inner) => inner,
            _ => self.number(Value::Unary(Op::I32Eqz, a), Class::I32),
        }
    }

    /// Whether it is 0 or 1.
    fn is_boolean(&self, id: ValueId) -> bool {
        match self.node(id).value {
            Value::Unary(op, _) => matches!(op, Op::I32Eqz | Op::I64Eqz | Op::RefIsNull),
            // Comparisons are the operators that give an i32 and take something else, or compare i32s.
            Value::Binary(op, ..) => {
                use Op::*;
                matches!(
                    op,
                    I32Eq | I32LtS | I32LtU | I64Eq | I64LtS | I64LtU | F32Eq | F32Lt | F32Le | F64Eq | F64Lt | F64Le
                )
            }
            _ => false,
        }
    }

    /// The integer of 128 bits of these halves, the lower one first.
    pub(super) fn wide(&mut self, [low, high]: [ValueId; 2]) -> ValueId {
        match (self.node(low).value, self.node(high).value) {
            (Value::WideHalf(wide, false), Value::WideHalf(other, true)) if wide == other => wide,
            _ => self.number(Value::Binary(Op::I64Join, low, high), Class::I128),
        }
    }

    /// The halves of an integer of 128 bits, the lower one first.
    pub(super) fn wide_halves(&mut self, wide: ValueId) -> [ValueId; 2] {
        match self.node(wide).value {
            _ if self.class(wide) != Class::I128 => [UNKNOWN; 2],
            Value::Binary(Op::I64Join, low, high) => [low, high],
            _ => [false, true].map(|upper| self.number(Value::WideHalf(wide, upper), Class::I64)),
        }
    }

    /// An operator of two operands.
    pub(super) fn binary(&mut self, op: Op, a: ValueId, b: ValueId) -> ValueId {
        use Op::*;
        if let Some(shuffle) = self.as_shuffle(op, a, b) {
            return shuffle;
        }
        if op == I64Join {
            return self.wide([a, b]);
        }
        // What is left of comparisons is "equal", "less", and "less or equal" of floats, where it is not the opposite of
        // "greater": NaN is neither.
        let (op, a, b, negated) = match op {
            I32Ne => (I32Eq, a, b, true),
            I64Ne => (I64Eq, a, b, true),
            F32Ne => (F32Eq, a, b, true),
            F64Ne => (F64Eq, a, b, true),
            I32GtS => (I32LtS, b, a, false),
            I32GtU => (I32LtU, b, a, false),
            I64GtS => (I64LtS, b, a, false),
            I64GtU => (I64LtU, b, a, false),
            I32GeS => (I32LtS, a, b, true),
            I32GeU => (I32LtU, a, b, true),
            I64GeS => (I64LtS, a, b, true),
            I64GeU => (I64LtU, a, b, true),
            I32LeS => (I32LtS, b, a, true),
            I32LeU => (I32LtU, b, a, true),
            I64LeS => (I64LtS, b, a, true),
            I64LeU => (I64LtU, b, a, true),
            F32Gt => (F32Lt, b, a, false),
            F64Gt => (F64Lt, b, a, false),
            F32Ge => (F32Le, b, a, false),
            F64Ge => (F64Le, b, a, false),
            _ => (op, a, b, false),
        };
        let commutes = matches!(
            op,
            I32Add
                | I32Mul
                | I32And
                | I32Or
                | I32Xor
                | I32Eq
                | I64Add
                | I64Mul
                | I64And
                | I64Or
                | I64Xor
                | I64Eq
                | F32Add
                | F32Mul
                | F32Eq
                | F64Add
                | F64Mul
                | F64Eq
                | I64Add128
                | I64MulWideS
                | I64MulWideU
        );
        let (a, b) = if (commutes || commute_lanes(op)) && a > b { (b, a) } else { (a, b) };
        let zero = [(a, b), (b, a)].into_iter().find(|&(zero, _)| self.constant_bits(zero) == Some(0));
        let value = match (op, zero) {
            (I32Eq, Some((_, other))) => self.not(other),
            (I64Eq, Some((_, other))) => self.number(Value::Unary(I64Eqz, other), Class::I32),
            _ => self.number(Value::Binary(op, a, b), op.info().result),
        };
        if negated { self.not(value) } else { value }
    }

    pub(super) fn ternary(&mut self, op: Op, a: ValueId, b: ValueId, c: ValueId) -> ValueId {
        match op {
            Op::I8x16Shuffle => self.shuffle(a, b, c),
            _ => self.number(Value::Ternary(op, a, b, c), op.info().result),
        }
    }

    pub(super) fn extract(&mut self, op: Op, lane: u8, vector: ValueId) -> ValueId {
        self.number(Value::Extract(op, lane, vector), op.info().result)
    }

    pub(super) fn replace(&mut self, op: Op, lane: u8, vector: ValueId, value: ValueId) -> ValueId {
        self.number(Value::Replace(op, lane, vector, value), op.info().result)
    }

    /// The halves of a vector, the lower one first.
    pub(super) fn halves(&mut self, vector: ValueId) -> [ValueId; 2] {
        match self.node(vector).value {
            _ if self.class(vector) != Class::V128 => [UNKNOWN; 2],
            Value::Pair(low, high) => [low, high],
            _ => [false, true].map(|upper| self.number(Value::Half(vector, upper), Class::V128)),
        }
    }

    /// The vector of these halves, if they are halves.
    pub(super) fn vector(&mut self, [low, high]: [ValueId; 2]) -> ValueId {
        if self.class(low) != Class::V128 || self.class(high) != Class::V128 {
            return UNKNOWN;
        }
        match (self.node(low).value, self.node(high).value) {
            (Value::Half(vector, false), Value::Half(other, true)) if vector == other => vector,
            _ => self.number(Value::Pair(low, high), Class::V128),
        }
    }

    /// The words in which a value of a class lies.
    pub(super) fn words(&mut self, value: ValueId, class: Class) -> Words {
        if class.is_wide() { self.halves(value).into() } else { smallvec![value] }
    }

    /// What is not zero exactly if the value is not, without negations; and whether it is to be negated.
    pub(super) fn condition(&self, mut id: ValueId) -> (ValueId, bool) {
        let mut negated = false;
        while let Value::Unary(Op::I32Eqz, inner) = self.node(id).value {
            (id, negated) = (inner, !negated);
        }
        (id, negated)
    }

    fn select_parts(&self, a: ValueId, b: ValueId, condition: ValueId) -> (Value, Class) {
        let (condition, negated) = self.condition(condition);
        let (a, b) = if negated { (b, a) } else { (a, b) };
        (Value::Select(a, b, condition), self.class(a))
    }

    /// One of two values; of vectors, that of their halves.
    pub(super) fn select(&mut self, a: ValueId, b: ValueId, condition: ValueId) -> ValueId {
        if self.class(a) != Class::V128 {
            return self.select_word(a, b, condition);
        }
        let (first, second) = (self.halves(a), self.halves(b));
        let halves = [0, 1].map(|i| self.select_word(first[i], second[i], condition));
        self.vector(halves)
    }

    /// One of two words.
    pub(super) fn select_word(&mut self, a: ValueId, b: ValueId, condition: ValueId) -> ValueId {
        if a == b {
            return a;
        }
        let (value, class) = self.select_parts(a, b, condition);
        self.number(value, class)
    }

    /// The selection of a word in normal form, whatever it comes to.
    pub(super) fn selection(&self, a: ValueId, b: ValueId, condition: ValueId) -> Value {
        self.select_parts(a, b, condition).0
    }

    /// The value as text, for people; `place` names places of the source.
    pub(super) fn text(&self, id: ValueId, place: &dyn Fn(u32) -> String) -> String {
        let mut text = String::new();
        self.write(id, place, 6, &mut text);
        text
    }

    fn write(&self, id: ValueId, place: &dyn Fn(u32) -> String, depth: usize, out: &mut String) {
        let list = |text: &str, parts: &[ValueId], out: &mut String| {
            out.push_str(text);
            for (i, &part) in parts.iter().enumerate() {
                out.push_str(if i == 0 { "(" } else { ", " });
                if depth == 0 {
                    out.push_str("...");
                } else {
                    self.write(part, place, depth - 1, out);
                }
            }
            out.push(')');
        };
        let done = match self.node(id).value {
            Value::Unknown => write!(out, "what nobody knows"),
            Value::Initial { place: at, .. } => write!(out, "{}", place(at)),
            Value::Const(bits) => match self.class(id) {
                Class::I32 => write!(out, "{}", bits as i32),
                Class::I64 => write!(out, "{}", bits as i64),
                Class::F32 => write!(out, "{:?}", f32::from_bits(bits as u32)),
                Class::F64 => write!(out, "{:?}", f64::from_bits(bits)),
                Class::V128 | Class::I128 => write!(out, "half {bits:#x}"),
            },
            Value::Func(word) => write!(out, "function at word {word}"),
            Value::Global { word, .. } => write!(out, "global at word {word}"),
            Value::MemorySize { word, .. } => write!(out, "memory.size at word {word}"),
            Value::TableSize { word, .. } => write!(out, "table.size at word {word}"),
            Value::Result(_) => write!(out, "a result"),
            Value::Unary(op, a) => return list(op.info().text, &[a], out),
            Value::Binary(op, a, b) => return list(op.info().text, &[a, b], out),
            Value::Ternary(op, a, b, c) => return list(op.info().text, &[a, b, c], out),
            Value::Extract(op, lane, a) => return list(&format!("{} {lane}", op.info().text), &[a], out),
            Value::Replace(op, lane, a, b) => return list(&format!("{} {lane}", op.info().text), &[a, b], out),
            Value::WideHalf(wide, upper) => return list(if upper { "high half" } else { "low half" }, &[wide], out),
            Value::Half(vector, upper) => return list(if upper { "upper half" } else { "lower half" }, &[vector], out),
            Value::Pair(low, high) => return list("halves", &[low, high], out),
            Value::Load { op, access: Access { memory, offset }, address, .. } => {
                return list(&format!("{} at word {memory}+{offset}", op.info().text), &[address], out);
            }
            Value::Select(a, b, condition) => return list("select", &[a, b, condition], out),
            Value::TableGet { word, index, .. } => return list(&format!("table.get at word {word}"), &[index], out),
        };
        done.expect("strings take everything");
    }
}
