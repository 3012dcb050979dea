//! From a store to what a snapshot holds.

use super::PausedCall;
use super::frames::{frames, take_execution};
use super::hooks::SnapshotHooks;
use super::names::Names;
use super::places::Places;
use super::state::{GlobalState, InstanceState, MemoryState, Run, State, TableState, supported};
use crate::error::{Result, format_err};
use crate::items::value::{Ref, Val};
use crate::module::Module;
use crate::store::handle::Handle;
use crate::store::instance_data::InstanceData;
use crate::store::opaque::StoreOpaque;
use pirn_decode::{FuncIdx, ValType};
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
    if !store.is_without_tags() {
        return Err(format_err!("the store has tags: they cannot be in a snapshot"));
    }
    let mut names = Names::new(store, hooks)?;
    let mut state = State { fuel: store.fuel().ok(), ..State::default() };
    let (mut memories, mut tables, mut globals) = (HashMap::new(), HashMap::new(), HashMap::new());
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
        supported(ValType::Ref(ty.element), || format!("table {number} of the store"))?;
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
        state.tables.push(TableState { ty, elements });
    }
    for (global, number) in store.globals().zip(0_u32..) {
        globals.insert(global, number);
        let item = global.get(store)?;
        supported(item.ty.content, || format!("global {number} of the store"))?;
        // SAFETY: L5: a global holds the words of a value of its type, in its store.
        let value = unsafe { Val::from_words(item.ty.content, item.cell.get(), store) };
        state.globals.push(GlobalState { mutable: item.ty.mutable, value: names.value(value)? });
    }
    let mut modules: Vec<Module> = Vec::new();
    for (instance, number) in store.instances().zip(0_u32..) {
        let instance = instance.get(store)?;
        let (module, parsed) = (instance.module(), instance.module().parsed());
        let lists = [instance.memories.len(), instance.tables.len(), instance.globals.len()];
        if lists != [parsed.memories.len(), parsed.tables.len(), parsed.globals.len()] {
            return Err(format_err!("instance {number} of the store was not finished: instantiating it failed"));
        }
        let place = match modules.iter().position(|other| Module::same(other, module)) {
            Some(place) => place,
            None => {
                modules.push(module.clone());
                modules.len() - 1
            }
        };
        let imports = (0..parsed.imported_funcs as u32).map(FuncIdx);
        let (data_dropped, elements_dropped) = instance.dropped_segments();
        let funcs = imports.map(|funcidx| names.func(instance.func(funcidx, store.id())));
        state.instances.push(InstanceState {
            name: None,
            module: place as u32,
            funcs: funcs.collect::<Result<_>>()?,
            tables: instance.tables.iter().map(|table| tables[table]).collect(),
            memories: instance.memories.iter().map(|memory| memories[memory]).collect(),
            globals: instance.globals.iter().map(|global| globals[global]).collect(),
            data_dropped,
            elements_dropped,
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
    (state.hosts, state.externs) = (names.host_funcs, names.saved_externs);
    Ok((state, store.instances().collect()))
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
