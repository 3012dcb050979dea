//! Going on by throwing.

use super::Execution;
use crate::handlers::exceptions::catch;
use crate::state::crossing::CallHook;
use crate::state::trap::Exit;
use crate::state::vm::Vm;

impl Execution {
    /// Goes on where the machine's pending exception is caught, as if the host function whose results it waits for threw that, until
    /// something stops it again; `poller` is as for [`Execution::start`]. `None`, with everything as it was, if nothing catches it.
    ///
    /// # Safety
    /// It stands still after [`Exit::Yield`]; `vm` is the machine it was started on, and has a pending exception.
    pub unsafe fn throw(&mut self, vm: *mut Vm, poller: *mut ()) -> Option<Result<(), Exit>> {
        // SAFETY: it stands still, and so does the machine. I6 held when it stopped behind the call of the host function, and its frames are
        // as they were. So it holds of the handler's.
        unsafe {
            let base = match self.place(vm) {
                Ok(stack) => stack.base(),
                Err(exit) => return Some(Err(exit)),
            };
            self.registers.fp = base.wrapping_add(self.frame());
            self.base = base.addr();
            self.registers = catch(vm, self.registers, (*vm).pending)?;
            self.waiting = None;
            let caught = (*vm).take_pending_exception();
            Some(self.run(vm, CallHook::ReturningFromHost, caught, poller))
        }
    }
}
