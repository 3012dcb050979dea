//! Values as the embedder sees them (spec 4.2.1), and their words as the machine does ([`pirn_exec::Word`]).

use crate::error::Result;
use crate::items::func::Func;
use crate::items::heap_ref::{AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, StructRef, heap_type};
use crate::items::rooted::Rooted;
use crate::items::v128::V128;
use crate::store::AsContext;
use crate::store::opaque::StoreOpaque;
use pirn_decode::{HeapType, RefType, TypeId, ValType};
use pirn_exec::{FuncRecord, Word};
use std::ptr::NonNull;

/// A WebAssembly value. Floats are bits, so that NaNs stay as they are and equality means sameness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Val {
    /// 32-bit integer.
    I32(i32),
    /// 64-bit integer.
    I64(i64),
    /// Bits of a 32-bit float: see `f32::from_bits`.
    F32(u32),
    /// Bits of a 64-bit float: see `f64::from_bits`.
    F64(u64),
    /// 128-bit vector.
    V128(V128),
    /// Reference to a function, or null.
    FuncRef(Option<Func>),
    /// Reference to a value of the embedder, or null.
    ExternRef(Option<Rooted<ExternRef>>),
    /// Reference to a struct, array or integer of 31 bits, or null.
    AnyRef(Option<Rooted<AnyRef>>),
    /// Reference to an exception, or null.
    ExnRef(Option<Rooted<ExnRef>>),
}

/// A reference, as tables hold them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ref {
    /// To a function, or null.
    Func(Option<Func>),
    /// To a value of the embedder, or null.
    Extern(Option<Rooted<ExternRef>>),
    /// To a struct, array or integer of 31 bits, or null.
    Any(Option<Rooted<AnyRef>>),
    /// To an exception, or null.
    Exn(Option<Rooted<ExnRef>>),
}

macro_rules! unwrap {
    ($($name:ident: $ty:ty = $get:ident;)*) => {$(
        #[doc = concat!("As [`Val::", stringify!($get), "`], for those who know the type.")]
        ///
        /// # Panics
        /// It is of another type.
        #[track_caller]
        pub fn $name(&self) -> $ty {
            self.$get().unwrap_or_else(|| panic!("expected {}, found {}", stringify!($get), self.ty()))
        }
    )*};
}

impl Val {
    /// The value that locals of type `ty` begin with (spec 4.2.1): zero, or null; null also for references that may not be null, which
    /// have no such value.
    pub const fn default_for(ty: ValType) -> Self {
        match ty {
            ValType::I32 => Self::I32(0),
            ValType::I64 => Self::I64(0),
            ValType::F32 => Self::F32(0),
            ValType::F64 => Self::F64(0),
            ValType::V128 => Self::V128(V128::ZERO),
            ValType::Ref(ty) => match Ref::null(ty) {
                Ref::Func(func) => Self::FuncRef(func),
                Ref::Extern(value) => Self::ExternRef(value),
                Ref::Any(value) => Self::AnyRef(value),
                Ref::Exn(value) => Self::ExnRef(value),
            },
        }
    }

    /// Its type: of references, the greatest that it may be of.
    pub const fn ty(&self) -> ValType {
        match self {
            Self::I32(_) => ValType::I32,
            Self::I64(_) => ValType::I64,
            Self::F32(_) => ValType::F32,
            Self::F64(_) => ValType::F64,
            Self::V128(_) => ValType::V128,
            Self::FuncRef(_) => ValType::FUNCREF,
            Self::ExternRef(_) => ValType::EXTERNREF,
            Self::AnyRef(_) => ValType::Ref(RefType::ANYREF),
            Self::ExnRef(_) => ValType::Ref(RefType::EXNREF),
        }
    }

    /// Whether it is of type `ty` (spec 4.2.1), as nulls and functions are of several types.
    ///
    /// # Errors
    /// It is a reference into another store.
    pub fn matches_ty(&self, store: impl AsContext, ty: ValType) -> Result<bool> {
        let store = store.as_context().opaque();
        self.to_words(store)?;
        Ok(self.is_of(ty, store))
    }

    /// As [`Val::matches_ty`]; any answer for a reference into another store.
    pub(crate) fn is_of(&self, ty: ValType, store: &StoreOpaque) -> bool {
        match (self, ty) {
            (&Self::FuncRef(func), ValType::Ref(ty)) => Ref::Func(func).is_of(ty, store),
            (&Self::ExternRef(value), ValType::Ref(ty)) => Ref::Extern(value).is_of(ty, store),
            (&Self::AnyRef(value), ValType::Ref(ty)) => Ref::Any(value).is_of(ty, store),
            (&Self::ExnRef(value), ValType::Ref(ty)) => Ref::Exn(value).is_of(ty, store),
            _ => self.ty() == ty,
        }
    }

    /// The integer, if this is an `i32`.
    pub const fn i32(&self) -> Option<i32> {
        if let Self::I32(value) = *self { Some(value) } else { None }
    }

    /// The integer, if this is an `i64`.
    pub const fn i64(&self) -> Option<i64> {
        if let Self::I64(value) = *self { Some(value) } else { None }
    }

    /// The float, if this is an `f32`.
    pub const fn f32(&self) -> Option<f32> {
        if let Self::F32(bits) = *self { Some(f32::from_bits(bits)) } else { None }
    }

    /// The float, if this is an `f64`.
    pub const fn f64(&self) -> Option<f64> {
        if let Self::F64(bits) = *self { Some(f64::from_bits(bits)) } else { None }
    }

    /// The vector, if this is a `v128`.
    pub const fn v128(&self) -> Option<V128> {
        if let Self::V128(vector) = *self { Some(vector) } else { None }
    }

    /// The reference, if this is a `funcref`.
    pub const fn funcref(&self) -> Option<Option<Func>> {
        if let Self::FuncRef(func) = *self { Some(func) } else { None }
    }

    /// The reference, if this is an `externref`.
    pub const fn externref(&self) -> Option<Option<Rooted<ExternRef>>> {
        if let Self::ExternRef(value) = *self { Some(value) } else { None }
    }

    /// The reference, if this is an `anyref`.
    pub const fn anyref(&self) -> Option<Option<Rooted<AnyRef>>> {
        if let Self::AnyRef(value) = *self { Some(value) } else { None }
    }

    /// The reference, if this is an `exnref`.
    pub const fn exnref(&self) -> Option<Option<Rooted<ExnRef>>> {
        if let Self::ExnRef(value) = *self { Some(value) } else { None }
    }

    unwrap! {
        unwrap_i32: i32 = i32;
        unwrap_i64: i64 = i64;
        unwrap_f32: f32 = f32;
        unwrap_f64: f64 = f64;
        unwrap_v128: V128 = v128;
        unwrap_funcref: Option<Func> = funcref;
        unwrap_externref: Option<Rooted<ExternRef>> = externref;
        unwrap_anyref: Option<Rooted<AnyRef>> = anyref;
        unwrap_exnref: Option<Rooted<ExnRef>> = exnref;
    }

    /// Its words, the low one first; the second is 0 if its type has one.
    ///
    /// # Errors
    /// It is a reference into another store, or used after its scope.
    pub(crate) fn to_words(self, store: &StoreOpaque) -> Result<[Word; 2]> {
        let word = match self {
            Self::I32(value) => Word::from(value as u32),
            Self::I64(value) => value as Word,
            Self::F32(bits) => Word::from(bits),
            Self::F64(bits) => bits,
            Self::V128(vector) => return Ok(vector.words()),
            Self::FuncRef(func) => Ref::Func(func).to_word(store)?,
            Self::ExternRef(value) => Ref::Extern(value).to_word(store)?,
            Self::AnyRef(value) => Ref::Any(value).to_word(store)?,
            Self::ExnRef(value) => Ref::Exn(value).to_word(store)?,
        };
        Ok([word, 0])
    }

    /// The value of type `ty` whose words are `words`. The second is not looked at if the type has one.
    ///
    /// # Safety
    /// L5: `words` came from a value of type `ty` in this store.
    pub(crate) unsafe fn from_words(ty: ValType, words: [Word; 2], store: &StoreOpaque) -> Self {
        let [word, _] = words;
        match ty {
            ValType::I32 => Self::I32(word as i32),
            ValType::I64 => Self::I64(word as i64),
            ValType::F32 => Self::F32(word as u32),
            ValType::F64 => Self::F64(word),
            ValType::V128 => Self::V128(V128::from_words(words)),
            // SAFETY: L5: by this function's contract the word is of type `ty`, in that store.
            ValType::Ref(ty) => unsafe { Ref::from_word(ty, word, store) }.into(),
        }
    }
}

impl Ref {
    /// Null of type `ty`.
    pub const fn null(ty: RefType) -> Self {
        match ty.heap_type().top() {
            HeapType::Func => Self::Func(None),
            HeapType::Extern => Self::Extern(None),
            HeapType::Exn => Self::Exn(None),
            _ => Self::Any(None),
        }
    }

    /// Whether it is of type `ty`; any answer for a reference into another store.
    pub(crate) fn is_of(&self, ty: RefType, store: &StoreOpaque) -> bool {
        let heap = ty.heap_type();
        match self {
            Self::Func(None) | Self::Extern(None) | Self::Any(None) | Self::Exn(None) => {
                ty.is_nullable() && heap.top() == self.ty().heap_type()
            }
            Self::Extern(Some(_)) => heap == HeapType::Extern,
            Self::Exn(Some(_)) => heap == HeapType::Exn,
            Self::Any(Some(value)) => match value.word(store) {
                // SAFETY: L5: `word` compared the store, and that it is rooted.
                Ok(word) => unsafe { heap_type(store, word) }.matches(heap, store.engine().types()),
                Err(_) => heap == HeapType::Any,
            },
            Self::Func(Some(func)) => {
                let id = func.record().get(store).map_or(TypeId::NONE, |record| record.head().type_id);
                HeapType::ConcreteFunc(id).matches(heap, store.engine().types())
            }
        }
    }

    /// Its type: the greatest that it may be of.
    pub const fn ty(&self) -> RefType {
        match self {
            Self::Func(_) => RefType::FUNCREF,
            Self::Extern(_) => RefType::EXTERNREF,
            Self::Any(_) => RefType::ANYREF,
            Self::Exn(_) => RefType::EXNREF,
        }
    }

    /// Whether it is null.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Func(None) | Self::Extern(None) | Self::Any(None) | Self::Exn(None))
    }

    /// Whether it is not null.
    pub const fn is_non_null(&self) -> bool {
        !self.is_null()
    }

    /// The reference, if this is a `funcref`.
    pub const fn as_func(&self) -> Option<Option<&Func>> {
        if let Self::Func(func) = self { Some(func.as_ref()) } else { None }
    }

    /// As [`Ref::as_func`], for those who know the type.
    ///
    /// # Panics
    /// It is of another type.
    #[track_caller]
    pub fn unwrap_func(&self) -> Option<&Func> {
        self.as_func().unwrap_or_else(|| panic!("expected funcref, found {}", self.ty()))
    }

    /// Whether it is of type `ty`, as [`Val::matches_ty`] says.
    ///
    /// # Errors
    /// It is a reference into another store.
    pub fn matches_ty(&self, store: impl AsContext, ty: RefType) -> Result<bool> {
        Val::from(*self).matches_ty(store, ValType::Ref(ty))
    }

    /// The function, if this is a `funcref` that is not null.
    pub const fn func(&self) -> Option<Func> {
        if let Self::Func(func) = *self { func } else { None }
    }

    /// Its word.
    ///
    /// # Errors
    /// It refers into another store, or is used after its scope.
    pub(crate) fn to_word(self, store: &StoreOpaque) -> Result<Word> {
        match self {
            Self::Func(None) | Self::Extern(None) | Self::Any(None) | Self::Exn(None) => Ok(0),
            Self::Func(Some(func)) => func.record().check(store.id()).map(|()| func.record().as_ptr() as Word),
            Self::Extern(Some(value)) => value.word(store),
            Self::Any(Some(value)) => value.word(store),
            Self::Exn(Some(value)) => value.word(store),
        }
    }

    /// The reference of type `ty` whose word is `word`.
    ///
    /// # Safety
    /// L5: `word` came from a reference of type `ty` in this store.
    pub(crate) unsafe fn from_word(ty: RefType, word: Word, store: &StoreOpaque) -> Self {
        match ty.heap_type().top() {
            HeapType::Func => {
                let record = NonNull::new(word as *mut FuncRecord);
                // SAFETY: L5: the word of a funcref that is not null is the address of a record of that store; L1: it is live,
                // and was set before anybody could refer to it.
                Self::Func(record.map(|record| unsafe { Func::of_record(store.id(), record.as_ptr()) }))
            }
            // SAFETY: L5: by this function's contract a word of that type, if it is not null; and so of the two below.
            HeapType::Extern => Self::Extern((word != 0).then(|| unsafe { Rooted::new(store, word) })),
            // SAFETY: L5, as above.
            HeapType::Exn => Self::Exn((word != 0).then(|| unsafe { Rooted::new(store, word) })),
            // SAFETY: L5, as above.
            _ => Self::Any((word != 0).then(|| unsafe { Rooted::new(store, word) })),
        }
    }
}

macro_rules! from {
    ($($target:ty: $source:ty => |$value:ident| $make:expr;)*) => {$(
        impl From<$source> for $target {
            fn from($value: $source) -> Self {
                $make
            }
        }
    )*};
}

from! {
    Val: i32 => |value| Self::I32(value);
    Val: u32 => |value| Self::I32(value as i32);
    Val: i64 => |value| Self::I64(value);
    Val: u64 => |value| Self::I64(value as i64);
    Val: f32 => |value| Self::F32(value.to_bits());
    Val: f64 => |value| Self::F64(value.to_bits());
    Val: V128 => |vector| Self::V128(vector);
    Val: u128 => |bits| Self::V128(bits.into());
    Val: Func => |func| Self::FuncRef(Some(func));
    Val: Option<Func> => |func| Self::FuncRef(func);
    Val: Rooted<ExternRef> => |value| Self::ExternRef(Some(value));
    Val: Option<Rooted<ExternRef>> => |value| Self::ExternRef(value);
    Val: Rooted<AnyRef> => |value| Self::AnyRef(Some(value));
    Val: Option<Rooted<AnyRef>> => |value| Self::AnyRef(value);
    Val: Rooted<EqRef> => |value| Self::AnyRef(Some(value.into()));
    Val: Rooted<StructRef> => |value| Self::AnyRef(Some(value.into()));
    Val: Rooted<ArrayRef> => |value| Self::AnyRef(Some(value.into()));
    Val: Rooted<ExnRef> => |value| Self::ExnRef(Some(value));
    Val: Option<Rooted<ExnRef>> => |value| Self::ExnRef(value);
    Val: Ref => |value| match value {
        Ref::Func(func) => Self::FuncRef(func),
        Ref::Extern(value) => Self::ExternRef(value),
        Ref::Any(value) => Self::AnyRef(value),
        Ref::Exn(value) => Self::ExnRef(value),
    };
    Ref: Func => |func| Self::Func(Some(func));
    Ref: Option<Func> => |func| Self::Func(func);
    Ref: Rooted<ExternRef> => |value| Self::Extern(Some(value));
    Ref: Option<Rooted<ExternRef>> => |value| Self::Extern(value);
    Ref: Rooted<AnyRef> => |value| Self::Any(Some(value));
    Ref: Option<Rooted<AnyRef>> => |value| Self::Any(value);
    Ref: Rooted<ExnRef> => |value| Self::Exn(Some(value));
    Ref: Option<Rooted<ExnRef>> => |value| Self::Exn(value);
}
