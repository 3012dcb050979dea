//! Exceptions, as the embedder holds them (spec 4.2.11).

use crate::error::{Result, format_err};
use crate::items::heap_ref::ExnRef;
use crate::items::rooted::Rooted;
use crate::items::tag::Tag;
use crate::items::value::Val;
use crate::store::handle::Handle;
use crate::store::instance_data::TagItem;
use crate::store::opaque::StoreOpaque;
use crate::store::{AsContext, AsContextMut};
use pirn_decode::FuncType;
use pirn_exec::{Exception, Vm, Word};
use smallvec::SmallVec;
use std::ptr::NonNull;

impl ExnRef {
    /// Makes an exception of `tag` with these values. [`Store::throw`](crate::Store::throw) throws it.
    ///
    /// # Errors
    /// `values` do not fit the tag's type; the tag, or a reference among them, belongs to another store; the heap has no room
    /// ([`Trap::GcHeapOutOfMemory`](crate::Trap::GcHeapOutOfMemory)).
    #[allow(clippy::new_ret_no_self, reason = "as wasmtime has it")]
    pub fn new(mut store: impl AsContextMut, tag: &Tag, values: &[Val]) -> Result<Rooted<ExnRef>> {
        let mut store = store.as_context_mut();
        let opaque = store.opaque();
        let item = tag.item().get(opaque)?;
        let params = item.ty.ty().params();
        if values.len() != params.len() {
            return Err(format_err!("values of an exception: expected {}, found {}", params.len(), values.len()));
        }
        let mut words: SmallVec<[Word; 8]> = SmallVec::new();
        for (i, (value, &ty)) in values.iter().zip(params).enumerate() {
            if !value.is_of(ty, opaque) {
                return Err(format_err!("value {i} of an exception: expected {ty}, found {}", value.ty()));
            }
            words.extend(value.to_words(opaque)?.into_iter().take(ty.words()));
        }
        // SAFETY: L5: the types were compared with the tag's, and the stores of all, whose references are rooted; L1: the tag is live. L2: the
        // machine stands still, and nothing is collected meanwhile, so nobody asks the store for its references.
        let make = |store: &mut StoreOpaque| unsafe {
            Vm::make_exception(store.vm(), &raw const (*tag.item().as_ptr()).tag, &words)
        };
        let word = store.with_room(make)?;
        // SAFETY: L5: it is an exception of this store.
        Ok(unsafe { Rooted::new(store.opaque(), word) })
    }
}

impl Rooted<ExnRef> {
    /// Its word, as what it is.
    fn exception(self, store: &StoreOpaque) -> Result<Exception> {
        self.word(store).map(Exception::of_word)
    }

    /// Its tag, in the store.
    fn tag_in(self, store: &StoreOpaque) -> Result<Handle<TagItem>> {
        let exception = self.exception(store)?;
        // SAFETY: L5: it is rooted in this store, and so live. L1 and L3: a tag of this store is what a `TagItem` begins with.
        unsafe {
            let item = exception.tag().cast_mut().cast::<TagItem>();
            Ok(Handle::new(store.id(), NonNull::new_unchecked(item)))
        }
    }

    /// The type of its tag: its values have the types of the parameters.
    ///
    /// # Errors
    /// It belongs to another store, or its scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<FuncType> {
        let store = store.as_context().opaque();
        Ok(self.tag_in(store)?.get(store)?.ty.ty().clone())
    }

    /// Its tag.
    ///
    /// # Errors
    /// It belongs to another store, or its scope has ended.
    pub fn tag(&self, store: impl AsContext) -> Result<Tag> {
        self.tag_in(store.as_context().opaque()).map(Tag::from)
    }

    /// Its values. References among them are rooted in the innermost scope.
    ///
    /// # Errors
    /// It belongs to another store, or its scope has ended.
    pub fn fields(&self, store: impl AsContext) -> Result<impl ExactSizeIterator<Item = Val>> {
        let store = store.as_context().opaque();
        let params = self.tag_in(store)?.get(store)?.ty.ty().params();
        // SAFETY: L5: it is rooted in this store, and so live, as the tag is.
        let words = unsafe { self.exception(store)?.values() };
        let mut words = words.iter();
        let values = params.iter().map(|&ty| {
            let mut next = || *words.next().expect("as many words as the types have");
            let value = [next(), if ty.words() == 2 { next() } else { 0 }];
            // SAFETY: L5: an exception holds words of its tag's types, in its store.
            unsafe { Val::from_words(ty, value, store) }
        });
        Ok(values.collect::<Vec<_>>().into_iter())
    }

    /// The value of this number.
    ///
    /// # Errors
    /// There is none; the exception belongs to another store, or its scope has ended.
    pub fn field(&self, store: impl AsContext, index: usize) -> Result<Val> {
        self.fields(store)?.nth(index).ok_or_else(|| format_err!("an exception has no value {index}"))
    }
}
