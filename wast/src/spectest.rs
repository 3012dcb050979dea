//! The host module `spectest`, which the specification's scripts import from.

use pirn::{
    Extern, Func, Global, GlobalType, Linker, Memory, MemoryType, Ref, RefType, Result, SharedMemory, Store, Table,
    TableType,
};
use pirn::{Val, ValType};

/// Defines it in `linker`. What is printed is discarded.
pub(crate) fn define(linker: &mut Linker<()>, store: &mut Store<()>) -> Result<()> {
    let print = [
        ("print", Func::wrap(&mut *store, || {})),
        ("print_i32", Func::wrap(&mut *store, |_: i32| {})),
        ("print_i64", Func::wrap(&mut *store, |_: i64| {})),
        ("print_f32", Func::wrap(&mut *store, |_: f32| {})),
        ("print_f64", Func::wrap(&mut *store, |_: f64| {})),
        ("print_i32_f32", Func::wrap(&mut *store, |_: i32, _: f32| {})),
        ("print_f64_f64", Func::wrap(&mut *store, |_: f64, _: f64| {})),
    ];
    let globals = [
        ("global_i32", Val::I32(666)),
        ("global_i64", Val::I64(666)),
        ("global_f32", Val::F32(666.6_f32.to_bits())),
        ("global_f64", Val::F64(666.6_f64.to_bits())),
    ];
    let mut items: Vec<(&str, Extern)> = Vec::new();
    items.extend(print.map(|(name, func)| (name, func.into())));
    for (name, value) in globals {
        let ty: ValType = value.ty();
        items.push((name, Global::new(&mut *store, GlobalType::new(ty, false), value)?.into()));
    }
    let ty = TableType::new(RefType::FUNCREF, 10, Some(20));
    items.push(("table", Table::new(&mut *store, ty, Ref::Func(None))?.into()));
    items.push(("memory", Memory::new(&mut *store, MemoryType::new(1, Some(2)))?.into()));
    items.push(("shared_memory", SharedMemory::new(store.engine(), MemoryType::shared(1, 2))?.into()));
    for (name, item) in items {
        linker.define(&mut *store, "spectest", name, item)?;
    }
    Ok(())
}
