//! Which results are right where the specification leaves a choice: NaNs, and relaxed operators.

use crate::vector::V128;
use crate::vector::lanes::Lane;

/// What is right beside the reference's result.
pub(super) enum Rule {
    /// Nothing.
    Exact,
    /// Any arithmetic NaN for a NaN, but a canonical one if all NaNs among the operands are canonical (spec 4.3.3).
    /// `from`: bits of the operands' lanes.
    Float32 {
        from: u32,
    },
    Float64 {
        from: u32,
    },
    /// In each lane of so many bits, what one of these vectors has there, or any NaN of `f32`, `f64` if that is a NaN.
    OneOf {
        bits: Bits,
        choices: fn([V128; 3]) -> Vec<V128>,
    },
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Bits {
    Integer(u32),
    Float(u32),
}

pub(super) fn rule(name: &str) -> Rule {
    let one_of = |bits, choices| Rule::OneOf { bits, choices };
    match name {
        "F32x4DemoteF64x2Zero" => return Rule::Float32 { from: 64 },
        "F64x2PromoteLowF32x4" => return Rule::Float64 { from: 32 },
        "I8x16RelaxedSwizzle" => return one_of(Bits::Integer(8), swizzles),
        "I32x4RelaxedTruncF32x4S" => return one_of(Bits::Integer(32), truncations),
        "I32x4RelaxedTruncF64x2SZero" => return one_of(Bits::Integer(32), double_truncations),
        "F32x4RelaxedMadd" => {
            return one_of(Bits::Float(32), |[a, b, c]| madds::<f32>(a, b, c, f32::mul_add, |a, b, c| a * b + c));
        }
        "F32x4RelaxedNmadd" => {
            return one_of(Bits::Float(32), |[a, b, c]| {
                madds::<f32>(a, b, c, |a, b, c| (-a).mul_add(b, c), |a, b, c| -(a * b) + c)
            });
        }
        "F64x2RelaxedMadd" => {
            return one_of(Bits::Float(64), |[a, b, c]| madds::<f64>(a, b, c, f64::mul_add, |a, b, c| a * b + c));
        }
        "F64x2RelaxedNmadd" => {
            return one_of(Bits::Float(64), |[a, b, c]| {
                madds::<f64>(a, b, c, |a, b, c| (-a).mul_add(b, c), |a, b, c| -(a * b) + c)
            });
        }
        "I16x8RelaxedQ15mulrS" => return one_of(Bits::Integer(16), products),
        "I16x8RelaxedDotI8x16I7x16S" => return one_of(Bits::Integer(16), |[a, b, _]| dots(a, b)),
        "I32x4RelaxedDotI8x16I7x16AddS" => return one_of(Bits::Integer(32), dots_added),
        _ => {}
    }
    let computes =
        ["Ceil", "Floor", "Trunc", "Nearest", "Sqrt", "Add", "Sub", "Mul", "Div", "Min", "Max", "Madd", "Nmadd"];
    match name.split_at(5.min(name.len())) {
        ("F32x4", rest) if computes.contains(&rest) => Rule::Float32 { from: 32 },
        ("F64x2", rest) if computes.contains(&rest) => Rule::Float64 { from: 64 },
        _ => Rule::Exact,
    }
}

/// A float's bits.
pub(super) trait Float: Lane {
    fn is_nan(self) -> bool;
    fn is_arithmetic(self) -> bool;
    fn is_canonical(self) -> bool;
    fn same(self, other: Self) -> bool;
}

macro_rules! float {
    ($($float:ident $quiet:literal $sign:literal)*) => {
        $(impl Float for $float {
            fn is_nan(self) -> bool {
                self != self
            }

            fn is_arithmetic(self) -> bool {
                self != self && self.to_bits() & $quiet == $quiet
            }

            fn is_canonical(self) -> bool {
                self.to_bits() & !$sign == $quiet
            }

            fn same(self, other: Self) -> bool {
                self.to_bits() == other.to_bits()
            }
        })*
    };
}
float! { f32 0x7fc0_0000 0x8000_0000 f64 0x7ff8_0000_0000_0000 0x8000_0000_0000_0000 }

/// Whether no lane is a NaN that is not canonical.
fn canonical<F: Float>(vector: V128) -> bool {
    let lanes = F::lanes(vector);
    (0..F::COUNT).all(|i| !lanes[i].is_nan() || lanes[i].is_canonical())
}

pub(super) fn floats<F: Float>(expected: V128, found: V128, operands: &[V128], from: u32) -> bool {
    let canonical = operands.iter().all(|&vector| match from {
        32 => canonical::<f32>(vector),
        _ => canonical::<f64>(vector),
    });
    let (expected, found) = (F::lanes(expected), F::lanes(found));
    (0..F::COUNT).all(|i| match expected[i].is_nan() {
        true if canonical => found[i].is_canonical(),
        true => found[i].is_arithmetic(),
        false => found[i].same(expected[i]),
    })
}

pub(super) fn one_of(bits: Bits, found: V128, choices: &[V128]) -> bool {
    fn lanes<T: Lane>(found: V128, choices: &[V128], same: fn(T, T) -> bool) -> bool {
        let found = T::lanes(found);
        (0..T::COUNT).all(|i| choices.iter().any(|&choice| same(T::lanes(choice)[i], found[i])))
    }
    fn float<F: Float>(choice: F, found: F) -> bool {
        if choice.is_nan() { found.is_arithmetic() } else { found.same(choice) }
    }
    match bits {
        Bits::Integer(8) => lanes::<u8>(found, choices, |a, b| a == b),
        Bits::Integer(16) => lanes::<u16>(found, choices, |a, b| a == b),
        Bits::Integer(_) => lanes::<u32>(found, choices, |a, b| a == b),
        Bits::Float(32) => lanes::<f32>(found, choices, float),
        Bits::Float(_) => lanes::<f64>(found, choices, float),
    }
}

/// Numbers 16 to 127 may count modulo 16.
fn swizzles([a, b, _]: [V128; 3]) -> Vec<V128> {
    let (a, b) = (a.to_bytes(), b.to_bytes());
    let zero = b.map(|i| if i < 16 { a[usize::from(i)] } else { 0 });
    let modulo = b.map(|i| if i < 128 { a[usize::from(i % 16)] } else { 0 });
    vec![V128::from_bytes(zero), V128::from_bytes(modulo)]
}

/// What does not fit may be the least integer.
fn truncations([a, ..]: [V128; 3]) -> Vec<V128> {
    let a = f32::lanes(a);
    let least = a.map(|a| if (-2_147_483_648.0..2_147_483_648.0).contains(&a) { a as i32 } else { i32::MIN });
    vec![i32::vector(a.map(|a| a as i32)), i32::vector(least)]
}

fn double_truncations([a, ..]: [V128; 3]) -> Vec<V128> {
    let [a, b] = f64::lanes(a);
    let least = |a: f64| if a > -2_147_483_649.0 && a < 2_147_483_648.0 { a as i32 } else { i32::MIN };
    vec![i32::vector([a as i32, b as i32, 0, 0]), i32::vector([least(a), least(b), 0, 0])]
}

/// Rounded once or twice.
fn madds<F: Lane>(a: V128, b: V128, c: V128, fused: fn(F, F, F) -> F, twice: fn(F, F, F) -> F) -> Vec<V128> {
    let (a, b, c) = (F::lanes(a), F::lanes(b), F::lanes(c));
    let of = |f: fn(F, F, F) -> F| {
        let mut lanes = F::lanes(V128::zero());
        for i in 0..F::COUNT {
            lanes[i] = f(a[i], b[i], c[i]);
        }
        F::vector(lanes)
    };
    vec![of(fused), of(twice)]
}

/// Two -32768 may wrap.
fn products([a, b, _]: [V128; 3]) -> Vec<V128> {
    let (a, b) = (i16::lanes(a), i16::lanes(b));
    let product = |i: usize| (i32::from(a[i]) * i32::from(b[i]) + 0x4000) >> 15;
    let lanes = [0, 1, 2, 3, 4, 5, 6, 7];
    vec![i16::vector(lanes.map(|i| product(i).min(0x7fff) as i16)), i16::vector(lanes.map(|i| product(i) as i16))]
}

/// The second operand may be signed or not.
fn dots(a: V128, b: V128) -> Vec<V128> {
    let (a, b) = (i8::lanes(a), b.to_bytes());
    let lanes = [0, 2, 4, 6, 8, 10, 12, 14];
    let sums = |signed: bool| {
        let product = |i: usize| i32::from(a[i]) * if signed { i32::from(b[i] as i8) } else { i32::from(b[i]) };
        i16::vector(lanes.map(|i| (product(i) + product(i + 1)).clamp(-0x8000, 0x7fff) as i16))
    };
    vec![sums(true), sums(false)]
}

fn dots_added([a, b, c]: [V128; 3]) -> Vec<V128> {
    let c = i32::lanes(c);
    let add = |dots: V128| {
        let dots = i16::lanes(dots);
        let sum = |i: usize| i32::from(dots[2 * i]) + i32::from(dots[2 * i + 1]);
        i32::vector([0, 1, 2, 3].map(|i| sum(i).wrapping_add(c[i])))
    };
    dots(a, b).into_iter().map(add).collect()
}
