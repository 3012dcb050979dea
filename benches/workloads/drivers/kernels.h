// What the collections of kernels (`floats.c`, `integers.c`, `arrays.c`) have in common. Each kernel is a small classic
// of its own; its number of repetitions makes them all execute about as many operators. Only `write` is asked of the
// system, and memory comes from a fixed pool, so that nearly all code in the module is the kernels'.
//
// A kernel's parts are functions with external linkage that are not inlined: the compiler then cannot see what they are
// called with, and leaves the loops that it would leave in a larger program.
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define PART __attribute__((noinline))

struct kernel {
  const char *name;
  uint64_t (*run)(uint32_t times);
  uint32_t times;
};

static _Alignas(16) char pool[1 << 20];
static size_t taken;

// Room for so many bytes, until the kernel ends. It holds what the kernel before left there.
PART void *take(size_t bytes) {
  void *at = pool + taken;
  taken += (bytes + 15) & ~(size_t)15;
  if (taken > sizeof pool) __builtin_trap();
  return at;
}

static uint32_t random_state;

PART uint32_t random32(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

static uint32_t below(uint32_t limit) { return random32() % limit; }

// Prints, for each kernel, its name and what it gave.
static int run(const struct kernel *kernels, size_t count) {
  static char line[64];
  for (size_t i = 0; i < count; i++) {
    random_state = 2463534242u;
    taken = 0;
    uint64_t sum = kernels[i].run(kernels[i].times);
    size_t len = 0;
    for (const char *name = kernels[i].name; *name != 0; name++) line[len++] = *name;
    line[len++] = ' ';
    for (int shift = 60; shift >= 0; shift -= 4) line[len++] = "0123456789abcdef"[sum >> shift & 15];
    line[len++] = '\n';
    if (write(1, line, len) != (ssize_t)len) return 1;
  }
  return 0;
}
