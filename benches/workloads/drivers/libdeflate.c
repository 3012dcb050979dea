#include "round_trip.h"
#include <libdeflate.h>

static size_t pack(const uint8_t *in, size_t len, uint8_t *out, size_t room, int level) {
  struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(level);
  size_t packed = libdeflate_gzip_compress(compressor, in, len, out, room);
  check(packed > 0, "cannot compress");
  libdeflate_free_compressor(compressor);
  return packed;
}

static size_t unpack(const uint8_t *in, size_t len, uint8_t *out, size_t room) {
  struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
  size_t unpacked = 0;
  check(libdeflate_gzip_decompress(decompressor, in, len, out, room, &unpacked) == LIBDEFLATE_SUCCESS, "cannot decompress");
  libdeflate_free_decompressor(decompressor);
  return unpacked;
}
