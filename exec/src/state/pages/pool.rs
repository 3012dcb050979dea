//! Slots: parts of mappings that many memories, tables and stacks share, and mappings of their own for what is larger.
//!
//! A *slab* is one mapping, cut into up to 64 slots of one *class* (16 of the larger). Slots are clean, all zero, when they are taken. So a
//! process may have as many memories as it likes, though the kernel allows it 65,530 mappings, and taking one that was
//! used before is no system call.
//!
//! A slot that is given back is made clean by giving its pages back to the system: some 0.4 us, and 1.2 us for each
//! page when it is touched again. Where instances come and go that is most of what they cost. So each thread keeps
//! *warm* slots, of those that lived shortly, up to [`MOST_WARM`] bytes, and clears by hand what was written in them:
//! 64 KiB are looked through in 0.4 us, and what is not written to is not committed by it. Of what is larger only slots
//! are kept in which that is less than touching the pages again would take; how many were touched, the kernel knows
//! (`mincore`).
//!
//! Tried and rejected: asking the kernel which pages to clear (it does not know those that were swapped out); clearing
//! slots whole (each slot that was ever used again stays committed whole); a mapping each (6 us to make, touch and drop);
//! a class of 1 MiB between the two (growing out of it copied, and took 180 us).

pub(super) use super::system::populate;

use super::{CHUNK, is_zero, system};
use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) const PRESENT: bool = true;

/// Bytes of a slot of each class, and how many slots a slab has at most. The first slab has one, the next as many as
/// there are already, so that who needs little takes few addresses.
const CLASSES: [(usize, u32); 2] = [(64 << 10, 64), (16 << 20, 16)];

/// Most bytes of a thread's warm slots, as far as they were used, and most of one. Each byte may be committed.
const MOST_WARM: usize = 8 << 20;
const MOST_WARM_EACH: usize = system::MOST_COUNTED;

/// Most warm slots of a thread, so that looking through them takes no time.
const MOST_WARM_SLOTS: usize = 64;

/// A slot lived shortly if its thread has taken no more than so many since.
const SHORTLY: u32 = 256;

/// Slabs without a slot in use that a class keeps.
const MOST_EMPTY: usize = 1;

/// Where bytes come from.
#[derive(Debug)]
pub(super) enum Source {
    Slot(Slot),
    Mapping,
}

/// A slot in use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    class: u8,
    /// Which bit of the slab.
    bit: u8,
    slab: u32,
    /// How many slots its thread had taken before.
    taken: u32,
    /// So many chunks may be committed already, by whoever had it warm.
    committed: u32,
}

/// The slabs of one class.
struct Class {
    /// By number; those that were unmapped have no slots at all.
    slabs: Vec<Slab>,
    /// Numbers of those with a free slot, each once.
    open: Vec<u32>,
    /// Numbers of those that were unmapped.
    vacant: Vec<u32>,
    /// How many have only free slots.
    empty: usize,
}

struct Slab {
    base: NonNull<u8>,
    /// A bit for each slot there is.
    all: u64,
    /// A bit for each slot that is free.
    free: u64,
}

// SAFETY: a slab owns its mapping.
unsafe impl Send for Slab {}

static POOL: [Mutex<Class>; CLASSES.len()] = [const { Mutex::new(Class::new()) }; CLASSES.len()];

/// What a thread keeps for itself.
struct Local {
    taken: Cell<u32>,
    warm: RefCell<Vec<Warm>>,
    /// Bytes of all of them.
    bytes: Cell<usize>,
}

/// A slot that is clean, and partly committed.
struct Warm {
    base: NonNull<u8>,
    slot: Slot,
}

impl Slot {
    /// Bytes from its beginning on that may be committed, if `used` were used.
    fn reach(&self, used: usize) -> usize {
        used.max(self.committed as usize * CHUNK)
    }
}

thread_local! {
    static LOCAL: Local =
        const { Local { taken: Cell::new(0), warm: RefCell::new(Vec::new()), bytes: Cell::new(0) } };
}

impl Drop for Local {
    fn drop(&mut self) {
        for Warm { base, slot } in self.warm.take() {
            // SAFETY: a slot that nobody else knows of.
            unsafe { release(base, 0, slot) };
        }
    }
}

/// At least so many bytes, all zero: where they begin, and how many there are.
pub(super) fn take(bytes: usize) -> Option<(NonNull<u8>, usize, Source)> {
    let Some(class) = CLASSES.iter().position(|&(slot_bytes, _)| bytes <= slot_bytes) else {
        let (base, room) = with_room(bytes, system::map)?;
        return Some((base, room, Source::Mapping));
    };
    let (slot_bytes, _) = CLASSES[class];
    let class = class as u8;
    let local = LOCAL.try_with(|local| {
        local.taken.set(local.taken.get().wrapping_add(1));
        let mut warm = local.warm.borrow_mut();
        let place = warm.iter().rposition(|warm| warm.slot.class == class);
        let Warm { base, slot } = warm.swap_remove(place?);
        local.bytes.set(local.bytes.get() - slot.reach(0));
        Some((local.taken.get(), base, slot))
    });
    // A thread that ends has nothing of its own any more.
    let (taken, base, slot) = match local.ok().flatten() {
        Some(warm) => warm,
        None => {
            let (base, slot) = lock(class).take(class)?;
            (LOCAL.try_with(|local| local.taken.get()).unwrap_or(0), base, slot)
        }
    };
    Some((base, slot_bytes, Source::Slot(Slot { taken, ..slot })))
}

/// As [`take`], without regard to how much memory there is.
pub(super) fn reserve(bytes: usize) -> Option<(NonNull<u8>, usize, Source)> {
    if CLASSES.iter().any(|&(slot_bytes, _)| bytes <= slot_bytes) {
        return take(bytes);
    }
    Some((system::map_loosely(bytes)?, bytes, Source::Mapping))
}

/// Makes room for `bytes`, more than there is, without copying, if the system can: where they begin then, and how many
/// there are. `None` if not; nothing has changed then.
///
/// # Safety
/// `base` and `room` are of `source`; nobody refers to the bytes.
pub(super) unsafe fn grow(
    base: NonNull<u8>,
    room: usize,
    source: &mut Source,
    bytes: usize,
) -> Option<(NonNull<u8>, usize)> {
    match *source {
        // SAFETY: a source that is a mapping is a whole one of `system`, of `room` bytes, and nobody refers to them.
        Source::Mapping => with_room(bytes, |bytes| unsafe { system::extend(base, room, bytes) }),
        // What fits a slot stays in slots: a mapping of its own each would be many.
        Source::Slot(slot) if bytes > CLASSES[CLASSES.len() - 1].0 && room == CLASSES[CLASSES.len() - 1].0 => {
            // SAFETY: the slot is a part of a slab, of `room` bytes, and nobody refers to them. Whatever fails, they
            // are where they were with what they held; otherwise the slot stays mapped, is zero, and is given back
            // once. `to` is a new mapping that nobody knows of.
            unsafe {
                // That there is so much is known before anything is moved.
                let (to, grown) = with_room(bytes, system::map)?;
                system::unmap(to.add(room), grown - room);
                if !system::take_out(base, room, to) {
                    system::unmap(to, room);
                    return None;
                }
                let Some(moved) = system::extend(to, room, grown) else {
                    // Somebody else has taken it meanwhile.
                    if !system::put_back(to, room, base) {
                        base.copy_from_nonoverlapping(to, room);
                        system::unmap(to, room);
                    }
                    return None;
                };
                // A slot whose addresses are somebody else's is never given again.
                if system::is_left(base, room) {
                    lock(slot.class).give(slot);
                }
                *source = Source::Mapping;
                Some((moved, grown))
            }
        }
        Source::Slot(_) => None,
    }
}

/// Takes bytes back, of which the first `used` were written to at most.
///
/// # Safety
/// `base` and `room` are of `source`, which is given back once; nobody refers to the bytes.
pub(super) unsafe fn give(base: NonNull<u8>, room: usize, used: usize, source: &mut Source) {
    match *source {
        // SAFETY: a source that is a mapping is a whole one of `system`, of `room` bytes; it is given back once.
        Source::Mapping => unsafe { system::unmap(base, room) },
        // SAFETY: the slot is this source's, and given back once, by one of the two. It is whole chunks, so what is
        // used of it is.
        Source::Slot(slot) => unsafe {
            let used = used.next_multiple_of(CHUNK);
            if !keep_warm(base, used, slot) {
                release(base, used, slot);
            }
        },
    }
}

/// Gives back what lies behind the first `kept` bytes, which are as they were.
///
/// # Safety
/// `base` and `room` are of bytes from here; nobody refers to those behind `kept`.
pub(super) unsafe fn trim(base: NonNull<u8>, room: usize, kept: usize) {
    // SAFETY: both kinds of source are parts of mappings of `system`; nobody refers to what is behind `kept`.
    unsafe { system::clear(base.add(kept), room - kept) };
}

/// Keeps a slot for this thread, if it lived shortly and may be kept.
///
/// # Safety
/// As for [`give`]; `used` is whole chunks.
unsafe fn keep_warm(base: NonNull<u8>, used: usize, slot: Slot) -> bool {
    let kept = LOCAL.try_with(|local| {
        let mut warm = local.warm.borrow_mut();
        let reach = slot.reach(used);
        let bytes = local.bytes.get() + reach;
        if local.taken.get().wrapping_sub(slot.taken) > SHORTLY || used > MOST_WARM_EACH || bytes > MOST_WARM {
            return false;
        }
        // Looking through 64 KiB takes as long as touching a third of a page again.
        // SAFETY: a slot is a part of a mapping of `system`; what is longer than may be counted was sorted out above.
        if used > CLASSES[0].0 && unsafe { system::resident(base, used) } < used / 32 {
            return false;
        }
        if warm.len() == MOST_WARM_SLOTS || warm.try_reserve(1).is_err() {
            return false;
        }
        // SAFETY: nobody refers to the slot, which is given back; `used` is whole chunks.
        unsafe { clear_written(base, used) };
        warm.push(Warm { base, slot: Slot { committed: (reach / CHUNK) as u32, ..slot } });
        local.bytes.set(bytes);
        true
    });
    kept.unwrap_or(false)
}

/// Makes a slot clean and free.
///
/// # Safety
/// As for [`give`]; `used` is whole chunks.
unsafe fn release(base: NonNull<u8>, used: usize, slot: Slot) {
    // SAFETY: a slot is a part of a mapping of `system`, of 64 KiB or a multiple; nobody refers to it, for it is given
    // back.
    unsafe { system::clear(base, slot.reach(used).next_multiple_of(64 << 10)) };
    lock(slot.class).give(slot);
}

/// Writes zeros where something else is.
///
/// # Safety
/// Nobody refers to the bytes, which are whole chunks.
unsafe fn clear_written(base: NonNull<u8>, bytes: usize) {
    /// Compiled once for every processor and once for those with wider vectors: 0.6 and 0.3 us for 64 KiB.
    ///
    /// # Safety
    /// That of [`clear_written`].
    #[inline(always)]
    unsafe fn clear(base: NonNull<u8>, bytes: usize) {
        for at in (0..bytes).step_by(CHUNK) {
            // SAFETY: the bytes are whole chunks of pages, aligned to words, and nobody refers to them.
            unsafe {
                if !is_zero(base.add(at).as_ptr()) {
                    base.add(at).write_bytes(0, CHUNK);
                }
            }
        }
    }

    /// # Safety
    /// That of [`clear_written`].
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    unsafe fn clear_avx2(base: NonNull<u8>, bytes: usize) {
        // SAFETY: it asks for the same.
        unsafe { clear(base, bytes) };
    }

    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2; for the rest it asks for the same.
        return unsafe { clear_avx2(base, bytes) };
    }
    // SAFETY: it asks for the same.
    unsafe { clear(base, bytes) };
}

/// What `ask` gives for a power of two, twice `bytes` at most, or for just `bytes`, in whole pages.
fn with_room(bytes: usize, ask: impl Fn(usize) -> Option<NonNull<u8>>) -> Option<(NonNull<u8>, usize)> {
    let whole = bytes.checked_next_multiple_of(64 << 10)?;
    let ask = |bytes| Some((ask(bytes)?, bytes));
    bytes.checked_next_power_of_two().and_then(ask).or_else(|| ask(whole))
}

fn lock(class: u8) -> MutexGuard<'static, Class> {
    // What is locked is never left half-changed by a panic.
    POOL[usize::from(class)].lock().unwrap_or_else(PoisonError::into_inner)
}

impl Class {
    const fn new() -> Self {
        Self { slabs: Vec::new(), open: Vec::new(), vacant: Vec::new(), empty: 0 }
    }

    /// A free slot of this class.
    fn take(&mut self, class: u8) -> Option<(NonNull<u8>, Slot)> {
        if self.open.is_empty() {
            self.add_slab(class)?;
        }
        let number = *self.open.last()?;
        let slab = &mut self.slabs[number as usize];
        let bit = slab.free.trailing_zeros() as u8;
        self.empty -= usize::from(slab.free == slab.all);
        slab.free &= slab.free - 1;
        // SAFETY: the slab has a slot for each bit.
        let base = unsafe { slab.base.add(usize::from(bit) * CLASSES[usize::from(class)].0) };
        if slab.free == 0 {
            self.open.pop();
        }
        Some((base, Slot { class, bit, slab: number, taken: 0, committed: 0 }))
    }

    fn add_slab(&mut self, class: u8) -> Option<()> {
        let (slot_bytes, slots) = CLASSES[usize::from(class)];
        // So that giving a slot back needs no memory.
        let numbers = self.slabs.len() + 1;
        self.slabs.try_reserve(1).ok()?;
        self.open.try_reserve(numbers - self.open.len()).ok()?;
        self.vacant.try_reserve(numbers - self.vacant.len()).ok()?;
        let there = self.slabs.iter().map(|slab| slab.all.count_ones()).sum::<u32>();
        let map = |slots| Some((system::map_loosely(slot_bytes * slots as usize)?, slots));
        let (base, slots) = map(there.clamp(1, slots)).or_else(|| map(1))?;
        // SAFETY: the mapping made just now.
        unsafe { system::small_pages(base, slot_bytes * slots as usize) };
        let all = u64::MAX >> (64 - slots);
        let slab = Slab { base, all, free: all };
        let number = match self.vacant.pop() {
            Some(number) => {
                self.slabs[number as usize] = slab;
                number
            }
            None => {
                self.slabs.push(slab);
                u32::try_from(numbers - 1).ok()?
            }
        };
        self.open.push(number);
        self.empty += 1;
        Some(())
    }

    /// Takes a clean slot back.
    fn give(&mut self, Slot { class, bit, slab: number, .. }: Slot) {
        let slab = &mut self.slabs[number as usize];
        if slab.free == 0 {
            self.open.push(number);
        }
        slab.free |= 1 << bit;
        if slab.free != slab.all {
            return;
        }
        if self.empty < MOST_EMPTY {
            self.empty += 1;
            return;
        }
        let bytes = CLASSES[usize::from(class)].0 * slab.all.count_ones() as usize;
        // SAFETY: no slot of it is in use.
        unsafe { system::unmap(slab.base, bytes) };
        (slab.all, slab.free) = (0, 0);
        let place = self.open.iter().rposition(|&open| open == number).expect("a slab with a free slot is open");
        self.open.swap_remove(place);
        self.vacant.push(number);
    }
}
