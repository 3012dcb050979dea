//! comrak: makes HTML of the file of argument 1, argument 2 times, with GitHub's extensions.

use comrak::{Options, markdown_to_html};
use programs::{checksum, file, number};

fn main() {
    let text = String::from_utf8(file(1)).expect("it is text");
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    let mut page = String::new();
    for _ in 0..number(2) {
        page = markdown_to_html(&text, &options);
    }
    println!("{} bytes {:016x}", page.len(), checksum(page.as_bytes()));
}
