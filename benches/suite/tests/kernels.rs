//! The kernels with vectors, computed once more without: what `case::vector_kernels` calls right is what comes out here.

use pirn_suite::{Job, case};

/// As in `kernel.h`.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| (self.next() >> 16) as u8).collect()
    }
}

fn sum64(sum: u64, bytes: &[u8]) -> u64 {
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().fold(sum, |sum, &word| (sum ^ u64::from_le_bytes(word)).wrapping_mul(0x0100_0000_01b3))
}

fn dot(n: usize) -> i64 {
    let mut a: Vec<i64> = (0..4096).map(|i| i & 15).collect();
    let b: Vec<i64> = (0..4096).map(|i| (i * 7) & 31).collect();
    let mut product: i64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    (0..n)
        .map(|round| {
            let (at, value) = (round & 4095, (round & 7) as i64);
            product += (value - a[at]) * b[at];
            a[at] = value;
            product
        })
        .sum()
}

fn xor(n: usize) -> i64 {
    const LEN: usize = 16384;
    let mut noise = Noise(1);
    let mut a = noise.bytes(LEN);
    let b = noise.bytes(LEN + 64);
    // The key begins at 64 places in turn; twice the same changes nothing.
    for place in 0..64 {
        if (n + 63 - place) / 64 % 2 == 1 {
            a.iter_mut().zip(&b[place..]).for_each(|(a, b)| *a ^= b);
        }
    }
    sum64(n as u64, &a) as i64
}

fn compare(n: usize) -> i64 {
    let mut noise = Noise(1);
    noise.bytes(16384);
    (0..n).map(|round| i64::from(noise.next() & 16383) * (1 + round as i64 % 3)).sum()
}

fn memchr(n: usize) -> i64 {
    const LEN: usize = 16384;
    let mut noise = Noise(1);
    let mut text: Vec<u8> = (0..LEN).map(|_| (noise.next() >> 16 & 63) as u8).collect();
    let mut at = 700;
    while at < LEN {
        text[at] = 64 + (at % 5) as u8;
        at += 1000 + at % 7;
    }
    let places = |byte: usize| (0..LEN).filter(|&at| usize::from(text[at]) == byte).sum::<usize>() as i64;
    let each: [i64; 5] = std::array::from_fn(|letter| places(64 + letter));
    (0..n).map(|round| each[round % 5]).sum()
}

fn utf8(n: usize) -> i64 {
    const LEN: usize = 16384;
    let mut noise = Noise(1);
    let mut text = String::new();
    while text.len() < LEN - 4 {
        let (kind, letter) = (noise.next() & 7, noise.next() & 0xfff);
        let point = match kind {
            0..3 => {
                let room = (LEN - 4 - text.len()).min(20) as u32;
                text.extend((0..room).map(|i| char::from(b'a' + ((letter + i) % 26) as u8)));
                continue;
            }
            3 | 4 => 0x400 + (letter >> 6 & 3) * 64 + (letter & 63),
            5 | 6 => 0x5000 + letter,
            _ => 0x1f000 + letter,
        };
        text.push(char::from_u32(point).expect("none of them is a surrogate"));
    }
    let mut text = text.into_bytes();
    text.resize(LEN, b'.');
    (0..n)
        .map(|round| {
            let place = (noise.next() & (LEN as u32 - 1)) as usize;
            let damage = if round & 1 == 1 { (noise.next() >> 16 & 255) as u8 } else { 0 };
            text[place] ^= damage;
            let valid = std::str::from_utf8(&text).is_ok();
            text[place] ^= damage;
            i64::from(valid) * (round as i64 + 1)
        })
        .sum()
}

fn base64(n: usize) -> i64 {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Noise(1).bytes(12288);
    let encode = |bytes: &[u8]| -> Vec<u8> {
        let (threes, _) = bytes.as_chunks::<3>();
        let sixes = threes.iter().flat_map(|&[a, b, c]| [a >> 2, a << 4 | b >> 4, b << 2 | c >> 6, c]);
        sixes.map(|six| LETTERS[usize::from(six & 63)]).collect()
    };
    let mut sum = 0;
    for round in 0..n {
        let at = round % bytes.len();
        bytes[at] ^= round as u8;
        let part = (round * 64) & 8191;
        sum = sum64(sum, &encode(&bytes[part / 4 * 3..][..48]));
    }
    sum64(sum, &encode(&bytes)) as i64
}

fn matmul(n: usize) -> i64 {
    const SIDE: usize = 64;
    let number = |of: fn(usize, usize) -> usize| -> Vec<Vec<i64>> {
        (0..SIDE).map(|i| (0..SIDE).map(|j| of(i, j) as i64).collect()).collect()
    };
    let (mut a, b) = (number(|i, j| (i * 5 + j) % 7), number(|i, j| (i + j * 3) % 11));
    let mut total = 0;
    for round in 0..n {
        a[round & 63][(round * 7) & 63] = (round & 7) as i64;
        for (i, row) in a.iter().enumerate() {
            let column = (i + round) & 63;
            let element: i64 = row.iter().zip(&b).map(|(a, b)| a * b[column]).sum();
            total += element * (i as i64 + 1);
        }
    }
    total
}

fn blur(n: usize) -> i64 {
    const WIDTH: usize = 256;
    const HEIGHT: usize = 128;
    let mut one = Noise(1).bytes(WIDTH * HEIGHT);
    let mut two = one.clone();
    let blur = |from: &[u8], to: &mut [u8]| {
        for y in 1..HEIGHT - 1 {
            for x in 8..WIDTH - 8 {
                let row = |y: usize| {
                    let at = &from[y * WIDTH + x - 1..][..3];
                    u32::from(at[0]) + 2 * u32::from(at[1]) + u32::from(at[2])
                };
                to[y * WIDTH + x] = ((row(y - 1) + 2 * row(y) + row(y + 1) + 8) >> 4) as u8;
            }
        }
    };
    for round in 0..n {
        one[(1 + round % 120) * WIDTH + 8 + round % 240] = (round * 77) as u8;
        blur(&one, &mut two);
        blur(&two, &mut one);
    }
    sum64(n as u64, &one) as i64
}

fn mandelbrot(n: usize) -> i64 {
    const SIDE: usize = 128;
    let mut total = 0;
    for (y, x) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (y, x))) {
        let (first, lane) = ((x & !3) as f32, (x & 3) as f32);
        let re = first * (3.0 / SIDE as f32) - 2.25 + lane * (3.0 / SIDE as f32);
        let im = y as f32 * (2.5 / SIDE as f32) - 1.25;
        let (mut a, mut b) = (re, im);
        for _ in 0..n {
            let (aa, bb, ab) = (a * a, b * b, a * b);
            if aa + bb > 4.0 {
                break;
            }
            total += 1;
            (a, b) = (aa - bb + re, ab + ab + im);
        }
    }
    total
}

fn chacha20(n: usize) -> i64 {
    let key: Vec<u32> = (0..8).map(|i| 0x0302_0100 + 0x0404_0404 * i).collect();
    let block = |counter: u32| -> Vec<u8> {
        let mut start = [0; 16];
        start[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
        start[4..12].copy_from_slice(&key);
        start[12..].copy_from_slice(&[counter, 0x0900_0000, 0x4a00_0000, 0]);
        let mut x = start;
        let mut quarter = |a: usize, b: usize, c: usize, d: usize| {
            for (a, b, d, turn) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
                x[a] = x[a].wrapping_add(x[b]);
                x[d] = (x[d] ^ x[a]).rotate_left(turn);
            }
        };
        for _ in 0..10 {
            (0..4).for_each(|i| quarter(i, i + 4, i + 8, i + 12));
            (0..4).for_each(|i| quarter(i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12));
        }
        x.iter().zip(start).flat_map(|(x, start)| x.wrapping_add(start).to_le_bytes()).collect()
    };
    let sum = (0..n as u32).fold(0, |sum, round| sum64(sum, &block(4 * round + (round & 3))));
    (0..4).fold(sum, |sum, lane| sum64(sum, &block(4 * (n as u32 - 1) + lane))) as i64
}

fn hash(n: usize) -> i64 {
    const LEN: usize = 16384;
    let mut noise = Noise(1);
    let mut bytes = noise.bytes(LEN);
    let secret = noise.bytes(192);
    let word = |bytes: &[u8], at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
    let mut sum = 0u64;
    for round in 0..n {
        bytes[round % LEN] ^= (round + 1) as u8;
        let mut sums: [u64; 8] = std::array::from_fn(|i| word(&secret, 8 * i));
        for block in bytes.chunks(1024) {
            for (stripe, words) in block.chunks(64).enumerate() {
                for (i, sum) in sums.iter_mut().enumerate() {
                    let key = word(words, 8 * i) ^ word(&secret, 8 * stripe + 8 * i);
                    let product = (key & 0xffff_ffff) * (key >> 32);
                    *sum = sum.wrapping_add(word(words, 8 * (i ^ 1))).wrapping_add(product);
                }
            }
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = (*sum ^ *sum >> 47 ^ word(&secret, 128 + 8 * i)).wrapping_mul(0x9E37_79B1);
            }
        }
        let whole = sum64(LEN as u64, &sums.map(u64::to_le_bytes).concat());
        sum = sum.wrapping_mul(31).wrapping_add(whole);
    }
    sum as i64
}

#[test]
fn scalar_code_computes_the_same() {
    let kernels = case::vector_kernels().unwrap();
    assert!(!kernels.is_empty());
    for kernel in kernels {
        let Job::Kernel(n) = kernel.job else { panic!("{} is no kernel", kernel.name) };
        let n = n as usize;
        let value = match kernel.name.as_str() {
            "simd/dot" => dot(n),
            "simd/xor" => xor(n),
            "simd/compare" => compare(n),
            "simd/memchr" => memchr(n),
            "simd/utf8" => utf8(n),
            "simd/base64" => base64(n),
            "simd/matmul" => matmul(n),
            "simd/blur" => blur(n),
            "simd/mandelbrot" => mandelbrot(n),
            "simd/chacha20" => chacha20(n),
            "simd/hash" => hash(n),
            other => panic!("nothing here computes {other}"),
        };
        assert_eq!(Some(value), kernel.right, "{}", kernel.name);
    }
}
