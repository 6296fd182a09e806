#include "dsp/tone_player.h"

#include <math.h>
#include <string.h>

enum { SAMPLES_PER_MS = 8, MAX_MS = 3600000 };

static bool segment_valid(const tr_tone_segment *s)
{
    for (int i = 0; i < TR_TONE_FREQUENCIES; i++)
        if (!(s->frequencies[i] >= 0 && s->frequencies[i] < 4000))
            return false;
    return s->modulated_by >= 0 && s->modulated_by < 4000 && isfinite(s->level_dbm0) &&
           s->level_dbm0 <= 3.17f && s->on_ms <= MAX_MS && s->off_ms <= MAX_MS;
}

bool tr_tone_valid(const tr_tone *tone)
{
    if (tone->count < 1 || tone->count > TR_TONE_SEGMENTS || tone->repeat_from < -1 ||
        tone->repeat_from >= (int32_t)tone->count)
        return false;
    for (uint32_t i = 0; i < tone->count; i++)
        if (!segment_valid(&tone->segments[i]))
            return false;
    return true;
}

static void begin_segment(tr_tone_player *p, uint32_t index)
{
    const tr_tone_segment *s = &p->tone.segments[index];
    p->segment = index;
    tr_tone_init(&p->generator, s->frequencies, TR_TONE_FREQUENCIES, s->modulated_by,
                 s->level_dbm0);
    p->sounding = true;
    p->forever = s->on_ms == 0;
    p->left = s->on_ms * SAMPLES_PER_MS;
}

void tr_tone_player_start(tr_tone_player *p, const tr_tone *tone)
{
    p->tone = *tone;
    p->loaded = true;
    begin_segment(p, 0);
}

void tr_tone_player_stop(tr_tone_player *p) { p->loaded = false; }

static void next_part(tr_tone_player *p)
{
    if (p->sounding) {
        p->sounding = false;
        p->left = p->tone.segments[p->segment].off_ms * SAMPLES_PER_MS;
    } else if (p->segment + 1 < p->tone.count) {
        begin_segment(p, p->segment + 1);
    } else if (p->tone.repeat_from >= 0) {
        begin_segment(p, (uint32_t)p->tone.repeat_from);
    } else {
        p->loaded = false;
    }
}

bool tr_tone_player_work(tr_tone_player *p, int16_t *out, uint32_t samples)
{
    memset(out, 0, samples * sizeof *out);
    if (!p->loaded)
        return false;
    for (uint32_t at = 0; at < samples && p->loaded;) {
        uint32_t count = samples - at;
        if (!p->forever && p->left < count)
            count = p->left;
        if (p->sounding)
            tr_tone_work(&p->generator, out + at, (int)count);
        at += count;
        p->left -= p->forever ? 0 : count;
        if (!p->forever && p->left == 0)
            next_part(p);
    }
    return true;
}
