//! Several memories, 64-bit ones, and pages of one byte.

use crate::{assert_says, instance};
use pirn::{
    Config, Engine, Instance, Linker, Memory, MemoryType, Module, Ref, RefType, Store, StoreLimitsBuilder, Table,
    TableType, Trap,
};

const PAGE: u64 = 65_536;

fn store() -> Store<()> {
    Store::new(&Engine::default(), ())
}

#[test]
fn exports_name_their_memories() {
    let (mut store, instance) = instance(
        r#"(module
            (memory $a (export "a") 1) (memory $b (export "b") 2 3) (memory $c (export "c") i64 1)
            (data (memory $b) (i32.const 8) "b") (data (memory $c) (i64.const 8) "c")
            (func (export "copy") (memory.copy $a $c (i32.const 4) (i64.const 8) (i32.const 1)))
            (func (export "sum") (param i32) (result i32)
                (i32.add (i32.load8_u $b (local.get 0)) (i32.load8_u $c (i64.extend_i32_u (local.get 0)))))
            (func (export "sizes") (result i32 i32 i64) (memory.size $a) (memory.size $b) (memory.size $c)))"#,
    );
    let [a, b, c] = ["a", "b", "c"].map(|name| instance.get_memory(&store, name).unwrap());
    assert_eq!([a, b, c].map(|memory| memory.size(&store)), [1, 2, 1]);
    assert_eq!(b.ty(&store), MemoryType::new(2, Some(3)));
    assert!(c.ty(&store).is_64() && !a.ty(&store).is_64());
    assert_eq!((b.data(&store)[8], c.data(&store)[8]), (b'b', b'c'));
    instance.get_typed_func::<(), ()>(&store, "copy").unwrap().call(&mut store, ()).unwrap();
    assert_eq!(a.data(&store)[4], b'c');
    b.data_mut(&mut store)[100] = 7;
    c.data_mut(&mut store)[100] = 9;
    let sum = instance.get_typed_func::<i32, i32>(&store, "sum").unwrap();
    assert_eq!(sum.call(&mut store, 100).unwrap(), 16);
    // Growing one leaves the others.
    assert_eq!(b.grow(&mut store, 1).unwrap(), 2);
    assert!(b.grow(&mut store, 1).is_err());
    let sizes = instance.get_typed_func::<(), (i32, i32, i64)>(&store, "sizes").unwrap();
    assert_eq!(sizes.call(&mut store, ()).unwrap(), (1, 3, 1));
}

/// A memory is memory 0 of one instance and another one of the next: both see it grow and move.
#[test]
fn one_memory_by_several_indices() {
    let text = |first: &str, second: &str| {
        format!(
            r#"(module (import "host" "{first}" (memory 1)) (import "host" "{second}" (memory 1))
                (func (export "grow") (param i32) (result i32) (memory.grow 0 (local.get 0)))
                (func (export "far_grow") (param i32) (result i32) (memory.grow 1 (local.get 0)))
                (func (export "set") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
                (func (export "get") (param i32) (result i32) (i32.load 1 (local.get 0))))"#
        )
    };
    let mut store = store();
    let mut linker = Linker::new(store.engine());
    for name in ["x", "y"] {
        let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
        linker.define(&store, "host", name, memory).unwrap();
    }
    let mut instance = |first, second| {
        let module = Module::new(store.engine(), text(first, second)).unwrap();
        linker.instantiate(&mut store, &module).unwrap()
    };
    let instances = [instance("x", "y"), instance("y", "x"), instance("x", "x")];
    let [xy, yx, xx] = instances;
    let call = |store: &mut Store<()>, instance: Instance, name, argument| {
        instance.get_typed_func::<i32, i32>(&*store, name).unwrap().call(store, argument).unwrap()
    };
    // Far beyond the room that a small memory has.
    for (grower, name, old) in [(xy, "grow", 1), (yx, "far_grow", 301), (xx, "grow", 601), (xx, "far_grow", 901)] {
        assert_eq!(call(&mut store, grower, name, 300), old);
        let (address, value) = ((old as u32 * 65_536 + 4) as i32, old * 11);
        let set = xy.get_typed_func::<(i32, i32), ()>(&store, "set").unwrap();
        set.call(&mut store, (address, value)).unwrap();
        assert_eq!([yx, xx].map(|instance| call(&mut store, instance, "get", address)), [value; 2]);
    }
    let error = xy.get_typed_func::<i32, i32>(&store, "get").unwrap().call(&mut store, 65_536).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds));
}

#[test]
fn more_than_four_gigabytes() {
    let (mut store, instance) = instance(
        r#"(module (memory (export "m") i64 1) (memory $far i64 1)
            (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
            (func (export "store") (param i64 i64) (i64.store offset=0x1_0000_0000 (local.get 0) (local.get 1)))
            (func (export "load") (param i64) (result i64) (i64.load (local.get 0)))
            (func (export "load_far") (param i64) (result i64) (i64.load offset=0xffff_ffff_ffff_fff8 (local.get 0)))
            (func (export "fill") (param i64 i64) (memory.fill (local.get 0) (i32.const 5) (local.get 1)))
            (func (export "copy") (param i64 i64 i64) (memory.copy (local.get 0) (local.get 1) (local.get 2))))"#,
    );
    let unary = |name| instance.get_typed_func::<i64, i64>(&store, name).unwrap();
    let binary = |name| instance.get_typed_func::<(i64, i64), ()>(&store, name).unwrap();
    let (grow, load, load_far) = (unary("grow"), unary("load"), unary("load_far"));
    let (write, fill) = (binary("store"), binary("fill"));
    let copy = instance.get_typed_func::<(i64, i64, i64), ()>(&store, "copy").unwrap();
    // What can never be had changes nothing.
    for delta in [-1, i64::MIN, 1 << 47, 1 << 32] {
        assert_eq!(grow.call(&mut store, delta).unwrap(), -1, "{delta}");
    }
    assert_eq!(grow.call(&mut store, 70_000).unwrap(), 1);
    assert_eq!(grow.call(&mut store, 0).unwrap(), 70_001);
    let beyond = 1_i64 << 32;
    write.call(&mut store, (24, 77)).unwrap();
    assert_eq!(load.call(&mut store, beyond + 24).unwrap(), 77);
    assert_eq!(load.call(&mut store, 24).unwrap(), 0);
    fill.call(&mut store, (beyond + 100, 3)).unwrap();
    copy.call(&mut store, (8, beyond + 101, 8)).unwrap();
    assert_eq!(load.call(&mut store, 8).unwrap(), 0x505);
    let bytes = instance.get_memory(&store, "m").unwrap().data_size(&store) as i64;
    let outside = [bytes - 7, bytes, -1, -8, i64::MIN];
    for address in outside {
        let trap = |result: pirn::Result<()>| {
            assert_eq!(result.unwrap_err().downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds), "{address}");
        };
        trap(load.call(&mut store, address).map(|_| ()));
        trap(write.call(&mut store, (address.wrapping_sub(beyond), 1)));
        trap(fill.call(&mut store, (address, i64::MAX)));
        trap(fill.call(&mut store, (address, 8)));
        trap(copy.call(&mut store, (0, address, 8)));
        trap(copy.call(&mut store, (address, 0, 8)));
        // The effective address has 65 bits.
        trap(load_far.call(&mut store, address.unsigned_abs() as i64 | 8).map(|_| ()));
    }
    load.call(&mut store, bytes - 8).unwrap();
    // At the end of all that there is, nothing is done by nothing.
    fill.call(&mut store, (bytes, 0)).unwrap();
}

#[test]
fn tables_with_64_bit_indices() {
    let (mut store, instance) = instance(
        r#"(module (table $t (export "t") i64 2 20 funcref) (table $u 4 funcref) (type $f (func (result i32)))
            (elem (i64.const 1) $one) (elem declare func $two) (elem $passive func $two $one)
            (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
            (func (export "call") (param i64) (result i32) (call_indirect $t (type $f) (local.get 0)))
            (func (export "tail") (param i64) (result i32) (return_call_indirect $t (type $f) (local.get 0)))
            (func (export "set") (param i64) (table.set $t (local.get 0) (ref.func $two)))
            (func (export "is_null") (param i64) (result i32) (ref.is_null (table.get $t (local.get 0))))
            (func (export "grow") (param i64) (result i64) (table.grow $t (ref.func $two) (local.get 0)))
            (func (export "size") (param i64) (result i64) (table.size $t))
            (func (export "fill") (param i64 i64) (table.fill $t (local.get 0) (ref.func $two) (local.get 1)))
            (func (export "copy") (param i64 i64)
                (table.copy $u $t (i32.const 0) (local.get 0) (i32.wrap_i64 (local.get 1))))
            (func (export "init") (param i64 i64)
                (table.init $t $passive (local.get 0) (i32.const 0) (i32.wrap_i64 (local.get 1)))))"#,
    );
    let test = |name| instance.get_typed_func::<i64, i32>(&store, name).unwrap();
    let (call, tail, is_null) = (test("call"), test("tail"), test("is_null"));
    let number = |name| instance.get_typed_func::<i64, i64>(&store, name).unwrap();
    let (grow, size) = (number("grow"), number("size"));
    let binary = |name| instance.get_typed_func::<(i64, i64), ()>(&store, name).unwrap();
    let (fill, copy, init) = (binary("fill"), binary("copy"), binary("init"));
    let set = instance.get_typed_func::<i64, ()>(&store, "set").unwrap();
    assert_eq!([call, tail].map(|call| call.call(&mut store, 1).unwrap()), [1, 1]);
    set.call(&mut store, 0).unwrap();
    assert_eq!(call.call(&mut store, 0).unwrap(), 2);
    // An index that is small in its lower half only.
    for index in [1 << 32, (1 << 32) + 1, -1, i64::MIN, i64::MIN + 1, u32::MAX.into(), 2] {
        for call in [call, tail, is_null] {
            let error = call.call(&mut store, index).unwrap_err();
            let expected = [Trap::TableOutOfBounds, Trap::UndefinedElement];
            assert!(error.downcast_ref::<Trap>().is_some_and(|trap| expected.contains(trap)), "{index}: {error}");
        }
        assert!(set.call(&mut store, index).is_err(), "{index}");
        for bulk in [&fill, &copy, &init] {
            assert!(bulk.call(&mut store, (index, 1)).is_err(), "{index}");
        }
        assert!(fill.call(&mut store, (1, index)).is_err(), "{index}");
        if index != 2 {
            assert_eq!(grow.call(&mut store, index).unwrap(), -1, "{index}");
        }
    }
    assert_eq!(grow.call(&mut store, 3).unwrap(), 2);
    assert_eq!(size.call(&mut store, 0).unwrap(), 5);
    assert_eq!(call.call(&mut store, 4).unwrap(), 2);
    init.call(&mut store, (3, 2)).unwrap();
    assert_eq!(call.call(&mut store, 4).unwrap(), 1);
    copy.call(&mut store, (1, 4)).unwrap();
    fill.call(&mut store, (0, 5)).unwrap();
    assert_eq!(call.call(&mut store, 1).unwrap(), 2);
    assert_eq!(is_null.call(&mut store, 3).unwrap(), 0);

    let ty = TableType::new64(RefType::FUNCREF, 1, Some(u64::MAX));
    let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    assert_eq!(table.ty(&store), ty);
    assert!(table.grow(&mut store, u64::MAX, Ref::Func(None)).is_err());
    assert_eq!(table.size(&store), 1);
}

#[test]
fn pages_of_one_byte() {
    let (mut store, instance) = instance(
        r#"(module (memory (export "m") 10 100 (pagesize 1))
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "size") (result i32) (memory.size))
            (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))"#,
    );
    let memory = instance.get_memory(&store, "m").unwrap();
    assert_eq!((memory.size(&store), memory.data_size(&store), memory.page_size(&store)), (10, 10, 1));
    let unary = |name| instance.get_typed_func::<i32, i32>(&store, name).unwrap();
    let (grow, load) = (unary("grow"), unary("load"));
    load.call(&mut store, 6).unwrap();
    assert!(load.call(&mut store, 7).is_err());
    assert_eq!(grow.call(&mut store, 1).unwrap(), 10);
    load.call(&mut store, 7).unwrap();
    assert_eq!(memory.grow(&mut store, 89).unwrap(), 11);
    assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
    let size = instance.get_typed_func::<(), i32>(&store, "size").unwrap();
    assert_eq!(size.call(&mut store, ()).unwrap(), 100);

    let ty = MemoryType::new(7, None).with_page_size(1);
    let memory = Memory::new(&mut store, ty).unwrap();
    assert_eq!((memory.data_size(&store), memory.ty(&store)), (7, ty));
    let error = Memory::new(&mut store, MemoryType { page_size_log2: 3, ..ty }).unwrap_err();
    assert_says(&error, &["no memory of type {min 7} (pagesize 8)"]);
    for page_size_log2 in [33, 63, 64, u8::MAX] {
        for ty in [ty, MemoryType::new64(7, None)] {
            let error = Memory::new(&mut store, MemoryType { page_size_log2, ..ty }).unwrap_err();
            assert_says(&error, &["no memory of type"]);
        }
    }
}

#[test]
fn types_differ_by_addresses_and_pages() {
    let mut store = store();
    let memory = |store: &mut Store<()>, ty| Memory::new(store, ty).unwrap();
    let types =
        [MemoryType::new(1, None), MemoryType::new64(1, None), MemoryType::new(PAGE as u32, None).with_page_size(1)];
    let memories = types.map(|ty| memory(&mut store, ty));
    let wanted = ["1", "i64 1", "65536 (pagesize 1)"];
    for (i, text) in wanted.iter().enumerate() {
        let module = Module::new(store.engine(), format!(r#"(module (import "a" "m" (memory {text})))"#)).unwrap();
        for (j, &memory) in memories.iter().enumerate() {
            let made = Instance::new(&mut store, &module, &[memory.into()]);
            assert_eq!(made.is_ok(), i == j, "{text}: {:?}", types[j]);
        }
    }
}

/// What far operations cost is paid for, and they stop and go on like others.
#[test]
fn fuel_and_deadlines() {
    let text = r#"(module (memory 1) (memory $far i64 40)
        (func (export "fill") (param i64) (memory.fill $far (i64.const 0) (i32.const 7) (local.get 0)))
        (func (export "grow") (param i64) (result i64) (memory.grow $far (local.get 0)))
        (func (export "byte") (param i64) (result i32) (i32.load8_u $far (local.get 0))))"#;
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(10_000_000).unwrap();
    let instance = Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]).unwrap();
    let fill = instance.get_typed_func::<i64, ()>(&store, "fill").unwrap();
    let mut cost = |bytes: i64| {
        let before = store.get_fuel().unwrap();
        _ = fill.call(&mut store, bytes);
        before - store.get_fuel().unwrap()
    };
    let least = cost(0);
    assert_eq!(cost(6_400), least + 100);
    // What traps pays for no more than there is.
    assert_eq!(cost(-1), least + 40 * PAGE / 64);
    let grow = instance.get_typed_func::<i64, i64>(&store, "grow").unwrap();
    let before = store.get_fuel().unwrap();
    assert_eq!(grow.call(&mut store, 2).unwrap(), 40);
    assert!(before - store.get_fuel().unwrap() >= 2 * PAGE / 64);
    let before = store.get_fuel().unwrap();
    assert_eq!(grow.call(&mut store, 1 << 50).unwrap(), -1);
    assert!(before - store.get_fuel().unwrap() < 100);

    // A fill of megabytes asks for the epoch in between, and goes on where it stopped.
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]).unwrap();
    let fill = instance.get_typed_func::<i64, ()>(&store, "fill").unwrap();
    store.set_epoch_deadline(1);
    engine.increment_epoch();
    let error = fill.call(&mut store, 40 * PAGE as i64).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
}

#[test]
fn limits_count_bytes_of_all() {
    let limits = StoreLimitsBuilder::new().memory_size(3 * PAGE as usize).total_memory_size(4 * PAGE).build();
    let mut store = store();
    store.set_limits(limits);
    let text = r#"(module (memory 1) (memory i64 1) (memory 65536 (pagesize 1))
            (func (export "a") (param i32) (result i32) (memory.grow 0 (local.get 0)))
            (func (export "b") (param i64) (result i64) (memory.grow 1 (local.get 0)))
            (func (export "c") (param i32) (result i32) (memory.grow 2 (local.get 0))))"#;
    let module = Module::new(store.engine(), text).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let [a, c] = ["a", "c"].map(|name| instance.get_typed_func::<i32, i32>(&store, name).unwrap());
    let b = instance.get_typed_func::<i64, i64>(&store, "b").unwrap();
    assert_eq!(a.call(&mut store, 2).unwrap(), -1);
    assert_eq!(c.call(&mut store, 65_000).unwrap(), 65_536);
    assert_eq!(b.call(&mut store, 1).unwrap(), -1);
    assert_eq!(c.call(&mut store, 537).unwrap(), -1);
    assert_eq!(c.call(&mut store, 536).unwrap(), 130_536);
    assert_eq!(a.call(&mut store, 1).unwrap(), -1);
}
