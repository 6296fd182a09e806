/*
 * Plays received DTMF digits to the telephone as clean tones, one after the other.
 *
 * Each sounds as long as its key was held, but at least 50 ms, and is followed by at least 50 ms
 * without tone. Digits that come faster are queued; with more than 8 waiting each is 45 ms and its
 * pause too, and with more than 64 it is 40 ms, the least that a receiver must accept (ITU-T Q.24).
 * Of a key known only when it is up again at most 500 ms are played: a peer's claim of eight
 * seconds must not silence the call.
 * Blocks of 10 ms. RT safe.
 */
#ifndef TR_DSP_DIGIT_PLAYER_H
#define TR_DSP_DIGIT_PLAYER_H

#include <stdbool.h>

#include "dsp/tone.h"

enum { TR_PLAYER_QUEUE = 128, TR_PLAYER_MIN = 400 /* 50 ms */ };

typedef struct {
    uint8_t event;
    bool ended;
    uint32_t timestamp, duration;
} tr_played_digit;

typedef struct {
    tr_played_digit queue[TR_PLAYER_QUEUE];
    uint32_t head, tail;
    bool sounding;
    bool refused;                 /* the key pressed last found the queue full */
    uint32_t played, gap, waited; /* samples */
    tr_tone_generator tone;
} tr_digit_player;

void tr_digit_player_init(tr_digit_player *player);
/* A key goes down at `timestamp` of the sender's clock. False: the queue is full. */
bool tr_digit_player_press(tr_digit_player *player, uint8_t event, uint32_t timestamp);
/* The key pressed last goes up; nothing happens when it found the queue full. */
void tr_digit_player_release(tr_digit_player *player, uint32_t duration);
/* The digit waiting to start, if any; the caller says in work whether its time has come. */
bool tr_digit_player_waiting(const tr_digit_player *player, uint32_t *timestamp);
/* Does a digit sound? */
bool tr_digit_player_sounding(const tr_digit_player *player);
/* Puts a digit, and the pause before one that is due, over `out`; false: it was left alone. */
bool tr_digit_player_work(tr_digit_player *player, int16_t *out, uint32_t samples, bool due);

#endif
