/*
 * Are these 10 ms of sound a key tone? One look at the block, no history (Goertzel 1958; the eight
 * frequencies of ITU-T Q.23).
 *
 * Answers the event code 0..15 (RFC 4733 table 3) when one row and one column frequency together
 * hold most of the block's energy, neither is 14 dB below the other, and the block is not silent;
 * else -1. 8 ms of a tone in the block are enough, at +-1.8 % of frequency, +-8 dB of twist and
 * 12 dB above noise. Of speech one block in a thousand passes for a tone.
 *
 * It confirms or refutes what a decoder chip suspects: for a digit by itself a block is too short.
 * 2 us. Pure. RT safe.
 */
#ifndef TR_DSP_KEY_TONE_H
#define TR_DSP_KEY_TONE_H

#include <stdint.h>

enum { TR_KEY_TONE_BLOCK = 80, TR_NO_KEY = -1 };

int tr_key_tone_find(const int16_t *pcm);

#endif
