//! Recursion groups in the registry of types.

use super::{Shard, TypeRegistry, TypeUse, spread};
use pirn_decode::{DefinedType, Module, SubType, Subtyping, TypeId};
use std::hash::BuildHasher;
use std::sync::Arc;

/// Ids from here on are places in the group that is being registered. Types have lower ones.
pub(super) const PLACES: u32 = 1 << 31;

/// A type of a group.
#[derive(Debug, Clone)]
pub(crate) struct Defined {
    pub(crate) ty: Arc<DefinedType>,
    /// Of the group, and the id of its first type.
    hash: u32,
    first: TypeId,
    /// Whether it is another type than one that is written the same, is final, below nothing, and in a group by itself.
    pub(crate) is_declared: bool,
}

/// A group that is used.
#[derive(Debug)]
pub(super) struct Group {
    hash: u32,
    /// Of all its types together.
    uses: usize,
    /// With the group's own types named by their places.
    types: Box<[SubType]>,
    ids: Box<[TypeId]>,
    /// Of what its types name, and is not in it.
    named: Vec<TypeUse>,
}

impl TypeRegistry {
    /// Uses of all types of a module, by typeidx. It names types by their typeidxs.
    pub(crate) fn acquire_all(&self, module: &Module) -> Vec<TypeUse> {
        let plain = |ty: &SubType| self.acquire_plain(ty.as_func().expect("other types are in groups"));
        if module.rec_groups.is_empty() {
            return module.types.iter().map(plain).collect();
        }
        let mut uses: Vec<TypeUse> = Vec::with_capacity(module.types.len());
        let mut groups = module.rec_groups.iter().peekable();
        while let Some(ty) = module.types.get(uses.len()) {
            let start = uses.len() as u32;
            match groups.next_if(|group| group.start == start) {
                None => uses.push(plain(ty)),
                Some(group) => {
                    let mut types: Box<[SubType]> = module.types[group.start as usize..group.end as usize].into();
                    let mut named = Vec::new();
                    for ty in &mut types {
                        ty.rename(|id| match id.0.checked_sub(start) {
                            Some(place) => TypeId(PLACES + place),
                            None => {
                                named.push(self.again(&uses[id.index()]));
                                uses[id.index()].id
                            }
                        });
                    }
                    uses.extend(self.acquire_group(types, named));
                }
            }
        }
        uses
    }

    /// A use of a type in a group by itself, which names others by their ids.
    ///
    /// # Errors
    /// The id that it names of which there is no type of that kind.
    pub(crate) fn acquire_declared(&self, ty: SubType) -> Result<TypeUse, TypeId> {
        let mut named = Vec::new();
        for id in ty.named() {
            let Some(used) = self.again_of(id) else {
                named.into_iter().for_each(|used| self.release(used));
                return Err(id);
            };
            named.push(used);
        }
        Ok(self.acquire_group([ty].into(), named).pop().expect("one type gives one use"))
    }

    /// Uses of all types of a group, which names its own types by their places, and others, of which `named` are uses, by
    /// their ids.
    fn acquire_group(&self, types: Box<[SubType]>, named: Vec<TypeUse>) -> Vec<TypeUse> {
        let hash = self.hashes.hash_one(&types) as u32;
        let uses = |ids: &[TypeId]| ids.iter().map(|&id| TypeUse { hash, id, group: Some(ids[0]) }).collect();
        // Supertypes are registered already, and may lie in this shard, too.
        let above = types.iter().map(|ty| ty.supertype.and_then(|id| self.defined(id)));
        let above: Vec<Option<Arc<DefinedType>>> = above.collect();
        let (mut shard, number) = self.shard(hash);
        if let Some(known) = shard.groups.find_mut(spread(hash), |known| known.hash == hash && known.types == types) {
            known.uses += types.len();
            let uses = uses(&known.ids);
            drop(shard);
            // The group has uses of its own.
            named.into_iter().for_each(|used| self.release(used));
            return uses;
        }
        let ids: Box<[TypeId]> = types.iter().map(|_| shard.new_id(number)).collect();
        let name = |id: TypeId| id.0.checked_sub(PLACES).map_or(id, |place| ids[place as usize]);
        for ((ty, &id), above) in types.iter().zip(&ids).zip(above) {
            let mut ty = ty.clone();
            ty.rename(name);
            // A supertype in the same group comes before it (spec 3.2.11).
            let above = above.or_else(|| ty.supertype.and_then(|id| Some(Arc::clone(&shard.defined.get(&id)?.ty))));
            let mut supertypes = above.map_or(Vec::new(), |above| above.supertypes.to_vec());
            supertypes.push(id);
            let is_declared =
                ids.len() > 1 || !ty.is_final || ty.supertype.is_some() || ty.named().any(|named| named == id);
            let ty = Arc::new(DefinedType::new(id, ty, supertypes));
            shard.defined.insert(id, Defined { ty, hash, first: ids[0], is_declared });
        }
        let result = uses(&ids);
        let new = Group { hash, uses: types.len(), types, ids, named };
        shard.groups.insert_unique(spread(hash), new, |known| spread(known.hash));
        result
    }

    /// Ends a use of one of the types of the group whose first type is `first`.
    pub(super) fn release_group(&self, hash: u32, first: TypeId) {
        // What a group names may be used by nobody else. Groups can be long chains, so this does not recurse.
        let mut ended = vec![TypeUse { hash, id: first, group: Some(first) }];
        while let Some(used) = ended.pop() {
            let TypeUse { hash, group: Some(first), .. } = used else {
                self.release(used);
                continue;
            };
            let (mut shard, _) = self.shard(hash);
            let known = shard.groups.find_entry(spread(hash), |known| known.ids[0] == first);
            let mut known = known.expect("a type that is used is registered");
            known.get_mut().uses -= 1;
            if known.get().uses > 0 {
                continue;
            }
            let (unused, _) = known.remove();
            let types = shard.forget(&unused.ids);
            drop(shard);
            drop(types);
            ended.extend(unused.named);
        }
    }

    /// One more use of a type that is used.
    pub(crate) fn again(&self, used: &TypeUse) -> TypeUse {
        let (mut shard, _) = self.shard(used.hash);
        let hash = spread(used.hash);
        let uses = match used.group {
            Some(first) => shard.groups.find_mut(hash, |known| known.ids[0] == first).map(|known| &mut known.uses),
            None => shard.types.find_mut(hash, |known| known.id == used.id).map(|known| &mut known.uses),
        };
        *uses.expect("a type that is used is registered") += 1;
        TypeUse { ..*used }
    }

    /// One more use of the type with this id, if there is one. (Slow for a function type that names no other.)
    pub(crate) fn again_of(&self, id: TypeId) -> Option<TypeUse> {
        let mut shard = self.shard(id.0).0;
        let Shard { types, groups, defined, .. } = &mut *shard;
        if let Some(&Defined { hash, first, .. }) = defined.get(&id) {
            let group = groups.find_mut(spread(hash), |group| group.ids[0] == first);
            group.expect("a type is there with its group").uses += 1;
            return Some(TypeUse { hash, id, group: Some(first) });
        }
        let known = types.iter_mut().find(|known| known.id == id)?;
        known.uses += 1;
        Some(TypeUse { hash: known.hash, id, group: None })
    }

    /// The type with this id, if it is one of a group.
    pub(crate) fn defined(&self, id: TypeId) -> Option<Arc<DefinedType>> {
        self.known(id).map(|known| known.ty)
    }

    /// What is known of the type with this id, if it is one of a group.
    pub(crate) fn known(&self, id: TypeId) -> Option<Defined> {
        // An id tells its shard.
        self.shard(id.0).0.defined.get(&id).cloned()
    }

    /// The type with this id, if there is one. (Slow for a function type that names no other.)
    pub(crate) fn sub_type(&self, id: TypeId) -> Option<SubType> {
        if let Some(defined) = self.defined(id) {
            return Some(defined.ty.clone());
        }
        let (shard, _) = self.shard(id.0);
        shard.types.iter().find(|known| known.id == id).map(|known| known.ty.clone().into())
    }
}

impl Shard {
    /// Forgets the types of a group; who calls it drops them without the lock.
    fn forget(&mut self, ids: &[TypeId]) -> Vec<Option<Defined>> {
        ids.iter().for_each(|id| self.free.give(id.0 / super::SHARDS as u32));
        let types = ids.iter().map(|id| self.defined.remove(id)).collect();
        let (len, capacity) = (self.groups.len(), self.groups.num_buckets() / 8 * 7);
        if capacity > super::SMALL && len < capacity / 4 {
            self.groups.shrink_to(2 * len, |known| spread(known.hash));
        }
        if self.defined.capacity() > super::SMALL && self.defined.len() < self.defined.capacity() / 4 {
            self.defined.shrink_to(2 * self.defined.len());
        }
        types
    }
}

impl Subtyping for TypeRegistry {
    fn is_subtype(&self, sub: TypeId, of: TypeId) -> bool {
        sub == of || self.defined(sub).is_some_and(|sub| sub.is_below(of))
    }
}

#[cfg(test)]
mod tests {
    use super::super::TypeRegistry;
    use pirn_decode::{Features, Module, ModuleLimits, Proposal, Subtyping, TypeId};

    fn module(text: &str) -> Module {
        let mut features = Features::default();
        features.set(Proposal::Gc, true);
        let binary = wat::parse_str(format!("(module {text})")).unwrap();
        Module::limited(binary, &ModuleLimits::default(), features).unwrap()
    }

    /// The ids of a module's types, and a registry with their uses.
    fn ids(registry: &TypeRegistry, module: &Module) -> Vec<TypeId> {
        let uses = registry.acquire_all(module);
        let ids = uses.iter().map(|used| used.id()).collect();
        // For the tests they last.
        std::mem::forget(uses);
        ids
    }

    #[test]
    fn groups_are_the_same_that_are_written_the_same() {
        let registry = TypeRegistry::default();
        let pair = "(rec (type (func (param (ref null 1)))) (type (func (result (ref 0)))))";
        let first = ids(&registry, &module(pair));
        // The same group behind other types; its types name each other by other typeidxs.
        let moved = "(type (func)) (rec (type (func (param (ref null 2)))) (type (func (result (ref 1)))))";
        assert_eq!(ids(&registry, &module(moved))[1..], first);
        // Nearly the same: one is nullable, one is open, one is in another order.
        for other in [
            "(rec (type (func (param (ref 1)))) (type (func (result (ref 0)))))",
            "(rec (type (sub (func (param (ref null 1))))) (type (func (result (ref 0)))))",
            "(rec (type (func (result (ref 1)))) (type (func (param (ref null 0)))))",
        ] {
            let other = ids(&registry, &module(other));
            assert!(other.iter().all(|id| !first.contains(id)), "{other:?} {first:?}");
        }
    }

    #[test]
    fn types_are_below_what_they_are_declared_below() {
        let registry = TypeRegistry::default();
        let text = "(type $a (sub (func))) (type $b (sub $a (func))) (rec (type $c (sub $b (func))) (type $d (sub final $c (func))))
            (type $e (sub $a (func (result)))) (type $f (func))";
        let ids = ids(&registry, &module(text));
        let below = [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (3, 0), (3, 1), (3, 2), (3, 3), (5, 5)];
        // $e is $b, written another time.
        assert_eq!(ids[4], ids[1]);
        for (sub, of) in (0..6).flat_map(|sub| (0..6).map(move |of| (sub, of))).filter(|&(a, b)| a != 4 && b != 4) {
            assert_eq!(registry.is_subtype(ids[sub], ids[of]), below.contains(&(sub, of)), "{sub} below {of}");
        }
    }

    #[test]
    fn what_nobody_uses_is_forgotten_however_long_the_chain() {
        let registry = TypeRegistry::default();
        let mut text = String::from("(type (sub (func)))");
        for i in 0..20_000 {
            text.push_str(&format!("(type (func (param (ref {i}))))"));
        }
        let module = module(&text);
        let [first, second] = [(); 2].map(|()| registry.acquire_all(&module));
        assert_eq!(registry.len(), 20_001);
        first.into_iter().for_each(|used| registry.release(used));
        assert_eq!(registry.len(), 20_001);
        second.into_iter().rev().for_each(|used| registry.release(used));
        assert_eq!(registry.len(), 0);
    }
}
