//! Frames of the value stack: where they end, and the headers by which they lead back to their callers.

use crate::state::instance::InstanceHead;
use crate::state::record::code_head;
use crate::state::registers::{Registers, Vector, load, store};
use pirn_decode::layout::HEADER_WORDS;

/// Address behind the frame at `fp` of the function whose code begins at `code`: at most the stack's limit, or the
/// function must not begin ([I7](crate#safety)).
///
/// # Safety
/// It is the code of a live record.
#[inline(always)]
pub(crate) unsafe fn frame_end(code: *const u64, fp: *mut u64) -> usize {
    // SAFETY: the code of a record has a head.
    fp as usize + unsafe { (*code_head(code)).frame_bytes } as usize
}

/// Goes to the state of the caller, where `link` leads: the frame's header is in slot `header`.
///
/// # Safety
/// `m.fp` is at a frame that [`push_frame`] gave a header in that slot, whose caller still waits for it.
#[inline(always)]
pub(crate) unsafe fn pop_frame(m: &mut Registers, header: u16) {
    // SAFETY: I7: there are the three words that `push_frame` wrote, as the same types.
    unsafe {
        let header = m.slot(header);
        m.ip = m.link;
        m.link = header.cast::<*const u64>().read();
        m.fp = header.add(1).cast::<*mut u64>().read();
        m.instance = header.add(2).cast::<*mut InstanceHead>().read();
    }
}

/// Writes a frame's header: what of `caller` its callee does not keep in registers.
///
/// # Safety
/// At `header` are the words for the header of a frame that was compared with the stack's limit ([I7](crate#safety)).
#[inline(always)]
pub(crate) unsafe fn push_frame(header: *mut u64, caller: &Registers) {
    // SAFETY: three words of a frame that nobody uses yet.
    unsafe {
        header.cast::<*const u64>().write(caller.link);
        header.add(1).cast::<*mut u64>().write(caller.fp);
        header.add(2).cast::<*mut InstanceHead>().write(caller.instance);
    }
}

/// A frame's header while the arguments of a tail call are moved over it: in vector registers, for the others are few.
pub(crate) struct Header([Vector; 2]);

const _: () = assert!(size_of::<Vector>() == 16 && HEADER_WORDS == 3);

impl Header {
    /// # Safety
    /// A header lies at `at`, of [`HEADER_WORDS`].
    #[inline(always)]
    pub(crate) unsafe fn read(at: *const u64) -> Self {
        // SAFETY: the second vector begins a word behind the first: they are three words together.
        unsafe { Self([load(at.cast::<Vector>()), load(at.add(1).cast::<Vector>())]) }
    }

    /// # Safety
    /// At `at` are words for a header, of a frame that was compared with the stack's limit ([I7](crate#safety)).
    #[inline(always)]
    pub(crate) unsafe fn write(self, at: *mut u64) {
        let Self([first, second]) = self;
        // SAFETY: as in `read`, three words; the one that both have is the same in both.
        unsafe {
            store(at.cast::<Vector>(), first);
            store(at.add(1).cast::<Vector>(), second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pirn_decode::layout::CodeHead;
    use pirn_decode::{FuncIdx, TypeId};
    use std::ptr::{null, null_mut};

    #[test]
    fn a_callee_leads_back_to_its_caller() {
        let (cells, mut instance) = ([0_u64; 2], InstanceHead::empty());
        let mut stack = [7_u64; 12];
        let fp = stack.as_mut_ptr();
        let caller = Registers::new(&raw const cells[0], fp, &raw mut instance, &raw const cells[1]);
        // The callee's frame begins in slot 4, and its header behind one argument.
        // SAFETY: both frames lie in the stack.
        let back = unsafe {
            push_frame(caller.slot(5), &caller);
            let mut m =
                Registers { link: cells.as_ptr().add(1), ..Registers::new(null(), fp.add(4), null_mut(), null()) };
            pop_frame(&mut m, 1);
            m
        };
        assert_eq!(back.ip, &raw const cells[1], "behind the call");
        assert_eq!((back.fp, back.instance, back.link), (caller.fp, caller.instance, caller.link));
        assert!([0, 1, 2, 3, 4, 8, 9, 10, 11].iter().all(|&slot| stack[slot] == 7), "more written than a header");
    }

    #[test]
    fn a_header_is_kept_while_its_words_are_overwritten() {
        let mut stack = [1, 2, 3, 0, 0];
        let at = stack.as_mut_ptr();
        // SAFETY: three words are there, at either place.
        unsafe {
            let header = Header::read(at);
            at.write_bytes(0, 3);
            header.write(at.add(2));
        }
        assert_eq!(stack, [0, 0, 1, 2, 3]);
    }

    #[test]
    fn a_frame_ends_behind_its_words() {
        let head = CodeHead { index: FuncIdx(0), header: 2, frame_bytes: 80, type_id: TypeId(0) };
        let code = [head.words()[0], head.words()[1], 0];
        let fp = std::ptr::without_provenance_mut(4096);
        // SAFETY: a head stands before the code.
        assert_eq!(unsafe { frame_end(code.as_ptr().wrapping_add(CodeHead::WORDS), fp) }, 4096 + 80);
    }
}
