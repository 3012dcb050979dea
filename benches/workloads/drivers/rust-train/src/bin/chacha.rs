//! chacha20poly1305: seals and opens the first argument 2 bytes of the file of argument 1.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, XChaCha20Poly1305};
use programs::{checksum, file, number};

fn main() {
    let mut text = file(1);
    text.truncate(number(2));
    let cipher = ChaCha20Poly1305::new(&[7; 32].into());
    let sealed = cipher.encrypt(&[9; 12].into(), &text[..]).expect("it fits");
    let same = cipher.decrypt(&[9; 12].into(), &sealed[..]).expect("it is whole") == text;
    println!("{:016x} {same}", checksum(&sealed));
    let cipher = XChaCha20Poly1305::new(&[8; 32].into());
    println!("{:016x}", checksum(&cipher.encrypt(&[1; 24].into(), &text[..]).expect("it fits")));
}
