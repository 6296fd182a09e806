#include <math.h>

#include "dsp/g711.h"
#include "dsp/tone.h"
#include "harness.h"
#include "levels.h"

static void codewords_survive_a_round_trip(void)
{
    for (int law = 0; law < 2; law++)
        for (int code = 0; code < 256; code++) {
            const uint8_t in = (uint8_t)code;
            uint8_t out;
            int16_t pcm;
            tr_g711_decode_block(law, &in, &pcm, 1);
            tr_g711_encode_block(law, &pcm, &out, 1);
            /* mu-law has two zeros (table 2b); minus zero comes back as plus zero */
            CHECK_EQ(out, law == TR_MU_LAW && code == 0x7F ? 0xFF : code);
        }
}

static void known_values(void)
{
    /* G.711 tables 1 and 2: first, last and turning points, 16-bit scale; and the digital
     * milliwatt of tables 5 and 6. */
    static const struct {
        int law;
        uint8_t code;
        int16_t pcm;
    } rows[] = {{0, 0x80, 32124}, {0, 0x00, -32124}, {0, 0xFF, 0}, {0, 0x7F, 0}, {0, 0xFE, 8},
                {0, 0x9F, 8316},  {0, 0x1E, -8828},  {0, 0x0B, -20860}, {1, 0xAA, 32256},
                {1, 0x2A, -32256}, {1, 0xD5, 8},     {1, 0x55, -8}, {1, 0x34, -8960},
                {1, 0x21, -20992}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        int16_t pcm;
        tr_g711_decode_block(rows[i].law, &rows[i].code, &pcm, 1);
        CHECK_EQ(pcm, rows[i].pcm);
    }
}

const SUITE(suite_g711) = {
    {"codewords_survive_a_round_trip", codewords_survive_a_round_trip},
    {"known_values", known_values},
    END_OF_SUITE,
};

static void tones_have_their_level(void)
{
    static const float rows[][3] = {{1000, 0, -13}, {350, 440, -13}, {697, 1477, -7}, {2100, 0, 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        tr_tone_generator tone;
        int16_t pcm[8000];
        tr_tone_init(&tone, rows[i], rows[i][1] > 0 ? 2 : 1, 0, rows[i][2]);
        tr_tone_work(&tone, pcm, 8000);
        CHECK(fabs(level_of(pcm, 8000, rows[i][0]) - rows[i][2]) < 0.05);
        CHECK(rows[i][1] == 0 || fabs(level_of(pcm, 8000, rows[i][1]) - rows[i][2]) < 0.05);
    }
}

static void dtmf_pairs_are_right(void)
{
    static const double rows[4] = {697, 770, 852, 941}, columns[4] = {1209, 1336, 1477, 1633};
    static const char keypad[] = "123A456B789C*0#D", events[] = "0123456789*#ABCD";
    for (unsigned event = 0; event < 16; event++) {
        tr_tone_generator tone;
        int16_t pcm[4000];
        const int place = (int)(strchr(keypad, events[event]) - keypad);
        tr_tone_init_dtmf(&tone, event, -7);
        tr_tone_work(&tone, pcm, 4000);
        CHECK(fabs(level_of(pcm, 4000, rows[place / 4]) + 7) < 0.3);
        CHECK(fabs(level_of(pcm, 4000, columns[place % 4]) + 7) < 0.3);
    }
}

const SUITE(suite_tone) = {
    {"tones_have_their_level", tones_have_their_level},
    {"dtmf_pairs_are_right", dtmf_pairs_are_right},
    END_OF_SUITE,
};
