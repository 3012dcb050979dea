//! Allocating objects and collecting them: the [heap](crate::state::heap) on behalf of what runs.
//!
//! Roots are the words of value stacks, from the base of each to the end of the running frame; those of executions that stand
//! still; the accumulator where a host function, or whoever is asked at a deadline, has the machine wait; the pending exception; and what the store has,
//! of which its [hook](crate::RootsHooks) tells. Nothing is in registers only where something is allocated: its operands, and all that
//! is needed later, lie in slots.

use crate::Word;
use crate::state::heap::access::Object;
use crate::state::heap::mark::Marker;
use crate::state::heap::object::{ObjectKind, ObjectType};
use crate::state::heap::{Heap, OuterStack};
use crate::state::vm::Vm;
use pirn_decode::objects::{LENGTH_AT, class_of};
use pirn_decode::planted;
use std::ptr::null;

/// How much is collected.
#[derive(Debug, Clone, Copy)]
enum Much {
    /// All that nothing refers to.
    All,
    /// The same, because there is no room ([`Heap::make_room`]).
    Room,
    /// What is due: bit by bit ([`Heap::advance`]).
    Due,
}

impl Vm {
    /// The heap of its store.
    ///
    /// # Safety
    /// `this` is live, and stands still or waits for a host function or hook; nobody else refers to its heap as long as this is
    /// in use.
    pub unsafe fn heap<'a>(this: *mut Self) -> &'a mut Heap {
        // SAFETY: as is asked for.
        unsafe { &mut (*this).heap }
    }

    /// The heap of its store, for who has the machine only to look at.
    pub fn heap_within(&self) -> &Heap {
        &self.heap
    }

    /// Collects what nothing refers to.
    ///
    /// # Safety
    /// `this` is live, and stands still or waits for a host function or hook. All words of references that the hooks tell of are as they
    /// should be ([I5](crate#safety)).
    pub unsafe fn collect(this: *mut Self) {
        // SAFETY: the words below the first free one are those of frames, if something runs.
        unsafe {
            if !(*this).heap.is_held() {
                Self::collect_below(this, (*this).top, Much::All);
                (*this).heap.forgive();
            }
        }
    }

    /// Collects what nothing refers to: somebody is about to make objects while nothing is collected. Where something runs, that has to be paid for by
    /// what was made since the last collection; else it counts as lack of room, and is not done where there is some.
    ///
    /// # Safety
    /// As for [`Vm::collect`].
    pub unsafe fn collect_before(this: *mut Self) {
        // SAFETY: as above.
        unsafe {
            if (*this).depth == 0 {
                Self::collect(this);
            } else if (*this).heap.has_made_much() {
                Self::collect_below(this, (*this).top, Much::All);
            } else if (*this).heap.is_nearly_full() {
                Self::make_room(this);
            }
        }
    }

    /// Collects what nothing refers to, because there is no room. Whether there is some now, or may be: the heap may be full of what is in use.
    ///
    /// # Safety
    /// As for [`Vm::collect`].
    pub unsafe fn make_room(this: *mut Self) -> bool {
        // SAFETY: as above.
        unsafe { Self::make_room_below(this, (*this).top, 0) }
    }

    /// Where no more than `most` calls from the host are under way, what runs ends if there is no room. So it is looked for in any case, and if
    /// there is none, what was in vain counts no longer: who goes on may have given up what fills the heap. A host function further in may take no
    /// notice, so nothing is done there in a heap that is full, until the embedder begins another program ([`Vm::begin_program`]).
    ///
    /// # Safety
    /// As for [`Vm::make_room`], if the frames on the stack in use end at `top`.
    unsafe fn make_room_below(this: *mut Self, top: *const Word, most: u32) -> bool {
        // SAFETY: as is asked for; nobody else refers to the heap.
        unsafe {
            let ends = (*this).depth <= most;
            if (*this).heap.is_held() || !ends && (*this).heap.is_full() {
                return false;
            }
            Self::collect_below(this, top, Much::Room);
            let is_full = (*this).heap.is_full();
            if ends && is_full {
                (*this).heap.forgive();
            }
            if (*this).heap.was_full() {
                (*this).quick_depth = 0;
            }
            !is_full
        }
    }

    /// Says that a call from the host is about to begin. If nothing runs yet, a heap that is full is looked at once more. Nothing is paid for that: where
    /// it is, the next entry fails the test that it has anyway.
    pub(crate) fn begin_program(&mut self) {
        if self.depth == 0 {
            self.heap.look_once_more();
        }
    }

    /// Begins or ends a collection, if that is due.
    ///
    /// # Safety
    /// As for [`Vm::collect`].
    pub unsafe fn collect_if_due(this: *mut Self) {
        // SAFETY: as above.
        unsafe {
            if (*this).heap.is_due() {
                Self::collect_below(this, (*this).top, Much::Due);
            }
        }
    }

    /// Collects, if the frames on the stack in use end at `top`.
    ///
    /// # Safety
    /// As there; `top` is null if no stack is in use.
    #[cold]
    #[inline(never)]
    unsafe fn collect_below(this: *mut Self, top: *const Word, much: Much) {
        // SAFETY: the machine stands still, so nobody else refers to its fields; words of stacks were zero once and so are initialised.
        // All that is given to the marker is as it asks for, if the hooks do as they should.
        unsafe {
            if (*this).heap.holds != 0 {
                return;
            }
            let (stack, r0, pending) = ((*this).stack_in_use(top), (*this).saved.r0, (*this).pending);
            let (outer, parked) = (std::mem::take(&mut (*this).heap.outer), (*this).heap.parked.clone());
            let (hooks, store) = ((*this).roots, (*this).store);
            let heap = &mut (*this).heap;
            let roots = |marker: &mut Marker<'_>| {
                marker.is_within = stack.is_some() || !outer.is_empty();
                // Where nothing runs it is what something left that has ended.
                if stack.is_some() && !planted(7) {
                    marker.mark_maybe(r0);
                }
                if !planted(8) {
                    marker.mark_maybe(pending);
                }
                for stack in stack.iter().chain(outer.iter().filter(|_| !planted(9))) {
                    marker.mark_words(stack.base, stack.top);
                    marker.mark_maybe(stack.r0);
                }
                if let Some(parked) = parked.filter(|_| !planted(10)) {
                    for words in parked.lock().words() {
                        marker.mark_words(words.at, words.at.add(words.len));
                        marker.is_within |= words.is_within;
                        if !planted(11) {
                            marker.mark_maybe(words.r0);
                        }
                    }
                }
                if let Some(hooks) = hooks {
                    (hooks.mark)(store, marker);
                }
            };
            let unmarked = |marker: &Marker<'_>| {
                if let Some(hooks) = hooks {
                    (hooks.free)(store, marker);
                }
            };
            match much {
                Much::All => heap.collect(roots, unmarked),
                Much::Room => heap.make_room(roots, unmarked),
                Much::Due => heap.advance(roots, unmarked),
            }
            (*this).heap.outer = outer;
        }
    }

    /// The words of frames on the stack in use, if there is one, whose end is `top`.
    pub(crate) fn stack_in_use(&self, top: *const Word) -> Option<OuterStack> {
        let base = self.stack_limit.wrapping_byte_sub(self.stack_bytes);
        (!top.is_null()).then_some(OuterStack { base, top, r0: 0 })
    }

    /// Room for an object of so many bytes, or null. Its first word is to be written before anything else is allocated.
    ///
    /// # Safety
    /// As for [`Vm::collect`], if the frames on the stack in use end at `top`.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn allocate_below(this: *mut Self, bytes: u64, top: *const Word) -> *mut u64 {
        // SAFETY: the machine is alone with its heap (I2), and the rest is asked for.
        unsafe {
            if (*this).heap.is_due() {
                Self::collect_below(this, top, Much::Due);
            }
            if let Some(object) = (*this).heap.take(bytes) {
                return object;
            }
            let (is_large, is_held) = (class_of(bytes).is_none(), (*this).heap.is_held());
            let take = || {
                if is_large {
                    (*this).heap.give_empty_back();
                }
                (*this).heap.take(bytes)
            };
            // Further in, somebody may take no notice, so little is done in a heap that is full.
            let most = if is_held { 0 } else { 1 };
            if (*this).depth > most && (*this).heap.is_full() {
                return std::ptr::null_mut();
            }
            // What is large needs no collection where whole pieces are empty.
            if is_large && let Some(object) = take() {
                return object;
            }
            let has_room = !is_held && Self::make_room_below(this, top, most);
            has_room.then(take).flatten().unwrap_or(std::ptr::null_mut())
        }
    }

    /// Makes an object of this type, all of whose fields or elements are zero and null; of so many elements, if it is an array; or `None` if there is no room for it.
    ///
    /// # Safety
    /// As for [`Vm::collect`]; `ty` is one of the heap's types.
    pub unsafe fn make_object(this: *mut Self, ty: *const ObjectType, len: u32) -> Option<Object> {
        // SAFETY: the type is live; there is room for so many bytes.
        unsafe {
            let bytes = (*ty).bytes_with(len);
            let object = Self::allocate_below(this, bytes, (*this).top);
            if object.is_null() {
                return None;
            }
            object.write_bytes(0, bytes as usize / 8);
            object.cast::<u8>().add(bytes as usize & !7).write_bytes(0, bytes as usize & 7);
            object.cast::<*const ObjectType>().write(ty);
            if (*ty).kind() == ObjectKind::Array {
                object.byte_add(LENGTH_AT as usize).cast::<u32>().write(len);
            }
            Some(Object::new(object.expose_provenance() as Word))
        }
    }

    /// Says that what runs next is on another stack: the words of this one, up to `top`, are roots until [`Vm::pop_stack`]. Nothing, if `top`
    /// is null.
    ///
    /// # Safety
    /// `this` is live and stands still; the words are frames until then.
    pub(crate) unsafe fn push_stack(this: *mut Self, top: *const Word, r0: Word) {
        // SAFETY: nobody else refers to the fields.
        unsafe {
            let none = OuterStack { base: null(), top: null(), r0 };
            let stack = (*this).stack_in_use(top).map_or(none, |stack| OuterStack { r0, ..stack });
            (*this).heap.outer.push(stack);
        }
    }

    /// Ends a [`Vm::push_stack`].
    ///
    /// # Safety
    /// `this` is live and stands still.
    pub(crate) unsafe fn pop_stack(this: *mut Self) {
        // SAFETY: as above.
        unsafe { (*this).heap.outer.pop() };
    }
}
