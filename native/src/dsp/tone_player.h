/*
 * Plays a tr_tone: segments of up to four frequencies with on and off times, from one to the next
 * and around again (dial tone, ringback, busy, reorder ...). Times are kept to the sample.
 *
 * work fills `out` and tells whether a tone is loaded (its pauses included). RT safe.
 */
#ifndef TR_DSP_TONE_PLAYER_H
#define TR_DSP_TONE_PLAYER_H

#include <stdbool.h>

#include "dsp/tone.h"
#include "tipring_engine.h"

typedef struct {
    tr_tone tone;
    tr_tone_generator generator;
    bool loaded, sounding, forever;
    uint32_t segment, left; /* left: samples of this half of the segment */
} tr_tone_player;

void tr_tone_player_start(tr_tone_player *player, const tr_tone *tone);
void tr_tone_player_stop(tr_tone_player *player);
bool tr_tone_player_work(tr_tone_player *player, int16_t *out, uint32_t samples);
bool tr_tone_valid(const tr_tone *tone);

#endif
