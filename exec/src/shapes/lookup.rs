//! The handler table: from a shape's signature to the handler that executes it.

use crate::handlers::dispatch::handler_word;
use crate::shapes::list::{HandlerEntry, Shapes};
use crate::shapes::list_all;
use crate::state::pages::populate;
use pirn_decode::cell::Cell;
use pirn_decode::layout::{CodeHead, ENTRY_WORDS, HEAD_WORDS, HEADER_WORDS, RECORD_WORDS, RETURN_WORDS};
use pirn_decode::sig::{self, Sig};
use pirn_decode::{Target, Tile};
use std::sync::OnceLock;

/// Every handler there is, found by signature: open addressing in a table at most half full.
///
/// Most questions are whether a statement joins the one before, and most answers no: a filter that fits the first-level
/// cache gives them.
#[derive(Debug)]
pub struct Handlers {
    slots: Box<[(Sig, u64); SLOTS]>,
    /// The bit that each signature's upper bits name, of [`FILTER_BITS`].
    filter: Box<[u64; FILTER_BITS / 64]>,
    /// As well, of sequences that some handlers carry.
    carried: Box<[u64; CARRIED_BITS / 64]>,
    len: usize,
}

/// A power of two, and constant, so that finding a place takes no comparison.
const SLOTS: usize = 1 << 16;

const FILTER_BITS: usize = 1 << 17;
const CARRIED_BITS: usize = 1 << 12;

/// The word of a filter of so many bits, and the bit in it, for a signature.
#[inline]
const fn filter_place<const BITS: usize>(sig: Sig) -> (usize, u64) {
    let bit = (sig >> 40) as usize % BITS;
    (bit / 64, 1 << (bit % 64))
}

impl Handlers {
    /// How many handlers there may be.
    pub const MOST: usize = SLOTS / 2;

    /// Those that are listed: straight into the table, for whoever starts a process waits for it.
    fn listed() -> Self {
        // The slots are no array first, which would lie on the stack of whoever is the first to need them.
        let mut slots = vec![(0, 0); SLOTS];
        // Handlers will be everywhere.
        populate(&mut slots);
        let slots = slots.try_into().expect("as many as there are");
        let (filter, mut carried) = (Box::new([0; FILTER_BITS / 64]), Box::new([0; CARRIED_BITS / 64]));
        let mut this = Self { slots, filter, carried: carried.clone(), len: 0 };
        let mut carry = |sequence| {
            let (word, bit) = filter_place::<CARRIED_BITS>(sequence);
            carried[word] |= bit;
        };
        list_all(&mut Shapes(&mut |entry| this.insert(&entry), &mut carry));
        this.carried = carried;
        assert!(this.len <= Self::MOST, "the table is more than half full");
        this
    }

    fn insert(&mut self, entry: &HandlerEntry) {
        let (word, bit) = filter_place::<FILTER_BITS>(entry.sig);
        self.filter[word] |= bit;
        let at = self.find(entry.sig);
        // The families overlap; the same shape twice is the same handler.
        if self.slots[at].1 == 0 {
            self.len += 1;
            self.slots[at] = (entry.sig, handler_word(entry.handler()));
        }
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

    /// Hash of the signatures of all handlers, of the operands of cells, and of where things lie in instances and frames. Code that
    /// was lowered for a machine with another one means something else here, or nothing.
    pub fn fingerprint(&self) -> u64 {
        let layout = [HEAD_WORDS, RECORD_WORDS, HEADER_WORDS, RETURN_WORDS, ENTRY_WORDS, CodeHead::WORDS];
        let layout = layout.into_iter().map(|words| words as u64);
        let operands = Cell::ALL.iter().flat_map(|cell| {
            let fields = cell.fields().iter().map(|&(_, field)| field as u64);
            [sig::cell(*cell)].into_iter().chain(fields)
        });
        let sigs = self.slots.iter().filter(|(_, handler)| *handler != 0).map(|&(sig, _)| sig);
        layout.chain(operands).chain(sigs).fold(0, sig::with)
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
        let (word, bit) = filter_place::<FILTER_BITS>(sig);
        if self.filter[word] & bit == 0 {
            return None;
        }
        let (_, handler) = self.slots[self.find(sig)];
        (handler != 0).then_some(Tile { handler })
    }

    fn may_carry(&self, sequence: Sig) -> bool {
        let (word, bit) = filter_place::<CARRIED_BITS>(sequence);
        self.carried[word] & bit != 0
    }
}

/// The machine's answer to lowering: which trees have handlers.
pub fn target() -> &'static Handlers {
    static HANDLERS: OnceLock<Handlers> = OnceLock::new();
    HANDLERS.get_or_init(|| {
        #[cfg_attr(not(feature = "mutants"), expect(unused_mut, reason = "mutants change it"))]
        let mut handlers = Handlers::listed();
        #[cfg(feature = "profile")]
        crate::handlers::counts::cover(
            crate::shapes::entries().iter().map(|entry| (entry.handler() as usize, entry.sig)),
        );
        #[cfg(feature = "mutants")]
        if let Some((sig, wrong)) = crate::probes::mutants::chosen(&crate::shapes::entries()) {
            let at = handlers.find(sig);
            handlers.slots[at].1 = handler_word(wrong.handler());
        }
        handlers
    })
}
