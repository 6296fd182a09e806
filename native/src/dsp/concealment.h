/*
 * Packet-loss concealment for 8 kHz speech, by the method of ITU-T G.711 Appendix I (09/1999).
 *
 * At the start of a gap the pitch period of the last 48.75 ms is found by normalised
 * cross-correlation (66-200 Hz) and the last period is repeated with its ends cross-faded; after
 * 10 ms two periods are used, after 20 ms three, so that a long gap does not buzz. From 10 ms on
 * the level falls by 20 % each 10 ms, to silence at 60 ms. The first speech after the gap is
 * cross-faded with the continued pitch. Unlike the Appendix, nothing is delayed: the cross-fade
 * at the start of a gap is within the repeated period only.
 *
 * Where silence is meant, not lost, the voice fades within 10 ms into what is played instead.
 *
 * Work is bounded: one search a gap (about 15,000 multiply-adds). RT safe.
 */
#ifndef TR_DSP_CONCEALMENT_H
#define TR_DSP_CONCEALMENT_H

#include <stdint.h>

enum {
    TR_PLC_HISTORY = 390,   /* 48.75 ms */
    TR_PLC_PITCH_MIN = 40,  /* 200 Hz */
    TR_PLC_PITCH_MAX = 120, /* 66 Hz */
    TR_PLC_MAX_BLOCK = 80,
    TR_PLC_AUDIBLE = 480    /* 60 ms: from here on a gap is silence */
};

typedef struct {
    float history[TR_PLC_HISTORY];                 /* what was played last */
    float frozen[TR_PLC_HISTORY];                  /* the same, when the gap began */
    float pitch_buffer[3 * TR_PLC_PITCH_MAX + 60]; /* what is repeated */
    int pitch, quarter, periods, offset;
    int missing;                                   /* samples concealed in this gap */
    int paused;                                    /* samples of this silence, as far as it fades */
} tr_concealment;

void tr_concealment_init(tr_concealment *plc);
/* Speech arrived: `pcm` (<= 80 samples) is adapted in place where a gap ends, and remembered. */
void tr_concealment_good(tr_concealment *plc, int16_t *pcm, int samples);
/* Speech is missing: fills `pcm` (<= 80 samples). */
void tr_concealment_missing(tr_concealment *plc, int16_t *pcm, int samples);
/* The speaker is silent: `pcm` (<= 80 samples), the noise of it, is what the voice fades into. */
void tr_concealment_pause(tr_concealment *plc, int16_t *pcm, int samples);

#endif
