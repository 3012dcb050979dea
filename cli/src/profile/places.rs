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
    id: FuncId,
    /// Address behind the last cell.
    end: usize,
    loops: Vec<Loop>,
    /// By bytes from the first cell.
    cells: HashMap<usize, Place>,
}

/// Places in the metered code of modules.
pub struct Places<'a> {
    modules: &'a [Profiled],
    parsed: &'a [pirn_decode::Module],
    /// The functions asked for so far, by the address of the first cell.
    funcs: BTreeMap<usize, Func>,
}

impl<'a> Places<'a> {
    /// `parsed` are the same modules.
    pub fn new(modules: &'a [Profiled], parsed: &'a [pirn_decode::Module]) -> Self {
        Self { modules, parsed, funcs: BTreeMap::new() }
    }

    /// What the cell at `address` belongs to; `None` if it is no function's: what enters the host, or returns to
    /// it.
    pub fn get(&mut self, address: usize) -> Result<Option<Place>> {
        let known = |funcs: &BTreeMap<usize, Func>| {
            let (&start, func) = funcs.range(..=address).next_back()?;
            (address < func.end).then(|| func.cells.get(&(address - start)).copied())
        };
        if let Some(place) = known(&self.funcs) {
            return Ok(place);
        }
        let found = self.modules.iter().enumerate().find_map(|(module, profiled)| {
            let (funcidx, code) = profiled.module.code_at(address)?;
            Some((FuncId { module, funcidx }, code))
        });
        let Some((id, code)) = found else { return Ok(None) };
        self.funcs.insert(code.start, self.read(id, code.end)?);
        Ok(known(&self.funcs).flatten())
    }

    /// The loops of a function that [`Places::get`] gave.
    pub fn loops(&self, id: FuncId) -> &[Loop] {
        self.funcs.values().find(|func| func.id == id).map_or(&[], |func| &func.loops)
    }

    fn read(&self, id: FuncId, end: usize) -> Result<Func> {
        let FuncId { module, funcidx } = id;
        let parsed = &self.parsed[module];
        // Ids of types change no cell's length.
        let type_ids: Vec<TypeId> = (0..).map(TypeId).take(parsed.types.len()).collect();
        let options = Options { fuel: true, ..Options::default() };
        let cells = survey(parsed, &type_ids, funcidx, options, pirn_exec::target(), None)?;
        let Body { loops, operators } = Body::read(parsed, funcidx)?;
        let mut begun = vec![false; loops.len()];
        let mut done = 0;
        let cells = cells.iter().map(|cell| {
            let (innermost, pays) = (innermost(&loops, &mut begun, cell), pays(cell));
            let until = operators.partition_point(|&operator| operator <= cell.offset).max(done);
            let before = if pays { until } else { std::mem::replace(&mut done, until) };
            let place = Place { func: id, innermost, operators: (until - before) as u64, pays };
            (cell.position - CodeHead::WORDS * 8, place)
        });
        let cells = cells.collect();
        Ok(Func { id, end, loops, cells })
    }
}

fn pays(cell: &Surveyed) -> bool {
    cell.shape == "Fuel" || cell.shape == "FuelBulk"
}

/// The innermost loop of the next cell. A loop begins with the cell that pays for it; what is emitted at its operator before
/// that are values it does not wait for.
fn innermost(loops: &[Loop], begun: &mut [bool], cell: &Surveyed) -> Option<usize> {
    let first = loops.partition_point(|one| one.start < cell.offset);
    if loops.get(first).is_some_and(|one| one.start == cell.offset) && pays(cell) {
        begun[first] = true;
    }
    let behind = loops.partition_point(|one| one.start <= cell.offset);
    (0..behind).rev().find(|&one| begun[one] && cell.offset < loops[one].end)
}
