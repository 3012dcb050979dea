//! k256: signs and verifies argument 1 messages on the curve secp256k1.

use k256::ecdsa::signature::{Signer, Verifier};
use k256::ecdsa::{Signature, SigningKey};

fn main() {
    let key = SigningKey::from_slice(&[0x42; 32]).expect("it is a scalar");
    for round in 0..programs::number(1) {
        let message = format!("message {round}");
        let signature: Signature = key.sign(message.as_bytes());
        let right = key.verifying_key().verify(message.as_bytes(), &signature).is_ok();
        println!("{} {right}", hex::encode(signature.to_bytes()));
    }
}
