//! Statements of statements: sequences, loops of one cell, and branches that ask for the epoch.

use crate::handlers::dispatch::{At, Ends, Flow, Handler, HasHandler, Stmt};
use crate::handlers::epoch::{Late, THERE};
use crate::state::registers::Registers;
use crate::state::vm::Vm;
use pirn_decode::ops::Class;
use pirn_decode::shape::Shape;
use pirn_decode::sig::{self, Form, Sig};
use std::marker::PhantomData;

/// One statement, then another.
pub(crate) struct Seq<A, B>(PhantomData<(A, B)>);
/// A statement that may branch: asks for the epoch where it has.
pub(crate) struct Ask<S>(PhantomData<S>);
/// A statement whose only branch leads back to it: repeats it as long as that is taken.
pub(crate) struct Repeat<S>(PhantomData<S>);

impl<S: Stmt> Stmt for Repeat<S> {
    type Best = Repeat<S::Best>;
    const BETTER: bool = S::BETTER;
    const LEN: usize = {
        assert!(!S::DELEGATES || S::ASKS, "the other handler would take this cell for its own");
        S::LEN
    };
    const DELEGATES: bool = S::DELEGATES;
    const ENDS: Ends = Ends { jump: false, ..S::ENDS };
    const PLACES: u8 = S::PLACES;
    const SIG: Sig = sig::repeat(S::SIG);
    const SHAPE: &'static Shape = &Shape::Form(Form::Repeat, Class::I32, S::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        let ip = m.ip;
        loop {
            m.use_accumulator();
            // SAFETY: the operands are the statement's own. Its branch leads back to this cell, whose frame and
            // instance it leaves as they were, so I6 holds of the next round as it did of this one.
            match unsafe { S::run(m, at) } {
                Flow::Jump => m.ip = ip,
                flow @ (Flow::Next | Flow::Trap(_) | Flow::Stop | Flow::Delegate) => return flow,
            }
        }
    }

    #[inline(always)]
    fn other() -> Handler {
        S::other()
    }
}

impl<S: Stmt> Stmt for Ask<S> {
    type Best = Ask<S::Best>;
    const BETTER: bool = S::BETTER;
    const LEN: usize = {
        assert!(!S::DELEGATES, "the other handler would take this cell for its own");
        S::LEN
    };
    const DELEGATES: bool = true;
    const ASKS: bool = true;
    const ENDS: Ends = Ends { leave: true, ..S::ENDS };
    const PLACES: u8 = S::PLACES;
    const SIG: Sig = sig::ask(S::SIG);
    const SHAPE: &'static Shape = &Shape::Form(Form::Ask, Class::I32, S::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the operands are the statement's own. Its branch leads to a cell of the same function (I3), of which I6 holds, and
        // which `Late` goes on with. The instance leads to the machine that runs, which has an epoch.
        unsafe {
            match S::run(m, at) {
                Flow::Jump if Vm::is_late((*m.instance).vm) => Flow::Delegate,
                flow @ (Flow::Jump | Flow::Next | Flow::Trap(_) | Flow::Stop | Flow::Delegate) => flow,
            }
        }
    }

    #[inline(always)]
    fn other() -> Handler {
        Late::<THERE>::handler
    }
}

impl<A: Stmt, B: Stmt> Stmt for Seq<A, B> {
    type Best = Seq<A::Best, B::Best>;
    const BETTER: bool = A::BETTER || B::BETTER;
    const LEN: usize = {
        assert!(!A::DELEGATES && !B::DELEGATES, "the other handler would take this cell for its own");
        A::LEN + B::LEN
    };
    const ENDS: Ends = A::ENDS.then(B::ENDS);
    const PLACES: u8 = A::PLACES + B::PLACES;
    const SIG: Sig = sig::seq(A::SIG, B::SIG);
    const SHAPE: &'static Shape = &Shape::Seq(A::SHAPE, B::SHAPE);

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: the operands follow each other. `Next` gives on what `run` asks for: the first statement has left this
        // cell no more than the second will.
        unsafe {
            match A::run(m, at) {
                Flow::Next => B::run(m, at.behind(A::LEN, A::PLACES)),
                flow @ (Flow::Jump | Flow::Trap(_) | Flow::Stop | Flow::Delegate) => flow,
            }
        }
    }
}

#[cfg(test)]
mod tests;
