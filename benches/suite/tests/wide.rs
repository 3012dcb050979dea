//! The kernels with wide arithmetic, computed once more, another way: what `case::wide_kernels` calls right is what comes out
//! here.

use pirn_suite::{Job, case};
use std::cmp::Ordering;

/// As in `bignum.rs`.
struct Noise(u32);

impl Noise {
    fn number<const N: usize>(&mut self) -> [u64; N] {
        std::array::from_fn(|_| {
            (0..4).fold(0, |limb, part| {
                self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                limb | u64::from(self.0 >> 8 & 0xffff) << (16 * part)
            })
        })
    }
}

fn sum(limbs: &[u64]) -> i64 {
    limbs.iter().fold(0, |sum: u64, &limb| (sum ^ limb).wrapping_mul(0x0100_0000_01b3)) as i64
}

/// The product, column by column: each is a sum of 192 bits.
fn product(a: &[u64], b: &[u64]) -> Vec<u64> {
    let (mut low, mut high) = (0_u128, 0_u64);
    (0..a.len() + b.len())
        .map(|column| {
            for i in column.saturating_sub(b.len() - 1)..a.len().min(column + 1) {
                let (sum, carry) = low.overflowing_add(u128::from(a[i]) * u128::from(b[column - i]));
                (low, high) = (sum, high + u64::from(carry));
            }
            let limb = low as u64;
            (low, high) = (low >> 64 | u128::from(high) << 64, 0);
            limb
        })
        .collect()
}

fn multiply(n: usize) -> i64 {
    let mut noise = Noise(1);
    let (mut a, b): ([u64; 64], [u64; 64]) = (noise.number(), noise.number());
    let mut last = Vec::new();
    for _ in 0..n {
        last = product(&a, &b);
        a.copy_from_slice(&last[32..96]);
    }
    sum(&last)
}

/// Halves `number` modulo `modulus`, which is odd.
fn halve(number: &mut [u64], modulus: &[u64]) {
    let mut carry = 0;
    if number[0] & 1 == 1 {
        for (i, limb) in number.iter_mut().enumerate() {
            let sum = u128::from(*limb) + u128::from(modulus.get(i).copied().unwrap_or(0)) + carry;
            (*limb, carry) = (sum as u64, sum >> 64);
        }
    }
    let mut above = carry as u64;
    for limb in number.iter_mut().rev() {
        (*limb, above) = (*limb >> 1 | above << 63, *limb & 1);
    }
}

/// `a * b / 2^2048`, modulo `modulus`: halved bit by bit.
fn montgomery(a: &[u64], b: &[u64], modulus: &[u64]) -> Vec<u64> {
    let mut number = product(a, b);
    (0..2048).for_each(|_| halve(&mut number, modulus));
    let (low, high) = number.split_at(modulus.len());
    let less = |a: &[u64], b: &[u64]| a.iter().rev().cmp(b.iter().rev()) == Ordering::Less;
    if high.iter().all(|&limb| limb == 0) && less(low, modulus) {
        return low.to_vec();
    }
    let mut borrow = false;
    low.iter()
        .zip(modulus)
        .map(|(&a, &b)| {
            let (difference, first) = a.overflowing_sub(b);
            let (difference, second) = difference.overflowing_sub(borrow.into());
            borrow = first || second;
            difference
        })
        .collect()
}

fn power(n: usize) -> i64 {
    let mut noise = Noise(1);
    let (mut modulus, mut base): ([u64; 32], [u64; 32]) = (noise.number(), noise.number());
    modulus[0] |= 1;
    modulus[31] |= 1 << 63;
    base[31] &= !(1 << 63);
    let mut checksum = 0_u64;
    for round in 0..n as u64 {
        let exponent = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(2 * round + 1) | 1 << 63;
        let mut power = base.to_vec();
        for bit in (0..63).rev() {
            power = montgomery(&power, &power, &modulus);
            if exponent >> bit & 1 == 1 {
                power = montgomery(&power, &base, &modulus);
            }
        }
        checksum = power.iter().fold(checksum, |sum, &limb| (sum ^ limb).wrapping_mul(0x0100_0000_01b3));
    }
    checksum as i64
}

#[test]
fn answers_are_right() {
    for (wide, narrow) in case::wide_kernels().unwrap() {
        let Job::Kernel(n) = wide.job else { panic!("{} is no kernel", wide.name) };
        let right = match wide.name.as_str() {
            "wide/multiply" => multiply(n as usize),
            "wide/power" => power(n as usize),
            other => panic!("no kernel {other}"),
        };
        assert_eq!([wide.right, narrow.right], [Some(right); 2], "{}", wide.name);
    }
}
