//! Expressions as types: zero-sized operands and operators that compose. A superinstruction is a bigger type.

use crate::handlers::dispatch::{At, Trapped, or_trap};
use crate::handlers::num;
use crate::state::global::GlobalCell;
use crate::state::instance::InstanceHead;
use crate::state::registers::{Registers, Vector, load, store};
use crate::state::trap::Trap;
use crate::vector::V128;
use pirn_decode::ops::{Class, Op};
use pirn_decode::shape::Shape;
use pirn_decode::sig::{self, Leaf, Sig};
use std::convert::Infallible;
use std::marker::PhantomData;

/// A Rust type that stands for value types.
pub(crate) trait Value: Copy + 'static {
    const CLASS: Class;

    /// From the accumulator.
    fn acc(m: &Registers) -> Self;
    /// To the accumulator.
    fn set_acc(self, m: &mut Registers);

    /// From a slot.
    ///
    /// # Safety
    /// It is a slot of a frame, and holds a value of this class.
    #[inline(always)]
    unsafe fn read_slot(slot: *const u64) -> Self {
        // SAFETY: a slot is a whole word, the value in its low bytes.
        unsafe { slot.cast::<Self>().read() }
    }

    /// To a slot.
    ///
    /// # Safety
    /// It is a slot of a frame.
    #[inline(always)]
    unsafe fn write_slot(self, slot: *mut u64) {
        // SAFETY: a slot is a whole word, and nobody else refers to a frame's while its function runs (I2).
        unsafe { slot.cast::<Self>().write(self) }
    }
}

macro_rules! integer {
    ($ty:ty, $class:ident) => {
        impl Value for $ty {
            const CLASS: Class = Class::$class;

            #[inline(always)]
            fn acc(m: &Registers) -> Self {
                m.r0 as Self
            }

            #[inline(always)]
            fn set_acc(self, m: &mut Registers) {
                m.r0 = u64::from(self);
            }

            // An access of a whole word takes the slot's index as it is; one of half a word would need it shifted first.
            // The half that has no meaning is written as well, for a word that is read after half of it was written
            // waits for the write.
            #[cfg(target_arch = "aarch64")]
            #[inline(always)]
            unsafe fn read_slot(slot: *const u64) -> Self {
                // SAFETY: a slot is a whole word of pages, which are never uninitialised.
                unsafe { slot.read() as Self }
            }

            #[cfg(target_arch = "aarch64")]
            #[inline(always)]
            unsafe fn write_slot(self, slot: *mut u64) {
                // SAFETY: as for floats, which have no half.
                unsafe { slot.write(u64::from(self)) }
            }
        }
    };
}
integer!(u32, I32);
integer!(u64, I64);

macro_rules! float {
    ($ty:ty, $class:ident) => {
        impl Value for $ty {
            const CLASS: Class = Class::$class;

            #[inline(always)]
            fn acc(m: &Registers) -> Self {
                // SAFETY: I3: something of this class was set before, which initialised the lowest lane.
                unsafe { m.v0.as_ptr().cast::<Self>().read() }
            }

            #[inline(always)]
            fn set_acc(self, m: &mut Registers) {
                m.v0 = vector(self);
            }
        }
    };
}
/// A vector register with a float in its lowest lane, or a vector.
#[inline(always)]
fn vector<T>(value: T) -> Vector {
    // Under the portable loop the other lanes are zeroed, so that the vector can be read whole.
    let mut vector = if cfg!(pirn_tail) { Vector::uninit() } else { Vector::zeroed() };
    // SAFETY: it fits; where in the register a float lies, only `acc` need know, which reads from the same place.
    unsafe { vector.as_mut_ptr().cast::<T>().write(value) };
    vector
}
float!(f32, F32);
float!(f64, F64);

impl Value for V128 {
    const CLASS: Class = Class::V128;

    #[inline(always)]
    fn acc(m: &Registers) -> Self {
        // SAFETY: I3: a vector was set before, which initialised the whole register, and any bits are one.
        unsafe { m.v0.as_ptr().cast::<Self>().read() }
    }

    #[inline(always)]
    fn set_acc(self, m: &mut Registers) {
        m.v0 = vector(self);
    }

    // Slots are aligned to their size, which is half of a vector's.
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

/// Something with a value.
pub(crate) trait Expr {
    type T: Value;
    /// Operand bytes.
    const LEN: usize;
    const SIG: Sig;
    /// The tree, for those who read code.
    const SHAPE: &'static Shape;
    /// Places where it may trap, as [`Shape::trap_places`] counts them.
    const PLACES: u8;
    /// The same by the better instructions that the processor may have: see [`crate::vector`].
    type Best: Expr<T = Self::T>;
    /// Whether that is worth a handler of its own.
    const BETTER: bool = false;

    /// The value; it stands `at` in the cell at `m.ip`.
    ///
    /// # Safety
    /// As for [`Stmt::run`](crate::handlers::dispatch::Stmt::run).
    unsafe fn eval(m: &mut Registers, at: At) -> Result<Self::T, Trapped>;
}

/// A slot of the frame.
pub(crate) struct Slot<T>(PhantomData<T>);
/// The accumulator.
pub(crate) struct Acc<T>(PhantomData<T>);
/// An immediate.
pub(crate) struct Imm<T>(PhantomData<T>);
/// A global.
pub(crate) struct Global<T>(PhantomData<T>);
/// A reference to a function: the address of the instance's record of it.
pub(crate) struct Func;

impl<T: Value> Expr for Slot<T> {
    type T = T;
    type Best = Self;
    const LEN: usize = 2;
    const PLACES: u8 = 0;
    const SIG: Sig = sig::leaf(Leaf::Slot, T::CLASS);
    const SHAPE: &'static Shape = &Shape::Leaf(Leaf::Slot, T::CLASS);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<T, Trapped> {
        // SAFETY: I3: the operand is a slot of the frame, and holds a value of this class.
        Ok(unsafe { T::read_slot(m.slot(m.operand(at.operands))) })
    }
}

impl<T: Value> Expr for Acc<T> {
    type T = T;
    type Best = Self;
    const LEN: usize = 0;
    const PLACES: u8 = 0;
    const SIG: Sig = sig::leaf(Leaf::Acc, T::CLASS);
    const SHAPE: &'static Shape = &Shape::Leaf(Leaf::Acc, T::CLASS);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, _: At) -> Result<T, Trapped> {
        Ok(T::acc(m))
    }
}

impl<T: Value> Expr for Imm<T> {
    type T = T;
    type Best = Self;
    const LEN: usize = size_of::<T>();
    const PLACES: u8 = 0;
    const SIG: Sig = sig::leaf(Leaf::Imm, T::CLASS);
    const SHAPE: &'static Shape = &Shape::Leaf(Leaf::Imm, T::CLASS);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<T, Trapped> {
        // SAFETY: I3: the operand is an immediate of this class.
        Ok(unsafe { m.operand(at.operands) })
    }
}

/// The cell of the global whose word index is the operand `at`.
///
/// # Safety
/// That of [`Expr::eval`], of something that has such an operand there.
#[inline(always)]
pub(crate) unsafe fn global_cell(m: &Registers, at: usize) -> *mut GlobalCell {
    // SAFETY: I3 and I4: it is the word of a global, and the block has the pointer to its cell there.
    unsafe { InstanceHead::word::<*mut GlobalCell>(m.instance, m.operand::<u32>(at) as usize).read() }
}

impl<T: Value> Expr for Global<T> {
    type T = T;
    type Best = Self;
    const LEN: usize = 4;
    const PLACES: u8 = 0;
    const SIG: Sig = sig::leaf(Leaf::Global, T::CLASS);
    const SHAPE: &'static Shape = &Shape::Leaf(Leaf::Global, T::CLASS);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<T, Trapped> {
        // SAFETY: the cell is live (I1), and holds a word of the global's type (I5), of which this is the class (I3).
        Ok(unsafe { load(global_cell(m, at.operands).cast::<T>()) })
    }
}

impl Expr for Func {
    type T = u64;
    type Best = Self;
    const LEN: usize = 4;
    const PLACES: u8 = 0;
    const SIG: Sig = sig::leaf(Leaf::Func, Class::I64);
    const SHAPE: &'static Shape = &Shape::Leaf(Leaf::Func, Class::I64);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<u64, Trapped> {
        // SAFETY: I3: the operand is the word of a function of this instance, and so within the block (I4).
        Ok(unsafe { InstanceHead::word::<u64>(m.instance, m.operand::<u32>(at.operands) as usize) as u64 })
    }
}

/// How an operator fails.
pub(crate) trait Failure {
    /// Has it trap at the next place where execution may.
    fn trap(self, m: &mut Registers, at: At) -> Trapped;
}

impl Failure for Trap {
    #[inline(always)]
    fn trap(self, m: &mut Registers, at: At) -> Trapped {
        at.trap(m, self)
    }
}

/// It does not.
impl Failure for Infallible {
    #[inline(always)]
    fn trap(self, _: &mut Registers, _: At) -> Trapped {
        match self {}
    }
}

/// An operator of one operand.
pub(crate) trait UnOp {
    type A: Value;
    type T: Value;
    /// See [`Expr::Best`].
    type Best: UnOp<A = Self::A, T = Self::T>;
    type Error: Failure;
    const OP: Op;
    /// Whether it may trap.
    const TRAPS: bool = Self::OP.may_trap();
    /// See [`Expr::BETTER`].
    const BETTER: bool = false;
    fn eval(a: Self::A) -> Result<Self::T, Self::Error>;
}

/// An operator of two operands.
pub(crate) trait BinOp {
    type A: Value;
    type B: Value;
    type T: Value;
    /// See [`Expr::Best`].
    type Best: BinOp<A = Self::A, B = Self::B, T = Self::T>;
    type Error: Failure;
    const OP: Op;
    /// Whether it may trap.
    const TRAPS: bool = Self::OP.may_trap();
    /// See [`Expr::BETTER`].
    const BETTER: bool = false;
    fn eval(a: Self::A, b: Self::B) -> Result<Self::T, Self::Error>;
}

/// A load.
pub(crate) trait LoadOp {
    type Raw: Copy;
    type T: Value;
    /// See [`Expr::Best`].
    type Best: LoadOp<T = Self::T>;
    const OP: Op;
    /// See [`Expr::BETTER`].
    const BETTER: bool = false;
    fn convert(raw: Self::Raw) -> Self::T;
}

/// A store.
pub(crate) trait StoreOp {
    type Raw: Copy;
    type A: Value;
    /// See [`Expr::Best`].
    type Best: StoreOp<A = Self::A>;
    const OP: Op;
    /// See [`Expr::BETTER`].
    const BETTER: bool = false;
    fn convert(a: Self::A) -> Self::Raw;
}

/// A unary operator applied.
pub(crate) struct Un<O, A>(PhantomData<(O, A)>);
/// A binary operator applied; the first operand is evaluated first.
pub(crate) struct Bin<O, A, B>(PhantomData<(O, A, B)>);
/// A load at an address: static offset (4 operand bytes), then the address.
pub(crate) struct Load<O, A>(PhantomData<(O, A)>);
/// A load from any memory: the memory and the static offset ([`FAR`](crate::handlers::address::FAR) operand bytes), then the address.
pub(crate) struct FarLoad<O, A>(PhantomData<(O, A)>);
/// `select`: both values are evaluated.
pub(crate) struct Select<A, B, C>(PhantomData<(A, B, C)>);

impl<O: UnOp, A: Expr<T = O::A>> Expr for Un<O, A> {
    type T = O::T;
    type Best = Un<O::Best, A::Best>;
    const BETTER: bool = O::BETTER || A::BETTER;
    const LEN: usize = A::LEN;
    const PLACES: u8 = A::PLACES + O::TRAPS as u8;
    const SIG: Sig = sig::unary(O::OP, A::SIG);
    const SHAPE: &'static Shape = &Shape::Unary(O::OP, A::SHAPE);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<O::T, Trapped> {
        // SAFETY: the operands are those of the operand, and `eval` asks for nothing else.
        match O::eval(or_trap!(unsafe { A::eval(m, at) })) {
            Ok(value) => Ok(value),
            Err(error) => Err(error.trap(m, at.behind(A::LEN, A::PLACES))),
        }
    }
}

impl<O: BinOp, A: Expr<T = O::A>, B: Expr<T = O::B>> Expr for Bin<O, A, B> {
    type T = O::T;
    type Best = Bin<O::Best, A::Best, B::Best>;
    const BETTER: bool = O::BETTER || A::BETTER || B::BETTER;
    const LEN: usize = A::LEN + B::LEN;
    const PLACES: u8 = A::PLACES + B::PLACES + O::TRAPS as u8;
    const SIG: Sig = sig::binary(O::OP, A::SIG, B::SIG);
    const SHAPE: &'static Shape = &Shape::Binary(O::OP, A::SHAPE, B::SHAPE);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<O::T, Trapped> {
        // SAFETY: the second's operands follow the first's, and `eval` asks for nothing else.
        unsafe {
            let second = at.behind(A::LEN, A::PLACES);
            match O::eval(or_trap!(A::eval(m, at)), or_trap!(B::eval(m, second))) {
                Ok(value) => Ok(value),
                Err(error) => Err(error.trap(m, second.behind(B::LEN, B::PLACES))),
            }
        }
    }
}

impl<T: Value, A: Expr<T = T>, B: Expr<T = T>, C: Expr<T = u32>> Expr for Select<A, B, C> {
    type T = T;
    type Best = Select<A::Best, B::Best, C::Best>;
    const BETTER: bool = A::BETTER || B::BETTER || C::BETTER;
    const LEN: usize = A::LEN + B::LEN + C::LEN;
    const PLACES: u8 = A::PLACES + B::PLACES + C::PLACES;
    const SIG: Sig = sig::select(T::CLASS, A::SIG, B::SIG, C::SIG);
    const SHAPE: &'static Shape = &Shape::Select(T::CLASS, A::SHAPE, B::SHAPE, C::SHAPE);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<T, Trapped> {
        // SAFETY: the operands follow each other, and `eval` asks for nothing else.
        unsafe {
            let second = at.behind(A::LEN, A::PLACES);
            let (a, b) = (or_trap!(A::eval(m, at)), or_trap!(B::eval(m, second)));
            let condition = or_trap!(C::eval(m, second.behind(B::LEN, B::PLACES)));
            Ok(if condition != 0 { a } else { b })
        }
    }
}

/// A reference, as operators see it.
pub(crate) type Ref = u64;

/// A result, from the row's meaning.
macro_rules! outcome {
    (pure $meaning:expr) => {
        Ok($meaning)
    };
    (traps $meaning:expr) => {
        $meaning
    };
}

/// The error of such a result.
macro_rules! error {
    (pure) => {
        Infallible
    };
    (traps) => {
        Trap
    };
}

macro_rules! define {
    (
        unops { $($un:ident $uc:tt $un_text:literal $ua:ident => $ut:ident $ue:ident |$ux:ident| $usem:expr;)* }
        binops { $($bin:ident $bc:tt $bin_text:literal $ba:ident => $bt:ident $be:ident |$bx:ident, $by:ident| $bsem:expr;)* }
        loads { $($load:ident $lc:tt $load_text:literal $lraw:ident => $lt:ident |$lx:ident| $lsem:expr;)* }
        stores { $($store:ident $sc:tt $store_text:literal $st:ident => $sraw:ident |$sx:ident| $ssem:expr;)* }
    ) => {
        $(
            #[doc = $un_text]
            pub(crate) struct $un;
            impl UnOp for $un {
                type A = $ua;
                type T = $ut;
                type Best = Self;
                type Error = error!($ue);
                const OP: Op = Op::$un;
                #[inline(always)]
                fn eval($ux: $ua) -> Result<$ut, Self::Error> {
                    outcome!($ue $usem)
                }
            }
        )*
        $(
            #[doc = $bin_text]
            pub(crate) struct $bin;
            impl BinOp for $bin {
                type A = $ba;
                type B = $ba;
                type T = $bt;
                type Best = Self;
                type Error = error!($be);
                const OP: Op = Op::$bin;
                #[inline(always)]
                fn eval($bx: $ba, $by: $ba) -> Result<$bt, Self::Error> {
                    outcome!($be $bsem)
                }
            }
        )*
        $(
            #[doc = $load_text]
            pub(crate) struct $load;
            impl LoadOp for $load {
                type Raw = $lraw;
                type T = $lt;
                type Best = Self;
                const OP: Op = Op::$load;
                #[inline(always)]
                fn convert($lx: $lraw) -> $lt {
                    $lsem
                }
            }
        )*
        $(
            #[doc = $store_text]
            pub(crate) struct $store;
            impl StoreOp for $store {
                type Raw = $sraw;
                type A = $st;
                type Best = Self;
                const OP: Op = Op::$store;
                #[inline(always)]
                fn convert($sx: $st) -> $sraw {
                    $ssem
                }
            }
        )*
    };
}
pirn_decode::for_each_op!(define);
