//! fst: a map of the words of the file of argument 1, and what is in it.

use fst::automaton::{Automaton, Str, Subsequence};
use fst::{IntoStreamer, Map, Streamer};
use programs::{checksum, file};
use std::collections::BTreeMap;

fn main() {
    let text = file(1);
    let words = || text.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').filter(|word| !word.is_empty());
    let mut places: BTreeMap<&[u8], u64> = BTreeMap::new();
    words().enumerate().for_each(|(at, word)| drop(places.insert(word, at as u64)));
    let map = Map::from_iter(places.iter().map(|(word, at)| (word, *at))).expect("they are in order");
    println!("{} words, {} bytes {:016x}", map.len(), map.as_fst().as_bytes().len(), checksum(map.as_fst().as_bytes()));
    println!("{}", words().filter_map(|word| map.get(word)).fold(0, |sum: u64, at| sum.rotate_left(1) ^ at));
    for pattern in ["sqe", "mtx", "ret"] {
        let mut found = map.search(Subsequence::new(pattern)).into_stream();
        let mut sum = 0;
        while let Some((word, at)) = found.next() {
            sum += at ^ word.len() as u64;
        }
        let mut count = 0;
        let mut found = map.search(Str::new(pattern).starts_with().complement()).ge("m").into_stream();
        while found.next().is_some() {
            count += 1;
        }
        println!("{pattern} {sum} {count}");
    }
}
