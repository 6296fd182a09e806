#include "rtp/reception.h"

#include <math.h>

#include "base/sequence.h"

/* RFC 3550 A.1. */
enum { MAX_DROPOUT = 3000, MAX_MISORDER = 100, WINDOW = 128 };

void tr_reception_init(tr_reception *reception)
{
    *reception = (tr_reception){.candidate_sequence = -1};
}

static int64_t lost_now(const tr_reception *r)
{
    return r->started ? r->highest - r->base + 1 - r->received : 0;
}

int64_t tr_reception_lost(const tr_reception *r) { return r->lost_before + lost_now(r); }

int64_t tr_reception_lost_of_ssrc(const tr_reception *r)
{
    return tr_reception_lost(r) - r->lost_base;
}

void tr_reception_suspend(tr_reception *r)
{
    r->lost_before += lost_now(r);
    r->started = false;
}

void tr_reception_expect_new(tr_reception *r) { r->expect_new = r->started; }

/* Another sender: what is reported about it (section 6.4.1) says nothing of the one before. */
static void begin_ssrc(tr_reception *r, uint32_t ssrc)
{
    r->ssrc = ssrc;
    r->lost_base = r->lost_before;
    r->jitter = 0;
}

static void begin(tr_reception *r, uint32_t ssrc, uint16_t sequence)
{
    r->lost_before += lost_now(r);
    if (ssrc != r->ssrc)
        begin_ssrc(r, ssrc);
    r->started = true;
    r->base = r->highest = sequence;
    r->received = 1;
    r->seen[0] = 1;
    r->seen[1] = 0;
    r->candidate_sequence = -1;
    r->expect_new = r->have_transit = false;
    r->expected_prior = r->received_prior = 0;
}

/* Two packets in a row of the same newcomer (A.1: MIN_SEQUENTIAL). */
static tr_packet_verdict probation(tr_reception *r, uint32_t ssrc, uint16_t sequence)
{
    if (r->expect_new || (r->candidate_sequence == sequence && r->candidate_ssrc == ssrc)) {
        begin(r, ssrc, sequence);
        return TR_PACKET_RESTART;
    }
    r->candidate_ssrc = ssrc;
    r->candidate_sequence = (uint16_t)(sequence + 1);
    return TR_PACKET_DROP;
}

static void shift_window(tr_reception *r, int64_t by)
{
    if (by >= WINDOW) {
        r->seen[0] = r->seen[1] = 0;
    } else if (by >= 64) {
        r->seen[1] = by == 64 ? r->seen[0] : r->seen[0] << (by - 64);
        r->seen[0] = 0;
    } else {
        r->seen[1] = r->seen[1] << by | (by ? r->seen[0] >> (64 - by) : 0);
        r->seen[0] <<= by;
    }
}

static tr_packet_verdict newer(tr_reception *r, int64_t by)
{
    shift_window(r, by);
    r->seen[0] |= 1;
    r->highest += by;
    r->received++;
    r->candidate_sequence = -1;
    r->expect_new = false;
    return TR_PACKET_TAKE;
}

static tr_packet_verdict older(tr_reception *r, int64_t behind)
{
    const uint64_t bit = UINT64_C(1) << (behind & 63);
    if (r->seen[behind >> 6] & bit) {
        r->duplicates++;
        return TR_PACKET_DUPLICATE;
    }
    r->seen[behind >> 6] |= bit;
    r->reordered++;
    r->received++;
    if (r->highest - behind < r->base)
        r->base = r->highest - behind;
    return TR_PACKET_TAKE;
}

tr_packet_verdict tr_reception_packet(tr_reception *r, uint32_t ssrc, uint16_t sequence)
{
    if (!r->started) {
        begin(r, ssrc, sequence);
        return TR_PACKET_TAKE;
    }
    if (ssrc != r->ssrc)
        return probation(r, ssrc, sequence);
    const int64_t ahead = tr_seq_extend(r->highest, sequence) - r->highest;
    if (ahead > 0 && ahead < MAX_DROPOUT)
        return newer(r, ahead);
    if (ahead <= 0 && ahead > -MAX_MISORDER)
        return older(r, -ahead);
    return probation(r, ssrc, sequence);
}

void tr_reception_timing(tr_reception *r, uint32_t timestamp, uint32_t arrival)
{
    const int32_t transit = (int32_t)(arrival - timestamp);
    const int32_t difference = (int32_t)((uint32_t)transit - (uint32_t)r->transit);
    r->transit = transit;
    /* A jump of the sender's timestamp says nothing of the network. */
    if (r->have_transit && difference > -8000 && difference < 8000)
        r->jitter += (fabs((double)difference) - r->jitter) / 16.0;
    r->have_transit = true;
}

uint8_t tr_reception_fraction(tr_reception *r)
{
    const int64_t expected = r->started ? r->highest - r->base + 1 : 0;
    const int64_t interval = expected - r->expected_prior;
    const int64_t lost = interval - (r->received - r->received_prior);
    r->expected_prior = expected;
    r->received_prior = r->received;
    if (interval <= 0 || lost <= 0)
        return 0;
    const int64_t fraction = lost * 256 / interval;
    return (uint8_t)(fraction > 255 ? 255 : fraction);
}
