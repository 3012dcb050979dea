//! What the lists of handlers are written with.

use crate::handlers::dispatch::{Handler, HasHandler, Stmt};
use crate::handlers::expr::{Acc, Expr, Imm, Slot};
use crate::handlers::seq::{Ask, Repeat};
use crate::handlers::stmt::{BrIf, SetAcc, SetSlot};
use crate::vector;
use pirn_decode::sig::Sig;

/// One handler.
#[derive(Clone, Copy)]
pub(crate) struct HandlerEntry {
    pub(crate) sig: Sig,
    handler: Handler,
    /// The one to take if the processor has the better instructions.
    better: Option<Handler>,
    #[cfg(feature = "profile")]
    pub(crate) name: fn() -> &'static str,
    #[cfg(any(feature = "inspect", debug_assertions))]
    pub(crate) shape: &'static pirn_decode::shape::Shape,
}

impl HandlerEntry {
    /// The handler that this processor executes.
    pub(crate) fn handler(&self) -> Handler {
        self.better.filter(|_| vector::has_best()).unwrap_or(self.handler)
    }

    /// The handler of `S`.
    #[cfg(feature = "mutants")]
    pub(crate) const fn of<S: Stmt>() -> Self {
        Self {
            sig: S::SIG,
            handler: S::handler,
            better: better::<S>(),
            #[cfg(feature = "profile")]
            name: std::any::type_name::<S>,
            #[cfg(any(feature = "inspect", debug_assertions))]
            shape: shape::<S>(),
        }
    }
}

/// The shape of `S`.
#[cfg(any(feature = "inspect", debug_assertions))]
const fn shape<S: Stmt>() -> &'static pirn_decode::shape::Shape {
    assert!(S::SHAPE.agrees(S::SIG, S::LEN), "a handler's shape differs from its type");
    assert!(S::PLACES == S::SHAPE.trap_places(), "a handler's type counts other places than its shape");
    S::SHAPE
}

/// The handler of `S`, compiled for the better instructions, if that is worth one.
const fn better<S: Stmt>() -> Option<Handler> {
    if S::BETTER { Some(better_handler::<S::Best>()) } else { None }
}

/// The handler of `S`, compiled for the better instructions.
const fn better_handler<S: Stmt>() -> Handler {
    // The portable loop's bodies call the instructions, wherever they are.
    #[cfg(all(pirn_tail, target_arch = "x86_64"))]
    let handler = S::better_handler;
    #[cfg(not(all(pirn_tail, target_arch = "x86_64")))]
    let handler = S::handler;
    handler
}

/// Who takes the handlers that are listed, and the signatures of sequences that some of them carry.
pub(crate) struct Shapes<'a>(pub(crate) &'a mut dyn FnMut(HandlerEntry), pub(crate) &'a mut dyn FnMut(Sig));

impl Shapes<'_> {
    /// A statement, unless lowering never asks for it: families list operands in every order.
    #[inline(always)]
    pub(super) fn stmt<S: Stmt>(&mut self) {
        if const { S::SHAPE.is_canonical() } {
            self.push(
                const { S::SIG },
                S::handler,
                const { better::<S>() },
                #[cfg(feature = "profile")]
                std::any::type_name::<S>,
                #[cfg(any(feature = "inspect", debug_assertions))]
                const {
                    shape::<S>()
                },
            );
        }
    }

    /// Not inlined: functions of hundreds of pushes took half the crate's compile time. In arguments, not in statics: tens of thousands
    /// of addresses in data would have to be relocated whenever a process starts, which touches each of their pages.
    #[inline(never)]
    fn push(
        &mut self,
        sig: Sig,
        handler: Handler,
        better: Option<Handler>,
        #[cfg(feature = "profile")] name: fn() -> &'static str,
        #[cfg(any(feature = "inspect", debug_assertions))] shape: &'static pirn_decode::shape::Shape,
    ) {
        (self.0)(HandlerEntry {
            sig,
            handler,
            better,
            #[cfg(feature = "profile")]
            name,
            #[cfg(any(feature = "inspect", debug_assertions))]
            shape,
        });
    }

    /// A statement that may branch back, and asks for the epoch there.
    #[inline(always)]
    pub(super) fn branch<S: Stmt>(&mut self) {
        self.stmt::<S>();
        self.stmt::<Ask<S>>();
    }

    /// A statement whose branch may lead back to it.
    #[inline(always)]
    pub(super) fn repeat<S: Stmt>(&mut self) {
        self.branch::<S>();
        self.stmt::<Repeat<S>>();
        self.stmt::<Repeat<Ask<S>>>();
    }

    /// An expression, in both places it can be set to.
    #[inline(always)]
    pub(super) fn expr<E: Expr>(&mut self) {
        self.stmt::<SetAcc<E>>();
        self.stmt::<SetSlot<E>>();
    }

    /// A condition also as a value. Tests of which one operand computes need it only for branches: lowering cuts them
    /// itself where a value is asked for.
    #[inline(always)]
    pub(super) fn condition<C: Expr<T = u32>>(&mut self) {
        self.expr::<C>();
        self.stmt::<BrIf<C>>();
    }
}

/// `each!(Name in [Types] { body })`: the body once for every type.
macro_rules! each {
    ($name:ident in [$($ty:ty),* $(,)?] $body:block) => {
        $({
            type $name = $ty;
            $body
        })*
    };
}

pub(super) use each;

pub(super) type S<T> = Slot<T>;
pub(super) type R<T> = Acc<T>;
pub(super) type I<T> = Imm<T>;
