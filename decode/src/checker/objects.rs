//! Structs, arrays and references: what cells about them take. Everything about objects is an event, so their order is compared, and
//! that of values that wait is nobody's matter.

use super::event::{After, Event, What};
use super::mistake::Mistake;
use super::walk::Walk;
use crate::cell::{Cell, Field};
use crate::ops::Class;
use smallvec::SmallVec;

/// How many words from slots a cell takes; `None` if it takes one from the accumulator. `words` is its operand of that name.
fn words(cell: Cell, words: u32) -> Option<u32> {
    Some(match cell {
        Cell::StructNew | Cell::ArrayNewFixed => words,
        Cell::StructNewDefault => 0,
        Cell::ArrayNewDefault => 1,
        Cell::ArrayNewData | Cell::ArrayNewElem => 2,
        Cell::ArrayInitData | Cell::ArrayInitElem => 4,
        Cell::ArrayCopy => 5,
        Cell::ArrayNew => words + 1,
        Cell::ArrayFill => words + 3,
        _ => return None,
    })
}

impl Walk<'_> {
    /// Executes a cell about objects.
    pub(super) fn object(&mut self, cell: Cell, fields: &[u32]) -> Result<(), Mistake> {
        let (mut operands, mut count) = ([0; 3], 0);
        let (mut first, mut size) = (0, 0);
        for (&(name, field), &value) in cell.fields().iter().zip(fields) {
            if field == Field::Operands {
                first = value;
                continue;
            }
            if name == "words" {
                size = value;
            }
            operands[count] = value;
            count += 1;
        }
        let args = match words(cell, size) {
            None => SmallVec::<[_; 4]>::from_elem(self.state.accumulator(Class::I64), 1),
            Some(words) => {
                let read = |slot| Ok(self.state.get_slot(self.slot(slot)?));
                (first..first + words).map(read).collect::<Result<_, Mistake>>()?
            }
        };
        // A cast leaves what it was given.
        let after = if matches!(cell, Cell::RefCast | Cell::RefCastFunc | Cell::RefCastKind) {
            After::Nothing
        } else {
            After::Accumulator
        };
        self.events.push_back((Event { what: What::Object(cell, operands), args }, after));
        Ok(())
    }
}
