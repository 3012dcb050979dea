//! Values written by hand, of the operators that are easily wrong.

use crate::vector::V128;
use crate::vector::lanes::Lane;
use crate::vector::tests::named;

/// All sets of instructions give this.
fn check<A: Lane, R: Lane>(name: &str, operands: &[A::Lanes], expected: R::Lanes) {
    let row = named(name);
    assert_eq!(operands.len(), row.operands, "{name}");
    let mut vectors = [V128::zero(); 3];
    for (vector, &lanes) in vectors.iter_mut().zip(operands) {
        *vector = A::vector(lanes);
    }
    for (set, function) in row.functions() {
        assert_eq!(function(vectors), R::vector(expected), "{name} of {set}");
    }
}

#[test]
fn lanes_begin_at_the_lowest_byte() {
    check::<u8, u8>("I8x16Splat", &[[7; 16]], [7; 16]);
    check::<u32, u32>("I16x8Splat", &[[0x1_2345, 0, 0, 0]], [0x2345_2345; 4]);
    check::<u64, u32>("V128Load64Zero", &[[0x2_0000_0001, 5]], [1, 2, 0, 0]);
    check::<u8, i16>(
        "V128Load8x8S",
        &[[0x80, 0x7f, 0xff, 0, 1, 2, 3, 4, 9, 9, 9, 9, 9, 9, 9, 9]],
        [-128, 127, -1, 0, 1, 2, 3, 4],
    );
    check::<u8, u8>(
        "I8x16Swizzle",
        &[
            [100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115],
            [15, 0, 16, 1, 17, 127, 128, 255, 2, 2, 31, 32, 143, 144, 14, 8],
        ],
        [115, 100, 0, 101, 0, 0, 0, 0, 102, 102, 0, 0, 0, 0, 114, 108],
    );
    check::<u8, u8>(
        "I8x16Shuffle",
        &[
            [100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115],
            [200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211, 212, 213, 214, 215],
            [0, 16, 15, 31, 1, 17, 2, 18, 8, 24, 7, 23, 30, 14, 29, 13],
        ],
        [100, 200, 115, 215, 101, 201, 102, 202, 108, 208, 107, 207, 214, 114, 213, 113],
    );
}

#[test]
fn shifts_count_modulo_the_lane() {
    check::<u32, u8>("I8x16Shl", &[[0x8180_0201; 4], [9, 0, 0, 0]], [2, 4, 0, 2, 2, 4, 0, 2, 2, 4, 0, 2, 2, 4, 0, 2]);
    check::<u32, i8>("I8x16ShrS", &[[0x8180_7f01; 4], [33, 0, 0, 0]], {
        [0, 63, -64, -64, 0, 63, -64, -64, 0, 63, -64, -64, 0, 63, -64, -64]
    });
    check::<u32, u16>("I16x8ShrU", &[[0x8000_ffff; 4], [17, 0, 0, 0]], [0x7fff, 0x4000].repeat(4).try_into().unwrap());
    check::<u32, u32>("I32x4ShrS", &[[0x8000_0000, 4, 5, 6], [u32::MAX, 0, 0, 0]], [u32::MAX, 0, 0, 0]);
    check::<u64, i64>("I64x2ShrS", &[[1 << 63, 64], [67, 0]], [-(1 << 60), 8]);
    check::<u64, u64>("I64x2Shl", &[[3, 1 << 63], [64, 0]], [3, 1 << 63]);
}

#[test]
fn integers_saturate() {
    check::<i16, i8>("I8x16NarrowI16x8S", &[[-32768, -129, -128, -1, 0, 127, 128, 32767], [1, 2, 3, 4, 5, 6, 7, 8]], {
        [-128, -128, -128, -1, 0, 127, 127, 127, 1, 2, 3, 4, 5, 6, 7, 8]
    });
    check::<i16, u8>("I8x16NarrowI16x8U", &[[-32768, -1, 0, 1, 127, 255, 256, 32767], [0; 8]], {
        [0, 0, 0, 1, 127, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]
    });
    check::<i32, u16>("I16x8NarrowI32x4U", &[[i32::MIN, -1, 65535, 65536], [i32::MAX, 1, 0x8000, -32769]], {
        [0, 0, 0xffff, 0xffff, 0xffff, 1, 0x8000, 0]
    });
    check::<i16, i16>(
        "I16x8Q15MulrSatS",
        &[[-32768, -32768, 16384, 1, 0, 0, 0, 0], [-32768, 32767, 1, 16384, 0, 0, 0, 0]],
        [32767, -32767, 1, 1, 0, 0, 0, 0],
    );
    check::<u8, u8>("I8x16AvgrU", &[[255; 16], [254; 16]], [255; 16]);
    check::<i16, i32>("I32x4DotI16x8S", &[[-32768; 8], [-32768; 8]], [i32::MIN; 4]);
    check::<i8, i16>("I16x8DotI8x16S", &[[-128; 16], [-128; 16]], [32767; 8]);
    check::<i8, i8>("I8x16Abs", &[[-128; 16]], [-128; 16]);
    check::<u8, i16>("I16x8ExtAddPairwiseI8x16S", &[[0x80; 16]], [-256; 8]);
    check::<u8, u16>("I16x8ExtMulHighI8x16U", &[[255; 16], [255; 16]], [65025; 8]);
    check::<i32, i64>("I64x2ExtMulLowI32x4S", &[[i32::MIN, -1, 5, 5], [i32::MIN, 7, 5, 5]], [1 << 62, -7]);
}

#[test]
fn masks_of_lanes() {
    check::<i16, u32>("I16x8Bitmask", &[[-1, 0, 0, -32768, 32767, 1, 0, -5]], [0b1000_1001, 0, 0, 0]);
    check::<u64, u32>("I64x2AllTrue", &[[1 << 32, 1]], [1, 0, 0, 0]);
    check::<u64, u32>("I64x2AllTrue", &[[0, u64::MAX]], [0; 4]);
    check::<u64, u32>("V128AnyTrue", &[[0, 1 << 63]], [1, 0, 0, 0]);
    check::<u64, u32>("V128AnyTrue", &[[0, 0]], [0; 4]);
    check::<u64, u64>("V128Bitselect", &[[0b1100, 1], [0b1010, 2], [0b0110, u64::MAX]], [0b1100, 1]);
    check::<u64, u64>("V128AndNot", &[[0b1100, 1], [0b1010, 0]], [0b0100, 1]);
    check::<u64, i64>("I64x2GtS", &[[1 << 32, 1 << 63], [u32::MAX.into(), 0]], [-1, 0]);
}

#[test]
fn floats_round() {
    let bits = |floats: [f32; 4]| floats.map(f32::to_bits);
    check::<f32, u32>("F32x4Nearest", &[[0.5, 1.5, -0.5, -2.5]], bits([0.0, 2.0, -0.0, -2.0]));
    check::<f32, u32>(
        "F32x4Nearest",
        &[[4_194_304.5, 8_388_609.0, -0.0, 0.499_999_97]],
        bits([4_194_304.0, 8_388_609.0, -0.0, 0.0]),
    );
    check::<f32, u32>("F32x4Ceil", &[[-0.7, 0.1, 8_388_607.5, -0.0]], bits([-0.0, 1.0, 8_388_608.0, -0.0]));
    check::<f32, u32>("F32x4Floor", &[[-0.7, 0.7, -8_388_607.5, -0.0]], bits([-1.0, 0.0, -8_388_608.0, -0.0]));
    check::<f32, u32>("F32x4Trunc", &[[-0.7, 1.9, -8_388_607.5, -0.0]], bits([-0.0, 1.0, -8_388_607.0, -0.0]));
    check::<u32, u32>("F32x4ConvertI32x4U", &[[u32::MAX, 0x8000_0081, 0x0100_0001, 0x0100_0003]], {
        bits([4_294_967_296.0, 2_147_483_904.0, 16_777_216.0, 16_777_220.0])
    });
    check::<u32, f64>("F64x2ConvertLowI32x4U", &[[u32::MAX, 0, 7, 7]], [4_294_967_295.0, 0.0]);
    check::<f64, f32>("F32x4DemoteF64x2Zero", &[[16_777_217.0, 1e300]], [16_777_216.0, f32::INFINITY, 0.0, 0.0]);
}

#[test]
fn floats_order_zeros() {
    let bits = |floats: [f32; 4]| floats.map(f32::to_bits);
    let (a, b) = ([0.0, -0.0, 1.0, -1.0], [-0.0, 0.0, -1.0, 1.0]);
    check::<f32, u32>("F32x4Min", &[a, b], bits([-0.0, -0.0, -1.0, -1.0]));
    check::<f32, u32>("F32x4Max", &[a, b], bits([0.0, 0.0, 1.0, 1.0]));
    check::<f32, u32>("F32x4PMin", &[a, b], bits([0.0, -0.0, -1.0, -1.0]));
    check::<f32, u32>("F32x4PMax", &[a, b], bits([0.0, -0.0, 1.0, 1.0]));
    let nan = f64::from_bits(0x7ff0_0000_0000_0001);
    check::<f64, u64>("F64x2PMin", &[[nan, 1.0], [1.0, nan]], [nan.to_bits(), 1f64.to_bits()]);
    check::<f64, u64>("F64x2Canonical", &[[-nan, 1.0]], [0x7ff8_0000_0000_0000, 1f64.to_bits()]);
    check::<f32, u32>("F32x4Canonical", &[[-f32::NAN, -0.0, f32::INFINITY, f32::from_bits(0x7f80_0001)]], {
        [0x7fc0_0000, 0x8000_0000, 0x7f80_0000, 0x7fc0_0000]
    });
    check::<f64, u64>("F64Canonical", &[[-nan, 1.0]], [0x7ff8_0000_0000_0000, 0]);
    check::<f32, u32>("F32Canonical", &[[-1.5, 1.0, 1.0, 1.0]], bits([-1.5, 0.0, 0.0, 0.0]));
}

#[test]
fn truncations_saturate() {
    check::<f32, i32>("I32x4TruncSatF32x4S", &[[f32::NAN, 2_147_483_648.0, -1e10, -1.9]], [0, i32::MAX, i32::MIN, -1]);
    check::<f32, u32>("I32x4TruncSatF32x4U", &[[f32::NAN, 4_294_967_296.0, -1.0, 4_294_967_040.0]], {
        [0, u32::MAX, 0, 4_294_967_040]
    });
    check::<f64, i32>("I32x4TruncSatF64x2SZero", &[[-2_147_483_648.9, 2_147_483_647.9]], [i32::MIN, i32::MAX, 0, 0]);
    check::<f64, i32>("I32x4TruncSatF64x2SZero", &[[f64::NAN, f64::INFINITY]], [0, i32::MAX, 0, 0]);
    check::<f64, u32>("I32x4TruncSatF64x2UZero", &[[2_147_483_648.9, 4_294_967_295.9]], [1 << 31, u32::MAX, 0, 0]);
    check::<f64, u32>("I32x4TruncSatF64x2UZero", &[[-f64::NAN, -0.9]], [0; 4]);
}

/// Products of which the last place is lost where they are rounded before something is added.
#[test]
fn multiply_add_rounds_twice() {
    let (a, c) = (1.0 + f32::EPSILON, -(1.0 + 2.0 * f32::EPSILON));
    assert_eq!(a.mul_add(a, c), f32::EPSILON * f32::EPSILON);
    check::<f32, u32>("F32x4Madd", &[[a, -a, a, 2.0], [a, -a, a, 3.0], [c, c, c, 4.0]], [0, 0, 0, 10f32.to_bits()]);
    check::<f32, u32>("F32x4Nmadd", &[[a, -a, a, 2.0], [-a, a, -a, 3.0], [c, c, c, 4.0]], [0, 0, 0, (-2f32).to_bits()]);
    let (a, c) = (1.0 + f64::EPSILON, -(1.0 + 2.0 * f64::EPSILON));
    check::<f64, u64>("F64x2Madd", &[[a, 2.0], [a, 3.0], [c, 4.0]], [0, 10f64.to_bits()]);
    check::<f64, u64>("F64x2Nmadd", &[[a, 2.0], [-a, 3.0], [c, 4.0]], [0, (-2f64).to_bits()]);
}
