//! jaq: filters in jq's language over a document of argument 1 records.

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};
use programs::{Noise, checksum, number};
use std::fmt::Write;

const FILTERS: [&str; 5] = [
    "[.[] | select(.active) | .position[0]] | add",
    "group_by(.name) | map({name: .[0].name, most: (map(.id) | max), count: length})",
    "map(.tags |= map(ascii_upcase) | .sum = (.position | add)) | sort_by(.sum) | .[:20]",
    "[limit(200; .[] | .name | split(\"\") | reverse | join(\"\"))] | unique",
    "reduce range(2000) as $i (0; . + ($i * $i % 7)) , ([paths] | length)",
];

fn main() {
    let mut noise = Noise(33);
    let mut text = String::from("[");
    for id in 0..number(1) {
        let (x, y) = (noise.next(), noise.next() % 100);
        let comma = if id == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"id": {id}, "name": "name {y}", "position": [{}.5, -{y}], "active": {}, "tags": ["a{y}", "longer"]}}"#,
            x % 512,
            x % 2 == 0,
        );
    }
    text.push(']');
    for code in FILTERS {
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let arena = Arena::default();
        let modules = Loader::new(definitions).load(&arena, File { code, path: () }).ok().expect("it is valid");
        let filter = Compiler::default().with_funs(functions).compile(modules).ok().expect("it is valid");
        let input = read::parse_single(text.as_bytes()).expect("it is valid");
        let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
        for output in filter.id.run((context, input)).map(unwrap_valr) {
            let output = output.ok().expect("no error").to_string();
            println!("{} bytes {:016x}", output.len(), checksum(output.as_bytes()));
        }
    }
}
