// Kernels over arrays of integers, text, images, lists, trees, graphs and grids: sorting, searching, comparing,
// packing.
#include "kernels.h"

PART void fill_ints(int32_t *to, int n, uint32_t limit) {
  for (int i = 0; i < n; i++) to[i] = (int32_t)below(limit);
}

PART void fill_text(char *to, int n, int letters) {
  for (int i = 0; i < n - 1; i++) to[i] = (char)('a' + below((uint32_t)letters));
  to[n - 1] = 0;
}

static int least(int a, int b) { return a < b ? a : b; }

// Sorting. Each sort gets the same numbers; the sum of place times value says that it did its work.
PART void heap_sort(int32_t *a, int n) {
  for (int start = n / 2, end = n; end > 1;) {
    int32_t value;
    if (start > 0) {
      value = a[--start];
    } else {
      value = a[--end];
      a[end] = a[0];
    }
    int at = start, child;
    while ((child = 2 * at + 1) < end) {
      if (child + 1 < end && a[child + 1] > a[child]) child++;
      if (a[child] <= value) break;
      a[at] = a[child];
      at = child;
    }
    a[at] = value;
  }
}

PART void merge_sort(int64_t *a, int64_t *room, int n) {
  if (n < 2) return;
  int half = n / 2, i = 0, j = half, k = 0;
  merge_sort(a, room, half);
  merge_sort(a + half, room, n - half);
  while (i < half && j < n) room[k++] = a[i] <= a[j] ? a[i++] : a[j++];
  while (i < half) room[k++] = a[i++];
  while (j < n) room[k++] = a[j++];
  for (k = 0; k < n; k++) a[k] = room[k];
}

PART void shell_sort(int32_t *a, int n) {
  int gap = 1;
  while (gap < n / 3) gap = 3 * gap + 1;
  for (; gap > 0; gap /= 3)
    for (int i = gap; i < n; i++) {
      int32_t value = a[i];
      int j = i;
      for (; j >= gap && a[j - gap] > value; j -= gap) a[j] = a[j - gap];
      a[j] = value;
    }
}

PART void insertion_sort(int32_t *a, int n) {
  for (int i = 1; i < n; i++) {
    int32_t value = a[i];
    int j = i - 1;
    while (j >= 0 && a[j] > value) {
      a[j + 1] = a[j];
      j--;
    }
    a[j + 1] = value;
  }
}

PART void selection_sort(int16_t *a, int n) {
  for (int i = 0; i < n - 1; i++) {
    int smallest = i;
    for (int j = i + 1; j < n; j++)
      if (a[j] < a[smallest]) smallest = j;
    int16_t t = a[i];
    a[i] = a[smallest];
    a[smallest] = t;
  }
}

PART void bubble_sort(uint8_t *a, int n) {
  for (int swapped = 1; swapped; n--) {
    swapped = 0;
    for (int i = 1; i < n; i++)
      if (a[i - 1] > a[i]) {
        uint8_t t = a[i];
        a[i] = a[i - 1];
        a[i - 1] = t;
        swapped = 1;
      }
  }
}

PART void radix_sort(uint32_t *a, uint32_t *room, int n) {
  for (int shift = 0; shift < 32; shift += 8) {
    uint32_t starts[256] = {0}, sum = 0;
    for (int i = 0; i < n; i++) starts[a[i] >> shift & 255]++;
    for (int i = 0; i < 256; i++) {
      uint32_t count = starts[i];
      starts[i] = sum;
      sum += count;
    }
    for (int i = 0; i < n; i++) room[starts[a[i] >> shift & 255]++] = a[i];
    uint32_t *t = a;
    a = room;
    room = t;
  }
}

PART void sort_by(int32_t *a, int n, int (*compare)(int32_t, int32_t)) {
  for (int i = 1; i < n; i++)
    for (int j = i; j > 0 && compare(a[j - 1], a[j]) > 0; j--) {
      int32_t t = a[j];
      a[j] = a[j - 1];
      a[j - 1] = t;
    }
}

PART int downwards(int32_t a, int32_t b) { return a < b ? 1 : a > b ? -1 : 0; }
PART int by_digit(int32_t a, int32_t b) { return a % 10 - b % 10; }

PART uint64_t weighted(const int32_t *a, int n) {
  uint64_t sum = 0;
  for (int i = 0; i < n; i++) sum += (uint64_t)i * (uint64_t)a[i];
  return sum;
}

PART uint64_t fast_sorts(uint32_t times) {
  enum { N = 256 };
  int32_t *a = take(N * 4), *room = take(N * 4);
  int64_t *wide = take(N * 8), *wide_room = take(N * 8);
  uint64_t sum = 0;
  while (times-- > 0) {
    fill_ints(a, N, 1000000);
    for (int i = 0; i < N; i++) wide[i] = a[i] * 1000003LL % 65537;
    heap_sort(a, N);
    sum += weighted(a, N);
    merge_sort(wide, wide_room, N);
    sum += (uint64_t)wide[N / 3];
    fill_ints(a, N, 100000);
    shell_sort(a, N);
    sum += weighted(a, N);
    fill_ints(a, N, 1 << 30);
    radix_sort((uint32_t *)a, (uint32_t *)room, N);
    sum += weighted(a, N);
  }
  return sum;
}

PART uint64_t slow_sorts(uint32_t times) {
  enum { N = 60 };
  int32_t *a = take(N * 4), *b = take(N * 4);
  int16_t *c = take(N * 2);
  uint8_t *d = take(N);
  uint64_t sum = 0;
  while (times-- > 0) {
    fill_ints(a, N, 1000);
    for (int i = 0; i < N; i++) {
      b[i] = a[i];
      c[i] = (int16_t)(a[i] * 37 - 10000);
      d[i] = (uint8_t)a[i];
    }
    insertion_sort(a, N);
    selection_sort(c, N);
    bubble_sort(d, N);
    sum += weighted(a, N) + (uint64_t)(int64_t)c[N / 2] + d[N / 2];
    sort_by(b, N / 2, times & 1 ? downwards : by_digit);
    sum += weighted(b, N);
  }
  return sum;
}

// Searching in order, running and square sums, counts of values, prefix sums undone, doubles dropped, turning in place.
PART int find(const int32_t *a, int n, int32_t value) {
  int low = 0, high = n;
  while (low < high) {
    int middle = low + (high - low) / 2;
    if (a[middle] < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

PART int find_any(const int32_t *a, int n, int32_t value) {
  for (int i = 0; i < n; i++)
    if (a[i] == value) return i;
  return -1;
}

PART uint64_t searches(uint32_t times) {
  enum { N = 1000 };
  int32_t *a = take(N * 4);
  for (int i = 0; i < N; i++) a[i] = 3 * i + (i & 1);
  uint64_t sum = 0;
  while (times-- > 0) {
    int32_t value = (int32_t)below(3 * N);
    sum += (uint64_t)find(a, N, value);
    if (times % 16 == 0) sum += (uint64_t)find_any(a, N, value);
  }
  return sum;
}

PART void running(const int32_t *from, int64_t *to, int n) {
  int64_t sum = 0;
  for (int i = 0; i < n; i++) {
    sum += from[i];
    to[i] = sum;
  }
}

PART void undo(int64_t *a, int n) {
  for (int i = n - 1; i > 0; i--) a[i] -= a[i - 1];
}

PART void histogram(const uint8_t *bytes, int n, uint32_t *counts) {
  for (int i = 0; i < 256; i++) counts[i] = 0;
  for (int i = 0; i < n; i++) counts[bytes[i]]++;
}

PART int64_t best_stretch(const int32_t *a, int n) {
  int64_t best = 0, here = 0;
  for (int i = 0; i < n; i++) {
    here += a[i] - 500;
    if (here < 0) here = 0;
    if (here > best) best = here;
  }
  return best;
}

PART void extremes(const int32_t *a, int n, int32_t *low, int32_t *high) {
  *low = *high = a[0];
  for (int i = 1; i < n; i++) {
    if (a[i] < *low) *low = a[i];
    if (a[i] > *high) *high = a[i];
  }
}

PART uint64_t total64(const int64_t *a, int n) {
  int64_t sum = 0, odd = 0;
  for (int i = 0; i < n; i++) {
    sum += a[i];
    if (a[i] & 1) odd++;
  }
  return (uint64_t)(sum ^ odd);
}

PART uint64_t passes(uint32_t times) {
  enum { N = 256 };
  int32_t *a = take(N * 4), low, high;
  int64_t *b = take(N * 8);
  uint32_t *counts = take(256 * 4);
  uint64_t sum = 0;
  fill_ints(a, N, 1000);
  while (times-- > 0) {
    running(a, b, N);
    sum += total64(b, N);
    undo(b, N);
    histogram((uint8_t *)a, N, counts);
    extremes(a, N, &low, &high);
    sum += (uint64_t)best_stretch(a, N) + counts[3] + (uint64_t)(b[N - 1] + low + high);
    a[times % N] = (int32_t)(times % 1000);
  }
  return sum;
}

PART void reverse(int32_t *from, int32_t *to) {
  while (from < --to) {
    int32_t t = *from;
    *from++ = *to;
    *to = t;
  }
}

PART int distinct(int32_t *a, int n) {
  int kept = 0;
  for (int i = 0; i < n; i++)
    if (kept == 0 || a[i] != a[kept - 1]) a[kept++] = a[i];
  return kept;
}

PART int partition(int32_t *a, int n, int32_t mask) {
  int kept = 0;
  for (int i = 0; i < n; i++)
    if ((a[i] & mask) == 0) {
      int32_t t = a[kept];
      a[kept++] = a[i];
      a[i] = t;
    }
  return kept;
}

PART uint64_t moves(uint32_t times) {
  enum { N = 400 };
  int32_t *a = take(N * 4), *b = take(N * 4);
  fill_ints(a, N, 50);
  uint64_t sum = 0;
  while (times-- > 0) {
    int by = (int)(times % N);
    reverse(a, a + by);
    reverse(a + by, a + N);
    reverse(a, a + N);
    for (int i = 0; i < N; i++) b[i] = a[i] >> 3;
    sum += (uint64_t)distinct(b, N) * 3 + (uint64_t)partition(a, N, 1 << times % 5) + (uint64_t)a[N / 2];
  }
  return sum;
}

// Tables: distances of words, the longest they share, ways through a grid, the best of subsequences and products.
PART int distance(const char *a, const char *b, int na, int nb, int *row) {
  for (int j = 0; j <= nb; j++) row[j] = j;
  for (int i = 1; i <= na; i++) {
    int before = row[0];
    row[0] = i;
    for (int j = 1; j <= nb; j++) {
      int cost = before + (a[i - 1] != b[j - 1]);
      before = row[j];
      row[j] = least(cost, least(before, row[j - 1]) + 1);
    }
  }
  return row[nb];
}

PART int common(const char *a, const char *b, int na, int nb, uint16_t *table) {
  for (int j = 0; j <= nb; j++) table[j] = 0;
  for (int i = 1; i <= na; i++) {
    uint16_t *row = table + i * (nb + 1), *above = row - nb - 1;
    row[0] = 0;
    for (int j = 1; j <= nb; j++)
      row[j] = a[i - 1] == b[j - 1] ? above[j - 1] + 1 : above[j] > row[j - 1] ? above[j] : row[j - 1];
  }
  return table[na * (nb + 1) + nb];
}

PART uint64_t words(uint32_t times) {
  enum { N = 40 };
  char *a = take(N), *b = take(N);
  int *row = take((N + 1) * 4);
  uint16_t *table = take((N + 1) * (N + 1) * 2);
  uint64_t sum = 0;
  while (times-- > 0) {
    fill_text(a, N, 5);
    fill_text(b, N, 5);
    sum = sum * 3 + (uint64_t)distance(a, b, N - 1, N - 1, row) + (uint64_t)common(a, b, N - 1, N - 1, table);
  }
  return sum;
}

PART int knapsack(const int32_t *weights, const int32_t *values, int n, int32_t *best, int room) {
  for (int w = 0; w <= room; w++) best[w] = 0;
  for (int i = 0; i < n; i++)
    for (int w = room; w >= weights[i]; w--)
      if (best[w - weights[i]] + values[i] > best[w]) best[w] = best[w - weights[i]] + values[i];
  return best[room];
}

PART int rising(const int32_t *a, int n, int32_t *lengths) {
  int longest = 0;
  for (int i = 0; i < n; i++) {
    lengths[i] = 1;
    for (int j = 0; j < i; j++)
      if (a[j] < a[i] && lengths[j] >= lengths[i]) lengths[i] = lengths[j] + 1;
    if (lengths[i] > longest) longest = lengths[i];
  }
  return longest;
}

PART int64_t chain(const int32_t *sizes, int n, int64_t *costs) {
  for (int i = 0; i < n; i++) costs[i * n + i] = 0;
  for (int length = 1; length < n; length++)
    for (int i = 0; i + length < n; i++) {
      int j = i + length;
      int64_t best = INT64_MAX;
      for (int k = i; k < j; k++) {
        int64_t cost = costs[i * n + k] + costs[(k + 1) * n + j] + (int64_t)sizes[i] * sizes[k + 1] * sizes[j + 1];
        if (cost < best) best = cost;
      }
      costs[i * n + j] = best;
    }
  return costs[n - 1];
}

PART int reach(const int32_t *coins, int n, uint8_t *made, int sum) {
  for (int i = 1; i <= sum; i++) made[i] = 0;
  made[0] = 1;
  int count = 0;
  for (int i = 0; i < n; i++)
    for (int s = sum; s >= coins[i]; s--) made[s] |= made[s - coins[i]];
  for (int i = 0; i <= sum; i++) count += made[i];
  return count;
}

PART uint64_t tables(uint32_t times) {
  enum { N = 30, ROOM = 120 };
  int32_t *a = take((N + 1) * 4), *b = take(N * 4), *row = take((ROOM + 1) * 4);
  int64_t *costs = take(N * N * 8);
  uint8_t *made = take(ROOM + 1);
  uint64_t sum = 0;
  while (times-- > 0) {
    fill_ints(a, N + 1, 30);
    fill_ints(b, N, 1000);
    sum += (uint64_t)knapsack(a, b, N, row, ROOM) + (uint64_t)rising(b, N, row);
    sum += (uint64_t)chain(a, N / 2, costs) + (uint64_t)reach(a, N, made, ROOM);
  }
  return sum;
}

// Grids: life on a torus, areas filled by recursion, the way out of a maze, sums of rectangles.
PART void generation(const uint8_t *from, uint8_t *to, int width, int height) {
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      int count = 0;
      for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
          if (dx != 0 || dy != 0) count += from[(y + dy + height) % height * width + (x + dx + width) % width];
      to[y * width + x] = count == 3 || (count == 2 && from[y * width + x]);
    }
}

PART uint64_t life(uint32_t times) {
  enum { SIZE = 24 };
  uint8_t *a = take(SIZE * SIZE), *b = take(SIZE * SIZE);
  for (int i = 0; i < SIZE * SIZE; i++) a[i] = random32() >> 30 == 0;
  while (times-- > 0) {
    generation(a, b, SIZE, SIZE);
    uint8_t *t = a;
    a = b;
    b = t;
  }
  uint64_t sum = 0;
  for (int i = 0; i < SIZE * SIZE; i++) sum = sum * 5 + a[i];
  return sum;
}

PART int fill(uint8_t *grid, int width, int height, int x, int y, uint8_t from, uint8_t to) {
  if (x < 0 || y < 0 || x >= width || y >= height || grid[y * width + x] != from) return 0;
  grid[y * width + x] = to;
  return 1 + fill(grid, width, height, x + 1, y, from, to) + fill(grid, width, height, x - 1, y, from, to) +
         fill(grid, width, height, x, y + 1, from, to) + fill(grid, width, height, x, y - 1, from, to);
}

struct point {
  int16_t x, y;
};

PART int way(const uint8_t *grid, int width, int height, int32_t *steps, struct point *queue) {
  static const struct point around[4] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
  int head = 0, tail = 0;
  for (int i = 0; i < width * height; i++) steps[i] = -1;
  steps[0] = 0;
  queue[tail++] = (struct point){0, 0};
  while (head < tail) {
    struct point at = queue[head++];
    for (int i = 0; i < 4; i++) {
      struct point to = {(int16_t)(at.x + around[i].x), (int16_t)(at.y + around[i].y)};
      if (to.x < 0 || to.x >= width || to.y < 0 || to.y >= height) continue;
      if (grid[to.y * width + to.x] != 0 || steps[to.y * width + to.x] >= 0) continue;
      steps[to.y * width + to.x] = steps[at.y * width + at.x] + 1;
      queue[tail++] = to;
    }
  }
  return steps[width * height - 1] * 1000 + tail;
}

PART uint64_t mazes(uint32_t times) {
  enum { SIZE = 24 };
  uint8_t *grid = take(SIZE * SIZE);
  int32_t *steps = take(SIZE * SIZE * 4);
  struct point *queue = take(SIZE * SIZE * sizeof *queue);
  uint64_t sum = 0;
  while (times-- > 0) {
    for (int i = 0; i < SIZE * SIZE; i++) grid[i] = random32() >> 30 == 0;
    sum = sum * 3 + (uint64_t)way(grid, SIZE, SIZE, steps, queue);
    sum = sum * 3 + (uint64_t)fill(grid, SIZE, SIZE, SIZE / 2, SIZE / 2, grid[SIZE * SIZE / 2 + SIZE / 2], 2);
  }
  return sum;
}

// Matrices of i32: one across, one times a vector, distances between all points, sums of rectangles.
PART void across(const int32_t *from, int32_t *to, int rows, int columns) {
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) to[j * rows + i] = from[i * columns + j];
}

PART void times_vector(const int32_t *matrix, const int16_t *vector, int64_t *to, int rows, int columns) {
  for (int i = 0; i < rows; i++) {
    int64_t sum = 0;
    for (int j = 0; j < columns; j++) sum += (int64_t)matrix[i * columns + j] * vector[j];
    to[i] = sum;
  }
}

PART void shorten(int32_t (*ways)[20], int n) {
  for (int k = 0; k < n; k++)
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++)
        if (ways[i][k] + ways[k][j] < ways[i][j]) ways[i][j] = ways[i][k] + ways[k][j];
}

PART void areas(const int32_t *from, int32_t *to, int rows, int columns) {
  for (int i = 0; i < rows; i++) {
    int32_t row = 0;
    for (int j = 0; j < columns; j++) {
      row += from[i * columns + j];
      to[i * columns + j] = row + (i > 0 ? to[(i - 1) * columns + j] : 0);
    }
  }
}

PART uint64_t matrices(uint32_t times) {
  enum { N = 20 };
  int32_t *a = take(N * N * 4), *b = take(N * N * 4);
  int16_t *vector = take(N * 2);
  int64_t *to = take(N * 8);
  uint64_t sum = 0;
  for (int i = 0; i < N; i++) vector[i] = (int16_t)random32();
  while (times-- > 0) {
    fill_ints(a, N * N, 1000);
    across(a, b, N, N);
    times_vector(b, vector, to, N, N);
    areas(a, b, N, N);
    sum += (uint64_t)to[3] + (uint64_t)b[N * N - 1];
    shorten((int32_t(*)[N])a, N);
    sum += (uint64_t)a[N - 1];
  }
  return sum;
}

// Lists and trees.
struct node {
  struct node *next;
  int32_t value;
};

PART struct node *turned(struct node *list) {
  struct node *to = NULL;
  while (list != NULL) {
    struct node *next = list->next;
    list->next = to;
    to = list;
    list = next;
  }
  return to;
}

PART int64_t sum_of(const struct node *list) {
  int64_t sum = 0;
  for (; list != NULL; list = list->next) sum += list->value;
  return sum;
}

PART struct node *insert(struct node *list, struct node *node) {
  struct node **at = &list;
  while (*at != NULL && (*at)->value < node->value) at = &(*at)->next;
  node->next = *at;
  *at = node;
  return list;
}

PART struct node *without(struct node *list, int32_t mask) {
  struct node **at = &list;
  while (*at != NULL) {
    if (((*at)->value & mask) == 0) {
      *at = (*at)->next;
    } else {
      at = &(*at)->next;
    }
  }
  return list;
}

PART uint64_t lists(uint32_t times) {
  enum { N = 60 };
  struct node *nodes = take(N * sizeof *nodes);
  uint64_t sum = 0;
  while (times-- > 0) {
    struct node *list = NULL;
    for (int i = 0; i < N; i++) {
      nodes[i].value = (int32_t)below(10000);
      list = insert(list, &nodes[i]);
    }
    for (int i = 0; i < 6; i++) list = turned(list);
    sum = sum * 3 + (uint64_t)sum_of(list) + (uint32_t)list->value;
    list = without(list, 3);
    sum += (uint64_t)sum_of(list);
  }
  return sum;
}

struct tree {
  struct tree *left, *right;
  int64_t key;
  uint32_t count;
};

PART struct tree *lookup(struct tree **at, int64_t key, struct tree *fresh) {
  while (*at != NULL) {
    if (key == (*at)->key) return *at;
    at = key < (*at)->key ? &(*at)->left : &(*at)->right;
  }
  *at = fresh;
  *fresh = (struct tree){NULL, NULL, key, 0};
  return fresh;
}

PART int depth(const struct tree *tree) {
  if (tree == NULL) return 0;
  int left = depth(tree->left), right = depth(tree->right);
  return 1 + (left > right ? left : right);
}

PART uint64_t walk(const struct tree *tree, uint64_t sum) {
  for (; tree != NULL; tree = tree->right) sum = walk(tree->left, sum) * 3 + (uint64_t)tree->key + tree->count;
  return sum;
}

PART uint64_t trees(uint32_t times) {
  enum { N = 200 };
  struct tree *nodes = take(N * sizeof *nodes);
  uint64_t sum = 0;
  while (times-- > 0) {
    struct tree *tree = NULL;
    int used = 0;
    for (int i = 0; i < N; i++) {
      struct tree *found = lookup(&tree, (int64_t)below(150) * 10000000000, &nodes[used]);
      if (found == &nodes[used]) used++;
      found->count++;
    }
    sum += walk(tree, 0) + (uint64_t)depth(tree);
  }
  return sum;
}

// Sets that are joined, a table of hashed keys, sums behind a tree of bits, a queue in order of weight.
PART int root(int32_t *parents, int at) {
  while (parents[at] != at) at = parents[at] = parents[parents[at]];
  return at;
}

PART int join(int32_t *parents, uint8_t *ranks, int a, int b) {
  a = root(parents, a);
  b = root(parents, b);
  if (a == b) return 0;
  if (ranks[a] < ranks[b]) {
    parents[a] = b;
  } else {
    parents[b] = a;
    if (ranks[a] == ranks[b]) ranks[a]++;
  }
  return 1;
}

PART uint64_t unions(uint32_t times) {
  enum { N = 300 };
  int32_t *parents = take(N * 4);
  uint8_t *ranks = take(N);
  uint64_t sum = 0;
  while (times-- > 0) {
    for (int i = 0; i < N; i++) {
      parents[i] = i;
      ranks[i] = 0;
    }
    int left = N;
    for (uint32_t tries = 1; left > 1; tries++) {
      int with = (int)below(N);
      if (join(parents, ranks, (int)below(N), with)) {
        left--;
        sum += tries;
      }
    }
  }
  return sum;
}

struct entry {
  uint64_t key;
  uint32_t value, used;
};

PART struct entry *slot(struct entry *table, uint32_t mask, uint64_t key) {
  uint32_t at = (uint32_t)((key * 0x9e3779b97f4a7c15) >> 40) & mask;
  while (table[at].used && table[at].key != key) at = (at + 1) & mask;
  return &table[at];
}

PART uint64_t hashed(uint32_t times) {
  enum { SIZE = 512 };
  struct entry *table = take(SIZE * sizeof *table);
  uint64_t sum = 0;
  while (times-- > 0) {
    for (int i = 0; i < SIZE; i++) table[i].used = 0;
    for (int i = 0; i < 600; i++) {
      uint64_t key = (uint64_t)below(350) << 32 | 77;
      struct entry *at = slot(table, SIZE - 1, key);
      if (!at->used) *at = (struct entry){key, 0, 1};
      at->value++;
    }
    for (int i = 0; i < SIZE; i++)
      if (table[i].used) sum = sum * 3 + table[i].value;
  }
  return sum;
}

PART void raise(int64_t *tree, int n, int at, int64_t by) {
  for (at++; at <= n; at += at & -at) tree[at] += by;
}

PART int64_t sum_before(const int64_t *tree, int at) {
  int64_t sum = 0;
  for (; at > 0; at &= at - 1) sum += tree[at];
  return sum;
}

PART int32_t lowest(const int32_t *tree, int n, int from, int to) {
  int32_t low = INT32_MAX;
  for (from += n, to += n; from < to; from /= 2, to /= 2) {
    if (from & 1 && tree[from] < low) low = tree[from];
    if (from & 1) from++;
    if (to & 1 && tree[to - 1] < low) low = tree[to - 1];
  }
  return low;
}

PART uint64_t sums(uint32_t times) {
  enum { N = 256 };
  int64_t *tree = take((N + 1) * 8);
  int32_t *low = take(2 * N * 4);
  for (int i = 0; i <= N; i++) tree[i] = 0;
  fill_ints(low + N, N, 100000);
  for (int i = N - 1; i > 0; i--) low[i] = least(low[2 * i], low[2 * i + 1]);
  uint64_t sum = 0;
  while (times-- > 0) {
    int at = (int)below(N), to = (int)below(N);
    raise(tree, N, at, to - 100);
    sum += (uint64_t)(sum_before(tree, to) - sum_before(tree, at));
    if (at < to) sum += (uint64_t)lowest(low, N, at, to);
  }
  return sum;
}

struct edge {
  int16_t to, next;
  int32_t length;
};

struct waiting {
  int32_t distance;
  int16_t at;
};

PART void push(struct waiting *heap, int n, struct waiting what) {
  for (; n > 0 && heap[(n - 1) / 2].distance > what.distance; n = (n - 1) / 2) heap[n] = heap[(n - 1) / 2];
  heap[n] = what;
}

PART struct waiting pop(struct waiting *heap, int n) {
  struct waiting top = heap[0], last = heap[--n];
  int at = 0;
  for (int child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && heap[child + 1].distance < heap[child].distance) child++;
    if (heap[child].distance >= last.distance) break;
    heap[at] = heap[child];
  }
  heap[at] = last;
  return top;
}

PART uint64_t shortest(const int16_t *first, const struct edge *edges, int n, int32_t *distances,
                       struct waiting *heap) {
  for (int i = 0; i < n; i++) distances[i] = INT32_MAX;
  distances[0] = 0;
  heap[0] = (struct waiting){0, 0};
  for (int size = 1; size > 0;) {
    struct waiting top = pop(heap, size--);
    if (top.distance > distances[top.at]) continue;
    for (int e = first[top.at]; e >= 0; e = edges[e].next) {
      int32_t distance = top.distance + edges[e].length;
      if (distance < distances[edges[e].to]) {
        distances[edges[e].to] = distance;
        push(heap, size++, (struct waiting){distance, edges[e].to});
      }
    }
  }
  uint64_t sum = 0;
  for (int i = 0; i < n; i++) sum += (uint32_t)distances[i];
  return sum;
}

PART uint64_t graphs(uint32_t times) {
  enum { N = 80, EDGES = 300 };
  int16_t *first = take(N * 2);
  struct edge *edges = take(EDGES * sizeof *edges);
  int32_t *distances = take(N * 4);
  struct waiting *heap = take((EDGES + 1) * sizeof *heap);
  uint64_t sum = 0;
  while (times-- > 0) {
    for (int i = 0; i < N; i++) first[i] = -1;
    for (int i = 0; i < EDGES; i++) {
      int from = (int)below(N), to = (int)below(N);
      edges[i] = (struct edge){(int16_t)to, first[from], (int32_t)below(1000) + 1};
      first[from] = (int16_t)i;
    }
    sum += shortest(first, edges, N, distances, heap);
  }
  return sum;
}

// Memory, by bytes and by words.
PART void copy_bytes(char *to, const char *from, size_t n) {
  while (n-- > 0) *to++ = *from++;
}

PART void copy_words(void *to, const void *from, size_t n) {
  uint64_t *a = to;
  const uint64_t *b = from;
  for (; n >= 32; n -= 32, a += 4, b += 4) {
    a[0] = b[0];
    a[1] = b[1];
    a[2] = b[2];
    a[3] = b[3];
  }
  for (; n >= 8; n -= 8) *a++ = *b++;
}

PART void move_bytes(char *to, const char *from, size_t n) {
  if (to < from) {
    for (size_t i = 0; i < n; i++) to[i] = from[i];
  } else {
    for (size_t i = n; i-- > 0;) to[i] = from[i];
  }
}

PART void set_bytes(void *to, int value, size_t n) {
  for (uint8_t *at = to, *end = at + n; at != end; at++) *at = (uint8_t)value;
}

PART void set_words(uint32_t *to, uint32_t value, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = value;
}

PART size_t length(const char *text) {
  const char *at = text;
  while (*at != 0) at++;
  return (size_t)(at - text);
}

PART size_t length_by_words(const char *text) {
  const uint32_t *at = (const uint32_t *)text;
  while (((*at - 0x01010101) & ~*at & 0x80808080) == 0) at++;
  const char *end = (const char *)at;
  while (*end != 0) end++;
  return (size_t)(end - text);
}

PART int compare_bytes(const uint8_t *a, const uint8_t *b, size_t n) {
  for (; n > 0; n--, a++, b++)
    if (*a != *b) return *a - *b;
  return 0;
}

PART const char *find_byte(const char *at, char what, size_t n) {
  for (; n > 0; n--, at++)
    if (*at == what) return at;
  return NULL;
}

PART uint64_t memory(uint32_t times) {
  enum { N = 256 };
  char *a = take(N), *b = take(N), *c = take(N);
  fill_text(a, N, 26);
  uint64_t sum = 0;
  while (times-- > 0) {
    set_bytes(b, 'x', N - 1);
    set_words((uint32_t *)c, times, N / 4);
    copy_bytes(b, a, N / 2 + times % 64);
    copy_words(c, b, N);
    move_bytes(c + times % 5, c, N / 4);
    move_bytes(c, c + 3, N / 4);
    b[N - 1 - times % 8] = 0;
    sum += length(a) + length_by_words(b) + (uint64_t)compare_bytes((uint8_t *)a, (uint8_t *)b, N);
    const char *found = find_byte(c, (char)('a' + times % 26), N);
    if (found != NULL) sum += (uint64_t)(found - c);
    a[times % (N - 1)] = c[times % 100] | 1;
  }
  return sum;
}

// Text: compared, turned round, changed in case, searched for in four ways, matched against patterns, counted, cut.
PART int compare(const char *a, const char *b) {
  while (*a != 0 && *a == *b) {
    a++;
    b++;
  }
  return (unsigned char)*a - (unsigned char)*b;
}

PART void turn_round(char *text, int n) {
  for (int i = 0, j = n - 1; i < j; i++, j--) {
    char t = text[i];
    text[i] = text[j];
    text[j] = t;
  }
}

PART int upper(char *text) {
  int changed = 0;
  for (; *text != 0; text++)
    if (*text >= 'a' && *text <= 'z') {
      *text -= 'a' - 'A';
      changed++;
    }
  return changed;
}

PART void shift_letters(char *text, int by) {
  for (int i = 0; text[i] != 0; i++) {
    if (text[i] >= 'a' && text[i] <= 'z') text[i] = (char)('a' + (text[i] - 'a' + by) % 26);
    else if (text[i] >= 'A' && text[i] <= 'Z') text[i] = (char)('A' + (text[i] - 'A' + by) % 26);
  }
}

PART int palindromes(const char *text, int n) {
  int count = 0;
  for (int middle = 0; middle < 2 * n - 1; middle++) {
    int left = middle / 2, right = left + middle % 2;
    while (left >= 0 && right < n && text[left] == text[right]) {
      count++;
      left--;
      right++;
    }
  }
  return count;
}

PART uint64_t texts(uint32_t times) {
  enum { N = 200 };
  char *a = take(N), *b = take(N);
  uint64_t sum = 0;
  fill_text(a, N, 4);
  while (times-- > 0) {
    for (int i = 0; i < N; i++) b[i] = a[i];
    turn_round(b, N - 1);
    sum += (uint64_t)palindromes(a, N - 1) + (uint64_t)(compare(a, b) + 256);
    sum += (uint64_t)upper(b);
    shift_letters(b, 5);
    shift_letters(a, 26);
    b[N / 2] = a[N / 2];
    sum += (uint64_t)b[times % N];
    a[times % (N - 1)] = (char)('a' + times % 3);
  }
  return sum;
}

PART int search(const char *text, const char *what) {
  int found = 0;
  for (; *text != 0; text++) {
    int i = 0;
    while (what[i] != 0 && text[i] == what[i]) i++;
    if (what[i] == 0) found++;
  }
  return found;
}

PART int search_prefixes(const char *text, int n, const char *what, int m, int *back) {
  int found = 0;
  back[0] = 0;
  for (int i = 1, k = 0; i < m; i++) {
    while (k > 0 && what[i] != what[k]) k = back[k - 1];
    if (what[i] == what[k]) k++;
    back[i] = k;
  }
  for (int i = 0, k = 0; i < n; i++) {
    while (k > 0 && text[i] != what[k]) k = back[k - 1];
    if (text[i] == what[k]) k++;
    if (k == m) {
      found++;
      k = back[k - 1];
    }
  }
  return found;
}

PART int search_skipping(const char *text, int n, const char *what, int m, uint8_t *skips) {
  int found = 0;
  for (int i = 0; i < 256; i++) skips[i] = (uint8_t)m;
  for (int i = 0; i < m - 1; i++) skips[(uint8_t)what[i]] = (uint8_t)(m - 1 - i);
  for (int at = 0; at + m <= n; at += skips[(uint8_t)text[at + m - 1]]) {
    int i = m - 1;
    while (i >= 0 && text[at + i] == what[i]) i--;
    if (i < 0) found++;
  }
  return found;
}

PART int search_hashed(const char *text, int n, const char *what, int m) {
  uint32_t want = 0, have = 0, first = 1;
  int found = 0;
  for (int i = 0; i < m; i++) {
    want = (want * 256 + (uint8_t)what[i]) % 16777213;
    have = (have * 256 + (uint8_t)text[i]) % 16777213;
    if (i > 0) first = first * 256 % 16777213;
  }
  for (int i = 0;; i++) {
    if (have == want) found++;
    if (i + m >= n) return found;
    uint32_t drop = (uint32_t)((uint64_t)(uint8_t)text[i] * first % 16777213);
    have = ((have + 16777213 - drop) % 16777213 * 256 + (uint8_t)text[i + m]) % 16777213;
  }
}

PART uint64_t finding(uint32_t times) {
  enum { N = 300, M = 6 };
  char *text = take(N), *what = take(M);
  int *back = take(M * 4);
  uint8_t *skips = take(256);
  uint64_t sum = 0;
  while (times-- > 0) {
    fill_text(text, N, 3);
    fill_text(what, M, 3);
    sum = sum * 3 + (uint64_t)search(text, what) + (uint64_t)search_prefixes(text, N - 1, what, M - 1, back);
    sum = sum * 3 + (uint64_t)search_skipping(text, N - 1, what, M - 1, skips) +
          (uint64_t)search_hashed(text, N - 1, what, M - 1);
  }
  return sum;
}

PART int match(const char *pattern, const char *text) {
  for (; *pattern != 0; pattern++) {
    if (*pattern == '*') {
      do {
        if (match(pattern + 1, text)) return 1;
      } while (*text++ != 0);
      return 0;
    }
    if (*text == 0 || (*pattern != '?' && *pattern != *text)) return 0;
    text++;
  }
  return *text == 0;
}

PART uint64_t patterns(uint32_t times) {
  static const char *const of[] = {"*ab*", "a*b*c", "*?b?*a*", "abc*", "*cc*cc*", "?a*a?"};
  enum { N = 30 };
  char *text = take(N);
  uint64_t sum = 0;
  for (uint32_t i = 0; i < times; i++) {
    fill_text(text, N, 3);
    for (size_t p = 0; p < sizeof of / sizeof *of; p++) sum = sum * 3 + (uint64_t)match(of[p], text);
  }
  return sum;
}

static const char prose[] =
    "{\"name\": \"kernels\", \"sizes\": [12, -7, 1024, 65536], \"nested\": {\"on\": true, \"off\": false, \"none\": "
    "null},\n"
    " \"text\": \"a line with \\\"quotes\\\" and a \\\\ in it\", \"more\": [[1, 2], [3, 4], {\"x\": 5}], \"end\": "
    "31415926}\n"
    "The quick brown fox jumps over the lazy dog; pack my box with five dozen liquor jugs, 42 times.\n";

enum token { END, NUMBER, WORD, STRING, OPEN, CLOSE, OTHER };

PART enum token token(const char **at, int64_t *value) {
  const char *p = *at;
  enum token kind;
  while (*p == ' ' || *p == '\n' || *p == '\t') p++;
  *value = 0;
  switch (*p) {
  case 0:
    kind = END;
    break;
  case '{':
  case '[':
    kind = OPEN;
    p++;
    break;
  case '}':
  case ']':
    kind = CLOSE;
    p++;
    break;
  case '"':
    kind = STRING;
    for (p++; *p != 0 && *p != '"'; p++) {
      if (*p == '\\') p++;
      ++*value;
    }
    if (*p != 0) p++;
    break;
  case '-':
  case '0':
  case '1':
  case '2':
  case '3':
  case '4':
  case '5':
  case '6':
  case '7':
  case '8':
  case '9': {
    int negative = *p == '-';
    kind = NUMBER;
    for (p += negative; *p >= '0' && *p <= '9'; p++) *value = *value * 10 + (*p - '0');
    if (negative) *value = -*value;
    break;
  }
  default:
    if ((*p | 32) >= 'a' && (*p | 32) <= 'z') {
      kind = WORD;
      for (; (*p | 32) >= 'a' && (*p | 32) <= 'z'; p++) *value = *value * 31 + *p;
    } else {
      kind = OTHER;
      p++;
    }
  }
  *at = p;
  return kind;
}

PART uint64_t count_words(const char *text, uint32_t *lines) {
  uint64_t words = 0;
  int inside = 0;
  for (; *text != 0; text++) {
    if (*text == '\n') ++*lines;
    if (*text == ' ' || *text == '\n') {
      inside = 0;
    } else if (!inside) {
      inside = 1;
      words++;
    }
  }
  return words;
}

PART uint64_t tokens(uint32_t times) {
  uint64_t sum = 0;
  uint32_t lines = 0;
  while (times-- > 0) {
    const char *at = prose;
    int64_t value, level = 0;
    for (enum token kind; (kind = token(&at, &value)) != END;) {
      if (kind == OPEN) level++;
      if (kind == CLOSE) level--;
      sum = sum * 3 + (uint64_t)(value + kind * level);
    }
    sum += count_words(prose, &lines) + lines;
  }
  return sum;
}

// Packing: runs of bytes, copies of what went before, codes of bits, differences; and letters of several bytes.
PART int pack_runs(const uint8_t *from, int n, uint8_t *to) {
  int at = 0;
  for (int i = 0; i < n;) {
    int run = 1;
    while (i + run < n && run < 255 && from[i + run] == from[i]) run++;
    to[at++] = (uint8_t)run;
    to[at++] = from[i];
    i += run;
  }
  return at;
}

PART int unpack_runs(const uint8_t *from, int n, uint8_t *to) {
  int at = 0;
  for (int i = 0; i + 1 < n; i += 2)
    for (int left = from[i]; left > 0; left--) to[at++] = from[i + 1];
  return at;
}

PART void deltas(int16_t *samples, int n) {
  int16_t last = 0;
  for (int i = 0; i < n; i++) {
    int16_t here = samples[i];
    samples[i] = (int16_t)(here - last);
    last = here;
  }
}

PART void undo_deltas(int16_t *samples, int n) {
  for (int i = 1; i < n; i++) samples[i] = (int16_t)(samples[i] + samples[i - 1]);
}

PART void to_front(uint8_t *order, const uint8_t *from, uint8_t *to, int n) {
  for (int i = 0; i < n; i++) {
    uint8_t what = from[i];
    int at = 0;
    while (order[at] != what) at++;
    to[i] = (uint8_t)at;
    for (; at > 0; at--) order[at] = order[at - 1];
    order[0] = what;
  }
}

PART uint64_t packing(uint32_t times) {
  enum { N = 240 };
  uint8_t *bytes = take(N), *packed = take(2 * N), *back = take(N), *order = take(256);
  int16_t *samples = take(N * 2);
  uint64_t sum = 0;
  for (int i = 0; i < N; i++) bytes[i] = (uint8_t)(i * i / 500);
  for (int i = 0; i < N; i++) samples[i] = (int16_t)random32();
  for (int i = 0; i < 256; i++) order[i] = (uint8_t)i;
  while (times-- > 0) {
    int n = pack_runs(bytes, N, packed);
    sum += (uint64_t)n + (uint64_t)unpack_runs(packed, n, back) + back[times % N];
    to_front(order, bytes, back, N);
    deltas(samples, N);
    sum += (uint64_t)samples[times % N] + back[times % N];
    undo_deltas(samples, N);
    bytes[times % N] = (uint8_t)(times % 9);
  }
  return sum;
}

PART int pack_copies(const uint8_t *from, int n, uint8_t *to, int16_t *heads) {
  int at = 0;
  for (int i = 0; i < 256; i++) heads[i] = -1;
  for (int i = 0; i < n;) {
    int length = 0, back = 0;
    if (i + 3 <= n) {
      uint32_t hash = ((from[i] | (uint32_t)from[i + 1] << 8 | (uint32_t)from[i + 2] << 16) * 2654435761u) >> 24;
      int before = heads[hash];
      heads[hash] = (int16_t)i;
      if (before >= 0 && i - before < 256) {
        while (i + length < n && length < 127 && from[before + length] == from[i + length]) length++;
        back = i - before;
      }
    }
    if (length >= 3) {
      to[at++] = (uint8_t)(128 | length);
      to[at++] = (uint8_t)back;
      i += length;
    } else {
      to[at++] = from[i++] & 127;
    }
  }
  return at;
}

PART int unpack_copies(const uint8_t *from, int n, uint8_t *to) {
  int at = 0;
  for (int i = 0; i < n;) {
    uint8_t code = from[i++];
    if (code < 128) {
      to[at++] = code;
      continue;
    }
    const uint8_t *source = to + at - from[i++];
    for (int left = code & 127; left > 0; left--) to[at++] = *source++;
  }
  return at;
}

PART uint64_t copies(uint32_t times) {
  int n = (int)sizeof prose - 1;
  uint8_t *packed = take(2 * sizeof prose), *back = take(sizeof prose), *text = take(sizeof prose);
  int16_t *heads = take(512);
  for (int i = 0; i < n; i++) text[i] = (uint8_t)prose[i];
  uint64_t sum = 0;
  while (times-- > 0) {
    int packed_size = pack_copies(text, n, packed, heads);
    sum += (uint64_t)packed_size * 3 + (uint64_t)unpack_copies(packed, packed_size, back);
    for (int i = 0; i < n; i++)
      if (back[i] != text[i]) return 0;
    text[times % (uint32_t)n] = text[times * 7 % (uint32_t)n];
  }
  return sum;
}

struct reader {
  const uint8_t *at;
  uint32_t bits;
  int held;
};

PART uint32_t read_bits(struct reader *reader, int n) {
  while (reader->held < n) {
    reader->bits |= (uint32_t)*reader->at++ << reader->held;
    reader->held += 8;
  }
  uint32_t value = reader->bits & ((1u << n) - 1);
  reader->bits >>= n;
  reader->held -= n;
  return value;
}

PART uint64_t symbols(struct reader *reader, const int8_t (*tree)[2], int n) {
  uint64_t sum = 0;
  while (n-- > 0) {
    int at = 0;
    do at = tree[at][read_bits(reader, 1)];
    while (at > 0);
    sum = sum * 3 + (uint64_t)-at;
    if (at == -3) sum += read_bits(reader, 5);
  }
  return sum;
}

PART int letters(const uint8_t *at, uint32_t *to) {
  int n = 0;
  while (*at != 0) {
    uint32_t letter = *at++;
    int more = letter < 0x80 ? 0 : letter < 0xe0 ? 1 : letter < 0xf0 ? 2 : 3;
    if (more > 0) letter &= 0x3fu >> more;
    for (; more > 0 && (*at & 0xc0) == 0x80; more--) letter = letter << 6 | (*at++ & 0x3f);
    to[n++] = letter;
  }
  return n;
}

PART uint64_t codes(uint32_t times) {
  static const int8_t tree[][2] = {{1, 2}, {-1, 3}, {4, -2}, {-3, 5}, {-4, -5}, {-6, -7}};
  uint8_t *bytes = take(512), *text = take(128);
  uint32_t *to = take(128 * 4);
  for (int i = 0; i < 512; i++) bytes[i] = (uint8_t)(random32() >> 9);
  uint64_t sum = 0;
  while (times-- > 0) {
    struct reader reader = {bytes, 0, 0};
    sum += symbols(&reader, tree, 200);
    bytes[times % 200]++;
    int n = 0;
    for (uint32_t i = 0; n < 120; i++) {
      uint32_t letter = (i * 97 + times) % (i % 3 == 0 ? 0x7f : i % 3 == 1 ? 0x7ff : 0xffff) + 1;
      if (letter >= 0x800) {
        text[n++] = (uint8_t)(0xe0 | letter >> 12);
        text[n++] = (uint8_t)(0x80 | (letter >> 6 & 0x3f));
        text[n++] = (uint8_t)(0x80 | (letter & 0x3f));
      } else if (letter >= 0x80) {
        text[n++] = (uint8_t)(0xc0 | letter >> 6);
        text[n++] = (uint8_t)(0x80 | (letter & 0x3f));
      } else {
        text[n++] = (uint8_t)letter;
      }
    }
    text[n] = 0;
    n = letters(text, to);
    sum += (uint64_t)n + to[n / 2];
  }
  return sum;
}

// Images of bytes and of words: mixed, grey, lighter, blurred, with lines drawn; a transform of blocks of 16 bits.
PART void mix(uint32_t *to, const uint32_t *over, int n) {
  for (int i = 0; i < n; i++) {
    uint32_t a = over[i] >> 24, b = 255 - a;
    uint32_t even = ((over[i] & 0xff00ff) * a + (to[i] & 0xff00ff) * b) >> 8 & 0xff00ff;
    uint32_t odd = ((over[i] >> 8 & 0xff) * a + (to[i] >> 8 & 0xff) * b) & 0xff00;
    to[i] = 0xff000000 | even | odd;
  }
}

PART void grey(const uint8_t *from, uint8_t *to, int n) {
  for (int i = 0; i < n; i++, from += 4) to[i] = (uint8_t)((from[0] * 77 + from[1] * 151 + from[2] * 28) >> 8);
}

PART void lighten(uint8_t *bytes, int n, int by) {
  for (int i = 0; i < n; i++) {
    int value = bytes[i] + by;
    bytes[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
  }
}

PART void blur(const uint8_t *from, uint8_t *to, int width, int height) {
  for (int y = 1; y < height - 1; y++)
    for (int x = 1; x < width - 1; x++) {
      uint32_t sum = 0;
      for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++) sum += from[(y + j) * width + x + i];
      to[y * width + x] = (uint8_t)(sum / 9);
    }
}

PART void line(uint8_t *image, int width, int x0, int y0, int x1, int y1, uint8_t value) {
  int dx = x1 > x0 ? x1 - x0 : x0 - x1, dy = y1 > y0 ? y0 - y1 : y1 - y0, sx = x0 < x1 ? 1 : -1, sy = y0 < y1 ? 1 : -1;
  for (int error = dx + dy;;) {
    image[y0 * width + x0] = value;
    if (x0 == x1 && y0 == y1) return;
    int twice = 2 * error;
    if (twice >= dy) {
      error += dy;
      x0 += sx;
    }
    if (twice <= dx) {
      error += dx;
      y0 += sy;
    }
  }
}

PART uint64_t images(uint32_t times) {
  enum { SIZE = 16 };
  uint32_t *a = take(SIZE * SIZE * 4), *b = take(SIZE * SIZE * 4);
  uint8_t *c = take(SIZE * SIZE), *d = take(SIZE * SIZE);
  uint64_t sum = 0;
  for (int i = 0; i < SIZE * SIZE; i++) {
    a[i] = random32();
    b[i] = random32();
    d[i] = 0;
  }
  while (times-- > 0) {
    mix(a, b, SIZE * SIZE);
    grey((uint8_t *)a, c, SIZE * SIZE);
    blur(c, d, SIZE, SIZE);
    lighten(d, SIZE * SIZE, (int)(times % 31) - 15);
    for (int i = 0; i < 8; i++) {
      uint32_t ends = random32();
      line(d, SIZE, ends & 15, ends >> 4 & 15, ends >> 8 & 15, ends >> 12 & 15, (uint8_t)i);
    }
    sum = sum * 3 + d[times % (SIZE * SIZE)];
    b[times % (SIZE * SIZE)] = random32();
  }
  return sum;
}

PART void butterflies(int16_t *block, int stride) {
  for (int i = 0; i < 8; i++, block += stride == 1 ? 8 : 1) {
    int32_t a0 = block[0] + block[7 * stride], a7 = block[0] - block[7 * stride];
    int32_t a1 = block[stride] + block[6 * stride], a6 = block[stride] - block[6 * stride];
    int32_t a2 = block[2 * stride] + block[5 * stride], a5 = block[2 * stride] - block[5 * stride];
    int32_t a3 = block[3 * stride] + block[4 * stride], a4 = block[3 * stride] - block[4 * stride];
    int32_t b0 = a0 + a3, b1 = a1 + a2, b2 = a1 - a2, b3 = a0 - a3;
    block[0] = (int16_t)((b0 + b1) >> 1);
    block[4 * stride] = (int16_t)((b0 - b1) >> 1);
    block[2 * stride] = (int16_t)((b3 * 1108 + b2 * 459) >> 11);
    block[6 * stride] = (int16_t)((b3 * 459 - b2 * 1108) >> 11);
    block[stride] = (int16_t)((a7 * 1004 + a6 * 851 + a5 * 569 + a4 * 200) >> 11);
    block[3 * stride] = (int16_t)((a7 * 851 - a6 * 200 - a5 * 1004 - a4 * 569) >> 11);
    block[5 * stride] = (int16_t)((a7 * 569 - a6 * 1004 + a5 * 200 + a4 * 851) >> 11);
    block[7 * stride] = (int16_t)((a7 * 200 - a6 * 569 + a5 * 851 - a4 * 1004) >> 11);
  }
}

PART uint64_t absolute(const int16_t *a, const int16_t *b, int n) {
  uint64_t sum = 0;
  for (int i = 0; i < n; i++) sum += (uint32_t)(a[i] > b[i] ? a[i] - b[i] : b[i] - a[i]);
  return sum;
}

PART uint64_t blocks(uint32_t times) {
  int16_t *block = take(128), *other = take(128);
  uint64_t sum = 0;
  for (int i = 0; i < 64; i++) block[i] = (int16_t)(random32() % 512 - 256);
  while (times-- > 0) {
    for (int i = 0; i < 64; i++) other[i] = block[i];
    butterflies(block, 1);
    butterflies(block, 8);
    sum = sum * 3 + absolute(block, other, 64);
    for (int i = 0; i < 64; i++)
      block[i] = (int16_t)(block[i] / (1 + (i & 7)) + (int)(times * (uint32_t)i % 255) - 127);
  }
  return sum;
}

// Sudoku, by trying so many times at most; the digits left to a square are bits.
PART int solve(uint8_t *squares, uint16_t *rows, uint16_t *columns, uint16_t *boxes, int *left) {
  int best = -1, fewest = 10;
  for (int i = 0; i < 81; i++) {
    if (squares[i] != 0) continue;
    int count = 0;
    for (uint32_t free = 0x3fe & ~(rows[i / 9] | columns[i % 9] | boxes[i / 27 * 3 + i % 9 / 3]); free != 0;
         free &= free - 1)
      count++;
    if (count < fewest) {
      fewest = count;
      best = i;
    }
  }
  if (best < 0) return 1;
  uint16_t *row = &rows[best / 9], *column = &columns[best % 9], *box = &boxes[best / 27 * 3 + best % 9 / 3];
  for (int digit = 1; digit <= 9; digit++) {
    uint16_t bit = (uint16_t)(1 << digit);
    if ((*row | *column | *box) & bit) continue;
    squares[best] = (uint8_t)digit;
    *row |= bit;
    *column |= bit;
    *box |= bit;
    if (--*left < 0 || solve(squares, rows, columns, boxes, left)) return 1;
    squares[best] = 0;
    *row &= (uint16_t)~bit;
    *column &= (uint16_t)~bit;
    *box &= (uint16_t)~bit;
  }
  return 0;
}

PART uint64_t sudoku(uint32_t times) {
  uint8_t *squares = take(81);
  uint64_t sum = 0;
  while (times-- > 0) {
    uint16_t rows[9] = {0}, columns[9] = {0}, boxes[9] = {0};
    int left = 150;
    for (int i = 0; i < 81; i++) squares[i] = 0;
    for (int i = 0; i < 24; i++) {
      int at = (int)below(81), digit = (int)below(9) + 1;
      uint16_t bit = (uint16_t)(1 << digit);
      if (squares[at] != 0 || (rows[at / 9] | columns[at % 9] | boxes[at / 27 * 3 + at % 9 / 3]) & bit) continue;
      squares[at] = (uint8_t)digit;
      rows[at / 9] |= bit;
      columns[at % 9] |= bit;
      boxes[at / 27 * 3 + at % 9 / 3] |= bit;
    }
    sum = sum * 3 + (uint64_t)solve(squares, rows, columns, boxes, &left);
    sum += (uint64_t)left * 5 + squares[80];
  }
  return sum;
}

static const struct kernel kernels[] = {
    {"fast-sorts", fast_sorts, 10}, {"slow-sorts", slow_sorts, 38},
    {"searches", searches, 3700},   {"passes", passes, 150},
    {"moves", moves, 130},          {"words", words, 37},
    {"tables", tables, 20},         {"life", life, 82},
    {"mazes", mazes, 28},           {"matrices", matrices, 20},
    {"lists", lists, 210},          {"trees", trees, 110},
    {"unions", unions, 33},         {"hashed", hashed, 79},
    {"sums", sums, 9100},           {"graphs", graphs, 58},
    {"memory", memory, 330},        {"texts", texts, 96},
    {"finding", finding, 80},       {"patterns", patterns, 650},
    {"tokens", tokens, 220},        {"packing", packing, 16},
    {"copies", copies, 120},        {"codes", codes, 110},
    {"images", images, 95},         {"blocks", blocks, 560},
    {"sudoku", sudoku, 10},
};

int main(void) { return run(kernels, sizeof kernels / sizeof *kernels); }
