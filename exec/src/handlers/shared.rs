//! Plain accesses to memories that threads share.
//!
//! They are as far ones are, but for two things: the memory's size is read where threads change it, and the bytes are accessed by
//! atomics ([`racing`]). The base never changes, and so is read as others are.

use crate::handlers::address::{Address, FAR, memory_at};
use crate::handlers::dispatch::{At, Ends, Flow, Stmt, Trapped, or_trap, value};
use crate::handlers::expr::{Expr, LoadOp, StoreOp};
use crate::state::registers::Registers;
use crate::state::shared::racing;
use crate::state::trap::Trap;
use pirn_decode::shape::Shape;
use pirn_decode::sig::{self, Sig};
use std::marker::PhantomData;

/// Reads from a memory that threads share: the memory and the static offset ([`FAR`] operand bytes), then the address.
pub(crate) struct SharedLoad<O, A>(PhantomData<(O, A)>);
/// Writes to one.
pub(crate) struct SharedStore<O, A, V>(PhantomData<(O, A, V)>);

/// As [`far_address`](crate::handlers::address::far_address), in a memory that threads share.
///
/// # Safety
/// That of [`Expr::eval`], of something that has such operands there.
#[inline(always)]
unsafe fn shared_address<T, A: Address>(m: &Registers, address: A, at: usize) -> Option<*mut T> {
    // SAFETY: the operands are there (I3), and the memory is live (I1).
    unsafe {
        let memory = memory_at(m, at);
        let size = (*memory).shared.as_ref().map_or(0, |shared| shared.known_size());
        // As in `Memory::place`.
        let last = size.checked_sub(size_of::<T>() as u64)?;
        let start = address.plus_far(m.operand(at + 4))?;
        (start <= last).then(|| (*memory).base.add(start as usize).cast())
    }
}

impl<O: LoadOp, A: Expr<T: Address>> Expr for SharedLoad<O, A> {
    type T = O::T;
    type Best = SharedLoad<O::Best, A::Best>;
    const BETTER: bool = O::BETTER || A::BETTER;
    const LEN: usize = FAR + A::LEN;
    const PLACES: u8 = A::PLACES + 1;
    const SIG: Sig = sig::with(sig::shared(O::OP), A::SIG);
    const SHAPE: &'static Shape = &Shape::SharedLoad(O::OP, A::SHAPE);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<O::T, Trapped> {
        // SAFETY: the operands are memory and static offset, then the address's (I3). The place was compared with the memory's
        // size, and is accessed by atomics (I10); any bytes are a raw value.
        unsafe {
            let address = or_trap!(A::eval(m, at.skip(FAR)));
            let place: Option<*mut O::Raw> = shared_address(m, address, at.operands);
            let Some(place) = place else {
                return Err(at.behind(Self::LEN, A::PLACES).trap(m, Trap::MemoryOutOfBounds));
            };
            Ok(O::convert(racing::load(place)))
        }
    }
}

impl<O: StoreOp, A: Expr<T: Address>, V: Expr<T = O::A>> Stmt for SharedStore<O, A, V> {
    type Best = SharedStore<O::Best, A::Best, V::Best>;
    const BETTER: bool = O::BETTER || A::BETTER || V::BETTER;
    const LEN: usize = FAR + A::LEN + V::LEN;
    const ENDS: Ends = Ends::next(Self::PLACES);
    const PLACES: u8 = A::PLACES + V::PLACES + 1;
    const SIG: Sig = sig::with(sig::with(sig::shared(O::OP), A::SIG), V::SIG);
    const SHAPE: &'static Shape = &Shape::SharedStore(O::OP, A::SHAPE, V::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the operands are memory and static offset, then those of address and value (I3). The place was compared with
        // the memory's size, and is accessed by atomics (I10).
        unsafe {
            let address = value!(A::eval(m, at.skip(FAR)));
            let second = at.behind(FAR + A::LEN, A::PLACES);
            let value = O::convert(value!(V::eval(m, second)));
            let place: Option<*mut O::Raw> = shared_address(m, address, at.operands);
            let third = second.behind(V::LEN, V::PLACES);
            racing::store(value!(place.ok_or_else(|| third.trap(m, Trap::MemoryOutOfBounds))), value);
        }
        Flow::Next
    }
}
