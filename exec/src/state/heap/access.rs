//! Fields and elements, as the embedder reads and writes them.

use super::object::{ObjectKind, ObjectType};
use crate::Word;
use pirn_decode::objects::{ARRAY_HEADER_BYTES, LENGTH_AT};
use pirn_decode::{StorageType, ValType};

/// A struct, array or exception, by its address.
#[derive(Debug, Clone, Copy)]
pub struct Object(*mut u8);

impl Object {
    /// # Safety
    /// It is the word of a reference to an object, which is alive and whose store is borrowed as long as this is used: mutably, if it is
    /// written to.
    pub unsafe fn new(word: Word) -> Self {
        Self(std::ptr::with_exposed_provenance_mut(word as usize))
    }

    /// The word of a reference to it.
    pub fn word(self) -> Word {
        self.0.expose_provenance() as Word
    }

    /// Its type.
    pub fn ty(&self) -> &ObjectType {
        // SAFETY: an object begins with the address of its type, which lives as long as its store, which is borrowed as long as this is used.
        unsafe { &**self.0.cast::<*const ObjectType>() }
    }

    /// How many elements it has, if it is an array.
    pub fn array_len(self) -> Option<u32> {
        // SAFETY: an array has its length there.
        (self.ty().kind() == ObjectKind::Array).then(|| unsafe { self.0.add(LENGTH_AT as usize).cast::<u32>().read() })
    }

    /// The words of a value of this type that a field has at an offset.
    ///
    /// # Safety
    /// It is a struct or exception with such a field there.
    pub unsafe fn field(self, at: u32, ty: ValType) -> [Word; 2] {
        // SAFETY: as is asked for: fields are whole words.
        unsafe {
            let place = self.0.add(at as usize).cast::<Word>();
            [place.read(), if ty.words() == 2 { place.add(1).read() } else { 0 }]
        }
    }

    /// Sets a field of an object that was just made, or one whose reference was [kept](super::Heap::keep).
    ///
    /// # Safety
    /// As for [`Self::field`]; they are words of a value of that type, in the object's store.
    pub unsafe fn set_field(self, at: u32, ty: ValType, [low, high]: [Word; 2]) {
        // SAFETY: as is asked for.
        unsafe {
            let place = self.0.add(at as usize).cast::<Word>();
            place.write(low);
            if ty.words() == 2 {
                place.add(1).write(high);
            }
        }
    }

    fn element_place(self, index: u32, ty: StorageType) -> *mut u8 {
        self.0.wrapping_add(ARRAY_HEADER_BYTES as usize + index as usize * ty.bytes() as usize)
    }

    /// The words of an element. What is packed has no sign.
    ///
    /// # Safety
    /// It is an array of such elements, and has one there.
    pub unsafe fn element(self, index: u32, ty: StorageType) -> [Word; 2] {
        let place = self.element_place(index, ty);
        // SAFETY: as is asked for; elements are aligned to 8 bytes at most.
        unsafe {
            match ty.bytes() {
                1 => [place.read().into(), 0],
                2 => [place.cast::<u16>().read().into(), 0],
                4 => [place.cast::<u32>().read().into(), 0],
                8 => [place.cast::<u64>().read(), 0],
                _ => place.cast::<[Word; 2]>().read(),
            }
        }
    }

    /// Sets an element, as [`Self::set_field`] sets a field.
    ///
    /// # Safety
    /// As for [`Self::element`]; they are words of a value of that type, in the array's store.
    pub unsafe fn set_element(self, index: u32, ty: StorageType, words: [Word; 2]) {
        let place = self.element_place(index, ty);
        // SAFETY: as is asked for.
        unsafe {
            match ty.bytes() {
                1 => place.write(words[0] as u8),
                2 => place.cast::<u16>().write(words[0] as u16),
                4 => place.cast::<u32>().write(words[0] as u32),
                8 => place.cast::<u64>().write(words[0]),
                _ => place.cast::<[Word; 2]>().write(words),
            }
        }
    }
}
