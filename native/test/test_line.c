/* Events on their way out, and a line's source: when running dry is a fault. */
#include "engine/line.h"
#include "harness.h"

static int16_t source[4096], sink[4096], speech[400];
static tr_line line;
static tr_ring ring;

static void open_line(void)
{
    memset(&line, 0, sizeof line);
    tr_sample_ring_init(&line.source, source, 4096);
    tr_sample_ring_init(&line.sink, sink, 4096);
    tr_line_reset(&line, 0, 1);
}

/* A text: w 20 ms are written, e an end, c a clear, and a figure: so many ticks pass. */
static const struct {
    const char *name, *script;
    int64_t missing, drained;
} rows[] = {
    {"silence before any speech", "9", 0, 0},
    {"it runs dry", "w5", 240, 0},
    {"it ends", "we9", 0, 1},
    {"it speaks after its end and runs dry", "we5w5", 240, 1},
    {"it speaks before its end is reached", "wew9", 400, 1},
    {"a second end", "we5we5", 0, 2},
    {"what was cleared has no end", "w1ec5", 400, 0},
};

static void only_what_follows_no_end_is_missing(void)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        ROW(rows[i].name);
        open_line();
        for (const char *p = rows[i].script; *p; p++) {
            if (*p == 'w')
                tr_sample_ring_write(&line.source, speech, 160);
            else if (*p == 'e')
                tr_sample_ring_end(&line.source);
            else if (*p == 'c')
                tr_sample_ring_clear(&line.source);
            for (int n = *p - '0'; n > 0 && n < 10; n--)
                tr_line_capture(&line, 0);
        }
        CHECK_EQ(line.statistics.source_missing, rows[i].missing);
        CHECK_EQ(line.outbox.tail - line.outbox.head, rows[i].drained);
    }
}

static void events_pass_while_the_ring_has_room(void)
{
    static tr_event storage[128];
    tr_event out;
    tr_ring_init(&ring, storage, 128, sizeof *storage);
    open_line();
    line.outbox.ring = &ring;
    for (uint32_t n = 0; n < 120; n++) /* far more than the outbox holds, in one tick */
        tr_line_emit(&line, TR_EVENT_SOURCE_DRAINED, n, 0);
    CHECK_EQ(line.outbox.lost, 0);
    CHECK_EQ(tr_outbox_flush(&line.outbox, &ring), 120);
    CHECK_EQ(tr_outbox_flush(&line.outbox, &ring), 0);
    for (uint32_t n = 0; n < 120; n++) {
        CHECK(tr_ring_pop(&ring, &out));
        CHECK_EQ(out.value, n);
    }
}

static void events_stay_in_order_when_the_ring_was_full(void)
{
    static tr_event storage[8];
    tr_event out;
    uint32_t next = 0;
    tr_ring_init(&ring, storage, 8, sizeof *storage);
    open_line();
    line.outbox.ring = &ring;
    for (uint32_t n = 0; n < 30; n++) {
        tr_line_emit(&line, TR_EVENT_SOURCE_DRAINED, n, 0);
        if (n % 5 == 4) { /* the reader takes a few; nothing may overtake those that wait */
            for (int taken = 0; taken < 3 && tr_ring_pop(&ring, &out); taken++)
                CHECK_EQ(out.value, next++);
            tr_outbox_flush(&line.outbox, &ring);
        }
    }
    for (int tick = 0; tick < 10; tick++, tr_outbox_flush(&line.outbox, &ring))
        while (tr_ring_pop(&ring, &out))
            CHECK_EQ(out.value, next++);
    CHECK_EQ(next, 30);
    CHECK_EQ(line.outbox.lost, 0);
}

const SUITE(suite_line) = {
    {"only_what_follows_no_end_is_missing", only_what_follows_no_end_is_missing},
    {"events_pass_while_the_ring_has_room", events_pass_while_the_ring_has_room},
    {"events_stay_in_order_when_the_ring_was_full", events_stay_in_order_when_the_ring_was_full},
    END_OF_SUITE,
};
