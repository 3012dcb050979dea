// Xor of a buffer of 16 KiB into another, as a stream cipher does: two loads, an xor and a store, the second buffer
// unaligned.
#include "kernel.h"

enum { LEN = 16384 };
static uint8_t a[LEN], b[LEN + 64];

EXPORT int64_t run(int n) {
  state = 1;
  fill(a, sizeof a), fill(b, sizeof b);
  for (int round = 0; round < n; round++) {
    const uint8_t *key = b + (round & 63);
#pragma clang loop unroll(disable)
    for (int i = 0; i < LEN; i += 16) wasm_v128_store(a + i, wasm_v128_xor(wasm_v128_load(a + i), wasm_v128_load(key + i)));
  }
  return (int64_t)sum64(n, a, sizeof a);
}
