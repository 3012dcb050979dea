//! What follows what in a sequence, and in a loop of one cell.

use super::*;
use crate::handlers::expr::{Bin, I32Add, I32Load, I32LtU, Imm, Load, Slot};
use crate::handlers::stmt::{BrIf, Return, SetSlot};
use std::ptr::{null, null_mut};

type Step = SetSlot<Bin<I32Add, Slot<u32>, Imm<u32>>>;
type Less = BrIf<Bin<I32LtU, Slot<u32>, Imm<u32>>>;

/// Cell of a `Seq<Step, Less>`: slot 0 becomes itself and 3, then control goes to `target` if it is less than 8.
fn cell(target: u64) -> [u64; 4] {
    let operands = [
        &0_u16.to_ne_bytes()[..],
        &0_u16.to_ne_bytes(),
        &3_u32.to_ne_bytes(),
        &target.to_ne_bytes(),
        &0_u16.to_ne_bytes(),
        &8_u32.to_ne_bytes(),
    ]
    .concat();
    assert_eq!(operands.len(), Seq::<Step, Less>::LEN);
    let mut cell = [0; 4];
    for (word, bytes) in cell[1..].iter_mut().zip(operands.chunks(8)) {
        let mut eight = [0; 8];
        eight[..bytes.len()].copy_from_slice(bytes);
        *word = u64::from_ne_bytes(eight);
    }
    cell
}

/// What follows, the registers and the slot afterwards.
fn run<S: Stmt>(slot: u64) -> (Flow, Registers, u64) {
    let (cell, mut frame) = (cell(16), [slot]);
    let mut m = Registers::new(cell.as_ptr(), frame.as_mut_ptr(), null_mut(), null());
    // SAFETY: the cell holds a sequence's operands, which name slot 0 and no instance's words.
    let flow = unsafe { S::run(&mut m, At::CELL) };
    (flow, m, frame[0])
}

#[test]
fn a_branch_at_the_end_of_a_sequence_is_taken_or_not() {
    let (flow, m, slot) = run::<Seq<Step, Less>>(1);
    assert_eq!((flow, m.ip.addr(), slot), (Flow::Jump, 16, 4));
    let (flow, _, slot) = run::<Seq<Step, Less>>(6);
    assert_eq!((flow, slot), (Flow::Next, 9));
}

#[test]
fn nothing_follows_a_branch_that_is_taken() {
    // The last statement would read operands behind the end of the cell.
    type Twice = Seq<Seq<Step, Less>, Step>;
    let (flow, _, slot) = run::<Twice>(1);
    assert_eq!((flow, slot), (Flow::Jump, 4));
}

/// Wherever the branch leads, for that is the cell itself.
#[test]
fn a_repeated_statement_stays_in_its_cell() {
    let (flow, m, slot) = run::<Repeat<Seq<Step, Less>>>(0);
    assert_eq!((flow, slot), (Flow::Next, 9));
    assert_ne!(m.ip.addr(), 16);
}

/// What a type says of its ends is what its parts may do.
#[test]
fn types_say_how_they_end() {
    type Read = SetSlot<Load<I32Load, Slot<u32>>>;
    type Back = Return<Slot<u32>>;
    let next = Ends { next: true, jump: false, trap: false, leave: false };
    for (found, expected) in [
        (Step::ENDS, next),
        (Read::ENDS, Ends { trap: true, ..next }),
        (Less::ENDS, Ends { jump: true, ..next }),
        (Back::ENDS, Ends { next: false, jump: true, ..next }),
        (Seq::<Step, Less>::ENDS, Ends { jump: true, ..next }),
        (Seq::<Less, Read>::ENDS, Ends { jump: true, trap: true, ..next }),
        (Seq::<Less, Back>::ENDS, Ends { next: false, jump: true, ..next }),
        (Repeat::<Seq<Step, Less>>::ENDS, next),
        (Ask::<Less>::ENDS, Ends { jump: true, leave: true, ..next }),
    ] {
        assert_eq!(found, expected);
    }
}
