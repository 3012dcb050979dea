//! roaring: sets of argument 1 numbers, joined, cut, written and read.

use programs::{Noise, checksum, number};
use roaring::{RoaringBitmap, RoaringTreemap};

fn main() {
    let count = number(1);
    let mut noise = Noise(31);
    let sparse: RoaringBitmap = (0..count).map(|_| noise.next() >> 8).collect();
    let dense: RoaringBitmap = (0..count).map(|_| noise.next() >> 14).collect();
    let mut runs = RoaringBitmap::new();
    for _ in 0..count / 100 {
        let start = noise.next() >> 9;
        runs.insert_range(start..start + (noise.next() >> 21));
    }
    let all = [&sparse | &dense, &sparse & &runs, &dense - &runs, &dense ^ &sparse];
    for set in &all {
        let mut bytes = Vec::new();
        set.serialize_into(&mut bytes).expect("it is in memory");
        let back = RoaringBitmap::deserialize_from(&bytes[..]).expect("it was written so");
        println!("{} {:016x} {}", set.len(), checksum(&bytes), back == *set);
    }
    let mut sum = 0u64;
    for round in 0..count as u32 {
        let x = noise.next() >> 10;
        sum += u64::from(dense.contains(x)) + dense.rank(x) + u64::from(sparse.select(round % 1000).unwrap_or(0));
    }
    let wide: RoaringTreemap = all[0].iter().map(|x| u64::from(x) * 0x1_0000_0101).collect();
    println!("{sum} {} {}", wide.len(), wide.iter().fold(0, |sum: u64, x| sum.rotate_left(1) ^ x));
}
