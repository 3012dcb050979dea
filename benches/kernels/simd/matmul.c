// Product of two 64 by 64 matrices of f32: an element of the left one is spread over the lanes, times a row of the right
// one, four rows and eight columns at a time. Small integers, so that every sum is exact.
#include "kernel.h"

enum { SIDE = 64 };
static float a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];

static void multiply(void) {
  for (int i = 0; i < SIDE; i += 4)
    for (int j = 0; j < SIDE; j += 8) {
      v128_t sum[4][2];
      for (int row = 0; row < 4; row++) sum[row][0] = sum[row][1] = wasm_f32x4_const_splat(0);
      for (int k = 0; k < SIDE; k++) {
        v128_t left = wasm_v128_load(&b[k][j]), right = wasm_v128_load(&b[k][j + 4]);
        for (int row = 0; row < 4; row++) {
          v128_t factor = wasm_v128_load32_splat(&a[i + row][k]);
          sum[row][0] = wasm_f32x4_add(sum[row][0], wasm_f32x4_mul(factor, left));
          sum[row][1] = wasm_f32x4_add(sum[row][1], wasm_f32x4_mul(factor, right));
        }
      }
      for (int row = 0; row < 4; row++) {
        wasm_v128_store(&c[i + row][j], sum[row][0]);
        wasm_v128_store(&c[i + row][j + 4], sum[row][1]);
      }
    }
}

EXPORT int64_t run(int n) {
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) a[i][j] = (float)((i * 5 + j) % 7), b[i][j] = (float)((i + j * 3) % 11);
  int64_t total = 0;
  for (int round = 0; round < n; round++) {
    a[round & 63][round * 7 & 63] = (float)(round & 7);
    multiply();
    for (int i = 0; i < SIDE; i++) total += (int64_t)c[i][(i + round) & 63] * (i + 1);
  }
  return total;
}
