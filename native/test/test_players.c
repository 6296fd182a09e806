#include <math.h>

#include "dsp/digit_player.h"
#include "dsp/tone_player.h"
#include "harness.h"
#include "levels.h"

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

static void a_claimed_duration_is_not_believed(void)
{
    tr_digit_player player;
    int16_t pcm[80];
    int ticks = 0;
    tr_digit_player_init(&player);
    tr_digit_player_press(&player, 1, 0);
    tr_digit_player_release(&player, 0xFFFF);
    while (ticks < 200 && tr_digit_player_work(&player, pcm, 80, true))
        ticks++;
    CHECK_EQ(ticks, 50);
}

static void the_queue_is_bounded(void)
{
    tr_digit_player player;
    tr_digit_player_init(&player);
    for (int n = 0; n < TR_PLAYER_QUEUE; n++)
        CHECK(tr_digit_player_press(&player, 1, 0));
    CHECK(!tr_digit_player_press(&player, 1, 0));
}

/* One digit more than there is room for: it is missing, and no other is cut short or mixed up. */
static void a_refused_key_leaves_the_others_whole(void)
{
    tr_digit_player player;
    tr_digit_player_init(&player);
    for (int n = 0; n < TR_PLAYER_QUEUE; n++) {
        CHECK(tr_digit_player_press(&player, 1, 0));
        if (n < TR_PLAYER_QUEUE - 1)
            tr_digit_player_release(&player, 400);
    }
    CHECK(!tr_digit_player_press(&player, 2, 0));
    tr_digit_player_release(&player, 400); /* of the refused one */
    CHECK(!player.queue[TR_PLAYER_QUEUE - 1].ended);
}

/* Keys 40 ms down and 40 ms up, the fastest that are legal, for as long as anybody likes. */
static void fast_keys_all_sound(void)
{
    enum { KEYS = 2000, KEY = 640 };
    tr_digit_player player;
    int16_t pcm[80];
    uint32_t on = 0, off = 1000, sounds = 0, most = 0;
    tr_digit_player_init(&player);
    for (uint32_t at = 0; at < KEYS * KEY + 100 * 800; at += 80) {
        if (at < KEYS * KEY && at % KEY == 0)
            CHECK(tr_digit_player_press(&player, 5, at));
        if (at < KEYS * KEY && at % KEY == 320)
            tr_digit_player_release(&player, 320);
        memset(pcm, 0, sizeof pcm);
        tr_digit_player_work(&player, pcm, 80, true);
        if (player.tail - player.head > most)
            most = player.tail - player.head;
        for (int i = 0; i < 80; i += 4) { /* a tone's sample is 0 only for a moment */
            const bool sounding = pcm[i] || pcm[i + 1] || pcm[i + 2];
            CHECK(!sounding || on > 0 || off >= 312);
            CHECK(sounding || on == 0 || on >= 312);
            sounds += sounding && on == 0;
            on = sounding ? on + 4 : 0;
            off = sounding ? 0 : off + 4;
        }
    }
    CHECK_EQ(sounds, KEYS);
    CHECK(most < 80);
}

const SUITE(suite_digit_player) = {
    {"a_refused_key_leaves_the_others_whole", a_refused_key_leaves_the_others_whole},
    {"fast_keys_all_sound", fast_keys_all_sound},
    {"digits_are_at_least_50_on_50_off", digits_are_at_least_50_on_50_off},
    {"a_held_digit_sounds_until_released", a_held_digit_sounds_until_released},
    {"a_claimed_duration_is_not_believed", a_claimed_duration_is_not_believed},
    {"the_queue_is_bounded", the_queue_is_bounded},
    END_OF_SUITE,
};
