//! pulldown-cmark: makes HTML of the file of argument 1, argument 2 times.

use programs::{checksum, file, number};
use pulldown_cmark::{Options, Parser, html};

fn main() {
    let text = String::from_utf8(file(1)).expect("it is text");
    let mut page = String::new();
    for _ in 0..number(2) {
        page.clear();
        html::push_html(&mut page, Parser::new_ext(&text, Options::all()));
    }
    println!("{} bytes {:016x}", page.len(), checksum(page.as_bytes()));
}
