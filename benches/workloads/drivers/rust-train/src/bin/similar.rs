//! similar: compares the file of argument 1, its first argument 2 bytes, with a changed copy, by lines and words.

use programs::{Noise, checksum, file, number};
use similar::{Algorithm, ChangeTag, TextDiff};

fn main() {
    let mut old = String::from_utf8_lossy(&file(1)).into_owned();
    old.truncate(number(2));
    let mut noise = Noise(13);
    let mut new = String::new();
    for line in old.lines() {
        match noise.next() % 10 {
            0 => {}
            1 => new.push_str(&format!("{line} // changed\n{line}\n")),
            _ => new.push_str(&format!("{line}\n")),
        }
    }
    for algorithm in [Algorithm::Myers, Algorithm::Patience] {
        let diff = TextDiff::configure().algorithm(algorithm).diff_lines(&old, &new);
        let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
        let text = diff.unified_diff().context_radius(2).to_string();
        println!("{} {} {:016x}", count(ChangeTag::Insert), count(ChangeTag::Delete), checksum(text.as_bytes()));
    }
    let words = TextDiff::from_words(&old[..old.len() / 8], &new[..new.len() / 8]);
    println!("{:.6}", words.ratio());
}
