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
    /// A bit of `index`: it is a place among those that are [looked at](Roots::looked_at).
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
    /// Those that who only looks at the store has rooted, and several may at once. They last until none of them does so any more.
    looked_at: Vec<(Word, u64)>,
    lookers: usize,
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
            looked_at: Vec::new(),
            lookers: 0,
            found: Vec::new(),
        }
    }

    /// Forgets what nobody owns any more.
    pub(super) fn end_owned(&mut self) {
        self.owned.retain(|(alive, _)| alive.strong_count() > 0);
    }

    /// Roots a reference; `looks` says that it is for who only looks at the store.
    pub(super) fn push(&mut self, word: Word, looks: bool) -> RootPlace {
        let generation = self.generation;
        let list = if looks { &mut self.looked_at } else { &mut self.list };
        let index = u32::try_from(list.len()).ok().filter(|index| index & RootPlace::LOOKED_AT == 0);
        let index = index.expect("2^31 references are rooted");
        list.push((word, generation));
        RootPlace { index: if looks { index | RootPlace::LOOKED_AT } else { index }, generation }
    }

    /// Whether this is what was rooted so.
    pub(super) fn has(&self, word: Word, place: RootPlace) -> bool {
        let list = if place.index & RootPlace::LOOKED_AT == 0 { &self.list } else { &self.looked_at };
        list.get((place.index & !RootPlace::LOOKED_AT) as usize) == Some(&(word, place.generation))
    }

    /// Whether anybody looks at the store.
    pub(super) fn is_looked_at(&self) -> bool {
        self.lookers > 0
    }

    /// Says that somebody looks at the store from here on.
    pub(super) fn begin_look(&mut self) {
        self.lookers += 1;
    }

    /// Ends that.
    pub(super) fn end_look(&mut self) {
        self.lookers -= 1;
        if self.lookers == 0 && !self.looked_at.is_empty() {
            self.looked_at = Vec::new();
            self.generation += 1;
        }
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
