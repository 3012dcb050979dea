//! memchr: looks for bytes and words in the file of argument 1, argument 2 times. Prints how often each was found.

use memchr::memmem::Finder;
use programs::{file, number};
use std::hint::black_box;

fn main() {
    let text = file(1);
    let mut found = [0usize; 8];
    for _ in 0..number(2) {
        let text = black_box(&text[..]);
        found = [
            memchr::memchr_iter(b'~', text).count(),
            memchr::memchr_iter(b'\n', text).fold(0, |sum, at| sum ^ at),
            memchr::memchr2_iter(b'@', b'^', text).count(),
            memchr::memchr3_iter(b'#', b'\\', b'%', text).count(),
            memchr::memrchr(b'\x01', text).map_or(0, |at| at),
            Finder::new("sqlite3_mutex_enter").find_iter(text).count(),
            Finder::new("return").find_iter(text).count(),
            Finder::new("no such text is in it").find_iter(text).count(),
        ];
    }
    println!("{found:?}");
}
