//! Rust types as WebAssembly types: what typed functions and host closures take and give.
//!
//! The traits are sealed. What they do lies in their private supertraits; a list of values is described once, by
//! [`sealed::List`], whether it is of parameters or of results.

use crate::error::{Error, Result};
use crate::items::func::Func;
use crate::items::heap_ref::{AnyRef, ExnRef, ExternRef};
use crate::items::rooted::Rooted;
use crate::items::v128::V128;
use crate::items::value::Ref;
use crate::store::opaque::StoreOpaque;
use pirn_decode::{RefType, ValType};
use pirn_exec::Word;

/// Most words of parameters and of results of typed functions and host closures: of 16 vectors.
pub(crate) const MAX_WORDS: usize = 2 * 16;

/// A Rust type of one WebAssembly value: `i32`, `u32`, `i64`, `u64`, `f32`, `f64`, [`V128`], `Option<Func>`,
/// `Option<Rooted<ExternRef>>`, `Option<Rooted<AnyRef>>`, `Option<Rooted<ExnRef>>`; without `Option` for references that may
/// not be null, as `Rooted<ExternRef>` for `(ref extern)`.
pub trait WasmTy: sealed::Value + Send {}

/// Parameters of a [`crate::TypedFunc`]: one [`WasmTy`], or a tuple of up to 16.
pub trait WasmParams: sealed::List {}

/// Results of a [`crate::TypedFunc`]: one [`WasmTy`], or a tuple of up to 16; `()` for none.
pub trait WasmResults: sealed::List {}

/// What a host closure may return: [`WasmResults`], or a [`Result`] of them.
pub trait WasmRet: sealed::Ret {}

impl<V: sealed::Value + Send> WasmTy for V {}
impl<L: sealed::List> WasmParams for L {}
impl<L: sealed::List> WasmResults for L {}
impl<R: sealed::Ret> WasmRet for R {}

pub(crate) mod sealed {
    use super::*;

    /// One value.
    pub trait Value: Copy + 'static {
        /// Its WebAssembly type.
        const TYPE: ValType;

        /// Writes its words to the beginning of `words`, which are enough.
        ///
        /// # Errors
        /// It is a reference into another store.
        fn write(self, words: &mut [Word], store: &StoreOpaque) -> Result<()>;

        /// Reads it from the beginning of `words`, which are enough.
        ///
        /// # Safety
        /// L5: the words came from a value of type `TYPE` in this store.
        unsafe fn read(words: &[Word], store: &StoreOpaque) -> Self;
    }

    /// A list of values.
    pub trait List: Sized + 'static {
        /// Their WebAssembly types.
        const TYPES: &'static [ValType];

        /// How many words they take.
        const WORDS: usize = {
            let (mut words, mut i) = (0, 0);
            while i < Self::TYPES.len() {
                words += Self::TYPES[i].words();
                i += 1;
            }
            words
        };

        /// Writes their words to the beginning of `words`, which are enough.
        ///
        /// # Errors
        /// One is a reference into another store.
        fn write(self, words: &mut [Word], store: &StoreOpaque) -> Result<()>;

        /// Reads them from the beginning of `words`, which are enough.
        ///
        /// # Safety
        /// L5: the words came from values of these types in this store.
        unsafe fn read(words: &[Word], store: &StoreOpaque) -> Self;
    }

    /// What a host closure returns.
    pub trait Ret {
        /// The results.
        type List: List;

        /// Results or error.
        fn into_result(self) -> Result<Self::List>;
    }

    impl<L: List> Ret for L {
        type List = L;
        #[inline]
        fn into_result(self) -> Result<L> {
            Ok(self)
        }
    }

    impl<L: List> Ret for Result<L, Error> {
        type List = L;
        #[inline]
        fn into_result(self) -> Result<L> {
            self
        }
    }
}

macro_rules! numbers {
    ($($ty:ty = $val:ident: |$value:ident| $to:expr, |$word:ident| $from:expr;)*) => {$(
        impl sealed::Value for $ty {
            const TYPE: ValType = ValType::$val;
            #[inline]
            fn write(self, words: &mut [Word], _: &StoreOpaque) -> Result<()> {
                let $value = self;
                words[0] = $to;
                Ok(())
            }
            #[inline]
            unsafe fn read(words: &[Word], _: &StoreOpaque) -> Self {
                let $word = words[0];
                $from
            }
        }
    )*};
}

numbers! {
    i32 = I32: |value| Word::from(value as u32), |word| word as Self;
    u32 = I32: |value| Word::from(value), |word| word as Self;
    i64 = I64: |value| value as Word, |word| word as Self;
    u64 = I64: |value| value, |word| word;
    f32 = F32: |value| Word::from(value.to_bits()), |word| Self::from_bits(word as u32);
    f64 = F64: |value| value.to_bits(), |word| Self::from_bits(word);
}

impl sealed::Value for V128 {
    const TYPE: ValType = ValType::V128;
    #[inline]
    fn write(self, words: &mut [Word], _: &StoreOpaque) -> Result<()> {
        words[..2].copy_from_slice(&self.words());
        Ok(())
    }
    #[inline]
    unsafe fn read(words: &[Word], _: &StoreOpaque) -> Self {
        Self::from_words([words[0], words[1]])
    }
}

macro_rules! references {
    ($($ty:ty = $variant:ident, $ref_type:ident;)*) => {$(
        impl sealed::Value for Option<$ty> {
            const TYPE: ValType = ValType::Ref(RefType::$ref_type);
            fn write(self, words: &mut [Word], store: &StoreOpaque) -> Result<()> {
                words[0] = Ref::$variant(self).to_word(store)?;
                Ok(())
            }
            unsafe fn read(words: &[Word], store: &StoreOpaque) -> Self {
                // SAFETY: L5: by this function's contract the word is of type `TYPE`, in that store.
                match unsafe { Ref::from_word(RefType::$ref_type, words[0], store) } {
                    Ref::$variant(value) => value,
                    // Another kind of reference, of which there is one for each macro call.
                    _ => unreachable!("a reference of another type than asked for"),
                }
            }
        }

        impl sealed::Value for $ty {
            const TYPE: ValType = ValType::Ref(RefType::new(false, RefType::$ref_type.heap_type()));
            fn write(self, words: &mut [Word], store: &StoreOpaque) -> Result<()> {
                sealed::Value::write(Some(self), words, store)
            }
            unsafe fn read(words: &[Word], store: &StoreOpaque) -> Self {
                // SAFETY: L5: as is asked for, and the type is below that of an option.
                let value = unsafe { <Option<Self> as sealed::Value>::read(words, store) };
                value.expect("a reference that may not be null")
            }
        }
    )*};
}

references! {
    Func = Func, FUNCREF;
    Rooted<ExternRef> = Extern, EXTERNREF;
    Rooted<AnyRef> = Any, ANYREF;
    Rooted<ExnRef> = Exn, EXNREF;
}

impl<V: sealed::Value> sealed::List for V {
    const TYPES: &'static [ValType] = &[V::TYPE];
    #[inline]
    fn write(self, words: &mut [Word], store: &StoreOpaque) -> Result<()> {
        sealed::Value::write(self, words, store)
    }
    #[inline]
    unsafe fn read(words: &[Word], store: &StoreOpaque) -> Self {
        // SAFETY: L5: by this function's contract the first words are of type `V::TYPE`, in that store.
        unsafe { <V as sealed::Value>::read(words, store) }
    }
}

/// Calls a macro for each number of arguments, with that many names of type parameters.
macro_rules! for_each_arity {
    ($macro:ident) => {
        $macro!();
        $macro!(A0);
        $macro!(A0 A1);
        $macro!(A0 A1 A2);
        $macro!(A0 A1 A2 A3);
        $macro!(A0 A1 A2 A3 A4);
        $macro!(A0 A1 A2 A3 A4 A5);
        $macro!(A0 A1 A2 A3 A4 A5 A6);
        $macro!(A0 A1 A2 A3 A4 A5 A6 A7);
        $macro!(A0 A1 A2 A3 A4 A5 A6 A7 A8);
        $macro!(A0 A1 A2 A3 A4 A5 A6 A7 A8 A9);
        $macro!(A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10);
        $macro!(A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11);
        $macro!(A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12);
        $macro!(A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13);
        $macro!(A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14);
        $macro!(A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15);
    };
}
pub(crate) use for_each_arity;

macro_rules! tuples {
    ($($arg:ident)*) => {
        #[allow(
            non_snake_case,
            unused_variables,
            unused_mut,
            clippy::unused_unit,
            reason = "one name for type and value; the empty tuple"
        )]
        impl<$($arg: sealed::Value,)*> sealed::List for ($($arg,)*) {
            const TYPES: &'static [ValType] = &[$($arg::TYPE),*];
            #[inline]
            fn write(self, words: &mut [Word], store: &StoreOpaque) -> Result<()> {
                let ($($arg,)*) = self;
                let words = &mut words[..Self::WORDS];
                let mut at = 0;
                $(
                    sealed::Value::write($arg, &mut words[at..], store)?;
                    at += $arg::TYPE.words();
                )*
                let _ = at;
                Ok(())
            }
            #[inline]
            unsafe fn read(words: &[Word], store: &StoreOpaque) -> Self {
                let words = &words[..Self::WORDS];
                let mut at = 0;
                $(
                    // SAFETY: L5: by this function's contract the words are of these types, in that store.
                    let $arg = unsafe { <$arg as sealed::Value>::read(&words[at..], store) };
                    at += $arg::TYPE.words();
                )*
                let _ = at;
                ($($arg,)*)
            }
        }
    };
}
for_each_arity!(tuples);
