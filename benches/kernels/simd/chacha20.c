// The key stream of ChaCha20, four blocks side by side, a word of each in a lane: additions, xors, and rotations, which are
// shuffles by 16 and 8 and shifts by 12 and 7.
#include "kernel.h"

static uint32_t blocks[4][16];

#define ROTATED(x, n) wasm_v128_or(wasm_i32x4_shl(x, n), wasm_u32x4_shr(x, 32 - n))
#define ROTATED16(x) wasm_i8x16_shuffle(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
#define ROTATED8(x) wasm_i8x16_shuffle(x, x, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14)

static inline void quarter(v128_t *a, v128_t *b, v128_t *c, v128_t *d) {
  *a = wasm_i32x4_add(*a, *b), *d = wasm_v128_xor(*d, *a), *d = ROTATED16(*d);
  *c = wasm_i32x4_add(*c, *d), *b = wasm_v128_xor(*b, *c), *b = ROTATED(*b, 12);
  *a = wasm_i32x4_add(*a, *b), *d = wasm_v128_xor(*d, *a), *d = ROTATED8(*d);
  *c = wasm_i32x4_add(*c, *d), *b = wasm_v128_xor(*b, *c), *b = ROTATED(*b, 7);
}

EXPORT int64_t run(int n) {
  v128_t start[16];
  const uint32_t words[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
                              0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c, 0,          0x09000000, 0x4a000000, 0};
  for (int i = 0; i < 16; i++) start[i] = wasm_u32x4_splat(words[i]);
  uint64_t sum = 0;
  for (int round = 0; round < n; round++) {
    start[12] = wasm_i32x4_add(wasm_i32x4_splat(4 * round), wasm_i32x4_const(0, 1, 2, 3));
    v128_t x[16];
    for (int i = 0; i < 16; i++) x[i] = start[i];
#pragma clang loop unroll(disable)
    for (int i = 0; i < 10; i++) {
      for (int column = 0; column < 4; column++) quarter(x + column, x + column + 4, x + column + 8, x + column + 12);
      for (int column = 0; column < 4; column++)
        quarter(x + column, x + (column + 1) % 4 + 4, x + (column + 2) % 4 + 8, x + (column + 3) % 4 + 12);
    }
    for (int i = 0; i < 16; i += 4) {
      v128_t a = wasm_i32x4_add(x[i], start[i]), b = wasm_i32x4_add(x[i + 1], start[i + 1]);
      v128_t c = wasm_i32x4_add(x[i + 2], start[i + 2]), d = wasm_i32x4_add(x[i + 3], start[i + 3]);
      // Words of a block lie together: a transposition.
      v128_t ab = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), cd = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5);
      wasm_v128_store(&blocks[0][i], wasm_i64x2_shuffle(ab, cd, 0, 2));
      wasm_v128_store(&blocks[1][i], wasm_i64x2_shuffle(ab, cd, 1, 3));
      ab = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7), cd = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
      wasm_v128_store(&blocks[2][i], wasm_i64x2_shuffle(ab, cd, 0, 2));
      wasm_v128_store(&blocks[3][i], wasm_i64x2_shuffle(ab, cd, 1, 3));
    }
    sum = sum64(sum, blocks[round & 3], 64);
  }
  return (int64_t)sum64(sum, blocks, sizeof blocks);
}
