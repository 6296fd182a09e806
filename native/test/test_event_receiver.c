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
