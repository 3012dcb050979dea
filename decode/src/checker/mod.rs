//! Checks finished threaded code: that it does what the function's body says, whatever lowering did to get there.
//!
//! ```text
//! source: the validated body, read anew        target: cells with the shapes of their handlers
//!      symbolic values, by the specification        symbolic values, by what the shapes mean
//!                     \                               /
//!                      the same events in the same order
//! ```
//!
//! An *event* is what can be seen from outside, or chooses a way: a store, a `global.set`, a call with its arguments, an
//! operator that may trap, a branch's condition, a return with its results, fuel. Both sides are executed in step, from
//! one event to the next, on values that are expressions (`value`); the events must be the same, in the same order, with
//! the same values. What lies between events each side may do as it likes. Nothing is run, so one walk holds for all
//! inputs.
//!
//! Where ways meet, what both sides know is thrown away, but for which slots and accumulators hold which place of the
//! source (`join`); this is repeated until nothing changes. Peeled and inverted loops, returns that were copied, and
//! loops in one cell are other pairs of places, and need no rules. An `if` that became a selection does: nothing may
//! happen in its arms, which are both executed (`interpret`).
//!
//! A vector is the pair of its halves, each of which lies in a word of its own (`value`). All that moves or keeps values
//! (slots, places, joins) knows words alone, so half a vector that is overwritten or left behind needs no rules either.
//!
//! So lowering is free in where it keeps values and when it computes them, and the checker has no opinion on it: it
//! knows the frame's layout, shapes, and the specification. regalloc2's checker is the model.
//!
//! What calls or throws has a way besides to each clause that may catch what comes of it, on both sides, and these are followed, too
//! (`exceptions`).
//!
//! A check takes time and memory linear in the body, but for bodies made to be hard, which are given up after a number
//! of steps that is linear ([`Verdict::TooHard`]).

mod code;
mod event;
mod exceptions;
mod execute;
mod geometry;
mod interpret;
mod join;
mod lockstep;
mod mistake;
mod objects;
mod operators;
mod read;
mod read_first;
mod shuffles;
mod source;
mod stacks;
mod state;
mod temporaries;
#[cfg(test)]
mod tests;
mod value;
mod walk;

pub use mistake::Mistake;

use crate::layout::{CodeHead, InstanceLayout};
use crate::lower::{Arena, Code, Lowering, Options, Target, Tile};
use crate::shape::Shape;
use crate::sig::Sig;
use crate::{Error, FuncIdx, Module, TypeId};
use std::collections::HashMap;
use walk::{About, Attempt, Walk};

/// What a check found out, if no mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The code does what the source says.
    Right,
    /// Nobody knows: it would take too long.
    TooHard,
}

/// Lowers with signatures in place of handlers' addresses, which may stand for several shapes.
#[derive(Debug)]
struct Signatures<'a, T>(&'a T);

impl<T: Target> Target for Signatures<'_, T> {
    fn tile(&self, sig: Sig) -> Option<Tile> {
        self.0.tile(sig).map(|_| Tile { handler: sig })
    }
}

/// Checks functions of one module.
#[derive(Debug)]
pub struct Checker<'a, T> {
    module: &'a Module,
    type_ids: &'a [TypeId],
    options: Options,
    target: Signatures<'a, T>,
    shape: fn(Sig) -> Option<&'static Shape>,
}

impl<'a, T: Target> Checker<'a, T> {
    /// For code that is lowered for `target`, whose handlers' shapes `shape` gives. `type_ids` are the ids of the module's
    /// types in an engine: equal types have equal ones.
    pub fn new(
        module: &'a Module,
        type_ids: &'a [TypeId],
        options: Options,
        target: &'a T,
        shape: fn(Sig) -> Option<&'static Shape>,
    ) -> Self {
        Self { module, type_ids, options, target: Signatures(target), shape }
    }

    /// Lowers function `funcidx`, which is not an imported one, and checks what comes of it.
    ///
    /// # Errors
    /// The code is wrong: a mistake in lowering, in a shape, or in the checker. Those of [`Lowering::lower`] count as
    /// [`Verdict::TooHard`].
    ///
    /// # Panics
    /// As [`Lowering::lower`].
    pub fn function(&self, funcidx: FuncIdx) -> Result<Verdict, Mistake> {
        let mut arena = Arena::new();
        let mut lowering = Lowering::new(self.module, self.type_ids, self.options, &self.target, &mut arena);
        match lowering.lower(funcidx) {
            Ok(code) => self.code(funcidx, &code),
            Err(_) => Ok(Verdict::TooHard),
        }
    }

    /// Checks code of function `funcidx`, in which signatures stand for handlers.
    ///
    /// # Errors
    /// The code is wrong.
    ///
    /// # Panics
    /// The module has no such function, or it is imported.
    pub fn code(&self, funcidx: FuncIdx, code: &Code) -> Result<Verdict, Mistake> {
        match self.walk(funcidx, code) {
            Ok(()) => Ok(Verdict::Right),
            Err(mistake) if mistake.gave_up => Ok(Verdict::TooHard),
            Err(mistake) => Err(Mistake { funcidx, ..mistake }),
        }
    }

    fn walk(&self, funcidx: FuncIdx, code: &Code) -> Result<(), Mistake> {
        let unreadable = |error: Error| Mistake::of_cell(0, error.to_string());
        let layout = InstanceLayout::of(self.module);
        let [first, second, ..] = *code.words() else {
            return Err(Mistake::of_cell(0, "there is no code".into()));
        };
        let mut result = Ok(());
        // The first mistake is the one to tell of.
        for attempt in Attempt::all() {
            let source = read::read(self.module, layout, funcidx, self.options).map_err(unreadable)?;
            let base = code.words().as_ptr().addr() as u64;
            let target = code::Target::read(code, base, self.shape, self.options.epochs)?;
            let head = self.head(funcidx, [first, second])?;
            let about =
                About { module: self.module, layout, type_ids: self.type_ids, ty: self.module.func_type(funcidx) };
            let mut walk = Walk::new(about, source, target, head, attempt);
            match walk.run() {
                Ok(()) => return Ok(()),
                Err(mistake) if mistake.gave_up => return Err(mistake),
                Err(mistake) => result = result.and(Err(mistake)),
            }
        }
        result
    }

    /// The head of the code, if it is the function's.
    fn head(&self, funcidx: FuncIdx, words: [u64; CodeHead::WORDS]) -> Result<CodeHead, Mistake> {
        let type_id = self.type_ids[self.module.typeidx(funcidx).index()];
        let expected = CodeHead::new(funcidx, self.module.func_type(funcidx), type_id);
        let CodeHead { frame_bytes, .. } = CodeHead::of_words(words);
        let head = CodeHead { frame_bytes, ..expected };
        if head.words() != words || frame_bytes < expected.frame_bytes || frame_bytes % 8 != 0 {
            return Err(Mistake::of_cell(0, format!("the head is not {expected:?}")));
        }
        Ok(head)
    }
}

/// Ids for the types of a module that no engine has seen: the typeidx of the first of equal types.
pub fn type_ids(module: &Module) -> Vec<TypeId> {
    let mut first = HashMap::new();
    module.types.iter().zip((0..).map(TypeId)).map(|(ty, id)| *first.entry(ty).or_insert(id)).collect()
}

/// The locals that function `funcidx` may read before it sets them, by their first words.
#[cfg(test)]
pub(crate) fn read_first(module: &Module, funcidx: crate::FuncIdx) -> Vec<u32> {
    let source = read::read(module, InstanceLayout::of(module), funcidx, Options::default()).expect("it is valid");
    let params = module.func_type(funcidx).param_words();
    let read = read_first::read_first(&source, params, u64::MAX).expect("nobody counts");
    (0..).zip(read).filter_map(|(word, read)| read.then_some(word)).collect()
}
