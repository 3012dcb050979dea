//! Changes that somebody makes to bytes who knows what they mean, more or less.

/// Where changes are worth the while: nearly all of a memory is zeros.
pub(crate) fn places(bytes: &[u8]) -> Vec<usize> {
    let is_empty = |at: usize| bytes[at.saturating_sub(16)..bytes.len().min(at + 16)].iter().all(|&byte| byte == 0);
    (0..bytes.len()).filter(|&at| !is_empty(at)).collect()
}

/// The bytes, changed in 1 to 3 of the places. `below` gives a number below its argument.
pub(crate) fn changed(bytes: &[u8], places: &[usize], mut below: impl FnMut(usize) -> usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for _ in 0..1 + below(3) {
        let at = places[below(places.len())].min(changed.len() - 1);
        match below(8) {
            0 => changed[at] = below(256) as u8,
            1 => changed[at] ^= 1 << below(8),
            2 => changed[at] = changed[at].wrapping_add(1),
            3 => changed[at] = changed[at].wrapping_sub(1),
            4 => drop(changed.remove(at)),
            5 => changed.insert(at, below(256) as u8),
            6 => {
                let other = places[below(places.len())].min(changed.len() - 1);
                changed.swap(at, other);
            }
            _ => changed[at] = [0, 1, 2, 3, 0x6f, 0x70, 0x7f, 0xff][below(8)],
        }
    }
    changed
}
