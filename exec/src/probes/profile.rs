//! What [`crate::handlers::counts`] counted: which cells follow which, what the lists in [`crate::shapes`] are chosen
//! by; and each cell by itself, for those who ask where a program spends its dispatches.

use crate::handlers::counts;
use crate::shapes::entries;
use std::collections::HashMap;

/// How often which cell followed which on this thread so far: names of the two shapes, and the count, most frequent
/// first.
pub fn pairs() -> Vec<(String, String, u64)> {
    let names: HashMap<usize, &str> =
        entries().into_iter().map(|entry| (entry.handler() as usize, (entry.name)())).collect();
    let name = |handler: usize| names.get(&handler).map_or_else(|| "other".to_owned(), |&name| short(name));
    let mut pairs: Vec<_> = counts::with(|counts| {
        counts.pairs.iter().map(|(&(first, second), &count)| (name(first), name(second), count)).collect()
    });
    pairs.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.cmp(b)));
    pairs
}

/// How often each cell was dispatched on this thread so far, by address.
pub fn cells() -> Vec<(usize, u64)> {
    counts::with(|counts| counts.cells.iter().map(|(&cell, &count)| (cell, count)).collect())
}

/// A type's name without its paths.
fn short(name: &str) -> String {
    let mut short = String::new();
    for part in name.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}
