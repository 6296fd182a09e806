#include "harness.h"
#include "rtp/event_receiver.h"
#include "rtp/event_sender.h"

/*
 * A thousand random digits over a bad line: 5 % loss, 5 % duplicates, 5 % overtaken by up to two
 * packets. Exactly once, in order.
 */
enum { SLOT = 160, PT = 101, DIGITS = 1000, HELD_BACK = 3 };

typedef struct {
    bool used;
    uint8_t payload[4];
    uint32_t timestamp;
    int wait;
} in_flight;

static tr_event_sender sender;
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
        tr_event_slot slot;
        tr_event_sender_slot(&sender, 0xFFFF0000 + n * SLOT, SLOT, PT, &slot);
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

/* Keys as fast as a receiver must take them, 40 ms down and 40 ms up, must not pile up. */
static void live_keys_keep_pace(void)
{
    uint32_t most = 0, ended = 0;
    tr_event_sender_init(&sender);
    for (int64_t now = 0; now < 200 * 640; now += SLOT / 2) {
        tr_event_slot slot = {0};
        if (now % 640 == 0)
            CHECK(tr_event_sender_press(&sender, (uint8_t)(now / 640 % 10), now));
        if (now % 640 == 320)
            CHECK(tr_event_sender_release(&sender, now));
        if (now % SLOT == 0)
            tr_event_sender_slot(&sender, (uint32_t)now, SLOT, PT, &slot);
        ended += slot.last;
        if (tr_event_sender_pending(&sender) > most)
            most = tr_event_sender_pending(&sender);
    }
    CHECK(ended >= 198);
    CHECK(most <= 2);
}

const SUITE(suite_digit_link) = {
    {"on_a_good_line", on_a_good_line},
    {"on_a_bad_line", on_a_bad_line},
    {"live_keys_keep_pace", live_keys_keep_pace},
    END_OF_SUITE,
};
