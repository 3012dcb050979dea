//! aho-corasick: words of the file of argument 1, found in it.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use programs::file;
use std::collections::BTreeSet;

fn main() {
    let text = file(1);
    let words: BTreeSet<&[u8]> =
        text.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| word.len() > 6).step_by(7).collect();
    for (kind, matches) in [
        (AhoCorasickKind::NoncontiguousNFA, MatchKind::Standard),
        (AhoCorasickKind::ContiguousNFA, MatchKind::LeftmostLongest),
        (AhoCorasickKind::DFA, MatchKind::LeftmostFirst),
    ] {
        let machine = AhoCorasick::builder().kind(Some(kind)).match_kind(matches).build(&words).expect("it fits");
        let (count, sum) =
            machine.find_iter(&text).fold((0, 0), |(count, sum), found| (count + 1, sum ^ found.start() ^ found.pattern().as_usize()));
        println!("{} words, {count} found, {sum}", words.len());
    }
}
