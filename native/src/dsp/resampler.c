#include "dsp/resampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CROSSINGS = 24, PER_CROSSING = 256, SPARE = 4096, LANES = 4, EXACT_PHASES = 1024 };
#define KAISER_BETA 9.0
#define ROLL_OFF 0.94 /* cut-off as a part of the lower Nyquist rate */

typedef float vector __attribute__((vector_size(LANES * sizeof(float))));

struct tr_resampler {
    uint32_t from, to; /* without common factors */
    double scale;      /* kernel crossings an input sample */
    int half;          /* input samples on each side of an output sample */
    int taps;          /* 2 * half, and zeros up to whole lanes */
    uint32_t phases;   /* filters for as many places between two input samples, and one more */
    uint64_t produced; /* output samples so far */
    int64_t first;     /* input index of window[0] */
    int filled, size;
    uint64_t fed;
    float *window, *filters;
};

static uint32_t common_factor(uint32_t a, uint32_t b)
{
    while (b) {
        const uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; k < 40; k++) {
        term *= (x / (2 * k)) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

/* At `x` zero crossings from the middle. */
static double kernel(double x)
{
    const double edge = x / CROSSINGS;
    if (edge <= -1 || edge >= 1)
        return 0;
    const double window = bessel_i0(KAISER_BETA * sqrt(1 - edge * edge)) / bessel_i0(KAISER_BETA);
    return x != 0 ? sin(M_PI * x) / (M_PI * x) * window : 1;
}

/* The places that this ratio visits have filters of their own, unless they are very many. */
static uint32_t phases_for(const tr_resampler *r)
{
    const uint32_t enough = (uint32_t)ceil(PER_CROSSING * r->scale);
    return r->to > EXACT_PHASES ? enough : (enough + r->to - 1) / r->to * r->to;
}

static void fill_filters(tr_resampler *r)
{
    for (uint32_t phase = 0; phase <= r->phases; phase++) {
        float *filter = r->filters + (size_t)phase * (size_t)r->taps;
        const double part = (double)phase / r->phases;
        for (int i = 0; i < 2 * r->half; i++)
            filter[i] = (float)(r->scale * kernel((i - r->half + 1 - part) * r->scale));
    }
}

tr_resampler *tr_resampler_new(uint32_t from_rate, uint32_t to_rate)
{
    if (from_rate < 1000 || from_rate > 384000 || to_rate < 1000 || to_rate > 384000)
        return NULL;
    tr_resampler *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    const uint32_t factor = common_factor(from_rate, to_rate);
    r->from = from_rate / factor;
    r->to = to_rate / factor;
    /* At one rate nothing can alias: the kernel falls on its own zeros and samples pass untouched. */
    const double ratio = to_rate < from_rate ? (double)to_rate / from_rate : 1.0;
    r->scale = to_rate == from_rate ? 1.0 : ROLL_OFF * ratio;
    r->half = (int)ceil(CROSSINGS / r->scale) + 1;
    r->taps = (2 * r->half + LANES - 1) / LANES * LANES;
    r->phases = phases_for(r);
    r->size = r->taps + SPARE;
    r->window = calloc((size_t)(r->size + LANES), sizeof *r->window);
    r->filters = calloc((size_t)(r->phases + 1) * (size_t)r->taps, sizeof *r->filters);
    if (!r->window || !r->filters) {
        tr_resampler_free(r);
        return NULL;
    }
    fill_filters(r);
    r->first = -r->half; /* the silence before the first sample */
    r->filled = r->half;
    return r;
}

void tr_resampler_free(tr_resampler *r)
{
    if (!r)
        return;
    free(r->window);
    free(r->filters);
    free(r);
}

int tr_resampler_room(const tr_resampler *r, int samples)
{
    return (int)(((uint64_t)samples + 2 * (uint64_t)r->half) * r->to / r->from + 2);
}

static double product(const float *a, const float *b, int taps)
{
    vector sums = {0}, left, right;
    for (int i = 0; i < taps; i += LANES) {
        memcpy(&left, a + i, sizeof left);
        memcpy(&right, b + i, sizeof right);
        sums += left * right;
    }
    double sum = 0;
    for (int lane = 0; lane < LANES; lane++)
        sum += sums[lane];
    return sum;
}

/* The sound `part` of a sample, in units of 1/to, after input sample `whole`. */
static double interpolate(const tr_resampler *r, int64_t whole, uint64_t part)
{
    const float *at = r->window + (whole - r->first) - r->half + 1;
    const uint64_t place = part * r->phases;
    const float *filter = r->filters + (size_t)(place / r->to) * (size_t)r->taps;
    const double value = product(at, filter, r->taps);
    const uint64_t rest = place % r->to;
    if (rest == 0)
        return value;
    const double next = product(at, filter + r->taps, r->taps);
    return value + (next - value) * (double)rest / r->to;
}

static int16_t clipped(double value)
{
    return (int16_t)lrint(fmin(fmax(value, INT16_MIN), INT16_MAX));
}

static int produce(tr_resampler *r, int16_t *out, uint64_t limit)
{
    int made = 0;
    for (; r->produced < limit; r->produced++) {
        const uint64_t numerator = r->produced * r->from;
        const int64_t whole = (int64_t)(numerator / r->to);
        if (whole + r->half >= r->first + r->filled)
            break;
        out[made++] = clipped(interpolate(r, whole, numerator % r->to));
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
