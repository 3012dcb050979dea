//! blake2, sha3 and crc32fast: hashes of the file of argument 1, its first argument 2 bytes.

use blake2::{Blake2b512, Blake2s256};
use programs::{file, number};
use sha3::{Digest, Keccak256, Sha3_512};

fn print(hash: &[u8]) {
    println!("{}", hex::encode(hash));
}

fn main() {
    let mut text = file(1);
    text.truncate(number(2));
    print(&Blake2b512::digest(&text));
    print(&Blake2s256::digest(&text));
    print(&Sha3_512::digest(&text));
    print(&Keccak256::digest(&text[..text.len() / 2]));
    println!("{:08x}", crc32fast::hash(&text));
}
