//! Tags (spec 4.2.10), and what is known of the places that exceptions were thrown through.

use crate::state::heap::object::ObjectType;
use pirn_decode::CatchTable;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A tag. Its address tells it apart from others.
#[derive(Debug)]
pub struct Tag {
    /// What its exceptions are in the heap.
    ty: *const ObjectType,
    /// How many words their values have.
    words: u32,
}

// SAFETY: the pointer is into the store that owns the tag and goes between threads with it (I2); nobody writes there.
unsafe impl Send for Tag {}
// SAFETY: as above.
unsafe impl Sync for Tag {}

impl Tag {
    /// A tag whose exceptions are such objects, and whose values have so many words.
    pub const fn new(ty: *const ObjectType, words: u32) -> Self {
        Self { ty, words }
    }

    /// How many words the values of its exceptions have.
    pub const fn words(&self) -> u32 {
        self.words
    }

    /// What its exceptions are in the heap.
    pub(crate) const fn ty(&self) -> *const ObjectType {
        self.ty
    }
}

/// What is known of the place behind a call, or behind what throws.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ThrownAt {
    /// Slot of the frame's header.
    pub(crate) header: u32,
    /// Byte of the code, the head counted.
    pub(crate) position: u32,
    /// Where the code begins.
    pub(crate) code: usize,
    /// The function's handlers; null if it has none.
    pub(crate) catches: *const CatchTable,
}

/// Places by their addresses. Code lives as long as its store, so what was found once remains.
pub(crate) type Places = HashMap<usize, ThrownAt, BuildHasherDefault<AddressHasher>>;

/// Addresses are no secret, and nobody chooses them.
#[derive(Debug, Default)]
pub(crate) struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_usize(byte.into()));
    }

    fn write_usize(&mut self, address: usize) {
        self.0 = (self.0 ^ address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}
