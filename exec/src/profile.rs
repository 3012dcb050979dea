//! Counts which cells follow which, under the portable loop: what the lists in [`crate::shapes`] are chosen by.

use std::cell::RefCell;
use std::collections::HashMap;

#[derive(Default)]
struct Counts {
    last: usize,
    pairs: HashMap<(usize, usize), u64>,
}

thread_local! {
    static COUNTS: RefCell<Counts> = RefCell::default();
}

/// Counts one dispatch.
pub(crate) fn count(handler: usize) {
    COUNTS.with_borrow_mut(|counts| {
        *counts.pairs.entry((counts.last, handler)).or_default() += 1;
        counts.last = handler;
    });
}

/// How often which cell followed which on this thread so far: names of the two shapes, and the count, most frequent
/// first.
pub fn pairs() -> Vec<(String, String, u64)> {
    let names = crate::handlers::names();
    let name = |handler: usize| names.get(&handler).map_or_else(|| "other".to_owned(), |&name| short(name));
    let mut pairs: Vec<_> = COUNTS.with_borrow(|counts| {
        counts.pairs.iter().map(|(&(first, second), &count)| (name(first), name(second), count)).collect()
    });
    pairs.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.cmp(b)));
    pairs
}

/// A type's name without its paths.
fn short(name: &str) -> String {
    let mut short = String::new();
    for part in name.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}
