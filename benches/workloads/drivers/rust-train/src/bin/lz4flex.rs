//! lz4_flex: compresses the file of argument 1, argument 2 times, and back.

use lz4_flex::block::{compress, decompress};
use programs::{checksum, file, number};

fn main() {
    let text = file(1);
    let mut sum = 0;
    for round in 0..number(2) {
        let small = compress(&text[round * 100..]);
        sum ^= checksum(&small) ^ small.len() as u64;
        let back = decompress(&small, text.len()).expect("it is whole");
        sum = sum.rotate_left(1) ^ checksum(&back);
    }
    println!("{sum:016x}");
}
