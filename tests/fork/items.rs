//! What is copied, who shares it, what handles stand for.

use crate::{alone, assert_refused, call, get, module};
use pirn::*;
use std::cell::Cell;

const RICH: &str = r#"(module
    (type $op (func (param i32) (result i32)))
    (memory (export "memory") 1)
    (table $t (export "table") 4 10 funcref)
    (table $values (export "values") 2 externref)
    (global $count (export "count") (mut i32) (i32.const 5))
    (global $f (export "f") (mut funcref) (ref.func $twice))
    (global $v (export "v") (mut v128) (v128.const i64x2 1 2))
    (elem (table $t) (i32.const 1) func $twice $count_up)
    (elem $passive func $count_up $twice $twice)
    (elem $dropped func $twice)
    (data $bytes "abcdef")
    (data $gone "xyz")
    (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
    (func $count_up (param i32) (result i32)
        (global.set $count (i32.add (global.get $count) (local.get 0)))
        (global.get $count))
    (func (export "apply") (param i32 i32) (result i32)
        (call_indirect (type $op) (local.get 1) (local.get 0)))
    (func (export "apply_global") (param i32) (result i32)
        (table.set $t (i32.const 0) (global.get $f))
        (call_indirect (type $op) (local.get 0) (i32.const 0)))
    (func (export "init") (param i32)
        (table.init $t $passive (local.get 0) (i32.const 0) (i32.const 3))
        (memory.init $bytes (i32.const 10) (i32.const 0) (i32.const 6)))
    (func (export "init_dropped") (table.init $t $dropped (i32.const 0) (i32.const 0) (i32.const 1)))
    (func (export "init_gone") (memory.init $gone (i32.const 0) (i32.const 0) (i32.const 1)))
    (func (export "drop") (elem.drop $dropped) (data.drop $gone))
    (func (export "grow") (param i32) (result i32) (table.grow $t (ref.func $count_up) (local.get 0)))
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))"#;

#[test]
fn everything_is_copied_and_apart() {
    let (mut store, instance) = alone(RICH);
    assert_eq!(get(&mut store, instance, "apply", &[2, 3]), 8);
    call(&mut store, instance, "drop", &[]).unwrap();
    assert_eq!(get(&mut store, instance, "grow", &[2]), 4);
    let mut copy = store.fork(()).unwrap();
    let there = copy.forked(instance).unwrap();
    // The copy counts its own.
    assert_eq!(get(&mut copy, there, "apply", &[2, 10]), 18);
    assert_eq!(get(&mut copy, there, "apply", &[5, 1]), 19);
    assert_eq!(get(&mut store, instance, "apply", &[2, 1]), 9);
    assert_eq!(get(&mut copy, there, "apply_global", &[21]), 42);
    assert!(instance.get_table(&store, "table").unwrap().get(&mut store, 0).unwrap().is_null());
    // Segments that are there, and those that are not.
    call(&mut copy, there, "init", &[Val::I32(3)]).unwrap();
    assert_eq!(get(&mut copy, there, "apply", &[3, 1]), 20);
    assert_eq!(get(&mut copy, there, "load", &[12]), i32::from(b'c'));
    assert_eq!(get(&mut store, instance, "load", &[12]), 0);
    assert!(call(&mut copy, there, "init_dropped", &[]).is_err());
    assert!(call(&mut copy, there, "init_gone", &[]).is_err());
    // Both sides' limits are those of the type.
    assert_eq!(get(&mut copy, there, "grow", &[5]), -1);
    assert_eq!(get(&mut copy, there, "grow", &[4]), 6);
    assert_eq!(instance.get_table(&store, "table").unwrap().size(&store), 6);
    let vector = there.get_global(&copy, "v").unwrap().get(&copy);
    assert_eq!(vector, instance.get_global(&store, "v").unwrap().get(&store));
    // A copy of a copy, after the others are gone.
    let mut third = copy.fork(()).unwrap();
    let last = third.forked(there).unwrap();
    drop((store, copy));
    assert_eq!(get(&mut third, last, "apply", &[3, 1]), 21);
    assert_eq!(get(&mut third, last, "apply_global", &[4]), 8);
}

#[test]
fn handles_stand_for_what_they_stood_for() {
    let (mut store, instance) = alone(RICH);
    let value = ExternRef::new(&mut store, "a value");
    let values = instance.get_table(&store, "values").unwrap();
    values.set(&mut store, 1, Ref::from(value)).unwrap();
    let twice = instance.get_global(&store, "f").unwrap().get(&store);
    let host = Func::wrap(&mut store, |n: i32| n + 1);
    let typed = instance.get_typed_func::<(i32, i32), i32>(&store, "apply").unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    let made = Memory::new(&mut store, MemoryType::new(2, None)).unwrap();
    let global = Global::new(&mut store, GlobalType::new(ValType::I64, true), Val::I64(77)).unwrap();

    let mut copy = store.fork(()).unwrap();
    let there = copy.forked(instance).unwrap();
    for (export, other) in instance.exports(&store).zip(there.exports(&copy)) {
        assert_eq!(export.name(), other.name());
        assert_eq!(
            copy.forked(export.clone().into_extern()).unwrap(),
            other.clone().into_extern(),
            "{}",
            export.name()
        );
    }
    assert_eq!(copy.forked(typed).unwrap().call(&mut copy, (1, 4)).unwrap(), 8);
    assert_eq!(copy.forked(twice).unwrap(), there.get_global(&copy, "f").unwrap().get(&copy));
    assert_eq!(copy.forked(Val::I64(3)).unwrap(), Val::I64(3));
    assert_eq!(copy.forked(Val::FuncRef(None)).unwrap(), Val::FuncRef(None));
    assert_eq!(copy.forked(host).unwrap().typed::<i32, i32>(&copy).unwrap().call(&mut copy, 1).unwrap(), 2);
    assert_eq!(copy.forked(memory).unwrap(), there.get_memory(&copy, "memory").unwrap());
    assert_eq!(copy.forked(made).unwrap().size(&copy), 2);
    let there_global = copy.forked(global).unwrap();
    there_global.set(&mut copy, Val::I64(78)).unwrap();
    assert_eq!((global.get(&store), there_global.get(&copy)), (Val::I64(77), Val::I64(78)));
    let Ref::Extern(Some(held)) = copy.forked(values).unwrap().get(&mut copy, 1).unwrap() else { panic!("a value") };
    assert_eq!(held, copy.forked(value).unwrap());
    assert_eq!(held.data(&copy).unwrap().unwrap().downcast_ref(), Some(&"a value"));

    // Those of others, and those made since.
    assert_refused(copy.forked(there), "not of the store that this one was forked of");
    assert_refused(store.forked(instance), "not of the store that this one was forked of");
    let late = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    assert_refused(copy.forked(late), "made since");
    let late = ExternRef::new(&mut store, 5);
    ExternRef::new(&mut copy, 6);
    assert_refused(copy.forked(late), "made since");
    let late = Func::wrap(&mut store, |n: i32| n + 2);
    assert_refused(copy.forked(late), "made since");
}

#[test]
#[should_panic(expected = "wrong store")]
fn handles_are_of_one_store() {
    let (mut store, instance) = alone(RICH);
    let copy = store.fork(()).unwrap();
    instance.get_func(&copy, "apply");
}

/// Instances that import from each other, in a circle, and from the host.
#[test]
fn who_shared_something_shares_the_copy() {
    let engine = Engine::default();
    let mut linker = Linker::<i32>::new(&engine);
    linker
        .func_wrap("host", "add", |mut caller: Caller<'_, i32>, n: i32| {
            *caller.data_mut() += n;
            *caller.data()
        })
        .unwrap();
    let mut group = linker.group();
    let one = r#"(module
        (import "host" "add" (func $add (param i32) (result i32)))
        (import "two" "down" (func $down (param i32) (result i32)))
        (memory (export "memory") 1)
        (global (export "g") (mut i32) (i32.const 0))
        (table (export "table") 2 funcref) (elem (i32.const 0) func $add $down)
        (func (export "up") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (call $down (i32.sub (local.get 0) (i32.const 1))))
                (else (call $add (i32.const 7)))))
        (func (export "load") (result i32) (i32.load (i32.const 8))))"#;
    let two = r#"(module
        (import "one" "up" (func $up (param i32) (result i32)))
        (import "one" "memory" (memory 1))
        (import "one" "g" (global $g (mut i32)))
        (import "one" "table" (table 2 funcref))
        (type $op (func (param i32) (result i32)))
        (func (export "down") (param i32) (result i32)
            (global.set $g (i32.add (global.get $g) (i32.const 1)))
            (i32.store (i32.const 8) (global.get $g))
            (call $up (local.get 0)))
        (func (export "by_table") (param i32 i32) (result i32)
            (call_indirect (type $op) (local.get 1) (local.get 0))))"#;
    group.module("one", &module(&engine, one)).unwrap();
    group.module("two", &module(&engine, two)).unwrap();
    let mut store = Store::new(&engine, 100);
    let linked = group.instantiate(&mut store).unwrap();
    let [one, two] = ["one", "two"].map(|name| linked.get(name).unwrap());
    assert_eq!(get(&mut store, one, "up", &[3]), 107);

    let mut copy = store.fork(1000).unwrap();
    let [first, second] = [one, two].map(|instance| copy.forked(instance).unwrap());
    drop(store);
    assert_eq!(get(&mut copy, first, "load", &[]), 3);
    assert_eq!(get(&mut copy, first, "up", &[2]), 1007);
    assert_eq!(get(&mut copy, first, "load", &[]), 5);
    assert_eq!(get(&mut copy, second, "by_table", &[0, 5]), 1012);
    assert_eq!(get(&mut copy, second, "by_table", &[1, 1]), 1019);
    assert_eq!(get(&mut copy, first, "load", &[]), 7);
    assert_eq!(copy.into_data(), 1019);
}

#[test]
fn bounds_are_those_of_the_original() {
    let engine = Engine::new(Config::new().consume_fuel(true).epoch_interruption(true)).unwrap();
    let text = r#"(module (memory 1)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "spin") (loop (br 0))))"#;
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(10);
    store.set_fuel(1_000_000).unwrap();
    store.set_limits(StoreLimitsBuilder::new().total_memory_size(5 << 16).instances(1).build());
    let module = module(&engine, text);
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    assert_eq!(get(&mut store, instance, "grow", &[1]), 1);
    let mut copy = store.fork(()).unwrap();
    let there = copy.forked(instance).unwrap();
    assert_eq!(copy.get_fuel().unwrap(), store.get_fuel().unwrap());
    assert_eq!(get(&mut copy, there, "grow", &[4]), -1);
    assert_eq!(get(&mut copy, there, "grow", &[3]), 2);
    assert_eq!(get(&mut store, instance, "grow", &[3]), 2);
    assert!(Instance::new(&mut copy, &module, &[]).is_err());
    let usage = engine.memory_usage();
    assert_eq!(usage.memories, 2 * (5 << 16));
    let left = store.get_fuel().unwrap();
    assert!(call(&mut copy, there, "spin", &[]).unwrap_err().to_string().contains("fuel"));
    assert_eq!(store.get_fuel().unwrap(), left);
    copy.set_fuel(u64::MAX >> 1).unwrap();
    (0..10).for_each(|_| engine.increment_epoch());
    assert_eq!(call(&mut copy, there, "spin", &[]).unwrap_err().downcast_ref(), Some(&Trap::Interrupt));
    drop(copy);
    assert_eq!(engine.memory_usage().memories, 5 << 16);
    assert_eq!(engine.memory_usage().instances, usage.instances / 2);
}

#[test]
fn hooks_are_not_copied() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0);
    store.call_hook(|mut store, _| {
        *store.data_mut() += 1;
        Ok(())
    });
    let module = module(&engine, r#"(module (func (export "f") (result i32) (i32.const 1)))"#);
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    assert_eq!(get(&mut store, instance, "f", &[]), 1);
    let mut copy = store.fork(0).unwrap();
    let there = copy.forked(instance).unwrap();
    assert_eq!(get(&mut copy, there, "f", &[]), 1);
    assert_eq!(get(&mut store, instance, "f", &[]), 1);
    assert_eq!((*store.data(), *copy.data()), (4, 0));
}

#[test]
fn what_cannot_be_copied_is_said() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let shared = module(&engine, "(module (memory 1 1 shared))");
    Instance::new(&mut store, &shared, &[]).unwrap();
    assert_refused(store.fork(()), "shared between threads");

    let mut store = Store::new(&engine, ());
    let shared = SharedMemory::new(&engine, MemoryType::shared(1, 1)).unwrap();
    let importer = module(&engine, r#"(module (import "m" "m" (memory 1 1 shared)))"#);
    Instance::new(&mut store, &importer, &[shared.into()]).unwrap();
    assert_refused(store.fork(()), "shared between threads");
}

/// A function of an instance whose instantiation failed stays in a table, there and in a copy.
#[test]
fn what_was_not_finished_is_copied_as_far_as_it_is_there() {
    let (mut store, instance) = alone(
        r#"(module (table (export "table") 2 funcref) (type $f (func (result i32)))
            (func (export "call") (param i32) (result i32) (call_indirect (type $f) (local.get 0))))"#,
    );
    let failing = r#"(module (import "m" "table" (table 2 funcref)) (memory 1) (global $g (mut i32) (i32.const 3))
        (elem (i32.const 0) func $f) (elem (i32.const 5) func $f)
        (func $f (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))"#;
    let table = instance.get_export(&store, "table").unwrap();
    let failing = module(store.engine(), failing);
    assert!(Instance::new(&mut store, &failing, &[table]).is_err());
    assert_eq!(get(&mut store, instance, "call", &[0]), 4);
    let mut copy = store.fork(()).unwrap();
    let there = copy.forked(instance).unwrap();
    assert_eq!(get(&mut copy, there, "call", &[0]), 5);
    assert_eq!(get(&mut store, instance, "call", &[0]), 5);
}

/// Borrows one of several stores, whichever is asked for, and copies the first when that is.
struct Turns<'a> {
    original: &'a mut Store<()>,
    copy: &'a mut Option<Store<()>>,
    other: Store<()>,
    which: &'a Cell<Which>,
}

#[derive(Clone, Copy, PartialEq)]
enum Which {
    Original,
    Fork,
    Copy,
    Other,
}

impl AsContext for Turns<'_> {
    type Data = ();

    fn as_context(&self) -> StoreContext<'_, ()> {
        self.original.as_context()
    }
}

impl AsContextMut for Turns<'_> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, ()> {
        match self.which.get() {
            Which::Original => self.original.as_context_mut(),
            Which::Fork => {
                *self.copy = Some(self.original.fork(()).unwrap());
                self.original.as_context_mut()
            }
            Which::Copy => self.copy.as_mut().unwrap().as_context_mut(),
            Which::Other => self.other.as_context_mut(),
        }
    }
}

/// The reference that a function gives.
fn made(store: impl AsContextMut, func: Func) -> Val {
    let mut results = [Val::AnyRef(None)];
    func.call(store, &[], &mut results).unwrap();
    results[0]
}

/// Scopes that are open when a store is copied may end in either. What is rooted then at the same place, in a scope as old, is another thing.
#[test]
fn what_is_rooted_later_has_no_copy_wherever_scopes_end() {
    let (mut original, instance) = alone(
        r#"(module (type $struct (struct (field i32))) (type $array (array i32))
            (func (export "struct") (result (ref $struct)) (struct.new $struct (i32.const 1)))
            (func (export "array") (result (ref $array)) (array.new_fixed $array 1 (i32.const 2))))"#,
    );
    let make_struct = instance.get_func(&original, "struct").unwrap();
    let make_array = instance.get_func(&original, "array").unwrap();
    let (which, mut copy) = (Cell::new(Which::Original), None);
    let other = Store::new(original.engine(), ());
    let later = {
        let turns = Turns { original: &mut original, copy: &mut copy, other, which: &which };
        let mut first = RootScope::new(turns);
        let later = {
            let mut second = RootScope::new(&mut first);
            let mut third = RootScope::new(&mut second);
            made(&mut third, make_struct);
            which.set(Which::Fork);
            third.as_context_mut();
            which.set(Which::Copy);
            drop(third);
            which.set(Which::Original);
            drop(second);
            made(&mut first, make_struct)
        };
        // Nothing of the two ends with the outermost.
        which.set(Which::Other);
        later
    };
    let mut copy: Store<()> = copy.unwrap();
    let array = copy.forked(make_array).unwrap();
    let there = made(&mut copy, array);
    assert!(there.unwrap_anyref().unwrap().as_array(&copy).unwrap().is_some());
    assert_refused(copy.forked(later), "was not rooted when the store was forked");
}

/// The place of a value that was freed may have another one, which a handle of the first does not stand for in a copy either.
#[test]
fn a_value_whose_scope_has_ended_is_not_in_a_copy() {
    let mut store = Store::new(&Engine::default(), ());
    let ended = ExternRef::new(RootScope::new(&mut store), "first");
    store.gc();
    let there = ExternRef::new(&mut store, "second");
    let copy = store.fork(()).unwrap();
    assert!(copy.forked(ended).is_err());
    let there = copy.forked(there).unwrap().data(&copy).unwrap().unwrap();
    assert_eq!(there.downcast_ref(), Some(&"second"));
}
