/* Small programs that need no library, to be built for wasm32 and for wasm64: see build.sh. Tuning may look at these.
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

static u32 seed = 12345;

static u32 rnd(void) {
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

/* quicksort */
static void qs(int *a, long lo, long hi) {
    while (lo < hi) {
        int p = a[(lo + hi) / 2];
        long i = lo, j = hi;
        while (i <= j) {
            while (a[i] < p)
                i++;
            while (a[j] > p)
                j--;
            if (i <= j) {
                int t = a[i];
                a[i] = a[j];
                a[j] = t;
                i++;
                j--;
            }
        }
        if (j - lo < hi - i) {
            qs(a, lo, j);
            lo = i;
        } else {
            qs(a, i, hi);
            hi = j;
        }
    }
}
static u32 sort(u32 n) {
    top = 0;
    int *a = alloc(n * 4ul);
    for (u32 i = 0; i < n; i++)
        a[i] = rnd();
    qs(a, 0, (long)n - 1);
    u32 h = 0;
    for (u32 i = 0; i < n; i++)
        h = h * 31 + a[i];
    return h;
}
/* hash table with chains */
struct node {
    struct node *next;
    u32 key;
    u32 val;
};
static u32 table(u32 n) {
    top = 0;
    struct node **b = alloc(4096 * sizeof(*b));
    for (int i = 0; i < 4096; i++)
        b[i] = 0;
    u32 s = 0;
    for (u32 i = 0; i < n; i++) {
        u32 k = rnd() % 20000;
        struct node **p = &b[(k * 2654435761u) >> 20];
        struct node *e = *p;
        while (e && e->key != k)
            e = e->next;
        if (!e) {
            e = alloc(sizeof *e);
            e->key = k;
            e->val = 0;
            e->next = *p;
            *p = e;
        }
        e->val += i;
        s += e->val;
    }
    return s;
}
/* LZ77 like compressor */
static u32 lz(u32 n) {
    top = 0;
    u8 *in = alloc(n);
    u8 *out = alloc(2ul * n + 64);
    u32 *h = alloc(4 * 65536ul);
    for (u32 i = 0; i < 65536; i++)
        h[i] = 0;
    for (u32 i = 0; i < n; i++)
        in[i] = (rnd() & 7) ? in[i > 64 ? i - 1 - (rnd() & 63) : 0] : 'a' + (rnd() % 26);
    u8 *op = out;
    const u8 *ip = in, *end = in + n - 8;
    while (ip < end) {
        u32 v = *(const u32 *)ip;
        u32 k = (v * 2654435761u) >> 16;
        const u8 *m = in + h[k];
        h[k] = (u32)(ip - in);
        if (m < ip && *(const u32 *)m == v) {
            const u8 *s = ip;
            ip += 4;
            m += 4;
            while (ip < end && *ip == *m) {
                ip++;
                m++;
            }
            u32 len = (u32)(ip - s);
            *op++ = 255;
            *op++ = len;
            *op++ = len >> 8;
        } else
            *op++ = *ip++;
    }
    u32 c = 0;
    for (u8 *p = out; p < op; p++)
        c = c * 33 + *p;
    return c + (u32)(op - out);
}
/* matrix of doubles */
static u32 mat(u32 n) {
    top = 0;
    double *a = alloc(8ul * n * n), *b = alloc(8ul * n * n), *c = alloc(8ul * n * n);
    for (u32 i = 0; i < n * n; i++) {
        a[i] = rnd() & 15;
        b[i] = rnd() & 15;
    }
    for (u32 i = 0; i < n; i++)
        for (u32 j = 0; j < n; j++) {
            double s = 0;
            for (u32 k = 0; k < n; k++)
                s += a[i * n + k] * b[k * n + j];
            c[i * n + j] = s;
        }
    double t = 0;
    for (u32 i = 0; i < n * n; i++)
        t += c[i];
    return (u32)(long long)t;
}
/* binary tree */
struct tree {
    struct tree *l, *r;
    int k;
};
static struct tree *ins(struct tree *t, int k) {
    struct tree **p = &t;
    while (*p) {
        if (k == (*p)->k)
            return t;
        p = k < (*p)->k ? &(*p)->l : &(*p)->r;
    }
    struct tree *e = alloc(sizeof *e);
    e->l = e->r = 0;
    e->k = k;
    *p = e;
    return t;
}
static u32 sum(struct tree *t, u32 d) {
    if (!t)
        return d;
    return t->k * d + sum(t->l, d + 1) + sum(t->r, d + 1);
}
static u32 tree(u32 n) {
    top = 0;
    struct tree *t = 0;
    for (u32 i = 0; i < n; i++)
        t = ins(t, rnd());
    return sum(t, 0);
}
/* string words */
static usize len(const char *s) {
    usize n = 0;
    while (s[n])
        n++;
    return n;
}
static int cmp(const char *a, const char *b) {
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (u8)*a - (u8)*b;
}
static u32 words(u32 n) {
    top = 0;
    char **w = alloc(n * sizeof *w);
    for (u32 i = 0; i < n; i++) {
        u32 l = 2 + rnd() % 10;
        w[i] = alloc(l + 1);
        for (u32 j = 0; j < l; j++)
            w[i][j] = 'a' + rnd() % 6;
        w[i][l] = 0;
    }
    for (u32 g = n / 2; g > 0; g /= 2)
        for (u32 i = g; i < n; i++) {
            char *t = w[i];
            u32 j = i;
            while (j >= g && cmp(w[j - g], t) > 0) {
                w[j] = w[j - g];
                j -= g;
            }
            w[j] = t;
        }
    u32 h = 0;
    for (u32 i = 0; i < n; i++)
        h = h * 31 + len(w[i]) + w[i][0];
    return h;
}
/* bytecode interpreter */
static u32 interp(u32 n) {
    static const u8 code[] = {1, 0, 2, 1, 3, 2, 4, 5, 0, 6};
    long st[16];
    u32 acc = 0;
    for (u32 r = 0; r < n; r++) {
        const u8 *pc = code;
        long *sp = st;
        for (;;) {
            switch (*pc++) {
            case 1:
                *sp++ = *pc++ + r;
                break;
            case 2:
                *sp++ = *pc++ + acc;
                break;
            case 3:
                *sp++ = *pc++;
                break;
            case 4:
                sp[-2] = sp[-2] * 31 + sp[-1];
                sp--;
                break;
            case 5:
                sp[-2] ^= sp[-1] + *pc++;
                sp--;
                break;
            case 6:
                acc += (u32)sp[-1];
                goto next;
            }
        }
    next:;
    }
    return acc;
}

#ifndef PROGRAM
#error "-DPROGRAM=function -DROUNDS=number -DRESULT=number"
#endif

__attribute__((export_name("_start"))) void start(void) {
    if (PROGRAM(ROUNDS) != RESULT)
        __builtin_trap();
}
