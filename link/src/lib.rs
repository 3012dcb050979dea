//! Engine, store, linker and instances of the pirn WebAssembly interpreter: its public API.
//!
//! The crate `pirn` re-exports all of this and explains it; use that one.
//!
//! A [`Module`] is validated bytes and, function by function, threaded code. A [`Store`] owns what instances are made
//! of. Instantiating fills a block of words per instance: function records, own and imported alike, and pointers to
//! tables, globals and the memory. From then on the machine ([`pirn_exec`]) runs on the blocks alone.
//!
//! Two ways lead there. [`Linker`] instantiates modules one by one, or as a [`LinkGroup`] that may import from each
//! other; [`Runtime`] owns a linker and a store for those who only want functions by name.
//!
//! Pointers are owned and followed in `store`, `engine`, `handle`, `instance` and `instantiate`; `caller`, `host`, `func`,
//! `typed`, `table`, `global`, `value`, `resumable` and `fuel` hand them on. Other files contain no `unsafe`.

mod backtrace;
mod caller;
mod config;
#[cfg(feature = "addr2line")]
mod dwarf;
mod engine;
pub mod error;
mod external;
mod fuel;
mod func;
mod global;
mod group;
mod handle;
mod host;
mod instance;
mod instantiate;
mod lease;
mod limits;
mod link_error;
mod linker;
mod locate;
mod memory;
mod module;
mod order;
mod probe;
mod resumable;
mod runtime;
mod store;
mod table;
mod typed;
mod types;
mod value;

pub use backtrace::{FrameInfo, FrameSymbol, WasmBacktrace};
pub use caller::Caller;
pub use config::{CompilationMode, Config};
pub use engine::Engine;
pub use error::{Error, I32Exit, Result};
pub use external::{Export, Extern};
pub use func::{Func, TypedFunc};
pub use global::Global;
pub use group::{LinkGroup, LinkedGroup};
pub use host::IntoFunc;
pub use instance::Instance;
pub use limits::{StoreLimits, StoreLimitsBuilder};
pub use link_error::{ImportName, LinkError};
pub use linker::{InstancePre, Linker};
pub use memory::{Memory, MemoryAccessError};
pub use module::{ExportType, ImportType, Module, ResourcesRequired};
pub use probe::TailDispatchError;
pub use resumable::{PauseReason, Paused, Resumable, ResumeError, Yield};
pub use runtime::{DEFAULT_MODULE, Runtime};
pub use store::{AsContext, AsContextMut, Store, StoreContext, StoreContextMut};
pub use table::Table;
pub use typed::{WasmParams, WasmResults, WasmRet, WasmTy};
pub use value::{ExternRef, Ref, Val};

pub use pirn_decode::{
    CustomSection, Error as ModuleError, ExternType, FuncType, GlobalType, HeapType, Limits, MemoryType, ModuleLimits,
    RefType, TableType, ValType,
};
pub use pirn_exec::Trap;
