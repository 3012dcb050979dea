//! miniz_oxide: compresses the file of argument 1, its first argument 2 bytes, and back.

use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec};
use programs::{checksum, file, number};

fn main() {
    let mut text = file(1);
    text.truncate(number(2));
    for level in [1, 6] {
        let small = compress_to_vec(&text, level);
        let same = decompress_to_vec(&small).expect("it is whole") == text;
        println!("{} bytes {:016x} {same}", small.len(), checksum(&small));
    }
}
