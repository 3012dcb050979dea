//! Call stacks that were sampled, as a tree: a stack is a node, which has a function and the node of its caller.
//!
//! A program may nest calls a hundred thousand deep, and each time others. So a tree has at most [`NODES`], and a stack at most some
//! more than [`DEPTH`]: the outermost functions, a mark for those left out, and the innermost, which has what the sample cost.

use crate::times::Times;
use pirn::Demangled;
use pirn_decode::FuncIdx;
use std::collections::HashMap;
use std::time::Duration;

/// How many functions of a stack are kept, the outermost ones. What is deeper is a recursion, mostly.
const DEPTH: usize = 256;

/// How many nodes there may be; a hundred bytes or so each. What would take more counts for the node where it would have begun.
const NODES: usize = 1 << 20;

/// In the place of functions that were left out.
const LEFT_OUT: FuncIdx = FuncIdx(u32::MAX);

/// A stack: a number of a node; 0 is the empty one.
type NodeId = u32;

#[derive(Debug, Clone, Copy)]
struct Node {
    caller: NodeId,
    funcidx: FuncIdx,
    /// Spent in this function, called like this, without what it called.
    time: Duration,
}

/// What was sampled.
#[derive(Debug)]
pub struct Stacks {
    /// A caller comes before those it calls.
    nodes: Vec<Node>,
    known: HashMap<(NodeId, FuncIdx), NodeId>,
}

impl Stacks {
    /// Without any.
    pub fn new() -> Self {
        Self { nodes: vec![Node { caller: 0, funcidx: LEFT_OUT, time: Duration::ZERO }], known: HashMap::new() }
    }

    /// The node of a stack, the innermost function first.
    pub fn intern(&mut self, funcs: &[FuncIdx]) -> NodeId {
        let kept = funcs.len().min(DEPTH);
        let mut node = 0;
        for &funcidx in funcs[funcs.len() - kept..].iter().rev() {
            node = self.callee(node, funcidx);
        }
        if let (true, Some(&innermost)) = (kept < funcs.len(), funcs.first()) {
            if kept + 1 < funcs.len() {
                node = self.callee(node, LEFT_OUT);
            }
            node = self.callee(node, innermost);
        }
        node
    }

    fn callee(&mut self, caller: NodeId, funcidx: FuncIdx) -> NodeId {
        if let Some(&node) = self.known.get(&(caller, funcidx)) {
            return node;
        }
        if self.nodes.len() == NODES {
            return caller;
        }
        let node = self.nodes.len() as NodeId;
        self.nodes.push(Node { caller, funcidx, time: Duration::ZERO });
        self.known.insert((caller, funcidx), node);
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
    pub fn new(stacks: &Stacks, times: Option<&Times>, module: &pirn_decode::Module) -> Self {
        let named = pirn_decode::dump::names(module);
        let mut tree = Self { names: Vec::new(), frames: Vec::new() };
        let mut places: HashMap<FuncIdx, usize> = HashMap::new();
        for node in &stacks.nodes[1..] {
            let name = *places.entry(node.funcidx).or_insert_with(|| {
                tree.names.push(match (node.funcidx, named.get(&node.funcidx)) {
                    (LEFT_OUT, _) => "[frames left out]".to_owned(),
                    (_, Some(name)) => Demangled(name).to_string(),
                    (funcidx, None) => format!("func[{funcidx}]"),
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
        tree
    }
}
