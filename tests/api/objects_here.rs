//! Types of structs and arrays that are declared here, and objects of them.

use crate::assert_says;
use pirn::*;

const I32: StorageType = StorageType::ValType(ValType::I32);

fn field(element_type: StorageType, mutable: bool) -> FieldType {
    FieldType::new(element_type, mutable)
}

/// A reference to what has this name, which may be null.
fn to(heap: Option<HeapType>) -> ValType {
    ValType::Ref(RefType::new(true, heap.unwrap()))
}

/// Points, open; points with a third number, below them; and arrays of points.
fn declare(engine: &Engine) -> (StructType, StructType, ArrayType) {
    let numbers = |count| vec![field(I32, false); count];
    let flat = StructType::with_finality_and_supertype(engine, Finality::NonFinal, None, numbers(2)).unwrap();
    let solid = StructType::with_finality_and_supertype(engine, Finality::Final, Some(&flat), numbers(3)).unwrap();
    let points = ArrayType::new(engine, field(StorageType::ValType(to(flat.heap_type())), true)).unwrap();
    (flat, solid, points)
}

/// Declares the same types.
const POINTS: &str = r#"(module
    (type $flat (sub (struct (field i32) (field i32))))
    (type $solid (sub final $flat (struct (field i32) (field i32) (field i32))))
    (type $points (array (mut (ref null $flat))))
    (func (export "sum") (param (ref null $flat)) (result i32)
        (i32.add (struct.get $flat 0 (local.get 0)) (struct.get $flat 1 (local.get 0))))
    (func (export "third") (param anyref) (result i32) (struct.get $solid 2 (ref.cast (ref $solid) (local.get 0))))
    (func (export "last") (param (ref null $points)) (result (ref null $flat))
        (array.get $points (local.get 0) (i32.sub (array.len (local.get 0)) (i32.const 1)))))"#;

fn run(store: &mut Store<()>, instance: Instance, name: &str, param: Val) -> Result<Val> {
    let mut results = [Val::I32(0)];
    instance.get_func(&*store, name).unwrap().call(store, &[param], &mut results)?;
    Ok(results[0])
}

#[test]
fn types_declared_here_are_those_of_modules() {
    let engine = Engine::default();
    let (flat, solid, points) = declare(&engine);
    assert_eq!((flat.finality(), flat.supertype()), (Finality::NonFinal, None));
    assert_eq!((solid.finality(), solid.supertype()), (Finality::Final, Some(flat.clone())));
    assert_eq!((points.finality(), points.supertype()), (Finality::Final, None));
    assert_ne!(flat, StructType::new(&engine, flat.fields().to_vec()).unwrap(), "one is open");
    assert_eq!(declare(&engine), (flat.clone(), solid.clone(), points.clone()));
    assert_eq!(engine.function_types(), 3, "those that are asked for and dropped are gone");
    let mut store = Store::new(&engine, ());
    let pre = (
        StructRefPre::of(&mut store, &flat).unwrap(),
        StructRefPre::of(&mut store, &solid).unwrap(),
        ArrayRefPre::of(&mut store, &points).unwrap(),
    );
    assert_eq!((pre.0.ty(), pre.1.ty(), pre.2.ty()), (&flat, &solid, &points));
    // Objects are made before there is a module, and outlive whoever declared their types.
    let numbers = [1, 2, 3].map(Val::I32);
    let first = StructRef::new(&mut store, &pre.0, &numbers[..2]).unwrap();
    let second = StructRef::new(&mut store, &pre.1, &numbers).unwrap();
    let both = ArrayRef::new_fixed(&mut store, &pre.2, &[first.into(), second.into()]).unwrap();
    assert!(ArrayRef::new_fixed(&mut store, &pre.2, &[both.into()]).is_err(), "an array is no point");
    drop((flat, solid, points, pre));
    let others: Vec<_> = (0..200)
        .map(|n| Module::new(&engine, format!("(module (type (struct {})))", "(field i64)".repeat(n))).unwrap())
        .collect();
    let module = Module::new(&engine, POINTS).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    store.gc();
    assert_eq!(run(&mut store, instance, "sum", first.into()).unwrap(), Val::I32(3));
    assert_eq!(run(&mut store, instance, "sum", second.into()).unwrap(), Val::I32(3));
    assert_eq!(run(&mut store, instance, "third", second.into()).unwrap(), Val::I32(3));
    assert_eq!(run(&mut store, instance, "third", first.into()).unwrap_err().trap(), Some(Trap::CastFailure));
    let last = run(&mut store, instance, "last", both.into()).unwrap();
    assert_eq!(last.unwrap_anyref(), Some(second.into()));
    // By their names, types are found as they are declared.
    let name = second.ty(&store).unwrap();
    let by_name = StructRefPre::new(&mut store, name).unwrap();
    assert_eq!(*by_name.ty(), declare(&engine).1);
    drop((by_name, others, module, store));
    assert_eq!(engine.function_types(), 0);
}

#[test]
fn copies_keep_the_types() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let (_, solid, _) = declare(&engine);
    let pre = StructRefPre::of(&mut store, &solid).unwrap();
    let point = StructRef::new(&mut store, &pre, &[1, 2, 3].map(Val::I32)).unwrap();
    let point = point.to_owned_rooted(&mut store).unwrap();
    let mut copy = store.fork(()).unwrap();
    let point = copy.forked(point).unwrap();
    assert!(StructRef::new(&mut copy, &pre, &[1, 2, 3].map(Val::I32)).is_err(), "it is the other store's");
    drop((store, solid, pre));
    assert_eq!(engine.function_types(), 2, "the type, and what it is below");
    let others: Vec<_> = (0..200)
        .map(|n| Module::new(&engine, format!("(module (type (struct {})))", "(field i64)".repeat(n))).unwrap())
        .collect();
    copy.gc();
    let module = Module::new(&engine, POINTS).unwrap();
    let instance = Instance::new(&mut copy, &module, &[]).unwrap();
    let point = point.to_rooted(&mut copy);
    assert_eq!(run(&mut copy, instance, "third", point.into()).unwrap(), Val::I32(3));
    // A copy of the copy, too.
    let (again, types) = (copy.fork(()).unwrap(), engine.function_types());
    drop((copy, module));
    assert_eq!(engine.function_types(), types);
    drop((again, others));
    assert_eq!(engine.function_types(), 0);
}

#[test]
fn snapshots_name_the_type_that_no_module_defines() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let keeper = r#"(module (global (export "kept") (mut anyref) (ref.null any)))"#;
    let instance = Instance::new(&mut store, &Module::new(&engine, keeper).unwrap(), &[]).unwrap();
    let ty = StructType::new(&engine, [field(StorageType::I8, true), field(I32, false)]).unwrap();
    let pre = StructRefPre::of(&mut store, &ty).unwrap();
    let made = StructRef::new(&mut store, &pre, &[Val::I32(1), Val::I32(2)]).unwrap();
    instance.get_global(&store, "kept").unwrap().set(&mut store, made.into()).unwrap();
    let error = Snapshot::take(&store, &[]).unwrap_err();
    assert_says(&error, &["no module of the store defines", "struct (field (mut i8)) (field i32)"]);
    // With a module that does, the object has a name.
    let module = Module::new(&engine, "(module (type (struct (field (mut i8)) (field i32))))").unwrap();
    Instance::new(&mut store, &module, &[]).unwrap();
    Snapshot::take(&store, &[]).unwrap();
}

#[test]
fn what_cannot_be_declared() {
    let engine = Engine::default();
    let any = StorageType::ValType(ValType::Ref(RefType::ANYREF));
    let eq = StorageType::ValType(ValType::Ref(RefType::EQREF));
    let open = |above: Option<&StructType>, fields: &[FieldType]| {
        StructType::with_finality_and_supertype(&engine, Finality::NonFinal, above, fields.iter().copied())
    };
    let above = open(None, &[field(any, false), field(any, true)]).unwrap();
    // A field that does not change may be narrower, and there may be more of them.
    open(Some(&above), &[field(eq, false), field(any, true), field(StorageType::I16, true)]).unwrap();
    for fields in [
        &[field(any, false)][..],
        &[field(any, true), field(any, true)],
        &[field(any, false), field(any, false)],
        &[field(any, false), field(eq, true)],
        &[field(I32, false), field(any, true)],
    ] {
        assert_says(&open(Some(&above), fields).unwrap_err(), &["does not match", "struct (field anyref)"]);
    }
    let packed = open(None, &[field(StorageType::I8, false)]).unwrap();
    assert_says(&open(Some(&packed), &[field(I32, false)]).unwrap_err(), &["does not match", "i8"]);
    let sealed = StructType::new(&engine, []).unwrap();
    assert_says(&open(Some(&sealed), &[]).unwrap_err(), &["final"]);
    let foreign = StructType::with_finality_and_supertype(&Engine::default(), Finality::NonFinal, None, []).unwrap();
    assert_says(&open(Some(&foreign), &[]).unwrap_err(), &["another engine"]);
    assert_says(&StructRefPre::of(Store::new(&engine, ()), &foreign).unwrap_err(), &["another engine"]);
    let array = |above: Option<&ArrayType>, field| {
        ArrayType::with_finality_and_supertype(&engine, Finality::NonFinal, above, field)
    };
    let many = array(None, field(any, false)).unwrap();
    array(Some(&many), field(eq, false)).unwrap();
    assert_says(&array(Some(&many), field(any, true)).unwrap_err(), &["does not match", "array anyref"]);
    assert_says(&array(Some(&many), field(StorageType::I8, false)).unwrap_err(), &["does not match"]);
    // As many above as modules may declare, and not one more.
    let (mut chain, mut count) = (open(None, &[]).unwrap(), 0);
    let error = loop {
        match open(Some(&chain), &[]) {
            Ok(next) => (chain, count) = (next, count + 1),
            Err(error) => break error,
        }
    };
    assert_eq!(count, 63);
    assert_says(&error, &["63"]);
    // Names of what is gone, and of what is of another kind.
    let gone = StructType::new(&engine, [field(I32, true)]).unwrap().heap_type();
    let link = |heap| field(StorageType::ValType(to(heap)), false);
    assert_says(&open(None, &[link(gone)]).unwrap_err(), &["does not have"]);
    assert_says(&StructRefPre::new(Store::new(&engine, ()), gone.unwrap()).unwrap_err(), &["no type"]);
    let wrong = HeapType::ConcreteArray(sealed.heap_type().unwrap().type_id().unwrap());
    assert_says(&open(None, &[link(Some(wrong))]).unwrap_err(), &["another kind"]);
    assert_says(&ArrayRefPre::new(Store::new(&engine, ()), wrong).unwrap_err(), &["no type"]);
    drop((above, packed, sealed, many, chain));
    assert_eq!(engine.function_types(), 0);
}

#[test]
#[should_panic = "more than 10000 fields"]
fn too_many_fields() {
    let _ = StructType::new(&Engine::default(), std::iter::repeat(field(I32, true)));
}

/// Declares types of structs below `above` until one has a name that was another's, which nobody has any more.
fn take_name(engine: &Engine, above: Option<&StructType>, stale: HeapType, of: StorageType) -> StructType {
    let with = |count| {
        let own = above.map_or(&[][..], StructType::fields).iter().copied();
        let fields = own.chain(std::iter::repeat_n(field(of, true), count));
        StructType::with_finality_and_supertype(engine, Finality::Final, above, fields).unwrap()
    };
    // Shards of the registry are chosen by hashes, and give their lowest names first.
    (1..).map(with).find(|ty| ty.heap_type() == Some(stale)).unwrap()
}

#[test]
fn host_functions_keep_the_types_that_theirs_name() {
    let engine = Engine::default();
    let named = StructType::new(&engine, [field(StorageType::I16, false)]).unwrap();
    let stale = named.heap_type().unwrap();
    let nothing = |_: Caller<'_, ()>, _: &[Val], _: &mut [Val]| Ok(());
    let mut linker = Linker::new(&engine);
    linker.func_new("host", "f", FuncType::new([], [to(Some(stale))]), nothing).unwrap();
    drop(named);
    assert_eq!(engine.function_types(), 2, "the function's, and what it names");
    drop(linker);
    assert_eq!(engine.function_types(), 0);
    // A name that is nobody's is refused, whoever would have it later.
    let mut linker = Linker::new(&engine);
    let error = linker.func_new("host", "f", FuncType::new([], [to(Some(stale))]), nothing).unwrap_err();
    assert_says(&error, &["host::f", "does not have"]);
    let past_the_last = to(Some(HeapType::ConcreteStruct(TypeId((1 << 31) + 9))));
    for ty in [to(Some(stale)), past_the_last] {
        let ty = FuncType::new([ty], []);
        assert_says(&linker.func_new("host", "f", ty.clone(), nothing).unwrap_err(), &["does not have"]);
        let mut store = Store::new(&engine, ());
        assert_says(&Tag::new(&mut store, &TagType::new(ty.clone())).unwrap_err(), &["does not have"]);
        let make = std::panic::AssertUnwindSafe(|| Func::new(&mut store, ty, nothing));
        let panic = std::panic::catch_unwind(make).unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().contains("does not have"));
    }
    // What a kept type names is kept, whoever named it before.
    let named = take_name(&engine, None, stale, StorageType::I8);
    let results = [to(named.heap_type())];
    let kept = FuncType::with_finality_and_supertype(&engine, Finality::Final, None, [], results).unwrap();
    drop(named);
    assert!(engine.type_definition(stale.type_id().unwrap()).is_some());
    drop(kept);
    assert_eq!(engine.function_types(), 0);
}

#[test]
fn names_of_another_engine_say_nothing() {
    let (engine, other) = (Engine::default(), Engine::default());
    let named = StructType::new(&engine, [field(I32, false)]).unwrap();
    let stale = named.heap_type().unwrap();
    let there = take_name(&other, None, stale, StorageType::I8);
    let names =
        |engine: &Engine| StructType::new(engine, [field(StorageType::ValType(to(Some(stale))), true)]).unwrap();
    assert_ne!(names(&engine), names(&other));
    let mut linker = Linker::new(&engine);
    linker.func_new("host", "f", FuncType::new([], [to(Some(stale))]), |_: Caller<'_, ()>, _, _| Ok(())).unwrap();
    let mut store = Store::new(&other, ());
    let module = r#"(module (import "host" "f" (func (result anyref))))"#;
    let module = Module::new(&other, module).unwrap();
    assert_says(&linker.instantiate(&mut store, &module).unwrap_err(), &["host::f"]);
    assert!(linker.get(&mut store, "host", "f").is_none());
    drop((there, named));
}

#[test]
fn what_is_declared_of_too_many_fields_is_refused() {
    let engine = Engine::default();
    let ty = StructType::of_fields(vec![field(I32, true); StructType::MOST + 1].into());
    let error = engine.declare(CompositeType::Struct(ty), Finality::Final, None).unwrap_err();
    assert_says(&error, &["10001 fields", "10000"]);
}
