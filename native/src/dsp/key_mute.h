/*
 * Keeps key tones out of what a line sends: which samples of its microphone are to be silent.
 *
 * Samples are known by their position, counted from 0; what was decided of one holds from when it
 * is packed (`apply`), so that a decision reaches back over what has not left yet: the packet that
 * is being filled, and the delay. The caller turns the times of the decoder's edges into positions:
 * `at` is that of a sample captured at the edge, if the card held nothing back; a card may hold
 * back 12 ms.
 *
 * The decoder's ESt (early tone) rises 5 to 14 ms after a tone begins, and at speech too: while it is
 * up, the newest sound at hand is looked at (`judge`, each tick while `wants_verdict`), and with the
 * first block of two tones the mute reaches back to where they began. Of speech nothing is muted. ESt
 * falls: it ends at once, with a fade of 2 ms. Its StD (digit valid) comes up to 50 ms after the
 * beginning: it mutes whatever ESt said, until StD has fallen; what was captured 20 ms after ESt fell
 * is whole. With two tones but no StD 50 ms after ESt (45 and the digit's confirmation), the mute ends
 * with a ramp. A StD whose tone has not been heard for 250 ms is no longer believed.
 * `trip` silences the first 62 ms after a lift while the bell rang, and fades in over 20 ms.
 *
 * Pure over its state. RT safe.
 */
#ifndef TR_DSP_KEY_MUTE_H
#define TR_DSP_KEY_MUTE_H

#include <stdbool.h>
#include <stdint.h>

enum { TR_MUTE_RING = 512, TR_MUTE_DELAY_MAX = 400 /* 50 ms */, TR_MUTE_SPANS = 8 };

typedef struct {
    int64_t from, to; /* silent; before it 2 ms of fade, after it `ramp` samples of another */
    int32_t ramp;
} tr_mute_span;

typedef enum {
    TR_MUTE_OPEN,
    TR_MUTE_DOUBT,   /* ESt, but no two tones: open */
    TR_MUTE_TONE,    /* ESt, and two tones */
    TR_MUTE_DIGIT,   /* StD */
    TR_MUTE_REFUSED  /* ESt or StD, which are not believed any more: open */
} tr_mute_state;

typedef struct {
    int16_t pcm[TR_MUTE_RING]; /* as captured */
    tr_mute_span spans[TR_MUTE_SPANS];
    uint32_t opened;           /* spans so far; the newest is the one that may still change */
    tr_mute_state state;
    bool early, digit;         /* the decoder's pins */
    int64_t rose, fell;        /* ESt's edges */
    int64_t heard, clear;      /* a tone was last heard there; until there was none for certain */
    int64_t end;               /* samples captured */
    int64_t packed;            /* before this nothing can be changed */
    int32_t delay;
    int64_t early_mutes, muted; /* counters; muted: samples */
} tr_key_mute;

void tr_key_mute_init(tr_key_mute *mute, int32_t delay);
void tr_key_mute_early(tr_key_mute *mute, bool on, int64_t at);
void tr_key_mute_digit(tr_key_mute *mute, bool on, int64_t at);
/* The decoder has heard what we play to the telephone: until its pins fall they say of no key. */
void tr_key_mute_refuse(tr_key_mute *mute);
void tr_key_mute_trip(tr_key_mute *mute, int64_t at);

bool tr_key_mute_wants_verdict(const tr_key_mute *mute);
/* `newest`: position after the newest sample at hand; `tone`: the last 10 ms before it are one. */
void tr_key_mute_judge(tr_key_mute *mute, int64_t newest, bool tone);

/* One tick, 80 samples: `pcm` comes in, and gives way to the sound of `delay` ago. */
void tr_key_mute_pass(tr_key_mute *mute, int16_t *pcm);
/* The newest `samples` captured, at most 80. */
void tr_key_mute_newest(const tr_key_mute *mute, int16_t *pcm, uint32_t samples);
/* Silences what is to be silent of the newest `samples` that have passed. They leave now. */
void tr_key_mute_apply(tr_key_mute *mute, int16_t *pcm, uint32_t samples);

#endif
