//! WASI preview 1 (`wasi_snapshot_preview1`), and the older `wasi_unstable`, for WebAssembly runtimes.
//!
//! All 46 functions, behind a trait that any runtime can implement: [`GuestMemory`] is all that they have to know of one. Adapters
//! for pirn (feature `pirn`, on by default) and wasmi (feature `wasmi`) are here.
//!
//! A guest sees what a [`WasiCtxBuilder`] gives it, and nothing else. Paths are resolved by `cap-std` below the directories that
//! were given, so neither `..` nor a link leads out of them, whoever moves directories meanwhile; permissions narrow what can be
//! done there. Every pointer that a guest passes is checked.
//!
#![cfg_attr(feature = "pirn", doc = "```")]
#![cfg_attr(not(feature = "pirn"), doc = "```ignore")]
//! use pirn::{Engine, Linker, Module, Store};
//! use pirn_wasi::{MemoryOutputPipe, WasiCtxBuilder, p1};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let wasm = wat::parse_str(r#"(module
//! #     (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
//! #     (memory (export "memory") 1)
//! #     (data (i32.const 0) "\08\00\00\00\06\00\00\00hello\n")
//! #     (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))"#)?;
//! let engine = Engine::default();
//! let module = Module::new(&engine, &wasm)?;
//! let mut linker = Linker::new(&engine);
//! p1::add_to_linker_sync(&mut linker, |ctx| ctx)?;
//!
//! let out = MemoryOutputPipe::new(1 << 20);
//! let ctx = WasiCtxBuilder::new().arg("hello").stdout(out.clone()).build_p1();
//! let mut store = Store::new(&engine, ctx);
//! let instance = linker.instantiate(&mut store, &module)?;
//! instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())?;
//! assert_eq!(out.contents(), b"hello\n");
//! # Ok(())
//! # }
//! ```
//!
//! A guest that calls `proc_exit` ends with an error that has its status: `pirn::Error::i32_exit_status`.
//!
//! # Differences from wasmtime's
//!
//! Errors, rights and the order of checks are those of wasmtime's preview 1, but for these:
//!
//! - A pointer outside the memory gives the guest `fault`; it does not trap. Alignment does not matter.
//! - Flags, rights and numbers that have no meaning (a clock, a `whence`, an advice, a signal) give the guest `inval`; there they
//!   trap.
//! - `fd_pwrite` writes where it is told even if writes append (as POSIX says; Linux and wasmtime append).
//! - All buffers of a vectored read or write are used, with one system call. wasmtime uses the first.
//! - `fd_allocate`, and `path_open` with `dsync`, `rsync` or `sync`, do what they say; there they are not supported.
//! - Sockets that were opened beforehand work. (`recv_waitall` has `sock_recv` wait for all only where a call waits on its thread.)
//! - Clocks of CPU time go like the monotonic one; there they are `badf`.
//! - A name that is not UTF-8 is left out of its directory's listing; there it fails whole.
//! - A file may only be written if the guest asked for that; there, creating it is enough.
//! - `path_remove_directory` takes a name with a slash behind it; there that is `inval`.
//! - `proc_exit` takes any status.
//! - `random_get` of too much gives `inval`; there it traps. Descriptors, and entries of
//!   directories that are listed, are bounded; there they are not.
//!
//! `tests/table/` has each of them but the last as a case, and `tests/compare.py` asks wasmtime. (The last are in `tests/limits.rs`.)
//!
//! # What a guest can take
//!
//! A guest has at most as many descriptors as [`WasiCtxBuilder::max_descriptors`] says, which keep at most as many entries of directories as
//! [`WasiCtxBuilder::max_listed_entries`], and a call gives at most as many random bytes as [`WasiCtxBuilder::max_random_size`]. Neither
//! listing nor that is interrupted. Nothing bounds how much a guest writes to files, or how many it makes, where it may: whoever runs
//! guests that are not trusted bounds what is below their directories (a quota), or gives them none that they may write.
//!
//! # Where things are
//!
//! | file | what |
//! |---|---|
//! | `builder`, `ctx` | the context, and how it is made |
//! | `functions` | the list of functions |
//! | `calls/` | what they do |
//! | `descriptor`, `dir`, `file`, `stream`, `origin` | what descriptors stand for |
//! | `wait`, `reactor` | waiting |
//! | `saved` | the context as bytes, to go on elsewhere |
//! | `clock`, `abi`, `errno`, `memory` | clocks; numbers and layouts; errors; the guest's memory |
//! | `p1`, `wasmi` | adapters |

#![forbid(unsafe_code)]

#[cfg(not(unix))]
compile_error!("pirn-wasi needs a Unix: it waits, appends and opens by calls that others do not have");

mod abi;
mod builder;
mod calls;
mod clock;
mod ctx;
mod descriptor;
mod dir;
mod errno;
mod file;
pub mod functions;
mod memory;
mod origin;
#[cfg(feature = "pirn")]
pub mod p1;
mod reactor;
mod saved;
mod stream;
mod version;
mod wait;
#[cfg(feature = "wasmi")]
pub mod wasmi;

pub use builder::{Socket, WasiCtxBuilder};
pub use clock::{HostMonotonicClock, HostRandom, HostWallClock};
pub use ctx::{Outcome, WasiP1Ctx};
pub use dir::{DirPerms, FilePerms};
pub use errno::Errno;
pub use memory::{Guest, GuestMemory};
#[cfg(feature = "pirn")]
pub use pirn::I32Exit;
pub use stream::{
    Empty, FdStream, MemoryInputPipe, MemoryOutputPipe, Sink, Stderr, Stdin, StdinStream, Stdout, StdoutStream,
};
pub use version::Version;
pub use wait::Wait;
