//! Modules, section by section: written once more with other exports, or as they begin from now on.
//!
//! What says nothing of the state is copied as it is: types, imports, code, custom sections, each where it was. So functions keep their
//! numbers, and code its offsets, by which debugging information goes.

use super::scan::Scan;
use super::state::{Counts, State, name};
use anyhow::{Context, Result, bail, ensure};
use std::borrow::Cow;
use wasm_encoder::{
    ConstExpr, DataCountSection, DataSection, ElementSection, Elements, ExportKind, ExportSection, GlobalSection,
    HeapType, MemorySection, Module, RawSection, RefType, SectionId, TableSection, TableType, ValType,
};
use wasmparser::{DataKind, ElementItems, ElementKind, Export, ExternalKind, Operator, Parser, Payload, TypeRef};

/// Sections in the order in which a module has them.
const ORDER: [SectionId; 13] = [
    SectionId::Type,
    SectionId::Import,
    SectionId::Function,
    SectionId::Table,
    SectionId::Memory,
    SectionId::Tag,
    SectionId::Global,
    SectionId::Export,
    SectionId::Start,
    SectionId::Element,
    SectionId::DataCount,
    SectionId::Code,
    SectionId::Data,
];

/// A module, taken apart.
#[derive(Debug)]
pub struct Source<'a> {
    /// The sections' contents, as in [`ORDER`].
    sections: [Option<&'a [u8]>; ORDER.len()],
    /// Custom sections, each with its place among the others: how many of [`ORDER`] come before it.
    customs: Vec<(usize, &'a [u8])>,
    exports: Vec<Export<'a>>,
    tables: Vec<wasmparser::TableType>,
    memories: Vec<wasmparser::MemoryType>,
    globals: Vec<wasmparser::GlobalType>,
    /// Of passive segments, the bytes of the whole.
    data: Vec<Option<&'a [u8]>>,
    /// Of segments, and whether they are passive.
    elements: Vec<(Elements<'static>, bool)>,
    imported: Counts,
    own_funcs: u32,
    scan: Scan,
}

impl<'a> Source<'a> {
    /// # Errors
    /// It is no module, or has something that is not known here.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let mut this = Self {
            sections: [None; ORDER.len()],
            customs: Vec::new(),
            exports: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            data: Vec::new(),
            elements: Vec::new(),
            imported: Counts::default(),
            own_funcs: 0,
            scan: Scan::default(),
        };
        let mut place = 0;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            if let Some((id, range)) = payload.as_section() {
                let content = &bytes[range.start as usize..range.end as usize];
                match ORDER.iter().position(|&section| section as u8 == id) {
                    Some(at) => {
                        this.sections[at] = Some(content);
                        place = at + 1;
                    }
                    None => this.customs.push((place, content)),
                }
            }
            this.add(payload)?;
        }
        Ok(this)
    }

    fn add(&mut self, payload: Payload<'a>) -> Result<()> {
        match payload {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    match import.ty {
                        TypeRef::Func(_) | TypeRef::FuncExact(_) => self.imported.funcs += 1,
                        _ => bail!("it imports `{}::{}`: only functions can be imported", import.module, import.name),
                    }
                }
            }
            Payload::FunctionSection(funcs) => self.own_funcs = funcs.count(),
            Payload::TableSection(tables) => {
                for table in tables {
                    self.tables.push(table?.ty);
                }
            }
            Payload::MemorySection(memories) => {
                self.memories = memories.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    self.globals.push(global?.ty);
                }
            }
            Payload::ExportSection(exports) => self.exports = exports.into_iter().collect::<Result<_, _>>()?,
            Payload::DataSection(segments) => {
                for segment in segments {
                    let segment = segment?;
                    let is_passive = matches!(segment.kind, DataKind::Passive);
                    self.data.push(is_passive.then_some(segment.data));
                }
            }
            Payload::ElementSection(segments) => {
                for segment in segments {
                    let segment = segment?;
                    let is_passive = matches!(segment.kind, ElementKind::Passive);
                    self.elements.push((element(segment.items, is_passive)?, is_passive));
                }
            }
            Payload::CodeSectionEntry(body) => self.scan.add(&body)?,
            _ => {}
        }
        Ok(())
    }

    /// How many there are of each kind.
    pub fn counts(&self) -> Counts {
        Counts {
            funcs: self.imported.funcs + self.own_funcs,
            tables: self.tables.len() as u32,
            memories: self.memories.len() as u32,
            globals: self.globals.len() as u32,
            data: if self.scan.data { self.data.len() } else { 0 },
            elements: if self.scan.elements { self.elements.len() } else { 0 }
                + usize::from(!self.scan.funcs.is_empty()),
        }
    }

    /// The module, which exports everything besides under names of its own, and what they begin with.
    ///
    /// # Errors
    /// None: for those that write sections.
    pub fn with_all_exported(&self) -> Result<(Vec<u8>, String)> {
        let mut prefix = String::from("pirn.snapshot.");
        while self.exports.iter().any(|export| export.name.starts_with(&prefix)) {
            prefix.push('_');
        }
        let mut exports = ExportSection::new();
        for export in &self.exports {
            exports.export(export.name, kind(export.kind)?, export.index);
        }
        let counts = self.counts();
        let all = [
            ("f", ExportKind::Func, counts.funcs),
            ("t", ExportKind::Table, counts.tables),
            ("m", ExportKind::Memory, counts.memories),
            ("g", ExportKind::Global, counts.globals),
        ];
        for (letter, kind, count) in all {
            for index in 0..count {
                exports.export(&name(&prefix, letter, index), kind, index);
            }
        }
        let bytes = self.sections_by(|module, section, content| {
            match (section, content) {
                (SectionId::Export, _) => section_if(module, true, &exports),
                (_, Some(data)) => section_if(module, true, &RawSection { id: section as u8, data }),
                (_, None) => {}
            }
            Ok(())
        })?;
        Ok((bytes, prefix))
    }

    /// A module of the sections that `write` writes, and the custom ones.
    fn sections_by(
        &self,
        mut write: impl FnMut(&mut Module, SectionId, Option<&[u8]>) -> Result<()>,
    ) -> Result<Vec<u8>> {
        let mut module = Module::new();
        for (at, section) in ORDER.into_iter().enumerate() {
            self.write_customs(&mut module, at);
            write(&mut module, section, self.sections[at])?;
        }
        self.write_customs(&mut module, ORDER.len());
        Ok(module.finish())
    }

    fn write_customs(&self, module: &mut Module, place: usize) {
        for (_, data) in self.customs.iter().filter(|(at, _)| *at == place) {
            module.section(&RawSection { id: SectionId::Custom as u8, data });
        }
    }

    /// The module that begins with this state, without the exports for which `is_removed` says so, and with others renamed.
    ///
    /// # Errors
    /// What is renamed is not there; something has a type that is not known here.
    pub fn write(
        &self,
        state: &State,
        is_removed: &dyn Fn(&str) -> bool,
        renamed: &[(String, String)],
    ) -> Result<Vec<u8>> {
        let exports = self.exports(is_removed, renamed)?;
        let data = self.data(state);
        self.sections_by(|module, section, content| {
            match section {
                SectionId::Table => section_if(module, !self.tables.is_empty(), &self.tables(state)?),
                SectionId::Memory => section_if(module, !self.memories.is_empty(), &self.memories(state)),
                SectionId::Global => section_if(module, !self.globals.is_empty(), &self.globals(state)?),
                SectionId::Export => section_if(module, !exports.is_empty(), &exports),
                // It was called.
                SectionId::Start => {}
                SectionId::Element => {
                    let elements = self.elements(state)?;
                    section_if(module, !elements.is_empty(), &elements);
                }
                // Code needs it that refers to segments.
                SectionId::DataCount => section_if(module, self.scan.data, &DataCountSection { count: data.len() }),
                SectionId::Data => section_if(module, !data.is_empty(), &data),
                SectionId::Type
                | SectionId::Import
                | SectionId::Function
                | SectionId::Tag
                | SectionId::Code
                | SectionId::Custom => {
                    if let Some(data) = content {
                        module.section(&RawSection { id: section as u8, data });
                    }
                }
            }
            Ok(())
        })
    }

    fn exports(&self, is_removed: &dyn Fn(&str) -> bool, renamed: &[(String, String)]) -> Result<ExportSection> {
        for (_, from) in renamed {
            ensure!(
                self.exports.iter().any(|export| export.name == from),
                "no export `{from}`, which is to be renamed"
            );
        }
        let mut exports = ExportSection::new();
        for export in &self.exports {
            // What another one takes the name of is gone.
            let is_replaced = renamed.iter().any(|(to, _)| to == export.name);
            let name = match renamed.iter().find(|(_, from)| from == export.name) {
                Some((to, _)) => to,
                None if is_replaced || is_removed(export.name) => continue,
                None => export.name,
            };
            exports.export(name, kind(export.kind)?, export.index);
        }
        Ok(exports)
    }

    fn tables(&self, state: &State) -> Result<TableSection> {
        let mut section = TableSection::new();
        for (ty, table) in self.tables.iter().zip(&state.tables) {
            let written = TableType {
                element_type: ref_type(ty.element_type)?,
                table64: ty.table64,
                minimum: table.size,
                maximum: ty.maximum,
                shared: ty.shared,
            };
            if ty.element_type.is_nullable() {
                section.table(written);
                continue;
            }
            // What it begins with is overwritten, but has to be something.
            let first = table.runs.first().and_then(|(_, funcs)| *funcs.first()?);
            let first =
                first.with_context(|| format!("an empty table of type {} cannot be written", ty.element_type))?;
            section.table_with_init(written, &ConstExpr::ref_func(first));
        }
        Ok(section)
    }

    fn memories(&self, state: &State) -> MemorySection {
        let mut section = MemorySection::new();
        for (ty, memory) in self.memories.iter().zip(&state.memories) {
            section.memory(wasm_encoder::MemoryType {
                minimum: memory.pages,
                maximum: ty.maximum,
                memory64: ty.memory64,
                shared: ty.shared,
                page_size_log2: ty.page_size_log2,
            });
        }
        section
    }

    fn globals(&self, state: &State) -> Result<GlobalSection> {
        let mut section = GlobalSection::new();
        for (ty, value) in self.globals.iter().zip(&state.globals) {
            let mut null = None;
            let val_type = match ty.content_type {
                wasmparser::ValType::I32 => ValType::I32,
                wasmparser::ValType::I64 => ValType::I64,
                wasmparser::ValType::F32 => ValType::F32,
                wasmparser::ValType::F64 => ValType::F64,
                wasmparser::ValType::V128 => ValType::V128,
                wasmparser::ValType::Ref(ty) => {
                    let ty = ref_type(ty)?;
                    null = Some(ConstExpr::ref_null(ty.heap_type));
                    ValType::Ref(ty)
                }
            };
            let value = value.as_ref().or(null.as_ref()).expect("numbers are not null");
            let ty = wasm_encoder::GlobalType { val_type, mutable: ty.mutable, shared: ty.shared };
            section.global(ty, value);
        }
        Ok(section)
    }

    /// The content of tables, behind segments that code may refer to.
    fn elements(&self, state: &State) -> Result<ElementSection> {
        let mut section = ElementSection::new();
        if self.scan.elements {
            for ((elements, is_passive), dropped) in self.elements.iter().zip(&state.elements_dropped) {
                let is_kept = *is_passive && !dropped;
                section.passive(if is_kept { elements.clone() } else { without(elements) });
            }
        }
        for (index, (ty, table)) in (0..).zip(self.tables.iter().zip(&state.tables)) {
            for (start, funcs) in &table.runs {
                // The first table without its number is what all engines know.
                let number = (index > 0).then_some(index);
                let element = ref_type(ty.element_type)?;
                let all: Option<Vec<u32>> = funcs.iter().copied().collect();
                let funcs = match all {
                    Some(funcs) if element == RefType::FUNCREF => Elements::Functions(funcs.into()),
                    _ => {
                        let null = || ConstExpr::ref_null(element.heap_type);
                        let expression = |func: &Option<u32>| func.map_or_else(null, ConstExpr::ref_func);
                        Elements::Expressions(element, funcs.iter().map(expression).collect())
                    }
                };
                section.active(number, &offset(*start, ty.table64), funcs);
            }
        }
        if !self.scan.funcs.is_empty() {
            let funcs = self.scan.funcs.iter().copied().collect::<Vec<_>>();
            section.declared(Elements::Functions(funcs.into()));
        }
        Ok(section)
    }

    /// The content of memories, behind segments that code may refer to.
    fn data(&self, state: &State) -> DataSection {
        let mut section = DataSection::new();
        if self.scan.data {
            for (kept, dropped) in self.data.iter().zip(&state.data_dropped) {
                section.passive(kept.filter(|_| !dropped).unwrap_or_default().iter().copied());
            }
        }
        for (index, (ty, memory)) in (0..).zip(self.memories.iter().zip(&state.memories)) {
            for (start, bytes) in &memory.runs {
                section.active(index, &offset(*start, ty.memory64), bytes.iter().copied());
            }
        }
        section
    }
}

/// Writes a section if there is something in it.
fn section_if(module: &mut Module, is_there: bool, section: &impl wasm_encoder::Section) {
    if is_there {
        module.section(section);
    }
}

/// An expression that gives an address or index.
fn offset(at: u64, is_64: bool) -> ConstExpr {
    if is_64 { ConstExpr::i64_const(at as i64) } else { ConstExpr::i32_const(at as u32 as i32) }
}

fn kind(kind: ExternalKind) -> Result<ExportKind> {
    Ok(match kind {
        ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        ExternalKind::Tag => ExportKind::Tag,
    })
}

fn ref_type(ty: wasmparser::RefType) -> Result<RefType> {
    use wasmparser::{AbstractHeapType, HeapType as Parsed, UnpackedIndex};
    let heap_type = match ty.heap_type() {
        Parsed::Abstract { shared: false, ty: AbstractHeapType::Func } => HeapType::FUNC,
        Parsed::Abstract { shared: false, ty: AbstractHeapType::Extern } => HeapType::EXTERN,
        Parsed::Concrete(UnpackedIndex::Module(index)) => HeapType::Concrete(index),
        _ => bail!("it has something of type {ty}, which is not known here"),
    };
    Ok(RefType { nullable: ty.is_nullable(), heap_type })
}

/// What is in an element segment; of one that is not kept, at least the type.
fn element(items: ElementItems<'_>, is_kept: bool) -> Result<Elements<'static>> {
    match items {
        ElementItems::Functions(funcs) => {
            let funcs = funcs.into_iter().collect::<Result<Vec<_>, _>>()?;
            Ok(Elements::Functions(funcs.into()))
        }
        ElementItems::Expressions(ty, expressions) => {
            let ty = ref_type(ty)?;
            let mut all = Vec::new();
            for expression in expressions {
                let mut operators = expression?.get_operators_reader().into_iter();
                all.push(match operators.next().context("an expression is empty")?? {
                    Operator::RefFunc { function_index } => ConstExpr::ref_func(function_index),
                    Operator::RefNull { .. } => ConstExpr::ref_null(ty.heap_type),
                    _ if !is_kept => break,
                    other => bail!("an element segment has an expression that is not known here: {other:?}"),
                });
            }
            Ok(Elements::Expressions(ty, all.into()))
        }
    }
}

/// None, of the same type.
fn without(elements: &Elements<'_>) -> Elements<'static> {
    match elements {
        Elements::Functions(_) => Elements::Functions(Cow::Borrowed(&[])),
        Elements::Expressions(ty, _) => Elements::Expressions(*ty, Cow::Borrowed(&[])),
    }
}
