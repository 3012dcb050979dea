//! Operands for every operator: edges of each kind of lane with each other, and random ones.

use crate::vector::V128;
use crate::vector::lanes::Lane;

/// A generator of numbers that look random (splitmix64), always the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.next() as usize % list.len()]
    }

    fn vector(&mut self) -> V128 {
        u64::vector([self.next(), self.next()])
    }
}

const BYTES: &[u8] =
    &[0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 63, 0x70, 0x7e, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0xaa, 0xfe, 0xff];
const WORDS: &[u16] = &[
    0, 1, 2, 0x7f, 0x80, 0x81, 0xff, 0x100, 0x3fff, 0x4000, 0x5a82, 0x7f80, 0x7ffe, 0x7fff, 0x8000, 0x8001, 0xbfff,
    0xc000, 0xff00, 0xff7f, 0xff80, 0xfffe, 0xffff,
];
const DOUBLE_WORDS: &[u32] = &[
    0,
    1,
    2,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x00ff_ffff,
    0x0100_0001,
    0x0100_0003,
    0x7fff_ff7f,
    0x7fff_ffc0,
    0x7fff_fffe,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0x8000_0080,
    0x8000_8000,
    0xffff_0000,
    0xffff_7fff,
    0xffff_8000,
    0xffff_ff7f,
    0xffff_ff80,
    0xffff_fffe,
    0xffff_ffff,
];
const QUAD_WORDS: &[u64] = &[
    0,
    1,
    2,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0001,
    0x7fff_ffff_0000_0000,
    0x7fff_ffff_ffff_fffe,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0x8000_0000_0000_0001,
    0x8000_0000_ffff_ffff,
    0x8000_0001_0000_0000,
    0xffff_ffff_0000_0000,
    0xffff_ffff_7fff_ffff,
    0xffff_ffff_8000_0000,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
];

/// Numbers, of which each is taken with both signs.
const FLOATS: &[f32] = &[
    0.0,
    1.0,
    0.5,
    0.499_999_97,
    0.500_000_06,
    1.5,
    2.5,
    3.5,
    0.1,
    1.999_999_9,
    8_388_607.5,
    8_388_608.0,
    8_388_609.0,
    4_194_303.5,
    4_194_304.5,
    16_777_216.0,
    2_147_483_520.0,
    2_147_483_648.0,
    2_147_483_904.0,
    4_294_967_040.0,
    4_294_967_296.0,
    1e20,
    f32::MAX,
    f32::MIN_POSITIVE,
    f32::INFINITY,
];
/// And by their bits: subnormal numbers; NaNs, canonical, with payloads, signalling.
const FLOAT_BITS: &[u32] =
    &[1, 0x007f_ffff, 0x7fc0_0000, 0x7fc0_1234, 0x7fff_ffff, 0x7f80_0001, 0x7fbf_ffff, 0x7fa0_0000];
const DOUBLES: &[f64] = &[
    0.0,
    1.0,
    0.5,
    0.499_999_999_999_999_94,
    1.5,
    2.5,
    0.1,
    4_503_599_627_370_495.5,
    4_503_599_627_370_496.0,
    4_503_599_627_370_497.0,
    2_251_799_813_685_247.8,
    9_007_199_254_740_992.0,
    2_147_483_647.0,
    2_147_483_647.5,
    2_147_483_648.0,
    2_147_483_648.5,
    2_147_483_649.0,
    4_294_967_295.0,
    4_294_967_295.5,
    4_294_967_296.0,
    16_777_217.0,
    3.402_823_567_797_336_6e38,
    3.402_823_5e38,
    1.401_298_464_324_817e-45,
    7.006_492_321_624_085e-46,
    7.006_492_321_624_086e-46,
    1e300,
    f64::MAX,
    f64::MIN_POSITIVE,
    f64::INFINITY,
];
const DOUBLE_BITS: &[u64] = &[
    1,
    0x000f_ffff_ffff_ffff,
    0x7ff8_0000_0000_0000,
    0x7ff8_0000_0000_1234,
    0x7fff_ffff_ffff_ffff,
    0x7ff0_0000_0000_0001,
    0x7ff7_ffff_ffff_ffff,
    0x7ff4_0000_2000_0000,
];

fn floats() -> Vec<f32> {
    let all = FLOATS.iter().copied().chain(FLOAT_BITS.iter().map(|&bits| f32::from_bits(bits)));
    all.flat_map(|float| [float, -float]).collect()
}

fn doubles() -> Vec<f64> {
    let all = DOUBLES.iter().copied().chain(DOUBLE_BITS.iter().map(|&bits| f64::from_bits(bits)));
    all.flat_map(|double| [double, -double]).collect()
}

/// Each pair of these, in lanes next to each other, with some third.
fn pairs<T: Lane>(list: &[T], random: &mut Random, operands: &mut Vec<[V128; 3]>) {
    let pairs: Vec<(T, T)> = list.iter().flat_map(|&a| list.iter().map(move |&b| (a, b))).collect();
    for chunk in pairs.chunks(T::COUNT) {
        let lane = |i: usize| chunk[i % chunk.len()];
        let [mut a, mut b, mut c] = [T::lanes(V128::zero()); 3];
        for i in 0..T::COUNT {
            (a[i], b[i]) = lane(i);
            c[i] = random.of(list);
        }
        operands.push([T::vector(a), T::vector(b), T::vector(c)]);
    }
}

/// A vector of some of these.
fn some<T: Lane>(list: &[T], random: &mut Random) -> V128 {
    let mut lanes = T::lanes(V128::zero());
    for i in 0..T::COUNT {
        lanes[i] = random.of(list);
    }
    T::vector(lanes)
}

/// A number times a power of two near another's: so sums cancel, and round.
fn near(random: &mut Random) -> [V128; 3] {
    let mut float = |exponent: u64| {
        let exponent = exponent + random.next() % 8;
        f32::from_bits((random.next() as u32 & 0x807f_ffff) | (exponent as u32) << 23)
    };
    let (a, b) = ([(); 4].map(|()| float(120)), [(); 4].map(|()| float(120)));
    let mut c = [(); 4].map(|()| float(112));
    for i in 0..4 {
        // Half of them the negative product, a few last places off.
        if random.next().is_multiple_of(2) {
            c[i] = f32::from_bits((-(a[i] * b[i])).to_bits().wrapping_add(random.next() as u32 % 3));
        }
    }
    [f32::vector(a), f32::vector(b), f32::vector(c)]
}

/// All of them.
pub(super) fn operands() -> Vec<[V128; 3]> {
    let mut random = Random(1);
    let mut operands = Vec::new();
    let (floats, doubles) = (floats(), doubles());
    pairs(BYTES, &mut random, &mut operands);
    pairs(WORDS, &mut random, &mut operands);
    pairs(DOUBLE_WORDS, &mut random, &mut operands);
    pairs(QUAD_WORDS, &mut random, &mut operands);
    pairs(&floats, &mut random, &mut operands);
    pairs(&doubles, &mut random, &mut operands);
    for _ in 0..400 {
        operands.push([(); 3].map(|()| random.vector()));
        operands.push([(); 3].map(|()| some(&floats, &mut random)));
        operands.push([(); 3].map(|()| some(&doubles, &mut random)));
        operands.push(near(&mut random));
        let vector = random.vector();
        operands.push([vector, vector, random.vector()]);
        let kinds = [
            some(BYTES, &mut random),
            some(WORDS, &mut random),
            some(DOUBLE_WORDS, &mut random),
            some(QUAD_WORDS, &mut random),
        ];
        operands.push([(); 3].map(|()| random.of(&kinds)));
    }
    operands
}
