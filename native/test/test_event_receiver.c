#include "harness.h"
#include "rtp/bytes.h"
#include "rtp/event_receiver.h"

enum { SLOT = 160 };

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
    {"two keys at one time, repeated", {{EVENT, 5, 1, 400, 100}, {EVENT, 6, 1, 400, 100},
                                        {EVENT, 5, 1, 400, 100}, {EVENT, 6, 1, 400, 100}},
     "5+ 5-:400 6+ 6-:400 "},
    {"speech between updates of 50 ms",
     {{EVENT, 5, 0, 160, 0}, {AUDIO, .timestamp = 160}, {AUDIO, .timestamp = 320},
      {EVENT, 5, 0, 560, 0}, {AUDIO, .timestamp = 480}, {AUDIO, .timestamp = 640},
      {AUDIO, .timestamp = 800}, {EVENT, 5, 0, 960, 0}, {AUDIO, .timestamp = 960},
      {EVENT, 5, 1, 1200, 0}}, "5+ 5-:1200 "},
    {"one update of 50 ms lost", {{EVENT, 5, 0, 400, 0}, {NOTHING}, {EVENT, 5, 0, 800, 0}, {NOTHING},
                                  {NOTHING}, {NOTHING}, {NOTHING}, {EVENT, 5, 1, 1600, 0}},
     "5+ 5-:1600 "},
    {"a hole at a segment's border", {{EVENT, 5, 0, 0xFFFF, 10}, {NOTHING}, {NOTHING}, {NOTHING},
                                      {NOTHING}, {NOTHING}, {NOTHING}, {EVENT, 5, 0, 160, 10 + 0xFFFF},
                                      {EVENT, 5, 1, 320, 10 + 0xFFFF}}, "5+ 5-:65855 "},
    {"a segment after the end was supposed", {{EVENT, 5, 0, 0xF000, 10}, {NOTHING}, {NOTHING}, {NOTHING},
                                              {NOTHING}, {NOTHING}, {NOTHING},
                                              {EVENT, 5, 0, 160, 10 + 0xFFFF},
                                              {EVENT, 5, 1, 320, 10 + 0xFFFF}}, "5+ 5-:61440 "},
    {"updates after the end was supposed", {{EVENT, 5, 0, 160, 0}, {NOTHING}, {NOTHING}, {NOTHING},
                                            {NOTHING}, {NOTHING}, {NOTHING}, {EVENT, 5, 0, 1280, 0},
                                            {EVENT, 5, 1, 1440, 0}}, "5+ 5-:160 "},
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

/* The same digit of the same sender, whose sequence numbers have jumped: it is still one. Another
 * sender's digit is another, whatever its timestamp. */
static void a_restart_is_no_new_digit_but_a_new_sender_is(void)
{
    static const struct {
        const char *name;
        void (*between)(tr_event_receiver *);
        uint32_t first, second;
        const char *told;
    } rows[] = {
        {"restart", tr_event_receiver_restart, 1000, 1000, "5+ 5-:480 "},
        {"restart, timestamps back", tr_event_receiver_restart, 9000, 1000, "5+ 5-:160 5+ 5-:480 "},
        {"another sender", tr_event_receiver_forget, 1000, 1000, "5+ 5-:160 5+ 5-:480 "},
        {"another sender, timestamps back", tr_event_receiver_forget, 9000, 1000,
         "5+ 5-:160 5+ 5-:480 "},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        tr_event_receiver receiver;
        char told[100] = "";
        const entry before = {EVENT, 5, 0, 160, rows[i].first}, after = {EVENT, 5, 1, 480, rows[i].second};
        ROW(rows[i].name);
        tr_event_receiver_init(&receiver);
        arrive(&receiver, &before, 0);
        rows[i].between(&receiver);
        arrive(&receiver, &after, SLOT);
        arrive(&receiver, &after, 2 * SLOT);
        tell(&receiver, told, sizeof told);
        CHECK(!strcmp(told, rows[i].told));
    }
}

const SUITE(suite_event_receiver) = {
    {"a_restart_is_no_new_digit_but_a_new_sender_is", a_restart_is_no_new_digit_but_a_new_sender_is},
    {"each_key_is_told_once", each_key_is_told_once},
    {"short_payloads_are_refused", short_payloads_are_refused},
    END_OF_SUITE,
};
