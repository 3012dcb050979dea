//! Which locals some way through the source reads before it sets them: these the code has to zero, no others.
//!
//! The source says so by itself, for it is not lowering's word that is to be taken. Its instructions are walked once, in order:
//! a set of locals goes along each branch forward and to each handler behind, and none along branches back, which come from where as many are set.

use super::source::{Instr, Pc, Scope, Source};
use std::cmp::Reverse;
use std::collections::HashMap;

/// A set of words of locals.
#[derive(Debug, Clone)]
struct Words(Vec<u64>);

impl Words {
    fn contains(&self, word: usize) -> bool {
        self.0[word / 64] >> (word % 64) & 1 != 0
    }

    fn insert(&mut self, word: usize) {
        self.0[word / 64] |= 1 << (word % 64);
    }
}

/// Of each word of the locals, of which `params` are parameters', whether the function may read it before it sets it. `None` if
/// that takes more than `steps`.
pub(super) fn read_first(source: &Source, params: usize, mut steps: u64) -> Option<Vec<bool>> {
    let mut read = vec![false; source.locals.len()];
    if source.locals.len() == params {
        return Some(read);
    }
    let mut words = Words(vec![0; source.locals.len().div_ceil(64)]);
    (0..params).for_each(|word| words.insert(word));
    let cost = words.0.len() as u64;
    let mut set = Some(words);
    // What comes to instructions by branches.
    let mut coming: HashMap<Pc, Words> = HashMap::new();
    // What comes to clauses, by their scopes; and these in the order in which they end, inner ones first.
    let mut thrown: HashMap<u32, Words> = HashMap::new();
    let mut ends: Vec<(Pc, Reverse<u32>)> =
        (0..).zip(&source.scopes).map(|(at, scope)| (scope.end, Reverse(at))).collect();
    ends.sort_unstable();
    let mut ends = ends.into_iter().peekable();
    for (pc, &instr) in (0..).zip(&source.instrs) {
        while let Some((_, Reverse(scope))) = ends.next_if(|&(end, _)| end <= pc) {
            let Some(words) = thrown.remove(&scope) else { continue };
            let Scope { outer, ref clauses, .. } = source.scopes[scope as usize];
            for to in clauses.iter().map(|clause| source.labels[clause.label as usize].pc).filter(|&to| to >= pc) {
                steps = steps.checked_sub(cost)?;
                let met = meet(coming.remove(&to), &words);
                coming.insert(to, met);
            }
            if let Some(outer) = outer {
                steps = steps.checked_sub(cost)?;
                let met = meet(thrown.remove(&outer), &words);
                thrown.insert(outer, met);
            }
        }
        if let Some(other) = coming.remove(&pc) {
            set = Some(meet(set, &other));
        }
        let Some(words) = &mut set else { continue };
        let mut targets = match instr {
            Instr::If { otherwise, .. } => vec![otherwise],
            Instr::Jump(to) => vec![to],
            Instr::Br(label) | Instr::BrIf(label) => vec![source.labels[label as usize].pc],
            Instr::BrTable(first, count) => {
                source.labels[first as usize..][..count as usize].iter().map(|label| label.pc).collect()
            }
            _ => Vec::new(),
        };
        if let Some(scope) = source.covered[pc as usize]
            && instr.may_throw()
        {
            steps = steps.checked_sub(cost)?;
            let met = meet(thrown.remove(&scope), words);
            thrown.insert(scope, met);
        }
        targets.sort_unstable();
        targets.dedup();
        for to in targets.into_iter().filter(|&to| to > pc) {
            steps = steps.checked_sub(cost)?;
            let met = meet(coming.remove(&to), words);
            coming.insert(to, met);
        }
        match instr {
            Instr::Get(word) => source.words_of(word).for_each(|word| read[word] |= !words.contains(word)),
            Instr::Set(word) | Instr::Tee(word) => source.words_of(word).for_each(|word| words.insert(word)),
            Instr::Jump(_)
            | Instr::Br(_)
            | Instr::BrTable(..)
            | Instr::Return
            | Instr::Unreachable
            | Instr::ReturnCall(..)
            | Instr::ReturnCallIndirect(..)
            | Instr::ReturnCallRef(_)
            | Instr::Throw(..)
            | Instr::ThrowRef
            | Instr::Rethrow(_) => set = None,
            _ => {}
        }
    }
    Some(read)
}

/// What is set on one way and on the other.
fn meet(one: Option<Words>, other: &Words) -> Words {
    match one {
        Some(mut one) => {
            one.0.iter_mut().zip(&other.0).for_each(|(one, other)| *one &= other);
            one
        }
        None => other.clone(),
    }
}
