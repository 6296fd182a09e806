/*
 * Speech made shorter or longer by one pitch period (time-domain overlap-add: WSOLA, Verhelst and
 * Roelands 1993), in a ring of samples whose length is a power of two.
 *
 * lag: the distance, of `least` to `most`, at which the speech from `at` on resembles itself best.
 * drop: what lies in [at, at + lag) may be left out: the speech from at + lag on now begins as that
 * from `at` would have gone on. repeat: play-out may go back to at - lag: what lies there now begins
 * as the speech from `at` goes on. Both fade over TR_SPLICE samples, so they read and write
 * [at - most, at + most + TR_SPLICE), and lags are not shorter than TR_SPLICE. About 10 us. RT safe.
 */
#ifndef TR_DSP_SPLICE_H
#define TR_DSP_SPLICE_H

#include <stdint.h>

enum { TR_SPLICE = 40 /* 5 ms */ };

int tr_splice_lag(const int16_t *ring, uint32_t mask, uint32_t at, int least, int most);
int tr_splice_lag_back(const int16_t *ring, uint32_t mask, uint32_t at, int least, int most);
void tr_splice_drop(int16_t *ring, uint32_t mask, uint32_t at, int lag);
void tr_splice_repeat(int16_t *ring, uint32_t mask, uint32_t at, int lag);

#endif
