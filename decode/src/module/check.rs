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

mod vectors;

use super::Module;
use super::read::Reader;
use crate::instruction::{self, Instruction};
use crate::layout::{HEADER_WORDS, MAX_FRAME_WORDS};
use crate::ops::Op;
use crate::{FuncIdx, RefType, ValType};

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
const _: () = assert!(MOST_OPERANDS + 1 < ROOM && ROOM.is_power_of_two());
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
    instruction: Instruction,
    /// Where its operands begin, behind the fence.
    base: usize,
    results: List,
}

impl Frame {
    /// What a branch to it takes.
    fn label(&self) -> List {
        if matches!(self.instruction, Instruction::Loop) { List::EMPTY } else { self.results }
    }
}

/// What an operator takes and gives.
#[derive(Debug, Clone, Copy)]
struct Operator {
    /// Type of its operands, but for the address of an access.
    operand: Type,
    result: Type,
    /// How many operands it takes beyond the first.
    more: u8,
    /// Exponent of the natural alignment of an access.
    align: u8,
}

/// No operand has this type: nothing of it is ever pushed.
const NOTHING: Type = 0xff;

/// By number of the operator. One that takes or gives what this pass knows no type for, or operands of several types,
/// takes nothing that there is: `ref.is_null`, whose operand may be any reference.
static OPERATORS: [Operator; Op::ALL.len()] = {
    let mut table = [Operator { operand: NOTHING, result: NOTHING, more: 0, align: 0 }; Op::ALL.len()];
    let mut i = 0;
    while i < Instruction::ALL.len() {
        let info = Instruction::ALL[i].info();
        if let Instruction::Unary(op) | Instruction::Binary(op) = Instruction::ALL[i] {
            let row = &mut table[op as usize];
            (row.operand, row.result) = (of_type(info.operands[0]), of_type(info.results[0]));
            row.more = info.operands.len() as u8 - 1;
            if row.result == NOTHING || row.more > 0 && of_type(info.operands[1]) != row.operand {
                row.operand = NOTHING;
            }
        }
        if let Instruction::Load(op) | Instruction::Store(op) = Instruction::ALL[i] {
            let row = &mut table[op as usize];
            row.align = op.info().access.trailing_zeros() as u8;
            match (info.operands, info.results) {
                (&[instruction::Type::I32], &[result]) => row.result = of_type(result),
                (&[instruction::Type::I32, value], &[]) => row.operand = of_type(value),
                _ => panic!("a load takes an address, a store a value as well"),
            }
            assert!(row.operand != row.result, "of a type that this pass does not know");
        }
        i += 1;
    }
    table
};

/// The same by opcode, where that is one byte. (Looking up what [`Instruction`] holds takes a load more for each of them.)
static BY_BYTE: [Operator; 256] = {
    let mut table = [Operator { operand: NOTHING, result: NOTHING, more: 0, align: 0 }; 256];
    let mut i = 0;
    while i < Instruction::ALL.len() {
        if let Instruction::Unary(op) | Instruction::Binary(op) | Instruction::Load(op) | Instruction::Store(op) =
            Instruction::ALL[i]
            && Instruction::ALL[i].info().opcode.prefix.is_none()
        {
            table[Instruction::ALL[i].byte() as usize] = OPERATORS[op as usize];
        }
        i += 1;
    }
    table
};

/// The type that rows of the table name so, if there is one that this pass knows.
const fn of_type(ty: instruction::Type) -> Type {
    use instruction::Type::*;
    match ty {
        I32 => self::I32,
        I64 => self::I64,
        F32 => self::F32,
        F64 => self::F64,
        V128 => self::V128,
        Func => FUNCREF,
        Ref | Exn | Any | Named | Local | Global | Element | Label | Params | Results | Returns => NOTHING,
    }
}

/// Defines a pattern of all instructions that have cells of their own. What is new among them is rare here.
macro_rules! define_pattern {
    (
        special $special:tt
        cells {
            $($name:ident $code:tt $text:literal $operands:tt => $results:tt $immediates:tt $effects:tt $cost:literal
                $flow:ident $fields:tt;)*
        }
        atomics $atomics:tt
    ) => {
        macro_rules! any_with_cell { () => { $(Instruction::$name)|* | Instruction::Atomic(_) }; }
    };
}
crate::for_each_special!(define_pattern);

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

    /// Checks the code. Every operator adds no more than one operand, but calls, which check how many they add.
    fn operators(&mut self, module: &Module, results: List, mut reader: Reader<'_>) -> Option<()> {
        let Self { types, signatures, globals, address, locals, most_frames, frames, operands } = self;
        let (types, signatures, globals, locals) = (&types[..], &signatures[..], &globals[..], &locals[..]);
        let address = *address;
        let list = |list| slice(types, list);
        let mut operands = Operands { types: operands, top: BASE };
        frames.clear();
        frames.push(Frame { instruction: Instruction::Block, base: BASE, results });
        // Whether the code here cannot be reached: then the next operator is `end` or `else`.
        let mut dead = false;
        while operands.top <= MOST_OPERANDS {
            let byte = reader.byte()?;
            match Instruction::of_byte(byte) {
                Some(Instruction::LocalGet) => operands.push(*locals.get(reader.index()?)?),
                Some(Instruction::LocalSet) => operands.take(*locals.get(reader.index()?)?)?,
                Some(Instruction::LocalTee) => operands.expect(*locals.get(reader.index()?)?)?,
                Some(Instruction::GlobalGet) => {
                    let ty = globals.get(reader.index()?)?.0;
                    (ty != NOTHING).then_some(())?;
                    operands.push(ty);
                }
                Some(Instruction::GlobalSet) => {
                    let (ty, mutable) = *globals.get(reader.index()?)?;
                    operands.take(ty)?;
                    mutable.then_some(())?;
                }
                Some(Instruction::I32Const) => {
                    reader.signed::<32>()?;
                    operands.push(I32);
                }
                Some(Instruction::I64Const) => {
                    reader.signed::<64>()?;
                    operands.push(I64);
                }
                Some(Instruction::F32Const) => {
                    reader.skip(4)?;
                    operands.push(F32);
                }
                Some(Instruction::F64Const) => {
                    reader.skip(8)?;
                    operands.push(F64);
                }
                Some(Instruction::Unary(_) | Instruction::Binary(_)) => operands.numeric(BY_BYTE[usize::from(byte)])?,
                Some(Instruction::Load(_)) => {
                    let Operator { result, align, .. } = BY_BYTE[usize::from(byte)];
                    reader.memarg(align)?;
                    operands.take(address?)?;
                    operands.push(result);
                }
                Some(Instruction::Store(_)) => {
                    let Operator { operand, align, .. } = BY_BYTE[usize::from(byte)];
                    reader.memarg(align)?;
                    operands.take(operand)?;
                    operands.take(address?)?;
                }
                Some(instruction @ (Instruction::Block | Instruction::Loop | Instruction::If)) => {
                    let results = match reader.byte()? {
                        NO_RESULT => List::EMPTY,
                        ty => List::of(ty)?,
                    };
                    if matches!(instruction, Instruction::If) {
                        operands.take(I32)?;
                    }
                    operands.push(FENCE);
                    frames.push(Frame { instruction, base: operands.top, results });
                    (frames.len() <= *most_frames).then_some(())?;
                }
                Some(instruction @ (Instruction::End | Instruction::Else)) => {
                    let frame = frames.last_mut()?;
                    let results = list(frame.results);
                    if !dead {
                        operands.expect_all(results)?;
                        (operands.top == frame.base + results.len()).then_some(())?;
                    }
                    dead = false;
                    operands.top = frame.base;
                    if matches!(instruction, Instruction::Else) {
                        matches!(frame.instruction, Instruction::If).then_some(())?;
                        frame.instruction = Instruction::Else;
                        continue;
                    }
                    // Without `else`, the results would be the parameters, of which there are none.
                    (!matches!(frame.instruction, Instruction::If) || results.is_empty()).then_some(())?;
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
                Some(
                    instruction @ (Instruction::Br
                    | Instruction::Return
                    | Instruction::Unreachable
                    | Instruction::BrTable),
                ) => {
                    match instruction {
                        Instruction::Br => operands.expect_all(list(label(frames, reader.index()?)?))?,
                        Instruction::Return => operands.expect_all(list(results))?,
                        Instruction::BrTable => {
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
                Some(Instruction::BrIf) => {
                    operands.take(I32)?;
                    operands.expect_all(list(label(frames, reader.index()?)?))?;
                }
                Some(instruction @ (Instruction::Call | Instruction::CallIndirect)) => {
                    let index = reader.index()?;
                    let typeidx = if matches!(instruction, Instruction::Call) {
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
                Some(Instruction::Drop) => {
                    (operands.last() != FENCE).then_some(())?;
                    operands.top -= 1;
                }
                Some(Instruction::Select) => {
                    operands.take(I32)?;
                    let ty = operands.last();
                    matches!(ty, I32 | I64 | F32 | F64).then_some(())?;
                    operands.take(ty)?;
                    operands.expect(ty)?;
                }
                Some(Instruction::MemorySize) => {
                    reader.zero()?;
                    operands.push(address?);
                }
                Some(Instruction::MemoryGrow) => {
                    reader.zero()?;
                    operands.expect(address?)?;
                }
                Some(Instruction::Nop) => {}
                None => match Instruction::of_number(byte, reader.unsigned()?)? {
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
                // Rare, too. (With a `_` here every operator would cost a comparison more.)
                Some(
                    Instruction::ReturnCall
                    | Instruction::ReturnCallIndirect
                    | Instruction::CallRef
                    | Instruction::ReturnCallRef
                    | Instruction::BrOnNull
                    | Instruction::BrOnNonNull
                    | Instruction::Try
                    | Instruction::Catch
                    | Instruction::Throw
                    | Instruction::Rethrow
                    | Instruction::ThrowRef
                    | Instruction::Delegate
                    | Instruction::CatchAll
                    | Instruction::TryTable
                    | Instruction::TypedSelect
                    | Instruction::RefEq
                    | Instruction::StructNew
                    | Instruction::StructNewDefault
                    | Instruction::StructGet
                    | Instruction::StructGetS
                    | Instruction::StructGetU
                    | Instruction::StructSet
                    | Instruction::ArrayNew
                    | Instruction::ArrayNewDefault
                    | Instruction::ArrayNewFixed
                    | Instruction::ArrayNewData
                    | Instruction::ArrayNewElem
                    | Instruction::ArrayGet
                    | Instruction::ArrayGetS
                    | Instruction::ArrayGetU
                    | Instruction::ArraySet
                    | Instruction::ArrayLen
                    | Instruction::ArrayFill
                    | Instruction::ArrayCopy
                    | Instruction::ArrayInitData
                    | Instruction::ArrayInitElem
                    | Instruction::RefTestNonNull
                    | Instruction::RefTestNullable
                    | Instruction::RefCastNonNull
                    | Instruction::RefCastNullable
                    | Instruction::BrOnCast
                    | Instruction::BrOnCastFail
                    | Instruction::AnyConvertExtern
                    | Instruction::ExternConvertAny
                    | Instruction::RefI31
                    | Instruction::RefNull
                    | Instruction::RefFunc
                    | Instruction::MemoryCopy
                    | Instruction::MemoryFill
                    | Instruction::I64Add128
                    | Instruction::I64Sub128
                    | Instruction::I64MulWideS
                    | Instruction::I64MulWideU
                    | Instruction::V128Const
                    | Instruction::Vector(_)
                    | Instruction::LoadLane(_)
                    | Instruction::StoreLane(_)
                    | Instruction::Relaxed(_),
                ) => return None,
                #[allow(unreachable_patterns, reason = "some have arms above")]
                Some(any_with_cell!()) => return None,
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
    fn numeric(&mut self, Operator { operand, result, more, .. }: Operator) -> Option<()> {
        // The one below the top matters only if it is an operand.
        let second = self.below(1 + usize::from(more));
        (self.last() == operand && second == operand).then_some(())?;
        self.top -= usize::from(more);
        self.types[self.top.wrapping_sub(1) % ROOM] = result;
        Some(())
    }
}
