//! base64-simd: encodes and decodes the file of argument 1, argument 2 times, in the usual alphabet and in that of URLs.

use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use programs::{checksum, file, number};
use std::hint::black_box;

fn main() {
    let bytes = file(1);
    let mut sums = [0; 2];
    for _ in 0..number(2) {
        for (codec, sum) in [STANDARD, URL_SAFE_NO_PAD].iter().zip(&mut sums) {
            let text = codec.encode_to_string(black_box(&bytes[..]));
            let back = codec.decode_to_vec(text.as_bytes()).expect("it was encoded");
            assert!(back == bytes);
            *sum = text.len() as u64 ^ checksum(&text.as_bytes()[text.len() - 4096..]);
        }
    }
    println!("{:x?} {:x}", sums, checksum(&bytes));
}
