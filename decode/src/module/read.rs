//! Reading a function body that may be anything: whatever is not there, or not a number, is a `None`.

/// Reads a body.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Whether all is read.
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.at == self.bytes.len()
    }

    #[inline(always)]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline(always)]
    pub(super) fn byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// What loads and stores have, of natural alignment `align`.
    #[inline(always)]
    pub(super) fn memarg(&mut self, align: u8) -> Option<()> {
        (self.byte()? <= align).then_some(())?;
        self.unsigned()?;
        Some(())
    }

    /// A byte that is zero.
    #[inline]
    pub(super) fn zero(&mut self) -> Option<()> {
        (self.byte()? == 0).then_some(())
    }

    #[inline]
    pub(super) fn skip(&mut self, bytes: usize) -> Option<()> {
        self.bytes.get(self.at..)?.get(bytes - 1)?;
        self.at += bytes;
        Some(())
    }

    #[inline(always)]
    pub(super) fn index(&mut self) -> Option<usize> {
        self.unsigned().map(|index| index as usize)
    }

    /// An index that is written as a signed number of 33 bits (spec 5.3.4).
    #[inline]
    pub(super) fn index_in_33_bits(&mut self) -> Option<u32> {
        let index = self.unsigned()?;
        // Were the sign set, it would be no index. (The fifth byte has no more bits than an unsigned number lets it have.)
        const SIGN: u8 = 0x40;
        (self.bytes[self.at - 1] & SIGN == 0).then_some(index)
    }

    /// An unsigned number of 32 bits in LEB128 (spec 5.2.2).
    #[inline(always)]
    pub(super) fn unsigned(&mut self) -> Option<u32> {
        let first = self.byte()?;
        if first < 0x80 {
            return Some(first.into());
        }
        let (value, at) = long_unsigned(self.bytes, self.at, first)?;
        self.at = at;
        Some(value)
    }

    /// Skips a signed number of so many bits, 32 or 64.
    #[inline(always)]
    pub(super) fn signed<const BITS: u32>(&mut self) -> Option<()> {
        if self.byte()? >= 0x80 {
            self.at = long_signed(self.bytes, self.at, BITS)?;
        }
        Some(())
    }
}

/// An unsigned number of 32 bits that begins with the byte `first`, the next one at `at`; and where it ends. In its last byte
/// no bit may be set that it has no place for.
#[inline]
fn long_unsigned(bytes: &[u8], mut at: usize, first: u8) -> Option<(u32, usize)> {
    let mut value = u32::from(first & 0x7f);
    for shift in [7, 14, 21, 28] {
        let byte = *bytes.get(at)?;
        at += 1;
        if shift == 28 && byte > 0x0f {
            return None;
        }
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((value, at));
        }
    }
    None
}

/// Where a signed number of `bits` bits ends whose second byte is at `at`. In its last byte the bits that it has no place for
/// must be as its sign.
#[inline(always)]
fn long_signed(bytes: &[u8], mut at: usize, bits: u32) -> Option<usize> {
    for shift in (7..bits).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        let places = bits - shift;
        if places < 7 {
            // The sign and what is above it.
            let signs = i32::from(byte) << 25 >> (25 + places - 1);
            return (byte < 0x80 && matches!(signs, 0 | -1)).then_some(at);
        }
        if byte < 0x80 {
            return Some(at);
        }
    }
    None
}
