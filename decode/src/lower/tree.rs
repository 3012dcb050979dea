//! Expression trees: what waits on the operand stack until something consumes it.

mod conditions;
mod known;

pub(super) use known::{Facts, Register, Traits, form_sig, operator_sig};

use super::mutants::mutant;
use super::slot::Slot;
use crate::cell::put;
use crate::ops::{Class, Op};
use crate::shape::rank;
use crate::sig::{self, Form, Leaf, Sig};
use known::{Known, LEAVES, OPERATORS, leaf_sig};

/// A node's index in its [`Trees`].
pub(super) type NodeId = u32;

/// What a node is.
///
/// Its parts are 32 bits wide or more: they are written one by one and read soon after, which processors are quick at only
/// if the widths are the same, and compilers like to read 32 bits where 16 would do.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(u32)]
pub(super) enum Kind {
    /// A slot: a local's, or where a value of the operand stack was put.
    Slot(Slot),
    Acc,
    /// Bits; of a vector, the node's operand bytes.
    Imm(u64),
    Vector,
    /// Word of the instance.
    Global(u32),
    /// Word of the instance.
    Func(u32),
    Unary(Op),
    Binary(Op),
    /// The memory and static offset of a far access, or where a field lies, as the node's operand bytes say.
    Memory(Space),
    /// With the static offset.
    Load(Op, u32),
    /// From the memory that the first operand is.
    FarLoad(Op),
    /// From the element, of the second's index, of the array that the first operand is.
    ElementLoad(Op),
    Select,
    Ternary(Op),
    /// One that works on one lane, with its index.
    Lane(Op, u8),
}

/// One node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Signature of the tree.
    pub(super) sig: Sig,
    /// The [`Slot::bit`]s of the slots the tree reads.
    slots: u64,
    /// The tree's operand bytes, if they are no more than these, with zeros behind them.
    bytes: [u8; MOST_BYTES],
    kids: [NodeId; 3],
    /// The highest slot the tree reads; if it is a slot itself, the lowest.
    pub(super) highest_slot: Slot,
    facts: Facts,
}

impl std::ops::Deref for Node {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.facts
    }
}

impl Node {
    pub(super) fn is_leaf(&self) -> bool {
        self.arity == 0
    }

    /// Whether it is the leaf of this slot, or of a vector that begins there. Hardly any other tree passes the first test, so
    /// processors foresee it.
    #[inline]
    pub(super) fn is_slot(&self, slot: Slot) -> bool {
        (self.highest_slot == slot) & (self.arity == 0) && self.kind == Kind::Slot(slot)
    }

    /// Whether it may read `slot`: exact for leaves.
    #[inline]
    pub(super) fn may_read(&self, slot: Slot) -> bool {
        self.may_read_any(slot.bit())
    }

    /// Whether it may read one of the slots of these [`Slot::bit`]s.
    #[inline]
    pub(super) fn may_read_any(&self, bits: u64) -> bool {
        self.slots & bits != 0
    }

    /// What the signature of an operator begins with.
    #[inline]
    fn operator_sig(&self) -> Sig {
        match self.kind {
            Kind::Unary(op) | Kind::Binary(op) | Kind::Load(op, _) | Kind::Ternary(op) => operator_sig(op),
            _ => rare(self.kind, self.class).sig,
        }
    }

    /// How many operand bytes the tree has, or 255 if those are more.
    #[inline]
    pub(super) fn operand_bytes(&self) -> usize {
        usize::from(self.len)
    }

    #[inline]
    pub(super) fn kids(&self) -> &[NodeId] {
        &self.kids[..usize::from(self.arity)]
    }
}

/// What a far access is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Space {
    /// A memory.
    Memory,
    /// One that threads share.
    Shared,
    /// A field of a struct.
    Object,
}

impl Space {
    /// What says of which memory, and where.
    const fn leaf(self) -> Leaf {
        match self {
            Self::Memory => Leaf::Memory,
            Self::Shared => Leaf::SharedMemory,
            Self::Object => Leaf::Field,
        }
    }
}

/// Where a far access looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Far {
    /// Word of the memory in the instance; where the field lies.
    pub(super) word: u32,
    /// The static offset; 0 of a field.
    pub(super) offset: u64,
    pub(super) space: Space,
}

impl Far {
    /// How many operand bytes it takes.
    pub(super) const fn len(self) -> usize {
        self.space.leaf().bytes(Class::I64)
    }

    /// Its operand bytes, with zeros behind them.
    pub(super) fn bytes(self) -> [u8; MOST_BYTES] {
        (u128::from(self.offset) << 32 | u128::from(self.word)).to_le_bytes()
    }
}

/// So many operand bytes are kept in nodes: those of most trees.
const MOST_BYTES: usize = size_of::<u128>();
/// So many bytes are written at a time when they are.
pub(super) const ENCODE_ROOM: usize = MOST_BYTES;

/// So many nodes have most functions at a time, whose stacks are empty every other moment.
const FEW_NODES: usize = 64;

/// So many nodes may there be, more if more are needed, before those that nobody needs are looked for.
const MOST_NODES: usize = 4_096;

/// What is known of operators that are not in the table as they are; `class` is that of the first operand. (Compilers would compute
/// the signatures of all of these for every operator.)
#[inline(never)]
fn rare(kind: Kind, class: Class) -> Known {
    let of = |op: Op, sig| Known { sig, ..OPERATORS[op as usize] };
    // What says where they look is an operand.
    let with_place = |op: Op, sig| {
        let facts = Facts { len: 0, arity: 2, ..OPERATORS[op as usize].facts };
        Known { sig, facts }
    };
    match kind {
        Kind::Unary(op) | Kind::Binary(op) | Kind::Load(op, _) | Kind::Ternary(op) => OPERATORS[op as usize],
        Kind::Lane(op, lane) => of(op, sig::lane(op, lane)),
        Kind::ElementLoad(op) => with_place(op, sig::element(op)),
        Kind::FarLoad(op) => with_place(op, sig::far_operator(op)),
        Kind::Select => {
            let facts = Facts {
                class,
                traits: Traits::NONE,
                operators: 1,
                is_test: false,
                rank: rank(None),
                len: 0,
                arity: 3,
                is_upper: false,
            };
            Known { sig: form_sig(Form::Select, class), facts }
        }
        Kind::Slot(_) | Kind::Acc | Kind::Imm(_) | Kind::Vector | Kind::Global(_) | Kind::Func(_) | Kind::Memory(_) => {
            unreachable!("a leaf")
        }
    }
}

/// A function's trees.
#[derive(Debug)]
pub(super) struct Trees {
    nodes: Vec<Node>,
    /// More are many.
    limit: usize,
    /// So many nodes, or more, need attention. That is one more than the limit; one while they are watched; and 0, so always, in a function that has
    /// temporaries.
    calm: usize,
    /// Whether the function has temporaries.
    waits: bool,
    /// Offsets in the module's bytes of operators, by node; for surveys alone.
    offsets: Vec<u32>,
}

impl std::ops::Index<NodeId> for Trees {
    type Output = Node;

    fn index(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }
}

impl Default for Trees {
    fn default() -> Self {
        Self { nodes: Vec::new(), limit: MOST_NODES, calm: MOST_NODES + 1, waits: false, offsets: Vec::new() }
    }
}

impl Trees {
    /// The memory that the nodes have.
    pub(super) fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>()
    }

    /// Whether it is time to [`keep`](Self::keep) what is needed.
    #[inline]
    pub(super) fn are_many(&self) -> bool {
        self.nodes.len() > self.limit
    }

    /// Whether they are many, or watched.
    #[inline(always)]
    pub(super) fn need_attention(&self) -> bool {
        self.nodes.len() >= self.calm
    }

    /// Has them looked after before every instruction of this function, or only when they are many or watched.
    pub(super) fn wait(&mut self, waits: bool) {
        self.waits = waits;
        self.unwatch();
    }

    /// Has them looked after before every instruction.
    pub(super) fn watch(&mut self) {
        self.calm = self.calm.min(1);
    }

    /// Has them looked after only when they are many.
    pub(super) fn unwatch(&mut self) {
        self.calm = if self.waits { 0 } else { self.limit + 1 };
    }

    /// Keeps the trees that have these roots, and forgets all others.
    pub(super) fn keep<'a>(&mut self, roots: impl Iterator<Item = &'a mut NodeId>) {
        let nodes = std::mem::take(&mut self.nodes);
        let offsets = std::mem::take(&mut self.offsets);
        for root in roots {
            *root = self.copy(&nodes, &offsets, *root);
        }
        self.limit = MOST_NODES.max(2 * self.nodes.len());
        self.calm = self.calm.min(self.limit + 1);
    }

    /// Copies a tree, which is no deeper than the deepest handler.
    fn copy(&mut self, nodes: &[Node], offsets: &[u32], id: NodeId) -> NodeId {
        let mut node = nodes[id as usize];
        for kid in &mut node.kids[..usize::from(node.facts.arity)] {
            *kid = self.copy(nodes, offsets, *kid);
        }
        let copy = self.push(node);
        if let Some(&offset) = offsets.get(id as usize) {
            self.note(copy, offset);
        }
        copy
    }

    /// Makes room for the nodes of most functions.
    pub(super) fn reserve(&mut self) {
        self.nodes.reserve(FEW_NODES);
    }

    /// Forgets all nodes.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.nodes.clear();
        self.offsets.clear();
    }

    /// Notes where in the module's bytes the operator of a node stands.
    pub(super) fn note(&mut self, id: NodeId, offset: u32) {
        self.offsets.resize(id as usize, 0);
        self.offsets.push(offset);
    }

    /// Where that was noted to be; 0 if it was not.
    pub(super) fn offset(&self, id: NodeId) -> u32 {
        self.offsets.get(id as usize).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn push(&mut self, node: Node) -> NodeId {
        let id = self.nodes.len() as NodeId;
        self.nodes.push(node);
        id
    }

    /// Forgets the node made last.
    #[inline]
    pub(super) fn pop(&mut self) {
        self.nodes.pop();
    }

    /// A leaf with the operand `bytes`, which reads the `slot`.
    #[inline(always)]
    fn leaf(&mut self, kind: Kind, leaf: Leaf, class: Class, bytes: u64, slot: Option<Slot>) -> NodeId {
        let (slots, highest_slot) = slot.map_or((0, Slot(0)), |slot| (slot.bit(), slot));
        let bytes = u128::from(bytes).to_le_bytes();
        let Known { sig, facts } = LEAVES[leaf as usize][class as usize];
        self.push(Node { kind, sig, slots, bytes, kids: [0; 3], highest_slot, facts })
    }

    #[inline(always)]
    pub(super) fn slot(&mut self, slot: Slot, class: Class) -> NodeId {
        let id = self.leaf(Kind::Slot(slot), Leaf::Slot, class, slot.0.into(), Some(slot));
        if class.is_wide() {
            self.nodes[id as usize].slots |= slot.above(1).bit();
        }
        id
    }

    /// What stands above a vector on the operand stack, as a value would that lies in `slot`.
    pub(super) fn upper(&mut self, slot: Slot) -> NodeId {
        let id = self.leaf(Kind::Slot(slot), Leaf::Slot, Class::V128, 0, Some(slot));
        self.nodes[id as usize].facts.is_upper = true;
        id
    }

    /// A constant of 128 bits.
    pub(super) fn vector(&mut self, bytes: [u8; MOST_BYTES]) -> NodeId {
        let id = self.leaf(Kind::Vector, Leaf::Imm, Class::V128, 0, None);
        self.nodes[id as usize].bytes = bytes;
        id
    }

    /// The bits of the vector that the node is.
    pub(super) fn vector_bytes(&self, id: NodeId) -> [u8; MOST_BYTES] {
        debug_assert!(self[id].kind == Kind::Vector);
        self.nodes[id as usize].bytes
    }

    /// The memory of a far access.
    pub(super) fn memory(&mut self, far: Far) -> NodeId {
        let id = self.leaf(Kind::Memory(far.space), far.space.leaf(), Class::I64, 0, None);
        self.nodes[id as usize].bytes = far.bytes();
        id
    }

    /// Accounts for the second slots of the vectors among the operands of an operator just made: those are no parts of the
    /// operands' [`Node::highest_slot`].
    pub(super) fn count_wide_operands(&mut self, id: NodeId) {
        if mutant!(26) {
            return;
        }
        let is_wide = |kid: &&NodeId| self[**kid].class.is_wide() && matches!(self[**kid].kind, Kind::Slot(_));
        let ends = self[id].kids().iter().filter(is_wide).map(|&kid| self[kid].highest_slot.above(1));
        let highest = ends.max().unwrap_or(Slot(0)).max(self[id].highest_slot);
        self.nodes[id as usize].highest_slot = highest;
    }

    pub(super) fn acc(&mut self, class: Class) -> NodeId {
        self.leaf(Kind::Acc, Leaf::Acc, class, 0, None)
    }

    #[inline(always)]
    pub(super) fn imm(&mut self, bits: u64, class: Class) -> NodeId {
        let bytes = if class.bytes() == 4 { (bits as u32).into() } else { bits };
        self.leaf(Kind::Imm(bits), Leaf::Imm, class, bytes, None)
    }

    pub(super) fn global(&mut self, word: u32, class: Class) -> NodeId {
        self.leaf(Kind::Global(word), Leaf::Global, class, word.into(), None)
    }

    pub(super) fn func(&mut self, word: u32) -> NodeId {
        self.leaf(Kind::Func(word), Leaf::Func, Class::I64, word.into(), None)
    }

    /// An operator applied to as many `kids` as it takes.
    #[inline(always)]
    pub(super) fn operator<const N: usize>(&mut self, kind: Kind, kids: [NodeId; N]) -> NodeId {
        let nodes = kids.map(|kid| &self[kid]);
        let Known { sig, facts } = match kind {
            Kind::Unary(op) | Kind::Binary(op) | Kind::Load(op, _) | Kind::Ternary(op) => OPERATORS[op as usize],
            _ => rare(kind, nodes[0].class),
        };
        let (mut bytes, mut len) = (0_u128, 0_u8);
        let mut node = Node { kind, sig, slots: 0, bytes: [0; MOST_BYTES], kids: [0; 3], highest_slot: Slot(0), facts };
        for kid in nodes {
            node.facts.traits = node.traits.with(kid.traits);
            node.slots |= kid.slots;
            node.highest_slot = node.highest_slot.max(kid.highest_slot);
            node.facts.operators = node.operators.saturating_add(kid.operators);
            node.sig = sig::with(node.sig, kid.sig);
            // Where a byte has no place, nobody will look at the others either.
            bytes |= u128::from_le_bytes(kid.bytes).wrapping_shl(8 * u32::from(len));
            len = len.saturating_add(kid.len);
        }
        if let Kind::Load(_, offset) = kind {
            bytes = bytes << 32 | u128::from(offset);
        }
        node.facts.len = node.len.saturating_add(len);
        node.bytes = bytes.to_le_bytes();
        node.kids[..N].copy_from_slice(&kids);
        self.push(node)
    }

    /// Whether every machine has a handler that sets the accumulator to this operator of `kids`: see [`super::Target`].
    #[inline]
    pub(super) fn is_basic<const N: usize>(&self, kind: Kind, kids: [NodeId; N]) -> bool {
        let is_slot = |kid: NodeId| matches!(self[kid].kind, Kind::Slot(_) | Kind::Acc);
        match kids[..] {
            _ if matches!(kind, Kind::Select | Kind::Lane(..)) => false,
            [a] => is_slot(a),
            [a, b] => is_slot(a) && (is_slot(b) || matches!(self[b].kind, Kind::Imm(_))),
            _ => false,
        }
    }

    /// The operator to build with operands in the other order, if that is the canonical one: what computes comes first, and
    /// immediates last. Operands that may both trap keep their order.
    #[inline]
    pub(super) fn swapped(&self, op: Op, a: NodeId, b: NodeId) -> Option<Op> {
        let trap = |node: NodeId| self[node].traits.any(Traits::TRAPS);
        if self[a].rank > self[b].rank && !(trap(a) && trap(b)) { op.swapped() } else { None }
    }

    /// Whether the tree reads `slot`.
    #[inline]
    pub(super) fn reads_slot(&self, id: NodeId, slot: Slot) -> bool {
        self[id].may_read(slot) && self.find_slot(id, slot)
    }

    fn find_slot(&self, id: NodeId, slot: Slot) -> bool {
        let node = &self[id];
        // Trees are a few nodes deep, for each has a handler of its own.
        match node.kind {
            Kind::Slot(reads) => reads == slot || node.class.is_wide() && !mutant!(32) && reads.above(1) == slot,
            // Other leaves have no operands.
            _ => node.kids().iter().any(|&kid| self.reads_slot(kid, slot)),
        }
    }

    /// Finds the first leaves that read `slot` as a value of `class`: behind the first `count` in `found`. Returns how many
    /// there are then.
    #[inline(always)]
    pub(super) fn find_leaves(
        &self,
        id: NodeId,
        slot: Slot,
        class: Class,
        found: &mut [NodeId; 2],
        count: usize,
    ) -> usize {
        let node = &self[id];
        if count == found.len() || !node.may_read(slot) {
            return count;
        }
        match node.kind {
            Kind::Slot(reads) if reads == slot && (node.class == class || mutant!(33)) => {
                found[count] = id;
                count + 1
            }
            _ if node.is_leaf() => count,
            _ => self.find_leaves_below(id, slot, class, found, count),
        }
    }

    /// [`Trees::find_leaves`], of the operands.
    fn find_leaves_below(&self, id: NodeId, slot: Slot, class: Class, found: &mut [NodeId; 2], count: usize) -> usize {
        self[id].kids().iter().fold(count, |count, &kid| self.find_leaves(kid, slot, class, found, count))
    }

    /// The tree's signature if the leaf `acc`, which reads `slot`, were the accumulator.
    #[inline(always)]
    pub(super) fn sig_with(&self, id: NodeId, acc: NodeId, slot: Slot) -> Sig {
        let node = &self[id];
        if id == acc {
            return leaf_sig(Leaf::Acc, node.class);
        }
        if node.is_leaf() || !node.may_read(slot) {
            return node.sig;
        }
        self.sig_with_below(id, acc, slot)
    }

    /// [`Trees::sig_with`], of an operator.
    fn sig_with_below(&self, id: NodeId, acc: NodeId, slot: Slot) -> Sig {
        let node = &self[id];
        let kids = node.kids().iter();
        kids.fold(node.operator_sig(), |sig, &kid| sig::with(sig, self.sig_with(kid, acc, slot)))
    }

    /// Writes the tree's operands to where there is room, [`ENCODE_ROOM`] bytes more than they take, and returns the room
    /// behind them; the leaf `acc` is the accumulator.
    #[inline(always)]
    pub(super) fn encode<'a>(&self, id: NodeId, acc: Option<NodeId>, room: &'a mut [u8]) -> &'a mut [u8] {
        let node = &self[id];
        let len = usize::from(node.len);
        if acc.is_some() || len > MOST_BYTES {
            return self.encode_parts(id, acc, room);
        }
        *room.first_chunk_mut().expect("room was made before") = node.bytes;
        &mut room[len..]
    }

    /// [`Trees::encode`], node by node.
    fn encode_parts<'a>(&self, id: NodeId, acc: Option<NodeId>, mut room: &'a mut [u8]) -> &'a mut [u8] {
        let node = &self[id];
        if acc == Some(id) {
            return room;
        }
        if node.is_leaf() {
            *room.first_chunk_mut().expect("room was made before") = node.bytes;
            return &mut room[usize::from(node.len)..];
        }
        if let Kind::Load(_, offset) = node.kind {
            room = put(room, if mutant!(22) { 0 } else { offset }.to_ne_bytes());
        }
        node.kids().iter().fold(room, |room, &kid| self.encode_parts(kid, acc, room))
    }
}
