//! Which handlers have never been executed, by what runs with `PIRN_COVERAGE` have written, or are in no code at all.

use crate::program::Program;
use pirn_decode::ops::Op;
use pirn_decode::shape::Shape;
use pirn_decode::sig::{Form, Sig};
use std::collections::{BTreeMap, HashSet};

/// The signatures that runs have written.
pub fn executed(lines: &str) -> HashSet<Sig> {
    lines.lines().filter_map(|line| Sig::from_str_radix(line, 16).ok()).collect()
}

/// The signatures of the cells that a program's functions are lowered to, fused and not.
pub fn lowered(program: &Program, seen: &mut HashSet<Sig>) {
    for wasm in &program.modules {
        let Ok(module) = pirn_decode::Module::new(&**wasm) else { continue };
        for fuse in [true, false] {
            let options = pirn_decode::Options { fuse, ..Default::default() };
            let disassembler = pirn_exec::inspect::disassembler(&module, options);
            let code = module.own_funcs().filter_map(|funcidx| disassembler.function(funcidx).ok());
            seen.extend(code.flat_map(|code| code.lines).map(|line| line.sig));
        }
    }
}

/// The report: counts, then the shapes not seen, in the words of their types, by what they begin with.
pub fn report(seen: &HashSet<Sig>) -> String {
    use std::fmt::Write;
    let mut groups: BTreeMap<&'static str, (usize, Vec<String>)> = BTreeMap::new();
    let (mut total, mut executed) = (0, 0);
    for (sig, shape) in pirn_exec::exercise::all() {
        let group = groups.entry(group(shape)).or_default();
        total += 1;
        group.0 += 1;
        if seen.contains(&sig) {
            executed += 1;
        } else {
            group.1.push(name(shape));
        }
    }
    let mut text = format!("{executed} of {total} handlers were seen\n");
    for (group, (count, never)) in &mut groups {
        let _ = writeln!(text, "{group}: {} of {count}", *count - never.len());
        never.sort();
        never.iter().for_each(|shape| {
            let _ = writeln!(text, "  {shape}");
        });
    }
    text
}

fn group(shape: &Shape) -> &'static str {
    match shape {
        Shape::Seq(..) => "sequences",
        Shape::Carried(..) => "loops",
        Shape::Store(..)
        | Shape::FarStore(..)
        | Shape::SharedStore(..)
        | Shape::FieldStore(..)
        | Shape::ElementStore(..) => "stores",
        Shape::Bulk(..) => "fills and copies",
        Shape::Form(Form::BrIf, ..) => "branches",
        Shape::Form(Form::Return, ..) => "returns",
        Shape::Form(..) => "assignments",
        Shape::Leaf(..)
        | Shape::Unary(..)
        | Shape::Binary(..)
        | Shape::Load(..)
        | Shape::FarLoad(..)
        | Shape::SharedLoad(..)
        | Shape::FieldLoad(..)
        | Shape::ElementLoad(..)
        | Shape::Select(..)
        | Shape::Ternary(..)
        | Shape::Extract(..)
        | Shape::Replace(..) => "expressions",
        Shape::Cell(_) | Shape::Thunk => "cells",
    }
}

/// The shape as the machine writes its type.
fn name(shape: &Shape) -> String {
    let of = |op: Op, parts: &[&Shape]| {
        let parts: Vec<String> = parts.iter().map(|part| name(part)).collect();
        format!("{op:?}({})", parts.join(", "))
    };
    match *shape {
        Shape::Leaf(leaf, class) => format!("{leaf:?} {class:?}"),
        Shape::Unary(op, a) | Shape::Load(op, a) => of(op, &[a]),
        Shape::Binary(op, a, b) | Shape::Store(op, a, b) => of(op, &[a, b]),
        Shape::SharedLoad(op, a) => format!("shared {}", of(op, &[a])),
        Shape::SharedStore(op, a, b) => format!("shared {}", of(op, &[a, b])),
        Shape::FieldLoad(op, a) => format!("field {}", of(op, &[a])),
        Shape::FieldStore(op, a, b) => format!("field {}", of(op, &[a, b])),
        Shape::ElementLoad(op, a, b) => format!("element {}", of(op, &[a, b])),
        Shape::ElementStore(op, a, b, c) => format!("element {}", of(op, &[a, b, c])),
        Shape::FarLoad(op, a) => format!("far {}", of(op, &[a])),
        Shape::FarStore(op, a, b) => format!("far {}", of(op, &[a, b])),
        Shape::Ternary(op, a, b, c) => of(op, &[a, b, c]),
        Shape::Extract(op, lane, a) => format!("{op:?} {lane}({})", name(a)),
        Shape::Replace(op, lane, a, b) => format!("{op:?} {lane}({}, {})", name(a), name(b)),
        Shape::Select(_, a, b, condition) => format!("Select({}, {}, {})", name(a), name(b), name(condition)),
        Shape::Bulk(form, a, b, bytes) => format!("{form:?}({}, {}, {})", name(a), name(b), name(bytes)),
        Shape::Form(form, _, a) => format!("{form:?}({})", name(a)),
        Shape::Seq(a, b) => format!("{}; {}", name(a), name(b)),
        Shape::Carried(_, a) => format!("Carried({})", name(a)),
        Shape::Cell(cell) => format!("{cell:?}"),
        Shape::Thunk => "Thunk".into(),
    }
}
