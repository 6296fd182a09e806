/*
 * Jitter buffer: decoded speech by timestamp, played on the engine's own clock.
 *
 * Speech lies in a ring of one second, one flag a sample, so packets of any length and mixed
 * lengths fit. The play-out point moves by exactly what is played; its distance from the fastest
 * packet of the last seconds is the delay. The wanted delay is the 98.5 % point of a histogram of
 * the packets' lateness, forgotten over about 10 s, between 5 and 200 ms. It is corrected where
 * it is heard least: during a gap, or by leaving out or repeating one period of 5 to 20 ms
 * (dsp/splice.h). What is 12 ms too long is shortened at quiet speech early, at any speech once
 * it has been so for two seconds. So clocks that run apart cost neither delay nor speech, and a
 * delay that has grown to 300 ms shrinks within some 10 s.
 *
 * put: where the packet belongs; returns false when it came too late to be played.
 * get: the next `samples`; `present[i]` tells speech from gap. Times are samples of the local
 * clock. A deeper buffer may replace this file behind the same functions. RT safe.
 */
#ifndef TR_RTP_JITTER_H
#define TR_RTP_JITTER_H

#include <stdbool.h>
#include <stdint.h>

enum { TR_JITTER_RING = 8192, TR_JITTER_BINS = 64, TR_JITTER_BIN = 32 /* samples: 4 ms */,
       TR_JITTER_UNSURE = 2 };

typedef struct {
    int16_t pcm[TR_JITTER_RING];
    uint8_t present[TR_JITTER_RING];
    float lateness[TR_JITTER_BINS];
    bool anchored;              /* a play-out point exists */
    bool heard;                 /* speech has been played since: what is missing now is a gap */
    bool owed;                  /* a packet came too late: the delay may be too small */
    uint32_t play;              /* timestamp of the next sample to play */
    uint32_t now;               /* of the last get */
    uint32_t newest;            /* end of the newest speech */
    int32_t fastest[2];         /* least transit (arrival - timestamp) of this and the last window */
    uint32_t window_start;
    uint32_t last_late;         /* arrival of the last packet that was too late */
    int unsure[TR_JITTER_UNSURE]; /* lateness of packets that came too late, not yet counted */
    int late_in_row, gap;       /* gap: samples since speech was last played */
    int unbroken;               /* samples played since the last gap */

    int target, delay;          /* samples */
    int too_long;               /* blocks for which the delay has been so */
    int settle;                 /* blocks to wait before the next correction */
    int64_t late;
} tr_jitter;

void tr_jitter_init(tr_jitter *jitter);
bool tr_jitter_put(tr_jitter *jitter, uint32_t timestamp, const int16_t *pcm, int samples,
                   uint32_t arrival);
/* `now`: local clock at which these samples are played. Returns how many are present. */
int tr_jitter_get(tr_jitter *jitter, int16_t *pcm, uint8_t *present, int samples, uint32_t now);
/* The sender's timestamps start anew. */
void tr_jitter_restart(tr_jitter *jitter);
/* The local clock stood still so long that these samples will never be played. */
void tr_jitter_skip(tr_jitter *jitter, uint32_t samples);
/* Has play-out come to this timestamp? True too when nothing is being played. */
bool tr_jitter_reached(const tr_jitter *jitter, uint32_t timestamp);

#endif
