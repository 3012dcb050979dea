//! `memory.fill` and `memory.copy` (spec 4.4.7).
//!
//! Compilers write them for every structure that is set or assigned, so most are short: up to [`SHORT`] bytes are
//! written by the handler itself, and what is longer by the library, whose call costs as much as two dispatches; what is much
//! longer in steps, between which a deadline may pass. A copy
//! leaves that call to a handler of its own: with it in the same one LLVM saved six registers before it looked at the
//! length. Operands are slots, immediates, and the accumulator in one place.

use crate::handlers::dispatch::{At, Flow, Handler, HasHandler, Stmt, value};
use crate::handlers::epoch::{STEP, in_steps, stop};
use crate::handlers::expr::Expr;
use crate::state::instance::InstanceHead;
use crate::state::registers::{Registers, Vector, load, store};
use crate::state::trap::{Trap, trap_if};
use pirn_decode::shape::Shape;
use pirn_decode::sig::{self, Form, Sig};
use std::marker::PhantomData;

/// Most bytes that a handler writes itself.
const SHORT: usize = 64;

/// Start, value, bytes.
pub(crate) struct MemoryFill<A, V, N>(PhantomData<(A, V, N)>);
/// To, from, bytes.
pub(crate) struct MemoryCopy<A, B, N>(PhantomData<(A, B, N)>);

/// Where `bytes` bytes from `start` on lie in memory 0.
///
/// # Safety
/// `m.instance` is a live instance.
#[inline(always)]
unsafe fn range(m: &Registers, start: u32, bytes: u32) -> Result<*mut u8, Trap> {
    // SAFETY: the instance is live, and what it says of its memory true (I8): the pointer is formed only if the bytes lie
    // within.
    unsafe {
        trap_if(u64::from(start) + u64::from(bytes) > (*m.instance).mem_len(), Trap::MemoryOutOfBounds)?;
        Ok((*m.instance).mem_base.add(start as usize))
    }
}

impl<A: Expr<T = u32>, V: Expr<T = u32>, N: Expr<T = u32>> Stmt for MemoryFill<A, V, N> {
    type Best = Self;
    const LEN: usize = A::LEN + V::LEN + N::LEN;
    const SIG: Sig = sig::bulk(Form::MemoryFill, A::SIG, V::SIG, N::SIG);
    const DELEGATES: bool = true;
    const SHAPE: &'static Shape = &Shape::Bulk(Form::MemoryFill, A::SHAPE, V::SHAPE, N::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the operands follow each other (I3). The range was compared with the memory's length (I8), and nobody
        // else refers to it (I2).
        unsafe {
            let start = value!(A::eval(m, at));
            let second = at.behind(A::LEN, A::PLACES);
            let value = value!(V::eval(m, second)) as u8;
            let third = second.behind(V::LEN, V::PLACES);
            let bytes = value!(N::eval(m, third));
            let place = range(m, start, bytes).map_err(|trap| third.behind(N::LEN, N::PLACES).trap(m, trap));
            let place = value!(place);
            if bytes as usize <= SHORT {
                fill_short(place, value, bytes as usize)
            } else if bytes as usize <= STEP {
                fill(place, value, bytes)
            } else {
                return Flow::Delegate;
            }
            Flow::Next
        }
    }

    #[inline(always)]
    fn other() -> Handler {
        LongFill::<A, V, N>::handler
    }
}

impl<A: Expr<T = u32>, B: Expr<T = u32>, N: Expr<T = u32>> Stmt for MemoryCopy<A, B, N> {
    type Best = Self;
    const LEN: usize = A::LEN + B::LEN + N::LEN;
    const SIG: Sig = sig::bulk(Form::MemoryCopy, A::SIG, B::SIG, N::SIG);
    const DELEGATES: bool = true;
    const SHAPE: &'static Shape = &Shape::Bulk(Form::MemoryCopy, A::SHAPE, B::SHAPE, N::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the operands follow each other (I3). Both ranges end within the memory (I8) if the one does that begins
        // later, and nobody else refers to them (I2).
        unsafe {
            let to = value!(A::eval(m, at));
            let second = at.behind(A::LEN, A::PLACES);
            let from = value!(B::eval(m, second));
            let third = second.behind(B::LEN, B::PLACES);
            let bytes = value!(N::eval(m, third));
            let last = range(m, to.max(from), bytes);
            value!(last.map_err(|trap| third.behind(N::LEN, N::PLACES).trap(m, trap)));
            let base = (*m.instance).mem_base;
            let (to, from) = (base.add(to as usize), base.add(from as usize));
            if bytes as usize > SHORT {
                return Flow::Delegate;
            }
            copy_short(to, from, bytes as usize);
            Flow::Next
        }
    }

    #[inline(always)]
    fn other() -> Handler {
        LongCopy::<A, B, N>::handler
    }
}

/// A [`MemoryFill`] of more than [`STEP`] bytes, which has been checked: only [`MemoryFill::run`] leads here.
struct LongFill<A, V, N>(PhantomData<(A, V, N)>);

impl<A: Expr<T = u32>, V: Expr<T = u32>, N: Expr<T = u32>> Stmt for LongFill<A, V, N> {
    type Best = Self;
    const LEN: usize = MemoryFill::<A, V, N>::LEN;
    // Nobody asks for it.
    const SIG: Sig = 0;

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the operands are those of `MemoryFill`, which compared the range with the memory's length (I8) and left
        // memory and registers as they were, so that they are evaluated to the same.
        unsafe {
            let start = value!(A::eval(m, at));
            let second = at.behind(A::LEN, A::PLACES);
            let value = value!(V::eval(m, second)) as u8;
            let bytes = value!(N::eval(m, second.behind(V::LEN, V::PLACES)));
            if fill_in_steps(m.instance, start, value, bytes) { Flow::Next } else { stop(m) }
        }
    }
}

/// A [`MemoryCopy`] of more than [`SHORT`] bytes, which has been checked: only [`MemoryCopy::run`] leads here.
struct LongCopy<A, B, N>(PhantomData<(A, B, N)>);

impl<A: Expr<T = u32>, B: Expr<T = u32>, N: Expr<T = u32>> Stmt for LongCopy<A, B, N> {
    type Best = Self;
    const LEN: usize = MemoryCopy::<A, B, N>::LEN;
    // Nobody asks for it.
    const SIG: Sig = 0;

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the operands are those of `MemoryCopy`, which compared both ranges with the memory's length (I8) and
        // left memory and registers as they were, so that they are evaluated to the same.
        unsafe {
            let to = value!(A::eval(m, at));
            let second = at.behind(A::LEN, A::PLACES);
            let from = value!(B::eval(m, second));
            let bytes = value!(N::eval(m, second.behind(B::LEN, B::PLACES)));
            if bytes as usize > STEP {
                return if copy_in_steps(m.instance, to, from, bytes) { Flow::Next } else { stop(m) };
            }
            let base = (*m.instance).mem_base;
            copy(base.add(to as usize), base.add(from as usize), bytes);
            Flow::Next
        }
    }
}

/// # Safety
/// There are so many bytes at `place`, which nobody else refers to.
#[cold]
#[inline(never)]
unsafe fn fill(place: *mut u8, value: u8, bytes: u32) {
    // SAFETY: bytes of a memory have no alignment.
    unsafe { place.write_bytes(value, bytes as usize) };
}

/// # Safety
/// There are so many bytes at either place, which nobody else refers to; they may overlap.
#[cold]
#[inline(never)]
unsafe fn copy(to: *mut u8, from: *const u8, bytes: u32) {
    // SAFETY: bytes of a memory have no alignment, and this is the copy for what overlaps.
    unsafe { to.copy_from(from, bytes as usize) };
}

/// As [`fill`], asking for the epoch from time to time: whether it is done.
///
/// # Safety
/// `instance` is the one that runs; its memory has so many bytes from `start` on, now and later, for memories do not shrink.
#[cold]
#[inline(never)]
unsafe fn fill_in_steps(instance: *mut InstanceHead, start: u32, value: u8, bytes: u32) -> bool {
    // SAFETY: nobody else refers to the bytes (I2) but while the embedder is asked, and the base is read again afterwards (I8).
    unsafe {
        in_steps((*instance).vm, bytes as usize, STEP, |done, now| {
            (*instance).mem_base.add(start as usize + done).write_bytes(value, now);
        })
    }
}

/// As [`copy`], asking for the epoch from time to time: whether it is done.
///
/// # Safety
/// `instance` is the one that runs; its memory has so many bytes from `to` and from `from` on, now and later, for memories do
/// not shrink.
#[cold]
#[inline(never)]
unsafe fn copy_in_steps(instance: *mut InstanceHead, to: u32, from: u32, bytes: u32) -> bool {
    let (to, from, bytes) = (to as usize, from as usize, bytes as usize);
    // SAFETY: as in `fill_in_steps`. What is copied upwards is copied from its end on, so that no step overwrites what a later
    // one reads.
    unsafe {
        in_steps((*instance).vm, bytes, STEP, |done, now| {
            let at = if to <= from { done } else { bytes - done - now };
            let base = (*instance).mem_base;
            base.add(to + at).copy_from(base.add(from + at), now);
        })
    }
}

/// Writes the first and the last bytes of a range, twice as wide a `T` as fit: they may overlap.
macro_rules! both_ends {
    ($place:ident, $bytes:ident, $value:expr, $ty:ty) => {{
        let value: $ty = $value;
        store($place.cast::<$ty>(), value);
        store($place.add($bytes - size_of::<$ty>()).cast::<$ty>(), value);
    }};
}

/// As [`fill`], of [`SHORT`] bytes at most.
///
/// # Safety
/// That of [`fill`].
#[inline(always)]
unsafe fn fill_short(place: *mut u8, value: u8, bytes: usize) {
    let value = u64::from(value) * 0x0101_0101_0101_0101;
    // SAFETY: each width is written only if there are so many bytes, at their beginning or up to their end.
    unsafe {
        if bytes >= 16 {
            let wide = [value; 2];
            both_ends!(place, bytes, wide, [u64; 2]);
            if bytes > 32 {
                store(place.add(16).cast::<[u64; 2]>(), wide);
                store(place.add(bytes - 32).cast::<[u64; 2]>(), wide);
            }
        } else if bytes >= 8 {
            both_ends!(place, bytes, value, u64);
        } else if bytes >= 4 {
            both_ends!(place, bytes, value as u32, u32);
        } else if bytes > 0 {
            both_ends!(place, bytes, value as u8, u8);
            place.add(bytes / 2).write(value as u8);
        }
    }
}

/// Reads the first and the last bytes of a range, then writes both.
macro_rules! both_ends_of {
    ($to:ident, $from:ident, $bytes:ident, $ty:ty) => {{
        let last = $bytes - size_of::<$ty>();
        let (a, b) = (load($from.cast::<$ty>()), load($from.add(last).cast::<$ty>()));
        store($to.cast::<$ty>(), a);
        store($to.add(last).cast::<$ty>(), b);
    }};
}

/// As [`copy`], of [`SHORT`] bytes at most: all are read before the first is written, for the ranges may overlap.
///
/// # Safety
/// That of [`copy`].
#[inline(always)]
unsafe fn copy_short(to: *mut u8, from: *const u8, bytes: usize) {
    // A vector stays in a register where an array would go through memory.
    type Wide = Vector;
    // SAFETY: each width is read and written only if there are so many bytes, at their beginning or up to their end.
    unsafe {
        if bytes > 32 {
            // Not by `map` of an array: with `lto = "off"` that is a call, to which the places would be lent on the native stack,
            // and then the handler would leave by a call, too.
            let (a, b) = (load(from.cast::<Wide>()), load(from.add(16).cast::<Wide>()));
            let (c, d) = (load(from.add(bytes - 32).cast::<Wide>()), load(from.add(bytes - 16).cast::<Wide>()));
            store(to.cast::<Wide>(), a);
            store(to.add(16).cast::<Wide>(), b);
            store(to.add(bytes - 32).cast::<Wide>(), c);
            store(to.add(bytes - 16).cast::<Wide>(), d);
        } else if bytes >= 16 {
            both_ends_of!(to, from, bytes, Wide);
        } else if bytes >= 8 {
            both_ends_of!(to, from, bytes, u64);
        } else if bytes >= 4 {
            both_ends_of!(to, from, bytes, u32);
        } else if bytes >= 2 {
            let (first, last) = (load(from.cast::<u16>()), from.add(bytes - 1).read());
            store(to.cast::<u16>(), first);
            to.add(bytes - 1).write(last);
        } else if bytes == 1 {
            to.write(from.read());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handlers::dispatch::cell_bytes;
    use crate::handlers::expr::Imm;
    use std::ptr::{null, null_mut};

    /// Whom it delegates to evaluates the same operands again.
    #[test]
    fn a_copy_that_delegates_has_changed_nothing() {
        type Copy = MemoryCopy<Imm<u32>, Imm<u32>, Imm<u32>>;
        assert_eq!(cell_bytes(Copy::LEN), 24);
        let mut memory = [7_u8; 200];
        memory[100..].fill(9);
        let mut instance = InstanceHead::empty();
        (instance.mem_base, instance.mem_limits) = (memory.as_mut_ptr(), [200; 5]);
        for (bytes, expected) in [(SHORT as u32, Flow::Next), (SHORT as u32 + 1, Flow::Delegate)] {
            // To 0, from 100.
            let cell = [0, 100 << 32, u64::from(bytes)];
            let before = Registers::new(cell.as_ptr(), null_mut(), &raw mut instance, null());
            let mut m = Registers { r0: 5, ..before };
            // SAFETY: the cell holds the operands, and both ranges lie in the memory.
            assert_eq!(unsafe { Copy::run(&mut m, At::CELL) }, expected);
            assert_eq!((m.ip, m.fp, m.instance, m.link, m.r0), (before.ip, before.fp, before.instance, before.link, 5));
            // SAFETY: nothing else refers to the memory.
            assert_eq!(unsafe { *instance.mem_base }, 9, "the first copy has copied, the second has not undone it");
        }
    }
}
