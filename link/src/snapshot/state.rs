//! What a snapshot holds: a store in the terms of the specification (spec 4.2), with numbers for references. `docs/snapshot-format.md`
//! says how it is written down.

use pirn_decode::{FuncType, MemoryType, RefType, Stand, TableType, ValType};

/// Bytes of a module's hash, and of a snapshot's.
pub(crate) const HASH: usize = 32;

/// A store, and executions that are paused in it. Types name others by their places in [`types`](Self::types).
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct State {
    /// The fuel left, if the engine consumes any.
    pub(super) fuel: Option<u64>,
    /// Hashes of the modules of the instances.
    pub(super) modules: Vec<[u8; HASH]>,
    /// Types that modules define and that something here is of.
    pub(super) types: Vec<TypeName>,
    /// Host functions that are referred to.
    pub(super) hosts: Vec<HostFunc>,
    /// Values of the embedder, as its hook wrote them.
    pub(super) externs: Vec<Vec<u8>>,
    /// The types of tags, by their places.
    pub(super) tags: Vec<u32>,
    /// Structs, arrays and exceptions that are referred to.
    pub(super) objects: Vec<ObjectState>,
    /// The exception that is pending, by its place among the objects.
    pub(super) pending: Option<u32>,
    pub(super) memories: Vec<MemoryState>,
    pub(super) tables: Vec<TableState>,
    pub(super) globals: Vec<GlobalState>,
    pub(super) instances: Vec<InstanceState>,
    pub(super) executions: Vec<ExecutionState>,
}

/// A type that a module defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TypeName {
    /// By its place among the hashes.
    pub(super) module: u32,
    pub(super) typeidx: u32,
}

/// A struct, array or exception.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ObjectState {
    /// Of this type.
    Struct { ty: u32, fields: Vec<Value> },
    /// Of this type.
    Array { ty: u32, elements: Elements },
    /// Of this tag.
    Exception { tag: u32, values: Vec<Value> },
}

/// The elements of an array.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Elements {
    /// Numbers, one behind the other, each in as many bytes as its type has, the low ones first.
    Numbers(Vec<u8>),
    References(Vec<Value>),
}

/// A host function, by the import that it was linked to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HostFunc {
    pub(super) module: String,
    pub(super) name: String,
    pub(super) ty: FuncType,
}

/// A memory.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MemoryState {
    /// The minimum is the size.
    pub(super) ty: MemoryType,
    /// What is not zero of it.
    pub(super) runs: Vec<Run>,
}

/// Bytes that follow each other in a memory.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub(super) start: u64,
    pub(super) bytes: Vec<u8>,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TableState {
    /// The minimum is the size.
    pub(super) ty: TableType,
    /// The elements, each with how many of it follow each other.
    pub(super) elements: Vec<(u64, Value)>,
}

/// A global.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GlobalState {
    pub(super) mutable: bool,
    pub(super) ty: ValType,
    pub(super) value: Value,
}

/// An instance.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct InstanceState {
    /// What the embedder calls it.
    pub(super) name: Option<String>,
    /// Its module, by its place among the hashes.
    pub(super) module: u32,
    /// The functions that it imports.
    pub(super) funcs: Vec<FuncName>,
    /// By tableidx.
    pub(super) tables: Vec<u32>,
    /// By memidx.
    pub(super) memories: Vec<u32>,
    /// By globalidx.
    pub(super) globals: Vec<u32>,
    /// By tagidx.
    pub(super) tags: Vec<u32>,
    /// By dataidx: whether the segment was dropped.
    pub(super) data_dropped: Vec<bool>,
    /// By elemidx: whether the segment was dropped.
    pub(super) elements_dropped: Vec<bool>,
    /// What is in the element segments that were not dropped, and whose elements may be objects or the embedder's.
    pub(super) elements: Vec<Vec<Value>>,
}

/// A function of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FuncName {
    /// One that a module defines.
    Own { instance: u32, funcidx: u32 },
    /// A host function.
    Host(u32),
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    I32(u32),
    I64(u64),
    F32(u32),
    F64(u64),
    /// The low bits first.
    V128([u64; 2]),
    Func(Option<FuncName>),
    Extern(RefName),
    Any(RefName),
    /// An exception, by its place among the objects.
    Exn(Option<u32>),
}

/// What is referred to that is no function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefName {
    Null,
    /// One of the embedder's values.
    Host(u32),
    /// An integer of 31 bits.
    I31(u32),
    /// By its place among the objects.
    Object(u32),
}

impl Value {
    pub(super) const fn ty(&self) -> ValType {
        match self {
            Self::I32(_) => ValType::I32,
            Self::I64(_) => ValType::I64,
            Self::F32(_) => ValType::F32,
            Self::F64(_) => ValType::F64,
            Self::V128(_) => ValType::V128,
            Self::Func(_) => ValType::FUNCREF,
            Self::Extern(_) => ValType::EXTERNREF,
            Self::Any(_) => ValType::Ref(RefType::ANYREF),
            Self::Exn(_) => ValType::Ref(RefType::EXNREF),
        }
    }
}

/// A paused execution.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ExecutionState {
    pub(super) reason: ReasonState,
    /// The outermost first.
    pub(super) frames: Vec<FrameState>,
}

/// Why it paused.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ReasonState {
    /// There was less fuel than this.
    OutOfFuel { required: u64 },
    /// The deadline had passed.
    Deadline,
    /// A host function yielded, with a payload as the embedder's hook wrote it.
    Yield { host: u32, payload: Vec<u8> },
}

/// A frame (spec 4.2.12), and what it is about to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FrameState {
    pub(super) instance: u32,
    pub(super) funcidx: u32,
    pub(super) stand: Stand,
    /// Offset in the module's bytes: see [`Stand`].
    pub(super) offset: u32,
    pub(super) locals: Vec<Value>,
    /// The topmost last.
    pub(super) operands: Vec<Value>,
}
