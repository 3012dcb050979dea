//! Link groups: modules under names that import from each other, in any order, linked and instantiated together.
//!
//! Four steps, of which the first two change nothing: *resolve* finds what defines each import, through any number of
//! re-exports, and compares types; *order* finds in which order the modules can be initialised ([`crate::order`]);
//! *allocate* makes all instances with all their functions, so that functions can be linked whoever imports from whom;
//! *initialise* makes tables, memories and globals, then copies segments, then runs start functions, each for all modules
//! in order. So a start function finds every module of the group initialised.
//!
//! Time is linear in the number of imports: each is two look-ups, of the module's name and of the export's.

use crate::engine::Engine;
use crate::error::{Result, format_err};
use crate::func::Func;
use crate::handle::Handle;
use crate::instance::{Instance, InstanceData};
use crate::instantiate;
use crate::link_error::{ImportName, LinkError};
use crate::linker::{Definition, Linker};
use crate::module::Module;
use crate::order::{Edge, order};
use crate::resumable::{self, Resumable};
use crate::store::{AsContextMut, StoreOpaque};
use pirn_decode::ExternType;
use pirn_decode::module::ExternIndex;
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
    names: HashMap<Arc<str>, u32>,
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

/// What defines an import.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// A module of the group, which does not import it itself.
    Member(u32, ExternIndex),
    /// The linker.
    Linker(&'a Definition),
}

/// What an import's name leads to. Imports are counted through all members, in order: an import's *place*.
#[derive(Clone, Copy)]
enum Link<'a> {
    Source(Source<'a>),
    /// An import of another member, which re-exports it.
    Alias(usize),
    /// Being followed.
    Open,
}

impl<'linker, T: 'static> LinkGroup<'linker, T> {
    pub(crate) fn new(linker: &'linker Linker<T>) -> Self {
        Self { linker, names: HashMap::new(), members: Vec::new() }
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
        if self.names.contains_key(name) {
            return Err(LinkError::DuplicateModule { module: name.into() }.into());
        }
        if let Some(export) = self.linker.first_defined(name, module) {
            let (module, name, ty) = (name.into(), export.name().into(), export.ty());
            return Err(LinkError::DuplicateDefinition { module, name, ty }.into());
        }
        let index = u32::try_from(self.members.len()).expect("more than 2^32 modules in a group");
        let name: Arc<str> = name.into();
        self.names.insert(Arc::clone(&name), index);
        let place = self.places();
        self.members.push(Member { name, module: module.clone(), place });
        Ok(self)
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
            start.call(&mut store, &[], &mut [])?;
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
    fn prepare(&self, opaque: &mut StoreOpaque) -> Result<(LinkedGroup, Vec<Func>)> {
        if !Engine::same(self.linker.engine(), opaque.engine()) {
            return Err(format_err!("the linker was made with another engine than the store"));
        }
        let sources = self.resolve()?;
        self.check(opaque, &sources)?;
        let order = self.order(&sources)?;

        let handles: Vec<_> =
            self.members.iter().map(|member| InstanceData::allocate(opaque, &member.module)).collect();
        for (member, &handle) in self.members.iter().zip(&handles) {
            let funcs = self
                .imports_of(member, &sources)
                .filter_map(|(import, source)| matches!(import.ty, ExternType::Func(_)).then_some(source));
            for (source, funcidx) in funcs.zip(0..) {
                let func = func_of(opaque, &handles, source)?;
                handle.get_mut(opaque)?.link_func(funcidx, func);
            }
        }
        for &member in &order {
            let (member, handle) = (&self.members[member as usize], handles[member as usize]);
            for (import, source) in self.imports_of(member, &sources) {
                if matches!(import.ty, ExternType::Func(_)) {
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
        Ok((LinkedGroup { names: self.names.clone(), instances }, starts))
    }

    /// How many imports all members have.
    fn places(&self) -> usize {
        self.members.last().map_or(0, |last| last.place + last.module.parsed().imports.len())
    }

    fn imports_of<'a>(
        &self,
        member: &'a Member,
        sources: &'a [Source<'a>],
    ) -> impl Iterator<Item = (&'a pirn_decode::module::Import, Source<'a>)> {
        member.module.parsed().imports.iter().zip(sources[member.place..].iter().copied())
    }

    /// Who imports what at a place, and its type.
    fn import_at(&self, place: usize) -> (ImportName, ExternType) {
        // Members without imports have the place of the next one.
        let member = &self.members[self.members.partition_point(|member| member.place <= place) - 1];
        let import = &member.module.parsed().imports[place - member.place];
        let name =
            ImportName { importer: (&*member.name).into(), module: import.module.clone(), name: import.name.clone() };
        (name, import.ty.clone())
    }

    /// What defines each import, by place.
    fn resolve(&self) -> Result<Vec<Source<'linker>>, LinkError> {
        let mut links = Vec::with_capacity(self.places());
        let mut reexports = Reexports::default();
        for member in &self.members {
            // Imports from one module mostly stand together.
            let mut last: Option<(&str, Option<u32>)> = None;
            for import in &member.module.parsed().imports {
                let exporter = match last {
                    Some((name, exporter)) if *name == *import.module => exporter,
                    _ => self.names.get(&*import.module).copied(),
                };
                last = Some((&import.module, exporter));
                let member = exporter.map(|index| (index, &self.members[index as usize]));
                let export = member.and_then(|(index, member)| {
                    let export = member.module.export_index(&import.name)?;
                    Some(match reexports.import(index, &member.module, export) {
                        Some(import) => Link::Alias(member.place + import),
                        None => Link::Source(Source::Member(index, export)),
                    })
                });
                let defined = || self.linker.definition(&import.module, &import.name).map(Source::Linker);
                let Some(link) = export.or_else(|| defined().map(Link::Source)) else {
                    let (import, expected) = self.import_at(links.len());
                    let module_exists = exporter.is_some() || self.linker.defines_module(&import.module);
                    return Err(LinkError::UnknownImport { import, expected, module_exists });
                };
                links.push(link);
            }
        }
        self.follow(links)
    }

    /// Replaces every alias by what it leads to.
    fn follow(&self, mut links: Vec<Link<'linker>>) -> Result<Vec<Source<'linker>>, LinkError> {
        let mut sources = Vec::with_capacity(links.len());
        let mut path = Vec::new();
        for place in 0..links.len() {
            let mut at = place;
            let source = loop {
                match links[at] {
                    Link::Source(source) => break source,
                    Link::Alias(next) => {
                        links[at] = Link::Open;
                        path.push(at);
                        at = next;
                    }
                    Link::Open => {
                        let circle = path.iter().skip_while(|&&place| place != at);
                        return Err(LinkError::Cycle { imports: circle.map(|&place| self.import_at(place)).collect() });
                    }
                }
            };
            for at in path.drain(..) {
                links[at] = Link::Source(source);
            }
            sources.push(source);
        }
        Ok(sources)
    }

    /// Whether the types fit, and the store's limits allow for the instances. Nothing has changed if not.
    fn check(&self, store: &StoreOpaque, sources: &[Source<'_>]) -> Result<()> {
        let (mut memories, mut tables) = (0, 0);
        for member in &self.members {
            let parsed = member.module.parsed();
            memories += parsed.memories.len() - parsed.imported_memories;
            tables += parsed.tables.len() - parsed.imported_tables;
            let mut funcidx = 0;
            for (i, (import, source)) in self.imports_of(member, sources).enumerate() {
                let named = |error| {
                    format_err!("module `{}`: import `{}::{}`: {error}", member.name, import.module, import.name)
                };
                let type_id = || member.module.type_id(funcidx);
                let found = match source {
                    Source::Member(exporter, index) => {
                        let exporter = &self.members[exporter as usize].module;
                        match index {
                            ExternIndex::Func(index) if matches!(import.ty, ExternType::Func(_)) => {
                                (exporter.type_id(index) != type_id())
                                    .then(|| exporter.extern_type(ExternIndex::Func(index)))
                            }
                            _ => {
                                let found = exporter.extern_type(index);
                                (!found.matches(&import.ty)).then_some(found)
                            }
                        }
                    }
                    Source::Linker(Definition::Host(host)) => {
                        let found = ExternType::Func(host.ty().clone());
                        (found != import.ty).then_some(found)
                    }
                    Source::Linker(Definition::Extern(item)) => {
                        let found = item.ty_in(store).map_err(named)?;
                        (!found.matches(&import.ty)).then_some(found)
                    }
                };
                if let Some(found) = found {
                    let (import, expected) = self.import_at(member.place + i);
                    return Err(LinkError::IncompatibleImport { import, expected, found }.into());
                }
                funcidx += u32::from(matches!(import.ty, ExternType::Func(_)));
            }
        }
        store.check_counts(self.members.len(), memories, tables)
    }

    /// In which order the members are initialised.
    fn order(&self, sources: &[Source<'_>]) -> Result<Vec<u32>, LinkError> {
        // Many imports of functions from one member are one edge.
        let mut seen = vec![u32::MAX; self.members.len()];
        let edges = self.members.iter().zip(0..).map(|(member, index)| {
            let imports = self.imports_of(member, sources).zip(0..).filter_map(|((_, source), import)| {
                let Source::Member(to, export) = source else { return None };
                let needs = !matches!(export, ExternIndex::Func(_));
                let first = std::mem::replace(&mut seen[to as usize], index) != index;
                (needs || first).then_some(Edge { to, import, needs })
            });
            imports.collect()
        });
        let edges: Vec<Vec<Edge>> = edges.collect();
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

/// Which import of a member stands behind an export; computed for members of which it was asked, because most export
/// nothing but their own.
#[derive(Default)]
struct Reexports {
    /// By member: the imports of functions, tables, memories, globals.
    imports: HashMap<u32, [Vec<usize>; 4]>,
}

impl Reexports {
    fn import(&mut self, member: u32, module: &Module, export: ExternIndex) -> Option<usize> {
        let parsed = module.parsed();
        let (kind, index, imported) = match export {
            ExternIndex::Func(index) => (0, index, parsed.imported_funcs),
            ExternIndex::Table(index) => (1, index, parsed.imported_tables),
            ExternIndex::Memory(index) => (2, index, parsed.imported_memories),
            ExternIndex::Global(index) => (3, index, parsed.imported_globals),
        };
        if index as usize >= imported {
            return None;
        }
        let imports = self.imports.entry(member).or_insert_with(|| {
            let mut imports = <[Vec<usize>; 4]>::default();
            for (i, import) in parsed.imports.iter().enumerate() {
                let kind = match import.ty {
                    ExternType::Func(_) => 0,
                    ExternType::Table(_) => 1,
                    ExternType::Memory(_) => 2,
                    ExternType::Global(_) => 3,
                };
                imports[kind].push(i);
            }
            imports
        });
        Some(imports[kind][index as usize])
    }
}

/// The instances of a [`LinkGroup`].
#[derive(Debug, Clone)]
pub struct LinkedGroup {
    names: HashMap<Arc<str>, u32>,
    instances: Vec<(Arc<str>, Instance)>,
}

impl LinkedGroup {
    /// The instance of the module called `name`.
    pub fn get(&self, name: &str) -> Option<Instance> {
        self.names.get(name).map(|&index| self.instances[index as usize].1)
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
