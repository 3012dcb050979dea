//! Modules that import from each other in circles, as one module that does the same: for engines that instantiate one
//! module after the other.
//!
//! All share one memory and one table; functions, globals and segments follow each other, and what they are called says
//! which module they come from (`1:f0`).

use super::tree::{Import, ModuleSpec, Node, Op};
use crate::program::FUEL;
use wasm_encoder::{ExportKind, HeapType, Instruction as I, RefType, ValType};

/// What the indices of one module are in the merged one.
struct Maps {
    funcs: Vec<u32>,
    globals: Vec<u32>,
    types: Vec<u32>,
    /// Its passive segments, of both kinds.
    segment: u32,
}

/// The modules as one. Only the first has a memory and a table.
pub(super) fn merge(modules: &[ModuleSpec]) -> ModuleSpec {
    let mut merged = ModuleSpec { memory: true, table: true, ..ModuleSpec::default() };
    let is_host = |(from, _, import): &&(String, String, Import)| matches!(import, Import::Func(_)) && from == "host";
    merged.imported_funcs = modules.iter().flat_map(|module| module.imports.iter().filter(is_host)).count() as u32;
    // Where each module's own functions and globals begin.
    let mut bases = Vec::new();
    let (mut func, mut global) = (merged.imported_funcs, 0);
    for module in modules {
        bases.push((func, global));
        func += module.funcs.len() as u32;
        global += module.globals.len() as u32;
    }
    // `m<n>` and `f<n>` or `g<n>`.
    let number = |name: &str| name[1..].parse::<u32>().expect("a generated name");
    let mut exports = Vec::new();
    let mut hosts = 0;
    for (index, module) in modules.iter().enumerate() {
        let types: Vec<u32> =
            module.types.signatures().iter().map(|(params, results)| merged.types.index(params, results)).collect();
        let mut maps = Maps { funcs: Vec::new(), globals: Vec::new(), types, segment: index as u32 };
        for (from, name, import) in &module.imports {
            match import {
                Import::Func(ty) if from == "host" => {
                    let ty = maps.types[*ty as usize];
                    merged.imports.push((from.clone(), name.clone(), Import::Func(ty)));
                    maps.funcs.push(hosts);
                    hosts += 1;
                }
                Import::Func(_) => maps.funcs.push(bases[number(from) as usize].0 + number(name)),
                Import::Global(_) if name == FUEL => maps.globals.push(modules[0].named_globals[0].0),
                Import::Global(_) => maps.globals.push(bases[number(from) as usize].1 + number(name)),
                Import::Memory | Import::Table | Import::Other(_) => {}
            }
        }
        let (first_func, first_global) = bases[index];
        for i in 0..module.funcs.len() as u32 {
            maps.funcs.push(first_func + i);
            exports.push((format!("{index}:f{i}"), ExportKind::Func, first_func + i));
        }
        for i in 0..module.globals.len() as u32 {
            maps.globals.push(first_global + i);
            exports.push((format!("{index}:g{i}"), ExportKind::Global, first_global + i));
        }
        for (global, name) in &module.named_globals {
            exports.push((format!("{index}:{name}"), ExportKind::Global, maps.globals[*global as usize]));
        }
        exports.push((format!("{index}:mem"), ExportKind::Memory, 0));
        exports.push((format!("{index}:tab"), ExportKind::Table, 0));
        merged.globals.extend(module.globals.iter().copied());
        let mapped = |funcs: &[u32]| funcs.iter().map(|&func| maps.funcs[func as usize]).collect::<Vec<_>>();
        merged.elements.extend(module.elements.iter().map(|(offset, funcs)| (*offset, mapped(funcs))));
        merged.passive.extend(module.passive.iter().map(|funcs| mapped(funcs)));
        merged.passive_data.extend(module.passive_data.iter().cloned());
        if index == 0 {
            merged.data.clone_from(&module.data);
        }
        for func in &module.funcs {
            let mut func = func.clone();
            func.ty = maps.types[func.ty as usize];
            func.body.iter_mut().for_each(|node| maps.node(node));
            merged.funcs.push(func);
        }
    }
    merged.exports = Some(exports);
    merged
}

impl Maps {
    fn node(&self, node: &mut Node) {
        match &mut node.op {
            Op::Plain(instruction) => self.instruction(instruction),
            Op::Given | Op::Seq => {}
            Op::Block(_, ty, body, other) => {
                *ty = self.types[*ty as usize];
                body.iter_mut().chain(other).for_each(|node| self.node(node));
            }
        }
        node.kids.iter_mut().for_each(|kid| self.node(kid));
    }

    fn instruction(&self, instruction: &mut I<'static>) {
        match instruction {
            I::Call(func) | I::ReturnCall(func) | I::RefFunc(func) => *func = self.funcs[*func as usize],
            I::GlobalGet(global) | I::GlobalSet(global) => *global = self.globals[*global as usize],
            I::CallIndirect { type_index, .. }
            | I::ReturnCallIndirect { type_index, .. }
            | I::CallRef(type_index)
            | I::ReturnCallRef(type_index)
            | I::TypedSelect(ValType::Ref(RefType { heap_type: HeapType::Concrete(type_index), .. })) => {
                *type_index = self.types[*type_index as usize];
            }
            I::MemoryInit { data_index: segment, .. }
            | I::DataDrop(segment)
            | I::TableInit { elem_index: segment, .. }
            | I::ElemDrop(segment) => *segment = self.segment,
            _ => {}
        }
    }
}
