//! An instance that shows everything that is in it, and what that is.

use super::state::{Counts, MemoryState, Runs, State, TableState, merge, name};
use super::write::Source;
use crate::host::Host;
use anyhow::{Context, Result, bail};
use pirn::{Func, Instance, Linker, Module, Ref, Store, Val};
use std::collections::HashMap;
use wasm_encoder::{ConstExpr, Ieee32, Ieee64};

/// An instance that shows everything.
#[derive(Debug)]
pub struct Probe {
    pub instance: Instance,
    counts: Counts,
    /// What the names begin with under which it exports things.
    prefix: String,
}

/// So many zeros in a row are no reason yet to end a segment: the next one would take as many bytes.
const GAP: usize = 16;

impl Probe {
    /// # Errors
    /// Of instantiating.
    pub fn new(store: &mut Store<Host>, linker: &Linker<Host>, source: &Source<'_>) -> Result<Self> {
        let (bytes, prefix) = source.with_all_exported()?;
        let module = Module::from_binary(store.engine(), &bytes)?;
        let instance = linker.instantiate(&mut *store, &module)?;
        Ok(Self { instance, counts: source.counts(), prefix })
    }

    /// What is in it now.
    ///
    /// # Errors
    /// Something that no module can begin with: references to what is the host's, threads' memories, more than there are segments for.
    pub fn state(&self, store: &Store<Host>) -> Result<State> {
        let Self { instance, counts, prefix } = self;
        let mut funcs = HashMap::new();
        for index in 0..counts.funcs {
            let func = instance.get_func(store, &name(prefix, "f", index)).expect("all are exported");
            funcs.entry(func).or_insert(index);
        }
        let funcidx =
            |func: Func| funcs.get(&func).copied().context("a reference to a function that is not the module's");
        let mut memories = Vec::new();
        for index in 0..counts.memories {
            let memory = instance.get_memory(store, &name(prefix, "m", index));
            let memory = memory.with_context(|| format!("memory {index} is shared between threads"))?;
            memories.push(MemoryState { pages: memory.size(store), runs: runs(memory.data(store)) });
        }
        let mut tables = Vec::new();
        for index in 0..counts.tables {
            let table = instance.get_table(store, &name(prefix, "t", index)).expect("all are exported");
            let (size, mut runs) = (table.size(store), Runs::<Option<u32>>::new());
            for at in 0..size {
                let func = match table.get(store, at).expect("below the size") {
                    Ref::Func(None) | Ref::Extern(None) | Ref::Any(None) | Ref::Exn(None) => continue,
                    Ref::Func(Some(func)) => funcidx(func)?,
                    Ref::Extern(Some(_)) => bail!("table {index} holds an externref, which no module can begin with"),
                    Ref::Any(Some(_)) | Ref::Exn(Some(_)) => {
                        bail!("table {index} holds a struct, array, exception or small integer, which is not kept")
                    }
                };
                match runs.last_mut() {
                    Some((start, run)) if *start + run.len() as u64 == at => run.push(Some(func)),
                    _ => runs.push((at, vec![Some(func)])),
                }
            }
            tables.push(TableState { size, runs });
        }
        let mut globals = Vec::new();
        for index in 0..counts.globals {
            let global = instance.get_global(store, &name(prefix, "g", index)).expect("all are exported");
            globals.push(match global.get(store) {
                Val::I32(value) => Some(ConstExpr::i32_const(value)),
                Val::I64(value) => Some(ConstExpr::i64_const(value)),
                Val::F32(bits) => Some(ConstExpr::f32_const(Ieee32::new(bits))),
                Val::F64(bits) => Some(ConstExpr::f64_const(Ieee64::new(bits))),
                Val::V128(vector) => Some(ConstExpr::v128_const(vector.as_u128() as i128)),
                Val::FuncRef(Some(func)) => Some(ConstExpr::ref_func(funcidx(func)?)),
                Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => None,
                Val::ExternRef(Some(_)) => bail!("global {index} is an externref, which no module can begin with"),
                Val::AnyRef(Some(_)) | Val::ExnRef(Some(_)) => {
                    bail!("global {index} is a struct, array, exception or small integer, which is not kept")
                }
            });
        }
        merge(memories.iter_mut().map(|memory| &mut memory.runs).collect(), counts.data, &0, 2 * GAP as u64)?;
        // Tables whose elements may not be null are full, which is one run.
        merge(tables.iter_mut().map(|table| &mut table.runs).collect(), counts.elements, &None, 1)?;
        let (data_dropped, elements_dropped) = instance.dropped_segments(store);
        Ok(State { memories, tables, globals, data_dropped, elements_dropped })
    }
}

/// What is not zero.
fn runs(bytes: &[u8]) -> Runs<u8> {
    let mut runs = Runs::new();
    let mut at = 0;
    while let Some(zeros) = bytes[at..].iter().position(|&byte| byte != 0) {
        let start = at + zeros;
        let (mut end, mut next) = (start, start);
        // Until only zeros come, more than a segment is worth.
        while let Some(found) = bytes[next..].iter().take(GAP).position(|&byte| byte != 0) {
            end = next + found + 1;
            next = end;
        }
        runs.push((start as u64, bytes[start..end].to_vec()));
        at = end;
    }
    runs
}
