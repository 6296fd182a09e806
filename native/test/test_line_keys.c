/* Whose key it was, and what reaches the stream: a line with a ring of sound and a far end. */
#include <stdlib.h>

#include "dsp/tone.h"
#include "engine/engine.h"
#include "harness.h"

enum { TICK = TR_TICK_SAMPLES };

static tr_engine engine;
static tr_line line;
static tr_event events[64];
static int16_t source[4096], sink[4096];

static void open_line(void)
{
    memset(&line, 0, sizeof line);
    memset(&engine, 0, sizeof engine);
    engine.lines = &line;
    engine.settings.lines = 1;
    tr_sample_ring_init(&line.source, source, 4096);
    tr_sample_ring_init(&line.sink, sink, 4096);
    tr_ring_init(&engine.events, events, 64, sizeof *events);
    tr_line_init(&line, 0);
    line.outbox.ring = &engine.events;
    line.active = true;
    atomic_store(&line.collecting, 1);
}

/* One tick: `heard` at the telephone's end, `played` to it. */
static void tick(int64_t ms, const int16_t *played)
{
    int16_t taken[TICK];
    tr_line_capture(&line, ms * 1000000);
    if (played)
        tr_line_mix(&line, played);
    tr_line_play(&line, ms * 1000000);
    tr_sample_ring_read(&line.sink, taken, TICK);
}

/* The far end plays a key of 100 ms from 100 ms on; the decoder then hears one. */
static const struct {
    const char *name;
    unsigned played, heard;
    int64_t at_ms;
    int own;
} rows[] = {
    {"its echo", 5, 5, 150, 0},
    {"its echo, late", 5, 5, 250, 0},
    {"another key meanwhile", 5, 6, 150, 1},
    {"the same key before", 5, 5, 60, 1},
    {"the same key after", 5, 5, 300, 1},
    {"the last code", 15, 15, 180, 0},
};

static void a_key_that_we_play_is_not_the_telephones(void)
{
    int16_t pcm[TICK];
    tr_tone_generator tone;
    for (size_t i = 0; i < COUNT(rows); i++) {
        ROW(rows[i].name);
        open_line();
        tr_tone_init_dtmf(&tone, rows[i].played, -10);
        for (int64_t ms = 0; ms < 400; ms += 10) {
            if (ms == (rows[i].at_ms / 10 + 1) * 10)
                CHECK_EQ(tr_line_key_down(&engine, 0, rows[i].heard, rows[i].at_ms * 1000000),
                         rows[i].own);
            const bool sounds = ms >= 100 && ms < 200;
            if (sounds)
                tr_tone_work(&tone, pcm, TICK);
            tick(ms, sounds ? pcm : NULL);
        }
        tr_event event = {0};
        CHECK_EQ(line.statistics.digits_guarded, !rows[i].own);
        CHECK_EQ(tr_ring_pop(&engine.events, &event), !rows[i].own);
        if (!rows[i].own)
            CHECK(event.kind == TR_EVENT_DIGIT_GUARDED && event.value == rows[i].heard &&
                  event.t_ns == rows[i].at_ms * 1000000);
    }
}

static void our_own_tone_does_not_mute(void)
{
    int16_t pcm[TICK];
    tr_tone_generator tone;
    open_line();
    tr_tone_init_dtmf(&tone, 7, -10);
    for (int64_t ms = 0; ms < 300; ms += 10) {
        if (ms == 150)
            tr_line_early_tone(&engine, 0, 1, 145 * 1000000);
        tr_tone_work(&tone, pcm, TICK);
        tr_sample_ring_write(&line.source, pcm, TICK); /* it comes back through the hybrid */
        tick(ms, pcm);
        CHECK(!tr_key_mute_wants_verdict(&line.mute));
    }
}

/* A card that keeps 30 ms in the ring: the tone is judged before it is taken. */
static void what_waits_in_the_ring_is_judged(void)
{
    static const struct {
        const char *name;
        bool key;
        tr_mute_state state;
    } sounds[] = {{"a key", true, TR_MUTE_TONE}, {"speech", false, TR_MUTE_DOUBT}};
    static const float vowel[] = {130, 390, 650, 1170};
    for (size_t i = 0; i < COUNT(sounds); i++) {
        int16_t pcm[TICK] = {0};
        tr_tone_generator tone;
        ROW(sounds[i].name);
        open_line();
        for (int n = 0; n < 3; n++)
            tr_sample_ring_write(&line.source, pcm, TICK);
        if (sounds[i].key)
            tr_tone_init_dtmf(&tone, 3, -10);
        else
            tr_tone_init(&tone, vowel, 4, 0, -16);
        for (int64_t ms = 0; ms < 40; ms += 10) {
            tr_tone_work(&tone, pcm, TICK);
            tr_sample_ring_write(&line.source, pcm, TICK);
            if (ms == 10)
                tr_line_early_tone(&engine, 0, 1, 8 * 1000000);
            tick(ms, NULL);
        }
        CHECK_EQ(line.mute.state, sounds[i].state);
    }
}

static void wrong_arguments_and_a_full_ring(void)
{
    open_line();
    CHECK_EQ(tr_line_key_down(&engine, 0, 16, 0), TR_EINVAL);
    CHECK_EQ(tr_line_key_down(&engine, 1, 1, 0), TR_EINVAL);
    CHECK_EQ(tr_line_ring_trip(&engine, 1, 0), TR_EINVAL);
    for (int n = 0; n < TR_LINE_SIGNALS; n++)
        CHECK_EQ(tr_line_early_tone(&engine, 0, n % 2, 0), 0);
    CHECK_EQ(tr_line_key_up(&engine, 0, 0), TR_EFULL);
    CHECK_EQ(tr_line_key_down(&engine, 0, 1, 0), TR_EFULL);
    tick(10, NULL);
    CHECK_EQ(tr_line_key_down(&engine, 0, 1, 0), 1);
}

const SUITE(suite_line_keys) = {
    {"a_key_that_we_play_is_not_the_telephones", a_key_that_we_play_is_not_the_telephones},
    {"our_own_tone_does_not_mute", our_own_tone_does_not_mute},
    {"what_waits_in_the_ring_is_judged", what_waits_in_the_ring_is_judged},
    {"wrong_arguments_and_a_full_ring", wrong_arguments_and_a_full_ring},
    END_OF_SUITE,
};
