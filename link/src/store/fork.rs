//! A store's inside, copied: everything that instances are made of, at other addresses.
//!
//! What is new refers to what is new: each pointer of a block, each reference in a table, global, segment or object is looked up
//! among the addresses of what was copied ([`Moved`]). What refers to a function of the host stays as it is, for the copy keeps the same
//! ones.

use crate::engine::declared::KeptType;
use crate::error::{Result, format_err};
use crate::store::handle::{Handle, StoreId};
use crate::store::instance_data::{GlobalItem, InstanceData, TagItem};
use crate::store::moved::{Moved, Origin};
use crate::store::opaque::{StoreOpaque, keep};
use pirn_decode::{FuncIdx, HeapType, ValType};
use pirn_exec::{FuncRecord, Held, Holdings, InstanceHead, Memory, Table, Vm, Word};
use std::ptr::NonNull;
use std::sync::Arc;

/// Whether a type is that of references to functions.
pub(crate) fn is_func_ref(ty: ValType) -> bool {
    matches!(ty, ValType::Ref(ty) if ty.heap_type().top() == HeapType::Func)
}

fn no_memory(what: &str) -> crate::error::Error {
    format_err!("the system gave no memory to copy {what}")
}

/// Where a handle's copy is.
///
/// # Safety
/// `moved` says so of a `T` in the store of `copy`, once that is made.
unsafe fn handle<T>(copy: &StoreOpaque, moved: &Moved, of: Handle<T>) -> Handle<T> {
    let address = moved.get(of.as_ptr().addr()).expect("everything in a store is copied");
    let pointer = NonNull::new(std::ptr::with_exposed_provenance_mut(address)).expect("it is an address");
    // SAFETY: L3: as is asked for.
    unsafe { Handle::new(copy.id(), pointer) }
}

impl StoreOpaque {
    /// Where what this has was in `store`, of which it was copied.
    ///
    /// # Errors
    /// It was not.
    pub(crate) fn origin_of(&self, store: StoreId) -> Result<&Origin> {
        let origin = self.origin.as_deref().filter(|origin| origin.store == store);
        origin.ok_or_else(|| format_err!("it is not of the store that this one was forked of"))
    }

    /// Whether the copy of an object that was made with this store is still at its address: it was not freed since.
    pub(crate) fn has_inherited(&self, object: Word) -> bool {
        // SAFETY: L1 and L2: the store owns its machine, and nobody writes to it while the store is borrowed.
        unsafe { (*self.vm()).has_inherited(object) }
    }

    /// How often it was copied.
    pub(crate) fn forks(&self) -> u64 {
        self.forks
    }

    /// What stands here for something of the store that this was copied of.
    ///
    /// # Errors
    /// It is of another store, or was made since.
    pub(crate) fn copy_of<T>(&self, of: Handle<T>) -> Result<Handle<T>> {
        let address = self.origin_of(of.store())?.get(of.as_ptr().addr());
        let address = address.ok_or_else(|| format_err!("it was made since the store was forked"))?;
        let pointer = NonNull::new(std::ptr::with_exposed_provenance_mut(address)).expect("it is an address");
        // SAFETY: L1 and L3: what was a `T` of the other store, which is alive or was when its addresses were noted, has a copy, a `T`, in
        // this one, which keeps it.
        Ok(unsafe { Handle::new(self.id(), pointer) })
    }

    /// Whether it can be copied.
    ///
    /// # Errors
    /// Something runs here; a memory is shared between threads.
    pub(crate) fn check_forkable(&mut self) -> Result<()> {
        if self.runs() || self.heap().is_held() {
            return Err(format_err!("a call runs in the store: it cannot be forked"));
        }
        let is_shared = |memory: Handle<Memory>| memory.get(self).is_ok_and(|memory| memory.shared().is_some());
        if !self.imported_memories.is_empty() || self.memories().any(is_shared) {
            return Err(format_err!("a memory of the store is shared between threads: it cannot be forked"));
        }
        Ok(())
    }

    /// Makes copies in `copy`, which is empty, of everything that is here.
    ///
    /// # Errors
    /// There is no memory. What `copy` has then is of no use.
    ///
    /// # Panics
    /// It [cannot be](Self::check_forkable) copied, or objects are not [marked](pirn_exec::Heap::is_marked).
    pub(crate) fn fork_to(&mut self, copy: &mut Self) -> Result<()> {
        assert!(!self.runs() && !self.heap().is_held(), "what runs is not copied");
        copy.hosts = self.hosts.clone();
        for (&key, (item, record)) in &self.stand_ins {
            // SAFETY: L1 and L3: a record of a host function, which is among those that the copy keeps as well.
            let record = unsafe { Handle::new(copy.id(), NonNull::new_unchecked(record.as_ptr())) };
            copy.stand_ins.insert(key, (Arc::clone(item), record));
        }
        copy.externs = self.externs.fork();
        if self.externs.len() > 0 {
            copy.heap().set_externs(self.externs.len());
        }
        let known = self.hosts.iter().map(|item| item.record().addr().get()).collect();
        let mut moved = Moved::default();
        // SAFETY: L1: both machines are live.
        let hosts = unsafe { [Vm::host(self.vm()), Vm::host(copy.vm())] };
        moved.push(hosts[0].addr(), size_of::<InstanceHead>(), hosts[1].expose_provenance());
        self.fork_instances(copy, &mut moved)?;
        self.fork_memories(copy, &mut moved)?;
        self.fork_tags(copy, &mut moved)?;
        copy.object_types.extend(self.object_types.iter().map(KeptType::again));
        self.fork_objects(copy, &mut moved)?;
        // From here on what is a function's is known, all of whose records lie in blocks.
        moved.sort();
        self.lead_objects(copy, &moved);
        let (globals, tables) = (self.fork_globals(copy, &moved)?, self.fork_tables(copy, &moved)?);
        globals.into_iter().chain(tables).for_each(|(begin, bytes, to)| moved.push(begin, bytes, to));
        moved.sort();
        for instance in self.instances() {
            self.link_copy(copy, &moved, instance)?;
        }
        copy.set_limits(self.limits().clone());
        *copy.room_mut() = self.room();
        copy.over = self.over;
        let [memories, tables] = [self.holdings().memories.bytes(), self.holdings().tables.bytes()];
        let account = self.engine().account();
        let (memories, tables) = (Held::new(&account.memories, memories), Held::new(&account.tables, tables));
        *copy.holdings() = Holdings { memories, tables };
        copy.hold((self.held.bytes() - copy.held.bytes()) as usize);
        copy.set_yield_interval(self.yield_interval());
        copy.yielded = self.yielded;
        self.fork_roots(copy, &moved);
        let (roots, generation, owned) = copy.rooted();
        self.forks += 1;
        copy.origin = Some(Box::new(Origin {
            store: self.id(),
            fork: self.forks,
            moved,
            hosts: known,
            roots,
            generation,
            owned,
            is_reset: false,
        }));
        // SAFETY: L1 and L2: both machines are of stores that are borrowed mutably, of one engine, and stand still.
        unsafe {
            Vm::take_bounds(copy.vm(), self.vm());
            Vm::has_run(copy.vm());
        }
        Ok(())
    }

    /// Instances, of which only data segments and functions are there, and these are still the original's.
    fn fork_instances(&self, copy: &mut Self, moved: &mut Moved) -> Result<()> {
        for instance in self.instances() {
            let from = instance.get(self)?;
            // SAFETY: L6: everything else of it is set before the copy is anybody's, to what is in the same store.
            let data = unsafe { from.fork(copy.vm())? };
            let handle = copy.add_instance(data)?;
            let to = handle.get(copy)?;
            let bytes = from.module().layout().words() * size_of::<Word>();
            moved.push(from.block.as_ptr().addr(), bytes, to.block.as_ptr().expose_provenance());
            moved.push(instance.as_ptr().addr(), size_of::<InstanceData>(), handle.as_ptr().expose_provenance());
        }
        Ok(())
    }

    fn fork_memories(&mut self, copy: &mut Self, moved: &mut Moved) -> Result<()> {
        // SAFETY: L1 and L2: the machine is of this store, which is borrowed mutably, and stands still.
        if unsafe { Vm::has_run(self.vm()) } {
            for memory in &self.memories {
                // SAFETY: L1 and L2: a memory of this store, which is borrowed mutably.
                unsafe { (*memory.as_ptr().as_ptr()).touch() };
            }
        }
        for memory in &self.memories {
            // SAFETY: as above.
            let forked = unsafe { (*memory.as_ptr().as_ptr()).fork() };
            let handle = keep(copy.id(), &mut copy.memories, forked.ok_or_else(|| no_memory("a memory"))?)?;
            moved.push(memory.as_ptr().addr().get(), size_of::<Memory>(), handle.as_ptr().expose_provenance());
        }
        Ok(())
    }

    /// Tables, with references into the copy. Gives their addresses.
    fn fork_tables(&self, copy: &mut Self, moved: &Moved) -> Result<Vec<(usize, usize, usize)>> {
        let mut made = Vec::with_capacity(self.tables.len());
        for table in self.tables() {
            let from = table.get(self)?;
            // SAFETY: L5: a reference is made one to what the copy has for what it refers to.
            let forked = unsafe { from.fork(|word| moved.reference(from.element(), word)) };
            let handle = keep(copy.id(), &mut copy.tables, forked.ok_or_else(|| no_memory("a table"))?)?;
            made.push((table.as_ptr().addr(), size_of::<Table>(), handle.as_ptr().expose_provenance()));
        }
        Ok(made)
    }

    /// Globals, with references into the copy. Gives their addresses.
    fn fork_globals(&self, copy: &mut Self, moved: &Moved) -> Result<Vec<(usize, usize, usize)>> {
        let mut made = Vec::with_capacity(self.globals.len());
        for list in &self.globals {
            // SAFETY: L1 and L2: globals of this store, which is borrowed, so nobody writes to them.
            let list: &[GlobalItem] = unsafe { list.as_ptr().as_ref() };
            let types: Vec<_> = list.iter().map(|global| global.ty).collect();
            let mut first = None;
            for (from, handle) in list.iter().zip(copy.add_globals(&types)?) {
                let [low, high] = from.cell.get();
                let low = match from.ty.content {
                    ValType::Ref(ty) => moved.reference(ty, low),
                    ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => low,
                };
                // SAFETY: L5: as in `fork_tables`; the type is the same.
                unsafe { handle.get_mut(copy)?.cell.set([low, high]) };
                first = first.or(Some(handle));
            }
            if let Some(first) = first {
                made.push((list.as_ptr().addr(), size_of_val(list), first.as_ptr().expose_provenance()));
            }
        }
        Ok(made)
    }

    fn fork_tags(&self, copy: &mut Self, moved: &mut Moved) -> Result<()> {
        for tag in self.tags() {
            let from = tag.get(self)?;
            let to = copy.add_tag(from.ty.clone(), from.type_id, from.used_again())?;
            moved.push(tag.as_ptr().addr(), size_of::<TagItem>(), to.as_ptr().expose_provenance());
        }
        Ok(())
    }

    /// Structs, arrays and exceptions, which refer to what is here until they are [led over](Self::lead_objects).
    fn fork_objects(&mut self, copy: &mut Self, moved: &mut Moved) -> Result<()> {
        if !self.heap().has_objects() {
            return Ok(());
        }
        // SAFETY: L2: both stores are borrowed mutably, so nobody refers to objects of theirs. If this fails, the copy is dropped.
        let pieces = unsafe { self.heap().copy_to(copy.heap()) };
        for piece in pieces.ok_or_else(|| no_memory("structs, arrays and exceptions"))? {
            moved.push_objects(piece.begin, piece.bytes, piece.to);
        }
        Ok(())
    }

    /// Has objects of the copy refer to what is there, and the exception be thrown there that is to be thrown here.
    fn lead_objects(&mut self, copy: &mut Self, moved: &Moved) {
        if !self.heap().has_objects() {
            return;
        }
        // A function of the host is where it was.
        let elsewhere = |address| moved.get(address).unwrap_or(address);
        // SAFETY: L5: functions' records have copies, as have all tags. Nothing was allocated since the objects were copied.
        unsafe { self.heap().lead_over(copy.heap(), &elsewhere) };
        // SAFETY: L1 and L2: both machines are of stores that are borrowed mutably. L5: what is pending is an exception, which has a copy.
        unsafe {
            let pending = (*self.vm()).pending_exception();
            (*copy.vm()).set_forked_exception(&*self.vm(), moved.object(pending));
        }
    }

    /// Has the copy of an instance refer to copies.
    fn link_copy(&self, copy: &mut Self, moved: &Moved, instance: Handle<InstanceData>) -> Result<()> {
        let from = instance.get(self)?;
        // SAFETY: all instances, memories, tables and globals are among `moved`.
        let to = unsafe { handle(copy, moved, instance) };
        let parsed = from.module().parsed();
        let own = to.get(copy)?.block.as_ptr();
        for funcidx in (0..parsed.funcs.len() as u32).map(FuncIdx) {
            // SAFETY: a record of a block of this store, which is borrowed.
            let record: FuncRecord = unsafe { *from.block.func(funcidx) };
            // What is the host's, or was not linked, is right as it is.
            let Some(of) = record.instance() else { continue };
            let there = match of.as_ptr() == from.block.as_ptr() {
                true => own,
                false => {
                    let address = moved.get(of.as_ptr().addr()).expect("everything in a store is copied");
                    std::ptr::with_exposed_provenance_mut(address)
                }
            };
            // SAFETY: L1 and L6: the same function of the copy of its instance, which is of the same module.
            unsafe { to.get_mut(copy)?.link_func(funcidx, record.of_instance(there)) };
        }
        for &table in &from.tables {
            // SAFETY: L6: the copy of the table that the original has there; as above.
            unsafe {
                let table = handle(copy, moved, table);
                to.get_mut(copy)?.link_table(table);
            }
        }
        for &global in &from.globals {
            // SAFETY: L6: as above.
            unsafe {
                let global = handle(copy, moved, global);
                to.get_mut(copy)?.link_global(global);
            }
        }
        for &memory in &from.memories {
            // SAFETY: L6: as above.
            unsafe {
                let memory = handle(copy, moved, memory);
                to.get_mut(copy)?.link_memory(memory);
            }
        }
        for &tag in &from.tags {
            // SAFETY: L6: as above.
            unsafe {
                let tag = handle(copy, moved, tag);
                to.get_mut(copy)?.link_tag(tag);
            }
        }
        self.fork_elements(copy, moved, from, to)
    }

    /// Gives the copy of an instance the element segments that were not dropped.
    fn fork_elements(
        &self,
        copy: &mut Self,
        moved: &Moved,
        from: &InstanceData,
        to: Handle<InstanceData>,
    ) -> Result<()> {
        let parsed = from.module().parsed();
        if parsed.elements.is_empty() {
            return Ok(());
        }
        // Of segments that were dropped, nothing is left.
        let nulls = |count: usize| {
            let mut nulls = Vec::new();
            nulls.try_reserve_exact(count).map_err(|_| no_memory("element segments"))?;
            nulls.resize(count, 0);
            Ok::<_, crate::error::Error>(nulls.into_boxed_slice())
        };
        let data = to.get_mut(copy)?;
        (data.elements, data.active) = (nulls(from.elements.len())?, nulls(from.active.len())?);
        for (i, element) in parsed.elements.iter().enumerate() {
            let (address, len) = (from.block.element_address(i), from.block.element_len(i) as usize);
            if len == 0 {
                // An instruction that stands within it is not copied, so nobody asks where the original has what was there.
                // SAFETY: L1 and L5: nothing is there.
                unsafe { data.block.set_element(i, &[]) };
                continue;
            }
            let is_kept = from.elements.as_ptr_range().contains(&std::ptr::without_provenance(address));
            let (old, new) = match is_kept {
                true => (&from.elements, &mut data.elements),
                false => (&from.active, &mut data.active),
            };
            let first = (address - old.as_ptr().addr()) / size_of::<Word>();
            let words = &mut new[first..][..len];
            for (word, &of) in words.iter_mut().zip(&old[first..]) {
                *word = moved.reference(element.ty, of);
            }
            // SAFETY: L1: they stay in the instance, next to the block. L5: as in `fork_tables`.
            unsafe { data.block.set_element(i, words) };
        }
        Ok(())
    }
}
