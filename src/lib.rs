//! pirn is a WebAssembly interpreter for embedders who count nanoseconds.
//!
//! It decodes every function once to direct-threaded code and never generates machine code. Imports are resolved when a
//! module is instantiated, into pointers that look the same for functions of the module, of other modules and of the
//! host, so **a call into another module costs what a local call costs**, while every instance keeps its own memory,
//! tables and globals. (A pirn is the bobbin in a weaver's shuttle, which carries one thread across all the others.)
//!
//! The API has the shape of wasmtime's: whoever knows `Engine`, `Module`, `Store`, `Linker`, `Instance` and `TypedFunc`
//! from there is at home here.
//!
//! # Example
//!
//! ```
//! # #[cfg(feature = "wat")] {
//! use pirn::{Caller, Engine, Linker, Module, Result, Store};
//!
//! let engine = Engine::default();
//! let module = Module::new(
//!     &engine,
//!     r#"(module
//!         (import "host" "log" (func $log (param i32)))
//!         (func (export "twice") (param i32) (result i32)
//!             (call $log (local.get 0))
//!             (i32.mul (local.get 0) (i32.const 2))))"#,
//! )?;
//!
//! // Host functions are closures. The store carries data of your choosing for them, here a log.
//! let mut linker = Linker::new(&engine);
//! linker.func_wrap("host", "log", |mut caller: Caller<'_, Vec<i32>>, value: i32| {
//!     caller.data_mut().push(value);
//! })?;
//!
//! let mut store = Store::new(&engine, Vec::new());
//! let instance = linker.instantiate(&mut store, &module)?;
//! let twice = instance.get_typed_func::<i32, i32>(&store, "twice")?;
//! assert_eq!(twice.call(&mut store, 21)?, 42);
//! assert_eq!(store.data(), &[21]);
//! # }
//! # Ok::<(), pirn::Error>(())
//! ```
//!
//! # Many modules
//!
//! [`Linker::instantiate`] and [`Linker::module`] take modules one by one, each after those it imports from.
//! [`Linker::group`] takes them in any order, also such as import functions from each other, and finds out which has to be
//! initialised first. What does not fit is a [`LinkError`] that names the importer, the import, and what was found.
//!
//! [`Runtime`] is for those who want functions and nothing else: it owns a store and a set of named modules, and gives
//! functions by name or by index.
//!
//! ```
//! # #[cfg(feature = "wat")] {
//! use pirn::{Engine, Module, Runtime};
//!
//! let engine = Engine::default();
//! let add_one = Module::new(
//!     &engine,
//!     r#"(module (func (export "add_one") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))"#,
//! )?;
//! let add_two = Module::new(
//!     &engine,
//!     r#"(module
//!         (import "add_one_module" "add_one" (func $add_one (param i32) (result i32)))
//!         (func (export "add_two") (param i32) (result i32) (call $add_one (call $add_one (local.get 0)))))"#,
//! )?;
//! let mut rt = Runtime::new_named("add_one_module", &add_one)?;
//! rt.add_module("add_two_module", &add_two)?;
//! let f = rt.get_fn("add_two_module", "add_two")?;
//! let result: i32 = rt.invoke(&f, 11)?;
//! assert_eq!(result, 13);
//! # }
//! # Ok::<(), pirn::Error>(())
//! ```
//!
//! # Fuel, pausing, yielding
//!
//! With [`Config::consume_fuel`], execution consumes the store's fuel ([`Store::set_fuel`]) and traps with
//! [`Trap::OutOfFuel`] when there is too little. A call begun with [`TypedFunc::call_resumable`] or
//! [`Func::call_resumable`] pauses instead, and goes on with [`Paused::resume`]; so it does when a host function
//! [yields](Yield), for example to wait for something, whose results [`Paused::resume`] then takes. It does not matter how
//! deep the call is and through which instances it came. Any number of calls of a store may be paused at a time, go on in
//! any order, or be dropped. Start functions pause too: [`Linker::instantiate_resumable`],
//! [`LinkGroup::instantiate_resumable`].
//!
//! ```
//! # #[cfg(feature = "wat")] {
//! use pirn::{Config, Engine, Instance, Module, Resumable, Store};
//!
//! let engine = Engine::new(Config::new().consume_fuel(true))?;
//! let module = Module::new(
//!     &engine,
//!     r#"(module (func (export "count") (param $n i32) (result i32) (local $i i32)
//!         (loop $next
//!             (local.set $i (i32.add (local.get $i) (i32.const 1)))
//!             (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
//!         (local.get $i)))"#,
//! )?;
//! let mut store = Store::new(&engine, ());
//! let count = Instance::new(&mut store, &module, &[])?.get_typed_func::<i32, i32>(&store, "count")?;
//!
//! let mut call = count.call_resumable(&mut store, 1000)?;
//! while let Resumable::Paused(paused) = call {
//!     store.add_fuel(500)?;
//!     call = paused.resume(&mut store, &[])?;
//! }
//! assert_eq!(call.finished(), Some(1000));
//! # }
//! # Ok::<(), pirn::Error>(())
//! ```
//!
//! # Waiting
//!
//! Host functions may be async. A call that [`TypedFunc::call_async`] or [`Func::call_async`] begins is a future, for any
//! executor: it waits where a host function's future does, while WebAssembly's frames are kept as plain words, and
//! other calls of other stores use the thread. Dropped, it ends. Guests that compute for long take turns with
//! [`Store::fuel_async_yield_interval`] or [`Store::epoch_deadline_async_yield_and_update`].
//!
//! ```
//! # #[cfg(feature = "wat")] {
//! use pirn::{Caller, Engine, Linker, Module, Store};
//! use std::time::Duration;
//!
//! let engine = Engine::default();
//! let mut linker = Linker::<u64>::new(&engine);
//! linker.func_wrap_async("host", "sleep", |mut caller: Caller<'_, u64>, (millis,): (u64,)| {
//!     Box::new(async move {
//!         tokio::time::sleep(Duration::from_millis(millis)).await;
//!         *caller.data_mut() += millis;
//!     })
//! })?;
//! let module = Module::new(
//!     &engine,
//!     r#"(module
//!         (import "host" "sleep" (func $sleep (param i64)))
//!         (func (export "nap") (call $sleep (i64.const 5)) (call $sleep (i64.const 10))))"#,
//! )?;
//! tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//!     let mut store = Store::new(&engine, 0);
//!     let instance = linker.instantiate_async(&mut store, &module).await?;
//!     instance.get_typed_func::<(), ()>(&store, "nap")?.call_async(&mut store, ()).await?;
//!     assert_eq!(*store.data(), 15);
//!     Ok::<(), pirn::Error>(())
//! })?;
//! # }
//! # Ok::<(), pirn::Error>(())
//! ```
//!
//! # How to stop a guest
//!
//! | with | bounds | ends | costs | choose it |
//! |---|---|---|---|---|
//! | fuel: [`Config::consume_fuel`], [`Store::set_fuel`] | work, in operators and bytes | at the same place in every run and on every machine: [`Trap::OutOfFuel`], or a pause | a cell a loop or function that counts | to charge for work, to repeat a run exactly, to share a thread fairly |
//! | deadlines: [`Config::epoch_interruption`], [`Store::set_epoch_deadline`] | time | within a millisecond or so of the tick, [with exceptions](Config::epoch_interruption): [`Trap::Interrupt`], or as a callback says, also with a pause | a comparison where loops branch back, a cell where functions call | to end or pause what takes too long |
//! | limits: [`Store::set_limits`], [`Config::max_wasm_stack`], [`ModuleLimits`] | memory, and what modules may have | when more is asked for: `memory.grow` gives -1, an error, [`Trap::StackOverflow`] | nothing | always, for modules of strangers |
//!
//! They do not replace each other: a loop needs no memory, and a program that waits in a host function uses neither fuel nor asks for
//! the time. Host functions have to bound themselves what they do for a module.
//!
//! A deadline is counted in ticks, which the embedder gives, from any thread, for all stores of an engine at a time:
//!
//! ```
//! # #[cfg(feature = "wat")] {
//! use pirn::{Config, Engine, Instance, Module, Store, Trap, UpdateDeadline};
//! use std::{thread, time::Duration};
//!
//! let engine = Engine::new(Config::new().epoch_interruption(true))?;
//! // A tick a millisecond, as long as somebody has the engine.
//! let clock = engine.weak();
//! thread::spawn(move || {
//!     while let Some(engine) = clock.upgrade() {
//!         engine.increment_epoch();
//!         drop(engine);
//!         thread::sleep(Duration::from_millis(1));
//!     }
//! });
//!
//! let module = Module::new(&engine, r#"(module (func (export "hang") (loop $again (br $again))))"#)?;
//! let mut store = Store::new(&engine, 0);
//! let hang = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&store, "hang")?;
//!
//! store.set_epoch_deadline(20);
//! assert_eq!(hang.call(&mut store, ()).unwrap_err().trap(), Some(Trap::Interrupt));
//!
//! // Or look every five ticks whether it is to go on.
//! store.set_epoch_deadline(5);
//! store.epoch_deadline_callback(|mut store| {
//!     *store.data_mut() += 1;
//!     Ok(if *store.data() < 3 { UpdateDeadline::Continue(5) } else { UpdateDeadline::Interrupt })
//! });
//! assert_eq!(hang.call(&mut store, ()).unwrap_err().trap(), Some(Trap::Interrupt));
//! assert_eq!(*store.data(), 3);
//! # }
//! # Ok::<(), pirn::Error>(())
//! ```
//!
//! # Where it failed
//!
//! An error that leaves WebAssembly carries a [`WasmBacktrace`]: the frames that were active, the innermost first, across
//! instances and the host functions between them. `{:?}` shows it below the error.
//!
//! ```
//! # #[cfg(feature = "wat")] {
//! use pirn::{Instance, Module, Store, Trap, WasmBacktrace};
//!
//! let mut store = Store::<()>::default();
//! let module = Module::new(
//!     store.engine(),
//!     r#"(module $shop
//!         (func $divide (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
//!         (func (export "price") (result i32) (call $divide (i32.const 7) (i32.const 0))))"#,
//! )?;
//! let price = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), i32>(&store, "price")?;
//! let error = price.call(&mut store, ()).unwrap_err();
//! assert_eq!(error.trap(), Some(Trap::IntegerDivideByZero));
//! let frames = error.downcast_ref::<WasmBacktrace>().unwrap().frames();
//! assert_eq!(frames[0].func_name(), Some("divide"));
//! assert_eq!((frames[1].func_index(), frames[1].module().name()), (1, Some("shop")));
//! # }
//! # Ok::<(), pirn::Error>(())
//! ```
//!
//! # What belongs to what
//!
//! | type | holds | lives |
//! |---|---|---|
//! | [`Engine`] | settings ([`Config`]) and the registry of types | as long as anything made with it |
//! | [`Module`] | the validated binary, and each function's threaded code once it was needed | as long as a clone, or an instance of it |
//! | [`Linker`] | definitions by name; its host functions serve any store | |
//! | [`Runtime`] | a linker, a store, and named modules in it | until dropped, with all in it |
//! | [`Store`] | instances, functions, memories, tables, globals, tags, structs, arrays, exceptions, your data, and the machine that runs | until dropped, with all in it; what is collected, until nothing refers to it |
//! | [`SharedMemory`] | a memory for stores of several threads, all of one engine | as long as a clone, or a store that imports it |
//! | [`Paused`] | a call that stands still: its frames | until resumed or dropped; of no use without its store |
//!
//! [`Instance`], [`Func`], [`TypedFunc`], [`Memory`], [`Table`], [`Global`], [`Tag`] and [`Rooted`] are small `Copy` handles of
//! what a store holds. Using one with another store is an error, or a panic where a method says so; never undefined
//! behaviour. A store frees no instance, memory, table, global or tag before it is dropped, so make stores, which are cheap, rather than
//! instances without end in one. Structs, arrays, exceptions and values of [`ExternRef`]s are collected ([`Store::gc`]).
//!
//! # Threads and safety
//!
//! Engines, modules and linkers are shared freely between threads. A store runs on one thread at a time; it is [`Send`]
//! and [`Sync`] if your data is. This API is safe: modules are validated wholly before anything is lowered, and what
//! depends on the program's data is checked when it runs. A host function's panic is carried around the WebAssembly
//! frames and goes on in the caller of [`Func::call`]; the store stays usable.
//!
//! # Limits
//!
//! WebAssembly frames lie on a value stack, not on the native one. Each call from the host takes one while it runs;
//! [`Config::max_wasm_stack`] is its size (8 MiB by default), and passing it traps with [`Trap::StackOverflow`]. Only calls from the host into WebAssembly use
//! the native stack; [`Config::max_nested_entries`] bounds their nesting. [`StoreLimits`] bounds memories, tables, tags,
//! instances, what structs, arrays and exceptions take, and resumable calls, each of which may fill a value stack; a [`ResourceLimiter`] decides about each
//! memory and table that grows, and [`Engine::memory_usage`] says what is held. [`ModuleLimits`] bounds what making a
//! module takes. [`Config::consume_fuel`] bounds what is executed, and [`Config::epoch_interruption`] for how long.
//! [`Config::untrusted`] sets all of these but deadlines for modules of strangers:
//!
//! ```
//! use pirn::{Config, Engine, Linker, Module, Result, Store};
//!
//! /// Runs a stranger's module: what it exports as `run`, which gives a number.
//! fn run(stranger: &[u8]) -> Result<i32> {
//!     let engine = Engine::new(&Config::untrusted())?;
//!     let module = Module::from_binary(&engine, stranger)?;
//!     let mut store = Store::new(&engine, ());
//!     store.set_fuel(10_000_000)?;
//!     let instance = Linker::new(&engine).instantiate(&mut store, &module)?;
//!     instance.get_typed_func::<(), i32>(&store, "run")?.call(&mut store, ())
//! }
//!
//! // (module (func (export "run") (result i32) (i32.const 42)))
//! let stranger = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x07\x01\x03run\0\0\x0a\x06\x01\x04\0\x41\x2a\x0b";
//! assert_eq!(run(stranger)?, 42);
//! # Ok::<(), pirn::Error>(())
//! ```
//!
//! # The specification
//!
//! Sections of the specification, as in "spec 4.2.8", are numbered as in the
//! [WebAssembly Core Specification 2.0](https://www.w3.org/TR/2022/WD-wasm-core-2-20220419/), but those about what it lacks (tags,
//! exceptions, structs, arrays, types with supertypes) as in 3.0.
//!
//! # Features of the crate
//!
//! | feature | default | why |
//! |---|---|---|
//! | `mined` | yes | handlers for what many programs do in several operators; off for a smaller binary that runs programs more slowly |
//! | `wat` | yes | [`Module::new`] takes the text format as well; off for programs that only load binaries |
//! | `demangle` | yes | names of Rust and C++ functions in backtraces as they were written |
//! | `snapshot` | yes | [`Snapshot`] and [`Module::hash`]; off for programs that store no executions, which need nine crates fewer |
//! | `addr2line` | no | source files and lines in backtraces, from a module's DWARF (crates `addr2line` and `gimli`); on in the command line |
//! | `anyhow` | no | `From<anyhow::Error>` for [`Error`]; the other way works without |
//! | `portable` | no | the portable dispatch loop also in optimised builds, to compare or to test it |
//! | `baseline` | no | no vector instructions that some processor of the target lacks, to test what is executed there |

#![forbid(unsafe_code)]

#[doc(inline)]
pub use pirn_link::*;

/// The README's example, so that it stays true.
#[cfg(all(doctest, feature = "wat"))]
#[doc = include_str!("../README.md")]
struct Readme;
