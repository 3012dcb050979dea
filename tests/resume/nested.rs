//! Resuming where calls from the host are nested as deep as they may: the paused call is given back.

use crate::{group, instantiate};
use pirn::*;

/// Entries from the host that may be nested.
const MOST: u32 = 5;

/// What a store's host functions work on.
#[derive(Default)]
struct World {
    nest: Option<TypedFunc<u32, ()>>,
    paused: Option<Box<dyn Held>>,
    log: Vec<i32>,
    refused: usize,
}

/// A paused call, whatever it gives.
trait Held: Send {
    /// Goes on in a host function, with the number for what was asked, if anything was; gives itself back if it may not.
    fn go_on(self: Box<Self>, caller: &mut Caller<'_, World>, answer: i32) -> Option<Box<dyn Held>>;
    /// Goes on to the end, and gives its result.
    fn finish(self: Box<Self>, store: &mut Store<World>, answer: i32) -> Val;
}

/// A paused call, and what makes a value of its result.
struct Call<R>(Paused<R>, fn(&mut Store<World>, R) -> Val);

fn results<R>(paused: &Paused<R>, answer: i32) -> Vec<Val> {
    paused.expects().iter().map(|_| Val::I32(answer)).collect()
}

impl<R: Send + 'static> Held for Call<R> {
    fn go_on(self: Box<Self>, caller: &mut Caller<'_, World>, answer: i32) -> Option<Box<dyn Held>> {
        let Call(paused, value) = *self;
        let results = results(&paused, answer);
        let before = format!("{paused:?}");
        let Err(error) = paused.resume(&mut *caller, &results) else { panic!("nested too deep") };
        assert_eq!(error.error().trap(), Some(Trap::StackOverflow));
        let paused = error.into_paused().expect("still paused");
        assert_eq!(format!("{paused:?}"), before);
        Some(Box::new(Call(paused, value)))
    }

    fn finish(self: Box<Self>, store: &mut Store<World>, answer: i32) -> Val {
        let Call(mut paused, value) = *self;
        loop {
            store.set_fuel(100_000).unwrap();
            let results = results(&paused, answer);
            match paused.resume(&mut *store, &results).unwrap() {
                Resumable::Finished(result) => return value(store, result),
                Resumable::Paused(again) => paused = again,
            }
        }
    }
}

/// `nest` calls WebAssembly until nothing more may be nested, and there the paused call is resumed, several times.
fn world() -> (Linker<World>, Store<World>) {
    let engine = Engine::new(Config::new().consume_fuel(true).max_nested_entries(MOST)).unwrap();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("host", "ask", |n: i32| -> Result<i32> { Err(Yield::new(n).into()) })
        .unwrap()
        .func_wrap("host", "log", |mut caller: Caller<'_, World>, n: i32| caller.data_mut().log.push(n))
        .unwrap()
        .func_wrap("host", "nest", |mut caller: Caller<'_, World>, left: u32| -> Result<()> {
            let nest = caller.data().nest.expect("set");
            if left > 0 {
                return nest.call(&mut caller, left - 1);
            }
            assert_eq!(nest.call(&mut caller, 0).unwrap_err().trap(), Some(Trap::StackOverflow));
            let fuel = caller.get_fuel()?;
            for answer in [1, 2, 3] {
                let paused = caller.data_mut().paused.take().expect("a paused call");
                let paused = paused.go_on(&mut caller, answer);
                caller.data_mut().paused = paused;
                caller.data_mut().refused += 1;
            }
            assert_eq!(caller.get_fuel()?, fuel);
            Ok(())
        })
        .unwrap();
    let mut store = Store::new(&engine, World::default());
    let nester = r#"(module (import "host" "nest" (func $nest (param i32)))
        (func (export "nest") (param i32) (call $nest (local.get 0))))"#;
    let nester = instantiate(&linker, &mut store, nester);
    let nest = nester.get_typed_func(&store, "nest").unwrap();
    store.data_mut().nest = Some(nest);
    (linker, store)
}

/// Has `paused` refused at the limit, then finishes it with this answer.
fn refuse<R: Send + 'static>(
    store: &mut Store<World>,
    paused: Paused<R>,
    answer: i32,
    value: fn(&mut Store<World>, R) -> Val,
) -> Val {
    store.data_mut().paused = Some(Box::new(Call(paused, value)));
    let nest = store.data().nest.unwrap();
    let fuel = store.get_fuel().unwrap();
    store.set_fuel(1_000).unwrap();
    nest.call(&mut *store, MOST - 1).unwrap();
    assert_eq!(std::mem::take(&mut store.data_mut().refused), 3);
    store.set_fuel(fuel).unwrap();
    store.data_mut().paused.take().unwrap().finish(store, answer)
}

const PROGRAM: &str = r#"(module
    (import "host" "ask" (func $ask (param i32) (result i32)))
    (func (export "ask") (param i32) (result i32)
        (i32.add (i32.const 1000) (i32.add (local.get 0) (call $ask (i32.const 7)))))
    (func (export "sum") (param $n i32) (result i32) (local $sum i32)
        (loop $next
            (local.set $sum (i32.add (local.get $sum) (local.get $n)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum)))"#;

#[test]
fn a_call_that_yielded() {
    let (linker, mut store) = world();
    let instance = instantiate(&linker, &mut store, PROGRAM);
    let ask = instance.get_typed_func::<i32, i32>(&store, "ask").unwrap();
    store.set_fuel(100).unwrap();
    let paused = ask.call_resumable(&mut store, 20).unwrap().paused().unwrap();
    // The results it was refused with are forgotten.
    assert_eq!(refuse(&mut store, paused, 300, |_, n| Val::I32(n)), Val::I32(1320));
    let ask = instance.get_func(&store, "ask").unwrap();
    let paused = ask.call_resumable(&mut store, &[Val::I32(20)]).unwrap().paused().unwrap();
    assert_eq!(refuse(&mut store, paused, 400, |_, results| results[0]), Val::I32(1420));
}

#[test]
fn a_call_out_of_fuel() {
    let (linker, mut store) = world();
    let instance = instantiate(&linker, &mut store, PROGRAM);
    let sum = instance.get_typed_func::<i32, i32>(&store, "sum").unwrap();
    for fuel in [0, 100] {
        store.set_fuel(fuel).unwrap();
        let paused = sum.call_resumable(&mut store, 100).unwrap().paused().unwrap();
        assert_eq!(refuse(&mut store, paused, 0, |_, n| Val::I32(n)), Val::I32(5050));
    }
}

const START: &str = r#"(module
    (import "host" "ask" (func $ask (param i32) (result i32)))
    (import "host" "log" (func $log (param i32)))
    (global $answer (export "answer") (mut i32) (i32.const 0))
    (func $start
        (global.set $answer (call $ask (i32.const 7)))
        (call $log (global.get $answer)))
    (start $start))"#;

fn answer(store: &mut Store<World>, instance: Instance) -> Val {
    instance.get_global(&*store, "answer").unwrap().get(&*store)
}

#[test]
fn a_start_function() {
    let (linker, mut store) = world();
    let module = Module::new(linker.engine(), START).unwrap();
    for fuel in [0, 100] {
        store.set_fuel(fuel).unwrap();
        let paused = linker.instantiate_resumable(&mut store, &module).unwrap().paused().unwrap();
        assert_eq!(matches!(paused.reason(), PauseReason::OutOfFuel { .. }), fuel == 0);
        assert_eq!(refuse(&mut store, paused, 9, answer), Val::I32(9));
    }
    assert_eq!(store.data().log, [9, 9]);
}

#[test]
fn a_group_between_and_in_its_start_functions() {
    let (linker, mut store) = world();
    for fuel in [0, 4, 100] {
        store.set_fuel(fuel).unwrap();
        let group = group(&linker, &[("a", START), ("b", START)]);
        let paused = group.instantiate_resumable(&mut store).unwrap().paused().unwrap();
        let value = |store: &mut Store<World>, linked: LinkedGroup| {
            assert_eq!(answer(store, linked.get("a").unwrap()), Val::I32(5));
            answer(store, linked.get("b").unwrap())
        };
        assert_eq!(refuse(&mut store, paused, 5, value), Val::I32(5));
        assert_eq!(std::mem::take(&mut store.data_mut().log), [5, 5]);
    }
    // Paused in the second one.
    store.set_fuel(100).unwrap();
    let group = group(&linker, &[("a", START), ("b", START)]);
    let paused = group.instantiate_resumable(&mut store).unwrap().paused().unwrap();
    let paused = paused.resume(&mut store, &[Val::I32(1)]).unwrap().paused().unwrap();
    let value = |store: &mut Store<World>, linked: LinkedGroup| answer(store, linked.get("b").unwrap());
    assert_eq!(refuse(&mut store, paused, 6, value), Val::I32(6));
    assert_eq!(store.data().log, [1, 6]);
}
