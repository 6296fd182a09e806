#include "dsp/digit_player.h"

#include <string.h>

#define LEVEL_DBM0 -7.0f
enum {
    WAIT_MAX = 2400, /* a digit is never held back longer than this */
    CATCH_UP = 4000  /* 500 ms: most that is played of a key after it has gone up */
};

void tr_digit_player_init(tr_digit_player *p) { memset(p, 0, sizeof *p); }

bool tr_digit_player_press(tr_digit_player *p, uint8_t event, uint32_t timestamp)
{
    if (p->tail - p->head == TR_PLAYER_QUEUE)
        return false;
    p->queue[p->tail++ % TR_PLAYER_QUEUE] =
        (tr_played_digit){.event = event, .timestamp = timestamp};
    return true;
}

void tr_digit_player_release(tr_digit_player *p, uint32_t duration)
{
    if (p->head == p->tail)
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

static bool start_if_due(tr_digit_player *p, uint32_t samples, bool due)
{
    if (p->gap > 0)
        return false;
    p->waited += samples;
    if (!due && p->waited < WAIT_MAX)
        return false;
    tr_tone_init_dtmf(&p->tone, p->queue[p->head % TR_PLAYER_QUEUE].event, LEVEL_DBM0);
    p->sounding = true;
    p->played = p->waited = 0;
    return true;
}

static void sound(tr_digit_player *p, int16_t *out, uint32_t samples)
{
    const tr_played_digit *digit = &p->queue[p->head % TR_PLAYER_QUEUE];
    tr_tone_work(&p->tone, out, (int)samples);
    p->played += samples;
    if (digit->ended && p->played >= digit->duration) {
        p->sounding = false;
        p->gap = TR_PLAYER_GAP;
        p->head++;
    }
}

bool tr_digit_player_work(tr_digit_player *p, int16_t *out, uint32_t samples, bool due)
{
    const bool waiting = !p->sounding && p->head != p->tail;
    const bool in_gap = p->gap > 0;
    if (waiting)
        start_if_due(p, samples, due);
    p->gap = p->gap > samples ? p->gap - samples : 0;
    if (p->sounding) {
        sound(p, out, samples);
        return true;
    }
    if (waiting && in_gap) {
        memset(out, 0, samples * sizeof *out);
        return true;
    }
    return false;
}
