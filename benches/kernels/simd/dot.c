// Dot product of two arrays of 4,096 f32: two loads, a multiplication and an addition for four elements, in four sums, as
// they have to be where additions take longer than they begin apart. Small integers, so that every sum is exact.
#include "kernel.h"

enum { LEN = 4096 };
static float a[LEN], b[LEN];

static float dot(const float *a, const float *b) {
  v128_t sum[4] = {wasm_f32x4_const_splat(0), wasm_f32x4_const_splat(0), wasm_f32x4_const_splat(0),
                   wasm_f32x4_const_splat(0)};
  for (int i = 0; i < LEN; i += 16)
    for (int part = 0; part < 4; part++)
      sum[part] = wasm_f32x4_add(
          sum[part], wasm_f32x4_mul(wasm_v128_load(a + i + 4 * part), wasm_v128_load(b + i + 4 * part)));
  v128_t all = wasm_f32x4_add(wasm_f32x4_add(sum[0], sum[1]), wasm_f32x4_add(sum[2], sum[3]));
  return wasm_f32x4_extract_lane(all, 0) + wasm_f32x4_extract_lane(all, 1) + wasm_f32x4_extract_lane(all, 2) +
         wasm_f32x4_extract_lane(all, 3);
}

EXPORT int64_t run(int n) {
  for (int i = 0; i < LEN; i++) a[i] = (float)(i & 15), b[i] = (float)(i * 7 & 31);
  int64_t total = 0;
  for (int round = 0; round < n; round++) {
    a[round & (LEN - 1)] = (float)(round & 7);
    total += (int64_t)dot(a, b);
  }
  return total;
}
