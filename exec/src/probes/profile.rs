//! Counts dispatches under the portable loop: which cells follow which, what the lists in [`crate::shapes`] are chosen by;
//! and of each cell by itself, for those who ask where a program spends them.
//!
//! If the environment names a file in `PIRN_COVERAGE`, the signatures of the handlers that a process executes are appended
//! to it, a line each, in hexadecimal: see CONTRIBUTING.md on which handlers are never executed.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::{LazyLock, Mutex};

#[derive(Default)]
struct Counts {
    last: usize,
    pairs: HashMap<(usize, usize), u64>,
    /// By the cell's address.
    cells: HashMap<usize, u64>,
}

thread_local! {
    static COUNTS: RefCell<Counts> = RefCell::default();
}

/// Counts one dispatch: of the cell at this address, which has this handler.
pub(crate) fn count(cell: usize, handler: usize) {
    COUNTS.with_borrow_mut(|counts| {
        *counts.cells.entry(cell).or_default() += 1;
        let count = counts.pairs.entry((counts.last, handler)).or_default();
        *count += 1;
        if *count == 1 {
            cover(handler);
        }
        counts.last = handler;
    });
}

/// Notes that a handler is executed. Handlers of the same machine code may be one: then all of their shapes are.
fn cover(handler: usize) {
    static SEEN: LazyLock<Option<Mutex<Coverage>>> = LazyLock::new(|| {
        let path = std::env::var_os("PIRN_COVERAGE")?;
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path).expect("PIRN_COVERAGE is writable");
        Some(Mutex::new(Coverage { file, seen: HashSet::new(), sigs: crate::shapes::lookup::sigs() }))
    });
    let Some(coverage) = &*SEEN else { return };
    let mut coverage = coverage.lock().expect("nothing panics with the lock held");
    if coverage.seen.insert(handler) {
        // In one write, for other processes append as well.
        let lines: String =
            coverage.sigs.get(&handler).into_iter().flatten().map(|sig| format!("{sig:016x}\n")).collect();
        coverage.file.write_all(lines.as_bytes()).expect("PIRN_COVERAGE is writable");
    }
}

struct Coverage {
    file: std::fs::File,
    seen: HashSet<usize>,
    sigs: HashMap<usize, Vec<pirn_decode::sig::Sig>>,
}

/// How often which cell followed which on this thread so far: names of the two shapes, and the count, most frequent
/// first.
pub fn pairs() -> Vec<(String, String, u64)> {
    let names = crate::shapes::lookup::names();
    let name = |handler: usize| names.get(&handler).map_or_else(|| "other".to_owned(), |&name| short(name));
    let mut pairs: Vec<_> = COUNTS.with_borrow(|counts| {
        counts.pairs.iter().map(|(&(first, second), &count)| (name(first), name(second), count)).collect()
    });
    pairs.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.cmp(b)));
    pairs
}

/// How often each cell was dispatched on this thread so far, by address.
pub fn cells() -> Vec<(usize, u64)> {
    COUNTS.with_borrow(|counts| counts.cells.iter().map(|(&cell, &count)| (cell, count)).collect())
}

/// A type's name without its paths.
fn short(name: &str) -> String {
    let mut short = String::new();
    for part in name.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}
