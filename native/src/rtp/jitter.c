#include "rtp/jitter.h"

#include <string.h>

#include "base/sequence.h"
#include "dsp/splice.h"

enum {
    BLOCK = 80,
    TARGET_MIN = 40,
    TARGET_FIRST = 112,   /* until the network is known */
    TARGET_MAX = 1600,
    MARGIN = 16,
    AHEAD_MAX = 6400,
    BASE_WINDOW = 32000,  /* 4 s, twice */
    LATE_RESTART = TR_JITTER_UNSURE + 1, /* hopelessly late packets in a row: the sender's clock jumped */
    MASK = TR_JITTER_RING - 1,
    LAG_MIN = 40,         /* 5 ms */
    LAG_MAX = 160,        /* 20 ms: the period of 50 Hz */
    EXCESS = BLOCK + MARGIN,
    EXCESS_MUCH = 10 * BLOCK,
    SETTLE_BLOCKS = 20,
    SETTLE_MUCH = 15,
    PATIENCE_BLOCKS = 200, /* a burst at the start of a talkspurt soon passes by itself */
    QUIET = 200           /* mean magnitude of a block that may be shortened early */
};
#define FORGET 0.998f
#define COVERED 0.985f
#define FIRST_WEIGHT 0.1f

void tr_jitter_restart(tr_jitter *j)
{
    memset(j->present, 0, sizeof j->present);
    j->anchored = j->heard = false;
    j->owed = false;
    j->late_in_row = 0;
    memset(j->unsure, 0, sizeof j->unsure);
    j->gap = j->unbroken = 0;
    j->settle = j->too_long = 0;
}

void tr_jitter_init(tr_jitter *j)
{
    memset(j, 0, sizeof *j);
    j->lateness[(TARGET_FIRST - MARGIN) / TR_JITTER_BIN - 1] = FIRST_WEIGHT;
    j->target = TARGET_FIRST;
}

static int32_t transit_of(uint32_t timestamp, uint32_t arrival)
{
    return (int32_t)(arrival - timestamp);
}

/* Transits wrap with the timestamps: compare by difference. */
static int32_t faster(int32_t a, int32_t b) { return tr_ts_diff((uint32_t)a, (uint32_t)b) < 0 ? a : b; }

static uint32_t fastest_transit(const tr_jitter *j)
{
    return (uint32_t)faster(j->fastest[0], j->fastest[1]);
}

static void note_transit(tr_jitter *j, int32_t transit, uint32_t arrival)
{
    if (arrival - j->window_start >= BASE_WINDOW) {
        j->fastest[1] = j->fastest[0];
        j->fastest[0] = transit;
        j->window_start = arrival;
    }
    j->fastest[0] = faster(j->fastest[0], transit);
}

static void note_lateness(tr_jitter *j, int lateness)
{
    int bin = lateness / TR_JITTER_BIN;
    if (bin >= TR_JITTER_BINS)
        bin = TR_JITTER_BINS - 1;
    for (int i = 0; i < TR_JITTER_BINS; i++)
        j->lateness[i] *= FORGET;
    j->lateness[bin] += 1.0f - FORGET;
}

/* Of packets too late to be played it is not known yet whether the network was slow or the
 * sender's clock jumped: their lateness counts once a packet in time shows the former. */
static void weigh_lateness(tr_jitter *j, int lateness)
{
    if (j->late_in_row > 0) {
        j->unsure[j->late_in_row - 1] = lateness;
        return;
    }
    for (int i = 0; i < TR_JITTER_UNSURE; i++) {
        if (j->unsure[i] > 0)
            note_lateness(j, j->unsure[i]);
        j->unsure[i] = 0;
    }
    note_lateness(j, lateness);
}

static int wanted_delay(const tr_jitter *j)
{
    float total = 0, sum = 0;
    for (int i = 0; i < TR_JITTER_BINS; i++)
        total += j->lateness[i];
    for (int i = 0; i < TR_JITTER_BINS; i++) {
        sum += j->lateness[i];
        if (sum >= COVERED * total) {
            const int delay = (i + 1) * TR_JITTER_BIN + MARGIN;
            return delay < TARGET_MIN ? TARGET_MIN : delay > TARGET_MAX ? TARGET_MAX : delay;
        }
    }
    return TARGET_MAX;
}

/* How many blocks to wait at the coming get, so that the delay is the target or up to a block more. */
static uint32_t first_wait(const tr_jitter *j, uint32_t arrival)
{
    const int32_t age = tr_ts_diff(j->now + BLOCK, arrival);
    const int32_t wait = j->target - (age > 0 && age < BLOCK ? age : 0);
    return wait > 0 ? (uint32_t)(wait + BLOCK - 1) / BLOCK * BLOCK : 0;
}

static void anchor(tr_jitter *j, uint32_t timestamp, uint32_t arrival)
{
    tr_jitter_restart(j);
    j->anchored = true;
    j->play = timestamp - first_wait(j, arrival);
    j->newest = timestamp;
    j->fastest[0] = j->fastest[1] = transit_of(timestamp, arrival);
    j->window_start = arrival;
}

static void store(tr_jitter *j, uint32_t timestamp, const int16_t *pcm, int samples)
{
    for (int i = 0; i < samples; i++) {
        const uint32_t at = (timestamp + (uint32_t)i) & (TR_JITTER_RING - 1);
        j->pcm[at] = pcm[i];
        j->present[at] = 1;
    }
}

/*
 * Far outside the ring the sender's clock has jumped. So it has, or the path has become longer,
 * when several packets in a row are too late; those of one burst count once, since after a stall
 * of the network the newer ones of the burst are in time.
 */
static bool jumped(tr_jitter *j, int32_t ahead, int samples, uint32_t arrival)
{
    if (ahead > AHEAD_MAX || ahead < -AHEAD_MAX)
        return true;
    if (ahead + samples > 0) {
        j->late_in_row = 0;
        return false;
    }
    if (j->late_in_row == 0 || arrival - j->last_late >= BLOCK)
        j->late_in_row++;
    j->last_late = arrival;
    return j->late_in_row >= LATE_RESTART;
}

bool tr_jitter_put(tr_jitter *j, uint32_t timestamp, const int16_t *pcm, int samples,
                   uint32_t arrival)
{
    if (!j->anchored || jumped(j, tr_ts_diff(timestamp, j->play), samples, arrival))
        anchor(j, timestamp, arrival);
    const int32_t transit = transit_of(timestamp, arrival);
    note_transit(j, transit, arrival);
    weigh_lateness(j, tr_ts_diff((uint32_t)transit, fastest_transit(j)));
    j->target = wanted_delay(j);
    const int32_t ahead = tr_ts_diff(timestamp, j->play);
    const int skip = ahead < 0 ? -ahead : 0; /* what of it has been played over already */
    j->owed |= skip > 0;
    if (skip >= samples) {
        j->late++;
        return false;
    }
    store(j, timestamp + (uint32_t)skip, pcm + skip, samples - skip);
    if (tr_ts_diff(timestamp + (uint32_t)samples, j->newest) > 0)
        j->newest = timestamp + (uint32_t)samples;
    return true;
}

/* The delay that playing `play` at `now` means. */
static int delay_at(const tr_jitter *j, uint32_t now)
{
    return tr_ts_diff(now - j->play, fastest_transit(j));
}

static bool has_speech(const tr_jitter *j, uint32_t timestamp)
{
    return j->present[timestamp & (TR_JITTER_RING - 1)];
}

/* How far the next block reaches into a packet after the one it begins in. */
static int overhang(const tr_jitter *j)
{
    const int reach = tr_ts_diff(j->newest, j->play) % BLOCK;
    return reach < 0 ? reach + BLOCK : reach;
}

/*
 * Delay beyond the wanted. A block is played whole only when the packet of its last sample is
 * there: what it reaches into the next packet is needed besides.
 */
static int spare(const tr_jitter *j)
{
    return j->delay - overhang(j) - j->target;
}

/* In a gap the play-out point may go wherever the target wants it, in whole blocks. */
static void correct_in_gap(tr_jitter *j)
{
    const int blocks = spare(j) / BLOCK;
    if (j->gap < 2 * BLOCK || blocks == 0)
        return;
    if (blocks < 0 && tr_ts_diff(j->play, j->newest) >= 0)
        j->play += (uint32_t)(blocks * BLOCK);
    for (int i = 0; i < blocks && !has_speech(j, j->play); i++)
        j->play += BLOCK;
}

static bool quiet(const tr_jitter *j, uint32_t from)
{
    int32_t sum = 0;
    for (uint32_t i = 0; i < BLOCK; i++) {
        const uint32_t at = (from + i) & (TR_JITTER_RING - 1);
        if (!j->present[at])
            return false;
        sum += j->pcm[at] < 0 ? -j->pcm[at] : j->pcm[at];
    }
    return sum < QUIET * BLOCK;
}

static void forget(tr_jitter *j, uint32_t from, int samples)
{
    for (int i = 0; i < samples; i++)
        j->present[(from + (uint32_t)i) & (TR_JITTER_RING - 1)] = 0;
}

/* Speech in one piece from `play` on, as far as a splice can look. */
static int in_one_piece(const tr_jitter *j)
{
    int samples = 0;
    while (samples < LAG_MAX + TR_SPLICE && has_speech(j, j->play + (uint32_t)samples))
        samples++;
    return samples;
}

/* No longer than leaves the wanted delay, and than the speech at hand. */
static int longest_lag(const tr_jitter *j, int excess)
{
    const int most = overhang(j) + excess / BLOCK * BLOCK;
    const int there = in_one_piece(j) - TR_SPLICE;
    return most < there ? most : there;
}

static void leave_out(tr_jitter *j, int most)
{
    const int lag = tr_splice_lag(j->pcm, MASK, j->play, LAG_MIN, most);
    tr_splice_drop(j->pcm, MASK, j->play, lag);
    forget(j, j->play, lag);
    j->play += (uint32_t)lag;
    j->delay -= lag;
}

/* Too little delay: the period just played is played again, if there is one. */
static void say_again(tr_jitter *j, int lacking)
{
    if (j->unbroken < LAG_MAX || in_one_piece(j) < TR_SPLICE)
        return;
    const int most = lacking + BLOCK < LAG_MAX ? lacking + BLOCK : LAG_MAX;
    const int lag = tr_splice_lag_back(j->pcm, MASK, j->play, LAG_MIN, most);
    tr_splice_repeat(j->pcm, MASK, j->play, lag);
    j->play -= (uint32_t)lag;
    for (int i = 0; i < lag; i++)
        j->present[(j->play + (uint32_t)i) & MASK] = 1;
    j->delay += lag;
    j->settle = SETTLE_BLOCKS;
}

/* In speech, one period at a time. */
static void correct_in_speech(tr_jitter *j)
{
    const int excess = spare(j);
    j->too_long = excess < EXCESS ? 0 : j->too_long + 1;
    if (j->settle > 0) {
        j->settle--;
        return;
    }
    if (excess < 0)
        say_again(j, -excess);
    if (excess < EXCESS || (j->too_long < PATIENCE_BLOCKS && !quiet(j, j->play)))
        return;
    const int most = longest_lag(j, excess);
    if (most < LAG_MIN)
        return;
    leave_out(j, most);
    j->settle = excess < EXCESS_MUCH ? SETTLE_BLOCKS : SETTLE_MUCH;
}

static int take(tr_jitter *j, int16_t *pcm, uint8_t *present, int samples)
{
    int found = 0;
    for (int i = 0; i < samples; i++) {
        const uint32_t at = (j->play + (uint32_t)i) & (TR_JITTER_RING - 1);
        present[i] = j->present[at];
        pcm[i] = present[i] ? j->pcm[at] : 0;
        found += present[i];
        j->present[at] = 0;
    }
    return found;
}

/* After a packet that came too late play-out waits a block where the delay is indeed too small:
 * the gap that is there anyway, or a short one now, raises it. */
static bool hold(tr_jitter *j)
{
    const bool wanted = j->owed && spare(j) < 0;
    j->owed = false;
    return wanted;
}

int tr_jitter_get(tr_jitter *j, int16_t *pcm, uint8_t *present, int samples, uint32_t now)
{
    memset(present, 0, (size_t)samples);
    memset(pcm, 0, (size_t)samples * sizeof *pcm);
    j->now = now;
    if (!j->anchored)
        return 0;
    j->delay = delay_at(j, now);
    if (has_speech(j, j->play))
        correct_in_speech(j);
    else
        correct_in_gap(j);
    if (hold(j)) {
        j->gap += samples;
        return 0;
    }
    const int found = take(j, pcm, present, samples);
    j->gap = found ? 0 : j->gap + samples;
    j->unbroken = found < samples ? 0 : j->unbroken > LAG_MAX ? j->unbroken : j->unbroken + samples;
    j->heard |= found > 0;
    j->play += (uint32_t)samples;
    return found;
}

void tr_jitter_skip(tr_jitter *j, uint32_t samples)
{
    if (samples >= TR_JITTER_RING)
        tr_jitter_restart(j);
    else if (j->anchored)
        forget(j, j->play, (int)samples);
    j->play += samples;
}

bool tr_jitter_reached(const tr_jitter *j, uint32_t timestamp)
{
    const int32_t ahead = tr_ts_diff(timestamp, j->play);
    return !j->anchored || ahead <= 0 || ahead > AHEAD_MAX;
}
