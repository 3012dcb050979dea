//! A collection: when it begins, what it does bit by bit, how it ends.
//!
//! | when | what happens |
//! |---|---|
//! | a quarter of the [threshold](Heap) was allocated | blocks are swept that nobody wanted so far, some whenever objects are handed out |
//! | enough that, at the usual pace, it will end when the threshold is reached | it *begins*: roots are given to the marker |
//! | whenever 8 KiB of objects are handed out, or a large object is made | some objects are marked |
//! | nothing is left to be marked | it *ends*: values of the embedder are freed, and large objects; blocks are swept when they are wanted |
//! | twice the threshold was allocated before it has ended | all that is left is marked at once |
//! | there is no room | all is done at once; if that is in vain some times, the heap [is full](Heap::is_full) |
//!
//! The threshold is what was in use after the last collection, and what roots took that were looked at, but at least [`LEAST_BETWEEN`]; it is less if
//! the heap's limit leaves less room, down to an eighth. So a collection may be later than the table says if more is in use than last time, or objects are large.
//!
//! Meanwhile the program goes on, and changes what is to be marked. What is in use when it begins is marked all the same: whoever
//! overwrites a reference in an object has what it referred to [kept](Heap::keep) (*snapshot at the beginning*), until nothing is left to
//! be marked. So nothing that is marked is looked at again; stacks, globals, tables and element segments are looked at once, all at once; and
//! objects that are made meanwhile count as marked.
//!
//! What was reachable when it began and is not any more when it ends is freed by the next.

use super::block::{BLOCK_BYTES, Block, FIRST};
use super::mark::{Found, Marker};
use super::{CHUNK_BYTES, Heap, NO_CLASS};
use crate::Word;
use pirn_decode::objects::{CLASS_BYTES, CLASSES};
use pirn_decode::planted;

/// So many bytes are allocated from one collection to the next, even if less is in use; less only where the heap's limit leaves less room.
pub(super) const LEAST_BETWEEN: u64 = 2 << 20;

/// While a collection is under way, objects are followed of so many times as many bytes as are allocated; of more, if there is little room.
const PACE: u64 = 3;

/// So many bytes are handed out at a time then, so that what is done in between is short.
const AT_A_TIME: u64 = 8 << 10;

/// Of an object that is larger, only so many bytes are paid at that pace, the others once: making it takes long as well.
const LARGE: u64 = 512 << 10;

/// After so many references that were overwritten, as many objects are followed: a program that makes none has to come to an end of it, too.
const OVERWRITTEN: u64 = 16;
/// So many bytes are followed for each of them.
const FOR_EACH: u64 = 64;

/// A collection for lack of room is worth its time if such a part of what is in use was made since the last one, or was freed by it.
const WORTH: u64 = 16;

/// After so many collections for lack of room that were not worth it, another one has to be, or there is no room.
const IN_VAIN: u32 = 3;

/// Of roots, only so many times as many bytes count there as the heap may have: one that is small beside its roots could never be worth it.
const ROOTS_COUNT: u64 = 4;

/// As so many bytes a value of the embedder counts.
pub(super) const EXTERN_BYTES: u64 = 64;

/// So many blocks are looked through for a free object before another block is begun.
const SEARCHED: usize = 16;

/// What a store does about collecting garbage whenever something is allocated: for tests that look for code that does not keep its references rooted long
/// enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GcStress {
    /// Nothing, but when it is due.
    #[default]
    None,
    /// It collects all that nothing refers to.
    Collect,
    /// A collection that is done bit by bit, as others are, begins, goes one small step on, or ends.
    Step,
}

impl From<bool> for GcStress {
    fn from(collects: bool) -> Self {
        if collects { Self::Collect } else { Self::None }
    }
}

/// What is free in a block.
#[derive(Debug)]
pub(super) struct Ready {
    /// The first free object.
    first: u64,
    /// How many there are that nobody has counted as allocated.
    count: usize,
    /// Whether they are marked already.
    is_marked: bool,
}

impl Heap {
    /// Whether so much was allocated that a collection is to begin, or all that it had to mark is marked, so it is to end (`Heap::advance`).
    pub fn is_due(&self) -> bool {
        let is_late = self.allocated >= self.threshold.saturating_mul(2);
        self.holds == 0
            && match &self.found {
                None => self.stress != GcStress::None || self.allocated >= self.begins_at(),
                // Late, if a program allocates faster than expected.
                Some(found) => is_late || self.stress == GcStress::Collect || found.is_all(),
            }
    }

    /// Begins a collection, or ends the one that is under way. `roots` gives the roots to the marker. `unmarked` may look at what was marked.
    ///
    /// # Safety
    /// All roots are given, and whatever is in use is as it should be. What `unmarked` frees is not used afterwards.
    pub(crate) unsafe fn advance(&mut self, roots: impl FnOnce(&mut Marker<'_>), unmarked: impl FnOnce(&Marker<'_>)) {
        // SAFETY: the same is asked for.
        unsafe {
            if self.stress == GcStress::Collect {
                self.collect(roots, unmarked);
            } else if self.found.is_some() {
                self.end(unmarked);
            } else {
                self.begin(roots);
            }
        }
    }

    /// Whether it is full. Where nearly all of a heap is in use, and so little is freed that there is no room again soon, a program would do
    /// nothing but collect, for fuel that pays for little. So what is freed by a collection too many is not handed out, and none is made any more
    /// before somebody [forgives](Self::forgive) that, or much was made since.
    pub(crate) fn is_full(&self) -> bool {
        self.stress == GcStress::None && self.was_full() && !self.has_made_much()
    }

    /// Whether it was when it was collected last for lack of room.
    pub(crate) fn was_full(&self) -> bool {
        self.in_vain > IN_VAIN
    }

    /// Has the next collection for lack of room made even if it was full.
    pub(crate) fn look_once_more(&mut self) {
        self.in_vain = self.in_vain.min(IN_VAIN);
    }

    /// Whether so much was made since the last collection that the next is worth it.
    pub(crate) fn has_made_much(&self) -> bool {
        self.is_worth(self.made().saturating_sub(self.unused()))
    }

    /// Whether nearly all of it is in use, or was since the last collection.
    pub(crate) fn is_nearly_full(&self) -> bool {
        let used = (self.live + self.made()).saturating_sub(self.unused());
        used.saturating_add(CHUNK_BYTES as u64) > self.limit
    }

    /// Says that somebody has paid for a collection himself, or with the end of what runs.
    pub(crate) fn forgive(&mut self) {
        self.in_vain = 0;
    }

    /// Collects all that cannot be reached now, because there is no room. It may be [full](Self::is_full) all the same.
    ///
    /// # Safety
    /// As for [`Heap::advance`].
    pub(crate) unsafe fn make_room(&mut self, roots: impl FnOnce(&mut Marker<'_>), unmarked: impl FnOnce(&Marker<'_>)) {
        let (made, in_vain) = (self.made().saturating_sub(self.unused()), self.in_vain);
        self.in_vain = IN_VAIN;
        // SAFETY: the same is asked for.
        unsafe { self.collect(roots, unmarked) };
        // One that frees much says so when it ends.
        self.in_vain = if self.in_vain == 0 || self.is_worth(made) { 0 } else { (in_vain + 1).min(IN_VAIN + 1) };
    }

    /// How much was made since what is known to be in use was marked.
    fn made(&self) -> u64 {
        self.allocated + self.floating
    }

    /// A collection marks what is in use, and has all blocks swept again. One that brings nothing is not worth it, however little there is.
    fn is_worth(&self, bytes: u64) -> bool {
        let looked_at = self.live + self.roots.min(self.limit.saturating_mul(ROOTS_COUNT));
        bytes > looked_at.max(self.committed / 8) / WORTH
    }

    /// How many bytes of objects were handed out, and so count as made, that are free still.
    fn unused(&self) -> u64 {
        let mut bytes = 0;
        for (&first, size) in self.free.iter().zip(CLASS_BYTES) {
            // SAFETY: free objects of a list.
            unsafe { each_free(first, |_| bytes += u64::from(size)) };
        }
        bytes
    }

    /// Collects all that cannot be reached now.
    ///
    /// # Safety
    /// As for [`Heap::advance`].
    pub(crate) unsafe fn collect(&mut self, roots: impl FnOnce(&mut Marker<'_>), unmarked: impl FnOnce(&Marker<'_>)) {
        self.abandon();
        // Everything that is free is found again.
        self.allocated = self.allocated.saturating_sub(self.unused());
        self.free = [0; CLASSES];
        self.classes.iter_mut().for_each(|class| class.ready.clear());
        // SAFETY: the same is asked for.
        unsafe {
            self.begin(roots);
            self.end(unmarked);
        }
    }

    /// # Safety
    /// As for [`Heap::advance`]; no collection is under way.
    unsafe fn begin(&mut self, roots: impl FnOnce(&mut Marker<'_>)) {
        self.sweep_ahead(usize::MAX);
        for class in (0..CLASSES).filter(|_| !planted(46)) {
            // SAFETY: free objects of a list.
            unsafe { each_free(self.free[class], |object| _ = Block::mark(object)) };
        }
        self.begun_at = self.allocated;
        // SAFETY: everything is swept, so nothing is marked but what is free, and what is in use is as it should be.
        let mut marker = unsafe { Marker::of(self, Found::default()) };
        roots(&mut marker);
        let bytes = marker.roots;
        drop(marker);
        // A value of the embedder counts for so many bytes when it is made, too.
        self.roots = bytes + EXTERN_BYTES * self.externs as u64;
    }

    /// # Safety
    /// As for [`Heap::advance`]; a collection is under way.
    unsafe fn end(&mut self, unmarked: impl FnOnce(&Marker<'_>)) {
        self.collections += 1;
        self.allocated = self.allocated.saturating_sub(self.unused());
        let before = self.live + self.made();
        if let Some(mut marker) = self.marker() {
            marker.trace(u64::MAX);
            unmarked(&marker);
        }
        self.live = self.found.take().map_or(0, |found| found.bytes);
        self.floating = self.allocated.saturating_sub(self.begun_at);
        self.is_marking = false;
        self.unmark_free();
        // SAFETY: the marks are those of this collection, and nothing was freed yet.
        unsafe { self.inherited.keep_marked() };
        for class in &mut self.classes {
            std::mem::swap(&mut class.unswept, &mut class.swept);
        }
        let mut freed = Vec::new();
        self.large.retain(|&object, &mut bytes| {
            // SAFETY: an object with an allocation of its own.
            let stays = unsafe { Block::is_marked(object) } && !planted(18);
            if stays {
                // SAFETY: as above.
                unsafe { Block::unmark(object) };
            } else {
                freed.push((object, bytes));
            }
            stays
        });
        for (object, bytes) in freed {
            // SAFETY: nothing refers to it any more.
            unsafe { self.give_back(object - FIRST, bytes) };
        }
        self.allocated = 0;
        self.plan();
        if self.is_worth(before.saturating_sub(self.live + self.floating)) {
            self.in_vain = 0;
        }
    }

    /// Has the collection that is under way never have begun.
    fn abandon(&mut self) {
        if self.found.take().is_none() {
            return;
        }
        self.is_marking = false;
        for &block in self.classes.iter().flat_map(|class| &class.swept) {
            // SAFETY: a block of the heap, to which nobody refers.
            unsafe { Block::clear(block) };
        }
        for &object in self.large.keys() {
            // SAFETY: an object with an allocation of its own.
            unsafe { Block::unmark(object) };
        }
    }

    /// Whether a collection is under way.
    pub fn is_collecting(&self) -> bool {
        self.found.is_some()
    }

    /// Does what is due when so many bytes are handed out: sweeps, before a collection, or marks.
    pub(super) fn work(&mut self, bytes: u64) {
        let paid =
            if self.stress == GcStress::Step { 1 } else { self.pace * bytes.min(LARGE) + bytes.saturating_sub(LARGE) };
        if let Some(mut marker) = self.marker() {
            marker.trace(paid);
        } else if self.allocated >= self.threshold / 4 {
            // As many as let all be swept when it begins.
            let unswept = self.classes.iter().map(|class| class.unswept.len()).sum::<usize>() as u64;
            let left = self.begins_at().saturating_sub(self.allocated);
            self.sweep_ahead((unswept * bytes).div_ceil(left + bytes) as usize);
        }
    }

    /// Decides when the next collection should have ended, and how fast it is to be.
    pub(super) fn plan(&mut self) {
        let usual = (self.live + self.roots).max(LEAST_BETWEEN);
        // What was made while the last one was under way is there still, though it is likely garbage, as most that is made. And not all room is for
        // objects of the size that is wanted.
        let room = self.limit.saturating_sub(self.live + self.floating);
        self.threshold = usual.min(room - room / 8).max(usual / 8);
        self.pace = (2 * self.live / self.threshold).max(PACE);
    }

    /// A collection begins when so many bytes were allocated: if as much is in use as after the last, it has ended at the threshold.
    fn begins_at(&self) -> u64 {
        self.threshold.saturating_sub(self.live / self.pace)
    }

    /// The marker of the collection that is under way.
    fn marker(&mut self) -> Option<Marker<'_>> {
        let found = self.found.take()?;
        // SAFETY: what was found was in use when marking began, or was made since; it was kept, and so is there still.
        Some(unsafe { Marker::of(self, found) })
    }

    /// Finds free objects of a class, of which there are none at hand, or gives `None` if there is no room for any.
    pub(super) fn refill(&mut self, class: u16) -> Option<()> {
        let place = usize::from(class);
        let mut searched = 0;
        loop {
            if let Some(ready) = self.classes[place].ready.pop() {
                self.hand_out(place, ready);
                return Some(());
            }
            if searched < SEARCHED && self.sweep_one(place, true) {
                searched += 1;
                continue;
            }
            if self.empty.is_empty() {
                self.sweep_ahead(SEARCHED);
            }
            match self.empty_block(class) {
                Some(block) => {
                    self.classes[place].unswept.push(block);
                    self.sweep_one(place, true);
                }
                // There is no room for more blocks.
                None if self.classes.iter().all(|class| class.unswept.is_empty()) => return None,
                None => self.sweep_ahead(usize::MAX),
            }
        }
    }

    /// Sweeps a block of a class, which it stays of even if it is without objects, if it `stays`. Gives whether there was one.
    fn sweep_one(&mut self, class: usize, stays: bool) -> bool {
        let Some(block) = self.classes[class].unswept.pop() else { return false };
        // SAFETY: a block of this class; what was in use in it when everything was marked is marked, and nothing was allocated in it since.
        unsafe {
            if !stays && Block::is_unmarked(block) {
                (*block).class = NO_CLASS;
                self.empty.push(block);
                return true;
            }
            let (first, count) = Block::sweep(block);
            self.classes[class].swept.push(block);
            if first != 0 {
                self.classes[class].ready.push(Ready { first, count, is_marked: false });
            }
        }
        true
    }

    /// Sweeps so many blocks that nobody wanted so far.
    fn sweep_ahead(&mut self, mut most: usize) {
        for class in 0..self.classes.len() {
            while most > 0 && self.sweep_one(class, false) {
                most -= 1;
            }
        }
    }

    /// Gives pieces of memory back of which no block has objects, so that there is room for something else.
    pub fn give_empty_back(&mut self) {
        self.sweep_ahead(usize::MAX);
        let mut count = vec![0; self.chunks.len()];
        let piece = |chunks: &[usize], block: *mut Block| chunks.partition_point(|&chunk| chunk <= block.addr()) - 1;
        for &block in &self.empty {
            count[piece(&self.chunks, block)] += 1;
        }
        let is_empty = |chunks: &[usize], block| count[piece(chunks, block)] == CHUNK_BYTES / BLOCK_BYTES;
        self.empty.retain(|&block| !is_empty(&self.chunks, block));
        for (chunk, count) in std::mem::take(&mut self.chunks).into_iter().zip(count) {
            if count == CHUNK_BYTES / BLOCK_BYTES {
                // SAFETY: a piece of the heap, none of whose blocks has objects, nor stands in a list.
                unsafe { self.give_back(chunk, CHUNK_BYTES) };
            } else {
                self.chunks.push(chunk);
            }
        }
    }

    /// Has objects of a class, of which there are none at hand, be made of these, or some of them.
    fn hand_out(&mut self, class: usize, ready: Ready) {
        let bytes = u64::from(CLASS_BYTES[class]);
        self.free[class] = ready.first;
        let mut count = ready.count;
        if self.found.is_some() && !ready.is_marked && !planted(43) {
            let at_a_time = (AT_A_TIME / bytes).max(1);
            let (mut last, mut most) = (ready.first, at_a_time);
            // SAFETY: free objects of a list.
            unsafe {
                Block::mark(last as usize);
                while most > 1 && next_free(last) != 0 {
                    last = next_free(last);
                    Block::mark(last as usize);
                    most -= 1;
                }
                let rest = next_free(last);
                if rest != 0 {
                    std::ptr::with_exposed_provenance_mut::<u64>(last as usize).write(1);
                    count = count.min(at_a_time as usize);
                    self.classes[class].ready.push(Ready { first: rest, count: ready.count - count, is_marked: false });
                }
            }
        }
        self.allocated += count as u64 * bytes;
        self.work((count as u64 * bytes).max(1));
    }

    /// A new object with an allocation of its own counts as marked, if a collection is under way.
    pub(super) fn note_new(&mut self, object: usize) {
        if self.found.is_some() && !planted(42) {
            // SAFETY: it was just allocated, and nobody refers to it.
            unsafe { Block::mark(object) };
        }
    }

    /// Has handlers ask for all free objects, if something is to be done whenever one is made.
    pub(super) fn set_aside(&mut self) {
        if self.stress == GcStress::None || self.holds != 0 {
            return;
        }
        let is_marked = self.found.is_some();
        for (free, class) in self.free.iter_mut().zip(&mut self.classes) {
            let first = std::mem::take(free);
            if first != 0 {
                class.ready.push(Ready { first, count: 0, is_marked });
            }
        }
    }

    /// Has nothing that is free be marked, and forgets all of it: blocks are swept anew.
    fn unmark_free(&mut self) {
        for (free, class) in self.free.iter_mut().zip(&mut self.classes) {
            let marked = class.ready.drain(..).filter(|ready| ready.is_marked).map(|ready| ready.first);
            for first in marked.chain([std::mem::take(free)]) {
                // SAFETY: free objects of a list.
                unsafe { each_free(first, |object| Block::unmark(object)) };
            }
        }
    }

    /// Has what a reference refers to stay until a collection that is under way has ended: somebody overwrites the reference in an object, or found it
    /// where marking does not look.
    ///
    /// # Safety
    /// [I5](crate#safety): it is the word of a reference of a type that is [traced](pirn_decode::objects::is_traced), in this heap.
    pub unsafe fn keep(&mut self, word: Word) {
        // SAFETY: the same is asked for.
        unsafe { self.keep_all(&[word], 0) };
    }

    /// Keeps what references refer to that are overwritten all at once, and marks as much again.
    ///
    /// # Safety
    /// As for [`Heap::keep`].
    pub(crate) unsafe fn overwrite_all(&mut self, words: &[Word]) {
        // SAFETY: the same is asked for.
        unsafe { self.keep_all(words, size_of_val(words) as u64) };
    }

    /// Keeps what a reference refers to that is overwritten, and marks something now and then.
    ///
    /// # Safety
    /// As for [`Heap::keep`].
    #[inline]
    pub(crate) unsafe fn overwrite(&mut self, word: Word) {
        self.overwritten += 1;
        let some = if self.overwritten.is_multiple_of(OVERWRITTEN) { OVERWRITTEN * FOR_EACH } else { 0 };
        // SAFETY: the same is asked for: a reference that is even is null or that of an object.
        unsafe {
            // Most are that.
            let is_kept = word == 0 || word & 3 == 0 && Block::is_marked(word as usize);
            if !is_kept || some > 0 {
                self.keep_all(&[word], some);
            }
        }
    }

    /// # Safety
    /// As for [`Heap::keep`].
    unsafe fn keep_all(&mut self, words: &[Word], and_follow: u64) {
        let is_step = self.stress == GcStress::Step;
        if let Some(mut marker) = self.marker() {
            // SAFETY: as is asked for.
            words.iter().for_each(|&word| unsafe { marker.mark(word) });
            if !is_step {
                marker.trace(and_follow);
            }
        }
    }
}

/// Calls `each` with all free objects of a list.
///
/// # Safety
/// They are; the list stays as it is.
unsafe fn each_free(mut object: u64, mut each: impl FnMut(usize)) {
    while object != 0 {
        each(object as usize);
        // SAFETY: as is asked for.
        object = unsafe { next_free(object) };
    }
}

/// The free object behind one in its list, or 0.
///
/// # Safety
/// It is one.
unsafe fn next_free(object: u64) -> u64 {
    // SAFETY: what is free leads to the next.
    unsafe { std::ptr::with_exposed_provenance::<u64>(object as usize).read() - 1 }
}
