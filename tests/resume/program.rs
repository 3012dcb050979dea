//! Generated programs: up to 8 modules whose functions call each other, by name and through tables, in circles too.
//!
//! Programs are made of a seed alone, so a failure can be had again. Most end by themselves, because functions mostly call
//! such of a lower rank; a few recurse without end, or trap. Fuel bounds them all.

use std::fmt::Write;

/// Numbers from a seed (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ty {
    I32,
    I64,
    F64,
}

use Ty::{F64, I32, I64};

impl Ty {
    fn name(self) -> &'static str {
        match self {
            I32 => "i32",
            I64 => "i64",
            F64 => "f64",
        }
    }
}

/// Parameters and results of generated functions.
const TYPES: [(&[Ty], &[Ty]); 6] = [
    (&[I32], &[I32]),
    (&[I64, I32], &[I64]),
    (&[I32, F64], &[F64]),
    (&[F64, I64, I32], &[I32, F64]),
    (&[], &[I64]),
    (&[I32, I32], &[]),
];

/// The type of the functions that can be called from outside.
pub(crate) const ENTRY: usize = 0;

/// One function of the program.
#[derive(Clone, Copy)]
struct Function {
    module: usize,
    index: usize,
    ty: usize,
    /// Functions call such of a lower rank, unless they are wild.
    rank: usize,
}

/// A module's name and text.
pub(crate) type Text = (String, String);

/// The program of `seed`: modules `m0` and so on. `m0` exports `f0` of type `(i32) -> i32`; each exports a global `g`;
/// those with a memory of their own export it as `memory`, the others import `host::memory`, of 1 to 6 pages.
pub(crate) fn program(seed: u64) -> Vec<Text> {
    let mut random = Random(seed);
    let modules = 1 + random.below(8);
    let wild = random.chance(25);
    let mut functions = Vec::new();
    for module in 0..modules {
        for index in 0..2 + random.below(3) {
            let entry = module == 0 && index == 0;
            let ty = if entry { ENTRY } else { random.below(TYPES.len()) };
            let rank = if entry { 100 } else { random.below(8) };
            functions.push(Function { module, index, ty, rank });
        }
    }
    (0..modules).map(|module| (format!("m{module}"), text(module, &functions, wild, &mut random))).collect()
}

fn signature(ty: usize) -> String {
    let (params, results) = TYPES[ty];
    let list = |types: &[Ty]| types.iter().map(|ty| ty.name()).collect::<Vec<_>>().join(" ");
    format!("(param {}) (result {})", list(params), list(results))
}

fn text(module: usize, functions: &[Function], wild: bool, random: &mut Random) -> String {
    let mut out = String::from("(module\n");
    for ty in 0..TYPES.len() {
        writeln!(out, "(type $t{ty} (func {}))", signature(ty)).unwrap();
    }
    out.push_str("(import \"host\" \"ask\" (func $ask (param i32) (result i32)))\n");
    for &Function { module: other, index, ty, .. } in functions.iter().filter(|f| f.module != module) {
        writeln!(out, "(import \"m{other}\" \"f{index}\" (func $m{other}f{index} (type $t{ty})))").unwrap();
    }
    out.push_str(if random.chance(50) {
        "(import \"host\" \"memory\" (memory 1 6))\n"
    } else {
        "(memory (export \"memory\") 1 4)\n"
    });
    out.push_str("(global $g (export \"g\") (mut i64) (i64.const 0))\n");
    let names: Vec<_> = functions.iter().map(|f| format!("$m{}f{}", f.module, f.index)).collect();
    writeln!(out, "(table {0} funcref) (elem (i32.const 0) func {1})", names.len(), names.join(" ")).unwrap();
    for function in functions.iter().filter(|f| f.module == module) {
        Body { functions, wild, rank: function.rank, random, ty: function.ty, locals: Vec::new(), labels: 0, loops: 0 }
            .function(&mut out, function);
    }
    if random.chance(30) {
        let body = Body { functions, wild, rank: 3, random, ty: 5, locals: Vec::new(), labels: 0, loops: 0 };
        body.start(&mut out);
    }
    out.push(')');
    out
}

/// A function's body while it is written.
struct Body<'a> {
    functions: &'a [Function],
    wild: bool,
    rank: usize,
    random: &'a mut Random,
    ty: usize,
    locals: Vec<Ty>,
    labels: usize,
    /// Loops around what is written now.
    loops: usize,
}

impl Body<'_> {
    fn function(mut self, out: &mut String, function: &Function) {
        let (params, results) = TYPES[function.ty];
        self.locals.extend(params);
        let header =
            format!("(func $m{0}f{1} (export \"f{1}\") {2}", function.module, function.index, signature(function.ty));
        self.locals.extend([I32, I64, F64, I32, I64]);
        let mut body = String::new();
        for _ in 0..2 + self.random.below(4) {
            self.statement(&mut body, 2);
        }
        if self.random.chance(15)
            && let Some(callee) = self.callee(|f| TYPES[f.ty].1 == results)
        {
            let arguments = self.arguments(callee);
            if self.random.chance(50) {
                writeln!(body, "(return_call $m{}f{} {arguments})", callee.module, callee.index).unwrap();
            } else {
                let place = self.place(callee);
                writeln!(body, "(return_call_indirect (type $t{}) {arguments} (i32.const {place}))", callee.ty)
                    .unwrap();
            }
        } else {
            for &result in results {
                let value = self.value(result, 3);
                writeln!(body, "{value}").unwrap();
            }
        }
        self.finish(out, header, params.len(), body);
    }

    fn start(mut self, out: &mut String) {
        self.locals.extend([I32, I64, F64]);
        let mut body = String::new();
        for _ in 0..2 {
            self.statement(&mut body, 2);
        }
        self.finish(out, "(start $start) (func $start".into(), 0, body);
    }

    fn finish(self, out: &mut String, header: String, params: usize, body: String) {
        let locals: Vec<_> = self.locals[params..].iter().map(|ty| ty.name()).collect();
        writeln!(out, "{header} (local {})\n{body})", locals.join(" ")).unwrap();
    }

    /// A function that may be called here.
    fn callee(&mut self, fits: impl Fn(&Function) -> bool) -> Option<Function> {
        let any = self.wild && self.random.chance(20);
        let fitting: Vec<_> =
            self.functions.iter().filter(|f| (any || f.rank < self.rank) && fits(f)).copied().collect();
        (!fitting.is_empty()).then(|| *self.random.pick(&fitting))
    }

    /// Where it is in every table.
    fn place(&self, callee: Function) -> usize {
        let same = |f: &Function| (f.module, f.index) == (callee.module, callee.index);
        self.functions.iter().position(same).unwrap()
    }

    fn arguments(&mut self, callee: Function) -> String {
        TYPES[callee.ty].0.iter().map(|&ty| self.value(ty, 1)).collect::<Vec<_>>().join(" ")
    }

    fn call(&mut self, callee: Function) -> String {
        let arguments = self.arguments(callee);
        if self.random.chance(70) {
            return format!("(call $m{}f{} {arguments})", callee.module, callee.index);
        }
        // Now and then a function of another type, or none.
        let place = if self.random.chance(2) { self.random.below(40) } else { self.place(callee) };
        format!("(call_indirect (type $t{}) {arguments} (i32.const {place}))", callee.ty)
    }

    fn local(&mut self, ty: Ty) -> usize {
        // Loop counters come behind the first ones, and only loops write them.
        let known = TYPES[self.ty].0.len() + 3;
        let of_type: Vec<_> = (0..known.min(self.locals.len())).filter(|&i| self.locals[i] == ty).collect();
        *self.random.pick(&of_type)
    }

    fn address(&mut self) -> String {
        format!("(i32.and {} (i32.const 0xfff8))", self.value(I32, 1))
    }

    fn value(&mut self, ty: Ty, depth: usize) -> String {
        let kind = if depth == 0 { self.random.below(2) } else { self.random.below(12) };
        let name = ty.name();
        match (kind, ty) {
            (0, F64) => format!("(f64.const {}.5)", self.random.below(100)),
            (0, _) => format!("({name}.const {})", self.random.below(1000)),
            (1 | 2, _) => format!("(local.get {})", self.local(ty)),
            (3..6, _) => {
                let operators: &[&str] = match ty {
                    F64 => &["add", "sub", "mul", "min", "copysign"],
                    _ => &["add", "sub", "mul", "xor", "and", "shl", "rotl", "shr_u"],
                };
                let operator = *self.random.pick(operators);
                format!("({name}.{operator} {} {})", self.value(ty, depth - 1), self.value(ty, depth - 1))
            }
            (6, I32) => format!("(i32.load offset=8 {})", self.address()),
            (6, I64) => format!("(i64.load32_u {})", self.address()),
            (6, F64) => format!("(f64.convert_i32_s {})", self.value(I32, depth - 1)),
            (7, I32) => {
                let operator = *self
                    .random
                    .pick(&["lt_s", "eq", "gt_u", "ne", "le_s", "lt_u", "ge_s", "gt_s", "eq", "ne", "div_u"]);
                format!("(i32.{operator} {} {})", self.value(I32, depth - 1), self.value(I32, depth - 1))
            }
            (7, I64) => format!("(i64.extend_i32_s {})", self.value(I32, depth - 1)),
            (7, F64) => format!("(f64.abs {})", self.value(F64, depth - 1)),
            (8, _) => format!(
                "(if (result {name}) {} (then {}) (else {}))",
                self.value(I32, 1),
                self.value(ty, depth - 1),
                self.value(ty, depth - 1)
            ),
            (9, I32) => format!("(call $ask {})", self.value(I32, depth - 1)),
            (9, I64) => "(global.get $g)".into(),
            (9, F64) => format!("(select {0} {0} {1})", self.value(F64, depth - 1), self.value(I32, 0)),
            _ => match self.callee(|f| TYPES[f.ty].1 == [ty]) {
                Some(callee) => self.call(callee),
                None => self.value(ty, 0),
            },
        }
    }

    fn statement(&mut self, out: &mut String, depth: usize) {
        let ty = *self.random.pick(&[I32, I64, F64]);
        let line = match self.random.below(if depth == 0 { 7 } else { 11 }) {
            0 | 1 => {
                let local = self.local(ty);
                format!("(local.set {local} {})", self.value(ty, 3))
            }
            2 => {
                let operator = *self.random.pick(&["store", "store8", "store16"]);
                format!("(i32.{operator} {} {})", self.address(), self.value(I32, 2))
            }
            3 => format!("({}.store offset=4 {} {})", ty.name(), self.address(), self.value(ty, 2)),
            4 => format!("(global.set $g {})", self.value(I64, 3)),
            5 => match self.callee(|f| TYPES[f.ty].1.len() != 1) {
                // Two results, or none.
                Some(callee) if TYPES[callee.ty].1.is_empty() => self.call(callee),
                Some(callee) => {
                    let call = self.call(callee);
                    format!("{call} (local.set {}) (local.set {})", self.local(F64), self.local(I32))
                }
                None => "nop".into(),
            },
            6 => match self.random.below(8) {
                0 => format!("(drop (memory.grow (i32.and {} (i32.const 1))))", self.value(I32, 1)),
                1..4 => format!(
                    "(memory.fill {} {} (i32.and {} (i32.const 255)))",
                    self.address(),
                    self.value(I32, 1),
                    self.value(I32, 1)
                ),
                4..7 => format!(
                    "(memory.copy {} {} (i32.and {} (i32.const 127)))",
                    self.address(),
                    self.address(),
                    self.value(I32, 1)
                ),
                _ => format!("(if (i32.eq {} (i32.const 7)) (then unreachable))", self.value(I32, 2)),
            },
            7 | 8 if self.loops < 2 => {
                let counter = self.locals.len();
                self.locals.push(I32);
                let label = self.labels;
                self.labels += 1;
                self.loops += 1;
                let mut body =
                    format!("(local.set {counter} (i32.const {})) (loop $l{label}\n", 1 + self.random.below(4));
                for _ in 0..1 + self.random.below(3) {
                    self.statement(&mut body, depth - 1);
                }
                self.loops -= 1;
                format!("{body}(br_if $l{label} (local.tee {counter} (i32.sub (local.get {counter}) (i32.const 1)))))")
            }
            9 => {
                let label = self.labels;
                self.labels += 1;
                let mut body = format!("(block $l{label} (br_if $l{label} {})\n", self.value(I32, 1));
                self.statement(&mut body, depth - 1);
                body + ")"
            }
            _ => {
                let mut body = format!("(if {} (then\n", self.value(I32, 2));
                self.statement(&mut body, depth.saturating_sub(1));
                body.push_str(") (else\n");
                self.statement(&mut body, depth.saturating_sub(1));
                body + "))"
            }
        };
        writeln!(out, "{line}").unwrap();
    }
}
