/* Levels of test signals. */
#ifndef TR_TEST_LEVELS_H
#define TR_TEST_LEVELS_H

#include <math.h>
#include <stdint.h>

/* Power of `hz` in dBm0 over `samples` (a Goertzel sum by definition). */
static inline double level_of(const int16_t *pcm, int samples, double hz)
{
    double re = 0, im = 0;
    for (int i = 0; i < samples; i++) {
        re += pcm[i] * cos(2 * M_PI * hz * i / 8000);
        im += pcm[i] * sin(2 * M_PI * hz * i / 8000);
    }
    return 20 * log10(2 * hypot(re, im) / samples / 22656 + 1e-9);
}

static inline double power(const int16_t *pcm, int samples)
{
    double sum = 0;
    for (int i = 0; i < samples; i++)
        sum += (double)pcm[i] * pcm[i];
    return sum / samples;
}


#endif
