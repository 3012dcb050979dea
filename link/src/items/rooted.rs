//! Handles of references into a store's heap, which keep what they refer to from being collected.

use crate::error::Result;
use crate::store::handle::StoreId;
use crate::store::held_refs::RootPlace;
use crate::store::opaque::StoreOpaque;
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use pirn_exec::Word;
use std::marker::PhantomData;
use std::sync::Arc;

/// A reference to something in a store's heap, of type `T`: [`AnyRef`](crate::AnyRef), [`ExternRef`](crate::ExternRef) and the
/// like.
///
/// What it refers to is not collected as long as its scope lasts: the innermost [`RootScope`] in which it was made, or the call of
/// the host function in which it was; without either, as long as the store. Using it afterwards is an error, unless it is an [`I31`](crate::I31), which is nowhere in a heap. What is to live longer,
/// or to be dropped earlier, is [owned](Rooted::to_owned_rooted).
///
/// It is small and can be copied. Two are equal if they refer to the same thing of the same store; that says nothing of one whose
/// scope has ended, for what it referred to may be gone, and something else in its place.
pub struct Rooted<T> {
    store: StoreId,
    word: Word,
    place: RootPlace,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Rooted<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Rooted<T> {}

impl<T> PartialEq for Rooted<T> {
    fn eq(&self, other: &Self) -> bool {
        self.store == other.store && self.word == other.word
    }
}

impl<T> Eq for Rooted<T> {}

impl<T> std::hash::Hash for Rooted<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.store.hash(state);
        self.word.hash(state);
    }
}

impl<T> std::fmt::Debug for Rooted<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#x} of {:?}", self.word, self.store)
    }
}

impl<T> Rooted<T> {
    /// Roots a reference that is not null.
    ///
    /// # Safety
    /// L5: it is the word of a reference of type `T`, in this store.
    pub(crate) unsafe fn new(store: &StoreOpaque, word: Word) -> Self {
        Self { store: store.id(), word, place: store.root(word), of: PhantomData }
    }

    /// Its word.
    ///
    /// # Errors
    /// It belongs to another store, or its scope has ended.
    pub(crate) fn word(self, store: &StoreOpaque) -> Result<Word> {
        store.check_store(self.store)?;
        store.check_root(self.word, self.place)?;
        Ok(self.word)
    }

    /// Whose it is.
    pub(crate) fn store(self) -> StoreId {
        self.store
    }

    /// Where it is rooted.
    pub(crate) fn place(self) -> RootPlace {
        self.place
    }

    /// The index of the value of the embedder that it refers to, if it does.
    pub(crate) fn extern_index(self) -> Option<usize> {
        pirn_exec::extern_index(self.word)
    }

    /// What is rooted in `copy` in its place.
    ///
    /// # Errors
    /// `copy` was not forked of its store, or it was not rooted then.
    pub(crate) fn in_copy(self, copy: &StoreOpaque) -> Result<Self> {
        let word = copy.copy_of_root(self.store, self.word, self.place)?;
        Ok(Self { store: copy.id(), word, ..self })
    }

    /// The same as a reference of another type.
    ///
    /// # Safety
    /// L5: what it refers to is of that type.
    pub(crate) unsafe fn cast<U>(self) -> Rooted<U> {
        Rooted { store: self.store, word: self.word, place: self.place, of: PhantomData }
    }

    /// The value of the embedder with this index, which is rooted.
    ///
    /// # Safety
    /// L5: it is a value of this store, and `T` is the type of references to such.
    pub(crate) unsafe fn of_index(store: &StoreOpaque, index: usize) -> Self {
        // SAFETY: L5, as is asked for.
        unsafe { Self::new(store, pirn_exec::extern_word(index)) }
    }

    /// The same, owned: it lasts as long as the handle that this gives.
    ///
    /// # Errors
    /// It belongs to another store, or its scope has ended.
    pub fn to_owned_rooted(&self, store: impl AsContext) -> Result<OwnedRooted<T>> {
        let store = store.as_context().opaque();
        let word = self.word(store)?;
        Ok(OwnedRooted { store: self.store, word, alive: store.own_root(word), of: PhantomData })
    }

    /// Whether two refer to the same thing.
    ///
    /// # Errors
    /// One belongs to another store, or its scope has ended.
    pub fn ref_eq(store: impl AsContext, a: &Self, b: &Self) -> Result<bool> {
        let store = store.as_context().opaque();
        Ok(a.word(store)? == b.word(store)?)
    }
}

/// A reference to something in a store's heap that lasts as long as the handle, or a copy of it: see [`Rooted`].
pub struct OwnedRooted<T> {
    store: StoreId,
    word: Word,
    alive: Arc<u64>,
    of: PhantomData<fn() -> T>,
}

/// The name that [`OwnedRooted`] had before handles of it were dropped by themselves.
pub type ManuallyRooted<T> = OwnedRooted<T>;

impl<T> Clone for OwnedRooted<T> {
    fn clone(&self) -> Self {
        Self { store: self.store, word: self.word, alive: Arc::clone(&self.alive), of: PhantomData }
    }
}

impl<T> std::fmt::Debug for OwnedRooted<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#x} of {:?}", self.word, self.store)
    }
}

impl<T> OwnedRooted<T> {
    /// What stands for it in `copy`, owned.
    ///
    /// # Errors
    /// `copy` was not forked of its store, or it was made since then.
    pub(crate) fn in_copy(&self, copy: &StoreOpaque) -> Result<Self> {
        let word = copy.copy_of_owned(self.store, self.word, *self.alive)?;
        Ok(Self { store: copy.id(), word, alive: copy.own_root(word), of: PhantomData })
    }

    /// The same in the innermost scope.
    ///
    /// # Panics
    /// It belongs to another store.
    pub fn to_rooted(&self, store: impl AsContext) -> Rooted<T> {
        let store = store.as_context().opaque();
        store.check_store(self.store).expect("OwnedRooted::to_rooted");
        // SAFETY: L5: it was rooted as a `T` of this store, and is as long as `self`.
        unsafe { Rooted::new(store, self.word) }
    }
}

/// A scope of [`Rooted`] references: what is rooted through it lasts as long as it.
///
/// ```
/// use pirn_link::{AsContextMut, Engine, ExternRef, RootScope, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let inner = {
///     let mut scope = RootScope::new(&mut store);
///     let value = ExternRef::new(&mut scope, "a value");
///     assert!(value.data(&scope)?.is_some());
///     value
/// };
/// assert!(inner.data(&store).is_err());
/// # Ok::<(), pirn_link::Error>(())
/// ```
#[derive(Debug)]
pub struct RootScope<C: AsContextMut> {
    store: C,
    /// Of which store the count is: a context of the embedder's own may give another one next time.
    of: StoreId,
    count: usize,
}

impl<C: AsContextMut> RootScope<C> {
    /// A scope in the innermost one of `store`.
    pub fn new(mut store: C) -> Self {
        let mut context = store.as_context_mut();
        let (of, count) = (context.opaque().id(), context.opaque_mut().root_count());
        Self { store, of, count }
    }
}

impl<C: AsContextMut> Drop for RootScope<C> {
    fn drop(&mut self) {
        let mut context = self.store.as_context_mut();
        if context.opaque().id() == self.of {
            context.opaque_mut().end_scope(self.count);
        }
    }
}

impl<C: AsContextMut> AsContext for RootScope<C> {
    type Data = C::Data;
    fn as_context(&self) -> StoreContext<'_, C::Data> {
        self.store.as_context()
    }
}

impl<C: AsContextMut> AsContextMut for RootScope<C> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        self.store.as_context_mut()
    }
}
