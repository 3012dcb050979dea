//! The frames of an execution that stands still, apart from the stack they were made on.
//!
//! What is kept is the words from the stack's base to the end of the last frame, as they were, and the address of that base. Headers
//! keep addresses ([`crate::state::frames`]), so that calls cost what they cost. An execution that goes on at the same base, as it mostly
//! does, is copied back, and that is all. At another one, the word of each header that leads to the caller's frame is written anew, and no
//! other word: a local may look like an address.
//!
//! There is one entry from the host in it, at the base: what a host function calls meanwhile is an execution of its own. The word of
//! the entry has no meaning as long as it is here.

use crate::Word;
use crate::handlers::exit::exit_cell;
use crate::host::walk::FrameAt;
use crate::state::instance::InstanceHead;
use crate::state::record::{FuncRecord, HostRecord};
use crate::state::registers::Registers;
use crate::state::vm::{CodeAt, LocateHook, Vm};
use pirn_decode::layout::{CodeHead, ENTRY_WORDS, HEADER_WORDS, RETURN_WORDS};
use std::ptr::{null, null_mut, without_provenance_mut};

/// A frame of WebAssembly of an execution that stands still: see [`Execution::frames`](crate::Execution::frames).
#[derive(Debug, Clone, Copy)]
pub struct PausedFrame<'a> {
    /// Its instance.
    pub instance: *mut InstanceHead,
    /// Which word of the execution's is word 0: see [`Execution::set_words`](crate::Execution::set_words).
    pub start: usize,
    /// The address of a cell of its function.
    pub address: usize,
    /// What is at that address: of the innermost frame, if nothing is awaited, the cell that is executed next.
    pub at: FrameAt,
    /// What is known of its function.
    pub head: CodeHead,
    /// Its words, from word 0 on: as far as where the frame of what it called begins, or all there are. Those of the header lead into
    /// the stack that it was on.
    pub words: &'a [Word],
}

/// What an execution is made of, for each of its frames of WebAssembly: see [`Execution::of_frames`](crate::Execution::of_frames).
#[derive(Debug, Clone, Copy)]
pub struct NewFrame<'a> {
    /// Its instance.
    pub instance: *mut InstanceHead,
    /// The address of the cell of its function at which it goes on.
    pub address: usize,
    /// Its words, from word 0 on: up to where the frame of what it called begins. What the innermost one has not is zero, if nothing is awaited.
    /// Those of the header are replaced.
    pub words: &'a [Word],
}

/// A host function whose results an execution awaits.
#[derive(Debug, Clone, Copy)]
pub struct Awaited<'a> {
    /// Its own record, or a copy.
    pub func: *mut FuncRecord,
    /// Its arguments, in as many words as the longer of its parameters and results.
    pub words: &'a [Word],
}

/// A host function that yielded, in terms of words from the stack's base on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    /// First word of its frame.
    pub(crate) frame: usize,
    /// How many words of it are for arguments and results.
    pub(crate) words: u32,
    pub(crate) func: *const HostRecord,
}

impl Waiting {
    /// Where its header begins.
    pub(crate) fn header(self) -> usize {
        self.frame + self.words as usize
    }

    /// Where its frame ends.
    pub(crate) fn end(self) -> usize {
        self.header() + HEADER_WORDS + RETURN_WORDS
    }
}

/// Words of a stack, and where they lie when headers are right that are among them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) words: &'a [Word],
    pub(crate) base: usize,
}

impl View<'_> {
    /// Which word is meant by an address in a header, or in a register.
    fn index(&self, address: u64) -> usize {
        index(self.base, address as usize)
    }
}

/// Which word from `base` on has this address.
pub(crate) fn index(base: usize, address: usize) -> usize {
    address.wrapping_sub(base) / size_of::<Word>()
}

/// The frames of an execution that stands still, innermost first: see [`Execution::frames`](crate::Execution::frames).
#[derive(Debug)]
pub struct PausedFrames<'a> {
    view: View<'a>,
    locate: Option<LocateHook>,
    /// The code that was found last: mostly a function calls itself, or the same ones.
    last: Option<CodeAt>,
    /// The frame that comes next, but for `fp`: that is `fp`.
    registers: Registers,
    at: FrameAt,
    fp: usize,
    /// Where it ends.
    end: usize,
}

impl<'a> PausedFrames<'a> {
    /// From the frame at word `fp` which goes on with these registers.
    ///
    /// # Safety
    /// `view` is what a stack has of an execution that stands still and goes on so, of which I6 and I7 hold. Its store is alive, and
    /// nothing runs in it, as long as this is used; `vm` is its machine.
    pub(crate) unsafe fn new(
        vm: *const Vm,
        view: View<'a>,
        registers: Registers,
        fp: usize,
        waiting: Option<Waiting>,
    ) -> Self {
        let (at, end) = match waiting {
            Some(waiting) => (FrameAt::Return, waiting.frame),
            None => (FrameAt::Cell { place: 0 }, view.words.len()),
        };
        // SAFETY: it is live.
        let locate = unsafe { (*vm).locate };
        Self { view, locate, last: None, registers, at, fp, end }
    }

    /// The next frame, and the words at which its header and the frame of its caller begin.
    pub(crate) fn next_with_header(&mut self) -> Option<(PausedFrame<'a>, usize, usize)> {
        let Registers { ip, link, instance, .. } = self.registers;
        if ip == exit_cell() {
            return None;
        }
        if self.last.as_ref().is_none_or(|last| !last.code.contains(&ip.addr())) {
            // SAFETY: `new` asked for a store that is alive, and stands still: this is an instance of it (I6).
            self.last = self.locate.and_then(|locate| unsafe { locate(instance, ip.addr()) });
        }
        let head = self.last.as_ref().expect("a frame's code is that of a function of its instance").head;
        let (words, at) = (&self.view.words[self.fp..self.end], self.at);
        let header = self.fp + head.header as usize;
        let [further, caller, of] = *self.view.words[header..].first_chunk().expect("a frame has a header");
        let (start, caller) = (self.fp, self.view.index(caller));
        self.registers = Registers::new(link, null_mut(), of as *mut InstanceHead, further as *const u64);
        (self.at, self.end, self.fp) = (FrameAt::Return, self.fp, caller);
        Some((PausedFrame { instance, start, address: ip.addr(), at, head, words }, header, caller))
    }
}

impl<'a> Iterator for PausedFrames<'a> {
    type Item = PausedFrame<'a>;

    fn next(&mut self) -> Option<PausedFrame<'a>> {
        Some(self.next_with_header()?.0)
    }
}

/// Has frames be of the store of the machine `vm`, all of whose headers lead into another one: gives the registers with which they go on.
/// `base` is where the words lay when the headers were right, and stays so. `moved` gives for an instance of the other store, or for its machine's own
/// for the host, what stands for it. `None` if it does so for one; frames have changed in part then.
///
/// # Safety
/// The words are frames of an execution that stands still and goes on so, of which I6 and I7 hold, but in the other store, which may
/// be gone. `vm` is a live machine; what `moved` gives are live instances of its store, of the same modules.
pub(crate) unsafe fn adopt(
    vm: *mut Vm,
    (words, base): (&mut [Word], usize),
    registers: Registers,
    waiting: Option<Waiting>,
    moved: &mut dyn FnMut(*mut InstanceHead) -> Option<*mut InstanceHead>,
) -> Option<Registers> {
    // SAFETY: it is live.
    let locate = unsafe { (*vm).locate? };
    let mut adopt = |word: &mut Word| {
        let there = moved(*word as *mut InstanceHead)?;
        *word = there as Word;
        Some(there)
    };
    let mut instance = registers.instance as Word;
    let registers = Registers { instance: adopt(&mut instance)?, ..registers };
    if let Some(waiting) = waiting {
        adopt(&mut words[waiting.header() + 2])?;
    }
    let Registers { mut ip, mut link, mut instance, .. } = registers;
    let mut fp = index(base, registers.fp.addr());
    let mut last: Option<CodeAt> = None;
    while ip != exit_cell() {
        if last.as_ref().is_none_or(|last| !last.code.contains(&ip.addr())) {
            // SAFETY: an instance of the machine's store, which stands still.
            last = unsafe { locate(instance, ip.addr()) };
        }
        let header = fp + last.as_ref()?.head.header as usize;
        let [further, caller, of] = words[header..].first_chunk_mut().expect("a frame has a header");
        instance = adopt(of)?;
        (ip, link, fp) = (link, *further as *const u64, index(base, *caller as usize));
    }
    Some(registers)
}

/// Frames that were made, not copied: see [`Execution::of_frames`](crate::Execution::of_frames).
pub(crate) struct Built {
    /// For a stack whose base is at address 0.
    pub(crate) words: Vec<Word>,
    pub(crate) registers: Registers,
    pub(crate) waiting: Option<Waiting>,
}

impl Built {
    /// `None` if they do not fit a stack of the machine's, an address is in no code of its instance, or there are fewer words than the
    /// function's header needs, or more than it has.
    ///
    /// # Safety
    /// That of [`Execution::of_frames`](crate::Execution::of_frames).
    pub(crate) unsafe fn new(vm: *mut Vm, frames: &[NewFrame<'_>], awaited: Option<Awaited<'_>>) -> Option<Self> {
        // SAFETY: the machine is live.
        let (locate, most, host) = unsafe { ((*vm).locate?, (*vm).stack_bytes / size_of::<Word>(), Vm::host(vm)) };
        let address = |word: usize| without_provenance_mut(word * size_of::<Word>());
        // Who calls the outermost one.
        let mut caller = Registers::new(null(), address(ENTRY_WORDS), host, null());
        let mut link = exit_cell();
        let mut words = vec![0; ENTRY_WORDS];
        for (place, frame) in frames.iter().enumerate() {
            // SAFETY: it is an instance of the machine's store, as is asked for.
            let head = unsafe { locate(frame.instance, frame.address) }?.head;
            let (fp, all) = (words.len(), head.frame_bytes as usize / size_of::<Word>());
            let header = head.header as usize;
            if frame.words.len() < header + HEADER_WORDS || frame.words.len() > all || fp + all > most {
                return None;
            }
            words.extend_from_slice(frame.words);
            write_header(&mut words[fp + header..], &caller);
            if place + 1 == frames.len() && awaited.is_none() {
                words.resize(fp + all, 0);
            }
            let ip = std::ptr::with_exposed_provenance(frame.address);
            caller = Registers::new(ip, address(fp), frame.instance, link);
            link = ip;
        }
        let mut waiting = None;
        if let Some(Awaited { func, words: values }) = awaited {
            // SAFETY: it is a live record, of a host function, and so is that one.
            let func = unsafe { HostRecord::of((*func).code) };
            // SAFETY: as above.
            let expected = unsafe { (*func).head.header } as usize;
            let frame = words.len();
            if values.len() != expected || frame + expected + HEADER_WORDS + RETURN_WORDS > most {
                return None;
            }
            words.extend_from_slice(values);
            words.extend([0; HEADER_WORDS]);
            write_header(&mut words[frame + expected..], &caller);
            words.extend([link as u64; RETURN_WORDS]);
            waiting = Some(Waiting { frame, words: expected as u32, func });
        } else if frames.is_empty() {
            return None;
        }
        // With no frame at all, the host goes on.
        let registers = if frames.is_empty() { Registers { ip: exit_cell(), ..caller } } else { caller };
        Some(Self { words, registers, waiting })
    }
}

/// Writes what [`push_frame`](crate::state::frames::push_frame) writes.
fn write_header(header: &mut [Word], caller: &Registers) {
    header[..HEADER_WORDS].copy_from_slice(&[caller.link as u64, caller.fp as u64, caller.instance as u64]);
}
