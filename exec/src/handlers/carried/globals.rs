//! Globals that are registers as long as a loop runs.
//!
//! If all operands name the same word of the instance, the handler reads the global into a variable when the loop begins. Two words may still lead
//! to one global, if the module imports it twice; so where a loop names more than one, globals stay where they are.

use super::{CarriedExpr, CarriedStmt, MOST, Variable, Variables, Way, value};
use crate::handlers::dispatch::{At, Flow, Stmt, Trapped};
use crate::handlers::expr::{Expr, Global, Value, global_cell};
use crate::handlers::stmt::SetGlobal;
use crate::state::registers::{Registers, load, store};
use pirn_decode::shape::Shape;
use pirn_decode::sig::{Numbers, Sig};
use std::marker::PhantomData;

/// The variable of a global has the number behind those of slots.
const GLOBAL: usize = MOST;

/// Which globals the operands name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Globals {
    None,
    /// The one with this word of the instance: it is a variable.
    One(u32),
    /// Several words, which may lead to one global.
    Many,
}

impl Globals {
    #[inline(always)]
    fn with(self, word: u32) -> Self {
        if self == Self::None || self == Self::One(word) { Self::One(word) } else { Self::Many }
    }
}

/// A global, which is a variable if all globals of the loop are the same one.
pub(crate) struct VarGlobal<T>(PhantomData<T>);
/// Sets such a global, and leaves the value in the accumulator.
pub(crate) struct SetVarGlobal<E>(PhantomData<E>);

impl<T: Variable> Expr for VarGlobal<T> {
    type T = T;
    type Best = Self;
    const LEN: usize = Global::<T>::LEN;
    const PLACES: u8 = 0;
    const SIG: Sig = Global::<T>::SIG;
    const SHAPE: &'static Shape = Global::<T>::SHAPE;

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<T, Trapped> {
        // SAFETY: the operand is that of a global.
        unsafe { Global::<T>::eval(m, at) }
    }
}

impl<T: Variable> CarriedExpr for VarGlobal<T> {
    const NUMBERS: Numbers = Numbers::NONE;

    #[inline(always)]
    unsafe fn value(variables: &Variables, m: &mut Registers, at: At) -> Result<T, Trapped> {
        if let Globals::One(_) = variables.globals {
            return Ok(T::get(variables, GLOBAL));
        }
        // SAFETY: the operand is that of a global.
        unsafe { Global::<T>::eval(m, at) }
    }

    #[inline(always)]
    unsafe fn read(variables: &mut Variables, m: &Registers, at: At) {
        // SAFETY: the operand is the word of a global (I3), and as in `Global::eval`. All operands of a loop that name one global have this
        // class, its type's.
        unsafe {
            variables.globals = variables.globals.with(m.operand(at.operands));
            load(global_cell(m, at.operands).cast::<T>()).set(variables, GLOBAL);
        }
    }
}

impl<E: CarriedExpr<T: Variable>> Stmt for SetVarGlobal<E> {
    type Best = Self;
    const LEN: usize = SetGlobal::<E>::LEN;
    const PLACES: u8 = E::PLACES;
    const SIG: Sig = SetGlobal::<E>::SIG;
    const SHAPE: &'static Shape = SetGlobal::<E>::SHAPE;

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the operands are those of a global that is set.
        unsafe { SetGlobal::<E>::run(m, at) }
    }
}

impl<E: CarriedExpr<T: Variable>> CarriedStmt for SetVarGlobal<E> {
    const NUMBERS: Numbers = E::NUMBERS;

    #[inline(always)]
    unsafe fn step(variables: &mut Variables, m: &mut Registers, at: At) -> Way {
        // SAFETY: as in `SetGlobal::run`: behind the global's word are the expression's operands.
        unsafe {
            let value = value!(E::value(variables, m, at.skip(4)));
            if let Globals::One(_) = variables.globals {
                value.set(variables, GLOBAL);
            } else {
                store(global_cell(m, at.operands).cast::<E::T>(), value);
            }
            value.set_acc(m);
        }
        Way::Next
    }

    #[inline(always)]
    unsafe fn read(variables: &mut Variables, m: &Registers, at: At) {
        // SAFETY: the first operand is that of a global, and behind it are the expression's.
        unsafe {
            VarGlobal::<E::T>::read(variables, m, at);
            E::read(variables, m, at.skip(4));
        }
    }

    #[inline(always)]
    unsafe fn write(variables: &Variables, m: &Registers, at: At) {
        if let Globals::One(_) = variables.globals {
            // SAFETY: as in `SetGlobal::run`.
            unsafe { store(global_cell(m, at.operands).cast::<E::T>(), E::T::get(variables, GLOBAL)) };
        }
    }
}
