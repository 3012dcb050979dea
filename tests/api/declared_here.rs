//! Host functions and tags of types that are open, below others, or in recursion groups: taken from a module, or declared here.

use crate::assert_says;
use pirn::*;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Imports functions as two types, of which one is below the other, and says of the functions in its table what they are.
const IMPORTER: &str = r#"(module
    (type $above (sub (func (result i32))))
    (type $below (sub final $above (func (result i32))))
    (type $plain (func (result i32)))
    (import "host" "above" (func $f (type $above)))
    (import "host" "below" (func $g (type $below)))
    (import "host" "plain" (func $h (type $plain)))
    (table 3 funcref)
    (elem (i32.const 0) $f $g $h)
    (func (export "as above") (param i32) (result i32) (call_indirect (type $above) (local.get 0)))
    (func (export "as below") (param i32) (result i32) (call_indirect (type $below) (local.get 0)))
    (func (export "as plain") (param i32) (result i32) (call_indirect (type $plain) (local.get 0)))
    (func (export "is above") (param i32) (result i32) (ref.test (ref $above) (table.get (local.get 0))))
    (func (export "is below") (param i32) (result i32) (ref.test (ref $below) (table.get (local.get 0))))
    (func (export "cast") (param i32) (result i32) (call_ref $below (ref.cast (ref $below) (table.get (local.get 0))))))"#;

/// A function of this type that gives `n`.
fn gives(store: &mut Store<()>, ty: &FuncType, n: i32) -> Extern {
    let func = Func::new(store, ty.clone(), move |_, _, results| {
        results[0] = Val::I32(n);
        Ok(())
    });
    func.into()
}

/// Types of the functions that a module imports.
fn imported(module: &Module) -> Vec<FuncType> {
    module.imports().map(|import| import.ty().unwrap_func().clone()).collect()
}

/// The types that [`IMPORTER`] imports, declared here.
fn declare(engine: &Engine) -> Vec<FuncType> {
    let i32 = || [ValType::I32];
    let above = FuncType::with_finality_and_supertype(engine, Finality::NonFinal, None, [], i32()).unwrap();
    let below = FuncType::with_finality_and_supertype(engine, Finality::Final, Some(&above), [], i32()).unwrap();
    vec![above, below, FuncType::new([], i32())]
}

fn call(store: &mut Store<()>, instance: Instance, name: &str, index: i32) -> Result<i32> {
    instance.get_typed_func::<i32, i32>(&*store, name)?.call(store, index)
}

#[test]
fn functions_of_declared_types_are_what_they_are_declared_to_be() {
    let engine = Engine::default();
    let module = Module::new(&engine, IMPORTER).unwrap();
    for types in [imported(&module), declare(&engine)] {
        let mut store = Store::new(&engine, ());
        let funcs: Vec<_> = types.iter().zip(1..).map(|(ty, n)| gives(&mut store, ty, n)).collect();
        let instance = Instance::new(&mut store, &module, &funcs).unwrap();
        for (name, expected) in [
            ("as above", [Some(1), Some(2), None]),
            ("as below", [None, Some(2), None]),
            ("as plain", [None, None, Some(3)]),
            ("is above", [Some(1), Some(1), Some(0)]),
            ("is below", [Some(0), Some(1), Some(0)]),
            ("cast", [None, Some(2), None]),
        ] {
            for (index, expected) in (0..).zip(expected) {
                let found = call(&mut store, instance, name, index);
                match expected {
                    Some(expected) => assert_eq!(found.unwrap(), expected, "{name} {index}"),
                    None if name == "cast" => assert_eq!(found.unwrap_err().trap(), Some(Trap::CastFailure)),
                    None => {
                        assert_eq!(found.unwrap_err().trap(), Some(Trap::IndirectCallTypeMismatch), "{name} {index}")
                    }
                }
            }
        }
    }
}

#[test]
fn which_function_satisfies_which_import() {
    let engine = Engine::default();
    let module = Module::new(&engine, IMPORTER).unwrap();
    let types = declare(&engine);
    assert_eq!(types, imported(&module));
    let mut store = Store::new(&engine, ());
    let funcs: Vec<_> = types.iter().map(|ty| gives(&mut store, ty, 1)).collect();
    // By what is given, and for what.
    for (given, fits) in [(0, [true, false, false]), (1, [true, true, false]), (2, [false, false, true])] {
        for (place, fits) in fits.into_iter().enumerate() {
            let mut imports = funcs.clone();
            imports[place] = funcs[given].clone();
            let linked = Instance::new(&mut store, &module, &imports).map(drop);
            assert_eq!(linked.is_ok(), fits, "{given} as {place}: {linked:?}");
            if let Err(error) = linked {
                assert_says(&error, &["[] -> [i32]", "declared apart", "expected", "found"]);
            }
        }
    }
}

#[test]
fn a_linker_holds_a_declared_type_to_what_it_is() {
    let engine = Engine::default();
    let module = Module::new(&engine, IMPORTER).unwrap();
    let link = |types: [&FuncType; 3]| {
        let mut linker = Linker::<()>::new(&engine);
        for (name, ty) in ["above", "below", "plain"].into_iter().zip(types) {
            linker.func_new("host", name, ty.clone(), |_, _, results| {
                results[0] = Val::I32(5);
                Ok(())
            })?;
        }
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module)?;
        // A copied store has the same functions.
        let copy = store.fork(())?;
        assert_eq!(
            copy.forked(instance)?.get_func(&copy, "cast").map(|func| func.ty(&copy).is_declared()),
            Some(false)
        );
        let below = call(&mut store, instance, "is below", 0)?;
        Ok::<_, Error>((below, call(&mut store, instance, "as plain", 2)?))
    };
    let [above, below, plain] = &declare(&engine)[..] else { unreachable!() };
    assert_eq!(link([above, below, plain]).unwrap(), (0, 5));
    assert_eq!(link([below, below, plain]).unwrap(), (1, 5));
    // What is declared nowhere takes the import's type; what is declared does not.
    assert_eq!(link([plain, plain, plain]).unwrap(), (0, 5));
    assert_says(&link([above, above, plain]).unwrap_err(), &["`host::below`", "declared apart"]);
    assert_says(&link([above, below, above]).unwrap_err(), &["`host::plain`", "declared apart"]);
}

/// A function of a recursion group, whose types name each other.
const GROUP: &str = r#"(module
    (rec
        (type $make (func (param i32) (result (ref $box))))
        (type $box (struct (field i32) (field (ref null $make))))
        (type $throws (func (param (ref $box)))))
    (import "host" "make" (func $make (type $make)))
    (import "host" "tag" (tag $tag (type $throws)))
    (import "host" "throw" (func $throw (param (ref $box))))
    (func (export "make") (param i32) (result (ref $box)) (struct.new $box (local.get 0) (ref.null $make)))
    (func (export "run") (param i32) (result i32)
        (struct.get $box 0 (call $make (local.get 0))))
    (func (export "catch") (param i32) (result i32)
        (struct.get $box 0 (block (result (ref $box))
            (try_table (catch $tag 0) (call $throw (call $make (local.get 0))))
            unreachable))))"#;

#[test]
fn types_of_groups_come_from_the_module() {
    let engine = Engine::default();
    let module = Module::new(&engine, GROUP).unwrap();
    let types: Vec<_> = module.imports().map(|import| import.ty()).collect();
    let mut store = Store::new(&engine, ());
    let link = |store: &mut Store<()>, make: &FuncType, tag: &TagType| {
        let pre = module.get_export("make").unwrap().unwrap_func().results()[0];
        let ValType::Ref(reference) = pre else { panic!("a reference") };
        let make = Func::new(&mut *store, make.clone(), move |mut caller, args, results| {
            let pre = StructRefPre::new(&mut caller, reference.heap_type())?;
            let made = StructRef::new(&mut caller, &pre, &[args[0], Val::FuncRef(None)])?;
            results[0] = made.into();
            Ok(())
        });
        let tag = Tag::new(&mut *store, tag)?;
        let throw = Func::new(&mut *store, types[2].unwrap_func().clone(), move |mut caller, args, _| {
            let exception = ExnRef::new(&mut caller, &tag, args)?;
            caller.as_context_mut().throw(exception)?;
            Ok(())
        });
        Instance::new(store, &module, &[make.into(), tag.into(), throw.into()])
    };
    let (make, tag) = (types[0].unwrap_func(), types[1].unwrap_tag());
    assert!(make.is_declared() && make.finality().is_final() && make.supertype().is_none());
    let instance = link(&mut store, make, tag).unwrap();
    assert_eq!(call(&mut store, instance, "run", 7).unwrap(), 7);
    assert_eq!(call(&mut store, instance, "catch", 8).unwrap(), 8);
    // What is written the same, outside the group, is something else.
    let error = link(&mut store, &make.undeclared(), tag).unwrap_err();
    assert_says(&error, &["`host::make`", "declared apart", "a final type by itself"]);
    let error = link(&mut store, make, &TagType::new(tag.ty().undeclared())).unwrap_err();
    assert_says(&error, &["`host::tag`", "declared apart"]);
    // Functions and tags know what they are, and so do those that are exported again.
    assert_eq!(*instance.get_func(&store, "make").unwrap().ty(&store).results(), *make.results());
}

#[test]
fn a_type_says_how_it_is_declared() {
    let engine = Engine::default();
    let types = declare(&engine);
    let [above, below, plain] = &types[..] else { unreachable!() };
    assert_eq!((above.finality(), above.supertype()), (Finality::NonFinal, None));
    assert_eq!((below.finality(), below.supertype()), (Finality::Final, Some(above.clone())));
    assert_eq!((plain.finality(), plain.supertype()), (Finality::Final, None));
    assert!(above.is_written_as(below) && above.is_written_as(plain));
    assert_eq!([above, below, plain].map(FuncType::is_declared), [true, true, false]);
    // Types are equal if and only if they are the same, and what is equal has the same hash.
    let (hashes, again) = (RandomState::new(), declare(&engine));
    for (a, i) in types.iter().zip(0..) {
        for (b, j) in again.iter().zip(0..) {
            assert_eq!(a == b, i == j);
            assert!(a != b || hashes.hash_one(a) == hashes.hash_one(b));
        }
    }
    assert_eq!(types.iter().chain(&again).collect::<HashSet<_>>().len(), 3);
    // Those of another engine are others, unless they are declared nowhere.
    let other = declare(&Engine::default());
    assert_eq!(types.iter().zip(&other).map(|(a, b)| a == b).collect::<Vec<_>>(), [false, false, true]);
    // A final type below nothing is what `new` gives.
    let none = FuncType::with_finality_and_supertype(&engine, Finality::Final, None, [], [ValType::I32]).unwrap();
    assert_eq!((&none, none.is_declared()), (plain, false));
    // With other names for what it names, it is another type.
    let mut renamed = above.clone();
    renamed.rename(|id| id);
    assert_eq!(renamed, *plain);
}

#[test]
fn what_cannot_be_declared() {
    let engine = Engine::default();
    let declare = |above: &FuncType, params: &[ValType], results: &[ValType]| {
        let (params, results) = (params.iter().copied(), results.iter().copied());
        FuncType::with_finality_and_supertype(&engine, Finality::NonFinal, Some(above), params, results)
    };
    let open = |engine: &Engine, params: &[ValType], results: &[ValType]| {
        let (params, results) = (params.iter().copied(), results.iter().copied());
        FuncType::with_finality_and_supertype(engine, Finality::NonFinal, None, params, results)
    };
    let any = ValType::Ref(RefType::ANYREF);
    let eq = ValType::Ref(RefType::EQREF);
    let above = open(&engine, &[eq], &[any]).unwrap();
    // Parameters may be wider, results narrower.
    declare(&above, &[any], &[eq]).unwrap();
    for (params, results) in [
        (&[ValType::Ref(RefType::I31REF)][..], &[any][..]),
        (&[eq], &[ValType::EXTERNREF]),
        (&[], &[any]),
        (&[eq], &[]),
    ] {
        assert_says(
            &declare(&above, params, results).unwrap_err(),
            &["does not match", "(ref null eq)"].map(|text| if text == "(ref null eq)" { "eqref" } else { text }),
        );
    }
    assert_says(&declare(&FuncType::new([], []), &[], &[]).unwrap_err(), &["final"]);
    let sealed = FuncType::with_finality_and_supertype(&engine, Finality::Final, Some(&above), [eq], [any]).unwrap();
    assert_says(&declare(&sealed, &[eq], &[any]).unwrap_err(), &["final"]);
    let foreign = open(&Engine::default(), &[eq], &[any]).unwrap();
    assert_says(&declare(&foreign, &[eq], &[any]).unwrap_err(), &["another engine"]);
    // As many as modules may declare, and not one more.
    let (mut chain, mut count) = (open(&engine, &[], &[]).unwrap(), 0);
    let error = loop {
        match declare(&chain, &[], &[]) {
            Ok(next) => (chain, count) = (next, count + 1),
            Err(error) => break error,
        }
    };
    assert_eq!(count, 63);
    assert_says(&error, &["63"]);
    // Types that are not there, or are of another kind.
    let module =
        Module::new(&engine, "(module (type $s (struct)) (import \"\" \"\" (func (param (ref $s)))))").unwrap();
    let named = imported(&module)[0].params()[0];
    open(&engine, &[named], &[]).unwrap();
    let id = named.type_id().unwrap();
    for heap in [HeapType::ConcreteArray(id), HeapType::ConcreteFunc(id)] {
        let ty = ValType::Ref(RefType::new(true, heap));
        assert_says(&open(&engine, &[], &[ty]).unwrap_err(), &["another kind"]);
    }
    drop(module);
    assert_says(&open(&engine, &[named], &[]).unwrap_err(), &["does not have"]);
    drop((above, sealed, chain));
    assert_eq!(engine.function_types(), 0);
}

#[test]
fn a_type_outlives_its_module() {
    let engine = Engine::default();
    let types = imported(&Module::new(&engine, IMPORTER).unwrap());
    // Those that are declared stay; the plain one needs nobody.
    assert_eq!(engine.function_types(), 2);
    // Types that would take their ids, were these free.
    let others: Vec<_> = (0..200)
        .map(|n| Module::new(&engine, format!("(module (type (sub (func {}))))", "(param i64)".repeat(n))).unwrap())
        .collect();
    let mut store = Store::new(&engine, ());
    let funcs: Vec<_> = types.iter().zip(1..).map(|(ty, n)| gives(&mut store, ty, n)).collect();
    drop(types);
    // The same module, another time: its types are the same, because the functions have them.
    let module = Module::new(&engine, IMPORTER).unwrap();
    let instance = Instance::new(&mut store, &module, &funcs).unwrap();
    assert_eq!(call(&mut store, instance, "cast", 1).unwrap(), 2);
    // A supertype is kept by what is below it.
    let below = imported(&module).swap_remove(1);
    drop((store, module, others));
    assert_eq!(engine.function_types(), 2);
    assert!(below.supertype().unwrap().finality().is_non_final());
    drop(below);
    assert_eq!(engine.function_types(), 0);
    // One keeps the engine, if it comes to that.
    let [above, below, _] = &declare(&engine)[..] else { unreachable!() };
    let (above, below) = (above.clone(), below.clone());
    drop(engine);
    assert_eq!(below.supertype(), Some(above));
}

#[test]
fn a_type_that_only_names_others_keeps_them() {
    let engine = Engine::default();
    let text = |field: &str| {
        format!(
            "(module (type $s (struct (field {field}))) (import \"\" \"\" (func (param (ref null $s)) (result i32))))"
        )
    };
    let ty = imported(&Module::new(&engine, text("i32")).unwrap()).remove(0);
    assert!(!ty.is_declared());
    assert_eq!(ty, ty.undeclared());
    let others: Vec<_> = (0..200).map(|n| Module::new(&engine, text(&"i64 ".repeat(n + 1))).unwrap()).collect();
    let mut store = Store::new(&engine, ());
    let func = gives(&mut store, &ty, 1);
    for other in &others {
        assert!(Instance::new(&mut store, other, std::slice::from_ref(&func)).is_err());
    }
    Instance::new(&mut store, &Module::new(&engine, text("i32")).unwrap(), &[func]).unwrap();
}

#[test]
fn a_type_of_another_engine_is_refused() {
    let [engine, other] = [Engine::default(), Engine::default()];
    let foreign = &declare(&other)[0];
    let mut store = Store::new(&engine, ());
    let panic = catch_unwind(AssertUnwindSafe(|| gives(&mut store, foreign, 1))).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("another engine"));
    let mut linker = Linker::<()>::new(&engine);
    let error = linker.func_new("host", "f", foreign.clone(), |_, _, _| Ok(())).map(drop).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(LinkError::OtherEngine { .. })), "{error}");
    let ty = FuncType::with_finality_and_supertype(&other, Finality::NonFinal, None, [ValType::I32], []).unwrap();
    assert_says(&Tag::new(&mut store, &TagType::new(ty)).unwrap_err(), &["another engine"]);
    // A linker may serve stores of other engines. There a declared type is not there.
    let mut linker = Linker::<()>::new(&other);
    linker.func_new("host", "f", foreign.clone(), |_, _, _| Ok(())).unwrap();
    let found = linker.get(&mut store, "host", "f").unwrap().ty(&store);
    assert_eq!(*found.unwrap_func(), FuncType::new([], [ValType::I32]));
    for ty in ["(sub (func (result i32)))", "(func (result i32))"] {
        let text = format!("(module (type $f {ty}) (import \"host\" \"f\" (func (type $f))))");
        let module = Module::new(&engine, text).unwrap();
        assert_says(&linker.instantiate(&mut store, &module).unwrap_err(), &["`host::f`"]);
    }
}

/// What a type was declared before says nothing of what it is declared now.
#[test]
fn declared_types_are_declared_anew() {
    let engine = Engine::default();
    let open = FuncType::with_finality_and_supertype(&engine, Finality::NonFinal, None, [], [ValType::I32]).unwrap();
    let again = |finality| {
        let declared = engine.declare(CompositeType::Func(open.clone()), finality, None).unwrap();
        declared.map(FuncType::known)
    };
    assert_eq!(again(Finality::Final), None, "it is what `new` gives");
    assert_eq!(again(Finality::NonFinal), Some(open.clone()));
}
