//! Instructions about structs, arrays and references to them, as the cells that execute them.

use super::{Builder, per_words};
use crate::cell::{Amount, Cell, HeapKind};
use crate::checker::source::Instr;
use crate::checker::value::Access;
use crate::objects::{LENGTH_AT, class_of, is_traced};
use crate::ops::{Class, Op};
use crate::{StorageType, TypeIdx, ValType};
use wasmparser::{AbstractHeapType, HeapType, Operator, RefType};

/// Cells that say whether a reference is of a type: of objects, of functions, of a kind.
const TESTS: [Cell; 3] = [Cell::RefTest, Cell::RefTestFunc, Cell::RefTestKind];

/// Fields are accessed as memories are: this one is of all objects.
pub(in crate::checker) const fn field_access(at: u32) -> Access {
    Access { memory: u32::MAX, offset: at as u64 }
}

/// Elements, too: where one lies is said by its array and index.
pub(in crate::checker) const ELEMENTS: Access = Access { memory: u32::MAX - 1, offset: 0 };

fn load(field: StorageType, signed: bool) -> Op {
    match (field.unpack(), field.bytes()) {
        (_, 1) if signed => Op::I32Load8S,
        (_, 1) => Op::I32Load8U,
        (_, 2) if signed => Op::I32Load16S,
        (_, 2) => Op::I32Load16U,
        (ValType::F32, _) => Op::F32Load,
        (ValType::F64, _) => Op::F64Load,
        (_, 4) => Op::I32Load,
        (_, 8) => Op::I64Load,
        _ => Op::V128Load,
    }
}

fn store(field: StorageType) -> Op {
    match (field.unpack(), field.bytes()) {
        (_, 1) => Op::I32Store8,
        (_, 2) => Op::I32Store16,
        (ValType::F32, _) => Op::F32Store,
        (ValType::F64, _) => Op::F64Store,
        (_, 4) => Op::I32Store,
        (ty, 8) if is_traced(ty) => Op::RefStore,
        (_, 8) => Op::I64Store,
        _ => Op::V128Store,
    }
}

impl Builder<'_> {
    /// An instruction that a cell about objects executes, whose other operands are these.
    fn cell(&mut self, cell: Cell, operands: &[u32], taken: usize, result: Option<ValType>) {
        let mut all = [0; 3];
        all[..operands.len()].copy_from_slice(operands);
        let height = self.operands.len() - taken;
        self.emit(Instr::Object(cell, all, taken as u16, result.map(Class::from)));
        self.operands.truncate(height);
        if let Some(ty) = result {
            self.push(ty.into());
        }
    }

    fn element(&self, typeidx: u32) -> StorageType {
        self.module.types[typeidx as usize].as_array().expect("an array type").field_type().element_type
    }

    /// Whether the reference at the top is of the type, as the cells `object`, `func` or `kind` say it.
    fn cast(&mut self, [object, func, kind]: [Cell; 3], heap_type: HeapType, nullable: bool, result: Option<ValType>) {
        let null = u32::from(nullable);
        match heap_type {
            HeapType::Concrete(index) => {
                let typeidx = index.as_module_index().expect("a type of the module") as usize;
                // Whoever executes it knows the ids.
                let id = typeidx as u32;
                if self.module.types[typeidx].as_func().is_some() {
                    self.cell(func, &[id, null], 1, result);
                } else {
                    let depth = self.module.depth(TypeIdx(id)).into();
                    self.cell(object, &[id, depth, null], 1, result);
                }
            }
            HeapType::Abstract { ty, .. } => {
                let what = match ty {
                    AbstractHeapType::Eq => HeapKind::Eq,
                    AbstractHeapType::I31 => HeapKind::I31,
                    AbstractHeapType::Struct => HeapKind::Struct,
                    AbstractHeapType::Array => HeapKind::Array,
                    AbstractHeapType::None
                    | AbstractHeapType::NoFunc
                    | AbstractHeapType::NoExtern
                    | AbstractHeapType::NoExn => HeapKind::Bottom,
                    AbstractHeapType::Func
                    | AbstractHeapType::Extern
                    | AbstractHeapType::Any
                    | AbstractHeapType::Exn => HeapKind::Top,
                    AbstractHeapType::Cont | AbstractHeapType::NoCont => unreachable!("part of no feature"),
                };
                self.cell(kind, &[what as u32, null], 1, result);
            }
            HeapType::Exact(_) => unreachable!("part of no feature that is supported"),
        }
    }

    /// A branch on a cast.
    fn br_on_cast(&mut self, depth: u32, to: RefType, fails: bool) {
        let label = self.branch(depth);
        // The reference stays, below what is tested.
        self.simple(Instr::Copy, 0, &[Class::I64]);
        self.cast(TESTS, to.heap_type(), to.is_nullable(), Some(ValType::I32));
        if fails {
            self.simple(Instr::Numeric(Op::I32Eqz), 1, &[Class::I32]);
        }
        self.simple(Instr::BrIf(label), 1, &[]);
        let arity = self.source.labels[label as usize].arity;
        self.forget_reads(self.height() - arity);
    }

    /// One of these instructions; `false` if it is none.
    pub(super) fn object(&mut self, operator: &Operator<'_>) -> bool {
        const CASTS: [Cell; 3] = [Cell::RefCast, Cell::RefCastFunc, Cell::RefCastKind];
        const REFERENCE: Option<ValType> = Some(ValType::FUNCREF);
        let object = |this: &Self, typeidx: u32| this.layout.object(typeidx as usize) as u32;
        match *operator {
            Operator::RefEq => self.simple(Instr::Numeric(Op::I64Eq), 2, &[Class::I32]),
            Operator::AnyConvertExtern | Operator::ExternConvertAny => {}
            Operator::RefI31 => {
                self.simple(Instr::Numeric(Op::I64ExtendI32U), 1, &[Class::I64]);
                for (bits, op) in [(33, Op::I64Shl), (1, Op::I64Or)] {
                    self.simple(Instr::Const(bits, Class::I64), 0, &[Class::I64]);
                    self.simple(Instr::Numeric(op), 2, &[Class::I64]);
                }
            }
            Operator::StructNew { struct_type_index: ty } | Operator::StructNewDefault { struct_type_index: ty } => {
                let of = self.module.types[ty as usize].as_struct().expect("a struct type");
                let (words, class) = (of.words(), class_of(of.bytes().into()).unwrap_or(u16::MAX).into());
                let word = object(self, ty);
                self.charge(per_words(words));
                let (cell, taken) = match operator {
                    Operator::StructNew { .. } => (Cell::StructNew, words),
                    _ => (Cell::StructNewDefault, 0),
                };
                self.cell(cell, &[word, words as u32, class], taken, REFERENCE);
            }
            Operator::StructGet { struct_type_index: ty, field_index }
            | Operator::StructGetS { struct_type_index: ty, field_index }
            | Operator::StructGetU { struct_type_index: ty, field_index } => {
                let of = self.module.types[ty as usize].as_struct().expect("a struct type");
                let field = of.fields()[field_index as usize].element_type;
                let signed = matches!(operator, Operator::StructGetS { .. });
                let access = field_access(of.offset(field_index as usize));
                self.simple(Instr::Load(load(field, signed), access), 1, &[field.unpack().into()]);
            }
            Operator::StructSet { struct_type_index: ty, field_index } => {
                let of = self.module.types[ty as usize].as_struct().expect("a struct type");
                let (field, access) =
                    (of.fields()[field_index as usize].element_type, field_access(of.offset(field_index as usize)));
                self.simple(Instr::Store(store(field), access), 2, &[]);
            }
            Operator::ArrayNew { array_type_index: ty } => {
                let words = self.element(ty).unpack().words();
                self.pay(Amount::Items, 0);
                self.cell(Cell::ArrayNew, &[object(self, ty), words as u32], words + 1, REFERENCE);
            }
            Operator::ArrayNewDefault { array_type_index: ty } => {
                self.pay(Amount::Items, 0);
                self.cell(Cell::ArrayNewDefault, &[object(self, ty)], 1, REFERENCE);
            }
            Operator::ArrayNewFixed { array_type_index: ty, array_size } => {
                let words = self.element(ty).unpack().words() * array_size as usize;
                self.charge(per_words(words));
                self.cell(Cell::ArrayNewFixed, &[object(self, ty), words as u32, array_size], words, REFERENCE);
            }
            Operator::ArrayNewData { array_type_index: ty, array_data_index: data } => {
                self.pay(Amount::Items, 0);
                let segment = self.layout.data(data as usize) as u32;
                self.cell(Cell::ArrayNewData, &[object(self, ty), segment], 2, REFERENCE);
            }
            Operator::ArrayNewElem { array_type_index: ty, array_elem_index: element } => {
                self.pay(Amount::Items, 0);
                let segment = self.layout.element(element as usize) as u32;
                self.cell(Cell::ArrayNewElem, &[object(self, ty), segment], 2, REFERENCE);
            }
            Operator::ArrayGet { array_type_index: ty }
            | Operator::ArrayGetS { array_type_index: ty }
            | Operator::ArrayGetU { array_type_index: ty } => {
                let signed = matches!(operator, Operator::ArrayGetS { .. });
                let element = self.element(ty);
                self.simple(Instr::Element, 2, &[Class::I64]);
                self.simple(Instr::Load(load(element, signed), ELEMENTS), 1, &[element.unpack().into()]);
            }
            Operator::ArraySet { array_type_index: ty } => {
                self.simple(Instr::ElementStore(store(self.element(ty))), 3, &[]);
            }
            Operator::ArrayLen => {
                self.simple(Instr::Load(Op::I32Load, field_access(LENGTH_AT)), 1, &[Class::I32]);
            }
            Operator::ArrayFill { array_type_index: ty } => {
                let words = self.element(ty).unpack().words();
                self.pay(Amount::Items, 0);
                self.cell(Cell::ArrayFill, &[words as u32], words + 3, None);
            }
            Operator::ArrayCopy { .. } => {
                self.pay(Amount::Items, 0);
                self.cell(Cell::ArrayCopy, &[], 5, None);
            }
            Operator::ArrayInitData { array_data_index: data, .. } => {
                self.pay(Amount::Items, 0);
                let segment = self.layout.data(data as usize) as u32;
                self.cell(Cell::ArrayInitData, &[segment], 4, None);
            }
            Operator::ArrayInitElem { array_elem_index: element, .. } => {
                self.pay(Amount::Items, 0);
                let segment = self.layout.element(element as usize) as u32;
                self.cell(Cell::ArrayInitElem, &[segment], 4, None);
            }
            Operator::RefTestNonNull { hty } => self.cast(TESTS, hty, false, Some(ValType::I32)),
            Operator::RefTestNullable { hty } => self.cast(TESTS, hty, true, Some(ValType::I32)),
            Operator::RefCastNonNull { hty } => self.cast_in_place(CASTS, hty, false),
            Operator::RefCastNullable { hty } => self.cast_in_place(CASTS, hty, true),
            Operator::BrOnCast { relative_depth, to_ref_type, .. } => {
                self.br_on_cast(relative_depth, to_ref_type, false)
            }
            Operator::BrOnCastFail { relative_depth, to_ref_type, .. } => {
                self.br_on_cast(relative_depth, to_ref_type, true);
            }
            _ => return false,
        }
        true
    }

    /// A cast of the reference at the top, which stays what it is.
    fn cast_in_place(&mut self, cells: [Cell; 3], heap_type: HeapType, nullable: bool) {
        self.simple(Instr::Copy, 0, &[Class::I64]);
        self.cast(cells, heap_type, nullable, None);
    }
}
