//! ed25519-dalek: signs and verifies argument 1 messages.

use ed25519_dalek::{Signer, SigningKey};
use programs::checksum;

fn main() {
    let key = SigningKey::from_bytes(&[0x24; 32]);
    for round in 0..programs::number(1) {
        let message = format!("message {round}");
        let signature = key.sign(message.as_bytes());
        let right = key.verifying_key().verify_strict(message.as_bytes(), &signature).is_ok();
        println!("{:016x} {right}", checksum(&signature.to_bytes()));
    }
}
