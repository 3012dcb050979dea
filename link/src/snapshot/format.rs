//! Snapshots as bytes: `docs/snapshot-format.md` describes them.
//!
//! Reading allocates in proportion to the bytes there are, whatever lengths they claim: a list has a byte for each item at least, and a
//! chunk is at most 255 times as long as what it is compressed to. That can be thousands of times as much as the bytes; so what is made of
//! them is counted, and whoever reads says how much it may be.

use super::state::{
    Elements, ExecutionState, FrameState, FuncName, GlobalState, HASH, HostFunc, InstanceState, MemoryState,
    ObjectState, ReasonState, RefName, Run, State, TableState, TypeName, Value,
};
use crate::error::{Result, format_err};
use pirn_decode::{AddressType, FuncType, HeapType, Limits, MemoryType, RefType, Stand, TableType, TypeId, ValType};
use sha2::{Digest, Sha256};

/// How they begin.
const MAGIC: &[u8; 8] = b"pirnsnap";

/// Of the format.
const VERSION: u32 = 2;

/// What types begin with that are references which may be null, or may not (spec 5.3.4).
const NULLABLE: u8 = 0x63;
const NON_NULL: u8 = 0x64;

/// What objects begin with, and heap types that are of modules: then follows the number of the type, or of the tag.
const FUNC: u8 = 0x60;
const STRUCT: u8 = 0x5f;
const ARRAY: u8 = 0x5e;
const EXCEPTION: u8 = 0x08;

/// Heap types that are no module's, and their bytes (spec 5.3.3).
const HEAP_TYPES: [(u8, HeapType); 12] = [
    (0x74, HeapType::NoExn),
    (0x73, HeapType::NoFunc),
    (0x72, HeapType::NoExtern),
    (0x71, HeapType::None),
    (0x70, HeapType::Func),
    (0x6f, HeapType::Extern),
    (0x6e, HeapType::Any),
    (0x6d, HeapType::Eq),
    (0x6c, HeapType::I31),
    (0x6b, HeapType::Struct),
    (0x6a, HeapType::Array),
    (0x69, HeapType::Exn),
];

/// Bytes before the chunks.
const HEAD: usize = MAGIC.len() + size_of::<u32>() + HASH;

/// Most bytes that are compressed at once.
const CHUNK: usize = 1 << 20;

/// The bytes of a snapshot.
pub(super) fn write(state: &State) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(MAGIC);
    out.extend(VERSION.to_le_bytes());
    out.extend([0; HASH]);
    for chunk in content(state).chunks(CHUNK) {
        let compressed = lz4_flex::block::compress(chunk);
        let stored = if compressed.len() < chunk.len() { &compressed } else { chunk };
        out.extend((chunk.len() as u32).to_le_bytes());
        out.extend((stored.len() as u32).to_le_bytes());
        out.extend(stored);
    }
    let hash = Sha256::digest(&out[HEAD..]);
    out[HEAD - HASH..HEAD].copy_from_slice(&hash);
    out
}

/// What is written in chunks.
pub(super) fn content(state: &State) -> Vec<u8> {
    let mut content = Writer::default();
    content.state(state);
    content.0
}

/// The snapshot of these bytes, which may take `most` bytes of memory, or somewhat more.
///
/// # Errors
/// They are none, or of another version, or were changed; they would take more.
pub(super) fn read(bytes: &[u8], most: usize) -> Result<State> {
    let mut head = Reader { rest: bytes, room: most };
    if head.array().ok() != Some(*MAGIC) {
        return Err(format_err!("the bytes are no snapshot"));
    }
    let version = u32::from_le_bytes(head.array()?);
    if version != VERSION {
        return Err(format_err!("the snapshot is of version {version} of the format: this one is {VERSION}"));
    }
    let hash: [u8; HASH] = head.array()?;
    if hash != *Sha256::digest(head.rest) {
        return Err(format_err!("the snapshot was cut off or changed: it has another hash"));
    }
    let (content, room) = chunks(head)?;
    read_content(&content, room)
}

/// What the chunks hold, and what room is left then.
fn chunks(mut reader: Reader<'_>) -> Result<(Vec<u8>, usize)> {
    let mut content = Vec::new();
    while !reader.rest.is_empty() {
        let [len, stored] = [reader.array()?, reader.array()?].map(|len| u32::from_le_bytes(len) as usize);
        let bytes = reader.take(stored)?;
        if len > CHUNK || stored > len {
            return Err(malformed("a chunk"));
        }
        reader.count(len)?;
        if stored == len {
            content.extend_from_slice(bytes);
            continue;
        }
        let start = content.len();
        content.resize(start + len, 0);
        let written = lz4_flex::block::decompress_into(bytes, &mut content[start..]);
        if !written.is_ok_and(|written| written == len) {
            return Err(malformed("a chunk"));
        }
    }
    Ok((content, reader.room))
}

/// The snapshot of this content, which may take so many bytes of memory besides.
///
/// # Errors
/// It is none, or would take more.
pub(super) fn read_content(content: &[u8], room: usize) -> Result<State> {
    let mut reader = Reader { rest: content, room };
    let state = reader.state()?;
    if reader.rest.is_empty() { Ok(state) } else { Err(malformed("what follows its end")) }
}

#[cold]
fn malformed(what: &str) -> crate::error::Error {
    format_err!("the snapshot is malformed: {what}")
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// Unsigned LEB128.
    fn number(&mut self, number: impl Into<u64>) {
        let mut number = number.into();
        while number >= 0x80 {
            self.byte(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        items.iter().for_each(|each| item(self, each));
    }

    fn option<T>(&mut self, item: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.byte(item.is_some().into());
        if let Some(item) = item {
            write(self, item);
        }
    }

    fn ty(&mut self, ty: ValType) {
        self.byte(match ty {
            ValType::I32 => 0x7f,
            ValType::I64 => 0x7e,
            ValType::F32 => 0x7d,
            ValType::F64 => 0x7c,
            ValType::V128 => 0x7b,
            ValType::Ref(ty) => {
                self.byte(if ty.is_nullable() { NULLABLE } else { NON_NULL });
                return self.heap_type(ty.heap_type());
            }
        });
    }

    fn heap_type(&mut self, ty: HeapType) {
        let (HeapType::ConcreteFunc(number) | HeapType::ConcreteStruct(number) | HeapType::ConcreteArray(number)) = ty
        else {
            let (byte, _) = HEAP_TYPES.iter().find(|(_, known)| *known == ty).expect("all that name no type");
            return self.byte(*byte);
        };
        self.byte(match ty {
            HeapType::ConcreteStruct(_) => STRUCT,
            HeapType::ConcreteArray(_) => ARRAY,
            _ => FUNC,
        });
        self.number(number.0);
    }

    fn func(&mut self, name: &FuncName) {
        match *name {
            FuncName::Own { instance, funcidx } => {
                self.byte(1);
                self.number(instance);
                self.number(funcidx);
            }
            FuncName::Host(host) => {
                self.byte(2);
                self.number(host);
            }
        }
    }

    fn value(&mut self, value: &Value) {
        self.byte(match value {
            Value::I32(_) => 0x7f,
            Value::I64(_) => 0x7e,
            Value::F32(_) => 0x7d,
            Value::F64(_) => 0x7c,
            Value::V128(_) => 0x7b,
            Value::Func(_) => 0x70,
            Value::Extern(_) => 0x6f,
            Value::Any(_) => 0x6e,
            Value::Exn(_) => 0x69,
        });
        match value {
            Value::I32(bits) | Value::F32(bits) => self.0.extend(bits.to_le_bytes()),
            Value::I64(bits) | Value::F64(bits) => self.0.extend(bits.to_le_bytes()),
            Value::V128(words) => words.iter().for_each(|word| self.0.extend(word.to_le_bytes())),
            Value::Func(None) => self.byte(0),
            Value::Func(Some(name)) => self.func(name),
            Value::Extern(name) | Value::Any(name) => {
                let (byte, number) = match *name {
                    RefName::Null => return self.byte(0),
                    RefName::Host(number) => (1, number),
                    RefName::I31(value) => (2, value),
                    RefName::Object(number) => (3, number),
                };
                self.byte(byte);
                self.number(number);
            }
            Value::Exn(number) => self.option(*number, Self::number),
        }
    }

    fn object(&mut self, object: &ObjectState) {
        match object {
            ObjectState::Struct { ty, fields } => {
                self.byte(STRUCT);
                self.number(*ty);
                self.list(fields, Self::value);
            }
            ObjectState::Array { ty, elements } => {
                self.byte(ARRAY);
                self.number(*ty);
                match elements {
                    Elements::Numbers(bytes) => {
                        self.byte(0);
                        self.bytes(bytes);
                    }
                    Elements::References(values) => {
                        self.byte(1);
                        self.list(values, Self::value);
                    }
                }
            }
            ObjectState::Exception { tag, values } => {
                self.byte(EXCEPTION);
                self.number(*tag);
                self.list(values, Self::value);
            }
        }
    }

    fn limits(&mut self, limits: Limits, address: AddressType) {
        self.byte(u8::from(limits.max.is_some()) | u8::from(address == AddressType::I64) << 1);
        self.number(limits.min);
        if let Some(max) = limits.max {
            self.number(max);
        }
    }

    fn state(&mut self, state: &State) {
        self.option(state.fuel, Self::number);
        self.list(&state.modules, |this, hash| this.0.extend(hash));
        self.list(&state.types, |this, name| {
            this.number(name.module);
            this.number(name.typeidx);
        });
        self.list(&state.hosts, |this, host| {
            this.bytes(host.module.as_bytes());
            this.bytes(host.name.as_bytes());
            this.list(host.ty.params(), |this, &ty| this.ty(ty));
            this.list(host.ty.results(), |this, &ty| this.ty(ty));
        });
        self.list(&state.externs, |this, bytes| this.bytes(bytes));
        self.list(&state.tags, |this, &ty| this.number(ty));
        self.list(&state.objects, Self::object);
        self.list(&state.memories, |this, memory| {
            this.limits(memory.ty.limits, memory.ty.address);
            this.byte(memory.ty.page_size_log2);
            this.list(&memory.runs, |this, run| {
                this.number(run.start);
                this.bytes(&run.bytes);
            });
        });
        self.list(&state.tables, |this, table| {
            this.limits(table.ty.limits, table.ty.address);
            this.ty(ValType::Ref(table.ty.element));
            this.list(&table.elements, |this, (count, value)| {
                this.number(*count);
                this.value(value);
            });
        });
        self.list(&state.globals, |this, global| {
            this.byte(global.mutable.into());
            this.ty(global.ty);
            this.value(&global.value);
        });
        self.list(&state.instances, |this, instance| {
            this.option(instance.name.as_deref(), |this, name| this.bytes(name.as_bytes()));
            this.number(instance.module);
            this.list(&instance.funcs, Self::func);
            for list in [&instance.tables, &instance.memories, &instance.globals, &instance.tags] {
                this.list(list, |this, &number| this.number(number));
            }
            for list in [&instance.data_dropped, &instance.elements_dropped] {
                this.list(list, |this, &dropped| this.byte(dropped.into()));
            }
            this.list(&instance.elements, |this, values| this.list(values, Self::value));
        });
        self.list(&state.executions, Self::execution);
    }

    fn execution(&mut self, execution: &ExecutionState) {
        match &execution.reason {
            ReasonState::OutOfFuel { required } => {
                self.byte(0);
                self.number(*required);
            }
            ReasonState::Deadline => self.byte(1),
            ReasonState::Yield { host, payload } => {
                self.byte(2);
                self.number(*host);
                self.bytes(payload);
            }
        }
        self.list(&execution.frames, |this, frame| {
            this.number(frame.instance);
            this.number(frame.funcidx);
            this.byte(match frame.stand {
                Stand::Entry => 0,
                Stand::Loop => 1,
                Stand::Call => 2,
                Stand::Before => 3,
            });
            this.number(frame.offset);
            this.list(&frame.locals, Self::value);
            this.list(&frame.operands, Self::value);
        });
    }
}

struct Reader<'a> {
    /// What is left to read.
    rest: &'a [u8],
    /// How many bytes what is read may still take.
    room: usize,
}

impl<'a> Reader<'a> {
    /// Counts memory that is about to be taken.
    fn count(&mut self, bytes: usize) -> Result<()> {
        let room = self.room.checked_sub(bytes);
        self.room = room.ok_or_else(|| format_err!("the snapshot would take more memory than it may"))?;
        Ok(())
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        self.rest.split_off(..len).ok_or_else(|| malformed("it ends too early"))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(*self.take(N)?.first_chunk().expect("as many as were taken"))
    }

    fn byte(&mut self) -> Result<u8> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    fn number(&mut self) -> Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(malformed("a number of more than 64 bits"))
    }

    fn small(&mut self) -> Result<u32> {
        u32::try_from(self.number()?).map_err(|_| malformed("a number of more than 32 bits"))
    }

    fn flag(&mut self) -> Result<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(malformed("a flag")),
        }
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        let len = self.number()?;
        let len = usize::try_from(len).map_err(|_| malformed("it ends too early"))?;
        let bytes = self.take(len)?;
        self.count(len)?;
        Ok(bytes.to_vec())
    }

    fn text(&mut self) -> Result<String> {
        String::from_utf8(self.bytes()?).map_err(|_| malformed("a name that is not UTF-8"))
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let len = self.number()?;
        if len > self.rest.len() as u64 {
            return Err(malformed("it ends too early"));
        }
        let mut count = |this: &mut Self| {
            this.count(size_of::<T>())?;
            item(this)
        };
        (0..len).map(|_| count(self)).collect()
    }

    fn option<T>(&mut self, item: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        Ok(if self.flag()? { Some(item(self)?) } else { None })
    }

    fn ty(&mut self) -> Result<ValType> {
        Ok(match self.byte()? {
            0x7f => ValType::I32,
            0x7e => ValType::I64,
            0x7d => ValType::F32,
            0x7c => ValType::F64,
            0x7b => ValType::V128,
            nullable @ (NULLABLE | NON_NULL) => ValType::Ref(RefType::new(nullable == NULLABLE, self.heap_type()?)),
            _ => return Err(malformed("a type")),
        })
    }

    fn heap_type(&mut self) -> Result<HeapType> {
        let byte = self.byte()?;
        if let Some((_, ty)) = HEAP_TYPES.iter().find(|(known, _)| *known == byte) {
            return Ok(*ty);
        }
        let concrete: fn(TypeId) -> HeapType = match byte {
            FUNC => HeapType::ConcreteFunc,
            STRUCT => HeapType::ConcreteStruct,
            ARRAY => HeapType::ConcreteArray,
            _ => return Err(malformed("a type")),
        };
        Ok(concrete(TypeId(self.place()?)))
    }

    /// A place in a list: none has as many items as 31 bits can say.
    fn place(&mut self) -> Result<u32> {
        let place = self.small()?;
        if place < 1 << 31 { Ok(place) } else { Err(malformed("a place in a list")) }
    }

    fn types(&mut self) -> Result<Vec<ValType>> {
        let types = self.list(Self::ty)?;
        if types.len() > FuncType::MOST { Err(malformed("a function type")) } else { Ok(types) }
    }

    /// A function, or none.
    fn func(&mut self) -> Result<Option<FuncName>> {
        Ok(match self.byte()? {
            0 => None,
            1 => Some(FuncName::Own { instance: self.small()?, funcidx: self.small()? }),
            2 => Some(FuncName::Host(self.small()?)),
            _ => return Err(malformed("a function")),
        })
    }

    fn value(&mut self) -> Result<Value> {
        Ok(match self.byte()? {
            0x7f => Value::I32(u32::from_le_bytes(self.array()?)),
            0x7e => Value::I64(u64::from_le_bytes(self.array()?)),
            0x7d => Value::F32(u32::from_le_bytes(self.array()?)),
            0x7c => Value::F64(u64::from_le_bytes(self.array()?)),
            0x7b => Value::V128([u64::from_le_bytes(self.array()?), u64::from_le_bytes(self.array()?)]),
            0x70 => Value::Func(self.func()?),
            0x6f => Value::Extern(self.reference()?),
            0x6e => Value::Any(self.reference()?),
            0x69 => Value::Exn(self.option(Self::small)?),
            _ => return Err(malformed("the type of a value")),
        })
    }

    fn reference(&mut self) -> Result<RefName> {
        Ok(match self.byte()? {
            0 => RefName::Null,
            1 => RefName::Host(self.small()?),
            2 => RefName::I31(self.place()?),
            3 => RefName::Object(self.small()?),
            _ => return Err(malformed("a reference")),
        })
    }

    fn object(&mut self) -> Result<ObjectState> {
        Ok(match self.byte()? {
            STRUCT => ObjectState::Struct { ty: self.small()?, fields: self.list(Self::value)? },
            ARRAY => ObjectState::Array {
                ty: self.small()?,
                elements: match self.flag()? {
                    false => Elements::Numbers(self.bytes()?),
                    true => Elements::References(self.list(Self::value)?),
                },
            },
            EXCEPTION => ObjectState::Exception { tag: self.small()?, values: self.list(Self::value)? },
            _ => return Err(malformed("an object")),
        })
    }

    fn limits(&mut self) -> Result<(Limits, AddressType)> {
        let flags = self.byte()?;
        if flags > 3 {
            return Err(malformed("limits"));
        }
        let min = self.number()?;
        let max = if flags & 1 != 0 { Some(self.number()?) } else { None };
        Ok((Limits { min, max }, if flags & 2 != 0 { AddressType::I64 } else { AddressType::I32 }))
    }

    fn memory(&mut self) -> Result<MemoryState> {
        let (limits, address) = self.limits()?;
        let page_size_log2 = self.byte()?;
        if !matches!(page_size_log2, 0 | 16) {
            return Err(malformed("a page size"));
        }
        let run = |this: &mut Self| Ok(Run { start: this.number()?, bytes: this.bytes()? });
        let ty = MemoryType { limits, address, page_size_log2, shared: false };
        Ok(MemoryState { ty, runs: self.list(run)? })
    }

    fn table(&mut self) -> Result<TableState> {
        let (limits, address) = self.limits()?;
        let ValType::Ref(element) = self.ty()? else { return Err(malformed("the type of a table")) };
        let elements = self.list(|this| Ok((this.number()?, this.value()?)))?;
        Ok(TableState { ty: TableType { element, limits, address }, elements })
    }

    fn state(&mut self) -> Result<State> {
        Ok(State {
            fuel: self.option(Self::number)?,
            modules: self.list(Self::array)?,
            types: self.list(|this| Ok(TypeName { module: this.small()?, typeidx: this.small()? }))?,
            hosts: self.list(|this| {
                let (module, name) = (this.text()?, this.text()?);
                Ok(HostFunc { module, name, ty: FuncType::new(this.types()?, this.types()?) })
            })?,
            externs: self.list(Self::bytes)?,
            tags: self.list(Self::small)?,
            objects: self.list(Self::object)?,
            memories: self.list(Self::memory)?,
            tables: self.list(Self::table)?,
            globals: self
                .list(|this| Ok(GlobalState { mutable: this.flag()?, ty: this.ty()?, value: this.value()? }))?,
            instances: self.list(|this| {
                Ok(InstanceState {
                    name: this.option(Self::text)?,
                    module: this.small()?,
                    funcs: this.list(|this| this.func()?.ok_or_else(|| malformed("an import that is null")))?,
                    tables: this.list(Self::small)?,
                    memories: this.list(Self::small)?,
                    globals: this.list(Self::small)?,
                    tags: this.list(Self::small)?,
                    data_dropped: this.list(Self::flag)?,
                    elements_dropped: this.list(Self::flag)?,
                    elements: this.list(|this| this.list(Self::value))?,
                })
            })?,
            executions: self.list(Self::execution)?,
        })
    }

    fn execution(&mut self) -> Result<ExecutionState> {
        let reason = match self.byte()? {
            0 => ReasonState::OutOfFuel { required: self.number()? },
            1 => ReasonState::Deadline,
            2 => ReasonState::Yield { host: self.small()?, payload: self.bytes()? },
            _ => return Err(malformed("why a call paused")),
        };
        let frames = self.list(|this| {
            Ok(FrameState {
                instance: this.small()?,
                funcidx: this.small()?,
                stand: match this.byte()? {
                    0 => Stand::Entry,
                    1 => Stand::Loop,
                    2 => Stand::Call,
                    3 => Stand::Before,
                    _ => return Err(malformed("where a frame stands")),
                },
                offset: this.small()?,
                locals: this.list(Self::value)?,
                operands: this.list(Self::value)?,
            })
        })?;
        Ok(ExecutionState { reason, frames })
    }
}
