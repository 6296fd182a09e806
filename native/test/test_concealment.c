#include <math.h>

#include "dsp/concealment.h"
#include "harness.h"
#include "levels.h"

/* A voice of 125 Hz: its harmonics with a falling spectrum. */
static void voice(int16_t *pcm, int samples)
{
    for (int i = 0; i < samples; i++) {
        double value = 0;
        for (int h = 1; h <= 12; h++)
            value += sin(2 * M_PI * 125 * h * i / 8000.0 + h) / h;
        pcm[i] = (int16_t)(4000 * value);
    }
}

static double error_power(const int16_t *a, const int16_t *b, int samples)
{
    double sum = 0;
    for (int i = 0; i < samples; i++)
        sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    return sum / samples;
}

static void a_steady_voice_is_continued(void)
{
    static int16_t speech[4000], heard[4000];
    tr_concealment plc;
    voice(speech, 4000);
    memcpy(heard, speech, sizeof heard);
    tr_concealment_init(&plc);
    for (int at = 0; at < 4000; at += 80)
        if (at == 2000 || at == 2080)
            tr_concealment_missing(&plc, heard + at, 80);
        else
            tr_concealment_good(&plc, heard + at, 80);
    /* the first 10 ms follow the voice within -20 dB; the second is only fainter */
    CHECK(error_power(speech + 2000, heard + 2000, 80) < 0.01 * power(speech, 4000));
    CHECK(error_power(speech + 2080, heard + 2080, 80) < 0.1 * power(speech, 4000));
    CHECK(!memcmp(heard + 2400, speech + 2400, 1600 * sizeof *speech));
}

static void a_long_gap_fades_to_silence(void)
{
    static int16_t speech[4000];
    tr_concealment plc;
    double last = 1e12;
    int16_t out[80];
    voice(speech, 4000);
    tr_concealment_init(&plc);
    for (int at = 0; at < 4000; at += 80)
        tr_concealment_good(&plc, speech + at, 80);
    for (int block = 0; block < 8; block++) {
        tr_concealment_missing(&plc, out, 80);
        const double now = power(out, 80);
        CHECK(now <= last * 1.3);
        CHECK(block < 6 || now == 0);
        last = now;
    }
}

static void any_block_sizes_are_fine(void)
{
    tr_concealment plc;
    int16_t out[80];
    uint32_t seed = 7;
    tr_concealment_init(&plc);
    for (int n = 0; n < 20000; n++) {
        const int samples = 1 + (int)(test_random(&seed) % 80);
        for (int i = 0; i < samples; i++)
            out[i] = (int16_t)test_random(&seed);
        if (test_random(&seed) % 3)
            tr_concealment_good(&plc, out, samples);
        else
            tr_concealment_missing(&plc, out, samples);
    }
    CHECK(plc.pitch == 0 || (plc.pitch >= TR_PLC_PITCH_MIN && plc.pitch <= TR_PLC_PITCH_MAX));
}

/* Silence that is meant: the voice is gone after 10 ms without a jump, and speech begins unfaded. */
static void a_pause_fades_into_its_noise(void)
{
    static int16_t speech[4000];
    int16_t out[80] = {0};
    tr_concealment plc;
    voice(speech, 4000);
    tr_concealment_init(&plc);
    for (int at = 0; at < 2000; at += 80)
        tr_concealment_good(&plc, speech + at, 80);
    tr_concealment_pause(&plc, out, 80);
    CHECK(error_power(out, speech + 2000, 20) < 0.1 * power(speech, 4000));
    CHECK(power(out + 60, 20) < 0.1 * power(speech, 4000));
    for (int i = 0; i < 80; i++)
        out[i] = (int16_t)(i % 2 ? 7 : -7);
    tr_concealment_pause(&plc, out, 80);
    CHECK(power(out, 80) == 49);
    memcpy(out, speech + 2400, sizeof out);
    tr_concealment_good(&plc, out, 80);
    CHECK(!memcmp(out, speech + 2400, sizeof out));
}

const SUITE(suite_concealment) = {
    {"a_pause_fades_into_its_noise", a_pause_fades_into_its_noise},
    {"a_steady_voice_is_continued", a_steady_voice_is_continued},
    {"a_long_gap_fades_to_silence", a_long_gap_fades_to_silence},
    {"any_block_sizes_are_fine", any_block_sizes_are_fine},
    END_OF_SUITE,
};
