// Finds a byte in 16 KiB: a load, a comparison, a branch on any lane. Most searches go to a byte far back.
#include "kernel.h"

enum { LEN = 16384 };
static uint8_t text[LEN];

static int find(const uint8_t *text, int from, uint8_t byte) {
  v128_t wanted = wasm_u8x16_splat(byte);
  int i = from;
#pragma clang loop unroll(disable)
  for (; i + 16 <= LEN; i += 16) {
    v128_t equal = wasm_i8x16_eq(wasm_v128_load(text + i), wanted);
    if (wasm_v128_any_true(equal)) return i + __builtin_ctz(wasm_i8x16_bitmask(equal));
  }
  for (; i < LEN; i++)
    if (text[i] == byte) return i;
  return LEN;
}

EXPORT int64_t run(int n) {
  state = 1;
  for (int i = 0; i < LEN; i++) text[i] = (uint8_t)(noise() >> 16 & 63);
  for (int i = 700; i < LEN; i += 1000 + i % 7) text[i] = (uint8_t)(64 + i % 5);
  int64_t total = 0;
  for (int round = 0; round < n; round++)
    for (int at = 0; (at = find(text, at, (uint8_t)(64 + round % 5))) < LEN; at++) total += at;
  return total;
}
