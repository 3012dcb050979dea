//! The ring as WebAssembly: every function counts its fuel down and calls the next one, or says where it ended.
//!
//! With plain calls the hops come in rounds of [`DEPTH`] nested calls, which then all return.

use crate::{FUEL, JINX_MODULE_SIZE, MODULES};
use anyhow::{Result, ensure};
use pirn::{Caller, Config, Engine, Linker, Module, Store, TypedFunc};
use std::fmt::Write;

/// How one module reaches the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Instances that import from each other.
    Separate,
    /// One module with all functions.
    Merged,
    /// Instances, through a table they share.
    Indirect,
    /// One module with all functions, through its own table.
    MergedIndirect,
    /// Instances, through a host function that calls the next one.
    Host,
}

/// How a hop ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hop {
    /// By `return_call`.
    Tail,
    /// By a call, then a return.
    Call,
}

/// Nested calls in a round of plain calls.
pub const DEPTH: u32 = 1_000;
/// The same through the host, whose calls nest on the native stack.
const HOST_DEPTH: u32 = 100;

/// Everything that is compared.
pub const ALL: [(Link, Hop); 9] = [
    (Link::Separate, Hop::Tail),
    (Link::Merged, Hop::Tail),
    (Link::Indirect, Hop::Tail),
    (Link::MergedIndirect, Hop::Tail),
    (Link::Separate, Hop::Call),
    (Link::Merged, Hop::Call),
    (Link::Indirect, Hop::Call),
    (Link::MergedIndirect, Hop::Call),
    (Link::Host, Hop::Call),
];

impl Link {
    /// For tables and command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Separate => "separate",
            Self::Merged => "merged",
            Self::Indirect => "indirect",
            Self::MergedIndirect => "merged-indirect",
            Self::Host => "host",
        }
    }
}

impl Hop {
    /// For tables and command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tail => "tail",
            Self::Call => "call",
        }
    }
}

/// Name of the module at `place` of the ring, or of the one beside it.
fn module_name(place: usize) -> String {
    if place == MODULES { "jinx".into() } else { format!("m{place}") }
}

fn next(place: usize) -> usize {
    (place + 1) % MODULES
}

/// A function of module `place`. `id` is what the module's text calls it, `callee` what it calls the next.
fn function(link: Link, hop: Hop, place: usize, id: &str, callee: &str) -> String {
    let fuel = "(i32.sub (local.get 0) (i32.const 1))";
    let tail = if hop == Hop::Tail { "return_" } else { "" };
    let call = match link {
        Link::Separate | Link::Merged => format!("({tail}call {callee} {fuel})"),
        Link::Indirect | Link::MergedIndirect => {
            format!("({tail}call_indirect (type $hop) {fuel} (i32.const {}))", next(place))
        }
        Link::Host => format!("({tail}call $host {fuel} (i32.const {}))", next(place)),
    };
    format!("(func {id} (type $hop) (if (result i32) (local.get 0) (then {call}) (else (i32.const {place}))))\n")
}

const TYPE: &str = "(type $hop (func (param i32) (result i32)))\n";

/// The functions beside the ring.
fn jinx(export: bool) -> String {
    let export = |i| if export { format!("(export \"f{i}\")") } else { String::new() };
    (0..JINX_MODULE_SIZE).map(|i| format!("(func {} (type $hop) (local.get 0))\n", export(i))).collect()
}

/// The text of the module at `place`.
fn separate(link: Link, hop: Hop, place: usize) -> String {
    let mut text = format!("(module {TYPE}");
    if place == MODULES {
        return text + &jinx(true) + ")";
    }
    let to = next(place);
    let import = match link {
        Link::Host => "(import \"host\" \"hop\" (func $host (param i32 i32) (result i32)))".into(),
        Link::Indirect if place == 0 => format!("(table (export \"table\") {} funcref)", MODULES),
        Link::Indirect => format!("(import \"m0\" \"table\" (table {} funcref))", MODULES),
        _ => format!("(import \"{}\" \"hop\" (func $next (type $hop)))", module_name(to)),
    };
    text += &import;
    text += &function(link, hop, place, "$hop (export \"hop\")", "$next");
    if link == Link::Indirect {
        let _ = write!(text, "(elem (i32.const {place}) func $hop)");
    }
    text + ")"
}

fn merged(link: Link, hop: Hop) -> String {
    let mut text = format!("(module {TYPE}");
    let id = |place| format!("$m{place}");
    for place in 0..MODULES {
        text += &function(link, hop, place, &id(place), &id(next(place)));
    }
    text += &jinx(false);
    if link == Link::MergedIndirect {
        let ids: Vec<_> = (0..MODULES).map(id).collect();
        let _ = write!(text, "(table {} funcref) (elem (i32.const 0) {})", MODULES + 1, ids.join(" "));
    }
    let _ = write!(text, "(export \"hop\" (func {})))", id(0));
    text
}

/// The ring, ready to run.
pub struct Ring {
    store: Store<Vec<TypedFunc<i32, i32>>>,
    start: TypedFunc<i32, i32>,
    /// Hops by one entry from the host.
    round: u32,
    /// Bytes that the instances keep allocated, without decoded modules and code.
    pub bytes: usize,
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring").finish_non_exhaustive()
    }
}

impl Ring {
    /// Links the ring.
    ///
    /// # Errors
    /// The texts above are wrong.
    pub fn new(link: Link, hop: Hop) -> Result<Self> {
        let engine = Engine::new(Config::new().max_nested_entries(HOST_DEPTH + 10))?;
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "hop", |mut caller: Caller<'_, Vec<TypedFunc<i32, i32>>>, fuel: i32, to: i32| {
            let to = caller.data()[to as usize];
            to.call(&mut caller, fuel)
        })?;
        let mut store = Store::new(&engine, Vec::new());
        let mut modules = Vec::new();
        if matches!(link, Link::Merged | Link::MergedIndirect) {
            modules.push((module_name(0), Module::new(&engine, merged(link, hop))?));
        } else {
            for place in 0..=MODULES {
                modules.push((module_name(place), Module::new(&engine, separate(link, hop, place))?));
            }
        }
        let mut group = linker.group();
        for (name, module) in &modules {
            group.module(name, module)?;
        }
        let (instances, bytes) = crate::heap::measure(|| group.instantiate(&mut store));
        let instances = instances?;
        if link == Link::Host {
            for place in 0..MODULES {
                let instance = instances.get(&module_name(place)).expect("linked");
                let func = instance.get_typed_func(&store, "hop")?;
                store.data_mut().push(func);
            }
        }
        let start = instances.get("m0").expect("linked").get_typed_func(&store, "hop")?;
        let round = match (link, hop) {
            (Link::Host, _) => HOST_DEPTH,
            (_, Hop::Tail) => FUEL,
            (_, Hop::Call) => DEPTH,
        };
        Ok(Self { store, start, round, bytes })
    }

    /// Makes `fuel` hops, whole rounds.
    ///
    /// # Errors
    /// They end where they should not.
    pub fn run(&mut self, fuel: u32) -> Result<()> {
        let mut left = fuel;
        while left > 0 {
            let round = left.min(self.round);
            let end = self.start.call(&mut self.store, round as i32)?;
            ensure!(end as u32 == round % MODULES as u32, "{round} hops end at {end}");
            left -= round;
        }
        Ok(())
    }
}
