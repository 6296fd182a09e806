#include <stdlib.h>

#include "harness.h"
#include "rtp/jitter.h"

/*
 * A link in virtual time: 20 ms packets, each with a delay of its own; play-out in 10 ms ticks.
 * Sample values tell their timestamp, so what is played is known by content.
 */
enum { PACKET = 160, TICK = 80, MAX_PACKETS = 6000 };

typedef struct {
    int64_t due[MAX_PACKETS]; /* arrival, samples; -1: lost */
    uint32_t timestamp[MAX_PACKETS];
    int count;
} link;

typedef struct {
    int missing, longest_gap, late;
    int wrong;
    double delay; /* mean, of the second half, samples beyond the fastest path */
} outcome;

static tr_jitter jitter;
static link path;

static int16_t mark_of(uint32_t timestamp) { return (int16_t)(timestamp % 30011 + 1); }

static void put(int packet)
{
    int16_t pcm[PACKET];
    for (uint32_t i = 0; i < PACKET; i++)
        pcm[i] = mark_of(path.timestamp[packet] + i);
    tr_jitter_put(&jitter, path.timestamp[packet], pcm, PACKET, (uint32_t)path.due[packet]);
}

/* Marks go up by one; where play-out is corrected they are faded into others, at most 160 on. */
static bool continues(int16_t before, int16_t after)
{
    const int step = after - before;
    return (step >= -4 && step <= 6) || after == 1;
}

static void play(outcome *o, int64_t now, bool *begun, int *gap)
{
    int16_t pcm[TICK];
    uint8_t present[TICK];
    const int found = tr_jitter_get(&jitter, pcm, present, TICK, (uint32_t)now);
    *begun |= found > 0;
    *gap = found == TICK ? 0 : *gap + TICK - found;
    o->missing += *begun ? TICK - found : 0;
    if (*begun && *gap > o->longest_gap)
        o->longest_gap = *gap;
    for (int i = 1; i < TICK; i++)
        if (present[i] && present[i - 1] && !continues(pcm[i - 1], pcm[i]))
            o->wrong++;
}

static outcome run(uint32_t base_clock)
{
    outcome o = {0};
    bool begun = false;
    int gap = 0, measured = 0;
    const int64_t end = (int64_t)path.count * PACKET;
    static bool done[MAX_PACKETS];
    memset(done, 0, sizeof done);
    tr_jitter_init(&jitter);
    for (int64_t now = 0; now < end; now += TICK) {
        const int first = now / PACKET > 100 ? (int)(now / PACKET) - 100 : 0;
        for (int n = first; n < path.count && n < now / PACKET + 2; n++)
            if (!done[n] && path.due[n] >= 0 && path.due[n] <= now) {
                path.due[n] += base_clock;
                put(n);
                path.due[n] -= base_clock;
                done[n] = true;
            }
        play(&o, now + base_clock, &begun, &gap);
        if (now > end / 2) {
            o.delay += jitter.delay;
            measured++;
        }
    }
    o.delay /= measured;
    o.late = (int)jitter.late;
    return o;
}

static void steady_path(int packets, uint32_t first_timestamp)
{
    path.count = packets;
    for (int n = 0; n < packets; n++) {
        path.timestamp[n] = first_timestamp + (uint32_t)n * PACKET;
        path.due[n] = n * PACKET + 8;
    }
}

static void a_quiet_network_is_played_whole(void)
{
    static const uint32_t rows[][2] = {{0, 0}, {0xFFFFF000, 0}, {5, 0xFFFF0000}, {0x7FFFFF00, 0x7FFFF000}};
    for (size_t i = 0; i < COUNT(rows); i++) { /* timestamps and clocks that wrap on the way */
        steady_path(1500, rows[i][0]);
        const outcome o = run(rows[i][1]);
        CHECK_EQ(o.missing, 0);
        CHECK_EQ(o.wrong, 0);
        CHECK(o.delay <= 160);
    }
}

static void jitter_raises_the_delay_until_it_fits(void)
{
    static const int spreads[] = {40, 160, 320, 640, 1200}; /* 5 to 150 ms */
    for (size_t i = 0; i < COUNT(spreads); i++) {
        uint32_t seed = 3;
        steady_path(5000, 77);
        for (int n = 0; n < path.count; n++)
            path.due[n] += test_random(&seed) % (uint32_t)spreads[i];
        const outcome o = run(0);
        CHECK_EQ(o.wrong, 0);
        CHECK(o.missing < path.count * PACKET / 200);
        CHECK(o.delay < spreads[i] + 240);
    }
}

static void losses_are_gaps_of_their_length(void)
{
    uint32_t seed = 5;
    int lost = 0;
    steady_path(3000, 0);
    for (int n = 10; n < path.count; n++)
        if (test_random(&seed) % 20 == 0) {
            path.due[n] = -1;
            lost++;
        }
    const outcome o = run(0);
    CHECK_EQ(o.wrong, 0);
    CHECK(o.missing >= lost * PACKET - 2 * PACKET && o.missing <= lost * PACKET * 11 / 10);
    CHECK(o.delay <= 240);
}

static void drifting_clocks_cost_little(void)
{
    static const int ppm[] = {200, -200};
    for (size_t i = 0; i < COUNT(ppm); i++) {
        steady_path(6000, 0); /* 2 min: 24 ms of drift */
        for (int n = 0; n < path.count; n++)
            path.due[n] += (int64_t)n * PACKET * ppm[i] / 1000000;
        const outcome o = run(100000);
        CHECK(o.missing <= 8 * TICK);
        CHECK(o.delay <= 320);
    }
}

/* Mid-call jumps must not mute more than 100 ms. */
static void a_jump_of_timestamps_is_soon_overcome(void)
{
    static const int jumps[] = {400, 800, 2400, 7000, 100000, -400, -800, -2400, -7000, -100000};
    for (size_t i = 0; i < COUNT(jumps); i++) {
        char name[32];
        snprintf(name, sizeof name, "jump of %d", jumps[i]);
        ROW(name);
        steady_path(1000, 500000);
        for (int n = 50; n < path.count; n++) /* early, when little is known of the network */
            path.timestamp[n] += (uint32_t)jumps[i];
        const outcome o = run(0);
        CHECK(o.longest_gap <= 800);
        CHECK(o.delay <= 400);
    }
}

static void a_stall_of_the_network_is_survived(void)
{
    static const int stalls[] = {800, 1600, 2400, 8000};
    for (size_t i = 0; i < COUNT(stalls); i++) {
        steady_path(2000, 0);
        for (int n = 500; n < 500 + stalls[i] / PACKET; n++)
            path.due[n] = 500 * PACKET + stalls[i];
        const outcome o = run(0);
        CHECK(o.longest_gap <= stalls[i] + 800);
        CHECK(o.missing <= stalls[i] + 1600);
    }
}

static void silence_is_no_reason_to_drift(void)
{
    steady_path(2000, 0);
    for (int n = 100; n < path.count; n++)
        if (n / 50 % 2)
            path.due[n] = -1; /* a sender that pauses each second */
    const outcome o = run(0);
    CHECK_EQ(o.wrong, 0);
    CHECK(o.delay <= 240);
}

static void odd_packets_fit(void)
{
    static const int sizes[] = {80, 240, 480, 33, 1, 160};
    int16_t pcm[480], out[TICK];
    uint8_t present[TICK];
    uint32_t timestamp = 0;
    int heard = 0, wrong = 0;
    tr_jitter_init(&jitter);
    for (uint32_t n = 0; n < 600; n++) {
        const int size = sizes[n % COUNT(sizes)];
        for (int i = 0; i < size; i++)
            pcm[i] = mark_of(timestamp + (uint32_t)i);
        tr_jitter_put(&jitter, timestamp, pcm, size, timestamp + 480);
        timestamp += (uint32_t)size;
        while (jitter.anchored && (int32_t)(timestamp - jitter.play) > 800) {
            heard += tr_jitter_get(&jitter, out, present, TICK, jitter.play + 1300);
            for (int i = 1; i < TICK; i++)
                wrong += present[i] && present[i - 1] && !continues(out[i - 1], out[i]);
        }
    }
    CHECK_EQ(wrong, 0);
    CHECK(heard > (int)timestamp * 9 / 10);
}

static void anything_at_all_is_survived(void)
{
    uint32_t seed = 1;
    int16_t pcm[1524] = {0}, out[TICK];
    uint8_t present[TICK];
    tr_jitter_init(&jitter);
    for (int n = 0; n < 50000; n++) {
        const uint32_t what = test_random(&seed);
        const uint32_t timestamp = what % 5 ? (uint32_t)n * 80 : test_random(&seed) * 300;
        tr_jitter_put(&jitter, timestamp, pcm, 1 + (int)(what % 1524), test_random(&seed));
        tr_jitter_get(&jitter, out, present, TICK, test_random(&seed) << (what % 9));
        if (what % 1000 == 0)
            tr_jitter_skip(&jitter, what % 20000);
    }
}

const SUITE(suite_jitter) = {
    {"a_quiet_network_is_played_whole", a_quiet_network_is_played_whole},
    {"jitter_raises_the_delay_until_it_fits", jitter_raises_the_delay_until_it_fits},
    {"losses_are_gaps_of_their_length", losses_are_gaps_of_their_length},
    {"drifting_clocks_cost_little", drifting_clocks_cost_little},
    {"a_jump_of_timestamps_is_soon_overcome", a_jump_of_timestamps_is_soon_overcome},
    {"a_stall_of_the_network_is_survived", a_stall_of_the_network_is_survived},
    {"silence_is_no_reason_to_drift", silence_is_no_reason_to_drift},
    {"odd_packets_fit", odd_packets_fit},
    {"anything_at_all_is_survived", anything_at_all_is_survived},
    END_OF_SUITE,
};
