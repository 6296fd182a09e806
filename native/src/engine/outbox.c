#include "engine/outbox.h"

void tr_outbox_init(tr_outbox *box)
{
    box->head = box->tail = box->sent = 0;
    box->lost = box->lost_told = 0;
}

bool tr_outbox_empty(const tr_outbox *box) { return box->head == box->tail; }

static bool is_last_word(const tr_event *event)
{
    return event->kind == TR_EVENT_RETIRED || event->kind == TR_EVENT_LINE_RETIRED;
}

bool tr_outbox_put(tr_outbox *box, const tr_event *event)
{
    if (box->ring && tr_outbox_empty(box) && tr_ring_push(box->ring, event)) {
        box->sent++;
        return true;
    }
    const uint32_t room = TR_OUTBOX - (box->tail - box->head);
    if (room == 0 || (room == 1 && !is_last_word(event))) {
        box->lost++;
        return false;
    }
    box->events[box->tail++ % TR_OUTBOX] = *event;
    return true;
}

uint32_t tr_outbox_flush(tr_outbox *box, tr_ring *ring)
{
    uint32_t sent = box->sent;
    box->sent = 0;
    while (box->head != box->tail && tr_ring_push(ring, &box->events[box->head % TR_OUTBOX])) {
        box->head++;
        sent++;
    }
    return sent;
}
