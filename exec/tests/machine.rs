//! The machine by itself, without a module: what its safe functions refuse, and what it leaves when it is cut short.

use pirn_decode::layout::{CodeHead, Counts, InstanceLayout};
use pirn_decode::{FuncIdx, FuncType, RefType, TableType, TypeId, ValType};
use pirn_exec::inspect::DISPATCHER;
use pirn_exec::{
    Execution, Exit, FuncRecord, GlobalCell, HostCall, HostRecord, InstanceBlock, InstanceHead, LazyCode, Stack, Table,
    Trap, Vm, invoke,
};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{null, null_mut};
use std::sync::Arc;

/// A hook for machines that have nothing to lower; it panics.
unsafe fn nothing_to_lower(_: *mut InstanceHead, _: FuncIdx) -> Result<*const u64, Box<dyn Any + Send>> {
    panic!("there is no code")
}

/// A machine that is attached, and taken back at the end.
struct Machine(*mut Vm);

impl Machine {
    fn new() -> Self {
        // SAFETY: the hook gives nothing; the machine does not move.
        unsafe {
            let vm = Box::into_raw(Vm::new(4096, 3, nothing_to_lower));
            Vm::attach(vm, null_mut());
            Self(vm)
        }
    }

    fn is_idle(&self) -> bool {
        // SAFETY: it is live, and nothing runs.
        unsafe { (*self.0).is_idle() }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // SAFETY: taken back once.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// A host function of so many parameters and one result.
struct Host {
    record: *mut HostRecord,
    func: *mut FuncRecord,
}

impl Host {
    fn new(params: usize, func: impl Fn(HostCall<'_>) -> Result<(), Exit> + Send + Sync + 'static) -> Self {
        let ty = FuncType::new(vec![ValType::I64; params], [ValType::I64]);
        // SAFETY: any word is an i64; the record is taken back when nobody calls it any more.
        unsafe {
            let record = Box::into_raw(HostRecord::new(ty, TypeId(0), Arc::new(func)));
            Self { record, func: HostRecord::arm(record) }
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // SAFETY: taken back once.
        drop(unsafe { Box::from_raw(self.record) });
    }
}

#[track_caller]
fn panics<R>(f: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(f)).is_err(), "it did not panic");
}

#[test]
fn a_block_has_no_places_but_those_of_its_layout() {
    let mut block = InstanceBlock::new(
        InstanceLayout::new(Counts {
            funcs: 2,
            globals: 1,
            tables: 1,
            memories: 1,
            data: 1,
            elements: 1,
            tags: 1,
            types: 0,
        }),
        null_mut(),
    )
    .unwrap();
    let mut cell = GlobalCell::new(7);
    let mut table = Table::new(TableType::new(RefType::FUNCREF, 1, Some(1)), 1, 0).unwrap();
    // SAFETY: nothing runs in the block.
    unsafe {
        block.set_global(0, &raw mut cell);
        block.set_table(0, &raw mut table);
        block.set_data(0, &[1]);
        block.set_element(0, &[0]);
        for index in [1, 2, 1 << 40, usize::MAX / 2, usize::MAX] {
            panics(|| block.set_global(index, &raw mut cell));
            panics(|| block.set_table(index, &raw mut table));
            panics(|| block.set_memory(index, null_mut()));
            panics(|| block.set_data(index, &[]));
            panics(|| block.set_element(index, &[]));
        }
        for funcidx in [2, 3, u32::MAX].map(FuncIdx) {
            panics(|| block.func(funcidx));
            panics(|| block.set_func(funcidx, FuncRecord::new(null(), null_mut())));
        }
        assert!((0..2).all(|funcidx| (*block.func(FuncIdx(funcidx))).is_null()));
        panics(|| (*block.func(FuncIdx(1))).head());
    }
    // The smallest has no places, and room for its head.
    let block = InstanceBlock::new(InstanceLayout::new(Counts::default()), null_mut()).unwrap();
    panics(|| block.func(FuncIdx(0)));
    // SAFETY: it is live.
    assert!(unsafe { InstanceHead::owner(block.as_ptr()) }.is_null());
}

#[test]
fn layouts_of_too_many_words_are_refused() {
    let most = usize::MAX;
    let none = Counts::default();
    for counts in [
        Counts { funcs: most, ..none },
        Counts { funcs: most / 2, ..none },
        Counts { globals: most, ..none },
        Counts { globals: most - 8, tables: 1, ..none },
        Counts { memories: most - 8, ..none },
        Counts { funcs: 1, globals: 1, tables: 1, memories: 0, data: most / 2, elements: 1, tags: 0, types: 0 },
        Counts { elements: most / 2 + 1, ..none },
    ] {
        panics(|| InstanceLayout::new(counts));
    }
    let block = InstanceBlock::new(InstanceLayout::new(Counts { funcs: most / 4, ..none }), null_mut());
    assert!(block.is_none());
}

#[test]
fn results_are_those_of_an_execution_that_returned() {
    let machine = Machine::new();
    let many = Host::new(1_000, |_| Ok(()));
    // SAFETY: function and machine are of one store; the values are as many as the type's.
    unsafe {
        // Its frame does not fit a stack of eight bytes, nor do the values.
        let (execution, outcome) =
            Execution::start(machine.0, Stack::new(8).unwrap(), many.func, null_mut(), &[0; 1_000], None, null_mut());
        assert!(matches!(outcome, Err(Exit::Trap(Trap::StackOverflow))), "{outcome:?}");
        panics(|| execution.results().len());
        assert!(machine.is_idle());

        let asks =
            Host::new(1, |call| if call.into_values().get()[0] == 0 { Err(Exit::Yield(Box::new(()))) } else { Ok(()) });
        let start = |value| {
            let stack = Stack::new(256).unwrap();
            Execution::start(machine.0, stack, asks.func, null_mut(), &[value], Some(ValType::I64), null_mut())
        };
        let (mut execution, outcome) = start(0);
        assert!(matches!(outcome, Err(Exit::Yield(_))), "{outcome:?}");
        panics(|| execution.results().len());
        panics(|| execution.set_results(machine.0, &[1, 2]));
        execution.set_results(machine.0, &[8]);
        execution.resume(machine.0, null_mut()).unwrap();
        assert_eq!(execution.results(), [8]);
        let (execution, outcome) = start(9);
        outcome.unwrap();
        assert_eq!(execution.results(), [9]);
        assert!(machine.is_idle());
    }
}

/// No cell is there that could be executed again with more fuel.
#[test]
fn a_host_function_cannot_be_out_of_fuel() {
    let machine = Machine::new();
    let host = Host::new(0, |_| Err(Exit::OutOfFuel { required: 1 }));
    // SAFETY: function and machine are of one store; the values are as many as the type's.
    let outcome = unsafe { invoke(machine.0, host.func, &mut [0], Some(ValType::I64)) };
    assert!(matches!(outcome, Err(Exit::Trap(Trap::OutOfFuel))), "{outcome:?}");
}

/// For whom a host function acts: nobody if it is called, the instance whose start function it is.
#[test]
fn start_functions_have_an_instance() {
    let machine = Machine::new();
    let host = Host::new(0, |call| {
        let (vm, caller) = (call.vm(), call.caller());
        call.into_values().get_mut()[0] = caller as u64;
        // SAFETY: the machine is live.
        if unsafe { Vm::store(vm) }.is_null() { Ok(()) } else { Err(Exit::Host(Box::new("another machine"))) }
    });
    let block = InstanceBlock::new(InstanceLayout::new(Counts::default()), machine.0).unwrap();
    for inst in [null_mut(), block.as_ptr()] {
        // SAFETY: function, instance and machine are of one store; the values are as many as the type's.
        let (execution, outcome) = unsafe {
            Execution::start(machine.0, Stack::new(256).unwrap(), host.func, inst, &[1], Some(ValType::I64), null_mut())
        };
        outcome.unwrap();
        assert_eq!(execution.results(), [inst as u64]);
    }
}

/// Handlers of the portable loop unwind when something in them panics: here, the hook. (Under tail dispatch the process
/// aborts.) The machine has its own stack back then, and not that of an execution which is dropped.
#[test]
fn a_panic_of_the_machine_leaves_its_stack() {
    if DISPATCHER != "portable" {
        return;
    }
    let machine = Machine::new();
    let lazy = LazyCode::new(CodeHead::new(FuncIdx(0), &FuncType::new([], []), TypeId(0)));
    let mut block =
        InstanceBlock::new(InstanceLayout::new(Counts { funcs: 1, ..Counts::default() }), machine.0).unwrap();
    let host = Host::new(0, |_| Ok(()));
    // SAFETY: function, instance and machine are of one store; the hook does not return.
    unsafe {
        block.set_func(FuncIdx(0), FuncRecord::new(lazy.first_cell(), block.as_ptr()));
        // More than the nesting that is allowed.
        for _ in 0..10 {
            panics(|| invoke(machine.0, block.func(FuncIdx(0)), &mut [], None));
            panics(|| {
                Execution::start(
                    machine.0,
                    Stack::new(64).unwrap(),
                    block.func(FuncIdx(0)),
                    null_mut(),
                    &[],
                    None,
                    null_mut(),
                )
                .1
                .unwrap();
            });
            assert!(machine.is_idle());
        }
        let mut values = [3];
        invoke(machine.0, host.func, &mut values, Some(ValType::I64)).unwrap();
        assert_eq!(values, [3]);
    }
}
