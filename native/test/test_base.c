#include <pthread.h>

#include "base/ring.h"
#include "base/sample_ring.h"
#include "base/sequence.h"
#include "base/snapshot.h"
#include "harness.h"

static void full_ring_refuses(void)
{
    tr_ring ring;
    uint32_t storage[4], value = 0;
    tr_ring_init(&ring, storage, 4, sizeof value);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 4; i++)
            CHECK(tr_ring_push(&ring, &i));
        CHECK(!tr_ring_push(&ring, &value));
        for (uint32_t i = 0; i < 4; i++) {
            CHECK(tr_ring_pop(&ring, &value));
            CHECK_EQ(value, i);
        }
        CHECK(!tr_ring_pop(&ring, &value));
    }
}

enum { PASSED = 20000 };

static void *produce(void *argument)
{
    tr_ring *ring = argument;
    for (uint32_t i = 0; i < PASSED;)
        i += tr_ring_push(ring, &i);
    return NULL;
}

static void two_threads_keep_order(void)
{
    tr_ring ring;
    uint32_t storage[64], value;
    pthread_t thread;
    tr_ring_init(&ring, storage, 64, sizeof value);
    pthread_create(&thread, NULL, produce, &ring);
    for (uint32_t i = 0; i < PASSED;)
        if (tr_ring_pop(&ring, &value))
            CHECK_EQ(value, i++);
    pthread_join(thread, NULL);
}

typedef struct {
    tr_snapshot snapshot;
    _Atomic int stop;
} published;

static void *publish(void *argument)
{
    published *p = argument;
    int64_t record[8];
    for (int64_t n = 0; !p->stop; n++) {
        for (int i = 0; i < 8; i++)
            record[i] = n;
        tr_snapshot_publish(&p->snapshot, record, sizeof record);
    }
    return NULL;
}

static void snapshots_are_never_torn(void)
{
    static published p;
    int64_t record[8];
    pthread_t thread;
    pthread_create(&thread, NULL, publish, &p);
    for (int n = 0; n < 20000; n++) {
        tr_snapshot_read(&p.snapshot, record, sizeof record);
        for (int i = 1; i < 8; i++)
            CHECK_EQ(record[i], record[0]);
    }
    p.stop = 1;
    pthread_join(thread, NULL);
}

const SUITE(suite_ring) = {
    {"full_ring_refuses", full_ring_refuses},
    {"two_threads_keep_order", two_threads_keep_order},
    {"snapshots_are_never_torn", snapshots_are_never_torn},
    END_OF_SUITE,
};

static tr_sample_ring samples;
static int16_t sample_storage[16];

static void samples_wrap_and_are_bounded(void)
{
    const int16_t in[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    int16_t out[16];
    tr_sample_ring_init(&samples, sample_storage, 16);
    for (int round = 0; round < 5; round++) {
        CHECK_EQ(tr_sample_ring_write(&samples, in, 12), 12);
        CHECK_EQ(tr_sample_ring_write(&samples, in, 12), 4);
        CHECK_EQ(tr_sample_ring_level(&samples), 16);
        CHECK_EQ(tr_sample_ring_read(&samples, out, 16), 16);
        CHECK(!memcmp(out, in, sizeof in) && !memcmp(out + 12, in, 4 * sizeof *in));
    }
}

static void an_end_is_reached_once_taken(void)
{
    const int16_t in[4] = {1, 2, 3, 4};
    int16_t out[4];
    tr_sample_ring_init(&samples, sample_storage, 16);
    CHECK_EQ(tr_sample_ring_end_reached(&samples), 0);
    tr_sample_ring_write(&samples, in, 4);
    CHECK_EQ(tr_sample_ring_end(&samples), 1);
    CHECK_EQ(tr_sample_ring_end_reached(&samples), 0);
    tr_sample_ring_read(&samples, out, 4);
    CHECK_EQ(tr_sample_ring_end_reached(&samples), 1);
    tr_sample_ring_write(&samples, in, 4);
    CHECK_EQ(tr_sample_ring_end(&samples), 2);
    CHECK_EQ(tr_sample_ring_end_reached(&samples), 0);
}

static void clearing_voids_what_waits_and_the_end(void)
{
    const int16_t in[4] = {1, 2, 3, 4};
    int16_t out[4];
    tr_sample_ring_init(&samples, sample_storage, 16);
    tr_sample_ring_write(&samples, in, 4);
    tr_sample_ring_end(&samples);
    tr_sample_ring_clear(&samples);
    CHECK_EQ(tr_sample_ring_level(&samples), 0);
    CHECK_EQ(tr_sample_ring_end_reached(&samples), 0);
    tr_sample_ring_write(&samples, in + 2, 2);
    CHECK_EQ(tr_sample_ring_read(&samples, out, 4), 2);
    CHECK_EQ(out[0], 3);
}

const SUITE(suite_sample_ring) = {
    {"samples_wrap_and_are_bounded", samples_wrap_and_are_bounded},
    {"an_end_is_reached_once_taken", an_end_is_reached_once_taken},
    {"clearing_voids_what_waits_and_the_end", clearing_voids_what_waits_and_the_end},
    END_OF_SUITE,
};

static void differences_survive_wraps(void)
{
    static const struct {
        int64_t near;
        uint16_t seq;
        int64_t wanted;
    } rows[] = {{65535, 0, 65536}, {65536, 65535, 65535}, {0, 65535, -1}, {70000, 4464, 70000},
                {131071, 5, 131077}, {100000, 34400, 99936}};
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_EQ(tr_seq_extend(rows[i].near, rows[i].seq), rows[i].wanted);
    CHECK_EQ(tr_ts_diff(5, UINT32_MAX - 4), 10);
    CHECK_EQ(tr_ts_diff(UINT32_MAX - 4, 5), -10);
}

const SUITE(suite_sequence) = {
    {"differences_survive_wraps", differences_survive_wraps},
    END_OF_SUITE,
};
