//! The cell to which the host returns.

use crate::handlers::dispatch::{At, Flow, Handler, HasHandler, Stmt, handler_word};
use crate::state::registers::Registers;
use pirn_decode::sig::Sig;

/// Where the host returns to: the end of [`crate::invoke`].
struct ExitCell;

impl Stmt for ExitCell {
    type Best = Self;
    const LEN: usize = 0;
    const SIG: Sig = 0;

    #[inline(always)]
    unsafe fn run(m: &mut Registers, _: At) -> Flow {
        // SAFETY: who returns here has the `instance` of the header that `enter_from_host` wrote: the machine's own for
        // the host, which leads to the machine.
        unsafe { m.save() };
        Flow::Stop
    }
}

/// The address of an [`ExitCell`].
#[inline]
pub(crate) fn exit_cell() -> *const u64 {
    static CELL: std::sync::OnceLock<[u64; 1]> = std::sync::OnceLock::new();
    CELL.get_or_init(|| [handler_word(ExitCell::handler as Handler)]).as_ptr()
}
