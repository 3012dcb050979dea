//! From addresses of threaded code back to functions, for profilers.

use crate::module::Module;
use pirn_decode::FuncIdx;
use std::ops::Range;

impl Module {
    /// The function whose threaded code contains `address`: its funcidx, and the addresses of its cells. This is not part of
    /// the API that versions promise.
    ///
    /// Every function must have been lowered ([`crate::CompilationMode::Eager`]): one that has not been lowered is not found.
    #[doc(hidden)]
    pub fn code_at(&self, address: usize) -> Option<(FuncIdx, Range<usize>)> {
        let first_cell = |&funcidx: &FuncIdx| self.first_cell(funcidx) as usize;
        // Of the functions that begin at or before the address, the one that begins last.
        let funcidx = self.own_funcs().filter(|funcidx| first_cell(funcidx) <= address).max_by_key(first_cell)?;
        let cells = self.code(funcidx).ok()?.cells().as_ptr_range();
        let range = cells.start as usize..cells.end as usize;
        range.contains(&address).then_some((funcidx, range))
    }
}
