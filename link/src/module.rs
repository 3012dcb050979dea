//! Modules: parsed and validated once, instantiated any number of times, in any store of the engine, by any thread.
//!
//! Threaded code belongs to the module. Each function is lowered once, by whichever instance calls it first, and
//! shared from then on; a failure is remembered as well.

mod exported;
mod exports_like;
mod not_wasm;
mod types;

pub(crate) use exported::{Exported, ExportedItem, ImportHash};
pub use types::{ExportType, ImportType};

use crate::engine::Engine;
use crate::engine::account::module_bytes;
use crate::engine::config::CompilationMode;
use crate::engine::types::TypeUse;
use crate::error::{Error, Result, format_err};
use crate::precompiled::{MAGIC, Stored};
use exported::{HEAD, exports, import_hashes};
use hashbrown::HashTable;
use pirn_decode::layout::{CodeHead, InstanceLayout};
use pirn_decode::module::ExternIndex;
use pirn_decode::{
    Arena, Code, CodeMap, CustomSection, ExternType, FuncIdx, FuncType, Lowered, Lowering, Names, Options, TagType,
    TypeId, TypeIdx,
};
use pirn_exec::{FrameAt, Handlers, Held, LazyCode, first_cell};
#[cfg(feature = "snapshot")]
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A validated WebAssembly module. Cloning is cheap and gives the same module.
#[derive(Clone)]
pub struct Module(Arc<Inner>);

struct Inner {
    engine: Engine,
    parsed: pirn_decode::Module,
    layout: InstanceLayout,
    /// By typeidx: the types in the engine.
    types: Vec<TypeUse>,
    /// Their ids, for lowering.
    type_ids: Box<[TypeId]>,
    /// By funcidx without imports: what the functions run until they are lowered (`lazy`), and after (`code`).
    lazy: Box<[LazyCode]>,
    code: Box<[OnceLock<Result<Code, pirn_decode::Error>>]>,
    /// Where code is read from that needs no lowering.
    stored: Option<Stored>,
    /// By import.
    import_hashes: Box<[ImportHash]>,
    /// By the hashes of their names.
    exports: HashTable<Exported>,
    /// Of the name section, read when somebody asks.
    names: OnceLock<Names>,
    #[cfg(feature = "snapshot")]
    hash: OnceLock<[u8; 32]>,
    #[cfg(feature = "addr2line")]
    dwarf: OnceLock<crate::dwarf::Dwarf>,
    copies: crate::copies::Copies,
    /// Where the code of functions begins, and their funcidxs: of those that are lowered, from when somebody asks first.
    places: OnceLock<Mutex<BTreeMap<usize, FuncIdx>>>,
    /// What all of this holds, without code.
    _held: Held,
    /// What code was lowered.
    held_code: Held,
}

impl Inner {
    /// The type of what stands at `index`.
    fn extern_type(&self, index: ExternIndex) -> ExternType {
        match index {
            ExternIndex::Func(funcidx) => ExternType::Func(self.kept_type(self.parsed.typeidx(funcidx))),
            ExternIndex::Tag(tagidx) => {
                ExternType::Tag(TagType::new(self.kept_type(self.parsed.tags[tagidx as usize])))
            }
            ExternIndex::Table(_) | ExternIndex::Memory(_) | ExternIndex::Global(_) => self.parsed.extern_type(index),
        }
    }

    /// A function type, which keeps itself in the engine, for longer than the module if need be.
    fn kept_type(&self, typeidx: TypeIdx) -> FuncType {
        self.engine.kept_type(self.parsed.signature(typeidx), &self.types[typeidx.index()])
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The code goes as well, and instances have it only with the module.
        for ty in self.types.drain(..) {
            self.engine.types().release(ty);
        }
    }
}

/// What an instance of a module takes: see [`Module::resources_required`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourcesRequired {
    /// How many memories.
    pub num_memories: u32,
    /// Pages that the one of them with the most begins with, each of whatever size its memory has; `None` without memories.
    pub max_initial_memory_size: Option<u64>,
    /// How many tables.
    pub num_tables: u32,
    /// Elements that the largest of them begins with; `None` without tables.
    pub max_initial_table_size: Option<u64>,
}

impl Module {
    /// Parses and validates a module. With the feature `wat` (on by default), `bytes` that do not begin with `\0asm`
    /// are read as the text format.
    ///
    /// The text format is for people. The crate `wat` reads it, which can take time quadratic in its size: 400 KB of nested
    /// blocks, each with a name and a branch to the outermost, took 0.12 s, and 4 MB took 11 s. For modules of strangers use
    /// [`Module::from_binary`], or limit text with [`crate::Config::max_text_size`].
    ///
    /// # Errors
    /// The module is malformed, invalid, or needs a feature that pirn does not support; a function's parameters, locals
    /// and operands are too large for a frame; it passes one of [`crate::Config::module_limits`]. [`crate::Error::offset`]
    /// says where. It is text, and longer than [`crate::Config::max_text_size`].
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
        if bytes.starts_with(MAGIC) {
            return Err(format_err!("not WebAssembly but a serialized module, which `Module::deserialize` loads"));
        }
        #[cfg(feature = "wat")]
        if !bytes.starts_with(not_wasm::BINARY) {
            let most = engine.config().text_size;
            if most == 0 {
                let error = not_wasm::explain(&bytes, false);
                return Err(error.unwrap_or_else(|| format_err!("not a binary module, and the engine takes no text")));
            }
            if let Some(error) = not_wasm::explain(&bytes, true) {
                return Err(error);
            }
            if bytes.len() > most {
                let bytes = bytes.len();
                return Err(format_err!("{bytes} bytes, not a binary module; the engine takes {most} bytes of text"));
            }
            let binary = wat::parse_bytes(&bytes).map_err(crate::error::Error::new)?;
            return Self::parse(engine, binary);
        }
        Self::parse(engine, bytes)
    }

    fn parse(engine: &Engine, binary: Cow<'_, [u8]>) -> Result<Self> {
        // Before what is borrowed is copied.
        engine.config().module_limits.check_size(binary.len())?;
        if let Some(error) = not_wasm::explain(&binary, false) {
            return Err(error);
        }
        let parsed = pirn_decode::Module::limited(binary, &engine.config().module_limits, engine.config().features)?;
        Self::of(engine, parsed, None)
    }

    /// Of a parsed module, with code that is stored for it.
    pub(crate) fn of(engine: &Engine, mut parsed: pirn_decode::Module, stored: Option<Stored>) -> Result<Self> {
        let types = engine.types().acquire_all(&parsed);
        let type_ids: Box<[TypeId]> = types.iter().map(|ty| ty.id()).collect();
        parsed.rename_types(&type_ids);
        let lazy = parsed.own_funcs().map(|funcidx| {
            let type_id = type_ids[parsed.typeidx(funcidx).index()];
            LazyCode::new(CodeHead::new(funcidx, parsed.func_type(funcidx), type_id))
        });
        let import_hashes = import_hashes(engine, &parsed);
        let exports = exports(engine, &parsed, &types);
        let per_func = size_of::<LazyCode>() + size_of::<OnceLock<Result<Code, pirn_decode::Error>>>();
        let bytes = module_bytes(&parsed, size_of::<ImportHash>(), per_func, size_of::<Exported>());
        // Of a module whose functions all get their code below, it is gone then.
        let is_lazy = engine.config().mode == CompilationMode::Lazy;
        let kept = stored.as_ref().filter(|_| is_lazy).map_or(0, Stored::bytes);
        let bytes = bytes + kept as u64;
        let mut module = Self(Arc::new(Inner {
            _held: Held::new(&engine.account().modules, bytes),
            held_code: Held::new(&engine.account().code, 0),
            engine: engine.clone(),
            layout: InstanceLayout::of(&parsed),
            lazy: lazy.collect(),
            types,
            type_ids,
            code: parsed.bodies.iter().map(|_| OnceLock::new()).collect(),
            stored,
            import_hashes,
            exports,
            names: OnceLock::new(),
            #[cfg(feature = "snapshot")]
            hash: OnceLock::new(),
            #[cfg(feature = "addr2line")]
            dwarf: OnceLock::new(),
            copies: Default::default(),
            places: OnceLock::new(),
            parsed,
        }));
        if engine.config().mode == CompilationMode::Eager {
            with_arena(|arena| {
                let mut lowering = module.lowering(arena);
                module.own_funcs().try_for_each(|funcidx| module.code_by(funcidx, &mut lowering).map(drop))
            })?;
            Arc::get_mut(&mut module.0).expect("nobody else has it yet").stored = None;
        }
        Ok(module)
    }

    /// Reads a file, and makes a module of its content as [`Module::new`] does.
    ///
    /// # Errors
    /// As [`Module::new`], or the file cannot be read.
    pub fn from_file(engine: &Engine, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let read = std::fs::read(path);
        let content =
            read.map_err(|error| Error::from(error).context(format_args!("cannot read {}", path.display())))?;
        Self::load(engine, content.into())
    }

    /// Validates a binary module and forgets it.
    ///
    /// # Errors
    /// As [`Module::new`].
    pub fn validate(engine: &Engine, binary: &[u8]) -> Result<()> {
        if let Some(error) = not_wasm::explain(binary, false) {
            return Err(error);
        }
        pirn_decode::Module::limited(binary, &engine.config().module_limits, engine.config().features)?;
        Ok(())
    }

    /// The engine's ids of types, by typeidx.
    pub(crate) fn type_ids(&self) -> &[TypeId] {
        &self.0.type_ids
    }

    /// Whether `a` and `b` are the same module: one is a clone of the other, not made of the same bytes another time.
    pub fn same(a: &Self, b: &Self) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    /// The engine it was made with.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// What the name section calls it, if that says so.
    pub fn name(&self) -> Option<&str> {
        self.names().module(&self.0.parsed)
    }

    /// What the name section calls function `funcidx`, if that says so.
    pub fn func_name(&self, funcidx: u32) -> Option<&str> {
        self.names().func(&self.0.parsed, FuncIdx(funcidx))
    }

    /// The name of the first export that is function `funcidx`.
    pub(crate) fn func_export_name(&self, funcidx: FuncIdx) -> Option<&str> {
        let parsed = &self.0.parsed;
        let export =
            parsed.exports.iter().find(|export| matches!(export.index, ExternIndex::Func(of) if of == funcidx))?;
        Some(parsed.name(export.name))
    }

    /// What the module exports, in the place of `name`, as the end of a sentence that says that it does not export this. For errors; no part of the
    /// API that versions promise.
    #[doc(hidden)]
    pub fn exports_like(&self, name: &str) -> String {
        exports_like::exports_like(&self.0.parsed, name)
    }

    fn names(&self) -> &Names {
        self.0.names.get_or_init(|| Names::of(&self.0.parsed))
    }

    /// Functions and lines of the source for the instruction at `offset` of the module's bytes.
    #[cfg(feature = "addr2line")]
    pub(crate) fn symbols(&self, offset: u64) -> Vec<crate::symbol::FrameSymbol> {
        let parsed = &self.0.parsed;
        let Some(offset) = parsed.code_section().and_then(|begin| offset.checked_sub(begin)) else { return Vec::new() };
        self.0.dwarf.get_or_init(|| crate::dwarf::Dwarf::of(parsed)).symbols(offset)
    }

    /// Its custom sections, in order (spec 5.5.3).
    pub fn custom_sections(&self) -> impl Iterator<Item = CustomSection<'_>> {
        self.0.parsed.custom_sections()
    }

    /// What every instance of it takes of its store, imports not counted.
    pub fn resources_required(&self) -> ResourcesRequired {
        let parsed = &self.0.parsed;
        let memories = &parsed.memories[parsed.imported_memories..];
        let tables = &parsed.tables[parsed.imported_tables..];
        ResourcesRequired {
            num_memories: memories.len() as u32,
            max_initial_memory_size: memories.iter().map(|memory| memory.limits.min).max(),
            num_tables: tables.len() as u32,
            max_initial_table_size: tables.iter().map(|table| table.limits.min).max(),
        }
    }

    /// What it imports, in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        self.0.parsed.imports.iter().map(|&import| ImportType { module: &self.0, import })
    }

    /// Its exports, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        self.0.parsed.exports.iter().map(|&export| ExportType { module: &self.0, export })
    }

    /// Type of the export called `name`.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        self.export_index(name).map(|index| self.extern_type(index))
    }

    pub(crate) fn export_index(&self, name: &str) -> Option<ExternIndex> {
        self.export_hashed(self.0.engine.hash(name), name.as_bytes()).map(|export| self.index_of(export))
    }

    /// As [`Module::export_index`], of a name whose hash is known.
    #[inline]
    pub(crate) fn export_hashed(&self, hash: u64, name: &[u8]) -> Option<&Exported> {
        self.0.exports.find(hash, |export| self.is_named(export, name))
    }

    /// Whether an export of this module is called `name`.
    #[inline]
    fn is_named(&self, export: &Exported, name: &[u8]) -> bool {
        let head = name.len().min(HEAD);
        export.name.len() == name.len()
            && export.head[..head] == name[..head]
            && (name.len() <= HEAD || self.0.parsed.name_bytes(export.name)[head..] == name[head..])
    }

    /// Where an export of this module stands.
    #[inline]
    pub(crate) fn index_of(&self, export: &Exported) -> ExternIndex {
        match export.item {
            ExportedItem::Own(index) => index,
            ExportedItem::Import(import) => self.0.parsed.imports[import as usize].index,
        }
    }

    /// Hashes of the imports' names, in order.
    pub(crate) fn import_hashes(&self) -> &[ImportHash] {
        &self.0.import_hashes
    }

    /// The type of what stands at `index`.
    pub(crate) fn extern_type(&self, index: ExternIndex) -> ExternType {
        self.0.extern_type(index)
    }

    /// The type of function `funcidx`, as the embedder has it.
    pub(crate) fn func_type(&self, funcidx: FuncIdx) -> FuncType {
        self.0.kept_type(self.0.parsed.typeidx(funcidx))
    }

    /// Function type `typeidx`, as the embedder has it, if the module defines that.
    #[cfg(feature = "snapshot")]
    pub(crate) fn func_type_at(&self, typeidx: TypeIdx) -> Option<FuncType> {
        self.0.parsed.types.get(typeidx.index())?.as_func()?;
        Some(self.0.kept_type(typeidx))
    }

    /// The type of tag `tagidx`, as the embedder has it.
    pub(crate) fn tag_type(&self, tagidx: u32) -> TagType {
        TagType::new(self.0.kept_type(self.0.parsed.tags[tagidx as usize]))
    }

    pub(crate) fn parsed(&self) -> &pirn_decode::Module {
        &self.0.parsed
    }

    pub(crate) fn layout(&self) -> InstanceLayout {
        self.0.layout
    }

    /// The id of function `funcidx`'s type.
    #[inline]
    pub(crate) fn type_id(&self, funcidx: FuncIdx) -> TypeId {
        self.0.types[self.0.parsed.typeidx(funcidx).index()].id()
    }

    /// The id of the function type of tag `tagidx`.
    pub(crate) fn tag_type_id(&self, tagidx: u32) -> TypeId {
        self.0.type_ids[self.0.parsed.tags[tagidx as usize].index()]
    }

    /// Whether function `funcidx` has a type that names no other and is below none.
    pub(crate) fn is_plain(&self, funcidx: FuncIdx) -> bool {
        self.0.parsed.types[self.0.parsed.typeidx(funcidx).index()].is_plain()
    }

    /// The functions that are not imported, in order.
    pub(crate) fn own_funcs(&self) -> impl ExactSizeIterator<Item = FuncIdx> + use<> {
        self.0.parsed.own_funcs()
    }

    /// The place of function `funcidx` among those that are not imported, as it must be one of them.
    fn own(&self, funcidx: FuncIdx) -> usize {
        self.0.parsed.own(funcidx).expect("the function is not imported")
    }

    /// Where the code of function `funcidx` begins: its threaded code, if it has been lowered, or what lowers it. Both
    /// live as long as the module.
    pub(crate) fn first_cell(&self, funcidx: FuncIdx) -> *const u64 {
        let index = self.own(funcidx);
        match self.0.code[index].get() {
            Some(Ok(code)) => first_cell(code),
            // What could not be lowered says so when it is called.
            Some(Err(_)) | None => self.0.lazy[index].first_cell(),
        }
    }

    /// The function whose threaded code is at `address`, how many bytes into it that is, and its head. For addresses in code
    /// that runs, which has been lowered.
    pub(crate) fn function_at(&self, address: usize) -> Option<(FuncIdx, usize, CodeHead)> {
        let (funcidx, code) = self.code_around(address)?;
        Some((funcidx, address - code.words().as_ptr().addr(), code.head()))
    }

    /// The function whose threaded code is at `address`, and that, for addresses as above.
    pub(crate) fn code_around(&self, address: usize) -> Option<(FuncIdx, &Code)> {
        let mut places = self.0.places.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        let found = |places: &BTreeMap<usize, FuncIdx>| {
            let (start, &funcidx) = places.range(..=address).next_back()?;
            let code = self.0.code[self.own(funcidx)].get()?.as_ref().ok()?;
            (address - start <= size_of_val(code.words())).then_some((funcidx, code))
        };
        found(&places).or_else(|| {
            // Nobody has asked yet, or the function was lowered just when somebody asked first.
            *places = self.lowered_code().map(|(funcidx, code)| (code.words().as_ptr().addr(), funcidx)).collect();
            found(&places)
        })
    }

    /// The functions that have been lowered, in order, and their threaded code.
    pub(crate) fn lowered_code(&self) -> impl Iterator<Item = (FuncIdx, &Code)> {
        self.own_funcs().zip(&self.0.code).filter_map(|(funcidx, code)| Some((funcidx, code.get()?.as_ref().ok()?)))
    }

    /// Offset in the module's bytes of what is `at` byte `position` of the code of function `funcidx`.
    pub(crate) fn offset_at(&self, funcidx: FuncIdx, position: usize, at: FrameAt) -> Option<u32> {
        let Inner { parsed, type_ids, .. } = &*self.0;
        let map = CodeMap::new(parsed, type_ids, funcidx, self.options(), pirn_exec::target()).ok()?;
        match at {
            FrameAt::Cell { place } => map.at_place(position, place.into()),
            FrameAt::Return => map.call_before(position),
        }
    }

    pub(crate) fn copies(&self) -> &crate::copies::Copies {
        &self.0.copies
    }

    /// The SHA-256 hash of its bytes, by which [snapshots](crate::Snapshot) name it. With feature `snapshot`.
    #[cfg(feature = "snapshot")]
    pub fn hash(&self) -> [u8; 32] {
        *self.0.hash.get_or_init(|| Sha256::digest(&self.0.parsed.bytes).into())
    }

    /// Where function `funcidx` stands still, for its code as it is lowered when it runs.
    pub(crate) fn lowered(&self, funcidx: FuncIdx) -> Lowered<'_, Handlers> {
        let Inner { parsed, type_ids, .. } = &*self.0;
        Lowered { module: parsed, type_ids, funcidx, options: self.options(), target: pirn_exec::target() }
    }

    /// The threaded code of function `funcidx`, lowered now if it has not been. It lives as long as the module.
    pub(crate) fn code(&self, funcidx: FuncIdx) -> Result<&Code, pirn_decode::Error> {
        with_arena(|arena| self.code_by(funcidx, &mut self.lowering(arena)))
    }

    /// As [`Module::code`], by a lowering of this module's.
    fn code_by(&self, funcidx: FuncIdx, lowering: &mut Lowering<'_, Handlers>) -> Result<&Code, pirn_decode::Error> {
        let index = self.own(funcidx);
        let lower = || {
            let code = match &self.0.stored {
                Some(stored) => stored.code(index, funcidx, &self.0.type_ids)?,
                None => lowering.lower(funcidx)?,
            };
            #[cfg(debug_assertions)]
            self.check(funcidx, code.head().frame_bytes);
            self.0.held_code.add(size_of_val(code.words()) as u64);
            if let Some(places) = self.0.places.get() {
                let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
                places.insert(code.words().as_ptr().addr(), funcidx);
            }
            Ok(code)
        };
        self.0.code[index].get_or_init(lower).as_ref().map_err(Clone::clone)
    }

    /// Checks that function `funcidx` is lowered to code that does what its body says, if neither that nor its frame is large.
    #[cfg(debug_assertions)]
    fn check(&self, funcidx: FuncIdx, frame_bytes: u32) {
        /// Without optimisation, larger ones take too long, and memory that tests of hostile modules count.
        const MOST_BYTES: usize = 4_096;
        let Inner { parsed, type_ids, .. } = &*self.0;
        let body = parsed.body(funcidx).len();
        if body > MOST_BYTES || frame_bytes as usize > MOST_BYTES {
            return;
        }
        let checker = pirn_exec::inspect::checker(parsed, type_ids, self.options());
        checker.function(funcidx).unwrap_or_else(|mistake| panic!("lowering makes wrong code: {mistake}"));
    }

    pub(crate) fn options(&self) -> Options {
        let config = self.0.engine.config();
        Options {
            fuse: config.fuse,
            fuel: config.consume_fuel,
            epochs: config.epoch_interruption,
            deterministic: config.deterministic,
        }
    }

    fn lowering<'a>(&'a self, arena: &'a mut Arena) -> Lowering<'a, Handlers> {
        Lowering::new(&self.0.parsed, &self.0.type_ids, self.options(), pirn_exec::target(), arena)
    }
}

/// Lends what lowering works in, of which each thread keeps one.
fn with_arena<R>(lower: impl FnOnce(&mut Arena) -> R) -> R {
    thread_local! {
        static KEPT: Cell<Arena> = Cell::default();
    }
    // A thread that ends has none any more.
    let mut arena = KEPT.try_with(Cell::take).unwrap_or_default();
    let result = lower(&mut arena);
    _ = KEPT.try_with(|kept| kept.set(arena));
    result
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
