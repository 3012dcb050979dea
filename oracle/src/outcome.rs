//! What can be seen of a program that ran, in words that belong to no engine.

use crate::rng::Rng;
use pirn_decode::FuncIdx;
use std::sync::Arc;

/// Type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// Reference to a function.
    Func,
    /// Reference to a value of the host.
    Extern,
    /// Another reference.
    Ref {
        /// What is greater than all that it may be.
        top: Top,
        /// Whether it may be null.
        null: bool,
        /// Whether it may be an integer of 31 bits.
        i31: bool,
    },
}

impl Type {
    /// Whether the host has a value of this type: of objects, it has none but nulls.
    pub fn has_values(self) -> bool {
        match self {
            Self::Ref { top, null, i31 } => null || i31 || top == Top::Extern,
            Self::I32 | Self::I64 | Self::F32 | Self::F64 | Self::V128 | Self::Func | Self::Extern => true,
        }
    }
}

/// The greatest types of references.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Top {
    /// Functions.
    Func,
    /// Values of the host.
    Extern,
    /// What modules make.
    Any,
    /// Exceptions.
    Exn,
}

/// A value. Floats are bits, and all NaNs are one, but in lanes of vectors, of which nobody knows whether they are floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// 32-bit integer.
    I32(i32),
    /// 64-bit integer.
    I64(i64),
    /// Bits of a 32-bit float.
    F32(u32),
    /// Bits of a 64-bit float.
    F64(u64),
    /// Bits of a vector.
    V128(u128),
    /// Of a reference one sees only whether it is null.
    Ref {
        /// Whether it is null.
        null: bool,
        /// Whether it is to a function.
        func: bool,
    },
    /// A reference to an integer of 31 bits.
    I31(i32),
    /// A reference to a value of the host.
    Host(u32),
    /// Null.
    Null(Top),
    /// A struct, array or exception, and a hash of what it holds, as deep as it was looked into.
    Object {
        /// What it is.
        kind: Object,
        /// Of all that was seen.
        hash: u64,
    },
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// A struct.
    Struct,
    /// An array.
    Array,
    /// An exception.
    Exception,
    /// A value of the host that was converted.
    Converted,
}

impl Value {
    /// A 32-bit float from its bits.
    pub fn f32(bits: u32) -> Self {
        Self::F32(if f32::from_bits(bits).is_nan() { 0x7FC0_0000 } else { bits })
    }

    /// A 64-bit float from its bits.
    pub fn f64(bits: u64) -> Self {
        Self::F64(if f64::from_bits(bits).is_nan() { 0x7FF8_0000_0000_0000 } else { bits })
    }

    /// A value of type `ty` that programs find interesting.
    pub fn interesting(ty: Type, rng: &mut Rng) -> Self {
        match ty {
            Type::I32 => Self::I32(rng.integer() as i32),
            Type::I64 => Self::I64(rng.integer() as i64),
            Type::F32 => Self::f32((rng.float() as f32).to_bits()),
            Type::F64 => Self::f64(rng.float().to_bits()),
            Type::V128 => Self::V128(interesting_vector(rng)),
            Type::Func => Self::Ref { null: true, func: true },
            Type::Extern => Self::Ref { null: true, func: false },
            Type::Ref { i31: true, null, .. } if !null || rng.chance(70) => Self::I31((rng.integer() as i32) << 1 >> 1),
            Type::Ref { top: Top::Extern, null: false, .. } => Self::Host(rng.integer() as u32),
            Type::Ref { top, .. } => Self::Null(top),
        }
    }

    /// An object, of which this was seen.
    pub fn object(kind: Object, seen: impl IntoIterator<Item = Self>) -> Self {
        let mut hash = Hash::new();
        seen.into_iter().for_each(|value| value.hash(&mut hash));
        Self::Object { kind, hash: hash.0 }
    }

    /// Adds its bits.
    fn hash(self, hash: &mut Hash) {
        let word = match self {
            Self::I32(value) => u64::from(value as u32),
            Self::I64(value) => value as u64,
            Self::F32(bits) => u64::from(bits),
            Self::F64(bits) => bits,
            Self::V128(bits) => {
                hash.add(bits as u64);
                (bits >> 64) as u64
            }
            Self::Ref { null, .. } => u64::from(null),
            Self::I31(value) => value as u64 ^ 1 << 40,
            Self::Host(value) => u64::from(value) ^ 1 << 41,
            Self::Null(top) => top as u64 ^ 1 << 42,
            Self::Object { kind, hash } => hash ^ kind as u64,
        };
        hash.add(word);
    }
}

/// A vector whose lanes, of some shape, programs find interesting.
pub fn interesting_vector(rng: &mut Rng) -> u128 {
    let shape = rng.below(4);
    let (lanes, width) = [(16, 8), (4, 32), (2, 64), (2, 64)][shape];
    (0..lanes).fold(0, |bits, lane| {
        let value = match shape {
            0 => u128::from(rng.integer() as u8),
            1 => u128::from((rng.float() as f32).to_bits()),
            2 => u128::from(rng.float().to_bits()),
            _ => u128::from(rng.integer()),
        };
        bits | value << (lane * width)
    })
}

/// Why a call did not return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrapKind {
    /// `unreachable`.
    Unreachable,
    /// A memory access out of bounds.
    Memory,
    /// A table access out of bounds, by `call_indirect` too.
    Table,
    /// `call_indirect` of null.
    NullElement,
    /// `call_indirect` of another type.
    Signature,
    /// Division by zero.
    DivideByZero,
    /// Quotient or conversion out of range.
    Overflow,
    /// Conversion of a NaN.
    NotANumber,
    /// An atomic access that is not aligned.
    Unaligned,
    /// Waiting on a memory that is not shared.
    NotShared,
    /// A reference is null.
    NullReference,
    /// An element that an array has not.
    Array,
    /// A cast that failed.
    Cast,
    /// No trap: an exception that nothing caught.
    Thrown,
    /// The stack is used up: where, is the engine's choice, so nothing is compared from here on.
    Stack,
    /// The oracle gave up: nothing is compared from here on.
    GaveUp,
    /// Something else.
    Other,
}

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A module was refused, could not be linked, or its start function trapped.
    NotInstantiated {
        /// Which.
        module: usize,
    },
    /// An exported function is called.
    Call {
        /// Of which module.
        module: usize,
        /// Its name.
        name: String,
        /// The arguments.
        args: Vec<Value>,
    },
    /// A host function was called.
    Host {
        /// The import's names.
        name: String,
        /// The arguments.
        args: Vec<Value>,
    },
    /// The call returned.
    Returned(Vec<Value>),
    /// The call trapped.
    Trapped(TrapKind),
    /// The values of an exception that nothing caught.
    Thrown(Vec<Value>),
    /// Value of an exported global, looked at after each call.
    Global {
        /// Of which module.
        module: usize,
        /// Its name.
        name: Arc<str>,
        /// The value.
        value: Value,
    },
    /// An exported memory at the end.
    Memory {
        /// Of which module.
        module: usize,
        /// Its name.
        name: Arc<str>,
        /// What it holds, NaNs made one where floats lie.
        bytes: Bytes,
    },
    /// An exported table at the end.
    Table {
        /// Of which module.
        module: usize,
        /// Its name.
        name: Arc<str>,
        /// For each element, whether it is null.
        null: Vec<bool>,
    },
}

impl Event {
    /// Whether an engine may choose that this happens here.
    fn is_cut(&self) -> bool {
        matches!(self, Self::Trapped(TrapKind::Stack | TrapKind::GaveUp))
    }
}

/// A frame of a backtrace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Number of the function's module.
    pub module: Option<usize>,
    /// The function.
    pub funcidx: FuncIdx,
    /// Offset of the instruction in the module: of the call, in all but the innermost frame.
    pub offset: Option<usize>,
}

/// The backtrace of a call that trapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Number of the event that says so.
    pub event: usize,
    /// The innermost first. None on engines that do not say.
    pub frames: Vec<Frame>,
}

impl Trace {
    /// Whether it names the same functions as `other`.
    fn has_functions_of(&self, other: &Self) -> bool {
        let functions =
            |trace: &Self| trace.frames.iter().map(|frame| (frame.module, frame.funcidx)).collect::<Vec<_>>();
        self.event == other.event && functions(self) == functions(other)
    }

    /// Whether it is right if `other` is that of wasmtime, which gives some instructions the offset of a neighbour:
    ///
    /// - What branches to an `unreachable` and nothing else becomes one conditional trap with its own offset: an `if`, a `br_if`, and
    ///   instructions on tables and segments, which branch within. An access whose static offset lies behind all memory is an
    ///   `unreachable` to it.
    /// - A load that is used once may become an operand of the instruction that uses it, and has its offset then, or none.
    /// - A store that another overwrites is left out, and the other traps.
    fn says_as_much(&self, other: &Self, trap: TrapKind, modules: &[Vec<u8>]) -> bool {
        let ([own, callers @ ..], [its, its_callers @ ..]) = (&self.frames[..], &other.frames[..]) else {
            return false;
        };
        let (Some(module), Some(at)) = (own.module, own.offset) else { return false };
        let opcode = |at: usize| modules.get(module)?.get(at).copied();
        let branches_before = |its_at: usize| its_at < at && matches!(opcode(its_at), Some(0x04 | 0x0d | 0x25 | 0xfc));
        // All accesses of vectors have one prefix.
        let is_excused = match (trap, opcode(at), its.offset) {
            (TrapKind::Unreachable, Some(0x00), Some(its_at)) => branches_before(its_at),
            (TrapKind::Memory, Some(0x28..=0x3e | 0xfd), Some(its_at)) if branches_before(its_at) => {
                static_offset(&modules[module], at).is_some_and(|offset| offset > LAST_BYTES)
            }
            (TrapKind::Memory, Some(0x28..=0x35 | 0xfd), its_at) => its_at.is_none_or(|its_at| at < its_at),
            (TrapKind::Memory, Some(0x36..=0x3e), Some(its_at)) => {
                at < its_at && matches!(opcode(its_at), Some(0x36..=0x3e | 0xfd))
            }
            _ => false,
        };
        is_excused
            && (self.event, own.module, own.funcidx) == (other.event, its.module, its.funcidx)
            && callers == its_callers
    }
}

/// Where the last access of any size to the largest memory begins.
const LAST_BYTES: u64 = (3 << 16) - 16;

/// The static offset of the access at this offset of a module.
fn static_offset(wasm: &[u8], at: usize) -> Option<u64> {
    let mut reader = wasmparser::BinaryReader::new(wasm.get(at..)?, 0);
    if reader.read_u8().ok()? == 0xfd {
        reader.read_var_u32().ok()?;
    }
    let names_memory = reader.read_var_u32().ok()? & 1 << 6 != 0;
    if names_memory {
        reader.read_var_u32().ok()?;
    }
    reader.read_var_u64().ok()
}

/// How many frames of a backtrace are compared.
pub const FRAMES: usize = 100;

/// All that was seen.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// In order.
    pub events: Vec<Event>,
    /// For each call that trapped.
    pub traces: Vec<Trace>,
}

impl Outcome {
    /// The first event that neither `first` nor `second` saw as well, by number; `None` if there is none up to where an
    /// engine may choose.
    pub fn unconfirmed(&self, first: &Self, second: &Self) -> Option<usize> {
        let cut = |event: Option<&Event>| event.is_some_and(Event::is_cut);
        for at in 0..self.events.len().max(first.events.len()) {
            let [own, a, b] = [self, first, second].map(|outcome| outcome.events.get(at));
            if cut(own) || cut(a) || cut(b) {
                return None;
            }
            if own != a && own != b {
                return Some(at);
            }
        }
        None
    }

    /// The backtraces up to where an engine may choose.
    pub fn certain_traces(&self) -> &[Trace] {
        let cut = self.events.iter().position(Event::is_cut).unwrap_or(self.events.len());
        &self.traces[..self.traces.partition_point(|trace| trace.event < cut)]
    }

    /// Compares backtraces with those of the authority, which saw the same events: gives how many say the same in other words, or the
    /// first two that differ. `modules` are the program's. Without `offsets`, only their functions are compared.
    pub fn compare_traces<'a>(
        &'a self,
        authority: &'a Self,
        modules: &[Vec<u8>],
        offsets: bool,
    ) -> Result<usize, (&'a Trace, &'a Trace)> {
        let mut others = 0;
        for (own, other) in self.certain_traces().iter().zip(authority.certain_traces()) {
            if own == other || !offsets && own.has_functions_of(other) {
                continue;
            }
            match self.events.get(own.event) {
                Some(&Event::Trapped(trap)) if own.says_as_much(other, trap, modules) => others += 1,
                _ => return Err((own, other)),
            }
        }
        Ok(others)
    }

    /// Whether the comparison ends before the program does.
    pub fn is_cut(&self) -> bool {
        self.events.iter().any(Event::is_cut)
    }
}

/// FNV-1a over words.
#[derive(Debug, Clone, Copy)]
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    fn add(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(29);
    }
}

/// What every host function returns: values that depend on its name and arguments only.
pub fn host_results(name: &str, args: &[Value], types: &[Type]) -> Vec<Value> {
    let mut hash = Hash::new();
    name.bytes().for_each(|byte| hash.add(u64::from(byte)));
    args.iter().for_each(|arg| arg.hash(&mut hash));
    let mut rng = Rng::new(hash.0);
    types.iter().map(|&ty| Value::interesting(ty, &mut rng)).collect()
}

/// Where memory holds floats whose NaNs may differ.
#[derive(Debug, Clone, Copy, Default)]
pub struct FloatAreas {
    /// First byte, and the first behind, of 32-bit floats.
    pub f32: (usize, usize),
    /// The same of 64-bit floats.
    pub f64: (usize, usize),
}

/// A memory's bytes.
#[derive(Clone, PartialEq)]
pub struct Bytes(Vec<u8>);

impl std::fmt::Debug for Bytes {
    /// The size and a hash: the bytes are too many.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut hash = Hash::new();
        self.0.iter().for_each(|&byte| hash.add(u64::from(byte)));
        write!(f, "{} bytes #{:016x}", self.0.len(), hash.0)
    }
}

impl Bytes {
    /// The bytes of a memory that holds floats in these areas.
    pub fn new(memory: &[u8], floats: FloatAreas) -> Self {
        let mut bytes = memory.to_vec();
        let area = |(from, to): (usize, usize)| from.min(memory.len())..to.min(memory.len());
        for chunk in bytes[area(floats.f32)].chunks_exact_mut(4) {
            if f32::from_le_bytes((&*chunk).try_into().expect("4 bytes")).is_nan() {
                chunk.copy_from_slice(&f32::NAN.to_le_bytes());
            }
        }
        for chunk in bytes[area(floats.f64)].chunks_exact_mut(8) {
            if f64::from_le_bytes((&*chunk).try_into().expect("8 bytes")).is_nan() {
                chunk.copy_from_slice(&f64::NAN.to_le_bytes());
            }
        }
        Self(bytes)
    }

    /// The first byte that differs, with both values.
    pub fn difference(&self, other: &Self) -> Option<(usize, u8, u8)> {
        let mut pairs = self.0.iter().zip(&other.0).enumerate();
        pairs.find(|(_, (a, b))| a != b).map(|(at, (&a, &b))| (at, a, b))
    }
}
