//! simdutf8: validates the file of argument 1, which is ASCII, and text of many scripts, argument 2 times; and finds where
//! damaged text stops being valid.

use programs::{Noise, file, number};
use std::hint::black_box;

fn main() {
    let ascii = file(1);
    let mut noise = Noise(7);
    let mut mixed = String::new();
    while mixed.len() < 1 << 20 {
        let random = noise.next();
        let letter = match random >> 29 {
            0..=2 => 0x20 + (random & 63),
            3 | 4 => 0x400 + (random & 255),
            5 | 6 => 0x4e00 + (random & 0xfff),
            _ => 0x1f600 + (random & 63),
        };
        mixed.push(char::from_u32(letter).unwrap_or(' '));
    }
    let mut damaged = mixed.clone().into_bytes();
    let last = damaged.len() - 100;
    damaged[last] = 0xff;

    let mut valid = 0;
    let mut stops = Vec::new();
    for _ in 0..number(2) {
        valid += usize::from(simdutf8::basic::from_utf8(black_box(&ascii)).is_ok());
        valid += usize::from(simdutf8::basic::from_utf8(black_box(mixed.as_bytes())).is_ok());
        valid += usize::from(simdutf8::basic::from_utf8(black_box(&damaged)).is_ok());
        let stop = simdutf8::compat::from_utf8(black_box(&damaged)).err().map_or(0, |error| error.valid_up_to());
        stops.push(stop - last.min(stop));
    }
    stops.dedup();
    println!("{valid} {stops:?} {}", mixed.len());
}
