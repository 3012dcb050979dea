//! A quick check of function bodies, which accepts most; whatever it does not accept wasmparser validates.
//!
//! This is the algorithm of the appendix (spec A.3) for what compilers write: numbers, locals and globals, memory 0,
//! calls, and blocks with no more than a result. It says "valid" or "cannot say" (a `None`), nothing else. What
//! is wrong, what is rare, and what stands behind a branch where nothing can reach it are left to wasmparser: every
//! error is wasmparser's, and the operand stack is never polymorphic here. In debug builds wasmparser validates what
//! was accepted as well, and tests compare the two on broken bodies.
//!
//! Three things make it quick. Types are the bytes that the binary has for them. A block begins with a byte on the operand
//! stack that is no type, so that taking an operand compares its type and nothing else. And what a numeric instruction takes
//! and gives stands in a table, which needs no branch to tell one operand from two.

mod tables;
mod vectors;

use super::Module;
use super::read::Reader;
use crate::instruction::Instruction;
use crate::layout::{HEADER_WORDS, MAX_FRAME_WORDS};
use crate::{FuncIdx, RefType, ValType};
use tables::{BY_BYTE, NOTHING, OPERATORS, Operator, STEPS, Step};

/// A type, as in the binary (spec 5.3).
type Type = u8;
const I32: Type = 0x7f;
const I64: Type = 0x7e;
const F32: Type = 0x7d;
const F64: Type = 0x7c;
const V128: Type = 0x7b;
const FUNCREF: Type = 0x70;
const EXTERNREF: Type = 0x6f;

const TYPES: [Type; 7] = [I32, I64, F32, F64, V128, FUNCREF, EXTERNREF];

/// Opcodes that may follow a branch.
const END: u8 = Instruction::End.byte();
const ELSE: u8 = Instruction::Else.byte();

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

// The last push that the limit allows stays in the array: wrapped to its beginning, it would overwrite the fences.
const _: () = assert!(MOST_OPERANDS < ROOM && ROOM.is_power_of_two());
// With so little, and the 1,000 parameters and results that wasmparser allows, of two words each, a frame is always
// addressable.
const _: () = assert!(2 * (2 * 1_000 + MOST_LOCALS + MOST_OPERANDS) + 2 * HEADER_WORDS <= MAX_FRAME_WORDS);

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
    step: Step,
    /// Where its operands begin, behind the fence.
    base: usize,
    results: List,
}

impl Frame {
    /// What a branch to it takes.
    fn label(&self) -> List {
        if matches!(self.step, Step::Loop) { List::EMPTY } else { self.results }
    }
}

fn of_val_type(ty: ValType) -> Type {
    match ty {
        ValType::I32 => I32,
        ValType::I64 => I64,
        ValType::F32 => F32,
        ValType::F64 => F64,
        ValType::V128 => V128,
        ValType::Ref(RefType::FUNCREF) => FUNCREF,
        ValType::Ref(RefType::EXTERNREF) => EXTERNREF,
        // Types with others below them, or above.
        ValType::Ref(_) => NOTHING,
    }
}

/// Checks bodies of one module.
#[derive(Debug)]
pub(super) struct Checker {
    /// All lists of types.
    types: Vec<Type>,
    /// By typeidx.
    /// None of those that are no functions, or that name types which this pass does not know.
    signatures: Vec<Option<Signature>>,
    /// Type of every global, and whether it is mutable.
    globals: Vec<(Type, bool)>,
    /// Type of memory 0's addresses, if there is one.
    address: Option<Type>,
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
        let signature = |ty: &crate::SubType| {
            let ty = ty.as_func()?;
            let is_known = |ty: &ValType| of_val_type(*ty) != NOTHING;
            (ty.params().iter().all(is_known) && ty.results().iter().all(is_known))
                .then(|| Signature { params: list(ty.params()), results: list(ty.results()) })
        };
        let signatures = module.types.iter().map(signature).collect();
        let globals = module.globals.iter().map(|global| (of_val_type(global.content), global.mutable));
        Self {
            globals: globals.collect(),
            address: module.memories.first().map(|memory| of_val_type(memory.address.val_type())),
            types,
            signatures,
            locals: Vec::new(),
            most_frames: (nesting as usize).saturating_add(1),
            frames: Vec::new(),
            operands: Box::new([FENCE; ROOM]),
        }
    }

    /// Whether `body`, its locals and its code, is certainly a valid one for function `funcidx` of `module`.
    pub(super) fn accepts(&mut self, module: &Module, funcidx: FuncIdx, body: &[u8]) -> bool {
        let Some(signature) = self.signatures[module.typeidx(funcidx).index()] else { return false };
        let mut reader = Reader::new(body);
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

    /// Checks the code. Operators that add an operand check that there is room; all others take as many as they give.
    fn operators(&mut self, module: &Module, results: List, mut reader: Reader<'_>) -> Option<()> {
        let Self { types, signatures, globals, address, locals, most_frames, frames, operands } = self;
        let (types, signatures, globals, locals) = (&types[..], &signatures[..], &globals[..], &locals[..]);
        let address = *address;
        let list = |list| slice(types, list);
        let mut operands = Operands { types: operands, top: BASE };
        frames.clear();
        frames.push(Frame { step: Step::Block, base: BASE, results });
        // Whether the code here cannot be reached: then the next operator is `end` or `else`.
        let mut dead = false;
        loop {
            let byte = reader.byte()?;
            match STEPS[usize::from(byte)] {
                Step::LocalGet => operands.grow(*locals.get(reader.index()?)?)?,
                Step::LocalSet => operands.take(*locals.get(reader.index()?)?)?,
                Step::LocalTee => operands.expect(*locals.get(reader.index()?)?)?,
                Step::GlobalGet => {
                    let ty = globals.get(reader.index()?)?.0;
                    (ty != NOTHING).then_some(())?;
                    operands.grow(ty)?;
                }
                Step::GlobalSet => {
                    let (ty, mutable) = *globals.get(reader.index()?)?;
                    operands.take(ty)?;
                    mutable.then_some(())?;
                }
                Step::I32Const => {
                    reader.signed::<32>()?;
                    operands.grow(I32)?;
                }
                Step::I64Const => {
                    reader.signed::<64>()?;
                    operands.grow(I64)?;
                }
                Step::F32Const => {
                    reader.skip(4)?;
                    operands.grow(F32)?;
                }
                Step::F64Const => {
                    reader.skip(8)?;
                    operands.grow(F64)?;
                }
                Step::Numeric => operands.numeric(BY_BYTE[usize::from(byte)])?,
                Step::Load => {
                    let Operator { result, align, .. } = BY_BYTE[usize::from(byte)];
                    reader.memarg(align)?;
                    operands.take(address?)?;
                    operands.push(result);
                }
                Step::Store => {
                    let Operator { operand, align, .. } = BY_BYTE[usize::from(byte)];
                    reader.memarg(align)?;
                    operands.take(operand)?;
                    operands.take(address?)?;
                }
                step @ (Step::Block | Step::Loop | Step::If) => {
                    let results = match reader.byte()? {
                        NO_RESULT => List::EMPTY,
                        ty => List::of(ty)?,
                    };
                    if matches!(step, Step::If) {
                        operands.take(I32)?;
                    }
                    operands.grow(FENCE)?;
                    frames.push(Frame { step, base: operands.top, results });
                    (frames.len() <= *most_frames).then_some(())?;
                }
                step @ (Step::End | Step::Else) => {
                    let frame = frames.last_mut()?;
                    let results = list(frame.results);
                    if !dead {
                        operands.expect_all(results)?;
                        (operands.top == frame.base + results.len()).then_some(())?;
                    }
                    dead = false;
                    operands.top = frame.base;
                    if matches!(step, Step::Else) {
                        matches!(frame.step, Step::If).then_some(())?;
                        frame.step = Step::Else;
                        continue;
                    }
                    // Without `else`, the results would be the parameters, of which there are none.
                    (!matches!(frame.step, Step::If) || results.is_empty()).then_some(())?;
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
                step @ (Step::Br | Step::Return | Step::Unreachable | Step::BrTable) => {
                    match step {
                        Step::Br => operands.expect_all(list(label(frames, reader.index()?)?))?,
                        Step::Return => operands.expect_all(list(results))?,
                        Step::BrTable => {
                            operands.take(I32)?;
                            let count = reader.unsigned()?;
                            let taken = list(label(frames, reader.index()?)?);
                            operands.expect_all(taken)?;
                            for _ in 0..count {
                                (list(label(frames, reader.index()?)?) == taken).then_some(())?;
                            }
                        }
                        // `unreachable` takes nothing.
                        _ => {}
                    }
                    operands.top = frames.last()?.base;
                    dead = matches!(reader.peek()?, END | ELSE);
                    dead.then_some(())?;
                }
                Step::BrIf => {
                    operands.take(I32)?;
                    operands.expect_all(list(label(frames, reader.index()?)?))?;
                }
                step @ (Step::Call | Step::CallIndirect) => {
                    let index = reader.index()?;
                    let typeidx = if matches!(step, Step::Call) {
                        module.funcs.get(index)?.index()
                    } else {
                        let table = module.tables.get(reader.index()?)?;
                        (table.element == RefType::FUNCREF).then_some(())?;
                        operands.take(of_val_type(table.address.val_type()))?;
                        index
                    };
                    let Signature { params, results } = (*signatures.get(typeidx)?)?;
                    operands.expect_all(list(params))?;
                    operands.top -= params.len as usize;
                    (operands.top + results.len as usize <= MOST_OPERANDS).then_some(())?;
                    list(results).iter().for_each(|&ty| operands.push(ty));
                }
                Step::Drop => {
                    (operands.last() != FENCE).then_some(())?;
                    operands.top -= 1;
                }
                Step::Select => {
                    operands.take(I32)?;
                    let ty = operands.last();
                    matches!(ty, I32 | I64 | F32 | F64).then_some(())?;
                    operands.take(ty)?;
                    operands.expect(ty)?;
                }
                Step::MemorySize => {
                    reader.zero()?;
                    operands.grow(address?)?;
                }
                Step::MemoryGrow => {
                    reader.zero()?;
                    operands.expect(address?)?;
                }
                Step::Nop => {}
                Step::Number => match Instruction::of_number(byte, reader.unsigned()?)? {
                    Instruction::Unary(op) | Instruction::Binary(op) => operands.numeric(OPERATORS[op as usize])?,
                    instruction @ (Instruction::Vector(_)
                    | Instruction::V128Const
                    | Instruction::LoadLane(_)
                    | Instruction::StoreLane(_)
                    | Instruction::Relaxed(_)) => {
                        vectors::accept(instruction, address, &mut reader, &mut operands)?;
                    }
                    Instruction::I64Add128 | Instruction::I64Sub128 => {
                        (0..4).try_for_each(|_| operands.take(I64))?;
                        (0..2).for_each(|_| operands.push(I64));
                    }
                    Instruction::I64MulWideS | Instruction::I64MulWideU => {
                        operands.expect_all(&[I64, I64])?;
                    }
                    instruction @ (Instruction::MemoryCopy | Instruction::MemoryFill) => {
                        for _ in instruction.info().immediates {
                            reader.zero()?;
                        }
                        let address = address?;
                        operands.take(address)?;
                        operands.take(if matches!(instruction, Instruction::MemoryFill) { I32 } else { address })?;
                        operands.take(address)?;
                    }
                    _ => return None,
                },
                Step::Refuse => return None,
            }
        }
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

    /// One operand more, or a fence.
    #[inline(always)]
    fn grow(&mut self, ty: Type) -> Option<()> {
        (self.top < MOST_OPERANDS).then_some(())?;
        self.types[self.top] = ty;
        self.top += 1;
        Some(())
    }

    /// An operand, in the place of one that was taken.
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
    fn numeric(&mut self, Operator { operand, result, more, .. }: Operator) -> Option<()> {
        // The one below the top matters only if it is an operand.
        let second = self.below(1 + usize::from(more));
        (self.last() == operand && second == operand).then_some(())?;
        self.top -= usize::from(more);
        self.types[self.top.wrapping_sub(1) % ROOM] = result;
        Some(())
    }
}
