//! Reading a body's operators (spec 5.4), which validation has read before: so everything is complete and in range here,
//! and nothing is checked again.

use crate::opcode::*;
use std::slice::Iter;

/// Reads operators. It is passed by value wherever it goes, which leaves it in registers.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    bytes: Iter<'a, u8>,
    /// Where they end.
    end: usize,
    /// How many of the last operators are `end`s: bytes, too.
    tail: usize,
}

impl<'a> Reader<'a> {
    /// Of the operators from `at` to the end of `bytes`.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        let tail = bytes.iter().rev().take_while(|&&byte| u16::from(byte) == END).count();
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
            let opcode;
            (opcode, reader) = reader.skip();
            match opcode {
                END if depth == 0 => return (reader.only_ends_follow(), acts),
                END => depth -= 1,
                BLOCK | LOOP | IF => depth += 1,
                BR..=RETURN_CALL_INDIRECT | FIRST_LOAD..=LAST_STORE => acts = true,
                _ => {}
            }
        }
    }

    /// Where the next operator begins.
    pub(super) fn position(&self) -> usize {
        self.end - self.bytes.len()
    }

    /// Whether all are read.
    pub(super) fn is_done(&self) -> bool {
        self.bytes.len() == 0
    }

    /// The next operator; its immediates come next.
    #[inline(always)]
    pub(super) fn opcode(&mut self) -> u16 {
        match self.byte() {
            PREFIX => 0x100 + self.unsigned() as u16,
            opcode => u16::from(opcode),
        }
    }

    /// The next operator, whose immediates are skipped, and what reads on behind it.
    pub(super) fn skip(mut self) -> (u16, Self) {
        let opcode = self.opcode();
        match opcode {
            LOCAL_GET | LOCAL_SET | LOCAL_TEE | GLOBAL_GET | GLOBAL_SET | TABLE_GET | TABLE_SET | BR | BR_IF | CALL
            | RETURN_CALL | REF_FUNC | MEMORY_SIZE | MEMORY_GROW | DATA_DROP | MEMORY_FILL | ELEM_DROP | TABLE_GROW
            | TABLE_SIZE | TABLE_FILL => _ = self.index(),
            CALL_INDIRECT | RETURN_CALL_INDIRECT | MEMORY_INIT | MEMORY_COPY | TABLE_INIT | TABLE_COPY => {
                self.indices();
            }
            I32_CONST | I64_CONST | BLOCK | LOOP | IF | REF_NULL => _ = self.signed(),
            FIRST_LOAD..=LAST_STORE => _ = self.offset(),
            F32_CONST => _ = self.f32_bits(),
            F64_CONST => _ = self.f64_bits(),
            BR_TABLE => (0..=self.unsigned()).for_each(|_| _ = self.index()),
            TYPED_SELECT => self = self.types(),
            _ => {}
        }
        (opcode, self)
    }

    /// An index.
    #[inline(always)]
    pub(super) fn index(&mut self) -> u32 {
        self.unsigned() as u32
    }

    /// Two indices.
    #[inline(always)]
    pub(super) fn indices(&mut self) -> (u32, u32) {
        (self.index(), self.index())
    }

    /// The alignment of a load or store, which means nothing here, and its static offset.
    #[inline(always)]
    pub(super) fn offset(&mut self) -> u32 {
        self.unsigned();
        self.unsigned() as u32
    }

    /// The targets of a `br_table`, the default one last, and what reads on behind them.
    pub(super) fn targets(mut self) -> (Vec<u32>, Self) {
        let targets = (0..=self.unsigned()).map(|_| self.index()).collect();
        (targets, self)
    }

    /// Skips types, which mean nothing here.
    pub(super) fn types(mut self) -> Self {
        (0..self.unsigned()).for_each(|_| _ = self.signed());
        self
    }

    #[inline(always)]
    pub(super) fn f32_bits(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    #[inline(always)]
    pub(super) fn f64_bits(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
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
    use crate::ops::Op;

    /// Every opcode is what wasmparser says it is, and takes as many bytes.
    #[test]
    fn opcodes_as_wasmparser_reads_them() {
        let mut seen = 0;
        for opcode in 0..0x112_u16 {
            let mut bytes = if opcode < 0x100 { vec![opcode as u8] } else { vec![0xfc, (opcode - 0x100) as u8] };
            if matches!(opcode, 0xfb..=0xfe) {
                continue;
            }
            // Immediates enough for everything: alignment or index 0, a type, numbers.
            let head = bytes.len();
            bytes.extend([0x70; 16]);
            if matches!(opcode, TYPED_SELECT) {
                bytes[head] = 1;
            } else if matches!(opcode, BR_TABLE) {
                bytes[head] = 2;
            } else if !matches!(opcode, BLOCK | LOOP | IF | REF_NULL) {
                bytes[head..].fill(0);
            }
            let mut theirs = wasmparser::OperatorsReader::new(wasmparser::BinaryReader::new(&bytes, 0));
            let Ok(operator) = theirs.read() else { continue };
            let name = format!("{operator:?}");
            let name = name.split([' ', '{']).next().expect("a name");
            let (skipped, ours) = Reader::new(&bytes, 0).skip();
            assert_eq!(skipped, opcode);
            match OPS.get(usize::from(opcode)).copied().flatten() {
                Some(op) => assert_eq!(format!("{op:?}"), name),
                None if !KNOWN.contains(&opcode) => continue,
                None => {}
            }
            assert_eq!(ours.position() as u64, theirs.original_position(), "{name}");
            seen += 1;
        }
        // An `else` on its own wasmparser does not read.
        assert_eq!(seen, Op::ALL.len() + KNOWN.len() - 1);
    }

    const KNOWN: [u16; 43] = [
        UNREACHABLE,
        NOP,
        BLOCK,
        LOOP,
        IF,
        ELSE,
        END,
        BR,
        BR_IF,
        BR_TABLE,
        RETURN,
        CALL,
        CALL_INDIRECT,
        RETURN_CALL,
        RETURN_CALL_INDIRECT,
        DROP,
        SELECT,
        TYPED_SELECT,
        LOCAL_GET,
        LOCAL_SET,
        LOCAL_TEE,
        GLOBAL_GET,
        GLOBAL_SET,
        TABLE_GET,
        TABLE_SET,
        MEMORY_SIZE,
        MEMORY_GROW,
        I32_CONST,
        I64_CONST,
        F32_CONST,
        F64_CONST,
        REF_NULL,
        REF_FUNC,
        MEMORY_INIT,
        DATA_DROP,
        MEMORY_COPY,
        MEMORY_FILL,
        TABLE_INIT,
        ELEM_DROP,
        TABLE_COPY,
        TABLE_GROW,
        TABLE_SIZE,
        TABLE_FILL,
    ];

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
