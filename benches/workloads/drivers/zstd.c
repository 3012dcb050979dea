#include "round_trip.h"
#include <zstd.h>

static size_t pack(const uint8_t *in, size_t len, uint8_t *out, size_t room, int level) {
  size_t packed = ZSTD_compress(out, room, in, len, level);
  check(!ZSTD_isError(packed), "cannot compress");
  return packed;
}

static size_t unpack(const uint8_t *in, size_t len, uint8_t *out, size_t room) {
  size_t unpacked = ZSTD_decompress(out, room, in, len);
  check(!ZSTD_isError(unpacked), "cannot decompress");
  return unpacked;
}
