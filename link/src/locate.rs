//! From addresses of threaded code back to functions, for profilers.

use crate::module::Module;
use pirn_decode::FuncIdx;
use std::ops::Range;

impl Module {
    /// The functions that have been lowered, which are all with [`crate::CompilationMode::Eager`], and the addresses of their threaded
    /// code's cells. This is not part of the API that versions promise.
    #[doc(hidden)]
    pub fn code_ranges(&self) -> impl Iterator<Item = (FuncIdx, Range<usize>)> {
        self.lowered_code().map(|(funcidx, code)| {
            let cells = code.cells().as_ptr_range();
            (funcidx, cells.start.addr()..cells.end.addr())
        })
    }
}
