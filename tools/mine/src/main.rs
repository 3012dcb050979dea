//! Chooses the shapes worth a handler.
//!
//! ```text
//! pirn-mine stats               dispatches for each instruction the programs execute, with the handlers there are
//! pirn-mine mine [--keep N]     chooses N shapes by the training programs, and writes exec/src/shapes/mined.rs
//! ```

mod count;
mod shape;

use anyhow::{Context, Result, bail};
use count::Counts;
use pirn_decode::lower::survey::{Limits, Surveyed, survey};
use pirn_decode::sig::Sig;
use pirn_decode::{Module, Options, Target, Tile};
use pirn_suite::{Case, Role, case};
use shape::Shape;
use std::collections::{HashMap, HashSet};

/// A program and how often its operators were executed.
struct Program {
    name: String,
    role: Role,
    module: Module,
    type_ids: Vec<u32>,
    counts: Counts,
}

impl Program {
    fn new(case: &Case) -> Result<Self> {
        let counts = count::count(case).with_context(|| format!("{} cannot be counted", case.name))?;
        let module = Module::new(case.wasm.clone())?;
        let type_ids = (0..module.types.len() as u32).collect();
        Ok(Self { name: case.name.clone(), role: case.role, module, type_ids, counts })
    }

    /// Every executed cell, with how often it was dispatched.
    fn cells(&self, target: &impl Target, limits: Option<Limits>, mut see: impl FnMut(&Surveyed, u64)) -> Result<()> {
        for (function, runs) in self.counts.functions.iter().enumerate() {
            if runs.iter().all(|run| run.count == 0) {
                continue;
            }
            let funcidx = (self.module.imported_funcs + function) as u32;
            for cell in survey(&self.module, &self.type_ids, funcidx, Options::default(), target, limits)? {
                let count = self.counts.at(function, cell.offset);
                if count > 0 {
                    see(&cell, count);
                }
            }
        }
        Ok(())
    }

    /// Every cell there is, executed or not.
    fn code(&self, target: &impl Target, limits: Option<Limits>, mut see: impl FnMut(&Surveyed)) -> Result<()> {
        for function in 0..self.counts.functions.len() {
            let funcidx = (self.module.imported_funcs + function) as u32;
            survey(&self.module, &self.type_ids, funcidx, Options::default(), target, limits)?
                .iter()
                .for_each(&mut see);
        }
        Ok(())
    }

    fn dispatches(&self, target: &impl Target, limits: Option<Limits>) -> Result<f64> {
        let mut dispatches = 0;
        self.cells(target, limits, |_, count| dispatches += count)?;
        Ok(dispatches as f64 / self.counts.executed as f64)
    }
}

/// A machine that has every handler.
struct Everything;

impl Target for Everything {
    fn tile(&self, _: Sig) -> Option<Tile> {
        Some(Tile { handler: 1 })
    }
}

/// A machine that has the handlers named.
struct Chosen(Option<HashSet<Sig>>);

impl Target for Chosen {
    fn tile(&self, sig: Sig) -> Option<Tile> {
        self.0.as_ref().is_none_or(|chosen| chosen.contains(&sig)).then_some(Tile { handler: 1 })
    }
}

/// The largest shapes that are considered.
static LIMITS: std::sync::LazyLock<Limits> = std::sync::LazyLock::new(|| {
    let n = |k: &str, d| std::env::var(k).ok().map_or(d, |v| v.parse().unwrap());
    Limits { operators: n("OPS", 5), cell: n("CELL", 8), statements: n("STMTS", 4) }
});

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("stats") => stats(),
        Some("mine") => {
            let keep = match args.get(1).map(String::as_str) {
                Some("--keep") => args.get(2).context("--keep N")?.parse()?,
                _ => 4_000,
            };
            mine(keep)
        }
        _ => bail!("pirn-mine stats | mine [--keep N]"),
    }
}

fn geomean(values: &[f64]) -> f64 {
    (values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp()
}

fn stats() -> Result<()> {
    let mut cases = case::kernels()?;
    cases.extend(case::programs(|_, role| matches!(role, Role::Train | Role::Judge))?);
    println!("program\trole\tinstructions\tdispatches each\twith every shape");
    let (mut all, mut best) = (Vec::new(), Vec::new());
    for case in &cases {
        let program = Program::new(case)?;
        let now = program.dispatches(pirn_exec::target(), None)?;
        let everything = program.dispatches(&Everything, Some(*LIMITS))?;
        println!("{}\t{:?}\t{}\t{now:.3}\t{everything:.3}", program.name, program.role, program.counts.executed);
        all.push(now);
        best.push(everything);
    }
    println!("geometric mean\t\t\t{:.3}\t{:.3}", geomean(&all), geomean(&best));
    Ok(())
}

fn mine(keep: usize) -> Result<()> {
    let without = std::env::var("WITHOUT").unwrap_or_default();
    let cases = case::programs(|name, role| role == Role::Train && !without.split(',').any(|other| other == name))?;
    let programs = cases.iter().map(Program::new).collect::<Result<Vec<_>>>()?;
    let mut chosen: Option<HashSet<Sig>> = None;
    let base = if std::env::var("FAMILIES").is_ok() { pirn_exec::signatures() } else { pirn_exec::base_set() };
    let neighbours: f64 = std::env::var("NB").map_or(0.0, |v| v.parse().unwrap());
    let lambda: f64 = std::env::var("LAMBDA").map_or(0.05, |v| v.parse().unwrap());
    let mut limit = 64 * keep;
    loop {
        // What each program would dispatch, for a million instructions of it.
        let mut weights: HashMap<String, f64> = HashMap::new();
        let mut ratios = Vec::new();
        for program in &programs {
            let mut dispatches = 0;
            let scale = 1e6 / program.counts.executed as f64;
            let see = |cell: &Surveyed, count: u64| {
                dispatches += count;
                *weights.entry(cell.shape.clone()).or_default() += count as f64 * scale;
            };
            let target = Chosen(chosen.clone());
            program.cells(&target, Some(*LIMITS), see)?;
            let mut code: HashMap<String, f64> = HashMap::new();
            let mut cells = 0.0;
            program.code(&target, Some(*LIMITS), |cell| {
                *code.entry(cell.shape.clone()).or_default() += 1.0;
                cells += 1.0;
            })?;
            for (shape, count) in code {
                *weights.entry(shape).or_default() += count / cells * 1e6 * lambda;
            }
            ratios.push(dispatches as f64 / program.counts.executed as f64);
        }
        if limit == keep && chosen.is_some() && neighbours > 0.0 {
            let mut near: HashMap<String, f64> = HashMap::new();
            for (text, weight) in &weights {
                let mut relatives = Vec::new();
                Shape::parse(text)?.relatives(&mut relatives);
                let share = weight * neighbours / relatives.len() as f64;
                for relative in relatives {
                    *near.entry(relative.to_string()).or_default() += share;
                }
            }
            for (text, weight) in near {
                *weights.entry(text).or_default() += weight;
            }
        }
        let weights_of = weights.clone();
        let mut shapes = weights.into_iter().collect::<Vec<_>>();
        shapes.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        // With each shape what lowering needs to get there, until there are enough.
        let mut kept: HashMap<Sig, (Shape, f64)> = HashMap::new();
        let mut order: Vec<Sig> = Vec::new();
        for (text, weight) in &shapes {
            if order.len() >= limit {
                break;
            }
            let mut wanted = vec![Shape::parse(text)?];
            while let Some(shape) = wanted.pop() {
                let sig = shape.sig()?;
                if base.contains(&sig) || kept.contains_key(&sig) {
                    continue;
                }
                wanted.extend(shape.parts());
                kept.insert(sig, (shape, *weight));
                order.push(sig);
            }
        }
        println!(
            "{} shapes used, {} kept of at most {limit}; dispatches for an instruction: {:.3} ({})",
            shapes.len(),
            order.len(),
            geomean(&ratios),
            ratios.iter().map(|ratio| format!("{ratio:.3}")).collect::<Vec<_>>().join(" ")
        );
        if limit == keep && chosen.is_some() && std::env::var("PRUNE").is_ok() {
            let target = Chosen(Some(base.iter().copied().chain(order.iter().copied()).collect()));
            let mut used: HashMap<String, f64> = HashMap::new();
            for program in &programs {
                program.code(&target, Some(*LIMITS), |cell| *used.entry(cell.shape.clone()).or_default() += 1.0)?;
            }
            let tiny = pirn_exec::base_set();
            let min: f64 = std::env::var("PRUNE")?.parse()?;
            let mut wanted = used
                .iter()
                .filter(|(text, count)| **count >= min || weights_of.get(*text).is_some_and(|w| *w >= 1.0))
                .map(|(text, _)| Shape::parse(text))
                .collect::<Result<Vec<_>>>()?;
            let mut all: HashMap<Sig, Shape> = HashMap::new();
            while let Some(shape) = wanted.pop() {
                let sig = shape.sig()?;
                if tiny.contains(&sig) || all.contains_key(&sig) {
                    continue;
                }
                wanted.extend(shape.parts());
                all.insert(sig, shape);
            }
            println!("pruned to {} besides {} of the base", all.len(), tiny.len());
            let target = Chosen(Some(tiny.iter().copied().chain(all.keys().copied()).collect()));
            for name in std::env::var("TEST").unwrap_or_default().split(',').filter(|name| !name.is_empty()) {
                let case = case::programs(|other, _| other == name)?.remove(0);
                println!("pruned {name} {:.3}", Program::new(&case)?.dispatches(&target, Some(*LIMITS))?);
            }
            let mut lines = all.values().map(|shape| shape.to_string()).collect::<Vec<_>>();
            lines.sort();
            std::fs::write("/tmp/pruned.txt", lines.join("\n"))?;
        }
        if limit == keep && chosen.is_some() {
            let target = Chosen(Some(base.iter().copied().chain(order.iter().copied()).collect()));
            for name in std::env::var("TEST").unwrap_or_default().split(',').filter(|name| !name.is_empty()) {
                let case = case::programs(|other, _| other == name)?.remove(0);
                println!("{name} {:.3}", Program::new(&case)?.dispatches(&target, Some(*LIMITS))?);
            }
            let mut text = String::new();
            for sig in &order {
                let (shape, weight) = &kept[sig];
                text.push_str(&format!("{weight:.0}\t{shape}\n"));
            }
            std::fs::write("/tmp/mined.txt", text)?;
            return Ok(());
        }
        chosen = Some(base.iter().copied().chain(order).collect());
        limit = (limit / 2).max(keep);
    }
}
