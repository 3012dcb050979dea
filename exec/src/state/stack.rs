//! Value stacks: where the frames of one execution lie, whatever their instances.
//!
//! A stack belongs to whoever executes, as long as that is: a store in which nothing runs has none. So a thread mostly
//! uses one and the same again, with its pages in the cache, and 100,000 stores that wait for calls hold no stack at all.
//! What an execution leaves on a stack the next one cannot read, for validated code writes every local and operand before
//! it reads it; so stacks are handed on as they are. (Marking reads frames as they are. A word that was left there can keep an object
//! for longer, no more.)
//!
//! What is kept is bounded: a thread's last two stacks are ones of [`MOST_KEPT`] bytes at most, and give their pages back when an
//! execution ended at their limit, or was seen to be deep when it paused; of the others the first [`KEPT`] bytes are kept. (A thread has
//! two for calls inside of others, which go on on a stack of their own: without the second, each would take a lock and a system call.)
//!
//! Every call from the host takes a stack and gives it back, so that must cost nothing: the thread's last stack is one
//! pointer in a thread-local variable without a destructor. (With the stack itself there, which has one, a call from the
//! host took 28 ns and not 8.)

use crate::state::pages::Pages;
use std::cell::Cell;
use std::ptr::{NonNull, null_mut, without_provenance_mut};
use std::sync::{Mutex, PoisonError};

/// A value stack. It does not move, for frames point at each other; frames that stand still are copied to another one
/// (`host::parked`).
#[derive(Debug)]
pub struct Stack {
    /// A box's, which this owns.
    pages: NonNull<Pages>,
    bytes: usize,
}

// SAFETY: the stack owns its words (I9); what they point at belongs to a store, and only the machine of that follows
// them.
unsafe impl Send for Stack {}
// SAFETY: as above; a shared stack gives no more than addresses.
unsafe impl Sync for Stack {}

thread_local! {
    /// The stack this thread used last, a box's pointer, or one of the addresses below.
    static LAST: Cell<*mut Pages> = const { Cell::new(NONE) };

    /// A stack this thread used besides, or `NONE`.
    static SPARE: Cell<*mut Pages> = const { Cell::new(NONE) };

    /// Gives both up when the thread ends.
    static AT_END: AtEnd = const { AtEnd };
}

/// The thread has not kept a stack.
const NONE: *mut Pages = null_mut();
/// The thread's last stack is in use, or was given to another thread.
const IN_USE: *mut Pages = without_provenance_mut(1);
/// The thread ends, and must not keep one.
const ENDED: *mut Pages = without_provenance_mut(2);

struct AtEnd;

impl Drop for AtEnd {
    fn drop(&mut self) {
        for kept in [LAST.replace(ENDED), SPARE.replace(ENDED)] {
            if kept > ENDED {
                // SAFETY: any other address is that of a box that `take_other` leaked and `give` left here, whose stack
                // nobody uses. `ENDED` is in its place, so it is taken back once.
                drop(unsafe { Box::from_raw(kept) });
            }
        }
    }
}

/// Stacks nobody uses, for any thread: of calls that were nested, or paused.
static IDLE: Mutex<Vec<Pages>> = Mutex::new(Vec::new());

/// Most of them.
const MOST_IDLE: usize = 16;

/// Bytes of a stack that is not in use which stay committed, unless it is its thread's last one.
const KEPT: usize = 64 << 10;

/// Bytes of the largest stack that is kept as its thread's last one.
const MOST_KEPT: usize = 16 << 20;

/// Where in its pages a stack begins, if there is room. Memories begin on a page as well, and processors take a load
/// for one of what was just stored if the addresses agree below that: a loop that filled 64 bytes at address 0 took
/// 1.15 times as long.
const OFFSET: usize = 2560;

/// Where a stack of `bytes` bytes begins.
#[inline(always)]
fn first_word(pages: &Pages, bytes: usize) -> *mut u64 {
    let offset = if pages.len() - bytes >= OFFSET { OFFSET } else { 0 };
    pages.base().wrapping_add(offset).cast()
}

/// So many bytes as a stack has that is asked for `bytes`: whole words, at least one.
pub(crate) fn whole_words(bytes: usize) -> usize {
    (bytes & !7).max(8)
}

/// Takes a stack with room for so many bytes, the thread's last one if that has.
#[inline(always)]
fn take(last: &Cell<*mut Pages>, bytes: usize) -> Option<NonNull<Pages>> {
    let pages = last.get();
    // SAFETY: any other address is that of a box that `take_other` leaked and `give` left here: a stack that nobody uses.
    if pages > ENDED && unsafe { (*pages).len() } >= bytes {
        last.set(IN_USE);
        return NonNull::new(pages);
    }
    take_other(last, bytes)
}

#[cold]
#[inline(never)]
fn take_other(last: &Cell<*mut Pages>, bytes: usize) -> Option<NonNull<Pages>> {
    let pages = last.get();
    if pages > ENDED {
        // It is too small; the one that is taken now will be kept in its place.
        last.set(IN_USE);
        // SAFETY: as in `take`; `IN_USE` is in its place, so it is taken back once.
        keep(*unsafe { Box::from_raw(pages) });
    }
    let spare = SPARE.get();
    // SAFETY: as in `take`.
    if spare > ENDED && unsafe { (*spare).len() } >= bytes {
        SPARE.set(NONE);
        return NonNull::new(spare);
    }
    let idle = || {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let (place, _) =
            idle.iter().enumerate().filter(|(_, pages)| pages.len() >= bytes).min_by_key(|(_, it)| it.len())?;
        Some(idle.swap_remove(place))
    };
    let new = || {
        let mut pages = Pages::zeroed(bytes)?;
        if pages.room() - bytes >= OFFSET {
            // SAFETY: nobody knows of them yet, and nothing was written to them. There is room, so they stay where they
            // are.
            unsafe { pages.grow(0, bytes + OFFSET) };
        }
        Some(pages)
    };
    let pages = idle().or_else(new)?;
    Some(NonNull::from(Box::leak(Box::new(pages))))
}

/// Gives a stack up.
///
/// # Safety
/// [`take`] gave it to whoever gives it up, once, and nobody uses it any more.
#[inline(always)]
unsafe fn give(last: &Cell<*mut Pages>, pages: NonNull<Pages>) {
    // SAFETY: what `take` gives is a live box, which is whoever took it's alone.
    if last.get() == IN_USE && unsafe { pages.as_ref() }.len() <= MOST_KEPT {
        last.set(pages.as_ptr());
    } else {
        // SAFETY: it asks for the same.
        unsafe { give_other(last, pages) };
    }
}

/// As [`give`], in a thread that has another stack, or none yet.
///
/// # Safety
/// That of [`give`].
#[cold]
#[inline(never)]
unsafe fn give_other(last: &Cell<*mut Pages>, pages: NonNull<Pages>) {
    // SAFETY: as in `give`.
    let large = unsafe { pages.as_ref() }.len() > MOST_KEPT;
    if !large && AT_END.try_with(|_| {}).is_ok() {
        if last.get() == NONE {
            return last.set(pages.as_ptr());
        }
        if SPARE.get() == NONE {
            return SPARE.set(pages.as_ptr());
        }
    }
    // SAFETY: the box that `take_other` leaked; it is given up once, and so taken back once.
    keep(*unsafe { Box::from_raw(pages.as_ptr()) });
}

/// A stack that its thread gives back itself: a [`Stack`] that asks for the thread's last one once and not twice.
pub(crate) struct BorrowedStack {
    /// Of this thread: a pointer, so this stays here.
    last: *const Cell<*mut Pages>,
    pages: NonNull<Pages>,
    bytes: usize,
}

impl BorrowedStack {
    /// A stack of so many bytes, which are [whole words](whole_words). `None` if there is no memory for it.
    #[inline(always)]
    pub(crate) fn new(bytes: usize) -> Option<Self> {
        let last = LAST.with(std::ptr::from_ref);
        // SAFETY: a variable of this thread without a destructor is there as long as the thread runs.
        Some(Self { last, pages: take(unsafe { &*last }, bytes)?, bytes })
    }

    /// Its first word.
    #[inline(always)]
    pub(crate) fn base(&self) -> *mut u64 {
        // SAFETY: a box that `take` gave, which is live until `drop` gives it up.
        first_word(unsafe { self.pages.as_ref() }, self.bytes)
    }

    /// Gives its pages back, of which many were used.
    ///
    /// # Safety
    /// No frame is left on it that will be used again.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn trim(&mut self) {
        // SAFETY: a box that `take` gave and nobody else refers to; what is behind `KEPT` bytes no frame uses.
        unsafe { self.pages.as_mut().trim(KEPT) };
    }
}

impl Drop for BorrowedStack {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the variable is there as in `new`, which took what is given up here, once.
        unsafe { give(&*self.last, self.pages) };
    }
}

impl Stack {
    /// A stack of `bytes` bytes, rounded down to whole words, at least one. `None` if there is no memory for it.
    pub fn new(bytes: usize) -> Option<Self> {
        let bytes = whole_words(bytes);
        Some(Self { pages: LAST.with(|last| take(last, bytes))?, bytes })
    }

    /// Its first word.
    pub(crate) fn base(&self) -> *mut u64 {
        // SAFETY: a box that `take` gave, which is live until `drop` gives it up.
        first_word(unsafe { self.pages.as_ref() }, self.bytes)
    }

    /// As [`BorrowedStack::trim`].
    ///
    /// # Safety
    /// No frame is left on it that will be used again.
    pub(crate) unsafe fn trim(&mut self) {
        // SAFETY: a box that `take` gave and nobody else refers to; what is behind `KEPT` bytes no frame uses.
        unsafe { self.pages.as_mut().trim(KEPT) };
    }

    /// Its end, which no frame may pass. Nothing is written behind it, by whoever enters from the host either.
    pub(crate) fn limit(&self) -> *mut u64 {
        // SAFETY: `take` gave pages with so many bytes behind their first word.
        unsafe { self.base().byte_add(self.bytes) }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: `new` took it, and it is given up here, once.
        LAST.with(|last| unsafe { give(last, self.pages) });
    }
}

/// Keeps a stack for whoever needs one, if there are few.
fn keep(mut pages: Pages) {
    // SAFETY: whoever had it gave it up.
    unsafe { pages.trim(KEPT) };
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    // The pages of one too many are given back behind the lock.
    if idle.len() < MOST_IDLE && idle.try_reserve(1).is_ok() {
        idle.push(pages);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs in a thread of its own, which has no last stack yet.
    fn in_new_thread(test: impl FnOnce() + Send + 'static) {
        std::thread::spawn(test).join().unwrap();
    }

    fn last() -> *mut Pages {
        LAST.with(Cell::get)
    }

    #[test]
    fn a_thread_gets_its_last_stack_again() {
        in_new_thread(|| {
            let first = Stack::new(4096).unwrap();
            let pages = first.pages.as_ptr();
            assert_eq!(last(), NONE);
            drop(first);
            assert_eq!(last(), pages);
            // For a call as for an execution, with all that was left on it.
            let second = BorrowedStack::new(4096).unwrap();
            assert_eq!((second.pages.as_ptr(), last()), (pages, IN_USE));
            let third = Stack::new(4096).unwrap();
            assert_ne!(third.pages.as_ptr(), pages, "it is in use");
            drop(second);
            assert_eq!(last(), pages);
        });
    }

    #[test]
    fn calls_inside_of_others_get_theirs_again() {
        in_new_thread(|| {
            let mut before = Vec::new();
            for _ in 0..3 {
                let (outer, inner) = (BorrowedStack::new(4096).unwrap(), BorrowedStack::new(4096).unwrap());
                let mut both = vec![outer.pages, inner.pages];
                drop(inner);
                // In its place.
                let inner = BorrowedStack::new(4096).unwrap();
                assert_eq!(inner.pages, both[1]);
                drop(inner);
                drop(outer);
                both.sort_unstable();
                assert!(before.is_empty() || before == both);
                before = both;
            }
        });
    }

    #[test]
    fn a_stack_that_is_too_small_gives_way() {
        in_new_thread(|| {
            drop(Stack::new(4096));
            // SAFETY: it is kept.
            let larger = unsafe { (*last()).len() } + 8;
            let large = Stack::new(larger).unwrap();
            assert_eq!(last(), IN_USE);
            // SAFETY: it is in use.
            assert!(unsafe { large.pages.as_ref() }.len() >= larger);
            let pages = large.pages.as_ptr();
            drop(large);
            assert_eq!(last(), pages, "the one that had room");
        });
    }

    #[test]
    fn what_is_too_large_is_not_kept_by_its_thread() {
        in_new_thread(|| {
            drop(Stack::new(MOST_KEPT + 8));
            assert_eq!(last(), NONE);
        });
    }

    #[test]
    fn a_stack_has_the_words_that_were_asked_for() {
        for (asked, bytes) in [(0, 8), (7, 8), (8, 8), (15, 8), (16, 16), (4095, 4088)] {
            let stack = Stack::new(asked).unwrap();
            assert_eq!(stack.limit().addr() - stack.base().addr(), bytes);
        }
    }

    #[test]
    #[cfg(all(target_os = "linux", not(miri)))]
    fn a_stack_begins_where_no_memory_does() {
        let stack = Stack::new(1 << 20).unwrap();
        assert_eq!(stack.base().addr() % 4096, OFFSET);
    }
}
