//! An engine's function types: kept as long as somebody has them, and their ids used again.

use crate::assert_says;
use pirn::*;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many types the tests below choose from.
const TYPES: usize = 200;

/// Types of the parameters of type `k`, no two alike.
fn params(k: usize) -> Vec<ValType> {
    let digits = (0..4).map(|i| [ValType::I32, ValType::I64, ValType::F32, ValType::F64][k >> (2 * i) & 3]);
    digits.chain([ValType::I32]).collect()
}

fn func_type(k: usize) -> FuncType {
    FuncType::new(params(k), [ValType::I32])
}

/// Numbers that look random.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }
}

/// A module that imports a table, puts a function of type `k` at `slot` that returns `k`, and exports a function
/// `call{j}` for each of `calls`, which calls the table's function at an index as one of type `j`.
fn module(engine: &Engine, slot: usize, k: usize, calls: &[usize]) -> Module {
    let list = |k| params(k).iter().map(|ty| format!("{ty} ")).collect::<String>();
    // The types come in another order in every module.
    let mut text = String::from("(module (import \"host\" \"table\" (table 64 funcref))");
    for &j in calls {
        let args = params(j).iter().map(|ty| format!("({ty}.const 0)")).collect::<String>();
        text += &format!("(type $t{j} (func (param {}) (result i32)))", list(j));
        text += &format!(
            "(func (export \"call{j}\") (param $at i32) (result i32) (call_indirect (type $t{j}) {args} (local.get $at)))"
        );
    }
    text += &format!("(func $own (param {}) (result i32) (i32.const {k}))", list(k));
    text += &format!("(elem (i32.const {slot}) func $own))");
    Module::new(engine, text).unwrap()
}

/// A store with a table, what stands in it, and the instances that call through it.
struct World {
    store: Store<()>,
    table: Table,
    slots: Vec<Option<usize>>,
    callers: VecDeque<(Instance, Vec<usize>)>,
}

impl World {
    fn new(engine: &Engine) -> Self {
        let mut store = Store::new(engine, ());
        let ty = TableType::new(RefType::FUNCREF, 64, None);
        let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
        Self { store, table, slots: vec![None; 64], callers: VecDeque::new() }
    }

    /// One more function in the table, of a module that nobody else keeps or of the host, and one more caller.
    fn step(&mut self, rng: &mut Rng) {
        let (slot, k) = (rng.below(64), rng.below(TYPES));
        self.slots[slot] = Some(k);
        if rng.below(3) == 0 {
            let func = Func::new(&mut self.store, func_type(k), move |_, _, results| {
                results[0] = Val::I32(k as i32);
                Ok(())
            });
            self.table.set(&mut self.store, slot as u64, Ref::Func(Some(func))).unwrap();
            return;
        }
        let mut calls: Vec<_> = (0..4).map(|_| rng.below(TYPES)).collect();
        // What is there is called as what it is, too.
        calls.extend(self.slots[rng.below(64)]);
        calls.sort_unstable();
        calls.dedup();
        let first = rng.below(calls.len());
        calls.rotate_left(first);
        let module = module(self.store.engine(), slot, k, &calls);
        let instance = Instance::new(&mut self.store, &module, &[self.table.into()]).unwrap();
        self.callers.push_back((instance, calls));
    }

    /// Calls everything as everything: it works if the types are the same, and traps if not.
    fn check(&mut self) -> (usize, usize) {
        let (mut right, mut wrong) = (0, 0);
        for (instance, calls) in &self.callers {
            for j in calls {
                let call = instance.get_typed_func::<i32, i32>(&self.store, &format!("call{j}")).unwrap();
                for (at, k) in self.slots.iter().enumerate() {
                    let result = call.call(&mut self.store, at as i32);
                    match k {
                        Some(k) if k == j => {
                            assert_eq!(result.unwrap(), *k as i32);
                            right += 1;
                        }
                        Some(k) => {
                            let trap =
                                result.expect_err(&format!("a function of type {k} was called as of type {j}")).trap();
                            assert_eq!(trap, Some(Trap::IndirectCallTypeMismatch));
                            wrong += 1;
                        }
                        None => assert_eq!(result.unwrap_err().trap(), Some(Trap::UninitializedElement)),
                    }
                }
            }
        }
        (right, wrong)
    }
}

#[test]
fn ids_are_used_again_and_calls_stay_right() {
    let engine = Engine::default();
    let mut rng = Rng(1);
    let mut worlds: Vec<_> = (0..4).map(|_| World::new(&engine)).collect();
    let (mut right, mut wrong) = (0, 0);
    for step in 0..600 {
        let at = rng.below(worlds.len());
        worlds[at].step(&mut rng);
        if step % 10 == 9 {
            // Stores die, with all their types.
            let at = rng.below(worlds.len());
            let (some, more) = worlds[at].check();
            (right, wrong) = (right + some, wrong + more);
            worlds[at] = World::new(&engine);
        }
        assert!(engine.function_types() <= TYPES + 1);
    }
    for world in &mut worlds {
        let (some, more) = world.check();
        (right, wrong) = (right + some, wrong + more);
    }
    assert!(right > 100 && wrong > 10_000, "{right} calls were right, {wrong} wrong");
    drop(worlds);
    assert_eq!(engine.function_types(), 0);
}

#[test]
fn an_engine_keeps_the_types_that_there_are() {
    let engine = Engine::default();
    let text =
        "(module (type (func (param i32))) (type (func (param i32))) (type (func (param i64))) (func (export \"f\")))";
    let module = Module::new(&engine, text).unwrap();
    let again = Module::new(&engine, text).unwrap();
    assert_eq!(engine.function_types(), 3);
    drop(again);
    assert_eq!(engine.function_types(), 3);
    // An instance keeps its module.
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    drop(module);
    assert_eq!(engine.function_types(), 3);
    assert_eq!(instance.get_func(&store, "f").unwrap().ty(&store), FuncType::new([], []));
    // A store keeps the types of its host functions, and so does a linker.
    let func = Func::wrap(&mut store, |_: f32| {});
    assert_eq!(engine.function_types(), 4);
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "f", |_: f64| {}).unwrap();
    assert_eq!(engine.function_types(), 5);
    let shared = linker.get(&mut store, "host", "f").unwrap();
    assert_eq!(engine.function_types(), 5);
    assert_eq!(shared.ty(&store), ExternType::Func(FuncType::new([ValType::F64], [])));
    assert_eq!(func.ty(&store), FuncType::new([ValType::F32], []));
    // The store keeps what it has of the linker; a store of another engine has types of its own.
    let other = Engine::default();
    let mut foreign = Store::new(&other, ());
    assert_eq!(linker.get(&mut foreign, "host", "f").unwrap().ty(&foreign), shared.ty(&store));
    assert_eq!((engine.function_types(), other.function_types()), (5, 1));
    drop(linker);
    assert_eq!(engine.function_types(), 5);
    drop(store);
    // A definition keeps its type in the engine it was made for, whoever has it.
    assert_eq!((engine.function_types(), other.function_types()), (1, 1));
    drop(foreign);
    assert_eq!((engine.function_types(), other.function_types()), (0, 0));
    // What was refused leaves nothing, at whichever step.
    for wat in [
        "(module (type (func (param i32))) (func (result i32)))",
        "(module (type (func (param i32))) (func (unknown)))",
    ] {
        assert!(Module::new(&engine, wat).is_err());
    }
    assert_eq!(engine.function_types(), 0);
}

#[test]
fn what_outlives_its_store_keeps_no_types() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "ask", |_: i64| -> Result<f32> { Err(Yield::new(()).into()) }).unwrap();
    let text = r#"(module (import "host" "ask" (func $ask (param i64) (result f32)))
        (func (export "f") (result i32) (i32.trunc_f32_s (call $ask (i64.const 1)))))"#;
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, text).unwrap();
    let f = linker.instantiate(&mut store, &module).unwrap().get_func(&store, "f").unwrap();
    let paused = f.call_resumable(&mut store, &[]).unwrap().paused().unwrap();
    drop((store, module, linker));
    assert_eq!(engine.function_types(), 0);
    assert_eq!(paused.expects(), [ValType::F32]);
    // Other types have the ids now; the paused call and the handle are refused all the same.
    let module =
        Module::new(&engine, "(module (type (func)) (type (func (param i64))) (func (export \"f\")))").unwrap();
    let mut store = Store::new(&engine, ());
    Instance::new(&mut store, &module, &[]).unwrap();
    let error = paused.resume(&mut store, &[Val::from(1f32)]).unwrap_err();
    assert!(error.to_string().contains("wrong store"));
    assert!(error.into_paused().is_some());
    assert!(f.call(&mut store, &[], &mut [Val::I32(0)]).is_err());
    assert!(f.typed::<(), i32>(&store).is_err());
}

/// Threads make and drop modules and stores of the same types, through each other.
#[test]
fn threads_share_the_types() {
    let engine = Engine::default();
    let right = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (engine, right) = (engine.clone(), &right);
            scope.spawn(move || {
                let mut rng = Rng(seed);
                let mut kept = VecDeque::new();
                for _ in 0..40 {
                    let mut world = World::new(&engine);
                    (0..3).for_each(|_| world.step(&mut rng));
                    // Some live on while other threads' types come and go.
                    kept.push_back(world);
                    if kept.len() > 3 {
                        let mut world = kept.pop_front().unwrap();
                        right.fetch_add(world.check().0, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert!(right.into_inner() > 0);
    assert_eq!(engine.function_types(), 0);
}

/// Tables and globals may be of references to a type of the module, also where no type names another. A typeidx means nothing to others.
#[test]
fn items_have_the_engines_types_where_all_types_are_plain() {
    let engine = Engine::default();
    // So that typeidxs are no ids.
    let _kept: Vec<_> =
        (0..7).map(|k| Module::new(&engine, format!("(module (type (func {})))", "(param i32)".repeat(k)))).collect();
    let text = r#"(module
        (type $other (func (param externref) (result externref)))
        (type $f (func (param i64) (result i64)))
        (func $id (export "id") (type $f) (local.get 0))
        (func (export "other") (type $other) (local.get 0))
        (table (export "t") 1 4 (ref null $f))
        (global (export "g") (mut (ref null $f)) (ref.null $f))
        (func (export "table") (param i64) (result i64) (call_ref $f (local.get 0) (table.get 0 (i32.const 0))))
        (func (export "global") (param i64) (result i64) (call_ref $f (local.get 0) (global.get 0))))"#;
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let [id, other] = ["id", "other"].map(|name| instance.get_func(&store, name).unwrap());
    let host = Func::wrap(&mut store, |n: i64| n + 1);
    let (table, global) = (instance.get_table(&store, "t").unwrap(), instance.get_global(&store, "g").unwrap());
    let declared = module.exports().find(|export| export.name() == "t").unwrap().ty();
    let ExternType::Table(declared) = declared else { panic!("{declared:?}") };
    assert_eq!(declared.element, table.ty(&store).element);
    assert_eq!(ValType::Ref(declared.element), global.ty(&store).content);
    // Whatever id its type has, a function of another type is refused.
    let mut others = vec![other];
    for k in 0..40 {
        others.push(Func::new(&mut store, FuncType::new(vec![ValType::EXTERNREF; k], []), |_, _, _| Ok(())));
    }
    let (table_type, global_type) = (table.ty(&store), global.ty(&store));
    for &wrong in &others {
        assert!(table.set(&mut store, 0, wrong.into()).is_err());
        assert!(table.fill(&mut store, 0, wrong.into(), 1).is_err());
        assert!(table.grow(&mut store, 1, wrong.into()).is_err());
        assert!(global.set(&mut store, wrong.into()).is_err());
        assert!(Table::new(&mut store, table_type, wrong.into()).is_err());
        assert!(Global::new(&mut store, global_type, wrong.into()).is_err());
    }
    for (right, expected) in [(id, 5), (host, 6)] {
        table.set(&mut store, 0, right.into()).unwrap();
        global.set(&mut store, right.into()).unwrap();
        for name in ["table", "global"] {
            let call = instance.get_typed_func::<i64, i64>(&store, name).unwrap();
            assert_eq!(call.call(&mut store, 5).unwrap(), expected);
        }
    }
    assert_eq!(table.grow(&mut store, 1, id.into()).unwrap(), 1);
}

fn named(module: &Module) -> HeapType {
    let Some(ExternType::Global(global)) = module.get_export("g") else { panic!("a global") };
    let ValType::Ref(reference) = global.content else { panic!("a reference") };
    reference.heap_type()
}

/// What the host's functions and tags are of keeps the types that it names, as what a module's are of does.
#[test]
fn types_of_the_hosts_items_keep_what_they_name() {
    let engine = Engine::default();
    let [func, tag] = {
        let text = r#"(module (type $s (struct (field i32))) (global (export "g") (ref null $s) (ref.null $s)))"#;
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        let ty = FuncType::new([ValType::Ref(RefType::new(true, named(&module)))], []);
        let func = Func::new(&mut store, ty.clone(), |_, _, _| Ok(()));
        let tag = Tag::new(&mut store, &TagType::new(ty)).unwrap();
        [func.ty(&store), tag.ty(&store).ty().clone()]
    };
    // Others would have the id of the first otherwise.
    let ValType::Ref(reference) = func.params()[0] else { panic!("a reference") };
    for fields in 1..50 {
        let text = format!(
            r#"(module (type $s (struct {})) (global (export "g") (ref null $s) (ref.null $s)))"#,
            "(field i64)".repeat(fields)
        );
        assert_ne!(named(&Module::new(&engine, text).unwrap()), reference.heap_type());
    }
    assert_eq!(func.params(), tag.params());
    assert!(engine.function_types() > 0);
    drop((func, tag));
    assert_eq!(engine.function_types(), 0);
}

#[test]
fn items_of_types_of_another_kind_are_refused() {
    let engine = Engine::default();
    let text = r#"(module (type $f (func (param i32))) (global (export "g") (ref null $f) (ref.null $f)))"#;
    let module = Module::new(&engine, text).unwrap();
    let id = named(&module).type_id().unwrap();
    let mut store = Store::new(&engine, ());
    for heap in [HeapType::ConcreteStruct(id), HeapType::ConcreteArray(id)] {
        let ty = RefType::new(true, heap);
        let global = Global::new(&mut store, GlobalType::new(ValType::Ref(ty), true), Val::AnyRef(None));
        assert_says(&global.unwrap_err(), &["of another kind"]);
        let table = Table::new(&mut store, TableType::new(ty, 1, None), Ref::Any(None));
        assert_says(&table.unwrap_err(), &["of another kind"]);
    }
    let ty = ValType::Ref(RefType::new(true, HeapType::ConcreteFunc(id)));
    Global::new(&mut store, GlobalType::new(ty, true), Val::FuncRef(None)).unwrap();
}
