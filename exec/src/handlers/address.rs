//! Where memory accesses look: effective addresses and their bounds checks, and the loads that use them.

use crate::handlers::dispatch::{At, Trapped, or_trap};
use crate::handlers::expr::{Expr, FarLoad, Load, LoadOp, Value};
use crate::state::instance::InstanceHead;
use crate::state::memory::Memory;
use crate::state::registers::{Registers, load};
use crate::state::trap::Trap;
use pirn_decode::ops::Class;
use pirn_decode::shape::Shape;
use pirn_decode::sig::{self, Leaf, Sig};

/// An address: a value of a memory's address type.
pub(crate) trait Address: Value {
    /// The effective address. `None` if no number of 64 bits is so large.
    fn plus(self, offset: u32) -> Option<u64>;
    /// As [`Address::plus`], with an offset of any size.
    fn plus_far(self, offset: u64) -> Option<u64>;
}

impl Address for u32 {
    #[inline(always)]
    fn plus(self, offset: u32) -> Option<u64> {
        Some(u64::from(self) + u64::from(offset))
    }

    #[inline(always)]
    fn plus_far(self, offset: u64) -> Option<u64> {
        // The offsets of accesses to 32-bit memories have 32 bits by validation.
        Some(u64::from(self).wrapping_add(offset))
    }
}

impl Address for u64 {
    #[inline(always)]
    fn plus(self, offset: u32) -> Option<u64> {
        self.checked_add(offset.into())
    }

    #[inline(always)]
    fn plus_far(self, offset: u64) -> Option<u64> {
        self.checked_add(offset)
    }
}

/// The logarithm of the size of a `T`.
const fn log2<T>() -> usize {
    size_of::<T>().ilog2() as usize
}

/// Where the bytes of a `T` at `address + offset` lie in memory 0, if they lie within.
///
/// # Safety
/// `m.instance` is a live instance.
#[inline(always)]
pub(crate) unsafe fn effective_address<T, A: Address>(m: &Registers, address: A, offset: u32) -> Option<*mut T> {
    let start = address.plus(offset)?;
    // SAFETY: the instance is live, and what it says of its memory true (I8): the pointer is formed only if the bytes lie
    // within. Without a memory all limits are 0.
    unsafe {
        if start >= (*m.instance).mem_limits[const { log2::<T>() }] {
            return None;
        }
        Some((*m.instance).mem_base.add(start as usize).cast())
    }
}

/// The memory whose word index is the operand `at`.
///
/// # Safety
/// That of [`Expr::eval`], of something that has such an operand there.
#[inline(always)]
pub(crate) unsafe fn memory_at(m: &Registers, at: usize) -> *mut Memory {
    // SAFETY: I3 and I4: it is the word of a memory, and the block has the pointer to it there.
    unsafe { InstanceHead::word::<*mut Memory>(m.instance, m.operand::<u32>(at) as usize).read() }
}

/// Operand bytes that say where a far access looks: the memory's word, and the static offset.
pub(crate) const FAR: usize = Leaf::Memory.bytes(Class::I64);

/// As [`effective_address`], of a far access whose memory and offset are the operands `at`.
///
/// # Safety
/// That of [`Expr::eval`], of something that has such operands there.
#[inline(always)]
pub(crate) unsafe fn far_address<T, A: Address>(m: &Registers, address: A, at: usize) -> Option<*mut T> {
    // SAFETY: the operands are there (I3). The memory is live (I1), and what it says of itself true (I8): the pointer is formed
    // only if the bytes lie within.
    unsafe {
        let memory = memory_at(m, at);
        let start = address.plus_far(m.operand(at + 4))?;
        if start >= (*memory).limits[const { log2::<T>() }] {
            return None;
        }
        Some((*memory).base.add(start as usize).cast())
    }
}

impl<O: LoadOp, A: Expr<T: Address>> Expr for FarLoad<O, A> {
    type T = O::T;
    type Best = FarLoad<O::Best, A::Best>;
    const BETTER: bool = O::BETTER || A::BETTER;
    const LEN: usize = FAR + A::LEN;
    const PLACES: u8 = A::PLACES + 1;
    const SIG: Sig = sig::with(sig::far(O::OP), A::SIG);
    const SHAPE: &'static Shape = &Shape::FarLoad(O::OP, A::SHAPE);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<O::T, Trapped> {
        // SAFETY: the operands are memory and static offset, then the address's (I3). The place was compared with the memory's
        // limit (I8), and any bytes are a raw value.
        unsafe {
            let address = or_trap!(A::eval(m, at.skip(FAR)));
            let place: Option<*mut O::Raw> = far_address(m, address, at.operands);
            let Some(place) = place else {
                return Err(at.behind(Self::LEN, A::PLACES).trap(m, Trap::MemoryOutOfBounds));
            };
            Ok(O::convert(load(place)))
        }
    }
}

impl<O: LoadOp, A: Expr<T: Address>> Expr for Load<O, A> {
    type T = O::T;
    type Best = Load<O::Best, A::Best>;
    const BETTER: bool = O::BETTER || A::BETTER;
    const LEN: usize = 4 + A::LEN;
    const PLACES: u8 = A::PLACES + 1;
    const SIG: Sig = sig::unary(O::OP, A::SIG);
    const SHAPE: &'static Shape = &Shape::Load(O::OP, A::SHAPE);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<O::T, Trapped> {
        // SAFETY: the operands are a static offset, then the address's (I3). The place was compared with the memory's
        // limit (I8), and any bytes are a raw value.
        unsafe {
            let address = or_trap!(A::eval(m, at.skip(4)));
            let place: Option<*mut O::Raw> = effective_address(m, address, m.operand(at.operands));
            let Some(place) = place else {
                return Err(at.behind(Self::LEN, A::PLACES).trap(m, Trap::MemoryOutOfBounds));
            };
            Ok(O::convert(load(place)))
        }
    }
}
