// Kernels over f64 and f32: physics, linear algebra, signals, images, statistics. Each gives its result rounded to an
// integer, which is the same on every machine with IEEE 754's arithmetic.
#include "kernels.h"

static double uniform(void) { return random32() * (1.0 / 4294967296.0); }
static uint64_t rounded(double value) { return (uint64_t)(int64_t)(value * 1e6); }

PART void fill64(double *to, int n) {
  for (int i = 0; i < n; i++) to[i] = uniform() * 2 - 1;
}

PART void fill32(float *to, int n) {
  for (int i = 0; i < n; i++) to[i] = (float)uniform();
}

// Planets around a sun, advanced by small steps.
struct body {
  double x, y, z, vx, vy, vz, mass;
};

PART void move_bodies(struct body *bodies, int n, double dt) {
  for (int i = 0; i < n; i++) {
    struct body *a = &bodies[i];
    for (int j = i + 1; j < n; j++) {
      struct body *b = &bodies[j];
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      double square = dx * dx + dy * dy + dz * dz + 0.01;
      double force = dt / (square * __builtin_sqrt(square));
      a->vx -= dx * b->mass * force;
      a->vy -= dy * b->mass * force;
      a->vz -= dz * b->mass * force;
      b->vx += dx * a->mass * force;
      b->vy += dy * a->mass * force;
      b->vz += dz * a->mass * force;
    }
  }
  for (int i = 0; i < n; i++) {
    bodies[i].x += dt * bodies[i].vx;
    bodies[i].y += dt * bodies[i].vy;
    bodies[i].z += dt * bodies[i].vz;
  }
}

PART uint64_t planets(uint32_t times) {
  struct body *bodies = take(6 * sizeof *bodies);
  for (int i = 0; i < 6; i++) {
    bodies[i] =
        (struct body){.x = i * 1.5, .y = i & 1 ? 0.3 : -0.3, .vy = i == 0 ? 0 : 1.0 / i, .mass = i == 0 ? 4 : 0.01 * i};
  }
  while (times-- > 0) move_bodies(bodies, 6, 0.001);
  return rounded(bodies[0].x + bodies[1].y + bodies[5].vx);
}

// The spectral norm of a matrix that is computed, not kept.
PART double element(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

PART void apply(const double *v, double *to, int n, int transposed) {
  for (int i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < n; j++) sum += (transposed ? element(j, i) : element(i, j)) * v[j];
    to[i] = sum;
  }
}

PART uint64_t spectral(uint32_t times) {
  enum { N = 40 };
  double *u = take(N * sizeof *u), *v = take(N * sizeof *v), *w = take(N * sizeof *w);
  for (int i = 0; i < N; i++) u[i] = 1;
  while (times-- > 0) {
    apply(u, w, N, 0);
    apply(w, v, N, 1);
    apply(v, w, N, 0);
    apply(w, u, N, 1);
    double scale = 1 / u[0];
    for (int i = 0; i < N; i++) u[i] *= scale;
  }
  return rounded(u[N - 1]);
}

// How long points of the plane stay near the origin.
PART int escape(double cx, double cy, int limit) {
  double x = 0, y = 0;
  int steps = 0;
  while (steps < limit && x * x + y * y <= 4) {
    double next = x * x - y * y + cx;
    y = 2 * x * y + cy;
    x = next;
    steps++;
  }
  return steps;
}

PART uint64_t mandelbrot(uint32_t times) {
  uint64_t sum = 0;
  for (uint32_t row = 0; row < times; row++)
    for (int column = 0; column < 48; column++)
      sum = sum * 3 + (uint64_t)escape(column / 20.0 - 1.9, row / (times * 0.5) - 1, 60);
  return sum;
}

PART uint64_t julia(uint32_t times) {
  uint64_t sum = 0;
  for (uint32_t row = 0; row < times; row++) {
    for (int column = 0; column < 48; column++) {
      float x = (float)column / 16 - 1.5f, y = (float)row * 3 / (float)times - 1.5f;
      int left = 50;
      do {
        float xx = x * x, yy = y * y;
        if (xx + yy > 4.0f) break;
        y = 2.0f * x * y + 0.156f;
        x = xx - yy - 0.8f;
      } while (--left > 0);
      sum = sum * 5 + (uint64_t)left;
    }
  }
  return sum;
}

// The fast Fourier transform, radix 2, in place.
PART void fourier(double *re, double *im, const double *cosines, const double *sines, unsigned n) {
  for (unsigned i = 1, j = 0; i < n; i++) {
    unsigned bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      double t = re[i];
      re[i] = re[j];
      re[j] = t;
      t = im[i];
      im[i] = im[j];
      im[j] = t;
    }
  }
  for (unsigned half = 1; half < n; half *= 2) {
    unsigned stride = n / (2 * half);
    for (unsigned from = 0; from < n; from += 2 * half)
      for (unsigned k = 0; k < half; k++) {
        double c = cosines[k * stride], s = sines[k * stride];
        double a = re[from + k + half] * c - im[from + k + half] * s,
               b = re[from + k + half] * s + im[from + k + half] * c;
        re[from + k + half] = re[from + k] - a;
        im[from + k + half] = im[from + k] - b;
        re[from + k] += a;
        im[from + k] += b;
      }
  }
}

PART uint64_t fft(uint32_t times) {
  enum { N = 256 };
  double *re = take(N * 8), *im = take(N * 8), *cosines = take(N * 8), *sines = take(N * 8);
  double c = 1, s = 0;
  for (int i = 0; i < N / 2; i++) {
    cosines[i] = c;
    sines[i] = s;
    double next = c * 0.9996988186962042 + s * 0.02454122852291229;
    s = s * 0.9996988186962042 - c * 0.02454122852291229;
    c = next;
  }
  fill64(re, N);
  fill64(im, N);
  while (times-- > 0) {
    fourier(re, im, cosines, sines, N);
    for (int i = 0; i < N; i++) {
      re[i] *= 1.0 / 16;
      im[i] *= -1.0 / 16;
    }
  }
  return rounded(re[3] + im[100]);
}

// Linear equations: elimination with the largest pivot, then substitution.
PART double eliminate(double *matrix, double *right, int n) {
  for (int column = 0; column < n; column++) {
    int pivot = column;
    for (int row = column + 1; row < n; row++)
      if (__builtin_fabs(matrix[row * n + column]) > __builtin_fabs(matrix[pivot * n + column])) pivot = row;
    if (pivot != column) {
      for (int k = 0; k < n; k++) {
        double t = matrix[pivot * n + k];
        matrix[pivot * n + k] = matrix[column * n + k];
        matrix[column * n + k] = t;
      }
      double t = right[pivot];
      right[pivot] = right[column];
      right[column] = t;
    }
    for (int row = column + 1; row < n; row++) {
      double factor = matrix[row * n + column] / matrix[column * n + column];
      for (int k = column; k < n; k++) matrix[row * n + k] -= factor * matrix[column * n + k];
      right[row] -= factor * right[column];
    }
  }
  double sum = 0;
  for (int row = n - 1; row >= 0; row--) {
    for (int k = row + 1; k < n; k++) right[row] -= matrix[row * n + k] * right[k];
    right[row] /= matrix[row * n + row];
    sum += right[row];
  }
  return sum;
}

PART uint64_t gauss(uint32_t times) {
  enum { N = 24 };
  double *matrix = take(N * N * 8), *right = take(N * 8), sum = 0;
  while (times-- > 0) {
    fill64(matrix, N * N);
    fill64(right, N);
    sum += eliminate(matrix, right, N);
  }
  return rounded(sum);
}

// Cholesky's decomposition, in f32, with rows behind pointers.
PART int cholesky_rows(float **rows, int n) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++) {
      float sum = rows[i][j];
      for (int k = 0; k < j; k++) sum -= rows[i][k] * rows[j][k];
      if (i != j) {
        rows[i][j] = sum / rows[j][j];
      } else if (sum <= 0) {
        return 0;
      } else {
        rows[i][i] = __builtin_sqrtf(sum);
      }
    }
  return 1;
}

PART uint64_t cholesky(uint32_t times) {
  enum { N = 24 };
  float **rows = take(N * sizeof *rows), sum = 0;
  for (int i = 0; i < N; i++) rows[i] = take(N * sizeof(float));
  while (times-- > 0) {
    for (int i = 0; i < N; i++) {
      fill32(rows[i], i);
      rows[i][i] = 20;
    }
    if (cholesky_rows(rows, N)) sum += rows[N - 1][N - 1];
  }
  return rounded(sum);
}

// Points gathered around the nearest of a few centres.
PART float cluster(const float *points, int n, float *centres, int k, int *counts, float *sums) {
  float total = 0;
  for (int i = 0; i < k; i++) counts[i] = 0;
  for (int i = 0; i < 3 * k; i++) sums[i] = 0;
  for (int i = 0; i < n; i++) {
    float least = 1e30f;
    int nearest = 0;
    for (int c = 0; c < k; c++) {
      float distance = 0;
      for (int d = 0; d < 3; d++) {
        float by = points[3 * i + d] - centres[3 * c + d];
        distance += by * by;
      }
      if (distance < least) {
        least = distance;
        nearest = c;
      }
    }
    total += least;
    counts[nearest]++;
    for (int d = 0; d < 3; d++) sums[3 * nearest + d] += points[3 * i + d];
  }
  for (int c = 0; c < k; c++)
    for (int d = 0; d < 3 && counts[c] > 0; d++) centres[3 * c + d] = sums[3 * c + d] / (float)counts[c];
  return total;
}

PART uint64_t kmeans(uint32_t times) {
  enum { N = 500, K = 7 };
  float *points = take(3 * N * 4), *centres = take(3 * K * 4), *sums = take(3 * K * 4), total = 0;
  int *counts = take(K * sizeof *counts);
  fill32(points, 3 * N);
  fill32(centres, 3 * K);
  while (times-- > 0) {
    total = cluster(points, N, centres, K, counts, sums);
    centres[times % (3 * K)] += 0.25f;
  }
  return rounded(total);
}

// Heat on a plate: each point becomes the mean of its four neighbours; and on a rod, in place.
PART double relax(const double *from, double *to, int width, int height) {
  double change = 0;
  for (int y = 1; y < height - 1; y++)
    for (int x = 1; x < width - 1; x++) {
      double mean = 0.25 * (from[y * width + x - 1] + from[y * width + x + 1] + from[(y - 1) * width + x] +
                            from[(y + 1) * width + x]);
      change += __builtin_fabs(mean - from[y * width + x]);
      to[y * width + x] = mean;
    }
  return change;
}

PART uint64_t jacobi(uint32_t times) {
  enum { SIZE = 40 };
  double *a = take(SIZE * SIZE * 8), *b = take(SIZE * SIZE * 8), change = 0;
  fill64(a, SIZE * SIZE);
  for (int i = 0; i < SIZE * SIZE; i++) b[i] = a[i];
  while (times-- > 0) {
    change = relax(a, b, SIZE, SIZE);
    double *t = a;
    a = b;
    b = t;
  }
  return rounded(change + a[SIZE + 5]);
}

PART void diffuse(float *rod, int n, float rate) {
  for (int i = 1; i < n - 1; i++) rod[i] += rate * (rod[i - 1] - 2 * rod[i] + rod[i + 1]);
}

PART uint64_t heat(uint32_t times) {
  enum { N = 400 };
  float *rod = take(N * sizeof *rod);
  fill32(rod, N);
  while (times-- > 0) diffuse(rod, N, 0.3f);
  return rounded(rod[N / 2]);
}

// Exponential and logarithm by a table's worth of bits and a polynomial, and what options cost.
PART double exponential(double x) {
  if (x > 700) return 1e300;
  if (x < -700) return 0;
  double scaled = x * 1.4426950408889634;
  int64_t whole = (int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
  double r = x - (double)whole * 0.6931471805599453;
  double p =
      1 + r * (1 + r * (1.0 / 2 + r * (1.0 / 6 + r * (1.0 / 24 + r * (1.0 / 120 + r * (1.0 / 720 + r / 5040))))));
  union {
    double value;
    int64_t bits;
  } power = {.bits = (whole + 1023) << 52};
  return p * power.value;
}

PART double logarithm(double x) {
  union {
    double value;
    uint64_t bits;
  } of = {.value = x};
  int exponent = (int)(of.bits >> 52) - 1023;
  of.bits = (of.bits & 0xfffffffffffff) | 0x3ff0000000000000;
  if (of.value > 1.4142135623730951) {
    of.value *= 0.5;
    exponent++;
  }
  double t = (of.value - 1) / (of.value + 1), square = t * t, sum = 0;
  for (int k = 15; k > 0; k -= 2) sum = sum * square + 1.0 / k;
  return 2 * t * sum + exponent * 0.6931471805599453;
}

PART double normal(double x) {
  double k = 1 / (1 + 0.2316419 * __builtin_fabs(x));
  double tail = 0.3989422804014327 * exponential(-0.5 * x * x) * k *
                (0.319381530 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))));
  return x < 0 ? tail : 1 - tail;
}

PART uint64_t options(uint32_t times) {
  double sum = 0;
  while (times-- > 0) {
    double spot = 50 + 100 * uniform(), strike = 50 + 100 * uniform(), years = 0.1 + 2 * uniform(),
           volatility = 0.1 + 0.4 * uniform();
    double root = volatility * __builtin_sqrt(years);
    double d1 = (logarithm(spot / strike) + (0.02 + 0.5 * volatility * volatility) * years) / root;
    sum += spot * normal(d1) - strike * exponential(-0.02 * years) * normal(d1 - root);
  }
  return rounded(sum);
}

// Integrals of functions behind pointers, by Simpson's rule.
PART double bell(double x) { return 1 / (1 + x * x); }
PART double wave(double x) { return x * (1 - x * x * (1.0 / 6 - x * x * (1.0 / 120 - x * x / 5040))); }
PART double root(double x) { return __builtin_sqrt(x + 1); }

PART double integral(double (*of)(double), double from, double to, int parts) {
  double step = (to - from) / parts, sum = of(from) + of(to);
  for (int i = 1; i < parts; i++) sum += of(from + i * step) * (i & 1 ? 4 : 2);
  return sum * step / 3;
}

PART uint64_t simpson(uint32_t times) {
  double (*const functions[])(double) = {bell, wave, root};
  double sum = 0;
  for (uint32_t i = 0; i < times; i++) sum += integral(functions[i % 3], 0, 1 + i * 0.001, 100);
  return rounded(sum);
}

// Images: a mask of weights over bytes, edges by Sobel's, half the size by interpolation.
PART void convolve(const uint8_t *from, float *to, int width, int height, const float *mask, int size) {
  for (int y = 0; y + size <= height; y++)
    for (int x = 0; x + size <= width; x++) {
      float sum = 0;
      for (int j = 0; j < size; j++)
        for (int i = 0; i < size; i++) sum += mask[j * size + i] * from[(y + j) * width + x + i];
      to[y * width + x] = sum < 0 ? 0 : sum > 255 ? 255 : sum;
    }
}

PART uint64_t image(uint32_t times) {
  enum { WIDTH = 40, HEIGHT = 24 };
  uint8_t *from = take(WIDTH * HEIGHT);
  float *to = take(WIDTH * HEIGHT * 4), *mask = take(25 * 4), sum = 0;
  for (int i = 0; i < WIDTH * HEIGHT; i++) from[i] = (uint8_t)below(256);
  for (int i = 0; i < 25; i++) mask[i] = 0.01f * (float)i - 0.08f;
  while (times-- > 0) {
    convolve(from, to, WIDTH, HEIGHT, mask, 5);
    sum += to[times % 500];
    from[times % 500] ^= 64;
  }
  return rounded(sum);
}

PART float edges(const float *in, float *out, int width, int height) {
  float most = 0;
  for (int y = 1; y < height - 1; y++)
    for (int x = 1; x < width - 1; x++) {
      const float *at = in + y * width + x;
      float gx = at[1 - width] + 2 * at[1] + at[1 + width] - at[-1 - width] - 2 * at[-1] - at[width - 1];
      float gy = at[width - 1] + 2 * at[width] + at[width + 1] - at[-width - 1] - 2 * at[-width] - at[1 - width];
      float size = __builtin_sqrtf(gx * gx + gy * gy);
      out[y * width + x] = size;
      if (size > most) most = size;
    }
  return most;
}

PART uint64_t sobel(uint32_t times) {
  enum { SIZE = 40 };
  float *in = take(SIZE * SIZE * 4), *out = take(SIZE * SIZE * 4), most = 0;
  fill32(in, SIZE * SIZE);
  while (times-- > 0) {
    most += edges(in, out, SIZE, SIZE);
    in[times % (SIZE * SIZE)] = 0.5f;
  }
  return rounded(most);
}

PART void resize(const float *from, int width, int height, float *to, int new_width, int new_height) {
  for (int y = 0; y < new_height; y++) {
    float v = (float)y * (float)(height - 1) / (float)new_height;
    int row = (int)v;
    v -= (float)row;
    for (int x = 0; x < new_width; x++) {
      float u = (float)x * (float)(width - 1) / (float)new_width;
      int column = (int)u;
      u -= (float)column;
      const float *at = from + row * width + column;
      float upper = at[0] + (at[1] - at[0]) * u, lower = at[width] + (at[width + 1] - at[width]) * u;
      to[y * new_width + x] = upper + (lower - upper) * v;
    }
  }
}

PART uint64_t bilinear(uint32_t times) {
  float *from = take(50 * 50 * 4), *to = take(33 * 29 * 4), sum = 0;
  fill32(from, 50 * 50);
  while (times-- > 0) {
    resize(from, 50, 50, to, 33, 29);
    sum += to[times % (33 * 29)];
  }
  return rounded(sum);
}

// Vectors of three: their length becomes one; turned by a matrix.
struct vector {
  float x, y, z;
};

PART void normalise(struct vector *vectors, int n) {
  for (int i = 0; i < n; i++) {
    struct vector *v = &vectors[i];
    float length = __builtin_sqrtf(v->x * v->x + v->y * v->y + v->z * v->z);
    if (length > 0) {
      v->x /= length;
      v->y /= length;
      v->z /= length;
    }
  }
}

PART void turn(struct vector *vectors, int n, const float *matrix) {
  for (struct vector *v = vectors; v != vectors + n; v++) {
    float x = v->x, y = v->y, z = v->z;
    v->x = matrix[0] * x + matrix[1] * y + matrix[2] * z + matrix[3];
    v->y = matrix[4] * x + matrix[5] * y + matrix[6] * z + matrix[7];
    v->z = matrix[8] * x + matrix[9] * y + matrix[10] * z + matrix[11];
  }
}

PART uint64_t vectors(uint32_t times) {
  enum { N = 200 };
  struct vector *of = take(N * sizeof *of);
  float *matrix = take(12 * 4);
  fill32(&of->x, 3 * N);
  fill32(matrix, 12);
  while (times-- > 0) {
    normalise(of, N);
    turn(of, N, matrix);
  }
  return rounded(of[7].x + of[8].y + of[9].z);
}

// Running sums; least, greatest, mean and variance; a vector added to a vector.
PART void running64(const double *from, double *to, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) to[i] = sum += from[i];
}

PART void running32(float *values, int n) {
  for (int i = 1; i < n; i++) values[i] = values[i - 1] * 0.5f + values[i];
}

PART uint64_t running(uint32_t times) {
  enum { N = 300 };
  double *a = take(N * 8), *b = take(N * 8), sum = 0;
  float *c = take(N * 4);
  fill64(a, N);
  fill32(c, N);
  while (times-- > 0) {
    running64(a, b, N);
    running32(c, N);
    sum += b[N - 1] + c[N - 1];
    a[times % N] += 0.125;
    for (int i = 0; i < N; i++) c[i] *= 0.5f;
  }
  return rounded(sum);
}

PART double spread(const double *values, int n) {
  double least = values[0], most = values[0];
  for (int i = 1; i < n; i++) {
    if (values[i] < least) least = values[i];
    if (values[i] > most) most = values[i];
  }
  return most - least;
}

PART int greatest(const float *values, int n) {
  int at = 0;
  for (int i = 1; i < n; i++)
    if (values[i] > values[at]) at = i;
  return at;
}

PART double variance(const double *values, int n) {
  double mean = 0, sum = 0;
  for (int i = 0; i < n; i++) mean += values[i];
  mean /= n;
  for (int i = 0; i < n; i++) sum += (values[i] - mean) * (values[i] - mean);
  return sum / n;
}

PART uint64_t scans(uint32_t times) {
  enum { N = 300 };
  double *a = take(N * 8), sum = 0;
  float *b = take(N * 4);
  fill64(a, N);
  fill32(b, N);
  while (times-- > 0) {
    sum += spread(a, N) + greatest(b, N) + variance(a, N);
    a[times % N] *= 1.01;
    b[times % N] *= 1.01f;
  }
  return rounded(sum);
}

PART void axpy(double a, const double *x, double *y, int n) {
  for (int i = 0; i < n; i++) y[i] += a * x[i];
}

PART void blend(float *to, const float *a, const float *b, float share, int n) {
  for (int i = 0; i < n; i++) to[i] = a[i] * share + b[i] * (1 - share);
}

PART uint64_t mixing(uint32_t times) {
  enum { N = 300 };
  double *x = take(N * 8), *y = take(N * 8);
  float *a = take(N * 4), *b = take(N * 4), *c = take(N * 4);
  fill64(x, N);
  fill64(y, N);
  fill32(a, N);
  fill32(b, N);
  while (times-- > 0) {
    axpy(times & 1 ? 0.5 : -0.5, x, y, N);
    blend(c, a, b, 0.25f, N);
    blend(b, c, a, 0.5f, N);
  }
  return rounded(y[5] + c[7]);
}

// Signals: a cosine transform of blocks, a recursive filter, a filter of taps over samples of 16 bits.
PART void cosine_block(const float *in, float *out, const float *table) {
  for (int u = 0; u < 8; u++)
    for (int v = 0; v < 8; v++) {
      float sum = 0;
      for (int y = 0; y < 8; y++) {
        float row = 0;
        for (int x = 0; x < 8; x++) row += in[8 * y + x] * table[8 * v + x];
        sum += row * table[8 * u + y];
      }
      out[8 * u + v] = sum * 0.25f;
    }
}

PART uint64_t cosines(uint32_t times) {
  float *in = take(256), *out = take(256), *table = take(256), sum = 0;
  fill32(in, 64);
  for (int i = 0; i < 64; i++) table[i] = (float)(i * i % 17) / 8 - 1;
  while (times-- > 0) {
    cosine_block(in, out, table);
    sum += out[times & 63];
    in[times & 63] *= 0.5f;
  }
  return rounded(sum);
}

PART void biquad(const double *in, double *out, int n, const double *k, double *state) {
  double x1 = state[0], x2 = state[1], y1 = state[2], y2 = state[3];
  for (int i = 0; i < n; i++) {
    double y = k[0] * in[i] + k[1] * x1 + k[2] * x2 - k[3] * y1 - k[4] * y2;
    x2 = x1;
    x1 = in[i];
    y2 = y1;
    y1 = y;
    out[i] = y;
  }
  state[0] = x1;
  state[1] = x2;
  state[2] = y1;
  state[3] = y2;
}

PART void taps(const int16_t *in, int16_t *out, int n, const float *weights, int count) {
  for (int i = 0; i + count <= n; i++) {
    float sum = 0;
    for (int k = 0; k < count; k++) sum += (float)in[i + k] * weights[k];
    out[i] = (int16_t)(sum > 32767 ? 32767 : sum < -32768 ? -32768 : (int)sum);
  }
}

PART uint64_t filters(uint32_t times) {
  enum { N = 300 };
  static const double k[5] = {0.2, 0.4, 0.2, -0.3, 0.1};
  double *in = take(N * 8), *out = take(N * 8), state[4] = {0}, sum = 0;
  int16_t *samples = take(N * 2), *filtered = take(N * 2);
  float *weights = take(12 * 4);
  fill64(in, N);
  fill32(weights, 12);
  for (int i = 0; i < N; i++) samples[i] = (int16_t)random32();
  while (times-- > 0) {
    biquad(in, out, N, k, state);
    taps(samples, filtered, N, weights, 12);
    sum += out[N - 1] + filtered[times % (N - 12)];
    samples[times % N] ^= 1024;
  }
  return rounded(sum);
}

// Rays that meet balls.
struct ball {
  float x, y, z, radius;
};

PART float meet(const struct ball *balls, int n, float dx, float dy, float dz) {
  float nearest = 1e9f;
  for (int i = 0; i < n; i++) {
    float along = balls[i].x * dx + balls[i].y * dy + balls[i].z * dz;
    if (along < 0) continue;
    float square = balls[i].x * balls[i].x + balls[i].y * balls[i].y + balls[i].z * balls[i].z - along * along;
    float room = balls[i].radius * balls[i].radius - square;
    if (room < 0) continue;
    float distance = along - __builtin_sqrtf(room);
    if (distance < nearest) nearest = distance;
  }
  return nearest;
}

PART uint64_t rays(uint32_t times) {
  enum { N = 20 };
  struct ball *balls = take(N * sizeof *balls);
  fill32(&balls->x, 4 * N);
  for (int i = 0; i < N; i++) {
    balls[i].x = balls[i].x * 8 - 4;
    balls[i].y = balls[i].y * 8 - 4;
    balls[i].z = balls[i].z * 8 + 2;
    balls[i].radius += 0.2f;
  }
  double sum = 0;
  for (uint32_t i = 0; i < times; i++) {
    float dx = (float)(i % 64) / 64 - 0.5f, dy = (float)(i / 64 % 64) / 64 - 0.5f;
    float scale = 1 / __builtin_sqrtf(dx * dx + dy * dy + 1);
    float distance = meet(balls, N, dx * scale, dy * scale, scale);
    if (distance < 1e9f) sum += distance;
  }
  return rounded(sum);
}

// A layer of a neural network.
PART void layer(const float *in, int inputs, const float *weights, const float *bias, float *out, int outputs) {
  for (int o = 0; o < outputs; o++) {
    float sum = bias[o];
    for (int i = 0; i < inputs; i++) sum += weights[o * inputs + i] * in[i];
    out[o] = sum > 0 ? sum : 0.01f * sum;
  }
}

PART void squash(float *values, int n) {
  for (int i = 0; i < n; i++) values[i] = values[i] / (1 + __builtin_fabsf(values[i]));
}

PART uint64_t network(uint32_t times) {
  enum { IN = 32, OUT = 24 };
  float *in = take(IN * 4), *hidden = take(OUT * 4), *first = take(IN * OUT * 4), *second = take(IN * OUT * 4),
        *bias = take(IN * 4);
  fill32(in, IN);
  fill32(first, IN * OUT);
  fill32(second, IN * OUT);
  fill32(bias, IN);
  for (int i = 0; i < IN * OUT; i++) {
    first[i] -= 0.5f;
    second[i] -= 0.5f;
  }
  while (times-- > 0) {
    layer(in, IN, first, bias, hidden, OUT);
    squash(hidden, OUT);
    layer(hidden, OUT, second, bias, in, IN);
    squash(in, IN);
  }
  return rounded(in[0] + in[IN - 1]);
}

// Random points in a circle, drawn with a generator of 64 bits.
PART uint64_t circle(uint32_t times) {
  uint64_t state = 88172645463325252u, inside = 0;
  while (times-- > 0) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    double x = (double)(state >> 11) * 0x1p-53;
    state = state * 6364136223846793005u + 1442695040888963407u;
    double y = (double)(state >> 11) * 0x1p-53;
    if (x * x + y * y < 1) inside++;
  }
  return inside;
}

// Differential equations by Runge and Kutta's rule.
PART void slopes(const double *at, double *to) {
  to[0] = 10 * (at[1] - at[0]);
  to[1] = at[0] * (28 - at[2]) - at[1];
  to[2] = at[0] * at[1] - 8.0 / 3 * at[2];
}

PART void step(double *at, double dt) {
  double k[4][3], point[3];
  slopes(at, k[0]);
  for (int s = 1; s < 4; s++) {
    for (int i = 0; i < 3; i++) point[i] = at[i] + (s == 3 ? dt : dt / 2) * k[s - 1][i];
    slopes(point, k[s]);
  }
  for (int i = 0; i < 3; i++) at[i] += dt / 6 * (k[0][i] + 2 * k[1][i] + 2 * k[2][i] + k[3][i]);
}

PART uint64_t lorenz(uint32_t times) {
  double at[3] = {1, 1, 1};
  while (times-- > 0) step(at, 0.005);
  return rounded(at[0] + at[1] + at[2]);
}

// Numbers put in order by insertion and by a heap, and counted by size.
PART void insert_sort(double *values, int n) {
  for (int i = 1; i < n; i++) {
    double value = values[i];
    int j = i;
    for (; j > 0 && values[j - 1] > value; j--) values[j] = values[j - 1];
    values[j] = value;
  }
}

PART void sink(float *heap, int at, int n) {
  float value = heap[at];
  for (int child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && heap[child] < heap[child + 1]) child++;
    if (!(value < heap[child])) break;
    heap[at] = heap[child];
  }
  heap[at] = value;
}

PART uint64_t orders(uint32_t times) {
  enum { N = 60 };
  double *a = take(N * 8), sum = 0;
  float *b = take(N * 4);
  while (times-- > 0) {
    fill64(a, N);
    insert_sort(a, N);
    fill32(b, N);
    for (int i = N / 2; i-- > 0;) sink(b, i, N);
    for (int end = N; end-- > 1;) {
      float t = b[0];
      b[0] = b[end];
      b[end] = t;
      sink(b, 0, end);
    }
    sum += a[N / 2] + b[N / 4];
  }
  return rounded(sum);
}

PART void count_sizes(const double *values, int n, uint32_t *counts, int buckets) {
  for (int i = 0; i < n; i++) {
    int bucket = (int)((values[i] + 1) * 0.5 * buckets);
    counts[bucket < 0 ? 0 : bucket >= buckets ? buckets - 1 : bucket]++;
  }
}

PART uint64_t sizes(uint32_t times) {
  enum { N = 400, BUCKETS = 16 };
  double *values = take(N * 8);
  uint32_t *counts = take(BUCKETS * 4);
  for (int i = 0; i < BUCKETS; i++) counts[i] = 0;
  fill64(values, N);
  while (times-- > 0) {
    count_sizes(values, N, counts, BUCKETS);
    values[times % N] *= 0.9;
  }
  uint64_t sum = 0;
  for (int i = 0; i < BUCKETS; i++) sum = sum * 31 + counts[i];
  return sum;
}

// Noise that is smooth between the points of a grid.
PART double lattice(int x, int y) {
  uint32_t h = (uint32_t)x * 374761393u + (uint32_t)y * 668265263u;
  h = (h ^ (h >> 13)) * 1274126177u;
  return (h ^ (h >> 16)) / 4294967296.0;
}

PART double noise(double x, double y) {
  double fx = __builtin_floor(x), fy = __builtin_floor(y), u = x - fx, v = y - fy;
  int ix = (int)fx, iy = (int)fy;
  u = u * u * (3 - 2 * u);
  v = v * v * (3 - 2 * v);
  double a = lattice(ix, iy), b = lattice(ix + 1, iy), c = lattice(ix, iy + 1), d = lattice(ix + 1, iy + 1);
  return a + (b - a) * u + (c - a) * v + (a - b - c + d) * u * v;
}

PART uint64_t clouds(uint32_t times) {
  double sum = 0;
  for (uint32_t i = 0; i < times; i++) {
    double size = 1, x = i * 0.37, y = i % 50 * 0.11 - 3;
    for (int octave = 0; octave < 4; octave++, size *= 0.5, x *= 2, y *= 2) sum += size * noise(x, y);
  }
  return rounded(sum);
}

// Numbers read from text.
PART double parse(const char *text, const char **end) {
  double value = 0, scale = 1;
  int negative = *text == '-';
  if (negative) text++;
  for (; *text >= '0' && *text <= '9'; text++) value = value * 10 + (*text - '0');
  if (*text == '.')
    for (text++; *text >= '0' && *text <= '9'; text++) {
      value = value * 10 + (*text - '0');
      scale *= 10;
    }
  *end = text;
  return (negative ? -value : value) / scale;
}

PART uint64_t reading(uint32_t times) {
  static const char text[] = "3.14159 -2.71828 100.5 0.001 -7 1234567.875 0.3333333 42 -0.5 98.6 6.02214 1.61803";
  double sum = 0;
  while (times-- > 0) {
    const char *at = text;
    while (*at != 0) {
      sum += parse(at, &at);
      while (*at == ' ') at++;
    }
  }
  return rounded(sum);
}

// The shortest ways between all points.
PART void shorten(double *ways, int n) {
  for (int k = 0; k < n; k++)
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) {
        double over = ways[i * n + k] + ways[k * n + j];
        if (over < ways[i * n + j]) ways[i * n + j] = over;
      }
}

PART uint64_t ways(uint32_t times) {
  enum { N = 24 };
  double *of = take(N * N * 8), sum = 0;
  while (times-- > 0) {
    fill64(of, N * N);
    for (int i = 0; i < N * N; i++) of[i] = of[i] + 1.01;
    shorten(of, N);
    sum += of[N] + of[N * N - 2];
  }
  return rounded(sum);
}

// A sparse matrix by rows, in the method of conjugate gradients.
PART void sparse(const int *starts, const int *columns, const double *values, const double *v, double *to, int n) {
  for (int row = 0; row < n; row++) {
    double sum = 0;
    for (int k = starts[row]; k < starts[row + 1]; k++) sum += values[k] * v[columns[k]];
    to[row] = sum;
  }
}

PART double inner(const double *a, const double *b, int n) {
  double even = 0, odd = 0;
  for (int i = 0; i < n; i += 2) {
    even += a[i] * b[i];
    odd += a[i + 1] * b[i + 1];
  }
  return even + odd;
}

PART uint64_t gradients(uint32_t times) {
  enum { N = 100 };
  int *starts = take((N + 1) * 4), *columns = take(5 * N * 4), entries = 0;
  double *values = take(5 * N * 8), *x = take(N * 8), *r = take(N * 8), *p = take(N * 8), *q = take(N * 8), sum = 0;
  for (int row = 0; row < N; row++) {
    starts[row] = entries;
    for (int by = -10; by <= 10; by += by == -10 || by == 1 ? 9 : 1)
      if (row + by >= 0 && row + by < N) {
        columns[entries] = row + by;
        values[entries++] = by == 0 ? 4.5 : -1;
      }
  }
  starts[N] = entries;
  while (times-- > 0) {
    for (int i = 0; i < N; i++) {
      x[i] = 0;
      p[i] = r[i] = 1 + (i + (int)times) % 3;
    }
    double size = inner(r, r, N);
    for (int iteration = 0; iteration < 12; iteration++) {
      sparse(starts, columns, values, p, q, N);
      double alpha = size / inner(p, q, N);
      axpy(alpha, p, x, N);
      axpy(-alpha, q, r, N);
      double next = inner(r, r, N), beta = next / size;
      for (int i = 0; i < N; i++) p[i] = r[i] + beta * p[i];
      size = next;
    }
    sum += x[N / 2];
  }
  return rounded(sum);
}

// Colours: hue, saturation and value of red, green and blue bytes.
PART void hues(const uint8_t *pixels, int n, float *to) {
  for (int i = 0; i < n; i++, pixels += 4, to += 3) {
    float r = pixels[0] / 255.0f, g = pixels[1] / 255.0f, b = pixels[2] / 255.0f;
    float most = r > g ? (r > b ? r : b) : (g > b ? g : b), least = r < g ? (r < b ? r : b) : (g < b ? g : b);
    float range = most - least, hue = 0;
    if (range > 0) {
      if (most == r) {
        hue = (g - b) / range;
      } else if (most == g) {
        hue = 2 + (b - r) / range;
      } else {
        hue = 4 + (r - g) / range;
      }
      if (hue < 0) hue += 6;
    }
    to[0] = hue * 60;
    to[1] = most > 0 ? range / most : 0;
    to[2] = most;
  }
}

PART uint64_t colours(uint32_t times) {
  enum { N = 256 };
  uint8_t *pixels = take(4 * N);
  float *to = take(12 * N), sum = 0;
  for (int i = 0; i < 4 * N; i++) pixels[i] = (uint8_t)random32();
  while (times-- > 0) {
    hues(pixels, N, to);
    sum += to[times % (3 * N)];
    pixels[times % (4 * N)] ^= 16;
  }
  return rounded(sum);
}

// Roots by Newton's rule of polynomials by Horner's, and a sum that does not lose the small.
PART double horner(const double *of, int degree, double x, double *slope) {
  double value = of[degree], by = 0;
  for (int i = degree; i-- > 0;) {
    by = by * x + value;
    value = value * x + of[i];
  }
  *slope = by;
  return value;
}

PART double exact_sum(const double *values, int n) {
  double sum = 0, lost = 0;
  for (int i = 0; i < n; i++) {
    double y = values[i] - lost, t = sum + y;
    lost = (t - sum) - y;
    sum = t;
  }
  return sum;
}

PART uint64_t newton(uint32_t times) {
  enum { DEGREE = 9 };
  double *of = take(64 * 8), sum = 0;
  while (times-- > 0) {
    fill64(of, 64);
    double x = 2;
    for (int i = 0; i < 30; i++) {
      double slope, value = horner(of, DEGREE, x, &slope);
      if (__builtin_fabs(slope) < 1e-9) break;
      double by = value / slope;
      x -= by > 1 ? 1 : by < -1 ? -1 : by;
      if (__builtin_fabs(by) < 1e-12) break;
    }
    sum += x + exact_sum(of, 64);
  }
  return rounded(sum);
}

// Sine and cosine with the argument brought near zero, as a mathematical library has them.
PART double sine(double x) {
  double turns = __builtin_rint(x * 0.3183098861837907);
  double r = x - turns * 3.141592653589793, z = r * r;
  double p = r + r * z * (-1.0 / 6 + z * (1.0 / 120 + z * (-1.0 / 5040 + z * (1.0 / 362880 - z / 39916800))));
  return (int64_t)turns & 1 ? -p : p;
}

PART uint64_t tones(uint32_t times) {
  enum { N = 128 };
  float *wave = take(N * 4), sum = 0;
  for (uint32_t t = 0; t < times; t++) {
    for (int i = 0; i < N; i++) wave[i] = (float)(sine((i + t) * 0.1) + 0.5 * sine((i + t) * 0.31));
    sum += wave[t % N] * wave[(t * 7) % N];
  }
  return rounded(sum);
}

static const struct kernel kernels[] = {
    {"planets", planets, 1500}, {"spectral", spectral, 15}, {"mandelbrot", mandelbrot, 82}, {"julia", julia, 260},
    {"fft", fft, 37},           {"gauss", gauss, 26},       {"cholesky", cholesky, 59},     {"kmeans", kmeans, 16},
    {"jacobi", jacobi, 48},     {"heat", heat, 360},        {"options", options, 6100},     {"simpson", simpson, 1200},
    {"image", image, 9},        {"sobel", sobel, 29},       {"bilinear", bilinear, 57},     {"vectors", vectors, 150},
    {"running", running, 300},  {"scans", scans, 200},      {"mixing", mixing, 170},        {"cosines", cosines, 93},
    {"filters", filters, 43},   {"rays", rays, 3100},       {"network", network, 130},      {"circle", circle, 87000},
    {"lorenz", lorenz, 10000},  {"orders", orders, 88},     {"sizes", sizes, 210},          {"clouds", clouds, 4200},
    {"reading", reading, 1300}, {"ways", ways, 12},         {"gradients", gradients, 13},   {"colours", colours, 130},
    {"newton", newton, 550},    {"tones", tones, 220},
};

int main(void) { return run(kernels, sizeof kernels / sizeof *kernels); }
