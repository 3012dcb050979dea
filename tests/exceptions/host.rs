//! Host functions that throw, catch, and pass on.

use crate::{engines, store, tag, thrown};
use pirn::*;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

const TEXT: &str = r#"(module
    (tag $t (import "host" "tag") (param i32))
    (tag $own (param i32))
    (import "host" "f" (func $f (param i32) (result i32)))
    (func $inner (export "inner") (param i32) (result i32)
        (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $t (i32.const 100))))
        (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $own (i32.const 200))))
        (if (i32.eq (local.get 0) (i32.const 3)) (then (unreachable)))
        (local.get 0))
    (func (export "caught") (param i32) (result i32)
        (i32.const 1000)
        (block $h (result i32)
            (try_table (result i32) (catch $t $h) (call $f (local.get 0))))
        (i32.add))
    (func (export "legacy") (param i32) (result i32)
        (i32.const 1000)
        try (result i32) local.get 0 call $f catch $t end
        (i32.add))
    (func (export "tail") (param i32) (result i32)
        (try_table (catch $t 0) (return_call $f (local.get 0)))
        (unreachable))
    (func (export "uncaught") (param i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0))))
    (func (export "calls") (param i32) (result i32) (call $inner (local.get 0))))"#;

/// An instance whose host function is `f`, with the tag that both have.
fn instance<T: Send + 'static>(
    store: &mut Store<T>,
    f: impl Fn(Caller<'_, T>, Tag, i32) -> Result<i32> + Send + Sync + 'static,
) -> (Instance, Tag) {
    let tag = tag(store, &[ValType::I32]);
    let engine = store.engine().clone();
    let mut linker = Linker::<T>::new(&engine);
    linker.define(&mut *store, "host", "tag", tag).unwrap();
    linker.func_wrap("host", "f", move |caller: Caller<'_, T>, n: i32| f(caller, tag, n)).unwrap();
    (linker.instantiate(&mut *store, &Module::new(&engine, TEXT).unwrap()).unwrap(), tag)
}

fn call<T>(store: &mut Store<T>, instance: Instance, name: &str, n: i32) -> Result<i32> {
    instance.get_func(&*store, name).unwrap().invoke(store, n)
}

#[test]
fn a_host_function_throws() {
    for engine in engines() {
        let mut store = store(&engine, ());
        let (instance, tag) = instance(&mut store, |mut caller, tag, n| {
            if n < 0 {
                return Ok(n);
            }
            let exception = ExnRef::new(&mut caller, &tag, &[Val::I32(n + 5)])?;
            caller.throw(exception)?
        });
        for name in ["caught", "legacy"] {
            assert_eq!(call(&mut store, instance, name, 2).unwrap(), 1007, "{name}");
            assert_eq!(call(&mut store, instance, name, -1).unwrap(), 999, "{name}");
            assert!(!store.has_pending_exception());
        }
        for name in ["uncaught", "tail"] {
            let error = call(&mut store, instance, name, 3).unwrap_err();
            assert_eq!(thrown(&mut store, &error), (tag, vec![Val::I32(8)]), "{name}");
        }
    }
}

/// The host function calls the instance it was called by, or another.
fn nested(
    store: &mut Store<Option<Instance>>,
    on_error: fn(Caller<'_, Option<Instance>>, Error) -> Result<i32>,
) -> (Instance, Tag) {
    let (instance, tag) = instance(store, move |mut caller, _, n| {
        let instance = caller.data().expect("the instance");
        let inner = instance.get_func(&caller, "inner").unwrap();
        match inner.invoke::<i32, i32>(&mut caller, n) {
            Ok(value) => Ok(value),
            Err(error) => on_error(caller, error),
        }
    });
    *store.data_mut() = Some(instance);
    (instance, tag)
}

#[test]
fn an_exception_goes_through_a_host_function() {
    for engine in engines() {
        let mut store = store(&engine, None);
        let (instance, tag) = nested(&mut store, |_, error| Err(error));
        assert_eq!(call(&mut store, instance, "caught", 1).unwrap(), 1100);
        assert_eq!(call(&mut store, instance, "legacy", 1).unwrap(), 1100);
        assert_eq!(call(&mut store, instance, "caught", 7).unwrap(), 1007);
        // Of a tag that is not caught there; traps are none.
        let error = call(&mut store, instance, "caught", 2).unwrap_err();
        let frames: Vec<_> =
            error.downcast_ref::<WasmBacktrace>().unwrap().frames().iter().map(FrameInfo::func_index).collect();
        assert_eq!(frames, [1, 2], "where it was thrown, and who called the host function");
        let (found, values) = thrown(&mut store, &error);
        assert!(found != tag && values == [Val::I32(200)]);
        assert_eq!(call(&mut store, instance, "caught", 3).unwrap_err().trap(), Some(Trap::Unreachable));
    }
}

#[test]
fn a_host_function_catches() {
    for engine in engines() {
        let mut store = store(&engine, None);
        let (instance, _) = nested(&mut store, |mut caller, error| {
            let exception = caller.take_pending_exception().ok_or(error)?;
            Ok(exception.field(&caller, 0)?.unwrap_i32() + 1)
        });
        for (n, expected) in [(1, 1101), (2, 1201), (4, 1004)] {
            assert_eq!(call(&mut store, instance, "caught", n).unwrap(), expected);
            assert_eq!(call(&mut store, instance, "uncaught", n).unwrap(), expected - 999);
        }
    }
}

#[test]
fn a_host_function_throws_another_or_the_same_later() {
    for engine in engines() {
        let mut store = store(&engine, None);
        let (instance, _) = nested(&mut store, |mut caller, error| {
            let Some(exception) = caller.take_pending_exception() else { return Err(error) };
            // Other exceptions come and go meanwhile.
            let instance = caller.data().expect("the instance");
            let inner = instance.get_func(&caller, "inner").unwrap();
            assert!(inner.invoke::<i32, i32>(&mut caller, 2).unwrap_err().is::<ThrownException>());
            assert_eq!(caller.take_pending_exception().unwrap().field(&caller, 0)?, Val::I32(200));
            caller.as_context_mut().gc();
            caller.throw(exception)?
        });
        assert_eq!(call(&mut store, instance, "caught", 1).unwrap(), 1100);
        assert!(call(&mut store, instance, "caught", 2).unwrap_err().is::<ThrownException>());
    }
}

/// The error of an exception that is pending no more, or in another store, throws nothing: least of all what is pending by chance.
#[test]
fn what_is_not_pending_is_not_thrown() {
    for engine in engines() {
        let mut other = store(&engine, ());
        let no_values = tag(&mut other, &[]);
        let exception = ExnRef::new(&mut other, &no_values, &[]).unwrap();
        let elsewhere = other.throw::<()>(exception).unwrap_err();
        let mut store = store(&engine, ());
        let (instance, _) = instance(&mut store, move |mut caller, tag, n| {
            let exception = ExnRef::new(&mut caller, &tag, &[Val::I32(n)])?;
            let first = caller.throw::<()>(exception).unwrap_err();
            match n {
                0 => return Err(Error::new(elsewhere).context("on purpose")),
                1 => drop(caller.take_pending_exception()),
                2 => {
                    let exception = ExnRef::new(&mut caller, &tag, &[Val::I32(7)])?;
                    assert_ne!(caller.throw::<()>(exception), Err(first));
                }
                _ => {}
            }
            Err(Error::new(first).context("on purpose"))
        });
        for n in 0..3 {
            let error = call(&mut store, instance, "caught", n).unwrap_err();
            assert!(error.is::<ThrownException>() && error.to_string() == "on purpose", "{n}: {error}");
            assert_eq!(store.has_pending_exception(), n != 1);
        }
        assert_eq!(call(&mut store, instance, "caught", 3).unwrap(), 1_003);
    }
}

/// What a call hook's own calls throw is over when the hook returns, and what the program throws goes on.
#[test]
fn what_is_thrown_in_a_hook_leaves_what_is_pending_alone() {
    for engine in engines() {
        let mut store = store(&engine, ());
        let (instance, tag) = instance(&mut store, |mut caller, tag, n| {
            let exception = ExnRef::new(&mut caller, &tag, &[Val::I32(n)])?;
            caller.throw(exception)?
        });
        let inner = instance.get_func(&store, "inner").unwrap();
        let mut is_inside = false;
        store.call_hook(move |mut context, _| {
            if !std::mem::replace(&mut is_inside, true) {
                assert!(inner.invoke::<i32, i32>(&mut context, 2).unwrap_err().is::<ThrownException>());
                context.gc();
                is_inside = false;
            }
            Ok(())
        });
        assert_eq!(call(&mut store, instance, "caught", 5).unwrap(), 1_005);
        let error = call(&mut store, instance, "uncaught", 6).unwrap_err();
        assert_eq!(thrown(&mut store, &error), (tag, vec![Val::I32(6)]));
    }
}

/// What a call hook throws is what the call throws that it was told of.
#[test]
fn a_hook_throws() {
    for engine in engines() {
        for at in
            [CallHook::CallingWasm, CallHook::CallingHost, CallHook::ReturningFromHost, CallHook::ReturningFromWasm]
        {
            for throws_itself in [true, false] {
                let mut store = store(&engine, ());
                let (instance, tag) = instance(&mut store, |_, _, n| Ok(n));
                let inner = instance.get_func(&store, "inner").unwrap();
                let mut has_thrown = false;
                store.call_hook(move |mut context, now| {
                    if now == at && !std::mem::replace(&mut has_thrown, true) {
                        if throws_itself {
                            let exception = ExnRef::new(&mut context, &tag, &[Val::I32(9)])?;
                            context.throw::<()>(exception)?;
                        }
                        inner.invoke::<i32, i32>(&mut context, 1)?;
                    }
                    Ok(())
                });
                let value = if throws_itself { 9 } else { 100 };
                let outcome = call(&mut store, instance, "caught", 5);
                if matches!(at, CallHook::CallingHost | CallHook::ReturningFromHost) {
                    assert_eq!(outcome.unwrap(), 1_000 + value, "{at:?}");
                    assert!(!store.has_pending_exception());
                } else {
                    assert_eq!(thrown(&mut store, &outcome.unwrap_err()), (tag, vec![Val::I32(value)]), "{at:?}");
                }
            }
        }
    }
}

/// What a call hook has taken is not pending again behind it, whatever was thrown meanwhile.
#[test]
fn what_a_hook_takes_is_over() {
    for engine in engines() {
        for throws in [false, true] {
            let mut store = store(&engine, ());
            let (instance, _) = instance(&mut store, |mut caller, tag, n| {
                let exception = ExnRef::new(&mut caller, &tag, &[Val::I32(n)])?;
                caller.throw(exception)?
            });
            let inner = instance.get_func(&store, "inner").unwrap();
            store.call_hook(move |mut context, now| {
                if now == CallHook::ReturningFromHost {
                    assert!(context.take_pending_exception().is_some());
                    if throws {
                        assert!(inner.invoke::<i32, i32>(&mut context, 2).unwrap_err().is::<ThrownException>());
                        assert!(context.take_pending_exception().is_some());
                    }
                }
                Ok(())
            });
            assert!(call(&mut store, instance, "caught", 5).unwrap_err().is::<ThrownException>());
            assert!(!store.has_pending_exception());
        }
    }
}

/// What the callback of a deadline calls may throw; what a host function is about to throw stays pending.
#[test]
fn what_is_thrown_in_a_deadlines_callback_leaves_what_is_pending_alone() {
    for engine in engines() {
        let engine = Engine::new(engine.config().clone().epoch_interruption(true)).unwrap();
        let mut store = store(&engine, ());
        let (instance, tag) = instance(&mut store, |mut caller, tag, n| {
            let exception = ExnRef::new(&mut caller, &tag, &[Val::I32(n)])?;
            let error = caller.throw::<i32>(exception).unwrap_err();
            caller.engine().increment_epoch();
            // It asks for the epoch, for it calls.
            let calls = caller.get_export("calls").unwrap().into_func().unwrap();
            assert_eq!(calls.invoke::<i32, i32>(&mut caller, 0)?, 0);
            Err(error.into())
        });
        let inner = instance.get_func(&store, "inner").unwrap();
        store.set_epoch_deadline(1);
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        store.epoch_deadline_callback(move |mut context| {
            count.fetch_add(1, Relaxed);
            context.as_context_mut().set_epoch_deadline(10);
            assert!(inner.invoke::<i32, i32>(&mut context, 2).unwrap_err().is::<ThrownException>());
            Ok(UpdateDeadline::Continue(1))
        });
        assert_eq!(call(&mut store, instance, "caught", 5).unwrap(), 1_005);
        let error = call(&mut store, instance, "uncaught", 6).unwrap_err();
        assert_eq!(thrown(&mut store, &error), (tag, vec![Val::I32(6)]));
        assert_eq!(asked.load(Relaxed), 2);
    }
}

/// What WebAssembly catches that a hook has called is over behind the hook as well.
#[test]
fn what_is_caught_within_a_hook_is_over() {
    for engine in engines() {
        let mut store = store(&engine, None);
        let (instance, _) = instance(&mut store, |mut caller: Caller<'_, Option<Error>>, tag, n| {
            if n == 50 {
                return Err(caller.data_mut().take().unwrap());
            }
            let exception = ExnRef::new(&mut caller, &tag, &[Val::I32(n)])?;
            let thrown = caller.throw::<i32>(exception).unwrap_err();
            *caller.data_mut() = Some(thrown.into());
            Err(thrown.into())
        });
        let caught = instance.get_func(&store, "caught").unwrap();
        store.call_hook(move |mut context, now| {
            if now == CallHook::ReturningFromHost {
                assert_eq!(caught.invoke::<i32, i32>(&mut context, 50)?, 1_005);
            }
            Ok(())
        });
        let error = call(&mut store, instance, "caught", 5).unwrap_err();
        assert!(error.is::<ThrownException>(), "{error:?}");
        assert!(!store.has_pending_exception());
    }
}

/// What a deadline's callback takes, which runs within a hook, is over behind both.
#[test]
fn what_a_callback_within_a_hook_takes_is_over() {
    for engine in engines() {
        let engine = Engine::new(engine.config().clone().epoch_interruption(true)).unwrap();
        for takes in [false, true] {
            let mut store = store(&engine, ());
            let (instance, _) = instance(&mut store, |mut caller, tag, n| {
                let exception = ExnRef::new(&mut caller, &tag, &[Val::I32(n)])?;
                caller.throw(exception)?
            });
            let inner = instance.get_func(&store, "inner").unwrap();
            let calls = instance.get_func(&store, "calls").unwrap();
            store.set_epoch_deadline(1);
            store.epoch_deadline_callback(move |mut context| {
                assert_eq!(context.as_context_mut().take_pending_exception().is_some(), takes);
                Ok(UpdateDeadline::Continue(1))
            });
            store.call_hook(move |mut context, now| {
                if now == CallHook::ReturningFromHost {
                    if !takes {
                        assert!(inner.invoke::<i32, i32>(&mut context, 2).is_err());
                        context.take_pending_exception().unwrap();
                    }
                    context.engine().increment_epoch();
                    calls.invoke::<i32, i32>(&mut context, 0)?;
                }
                Ok(())
            });
            let outcome = call(&mut store, instance, "caught", 5);
            assert_eq!(outcome.as_ref().ok(), if takes { None } else { Some(&1_005) }, "{outcome:?}");
            assert!(!store.has_pending_exception());
        }
    }
}

/// Panics when it is asked for its source.
#[derive(Debug)]
struct PanicsAboutItsSource;

impl std::fmt::Display for PanicsAboutItsSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an error")
    }
}

impl std::error::Error for PanicsAboutItsSource {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        panic!("about its source")
    }
}

/// Panics when it is dropped, once.
#[derive(Debug)]
struct PanicsOnDrop;

impl std::fmt::Display for PanicsOnDrop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an error")
    }
}

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("on drop");
        }
    }
}

/// An error is dropped when its exception is caught; a panic of that is one of the host function.
#[test]
fn errors_of_exceptions_may_panic() {
    for engine in engines() {
        let mut store = store(&engine, ());
        let (instance, _) = instance(&mut store, |mut caller, tag, n| {
            let exception = ExnRef::new(&mut caller, &tag, &[Val::I32(n)])?;
            let thrown = Error::from(caller.throw::<i32>(exception).unwrap_err());
            Err(if n == 5 { thrown.context(PanicsOnDrop) } else { thrown })
        });
        for _ in 0..2 {
            let panics = std::panic::AssertUnwindSafe(|| call(&mut store, instance, "caught", 5));
            let payload = std::panic::catch_unwind(panics).unwrap_err();
            assert_eq!(payload.downcast_ref::<&str>(), Some(&"on drop"));
            assert_eq!(call(&mut store, instance, "caught", 6).unwrap(), 1_006);
        }
    }
}

/// A panic of a callback's error is one of the callback: everything is as it should be afterwards.
#[test]
fn errors_of_callbacks_may_panic() {
    for engine in engines() {
        let engine = Engine::new(engine.config().clone().epoch_interruption(true)).unwrap();
        for in_hook in [true, false] {
            let mut store = store(&engine, ());
            let (instance, _) = instance(&mut store, |mut caller, tag, n| {
                caller.as_context_mut().gc();
                let exception = ExnRef::new(&mut caller, &tag, &[Val::I32(n)])?;
                caller.throw(exception)?
            });
            store.set_epoch_deadline(1);
            let asked = Arc::new(AtomicUsize::new(0));
            let count = asked.clone();
            if in_hook {
                store.call_hook(move |_, now| {
                    if now == CallHook::ReturningFromHost && count.fetch_add(1, Relaxed) == 0 {
                        return Err(Error::new(PanicsAboutItsSource));
                    }
                    Ok(())
                });
            } else {
                engine.increment_epoch();
                store.epoch_deadline_callback(move |_| {
                    if count.fetch_add(1, Relaxed) == 0 {
                        return Err(Error::new(PanicsAboutItsSource));
                    }
                    Ok(UpdateDeadline::Continue(1))
                });
            }
            // On a thread whose stack is gone afterwards.
            let mut store = std::thread::scope(|scope| {
                let thread = scope.spawn(move || {
                    let call = std::panic::AssertUnwindSafe(|| call(&mut store, instance, "caught", 5));
                    assert!(std::panic::catch_unwind(call).is_err());
                    store
                });
                thread.join().unwrap()
            });
            store.gc();
            assert_eq!(call(&mut store, instance, "caught", 5).unwrap(), 1_005);
            assert_eq!(asked.load(Relaxed), 2, "it is asked again");
        }
    }
}

#[test]
fn a_host_function_called_by_the_host_throws() {
    let engine = Engine::default();
    let mut store = store(&engine, ());
    let tag = tag(&mut store, &[]);
    let func = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<()> {
        let exception = ExnRef::new(&mut caller, &tag, &[])?;
        caller.throw(exception)?
    });
    let error = func.invoke::<(), ()>(&mut store, ()).unwrap_err();
    assert_eq!(thrown(&mut store, &error), (tag, vec![]));
}

#[test]
fn references_to_exceptions_go_in_and_out() {
    for engine in engines() {
        let mut store = store(&engine, ());
        let module = Module::new(
            &engine,
            r#"(module (tag $t (export "t") (param i32)) (global $g (export "g") (mut exnref) (ref.null exn))
                (func (export "make") (param i32) (result exnref)
                    (block $h (result exnref)
                        (try_table (catch_all_ref $h) (throw $t (local.get 0)))
                        (unreachable))
                    (global.set $g) (global.get $g))
                (func (export "throw") (param exnref) (result i32)
                    (block $h (result i32) (try_table (catch $t $h) (throw_ref (local.get 0))) (unreachable))))"#,
        )
        .unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let (make, throw) = (instance.get_func(&store, "make").unwrap(), instance.get_func(&store, "throw").unwrap());
        let exception = make.invoke::<i32, Option<Rooted<ExnRef>>>(&mut store, 5).unwrap().unwrap();
        assert_eq!(exception.tag(&store).unwrap(), instance.get_tag(&store, "t").unwrap());
        store.gc();
        assert_eq!(throw.invoke::<Option<Rooted<ExnRef>>, i32>(&mut store, Some(exception)).unwrap(), 5);
        let kept = instance.get_global(&store, "g").unwrap().get(&store).unwrap_exnref().unwrap();
        assert!(Rooted::ref_eq(&store, &kept, &exception).unwrap());
        let trap = throw.invoke::<Option<Rooted<ExnRef>>, i32>(&mut store, None).unwrap_err();
        assert_eq!(trap.trap(), Some(Trap::NullExceptionReference));
    }
}
