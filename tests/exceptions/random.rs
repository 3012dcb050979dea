//! Random programs of exceptions beside an evaluator that knows nothing of code: it walks over the program's tree, as the specification
//! does.

use crate::{engines, store};
use pirn::*;
use std::fmt::Write;

const TAGS: [&str; 3] = ["(param i32)", "(param i32 i32)", ""];
const FUNCS: usize = 4;
const LOCALS: i32 = 4;
/// More steps are too many.
const MOST_STEPS: u32 = 20_000;

/// A value.
enum Expr {
    Const(i32),
    Local(i32),
    Global,
    Load(Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Call(usize, Box<Expr>, Box<Expr>),
    Block(u32, Vec<Stmt>, Box<Expr>),
    Try(Box<Try>),
}

/// A value, or what a handler makes of an exception.
struct Try {
    label: u32,
    form: Form,
    tag: usize,
    body: Vec<Stmt>,
    value: Expr,
    handler: Vec<Stmt>,
    more: i32,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// `catch`, or `catch_ref`, of a `try_table`; what it refers to is kept for `throw_ref`.
    Table,
    TableRef,
    /// `try` with `catch`.
    Legacy,
}

enum Stmt {
    Set(i32, Expr),
    SetGlobal(Expr),
    Store(Expr, Expr),
    Drop(Expr),
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    /// So many times.
    Loop(u32, i32, Vec<Stmt>),
    Block(u32, Vec<Stmt>),
    Br(u32),
    BrIf(u32, Expr),
    Return(Expr),
    Throw(usize, Expr, Expr),
    /// Of the handler of this label.
    Rethrow(u32),
    /// What the innermost handler of a `TableRef` got.
    ThrowRef,
    /// A `try_table`: clauses lead to labels that take nothing.
    Catches(u32, Vec<(Option<usize>, u32)>, Vec<Stmt>),
    CatchAll(u32, Vec<Stmt>, Vec<Stmt>),
    /// A `try` that delegates to a label, or to the caller.
    Delegate(u32, Vec<Stmt>, Option<u32>),
}

#[derive(Clone, Copy)]
struct Thrown {
    tag: usize,
    values: [i32; 2],
    /// Handlers are asked from this label on.
    from: Option<u32>,
}

/// Why evaluation does not go on.
enum Leave {
    Br(u32),
    Return(i32),
    Thrown(Thrown),
    TooLong,
}

struct Generator {
    random: u64,
    labels: u32,
    loops: usize,
    func: usize,
    /// Labels that may be branched to, those that may be rethrown from, and whether there is a reference.
    open: Vec<u32>,
    caught: Vec<u32>,
    refs: usize,
    depth: u32,
}

impl Generator {
    fn below(&mut self, n: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as usize % n
    }

    fn label(&mut self) -> u32 {
        self.labels += 1;
        self.labels
    }

    fn exprs(&mut self) -> [Box<Expr>; 2] {
        [(); 2].map(|()| Box::new(self.expr()))
    }

    fn expr(&mut self) -> Expr {
        if self.depth > 5 {
            return if self.below(2) == 0 {
                Expr::Local(self.below(4) as i32)
            } else {
                Expr::Const(self.below(99) as i32)
            };
        }
        self.depth += 1;
        let expr = match self.below(14) {
            0 | 1 => Expr::Const(self.below(1000) as i32 - 300),
            2..=4 => Expr::Local(self.below(LOCALS as usize) as i32),
            5 => Expr::Global,
            6 => Expr::Load(Box::new(self.expr())),
            7..=9 => {
                let op = ["add", "sub", "mul", "xor", "and", "lt_s", "eq"][self.below(7)];
                let [a, b] = self.exprs();
                Expr::Binary(op, a, b)
            }
            10 if self.func > 0 => {
                let callee = self.below(self.func);
                let [a, b] = self.exprs();
                Expr::Call(callee, a, b)
            }
            11 => {
                let label = self.label();
                // Nobody branches to a label that takes a value.
                let body = self.stmts();
                Expr::Block(label, body, Box::new(self.expr()))
            }
            _ => {
                let form = [Form::Table, Form::TableRef, Form::Legacy][self.below(3)];
                let (label, tag) = (self.label(), self.below(2));
                let body = self.stmts();
                let value = self.expr();
                match form {
                    Form::Table => {}
                    Form::TableRef => self.refs += 1,
                    Form::Legacy => self.caught.push(label),
                }
                let handler = self.stmts();
                match form {
                    Form::Table => {}
                    Form::TableRef => self.refs -= 1,
                    Form::Legacy => _ = self.caught.pop(),
                }
                let more = self.below(50) as i32;
                Expr::Try(Box::new(Try { label, form, tag, body, value, handler, more }))
            }
        };
        self.depth -= 1;
        expr
    }

    fn stmts(&mut self) -> Vec<Stmt> {
        let most = if self.depth > 4 { 2 } else { 4 };
        (0..self.below(most)).map(|_| self.stmt()).collect()
    }

    fn inner(&mut self, label: u32) -> Vec<Stmt> {
        self.open.push(label);
        let stmts = self.stmts();
        self.open.pop();
        stmts
    }

    fn some_label(&mut self) -> Option<u32> {
        let choice = self.below(self.open.len().max(1));
        self.open.get(choice).copied()
    }

    fn stmt(&mut self) -> Stmt {
        self.depth += 1;
        let deep = self.depth > 6;
        let label = self.label();
        let stmt = match self.below(20) {
            0 | 1 => Stmt::SetGlobal(Expr::Binary(
                "add",
                Box::new(Expr::Binary("mul", Box::new(Expr::Global), Box::new(Expr::Const(31)))),
                Box::new(self.expr()),
            )),
            2 => {
                let [at, value] = self.exprs();
                Stmt::Store(*at, *value)
            }
            3 => Stmt::Drop(self.expr()),
            4 | 5 if !deep => Stmt::If(self.expr(), self.stmts(), self.stmts()),
            6 if !deep && self.loops < 4 => {
                self.loops += 1;
                let (times, body) = (1 + self.below(3) as i32, self.stmts());
                Stmt::Loop(label, times, body)
            }
            7 | 8 if !deep => Stmt::Block(label, self.inner(label)),
            9 => match self.some_label() {
                Some(to) if self.below(3) == 0 => Stmt::Br(to),
                Some(to) => Stmt::BrIf(to, self.expr()),
                None => Stmt::Return(self.expr()),
            },
            10 | 11 => {
                let [a, b] = self.exprs();
                Stmt::Throw(self.below(3), *a, *b)
            }
            12 if !self.caught.is_empty() => {
                let choice = self.below(self.caught.len());
                Stmt::Rethrow(self.caught[choice])
            }
            13 if self.refs > 0 => Stmt::ThrowRef,
            14 | 15 if !deep && !self.open.is_empty() => {
                let clauses = (0..1 + self.below(2))
                    .map(|_| ((self.below(2) == 0).then_some(2), self.some_label().expect("one is open")))
                    .collect();
                Stmt::Catches(label, clauses, self.stmts())
            }
            16 if !deep => {
                let body = self.inner(label);
                self.caught.push(label);
                let handler = self.inner(label);
                self.caught.pop();
                Stmt::CatchAll(label, body, handler)
            }
            17 if !deep => {
                let to = self.some_label().filter(|_| self.below(4) > 0);
                Stmt::Delegate(label, self.inner(label), to)
            }
            _ => Stmt::Set(self.below(LOCALS as usize) as i32, self.expr()),
        };
        self.depth -= 1;
        stmt
    }
}

/// Writes functions in the text format.
struct Writer<'a> {
    out: &'a mut String,
    loops: usize,
}

impl Writer<'_> {
    fn add(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Const(value) => self.add(&format!("i32.const {value}")),
            Expr::Local(index) => self.add(&format!("local.get {index}")),
            Expr::Global => self.add("global.get $g"),
            Expr::Load(at) => {
                self.expr(at);
                self.add("i32.const 15 i32.and i32.const 4 i32.mul i32.load");
            }
            Expr::Binary(op, a, b) => {
                self.expr(a);
                self.expr(b);
                self.add(&format!("i32.{op}"));
            }
            Expr::Call(callee, a, b) => {
                self.expr(a);
                self.expr(b);
                self.add(&format!("call $f{callee}"));
            }
            Expr::Block(label, body, value) => {
                self.add(&format!("block $l{label} (result i32)"));
                self.stmts(body);
                self.expr(value);
                self.add("end");
            }
            Expr::Try(of) => self.try_(of),
        }
    }

    fn try_(&mut self, of: &Try) {
        let &Try { label, form, tag, ref body, ref value, ref handler, more } = of;
        // The handler's value is the first one and, of two, the second less.
        let combine = if tag == 1 { "i32.sub" } else { "" };
        if form == Form::Legacy {
            self.add(&format!("try $l{label} (result i32)"));
            self.stmts(body);
            self.expr(value);
            self.add(&format!("catch $t{tag} {combine}"));
            self.stmts(handler);
            self.add(&format!("i32.const {more} i32.add end"));
            return;
        }
        let params = if tag == 1 { "i32 i32" } else { "i32" };
        let (catch, reference) = if form == Form::TableRef { ("catch_ref", "exnref") } else { ("catch", "") };
        self.add(&format!("block $out{label} (result i32) block $h{label} (result {params} {reference})"));
        self.add(&format!("try_table $l{label} (result i32) ({catch} $t{tag} $h{label})"));
        self.stmts(body);
        self.expr(value);
        self.add(&format!("end br $out{label} end"));
        if form == Form::TableRef {
            self.add("local.set $x");
        }
        self.add(combine);
        self.stmts(handler);
        self.add(&format!("i32.const {more} i32.add end"));
    }

    fn stmts(&mut self, stmts: &[Stmt]) {
        stmts.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Set(index, value) => {
                self.expr(value);
                self.add(&format!("local.set {index}"));
            }
            Stmt::SetGlobal(value) => {
                self.expr(value);
                self.add("global.set $g");
            }
            Stmt::Store(at, value) => {
                self.expr(at);
                self.add("i32.const 15 i32.and i32.const 4 i32.mul");
                self.expr(value);
                self.add("i32.store");
            }
            Stmt::Drop(value) => {
                self.expr(value);
                self.add("drop");
            }
            Stmt::If(condition, then, otherwise) => {
                self.expr(condition);
                self.add("if");
                self.stmts(then);
                self.add("else");
                self.stmts(otherwise);
                self.add("end");
            }
            Stmt::Loop(label, times, body) => {
                let counter = self.loops;
                self.loops += 1;
                self.add(&format!("i32.const {times} local.set $c{counter} loop $l{label}"));
                self.stmts(body);
                self.add(&format!(
                    "local.get $c{counter} i32.const 1 i32.sub local.tee $c{counter} br_if $l{label} end"
                ));
            }
            Stmt::Block(label, body) => {
                self.add(&format!("block $l{label}"));
                self.stmts(body);
                self.add("end");
            }
            Stmt::Br(to) => self.add(&format!("br $l{to}")),
            Stmt::BrIf(to, condition) => {
                self.expr(condition);
                self.add(&format!("br_if $l{to}"));
            }
            Stmt::Return(value) => {
                self.expr(value);
                self.add("return");
            }
            Stmt::Throw(tag, a, b) => {
                [a, b].into_iter().take([1, 2, 0][*tag]).for_each(|value| self.expr(value));
                self.add(&format!("throw $t{tag}"));
            }
            Stmt::Rethrow(label) => self.add(&format!("rethrow $l{label}")),
            Stmt::ThrowRef => self.add("local.get $x throw_ref"),
            Stmt::Catches(label, clauses, body) => {
                let mut text = format!("try_table $l{label}");
                for (tag, to) in clauses {
                    match tag {
                        Some(tag) => write!(text, " (catch $t{tag} $l{to})"),
                        None => write!(text, " (catch_all $l{to})"),
                    }
                    .unwrap();
                }
                self.add(&text);
                self.stmts(body);
                self.add("end");
            }
            Stmt::CatchAll(label, body, handler) => {
                self.add(&format!("try $l{label}"));
                self.stmts(body);
                self.add("catch_all");
                self.stmts(handler);
                self.add("end");
            }
            Stmt::Delegate(label, body, to) => {
                self.add(&format!("try $l{label}"));
                self.stmts(body);
                let to = to.map_or("$f".to_owned(), |to| format!("$l{to}"));
                self.add(&format!("delegate {to}"));
            }
        }
    }
}

/// One call.
struct Frame {
    locals: [i32; LOCALS as usize],
    /// Of the handlers that run, by their labels.
    caught: Vec<(u32, Thrown)>,
    reference: Option<Thrown>,
}

struct Evaluator<'a> {
    funcs: &'a [(Vec<Stmt>, Expr)],
    global: i32,
    memory: [i32; 16],
    steps: u32,
}

impl Evaluator<'_> {
    fn call(&mut self, func: usize, a: i32, b: i32) -> Result<i32, Leave> {
        let funcs = self.funcs;
        let (body, value) = &funcs[func];
        let mut frame = Frame { locals: [a, b, 0, 0], caught: Vec::new(), reference: None };
        let result = self.stmts(&mut frame, body).and_then(|()| self.expr(&mut frame, value));
        match result {
            Err(Leave::Return(value)) => Ok(value),
            Err(Leave::Thrown(thrown)) => Err(Leave::Thrown(Thrown { from: None, ..thrown })),
            other => other,
        }
    }

    fn step(&mut self) -> Result<(), Leave> {
        self.steps += 1;
        if self.steps > MOST_STEPS { Err(Leave::TooLong) } else { Ok(()) }
    }

    fn expr(&mut self, frame: &mut Frame, expr: &Expr) -> Result<i32, Leave> {
        self.step()?;
        Ok(match expr {
            Expr::Const(value) => *value,
            Expr::Local(index) => frame.locals[*index as usize],
            Expr::Global => self.global,
            Expr::Load(at) => self.memory[self.expr(frame, at)? as usize & 15],
            Expr::Binary(op, a, b) => {
                let (a, b) = (self.expr(frame, a)?, self.expr(frame, b)?);
                match *op {
                    "add" => a.wrapping_add(b),
                    "sub" => a.wrapping_sub(b),
                    "mul" => a.wrapping_mul(b),
                    "xor" => a ^ b,
                    "and" => a & b,
                    "lt_s" => i32::from(a < b),
                    _ => i32::from(a == b),
                }
            }
            Expr::Call(callee, a, b) => {
                let (a, b) = (self.expr(frame, a)?, self.expr(frame, b)?);
                self.call(*callee, a, b)?
            }
            Expr::Block(label, body, value) => {
                let result = self.stmts(frame, body).and_then(|()| self.expr(frame, value));
                leaves(*label, result)?
            }
            Expr::Try(of) => {
                let result = self.stmts(frame, &of.body).and_then(|()| self.expr(frame, &of.value));
                // What is thrown to the block around, which is the handler of a `try_table` too, is thrown inside of that.
                let thrown = match self.asked(of.label, result) {
                    Err(Leave::Thrown(thrown)) if thrown.from.is_none() && thrown.tag == of.tag => thrown,
                    other => return other,
                };
                let [a, b] = thrown.values;
                let value = if of.tag == 1 { a.wrapping_sub(b) } else { a };
                if of.form == Form::TableRef {
                    frame.reference = Some(thrown);
                }
                self.handler(frame, of.label, thrown, &of.handler)?;
                value.wrapping_add(of.more)
            }
        })
    }

    /// An exception that is delegated to this label is asked for here.
    fn asked<T>(&self, label: u32, result: Result<T, Leave>) -> Result<T, Leave> {
        result.map_err(|leave| match leave {
            Leave::Thrown(thrown) if thrown.from == Some(label) => Leave::Thrown(Thrown { from: None, ..thrown }),
            other => other,
        })
    }

    fn handler(&mut self, frame: &mut Frame, label: u32, thrown: Thrown, body: &[Stmt]) -> Result<(), Leave> {
        frame.caught.push((label, thrown));
        let result = self.stmts(frame, body);
        frame.caught.pop();
        self.asked(label, result)
    }

    fn stmts(&mut self, frame: &mut Frame, stmts: &[Stmt]) -> Result<(), Leave> {
        stmts.iter().try_for_each(|stmt| self.stmt(frame, stmt))
    }

    fn stmt(&mut self, frame: &mut Frame, stmt: &Stmt) -> Result<(), Leave> {
        self.step()?;
        match stmt {
            Stmt::Set(index, value) => frame.locals[*index as usize] = self.expr(frame, value)?,
            Stmt::SetGlobal(value) => self.global = self.expr(frame, value)?,
            Stmt::Store(at, value) => {
                let at = self.expr(frame, at)? as usize & 15;
                self.memory[at] = self.expr(frame, value)?;
            }
            Stmt::Drop(value) => _ = self.expr(frame, value)?,
            Stmt::If(condition, then, otherwise) => {
                let condition = self.expr(frame, condition)?;
                self.stmts(frame, if condition != 0 { then } else { otherwise })?;
            }
            Stmt::Loop(_, times, body) => (0..*times).try_for_each(|_| self.stmts(frame, body))?,
            Stmt::Block(label, body) => leaves(*label, self.stmts(frame, body))?,
            Stmt::Br(to) => return Err(Leave::Br(*to)),
            Stmt::BrIf(to, condition) => {
                if self.expr(frame, condition)? != 0 {
                    return Err(Leave::Br(*to));
                }
            }
            Stmt::Return(value) => return Err(Leave::Return(self.expr(frame, value)?)),
            Stmt::Throw(tag, a, b) => {
                let mut values = [0; 2];
                for (value, of) in [a, b].into_iter().zip(&mut values).take([1, 2, 0][*tag]) {
                    *of = self.expr(frame, value)?;
                }
                return Err(Leave::Thrown(Thrown { tag: *tag, values, from: None }));
            }
            Stmt::Rethrow(label) => {
                let &(_, thrown) = frame.caught.iter().rfind(|(of, _)| of == label).expect("its handler runs");
                return Err(Leave::Thrown(Thrown { from: None, ..thrown }));
            }
            Stmt::ThrowRef => {
                let thrown = frame.reference.expect("a reference was caught");
                return Err(Leave::Thrown(Thrown { from: None, ..thrown }));
            }
            Stmt::Catches(label, clauses, body) => {
                let result = self.stmts(frame, body);
                let result = self.asked(*label, result);
                if let Err(Leave::Thrown(Thrown { tag, from: None, .. })) = result
                    && let Some((_, to)) = clauses.iter().find(|(of, _)| of.is_none_or(|of| of == tag))
                {
                    return Err(Leave::Br(*to));
                }
                result?;
            }
            Stmt::CatchAll(label, body, handler) => {
                let result = self.stmts(frame, body);
                let result = match self.asked(*label, result) {
                    Err(Leave::Thrown(thrown)) if thrown.from.is_none() => self.handler(frame, *label, thrown, handler),
                    other => other,
                };
                leaves(*label, result)?;
            }
            Stmt::Delegate(label, body, to) => {
                let result = self.stmts(frame, body);
                let result = match self.asked(*label, result) {
                    // The caller has no label here.
                    Err(Leave::Thrown(thrown)) if thrown.from.is_none() => {
                        Err(Leave::Thrown(Thrown { from: Some(to.unwrap_or(u32::MAX)), ..thrown }))
                    }
                    other => other,
                };
                leaves(*label, result)?;
            }
        }
        Ok(())
    }
}

/// What goes on behind a block with this label.
fn leaves<T: Default>(label: u32, result: Result<T, Leave>) -> Result<T, Leave> {
    match result {
        Err(Leave::Br(to)) if to == label => Ok(T::default()),
        Err(Leave::Thrown(thrown)) if thrown.from == Some(label) => Err(Leave::Thrown(Thrown { from: None, ..thrown })),
        other => other,
    }
}

fn program(seed: u64) -> (String, Vec<(Vec<Stmt>, Expr)>) {
    let mut generator = Generator {
        random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        labels: 0,
        loops: 0,
        func: 0,
        open: Vec::new(),
        caught: Vec::new(),
        refs: 0,
        depth: 0,
    };
    let mut text =
        String::from("(module (memory (export \"m\") 1) (global $g (export \"g\") (mut i32) (i32.const 0))\n");
    for (tag, params) in TAGS.iter().enumerate() {
        writeln!(text, "(tag $t{tag} (export \"t{tag}\") {params})").unwrap();
    }
    let mut funcs = Vec::new();
    for func in 0..FUNCS {
        (generator.func, generator.loops) = (func, 0);
        let body: Vec<Stmt> = (0..4).flat_map(|_| generator.stmts()).collect();
        let value = generator.expr();
        writeln!(text, "(func $f{func} (export \"f{func}\") (param i32 i32) (result i32) (local i32 i32)").unwrap();
        text.push_str("(local $c0 i32) (local $c1 i32) (local $c2 i32) (local $c3 i32) (local $x exnref)\n");
        // The body as a block: what is delegated to the caller names the function's label.
        let mut writer = Writer { out: &mut text, loops: 0 };
        writer.stmts(&body);
        writer.expr(&value);
        text.push_str(")\n");
        funcs.push((body, value));
    }
    text.push(')');
    (text, funcs)
}

/// Replaces the name of the function's label by its index: how many blocks are open.
fn with_indices(text: &str) -> String {
    let (mut open, mut out) = (0_usize, String::new());
    for line in text.lines() {
        let mut words = line.split(' ').peekable();
        if line.starts_with("(func") {
            open = 0;
        }
        while let Some(word) = words.next() {
            match word {
                "block" | "loop" | "if" | "try" | "try_table" => open += 1,
                "end" => open -= 1,
                "delegate" => {
                    open -= 1;
                    if words.peek() == Some(&"$f") {
                        words.next();
                        write!(out, "delegate {open} ").unwrap();
                        continue;
                    }
                }
                _ => {}
            }
            out.push_str(word);
            out.push(' ');
        }
        out.push('\n');
    }
    out
}

#[test]
fn random_programs_do_what_an_evaluator_says() {
    let engines = engines();
    let (mut compared, mut threw) = (0, 0);
    for seed in 1..=if cfg!(debug_assertions) { 60 } else { 600 } {
        let (text, funcs) = program(seed);
        let text = with_indices(&text);
        let binary = wat::parse_str(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
        for engine in &engines {
            let module = Module::new(engine, &binary).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
            let mut store = store(engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let mut evaluator = Evaluator { funcs: &funcs, global: 0, memory: [0; 16], steps: 0 };
            for (func, a, b) in (0..FUNCS).flat_map(|func| [(func, 0, 1), (func, 7, -3)]) {
                evaluator.steps = 0;
                let expected = evaluator.call(func, a, b);
                if let Err(Leave::TooLong) = expected {
                    break;
                }
                let call = instance.get_func(&store, &format!("f{func}")).unwrap();
                let found = call.invoke::<(i32, i32), i32>(&mut store, (a, b));
                let what = || format!("seed {seed}, f{func}({a}, {b}), {:?}\n{text}", engine.config());
                match expected {
                    Ok(value) => {
                        assert_eq!(found.unwrap_or_else(|error| panic!("{error:?}: {}", what())), value, "{}", what())
                    }
                    Err(Leave::Thrown(thrown)) => {
                        let error = found.expect_err(&what());
                        assert!(error.is::<ThrownException>(), "{error:?}: {}", what());
                        let exception = store.take_pending_exception().unwrap();
                        let tag = instance.get_tag(&store, &format!("t{}", thrown.tag)).unwrap();
                        assert_eq!(exception.tag(&store).unwrap(), tag, "{}", what());
                        let values: Vec<_> = exception.fields(&store).unwrap().collect();
                        let expected = thrown.values.map(Val::I32);
                        assert_eq!(values, expected[..[1, 2, 0][thrown.tag]], "{}", what());
                        threw += 1;
                    }
                    Err(Leave::Br(_) | Leave::Return(_) | Leave::TooLong) => unreachable!("it leaves no function"),
                }
                let global = instance.get_global(&store, "g").unwrap().get(&store);
                assert_eq!(global, Val::I32(evaluator.global), "{}", what());
                compared += 1;
            }
        }
    }
    assert!(compared > 1_000 && threw > compared / 10 && threw < compared * 9 / 10, "{threw} of {compared} threw");
}
