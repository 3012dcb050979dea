//! Writes threaded code: shapes and operands come from the same words, so that a test says what a cell does and no more.

use crate::catches::{CatchClause, CatchTable, Scope, Site};
use crate::cell::Operands;
use crate::checker::{Checker, Mistake, Verdict, type_ids};
use crate::layout::CodeHead;
use crate::lower::{Code, Options, Target, Tile};
use crate::ops::{Class, Op};
use crate::shape::Shape;
use crate::sig::{Form, Leaf, Numbers, Sig};
use crate::{FuncIdx, Module, ops};
use std::collections::HashMap;
use std::sync::Mutex;

/// Shapes by signature, of all tests.
static SHAPES: Mutex<Option<HashMap<Sig, &'static Shape>>> = Mutex::new(None);

fn shape(sig: Sig) -> Option<&'static Shape> {
    SHAPES.lock().unwrap().as_ref()?.get(&sig).copied()
}

/// Code that nobody lowers.
#[derive(Debug)]
struct Nothing;

impl Target for Nothing {
    fn tile(&self, _: Sig) -> Option<Tile> {
        None
    }
}

/// An expression or a statement: its shape, its operands, and where in them stand indices of cells to branch to.
#[derive(Debug, Clone)]
pub(super) struct Part {
    shape: &'static Shape,
    class: Class,
    bytes: Vec<u8>,
    targets: Vec<usize>,
}

fn part(shape: Shape, class: Class, head: &[u8], parts: &[Part]) -> Part {
    let (mut bytes, mut targets) = (head.to_vec(), Vec::new());
    for part in parts {
        targets.extend(part.targets.iter().map(|at| at + bytes.len()));
        bytes.extend(&part.bytes);
    }
    Part { shape: Box::leak(Box::new(shape)), class, bytes, targets }
}

pub(super) fn slot(slot: u16, class: Class) -> Part {
    part(Shape::Leaf(Leaf::Slot, class), class, &slot.to_ne_bytes(), &[])
}

/// A slot that holds an i32.
pub(super) fn s(number: u16) -> Part {
    slot(number, Class::I32)
}

pub(super) fn acc(class: Class) -> Part {
    part(Shape::Leaf(Leaf::Acc, class), class, &[], &[])
}

/// An i32.
pub(super) fn imm(value: i32) -> Part {
    part(Shape::Leaf(Leaf::Imm, Class::I32), Class::I32, &value.to_ne_bytes(), &[])
}

/// A vector, whose lanes are two i64s.
pub(super) fn vector(lanes: [i64; 2]) -> Part {
    let bytes: Vec<u8> = lanes.iter().flat_map(|lane| lane.to_le_bytes()).collect();
    part(Shape::Leaf(Leaf::Imm, Class::V128), Class::V128, &bytes, &[])
}

/// The global of an i32 at a word.
pub(super) fn global(word: u32) -> Part {
    global_of(word, Class::I32)
}

pub(super) fn global_of(word: u32, class: Class) -> Part {
    part(Shape::Leaf(Leaf::Global, class), class, &word.to_ne_bytes(), &[])
}

pub(super) fn func(word: u32) -> Part {
    part(Shape::Leaf(Leaf::Func, Class::I64), Class::I64, &word.to_ne_bytes(), &[])
}

pub(super) fn un(op: Op, a: Part) -> Part {
    part(Shape::Unary(op, a.shape), op.info().result, &[], &[a])
}

pub(super) fn bin(op: Op, a: Part, b: Part) -> Part {
    part(Shape::Binary(op, a.shape, b.shape), op.info().result, &[], &[a, b])
}

pub(super) fn tern(op: Op, a: Part, b: Part, c: Part) -> Part {
    part(Shape::Ternary(op, a.shape, b.shape, c.shape), op.info().result, &[], &[a, b, c])
}

pub(super) fn extract(op: Op, lane: u8, a: Part) -> Part {
    part(Shape::Extract(op, lane, a.shape), op.info().result, &[], &[a])
}

pub(super) fn replace(op: Op, lane: u8, a: Part, b: Part) -> Part {
    part(Shape::Replace(op, lane, a.shape, b.shape), op.info().result, &[], &[a, b])
}

pub(super) fn load(op: Op, offset: u32, a: Part) -> Part {
    part(Shape::Load(op, a.shape), op.info().result, &offset.to_ne_bytes(), &[a])
}

pub(super) fn select(a: Part, b: Part, condition: Part) -> Part {
    part(Shape::Select(a.class, a.shape, b.shape, condition.shape), a.class, &[], &[a, b, condition])
}

fn form(form: Form, head: &[u8], a: Part) -> Part {
    part(Shape::Form(form, a.class, a.shape), a.class, head, &[a])
}

pub(super) fn set_acc(a: Part) -> Part {
    form(Form::SetAcc, &[], a)
}

pub(super) fn set(slot: u16, a: Part) -> Part {
    form(Form::SetSlot, &slot.to_ne_bytes(), a)
}

/// The high half to a slot, the low half to the accumulator.
pub(super) fn set_high(slot: u16, a: Part) -> Part {
    form(Form::SetHigh, &slot.to_ne_bytes(), a)
}

pub(super) fn set_global(word: u32, a: Part) -> Part {
    form(Form::SetGlobal, &word.to_ne_bytes(), a)
}

pub(super) fn ret(header: u16, a: Part) -> Part {
    form(Form::Return, &header.to_ne_bytes(), a)
}

/// Branches to the cell of this number.
pub(super) fn br_if(cell: u64, condition: Part) -> Part {
    let mut part = form(Form::BrIf, &cell.to_ne_bytes(), condition);
    part.targets.push(0);
    part
}

/// A statement that repeats itself.
pub(super) fn repeat(statement: Part) -> Part {
    part(Shape::Form(Form::Repeat, Class::I32, statement.shape), Class::I32, &[], &[statement])
}

/// A loop that has its slots in registers, with these numbers.
pub(super) fn carried(numbers: &[usize], statement: Part) -> Part {
    let numbers = numbers.iter().fold(Numbers::NONE, |numbers, &number| numbers.with(number));
    part(Shape::Carried(numbers, statement.shape), Class::I32, &[], &[statement])
}

/// A statement that asks for the epoch where it has branched.
pub(super) fn ask(statement: Part) -> Part {
    part(Shape::Form(Form::Ask, Class::I32, statement.shape), Class::I32, &[], &[statement])
}

pub(super) fn store(op: Op, offset: u32, a: Part, b: Part) -> Part {
    part(Shape::Store(op, a.shape, b.shape), Class::I32, &offset.to_ne_bytes(), &[a, b])
}

pub(super) fn bulk(form: Form, a: Part, b: Part, c: Part) -> Part {
    part(Shape::Bulk(form, a.shape, b.shape, c.shape), Class::I32, &[], &[a, b, c])
}

/// A cell with operands of its own.
pub(super) fn cell<C: Operands>(operands: C) -> Part {
    let mut bytes = vec![0; C::LEN];
    operands.encode(&mut bytes);
    part(Shape::Cell(C::CELL), Class::I32, &bytes, &[])
}

/// Branches to the cell of this number.
pub(super) fn br(target: u64) -> Part {
    let mut part = cell(crate::cell::Br { target });
    part.targets.push(0);
    part
}

/// Branches to the cells of these numbers, the default one last.
pub(super) fn br_table(targets: &[u64]) -> Part {
    let mut part = cell(crate::cell::BrTable { count: targets.len() as u32 - 1 });
    for target in targets {
        part.targets.push(part.bytes.len());
        part.bytes.extend(target.to_ne_bytes());
    }
    part
}

/// Two statements in one cell.
pub(super) fn seq(a: Part, b: Part) -> Part {
    part(Shape::Seq(a.shape, b.shape), Class::I32, &[], &[a, b])
}

/// Handlers of exceptions, as in the table of a function's code.
#[derive(Debug, Clone, Default)]
pub(super) struct Handlers {
    /// Numbers of cells that throw or call, and the scopes around them.
    pub(super) sites: Vec<(usize, u32)>,
    /// The scope around each, its first clause, and how many it has.
    pub(super) scopes: Vec<(u32, u32, u32)>,
    /// Clauses, whose targets are numbers of cells.
    pub(super) clauses: Vec<CatchClause>,
}

/// A module with one function to check.
pub(super) struct Subject {
    pub(super) module: Module,
    pub(super) funcidx: FuncIdx,
    /// Words of its frame.
    pub(super) words: u32,
    pub(super) fuel: bool,
    pub(super) deterministic: bool,
    pub(super) epochs: bool,
}

impl Subject {
    /// The last function of a module.
    pub(super) fn new(text: &str, words: u32) -> Self {
        let module = Module::new(wat::parse_str(text).unwrap()).unwrap();
        let funcidx = module.own_funcs().last().unwrap();
        Self { module, funcidx, words, fuel: false, epochs: false, deterministic: false }
    }

    /// What the checker says to code of these cells.
    pub(super) fn check(&self, cells: &[Part]) -> Result<Verdict, Mistake> {
        self.check_with(cells, &Handlers::default())
    }

    /// The same of code with these handlers of exceptions.
    pub(super) fn check_with(&self, cells: &[Part], handlers: &Handlers) -> Result<Verdict, Mistake> {
        let ids = type_ids(&self.module);
        let ty = self.module.func_type(self.funcidx);
        let type_id = ids[self.module.typeidx(self.funcidx).index()];
        let head = CodeHead { frame_bytes: 8 * self.words, ..CodeHead::new(self.funcidx, ty, type_id) };
        let mut bytes: Vec<u8> = head.words().iter().flat_map(|word| word.to_ne_bytes()).collect();
        let (mut starts, mut targets) = (Vec::new(), Vec::new());
        for cell in cells {
            let sig = cell.shape.sig();
            SHAPES.lock().unwrap().get_or_insert_default().insert(sig, cell.shape);
            starts.push(bytes.len() as u64);
            bytes.extend(sig.to_ne_bytes());
            targets.extend(cell.targets.iter().map(|at| at + bytes.len()));
            bytes.extend(&cell.bytes);
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        for &at in &targets {
            let cell = u64::from_ne_bytes(*bytes[at..].first_chunk().unwrap());
            bytes[at..][..8].copy_from_slice(&starts[cell as usize].to_ne_bytes());
        }
        starts.push(bytes.len() as u64);
        let start = |cell: usize| starts.get(cell).map_or(4, |&at| at as u32);
        let sites = handlers.sites.iter().map(|&(cell, scope)| Site { position: start(cell + 1), scope });
        let scopes = handlers.scopes.iter().map(|&(outer, first, count)| Scope { outer, first, count });
        let clauses =
            handlers.clauses.iter().map(|&clause| CatchClause { target: start(clause.target as usize), ..clause });
        let catches = CatchTable { sites: sites.collect(), scopes: scopes.collect(), clauses: clauses.collect() };
        let code = Code::new(&mut bytes, &targets).catching(catches);
        let (fuel, epochs, deterministic) = (self.fuel, self.epochs, self.deterministic);
        let options = Options { fuse: true, fuel, epochs, deterministic };
        Checker::new(&self.module, &ids, options, &Nothing, shape).code(self.funcidx, &code)
    }

    /// The code is right.
    pub(super) fn right(&self, cells: &[Part]) {
        assert_eq!(self.check(cells), Ok(Verdict::Right));
    }

    /// The code is wrong, and the mistake says `what`.
    pub(super) fn wrong(&self, cells: &[Part], what: &str) {
        let mistake = self.check(cells).expect_err("the code is wrong");
        assert!(mistake.message.contains(what), "{mistake}, not {what}");
        assert_eq!(mistake.funcidx, self.funcidx);
    }

    /// As [`Subject::right`] with these cells, and as [`Subject::wrong`] with one of them in place of the cell at an index.
    pub(super) fn only(&self, cells: &[Part], wrong: &[(usize, Part, &str)]) {
        self.right(cells);
        for (index, cell, what) in wrong {
            let mut cells = cells.to_vec();
            cells[*index] = cell.clone();
            self.wrong(&cells, what);
        }
    }
}

/// All operators of two i32s that do not trap and give one.
pub(super) fn pure_binaries() -> impl Iterator<Item = Op> {
    let is_one = |op: &Op| {
        let info = op.info();
        op.kind() == ops::Kind::Binary
            && info.effect == ops::Effect::Pure
            && info.operand == Class::I32
            && info.result == Class::I32
    };
    Op::ALL.iter().copied().filter(is_one)
}
