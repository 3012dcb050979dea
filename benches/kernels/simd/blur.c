// Blurs a grey picture of 256 by 128 points with the weights 1 2 1, across and down: bytes are widened, added, shifted and
// narrowed again.
#include "kernel.h"

enum { WIDTH = 256, HEIGHT = 128 };
static uint8_t one[HEIGHT][WIDTH], two[HEIGHT][WIDTH];

static v128_t weighted(v128_t a, v128_t b, v128_t c) {
  return wasm_i16x8_add(wasm_i16x8_add(a, c), wasm_i16x8_shl(b, 1));
}

static void blur(uint8_t from[HEIGHT][WIDTH], uint8_t to[HEIGHT][WIDTH]) {
  for (int y = 1; y < HEIGHT - 1; y++)
    for (int x = 8; x < WIDTH - 8; x += 8) {
      v128_t sum[3];
      for (int dx = -1; dx <= 1; dx++) {
        const uint8_t *at = &from[y][x + dx];
        sum[dx + 1] = weighted(wasm_u16x8_load8x8(at - WIDTH), wasm_u16x8_load8x8(at), wasm_u16x8_load8x8(at + WIDTH));
      }
      v128_t all = wasm_i16x8_add(weighted(sum[0], sum[1], sum[2]), wasm_i16x8_const_splat(8));
      v128_t bytes = wasm_u8x16_narrow_i16x8(wasm_u16x8_shr(all, 4), all);
      wasm_v128_store64_lane(&to[y][x], bytes, 0);
    }
}

EXPORT int64_t run(int n) {
  state = 1;
  fill(one[0], sizeof one);
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) two[y][x] = one[y][x];
  for (int round = 0; round < n; round++) {
    one[1 + round % 120][8 + round % 240] = (uint8_t)(round * 77);
    blur(one, two), blur(two, one);
  }
  return (int64_t)sum64(n, one, sizeof one);
}
