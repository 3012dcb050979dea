//! Tests of the machine's state.

use super::*;
use crate::state::memory::Memory;
use crate::state::registers::Vector;
use crate::state::table::Table;
use pirn_decode::FuncIdx;
use pirn_decode::{MemoryType, PAGE_BYTES, RefType, TableType};
use std::any::Any;
use std::sync::Arc;

unsafe fn no_lowering(_: *mut InstanceHead, _: FuncIdx) -> Result<*const u64, Box<dyn Any + Send>> {
    panic!("nothing is lowered here")
}

fn vm() -> Box<Vm> {
    // SAFETY: the hook gives nothing.
    unsafe { Vm::new(4096, 2, no_lowering) }
}

#[test]
fn room_is_taken_by_what_grew() {
    let mut room = 10;
    assert_eq!(Room::grow(&mut room, 4, || Some(4)), Some(4));
    assert_eq!(room, 6);
    assert_eq!(Room::grow(&mut room, 5, || None::<u32>), None);
    assert_eq!(room, 6, "nothing grew");
    assert_eq!(Room::grow(&mut room, 7, || -> Option<u32> { panic!("it was asked without room") }), None);
    assert_eq!(room, 6);
}

#[test]
fn entries_are_counted() {
    let mut vm = vm();
    assert!(vm.is_idle());
    assert!(vm.enter());
    assert!(vm.enter());
    assert!(!vm.may_enter() && !vm.is_idle());
    assert!(!vm.enter());
}

#[test]
fn entries_of_which_somebody_is_told_are_not_made_in_passing() {
    unsafe fn refuses(_: *mut Vm, at: CallHook) -> Result<(), Exit> {
        if at.exiting_host() { Err(Exit::Trap(Trap::Unreachable)) } else { Ok(()) }
    }
    let vm = Box::into_raw(vm());
    // SAFETY: the machine is live until it is taken back; the hook does nothing with it.
    unsafe {
        assert!(Vm::crossed(vm, CallHook::CallingWasm).is_ok(), "nobody is told");
        Vm::set_crossed(vm, refuses);
        assert!((*vm).is_told() && (*vm).may_enter() && !(*vm).enter());
        assert_eq!((*vm).depth, 0);
        assert!(Vm::crossed(vm, CallHook::CallingWasm).is_err() && Vm::crossed(vm, CallHook::CallingHost).is_ok());
        drop(Box::from_raw(vm));
    }
}

#[test]
fn growing_takes_of_the_room_and_is_held() {
    let vm = Box::into_raw(vm());
    let account = Arc::new(AtomicU64::new(0));
    let mut memory = Memory::new(MemoryType::new(1, None), 10 * PAGE_BYTES).unwrap();
    let mut table = Table::new(TableType::new(RefType::FUNCREF, 0, None), 10, 0).unwrap();
    // SAFETY: everything is live until the end, and nobody else refers to it.
    unsafe {
        let held = || Held::new(&account, 0);
        (*vm).held = Holdings { memories: held(), tables: held() };
        (*vm).room = Room { bytes: 3 * PAGE_BYTES, elements: 5 };
        let grow = |growing| Vm::grow(vm, growing).ok();
        assert_eq!(grow(Growing::Memory(&raw mut memory, 2)), Some(Some(1)));
        assert_eq!(grow(Growing::Memory(&raw mut memory, 2)), Some(None));
        assert_eq!(grow(Growing::Table(&raw mut table, 4, 0)), Some(Some(0)));
        assert_eq!(grow(Growing::Table(&raw mut table, 4, 0)), Some(None));
        assert_eq!((*vm).room, Room { bytes: PAGE_BYTES, elements: 1 });
        assert_eq!(account.load(Ordering::Relaxed), 2 * PAGE_BYTES + 4 * 8);
        Vm::set_grow(vm, Some(|_, _| Err(Exit::Trap(Trap::Unreachable))));
        assert_eq!(grow(Growing::Memory(&raw mut memory, 1)), None);
        assert!(matches!((*vm).exit, Some(Exit::Trap(Trap::Unreachable))));
        assert_eq!(memory.size(), 3);
        drop(Box::from_raw(vm));
    }
    assert_eq!(account.load(Ordering::Relaxed), 0);
}

#[test]
fn a_first_result_is_in_the_accumulator_of_its_class() {
    let mut vm = vm();
    vm.saved.r0 = 0x1_0000_0002;
    let mut v0 = Vector::zeroed();
    // SAFETY: a vector has room for two words.
    unsafe { v0.as_mut_ptr().cast::<[u64; 2]>().write([0x3_0000_0004, 5]) };
    vm.saved.v0 = v0;
    let first = |ty: ValType| {
        let mut words = [7; 3];
        // SAFETY: both accumulators hold something; there are three words.
        unsafe { vm.first_result(ty, words.as_mut_ptr()) };
        assert!(words[ty.words()..].iter().all(|&word| word == 7), "more is written than the result");
        words
    };
    assert_eq!([ValType::I64, ValType::Ref(RefType::FUNCREF)].map(|ty| first(ty)[0]), [0x1_0000_0002; 2]);
    assert_eq!(first(ValType::I32)[0] as u32, 2, "the high half has no meaning");
    assert_eq!(first(ValType::F32)[0], 4);
    assert_eq!(first(ValType::F64)[0], 0x3_0000_0004);
    assert_eq!(first(ValType::V128), [0x3_0000_0004, 5, 7]);
}

#[test]
fn the_embedder_is_no_instance() {
    let vm = Box::into_raw(vm());
    let mut other = InstanceHead::empty();
    // SAFETY: the machine is live until it is taken back.
    unsafe {
        Vm::attach(vm, null_mut());
        assert!(Vm::is_host(vm, Vm::host(vm)));
        assert!(!Vm::is_host(vm, &raw mut other));
        assert_eq!((*Vm::host(vm)).vm, vm, "what returns to the host finds its machine there");
        drop(Box::from_raw(vm));
    }
}
