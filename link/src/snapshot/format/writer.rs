//! Writing what a snapshot holds.

use super::super::state::{Elements, ExecutionState, FuncName, ObjectState, ReasonState, RefName, State, Value};
use super::{ARRAY, EXCEPTION, FUNC, NON_NULL, NULLABLE, STRUCT};
use pirn_decode::{AddressType, HeapType, Limits, Stand, ValType};

#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

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
            return self.byte(ty.byte().expect("all that name no type"));
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

    pub(super) fn state(&mut self, state: &State) {
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
        self.option(state.pending, Self::number);
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
