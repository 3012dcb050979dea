//! What is in an instance, in the terms in which modules are written.

use anyhow::{Result, ensure};
use wasm_encoder::ConstExpr;

/// How many there are of what a module has, imported ones among them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub funcs: u32,
    pub tables: u32,
    pub memories: u32,
    pub globals: u32,
    /// Segments that keep their numbers, and those of elements that declare functions.
    pub data: usize,
    pub elements: usize,
}

/// What is in an instance.
#[derive(Debug)]
pub struct State {
    /// By index.
    pub memories: Vec<MemoryState>,
    pub tables: Vec<TableState>,
    /// Expressions that give the values; none for a null.
    pub globals: Vec<Option<ConstExpr>>,
    /// Which data segments, and which element segments, are dropped.
    pub data_dropped: Vec<bool>,
    pub elements_dropped: Vec<bool>,
}

/// A memory.
#[derive(Debug)]
pub struct MemoryState {
    pub pages: u64,
    /// What is not zero of it, and where.
    pub runs: Runs<u8>,
}

/// A table.
#[derive(Debug)]
pub struct TableState {
    pub size: u64,
    /// Functions, by number, and where they are. Nulls are among them where two runs became one.
    pub runs: Runs<Option<u32>>,
}

/// What is in a memory or table from somewhere on, which a segment is written for: in order, and with something between them.
pub type Runs<T> = Vec<(u64, Vec<T>)>;

/// Most segments of data that engines take, and of elements (as browsers do).
const MOST_SEGMENTS: usize = 100_000;

/// Has as many runs as there is room for beside `kept` other segments: those that are nearest to each other become one, with `filler`
/// between them. What is `gap` apart takes no more than two segments would, or little.
///
/// # Errors
/// There is no room for one for each memory or table.
pub fn merge<T: Clone>(mut all: Vec<&mut Runs<T>>, kept: usize, filler: &T, mut gap: u64) -> Result<()> {
    while all.iter().map(|runs| runs.len()).sum::<usize>() + kept > MOST_SEGMENTS {
        ensure!(
            all.iter().any(|runs| runs.len() > 1),
            "its code refers to {kept} segments, and modules have at most {MOST_SEGMENTS}: there is no room for what is in it"
        );
        for runs in &mut all {
            let mut merged: Runs<T> = Vec::new();
            for (start, run) in std::mem::take(*runs) {
                match merged.last_mut() {
                    Some((first, before)) if start - (*first + before.len() as u64) <= gap => {
                        before.resize((start - *first) as usize, filler.clone());
                        before.extend(run);
                    }
                    _ => merged.push((start, run)),
                }
            }
            **runs = merged;
        }
        gap = gap.saturating_mul(2);
    }
    Ok(())
}

/// The name under which something is exported.
pub fn name(prefix: &str, kind: &str, index: u32) -> String {
    format!("{prefix}{kind}{index}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_runs_become_one_until_there_is_room() {
        let runs = || vec![(0, vec![1]), (2, vec![2]), (100, vec![3]), (110, vec![4, 5])];
        let merged = |kept: usize| {
            let (mut one, mut other) = (runs(), vec![(7, vec![6])]);
            merge(vec![&mut one, &mut other, &mut Runs::new()], MOST_SEGMENTS - kept, &0, 1).map(|()| (one, other))
        };
        let other = vec![(7, vec![6])];
        assert_eq!(merged(5).unwrap(), (runs(), other.clone()));
        let expected = vec![(0, vec![1, 0, 2]), (100, vec![3]), (110, vec![4, 5])];
        assert_eq!(merged(4).unwrap(), (expected, other.clone()));
        let expected = vec![(0, vec![1, 0, 2]), (100, [&[3][..], &[0; 9], &[4, 5]].concat())];
        assert_eq!(merged(3).unwrap(), (expected, other));
        assert_eq!(merged(2).unwrap().0[0].1.len(), 112);
        assert!(merged(1).is_err());
    }
}
