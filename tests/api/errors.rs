//! Errors: what is wrapped is found again, whatever was said about it.

use pirn::error::Context;
use pirn::{Caller, Error, Func, I32Exit, Linker, Module, Result, Store, Trap, WasmBacktrace, Yield};
use std::error::Error as _;
use std::fmt;

#[derive(Debug, PartialEq)]
struct Mine(u32);

impl fmt::Display for Mine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mine {}", self.0)
    }
}

impl std::error::Error for Mine {}

#[test]
fn context_is_shown_and_the_error_is_found_below_it() {
    let error = Error::new(Mine(7)).context("reading").context(format_args!("starting {}", "it"));
    assert_eq!(error.to_string(), "starting it");
    assert_eq!(format!("{error:#}"), "starting it: reading: mine 7");
    assert_eq!(format!("{error:?}"), "starting it\ncaused by: reading\ncaused by: mine 7");
    assert!(error.is::<Mine>() && !error.is::<Trap>());
    assert_eq!(error.downcast_ref::<Mine>(), Some(&Mine(7)));
    assert_eq!(error.root_cause().downcast_ref::<Mine>(), Some(&Mine(7)));
    let chain: Vec<_> = error.chain().map(ToString::to_string).collect();
    assert_eq!(chain, ["starting it", "reading", "mine 7"]);
    // `std::error::Error` tells the same.
    let source = error.source().unwrap();
    assert_eq!(source.to_string(), "reading");
    assert_eq!(source.source().unwrap().to_string(), "mine 7");

    let error = error.downcast::<Trap>().unwrap_err();
    assert_eq!(error.to_string(), "starting it");
    assert_eq!(error.downcast::<Mine>().unwrap(), Mine(7));
}

#[test]
fn results_and_options_get_context() {
    let failed: Result<(), Mine> = Err(Mine(1));
    let error = failed.with_context(|| "outer").unwrap_err();
    assert_eq!(format!("{error:#}"), "outer: mine 1");
    // An `Error` is not wrapped in another.
    let error = Err::<(), _>(error).context("further out").unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Mine(1)));
    assert_eq!(error.chain().count(), 3);
    assert_eq!(Error::new(error).chain().count(), 3);

    assert_eq!(None::<u32>.context("nothing there").unwrap_err().to_string(), "nothing there");
    assert_eq!(Some(1).context("something").unwrap(), 1);
    assert_eq!(Ok::<_, Mine>(1).context("fine").unwrap(), 1);
}

#[test]
fn macros_make_errors() {
    fn checked(n: u32) -> Result<u32> {
        pirn::ensure!(n != 1);
        pirn::ensure!(n < 10, "{n} is too {}", "large");
        if n == 5 {
            pirn::bail!("five");
        }
        Ok(n)
    }
    assert_eq!(checked(2).unwrap(), 2);
    assert_eq!(checked(1).unwrap_err().to_string(), "condition failed: `n != 1`");
    assert_eq!(checked(10).unwrap_err().to_string(), "10 is too large");
    assert_eq!(checked(5).unwrap_err().to_string(), "five");
    let text = String::from("braces {}");
    assert_eq!(pirn::format_err!(text).to_string(), "braces {}");
    assert_eq!(pirn::format_err!("{0} and {0}", 1,).to_string(), "1 and 1");
}

#[test]
fn traps_and_statuses_are_found_below_context() {
    let error = Error::from(Trap::Unreachable).context("running");
    assert_eq!(error.trap(), Some(Trap::Unreachable));

    // Through WebAssembly frames.
    let mut store = Store::<()>::default();
    let exit = Func::wrap(&mut store, |_: Caller<'_, ()>, status: i32| -> Result<()> {
        Err(Error::i32_exit(status).context("asked to"))
    });
    let error = exit.typed::<i32, ()>(&store).unwrap().call(&mut store, 3).unwrap_err();
    assert_eq!(error.i32_exit_status(), Some(3));
    assert_eq!(error.downcast_ref(), Some(&I32Exit(3)));
    assert_eq!(format!("{error:#}"), "asked to: exited with status 3");
    assert_eq!(Error::msg("other").i32_exit_status(), None);
}

#[cfg(feature = "anyhow")]
#[test]
fn anyhow_errors_go_in_and_out() {
    let inside = |error: anyhow::Error| -> Error { error.into() };
    // What was pirn's is the same again.
    let error = inside(anyhow::Error::from(Error::from(Trap::Unreachable)).context("there and back"));
    assert_eq!(error.trap(), Some(Trap::Unreachable));
    assert_eq!(inside(anyhow::Error::new(Mine(2))).downcast_ref(), Some(&Mine(2)));
    assert_eq!(inside(anyhow::anyhow!("text")).to_string(), "text");
}

#[cfg(feature = "anyhow")]
#[test]
fn what_was_said_by_anyhow_is_context_as_any_other() {
    let inside = |error: anyhow::Error| -> Error { error.into() };
    let own = Error::from(Trap::Unreachable).context("a");
    let error = inside(anyhow::Error::from(own).context("b").context("c"));
    assert_eq!(format!("{error:#}"), "c: b: a: unreachable");
    assert_eq!(error.trap(), Some(Trap::Unreachable));
    assert_eq!(error.downcast::<Trap>().unwrap(), Trap::Unreachable);

    let error = inside(anyhow::Error::new(Trap::MemoryOutOfBounds).context("a").context("b")).context("c");
    assert_eq!(format!("{error:#}"), format!("c: b: a: {}", Trap::MemoryOutOfBounds));
    assert_eq!(error.trap(), Some(Trap::MemoryOutOfBounds));
    assert_eq!(error.downcast::<Trap>().unwrap(), Trap::MemoryOutOfBounds);
    assert_eq!(inside(anyhow::Error::new(I32Exit(3)).context("a")).i32_exit_status(), Some(3));
    let error = inside(anyhow::Error::new(Mine(2)).context("a"));
    assert_eq!((error.downcast_ref(), error.chain().count()), (Some(&Mine(2)), 2));
    let error = error.downcast::<Trap>().unwrap_err();
    assert_eq!(error.downcast::<Mine>().unwrap(), Mine(2));
    // Also what is said.
    let error = inside(anyhow::anyhow!("root").context(Trap::Unreachable).context("a"));
    assert_eq!((format!("{error:#}"), error.trap()), ("a: unreachable: root".into(), Some(Trap::Unreachable)));
}

#[cfg(feature = "anyhow")]
#[test]
fn calls_pause_by_a_yield_below_what_anyhow_says() {
    let mut store = Store::<()>::default();
    for wrapped in [false, true] {
        let yields = Func::wrap(&mut store, move || -> Result<()> {
            let payload = Yield::new(3);
            let error = if wrapped { anyhow::Error::new(Error::from(payload)) } else { anyhow::Error::new(payload) };
            Err(error.context("a").context("b").into())
        });
        let mut paused = yields.call_resumable(&mut store, &[]).unwrap().paused().expect("it yielded");
        assert_eq!(paused.payload_mut().unwrap().downcast_ref(), Some(&3));
    }
}

/// An error that fails to go on says what the error in it says, also with something said about it.
#[test]
fn traps_are_found_in_errors_that_pass_them_on() {
    let (mut store, instance) = crate::instance(
        r#"(module (func $f (export "f") (param i32)
        (if (local.get 0) (then unreachable))))"#,
    );
    let fails = instance.get_typed_func::<i32, ()>(&store, "f").unwrap();
    let error = fails.call(&mut store, 1).unwrap_err();
    assert!(error.is::<WasmBacktrace>());
    let error = error.downcast::<Yield>().unwrap_err();
    assert_eq!(error.downcast::<WasmBacktrace>().unwrap().frames().len(), 1);

    let boxed: Box<dyn std::error::Error + Send + Sync> = Box::new(Error::from(Trap::Unreachable));
    assert_eq!(Error::from(boxed).downcast::<Trap>().unwrap(), Trap::Unreachable);

    let engine = store.engine().clone();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "f", || -> Result<()> { Err(Yield::new(1).into()) }).unwrap();
    let module =
        Module::new(&engine, r#"(module (import "host" "f" (func $f)) (func (export "g") (call $f) unreachable))"#);
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module.unwrap()).unwrap();
    let call = instance.get_func(&store, "g").unwrap().call_resumable(&mut store, &[]).unwrap();
    let error = call.paused().unwrap().resume(&mut store, &[]).context("going on").unwrap_err();
    assert_eq!(error.trap(), Some(Trap::Unreachable));
    assert_eq!(error.downcast_ref::<WasmBacktrace>().unwrap().frames().len(), 1);
    let chain: Vec<_> = error.chain().map(ToString::to_string).collect();
    assert_eq!(chain, ["going on", "unreachable"]);
}
