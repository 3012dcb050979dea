//! References that the embedder holds into a store's heap, which collecting has to know of, and values of the embedder that references are to.
//!
//! Those of [`Rooted`](crate::Rooted) stand in a list that only grows, until a scope ends and what was pushed in it is forgotten: the
//! handle says place and generation, and each end begins a generation. Those of [`OwnedRooted`](crate::OwnedRooted) stay
//! as long as one of the handles is there, which is looked at when the store is collected.

use crate::error::{Error, Result, format_err};
use crate::store::handle::{StoreId, wrong_store};
use crate::store::held_refs::{Externs, RootPlace, Roots};
use crate::store::moved::Moved;
use crate::store::opaque::StoreOpaque;
use pirn_decode::objects::is_traced;
use pirn_decode::planted;
use pirn_exec::{Marker, RootsHooks, Word, extern_word, i31_value};
use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

thread_local! {
    /// The stores that this thread [looks](StoreOpaque::look) at, and its looks.
    static LOOKS: RefCell<Vec<(StoreId, u64)>> = const { RefCell::new(Vec::new()) };
}

/// See [`StoreOpaque::look`].
pub(crate) struct Look<'a> {
    store: &'a StoreOpaque,
    look: u64,
    /// It ends on the thread where it began.
    here: PhantomData<*const ()>,
}

impl Drop for Look<'_> {
    fn drop(&mut self) {
        let this = (self.store.id(), self.look);
        _ = LOOKS.try_with(|looks| looks.borrow_mut().retain(|look| *look != this));
        self.store.roots().end_look(self.look);
    }
}

impl StoreOpaque {
    fn roots(&self) -> std::sync::MutexGuard<'_, Roots> {
        self.roots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Roots a reference that is not null.
    pub(crate) fn root(&self, word: Word) -> RootPlace {
        if i31_value(word).is_some() {
            return RootPlace::NONE;
        }
        let mut roots = self.roots();
        // A thread that is about to end may have no list any more: what it roots stays, then.
        let look = || {
            let last = |looks: &RefCell<Vec<_>>| {
                looks.borrow().iter().rev().find(|(store, _)| *store == self.id()).map(|&(_, look)| look)
            };
            LOOKS.try_with(last).ok().flatten()
        };
        let look = if roots.is_looked_at() { look() } else { None };
        roots.push(word, look)
    }

    /// Whether what was rooted so still is.
    ///
    /// # Errors
    /// It is not.
    pub(crate) fn check_root(&self, word: Word, place: RootPlace) -> Result<()> {
        if i31_value(word).is_some() {
            return Ok(());
        }
        if self.roots().has(word, place) {
            return Ok(());
        }
        Err(format_err!("a reference is used after the scope in which it was rooted"))
    }

    /// How many references are rooted.
    #[inline]
    pub(crate) fn root_count(&mut self) -> usize {
        self.roots.get_mut().unwrap_or_else(PoisonError::into_inner).list.len()
    }

    /// Has what this thread roots from here on be rooted until this is dropped: for who has the store only to look at, as other threads may have
    /// meanwhile.
    pub(crate) fn look(&self) -> Look<'_> {
        let look = self.roots().begin_look();
        _ = LOOKS.try_with(|looks| looks.borrow_mut().push((self.id(), look)));
        Look { store: self, look, here: PhantomData }
    }

    /// Ends a scope: what was rooted beyond `count` is so no longer.
    #[inline]
    pub(crate) fn end_scope(&mut self, count: usize) {
        self.roots.get_mut().unwrap_or_else(PoisonError::into_inner).end_scope(count);
    }

    /// Roots a reference as long as somebody has what this gives.
    pub(crate) fn own_root(&self, word: Word) -> Arc<u64> {
        let mut roots = self.roots();
        // Those of long ago need not wait for a collection. The next time there are as many more as there are now.
        if roots.owned.len() == roots.owned.capacity() {
            roots.end_owned();
            let count = roots.owned.len();
            roots.owned.reserve(count + 1);
        }
        let alive = Arc::new(roots.numbers);
        roots.numbers += 1;
        roots.owned.push((Arc::downgrade(&alive), word));
        alive
    }

    /// What is rooted here that was so in the store that this was copied of.
    ///
    /// # Errors
    /// It was not, when that was copied.
    pub(crate) fn copy_of_root(&self, store: StoreId, word: Word, place: RootPlace) -> Result<Word> {
        let origin = self.origin_of(store)?;
        if i31_value(word).is_some() {
            return Ok(word);
        }
        // A scope that was open when the store was copied may end in either since; what is rooted afterwards is of a later generation there.
        let is_old = (place.index as usize) < origin.roots && place.generation <= origin.generation;
        let found = self.roots().list.get(place.index as usize).copied().filter(|_| is_old);
        let (there, _) = found.filter(|&(_, generation)| generation == place.generation).ok_or_else(made_since)?;
        Ok(there)
    }

    /// The same, of one that is owned, which is the `number`th.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn copy_of_owned(&self, store: StoreId, word: Word, number: u64) -> Result<Word> {
        let origin = self.origin_of(store)?;
        // It has been owned since it was given its number, so it was when the store was copied, and has been here since then.
        if number >= origin.owned {
            return Err(made_since());
        }
        Ok(origin.object(word))
    }

    /// Keeps a value of the embedder: its index.
    pub(crate) fn add_extern(&mut self, value: Arc<dyn Any + Send + Sync>) -> usize {
        let generation = self.roots.get_mut().unwrap_or_else(PoisonError::into_inner).generation;
        let index = self.externs.push(value, generation);
        let count = self.externs.len();
        let heap = self.heap();
        heap.set_externs(count);
        if !planted(45) {
            // SAFETY: L5: the index is that of a value of this store.
            unsafe { heap.keep(extern_word(index)) };
        }
        index
    }

    /// The values of the embedder that references here are to.
    pub(crate) fn externs(&self) -> &Externs {
        &self.externs
    }

    /// The value of the embedder with this index, unless it was freed.
    pub(crate) fn extern_value(&self, index: usize) -> Option<&(dyn Any + Send + Sync)> {
        self.externs.get(index)
    }

    /// Has a value of the embedder stay until a collection that is under way has ended: somebody found it by what the original has, where marking does not
    /// look.
    pub(crate) fn keep_extern(&self, index: usize) {
        // SAFETY: L1 and L2: the store owns its machine, and nobody writes to it while the store is borrowed.
        let heap = unsafe { &(*self.vm()).heap_within() };
        if heap.is_collecting() && !planted(48) {
            self.roots().found.push(index);
        }
    }

    /// How many references are rooted until a scope ends, the generation of those that are rooted next, and how many have ever been owned.
    pub(super) fn rooted(&mut self) -> (usize, u64, u64) {
        let roots = self.roots.get_mut().unwrap_or_else(PoisonError::into_inner);
        (roots.list.len(), roots.generation, roots.numbers)
    }

    /// Roots in a copy what is rooted here.
    pub(super) fn fork_roots(&mut self, copy: &mut Self, moved: &Moved) {
        let roots = self.roots.get_mut().unwrap_or_else(PoisonError::into_inner);
        *copy.roots.get_mut().unwrap_or_else(PoisonError::into_inner) = roots.fork(|word| moved.object(word));
    }

    /// Gives the marker all references there are.
    ///
    /// # Safety
    /// L2: the store is collected by its machine.
    unsafe fn mark_roots(&mut self, marker: &mut Marker<'_>) {
        for global in self.globals() {
            // SAFETY: L1 and L2: it is of this store, and nobody writes to it meanwhile.
            let item = unsafe { &*global.as_ptr() };
            if is_traced(item.ty.content) && !planted(12) {
                // SAFETY: L5: a global holds a word of its type.
                unsafe { marker.mark(item.cell.get()[0]) };
            }
        }
        for table in self.tables() {
            // SAFETY: L1 and L2, as above.
            let table = unsafe { &*table.as_ptr() };
            if is_traced(pirn_decode::ValType::Ref(table.element())) && !planted(13) {
                // SAFETY: L5: a table holds words of its element type.
                table.elements().iter().for_each(|&word| unsafe { marker.mark(word) });
                marker.count_roots(table.elements().len());
            }
        }
        for instance in self.instances() {
            // SAFETY: L1 and L2, as above.
            let instance = unsafe { &*instance.as_ptr() };
            for (i, element) in instance.module().parsed().elements.iter().enumerate() {
                if is_traced(pirn_decode::ValType::Ref(element.ty)) && !planted(14) {
                    // Of a segment that was dropped there is nothing, though the instance has its words still.
                    // SAFETY: L5: a segment holds words of its type.
                    instance.block.element_words(i).iter().for_each(|&word| unsafe { marker.mark(word) });
                }
            }
            // But `table.init` may be under way, or pause, and its segment may have been dropped meanwhile. Words of one that was dropped long ago
            // may be anything.
            if marker.is_within_instruction() {
                marker.count_roots(instance.elements.len() + instance.active.len());
                instance.elements.iter().chain(&instance.active).for_each(|&word| marker.mark_maybe(word));
            }
        }
        let roots = self.roots.get_mut().unwrap_or_else(PoisonError::into_inner);
        roots.end_owned();
        let rooted = roots.list.iter().map(|(word, _)| word).filter(|_| !planted(15));
        let owned = roots.owned.iter().map(|(_, word)| word).filter(|_| !planted(16));
        marker.count_roots(roots.list.len() + roots.owned.len());
        for &word in rooted.chain(owned) {
            // SAFETY: L5: words of references of this store that are traced, all of which were rooted since they were alive.
            unsafe { marker.mark(word) };
        }
    }
}

/// The machine's hooks.
pub(super) const HOOKS: RootsHooks = RootsHooks { mark, free };

/// # Safety
/// `store` is that of a machine which collects.
unsafe fn mark(store: *mut (), marker: &mut Marker<'_>) {
    // SAFETY: L1: a machine's store is live. L2: nobody else refers to its inside while the machine collects.
    unsafe { (*store.cast::<StoreOpaque>()).mark_roots(marker) };
}

/// # Safety
/// As for [`mark`].
unsafe fn free(store: *mut (), marker: &Marker<'_>) {
    // SAFETY: as there.
    let freed = unsafe {
        let store = store.cast::<StoreOpaque>();
        let found = std::mem::take(&mut (*store).roots().found);
        (*store).externs.take_unmarked(marker, found)
    };
    // Dropping them is the embedder's code, which has nothing of the store.
    freed.into_iter().for_each(drop_quietly);
}

/// Drops something. A panic goes no further, and if what it carries panics when that is dropped, that is not dropped.
fn drop_quietly<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value)))
        && let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        std::mem::forget(second);
    }
}

fn made_since() -> Error {
    format_err!("it was not rooted when the store was forked")
}

impl StoreOpaque {
    /// The error of a reference into another store.
    pub(crate) fn check_store(&self, store: StoreId) -> Result<()> {
        if self.id() == store { Ok(()) } else { Err(wrong_store()) }
    }
}
