//! Types of the WebAssembly specification (spec 2.3), as far as pirn supports them.

mod composite;
mod declare;
mod external;
mod reference;
mod tag;

pub use composite::{
    ArrayType, CompositeType, Declared, DefinedType, FieldType, KeepType, KnownType, StorageType, StructType, SubType,
};
pub use declare::{DeclareTypes, Finality};
pub use external::ExternType;
pub use reference::{HeapType, RefType, Subtyping};
pub use tag::TagType;

use crate::TypeId;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Bytes of one page of linear memory (spec 4.2.8).
pub const PAGE_BYTES: u64 = 65_536;

/// A value type (spec 2.3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit IEEE 754 float.
    F32,
    /// 64-bit IEEE 754 float.
    F64,
    /// 128-bit vector.
    V128,
    /// Reference.
    Ref(RefType),
}

impl ValType {
    /// `funcref`.
    pub const FUNCREF: Self = Self::Ref(RefType::FUNCREF);
    /// `externref`.
    pub const EXTERNREF: Self = Self::Ref(RefType::EXTERNREF);

    /// How many 64-bit words a value takes in frames, globals and lists of values.
    pub const fn words(self) -> usize {
        match self {
            Self::I32 | Self::I64 | Self::F32 | Self::F64 | Self::Ref(_) => 1,
            Self::V128 => 2,
        }
    }

    /// A number below 256 of its own.
    const fn number(self) -> u64 {
        match self {
            Self::I32 => 1,
            Self::I64 => 2,
            Self::F32 => 3,
            Self::F64 => 4,
            Self::V128 => 5,
            Self::Ref(ty) => 64 + ty.number(),
        }
    }

    /// The id of the concrete type that it refers to, if it does.
    pub const fn type_id(self) -> Option<TypeId> {
        match self {
            Self::Ref(ty) => ty.heap_type().type_id(),
            Self::I32 | Self::I64 | Self::F32 | Self::F64 | Self::V128 => None,
        }
    }

    /// Whether every value of this type is of type `wanted` (spec 3.3.6).
    pub fn matches(self, wanted: Self, types: &impl Subtyping) -> bool {
        match (self, wanted) {
            (Self::Ref(ty), Self::Ref(wanted)) => ty.matches(wanted, types),
            (Self::I32 | Self::I64 | Self::F32 | Self::F64 | Self::V128 | Self::Ref(_), _) => self == wanted,
        }
    }

    /// Whether it has a default (spec 3.2.6): whether it is not a reference that may not be null.
    pub const fn is_defaultable(self) -> bool {
        match self {
            Self::Ref(ty) => ty.is_nullable(),
            Self::I32 | Self::I64 | Self::F32 | Self::F64 | Self::V128 => true,
        }
    }

    /// The same with another name for a concrete type.
    #[must_use]
    pub fn rename(self, name: impl FnOnce(TypeId) -> TypeId) -> Self {
        match self {
            Self::Ref(ty) => Self::Ref(ty.rename(name)),
            Self::I32 | Self::I64 | Self::F32 | Self::F64 | Self::V128 => self,
        }
    }

    /// Whether this is a reference type.
    pub const fn is_ref(self) -> bool {
        matches!(self, Self::Ref(_))
    }

    /// Whether this is a number type (spec 2.3.1).
    pub const fn is_num(self) -> bool {
        matches!(self, Self::I32 | Self::I64 | Self::F32 | Self::F64)
    }

    /// Whether this is the vector type (spec 2.3.2).
    pub const fn is_vector(self) -> bool {
        matches!(self, Self::V128)
    }

    /// The reference type, if this is one.
    pub const fn as_ref(&self) -> Option<RefType> {
        if let Self::Ref(ty) = *self { Some(ty) } else { None }
    }

    /// As [`ValType::as_ref`], for those who know that it is one.
    ///
    /// # Panics
    /// It is none.
    #[track_caller]
    pub fn unwrap_ref(self) -> RefType {
        self.as_ref().unwrap_or_else(|| panic!("expected a reference type, found {self}"))
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32 => f.write_str("i32"),
            Self::I64 => f.write_str("i64"),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::V128 => f.write_str("v128"),
            Self::Ref(ty) => ty.fmt(f),
        }
    }
}

/// A function type: parameters and results (spec 2.3.6), and how it is declared, if that makes it another type than the one that
/// [`FuncType::new`] gives (spec 2.3.9): see [`FuncType::with_finality_and_supertype`].
///
/// What modules, functions and tags give keeps how it is declared, and keeps the type in the engine.
#[derive(Debug, Clone)]
pub struct FuncType {
    types: Box<[ValType]>,
    params: u16,
    /// Words of the parameters, and of the results.
    words: [u16; 2],
    /// Of the types of a [`crate::Module`], and of those in an engine, nothing is said here.
    declared: Declared,
}

impl PartialEq for FuncType {
    /// Whether it is the same type: two that are declared apart differ, also if their parameters and results are the same.
    fn eq(&self, other: &Self) -> bool {
        self.is_written_as(other) && self.declared == other.declared
    }
}

impl Eq for FuncType {}

impl FuncType {
    /// How many parameters a function may have, and how many results: as many as in modules.
    pub const MOST: usize = 1_000;

    /// The function type `[params] -> [results]`.
    ///
    /// # Panics
    /// There are more than [`FuncType::MOST`] parameters or results.
    pub fn new(params: impl IntoIterator<Item = ValType>, results: impl IntoIterator<Item = ValType>) -> Self {
        // What goes on for ever ends here, too.
        let params = params.into_iter().take(Self::MOST + 1);
        let results = results.into_iter().take(Self::MOST + 1);
        let mut types = Vec::with_capacity(params.size_hint().0 + results.size_hint().0);
        types.extend(params);
        let params = types.len();
        assert!(params <= Self::MOST, "a function type of more than {} parameters", Self::MOST);
        types.extend(results);
        assert!(types.len() - params <= Self::MOST, "a function type of more than {} results", Self::MOST);
        let words = |types: &[ValType]| types.iter().map(|ty| ty.words() as u16).sum();
        let words = [words(&types[..params]), words(&types[params..])];
        Self { types: types.into(), params: params as u16, words, declared: Declared::default() }
    }

    /// The parameter types.
    pub fn params(&self) -> &[ValType] {
        &self.types[..self.params as usize]
    }

    /// The result types.
    pub fn results(&self) -> &[ValType] {
        &self.types[self.params as usize..]
    }

    /// The type of parameter `i`, if there are so many.
    pub fn param(&self, i: usize) -> Option<ValType> {
        self.params().get(i).copied()
    }

    /// The type of result `i`, if there are so many.
    pub fn result(&self, i: usize) -> Option<ValType> {
        self.results().get(i).copied()
    }

    /// How many 64-bit words the parameters take: see [`ValType::words`].
    pub const fn param_words(&self) -> usize {
        self.words[0] as usize
    }

    /// How many 64-bit words the results take.
    pub const fn result_words(&self) -> usize {
        self.words[1] as usize
    }

    /// Parameters and results, one after the other.
    pub(crate) const fn types(&self) -> &[ValType] {
        &self.types
    }

    /// Whether it names types by their ids.
    pub fn names_types(&self) -> bool {
        self.types.iter().any(|ty| ty.type_id().is_some())
    }

    /// Gives the types that it names other names. It is declared nowhere then.
    pub fn rename(&mut self, mut name: impl FnMut(TypeId) -> TypeId) {
        self.declared = Declared::default();
        self.types.iter_mut().for_each(|ty| *ty = ty.rename(&mut name));
    }

    /// Whether parameters and results match those of `wanted` (spec 3.3.9), whatever the two are declared to be.
    pub fn matches(&self, wanted: &Self, types: &impl Subtyping) -> bool {
        let all = |sub: &[ValType], of: &[ValType]| {
            sub.len() == of.len() && sub.iter().zip(of).all(|(sub, of)| sub.matches(*of, types))
        };
        all(wanted.params(), self.params()) && all(self.results(), wanted.results())
    }
}

impl Hash for FuncType {
    /// Eight types a word: an engine hashes every type of every module. How it is declared does not count.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64((self.types.len() as u64) << 32 | u64::from(self.params));
        for types in self.types.chunks(8) {
            state.write_u64(types.iter().fold(0, |word, ty| word << 8 | ty.number()));
        }
        if self.types.iter().any(|ty| ty.is_ref()) {
            self.types.iter().filter_map(|ty| ty.type_id()).for_each(|id| state.write_u32(id.0));
        }
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, types: &[ValType]| {
            f.write_str("[")?;
            for (i, ty) in types.iter().enumerate() {
                write!(f, "{}{ty}", if i == 0 { "" } else { " " })?;
            }
            f.write_str("]")
        };
        list(f, self.params())?;
        f.write_str(" -> ")?;
        list(f, self.results())
    }
}

/// What addresses of a memory, or indices of a table, are (spec 2.3.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AddressType {
    /// 32-bit integers.
    #[default]
    I32,
    /// 64-bit integers.
    I64,
}

impl AddressType {
    /// The type of such a value.
    pub const fn val_type(self) -> ValType {
        match self {
            Self::I32 => ValType::I32,
            Self::I64 => ValType::I64,
        }
    }

    /// The smaller of two: that of the number of bytes or elements that are copied between the two.
    pub const fn min(self, other: Self) -> Self {
        match (self, other) {
            (Self::I64, Self::I64) => Self::I64,
            (Self::I32, _) | (_, Self::I32) => Self::I32,
        }
    }

    /// What the text format writes before limits.
    const fn prefix(self) -> &'static str {
        match self {
            Self::I32 => "",
            Self::I64 => "i64 ",
        }
    }
}

/// Bounds of a size: pages of a memory, elements of a table (spec 2.3.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Size at the beginning.
    pub min: u64,
    /// Largest size, if declared.
    pub max: Option<u64>,
}

impl Limits {
    /// Whether something of `size` now, declared with these limits, may stand where `wanted` is asked for
    /// (spec 3.2.8).
    pub fn matches(&self, size: u64, wanted: &Limits) -> bool {
        size >= wanted.min
            && match (self.max, wanted.max) {
                (_, None) => true,
                (Some(has), Some(wants)) => has <= wants,
                (None, Some(_)) => false,
            }
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{min {}", self.min)?;
        if let Some(max) = self.max {
            write!(f, ", max {max}")?;
        }
        f.write_str("}")
    }
}

/// A memory type (spec 2.3.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemoryType {
    /// In pages.
    pub limits: Limits,
    /// What its addresses are.
    pub address: AddressType,
    /// The logarithm of a page's size: 16 (pages of 64 KiB), or 0.
    pub page_size_log2: u8,
    /// Whether threads share it.
    pub shared: bool,
}

impl MemoryType {
    /// A memory of `min` pages of 64 KiB, with 32-bit addresses, that may grow to `max` pages.
    pub const fn new(min: u32, max: Option<u32>) -> Self {
        let max = match max {
            Some(max) => Some(max as u64),
            None => None,
        };
        Self { address: AddressType::I32, ..Self::new64(min as u64, max) }
    }

    /// A memory of `min` pages of 64 KiB, with 64-bit addresses, that may grow to `max` pages.
    pub const fn new64(min: u64, max: Option<u64>) -> Self {
        let page_size_log2 = PAGE_BYTES.ilog2() as u8;
        Self { limits: Limits { min, max }, address: AddressType::I64, page_size_log2, shared: false }
    }

    /// A memory that threads share, of `min` pages of 64 KiB, with 32-bit addresses, that may grow to `max` pages.
    pub const fn shared(min: u32, max: u32) -> Self {
        Self { shared: true, ..Self::new(min, Some(max)) }
    }

    /// The same with pages of this size.
    ///
    /// # Panics
    /// There are no such pages: they have 64 KiB, or one byte.
    pub const fn with_page_size(self, bytes: u64) -> Self {
        assert!(bytes == PAGE_BYTES || bytes == 1, "pages have 64 KiB, or one byte");
        Self { page_size_log2: bytes.ilog2() as u8, ..self }
    }

    /// Whether its addresses have 64 bits.
    pub const fn is_64(&self) -> bool {
        matches!(self.address, AddressType::I64)
    }

    /// Whether threads share it.
    pub const fn is_shared(&self) -> bool {
        self.shared
    }

    /// How many pages it has at least, or has now.
    pub const fn minimum(&self) -> u64 {
        self.limits.min
    }

    /// How many pages it may have at most, if that is declared.
    pub const fn maximum(&self) -> Option<u64> {
        self.limits.max
    }

    /// Bytes of a page, or as many as there are numbers for.
    pub const fn page_size(&self) -> u64 {
        // Types that are not valid can be asked, too.
        match 1_u64.checked_shl(self.page_size_log2 as u32) {
            Some(bytes) => bytes,
            None => u64::MAX,
        }
    }

    /// The logarithm of a page's size.
    pub const fn page_size_log2(&self) -> u8 {
        self.page_size_log2
    }

    /// Most pages there can be: all that an address names (spec 3.2.7).
    pub const fn most_pages(&self) -> u64 {
        match (self.address, self.page_size_log2) {
            (AddressType::I64, 0) => u64::MAX,
            (AddressType::I64, log2) => 1 << 64_u8.saturating_sub(log2),
            // What `memory.size` gives has 32 bits.
            (AddressType::I32, 0) => u32::MAX as u64,
            (AddressType::I32, log2) => 1 << 32_u8.saturating_sub(log2),
        }
    }

    /// The bytes of so many pages, or more than there are numbers for.
    pub const fn bytes(&self, pages: u64) -> u64 {
        pages.saturating_mul(self.page_size())
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.address.prefix(), self.limits)?;
        if self.page_size() != PAGE_BYTES {
            write!(f, " (pagesize {})", self.page_size())?;
        }
        if self.shared {
            f.write_str(" shared")?;
        }
        Ok(())
    }
}

/// A table type (spec 2.3.13); limits are in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TableType {
    /// Type of every element.
    pub element: RefType,
    /// In elements.
    pub limits: Limits,
    /// What its indices are.
    pub address: AddressType,
}

impl TableType {
    /// A table of `min` elements that may grow to `max` elements, with 32-bit indices.
    pub const fn new(element: RefType, min: u32, max: Option<u32>) -> Self {
        let max = match max {
            Some(max) => Some(max as u64),
            None => None,
        };
        Self { address: AddressType::I32, ..Self::new64(element, min as u64, max) }
    }

    /// A table of `min` elements that may grow to `max` elements, with 64-bit indices.
    pub const fn new64(element: RefType, min: u64, max: Option<u64>) -> Self {
        Self { element, limits: Limits { min, max }, address: AddressType::I64 }
    }

    /// Whether its indices have 64 bits.
    pub const fn is_64(&self) -> bool {
        matches!(self.address, AddressType::I64)
    }

    /// How many elements it has at least, or has now.
    pub const fn minimum(&self) -> u64 {
        self.limits.min
    }

    /// How many elements it may have at most, if that is declared.
    pub const fn maximum(&self) -> Option<u64> {
        self.limits.max
    }
}

impl fmt::Display for TableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{} {}", self.address.prefix(), self.limits, self.element)
    }
}

/// A global's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GlobalType {
    /// Type of the value.
    pub content: ValType,
    /// Whether `global.set` may change it.
    pub mutable: bool,
}

impl GlobalType {
    /// A global of type `content`.
    pub const fn new(content: ValType, mutable: bool) -> Self {
        Self { content, mutable }
    }
}
