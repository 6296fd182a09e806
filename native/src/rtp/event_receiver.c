#include "rtp/event_receiver.h"

#include <string.h>

#include "base/sequence.h"
#include "rtp/bytes.h"

enum {
    BLOCK = 4,
    LAST_DTMF = 15,
    SEGMENT = 0xFFFF,
    SILENCE_MIN = 800,          /* 100 ms */
    AUDIO_ENDS = 2,             /* speech packets that prove an end was lost */
    STALE = 60 * 8000           /* further back than this is another clock, not an old packet */
};

void tr_event_receiver_init(tr_event_receiver *r) { memset(r, 0, sizeof *r); }

bool tr_event_receiver_next(tr_event_receiver *r, tr_digit_report *report)
{
    if (r->head == r->tail)
        return false;
    *report = r->out[r->head++ % TR_RECEIVER_OUT];
    return true;
}

/* The owner takes the reports after each call, so there is room for all that one call makes. */
static void report(tr_event_receiver *r, bool started, uint32_t duration)
{
    if (r->tail - r->head == TR_RECEIVER_OUT)
        return;
    r->out[r->tail++ % TR_RECEIVER_OUT] = (tr_digit_report){
        .started = started, .event = r->event, .timestamp = r->timestamp, .duration = duration};
}

static void finish(tr_event_receiver *r)
{
    if (!r->active)
        return;
    r->active = false;
    report(r, false, r->segment - r->timestamp + r->duration);
}

static void start(tr_event_receiver *r, uint8_t event, uint32_t timestamp)
{
    finish(r);
    r->active = r->any = true;
    r->event = event;
    r->timestamp = r->segment = timestamp;
    r->duration = 0;
    report(r, true, 0);
}

static bool is_old(const tr_event_receiver *r, uint8_t event, uint32_t timestamp)
{
    if (!r->any)
        return false;
    const int32_t ahead = tr_ts_diff(timestamp, r->segment);
    if (ahead == 0) /* the same digit: old once it is over; another key at one time is legal */
        return !r->active && event == r->event;
    return ahead < 0 && ahead > -STALE;
}

static void one_event(tr_event_receiver *r, const uint8_t *p, uint32_t timestamp)
{
    const uint8_t event = p[0];
    const bool end = p[1] & 0x80;
    const uint16_t duration = tr_get16(p + 2);
    if (event > LAST_DTMF || is_old(r, event, timestamp))
        return;
    const bool same = r->active && event == r->event && timestamp == r->segment;
    if (r->active && event == r->event && timestamp == r->segment + SEGMENT) {
        r->segment = timestamp;
        r->duration = 0;
    } else if (!same) {
        start(r, event, timestamp);
    }
    if (duration > r->duration)
        r->duration = duration;
    if (end)
        finish(r);
}

bool tr_event_receiver_packet(tr_event_receiver *r, const uint8_t *payload, size_t size,
                              uint32_t timestamp, uint32_t now)
{
    if (size < BLOCK || size % BLOCK)
        return false;
    r->heard = now;
    r->audio_since = 0;
    /* Several events in one packet follow each other in time (section 2.5.1.5): each starts where
     * the one before ends. */
    for (size_t at = 0; at < size && at < TR_RECEIVER_BLOCKS * BLOCK; at += BLOCK) {
        one_event(r, payload + at, timestamp);
        timestamp += tr_get16(payload + at + 2);
    }
    return true;
}

void tr_event_receiver_audio(tr_event_receiver *r, uint32_t timestamp)
{
    if (!r->active || tr_ts_diff(timestamp, r->segment) <= 0)
        return;
    if (++r->audio_since >= AUDIO_ENDS)
        finish(r);
}

void tr_event_receiver_tick(tr_event_receiver *r, uint32_t packet_samples, uint32_t now)
{
    const uint32_t patience = 3 * packet_samples > SILENCE_MIN ? 3 * packet_samples : SILENCE_MIN;
    if (r->active && tr_ts_diff(now, r->heard) >= (int32_t)patience)
        finish(r);
}

void tr_event_receiver_restart(tr_event_receiver *r)
{
    finish(r);
    r->any = false;
}
