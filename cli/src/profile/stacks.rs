//! Call stacks that were sampled, as a tree: a stack is a node, which has a function and the node of its caller.
//!
//! A program may nest calls a hundred thousand deep, and each time others. So a tree has at most [`NODES`], and a stack at most some
//! more than [`DEPTH`]: the outermost functions, a mark for those left out, and the innermost, which has what the sample cost.

use super::{FuncId, Profiled};
use crate::times::Times;
use anyhow::Result;
use pirn::Demangled;
use pirn_decode::FuncIdx;
use std::collections::HashMap;
use std::time::Duration;

/// How many functions of a stack are kept, the outermost ones. What is deeper is a recursion, mostly.
const DEPTH: usize = 256;

/// How many nodes there may be; a hundred bytes or so each. What would take more counts for the node where it would have begun.
const NODES: usize = 1 << 20;

/// In the place of functions that were left out.
const LEFT_OUT: FuncId = FuncId { module: usize::MAX, funcidx: FuncIdx(u32::MAX) };

/// A stack: a number of a node; 0 is the empty one.
type NodeId = u32;

#[derive(Debug, Clone, Copy)]
struct Node {
    caller: NodeId,
    func: FuncId,
    /// Spent in this function, called like this, without what it called.
    time: Duration,
}

/// What was sampled.
#[derive(Debug)]
pub struct Stacks {
    /// A caller comes before those it calls.
    nodes: Vec<Node>,
    known: HashMap<(NodeId, FuncId), NodeId>,
}

impl Stacks {
    /// Without any.
    pub fn new() -> Self {
        Self { nodes: vec![Node { caller: 0, func: LEFT_OUT, time: Duration::ZERO }], known: HashMap::new() }
    }

    /// The node of a stack, the innermost function first.
    pub fn intern(&mut self, funcs: &[FuncId]) -> NodeId {
        let kept = funcs.len().min(DEPTH);
        let mut node = 0;
        for &func in funcs[funcs.len() - kept..].iter().rev() {
            node = self.callee(node, func);
        }
        if let (true, Some(&innermost)) = (kept < funcs.len(), funcs.first()) {
            if kept + 1 < funcs.len() {
                node = self.callee(node, LEFT_OUT);
            }
            node = self.callee(node, innermost);
        }
        node
    }

    fn callee(&mut self, caller: NodeId, func: FuncId) -> NodeId {
        if let Some(&node) = self.known.get(&(caller, func)) {
            return node;
        }
        if self.nodes.len() == NODES {
            return caller;
        }
        let node = self.nodes.len() as NodeId;
        self.nodes.push(Node { caller, func, time: Duration::ZERO });
        self.known.insert((caller, func), node);
        node
    }

    /// Adds what a sample took whose stack has this node.
    pub fn add(&mut self, node: NodeId, time: Duration) {
        self.nodes[node as usize].time += time;
    }
}

/// One frame of the tree that is shown.
#[derive(Debug)]
pub struct Shown {
    /// Number of the caller's frame among those shown.
    pub caller: Option<usize>,
    /// What it is called: see [`Tree::names`].
    pub name: usize,
    /// Spent here, without what it called.
    pub time: Duration,
}

/// The tree with names, for those who draw it.
#[derive(Debug)]
pub struct Tree {
    /// Each once.
    pub names: Vec<String>,
    /// A caller comes before those it calls.
    pub frames: Vec<Shown>,
}

impl Tree {
    /// Of `stacks`, and of the host functions, which are called by nobody here, as in the table.
    ///
    /// # Errors
    /// A module cannot be read again, which making it excludes.
    pub fn new(stacks: &Stacks, times: Option<&Times>, modules: &[Profiled]) -> Result<Self> {
        let named = |profiled: &Profiled| {
            let parsed = pirn_decode::Module::new(&profiled.binary[..])?;
            Ok((profiled.prefix(), pirn_decode::dump::names(&parsed)))
        };
        let named = modules.iter().map(named).collect::<Result<Vec<_>>>()?;
        let mut tree = Self { names: Vec::new(), frames: Vec::new() };
        let mut places: HashMap<FuncId, usize> = HashMap::new();
        for node in &stacks.nodes[1..] {
            let name = *places.entry(node.func).or_insert_with(|| {
                let FuncId { module, funcidx } = node.func;
                tree.names.push(match named.get(module) {
                    None => "[frames left out]".to_owned(),
                    Some((prefix, names)) => match names.get(&funcidx) {
                        Some(name) => format!("{prefix}{}", Demangled(name)),
                        None => format!("{prefix}func[{funcidx}]"),
                    },
                });
                tree.names.len() - 1
            });
            // The empty stack is not shown.
            let caller = (node.caller as usize).checked_sub(1);
            tree.frames.push(Shown { caller, name, time: node.time });
        }
        let mut hosts: Vec<_> = times.into_iter().flat_map(|times| &times.calls).collect();
        hosts.sort_by_key(|&(&name, _)| name);
        for (name, calls) in hosts {
            tree.names.push(format!("host function {name}"));
            tree.frames.push(Shown { caller: None, name: tree.names.len() - 1, time: calls.time });
        }
        Ok(tree)
    }
}
