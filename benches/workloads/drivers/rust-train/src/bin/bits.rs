//! bitvec and smallvec: sieves, sets and short lists, up to argument 1.

use bitvec::prelude::*;
use programs::{Noise, number};
use smallvec::SmallVec;

fn main() {
    let limit = number(1);
    let mut sieve = bitvec![1; limit];
    sieve[..2].fill(false);
    let mut next = 2;
    while next * next < limit {
        if sieve[next] {
            (next * next..limit).step_by(next).for_each(|at| sieve.set(at, false));
        }
        next += 1;
    }
    println!("{} {:?}", sieve.count_ones(), sieve.last_one());
    let mut noise = Noise(15);
    let mut bytes = BitVec::<u8, Msb0>::new();
    for _ in 0..limit / 16 {
        let x = noise.next();
        bytes.extend_from_bitslice(&x.view_bits::<Lsb0>()[..(x as usize >> 27).max(1)]);
    }
    println!("{} {}", bytes.len(), bytes.chunks(11).map(|chunk| usize::from(chunk.load_be::<u16>())).sum::<usize>());
    let mut lists: Vec<SmallVec<[u16; 4]>> = vec![SmallVec::new(); 257];
    for _ in 0..limit {
        let x = noise.next();
        let list = &mut lists[x as usize % 257];
        if list.len() > 9 {
            list.retain(|part| *part & 1 == 0);
            list.sort_unstable();
            list.truncate(3);
        }
        list.insert(list.len() / 2, (x >> 16) as u16);
    }
    println!("{}", lists.iter().flatten().map(|&part| u64::from(part)).sum::<u64>());
}
