#include "harness.h"
#include "rtp/quality.h"
#include "rtp/reception.h"

typedef struct {
    uint32_t ssrc;
    uint16_t sequence;
    tr_packet_verdict wanted;
} arrival;

#define TAKE TR_PACKET_TAKE
#define DUP TR_PACKET_DUPLICATE
#define DROP TR_PACKET_DROP
#define RESTART TR_PACKET_RESTART

static const struct {
    const char *name;
    arrival arrivals[8];
    int64_t lost;
} reception_rows[] = {
    {"in order over the wrap", {{1, 65534, TAKE}, {1, 65535, TAKE}, {1, 0, TAKE}}, 0},
    {"a loss", {{1, 10, TAKE}, {1, 12, TAKE}}, 1},
    {"a loss filled late", {{1, 10, TAKE}, {1, 12, TAKE}, {1, 11, TAKE}}, 0},
    {"duplicates", {{1, 10, TAKE}, {1, 10, DUP}, {1, 11, TAKE}, {1, 10, DUP}}, 0},
    {"older than the first", {{1, 10, TAKE}, {1, 9, TAKE}, {1, 9, DUP}}, 0},
    {"a big gap below 3000", {{1, 10, TAKE}, {1, 3009, TAKE}}, 2998},
    {"a jump restarts on the second", {{1, 10, TAKE}, {1, 5000, DROP}, {1, 5001, RESTART}}, 0},
    {"a jump back too", {{1, 5000, TAKE}, {1, 10, DROP}, {1, 11, RESTART}, {1, 12, TAKE}}, 0},
    {"a stray jump is forgotten", {{1, 10, TAKE}, {1, 5000, DROP}, {1, 11, TAKE}, {1, 5001, DROP}}, 0},
    {"a new ssrc shows two", {{1, 10, TAKE}, {2, 7, DROP}, {2, 8, RESTART}, {2, 9, TAKE}}, 0},
    {"a stranger's single packet", {{1, 10, TAKE}, {2, 7, DROP}, {1, 11, TAKE}, {2, 8, DROP}}, 0},
    {"two strangers", {{1, 10, TAKE}, {2, 7, DROP}, {3, 8, DROP}, {3, 9, RESTART}}, 0},
};

static void verdicts(void)
{
    for (size_t i = 0; i < COUNT(reception_rows); i++) {
        tr_reception r;
        tr_reception_init(&r);
        ROW(reception_rows[i].name);
        for (const arrival *a = reception_rows[i].arrivals; a->ssrc; a++)
            CHECK_EQ(tr_reception_packet(&r, a->ssrc, a->sequence), a->wanted);
        CHECK_EQ(tr_reception_lost(&r), reception_rows[i].lost);
    }
}

static void a_day_of_wraps_loses_nothing(void)
{
    tr_reception r;
    tr_reception_init(&r);
    for (uint32_t n = 0; n < 4320000; n++) /* 24 h of 20 ms */
        if (tr_reception_packet(&r, 1, (uint16_t)(60000 + n)) != TR_PACKET_TAKE)
            test_failures++;
    CHECK_EQ(tr_reception_lost(&r), 0);
    CHECK_EQ(r.highest, 60000 + 4320000 - 1);
    CHECK_EQ(tr_reception_fraction(&r), 0);
}

static void a_hold_loses_nothing(void)
{
    tr_reception r;
    tr_reception_init(&r);
    tr_reception_packet(&r, 1, 10);
    tr_reception_packet(&r, 1, 12);
    tr_reception_suspend(&r);
    CHECK_EQ(tr_reception_packet(&r, 1, 1500), TAKE);
    CHECK_EQ(tr_reception_packet(&r, 1, 1501), TAKE);
    CHECK_EQ(tr_reception_lost(&r), 1);
}

static void fractions_are_of_the_interval(void)
{
    tr_reception r;
    tr_reception_init(&r);
    for (uint16_t n = 0; n < 100; n++)
        if (n % 4)
            tr_reception_packet(&r, 1, n);
    CHECK_EQ(tr_reception_fraction(&r), 24 * 256 / 99);
    for (uint16_t n = 100; n < 200; n++)
        tr_reception_packet(&r, 1, n);
    CHECK_EQ(tr_reception_fraction(&r), 0);
}

static void jitter_is_that_of_the_standard(void)
{
    tr_reception r;
    tr_reception_init(&r);
    for (uint32_t n = 0; n < 2000; n++) /* every second packet 80 samples late */
        tr_reception_timing(&r, n * 160, n * 160 + (n & 1) * 80 + 0xFFFFF000);
    CHECK(r.jitter > 79 && r.jitter < 81);
    tr_reception_timing(&r, 0x80000000, 0); /* the sender's clock jumps */
    CHECK(r.jitter < 81);
}

const SUITE(suite_reception) = {
    {"verdicts", verdicts},
    {"a_day_of_wraps_loses_nothing", a_day_of_wraps_loses_nothing},
    {"a_hold_loses_nothing", a_hold_loses_nothing},
    {"fractions_are_of_the_interval", fractions_are_of_the_interval},
    {"jitter_is_that_of_the_standard", jitter_is_that_of_the_standard},
    END_OF_SUITE,
};

static void quality_falls_with_loss_and_delay(void)
{
    CHECK(tr_quality_mos(50, 0) > 4.3 && tr_quality_mos(50, 0) <= 4.5);
    CHECK(tr_quality_mos(50, 5) > 3.4 && tr_quality_mos(50, 5) < 4.1);
    CHECK(tr_quality_mos(400, 0) < 3.8);
    CHECK(tr_quality_mos(50, 100) >= 1 && tr_quality_mos(50, 100) < 2);
    for (double loss = 0; loss < 30; loss += 1)
        CHECK(tr_quality_mos(50, loss + 1) < tr_quality_mos(50, loss));
}

const SUITE(suite_quality) = {
    {"quality_falls_with_loss_and_delay", quality_falls_with_loss_and_delay},
    END_OF_SUITE,
};
