// Draws a picture of argv[1] by argv[1] points, compresses it with losses (at quality 75) and without, decompresses both,
// and prints the lengths and a checksum (FNV-1a) of what came back. With LOSSY defined, only the former.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <webp/decode.h>
#include <webp/encode.h>

static uint32_t fnv = 2166136261u;

static void back(const uint8_t *packed, size_t len, int side) {
  int width, height;
  uint8_t *points = WebPDecodeRGB(packed, len, &width, &height);
  if (points == NULL || width != side || height != side) exit(1);
  for (int i = 0; i < 3 * side * side; i++) fnv = (fnv ^ points[i]) * 16777619u;
  WebPFree(points);
}

int main(int argc, char **argv) {
  if (argc != 2) return 1;
  int side = atoi(argv[1]);
  uint8_t *points = malloc((size_t)(3 * side * side));
  if (points == NULL) return 1;
  uint32_t noise = 1;
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++) {
      noise = noise * 1664525u + 1013904223u;
      int dx = x - side / 2, dy = y - side / 3, inside = dx * dx + dy * dy < side * side / 9;
      uint8_t *point = points + 3 * (y * side + x);
      point[0] = (uint8_t)(x * 255 / side + (int)(noise >> 29));
      point[1] = (uint8_t)(inside ? 200 : y * 255 / side);
      point[2] = (uint8_t)(inside ? (x ^ y) & 127 : (noise >> 28) + 64);
    }
  uint8_t *packed;
  size_t lossy = WebPEncodeRGB(points, side, side, 3 * side, 75, &packed);
  if (lossy == 0) return 1;
  back(packed, lossy, side);
  WebPFree(packed);
#ifdef LOSSY
  size_t lossless = 0;
#else
  size_t lossless = WebPEncodeLosslessRGB(points, side, side, 3 * side, &packed);
  if (lossless == 0) return 1;
  back(packed, lossless, side);
#endif
  printf("lossy %zu lossless %zu fnv %08x\n", lossy, lossless, fnv);
  return 0;
}
