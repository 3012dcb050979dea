//! From addresses of threaded code back to functions, for profilers.

use crate::module::Module;
use std::ops::Range;

impl Module {
    /// The function whose threaded code has a cell at `address`: its funcidx, and where its cells lie. Not part of the API
    /// that versions promise.
    ///
    /// Every function must have been lowered ([`crate::CompilationMode::Eager`]). One that has not may be taken for the
    /// nearest: then it is lowered, and nothing is found.
    #[doc(hidden)]
    pub fn code_at(&self, address: usize) -> Option<(u32, Range<usize>)> {
        let first_cell = |&funcidx: &u32| self.first_cell(funcidx) as usize;
        // Whose begins last of those that do not begin behind it.
        let funcidx = self.own_funcs().filter(|funcidx| first_cell(funcidx) <= address).max_by_key(first_cell)?;
        let cells = self.code(funcidx).ok()?.cells().as_ptr_range();
        let range = cells.start as usize..cells.end as usize;
        range.contains(&address).then_some((funcidx, range))
    }
}
