//! Raises a number to a power of 64 bits modulo one of 2,048 bits, by Montgomery's multiplication, operand by operand.
#![no_std]
#![allow(dead_code, reason = "each kernel needs some of it")]
include!("bignum.rs");

const LIMBS: usize = 2048 / BITS;
type Number = [Limb; LIMBS];

static mut MODULUS: Number = [0; LIMBS];
static mut BASE: Number = [0; LIMBS];
static mut POWER: Number = [0; LIMBS];
static mut SUM: [Limb; LIMBS + 2] = [0; LIMBS + 2];

/// `a * b / 2^2048`, modulo `modulus`.
fn multiply(to: &mut Number, a: &Number, b: &Number, modulus: &Number, inverse: Limb, t: &mut [Limb; LIMBS + 2]) {
    t.fill(0);
    for i in 0..LIMBS {
        let mut carry = 0;
        for j in 0..LIMBS {
            t[j] = multiply_add(t[j], a[j], b[i], &mut carry);
        }
        let mut top = 0;
        t[LIMBS] = add(t[LIMBS], carry, &mut top);
        t[LIMBS + 1] = top;
        let factor = t[0].wrapping_mul(inverse);
        let mut carry = 0;
        multiply_add(t[0], factor, modulus[0], &mut carry);
        for j in 1..LIMBS {
            t[j - 1] = multiply_add(t[j], factor, modulus[j], &mut carry);
        }
        let mut top = 0;
        t[LIMBS - 1] = add(t[LIMBS], carry, &mut top);
        t[LIMBS] = t[LIMBS + 1] + top;
    }
    let mut borrow = 0;
    for j in 0..LIMBS {
        to[j] = subtract(t[j], modulus[j], &mut borrow);
    }
    if borrow > t[LIMBS] {
        to.copy_from_slice(&t[..LIMBS]);
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let (modulus, base, power, t) =
        unsafe { (&mut *&raw mut MODULUS, &mut *&raw mut BASE, &mut *&raw mut POWER, &mut *&raw mut SUM) };
    let mut noise = Noise(1);
    noise.fill(modulus);
    noise.fill(base);
    modulus[0] |= 1;
    modulus[LIMBS - 1] |= 1 << (BITS - 1);
    base[LIMBS - 1] &= !(1 << (BITS - 1));
    // Newton's method: each round has twice as many bits right.
    let mut inverse: Limb = 1;
    for _ in 0..6 {
        inverse = inverse.wrapping_mul((2 as Limb).wrapping_sub(modulus[0].wrapping_mul(inverse)));
    }
    let inverse = inverse.wrapping_neg();
    let mut checksum = 0;
    for round in 0..n {
        let exponent = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(2 * round as u64 + 1) | 1 << 63;
        power.copy_from_slice(base);
        let mut next = [0; LIMBS];
        for bit in (0..63).rev() {
            multiply(&mut next, power, power, modulus, inverse, t);
            power.copy_from_slice(&next);
            if exponent >> bit & 1 == 1 {
                multiply(&mut next, power, base, modulus, inverse, t);
                power.copy_from_slice(&next);
            }
        }
        checksum = sum(checksum, power);
    }
    checksum as i64
}
