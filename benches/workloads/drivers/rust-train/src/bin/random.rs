//! rand, rand_pcg and rand_chacha: numbers, choices and shuffles, argument 1 of each.

use programs::number;
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_pcg::{Pcg32, Pcg64};

fn sums(rng: &mut impl Rng, count: usize) {
    let mut list: Vec<u32> = (0..1000).collect();
    let (mut whole, mut part, mut inside) = (0u64, 0.0, 0);
    for _ in 0..count {
        whole += u64::from(rng.random_range(10..1_000_u32)) + rng.random_range(0..=7_u64);
        part += rng.random::<f64>();
        let (x, y) = (rng.random::<f32>(), rng.random::<f32>());
        inside += u32::from(x * x + y * y < 1.0) + u32::from(rng.random_bool(0.3));
    }
    for _ in 0..count / 1000 {
        list.shuffle(rng);
        whole += list.choose(rng).copied().map_or(0, u64::from);
    }
    println!("{whole} {part:.6} {inside} {:?}", &list[..4]);
}

fn main() {
    sums(&mut Pcg32::seed_from_u64(1), number(1));
    sums(&mut Pcg64::seed_from_u64(2), number(1));
    sums(&mut ChaCha8Rng::seed_from_u64(3), number(1));
}
