//! Functions called so that the call may pause.

use crate::call::calls::TypedFunc;
use crate::call::pending::Poller;
use crate::call::resumable::{ResultTypes, Resumable, Running, begin, drive};
use crate::call::then::Then;
use crate::call::typed::{WasmParams, WasmResults};
use crate::call::words;
use crate::error::Result;
use crate::items::func::Func;
use crate::items::value::Val;
use crate::store::opaque::StoreOpaque;
use crate::store::{AsContextMut, StoreContextMut};
use pirn_exec::Word;
use smallvec::SmallVec;
use std::ptr::null_mut;

impl Func {
    /// Calls it as [`Func::call`] does, but the call may pause, at any depth and in any instance: when the store runs out
    /// of fuel ([`crate::Config::consume_fuel`]), when the callback of its deadline says so
    /// ([`UpdateDeadline::Yield`](crate::UpdateDeadline::Yield)), or when a host function yields ([`Yield`](crate::Yield)). It goes on with
    /// [`Paused::resume`](crate::Paused::resume).
    ///
    /// While it runs, the call has a value stack of its own; what it holds while it is paused, [`Paused`](crate::Paused) says.
    ///
    /// # Errors
    /// As [`Func::call`]; the store's limit of resumable calls is reached, or there is no memory for the stack.
    ///
    /// # Panics
    /// As [`Func::call`].
    pub fn call_resumable(&self, mut store: impl AsContextMut, params: &[Val]) -> Result<Resumable<Vec<Val>>> {
        self.begin(&mut store.as_context_mut(), params, Poller::NONE)
    }

    /// As [`Func::call_resumable`], polled by `poller`.
    pub(crate) fn begin<T: 'static>(
        self,
        store: &mut StoreContextMut<'_, T>,
        params: &[Val],
        poller: Poller,
    ) -> Result<Resumable<Vec<Val>>> {
        let (ty, words) = self.arguments(store.opaque(), params)?;
        let types = ResultTypes::from(ty.results());
        let record = self.record().as_ptr();
        // SAFETY: L3 and L5: `arguments` compared the function's store and type.
        let (lease, outcome) = unsafe { begin(store, record, null_mut(), &words, types.first().copied(), poller)? };
        let then = Then::read(move |store: &StoreOpaque, words: &[Word]| {
            // SAFETY: L5: the call returned, so the machine left results of the function's type, in the store that it was called in.
            unsafe { words::read(&types, words, store) }.collect()
        });
        drive(store, Running::new(lease, then), outcome, poller)
    }
}

impl<P: WasmParams, R: WasmResults> TypedFunc<P, R> {
    /// As [`TypedFunc::call`], but the call may pause: see [`Func::call_resumable`].
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{Config, Engine, Instance, Module, PauseReason, Resumable, Store};
    ///
    /// let engine = Engine::new(Config::new().consume_fuel(true))?;
    /// let module = Module::new(&engine, r#"(module
    ///     (func (export "sum") (param $n i32) (result i32) (local $sum i32)
    ///         (loop $next
    ///             (local.set $sum (i32.add (local.get $sum) (local.get $n)))
    ///             (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    ///         (local.get $sum)))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let sum = Instance::new(&mut store, &module, &[])?.get_typed_func::<i32, i32>(&store, "sum")?;
    ///
    /// // Twenty units at a time: other work can be done in between.
    /// let (mut call, mut pauses) = (sum.call_resumable(&mut store, 100)?, 0);
    /// while let Resumable::Paused(paused) = call {
    ///     assert!(matches!(paused.reason(), PauseReason::OutOfFuel { .. }));
    ///     pauses += 1;
    ///     store.add_fuel(20)?;
    ///     call = paused.resume(&mut store, &[])?;
    /// }
    /// assert_eq!(call.finished(), Some(5050));
    /// // An iteration is 9 operators.
    /// assert_eq!(pauses, 100 * 9 / 20 + 1);
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`TypedFunc::call`] and [`Func::call_resumable`].
    ///
    /// # Panics
    /// As [`Func::call`].
    pub fn call_resumable(&self, mut store: impl AsContextMut, params: P) -> Result<Resumable<R>> {
        self.begin(&mut store.as_context_mut(), params, Poller::NONE)
    }

    /// As [`TypedFunc::call_resumable`], polled by `poller`.
    pub(crate) fn begin<T: 'static>(
        self,
        store: &mut StoreContextMut<'_, T>,
        params: P,
        poller: Poller,
    ) -> Result<Resumable<R>> {
        self.func().record().check(store.opaque().id())?;
        let mut words: SmallVec<[Word; 16]> = SmallVec::from_elem(0, Self::WORDS);
        params.write(&mut words, store.opaque())?;
        // SAFETY: L3: `check` compared the store; L5: `Func::typed` compared the function's type with `P` and `R`, and `write` the
        // stores of references.
        let (lease, outcome) =
            unsafe { begin(store, self.func().record().as_ptr(), null_mut(), &words, Self::FIRST, poller)? };
        // SAFETY: L5: the call returned, so the machine left results of the types of `R`, in the store that it was called in.
        let then = Then::read(|store: &StoreOpaque, words: &[Word]| unsafe { R::read(words, store) });
        drive(store, Running::new(lease, then), outcome, poller)
    }
}
