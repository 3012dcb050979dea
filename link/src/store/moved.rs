//! Where what a store has lies in a copy of it.

use crate::store::handle::StoreId;
use pirn_decode::{HeapType, RefType};
use pirn_exec::{Word, extern_index, i31_value};

/// The addresses of what a store had when it was copied, and of the copies.
pub(crate) struct Origin {
    /// The store that was copied.
    pub(crate) store: StoreId,
    /// How often it had been copied, this time included.
    pub(crate) fork: u64,
    pub(super) moved: Moved,
    /// Addresses of the records of host functions that it had, which are those of the copy.
    pub(super) hosts: Vec<usize>,
    /// How many references were rooted, until a scope ends, and how many had ever been owned: these are rooted in the copy as well.
    pub(crate) roots: usize,
    /// The generation of what was rooted last by then, or earlier.
    pub(crate) generation: u64,
    pub(crate) owned: u64,
    /// Whether an instance of the copy was reset, so that memories and tables may be smaller than calls found them that are paused in the
    /// original.
    pub(crate) is_reset: bool,
}

impl Origin {
    /// Where that is in the copy which was at this address in the original, or in a part of it; `None` if nothing of the original's was.
    pub(crate) fn get(&self, address: usize) -> Option<usize> {
        self.moved.get(address).or_else(|| self.hosts.contains(&address).then_some(address))
    }

    /// The word in the copy of a reference that the original had when it was copied, of a type that is traced.
    pub(crate) fn object(&self, word: Word) -> Word {
        self.moved.object(word)
    }
}

/// Where everything is that was copied.
#[derive(Default)]
pub(super) struct Moved {
    /// What stays in the original as long as that is there: no address here is ever something else's.
    items: Ranges,
    /// The heap. Its addresses may be other objects' by now, or of anything else: only what the original had when it was copied is looked up here.
    objects: Ranges,
}

impl Moved {
    /// So many bytes have a copy.
    pub(super) fn push(&mut self, begin: usize, bytes: usize, to: usize) {
        self.items.push(begin, bytes, to);
    }

    /// So many bytes of the heap have.
    pub(super) fn push_objects(&mut self, begin: usize, bytes: usize, to: usize) {
        self.objects.push(begin, bytes, to);
    }

    /// Readies it for being asked.
    pub(super) fn sort(&mut self) {
        self.items.sort();
        self.objects.sort();
    }

    pub(super) fn get(&self, address: usize) -> Option<usize> {
        self.items.get(address)
    }

    /// The word in the copy of a reference of this type that the original had when it was copied. A function of the host is where it was.
    pub(super) fn reference(&self, ty: RefType, word: Word) -> Word {
        match ty.heap_type().top() {
            HeapType::Func => self.get(word as usize).map_or(word, |address| address as Word),
            _ => self.object(word),
        }
    }

    /// The same, of a type that is traced. What is neither null nor an object's is the same everywhere.
    pub(super) fn object(&self, word: Word) -> Word {
        if word == 0 || i31_value(word).is_some() || extern_index(word).is_some() {
            return word;
        }
        self.objects.get(word as usize).expect("all objects in use are copied") as Word
    }
}

/// Ranges of addresses that do not overlap, and where each was moved to.
#[derive(Default)]
struct Ranges(Vec<Range>);

struct Range {
    begin: usize,
    end: usize,
    to: usize,
}

impl Ranges {
    fn push(&mut self, begin: usize, bytes: usize, to: usize) {
        self.0.push(Range { begin, end: begin + bytes, to });
    }

    /// Readies it for [`Self::get`].
    fn sort(&mut self) {
        self.0.sort_unstable_by_key(|range| range.begin);
    }

    fn get(&self, address: usize) -> Option<usize> {
        let behind = self.0.partition_point(|range| range.begin <= address);
        let range = &self.0[behind.checked_sub(1)?];
        (address < range.end).then(|| range.to + (address - range.begin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_their_ranges() {
        let mut moved = Ranges::default();
        moved.push(100, 10, 1_000);
        moved.push(50, 5, 2_000);
        moved.push(110, 1, 3_000);
        moved.sort();
        let found = [49, 50, 54, 55, 99, 100, 109, 110, 111].map(|address| moved.get(address));
        let expected = [None, Some(2_000), Some(2_004), None, None, Some(1_000), Some(1_009), Some(3_000), None];
        assert_eq!(found, expected);
        assert_eq!(Ranges::default().get(0), None);
    }
}
