#include "rtp/pause.h"

#include <string.h>

#include "base/sequence.h"

/* Further away is another clock. */
enum { NEAR = 60 * 8000 };

void tr_pause_clear(tr_pause *p) { memset(p, 0, sizeof *p); }

static bool near(uint32_t a, uint32_t b)
{
    const int32_t distance = tr_ts_diff(a, b);
    return distance > -NEAR && distance < NEAR;
}

/* Until speech ends it, one pause goes over into the next. */
void tr_pause_told(tr_pause *p, tr_gap kind, uint32_t from, uint32_t until)
{
    if (p->kind == TR_GAP_LOSS || !near(from, p->from)) {
        *p = (tr_pause){.kind = kind, .from = from, .until = until};
        return;
    }
    if (tr_ts_diff(from, p->from) < 0)
        p->from = from;
    if (tr_ts_diff(until, p->until) > 0)
        p->until = until;
    p->kind = kind;
}

tr_gap tr_pause_gap(tr_pause *p, uint32_t timestamp)
{
    if (p->kind == TR_GAP_LOSS)
        return TR_GAP_LOSS;
    p->begun |= tr_ts_diff(timestamp, p->from) >= 0;
    return p->begun ? p->kind : TR_GAP_LOSS;
}

void tr_pause_speech(tr_pause *p, uint32_t timestamp, bool lasting)
{
    const bool past = tr_ts_diff(timestamp, p->until) >= 0;
    if ((past && !lasting) || !near(timestamp, p->until))
        tr_pause_clear(p);
}
