//! Finished threaded code.

use crate::catches::CatchTable;
use crate::layout::CodeHead;

/// Threaded code of one function. Its branches hold addresses in it, so it stays where it is and has no copies.
///
/// It is worth no more than who made it: anybody can make some ([`Code::new`], or by a [`crate::Target`] or
/// [`crate::Module`] of their own). Where it is to be executed, somebody has to answer for that.
#[derive(Debug)]
pub struct Code {
    /// A vector, and no box: moving a box claims that nothing else points into it, but branches do.
    words: Vec<u64>,
    /// Few functions have one.
    catches: Option<Box<CatchTable>>,
}

impl Code {
    /// From its bytes: a [`CodeHead`], then cells. At every place in `branches` stands, as a `u64`, where in the bytes the
    /// branch's target begins; that becomes that cell's address, in the bytes too.
    ///
    /// # Panics
    /// A place is not in the bytes.
    pub fn new(bytes: &mut [u8], branches: &[usize]) -> Self {
        Self::behind(0, bytes, branches)
    }

    /// As [`Code::new`], of what is behind the first `start` bytes. Places and targets count them.
    pub(super) fn behind(start: usize, bytes: &mut [u8], branches: &[usize]) -> Self {
        let cells = (bytes.len() - start) / 8;
        let mut words: Vec<u64> = Vec::with_capacity(cells);
        // Where they stay: they are as many as there is room for.
        let first = words.as_ptr().addr() as u64;
        let base = first - start as u64;
        for &place in branches {
            let operand = bytes[place..].first_chunk_mut().expect("eight bytes for an address");
            *operand = (base + u64::from_ne_bytes(*operand)).to_ne_bytes();
        }
        words.extend(bytes[start..].as_chunks().0.iter().map(|bytes| u64::from_ne_bytes(*bytes)));
        assert_eq!(words.as_ptr().addr() as u64, first, "the words have moved");
        // The machine makes pointers of the addresses.
        words.as_ptr().expose_provenance();
        Self { words, catches: None }
    }

    /// The same with these handlers of exceptions.
    #[must_use]
    pub fn catching(self, catches: CatchTable) -> Self {
        Self { catches: (!catches.is_empty()).then(|| Box::new(catches)), ..self }
    }

    /// [`CodeHead`], then cells: see [`crate::cell`].
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Its handlers of exceptions, if it has any.
    pub fn catches(&self) -> Option<&CatchTable> {
        self.catches.as_deref()
    }

    /// What stands before the cells.
    pub fn head(&self) -> CodeHead {
        CodeHead::of_words([self.words[0], self.words[1]])
    }

    /// The cells.
    pub fn cells(&self) -> &[u64] {
        &self.words[CodeHead::WORDS..]
    }
}
