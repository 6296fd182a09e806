#include "rtp/event_sender.h"

#include <string.h>

#include "rtp/bytes.h"

enum { SEGMENT_MAX = 0xFFFF, END_PACKETS = 3, END_BIT = 0x80 };

void tr_event_sender_init(tr_event_sender *s) { memset(s, 0, sizeof *s); }

uint32_t tr_event_sender_pending(const tr_event_sender *s)
{
    return s->tail - s->head;
}

static tr_digit_order *order_at(tr_event_sender *s, uint32_t position)
{
    return &s->queue[position % TR_DIGIT_QUEUE];
}

static bool enqueue(tr_event_sender *s, tr_digit_order order)
{
    if (tr_event_sender_pending(s) == TR_DIGIT_QUEUE)
        return false;
    *order_at(s, s->tail++) = order;
    return true;
}

static uint32_t at_least_minimum(int64_t duration)
{
    return duration < TR_DIGIT_MIN ? TR_DIGIT_MIN : (uint32_t)duration;
}

bool tr_event_sender_press(tr_event_sender *s, uint8_t event, int64_t now)
{
    tr_event_sender_release(s, now); /* one finger: a new key ends the old one */
    return enqueue(s, (tr_digit_order){.event = event, .held = true, .pressed = now});
}

bool tr_event_sender_release(tr_event_sender *s, int64_t now)
{
    if (tr_event_sender_pending(s) == 0)
        return false;
    tr_digit_order *order = order_at(s, s->tail - 1);
    if (!order->held)
        return false;
    order->held = false;
    order->duration = at_least_minimum(now - order->pressed);
    return true;
}

bool tr_event_sender_send(tr_event_sender *s, uint8_t event, uint32_t duration)
{
    return enqueue(s, (tr_digit_order){.event = event, .duration = at_least_minimum(duration)});
}

uint32_t tr_event_sender_flush(tr_event_sender *s, tr_event_slot *slot)
{
    const bool begun = s->state == TR_SENDER_SOUNDING || s->state == TR_SENDER_ENDING;
    const uint32_t unsent = tr_event_sender_pending(s) - begun;
    memset(slot, 0, sizeof *slot);
    if (s->state == TR_SENDER_SOUNDING) {
        slot->last = true;
        slot->code = order_at(s, s->head)->event;
        slot->duration = s->before + s->told;
    }
    s->head = s->tail;
    s->state = TR_SENDER_IDLE;
    s->gap = 0;
    return unsent;
}

/* RFC 4733 section 2.3: event, E R volume, duration. */
static void write_payload(tr_event_slot *slot, uint8_t code, bool end, uint32_t duration)
{
    slot->payload[0] = code;
    slot->payload[1] = (uint8_t)((end ? END_BIT : 0) | TR_DIGIT_VOLUME);
    tr_put16(slot->payload + 2, (uint16_t)duration);
    slot->send = true;
}

static void fill(tr_event_sender *s, tr_event_slot *slot, uint32_t duration, bool end)
{
    slot->event = true;
    slot->code = order_at(s, s->head)->event;
    slot->payload_type = s->payload_type;
    slot->timestamp = s->start;
    slot->duration = s->before + duration;
    write_payload(slot, slot->code, end, duration);
    s->told = duration;
}

static void start_digit(tr_event_sender *s, uint32_t timestamp, uint8_t payload_type)
{
    s->state = TR_SENDER_SOUNDING;
    s->payload_type = payload_type;
    s->start = timestamp;
    s->elapsed = s->before = 0;
    s->repeats = 0;
    s->told = 0;
}

/* Section 2.5.1.3: a segment ends at 0xFFFF without the E bit; its last packet goes out three
 * times like an end, then the next segment starts 0xFFFF later, without a marker. */
static bool segment_slot(tr_event_sender *s, tr_event_slot *slot)
{
    if (s->elapsed <= SEGMENT_MAX)
        return false;
    if (s->repeats == 0)
        s->repeats = END_PACKETS;
    fill(s, slot, SEGMENT_MAX, false);
    if (--s->repeats == 0) {
        s->start += SEGMENT_MAX;
        s->elapsed -= SEGMENT_MAX;
        s->before += SEGMENT_MAX;
        s->told = 0;
    }
    return true;
}

static void finish(tr_event_sender *s, uint32_t slot_samples)
{
    s->head++;
    s->state = TR_SENDER_GAP;
    /* The repeated ends took two slots, and the last slot was not all tone. */
    const uint32_t quiet = s->elapsed - s->final + (END_PACKETS - 1) * slot_samples;
    s->gap = quiet < TR_DIGIT_GAP ? TR_DIGIT_GAP - quiet : 0;
    if (s->gap == 0)
        s->state = TR_SENDER_IDLE;
}

static void sounding(tr_event_sender *s, uint32_t samples, tr_event_slot *slot)
{
    const tr_digit_order *order = order_at(s, s->head);
    const bool first = s->elapsed == 0 && s->before == 0;
    const uint32_t total_before = s->before + s->elapsed;
    s->elapsed += samples;
    const bool over = !order->held && s->before + s->elapsed >= order->duration;
    slot->tone_samples = samples;
    slot->marker = slot->first = first;
    if (!(over && order->duration - s->before <= SEGMENT_MAX) && segment_slot(s, slot))
        return;
    if (!over) {
        fill(s, slot, s->elapsed, false);
        return;
    }
    s->final = order->duration > s->before ? order->duration - s->before : s->elapsed;
    /* Updates tell the time to their slot's end, which a release may lie before: durations never
     * fall (section 2.5.1.2). */
    if (s->final < s->told)
        s->final = s->told;
    slot->tone_samples = order->duration > total_before ? order->duration - total_before : 0;
    fill(s, slot, s->final, true);
    slot->last = true;
    s->repeats = END_PACKETS - 1;
    s->state = TR_SENDER_ENDING;
}

static void ending(tr_event_sender *s, uint32_t samples, tr_event_slot *slot)
{
    fill(s, slot, s->final, true);
    if (--s->repeats == 0)
        finish(s, samples);
}

static void gap(tr_event_sender *s, uint32_t samples)
{
    s->gap = s->gap > samples ? s->gap - samples : 0;
    if (s->gap == 0)
        s->state = TR_SENDER_IDLE;
}

void tr_event_sender_slot(tr_event_sender *s, uint32_t timestamp, uint32_t samples,
                          uint8_t payload_type, tr_event_slot *slot)
{
    memset(slot, 0, sizeof *slot);
    if (s->state == TR_SENDER_IDLE && tr_event_sender_pending(s) > 0)
        start_digit(s, timestamp, payload_type);
    switch (s->state) {
    case TR_SENDER_SOUNDING: sounding(s, samples, slot); break;
    case TR_SENDER_ENDING: ending(s, samples, slot); break;
    case TR_SENDER_GAP: gap(s, samples); break;
    case TR_SENDER_IDLE: break;
    }
}
