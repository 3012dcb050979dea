//! Accesses to fields of structs: as those to memories, through a reference, which must not be null.
//!
//! Fields lie where the type's supertypes have them, so nobody asks what an object is in order to read it. A subtype has what its supertype
//! has, so the field is there.

use crate::handlers::dispatch::{At, Flow, Stmt, Trapped, value};
use crate::handlers::expr::{Expr, LoadOp, StoreOp};
use crate::state::registers::{Registers, load, store};
use crate::state::trap::Trap;
use pirn_decode::shape::Shape;
use pirn_decode::sig::{self, Sig};
use std::marker::PhantomData;

/// How many operand bytes say where a field lies.
const PLACE: usize = 4;

/// Reads a field: where it lies ([`PLACE`] operand bytes), then the reference.
pub(crate) struct FieldLoad<O, A>(PhantomData<(O, A)>);
/// Writes one.
pub(crate) struct FieldStore<O, A, V>(PhantomData<(O, A, V)>);

/// Where the field lies.
///
/// # Safety
/// That of [`Expr::eval`], of something that has such operands there; `reference` is null or that of a struct with the field.
#[inline(always)]
unsafe fn field<T>(m: &Registers, reference: u64, at: usize) -> Option<*mut T> {
    if reference == 0 {
        return None;
    }
    // SAFETY: the operands are there (I3), and a struct of that type has the field there.
    unsafe {
        let place: u32 = m.operand(at);
        Some(std::ptr::with_exposed_provenance_mut::<u8>(reference as usize).add(place as usize).cast())
    }
}

impl<O: LoadOp, A: Expr<T = u64>> Expr for FieldLoad<O, A> {
    type T = O::T;
    type Best = FieldLoad<O::Best, A::Best>;
    const BETTER: bool = O::BETTER || A::BETTER;
    const LEN: usize = PLACE + A::LEN;
    const SIG: Sig = sig::with(sig::field(O::OP), A::SIG);
    const SHAPE: &'static Shape = &Shape::FieldLoad(O::OP, A::SHAPE);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<O::T, Trapped> {
        // SAFETY: the operands are the field's place, then the reference's (I3). Any bytes are a raw value.
        unsafe {
            let reference = A::eval(m, at.skip(PLACE))?;
            let place: Option<*mut O::Raw> = field(m, reference, at.operands);
            let place = place.ok_or_else(|| at.behind(Self::LEN, A::PLACES).trap(m, Trap::NullStructReference))?;
            Ok(O::convert(load(place)))
        }
    }
}

impl<O: StoreOp, A: Expr<T = u64>, V: Expr<T = O::A>> Stmt for FieldStore<O, A, V> {
    type Best = FieldStore<O::Best, A::Best, V::Best>;
    const BETTER: bool = O::BETTER || A::BETTER || V::BETTER;
    const LEN: usize = PLACE + A::LEN + V::LEN;
    const SIG: Sig = sig::with(sig::with(sig::field(O::OP), A::SIG), V::SIG);
    const SHAPE: &'static Shape = &Shape::FieldStore(O::OP, A::SHAPE, V::SHAPE);

    #[inline(always)]
    unsafe fn run(mut m: Registers, at: At) -> Flow {
        // SAFETY: the operands are the field's place, then those of reference and value (I3). The machine is alone with the object (I2).
        unsafe {
            let reference = value!(m, A::eval(&mut m, at.skip(PLACE)));
            let second = at.behind(PLACE + A::LEN, A::PLACES);
            let value = O::convert(value!(m, V::eval(&mut m, second)));
            let place: Option<*mut O::Raw> = field(&m, reference, at.operands);
            let third = second.behind(V::LEN, V::PLACES);
            store(value!(m, place.ok_or_else(|| third.trap(&mut m, Trap::NullStructReference))), value);
        }
        Flow::Next(m)
    }
}
