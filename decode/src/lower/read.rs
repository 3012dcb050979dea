//! Reading a body's operators (spec 5.4), which validation has read before: so everything is complete and in range here,
//! and nothing is checked again.

use crate::instruction::{Effects, Immediate, Instruction};
use std::slice::Iter;

/// The opcode of `end`.
const END: u8 = Instruction::End.byte();

/// The bit of an access's alignment that says that the index of a memory follows.
const HAS_MEMORY: u64 = 0x40;

/// What stands before a heap type: of references that may not be null, and of those that may.
const REF: i64 = -0x1c;
const NULLABLE_REF: i64 = -0x1d;

/// What a load or store is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MemArg {
    pub(super) memory: u32,
    pub(super) offset: u64,
}

/// A clause of a `try_table` (spec 5.4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Catch {
    /// A tagidx, or exceptions of all tags.
    pub(super) tag: Option<u32>,
    /// Whether the label takes a reference to the exception.
    pub(super) reference: bool,
    pub(super) label: u32,
}

/// Reads operators. It is passed by value wherever it goes, which leaves it in registers.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    bytes: Iter<'a, u8>,
    /// Where they end.
    end: usize,
    /// How many of the last operators are `end`s: bytes, too.
    tail: usize,
}

impl<'a> Reader<'a> {
    /// Of the operators from `at` to the end of `bytes`.
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Self {
        let tail = bytes.iter().rev().take_while(|&&byte| byte == END).count();
        Self { bytes: bytes[at..].iter(), end: bytes.len(), tail }
    }

    /// Whether nothing follows but the ends of blocks and of the function.
    pub(super) fn only_ends_follow(&self) -> bool {
        self.bytes.len() <= self.tail
    }

    /// Of an arm that begins here: whether it ends where the function does, and whether something in it is more than an
    /// expression.
    pub(super) fn last_arm(self) -> (bool, bool) {
        let (mut reader, mut depth, mut acts) = (self, 0, false);
        loop {
            let instruction;
            (instruction, reader) = reader.skip();
            match instruction {
                // A `try` that it ends began in the arm.
                Instruction::Delegate => depth -= 1,
                Instruction::End if depth == 0 => return (reader.only_ends_follow(), acts),
                Instruction::End => depth -= 1,
                Instruction::Load(_) | Instruction::Store(_) | Instruction::LoadLane(_) | Instruction::StoreLane(_) => {
                    acts = true
                }
                Instruction::Vector(op) if op.may_trap() => acts = true,
                other => {
                    let info = other.info();
                    depth += usize::from(info.opens_block());
                    acts |= info.effects.contain(Effects::BRANCHES) || info.effects.contain(Effects::CALLS);
                }
            }
        }
    }

    /// Where the next operator begins.
    pub(crate) fn position(&self) -> usize {
        self.end - self.bytes.len()
    }

    /// Whether all are read.
    pub(crate) fn is_done(&self) -> bool {
        self.bytes.len() == 0
    }

    /// The next operator; its immediates come next.
    #[inline(always)]
    pub(crate) fn instruction(&mut self) -> Instruction {
        let byte = self.byte();
        match Instruction::of_byte(byte) {
            Some(instruction) => instruction,
            None => {
                let number = self.unsigned() as u32;
                Instruction::of_number(byte, number).expect("validation has read it")
            }
        }
    }

    /// The next operator, whose immediates are skipped, and what reads on behind it.
    pub(crate) fn skip(mut self) -> (Instruction, Self) {
        let instruction = self.instruction();
        for &immediate in instruction.info().immediates {
            match immediate {
                Immediate::LabelIdx
                | Immediate::FuncIdx
                | Immediate::TypeIdx
                | Immediate::FieldIdx
                | Immediate::Count
                | Immediate::TableIdx
                | Immediate::MemIdx
                | Immediate::GlobalIdx
                | Immediate::LocalIdx
                | Immediate::ElemIdx
                | Immediate::DataIdx
                | Immediate::TagIdx => _ = self.index(),
                Immediate::BlockType => _ = self.block_type(),
                Immediate::HeapType | Immediate::I32 | Immediate::I64 => _ = self.signed(),
                Immediate::MemArg => _ = self.memarg(),
                Immediate::F32 => _ = self.f32_bits(),
                Immediate::F64 => _ = self.f64_bits(),
                Immediate::V128 | Immediate::LaneIdxs => _ = self.vector(),
                Immediate::LaneIdx | Immediate::Reserved | Immediate::CastFlags => _ = self.lane(),
                Immediate::LabelIdxs => (0..=self.unsigned()).for_each(|_| _ = self.index()),
                Immediate::ValTypes => self = self.types(),
                Immediate::Catches => self = self.catches().1,
            }
        }
        (instruction, self)
    }

    /// An index.
    #[inline(always)]
    pub(super) fn index(&mut self) -> u32 {
        self.unsigned() as u32
    }

    /// Two indices.
    #[inline(always)]
    pub(crate) fn indices(&mut self) -> (u32, u32) {
        (self.index(), self.index())
    }

    /// Memory and static offset of a load or store (spec 5.4.6). Its alignment means nothing here.
    #[inline(always)]
    pub(super) fn memarg(&mut self) -> MemArg {
        let memory = if self.unsigned() & HAS_MEMORY == 0 { 0 } else { self.index() };
        MemArg { memory, offset: self.unsigned() }
    }

    /// The targets of a `br_table`, the default one last, and what reads on behind them.
    pub(super) fn targets(mut self) -> (Vec<u32>, Self) {
        let targets = (0..=self.unsigned()).map(|_| self.index()).collect();
        (targets, self)
    }

    /// The clauses of a `try_table`, and what reads on behind them.
    pub(super) fn catches(mut self) -> (Vec<Catch>, Self) {
        let catch = |reader: &mut Self| {
            // The first bit says that a reference is asked for, the second that any tag is meant.
            let kind = reader.byte();
            let tag = (kind & 2 == 0).then(|| reader.index());
            Catch { tag, reference: kind & 1 != 0, label: reader.index() }
        };
        let catches = (0..self.unsigned()).map(|_| catch(&mut self)).collect();
        (catches, self)
    }

    /// Skips types, which mean nothing here.
    pub(super) fn types(mut self) -> Self {
        (0..self.unsigned()).for_each(|_| _ = self.block_type());
        self
    }

    /// A block type, or a value type: a typeidx, or a negative number (spec 5.3.1 to 5.3.4 and 5.4.1). What is behind that of a
    /// reference is skipped.
    #[inline(always)]
    pub(super) fn block_type(&mut self) -> i64 {
        let ty = self.signed();
        if matches!(ty, REF | NULLABLE_REF) {
            self.signed();
        }
        ty
    }

    #[inline(always)]
    pub(super) fn f32_bits(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    #[inline(always)]
    pub(super) fn f64_bits(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    /// The bytes of a vector.
    pub(super) fn vector(&mut self) -> [u8; 16] {
        self.array()
    }

    /// The index of a lane.
    pub(super) fn lane(&mut self) -> u8 {
        self.byte()
    }

    #[inline(always)]
    fn byte(&mut self) -> u8 {
        *self.bytes.next().expect("validation has read it")
    }

    #[inline(always)]
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let (array, rest) = self.bytes.as_slice().split_first_chunk().expect("validation has read it");
        self.bytes = rest.iter();
        *array
    }

    /// An unsigned number in LEB128 (spec 5.2.2).
    #[inline(always)]
    fn unsigned(&mut self) -> u64 {
        let first = self.byte();
        if first < 0x80 { u64::from(first) } else { self.long(first).0 }
    }

    /// A signed number in LEB128: a constant, or a type.
    #[inline(always)]
    pub(super) fn signed(&mut self) -> i64 {
        let first = self.byte();
        if first < 0x80 {
            return i64::from((first << 1) as i8 >> 1);
        }
        let (bits, len) = self.long(first);
        let unused = 64_u32.saturating_sub(len);
        ((bits << unused) as i64) >> unused
    }

    /// A number of several bytes, and how many bits it was written in.
    #[inline(always)]
    fn long(&mut self, first: u8) -> (u64, u32) {
        let (bits, len, rest) = long(self.bytes.as_slice(), first);
        self.bytes = rest.iter();
        (bits, len)
    }
}

/// A number in LEB128 that begins with `first`, and goes on in `rest`; how many bits it was written in; and what follows.
#[inline(never)]
fn long(rest: &[u8], first: u8) -> (u64, u32, &[u8]) {
    let (mut bits, mut len) = (u64::from(first & 0x7f), 7);
    let mut rest = rest.iter();
    for &byte in rest.by_ref() {
        bits |= u64::from(byte & 0x7f) << len;
        len += 7;
        if byte < 0x80 {
            break;
        }
    }
    (bits, len, rest.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let cases: [(&[u8], i64); 6] = [
            (&[0x00], 0),
            (&[0x7f], -1),
            (&[0xff, 0x00], 127),
            (&[0x80, 0x7f], -128),
            (&[0x80, 0x80, 0x80, 0x80, 0x78], i64::from(i32::MIN)),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f], i64::MIN),
        ];
        for (bytes, value) in cases {
            assert_eq!(Reader::new(bytes, 0).signed(), value, "{bytes:?}");
        }
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f], 0).unsigned(), u64::from(u32::MAX));
    }
}
