//! Calls of functions by the embedder, whose values Rust finds the types of when it runs ([`Func::call`]) or when it compiles
//! ([`TypedFunc`]); and the host functions it makes.

use crate::call::caller::Caller;
use crate::call::host::IntoFunc;
use crate::call::typed::{MAX_WORDS, WasmParams, WasmResults};
use crate::call::words;
use crate::error::{Error, Result, format_err};
use crate::items::func::Func;
use crate::items::value::Val;
use crate::store::host_item::HostDef;
use crate::store::opaque::StoreOpaque;
use crate::store::{AsContext, AsContextMut};
use pirn_decode::layout::FrameLayout;
use pirn_decode::{FuncType, ValType};
use pirn_exec::Word;
use smallvec::SmallVec;
use std::marker::PhantomData;

impl Func {
    /// Makes a host function whose type is known at run time only.
    ///
    /// `func` is called with the arguments, and with zeros and nulls to put the results into. Results of other types
    /// than `ty` says make the call fail.
    ///
    /// It satisfies imports of `ty` and of the types that `ty` is declared to be below (spec 3.3.8). An import whose type is open, below
    /// another, or in a recursion group, wants a function of that very type: take it from the module, or declare the same
    /// ([`FuncType::with_finality_and_supertype`]).
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{Engine, Func, Instance, Module, Store, Val};
    ///
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module
    ///     (type $get (sub (func (result i32))))
    ///     (import "host" "get" (func (type $get))))"#)?;
    /// let ty = module.imports().next().expect("there is one").ty().unwrap_func().clone();
    /// assert!(ty.finality().is_non_final());
    /// let mut store = Store::new(&engine, ());
    /// let get = Func::new(&mut store, ty, |_, _, results| {
    ///     results[0] = Val::I32(7);
    ///     Ok(())
    /// });
    /// Instance::new(&mut store, &module, &[get.into()])?;
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    ///
    /// # Panics
    /// `ty` is of another engine, or names types that this one does not have: names do not keep types.
    #[track_caller]
    pub fn new<T: 'static>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        store.as_context_mut().opaque_mut().add_host(HostDef::dynamic(ty, func)).into()
    }

    /// Makes a host function of a closure; its type follows from the closure's: see [`IntoFunc`].
    pub fn wrap<T: 'static, Params, Results>(
        mut store: impl AsContextMut<Data = T>,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Self {
        store.as_context_mut().opaque_mut().add_host(func.into_host::<true>()).into()
    }

    /// Calls it (spec 4.5.5): as many `params` as its type says, of these types, and as many `results`, which are
    /// overwritten. [`Func::typed`] gives the faster way.
    ///
    /// # Errors
    /// The function belongs to another store; `params` or `results` do not fit its type; it traps
    /// ([`crate::Trap`]), or throws an exception that nothing catches ([`crate::ThrownException`]); a host function that it calls
    /// fails.
    ///
    /// # Panics
    /// When a host function panics, the panic passes through WebAssembly and goes on here. The store stays usable.
    pub fn call(&self, mut store: impl AsContextMut, params: &[Val], results: &mut [Val]) -> Result<()> {
        let store = store.as_context_mut();
        let (ty, mut values) = self.arguments(store.opaque(), params)?;
        let vm = store.opaque().vm();
        if results.len() != ty.results().len() {
            return Err(format_err!("expected room for {} results, found {}", ty.results().len(), results.len()));
        }
        let first = ty.results().first().copied();
        // SAFETY: L3: `arguments` compared the record's store with this one, whose the machine is. L2: no reference to the store is
        // in use any more, and the context waits here. L5: `arguments` compared the values with the function's type, and made
        // as many words as it asks for.
        let outcome = unsafe { pirn_exec::invoke(vm, self.record().as_ptr(), &mut values, first) };
        outcome.map_err(Error::from_exit)?;
        let Some(_) = first else { return Ok(()) };
        let ty = store.opaque().func_type(self.record())?;
        // SAFETY: L5: the call returned, so the machine left results of the function's type, in this store.
        let values = unsafe { words::read(ty.results(), &values, store.opaque()) };
        results.iter_mut().zip(values).for_each(|(result, value)| *result = value);
        Ok(())
    }

    /// Its type, and the words of `params`, compared with it: as many as the longer of parameters and results.
    ///
    /// # Errors
    /// The function belongs to another store; `params` do not fit.
    pub(crate) fn arguments<'store>(
        self,
        store: &'store StoreOpaque,
        params: &[Val],
    ) -> Result<(&'store FuncType, SmallVec<[Word; 16]>)> {
        let ty = store.func_type(self.record())?;
        if params.len() != ty.params().len() {
            return Err(format_err!("expected {} arguments, found {}", ty.params().len(), params.len()));
        }
        let mut values: SmallVec<[Word; 16]> = SmallVec::from_elem(0, FrameLayout::of(ty).header);
        words::write(params, ty.params(), &mut values, store, |i| format!("argument {i}"))?;
        Ok((ty, values))
    }

    /// Calls it with parameters and results of Rust types: single values or tuples, see [`WasmParams`] and
    /// [`WasmResults`]. [`Func::typed`] compares the types once for many calls.
    ///
    /// # Errors
    /// As [`Func::typed`] and [`TypedFunc::call`].
    ///
    /// # Panics
    /// As [`Func::call`].
    pub fn invoke<P: WasmParams, R: WasmResults>(&self, mut store: impl AsContextMut, params: P) -> Result<R> {
        let store = store.as_context_mut();
        self.typed::<P, R>(&store)?.call(store, params)
    }

    /// The function with its type known to Rust, for fast calls. `P` and `R` are single values or tuples: see
    /// [`WasmParams`] and [`WasmResults`].
    ///
    /// Its type may be below that of `P` and `R` (spec 3.3.8): a result that may not be null can be read as an option.
    ///
    /// # Errors
    /// The function belongs to another store, or has another type.
    pub fn typed<P: WasmParams, R: WasmResults>(&self, store: impl AsContext) -> Result<TypedFunc<P, R>> {
        let store = store.as_context();
        let ty = store.opaque().func_type(self.record())?;
        if ty.params() != P::TYPES || ty.results() != R::TYPES {
            let expected = FuncType::new(P::TYPES.iter().copied(), R::TYPES.iter().copied());
            if !ty.matches(&expected, store.engine().types()) {
                return Err(format_err!("type mismatch: expected func {expected}, found func {ty}"));
            }
        }
        Ok(TypedFunc { func: *self, types: PhantomData })
    }
}

/// A function whose type Rust knows: see [`Func::typed`].
pub struct TypedFunc<P, R> {
    func: Func,
    types: PhantomData<fn(P) -> R>,
}

impl<P, R> Clone for TypedFunc<P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, R> Copy for TypedFunc<P, R> {}

impl<P, R> std::fmt::Debug for TypedFunc<P, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.func.fmt(f)
    }
}

impl<P: WasmParams, R: WasmResults> TypedFunc<P, R> {
    pub(crate) const WORDS: usize = if P::WORDS > R::WORDS { P::WORDS } else { R::WORDS };
    pub(crate) const FIRST: Option<ValType> = if R::TYPES.is_empty() { None } else { Some(R::TYPES[0]) };

    /// A function of the same type.
    ///
    /// # Safety
    /// L5: `func` is of the types of `P` and `R`.
    pub(crate) unsafe fn of_same_type(self, func: Func) -> Self {
        Self { func, ..self }
    }

    /// The same function, its type not known to Rust.
    pub fn func(&self) -> Func {
        self.func
    }

    /// Calls it. Nothing is allocated.
    ///
    /// # Errors
    /// The function, or a reference among `params`, belongs to another store; it traps ([`crate::Trap`]), or throws an
    /// exception that nothing catches ([`crate::ThrownException`]); a host function that it calls fails.
    ///
    /// # Panics
    /// As [`Func::call`].
    #[inline]
    pub fn call(&self, mut store: impl AsContextMut, params: P) -> Result<R> {
        // The room is zeroed, so it is chosen by the type; the other arms are compiled away.
        match Self::WORDS {
            0..=2 => self.enter::<2>(&mut store, params),
            3..=6 => self.enter::<6>(&mut store, params),
            7..=16 => self.enter::<16>(&mut store, params),
            17.. => self.enter::<MAX_WORDS>(&mut store, params),
        }
    }

    #[inline(always)]
    fn enter<const ROOM: usize>(&self, store: &mut impl AsContextMut, params: P) -> Result<R> {
        let store = store.as_context_mut();
        let (id, vm) = (store.opaque().id(), store.opaque().vm());
        self.func.record().check(id)?;
        let mut words = [0; ROOM];
        let words = &mut words[..Self::WORDS];
        params.write(words, store.opaque())?;
        // SAFETY: L3: `check` compared the record's store with this one, whose the machine is. L2: no reference to the store is in
        // use any more, and the context waits here. L5: `Func::typed` compared the function's type with `P` and `R`, and
        // `write` the stores of references; `WORDS` is as many words as that type asks for.
        let outcome = unsafe { pirn_exec::invoke(vm, self.func.record().as_ptr(), words, Self::FIRST) };
        match outcome {
            // SAFETY: L5: the call returned, so the machine left results of the types of `R`, in this store.
            Ok(()) => Ok(unsafe { R::read(words, store.opaque()) }),
            Err(exit) => Err(Error::from_exit(exit)),
        }
    }
}
