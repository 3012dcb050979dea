//! regex: looks for seven patterns in the file of argument 1. Prints how often each was found, and where.

use programs::file;
use regex::bytes::Regex;

fn main() {
    let text = file(1);
    for pattern in [
        r"[a-z]+_[a-z0-9]+\(",
        r"(?i)\bselect\b.{0,40}\bfrom\b",
        r"0x[0-9a-fA-F]+",
        r"/\*[^*]*\*/",
        r"(\w+)\s*=\s*(\w+)->(\w+)",
        r"#\s*define\s+(\w+)",
        r"(?m)^\s*(?:if|while|for)\s*\(.*\)\s*\{$",
    ] {
        let regex = Regex::new(pattern).expect("it is valid");
        let (mut found, mut sum) = (0, 0);
        for captures in regex.captures_iter(&text) {
            found += 1;
            sum += captures.iter().flatten().map(|part| part.start() ^ part.len()).sum::<usize>();
        }
        println!("{found} {sum}");
    }
}
