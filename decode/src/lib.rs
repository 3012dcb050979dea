//! Parses, validates and lowers WebAssembly for the pirn interpreter.
//!
//! The data's way: [`module`] parses and validates the bytes, giving a [`Module`] that describes everything but the
//! code: sections by wasmparser, most function bodies by a pass of this crate's that can only accept, and wasmparser
//! judges the others; [`Lowering`] turns one validated function body at a time into threaded code. What a machine can
//! execute it says itself, by implementing [`Target`]; this crate does not know the machine.
//!
//! Sections of the specification, as in "spec 2.5.1", are numbered as in the
//! [WebAssembly Core Specification 2.0](https://www.w3.org/TR/2022/WD-wasm-core-2-20220419/), but those about what it lacks (tags,
//! exceptions, structs, arrays, types with supertypes) as in 3.0.

#![forbid(unsafe_code)]

pub mod body;
mod catches;
pub mod cell;
pub mod checker;
mod code_map;
mod custom;
pub mod dump;
mod error;
mod features;
mod frame_types;
mod index;
pub mod instruction;
pub mod layout;
mod limits;
pub mod lower;
pub mod module;
pub mod objects;
pub mod ops;
mod planted;
mod references;
pub mod relocate;
pub mod shape;
pub mod sig;
mod types;

pub use catches::{CatchClause, CatchTable};
pub use code_map::{CodeMap, Lowered};
pub use custom::{CustomSection, Names};
pub use error::Error;
pub use features::{Features, Proposal};
pub use frame_types::{Bodies, Counts, FrameTypes};
pub use index::{FuncIdx, TypeId, TypeIdx};
pub use limits::ModuleLimits;
pub use lower::place::{Operand, Place, Source, Stand};
pub use lower::{Arena, Code, Lowering, Options, Target, Tile};
pub use module::Module;
#[doc(hidden)]
pub use planted::planted;
pub use references::{initialises_from, may_hold_references};
pub use types::{
    AddressType, ArrayType, CompositeType, DeclareTypes, Declared, DefinedType, ExternType, FieldType, Finality,
    FuncType, GlobalType, HeapType, KeepType, KnownType, Limits, MemoryType, PAGE_BYTES, RefType, StorageType,
    StructType, SubType, Subtyping, TableType, TagType, ValType,
};

/// Names the sources of this crate, and so how it lowers.
pub const SOURCES: &str = env!("PIRN_DECODE_SOURCES");
