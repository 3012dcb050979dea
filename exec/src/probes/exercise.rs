//! Every handler in a loop of its own, to find those that do not leave by a jump.
//!
//! The code is made here, by hand, from the handler's shape: operands that exist, branches that lead to the next cell, calls
//! of a function that returns. What a handler computes is tested elsewhere; here it only has to be executed very often.

use crate::probes::inspect::{shape, shapes};
use crate::shapes::{entries, lookup};
use crate::{Exit, FuncRecord, GlobalCell, InstanceBlock, Memory, Table, Trap, Vm, first_cell, invoke};
use pirn_decode::Target;
use pirn_decode::cell::{Amount, Cell, Field, Operands};
use pirn_decode::instruction::Atomic;
use pirn_decode::layout::{CodeHead, Counts, InstanceLayout};
use pirn_decode::ops::{Class, Op};
use pirn_decode::shape::Shape;
use pirn_decode::sig::{Form, Leaf, Sig};
use pirn_decode::{Code, FuncIdx, MemoryType, PAGE_BYTES, RefType, TableType, TypeId, cell};
use std::sync::atomic::AtomicU64;

/// Parameters of every function here: a slot of each class, three operands of bulk operations, the slot that is set, and
/// the counter.
const PARAMS: u16 = 9;
const BULK: u16 = 4;
const SET: u16 = 7;
const COUNTER: u16 = 8;
/// Slots behind the header: arguments of calls, and what `zero` and `copy` work on.
const ARGS: u16 = 12;
const SCRATCH: u16 = 40;
/// Two slots that vectors are set to. Others would hold what the next handler takes for a size.
const SET_WIDE: u16 = 50;
const FRAME_WORDS: u16 = 64;

/// The functions: one that returns, one of the handler's own, and the loop.
const RETURNS: FuncIdx = FuncIdx(0);
const CALLED: FuncIdx = FuncIdx(1);
const LOOP: FuncIdx = FuncIdx(2);

/// Three functions, two memories, of which the second is shared, and one of everything else.
const LAYOUT: InstanceLayout = InstanceLayout::new(Counts {
    funcs: 3,
    globals: 1,
    tables: 1,
    memories: 2,
    data: 1,
    elements: 1,
    tags: 1,
    types: 0,
});
const MEMORY: usize = 0;
const SHARED: usize = 1;

/// Values of slots, immediates and the accumulator; others are tried where some trap.
const VALUES: [[u64; 3]; 6] = [[8, 3, 5], [1, 3, 1], [2, 1, 1], [8, 1, 2], [1, 9, 8], [24, 16, 8]];

/// Executes the handler with this signature `rounds` times in one run.
///
/// # Errors
/// It trapped with all operands that were tried.
///
/// # Panics
/// There is no such handler.
pub fn exercise(sig: Sig, rounds: u32) -> Result<(), Trap> {
    let shape = shape(sig).expect("a handler's signature");
    // What they do is not to be done often: no call of this handler returns. What is about objects needs some.
    let cannot_return = matches!(shape, Shape::Cell(Cell::Unreachable | Cell::Throw | Cell::ThrowRef));
    if cannot_return || shape.is_about_objects() {
        return Ok(());
    }
    let mut result = Ok(());
    for values in VALUES {
        result = Exercise { shape, values }.run(rounds);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Signature and shape of every handler.
pub fn all() -> impl Iterator<Item = (Sig, &'static Shape)> {
    shapes().iter().map(|(&sig, &shape)| (sig, shape))
}

/// As [`all`], but as they are listed: some several times.
pub fn listed() -> impl Iterator<Item = (Sig, &'static Shape)> {
    entries().into_iter().map(|entry| (entry.sig, entry.shape))
}

struct Exercise {
    shape: &'static Shape,
    values: [u64; 3],
}

/// Whether control leaves the frame.
fn leaves(shape: &Shape) -> bool {
    match *shape {
        Shape::Form(Form::Return, ..) => true,
        Shape::Cell(cell) => {
            matches!(cell, Cell::Return | Cell::ReturnCall | Cell::ReturnCallIndirect | Cell::ReturnCallRef)
        }
        Shape::Seq(a, b) => leaves(a) || leaves(b),
        Shape::Leaf(..)
        | Shape::Unary(..)
        | Shape::Binary(..)
        | Shape::Load(..)
        | Shape::Store(..)
        | Shape::FarLoad(..)
        | Shape::FarStore(..)
        | Shape::SharedLoad(..)
        | Shape::FieldLoad(..)
        | Shape::SharedStore(..)
        | Shape::FieldStore(..)
        | Shape::ElementLoad(..)
        | Shape::ElementStore(..)
        | Shape::Select(..)
        | Shape::Ternary(..)
        | Shape::Extract(..)
        | Shape::Replace(..)
        | Shape::Bulk(..)
        | Shape::Form(..)
        | Shape::Carried(..)
        | Shape::Thunk => false,
    }
}

/// Whether it repeats itself.
fn repeats(shape: &Shape) -> bool {
    matches!(shape, Shape::Form(Form::Repeat, ..))
}

/// The operator by which a handler counts that does nothing else until its counter is where it ends.
fn counts(shape: &Shape) -> Option<Op> {
    match *shape {
        Shape::Form(Form::Repeat | Form::Ask, _, shape) => counts(shape),
        Shape::Seq(
            &Shape::Form(Form::SetSlot, _, &Shape::Binary(op, Shape::Leaf(Leaf::Acc, _), Shape::Leaf(Leaf::Imm, _))),
            &Shape::Form(Form::BrIf, _, Shape::Leaf(..) | Shape::Binary(_, Shape::Leaf(..), Shape::Leaf(..))),
        ) => Some(op),
        Shape::Leaf(..)
        | Shape::Unary(..)
        | Shape::Binary(..)
        | Shape::Load(..)
        | Shape::Store(..)
        | Shape::FarLoad(..)
        | Shape::FarStore(..)
        | Shape::SharedLoad(..)
        | Shape::FieldLoad(..)
        | Shape::SharedStore(..)
        | Shape::FieldStore(..)
        | Shape::ElementLoad(..)
        | Shape::ElementStore(..)
        | Shape::Select(..)
        | Shape::Ternary(..)
        | Shape::Extract(..)
        | Shape::Replace(..)
        | Shape::Bulk(..)
        | Shape::Seq(..)
        | Shape::Form(..)
        | Shape::Carried(..)
        | Shape::Cell(..)
        | Shape::Thunk => None,
    }
}

/// Whether a slot is set to itself less an immediate.
fn goes_down(shape: &Shape) -> bool {
    if let Shape::Carried(_, a) = shape {
        return goes_down(a);
    }
    if let Shape::Seq(a, b) = shape {
        return goes_down(a) || goes_down(b);
    }
    let Shape::Form(Form::SetSlot, _, value) = shape else { return false };
    matches!(value, Shape::Binary(Op::I32Sub | Op::I64Sub, Shape::Leaf(..), Shape::Leaf(Leaf::Imm, _)))
}

fn leaf(leaf: Leaf, class: Class) -> Shape {
    Shape::Leaf(leaf, class)
}

/// Code of a function, as it grows.
struct Growing {
    bytes: Vec<u8>,
    /// Where the targets of branches stand.
    branches: Vec<usize>,
    /// Whether there is a slot set that the handler was given.
    sets: bool,
}

impl Growing {
    fn new(index: FuncIdx) -> Self {
        let head =
            CodeHead { index, header: u32::from(PARAMS), frame_bytes: u32::from(FRAME_WORDS) * 8, type_id: TypeId(0) };
        Self { bytes: head.words().into_iter().flat_map(u64::to_ne_bytes).collect(), branches: Vec::new(), sets: false }
    }

    fn cell(&mut self, sig: Sig, operands: &[u8]) {
        self.begin(sig);
        self.bytes.extend(operands);
        self.end();
    }

    fn begin(&mut self, sig: Sig) {
        let handler = lookup::target().tile(sig).expect("a handler of the base set").handler;
        self.bytes.extend(handler.to_ne_bytes());
    }

    fn end(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
    }

    /// An operand that says where a branch leads.
    fn target(&mut self, position: usize) {
        self.branches.push(self.bytes.len());
        self.bytes.extend((position as u64).to_ne_bytes());
    }

    /// The memory and static offset of a far access.
    fn memory(&mut self, memidx: usize) {
        self.bytes.extend((LAYOUT.memory(memidx) as u32).to_ne_bytes());
        self.bytes.extend(0_u64.to_ne_bytes());
    }

    fn special<C: Operands>(&mut self, operands: C) {
        let mut bytes = vec![0; C::LEN];
        operands.encode(&mut bytes);
        self.cell(pirn_decode::sig::cell(C::CELL), &bytes);
    }
}

impl Exercise {
    fn run(&self, rounds: u32) -> Result<(), Trap> {
        let [slot, imm, acc] = self.values;
        // A counter passes 0, and what it is compared with, within three steps.
        let counter = counts(self.shape).filter(|_| repeats(self.shape));
        let (slot, acc) = match counter {
            Some(Op::I32Sub | Op::I64Sub) => (imm, imm.wrapping_mul(2)),
            Some(_) => (imm, imm.wrapping_neg()),
            // What is carried and goes down is zero after a step, what goes up is where it ends.
            None if matches!(self.shape, Shape::Carried(..)) => (if goes_down(self.shape) { imm } else { 0 }, acc),
            None => (slot, acc),
        };
        let mut returns = Growing::new(RETURNS);
        returns.special(cell::Return { header: PARAMS });

        let leaves = leaves(self.shape);
        let mut called = Growing::new(CALLED);
        let mut main = Growing::new(LOOP);
        let start = main.bytes.len();
        let body = if leaves { &mut called } else { &mut main };
        let set = |class| pirn_decode::sig::form(Form::SetAcc, class, leaf(Leaf::Imm, class).sig());
        // The float accumulator is set whole.
        body.cell(set(Class::V128), &[2.5_f64.to_bits(); 2].map(u64::to_ne_bytes).concat());
        if matches!(self.shape, Shape::Cell(Cell::CallRef | Cell::ReturnCallRef)) {
            let func = pirn_decode::sig::form(Form::SetAcc, Class::I64, leaf(Leaf::Func, Class::I64).sig());
            body.cell(func, &(LAYOUT.func(RETURNS) as u32).to_ne_bytes());
        } else {
            body.cell(set(Class::I64), &acc.to_ne_bytes());
        }
        if repeats(self.shape) {
            // What it steps is the slot that it compares with, so it ends at once, or passes the end of the memory some time.
            for (class, value) in [(Class::I32, &(slot as u32).to_ne_bytes()[..]), (Class::I64, &slot.to_ne_bytes())] {
                let again = pirn_decode::sig::form(Form::SetSlot, class, leaf(Leaf::Imm, class).sig());
                body.cell(again, &[&(class as u16).to_ne_bytes()[..], value].concat());
            }
            if counter.is_some() {
                // What sets a slot sets the accumulator as well.
                body.cell(set(Class::I64), &acc.to_ne_bytes());
            }
        }
        // Branches lead to the cell behind this one; a `br_table` has two.
        let more = if self.shape.has_targets() { 16 } else { 0 };
        let next = body.bytes.len() + 8 + (self.shape.len() + more).next_multiple_of(8);
        body.begin(self.shape.sig());
        self.encode(self.shape, next, body);
        body.end();
        if leaves {
            // Where a branch before the return leads to.
            body.special(cell::Return { header: PARAMS });
            main.special(cell::Copy { from: 0, to: ARGS, count: PARAMS });
            let func = LAYOUT.func(CALLED) as u32;
            main.special(cell::Call { func, args: ARGS, header: ARGS + PARAMS });
        }
        let less = {
            let (s, i) = (leaf(Leaf::Slot, Class::I32).sig(), leaf(Leaf::Imm, Class::I32).sig());
            pirn_decode::sig::form(Form::SetSlot, Class::I32, pirn_decode::sig::binary(Op::I32Sub, s, i))
        };
        let rounds_left = COUNTER.to_ne_bytes();
        main.cell(less, &[&rounds_left[..], &rounds_left, &1_u32.to_ne_bytes()].concat());
        let again = pirn_decode::sig::form(Form::BrIf, Class::I32, leaf(Leaf::Slot, Class::I32).sig());
        main.begin(again);
        main.target(start);
        main.bytes.extend(rounds_left);
        main.end();
        main.special(cell::Return { header: PARAMS });

        let mut values = [0; PARAMS as usize];
        values[0] = slot;
        values[1] = slot;
        values[2] = u64::from(1.5_f32.to_bits());
        values[3] = 1.5_f64.to_bits();
        values[usize::from(BULK)..usize::from(BULK) + 3].fill(8);
        values[usize::from(COUNTER)] = u64::from(rounds);
        execute([returns, called, main].map(|mut code| Code::new(&mut code.bytes, &code.branches)), &mut values)
    }

    /// The operands of a cell of the shape; branches lead to `next`.
    fn encode(&self, shape: &Shape, next: usize, out: &mut Growing) {
        match *shape {
            Shape::Leaf(leaf, class) => match leaf {
                Leaf::Slot => out.bytes.extend((class as u16).to_ne_bytes()),
                Leaf::Acc => {}
                Leaf::Imm => match class {
                    Class::I32 => out.bytes.extend((self.values[1] as u32).to_ne_bytes()),
                    Class::I64 => out.bytes.extend(self.values[1].to_ne_bytes()),
                    Class::F32 => out.bytes.extend(3.5_f32.to_ne_bytes()),
                    Class::F64 => out.bytes.extend(3.5_f64.to_ne_bytes()),
                    // Lanes that there are, if it chooses some.
                    Class::V128 | Class::I128 => out.bytes.extend([3; 16]),
                },
                Leaf::Global => out.bytes.extend((LAYOUT.global(0) as u32).to_ne_bytes()),
                Leaf::Func => out.bytes.extend((LAYOUT.func(RETURNS) as u32).to_ne_bytes()),
                Leaf::Memory | Leaf::SharedMemory => out.memory(MEMORY),
                Leaf::Field => unreachable!("what is about objects is left out"),
            },
            Shape::Unary(_, a) | Shape::Extract(_, _, a) | Shape::Carried(_, a) => self.encode(a, next, out),
            Shape::Binary(_, a, b) | Shape::Replace(_, _, a, b) | Shape::Seq(a, b) => {
                self.encode(a, next, out);
                self.encode(b, next, out);
            }
            Shape::Load(_, a) => {
                out.bytes.extend(0_u32.to_ne_bytes());
                self.encode(a, next, out);
            }
            Shape::Store(_, a, v) => {
                out.bytes.extend(0_u32.to_ne_bytes());
                self.encode(a, next, out);
                self.encode(v, next, out);
            }
            Shape::FieldLoad(..) | Shape::FieldStore(..) | Shape::ElementLoad(..) | Shape::ElementStore(..) => {
                unreachable!("what is about objects is left out")
            }
            Shape::FarLoad(_, a) | Shape::SharedLoad(_, a) => {
                out.memory(if matches!(shape, Shape::SharedLoad(..)) { SHARED } else { MEMORY });
                self.encode(a, next, out);
            }
            Shape::FarStore(_, a, v) | Shape::SharedStore(_, a, v) => {
                out.memory(if matches!(shape, Shape::SharedStore(..)) { SHARED } else { MEMORY });
                self.encode(a, next, out);
                self.encode(v, next, out);
            }
            Shape::Select(_, a, b, c) | Shape::Ternary(_, a, b, c) | Shape::Bulk(_, a, b, c) => {
                self.encode(a, next, out);
                self.encode(b, next, out);
                self.encode(c, next, out);
            }
            Shape::Form(form, class, a) => {
                match form {
                    // Two slots, of which none holds anything else.
                    Form::SetSlot if class.is_wide() => out.bytes.extend(SET_WIDE.to_ne_bytes()),
                    Form::SetSlot => {
                        let steps = repeats(self.shape) && counts(self.shape).is_none() && !out.sets;
                        out.sets = true;
                        out.bytes.extend(if steps { class as u16 } else { SET }.to_ne_bytes());
                    }
                    Form::SetHigh => out.bytes.extend(SET.to_ne_bytes()),
                    Form::Return => out.bytes.extend(PARAMS.to_ne_bytes()),
                    Form::SetGlobal => out.bytes.extend((LAYOUT.global(0) as u32).to_ne_bytes()),
                    Form::BrIf => out.target(next),
                    Form::SetAcc
                    | Form::Select
                    | Form::Seq
                    | Form::Repeat
                    | Form::Ask
                    | Form::MemoryFill
                    | Form::MemoryCopy => {}
                }
                self.encode(a, next, out);
            }
            Shape::Cell(cell) => {
                for &(_, field) in cell.fields() {
                    if field == Field::Memory && Atomic::of_cell(cell).is_some() {
                        // Only there can be waited.
                        out.bytes.extend((LAYOUT.memory(SHARED) as u32).to_ne_bytes());
                    } else {
                        encode_field(field, next, out);
                    }
                }
                if cell == Cell::BrTable {
                    out.target(next);
                    out.target(next);
                }
            }
            Shape::Thunk => {}
        }
    }
}

fn encode_field(field: Field, next: usize, out: &mut Growing) {
    let short = |value: u16| value.to_ne_bytes().to_vec();
    let word = |value: usize| (value as u32).to_ne_bytes().to_vec();
    out.bytes.extend(match field {
        Field::Target => return out.target(next),
        Field::Slot => short(SCRATCH),
        Field::Destination => short(SCRATCH + 2),
        Field::Slots => short(3),
        Field::Operands => short(BULK),
        Field::Args => short(ARGS),
        Field::CalleeHeader => short(ARGS + PARAMS),
        Field::TailArgs => short(0),
        Field::Header | Field::TailHeader => short(PARAMS),
        Field::Moves => short(cell::moves(PARAMS, true)),
        Field::Amount => short(Amount::NewElements as u16),
        Field::Func => word(LAYOUT.func(RETURNS)),
        Field::Table => word(LAYOUT.table(0)),
        Field::Memory => word(LAYOUT.memory(MEMORY)),
        Field::Cost | Field::Offset => 0_u64.to_ne_bytes().to_vec(),
        Field::Data => word(LAYOUT.data(0)),
        Field::Element => word(LAYOUT.element(0)),
        Field::Tag => word(LAYOUT.tag(0)),
        Field::SizeClass | Field::Depth | Field::Null | Field::HeapKind => short(0),
        Field::TypeId | Field::Object | Field::Count => word(0),
        Field::Targets => word(1),
    });
}

/// Runs the last of the functions on its parameters, in an instance with one of everything.
fn execute(code: [Code; 3], values: &mut [u64]) -> Result<(), Trap> {
    /// Nothing is left to lower.
    unsafe fn lower(_: *mut crate::InstanceHead, _: FuncIdx) -> Result<*const u64, Box<dyn std::any::Any + Send>> {
        Ok(std::ptr::null())
    }
    // Behind raw pointers while the machine runs, for it has pointers to all of it.
    // SAFETY: no code asks.
    let vm = Box::into_raw(unsafe { Vm::new(64 << 10, 4, lower) });
    let epoch = AtomicU64::new(0);
    let mut memory = Memory::new(MemoryType::new(1, None), PAGE_BYTES).expect("a page");
    for chunk in memory.bytes_mut().chunks_exact_mut(8) {
        chunk[0] = 2;
    }
    let memory = Box::into_raw(Box::new(memory));
    let shared = Memory::new(MemoryType::shared(1, 1), PAGE_BYTES).expect("a page");
    let shared = Box::into_raw(Box::new(shared));
    let global = Box::into_raw(Box::new(GlobalCell::new(1)));
    let data = [1_u8; PAGE_BYTES as usize];
    let mut block = InstanceBlock::new(LAYOUT, vm).expect("a few words");
    // SAFETY: everything lives until the blocks are taken back below; the code is made of handlers with operands that
    // exist, and ends by returning.
    unsafe {
        Vm::attach(vm, std::ptr::null_mut());
        Vm::set_epoch(vm, &raw const epoch);
        Vm::set_deadline(vm, 1);
        for (funcidx, code) in (0..).map(FuncIdx).zip(&code) {
            block.set_func(funcidx, FuncRecord::new(first_cell(code), block.as_ptr()));
        }
        let elements = vec![block.func(RETURNS) as u64; 64];
        let ty = TableType::new(RefType::FUNCREF, 64, Some(96));
        let table = Box::into_raw(Box::new(Table::new(ty, 96, elements[0]).expect("a small table")));
        block.set_global(0, global);
        block.set_table(0, table);
        block.set_memory(MEMORY, memory);
        block.set_memory(SHARED, shared);
        block.set_data(0, &data);
        block.set_element(0, &elements);
        let result = invoke(vm, block.func(LOOP), values, None);
        drop(block);
        drop((
            Box::from_raw(table),
            Box::from_raw(global),
            Box::from_raw(memory),
            Box::from_raw(shared),
            Box::from_raw(vm),
        ));
        match result {
            Ok(()) => Ok(()),
            Err(Exit::Trap(trap)) => Err(trap),
            Err(_) => unreachable!("nothing here calls the host"),
        }
    }
}
