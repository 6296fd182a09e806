/*
 * Sample-rate conversion by a windowed sinc: sound files and sound cards (any rate to any rate).
 *
 * Kaiser-windowed (beta 9, about 90 dB), 24 zero crossings a side at the lower of the two rates. The
 * filters for the places between two input samples are made by new; a ratio with more than 1,024
 * such places interpolates between them. Output sample 0 is input sample 0 in time, but comes when
 * its filter is full: 3.2 ms later to and from 8 kHz. The state is allocated by new, 50 to 200 KB;
 * feed and flush allocate nothing but are not meant for the engine's thread.
 */
#ifndef TR_DSP_RESAMPLER_H
#define TR_DSP_RESAMPLER_H

#include "tipring_engine.h"

#endif
