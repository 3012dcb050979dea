//! Function types as an engine knows them. Two that are written the same are different types if they are declared apart (spec 3.3.8): one is
//! open, or below another, or in another recursion group.

use super::{DefinedType, FuncType};
use crate::TypeId;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Whether types may be declared below a type (spec 2.3.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Finality {
    /// None may: `sub final`, or no `sub` at all.
    Final,
    /// Some may: `sub`.
    NonFinal,
}

impl Finality {
    /// Whether no type may be declared below.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Final)
    }

    /// Whether types may be declared below.
    pub const fn is_non_final(self) -> bool {
        !self.is_final()
    }
}

/// An engine, as what types are declared in: see [`FuncType::with_finality_and_supertype`].
pub trait DeclareTypes {
    /// Why a type cannot be declared.
    type Error;

    /// The type that is written as `ty`, and is declared so.
    ///
    /// # Errors
    /// As [`FuncType::with_finality_and_supertype`].
    fn declare_func(
        &self,
        ty: FuncType,
        finality: Finality,
        supertype: Option<&FuncType>,
    ) -> Result<FuncType, Self::Error>;
}

/// Keeps a type in its engine until it is dropped.
pub trait KeepType: Any + Send + Sync {
    /// The type it is declared below.
    fn supertype(&self) -> Option<FuncType>;
}

/// What an engine knows of a function type.
pub struct KnownType {
    definition: Arc<DefinedType>,
    engine: usize,
    is_declared: bool,
    keeper: Box<dyn KeepType>,
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
}

impl fmt::Debug for KnownType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownType")
            .field("id", &self.id())
            .field("is_declared", &self.is_declared)
            .finish_non_exhaustive()
    }
}

impl FuncType {
    /// The function type `[params] -> [results]`, declared to be `finality` and, if there is a `supertype`, below that: what the text format
    /// writes as `(type (sub $supertype (func ...)))`, in a recursion group by itself.
    ///
    /// Like all types that are more than parameters and results, it belongs to an engine, which keeps it as long as somebody has it.
    /// Types that are in a group with others come from a module that declares them: from its imports and exports.
    ///
    /// # Errors
    /// `supertype` is final, or has parameters and results that these do not match (spec 3.3.12), or is below 63 others already; it belongs to another engine;
    /// a type is named that the engine does not have.
    ///
    /// # Panics
    /// As [`FuncType::new`].
    pub fn with_finality_and_supertype<E: DeclareTypes>(
        engine: &E,
        finality: Finality,
        supertype: Option<&FuncType>,
        params: impl IntoIterator<Item = super::ValType>,
        results: impl IntoIterator<Item = super::ValType>,
    ) -> Result<Self, E::Error> {
        engine.declare_func(Self::new(params, results), finality, supertype)
    }

    /// A type as an engine knows it.
    ///
    /// # Panics
    /// It is no function type.
    pub fn known(known: KnownType) -> Self {
        let ty = known.definition.ty.as_func().expect("a function type").clone();
        Self { known: Some(Arc::new(known)), ..ty }
    }

    /// What an engine knows of it, if it was taken from one.
    pub fn as_known(&self) -> Option<&KnownType> {
        self.known.as_deref()
    }

    /// Its parameters and results alone: the type that is final, below nothing, and in a recursion group by itself.
    #[must_use]
    pub fn undeclared(&self) -> Self {
        Self { known: None, types: self.types.clone(), ..*self }
    }

    /// Whether parameters and results are the same, whatever the two are declared to be.
    pub fn is_written_as(&self, other: &Self) -> bool {
        self.types == other.types && self.params == other.params
    }

    /// Whether it is another type than the one of the same parameters and results that [`FuncType::new`] gives: it is open, or declared to be below another,
    /// or in a recursion group with others, or names itself.
    pub fn is_declared(&self) -> bool {
        self.declaration().is_some()
    }

    /// Whether types may be declared below it.
    pub fn finality(&self) -> Finality {
        match &self.known {
            Some(known) if !known.definition.ty.is_final => Finality::NonFinal,
            Some(_) | None => Finality::Final,
        }
    }

    /// The type that it is declared below.
    pub fn supertype(&self) -> Option<Self> {
        self.known.as_ref()?.keeper.supertype()
    }

    /// What tells it from all types that are written the same: the number of its engine, and its id there.
    pub(super) fn declaration(&self) -> Option<(usize, TypeId)> {
        self.known.as_ref().filter(|known| known.is_declared).map(|known| (known.engine, known.id()))
    }

    /// How it is declared, in words.
    pub fn describe_declaration(&self) -> String {
        let Some(known) = self.known.as_ref().filter(|known| known.is_declared) else {
            return "a final type by itself".into();
        };
        let DefinedType { id, ty, .. } = &*known.definition;
        let open = if ty.is_final { "final" } else { "open" };
        let below = ty.supertype.map_or_else(String::new, |above| format!(", below type {above}"));
        format!("type {id}, {open}{below}")
    }
}
