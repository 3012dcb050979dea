// What MiniSat uses of POSIX and WASI lacks, and which it calls only for limits that are not set here.
#pragma once
#define RLIMIT_CPU 0
#define RLIMIT_AS 1
#define RLIM_INFINITY (~0ull)
typedef unsigned long long rlim_t;
struct rlimit {
  rlim_t rlim_cur, rlim_max;
};
inline int getrlimit(int, rlimit *) { return -1; }
inline int setrlimit(int, const rlimit *) { return -1; }
