/*
 * A line inside the engine: microphone (source), earpiece (sink), the tones played to it, and the
 * data sent to its display.
 *
 * The engine thread owns everything but the other ends of its three rings and `collecting`.
 * line.c: sound. line_keys.c: what the decoder says, and whose key it was.
 */
#ifndef TR_ENGINE_LINE_H
#define TR_ENGINE_LINE_H

#include "base/clock.h"
#include "base/ring.h"
#include "base/sample_ring.h"
#include "base/snapshot.h"
#include "dsp/fsk.h"
#include "dsp/key_mute.h"
#include "dsp/tone_player.h"
#include "engine/outbox.h"

enum { TR_LINE_SIGNALS = 64, TR_KEYS = 16 };

typedef enum {
    TR_SIGNAL_EARLY,
    TR_SIGNAL_KEY,
    TR_SIGNAL_GUARDED,
    TR_SIGNAL_TRIP
} tr_line_signal_kind;

/* An edge that the line's electronics saw at `t_ns`. */
typedef struct {
    int64_t t_ns;
    uint16_t kind, on, code;
} tr_line_signal;

/* When each key's tone, coming from the far end, may be what the decoder hears. */
typedef struct {
    _Atomic int64_t from_ns[TR_KEYS], until_ns[TR_KEYS];
    int last; /* what the last block played was, or TR_NO_KEY */
} tr_far_keys;

typedef struct {
    bool active;
    uint32_t slot, serial;
    tr_sample_ring source, sink;
    _Atomic int collecting;          /* the sink's reader's */
    tr_tone_player tone;
    tr_fsk_sender data;
    tr_ring signals;                 /* from the one thread that hears the line's electronics */
    tr_line_signal signal_store[TR_LINE_SIGNALS];
    tr_key_mute mute;
    tr_far_keys far;
    uint32_t drained_serial;         /* last end reported */
    bool source_used;
    int16_t microphone[TR_TICK_SAMPLES];
    int32_t earpiece[TR_TICK_SAMPLES]; /* mixed before saturation */
    tr_outbox outbox;
    tr_line_statistics statistics;
    tr_snapshot published;
} tr_line;

void tr_line_init(tr_line *line, uint32_t slot);
void tr_line_reset(tr_line *line, uint32_t slot, uint32_t serial);
/* Takes this tick's signals and microphone samples, and clears the earpiece. */
void tr_line_capture(tr_line *line, int64_t now_ns);
void tr_line_mix(tr_line *line, const int16_t *pcm);
/* Tones or data on top, saturation, out to the sink. */
void tr_line_play(tr_line *line, int64_t now_ns);
/* No tone and no data of ours. */
void tr_line_silence(tr_line *line);
/* The clock stood still: the sink gets silence for it, so that a recording keeps its time. */
void tr_line_skip(tr_line *line, uint64_t samples);
void tr_line_emit(tr_line *line, uint32_t kind, uint32_t value, int64_t now_ns);

/* line_keys.c, for line.c */
void tr_line_forget_keys(tr_line *line);
void tr_line_take_signals(tr_line *line, int64_t now_ns);
void tr_line_judge_mute(tr_line *line);
void tr_line_watch_far_keys(tr_line *line, const int16_t *played, int64_t now_ns);
bool tr_line_far_key(const tr_line *line, unsigned code, int64_t t_ns);

#endif
