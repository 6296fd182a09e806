#include <math.h>
#include <stdlib.h>

#include "dsp/resampler.h"
#include "harness.h"
#include "levels.h"

static void sines_survive_any_rate(void)
{
    static const uint32_t rates[] = {8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000};
    for (size_t n = 0; n < COUNT(rates); n++) {
        const uint32_t rate = rates[n];
        const int samples = (int)rate; /* a second */
        int16_t *in = malloc(sizeof(int16_t) * (size_t)samples);
        tr_resampler *r = tr_resampler_new(rate, 8000);
        int16_t *out = malloc(sizeof(int16_t) * (size_t)(tr_resampler_room(r, samples) * 2));
        for (int i = 0; i < samples; i++)
            in[i] = (int16_t)lrint(10000 * sin(2 * M_PI * 1000 * i / rate));
        int made = 0;
        for (int at = 0; at < samples; at += 441) /* odd pieces, as a file is read */
            made += tr_resampler_feed(r, in + at, samples - at < 441 ? samples - at : 441,
                                      out + made);
        made += tr_resampler_flush(r, out + made);
        CHECK_EQ(made, 8000);
        double error = 0; /* in phase with the input: no latency */
        for (int i = 200; i < 7800; i++)
            error += pow(out[i] - 10000 * sin(2 * M_PI * 1000 * i / 8000.0), 2);
        CHECK(error / 7600 < 0.5e8 * 1e-7);
        tr_resampler_free(r);
        free(in);
        free(out);
    }
}

static void what_would_alias_is_gone(void)
{
    static int16_t in[48000], out[8100];
    tr_resampler *r = tr_resampler_new(48000, 8000);
    for (int i = 0; i < 48000; i++)
        in[i] = (int16_t)lrint(10000 * sin(2 * M_PI * 5000 * i / 48000.0));
    const int made = tr_resampler_feed(r, in, 48000, out);
    CHECK(power(out + 400, made - 800) < 1.0);
    tr_resampler_free(r);
    CHECK(tr_resampler_new(500, 8000) == NULL);
}

static void one_rate_changes_no_sample(void)
{
    static int16_t in[8000], out[8200];
    uint32_t state = 1;
    for (int i = 0; i < 8000; i++)
        in[i] = (int16_t)((state = state * 1664525u + 1013904223u) >> 16);
    tr_resampler *r = tr_resampler_new(8000, 8000);
    int made = tr_resampler_feed(r, in, 8000, out);
    made += tr_resampler_flush(r, out + made);
    CHECK_EQ(made, 8000);
    for (int i = 0; i < 8000; i++)
        CHECK_EQ(out[i], in[i]);
    tr_resampler_free(r);
}

const SUITE(suite_resampler) = {
    {"one_rate_changes_no_sample", one_rate_changes_no_sample},
    {"sines_survive_any_rate", sines_survive_any_rate},
    {"what_would_alias_is_gone", what_would_alias_is_gone},
    END_OF_SUITE,
};
