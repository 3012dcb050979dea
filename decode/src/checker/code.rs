//! The target: threaded code as cells with their shapes, found by reading it from its beginning to its end.

use super::mistake::Mistake;
use crate::catches::{CatchClause, CatchTable, Scope};
use crate::cell::Cell;
use crate::layout::CodeHead;
use crate::lower::Code;
use crate::ops::Class;
use crate::shape::Shape;
use crate::sig::{Form, Leaf, Numbers, Sig};
use smallvec::SmallVec;

/// Index of a cell.
pub(super) type CellIdx = u32;

/// One cell.
#[derive(Debug)]
pub(super) struct TargetCell {
    /// Where it begins, in bytes from the first cell.
    pub(super) at: u32,
    pub(super) shape: &'static Shape,
    /// How many ways lead here, two standing for more.
    ways: u8,
}

/// A function's code.
#[derive(Debug)]
pub(super) struct Target {
    /// The cells' bytes.
    bytes: Vec<u8>,
    pub(super) cells: Vec<TargetCell>,
    /// By word, the cell that begins there.
    by_word: Vec<CellIdx>,
    /// Address of the first cell.
    base: u64,
    /// Whether branches back are to ask for the epoch.
    epochs: bool,
    /// The handlers of exceptions.
    catches: CatchTable,
}

/// A statement of a cell, and where its operands begin.
pub(super) type Statement = (&'static Shape, u32);

const NO_CELL: CellIdx = CellIdx::MAX;

impl Target {
    /// Reads the code, whose words lie at the address `base`, head included; `shape` gives the shapes of what stands where machines
    /// have handlers' addresses. `epochs` says whether branches back are to ask for the epoch.
    pub(super) fn read(
        code: &Code,
        base: u64,
        shape: fn(Sig) -> Option<&'static Shape>,
        epochs: bool,
    ) -> Result<Self, Mistake> {
        let cells = code.cells();
        let mut this = Self {
            bytes: cells.iter().flat_map(|word| word.to_ne_bytes()).collect(),
            cells: Vec::new(),
            by_word: vec![NO_CELL; cells.len()],
            base: base + 8 * CodeHead::WORDS as u64,
            epochs,
            catches: code.catches().cloned().unwrap_or_default(),
        };
        let mut at = 0;
        while at < this.bytes.len() {
            let wrong = |what: &str| Err(Mistake::of_cell(at as u32, what.to_owned()));
            let Some(shape) = shape(cells[at / 8]) else { return wrong("no handler has this signature") };
            let mut end = at + 8 + shape.len();
            if shape.has_targets() {
                // The count is the last of the operands.
                let Some(count) = this.bytes.get(end - 4..end) else { return wrong("the code ends in its operands") };
                let count = u32::from_ne_bytes(count.try_into().expect("four bytes"));
                end = end.saturating_add(8 * (count as usize + 1));
            }
            if end > this.bytes.len() {
                return wrong("the code ends in its operands");
            }
            this.by_word[at / 8] = this.cells.len() as CellIdx;
            this.cells.push(TargetCell { at: at as u32, shape, ways: 0 });
            at = end.next_multiple_of(8);
        }
        this.count_ways()?;
        Ok(this)
    }

    /// Sees to it that the table of handlers can be followed: places in order, and scopes that have clauses of the table and lie in earlier
    /// ones.
    fn check_catches(&self) -> Result<(), Mistake> {
        let CatchTable { sites, scopes, clauses, .. } = &self.catches;
        let in_order = sites.is_sorted_by(|a, b| a.position < b.position);
        let is_sound = |(index, scope): (u32, &Scope)| {
            let end = (scope.first as usize).checked_add(scope.count as usize);
            (scope.outer == Scope::NONE || scope.outer < index) && end.is_some_and(|end| end <= clauses.len())
        };
        let known = |scope: u32| scope == Scope::NONE || (scope as usize) < scopes.len();
        if in_order && (0..).zip(scopes).all(is_sound) && sites.iter().all(|site| known(site.scope)) {
            return Ok(());
        }
        Err(Mistake::of_cell(0, "the table of handlers cannot be followed".into()))
    }

    /// Counts how many ways lead to each cell from cells that can be reached: not from handlers of what nothing throws.
    fn count_ways(&mut self) -> Result<(), Mistake> {
        self.check_catches()?;
        // The ways from each cell, and where in the list they begin.
        let (mut ways, mut begins) = (Vec::new(), vec![0]);
        for cell in 0..self.cells.len() as CellIdx {
            self.check_carried(cell)?;
            self.ways_from(cell, &mut ways)?;
            begins.push(ways.len());
        }
        if let Some(&to) = ways.iter().find(|&&to| to as usize >= self.cells.len()) {
            let last = self.cells[to as usize - 1].at;
            return Err(Mistake::of_cell(last, "execution goes on behind the last cell".into()));
        }
        let handler = |clause: &CatchClause| self.passed(self.begin_at(clause.target)?);
        let handlers = self.catches.clauses.iter().map(handler).collect::<Result<Vec<CellIdx>, Mistake>>()?;
        // The beginning is where a call leads.
        let mut next: Vec<CellIdx> = if self.cells.is_empty() { Vec::new() } else { vec![0] };
        let mut reached = vec![false; self.cells.len()];
        let mut asked = vec![false; self.catches.scopes.len()];
        while let Some(cell) = next.pop() {
            self.add_way(cell);
            if std::mem::replace(&mut reached[cell as usize], true) {
                continue;
            }
            next.extend(&ways[begins[cell as usize]..begins[cell as usize + 1]]);
            let behind = self.behind(cell);
            let site = self.catches.sites.binary_search_by_key(&behind, |site| site.position as usize);
            let mut scope = site.map_or(Scope::NONE, |site| self.catches.sites[site].scope);
            while let Some(&Scope { outer, first, count }) = self.catches.scopes.get(scope as usize)
                && !std::mem::replace(&mut asked[scope as usize], true)
            {
                // From how many places exceptions come to a clause, nobody counts.
                let handlers = &handlers[first as usize..][..count as usize];
                next.extend(handlers.iter().chain(handlers));
                scope = outer;
            }
        }
        Ok(())
    }

    /// Adds the cells to which execution may go on from a cell, but for handlers of exceptions.
    fn ways_from(&self, cell: CellIdx, ways: &mut Vec<CellIdx>) -> Result<(), Mistake> {
        for (shape, at) in self.statements(cell) {
            match *shape {
                Shape::Form(Form::BrIf, ..) => ways.push(self.branch(cell, at)?),
                Shape::Form(Form::Return, ..) => return Ok(()),
                Shape::Cell(Cell::Br) => {
                    ways.push(self.branch(cell, at)?);
                    return Ok(());
                }
                Shape::Cell(Cell::BrTable) => {
                    for i in 0..=self.u32(at) {
                        ways.push(self.branch(cell, at + 4 + 8 * i)?);
                    }
                    return Ok(());
                }
                Shape::Cell(
                    Cell::Unreachable
                    | Cell::Return
                    | Cell::ReturnCall
                    | Cell::ReturnCallIndirect
                    | Cell::ReturnCallRef
                    | Cell::Throw
                    | Cell::ThrowRef,
                ) => return Ok(()),
                _ => {}
            }
        }
        ways.push(cell + 1);
        Ok(())
    }

    /// A cell that carries its slots in registers takes those for the same that have the same number, and each branch at its end for one
    /// that leads back to it.
    fn check_carried(&self, cell: CellIdx) -> Result<(), Mistake> {
        let TargetCell { at, shape, .. } = self.cells[cell as usize];
        let Shape::Carried(numbers, a) = *shape else { return Ok(()) };
        let wrong = |what: &str| Err(Mistake::of_cell(at, what.to_owned()));
        let mut slots = SmallVec::new();
        if !self.slots(a, at + 8, &mut slots) {
            return wrong("carries what is no slot of one word, or does what no such cell may");
        }
        let mut known = SmallVec::<[(u16, Class); 8]>::new();
        let mut found = Numbers::NONE;
        for slot in slots {
            let number = known.iter().position(|known| *known == slot).unwrap_or(known.len());
            if number == known.len() {
                if known.iter().any(|&(known, _)| known == slot.0) {
                    return wrong("carries a slot as two classes");
                }
                known.push(slot);
            }
            if number >= Numbers::MOST_SLOTS || found.len() >= Numbers::MOST {
                return wrong("carries too many slots");
            }
            found = found.with(number);
        }
        if found != numbers {
            return wrong("carries slots that are the same as if they were not, or the other way round");
        }
        let last = *self.statements(cell).last().expect("a cell has a statement");
        match last {
            (Shape::Form(Form::BrIf, ..) | Shape::Cell(Cell::Br), at) if self.branch(cell, at)? == cell => Ok(()),
            _ => wrong("carries slots, and does not end with a branch back to itself"),
        }
    }

    /// Adds the slots that are operands of what stands at a place, in order; whether it is something that may carry them.
    fn slots(&self, shape: &'static Shape, at: u32, out: &mut SmallVec<[(u16, Class); 16]>) -> bool {
        match *shape {
            Shape::Leaf(Leaf::Slot, class) => {
                out.push((self.u16(at), class));
                !class.is_wide()
            }
            Shape::Leaf(leaf, _) => matches!(leaf, Leaf::Acc | Leaf::Imm | Leaf::Global | Leaf::Func),
            Shape::Unary(_, a) => self.slots(a, at, out),
            Shape::Load(_, a) => self.slots(a, at + 4, out),
            Shape::Binary(_, a, b) | Shape::Seq(a, b) => {
                self.slots(a, at, out) && self.slots(b, at + a.len() as u32, out)
            }
            Shape::Store(_, a, b) => self.slots(a, at + 4, out) && self.slots(b, at + 4 + a.len() as u32, out),
            Shape::Select(_, a, b, c) => {
                let (second, third) = (at + a.len() as u32, at + (a.len() + b.len()) as u32);
                self.slots(a, at, out) && self.slots(b, second, out) && self.slots(c, third, out)
            }
            Shape::Form(form @ (Form::SetSlot | Form::SetAcc | Form::SetGlobal | Form::BrIf), class, a) => {
                if form == Form::SetSlot {
                    out.push((self.u16(at), class));
                }
                !class.is_wide() && self.slots(a, at + form.bytes() as u32, out)
            }
            Shape::Cell(Cell::Br) => true,
            _ => false,
        }
    }

    fn add_way(&mut self, cell: CellIdx) {
        let ways = &mut self.cells[cell as usize].ways;
        *ways = (*ways + 1).min(2);
    }

    /// Whether more than one way leads to the cell.
    pub(super) fn is_join(&self, cell: CellIdx) -> bool {
        self.cells[cell as usize].ways > 1
    }

    /// The cell's statements, in order.
    pub(super) fn statements(&self, cell: CellIdx) -> SmallVec<[Statement; 4]> {
        fn flatten(shape: &'static Shape, at: u32, out: &mut SmallVec<[Statement; 4]>) {
            match *shape {
                Shape::Seq(a, b) => {
                    flatten(a, at, out);
                    flatten(b, at + a.len() as u32, out);
                }
                // Its branch leads back to the cell, as the operand says as well.
                Shape::Form(Form::Repeat | Form::Ask, _, a) | Shape::Carried(_, a) => flatten(a, at, out),
                _ => out.push((shape, at)),
            }
        }
        let TargetCell { at, shape, .. } = self.cells[cell as usize];
        let mut out = SmallVec::new();
        flatten(shape, at + 8, &mut out);
        out
    }

    /// The cell to which the operand at `at`, of `cell`, leads. A cell that asks for the epoch for others is passed: where code comes to
    /// it, the source has branched back.
    pub(super) fn branch(&self, cell: CellIdx, at: u32) -> Result<CellIdx, Mistake> {
        self.passed(self.next(cell, at)?)
    }

    /// What a cell leads to that asks for the epoch for others; any other cell itself.
    fn passed(&self, cell: CellIdx) -> Result<CellIdx, Mistake> {
        match self.cells[cell as usize] {
            TargetCell { at, shape: Shape::Form(Form::Ask, _, Shape::Cell(Cell::Br)), .. } => self.next(cell, at + 8),
            _ => Ok(cell),
        }
    }

    /// The cell that the operand at `at`, of `cell`, names.
    fn next(&self, cell: CellIdx, at: u32) -> Result<CellIdx, Mistake> {
        let TargetCell { at: from, shape, .. } = self.cells[cell as usize];
        let to = self.u64(at).wrapping_sub(self.base);
        let found = (to.is_multiple_of(8)).then(|| self.by_word.get((to / 8) as usize)).flatten();
        match found {
            Some(&to) if to != NO_CELL => {
                if matches!(shape, Shape::Form(Form::Repeat, ..)) && to != cell {
                    return Err(Mistake::of_cell(from, "repeats itself, but its branch leads elsewhere".into()));
                }
                let asks = match *shape {
                    Shape::Form(Form::Repeat, _, a) => matches!(a, Shape::Form(Form::Ask, ..)),
                    _ => matches!(shape, Shape::Form(Form::Ask, ..)),
                };
                if self.epochs && to <= cell && !asks {
                    return Err(Mistake::of_cell(from, "branches back and does not ask for the epoch".into()));
                }
                Ok(to)
            }
            _ => Err(Mistake::of_cell(from, format!("a branch leads to {to:#x}, where no cell begins"))),
        }
    }

    /// The clauses that are asked when what a cell calls throws, or the cell itself: they are found by where it ends.
    pub(super) fn clauses_behind(&self, cell: CellIdx) -> impl Iterator<Item = &CatchClause> {
        self.catches.clauses_at(self.behind(cell))
    }

    /// Where a cell ends: a byte of the code, the head counted.
    fn behind(&self, cell: CellIdx) -> usize {
        let end = self.cells.get(cell as usize + 1).map_or(self.bytes.len(), |next| next.at as usize);
        8 * CodeHead::WORDS + end
    }

    /// The cell to which exceptions lead that are thrown in `cell`, by a clause's target. One that asks for the epoch is passed.
    pub(super) fn handler(&self, cell: CellIdx, target: u32) -> Result<CellIdx, Mistake> {
        let to = self.begin_at(target)?;
        let passed = self.passed(to)?;
        if self.epochs && passed == to && to <= cell {
            let from = self.cells[cell as usize].at;
            return Err(Mistake::of_cell(from, "an exception leads back and does not ask for the epoch".into()));
        }
        Ok(passed)
    }

    /// The cell that begins at a byte of the code, the head counted.
    fn begin_at(&self, target: u32) -> Result<CellIdx, Mistake> {
        let at = (target as usize).checked_sub(8 * CodeHead::WORDS).filter(|at| at.is_multiple_of(8));
        match at.and_then(|at| self.by_word.get(at / 8)) {
            Some(&to) if to != NO_CELL => Ok(to),
            _ => Err(Mistake::of_cell(target, "an exception leads to where no cell begins".into())),
        }
    }

    fn operand<const N: usize>(&self, at: u32) -> [u8; N] {
        *self.bytes[at as usize..].first_chunk().expect("every cell was measured")
    }

    pub(super) fn u16(&self, at: u32) -> u16 {
        u16::from_ne_bytes(self.operand(at))
    }

    pub(super) fn u32(&self, at: u32) -> u32 {
        u32::from_ne_bytes(self.operand(at))
    }

    pub(super) fn vector(&self, at: u32) -> [u8; 16] {
        self.operand(at)
    }

    pub(super) fn u64(&self, at: u32) -> u64 {
        u64::from_ne_bytes(self.operand(at))
    }
}
