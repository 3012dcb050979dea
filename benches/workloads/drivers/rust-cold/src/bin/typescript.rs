//! dprint-plugin-typescript: formats the file of argument 1, once, as the tool does with a file that is saved.

use dprint_plugin_typescript::configuration::ConfigurationBuilder;
use dprint_plugin_typescript::{FormatTextOptions, format_text};
use programs::{checksum, file};
use std::path::Path;

fn main() {
    let text = String::from_utf8(file(1)).expect("it is text");
    let config = ConfigurationBuilder::new().line_width(80).build();
    let path = Path::new("input.js");
    let options = FormatTextOptions { path, extension: None, text, config: &config, external_formatter: None };
    let formatted = format_text(options).expect("it can be parsed").expect("it changes");
    println!("{} bytes {:016x}", formatted.len(), checksum(formatted.as_bytes()));
}
