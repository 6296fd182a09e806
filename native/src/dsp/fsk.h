/*
 * FSK sender: a data message to a telephone's display, by voice-band modem.
 *
 * 1,200 bits a second, phase-continuous: Bell 202 (mark 1,200 Hz, space 2,200 Hz; Bellcore GR-30) or
 * V.23 mode 2 (1,300 and 2,100 Hz; ITU-T V.23, EN 300 659-1 section 5.1). First channel seizure
 * (0101...), then mark, then each byte as start bit (space), eight bits, lowest first, and stop bit
 * (mark); a few bits of mark behind the last one let the receiver see it whole. A bit lasts 6 2/3
 * samples; where it changes within a sample, the phase advances by both parts.
 *
 * work fills `out` and tells whether there was anything to send; what follows the end is silence.
 * RT safe.
 */
#ifndef TR_DSP_FSK_H
#define TR_DSP_FSK_H

#include <stdbool.h>

#include "dsp/tone.h"
#include "tipring_engine.h"

enum { TR_FSK_TRAIL_BITS = 8 };

typedef struct {
    tr_data data;
    tr_tone_generator generator;
    uint32_t mark, space; /* steps of the generator */
    uint32_t bit, bits;   /* the bit on the line, and how many there are */
    uint32_t bit_phase;   /* how much of it is over */
} tr_fsk_sender;

void tr_fsk_start(tr_fsk_sender *fsk, const tr_data *data);
void tr_fsk_stop(tr_fsk_sender *fsk);
bool tr_fsk_sending(const tr_fsk_sender *fsk);
bool tr_fsk_work(tr_fsk_sender *fsk, int16_t *out, uint32_t samples);
bool tr_data_valid(const tr_data *data);

#endif
