//! Link groups: modules under names that import from each other, in any order, linked and instantiated together.
//!
//! Four steps, of which the first two change nothing: *resolve* finds what defines each import, through any number of
//! re-exports, and compares types; *order* finds in which order the modules can be initialised ([`crate::order`]);
//! *allocate* makes all instances with all their functions, so that functions can be linked whoever imports from whom;
//! *initialise* makes tables, memories and globals, then copies segments, then runs start functions, each for all modules
//! in order. So a start function finds every module of the group initialised.
//!
//! Time is linear in the number of imports: each is two look-ups, of the module's name and of the export's, by hashes
//! taken when the modules were made. With many modules it is the caches that decide, so what is looked at is small and
//! lies together.

use crate::engine::Engine;
use crate::error::{Result, format_err};
use crate::func::Start;
use crate::handle::Handle;
use crate::instance::{Instance, InstanceData};
use crate::instantiate;
use crate::limits::Needs;
use crate::link_error::{ImportName, LinkError};
use crate::linker::{Definition, Linker};
use crate::module::{Exported, ExportedItem, ImportHash, ImportType, Module};
use crate::order::{Edge, Graph, order};
use crate::resumable::{self, Resumable};
use crate::store::{AsContextMut, StoreOpaque};
use hashbrown::HashTable;
use pirn_decode::ExternType;
use pirn_decode::module::{ExternIndex, Import};
use pirn_exec::FuncRecord;
use std::collections::HashMap;
use std::sync::Arc;

/// Modules that are linked with each other: see [`Linker::group`].
///
/// ```
/// # #[cfg(feature = "wat")] {
/// # use pirn_link as pirn;
/// use pirn::{Engine, Linker, Module, Store};
///
/// let engine = Engine::default();
/// let even = Module::new(&engine, r#"(module
///     (import "odd" "odd" (func $odd (param i32) (result i32)))
///     (func (export "even") (param i32) (result i32)
///         (if (result i32) (local.get 0)
///             (then (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
///             (else (i32.const 1)))))"#)?;
/// let odd = Module::new(&engine, r#"(module
///     (import "even" "even" (func $even (param i32) (result i32)))
///     (func (export "odd") (param i32) (result i32)
///         (if (result i32) (local.get 0)
///             (then (return_call $even (i32.sub (local.get 0) (i32.const 1))))
///             (else (i32.const 0)))))"#)?;
///
/// let linker = Linker::new(&engine);
/// let mut store = Store::new(&engine, ());
/// let mut group = linker.group();
/// group.module("even", &even)?.module("odd", &odd)?;
/// let instances = group.instantiate(&mut store)?;
/// let even = instances.get("even").unwrap().get_typed_func::<i32, i32>(&store, "even")?;
/// assert_eq!(even.call(&mut store, 10_000)?, 1);
/// # }
/// # Ok::<(), pirn_link::Error>(())
/// ```
pub struct LinkGroup<'linker, T: 'static> {
    linker: &'linker Linker<T>,
    /// Members by the hashes of their names.
    names: HashTable<u32>,
    members: Vec<Member>,
}

#[derive(Clone)]
struct Member {
    name: Arc<str>,
    module: Module,
    /// How many imports the members before it have.
    place: usize,
}

impl<T: 'static> Clone for LinkGroup<'_, T> {
    fn clone(&self) -> Self {
        Self { linker: self.linker, names: self.names.clone(), members: self.members.clone() }
    }
}

impl<T: 'static> std::fmt::Debug for LinkGroup<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.members.iter().map(|member| (&member.name, &member.module))).finish()
    }
}

/// What defines an import. Imports are counted through all members, in order: an import's *place*.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// A module of the group, which does not import it itself.
    Member(u32, ExternIndex),
    /// The linker.
    Linker(&'a Definition),
}

impl<'linker, T: 'static> LinkGroup<'linker, T> {
    pub(crate) fn new(linker: &'linker Linker<T>) -> Self {
        Self { linker, names: HashTable::new(), members: Vec::new() }
    }

    /// Adds a module. Its exports are what other modules of the group import as `name::export`. It may be added before
    /// the modules it imports from, and any number of times under different names: it is lowered once.
    ///
    /// # Errors
    /// [`LinkError::DuplicateModule`]; [`LinkError::DuplicateDefinition`] if the linker defines one of the exports under
    /// this name and does not allow shadowing; the module was made with another engine than the linker.
    pub fn module(&mut self, name: &str, module: &Module) -> Result<&mut Self> {
        if !Engine::same(module.engine(), self.linker.engine()) {
            return Err(format_err!("module `{name}` was made with another engine than the linker"));
        }
        let hash = self.linker.engine().hash(name);
        if self.member(hash, name.as_bytes()).is_some() {
            return Err(LinkError::DuplicateModule { module: name.into() }.into());
        }
        if let Some(export) = self.linker.first_defined(name, module) {
            let (module, name, ty) = (name.into(), export.name().into(), export.ty());
            return Err(LinkError::DuplicateDefinition { module, name, ty }.into());
        }
        let index = u32::try_from(self.members.len()).expect("more than 2^32 modules in a group");
        let place = self.places();
        self.members.push(Member { name: name.into(), module: module.clone(), place });
        let (members, engine) = (&self.members, self.linker.engine());
        self.names.insert_unique(hash, index, |&member| engine.hash(&members[member as usize].name));
        Ok(self)
    }

    /// The member called `name`.
    fn member(&self, hash: u64, name: &[u8]) -> Option<u32> {
        self.names.find(hash, |&member| *self.members[member as usize].name.as_bytes() == *name).copied()
    }

    /// Links the modules with each other and with the linker's definitions, instantiates them, and runs their start
    /// functions. A group may be instantiated many times.
    ///
    /// Every module is initialised after those it imports from; in a circle of function imports, after those whose
    /// tables, memories and globals it imports, and otherwise in the order they were added. All are initialised before
    /// the first start function runs, in the same order.
    ///
    /// # Errors
    /// - A [`LinkError`], if imports do not resolve. No instance exists then.
    /// - The store has another engine; the linker defines an import for another store; a limit of the store would be
    ///   passed, or memory is short.
    /// - An active segment reaches beyond its table or memory, or a start function traps or fails; as with
    ///   [`Instance::new`], what was written to tables and memories of other instances until then stays.
    ///
    /// # Panics
    /// As [`crate::Func::call`], for the start functions.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<LinkedGroup> {
        let mut store = store.as_context_mut();
        let (linked, starts) = self.prepare(store.opaque_mut())?;
        for start in starts {
            start.call(&mut store)?;
        }
        Ok(linked)
    }

    /// As [`LinkGroup::instantiate`], but start functions may pause: see [`crate::Func::call_resumable`]. Each is a
    /// resumable call of its own. The group's instances are given when all have returned.
    ///
    /// # Errors
    /// As [`LinkGroup::instantiate`]; the store's limit of resumable calls is reached, or there is no memory for one.
    ///
    /// # Panics
    /// As [`crate::Func::call`], for the start functions.
    pub fn instantiate_resumable(&self, mut store: impl AsContextMut<Data = T>) -> Result<Resumable<LinkedGroup>> {
        let mut store = store.as_context_mut();
        let (linked, starts) = self.prepare(store.opaque_mut())?;
        resumable::run_all(&mut store, starts, linked)
    }

    /// Makes all instances; gives them, and their start functions in order, which are all that is left to do.
    fn prepare(&self, opaque: &mut StoreOpaque) -> Result<(LinkedGroup, Vec<Start>)> {
        if !Engine::same(self.linker.engine(), opaque.engine()) {
            return Err(format_err!("the linker was made with another engine than the store"));
        }
        let sources = self.resolve()?;
        self.check(opaque, &sources)?;
        let order = self.order(&sources)?;

        let handles: Vec<_> =
            self.members.iter().map(|member| InstanceData::allocate(opaque, &member.module)).collect::<Result<_>>()?;
        for (member, &handle) in self.members.iter().zip(&handles) {
            let funcs = self
                .imports_of(member, &sources)
                .filter_map(|(import, source)| matches!(import.index(), ExternIndex::Func(_)).then_some(source));
            for (source, funcidx) in funcs.zip(0..) {
                let func = func_of(opaque, &handles, source)?;
                handle.get_mut(opaque)?.link_func(funcidx, func);
            }
        }
        for &member in &order {
            let (member, handle) = (&self.members[member as usize], handles[member as usize]);
            for (import, source) in self.imports_of(member, &sources) {
                if matches!(import.index(), ExternIndex::Func(_)) {
                    continue;
                }
                let item = match source {
                    Source::Member(member, index) => handles[member as usize].get(opaque)?.item(index, opaque.id()),
                    Source::Linker(definition) => definition.item(opaque),
                };
                instantiate::link_import(opaque, handle, item)?;
            }
            instantiate::create(opaque, handle)?;
        }
        for &member in &order {
            instantiate::initialise(opaque, handles[member as usize], &self.members[member as usize].module)?;
        }
        let starts = order.iter().map(|&member| instantiate::start(opaque, handles[member as usize]));
        let starts = starts.filter_map(Result::transpose).collect::<Result<_>>()?;
        let names = self.members.iter().map(|member| Arc::clone(&member.name));
        let instances = names.zip(handles.into_iter().map(Instance::from)).collect();
        let engine = self.linker.engine().clone();
        Ok((LinkedGroup { engine, names: self.names.clone(), instances }, starts))
    }

    /// How many imports all members have.
    fn places(&self) -> usize {
        self.members.last().map_or(0, |last| last.place + last.module.parsed().imports.len())
    }

    fn imports_of<'a>(
        &self,
        member: &'a Member,
        sources: &'a [Source<'a>],
    ) -> impl Iterator<Item = (ImportType<'a>, Source<'a>)> {
        member.module.imports().zip(sources[member.place..].iter().copied())
    }

    /// Who imports what at a place, and its type.
    fn import_at(&self, place: usize) -> (ImportName, ExternType) {
        // Members without imports have the place of the next one.
        let member = &self.members[self.members.partition_point(|member| member.place <= place) - 1];
        let import = member.module.imports().nth(place - member.place).expect("a place of this member");
        (self.import_name(member, import), import.ty())
    }

    fn import_name(&self, member: &Member, import: ImportType<'_>) -> ImportName {
        let (importer, module, name) = ((&*member.name).into(), import.module().into(), import.name().into());
        ImportName { importer, module, name }
    }

    /// What defines each import, by place.
    fn resolve(&self) -> Result<Vec<Source<'linker>>, LinkError> {
        let mut sources = Vec::with_capacity(self.places());
        // Places whose exporters import it themselves, each with the exporter's place.
        let mut aliases = HashMap::new();
        for member in &self.members {
            for (import, exporter) in member.module.imports().zip(self.exporters(member)) {
                let place = sources.len();
                sources.push(if let Some((exporter, Some(export))) = exporter {
                    let exporting = &self.members[exporter as usize];
                    let index = exporting.module.index_of(export);
                    // An import that is exported again has the type it was declared with.
                    if let (ExternIndex::Func(funcidx), ExternIndex::Func(_)) = (import.index(), index)
                        && member.module.type_id(funcidx) != export.type_id
                    {
                        let name = self.import_name(member, import);
                        let (expected, found) = (import.ty(), exporting.module.extern_type(index));
                        return Err(LinkError::IncompatibleImport { import: name, expected, found });
                    }
                    if let ExportedItem::Import(import) = export.item {
                        aliases.insert(place, exporting.place + import as usize);
                    }
                    Source::Member(exporter, index)
                } else if let Some(definition) = self.linker.definition(import.module(), import.name()) {
                    Source::Linker(definition)
                } else {
                    let (import, expected) = self.import_at(place);
                    let module_exists = exporter.is_some() || self.linker.defines_module(&import.module);
                    return Err(LinkError::UnknownImport { import, expected, module_exists });
                });
            }
        }
        self.follow(&mut sources, aliases)?;
        Ok(sources)
    }

    /// For each import of a member: the member it names, and the export it names there.
    ///
    /// Two short loops rather than one long one, each of which asks one thing of many modules: so the processor waits for
    /// many of them at a time.
    fn exporters<'a>(&'a self, member: &'a Member) -> impl Iterator<Item = Option<(u32, Option<&'a Exported>)>> {
        let (parsed, hashes) = (member.module.parsed(), member.module.import_hashes());
        let imports = parsed.imports.iter().zip(hashes);
        let exporter =
            |(import, hash): (&Import, &ImportHash)| self.member(hash.module, parsed.name_bytes(import.module));
        let exporters: Vec<_> = imports.clone().map(exporter).collect();
        let export = |((import, hash), exporter): ((&Import, &ImportHash), Option<u32>)| {
            let module = &self.members[exporter? as usize].module;
            Some((exporter?, module.export_hashed(hash.name, parsed.name_bytes(import.name))))
        };
        let exports: Vec<_> = imports.zip(exporters).map(export).collect();
        exports.into_iter()
    }

    /// Replaces the source of every alias by what the aliases lead to.
    fn follow(&self, sources: &mut [Source<'linker>], mut aliases: HashMap<usize, usize>) -> Result<(), LinkError> {
        let mut path = Vec::new();
        let mut places: Vec<usize> = aliases.keys().copied().collect();
        // So that of several circles always the same one is reported.
        places.sort_unstable();
        for place in places {
            let mut at = place;
            // What has been followed is no alias any more.
            while let Some(&next) = aliases.get(&at) {
                path.push(at);
                if path.len() > aliases.len() {
                    let circle = path.iter().rev().skip(1).take_while(|&&place| place != at).chain([&at]);
                    let mut imports: Vec<_> = circle.map(|&place| self.import_at(place)).collect();
                    imports.reverse();
                    return Err(LinkError::Cycle { imports });
                }
                at = next;
            }
            for alias in path.drain(..) {
                sources[alias] = sources[at];
                aliases.remove(&alias);
            }
        }
        Ok(())
    }

    /// Whether the types fit, and the store's limits allow for the instances. Nothing has changed if not.
    fn check(&self, store: &StoreOpaque, sources: &[Source<'_>]) -> Result<()> {
        let mut needs = Needs::default();
        for member in &self.members {
            needs += Needs::of(member.module.parsed());
            for (i, (import, source)) in self.imports_of(member, sources).enumerate() {
                let named = |error| {
                    let (module, name) = (import.module(), import.name());
                    format_err!("module `{}`: import `{module}::{name}`: {error}", member.name)
                };
                let found = match source {
                    // Compared already.
                    Source::Member(_, ExternIndex::Func(_)) if matches!(import.index(), ExternIndex::Func(_)) => None,
                    Source::Member(exporter, index) => {
                        let found = self.members[exporter as usize].module.extern_type(index);
                        (!found.matches(&import.ty())).then_some(found)
                    }
                    Source::Linker(Definition::Host(host)) => {
                        let found = ExternType::Func(host.ty().clone());
                        (found != import.ty()).then_some(found)
                    }
                    Source::Linker(Definition::Extern(item)) => {
                        let found = item.ty_in(store).map_err(named)?;
                        (!found.matches(&import.ty())).then_some(found)
                    }
                };
                if let Some(found) = found {
                    let (import, expected) = self.import_at(member.place + i);
                    return Err(LinkError::IncompatibleImport { import, expected, found }.into());
                }
            }
        }
        store.check_needs(needs)
    }

    /// In which order the members are initialised.
    fn order(&self, sources: &[Source<'_>]) -> Result<Vec<u32>, LinkError> {
        // Many imports of functions from one member are one edge.
        let mut seen = vec![u32::MAX; self.members.len()];
        let mut edges = Graph::with_capacity(self.members.len(), sources.len());
        for (member, index) in self.members.iter().zip(0..) {
            edges.push(self.imports_of(member, sources).zip(0..).filter_map(|((_, source), import)| {
                let Source::Member(to, export) = source else { return None };
                let needs = !matches!(export, ExternIndex::Func(_));
                let first = std::mem::replace(&mut seen[to as usize], index) != index;
                (needs || first).then_some(Edge { to, import, needs })
            }));
        }
        order(&edges).map_err(|circle| {
            let place = |(member, edge): (u32, Edge)| self.members[member as usize].place + edge.import as usize;
            LinkError::Cycle { imports: circle.into_iter().map(|step| self.import_at(place(step))).collect() }
        })
    }
}

/// The function that `source` is.
fn func_of(store: &mut StoreOpaque, handles: &[Handle<InstanceData>], source: Source<'_>) -> Result<FuncRecord> {
    let item = match source {
        Source::Member(member, ExternIndex::Func(funcidx)) => {
            return Ok(handles[member as usize].get(store)?.own_record(funcidx));
        }
        Source::Member(..) => None,
        Source::Linker(definition) => definition.item(store).into_func(),
    };
    Ok(*item.expect("types were compared").record().get(store)?)
}

/// The instances of a [`LinkGroup`].
#[derive(Debug, Clone)]
pub struct LinkedGroup {
    engine: Engine,
    /// Places in `instances`, by the hashes of the names.
    names: HashTable<u32>,
    instances: Vec<(Arc<str>, Instance)>,
}

impl LinkedGroup {
    /// The instance of the module called `name`.
    pub fn get(&self, name: &str) -> Option<Instance> {
        let named = |&index: &u32| *self.instances[index as usize].0 == *name;
        self.names.find(self.engine.hash(name), named).map(|&index| self.instances[index as usize].1)
    }

    /// All instances and their names, in the order the modules were added.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Instance)> {
        self.instances.iter().map(|(name, instance)| (&**name, *instance))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.instances.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.instances.is_empty()
    }
}
