//! A small seeded generator of random numbers (SplitMix64): a seed names a program for ever, on every machine.

/// The generator's state.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// A generator for `seed`.
    pub fn new(seed: u64) -> Self {
        let mut this = Self(seed ^ 0x5DEE_CE66_D1CE_4E5B);
        this.next();
        this
    }

    /// 64 random bits.
    #[allow(clippy::should_implement_trait, reason = "no iterator: it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True `percent` times of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of `items`, which are not empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// An index, by weights whose sum is not 0.
    pub fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut at = self.below(weights.iter().sum());
        weights
            .iter()
            .position(|&weight| {
                let found = at < weight;
                at = at.wrapping_sub(weight);
                found
            })
            .expect("`at` is below the sum")
    }

    /// An integer that arithmetic finds interesting: small, at a power of two, at a limit, or any.
    pub fn integer(&mut self) -> u64 {
        match self.below(8) {
            0..3 => (self.below(20) as u64).wrapping_sub(4),
            3 => 1_u64 << self.below(64),
            4 => (1_u64 << self.below(64)).wrapping_sub(1),
            5 => *self.pick(&[
                i32::MAX as u64,
                i32::MIN as u64,
                u64::from(u32::MAX),
                i64::MAX as u64,
                i64::MIN as u64,
                u64::MAX,
                0xFFFF,
                0xFF,
                0x8000,
                0x80,
            ]),
            6 => self.below(1 << 16) as u64,
            _ => self.next(),
        }
    }

    /// A float that arithmetic finds interesting, mostly of moderate size; a NaN is the canonical one.
    pub fn float(&mut self) -> f64 {
        match self.below(10) {
            0..3 => self.below(17) as f64 - 8.0,
            3..5 => (self.below(4001) as f64 - 2000.0) / 16.0,
            5 => *self.pick(&[0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -1.5, 0.1]),
            6 => *self.pick(&[
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::NAN,
                f64::MAX,
                f64::MIN_POSITIVE,
                5e-324,
                f64::from(f32::MAX),
                f64::from(f32::MIN_POSITIVE),
            ]),
            7 => *self.pick(&[
                2_147_483_648.0,
                -2_147_483_649.0,
                4_294_967_296.0,
                9_223_372_036_854_775_808.0,
                -9_223_372_036_854_775_808.0,
                18_446_744_073_709_551_616.0,
                -1.0,
                -0.9999999,
                8_388_608.5,
            ]),
            8 => self.integer() as i64 as f64,
            _ => {
                let float = f64::from_bits(self.next());
                if float.is_nan() { f64::NAN } else { float }
            }
        }
    }
}
