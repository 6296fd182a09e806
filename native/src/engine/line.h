/*
 * A line inside the engine: microphone (source), earpiece (sink), the tones played to it, and the
 * data sent to its display.
 *
 * The engine thread owns everything but the two rings' other ends and `collecting`.
 */
#ifndef TR_ENGINE_LINE_H
#define TR_ENGINE_LINE_H

#include "base/clock.h"
#include "base/sample_ring.h"
#include "base/snapshot.h"
#include "dsp/fsk.h"
#include "dsp/tone_player.h"
#include "engine/outbox.h"

typedef struct {
    bool active;
    uint32_t slot, serial;
    tr_sample_ring source, sink;
    _Atomic int collecting;          /* the sink's reader's */
    tr_tone_player tone;
    tr_fsk_sender data;
    uint32_t drained_serial;         /* last end reported */
    bool source_used;
    int16_t microphone[TR_TICK_SAMPLES];
    int32_t earpiece[TR_TICK_SAMPLES]; /* mixed before saturation */
    tr_outbox outbox;
    tr_line_statistics statistics;
    tr_snapshot published;
} tr_line;

void tr_line_reset(tr_line *line, uint32_t slot, uint32_t serial);
/* Takes this tick's microphone samples and clears the earpiece. */
void tr_line_capture(tr_line *line, int64_t now_ns);
void tr_line_mix(tr_line *line, const int16_t *pcm);
/* Tones or data on top, saturation, out to the sink. */
void tr_line_play(tr_line *line, int64_t now_ns);
/* No tone and no data of ours. */
void tr_line_silence(tr_line *line);
/* The clock stood still: the sink gets silence for it, so that a recording keeps its time. */
void tr_line_skip(tr_line *line, uint64_t samples);
void tr_line_emit(tr_line *line, uint32_t kind, uint32_t value, int64_t now_ns);

#endif
