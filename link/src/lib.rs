//! Engine, store, linker and instances of the pirn WebAssembly interpreter: its public API.
//!
//! The crate `pirn` re-exports all of this and explains it; use that one.
//!
//! A [`Module`] is validated bytes and, function by function, threaded code. A [`Store`] owns what instances are made
//! of. Instantiating fills a block of words per instance: function records, own and imported alike, and pointers to
//! tables, globals, memories and tags. From then on the machine ([`pirn_exec`]) runs on the blocks alone.
//!
//! Two ways lead there. [`Linker`] instantiates modules one by one, or as a [`LinkGroup`] that may import from each
//! other; [`Runtime`] owns a linker and a store for those who only want functions by name.
//!
//! # Rooms
//!
//! Imports between files run down this list, without circles:
//!
//! | room | what |
//! |---|---|
//! | `fork` | stores with their paused executions, copied |
//! | `snapshot` | stores with their paused executions, as data |
//! | `runtime`, `group`, `linker`, `instance`, `probe` | the API of linking and instantiating; the proof that a build works |
//! | `instantiate` | the one road to an instance: resolve names, check, allocate, link, initialise |
//! | `call` | calls by the embedder, of the host, that may pause; fuel, deadlines |
//! | `items` | handles and values, as the embedder holds them |
//! | `store` | the inside of a store, and contexts to borrow it through |
//! | `serialize` | modules to bytes and back |
//! | `backtrace`, `locate` | the frames of a trap; where in a body it was |
//! | `module`, `copies`, `precompiled`, `engine` | decoded modules, and what is kept for copies; what serialized ones look like; settings, limits, ids of types |
//! | `symbol`, `dwarf` | names of functions, source lines |
//! | `error`, `link_error`, `yielding` | errors |
//!
//! # Safety
//!
//! What `pirn_exec` asks of whoever calls its unsafe functions is upheld by these invariants, which comments cite. Each says
//! where it is established.
//!
//! - **L1: what is in a store stays where it is until the store is dropped**: instances with their blocks, memories, tables,
//!   globals, host functions, the machine. An instance keeps its module, and with it code and bytes of segments.
//!   (`store::opaque`, whose lists only grow.)
//! - **L2: one access at a time.** The inside of a store is written to only under a mutable context, or by its machine, which
//!   runs only while a mutable context waits for it and no reference to the inside is in use; it is read under any context.
//!   (`store`, which makes contexts.)
//! - **L3: a handle belongs to the store it names**, and whoever follows it has compared that store. (`Handle::new`;
//!   `Handle::get`, `get_mut` and `check`.)
//! - **L4: the owner of an instance's head is its `InstanceData`**, in the same store. (`StoreOpaque::add_instance`.)
//! - **L5: a word is of the type it stands for, and a reference of the store it is in.** Whoever gives the machine a word has
//!   compared type and store of the value, or has it from the machine; what the machine gives back is of the type that the
//!   function, global, table or segment says. (`Val::to_words`, `Ref::to_word` and `sealed::Value::write` compare stores;
//!   their callers compare types. Validation does the rest.)
//! - **L6: an instance has at each place what its module says**, of its own store, before its code runs.
//!   (`instantiate::check_import` compares imports; `InstanceData::new` and `instantiate::create` make the rest.)
//! - **L7: a host function that takes a `Caller<T>` is only in stores whose data is a `T`.** (`Func::new`, `Func::wrap` and
//!   `Linker<T>`, whose types ask for it.)
//! - **L8: two types of an engine have the same id if and only if they are the same**, as long as something that has
//!   the id may run. (`engine::types`.)
//! - **L9: code is of lowering, for this build and these settings**: what `Lowering` gives, or what was made of it by
//!   `Module::serialize` and read again, for which the caller of `Module::deserialize` answers. (`Module::code_by`.)
//!
//! Files of `engine` but `mod.rs`, of `instantiate` but `mod.rs`, `segments` and `reset`, `error`, `link_error`, `yielding`, `module`,
//! `copies`, `precompiled`, `backtrace`, `symbol`, `locate`, `linker`, `group`, `instance`, `runtime` and `probe` contain no `unsafe`; nor do `fork::mod`, and those
//! of `snapshot` other than `take`, `restore`, `frames`, `made` and `objects`.

#![cfg_attr(not(feature = "snapshot"), allow(dead_code, reason = "only snapshots read all of a store"))]

mod backtrace;
mod call;
mod copies;
#[cfg(feature = "addr2line")]
mod dwarf;
mod engine;
pub mod error;
mod fork;
mod group;
mod instance;
mod instantiate;
mod items;
mod link_error;
mod linker;
mod locate;
mod module;
mod precompiled;
mod probe;
mod runtime;
mod serialize;
#[cfg_attr(not(feature = "snapshot"), allow(unused_imports, reason = "only what tells where frames stand is left"))]
mod snapshot;
mod store;
mod symbol;
mod yielding;

pub use backtrace::{FrameInfo, WasmBacktrace};
pub use call::caller::Caller;
pub use call::calls::TypedFunc;
pub use call::host::IntoFunc;
pub use call::resumable::{PauseReason, Paused, Resumable, ResumeError};
pub use call::typed::{WasmParams, WasmResults, WasmRet, WasmTy};
pub use engine::account::MemoryUsage;
pub use engine::config::{CompilationMode, Config};
pub use engine::limiter::ResourceLimiter;
pub use engine::limits::{StoreLimits, StoreLimitsBuilder};
pub use engine::{Engine, EngineWeak};
pub use error::{Error, I32Exit, Result, ThrownException};
pub use fork::Forked;
pub use group::{LinkGroup, LinkedGroup};
pub use instance::Instance;
pub use items::external::{Export, Extern};
pub use items::func::Func;
pub use items::global::Global;
pub use items::heap_ref::{AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, I31, StructRef};
pub use items::memory::{Memory, MemoryAccessError};
pub use items::objects::{ArrayRefPre, StructRefPre};
pub use items::rooted::{ManuallyRooted, OwnedRooted, RootScope, Rooted};
pub use items::shared_memory::SharedMemory;
pub use items::table::Table;
pub use items::tag::Tag;
pub use items::v128::V128;
pub use items::value::{Ref, Val};
pub use link_error::{ImportName, LinkError};
pub use linker::{InstancePre, Linker};
pub use module::{ExportType, ImportType, Module, ResourcesRequired};
pub use probe::TailDispatchError;
pub use runtime::{DEFAULT_MODULE, Runtime};
pub use serialize::Precompiled;
pub use snapshot::PausedCall;
#[cfg(feature = "snapshot")]
pub use snapshot::{Restored, Snapshot, SnapshotHooks};
pub use store::deadline::UpdateDeadline;
pub use store::{AsContext, AsContextMut, Store, StoreContext, StoreContextMut};
pub use symbol::FrameSymbol;
#[doc(hidden)]
pub use symbol::{Demangled, is_disguise};
pub use yielding::Yield;

pub use pirn_decode::{
    ArrayType, CompositeType, CustomSection, DeclareTypes, Error as ModuleError, ExternType, FieldType, Finality,
    FuncType, GlobalType, HeapType, Limits, MemoryType, ModuleLimits, RefType, StorageType, StructType, SubType,
    TableType, TagType, TypeId, ValType,
};
pub use pirn_exec::{CallHook, GcStress, Trap, WaitResult};
