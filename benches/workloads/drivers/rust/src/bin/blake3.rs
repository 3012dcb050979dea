//! BLAKE3 of the file of argument 1, argument 2 times over.

use programs::{file, number};

fn main() {
    let bytes = file(1);
    let mut hasher = blake3::Hasher::new();
    for _ in 0..number(2) {
        hasher.update(&bytes);
    }
    println!("{}", hasher.finalize());
}
