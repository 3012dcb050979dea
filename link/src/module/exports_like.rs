//! What is said where a module has no export of a name: those that it has, the nearest first.

use crate::symbol::Cut;
use pirn_decode::Module;

/// How many are named.
const NAMED: usize = 8;
/// How many are compared: strangers' modules may have a hundred thousand.
const COMPARED: usize = 1_000;
/// How many characters of a name are compared.
const CHARS: usize = 64;

/// The exports that a module has in the place of `name`, as the end of a sentence.
pub(super) fn exports_like(module: &Module, name: &str) -> String {
    let count = module.exports.len();
    if count == 0 {
        return "it exports nothing".into();
    }
    let name = letters(name);
    let names = module.exports.iter().take(COMPARED).map(|export| module.name(export.name));
    let mut names: Vec<_> = names.map(|export| (distance(&name, &letters(export)), export)).collect();
    // Those that are equally far stay in order.
    names.sort_by_key(|&(distance, _)| distance);
    let named: Vec<_> = names.iter().take(NAMED).map(|(_, name)| format!("`{}`", Cut(name))).collect();
    let more = count - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("it exports {}{more}", named.join(", "))
}

/// What is compared of a name.
fn letters(name: &str) -> Vec<char> {
    name.chars().take(CHARS).flat_map(char::to_lowercase).collect()
}

/// How many characters have to be added, removed or replaced to make one of the other (Levenshtein).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.iter().enumerate() {
        let mut left_above = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in b.iter().enumerate() {
            let replaced = left_above + usize::from(a != b);
            left_above = row[j + 1];
            row[j + 1] = replaced.min(left_above + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, letters};

    #[test]
    fn distances_are_the_least_numbers_of_changes() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("run", "Run", 0),
            ("kitten", "sitting", 3),
            ("main", "_start", 5),
            ("ab", "ba", 2),
        ] {
            assert_eq!(distance(&letters(a), &letters(b)), expected, "{a} {b}");
            assert_eq!(distance(&letters(b), &letters(a)), expected, "{b} {a}");
        }
    }
}
