//! rust_decimal: interest, taxes and roots, argument 1 rounds.

use programs::{Noise, number};
use rust_decimal::prelude::*;

fn main() {
    let mut noise = Noise(21);
    let mut balance = Decimal::new(100_000, 2);
    let mut total = Decimal::ZERO;
    let mut letters = 0;
    for _ in 0..number(1) {
        let rate = Decimal::new(i64::from(noise.next() % 900), 4);
        let paid = (balance * rate / Decimal::from(12)).round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
        balance = balance + paid - Decimal::new(i64::from(noise.next() % 5000), 2);
        if balance < Decimal::ONE {
            balance = Decimal::new(123_456_789, 3);
        }
        let text = (balance / Decimal::new(7, 1)).to_string();
        letters += text.len();
        total += Decimal::from_str(&text).expect("it was written so").trunc() % Decimal::from(1000);
        balance = balance.round_dp(4);
    }
    println!("{balance} {total} {letters}");
}
