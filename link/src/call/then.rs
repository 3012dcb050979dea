//! What a call is for: its *continuation*, which takes the results.

use crate::call::start::Start;
use crate::store::opaque::StoreOpaque;
use pirn_exec::Word;

/// What happens to the results of a call.
pub(super) struct Then<R>(Box<dyn Continuation<R>>);

/// What happens next.
pub(super) enum Next<R> {
    /// Nothing.
    Done(R),
    /// A start function is called.
    Start(Start, Then<R>),
}

impl<R> Then<R> {
    /// It is read what they are, in whatever store the call is.
    pub(super) fn read(read: impl FnOnce(&StoreOpaque, &[Word]) -> R + Clone + Send + 'static) -> Self {
        Self(Box::new(Read(read)))
    }

    /// There are none: this comes next.
    pub(super) fn next(next: impl FnOnce() -> Next<R> + Send + 'static) -> Self {
        Self(Box::new(Once(next)))
    }

    /// Goes on with the results, in this store.
    pub(super) fn go_on(self, store: &StoreOpaque, results: &[Word]) -> Next<R> {
        self.0.go_on(store, results)
    }

    /// The same for a copy of the call; `None` if it is only for this one.
    pub(super) fn fork(&self) -> Option<Self> {
        self.0.fork().map(Self)
    }
}

trait Continuation<R>: Send {
    fn go_on(self: Box<Self>, store: &StoreOpaque, results: &[Word]) -> Next<R>;

    fn fork(&self) -> Option<Box<dyn Continuation<R>>>;
}

struct Read<F>(F);

impl<R, F: FnOnce(&StoreOpaque, &[Word]) -> R + Clone + Send + 'static> Continuation<R> for Read<F> {
    fn go_on(self: Box<Self>, store: &StoreOpaque, results: &[Word]) -> Next<R> {
        Next::Done((self.0)(store, results))
    }

    fn fork(&self) -> Option<Box<dyn Continuation<R>>> {
        Some(Box::new(Self(self.0.clone())))
    }
}

struct Once<F>(F);

impl<R, F: FnOnce() -> Next<R> + Send> Continuation<R> for Once<F> {
    fn go_on(self: Box<Self>, _: &StoreOpaque, _: &[Word]) -> Next<R> {
        (self.0)()
    }

    fn fork(&self) -> Option<Box<dyn Continuation<R>>> {
        None
    }
}
