#include "dsp/key_tone.h"

#include <math.h>

#define SHARE 0.6f     /* of the energy, both together */
#define TWIST 25.0f    /* between the two, as power: 14 dB */
#define QUIET 900.0f   /* mean square: some -43 dBm0 */

enum { ROWS = 4, COLUMNS = 4, TONES = ROWS + COLUMNS };

static float coefficient[TONES];

/* Filled when the library is loaded, before any thread exists. */
__attribute__((constructor)) static void fill_coefficients(void)
{
    static const double hz[TONES] = {697, 770, 852, 941, 1209, 1336, 1477, 1633};
    for (int i = 0; i < TONES; i++)
        coefficient[i] = (float)(2 * cos(2 * M_PI * hz[i] / 8000));
}

static float without_mean(const int16_t *pcm, float *x)
{
    float sum = 0, energy = 0;
    for (int i = 0; i < TR_KEY_TONE_BLOCK; i++)
        sum += pcm[i];
    for (int i = 0; i < TR_KEY_TONE_BLOCK; i++) {
        x[i] = pcm[i] - sum / TR_KEY_TONE_BLOCK;
        energy += x[i] * x[i];
    }
    return energy;
}

/* All eight in step: their chains of dependent sums overlap. `power[i]` is the energy of a sine. */
static void goertzel(const float *x, float *power)
{
    float one[TONES] = {0}, two[TONES] = {0};
    for (int n = 0; n < TR_KEY_TONE_BLOCK; n++)
        for (int i = 0; i < TONES; i++) {
            const float next = x[n] + coefficient[i] * one[i] - two[i];
            two[i] = one[i];
            one[i] = next;
        }
    for (int i = 0; i < TONES; i++)
        power[i] = (one[i] * one[i] + two[i] * two[i] - coefficient[i] * one[i] * two[i]) * 2 /
                   TR_KEY_TONE_BLOCK;
}

static int strongest(const float *power, int count)
{
    int best = 0;
    for (int i = 1; i < count; i++)
        best = power[i] > power[best] ? i : best;
    return best;
}

int tr_key_tone_find(const int16_t *pcm)
{
    static const int8_t codes[ROWS][COLUMNS] = {
        {1, 2, 3, 12}, {4, 5, 6, 13}, {7, 8, 9, 14}, {10, 0, 11, 15}};
    float x[TR_KEY_TONE_BLOCK], power[TONES];
    const float energy = without_mean(pcm, x);
    if (energy < QUIET * TR_KEY_TONE_BLOCK)
        return TR_NO_KEY;
    goertzel(x, power);
    const int row = strongest(power, ROWS), column = strongest(power + ROWS, COLUMNS);
    const float low = power[row], high = power[ROWS + column];
    if (low + high < SHARE * energy || low > TWIST * high || high > TWIST * low)
        return TR_NO_KEY;
    return codes[row][column];
}
