#include "dsp/tone.h"

#include <math.h>

#define TABLE_BITS 10
#define TABLE_SIZE (1 << TABLE_BITS)
#define FULL_SCALE_0DBM0 22656.0f
#define MODULATION_DEPTH 0.9f

static float sine_table[TABLE_SIZE + 1];

/* Filled when the library is loaded, before any thread exists. */
__attribute__((constructor)) static void fill_table(void)
{
    for (int i = 0; i <= TABLE_SIZE; i++)
        sine_table[i] = (float)sin(2.0 * M_PI * i / TABLE_SIZE);
}

/* Linear interpolation in 1,024 steps: distortion below -100 dB. */
static float sine(uint32_t phase)
{
    uint32_t index = phase >> (32 - TABLE_BITS);
    float part = (float)(phase << TABLE_BITS) * 0x1p-32f;
    return sine_table[index] + part * (sine_table[index + 1] - sine_table[index]);
}

static uint32_t step_of(float hz) { return (uint32_t)llrint((double)hz / 8000.0 * 4294967296.0); }

void tr_tone_init(tr_tone_generator *tone, const float *hz, int count, float modulated_by,
                  float level_dbm0)
{
    *tone = (tr_tone_generator){0};
    for (int i = 0; i < count && i < TR_SINES; i++)
        if (hz[i] > 0)
            tone->step[tone->sines++] = step_of(hz[i]);
    tone->mod_step = modulated_by > 0 ? step_of(modulated_by) : 0;
    tone->amplitude = FULL_SCALE_0DBM0 * powf(10.0f, level_dbm0 / 20.0f);
    if (tone->mod_step) /* the mean square of 1 + d sin is 1 + d * d / 2 */
        tone->amplitude /= sqrtf(1.0f + MODULATION_DEPTH * MODULATION_DEPTH / 2.0f);
}

static float next_sample(tr_tone_generator *tone)
{
    float sum = 0;
    for (int i = 0; i < tone->sines; i++) {
        sum += sine(tone->phase[i]);
        tone->phase[i] += tone->step[i];
    }
    sum *= tone->amplitude;
    if (tone->mod_step) {
        sum *= 1.0f + MODULATION_DEPTH * sine(tone->mod_phase);
        tone->mod_phase += tone->mod_step;
    }
    return sum;
}

void tr_tone_work(tr_tone_generator *tone, int16_t *out, int samples)
{
    for (int i = 0; i < samples; i++) {
        float value = next_sample(tone);
        out[i] = (int16_t)lrintf(fminf(fmaxf(value, -32768.0f), 32767.0f));
    }
}

void tr_tone_init_dtmf(tr_tone_generator *tone, unsigned event, float level_dbm0)
{
    static const float rows[] = {697, 770, 852, 941};
    static const float columns[] = {1209, 1336, 1477, 1633};
    /* RFC 4733 table 3: 0-9, then * # A B C D; the keypad as row * 4 + column. */
    static const uint8_t key[16] = {13, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 14, 3, 7, 11, 15};
    const uint8_t place = key[event & 15];
    const float hz[2] = {rows[place >> 2], columns[place & 3]};
    tr_tone_init(tone, hz, 2, 0, level_dbm0);
}
