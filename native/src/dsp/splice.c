#include "dsp/splice.h"

#include <math.h>

/* Normalised correlation of the stretches from `a` and from `b`; of two silent ones, 0. */
static float likeness(const int16_t *ring, uint32_t mask, uint32_t a, uint32_t b)
{
    float both = 0, of_a = 1, of_b = 1;
    for (uint32_t i = 0; i < TR_SPLICE; i++) {
        const float x = ring[(a + i) & mask], y = ring[(b + i) & mask];
        both += x * y;
        of_a += x * x;
        of_b += y * y;
    }
    return both / sqrtf(of_a * of_b);
}

/* Of equals the longest: more is gained by one splice. */
static int best_lag(const int16_t *ring, uint32_t mask, uint32_t at, int least, int most, int sign)
{
    int best = most;
    float best_likeness = -2;
    for (int lag = most; lag >= least; lag--) {
        const float found = likeness(ring, mask, at, at + (uint32_t)(sign * lag));
        if (found > best_likeness) {
            best_likeness = found;
            best = lag;
        }
    }
    return best;
}

int tr_splice_lag(const int16_t *ring, uint32_t mask, uint32_t at, int least, int most)
{
    return best_lag(ring, mask, at, least, most, 1);
}

int tr_splice_lag_back(const int16_t *ring, uint32_t mask, uint32_t at, int least, int most)
{
    return best_lag(ring, mask, at, least, most, -1);
}

/* What begins at `to` is faded into from what begins at `from`. */
static void fade(int16_t *ring, uint32_t mask, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < TR_SPLICE; i++) {
        const float part = ((float)i + 0.5f) / TR_SPLICE;
        int16_t *sample = &ring[(to + i) & mask];
        *sample = (int16_t)lrintf((1 - part) * ring[(from + i) & mask] + part * *sample);
    }
}

void tr_splice_drop(int16_t *ring, uint32_t mask, uint32_t at, int lag)
{
    fade(ring, mask, at, at + (uint32_t)lag);
}

void tr_splice_repeat(int16_t *ring, uint32_t mask, uint32_t at, int lag)
{
    fade(ring, mask, at, at - (uint32_t)lag);
}
