//! Threaded code that can be written down: the code of a function without addresses, and the way back.
//!
//! What of a function's code is true in one process only is of three kinds: the handlers' addresses, the addresses of branch
//! targets, and the engine's ids of function types. In relocatable code stand instead of them
//!
//! - the index of the handler's signature in the list of all that the module uses ([`Writer::sigs`]): whoever loads finds the
//!   handlers of these once, by [`Target::tile`], and the index is checked by looking it up;
//! - the byte of the code where the target begins;
//! - the typeidx.
//!
//! Where they stand is written behind the code. It is found by lowering once more, with a survey: an address may stand for
//! several shapes, for compilers merge functions of the same machine code, so finished code does not say how long its cells are.
//!
//! All numbers are little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | words of the code, its head counted |
//! | 4 | how many cells |
//! | 4 | how many branch targets |
//! | 4 | how many ids of function types |
//! | 4 | how many numbers of handlers |
//! | 8 for each word | the code |
//! | 1 to 5 for each cell | its length in words |
//! | 1 to 5 for each branch target | bytes from the one before, or from the beginning |
//! | 1 to 5 for each id | the same |
//! | 1 to 5 for each number | the handlers of exceptions: how many places, scopes and clauses, then their fields, if there are any |

use crate::catches::{CatchClause, CatchTable, Scope, Site};
use crate::layout::CodeHead;
use crate::lower::survey::Survey;
use crate::lower::surveying::Surveying;
use crate::lower::{Arena, Code, Lowering, Options, Target};
use crate::sig::Sig;
use crate::{Error, FuncIdx, Module, TypeId};
use std::collections::HashMap;

/// Writes relocatable code of functions of one module.
#[derive(Debug)]
pub struct Writer<'a, T> {
    module: &'a Module,
    options: Options,
    target: &'a T,
    /// Every typeidx, in place of the engine's ids.
    typeidxs: Vec<TypeId>,
    sigs: Vec<Sig>,
    indices: HashMap<Sig, u64>,
    arena: Arena,
}

impl<'a, T: Target> Writer<'a, T> {
    /// Of functions of `module` as they are lowered for `target`.
    pub fn new(module: &'a Module, options: Options, target: &'a T) -> Self {
        let typeidxs = (0..).map(TypeId).take(module.types.len()).collect();
        let (sigs, indices, arena) = (Vec::new(), HashMap::new(), Arena::new());
        Self { module, options, target, typeidxs, sigs, indices, arena }
    }

    /// The signatures of the handlers of all code so far, to which the code refers by their indices.
    pub fn sigs(&self) -> &[Sig] {
        &self.sigs
    }

    /// Adds the code of function `funcidx`, which is not an imported one, to `out`.
    ///
    /// # Errors
    /// Those of [`Lowering::lower`].
    ///
    /// # Panics
    /// As [`Lowering::lower`].
    pub fn function(&mut self, funcidx: FuncIdx, out: &mut Vec<u8>) -> Result<(), Error> {
        let target = Surveying(self.target);
        let survey = Some(Box::new(Survey::brief()));
        let (module, options) = (self.module, self.options);
        let mut lowering = Lowering::surveyed(module, &self.typeidxs, options, &target, &mut self.arena, survey);
        let code = lowering.lower(funcidx)?;
        let survey = lowering.into_survey();
        let base = code.words().as_ptr().addr() as u64;
        let mut bytes: Vec<u8> = code.words().iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut lengths = Vec::with_capacity(survey.cells.len());
        let mut type_ids = Vec::new();
        let ends = survey.cells.iter().skip(1).map(|cell| cell.position).chain([bytes.len()]);
        for (cell, end) in survey.cells.iter().zip(ends) {
            let handler = bytes[cell.position..].first_chunk_mut().expect("a cell begins with its handler");
            let expected = self.target.tile(cell.sig).map(|tile| tile.handler);
            assert_eq!(expected, Some(u64::from_le_bytes(*handler)), "the survey of function {funcidx} is wrong");
            let sigs = &mut self.sigs;
            let index = *self.indices.entry(cell.sig).or_insert_with(|| {
                sigs.push(cell.sig);
                sigs.len() as u64 - 1
            });
            *handler = index.to_le_bytes();
            lengths.push((end - cell.position) / 8);
            type_ids.extend(cell.type_id);
        }
        for &place in &survey.branches {
            let operand = bytes[place..].first_chunk_mut().expect("a branch's target");
            *operand = (u64::from_le_bytes(*operand) - base).to_le_bytes();
        }
        let catches = code.catches().map_or_else(Vec::new, numbers_of);
        for count in [code.words().len(), lengths.len(), survey.branches.len(), type_ids.len(), catches.len()] {
            out.extend((count as u32).to_le_bytes());
        }
        out.extend(bytes);
        lengths.iter().for_each(|&length| write_number(length as u32, out));
        for places in [&survey.branches, &type_ids] {
            let mut last = 0;
            for &place in places {
                write_number((place - last) as u32, out);
                last = place;
            }
        }
        catches.iter().for_each(|&number| write_number(number, out));
        Ok(())
    }
}

/// Reads what [`Writer::function`] wrote of function `funcidx`: `handlers` has the addresses of the handlers whose signatures are
/// [`Writer::sigs`], and `type_ids` the engine's ids by typeidx.
///
/// # Errors
/// The bytes are not of this form, or lead out of the code or the lists. Whether the code is right nobody knows but who
/// wrote it.
pub fn read(bytes: &[u8], handlers: &[u64], type_ids: &[TypeId], funcidx: FuncIdx) -> Result<Code, Error> {
    try_read(bytes, handlers, type_ids, funcidx)
        .ok_or_else(|| Error::new(format!("the relocatable code of function {funcidx} is malformed"), 0))
}

fn try_read(mut bytes: &[u8], handlers: &[u64], type_ids: &[TypeId], funcidx: FuncIdx) -> Option<Code> {
    let mut count = || {
        let (count, rest) = bytes.split_first_chunk()?;
        bytes = rest;
        Some(u32::from_le_bytes(*count) as usize)
    };
    let (words, cells, branches, ids, catches) = (count()?, count()?, count()?, count()?, count()?);
    let (code, mut rest) = bytes.split_at_checked(words.checked_mul(8)?)?;
    // Each takes a byte at least, so nothing that is allocated is larger than what there is.
    if rest.len() < cells.checked_add(branches)?.checked_add(ids)?.checked_add(catches)? {
        return None;
    }
    let mut code = code.to_vec();
    let type_id = |id: &mut [u8; 4]| {
        *id = type_ids.get(u32::from_le_bytes(*id) as usize)?.to_ne_bytes();
        Some(())
    };
    let head = code.first_chunk_mut::<{ 8 * CodeHead::WORDS }>()?;
    if u32::from_le_bytes(*head.first_chunk()?) != funcidx.0 {
        return None;
    }
    type_id(head.last_chunk_mut()?)?;
    let mut position = 8 * CodeHead::WORDS;
    for _ in 0..cells {
        let handler = code.get_mut(position..)?.first_chunk_mut()?;
        *handler = handlers.get(usize::try_from(u64::from_le_bytes(*handler)).ok()?)?.to_ne_bytes();
        position = position.checked_add(8 * read_number(&mut rest)? as usize)?;
    }
    if position != code.len() {
        return None;
    }
    let mut places = Vec::with_capacity(branches);
    let mut place = 0_usize;
    for _ in 0..branches {
        place = place.checked_add(read_number(&mut rest)? as usize)?;
        let target: &[u8; 8] = code.get(place..)?.first_chunk()?;
        let target = u64::from_le_bytes(*target);
        if target < 8 * CodeHead::WORDS as u64 || target >= code.len() as u64 || !target.is_multiple_of(8) {
            return None;
        }
        places.push(place);
    }
    place = 0;
    for _ in 0..ids {
        place = place.checked_add(read_number(&mut rest)? as usize)?;
        type_id(code.get_mut(place..)?.first_chunk_mut()?)?;
    }
    let numbers = (0..catches).map(|_| read_number(&mut rest)).collect::<Option<Vec<_>>>()?;
    let catches = if numbers.is_empty() { CatchTable::default() } else { catches_of(&numbers)? };
    let is_cell = |target: u32| target.is_multiple_of(8) && (target as usize) < code.len();
    let leads_to_cells = catches.clauses.iter().all(|clause| is_cell(clause.target));
    (rest.is_empty() && leads_to_cells).then(|| Code::new(&mut code, &places).catching(catches))
}

/// A table of handlers as numbers.
fn numbers_of(table: &CatchTable) -> Vec<u32> {
    let CatchTable { sites, scopes, clauses } = table;
    let mut numbers = vec![sites.len() as u32, scopes.len() as u32, clauses.len() as u32];
    numbers.extend(sites.iter().flat_map(|site| [site.position, site.scope]));
    // What may be absent counts from 1.
    numbers.extend(scopes.iter().flat_map(|scope| [scope.outer.wrapping_add(1), scope.first, scope.count]));
    for &CatchClause { tag, values, reference, target } in clauses {
        let reference = reference.map_or(0, |slot| u32::from(slot) + 1);
        numbers.extend([tag.map_or(0, |tag| tag + 1), values.into(), reference, target]);
    }
    numbers
}

/// The table that [`numbers_of`] made these of.
fn catches_of(numbers: &[u32]) -> Option<CatchTable> {
    let (&[sites, scopes, clauses], mut rest) = numbers.split_first_chunk()?;
    fn take<'a, const N: usize>(rest: &mut &'a [u32], count: u32) -> Option<&'a [[u32; N]]> {
        let (taken, others) = rest.split_at_checked((count as usize).checked_mul(N)?)?;
        *rest = others;
        Some(taken.as_chunks().0)
    }
    let sites = take(&mut rest, sites)?.iter().map(|&[position, scope]| Site { position, scope });
    let scopes = take(&mut rest, scopes)?.iter();
    let scopes = scopes.map(|&[outer, first, count]| Scope { outer: outer.wrapping_sub(1), first, count });
    let clauses = take(&mut rest, clauses)?.iter().map(|&[tag, values, reference, target]| {
        let slot = |slot: u32| u16::try_from(slot).ok();
        let reference = match reference.checked_sub(1) {
            Some(reference) => Some(slot(reference)?),
            None => None,
        };
        Some(CatchClause { tag: tag.checked_sub(1), values: slot(values)?, reference, target })
    });
    let clauses = clauses.collect::<Option<Box<[_]>>>()?;
    let table = CatchTable { sites: sites.collect(), scopes: scopes.collect(), clauses };
    let has_scope = |scope: u32| (scope as usize) < table.scopes.len();
    let is_scope = |(index, scope): (usize, &Scope)| {
        let is_outer = scope.outer == Scope::NONE || (scope.outer as usize) < index;
        is_outer && scope.first.checked_add(scope.count).is_some_and(|end| end as usize <= table.clauses.len())
    };
    let is_right = rest.is_empty()
        && table.sites.is_sorted_by_key(|site| site.position)
        && table.sites.iter().all(|site| has_scope(site.scope))
        && table.scopes.iter().enumerate().all(is_scope);
    is_right.then_some(table)
}

/// Appends a number, seven bits in a byte.
fn write_number(mut number: u32, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads what [`write_number`] wrote.
#[inline]
fn read_number(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0;
    for shift in (0..32).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{catches_of, numbers_of, read_number, write_number};
    use crate::catches::{CatchClause, CatchTable, Scope, Site};

    #[test]
    fn handlers_are_read_as_they_were_written_and_nothing_else() {
        let clause = |tag, reference| CatchClause { tag, values: 7, reference, target: 40 };
        let scope = |outer, first, count| Scope { outer, first, count };
        let table = CatchTable {
            sites: [(24, 1), (32, 0)].map(|(position, scope)| Site { position, scope }).into(),
            scopes: [scope(Scope::NONE, 0, 2), scope(0, 2, 0)].into(),
            clauses: [clause(Some(0), None), clause(None, Some(65_534))].into(),
        };
        let numbers = numbers_of(&table);
        assert_eq!(catches_of(&numbers), Some(table));
        assert_eq!(catches_of(&numbers[..numbers.len() - 1]), None);
        assert_eq!(catches_of(&[&numbers[..], &[0]].concat()), None);
        // A place of a scope that is not there; places out of order; a scope around itself; clauses that are not there.
        for (at, wrong) in [(4, 2), (3, 33), (10, 2), (9, 3)] {
            let mut numbers = numbers.clone();
            numbers[at] = wrong;
            assert_eq!(catches_of(&numbers), None, "{at}");
        }
    }

    #[test]
    fn numbers_are_read_as_they_were_written() {
        let numbers = [0, 1, 127, 128, 16_383, 16_384, 1 << 28, u32::MAX];
        let mut bytes = Vec::new();
        numbers.iter().for_each(|&number| write_number(number, &mut bytes));
        let mut rest = &bytes[..];
        assert_eq!(numbers.map(|_| read_number(&mut rest).unwrap()), numbers);
        assert!(rest.is_empty());
        assert_eq!(read_number(&mut rest), None);
        assert_eq!(read_number(&mut &[0x80; 9][..]), None, "no number is that long");
    }
}
