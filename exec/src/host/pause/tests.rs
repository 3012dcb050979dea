//! Executions that are made of frames, read frame by frame, and put on one stack after another. Nothing runs.

use super::*;
use crate::handlers::exit::exit_cell;
use crate::host::walk::FrameAt;
use crate::state::record::{HostCall, HostRecord};
use crate::state::vm::CodeAt;
use pirn_decode::layout::{CodeHead, HEADER_WORDS, RETURN_WORDS};
use pirn_decode::{FuncIdx, FuncType, TypeId};
use std::any::Any;
use std::ptr::{null, null_mut, without_provenance_mut};
use std::sync::Arc;

const STACK: usize = 64 << 10;

/// Functions by hundreds of addresses: words in front of the header, and of the whole frame.
const FUNCS: [(u32, u32); 3] = [(1, 8), (2, 12), (0, 8_180)];

unsafe fn locate(_: *mut InstanceHead, address: usize) -> Option<CodeAt> {
    let index = (address / 100).checked_sub(1)?;
    let &(header, words) = FUNCS.get(index)?;
    let head = CodeHead { index: FuncIdx(index as u32), header, frame_bytes: words * 8, type_id: TypeId(0) };
    Some(CodeAt { head, code: address / 100 * 100..address / 100 * 100 + 100, catches: null() })
}

unsafe fn no_lowering(_: *mut InstanceHead, _: FuncIdx) -> Result<*const u64, Box<dyn Any + Send>> {
    panic!("nothing is lowered here")
}

/// A machine with a host function of two parameters.
struct Scene {
    vm: *mut Vm,
    host: *mut HostRecord,
    func: *mut FuncRecord,
}

impl Scene {
    fn new() -> Self {
        // SAFETY: all of it is live until the end, and nothing runs.
        unsafe {
            let vm = Box::into_raw(Vm::new(STACK, 4, no_lowering));
            Vm::attach(vm, null_mut());
            (*vm).set_locate(locate);
            let ty = FuncType::new([ValType::I64; 2], []);
            let host = Box::into_raw(HostRecord::new(ty, TypeId(0), Arc::new(|_: HostCall<'_>| Ok(()))));
            Self { vm, host, func: HostRecord::arm(host) }
        }
    }

    fn make(&self, frames: &[NewFrame<'_>], awaited: Option<&[u64]>) -> Option<Execution> {
        let awaited = awaited.map(|words| Awaited { func: self.func, words });
        // SAFETY: nothing goes on.
        unsafe { Execution::of_frames(self.vm, frames, awaited, (1, None), 77) }
    }

    /// Its frames and the awaited one, without headers.
    fn read(&self, execution: &Execution) -> Vec<(usize, usize, FrameAt, Vec<u64>)> {
        // SAFETY: it stands still.
        unsafe { execution.frames(self.vm) }
            .map(|frame| {
                let mut words = frame.words.to_vec();
                let header = frame.head.header as usize;
                words[header..header + HEADER_WORDS].fill(0);
                (frame.instance.addr(), frame.address, frame.at, words)
            })
            .collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // SAFETY: taken back once.
        drop(unsafe { (Box::from_raw(self.vm), Box::from_raw(self.host)) });
    }
}

fn frame(instance: usize, address: usize, words: &[u64]) -> NewFrame<'_> {
    NewFrame { instance: without_provenance_mut(instance), address, words }
}

#[test]
fn what_is_made_is_read() {
    let scene = Scene::new();
    let (outer, inner) = ([1, 0, 0, 0, 8, 16, 24], [3, 4, 0, 0, 0, 8, 9, 10, 11]);
    let frames = [frame(500, 110, &outer), frame(501, 250, &inner)];
    let execution = scene.make(&frames, None).unwrap();
    let padded = [&inner[..], &[0; 3]].concat();
    let expected =
        [(501, 250, FrameAt::Cell { place: 0 }, padded), (500, 110, FrameAt::Return, outer.to_vec())].to_vec();
    assert_eq!(scene.read(&execution), expected);
    assert_eq!((execution.address(), execution.r0(), execution.progress()), (250, 77, 0));
    assert_eq!((execution.awaits(), execution.bytes()), (false, (1 + 7 + 12) * 8));

    let execution = scene.make(&frames, Some(&[5, 6])).unwrap();
    let expected = [(501, 250, FrameAt::Return, inner.to_vec()), (500, 110, FrameAt::Return, outer.to_vec())].to_vec();
    assert_eq!(scene.read(&execution), expected);
    // SAFETY: it stands still.
    let awaited = unsafe { execution.awaited_frame() }.unwrap();
    assert_eq!((awaited.func, awaited.words), (scene.func, &[5, 6][..]));
    assert_eq!(execution.bytes(), (1 + 7 + 9 + 2 + HEADER_WORDS + RETURN_WORDS) * 8);

    // The host function alone.
    let execution = scene.make(&[], Some(&[5, 6])).unwrap();
    assert!(scene.read(&execution).is_empty() && execution.awaits());
}

#[test]
fn frames_that_are_none_are_refused() {
    let scene = Scene::new();
    let refused = |frames: &[NewFrame<'_>], awaited| scene.make(frames, awaited).is_none();
    assert!(refused(&[], None), "nothing at all");
    assert!(refused(&[frame(1, 50, &[0; 8])], None), "no code");
    assert!(refused(&[frame(1, 110, &[0; 3])], None), "no room for the header");
    assert!(refused(&[frame(1, 110, &[0; 9])], None), "more words than the function has");
    assert!(refused(&[frame(1, 110, &[0; 4])], Some(&[1])), "a parameter is missing");
    // 64 KiB are 8,192 words, the first of which is that of the entry. The host function's frame has six.
    let (small, large) = ([0; 8], [0; 8_180]);
    let frames = |words| [frame(1, 110, &small), frame(1, 310, &large[..words])];
    assert!(!refused(&frames(8_180), None));
    assert!(refused(&[&frames(8_180)[..], &[frame(1, 110, &small)]].concat(), None));
    assert!(!refused(&frames(8_177), Some(&[0; 2])));
    assert!(refused(&frames(8_178), Some(&[0; 2])));
}

/// Whatever other words look like.
#[test]
fn only_headers_lead_to_another_stack() {
    for awaited in [None, Some(&[8, 16][..])] {
        let scene = Scene::new();
        let (outer, inner) = ([8, 0, 0, 0, 16, 24, 32], [8, 16, 0, 0, 0, 40, 48]);
        let frames = [frame(500, 110, &outer), frame(501, 250, &inner)];
        let mut execution = scene.make(&frames, awaited).unwrap();
        // The stacks before are kept, so each is another one.
        let mut others = Vec::new();
        let headers: Vec<(usize, [usize; 3])> = {
            // SAFETY: it is live.
            let host = unsafe { Vm::host(scene.vm) }.addr();
            // Behind the argument, and the arguments: link, word of the caller's frame, instance.
            let mut headers = vec![(2, [0, 1, host]), (8 + 2, [exit_cell().addr(), 1, 500])];
            headers.extend(awaited.map(|_| (8 + 7 + 2, [110, 8, 501])));
            headers
        };
        let mut before: Option<Vec<u64>> = None;
        for _ in 0..3 {
            // SAFETY: nothing runs; the stack has so many words.
            let (base, words) = unsafe {
                let stack = execution.place(scene.vm).unwrap();
                (stack.base(), std::slice::from_raw_parts(stack.base(), execution.used).to_vec())
            };
            let mut expected = before.clone().unwrap_or_else(|| words.clone());
            for (at, [link, caller, instance]) in &headers {
                expected[*at..*at + 3].copy_from_slice(&[
                    *link as u64,
                    base.wrapping_add(*caller).addr() as u64,
                    *instance as u64,
                ]);
            }
            assert_eq!(words, expected);
            // Locals and operands that lead into this stack, to where headers lead.
            for (word, to) in [(1, 1), (5, 8), (6, 1), (7, 8), (8, 8), (13, 1), (14, 8)] {
                // SAFETY: words of frames, in front of and behind headers.
                unsafe { base.add(word).write(base.wrapping_add(to).addr() as u64) };
            }
            if awaited.is_some() {
                // SAFETY: a result.
                unsafe { execution.set_results(scene.vm, &[base.wrapping_add(8).addr() as u64]) };
            }
            execution.registers.fp = base.wrapping_add(execution.frame());
            // SAFETY: nothing runs; the words are its frames.
            before = Some(unsafe { std::slice::from_raw_parts(base, execution.used) }.to_vec());
            // SAFETY: it might just have stopped there.
            unsafe { execution.park(scene.vm) };
            assert!(execution.stack.is_none() && *execution.parked == *before.as_ref().unwrap());
            let read = scene.read(&execution);
            assert_eq!(read.iter().map(|frame| frame.1).collect::<Vec<_>>(), [250, 110]);
            others.push(Stack::new(STACK).unwrap());
        }
    }
}

#[test]
fn many_frames_stay_on_their_stack() {
    let scene = Scene::new();
    let mut execution = scene.make(&[frame(500, 310, &[7; 3_000])], None).unwrap();
    // SAFETY: nothing runs.
    let base = unsafe { execution.place(scene.vm) }.unwrap().base();
    execution.registers.fp = base.wrapping_add(execution.frame());
    // SAFETY: it might just have stopped there.
    unsafe { execution.park(scene.vm) };
    assert_eq!(execution.bytes(), STACK);
    assert_eq!(scene.read(&execution).len(), 1);
    // SAFETY: nothing runs.
    assert_eq!(unsafe { execution.place(scene.vm) }.unwrap().base(), base, "it is there");
}
