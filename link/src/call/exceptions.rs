//! Throwing exceptions from host functions, and looking at what a call has thrown.
//!
//! An exception that nothing has caught is *pending* in the store, and what failed says that with a [`ThrownException`]. A
//! host function that returns such an error throws the pending exception into its caller, whether it has [thrown](Store::throw) it, or has
//! it from a call of its own.

use crate::call::caller::Caller;
use crate::error::{Error, Result, ThrownException};
use crate::items::heap_ref::ExnRef;
use crate::items::rooted::Rooted;
use crate::store::opaque::StoreOpaque;
use crate::store::{AsContext, AsContextMut, Store, StoreContext, StoreContextMut};
use pirn_exec::{Exit, Vm};
use std::panic::{AssertUnwindSafe, catch_unwind};

impl StoreOpaque {
    pub(crate) fn set_pending_exception(&mut self, exception: Rooted<ExnRef>) -> ThrownException {
        let word = exception.word(self).expect("an exception that is thrown");
        // SAFETY: L5: it is an exception of this store, which `word` compared. L1 and L2: the store owns its machine; what runs on it, if
        // anything, waits for the mutable borrow to end.
        ThrownException { number: unsafe { (*self.vm()).set_pending_exception(word) } }
    }

    /// Whether this is about the exception that is pending.
    pub(super) fn is_pending(&self, thrown: ThrownException) -> bool {
        // SAFETY: L1 and L2: the store owns its machine, and nobody writes to it while the store is borrowed.
        self.has_pending_exception() && unsafe { (*self.vm()).pending_number() } == thrown.number
    }

    fn take_pending_exception(&mut self) -> Option<Rooted<ExnRef>> {
        let exception = self.pending_exception();
        // SAFETY: L1 and L2, as above.
        unsafe { (*self.vm()).take_pending_exception() };
        exception
    }

    /// The same, which stays pending.
    pub(crate) fn pending_exception(&self) -> Option<Rooted<ExnRef>> {
        // SAFETY: L1 and L2: the store owns its machine, and nobody writes to it while the store is borrowed.
        let word = unsafe { (*self.vm()).pending_exception() };
        // SAFETY: L5: the machine's pending exception is one of its store.
        (word != 0).then(|| unsafe { Rooted::new(self, word) })
    }

    fn has_pending_exception(&self) -> bool {
        // SAFETY: L1 and L2: the store owns its machine, and nobody writes to it while the store is borrowed.
        unsafe { (*self.vm()).pending_exception() != 0 }
    }
}

impl<T: 'static> StoreContextMut<'_, T> {
    /// Has a callback of the embedder do something, between what runs; `exit` says how what runs ends by its error. What is pending stays so,
    /// whatever the callback calls, unless it takes that or throws something. Its panic, and one of its error's, is caught: it must not try to
    /// unwind the machine.
    pub(crate) fn call_back<R>(
        &mut self,
        callback: impl FnOnce(StoreContextMut<'_, T>) -> Result<R>,
        exit: fn(Error) -> Exit,
    ) -> Result<R, Exit> {
        let vm = self.opaque_mut().vm();
        // SAFETY: L1 and L2: the machine is the store's, which is mutably borrowed, and waits for this.
        let kept = unsafe { Vm::keep_pending(vm) };
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let error = match callback(self.as_context_mut()) {
                Ok(result) => return (Ok(result), false),
                Err(error) => error,
            };
            // An error of the embedder's may have something to say to that.
            let thrown = error.downcast_ref::<ThrownException>();
            let throws = thrown.is_some_and(|&thrown| self.opaque().is_pending(thrown));
            (Err(exit(error)), throws)
        }));
        let (outcome, throws) = outcome.unwrap_or_else(|payload| (Err(Exit::Panic(payload)), false));
        // SAFETY: as above; what the callback called is over.
        unsafe { Vm::end_callback(vm, kept, throws) };
        outcome
    }
}

macro_rules! throwing {
    ($context:ty) => {
        impl<T: 'static> $context {
            /// Makes an exception the store's pending one, and gives the error by which a host function throws it. An error that an earlier `throw` or
            /// a call gave throws it no more, even if it was of the same exception.
            ///
            /// ```
            /// # use pirn_link as pirn;
            /// use pirn::{Caller, Engine, ExnRef, FuncType, Func, Result, Store, Tag, TagType, ThrownException, Val, ValType};
            ///
            /// let mut store = Store::new(&Engine::default(), ());
            /// let tag = Tag::new(&mut store, &TagType::new(FuncType::new([ValType::I32], [])))?;
            /// let func = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<()> {
            ///     let exception = ExnRef::new(&mut caller, &tag, &[Val::I32(7)])?;
            ///     caller.throw(exception)?
            /// });
            /// let error = func.invoke::<(), ()>(&mut store, ()).unwrap_err();
            /// assert!(error.is::<ThrownException>());
            /// let exception = store.take_pending_exception().unwrap();
            /// assert_eq!(exception.tag(&store)?, tag);
            /// assert_eq!(exception.field(&store, 0)?, Val::I32(7));
            /// # Ok::<(), pirn_link::Error>(())
            /// ```
            ///
            /// # Errors
            /// Always.
            ///
            /// # Panics
            /// The exception belongs to another store, or its scope has ended.
            pub fn throw<R>(&mut self, exception: Rooted<ExnRef>) -> Result<R, ThrownException> {
                Err(self.as_context_mut().opaque_mut().set_pending_exception(exception))
            }

            /// The exception that nothing has caught, if there is one; there is none any more.
            pub fn take_pending_exception(&mut self) -> Option<Rooted<ExnRef>> {
                self.as_context_mut().opaque_mut().take_pending_exception()
            }
        }
    };
}
throwing!(Store<T>);
throwing!(StoreContextMut<'_, T>);
throwing!(Caller<'_, T>);

macro_rules! pending {
    ($context:ty, $this:ident => $opaque:expr) => {
        impl<T: 'static> $context {
            /// Whether there is an exception that nothing has caught.
            pub fn has_pending_exception(&self) -> bool {
                let $this = self;
                $opaque.has_pending_exception()
            }
        }
    };
}
pending!(Store<T>, this => this.as_context().opaque());
pending!(StoreContext<'_, T>, this => this.opaque());
pending!(StoreContextMut<'_, T>, this => this.opaque());
pending!(Caller<'_, T>, this => this.as_context().opaque());
