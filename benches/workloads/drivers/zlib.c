#include "round_trip.h"
#include <zlib.h>

static size_t pack(const uint8_t *in, size_t len, uint8_t *out, size_t room, int level) {
  uLongf packed = room;
  check(compress2(out, &packed, in, len, level) == Z_OK, "cannot compress");
  return packed;
}

static size_t unpack(const uint8_t *in, size_t len, uint8_t *out, size_t room) {
  uLongf unpacked = room;
  check(uncompress(out, &unpacked, in, len) == Z_OK, "cannot decompress");
  return unpacked;
}
