#include "engine/outbox.h"
#include "harness.h"

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
