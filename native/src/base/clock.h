/* The engine's clock: CLOCK_MONOTONIC, and the wall clock where NTP time or the kernel wants it. */
#ifndef TR_BASE_CLOCK_H
#define TR_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

enum { TR_SAMPLE_RATE = 8000, TR_TICK_MS = 10, TR_TICK_SAMPLES = 80 };
#define TR_NS_PER_S INT64_C(1000000000)
#define TR_TICK_NS INT64_C(10000000)
#define TR_NS_PER_SAMPLE INT64_C(125000)

static inline int64_t tr_timespec_ns(const struct timespec *t)
{
    return (int64_t)t->tv_sec * TR_NS_PER_S + t->tv_nsec;
}

static inline int64_t tr_clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return tr_timespec_ns(&t);
}

static inline int64_t tr_now_ns(void) { return tr_clock_ns(CLOCK_MONOTONIC); }
static inline int64_t tr_wall_ns(void) { return tr_clock_ns(CLOCK_REALTIME); }

static inline struct timespec tr_ns_timespec(int64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / TR_NS_PER_S), .tv_nsec = (long)(ns % TR_NS_PER_S)};
}

#endif
