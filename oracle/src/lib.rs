//! Differential testing of pirn against engines that share none of its code but the parser of the binary format.
//!
//! A seed makes a [`program::Program`]: modules that import from each other, with arguments to call their exports with.
//! [`smith`] makes them with wasm-smith (every corner of the format), and [`generate`] in seven kinds: one module or several
//! rich in expressions, where the order of evaluation matters; loops over many locals, and short ones that have handlers; modules that import from each other
//! in circles (the oracle gets them merged into one module); the trees the machine has handlers for, written back; traps several
//! calls deep; atomic instructions. Of some of these, programs are made with several memories, 64-bit memories and tables, and pages of one byte
//! ([`generate::memories`]), which must do what the original does on pirn. [`objects`] makes programs of structs, arrays, casts and
//! exceptions, and [`smith`] modules with those; [`naive`] has programs of other kinds keep each value in a local of its own. For objects, what an object holds is compared, and in half of the modes everything that is
//! allocated begins with a collection. Each program runs on the oracle
//! and on pirn in several [`on_pirn::Mode`]s; what can be seen of it ([`outcome::Outcome`]) must be the same: results, traps,
//! values of exceptions that nothing caught, calls of host functions, globals after each call, memories and tables at the end. Against wasmtime also the backtrace of
//! each call that trapped: modules and functions of all frames, and in one of the modes offsets.
//!
//! The oracle is wasmi 2.0; where it differs from pirn, wasmi 1.0 (another translator) is asked as well, for the oracle
//! has bugs of its own, which are counted and not reported. With the feature `wasmtime`, wasmtime can be the oracle: compiling in a
//! hurry, and optimizing where that differs. Without wasmtime, pirn can be its own oracle, which finds what modes do differently.
//!
//! Modes are fusion on and off, lazy and eager lowering, in one go and resumed at fuel steps of 1, 7 and 1,000, and with
//! deadlines: never reached, passed wherever code asks, and pausing it there. The dispatcher is the build's, so the driver is
//! built twice.
//!
//! Before a program runs, the threaded code of all its functions is checked against their bodies ([`checked`]), lowered in some ways,
//! in turn.
//!
//! Of each program's modules some broken ones are made as well, which pirn must accept or refuse as wasmparser does
//! ([`broken`]).
//!
//! NaNs count as one value. The generators see to it that the bits of a NaN the specification leaves open never reach
//! an integer; see [`generate`].
//!
//! The driver: `cargo run --release -p pirn-oracle -- --seeds A..B`.

#![forbid(unsafe_code)]

pub mod broken;
pub mod checked;
pub mod coverage;
pub mod generate;
pub mod naive;
pub mod objects;
pub mod on_pirn;
pub mod on_wasmi;
#[cfg(feature = "wasmtime")]
pub mod on_wasmtime;
pub mod outcome;
pub mod program;
pub mod rng;
pub mod runner;
pub mod shrink;
pub mod smith;

use on_pirn::Mode;
use outcome::Outcome;
use program::Program;
use rng::Rng;

/// Which generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// wasm-smith.
    Smith,
    /// One module rich in expressions.
    Expressions,
    /// Several of them, importing from those before.
    Group,
    /// Functions that are mostly loops, in one module or two.
    Loops,
    /// Modules that import functions from each other in circles.
    Circles,
    /// The machine's own shapes, written back as WebAssembly.
    Shapes,
    /// Functions that trap several calls deep, in one module or several.
    Traps,
    /// Expressions with atomic instructions, mostly on a shared memory. wasmi knows none.
    Atomics,
    /// Expressions with typed references to functions. wasmi knows none.
    References,
    /// wasm-smith, with structs, arrays, exceptions and typed references. wasmi knows none.
    SmithObjects,
    /// Structs, arrays, casts and exceptions across modules. wasmi knows none.
    Objects,
    /// Programs of other kinds, written as by compilers that do not optimise. Only if it is asked for: of 14,000 of these the checker has refused one whose
    /// code is right.
    Naive,
}

impl Kind {
    /// Every generator.
    pub const ALL: [Self; 12] = [
        Self::Smith,
        Self::Expressions,
        Self::Group,
        Self::Loops,
        Self::Circles,
        Self::Shapes,
        Self::Traps,
        Self::Atomics,
        Self::References,
        Self::SmithObjects,
        Self::Objects,
        Self::Naive,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smith => "smith",
            Self::Expressions => "expr",
            Self::Group => "group",
            Self::Loops => "loop",
            Self::Circles => "circle",
            Self::Shapes => "shape",
            Self::Traps => "trap",
            Self::Atomics => "atomic",
            Self::References => "reference",
            Self::SmithObjects => "smith-object",
            Self::Objects => "object",
            Self::Naive => "naive",
        }
    }

    /// The program of a seed as trees, if this generator makes trees.
    pub fn spec(self, seed: u64) -> Option<generate::tree::ProgramSpec> {
        Some(match self {
            Self::Smith | Self::SmithObjects | Self::Objects | Self::Naive => return None,
            Self::Expressions => generate::single(seed),
            Self::Group => generate::group(seed),
            Self::Loops => generate::loops(seed),
            Self::Circles => generate::circles(seed),
            Self::Shapes => generate::shapes::program(seed),
            Self::Traps => generate::traps::program(seed),
            Self::Atomics => generate::atomics(seed),
            Self::References => generate::references(seed),
        })
    }

    /// The program of a seed, if it makes one.
    pub fn program(self, seed: u64) -> Option<Program> {
        match self {
            Self::Smith => smith::program(seed),
            Self::SmithObjects => smith::with_objects(seed),
            Self::Objects => Some(objects::program(seed)),
            Self::Naive => {
                let kinds = [Self::Smith, Self::Expressions, Self::Group, Self::Loops, Self::Shapes, Self::Traps];
                let program = kinds[(seed % kinds.len() as u64) as usize].program(seed)?;
                Some(naive::of(program, seed))
            }
            _ => self.spec(seed).map(|spec| spec.encode()),
        }
    }
}

/// Who says what is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Authority {
    /// wasmi 2, and wasmi 1 where it differs from pirn: fast.
    #[default]
    Wasmi,
    /// pirn, one operation a cell, of programs that no other engine runs which is built quickly: ways of lowering and of running them are
    /// compared with each other.
    Itself,
    /// wasmtime, compiling in a hurry, and optimizing where it differs from pirn.
    #[cfg(feature = "wasmtime")]
    Wasmtime,
}

impl Authority {
    /// Every one that was built.
    pub const ALL: &'static [Self] = &[
        Self::Wasmi,
        Self::Itself,
        #[cfg(feature = "wasmtime")]
        Self::Wasmtime,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wasmi => "wasmi",
            Self::Itself => "pirn",
            #[cfg(feature = "wasmtime")]
            Self::Wasmtime => "wasmtime",
        }
    }

    /// Whether it runs programs of a kind.
    pub fn runs(self, kind: Kind) -> bool {
        self != Self::Wasmi || !matches!(kind, Kind::Atomics | Kind::References | Kind::SmithObjects | Kind::Objects)
    }

    /// Whether it says where a trap was.
    pub fn has_backtraces(self) -> bool {
        match self {
            Self::Wasmi | Self::Itself => false,
            #[cfg(feature = "wasmtime")]
            Self::Wasmtime => true,
        }
    }

    /// What is called, and what is seen then; `None` if the program is refused. `fuel` as in [`check`].
    pub fn run(self, program: &Program, fuel: u64) -> Option<(Vec<program::Call>, Outcome)> {
        macro_rules! run {
            ($oracle:expr) => {{
                let oracle = $oracle;
                oracle.is_valid().then(|| {
                    let calls = program::plan(program, &oracle.exports(program));
                    let outcome = oracle.run(program, &calls);
                    (calls, outcome)
                })
            }};
        }
        match self {
            Self::Wasmi => run!(on_wasmi::v2::Oracle::new(program, fuel)),
            Self::Itself => {
                let calls = program::plan(program, &on_pirn::exports(program)?);
                let outcome = on_pirn::run(program, &calls, Mode::PLAIN[1], false);
                Some((calls, outcome))
            }
            #[cfg(feature = "wasmtime")]
            Self::Wasmtime => run!(on_wasmtime::Oracle::new(program, fuel)),
        }
    }
}

/// Two outcomes that differ.
#[derive(Debug)]
pub struct Mismatch {
    /// How pirn ran.
    pub mode: Mode,
    /// Number of the first event that differs, or of the trap whose backtrace does.
    pub at: usize,
    /// The oracle's outcome.
    pub expected: Outcome,
    /// The arbiter's, which is not pirn's either.
    pub second: Outcome,
    /// pirn's.
    pub found: Outcome,
    /// Whether pirn's is that of the program that this one was made of.
    pub original: bool,
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
        /// Of how many the backtrace was compared, in each mode.
        traces: usize,
        /// How many frames those had.
        frames: usize,
        /// How many of them say the same in other words.
        reworded: usize,
    },
    /// No program: the oracle refuses it.
    Invalid,
    /// Not the same.
    Different(Box<Mismatch>),
}

/// Whose turn it is among so many things of which a seed does one.
fn turn(seed: u64, things: usize) -> usize {
    // Not by the bits that choose modes.
    Rng::new(seed ^ 0x7_0521).below(things)
}

/// Runs a program on the oracle, and on pirn in each of `modes`. `fuel` bounds the oracle's instructions (0: no bound);
/// nothing is compared from where they run out.
pub fn check(program: &Program, authority: Authority, modes: &[Mode], fuel: u64) -> Verdict {
    let Some((calls, expected)) = authority.run(program, fuel) else { return Verdict::Invalid };
    if fuel != 0 && expected.is_cut() {
        return Verdict::Invalid;
    }
    // wasmi has no backtraces, and a merged program has others.
    let with_traces = authority.has_backtraces() && program.merged.is_none();
    let mut reworded = 0;
    let mut arbiter = None;
    for (number, &mode) in modes.iter().enumerate() {
        // To find offsets takes pirn longer than all the rest, so modes do so in turn.
        let offsets = with_traces && number == turn(program.seed, modes.len());
        let found = on_pirn::run(program, &calls, mode, offsets);
        // Where the program was made of another one, that does the same.
        if let Some(original) = program.original.as_ref().filter(|_| mode == modes[0]) {
            let original = on_pirn::run(original, &calls, mode, false);
            if let Some(at) = original.unconfirmed(&found, &found) {
                let (expected, second) = (found.clone(), found);
                let mismatch = Mismatch { mode, at, expected, second, found: original, original: true };
                return Verdict::Different(Box::new(mismatch));
            }
        }
        let differs = |first: &Outcome, second: &Outcome| -> Result<usize, usize> {
            match found.unconfirmed(first, second) {
                Some(at) => Err(at),
                None if with_traces => {
                    found.compare_traces(second, &program.modules, offsets).map_err(|(trace, _)| trace.event)
                }
                None => Ok(0),
            }
        };
        if let Ok(others) = differs(&expected, &expected) {
            reworded = others.max(reworded);
            continue;
        }
        // What either saw is right: their bugs are hardly ever the same.
        let second = arbiter.get_or_insert_with(|| match authority {
            Authority::Itself => expected.clone(),
            Authority::Wasmi => on_wasmi::v1::Oracle::new(program, fuel).run(program, &calls),
            #[cfg(feature = "wasmtime")]
            Authority::Wasmtime => on_wasmtime::Oracle::optimizing(program, fuel).run(program, &calls),
        });
        match differs(&expected, second) {
            Ok(others) => reworded = others.max(reworded),
            Err(at) => {
                let second = second.clone();
                return Verdict::Different(Box::new(Mismatch { mode, at, expected, second, found, original: false }));
            }
        }
    }
    let traces = if with_traces { expected.certain_traces() } else { &[] };
    let count = |is: fn(&outcome::Event) -> bool| expected.events.iter().filter(|event| is(event)).count();
    Verdict::Same {
        cut: expected.is_cut(),
        overruled: arbiter.is_some(),
        returned: count(|event| matches!(event, outcome::Event::Returned(_))),
        trapped: count(|event| matches!(event, outcome::Event::Trapped(_))),
        traces: traces.len(),
        frames: traces.iter().map(|trace| trace.frames.len()).sum(),
        reworded,
    }
}

/// The threaded code of a program's functions as it is lowered in a mode, those left out that only trap.
pub fn threaded_code(program: &Program, mode: Mode) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for (index, wasm) in program.modules.iter().enumerate() {
        let Ok(module) = pirn_decode::Module::new(&**wasm) else { continue };
        let options = pirn_decode::Options {
            fuse: mode.fuse,
            fuel: mode.step.is_some(),
            epochs: mode.deadline.is_some(),
            deterministic: program.deterministic,
        };
        let disassembler = pirn_exec::inspect::disassembler(&module, options);
        for funcidx in module.own_funcs() {
            match disassembler.function(funcidx) {
                Ok(code)
                    if code.lines.iter().all(|line| line.text == "unreachable" || line.text.starts_with("zero")) => {}
                Ok(code) => {
                    let _ = writeln!(text, "m{index} {code}");
                }
                Err(error) => {
                    let _ = writeln!(text, "m{index} func[{funcidx}]: {error}");
                }
            }
        }
    }
    text
}
