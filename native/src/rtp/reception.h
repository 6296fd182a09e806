/*
 * Reception state of one sender: sequence numbers, loss, interarrival jitter
 * (RFC 3550 section 6.4.1, appendices A.1, A.3, A.8), and SSRC changes.
 *
 * The first packet is taken at once (a call must not lose its first 20 ms); a new SSRC after it
 * must show two packets in sequence, as must a sequence number that jumps by 3,000 or more.
 * Duplicates are found in a window of the last 128 packets. RT safe.
 */
#ifndef TR_RTP_RECEPTION_H
#define TR_RTP_RECEPTION_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool started;
    uint32_t ssrc;
    int64_t base, highest;      /* extended sequence numbers */
    int64_t received;           /* from this SSRC since base, duplicates not counted */
    int64_t duplicates, reordered;
    uint64_t seen[2];           /* bit n: highest - n arrived */
    int64_t lost_before;        /* of earlier SSRCs and runs */
    int64_t lost_base;          /* of earlier SSRCs alone: reports about this one begin here */
    int32_t candidate_sequence; /* expected next of a source in probation; -1: none */
    uint32_t candidate_ssrc;
    bool expect_new;            /* the next newcomer needs no probation */
    int32_t transit;
    bool have_transit;
    double jitter;              /* samples */
    int64_t expected_prior, received_prior; /* of the last report */
} tr_reception;

typedef enum {
    TR_PACKET_DROP,      /* on probation */
    TR_PACKET_DUPLICATE,
    TR_PACKET_TAKE,
    TR_PACKET_RESTART    /* take it; everything before is another stream */
} tr_packet_verdict;

void tr_reception_init(tr_reception *reception);
tr_packet_verdict tr_reception_packet(tr_reception *reception, uint32_t ssrc, uint16_t sequence);
/* Nobody listens for a while: what comes next is a new run, with nothing lost in between. */
void tr_reception_suspend(tr_reception *reception);
/* Another source is heard from now on: its first packet is taken at once. */
void tr_reception_expect_new(tr_reception *reception);
/* `arrival` in samples of any fixed origin. Not for telephone-events: their timestamp stands. */
void tr_reception_timing(tr_reception *reception, uint32_t timestamp, uint32_t arrival);
/* Lost of all senders so far; and of the present SSRC alone, which is what RTCP reports. */
int64_t tr_reception_lost(const tr_reception *reception);
int64_t tr_reception_lost_of_ssrc(const tr_reception *reception);
/* Fraction lost since the last call, in 1/256 (A.3). */
uint8_t tr_reception_fraction(tr_reception *reception);

#endif
