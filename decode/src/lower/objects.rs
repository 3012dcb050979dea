//! Instructions on structs, arrays, and references to them.
//!
//! Fields, elements and lengths are read and written as memories are, by trees over references. All else is cells, which take a single operand from the
//! accumulator, more from slots. So where something is allocated, and collecting may begin, all references are in slots.

use super::Function;
use super::read::Reader;
use super::slot::Slot;
use super::target::Target;
use super::tree::{Far, Kind, Space, Traits};
use crate::cell::{self, Amount, HeapKind};
use crate::instruction::Instruction;
use crate::objects::{LENGTH_AT, class_of, is_traced};
use crate::ops::{Class, Op};
use crate::sig::Form;
use crate::{ArrayType, StorageType, StructType, TypeIdx, ValType};

/// What a reference is compared with.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    /// As in a binary: a typeidx, or a negative number.
    heap_type: i64,
    nullable: bool,
}

impl<'a, T: Target> Function<'a, T> {
    fn struct_type(&self, typeidx: TypeIdx) -> &'a StructType {
        self.module.types[typeidx.index()].as_struct().expect("a struct type")
    }

    fn array_type(&self, typeidx: TypeIdx) -> &'a ArrayType {
        self.module.types[typeidx.index()].as_array().expect("an array type")
    }

    /// The word of what the machine knows of objects of a type.
    fn object_word(&self, typeidx: TypeIdx) -> u32 {
        self.layout.object(typeidx.index()) as u32
    }

    /// Lowers an instruction on objects, whose immediates `reader` reads next.
    #[inline(never)]
    pub(super) fn object(&mut self, instruction: Instruction, reader: &mut Reader<'a>) {
        match instruction {
            Instruction::StructNew | Instruction::StructNewDefault => {
                let typeidx = TypeIdx(reader.index());
                self.struct_new(typeidx, instruction == Instruction::StructNewDefault);
            }
            Instruction::StructGet | Instruction::StructGetS | Instruction::StructGetU => {
                let (typeidx, fieldidx) = reader.indices();
                self.struct_get(TypeIdx(typeidx), fieldidx, instruction == Instruction::StructGetS);
            }
            Instruction::StructSet => {
                let (typeidx, fieldidx) = reader.indices();
                self.struct_set(TypeIdx(typeidx), fieldidx);
            }
            Instruction::ArrayNew => {
                let typeidx = TypeIdx(reader.index());
                let (object, words) = (self.object_word(typeidx), self.element_words(typeidx));
                self.charge_items(words + 1);
                self.consume(words + 1, |args| cell::ArrayNew { object, args, words: words as u16 });
                self.operands.push_acc(Class::I64);
            }
            Instruction::ArrayNewDefault => {
                let object = self.object_word(TypeIdx(reader.index()));
                self.charge_items(1);
                self.consume(1, |args| cell::ArrayNewDefault { object, args });
                self.operands.push_acc(Class::I64);
            }
            Instruction::ArrayNewFixed => {
                let (typeidx, count) = reader.indices();
                let typeidx = TypeIdx(typeidx);
                let object = self.object_word(typeidx);
                let words = self.element_words(typeidx) * count as usize;
                self.metering.charge_words(|| words);
                self.consume(words, |args| cell::ArrayNewFixed { object, args, words: words as u16, count });
                self.operands.push_acc(Class::I64);
            }
            Instruction::ArrayNewData => {
                let (typeidx, dataidx) = reader.indices();
                let (object, segment) = (self.object_word(TypeIdx(typeidx)), self.data_word(dataidx));
                self.charge_items(2);
                self.consume(2, |args| cell::ArrayNewData { object, segment, args });
                self.operands.push_acc(Class::I64);
            }
            Instruction::ArrayNewElem => {
                let (typeidx, elemidx) = reader.indices();
                let (object, segment) = (self.object_word(TypeIdx(typeidx)), self.element_word(elemidx));
                self.charge_items(2);
                self.consume(2, |args| cell::ArrayNewElem { object, segment, args });
                self.operands.push_acc(Class::I64);
            }
            Instruction::ArrayGet | Instruction::ArrayGetS | Instruction::ArrayGetU => {
                let element = self.array_type(TypeIdx(reader.index())).field_type().element_type;
                self.array_get(element, instruction == Instruction::ArrayGetS);
            }
            Instruction::ArraySet => {
                let element = self.array_type(TypeIdx(reader.index())).field_type().element_type;
                self.operands.element_store(field_store(element));
            }
            Instruction::ArrayLen => {
                let far = Far { word: LENGTH_AT, offset: 0, space: Space::Object };
                self.operands.far_load(Op::I32Load, far);
            }
            Instruction::ArrayFill => {
                let words = self.element_words(TypeIdx(reader.index()));
                self.charge_items(words + 3);
                self.consume(words + 3, |args| cell::ArrayFill { args, words: words as u16 });
            }
            Instruction::ArrayCopy => {
                reader.indices();
                self.charge_items(5);
                self.consume(5, |args| cell::ArrayCopy { args });
            }
            Instruction::ArrayInitData => {
                let (_, dataidx) = reader.indices();
                let segment = self.data_word(dataidx);
                self.charge_items(4);
                self.consume(4, |args| cell::ArrayInitData { segment, args });
            }
            Instruction::ArrayInitElem => {
                let (_, elemidx) = reader.indices();
                let segment = self.element_word(elemidx);
                self.charge_items(4);
                self.consume(4, |args| cell::ArrayInitElem { segment, args });
            }
            Instruction::RefTestNonNull | Instruction::RefTestNullable => {
                let nullable = instruction == Instruction::RefTestNullable;
                self.ref_test(Wanted { heap_type: reader.signed(), nullable });
            }
            Instruction::RefCastNonNull | Instruction::RefCastNullable => {
                let nullable = instruction == Instruction::RefCastNullable;
                self.ref_cast(Wanted { heap_type: reader.signed(), nullable });
            }
            Instruction::RefI31 => self.ref_i31(),
            other => unreachable!("{other:?} is not about objects"),
        }
    }

    /// How many words a value takes that is an element of arrays of this type.
    fn element_words(&self, typeidx: TypeIdx) -> usize {
        self.array_type(typeidx).field_type().element_type.unpack().words()
    }

    /// Pays for as many elements as the topmost of `count` words says.
    fn charge_items(&mut self, count: usize) {
        let pay = |slot| cell::FuelBulk { amount: Amount::Items as u16, slot, table: 0 };
        self.metering.charge_bulk(&mut self.operands, count, pay);
    }

    fn struct_new(&mut self, typeidx: TypeIdx, default: bool) {
        let (ty, object) = (self.struct_type(typeidx), self.object_word(typeidx));
        let words = ty.words() as u16;
        // What is larger than any class is asked for by its type.
        let class = class_of(ty.bytes().into()).unwrap_or(u16::MAX);
        self.metering.charge_words(|| words.into());
        if default {
            self.consume(0, |args| cell::StructNewDefault { object, args, words, class });
        } else {
            self.consume(words.into(), |args| cell::StructNew { object, args, words, class });
        }
        self.operands.push_acc(Class::I64);
    }

    /// Where field `fieldidx` of structs of a type lies, and what it is.
    fn field(&self, typeidx: TypeIdx, fieldidx: u32) -> (Far, StorageType) {
        let ty = self.struct_type(typeidx);
        let (word, field) = (ty.offset(fieldidx as usize), ty.fields()[fieldidx as usize].element_type);
        (Far { word, offset: 0, space: Space::Object }, field)
    }

    fn struct_get(&mut self, typeidx: TypeIdx, fieldidx: u32, signed: bool) {
        let (far, field) = self.field(typeidx, fieldidx);
        self.operands.far_load(field_load(field, signed), far);
    }

    fn struct_set(&mut self, typeidx: TypeIdx, fieldidx: u32) {
        let (far, field) = self.field(typeidx, fieldidx);
        self.operands.far_store(field_store(field), far);
    }

    fn array_get(&mut self, element: StorageType, signed: bool) {
        let op = field_load(element, signed);
        if op.info().result.is_wide() {
            self.operands.operator_of_vectors::<2>(Kind::ElementLoad(op));
        } else {
            self.operands.operator_of::<2>(Kind::ElementLoad(op), Form::SetAcc);
        }
    }

    fn ref_i31(&mut self) {
        self.operands.operator_of::<1>(Kind::Unary(Op::I64ExtendI32U), Form::SetAcc);
        for (bits, op) in [(33, Op::I64Shl), (1, Op::I64Or)] {
            let node = self.operands.trees.imm(bits, Class::I64);
            self.operands.push_leaf(node);
            self.operands.operator_of::<2>(Kind::Binary(op), Form::SetAcc);
        }
    }

    /// Replaces the reference at the top by whether it is of the type wanted.
    fn ref_test(&mut self, Wanted { heap_type, nullable }: Wanted) {
        let null = u16::from(nullable);
        match self.concrete(heap_type) {
            Some((typeidx, true)) => {
                let type_id = self.type_ids[typeidx.index()];
                self.transform(cell::RefTestFunc { type_id, null }, Traits::NONE);
            }
            Some((typeidx, false)) => {
                let (type_id, depth) = (self.type_ids[typeidx.index()], self.module.depth(typeidx).into());
                self.transform(cell::RefTest { type_id, depth, null }, Traits::NONE);
            }
            None => self.transform(cell::RefTestKind { kind: heap_kind(heap_type) as u16, null }, Traits::NONE),
        }
        self.top_is(Class::I32);
    }

    /// Traps if the reference at the top is not of the type wanted.
    fn ref_cast(&mut self, Wanted { heap_type, nullable }: Wanted) {
        let null = u16::from(nullable);
        match self.concrete(heap_type) {
            Some((typeidx, true)) => {
                let type_id = self.type_ids[typeidx.index()];
                self.transform(cell::RefCastFunc { type_id, null }, Traits::TRAPS);
            }
            Some((typeidx, false)) => {
                let (type_id, depth) = (self.type_ids[typeidx.index()], self.module.depth(typeidx).into());
                self.transform(cell::RefCast { type_id, depth, null }, Traits::TRAPS);
            }
            None => self.transform(cell::RefCastKind { kind: heap_kind(heap_type) as u16, null }, Traits::TRAPS),
        }
    }

    /// The type that the module defines, if it is one, and whether it is one of functions.
    fn concrete(&self, heap_type: i64) -> Option<(TypeIdx, bool)> {
        let typeidx = TypeIdx(u32::try_from(heap_type).ok()?);
        Some((typeidx, self.module.types[typeidx.index()].as_func().is_some()))
    }

    /// Branches if the reference at the top, which stays, is of the second type that `reader` reads; `fails`: if it is not.
    pub(super) fn br_on_cast(&mut self, reader: &mut Reader<'a>, fails: bool) {
        let (flags, labelidx) = (reader.lane(), reader.index());
        let (_, heap_type) = (reader.signed(), reader.signed());
        self.metering.charge_words(|| self.blocks.arity(labelidx));
        let slot: Slot = self.reference();
        let node = self.operands.trees.slot(slot, Class::I64);
        self.operands.push_leaf(node);
        self.ref_test(Wanted { heap_type, nullable: flags & 2 != 0 });
        if fails {
            self.operands.operator_of::<1>(Kind::Unary(Op::I32Eqz), Form::SetAcc);
        }
        self.blocks.branch_if(&mut self.operands, labelidx);
    }
}

/// The operator that reads a field.
pub(crate) fn field_load(field: StorageType, signed: bool) -> Op {
    match (field, signed) {
        (StorageType::I8, true) => Op::I32Load8S,
        (StorageType::I8, false) => Op::I32Load8U,
        (StorageType::I16, true) => Op::I32Load16S,
        (StorageType::I16, false) => Op::I32Load16U,
        (StorageType::ValType(ValType::I32), _) => Op::I32Load,
        (StorageType::ValType(ValType::I64 | ValType::Ref(_)), _) => Op::I64Load,
        (StorageType::ValType(ValType::F32), _) => Op::F32Load,
        (StorageType::ValType(ValType::F64), _) => Op::F64Load,
        (StorageType::ValType(ValType::V128), _) => Op::V128Load,
    }
}

/// The operator that writes a field.
pub(crate) fn field_store(field: StorageType) -> Op {
    match field {
        StorageType::I8 => Op::I32Store8,
        StorageType::I16 => Op::I32Store16,
        StorageType::ValType(ValType::I32) => Op::I32Store,
        StorageType::ValType(ty @ ValType::Ref(_)) if is_traced(ty) => Op::RefStore,
        StorageType::ValType(ValType::I64 | ValType::Ref(_)) => Op::I64Store,
        StorageType::ValType(ValType::F32) => Op::F32Store,
        StorageType::ValType(ValType::F64) => Op::F64Store,
        StorageType::ValType(ValType::V128) => Op::V128Store,
    }
}

/// The kind of a heap type that no module defines (spec 5.3.3).
pub(crate) fn heap_kind(heap_type: i64) -> HeapKind {
    match heap_type {
        -0x13 => HeapKind::Eq,
        -0x14 => HeapKind::I31,
        -0x15 => HeapKind::Struct,
        -0x16 => HeapKind::Array,
        // `noexn`, `nofunc`, `noextern`, `none`.
        -0x0f..=-0x0c => HeapKind::Bottom,
        // `func`, `extern`, `any`, `exn`.
        _ => HeapKind::Top,
    }
}
