//! The quick check's part about references, structs, arrays and exceptions, of modules whose types may be below others.
//!
//! A branch that may not be taken leaves operands of the label's types, and a local that has no default must be set in the block where it is read, or
//! around that: as the specification has it (spec 3.4), also where more is known.

use super::super::Module;
use super::super::read::Reader;
use super::types::{OperandType, named, read_heap_type};
use super::{FENCE, Frame, I32, List, MOST_CATCHES, MOST_OPERANDS, NO_RESULT, Operands, Signature, Step};
use super::{Lists, ends_part, label};
use crate::instruction::Instruction;
use crate::module::{ConstExpr, ConstOp, ElementItems, ExternIndex};
use crate::ops::Op;
use crate::{FieldType, FuncIdx, HeapType, RefType, StorageType, StructType, TypeIdx, ValType};

/// Which locals may be read.
#[derive(Debug, Default)]
pub(super) struct Inits {
    /// Those that have a default, and those that were set.
    set: Vec<bool>,
    /// Those that were set and have none.
    log: Vec<usize>,
    /// How many those were when each block began.
    marks: Vec<usize>,
}

impl Inits {
    /// A function of so many parameters begins; of its locals those may be read that have a default.
    pub(super) fn begin(&mut self, params: usize, has_default: impl Iterator<Item = bool>) {
        self.set.clear();
        self.set.extend(has_default.enumerate().map(|(index, has_default)| index < params || has_default));
        self.log.clear();
        self.marks.clear();
    }

    pub(super) fn is_set(&self, local: usize) -> bool {
        self.set[local]
    }

    pub(super) fn set(&mut self, local: usize) {
        if !self.set[local] {
            self.set[local] = true;
            self.log.push(local);
        }
    }

    /// A block begins.
    pub(super) fn enter(&mut self) {
        self.marks.push(self.log.len());
    }

    /// A block ends, or its other half begins.
    pub(super) fn leave(&mut self, stays: bool) {
        // The function has no mark.
        let Some(&mark) = self.marks.last() else { return };
        self.log.drain(mark..).for_each(|local| self.set[local] = false);
        if !stays {
            self.marks.pop();
        }
    }
}

/// Which functions `ref.func` may name in bodies: those that are named elsewhere (spec 3.5.16).
pub(super) fn declared(module: &Module) -> Vec<bool> {
    let mut declared = vec![false; module.funcs.len()];
    let mut name = |funcidx: FuncIdx| declared[funcidx.index()] = true;
    for element in &module.elements {
        if let ElementItems::Funcs(funcs) = &element.items {
            funcs.iter().copied().for_each(&mut name);
        }
    }
    for export in &module.exports {
        if let ExternIndex::Func(funcidx) = export.index {
            name(funcidx);
        }
    }
    let mut constant = |expr: &ConstExpr| {
        for op in expr {
            if let ConstOp::RefFunc(funcidx) = *op {
                name(funcidx);
            }
        }
    };
    module.global_inits.iter().for_each(&mut constant);
    module.table_inits.iter().for_each(|(_, expr)| constant(expr));
    for element in &module.elements {
        if let ElementItems::Exprs(exprs) = &element.items {
            exprs.iter().for_each(&mut constant);
        }
    }
    declared
}

/// Where an instruction stands.
pub(super) struct At<'a, 'b, 'c, T> {
    pub(super) module: &'a Module,
    pub(super) reader: &'a mut Reader<'b>,
    pub(super) operands: &'a mut Operands<'c, T>,
    pub(super) frames: &'a mut Vec<Frame>,
    pub(super) lists: &'a mut Lists<'c, T>,
    pub(super) signatures: &'a [Option<Signature>],
    pub(super) declared: &'a [bool],
    pub(super) inits: &'a mut Inits,
    /// Of the function.
    pub(super) results: List,
    /// Whether what is in front of it never ends.
    pub(super) dead: bool,
    pub(super) most_frames: usize,
}

fn i32<T: OperandType>() -> T {
    T::of_byte(I32)
}

fn reference<T: OperandType>(nullable: bool, heap: HeapType) -> T {
    T::of(ValType::Ref(RefType::new(nullable, heap)))
}

fn value<T: OperandType>(field: FieldType) -> T {
    T::of(field.element_type.unpack())
}

const fn is_packed(field: FieldType) -> bool {
    matches!(field.element_type, StorageType::I8 | StorageType::I16)
}

/// Checks an operator whose operand may be a reference of many types.
pub(super) fn operator<T: OperandType>(instruction: Instruction, operands: &mut Operands<'_, T>) -> Option<()> {
    let result = match instruction {
        Instruction::Unary(Op::RefIsNull) => {
            operands.last().as_ref()?;
            i32()
        }
        Instruction::Unary(Op::RefAsNonNull) => reference(false, operands.last().as_ref()?.heap_type()),
        Instruction::Unary(Op::I31GetS | Op::I31GetU) => {
            operands.expect(reference(true, HeapType::I31))?;
            i32()
        }
        // Whatever else takes something that this pass has no byte for.
        _ => return None,
    };
    operands.top -= 1;
    operands.push(result);
    Some(())
}

impl<'a, T: OperandType> At<'a, '_, '_, T> {
    /// A struct type, and its name.
    fn struct_type(&mut self) -> Option<(HeapType, &'a StructType)> {
        let index = self.reader.unsigned()?;
        Some((named(index, self.module)?, self.module.types.get(index as usize)?.as_struct()?))
    }

    /// A field of a struct type, and the type's name.
    fn field(&mut self) -> Option<(HeapType, FieldType)> {
        let (heap, ty) = self.struct_type()?;
        let index = self.reader.index()?;
        Some((heap, *ty.fields().get(index)?))
    }

    /// What the elements of an array type are, and the type's name.
    fn element(&mut self) -> Option<(HeapType, FieldType)> {
        let index = self.reader.unsigned()?;
        Some((named(index, self.module)?, self.module.types.get(index as usize)?.as_array()?.field_type()))
    }

    /// What comes after cannot be reached: the next operator ends a part of a block.
    fn dead(&mut self) -> Option<bool> {
        self.operands.top = self.frames.last()?.base;
        ends_part::<T>(self.reader.peek()?).then_some(true)
    }

    /// Whether what a function gives may be returned.
    fn returns(&self, results: List) -> Option<()> {
        let (gives, wanted) = (self.lists.get(results), self.lists.get(self.results));
        let mut pairs = gives.iter().zip(wanted);
        (gives.len() == wanted.len() && pairs.all(|(&ty, &wanted)| self.operands.is(ty, wanted))).then_some(())
    }

    fn heap_type(&mut self) -> Option<HeapType> {
        read_heap_type(self.reader, self.module)
    }

    /// The types that a label takes.
    fn label(&mut self) -> Option<List> {
        label(self.frames, self.reader.index()?)
    }

    /// Branches with an operand of type `ty` on top of others, which are left; those are of the label's types from here on.
    fn branch_with(&mut self, label: List, ty: T) -> Option<()> {
        let (&last, others) = self.lists.get(label).split_last()?;
        self.operands.is(ty, last).then_some(())?;
        self.operands.expect_as(others)
    }

    /// The results of a block that begins; more than one are rare.
    fn block_type(&mut self) -> Option<List> {
        match self.reader.byte()? {
            NO_RESULT => Some(List::EMPTY),
            first => self.lists.one(T::read(first, self.reader, self.module)?),
        }
    }

    /// A block begins.
    fn enter(&mut self, step: Step, results: List) -> Option<()> {
        self.operands.grow(T::of_byte(FENCE))?;
        self.frames.push(Frame { step, base: self.operands.top, results });
        (self.frames.len() <= self.most_frames).then_some(())?;
        self.inits.enter();
        Some(())
    }

    /// A part of a block ends: its results are there, and nothing else. Gives what began it.
    fn end_part(&mut self) -> Option<Step> {
        let Frame { step, base, results } = *self.frames.last()?;
        let results = self.lists.get(results);
        if !self.dead {
            self.operands.expect_all(results)?;
            (self.operands.top == base + results.len()).then_some(())?;
        }
        self.operands.top = base;
        Some(step)
    }

    /// `catch` and `catch_all`, which give values of these types.
    fn catch(&mut self, params: List, step: Step) -> Option<()> {
        matches!(self.end_part()?, Step::Try | Step::Catch).then_some(())?;
        (self.frames.len() <= MOST_CATCHES).then_some(())?;
        self.inits.leave(true);
        self.frames.last_mut()?.step = step;
        let params = self.lists.get(params);
        (self.operands.top + params.len() <= MOST_OPERANDS).then_some(())?;
        params.iter().for_each(|&ty| self.operands.push(ty));
        Some(())
    }

    /// `delegate`, which ends a block.
    fn delegate(&mut self) -> Option<()> {
        matches!(self.end_part()?, Step::Try).then_some(())?;
        let Frame { results, .. } = self.frames.pop()?;
        self.label()?;
        self.inits.leave(false);
        self.operands.top -= 1;
        // One, or none.
        if let Some(&ty) = self.lists.get(results).first() {
            self.operands.push(ty);
        }
        Some(())
    }

    /// `try_table`.
    fn try_table(&mut self) -> Option<()> {
        let results = self.block_type()?;
        let exception: T = reference(false, HeapType::Exn);
        let count = self.reader.unsigned()?;
        // The validator has a bound for these, too.
        (count as usize <= MOST_CATCHES).then_some(())?;
        for _ in 0..count {
            let kind = self.reader.byte()?;
            let params = match kind {
                0 | 1 => self.tag()?,
                2 | 3 => List::EMPTY,
                _ => return None,
            };
            let taken = self.label()?;
            let (params, taken) = (self.lists.get(params), self.lists.get(taken));
            let thrown = params.iter().copied().chain((kind % 2 == 1).then_some(exception));
            (thrown.clone().count() == taken.len()).then_some(())?;
            thrown.zip(taken).all(|(ty, &wanted)| self.operands.is(ty, wanted)).then_some(())?;
        }
        self.enter(Step::Block, results)
    }

    /// The parameters of a tag that comes next.
    fn tag(&mut self) -> Option<List> {
        let tag = *self.module.tags.get(self.reader.index()?)?;
        Some((*self.signatures.get(tag.index())?)?.params)
    }

    /// The types of elements and of indices of a table that comes next.
    fn table(&mut self) -> Option<[T; 2]> {
        let table = self.module.tables.get(self.reader.index()?)?;
        Some([T::of(ValType::Ref(table.element)), T::of(table.address.val_type())])
    }
}

/// Checks an instruction that few modules have, whose immediates come next. Says whether what comes after cannot be reached.
pub(super) fn accept<T: OperandType>(instruction: Instruction, at: &mut At<'_, '_, '_, T>) -> Option<bool> {
    match instruction {
        Instruction::RefNull => {
            let heap = at.heap_type()?;
            at.operands.grow(reference(true, heap))?;
        }
        Instruction::RefFunc => {
            let index = at.reader.index()?;
            at.declared.get(index)?.then_some(())?;
            let TypeIdx(ty) = at.module.typeidx(FuncIdx(index as u32));
            at.operands.grow(reference(false, named(ty, at.module)?))?;
        }
        Instruction::RefEq => {
            let eq: T = reference(true, HeapType::Eq);
            at.operands.take(eq)?;
            at.operands.take(eq)?;
            at.operands.push(i32());
        }
        Instruction::TypedSelect => {
            (at.reader.unsigned()? == 1).then_some(())?;
            let first = at.reader.byte()?;
            let ty = T::read(first, at.reader, at.module)?;
            at.operands.take(i32())?;
            at.operands.take(ty)?;
            at.operands.take(ty)?;
            at.operands.push(ty);
        }
        Instruction::StructNew | Instruction::StructNewDefault => {
            let (heap, ty) = at.struct_type()?;
            if matches!(instruction, Instruction::StructNew) {
                ty.fields().iter().rev().try_for_each(|&field| at.operands.take(value(field)))?;
            } else {
                ty.values().all(ValType::is_defaultable).then_some(())?;
            }
            at.operands.grow(reference(false, heap))?;
        }
        Instruction::StructGet | Instruction::StructGetS | Instruction::StructGetU => {
            let (heap, field) = at.field()?;
            (is_packed(field) != matches!(instruction, Instruction::StructGet)).then_some(())?;
            at.operands.take(reference(true, heap))?;
            at.operands.push(value(field));
        }
        Instruction::StructSet => {
            let (heap, field) = at.field()?;
            field.mutable.then_some(())?;
            at.operands.take(value(field))?;
            at.operands.take(reference(true, heap))?;
        }
        Instruction::ArrayNew | Instruction::ArrayNewDefault | Instruction::ArrayNewFixed => {
            let (heap, field) = at.element()?;
            let element = value(field);
            match instruction {
                Instruction::ArrayNewFixed => {
                    let count = at.reader.unsigned()?;
                    (0..count).try_for_each(|_| at.operands.take(element))?;
                }
                Instruction::ArrayNew => {
                    at.operands.take(i32())?;
                    at.operands.take(element)?;
                }
                _ => {
                    field.element_type.unpack().is_defaultable().then_some(())?;
                    at.operands.take(i32())?;
                }
            }
            at.operands.grow(reference(false, heap))?;
        }
        Instruction::ArrayGet | Instruction::ArrayGetS | Instruction::ArrayGetU => {
            let (heap, field) = at.element()?;
            (is_packed(field) != matches!(instruction, Instruction::ArrayGet)).then_some(())?;
            at.operands.take(i32())?;
            at.operands.take(reference(true, heap))?;
            at.operands.push(value(field));
        }
        Instruction::ArraySet | Instruction::ArrayFill => {
            let (heap, field) = at.element()?;
            field.mutable.then_some(())?;
            if matches!(instruction, Instruction::ArrayFill) {
                at.operands.take(i32())?;
            }
            at.operands.take(value(field))?;
            at.operands.take(i32())?;
            at.operands.take(reference(true, heap))?;
        }
        Instruction::ArrayCopy => {
            let (to, into) = at.element()?;
            let (from, of) = at.element()?;
            into.mutable.then_some(())?;
            let fits = match (of.element_type, into.element_type) {
                (StorageType::ValType(ty), StorageType::ValType(wanted)) => at.operands.is(T::of(ty), T::of(wanted)),
                (ty, wanted) => ty == wanted,
            };
            fits.then_some(())?;
            at.operands.take(i32())?;
            at.operands.take(i32())?;
            at.operands.take(reference(true, from))?;
            at.operands.take(i32())?;
            at.operands.take(reference(true, to))?;
        }
        Instruction::ArrayLen => {
            at.operands.take(reference(true, HeapType::Array))?;
            at.operands.push(i32());
        }
        Instruction::RefTestNonNull
        | Instruction::RefTestNullable
        | Instruction::RefCastNonNull
        | Instruction::RefCastNullable => {
            let heap = at.heap_type()?;
            at.operands.take(reference(true, heap.top()))?;
            at.operands.push(match instruction {
                Instruction::RefCastNonNull => reference(false, heap),
                Instruction::RefCastNullable => reference(true, heap),
                _ => i32(),
            });
        }
        Instruction::BrOnNull => {
            let label = at.label()?;
            let ty = at.operands.last().as_ref()?;
            at.operands.top -= 1;
            at.operands.expect_as(at.lists.get(label))?;
            at.operands.push(reference(false, ty.heap_type()));
        }
        Instruction::BrOnNonNull => {
            let label = at.label()?;
            let ty = at.operands.last().as_ref()?;
            at.operands.top -= 1;
            at.branch_with(label, reference(false, ty.heap_type()))?;
        }
        Instruction::BrOnCast | Instruction::BrOnCastFail => {
            let flags = at.reader.byte()?;
            (flags <= 3).then_some(())?;
            let label = at.label()?;
            let (from, to) = (at.heap_type()?, at.heap_type()?);
            let (may_be_null, to_null) = (flags & 1 != 0, flags & 2 != 0);
            let (of, cast): (T, T) = (reference(may_be_null, from), reference(to_null, to));
            at.operands.is(cast, of).then_some(())?;
            // What is left, if it is not of the type it was cast to.
            let rest = reference(may_be_null && !to_null, from);
            at.operands.take(of)?;
            let [taken, stays] = if matches!(instruction, Instruction::BrOnCast) { [cast, rest] } else { [rest, cast] };
            at.branch_with(label, taken)?;
            at.operands.push(stays);
        }
        Instruction::AnyConvertExtern | Instruction::ExternConvertAny => {
            let (from, to) = match instruction {
                Instruction::AnyConvertExtern => (HeapType::Extern, HeapType::Any),
                _ => (HeapType::Any, HeapType::Extern),
            };
            let nullable = at.operands.last().as_ref()?.is_nullable();
            at.operands.take(reference(true, from))?;
            at.operands.push(reference(nullable, to));
        }
        Instruction::RefI31 => {
            at.operands.take(i32())?;
            at.operands.push(reference(false, HeapType::I31));
        }
        Instruction::CallRef | Instruction::ReturnCallRef => {
            let index = at.reader.unsigned()?;
            let Signature { params, results } = (*at.signatures.get(index as usize)?)?;
            at.operands.take(reference(true, named(index, at.module)?))?;
            if matches!(instruction, Instruction::ReturnCallRef) {
                at.returns(results)?;
                at.operands.expect_all(at.lists.get(params))?;
                return at.dead();
            }
            at.operands.call(at.lists.get(params), at.lists.get(results))?;
        }
        Instruction::ReturnCall => {
            let callee = at.module.funcs.get(at.reader.index()?)?;
            let Signature { params, results } = (*at.signatures.get(callee.index())?)?;
            at.returns(results)?;
            at.operands.expect_all(at.lists.get(params))?;
            return at.dead();
        }
        Instruction::Throw => {
            let params = at.tag()?;
            at.operands.expect_all(at.lists.get(params))?;
            return at.dead();
        }
        Instruction::ThrowRef => {
            at.operands.take(reference(true, HeapType::Exn))?;
            return at.dead();
        }
        Instruction::TryTable => at.try_table()?,
        Instruction::Try => {
            let results = at.block_type()?;
            at.enter(Step::Try, results)?;
        }
        Instruction::Catch => {
            let params = at.tag()?;
            at.catch(params, Step::Catch)?;
        }
        Instruction::CatchAll => at.catch(List::EMPTY, Step::CatchAll)?,
        Instruction::Delegate => at.delegate()?,
        Instruction::Rethrow => {
            let frame = at.frames.len().checked_sub(at.reader.index()?.checked_add(1)?)?;
            matches!(at.frames[frame].step, Step::Catch | Step::CatchAll).then_some(())?;
            return at.dead();
        }
        Instruction::TableGet => {
            let [element, index] = at.table()?;
            at.operands.take(index)?;
            at.operands.push(element);
        }
        Instruction::TableSet => {
            let [element, index] = at.table()?;
            at.operands.take(element)?;
            at.operands.take(index)?;
        }
        Instruction::TableSize => {
            let [_, size] = at.table()?;
            at.operands.grow(size)?;
        }
        // What is rarer still.
        _ => return None,
    }
    Some(false)
}
