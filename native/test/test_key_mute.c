/*
 * What is taken out of a microphone, as strips: one mark a millisecond, '#' where nothing is left,
 * '/' where it fades, '-' where it is whole. A row is what a decoder says and when.
 */
#include <stdlib.h>

#include "dsp/key_mute.h"
#include "harness.h"

enum { BLOCK = 80, PACKET = 160, LENGTH_MS = 300, LOUD = 10000 };

/* A decoder's script: what, at which ms. E and e: ESt rises and falls. S and s: StD. T: ring trip.
 * R: it is refused. A key's tone sounds from `tone` ms on to `over`. */
typedef struct {
    const char *name, *script;
    int tone, over;
    int delay_ms;
    int silent_from, silent_to; /* ms; what is wanted: nothing is left there */
    int mutes;
} row;

static char strip[LENGTH_MS + 1];

static void say(tr_key_mute *m, char what, int64_t at)
{
    switch (what) {
    case 'E': tr_key_mute_early(m, true, at); break;
    case 'e': tr_key_mute_early(m, false, at); break;
    case 'S': tr_key_mute_digit(m, true, at); break;
    case 's': tr_key_mute_digit(m, false, at); break;
    case 'T': tr_key_mute_trip(m, at); break;
    case 'R': tr_key_mute_refuse(m); break;
    }
}

/* What the script says before `until_ms`. */
static const char *said_until(tr_key_mute *m, const char *script, int until_ms)
{
    while (*script) {
        char *end;
        const long ms = strtol(script + 1, &end, 10);
        if (ms >= until_ms)
            break;
        say(m, *script, ms * 8);
        for (script = end; *script == ' '; script++)
            ;
    }
    return script;
}

static void mark(const int16_t *packet, int first_ms)
{
    for (int ms = 0; ms < PACKET / 8; ms++) {
        int silent = 0, whole = 0;
        for (int i = ms * 8; i < ms * 8 + 8; i++) {
            silent += packet[i] == 0;
            whole += packet[i] == LOUD;
        }
        if (first_ms + ms >= 0 && first_ms + ms < LENGTH_MS)
            strip[first_ms + ms] = silent == 8 ? '#' : whole == 8 ? '-' : '/';
    }
}

/* The engine's tick of 10 ms: what was said, the sound, a verdict; each second time a packet. */
static tr_key_mute run(const row *r)
{
    tr_key_mute m;
    const char *script = r->script;
    int16_t packet[PACKET];
    int count = 0;
    tr_key_mute_init(&m, r->delay_ms * 8);
    memset(strip, '-', LENGTH_MS);
    for (int ms = 10; ms <= LENGTH_MS + r->delay_ms + 20; ms += 10) {
        script = said_until(&m, script, ms);
        for (int i = 0; i < BLOCK; i++)
            packet[count + i] = LOUD;
        tr_key_mute_pass(&m, packet + count);
        count += BLOCK;
        if (tr_key_mute_wants_verdict(&m))
            tr_key_mute_judge(&m, m.end, ms >= r->tone + 7 && ms <= r->over + 3);
        if (count < PACKET)
            continue;
        tr_key_mute_apply(&m, packet, PACKET);
        mark(packet, ms - r->delay_ms - 20);
        count = 0;
    }
    return m;
}

static const row rows[] = {
    {"nothing", "", 300, 300, 0, -1, -1, 0},
    /* A key with ESt: its tone is 100..170. ESt until 175, StD until 200. */
    {"a key, ESt after 8 ms", "E108 S145 e175 s200", 100, 170, 0, 100, 195, 1},
    {"a key, ESt after 14 ms", "E114 S150 e175 s200", 100, 170, 0, 100, 195, 1},
    {"a key, ESt just before a packet", "E119 S150 e175 s200", 106, 170, 0, 104, 195, 1},
    {"a key, ESt just after a packet", "E121 S150 e175 s200", 107, 170, 0, 120, 195, 1},
    {"a dropout is no end", "E108 S145 e155 E163 e175 s200", 100, 170, 0, 100, 195, 1},
    {"StD alone", "S145 s200", 100, 170, 0, 140, 200, 0},
    {"StD alone, with 50 ms to spare", "S145 s200", 100, 170, 50, 93, 200, 0},
    {"StD late, with 50 ms to spare", "S150 s200", 100, 170, 50, 98, 200, 0},
    {"two keys", "E108 S145 e155 s180 E188 S226 e235 s260", 100, 230, 0, 100, 255, 2},
    /* No key. */
    {"ESt at speech, between packets", "E105 e113", 300, 300, 0, -1, -1, 0},
    {"ESt at speech, short", "E112 e116", 300, 300, 0, -1, -1, 0},
    {"ESt at speech, long", "E108 e158", 300, 300, 0, -1, -1, 0},
    {"speech whose end is a key", "E81 S157 e185 s210", 110, 180, 0, 110, 205, 1},
    {"a tone too short for a digit", "E108 e135", 100, 130, 0, 100, 147, 1},
    {"a tone that is never a digit", "E108 e220", 100, 215, 0, 100, 160, 1},
    {"StD that does not fall", "E108 S145 e175", 100, 170, 0, 100, 420, 1},
    {"what we play ourselves", "E110 R112 S150 R151 e180 s200", 100, 170, 0, -1, -1, 0},
    {"a lift while the bell rings", "T20", 300, 300, 0, 20, 82, 0},
    {"a key right after it", "T20 E58 S95 e125 s150", 50, 120, 0, 20, 145, 1},
};

/* Silent all of [from, to), and whole up to 2 ms before it and from some ms after it on. */
static void silence_is_where_the_tone_was(void)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        const row *r = &rows[i];
        const int before = test_failures;
        ROW(r->name);
        const tr_key_mute m = run(r);
        CHECK_EQ(m.early_mutes, r->mutes);
        const char *first = strchr(strip, '#'), *last = strrchr(strip, '#');
        if (r->silent_from < 0) {
            CHECK(first == NULL);
            continue;
        }
        CHECK(first && first - strip <= r->silent_from && first - strip >= r->silent_from - 15);
        const long end = last ? last + 1 - strip : 0;
        CHECK(end >= r->silent_to - 3 || end == LENGTH_MS);
        CHECK(end <= r->silent_to + 12 || end == LENGTH_MS);
        for (const char *p = first; p && p < last; p++)
            CHECK(*p == '#' || strstr(r->script, "T"));
        if (test_failures > before)
            printf("%s\n", strip);
    }
}

static void what_was_muted_is_counted(void)
{
    const tr_key_mute m = run(&rows[1]);
    int silent = 0;
    for (int ms = 0; ms < LENGTH_MS; ms++)
        silent += strip[ms] == '#';
    CHECK(m.muted >= silent * 8 && m.muted < silent * 8 + 16);
}

/* However the pins jitter, all is whole again once they have been low for a while. */
static void it_always_opens_again(void)
{
    tr_key_mute m;
    uint32_t seed = 5;
    int16_t pcm[BLOCK];
    tr_key_mute_init(&m, 0);
    for (int n = 0; n < 20000; n++) {
        static const char what[] = "EeSsTR";
        if (n % 100 < 70) {
            say(&m, what[test_random(&seed) % 6], m.end - (int64_t)(test_random(&seed) % 400));
        } else if (n % 100 == 70) {
            tr_key_mute_early(&m, false, m.end);
            tr_key_mute_digit(&m, false, m.end);
        }
        for (int i = 0; i < BLOCK; i++)
            pcm[i] = LOUD;
        tr_key_mute_pass(&m, pcm);
        if (tr_key_mute_wants_verdict(&m))
            tr_key_mute_judge(&m, m.end, test_random(&seed) % 2);
        tr_key_mute_apply(&m, pcm, BLOCK);
        if (n % 100 >= 85)
            for (int i = 0; i < BLOCK; i++)
                CHECK_EQ(pcm[i], LOUD);
    }
}

const SUITE(suite_key_mute) = {
    {"silence_is_where_the_tone_was", silence_is_where_the_tone_was},
    {"what_was_muted_is_counted", what_was_muted_is_counted},
    {"it_always_opens_again", it_always_opens_again},
    END_OF_SUITE,
};
