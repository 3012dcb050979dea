//! Vectors (spec 4.2.2): the value, and what each operator does with it in each set of instructions.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | [`V128`]; which sets of instructions this target has |
//! | `lanes.rs` | a vector as an array of numbers |
//! | `isa.rs` | the operators: their names and types, as a trait |
//! | `portable.rs` | the reference: lane by lane, as the specification says |
//! | `x86_64`, `aarch64` | the same by instructions of the processor |
//!
//! Handlers of operators are generic over the [set of instructions](isa::Isa): [`Base`] is what every processor of the
//! target has, [`Best`] what the handler table uses if the processor says that it has it.
//!
//! Bodies are inlined into handlers, which must end in a jump: so in the sets for processors, no address of a local
//! escapes, nothing is called, and few enough vectors are alive to stay in registers.
//!
//! # Safety
//!
//! One invariant, which SAFETY comments cite:
//!
//! - **V1: a set's instructions exist where its functions run.** Those of [`Base`] are of the target's baseline.
//!   Whoever runs code compiled for [`Best`] has asked [`has_best`] before: the handler table when it is made, tests when
//!   they begin.

pub(crate) mod isa;
mod lanes;
mod portable;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(test)]
mod tests;

#[cfg(any(test, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub(crate) use portable::Portable;

#[cfg(target_arch = "aarch64")]
use core::arch::aarch64::uint8x16_t as Raw;
#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::__m128i as Raw;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
type Raw = [u64; 2];

/// What every processor of the target has.
#[cfg(target_arch = "aarch64")]
pub(crate) type Base = aarch64::Neon;
#[cfg(target_arch = "x86_64")]
pub(crate) type Base = x86_64::Sse2;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) type Base = Portable;

/// What the better handlers are compiled for.
#[cfg(target_arch = "x86_64")]
pub(crate) type Best = x86_64::Avx2;
#[cfg(not(target_arch = "x86_64"))]
pub(crate) type Best = Base;

/// Whether this processor has what [`Best`] is made of (V1). A build with the feature `baseline` says that none has.
pub(crate) fn has_best() -> bool {
    #[cfg(all(target_arch = "x86_64", not(feature = "baseline"), not(miri)))]
    return std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(all(target_arch = "x86_64", not(feature = "baseline"), not(miri))))]
    false
}

/// 128 bits: what a vector register holds. Never a `u128`, which would travel in two integer registers.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct V128(Raw);

impl V128 {
    /// The vector of these bytes, lane 0 first.
    #[inline(always)]
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        // SAFETY: both are 16 bytes, and any bytes are a vector.
        Self(unsafe { core::mem::transmute::<[u8; 16], Raw>(bytes) })
    }

    /// Its bytes, lane 0 first.
    #[inline(always)]
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        // SAFETY: both are 16 bytes, and any bytes are an array of them.
        unsafe { core::mem::transmute::<Raw, [u8; 16]>(self.0) }
    }

    /// All bits 0.
    #[inline(always)]
    pub(crate) fn zero() -> Self {
        Self::from_bytes([0; 16])
    }
}

#[cfg(test)]
impl PartialEq for V128 {
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl core::fmt::Debug for V128 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:#034x}", u128::from_le_bytes(self.to_bytes()))
    }
}
