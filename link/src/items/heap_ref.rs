//! What references refer to that are no functions: values of the embedder, structs, arrays, integers of 31 bits, exceptions.

use crate::error::Result;
use crate::items::rooted::Rooted;
use crate::store::opaque::StoreOpaque;
use crate::store::{AsContext, AsContextMut};
use pirn_decode::HeapType;
use pirn_exec::{ObjectKind, ObjectType, Word, extern_index, extern_word, i31_value, i31_word};
use std::any::Any;
use std::sync::Arc;

/// A value of the embedder that WebAssembly can carry around, but not look into; or anything of WebAssembly's that was
/// [converted](https://webassembly.github.io/spec/core/exec/instructions.html#xref-syntax-instructions-syntax-instr-extern-mathsf-extern-convert-any)
/// to one.
///
/// The value belongs to the store, and is dropped when nothing refers to it any more: see [`Store::gc`](crate::Store::gc).
#[derive(Debug)]
pub enum ExternRef {}

/// Anything that WebAssembly makes but functions and exceptions: an [`EqRef`]; or a value of the embedder that was converted.
#[derive(Debug)]
pub enum AnyRef {}

/// What can be compared with `ref.eq`: a [`StructRef`], [`ArrayRef`] or [`I31`].
#[derive(Debug)]
pub enum EqRef {}

/// A struct.
#[derive(Debug)]
pub enum StructRef {}

/// An array.
#[derive(Debug)]
pub enum ArrayRef {}

/// An exception.
#[derive(Debug)]
pub enum ExnRef {}

/// An integer of 31 bits, as references hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct I31(u32);

impl I31 {
    /// This integer, if it fits 31 bits without a sign.
    pub const fn new_u32(value: u32) -> Option<Self> {
        if value < 1 << 31 { Some(Self(value)) } else { None }
    }

    /// This integer, if it fits 31 bits with a sign.
    pub const fn new_i32(value: i32) -> Option<Self> {
        if value << 1 >> 1 == value { Some(Self::wrapping_i32(value)) } else { None }
    }

    /// The lower 31 bits of this integer.
    pub const fn wrapping_u32(value: u32) -> Self {
        Self(value & 0x7fff_ffff)
    }

    /// The lower 31 bits of this integer.
    pub const fn wrapping_i32(value: i32) -> Self {
        Self::wrapping_u32(value as u32)
    }

    /// It, without a sign.
    pub const fn get_u32(self) -> u32 {
        self.0
    }

    /// It, with its sign.
    pub const fn get_i32(self) -> i32 {
        (self.0 << 1) as i32 >> 1
    }
}

/// What the word of a reference that is not null refers to, that is no function's.
///
/// # Safety
/// L5: it is such a word of this store; what it refers to is not collected meanwhile.
pub(crate) unsafe fn heap_type(_: &StoreOpaque, word: Word) -> HeapType {
    if i31_value(word).is_some() {
        return HeapType::I31;
    }
    if extern_index(word).is_some() {
        return HeapType::Any;
    }
    // SAFETY: what is neither is the address of an object, which begins with that of its type.
    let ty = unsafe { object_type(word) };
    match ty.kind() {
        ObjectKind::Struct => HeapType::ConcreteStruct(ty.id()),
        ObjectKind::Array => HeapType::ConcreteArray(ty.id()),
        ObjectKind::Exception => HeapType::Exn,
    }
}

/// The type of the object at an address.
///
/// # Safety
/// An object of a store begins there, which is borrowed for `'a`.
pub(crate) unsafe fn object_type<'a>(word: Word) -> &'a ObjectType {
    // SAFETY: an object begins with the address of its type, which lives as long as the store (L1).
    unsafe { &**(std::ptr::with_exposed_provenance::<*const ObjectType>(word as usize)) }
}

impl ExternRef {
    /// Puts `value` into the store. It is dropped when nothing refers to it any more.
    #[allow(clippy::new_ret_no_self, reason = "as wasmtime has it")]
    pub fn new(mut store: impl AsContextMut, value: impl Any + Send + Sync) -> Rooted<ExternRef> {
        let mut store = store.as_context_mut();
        store.collect_if_due();
        let store = store.opaque_mut();
        let index = store.add_extern(Arc::new(value));
        // SAFETY: L5: the value was put into this store just now.
        unsafe { Rooted::new(store, extern_word(index)) }
    }
}

impl Rooted<ExternRef> {
    /// The value, for `downcast_ref`. `None` if it is not one of the embedder's, but was converted from something of
    /// WebAssembly's.
    ///
    /// # Errors
    /// The reference belongs to another store, or its scope has ended.
    pub fn data<'a>(&self, store: &'a impl AsContext) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        let store = store.as_context().opaque();
        let word = self.word(store)?;
        Ok(extern_index(word).and_then(|index| store.extern_value(index)))
    }
}

impl ExternRef {
    /// Anything of WebAssembly's as a value that it does not look into: what `extern.convert_any` gives.
    ///
    /// # Errors
    /// It belongs to another store, or its scope has ended.
    pub fn convert_any(store: impl AsContext, value: Rooted<AnyRef>) -> Result<Rooted<ExternRef>> {
        value.word(store.as_context().opaque())?;
        // SAFETY: L5: words of either type are words of the other (spec 4.4.5).
        Ok(unsafe { value.cast() })
    }
}

impl AnyRef {
    /// A value of the embedder as one of WebAssembly's, or what was converted to one: what `any.convert_extern` gives.
    ///
    /// # Errors
    /// It belongs to another store, or its scope has ended.
    pub fn convert_extern(store: impl AsContext, value: Rooted<ExternRef>) -> Result<Rooted<AnyRef>> {
        value.word(store.as_context().opaque())?;
        // SAFETY: L5: words of either type are words of the other (spec 4.4.5).
        Ok(unsafe { value.cast() })
    }

    /// A reference to an integer.
    pub fn from_i31(store: impl AsContext, value: I31) -> Rooted<AnyRef> {
        // SAFETY: L5: integers are of every store.
        unsafe { Rooted::new(store.as_context().opaque(), i31_word(value.get_u32())) }
    }
}

impl Rooted<AnyRef> {
    /// The integer, if it is one.
    ///
    /// # Errors
    /// The reference belongs to another store, or its scope has ended.
    pub fn as_i31(&self, store: impl AsContext) -> Result<Option<I31>> {
        let word = self.word(store.as_context().opaque())?;
        Ok(i31_value(word).map(I31::wrapping_i32))
    }

    /// The struct, if it is one.
    ///
    /// # Errors
    /// As [`Self::as_i31`].
    pub fn as_struct(&self, store: impl AsContext) -> Result<Option<Rooted<StructRef>>> {
        let is_struct = matches!(self.ty(store)?, HeapType::ConcreteStruct(_));
        // SAFETY: L5: that is what it is.
        Ok(is_struct.then(|| unsafe { self.cast() }))
    }

    /// The array, if it is one.
    ///
    /// # Errors
    /// As [`Self::as_i31`].
    pub fn as_array(&self, store: impl AsContext) -> Result<Option<Rooted<ArrayRef>>> {
        let is_array = matches!(self.ty(store)?, HeapType::ConcreteArray(_));
        // SAFETY: L5: that is what it is.
        Ok(is_array.then(|| unsafe { self.cast() }))
    }

    /// What it can be compared as with `ref.eq`, if it can.
    ///
    /// # Errors
    /// As [`Self::as_i31`].
    pub fn as_eqref(&self, store: impl AsContext) -> Result<Option<Rooted<EqRef>>> {
        let is_eq = self.ty(store)? != HeapType::Any;
        // SAFETY: L5: anything but values of the embedder can be.
        Ok(is_eq.then(|| unsafe { self.cast() }))
    }

    /// Its type: the least that it is of; [`HeapType::Any`], if it is a value of the embedder.
    ///
    /// # Errors
    /// As [`Self::as_i31`].
    pub fn ty(&self, store: impl AsContext) -> Result<HeapType> {
        let store = store.as_context().opaque();
        let word = self.word(store)?;
        // SAFETY: L5: `word` compared the store, and that it is rooted.
        Ok(unsafe { heap_type(store, word) })
    }
}

macro_rules! upcasts {
    ($($sub:ident => $($of:ident)*;)*) => {$($(
        impl From<Rooted<$sub>> for Rooted<$of> {
            fn from(reference: Rooted<$sub>) -> Self {
                // SAFETY: L5: whatever is a reference of the one type is one of the other (spec 3.3.4).
                unsafe { reference.cast() }
            }
        }
    )*)*};
}
upcasts! {
    EqRef => AnyRef;
    StructRef => EqRef AnyRef;
    ArrayRef => EqRef AnyRef;
}
