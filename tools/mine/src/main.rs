//! Chooses the shapes worth a handler.
//!
//! ```text
//! pirn-mine stats                       dispatches for each instruction the programs execute, with the handlers there are,
//!                                       and how many times as many with epochs
//! pirn-mine calls                       how often judging programs call, and small functions that call nothing and have no loop: what
//!                                       inlining could spare
//! pirn-mine mine [--keep N]             chooses some N shapes by the training programs: exec/src/shapes/mined.rs
//! pirn-mine mine --keep N,M             the same with N, then with M, and tells what judging programs would dispatch with either
//! pirn-mine mine [--keep N] --without NAME      chooses without that program, and tells what it would dispatch
//! pirn-mine mine [--keep N] --without-compiler NAME       the same without all programs by a compiler: `rust`, `clang`, ...
//! pirn-mine vectors [--keep N]          chooses some N shapes with vectors in them, by the training programs with vectors:
//!                                       exec/src/shapes/mined_vectors.rs
//! pirn-mine wide [--keep N]             chooses some N that training programs with 64-bit addresses need besides:
//!                                       exec/src/shapes/mined_wide.rs
//! pirn-mine ask [--keep N]              chooses some N of the cells that branch back: exec/src/shapes/asking.rs
//! pirn-mine own --program FILE [--keep N] [--status N] [--data DIR] [--output FILE] [-- ARGS...]
//!                                       chooses some N shapes by one program of WASI, run with these arguments, the standard input, and
//!                                       the files of DIR as /data: a list for `PIRN_SHAPES`. It has to end with the exit status that
//!                                       `--status` says, or with 0
//! ```
//!
//! A training program is run once, instrumented, which tells how often each of its operators is executed (`count`). Then
//! every function is lowered for a machine that has every shape up to some size, and each cell counts as often as the
//! operator it was emitted at. The shapes that weigh most are kept, with all that lowering has to find on its way to them
//! (`shape`); the functions are lowered again for a machine that has these; and so on, with fewer each time.
//!
//! What is sought is what helps programs that nobody has seen. So a shape that many programs dispatch weighs more than one
//! that a single program dispatches all the time ([`POWER`]), and code that a program contains but did not execute counts
//! too: what it executes with this input is a small part of what compilers write.
//!
//! Code with epochs asks for them where it branches back: the cells that do so in the training programs, with the handlers there
//! are, are weighed in the same way, and the heaviest get handlers that ask (`ask`).

#![forbid(unsafe_code)]

mod count;
mod own;
mod shape;

use anyhow::{Context, Result, bail, ensure};
use count::Counts;
use pirn_decode::lower::survey::{Limits, Surveyed};
use pirn_decode::lower::surveying::survey;
use pirn_decode::sig::{self, Sig};
use pirn_decode::{Module, Options, Target, Tile, TypeId};
use pirn_suite::{Case, Role, case};
use shape::Shape;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

/// The largest shapes that are considered.
const LIMITS: Limits = Limits { operators: 4, cell: 7, statements: 4 };
/// How many shapes are kept, unless it is said.
const KEEP: usize = 9_500;
/// How many with vectors.
const KEEP_VECTORS: usize = 700;
/// How many for 64-bit addresses.
const KEEP_WIDE: usize = 200;
/// How many shapes are kept that branch back.
const KEEP_ASKING: usize = 300;
/// What all code of a program counts together, where all that it executes counts 1.
const UNEXECUTED: f64 = 1.0;
/// A shape weighs, for each program, how often that dispatches it, to this power.
const POWER: f64 = 0.5;

/// How many shapes a function of the list names: where nothing is optimised, each takes room on the stack.
const PART: usize = 500;

/// A program and how often its operators were executed.
struct Program {
    name: String,
    role: Role,
    module: Module,
    type_ids: Vec<TypeId>,
    counts: Counts,
}

impl Program {
    fn new(case: &Case) -> Result<Self> {
        let counts = count::count(case).with_context(|| format!("{} cannot be counted", case.name))?;
        let module = Module::new(case.wasm.clone())?;
        let type_ids = (0..).map(TypeId).take(module.types.len()).collect();
        Ok(Self { name: case.name.clone(), role: case.role, module, type_ids, counts })
    }

    /// Every cell, with how often it was dispatched.
    fn cells(&self, target: &impl Target, limits: Option<Limits>, see: impl FnMut(&Surveyed, u64)) -> Result<()> {
        self.cells_of(Options::default(), target, limits, see)
    }

    /// As [`Self::cells`], lowered so.
    fn cells_of(
        &self,
        options: Options,
        target: &impl Target,
        limits: Option<Limits>,
        mut see: impl FnMut(&Surveyed, u64),
    ) -> Result<()> {
        for (function, funcidx) in self.module.own_funcs().take(self.counts.functions.len()).enumerate() {
            for cell in survey(&self.module, &self.type_ids, funcidx, options, target, limits)? {
                let count = |offset| self.counts.at(function, offset);
                // A program may end between the two.
                see(&cell, count(cell.counted).saturating_sub(cell.discounted.map_or(0, count)));
            }
        }
        Ok(())
    }

    /// How many times as often it dispatches if it asks for the epoch where it branches back: at most, as if each branch back for which another cell asks were
    /// taken.
    fn asking(&self, target: &impl Target) -> Result<f64> {
        let (mut with, mut without) = (0, 0);
        self.cells(target, None, |_, count| without += count)?;
        let options = Options { epochs: true, ..Options::default() };
        self.cells_of(options, target, None, |cell, count| with += count << u32::from(cell.asks == Some(false)))?;
        Ok(with as f64 / without as f64)
    }

    /// How often it dispatches for each instruction.
    fn dispatches(&self, target: &impl Target, limits: Option<Limits>) -> Result<f64> {
        let mut dispatches = 0;
        self.cells(target, limits, |_, count| dispatches += count)?;
        Ok(dispatches as f64 / self.counts.executed as f64)
    }
}

/// A machine that has the handlers named, or every one.
struct Chosen(Option<HashSet<Sig>>);

impl Target for Chosen {
    fn tile(&self, sig: Sig) -> Option<Tile> {
        self.0.as_ref().is_none_or(|chosen| chosen.contains(&sig)).then_some(Tile { handler: sig })
    }
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["stats"] => stats(),
        ["calls"] => calls(),
        ["own", ..] => own::own(&args[1..]),
        ["ask"] => ask(KEEP_ASKING),
        ["ask", "--keep", keep] => ask(keep.parse()?),
        ["mine", ref rest @ ..] => mine(&SCALARS, KEEP, rest),
        ["vectors", ref rest @ ..] => mine(&VECTORS, KEEP_VECTORS, rest),
        ["wide", ref rest @ ..] => mine(&WIDE, KEEP_WIDE, rest),
        _ => bail!(
            "pirn-mine stats | calls | {{mine | vectors | wide}} [--keep N] [--without NAME | --without-compiler NAME] | ask [--keep N] \
             | own --program FILE [--keep N] [--status N] [--data DIR] [--output FILE] [-- ARGS...]"
        ),
    }
}

fn geomean(values: &[f64]) -> f64 {
    (values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp()
}

fn stats() -> Result<()> {
    let mut cases = case::kernels()?;
    cases.extend(case::programs(|_, role| matches!(role, Role::Train | Role::Judge))?);
    println!("program\trole\tinstructions\tdispatches each\twith every shape\twith epochs");
    let (mut all, mut best, mut with_epochs) = (Vec::new(), Vec::new(), Vec::new());
    for case in &cases {
        let program = Program::new(case)?;
        let now = program.dispatches(pirn_exec::target(), None)?;
        let everything = program.dispatches(&Chosen(None), Some(LIMITS))?;
        let asking = program.asking(pirn_exec::target())?;
        println!(
            "{}\t{:?}\t{}\t{now:.3}\t{everything:.3}\t{asking:.3}",
            program.name, program.role, program.counts.executed
        );
        with_epochs.push(asking);
        all.push(now);
        best.push(everything);
    }
    println!("geometric mean\t\t\t{:.3}\t{:.3}\t{:.3}", geomean(&all), geomean(&best), geomean(&with_epochs));
    Ok(())
}

/// The most operators of a function that is small, for two answers to that.
const SMALL: [usize; 2] = [16, 40];

/// Prints how often judging programs call functions of their own for a thousand dispatches. `end` and its like count as operators.
fn calls() -> Result<()> {
    println!("program\tdispatches\tcalls for 1000\tof up to {} operators\tof up to {}", SMALL[0], SMALL[1]);
    for case in case::programs(|_, role| role == Role::Judge)? {
        let program = Program::new(&case)?;
        let mut dispatches = 0;
        program.cells(pirn_exec::target(), None, |_, count| dispatches += count)?;
        let (mut all, mut small) = (0, [0; 2]);
        for (range, runs) in program.module.bodies.iter().zip(&program.counts.functions) {
            let calls = runs.first().map_or(0, |run| run.count);
            all += calls;
            let body = &program.module.bytes[range.clone()];
            let body = wasmparser::FunctionBody::new(wasmparser::BinaryReader::new(body, 0));
            let operators = body.get_operators_reader()?.into_iter().collect::<Result<Vec<_>, _>>()?;
            let stays = |operator: &wasmparser::Operator<'_>| {
                use wasmparser::Operator::{
                    Call, CallIndirect, CallRef, Loop, ReturnCall, ReturnCallIndirect, ReturnCallRef,
                };
                let calls = matches!(operator, Call { .. } | CallIndirect { .. } | CallRef { .. });
                let leaves = matches!(operator, ReturnCall { .. } | ReturnCallIndirect { .. } | ReturnCallRef { .. });
                !calls && !leaves && !matches!(operator, Loop { .. })
            };
            if operators.iter().all(stays) {
                for (small, most) in small.iter_mut().zip(SMALL) {
                    *small += if operators.len() <= most { calls } else { 0 };
                }
            }
        }
        let of = |calls: u64| 1000.0 * calls as f64 / dispatches as f64;
        println!("{}\t{dispatches}\t{:.2}\t{:.2}\t{:.2}", program.name, of(all), of(small[0]), of(small[1]));
    }
    Ok(())
}

/// A list of shapes that is chosen on its own.
struct List {
    /// Whose programs choose.
    role: Role,
    /// Whose are judged.
    judges: Option<Role>,
    /// What may be in it.
    takes: fn(&Shape) -> bool,
    /// What has handlers already.
    known: fn() -> HashSet<Sig>,
    file: &'static str,
    /// What the file begins with.
    head: &'static str,
}

const SCALARS: List = List {
    role: Role::Train,
    judges: Some(Role::Judge),
    takes: |_| true,
    known: pirn_exec::written,
    file: "mined.rs",
    head: "//! Generated by `cargo run --release -p pirn-mine mine`: shapes that many training programs execute, the heaviest\n\
           //! first, with what lowering needs to get there. Behind each, its dispatches for a million instructions, summed over\n\
           //! the programs.\n",
};

const VECTORS: List = List {
    role: Role::TrainSimd,
    judges: Some(Role::JudgeSimd),
    takes: Shape::has_vectors,
    known: || pirn_exec::written().union(&pirn_exec::mined()).copied().collect(),
    file: "mined_vectors.rs",
    head: "//! Generated by `cargo run --release -p pirn-mine vectors`: shapes with vectors in them that training programs execute,\n\
           //! as in `mined.rs`.\n",
};

const WIDE: List = List {
    role: Role::Train64,
    judges: Some(Role::Judge64),
    takes: |_| true,
    known: || [pirn_exec::written(), pirn_exec::mined(), pirn_exec::mined_vectors()].into_iter().flatten().collect(),
    file: "mined_wide.rs",
    head: "//! Generated by `cargo run --release -p pirn-mine wide`: shapes that training programs with 64-bit addresses execute and\n\
           //! no others do, as in `mined.rs`.\n",
};

/// A shape, and how often the programs dispatch it.
struct Weighed {
    shape: Shape,
    /// For a million instructions, summed over the programs.
    dispatches: f64,
}

/// The shapes that the programs dispatch, the heaviest first.
fn weigh(programs: &[Program], target: &Chosen) -> Result<Vec<Weighed>> {
    // By text: the weight, and the dispatches.
    let mut shapes: HashMap<String, (f64, f64)> = HashMap::new();
    for program in programs {
        let mut cells: HashMap<String, (u64, u64)> = HashMap::new();
        let (mut dispatched, mut code) = (0, 0);
        program.cells(target, Some(LIMITS), |cell, count| {
            let entry = cells.entry(cell.shape.clone()).or_default();
            entry.0 += count;
            entry.1 += 1;
            dispatched += count;
            code += 1;
        })?;
        println!(
            "  {}: {:.3} dispatches for an instruction",
            program.name,
            dispatched as f64 / program.counts.executed as f64
        );
        for (shape, (count, places)) in cells {
            let executed = 1e6 * count as f64 / program.counts.executed as f64;
            let present = 1e6 * places as f64 / f64::from(code);
            let (weight, dispatches) = shapes.entry(shape).or_default();
            *weight += (executed + UNEXECUTED * present).powf(POWER);
            *dispatches += executed;
        }
    }
    let mut shapes = shapes.into_iter().collect::<Vec<_>>();
    shapes.sort_by(|(a, (a_weight, _)), (b, (b_weight, _))| b_weight.total_cmp(a_weight).then_with(|| a.cmp(b)));
    let weighed = |(text, (_, dispatches)): (String, _)| Ok(Weighed { shape: Shape::parse(&text)?, dispatches });
    shapes.into_iter().map(weighed).collect()
}

/// Chooses a list, and writes it; or, where `options` leave programs out, says what these would dispatch. Of several numbers of
/// shapes, each chooses among those of the one before, and says what judging programs dispatch with them; the last is written.
fn mine(list: &List, keep: usize, options: &[&str]) -> Result<()> {
    let (mut keeps, mut program, mut compiler) = (vec![keep], None, None);
    let (pairs, rest) = options.as_chunks::<2>();
    for &[option, value] in pairs {
        match option {
            "--keep" => keeps = value.split(',').map(str::parse).collect::<Result<_, _>>()?,
            "--without" => program = Some(value),
            "--without-compiler" => compiler = Some(value),
            _ => bail!("unknown option {option}"),
        }
    }
    ensure!(rest.is_empty(), "{rest:?} needs a value");
    let compilers = case::compilers()?;
    let left_out = |name: &str| {
        program == Some(name)
            || compiler.is_some_and(|compiler| compilers.get(name).is_some_and(|other| other == compiler))
    };
    let write = program.or(compiler).is_none();
    let trained = count_all(&case::programs(|name, role| role == list.role && !left_out(name))?)?;
    let others = if write && keeps.len() == 1 {
        Vec::new()
    } else {
        let judges = |role| Some(role) == list.judges;
        count_all(&case::programs(|name, role| {
            if write { judges(role) } else { (role == list.role || judges(role)) && left_out(name) }
        })?)?
    };
    ensure!(write || !others.is_empty(), "there is no such program");
    let (mut kept, mut target, mut limit) = (Vec::new(), Chosen(None), 16 * keeps[0]);
    for keep in keeps {
        (kept, target) = choose(&trained, list, keep, target, limit.max(keep))?;
        limit = keep;
        println!("{} shapes kept", kept.len());
        let mut each = Vec::new();
        for program in &others {
            let dispatches = program.dispatches(&target, Some(LIMITS))?;
            println!("{} ({:?}): {dispatches:.3} dispatches for an instruction", program.name, program.role);
            each.push(dispatches);
        }
        if !each.is_empty() {
            println!("geometric mean: {:.4}", geomean(&each));
        }
    }
    if write {
        let path = case::directory().join("../exec/src/shapes").join(list.file);
        std::fs::write(&path, source(list, &kept)?).with_context(|| format!("cannot write {}", path.display()))?;
        println!("written to {}", path.display());
    }
    Ok(())
}

fn count_all(cases: &[Case]) -> Result<Vec<Program>> {
    cases.iter().map(Program::new).collect()
}

/// Some `keep` shapes that weigh most in these programs, and a machine that has them besides what the list knows: of `limit`
/// shapes that weigh most on the machine `target`, and then of fewer and fewer.
fn choose(
    programs: &[Program],
    list: &List,
    keep: usize,
    mut target: Chosen,
    mut limit: usize,
) -> Result<(Vec<Weighed>, Chosen)> {
    let written = (list.known)();
    let kept = loop {
        println!("at most {limit} shapes:");
        // With each shape what lowering needs to get there, until there are enough.
        let mut known = written.clone();
        let mut kept: Vec<Weighed> = Vec::new();
        for Weighed { shape, dispatches } in weigh(programs, &target)? {
            if kept.len() >= limit {
                break;
            }
            let mut wanted = vec![shape];
            while let Some(shape) = wanted.pop() {
                if (list.takes)(&shape) && known.insert(shape.sig()?) {
                    wanted.extend(shape.parts());
                    kept.push(Weighed { shape, dispatches });
                }
            }
        }
        let last = target.0.is_some() && limit == keep;
        target = Chosen(Some(known));
        if last {
            break kept;
        }
        limit = (limit / 4 * 3).max(keep);
    };
    Ok((kept, target))
}

/// Chooses the cells that branch back which get handlers that ask for the epoch.
fn ask(keep: usize) -> Result<()> {
    let options = Options { epochs: true, ..Options::default() };
    let written = pirn_exec::written();
    let mut shapes: HashMap<String, (f64, f64)> = HashMap::new();
    for case in case::programs(|_, role| role == Role::Train)? {
        let program = Program::new(&case)?;
        let mut cells: HashMap<String, (u64, u64)> = HashMap::new();
        let mut code = 0;
        program.cells_of(options, pirn_exec::target(), None, |cell, count| {
            code += 1;
            if cell.asks.is_some() {
                let entry = cells.entry(cell.shape.clone()).or_default();
                entry.0 += count;
                entry.1 += 1;
            }
        })?;
        for (shape, (count, places)) in cells {
            let executed = 1e6 * count as f64 / program.counts.executed as f64;
            let present = 1e6 * places as f64 / f64::from(code);
            let (weight, dispatches) = shapes.entry(shape).or_default();
            *weight += (executed + UNEXECUTED * present).powf(POWER);
            *dispatches += executed;
        }
    }
    let mut shapes = shapes.into_iter().collect::<Vec<_>>();
    shapes.sort_by(|(a, (a_weight, _)), (b, (b_weight, _))| b_weight.total_cmp(a_weight).then_with(|| a.cmp(b)));
    let mut text = String::from(
        "//! Generated by `cargo run --release -p pirn-mine ask`: cells that branch back in many training programs, and ask for the\n\
         //! epoch there, the heaviest first. Behind each, the dispatches of the cell for a million instructions, summed over the\n\
         //! programs.\n\
         \n\
         use super::list::{I, R, S, Shapes};\n\
         #[allow(unused_imports, reason = \"which of them are in the list changes\")]\n\
         use crate::handlers::control::{Br, Copy};\n\
         use crate::handlers::expr::*;\n\
         use crate::handlers::seq::{Ask, Seq};\n\
         use crate::handlers::stmt::*;\n\
         \n\
         /// All of them.\n\
         #[rustfmt::skip]\n\
         pub(super) fn all(t: &mut Shapes<'_>) {\n",
    );
    let (mut kept, mut covered, mut total) = (0, 0.0, 0.0);
    for (name, (_, dispatches)) in shapes {
        let shape = Shape::parse(&name)?;
        total += dispatches;
        // A `br_table` has the cells behind the code ask for it.
        if name.contains("BrTable") {
            continue;
        }
        if written.contains(&sig::ask(shape.sig()?)) {
            covered += dispatches;
        } else if kept < keep {
            kept += 1;
            covered += dispatches;
            writeln!(text, "    t.stmt::<Ask<{shape}>>(); // {dispatches:.0}")?;
        }
    }
    text.push_str("}\n");
    println!("{kept} shapes kept, {covered:.0} of {total:.0} dispatches");
    let path = case::directory().join("../exec/src/shapes/asking.rs");
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    println!("written to {}", path.display());
    Ok(())
}

/// The list as Rust.
fn source(list: &List, kept: &[Weighed]) -> Result<String> {
    let mut text = String::from(list.head);
    text.push_str(
        "\n\
         use super::list::{I, R, S, Shapes};\n\
         #[allow(unused_imports, reason = \"which of them are in the list changes\")]\n\
         use crate::handlers::bulk::*;\n\
         #[allow(unused_imports, reason = \"as above\")]\n\
         use crate::handlers::control::{\n\
         \x20   self, Br, BrTable, Call, CallIndirect, Copy, ReturnCall, ReturnCallIndirect, Unreachable, Zero,\n\
         };\n\
         use crate::handlers::expr::*;\n\
         #[allow(unused_imports, reason = \"as above\")]\n\
         use crate::handlers::lanes::*;\n\
         #[allow(unused_imports, reason = \"as above\")]\n\
         use crate::handlers::seq::{Repeat, Seq};\n\
         use crate::handlers::stmt::*;\n\
         #[allow(unused_imports, reason = \"as above\")]\n\
         use crate::vector::V128;\n\
         \n\
         /// All of them.\n\
         pub(super) fn all(t: &mut Shapes<'_>) {\n",
    );
    let parts = kept.chunks(PART);
    (0..parts.len()).try_for_each(|part| writeln!(text, "    part_{part}(t);"))?;
    text.push_str("}\n");
    for (number, part) in parts.enumerate() {
        writeln!(text, "\n#[rustfmt::skip]\nfn part_{number}(t: &mut Shapes<'_>) {{")?;
        for Weighed { shape, dispatches } in part {
            if let Some(shape) = printable(shape) {
                writeln!(text, "    t.stmt::<{shape}>(); // {dispatches:.0}")?;
            }
        }
        text.push_str("}\n");
    }
    Ok(text)
}

/// A shape as a list names it, unless it gets no handler: what works on memories and tables as a whole takes long enough by
/// itself.
fn printable(shape: &Shape) -> Option<String> {
    let text = shape.to_string();
    let is_bulk = |name: &&str| text.contains(*name) && !text.contains("BrTable");
    if ["Memory", "Table", "Data", "Elem"].iter().any(is_bulk) {
        return None;
    }
    // The cell, and not the statement that returns a value.
    Some(text.replace("Return>", "control::Return>"))
}
