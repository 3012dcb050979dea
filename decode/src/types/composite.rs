//! Types that modules define (spec 2.3.7 to 2.3.10): functions, structs, arrays, and what they are declared to be below; and what an engine
//! knows of them.

use super::{FuncType, Subtyping, ValType};
use crate::TypeId;
use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What a field holds (spec 2.3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StorageType {
    /// An integer of 8 bits.
    I8,
    /// An integer of 16 bits.
    I16,
    /// A value.
    ValType(ValType),
}

impl StorageType {
    /// How many bytes it takes; a reference takes 8.
    pub const fn bytes(self) -> u32 {
        match self {
            Self::I8 => 1,
            Self::I16 => 2,
            Self::ValType(ValType::I32 | ValType::F32) => 4,
            Self::ValType(ValType::I64 | ValType::F64 | ValType::Ref(_)) => 8,
            Self::ValType(ValType::V128) => 16,
        }
    }

    /// The type of the values that are read from it and written to it (spec 2.3.7).
    pub const fn unpack(self) -> ValType {
        match self {
            Self::I8 | Self::I16 => ValType::I32,
            Self::ValType(ty) => ty,
        }
    }
}

impl fmt::Display for StorageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I8 => f.write_str("i8"),
            Self::I16 => f.write_str("i16"),
            Self::ValType(ty) => ty.fmt(f),
        }
    }
}

/// A field of a struct, or what an array has many of (spec 2.3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FieldType {
    /// What it holds.
    pub element_type: StorageType,
    /// Whether it may change.
    pub mutable: bool,
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mutable { write!(f, "(mut {})", self.element_type) } else { self.element_type.fmt(f) }
    }
}

impl FieldType {
    /// A field of this type.
    pub const fn new(element_type: StorageType, mutable: bool) -> Self {
        Self { element_type, mutable }
    }

    /// Whether such a field may stand where `wanted` is asked for (spec 3.3.11): one that may change is both read and written.
    pub fn matches(self, wanted: Self, types: &impl Subtyping) -> bool {
        match (self.element_type, wanted.element_type) {
            _ if self.mutable != wanted.mutable => false,
            (StorageType::ValType(ty), StorageType::ValType(wanted)) => {
                ty.matches(wanted, types) && (!self.mutable || wanted.matches(ty, types))
            }
            (StorageType::I8 | StorageType::I16 | StorageType::ValType(_), _) => {
                self.element_type == wanted.element_type
            }
        }
    }
}

/// A struct type (spec 2.3.7), and how it is declared, if it was taken from an engine: see [`StructType::with_finality_and_supertype`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StructType {
    pub(super) fields: Box<[FieldType]>,
    /// At how many words behind the first field each ends.
    pub(super) ends: Box<[u32]>,
    pub(super) declared: Declared,
}

impl StructType {
    /// Its fields, in order.
    pub const fn fields(&self) -> &[FieldType] {
        &self.fields
    }

    /// How many words its first fields take, so many.
    ///
    /// # Panics
    /// There are fewer.
    pub(crate) fn words_of(&self, fields: usize) -> u32 {
        fields.checked_sub(1).map_or(0, |last| self.ends[last])
    }

    /// Whether such a struct has the fields of `wanted` (spec 3.3.11), whatever the two are declared to be.
    pub fn matches(&self, wanted: &Self, types: &impl Subtyping) -> bool {
        let mut pairs = self.fields.iter().zip(&wanted.fields);
        self.fields.len() >= wanted.fields.len() && pairs.all(|(field, wanted)| field.matches(*wanted, types))
    }
}

/// An array type (spec 2.3.7), and how it is declared, if it was taken from an engine: see [`ArrayType::with_finality_and_supertype`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArrayType {
    pub(super) field: FieldType,
    pub(super) declared: Declared,
}

impl ArrayType {
    /// What its elements are.
    pub const fn field_type(&self) -> FieldType {
        self.field
    }

    /// Whether elements of such an array are those of `wanted` (spec 3.3.11), whatever the two are declared to be.
    pub fn matches(&self, wanted: &Self, types: &impl Subtyping) -> bool {
        self.field.matches(wanted.field, types)
    }
}

/// What a type is made of (spec 2.3.8).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CompositeType {
    /// A function.
    Func(FuncType),
    /// A struct.
    Struct(StructType),
    /// An array.
    Array(ArrayType),
}

impl CompositeType {
    /// Whether a type that is made of this may be declared below one that is made of `wanted` (spec 3.3.11).
    pub fn matches(&self, wanted: &Self, types: &impl Subtyping) -> bool {
        match (self, wanted) {
            (Self::Func(ty), Self::Func(wanted)) => ty.matches(wanted, types),
            (Self::Struct(ty), Self::Struct(wanted)) => ty.matches(wanted, types),
            (Self::Array(ty), Self::Array(wanted)) => ty.matches(wanted, types),
            (Self::Func(_) | Self::Struct(_) | Self::Array(_), _) => false,
        }
    }
}

impl fmt::Display for CompositeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Func(ty) => write!(f, "func {ty}"),
            Self::Struct(ty) => {
                f.write_str("struct")?;
                ty.fields.iter().try_for_each(|field| write!(f, " (field {field})"))
            }
            Self::Array(ty) => write!(f, "array {}", ty.field),
        }
    }
}

/// A type that a module defines (spec 2.3.9).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubType {
    /// What it is made of.
    pub composite: CompositeType,
    /// What it is declared to be below.
    pub supertype: Option<TypeId>,
    /// Whether nothing may be declared below it.
    pub is_final: bool,
}

impl From<FuncType> for SubType {
    fn from(ty: FuncType) -> Self {
        Self { composite: CompositeType::Func(ty), supertype: None, is_final: true }
    }
}

impl SubType {
    /// The function type, if it is one.
    pub const fn as_func(&self) -> Option<&FuncType> {
        if let CompositeType::Func(ty) = &self.composite { Some(ty) } else { None }
    }

    /// The struct type, if it is one.
    pub const fn as_struct(&self) -> Option<&StructType> {
        if let CompositeType::Struct(ty) = &self.composite { Some(ty) } else { None }
    }

    /// The array type, if it is one.
    pub const fn as_array(&self) -> Option<&ArrayType> {
        if let CompositeType::Array(ty) = &self.composite { Some(ty) } else { None }
    }

    /// Whether it is a function type as they were before there were others: final, below nothing, and naming no other.
    pub fn is_plain(&self) -> bool {
        self.is_final && self.supertype.is_none() && self.as_func().is_some_and(|ty| !ty.names_types())
    }

    /// The types of its parameters and results, or of its fields.
    pub fn values(&self) -> impl Iterator<Item = ValType> {
        let (func, fields) = match &self.composite {
            CompositeType::Func(ty) => (ty.types(), &[] as &[FieldType]),
            CompositeType::Struct(ty) => (&[] as &[ValType], &ty.fields[..]),
            CompositeType::Array(ty) => (&[] as &[ValType], std::slice::from_ref(&ty.field)),
        };
        func.iter().copied().chain(fields.iter().map(|field| field.element_type.unpack()))
    }

    /// The types that it names.
    pub fn named(&self) -> impl Iterator<Item = TypeId> {
        self.supertype.into_iter().chain(self.values().filter_map(ValType::type_id))
    }

    /// Gives the types that it names other names. It is declared nowhere then.
    pub fn rename(&mut self, mut name: impl FnMut(TypeId) -> TypeId) {
        let field = |field: &mut FieldType, name: &mut dyn FnMut(TypeId) -> TypeId| {
            if let StorageType::ValType(ty) = &mut field.element_type {
                *ty = ty.rename(name);
            }
        };
        match &mut self.composite {
            CompositeType::Func(ty) => ty.rename(&mut name),
            CompositeType::Struct(ty) => {
                ty.declared = Declared::default();
                ty.fields.iter_mut().for_each(|item| field(item, &mut name));
            }
            CompositeType::Array(ty) => {
                ty.declared = Declared::default();
                field(&mut ty.field, &mut name);
            }
        }
        self.supertype = self.supertype.map(name);
    }
}

/// A type as an engine knows it: it names others by their ids.
#[derive(Debug)]
pub struct DefinedType {
    /// Its own id.
    pub id: TypeId,
    /// What it is.
    pub ty: SubType,
    /// What it is below, from the one that is below nothing to itself.
    pub supertypes: Box<[TypeId]>,
}

impl DefinedType {
    /// A type with its id, below `supertypes`, the last of which is itself.
    pub fn new(id: TypeId, ty: SubType, supertypes: Vec<TypeId>) -> Self {
        Self { id, ty, supertypes: supertypes.into() }
    }

    /// Whether it is below `of`, or is it.
    pub fn is_below(&self, of: TypeId) -> bool {
        // There are at most 64 (spec 7.1.2); the last are asked for most.
        self.supertypes.iter().rev().any(|&id| id == of)
    }
}

/// Keeps a type in its engine until it is dropped.
pub trait KeepType: Any + Send + Sync {
    /// The type it is declared below.
    fn supertype(&self) -> Option<KnownType>;
}

/// What an engine knows of a type.
pub struct KnownType {
    pub(super) definition: Arc<DefinedType>,
    engine: usize,
    pub(super) is_declared: bool,
    pub(super) keeper: Box<dyn KeepType>,
}

impl KnownType {
    /// What the engine knows that has this number, which is no other's as long as `keeper` is there. `is_declared` says whether the
    /// type is another one than the type that is written the same, is final, below nothing, and in a recursion group by itself.
    pub fn new(definition: Arc<DefinedType>, engine: usize, is_declared: bool, keeper: Box<dyn KeepType>) -> Self {
        Self { definition, engine, is_declared, keeper }
    }

    /// What keeps it in the engine.
    pub fn keeper(&self) -> &dyn Any {
        &*self.keeper
    }

    /// Its id in its engine.
    pub fn id(&self) -> TypeId {
        self.definition.id
    }

    /// What it is, below what, and whether it is final.
    pub fn definition(&self) -> &Arc<DefinedType> {
        &self.definition
    }
}

impl fmt::Debug for KnownType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownType")
            .field("id", &self.id())
            .field("is_declared", &self.is_declared)
            .finish_non_exhaustive()
    }
}

/// How a type is declared, if it was taken from an engine, which keeps it then. A type of which nothing is said is final, below nothing, and in a
/// recursion group by itself.
#[derive(Debug, Clone, Default)]
pub struct Declared(Option<Arc<KnownType>>);

impl Declared {
    /// What an engine knows of it, if it was taken from one.
    pub fn as_known(&self) -> Option<&KnownType> {
        self.0.as_deref()
    }

    /// Whether no type may be declared below it.
    pub(super) fn is_final(&self) -> bool {
        self.0.as_ref().is_none_or(|known| known.definition.ty.is_final)
    }

    /// What tells it from all types that are written the same: the number of its engine, and its id there.
    pub(super) fn declaration(&self) -> Option<(usize, TypeId)> {
        self.0.as_ref().filter(|known| known.is_declared).map(|known| (known.engine, known.id()))
    }
}

impl PartialEq for Declared {
    fn eq(&self, other: &Self) -> bool {
        // Names say something in their engine alone.
        let differ = |one: &KnownType, other: &KnownType| {
            one.engine != other.engine && one.definition.ty.named().next().is_some()
        };
        self.declaration() == other.declaration()
            && !self.as_known().zip(other.as_known()).is_some_and(|(one, other)| differ(one, other))
    }
}

impl Eq for Declared {}

impl Hash for Declared {
    /// How a type is declared does not count: those that are written the same are few.
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl From<KnownType> for Declared {
    fn from(known: KnownType) -> Self {
        Self(Some(Arc::new(known)))
    }
}

impl fmt::Display for SubType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_final {
            f.write_str("sub ")?;
        }
        if let Some(supertype) = self.supertype {
            write!(f, "{}{supertype} ", if self.is_final { "sub final " } else { "" })?;
        }
        self.composite.fmt(f)
    }
}
