/* Play-out delay over long calls: clocks that run apart, paths that change, at every loudness. */
#include <math.h>
#include <stdlib.h>

#include "dsp/splice.h"
#include "dsp/tone.h"
#include "harness.h"
#include "levels.h"
#include "rtp/jitter.h"

enum { PACKET = 160, TICK = 80, SECOND = 8000, MS = 8 };

typedef int16_t (*signal)(uint32_t at);

static tr_jitter jitter;

/* A voiced sound: ten harmonics of 130 Hz. */
static int16_t vowel(uint32_t at)
{
    double sum = 0;
    for (int h = 1; h <= 10; h++)
        sum += sin(fmod(2 * M_PI * 130 * h / 8000 * at, 2 * M_PI) + h * h) / h;
    return (int16_t)lrint(6000 * sum);
}

static int16_t square(uint32_t at) { return at % 80 < 40 ? 12000 : -12000; }

static int16_t noise(uint32_t at)
{
    uint32_t state = at * 2654435761u;
    return (int16_t)(test_random(&state) % 20000 - 10000);
}

static int16_t murmur(uint32_t at) { return (int16_t)(at % 100); }

typedef struct {
    signal speech;
    double ppm;                          /* the sender's clock is so much faster */
    int64_t longer_from, longer_to, by;  /* the path is longer for a while, samples */
} path;

typedef struct {
    int64_t now, sent, missing;
    int delay_most;
    int steepest; /* step between neighbouring samples */
    int16_t last;
} call;

static int64_t arrival(const path *p, int64_t packet)
{
    const int64_t due = (int64_t)((double)(packet * PACKET) * (1 - p->ppm * 1e-6)) + 8;
    /* What was sent on the longer path comes first; so at its end much comes at once. */
    if (due >= p->longer_from && due < p->longer_to + p->by)
        return due < p->longer_to ? due + p->by : p->longer_to + p->by;
    return due;
}

static void run_until(call *c, const path *p, int64_t until)
{
    for (; c->now < until; c->now += TICK) {
        int16_t pcm[PACKET];
        uint8_t present[TICK];
        for (; arrival(p, c->sent) <= c->now; c->sent++) {
            const uint32_t timestamp = (uint32_t)c->sent * PACKET;
            for (uint32_t i = 0; i < PACKET; i++)
                pcm[i] = p->speech(timestamp + i);
            tr_jitter_put(&jitter, timestamp, pcm, PACKET, (uint32_t)arrival(p, c->sent));
        }
        const int found = tr_jitter_get(&jitter, pcm, present, TICK, (uint32_t)c->now);
        if (!jitter.heard)
            continue;
        c->missing += TICK - found;
        c->delay_most = jitter.delay > c->delay_most ? jitter.delay : c->delay_most;
        for (int i = 0; i < TICK && found == TICK; i++) {
            c->steepest = abs(pcm[i] - c->last) > c->steepest ? abs(pcm[i] - c->last) : c->steepest;
            c->last = pcm[i];
        }
    }
}

static call begin(void)
{
    tr_jitter_init(&jitter);
    return (call){0};
}

static const struct {
    const char *name;
    signal speech;
} signals[] = {{"vowel", vowel}, {"square", square}, {"noise", noise}, {"murmur", murmur}};

static void clocks_that_run_apart_cost_no_delay(void)
{
    static const struct {
        double ppm;
        int minutes;
    } rows[] = {{200, 60}, {-200, 60}, {50, 20}, {500, 10}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const path p = {.speech = square, .ppm = rows[i].ppm};
        call c = begin();
        run_until(&c, &p, (int64_t)rows[i].minutes * 60 * SECOND);
        CHECK_EQ(c.missing, 0);
        CHECK(c.delay_most <= 40 * MS);
    }
}

static void at_any_loudness(void)
{
    for (size_t i = 0; i < COUNT(signals); i++)
        for (int ppm = -300; ppm <= 300; ppm += 600) {
            const path p = {.speech = signals[i].speech, .ppm = ppm};
            call c = begin();
            ROW(signals[i].name);
            run_until(&c, &p, 3 * 60 * SECOND);
            CHECK_EQ(c.missing, 0);
            CHECK(c.delay_most <= 40 * MS);
        }
}

static void a_longer_path_is_forgotten_once_it_is_short_again(void)
{
    for (size_t i = 0; i < COUNT(signals); i++) {
        const path p = {signals[i].speech, 0, 20 * SECOND, 30 * SECOND, 300 * MS};
        call c = begin();
        ROW(signals[i].name);
        run_until(&c, &p, 30 * SECOND + 400 * MS);
        CHECK(jitter.delay > 200 * MS);
        run_until(&c, &p, 42 * SECOND);
        CHECK(jitter.delay <= 60 * MS);
        run_until(&c, &p, 55 * SECOND);
        CHECK(jitter.delay <= 40 * MS);
    }
}

/* No step is steeper than the voice's own steps by much: nothing clicks. */
static void what_is_left_out_is_not_heard(void)
{
    int own = 0;
    for (uint32_t at = 0; at < SECOND; at++)
        own = abs(vowel(at + 1) - vowel(at)) > own ? abs(vowel(at + 1) - vowel(at)) : own;
    for (int ppm = -300; ppm <= 300; ppm += 600) {
        const path p = {.speech = vowel, .ppm = ppm};
        call c = begin();
        run_until(&c, &p, 2 * 60 * SECOND);
        CHECK(c.steepest <= own * 11 / 10);
    }
}

static void a_splice_finds_the_period(void)
{
    static int16_t ring[1024];
    static const int periods[] = {41, 60, 80, 97, 123, 155};
    for (size_t i = 0; i < COUNT(periods); i++) {
        for (int at = 0; at < 1024; at++) /* a saw, and over the ring's end */
            ring[at] = (int16_t)((at + 512) % 1024 % periods[i] * 100);
        const int lag = tr_splice_lag(ring, 1023, 900, 40, 160);
        CHECK(lag % periods[i] == 0);
        CHECK_EQ(tr_splice_lag_back(ring, 1023, 250, 40, 160) % periods[i], 0);
    }
}

static void a_modulated_tone_has_its_level(void)
{
    static const struct {
        float hz, by, level;
    } rows[] = {{400, 0, -10}, {400, 16.67f, -10}, {400, 25, -20}, {440, 16, -13}};
    static int16_t pcm[80000];
    for (size_t i = 0; i < COUNT(rows); i++) {
        tr_tone_generator tone;
        tr_tone_init(&tone, &rows[i].hz, 1, rows[i].by, rows[i].level);
        tr_tone_work(&tone, pcm, COUNT(pcm));
        const double dbm0 = 10 * log10(power(pcm, COUNT(pcm)) / (22656.0 * 22656.0 / 2));
        CHECK(fabs(dbm0 - (double)rows[i].level) < 0.05);
    }
}

const SUITE(suite_play_out) = {
    {"clocks_that_run_apart_cost_no_delay", clocks_that_run_apart_cost_no_delay},
    {"at_any_loudness", at_any_loudness},
    {"a_longer_path_is_forgotten_once_it_is_short_again",
     a_longer_path_is_forgotten_once_it_is_short_again},
    {"what_is_left_out_is_not_heard", what_is_left_out_is_not_heard},
    {"a_splice_finds_the_period", a_splice_finds_the_period},
    {"a_modulated_tone_has_its_level", a_modulated_tone_has_its_level},
    END_OF_SUITE,
};
