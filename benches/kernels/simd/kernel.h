// What the kernels share. Each exports `run`, which does its work n times on data it makes itself, and gives a sum of what
// came out; `benches/suite/tests/kernels.rs` computes the same without vectors.
#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT __attribute__((export_name("run")))

static uint32_t state = 1;

// 24 bits that look random.
static inline uint32_t noise(void) {
  state = state * 1664525u + 1013904223u;
  return state >> 8;
}

static inline void fill(uint8_t *bytes, int len) {
  for (int i = 0; i < len; i++) bytes[i] = (uint8_t)(noise() >> 16);
}

static inline uint64_t sum64(uint64_t sum, const void *bytes, int len) {
  const uint64_t *words = bytes;
  for (int i = 0; i < len / 8; i++) sum = (sum ^ words[i]) * 0x100000001b3u;
  return sum;
}
