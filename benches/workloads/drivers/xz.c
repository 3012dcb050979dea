#include "round_trip.h"
#include <lzma.h>

static size_t pack(const uint8_t *in, size_t len, uint8_t *out, size_t room, int level) {
  size_t at = 0;
  check(lzma_easy_buffer_encode(level, LZMA_CHECK_CRC64, NULL, in, len, out, &at, room) == LZMA_OK, "cannot compress");
  return at;
}

static size_t unpack(const uint8_t *in, size_t len, uint8_t *out, size_t room) {
  uint64_t limit = UINT64_MAX;
  size_t from = 0, at = 0;
  check(lzma_stream_buffer_decode(&limit, 0, NULL, in, &from, len, out, &at, room) == LZMA_OK, "cannot decompress");
  return at;
}
