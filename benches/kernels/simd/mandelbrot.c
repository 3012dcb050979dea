// Counts the iterations of 128 by 128 points of the Mandelbrot set, four points at a time, at most n each.
#include "kernel.h"

enum { SIDE = 128 };

EXPORT int64_t run(int n) {
  int64_t total = 0;
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x += 4) {
      v128_t re = wasm_f32x4_add(wasm_f32x4_splat((float)x * (3.0f / SIDE) - 2.25f),
                                 wasm_f32x4_const(0, 3.0f / SIDE, 6.0f / SIDE, 9.0f / SIDE));
      v128_t im = wasm_f32x4_splat((float)y * (2.5f / SIDE) - 1.25f);
      v128_t a = re, b = im, count = wasm_i32x4_const_splat(0);
      for (int i = 0; i < n; i++) {
        v128_t aa = wasm_f32x4_mul(a, a), bb = wasm_f32x4_mul(b, b), ab = wasm_f32x4_mul(a, b);
        v128_t inside = wasm_f32x4_le(wasm_f32x4_add(aa, bb), wasm_f32x4_const_splat(4));
        if (!wasm_v128_any_true(inside)) break;
        count = wasm_i32x4_sub(count, inside);
        a = wasm_f32x4_add(wasm_f32x4_sub(aa, bb), re);
        b = wasm_f32x4_add(wasm_f32x4_add(ab, ab), im);
      }
      total += wasm_i32x4_extract_lane(count, 0) + wasm_i32x4_extract_lane(count, 1) + wasm_i32x4_extract_lane(count, 2) +
               wasm_i32x4_extract_lane(count, 3);
    }
  return total;
}
