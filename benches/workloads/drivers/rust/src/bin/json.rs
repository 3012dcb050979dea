//! simd-json: parses a document of argument 1 records, argument 2 times, and adds up what is in it.

use programs::{Noise, number};
use simd_json::prelude::*;
use std::fmt::Write;

fn main() {
    let mut noise = Noise(3);
    let mut text = String::from("[");
    for id in 0..number(1) {
        let comma = if id == 0 { "" } else { ",\n  " };
        let (x, y) = (noise.next(), noise.next() % 1000);
        let words = [
            "interpreter",
            "naïve café",
            "line\\nbreak \\\"quoted\\\"",
            "数独と囲碁",
            "a longer text, such as descriptions are",
        ];
        let word = words[y as usize % words.len()];
        let _ = write!(
            text,
            r#"{comma}{{"id": {id}, "name": "{word} {x:x}", "position": [{}.{y}, -{y}.25, 1e{}], "active": {}, "parent": null, "tags": ["{word}", "{y}"]}}"#,
            x % 512,
            y % 9,
            x % 2 == 0,
        );
    }
    text.push(']');

    let (mut ids, mut letters, mut active, mut sum) = (0u64, 0, 0, 0.0f64);
    for _ in 0..number(2) {
        let mut bytes = text.clone().into_bytes();
        let value = simd_json::to_borrowed_value(&mut bytes).expect("it is valid");
        for record in value.as_array().expect("it is an array") {
            ids += record.get_u64("id").unwrap_or(0);
            letters += record.get_str("name").map_or(0, |name| name.chars().count());
            active += usize::from(record.get_bool("active") == Some(true));
            for number in record.get_array("position").into_iter().flatten() {
                sum += number.cast_f64().unwrap_or(0.0);
            }
        }
    }
    println!("{} bytes, ids {ids}, letters {letters}, active {active}, sum {sum}", text.len());
}
