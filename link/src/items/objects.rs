//! Structs and arrays, as the embedder makes, reads and changes them (spec 4.2.12).

use crate::error::{Result, format_err};
use crate::items::heap_ref::{ArrayRef, StructRef};
use crate::items::rooted::Rooted;
use crate::items::value::Val;
use crate::store::handle::StoreId;
use crate::store::opaque::StoreOpaque;
use crate::store::{AsContext, AsContextMut, StoreContextMut};
use pirn_decode::objects::{HEADER_BYTES, is_traced, places};
use pirn_decode::{
    ArrayType, Declared, DefinedType, FieldType, HeapType, KnownType, StorageType, StructType, TypeId, ValType, planted,
};
use pirn_exec::{Object, ObjectType, Trap, Vm, Word};
use std::sync::Arc;

/// A type of structs that a store has, ready for [`StructRef::new`].
#[derive(Debug, Clone)]
pub struct StructRefPre(Pre<StructType>);

/// A type of arrays that a store has, ready for [`ArrayRef::new`].
#[derive(Debug, Clone)]
pub struct ArrayRefPre(Pre<ArrayType>);

#[derive(Debug, Clone)]
struct Pre<T> {
    store: StoreId,
    id: TypeId,
    ty: T,
}

impl<T> Pre<T> {
    /// # Errors
    /// The type is of another engine.
    fn new(store: &mut StoreOpaque, known: &KnownType, ty: T) -> Result<Self> {
        store.object_type(known)?;
        Ok(Self { store: store.id(), id: known.id(), ty })
    }
}

/// The type of structs or arrays of this name, as one that keeps itself.
///
/// # Errors
/// The engine has none.
fn named(store: &StoreOpaque, ty: HeapType) -> Result<KnownType> {
    let known = store.engine().known_object_type(ty);
    known.ok_or_else(|| format_err!("the engine has no type {ty}"))
}

/// What is known of a type that was declared.
///
/// # Errors
/// It is of no engine.
fn known(declared: &Declared) -> Result<&KnownType> {
    declared.as_known().ok_or_else(|| format_err!("a type of no engine: it was not declared in one"))
}

/// An object of a type, of zeros and nulls.
///
/// # Errors
/// The type is another store's; there is no room for the object.
fn make<T: 'static, P>(store: &mut StoreContextMut<'_, T>, pre: &Pre<P>, len: u32) -> Result<Object> {
    let opaque = store.opaque_mut();
    opaque.check_store(pre.store)?;
    let ty: *const ObjectType = opaque.heap().known_type(pre.id).expect("a store keeps its types");
    // SAFETY: L1 and L2: the machine is the store's, and stands still; nothing is collected meanwhile, so nobody asks the store for its
    // references.
    store.with_room(|store| unsafe { Vm::make_object(store.vm(), ty, len) })
}

/// The words of a value for a field.
///
/// # Errors
/// It is of another type; it is a reference into another store, or used after its scope.
fn words(store: &StoreOpaque, value: Val, ty: FieldType, what: &dyn std::fmt::Display) -> Result<[Word; 2]> {
    let expected = ty.element_type.unpack();
    if !value.is_of(expected, store) {
        return Err(format_err!("{what}: expected {expected}, found {}", value.ty()));
    }
    value.to_words(store)
}

/// The value that words of a field are.
///
/// # Safety
/// L5: they are such words, of this store.
unsafe fn value(store: &StoreOpaque, words: [Word; 2], ty: StorageType) -> Val {
    match ty {
        StorageType::I8 => Val::I32(words[0] as u8 as i32),
        StorageType::I16 => Val::I32(words[0] as u16 as i32),
        // SAFETY: L5, as is asked for.
        StorageType::ValType(ty) => unsafe { Val::from_words(ty, words, store) },
    }
}

impl<T> Rooted<T> {
    /// The object, and its type. `T` is one of references to objects.
    ///
    /// # Errors
    /// It belongs to another store, or its scope has ended.
    fn object(self, store: &StoreOpaque) -> Result<(Object, Arc<DefinedType>)> {
        let word = self.word(store)?;
        // SAFETY: L5: `word` compared the store, and that it is rooted, so the object is alive.
        let object = unsafe { Object::new(word) };
        let ty = store.engine().types().defined(object.ty().id());
        Ok((object, ty.expect("a store keeps its types")))
    }
}

impl StructRefPre {
    /// A type of structs by its name, as a function's type or [`Rooted::ty`](Rooted::<crate::AnyRef>::ty) gives it.
    ///
    /// # Errors
    /// It is none; the engine has no such type.
    pub fn new(mut store: impl AsContextMut, ty: HeapType) -> Result<Self> {
        match ty {
            HeapType::ConcreteStruct(_) => {
                let mut store = store.as_context_mut();
                let known = named(store.opaque(), ty)?;
                Self::of(&mut store, &StructType::known(known))
            }
            _ => Err(format_err!("{ty} is no type of structs")),
        }
    }

    /// A type of structs that was declared with [`StructType::new`] or [`StructType::with_finality_and_supertype`]. The store keeps it.
    ///
    /// # Errors
    /// It is of another engine, or of none.
    pub fn of(mut store: impl AsContextMut, ty: &StructType) -> Result<Self> {
        let mut store = store.as_context_mut();
        Ok(Self(Pre::new(store.opaque_mut(), known(ty.declared())?, ty.clone())?))
    }

    /// What structs of this type have.
    pub fn ty(&self) -> &StructType {
        &self.0.ty
    }
}

impl StructRef {
    /// Makes a struct of these fields.
    ///
    /// # Errors
    /// They are more or fewer than the type has, or of other types or another store; the heap has no room
    /// ([`Trap::GcHeapOutOfMemory`]).
    #[allow(clippy::new_ret_no_self, reason = "as wasmtime has it")]
    pub fn new(mut store: impl AsContextMut, pre: &StructRefPre, fields: &[Val]) -> Result<Rooted<StructRef>> {
        let mut store = store.as_context_mut();
        let ty = pre.ty();
        if fields.len() != ty.fields().len() {
            return Err(format_err!("expected {} fields, found {}", ty.fields().len(), fields.len()));
        }
        let values = fields.iter().zip(ty.fields()).enumerate();
        let values = values.map(|(i, (value, ty))| words(store.opaque(), *value, *ty, &format_args!("field {i}")));
        let values = values.collect::<Result<Vec<_>>>()?;
        let object = make(&mut store, &pre.0, 0)?;
        for ((at, ty), words) in places(HEADER_BYTES, ty.values()).zip(values) {
            // SAFETY: L5: the values were compared with the fields' types, and their stores with this one.
            unsafe { object.set_field(at, ty, words) };
        }
        // SAFETY: L5: it was made just now.
        Ok(unsafe { Rooted::new(store.opaque(), object.word()) })
    }
}

impl Rooted<StructRef> {
    /// Its type.
    ///
    /// # Errors
    /// It belongs to another store, or its scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<HeapType> {
        let (object, _) = self.object(store.as_context().opaque())?;
        Ok(HeapType::ConcreteStruct(object.ty().id()))
    }

    /// Field `index`.
    ///
    /// # Errors
    /// It has no such field; it belongs to another store, or its scope has ended.
    pub fn field(&self, store: impl AsContext, index: usize) -> Result<Val> {
        let store = store.as_context().opaque();
        let (object, ty) = self.object(store)?;
        let (at, field, ty) = field(&ty, index)?;
        // SAFETY: L5: a struct of that type has such a field there.
        Ok(unsafe { value(store, object.field(at, ty), field.element_type) })
    }

    /// Changes field `index`.
    ///
    /// # Errors
    /// It has no such field, or one that must not change; the value is of another type; either belongs to another store, or its scope has
    /// ended.
    pub fn set_field(&self, mut store: impl AsContextMut, index: usize, value: Val) -> Result<()> {
        let mut store = store.as_context_mut();
        let store = store.opaque_mut();
        let (object, ty) = self.object(store)?;
        let (at, field, ty) = field(&ty, index)?;
        if !field.mutable {
            return Err(format_err!("field {index} must not change"));
        }
        let words = words(store, value, field, &format_args!("field {index}"))?;
        // SAFETY: L5: a struct of that type has such a field there, with whose type the value's was compared.
        unsafe {
            keep(store, ty, object.field(at, ty));
            object.set_field(at, ty, words);
        }
        Ok(())
    }
}

/// Has what a field or element of this type refers to, which are these words, stay until a collection that is under way has ended: it is about to be
/// overwritten.
///
/// # Safety
/// L5: they are words of such a value of this store.
unsafe fn keep(store: &mut StoreOpaque, ty: ValType, words: [Word; 2]) {
    if is_traced(ty) && !planted(44) {
        // SAFETY: as is asked for.
        unsafe { store.heap().keep(words[0]) };
    }
}

/// Where a field lies, and its type.
fn field(ty: &DefinedType, index: usize) -> Result<(u32, FieldType, ValType)> {
    let ty = ty.ty.as_struct().expect("a struct type");
    let found = ty.fields().get(index).zip(places(HEADER_BYTES, ty.values()).nth(index));
    let (field, (at, ty)) = found.ok_or_else(|| format_err!("there is no field {index}"))?;
    Ok((at, *field, ty))
}

impl ArrayRefPre {
    /// A type of arrays by its name, as a function's type or [`Rooted::ty`](Rooted::<crate::AnyRef>::ty) gives it.
    ///
    /// # Errors
    /// It is none; the engine has no such type.
    pub fn new(mut store: impl AsContextMut, ty: HeapType) -> Result<Self> {
        match ty {
            HeapType::ConcreteArray(_) => {
                let mut store = store.as_context_mut();
                let known = named(store.opaque(), ty)?;
                Self::of(&mut store, &ArrayType::known(known))
            }
            _ => Err(format_err!("{ty} is no type of arrays")),
        }
    }

    /// A type of arrays that was declared with [`ArrayType::new`] or [`ArrayType::with_finality_and_supertype`]. The store keeps it.
    ///
    /// # Errors
    /// It is of another engine, or of none.
    pub fn of(mut store: impl AsContextMut, ty: &ArrayType) -> Result<Self> {
        let mut store = store.as_context_mut();
        Ok(Self(Pre::new(store.opaque_mut(), known(ty.declared())?, ty.clone())?))
    }

    /// What such arrays have.
    pub fn ty(&self) -> &ArrayType {
        &self.0.ty
    }

    /// What elements of such arrays are.
    pub fn element(&self) -> FieldType {
        self.0.ty.field_type()
    }
}

impl ArrayRef {
    /// Makes an array of so many times the same element.
    ///
    /// # Errors
    /// The element is of another type or store; the heap has no room ([`Trap::GcHeapOutOfMemory`]).
    #[allow(clippy::new_ret_no_self, reason = "as wasmtime has it")]
    pub fn new(mut store: impl AsContextMut, pre: &ArrayRefPre, element: Val, len: u32) -> Result<Rooted<ArrayRef>> {
        let mut store = store.as_context_mut();
        let ty = pre.element();
        let words = words(store.opaque(), element, ty, &"element")?;
        let object = make(&mut store, &pre.0, len)?;
        // SAFETY: L5: the value was compared with the elements' type, and its store with this one.
        (0..len).for_each(|index| unsafe { object.set_element(index, ty.element_type, words) });
        // SAFETY: L5: it was made just now.
        Ok(unsafe { Rooted::new(store.opaque(), object.word()) })
    }

    /// Makes an array of these elements.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn new_fixed(mut store: impl AsContextMut, pre: &ArrayRefPre, elements: &[Val]) -> Result<Rooted<ArrayRef>> {
        let mut store = store.as_context_mut();
        let ty = pre.element();
        let values = elements.iter().enumerate();
        let values = values.map(|(i, value)| words(store.opaque(), *value, ty, &format_args!("element {i}")));
        let values = values.collect::<Result<Vec<_>>>()?;
        let len = u32::try_from(values.len()).map_err(|_| format_err!("an array of 2^32 elements"))?;
        let object = make(&mut store, &pre.0, len)?;
        for (index, words) in (0..).zip(values) {
            // SAFETY: L5: as in `new`.
            unsafe { object.set_element(index, ty.element_type, words) };
        }
        // SAFETY: L5: it was made just now.
        Ok(unsafe { Rooted::new(store.opaque(), object.word()) })
    }
}

impl Rooted<ArrayRef> {
    /// Its type.
    ///
    /// # Errors
    /// It belongs to another store, or its scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<HeapType> {
        let (object, _) = self.object(store.as_context().opaque())?;
        Ok(HeapType::ConcreteArray(object.ty().id()))
    }

    /// How many elements it has.
    ///
    /// # Errors
    /// As [`Self::ty`].
    pub fn len(&self, store: impl AsContext) -> Result<u32> {
        let (object, _) = self.object(store.as_context().opaque())?;
        Ok(object.array_len().expect("an array"))
    }

    /// Element `index`.
    ///
    /// # Errors
    /// It has no such element ([`Trap::ArrayOutOfBounds`]); as [`Self::ty`].
    pub fn get(&self, store: impl AsContext, index: u32) -> Result<Val> {
        let store = store.as_context().opaque();
        let (object, element) = self.element(store, index)?;
        // SAFETY: L5: it has such an element there.
        Ok(unsafe { value(store, object.element(index, element.element_type), element.element_type) })
    }

    /// Changes element `index`.
    ///
    /// # Errors
    /// Elements must not change; the value is of another type, or another store's; as [`Self::get`].
    pub fn set(&self, mut store: impl AsContextMut, index: u32, value: Val) -> Result<()> {
        let mut store = store.as_context_mut();
        let store = store.opaque_mut();
        let (object, element) = self.element(store, index)?;
        if !element.mutable {
            return Err(format_err!("elements must not change"));
        }
        let words = words(store, value, element, &format_args!("element {index}"))?;
        // SAFETY: L5: it has such an element there, with whose type the value's was compared.
        unsafe {
            keep(store, element.element_type.unpack(), object.element(index, element.element_type));
            object.set_element(index, element.element_type, words);
        }
        Ok(())
    }

    /// The array and its elements' type, if it has this one.
    fn element(&self, store: &StoreOpaque, index: u32) -> Result<(Object, FieldType)> {
        let (object, ty) = self.object(store)?;
        if index >= object.array_len().expect("an array") {
            return Err(Trap::ArrayOutOfBounds.into());
        }
        Ok((object, ty.ty.as_array().expect("an array type").field_type()))
    }
}
