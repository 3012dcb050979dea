// A round trip through a compressor: reads argv[1], packs and unpacks it argv[2] times at level argv[3], and prints the two
// sizes and a checksum (FNV-1a) of what was packed.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Both return the length of what they wrote to `out`, and end the program if it does not fit or is damaged.
static size_t pack(const uint8_t *in, size_t len, uint8_t *out, size_t room, int level);
static size_t unpack(const uint8_t *in, size_t len, uint8_t *out, size_t room);

static void check(int right, const char *what) {
  if (!right) {
    fprintf(stderr, "%s\n", what);
    exit(1);
  }
}

int main(int argc, char **argv) {
  check(argc == 4, "usage: FILE TIMES LEVEL");
  FILE *file = fopen(argv[1], "rb");
  check(file != NULL, "cannot open the file");
  check(fseek(file, 0, SEEK_END) == 0, "cannot seek");
  size_t len = (size_t)ftell(file), room = len + len / 4 + 4096, packed = 0;
  rewind(file);
  uint8_t *in = malloc(len), *out = malloc(room), *back = malloc(len);
  check(in && out && back && fread(in, 1, len, file) == len, "cannot read the file");
  for (int times = atoi(argv[2]); times > 0; times--) {
    packed = pack(in, len, out, room, atoi(argv[3]));
    check(unpack(out, packed, back, len) == len && memcmp(in, back, len) == 0, "it does not come back the same");
  }
  uint32_t fnv = 2166136261u;
  for (size_t i = 0; i < packed; i++) fnv = (fnv ^ out[i]) * 16777619u;
  printf("in %zu out %zu fnv %08x\n", len, packed, (unsigned)fnv);
  return 0;
}
