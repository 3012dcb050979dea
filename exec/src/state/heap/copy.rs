//! Copies of heaps, for copies of stores.
//!
//! A heap that was collected has a mark for each object that is left, until its block is swept. Such blocks are copied as they are, so the copy
//! is a heap that was collected, too, and its blocks are swept when objects of their sizes are wanted. Blocks without objects are left out.
//!
//! Then each object's references are led to the copies, by its type. For a reference to an object, the block that the object
//! lies in says where it was copied to; which functions and tags are the copies of which, the store knows.

use super::Heap;
use super::block::{BLOCK_BYTES, Block, FIRST};
use super::object::{ObjectKind, ObjectType, TAG_AT};
use crate::Word;
use pirn_decode::objects::{ARRAY_HEADER_BYTES, LENGTH_AT};
use std::collections::HashMap;

/// A piece of memory that was copied.
#[derive(Debug, Clone, Copy)]
pub struct CopiedPiece {
    /// The address at which it begins.
    pub begin: usize,
    /// How many bytes it has.
    pub bytes: usize,
    /// The address at which its copy begins.
    pub to: usize,
}

impl Heap {
    /// Whether marks say which objects there are, but for those with an allocation of their own: nothing was swept since it was collected last, and no
    /// collection is under way.
    pub fn is_marked(&self) -> bool {
        self.found.is_none() && self.classes.iter().all(|class| class.swept.is_empty())
    }

    /// Copies all objects to `copy`, where they refer to what they refer to here until they are [led over](Heap::lead_over). No limit of that heap is
    /// about them. Gives where they are, or `None` if there is no memory for them.
    ///
    /// # Panics
    /// Not all of them are [marked](Heap::is_marked), or something was allocated in `copy`.
    ///
    /// # Safety
    /// Nobody refers to objects of this heap, all of which are as they should be. If this gives `None`, nothing is allocated in `copy` any
    /// more, nor is it collected.
    pub unsafe fn copy_to(&mut self, copy: &mut Self) -> Option<Vec<CopiedPiece>> {
        assert!(self.is_marked(), "a heap is copied when it was collected");
        assert!(copy.chunks.is_empty() && copy.large.is_empty(), "a heap is copied to one that is empty");
        copy.activate();
        (copy.live, copy.roots) = (self.live, self.roots);
        let limit = std::mem::replace(&mut copy.limit, u64::MAX);
        // SAFETY: the same is asked for.
        let pieces = unsafe { self.copy_pieces(copy) };
        copy.set_limit(limit);
        pieces
    }

    /// # Safety
    /// That of [`Heap::copy_to`].
    unsafe fn copy_pieces(&self, copy: &mut Self) -> Option<Vec<CopiedPiece>> {
        let mut pieces = Vec::new();
        let blocks = self.classes.iter().map(|class| class.unswept.len()).sum::<usize>();
        pieces.try_reserve_exact(blocks + self.large.len()).ok()?;
        for (class, blocks) in self.classes.iter().enumerate() {
            for &block in &blocks.unswept {
                // SAFETY: a block of this heap.
                if unsafe { Block::is_unmarked(block) } {
                    continue;
                }
                let to = copy.empty_block(class as u16)?;
                // SAFETY: a block of this heap, whose objects are marked, and one that nobody uses yet.
                unsafe {
                    Block::copy_to(block, to, BLOCK_BYTES);
                    copy.inherited.add_block(to);
                }
                copy.classes[class].unswept.push(to);
                pieces.push(CopiedPiece { begin: block.addr(), bytes: BLOCK_BYTES, to: to.expose_provenance() });
            }
        }
        for (&object, &bytes) in &self.large {
            let to = copy.allocate(bytes)?;
            copy.large.insert(to + FIRST, bytes);
            // SAFETY: the allocation of an object, and another one as large that nobody uses yet.
            unsafe {
                Block::copy_to(Block::of(object), Block::of(to), bytes);
                copy.inherited.add_large(to + FIRST);
            }
            pieces.push(CopiedPiece { begin: object - FIRST, bytes, to });
        }
        Some(pieces)
    }

    /// Has all objects of `copy`, to which those of this heap were copied, refer to the copies of what they refer to here: `elsewhere` gives, for the
    /// address of a function's record or of a tag, where that of the copy is.
    ///
    /// # Safety
    /// This heap was [copied](Heap::copy_to) to `copy`, and nothing was allocated in either, nor collected, since. [I5](crate#safety): what `elsewhere`
    /// gives is a record of the same type, or such a tag, of the copy's store.
    pub unsafe fn lead_over(&self, copy: &mut Self, elsewhere: &dyn Fn(usize) -> usize) {
        let mut types = HashMap::with_capacity(self.types.len() + self.exceptions.len());
        let lists = [(&self.types, &mut copy.types), (&self.exceptions, &mut copy.exceptions)];
        for (from, to) in lists {
            for (&id, ty) in from {
                let there = to.entry(id).or_insert_with(|| ty.clone());
                types.insert((&raw const **ty).addr(), &raw const **there);
            }
        }
        let (mut known, mut there) = (0, std::ptr::null());
        let mut lead = |object: usize| {
            // SAFETY: an object begins with the address of its type, one of this heap's. It is alone with this.
            unsafe {
                let ty = std::ptr::with_exposed_provenance_mut::<*const ObjectType>(object);
                let address = ty.read().addr();
                if address != known {
                    (known, there) = (address, types[&address]);
                }
                ty.write(there);
                lead_object(object, &*there, elsewhere);
            }
        };
        for &block in copy.classes.iter().flat_map(|class| &class.unswept) {
            // SAFETY: what is marked in a block is its objects, and leading one over writes to no mark.
            unsafe { Block::objects(block).for_each(&mut lead) };
        }
        copy.large.keys().copied().for_each(lead);
    }

    /// Whether the object that this heap had at an address when it was made a copy is still there: it was not freed since.
    pub(crate) fn is_inherited(&self, address: usize) -> bool {
        self.inherited.has(address)
    }
}

/// What a reference in an object that was copied is in the copy.
///
/// # Safety
/// [I5](crate#safety): it is the word of a reference in the heap that was copied, of a type that is traced.
#[inline(always)]
unsafe fn led(word: Word) -> Word {
    match word & 3 {
        // SAFETY: it is the address of an object of that heap, all of whose blocks were copied.
        0 if word != 0 => unsafe { Block::copy_of(word as usize) as Word },
        _ => word,
    }
}

/// Leads an object's references over.
///
/// # Safety
/// It is an object of this type in the copy, whose references are still those of the original, and nobody else refers to it. For `elsewhere`,
/// that of [`Heap::lead_over`].
unsafe fn lead_object(object: usize, ty: &ObjectType, elsewhere: &dyn Fn(usize) -> usize) {
    let at = |offset: usize| std::ptr::with_exposed_provenance_mut::<Word>(object + offset);
    let function = |word: Word| if word == 0 { 0 } else { elsewhere(word as usize) as Word };
    // SAFETY: references lie where the type says; an array has as many elements as its length.
    unsafe {
        let mut references = ty.references;
        while references != 0 {
            let place = at(8 * references.trailing_zeros() as usize);
            references &= references - 1;
            place.write(led(place.read()));
        }
        match ty.kind {
            ObjectKind::Array => {
                let has_functions = !ty.functions.is_empty();
                if ty.is_plain && !has_functions {
                    return;
                }
                let len = at(LENGTH_AT as usize).cast::<u32>().read() as usize;
                for index in 0..len {
                    let place = at(ARRAY_HEADER_BYTES as usize + 8 * index);
                    let word = place.read();
                    place.write(if has_functions { function(word) } else { led(word) });
                }
                return;
            }
            ObjectKind::Exception => {
                let tag = at(TAG_AT as usize).cast::<*const ()>();
                tag.write(std::ptr::with_exposed_provenance(elsewhere(tag.read().expose_provenance())));
            }
            ObjectKind::Struct => {}
        }
        for &offset in &ty.traced {
            let place = at(offset as usize);
            place.write(led(place.read()));
        }
        for &offset in &ty.functions {
            let place = at(offset as usize);
            place.write(function(place.read()));
        }
    }
}
