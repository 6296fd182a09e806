/* The FSK sender against a demodulator of its own kind: the instantaneous frequency, bit by bit. */
#include "dsp/fsk.h"
#include "engine/line.h"
#include "harness.h"
#include "levels.h"

enum { RATE = 8000, BAUD = 1200, ROOM = 40000 };

static int16_t pcm[ROOM];
static tr_fsk_sender fsk;

static tr_data message(uint32_t modulation, const char *text)
{
    tr_data data = {.modulation = modulation, .level_dbm0 = -13.5f, .seizure_bits = 300,
                    .mark_bits = 180, .count = (uint32_t)strlen(text)};
    memcpy(data.bytes, text, strlen(text));
    return data;
}

/* All of it, in ticks; returns the samples until the last one that sounds. */
static int render(const tr_data *data)
{
    int samples = 0;
    tr_fsk_start(&fsk, data);
    while (samples + TR_TICK_SAMPLES <= ROOM &&
           tr_fsk_work(&fsk, pcm + samples, TR_TICK_SAMPLES))
        samples += TR_TICK_SAMPLES;
    while (samples > 0 && pcm[samples - 1] == 0)
        samples--;
    return samples;
}

/* Whether bit `bit` is mark: which of the two frequencies is stronger in its time. */
static bool is_mark(int bit, double mark, double space)
{
    const int from = (bit * RATE + BAUD / 2) / BAUD;
    return level_of(pcm + from, 7, mark) > level_of(pcm + from, 7, space);
}

static const struct {
    const char *name;
    uint32_t modulation;
    double mark, space;
} kinds[] = {{"Bell 202", TR_BELL_202, 1200, 2200}, {"V.23", TR_V23, 1300, 2100}};

static void every_bit_is_in_its_place(void)
{
    for (size_t k = 0; k < COUNT(kinds); k++) {
        ROW(kinds[k].name);
        const char text[] = "\x80\xff\x01U0\xaa";
        const tr_data data = message(kinds[k].modulation, text);
        const int bits = 300 + 180 + 10 * (int)data.count + TR_FSK_TRAIL_BITS;
        CHECK_EQ((render(&data) + 3) / 7, (bits * RATE / BAUD + 3) / 7);
        int wrong = 0;
        for (int bit = 1; bit < bits - 1; bit++) {
            const int byte = (bit - 480) / 10, place = (bit - 480) % 10;
            bool mark = true;
            if (bit < 300)
                mark = bit % 2;
            else if (bit >= 480 && byte < (int)data.count && place < 9)
                mark = place > 0 && data.bytes[byte] >> (place - 1) & 1;
            wrong += is_mark(bit, kinds[k].mark, kinds[k].space) != mark;
        }
        CHECK_EQ(wrong, 0);
    }
}

static void it_is_as_loud_as_it_is_told(void)
{
    static const float levels[] = {-13.5f, -30, 0};
    for (size_t i = 0; i < COUNT(levels); i++) {
        tr_data data = message(TR_BELL_202, "x");
        data.level_dbm0 = levels[i];
        const int samples = render(&data);
        const double rms = 10 * log10(power(pcm, samples) * 2 / (22656.0 * 22656.0));
        CHECK(fabs(rms - (double)levels[i]) < 0.1);
    }
}

/* The steepest step of a sine of 2,200 Hz; a phase that jumps takes a larger one. */
static void the_phase_goes_on(void)
{
    const tr_data data = message(TR_BELL_202, "The quick brown fox");
    const int samples = render(&data);
    const double peak = 22656 * pow(10, -13.5 / 20), most = 2 * peak * sin(M_PI * 2200 / RATE);
    int jumps = 0;
    for (int i = 1; i < samples; i++)
        jumps += fabs((double)pcm[i] - pcm[i - 1]) > most + 2;
    CHECK_EQ(jumps, 0);
}

static void silly_data_are_refused(void)
{
    static const struct {
        const char *name;
        tr_data data;
    } rows[] = {
        {"no modulation", {.count = 1}},
        {"an unknown one", {.modulation = 3, .count = 1}},
        {"nothing to send", {.modulation = TR_V23}},
        {"too much", {.modulation = TR_V23, .count = TR_DATA_BYTES + 1}},
        {"too loud", {.modulation = TR_V23, .count = 1, .level_dbm0 = 4}},
        {"no level", {.modulation = TR_V23, .count = 1, .level_dbm0 = NAN}},
        {"a seizure of minutes", {.modulation = TR_V23, .count = 1, .seizure_bits = 100000}},
        {"a mark of minutes", {.modulation = TR_V23, .count = 1, .mark_bits = 100000}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        ROW(rows[i].name);
        CHECK(!tr_data_valid(&rows[i].data));
    }
    const tr_data longest = {.modulation = TR_V23, .count = TR_DATA_BYTES};
    CHECK(tr_data_valid(&longest));
    CHECK(render(&longest) > TR_DATA_BYTES * 66);
}

static tr_line line;
static int16_t source[1024], sink[1024];

static void open_line(void)
{
    memset(&line, 0, sizeof line);
    tr_sample_ring_init(&line.source, source, 1024);
    tr_sample_ring_init(&line.sink, sink, 1024);
    tr_line_reset(&line, 0, 1);
    line.collecting = 1;
}

/* So many ticks; returns those in which something sounded. */
static int play(int ticks)
{
    int heard = 0;
    for (int i = 0; i < ticks; i++) {
        int16_t tick[TR_TICK_SAMPLES];
        tr_line_play(&line, 0);
        CHECK_EQ(tr_sample_ring_read(&line.sink, tick, TR_TICK_SAMPLES), TR_TICK_SAMPLES);
        heard += power(tick, TR_TICK_SAMPLES) > 0;
    }
    return heard;
}

static void a_line_sends_after_its_tone_and_tells(void)
{
    const tr_data data = message(TR_V23, "hello");
    tr_tone alert = {.count = 1, .repeat_from = -1};
    const int ticks = (480 + 50 + TR_FSK_TRAIL_BITS) * RATE / BAUD / TR_TICK_SAMPLES + 1;
    alert.segments[0] = (tr_tone_segment){{2130, 2750}, 0, -15, 100, 60};
    open_line();
    tr_tone_player_start(&line.tone, &alert);
    tr_fsk_start(&line.data, &data);
    CHECK_EQ(play(16), 10); /* the tone, and its pause */
    CHECK_EQ(play(ticks - 1), ticks - 1);
    CHECK(tr_outbox_empty(&line.outbox));
    CHECK_EQ(play(5), 1);
    CHECK_EQ(line.outbox.tail - line.outbox.head, 1);
    CHECK_EQ(line.outbox.events[line.outbox.head].kind, TR_EVENT_DATA_SENT);
}

static void silence_ends_it_without_a_word(void)
{
    const tr_data data = message(TR_V23, "hello");
    open_line();
    tr_fsk_start(&line.data, &data);
    CHECK_EQ(play(10), 10);
    tr_line_silence(&line);
    CHECK_EQ(play(100), 0);
    CHECK(tr_outbox_empty(&line.outbox));
}

const SUITE(suite_fsk) = {
    {"every_bit_is_in_its_place", every_bit_is_in_its_place},
    {"it_is_as_loud_as_it_is_told", it_is_as_loud_as_it_is_told},
    {"the_phase_goes_on", the_phase_goes_on},
    {"silly_data_are_refused", silly_data_are_refused},
    {"a_line_sends_after_its_tone_and_tells", a_line_sends_after_its_tone_and_tells},
    {"silence_ends_it_without_a_word", silence_ends_it_without_a_word},
    END_OF_SUITE,
};
