//! Which objects of a heap that was made a copy of another one are still the copies.
//!
//! Somebody who has a reference into the original may ask for the same object here, long after the heap was copied. By then it may be
//! freed, for nothing here need refer to it, and there may be another one at its address. So for each object that was copied there is a bit; the
//! collection that frees the object clears it. Bits take a 64th of what the heap has, at most, and less as objects are freed.

use super::block::{Block, Marks, place};
use std::collections::{BTreeSet, HashMap};

/// Objects that are copies.
#[derive(Debug, Default)]
pub(super) struct Inherited {
    /// By the addresses of blocks, a bit where each of these objects begins.
    blocks: HashMap<usize, Box<Marks>>,
    /// Objects with an allocation of their own.
    large: BTreeSet<usize>,
}

impl Inherited {
    /// All objects that are marked in a block are copies.
    ///
    /// # Safety
    /// It is live until objects that are marked there are [kept](Self::keep_marked) no more, and nobody writes to it now.
    pub(super) unsafe fn add_block(&mut self, block: *const Block) {
        // SAFETY: as is asked for.
        self.blocks.insert(block.addr(), Box::new(unsafe { Block::marks(block) }));
    }

    /// An object with an allocation of its own is a copy.
    ///
    /// # Safety
    /// As for [`Self::add_block`].
    pub(super) unsafe fn add_large(&mut self, object: usize) {
        self.large.insert(object);
    }

    /// Whether an object at this address is the copy of one.
    pub(super) fn has(&self, object: usize) -> bool {
        let (word, bit) = place(object);
        self.blocks.get(&Block::of(object).addr()).is_some_and(|objects| objects[word] & bit != 0)
            || self.large.contains(&object)
    }

    /// Forgets what is not marked.
    ///
    /// # Safety
    /// The heap was marked, and nothing was freed since. Nobody refers to its blocks.
    pub(super) unsafe fn keep_marked(&mut self) {
        self.blocks.retain(|&block, objects| {
            // SAFETY: an object of the block was marked when it was looked at last, or it was made then; so it is live.
            let marks = unsafe { Block::marks(Block::of(block)) };
            objects.iter_mut().zip(marks).fold(0, |any, (objects, marks)| {
                *objects &= marks;
                any | *objects
            }) != 0
        });
        // SAFETY: as above, of an object.
        self.large.retain(|&object| unsafe { Block::is_marked(object) });
    }
}
