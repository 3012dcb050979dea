//! A machine for tests, which has the handlers that a test gives it, and its code as text. Whatever is lowered for it is
//! checked ([`crate::checker`]).
//!
//! Shapes are written as the machine writes its types: `SetSlot<Bin<I32Add, S<u32>, I<u32>>>` (see [`crate::lower::survey`]). Cells
//! read `s2 = I32Add(s0, #1)`: `s2` is a slot, `#1` an immediate, `r` and `v` are the accumulators, `;` is between the
//! statements of a cell, and `-> 3` is a branch to the fourth cell. Of a vector's two slots the text names the first.

use crate::catches::{CatchClause, CatchTable};
use crate::cell::{Cell, Field};
use crate::checker::{Checker, Verdict};
use crate::layout::CodeHead;
use crate::lower::carried::Loop;
use crate::lower::emit::Emitter;
use crate::lower::operands::Operands;
use crate::lower::slot::Slot;
use crate::lower::survey::{Survey, Surveyed};
use crate::lower::target::{Options, Target, Tile};
use crate::lower::tree::Trees;
use crate::lower::{Arena, Lowering};
use crate::ops::{Class, Kind, Op};
use crate::sig::{self, Form, Leaf, Numbers, Sig};
use crate::{Error, Features, Module, ModuleLimits, Proposal, TypeId, shape};
use bumpalo::Bump;
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

/// The shapes of all cells that tests have seen.
static SHAPES: Mutex<Option<HashMap<Sig, &'static shape::Shape>>> = Mutex::new(None);

fn shape_of(sig: Sig) -> Option<&'static shape::Shape> {
    SHAPES.lock().unwrap().as_ref()?.get(&sig).copied()
}

/// What has a handler: the base shapes, without which lowering cannot do, and what a test adds. A handler's address is its
/// signature.
#[derive(Debug)]
pub(super) struct Machine {
    sigs: HashSet<Sig>,
    /// Shapes of loops that have their slots in registers.
    carried: Vec<String>,
    /// What is lowered for it.
    pub(super) arena: Bump,
}

impl Machine {
    /// One with no more handlers than there must be: each operator, and each sink, with slots and the accumulator.
    pub(super) fn base() -> Self {
        let mut sigs = HashSet::new();
        let two = [(Leaf::Slot, Leaf::Slot), (Leaf::Slot, Leaf::Imm), (Leaf::Slot, Leaf::Acc), (Leaf::Acc, Leaf::Slot)];
        let two = [&two[..], &[(Leaf::Acc, Leaf::Imm), (Leaf::Imm, Leaf::Slot), (Leaf::Imm, Leaf::Acc)]].concat();
        let mut value = |class, sig| {
            sigs.extend([Form::SetAcc, Form::SetSlot].map(|form| sig::form(form, class, sig)));
        };
        for class in Class::ALL {
            for leaf in [Leaf::Slot, Leaf::Acc, Leaf::Imm, Leaf::Global] {
                value(class, sig::leaf(leaf, class));
            }
            for condition in [Leaf::Slot, Leaf::Acc] {
                let slot = sig::leaf(Leaf::Slot, class);
                value(class, sig::select(class, slot, slot, sig::leaf(condition, Class::I32)));
            }
        }
        value(Class::I64, sig::leaf(Leaf::Func, Class::I64));
        for &op in Op::ALL.iter().filter(|op| op.kind() != Kind::Store) {
            let info = op.info();
            for &(a, b) in &two {
                match op.kind() {
                    Kind::Unary => value(info.result, sig::unary(op, sig::leaf(a, info.operand))),
                    Kind::Load => value(info.result, sig::unary(op, sig::leaf(a, Class::I32))),
                    Kind::Binary | Kind::Store => {
                        value(info.result, sig::binary(op, sig::leaf(a, info.operand), sig::leaf(b, info.second)));
                    }
                    Kind::Extract => {
                        let lane = |lane| sig::extract(op, lane, sig::leaf(a, Class::V128));
                        (0..info.lanes).for_each(|index| value(info.result, lane(index)));
                    }
                    Kind::Replace => {
                        let (a, b) = (sig::leaf(a, Class::V128), sig::leaf(b, info.second));
                        (0..info.lanes).for_each(|index| value(info.result, sig::replace(op, index, a, b)));
                    }
                    Kind::Ternary => {}
                }
            }
            if op.kind() == Kind::Ternary {
                let last = if op == Op::I8x16Shuffle { Leaf::Imm } else { Leaf::Slot };
                let (slot, acc) = (Leaf::Slot, Leaf::Acc);
                for leaves in [[slot, slot, last], [acc, slot, last], [slot, acc, last], [slot, slot, acc]] {
                    let [a, b, c] = leaves.map(|leaf| sig::leaf(leaf, Class::V128));
                    value(info.result, sig::ternary_operator(op, a, b, c));
                }
            }
        }
        for leaf in [Leaf::Slot, Leaf::Acc] {
            let [vector, lanes] = [leaf, Leaf::Imm].map(|leaf| sig::leaf(leaf, Class::V128));
            value(Class::V128, sig::binary(Op::I8x16RelaxedSwizzle, vector, lanes));
        }
        for leaf in [Leaf::Slot, Leaf::Acc, Leaf::Imm, Leaf::Global] {
            for class in Class::ALL {
                let leaf = sig::leaf(leaf, class);
                sigs.extend([Form::Return, Form::SetGlobal].map(|form| sig::form(form, class, leaf)));
            }
            sigs.insert(sig::form(Form::BrIf, Class::I32, sig::leaf(leaf, Class::I32)));
        }
        for &op in Op::ALL {
            let operand = op.info().operand;
            for &(a, b) in &two {
                if op.kind() == Kind::Store {
                    sigs.insert(sig::binary(op, sig::leaf(a, Class::I32), sig::leaf(b, operand)));
                } else if op.is_comparison() {
                    let test = sig::binary(op, sig::leaf(a, operand), sig::leaf(b, operand));
                    sigs.insert(sig::form(Form::BrIf, Class::I32, test));
                } else if matches!(op, Op::I32Eqz | Op::I64Eqz) {
                    sigs.insert(sig::form(Form::BrIf, Class::I32, sig::unary(op, sig::leaf(a, operand))));
                }
            }
        }
        sigs.extend(Cell::ALL.iter().map(|&cell| sig::cell(cell)));
        sigs.insert(sig::ask(sig::cell(Cell::Br)));
        Self { sigs, carried: Vec::new(), arena: Bump::new() }
    }

    /// The base shapes and these.
    pub(super) fn with(shapes: &[&str]) -> Self {
        let mut this = Self::base();
        this.sigs.extend(shapes.iter().map(|shape| Shape::parse(shape).sig()));
        let carried = shapes.iter().filter(|shape| shape.starts_with("Carried"));
        this.carried.extend(carried.map(|shape| (*shape).to_owned()));
        this
    }

    /// An empty operand stack, of a function whose frame has the header at slot 4, and the operands from slot 10 on.
    pub(super) fn operands(&self) -> Operands<'_, Self> {
        let survey = Some(Box::new(Survey::new(None)));
        let code = Emitter::new((Vec::new(), Vec::new(), Loop::default()), 0, self, Options::default(), survey);
        Operands::new(code, Trees::default(), Vec::new(), Slot(4), Slot(10))
    }
}

impl Target for Machine {
    const SURVEYED: bool = true;

    fn tile(&self, sig: Sig) -> Option<Tile> {
        self.sigs.contains(&sig).then_some(Tile { handler: sig })
    }
}

/// The code so far, a line for each cell.
pub(super) fn cells(code: &mut Emitter<'_, Machine>) -> Vec<String> {
    let cells = code.survey().expect("the machine is surveyed").cells.clone();
    let bytes = code.between(0, code.len());
    text(bytes, 0, &cells, &[])
}

/// The code of the first function of a module in the text format, a line for each cell. Type ids are typeidxs.
pub(super) fn lowered(machine: &Machine, options: Options, wat: &str) -> Result<Vec<String>, Error> {
    lowered_in(&mut Arena::new(), machine, options, wat)
}

/// As [`lowered`], in an arena that may have been used before.
pub(super) fn lowered_in(
    arena: &mut Arena,
    machine: &Machine,
    options: Options,
    wat: &str,
) -> Result<Vec<String>, Error> {
    let mut features = Features::default();
    features.set(Proposal::Gc, true);
    let module = Module::limited(wat::parse_str(wat).expect("a module's text"), &ModuleLimits::default(), features)?;
    let type_ids: Vec<TypeId> = (0..).map(TypeId).take(module.types.len()).collect();
    let survey = Some(Box::new(Survey::new(None)));
    let mut lowering = Lowering::surveyed(&module, &type_ids, options, machine, arena, survey);
    let funcidx = module.own_funcs().next().expect("a function");
    let code = lowering.lower(funcidx)?;
    let cells = lowering.into_cells();
    let shapes = cells.iter().map(|cell| {
        let plain = Shape::parse(&cell.shape).build();
        let of_form = |form, shape| leaked(shape::Shape::Form(form, Class::I32, shape));
        let asks = of_form(Form::Ask, plain);
        let mut kinds = vec![plain, asks, of_form(Form::Repeat, plain), of_form(Form::Repeat, asks)];
        if cell.sig != plain.sig() {
            let carried = machine.carried.iter().map(|shape| Shape::parse(shape).build());
            kinds.extend(carried.filter(|shape| shape.sig() == cell.sig));
        }
        kinds.into_iter().map(|shape| (shape.sig(), shape)).collect::<Vec<_>>()
    });
    SHAPES.lock().unwrap().get_or_insert_default().extend(shapes.flatten());
    let verdict = Checker::new(&module, &type_ids, options, machine, shape_of).function(funcidx);
    assert_eq!(verdict, Ok(Verdict::Right));
    let bytes: Vec<u8> = code.words().iter().flat_map(|word| word.to_ne_bytes()).collect();
    let mut text = text(&bytes, code.words().as_ptr().addr() as u64, &cells, &machine.carried);
    text.extend(code.catches().into_iter().flat_map(|table| catches(table, &cells)));
    Ok(text)
}

/// A line for each cell whose exceptions are caught: its number, and of each clause the tag's word, the slots of the values and the reference, and
/// the cell it leads to.
fn catches(table: &CatchTable, cells: &[Surveyed]) -> Vec<String> {
    let cell = |position: u32| cells.iter().position(|cell| cell.position == position as usize).expect("a cell");
    let behind = |position: u32| cells.partition_point(|cell| cell.position < position as usize) - 1;
    let clause = |clause: &CatchClause| {
        let tag = clause.tag.map_or("any".to_owned(), |tag| format!("tag {tag} to s{}", clause.values));
        let reference = clause.reference.map_or(String::new(), |slot| format!(" ref s{slot}"));
        format!("{tag}{reference} -> {}", cell(clause.target))
    };
    let site = |position: u32| {
        let clauses: Vec<_> = table.clauses_at(position as usize).map(clause).collect();
        format!("{} catches {}", behind(position), clauses.join(", "))
    };
    table.sites.iter().map(|site_of| site(site_of.position)).collect()
}

/// The text of cells in code that begins at the address `base`.
fn text(bytes: &[u8], base: u64, cells: &[Surveyed], carried: &[String]) -> Vec<String> {
    let place = |target: u64| match cells.iter().position(|cell| base + cell.position as u64 == target) {
        Some(index) => format!("-> {index}"),
        None if target == base + bytes.len() as u64 => "-> end".into(),
        None => "-> ?".into(),
    };
    let mut at = 8 * CodeHead::WORDS;
    let mut lines = Vec::new();
    for cell in cells {
        assert_eq!(cell.position, at, "cells follow each other");
        let handler = u64::from_ne_bytes(*bytes[at..].first_chunk().expect("a handler"));
        let carried = carried.iter().find(|shape| Shape::parse(shape).sig() == handler);
        let shape = Shape::parse(carried.unwrap_or(&cell.shape));
        let (plain, asks) = (shape.sig(), sig::ask(shape.sig()));
        let kinds = [(plain, ""), (asks, "ask "), (sig::repeat(plain), "repeat "), (sig::repeat(asks), "repeat ask ")];
        let kind = kinds.iter().find(|(sig, _)| *sig == handler);
        let (_, kind) = kind.unwrap_or_else(|| panic!("{} has another shape's handler", cell.shape));
        let mut operands = Bytes { bytes, at: at + 8 };
        let line = shape.text(&mut operands, &place);
        lines.push(format!("{kind}{line}"));
        at = operands.at.next_multiple_of(8);
    }
    assert_eq!(at, bytes.len(), "nothing follows the last cell");
    lines
}

/// Numbers of a cell's slots.
fn numbers(numbers: impl Iterator<Item = usize>) -> Numbers {
    numbers.fold(Numbers::NONE, Numbers::with)
}

fn leaked(shape: shape::Shape) -> &'static shape::Shape {
    Box::leak(Box::new(shape))
}

/// Operand bytes.
struct Bytes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bytes<'_> {
    fn take(&mut self, len: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes[..len].copy_from_slice(&self.bytes[self.at..][..len]);
        self.at += len;
        u64::from_le_bytes(bytes)
    }
}

/// The text of a shape, taken apart: a name, and what stands between its brackets.
struct Shape<'a> {
    name: &'a str,
    parts: Vec<Self>,
}

impl<'a> Shape<'a> {
    fn parse(text: &'a str) -> Self {
        let (shape, rest) = Self::read(text);
        assert_eq!(rest, "", "{text}");
        shape
    }

    fn read(text: &'a str) -> (Self, &'a str) {
        let end = text.find(['<', '>', ',']).unwrap_or(text.len());
        let (name, mut rest) = text.split_at(end);
        let mut parts = Vec::new();
        while let Some(inner) = rest.strip_prefix('<').or_else(|| rest.strip_prefix(", ").filter(|_| !parts.is_empty()))
        {
            let (part, behind) = Self::read(inner);
            parts.push(part);
            rest = behind;
            if let Some(behind) = rest.strip_prefix('>') {
                return (Self { name, parts }, behind);
            }
        }
        (Self { name, parts }, rest)
    }

    fn op(&self) -> Op {
        *Op::ALL.iter().find(|op| format!("{op:?}") == self.name).expect("an operator's name")
    }

    fn leaf(&self) -> Option<Leaf> {
        Some(match self.name {
            "S" => Leaf::Slot,
            "R" => Leaf::Acc,
            "I" => Leaf::Imm,
            "Global" => Leaf::Global,
            "Func" => Leaf::Func,
            _ => return None,
        })
    }

    /// The class of an expression's value.
    fn class(&self) -> Class {
        match self.name {
            "Func" | "u64" => Class::I64,
            "u32" => Class::I32,
            "f32" => Class::F32,
            "f64" => Class::F64,
            "V128" => Class::V128,
            "Un" | "Bin" | "Load" | "Tern" | "Extract" | "Replace" => self.parts[0].op().info().result,
            "S" | "R" | "I" | "Global" | "Select" => self.parts[0].class(),
            name => panic!("`{name}` has no value"),
        }
    }

    fn sig(&self) -> Sig {
        if let Some(leaf) = self.leaf() {
            return sig::leaf(leaf, self.class());
        }
        let form = Form::ALL.into_iter().find(|form| format!("{form:?}") == self.name && !self.parts.is_empty());
        let (begins, operands) = match (self.name, form) {
            ("Un" | "Bin" | "Load" | "Store" | "Tern", _) => (sig::operator(self.parts[0].op()), &self.parts[1..]),
            ("Extract" | "Replace", _) => (sig::lane(self.parts[0].op(), self.lane()), &self.parts[2..]),
            (_, Some(Form::BrIf | Form::Seq | Form::Repeat | Form::Ask | Form::MemoryFill | Form::MemoryCopy)) => {
                (sig::of_form(form.expect("just seen"), Class::I32), &self.parts[..])
            }
            (_, Some(form)) => (sig::of_form(form, self.parts[0].class()), &self.parts[..]),
            ("Carried", _) => return sig::carried(self.parts[1].sig(), self.numbers()),
            (_, None) => return sig::cell(self.cell()),
        };
        operands.iter().fold(begins, |sig, operand| sig::with(sig, operand.sig()))
    }

    /// A digit for each operand that is a slot.
    fn numbers(&self) -> Numbers {
        numbers(self.parts[0].name.bytes().map(|digit| usize::from(digit - b'0')))
    }

    fn lane(&self) -> u8 {
        self.parts[1].name.parse().expect("the index of a lane")
    }

    /// What the checker is told of it.
    fn build(&self) -> &'static shape::Shape {
        use shape::Shape as Built;
        let part = |index: usize| self.parts[index].build();
        let form = Form::ALL.into_iter().find(|form| format!("{form:?}") == self.name && !self.parts.is_empty());
        leaked(match (self.name, form) {
            _ if self.leaf().is_some() => Built::Leaf(self.leaf().expect("just seen"), self.class()),
            ("Un", _) => Built::Unary(self.parts[0].op(), part(1)),
            ("Bin", _) => Built::Binary(self.parts[0].op(), part(1), part(2)),
            ("Load", _) => Built::Load(self.parts[0].op(), part(1)),
            ("Store", _) => Built::Store(self.parts[0].op(), part(1), part(2)),
            ("Tern", _) => Built::Ternary(self.parts[0].op(), part(1), part(2), part(3)),
            ("Extract", _) => Built::Extract(self.parts[0].op(), self.lane(), part(2)),
            ("Replace", _) => Built::Replace(self.parts[0].op(), self.lane(), part(2), part(3)),
            ("Select", _) => Built::Select(self.class(), part(0), part(1), part(2)),
            ("Seq", _) => Built::Seq(part(0), part(1)),
            ("Carried", _) => Built::Carried(self.numbers(), part(1)),
            (_, Some(form @ (Form::MemoryFill | Form::MemoryCopy))) => Built::Bulk(form, part(0), part(1), part(2)),
            (_, Some(Form::BrIf)) => Built::Form(Form::BrIf, Class::I32, part(0)),
            (_, Some(form)) => Built::Form(form, self.parts[0].class(), part(0)),
            (_, None) => Built::Cell(self.cell()),
        })
    }

    fn cell(&self) -> Cell {
        *Cell::ALL.iter().find(|cell| format!("{cell:?}") == self.name).expect("a cell's name")
    }

    /// As text, with operands from `bytes`.
    fn text(&self, bytes: &mut Bytes<'_>, place: &dyn Fn(u64) -> String) -> String {
        let list = |parts: &[Self], bytes: &mut Bytes<'_>| {
            parts.iter().map(|part| part.text(bytes, place)).collect::<Vec<_>>().join(", ")
        };
        let register = |class: Class| if class.is_float() { "v" } else { "r" };
        match self.name {
            "S" => format!("s{}", bytes.take(2)),
            "R" => register(self.class()).into(),
            "I" if self.class().is_wide() => format!("#{:x}:{:x}", bytes.take(8), bytes.take(8)),
            "I" => format!("#{}", bytes.take(self.class().bytes())),
            "Global" | "Func" => format!("{}@{}", self.name.to_lowercase(), bytes.take(4)),
            "Extract" | "Replace" => {
                format!("{}.{}({})", self.parts[0].name, self.parts[1].name, list(&self.parts[2..], bytes))
            }
            "Un" | "Bin" | "Tern" => format!("{}({})", self.parts[0].name, list(&self.parts[1..], bytes)),
            "Load" | "Store" => {
                let offset = bytes.take(4);
                format!("{}[{offset}]({})", self.parts[0].name, list(&self.parts[1..], bytes))
            }
            "SetAcc" => format!("{} = {}", register(self.parts[0].class()), list(&self.parts, bytes)),
            "SetSlot" => format!("s{} = {}", bytes.take(2), list(&self.parts, bytes)),
            "SetHigh" => format!("s{}:r = {}", bytes.take(2), list(&self.parts, bytes)),
            "SetGlobal" => format!("global@{} = {}", bytes.take(4), list(&self.parts, bytes)),
            "BrIf" => {
                let target = bytes.take(8);
                format!("br_if {} {}", list(&self.parts, bytes), place(target))
            }
            "Return" if !self.parts.is_empty() => {
                let header = bytes.take(2);
                format!("return {} at {header}", list(&self.parts, bytes))
            }
            "Carried" => format!("carry {}", self.parts[1].text(bytes, place)),
            "Seq" => format!("{}; {}", self.parts[0].text(bytes, place), self.parts[1].text(bytes, place)),
            "Select" | "MemoryFill" | "MemoryCopy" => format!("{}({})", self.name, list(&self.parts, bytes)),
            _ => self.cell_text(bytes, place),
        }
    }

    fn cell_text(&self, bytes: &mut Bytes<'_>, place: &dyn Fn(u64) -> String) -> String {
        let cell = self.cell();
        let mut text = self.name.to_string();
        let mut count = 0;
        for &(name, field) in cell.fields() {
            text += &match field {
                Field::Target => format!(" {}", place(bytes.take(8))),
                _ => {
                    count = bytes.take(field.bytes());
                    format!(" {name} {count}")
                }
            };
        }
        if cell == Cell::BrTable {
            (0..=count).for_each(|_| text += &format!(" {}", place(bytes.take(8))));
        }
        text
    }
}
