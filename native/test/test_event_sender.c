#include "harness.h"
#include "rtp/bytes.h"
#include "rtp/event_sender.h"

enum { SLOT = 160, PT = 101 };

static tr_event_sender sender;

static tr_event_slot slot_at(uint32_t timestamp, uint8_t payload_type)
{
    tr_event_slot slot;
    tr_event_sender_slot(&sender, timestamp, SLOT, payload_type, &slot);
    return slot;
}

/* One digit of 100 ms, slot by slot: duration, end bit, marker (RFC 4733 sections 2.3, 2.5.1). */
static void a_digit_is_told_as_the_standard_says(void)
{
    static const struct {
        uint16_t duration;
        bool end, marker, event;
    } rows[] = {{160, 0, 1, 1}, {320, 0, 0, 1}, {480, 0, 0, 1}, {640, 0, 0, 1}, {800, 1, 0, 1},
                {800, 1, 0, 1}, {800, 1, 0, 1}, {0, 0, 0, 0}};
    tr_event_sender_init(&sender);
    CHECK(tr_event_sender_send(&sender, 11, 800));
    for (uint32_t n = 0; n < COUNT(rows); n++) {
        const tr_event_slot slot = slot_at(0xFFFFFF00 + n * SLOT, PT);
        CHECK_EQ(slot.event, rows[n].event);
        if (!slot.event)
            continue;
        CHECK_EQ(slot.timestamp, 0xFFFFFF00);
        CHECK_EQ(slot.payload[0], 11);
        CHECK_EQ(slot.payload[1], (rows[n].end ? 0x80 : 0) | TR_DIGIT_VOLUME);
        CHECK_EQ(tr_get16(slot.payload + 2), rows[n].duration);
        CHECK_EQ(slot.marker, rows[n].marker);
        CHECK_EQ(slot.payload_type, PT);
    }
    CHECK_EQ(tr_event_sender_pending(&sender), 0);
}

static void exact_durations_and_gaps(void)
{
    static const uint32_t durations[] = {1, 320, 321, 400, 800, 4000, 3999};
    tr_event_sender_init(&sender);
    for (size_t i = 0; i < COUNT(durations); i++)
        CHECK(tr_event_sender_send(&sender, (uint8_t)i, durations[i]));
    uint32_t last_end = 0, seen = 0;
    for (uint32_t n = 0; n < 400; n++) {
        const tr_event_slot slot = slot_at(n * SLOT, PT);
        if (slot.first && seen++ > 0)
            CHECK(slot.timestamp - last_end >= TR_DIGIT_GAP);
        if (!slot.last)
            continue;
        const uint32_t wanted = durations[slot.code] < TR_DIGIT_MIN ? TR_DIGIT_MIN
                                                                    : durations[slot.code];
        CHECK_EQ(slot.duration, wanted);
        last_end = slot.timestamp + slot.duration;
    }
    CHECK_EQ(seen, COUNT(durations));
}

static void a_key_may_be_held(void)
{
    tr_event_sender_init(&sender);
    CHECK(!tr_event_sender_release(&sender, 0));
    CHECK(tr_event_sender_press(&sender, 5, 1000));
    for (uint32_t n = 0; n < 20; n++)
        CHECK(!slot_at(n * SLOT, PT).last);
    CHECK(tr_event_sender_release(&sender, 1000 + 20 * SLOT + 30));
    const tr_event_slot slot = slot_at(20 * SLOT, PT);
    CHECK(slot.last);
    CHECK_EQ(slot.duration, 20 * SLOT + 30);
}

/* A release inside a slot that was told to its end already: the end tells no less. */
static void durations_never_fall(void)
{
    for (uint32_t early = 0; early < SLOT; early += 53) {
        uint32_t told = 0;
        tr_event_sender_init(&sender);
        tr_event_sender_press(&sender, 6, 0);
        for (uint32_t n = 0; n < 9; n++) {
            if (n == 6)
                CHECK(tr_event_sender_release(&sender, 6 * SLOT - early));
            const tr_event_slot slot = slot_at(n * SLOT, PT);
            if (slot.event && slot.send) {
                CHECK(tr_get16(slot.payload + 2) >= told);
                told = tr_get16(slot.payload + 2);
            }
        }
        CHECK_EQ(told, 6 * SLOT);
        CHECK_EQ(tr_event_sender_pending(&sender), 0);
    }
}

static void a_new_key_ends_the_old_one(void)
{
    uint32_t firsts = 0, lasts = 0;
    tr_event_sender_init(&sender);
    tr_event_sender_press(&sender, 1, 0);
    tr_event_sender_press(&sender, 2, 400);
    tr_event_sender_release(&sender, 800);
    for (uint32_t n = 0; n < 30; n++) {
        const tr_event_slot slot = slot_at(n * SLOT, PT);
        firsts += slot.first;
        lasts += slot.last;
        CHECK(firsts - lasts <= 1);
    }
    CHECK_EQ(lasts, 2);
}

/* Section 2.5.1.3: segments of 0xFFFF; 2.5.1.4: the last packet of each three times. */
static void a_long_digit_is_segmented(void)
{
    const uint32_t length = 2 * 0xFFFF + 5000;
    uint32_t full = 0, ends = 0, markers = 0, last_timestamp = 0;
    tr_event_sender_init(&sender);
    tr_event_sender_send(&sender, 3, length);
    for (uint32_t n = 0; n < 1000; n++) {
        const tr_event_slot slot = slot_at(7 + n * SLOT, PT);
        if (!slot.event)
            continue;
        const uint16_t duration = tr_get16(slot.payload + 2);
        CHECK_EQ((slot.timestamp - 7) % 0xFFFF, 0);
        full += duration == 0xFFFF;
        markers += slot.marker;
        ends += slot.payload[1] >> 7;
        last_timestamp = slot.timestamp;
        if (slot.last)
            CHECK_EQ(slot.duration, length);
        if (slot.payload[1] >> 7)
            CHECK_EQ(duration, 5000);
    }
    CHECK_EQ(full, 6);
    CHECK_EQ(ends, 3);
    CHECK_EQ(markers, 1);
    CHECK_EQ(last_timestamp, 7 + 2 * 0xFFFF);
}

static void lengths_around_a_segment(void)
{
    static const uint32_t lengths[] = {0xFFFE, 0xFFFF, 0x10000, 0x10001, 0xFFFF + 160, 0xFFFF + 480,
                                       2 * 0xFFFF - 1, 2 * 0xFFFF, 2 * 0xFFFF + 1};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        uint32_t told = 0, ends = 0;
        tr_event_sender_init(&sender);
        tr_event_sender_send(&sender, 3, lengths[i]);
        for (uint32_t n = 0; n < 1000; n++) {
            const tr_event_slot slot = slot_at(n * SLOT, PT);
            if (slot.event && slot.payload[1] & 0x80) {
                told = slot.timestamp + tr_get16(slot.payload + 2);
                ends++;
            }
        }
        CHECK_EQ(told, lengths[i]);
        CHECK_EQ(ends, 3);
        CHECK_EQ(tr_event_sender_pending(&sender), 0);
    }
}

static void a_new_payload_type_waits_for_the_next_digit(void)
{
    tr_event_sender_init(&sender);
    tr_event_sender_send(&sender, 1, 800);
    tr_event_sender_send(&sender, 2, 800);
    CHECK_EQ(slot_at(0, 101).payload_type, 101);
    for (uint32_t n = 1; n < 7; n++)
        CHECK_EQ(slot_at(n * SLOT, 96).payload_type, 101);
    CHECK_EQ(slot_at(7 * SLOT, 96).payload_type, 96);
}

static void the_sender_queue_is_bounded(void)
{
    tr_event_sender_init(&sender);
    for (int n = 0; n < TR_DIGIT_QUEUE; n++)
        CHECK(tr_event_sender_send(&sender, 1, 800));
    CHECK(!tr_event_sender_send(&sender, 1, 800));
    CHECK(!tr_event_sender_press(&sender, 1, 0));
}

/* When sending falls at slot `at`: what was begun is over, the rest is dropped, nothing comes later. */
static void a_flush_leaves_nothing(void)
{
    static const struct {
        const char *name;
        uint32_t at, unsent, duration; /* 0: its end was told already, or it was never begun */
    } rows[] = {
        {"before the first", 0, 3, 0},
        {"in the first", 3, 2, 3 * SLOT},
        {"in its end", 6, 2, 0},
        {"before the second", 7, 2, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        tr_event_slot slot;
        uint32_t n = 0;
        ROW(rows[i].name);
        tr_event_sender_init(&sender);
        CHECK(tr_event_sender_send(&sender, 7, 800) && tr_event_sender_send(&sender, 8, 800) &&
              tr_event_sender_press(&sender, 9, 0));
        while (n < rows[i].at)
            slot_at(n++ * SLOT, PT);
        CHECK_EQ(tr_event_sender_flush(&sender, &slot), rows[i].unsent);
        CHECK_EQ(slot.last, rows[i].duration > 0);
        CHECK_EQ(slot.duration, rows[i].duration);
        CHECK(!slot.last || slot.code == 7);
        CHECK(!tr_event_sender_release(&sender, 9000));
        CHECK(!slot_at(n * SLOT, PT).event);
        CHECK_EQ(tr_event_sender_pending(&sender), 0);
    }
}

const SUITE(suite_event_sender) = {
    {"a_flush_leaves_nothing", a_flush_leaves_nothing},
    {"a_digit_is_told_as_the_standard_says", a_digit_is_told_as_the_standard_says},
    {"exact_durations_and_gaps", exact_durations_and_gaps},
    {"a_key_may_be_held", a_key_may_be_held},
    {"durations_never_fall", durations_never_fall},
    {"a_new_key_ends_the_old_one", a_new_key_ends_the_old_one},
    {"a_long_digit_is_segmented", a_long_digit_is_segmented},
    {"lengths_around_a_segment", lengths_around_a_segment},
    {"a_new_payload_type_waits_for_the_next_digit", a_new_payload_type_waits_for_the_next_digit},
    {"the_sender_queue_is_bounded", the_sender_queue_is_bounded},
    END_OF_SUITE,
};
