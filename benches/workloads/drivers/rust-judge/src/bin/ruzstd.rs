//! ruzstd: compresses the file of argument 1, and back, argument 2 times.

use programs::{checksum, file, number};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::Read;

fn main() {
    let text = file(1);
    let small = compress_to_vec(&text[..], CompressionLevel::Fastest);
    println!("{} bytes {:016x}", small.len(), checksum(&small));
    for _ in 0..number(2) {
        let mut back = Vec::new();
        StreamingDecoder::new(&small[..]).expect("it is a frame").read_to_end(&mut back).expect("it is whole");
        println!("{}", back == text);
    }
}
