//! From a store to what a snapshot holds.

use super::PausedCall;
use super::frames::{frames, take_execution};
use super::hooks::SnapshotHooks;
use super::names::Names;
use super::places::Places;
use super::state::{GlobalState, InstanceState, MemoryState, Run, State, TableState, Value};
use crate::error::{Result, format_err};
use crate::items::value::{Ref, Val};
use crate::module::Module;
use crate::store::handle::Handle;
use crate::store::instance_data::InstanceData;
use crate::store::opaque::StoreOpaque;
use pirn_decode::objects::is_traced;
use pirn_decode::{FuncIdx, RefType, TableType, ValType};
use pirn_exec::Word;
use std::collections::HashMap;

/// A page of zeros of so many bytes is left out.
const PAGE: usize = 4096;

/// What is in the store, and the paused calls.
///
/// # Errors
/// Those of [`Snapshot::take`](crate::Snapshot::take).
pub(super) fn take(
    store: &StoreOpaque,
    paused: &[&dyn PausedCall],
    hooks: &mut dyn SnapshotHooks,
) -> Result<(State, Vec<Handle<InstanceData>>)> {
    // What is looked at is rooted only as long as that.
    let _look = store.look();
    let (modules, places) = modules(store)?;
    let mut names = Names::new(store, &modules, hooks)?;
    let mut state = State { fuel: store.fuel().ok(), ..State::default() };
    let (mut memories, mut tables, mut globals) = (HashMap::new(), HashMap::new(), HashMap::new());
    for (tag, number) in store.tags().zip(0_u32..) {
        names.tags.insert(tag.as_ptr().addr(), number);
        let type_id = tag.get(store)?.type_id;
        let ty =
            names.type_number(type_id).map_err(|error| error.context(format_args!("tag {number} of the store")))?;
        state.tags.push(ty);
    }
    for (memory, number) in store.memories().zip(0_u32..) {
        memories.insert(memory, number);
        let memory = memory.get(store)?;
        if memory.shared().is_some() {
            return Err(format_err!(
                "memory {number} of the store is shared between threads: it cannot be in a snapshot"
            ));
        }
        state.memories.push(MemoryState { ty: memory.ty(), runs: runs(memory.bytes()) });
    }
    for (table, number) in store.tables().zip(0_u32..) {
        tables.insert(table, number);
        let table = table.get(store)?;
        let ty = table.ty();
        let mut elements: Vec<(u64, _)> = Vec::new();
        let mut last = None;
        for &word in table.elements() {
            match elements.last_mut() {
                Some((count, _)) if last == Some(word) => *count += 1,
                _ => {
                    // SAFETY: L5: a table holds words of its element type, in its store.
                    let reference = unsafe { Ref::from_word(ty.element, word, store) };
                    elements.push((1, names.value(reference.into())?));
                    last = Some(word);
                }
            }
        }
        let ValType::Ref(element) = names.ty(ValType::Ref(ty.element))? else { unreachable!("a type of references") };
        state.tables.push(TableState { ty: TableType { element, ..ty }, elements });
    }
    for (global, number) in store.globals().zip(0_u32..) {
        globals.insert(global, number);
        let item = global.get(store)?;
        // SAFETY: L5: a global holds the words of a value of its type, in its store.
        let value = unsafe { Val::from_words(item.ty.content, item.cell.get(), store) };
        let (ty, value) = (names.ty(item.ty.content)?, names.value(value)?);
        state.globals.push(GlobalState { mutable: item.ty.mutable, ty, value });
    }
    for (instance, module) in store.instances().zip(places) {
        let instance = instance.get(store)?;
        let parsed = instance.module().parsed();
        let imports = (0..parsed.imported_funcs as u32).map(FuncIdx);
        let (data_dropped, elements_dropped) = instance.dropped_segments();
        let funcs = imports.map(|funcidx| names.func(instance.func(funcidx, store.id())));
        state.instances.push(InstanceState {
            name: None,
            module,
            funcs: funcs.collect::<Result<_>>()?,
            tables: instance.tables.iter().map(|table| tables[table]).collect(),
            memories: instance.memories.iter().map(|memory| memories[memory]).collect(),
            globals: instance.globals.iter().map(|global| globals[global]).collect(),
            tags: instance.tags.iter().map(|tag| names.tags[&tag.as_ptr().addr()]).collect(),
            data_dropped,
            elements_dropped,
            elements: elements(store, instance, &mut names)?,
        });
    }
    state.modules = modules.iter().map(Module::hash).collect();
    let mut places = Places::default();
    let all = paused.iter().filter_map(|call| call.parts(store.id()).ok());
    places.find_at(all.flat_map(|parts| frames(store, &parts)))?;
    for (number, call) in paused.iter().enumerate() {
        let parts = call.parts(store.id());
        let taken = parts.and_then(|parts| take_execution(store, &mut names, &places, parts));
        state.executions.push(taken.map_err(|error| error.context(format_args!("paused call {number}")))?);
    }
    names.objects(&mut state.objects)?;
    if let Some(exception) = store.pending_exception() {
        state.pending = Some(names.object(exception.word(store)?));
        let found = names.objects(&mut state.objects);
        found
            .map_err(|error| error.context("the pending exception (`Store::take_pending_exception` takes it away)"))?;
    }
    (state.hosts, state.externs, state.types) = (names.host_funcs, names.saved_externs, names.named_types);
    Ok((state, store.instances().collect()))
}

/// The modules of the instances, each once, and the place of each instance's among them.
///
/// # Errors
/// An instance was not finished.
fn modules(store: &StoreOpaque) -> Result<(Vec<Module>, Vec<u32>)> {
    let (mut modules, mut places) = (Vec::<Module>::new(), Vec::new());
    for (instance, number) in store.instances().zip(0_u32..) {
        let instance = instance.get(store)?;
        if !instance.is_finished() {
            return Err(format_err!("instance {number} of the store was not finished: making it failed"));
        }
        let module = instance.module();
        let place = modules.iter().position(|other| Module::same(other, module));
        places.push(place.unwrap_or(modules.len()) as u32);
        if place.is_none() {
            modules.push(module.clone());
        }
    }
    Ok((modules, places))
}

/// What is in those element segments of an instance of which a snapshot says it.
fn elements(store: &StoreOpaque, instance: &InstanceData, names: &mut Names<'_>) -> Result<Vec<Vec<Value>>> {
    let segments = instance.module().parsed().elements.iter().enumerate();
    let traced = segments.filter(|(_, element)| is_traced(ValType::Ref(element.ty)));
    let value = |names: &mut Names<'_>, ty: RefType, word: Word| {
        // SAFETY: L5: a segment holds words of its type, in its instance's store.
        names.value(unsafe { Ref::from_word(ty, word, store) }.into())
    };
    let mut all = Vec::new();
    for (index, element) in traced {
        let words = instance.block.element_words(index);
        if !words.is_empty() {
            all.push(words.iter().map(|&word| value(names, element.ty, word)).collect::<Result<_>>()?);
        }
    }
    Ok(all)
}

/// What is not zero, in whole pages; the last one may be shorter.
fn runs(bytes: &[u8]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (page, start) in bytes.chunks(PAGE).zip((0..).step_by(PAGE)) {
        if page.iter().all(|&byte| byte == 0) {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.start + run.bytes.len() as u64 == start => run.bytes.extend_from_slice(page),
            _ => runs.push(Run { start, bytes: page.to_vec() }),
        }
    }
    runs
}
