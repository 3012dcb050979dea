//! Modules: parsed and validated once, instantiated any number of times, in any store of the engine, by any thread.
//!
//! Threaded code belongs to the module. Each function is lowered once, by whichever instance calls it first, and
//! shared from then on; a failure is remembered as well.

use crate::config::CompilationMode;
use crate::engine::Engine;
use crate::error::Result;
use pirn_decode::layout::{CodeHead, InstanceLayout};
use pirn_decode::module::ExternIndex;
use pirn_decode::{Code, ExternType, lower};
use pirn_exec::{LazyCode, first_cell};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// A validated WebAssembly module. Cloning is cheap and gives the same module.
#[derive(Clone)]
pub struct Module(Arc<Inner>);

struct Inner {
    engine: Engine,
    parsed: pirn_decode::Module,
    layout: InstanceLayout,
    /// By typeidx: the engine's id of the type.
    type_ids: Box<[u32]>,
    /// By funcidx without imports: what the functions run until they are lowered, and what then.
    lazy: Box<[LazyCode]>,
    code: Box<[OnceLock<Result<Code, pirn_decode::Error>>]>,
    exports: HashMap<Box<str>, ExternIndex>,
}

/// Something a module asks for (spec 2.5.11).
#[derive(Debug, Clone, Copy)]
pub struct ImportType<'module>(&'module pirn_decode::module::Import);

impl<'module> ImportType<'module> {
    /// Name of the module it is asked of.
    pub fn module(&self) -> &'module str {
        &self.0.module
    }

    /// Its name there.
    pub fn name(&self) -> &'module str {
        &self.0.name
    }

    /// What is asked for.
    pub fn ty(&self) -> &'module ExternType {
        &self.0.ty
    }
}

/// Something a module gives (spec 2.5.10).
#[derive(Debug, Clone, Copy)]
pub struct ExportType<'module> {
    module: &'module pirn_decode::Module,
    export: &'module pirn_decode::module::Export,
}

impl<'module> ExportType<'module> {
    /// Its name.
    pub fn name(&self) -> &'module str {
        &self.export.name
    }

    /// What it is.
    pub fn ty(&self) -> ExternType {
        extern_type(self.module, self.export.index)
    }
}

fn extern_type(module: &pirn_decode::Module, index: ExternIndex) -> ExternType {
    match index {
        ExternIndex::Func(i) => ExternType::Func(module.func_type(i).clone()),
        ExternIndex::Table(i) => ExternType::Table(module.tables[i as usize]),
        ExternIndex::Memory(i) => ExternType::Memory(module.memories[i as usize]),
        ExternIndex::Global(i) => ExternType::Global(module.globals[i as usize]),
    }
}

impl Module {
    /// Parses and validates a module. With the feature `wat` (on by default), `bytes` that do not begin with `\0asm`
    /// are read as the text format.
    ///
    /// # Errors
    /// The module is malformed, invalid, or needs a feature that pirn does not support; [`crate::Error::offset`] says
    /// where. With [`CompilationMode::Eager`] also: a function is too large to be lowered.
    pub fn new(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Self> {
        Self::load(engine, bytes.as_ref().into())
    }

    /// As [`Module::new`], but never reads the text format.
    ///
    /// # Errors
    /// As [`Module::new`].
    pub fn from_binary(engine: &Engine, binary: &[u8]) -> Result<Self> {
        Self::parse(engine, binary.into())
    }

    /// Takes text or a binary, and the latter without copying what is owned.
    fn load(engine: &Engine, bytes: Cow<'_, [u8]>) -> Result<Self> {
        #[cfg(feature = "wat")]
        if !bytes.starts_with(b"\0asm") {
            let binary = wat::parse_bytes(&bytes).map_err(crate::error::Error::new)?;
            return Self::parse(engine, binary.into());
        }
        Self::parse(engine, bytes.into())
    }

    fn parse(engine: &Engine, binary: Box<[u8]>) -> Result<Self> {
        let parsed = pirn_decode::Module::new(binary)?;
        let type_ids: Box<[u32]> = parsed.types.iter().map(|ty| engine.type_id(ty)).collect();
        let own_funcs = parsed.funcs.iter().zip(0..).skip(parsed.imported_funcs);
        let lazy = own_funcs.map(|(&typeidx, funcidx)| {
            let typeidx = typeidx as usize;
            LazyCode::new(CodeHead::new(funcidx, &parsed.types[typeidx], type_ids[typeidx]))
        });
        let module = Self(Arc::new(Inner {
            engine: engine.clone(),
            layout: InstanceLayout::of(&parsed),
            lazy: lazy.collect(),
            type_ids,
            code: parsed.bodies.iter().map(|_| OnceLock::new()).collect(),
            exports: parsed.exports.iter().map(|export| (export.name.clone(), export.index)).collect(),
            parsed,
        }));
        if engine.config().mode == CompilationMode::Eager {
            for funcidx in module.own_funcs() {
                module.code(funcidx)?;
            }
        }
        Ok(module)
    }

    /// As [`Module::new`], of a file's content.
    ///
    /// # Errors
    /// As [`Module::new`]; the file cannot be read.
    pub fn from_file(engine: &Engine, path: impl AsRef<Path>) -> Result<Self> {
        Self::load(engine, std::fs::read(path)?.into())
    }

    /// Validates a binary module and forgets it.
    ///
    /// # Errors
    /// As [`Module::new`].
    pub fn validate(_engine: &Engine, binary: &[u8]) -> Result<()> {
        pirn_decode::Module::new(binary)?;
        Ok(())
    }

    /// The engine it was made with.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// What it imports, in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        self.0.parsed.imports.iter().map(ImportType)
    }

    /// What it exports, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        self.0.parsed.exports.iter().map(|export| ExportType { module: &self.0.parsed, export })
    }

    /// Type of the export called `name`.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        self.export_index(name).map(|index| self.extern_type(index))
    }

    pub(crate) fn export_index(&self, name: &str) -> Option<ExternIndex> {
        self.0.exports.get(name).copied()
    }

    /// The type of what stands at `index`.
    pub(crate) fn extern_type(&self, index: ExternIndex) -> ExternType {
        extern_type(&self.0.parsed, index)
    }

    pub(crate) fn parsed(&self) -> &pirn_decode::Module {
        &self.0.parsed
    }

    pub(crate) fn layout(&self) -> InstanceLayout {
        self.0.layout
    }

    /// The engine's id of function `funcidx`'s type.
    pub(crate) fn type_id(&self, funcidx: u32) -> u32 {
        self.0.type_ids[self.0.parsed.funcs[funcidx as usize] as usize]
    }

    /// Funcidxs of the functions that are not imported.
    pub(crate) fn own_funcs(&self) -> impl ExactSizeIterator<Item = u32> + use<> {
        self.0.parsed.imported_funcs as u32..self.0.parsed.funcs.len() as u32
    }

    /// Where the code of function `funcidx` begins: its threaded code, if it has been lowered, or what lowers it. Both
    /// live as long as the module.
    pub(crate) fn first_cell(&self, funcidx: u32) -> *const u64 {
        let index = funcidx as usize - self.0.parsed.imported_funcs;
        match self.0.code[index].get() {
            Some(Ok(code)) => first_cell(code),
            _ => self.0.lazy[index].first_cell(),
        }
    }

    /// The threaded code of function `funcidx`, lowered now if it has not been. It lives as long as the module.
    pub(crate) fn code(&self, funcidx: u32) -> Result<&Code, pirn_decode::Error> {
        let inner = &*self.0;
        let lower = || {
            let config = inner.engine.config();
            let options = lower::Options { fuse: config.fuse, fuel: config.consume_fuel };
            lower(&inner.parsed, &inner.type_ids, funcidx, options, pirn_exec::target())
        };
        let code = inner.code[funcidx as usize - inner.parsed.imported_funcs].get_or_init(lower);
        code.as_ref().map_err(Clone::clone)
    }
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parsed = self.parsed();
        f.debug_struct("Module")
            .field("bytes", &parsed.bytes.len())
            .field("imports", &parsed.imports.len())
            .field("funcs", &parsed.funcs.len())
            .finish_non_exhaustive()
    }
}
