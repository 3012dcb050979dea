//! Declaring types. Two that are written the same are different types if they are declared apart (spec 3.3.8): one is
//! open, or below another, or in another recursion group.

use super::composite::{ArrayType, CompositeType, Declared, DefinedType, FieldType, KnownType, StructType};
use super::{FuncType, HeapType, ValType};

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

    /// The type that is written as `ty`, is declared so, and is in a recursion group by itself; `None` for a function type that is no other than
    /// the one that is declared nowhere.
    ///
    /// # Errors
    /// As [`FuncType::with_finality_and_supertype`].
    fn declare(
        &self,
        ty: CompositeType,
        finality: Finality,
        supertype: Option<&Declared>,
    ) -> Result<Option<KnownType>, Self::Error>;
}

/// What types of all kinds have that can be declared.
macro_rules! declared {
    ($ty:ident, $kind:ident, $as:ident, $what:literal) => {
        impl $ty {
            /// A type as an engine knows it.
            ///
            /// # Panics
            #[doc = concat!("It is no ", $what, " type.")]
            #[doc(hidden)]
            pub fn known(known: KnownType) -> Self {
                let ty = known.definition.ty.$as().expect(concat!("a ", $what, " type")).clone();
                Self { declared: known.into(), ..ty }
            }

            /// How it is declared.
            #[doc(hidden)]
            pub fn declared(&self) -> &Declared {
                &self.declared
            }

            /// What an engine knows of it, if it was taken from one.
            #[doc(hidden)]
            pub fn as_known(&self) -> Option<&KnownType> {
                self.declared.as_known()
            }

            /// Whether types may be declared below it.
            pub fn finality(&self) -> Finality {
                if self.declared.is_final() { Finality::Final } else { Finality::NonFinal }
            }

            /// The type that it is declared below.
            pub fn supertype(&self) -> Option<Self> {
                self.as_known()?.keeper.supertype().map(Self::known)
            }

            fn declare<E: DeclareTypes>(
                self,
                engine: &E,
                finality: Finality,
                supertype: Option<&Self>,
            ) -> Result<Self, E::Error> {
                let plain = self.clone();
                let known = engine.declare(CompositeType::$kind(self), finality, supertype.map(Self::declared))?;
                Ok(known.map_or(plain, Self::known))
            }
        }
    };
}

declared!(FuncType, Func, as_func, "function");
declared!(StructType, Struct, as_struct, "struct");
declared!(ArrayType, Array, as_array, "array");

impl CompositeType {
    /// What it is made of alone, however it is declared.
    #[must_use]
    pub fn undeclared(self) -> Self {
        let declared = Declared::default();
        match self {
            Self::Func(ty) => Self::Func(FuncType { declared, ..ty }),
            Self::Struct(ty) => Self::Struct(StructType { declared, ..ty }),
            Self::Array(ty) => Self::Array(ArrayType { declared, ..ty }),
        }
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
    /// a type is named that the engine does not have, or that is of another kind.
    ///
    /// # Panics
    /// As [`FuncType::new`].
    pub fn with_finality_and_supertype<E: DeclareTypes>(
        engine: &E,
        finality: Finality,
        supertype: Option<&FuncType>,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Result<Self, E::Error> {
        Self::new(params, results).declare(engine, finality, supertype)
    }

    /// Its parameters and results alone: the type that is final, below nothing, and in a recursion group by itself.
    #[must_use]
    pub fn undeclared(&self) -> Self {
        Self { declared: Declared::default(), types: self.types.clone(), ..*self }
    }

    /// Whether parameters and results are the same, whatever the two are declared to be.
    pub fn is_written_as(&self, other: &Self) -> bool {
        self.types == other.types && self.params == other.params
    }

    /// Whether it is another type than the one of the same parameters and results that [`FuncType::new`] gives: it is open, or declared to be below another,
    /// or in a recursion group with others, or names itself.
    pub fn is_declared(&self) -> bool {
        self.declared.declaration().is_some()
    }

    /// How it is declared, in words.
    pub fn describe_declaration(&self) -> String {
        let Some(known) = self.as_known().filter(|known| known.is_declared) else {
            return "a final type by itself".into();
        };
        let DefinedType { id, ty, .. } = &*known.definition;
        let open = if ty.is_final { "final" } else { "open" };
        let below = ty.supertype.map_or_else(String::new, |above| format!(", below type {above}"));
        format!("type {id}, {open}{below}")
    }
}

impl StructType {
    /// How many fields a struct may have: as many as in modules.
    pub const MOST: usize = 10_000;

    /// The type of structs of these fields that is final, below nothing, and in a recursion group by itself: what the text format writes as
    /// `(type (struct ...))`. It belongs to `engine`, which keeps it as long as somebody has it.
    ///
    /// # Errors
    /// A type is named that the engine does not have, or that is of another kind.
    ///
    /// # Panics
    /// There are more than [`StructType::MOST`] fields.
    pub fn new<E: DeclareTypes>(engine: &E, fields: impl IntoIterator<Item = FieldType>) -> Result<Self, E::Error> {
        Self::with_finality_and_supertype(engine, Finality::Final, None, fields)
    }

    /// The same, declared to be `finality` and, if there is a `supertype`, below that: what the text format writes as
    /// `(type (sub $supertype (struct ...)))`.
    ///
    /// # Errors
    /// `supertype` is final, or has fields that these do not begin with, or those do not match (spec 3.3.11), or is below 63 others already; it
    /// belongs to another engine; a type is named that the engine does not have, or that is of another kind.
    ///
    /// # Panics
    /// As [`StructType::new`].
    pub fn with_finality_and_supertype<E: DeclareTypes>(
        engine: &E,
        finality: Finality,
        supertype: Option<&StructType>,
        fields: impl IntoIterator<Item = FieldType>,
    ) -> Result<Self, E::Error> {
        // What goes on for ever ends here, too.
        let fields: Box<[FieldType]> = fields.into_iter().take(Self::MOST + 1).collect();
        assert!(fields.len() <= Self::MOST, "a struct type of more than {} fields", Self::MOST);
        Self::of_fields(fields).declare(engine, finality, supertype)
    }

    /// What has these fields, declared nowhere.
    #[doc(hidden)]
    pub fn of_fields(fields: Box<[FieldType]>) -> Self {
        let ends = fields.iter().scan(0, |end, field| {
            *end += field.element_type.unpack().words() as u32;
            Some(*end)
        });
        Self { ends: ends.collect(), fields, declared: Declared::default() }
    }

    /// The name of references to it, if it was taken from an engine. A name does not keep the type: when nobody has that any more, its name may become another's.
    pub fn heap_type(&self) -> Option<HeapType> {
        Some(HeapType::ConcreteStruct(self.as_known()?.id()))
    }
}

impl ArrayType {
    /// The type of arrays of such elements that is final, below nothing, and in a recursion group by itself: what the text format writes as
    /// `(type (array ...))`. It belongs to `engine`, which keeps it as long as somebody has it.
    ///
    /// # Errors
    /// A type is named that the engine does not have, or that is of another kind.
    pub fn new<E: DeclareTypes>(engine: &E, field: FieldType) -> Result<Self, E::Error> {
        Self::with_finality_and_supertype(engine, Finality::Final, None, field)
    }

    /// The same, declared to be `finality` and, if there is a `supertype`, below that: what the text format writes as
    /// `(type (sub $supertype (array ...)))`.
    ///
    /// # Errors
    /// `supertype` is final, or has elements that these do not match (spec 3.3.11), or is below 63 others already; it belongs to another
    /// engine; a type is named that the engine does not have, or that is of another kind.
    pub fn with_finality_and_supertype<E: DeclareTypes>(
        engine: &E,
        finality: Finality,
        supertype: Option<&ArrayType>,
        field: FieldType,
    ) -> Result<Self, E::Error> {
        Self::of_field(field).declare(engine, finality, supertype)
    }

    /// What has such elements, declared nowhere.
    #[doc(hidden)]
    pub fn of_field(field: FieldType) -> Self {
        Self { field, declared: Declared::default() }
    }

    /// The name of references to it, if it was taken from an engine. A name does not keep the type: when nobody has that any more, its name may become another's.
    pub fn heap_type(&self) -> Option<HeapType> {
        Some(HeapType::ConcreteArray(self.as_known()?.id()))
    }
}
