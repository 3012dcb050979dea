//! What was emitted, for those who choose shapes or read code: each cell's shape, as the machine's types are written, and the
//! operator it was emitted at.

use super::definite::Definite;
use super::place::{Place, Stand, Wanted};
use super::sink::SinkKind;
use super::tree::{Kind, NodeId, Space, Trees};
use crate::cell::Cell;
use crate::ops::Class;
use crate::sig::{self, Form, Sig};

/// How big shapes may get where the machine does not say, because it is being asked what it should have.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Operators in one statement.
    pub operators: u8,
    /// Operators in one cell, statements counted as such.
    pub cell: u8,
    /// Statements in one cell.
    pub statements: u8,
}

/// One cell.
#[derive(Debug, Clone)]
pub struct Surveyed {
    /// Byte of the code where it begins, the head counted.
    pub position: usize,
    /// Its handler's signature.
    pub(crate) sig: Sig,
    /// Its shape, written as the machine writes its type; empty in a brief survey.
    pub shape: String,
    /// Offset in the module's bytes of the operator at which it was emitted (the last statement of several).
    pub offset: u32,
    /// It is executed as often as the operator at this offset.
    pub counted: u32,
    /// But for those times when the operator at this offset is.
    pub discounted: Option<u32>,
    /// Offsets of the operators that may trap, in the order of [`Shape::trap_places`](crate::shape::Shape::trap_places).
    pub places: Vec<u32>,
    /// Whether it asks for the epoch where it branches back, or another cell does for it; `None` if it does not branch back, or code asks
    /// for no epoch.
    pub asks: Option<bool>,
    /// Byte of the code where an id of a function type stands among its operands.
    pub(crate) type_id: Option<usize>,
    operators: u8,
    statements: u8,
    falls_through: bool,
}

/// The cells of a function as they are emitted.
#[derive(Debug)]
pub struct Survey {
    limits: Option<Limits>,
    /// Whether shapes and places are left out, which take most of the time.
    is_brief: bool,
    /// Bytes of the finished code where targets of branches stand, in order.
    pub(crate) branches: Vec<usize>,
    /// Operators of the statement about to be emitted.
    pub(super) next: u8,
    /// The statement about to be emitted.
    pending: Option<Surveyed>,
    /// The cell it joins.
    joining: Option<Surveyed>,
    pub(crate) cells: Vec<Surveyed>,
    /// Which places are noted.
    pub(super) wanted: Wanted,
    /// Those noted.
    pub(super) places: Vec<Place>,
}

impl Survey {
    pub(crate) fn new(limits: Option<Limits>) -> Self {
        Self {
            limits,
            is_brief: false,
            branches: Vec::new(),
            next: 0,
            pending: None,
            joining: None,
            cells: Vec::new(),
            wanted: Wanted::Nothing,
            places: Vec::new(),
        }
    }

    /// A survey that says of cells only where they begin, their signatures, and where type ids stand.
    pub(crate) fn brief() -> Self {
        Self { is_brief: true, ..Self::new(None) }
    }

    /// A brief survey that notes these places.
    pub(crate) fn of_places(wanted: Wanted) -> Self {
        Self { wanted, ..Self::brief() }
    }

    /// Notes a place that is wanted.
    pub(super) fn note(&mut self, place: Place) {
        // Thousands of loops may begin where one does.
        let same = |last: &Place| {
            last.position == place.position && (last.stand == Stand::Call) == (place.stand == Stand::Call)
        };
        if matches!(self.wanted, Wanted::At(_)) && self.places.last().is_some_and(same) {
            self.places.pop();
        }
        self.places.push(place);
    }

    /// How many operators a statement may have that is asked for.
    pub(super) fn most_operators(&self) -> u8 {
        self.limits.map_or(u8::MAX, |limits| limits.operators.saturating_sub(1))
    }

    /// Whether the next statement may join the last cell.
    pub(super) fn may_join(&self) -> bool {
        let Some(limits) = self.limits else { return true };
        let last = self.cells.last().expect("a cell was emitted");
        last.falls_through
            && last.statements < limits.statements
            && last.operators + last.statements + self.next < limits.cell
    }

    pub(super) fn rewind(&mut self, position: usize) {
        while self.cells.last().is_some_and(|cell| cell.position >= position) {
            self.cells.pop();
        }
        // A label there stays, and what ends there.
        self.places.retain(|place| place.position <= position);
    }

    /// The last cell.
    pub(super) fn last(&self) -> Option<&Surveyed> {
        self.cells.last()
    }

    /// Takes back all cells from `position` on; `last` was the last one then.
    pub(super) fn undo(&mut self, position: usize, last: Option<Surveyed>) {
        self.rewind(position);
        if let (Some(cell), Some(last)) = (self.cells.last_mut(), last) {
            *cell = last;
        }
    }

    /// The cells that begin from `begin` on and before `end` are executed as often as the operators at `counted`, or their
    /// own, less as often as those at `discounted`.
    pub(super) fn recount(&mut self, begin: usize, end: usize, counted: Option<u32>, discounted: Option<u32>) {
        let place = |position| self.cells.partition_point(|cell| cell.position < position);
        let places = place(begin)..place(end);
        for cell in &mut self.cells[places] {
            cell.counted = counted.unwrap_or(cell.counted);
            cell.discounted = discounted;
        }
    }

    /// The last cell begins the code.
    pub(super) fn put_first(&mut self) {
        self.cells.rotate_right(1);
    }

    /// The code is finished, without the first `left` bytes, with branches at these places of it, and this is known of its locals.
    pub(super) fn finish(&mut self, left: usize, branches: &[usize], definite: &Definite) {
        self.branches = branches.iter().map(|place| place - left).collect();
        for cell in &mut self.cells {
            cell.position -= left;
            cell.type_id = cell.type_id.map(|place| place - left);
        }
        for place in &mut self.places {
            place.position -= left;
            place.unset.retain(|&local| !definite.is_zeroed(local));
        }
        let wanted = &self.wanted;
        self.places.retain(|place| wanted.includes(place.stand, place.offset, place.position));
    }

    pub(super) fn join(&mut self) {
        self.joining = self.cells.pop();
    }

    pub(super) fn cell(&mut self, position: usize, sig: Sig) {
        let mut cell = self.pending.take().expect("every statement says what it is");
        if let Some(first) = self.joining.take() {
            if !self.is_brief {
                cell.shape = format!("Seq<{}, {}>", first.shape, cell.shape);
            }
            cell.type_id = first.type_id;
            // It is dispatched where its first statement is executed; the last may come behind a branch.
            cell.counted = first.counted;
            cell.discounted = first.discounted;
            cell.places.splice(0..0, first.places);
            cell.operators += first.operators;
            cell.statements += first.statements;
        }
        (cell.position, cell.sig) = (position, sig);
        self.cells.push(cell);
    }

    /// The last cell repeats itself.
    pub(super) fn repeat(&mut self) {
        let cell = self.cells.last_mut().expect("a cell was emitted");
        cell.sig = sig::repeat(cell.sig);
    }

    /// Whether a loop may become a cell that carries its slots: not where every shape has a handler.
    pub(super) fn may_carry(&self) -> bool {
        self.limits.is_none()
    }

    /// The cells from `start` on, and a branch if there is one at an offset, become one, with this signature. `epochs` says that another
    /// cell asks for the epoch, so seldom that it counts as if this one did.
    pub(super) fn carry(&mut self, start: usize, sig: Sig, branch: Option<u32>, epochs: bool) {
        let first = self.cells.partition_point(|cell| cell.position < start);
        let mut cells = self.cells.drain(first..);
        let mut all = cells.next().expect("a loop has a cell");
        for cell in cells {
            if !self.is_brief {
                all.shape = format!("Seq<{}, {}>", all.shape, cell.shape);
            }
            all.offset = cell.offset;
            all.places.extend(cell.places);
            all.operators += cell.operators;
            all.statements += cell.statements;
        }
        if let Some(offset) = branch {
            if !self.is_brief {
                all.shape = format!("Seq<{}, Br>", all.shape);
            }
            all.offset = offset;
            all.places.push(offset);
            all.statements += 1;
        }
        (all.sig, all.asks) = (sig, epochs.then_some(true));
        self.cells.push(all);
    }

    /// The last cell branches back, and is to ask for the epoch there; `itself` says that it does, and that nobody does for it.
    pub(super) fn ask(&mut self, itself: bool) {
        let cell = self.cells.last_mut().expect("a cell was emitted");
        cell.asks = Some(itself);
        if itself {
            cell.sig = sig::ask(cell.sig);
        }
    }

    /// The id of a function type stands at this byte of the code, in the last cell.
    pub(super) fn type_id(&mut self, place: usize) {
        self.cells.last_mut().expect("a cell was emitted").type_id = Some(place);
    }

    pub(super) fn special(&mut self, cell: Cell, offset: u32) {
        self.next = 0;
        self.pending = Some(Surveyed {
            position: 0,
            sig: 0,
            shape: if self.is_brief { String::new() } else { format!("{cell:?}") },
            offset,
            counted: offset,
            discounted: None,
            places: if self.is_brief { Vec::new() } else { vec![offset] },
            asks: None,
            type_id: None,
            operators: 0,
            statements: 1,
            falls_through: cell.falls_through(),
        });
    }

    pub(super) fn statement(
        &mut self,
        kind: SinkKind,
        trees: &Trees,
        kids: &[NodeId],
        acc: Option<NodeId>,
        offset: u32,
    ) {
        let (mut shape, mut places) = (String::new(), Vec::new());
        if !self.is_brief {
            shape = match kind {
                SinkKind::Form(form) => format!("{form:?}<"),
                SinkKind::Store(op) => format!("Store<{op:?}, "),
                SinkKind::FarStore(op) => format!("FarStore<{op:?}, "),
                SinkKind::SharedStore(op) => format!("SharedStore<{op:?}, "),
                SinkKind::ElementStore(op) => format!("ElementStore<{op:?}, "),
                SinkKind::FieldStore(op) => format!("FieldStore<{op:?}, "),
            };
            write_list(trees, kids, acc, &mut shape);
            shape.push('>');
            kids.iter().for_each(|&kid| trap_places(trees, kid, &mut places));
        }
        match kind {
            SinkKind::Store(_)
            | SinkKind::FarStore(_)
            | SinkKind::SharedStore(_)
            | SinkKind::FieldStore(_)
            | SinkKind::ElementStore(_)
            | SinkKind::Form(Form::MemoryFill | Form::MemoryCopy) => places.push(offset),
            SinkKind::Form(
                Form::Select
                | Form::SetAcc
                | Form::SetSlot
                | Form::SetGlobal
                | Form::BrIf
                | Form::Return
                | Form::Seq
                | Form::Repeat
                | Form::Ask
                | Form::SetHigh,
            ) => {}
        }
        self.pending = Some(Surveyed {
            position: 0,
            sig: 0,
            shape,
            offset,
            counted: offset,
            discounted: None,
            places,
            asks: None,
            type_id: None,
            operators: kids.iter().map(|&kid| trees[kid].operators).sum(),
            statements: 1,
            falls_through: !matches!(kind, SinkKind::Form(Form::Return)),
        });
    }
}

/// The offsets of a tree's operators that may trap, in the order in which they are evaluated.
fn trap_places(trees: &Trees, id: NodeId, places: &mut Vec<u32>) {
    let node = &trees[id];
    node.kids().iter().for_each(|&kid| trap_places(trees, kid, places));
    let may_trap = match node.kind {
        Kind::Unary(op) | Kind::Binary(op) | Kind::Load(op, _) | Kind::FarLoad(op) | Kind::ElementLoad(op) => {
            op.may_trap()
        }
        Kind::Slot(_)
        | Kind::Acc
        | Kind::Imm(_)
        | Kind::Vector
        | Kind::Global(_)
        | Kind::Func(_)
        | Kind::Memory(_)
        | Kind::Select
        | Kind::Ternary(_)
        | Kind::Lane(..) => false,
    };
    if may_trap {
        places.push(trees.offset(id));
    }
}

fn write_list(trees: &Trees, kids: &[NodeId], acc: Option<NodeId>, out: &mut String) {
    for (i, &kid) in kids.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write(trees, kid, acc, out);
    }
}

fn write(trees: &Trees, id: NodeId, acc: Option<NodeId>, out: &mut String) {
    let node = &trees[id];
    let class = match node.class {
        Class::I32 => "u32",
        Class::I64 => "u64",
        Class::F32 => "f32",
        Class::F64 => "f64",
        Class::V128 => "V128",
        Class::I128 => "u128",
    };
    let leaf = match node.kind {
        Kind::Slot(_) if acc == Some(id) => "R",
        Kind::Slot(_) => "S",
        Kind::Acc => "R",
        Kind::Imm(_) | Kind::Vector => "I",
        Kind::Global(_) => "Global",
        Kind::Func(_) => return out.push_str("Func"),
        // The type of a far access says nothing of its memory.
        Kind::Memory(_) => return,
        Kind::Unary(op) => return write_operator(trees, id, acc, &format!("Un<{op:?}, "), out),
        Kind::Binary(op) => return write_operator(trees, id, acc, &format!("Bin<{op:?}, "), out),
        Kind::Load(op, _) => return write_operator(trees, id, acc, &format!("Load<{op:?}, "), out),
        Kind::ElementLoad(op) => return write_operator(trees, id, acc, &format!("ElementLoad<{op:?}, "), out),
        Kind::FarLoad(op) => {
            let name = match trees[node.kids()[0]].kind {
                Kind::Memory(Space::Shared) => "SharedLoad",
                Kind::Memory(Space::Object) => "FieldLoad",
                _ => "FarLoad",
            };
            out.push_str(&format!("{name}<{op:?}, "));
            write_list(trees, &node.kids()[1..], acc, out);
            return out.push('>');
        }
        Kind::Select => return write_operator(trees, id, acc, "Select<", out),
        Kind::Ternary(op) => return write_operator(trees, id, acc, &format!("Tern<{op:?}, "), out),
        Kind::Lane(op, lane) if node.kids().len() == 1 => {
            return write_operator(trees, id, acc, &format!("Extract<{op:?}, {lane}, "), out);
        }
        Kind::Lane(op, lane) => return write_operator(trees, id, acc, &format!("Replace<{op:?}, {lane}, "), out),
    };
    out.push_str(leaf);
    out.push('<');
    out.push_str(class);
    out.push('>');
}

fn write_operator(trees: &Trees, id: NodeId, acc: Option<NodeId>, head: &str, out: &mut String) {
    out.push_str(head);
    write_list(trees, trees[id].kids(), acc, out);
    out.push('>');
}
