//! Parsing and validating: one pass over the sections, every function body included, everything else left in the bytes.
//!
//! wasmparser's validator sees each section before its contents are read here, so reading relies on what it checked:
//! indices are in range, limits fit their address type, constant expressions hold nothing but the instructions of
//! [`ConstOp`]. A body is checked where it stands and not touched again before it is lowered: by [`Checker`], which accepts
//! most, or else by wasmparser. The one thing added on the way, for long bodies, is the height of the operand stack, because
//! a function whose frame has more words than slots can be named ([`MAX_FRAME_WORDS`]) must be refused now, not when it is
//! first called.
//!
//! What the validator already bounds (parameters, results, locals, sizes of index spaces) is not bounded again.

use super::check::Checker;
use super::types::{self, ref_type, val_type};
use super::{
    Bodies, ConstExpr, ConstOp, Data, Element, ElementItems, Export, ExternIndex, Import, Module, SegmentMode,
};
use crate::features::FEATURES;
use crate::instruction::Instruction;
use crate::layout::{FrameLayout, HEADER_WORDS, MAX_FRAME_WORDS};
use crate::{
    AddressType, Error, Features, FuncIdx, GlobalType, Limits, MemoryType, ModuleLimits, PAGE_BYTES, RefType, SubType,
    TableType, TypeIdx,
};
use smallvec::smallvec;
use std::ops::Range;
use wasmparser::{
    DataKind, ElementKind, ExternalKind, FrameKind, FuncToValidate, FuncValidator, FuncValidatorAllocations,
    FunctionBody, Operator, Parser, Payload, TableInit, TypeRef, ValidPayload, Validator, ValidatorResources,
    WasmFeatures,
};

/// What a validator allows only that goes a longer way about types, whether or not a module uses it: types may be the same, or
/// one below the other. (Of a module of one small function the longer way was 6 % of decoding.)
const OF_TYPES: WasmFeatures = WasmFeatures::FUNCTION_REFERENCES
    .union(WasmFeatures::GC)
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::LEGACY_EXCEPTIONS);

/// Fills a [`Module`] section by section.
pub(super) fn parse(
    bytes: Box<[u8]>,
    limits: &ModuleLimits,
    features: Features,
    bodies: Bodies,
) -> Result<Module, Error> {
    limits.check_size(bytes.len())?;
    // Compact import sections are the parser's matter, and would make the validator go the longer way, too.
    let all = features.flags().difference(WasmFeatures::COMPACT_IMPORTS);
    let few = all.difference(OF_TYPES);
    let parsed = parse_sections(&bytes, limits, features, bodies, few);
    // What is valid with less is valid with more. What needs more says so in its types as a rule, which come first.
    let parsed =
        if few == all { parsed } else { parsed.or_else(|_| parse_sections(&bytes, limits, features, bodies, all)) };
    let mut module = parsed?;
    module.bytes = bytes;
    Ok(module)
}

/// All but the bytes. Sections are validated with those features, bodies with all.
fn parse_sections(
    bytes: &[u8],
    limits: &ModuleLimits,
    features: Features,
    bodies: Bodies,
    of_sections: WasmFeatures,
) -> Result<Module, Error> {
    let mut module = Module::default();
    let mut validator = Validator::new_with_features(of_sections);
    let mut allocations = FuncValidatorAllocations::default();
    let mut parser = Parser::new(0);
    parser.set_features(features.flags());
    // The quick pass knows no modules that may use less. What it knows of a module, `Checker::new` asks.
    let is_quick = features.flags().contains(FEATURES);
    let mut pushed = Pushed { most_words: 1, vectors: false };
    let mut checker = None;
    for payload in parser.parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::TypeSection(types) => {
                ModuleLimits::check(&"types", types.count().into(), limits.types.into(), types.range().start)?;
            }
            Payload::CodeSectionStart { .. } => {
                for ty in module.types.iter().filter_map(SubType::as_func) {
                    pushed.most_words = pushed.most_words.max(ty.result_words() as u64);
                    pushed.vectors |= ty.result_words() != ty.results().len();
                }
                // What catches, of the older instructions, pushes what was thrown, and the exception below.
                for ty in module.tags.iter().map(|&typeidx| module.signature(typeidx)) {
                    pushed.most_words = pushed.most_words.max(ty.param_words() as u64 + 1);
                    pushed.vectors |= ty.param_words() != ty.params().len();
                }
            }
            // Whatever else it is, the validator comes first.
            _ => {}
        }
        if let ValidPayload::Func(mut func, body) = validator.payload(&payload)? {
            func.features = features.flags();
            if bodies == Bodies::Skip {
                module.bodies.push(range(body.range()));
                continue;
            }
            check_declared(FuncIdx(func.index), &body, limits)?;
            let range = range(body.range());
            let is_accepted = is_quick && {
                let checker = checker.get_or_insert_with(|| Checker::new(&module, limits.nesting));
                checker.accepts(&module, FuncIdx(func.index), &bytes[range.clone()])
            };
            if !is_accepted || cfg!(debug_assertions) {
                let validated = validate_body(func, &body, allocations, &module, pushed, limits.nesting);
                debug_assert!(!is_accepted || validated.is_ok(), "wasmparser refuses what was accepted");
                allocations = validated?;
            }
            module.bodies.push(range);
        } else {
            read(&mut module, payload, limits)?;
        }
    }
    Ok(module)
}

/// Takes what a validated section declares.
fn read(module: &mut Module, payload: Payload<'_>, limits: &ModuleLimits) -> Result<(), Error> {
    match payload {
        Payload::TypeSection(types) => {
            module.types.reserve_exact(types.count() as usize);
            for item in types.into_iter_with_offsets() {
                let (offset, group) = item?;
                types::read_group(module, &group, limits, offset)?;
            }
        }
        Payload::ImportSection(imports) => {
            for item in imports.into_imports_with_offsets() {
                let (offset, item) = item?;
                let index = read_import(module, item.ty, offset)?;
                let last = module.imports.last().map(|last| last.module);
                let from = match last.filter(|&last| module.name(last) == item.module) {
                    Some(last) => last,
                    None => module.add_name(item.module, offset)?,
                };
                let name = module.add_name(item.name, offset)?;
                module.imports.push(Import { module: from, name, index });
            }
        }
        Payload::FunctionSection(funcs) => {
            module.funcs.reserve_exact(funcs.count() as usize);
            module.bodies.reserve_exact(funcs.count() as usize);
            for typeidx in funcs {
                module.funcs.push(TypeIdx(typeidx?));
            }
        }
        Payload::TableSection(tables) => {
            for table in tables {
                let table = table?;
                module.tables.push(table_type(module, &table.ty)?);
                if let TableInit::Expr(init) = table.init {
                    let init = const_expr(module, &init)?;
                    module.table_inits.push((module.tables.len() as u32 - 1, init));
                }
            }
        }
        Payload::MemorySection(memories) => {
            for memory in memories {
                module.memories.push(memory_type(&memory?));
            }
        }
        Payload::TagSection(tags) => {
            for tag in tags {
                module.tags.push(TypeIdx(tag?.func_type_idx));
            }
        }
        Payload::GlobalSection(globals) => {
            module.globals.reserve_exact(globals.count() as usize);
            module.global_inits.reserve_exact(globals.count() as usize);
            for global in globals {
                let global = global?;
                module.globals.push(global_type(module, &global.ty)?);
                module.global_inits.push(const_expr(module, &global.init_expr)?);
            }
        }
        Payload::ExportSection(exports) => {
            module.exports.reserve_exact(exports.count() as usize);
            for item in exports.into_iter_with_offsets() {
                let (offset, item) = item?;
                let index = match item.kind {
                    ExternalKind::Func => ExternIndex::Func(FuncIdx(item.index)),
                    ExternalKind::Table => ExternIndex::Table(item.index),
                    ExternalKind::Memory => ExternIndex::Memory(item.index),
                    ExternalKind::Global => ExternIndex::Global(item.index),
                    ExternalKind::Tag => ExternIndex::Tag(item.index),
                    ExternalKind::FuncExact => {
                        return Err(Error::new("unsupported kind of export", offset));
                    }
                };
                let name = module.add_name(item.name, offset)?;
                module.exports.push(Export { name, index });
            }
        }
        Payload::StartSection { func, .. } => module.start = Some(FuncIdx(func)),
        Payload::ElementSection(elements) => {
            module.elements.reserve_exact(elements.count() as usize);
            for element in elements {
                module.elements.push(read_element(module, element?)?);
            }
        }
        Payload::DataSection(segments) => {
            module.data.reserve_exact(segments.count() as usize);
            for segment in segments {
                let segment = segment?;
                let mode = match &segment.kind {
                    DataKind::Passive => SegmentMode::Passive,
                    DataKind::Active { memory_index, offset_expr } => {
                        SegmentMode::Active { index: *memory_index, offset: const_expr(module, offset_expr)? }
                    }
                };
                // The bytes are the last thing of a segment.
                let end = segment.range.end as usize;
                module.data.push(Data { mode, bytes: end - segment.data.len()..end });
            }
        }
        // What the validator has compared, and what has no meaning.
        Payload::Version { .. }
        | Payload::DataCountSection { .. }
        | Payload::CodeSectionStart { .. }
        | Payload::CodeSectionEntry(_)
        | Payload::CustomSection(_)
        | Payload::End(_) => {}
        // Components, sections of proposals, and what wasmparser may learn: the validator refuses them where they stand,
        // so nobody misses the offset.
        _ => return Err(Error::new("unsupported section", 0)),
    }
    Ok(())
}

/// Refuses a body of function `funcidx` that has more bytes, or declares more locals, than `limits` allow.
fn check_declared(funcidx: FuncIdx, body: &FunctionBody<'_>, limits: &ModuleLimits) -> Result<(), Error> {
    let Range { start, end } = body.range();
    ModuleLimits::check(&format_args!("bytes of function {funcidx}"), end - start, limits.function_size as u64, start)?;
    if limits.locals == u32::MAX {
        return Ok(());
    }
    let mut locals = 0;
    for declared in body.get_locals_reader()? {
        locals += u64::from(declared?.0);
        ModuleLimits::check(&format_args!("locals of function {funcidx}"), locals, limits.locals.into(), start)?;
    }
    Ok(())
}

/// Adds an import to its index space, and says where.
fn read_import(module: &mut Module, ty: TypeRef, offset: u64) -> Result<ExternIndex, Error> {
    Ok(match ty {
        TypeRef::Func(typeidx) => {
            module.funcs.push(TypeIdx(typeidx));
            ExternIndex::Func(FuncIdx(next(&mut module.imported_funcs)))
        }
        TypeRef::Table(ty) => {
            module.tables.push(table_type(module, &ty)?);
            ExternIndex::Table(next(&mut module.imported_tables))
        }
        TypeRef::Memory(ty) => {
            module.memories.push(memory_type(&ty));
            ExternIndex::Memory(next(&mut module.imported_memories))
        }
        TypeRef::Global(ty) => {
            module.globals.push(global_type(module, &ty)?);
            ExternIndex::Global(next(&mut module.imported_globals))
        }
        TypeRef::Tag(ty) => {
            module.tags.push(TypeIdx(ty.func_type_idx));
            ExternIndex::Tag(next(&mut module.imported_tags))
        }
        TypeRef::FuncExact(_) => return Err(Error::new("unsupported kind of import", offset)),
    })
}

/// Counts an import of one kind, and gives its index. An index space has at most a million items, says the validator.
fn next(imported: &mut usize) -> u32 {
    *imported += 1;
    *imported as u32 - 1
}

fn read_element(module: &Module, element: wasmparser::Element<'_>) -> Result<Element, Error> {
    let range = element.range.clone();
    let mode = match &element.kind {
        ElementKind::Passive => SegmentMode::Passive,
        ElementKind::Declared => SegmentMode::Declared,
        ElementKind::Active { table_index, offset_expr } => {
            SegmentMode::Active { index: table_index.unwrap_or(0), offset: const_expr(module, offset_expr)? }
        }
    };
    let (ty, items) = match element.items {
        wasmparser::ElementItems::Functions(funcs) => {
            let items = try_collect(funcs.count(), &range, funcs.into_iter().map(|func| Ok(FuncIdx(func?))))?;
            (RefType::FUNCREF, ElementItems::Funcs(items))
        }
        wasmparser::ElementItems::Expressions(ty, exprs) => {
            let items = try_collect(exprs.count(), &range, exprs.into_iter().map(|expr| const_expr(module, &expr?)))?;
            (ref_type(module, ty)?, ElementItems::Exprs(items))
        }
    };
    Ok(Element { ty, mode, items })
}

/// The `count` items of a segment at `range` of the module. A segment may be most of the module, and each of its bytes
/// an item of tens of bytes, so memory for them is asked for and not taken for granted.
fn try_collect<T>(
    count: u32,
    range: &Range<u64>,
    items: impl Iterator<Item = Result<T, Error>>,
) -> Result<Box<[T]>, Error> {
    let mut collected = Vec::new();
    // No item is shorter than a byte, whatever the count says.
    let most = (count as usize).min((range.end - range.start) as usize);
    if collected.try_reserve_exact(most).is_err() {
        return Err(Error::new(format!("there is no memory for an element segment of {count} elements"), range.start));
    }
    for item in items {
        collected.push(item?);
    }
    Ok(collected.into())
}

/// What calls and catching push in a module.
#[derive(Debug, Clone, Copy)]
struct Pushed {
    /// The most words that one of them pushes: results of a function type, or values of a tag and the exception; at least 1.
    most_words: u64,
    /// Whether some of these values are vectors.
    vectors: bool,
}

/// Has wasmparser validate one body, and checks that its frame is addressable and no more than `nesting` blocks are open at
/// once.
fn validate_body(
    func: FuncToValidate<ValidatorResources>,
    body: &FunctionBody<'_>,
    allocations: FuncValidatorAllocations,
    module: &Module,
    pushed: Pushed,
    nesting: u32,
) -> Result<FuncValidatorAllocations, Error> {
    let (funcidx, range) = (FuncIdx(func.index), body.range());
    let mut validator = func.into_validator(allocations);
    // A call's arguments are the callee's first words, and its results lie where they were; only the callee's header
    // can reach beyond the operands the caller ever has.
    let others = FrameLayout::of(module.func_type(funcidx)).locals() as u64 + HEADER_WORDS as u64;
    let others = others.saturating_add(local_words(body));
    // No operator takes less than a byte, or pushes more words than `pushed` says: what else pushes a vector takes two bytes. (In code that is not reached some push parameters and labels' types as well, but lowering leaves
    // that out.) And no block takes less than two bytes.
    let size = range.end - range.start;
    let most = size.saturating_mul(pushed.most_words).saturating_add(others);
    if most <= MAX_FRAME_WORDS as u64 && size <= u64::from(nesting) {
        validator.validate(body)?;
        return Ok(validator.into_allocations());
    }
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader)?;
    // From the first vector on, each operand counts as one, for which is a vector would have to be counted at every operator.
    // What is refused that would fit, has some 30,000 operands at once, and numbers among them, or in code that is not reached.
    let (mut operands, mut width) = (0, 1 + u64::from(pushed.vectors));
    let mut caught = Caught::default();
    while !reader.eof() {
        let offset = reader.original_position();
        reader.visit_operator(&mut validator.visitor(offset))??;
        let open = u64::from(validator.control_stack_height()).saturating_sub(1);
        ModuleLimits::check(&format_args!("nested blocks in function {funcidx}"), open, nesting.into(), offset)?;
        // Whatever is no call pushes one operand at most that was not there.
        if validator.get_operand_type(0) == Some(Some(wasmparser::ValType::V128)) {
            width = 2;
        }
        caught.update(&validator);
        operands = operands.max(u64::from(validator.operand_stack_height()) * width + caught.count);
    }
    reader.finish_expression(&validator.visitor(reader.original_position()))?;

    let words = others.saturating_add(operands);
    if words > MAX_FRAME_WORDS as u64 {
        let message =
            format!("function {funcidx} needs a frame of {words} words, more than the {MAX_FRAME_WORDS} supported");
        return Err(Error::new(message, range.start));
    }
    Ok(validator.into_allocations())
}

/// The handlers of the older exception instructions that are open: in each, the exception lies in a slot of its own (`rethrow`).
#[derive(Debug, Default)]
struct Caught {
    /// Of each open block, whether it is one.
    blocks: Vec<bool>,
    /// How many are.
    count: u64,
}

impl Caught {
    /// Takes note of where `validator` is now, one operator further.
    fn update(&mut self, validator: &FuncValidator<ValidatorResources>) {
        let height = validator.control_stack_height() as usize;
        // An operator ends a block at most, or begins one, or another part of one.
        while self.blocks.len() > height.saturating_sub(1) {
            self.count -= u64::from(self.blocks.pop() == Some(true));
        }
        if let Some(frame) = validator.get_control_frame(0) {
            let is_handler = matches!(frame.kind, FrameKind::LegacyCatch | FrameKind::LegacyCatchAll);
            self.count += u64::from(is_handler);
            self.blocks.push(is_handler);
        }
    }
}

/// How many words the locals take that a body declares; very many if it cannot be read, of which the validator says more.
fn local_words(body: &FunctionBody<'_>) -> u64 {
    let Ok(groups) = body.get_locals_reader() else { return u64::MAX };
    groups.into_iter().fold(0, |words, group| {
        let declared = group
            .map_or(u64::MAX, |(count, ty)| u64::from(count) * if ty == wasmparser::ValType::V128 { 2 } else { 1 });
        declared.saturating_add(words)
    })
}

const I32_CONST: u8 = Instruction::I32Const.byte();
const END: u8 = Instruction::End.byte();

fn const_expr(module: &Module, expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr, Error> {
    // Toolchains write data segments by the ten thousand, nearly all of them at a plain constant: worth not setting up
    // wasmparser's control stack for (measured: 3% of the time a module with 53,000 segments takes).
    let mut reader = expr.get_binary_reader();
    if reader.read_u8()? == I32_CONST {
        let value = reader.read_var_i32()?;
        if reader.read_u8()? == END {
            return Ok(smallvec![ConstOp::I32Const(value)]);
        }
    }
    let mut ops = ConstExpr::new();
    for item in expr.get_operators_reader().into_iter_with_offsets() {
        let (op, offset) = item?;
        if let Operator::V128Const { value } = op {
            let bits = value.i128() as u128;
            ops.extend([bits as i64, (bits >> 64) as i64].map(ConstOp::I64Const));
            ops.push(ConstOp::V128Const);
            continue;
        }
        ops.push(match op {
            Operator::I32Const { value } => ConstOp::I32Const(value),
            Operator::I64Const { value } => ConstOp::I64Const(value),
            Operator::F32Const { value } => ConstOp::F32Const(value.bits()),
            Operator::F64Const { value } => ConstOp::F64Const(value.bits()),
            Operator::RefNull { hty } => {
                let ty = wasmparser::RefType::new(true, hty).ok_or_else(|| Error::new("unsupported type", offset))?;
                ConstOp::RefNull(ref_type(module, ty)?)
            }
            Operator::RefFunc { function_index } => ConstOp::RefFunc(FuncIdx(function_index)),
            Operator::GlobalGet { global_index } => ConstOp::GlobalGet(global_index),
            Operator::StructNew { struct_type_index } => ConstOp::StructNew(TypeIdx(struct_type_index)),
            Operator::StructNewDefault { struct_type_index } => ConstOp::StructNewDefault(TypeIdx(struct_type_index)),
            Operator::ArrayNew { array_type_index } => ConstOp::ArrayNew(TypeIdx(array_type_index)),
            Operator::ArrayNewDefault { array_type_index } => ConstOp::ArrayNewDefault(TypeIdx(array_type_index)),
            Operator::ArrayNewFixed { array_type_index, array_size } => {
                ConstOp::ArrayNewFixed(TypeIdx(array_type_index), array_size)
            }
            Operator::RefI31 => ConstOp::RefI31,
            // Their words are the same.
            Operator::AnyConvertExtern | Operator::ExternConvertAny => continue,
            Operator::I32Add => ConstOp::I32Add,
            Operator::I32Sub => ConstOp::I32Sub,
            Operator::I32Mul => ConstOp::I32Mul,
            Operator::I64Add => ConstOp::I64Add,
            Operator::I64Sub => ConstOp::I64Sub,
            Operator::I64Mul => ConstOp::I64Mul,
            Operator::End => continue,
            // wasmparser's enum may grow.
            _ => return Err(Error::new("unsupported instruction in a constant expression", offset)),
        });
    }
    Ok(ops)
}

fn address_type(is_64: bool) -> AddressType {
    if is_64 { AddressType::I64 } else { AddressType::I32 }
}

fn table_type(module: &Module, ty: &wasmparser::TableType) -> Result<TableType, Error> {
    let limits = Limits { min: ty.initial, max: ty.maximum };
    Ok(TableType { element: ref_type(module, ty.element_type)?, limits, address: address_type(ty.table64) })
}

fn memory_type(ty: &wasmparser::MemoryType) -> MemoryType {
    // Pages have 64 KiB or a byte, says the validator.
    let page_size_log2 = ty.page_size_log2.map_or(PAGE_BYTES.ilog2(), |log2| log2) as u8;
    let limits = Limits { min: ty.initial, max: ty.maximum };
    MemoryType { limits, address: address_type(ty.memory64), page_size_log2, shared: ty.shared }
}

fn global_type(module: &Module, ty: &wasmparser::GlobalType) -> Result<GlobalType, Error> {
    Ok(GlobalType { content: val_type(module, ty.content_type)?, mutable: ty.mutable })
}

/// An offset of the binary fits `usize`, since the binary does.
fn range(range: Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}
