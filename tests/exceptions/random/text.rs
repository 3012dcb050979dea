//! Programs in the text format.

use super::program::{Expr, Form, Stmt, TAGS, Try};
use std::fmt::Write;

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

/// A module with these functions.
pub fn module(funcs: &[(Vec<Stmt>, Expr)]) -> String {
    let mut text =
        String::from("(module (memory (export \"m\") 1) (global $g (export \"g\") (mut i32) (i32.const 0))\n");
    for (tag, params) in TAGS.iter().enumerate() {
        writeln!(text, "(tag $t{tag} (export \"t{tag}\") {params})").unwrap();
    }
    for (func, (body, value)) in funcs.iter().enumerate() {
        writeln!(text, "(func $f{func} (export \"f{func}\") (param i32 i32) (result i32) (local i32 i32)").unwrap();
        text.push_str("(local $c0 i32) (local $c1 i32) (local $c2 i32) (local $c3 i32) (local $x exnref)\n");
        let mut writer = Writer { out: &mut text, loops: 0 };
        writer.stmts(body);
        writer.expr(value);
        text.push_str(")\n");
    }
    text.push(')');
    with_indices(&text)
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
