//! num-bigint: argument 1 digits of pi, a power, a root and greatest common divisors.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};
use programs::{checksum, number};

/// Gibbons' spigot.
fn pi(digits: usize) -> String {
    let mut text = String::new();
    let (mut q, mut r, mut t, mut k, mut n, mut l) =
        (BigInt::one(), BigInt::zero(), BigInt::one(), 1u32, BigInt::from(3), 3u32);
    while text.len() < digits {
        if &q * 4 + &r - &t < &n * &t {
            text.push_str(&n.to_string());
            let next = (&r - &n * &t) * 10;
            n = (&q * 3 + &r) * 10 / &t - &n * 10;
            q *= 10;
            r = next;
        } else {
            let next = (&q * 2 + &r) * l;
            n = (&q * (7 * k) + 2 + &r * l) / (&t * l);
            q *= k;
            t *= l;
            l += 2;
            k += 1;
            r = next;
        }
    }
    text
}

fn main() {
    println!("{:016x}", checksum(pi(number(1)).as_bytes()));
    let power = BigUint::from(3u32).pow(6000);
    println!("{} bits, {:016x}", power.bits(), checksum(power.to_string().as_bytes()));
    println!("{:016x}", checksum(&power.sqrt().to_bytes_le()));
    let prime = (BigUint::one() << 521u32) - 1u32;
    println!("{:016x}", checksum(&BigUint::from(7u32).modpow(&(&prime - 2u32), &prime).to_bytes_le()));
    let (mut a, mut sum) = (power, 0u64);
    while !a.is_zero() {
        sum += a.gcd(&prime).to_u64().unwrap_or(1) + a.mod_floor(&BigUint::from(1_000_003u32)).to_u64().unwrap_or(0);
        a >>= 97;
    }
    println!("{sum}");
}
