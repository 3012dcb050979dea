//! A quick check of function bodies, which accepts most; whatever it does not accept wasmparser validates.
//!
//! This is the algorithm of the appendix (spec A.3) for what compilers write: numbers, locals and globals, the one
//! memory, calls, and blocks with no more than a result. It says "valid" or "cannot say" (a `None`), nothing else. What
//! is wrong, what is rare, and what stands behind a branch where nothing can reach it are left to wasmparser: every
//! error is wasmparser's, and the operand stack is never polymorphic here. In debug builds wasmparser validates what
//! was accepted as well, and tests compare the two on broken bodies.
//!
//! Three things make it quick. Types are the bytes that the binary has for them. A block begins with a byte on the operand
//! stack that is no type, so that taking an operand compares its type and nothing else. And what a numeric instruction takes
//! and gives stands in a table, which needs no branch to tell one operand from two.

use super::Module;
use crate::layout::{HEADER_WORDS, MAX_FRAME_WORDS};
use crate::opcode::*;
use crate::ops::{Class, Kind, Op};
use crate::{HeapType, RefType, ValType};

/// A type, as in the binary (spec 5.3).
type Type = u8;
const I32: Type = 0x7f;
const I64: Type = 0x7e;
const F32: Type = 0x7d;
const F64: Type = 0x7c;
const FUNCREF: Type = 0x70;
const EXTERNREF: Type = 0x6f;

const TYPES: [Type; 6] = [I32, I64, F32, F64, FUNCREF, EXTERNREF];

/// No type: where a block's operands begin.
const FENCE: Type = 0;

/// The block type without results (spec 5.4.1).
const NO_RESULT: u8 = 0x40;

/// Most operands between two operators, all fences among them. More are rare.
const MOST_OPERANDS: usize = 1_000;
/// Room for them. Places are taken modulo this, so that no access need be checked.
const ROOM: usize = 1_024;
/// How many fences there are below all operands. A numeric operator looks at two places whatever it takes; who looks further
/// down stops at a fence.
const BASE: usize = 2;

/// Most locals, parameters among them. wasmparser's limit is 50,000, but few bytes can declare many.
const MOST_LOCALS: usize = 2_000;

// A push at the limit is not modulo, or it would overwrite the fences.
const _: () = assert!(MOST_OPERANDS + 1 < ROOM && ROOM.is_power_of_two());
// With so little, and the 1,000 parameters and results that wasmparser allows, a frame is always addressable.
const _: () = assert!(2 * 1_000 + MOST_LOCALS + MOST_OPERANDS + 2 * HEADER_WORDS <= MAX_FRAME_WORDS);

/// A list of types: where it lies in [`Checker::types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct List {
    start: u32,
    len: u32,
}

impl List {
    const EMPTY: Self = Self { start: 0, len: 0 };

    /// The list of one type: [`Checker::types`] begins with these.
    fn of(ty: Type) -> Option<Self> {
        let start = TYPES.iter().position(|&known| known == ty)?;
        Some(Self { start: start as u32, len: 1 })
    }
}

/// A function type.
#[derive(Debug, Clone, Copy)]
struct Signature {
    params: List,
    results: List,
}

/// An open block.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// The operator it began with, or `else`. The function is a `block`.
    opcode: u16,
    /// Where its operands begin, behind the fence.
    base: usize,
    results: List,
}

impl Frame {
    /// What a branch to it takes.
    fn label(&self) -> List {
        if self.opcode == LOOP { List::EMPTY } else { self.results }
    }
}

/// What a numeric operator takes and gives.
#[derive(Debug, Clone, Copy)]
struct Numeric {
    /// Type of its operands.
    operand: Type,
    result: Type,
    /// How many operands it takes beyond the first.
    more: u8,
}

/// Those of each opcode below `0x108`; for others, an operand that nothing is. `ref.is_null` is not one of them: it takes
/// references of any type, which the table of operators knows as integers.
static NUMERIC: [Numeric; OPS.len()] = {
    let mut table = [Numeric { operand: 0xff, result: 0xff, more: 0 }; OPS.len()];
    let mut i = 0;
    while i < OPS.len() {
        if let Some(op) = OPS[i]
            && !matches!(op, Op::RefIsNull)
        {
            let (info, more) = (op.info(), matches!(op.kind(), Kind::Binary) as u8);
            if matches!(op.kind(), Kind::Unary | Kind::Binary) {
                table[i] = Numeric { operand: of_class(info.operand), result: of_class(info.result), more };
            }
        }
        i += 1;
    }
    table
};

/// Type of the value and exponent of the natural alignment of each load and store.
static ACCESSES: [(Type, u8); (LAST_STORE - FIRST_LOAD) as usize + 1] = {
    const ALIGN: [u8; 23] = [2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 3, 2, 3, 0, 1, 0, 1, 2];
    let mut table = [(FENCE, 0); ALIGN.len()];
    let mut i = 0;
    while i < table.len() {
        let op = OPS[FIRST_LOAD as usize + i].expect("a load or store");
        table[i] = (of_class(op.info().result), ALIGN[i]);
        i += 1;
    }
    table
};

const fn of_class(class: Class) -> Type {
    match class {
        Class::I32 => I32,
        Class::I64 => I64,
        Class::F32 => F32,
        Class::F64 => F64,
    }
}

fn of_val_type(ty: ValType) -> Type {
    match ty {
        ValType::Ref(ty) => match ty.heap_type() {
            HeapType::Func => FUNCREF,
            HeapType::Extern => EXTERNREF,
        },
        _ => of_class(ty.into()),
    }
}

/// Checks bodies of one module.
#[derive(Debug)]
pub(super) struct Checker {
    /// All lists of types.
    types: Vec<Type>,
    /// By typeidx.
    signatures: Vec<Signature>,
    /// Type of every global, and whether it is mutable.
    globals: Vec<(Type, bool)>,
    has_memory: bool,
    /// Types of the locals of the function at hand.
    locals: Vec<Type>,
    /// Most open blocks, the function among them.
    most_frames: usize,
    frames: Vec<Frame>,
    operands: Box<[Type; ROOM]>,
}

impl Checker {
    /// For `module`, whose sections before the code are read. In no function more than `nesting` blocks may be open.
    pub(super) fn new(module: &Module, nesting: u32) -> Self {
        let mut types = TYPES.to_vec();
        let mut list = |of: &[ValType]| {
            let start = types.len() as u32;
            types.extend(of.iter().copied().map(of_val_type));
            List { start, len: of.len() as u32 }
        };
        let signature = |ty: &crate::FuncType| Signature { params: list(ty.params()), results: list(ty.results()) };
        let signatures = module.types.iter().map(signature).collect();
        let globals = module.globals.iter().map(|global| (of_val_type(global.content), global.mutable));
        Self {
            globals: globals.collect(),
            has_memory: !module.memories.is_empty(),
            types,
            signatures,
            locals: Vec::new(),
            most_frames: (nesting as usize).saturating_add(1),
            frames: Vec::new(),
            operands: Box::new([FENCE; ROOM]),
        }
    }

    /// Whether `body`, its locals and its code, is certainly a valid one for function `funcidx` of `module`.
    pub(super) fn accepts(&mut self, module: &Module, funcidx: u32, body: &[u8]) -> bool {
        let signature = self.signatures[module.funcs[funcidx as usize] as usize];
        let mut reader = Reader { bytes: body, at: 0 };
        let declared = self.declare(signature.params, &mut reader);
        declared.is_some() && self.operators(module, signature.results, reader).is_some()
    }

    /// Takes the parameters, and the locals that the body declares.
    fn declare(&mut self, params: List, reader: &mut Reader<'_>) -> Option<()> {
        self.locals.clear();
        self.locals.extend_from_slice(slice(&self.types, params));
        for _ in 0..reader.unsigned()? {
            let (count, ty) = (reader.unsigned()?, reader.byte()?);
            let locals = self.locals.len().checked_add(count as usize)?;
            (TYPES.contains(&ty) && locals <= MOST_LOCALS).then_some(())?;
            self.locals.resize(locals, ty);
        }
        Some(())
    }

    /// Checks the code. Every operator adds no more than one operand, but calls, which check how many they add.
    fn operators(&mut self, module: &Module, results: List, mut reader: Reader<'_>) -> Option<()> {
        let Self { types, signatures, globals, has_memory, locals, most_frames, frames, operands } = self;
        let (types, signatures, globals, locals) = (&types[..], &signatures[..], &globals[..], &locals[..]);
        let has_memory = has_memory.then_some(());
        let list = |list| slice(types, list);
        let mut operands = Operands { types: operands, top: BASE };
        frames.clear();
        frames.push(Frame { opcode: BLOCK, base: BASE, results });
        // Whether the code here cannot be reached: then the next operator is `end` or `else`.
        let mut dead = false;
        while operands.top <= MOST_OPERANDS {
            let opcode = u16::from(reader.byte()?);
            match opcode {
                LOCAL_GET => operands.push(*locals.get(reader.index()?)?),
                LOCAL_SET => operands.take(*locals.get(reader.index()?)?)?,
                LOCAL_TEE => operands.expect(*locals.get(reader.index()?)?)?,
                GLOBAL_GET => operands.push(globals.get(reader.index()?)?.0),
                GLOBAL_SET => {
                    let (ty, mutable) = *globals.get(reader.index()?)?;
                    operands.take(ty)?;
                    mutable.then_some(())?;
                }
                I32_CONST => {
                    reader.signed::<32>()?;
                    operands.push(I32);
                }
                I64_CONST => {
                    reader.signed::<64>()?;
                    operands.push(I64);
                }
                F32_CONST => {
                    reader.skip(4)?;
                    operands.push(F32);
                }
                F64_CONST => {
                    reader.skip(8)?;
                    operands.push(F64);
                }
                0x45..=0xc4 => operands.numeric(NUMERIC[usize::from(opcode)])?,
                FIRST_LOAD..=LAST_STORE => {
                    has_memory?;
                    let (ty, natural) = ACCESSES[usize::from(opcode - FIRST_LOAD)];
                    (reader.byte()? <= natural).then_some(())?;
                    reader.unsigned()?;
                    if opcode < FIRST_STORE {
                        operands.take(I32)?;
                        operands.push(ty);
                    } else {
                        operands.take(ty)?;
                        operands.take(I32)?;
                    }
                }
                BLOCK | LOOP | IF => {
                    let results = match reader.byte()? {
                        NO_RESULT => List::EMPTY,
                        ty => List::of(ty)?,
                    };
                    if opcode == IF {
                        operands.take(I32)?;
                    }
                    operands.push(FENCE);
                    frames.push(Frame { opcode, base: operands.top, results });
                    (frames.len() <= *most_frames).then_some(())?;
                }
                END | ELSE => {
                    let frame = frames.last_mut()?;
                    let results = list(frame.results);
                    if !dead {
                        operands.expect_all(results)?;
                        (operands.top == frame.base + results.len()).then_some(())?;
                    }
                    dead = false;
                    operands.top = frame.base;
                    if opcode == ELSE {
                        (frame.opcode == IF).then_some(())?;
                        frame.opcode = ELSE;
                        continue;
                    }
                    // Without `else`, the results would be the parameters, of which there are none.
                    (frame.opcode != IF || results.is_empty()).then_some(())?;
                    frames.pop();
                    if frames.is_empty() {
                        return reader.is_done().then_some(());
                    }
                    operands.top -= 1;
                    // One, or none: only the function may have more.
                    if let Some(&ty) = results.first() {
                        operands.push(ty);
                    }
                }
                BR | RETURN | UNREACHABLE | BR_TABLE => {
                    match opcode {
                        BR => operands.expect_all(list(label(frames, reader.index()?)?))?,
                        RETURN => operands.expect_all(list(results))?,
                        BR_TABLE => {
                            operands.take(I32)?;
                            let count = reader.unsigned()?;
                            let taken = list(label(frames, reader.index()?)?);
                            operands.expect_all(taken)?;
                            for _ in 0..count {
                                (list(label(frames, reader.index()?)?) == taken).then_some(())?;
                            }
                        }
                        _ => {}
                    }
                    operands.top = frames.last()?.base;
                    dead = matches!(u16::from(reader.peek()?), END | ELSE);
                    dead.then_some(())?;
                }
                BR_IF => {
                    operands.take(I32)?;
                    operands.expect_all(list(label(frames, reader.index()?)?))?;
                }
                CALL | CALL_INDIRECT => {
                    let index = reader.index()?;
                    let typeidx = if opcode == CALL {
                        *module.funcs.get(index)? as usize
                    } else {
                        let table = module.tables.get(reader.index()?)?;
                        (table.element == RefType::FUNCREF).then_some(())?;
                        operands.take(I32)?;
                        index
                    };
                    let Signature { params, results } = *signatures.get(typeidx)?;
                    operands.expect_all(list(params))?;
                    operands.top -= params.len as usize;
                    (operands.top + results.len as usize <= MOST_OPERANDS).then_some(())?;
                    list(results).iter().for_each(|&ty| operands.push(ty));
                }
                DROP => {
                    (operands.last() != FENCE).then_some(())?;
                    operands.top -= 1;
                }
                SELECT => {
                    operands.take(I32)?;
                    let ty = operands.last();
                    matches!(ty, I32 | I64 | F32 | F64).then_some(())?;
                    operands.take(ty)?;
                    operands.expect(ty)?;
                }
                MEMORY_SIZE => {
                    has_memory?;
                    reader.zero()?;
                    operands.push(I32);
                }
                MEMORY_GROW => {
                    has_memory?;
                    reader.zero()?;
                    operands.expect(I32)?;
                }
                NOP => {}
                _ if opcode == u16::from(PREFIX) => match 0x100 + u16::from(reader.byte()?) {
                    opcode @ 0x100..=0x107 => operands.numeric(NUMERIC[usize::from(opcode)])?,
                    opcode @ (MEMORY_COPY | MEMORY_FILL) => {
                        has_memory?;
                        reader.zero()?;
                        if opcode == MEMORY_COPY {
                            reader.zero()?;
                        }
                        for _ in 0..3 {
                            operands.take(I32)?;
                        }
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
        None
    }
}

fn slice(types: &[Type], list: List) -> &[Type] {
    &types[list.start as usize..][..list.len as usize]
}

/// What a branch with label index `label` takes.
fn label(frames: &[Frame], label: usize) -> Option<List> {
    let frame = frames.len().checked_sub(label.checked_add(1)?)?;
    Some(frames[frame].label())
}

/// The operand stack. There is a fence at [`BASE`] - 1 at the latest, so nothing is taken from below.
struct Operands<'a> {
    types: &'a mut [Type; ROOM],
    top: usize,
}

impl Operands<'_> {
    /// The type of the operand that many places below the top, where 1 is the topmost.
    #[inline(always)]
    fn below(&self, places: usize) -> Type {
        self.types[self.top.wrapping_sub(places) % ROOM]
    }

    #[inline(always)]
    fn last(&self) -> Type {
        self.below(1)
    }

    #[inline(always)]
    fn push(&mut self, ty: Type) {
        self.types[self.top % ROOM] = ty;
        self.top += 1;
    }

    #[inline(always)]
    fn expect(&self, ty: Type) -> Option<()> {
        (self.last() == ty).then_some(())
    }

    #[inline(always)]
    fn take(&mut self, ty: Type) -> Option<()> {
        self.expect(ty)?;
        self.top -= 1;
        Some(())
    }

    /// Whether the topmost operands are of these types, the last one on top. A fence is none of them.
    #[inline(always)]
    fn expect_all(&self, types: &[Type]) -> Option<()> {
        let mut below = (1..).map(|places| self.below(places));
        types.iter().rev().all(|&ty| below.next() == Some(ty)).then_some(())
    }

    /// Takes one operand or two and gives a result.
    #[inline(always)]
    fn numeric(&mut self, Numeric { operand, result, more }: Numeric) -> Option<()> {
        // The one below the top matters only if it is an operand.
        let second = self.below(1 + usize::from(more));
        (self.last() == operand && second == operand).then_some(())?;
        self.top -= usize::from(more);
        self.types[self.top.wrapping_sub(1) % ROOM] = result;
        Some(())
    }
}

/// Reads operators.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn is_done(&self) -> bool {
        self.at == self.bytes.len()
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline(always)]
    fn byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// A byte that is zero.
    fn zero(&mut self) -> Option<()> {
        (self.byte()? == 0).then_some(())
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.bytes.get(self.at..)?.get(bytes - 1)?;
        self.at += bytes;
        Some(())
    }

    #[inline(always)]
    fn index(&mut self) -> Option<usize> {
        self.unsigned().map(|index| index as usize)
    }

    /// An unsigned number of 32 bits in LEB128 (spec 5.2.2).
    #[inline(always)]
    fn unsigned(&mut self) -> Option<u32> {
        let first = self.byte()?;
        if first < 0x80 {
            return Some(first.into());
        }
        let (value, at) = long_unsigned(self.bytes, self.at, first)?;
        self.at = at;
        Some(value)
    }

    /// Skips a signed number of so many bits, 32 or 64.
    #[inline(always)]
    fn signed<const BITS: u32>(&mut self) -> Option<()> {
        if self.byte()? >= 0x80 {
            self.at = long_signed(self.bytes, self.at, BITS)?;
        }
        Some(())
    }
}

/// An unsigned number of 32 bits that begins with the byte `first`, the next one at `at`; and where it ends. In its last byte
/// no bit may be set that it has no place for.
fn long_unsigned(bytes: &[u8], mut at: usize, first: u8) -> Option<(u32, usize)> {
    let mut value = u32::from(first & 0x7f);
    for shift in [7, 14, 21, 28] {
        let byte = *bytes.get(at)?;
        at += 1;
        if shift == 28 && byte > 0x0f {
            return None;
        }
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((value, at));
        }
    }
    None
}

/// Where a signed number of `bits` bits ends whose second byte is at `at`. In its last byte the bits that it has no place for
/// must be as its sign.
fn long_signed(bytes: &[u8], mut at: usize, bits: u32) -> Option<usize> {
    for shift in (7..bits).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        let places = bits - shift;
        if places < 7 {
            // The sign and what is above it.
            let signs = i32::from(byte) << 25 >> (25 + places - 1);
            return (byte < 0x80 && matches!(signs, 0 | -1)).then_some(at);
        }
        if byte < 0x80 {
            return Some(at);
        }
    }
    None
}
