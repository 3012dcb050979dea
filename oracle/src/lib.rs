//! Differential testing of pirn against wasmi, which shares none of its code but the parser of the binary format.
//!
//! A seed makes a [`program::Program`]: modules that import from each other, with arguments to call their exports with.
//! Three generators make them: [`smith`] (wasm-smith: every corner of the format), and [`generate`] for one module and
//! for groups (functions rich in expressions, where the order of evaluation matters). Each program runs on the oracle
//! and on pirn in every [`on_pirn::Mode`]; what can be seen of it ([`outcome::Outcome`]) must be the same: results, traps,
//! calls of host functions, globals after each call, memories and tables at the end.
//!
//! The oracle is wasmi 2.0; where it differs from pirn, wasmi 1.0 (another translator) is asked as well, for the oracle
//! has bugs of its own, which are counted and not reported.
//!
//! NaNs count as one value. The generators see to it that the bits of a NaN the specification leaves open never reach
//! an integer; see [`generate`].
//!
//! The driver: `cargo run --release -p pirn-oracle -- --seeds A..B`.

#![forbid(unsafe_code)]

pub mod generate;
pub mod on_pirn;
pub mod on_wasmi;
pub mod outcome;
pub mod program;
pub mod rng;
pub mod shrink;
pub mod smith;

use on_pirn::Mode;
use on_wasmi::v2::Oracle;
use outcome::Outcome;
use program::Program;

/// Which generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// wasm-smith.
    Smith,
    /// One module rich in expressions.
    Expressions,
    /// Several of them, importing from each other.
    Group,
}

impl Kind {
    /// Every generator.
    pub const ALL: [Self; 3] = [Self::Smith, Self::Expressions, Self::Group];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smith => "smith",
            Self::Expressions => "expr",
            Self::Group => "group",
        }
    }
}

/// Two outcomes that differ.
#[derive(Debug)]
pub struct Mismatch {
    /// How pirn ran.
    pub mode: Mode,
    /// Number of the first event that differs.
    pub at: usize,
    /// The oracle's outcome.
    pub expected: Outcome,
    /// The arbiter's, which is not pirn's either.
    pub second: Outcome,
    /// pirn's.
    pub found: Outcome,
}

/// How a program fared.
#[derive(Debug)]
pub enum Verdict {
    /// The same everywhere.
    Same {
        /// Whether the comparison had to stop where engines may differ.
        cut: bool,
        /// Whether the oracle was wrong: the arbiter saw what pirn saw.
        overruled: bool,
        /// How many calls returned.
        returned: usize,
        /// How many trapped.
        trapped: usize,
    },
    /// No program: the oracle refuses it.
    Invalid,
    /// Not the same.
    Different(Box<Mismatch>),
}

/// Runs a program on the oracle, and on pirn in each of `modes`. `fuel` bounds the oracle's instructions (0: no bound);
/// nothing is compared from where they run out.
pub fn check(program: &Program, modes: &[Mode], fuel: u64) -> Verdict {
    let oracle = Oracle::new(program, fuel);
    if !oracle.is_valid() {
        return Verdict::Invalid;
    }
    let calls = program::plan(program, &oracle.exports());
    let expected = oracle.run(program, &calls);
    if fuel != 0 && expected.is_cut() {
        return Verdict::Invalid;
    }
    let mut arbiter = None;
    for &mode in modes {
        let found = on_pirn::run(program, &calls, mode);
        if found.unconfirmed(&expected, &expected).is_none() {
            continue;
        }
        // wasmi 2 has bugs of its own, and so has wasmi 1; hardly ever the same. What either saw too is right.
        let second = arbiter.get_or_insert_with(|| on_wasmi::v1::Oracle::new(program, fuel).run(program, &calls));
        if let Some(at) = found.unconfirmed(&expected, second) {
            let second = second.clone();
            return Verdict::Different(Box::new(Mismatch { mode, at, expected, second, found }));
        }
    }
    let count = |is: fn(&outcome::Event) -> bool| expected.events.iter().filter(|event| is(event)).count();
    Verdict::Same {
        cut: expected.is_cut(),
        overruled: arbiter.is_some(),
        returned: count(|event| matches!(event, outcome::Event::Returned(_))),
        trapped: count(|event| matches!(event, outcome::Event::Trapped(_))),
    }
}
