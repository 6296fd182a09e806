/*
 * Sample-rate conversion by a windowed sinc, for sound files (any rate to any rate).
 *
 * Kaiser-windowed (beta 9, about 90 dB), 24 zero crossings a side at the lower of the two rates,
 * interpolated from a table. Latency is cancelled: output sample 0 is input sample 0. The state is
 * allocated by new; feed and flush allocate nothing but are not meant for the real-time thread.
 */
#ifndef TR_DSP_RESAMPLER_H
#define TR_DSP_RESAMPLER_H

#include "tipring_engine.h"

#endif
