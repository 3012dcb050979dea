//! The disassembler: threaded code as text, a line for each cell.
//!
//! It reads code the way the machine does, operand by operand along the handler's shape, and says no if the cells found
//! that way are not those lowering emitted, or do not cover the code exactly.
//!
//! The function is lowered for it once more, with signatures in place of the handlers' addresses: compilers merge functions
//! of the same machine code, so an address may stand for several shapes, a signature for one.
//!
//! | text | means |
//! |---|---|
//! | `s5` | slot 5: word 5 of the frame |
//! | `r0`, `v0` | the accumulators |
//! | `#10` | an immediate |
//! | `s5:r0 = i64.mul_wide_u(s1, s2)` | 128 bits: the high half to slot 5, the low half to `r0` |
//! | `i32.load+8(s2)` | a load at `s2` with the static offset 8 |
//! | `-> 0x40` | a branch to the cell at 0x40 |
//! | `func[3]`, `global[0]`... | the word of the instance that belongs to it |

use crate::catches::{CatchClause, CatchTable};
use crate::cell::{Cell, Field};
use crate::instruction::Instruction;
use crate::layout::{CodeHead, FrameLayout, HEADER_WORDS, InstanceLayout, RECORD_WORDS};
use crate::lower::survey::Survey;
use crate::lower::{Arena, Lowering, Options, Target, Tile};
use crate::module::ExternIndex;
use crate::ops::Class;
use crate::shape::Shape;
use crate::sig::{Form, Leaf, Sig};
use crate::{Error, FuncIdx, Module, Names, TypeId};
use std::collections::HashMap;
use std::fmt::{self, Write};

/// Threaded code of one function as text.
#[derive(Debug, Clone)]
pub struct Disassembly {
    /// What is known of the function and its frame.
    pub head: String,
    /// The cells.
    pub lines: Vec<Line>,
    /// The handlers of exceptions: what calls or throws in the cell that ends there, and where each clause leads, the first one asked
    /// first.
    pub catches: Vec<String>,
}

/// One cell.
#[derive(Debug, Clone)]
pub struct Line {
    /// Where it begins, in bytes from the first cell.
    pub at: usize,
    /// Its handler's signature.
    pub sig: Sig,
    /// Its statements.
    pub text: String,
    /// Offset in the binary of the operator at which it was emitted: the last statement's, which stands behind what it
    /// consumes.
    pub offset: u32,
}

impl fmt::Display for Disassembly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.head)?;
        for line in &self.lines {
            writeln!(f, "  {:#06x}  @{:<6x}  {}", line.at, line.offset, line.text)?;
        }
        self.catches.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        Ok(())
    }
}

/// Lowers for reading: handlers are their signatures.
#[derive(Debug)]
struct Signatures<'a, T>(&'a T);

impl<T: Target> Target for Signatures<'_, T> {
    const SURVEYED: bool = true;

    fn tile(&self, sig: Sig) -> Option<Tile> {
        self.0.tile(sig).map(|_| Tile { handler: sig })
    }
}

/// Disassembles functions of one module. What is the same for all of them is found out once.
#[derive(Debug)]
pub struct Disassembler<'a, T> {
    module: &'a Module,
    options: Options,
    target: Signatures<'a, T>,
    shape: fn(Sig) -> Option<&'static Shape>,
    layout: InstanceLayout,
    type_ids: Vec<TypeId>,
    names: HashMap<FuncIdx, String>,
}

impl<'a, T: Target> Disassembler<'a, T> {
    /// Of functions of `module` as they are lowered for `target`, whose handlers' shapes `shape` gives.
    pub fn new(module: &'a Module, options: Options, target: &'a T, shape: fn(Sig) -> Option<&'static Shape>) -> Self {
        // The first of equal types stands for all, as an engine's ids do.
        let mut first = HashMap::new();
        let ids = module.types.iter().zip((0..).map(TypeId));
        let type_ids = ids.map(|(ty, id)| *first.entry(ty).or_insert(id)).collect();
        let (target, layout, names) = (Signatures(target), InstanceLayout::of(module), names(module));
        Self { module, options, target, shape, layout, type_ids, names }
    }

    /// What the functions are called: see [`names`].
    pub fn names(&self) -> &HashMap<FuncIdx, String> {
        &self.names
    }

    /// Function `funcidx`, which is not an imported one.
    ///
    /// # Errors
    /// Those of [`Lowering::lower`]; the shapes do not fit the code, which is a mistake in one of the three.
    ///
    /// # Panics
    /// As [`Lowering::lower`].
    pub fn function(&self, funcidx: FuncIdx) -> Result<Disassembly, Error> {
        let survey = Some(Box::new(Survey::new(None)));
        let mut arena = Arena::new();
        let mut lowering =
            Lowering::surveyed(self.module, &self.type_ids, self.options, &self.target, &mut arena, survey);
        let code = lowering.lower(funcidx)?;
        let emitted = lowering.into_cells();
        let bytes: Vec<u8> = code.words().iter().flat_map(|word| word.to_ne_bytes()).collect();
        let start = CodeHead::WORDS * 8;
        let mut reader = Reader {
            module: self.module,
            layout: self.layout,
            names: &self.names,
            bytes: &bytes,
            at: 0,
            base: code.words().as_ptr().addr() as u64,
        };
        let mut lines = Vec::new();
        let mut cell = start;
        for one in &emitted {
            let wrong = |what: &str| {
                Error::new(format!("function {funcidx}, cell {:#x}: {what}", cell - start), u64::from(one.offset))
            };
            if one.position != cell {
                return Err(wrong("the one before ends here, but the next begins elsewhere"));
            }
            reader.at = cell;
            let sig = reader.u64();
            let shape = (self.shape)(sig).ok_or_else(|| wrong("no handler has this signature"))?;
            let mut text = String::new();
            reader.statement(shape, &mut text);
            let targets = if shape.has_targets() { reader.at - cell - 8 - shape.len() } else { 0 };
            if reader.at != cell + 8 + shape.len() + targets {
                return Err(wrong("its text has other operands than its shape"));
            }
            lines.push(Line { at: cell - start, sig, text, offset: one.offset });
            cell = reader.at.next_multiple_of(8);
        }
        if cell != bytes.len() {
            return Err(Error::new(format!("function {funcidx}: the cells do not cover the code"), 0));
        }
        let frame_words = code.words()[1] as u32 / 8;
        let head = head(self.module, funcidx, frame_words, bytes.len() - start, &self.names);
        let catches = code.catches().map_or_else(Vec::new, |table| reader.catches(table, start));
        Ok(Disassembly { head, lines, catches })
    }
}

/// What functions are called: in the name section, else as they are exported first.
pub fn names(module: &Module) -> HashMap<FuncIdx, String> {
    let named = Names::of(module);
    let funcs = (0..).map(FuncIdx).take(module.funcs.len());
    let mut names: HashMap<_, _> =
        funcs.filter_map(|funcidx| Some((funcidx, named.func(module, funcidx)?.to_owned()))).collect();
    for export in &module.exports {
        if let ExternIndex::Func(funcidx) = export.index {
            names.entry(funcidx).or_insert_with(|| module.name(export.name).to_owned());
        }
    }
    names
}

fn head(module: &Module, funcidx: FuncIdx, words: u32, bytes: usize, names: &HashMap<FuncIdx, String>) -> String {
    let ty = module.func_type(funcidx);
    let frame = FrameLayout::of(ty);
    let name = names.get(&funcidx).map_or_else(String::new, |name| format!(" {name:?}"));
    format!(
        "func[{funcidx}]{name}: {ty}; {bytes} bytes; frame of {words} words: {} parameters, header s{}, {} words from s{} on",
        ty.params().len(),
        frame.header,
        (words as usize).saturating_sub(frame.header + HEADER_WORDS),
        frame.locals(),
    )
}

/// Reads operands in order and writes them as text.
struct Reader<'a> {
    module: &'a Module,
    layout: InstanceLayout,
    names: &'a HashMap<FuncIdx, String>,
    /// The code, its head included.
    bytes: &'a [u8],
    /// The next operand.
    at: usize,
    /// Where the code lies.
    base: u64,
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

    fn u64(&mut self) -> u64 {
        u64::from_ne_bytes(self.take())
    }

    fn target(&mut self) -> String {
        let target = self.u64().wrapping_sub(self.base + (CodeHead::WORDS * 8) as u64);
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
            let name = self.names.get(&funcidx).map_or_else(String::new, |name| format!(" {name:?}"));
            format!("func[{funcidx}]{name}")
        } else {
            format!("word[{word}]")
        }
    }

    /// The handlers of code that begins at byte `start`.
    fn catches(&self, table: &CatchTable, start: usize) -> Vec<String> {
        let clause = |clause: &CatchClause| {
            let mut text = clause.tag.map_or_else(|| "any".to_owned(), |word| self.word(word));
            if clause.tag.is_some() {
                push(&mut text, format_args!(" to s{}", clause.values));
            }
            if let Some(slot) = clause.reference {
                push(&mut text, format_args!(", reference to s{slot}"));
            }
            push(&mut text, format_args!(" -> {:#x}", clause.target as usize - start));
            text
        };
        let site = |position: usize| {
            let clauses: Vec<_> = table.clauses_at(position).map(clause).collect();
            format!("catches before {:#06x}: {}", position - start, clauses.join("; "))
        };
        table.sites.iter().map(|place| site(place.position as usize)).collect()
    }

    fn statement(&mut self, shape: &Shape, out: &mut String) {
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
                            Some(ty) => format!("type[{id}] {ty}"),
                            None => format!("type[{id}] {ty}"),
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

fn push(out: &mut String, text: fmt::Arguments<'_>) {
    out.write_fmt(text).expect("strings take everything");
}
