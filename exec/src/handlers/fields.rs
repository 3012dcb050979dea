//! Accesses to fields of structs, and to elements and lengths of arrays: as those to memories, through a reference, which must not be null.
//!
//! Fields lie where the type's supertypes have them, so nobody asks what an object is in order to read it. A subtype has what its supertype
//! has, so the field is there.
//!
//! While a collection marks, what was referred to is kept when a reference is overwritten ([`cycle`](crate::state::heap::cycle)). Handlers of their own do that
//! ([`Keeping`]), so while none does, storing a reference takes two loads and a branch more than storing a number.

use crate::handlers::dispatch::{At, Ends, Flow, Handler, HasHandler, Stmt, Trapped, or_trap, value};
use crate::handlers::expr::{Expr, LoadOp, StoreOp};
use crate::state::instance::InstanceHead;
use crate::state::registers::{Registers, load, store};
use crate::state::trap::Trap;
use pirn_decode::objects::{ARRAY_HEADER_BYTES, LENGTH_AT};
use pirn_decode::ops::Op;
use pirn_decode::planted;
use pirn_decode::shape::Shape;
use pirn_decode::sig::{self, Sig};
use std::marker::PhantomData;

/// How many operand bytes say where a field lies.
const PLACE: usize = 4;

/// Reads a field: where it lies ([`PLACE`] operand bytes), then the reference.
pub(crate) struct FieldLoad<O, A>(PhantomData<(O, A)>);
/// Writes one.
pub(crate) struct FieldStore<O, A, V>(PhantomData<(O, A, V)>);
/// Reads an element: of the array `A`, at the index `I`.
pub(crate) struct ElementLoad<O, A, I>(PhantomData<(O, A, I)>);
/// Writes one.
pub(crate) struct ElementStore<O, A, I, V>(PhantomData<(O, A, I, V)>);

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

/// The trap of a reference that is null: of a struct, or of an array whose length was asked for.
///
/// # Safety
/// As for [`field`].
#[inline(always)]
unsafe fn null(m: &mut Registers, at: At, operands: usize) -> Trapped {
    // SAFETY: the operand is there (I3).
    let is_length = unsafe { m.operand::<u32>(operands) } == LENGTH_AT;
    at.trap(m, if is_length { Trap::NullArrayReference } else { Trap::NullStructReference })
}

/// Whether an operator stores references.
const fn is_of_references(op: Op) -> bool {
    matches!(op, Op::RefStore)
}

/// Whether what a reference in an object refers to is to be kept when it is overwritten.
///
/// # Safety
/// [I6](crate#safety) holds of `m`.
#[inline(always)]
unsafe fn keeps(m: &Registers) -> bool {
    // SAFETY: the machine is live, and alone with its heap (I2).
    unsafe { (*(*m.instance).vm).heap.is_marking && !planted(40) }
}

/// Keeps what the reference at `place` refers to.
///
/// # Safety
/// `instance` is the one that runs, and there is the place of a reference, in an object.
#[cold]
#[inline(never)]
unsafe fn keep(instance: *mut InstanceHead, place: *const u64) {
    // SAFETY: whoever asks is the machine, which is alone with its heap (I2).
    unsafe { (*(*instance).vm).heap.overwrite(place.read()) };
}

/// A store of a reference, as it is executed while what it overwrites is to be kept.
struct Keeping<S>(PhantomData<S>);

/// What stores to an object.
trait ObjectStore: Stmt + Sized {
    /// The handler that keeps what is overwritten. It is read from memory, or LLVM would make one handler of both.
    const KEEPING: &'static Handler = &(Keeping::<Self>::handler as Handler);

    /// [`Stmt::other`].
    #[inline(always)]
    fn keeping() -> Handler {
        // SAFETY: it is a static.
        unsafe { (&raw const *Self::KEEPING).read_volatile() }
    }

    /// [`Stmt::run`]; what is overwritten is kept, if `KEEPS`.
    ///
    /// # Safety
    /// As for that; what is stored is a reference, if `KEEPS`.
    unsafe fn store<const KEEPS: bool>(m: &mut Registers, at: At) -> Flow;

    /// [`Stmt::run`]: stores, or has the other handler do it.
    ///
    /// # Safety
    /// As for that.
    #[inline(always)]
    unsafe fn store_or_keep(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the same is asked for; the handler is that of the same cell.
        unsafe {
            if const { Self::DELEGATES } && keeps(m) {
                return Flow::Delegate;
            }
            Self::store::<false>(m, at)
        }
    }
}

impl<S: ObjectStore> Stmt for Keeping<S> {
    type Best = Self;
    const LEN: usize = S::LEN;
    // Nobody asks for it.
    const SIG: Sig = 0;

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: it is the cell of a store of references, whose operands lie there.
        unsafe { S::store::<true>(m, at) }
    }
}

impl<O: LoadOp, A: Expr<T = u64>> Expr for FieldLoad<O, A> {
    type T = O::T;
    type Best = FieldLoad<O::Best, A::Best>;
    const BETTER: bool = O::BETTER || A::BETTER;
    const LEN: usize = PLACE + A::LEN;
    const PLACES: u8 = A::PLACES + 1;
    const SIG: Sig = sig::with(sig::field(O::OP), A::SIG);
    const SHAPE: &'static Shape = &Shape::FieldLoad(O::OP, A::SHAPE);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<O::T, Trapped> {
        // SAFETY: the operands are the field's place, then the reference's (I3). Any bytes are a raw value.
        unsafe {
            let reference = or_trap!(A::eval(m, at.skip(PLACE)));
            let place: Option<*mut O::Raw> = field(m, reference, at.operands);
            let Some(place) = place else { return Err(null(m, at.behind(Self::LEN, A::PLACES), at.operands)) };
            Ok(O::convert(load(place)))
        }
    }
}

impl<O: StoreOp, A: Expr<T = u64>, V: Expr<T = O::A>> Stmt for FieldStore<O, A, V> {
    type Best = FieldStore<O::Best, A::Best, V::Best>;
    const BETTER: bool = O::BETTER || A::BETTER || V::BETTER;
    const LEN: usize = PLACE + A::LEN + V::LEN;
    const ENDS: Ends = Ends { leave: Self::DELEGATES, ..Ends::next(Self::PLACES) };
    const PLACES: u8 = A::PLACES + V::PLACES + 1;
    const SIG: Sig = sig::with(sig::with(sig::field(O::OP), A::SIG), V::SIG);
    const SHAPE: &'static Shape = &Shape::FieldStore(O::OP, A::SHAPE, V::SHAPE);
    const DELEGATES: bool = is_of_references(O::OP);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the same is asked for.
        unsafe { Self::store_or_keep(m, at) }
    }

    #[inline(always)]
    fn other() -> Handler {
        Self::keeping()
    }
}

impl<O: StoreOp, A: Expr<T = u64>, V: Expr<T = O::A>> ObjectStore for FieldStore<O, A, V> {
    #[inline(always)]
    unsafe fn store<const KEEPS: bool>(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the operands are the field's place, then those of reference and value (I3). The machine is alone with the object (I2).
        unsafe {
            let reference = value!(A::eval(m, at.skip(PLACE)));
            let second = at.behind(PLACE + A::LEN, A::PLACES);
            let value = O::convert(value!(V::eval(m, second)));
            let place: Option<*mut O::Raw> = field(m, reference, at.operands);
            let third = second.behind(V::LEN, V::PLACES);
            let Some(place) = place else { return Flow::Trap(third.trap(m, Trap::NullStructReference)) };
            if KEEPS {
                keep(m.instance, place.cast());
            }
            store(place, value);
        }
        Flow::Next
    }
}

/// Where an element lies.
///
/// # Safety
/// `array` is null or the reference of an array whose elements are as large as a `T`.
#[inline(always)]
unsafe fn element<T>(m: &mut Registers, at: At, array: u64, index: u32) -> Result<*mut T, Trapped> {
    if array == 0 {
        return Err(at.trap(m, Trap::NullArrayReference));
    }
    let array = std::ptr::with_exposed_provenance_mut::<u8>(array as usize);
    // SAFETY: an array has its length and its elements there; the index is compared with the length.
    unsafe {
        if index >= array.add(LENGTH_AT as usize).cast::<u32>().read() {
            return Err(at.trap(m, Trap::ArrayOutOfBounds));
        }
        Ok(array.add(ARRAY_HEADER_BYTES as usize).cast::<T>().add(index as usize))
    }
}

impl<O: LoadOp, A: Expr<T = u64>, I: Expr<T = u32>> Expr for ElementLoad<O, A, I> {
    type T = O::T;
    type Best = ElementLoad<O::Best, A::Best, I::Best>;
    const BETTER: bool = O::BETTER || A::BETTER || I::BETTER;
    const LEN: usize = A::LEN + I::LEN;
    const PLACES: u8 = A::PLACES + I::PLACES + 1;
    const SIG: Sig = sig::with(sig::with(sig::element(O::OP), A::SIG), I::SIG);
    const SHAPE: &'static Shape = &Shape::ElementLoad(O::OP, A::SHAPE, I::SHAPE);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<O::T, Trapped> {
        // SAFETY: the operands are the array's, then the index's (I3). Any bytes are a raw value.
        unsafe {
            let array = or_trap!(A::eval(m, at));
            let second = at.behind(A::LEN, A::PLACES);
            let index = or_trap!(I::eval(m, second));
            let place: *mut O::Raw = or_trap!(element(m, second.behind(I::LEN, I::PLACES), array, index));
            Ok(O::convert(load(place)))
        }
    }
}

impl<O: StoreOp, A: Expr<T = u64>, I: Expr<T = u32>, V: Expr<T = O::A>> Stmt for ElementStore<O, A, I, V> {
    type Best = ElementStore<O::Best, A::Best, I::Best, V::Best>;
    const BETTER: bool = O::BETTER || A::BETTER || I::BETTER || V::BETTER;
    const LEN: usize = A::LEN + I::LEN + V::LEN;
    const ENDS: Ends = Ends { leave: Self::DELEGATES, ..Ends::next(Self::PLACES) };
    const PLACES: u8 = A::PLACES + I::PLACES + V::PLACES + 1;
    const SIG: Sig = sig::with(sig::with(sig::with(sig::element(O::OP), A::SIG), I::SIG), V::SIG);
    const SHAPE: &'static Shape = &Shape::ElementStore(O::OP, A::SHAPE, I::SHAPE, V::SHAPE);
    const DELEGATES: bool = is_of_references(O::OP);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the same is asked for.
        unsafe { Self::store_or_keep(m, at) }
    }

    #[inline(always)]
    fn other() -> Handler {
        Self::keeping()
    }
}

impl<O: StoreOp, A: Expr<T = u64>, I: Expr<T = u32>, V: Expr<T = O::A>> ObjectStore for ElementStore<O, A, I, V> {
    #[inline(always)]
    unsafe fn store<const KEEPS: bool>(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the operands are those of array, index and value (I3). The machine is alone with the object (I2).
        unsafe {
            let array = value!(A::eval(m, at));
            let second = at.behind(A::LEN, A::PLACES);
            let index = value!(I::eval(m, second));
            let third = second.behind(I::LEN, I::PLACES);
            let value = O::convert(value!(V::eval(m, third)));
            let place: *mut O::Raw = value!(element(m, third.behind(V::LEN, V::PLACES), array, index));
            if KEEPS {
                keep(m.instance, place.cast());
            }
            store(place, value);
        }
        Flow::Next
    }
}
