// Large numbers: limbs of 64 bits and products of 128 with wide arithmetic, limbs of 32 bits and products of 64 without, which
// is the quickest that there is then.

#[cfg(limbs64)]
pub type Limb = u64;
#[cfg(limbs64)]
type Double = u128;
#[cfg(not(limbs64))]
pub type Limb = u32;
#[cfg(not(limbs64))]
type Double = u64;

pub const BITS: usize = Limb::BITS as usize;

/// `t + a * b + carry`; the high half becomes the carry.
#[inline(always)]
pub fn multiply_add(t: Limb, a: Limb, b: Limb, carry: &mut Limb) -> Limb {
    let sum = Double::from(a) * Double::from(b) + Double::from(t) + Double::from(*carry);
    *carry = (sum >> BITS) as Limb;
    sum as Limb
}

/// `a + b + carry`, as above.
#[inline(always)]
pub fn add(a: Limb, b: Limb, carry: &mut Limb) -> Limb {
    let sum = Double::from(a) + Double::from(b) + Double::from(*carry);
    *carry = (sum >> BITS) as Limb;
    sum as Limb
}

/// `a - b - borrow`; the borrow becomes 0 or 1.
#[inline(always)]
pub fn subtract(a: Limb, b: Limb, borrow: &mut Limb) -> Limb {
    let difference = Double::from(a).wrapping_sub(Double::from(b)).wrapping_sub(Double::from(*borrow));
    *borrow = (difference >> BITS) as Limb & 1;
    difference as Limb
}

/// Numbers that look random, the same whatever a limb is.
pub struct Noise(pub u32);

impl Noise {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8 & 0xffff
    }

    pub fn fill(&mut self, limbs: &mut [Limb]) {
        for limb in limbs {
            *limb = 0;
            for part in 0..BITS / 16 {
                *limb |= Limb::from(self.next() as u16) << (16 * part);
            }
        }
    }
}

/// A checksum, the same whatever a limb is.
pub fn sum(mut sum: u64, limbs: &[Limb]) -> u64 {
    for limbs in limbs.chunks(64 / BITS) {
        let word = limbs.iter().rev().fold(0, |word: u64, &limb| word.checked_shl(BITS as u32).unwrap_or(0) | limb as u64);
        sum = (sum ^ word).wrapping_mul(0x0100_0000_01b3);
    }
    sum
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
