//! What an execution waits for that goes on behind a host function.

use super::Execution;
use crate::Word;
use crate::host::parked::Awaited;
use crate::state::record::HostRecord;
use crate::state::vm::Vm;
use pirn_decode::FuncType;

impl Execution {
    /// The host function whose results it waits for, and its frame.
    ///
    /// # Safety
    /// Its store is alive, and so for as long as this is looked at; it stands still.
    pub unsafe fn awaited_frame(&self) -> Option<Awaited<'_>> {
        let waiting = self.waiting?;
        let frame = waiting.frame;
        let words = match &self.stack {
            // SAFETY: its frame begins with so many words, which nobody writes to while it stands still.
            Some(stack) => unsafe { std::slice::from_raw_parts(stack.base().add(frame), waiting.words as usize) },
            None => &self.parked[frame..waiting.header()],
        };
        // SAFETY: a store keeps the host functions that its instances have (I1).
        Some(Awaited { func: unsafe { HostRecord::record(waiting.func) }, words })
    }

    /// Whether it goes on behind a host function, whose results it waits for.
    pub fn awaits(&self) -> bool {
        self.waiting.is_some()
    }

    /// Type of the host function whose results it waits for.
    ///
    /// # Safety
    /// Its store is alive, and so for as long as the type is looked at.
    pub unsafe fn awaited<'a>(&self) -> Option<&'a FuncType> {
        // SAFETY: a store keeps the host functions that its instances have (I1).
        self.waiting.map(|waiting| unsafe { (*waiting.func).ty() })
    }

    /// Gives the results it waits for.
    ///
    /// # Panics
    /// It waits for none; they are more than the function's type has.
    ///
    /// # Safety
    /// They are results of the function that yielded, in its store, whose machine is `vm`.
    pub unsafe fn set_results(&mut self, vm: *mut Vm, results: &[Word]) {
        let waiting = self.waiting.expect("a host function yielded");
        assert!(results.len() <= waiting.words as usize, "more results than the function's type has");
        let frame = waiting.frame;
        match &self.stack {
            // SAFETY: the function's frame begins with so many words, on the stack that this owns.
            Some(stack) => unsafe { stack.base().add(frame).copy_from_nonoverlapping(results.as_ptr(), results.len()) },
            None => self.parked[frame..][..results.len()].copy_from_slice(results),
        }
        if self.rooted.is_none() {
            // SAFETY: it stands still on the machine of its store.
            unsafe { self.root(vm) };
        }
    }
}
