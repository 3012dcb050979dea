//! Reading what a snapshot holds.

use super::super::state::{
    Elements, ExecutionState, FrameState, FuncName, GlobalState, HostFunc, InstanceState, MemoryState, ObjectState,
    ReasonState, RefName, Run, State, TableState, TypeName, Value,
};
use super::{ARRAY, EXCEPTION, FUNC, NON_NULL, NULLABLE, STRUCT, malformed};
use crate::error::{Result, format_err};
use pirn_decode::{AddressType, FuncType, HeapType, Limits, MemoryType, RefType, Stand, TableType, TypeId, ValType};

/// What reads a snapshot, of which nothing is trusted.
pub(super) struct Reader<'a> {
    /// What is left to read.
    pub(super) rest: &'a [u8],
    /// How many bytes what is read may still take.
    pub(super) room: usize,
}

impl<'a> Reader<'a> {
    /// Counts memory that is about to be taken.
    pub(super) fn count(&mut self, bytes: usize) -> Result<()> {
        let room = self.room.checked_sub(bytes);
        self.room = room.ok_or_else(|| format_err!("the snapshot would take more memory than it may"))?;
        Ok(())
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        self.rest.split_off(..len).ok_or_else(|| malformed("it ends too early"))
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
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
        if let Some(ty) = HeapType::of_byte(byte) {
            return Ok(ty);
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

    pub(super) fn state(&mut self) -> Result<State> {
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
            pending: self.option(Self::small)?,
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
