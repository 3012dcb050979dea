//! Dispatch: how one handler leads to the next, in two ways.
//!
//! *Tail dispatch*: a handler is a function that carries the registers in its arguments and ends by jumping to the next
//! handler with the same arguments. *The portable loop*, where LLVM's sibling-call optimisation does not hold (build.rs
//! decides): a loop calls the same bodies with the registers in memory. Bodies are written once, as [`Stmt::run`], which
//! works on the [`Registers`] and says by a [`Flow`] what follows.

use crate::state::registers::Registers;
use crate::state::trap::{Exit, Trap, TrapAt};
use crate::state::vm::StoppedAt;
use pirn_decode::shape::Shape;
use pirn_decode::sig::Sig;

/// What follows a statement. It is one byte: each level of a statement's type hands it on, and LLVM has to remove the copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// The cell behind this one.
    Next,
    /// The cell at `ip`.
    Jump,
    /// The cell at `ip`, by [another handler](Stmt::other): one that may take what this one must not.
    Delegate,
    /// No cell: the program trapped in the one at `ip`. Who writes this has the trap put into the registers first.
    Trap(Trapped),
    /// No cell: what happened is written in the [`crate::Vm`]. `instance` is live.
    Stop,
}

/// What may follow a statement: which variants of [`Flow`] it may return. With tail dispatch a handler has code for these alone, which
/// spares the compiler much of its work (EXPERIMENTS.md); debug builds assert that it is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) next: bool,
    pub(crate) jump: bool,
    pub(crate) trap: bool,
    /// Delegates or stops.
    pub(crate) leave: bool,
}

impl Ends {
    /// Any of them.
    pub(crate) const ANY: Self = Self { next: true, jump: true, trap: true, leave: true };

    /// The cell behind, or a trap if it has places for one.
    pub(crate) const fn next(places: u8) -> Self {
        Self { next: true, jump: false, trap: places > 0, leave: false }
    }

    /// The same, or a branch.
    pub(crate) const fn or_jump(self) -> Self {
        Self { jump: true, ..self }
    }

    /// Whether that is among them.
    #[cfg_attr(pirn_tail, allow(dead_code, reason = "asserted where handlers may call"))]
    const fn allows(self, flow: Flow) -> bool {
        match flow {
            Flow::Next => self.next,
            Flow::Jump => self.jump,
            Flow::Trap(_) => self.trap,
            Flow::Delegate | Flow::Stop => self.leave,
        }
    }

    /// What may follow this statement or, if the next one follows it, that.
    pub(crate) const fn then(self, next: Self) -> Self {
        Self {
            next: next.next,
            jump: self.jump || next.jump,
            trap: self.trap || next.trap,
            leave: self.leave || next.leave,
        }
    }
}

/// For what [`Stmt::ENDS`] rules out: no handler has this in its code, unless that is wrong.
#[cold]
#[inline(never)]
fn ruled_out() -> ! {
    panic!("a statement ended in a way that it says it never does")
}

/// Where in a cell a statement or an expression stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    /// How many bytes behind `ip` its operands begin.
    pub(crate) operands: usize,
    /// How many places where execution may trap are passed before it: see [`TrapAt::place`].
    places: u8,
}

impl At {
    /// What a cell begins with.
    pub(crate) const CELL: Self = Self { operands: 8, places: 0 };

    /// Behind so many operand bytes.
    #[inline(always)]
    pub(crate) const fn skip(self, bytes: usize) -> Self {
        Self { operands: self.operands + bytes, ..self }
    }

    /// Behind so many operand bytes, and so many places where execution may trap.
    #[inline(always)]
    pub(crate) const fn behind(self, bytes: usize, places: u8) -> Self {
        Self { operands: self.operands + bytes, places: self.places + places }
    }

    /// The number of the next place where execution may trap.
    pub(crate) const fn place(self) -> u8 {
        self.places
    }

    /// `trap`, at the next place where execution may trap.
    #[inline(always)]
    pub(crate) fn trap(self, m: &mut Registers, trap: Trap) -> Trapped {
        m.r0 = TrapAt { trap, place: self.places }.to_code();
        Trapped(())
    }
}

/// Says that a trap and its place are in the accumulator, as [`TrapAt::to_code`] gives them.
///
/// It has no size because of how rustc hands a `Result` on. One of a scalar and nothing is two scalars; one of 32 bits and a
/// [`TrapAt`] is packed into an integer, by shifts that LLVM does not always take back (EXPERIMENTS.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trapped(());

/// The body of a handler, or one statement of it.
pub(crate) trait Stmt {
    /// Operand bytes.
    const LEN: usize;
    /// See [`pirn_decode::sig`].
    const SIG: Sig;
    /// Whether it may end in [`Flow::Delegate`]: then [`other`](Self::other) is its own, and it has a cell to itself, or the other
    /// handler would take the whole cell for its own.
    const DELEGATES: bool = false;
    /// Whether it [asks](crate::handlers::seq::Ask) for the epoch, and delegates to nothing else: the other handler goes on with the
    /// cell that it leads to, whatever cell that was.
    const ASKS: bool = false;
    /// What may follow it.
    const ENDS: Ends = Ends::ANY;
    /// The tree.
    const SHAPE: &'static Shape = &Shape::Thunk;
    /// Places where it may trap, as [`Shape::trap_places`] counts them.
    const PLACES: u8 = Self::SHAPE.trap_places();
    /// The same by the better instructions that the processor may have: see [`crate::vector`].
    type Best: Stmt;
    /// Whether that is worth a handler of its own.
    const BETTER: bool = false;

    /// Executes the statement that stands `at` in the cell at `m.ip`.
    ///
    /// # Safety
    /// [I6](crate#safety) holds of `m`, and of everything it leads to, I1 to I5; the statement's operands lie there.
    unsafe fn run(m: &mut Registers, at: At) -> Flow;

    /// The handler for [`Flow::Delegate`].
    #[inline(always)]
    fn other() -> Handler {
        ruled_out()
    }
}

/// The value of an expression, or a trap.
macro_rules! value {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(trapped) => return Flow::Trap(trapped),
        }
    };
}
pub(crate) use value;

/// The value of a part of an expression; or the trap, which is the whole's. (`?` copies both once more, and all that LLVM has to take
/// back, for each part of each handler: EXPERIMENTS.md.)
macro_rules! or_trap {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(trapped) => return Err(trapped),
        }
    };
}
pub(crate) use or_trap;

/// Bytes of a cell with `len` operand bytes.
pub(crate) const fn cell_bytes(len: usize) -> usize {
    8 + len.next_multiple_of(8)
}

/// A handler's address as it stands in the first word of a cell.
pub(crate) fn handler_word(handler: Handler) -> u64 {
    handler as usize as u64
}

/// Leaves the registers and the trap, whose code is in the accumulator, in the machine.
///
/// # Safety
/// `m.instance` is a live instance or the machine's own for the host, and so leads to the machine that runs.
unsafe fn leave_trap(m: &Registers) {
    let TrapAt { trap, place } = TrapAt::from_code(m.r0);
    // SAFETY: so `save` asks, too; the machine's fields are nobody else's (I2).
    unsafe {
        m.save();
        let vm = (*m.instance).vm;
        (*vm).stopped_at = StoppedAt::Place(place);
        (*vm).exit = Some(Exit::Trap(trap));
    }
}

#[cfg(pirn_tail)]
#[allow(improper_ctypes_definitions, reason = "handlers call each other only")]
mod tail {
    use super::{At, Flow, Stmt, cell_bytes, leave_trap, ruled_out};
    use crate::state::instance::InstanceHead;
    use crate::state::registers::{Registers, Vector, for_each_register};
    use crate::state::trap::{Trap, TrapAt};
    use std::marker::PhantomPinned;
    use std::mem::MaybeUninit;

    /// What the accumulator holds of an access beyond the memory's end, by its place in the cell.
    const OUT_OF_BOUNDS: [u64; 3] = {
        const fn at(place: u8) -> u64 {
            TrapAt { trap: Trap::MemoryOutOfBounds, place }.to_code()
        }
        [at(0), at(1), at(2)]
    };

    /// Ends the process when it is dropped.
    struct NoUnwinding;

    impl Drop for NoUnwinding {
        fn drop(&mut self) {
            std::process::abort();
        }
    }

    /// Whether a statement may access memory beyond its end at a place of its cell.
    const fn out_of_bounds_at<S: Stmt + ?Sized>(place: u8) -> bool {
        // What is executed in the place of a cell, or is no cell of lowering's, has no shape, and so says nothing of its places.
        S::ENDS.trap && (S::PLACES > place || S::PLACES == 0)
    }

    /// The handlers of one ABI: the registers are their arguments. It is one of those that may unwind, though nothing may ([`run`]):
    /// else each handler would have a place where unwinding ends, and whatever is inlined into it would be made to lead there.
    macro_rules! contract {
        ($abi:literal, $($(#[$doc:meta])* $register:ident: $ty:ty),*) => {
            /// A handler.
            pub(crate) type Handler = unsafe extern $abi fn($($ty),*) -> u64;

            /// Jumps to the cell at `m.ip`.
            ///
            /// # Safety
            /// That of [`run`].
            #[inline(always)]
            unsafe fn dispatch(m: &Registers) -> u64 {
                // SAFETY: I3, or a thunk: a cell begins with its handler's address, and I6 is what that asks for.
                unsafe {
                    let handler = m.ip.cast::<Handler>().read();
                    handler($(m.$register),*)
                }
            }

            /// What a handler does with the registers. (A function would have to be inlined.)
            macro_rules! step {
                ($m:ident) => {
                    // SAFETY: `run` asks for what this does, and gives I6 on: of the cell behind, of the one it leads to,
                    // or of this one by another handler. Whoever stops asks for `instance` alone.
                    unsafe {
                        match Self::run(&mut $m, At::CELL) {
                            Flow::Next => {
                                if const { !Self::ENDS.next } {
                                    ruled_out()
                                }
                                $m.ip = $m.ip.byte_add(const { cell_bytes(Self::LEN) });
                                dispatch(&$m)
                            }
                            Flow::Jump => {
                                if const { !Self::ENDS.jump } {
                                    ruled_out()
                                }
                                dispatch(&$m)
                            }
                            Flow::Trap(_) => {
                                if const { !Self::ENDS.trap } {
                                    ruled_out()
                                }
                                // Most traps: a handler has no number to load for them.
                                if const { out_of_bounds_at::<Self>(0) } && $m.r0 == OUT_OF_BOUNDS[0] {
                                    return leave_out_of_bounds::<0>(&$m);
                                }
                                if const { out_of_bounds_at::<Self>(1) } && $m.r0 == OUT_OF_BOUNDS[1] {
                                    return leave_out_of_bounds::<1>(&$m);
                                }
                                if const { out_of_bounds_at::<Self>(2) } && $m.r0 == OUT_OF_BOUNDS[2] {
                                    return leave_out_of_bounds::<2>(&$m);
                                }
                                trapped($($m.$register),*)
                            }
                            Flow::Delegate => {
                                if const { !Self::ENDS.leave } {
                                    ruled_out()
                                }
                                let other = Self::other();
                                other($($m.$register),*)
                            }
                            Flow::Stop => {
                                if const { !Self::ENDS.leave } {
                                    ruled_out()
                                }
                                stopped($($m.$register),*)
                            }
                        }
                    }
                };
            }

            /// Statements have handlers. The compiler puts a trait's function where the type of `Self` is defined, and so
            /// makes more than one codegen unit of them.
            pub(crate) trait HasHandler: Stmt {
                /// The handler.
                ///
                /// # Safety
                /// That of [`Stmt::run`], for the operands of the cell at `ip`.
                unsafe extern $abi fn handler($($register: $ty),*) -> u64 {
                    let mut m = Registers { $($register,)* _no_noalias: PhantomPinned };
                    step!(m)
                }

                /// The handler, compiled for the better instructions: that of a [`Stmt::Best`].
                ///
                /// # Safety
                /// That of `handler`; the processor has them ([`crate::vector`]).
                #[cfg(target_arch = "x86_64")]
                #[target_feature(enable = "avx2,fma")]
                unsafe extern $abi fn better_handler($($register: $ty),*) -> u64 {
                    let mut m = Registers { $($register,)* _no_noalias: PhantomPinned };
                    step!(m)
                }
            }

            impl<S: Stmt> HasHandler for S {}

            #[cold]
            #[inline(never)]
            unsafe extern $abi fn trapped($($register: $ty),*) -> u64 {
                let m = Registers { $($register,)* _no_noalias: PhantomPinned };
                // SAFETY: `instance` is as the handler got it (I6).
                unsafe {
                    leave_trap(&m);
                    stopped($(m.$register),*)
                }
            }

            /// [`trapped`] with the code of an access beyond the memory's end in the accumulator, whatever is there. It has the
            /// place of an argument, so that the other registers stay where they are.
            #[cold]
            #[inline(never)]
            unsafe extern $abi fn out_of_bounds<const PLACE: usize>(
                ip: *const u64,
                fp: *mut u64,
                instance: *mut InstanceHead,
                _: MaybeUninit<u64>,
                link: *const u64,
                v0: Vector,
            ) -> u64 {
                let m = Registers { ip, fp, instance, r0: OUT_OF_BOUNDS[PLACE], link, v0, _no_noalias: PhantomPinned };
                // SAFETY: whoever jumps here might jump there.
                unsafe { trapped($(m.$register),*) }
            }

            /// Jumps there.
            ///
            /// # Safety
            /// That of a trap: `m.instance` is as the handler got it (I6).
            #[inline(always)]
            unsafe fn leave_out_of_bounds<const PLACE: usize>(m: &Registers) -> u64 {
                // SAFETY: asked for.
                unsafe { out_of_bounds::<PLACE>(m.ip, m.fp, m.instance, MaybeUninit::uninit(), m.link, m.v0) }
            }

            /// Returns to [`run`]. What it returns is read from memory: were it a constant, LLVM would turn the jumps to
            /// it into calls followed by that constant.
            #[cold]
            #[inline(never)]
            unsafe extern $abi fn stopped($($register: $ty),*) -> u64 {
                let m = Registers { $($register,)* _no_noalias: PhantomPinned };
                // SAFETY: `instance` is live (I1), or the machine's own for the host.
                unsafe { (&raw const (*m.instance).mem_limits[0]).read_volatile() }
            }

            /// Runs from `m` until something stops. A handler that panics ends the process: nothing would put the machine in order.
            ///
            /// # Safety
            /// [I6](crate#safety) holds of `m`, and of everything it leads to, I1 to I5.
            pub(crate) unsafe fn run(m: Registers) {
                let guard = NoUnwinding;
                // SAFETY: `dispatch` asks for the same.
                unsafe { dispatch(&m) };
                std::mem::forget(guard);
            }
        };
    }

    #[cfg(target_arch = "x86_64")]
    for_each_register!(contract! "sysv64-unwind",);
    #[cfg(target_arch = "aarch64")]
    for_each_register!(contract! "C-unwind",);
}
#[cfg(pirn_tail)]
pub(crate) use tail::{Handler, HasHandler, run};

#[cfg(not(pirn_tail))]
mod portable {
    use super::{At, Flow, Registers, Stmt, cell_bytes, leave_trap};

    /// A handler: whether to go on.
    pub(crate) type Handler = unsafe fn(&mut Registers) -> bool;

    /// Statements have handlers.
    pub(crate) trait HasHandler: Stmt {
        /// The handler.
        ///
        /// # Safety
        /// That of [`Stmt::run`], for the operands of the cell at `machine.ip`.
        unsafe fn handler(machine: &mut Registers) -> bool {
            // SAFETY: `run` asks for what this does. The other handler asks for the same of the same cell.
            unsafe {
                let flow = Self::run(machine, At::CELL);
                debug_assert!(Self::ENDS.allows(flow), "a statement that never ends so, as it says, ends in {flow:?}");
                match flow {
                    Flow::Next => {
                        machine.ip = machine.ip.byte_add(const { cell_bytes(Self::LEN) });
                        true
                    }
                    Flow::Jump => true,
                    Flow::Trap(_) => {
                        leave_trap(machine);
                        false
                    }
                    Flow::Delegate => {
                        let other = Self::other();
                        other(machine)
                    }
                    Flow::Stop => false,
                }
            }
        }
    }

    impl<S: Stmt> HasHandler for S {}

    /// Runs from `m` until something stops.
    ///
    /// # Safety
    /// [I6](crate#safety) holds of `m`, and of everything it leads to, I1 to I5.
    pub(crate) unsafe fn run(mut m: Registers) {
        // SAFETY: I3, or a thunk: a cell begins with its handler's address, which `handler_word` exposed. A handler
        // that goes on gives I6 on, which is what the next one asks for.
        unsafe {
            loop {
                let address = std::ptr::with_exposed_provenance::<()>(m.ip.read() as usize);
                let handler = std::mem::transmute::<*const (), Handler>(address);
                #[cfg(feature = "profile")]
                crate::handlers::counts::count(m.ip as usize, handler as usize);
                if !handler(&mut m) {
                    return;
                }
            }
        }
    }
}
#[cfg(not(pirn_tail))]
pub(crate) use portable::{Handler, HasHandler, run};
