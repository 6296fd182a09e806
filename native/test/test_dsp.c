#include <math.h>
#include <stdlib.h>

#include "dsp/concealment.h"
#include "dsp/digit_player.h"
#include "dsp/g711.h"
#include "dsp/resampler.h"
#include "dsp/tone.h"
#include "dsp/tone_player.h"
#include "harness.h"

/* Power of `hz` in dBm0 over `samples` (a Goertzel sum by definition). */
static double level_of(const int16_t *pcm, int samples, double hz)
{
    double re = 0, im = 0;
    for (int i = 0; i < samples; i++) {
        re += pcm[i] * cos(2 * M_PI * hz * i / 8000);
        im += pcm[i] * sin(2 * M_PI * hz * i / 8000);
    }
    return 20 * log10(2 * hypot(re, im) / samples / 22656 + 1e-9);
}

static double power(const int16_t *pcm, int samples)
{
    double sum = 0;
    for (int i = 0; i < samples; i++)
        sum += (double)pcm[i] * pcm[i];
    return sum / samples;
}

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

static void segments_follow_each_other(void)
{
    tr_tone tone = {.count = 2, .repeat_from = 0};
    tr_tone_player player;
    int16_t pcm[8000];
    tone.segments[0] = (tr_tone_segment){{440}, 0, -10, 100, 50};
    tone.segments[1] = (tr_tone_segment){{880}, 0, -10, 200, 150};
    CHECK(tr_tone_valid(&tone));
    tr_tone_player_start(&player, &tone);
    for (int at = 0; at < 8000; at += 80)
        CHECK(tr_tone_player_work(&player, pcm + at, 80));
    CHECK(level_of(pcm, 800, 440) > -10.1 && power(pcm + 800, 400) == 0);
    CHECK(level_of(pcm + 1200, 1600, 880) > -10.1 && power(pcm + 2800, 1200) == 0);
    CHECK(level_of(pcm + 4000, 800, 440) > -10.1); /* around again after 500 ms */
}

static void a_tone_may_end_or_last(void)
{
    tr_tone once = {.count = 1, .repeat_from = -1}, lasting = {.count = 1, .repeat_from = -1};
    tr_tone_player player;
    int16_t pcm[80];
    once.segments[0] = (tr_tone_segment){{440}, 0, -10, 15, 0};
    lasting.segments[0] = (tr_tone_segment){{440}, 0, -10, 0, 0};
    tr_tone_player_start(&player, &once);
    CHECK(tr_tone_player_work(&player, pcm, 80) && tr_tone_player_work(&player, pcm, 80));
    CHECK(power(pcm + 40, 40) == 0);
    CHECK(!tr_tone_player_work(&player, pcm, 80));
    tr_tone_player_start(&player, &lasting);
    for (int i = 0; i < 1000; i++)
        CHECK(tr_tone_player_work(&player, pcm, 80) && power(pcm, 80) > 0);
}

static void silly_tones_are_refused(void)
{
    static const struct {
        const char *name;
        tr_tone tone;
    } rows[] = {
        {"no segment", {.count = 0, .repeat_from = -1}},
        {"too many", {.count = TR_TONE_SEGMENTS + 1, .repeat_from = -1}},
        {"repeats from nowhere", {.count = 1, .repeat_from = 1}},
        {"too high", {.count = 1, .repeat_from = -1, .segments = {{{4000}, 0, -10, 0, 0}}}},
        {"too loud", {.count = 1, .repeat_from = -1, .segments = {{{400}, 0, 4, 0, 0}}}},
        {"no number", {.count = 1, .repeat_from = -1, .segments = {{{400}, 0, NAN, 0, 0}}}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        ROW(rows[i].name);
        CHECK(!tr_tone_valid(&rows[i].tone));
    }
}

static void a_tone_of_no_length_at_all_does_not_hang(void)
{
    /* on 1 ms, off 0, repeated: the shortest loop; 0 ms on means for ever, so none is empty */
    tr_tone tone = {.count = 1, .repeat_from = 0};
    tr_tone_player player;
    int16_t pcm[80];
    tone.segments[0] = (tr_tone_segment){{440}, 0, -10, 1, 0};
    tr_tone_player_start(&player, &tone);
    for (int i = 0; i < 100; i++)
        CHECK(tr_tone_player_work(&player, pcm, 80));
}

const SUITE(suite_tone_player) = {
    {"segments_follow_each_other", segments_follow_each_other},
    {"a_tone_may_end_or_last", a_tone_may_end_or_last},
    {"silly_tones_are_refused", silly_tones_are_refused},
    {"a_tone_of_no_length_at_all_does_not_hang", a_tone_of_no_length_at_all_does_not_hang},
    END_OF_SUITE,
};

static void digits_are_at_least_50_on_50_off(void)
{
    tr_digit_player player;
    int16_t pcm[80];
    int on = 0, off = 0, sounds = 0;
    tr_digit_player_init(&player);
    for (int n = 0; n < 8; n++) { /* the same key, far too fast */
        CHECK(tr_digit_player_press(&player, 5, 0));
        tr_digit_player_release(&player, 80);
    }
    for (int tick = 0; tick < 100; tick++) {
        const bool sounding = tr_digit_player_work(&player, pcm, 80, true) && power(pcm, 80) > 0;
        if (sounding && on == 0)
            sounds++;
        CHECK(!sounding || on > 0 || sounds == 1 || off >= 5);
        CHECK(sounding || on == 0 || on >= 5);
        on = sounding ? on + 1 : 0;
        off = sounding ? 0 : off + 1;
    }
    CHECK_EQ(sounds, 8);
}

static void a_held_digit_sounds_until_released(void)
{
    tr_digit_player player;
    int16_t pcm[80];
    uint32_t timestamp;
    tr_digit_player_init(&player);
    tr_digit_player_press(&player, 1, 77);
    CHECK(tr_digit_player_waiting(&player, &timestamp) && timestamp == 77);
    CHECK(!tr_digit_player_work(&player, pcm, 80, false)); /* not due yet */
    for (int tick = 0; tick < 300; tick++)
        CHECK(tr_digit_player_work(&player, pcm, 80, true));
    tr_digit_player_release(&player, 300 * 80);
    tr_digit_player_work(&player, pcm, 80, true);
    CHECK(!tr_digit_player_work(&player, pcm, 80, true));
}

static void the_queue_is_bounded(void)
{
    tr_digit_player player;
    tr_digit_player_init(&player);
    for (int n = 0; n < TR_PLAYER_QUEUE; n++)
        CHECK(tr_digit_player_press(&player, 1, 0));
    CHECK(!tr_digit_player_press(&player, 1, 0));
}

const SUITE(suite_digit_player) = {
    {"digits_are_at_least_50_on_50_off", digits_are_at_least_50_on_50_off},
    {"a_held_digit_sounds_until_released", a_held_digit_sounds_until_released},
    {"the_queue_is_bounded", the_queue_is_bounded},
    END_OF_SUITE,
};

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

const SUITE(suite_concealment) = {
    {"a_steady_voice_is_continued", a_steady_voice_is_continued},
    {"a_long_gap_fades_to_silence", a_long_gap_fades_to_silence},
    {"any_block_sizes_are_fine", any_block_sizes_are_fine},
    END_OF_SUITE,
};

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

const SUITE(suite_resampler) = {
    {"sines_survive_any_rate", sines_survive_any_rate},
    {"what_would_alias_is_gone", what_would_alias_is_gone},
    END_OF_SUITE,
};
