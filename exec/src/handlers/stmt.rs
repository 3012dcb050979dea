//! Statements as types: what consumes expressions.

use crate::handlers::address::{Address, FAR, effective_address, far_address};
use crate::handlers::dispatch::{At, Ends, Flow, Stmt, value};
use crate::handlers::expr::{Expr, StoreOp, Value, global_cell};
use crate::state::frames::pop_frame;
use crate::state::registers::{Registers, store};
use crate::state::trap::Trap;
use pirn_decode::ops::Class;
use pirn_decode::shape::Shape;
use pirn_decode::sig::{self, Form, Sig};
use std::marker::PhantomData;

/// Leaves a value in the accumulator.
pub(crate) struct SetAcc<E>(PhantomData<E>);
/// Writes a value to a slot, and leaves it in the accumulator.
pub(crate) struct SetSlot<E>(PhantomData<E>);
/// Writes a global, and leaves the value in the accumulator.
pub(crate) struct SetGlobal<E>(PhantomData<E>);
/// Writes to memory.
pub(crate) struct Store<O, A, V>(PhantomData<(O, A, V)>);
/// Writes to any memory.
pub(crate) struct FarStore<O, A, V>(PhantomData<(O, A, V)>);
/// Branches if the condition is not zero.
pub(crate) struct BrIf<C>(PhantomData<C>);
/// Returns with a value in the accumulator.
pub(crate) struct Return<E>(PhantomData<E>);

impl<E: Expr> Stmt for SetAcc<E> {
    type Best = SetAcc<E::Best>;
    const BETTER: bool = E::BETTER;
    const LEN: usize = E::LEN;
    const ENDS: Ends = Ends::next(Self::PLACES);
    const PLACES: u8 = E::PLACES;
    const SIG: Sig = sig::form(Form::SetAcc, E::T::CLASS, E::SIG);
    const SHAPE: &'static Shape = &Shape::Form(Form::SetAcc, E::T::CLASS, E::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the operands are the expression's own, and `eval` asks for nothing else.
        value!(unsafe { E::eval(m, at) }).set_acc(m);
        Flow::Next
    }
}

impl<E: Expr> Stmt for SetSlot<E> {
    type Best = SetSlot<E::Best>;
    const BETTER: bool = E::BETTER;
    const LEN: usize = 2 + E::LEN;
    const ENDS: Ends = Ends::next(Self::PLACES);
    const PLACES: u8 = E::PLACES;
    const SIG: Sig = sig::form(Form::SetSlot, E::T::CLASS, E::SIG);
    const SHAPE: &'static Shape = &Shape::Form(Form::SetSlot, E::T::CLASS, E::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the first operand is a slot of the frame (I3), behind it are the expression's.
        unsafe {
            let value = value!(E::eval(m, at.skip(2)));
            value.write_slot(m.slot(m.operand(at.operands)));
            value.set_acc(m);
        }
        Flow::Next
    }
}

impl<E: Expr> Stmt for SetGlobal<E> {
    type Best = SetGlobal<E::Best>;
    const BETTER: bool = E::BETTER;
    const LEN: usize = 4 + E::LEN;
    const ENDS: Ends = Ends::next(Self::PLACES);
    const PLACES: u8 = E::PLACES;
    const SIG: Sig = sig::form(Form::SetGlobal, E::T::CLASS, E::SIG);
    const SHAPE: &'static Shape = &Shape::Form(Form::SetGlobal, E::T::CLASS, E::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the first operand is the word of a mutable global of this class (I3, I4), whose cell nobody else
        // refers to (I2); behind it are the expression's.
        unsafe {
            let value = value!(E::eval(m, at.skip(4)));
            store(global_cell(m, at.operands).cast::<E::T>(), value);
            value.set_acc(m);
        }
        Flow::Next
    }
}

impl<O: StoreOp, A: Expr<T: Address>, V: Expr<T = O::A>> Stmt for FarStore<O, A, V> {
    type Best = FarStore<O::Best, A::Best, V::Best>;
    const BETTER: bool = O::BETTER || A::BETTER || V::BETTER;
    const LEN: usize = FAR + A::LEN + V::LEN;
    const ENDS: Ends = Ends::next(Self::PLACES);
    const PLACES: u8 = A::PLACES + V::PLACES + 1;
    const SIG: Sig = sig::with(sig::with(sig::far(O::OP), A::SIG), V::SIG);
    const SHAPE: &'static Shape = &Shape::FarStore(O::OP, A::SHAPE, V::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the operands are memory and static offset, then those of address and value (I3). The place was compared with
        // the memory's limit (I8), and nobody else refers to it (I2).
        unsafe {
            let address = value!(A::eval(m, at.skip(FAR)));
            let second = at.behind(FAR + A::LEN, A::PLACES);
            let value = O::convert(value!(V::eval(m, second)));
            let place: Option<*mut O::Raw> = far_address(m, address, at.operands);
            let third = second.behind(V::LEN, V::PLACES);
            let Some(place) = place else { return Flow::Trap(third.trap(m, Trap::MemoryOutOfBounds)) };
            store(place, value);
        }
        Flow::Next
    }
}

impl<O: StoreOp, A: Expr<T: Address>, V: Expr<T = O::A>> Stmt for Store<O, A, V> {
    type Best = Store<O::Best, A::Best, V::Best>;
    const BETTER: bool = O::BETTER || A::BETTER || V::BETTER;
    const LEN: usize = 4 + A::LEN + V::LEN;
    const ENDS: Ends = Ends::next(Self::PLACES);
    const PLACES: u8 = A::PLACES + V::PLACES + 1;
    const SIG: Sig = sig::binary(O::OP, A::SIG, V::SIG);
    const SHAPE: &'static Shape = &Shape::Store(O::OP, A::SHAPE, V::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the operands are a static offset, then those of address and value (I3). The place was compared with the
        // memory's limit (I8), and nobody else refers to it (I2).
        unsafe {
            let address = value!(A::eval(m, at.skip(4)));
            let second = at.behind(4 + A::LEN, A::PLACES);
            let value = O::convert(value!(V::eval(m, second)));
            let place: Option<*mut O::Raw> = effective_address(m, address, m.operand(at.operands));
            let third = second.behind(V::LEN, V::PLACES);
            let Some(place) = place else { return Flow::Trap(third.trap(m, Trap::MemoryOutOfBounds)) };
            store(place, value);
        }
        Flow::Next
    }
}

impl<C: Expr<T = u32>> Stmt for BrIf<C> {
    type Best = BrIf<C::Best>;
    const BETTER: bool = C::BETTER;
    const LEN: usize = 8 + C::LEN;
    const ENDS: Ends = Ends::next(Self::PLACES).or_jump();
    const PLACES: u8 = C::PLACES;
    const SIG: Sig = sig::form(Form::BrIf, Class::I32, C::SIG);
    const SHAPE: &'static Shape = &Shape::Form(Form::BrIf, Class::I32, C::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the first operand is the address of a cell of this function (I3), behind it are the condition's.
        unsafe {
            let condition = value!(C::eval(m, at.skip(8)));
            if condition != 0 {
                m.branch_if(m.operand(at.operands));
                Flow::Jump
            } else {
                Flow::Next
            }
        }
    }
}

impl<E: Expr> Stmt for Return<E> {
    type Best = Return<E::Best>;
    const BETTER: bool = E::BETTER;
    const LEN: usize = 2 + E::LEN;
    const ENDS: Ends = Ends { next: false, ..Ends::next(Self::PLACES).or_jump() };
    const PLACES: u8 = E::PLACES;
    const SIG: Sig = sig::form(Form::Return, E::T::CLASS, E::SIG);
    const SHAPE: &'static Shape = &Shape::Form(Form::Return, E::T::CLASS, E::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the first operand is the slot of the frame's header (I3, I7), behind it are the expression's.
        unsafe {
            value!(E::eval(m, at.skip(2))).set_acc(m);
            pop_frame(m, m.operand(at.operands));
            Flow::Jump
        }
    }
}
