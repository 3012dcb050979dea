//! Locals in registers through a loop.
//!
//! In an innermost loop without calls, up to two integer locals and two float locals that the loop both reads and sets have
//! a register each (`r1`, `r2`, `v1`, `v2`). The register is a *copy*: every assignment writes the slot as well. So whoever
//! has no handler that takes the register reads the slot, nothing has to be written back where the loop is left, and what
//! is gained is the way through memory from one iteration to the next, some eight cycles where the processor forwards
//! stores. The registers are loaded before the loop's label, and hold through all of its body.
//!
//! Which locals, a look ahead over the loop's body tells: it ends at the first call or inner loop, so each operator is
//! looked at once more at most.

use super::stack::{Sink, SinkKind};
use super::tree::{NodeId, Register};
use super::{Emitted, Lowering, Target};
use crate::ops::Class;
use crate::sig::{self, Form, Leaf};
use smallvec::SmallVec;
use wasmparser::{Operator, OperatorsReader};

/// Registers of a kind.
const COUNT: usize = 2;

/// The slots that registers copy, by [`Register`] and number.
pub(super) type LoopRegisters = [[Option<(u16, Class)>; COUNT]; 2];

/// Which registers an expression may read in place of slots: bit 0 for the first of each kind, bit 1 for the second.
pub(super) type Mask = u8;

/// The leaf and the forms of register `number`.
const LEAVES: [Leaf; COUNT] = [Leaf::Reg1, Leaf::Reg2];
const FORMS: [Form; COUNT] = [Form::SetReg1, Form::SetReg2];

/// How a statement reads the slots in its trees.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    registers: &'a LoopRegisters,
    /// Which of them it may read.
    mask: Mask,
    /// The one leaf that is read from an accumulator.
    acc: Option<NodeId>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(registers: &'a LoopRegisters, mask: Mask, acc: Option<NodeId>) -> Self {
        Self { registers, mask, acc }
    }

    /// Whether every slot is read as a slot.
    pub(super) fn is_plain(&self) -> bool {
        self.mask == 0 && self.acc.is_none()
    }

    /// What the leaf `id` that reads `slot` becomes, if it does not stay a slot.
    pub(super) fn leaf(&self, id: NodeId, slot: u16, class: Class) -> Option<Leaf> {
        if self.acc == Some(id) {
            return Some(Leaf::Acc);
        }
        let kind = &self.registers[Register::of(class) as usize];
        let number = kind.iter().position(|&register| register == Some((slot, class)))?;
        (self.mask & 1 << number != 0).then(|| LEAVES[number])
    }
}

/// How often a loop's body reads and sets a local.
#[derive(Debug, Clone, Copy, Default)]
struct Uses {
    local: u32,
    gets: u32,
    sets: u32,
}

/// Looks ahead over the body of the loop that `reader` stands in, and gives the locals worth a register, the most used
/// first: none if it has calls or loops in it.
pub(super) fn carried(mut reader: OperatorsReader<'_>) -> SmallVec<[u32; 8]> {
    let mut uses: SmallVec<[Uses; 16]> = SmallVec::new();
    let mut depth = 0;
    while let Ok(operator) = reader.read() {
        match operator {
            Operator::Block { .. } | Operator::If { .. } => depth += 1,
            Operator::End if depth == 0 => break,
            Operator::End => depth -= 1,
            Operator::Loop { .. }
            | Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. } => return SmallVec::new(),
            Operator::LocalGet { local_index }
            | Operator::LocalSet { local_index }
            | Operator::LocalTee { local_index } => {
                let at = uses.iter().position(|uses| uses.local == local_index);
                let at = at.unwrap_or_else(|| {
                    uses.push(Uses { local: local_index, ..Uses::default() });
                    uses.len() - 1
                });
                match operator {
                    Operator::LocalGet { .. } => uses[at].gets += 1,
                    Operator::LocalSet { .. } => uses[at].sets += 1,
                    _ => {
                        uses[at].gets += 1;
                        uses[at].sets += 1;
                    }
                }
                // A body with so many locals is no tight loop; this keeps the look ahead linear.
                if uses.len() > 64 {
                    return SmallVec::new();
                }
            }
            _ => {}
        }
    }
    uses.retain(|uses| uses.gets > 0 && uses.sets > 0);
    uses.sort_by_key(|uses| std::cmp::Reverse(uses.gets + uses.sets));
    uses.iter().map(|uses| uses.local).collect()
}

impl<T: Target> Lowering<'_, T> {
    /// Gives registers to `locals`, as far as there are any, and loads them: the loop's label follows.
    pub(super) fn load_registers(&mut self, locals: &[u32]) {
        for &local in locals {
            let (slot, class) = (self.local_slot(local), self.locals[local as usize]);
            let kind = Register::of(class) as usize;
            if let Some(number) = self.registers[kind].iter().position(Option::is_none) {
                let node = self.trees.slot(slot, class);
                self.emit_set_register(number, node, slot, class).expect("a slot can be set to a register");
                self.registers[kind][number] = Some((slot, class));
                self.mirror(class, slot);
            }
        }
    }

    /// The register that copies the slot.
    pub(super) fn register_of(&self, slot: u16, class: Class) -> Option<usize> {
        self.registers[Register::of(class) as usize].iter().position(|&register| register == Some((slot, class)))
    }

    /// The choices of registers that make a difference to these trees, the most registers first.
    pub(super) fn masks(&self, kids: &[NodeId]) -> SmallVec<[Mask; 4]> {
        let mut reads = 0;
        for kind in &self.registers {
            for (number, register) in kind.iter().enumerate() {
                if let Some((slot, _)) = register
                    && kids.iter().any(|&kid| self.trees.reads_slot(kid, *slot))
                {
                    reads |= 1 << number;
                }
            }
        }
        [3, 1, 2, 0].into_iter().filter(|mask| mask & !reads == 0).collect()
    }

    /// Emits an assignment of a tree to a slot and the register that copies it. `None`, and nothing emitted, if the tree
    /// has to be evaluated into the accumulator first.
    pub(super) fn emit_set(&mut self, node: NodeId, slot: u16, class: Class) -> Option<Emitted> {
        let register = self.register_of(slot, class);
        if let Some(number) = register
            && let Some(emitted) = self.emit_set_register(number, node, slot, class)
        {
            return Some(emitted);
        }
        let emitted = self.emit_assignment(Form::SetSlot, node, slot, class)?;
        let Some(number) = register else { return Some(emitted) };
        let acc = self.trees.acc(class);
        self.emit_set_register(number, acc, slot, class).expect("an accumulator can be set to a register");
        Some(emitted)
    }

    fn emit_set_register(&mut self, number: usize, node: NodeId, slot: u16, class: Class) -> Option<Emitted> {
        self.emit_assignment(FORMS[number], node, slot, class)
    }

    fn emit_assignment(&mut self, form: Form, node: NodeId, slot: u16, class: Class) -> Option<Emitted> {
        let sink = Sink {
            sig: &|kids| sig::form(form, class, kids[0]),
            prefix: slot.to_ne_bytes().into_iter().collect(),
            kind: SinkKind::Form(form),
        };
        self.statement(&sink, &[node])
    }
}
