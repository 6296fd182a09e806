/*
 * Tone generator: up to four sines of equal level, optionally amplitude-modulated.
 *
 * Levels are dBm0 of each sine; 0 dBm0 is a peak of 22,656 (G.711: mu-law overload is +3.17 dBm0).
 * Modulated ("f*m", 90 % deep), the level is still the rms of the whole, sidebands included; its
 * peaks are 4.1 dB above those of the plain sine.
 * Phase is continuous over calls of `work`; `init` starts at phase 0. Saturates. RT safe.
 */
#ifndef TR_DSP_TONE_H
#define TR_DSP_TONE_H

#include <stdint.h>

enum { TR_SINES = 4 };

typedef struct {
    uint32_t phase[TR_SINES], step[TR_SINES];
    uint32_t mod_phase, mod_step;
    float amplitude;
    int sines;
} tr_tone_generator;

void tr_tone_init(tr_tone_generator *tone, const float *hz, int count, float modulated_by,
                  float level_dbm0);
void tr_tone_work(tr_tone_generator *tone, int16_t *out, int samples);

/* The two frequencies of DTMF event 0..15 (ITU-T Q.23; RFC 4733 table 3), as a ready generator. */
void tr_tone_init_dtmf(tr_tone_generator *tone, unsigned event, float level_dbm0);

#endif
