#include "dsp/comfort_noise.h"

#include <math.h>

#include "base/random.h"

/* 0 dBov is the power of a square wave at full scale; a sine at full scale is +3.17 dBm0. */
#define OVERLOAD 32635.0f
#define PEAK_OF_RMS 1.7320508f /* evenly spread noise: sqrt(3) */
enum { LEVEL_BITS = 0x7F };

/* -30 dBov is -23.8 dBm0, the loudest background that is plausible: a claim of more is a shout. */
enum { LOUDEST = 30 };

void tr_comfort_noise_init(tr_comfort_noise *n) { *n = (tr_comfort_noise){.random = 1}; }

void tr_comfort_noise_level(tr_comfort_noise *n, const uint8_t *payload, size_t size)
{
    n->peak = 0;
    if (size == 0)
        return;
    const int down = payload[0] & LEVEL_BITS;
    n->peak = OVERLOAD * PEAK_OF_RMS * powf(10, (float)(down < LOUDEST ? LOUDEST : down) / -20);
}

void tr_comfort_noise_work(tr_comfort_noise *n, int16_t *out, int samples)
{
    for (int i = 0; i < samples; i++) {
        const float part = (float)(int32_t)tr_random_next(&n->random) * 0x1p-31f;
        out[i] = (int16_t)lrintf(n->peak * part);
    }
}
