//! Memories, tables, globals and references.

use crate::{assert_says, instance};
use pirn::*;

#[test]
fn memories() {
    let (mut store, instance) = instance(
        r#"(module
            (memory (export "memory") 1 3)
            (data (i32.const 3) "abc")
            (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#,
    );
    let memory = instance.get_memory(&store, "memory").unwrap();
    assert_eq!(memory.ty(&store), MemoryType::new(1, Some(3)));
    assert_eq!((memory.size(&store), memory.data_size(&store)), (1, 65_536));
    assert_eq!(&memory.data(&store)[..7], b"\0\0\0abc\0");

    memory.data_mut(&mut store)[0] = 9;
    let load = instance.get_typed_func::<i32, i32>(&store, "load").unwrap();
    assert_eq!(load.call(&mut store, 0).unwrap(), 9);

    let grow = instance.get_typed_func::<i32, i32>(&store, "grow").unwrap();
    assert_eq!(grow.call(&mut store, 1).unwrap(), 1);
    assert_eq!(memory.data(&store).len(), 2 * 65_536);
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 2);
    assert_eq!(load.call(&mut store, 3 * 65_536 - 1).unwrap(), 0);
    assert_says(&memory.grow(&mut store, 1).unwrap_err(), &["failed to grow", "3 pages by 1"]);
    assert!(memory.grow(&mut store, u64::MAX).is_err());
    assert_eq!(grow.call(&mut store, 1).unwrap(), -1);

    memory.write(&mut store, 3 * 65_536 - 2, b"xy").unwrap();
    let mut buffer = [0; 2];
    memory.read(&store, 3 * 65_536 - 2, &mut buffer).unwrap();
    assert_eq!(&buffer, b"xy");
    assert!(memory.write(&mut store, 3 * 65_536 - 1, b"xy").is_err());
    assert!(memory.read(&store, usize::MAX, &mut buffer).is_err());
    assert_eq!(load.call(&mut store, 3 * 65_536).unwrap_err().trap(), Some(Trap::MemoryOutOfBounds));
}

#[test]
fn memory_and_data_at_once() {
    let mut store = Store::new(&Engine::default(), 5u8);
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let (bytes, data) = memory.data_and_store_mut(&mut store);
    bytes[0] = *data;
    *data = 6;
    assert_eq!((memory.data(&store)[0], *store.data()), (5, 6));
}

#[test]
fn limits() {
    let limits = StoreLimitsBuilder::new().memory_size(2 * 65_536 + 1).table_elements(4).memories(2).tables(1);
    let mut store = Store::new(&Engine::default(), ());
    store.set_limits(limits.build());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    memory.grow(&mut store, 1).unwrap();
    assert!(memory.grow(&mut store, 1).is_err());
    // The declared maximum is what was declared.
    assert_eq!(memory.ty(&store), MemoryType::new(2, None));
    assert_says(
        &Memory::new(&mut store, MemoryType::new(3, None)).unwrap_err(),
        &["196608 bytes", "limit of 131073 bytes"],
    );
    Memory::new(&mut store, MemoryType::new(0, None)).unwrap();
    assert_says(&Memory::new(&mut store, MemoryType::new(0, None)).unwrap_err(), &["limit of 2 memories"]);

    let table_type = |min| TableType::new(RefType::FUNCREF, min, None);
    assert_says(&Table::new(&mut store, table_type(5), Ref::Func(None)).unwrap_err(), &["limit of 4 elements"]);
    let table = Table::new(&mut store, table_type(3), Ref::Func(None)).unwrap();
    assert_eq!(table.grow(&mut store, 1, Ref::Func(None)).unwrap(), 3);
    assert!(table.grow(&mut store, 1, Ref::Func(None)).is_err());
    let module = Module::new(store.engine(), "(module (table 0 funcref))").unwrap();
    assert_says(&Instance::new(&mut store, &module, &[]).unwrap_err(), &["limit of 1 tables"]);

    let mut config = Config::new();
    config.limits(StoreLimitsBuilder::new().instances(1).build());
    let mut store = Store::new(&Engine::new(&config).unwrap(), ());
    let module = Module::new(store.engine(), "(module)").unwrap();
    Instance::new(&mut store, &module, &[]).unwrap();
    assert_says(&Instance::new(&mut store, &module, &[]).unwrap_err(), &["limit of 1 instances"]);

    let invalid = [MemoryType::new(65_537, None), MemoryType::new(2, Some(1)), MemoryType::new(0, Some(65_537))];
    let mut store = Store::new(&Engine::default(), ());
    for ty in invalid {
        assert_says(&Memory::new(&mut store, ty).unwrap_err(), &["there can be no memory of type"]);
    }
}

#[test]
fn globals() {
    let (mut store, instance) = instance(
        r#"(module
            (global (export "const") i32 (i32.add (i32.const 40) (i32.const 2)))
            (global $g (export "var") (mut f64) (f64.const 1.5))
            (global (export "ref") (mut externref) (ref.null extern))
            (func (export "get") (result f64) (global.get $g))
            (func (export "set") (param f64) (global.set $g (local.get 0))))"#,
    );
    let constant = instance.get_global(&store, "const").unwrap();
    assert_eq!(constant.get(&store), Val::I32(42));
    assert_says(&constant.set(&mut store, Val::I32(1)).unwrap_err(), &["immutable"]);
    let var = instance.get_global(&store, "var").unwrap();
    assert_eq!(var.ty(&store), GlobalType::new(ValType::F64, true));
    var.set(&mut store, Val::from(2.5)).unwrap();
    assert_says(&var.set(&mut store, Val::I32(1)).unwrap_err(), &["expected f64, found i32"]);
    let get = instance.get_typed_func::<(), f64>(&store, "get").unwrap();
    assert_eq!(get.call(&mut store, ()).unwrap(), 2.5);
    instance.get_typed_func::<f64, ()>(&store, "set").unwrap().call(&mut store, 3.5).unwrap();
    assert_eq!(var.get(&store).f64(), Some(3.5));

    let mut other = Store::new(store.engine(), ());
    let foreign = ExternRef::new(&mut other, 1);
    let reference = instance.get_global(&store, "ref").unwrap();
    assert_says(&reference.set(&mut store, foreign.into()).unwrap_err(), &["wrong store"]);
    assert_eq!(reference.get(&store), Val::ExternRef(None));
    let error = Global::new(&mut store, GlobalType::new(ValType::I32, false), Val::I64(1)).unwrap_err();
    assert_says(&error, &["expected i32, found i64"]);
}

#[test]
fn tables() {
    let (mut store, instance) = instance(
        r#"(module
            (type $t (func (result i32)))
            (table (export "table") 3 5 funcref)
            (func $seven (export "seven") (result i32) (i32.const 7))
            (elem (i32.const 1) $seven)
            (func (export "call") (param i32) (result i32) (call_indirect (type $t) (local.get 0))))"#,
    );
    let table = instance.get_table(&store, "table").unwrap();
    let seven = instance.get_func(&store, "seven").unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    assert_eq!(table.ty(&store), TableType::new(RefType::FUNCREF, 3, Some(5)));
    assert_eq!(table.get(&store, 0), Some(Ref::Func(None)));
    assert_eq!(table.get(&store, 1), Some(Ref::Func(Some(seven))));
    assert_eq!(table.get(&store, 3), None);
    assert_eq!(call.call(&mut store, 1).unwrap(), 7);
    assert_eq!(call.call(&mut store, 0).unwrap_err().trap(), Some(Trap::UninitializedElement));
    assert_eq!(call.call(&mut store, 3).unwrap_err().trap(), Some(Trap::UndefinedElement));

    let host = Func::wrap(&mut store, || 8i32);
    table.set(&mut store, 0, host.into()).unwrap();
    assert_eq!(call.call(&mut store, 0).unwrap(), 8);
    let other_type = Func::wrap(&mut store, || 8i64);
    table.set(&mut store, 0, other_type.into()).unwrap();
    assert_eq!(call.call(&mut store, 0).unwrap_err().trap(), Some(Trap::IndirectCallTypeMismatch));
    assert_eq!(table.set(&mut store, 3, host.into()).unwrap_err().trap(), Some(Trap::TableOutOfBounds));
    assert_says(&table.set(&mut store, 0, Ref::Extern(None)).unwrap_err(), &["expected funcref, found externref"]);

    assert_eq!(table.grow(&mut store, 2, host.into()).unwrap(), 3);
    assert_eq!(call.call(&mut store, 4).unwrap(), 8);
    assert_says(&table.grow(&mut store, 1, host.into()).unwrap_err(), &["failed to grow", "5 elements by 1"]);
    table.fill(&mut store, 0, seven.into(), 5).unwrap();
    assert_eq!(call.call(&mut store, 4).unwrap(), 7);

    let copy = Table::new(&mut store, TableType::new(RefType::FUNCREF, 2, None), host.into()).unwrap();
    Table::copy(&mut store, &table, 3, &copy, 0, 2).unwrap();
    assert_eq!(table.get(&store, 3), Some(host.into()));
    Table::copy(&mut store, &table, 0, &table, 2, 3).unwrap();
    assert_eq!(table.get(&store, 0), Some(seven.into()));
    assert_eq!(table.get(&store, 1), Some(host.into()));
    let error = Table::copy(&mut store, &table, 0, &copy, 1, 2).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::TableOutOfBounds));
}

#[test]
fn references_go_round() {
    let (mut store, instance) = instance(
        r#"(module
            (table $t (export "t") 2 externref)
            (func (export "extern") (param externref) (result externref)
                (table.set $t (i32.const 1) (local.get 0))
                (table.get $t (i32.const 1)))
            (func (export "func") (param funcref) (result funcref) (local.get 0))
            (func (export "is_null") (param externref) (result i32) (ref.is_null (local.get 0)))
            (func $f (export "f"))
            (elem declare func $f)
            (func (export "ref_f") (result funcref) (ref.func $f)))"#,
    );
    let value = ExternRef::new(&mut store, String::from("hello"));
    let echo =
        instance.get_typed_func::<Option<Rooted<ExternRef>>, Option<Rooted<ExternRef>>>(&store, "extern").unwrap();
    assert_eq!(echo.call(&mut store, Some(value)).unwrap(), Some(value));
    assert_eq!(value.data(&store).unwrap().unwrap().downcast_ref::<String>().unwrap(), "hello");
    let table = instance.get_table(&store, "t").unwrap();
    assert_eq!(table.get(&store, 1), Some(value.into()));
    assert_eq!(echo.call(&mut store, None).unwrap(), None);
    let is_null = instance.get_typed_func::<Option<Rooted<ExternRef>>, i32>(&store, "is_null").unwrap();
    assert_eq!(is_null.call(&mut store, None).unwrap(), 1);
    assert_eq!(is_null.call(&mut store, Some(value)).unwrap(), 0);

    let echo = instance.get_typed_func::<Option<Func>, Option<Func>>(&store, "func").unwrap();
    let f = instance.get_func(&store, "f").unwrap();
    assert_eq!(echo.call(&mut store, Some(f)).unwrap(), Some(f));
    assert_eq!(echo.call(&mut store, None).unwrap(), None);
    let ref_f = instance.get_typed_func::<(), Option<Func>>(&store, "ref_f").unwrap();
    assert_eq!(ref_f.call(&mut store, ()).unwrap(), Some(f));
    let mut result = [Val::I32(0)];
    echo.func().call(&mut store, &[f.into()], &mut result).unwrap();
    assert_eq!(result, [f.into()]);

    let other = Store::new(store.engine(), ());
    assert!(value.data(&other).is_err());
}

/// The id of a type that nobody has is given to another one.
#[test]
fn globals_and_tables_keep_the_type_they_are_of() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let text = |fields: &str| {
        format!(
            r#"(module (type $s (struct {fields}))
                (import "" "g" (global (mut (ref null $s)))) (import "" "t" (table 0 (ref null $s))))"#
        )
    };
    let module = |fields: &str| Module::new(&engine, text(fields)).unwrap();
    let mut items: Vec<Extern> = Vec::new();
    for import in module("(field (mut i64)) (field f32)").imports() {
        items.push(match import.ty() {
            ExternType::Global(ty) => Global::new(&mut store, ty, Val::AnyRef(None)).unwrap().into(),
            ExternType::Table(ty) => Table::new(&mut store, ty, Ref::Any(None)).unwrap().into(),
            other => panic!("{other}"),
        });
    }
    let others: Vec<Module> = (0..20).map(|n| module(&"(field i32)".repeat(n))).collect();
    for other in &others {
        assert!(Instance::new(&mut store, other, &items).is_err());
    }
    Instance::new(&mut store, &module("(field (mut i64)) (field f32)"), &items).unwrap();
}

#[test]
fn types_and_references_say_what_they_are() {
    let ty = FuncType::new([ValType::I32, ValType::FUNCREF], [ValType::V128]);
    assert_eq!([0, 1, 2].map(|i| ty.param(i)), [Some(ValType::I32), Some(ValType::FUNCREF), None]);
    assert_eq!([0, 1].map(|i| ty.result(i)), [Some(ValType::V128), None]);

    let is = |ty: ValType| (ty.is_num(), ty.is_vector(), ty.as_ref());
    assert!([ValType::I32, ValType::I64, ValType::F32, ValType::F64].iter().all(|ty| is(*ty) == (true, false, None)));
    assert_eq!(is(ValType::V128), (false, true, None));
    assert_eq!(is(ValType::FUNCREF), (false, false, Some(RefType::FUNCREF)));
    assert_eq!(ValType::EXTERNREF.unwrap_ref(), RefType::EXTERNREF);
    assert!(std::panic::catch_unwind(|| ValType::F64.unwrap_ref()).is_err());

    let ends = |ty: HeapType| (ty.is_top(), ty.is_bottom());
    assert!(
        [HeapType::Func, HeapType::Extern, HeapType::Any, HeapType::Exn].iter().all(|ty| ends(*ty) == (true, false))
    );
    assert!([HeapType::NoFunc, HeapType::None].iter().all(|ty| ends(*ty) == (false, true)));
    assert_eq!(ends(HeapType::Struct), (false, false));

    let (mut store, _) = instance("(module)");
    let func = Func::wrap(&mut store, || {});
    let (some, null, other) = (Ref::Func(Some(func)), Ref::Func(None), Ref::Extern(None));
    assert_eq!([some, null, other].map(|it| it.is_non_null()), [true, false, false]);
    assert_eq!((some.as_func(), null.as_func(), other.as_func()), (Some(Some(&func)), Some(None), None));
    assert_eq!((some.unwrap_func(), null.unwrap_func()), (Some(&func), None));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| other.unwrap_func().is_some())).is_err());
    let is_func = |it: Ref| it.matches_ty(&store, RefType::new(false, HeapType::Func)).unwrap();
    assert_eq!([some, null, other].map(is_func), [true, false, false]);
}
