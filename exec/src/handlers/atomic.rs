//! Cells of the atomic instructions, on memories that threads share and others.
//!
//! Each names its memory, and asks it what it is. Its operands are in slots: first the address, a number of the memory's address
//! type. All accesses are sequentially consistent.

use crate::handlers::bulk::{conclude, done_code, number};
use crate::handlers::cells::define_cell;
use crate::handlers::dispatch::{At, Flow, Stmt, value};
use crate::handlers::epoch::go_on;
use crate::handlers::far::memory;
use crate::state::instance::InstanceHead;
use crate::state::registers::Registers;
use crate::state::shared::{Expected, WaitResult, deadline};
use crate::state::trap::{Trap, trap_if};
use crate::state::vm::Vm;
use pirn_decode::cell::{self, Operands};
use pirn_decode::sig::{self, Sig};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::SeqCst, fence};
use std::time::{Duration, Instant};

/// So long a thread waits before it asks whether its deadline has passed.
const SLICE: Duration = Duration::from_millis(5);

/// What atomic instructions work on in memory. Values are words: what does not fit is cut off, and what is given is extended by
/// zeros.
trait Raw: Sized {
    /// # Safety
    /// At `place` lies such a number, aligned, which nobody accesses but by atomics.
    unsafe fn load(place: *mut Self) -> u64;
    /// # Safety
    /// As for [`Raw::load`].
    unsafe fn store(place: *mut Self, value: u64);
    /// # Safety
    /// As for [`Raw::load`].
    unsafe fn add(place: *mut Self, value: u64) -> u64;
    /// # Safety
    /// As for [`Raw::load`].
    unsafe fn sub(place: *mut Self, value: u64) -> u64;
    /// # Safety
    /// As for [`Raw::load`].
    unsafe fn and(place: *mut Self, value: u64) -> u64;
    /// # Safety
    /// As for [`Raw::load`].
    unsafe fn or(place: *mut Self, value: u64) -> u64;
    /// # Safety
    /// As for [`Raw::load`].
    unsafe fn xor(place: *mut Self, value: u64) -> u64;
    /// # Safety
    /// As for [`Raw::load`].
    unsafe fn xchg(place: *mut Self, value: u64) -> u64;
    /// # Safety
    /// As for [`Raw::load`].
    unsafe fn cmpxchg(place: *mut Self, expected: u64, value: u64) -> u64;
}

macro_rules! raw {
    ($($ty:ident $atomic:ident;)*) => {
        $(impl Raw for $ty {
            #[inline(always)]
            unsafe fn load(place: *mut Self) -> u64 {
                // SAFETY: asked for by the trait, as for the others.
                u64::from(unsafe { $atomic::from_ptr(place) }.load(SeqCst))
            }

            #[inline(always)]
            unsafe fn store(place: *mut Self, value: u64) {
                // SAFETY: as above.
                unsafe { $atomic::from_ptr(place) }.store(value as $ty, SeqCst)
            }

            raw! { $ty $atomic add fetch_add, sub fetch_sub, and fetch_and, or fetch_or, xor fetch_xor, xchg swap, }

            #[inline(always)]
            unsafe fn cmpxchg(place: *mut Self, expected: u64, value: u64) -> u64 {
                // SAFETY: as above.
                let place = unsafe { $atomic::from_ptr(place) };
                let old = place.compare_exchange(expected as $ty, value as $ty, SeqCst, SeqCst);
                u64::from(old.unwrap_or_else(|old| old))
            }
        })*
    };
    ($ty:ident $atomic:ident $($name:ident $method:ident,)*) => {
        $(#[inline(always)]
        unsafe fn $name(place: *mut Self, value: u64) -> u64 {
            // SAFETY: as above.
            u64::from(unsafe { $atomic::from_ptr(place) }.$method(value as $ty, SeqCst))
        })*
    };
}
raw! {
    u8 AtomicU8;
    u16 AtomicU16;
    u32 AtomicU32;
    u64 AtomicU64;
}

/// The effective address: what lies at `args`, and the static offset.
///
/// # Safety
/// `instance` is live, `word` that of one of its memories, and `args` a slot that holds an address of it.
#[inline(always)]
unsafe fn effective_address(
    instance: *mut InstanceHead,
    word: u32,
    offset: u64,
    args: *const u64,
    bytes: u64,
) -> Result<u64, Trap> {
    // SAFETY: the memory is live (I1, I4), and slots are whole words.
    let address = unsafe { number(args.read(), (*memory(instance, word)).declared().is_64()) };
    let (address, is_too_large) = address.overflowing_add(offset);
    trap_if(address & (bytes - 1) != 0, Trap::HeapMisaligned)?;
    trap_if(is_too_large, Trap::MemoryOutOfBounds)?;
    Ok(address)
}

/// Where the number lies that an instruction works on.
///
/// # Safety
/// As for [`effective_address`].
#[inline(always)]
unsafe fn place<T>(instance: *mut InstanceHead, word: u32, offset: u64, args: *const u64) -> Result<*mut T, Trap> {
    let bytes = size_of::<T>() as u64;
    // SAFETY: asked for above; the machine is alone with the memory (I2), though not with the bytes of one that is shared.
    unsafe {
        let address = effective_address(instance, word, offset, args, bytes)?;
        (*memory(instance, word)).place(address, bytes).map(<*mut u8>::cast).ok_or(Trap::MemoryOutOfBounds)
    }
}

/// What an instruction does with the number at `place` and the operands behind the address.
macro_rules! perform {
    (load $m:ident, $place:ident, $args:ident) => {
        $m.r0 = Raw::load($place)
    };
    (store $m:ident, $place:ident, $args:ident) => {
        Raw::store($place, $args.add(1).read())
    };
    (cmpxchg $m:ident, $place:ident, $args:ident) => {
        $m.r0 = Raw::cmpxchg($place, $args.add(1).read(), $args.add(2).read())
    };
    ($what:ident $m:ident, $place:ident, $args:ident) => {
        $m.r0 = Raw::$what($place, $args.add(1).read())
    };
}

macro_rules! define {
    ($name:ident wait $raw:ident) => {
        define_cell! {
            $name |m, cell::$name { memory, offset, args }, at| {
                let (result, code) = split(wait::<$raw>(m.instance, memory, offset, m.slot(args)));
                m.r0 = result;
                conclude(m, at, code)
            }
        }
    };
    ($name:ident notify $raw:ident) => {
        define_cell! {
            $name |m, cell::$name { memory, offset, args }, at| {
                let (result, code) = split(notify(m.instance, memory, offset, m.slot(args)));
                m.r0 = result;
                conclude(m, at, code)
            }
        }
    };
    ($name:ident $what:ident $raw:ident) => {
        define_cell! {
            $name |m, cell::$name { memory, offset, args }, at| {
                let args = m.slot(args);
                let place = place::<$raw>(m.instance, memory, offset, args);
                let place = value!(place.map_err(|trap| at.trap(m, trap)));
                perform!($what m, place, args);
                Flow::Next
            }
        }
    };
}

macro_rules! cells {
    (
        atomics {
            $($name:ident $code:tt $text:literal $what:ident $raw:ident $operands:tt => $results:tt;)*
        }
    ) => {
        $(define! { $name $what $raw })*
    };
}
pirn_decode::for_each_atomic!(cells);

define_cell! {
    AtomicFence |m, _, at| {
        fence(SeqCst);
        Flow::Next
    }
}

/// A result, and a code for [`conclude`], in one number.
fn join(result: Result<u32, Trap>) -> u64 {
    match result {
        Ok(result) => result.into(),
        Err(trap) => (trap as u64) << 32,
    }
}

fn split(joined: u64) -> (u64, u8) {
    (joined & u64::from(u32::MAX), (joined >> 32) as u8)
}

/// # Safety
/// `instance` is the one that runs, `word` that of one of its memories; at `args` are an address and a number of threads.
#[inline(never)]
unsafe fn notify(instance: *mut InstanceHead, word: u32, offset: u64, args: *const u64) -> u64 {
    // SAFETY: asked for above; the memory is live (I1, I4).
    join(unsafe {
        effective_address(instance, word, offset, args, 4).and_then(|address| {
            let memory = &*memory(instance, word);
            match &memory.shared {
                Some(shared) => shared.notify(address, args.add(1).read() as u32),
                // Nobody can wait there.
                None => memory.place(address, 4).map(|_| 0).ok_or(Trap::MemoryOutOfBounds),
            }
        })
    })
}

/// Waits at an address as long as there is the value that is expected. What stops at a deadline leaves how much time there was left
/// in the operand's slot, and whether the thread had been notified in [`Vm::progress`](crate::Vm).
///
/// # Safety
/// `instance` is the one that runs, `word` that of one of its memories; at `args` are an address, a `T`, and how many nanoseconds to
/// wait.
#[cold]
#[inline(never)]
unsafe fn wait<T: Raw>(instance: *mut InstanceHead, word: u32, offset: u64, args: *mut u64) -> u64 {
    let bytes = size_of::<T>() as u64;
    // SAFETY: asked for above. The memory is live (I1, I4), also while the embedder is asked, who changes nothing of it but its size.
    unsafe {
        let vm = (*instance).vm;
        if std::mem::take(&mut (*vm).progress) != 0 {
            return WaitResult::Ok as u64;
        }
        let address = match effective_address(instance, word, offset, args, bytes) {
            Ok(address) => address,
            Err(trap) => return join(Err(trap)),
        };
        let memory = memory(instance, word);
        if (*memory).place(address, bytes).is_none() {
            return join(Err(Trap::MemoryOutOfBounds));
        }
        let Some(shared) = &(*memory).shared else { return join(Err(Trap::AtomicWaitNonSharedMemory)) };
        let expected = args.add(1).read();
        let expected = if bytes == 4 { Expected::Short(expected as u32) } else { Expected::Long(expected) };
        let until = deadline(args.add(2).read() as i64);
        let place = match shared.enter(address, expected) {
            Ok(Some(place)) => place,
            Ok(None) => return WaitResult::Mismatch as u64,
            Err(trap) => return join(Err(trap)),
        };
        loop {
            let next = (!(*vm).epoch.is_null()).then(|| Instant::now() + SLICE);
            let next = until.into_iter().chain(next).min();
            if place.wait(next) {
                return WaitResult::Ok as u64;
            }
            if until.is_some_and(|until| until <= Instant::now()) {
                return if place.leave() { WaitResult::Ok } else { WaitResult::TimedOut } as u64;
            }
            if Vm::is_late(vm) && !go_on(vm, (*vm).stack_limit) {
                (*vm).progress = place.leave().into();
                if let Some(until) = until {
                    args.add(2).write(until.saturating_duration_since(Instant::now()).as_nanos() as u64);
                }
                return u64::from(done_code(false)) << 32;
            }
        }
    }
}
