//! serde_json: writes and parses a document of argument 1 records, argument 2 times.

use programs::{Noise, number};
use serde_json::{Value, json};

fn main() {
    let mut noise = Noise(5);
    let words = ["interpreter", "naïve café", "line\nbreak \"quoted\"", "数独と囲碁", "a longer text, such as descriptions are"];
    let records: Vec<Value> = (0..number(1))
        .map(|id| {
            let (x, y) = (noise.next(), noise.next() % 1000);
            json!({
                "id": id, "name": words[y as usize % words.len()], "position": [f64::from(x) / 64.0, -f64::from(y), 1e-3],
                "active": x % 2 == 0, "parent": null, "tags": [format!("{x:x}"), y],
            })
        })
        .collect();
    let mut value = Value::Array(records);
    let mut length = 0;
    for _ in 0..number(2) {
        let text = value.to_string();
        length += text.len();
        value = serde_json::from_str(&text).expect("it is valid");
    }
    let sum: f64 = value.as_array().into_iter().flatten().map(|record| record["position"][0].as_f64().unwrap_or(0.0)).sum();
    println!("{length} bytes, sum {sum}");
}
