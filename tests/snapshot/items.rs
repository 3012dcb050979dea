//! What a store holds besides paused calls.

use crate::{call, engine, module, restored};
use pirn::*;
use std::any::Any;

/// Takes a snapshot without paused calls.
fn taken(store: &Store<()>) -> Vec<u8> {
    Snapshot::take(store, &[]).unwrap().to_bytes()
}

const EXPORTER: &str = r#"(module
    (memory (export "memory") 1 10)
    (table (export "table") 4 8 funcref)
    (global (export "global") (mut i64) (i64.const 1))
    (func (export "poke") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
    (func $seven (result i32) (i32.const 7))
    (elem (i32.const 1) func $seven)
    (func (export "through") (param i32) (result i32) (call_indirect (result i32) (local.get 0))))"#;

const IMPORTER: &str = r#"(module
    (import "a" "memory" (memory 1 10))
    (import "a" "table" (table 2 8 funcref))
    (import "a" "global" (global $g (mut i64)))
    (import "a" "through" (func $through (param i32) (result i32)))
    (func $eight (export "eight") (result i32) (i32.const 8))
    (elem declare func $eight)
    (func (export "grow") (drop (memory.grow (i32.const 2))) (drop (table.grow (ref.func $eight) (i32.const 1))))
    (func (export "peek") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "put") (param i32) (table.set (local.get 0) (ref.func $eight)))
    (func (export "set") (param i64) (global.set $g (local.get 0)))
    (func (export "through") (param i32) (result i32) (call $through (local.get 0))))"#;

#[test]
fn what_instances_share_they_share_afterwards() {
    let engine = engine(false, true);
    let mut linker = Linker::<()>::new(&engine);
    let mut store = Store::new(&engine, ());
    let a = linker.instantiate(&mut store, &module(&engine, EXPORTER)).unwrap();
    linker.instance(&store, "a", a).unwrap();
    let b = linker.instantiate(&mut store, &module(&engine, IMPORTER)).unwrap();
    call(&mut store, b, "grow", &[]).unwrap();
    call(&mut store, b, "put", &[Val::I32(0)]).unwrap();
    call(&mut store, b, "set", &[Val::I64(-5)]).unwrap();
    call(&mut store, a, "poke", &[Val::I32(0x2_fffc), Val::I32(77)]).unwrap();
    let mut snapshot = Snapshot::take(&store, &[]).unwrap();
    snapshot.set_name(b, "importer").unwrap();
    let bytes = snapshot.to_bytes();
    assert!(bytes.len() < 1000, "three pages of zeros but for four bytes: {}", bytes.len());

    let engine = crate::engine(false, false);
    let (mut store, restored) =
        restored(&bytes, &engine, &Linker::new(&engine), &[IMPORTER, EXPORTER], &mut ()).unwrap();
    let (a, b) = (restored.instances()[0], restored.get("importer").unwrap());
    assert_eq!(restored.instances(), [a, b]);
    assert!(restored.get("exporter").is_none());
    let memory = a.get_memory(&store, "memory").unwrap();
    assert_eq!((memory.size(&store), restored.memories()), (3, &[memory][..]));
    assert_eq!(call(&mut store, b, "peek", &[Val::I32(0x2_fffc)]).unwrap(), [Val::I32(77)]);
    call(&mut store, a, "poke", &[Val::I32(8), Val::I32(-3)]).unwrap();
    assert_eq!(call(&mut store, b, "peek", &[Val::I32(8)]).unwrap(), [Val::I32(-3)]);
    assert_eq!(memory.grow(&mut store, 7).unwrap(), 3, "the maximum is that of its type");
    assert!(memory.grow(&mut store, 1).is_err());
    let global = a.get_global(&store, "global").unwrap();
    assert_eq!(global.get(&store), Val::I64(-5));
    call(&mut store, b, "set", &[Val::I64(9)]).unwrap();
    assert_eq!(global.get(&store), Val::I64(9));
    for (index, expected) in [(0, 8), (1, 7), (4, 8)] {
        assert_eq!(call(&mut store, a, "through", &[Val::I32(index)]).unwrap(), [Val::I32(expected)]);
        assert_eq!(call(&mut store, b, "through", &[Val::I32(index)]).unwrap(), [Val::I32(expected)]);
    }
    assert!(call(&mut store, a, "through", &[Val::I32(2)]).is_err(), "it is null");
    assert_eq!(a.get_table(&store, "table").unwrap().size(&store), 5);
    // What was made again can be taken again, with the same result but for the name.
    let again = taken(&store);
    assert_eq!(Snapshot::from_bytes(&again).unwrap().modules().len(), 2);
}

#[test]
fn all_types_of_values_and_memories_are_kept() {
    const TEXT: &str = r#"(module
        (memory (export "small") 3 (pagesize 1))
        (memory (export "wide") i64 1)
        (table (export "table") i64 2 funcref)
        (global (export "i") i32 (i32.const -1))
        (global (export "f") (mut f32) (f32.const 1.5))
        (global (export "d") (mut f64) (f64.const -0.0))
        (global (export "v") (mut v128) (v128.const i64x2 5 -6))
        (global (export "r") (mut funcref) (ref.func $f))
        (func $f (export "set")
            (global.set 1 (f32.const nan:0x200001))
            (global.set 3 (v128.const i64x2 7 -8))
            (i32.store8 0 (i32.const 2) (i32.const 9))
            (i64.store 1 offset=100 (i64.const 8) (i64.const 10))))"#;
    let engine = Engine::new(Config::new().wasm_custom_page_sizes(true)).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, TEXT), &[]).unwrap();
    call(&mut store, instance, "set", &[]).unwrap();
    let of = |store: &Store<()>, instance: Instance| {
        let globals = ["i", "f", "d", "v"].map(|name| instance.get_global(store, name).unwrap().get(store));
        let bytes = ["small", "wide"].map(|name| instance.get_memory(store, name).unwrap().data(store).to_vec());
        let types = ["small", "wide"].map(|name| instance.get_memory(store, name).unwrap().ty(store));
        (globals, bytes, types, instance.get_table(store, "table").unwrap().ty(store))
    };
    let before = of(&store, instance);
    let (mut store, restored) = restored(&taken(&store), &engine, &Linker::new(&engine), &[TEXT], &mut ()).unwrap();
    let instance = restored.instances()[0];
    assert!(of(&store, instance) == before);
    let reference = instance.get_global(&store, "r").unwrap().get(&store);
    assert_eq!(reference, Val::FuncRef(instance.get_func(&store, "set")));
    call(&mut store, instance, "set", &[]).unwrap();
}

#[test]
fn dropped_segments_stay_dropped_and_others_do_not() {
    const TEXT: &str = r#"(module
        (memory (export "memory") 1)
        (table 4 funcref)
        (data $kept "abc") (data $dropped "def") (data (i32.const 20) "active")
        (func $one (result i32) (i32.const 1))
        (elem $elem func $one $one) (elem $gone func $one)
        (func (export "drop") (data.drop $dropped) (elem.drop $gone))
        (func (export "kept") (memory.init $kept (i32.const 0) (i32.const 0) (i32.const 3)))
        (func (export "dropped") (memory.init $dropped (i32.const 0) (i32.const 0) (i32.const 1)))
        (func (export "elem") (result i32)
            (table.init $elem (i32.const 1) (i32.const 0) (i32.const 2))
            (call_indirect (result i32) (i32.const 2)))
        (func (export "gone") (table.init $gone (i32.const 0) (i32.const 0) (i32.const 1))))"#;
    let engine = engine(false, true);
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, TEXT), &[]).unwrap();
    call(&mut store, instance, "drop", &[]).unwrap();
    let (mut store, restored) = restored(&taken(&store), &engine, &Linker::new(&engine), &[TEXT], &mut ()).unwrap();
    let instance = restored.instances()[0];
    call(&mut store, instance, "kept", &[]).unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    assert_eq!(&memory.data(&store)[..3], b"abc");
    assert_eq!(&memory.data(&store)[20..26], b"active");
    assert!(call(&mut store, instance, "dropped", &[]).is_err());
    assert_eq!(call(&mut store, instance, "elem", &[]).unwrap(), [Val::I32(1)]);
    assert!(call(&mut store, instance, "gone", &[]).is_err());
}

#[test]
fn what_the_host_made_is_made_again() {
    const TEXT: &str = r#"(module
        (import "host" "memory" (memory 1)) (import "host" "global" (global (mut i32)))
        (import "host" "table" (table 1 funcref)) (import "host" "f" (func $f (result i32)))
        (func (export "get") (result i32) (i32.add (global.get 0) (i32.load (i32.const 4))))
        (func (export "through") (result i32) (call_indirect (result i32) (i32.const 0))))"#;
    let engine = engine(false, true);
    let define = |linker: &mut Linker<()>, value: i32| {
        linker.func_wrap("host", "f", move || value).unwrap();
    };
    let mut linker = Linker::<()>::new(&engine);
    define(&mut linker, 5);
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    memory.write(&mut store, 4, &[3, 0, 0, 0]).unwrap();
    let global = Global::new(&mut store, GlobalType::new(ValType::I32, true), Val::I32(4)).unwrap();
    let f = linker.get(&mut store, "host", "f").unwrap().into_func();
    let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 1, None), Ref::Func(f)).unwrap();
    linker.define(&store, "host", "memory", memory).unwrap();
    linker.define(&store, "host", "global", global).unwrap();
    linker.define(&store, "host", "table", table).unwrap();
    linker.instantiate(&mut store, &module(&engine, TEXT)).unwrap();
    let bytes = taken(&store);

    let mut linker = Linker::new(&engine);
    define(&mut linker, 6);
    let (mut store, restored) = restored(&bytes, &engine, &linker, &[TEXT], &mut ()).unwrap();
    let instance = restored.instances()[0];
    assert_eq!(call(&mut store, instance, "get", &[]).unwrap(), [Val::I32(7)]);
    assert_eq!(call(&mut store, instance, "through", &[]).unwrap(), [Val::I32(6)], "by its name");
    restored.globals()[0].set(&mut store, Val::I32(10)).unwrap();
    assert_eq!(call(&mut store, instance, "get", &[]).unwrap(), [Val::I32(13)]);
    assert_eq!((restored.memories().len(), restored.tables().len()), (1, 1));
}

/// Texts by their bytes; counts how many it writes down.
#[derive(Default)]
struct Texts(usize);

impl SnapshotHooks for Texts {
    fn save_extern(&mut self, value: &(dyn Any + Send + Sync)) -> Result<Vec<u8>> {
        self.0 += 1;
        Ok(value.downcast_ref::<String>().expect("a text").clone().into_bytes())
    }

    fn load_extern(&mut self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>> {
        Ok(Box::new(String::from_utf8(bytes.into()).map_err(Error::new)?))
    }
}

#[test]
fn the_embedders_values_are_the_same_for_all_who_refer_to_them() {
    const TEXT: &str = r#"(module
        (table (export "table") 3 externref) (global (export "global") (mut externref) (ref.null extern))
        (func (export "put") (param externref)
            (table.set (i32.const 0) (local.get 0)) (table.set (i32.const 2) (local.get 0))
            (global.set 0 (local.get 0))))"#;
    let engine = engine(false, true);
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, TEXT), &[]).unwrap();
    ExternRef::new(&mut store, 5_u8);
    let text = ExternRef::new(&mut store, String::from("text"));
    call(&mut store, instance, "put", &[text.into()]).unwrap();
    let mut texts = Texts::default();
    let bytes = Snapshot::take_with(&store, &[], &mut texts).unwrap().to_bytes();
    assert_eq!(texts.0, 1, "of what nobody refers to, nobody is asked");
    let (store, restored) = restored(&bytes, &engine, &Linker::new(&engine), &[TEXT], &mut texts).unwrap();
    let instance = restored.instances()[0];
    let Val::ExternRef(Some(found)) = instance.get_global(&store, "global").unwrap().get(&store) else {
        panic!("it is not null")
    };
    assert_eq!(found.data(&store).unwrap().unwrap().downcast_ref::<String>().unwrap(), "text");
    let table = instance.get_table(&store, "table").unwrap();
    let elements = [0, 1, 2].map(|index| table.get(&store, index).unwrap());
    assert_eq!(elements, [Ref::Extern(Some(found)), Ref::Extern(None), Ref::Extern(Some(found))]);
    assert!(Snapshot::take(&store, &[]).is_err(), "nobody says how it is written down");
}

/// A function and a tag that the host made of declared types are of these types again.
#[test]
fn declared_types_of_the_host_are_kept() {
    const TEXT: &str = r#"(module
        (rec (type $f (sub (func (param i32)))) (type (struct)))
        (type $below (sub $f (func (param i32))))
        (import "host" "f" (func $f (type $f)))
        (import "host" "tag" (tag $tag (type $f)))
        (tag $own (type $below))
        (table 1 funcref)
        (elem (i32.const 0) $f)
        (func (export "is") (result i32) (ref.test (ref $below) (table.get (i32.const 0))))
        (func (export "run") (result i32)
            (call_indirect (type $f) (i32.const 1) (i32.const 0))
            (block (result i32) (try_table (catch $tag 0) (throw $tag (i32.const 6))) (i32.const 0))
            (block (result i32) (try_table (catch $own 0) (throw $own (i32.const 7))) (i32.const 0))
            i32.add))"#;
    let linker = |engine: &Engine| {
        let module = module(engine, TEXT);
        let above = module.imports().next().unwrap().ty().unwrap_func().clone();
        let below = FuncType::with_finality_and_supertype(engine, Finality::NonFinal, Some(&above), [ValType::I32], []);
        let mut linker = Linker::<()>::new(engine);
        linker.func_new("host", "f", below.unwrap(), |_, _, _| Ok(())).unwrap();
        (module, linker)
    };
    let engine = crate::engine(false, true);
    let (module, mut definitions) = linker(&engine);
    let mut store = Store::new(&engine, ());
    let tag = Tag::new(&mut store, module.imports().nth(1).unwrap().ty().unwrap_tag()).unwrap();
    assert!(tag.ty(&store).ty().is_declared());
    definitions.define(&store, "host", "tag", tag).unwrap();
    let instance = definitions.instantiate(&mut store, &module).unwrap();
    let check = |store: &mut Store<()>, instance: Instance| {
        assert_eq!(call(store, instance, "is", &[]).unwrap(), [Val::I32(1)]);
        assert_eq!(call(store, instance, "run", &[]).unwrap(), [Val::I32(13)]);
    };
    check(&mut store, instance);
    let bytes = taken(&store);
    let engine = crate::engine(false, false);
    let (_, definitions) = linker(&engine);
    let (mut store, restored) = restored(&bytes, &engine, &definitions, &[TEXT], &mut ()).unwrap();
    check(&mut store, restored.instances()[0]);
}

#[test]
fn types_that_items_of_the_host_name_are_kept() {
    const TEXT: &str = r#"(module
        (type $plain (func (param i32))) (type $pair (struct (field i64)))
        (tag $tag (export "tag") (type $plain))
        (global (export "func") (ref null $plain) (ref.null $plain))
        (global (export "pair") (ref null $pair) (ref.null $pair))
        (table (export "table") 1 (ref null $plain))
        (func (export "run") (result i32) (block $e (result i32) (try_table (catch $tag $e) (throw $tag (i32.const 7))) i32.const 0)))"#;
    let engine = crate::engine(false, true);
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, TEXT), &[]).unwrap();
    for name in ["func", "pair"] {
        let content = instance.get_global(&store, name).unwrap().ty(&store).content;
        for _ in 0..3 {
            Global::new(&mut store, GlobalType::new(content, true), Val::default_for(content)).unwrap();
        }
    }
    let ty = instance.get_table(&store, "table").unwrap().ty(&store);
    Table::new(&mut store, ty, Ref::null(ty.element)).unwrap();
    let bytes = taken(&store);
    let engine = crate::engine(false, false);
    // Ids are others there.
    let other =
        module(&engine, "(module (type (struct (field f32))) (type (func (param f64))) (type (func (param i32))))");
    let (mut store, restored) = restored(&bytes, &engine, &Linker::new(&engine), &[TEXT], &mut ()).unwrap();
    drop(other);
    let instance = restored.instances()[0];
    let heap = |ty: ValType| match ty {
        ValType::Ref(ty) => ty.heap_type(),
        other => panic!("{other}"),
    };
    let content = |name: &str, store: &Store<()>| instance.get_global(store, name).unwrap().ty(store).content;
    let expected = [content("func", &store), content("pair", &store)];
    assert!(matches!(expected.map(heap), [HeapType::ConcreteFunc(_), HeapType::ConcreteStruct(_)]));
    let found: Vec<_> = restored.globals().iter().map(|global| global.ty(&store).content).collect();
    for ty in expected {
        assert_eq!(found.iter().filter(|found| **found == ty).count(), 4);
    }
    assert!(restored.tables().iter().all(|table| ValType::Ref(table.ty(&store).element) == expected[0]));
    assert_eq!(instance.get_tag(&store, "tag").unwrap().ty(&store).ty().params(), [ValType::I32]);
    assert_eq!(call(&mut store, instance, "run", &[]).unwrap(), [Val::I32(7)]);
}

/// Several threads may look at a store at once, and what one of them roots is not ended by another that takes a snapshot.
#[test]
fn a_snapshot_leaves_the_references_of_others_alone() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let text = r#"(module
        (type $list (struct (field (ref null $list))))
        (global $list (export "list") (mut (ref null $list)) (ref.null $list))
        (func (export "make") (local $n i32)
            (loop $more
                (global.set $list (struct.new $list (global.get $list)))
                (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 500))))))"#;
    let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    instance.get_typed_func::<(), ()>(&store, "make").unwrap().call(&mut store, ()).unwrap();
    let list = instance.get_global(&store, "list").unwrap();
    let (store, before) = (&store, list.get(&store).unwrap_anyref().unwrap());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..20).for_each(|_| drop(Snapshot::take(store, &[]).unwrap())));
        }
        for _ in 0..1_000 {
            let value = list.get(store).unwrap_anyref().unwrap();
            std::thread::yield_now();
            value.ty(store).unwrap();
        }
    });
    before.ty(store).unwrap();
}

/// References to functions of a type that names no other, in a table, a global and a frame, also where another engine numbers types otherwise.
#[test]
fn types_that_are_plain_are_those_of_the_other_engine() {
    let text = r#"(module
        (import "host" "ask" (func $ask (result i32)))
        (type $other (func)) (type $f (func (param i32) (result i32)))
        (func $twice (type $f) (i32.mul (local.get 0) (i32.const 2)))
        (elem declare func $twice)
        (table $t 1 (ref null $f)) (global $g (mut (ref null $f)) (ref.null $f))
        (func (export "run") (param i32) (result i32) (local $l (ref null $f))
            (local.set $l (ref.func $twice))
            (table.set $t (i32.const 0) (local.get $l))
            (global.set $g (local.get $l))
            (local.set 0 (i32.add (local.get 0) (call $ask)))
            (call_ref $f (call_ref $f (call_ref $f (local.get 0) (local.get $l)) (table.get $t (i32.const 0))) (global.get $g))))"#;
    let linker = |engine: &Engine| {
        let mut linker = Linker::new(engine);
        linker.func_wrap("host", "ask", || -> Result<i32> { Err(Yield::new(()).into()) }).unwrap();
        linker
    };
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let there = linker(&engine).instantiate(&mut store, &module(&engine, text)).unwrap();
    let run = there.get_func(&store, "run").unwrap();
    let paused = run.call_resumable(&mut store, &[Val::I32(3)]).unwrap().paused().unwrap();
    let bytes = Snapshot::take(&store, &[&paused]).unwrap().to_bytes();
    let other = Engine::default();
    let _kept = module(
        &other,
        "(module (type (func (param f64))) (type (func (result f64 f64))) (type (func (param i32 f32))))",
    );
    let (mut store, mut restored) = restored(&bytes, &other, &linker(&other), &[text], &mut ()).unwrap();
    let call = restored.take_paused().remove(0);
    assert_eq!(call.resume(&mut store, &[Val::I32(4)]).unwrap().finished().unwrap()[0].unwrap_i32(), 56);
}
