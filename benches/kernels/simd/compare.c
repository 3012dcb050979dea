// Where two buffers of up to 16 KiB differ first, as memcmp has to find: two loads, a comparison, and a branch on any lane.
#include "kernel.h"

enum { LEN = 16384 };
static uint8_t a[LEN], b[LEN];

static int differ(const uint8_t *a, const uint8_t *b) {
#pragma clang loop unroll(disable)
  for (int i = 0; i < LEN; i += 16) {
    v128_t different = wasm_i8x16_ne(wasm_v128_load(a + i), wasm_v128_load(b + i));
    if (wasm_v128_any_true(different)) return i + __builtin_ctz(wasm_i8x16_bitmask(different));
  }
  return LEN;
}

EXPORT int64_t run(int n) {
  state = 1;
  fill(a, sizeof a);
  for (int i = 0; i < LEN; i++) b[i] = a[i];
  int64_t total = 0;
  for (int round = 0; round < n; round++) {
    int at = (int)(noise() & (LEN - 1));
    b[at] ^= 1;
    total += differ(a, b) * (int64_t)(1 + round % 3);
    b[at] ^= 1;
  }
  return total;
}
