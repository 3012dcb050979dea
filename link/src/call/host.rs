//! Host functions: Rust closures as WebAssembly functions.
//!
//! A closure is compiled together with the reading of its arguments and the writing of its results, straight from and
//! to the value stack, so a call from WebAssembly is one indirect call and no allocation.

use crate::call::caller::Caller;
use crate::call::typed::{WasmRet, WasmTy, for_each_arity, sealed::List};
use crate::call::words;
use crate::error::{Error, Result};
use crate::items::value::Val;
use crate::store::AsContext;
use crate::store::host_item::HostDef;
use pirn_decode::{FuncType, ValType};
use pirn_exec::{HostCall, HostValues};
use smallvec::SmallVec;
use std::sync::Arc;

impl HostDef {
    /// `func` finds the arguments in the words, which are as many as the longer of parameters and results, and leaves
    /// the results there when it returns `Ok`, both of the types `ty` says. It must be put into stores whose data is a `T`.
    ///
    /// The machine relies on either, and so only this file makes definitions.
    fn new<T: 'static>(
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, HostValues<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let func = Arc::new(move |call: HostCall<'_>| {
            // SAFETY: L7: the machine is that of a `Store<T>`. L2: whoever called the machine let go of the store for the time of
            // the call, and waits with the context.
            let caller = unsafe { Caller::<T>::new(call.vm(), call.caller()) };
            func(caller, call.into_values()).map_err(Error::into_exit)
        });
        // SAFETY: L5: `func` gives results of the type, as above.
        unsafe { Self::of_parts(ty, func) }
    }

    /// A function whose type is known at run time only.
    ///
    /// `func` is called with the arguments and with results that are zero or null at first.
    pub(crate) fn dynamic<T: 'static>(
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let own_ty = ty.clone();
        Self::new(ty, move |caller: Caller<'_, T>, mut frame| {
            caller.in_scope(|mut caller| {
                let ty = &own_ty;
                let mut values: SmallVec<[Val; 16]> = SmallVec::new();
                // SAFETY: L5: the machine gives arguments of the function's type, in the caller's store.
                values.extend(unsafe { words::read(ty.params(), frame.get(), caller.as_context().opaque()) });
                values.extend(ty.results().iter().map(|ty| Val::default_for(*ty)));
                let (params, results) = values.split_at_mut(ty.params().len());
                func(caller.reborrow(), params, results)?;
                let store = caller.as_context();
                words::write(results, ty.results(), frame.get_mut(), store.opaque(), |i| {
                    format!("result {i} of a host function")
                })
            })
        })
    }
}

/// Closures that [`crate::Func::wrap`] and [`crate::Linker::func_wrap`] take: up to 16 parameters that are [`WasmTy`],
/// with or without a leading [`Caller`], and results that are [`WasmRet`].
///
/// `Params` and `Results` only tell the implementations apart, and are always inferred. The trait is sealed, because what
/// it makes may only be put into stores whose data is a `T`:
///
/// ```compile_fail
/// struct Evil;
/// impl pirn_link::IntoFunc<u8, (), ()> for Evil {}
/// ```
pub trait IntoFunc<T: 'static, Params, Results>: sealed::Closure<T, Params, Results> {}

impl<T: 'static, Params, Results, F: sealed::Closure<T, Params, Results>> IntoFunc<T, Params, Results> for F {}

pub(crate) mod sealed {
    use super::HostDef;

    /// What a closure does as an [`super::IntoFunc`].
    pub trait Closure<T: 'static, Params, Results>: Send + Sync + 'static {
        /// The definition of a host function for stores whose data is a `T`. Whether it is `given` a caller, by whom it may
        /// root references, is said of one that takes it.
        fn into_host<const GIVEN: bool>(self) -> HostDef;
    }
}

/// Whether values of these types are rooted where they are read.
const fn has_references(types: &[ValType]) -> bool {
    let mut rest = types;
    while let [first, others @ ..] = rest {
        if first.is_ref() {
            return true;
        }
        rest = others;
    }
    false
}

macro_rules! into_func {
    ($($arg:ident)*) => {
        impl<T: 'static, F, $($arg,)* R> sealed::Closure<T, ($($arg,)*), R> for F
        where
            F: Fn($($arg),*) -> R + Send + Sync + 'static,
            $($arg: WasmTy,)*
            R: WasmRet,
        {
            #[allow(non_snake_case, reason = "one name for type and value")]
            fn into_host<const GIVEN: bool>(self) -> HostDef {
                let func = move |_: Caller<'_, T>, $($arg: $arg),*| self($($arg),*);
                sealed::Closure::<T, (Caller<'_, T>, $($arg,)*), R>::into_host::<false>(func)
            }
        }

        impl<T: 'static, F, $($arg,)* R> sealed::Closure<T, (Caller<'_, T>, $($arg,)*), R> for F
        where
            F: Fn(Caller<'_, T>, $($arg),*) -> R + Send + Sync + 'static,
            $($arg: WasmTy,)*
            R: WasmRet,
        {
            #[allow(non_snake_case, reason = "one name for type and value")]
            fn into_host<const GIVEN: bool>(self) -> HostDef {
                let params = <($($arg,)*) as List>::TYPES;
                let ty = FuncType::new(params.iter().copied(), R::List::TYPES.iter().copied());
                HostDef::new(ty, move |caller: Caller<'_, T>, mut words| {
                    let mut call = |mut caller: Caller<'_, T>| {
                        // SAFETY: L5: the machine gives arguments of the function's type, in the caller's store.
                        let ($($arg,)*) = unsafe { <($($arg,)*) as List>::read(words.get(), caller.as_context().opaque()) };
                        let results = self(caller.reborrow(), $($arg),*).into_result()?;
                        results.write(words.get_mut(), caller.as_context().opaque())
                    };
                    if GIVEN || const { has_references(<($($arg,)*) as List>::TYPES) } {
                        caller.in_scope(call)
                    } else {
                        call(caller)
                    }
                })
            }
        }
    };
}
for_each_arity!(into_func);
