//! Multiplies numbers of 4,096 bits, row by row, and goes on with the middle of what comes out.
#![no_std]
#![allow(dead_code, reason = "each kernel needs some of it")]
include!("bignum.rs");

const LIMBS: usize = 4096 / BITS;

static mut A: [Limb; LIMBS] = [0; LIMBS];
static mut B: [Limb; LIMBS] = [0; LIMBS];
static mut PRODUCT: [Limb; 2 * LIMBS] = [0; 2 * LIMBS];

fn multiply(product: &mut [Limb; 2 * LIMBS], a: &[Limb; LIMBS], b: &[Limb; LIMBS]) {
    product.fill(0);
    for i in 0..LIMBS {
        let mut carry = 0;
        for j in 0..LIMBS {
            product[i + j] = multiply_add(product[i + j], a[i], b[j], &mut carry);
        }
        product[i + LIMBS] = carry;
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let (a, b, product) = unsafe { (&mut *&raw mut A, &mut *&raw mut B, &mut *&raw mut PRODUCT) };
    let mut noise = Noise(1);
    noise.fill(a);
    noise.fill(b);
    for _ in 0..n {
        multiply(product, a, b);
        a.copy_from_slice(&product[LIMBS / 2..][..LIMBS]);
    }
    sum(0, product) as i64
}
