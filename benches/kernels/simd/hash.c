// A hash of 16 KiB in the manner of XXH3: in each of eight sums, the product of the two halves of a word mixed with a
// secret, and the neighbour's word; after a block the sums are scrambled.
#include "kernel.h"

enum { LEN = 16384, STRIPE = 64, BLOCK = 1024 };
static uint8_t bytes[LEN], secret[192];

static v128_t product(v128_t a, v128_t b) {
  // The low halves of the words, times each other.
  return wasm_u64x2_extmul_low_u32x4(wasm_i32x4_shuffle(a, a, 0, 2, 0, 2), wasm_i32x4_shuffle(b, b, 0, 2, 0, 2));
}

static uint64_t hash(const uint8_t *bytes) {
  v128_t sums[4];
  for (int i = 0; i < 4; i++) sums[i] = wasm_v128_load(secret + 16 * i);
  for (int at = 0; at < LEN; at += BLOCK) {
#pragma clang loop unroll(disable)
    for (int stripe = 0; stripe < BLOCK; stripe += STRIPE)
      for (int i = 0; i < 4; i++) {
        v128_t word = wasm_v128_load(bytes + at + stripe + 16 * i);
        v128_t key = wasm_v128_xor(word, wasm_v128_load(secret + stripe / 8 + 16 * i));
        v128_t swapped = wasm_i64x2_shuffle(word, word, 1, 0);
        sums[i] = wasm_i64x2_add(sums[i], wasm_i64x2_add(swapped, product(key, wasm_u64x2_shr(key, 32))));
      }
    for (int i = 0; i < 4; i++) {
      v128_t mixed = wasm_v128_xor(sums[i], wasm_u64x2_shr(sums[i], 47));
      mixed = wasm_v128_xor(mixed, wasm_v128_load(secret + 128 + 16 * i));
      sums[i] = wasm_i64x2_mul(mixed, wasm_i64x2_const_splat(0x9E3779B1));
    }
  }
  return sum64(LEN, sums, sizeof sums);
}

EXPORT int64_t run(int n) {
  state = 1;
  fill(bytes, sizeof bytes), fill(secret, sizeof secret);
  uint64_t sum = 0;
  for (int round = 0; round < n; round++) {
    bytes[round % LEN] ^= (uint8_t)(round + 1);
    sum = sum * 31 + hash(bytes);
  }
  return (int64_t)sum;
}
