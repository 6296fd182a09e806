/* What is played of a stream: speech in time, concealment and noise in gaps, digits as tones. */
#include <string.h>

#include "engine/stream.h"

/* A tone must stay clean, and covers a gap as well as speech; before the first speech all is still. */
static tr_gap meaning_of(tr_stream *s, uint32_t timestamp)
{
    const tr_gap gap = tr_pause_gap(&s->in.pause, timestamp);
    if (gap != TR_GAP_LOSS)
        return gap;
    return s->in.jitter.heard && !tr_digit_player_sounding(&s->in.digits) ? TR_GAP_LOSS : TR_GAP_EVENT;
}

static void fill_gap(tr_stream *s, int16_t *pcm, int samples, uint32_t timestamp)
{
    switch (meaning_of(s, timestamp)) {
    case TR_GAP_LOSS:
        if (s->in.concealment.missing < TR_PLC_AUDIBLE)
            s->statistics.concealed_samples += samples;
        tr_concealment_missing(&s->in.concealment, pcm, samples);
        break;
    case TR_GAP_SILENCE:
        tr_comfort_noise_work(&s->in.noise, pcm, samples);
        tr_concealment_pause(&s->in.concealment, pcm, samples);
        break;
    case TR_GAP_EVENT:
        tr_concealment_good(&s->in.concealment, pcm, samples);
        break;
    }
}

/* `timestamp` is that of the first sample. */
static void fill_gaps(tr_stream *s, int16_t *pcm, const uint8_t *present, uint32_t timestamp)
{
    for (int from = 0, to; from < TR_TICK_SAMPLES; from = to) {
        for (to = from + 1; to < TR_TICK_SAMPLES && present[to] == present[from]; to++)
            ;
        const uint32_t at = timestamp + (uint32_t)from;
        if (present[from]) {
            tr_pause_speech(&s->in.pause, at, s->in.events.active);
            tr_concealment_good(&s->in.concealment, pcm + from, to - from);
        } else {
            fill_gap(s, pcm + from, to - from, at);
        }
    }
}

void tr_stream_play(tr_stream *s, int16_t *pcm, const tr_tick *tick)
{
    uint8_t present[TR_TICK_SAMPLES];
    uint32_t timestamp;
    /* Asked first: a digit that begins within this block waits for the next, since what comes before
     * it in this one is speech. */
    const bool due = tr_digit_player_waiting(&s->in.digits, &timestamp) &&
                     tr_jitter_reached(&s->in.jitter, timestamp);
    tr_jitter_get(&s->in.jitter, pcm, present, TR_TICK_SAMPLES, (uint32_t)tick->clock);
    fill_gaps(s, pcm, present, s->in.jitter.play - TR_TICK_SAMPLES);
    tr_digit_player_work(&s->in.digits, pcm, TR_TICK_SAMPLES, due);
    if (!s->settings.receiving)
        memset(pcm, 0, TR_TICK_SAMPLES * sizeof *pcm);
}
