/* The look at one block: every key at every phase, and what is none. */
#include <math.h>

#include "dsp/key_tone.h"
#include "dsp/tone.h"
#include "harness.h"

enum { BLOCK = TR_KEY_TONE_BLOCK };

static double unit(uint32_t *seed) { return (double)(test_random(seed) & 0xFFFF) / 65536; }

static double gaussian(uint32_t *seed)
{
    return sqrt(-2 * log(unit(seed) + 1e-9)) * cos(2 * M_PI * unit(seed));
}

/* What is wrong with a tone: each at its worst, and at random phases. */
static const struct {
    const char *name;
    double off_percent, twist_db, snr_db, level_dbm0;
    int from; /* the first sample that sounds */
    bool found;
} tones[] = {
    {"clean", 0, 0, 99, -10, 0, true},
    {"loud", 0, 0, 99, 0, 0, true},
    {"faint", 0, 0, 99, -34, 0, true},
    {"fast", 1.8, 0, 99, -10, 0, true},
    {"slow", -1.8, 0, 99, -10, 0, true},
    {"high tone louder", 0, 8, 99, -10, 0, true},
    {"low tone louder", 0, -8, 99, -10, 0, true},
    {"noise", 0, 0, 12, -10, 0, true},
    {"everything at once", 1.5, 4, 15, -20, 0, true},
    {"8 ms of it", 0, 0, 99, -10, 16, true},
    {"3 ms of it", 0, 0, 99, -10, 56, false},
    {"too faint", 0, 0, 99, -55, 0, false},
    {"one tone far louder", 0, 20, 99, -10, 0, false},
    {"drowned in noise", 0, 0, -6, -10, 0, false},
};

static const double rows[] = {697, 770, 852, 941}, columns[] = {1209, 1336, 1477, 1633};
static const int codes[4][4] = {{1, 2, 3, 12}, {4, 5, 6, 13}, {7, 8, 9, 14}, {10, 0, 11, 15}};

static void sound(int16_t *pcm, size_t r, int key, uint32_t *seed)
{
    const double pitch = 1 + tones[r].off_percent / 100;
    const double low = 22656 * pow(10, tones[r].level_dbm0 / 20);
    const double high = low * pow(10, tones[r].twist_db / 20);
    const double noise =
        sqrt((low * low + high * high) / 2) * pow(10, -tones[r].snr_db / 20);
    const double a = 2 * M_PI * unit(seed), b = 2 * M_PI * unit(seed);
    for (int i = 0; i < BLOCK; i++) {
        const double t = 2 * M_PI * i / 8000 * pitch;
        double value = low * sin(rows[key / 4] * t + a) + high * sin(columns[key % 4] * t + b);
        value = i < tones[r].from ? 0 : value + noise * gaussian(seed);
        pcm[i] = (int16_t)fmax(fmin(value / 2, 32767), -32768);
    }
}

static void every_key_at_every_phase(void)
{
    int16_t pcm[BLOCK];
    uint32_t seed = 1;
    for (size_t r = 0; r < COUNT(tones); r++) {
        ROW(tones[r].name);
        int found = 0;
        for (int n = 0; n < 1600; n++) {
            sound(pcm, r, n % 16, &seed);
            const int code = tr_key_tone_find(pcm);
            if (tones[r].off_percent == 0 && tones[r].from == 0 && code != TR_NO_KEY)
                CHECK_EQ(code, codes[n % 16 / 4][n % 4]);
            found += code != TR_NO_KEY;
        }
        if (tones[r].found)
            CHECK(found == 1600);
        else
            CHECK(found < 16);
    }
}

/* Sounds that a telephone hears and that are no key. */
static void what_is_no_key(void)
{
    static const struct {
        const char *name;
        float hz[4];
    } sounds[] = {
        {"dial tone", {350, 440}},          {"ringback", {440, 480}},
        {"busy", {480, 620}},               {"one row alone", {770}},
        {"two rows", {697, 941}},           {"two columns", {1209, 1477}},
        {"a vowel", {120, 480, 720, 1200}}, {"special information tone", {1400}},
        {"fax", {1100}},                    {"answer tone", {2100}},
    };
    int16_t pcm[BLOCK];
    tr_tone_generator tone;
    for (size_t i = 0; i < COUNT(sounds); i++) {
        ROW(sounds[i].name);
        tr_tone_init(&tone, sounds[i].hz, 4, 0, -13);
        for (int n = 0; n < 200; n++) {
            tr_tone_work(&tone, pcm, BLOCK);
            CHECK_EQ(tr_key_tone_find(pcm), TR_NO_KEY);
        }
    }
}

static void silence_hum_and_noise_are_none(void)
{
    int16_t pcm[BLOCK] = {0};
    uint32_t seed = 7;
    int found = 0;
    CHECK_EQ(tr_key_tone_find(pcm), TR_NO_KEY);
    for (int i = 0; i < BLOCK; i++)
        pcm[i] = 12000; /* a card's direct current */
    CHECK_EQ(tr_key_tone_find(pcm), TR_NO_KEY);
    for (int n = 0; n < 10000; n++) {
        for (int i = 0; i < BLOCK; i++)
            pcm[i] = (int16_t)(2000 * gaussian(&seed));
        found += tr_key_tone_find(pcm) != TR_NO_KEY;
    }
    CHECK_EQ(found, 0);
}

const SUITE(suite_key_tone) = {
    {"every_key_at_every_phase", every_key_at_every_phase},
    {"what_is_no_key", what_is_no_key},
    {"silence_hum_and_noise_are_none", silence_hum_and_noise_are_none},
    END_OF_SUITE,
};
