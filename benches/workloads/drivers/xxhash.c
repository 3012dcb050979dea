// Hashes the file argv[1], argv[2] times: XXH3 with 64 and 128 bits of the whole, of parts in a stream, and of short keys.
#define XXH_STATIC_LINKING_ONLY
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

int main(int argc, char **argv) {
  if (argc != 3) return 1;
  FILE *file = fopen(argv[1], "rb");
  static unsigned char bytes[1 << 20];
  size_t len = file ? fread(bytes, 1, sizeof bytes, file) : 0;
  if (len < 4096) return 1;
  XXH64_hash_t whole = 0, parts = 0, keys = 0;
  XXH128_hash_t wide = {0, 0};
  XXH3_state_t *state = XXH3_createState();
  for (int times = atoi(argv[2]); times > 0; times--) {
    whole ^= XXH3_64bits_withSeed(bytes, len, (XXH64_hash_t)times);
    wide = XXH3_128bits_withSeed(bytes, len, wide.low64);
    XXH3_64bits_reset(state);
    for (size_t at = 0, part = 1; at + part <= len; at += part, part = part * 3 % 4093 + 1)
      XXH3_64bits_update(state, bytes + at, part);
    parts += XXH3_64bits_digest(state);
    for (size_t at = 0; at + 1024 <= len / 8; at += 300) keys = keys * 31 + XXH3_64bits(bytes + at, 256 + at % 700);
  }
  XXH3_freeState(state);
  printf("%016llx %016llx%016llx %016llx %016llx\n", (unsigned long long)whole, (unsigned long long)wide.high64,
         (unsigned long long)wide.low64, (unsigned long long)parts, (unsigned long long)keys);
  return 0;
}
