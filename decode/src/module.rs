//! A parsed and validated module: everything but the code, which stays in the bytes until [`crate::Lowering`] reads it.

mod check;
pub(crate) mod parse;
mod read;
pub(crate) mod types;

pub use crate::features::FEATURES;

use crate::{
    Error, ExternType, Features, FuncIdx, FuncType, GlobalType, MemoryType, ModuleLimits, RefType, SubType, TableType,
    TagType, TypeId, TypeIdx,
};
use std::ops::Range;

/// What a validated module declares. Index spaces begin with the imports, in order (spec 2.5.1).
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// The binary.
    pub bytes: Box<[u8]>,
    /// Types by typeidx.
    pub types: Vec<SubType>,
    /// By typeidx, how many types each is declared to be below; what is missing is below none.
    depths: Vec<u8>,
    /// The recursion groups that are more than one type which names no other, by typeidxs (spec 2.3.10).
    pub rec_groups: Vec<Range<u32>>,
    /// All names, one after the other: linking compares many, which had better lie close together.
    names: String,
    /// What an engine calls the types; empty before.
    type_names: Box<[TypeId]>,
    /// Imports in order.
    pub imports: Vec<Import>,
    /// Typeidx of every function.
    pub funcs: Vec<TypeIdx>,
    /// Every table's type.
    pub tables: Vec<TableType>,
    /// Every memory's type.
    pub memories: Vec<MemoryType>,
    /// Every global's type.
    pub globals: Vec<GlobalType>,
    /// Typeidx of every tag.
    pub tags: Vec<TypeIdx>,
    /// How many functions are imported.
    pub imported_funcs: usize,
    /// How many tables are imported.
    pub imported_tables: usize,
    /// How many memories are imported.
    pub imported_memories: usize,
    /// How many globals are imported.
    pub imported_globals: usize,
    /// How many tags are imported.
    pub imported_tags: usize,
    /// Initial values of the elements of tables, by tableidx, in order; null where there is none.
    pub table_inits: Vec<(u32, ConstExpr)>,
    /// Initial values of the globals that are not imported.
    pub global_inits: Vec<ConstExpr>,
    /// Exports in order.
    pub exports: Vec<Export>,
    /// The start function.
    pub start: Option<FuncIdx>,
    /// Element segments.
    pub elements: Vec<Element>,
    /// Data segments.
    pub data: Vec<Data>,
    /// Where the bodies of the functions that are not imported lie in `bytes` (locals and code, without the size).
    pub bodies: Vec<Range<usize>>,
}

/// A name of an import or export: see [`Module::name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    start: u32,
    len: u32,
}

impl Name {
    /// Its length in bytes.
    #[allow(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(self) -> usize {
        self.len as usize
    }
}

/// One import.
#[derive(Debug, Clone, Copy)]
pub struct Import {
    /// Name of the module it is asked of. The same [`Name`] as that of the import before, if they are equal.
    pub module: Name,
    /// Its name there.
    pub name: Name,
    /// Its place in the index spaces.
    pub index: ExternIndex,
}

/// An index into one of the index spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExternIndex {
    /// A funcidx.
    Func(FuncIdx),
    /// A tableidx.
    Table(u32),
    /// A memidx.
    Memory(u32),
    /// A globalidx.
    Global(u32),
    /// A tagidx.
    Tag(u32),
}

/// One export.
#[derive(Debug, Clone, Copy)]
pub struct Export {
    /// Its name.
    pub name: Name,
    /// What it is.
    pub index: ExternIndex,
}

/// One instruction of a constant expression (spec 3.3.10, with extended-const).
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the instructions of the same names")]
pub enum ConstOp {
    I32Const(i32),
    I64Const(i64),
    /// Bits.
    F32Const(u32),
    /// Bits.
    F64Const(u64),
    /// A vector of the two i64 before it, the low one first. (With its bits inside, every segment's expression would grow.)
    V128Const,
    /// A struct of type `typeidx`, of the values before it.
    StructNew(TypeIdx),
    StructNewDefault(TypeIdx),
    ArrayNew(TypeIdx),
    ArrayNewDefault(TypeIdx),
    /// An array of so many of the values before it.
    ArrayNewFixed(TypeIdx, u32),
    RefI31,
    RefNull(RefType),
    RefFunc(FuncIdx),
    GlobalGet(u32),
    I32Add,
    I32Sub,
    I32Mul,
    I64Add,
    I64Sub,
    I64Mul,
}

/// A constant expression in postfix order, without its `end`.
pub type ConstExpr = smallvec::SmallVec<[ConstOp; 1]>;

/// What happens with a segment at instantiation (spec 2.5.7).
#[derive(Debug, Clone)]
pub enum SegmentMode {
    /// Waits for `table.init` or `memory.init`.
    Passive,
    /// Copied at instantiation, then dropped.
    Active {
        /// Tableidx or memidx.
        index: u32,
        /// Where to.
        offset: ConstExpr,
    },
    /// Only declares functions for `ref.func`; dropped at once.
    Declared,
}

/// An element segment.
#[derive(Debug, Clone)]
pub struct Element {
    /// Type of its elements.
    pub ty: RefType,
    /// What happens with it.
    pub mode: SegmentMode,
    /// Its elements.
    pub items: ElementItems,
}

/// The elements of a segment.
#[derive(Debug, Clone)]
pub enum ElementItems {
    /// Funcidxs.
    Funcs(Box<[FuncIdx]>),
    /// Constant expressions.
    Exprs(Box<[ConstExpr]>),
}

impl ElementItems {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Funcs(funcs) => funcs.len(),
            Self::Exprs(exprs) => exprs.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What is done with the bodies of functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bodies {
    Validate,
    /// They are known to be valid.
    Skip,
}

/// A data segment.
#[derive(Debug, Clone)]
pub struct Data {
    /// What happens with it (never `Declared`).
    pub mode: SegmentMode,
    /// Where its bytes lie in [`Module::bytes`].
    pub bytes: Range<usize>,
}

impl Module {
    /// Parses and validates a binary module.
    ///
    /// # Errors
    /// The first thing that is malformed, invalid, or outside the supported features (WebAssembly 3.0, threads, custom page
    /// sizes, wide arithmetic and compact import sections), or a function whose frame passes [`crate::layout::MAX_FRAME_WORDS`]; with its
    /// offset.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Result<Self, Error> {
        Self::limited(bytes, &ModuleLimits::default(), Features::default())
    }

    /// As [`Module::new`], with limits, of the proposals that `features` allows.
    ///
    /// # Errors
    /// As [`Module::new`]; the module passes a limit, or uses a proposal that is not allowed.
    pub fn limited(bytes: impl Into<Box<[u8]>>, limits: &ModuleLimits, features: Features) -> Result<Self, Error> {
        parse::parse(bytes.into(), limits, features, Bodies::Validate)
    }

    /// As [`Module::limited`], of bytes that it has accepted before with the same limits and features: the bodies of functions
    /// are not looked at. Of other bytes, lowering may panic, and its code may do anything.
    ///
    /// # Errors
    /// As [`Module::limited`], of everything but the bodies.
    pub fn accepted(bytes: impl Into<Box<[u8]>>, limits: &ModuleLimits, features: Features) -> Result<Self, Error> {
        parse::parse(bytes.into(), limits, features, Bodies::Skip)
    }

    /// The text of a name of this module's.
    ///
    /// # Panics
    /// It is another module's, and no part of this one's names.
    pub fn name(&self, name: Name) -> &str {
        &self.names[name.start as usize..][..name.len as usize]
    }

    /// As [`Module::name`], in UTF-8: does not look at the text, whose first byte may be the only one in its line of memory
    /// that anybody wants.
    ///
    /// # Panics
    /// As [`Module::name`].
    #[inline]
    pub fn name_bytes(&self, name: Name) -> &[u8] {
        &self.names.as_bytes()[name.start as usize..][..name.len as usize]
    }

    /// Keeps a name.
    fn add_name(&mut self, text: &str, offset: u64) -> Result<Name, Error> {
        let too_long = |_| Error::new("more than 4 GiB of names of imports and exports", offset);
        let start = u32::try_from(self.names.len()).map_err(too_long)?;
        let len = u32::try_from(text.len()).map_err(too_long)?;
        self.names.push_str(text);
        Ok(Name { start, len })
    }

    /// The type of what stands at `index`.
    ///
    /// # Panics
    /// Nothing does.
    pub fn extern_type(&self, index: ExternIndex) -> ExternType {
        match index {
            ExternIndex::Func(i) => ExternType::Func(self.func_type(i).clone()),
            ExternIndex::Table(i) => ExternType::Table(self.tables[i as usize]),
            ExternIndex::Memory(i) => ExternType::Memory(self.memories[i as usize]),
            ExternIndex::Global(i) => ExternType::Global(self.globals[i as usize]),
            ExternIndex::Tag(i) => ExternType::Tag(TagType::new(self.tag_type(i).clone())),
        }
    }

    /// The type of function `funcidx`.
    ///
    /// # Panics
    /// There is no such function.
    #[inline]
    pub fn func_type(&self, funcidx: FuncIdx) -> &FuncType {
        self.signature(self.typeidx(funcidx))
    }

    /// The function type whose parameters exceptions of tag `tagidx` carry.
    ///
    /// # Panics
    /// There is no such tag.
    pub fn tag_type(&self, tagidx: u32) -> &FuncType {
        self.signature(self.tags[tagidx as usize])
    }

    /// The function type `typeidx`.
    ///
    /// # Panics
    /// There is no such type, or it is no function's.
    #[inline]
    pub fn signature(&self, typeidx: TypeIdx) -> &FuncType {
        self.types[typeidx.index()].as_func().expect("a function type")
    }

    /// How many types the type `typeidx` is declared to be below.
    pub fn depth(&self, typeidx: TypeIdx) -> u8 {
        self.depths.get(typeidx.index()).copied().unwrap_or(0)
    }

    /// Whether it defines types of structs or arrays.
    pub fn has_objects(&self) -> bool {
        // Such a type is in a group of its own.
        !self.rec_groups.is_empty() && self.types.iter().any(|ty| ty.composite.is_object())
    }

    /// What the elements of table `tableidx` begin with, if that is not null.
    pub fn table_init(&self, tableidx: u32) -> Option<&ConstExpr> {
        let place = self.table_inits.binary_search_by_key(&tableidx, |&(table, _)| table).ok()?;
        Some(&self.table_inits[place].1)
    }

    /// What the type is called that goes by a typeidx.
    pub(crate) fn type_name(&self, typeidx: TypeId) -> TypeId {
        self.type_names.get(typeidx.index()).copied().unwrap_or(typeidx)
    }

    /// Gives types the names that they have in an engine: by typeidx. Before, their names are their typeidxs.
    pub fn rename_types(&mut self, ids: &[TypeId]) {
        self.type_names = ids.into();
        let name = |id: TypeId| ids[id.index()];
        // Only types of groups name others. What has a type may name any.
        if !self.rec_groups.is_empty() {
            self.types.iter_mut().for_each(|ty| ty.rename(name));
        }
        self.tables.iter_mut().for_each(|ty| ty.element = ty.element.rename(name));
        self.globals.iter_mut().for_each(|ty| ty.content = ty.content.rename(name));
        self.elements.iter_mut().for_each(|element| element.ty = element.ty.rename(name));
    }

    /// The typeidx of function `funcidx`.
    ///
    /// # Panics
    /// There is no such function.
    #[inline]
    pub fn typeidx(&self, funcidx: FuncIdx) -> TypeIdx {
        self.funcs[funcidx.index()]
    }

    /// The functions that are not imported, in order.
    pub fn own_funcs(&self) -> impl ExactSizeIterator<Item = FuncIdx> + use<> {
        (self.imported_funcs as u32..self.funcs.len() as u32).map(FuncIdx)
    }

    /// The place of function `funcidx` among those that are not imported, as in [`Module::bodies`]; `None` if it is imported.
    #[inline]
    pub fn own(&self, funcidx: FuncIdx) -> Option<usize> {
        funcidx.index().checked_sub(self.imported_funcs)
    }

    /// Where the body of function `funcidx` lies in [`Module::bytes`].
    ///
    /// # Panics
    /// The module has no such function, or it is imported.
    pub fn body(&self, funcidx: FuncIdx) -> Range<usize> {
        self.bodies[self.own(funcidx).expect("the function is not imported")].clone()
    }
}
