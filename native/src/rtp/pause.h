/*
 * What a gap in received speech means: loss, a telephone-event, or silence the sender announced.
 *
 * An event (RFC 4733) takes the place of speech from its timestamp on, comfort noise (RFC 3389)
 * likewise, and neither says where speech goes on: all that is missing until speech past the
 * pause's end is played was never sent. Timestamps are the sender's, at play-out. RT safe.
 */
#ifndef TR_RTP_PAUSE_H
#define TR_RTP_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { TR_GAP_LOSS, TR_GAP_EVENT, TR_GAP_SILENCE } tr_gap;

typedef struct {
    tr_gap kind;          /* TR_GAP_LOSS: no pause */
    bool begun;           /* play-out has come to it */
    uint32_t from, until; /* until: as far as is known */
} tr_pause;

void tr_pause_clear(tr_pause *pause);
/* The sender pauses, or tells more of its pause. */
void tr_pause_told(tr_pause *pause, tr_gap kind, uint32_t from, uint32_t until);
/* Nothing is there to be played for `timestamp`: why? */
tr_gap tr_pause_gap(tr_pause *pause, uint32_t timestamp);
/* Speech of `timestamp` is played. `lasting`: the event is not over. */
void tr_pause_speech(tr_pause *pause, uint32_t timestamp, bool lasting);

#endif
