#include "rtp/event_receiver.h"

#include <string.h>

#include "base/sequence.h"
#include "rtp/bytes.h"

enum {
    BLOCK = 4,
    LAST_DTMF = 15,
    SEGMENT = 0xFFFF,
    SEGMENT_NEAR = SEGMENT - 1600,
    SILENCE_MIN = 800,          /* 100 ms */
    SILENCE_SEGMENT = 4000,     /* where the next segment is due: a short hole must not end a long key */
    UPDATES_MISSED = 3,
    UPDATE_USUAL = 400,         /* 50 ms: what section 2.5.1.2 recommends */
    UPDATE_MAX = 800,
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

static void finish(tr_event_receiver *r, bool told)
{
    if (!r->active)
        return;
    r->active = false;
    r->unfinished = !told;
    report(r, false, r->segment - r->timestamp + r->duration);
}

static void remember(tr_event_receiver *r)
{
    r->told[r->told_count++ % TR_RECEIVER_TOLD] =
        (tr_told_digit){.event = r->event, .timestamp = r->segment};
}

static bool is_told(const tr_event_receiver *r, uint8_t event, uint32_t timestamp)
{
    const uint32_t count = r->told_count < TR_RECEIVER_TOLD ? r->told_count : TR_RECEIVER_TOLD;
    for (uint32_t i = 0; i < count; i++)
        if (r->told[i].event == event && r->told[i].timestamp == timestamp)
            return true;
    return false;
}

static void start(tr_event_receiver *r, uint8_t event, uint32_t timestamp)
{
    finish(r, false);
    r->active = r->any = true;
    r->unfinished = r->anew = false;
    r->event = event;
    r->timestamp = r->segment = timestamp;
    r->duration = 0;
    remember(r);
    report(r, true, 0);
}

/* A new segment of the digit, which may have been thought over while its packets were lost. */
static bool next_segment(tr_event_receiver *r, uint8_t event, uint32_t timestamp)
{
    if (!r->any || !(r->active || r->unfinished) || event != r->event ||
        timestamp != r->segment + SEGMENT)
        return false;
    r->segment = timestamp;
    r->duration = 0;
    remember(r);
    return true;
}

/* Another key at the same time is legal, so the key counts too. */
static bool is_old(const tr_event_receiver *r, uint8_t event, uint32_t timestamp)
{
    if (!r->any)
        return false;
    if (is_told(r, event, timestamp))
        return true;
    const int32_t ahead = tr_ts_diff(timestamp, r->segment);
    return !r->anew && ahead < 0 && ahead > -STALE;
}

static void grow(tr_event_receiver *r, uint16_t duration)
{
    if (duration <= r->duration)
        return;
    const uint32_t by = duration - r->duration;
    if (r->duration > 0)
        r->update = by < UPDATE_MAX ? by : UPDATE_MAX;
    r->duration = duration;
}

static void one_event(tr_event_receiver *r, const uint8_t *p, uint32_t timestamp)
{
    const uint8_t event = p[0];
    const bool end = p[1] & 0x80;
    if (event > LAST_DTMF)
        return;
    const bool same = r->active && event == r->event && timestamp == r->segment;
    if (!same && !next_segment(r, event, timestamp)) {
        if (is_old(r, event, timestamp))
            return;
        start(r, event, timestamp);
    }
    grow(r, tr_get16(p + 2));
    if (end)
        finish(r, true);
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

/* Some senders go on with speech during a key: only what lies well past the time told so far, where
 * an update should have come, speaks of a lost end. */
void tr_event_receiver_audio(tr_event_receiver *r, uint32_t timestamp)
{
    const uint32_t update = r->update > UPDATE_USUAL ? r->update : UPDATE_USUAL;
    if (!r->active || tr_ts_diff(timestamp, r->segment + r->duration + update) < 0)
        return;
    if (++r->audio_since >= AUDIO_ENDS)
        finish(r, false);
}

static uint32_t longest(uint32_t a, uint32_t b) { return a > b ? a : b; }

static uint32_t patience(const tr_event_receiver *r, uint32_t packet_samples)
{
    if (r->duration >= SEGMENT_NEAR)
        return SILENCE_SEGMENT;
    return longest(SILENCE_MIN, UPDATES_MISSED * longest(packet_samples, r->update));
}

void tr_event_receiver_tick(tr_event_receiver *r, uint32_t packet_samples, uint32_t now)
{
    if (r->active && tr_ts_diff(now, r->heard) >= (int32_t)patience(r, packet_samples))
        finish(r, false);
}

void tr_event_receiver_restart(tr_event_receiver *r) { r->anew = true; }

void tr_event_receiver_forget(tr_event_receiver *r)
{
    finish(r, true);
    r->any = r->anew = false;
    r->told_count = 0;
}

uint32_t tr_event_receiver_told(const uint8_t *payload, size_t size)
{
    uint32_t duration = 0;
    for (size_t at = 0; at + BLOCK <= size && at < TR_RECEIVER_BLOCKS * BLOCK; at += BLOCK)
        duration += tr_get16(payload + at + 2);
    return duration;
}
