#include "dsp/digit_player.h"

#include <string.h>

#define LEVEL_DBM0 -7.0f
enum {
    WAIT_MAX = 2400, /* a digit is never held back longer than this */
    CATCH_UP = 4000, /* 500 ms: most that is played of a key after it has gone up */
    MANY = 8, TOO_MANY = 64,
    BRIEF = 360, BRIEFEST = 320
};

void tr_digit_player_init(tr_digit_player *p) { memset(p, 0, sizeof *p); }

bool tr_digit_player_press(tr_digit_player *p, uint8_t event, uint32_t timestamp)
{
    p->refused = p->tail - p->head == TR_PLAYER_QUEUE;
    if (p->refused)
        return false;
    p->queue[p->tail++ % TR_PLAYER_QUEUE] =
        (tr_played_digit){.event = event, .timestamp = timestamp};
    return true;
}

void tr_digit_player_release(tr_digit_player *p, uint32_t duration)
{
    if (p->head == p->tail || p->refused)
        return;
    tr_played_digit *digit = &p->queue[(p->tail - 1) % TR_PLAYER_QUEUE];
    const bool now = p->sounding && p->tail - p->head == 1;
    const uint32_t most = CATCH_UP + (now ? p->played : 0);
    digit->ended = true;
    digit->duration = duration < TR_PLAYER_MIN ? TR_PLAYER_MIN : duration > most ? most : duration;
}

bool tr_digit_player_waiting(const tr_digit_player *p, uint32_t *timestamp)
{
    if (p->sounding || p->head == p->tail)
        return false;
    *timestamp = p->queue[p->head % TR_PLAYER_QUEUE].timestamp;
    return true;
}

bool tr_digit_player_sounding(const tr_digit_player *p)
{
    return p->sounding;
}

static void start(tr_digit_player *p)
{
    tr_tone_init_dtmf(&p->tone, p->queue[p->head % TR_PLAYER_QUEUE].event, LEVEL_DBM0);
    p->sounding = true;
    p->played = p->waited = 0;
}

/* The more digits are waiting, the shorter are the tones and pauses. */
static uint32_t most_for(const tr_digit_player *p, uint32_t usual)
{
    const uint32_t waiting = p->tail - p->head - 1;
    return waiting > TOO_MANY ? BRIEFEST : waiting > MANY ? BRIEF : usual;
}

static uint32_t still_to_sound(const tr_digit_player *p)
{
    const tr_played_digit *digit = &p->queue[p->head % TR_PLAYER_QUEUE];
    if (!digit->ended)
        return UINT32_MAX;
    const uint32_t whole = most_for(p, digit->duration);
    return whole > p->played ? whole - p->played : 0;
}

static void stop(tr_digit_player *p)
{
    p->gap = most_for(p, TR_PLAYER_MIN);
    p->sounding = false;
    p->head++;
}

static uint32_t sound(tr_digit_player *p, int16_t *out, uint32_t samples)
{
    const uint32_t left = still_to_sound(p), count = left < samples ? left : samples;
    tr_tone_work(&p->tone, out, (int)count);
    p->played += count;
    if (count == left)
        stop(p);
    return count;
}

/* The pause is silence when the next digit's time has come, else what the sender said in it. */
static uint32_t pause(tr_digit_player *p, int16_t *out, uint32_t samples, bool silent)
{
    const uint32_t count = p->gap < samples ? p->gap : samples;
    if (silent)
        memset(out, 0, count * sizeof *out);
    p->gap -= count;
    return count;
}

bool tr_digit_player_work(tr_digit_player *p, int16_t *out, uint32_t samples, bool due)
{
    bool played = p->sounding;
    if (!p->sounding && p->gap == 0 && p->head != p->tail)
        p->waited += samples;
    due |= p->waited >= WAIT_MAX;
    for (uint32_t at = 0; at < samples;) {
        if (p->sounding) {
            at += sound(p, out + at, samples - at);
        } else if (p->gap > 0) {
            const bool silent = due && p->head != p->tail;
            at += pause(p, out + at, samples - at, silent);
            played |= silent;
        } else if (due && p->head != p->tail) {
            start(p);
            played = true;
        } else {
            break;
        }
    }
    return played;
}
