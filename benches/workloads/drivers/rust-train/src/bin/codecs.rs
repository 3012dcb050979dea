//! base64, hex and lexical-core: the file of argument 1 there and back, and numbers, argument 2 of them.

use base64::prelude::*;
use programs::{Noise, checksum, file, number};

fn main() {
    let bytes = file(1);
    let text = BASE64_STANDARD.encode(&bytes);
    println!("{:016x} {}", checksum(text.as_bytes()), BASE64_STANDARD.decode(&text).expect("it is valid") == bytes);
    let text = BASE64_URL_SAFE_NO_PAD.encode(&bytes);
    println!("{:016x} {}", checksum(text.as_bytes()), BASE64_URL_SAFE_NO_PAD.decode(&text).expect("it is valid") == bytes);
    let text = hex::encode(&bytes);
    println!("{:016x} {}", checksum(text.as_bytes()), hex::decode(&text).expect("it is valid") == bytes);
    let mut noise = Noise(14);
    let mut buffer = [0; lexical_core::BUFFER_SIZE];
    let (mut length, mut same, mut sum) = (0, true, 0);
    for _ in 0..number(2) {
        let bits = u64::from(noise.next()) << 32 | u64::from(noise.next());
        let float = f64::from_bits(bits >> 2 | 0x2000_0000_0000_0000);
        let text = lexical_core::write(float, &mut buffer);
        length += text.len();
        same &= lexical_core::parse::<f64>(text) == Ok(float);
        let text = lexical_core::write(bits as i64, &mut buffer);
        sum ^= lexical_core::parse::<i64>(text).unwrap_or(0);
    }
    println!("{length} {same} {sum}");
}
