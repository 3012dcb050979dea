//! Temporaries: locals that nobody reads but in the straight line of code in which they are set, and only there.
//!
//! Nobody reads one where ways meet, or where execution may stand still, so code need not have what it holds in its slot. And a local that is set to
//! what a temporary holds may be set to what it holds itself.

use super::source::{Instr, Source};

/// Finds where a local is set to a temporary that is a copy of it, or a copy of such a copy.
pub(super) fn find_same(source: &mut Source, is_temporary: &[bool]) {
    // Of what each temporary is a copy, and how often that was set before.
    let (mut copies, mut sets) = (vec![None; is_temporary.len()], vec![0_u32; is_temporary.len()]);
    // Of what the topmost operands are copies, if of anything; what is below is not known.
    let mut operands: Vec<Option<(u32, u32)>> = Vec::new();
    for (instr, &is_label) in source.instrs.iter_mut().zip(&source.is_label) {
        if is_label {
            operands.clear();
        }
        match *instr {
            Instr::Nop => {}
            Instr::Const(..) => operands.push(None),
            Instr::Get(local) if is_temporary[local as usize] => operands.push(copies[local as usize]),
            Instr::Get(local) => operands.push(Some((local, sets[local as usize]))),
            Instr::Set(local) => {
                let copy = operands.pop().flatten();
                if is_temporary[local as usize] {
                    copies[local as usize] = copy;
                } else if copy == Some((local, sets[local as usize])) {
                    *instr = Instr::SetSame(local);
                } else {
                    sets[local as usize] += 1;
                }
            }
            Instr::Tee(local) if operands.last() == Some(&Some((local, sets[local as usize]))) => {
                *instr = Instr::Keep(local);
            }
            Instr::Tee(local) => {
                sets[local as usize] += 1;
                operands.pop();
                operands.push(Some((local, sets[local as usize])));
            }
            _ => operands.clear(),
        }
    }
}

/// Of each word of the locals, of which `params` are parameters', whether it is a temporary's.
pub(super) fn temporaries(source: &Source, params: usize) -> Vec<bool> {
    const NOWHERE: u32 = u32::MAX;
    let mut is_temporary = vec![true; source.locals.len()];
    is_temporary[..params].fill(false);
    let (mut set_in, mut line) = (vec![NOWHERE; source.locals.len()], 0);
    for (pc, &instr) in source.instrs.iter().enumerate() {
        line += u32::from(source.is_label[pc]);
        match instr {
            Instr::Set(word) => {
                for word in source.words_of(word) {
                    is_temporary[word] &= set_in[word] == NOWHERE;
                    set_in[word] = line;
                }
            }
            Instr::Get(word) => {
                for word in source.words_of(word) {
                    is_temporary[word] &= set_in[word] == line;
                }
            }
            Instr::Tee(word) | Instr::Keep(word) | Instr::SetSame(word) => {
                is_temporary[source.words_of(word)].fill(false)
            }
            Instr::Nop
            | Instr::Drop
            | Instr::Select
            | Instr::GlobalGet(..)
            | Instr::GlobalSet(_)
            | Instr::Const(..)
            | Instr::Vector(_)
            | Instr::Numeric(_)
            | Instr::Load(..)
            | Instr::Store(..) => {}
            _ => line += 1,
        }
    }
    is_temporary
}
