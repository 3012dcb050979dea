//! Loops of one cell whose slots are registers as long as they run.
//!
//! Such a loop reads what its slots hold into *variables*, repeats its statements over these, and writes them back where it is left,
//! however it is. What an iteration hands to the next goes neither through memory, which takes four cycles or more, nor through
//! the address of the next cell.
//!
//! Its type is that of its statements, with [`Var`] for a slot and [`SetVar`] for one that is set; equal numbers stand for the same slot.
//! Operands lie as in any other cell, so each occurrence of a variable has an operand that says which slot it is, and lowering has seen to
//! it that equal numbers name equal slots, and others others ([`pirn_decode::sig::carried`]). Globals have no numbers: whether all that
//! a loop names are the same one is seen when it begins, and one alone is a variable as well (`globals`).
//!
//! It is left every [`ROUNDS`] iterations by its branch back, as other statements are by theirs. Where code asks for the epoch, that leads to
//! a cell which does; so one handler will do for code that asks and code that does not, and asking takes nothing.

mod globals;

pub(crate) use globals::{SetVarGlobal, VarGlobal};

use crate::handlers::address::{Address, effective_address};
use crate::handlers::control::Br;
use crate::handlers::dispatch::{At, Ends, Flow, Stmt, Trapped, or_trap};
use crate::handlers::expr::{
    Acc, Bin, BinOp, Expr, Failure, Imm, Load, LoadOp, Select, Slot, StoreOp, Un, UnOp, Value,
};
use crate::handlers::seq::Seq;
use crate::handlers::stmt::{BrIf, SetAcc, SetSlot, Store};
use crate::state::registers::{Registers, load, store};
use crate::state::trap::Trap;
use globals::Globals;
use pirn_decode::shape::Shape;
use pirn_decode::sig::{self, Numbers, Sig};
use std::marker::PhantomData;

/// So many iterations at most before it is left.
const ROUNDS: u64 = 1_000;

const MOST: usize = Numbers::MOST_SLOTS;

/// What the variables hold, by class and number. Only what is used of it is anywhere.
#[derive(Clone, Copy)]
pub(crate) struct Variables {
    words: [u32; MOST + 1],
    longs: [u64; MOST + 1],
    singles: [f32; MOST + 1],
    doubles: [f64; MOST + 1],
    globals: Globals,
}

impl Variables {
    const EMPTY: Self = {
        let (words, longs) = ([0; MOST + 1], [0; MOST + 1]);
        Self { words, longs, singles: [0.0; MOST + 1], doubles: [0.0; MOST + 1], globals: Globals::None }
    };
}

/// A value that a variable may hold.
pub(crate) trait Variable: Value {
    fn get(variables: &Variables, number: usize) -> Self;
    fn set(self, variables: &mut Variables, number: usize);
}

macro_rules! variable {
    ($ty:ty, $field:ident) => {
        impl Variable for $ty {
            #[inline(always)]
            fn get(variables: &Variables, number: usize) -> Self {
                variables.$field[number]
            }

            #[inline(always)]
            fn set(self, variables: &mut Variables, number: usize) {
                variables.$field[number] = self;
            }
        }
    };
}
variable!(u32, words);
variable!(u64, longs);
variable!(f32, singles);
variable!(f64, doubles);

/// A variable.
pub(crate) struct Var<const N: usize, T>(PhantomData<T>);
/// Sets a variable, and leaves the value in the accumulator.
pub(crate) struct SetVar<const N: usize, E>(PhantomData<E>);
/// A loop over variables.
pub(crate) struct Carried<S>(PhantomData<S>);

/// An expression over variables.
pub(crate) trait CarriedExpr: Expr {
    /// Of the operands that are slots.
    const NUMBERS: Numbers;

    /// The value, as [`Expr::eval`] gives it, if the slots hold what the variables do.
    ///
    /// # Safety
    /// As for [`Stmt::run`].
    unsafe fn value(variables: &Variables, m: &mut Registers, at: At) -> Result<Self::T, Trapped>;

    /// Reads slots into the variables.
    ///
    /// # Safety
    /// As for [`Stmt::run`].
    unsafe fn read(variables: &mut Variables, m: &Registers, at: At);
}

/// Where control goes behind a statement.
pub(crate) enum Way {
    Next,
    /// Where the operand at this place says.
    Branch(usize),
    /// The same, and the branch is not the last statement.
    Leave(usize),
    Trap(Trapped),
}

/// A statement over variables.
pub(crate) trait CarriedStmt: Stmt {
    /// Of the operands that are slots.
    const NUMBERS: Numbers;

    /// Executes it, as [`Stmt::run`] does, but for the branch.
    ///
    /// # Safety
    /// As for [`Stmt::run`].
    unsafe fn step(variables: &mut Variables, m: &mut Registers, at: At) -> Way;

    /// Reads slots into the variables.
    ///
    /// # Safety
    /// As for [`Stmt::run`].
    unsafe fn read(variables: &mut Variables, m: &Registers, at: At);

    /// Writes the variables that it sets to their slots.
    ///
    /// # Safety
    /// As for [`Stmt::run`].
    unsafe fn write(variables: &Variables, m: &Registers, at: At);
}

impl<S: CarriedStmt> Stmt for Carried<S> {
    type Best = Self;
    const LEN: usize = {
        assert!(!S::DELEGATES, "the other handler would take this cell for its own");
        assert!(S::NUMBERS.are_in_order(), "lowering asks for no other numbers");
        let is_short = S::LEN <= Numbers::MOST_BYTES && S::SHAPE.statements() <= Numbers::MOST_STATEMENTS;
        assert!(is_short, "lowering asks for none so long");
        S::LEN
    };
    const ENDS: Ends = Ends::next(Self::PLACES).or_jump();
    const PLACES: u8 = S::PLACES;
    const SIG: Sig = sig::carried(S::SIG, S::NUMBERS);
    const SHAPE: &'static Shape = &Shape::Carried(S::NUMBERS, S::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        let mut variables = Variables::EMPTY;
        // SAFETY: the operands are the statement's own. Its last branch leads back to this cell, whose frame and instance it leaves as
        // they were, or, where code asks for the epoch, to a cell that leads there (I3); so I6 holds of the next round as it did of this
        // one, and of the cell that a branch leads to. Nobody reads the slots meanwhile (I2).
        unsafe {
            S::read(&mut variables, m, at);
            let mut rounds = ROUNDS;
            let way = loop {
                match S::step(&mut variables, m, at) {
                    Way::Branch(target) => {
                        rounds = some(rounds) - 1;
                        if rounds == 0 {
                            break Ok(Some(target));
                        }
                    }
                    Way::Leave(target) => break Ok(Some(target)),
                    Way::Next => break Ok(None),
                    Way::Trap(trapped) => break Err(trapped),
                }
            };
            S::write(&variables, m, at);
            match way {
                Ok(None) => Flow::Next,
                Ok(Some(target)) => {
                    m.branch_if(m.operand(target));
                    Flow::Jump
                }
                Err(trapped) => Flow::Trap(trapped),
            }
        }
    }
}

/// Has LLVM take a number for any, and memory for changed. Otherwise it would unroll such loops, some into code of 1,400 bytes with
/// vectors, and read operands before the loop into more registers than there are.
#[inline(always)]
fn some(number: u64) -> u64 {
    #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
    {
        let mut some = number;
        // SAFETY: no instruction is in it, only a comment.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) some, options(nostack, preserves_flags));
        }
        some
    }
    #[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri))))]
    number
}

/// The value of an expression, or a trap.
macro_rules! value {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(trapped) => return Way::Trap(trapped),
        }
    };
}
use value;

impl<const N: usize, T: Variable> Expr for Var<N, T> {
    type T = T;
    type Best = Self;
    const LEN: usize = Slot::<T>::LEN;
    const PLACES: u8 = 0;
    const SIG: Sig = Slot::<T>::SIG;
    const SHAPE: &'static Shape = Slot::<T>::SHAPE;

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<T, Trapped> {
        // SAFETY: the operand is that of a slot.
        unsafe { Slot::<T>::eval(m, at) }
    }
}

impl<const N: usize, T: Variable> CarriedExpr for Var<N, T> {
    const NUMBERS: Numbers = Numbers::NONE.with(N);

    #[inline(always)]
    unsafe fn value(variables: &Variables, _: &mut Registers, _: At) -> Result<T, Trapped> {
        Ok(T::get(variables, N))
    }

    #[inline(always)]
    unsafe fn read(variables: &mut Variables, m: &Registers, at: At) {
        // SAFETY: I3: the operand is a slot of the frame; it holds a value of this class, or nobody reads what it holds.
        unsafe { T::read_slot(m.slot(m.operand(at.operands))) }.set(variables, N);
    }
}

/// Leaves that are no slots are what they are elsewhere.
macro_rules! leaf {
    ($leaf:ident) => {
        impl<T: Value> CarriedExpr for $leaf<T> {
            const NUMBERS: Numbers = Numbers::NONE;

            #[inline(always)]
            unsafe fn value(_: &Variables, m: &mut Registers, at: At) -> Result<T, Trapped> {
                // SAFETY: `eval` asks for the same.
                unsafe { Self::eval(m, at) }
            }

            #[inline(always)]
            unsafe fn read(_: &mut Variables, _: &Registers, _: At) {}
        }
    };
}
leaf!(Acc);
leaf!(Imm);

impl<O: UnOp, A: CarriedExpr<T = O::A>> CarriedExpr for Un<O, A> {
    const NUMBERS: Numbers = A::NUMBERS;

    #[inline(always)]
    unsafe fn value(variables: &Variables, m: &mut Registers, at: At) -> Result<O::T, Trapped> {
        // SAFETY: as in `Expr::eval`.
        match O::eval(or_trap!(unsafe { A::value(variables, m, at) })) {
            Ok(value) => Ok(value),
            Err(error) => Err(error.trap(m, at.behind(A::LEN, A::PLACES))),
        }
    }

    #[inline(always)]
    unsafe fn read(variables: &mut Variables, m: &Registers, at: At) {
        // SAFETY: the operands are the operand's.
        unsafe { A::read(variables, m, at) }
    }
}

impl<O: BinOp, A: CarriedExpr<T = O::A>, B: CarriedExpr<T = O::B>> CarriedExpr for Bin<O, A, B> {
    const NUMBERS: Numbers = A::NUMBERS.then(B::NUMBERS);

    #[inline(always)]
    unsafe fn value(variables: &Variables, m: &mut Registers, at: At) -> Result<O::T, Trapped> {
        // SAFETY: as in `Expr::eval`.
        unsafe {
            let second = at.behind(A::LEN, A::PLACES);
            match O::eval(or_trap!(A::value(variables, m, at)), or_trap!(B::value(variables, m, second))) {
                Ok(value) => Ok(value),
                Err(error) => Err(error.trap(m, second.behind(B::LEN, B::PLACES))),
            }
        }
    }

    #[inline(always)]
    unsafe fn read(variables: &mut Variables, m: &Registers, at: At) {
        // SAFETY: the second's operands follow the first's.
        unsafe {
            A::read(variables, m, at);
            B::read(variables, m, at.skip(A::LEN));
        }
    }
}

impl<T: Value, A: CarriedExpr<T = T>, B: CarriedExpr<T = T>, C: CarriedExpr<T = u32>> CarriedExpr for Select<A, B, C> {
    const NUMBERS: Numbers = A::NUMBERS.then(B::NUMBERS).then(C::NUMBERS);

    #[inline(always)]
    unsafe fn value(variables: &Variables, m: &mut Registers, at: At) -> Result<T, Trapped> {
        // SAFETY: as in `Expr::eval`.
        unsafe {
            let second = at.behind(A::LEN, A::PLACES);
            let (a, b) = (or_trap!(A::value(variables, m, at)), or_trap!(B::value(variables, m, second)));
            let condition = or_trap!(C::value(variables, m, second.behind(B::LEN, B::PLACES)));
            Ok(if condition != 0 { a } else { b })
        }
    }

    #[inline(always)]
    unsafe fn read(variables: &mut Variables, m: &Registers, at: At) {
        // SAFETY: the operands follow each other.
        unsafe {
            A::read(variables, m, at);
            B::read(variables, m, at.skip(A::LEN));
            C::read(variables, m, at.skip(A::LEN + B::LEN));
        }
    }
}

impl<O: LoadOp, A: CarriedExpr<T: Address>> CarriedExpr for Load<O, A> {
    const NUMBERS: Numbers = A::NUMBERS;

    #[inline(always)]
    unsafe fn value(variables: &Variables, m: &mut Registers, at: At) -> Result<O::T, Trapped> {
        // SAFETY: as in `Expr::eval`.
        unsafe {
            let address = or_trap!(A::value(variables, m, at.skip(4)));
            let place: Option<*mut O::Raw> = effective_address(m, address, m.operand(at.operands));
            let Some(place) = place else {
                return Err(at.behind(Self::LEN, A::PLACES).trap(m, Trap::MemoryOutOfBounds));
            };
            Ok(O::convert(load(place)))
        }
    }

    #[inline(always)]
    unsafe fn read(variables: &mut Variables, m: &Registers, at: At) {
        // SAFETY: the address's operands are behind the static offset.
        unsafe { A::read(variables, m, at.skip(4)) }
    }
}

impl<const N: usize, E: CarriedExpr<T: Variable>> Stmt for SetVar<N, E> {
    type Best = Self;
    const LEN: usize = SetSlot::<E>::LEN;
    const PLACES: u8 = E::PLACES;
    const SIG: Sig = SetSlot::<E>::SIG;
    const SHAPE: &'static Shape = SetSlot::<E>::SHAPE;

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the operands are those of a slot that is set.
        unsafe { SetSlot::<E>::run(m, at) }
    }
}

impl<const N: usize, E: CarriedExpr<T: Variable>> CarriedStmt for SetVar<N, E> {
    const NUMBERS: Numbers = Numbers::NONE.with(N).then(E::NUMBERS);

    #[inline(always)]
    unsafe fn step(variables: &mut Variables, m: &mut Registers, at: At) -> Way {
        // SAFETY: behind the slot are the expression's operands.
        let value = value!(unsafe { E::value(variables, m, at.skip(2)) });
        value.set(variables, N);
        value.set_acc(m);
        Way::Next
    }

    #[inline(always)]
    unsafe fn read(variables: &mut Variables, m: &Registers, at: At) {
        // SAFETY: the first operand is a slot of the frame (I3); nobody reads what it holds if it is no value of this class. Behind it
        // are the expression's.
        unsafe {
            E::T::read_slot(m.slot(m.operand(at.operands))).set(variables, N);
            E::read(variables, m, at.skip(2));
        }
    }

    #[inline(always)]
    unsafe fn write(variables: &Variables, m: &Registers, at: At) {
        // SAFETY: the first operand is a slot of the frame (I3).
        unsafe { E::T::get(variables, N).write_slot(m.slot(m.operand(at.operands))) }
    }
}

impl<E: CarriedExpr> CarriedStmt for SetAcc<E> {
    const NUMBERS: Numbers = E::NUMBERS;

    #[inline(always)]
    unsafe fn step(variables: &mut Variables, m: &mut Registers, at: At) -> Way {
        // SAFETY: the operands are the expression's own.
        value!(unsafe { E::value(variables, m, at) }).set_acc(m);
        Way::Next
    }

    #[inline(always)]
    unsafe fn read(variables: &mut Variables, m: &Registers, at: At) {
        // SAFETY: the operands are the expression's own.
        unsafe { E::read(variables, m, at) }
    }

    #[inline(always)]
    unsafe fn write(_: &Variables, _: &Registers, _: At) {}
}

impl<O: StoreOp, A: CarriedExpr<T: Address>, V: CarriedExpr<T = O::A>> CarriedStmt for Store<O, A, V> {
    const NUMBERS: Numbers = A::NUMBERS.then(V::NUMBERS);

    #[inline(always)]
    unsafe fn step(variables: &mut Variables, m: &mut Registers, at: At) -> Way {
        // SAFETY: as in `Stmt::run`.
        unsafe {
            let address = value!(A::value(variables, m, at.skip(4)));
            let second = at.behind(4 + A::LEN, A::PLACES);
            let value = O::convert(value!(V::value(variables, m, second)));
            let place: Option<*mut O::Raw> = effective_address(m, address, m.operand(at.operands));
            let third = second.behind(V::LEN, V::PLACES);
            let Some(place) = place else { return Way::Trap(third.trap(m, Trap::MemoryOutOfBounds)) };
            store(place, value);
        }
        Way::Next
    }

    #[inline(always)]
    unsafe fn read(variables: &mut Variables, m: &Registers, at: At) {
        // SAFETY: the operands are a static offset, then those of address and value.
        unsafe {
            A::read(variables, m, at.skip(4));
            V::read(variables, m, at.skip(4 + A::LEN));
        }
    }

    #[inline(always)]
    unsafe fn write(_: &Variables, _: &Registers, _: At) {}
}

impl<C: CarriedExpr<T = u32>> CarriedStmt for BrIf<C> {
    const NUMBERS: Numbers = C::NUMBERS;

    #[inline(always)]
    unsafe fn step(variables: &mut Variables, m: &mut Registers, at: At) -> Way {
        // SAFETY: behind the target are the condition's operands.
        let condition = value!(unsafe { C::value(variables, m, at.skip(8)) });
        if condition != 0 { Way::Branch(at.operands) } else { Way::Next }
    }

    #[inline(always)]
    unsafe fn read(variables: &mut Variables, m: &Registers, at: At) {
        // SAFETY: behind the target are the condition's operands.
        unsafe { C::read(variables, m, at.skip(8)) }
    }

    #[inline(always)]
    unsafe fn write(_: &Variables, _: &Registers, _: At) {}
}

impl CarriedStmt for Br {
    const NUMBERS: Numbers = Numbers::NONE;

    #[inline(always)]
    unsafe fn step(_: &mut Variables, _: &mut Registers, at: At) -> Way {
        Way::Branch(at.operands)
    }

    #[inline(always)]
    unsafe fn read(_: &mut Variables, _: &Registers, _: At) {}

    #[inline(always)]
    unsafe fn write(_: &Variables, _: &Registers, _: At) {}
}

impl<A: CarriedStmt, B: CarriedStmt> CarriedStmt for Seq<A, B> {
    const NUMBERS: Numbers = A::NUMBERS.then(B::NUMBERS);

    #[inline(always)]
    unsafe fn step(variables: &mut Variables, m: &mut Registers, at: At) -> Way {
        // SAFETY: the operands follow each other.
        unsafe {
            match A::step(variables, m, at) {
                Way::Next => B::step(variables, m, at.behind(A::LEN, A::PLACES)),
                Way::Branch(target) => Way::Leave(target),
                way @ (Way::Leave(..) | Way::Trap(..)) => way,
            }
        }
    }

    #[inline(always)]
    unsafe fn read(variables: &mut Variables, m: &Registers, at: At) {
        // SAFETY: the operands follow each other.
        unsafe {
            A::read(variables, m, at);
            B::read(variables, m, at.skip(A::LEN));
        }
    }

    #[inline(always)]
    unsafe fn write(variables: &Variables, m: &Registers, at: At) {
        // SAFETY: the operands follow each other.
        unsafe {
            A::write(variables, m, at);
            B::write(variables, m, at.skip(A::LEN));
        }
    }
}
