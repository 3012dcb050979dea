//! From what a snapshot holds to a store.
//!
//! Nothing of it is trusted: numbers are looked up, types compared with those of modules that were validated. What is refused leaves
//! the store with what was made by then, which nobody refers to.

use super::frames::restore_execution;
use super::hooks::SnapshotHooks;
use super::made::{Made, numbered};
use super::places::Places;
use super::state::{FuncName, InstanceState, State, TableState, TypeName, Value};
use super::{HASH, Restored, objects};
use crate::engine::Engine;
use crate::engine::limits::Needs;
use crate::error::{Result, format_err};
use crate::instantiate::definitions::{Definition, Definitions};
use crate::instantiate::segments;
use crate::items::external::Extern;
use crate::items::func::Func;
use crate::items::value::Val;
use crate::module::Module;
use crate::store::instance_data::InstanceData;
use crate::store::opaque::StoreOpaque;
use pirn_decode::module::{Element, ExternIndex, SegmentMode};
use pirn_decode::objects::is_traced;
use pirn_decode::{
    CompositeType, ExternType, FuncIdx, FuncType, GlobalType, HeapType, Limits, MemoryType, Subtyping, TableType,
    TagType, TypeIdx, ValType,
};
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Makes everything in the store, which has to be empty.
///
/// # Errors
/// Those of [`Snapshot::restore`](crate::Snapshot::restore).
pub(super) fn restore(
    store: &mut StoreOpaque,
    definitions: &Definitions,
    modules: &[Module],
    state: &State,
    hooks: &mut dyn SnapshotHooks,
) -> Result<Restored> {
    let counts = [store.instances().len(), store.memories().len(), store.tables().len(), store.tags().len()];
    if counts != [0; 4] || store.globals().next().is_some() {
        return Err(format_err!(
            "a snapshot is restored in an empty store: this one has instances, memories, tables, globals or tags"
        ));
    }
    // Objects are referred to by nothing until others are made, and what is looked at is rooted only as long as that.
    let roots = store.root_count();
    store.heap().hold();
    // Hooks are the embedder's code.
    let work = AssertUnwindSafe(|| restore_held(store, definitions, modules, state, hooks));
    let restored = catch_unwind(work);
    store.heap().release();
    store.end_scope(roots);
    restored.unwrap_or_else(|payload| resume_unwind(payload))
}

fn restore_held(
    store: &mut StoreOpaque,
    definitions: &Definitions,
    modules: &[Module],
    state: &State,
    hooks: &mut dyn SnapshotHooks,
) -> Result<Restored> {
    let modules = state.modules.iter().map(|hash| find(store, modules, hash)).collect::<Result<Vec<_>>>()?;
    let needs = Needs { instances: state.instances.len(), tags: state.tags.len(), ..Needs::default() };
    store.check_needs(&needs)?;
    let mut made = Made { types: types(&modules, state)?, ..Made::default() };
    for bytes in &state.externs {
        let value = hooks.load_extern(bytes)?;
        made.externs.push(store.add_extern(value.into()));
    }
    let imports = first_imports(&modules, state);
    for (host, number) in state.hosts.iter().zip(0..) {
        let ty = made.func_type(&host.ty)?;
        let func = host_func(store, definitions, (&host.module, &host.name), &ty, imports.get(&number).copied())?;
        made.hosts.push(func);
    }
    // Functions come first: tables and globals may refer to any of them.
    for instance in &state.instances {
        let module = modules.get(instance.module as usize).ok_or_else(|| format_err!("an instance of no module"))?;
        let data = InstanceData::new(module, store.vm())?;
        made.instances.push(store.add_instance(data)?);
    }
    for (number, instance) in state.instances.iter().enumerate() {
        link_funcs(store, &made, instance, number)?;
    }
    for &ty in &state.tags {
        let id = made.type_id(ty)?;
        let name = &state.types[ty as usize];
        let ty = modules[name.module as usize].func_type_at(TypeIdx(name.typeidx));
        let ty = ty.filter(|ty| ty.results().is_empty());
        let ty = ty.ok_or_else(|| format_err!("a tag of a type that is no tag's"))?;
        // Some instance's module keeps the type.
        made.tags.push(store.add_tag(TagType::new(ty), id, None)?);
    }
    objects::make(store, &mut made, state)?;
    objects::fill(store, &made, state)?;
    make_items(store, &mut made, state)?;
    let mut owned = Owned::new(&made);
    for (number, instance) in state.instances.iter().enumerate() {
        link_others(store, &made, instance, number, &mut owned)?;
    }
    if let (Some(fuel), true) = (state.fuel, store.engine().config().consume_fuel) {
        store.set_fuel(fuel)?;
    }
    let (mut paused, mut places) = (Vec::with_capacity(state.executions.len()), Places::default());
    places.find_of(store, &made, &state.executions)?;
    for (number, execution) in state.executions.iter().enumerate() {
        let restored = restore_execution(store, &made, &places, execution, |bytes| hooks.load_payload(bytes));
        paused.push(restored.map_err(|error| error.context(format_args!("paused call {number}")))?);
    }
    if let Val::ExnRef(Some(exception)) = made.val(store, &Value::Exn(state.pending))? {
        store.set_pending_exception(exception);
    }
    Ok(Restored {
        names: state.instances.iter().map(|instance| instance.name.clone()).collect(),
        instances: made.instances.into_iter().map(Into::into).collect(),
        memories: made.memories.into_iter().map(Into::into).collect(),
        tables: made.tables.into_iter().map(Into::into).collect(),
        globals: made.globals.into_iter().map(Into::into).collect(),
        paused,
    })
}

/// The types that a snapshot names, which are of modules that have instances.
fn types(modules: &[&Module], state: &State) -> Result<Vec<HeapType>> {
    let kept: HashSet<u32> = state.instances.iter().map(|instance| instance.module).collect();
    let ty = |name: &TypeName| {
        let module = modules.get(name.module as usize).filter(|_| kept.contains(&name.module));
        let ty = module.and_then(|module| {
            let id = *module.type_ids().get(name.typeidx as usize)?;
            Some(match module.parsed().types[name.typeidx as usize].composite {
                CompositeType::Func(_) => HeapType::ConcreteFunc(id),
                CompositeType::Struct(_) => HeapType::ConcreteStruct(id),
                CompositeType::Array(_) => HeapType::ConcreteArray(id),
            })
        });
        ty.ok_or_else(|| format_err!("type {} of module {}: no instance has it", name.typeidx, name.module))
    };
    state.types.iter().map(ty).collect()
}

/// The module of this hash, for the store.
fn find<'m>(store: &StoreOpaque, modules: &'m [Module], hash: &[u8; HASH]) -> Result<&'m Module> {
    let module = modules.iter().find(|module| module.hash() == *hash);
    let module = module.ok_or_else(|| {
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format_err!("the snapshot has instances of a module that was not given, whose hash is {hash}")
    })?;
    if Engine::same(module.engine(), store.engine()) {
        return Ok(module);
    }
    Err(format_err!("a module was made with another engine than the store"))
}

/// The imports that host functions are linked to, by their numbers: the first that each is linked to.
fn first_imports<'m>(modules: &[&'m Module], state: &State) -> HashMap<u32, (&'m Module, FuncIdx)> {
    let mut imports = HashMap::new();
    for instance in &state.instances {
        let Some(&module) = modules.get(instance.module as usize) else { continue };
        let imported = module.parsed().imported_funcs;
        for (name, funcidx) in instance.funcs.iter().take(imported).zip((0..).map(FuncIdx)) {
            if let FuncName::Host(number) = *name {
                imports.entry(number).or_insert((module, funcidx));
            }
        }
    }
    imports
}

/// The host function that a linker has under these names, of parameters and results as `ty` has them, linked to an import.
fn host_func(
    store: &mut StoreOpaque,
    definitions: &Definitions,
    (module, name): (&str, &str),
    ty: &FuncType,
    import: Option<(&Module, FuncIdx)>,
) -> Result<Func> {
    let found = definitions.get(module, name).and_then(|definition| match (definition, import) {
        (Definition::Host(host), Some((importer, funcidx)))
            if host.may_be(store.engine(), ty) && importer.parsed().func_type(funcidx).is_written_as(ty) =>
        {
            store.imported_host(host, importer, funcidx).map(|func| Func::from(func).into())
        }
        _ => definition.item(store),
    });
    let Some(Extern::Func(func)) = found else {
        return Err(format_err!("the linker has no host function `{module}::{name}`, of type {ty}"));
    };
    let found = store.func_type(func.record())?;
    if func.record().get(store)?.host().is_none() || !found.is_written_as(ty) {
        return Err(format_err!(
            "`{module}::{name}`: expected a host function of type {ty}, found one of type {found}"
        ));
    }
    Ok(func)
}

/// Puts the imported functions of an instance in place.
fn link_funcs(store: &mut StoreOpaque, made: &Made, state: &InstanceState, number: usize) -> Result<()> {
    let handle = made.instances[number];
    let module = handle.get(store)?.module().clone();
    let expected = module.parsed().imported_funcs;
    if state.funcs.len() != expected {
        return Err(format_err!(
            "instance {number}: expected {expected} imported functions, found {}",
            state.funcs.len()
        ));
    }
    for (name, funcidx) in state.funcs.iter().zip((0..).map(FuncIdx)) {
        let func = made.func(store, *name)?;
        let record = *func.record().get(store)?;
        // Its type may be below the one that is imported (spec 3.3.8), as where modules are instantiated.
        if !store.engine().types().is_subtype(record.head().type_id, module.type_id(funcidx)) {
            let (expected, found) = (module.parsed().func_type(funcidx), store.func_type(func.record())?);
            return Err(format_err!("instance {number}, function {funcidx}: expected {expected}, found {found}"));
        }
        // SAFETY: L6: a function of this store, whose type was compared just now.
        unsafe { handle.get_mut(store)?.link_func(funcidx, record) };
    }
    Ok(())
}

/// Makes memories, tables and globals.
fn make_items(store: &mut StoreOpaque, made: &mut Made, state: &State) -> Result<()> {
    for memory in &state.memories {
        let handle = store.create_memory(memory.ty)?;
        made.memories.push(handle);
        let bytes = handle.get_mut(store)?.bytes_mut();
        for run in &memory.runs {
            let start = usize::try_from(run.start).ok();
            let place = start.and_then(|start| bytes.get_mut(start..)?.get_mut(..run.bytes.len()));
            place.ok_or_else(|| format_err!("bytes beyond the end of a memory"))?.copy_from_slice(&run.bytes);
        }
    }
    for TableState { ty, elements } in &state.tables {
        let ValType::Ref(element) = made.ty(ValType::Ref(ty.element))? else { unreachable!("of references") };
        let ty = TableType { element, ..*ty };
        // SAFETY: L5: 0 is null, of every reference type. Of those that may not be null all are set below.
        let handle = unsafe { store.create_table(ty, 0) }?;
        made.tables.push(handle);
        let mut start = 0;
        for (count, value) in elements {
            let word = made.val(store, value)?.to_words(store)?[0];
            let end = u64::checked_add(start, *count).filter(|&end| end <= ty.limits.min);
            let end = end.ok_or_else(|| format_err!("elements beyond the end of a table"))?;
            if !made.val(store, value)?.is_of(ValType::Ref(ty.element), store) {
                return Err(format_err!("an element of a table: expected {}, found {}", ty.element, value.ty()));
            }
            // SAFETY: L5: a word of the table's type, which was compared, in this store.
            let words = unsafe { handle.get_mut(store)?.elements_mut() };
            words[start as usize..end as usize].fill(word);
            start = end;
        }
        if start < ty.limits.min && !ty.element.is_nullable() {
            return Err(format_err!("a table of {ty} with elements that are null"));
        }
    }
    for global in &state.globals {
        let ty = GlobalType::new(made.ty(global.ty)?, global.mutable);
        let words = objects::words(store, made, &global.value, ty.content)?;
        let handle = store.add_globals(&[ty])?.next().expect("one was asked for");
        // SAFETY: L5: words of a value of the global's type, in this store.
        unsafe { handle.get_mut(store)?.cell.set(words) };
        made.globals.push(handle);
    }
    Ok(())
}

/// Which memories, tables, globals and tags are some module's own.
struct Owned {
    tags: Vec<bool>,
    memories: Vec<bool>,
    tables: Vec<bool>,
    globals: Vec<bool>,
}

impl Owned {
    fn new(made: &Made) -> Self {
        Self {
            tags: vec![false; made.tags.len()],
            memories: vec![false; made.memories.len()],
            tables: vec![false; made.tables.len()],
            globals: vec![false; made.globals.len()],
        }
    }
}

/// Whether something of type `found`, minima being sizes, may be what a module declares as its own.
fn is_as_declared(found: &ExternType, declared: &ExternType) -> bool {
    let same = |found: Limits, declared: Limits| found.min >= declared.min && found.max == declared.max;
    match (found, declared) {
        (ExternType::Memory(found), ExternType::Memory(declared)) => {
            same(found.limits, declared.limits) && MemoryType { limits: declared.limits, ..*found } == *declared
        }
        (ExternType::Table(found), ExternType::Table(declared)) => {
            same(found.limits, declared.limits) && TableType { limits: declared.limits, ..*found } == *declared
        }
        (found, declared) => found == declared,
    }
}

/// The type with no least size: who imports something may have found it larger than it is since its instance was reset.
fn of_any_size(mut ty: ExternType) -> ExternType {
    match &mut ty {
        ExternType::Table(ty) => ty.limits.min = 0,
        ExternType::Memory(ty) => ty.limits.min = 0,
        ExternType::Func(_) | ExternType::Global(_) | ExternType::Tag(_) => {}
    }
    ty
}

/// Puts tables, memories, globals and tags of an instance in place, and its segments that were not dropped.
fn link_others(
    store: &mut StoreOpaque,
    made: &Made,
    state: &InstanceState,
    number: usize,
    owned: &mut Owned,
) -> Result<()> {
    let handle = made.instances[number];
    let module = handle.get(store)?.module().clone();
    let parsed = module.parsed();
    let found = [state.tables.len(), state.memories.len(), state.globals.len(), state.tags.len()];
    let expected = [parsed.tables.len(), parsed.memories.len(), parsed.globals.len(), parsed.tags.len()];
    if found != expected {
        return Err(format_err!(
            "instance {number}: expected {expected:?} tables, memories, globals and tags, found {found:?}"
        ));
    }
    let engine = store.engine().clone();
    let types = engine.types();
    // Compares one of them, the module's own one or an imported one.
    let check = |index: ExternIndex, found: ExternType, own: Option<&mut bool>| {
        let declared = module.extern_type(index);
        let fits = match own {
            Some(owned) => !std::mem::replace(owned, true) && is_as_declared(&found, &declared),
            None => found.matches(&of_any_size(declared.clone()), types),
        };
        if fits { Ok(()) } else { Err(format_err!("instance {number}, {index:?}: expected {declared}, found {found}")) }
    };
    for (&table, i) in state.tables.iter().zip(0..) {
        let item = numbered(&made.tables, table, "tables")?;
        let own = (i as usize >= parsed.imported_tables).then(|| &mut owned.tables[table as usize]);
        check(ExternIndex::Table(i), ExternType::Table(item.get(store)?.ty()), own)?;
        // SAFETY: L6: of this store, and of the type that the module says, which was compared.
        unsafe { handle.get_mut(store)?.link_table(item) };
    }
    for (&memory, i) in state.memories.iter().zip(0..) {
        let item = numbered(&made.memories, memory, "memories")?;
        let own = (i as usize >= parsed.imported_memories).then(|| &mut owned.memories[memory as usize]);
        check(ExternIndex::Memory(i), ExternType::Memory(item.get(store)?.ty()), own)?;
        // SAFETY: L6: as above.
        unsafe { handle.get_mut(store)?.link_memory(item) };
    }
    for (&global, i) in state.globals.iter().zip(0..) {
        let item = numbered(&made.globals, global, "globals")?;
        let own = (i as usize >= parsed.imported_globals).then(|| &mut owned.globals[global as usize]);
        check(ExternIndex::Global(i), ExternType::Global(item.get(store)?.ty), own)?;
        // SAFETY: L6: as above.
        unsafe { handle.get_mut(store)?.link_global(item) };
    }
    for (&tag, i) in state.tags.iter().zip(0..) {
        let item = numbered(&made.tags, tag, "tags")?;
        let is_own = i as usize >= parsed.imported_tags;
        let is_taken = is_own && std::mem::replace(&mut owned.tags[tag as usize], true);
        if is_taken || item.get(store)?.type_id != module.tag_type_id(i) {
            return Err(format_err!("instance {number}, tag {i}: of another type, or another instance's"));
        }
        // SAFETY: L6: as above.
        unsafe { handle.get_mut(store)?.link_tag(item) };
    }
    if state.data_dropped.len() != parsed.data.len() || state.elements_dropped.len() != parsed.elements.len() {
        return Err(format_err!("instance {number}: it has not as many segments as its module"));
    }
    let declared = |element: &Element| matches!(element.mode, SegmentMode::Declared);
    if parsed.elements.iter().zip(&state.elements_dropped).any(|(element, dropped)| declared(element) && !dropped) {
        return Err(format_err!("instance {number}: an element segment that is only declared is not dropped"));
    }
    let mut contents = state.elements.iter();
    let mut traced = Vec::new();
    for (element, &dropped) in parsed.elements.iter().zip(&state.elements_dropped) {
        if dropped || !is_traced(ValType::Ref(element.ty)) {
            continue;
        }
        let values = contents.next().filter(|values| values.len() == element.items.len());
        let values = values.ok_or_else(|| format_err!("instance {number}: an element segment of another length"))?;
        for value in values {
            traced.push(objects::words(store, made, value, ValType::Ref(element.ty))?[0]);
        }
    }
    if contents.next().is_some() {
        return Err(format_err!("instance {number}: it has not as many element segments of objects"));
    }
    segments::restore(store, handle, &state.data_dropped, &state.elements_dropped, &traced)
}
