//! sha2: SHA-256 and SHA-512 of the file of argument 1, argument 2 times over.

use programs::{file, number};
use sha2::{Digest, Sha256, Sha512};

fn main() {
    let bytes = file(1);
    let (mut small, mut large) = (Sha256::new(), Sha512::new());
    for _ in 0..number(2) {
        small.update(&bytes);
        large.update(&bytes);
    }
    for byte in small.finalize().iter().chain(large.finalize().iter()) {
        print!("{byte:02x}");
    }
    println!();
}
