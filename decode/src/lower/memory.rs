//! Instructions on memories.
//!
//! What most modules do is *near*: accesses to memory 0 with a static offset of 32 bits, whatever its address type, and
//! `memory.size` and the like of a memory 0 that is as in WebAssembly 1.0. All else is *far*: its cells name a memory. So is
//! all that is done to shared memories, which have accesses of their own; atomic instructions have cells for any memory.

use super::Function;
use super::mutants::mutant;
use super::operands::Operands;
use super::read::MemArg;
use super::sink::{Prefix, Sink, SinkKind};
use super::target::Target;
use super::tree::{Far, Kind, Space, Traits, form_sig, operator_sig};
use crate::cell::{self, Amount};
use crate::instruction::{Atomic, LaneLoad, LaneStore};
use crate::ops::{Class, Op};
use crate::sig::Form;
use crate::{AddressType, MemoryType, PAGE_BYTES};

impl<'a, T: Target> Function<'a, T> {
    /// The static offset, if the access is near.
    #[inline(always)]
    pub(super) fn near(&self, memarg: MemArg) -> Option<u32> {
        let fits = memarg.offset <= u32::MAX.into() || mutant!(41);
        (fits && memarg.memory == 0 && !self.module.memories[0].shared).then_some(memarg.offset as u32)
    }

    fn memory_type(&self, memidx: u32) -> MemoryType {
        self.module.memories[memidx as usize]
    }

    /// The word of memory `memidx`.
    fn memory_word(&self, memidx: u32) -> u32 {
        (self.layout.memories + memidx as usize) as u32
    }

    fn far(&self, MemArg { memory, offset }: MemArg) -> Far {
        let offset = if mutant!(40) { u64::from(offset as u32) } else { offset };
        let word = self.memory_word(if mutant!(42) { 0 } else { memory });
        let space = if self.memory_type(memory).shared { Space::Shared } else { Space::Memory };
        Far { word, offset, space }
    }

    /// Whether instructions on memories as a whole are near.
    fn is_near(&self, memidx: u32) -> bool {
        let ty = self.memory_type(memidx);
        memidx == 0 && !ty.is_64() && (ty.page_size() == PAGE_BYTES || mutant!(45)) && !ty.shared
    }

    #[inline(always)]
    pub(super) fn load(&mut self, op: Op, memarg: MemArg) {
        match self.near(memarg) {
            Some(offset) => self.operands.operator_of::<1>(Kind::Load(op, offset), Form::SetAcc),
            None => self.far_load(op, memarg),
        }
    }

    /// A load that gives a vector.
    pub(super) fn load_vector(&mut self, op: Op, memarg: MemArg) {
        match self.near(memarg) {
            Some(offset) => self.operands.operator_of_vectors::<1>(Kind::Load(op, offset)),
            None => self.far_load(op, memarg),
        }
    }

    #[cold]
    #[inline(never)]
    fn far_load(&mut self, op: Op, memarg: MemArg) {
        let far = self.far(memarg);
        self.operands.far_load(op, far);
    }

    #[inline(always)]
    pub(super) fn store(&mut self, op: Op, memarg: MemArg) {
        let Some(offset) = self.near(memarg) else { return self.far_store(op, memarg) };
        let base = self.operands.height() - 2;
        if !mutant!(2) {
            self.operands.spill_with(base, Traits::TRAPS.with(Traits::LOADS));
        }
        self.operands.fit::<2>(operator_sig(op));
        let sink = Sink { kind: SinkKind::Store(op), class: op.info().operand, prefix: Prefix::word(offset) };
        self.operands
            .statement(sink, [self.operands.stack[base], self.operands.stack[base + 1]])
            .expect("`fit` made it so");
        self.operands.pop(2);
    }

    /// A store of a vector.
    pub(super) fn store_vector(&mut self, op: Op, memarg: MemArg) {
        let Some(offset) = self.near(memarg) else { return self.far_store(op, memarg) };
        let sink = Sink { kind: SinkKind::Store(op), class: op.info().operand, prefix: Prefix::word(offset) };
        self.operands.store_values(sink);
    }

    #[cold]
    #[inline(never)]
    fn far_store(&mut self, op: Op, memarg: MemArg) {
        self.operands.far_store(op, self.far(memarg));
    }

    /// A load to one lane: its operands are an address and a vector, whose lane becomes what is loaded.
    pub(super) fn load_lane(&mut self, access: LaneLoad, memarg: MemArg, lane: u8) {
        let [load, replace] = access.parts();
        let operands = &mut self.operands;
        let [_, vector] = operands.values::<2>();
        // The vector is the first operand from now on, but the second that is evaluated, unless nothing has to be.
        if !operands.tree(vector).is_leaf() && !mutant!(31) {
            operands.spill_with(vector, Traits::TRAPS);
            operands.spill(vector);
        }
        let node = operands.stack[vector];
        operands.remove(vector);
        self.load(load, memarg);
        let operands = &mut self.operands;
        operands.push(node);
        operands.push_upper();
        operands.operator_at(Kind::Lane(replace, lane), [vector, vector - 1]);
    }

    /// A store of one lane: its operands are an address and a vector.
    pub(super) fn store_lane(&mut self, access: LaneStore, memarg: MemArg, lane: u8) {
        let [extract, store] = access.parts();
        self.operands.operator_of_vectors::<1>(Kind::Lane(extract, lane));
        self.store(store, memarg);
    }

    /// An atomic instruction, whose operands are an address and what it takes besides.
    pub(super) fn atomic(&mut self, atomic: Atomic, memarg: MemArg) {
        let Far { word: memory, offset, .. } = self.far(memarg);
        let operands = &mut self.operands;
        let base = operands.height() - 1 - atomic.operands().len();
        operands.spill_for_call(base);
        operands.spill_from(base);
        let args = operands.own_slot(base).0;
        // All have the same operands.
        operands.code.special_as(atomic.cell(), cell::I32AtomicLoad { memory, offset, args });
        operands.forget_mirrors();
        operands.truncate(base);
        if let Some(class) = atomic.result() {
            operands.push_acc(class);
        }
    }

    pub(super) fn memory_size(&mut self, memidx: u32) {
        let class = self.memory_type(memidx).address.val_type().into();
        if self.is_near(memidx) {
            self.produce(cell::MemorySize {}, class);
        } else {
            self.produce(cell::FarMemorySize { memory: self.memory_word(memidx) }, class);
        }
    }

    pub(super) fn memory_grow(&mut self, memidx: u32) {
        let traits = Traits::TRAPS.with(Traits::LOADS);
        if self.is_near(memidx) {
            let pay = cell::FuelBulk { amount: Amount::Pages as u16, slot: 0, table: 0 };
            self.metering.charge_pages(&mut self.operands, pay);
            self.transform(cell::MemoryGrow {}, traits);
        } else {
            let memory = self.memory_word(memidx);
            let pay = cell::FuelFar { amount: Amount::Pages as u16, slot: 0, memory };
            self.metering.charge_pages(&mut self.operands, pay);
            self.transform(cell::FarMemoryGrow { memory }, traits);
        }
    }

    pub(super) fn memory_fill(&mut self, memidx: u32) {
        let size = self.memory_type(memidx).address;
        self.charge_bytes(memidx, size);
        if self.is_near(memidx) {
            self.bulk(Form::MemoryFill);
        } else {
            let memory = self.memory_word(memidx);
            self.consume(3, |args| cell::FarMemoryFill { memory, args });
        }
    }

    pub(super) fn memory_copy(&mut self, to: u32, from: u32) {
        let widths = [to, from].map(|memidx| self.memory_type(memidx).address);
        let size = if mutant!(44) { widths[0] } else { widths[0].min(widths[1]) };
        self.charge_bytes(to, size);
        if self.is_near(to) && self.is_near(from) {
            self.bulk(Form::MemoryCopy);
        } else {
            let (to, from) = (self.memory_word(to), self.memory_word(from));
            let (to, from) = if mutant!(46) { (from, to) } else { (to, from) };
            self.consume(3, |args| cell::FarMemoryCopy { to, from, args });
        }
    }

    pub(super) fn memory_init(&mut self, dataidx: u32, memidx: u32) {
        let segment = self.data_word(dataidx);
        self.charge_bytes(memidx, AddressType::I32);
        if self.is_near(memidx) {
            self.consume(3, |args| cell::MemoryInit { segment, args });
        } else {
            let memory = self.memory_word(memidx);
            self.consume(3, |args| cell::FarMemoryInit { memory, segment, args });
        }
    }

    /// Pays for the bytes of the memory that the topmost of three operands says, which is a number of type `size`.
    fn charge_bytes(&mut self, memidx: u32, size: AddressType) {
        if self.is_near(memidx) && size == AddressType::I32 {
            let pay = |slot| cell::FuelBulk { amount: Amount::Bytes as u16, slot, table: 0 };
            self.metering.charge_bulk(&mut self.operands, 3, pay);
        } else {
            let memory = self.memory_word(memidx);
            let amount = match size {
                AddressType::I32 => Amount::Bytes,
                AddressType::I64 => Amount::Bytes64,
            };
            let pay = |slot| cell::FuelFar { amount: amount as u16, slot, memory };
            self.metering.charge_bulk(&mut self.operands, 3, pay);
        }
    }

    /// `memory.fill` or `memory.copy` of the top three entries.
    fn bulk(&mut self, form: Form) {
        let base = self.operands.height() - 3;
        self.operands.spill_with(base, Traits::TRAPS.with(Traits::LOADS));
        self.operands.fit::<3>(form_sig(form, Class::I32));
        let sink = Sink::form(form, Class::I32, Prefix::NONE);
        self.operands.statement(sink, self.operands.top::<3>()).expect("`fit` made it so");
        self.operands.pop(3);
    }
}

impl<T: Target> Operands<'_, T> {
    /// Stores the value at the top where the address, or reference, below it leads.
    pub(super) fn far_store(&mut self, op: Op, far: Far) {
        let kind = match far.space {
            Space::Memory => SinkKind::FarStore(op),
            Space::Shared => SinkKind::SharedStore(op),
            Space::Object => SinkKind::FieldStore(op),
        };
        self.store_values(Sink { kind, class: op.info().operand, prefix: Prefix::far(far) });
    }

    /// Replaces the address, or reference, at the top by what lies there.
    pub(super) fn far_load(&mut self, op: Op, far: Far) {
        let (top, kind) = (self.height() - 1, Kind::FarLoad(op));
        let memory = self.trees.memory(far);
        let node = loop {
            if let Some(node) = self.fitting(kind, [memory, self.stack[top]], Form::SetAcc) {
                break node;
            }
            self.cut(&[top], &|this, kids| {
                let fitting = this.fitting(kind, [memory, kids[0]], Form::SetAcc);
                fitting.inspect(|_| this.trees.pop()).is_some()
            });
        };
        self.replace(1, node);
        if self.trees[node].class.is_wide() {
            self.push_upper();
        }
    }

    /// Stores the value at the top in the array's element of the index below it, that of the array below that.
    pub(super) fn element_store(&mut self, op: Op) {
        let sink = Sink { kind: SinkKind::ElementStore(op), class: op.info().operand, prefix: Prefix::NONE };
        self.store_at(sink, self.values::<3>());
    }

    /// Emits a store of the topmost value to the address below it.
    fn store_values(&mut self, sink: Sink) {
        self.store_at(sink, self.values::<2>());
    }

    /// Emits a store of the values at these heights, the topmost ones.
    fn store_at<const N: usize>(&mut self, sink: Sink, heights: [usize; N]) {
        self.spill_with(heights[0], Traits::TRAPS.with(Traits::LOADS));
        self.fit_at(sink.sig(), heights);
        let kids = heights.map(|height| self.stack[height]);
        self.statement(sink, kids).expect("`fit` made it so");
        self.truncate(heights[0]);
    }
}
