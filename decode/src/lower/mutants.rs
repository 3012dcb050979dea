//! Mistakes on purpose, to see whether the checker and the driver find them: `oracle/lowering-mutants.sh` tries each.
//!
//! With the feature `mutants`, the environment variable `PIRN_LOWERING_MUTANT` chooses one by its number; without the feature
//! nothing of them is compiled. Each stands where somebody might make it.

/// Each mistake: what lowering does wrong.
#[cfg(feature = "mutants")]
pub const MUTANTS: [&str; 59] = [
    "a local is set while a tree that reads it waits",
    "a store comes before loads that waited",
    "a global is set while a tree that reads it waits",
    "a call does not spill what it may change",
    "an accumulator is overwritten while a tree holds it",
    "what may trap below is not evaluated before an accumulator is taken over",
    "a slot is written that a tree below reads",
    "writing a slot leaves the other accumulator mirroring it",
    "an accumulator is believed to mirror a slot after a call",
    "accumulators are believed to mirror slots behind a label",
    "operands are swapped and the comparison is not",
    "a branch on a negated comparison keeps the comparison",
    "values are moved from the last to the first",
    "a return of several values copies from a slot too low",
    "undoing leaves the handler of what was joined",
    "a peeled loop is kept though it ends with other mirrors",
    "a rotated loop's test is not negated",
    "the arms of a selection are swapped",
    "a tail call's arguments overwrite what later ones read",
    "a branch table's values are not moved",
    "a statement joins one before a label",
    "a load in a part of a tree that reads an accumulator loses its static offset",
    "a dropped value's trap is lost",
    "an `if` with an arm that may trap becomes a selection",
    "spilling a vector writes a second slot that a tree below reads",
    "the second slot of a vector is no part of what a tree is known to reach",
    "writing the second half of a vector leaves its accumulator mirroring it",
    "writing a vector leaves the other accumulator mirroring its second slot",
    "the upper entry of a vector is moved as if it were a value",
    "what is returned behind a vector is copied from a slot too low",
    "a lane is loaded before its vector is evaluated",
    "trees are believed not to read the second half of a vector",
    "an accumulator is read as another class than it mirrors",
    "a shuffle that reads its second operand only takes no lane of it",
    "the trap of an operand that a shuffle does not read is lost",
    "the high half of an integer of 128 bits is written to a local that a tree below reads",
    "an instruction takes the high half of an integer of 128 bits that still waits",
    "an accumulator is believed to mirror the slot of the high half of what it has the low half of",
    "an index of a table is made shorter after what stands above it is evaluated",
    "the static offset of a far access loses its upper half",
    "a static offset beyond 32 bits is near",
    "a far access looks at memory 0",
    "an index of a 64-bit table is wrapped",
    "the size of a copy between widths is paid for by the wrong width",
    "memories whose pages have one byte are near",
    "a copy between two memories goes the other way",
    "a local is believed set behind a label that one of the branches there brings it to",
    "a local is believed set behind an `if` without a second arm that sets it",
    "an exception's values come to the slot above theirs",
    "a reference to an exception comes to the slot of its values",
    "the last clause of a scope is asked first",
    "a local is believed set where an exception leads that is thrown before",
    "a handler at the beginning of a loop does not ask for the epoch",
    "`throw` is covered by nothing",
    "operands wait where a `try` begins",
    "a handler is covered by its own `try`",
    "a `delegate` is to the block inside the one that it names",
    "accumulators are believed to mirror slots where a `catch` begins",
    "what was set to a temporary is evaluated behind what is newer",
];

/// Whether the mistake of this number, the first one being 1, is to be made.
#[cfg(feature = "mutants")]
pub(super) fn is_chosen(number: usize) -> bool {
    use std::sync::LazyLock;
    static CHOSEN: LazyLock<usize> = LazyLock::new(|| crate::planted::chosen("PIRN_LOWERING_MUTANT", &MUTANTS));
    *CHOSEN == number
}

/// Whether the mistake of this number is to be made.
macro_rules! mutant {
    ($number:literal) => {{
        #[cfg(feature = "mutants")]
        let is_chosen = $crate::lower::mutants::is_chosen($number);
        #[cfg(not(feature = "mutants"))]
        let is_chosen = false;
        is_chosen
    }};
}
pub(super) use mutant;
