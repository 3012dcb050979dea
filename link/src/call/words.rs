//! Lists of values as frames have them: words, one after the other.

use crate::error::{Result, format_err};
use crate::items::value::Val;
use crate::store::opaque::StoreOpaque;
use pirn_decode::ValType;
use pirn_exec::Word;

/// Writes `values`, as many as `types`, to the beginning of `words`, which are enough.
///
/// # Errors
/// One is of another type: `what` calls it by its number; or it is a reference into another store.
pub(crate) fn write(
    values: &[Val],
    types: &[ValType],
    words: &mut [Word],
    store: &StoreOpaque,
    what: impl Fn(usize) -> String,
) -> Result<()> {
    let mut at = 0;
    for (i, (value, ty)) in values.iter().zip(types).enumerate() {
        if !value.is_of(*ty, store) {
            return Err(format_err!("{}: expected {ty}, found {}", what(i), value.ty()));
        }
        let [low, high] = value.to_words(store)?;
        words[at] = low;
        if ty.words() == 2 {
            words[at + 1] = high;
        }
        at += ty.words();
    }
    Ok(())
}

/// Reads values of `types` from the beginning of `words`, which are enough.
///
/// # Safety
/// L5: the words came from values of these types in this store.
pub(crate) unsafe fn read<'a>(
    types: &'a [ValType],
    words: &'a [Word],
    store: &'a StoreOpaque,
) -> impl ExactSizeIterator<Item = Val> + use<'a> {
    let mut words = words.iter();
    types.iter().map(move |ty| {
        let mut next = || *words.next().expect("as many words as the types have");
        let value = [next(), if ty.words() == 2 { next() } else { 0 }];
        // SAFETY: L5: by this function's contract the words are of this type, in that store.
        unsafe { Val::from_words(*ty, value, store) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::items::v128::V128;
    use crate::store::AsContext;
    use crate::store::Store;

    fn what(i: usize) -> String {
        format!("value {i}")
    }

    #[test]
    fn a_vector_takes_two_words_wherever_it_stands() {
        let store = Store::new(&Engine::default(), ());
        let vector = |low: u128| Val::V128(V128::from(low | 99 << 64));
        let values = [vector(1), Val::I32(-2), vector(3), vector(4), Val::F64(5), Val::FuncRef(None), vector(6)];
        let types: Vec<_> = values.iter().map(Val::ty).collect();
        let mut words = [7; 12];
        write(&values, &types, &mut words, store.as_context().opaque(), what).unwrap();
        assert_eq!(words, [1, 99, 0xffff_fffe, 3, 99, 4, 99, 5, 0, 6, 99, 7]);
        // SAFETY: they came from such values.
        let read = unsafe { read(&types, &words, store.as_context().opaque()) };
        assert_eq!(read.len(), values.len());
        assert!(read.eq(values));
    }

    #[test]
    fn a_value_of_another_type_is_refused_by_its_number() {
        let store = Store::new(&Engine::default(), ());
        let types = [ValType::V128, ValType::I64];
        let mut words = [0; 3];
        let error = write(&[Val::V128(V128::ZERO), Val::F64(0)], &types, &mut words, store.as_context().opaque(), what)
            .unwrap_err();
        assert_eq!(error.to_string(), "value 1: expected i64, found f64");
        let error =
            write(&[Val::I64(0), Val::I64(0)], &types, &mut words, store.as_context().opaque(), what).unwrap_err();
        assert_eq!(error.to_string(), "value 0: expected v128, found i64");
    }
}
