//! The code of functions in another style.

use super::{PAGE_LOG2, Style};
use crate::generate::atomics;
use crate::generate::expr::i32_const;
use crate::generate::tree::{FuncSpec, Node, Op};
use crate::outcome::Type::{self, F32, F64, Func, I32, I64, V128};
use crate::rng::Rng;
use std::collections::HashMap;
use wasm_encoder::{Instruction as I, MemArg, MemArgTarget};

/// Addresses and sizes are below 2 to the power of this, or out of bounds.
const SMALL_LOG2: u32 = 20;

fn plain(instruction: I<'static>, kids: Vec<Node>, results: &[Type]) -> Node {
    Node::plain(instruction, kids, results)
}

fn i64_const(value: i64) -> Node {
    plain(I::I64Const(value), Vec::new(), &[I64])
}

/// Whether a value that lies on the stack beforehand is used in it.
fn uses_given(node: &Node) -> bool {
    matches!(node.op, Op::Given) || node.kids.iter().any(uses_given)
}

/// What a local is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Purpose {
    /// An address that is looked at twice.
    Twice,
    /// An address that waits.
    Waiting,
    /// What comes in between.
    Between,
    /// An operand, by its number.
    Operand(usize),
}

/// A function that changes.
pub(super) struct Change {
    style: Style,
    rng: Rng,
    /// The index of the next local.
    next: u32,
    locals: HashMap<(Purpose, Type), u32>,
    /// The types of the new locals.
    types: Vec<Type>,
}

/// An operand: its type, and whether it is an address, an index or a number of them.
#[derive(Debug, Clone, Copy)]
struct Operand {
    ty: Type,
    is_address: bool,
}

const ADDRESS: Operand = Operand { ty: I32, is_address: true };

fn value(ty: Type) -> Operand {
    Operand { ty, is_address: false }
}

/// The static offset of an access, and the type of what it stores or puts a lane in, if it takes such a value.
fn access<'a>(instruction: &'a mut I<'static>) -> Option<(&'a mut MemArg, Option<Type>)> {
    Some(match instruction {
        I::I32Load(memarg)
        | I::I64Load(memarg)
        | I::F32Load(memarg)
        | I::F64Load(memarg)
        | I::I32Load8S(memarg)
        | I::I32Load8U(memarg)
        | I::I32Load16S(memarg)
        | I::I32Load16U(memarg)
        | I::I64Load8S(memarg)
        | I::I64Load8U(memarg)
        | I::I64Load16S(memarg)
        | I::I64Load16U(memarg)
        | I::I64Load32S(memarg)
        | I::I64Load32U(memarg)
        | I::V128Load(memarg)
        | I::V128Load8x8S(memarg)
        | I::V128Load8x8U(memarg)
        | I::V128Load16x4S(memarg)
        | I::V128Load16x4U(memarg)
        | I::V128Load32x2S(memarg)
        | I::V128Load32x2U(memarg)
        | I::V128Load8Splat(memarg)
        | I::V128Load16Splat(memarg)
        | I::V128Load32Splat(memarg)
        | I::V128Load64Splat(memarg)
        | I::V128Load32Zero(memarg)
        | I::V128Load64Zero(memarg) => (memarg, None),
        I::I32Store(memarg) | I::I32Store8(memarg) | I::I32Store16(memarg) => (memarg, Some(I32)),
        I::I64Store(memarg) | I::I64Store8(memarg) | I::I64Store16(memarg) | I::I64Store32(memarg) => {
            (memarg, Some(I64))
        }
        I::F32Store(memarg) => (memarg, Some(F32)),
        I::F64Store(memarg) => (memarg, Some(F64)),
        I::V128Store(memarg)
        | I::V128Load8Lane { memarg, .. }
        | I::V128Load16Lane { memarg, .. }
        | I::V128Load32Lane { memarg, .. }
        | I::V128Load64Lane { memarg, .. }
        | I::V128Store8Lane { memarg, .. }
        | I::V128Store16Lane { memarg, .. }
        | I::V128Store32Lane { memarg, .. }
        | I::V128Store64Lane { memarg, .. } => (memarg, Some(V128)),
        _ => return None,
    })
}

/// The same of any access, atomic or not.
fn accesses<'a>(instruction: &'a mut I<'static>) -> Option<(&'a mut MemArg, Vec<Type>)> {
    if access(instruction).is_some() {
        return access(instruction).map(|(memarg, value)| (memarg, value.into_iter().collect()));
    }
    atomics::access(instruction)
}

impl Change {
    /// For a function with locals up to `next`.
    pub(super) fn new(style: Style, rng: Rng, next: u32) -> Self {
        Self { style, rng, next, locals: HashMap::new(), types: Vec::new() }
    }

    /// Changes the function.
    pub(super) fn func(mut self, func: &mut FuncSpec) {
        func.body.iter_mut().for_each(|node| self.node(node));
        func.locals.extend(self.types);
    }

    fn node(&mut self, node: &mut Node) {
        node.kids.iter_mut().for_each(|kid| self.node(kid));
        match &mut node.op {
            Op::Plain(instruction) => {
                if let Some((memarg, values)) = accesses(instruction) {
                    let mut changed = *memarg;
                    self.access(&mut changed, &mut node.kids, &values);
                    // Of these wasmtime asks whether the sum wraps before it asks whether it is aligned; both trap.
                    if matches!(
                        instruction,
                        I::MemoryAtomicNotify(_) | I::MemoryAtomicWait32(_) | I::MemoryAtomicWait64(_)
                    ) {
                        changed.offset &= u64::MAX >> 1;
                    }
                    *accesses(instruction).expect("it was one").0 = changed;
                } else {
                    self.plain(node);
                }
            }
            Op::Block(_, _, body, other) => body.iter_mut().chain(other).for_each(|node| self.node(node)),
            Op::Given | Op::Seq => {}
        }
    }

    /// The local for a purpose.
    fn local(&mut self, purpose: Purpose, ty: Type) -> u32 {
        *self.locals.entry((purpose, ty)).or_insert_with(|| {
            self.types.push(ty);
            self.next += 1;
            self.next - 1
        })
    }

    /// An access: its address, and other values.
    fn access(&mut self, memarg: &mut MemArg, kids: &mut Vec<Node>, others: &[Type]) {
        let Style { memories, memory64, hostile, .. } = self.style;
        memarg.target = MemArgTarget::Memory(memories);
        if !memory64 || kids.first().is_some_and(|address| address.results == [I64]) {
            return;
        }
        let mut more = 0;
        if memarg.offset >= 1 << SMALL_LOG2 || hostile && self.rng.chance(2) {
            // It traps in any case, or now.
            let odd = self.rng.below(64) as u64;
            let large = match self.rng.below(5) {
                0 => (1 << 32) + odd,
                1 => memarg.offset + (1 << self.rng.between(32, 63)),
                2 => u64::MAX - odd,
                3 => (1 << 63) - odd,
                _ => (self.rng.next() | 1 << 40) & !0xFFF | odd,
            };
            // What is aligned stays so: atomic instructions trap for that first.
            const WIDEST: u64 = 8;
            memarg.offset = large - large % WIDEST + memarg.offset % WIDEST;
        } else if self.rng.chance(12) {
            // A part of the offset moves to the address.
            more = if self.rng.chance(50) { memarg.offset } else { memarg.offset / 2 };
            memarg.offset -= more;
        }
        let operands: Vec<Operand> = [ADDRESS].into_iter().chain(others.iter().copied().map(value)).collect();
        self.operands(kids, &operands, |this, address| {
            if more == 0 {
                return this.extended(address);
            }
            // Never with a sign: the sum may not wrap.
            let address = plain(I::I64ExtendI32U, vec![address], &[I64]);
            plain(I::I64Add, vec![address, i64_const(more as i64)], &[I64])
        });
    }

    /// Makes each of the operands that is an address one of 64 bits.
    fn operands(&mut self, kids: &mut Vec<Node>, operands: &[Operand], extend: impl Fn(&mut Self, Node) -> Node) {
        let one_by_one = kids.len() == operands.len()
            && kids.iter().all(|kid| kid.results.len() == 1)
            && !kids.iter().skip(1).any(uses_given);
        if one_by_one && !self.rng.chance(8) {
            for (kid, operand) in kids.iter_mut().zip(operands).filter(|(_, operand)| operand.is_address) {
                debug_assert_eq!(kid.results, [operand.ty]);
                let address = std::mem::replace(kid, Node::nothing());
                *kid = extend(self, address);
            }
            return;
        }
        // What is computed last is taken first.
        let got = self.through_locals(kids, operands);
        for (node, operand) in got.into_iter().zip(operands) {
            let node = if operand.is_address { extend(self, node) } else { node };
            kids.push(node);
        }
    }

    /// Sets locals to the operands, which `kids` computes; gives what gets them.
    fn through_locals(&mut self, kids: &mut Vec<Node>, operands: &[Operand]) -> Vec<Node> {
        let locals: Vec<u32> = operands
            .iter()
            .enumerate()
            .map(|(number, operand)| self.local(Purpose::Operand(number), operand.ty))
            .collect();
        kids.extend(locals.iter().rev().map(|&local| plain(I::LocalSet(local), Vec::new(), &[])));
        let get = |(&local, operand): (&u32, &Operand)| plain(I::LocalGet(local), Vec::new(), &[operand.ty]);
        locals.iter().zip(operands).map(get).collect()
    }

    /// A 64-bit address where one of 32 bits was.
    fn extended(&mut self, address: Node) -> Node {
        if let Op::Plain(I::I32Const(constant)) = address.op
            && address.kids.is_empty()
            && self.rng.chance(40)
        {
            return i64_const(i64::from(constant as u32));
        }
        let extend = |kid| plain(I::I64ExtendI32U, vec![kid], &[I64]);
        match self.rng.below(20) {
            // What is negative then was out of bounds before.
            0..3 => plain(I::I64ExtendI32S, vec![address], &[I64]),
            3..5 => {
                // What lies above the small part goes to the upper half.
                let local = self.local(Purpose::Twice, I32);
                let tee = plain(I::LocalTee(local), vec![address], &[I32]);
                let low = plain(I::I64And, vec![extend(tee), i64_const((1 << SMALL_LOG2) - 1)], &[I64]);
                let get = plain(I::LocalGet(local), Vec::new(), &[I32]);
                let high = plain(I::I32ShrU, vec![get, i32_const(SMALL_LOG2 as i32)], &[I32]);
                let high = plain(I::I64Shl, vec![extend(high), i64_const(32)], &[I64]);
                plain(I::I64Or, vec![low, high], &[I64])
            }
            5..11 => {
                // It waits in a local, and the accumulator has something else meanwhile.
                let local = self.local(Purpose::Waiting, I64);
                let mut nodes = vec![plain(I::LocalSet(local), vec![extend(address)], &[])];
                if self.rng.chance(75) {
                    let between = self.local(Purpose::Between, I64);
                    nodes.push(plain(I::LocalSet(between), vec![i64_const(self.rng.integer() as i64)], &[]));
                }
                nodes.push(plain(I::LocalGet(local), Vec::new(), &[I64]));
                Node::seq(nodes, &[I64])
            }
            _ => extend(address),
        }
    }

    /// A number for what has 64-bit addresses or not.
    fn sized(&mut self, number: Node, is_64: bool) -> Node {
        if is_64 { self.extended(number) } else { number }
    }

    /// An instruction that is no access.
    fn plain(&mut self, node: &mut Node) {
        let Style { memories, tables, memory64, table64, bytes, .. } = self.style;
        let Op::Plain(instruction) = &mut node.op else { return };
        let (is_64, operands) = match instruction {
            I::MemorySize(memory) => {
                *memory = memories;
                return self.size(node, memory64, bytes);
            }
            I::TableSize(table) => {
                *table = tables;
                return self.size(node, table64, false);
            }
            I::MemoryGrow(memory) => {
                *memory = memories;
                if bytes {
                    let pages = std::mem::take(&mut node.kids);
                    node.kids = vec![self.bytes_of_pages(Node::seq(pages, &[I32]))];
                } else if memory64 {
                    self.operands(&mut node.kids, &[ADDRESS], Self::extended);
                }
                return self.size(node, memory64, bytes);
            }
            I::TableGrow(table) => {
                *table = tables;
                if table64 {
                    self.operands(&mut node.kids, &[value(Func), ADDRESS], Self::extended);
                }
                return self.size(node, table64, false);
            }
            I::MemoryFill(memory) => {
                *memory = memories;
                (memory64, vec![ADDRESS, value(I32), ADDRESS])
            }
            I::MemoryCopy { src_mem, dst_mem } => {
                (*src_mem, *dst_mem) = (memories, memories);
                (memory64, vec![ADDRESS; 3])
            }
            I::MemoryInit { mem, .. } => {
                *mem = memories;
                (memory64, vec![ADDRESS, value(I32), value(I32)])
            }
            I::TableGet(table) => {
                *table = tables;
                (table64, vec![ADDRESS])
            }
            I::TableSet(table) => {
                *table = tables;
                (table64, vec![ADDRESS, value(Func)])
            }
            I::TableFill(table) => {
                *table = tables;
                (table64, vec![ADDRESS, value(Func), ADDRESS])
            }
            I::TableCopy { src_table, dst_table } => {
                (*src_table, *dst_table) = (tables, tables);
                (table64, vec![ADDRESS; 3])
            }
            I::TableInit { table, .. } => {
                *table = tables;
                (table64, vec![ADDRESS, value(I32), value(I32)])
            }
            I::CallIndirect { table_index, .. } | I::ReturnCallIndirect { table_index, .. } => {
                *table_index = tables;
                if table64 {
                    // The index is the last operand, so it is at the top.
                    let index = node.kids.pop().unwrap_or_else(Node::nothing);
                    let index = self.extended(index);
                    node.kids.push(index);
                }
                return;
            }
            _ => return,
        };
        if self.rng.chance(50) && self.detour(node, &operands) {
            return;
        }
        if is_64 {
            self.operands(&mut node.kids, &operands, Self::extended);
        }
    }

    /// Makes a number of pages, or of elements, of what the node gives.
    fn size(&mut self, node: &mut Node, is_64: bool, bytes: bool) {
        if !is_64 && !bytes {
            return;
        }
        let mut size = std::mem::replace(node, Node::nothing());
        let (ty, shift, amount) = if is_64 {
            (I64, I::I64ShrS, i64_const(PAGE_LOG2.into()))
        } else {
            (I32, I::I32ShrS, i32_const(PAGE_LOG2 as i32))
        };
        size.results = vec![ty];
        if bytes {
            // What could not grow gives -1 so, too.
            size = plain(shift, vec![size, amount], &[ty]);
        }
        *node = if is_64 { plain(I::I32WrapI64, vec![size], &[I32]) } else { size };
    }

    /// As many bytes as pages, or more than a memory has.
    fn bytes_of_pages(&mut self, pages: Node) -> Node {
        if self.style.memory64 {
            let pages = self.extended(pages);
            return plain(I::I64Shl, vec![pages, i64_const(PAGE_LOG2.into())], &[I64]);
        }
        let local = self.local(Purpose::Twice, I32);
        let get = || plain(I::LocalGet(local), Vec::new(), &[I32]);
        let tee = plain(I::LocalTee(local), vec![pages], &[I32]);
        let bytes = plain(I::I32Shl, vec![tee, i32_const(PAGE_LOG2 as i32)], &[I32]);
        let few = plain(I::I32LtU, vec![get(), i32_const(1 << PAGE_LOG2)], &[I32]);
        plain(I::Select, vec![bytes, i32_const(-1), few], &[I32])
    }

    /// Makes it two instructions, the first of which writes to a memory or table in front what the second copies.
    fn detour(&mut self, node: &mut Node, operands: &[Operand]) -> bool {
        let Op::Plain(instruction) = &node.op else { return false };
        let Style { memories, tables, memory64, table64, .. } = self.style;
        let is_memory = matches!(instruction, I::MemoryFill(_) | I::MemoryCopy { .. } | I::MemoryInit { .. });
        let is_table = matches!(instruction, I::TableFill(_) | I::TableCopy { .. } | I::TableInit { .. });
        let (own, own_64) = if is_memory { (memories, memory64) } else { (tables, table64) };
        if own == 0 || !is_memory && !is_table {
            return false;
        }
        let other = self.rng.below(own as usize) as u32;
        let other_64 = if is_memory { self.style.memory_in_front(other).0 } else { self.style.table_in_front(other) };
        let copy = |to, from| match is_memory {
            true => I::MemoryCopy { src_mem: from, dst_mem: to },
            false => I::TableCopy { src_table: from, dst_table: to },
        };
        let instruction = instruction.clone();
        let mut nodes = std::mem::take(&mut node.kids);
        let got = self.through_locals(&mut nodes, operands);
        let [to, second, count] = &got[..] else { unreachable!("these have three operands") };
        let both_64 = own_64 && other_64;
        // Where the other one holds it meanwhile.
        let (first, place) = match instruction {
            I::MemoryFill(_) | I::TableFill(_) => {
                let fill = if is_memory { I::MemoryFill(other) } else { I::TableFill(other) };
                let (to, count) = (self.sized(to.clone(), other_64), self.sized(count.clone(), other_64));
                (plain(fill, vec![to, second.clone(), count], &[]), &got[0])
            }
            I::MemoryInit { data_index, .. } => {
                let to = self.sized(to.clone(), other_64);
                (plain(I::MemoryInit { mem: other, data_index }, vec![to, second.clone(), count.clone()], &[]), &got[0])
            }
            I::TableInit { elem_index, .. } => {
                let to = self.sized(to.clone(), other_64);
                (
                    plain(I::TableInit { table: other, elem_index }, vec![to, second.clone(), count.clone()], &[]),
                    &got[0],
                )
            }
            _ => {
                let to = self.sized(second.clone(), other_64);
                let from = self.sized(second.clone(), own_64);
                let count = self.sized(count.clone(), both_64);
                (plain(copy(other, own), vec![to, from, count], &[]), &got[1])
            }
        };
        nodes.push(first);
        let to = self.sized(to.clone(), own_64);
        let from = self.sized(place.clone(), other_64);
        let count = self.sized(count.clone(), both_64);
        nodes.push(plain(copy(own, other), vec![to, from, count], &[]));
        *node = Node::seq(nodes, &[]);
        true
    }
}
