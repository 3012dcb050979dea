//! Accumulators from one iteration to the next.
//!
//! At a label the accumulators hold nothing known. So what an iteration ends with and the next one begins with, a counter
//! or a sum, would go through its slot: stored, loaded, and in a short loop waited for, since nothing else takes as long. A
//! loop may *carry* a local in each accumulator instead: then whoever enters it and whoever branches back to it has the
//! accumulator mirror the local's slot, and the loop begins by reading either. The slot is written all the same, so nothing
//! else has to know.
//!
//! Which locals is found by looking ahead, in short innermost loops only, so each operator is looked at once more at most. A
//! guess that turns out wrong costs a cell where it was wrong: the branch leads to where the accumulator is loaded from the slot.

use super::read::Reader;
use super::stack::Mirrored;
use super::tree::Register;
use super::{Local, Lowering, Target};
use crate::opcode;
use smallvec::SmallVec;

/// Longer loops carry nothing.
const MOST_OPERATORS: usize = 128;

/// What is known of one accumulator while looking ahead.
#[derive(Debug, Default)]
struct Ahead {
    /// Locals that are read before anything is set that may come to the accumulator.
    read_first: SmallVec<[u32; 8]>,
    is_set: bool,
    /// The local that the accumulator should mirror here.
    last: Option<u32>,
    /// What it should mirror at all the branches back so far, if there were any.
    back: Option<Option<u32>>,
}

impl Ahead {
    fn set(&mut self, local: Option<u32>) {
        self.is_set = true;
        self.last = local;
    }

    fn branch_back(&mut self) {
        let same = self.back.is_none_or(|back| back == self.last);
        self.back = Some(self.last.filter(|_| same));
    }

    fn carried(&self) -> Option<u32> {
        self.back.flatten().filter(|local| self.read_first.contains(local))
    }
}

impl<T: Target> Lowering<'_, T> {
    /// Which locals a loop does best to carry in the accumulators; `reader` reads its body.
    pub(super) fn carried(&self, mut reader: Reader<'_>) -> [Option<Local>; 2] {
        let mut ahead = [Ahead::default(), Ahead::default()];
        let mut depth = 0;
        for _ in 0..MOST_OPERATORS {
            let mut immediate = reader.clone();
            let opcode;
            (opcode, reader) = reader.skip();
            immediate.opcode();
            match opcode {
                opcode::LOCAL_GET | opcode::LOCAL_SET | opcode::LOCAL_TEE => {
                    let index = immediate.index();
                    let class = self.locals[index as usize].class;
                    let ahead = &mut ahead[Register::of(class) as usize];
                    if opcode != opcode::LOCAL_GET {
                        ahead.set(Some(index));
                    } else if !ahead.is_set {
                        ahead.read_first.push(index);
                    }
                }
                opcode::GLOBAL_SET => ahead.iter_mut().for_each(|ahead| ahead.set(None)),
                opcode::BLOCK | opcode::IF => depth += 1,
                // What a label is reached with is not known.
                opcode::ELSE => ahead.iter_mut().for_each(|ahead| ahead.last = None),
                opcode::END if depth > 0 => {
                    depth -= 1;
                    ahead.iter_mut().for_each(|ahead| ahead.last = None);
                }
                opcode::END => {
                    return ahead.map(|ahead| ahead.carried().map(|index| self.locals[index as usize]));
                }
                opcode::BR | opcode::BR_IF if immediate.index() == depth => {
                    ahead.iter_mut().for_each(Ahead::branch_back);
                }
                opcode::LOOP
                | opcode::BR_TABLE
                | opcode::CALL..=opcode::RETURN_CALL_INDIRECT
                | opcode::MEMORY_GROW
                | opcode::MEMORY_INIT.. => break,
                _ => {}
            }
        }
        [None; 2]
    }

    /// Has the accumulator mirror the local that it is to carry.
    pub(super) fn load_carried(&mut self, carried: Mirrored) {
        if !self.has(carried) {
            let (slot, class) = carried.local();
            let node = self.trees.slot(slot, class);
            self.set_acc(node);
            self.mirror(class, slot);
        }
    }

    /// Whether the accumulator mirrors what it is to carry, if anything.
    pub(super) fn has(&self, carried: Mirrored) -> bool {
        let (_, class) = carried.local();
        carried == Mirrored::NONE || self.acc_slot[Register::of(class) as usize] == carried
    }
}
