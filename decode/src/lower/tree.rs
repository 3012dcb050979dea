//! Expression trees: what waits on the operand stack until something consumes it.

use crate::ops::{Class, Effect, Op};
use crate::shape::rank;
use crate::sig::{self, Leaf, Sig};
use smallvec::SmallVec;

/// A node's index in its [`Trees`].
pub(super) type NodeId = u32;

/// A register that accumulates: `r0` or `v0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Register {
    Integer,
    Float,
}

impl Register {
    pub(super) const BOTH: [Self; 2] = [Self::Integer, Self::Float];

    pub(super) fn of(class: Class) -> Self {
        if class.is_float() { Self::Float } else { Self::Integer }
    }
}

/// What a tree does and needs: a set of the constants below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Traits(u8);

impl Traits {
    pub(super) const NONE: Self = Self(0);
    /// May trap.
    pub(super) const TRAPS: Self = Self(1);
    /// Reads memory.
    pub(super) const LOADS: Self = Self(2);
    /// Reads a global.
    pub(super) const GLOBALS: Self = Self(4);
    /// Holds an accumulator leaf.
    pub(super) const ACC_INTEGER: Self = Self(8);
    pub(super) const ACC_FLOAT: Self = Self(16);

    pub(super) fn acc(register: Register) -> Self {
        match register {
            Register::Integer => Self::ACC_INTEGER,
            Register::Float => Self::ACC_FLOAT,
        }
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// A slot: a local's, or where a value of the operand stack was put.
    Slot(u16),
    Acc,
    /// Bits.
    Imm(u64),
    /// Word of the instance.
    Global(u32),
    /// Word of the instance.
    Func(u32),
    Unary(Op),
    Binary(Op),
    /// With the static offset.
    Load(Op, u32),
    Select,
}

impl Kind {
    /// Whether it is a comparison or a test for zero.
    pub(super) fn is_test(self) -> bool {
        match self {
            Self::Unary(op) => matches!(op, Op::I32Eqz | Op::I64Eqz),
            Self::Binary(op) => op.is_comparison(),
            _ => false,
        }
    }
}

/// One node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) class: Class,
    pub(super) traits: Traits,
    /// Signature of the tree.
    pub(super) sig: Sig,
    /// One bit for each slot the tree reads, by number modulo 64: no bit, no such slot.
    slots: u64,
    /// The highest slot the tree reads.
    pub(super) highest_slot: u16,
    /// How many operators it has.
    pub(super) operators: u8,
    kids: [NodeId; 3],
}

impl Node {
    pub(super) fn is_leaf(&self) -> bool {
        matches!(self.kind, Kind::Slot(_) | Kind::Acc | Kind::Imm(_) | Kind::Global(_) | Kind::Func(_))
    }

    /// Order in which operands stand that may be swapped.
    fn rank(&self) -> u8 {
        rank(match self.kind {
            Kind::Imm(_) => Some(Leaf::Imm),
            Kind::Slot(_) => Some(Leaf::Slot),
            _ => None,
        })
    }

    pub(super) fn kids(&self) -> &[NodeId] {
        let count = match self.kind {
            Kind::Unary(_) | Kind::Load(..) => 1,
            Kind::Binary(_) => 2,
            Kind::Select => 3,
            _ => 0,
        };
        &self.kids[..count]
    }
}

/// The arena of a function's trees.
#[derive(Debug, Default)]
pub(super) struct Trees {
    nodes: Vec<Node>,
}

impl std::ops::Index<NodeId> for Trees {
    type Output = Node;

    fn index(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }
}

impl Trees {
    /// Forgets all nodes.
    pub(super) fn clear(&mut self) {
        self.nodes.clear();
    }

    pub(super) fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        (self.nodes.len() - 1) as NodeId
    }

    fn leaf(&mut self, kind: Kind, leaf: Leaf, class: Class, traits: Traits) -> NodeId {
        let (slots, highest_slot) = match kind {
            Kind::Slot(slot) => (1 << (slot % 64), slot),
            _ => (0, 0),
        };
        self.push(Node {
            kind,
            class,
            traits,
            sig: sig::leaf(leaf, class),
            slots,
            highest_slot,
            operators: 0,
            kids: [0; 3],
        })
    }

    pub(super) fn slot(&mut self, slot: u16, class: Class) -> NodeId {
        self.leaf(Kind::Slot(slot), Leaf::Slot, class, Traits::NONE)
    }

    pub(super) fn acc(&mut self, class: Class) -> NodeId {
        self.leaf(Kind::Acc, Leaf::Acc, class, Traits::acc(Register::of(class)))
    }

    pub(super) fn imm(&mut self, bits: u64, class: Class) -> NodeId {
        self.leaf(Kind::Imm(bits), Leaf::Imm, class, Traits::NONE)
    }

    pub(super) fn global(&mut self, word: u32, class: Class) -> NodeId {
        self.leaf(Kind::Global(word), Leaf::Global, class, Traits::GLOBALS)
    }

    pub(super) fn func(&mut self, word: u32) -> NodeId {
        self.leaf(Kind::Func(word), Leaf::Func, Class::I64, Traits::NONE)
    }

    /// An operator applied to `kids`.
    pub(super) fn operator(&mut self, kind: Kind, kids: &[NodeId]) -> NodeId {
        let node = self.applied(kind, kids);
        self.push(node)
    }

    /// The node of an operator applied to `kids`.
    pub(super) fn applied(&self, kind: Kind, kids: &[NodeId]) -> Node {
        let (class, effect) = match kind {
            Kind::Unary(op) | Kind::Binary(op) | Kind::Load(op, _) => (op.info().result, op.info().effect),
            _ => (self[kids[0]].class, Effect::Pure),
        };
        let mut node = Node {
            kind,
            class,
            traits: match effect {
                Effect::Pure => Traits::NONE,
                Effect::Traps => Traits::TRAPS,
                Effect::Loads | Effect::Stores => Traits::TRAPS.with(Traits::LOADS),
            },
            sig: 0,
            slots: 0,
            highest_slot: 0,
            operators: 1,
            kids: [0; 3],
        };
        for (place, &kid) in node.kids.iter_mut().zip(kids) {
            *place = kid;
            let kid = &self[kid];
            node.traits = node.traits.with(kid.traits);
            node.slots |= kid.slots;
            node.highest_slot = node.highest_slot.max(kid.highest_slot);
            node.operators = node.operators.saturating_add(kid.operators);
        }
        node.sig = combine(kind, class, |i| self[kids[i]].sig);
        node
    }

    /// The kind and operand order an operator is built with: a commutative one, or one with a mirror image, has what
    /// computes first and immediates last. Operands that may both trap keep their order.
    pub(super) fn canonical(&self, op: Op, kids: [NodeId; 2]) -> (Op, [NodeId; 2]) {
        let (a, b) = (&self[kids[0]], &self[kids[1]]);
        match op.swapped() {
            Some(swapped) if a.rank() > b.rank() => (swapped, [kids[1], kids[0]]),
            _ => (op, kids),
        }
    }

    /// Whether the tree reads `slot`.
    pub(super) fn reads_slot(&self, id: NodeId, slot: u16) -> bool {
        let node = &self[id];
        if node.slots & (1 << (slot % 64)) == 0 {
            return false;
        }
        // Trees are a few nodes deep, for each has a handler of its own.
        match node.kind {
            Kind::Slot(reads) => reads == slot,
            _ => node.kids().iter().any(|&kid| self.reads_slot(kid, slot)),
        }
    }

    /// The leaf that reads `slot` as a value of `class`; the `skip`th of them.
    pub(super) fn find_slot(&self, id: NodeId, slot: u16, class: Class, skip: &mut usize) -> Option<NodeId> {
        let node = &self[id];
        if node.slots & (1 << (slot % 64)) == 0 {
            return None;
        }
        match node.kind {
            Kind::Slot(reads) if reads == slot && node.class == class => {
                if *skip == 0 {
                    return Some(id);
                }
                *skip -= 1;
                None
            }
            _ => node.kids().iter().find_map(|&kid| self.find_slot(kid, slot, class, skip)),
        }
    }

    /// The tree's signature if the leaf `acc`, which reads `slot`, were the accumulator.
    pub(super) fn sig_with(&self, id: NodeId, acc: NodeId, slot: u16) -> Sig {
        let node = &self[id];
        if id == acc {
            return sig::leaf(Leaf::Acc, node.class);
        }
        if node.is_leaf() || node.slots & (1 << (slot % 64)) == 0 {
            return node.sig;
        }
        combine(node.kind, node.class, |i| self.sig_with(node.kids[i], acc, slot))
    }

    /// Writes the tree's operands at the end of `bytes`; the leaf `acc` is the accumulator.
    pub(super) fn encode(&self, id: NodeId, acc: Option<NodeId>, bytes: &mut Vec<u8>) {
        let node = &self[id];
        match node.kind {
            Kind::Slot(_) if acc == Some(id) => {}
            Kind::Slot(slot) => bytes.extend_from_slice(&slot.to_ne_bytes()),
            Kind::Acc | Kind::Unary(_) | Kind::Binary(_) | Kind::Select => {}
            Kind::Imm(bits) if node.class.bytes() == 4 => bytes.extend_from_slice(&(bits as u32).to_ne_bytes()),
            Kind::Imm(bits) => bytes.extend_from_slice(&bits.to_ne_bytes()),
            Kind::Global(word) | Kind::Func(word) | Kind::Load(_, word) => bytes.extend_from_slice(&word.to_ne_bytes()),
        }
        for &kid in node.kids() {
            self.encode(kid, acc, bytes);
        }
    }

    /// Whether `node` may wait although only a branch can take it whole: a test one of whose operands computes, so that it
    /// can be evaluated into the accumulator first.
    pub(super) fn is_test(&self, node: &Node) -> bool {
        let kids = node.kids();
        node.kind.is_test()
            && kids.iter().filter(|&&kid| !self[kid].is_leaf()).count() == 1
            && !kids.iter().any(|&kid| self[kid].kind == Kind::Acc)
    }

    /// The operator and operands of a comparison or a test for zero, which branches know in every form.
    pub(super) fn test(&self, id: NodeId) -> Option<(Kind, SmallVec<[NodeId; 2]>)> {
        let node = &self[id];
        node.kind.is_test().then(|| (node.kind, node.kids().into()))
    }

    /// The condition that holds when that of `id` does not, and that branches best.
    pub(super) fn negated(&mut self, id: NodeId) -> NodeId {
        let node = self[id];
        match node.kind {
            Kind::Unary(Op::I32Eqz) => node.kids[0],
            Kind::Unary(Op::I64Eqz) => {
                let zero = self.imm(0, Class::I64);
                self.operator(Kind::Binary(Op::I64Ne), &[node.kids[0], zero])
            }
            Kind::Binary(op) if op.inverse().is_some() => {
                self.operator(Kind::Binary(op.inverse().expect("just seen")), node.kids())
            }
            _ => self.operator(Kind::Unary(Op::I32Eqz), &[id]),
        }
    }

    /// The same condition without double negation and comparisons with zero.
    pub(super) fn condition(&mut self, mut id: NodeId) -> NodeId {
        loop {
            let node = self[id];
            match node.kind {
                Kind::Unary(Op::I32Eqz) => match self[node.kids[0]].kind {
                    Kind::Unary(Op::I32Eqz) => id = self[node.kids[0]].kids[0],
                    Kind::Unary(Op::I64Eqz) => return self.negated(node.kids[0]),
                    Kind::Binary(op) if op.inverse().is_some() => return self.negated(node.kids[0]),
                    _ => return id,
                },
                Kind::Binary(Op::I32Ne) if self[node.kids[1]].kind == Kind::Imm(0) => id = node.kids[0],
                Kind::Binary(Op::I32Eq) if self[node.kids[1]].kind == Kind::Imm(0) => {
                    id = self.operator(Kind::Unary(Op::I32Eqz), &[node.kids[0]]);
                }
                _ => return id,
            }
        }
    }
}

/// Signature of an operator over its kids'.
pub(super) fn combine(kind: Kind, class: Class, kid: impl Fn(usize) -> Sig) -> Sig {
    match kind {
        Kind::Unary(op) | Kind::Load(op, _) => sig::unary(op, kid(0)),
        Kind::Binary(op) => sig::binary(op, kid(0), kid(1)),
        Kind::Select => sig::select(class, kid(0), kid(1), kid(2)),
        Kind::Slot(_) | Kind::Acc | Kind::Imm(_) | Kind::Global(_) | Kind::Func(_) => {
            unreachable!("a leaf has no kids")
        }
    }
}
