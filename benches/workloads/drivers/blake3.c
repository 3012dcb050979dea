// Prints the BLAKE3 hash of the standard input.
#include <blake3.h>
#include <stdio.h>

int main(void) {
  static unsigned char buffer[1 << 16];
  unsigned char hash[BLAKE3_OUT_LEN];
  blake3_hasher hasher;
  blake3_hasher_init(&hasher);
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, stdin)) > 0;) blake3_hasher_update(&hasher, buffer, n);
  blake3_hasher_finalize(&hasher, hash, sizeof hash);
  for (size_t i = 0; i < sizeof hash; i++) printf("%02x", hash[i]);
  puts("");
  return 0;
}
