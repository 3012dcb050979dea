//! The register contract and the two dispatchers: the one place that knows how machine state travels.
//!
//! A handler is a function that carries the whole state in its arguments and ends by jumping to the next handler with the
//! same arguments ("tail" dispatch). They fit the argument registers of the System V ABI, so nothing is spilt:
//!
//! | register | holds |
//! |---|---|
//! | `ip` | the running cell: handler address, then operand bytes |
//! | `fp` | word 0 of the frame |
//! | `inst` | the running instance's block |
//! | `r0` | integer accumulator; every statement that sets an integer leaves it here too |
//! | `link` | where the running function returns to; its caller's is in its frame's header |
//! | `v0` | float accumulator, as `r0` |
//!
//! Bodies are written once, as [`Stmt::run`] from a [`Machine`] to a [`Flow`]. Where LLVM's sibling-call optimisation
//! does not hold (build.rs decides), a loop calls the same bodies with the machine in memory.

use crate::{InstanceHead, Trap};
use pirn_decode::shape::Shape;
use pirn_decode::sig::Sig;
use std::mem::MaybeUninit;

#[cfg(target_arch = "aarch64")]
type RawVector = std::arch::aarch64::float32x4_t;
#[cfg(target_arch = "x86_64")]
type RawVector = std::arch::x86_64::__m128;
#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
type RawVector = [u64; 2];

/// A vector register; floats lie in its lowest lane, and the other lanes need not be initialised.
pub(crate) type Vector = MaybeUninit<RawVector>;

/// The whole machine state while WebAssembly runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine {
    pub(crate) ip: *const u64,
    pub(crate) fp: *mut u64,
    pub(crate) inst: *mut InstanceHead,
    pub(crate) r0: u64,
    pub(crate) link: *const u64,
    pub(crate) v0: Vector,
}

/// What follows a statement.
pub(crate) enum Flow {
    /// The cell behind this one.
    Next(Machine),
    /// The cell at `ip`.
    Jump(Machine),
    /// The same cell, by another handler: one that may take what this one must not.
    Other(Machine, Handler),
    /// No cell: the program trapped at `ip`.
    Trap(Machine, Trap),
    /// No cell: what happened is written in the [`crate::Vm`]. `inst` is live.
    Stop(Machine),
}

/// The body of a handler, or one statement of it.
pub(crate) trait Stmt {
    /// Operand bytes.
    const LEN: usize;
    /// See [`pirn_decode::sig`].
    const SIG: Sig;
    /// The tree.
    const SHAPE: &'static Shape = &Shape::Thunk;

    /// Executes the statement whose operands lie `at` bytes behind `m.ip`.
    ///
    /// # Safety
    /// `m` is the state of a running execution: `ip` at a cell of validated code holding this statement, `fp` at a frame
    /// that code was lowered for, `inst` at its instance.
    unsafe fn run(m: Machine, at: usize) -> Flow;
}

/// Bytes of a cell with `len` operand bytes.
pub(crate) const fn cell_bytes(len: usize) -> usize {
    8 + len.next_multiple_of(8)
}

impl Machine {
    /// The state in which code is entered that returns to `link`.
    pub(crate) fn new(ip: *const u64, fp: *mut u64, inst: *mut InstanceHead, link: *const u64) -> Self {
        Self { ip, fp, inst, r0: 0, link, v0: Vector::zeroed() }
    }

    /// The operand `at` bytes behind `ip`.
    ///
    /// # Safety
    /// An operand of this type lies there.
    #[inline(always)]
    pub(crate) unsafe fn operand<T: Copy>(&self, at: usize) -> T {
        // SAFETY: the caller's.
        unsafe { load(self.ip.byte_add(at).cast()) }
    }

    /// Goes to the cell at an address, a branch's operand, if a condition held.
    #[inline(always)]
    pub(crate) fn branch_if(&mut self, target: u64) {
        // Of two ways that both read where they lead, LLVM makes one that selects what it reads, and then nothing can be
        // fetched before the condition is known. An empty block of assembly is merged with nothing.
        #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
        // SAFETY: it is empty.
        unsafe {
            std::arch::asm!("", options(nomem, nostack, preserves_flags));
        }
        self.branch(target);
    }

    /// Goes to the cell at an address, a branch's operand.
    #[inline(always)]
    pub(crate) fn branch(&mut self, target: u64) {
        self.ip = std::ptr::with_exposed_provenance(target as usize);
    }

    /// The operands of a cell, from `at` bytes behind `ip` on.
    ///
    /// # Safety
    /// Whoever reads them reads what lowering wrote there.
    #[inline(always)]
    pub(crate) unsafe fn operands(&self, at: usize) -> Operands {
        // SAFETY: the caller's.
        Operands(unsafe { self.ip.byte_add(at).cast() })
    }

    /// Where slot `index` of the frame lies.
    ///
    /// # Safety
    /// The frame has that slot.
    #[inline(always)]
    pub(crate) unsafe fn slot(&self, index: u16) -> *mut u64 {
        // SAFETY: the caller's.
        unsafe { self.fp.add(usize::from(index)) }
    }

    /// Writes the registers where execution stands still.
    ///
    /// # Safety
    /// It is the state of a running execution.
    #[inline(always)]
    pub(crate) unsafe fn save(&self) {
        // SAFETY: `inst` is a live instance, its `vm` the machine that runs it.
        unsafe {
            (*(*self.inst).vm).saved = *self;
        }
    }

    unsafe fn record_trap(&self, trap: Trap) {
        // SAFETY: as in `save`.
        unsafe {
            self.save();
            (*(*self.inst).vm).exit = Some(crate::Exit::Trap(trap));
        }
    }
}

/// A value at any address.
#[repr(C, packed)]
struct Unaligned<T>(T);

/// Reads a value at any address. `read_unaligned` copies to a local, and where debug assertions are on, looks at the
/// local's address: then LLVM takes it for one that may be kept, and makes calls of all jumps behind it.
///
/// # Safety
/// A `T` lies there.
#[inline(always)]
pub(crate) unsafe fn load<T: Copy>(place: *const T) -> T {
    // SAFETY: the caller's; a packed struct's alignment is 1.
    unsafe { (*place.cast::<Unaligned<T>>()).0 }
}

/// Writes a value at any address; not `write_unaligned`, as in [`load`].
///
/// # Safety
/// There is room for a `T`, and nothing refers to it.
#[inline(always)]
pub(crate) unsafe fn store<T: Copy>(place: *mut T, value: T) {
    // SAFETY: the caller's; a packed struct's alignment is 1.
    unsafe { (*place.cast::<Unaligned<T>>()).0 = value };
}

/// Where the next operand lies.
pub(crate) struct Operands(*const u8);

macro_rules! next_operand {
    ($ty:ident) => {
        #[inline(always)]
        fn $ty(&mut self) -> $ty {
            // SAFETY: `Machine::operands` asked for it.
            unsafe {
                let operand = load(self.0.cast::<$ty>());
                self.0 = self.0.add(size_of::<$ty>());
                operand
            }
        }
    };
}

impl pirn_decode::cell::Fields for Operands {
    next_operand!(u16);
    next_operand!(u32);
    next_operand!(u64);
}

/// The native stack pointer in the function that asks, to see whether handlers leave anything on the stack. An
/// address of a local would not do: AddressSanitizer keeps locals elsewhere. 0 on machines without tail dispatch.
#[inline(always)]
pub fn stack_pointer() -> usize {
    #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
    {
        let pointer: usize;
        // SAFETY: reading a register does nothing else.
        unsafe {
            #[cfg(target_arch = "x86_64")]
            std::arch::asm!("mov {}, rsp", out(reg) pointer, options(nomem, nostack, preserves_flags));
            #[cfg(target_arch = "aarch64")]
            std::arch::asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags));
        }
        pointer
    }
    #[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri))))]
    0
}

/// A handler's address as it stands in the first word of a cell.
pub(crate) fn handler_word(handler: Handler) -> u64 {
    handler as usize as u64
}

#[cfg(pirn_tail)]
#[allow(improper_ctypes_definitions, reason = "handlers call each other only")]
mod tail {
    use super::{Flow, InstanceHead, Machine, Stmt, Trap, Vector, cell_bytes};

    /// Expands once for each ABI: the only place where the argument list is written.
    macro_rules! contract {
        ($abi:literal, $($register:ident: $ty:ty),*) => {
            /// A handler.
            pub(crate) type Handler = unsafe extern $abi fn($($ty),*) -> u64;

            /// Jumps to the cell at `m.ip`.
            #[inline(always)]
            unsafe fn dispatch(m: Machine) -> u64 {
                // SAFETY: the first word of a cell is a handler's address.
                unsafe {
                    let handler = m.ip.cast::<Handler>().read();
                    handler($(m.$register),*)
                }
            }

            /// Statements have handlers. The compiler puts a trait's function where the type of `Self` is defined, and so
            /// makes more than one codegen unit of them.
            pub(crate) trait Handle: Stmt {
                /// The handler.
                ///
                /// # Safety
                /// That of [`Stmt::run`].
                unsafe extern $abi fn handler($($register: $ty),*) -> u64 {
                    let m = Machine { $($register),* };
                    // SAFETY: the caller's; each arm leaves by a jump to a function that asks for the same.
                    unsafe {
                        match Self::run(m, 8) {
                            Flow::Next(mut m) => {
                                m.ip = m.ip.byte_add(cell_bytes(Self::LEN));
                                dispatch(m)
                            }
                            Flow::Jump(m) => dispatch(m),
                            Flow::Trap(mut m, trap) => {
                                m.r0 = trap as u64;
                                trapped($(m.$register),*)
                            }
                            Flow::Other(m, handler) => handler($(m.$register),*),
                            Flow::Stop(m) => stopped($(m.$register),*),
                        }
                    }
                }
            }

            impl<S: Stmt> Handle for S {}

            #[cold]
            #[inline(never)]
            unsafe extern $abi fn trapped($($register: $ty),*) -> u64 {
                let m = Machine { $($register),* };
                // SAFETY: `handler` put a trap's code in `r0`.
                unsafe {
                    m.record_trap(Trap::from_code(m.r0 as u8));
                    stopped($(m.$register),*)
                }
            }

            /// Returns to [`run`]. What it returns is read from memory: were it a constant, LLVM would turn the jumps to
            /// it into calls followed by that constant.
            #[cold]
            #[inline(never)]
            unsafe extern $abi fn stopped($($register: $ty),*) -> u64 {
                let m = Machine { $($register),* };
                // SAFETY: `inst` is live.
                unsafe { (&raw const (*m.inst).mem_limits[0]).read_volatile() }
            }

            /// Runs from `m` until something stops.
            ///
            /// # Safety
            /// That of [`Stmt::run`], for the cell at `m.ip`.
            pub(crate) unsafe fn run(m: Machine) {
                // SAFETY: the caller's.
                unsafe { dispatch(m) };
            }
        };
    }

    #[cfg(target_arch = "x86_64")]
    contract! {
        "sysv64", ip: *const u64, fp: *mut u64, inst: *mut InstanceHead, r0: u64, link: *const u64, v0: Vector
    }
    #[cfg(target_arch = "aarch64")]
    contract! {
        "C", ip: *const u64, fp: *mut u64, inst: *mut InstanceHead, r0: u64, link: *const u64, v0: Vector
    }
}
#[cfg(pirn_tail)]
pub(crate) use tail::{Handle, Handler, run};

#[cfg(not(pirn_tail))]
mod portable {
    use super::{Flow, Machine, Stmt, cell_bytes};

    /// A handler: whether to go on.
    pub(crate) type Handler = unsafe fn(&mut Machine) -> bool;

    /// Statements have handlers.
    pub(crate) trait Handle: Stmt {
        /// The handler.
        ///
        /// # Safety
        /// That of [`Stmt::run`].
        unsafe fn handler(machine: &mut Machine) -> bool {
            // SAFETY: the caller's.
            unsafe {
                match Self::run(*machine, 8) {
                    Flow::Next(mut m) => {
                        m.ip = m.ip.byte_add(cell_bytes(Self::LEN));
                        *machine = m;
                        true
                    }
                    Flow::Jump(m) => {
                        *machine = m;
                        true
                    }
                    Flow::Trap(m, trap) => {
                        m.record_trap(trap);
                        false
                    }
                    Flow::Other(m, handler) => {
                        *machine = m;
                        handler(machine)
                    }
                    Flow::Stop(m) => {
                        *machine = m;
                        false
                    }
                }
            }
        }
    }

    impl<S: Stmt> Handle for S {}

    /// Runs from `m` until something stops.
    ///
    /// # Safety
    /// That of [`Stmt::run`], for the cell at `m.ip`.
    pub(crate) unsafe fn run(mut m: Machine) {
        // SAFETY: the first word of a cell is a handler's address, which `handler_word` exposed; the rest is the caller's.
        unsafe {
            loop {
                let address = std::ptr::with_exposed_provenance::<()>(m.ip.read() as usize);
                let handler = std::mem::transmute::<*const (), Handler>(address);
                #[cfg(feature = "profile")]
                crate::probes::profile::count(m.ip as usize, handler as usize);
                if !handler(&mut m) {
                    return;
                }
            }
        }
    }
}
#[cfg(not(pirn_tail))]
pub(crate) use portable::{Handle, Handler, run};
