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
#[derive(Default, Clone)]
pub(crate) struct Externs {
    values: Vec<Option<Arc<dyn Any + Send + Sync>>>,
    /// Of which generation of roots each is: references of an earlier one are to another value that had its index.
    born: Vec<u64>,
    /// Indices that are free.
    free: Vec<usize>,
    /// Lower ones are not used again: copies of the store know values by them.
    floor: usize,
}

impl Externs {
    /// How many there are, those that were freed counted.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The same for a copy of the store.
    pub(super) fn fork(&mut self) -> Self {
        self.floor = self.values.len();
        self.free.clear();
        self.clone()
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
        found.sort_unstable();
        let mut taken = Vec::new();
        for (index, value) in self.values.iter_mut().enumerate() {
            if value.is_some() && !marker.is_extern_marked(index) && found.binary_search(&index).is_err() {
                taken.extend(value.take());
                if index >= self.floor {
                    self.free.push(index);
                }
            }
        }
        taken
    }
}
