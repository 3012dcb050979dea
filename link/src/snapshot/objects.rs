//! Structs, arrays and exceptions, both ways.
//!
//! Objects may refer to each other in circles, and to functions of instances that are made later. So all of them are made first, of zeros
//! and nulls, and filled when everything else is there. Nothing is collected meanwhile.

use super::made::{Made, numbered};
use super::names::Names;
use super::state::{Elements, ObjectState, State, Value};
use crate::error::{Result, format_err};
use crate::items::value::Val;
use crate::store::instance_data::TagItem;
use crate::store::opaque::StoreOpaque;
use pirn_decode::objects::{HEADER_BYTES, places};
use pirn_decode::{CompositeType, DefinedType, StorageType, ValType};
use pirn_exec::{EXCEPTION_VALUES_AT, Exception, Object, ObjectKind, ObjectType, Trap, Vm, Word};
use std::sync::Arc;

impl Names<'_> {
    /// Adds the objects that were found and are not there yet, those that they refer to, and so on.
    ///
    /// # Errors
    /// Something has no name.
    pub(super) fn objects(&mut self, objects: &mut Vec<ObjectState>) -> Result<()> {
        while let Some(&address) = self.found_objects.get(objects.len()) {
            objects.push(self.object_state(address)?);
        }
        Ok(())
    }

    fn object_state(&mut self, address: Word) -> Result<ObjectState> {
        // SAFETY: L5: a reference to it was found in the store, which is borrowed; nothing is collected meanwhile.
        let object = unsafe { Object::new(address) };
        let id = object.ty().id();
        if object.ty().kind() == ObjectKind::Exception {
            // SAFETY: L5: it is an exception; L1: its tag is one of the store's.
            let item = unsafe { &*Exception::of_word(address).tag().cast::<TagItem>() };
            let params = item.ty.ty().params().iter().copied();
            let values = self.fields(object, places(EXCEPTION_VALUES_AT, params))?;
            return Ok(ObjectState::Exception { tag: self.tags[&std::ptr::from_ref(item).addr()], values });
        }
        let defined = self.store.engine().types().defined(id).expect("a store keeps its types");
        let number = self.type_number(id)?;
        Ok(match &defined.ty.composite {
            CompositeType::Struct(ty) => {
                ObjectState::Struct { ty: number, fields: self.fields(object, places(HEADER_BYTES, ty.values()))? }
            }
            CompositeType::Array(ty) => {
                ObjectState::Array { ty: number, elements: self.elements(object, ty.field_type().element_type)? }
            }
            CompositeType::Func(_) => unreachable!("functions are no objects of the heap"),
        })
    }

    fn fields(&mut self, object: Object, places: impl Iterator<Item = (u32, ValType)>) -> Result<Vec<Value>> {
        let store = self.store;
        // SAFETY: L5: an object has values of these types there, in its store.
        places.map(|(at, ty)| self.value(unsafe { Val::from_words(ty, object.field(at, ty), store) })).collect()
    }

    fn elements(&mut self, array: Object, ty: StorageType) -> Result<Elements> {
        let (store, len) = (self.store, array.array_len().expect("an array"));
        // SAFETY: L5: an array has elements of this type, in its store.
        let words = |index| unsafe { array.element(index, ty) };
        let element = ty.unpack();
        if element.is_ref() {
            // SAFETY: L5: as above.
            let value = |index| self.value(unsafe { Val::from_words(element, words(index), store) });
            return Ok(Elements::References((0..len).map(value).collect::<Result<_>>()?));
        }
        let mut bytes = Vec::with_capacity(len as usize * ty.bytes() as usize);
        for [low, high] in (0..len).map(words) {
            let both = u128::from(low) | u128::from(high) << 64;
            bytes.extend_from_slice(&both.to_le_bytes()[..ty.bytes() as usize]);
        }
        Ok(Elements::Numbers(bytes))
    }
}

/// The type of a struct or array that a snapshot names by a number, as the store's heap knows it.
fn object_type(store: &mut StoreOpaque, made: &Made, number: u32) -> Result<(*const ObjectType, Arc<DefinedType>)> {
    let id = made.type_id(number)?;
    let defined = store.engine().types().defined(id);
    let known = store.heap().known_type(id).zip(defined);
    known.ok_or_else(|| format_err!("an object of a type that is no struct's and no array's"))
}

/// Makes all objects, of zeros and nulls, none of which is rooted.
///
/// # Errors
/// They are of no such types, or have more or fewer values than those; there is no room for them.
pub(super) fn make(store: &mut StoreOpaque, made: &mut Made, state: &State) -> Result<()> {
    let wrong = |expected: &str| format_err!("an object of another type: expected {expected}");
    // So what is made takes no more than so many times what was read.
    let count = |found: usize, expected: usize| if found == expected { Ok(()) } else { Err(wrong_count()) };
    for object in &state.objects {
        let (ty, len) = match object {
            ObjectState::Struct { ty, fields } => {
                let (ty, defined) = object_type(store, made, *ty)?;
                count(fields.len(), defined.ty.as_struct().ok_or_else(|| wrong("a struct"))?.fields().len())?;
                (ty, 0)
            }
            ObjectState::Array { ty, elements } => {
                let (ty, defined) = object_type(store, made, *ty)?;
                let element = defined.ty.as_array().ok_or_else(|| wrong("an array"))?.field_type().element_type;
                let (len, is_whole) = match elements {
                    Elements::References(values) => (values.len(), element.unpack().is_ref()),
                    Elements::Numbers(bytes) => {
                        let one = element.bytes() as usize;
                        (bytes.len() / one, !element.unpack().is_ref() && bytes.len() % one == 0)
                    }
                };
                let len = u32::try_from(len).ok().filter(|_| is_whole);
                (ty, len.ok_or_else(|| wrong("an array of as many bytes as its elements have"))?)
            }
            ObjectState::Exception { tag, values } => {
                let tag = numbered(&made.tags, *tag, "tags")?;
                count(values.len(), tag.get(store)?.ty.ty().params().len())?;
                let words = vec![0; tag.get(store)?.ty.ty().param_words()];
                // SAFETY: L1: a tag of this store. L2: its machine stands still. L5: zeros are zero and null; they are replaced before anything
                // looks at them.
                let word = unsafe { Vm::make_exception(store.vm(), &raw const (*tag.as_ptr()).tag, &words) };
                made.objects.push(word.ok_or(Trap::GcHeapOutOfMemory)?);
                continue;
            }
        };
        // SAFETY: L1 and L2: the machine is this store's, and stands still. L6: a type of its heap.
        let object = unsafe { Vm::make_object(store.vm(), ty, len) };
        made.objects.push(object.ok_or(Trap::GcHeapOutOfMemory)?.word());
    }
    Ok(())
}

#[cold]
fn wrong_count() -> crate::Error {
    format_err!("an object of more values than its type has, or of fewer")
}

/// Fills the objects that were made, when functions can be referred to. They have as many values as their types.
///
/// # Errors
/// Those are of others.
pub(super) fn fill(store: &mut StoreOpaque, made: &Made, state: &State) -> Result<()> {
    for (object, &word) in state.objects.iter().zip(&made.objects) {
        // SAFETY: L5: it was made before, and nothing is collected meanwhile.
        let new = unsafe { Object::new(word) };
        match object {
            ObjectState::Struct { ty, fields } => {
                let (_, defined) = object_type(store, made, *ty)?;
                let ty = defined.ty.as_struct().expect("`make` has compared it");
                set_fields(store, made, new, places(HEADER_BYTES, ty.values()), fields)?;
            }
            ObjectState::Exception { tag, values } => {
                let params = numbered(&made.tags, *tag, "tags")?.get(store)?.ty.ty().params().to_vec();
                set_fields(store, made, new, places(EXCEPTION_VALUES_AT, params.into_iter()), values)?;
            }
            ObjectState::Array { ty, elements } => {
                let (_, defined) = object_type(store, made, *ty)?;
                let ty = defined.ty.as_array().expect("`make` has compared it").field_type().element_type;
                match elements {
                    Elements::Numbers(bytes) => {
                        for (index, bytes) in (0..).zip(bytes.chunks(ty.bytes() as usize)) {
                            let mut both = [0; 16];
                            both[..bytes.len()].copy_from_slice(bytes);
                            let both = u128::from_le_bytes(both);
                            // SAFETY: L5: it has as many elements, of numbers of so many bytes.
                            unsafe { new.set_element(index, ty, [both as Word, (both >> 64) as Word]) };
                        }
                    }
                    Elements::References(values) => {
                        for (index, value) in (0..).zip(values) {
                            let words = words(store, made, value, ty.unpack())?;
                            // SAFETY: L5: it has as many elements, with whose type the value's was compared.
                            unsafe { new.set_element(index, ty, words) };
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// The words of a value of this type.
///
/// # Errors
/// It is of another.
pub(super) fn words(store: &StoreOpaque, made: &Made, value: &Value, ty: ValType) -> Result<[Word; 2]> {
    let found = made.val(store, value)?;
    if !found.is_of(ty, store) {
        return Err(format_err!("a value: expected {ty}, found {}", found.ty()));
    }
    found.to_words(store)
}

fn set_fields(
    store: &StoreOpaque,
    made: &Made,
    object: Object,
    places: impl Iterator<Item = (u32, ValType)>,
    values: &[Value],
) -> Result<()> {
    for (value, (at, ty)) in values.iter().zip(places) {
        let words = words(store, made, value, ty)?;
        // SAFETY: L5: the object has such a value there, with whose type this one's was compared.
        unsafe { object.set_field(at, ty, words) };
    }
    Ok(())
}
