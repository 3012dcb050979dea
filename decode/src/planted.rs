//! Mistakes on purpose in what collects, casts and catches, to see whether tests find them: `oracle/object-mutants.sh` tries each.
//!
//! With the feature `mutants`, the environment variable `PIRN_OBJECT_MUTANT` chooses one by its number; without the feature nothing of
//! them is compiled. Each stands where somebody might make it, in `pirn-exec`, in `pirn-link`, and in this crate. Those of lowering are
//! in `lower/mutants.rs`, those of handlers in `pirn-exec`.

/// Each mistake: what is done wrong.
#[cfg(feature = "mutants")]
const MUTANTS: [&str; 48] = [
    "a value of the embedder is not marked",
    "the last word of a stack is not marked",
    "the first reference of an object is not followed",
    "the last element of an array is not marked",
    "elements of an array beyond the first 4096 are not marked",
    "fields beyond the first 64 words are not marked",
    "what an accumulator holds is no root",
    "the pending exception is no root",
    "stacks that wait for another are no roots",
    "executions that stand still are no roots",
    "an execution that stands still loses what its accumulator holds",
    "globals are no roots",
    "tables are no roots",
    "element segments are no roots",
    "what the embedder rooted is no root",
    "what the embedder rooted for as long as it likes is no root",
    "objects in the last part of a block are freed though they are marked",
    "large objects are freed though they are marked",
    "a display lacks the type that is furthest up",
    "a display has what is above a type, and not the type itself",
    "a reference far into a struct is not known as one",
    "null is cast as if it could not be",
    "a cast asks for the type above",
    "the last reference found in an object is marked and not followed",
    "a function is of its own type only",
    "a function is of every type",
    "an array is a struct",
    "a value of the embedder can be compared",
    "an integer of 31 bits is not one that can be compared",
    "only the innermost scope is asked",
    "the innermost scope is not asked",
    "the first clause of a scope is not asked",
    "tags of one type are one tag",
    "a clause for a tag catches what has none of its values, too",
    "the last value of an exception is not given to the handler",
    "a handler that asks for it does not get the exception",
    "a handler in another instance runs in that of who threw",
    "what was caught from the host stays pending",
    "an exception that a host function throws is not caught",
    "what a reference referred to that is overwritten while marking is under way is not kept",
    "references that an instruction on many elements overwrites meanwhile are not kept",
    "a large object that is made meanwhile does not count as marked",
    "small objects that are made meanwhile do not count as marked",
    "a reference that the embedder overwrites meanwhile is not kept",
    "a value of the embedder that is new meanwhile does not count as marked",
    "objects that were free when marking began do not count as marked when they are made",
    "what a copied call refers to is not kept meanwhile",
    "a value of the embedder that is asked for in a copy of its store is not kept meanwhile",
];

/// Which of these mistakes an environment variable chooses by its number; 0 if it is not set.
#[cfg(feature = "mutants")]
pub(crate) fn chosen(variable: &str, mutants: &[&str]) -> usize {
    let Some(chosen) = std::env::var(variable).ok().and_then(|number| number.parse().ok()) else { return 0 };
    let what = mutants.get(usize::wrapping_sub(chosen, 1)).expect("a mutant's number");
    eprintln!("mutant: {what}");
    chosen
}

/// Whether the mistake of this number, the first one being 1, is to be made.
#[cfg(feature = "mutants")]
pub fn planted(number: usize) -> bool {
    use std::sync::LazyLock;
    static CHOSEN: LazyLock<usize> = LazyLock::new(|| chosen("PIRN_OBJECT_MUTANT", &MUTANTS));
    *CHOSEN == number
}

/// Whether the mistake of this number is to be made: none is.
#[cfg(not(feature = "mutants"))]
#[inline(always)]
pub const fn planted(_number: usize) -> bool {
    false
}
