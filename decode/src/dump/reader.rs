//! Operands of cells as text, along the shapes of their handlers.

use super::{cut, quoted};
use crate::catches::CatchClause;
use crate::cell::{Cell, Field};
use crate::instruction::Instruction;
use crate::layout::{CodeHead, InstanceLayout, RECORD_WORDS};
use crate::ops::Class;
use crate::shape::Shape;
use crate::sig::{Form, Leaf};
use crate::{FuncIdx, Module};
use std::collections::HashMap;
use std::fmt::{self, Write};

/// Where the cells begin in the bytes of code.
pub const START: usize = CodeHead::WORDS * 8;

/// Reads operands in order and writes them as text.
pub struct Reader<'a> {
    pub module: &'a Module,
    pub layout: InstanceLayout,
    pub names: &'a HashMap<FuncIdx, String>,
    /// The code, its head included.
    pub bytes: Box<[u8]>,
    /// The next operand.
    pub at: usize,
    /// Where the code lies.
    pub base: u64,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut operand = [0; N];
        // What is not there is wrong already, and seen by the caller.
        if let Some(bytes) = self.bytes.get(self.at..self.at + N) {
            operand.copy_from_slice(bytes);
        }
        self.at += N;
        operand
    }

    fn u16(&mut self) -> u16 {
        u16::from_ne_bytes(self.take())
    }

    fn u32(&mut self) -> u32 {
        u32::from_ne_bytes(self.take())
    }

    pub fn u64(&mut self) -> u64 {
        u64::from_ne_bytes(self.take())
    }

    fn target(&mut self) -> String {
        let target = self.u64().wrapping_sub(self.base + START as u64);
        format!("{target:#x}")
    }

    /// Whose word of the instance it is.
    fn word(&self, word: u32) -> String {
        let word = word as usize;
        let layout = &self.layout;
        if word >= layout.types {
            format!("type[{}]", word - layout.types)
        } else if word >= layout.tags {
            format!("tag[{}]", word - layout.tags)
        } else if word >= layout.elements {
            format!("elem[{}]", (word - layout.elements) / 2)
        } else if word >= layout.data {
            format!("data[{}]", (word - layout.data) / 2)
        } else if word >= layout.memories {
            format!("memory[{}]", word - layout.memories)
        } else if word >= layout.tables {
            format!("table[{}]", word - layout.tables)
        } else if word >= layout.globals {
            format!("global[{}]", word - layout.globals)
        } else if word >= layout.funcs {
            let funcidx = FuncIdx(((word - layout.funcs) / RECORD_WORDS) as u32);
            format!("func[{funcidx}]{}", quoted(self.names.get(&funcidx)))
        } else {
            format!("word[{word}]")
        }
    }

    /// What a clause catches, and where it leads.
    pub fn clause(&self, clause: &CatchClause, out: &mut String) {
        match clause.tag {
            Some(word) => push(out, format_args!("{} to s{}", self.word(word), clause.values)),
            None => out.push_str("any"),
        }
        if let Some(slot) = clause.reference {
            push(out, format_args!(", reference to s{slot}"));
        }
        push(out, format_args!(" -> {:#x}", clause.target as usize - START));
    }

    /// What a handler of this shape does, with the operands that follow.
    pub fn statement(&mut self, shape: &Shape, out: &mut String) {
        match *shape {
            Shape::Seq(a, b) => {
                self.statement(a, out);
                out.push_str("; ");
                self.statement(b, out);
            }
            Shape::Carried(_, a) => {
                out.push_str("carry ");
                self.statement(a, out);
            }
            Shape::Form(form, class, a) => {
                match form {
                    Form::SetAcc => push(out, format_args!("{} = ", accumulator(class))),
                    Form::SetSlot => push(out, format_args!("s{} = ", self.u16())),
                    Form::SetHigh => push(out, format_args!("s{}:r0 = ", self.u16())),
                    Form::SetGlobal => {
                        let word = self.u32();
                        push(out, format_args!("{} = ", self.word(word)));
                    }
                    Form::BrIf => {
                        let target = self.target();
                        out.push_str("br_if ");
                        self.expression(a, out);
                        return push(out, format_args!(" -> {target}"));
                    }
                    Form::Return => {
                        let header = self.u16();
                        out.push_str("return ");
                        self.expression(a, out);
                        return push(out, format_args!(" (header s{header})"));
                    }
                    Form::Repeat => {
                        out.push_str("repeat ");
                        return self.statement(a, out);
                    }
                    Form::Ask => {
                        out.push_str("ask ");
                        return self.statement(a, out);
                    }
                    // These have shapes of their own.
                    Form::Select | Form::Seq | Form::MemoryFill | Form::MemoryCopy => {
                        push(out, format_args!("{form:?} "));
                    }
                }
                self.expression(a, out);
            }
            Shape::Store(op, a, v) => {
                self.access(op.info().text, out);
                self.list(&[a, v], out);
            }
            Shape::FarStore(op, a, v) | Shape::SharedStore(op, a, v) => {
                self.far_access(op.info().text, out);
                self.list(&[a, v], out);
            }
            Shape::ElementStore(op, a, b, v) => {
                push(out, format_args!("{} element", op.info().text));
                self.list(&[a, b, v], out);
            }
            Shape::FieldStore(op, a, v) => {
                self.field_access(op.info().text, out);
                self.list(&[a, v], out);
            }
            Shape::Bulk(form, a, b, bytes) => {
                match instruction(form) {
                    Some(instruction) => out.push_str(instruction.info().text),
                    None => push(out, format_args!("{form:?}")),
                }
                self.list(&[a, b, bytes], out);
            }
            Shape::Cell(cell) => self.cell(cell, out),
            Shape::Thunk => out.push_str("thunk"),
            Shape::Leaf(..)
            | Shape::Unary(..)
            | Shape::Binary(..)
            | Shape::Load(..)
            | Shape::FarLoad(..)
            | Shape::SharedLoad(..)
            | Shape::FieldLoad(..)
            | Shape::ElementLoad(..)
            | Shape::Select(..)
            | Shape::Ternary(..)
            | Shape::Extract(..)
            | Shape::Replace(..) => self.expression(shape, out),
        }
    }

    /// A load's or store's name and static offset.
    fn access(&mut self, text: &str, out: &mut String) {
        let offset = self.u32();
        out.push_str(text);
        if offset != 0 {
            push(out, format_args!("+{offset}"));
        }
    }

    /// The same of a far access, with its memory in front.
    fn far_access(&mut self, text: &str, out: &mut String) {
        let (memory, offset) = (self.u32(), self.u64());
        push(out, format_args!("{text} {}", self.word(memory)));
        if offset != 0 {
            push(out, format_args!("+{offset}"));
        }
    }

    /// The same of a field of a struct, with its place.
    fn field_access(&mut self, text: &str, out: &mut String) {
        let place = self.u32();
        push(out, format_args!("{text} field+{place}"));
    }

    fn list(&mut self, shapes: &[&Shape], out: &mut String) {
        for (i, shape) in shapes.iter().enumerate() {
            out.push_str(if i == 0 { "(" } else { ", " });
            self.expression(shape, out);
        }
        out.push(')');
    }

    fn expression(&mut self, shape: &Shape, out: &mut String) {
        match *shape {
            Shape::Leaf(leaf, class) => self.leaf(leaf, class, out),
            Shape::Unary(op, a) => {
                out.push_str(op.info().text);
                self.list(&[a], out);
            }
            Shape::Binary(op, a, b) => {
                out.push_str(op.info().text);
                self.list(&[a, b], out);
            }
            Shape::Load(op, a) => {
                self.access(op.info().text, out);
                self.list(&[a], out);
            }
            Shape::FarLoad(op, a) | Shape::SharedLoad(op, a) => {
                self.far_access(op.info().text, out);
                self.list(&[a], out);
            }
            Shape::ElementLoad(op, a, b) => {
                push(out, format_args!("{} element", op.info().text));
                self.list(&[a, b], out);
            }
            Shape::FieldLoad(op, a) => {
                self.field_access(op.info().text, out);
                self.list(&[a], out);
            }
            Shape::Select(_, a, b, condition) => {
                out.push_str(Instruction::Select.info().text);
                self.list(&[a, b, condition], out);
            }
            Shape::Ternary(op, a, b, c) => {
                out.push_str(op.info().text);
                self.list(&[a, b, c], out);
            }
            Shape::Extract(op, lane, a) => {
                push(out, format_args!("{} {lane}", op.info().text));
                self.list(&[a], out);
            }
            Shape::Replace(op, lane, a, b) => {
                push(out, format_args!("{} {lane}", op.info().text));
                self.list(&[a, b], out);
            }
            Shape::Store(..)
            | Shape::FarStore(..)
            | Shape::SharedStore(..)
            | Shape::FieldStore(..)
            | Shape::ElementStore(..)
            | Shape::Bulk(..)
            | Shape::Form(..)
            | Shape::Seq(..)
            | Shape::Carried(..)
            | Shape::Cell(_)
            | Shape::Thunk => self.statement(shape, out),
        }
    }

    fn leaf(&mut self, leaf: Leaf, class: Class, out: &mut String) {
        match leaf {
            Leaf::Slot => push(out, format_args!("s{}", self.u16())),
            Leaf::Acc => out.push_str(accumulator(class)),
            Leaf::Imm => match class {
                Class::I32 => push(out, format_args!("#{}", self.u32() as i32)),
                Class::I64 => push(out, format_args!("#{}", self.u64() as i64)),
                Class::F32 => push(out, format_args!("#{:?}", f32::from_bits(self.u32()))),
                Class::F64 => push(out, format_args!("#{:?}", f64::from_bits(self.u64()))),
                Class::V128 | Class::I128 => {
                    let (low, high) = (self.u64(), self.u64());
                    push(out, format_args!("#{high:#018x}_{low:016x}"));
                }
            },
            Leaf::Global | Leaf::Func => {
                let word = self.u32();
                out.push_str(&self.word(word));
            }
            // No shape has one by itself.
            Leaf::Memory | Leaf::SharedMemory => self.far_access("", out),
            Leaf::Field => self.field_access("", out),
        }
    }

    fn cell(&mut self, cell: Cell, out: &mut String) {
        for (i, c) in format!("{cell:?}").char_indices() {
            if i > 0 && c.is_uppercase() {
                out.push('_');
            }
            out.push(c.to_ascii_lowercase());
        }
        let mut count = 0;
        for &(name, field) in cell.fields() {
            let value = match field {
                Field::Target => {
                    push(out, format_args!(" -> {}", self.target()));
                    continue;
                }
                Field::Slot
                | Field::Destination
                | Field::Operands
                | Field::Header
                | Field::Args
                | Field::CalleeHeader
                | Field::TailArgs
                | Field::TailHeader => format!("s{}", self.u16()),
                Field::Slots
                | Field::Moves
                | Field::Amount
                | Field::SizeClass
                | Field::Depth
                | Field::Null
                | Field::HeapKind => self.u16().to_string(),
                Field::Count => self.u32().to_string(),
                Field::Targets => {
                    count = self.u32();
                    count.to_string()
                }
                Field::TypeId => {
                    let id = self.u32();
                    let ty = self.module.types.get(id as usize);
                    ty.map_or_else(
                        || id.to_string(),
                        |ty| match ty.as_func() {
                            Some(ty) => format!("type[{id}] {}", cut(ty)),
                            None => format!("type[{id}] {}", cut(ty)),
                        },
                    )
                }
                Field::Func
                | Field::Table
                | Field::Memory
                | Field::Data
                | Field::Element
                | Field::Tag
                | Field::Object => {
                    let word = self.u32();
                    self.word(word)
                }
                Field::Cost | Field::Offset => self.u64().to_string(),
            };
            push(out, format_args!(" {name}={value}"));
        }
        if cell == Cell::BrTable {
            let targets: Vec<_> = (0..=count).map(|_| self.target()).collect();
            push(out, format_args!(" r0 -> [{}]", targets.join(", ")));
        }
    }
}

/// The instruction that a form is by itself.
fn instruction(form: Form) -> Option<Instruction> {
    match form {
        Form::Select => Some(Instruction::Select),
        Form::MemoryFill => Some(Instruction::MemoryFill),
        Form::MemoryCopy => Some(Instruction::MemoryCopy),
        Form::SetAcc
        | Form::SetSlot
        | Form::SetGlobal
        | Form::BrIf
        | Form::Return
        | Form::Seq
        | Form::Repeat
        | Form::Ask
        | Form::SetHigh => None,
    }
}

fn accumulator(class: Class) -> &'static str {
    if class.is_float() { "v0" } else { "r0" }
}

/// Writes to a string.
pub fn push(out: &mut String, text: fmt::Arguments<'_>) {
    out.write_fmt(text).expect("strings take everything");
}
