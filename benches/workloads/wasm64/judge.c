/* Small programs that need no library, to be built for wasm32 and for wasm64: see build.sh. Nothing is tuned by these.
 *
 * Each gives a number that says whether it has computed what it should. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef __SIZE_TYPE__ usize;

static u8 heap[24 << 20];
static usize top;

static void *alloc(usize bytes) {
    bytes = (bytes + 15) & ~(usize)15;
    void *p = heap + top;
    top += bytes;
    return p;
}

static u32 seed = 99;

static u32 rnd(void) {
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

/* crc32 */
static u32 tab[256];
static u32 crc(u32 n) {
    top = 0;
    u8 *p = alloc(1 << 20);
    for (u32 i = 0; i < 1 << 20; i++)
        p[i] = rnd();
    for (u32 i = 0; i < 256; i++) {
        u32 c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
        tab[i] = c;
    }
    u32 c = ~0u;
    for (u32 r = 0; r < n; r++)
        for (u32 i = 0; i < 1 << 20; i++)
            c = tab[(c ^ p[i]) & 255] ^ (c >> 8);
    return ~c;
}
/* sha256 */
static const u32 K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
#define R(x, n) ((x) >> (n) | (x) << (32 - (n)))
static void block(u32 *h, const u8 *p) {
    u32 w[64];
    for (int i = 0; i < 16; i++)
        w[i] = p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        u32 a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (R(a, 7) ^ R(a, 18) ^ a >> 3) + w[i - 7] + (R(b, 17) ^ R(b, 19) ^ b >> 10);
    }
    u32 s[8];
    for (int i = 0; i < 8; i++)
        s[i] = h[i];
    for (int i = 0; i < 64; i++) {
        u32 e = s[4], a = s[0];
        u32 t1 = s[7] + (R(e, 6) ^ R(e, 11) ^ R(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + K[i] + w[i];
        u32 t2 = (R(a, 2) ^ R(a, 13) ^ R(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        for (int k = 7; k > 0; k--)
            s[k] = s[k - 1];
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        h[i] += s[i];
}
static u32 sha(u32 n) {
    top = 0;
    u8 *p = alloc(64 * 1024);
    for (u32 i = 0; i < 65536; i++)
        p[i] = rnd();
    u32 h[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (u32 i = 0; i < n; i++)
        block(h, p + 64 * (i & 1023));
    return h[0] ^ h[7];
}
/* levenshtein */
static u32 lev(u32 n) {
    top = 0;
    u8 *a = alloc(n), *b = alloc(n);
    u32 *r = alloc(4ul * (n + 1));
    for (u32 i = 0; i < n; i++) {
        a[i] = rnd() & 3;
        b[i] = rnd() & 3;
    }
    for (u32 j = 0; j <= n; j++)
        r[j] = j;
    for (u32 i = 1; i <= n; i++) {
        u32 d = r[0];
        r[0] = i;
        for (u32 j = 1; j <= n; j++) {
            u32 s = d + (a[i - 1] != b[j - 1]);
            d = r[j];
            u32 m = r[j] < r[j - 1] ? r[j] : r[j - 1];
            m++;
            r[j] = m < s ? m : s;
        }
    }
    return r[n];
}
/* life */
static u32 life(u32 n) {
    top = 0;
    int W = 256, H = 256;
    u8 *a = alloc(W * H), *b = alloc(W * H);
    for (int i = 0; i < W * H; i++)
        a[i] = (rnd() & 3) == 0;
    for (u32 g = 0; g < n; g++) {
        for (int y = 1; y < H - 1; y++)
            for (int x = 1; x < W - 1; x++) {
                u8 *c = a + y * W + x;
                int s = c[-W - 1] + c[-W] + c[-W + 1] + c[-1] + c[1] + c[W - 1] + c[W] + c[W + 1];
                b[y * W + x] = s == 3 || (s == 2 && *c);
            }
        u8 *t = a;
        a = b;
        b = t;
    }
    u32 s = 0;
    for (int i = 0; i < W * H; i++)
        s = s * 3 + a[i];
    return s;
}
/* nbody */
struct body {
    double x, y, z, vx, vy, vz, m;
};
static u32 nbody(u32 n) {
    top = 0;
    struct body *b = alloc(5 * sizeof *b);
    for (int i = 0; i < 5; i++) {
        b[i].x = i * 1.5;
        b[i].y = i * i * .3;
        b[i].z = .1 * i;
        b[i].vx = .01 * i;
        b[i].vy = 0;
        b[i].vz = .02;
        b[i].m = 1.0 / (1 + i);
    }
    for (u32 s = 0; s < n; s++) {
        for (int i = 0; i < 5; i++)
            for (int j = i + 1; j < 5; j++) {
                double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y, dz = b[i].z - b[j].z;
                double d = dx * dx + dy * dy + dz * dz + .01;
                double m = .001 / (d * __builtin_sqrt(d));
                b[i].vx -= dx * b[j].m * m;
                b[i].vy -= dy * b[j].m * m;
                b[i].vz -= dz * b[j].m * m;
                b[j].vx += dx * b[i].m * m;
                b[j].vy += dy * b[i].m * m;
                b[j].vz += dz * b[i].m * m;
            }
        for (int i = 0; i < 5; i++) {
            b[i].x += .001 * b[i].vx;
            b[i].y += .001 * b[i].vy;
            b[i].z += .001 * b[i].vz;
        }
    }
    return (u32)(b[0].x * 1e6);
}
/* json-like tokenizer into a tree of values */
struct val {
    int kind;
    double num;
    struct val *next, *kid;
    const u8 *s;
    usize n;
};
static const u8 *pp;
static struct val *parse(void) {
    while (*pp == ' ')
        pp++;
    struct val *v = alloc(sizeof *v);
    v->next = v->kid = 0;
    v->num = 0;
    if (*pp == '[') {
        v->kind = 1;
        pp++;
        struct val **q = &v->kid;
        while (*pp != ']') {
            *q = parse();
            q = &(*q)->next;
            while (*pp == ' ' || *pp == ',')
                pp++;
        }
        pp++;
    } else if (*pp == '"') {
        v->kind = 2;
        v->s = ++pp;
        while (*pp != '"')
            pp++;
        v->n = pp - v->s;
        pp++;
    } else {
        v->kind = 3;
        double x = 0;
        while (*pp >= '0' && *pp <= '9')
            x = x * 10 + (*pp++ - '0');
        if (*pp == '.') {
            pp++;
            double f = .1;
            while (*pp >= '0' && *pp <= '9') {
                x += f * (*pp++ - '0');
                f *= .1;
            }
        }
        v->num = x;
    }
    return v;
}
static u32 walk(struct val *v, u32 d) {
    u32 s = 0;
    for (; v; v = v->next) {
        s += v->kind * d;
        if (v->kind == 1)
            s += walk(v->kid, d + 1);
        else if (v->kind == 2)
            for (usize i = 0; i < v->n; i++)
                s = s * 7 + v->s[i];
        else
            s += (u32)v->num;
    }
    return s;
}
static u32 json(u32 n) {
    top = 0;
    u8 *t = alloc(200000), *e = t;
    *e++ = '[';
    while (e < t + 190000) {
        u32 k = rnd() % 5;
        if (k == 0) {
            *e++ = '[';
            for (int i = 0; i < 3; i++) {
                *e++ = '1' + rnd() % 9;
                *e++ = ',';
            }
            *e++ = ']';
        } else if (k == 1) {
            *e++ = '"';
            for (int i = 0; i < (int)(rnd() % 20); i++)
                *e++ = 'a' + rnd() % 26;
            *e++ = '"';
        } else {
            for (int i = 0; i < (int)(1 + rnd() % 6); i++)
                *e++ = '0' + rnd() % 10;
            *e++ = '.';
            *e++ = '5';
        }
        *e++ = ',';
        *e++ = ' ';
    }
    *e++ = ']';
    *e = 0;
    u32 s = 0;
    usize keep = top;
    for (u32 r = 0; r < n; r++) {
        top = keep;
        pp = t;
        s += walk(parse(), 1);
    }
    return s;
}
/* heap as priority queue, dijkstra on a grid */
static u32 path(u32 n) {
    top = 0;
    u32 N = n * n;
    u32 *cost = alloc(4ul * N), *dist = alloc(4ul * N);
    u64 *h = alloc(8ul * N * 4);
    u32 hs = 0;
    for (u32 i = 0; i < N; i++) {
        cost[i] = 1 + rnd() % 9;
        dist[i] = ~0u;
    }
    dist[0] = 0;
    h[hs++] = 0;
    while (hs) {
        u64 t = h[0];
        u64 l = h[--hs];
        u32 i = 0;
        for (;;) {
            u32 c = 2 * i + 1;
            if (c >= hs)
                break;
            if (c + 1 < hs && h[c + 1] < h[c])
                c++;
            if (h[c] >= l)
                break;
            h[i] = h[c];
            i = c;
        }
        h[i] = l;
        u32 v = (u32)t, d = t >> 32;
        if (d > dist[v])
            continue;
        u32 x = v % n, y = v / n;
        for (int k = 0; k < 4; k++) {
            u32 nx = x + (k == 0) - (k == 1), ny = y + (k == 2) - (k == 3);
            if (nx >= n || ny >= n)
                continue;
            u32 w = ny * n + nx, nd = d + cost[w];
            if (nd < dist[w]) {
                dist[w] = nd;
                u64 e = (u64)nd << 32 | w;
                u32 j = hs++;
                while (j && h[(j - 1) / 2] > e) {
                    h[j] = h[(j - 1) / 2];
                    j = (j - 1) / 2;
                }
                h[j] = e;
            }
        }
    }
    return dist[N - 1];
}

#ifndef PROGRAM
#error "-DPROGRAM=function -DROUNDS=number -DRESULT=number"
#endif

__attribute__((export_name("_start"))) void start(void) {
    if (PROGRAM(ROUNDS) != RESULT)
        __builtin_trap();
}
