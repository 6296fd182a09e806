/*
 * G.711 (ITU-T, 11/1988): mu-law (table 2) and A-law (table 1), 16-bit samples.
 *
 * Samples are the 14-bit (mu) or 13-bit (A) values of the Recommendation shifted up to 16 bits.
 * Encoding rounds as the Recommendation's decision values say; decoding is by table. Both are
 * stateless: a codeword is one sample. RT safe.
 */
#ifndef TR_DSP_G711_H
#define TR_DSP_G711_H

#include <stddef.h>
#include <stdint.h>

typedef enum { TR_MU_LAW = 0, TR_A_LAW = 1 } tr_law;

void tr_g711_encode_block(tr_law law, const int16_t *pcm, uint8_t *out, size_t samples);
void tr_g711_decode_block(tr_law law, const uint8_t *in, int16_t *pcm, size_t samples);

#endif
