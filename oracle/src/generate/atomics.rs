//! Atomic instructions, on one thread: what they load, store and give is certain, and nobody waits for long.
//!
//! Most addresses are aligned as the accesses ask for. Others trap: those that are not, and those that are out of bounds. What
//! waits does so for no time, or for hardly any; on a memory that is not shared it traps.

use super::Generator;
use super::expr::{i32_const, leaf, mem, plain};
use super::tree::Node;
use crate::outcome::Type::{self, I32, I64};
use pirn_decode::instruction::{Atomic, Instruction};
use pirn_decode::ops::Class;
use std::sync::LazyLock;
use wasm_encoder::{Instruction as I, MemArg, Ordering};

macro_rules! encodings {
    (
        atomics {
            $($atomic:ident $code:tt $text:literal $what:ident $raw:ident [$($operand:ident)*] => [$($result:ident)*];)*
        }
    ) => {
        /// The instruction at this place, aligned to its size as it must be.
        fn encoding(atomic: Atomic, offset: u64) -> I<'static> {
            let at = MemArg { align: atomic.access().ilog2(), ..mem(offset) };
            match atomic {
                $(Atomic::$atomic => I::$atomic(at),)*
            }
        }

        /// The place that an atomic instruction accesses, and what it takes behind the address; `None` if it is none.
        pub(super) fn access<'a>(instruction: &'a mut I<'static>) -> Option<(&'a mut MemArg, Vec<Type>)> {
            match instruction {
                $(I::$atomic(memarg) => Some((memarg, operands(Atomic::$atomic))),)*
                _ => None,
            }
        }
    };
}
pirn_decode::for_each_atomic!(encodings);

fn type_of(class: Class) -> Type {
    if class == Class::I32 { I32 } else { I64 }
}

fn operands(atomic: Atomic) -> Vec<Type> {
    atomic.operands().iter().map(|&class| type_of(class)).collect()
}

/// Those that give values, without those that wait and wake, and those that store.
static ACCESSES: LazyLock<[Vec<Atomic>; 2]> = LazyLock::new(|| {
    let all = Instruction::ALL.iter().filter_map(|&instruction| match instruction {
        Instruction::Atomic(atomic) if !waits(atomic) && atomic != Atomic::MemoryAtomicNotify => Some(atomic),
        _ => None,
    });
    let (values, stores) = all.partition(|atomic| atomic.result().is_some());
    [values, stores]
});

fn waits(atomic: Atomic) -> bool {
    matches!(atomic, Atomic::MemoryAtomicWait32 | Atomic::MemoryAtomicWait64)
}

impl Generator<'_> {
    /// An integer that an atomic instruction gives.
    pub(super) fn atomic(&mut self, ty: Type, depth: usize) -> Node {
        if ty == I32 && self.rng.chance(if self.habits.waits { 12 } else { 2 }) {
            let atomic =
                *self.rng.pick(&[Atomic::MemoryAtomicNotify, Atomic::MemoryAtomicWait32, Atomic::MemoryAtomicWait64]);
            return self.perform(atomic, depth);
        }
        let [values, _] = &*ACCESSES;
        let fitting: Vec<Atomic> =
            values.iter().copied().filter(|atomic| atomic.result().map(type_of) == Some(ty)).collect();
        let atomic = *self.rng.pick(&fitting);
        self.perform(atomic, depth)
    }

    /// An atomic store, or another instruction whose result is dropped; at times a fence.
    pub(super) fn atomic_statement(&mut self, depth: usize) -> Node {
        let [_, stores] = &*ACCESSES;
        match self.rng.below(10) {
            0 => plain(I::AtomicFence(Ordering::SeqCst), Vec::new(), &[]),
            1..7 => {
                let atomic = *self.rng.pick(stores);
                self.perform(atomic, depth)
            }
            _ => {
                let ty = if self.rng.chance(50) { I32 } else { I64 };
                let value = self.atomic(ty, depth);
                match self.free_local(ty) {
                    Some(local) if self.rng.chance(60) => plain(I::LocalSet(local), vec![value], &[]),
                    _ => plain(I::Drop, vec![value], &[]),
                }
            }
        }
    }

    fn perform(&mut self, atomic: Atomic, depth: usize) -> Node {
        let (address, offset) = self.atomic_address(atomic.access() as u64, depth);
        let mut kids = vec![address];
        for (number, ty) in operands(atomic).into_iter().enumerate() {
            let operand = match (number, operands(atomic).len()) {
                // The time, in nanoseconds.
                (1, 2) if waits(atomic) => leaf(I::I64Const(*self.rng.pick(&[0, 0, 0, 1])), I64),
                // What is expected, and found.
                (0, 2) if self.rng.chance(60) => self.found(atomic, ty, kids[0].clone(), offset),
                _ => self.expr(ty, depth.min(2)),
            };
            kids.push(operand);
        }
        let results: Vec<Type> = atomic.result().map(type_of).into_iter().collect();
        plain(encoding(atomic, offset), kids, &results)
    }

    /// What lies where an instruction compares, which the address is computed for once more.
    fn found(&mut self, atomic: Atomic, ty: Type, address: Node, offset: u64) -> Node {
        let load = match (atomic.access(), ty) {
            (1, I32) => Atomic::I32AtomicLoad8U,
            (2, I32) => Atomic::I32AtomicLoad16U,
            (_, I32) => Atomic::I32AtomicLoad,
            (1, _) => Atomic::I64AtomicLoad8U,
            (2, _) => Atomic::I64AtomicLoad16U,
            (4, _) => Atomic::I64AtomicLoad32U,
            _ => Atomic::I64AtomicLoad,
        };
        plain(encoding(load, offset), vec![address], &[ty])
    }

    /// An address and offset where integers lie, aligned to so many bytes, but at times.
    fn atomic_address(&mut self, bytes: u64, depth: usize) -> (Node, u64) {
        if self.rng.chance(self.habits.traps / 3) {
            return self.integer_address(depth);
        }
        let places = if self.habits.narrow { 3 } else { 240 };
        let offset = 8 * self.rng.below(places) as u64 + bytes * self.rng.below((8 / bytes) as usize) as u64;
        let pointer = *self.rng.pick(&self.pointers);
        match self.rng.below(10) {
            0..5 => (self.get(pointer), offset),
            5 => {
                // Neither the address nor the offset is, but the sum.
                let part = self.rng.below(8) as u64;
                let kids = vec![self.get(pointer), i32_const(8 - part as i32)];
                (plain(I::I32Add, kids, &[I32]), offset + part)
            }
            6..9 => {
                let mask = *self.rng.pick(&[0x1FF8, 0xFF8, 0x38]) | (8 - bytes as i32);
                (plain(I::I32And, vec![self.expr(I32, depth.min(3)), i32_const(mask)], &[I32]), offset)
            }
            _ => (i32_const(8 * self.rng.below(1_000) as i32), offset),
        }
    }
}
