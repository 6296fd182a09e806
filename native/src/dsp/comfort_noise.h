/*
 * Comfort noise (RFC 3389): white noise of the level the sender tells of its silence.
 *
 * Its spectral part is not used: at these levels the level is what is heard. RT safe.
 */
#ifndef TR_DSP_COMFORT_NOISE_H
#define TR_DSP_COMFORT_NOISE_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    float peak; /* of the present level; 0: silence */
    uint32_t random;
} tr_comfort_noise;

void tr_comfort_noise_init(tr_comfort_noise *noise);
/* A payload: its first byte is the level, 0 to -127 dBov (section 3.1); none is silence. */
void tr_comfort_noise_level(tr_comfort_noise *noise, const uint8_t *payload, size_t size);
void tr_comfort_noise_work(tr_comfort_noise *noise, int16_t *out, int samples);

#endif
