//! Wide arithmetic: operators on integers of 128 bits, which exist within a cell alone, and the statement that takes one
//! apart.
//!
//! `u128` is two integer registers, its carries are the processor's flag, and a product is one multiplication of the
//! processor's: so a sum of products is a handler without a memory access but for its operands and the high half.

use crate::handlers::dispatch::{At, Ends, Flow, Stmt, value};
use crate::handlers::expr::{BinOp, Expr, UnOp, Value};
use crate::state::registers::{Registers, load, store};
use pirn_decode::ops::{Class, Op};
use pirn_decode::shape::Shape;
use pirn_decode::sig::{self, Form, Sig};
use std::convert::Infallible;
use std::marker::PhantomData;

/// As a whole it is in no slot, and of it the accumulator has the low half alone.
impl Value for u128 {
    const CLASS: Class = Class::I128;

    #[inline(always)]
    fn acc(m: &Registers) -> Self {
        m.r0.into()
    }

    #[inline(always)]
    fn set_acc(self, m: &mut Registers) {
        m.r0 = self as u64;
    }

    // Slots are aligned to their size, which is half of this.
    #[inline(always)]
    unsafe fn read_slot(slot: *const u64) -> Self {
        // SAFETY: it is the first of two slots that follow each other, words of pages, which are never uninitialised.
        unsafe { load(slot.cast::<Self>()) }
    }

    #[inline(always)]
    unsafe fn write_slot(self, slot: *mut u64) {
        // SAFETY: as above, and nobody else refers to a frame's while its function runs (I2).
        unsafe { store(slot.cast::<Self>(), self) };
    }
}

/// Writes the high half of an integer of 128 bits to a slot, and leaves the low half in the accumulator.
pub(crate) struct SetHigh<E>(PhantomData<E>);

impl<E: Expr<T = u128>> Stmt for SetHigh<E> {
    type Best = SetHigh<E::Best>;
    const BETTER: bool = E::BETTER;
    const LEN: usize = 2 + E::LEN;
    const ENDS: Ends = Ends::next(Self::PLACES);
    const PLACES: u8 = E::PLACES;
    const SIG: Sig = sig::form(Form::SetHigh, Class::I128, E::SIG);
    const SHAPE: &'static Shape = &Shape::Form(Form::SetHigh, Class::I128, E::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the first operand is a slot of the frame (I3), behind it are the expression's.
        unsafe {
            let value = value!(E::eval(m, at.skip(2)));
            ((value >> 64) as u64).write_slot(m.slot(m.operand(at.operands)));
            value.set_acc(m);
        }
        Flow::Next
    }
}

macro_rules! define {
    (
        unops { $($un:ident $un_text:literal $ua:ident => $ut:ident |$ux:ident| $usem:expr;)* }
        binops { $($bin:ident $bin_text:literal $ba:ident $bb:ident => $bt:ident |$bx:ident, $by:ident| $bsem:expr;)* }
    ) => {
        $(
            #[doc = $un_text]
            pub(crate) struct $un;
            impl UnOp for $un {
                type A = $ua;
                type T = $ut;
                type Best = Self;
                type Error = Infallible;
                const OP: Op = Op::$un;
                #[inline(always)]
                fn eval($ux: $ua) -> Result<$ut, Infallible> {
                    Ok($usem)
                }
            }
        )*
        $(
            #[doc = $bin_text]
            pub(crate) struct $bin;
            impl BinOp for $bin {
                type A = $ba;
                type B = $bb;
                type T = $bt;
                type Best = Self;
                type Error = Infallible;
                const OP: Op = Op::$bin;
                #[inline(always)]
                fn eval($bx: $ba, $by: $bb) -> Result<$bt, Infallible> {
                    Ok($bsem)
                }
            }
        )*
    };
}
pirn_decode::for_each_wide_op!(define);
