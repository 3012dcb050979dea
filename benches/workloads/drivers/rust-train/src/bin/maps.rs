//! Maps: the standard library's, IndexMap, and those of rustc-hash, of words of the file of argument 1, and of numbers.

use indexmap::IndexMap;
use programs::{Noise, file, number};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque};

fn main() {
    let text = String::from_utf8_lossy(&file(1)).into_owned();
    let words = || text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty());
    let mut hashed: HashMap<&str, usize> = HashMap::new();
    let mut ordered: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut indexed: IndexMap<&str, usize> = IndexMap::new();
    for (at, word) in words().enumerate() {
        *hashed.entry(word).or_default() += 1;
        ordered.entry(word.to_lowercase()).or_default().push(at);
        *indexed.entry(word).or_insert(at) ^= at;
    }
    let mut most: Vec<_> = hashed.iter().map(|(word, count)| (*count, *word)).collect();
    most.sort_unstable_by(|a, b| b.cmp(a));
    println!("{:?}", &most[..5]);
    indexed.sort_by(|a, _, b, _| a.len().cmp(&b.len()).then(a.cmp(b)));
    println!("{} {:?}", ordered.values().map(Vec::len).max().unwrap_or(0), indexed.get_index(indexed.len() / 2));

    let mut noise = Noise(8);
    let (mut squares, mut set, mut heap, mut queue) =
        (FxHashMap::default(), BTreeSet::new(), BinaryHeap::new(), VecDeque::new());
    let mut sum = 0u64;
    for round in 0..number(2) as u64 {
        let x = u64::from(noise.next());
        *squares.entry(x % 5003).or_insert(round) += x & 15;
        set.insert(x % 40_009);
        heap.push(x);
        queue.push_back(x);
        if round % 3 == 0 {
            sum = sum.wrapping_add(heap.pop().unwrap_or(0) ^ queue.pop_front().unwrap_or(0));
            if let Some(&next) = set.range(x % 30_000..).next() {
                set.remove(&next);
                sum += next;
            }
            squares.remove(&(x % 2003));
        }
    }
    println!("{sum} {} {} {} {}", squares.values().sum::<u64>(), set.len(), heap.len(), queue.len());
}
