#include "engine/outbox.h"
#include "harness.h"
#include "rtp/bytes.h"
#include "rtp/event_receiver.h"
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

const SUITE(suite_event_sender) = {
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

/*
 * What arrives, one entry each 20 ms: an event packet, a speech packet or nothing. What is told is
 * written as text: "5+" starts, "5-" ends, with the duration after a colon.
 */
enum { NOTHING, EVENT, AUDIO };

typedef struct {
    int kind;
    uint8_t event;
    bool end;
    uint16_t duration;
    uint32_t timestamp;
} entry;

static const struct {
    const char *name;
    entry entries[16];
    const char *told;
} receiver_rows[] = {
    {"whole", {{EVENT, 5, 0, 160, 0}, {EVENT, 5, 0, 320, 0}, {EVENT, 5, 1, 480, 0},
               {EVENT, 5, 1, 480, 0}, {EVENT, 5, 1, 480, 0}}, "5+ 5-:480 "},
    {"end alone", {{EVENT, 5, 1, 480, 0}}, "5+ 5-:480 "},
    {"end missing, then silence", {{EVENT, 5, 0, 160, 0}, {NOTHING}, {NOTHING}, {NOTHING}, {NOTHING},
                                   {NOTHING}, {NOTHING}}, "5+ 5-:160 "},
    {"end missing, then speech", {{EVENT, 5, 0, 160, 0}, {AUDIO, .timestamp = 800},
                                  {AUDIO, .timestamp = 960}}, "5+ 5-:160 "},
    {"end missing, then the next", {{EVENT, 5, 0, 160, 0}, {EVENT, 6, 1, 400, 800}},
     "5+ 5-:160 6+ 6-:400 "},
    {"late repeats after the next", {{EVENT, 5, 1, 400, 0}, {EVENT, 6, 0, 160, 800},
                                     {EVENT, 5, 1, 400, 0}, {EVENT, 6, 1, 400, 800}},
     "5+ 5-:400 6+ 6-:400 "},
    {"the same key again", {{EVENT, 5, 1, 400, 0}, {EVENT, 5, 1, 400, 800}},
     "5+ 5-:400 5+ 5-:400 "},
    {"shrinking durations", {{EVENT, 5, 0, 480, 0}, {EVENT, 5, 0, 320, 0}, {EVENT, 5, 1, 640, 0}},
     "5+ 5-:640 "},
    {"over the wrap", {{EVENT, 5, 1, 400, 0xFFFFFFF0}, {EVENT, 6, 1, 400, 784}},
     "5+ 5-:400 6+ 6-:400 "},
    {"a segment goes on", {{EVENT, 5, 0, 0xFFFF, 10}, {EVENT, 5, 0, 160, 10 + 0xFFFF},
                           {EVENT, 5, 1, 320, 10 + 0xFFFF}}, "5+ 5-:65855 "},
    {"unknown events", {{EVENT, 16, 1, 400, 0}, {EVENT, 200, 1, 400, 800}}, ""},
    {"speech from before the key", {{EVENT, 5, 0, 160, 800}, {AUDIO, .timestamp = 480},
                                    {AUDIO, .timestamp = 640}, {EVENT, 5, 1, 320, 800}},
     "5+ 5-:320 "},
    {"zero", {{EVENT, 0, 0, 0, 0}, {EVENT, 0, 1, 320, 0}}, "0+ 0-:320 "},
};

static void tell(tr_event_receiver *receiver, char *told, size_t size)
{
    tr_digit_report report;
    while (tr_event_receiver_next(receiver, &report)) {
        const size_t used = strlen(told);
        if (report.started)
            snprintf(told + used, size - used, "%u+ ", report.event);
        else
            snprintf(told + used, size - used, "%u-:%u ", report.event, report.duration);
    }
}

static void arrive(tr_event_receiver *receiver, const entry *e, uint32_t now)
{
    uint8_t payload[4] = {e->event, (uint8_t)(e->end << 7 | 10)};
    tr_put16(payload + 2, e->duration);
    if (e->kind == EVENT)
        CHECK(tr_event_receiver_packet(receiver, payload, 4, e->timestamp, now));
    else if (e->kind == AUDIO)
        tr_event_receiver_audio(receiver, e->timestamp);
    tr_event_receiver_tick(receiver, SLOT, now + 1);
}

static void each_key_is_told_once(void)
{
    for (size_t i = 0; i < COUNT(receiver_rows); i++) {
        tr_event_receiver receiver;
        char told[200] = "";
        ROW(receiver_rows[i].name);
        tr_event_receiver_init(&receiver);
        for (uint32_t n = 0; n < 16; n++) {
            arrive(&receiver, &receiver_rows[i].entries[n], 0xFFFFFE00 + n * SLOT);
            tell(&receiver, told, sizeof told);
        }
        CHECK(!strcmp(told, receiver_rows[i].told));
        if (strcmp(told, receiver_rows[i].told))
            printf("told: %s\n", told);
    }
}

static void short_payloads_are_refused(void)
{
    tr_event_receiver receiver;
    const uint8_t two[8] = {1, 0x8A, 1, 0x90, 2, 0x8A, 1, 0x90};
    char told[100] = "";
    tr_event_receiver_init(&receiver);
    for (size_t size = 0; size < 8; size++)
        if (size != 4)
            CHECK(!tr_event_receiver_packet(&receiver, two, size, 0, 0));
    CHECK(tr_event_receiver_packet(&receiver, two, 8, 0, 0));
    tell(&receiver, told, sizeof told);
    CHECK(!strcmp(told, "1+ 1-:400 2+ 2-:400 "));
}

const SUITE(suite_event_receiver) = {
    {"each_key_is_told_once", each_key_is_told_once},
    {"short_payloads_are_refused", short_payloads_are_refused},
    END_OF_SUITE,
};

/*
 * A thousand random digits over a bad line: 5 % loss, 5 % duplicates, 5 % overtaken by up to two
 * packets. Exactly once, in order.
 */
enum { DIGITS = 1000, HELD_BACK = 3 };

typedef struct {
    bool used;
    uint8_t payload[4];
    uint32_t timestamp;
    int wait;
} in_flight;

static tr_event_receiver link_receiver;
static uint8_t got[2 * DIGITS];
static int got_count;

static void deliver(const in_flight *packet, uint32_t now)
{
    tr_digit_report report;
    tr_event_receiver_packet(&link_receiver, packet->payload, 4, packet->timestamp, now);
    while (tr_event_receiver_next(&link_receiver, &report))
        if (report.started && got_count < 2 * DIGITS)
            got[got_count++] = report.event;
}

static void impair(const tr_event_slot *slot, uint32_t now, bool bad, uint32_t *seed)
{
    static in_flight held[HELD_BACK];
    in_flight packet = {.used = true, .timestamp = slot->timestamp};
    memcpy(packet.payload, slot->payload, 4);
    for (int i = 0; i < HELD_BACK; i++)
        if (held[i].used && --held[i].wait <= 0) {
            deliver(&held[i], now);
            held[i].used = false;
        }
    if (!slot->event || (bad && test_random(seed) % 20 == 0))
        return;
    if (bad && test_random(seed) % 20 == 0)
        deliver(&packet, now);
    if (bad && test_random(seed) % 20 == 0 && !held[0].used) {
        packet.wait = 1 + (int)(test_random(seed) % 2);
        held[0] = packet;
        return;
    }
    deliver(&packet, now);
}

static void thousand_digits(bool bad, uint32_t seed)
{
    static uint8_t sent[DIGITS];
    uint32_t ordered = 0, n = 0;
    tr_event_sender_init(&sender);
    tr_event_receiver_init(&link_receiver);
    got_count = 0;
    for (; (ordered < DIGITS || tr_event_sender_pending(&sender)) && n < 100000; n++) {
        if (ordered < DIGITS && tr_event_sender_pending(&sender) < 10) {
            const bool again = ordered && test_random(&seed) % 3 == 0;
            sent[ordered] = again ? sent[ordered - 1] : (uint8_t)(test_random(&seed) % 16);
            tr_event_sender_send(&sender, sent[ordered++], 320 + test_random(&seed) % 3681);
        }
        const tr_event_slot slot = slot_at(0xFFFF0000 + n * SLOT, PT);
        impair(&slot, n * SLOT, bad, &seed);
        tr_event_receiver_tick(&link_receiver, SLOT, n * SLOT);
    }
    CHECK_EQ(got_count, DIGITS);
    CHECK(!memcmp(got, sent, DIGITS));
}

static void on_a_good_line(void) { thousand_digits(false, 1); }

static void on_a_bad_line(void)
{
    for (uint32_t seed = 1; seed <= 20; seed++)
        thousand_digits(true, seed);
}

const SUITE(suite_digit_link) = {
    {"on_a_good_line", on_a_good_line},
    {"on_a_bad_line", on_a_bad_line},
    END_OF_SUITE,
};

static void a_full_ring_keeps_events_waiting(void)
{
    static tr_event storage[4];
    static tr_outbox box;
    tr_ring ring;
    tr_event event = {.kind = TR_EVENT_DIGIT_STARTED}, out;
    tr_ring_init(&ring, storage, 4, sizeof event);
    tr_outbox_init(&box);
    for (uint32_t n = 0; n < 10; n++) {
        event.value = n;
        CHECK(tr_outbox_put(&box, &event));
    }
    for (uint32_t n = 0; n < 10; n++) {
        tr_outbox_flush(&box, &ring);
        CHECK(tr_ring_pop(&ring, &out));
        CHECK_EQ(out.value, n);
    }
}

static void the_last_word_always_has_a_place(void)
{
    static tr_outbox box;
    const tr_event event = {.kind = TR_EVENT_DIGIT_STARTED}, last = {.kind = TR_EVENT_RETIRED};
    tr_outbox_init(&box);
    for (int n = 0; n < TR_OUTBOX - 1; n++)
        CHECK(tr_outbox_put(&box, &event));
    CHECK(!tr_outbox_put(&box, &event));
    CHECK_EQ(box.lost, 1);
    CHECK(tr_outbox_put(&box, &last));
}

const SUITE(suite_outbox) = {
    {"a_full_ring_keeps_events_waiting", a_full_ring_keeps_events_waiting},
    {"the_last_word_always_has_a_place", the_last_word_always_has_a_place},
    END_OF_SUITE,
};
