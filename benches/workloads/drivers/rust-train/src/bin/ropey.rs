//! ropey: argument 2 edits of the file of argument 1.

use programs::{Noise, checksum, file, number};
use ropey::Rope;

fn main() {
    let mut rope = Rope::from_str(&String::from_utf8_lossy(&file(1)));
    let mut noise = Noise(12);
    let mut sum = 0;
    for _ in 0..number(2) {
        let at = noise.next() as usize % rope.len_chars();
        match noise.next() >> 30 {
            0 => rope.insert(at, "inserted ünd so on\n"),
            1 => rope.remove(at..(at + 17).min(rope.len_chars())),
            2 => {
                let line = rope.char_to_line(at);
                sum += line ^ rope.line_to_byte(line) ^ rope.line(line).len_chars();
            }
            _ => sum += rope.slice(at..(at + 200).min(rope.len_chars())).chars().filter(|&letter| letter == 'e').count(),
        }
    }
    println!("{} {} {sum} {:016x}", rope.len_lines(), rope.len_chars(), checksum(rope.to_string().as_bytes()));
}
