//! What the programs share.
//!
//! Each is built twice from these sources, with the feature `simd128` of the target and without, and has to print the
//! same both times. Measured is the library, so what a program does itself is little.

use std::process::exit;

/// The argument `n`, a number.
pub fn number(n: usize) -> usize {
    std::env::args().nth(n).and_then(|arg| arg.parse().ok()).unwrap_or_else(|| exit(2))
}

/// The file that the argument `n` names.
pub fn file(n: usize) -> Vec<u8> {
    let name = std::env::args().nth(n).unwrap_or_else(|| exit(2));
    std::fs::read(name).unwrap_or_else(|_| exit(2))
}

/// A checksum of bytes, by words of eight: of FNV-1a's kind.
pub fn checksum(bytes: &[u8]) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    let (words, rest) = bytes.as_chunks::<8>();
    for &word in words {
        sum = (sum ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }
    for &byte in rest {
        sum = (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }
    sum
}

/// Numbers that look random: the high half of a linear congruence.
pub struct Noise(pub u64);

impl Noise {
    /// The next one.
    pub fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }
}

/// A picture of `side` by `side` points of `channels` bytes: slopes, a disc, stripes and some noise.
pub fn picture(side: usize, channels: usize) -> Vec<u8> {
    let mut noise = Noise(1);
    let mut points = Vec::with_capacity(side * side * channels);
    for y in 0..side {
        for x in 0..side {
            let (dx, dy) = (x.abs_diff(side / 2), y.abs_diff(side / 3));
            let inside = dx * dx + dy * dy < side * side / 9;
            for channel in 0..channels {
                points.push(match channel {
                    0 => (x * 240 / side) as u8 + (noise.next() >> 29) as u8,
                    1 => {
                        if inside {
                            200
                        } else {
                            (y * 255 / side) as u8
                        }
                    }
                    2 => {
                        if inside {
                            ((x ^ y) & 127) as u8
                        } else {
                            (noise.next() >> 28) as u8 + 64
                        }
                    }
                    _ => 255 - ((x + y) * 200 / (2 * side)) as u8,
                });
            }
        }
    }
    points
}
