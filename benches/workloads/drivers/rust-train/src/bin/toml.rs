//! toml: parses a document of argument 1 tables, changes it, and writes it.

use programs::{Noise, checksum, number};
use std::fmt::Write;
use toml::{Table, Value};

fn main() {
    let mut noise = Noise(6);
    let mut text = String::from("title = \"crates\"\n");
    for index in 0..number(1) {
        let (x, y) = (noise.next(), noise.next() % 100);
        let _ = write!(
            text,
            "[package.crate-{index}]\nversion = \"{}.{y}.0\"\nfeatures = [\"std\", 'alloc', \"\\u00e9{x:x}\"]\n\
             dependencies = {{ serde = \"1.{y}\", other = {{ path = \"../{x}\", optional = true }} }}\n\
             size = {x}\nratio = {y}.25\n\n",
            x % 5,
        );
    }
    let mut table: Table = text.parse().expect("it is valid");
    let mut total = 0;
    if let Some(Value::Table(packages)) = table.get_mut("package") {
        for (_, package) in packages.iter_mut() {
            total += package["size"].as_integer().unwrap_or(0);
            if let Some(package) = package.as_table_mut() {
                package.remove("ratio");
            }
        }
    }
    let written = toml::to_string(&table).expect("it can be written");
    println!("{} bytes, total {total}, {} bytes {:016x}", text.len(), written.len(), checksum(written.as_bytes()));
}
