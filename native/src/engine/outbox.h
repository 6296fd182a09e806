/*
 * Events of one stream or line on their way to the ring that Python reads.
 *
 * An event goes straight into that ring while there is room. When it is full, events wait here and
 * go out at a later tick, in order. When this is full too, an event is counted as lost, never silently; the last place is kept for RETIRED, which is
 * never lost. RT safe.
 */
#ifndef TR_ENGINE_OUTBOX_H
#define TR_ENGINE_OUTBOX_H

#include "base/ring.h"
#include "tipring_engine.h"

enum { TR_OUTBOX = 32 };

typedef struct {
    tr_ring *ring;   /* NULL: everything waits for a flush */
    tr_event events[TR_OUTBOX];
    uint32_t head, tail;
    uint32_t sent;   /* went into the ring since the last flush */
    int64_t lost, lost_told;
} tr_outbox;

/* Empties it; the ring stays. */
void tr_outbox_init(tr_outbox *box);
bool tr_outbox_empty(const tr_outbox *box);
bool tr_outbox_put(tr_outbox *box, const tr_event *event);
/* Returns how many events went into the ring since the last flush. */
uint32_t tr_outbox_flush(tr_outbox *box, tr_ring *ring);

#endif
