//! Vectors as the embedder sees them.

use std::fmt;

/// A WebAssembly value of type `v128`: 128 bits, as no lanes in particular (spec 4.2.1).
///
/// ```
/// use pirn_link::V128;
///
/// let lanes: [i32; 4] = [1, 2, 3, -1];
/// let vector = V128::from(lanes.iter().rev().fold(0, |bits, &lane| bits << 32 | u128::from(lane as u32)));
/// // Lane 0 is the lowest, and comes first in memory.
/// assert_eq!(vector.as_u128().to_le_bytes()[..5], [1, 0, 0, 0, 2]);
/// ```
// Two words, and not one of 128 bits, whose alignment would make every `Val` a third larger.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct V128([u64; 2]);

impl V128 {
    /// The bits, lane 0 in the lowest.
    pub const fn as_u128(&self) -> u128 {
        (self.0[1] as u128) << 64 | self.0[0] as u128
    }

    /// All bits 0.
    pub(crate) const ZERO: Self = Self([0; 2]);

    /// The words, the low one first.
    pub(crate) const fn words(self) -> [u64; 2] {
        self.0
    }

    /// The vector of these words.
    pub(crate) const fn from_words(words: [u64; 2]) -> Self {
        Self(words)
    }
}

impl From<u128> for V128 {
    fn from(bits: u128) -> Self {
        Self([bits as u64, (bits >> 64) as u64])
    }
}

impl From<V128> for u128 {
    fn from(vector: V128) -> Self {
        vector.as_u128()
    }
}

impl fmt::Debug for V128 {
    /// The bits as a hexadecimal number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "V128({:#034x})", self.as_u128())
    }
}

#[cfg(test)]
mod tests {
    use super::V128;

    #[test]
    fn words_and_bits_are_the_same() {
        let bits = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10;
        let vector = V128::from(bits);
        assert_eq!(vector.words(), [0x090a_0b0c_0d0e_0f10, 0x0102_0304_0506_0708]);
        assert_eq!(V128::from_words(vector.words()), vector);
        assert_eq!((vector.as_u128(), u128::from(vector)), (bits, bits));
        assert_eq!(V128::ZERO.as_u128(), 0);
        assert_ne!(V128::from(1 << 64), V128::from(1));
    }

    #[test]
    fn it_is_shown_in_hexadecimal() {
        assert_eq!(format!("{:?}", V128::from(0xab)), "V128(0x000000000000000000000000000000ab)");
    }
}
