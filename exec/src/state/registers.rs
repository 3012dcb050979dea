//! The registers: what a running program keeps in the processor's own.
//!
//! They travel in the arguments of handlers ([`crate::handlers::dispatch`]), and fit the argument registers of the
//! System V ABI, so nothing is spilt. `for_each_register!` is the only list of them; everything else that names all of
//! them is made from it.

use crate::state::instance::InstanceHead;
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;

#[cfg(target_arch = "aarch64")]
type RawVector = std::arch::aarch64::float32x4_t;
#[cfg(target_arch = "x86_64")]
type RawVector = std::arch::x86_64::__m128;
#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
type RawVector = [u64; 2];

/// A vector register; floats lie in its lowest lane, and the other lanes need not be initialised.
pub(crate) type Vector = MaybeUninit<RawVector>;

/// Hands the list of registers to a macro, behind what the macro wants in front of it.
macro_rules! for_each_register {
    ($macro:ident! $($before:tt)*) => {
        $macro! {
            $($before)*
            /// The running cell: handler address, then operand bytes.
            ip: *const u64,
            /// Word 0 of the frame.
            fp: *mut u64,
            /// The running instance's block.
            instance: *mut InstanceHead,
            /// Integer accumulator; every statement that sets an integer leaves it here too.
            r0: u64,
            /// Where the running function returns to; its caller's is in its frame's header.
            link: *const u64,
            /// Float accumulator, as `r0`.
            v0: Vector
        }
    };
}
#[cfg(pirn_tail)]
pub(crate) use for_each_register;

macro_rules! define {
    ($($(#[$doc:meta])* $register:ident: $ty:ty),*) => {
        /// The whole state of an execution between two cells. Handlers call it `m`.
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct Registers {
            $($(#[$doc])* pub(crate) $register: $ty,)*
            /// Spares the compiler work, and does nothing else. rustc does not mark a `&mut` as `noalias` if its type is not `Unpin`; with that mark,
            /// LLVM takes notes about every access in what it inlines into a handler (EXPERIMENTS.md, "What LLVM is given"). A `&mut Registers`
            /// has no aliases all the same. What holds registers is not `Unpin` either.
            pub(crate) _no_noalias: PhantomPinned,
        }
    };
}
for_each_register!(define!);

impl Registers {
    /// The state in which code is entered that returns to `link`.
    pub(crate) fn new(ip: *const u64, fp: *mut u64, instance: *mut InstanceHead, link: *const u64) -> Self {
        Self { ip, fp, instance, r0: 0, link, v0: Vector::zeroed(), _no_noalias: PhantomPinned }
    }

    /// The operand `at` bytes behind `ip`.
    ///
    /// # Safety
    /// `ip` is at a cell in which an operand of this type lies there.
    #[inline(always)]
    pub(crate) unsafe fn operand<T: Copy>(&self, at: usize) -> T {
        // SAFETY: a cell's operands are in the same allocation as the cell; wherever they lie, `load` takes them.
        unsafe { load(self.ip.byte_add(at).cast()) }
    }

    /// Goes to the cell at an address, a branch's operand, if a condition held.
    #[inline(always)]
    pub(crate) fn branch_if(&mut self, target: u64) {
        // Of two ways that both read where they lead, LLVM makes one that selects what it reads, and then nothing can be
        // fetched before the condition is known. An empty block of assembly is merged with nothing.
        #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
        // SAFETY: no instruction is in it.
        unsafe {
            std::arch::asm!("", options(nomem, nostack, preserves_flags));
        }
        self.branch(target);
    }

    /// Has LLVM take the integer accumulator for something that is used here, whole. In a loop of one cell that reads 32
    /// bits of it, LLVM would keep these from round to round, and extend them in each.
    #[inline(always)]
    pub(crate) fn use_accumulator(&self) {
        #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
        // SAFETY: no instruction is in it, only a comment.
        unsafe {
            std::arch::asm!("/* {0} */", in(reg) self.r0, options(nomem, nostack, preserves_flags));
        }
    }

    /// Goes to the cell at an address, a branch's operand.
    #[inline(always)]
    pub(crate) fn branch(&mut self, target: u64) {
        self.ip = std::ptr::with_exposed_provenance(target as usize);
    }

    /// The operands of a cell, from `at` bytes behind `ip` on.
    ///
    /// # Safety
    /// `ip` is at a cell in which those operands begin there that are read from what this gives, in their order.
    #[inline(always)]
    pub(crate) unsafe fn operands(&self, at: usize) -> Operands {
        // SAFETY: the operands are in the same allocation as the cell.
        Operands(unsafe { self.ip.byte_add(at).cast() })
    }

    /// Where slot `index` of the frame lies.
    ///
    /// # Safety
    /// `fp` is at a frame that has the slot, or ends there.
    #[inline(always)]
    pub(crate) unsafe fn slot(&self, index: u16) -> *mut u64 {
        // SAFETY: the frame lies whole on the stack (I7), which is one allocation.
        unsafe { self.fp.add(usize::from(index)) }
    }

    /// Writes the registers where execution stands still.
    ///
    /// # Safety
    /// `instance` is a live instance or the machine's own for the host, and so leads to the machine that runs.
    #[inline(always)]
    pub(crate) unsafe fn save(&self) {
        // SAFETY: that machine is live (I1), and its fields are nobody else's while it runs (I2).
        unsafe {
            (*(*self.instance).vm).saved = *self;
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
    // SAFETY: a `T` lies there, and a packed struct's alignment is 1.
    unsafe { (*place.cast::<Unaligned<T>>()).0 }
}

/// Writes a value at any address; not `write_unaligned`, as in [`load`].
///
/// # Safety
/// There is room for a `T`, and nothing refers to it.
#[inline(always)]
pub(crate) unsafe fn store<T: Copy>(place: *mut T, value: T) {
    // SAFETY: there is room, which nothing refers to, and a packed struct's alignment is 1.
    unsafe { (*place.cast::<Unaligned<T>>()).0 = value };
}

/// Where the next operand lies.
pub(crate) struct Operands(*const u8);

macro_rules! next_operand {
    ($ty:ident) => {
        #[inline(always)]
        fn $ty(&mut self) -> $ty {
            // SAFETY: `Registers::operands`, which made this, asked for it.
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
