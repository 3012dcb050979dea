//! The handler table: from a shape's signature to the handler that executes it.

use crate::shapes;
use crate::state::registers::{Handle, Handler, Stmt, handler_word};
use pirn_decode::sig::Sig;
use pirn_decode::{Target, Tile};
use std::sync::OnceLock;

/// One handler.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) sig: Sig,
    handler: Handler,
    #[cfg(feature = "profile")]
    name: fn() -> &'static str,
    #[cfg(feature = "inspect")]
    pub(crate) shape: &'static pirn_decode::shape::Shape,
}

impl Entry {
    /// The handler of `S`.
    pub(crate) const fn of<S: Stmt>() -> Self {
        Self {
            sig: S::SIG,
            handler: S::handler,
            #[cfg(feature = "profile")]
            name: std::any::type_name::<S>,
            #[cfg(feature = "inspect")]
            shape: {
                assert!(S::SHAPE.agrees(S::SIG, S::LEN), "a handler's shape differs from its type");
                S::SHAPE
            },
        }
    }
}

/// Every handler there is, found by signature: open addressing in a table at most half full.
///
/// Most questions are whether a statement joins the one before, and most answers no: a filter that fits the first-level
/// cache gives them.
#[derive(Debug)]
pub struct Handlers {
    slots: Box<[(Sig, u64); SLOTS]>,
    /// The bit that each signature's upper bits name, of [`FILTER_BITS`].
    filter: Box<[u64; FILTER_BITS / 64]>,
    len: usize,
}

/// A power of two, and constant, so that finding a place takes no comparison.
const SLOTS: usize = 1 << 15;

const FILTER_BITS: usize = 1 << 17;

/// The word of the filter and the bit in it for a signature.
#[inline]
const fn filter_place(sig: Sig) -> (usize, u64) {
    let bit = (sig >> 40) as usize % FILTER_BITS;
    (bit / 64, 1 << (bit % 64))
}

impl Handlers {
    /// How many handlers there may be.
    pub const MOST: usize = SLOTS / 2;

    fn new(entries: &[Entry]) -> Self {
        // The slots are no array first, which would lie on the stack of whoever is the first to need them.
        let slots = vec![(0, 0); SLOTS].try_into().expect("as many as there are");
        let mut this = Self { slots, filter: Box::new([0; FILTER_BITS / 64]), len: 0 };
        for entry in entries {
            let (word, bit) = filter_place(entry.sig);
            this.filter[word] |= bit;
            let at = this.find(entry.sig);
            // The families overlap; the same shape twice is the same handler.
            if this.slots[at].1 == 0 {
                this.len += 1;
                this.slots[at] = (entry.sig, handler_word(entry.handler));
            }
        }
        assert!(this.len <= Self::MOST, "the table is more than half full");
        #[cfg(feature = "mutants")]
        if let Some((sig, wrong)) = crate::probes::mutants::chosen(entries) {
            let at = this.find(sig);
            this.slots[at].1 = handler_word(wrong.handler);
        }
        this
    }

    /// Where `sig` is, or where it would be.
    #[inline]
    fn find(&self, sig: Sig) -> usize {
        let mut at = sig as usize % SLOTS;
        while self.slots[at].0 != sig && self.slots[at].1 != 0 {
            at = (at + 1) % SLOTS;
        }
        at
    }

    /// How many handlers there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none (there are).
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Target for Handlers {
    #[inline]
    fn tile(&self, sig: Sig) -> Option<Tile> {
        let (word, bit) = filter_place(sig);
        if self.filter[word] & bit == 0 {
            return None;
        }
        let (_, handler) = self.slots[self.find(sig)];
        (handler != 0).then_some(Tile { handler })
    }
}

/// The machine's answer to lowering: which trees have handlers.
pub fn target() -> &'static Handlers {
    static HANDLERS: OnceLock<Handlers> = OnceLock::new();
    HANDLERS.get_or_init(|| Handlers::new(&entries()))
}

pub(crate) fn entries() -> Vec<Entry> {
    let mut entries = Vec::with_capacity(16 * 1024);
    shapes::all(&mut shapes::Shapes(&mut entries));
    entries
}

/// Signatures of the handlers whose shapes people wrote down: all but the mined ones.
pub fn written() -> std::collections::HashSet<Sig> {
    let mut entries = Vec::new();
    shapes::written(&mut shapes::Shapes(&mut entries));
    entries.into_iter().map(|entry| entry.sig).collect()
}

/// Every handler's type, by address.
#[cfg(feature = "profile")]
pub(crate) fn names() -> std::collections::HashMap<usize, &'static str> {
    entries().into_iter().map(|entry| (entry.handler as usize, (entry.name)())).collect()
}

/// Every handler's signatures, by address.
#[cfg(feature = "profile")]
pub(crate) fn sigs() -> std::collections::HashMap<usize, Vec<Sig>> {
    let mut sigs = std::collections::HashMap::<usize, Vec<Sig>>::new();
    entries().into_iter().for_each(|entry| sigs.entry(entry.handler as usize).or_default().push(entry.sig));
    sigs
}

/// Every handler's shape, by signature.
#[cfg(feature = "inspect")]
pub(crate) fn shapes() -> &'static std::collections::HashMap<Sig, &'static pirn_decode::shape::Shape> {
    static SHAPES: OnceLock<std::collections::HashMap<Sig, &'static pirn_decode::shape::Shape>> = OnceLock::new();
    SHAPES.get_or_init(|| entries().into_iter().map(|entry| (entry.sig, entry.shape)).collect())
}
