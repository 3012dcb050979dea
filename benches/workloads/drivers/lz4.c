#include "round_trip.h"
#include <lz4.h>
#include <lz4hc.h>

// Levels above 1 are those of the slow compressor.
static size_t pack(const uint8_t *in, size_t len, uint8_t *out, size_t room, int level) {
  const char *from = (const char *)in;
  char *to = (char *)out;
  int packed = level > 1 ? LZ4_compress_HC(from, to, (int)len, (int)room, level) : LZ4_compress_default(from, to, (int)len, (int)room);
  check(packed > 0, "cannot compress");
  return (size_t)packed;
}

static size_t unpack(const uint8_t *in, size_t len, uint8_t *out, size_t room) {
  int unpacked = LZ4_decompress_safe((const char *)in, (char *)out, (int)len, (int)room);
  check(unpacked >= 0, "cannot decompress");
  return (size_t)unpacked;
}
