//! Tags and exceptions (spec 4.2.6, 4.2.10), and what is known of the frames they were thrown through.

use crate::Word;
use crate::state::vm::Vm;
use pirn_decode::CatchTable;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A tag. Its address tells it apart from others.
#[derive(Debug)]
pub struct Tag {
    /// How many words the values of its exceptions have.
    pub(crate) words: u32,
}

impl Tag {
    /// A tag of exceptions whose values have so many words.
    pub const fn new(words: u32) -> Self {
        Self { words }
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

/// An exception: its tag, then its values.
#[derive(Debug)]
pub(crate) struct Exception(Box<[Word]>);

impl Exception {
    /// Its tag.
    pub(crate) fn tag(&self) -> *const Tag {
        std::ptr::with_exposed_provenance(self.0[0] as usize)
    }

    /// Its values.
    pub(crate) fn values(&self) -> &[Word] {
        &self.0[1..]
    }
}

impl Vm {
    /// An exception of `tag` with these values: its word.
    pub fn new_exception(&mut self, tag: *const Tag, values: &[Word]) -> Word {
        let words = std::iter::once(tag.expose_provenance() as Word).chain(values.iter().copied());
        self.exceptions.push(Box::new(Exception(words.collect())));
        let last = self.exceptions.last().expect("one was just added");
        std::ptr::from_ref::<Exception>(last).expose_provenance() as Word
    }
}
