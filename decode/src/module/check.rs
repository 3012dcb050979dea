//! A quick check of function bodies, which accepts most; whatever it does not accept wasmparser validates.
//!
//! This is the algorithm of the appendix (spec A.3) for what compilers write: numbers, locals and globals, memory 0,
//! calls, structs and arrays, and blocks with no more than a result. It says "valid" or "cannot say" (a `None`), nothing else. What
//! is wrong, what is rare, and what stands behind a branch where nothing can reach it are left to wasmparser: every
//! error is wasmparser's, and the operand stack is never polymorphic here. In debug builds wasmparser validates what
//! was accepted as well, and tests compare the two on broken bodies.
//!
//! Three things make it quick. Types are the bytes that the binary has for them. A block begins with a byte on the operand
//! stack that is no type, so that taking an operand compares its type and nothing else. And what a numeric instruction takes
//! and gives stands in a table, which needs no branch to tell one operand from two.
//!
//! Where a module declares types that others are below, types are numbers of 32 bits instead ([`types`]), and one that is not what is asked for may
//! still be below that. [`references`] has the instructions that only such modules have.

mod operands;
mod references;
mod tables;
mod types;
mod vectors;

use super::Module;
use super::read::Reader;
use crate::instruction::Instruction;
use crate::layout::{HEADER_WORDS, MAX_FRAME_WORDS};
use crate::{FuncIdx, HeapType, ValType};
use operands::Operands;
use references::{At, Inits};
use tables::{BY_BYTE, NOTHING, OPERATORS, Operator, STEPS, Step};
use types::{Any, OperandType};

// Types by their bytes in the binary (spec 5.3).
const I32: u8 = 0x7f;
const I64: u8 = 0x7e;
const F32: u8 = 0x7d;
const F64: u8 = 0x7c;
const V128: u8 = 0x7b;
const FUNCREF: u8 = 0x70;
const EXTERNREF: u8 = 0x6f;

const TYPES: [u8; 7] = [I32, I64, F32, F64, V128, FUNCREF, EXTERNREF];

/// Whether what an opcode begins with may follow a branch: it ends a part of a block.
#[inline(always)]
fn ends_part<T: OperandType>(byte: u8) -> bool {
    const END: u8 = Instruction::End.byte();
    const ELSE: u8 = Instruction::Else.byte();
    const CATCH: u8 = Instruction::Catch.byte();
    const CATCH_ALL: u8 = Instruction::CatchAll.byte();
    const DELEGATE: u8 = Instruction::Delegate.byte();
    matches!(byte, END | ELSE) || T::ORDERED && matches!(byte, CATCH | CATCH_ALL | DELEGATE)
}

/// No type: where a block's operands begin.
const FENCE: u8 = 0;

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
/// Most blocks that are open where an older exception instruction catches, each of which may have caught an exception, which takes a word.
const MOST_CATCHES: usize = 1_000;

// With so little, and the 1,000 parameters and results that wasmparser allows, of two words each, a frame is always
// addressable.
const _: () =
    assert!(2 * (2 * 1_000 + MOST_LOCALS + MOST_OPERANDS) + MOST_CATCHES + 2 * HEADER_WORDS <= MAX_FRAME_WORDS);

/// A list of types: where it lies in [`Lists`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct List {
    start: u32,
    len: u32,
}

impl List {
    const EMPTY: Self = Self { start: 0, len: 0 };

    /// The list of one type, whose byte this is: [`Lists`] begin with these.
    fn of(byte: u8) -> Option<Self> {
        let start = TYPES.iter().position(|&known| known == byte)?;
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

/// Checks bodies of one module.
#[derive(Debug)]
pub(super) struct Checker(Kind);

#[derive(Debug)]
enum Kind {
    /// No type is below another.
    Plain(Bodies<u8>),
    /// Types may be.
    Ordered(Bodies<Any>),
}

impl Checker {
    /// For `module`, whose sections before the code are read. In no function more than `nesting` blocks may be open.
    pub(super) fn new(module: &Module, nesting: u32) -> Self {
        Self(if module.rec_groups.is_empty() {
            Kind::Plain(Bodies::new(module, nesting))
        } else {
            Kind::Ordered(Bodies::new(module, nesting))
        })
    }

    /// Whether `body`, its locals and its code, is certainly a valid one for function `funcidx` of `module`.
    pub(super) fn accepts(&mut self, module: &Module, funcidx: FuncIdx, body: &[u8]) -> bool {
        match &mut self.0 {
            Kind::Plain(bodies) => bodies.accepts(module, funcidx, body),
            Kind::Ordered(bodies) => bodies.accepts(module, funcidx, body),
        }
    }
}

/// What is known of a module, and where its bodies are checked.
#[derive(Debug)]
struct Bodies<T> {
    /// Lists of types: the module's, and those of the body at hand.
    types: Vec<T>,
    of_body: Vec<T>,
    /// By typeidx.
    /// None of those that are no functions, or that name types which this pass does not know.
    signatures: Vec<Option<Signature>>,
    /// Type of every global, and whether it is mutable.
    globals: Vec<(T, bool)>,
    /// Which functions bodies may refer to.
    declared: Vec<bool>,
    /// Type of memory 0's addresses, if there is one.
    address: Option<T>,
    /// Types of the locals of the function at hand.
    locals: Vec<T>,
    inits: Inits,
    /// Most open blocks, the function among them.
    most_frames: usize,
    frames: Vec<Frame>,
    operands: Box<[T; ROOM]>,
}

impl<T: OperandType> Bodies<T> {
    fn new(module: &Module, nesting: u32) -> Self {
        let mut types = TYPES.map(T::of_byte).to_vec();
        let nothing = T::of_byte(NOTHING);
        let mut list = |of: &[ValType]| {
            let start = types.len() as u32;
            types.extend(of.iter().copied().map(T::of));
            List { start, len: of.len() as u32 }
        };
        let signature = |ty: &crate::SubType| {
            let ty = ty.as_func()?;
            let is_known = |ty: &ValType| T::of(*ty) != nothing;
            (ty.params().iter().all(is_known) && ty.results().iter().all(is_known))
                .then(|| Signature { params: list(ty.params()), results: list(ty.results()) })
        };
        let signatures = module.types.iter().map(signature).collect();
        let globals = module.globals.iter().map(|global| (T::of(global.content), global.mutable));
        Self {
            globals: globals.collect(),
            address: module.memories.first().map(|memory| T::of(memory.address.val_type())),
            declared: if T::ORDERED { references::declared(module) } else { Vec::new() },
            types,
            of_body: Vec::new(),
            signatures,
            locals: Vec::new(),
            inits: Inits::default(),
            most_frames: (nesting as usize).saturating_add(1),
            frames: Vec::new(),
            operands: Box::new([T::of_byte(FENCE); ROOM]),
        }
    }

    /// Whether `body`, its locals and its code, is certainly a valid one for function `funcidx` of `module`.
    fn accepts(&mut self, module: &Module, funcidx: FuncIdx, body: &[u8]) -> bool {
        let Some(signature) = self.signatures[module.typeidx(funcidx).index()] else { return false };
        let mut reader = Reader::new(body);
        self.of_body.clear();
        let declared = self.declare(module, signature.params, &mut reader);
        declared.is_some() && self.operators(module, signature.results, reader).is_some()
    }

    /// Takes the parameters, and the locals that the body declares.
    fn declare(&mut self, module: &Module, params: List, reader: &mut Reader<'_>) -> Option<()> {
        self.locals.clear();
        self.locals.extend_from_slice(slice(&self.types, params));
        for _ in 0..reader.unsigned()? {
            let count = reader.unsigned()?;
            let first = reader.byte()?;
            let ty = T::read(first, reader, module)?;
            let locals = self.locals.len().checked_add(count as usize)?;
            (locals <= MOST_LOCALS).then_some(())?;
            self.locals.resize(locals, ty);
        }
        if T::ORDERED {
            self.inits.begin(params.len as usize, self.locals.iter().map(|ty| ty.is_defaultable()));
        }
        Some(())
    }

    /// Checks the code. Operators that add an operand check that there is room; all others take as many as they give.
    fn operators(&mut self, module: &Module, results: List, mut reader: Reader<'_>) -> Option<()> {
        let Self { types, of_body, signatures, globals, declared, address, .. } = self;
        let Self { locals, inits, most_frames, frames, operands, .. } = self;
        let mut lists = Lists { of_module: &types[..], of_body };
        let (signatures, globals, locals, declared) = (&signatures[..], &globals[..], &locals[..], &declared[..]);
        let address = *address;
        let [i32, i64, f32, f64] = [I32, I64, F32, F64].map(T::of_byte);
        let fence = T::of_byte(FENCE);
        let mut operands = Operands { types: operands, top: BASE, module };
        frames.clear();
        frames.push(Frame { step: Step::Block, base: BASE, results });
        // Whether the code here cannot be reached: then the next operator ends a part of a block.
        let mut dead = false;
        macro_rules! at {
            () => {
                At {
                    module,
                    reader: &mut reader,
                    operands: &mut operands,
                    frames,
                    lists: &mut lists,
                    signatures,
                    declared,
                    inits,
                    results,
                    dead,
                    most_frames: *most_frames,
                }
            };
        }
        loop {
            let byte = reader.byte()?;
            match STEPS[usize::from(byte)] {
                Step::LocalGet => {
                    let index = reader.index()?;
                    let ty = *locals.get(index)?;
                    if T::ORDERED {
                        inits.is_set(index).then_some(())?;
                    }
                    operands.grow(ty)?;
                }
                Step::LocalSet => {
                    let index = reader.index()?;
                    operands.take(*locals.get(index)?)?;
                    if T::ORDERED {
                        inits.set(index);
                    }
                }
                Step::LocalTee => {
                    let index = reader.index()?;
                    let ty = *locals.get(index)?;
                    operands.expect(ty)?;
                    if T::ORDERED {
                        operands.top -= 1;
                        operands.push(ty);
                        inits.set(index);
                    }
                }
                Step::GlobalGet => {
                    let ty = globals.get(reader.index()?)?.0;
                    (ty != T::of_byte(NOTHING)).then_some(())?;
                    operands.grow(ty)?;
                }
                Step::GlobalSet => {
                    let (ty, mutable) = *globals.get(reader.index()?)?;
                    operands.take(ty)?;
                    mutable.then_some(())?;
                }
                Step::I32Const => {
                    reader.signed::<32>()?;
                    operands.grow(i32)?;
                }
                Step::I64Const => {
                    reader.signed::<64>()?;
                    operands.grow(i64)?;
                }
                Step::F32Const => {
                    reader.skip(4)?;
                    operands.grow(f32)?;
                }
                Step::F64Const => {
                    reader.skip(8)?;
                    operands.grow(f64)?;
                }
                Step::Numeric => {
                    let operator = BY_BYTE[usize::from(byte)];
                    if T::ORDERED && operator.operand == NOTHING {
                        references::operator(Instruction::of_byte(byte)?, &mut operands)?;
                    } else {
                        operands.numeric(operator)?;
                    }
                }
                Step::Load => {
                    let Operator { result, align, .. } = BY_BYTE[usize::from(byte)];
                    reader.memarg(align)?;
                    operands.take(address?)?;
                    operands.push(T::of_byte(result));
                }
                Step::Store => {
                    let Operator { operand, align, .. } = BY_BYTE[usize::from(byte)];
                    reader.memarg(align)?;
                    operands.take(T::of_byte(operand))?;
                    operands.take(address?)?;
                }
                step @ (Step::Block | Step::Loop | Step::If) => {
                    let results = match reader.byte()? {
                        NO_RESULT => List::EMPTY,
                        first => match List::of(first) {
                            Some(list) => list,
                            None if T::ORDERED => lists.one(T::read(first, &mut reader, module)?)?,
                            None => return None,
                        },
                    };
                    if matches!(step, Step::If) {
                        operands.take(i32)?;
                    }
                    operands.grow(fence)?;
                    frames.push(Frame { step, base: operands.top, results });
                    (frames.len() <= *most_frames).then_some(())?;
                    if T::ORDERED {
                        inits.enter();
                    }
                }
                step @ (Step::End | Step::Else) => {
                    let frame = frames.last_mut()?;
                    let results = lists.get(frame.results);
                    if !dead {
                        operands.expect_all(results)?;
                        (operands.top == frame.base + results.len()).then_some(())?;
                    }
                    dead = false;
                    operands.top = frame.base;
                    if T::ORDERED {
                        inits.leave(matches!(step, Step::Else));
                    }
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
                        Step::Br => operands.expect_all(lists.get(label(frames, reader.index()?)?))?,
                        Step::Return => operands.expect_all(lists.get(results))?,
                        Step::BrTable => {
                            operands.take(i32)?;
                            let count = reader.unsigned()?;
                            let taken = lists.get(label(frames, reader.index()?)?);
                            operands.expect_all(taken)?;
                            for _ in 0..count {
                                (lists.get(label(frames, reader.index()?)?) == taken).then_some(())?;
                            }
                        }
                        // `unreachable` takes nothing.
                        _ => {}
                    }
                    operands.top = frames.last()?.base;
                    dead = ends_part::<T>(reader.peek()?);
                    dead.then_some(())?;
                }
                Step::BrIf => {
                    operands.take(i32)?;
                    operands.expect_as(lists.get(label(frames, reader.index()?)?))?;
                }
                step @ (Step::Call | Step::CallIndirect) => {
                    let index = reader.index()?;
                    let typeidx = if matches!(step, Step::Call) {
                        module.funcs.get(index)?.index()
                    } else {
                        let table = module.tables.get(reader.index()?)?;
                        (table.element.heap_type().top() == HeapType::Func).then_some(())?;
                        operands.take(T::of(table.address.val_type()))?;
                        index
                    };
                    let Signature { params, results } = (*signatures.get(typeidx)?)?;
                    operands.call(lists.get(params), lists.get(results))?;
                }
                Step::Drop => {
                    (operands.last() != fence).then_some(())?;
                    operands.top -= 1;
                }
                Step::Select => {
                    operands.take(i32)?;
                    let ty = operands.last();
                    [i32, i64, f32, f64].contains(&ty).then_some(())?;
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
                    instruction @ (Instruction::Unary(op) | Instruction::Binary(op)) => {
                        let operator = OPERATORS[op as usize];
                        if T::ORDERED && operator.operand == NOTHING {
                            references::operator(instruction, &mut operands)?;
                        } else {
                            operands.numeric(operator)?;
                        }
                    }
                    instruction @ (Instruction::Vector(_)
                    | Instruction::V128Const
                    | Instruction::LoadLane(_)
                    | Instruction::StoreLane(_)
                    | Instruction::Relaxed(_)) => {
                        vectors::accept(instruction, address, &mut reader, &mut operands)?;
                    }
                    Instruction::I64Add128 | Instruction::I64Sub128 => {
                        (0..4).try_for_each(|_| operands.take(i64))?;
                        (0..2).for_each(|_| operands.push(i64));
                    }
                    Instruction::I64MulWideS | Instruction::I64MulWideU => {
                        operands.expect_all(&[i64, i64])?;
                    }
                    instruction @ (Instruction::MemoryCopy | Instruction::MemoryFill) => {
                        for _ in instruction.info().immediates {
                            reader.zero()?;
                        }
                        let address = address?;
                        operands.take(address)?;
                        operands.take(if matches!(instruction, Instruction::MemoryFill) { i32 } else { address })?;
                        operands.take(address)?;
                    }
                    instruction if T::ORDERED => {
                        dead = references::accept(instruction, &mut at!())?;
                    }
                    _ => return None,
                },
                Step::Refuse if T::ORDERED => {
                    dead = references::accept(Instruction::of_byte(byte)?, &mut at!())?;
                }
                Step::Try | Step::Catch | Step::CatchAll | Step::Refuse => return None,
            }
        }
    }
}

/// Lists of types: those of a module, and behind them those of the body at hand.
struct Lists<'a, T> {
    of_module: &'a [T],
    of_body: &'a mut Vec<T>,
}

impl<T: OperandType> Lists<'_, T> {
    #[inline(always)]
    fn get(&self, list: List) -> &[T] {
        let (start, len) = (list.start as usize, list.len as usize);
        if T::ORDERED && start >= self.of_module.len() {
            return &self.of_body[start - self.of_module.len()..][..len];
        }
        slice(self.of_module, list)
    }

    /// The list of one type. Blocks of very many types are rare.
    fn one(&mut self, ty: T) -> Option<List> {
        // All are looked through for each block.
        const MOST: usize = 100;
        let at = match self.of_body.iter().position(|known| *known == ty) {
            Some(at) => at,
            None => {
                (self.of_body.len() < MOST).then(|| self.of_body.push(ty))?;
                self.of_body.len() - 1
            }
        };
        Some(List { start: (self.of_module.len() + at) as u32, len: 1 })
    }
}

fn slice<T>(types: &[T], list: List) -> &[T] {
    &types[list.start as usize..][..list.len as usize]
}

/// What a branch with label index `label` takes.
fn label(frames: &[Frame], label: usize) -> Option<List> {
    let frame = frames.len().checked_sub(label.checked_add(1)?)?;
    Some(frames[frame].label())
}
