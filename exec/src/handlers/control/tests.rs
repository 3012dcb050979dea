//! What calls and tail calls write, and when they write nothing.

use super::*;
use crate::state::trap::TrapAt;
use crate::state::vm::Vm;
use pirn_decode::layout::{CodeHead, HEADER_WORDS};
use pirn_decode::{FuncIdx, TypeId};
use std::any::Any;
use std::ptr::null_mut;

unsafe fn no_lowering(_: *mut InstanceHead, _: FuncIdx) -> Result<*const u64, Box<dyn Any + Send>> {
    panic!("nothing is lowered here")
}

const STACK: usize = 16;

/// A frame at the beginning of a stack of [`STACK`] words, and a function to call from it.
struct Scene {
    stack: [u64; STACK],
    vm: Box<Vm>,
    instance: InstanceHead,
    callee: InstanceHead,
    code: [u64; 3],
    /// A cell, whose operands begin with the slot of a tail call's new header.
    cell: [u64; 2],
}

impl Scene {
    fn new(callee_words: u32) -> Box<Self> {
        let head = CodeHead { index: FuncIdx(0), header: 0, frame_bytes: callee_words * 8, type_id: TypeId(0) };
        // SAFETY: the hook gives nothing.
        let vm = unsafe { Vm::new(64, 1, no_lowering) };
        let code = [head.words()[0], head.words()[1], 0];
        let (instance, callee) = (InstanceHead::empty(), InstanceHead::empty());
        Box::new(Self { stack: std::array::from_fn(|i| i as u64), vm, instance, callee, code, cell: [0; 2] })
    }

    /// Does something with the registers and the callee's record.
    fn with<R>(&mut self, act: impl FnOnce(Registers, *mut FuncRecord) -> R) -> R {
        let stack = self.stack.as_mut_ptr();
        self.vm.stack_limit = stack.wrapping_add(STACK);
        self.instance.vm = &raw mut *self.vm;
        let code = self.code.as_ptr().wrapping_add(CodeHead::WORDS);
        // SAFETY: the record lives as long as the scene.
        let mut record = unsafe { FuncRecord::new(code, &raw mut self.callee) };
        let m = Registers::new(self.cell.as_ptr(), stack, &raw mut self.instance, self.cell.as_ptr());
        act(m, &raw mut record)
    }
}

#[test]
fn a_call_that_fits_writes_a_header_and_nothing_else() {
    let mut scene = Scene::new(6);
    let (callee, caller) = scene.with(|m, record| {
        let mut callee = m;
        // SAFETY: ten and six words fit; the header lies in the callee's frame.
        assert_eq!(unsafe { call(&mut callee, At::CELL, record, 10, 12, m.ip.add(1)) }, Flow::Jump);
        // SAFETY: the record is the scene's.
        assert_eq!((callee.ip, callee.r0), (unsafe { (*record).code }, record as u64));
        (callee, m)
    });
    assert_eq!(callee.fp, caller.fp.wrapping_add(10));
    assert_eq!(callee.instance, &raw mut scene.callee);
    assert_eq!(callee.link, caller.ip.wrapping_add(1));
    let header = [caller.link as u64, caller.fp as u64, caller.instance as u64];
    assert_eq!(scene.stack[12..15], header);
    assert!((0..12).chain(15..STACK).all(|i| scene.stack[i] == i as u64));
}

#[test]
fn a_call_that_does_not_fit_writes_nothing() {
    let mut scene = Scene::new(7);
    scene.with(|caller, record| {
        let mut m = caller;
        // SAFETY: the frame is compared first.
        let flow = unsafe { call(&mut m, At::CELL, record, 10, 12, caller.ip) };
        assert_eq!((m.ip, m.fp, m.instance, m.link), (caller.ip, caller.fp, caller.instance, caller.link));
        assert!(matches!(flow, Flow::Trap(_)), "it fits");
        assert_eq!(TrapAt::from_code(m.r0), TrapAt { trap: Trap::StackOverflow, place: 0 });
    });
    assert!((0..STACK).all(|i| scene.stack[i] == i as u64));
}

/// The arguments of the callee are more than the caller's, and lie over its header when they are moved.
#[test]
fn a_header_survives_a_tail_calls_arguments() {
    let mut scene = Scene::new(8);
    scene.cell[1] = 4;
    let callee = scene.with(|m, record| {
        let mut callee = m;
        // SAFETY: a header of slot 1 goes to slot 4, four arguments from slot 6 on to the frame's beginning.
        let flow = unsafe { tail_call(&mut callee, At::CELL, record, 6, cell::moves(4, true), 1, 8) };
        assert_eq!(flow, Flow::Jump);
        assert_eq!((callee.fp, callee.link), (m.fp, m.link), "it returns where its caller would have");
        callee
    });
    assert_eq!(callee.instance, &raw mut scene.callee);
    assert_eq!(scene.stack[..4], [6, 7, 8, 9]);
    assert_eq!(scene.stack[4..4 + HEADER_WORDS], [1, 2, 3]);
}

#[test]
fn a_tail_call_that_does_not_fit_moves_nothing() {
    let mut scene = Scene::new(STACK as u32 + 1);
    scene.with(|caller, record| {
        let mut m = caller;
        // SAFETY: the frame is compared first.
        let flow = unsafe { tail_call(&mut m, At::CELL, record, 6, cell::moves(4, true), 1, 8) };
        assert_eq!((m.ip, m.fp, m.instance, m.link), (caller.ip, caller.fp, caller.instance, caller.link));
        assert!(matches!(flow, Flow::Trap(_)), "it fits");
        assert_eq!(TrapAt::from_code(m.r0), TrapAt { trap: Trap::StackOverflow, place: 0 });
    });
    assert!((0..STACK).all(|i| scene.stack[i] == i as u64));
}

/// A host function has no instance, and acts for the one whose code called it.
#[test]
fn a_tail_call_leaves_the_callers_instance_where_there_is_no_other() {
    let mut scene = Scene::new(8);
    let callee = scene.with(|m, record| {
        let mut callee = m;
        // SAFETY: nothing moves.
        let flow = unsafe {
            (*record).instance = null_mut();
            tail_call(&mut callee, At::CELL, record, 0, 0, 1, 8)
        };
        assert_eq!(flow, Flow::Jump);
        callee
    });
    assert_eq!(callee.instance, &raw mut scene.instance);
}
