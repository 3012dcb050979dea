//! Generated programs of structs, arrays, casts, typed references to functions, and exceptions, across modules.
//!
//! They are texts, not trees as those of [`crate::generate`], for what matters here is not which operand is evaluated when, but that
//! everything has the right type, is found, and stays where it is. All modules of a program have the same recursion groups, at other
//! indices in each, and some of their own that are nearly the same (`types`). They share a table, globals, tags and functions, in circles
//! or in order; each has tags of its own that look like the others'. What they do to these, `body` makes up: objects that refer to each
//! other, casts that hold or not, exceptions with objects in them that functions of other modules catch.
//!
//! Every program ends: loops count, and calls use up [`FUEL`].

mod body;
mod types;

use crate::generate::ROUNDS;
use crate::program::{FUEL, Program};
use crate::rng::Rng;
use std::fmt::Write;
use types::{Ty, Types};

/// How many elements the table of objects has, and that of functions.
const TABLE: usize = 8;
const FUNCS: usize = 12;

/// How many bytes data segments have.
const DATA: usize = 64;

/// A function.
#[derive(Debug, Clone)]
struct Func {
    name: String,
    params: Vec<Ty>,
    results: Vec<Ty>,
    /// Its type, if that has a name.
    ty: Option<&'static str>,
}

/// A tag, and what its exceptions have.
#[derive(Debug, Clone)]
struct Tag {
    name: String,
    params: Vec<Ty>,
}

/// What is known of a program before its bodies are made.
struct Plan {
    types: Types,
    /// By module.
    funcs: Vec<Vec<Func>>,
    hosts: Vec<Vec<Func>>,
    tags: Vec<Vec<Tag>>,
    /// Globals of the first module, which all have.
    globals: Vec<(String, Ty)>,
    /// Names of further types, by module: of objects that have zeros for fields.
    others: Vec<Vec<String>>,
    /// Whether modules import functions from all others, not just from those before.
    circles: bool,
}

impl Plan {
    fn new(rng: &mut Rng) -> Self {
        let circles = rng.chance(50);
        let count = if circles { rng.between(2, 4) } else { rng.between(1, 3) };
        let types = Types::new(rng);
        let signature = |rng: &mut Rng, name: String| {
            let params = (0..rng.below(4)).map(|_| types.any_value(rng)).collect();
            let results = (0..rng.weighted(&[1, 6, 1])).map(|_| types.any_value(rng)).collect();
            Func { name, params, results, ty: None }
        };
        let (mut funcs, mut hosts, mut tags, mut others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for module in 0..count {
            let mut own: Vec<_> =
                (0..rng.between(2, 4)).map(|func| signature(rng, format!("$m{module}_f{func}"))).collect();
            for (ty, result) in [("$fn", Ty::Any), ("$fn2", Ty::Object(0)), ("$fn3", Ty::Object(0))] {
                own.push(Func {
                    name: format!("$m{module}_f{}", own.len()),
                    params: vec![Ty::Any, Ty::I32],
                    results: vec![result],
                    ty: Some(ty),
                });
            }
            funcs.push(own);
            let host = |host| {
                let plain = [Ty::I32, Ty::I64, Ty::Any, Ty::Extern];
                let mut params: Vec<_> = (0..rng.between(1, 3)).map(|_| *rng.pick(&plain)).collect();
                // The text would name the declared type of functions, of which the host has none.
                if params == [Ty::Any, Ty::I32] {
                    params.push(Ty::I64);
                }
                let results = (0..rng.below(2)).map(|_| *rng.pick(&plain)).collect();
                Func { name: format!("$h{module}_{host}"), params, results, ty: None }
            };
            hosts.push((0..2).map(host).collect());
            let params = [vec![Ty::I32], vec![Ty::Any, Ty::I64], vec![Ty::Object(0)], Vec::new()];
            let tag = |(tag, params)| Tag { name: format!("$m{module}_t{tag}"), params };
            tags.push(params.into_iter().enumerate().map(tag).collect());
            others.push(types.names_of_others(module));
        }
        let mut globals: Vec<_> = (0..4).map(|_| types.any_value(rng)).collect();
        globals.extend([Ty::Any, Ty::Func]);
        let globals = globals.into_iter().enumerate().map(|(index, ty)| (format!("$g{index}"), ty)).collect();
        Self { types, funcs, hosts, tags, globals, others, circles }
    }

    /// Modules whose functions a module calls.
    fn callable(&self, module: usize) -> impl Iterator<Item = usize> + use<'_> {
        (0..self.funcs.len()).filter(move |&other| self.circles || other <= module)
    }

    fn signature(&self, func: &Func) -> String {
        let list = |types: &[Ty]| types.iter().map(|&ty| format!(" {}", self.types.text(ty))).collect::<String>();
        let ty = func.ty.map(|ty| format!("(type {ty}) ")).unwrap_or_default();
        format!("{ty}(param{}) (result{})", list(&func.params), list(&func.results))
    }

    fn tag(&self, tag: &Tag) -> String {
        let params = tag.params.iter().map(|&ty| format!(" {}", self.types.text(ty))).collect::<String>();
        format!("(param{params})")
    }

    /// What a module imports.
    fn imports(&self, module: usize, text: &mut String) {
        for other in self.callable(module).filter(|&other| other != module) {
            for (index, func) in self.funcs[other].iter().enumerate() {
                let (name, ty) = (&func.name, self.signature(func));
                writeln!(text, r#"(import "m{other}" "f{index}" (func {name} {ty}))"#).unwrap();
            }
        }
        if module == 0 {
            return;
        }
        for (name, ty) in &self.globals {
            let ty = self.types.text(*ty);
            writeln!(text, r#"(import "m0" "{}" (global {name} (mut {ty})))"#, &name[1..]).unwrap();
        }
        writeln!(text, r#"(import "m0" "{FUEL}" (global $fuel (mut i32)))"#).unwrap();
        writeln!(text, r#"(import "m0" "tab" (table $tab {TABLE} anyref))"#).unwrap();
        writeln!(text, r#"(import "m0" "funcs" (table $funcs {FUNCS} funcref))"#).unwrap();
        for (index, tag) in self.tags[0].iter().enumerate() {
            writeln!(text, r#"(import "m0" "t{index}" (tag {} {}))"#, tag.name, self.tag(tag)).unwrap();
        }
    }

    fn host_imports(&self, module: usize, text: &mut String) {
        for func in &self.hosts[module] {
            writeln!(text, r#"(import "host" "{}" (func {} {}))"#, &func.name[1..], func.name, self.signature(func))
                .unwrap();
        }
    }

    /// What a module defines, but for types and bodies; names are exported behind `prefix`.
    fn definitions(&self, rng: &mut Rng, module: usize, prefix: &str, text: &mut String) {
        if module == 0 {
            for (name, ty) in &self.globals {
                let (init, ty) = (self.types.constant(rng, *ty), self.types.text(*ty));
                writeln!(text, r#"(global {name} (export "{prefix}{}") (mut {ty}) {init})"#, &name[1..]).unwrap();
            }
            writeln!(text, r#"(global $fuel (export "{prefix}{FUEL}") (mut i32) (i32.const 0))"#).unwrap();
            let init = self.types.constant(rng, Ty::Any);
            writeln!(text, r#"(table $tab (export "{prefix}tab") {TABLE} anyref {init})"#).unwrap();
            writeln!(text, r#"(table $funcs (export "{prefix}funcs") {FUNCS} funcref)"#).unwrap();
        }
        for (index, tag) in self.tags[module].iter().enumerate() {
            writeln!(text, r#"(tag {} (export "{prefix}t{index}") {})"#, tag.name, self.tag(tag)).unwrap();
        }
        let bytes: String = (0..DATA).map(|_| format!("\\{:02x}", rng.next() as u8)).collect();
        writeln!(text, r#"(data $m{module}_data "{bytes}")"#).unwrap();
        let items: String = (0..5).map(|_| format!(" (item {})", self.types.constant(rng, Ty::Any))).collect();
        writeln!(text, "(elem $m{module}_any anyref{items})").unwrap();
        let items: String = (0..2).map(|_| format!(" (item {})", self.types.constant(rng, Ty::Any))).collect();
        writeln!(text, "(elem (table $tab) (i32.const {}) anyref{items})", 2 * module).unwrap();
        let named = self.funcs[module].iter().filter(|func| func.ty.is_some()).map(|func| &*func.name);
        let named: Vec<_> = named.collect();
        let (at, named) = (3 * module, named.join(" "));
        writeln!(text, "(elem (table $funcs) (i32.const {at}) func {named})").unwrap();
        writeln!(text, "(elem declare func {named})").unwrap();
    }
}

/// The program of a seed.
///
/// # Panics
/// The text is none of modules.
pub fn program(seed: u64) -> Program {
    let mut rng = Rng::new(seed ^ 0x00B1_EC75);
    let plan = Plan::new(&mut rng);
    let count = plan.funcs.len();
    let (mut modules, mut all_types, mut all_imports, mut all) =
        (Vec::new(), String::new(), String::new(), String::new());
    for module in 0..count {
        let others = plan.types.others(&mut rng, module);
        let types = plan.types.definitions(&mut rng, &others);
        let mut imports = String::new();
        plan.host_imports(module, &mut imports);
        all_imports.push_str(&imports);
        plan.imports(module, &mut imports);
        let bodies = body::bodies(&mut rng, &plan, module);
        let mut definitions = String::new();
        let before = rng.clone();
        plan.definitions(&mut rng, module, "", &mut definitions);
        let exported = |prefix: &str| -> String {
            let export = |(index, body): (usize, &String)| body.replacen("EXPORT", &format!("{prefix}f{index}"), 1);
            bodies.iter().enumerate().map(export).collect()
        };
        modules.push(format!("(module\n{types}{imports}{definitions}{})", exported("")));
        if module == 0 {
            all_types.push_str(&types);
        } else {
            all_types.push_str(&others);
        }
        let prefix = format!("{module}:");
        plan.definitions(&mut before.clone(), module, &prefix, &mut all);
        all.push_str(&exported(&prefix));
    }
    let parse =
        |text: &String| wat::parse_str(text).unwrap_or_else(|error| panic!("objects of seed {seed}: {error}\n{text}"));
    let merged = plan.circles.then(|| parse(&format!("(module\n{all_types}{all_imports}{all})")));
    let modules = modules.iter().map(parse).collect();
    Program { modules, seed, rounds: ROUNDS, merged, ..Program::default() }
}
