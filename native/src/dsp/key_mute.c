#include "dsp/key_mute.h"

#include <string.h>

enum {
    MS = 8, BLOCK = 80,
    CARD_LAG = 12 * MS,
    EARLY_LAG = 15 * MS,    /* from a tone's beginning to ESt, at most */
    DIGIT_LAG = 52 * MS,    /* to StD */
    UNSEEN = 8 * MS,        /* of a tone, in a block that is found to be none */
    UNDECIDED = 50 * MS,    /* from ESt to StD, and until it is told, at most */
    HOLD = 20 * MS,
    DISBELIEF = 250 * MS,
    TRIP = 50 * MS,
    FADE = 2 * MS, RAMP = 20 * MS
};

#define FOREVER INT64_MAX

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

void tr_key_mute_init(tr_key_mute *m, int32_t delay)
{
    memset(m, 0, sizeof *m);
    m->delay = delay;
}

static tr_mute_span *newest_span(tr_key_mute *m)
{
    return &m->spans[(m->opened - 1) % TR_MUTE_SPANS];
}

static bool is_closed(const tr_key_mute *m)
{
    return m->state == TR_MUTE_TONE || m->state == TR_MUTE_DIGIT;
}

static void add_span(tr_key_mute *m, int64_t from, int64_t to, int32_t ramp)
{
    m->spans[m->opened++ % TR_MUTE_SPANS] = (tr_mute_span){from, to, ramp};
}

/* From there on, or from as early as can still be changed. */
static void close_from(tr_key_mute *m, int64_t from)
{
    from = larger(from, m->packed);
    if (is_closed(m))
        newest_span(m)->from = smaller(newest_span(m)->from, from);
    else
        add_span(m, from, FOREVER, FADE);
}

/* Until there, or until as early as can still be changed: a mute of which nothing has left yet may
 * never have been. */
static void open_at(tr_key_mute *m, int64_t to, int32_t ramp, tr_mute_state next)
{
    if (is_closed(m)) {
        tr_mute_span *span = newest_span(m);
        span->to = larger(to, m->packed);
        span->ramp = ramp;
        if (span->to <= span->from) {
            *span = (tr_mute_span){INT64_MIN / 2, INT64_MIN / 2, 0};
            m->opened--;
        }
    }
    m->state = next;
}

static void open_at_once(tr_key_mute *m, tr_mute_state next) { open_at(m, m->packed, FADE, next); }

static void early_rose(tr_key_mute *m, int64_t at)
{
    m->rose = at;
    if (m->state == TR_MUTE_OPEN)
        m->state = TR_MUTE_DOUBT;
}

static void early_fell(tr_key_mute *m, int64_t at)
{
    m->fell = at;
    if (m->digit)
        return;
    if (m->state == TR_MUTE_TONE)
        open_at(m, at + CARD_LAG, FADE, TR_MUTE_OPEN);
    else
        open_at_once(m, TR_MUTE_OPEN);
}

void tr_key_mute_early(tr_key_mute *m, bool on, int64_t at)
{
    if (on == m->early)
        return;
    m->early = on;
    if (on)
        early_rose(m, at);
    else
        early_fell(m, at);
}

static void digit_rose(tr_key_mute *m, int64_t at)
{
    close_from(m, at - DIGIT_LAG);
    m->state = TR_MUTE_DIGIT;
    m->heard = larger(at, m->end);
}

/* ESt fell before, where there is one; where it is up again, that is another key's. */
static void digit_fell(tr_key_mute *m, int64_t at)
{
    if (m->state != TR_MUTE_DIGIT)
        m->state = m->early ? m->state : TR_MUTE_OPEN;
    else if (!m->early)
        open_at(m, m->fell > m->rose ? m->fell + HOLD : at, FADE, TR_MUTE_OPEN);
    else if (m->heard > m->rose)
        m->state = TR_MUTE_TONE;
    else
        open_at(m, m->fell + HOLD, FADE, TR_MUTE_DOUBT);
}

void tr_key_mute_digit(tr_key_mute *m, bool on, int64_t at)
{
    if (on == m->digit)
        return;
    m->digit = on;
    if (on)
        digit_rose(m, at);
    else
        digit_fell(m, at);
}

void tr_key_mute_refuse(tr_key_mute *m)
{
    open_at_once(m, m->early || m->digit ? TR_MUTE_REFUSED : TR_MUTE_OPEN);
}

/* Beside what ESt and StD have to say: this one is before any of theirs that may still change. */
void tr_key_mute_trip(tr_key_mute *m, int64_t at)
{
    const tr_mute_span trip = {m->packed, at + TRIP + CARD_LAG, RAMP};
    add_span(m, trip.from, trip.to, trip.ramp);
    if (!is_closed(m))
        return;
    *newest_span(m) = m->spans[(m->opened - 2) % TR_MUTE_SPANS];
    m->spans[(m->opened - 2) % TR_MUTE_SPANS] = trip;
}

bool tr_key_mute_wants_verdict(const tr_key_mute *m)
{
    return m->state != TR_MUTE_OPEN && m->state != TR_MUTE_REFUSED;
}

/* The tone began before ESt, but not before the last block that was none. */
static void judge_doubt(tr_key_mute *m, int64_t newest, bool tone)
{
    if (!tone) {
        m->clear = newest - UNSEEN;
        return;
    }
    close_from(m, larger(m->rose - EARLY_LAG, m->clear));
    m->rose = larger(m->rose, m->clear);
    m->state = TR_MUTE_TONE;
    m->early_mutes++;
}

void tr_key_mute_judge(tr_key_mute *m, int64_t newest, bool tone)
{
    if (tone)
        m->heard = newest;
    switch (m->state) {
    case TR_MUTE_DOUBT: judge_doubt(m, newest, tone); break;
    case TR_MUTE_TONE:
        if (newest >= m->rose + UNDECIDED)
            open_at(m, newest, RAMP, TR_MUTE_REFUSED);
        break;
    case TR_MUTE_DIGIT:
        if (newest >= m->heard + DISBELIEF)
            open_at_once(m, TR_MUTE_REFUSED);
        break;
    case TR_MUTE_OPEN:
    case TR_MUTE_REFUSED: break;
    }
}

static void read_ring(const tr_key_mute *m, int64_t from, int16_t *pcm, uint32_t samples)
{
    for (uint32_t i = 0; i < samples; i++)
        pcm[i] = m->pcm[(uint64_t)(from + i) % TR_MUTE_RING];
}

void tr_key_mute_pass(tr_key_mute *m, int16_t *pcm)
{
    for (int i = 0; i < BLOCK; i++)
        m->pcm[(uint64_t)(m->end + i) % TR_MUTE_RING] = pcm[i];
    m->end += BLOCK;
    read_ring(m, m->end - m->delay - BLOCK, pcm, BLOCK);
}

void tr_key_mute_newest(const tr_key_mute *m, int16_t *pcm, uint32_t samples)
{
    read_ring(m, m->end - samples, pcm, samples);
}

static float gain_at(const tr_mute_span *span, int64_t at)
{
    if (at < span->from)
        return smaller(span->from - at, FADE) / (float)FADE;
    if (at < span->to)
        return 0;
    return at - span->to < span->ramp ? (at - span->to + 0.5f) / span->ramp : 1;
}

static void silence(tr_key_mute *m, const tr_mute_span *span, int64_t from, int16_t *pcm,
                    uint32_t samples)
{
    const int64_t end = from + samples;
    if (end <= span->from - FADE || (span->to < from && span->to + span->ramp <= from))
        return;
    for (uint32_t i = 0; i < samples; i++) {
        const float gain = gain_at(span, from + i);
        m->muted += gain == 0 && from + i >= m->packed;
        pcm[i] = (int16_t)(pcm[i] * gain);
    }
}

void tr_key_mute_apply(tr_key_mute *m, int16_t *pcm, uint32_t samples)
{
    const int64_t end = m->end - m->delay, from = end - samples;
    const uint32_t count = m->opened < TR_MUTE_SPANS ? m->opened : TR_MUTE_SPANS;
    for (uint32_t i = 0; i < count; i++)
        silence(m, &m->spans[i], from, pcm, samples);
    m->packed = larger(m->packed, end);
}
