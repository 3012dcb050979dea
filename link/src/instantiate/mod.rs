//! Instantiation (spec 4.5.4): the one road to an instance, for any number of modules, which may import from each other. A
//! module alone is a group of one.
//!
//! Before this, something found what defines each import: [`resolve`] by names, or the embedder gave it. Then
//!
//! 1. *check* compares types, stores, engines and limits, and [`order()`] finds in which order the modules can be initialised:
//!    nothing has changed if either fails;
//! 2. *allocate* makes all instances with all their functions, so that functions can be linked whoever imports from whom;
//! 3. *link and create*, in order: imported tables, memories and globals are put in place, the modules' own ones are made;
//! 4. *initialise*, in order: segments are copied, which is the first that others can see ([`segments`]).
//!
//! What is left are start functions, each of which finds every module initialised. Instances get out of here only when all
//! of this has succeeded; invariant L6 comes from here.
//!
//! Time is linear in the number of imports. With many modules it is the caches that decide, so what is looked at is small and
//! lies together.

pub(crate) mod definitions;
pub(crate) mod members;
pub(crate) mod order;
pub(crate) mod reset;
pub(crate) mod resolve;
mod room;
pub(crate) mod segments;

use crate::call::epoch::Borrowed;
use crate::call::start::Start;
use crate::engine::Engine;
use crate::engine::limits::Needs;
use crate::error::Result;
use crate::instantiate::members::{Member, Members, Source};
use crate::instantiate::order::{Edge, Graph, order};
use crate::instantiate::segments::Copied;
use crate::items::external::Extern;
use crate::link_error::LinkError;
use crate::module::{ImportType, Module};
use crate::store::handle::Handle;
use crate::store::instance_data::InstanceData;
use crate::store::opaque::StoreOpaque;
use pirn_decode::module::ExternIndex;
use pirn_decode::{ExternType, FuncIdx, Subtyping, TypeId};
use pirn_exec::FuncRecord;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Instances whose start functions have not been called.
pub(crate) struct Initialised {
    /// In the order of the members.
    pub(crate) instances: Vec<Handle<InstanceData>>,
    /// In the order they are to be called.
    pub(crate) starts: Vec<Start>,
}

/// Instantiates members, whose imports are defined by `sources`, and leaves it to the caller to call the start functions.
///
/// # Errors
/// - [`LinkError`], or a limit of the store would be passed: nothing has changed then.
/// - Memory is short; an active segment reaches beyond its table or memory; the deadline has passed. The instances remain in the store, where nobody
///   finds them, but for what was copied to tables and memories of others.
pub(crate) fn instantiate(
    store: &mut dyn Borrowed,
    members: Members<'_>,
    sources: &[Source<'_>],
) -> Result<Initialised> {
    check(store.opaque(), members, sources)?;
    let order = in_order(members, sources)?;
    let mut instances = Vec::with_capacity(members.list.len());
    for member in members.list {
        instances.push(allocate(store.opaque(), member)?);
    }
    make(store, members, sources, &instances, &order)?;
    let mut starts = Vec::new();
    for &member in &order {
        starts.extend(start(store.opaque(), instances[member as usize])?);
    }
    Ok(Initialised { instances, starts })
}

/// As [`instantiate`], of a module alone: nothing is allocated but the instance.
pub(crate) fn instantiate_one(
    store: &mut dyn Borrowed,
    module: &Module,
    sources: &[Source<'_>],
) -> Result<(Handle<InstanceData>, Option<Start>)> {
    let list = Member::alone(module);
    let members = Members::one(&list);
    check(store.opaque(), members, sources)?;
    let instance = allocate(store.opaque(), &list[0])?;
    make(store, members, sources, &[instance], &[0])?;
    Ok((instance, start(store.opaque(), instance)?))
}

/// An instance of which nothing exists but its own functions.
fn allocate(store: &mut StoreOpaque, member: &Member<'_>) -> Result<Handle<InstanceData>> {
    let instance = InstanceData::new(member.module, store.vm())?;
    store.add_instance(instance)
}

/// Links, creates and initialises the instances, one for each member, of which only the functions exist.
fn make(
    store: &mut dyn Borrowed,
    members: Members<'_>,
    sources: &[Source<'_>],
    instances: &[Handle<InstanceData>],
    order: &[u32],
) -> Result<()> {
    let modules = members.list.iter().map(|member| member.module);
    while_nothing_is_collected(store, modules, |store| make_all(store, members, sources, instances, order))
}

/// Does `work` while nothing is collected: what constant expressions give is for a while nowhere that collecting looks at. Nor is any instance
/// [reset](reset::reset) meanwhile, which the callback of a deadline might ask for: what is copied from an instance's segments has to stay there.
/// If these modules' expressions may make objects, there is room before.
fn while_nothing_is_collected<'m, R>(
    store: &mut dyn Borrowed,
    modules: impl Iterator<Item = &'m Module>,
    work: impl FnOnce(&mut dyn Borrowed) -> R,
) -> R {
    match modules.map(|module| room::of_constants(module.parsed())).fold(0, u64::saturating_add) {
        0 => {}
        bytes => store.collect_if_short(bytes),
    }
    store.opaque().heap().hold();
    let done = catch_unwind(AssertUnwindSafe(|| work(&mut *store)));
    store.opaque().heap().release();
    done.unwrap_or_else(|payload| resume_unwind(payload))
}

/// As [`make`], while nothing is collected.
fn make_all(
    store: &mut dyn Borrowed,
    members: Members<'_>,
    sources: &[Source<'_>],
    instances: &[Handle<InstanceData>],
    order: &[u32],
) -> Result<()> {
    for (member, &instance) in members.list.iter().zip(instances) {
        link_funcs(store.opaque(), instances, instance, member, sources)?;
    }
    for &member in order {
        let (member, instance) = (&members.list[member as usize], instances[member as usize]);
        link_others(store.opaque(), instances, instance, member, sources)?;
        create(store.opaque(), instance, member)?;
    }
    for &member in order {
        segments::initialise(store, instances[member as usize], &members.list[member as usize], &Copied::All)?;
    }
    Ok(())
}

/// The start function of an instance, if it has one.
pub(crate) fn start(store: &StoreOpaque, instance: Handle<InstanceData>) -> Result<Option<Start>> {
    let instance = instance.get(store)?;
    let start = instance.module().parsed().start;
    Ok(start.map(|funcidx| Start::new(instance.func(funcidx, store.id()), instance.inst(store.id()))))
}

/// Whether the instances may be made. Nothing has changed if not.
fn check(store: &StoreOpaque, members: Members<'_>, sources: &[Source<'_>]) -> Result<()> {
    let mut needs = Needs::default();
    for member in members.list {
        if !Engine::same(member.module.engine(), store.engine()) {
            let what = member.describe();
            return Err(LinkError::OtherEngine { what: what.into(), expected: "the store".into() }.into());
        }
        for (import, source) in member.imports(sources) {
            check_import(store, members, member, import, source)?;
        }
        let parsed = member.module.parsed();
        needs += Needs::of(parsed);
        for ty in &parsed.memories[parsed.imported_memories..] {
            store.limits().check_memory(*ty).map_err(|error| member.named(error))?;
        }
        for ty in &parsed.tables[parsed.imported_tables..] {
            store.limits().check_table(*ty).map_err(|error| member.named(error))?;
        }
    }
    store.check_needs(&needs)
}

/// Whether what defines an import is of the store, and of a type that matches the one that is asked for (spec 3.2.8). This is
/// where every import is compared.
#[inline]
fn check_import(
    store: &StoreOpaque,
    members: Members<'_>,
    member: &Member<'_>,
    import: ImportType<'_>,
    source: Source<'_>,
) -> Result<()> {
    // Ids are compared first: functions of one engine have the same id if and only if they have the same type.
    let types = store.engine().types();
    let mut is_below = None;
    if let ExternIndex::Func(funcidx) = import.index() {
        let found = match source {
            Source::Member { index: ExternIndex::Func(_), type_id, .. } => type_id,
            Source::Item(Extern::Func(func)) => {
                func.record().get(store).map_or(TypeId::NONE, |func| func.head().type_id)
            }
            Source::Host(host) if host.is_for(store.engine()) => host.type_id(),
            Source::Item(
                Extern::Table(_) | Extern::Memory(_) | Extern::Global(_) | Extern::SharedMemory(_) | Extern::Tag(_),
            )
            | Source::Member { .. }
            | Source::Host(_) => TypeId::NONE,
        };
        let wanted = member.module.type_id(funcidx);
        if found == wanted {
            return Ok(());
        }
        // Types that other types are above or below have none that are the same but by their ids.
        let is_told = found != TypeId::NONE || !member.module.is_plain(funcidx);
        is_below = is_told.then(|| types.is_subtype(found, wanted));
    }
    if let ExternIndex::Tag(tagidx) = import.index() {
        // Tags are of the same type, or do not match (spec 3.3.14).
        let found = match source {
            Source::Member { index: ExternIndex::Tag(_), type_id, .. } => type_id,
            Source::Item(Extern::Tag(tag)) => tag.item().get(store).map_or(TypeId::NONE, |tag| tag.type_id),
            _ => TypeId::NONE,
        };
        is_below = Some(found != TypeId::NONE && found == member.module.tag_type_id(tagidx));
    }
    let found = match source {
        Source::Member { member, index, .. } => members.list[member as usize].module.extern_type(index),
        Source::Item(item) if !item.is_for(store) => {
            return Err(LinkError::OtherStore { import: member.import_name(import) }.into());
        }
        Source::Item(item) => item.ty_in(store)?,
        Source::Host(host) => ExternType::Func(host.ty().clone()),
    };
    let expected = import.ty();
    // What names in another engine's types say is not known here.
    let is_foreign = matches!(source, Source::Host(host) if !host.is_for(store.engine()) && host.ty().names_types());
    if !is_foreign && is_below.unwrap_or_else(|| found.matches(&expected, types)) {
        return Ok(());
    }
    // A host function that is declared nowhere takes the import's type, whatever that is declared to be.
    if let (Source::Host(host), ExternType::Func(wanted)) = (source, &expected)
        && host.may_be(store.engine(), wanted)
    {
        return Ok(());
    }
    Err(LinkError::IncompatibleImport { import: member.import_name(import), expected, found: found.into() }.into())
}

/// In which order the members are initialised.
fn in_order(members: Members<'_>, sources: &[Source<'_>]) -> Result<Vec<u32>, LinkError> {
    let count = members.list.len();
    if sources.iter().all(|source| !matches!(source, Source::Member { .. })) {
        return Ok((0..count as u32).collect());
    }
    // Many imports of functions from one member are one edge.
    let mut seen = vec![u32::MAX; count];
    let mut edges = Graph::with_capacity(count, sources.len());
    for (member, importer) in members.list.iter().zip(0..) {
        edges.push(member.sources(sources).iter().zip(0..).filter_map(|(source, import)| {
            let Source::Member { member: to, index, .. } = *source else { return None };
            let needs = !matches!(index, ExternIndex::Func(_));
            let first = std::mem::replace(&mut seen[to as usize], importer) != importer;
            (needs || first).then_some(Edge { to, import, needs })
        }));
    }
    order(&edges).map_err(|circle| {
        let import = |(member, edge): (u32, Edge)| members.import_at(members.place(member, edge.import));
        LinkError::Cycle { imports: circle.into_iter().map(import).collect() }
    })
}

/// Puts the imported functions of a member in place. All members have been allocated.
fn link_funcs(
    store: &mut StoreOpaque,
    instances: &[Handle<InstanceData>],
    instance: Handle<InstanceData>,
    member: &Member<'_>,
    sources: &[Source<'_>],
) -> Result<()> {
    if member.module.parsed().imported_funcs == 0 {
        return Ok(());
    }
    let funcs = member.imports(sources).filter(|(import, _)| matches!(import.index(), ExternIndex::Func(_)));
    for ((_, source), funcidx) in funcs.zip((0..).map(FuncIdx)) {
        let record: FuncRecord = match source {
            Source::Member { member, index: ExternIndex::Func(funcidx), .. } => {
                instances[member as usize].get(store)?.own_record(funcidx)
            }
            Source::Item(Extern::Func(func)) => *func.record().get(store)?,
            Source::Host(host) => {
                let record = store.imported_host(host, member.module, funcidx);
                *record.expect("types were compared").get(store)?
            }
            Source::Member {
                index: ExternIndex::Table(_) | ExternIndex::Memory(_) | ExternIndex::Global(_) | ExternIndex::Tag(_),
                ..
            }
            | Source::Item(
                Extern::Table(_) | Extern::Memory(_) | Extern::Global(_) | Extern::SharedMemory(_) | Extern::Tag(_),
            ) => {
                unreachable!("types were compared")
            }
        };
        // SAFETY: L6: `check_import` compared the type, and the record is of this store: `get` compared that, and members'
        // instances were made in it.
        unsafe { instance.get_mut(store)?.link_func(funcidx, record) };
    }
    Ok(())
}

/// Puts the imported tables, memories, globals and tags of a member in place. What it needs of other members has been created.
fn link_others(
    store: &mut StoreOpaque,
    instances: &[Handle<InstanceData>],
    instance: Handle<InstanceData>,
    member: &Member<'_>,
    sources: &[Source<'_>],
) -> Result<()> {
    let parsed = member.module.parsed();
    if parsed.imported_funcs == parsed.imports.len() {
        return Ok(());
    }
    for (import, source) in member.imports(sources) {
        if matches!(import.index(), ExternIndex::Func(_)) {
            continue;
        }
        let item = match source {
            Source::Member { member, index, .. } => instances[member as usize].get(store)?.item(index, store.id()),
            Source::Item(item) => item.clone(),
            Source::Host(_) => unreachable!("types were compared"),
        };
        if let Extern::SharedMemory(memory) = item {
            let memory = store.add_shared_memory(memory.inner())?;
            // SAFETY: L6: `check_import` compared engine and type.
            unsafe { instance.get_mut(store)?.link_memory(memory) };
            continue;
        }
        let instance = instance.get_mut(store)?;
        match item {
            Extern::Func(_) | Extern::SharedMemory(_) => unreachable!("types were compared"),
            // SAFETY: L6: `check_import` compared store and type; a member's item is of the store as the member is.
            Extern::Table(table) => unsafe { instance.link_table(table.item()) },
            // SAFETY: L6, as above.
            Extern::Memory(memory) => unsafe { instance.link_memory(memory.item()) },
            // SAFETY: L6, as above.
            Extern::Global(global) => unsafe { instance.link_global(global.item()) },
            // SAFETY: L6, as above.
            Extern::Tag(tag) => unsafe { instance.link_tag(tag.item()) },
        }
    }
    Ok(())
}

/// Makes the member's own globals, tables, memories and tags, its imports being linked. Only the instance sees them.
fn create(store: &mut StoreOpaque, instance: Handle<InstanceData>, member: &Member<'_>) -> Result<()> {
    let parsed = member.module.parsed();
    let own = &parsed.globals[parsed.imported_globals..];
    if !own.is_empty() {
        for (global, init) in store.add_globals(own)?.zip(&parsed.global_inits) {
            let value = segments::evaluate(store, instance, init)?;
            // SAFETY: L5: by validation the value is of the global's type; L6: the global was made in this store just now, of
            // the type that the module declares.
            unsafe {
                global.get_mut(store)?.cell.set(value);
                instance.get_mut(store)?.link_global(global);
            }
        }
    }
    for tagidx in parsed.imported_tags as u32..parsed.tags.len() as u32 {
        // The module keeps the type, and the store the module.
        let tag = store.add_tag(member.module.tag_type(tagidx), member.module.tag_type_id(tagidx), None)?;
        // SAFETY: L6: made in this store just now, of the type that the module declares.
        unsafe { instance.get_mut(store)?.link_tag(tag) };
    }
    for (ty, tableidx) in parsed.tables.iter().zip(0..).skip(parsed.imported_tables) {
        let init = parsed.table_init(tableidx);
        let init = init.map_or(Ok([0; 2]), |init| segments::evaluate(store, instance, init))?;
        // SAFETY: L5: by validation a value of the element type, which null is where there is no other.
        let table = unsafe { store.create_table(*ty, init[0]) }.map_err(|error| member.named(error))?;
        // SAFETY: L6: made in this store just now, of the type that the module declares.
        unsafe { instance.get_mut(store)?.link_table(table) };
    }
    for ty in &parsed.memories[parsed.imported_memories..] {
        let memory = store.create_memory(*ty).map_err(|error| member.named(error))?;
        // SAFETY: L6: made in this store just now, of the type that the module declares.
        unsafe { instance.get_mut(store)?.link_memory(memory) };
    }
    Ok(())
}
