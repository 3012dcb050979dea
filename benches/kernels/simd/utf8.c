// Validates 16 KiB of UTF-8 with the lookups of Keiser and Lemire ("Validating UTF-8 in less than one instruction per
// byte"): three swizzles find what a byte and the one before it can be wrong about.
#include "kernel.h"

enum { LEN = 16384, SHORT = 1, LONG = 2, OVERLONG3 = 4, LARGE1000 = 64, SURROGATE = 16, OVERLONG2 = 32, TWO = 128,
       OVERLONG4 = 64, LARGE = 8, CARRY = SHORT | LONG | TWO };
static uint8_t text[LEN];

static v128_t special(v128_t input, v128_t before) {
  const v128_t high1 = wasm_u8x16_const(LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG, TWO, TWO, TWO, TWO,
                                        SHORT | OVERLONG2, SHORT, SHORT | OVERLONG3 | SURROGATE,
                                        SHORT | LARGE | LARGE1000 | OVERLONG4);
  const v128_t low1 = wasm_u8x16_const(
      CARRY | OVERLONG3 | OVERLONG2 | OVERLONG4, CARRY | OVERLONG2, CARRY, CARRY, CARRY | LARGE, CARRY | LARGE | LARGE1000,
      CARRY | LARGE | LARGE1000, CARRY | LARGE | LARGE1000, CARRY | LARGE | LARGE1000, CARRY | LARGE | LARGE1000,
      CARRY | LARGE | LARGE1000, CARRY | LARGE | LARGE1000, CARRY | LARGE | LARGE1000,
      CARRY | LARGE | LARGE1000 | SURROGATE, CARRY | LARGE | LARGE1000, CARRY | LARGE | LARGE1000);
  const v128_t high2 = wasm_u8x16_const(
      SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, LONG | OVERLONG2 | TWO | OVERLONG3 | LARGE1000 | OVERLONG4,
      LONG | OVERLONG2 | TWO | OVERLONG3 | LARGE, LONG | OVERLONG2 | TWO | SURROGATE | LARGE,
      LONG | OVERLONG2 | TWO | SURROGATE | LARGE, SHORT, SHORT, SHORT, SHORT);
  v128_t low = wasm_v128_and(before, wasm_u8x16_const_splat(15));
  return wasm_v128_and(wasm_v128_and(wasm_i8x16_swizzle(high1, wasm_u8x16_shr(before, 4)), wasm_i8x16_swizzle(low1, low)),
                       wasm_i8x16_swizzle(high2, wasm_u8x16_shr(input, 4)));
}

static int valid(const uint8_t *text) {
  v128_t last = wasm_u8x16_const_splat(0), error = last, unfinished = last;
  const v128_t most = wasm_u8x16_const(255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0xef, 0xdf, 0xbf);
  for (int i = 0; i < LEN; i += 16) {
    v128_t input = wasm_v128_load(text + i);
    if (!wasm_i8x16_bitmask(input)) {
      error = wasm_v128_or(error, unfinished);
      unfinished = wasm_u8x16_const_splat(0);
    } else {
      v128_t one = wasm_i8x16_shuffle(last, input, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
      v128_t two = wasm_i8x16_shuffle(last, input, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
      v128_t three = wasm_i8x16_shuffle(last, input, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28);
      v128_t third = wasm_u8x16_sub_sat(two, wasm_u8x16_const_splat(0xe0 - 0x80));
      v128_t fourth = wasm_u8x16_sub_sat(three, wasm_u8x16_const_splat(0xf0 - 0x80));
      v128_t must = wasm_v128_and(wasm_v128_or(third, fourth), wasm_u8x16_const_splat(0x80));
      error = wasm_v128_or(error, wasm_v128_xor(must, special(input, one)));
      unfinished = wasm_u8x16_sub_sat(input, most);
    }
    last = input;
  }
  return !wasm_v128_any_true(wasm_v128_or(error, unfinished));
}

EXPORT int64_t run(int n) {
  state = 1;
  int at = 0;
  while (at < LEN - 4) {
    uint32_t kind = noise() & 7, letter = noise() & 0xfff;
    if (kind < 3)
      for (int i = 0; i < 20 && at < LEN - 4; i++) text[at++] = (uint8_t)('a' + (letter + i) % 26);
    else if (kind < 5)
      text[at++] = (uint8_t)(0xd0 + (letter >> 6 & 3)), text[at++] = (uint8_t)(0x80 | (letter & 63));
    else if (kind < 7)
      text[at++] = 0xe5, text[at++] = (uint8_t)(0x80 | letter >> 6), text[at++] = (uint8_t)(0x80 | (letter & 63));
    else
      text[at++] = 0xf0, text[at++] = 0x9f, text[at++] = (uint8_t)(0x80 | letter >> 6), text[at++] = (uint8_t)(0x80 | (letter & 63));
  }
  while (at < LEN) text[at++] = '.';
  // Every other round some byte is damaged; the text may be valid even so.
  int64_t total = 0;
  for (int round = 0; round < n; round++) {
    uint32_t place = noise() & (LEN - 1), damage = round & 1 ? noise() >> 16 & 255 : 0;
    text[place] ^= (uint8_t)damage;
    total += valid(text) * (int64_t)(round + 1);
    text[place] ^= (uint8_t)damage;
  }
  return total;
}
