//! The registry of an engine's types, each under an id, so that linking, `call_indirect` and casts compare one integer.
//!
//! A type is here as long as somebody *uses* it: a module that declares it, a store or a linker that has a host function of it, a store
//! whose heap knows it, or a type that the embedder declared.
//! Then its id is free for another type. Were it taken while code that names the id, or a function that has it, could
//! still run, a function might be called as one of another type. So a use ends only where neither can:
//!
//! - The ids in threaded code and before it belong to the module that the code is part of, and end with it. Every instance
//!   keeps its module, and stores keep their instances: what is in a table, or paused, is some store's, and never runs
//!   without it.
//! - The id of a host function belongs to the store that it is in, or to the definition that serves many stores, a
//!   linker's, which each of them keeps.
//! - Nobody else keeps an id beyond a look at a module or a function that it has.
//!
//! Types lie in shards by their hashes, each with a lock of its own that is held for one type at a time: whoever makes or
//! drops a module of a million types keeps nobody waiting. Ids are taken lowest first, and what is free is kept as
//! ranges, so that what a shard takes is linear in the types there are, not in those there were.
//!
//! Function types that name no other are registered one by one. All other types are registered as whole recursion groups
//! (`groups`), in which types of the group go by their places and others by their ids: so groups are the same if and only if
//! they are written the same (spec 3.1.3, rolling). A group uses the types that it names.

mod groups;

pub(crate) use groups::Defined;
use groups::Group;
use hashbrown::HashTable;
use pirn_decode::{FuncType, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 32;

/// Capacity of a shard's table below which it is not worth shrinking.
const SMALL: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct TypeRegistry {
    /// Random, so that nobody can choose types that collide.
    hashes: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    types: HashTable<Type>,
    groups: HashTable<Group>,
    /// The types of the groups.
    defined: HashMap<TypeId, Defined>,
    free: FreeIds,
}

/// A type that is used.
#[derive(Debug)]
struct Type {
    hash: u32,
    id: TypeId,
    uses: usize,
    ty: FuncType,
}

/// The use of a type, which ends with [`TypeRegistry::release`]: if it is merely dropped, the type stays.
#[derive(Debug)]
#[must_use]
pub(crate) struct TypeUse {
    hash: u32,
    id: TypeId,
    /// The id of the first type of its group, if it is of one.
    group: Option<TypeId>,
}

impl TypeUse {
    /// Whether it is of a type that is registered with a group.
    pub(crate) fn is_of_group(&self) -> bool {
        self.group.is_some()
    }

    /// The type's id.
    pub(crate) fn id(&self) -> TypeId {
        self.id
    }
}

/// The table's hash of a type: all of its bits count, of those the registry has half.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl TypeRegistry {
    /// The shard of types of this hash, and its number.
    fn shard(&self, hash: u32) -> (MutexGuard<'_, Shard>, u32) {
        let number = hash % SHARDS as u32;
        // Nothing here can be left half-changed by a panic.
        (self.shards[number as usize].lock().unwrap_or_else(PoisonError::into_inner), number)
    }

    /// One more use of the type of the parameters and results of `ty`, which name no other, whatever that is declared to be.
    pub(crate) fn acquire_plain(&self, ty: &FuncType) -> TypeUse {
        debug_assert!(!ty.names_types(), "nobody would keep what it names");
        let hash = self.hashes.hash_one(ty) as u32;
        let (mut shard, number) = self.shard(hash);
        if let Some(known) = shard.types.find_mut(spread(hash), |known| known.hash == hash && known.ty == *ty) {
            known.uses += 1;
            return TypeUse { hash, id: known.id, group: None };
        }
        let id = shard.new_id(number);
        // Who is told of a type may keep the engine, which must not keep them.
        let new = Type { hash, id, uses: 1, ty: ty.undeclared() };
        shard.types.insert_unique(spread(hash), new, |known| spread(known.hash));
        TypeUse { hash, id, group: None }
    }

    /// Ends a use of a type: nothing that names its id on behalf of this use runs any more.
    pub(crate) fn release(&self, used: TypeUse) {
        let TypeUse { hash, id, group } = used;
        if let Some(first) = group {
            return self.release_group(hash, first);
        }
        let (mut shard, _) = self.shard(hash);
        let known = shard.types.find_entry(spread(hash), |known| known.id == id);
        let mut known = known.expect("a type that is used is registered");
        known.get_mut().uses -= 1;
        if known.get().uses > 0 {
            return;
        }
        let (unused, _) = known.remove();
        shard.free.give(id.0 / SHARDS as u32);
        // `HashTable::capacity` leaves out the places of removed types, which take memory, too.
        let (len, capacity) = (shard.types.len(), shard.types.num_buckets() / 8 * 7);
        if capacity > SMALL && len < capacity / 4 {
            shard.types.shrink_to(2 * len, |known| spread(known.hash));
        }
        drop(shard);
        // What has to be freed, is freed without the lock.
        drop(unused);
    }

    /// How many types are used.
    pub(crate) fn len(&self) -> usize {
        let len = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.types.len() + shard.defined.len()
        };
        self.shards.iter().map(len).sum()
    }
}

impl Shard {
    /// An id for a new type of this shard, the `number`th.
    fn new_id(&mut self, number: u32) -> TypeId {
        TypeId(self.free.take() * SHARDS as u32 + number)
    }
}

/// Numbers that are free in a shard: ranges that do not touch each other, ends by beginnings.
#[derive(Debug)]
struct FreeIds(BTreeMap<u32, u32>);

impl Default for FreeIds {
    fn default() -> Self {
        Self(BTreeMap::from([(0, groups::PLACES / SHARDS as u32)]))
    }
}

impl FreeIds {
    /// Takes the lowest.
    fn take(&mut self) -> u32 {
        let (number, end) = self.0.pop_first().expect("2^31 types are used in one engine");
        if number + 1 != end {
            self.0.insert(number + 1, end);
        }
        number
    }

    /// Takes back one that was taken.
    fn give(&mut self, number: u32) {
        let end = self.0.remove(&(number + 1)).unwrap_or(number + 1);
        match self.0.range_mut(..number).next_back() {
            Some((_, before)) if *before == number => *before = end,
            // There is no range before, or it does not end here.
            Some(_) | None => {
                self.0.insert(number, end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FreeIds, TypeRegistry};
    use pirn_decode::{FuncType, ValType};
    use std::collections::BTreeSet;

    #[test]
    fn the_lowest_free_number_is_taken() {
        let (mut free, mut taken) = (FreeIds::default(), BTreeSet::new());
        let mut random = 1u32;
        for step in 0..20_000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // More and more are taken, then fewer and fewer.
            if (random >> 16) % 10 < if step < 10_000 { 6 } else { 4 } || taken.is_empty() {
                let lowest = (0..).find(|number| !taken.contains(number)).unwrap();
                assert_eq!(free.take(), lowest);
                taken.insert(lowest);
            } else {
                let number = *taken.iter().nth(random as usize / 7 % taken.len()).unwrap();
                taken.remove(&number);
                free.give(number);
            }
            assert!(free.0.len() <= taken.len() + 1);
        }
        taken.into_iter().for_each(|number| free.give(number));
        assert_eq!(free.0.len(), 1);
    }

    #[test]
    fn ids_are_unique_among_used_types_and_used_again() {
        let registry = TypeRegistry::default();
        let ty = |n: usize| FuncType::new((0..n).map(|_| ValType::I32), (n..n + n % 3).map(|_| ValType::F64));
        let uses: Vec<_> = (0..500).map(|n| registry.acquire_plain(&ty(n))).collect();
        let ids: BTreeSet<_> = uses.iter().map(|used| used.id()).collect();
        assert_eq!((ids.len(), registry.len()), (500, 500));
        // A second use has the same id, and the type stays until both have ended.
        let again: Vec<_> = (0..500).map(|n| registry.acquire_plain(&ty(n))).collect();
        assert!(again.iter().zip(&uses).all(|(a, b)| a.id() == b.id()));
        again.into_iter().for_each(|used| registry.release(used));
        assert_eq!(registry.len(), 500);
        uses.into_iter().for_each(|used| registry.release(used));
        assert_eq!(registry.len(), 0);
        let most = ids.last().unwrap();
        let others: Vec<_> = (500..1000).map(|n| registry.acquire_plain(&ty(n))).collect();
        assert!(others.iter().filter(|used| used.id() <= *most).count() > 300);
    }
}
