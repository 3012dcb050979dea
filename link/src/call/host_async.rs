//! Async host functions: closures that give futures.
//!
//! The future is polled once where the function is called. If it is ready, that was all, and nothing has waited. If not, the
//! function yields it to whoever polls the call: [`crate::call::asynchronous`].

use crate::call::caller::Caller;
use crate::call::pending::{Pending, Poller};
use crate::call::resumable::not_async;
use crate::call::typed::{WasmParams, WasmRet, sealed::List};
use crate::call::words;
use crate::error::{Error, Result};
use crate::items::func::Func;
use crate::items::value::Val;
use crate::store::AsContext;
use crate::store::AsContextMut;
use crate::store::host_item::HostDef;
use crate::store::opaque::StoreOpaque;
use pirn_decode::FuncType;
use pirn_exec::{Exit, HostCall, Vm, Word};
use smallvec::SmallVec;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

/// What an async host function roots beyond so many references.
struct Scope {
    vm: *mut Vm,
    roots: usize,
}

// SAFETY: it goes with the future of the host function, which has the store of the machine borrowed and is sent with it (L2).
unsafe impl Send for Scope {}

impl Scope {
    /// Has `end` make words of the results.
    fn end<R>(self, results: R, words: &mut [Word], end: fn(R, &mut [Word], &StoreOpaque) -> Result<()>) -> Result<()> {
        // SAFETY: L1 and L2: it is the machine of the store, which the future has no longer.
        end(results, words, unsafe { StoreOpaque::of_machine(self.vm) })
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        // SAFETY: L1 and L2: as above. It is dropped by whoever has called the function, or by the call's future, which has the store
        // borrowed.
        unsafe { StoreOpaque::of_machine(self.vm) }.end_scope(self.roots);
    }
}

/// Words of values.
type Words = SmallVec<[Word; 8]>;

impl HostDef {
    /// `begin` is given the arguments in the words, which are as many as the longer of parameters and results, and `end` leaves the
    /// results there when it returns `Ok`, both of the types that `ty` says. It must be put into stores whose data is a `T`.
    fn asynchronous<T: Send + 'static, R: 'static>(
        ty: FuncType,
        begin: impl for<'a> Fn(Caller<'a, T>, &[Word]) -> Pin<Box<dyn Future<Output = R> + Send + 'a>>
        + Send
        + Sync
        + 'static,
        end: fn(R, &mut [Word], &StoreOpaque) -> Result<()>,
    ) -> Self {
        let func = Arc::new(move |call: HostCall<'_>| {
            // SAFETY: L7: the machine is that of a `Store<T>`. L2: whoever called the machine let go of the store for the time of
            // the call, and waits with the context. So does, if the future is not ready, the call's future, which has the store
            // borrowed, and polls or drops this one only while it has. `begin` knows nothing of how long that is.
            let mut caller = unsafe { Caller::<'static, T>::new(call.vm(), call.caller()) };
            let vm = call.vm();
            // SAFETY: L1: the machine is live, being that of the store.
            let Some(mut context) = (unsafe { Poller::of_machine(call.vm()) }) else {
                return Err(not_async().into_exit());
            };
            let mut words = call.into_values();
            // What the function roots is so until its results are words, or nobody waits for them any more.
            let scope = Scope { vm, roots: caller.root_count() };
            let mut future = begin(caller, words.get());
            // SAFETY: somebody polls this call now, with that context, and leaves it alone until the call stops.
            match future.as_mut().poll(unsafe { context.as_mut() }) {
                Poll::Ready(results) => {
                    drop(future);
                    scope.end(results, words.get_mut(), end).map_err(Error::into_exit)
                }
                Poll::Pending => {
                    // Dropped in this order.
                    let mut waiting = Some((future, scope));
                    Err(Exit::Yield(Box::new(Pending(Box::new(move |context, words, _| {
                        let (future, _) = waiting.as_mut().expect("a future is polled that is not ready");
                        let Poll::Ready(results) = future.as_mut().poll(context) else { return Poll::Pending };
                        let (future, scope) = waiting.take().expect("it was there");
                        // It is the embedder's, and may collect as long as it is there.
                        drop(future);
                        Poll::Ready(scope.end(results, words, end))
                    })))))
                }
            }
        });
        // SAFETY: L5: `end` leaves results of the type, as above; those of a future that is not ready at once `Pending` takes to
        // whoever goes on.
        unsafe { Self::of_parts(ty, func) }
    }

    /// A function whose type follows from its parameters and results.
    pub(crate) fn async_typed<T: Send + 'static, P: WasmParams, R: WasmRet + 'static>(
        func: impl for<'a> Fn(Caller<'a, T>, P) -> Box<dyn Future<Output = R> + Send + 'a> + Send + Sync + 'static,
    ) -> Self {
        let ty = FuncType::new(P::TYPES.iter().copied(), R::List::TYPES.iter().copied());
        Self::asynchronous(
            ty,
            move |caller, words| {
                // SAFETY: L5: the machine gives arguments of the function's type, in the caller's store.
                let params = unsafe { P::read(words, caller.as_context().opaque()) };
                Pin::from(func(caller, params))
            },
            |results: R, words, store| results.into_result()?.write(words, store),
        )
    }

    /// A function whose type is known at run time only.
    pub(crate) fn async_dynamic<T: Send + 'static>(
        ty: FuncType,
        func: impl for<'a> Fn(Caller<'a, T>, &'a [Val], &'a mut [Val]) -> Box<dyn Future<Output = Result<()>> + Send + 'a>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let shared = Arc::new((ty.clone(), func));
        Self::asynchronous(
            ty,
            // SAFETY: L5: the machine gives arguments of the function's type, in the caller's store.
            move |caller, words| Box::pin(unsafe { dynamic_future(Arc::clone(&shared), caller, words.into()) }),
            |results: Result<Words>, words, _| {
                let results = results?;
                words[..results.len()].copy_from_slice(&results);
                Ok(())
            },
        )
    }
}

/// Calls a function that is known with its type; gives the words of its results.
///
/// # Safety
/// L5: `args` are arguments of that type, in the store of `caller`.
async unsafe fn dynamic_future<T: 'static>(
    func: Arc<(
        FuncType,
        impl for<'a> Fn(Caller<'a, T>, &'a [Val], &'a mut [Val]) -> Box<dyn Future<Output = Result<()>> + Send + 'a>,
    )>,
    mut caller: Caller<'_, T>,
    args: Words,
) -> Result<Words> {
    let (ty, func) = &*func;
    let mut values: SmallVec<[Val; 8]> = SmallVec::new();
    // SAFETY: L5: as asked for above.
    values.extend(unsafe { words::read(ty.params(), &args, caller.as_context().opaque()) });
    values.extend(ty.results().iter().map(|ty| Val::default_for(*ty)));
    let (params, results) = values.split_at_mut(ty.params().len());
    Pin::from(func(caller.reborrow(), params, results)).await?;
    let mut words = Words::from_elem(0, ty.result_words());
    words::write(results, ty.results(), &mut words, caller.as_context().opaque(), |i| {
        format!("result {i} of a host function")
    })?;
    Ok(words)
}

impl Func {
    /// Makes an async host function of a closure; its type follows from the closure's: see
    /// [`Linker::func_wrap_async`](crate::Linker::func_wrap_async).
    pub fn wrap_async<T: Send + 'static, P: WasmParams, R: WasmRet + 'static>(
        mut store: impl AsContextMut<Data = T>,
        func: impl for<'a> Fn(Caller<'a, T>, P) -> Box<dyn Future<Output = R> + Send + 'a> + Send + Sync + 'static,
    ) -> Self {
        store.as_context_mut().opaque_mut().add_host(HostDef::async_typed(func)).into()
    }

    /// Makes an async host function whose type is known at run time only: see
    /// [`Linker::func_new_async`](crate::Linker::func_new_async).
    ///
    /// # Panics
    /// `ty` is of another engine, or names types that this one does not have: names do not keep types.
    #[track_caller]
    pub fn new_async<T: Send + 'static>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        func: impl for<'a> Fn(Caller<'a, T>, &'a [Val], &'a mut [Val]) -> Box<dyn Future<Output = Result<()>> + Send + 'a>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        store.as_context_mut().opaque_mut().add_host(HostDef::async_dynamic(ty, func)).into()
    }
}
