#include "dsp/resampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CROSSINGS = 24, PER_CROSSING = 256, KERNEL = CROSSINGS * PER_CROSSING };
#define KAISER_BETA 9.0
#define ROLL_OFF 0.94 /* cut-off as a part of the lower Nyquist rate */

struct tr_resampler {
    uint32_t from, to;
    double scale;      /* kernel crossings an input sample */
    int half;          /* input samples on each side of an output sample */
    uint64_t produced; /* output samples so far */
    int64_t first;     /* input index of window[0] */
    int filled, size;
    uint64_t fed;
    float *window;
    float kernel[KERNEL + 2];
};

static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; k < 40; k++) {
        term *= (x / (2 * k)) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

static void fill_kernel(tr_resampler *r)
{
    for (int i = 0; i < KERNEL + 2; i++) {
        const double x = (double)i / PER_CROSSING, edge = x / CROSSINGS;
        const double window = edge < 1 ? bessel_i0(KAISER_BETA * sqrt(1 - edge * edge)) : 0;
        const double sinc = i ? sin(M_PI * x) / (M_PI * x) : 1;
        r->kernel[i] = (float)(sinc * window / bessel_i0(KAISER_BETA));
    }
}

tr_resampler *tr_resampler_new(uint32_t from_rate, uint32_t to_rate)
{
    if (from_rate < 1000 || from_rate > 384000 || to_rate < 1000 || to_rate > 384000)
        return NULL;
    tr_resampler *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->from = from_rate;
    r->to = to_rate;
    /* At one rate nothing can alias: the kernel falls on its own zeros and samples pass untouched. */
    double ratio = to_rate < from_rate ? (double)to_rate / from_rate : 1.0;
    r->scale = to_rate == from_rate ? 1.0 : ROLL_OFF * ratio;
    r->half = (int)ceil(CROSSINGS / r->scale) + 1;
    r->size = 2 * r->half + 4096;
    r->window = calloc((size_t)r->size, sizeof *r->window);
    if (!r->window) {
        free(r);
        return NULL;
    }
    fill_kernel(r);
    r->first = -r->half; /* the silence before the first sample */
    r->filled = r->half;
    return r;
}

void tr_resampler_free(tr_resampler *r)
{
    if (r)
        free(r->window);
    free(r);
}

int tr_resampler_room(const tr_resampler *r, int samples)
{
    return (int)(((uint64_t)samples + 2 * (uint64_t)r->half) * r->to / r->from + 2);
}

static float interpolate(const tr_resampler *r, int64_t whole, double part)
{
    const float *at = r->window + (whole - r->first);
    double sum = 0;
    for (int i = -r->half + 1; i <= r->half; i++) {
        const double place = fabs(i - part) * r->scale * PER_CROSSING;
        const int index = (int)place;
        if (index >= KERNEL)
            continue;
        const double mix = place - index;
        sum += at[i] * (r->kernel[index] + mix * (r->kernel[index + 1] - r->kernel[index]));
    }
    return (float)(sum * r->scale);
}

static int produce(tr_resampler *r, int16_t *out, uint64_t limit)
{
    int made = 0;
    for (; r->produced < limit; r->produced++) {
        const uint64_t numerator = r->produced * r->from;
        const int64_t whole = (int64_t)(numerator / r->to);
        if (whole + r->half >= r->first + r->filled)
            break;
        const float value = interpolate(r, whole, (double)(numerator % r->to) / r->to);
        out[made++] = (int16_t)lrintf(fminf(fmaxf(value, -32768.0f), 32767.0f));
    }
    const int64_t keep_from = (int64_t)(r->produced * r->from / r->to) - r->half;
    const int drop = keep_from > r->first ? (int)(keep_from - r->first) : 0;
    const int dropped = drop < r->filled ? drop : r->filled;
    memmove(r->window, r->window + dropped, (size_t)(r->filled - dropped) * sizeof *r->window);
    r->filled -= dropped;
    r->first += dropped;
    return made;
}

int tr_resampler_feed(tr_resampler *r, const int16_t *in, int samples, int16_t *out)
{
    int made = 0;
    for (int done = 0; done < samples;) {
        const int room = r->size - r->filled;
        const int count = samples - done < room ? samples - done : room;
        for (int i = 0; i < count; i++)
            r->window[r->filled++] = in[done++];
        r->fed += (uint64_t)count;
        made += produce(r, out + made, UINT64_MAX);
    }
    return made;
}

int tr_resampler_flush(tr_resampler *r, int16_t *out)
{
    /* Silence after the last sample; exactly as many samples out as the input was long. */
    const uint64_t limit = (r->fed * r->to + r->from - 1) / r->from;
    int made = 0;
    for (int left = r->half + 1; left > 0;) {
        const int room = r->size - r->filled;
        const int count = left < room ? left : room;
        memset(r->window + r->filled, 0, (size_t)count * sizeof *r->window);
        r->filled += count;
        left -= count;
        made += produce(r, out + made, limit);
    }
    return made;
}
