/*
 * Arithmetic of wrapping counters: RTP sequence numbers (16 bit) and timestamps (32 bit).
 * Differences are signed and right while the true distance is below half the range.
 */
#ifndef TR_BASE_SEQUENCE_H
#define TR_BASE_SEQUENCE_H

#include <stdint.h>

static inline int16_t tr_seq_diff(uint16_t a, uint16_t b) { return (int16_t)(uint16_t)(a - b); }
static inline int32_t tr_ts_diff(uint32_t a, uint32_t b) { return (int32_t)(a - b); }

/* The extended number nearest to `near` whose low 16 bits are `seq`. */
static inline int64_t tr_seq_extend(int64_t near, uint16_t seq)
{
    return near + tr_seq_diff(seq, (uint16_t)near);
}

#endif
