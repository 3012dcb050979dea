// Kernels over i64 and i32 that hardly touch memory, or only tables: hashes, ciphers, random numbers, number theory,
// bits, large numbers, recursion, counting.
#include "kernels.h"

static uint32_t left32(uint32_t x, int by) { return x << by | x >> (32 - by); }
static uint32_t right32(uint32_t x, int by) { return x >> by | x << (32 - by); }
static uint64_t left64(uint64_t x, int by) { return x << by | x >> (64 - by); }

PART void fill_bytes(uint8_t *to, int n) {
  for (int i = 0; i < n; i++) to[i] = (uint8_t)(random32() >> 7);
}

// Hashes and ciphers.
PART void keccak_f(uint64_t *state) {
  static const uint8_t places[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                     15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
  uint8_t lfsr = 1;
  for (int round = 0; round < 24; round++) {
    uint64_t column[5], last;
    for (int x = 0; x < 5; x++) column[x] = state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20];
    for (int x = 0; x < 5; x++) {
      uint64_t by = column[(x + 4) % 5] ^ left64(column[(x + 1) % 5], 1);
      for (int y = 0; y < 25; y += 5) state[y + x] ^= by;
    }
    last = state[1];
    for (int i = 0, by = 0; i < 24; i++) {
      by += i + 1;
      uint64_t here = state[places[i]];
      state[places[i]] = last << (by & 63) | last >> (-by & 63);
      last = here;
    }
    for (int y = 0; y < 25; y += 5) {
      for (int x = 0; x < 5; x++) column[x] = state[y + x];
      for (int x = 0; x < 5; x++) state[y + x] = column[x] ^ (~column[(x + 1) % 5] & column[(x + 2) % 5]);
    }
    for (int bit = 1; bit <= 64; bit *= 2) {
      if (lfsr & 1) state[0] ^= (uint64_t)1 << (bit - 1);
      lfsr = (uint8_t)(lfsr << 1 ^ (lfsr & 128 ? 0x71 : 0));
    }
  }
}

PART uint64_t keccak(uint32_t times) {
  uint64_t *state = take(25 * 8);
  for (int i = 0; i < 25; i++) state[i] = 0;
  while (times-- > 0) keccak_f(state);
  return state[0];
}

// The rounds of SHA-256, with random constants.
PART void sha256_block(uint32_t *state, const uint8_t *block, const uint32_t *constants) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
           block[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = right32(w[i - 15], 7) ^ right32(w[i - 15], 18) ^ w[i - 15] >> 3;
    uint32_t b = right32(w[i - 2], 17) ^ right32(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + a + w[i - 7] + b;
  }
  for (int i = 0; i < 8; i++) s[i] = state[i];
  for (int i = 0; i < 64; i++) {
    uint32_t one = s[7] + (right32(s[4], 6) ^ right32(s[4], 11) ^ right32(s[4], 25)) +
                   ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + w[i];
    uint32_t two =
        (right32(s[0], 2) ^ right32(s[0], 13) ^ right32(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    s[7] = s[6];
    s[6] = s[5];
    s[5] = s[4];
    s[4] = s[3] + one;
    s[3] = s[2];
    s[2] = s[1];
    s[1] = s[0];
    s[0] = one + two;
  }
  for (int i = 0; i < 8; i++) state[i] += s[i];
}

PART uint64_t sha256(uint32_t times) {
  uint32_t *constants = take(64 * 4), state[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  uint8_t *block = take(64);
  for (int i = 0; i < 64; i++) constants[i] = random32();
  fill_bytes(block, 64);
  while (times-- > 0) sha256_block(state, block, constants);
  return (uint64_t)state[0] << 32 | state[7];
}

PART uint64_t fnv(const uint8_t *bytes, size_t n) {
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < n; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
  return hash;
}

PART uint32_t times31(const char *text) {
  uint32_t hash = 0;
  for (; *text != 0; text++) hash = hash * 31 + (uint8_t)*text;
  return hash;
}

PART uint32_t adler(const uint8_t *bytes, size_t n) {
  uint32_t a = 1, b = 0;
  for (; n-- > 0; bytes++) {
    a = (a + *bytes) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

PART uint64_t byte_hashes(uint32_t times) {
  enum { N = 500 };
  uint8_t *bytes = take(N);
  fill_bytes(bytes, N);
  for (int i = 0; i < N; i++) bytes[i] |= 1;
  bytes[N - 1] = 0;
  uint64_t sum = 0;
  while (times-- > 0) {
    sum += fnv(bytes, N) ^ times31((char *)bytes) ^ adler(bytes, N);
    bytes[times % (N - 1)] ^= 64;
  }
  return sum;
}

static uint32_t load32(const uint8_t *at) {
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}
static uint64_t load64(const uint8_t *at) { return load32(at) | (uint64_t)load32(at + 4) << 32; }

PART uint32_t murmur(const uint8_t *bytes, size_t n, uint32_t hash) {
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    hash ^= left32(load32(bytes + i) * 0xcc9e2d51, 15) * 0x1b873593;
    hash = left32(hash, 13) * 5 + 0xe6546b64;
  }
  uint32_t rest = 0;
  for (int shift = 0; i < n; i++, shift += 8) rest |= (uint32_t)bytes[i] << shift;
  hash ^= left32(rest * 0xcc9e2d51, 15) * 0x1b873593 ^ (uint32_t)n;
  hash = (hash ^ hash >> 16) * 0x85ebca6b;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35;
  return hash ^ hash >> 16;
}

PART uint64_t lanes(const uint64_t *words, size_t n) {
  uint64_t a = 0x9e3779b185ebca87, b = 0xc2b2ae3d27d4eb4f, c = 1, d = 2;
  for (size_t i = 0; i + 4 <= n; i += 4) {
    a = left64(a + words[i] * 0xc2b2ae3d27d4eb4f, 31) * 0x9e3779b185ebca87;
    b = left64(b + words[i + 1] * 0xc2b2ae3d27d4eb4f, 31) * 0x9e3779b185ebca87;
    c = left64(c + words[i + 2] * 0xc2b2ae3d27d4eb4f, 31) * 0x9e3779b185ebca87;
    d = left64(d + words[i + 3] * 0xc2b2ae3d27d4eb4f, 31) * 0x9e3779b185ebca87;
  }
  uint64_t hash = left64(a, 1) + left64(b, 7) + left64(c, 12) + left64(d, 18);
  hash = (hash ^ hash >> 33) * 0xc2b2ae3d27d4eb4f;
  return hash ^ hash >> 29;
}

PART uint64_t sip(const uint8_t *bytes, size_t n, uint64_t key) {
  uint64_t v0 = key ^ 0x736f6d6570736575, v1 = ~key ^ 0x646f72616e646f6d, v2 = key ^ 0x6c7967656e657261,
           v3 = ~key ^ 0x7465646279746573;
  for (size_t i = 0; i + 8 <= n + 16; i += 8) {
    uint64_t word = i + 8 <= n ? load64(bytes + i) : 0;
    v3 ^= word;
    for (int round = 0; round < 2; round++) {
      v0 += v1;
      v1 = left64(v1, 13) ^ v0;
      v0 = left64(v0, 32);
      v2 += v3;
      v3 = left64(v3, 16) ^ v2;
      v0 += v3;
      v3 = left64(v3, 21) ^ v0;
      v2 += v1;
      v1 = left64(v1, 17) ^ v2;
      v2 = left64(v2, 32);
    }
    v0 ^= word;
  }
  return v0 ^ v1 ^ v2 ^ v3;
}

PART uint64_t word_hashes(uint32_t times) {
  enum { N = 512 };
  uint8_t *bytes = take(N + 3);
  fill_bytes(bytes, N + 3);
  uint64_t sum = 0;
  while (times-- > 0) {
    sum += murmur(bytes, N + 3, times) ^ lanes((const uint64_t *)bytes, N / 8) ^ sip(bytes, N, sum);
    bytes[times % N]++;
  }
  return sum;
}

PART void chacha(const uint32_t *in, uint32_t *out) {
  uint32_t x[16];
  for (int i = 0; i < 16; i++) x[i] = in[i];
#define MIX(a, b, c, by) x[a] += x[b], x[c] = left32(x[c] ^ x[a], by)
#define QUARTER(a, b, c, d) MIX(a, b, d, 16), MIX(c, d, b, 12), MIX(a, b, d, 8), MIX(c, d, b, 7)
  for (int round = 0; round < 10; round++) {
    QUARTER(0, 4, 8, 12);
    QUARTER(1, 5, 9, 13);
    QUARTER(2, 6, 10, 14);
    QUARTER(3, 7, 11, 15);
    QUARTER(0, 5, 10, 15);
    QUARTER(1, 6, 11, 12);
    QUARTER(2, 7, 8, 13);
    QUARTER(3, 4, 9, 14);
  }
  for (int i = 0; i < 16; i++) out[i] = x[i] + in[i];
}

PART uint64_t streams(uint32_t times) {
  uint32_t *in = take(64), *out = take(64);
  for (int i = 0; i < 16; i++) in[i] = random32();
  uint64_t sum = 0;
  while (times-- > 0) {
    chacha(in, out);
    in[12]++;
    sum += out[times & 15];
  }
  return sum;
}

PART void tea(uint32_t *pair, const uint32_t *key) {
  uint32_t a = pair[0], b = pair[1], sum = 0;
  for (int round = 0; round < 32; round++) {
    a += ((b << 4 ^ b >> 5) + b) ^ (sum + key[sum & 3]);
    sum += 0x9e3779b9;
    b += ((a << 4 ^ a >> 5) + a) ^ (sum + key[sum >> 11 & 3]);
  }
  pair[0] = a;
  pair[1] = b;
}

PART uint32_t shuffled(uint8_t *box, uint8_t *bytes, int n) {
  uint8_t i = 0, j = 0;
  uint32_t sum = 0;
  for (int k = 0; k < n; k++) {
    i++;
    uint8_t a = box[i];
    j = (uint8_t)(j + a);
    uint8_t b = box[j];
    box[i] = b;
    box[j] = a;
    bytes[k] ^= box[(uint8_t)(a + b)];
    sum += bytes[k];
  }
  return sum;
}

PART uint64_t ciphers(uint32_t times) {
  uint32_t key[4] = {1, 2, 3, 4}, pair[2] = {5, 6};
  uint8_t *box = take(256), *bytes = take(64);
  fill_bytes(bytes, 64);
  for (int i = 0; i < 256; i++) box[i] = (uint8_t)i;
  uint64_t sum = 0;
  while (times-- > 0) {
    tea(pair, key);
    sum += shuffled(box, bytes, 64);
  }
  return sum ^ pair[0] ^ (uint64_t)pair[1] << 32;
}

// A substitution and a multiplication in the field of 256 elements, as in AES.
static uint8_t doubled(uint8_t x) { return (uint8_t)(x << 1 ^ (x & 128 ? 0x1b : 0)); }

PART void field_box(uint8_t *box) {
  uint8_t p = 1, q = 1;
  do {
    p = (uint8_t)(p ^ doubled(p));
    q ^= (uint8_t)(q << 1);
    q ^= (uint8_t)(q << 2);
    q ^= (uint8_t)(q << 4);
    if (q & 128) q ^= 9;
    uint32_t x = q * 0x0101u;
    box[p] = (uint8_t)(x ^ x >> 7 ^ x >> 6 ^ x >> 5 ^ x >> 4 ^ 0x63);
  } while (p != 1);
  box[0] = 0x63;
}

PART void field_round(uint8_t *state, const uint8_t *box, const uint8_t *key) {
  uint8_t to[16];
  for (int i = 0; i < 16; i++) to[i] = box[state[(i + 4 * (i & 3)) & 15]];
  for (int c = 0; c < 16; c += 4) {
    uint8_t all = to[c] ^ to[c + 1] ^ to[c + 2] ^ to[c + 3];
    for (int i = 0; i < 4; i++)
      state[c + i] = to[c + i] ^ all ^ doubled(to[c + i] ^ to[c + ((i + 1) & 3)]) ^ key[c + i];
  }
}

PART uint64_t field(uint32_t times) {
  uint8_t *box = take(256), *state = take(16), *key = take(160);
  field_box(box);
  fill_bytes(state, 16);
  fill_bytes(key, 160);
  while (times-- > 0)
    for (int round = 0; round < 10; round++) field_round(state, box, key + 16 * round);
  return load64(state) ^ load64(state + 8);
}

// Random numbers.
PART uint64_t xorshift(uint64_t *state, uint32_t n) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < n; i++) {
    uint64_t a = state[0], b = state[1];
    state[0] = b;
    a ^= a << 23;
    state[1] = a ^ b ^ a >> 17 ^ b >> 26;
    sum += state[1] + b;
  }
  return sum;
}

PART uint64_t xoshiro(uint64_t *s, uint32_t n) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < n; i++) {
    sum += left64(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = left64(s[3], 45);
  }
  return sum;
}

PART uint64_t pcg(uint64_t state, uint32_t n) {
  uint64_t sum = 0;
  while (n-- > 0) {
    uint32_t mixed = (uint32_t)((state >> 18 ^ state) >> 27);
    int by = (int)(state >> 59);
    sum += mixed >> by | mixed << (-by & 31);
    state = state * 6364136223846793005u + 1442695040888963407u;
  }
  return sum;
}

PART uint64_t splitmix(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

PART uint64_t generators(uint32_t times) {
  uint64_t *state = take(32), sum = 0, seed = 42;
  for (int i = 0; i < 4; i++) state[i] = splitmix(&seed);
  while (times-- > 0) {
    sum += xorshift(state, 20) ^ xoshiro(state, 20) ^ pcg(sum, 20);
    for (int i = 0; i < 20; i++) sum ^= splitmix(&seed);
  }
  return sum;
}

PART void twist(uint32_t *mt) {
  for (int i = 0; i < 624; i++) {
    uint32_t y = (mt[i] & 0x80000000) | (mt[(i + 1) % 624] & 0x7fffffff);
    mt[i] = mt[(i + 397) % 624] ^ y >> 1 ^ (y & 1 ? 0x9908b0df : 0);
  }
}

PART uint64_t twister(uint32_t times) {
  uint32_t *mt = take(624 * 4);
  mt[0] = 5489;
  for (uint32_t i = 1; i < 624; i++) mt[i] = 1812433253u * (mt[i - 1] ^ mt[i - 1] >> 30) + i;
  uint64_t sum = 0;
  while (times-- > 0) {
    twist(mt);
    for (int i = 0; i < 624; i++) {
      uint32_t y = mt[i];
      y ^= y >> 11;
      y ^= y << 7 & 0x9d2c5680;
      y ^= y << 15 & 0xefc60000;
      sum += y ^ y >> 18;
    }
  }
  return sum;
}

// Number theory.
PART uint64_t divisor64(uint64_t a, uint64_t b) {
  while (b != 0) {
    uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

PART int32_t divisor32(int32_t a, int32_t b) { return b == 0 ? a : divisor32(b, a % b); }

PART uint64_t divisor_by_shifts(uint64_t a, uint64_t b) {
  if (a == 0 || b == 0) return a | b;
  int shift = __builtin_ctzll(a | b);
  a >>= __builtin_ctzll(a);
  do {
    b >>= __builtin_ctzll(b);
    if (a > b) {
      uint64_t t = a;
      a = b;
      b = t;
    }
    b -= a;
  } while (b != 0);
  return a << shift;
}

PART int64_t inverse(int64_t a, int64_t modulus) {
  int64_t t = 0, next_t = 1, r = modulus, next_r = a;
  while (next_r != 0) {
    int64_t q = r / next_r, old = t - q * next_t;
    t = next_t;
    next_t = old;
    old = r - q * next_r;
    r = next_r;
    next_r = old;
  }
  return t < 0 ? t + modulus : t;
}

PART uint64_t divisors(uint32_t times) {
  uint64_t sum = 0;
  for (uint32_t i = 1; i <= times; i++) {
    uint64_t a = (uint64_t)random32() << 20 | i, b = (uint64_t)random32() * i;
    sum += divisor64(a, b) + divisor_by_shifts(a, b) + (uint64_t)divisor32((int32_t)(a >> 21), (int32_t)(i * 12)) +
           (uint64_t)inverse(1 + (int64_t)(a % 1000000006), 1000000007);
  }
  return sum;
}

PART uint32_t collatz_steps(uint64_t n) {
  uint32_t steps = 0;
  while (n != 1) {
    n = n & 1 ? 3 * n + 1 : n / 2;
    steps++;
  }
  return steps;
}

PART uint64_t collatz(uint32_t times) {
  uint32_t most = 0;
  uint64_t at = 0;
  for (uint64_t n = 1; n <= times; n++) {
    uint32_t steps = collatz_steps(n);
    if (steps > most) {
      most = steps;
      at = n;
    }
  }
  return at * 1000 + most;
}

PART uint64_t power(uint64_t base, uint64_t exponent, uint64_t modulus) {
  uint64_t value = 1;
  for (base %= modulus; exponent > 0; exponent >>= 1) {
    if (exponent & 1) value = value * base % modulus;
    base = base * base % modulus;
  }
  return value;
}

PART int probably_prime(uint64_t n) {
  static const uint8_t bases[] = {2, 3, 5, 7};
  if (n < 11) return n == 2 || n == 3 || n == 5 || n == 7;
  if (n % 2 == 0) return 0;
  int shift = __builtin_ctzll(n - 1);
  for (size_t i = 0; i < sizeof bases; i++) {
    uint64_t x = power(bases[i], (n - 1) >> shift, n);
    if (x == 1 || x == n - 1) continue;
    int left = shift;
    while (--left > 0 && x != n - 1) x = x * x % n;
    if (left <= 0) return 0;
  }
  return 1;
}

PART uint64_t powers(uint32_t times) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < times; i++)
    sum = sum * 7 + (uint64_t)probably_prime(1000000007u + i) + power(i, sum, 998244353);
  return sum;
}

// Multiplication modulo an odd number without division.
PART uint32_t montgomery(uint32_t a, uint32_t b, uint32_t modulus, uint32_t negative) {
  uint64_t product = (uint64_t)a * b;
  uint64_t sum = (product + (uint64_t)((uint32_t)product * negative) * modulus) >> 32;
  return (uint32_t)(sum >= modulus ? sum - modulus : sum);
}

PART uint64_t reductions(uint32_t times) {
  uint32_t modulus = 998244353, negative = 1, value = 3;
  for (int i = 0; i < 5; i++) negative *= 2 - modulus * negative;
  negative = 0 - negative;
  uint64_t sum = 0;
  while (times-- > 0) {
    value = montgomery(value, value ^ 5, modulus, negative);
    sum += value;
  }
  return sum;
}

PART uint64_t divisor_sums(uint32_t times) {
  uint64_t sum = 0;
  for (uint32_t n = 1; n <= times; n++) {
    int64_t of = 0;
    for (int64_t d = 1; d * d <= n; d++)
      if (n % d == 0) of += d == 1 || d * d == n ? d : d + n / d;
    if (of == n) sum += n;
    sum += (uint64_t)of;
  }
  return sum;
}

PART uint64_t square_root(uint64_t n) {
  uint64_t root = 0, bit = (uint64_t)1 << 62;
  while (bit > n) bit >>= 2;
  for (; bit != 0; bit >>= 2) {
    if (n >= root + bit) {
      n -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
  }
  return root;
}

PART uint64_t roots(uint32_t times) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < times; i++) sum += square_root(i * i * i * 12345 + i);
  return sum;
}

// Bits.
PART uint32_t ones_by_steps(uint32_t x) {
  x -= x >> 1 & 0x55555555;
  x = (x & 0x33333333) + (x >> 2 & 0x33333333);
  return ((x + (x >> 4)) & 0x0f0f0f0f) * 0x01010101 >> 24;
}

PART int ones_by_clearing(uint64_t x) {
  int count = 0;
  for (; x != 0; x &= x - 1) count++;
  return count;
}

PART uint64_t reversed(uint64_t x) {
  x = (x >> 1 & 0x5555555555555555) | (x & 0x5555555555555555) << 1;
  x = (x >> 2 & 0x3333333333333333) | (x & 0x3333333333333333) << 2;
  x = (x >> 4 & 0x0f0f0f0f0f0f0f0f) | (x & 0x0f0f0f0f0f0f0f0f) << 4;
  x = (x >> 8 & 0x00ff00ff00ff00ff) | (x & 0x00ff00ff00ff00ff) << 8;
  x = (x >> 16 & 0x0000ffff0000ffff) | (x & 0x0000ffff0000ffff) << 16;
  return x >> 32 | x << 32;
}

PART uint32_t interleaved(uint32_t x, uint32_t y) {
  uint32_t z = 0;
  for (int i = 0; i < 16; i++) z |= (x & 1u << i) << i | (y & 1u << i) << (i + 1);
  return z;
}

PART uint64_t bits(uint32_t times) {
  uint64_t sum = 0, x = 0x123456789abcdef;
  for (uint32_t i = 0; i < times; i++) {
    x = x * 3 + i;
    sum += ones_by_steps((uint32_t)x) + (uint32_t)ones_by_clearing(x >> 20) + reversed(x) + interleaved((uint32_t)x, i);
    sum ^= (uint64_t)(__builtin_clzll(x | 1) + __builtin_ctz(i | 256) + __builtin_popcountll(x ^ sum) +
                      __builtin_clz(i | 1));
  }
  return sum;
}

// Boards of bits: queens that do not attack each other, and life on 64 squares.
PART uint32_t place(uint32_t all, uint32_t columns, uint32_t left, uint32_t right) {
  if (columns == all) return 1;
  uint32_t ways = 0;
  for (uint32_t free = all & ~(columns | left | right); free != 0; free &= free - 1) {
    uint32_t bit = free & -free;
    ways += place(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return ways;
}

PART uint64_t queens(uint32_t times) {
  uint64_t sum = 0;
  while (times-- > 0) sum += place(127u + (times & 1) * 128, 0, 0, 0);
  return sum;
}

PART uint64_t live(uint64_t board) {
  uint64_t one = 0, two = 0, four = 0;
  for (int i = 0; i < 8; i++) {
    static const uint8_t shifts[] = {1, 7, 8, 9, 55, 56, 57, 63};
    uint64_t near = left64(board, shifts[i]), carry = one & near;
    one ^= near;
    uint64_t next = two & carry;
    two ^= carry;
    four |= next;
  }
  return two & ~four & (one | board);
}

PART uint64_t boards(uint32_t times) {
  uint64_t board = 0x3c18a5c3f01d2b47, sum = 0;
  while (times-- > 0) {
    board = live(board);
    if (board == 0 || times % 32 == 0) board = sum ^ 0x123456789abcdef0;
    sum += board * 3;
  }
  return sum;
}

// Large numbers, in limbs of 32 bits or in nine digits.
PART void multiply(const uint32_t *a, int na, const uint32_t *b, int nb, uint32_t *to) {
  for (int i = 0; i < na + nb; i++) to[i] = 0;
  for (int i = 0; i < na; i++) {
    uint64_t carry = 0;
    for (int j = 0; j < nb; j++) {
      carry += (uint64_t)a[i] * b[j] + to[i + j];
      to[i + j] = (uint32_t)carry;
      carry >>= 32;
    }
    to[i + nb] = (uint32_t)carry;
  }
}

PART uint32_t add(uint32_t *a, const uint32_t *b, int n) {
  uint64_t carry = 0;
  for (int i = 0; i < n; i++) {
    carry += (uint64_t)a[i] + b[i];
    a[i] = (uint32_t)carry;
    carry >>= 32;
  }
  return (uint32_t)carry;
}

PART uint32_t divide(uint32_t *a, int n, uint32_t by) {
  uint64_t rest = 0;
  for (int i = n; i-- > 0;) {
    rest = rest << 32 | a[i];
    a[i] = (uint32_t)(rest / by);
    rest %= by;
  }
  return (uint32_t)rest;
}

PART uint64_t limbs(uint32_t times) {
  enum { N = 24 };
  uint32_t *a = take(N * 4), *b = take(N * 4), *to = take(2 * N * 4);
  for (int i = 0; i < N; i++) {
    a[i] = random32();
    b[i] = random32();
  }
  uint64_t sum = 0;
  while (times-- > 0) {
    multiply(a, N, b, N, to);
    sum += add(to, to + N, N);
    sum += divide(to, 2 * N, 1000000007);
    for (int i = 0; i < N; i++) a[i] = to[i];
  }
  return sum + a[0];
}

PART int factorial(uint32_t *digits, uint32_t of) {
  int n = 1;
  digits[0] = 1;
  for (uint32_t factor = 2; factor <= of; factor++) {
    uint64_t carry = 0;
    for (int i = 0; i < n; i++) {
      carry += (uint64_t)digits[i] * factor;
      digits[i] = (uint32_t)(carry % 1000000000);
      carry /= 1000000000;
    }
    if (carry > 0) digits[n++] = (uint32_t)carry;
  }
  return n;
}

PART uint64_t digits(uint32_t times) {
  uint32_t *of = take(256);
  uint64_t sum = 0;
  while (times-- > 0) {
    int n = factorial(of, 100);
    for (int i = 0; i < n; i++)
      for (uint32_t rest = of[i]; rest > 0; rest /= 10) sum += rest % 10;
  }
  return sum;
}

PART uint64_t high_half(uint64_t a, uint64_t b) {
  uint64_t low = (a & 0xffffffff) * (b & 0xffffffff), left = (a >> 32) * (b & 0xffffffff),
           right = (a & 0xffffffff) * (b >> 32);
  uint64_t middle = (low >> 32) + (left & 0xffffffff) + right;
  return (a >> 32) * (b >> 32) + (left >> 32) + (middle >> 32);
}

PART uint64_t halves(uint32_t times) {
  uint64_t sum = 1, a = 0x9e3779b97f4a7c15;
  while (times-- > 0) {
    a = a * 0xd1342543de82ef95 + 1;
    sum ^= high_half(a, sum | 1) + sum * 3;
  }
  return sum;
}

// Recursion: on two arguments, on three, on towers; permutations.
PART uint32_t ackermann(uint32_t m, uint32_t n) {
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}

PART int tak(int x, int y, int z) { return y < x ? tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y)) : z; }

PART uint64_t hanoi(uint32_t disks, uint32_t from, uint32_t to) {
  if (disks == 0) return 0;
  uint32_t over = 3 - from - to;
  uint64_t moves = hanoi(disks - 1, from, over);
  moves = moves * 3 + disks * from + to;
  return moves + hanoi(disks - 1, over, to);
}

PART uint64_t recursion(uint32_t times) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < times; i++)
    sum = sum * 5 + ackermann(2, 12 + i % 3) + (uint32_t)tak(9, 6, (int)(i % 5)) + hanoi(8, 0, 1 + i % 2);
  return sum;
}

PART void permute(uint8_t *items, int k, uint64_t *sum) {
  if (k == 1) {
    *sum = *sum * 3 + items[0] * 2u + items[1];
    return;
  }
  for (int i = 0; i < k; i++) {
    permute(items, k - 1, sum);
    int with = k % 2 == 0 ? i : 0;
    uint8_t t = items[with];
    items[with] = items[k - 1];
    items[k - 1] = t;
  }
}

PART int next_permutation(int *items, int n) {
  int i = n - 1, j = n - 1;
  while (i > 0 && items[i - 1] >= items[i]) i--;
  if (i == 0) return 0;
  while (items[j] <= items[i - 1]) j--;
  int t = items[i - 1];
  items[i - 1] = items[j];
  items[j] = t;
  for (j = n - 1; i < j; i++, j--) {
    t = items[i];
    items[i] = items[j];
    items[j] = t;
  }
  return 1;
}

PART uint64_t permutations(uint32_t times) {
  uint8_t items[8];
  int others[8];
  uint64_t sum = 0;
  while (times-- > 0) {
    for (int i = 0; i < 8; i++) {
      items[i] = (uint8_t)i;
      others[i] = i;
    }
    permute(items, 6, &sum);
    do sum = sum * 3 + (uint32_t)others[3];
    while (next_permutation(others, 6));
  }
  return sum;
}

// Functions behind pointers, and a machine whose instructions are bytes.
PART int64_t plus(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
PART int64_t minus(int64_t a, int64_t b) { return (int64_t)((uint64_t)a - (uint64_t)b); }
PART int64_t product(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }
PART int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
PART int64_t both(int64_t a, int64_t b) { return a & b; }
PART int64_t either(int64_t a, int64_t b) { return a ^ b; }
PART int64_t moved(int64_t a, int64_t b) { return a >> (b & 15); }
PART int64_t kept(int64_t a, int64_t b) { return a | (b & 1); }

PART uint64_t pointers(uint32_t times) {
  static int64_t (*const table[])(int64_t, int64_t) = {plus, minus, product, larger, both, either, moved, kept};
  int64_t value = 1;
  for (uint32_t i = 0; i < times; i++) {
    value = table[(i * 5 + (uint32_t)(value & 3)) & 7](value, (int64_t)i * 0x10001 + 77);
  }
  return (uint64_t)value;
}

enum { PUSH, LOAD, STORE, ADD, SUB, MUL, LESS, BRANCH, JUMP, DUP, XOR, SHIFT, HALT };

PART int64_t interpret(const uint8_t *code, int64_t *locals) {
  int64_t stack[16], *top = stack;
  for (const uint8_t *at = code;;) {
    switch (*at++) {
    case PUSH:
      *top++ = (int8_t)*at++;
      break;
    case LOAD:
      *top++ = locals[*at++];
      break;
    case STORE:
      locals[*at++] = *--top;
      break;
    case ADD:
      top--;
      top[-1] = plus(top[-1], top[0]);
      break;
    case SUB:
      top--;
      top[-1] -= top[0];
      break;
    case MUL:
      top--;
      top[-1] = (int64_t)((uint64_t)top[-1] * (uint64_t)top[0]);
      break;
    case LESS:
      top--;
      top[-1] = top[-1] < top[0];
      break;
    case BRANCH:
      at = *--top != 0 ? code + *at : at + 1;
      break;
    case JUMP:
      at = code + *at;
      break;
    case DUP:
      *top = top[-1];
      top++;
      break;
    case XOR:
      top--;
      top[-1] ^= top[0];
      break;
    case SHIFT:
      top[-1] = (int64_t)((uint64_t)top[-1] << 1 | (uint64_t)top[-1] >> 63);
      break;
    default:
      return top[-1];
    }
  }
}

PART uint64_t machine(uint32_t times) {
  static const uint8_t code[] = {PUSH,  0,   STORE, 0, PUSH, 1,     STORE, 1,      LOAD, 1,    DUP,  MUL, LOAD,
                                 0,     ADD, LOAD,  1, XOR,  SHIFT, STORE, 0,      LOAD, 1,    PUSH, 1,   ADD,
                                 STORE, 1,   LOAD,  1, LOAD, 2,     LESS,  BRANCH, 8,    LOAD, 0,    HALT};
  int64_t locals[4] = {0};
  uint64_t sum = 0;
  for (uint32_t i = 0; i < times; i++) {
    locals[2] = 40 + i % 20;
    sum += (uint64_t)interpret(code, locals);
  }
  return sum;
}

// Counting: ways to part a number, to choose, to change money; the best load of a sack.
PART uint64_t partitions(int64_t *ways, int n) {
  for (int i = 0; i <= n; i++) ways[i] = i == 0;
  for (int part = 1; part <= n; part++)
    for (int sum = part; sum <= n; sum++) ways[sum] += ways[sum - part];
  return (uint64_t)ways[n];
}

PART uint64_t choices(uint64_t *row, int n) {
  row[0] = 1;
  for (int i = 1; i <= n; i++) {
    row[i] = 1;
    for (int k = i - 1; k > 0; k--) row[k] = (row[k] + row[k - 1]) % 1000000007;
  }
  return row[n / 2];
}

PART int64_t sack(const int32_t *weights, const int64_t *values, int n, int64_t *best, int room) {
  for (int w = 0; w <= room; w++) best[w] = 0;
  for (int i = 0; i < n; i++)
    for (int w = room; w >= weights[i]; w--) {
      int64_t with = best[w - weights[i]] + values[i];
      if (with > best[w]) best[w] = with;
    }
  return best[room];
}

PART uint64_t counting(uint32_t times) {
  enum { N = 30, ROOM = 100 };
  int64_t *row = take((ROOM + 1) * 8), *values = take(N * 8);
  int32_t *weights = take(N * 4);
  uint64_t sum = 0;
  while (times-- > 0) {
    for (int i = 0; i < N; i++) {
      weights[i] = 5 + (int32_t)below(20);
      values[i] = 100 + below(1000);
    }
    sum += (uint64_t)sack(weights, values, N, row, ROOM) + partitions(row, 60) + choices((uint64_t *)row, 50);
  }
  return sum;
}

// Matrices of 64 bits, modulo a prime, raised to powers.
PART void compose(const uint64_t *a, const uint64_t *b, uint64_t *to, int n) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      uint64_t sum = 0;
      for (int k = 0; k < n; k++) sum = (sum + a[i * n + k] * b[k * n + j]) % 1000000007;
      to[i * n + j] = sum;
    }
}

PART uint64_t recurrences(uint32_t times) {
  uint64_t sum = 0;
  while (times-- > 0) {
    uint64_t power[9] = {1, 1, 1, 1, 0, 0, 0, 1, 0}, result[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, next[9];
    for (uint32_t n = 100000 + times; n > 0; n >>= 1) {
      if (n & 1) {
        compose(result, power, next, 3);
        for (int i = 0; i < 9; i++) result[i] = next[i];
      }
      compose(power, power, next, 3);
      for (int i = 0; i < 9; i++) power[i] = next[i];
    }
    sum += result[2];
  }
  return sum;
}

// Arithmetic with a point between the bits: angles by turning, an escape from the plane's middle.
PART int32_t turned(int32_t angle, const int32_t *table) {
  int32_t x = 652032874, y = 0;
  for (int i = 0; i < 28; i++) {
    int32_t dx = x >> i, dy = y >> i;
    if (angle >= 0) {
      x -= dy;
      y += dx;
      angle -= table[i];
    } else {
      x += dy;
      y -= dx;
      angle += table[i];
    }
  }
  return y;
}

PART int fixed_escape(int64_t cx, int64_t cy) {
  int64_t x = 0, y = 0;
  int n = 0;
  for (; n < 40; n++) {
    int64_t xx = x * x >> 28, yy = y * y >> 28;
    if (xx + yy > (int64_t)4 << 28) break;
    y = (x * y >> 27) + cy;
    x = xx - yy + cx;
  }
  return n;
}

PART uint64_t fixed(uint32_t times) {
  int32_t *table = take(28 * 4);
  for (int i = 0; i < 28; i++) table[i] = i == 0 ? 843314857 : i == 1 ? 497837829 : i == 2 ? 263043837 : 1 << (30 - i);
  uint64_t sum = 0;
  for (uint32_t i = 0; i < times; i++) {
    sum = sum * 3 + (uint64_t)(int64_t)turned((int32_t)(i * 7919 % 1600000000) - 800000000, table);
    sum += (uint64_t)fixed_escape(((int64_t)(i % 64) << 23) - ((int64_t)3 << 27), (int64_t)(i / 64 % 64) << 22);
  }
  return sum;
}

// Dates from days, decimal and variable-length numbers there and back, text in letters of six bits.
PART int64_t date(int64_t days) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097, day = days - era * 146097;
  int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  day -= 365 * year + year / 4 - year / 100;
  int64_t month = (5 * day + 2) / 153;
  day -= (153 * month + 2) / 5 - 1;
  month += month < 10 ? 3 : -9;
  return ((year + era * 400 + (month <= 2)) * 100 + month) * 100 + day;
}

PART uint64_t dates(uint32_t times) {
  uint64_t sum = 0;
  for (int64_t i = 0; i < times; i++) sum = sum * 3 + (uint64_t)date(i * 37 - 100000);
  return sum;
}

PART int print(int64_t value, char *to) {
  char reverse[20];
  int n = 0, at = 0;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do reverse[n++] = (char)('0' + rest % 10);
  while ((rest /= 10) > 0);
  if (value < 0) to[at++] = '-';
  while (n > 0) to[at++] = reverse[--n];
  to[at] = 0;
  return at;
}

PART int64_t scan(const char *text) {
  int negative = *text == '-';
  int64_t value = 0;
  for (text += negative; *text >= '0' && *text <= '9'; text++) value = value * 10 + (*text - '0');
  return negative ? -value : value;
}

PART int pack(uint8_t *to, uint64_t value) {
  int n = 0;
  for (; value >= 128; value >>= 7) to[n++] = (uint8_t)(value | 128);
  to[n++] = (uint8_t)value;
  return n;
}

PART uint64_t unpack(const uint8_t **at) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    uint8_t byte = *(*at)++;
    value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return value;
  }
}

PART uint64_t numerals(uint32_t times) {
  char *text = take(32);
  uint8_t *bytes = take(512);
  uint64_t sum = 0;
  while (times-- > 0) {
    int n = 0;
    for (int i = 0; i < 40; i++) {
      uint64_t wide = (uint64_t)random32() << 32;
      wide |= random32();
      int64_t value = (int64_t)wide >> (wide & 63);
      sum += (uint64_t)print(value, text);
      if (scan(text) != value) return 0;
      n += pack(bytes + n, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
    }
    for (const uint8_t *at = bytes; at < bytes + n;) sum += unpack(&at);
  }
  return sum;
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

PART int encode(const uint8_t *from, int n, char *to) {
  int at = 0;
  for (int i = 0; i + 3 <= n; i += 3) {
    uint32_t three = (uint32_t)from[i] << 16 | (uint32_t)from[i + 1] << 8 | from[i + 2];
    to[at++] = letters[three >> 18];
    to[at++] = letters[three >> 12 & 63];
    to[at++] = letters[three >> 6 & 63];
    to[at++] = letters[three & 63];
  }
  return at;
}

PART int decode(const char *from, int n, uint8_t *to, const int8_t *values) {
  int at = 0, held = 0;
  uint32_t bits = 0;
  for (int i = 0; i < n; i++) {
    int value = values[(uint8_t)from[i]];
    if (value < 0) continue;
    bits = bits << 6 | (uint32_t)value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      to[at++] = (uint8_t)(bits >> held);
    }
  }
  return at;
}

PART uint64_t base64(uint32_t times) {
  enum { N = 300 };
  uint8_t *bytes = take(N), *back = take(N);
  char *text = take(2 * N);
  int8_t *values = take(256);
  for (int i = 0; i < 256; i++) values[i] = -1;
  for (int i = 0; i < 64; i++) values[(uint8_t)letters[i]] = (int8_t)i;
  fill_bytes(bytes, N);
  uint64_t sum = 0;
  while (times-- > 0) {
    int n = encode(bytes, N, text);
    sum += (uint64_t)decode(text, n, back, values) + back[times % N];
    bytes[times % N] += 3;
  }
  return sum;
}

static const struct kernel kernels[] = {
    {"keccak", keccak, 100},
    {"sha256", sha256, 430},
    {"byte-hashes", byte_hashes, 170},
    {"word-hashes", word_hashes, 290},
    {"streams", streams, 1300},
    {"ciphers", ciphers, 680},
    {"field", field, 510},
    {"generators", generators, 1500},
    {"twister", twister, 61},
    {"divisors", divisors, 2200},
    {"collatz", collatz, 2400},
    {"powers", powers, 1900},
    {"reductions", reductions, 86000},
    {"divisor-sums", divisor_sums, 3800},
    {"roots", roots, 4300},
    {"bits", bits, 10000},
    {"queens", queens, 56},
    {"boards", boards, 28000},
    {"limbs", limbs, 190},
    {"digits", digits, 140},
    {"halves", halves, 63000},
    {"recursion", recursion, 77},
    {"permutations", permutations, 25},
    {"pointers", pointers, 120000},
    {"machine", machine, 200},
    {"counting", counting, 31},
    {"recurrences", recurrences, 150},
    {"fixed", fixed, 1800},
    {"dates", dates, 35000},
    {"numerals", numerals, 87},
    {"base64", base64, 160},
};

int main(void) { return run(kernels, sizeof kernels / sizeof *kernels); }
