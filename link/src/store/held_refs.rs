//! Lists of what a store's embedder holds: references that are rooted, and values that references are to.

use pirn_exec::{Marker, Word};
use std::any::Any;
use std::sync::{Arc, Weak};

/// Where a reference stands in the list. (`pub` because sealed traits name it.)
#[derive(Debug, Clone, Copy)]
pub struct RootPlace {
    pub(super) index: u32,
    pub(super) generation: u64,
}

impl RootPlace {
    /// A bit of `index`: it is a place in a [look](Roots::looks).
    const LOOKED_AT: u32 = 1 << 31;

    /// Of what needs no root: integers.
    pub(super) const NONE: Self = Self { index: u32::MAX, generation: 0 };
}

/// The roots of a store.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    pub(super) list: Vec<(Word, u64)>,
    pub(super) generation: u64,
    /// Each as long as somebody else has what this refers to, its number.
    pub(super) owned: Vec<(Weak<u64>, Word)>,
    /// How many there ever were, in the stores of which this one was copied, too.
    pub(super) numbers: u64,
    /// What those have rooted who only look at the store, each by the generation with which its look began.
    looks: Vec<(u64, Vec<Word>)>,
    /// Indices of values of the embedder that somebody asked for by what the original has, while a collection was under way: they stay until it ends.
    pub(super) found: Vec<usize>,
}

impl Roots {
    /// The same for a copy of the store, where `word` gives what a reference is there.
    pub(super) fn fork(&mut self, word: impl Fn(Word) -> Word) -> Self {
        self.end_owned();
        Self {
            list: self.list.iter().map(|&(root, generation)| (word(root), generation)).collect(),
            generation: self.generation,
            owned: self.owned.iter().map(|(alive, root)| (Weak::clone(alive), word(*root))).collect(),
            numbers: self.numbers,
            looks: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Forgets what nobody owns any more.
    pub(super) fn end_owned(&mut self) {
        self.owned.retain(|(alive, _)| alive.strong_count() > 0);
    }

    /// Roots a reference, as long as a look lasts or until a scope ends.
    pub(super) fn push(&mut self, word: Word, look: Option<u64>) -> RootPlace {
        let look = look.and_then(|look| self.looks.iter_mut().find(|(other, _)| *other == look));
        let place = |len: usize| u32::try_from(len).ok().filter(|index| index & RootPlace::LOOKED_AT == 0);
        let place = |len| place(len).expect("2^31 references are rooted");
        match look {
            Some((look, words)) => {
                words.push(word);
                RootPlace { index: place(words.len() - 1) | RootPlace::LOOKED_AT, generation: *look }
            }
            None => {
                self.list.push((word, self.generation));
                RootPlace { index: place(self.list.len() - 1), generation: self.generation }
            }
        }
    }

    /// Whether this is what was rooted so.
    pub(super) fn has(&self, word: Word, place: RootPlace) -> bool {
        if place.index & RootPlace::LOOKED_AT == 0 {
            return self.list.get(place.index as usize) == Some(&(word, place.generation));
        }
        let look = self.looks.iter().find(|(look, _)| *look == place.generation);
        look.is_some_and(|(_, words)| words.get((place.index & !RootPlace::LOOKED_AT) as usize) == Some(&word))
    }

    /// Whether anybody looks at the store.
    pub(super) fn is_looked_at(&self) -> bool {
        !self.looks.is_empty()
    }

    /// Begins a look, which has a generation to itself.
    pub(super) fn begin_look(&mut self) -> u64 {
        let look = self.generation;
        self.generation += 1;
        self.looks.push((look, Vec::new()));
        look
    }

    /// Ends it.
    pub(super) fn end_look(&mut self, look: u64) {
        self.looks.retain(|(other, _)| *other != look);
    }

    /// What was rooted beyond `count` is so no longer.
    #[inline]
    pub(super) fn end_scope(&mut self, count: usize) {
        if self.list.len() > count {
            self.list.truncate(count);
            self.generation += 1;
        }
    }
}

/// Values of the embedder, by their indices.
#[derive(Default)]
pub(crate) struct Externs {
    values: Vec<Option<Arc<dyn Any + Send + Sync>>>,
    /// Of which generation of roots each is: references of an earlier one are to another value that had its index.
    born: Vec<u64>,
    /// Indices that are free.
    free: Vec<usize>,
    /// Which ones copies of the store know values by: they are not used again as long as there is one.
    forked: Vec<bool>,
    /// Copies have this, too.
    copies: Arc<()>,
    /// Which ones the store had when it was copied of another one, which knows values by them: they are not used again.
    inherited: Vec<bool>,
    /// What that store has for copies.
    _original: Option<Arc<()>>,
}

impl Externs {
    /// How many there are, those that were freed counted.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The same for a copy of the store.
    pub(super) fn fork(&mut self) -> Self {
        self.forget_copies();
        let inherited: Vec<_> = self.values.iter().map(Option::is_some).collect();
        self.forked.resize(inherited.len(), false);
        self.forked.iter_mut().zip(&inherited).for_each(|(forked, &is_there)| *forked |= is_there);
        Self {
            values: self.values.clone(),
            born: self.born.clone(),
            // The original does not know what is free there, for other copies may know it.
            free: (0..inherited.len()).filter(|&index| !inherited[index]).collect(),
            forked: Vec::new(),
            copies: Arc::default(),
            inherited,
            _original: Some(Arc::clone(&self.copies)),
        }
    }

    /// If there are no copies of the store any more, frees what they might have known.
    fn forget_copies(&mut self) {
        if self.forked.is_empty() || Arc::strong_count(&self.copies) > 1 {
            return;
        }
        for index in
            std::mem::take(&mut self.forked).into_iter().enumerate().filter_map(|(index, was)| was.then_some(index))
        {
            if self.values[index].is_none() && !self.was_inherited(index) {
                self.free.push(index);
            }
        }
    }

    /// Whether the store is a copy, and its original had a value with this index when it was made.
    pub(crate) fn was_inherited(&self, index: usize) -> bool {
        self.inherited.get(index).is_some_and(|&is_there| is_there)
    }

    /// The value with this index, unless it was freed.
    pub(crate) fn get(&self, index: usize) -> Option<&(dyn Any + Send + Sync)> {
        self.values.get(index)?.as_deref()
    }

    /// Keeps a value, of this generation of roots: its index.
    pub(crate) fn push(&mut self, value: Arc<dyn Any + Send + Sync>, generation: u64) -> usize {
        match self.free.pop() {
            Some(index) => {
                (self.values[index], self.born[index]) = (Some(value), generation);
                index
            }
            None => {
                self.values.push(Some(value));
                self.born.push(generation);
                self.values.len() - 1
            }
        }
    }

    /// Whether the value with this index was there already when something was rooted.
    pub(crate) fn was_there(&self, index: usize, place: RootPlace) -> bool {
        self.born.get(index).is_some_and(|&born| born <= place.generation)
    }

    /// Takes out what is not marked, nor among those `found` later.
    pub(super) fn take_unmarked(
        &mut self,
        marker: &Marker<'_>,
        mut found: Vec<usize>,
    ) -> Vec<Arc<dyn Any + Send + Sync>> {
        self.forget_copies();
        found.sort_unstable();
        let is_known = |known: &[bool], index: usize| known.get(index).is_some_and(|&is_known| is_known);
        let mut taken = Vec::new();
        for (index, value) in self.values.iter_mut().enumerate() {
            if value.is_some() && !marker.is_extern_marked(index) && found.binary_search(&index).is_err() {
                taken.extend(value.take());
                if !is_known(&self.forked, index) && !is_known(&self.inherited, index) {
                    self.free.push(index);
                }
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::Engine;
    use crate::items::heap_ref::ExternRef;
    use crate::items::rooted::{OwnedRooted, RootScope};
    use crate::store::{AsContext, Store};

    /// Makes values that nobody keeps.
    fn forgotten(store: &mut Store<()>, count: usize) {
        let mut scope = RootScope::new(store);
        (0..count).for_each(|number| _ = ExternRef::new(&mut scope, number));
    }

    fn kept(store: &mut Store<()>, number: i32) -> OwnedRooted<ExternRef> {
        let mut scope = RootScope::new(store);
        ExternRef::new(&mut scope, number).to_owned_rooted(&scope).unwrap()
    }

    fn value(store: &Store<()>, value: &OwnedRooted<ExternRef>) -> i32 {
        *value.to_rooted(store).data(store).unwrap().unwrap().downcast_ref().unwrap()
    }

    fn places(store: &Store<()>) -> usize {
        store.as_context().opaque().externs().len()
    }

    #[test]
    fn places_of_values_are_used_again_though_the_store_is_forked() {
        let mut store = Store::new(&Engine::default(), ());
        for _ in 0..20 {
            forgotten(&mut store, 100);
            store.gc();
            let mut copy = store.fork(()).unwrap();
            forgotten(&mut copy, 100);
        }
        assert_eq!(places(&store), 100);
        // A store that becomes its own copy.
        for _ in 0..20 {
            forgotten(&mut store, 100);
            store.gc();
            store = store.fork(()).unwrap();
        }
        assert_eq!(places(&store), 100);
    }

    #[test]
    fn what_copies_know_is_used_again_when_there_are_none() {
        let mut store = Store::new(&Engine::default(), ());
        let first = kept(&mut store, 1);
        let mut copies = [store.fork(()).unwrap(), store.fork(()).unwrap()];
        let there = copies[0].forked(first.clone()).unwrap();
        drop(first);
        store.gc();
        let second = kept(&mut store, 2);
        assert_eq!(places(&store), 2, "the first is known by copies");
        let error = copies[0].forked(second.clone()).unwrap_err().to_string();
        assert!(error.contains("not rooted when the store was forked"), "{error}");
        assert_eq!((value(&store, &second), value(&copies[0], &there)), (2, 1));
        // In the copy, its own values do not come where those were that it had of the original.
        copies[1].gc();
        let own = kept(&mut copies[1], 3);
        assert_eq!((places(&copies[1]), value(&copies[1], &own)), (2, 3));
        let [left, gone] = copies;
        drop(gone);
        store.gc();
        let third = kept(&mut store, 3);
        assert_eq!(places(&store), 3);
        drop((left, there));
        store.gc();
        let fourth = kept(&mut store, 4);
        assert_eq!(places(&store), 3, "no copy is left that knew the first");
        assert_eq!([&second, &third, &fourth].map(|kept| value(&store, kept)), [2, 3, 4]);
    }
}
