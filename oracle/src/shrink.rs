//! Makes a program that shows a mismatch smaller, one node at a time.

use crate::generate::tree::{Node, Op, ProgramSpec};
use crate::on_pirn::Mode;
use crate::{Authority, Verdict, check};
use std::time::{Duration, Instant};

/// Instructions the oracle may execute while shrinking: what is cut may have been what ended a loop.
const FUEL: u64 = 5_000_000;

/// What may stand in a node's place, smallest first.
fn candidates(node: &Node) -> Vec<Node> {
    let mut candidates = Vec::new();
    if node.kids.is_empty() && node.results.len() <= 1 && !matches!(node.op, Op::Block(..)) {
        // A leaf: nothing is smaller than a zero, and a zero not than itself.
        if let [ty] = node.results[..]
            && !matches!(&node.op, Op::Plain(instruction) if format!("{instruction:?}").contains("Const"))
        {
            candidates.push(Node::zero(ty));
        }
        return candidates;
    }
    candidates.push(Node::seq(node.results.iter().map(|&ty| Node::zero(ty)).collect(), &node.results));
    for kid in &node.kids {
        if kid.results == node.results {
            candidates.push(kid.clone());
        }
    }
    match &node.op {
        Op::Block(_, _, body, other) => {
            for inside in [body, other] {
                let mut kids = node.kids.clone();
                kids.extend(inside.iter().cloned());
                candidates.push(Node::seq(kids, &node.results));
            }
        }
        Op::Seq if node.kids.len() > 1 => candidates.push(node.kids.last().expect("more than one").clone()),
        _ => {}
    }
    candidates
}

/// The smallest program found within `time` that still differs in `mode`.
pub fn shrink(program: &ProgramSpec, authority: Authority, mode: Mode, time: Duration) -> ProgramSpec {
    let end = Instant::now() + time;
    let differs = |spec: &ProgramSpec| matches!(check(&spec.encode(), authority, &[mode], FUEL), Verdict::Different(_));
    let mut best = program.clone();
    // Whole functions first: their bodies become traps.
    for module in 0..best.modules.len() {
        for func in 0..best.modules[module].funcs.len() {
            let mut trial = best.clone();
            trial.modules[module].funcs[func].body =
                vec![Node::plain(wasm_encoder::Instruction::Unreachable, Vec::new(), &[])];
            if differs(&trial) {
                best = trial;
            }
        }
    }
    // Fewer memories, smaller addresses.
    while let Some(style) = best.style.simpler().find(|&style| differs(&ProgramSpec { style, ..best.clone() })) {
        best.style = style;
    }
    let mut changed = true;
    while changed && Instant::now() < end {
        changed = false;
        for module in 0..best.modules.len() {
            for func in 0..best.modules[module].funcs.len() {
                changed |= shrink_body(&mut best, module, func, end, &differs);
            }
        }
    }
    best
}

fn shrink_body(
    best: &mut ProgramSpec,
    module: usize,
    func: usize,
    end: Instant,
    differs: &impl Fn(&ProgramSpec) -> bool,
) -> bool {
    let mut changed = false;
    let mut at = 0;
    // Statements of the body are nodes of one sequence for the search.
    let wrap = |spec: &ProgramSpec| Node::seq(spec.modules[module].funcs[func].body.clone(), &[]);
    let mut whole = wrap(best);
    while at < whole.count() && Instant::now() < end {
        let node = whole.clone().find(&mut at.clone()).expect("`at` is below the count").clone();
        let mut replaced = false;
        // The root is no node of the program.
        for candidate in if at == 0 { Vec::new() } else { candidates(&node) } {
            let mut trial_whole = whole.clone();
            *trial_whole.find(&mut at.clone()).expect("as before") = candidate;
            if trial_whole.count() >= whole.count() && !node.kids.is_empty() {
                continue;
            }
            let mut trial = best.clone();
            trial.modules[module].funcs[func].body.clone_from(&trial_whole.kids);
            if differs(&trial) {
                *best = trial;
                whole = wrap(best);
                replaced = true;
                changed = true;
                break;
            }
        }
        // The same place again, unless nothing fits there.
        if !replaced {
            at += 1;
        }
    }
    changed
}
