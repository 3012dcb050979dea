//! The quick check's part about vectors: what their rows in the table say is all there is to check.

use super::tables::of_type;
use super::{NOTHING, OperandType, Operands, Reader};
use crate::instruction::{Immediate, Instruction};
use crate::ops::Op;

/// Checks an instruction on vectors, whose immediates come next; `address` is the type of memory 0's addresses.
#[inline(always)]
pub(super) fn accept<T: OperandType>(
    instruction: Instruction,
    address: Option<T>,
    reader: &mut Reader<'_>,
    operands: &mut Operands<'_, T>,
) -> Option<()> {
    let (access, lanes) = limits(instruction)?;
    let info = instruction.info();
    // The first operand of what accesses memory.
    let mut first = None;
    for immediate in info.immediates {
        match immediate {
            Immediate::MemArg => {
                reader.memarg(access.trailing_zeros() as u8)?;
                first = Some(address?);
            }
            Immediate::LaneIdx => (reader.byte()? < lanes).then_some(())?,
            Immediate::LaneIdxs => {
                for _ in 0..16 {
                    (reader.byte()? < 32).then_some(())?;
                }
            }
            Immediate::V128 => reader.skip(16)?,
            // Nothing on vectors has another.
            _ => return None,
        }
    }
    for (i, &ty) in info.operands.iter().enumerate().rev() {
        let address = first.filter(|_| i == 0);
        operands.take(address.unwrap_or(T::of_byte(of_type(ty))))?;
    }
    for &ty in info.results {
        let ty = of_type(ty);
        (ty != NOTHING).then_some(())?;
        operands.grow(T::of_byte(ty))?;
    }
    Some(())
}

/// How many bytes of memory it accesses, and how many lanes it may name.
fn limits(instruction: Instruction) -> Option<(u8, u8)> {
    let lanes = |op: Op| op.info().lanes;
    let access = |op: Op| op.info().access;
    Some(match instruction {
        Instruction::V128Const | Instruction::Relaxed(_) => (0, 0),
        Instruction::Vector(op) => (access(op), lanes(op)),
        Instruction::LoadLane(load) => {
            let [load, replace] = load.parts();
            (access(load), lanes(replace))
        }
        Instruction::StoreLane(store) => {
            let [extract, store] = store.parts();
            (access(store), lanes(extract))
        }
        // No other is on vectors.
        _ => return None,
    })
}
