//! Vector operators as types, and the expressions that only vectors have.
//!
//! The operators are generic over the set of instructions that they are made of ([`crate::vector`]): without one, that is
//! what every processor of the target has.

use crate::handlers::dispatch::{At, Trapped, or_trap};
use crate::handlers::expr::{BinOp, Expr, LoadOp, StoreOp, UnOp, Value};
use crate::state::registers::Registers;
use crate::vector::isa::Isa;
use crate::vector::{Base, Best, V128};
use pirn_decode::ops::Op;
use pirn_decode::shape::Shape;
use pirn_decode::sig::{self, Sig};
use std::convert::Infallible;
use std::marker::PhantomData;

/// An operator of three operands, all of them vectors.
pub(crate) trait TernOp {
    /// See [`Expr::Best`].
    type Best: TernOp;
    const OP: Op;
    /// See [`Expr::BETTER`].
    const BETTER: bool;
    fn eval(a: V128, b: V128, c: V128) -> V128;
}

/// An operator that gives a lane.
pub(crate) trait ExtractOp {
    type T: Value;
    /// See [`Expr::Best`].
    type Best: ExtractOp<T = Self::T>;
    const OP: Op;
    /// See [`Expr::BETTER`].
    const BETTER: bool;
    fn eval<const LANE: u8>(a: V128) -> Self::T;
}

/// An operator that puts another value in a lane.
pub(crate) trait ReplaceOp {
    type B: Value;
    /// See [`Expr::Best`].
    type Best: ReplaceOp<B = Self::B>;
    const OP: Op;
    /// See [`Expr::BETTER`].
    const BETTER: bool;
    fn eval<const LANE: u8>(a: V128, b: Self::B) -> V128;
}

/// A ternary operator applied; the operands are evaluated in order.
pub(crate) struct Tern<O, A, B, C>(PhantomData<(O, A, B, C)>);
/// A lane of a vector.
pub(crate) struct Extract<O, const LANE: u8, A>(PhantomData<(O, A)>);
/// A vector with another value in one lane.
pub(crate) struct Replace<O, const LANE: u8, A, B>(PhantomData<(O, A, B)>);

impl<O: TernOp, A: Expr<T = V128>, B: Expr<T = V128>, C: Expr<T = V128>> Expr for Tern<O, A, B, C> {
    type T = V128;
    type Best = Tern<O::Best, A::Best, B::Best, C::Best>;
    const BETTER: bool = O::BETTER || A::BETTER || B::BETTER || C::BETTER;
    const LEN: usize = A::LEN + B::LEN + C::LEN;
    const PLACES: u8 = A::PLACES + B::PLACES + C::PLACES;
    const SIG: Sig = sig::ternary_operator(O::OP, A::SIG, B::SIG, C::SIG);
    const SHAPE: &'static Shape = &Shape::Ternary(O::OP, A::SHAPE, B::SHAPE, C::SHAPE);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<V128, Trapped> {
        // SAFETY: the operands follow each other, and `eval` asks for nothing else.
        unsafe {
            let second = at.behind(A::LEN, A::PLACES);
            let third = second.behind(B::LEN, B::PLACES);
            Ok(O::eval(or_trap!(A::eval(m, at)), or_trap!(B::eval(m, second)), or_trap!(C::eval(m, third))))
        }
    }
}

impl<O: ExtractOp, const LANE: u8, A: Expr<T = V128>> Expr for Extract<O, LANE, A> {
    type T = O::T;
    type Best = Extract<O::Best, LANE, A::Best>;
    const BETTER: bool = O::BETTER || A::BETTER;
    const LEN: usize = A::LEN;
    const PLACES: u8 = A::PLACES;
    const SIG: Sig = sig::extract(O::OP, LANE, A::SIG);
    const SHAPE: &'static Shape = &Shape::Extract(O::OP, LANE, A::SHAPE);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<O::T, Trapped> {
        // SAFETY: the operands are those of the operand, and `eval` asks for nothing else.
        Ok(O::eval::<LANE>(or_trap!(unsafe { A::eval(m, at) })))
    }
}

impl<O: ReplaceOp, const LANE: u8, A: Expr<T = V128>, B: Expr<T = O::B>> Expr for Replace<O, LANE, A, B> {
    type T = V128;
    type Best = Replace<O::Best, LANE, A::Best, B::Best>;
    const BETTER: bool = O::BETTER || A::BETTER || B::BETTER;
    const LEN: usize = A::LEN + B::LEN;
    const PLACES: u8 = A::PLACES + B::PLACES;
    const SIG: Sig = sig::replace(O::OP, LANE, A::SIG, B::SIG);
    const SHAPE: &'static Shape = &Shape::Replace(O::OP, LANE, A::SHAPE, B::SHAPE);

    #[inline(always)]
    unsafe fn eval(m: &mut Registers, at: At) -> Result<V128, Trapped> {
        // SAFETY: the second's operands follow the first's, and `eval` asks for nothing else.
        unsafe { Ok(O::eval::<LANE>(or_trap!(A::eval(m, at)), or_trap!(B::eval(m, at.behind(A::LEN, A::PLACES))))) }
    }
}

/// Whether a row's `Best` form is worth a second handler.
macro_rules! better {
    (plain) => {
        false
    };
    (better) => {
        true
    };
}

/// The Rust type of a row's type.
macro_rules! of {
    (v128) => {
        V128
    };
    ($number:ident) => {
        $number
    };
}

macro_rules! define {
    (
        unops { $($un:ident $uc:tt $un_text:literal $ua:ident => $ut:ident $um:ident <$ui:ident> |$ux:ident| $usem:expr;)* }
        binops {
            $($bin:ident $bc:tt $bin_text:literal $ba:ident $bb:ident => $bt:ident $bm:ident <$bi:ident> |$bx:ident, $by:ident|
                $bsem:expr;)*
        }
        ternops {
            $($tern:ident $tc:tt $tern_text:literal $ta:ident $tb:ident $td:ident => $tt:ident $tm:ident <$ti:ident>
                |$tx:ident, $ty:ident, $tz:ident| $tsem:expr;)*
        }
        extracts {
            $($ext:ident $ec:tt $ext_text:literal $elanes:literal $ea:ident => $et:ident $em:ident <$ei:ident, $el:ident>
                |$ex:ident| $esem:expr;)*
        }
        replaces {
            $($rep:ident $rc:tt $rep_text:literal $rlanes:literal $ra:ident $rb:ident => $rt:ident $rm:ident
                <$ri:ident, $rl:ident> |$rx:ident, $ry:ident| $rsem:expr;)*
        }
        loads {
            $($load:ident $lc:tt $load_text:literal in $lraw:ident => $lt:ident $lm:ident <$li:ident> |$lx:ident|
                $lsem:expr;)*
        }
        stores {
            $($store:ident $sc:tt $store_text:literal $st:ident => in $sraw:ident $sm:ident <$si:ident> |$sx:ident|
                $ssem:expr;)*
        }
        lane_loads $lane_loads:tt
        lane_stores $lane_stores:tt
        relaxed $relaxed:tt
    ) => {
        $(
            #[doc = $un_text]
            pub(crate) struct $un<I = Base>(PhantomData<I>);
            impl<$ui: Isa> UnOp for $un<$ui> {
                type A = of!($ua);
                type T = of!($ut);
                type Best = $un<Best>;
                type Error = Infallible;
                const OP: Op = Op::$un;
                const BETTER: bool = better!($um);
                #[inline(always)]
                fn eval($ux: of!($ua)) -> Result<of!($ut), Infallible> {
                    Ok($usem)
                }
            }
        )*
        $(
            #[doc = $bin_text]
            pub(crate) struct $bin<I = Base>(PhantomData<I>);
            impl<$bi: Isa> BinOp for $bin<$bi> {
                type A = of!($ba);
                type B = of!($bb);
                type T = of!($bt);
                type Best = $bin<Best>;
                type Error = Infallible;
                const OP: Op = Op::$bin;
                const BETTER: bool = better!($bm);
                #[inline(always)]
                fn eval($bx: of!($ba), $by: of!($bb)) -> Result<of!($bt), Infallible> {
                    Ok($bsem)
                }
            }
        )*
        $(
            #[doc = $tern_text]
            pub(crate) struct $tern<I = Base>(PhantomData<I>);
            impl<$ti: Isa> TernOp for $tern<$ti> {
                type Best = $tern<Best>;
                const OP: Op = Op::$tern;
                const BETTER: bool = better!($tm);
                #[inline(always)]
                fn eval($tx: V128, $ty: V128, $tz: V128) -> V128 {
                    $tsem
                }
            }
        )*
        $(
            #[doc = $ext_text]
            pub(crate) struct $ext<I = Base>(PhantomData<I>);
            impl<$ei: Isa> ExtractOp for $ext<$ei> {
                type T = of!($et);
                type Best = $ext<Best>;
                const OP: Op = Op::$ext;
                const BETTER: bool = better!($em);
                #[inline(always)]
                fn eval<const $el: u8>($ex: V128) -> of!($et) {
                    $esem
                }
            }
        )*
        $(
            #[doc = $rep_text]
            pub(crate) struct $rep<I = Base>(PhantomData<I>);
            impl<$ri: Isa> ReplaceOp for $rep<$ri> {
                type B = of!($rb);
                type Best = $rep<Best>;
                const OP: Op = Op::$rep;
                const BETTER: bool = better!($rm);
                #[inline(always)]
                fn eval<const $rl: u8>($rx: V128, $ry: of!($rb)) -> V128 {
                    $rsem
                }
            }
        )*
        $(
            #[doc = $load_text]
            pub(crate) struct $load<I = Base>(PhantomData<I>);
            impl<$li: Isa> LoadOp for $load<$li> {
                type Raw = of!($lraw);
                type T = of!($lt);
                type Best = $load<Best>;
                const OP: Op = Op::$load;
                const BETTER: bool = better!($lm);
                #[inline(always)]
                fn convert($lx: of!($lraw)) -> of!($lt) {
                    $lsem
                }
            }
        )*
        $(
            #[doc = $store_text]
            pub(crate) struct $store<I = Base>(PhantomData<I>);
            impl<$si: Isa> StoreOp for $store<$si> {
                type Raw = of!($sraw);
                type A = of!($st);
                type Best = $store<Best>;
                const OP: Op = Op::$store;
                const BETTER: bool = better!($sm);
                #[inline(always)]
                fn convert($sx: of!($st)) -> of!($sraw) {
                    $ssem
                }
            }
        )*
    };
}
pirn_decode::for_each_vector_op!(define);
