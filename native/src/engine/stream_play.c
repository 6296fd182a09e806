/* What is played of a stream: speech in time, concealment in gaps, digits as tones. */
#include <string.h>

#include "engine/stream.h"

/* Gaps are concealed, except around digits, whose tone must stay clean (RFC 4733 receivers). */
static void fill_gaps(tr_stream *s, int16_t *pcm, const uint8_t *present)
{
    for (int from = 0, to; from < TR_TICK_SAMPLES; from = to) {
        for (to = from + 1; to < TR_TICK_SAMPLES && present[to] == present[from]; to++)
            ;
        const bool digit = s->in.events.active || s->in.digits.head != s->in.digits.tail;
        if (present[from] || digit || !s->in.jitter.heard) {
            tr_concealment_good(&s->in.concealment, pcm + from, to - from);
        } else {
            if (s->in.concealment.missing < TR_PLC_AUDIBLE)
                s->statistics.concealed_samples += to - from;
            tr_concealment_missing(&s->in.concealment, pcm + from, to - from);
        }
    }
}

void tr_stream_play(tr_stream *s, int16_t *pcm, const tr_tick *tick)
{
    uint8_t present[TR_TICK_SAMPLES];
    uint32_t timestamp;
    tr_jitter_get(&s->in.jitter, pcm, present, TR_TICK_SAMPLES, (uint32_t)tick->clock);
    fill_gaps(s, pcm, present);
    const bool due = tr_digit_player_waiting(&s->in.digits, &timestamp) &&
                     tr_jitter_reached(&s->in.jitter, timestamp);
    tr_digit_player_work(&s->in.digits, pcm, TR_TICK_SAMPLES, due);
    if (!s->settings.receiving)
        memset(pcm, 0, TR_TICK_SAMPLES * sizeof *pcm);
}
