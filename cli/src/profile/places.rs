//! From addresses of cells to the functions and loops they were lowered from.

use super::{FuncId, Profiled};
use anyhow::Result;
use pirn_decode::body::{Body, Loop};
use pirn_decode::layout::CodeHead;
use pirn_decode::lower::survey::Surveyed;
use pirn_decode::lower::surveying::survey;
use pirn_decode::{Options, TypeId};
use std::collections::{BTreeMap, HashMap};

/// What a cell belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The function.
    pub func: FuncId,
    /// The innermost loop, as an index into [`Places::loops`].
    pub innermost: Option<usize>,
    /// How many operators it executes. Each is done by the first cell that is emitted at or behind it.
    pub operators: u64,
    /// Whether it only pays fuel: without metering there would be no such cell.
    pub pays: bool,
}

/// The code of one function.
struct Func {
    loops: Vec<Loop>,
    /// By bytes from the first cell.
    cells: HashMap<usize, Place>,
}

/// Places in the metered code of modules.
pub struct Places<'a> {
    parsed: &'a [pirn_decode::Module],
    /// For each of them, ids of its types. Which ones changes no cell's length.
    type_ids: Vec<Vec<TypeId>>,
    /// By the address of the first cell, where the cells end, and whose they are.
    code: BTreeMap<usize, (usize, FuncId)>,
    /// The functions asked for so far.
    funcs: HashMap<FuncId, Func>,
}

impl<'a> Places<'a> {
    /// `parsed` are the same modules.
    pub fn new(modules: &[Profiled], parsed: &'a [pirn_decode::Module]) -> Self {
        let code = modules.iter().enumerate().flat_map(|(module, profiled)| {
            let ranges = profiled.module.code_ranges();
            ranges.map(move |(funcidx, code)| (code.start, (code.end, FuncId { module, funcidx })))
        });
        let ids = |parsed: &pirn_decode::Module| (0..).map(TypeId).take(parsed.types.len()).collect();
        Self { parsed, type_ids: parsed.iter().map(ids).collect(), code: code.collect(), funcs: HashMap::new() }
    }

    /// What the cell at `address` belongs to; `None` if it is no function's: what enters the host, or returns to
    /// it.
    pub fn get(&mut self, address: usize) -> Result<Option<Place>> {
        let before = self.code.range(..=address).next_back();
        let Some((&start, &(_, id))) = before.filter(|&(_, &(end, _))| address < end) else { return Ok(None) };
        if !self.funcs.contains_key(&id) {
            self.funcs.insert(id, self.read(id)?);
        }
        Ok(self.funcs[&id].cells.get(&(address - start)).copied())
    }

    /// The loops of a function that [`Places::get`] gave.
    pub fn loops(&self, id: FuncId) -> &[Loop] {
        self.funcs.get(&id).map_or(&[], |func| &func.loops)
    }

    fn read(&self, id: FuncId) -> Result<Func> {
        let FuncId { module, funcidx } = id;
        let (parsed, type_ids) = (&self.parsed[module], &self.type_ids[module]);
        let options = Options { fuel: true, ..Options::default() };
        let cells = survey(parsed, type_ids, funcidx, options, pirn_exec::target(), None)?;
        let Body { loops, operators } = Body::read(parsed, funcidx)?;
        let innermost = innermost(&loops, &cells);
        let mut done = 0;
        let cells = cells.iter().zip(innermost).map(|(cell, innermost)| {
            let pays = pays(cell);
            let until = operators.partition_point(|&operator| operator <= cell.offset).max(done);
            let before = if pays { until } else { std::mem::replace(&mut done, until) };
            let place = Place { func: id, innermost, operators: (until - before) as u64, pays };
            (cell.position - CodeHead::WORDS * 8, place)
        });
        let cells = cells.collect();
        Ok(Func { loops, cells })
    }
}

fn pays(cell: &Surveyed) -> bool {
    cell.shape == "Fuel" || cell.shape == "FuelBulk"
}

/// The innermost loop of each cell. A loop begins with the cell that pays for it; what is emitted at its operator before that are
/// values it does not wait for.
fn innermost(loops: &[Loop], cells: &[Surveyed]) -> Vec<Option<usize>> {
    let around = Around::new(loops);
    // Which loop begins with each cell.
    let mut begun = vec![false; loops.len()];
    let begins = cells.iter().map(|cell| {
        let first = loops.partition_point(|one| one.start < cell.offset);
        let begins = pays(cell) && loops.get(first).is_some_and(|one| one.start == cell.offset);
        (begins && !std::mem::replace(&mut begun[first], true)).then_some(first)
    });
    let begins: Vec<_> = begins.collect();
    // From the last cell on, each loop that has not begun leads to the one around it, or to one that has begun further out.
    let mut outwards: Vec<Option<usize>> = (0..loops.len()).map(Some).collect();
    let leave = |outwards: &mut Vec<_>, one: usize| outwards[one] = loops[one].parent;
    (0..loops.len()).filter(|&one| !begun[one]).for_each(|one| leave(&mut outwards, one));
    let mut innermost = vec![None; cells.len()];
    for (number, cell) in cells.iter().enumerate().rev() {
        innermost[number] = around.at(cell.offset).and_then(|one| follow(&mut outwards, one));
        if let Some(one) = begins[number] {
            leave(&mut outwards, one);
        }
    }
    innermost
}

/// Follows what leads `outwards` from a loop, to the first one that leads to itself, if there is one. What is on the way leads there directly
/// afterwards.
fn follow(outwards: &mut [Option<usize>], from: usize) -> Option<usize> {
    let (mut one, mut way) = (from, Vec::new());
    let end = loop {
        match outwards[one] {
            None => break None,
            Some(next) if next == one => break Some(one),
            Some(next) => {
                way.push(one);
                one = next;
            }
        }
    };
    way.into_iter().for_each(|one| outwards[one] = end);
    end
}

/// Which loop is the innermost around an offset.
struct Around {
    /// Offsets from which on it is another one, in order.
    changes: Vec<(u32, Option<usize>)>,
}

impl Around {
    fn new(loops: &[Loop]) -> Self {
        let (mut changes, mut open) = (Vec::with_capacity(2 * loops.len()), Vec::new());
        let close = |changes: &mut Vec<_>, open: &mut Vec<usize>, until: u32| {
            while let Some(ended) = open.pop_if(|&mut one| loops[one].end <= until) {
                changes.push((loops[ended].end, loops[ended].parent));
            }
        };
        for (number, one) in loops.iter().enumerate() {
            close(&mut changes, &mut open, one.start);
            changes.push((one.start, Some(number)));
            open.push(number);
        }
        close(&mut changes, &mut open, u32::MAX);
        Self { changes }
    }

    fn at(&self, offset: u32) -> Option<usize> {
        let behind = self.changes.partition_point(|&(from, _)| from <= offset);
        self.changes[..behind].last().and_then(|&(_, one)| one)
    }
}
