//! Counts of dispatches, by address: the portable loop adds to them, [`crate::profile`] gives them names.
//!
//! If the environment names a file in `PIRN_COVERAGE`, the signatures of the handlers that a process executes are
//! appended to it, a line each, in hexadecimal: see CONTRIBUTING.md on which handlers are never executed.

use pirn_decode::sig::Sig;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::{Mutex, OnceLock};

/// What was dispatched on one thread.
#[derive(Default)]
pub(crate) struct Counts {
    last: usize,
    /// By the addresses of two handlers, one after the other.
    pub(crate) pairs: HashMap<(usize, usize), u64>,
    /// By the cell's address.
    pub(crate) cells: HashMap<usize, u64>,
}

thread_local! {
    static COUNTS: RefCell<Counts> = RefCell::default();
}

/// What was dispatched on this thread so far.
pub(crate) fn with<R>(look: impl FnOnce(&Counts) -> R) -> R {
    COUNTS.with_borrow(look)
}

/// Counts one dispatch: of the cell at this address, which has this handler.
pub(crate) fn count(cell: usize, handler: usize) {
    COUNTS.with_borrow_mut(|counts| {
        *counts.cells.entry(cell).or_default() += 1;
        let count = counts.pairs.entry((counts.last, handler)).or_default();
        *count += 1;
        if *count == 1 {
            executed(handler);
        }
        counts.last = handler;
    });
}

struct Coverage {
    file: std::fs::File,
    seen: HashSet<usize>,
    sigs: HashMap<usize, Vec<Sig>>,
}

static COVERAGE: OnceLock<Mutex<Coverage>> = OnceLock::new();

/// Begins to note which of these handlers, addresses with signatures, are executed, if the environment asks for it.
///
/// # Panics
/// The file that it names cannot be written to.
pub(crate) fn cover(handlers: impl Iterator<Item = (usize, Sig)>) {
    let Some(path) = std::env::var_os("PIRN_COVERAGE") else { return };
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path).expect("PIRN_COVERAGE is writable");
    // Handlers of the same machine code may be one: then all of their shapes are executed.
    let mut sigs = HashMap::<usize, Vec<Sig>>::new();
    handlers.for_each(|(handler, sig)| sigs.entry(handler).or_default().push(sig));
    COVERAGE.get_or_init(|| Mutex::new(Coverage { file, seen: HashSet::new(), sigs }));
}

/// Notes that a handler is executed.
fn executed(handler: usize) {
    let Some(coverage) = COVERAGE.get() else { return };
    let mut coverage = coverage.lock().expect("nothing panics with the lock held");
    if coverage.seen.insert(handler) {
        // In one write, for other processes append as well.
        let lines: String =
            coverage.sigs.get(&handler).into_iter().flatten().map(|sig| format!("{sig:016x}\n")).collect();
        coverage.file.write_all(lines.as_bytes()).expect("PIRN_COVERAGE is writable");
    }
}
