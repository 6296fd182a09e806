/*
 * RTCP (RFC 3550 section 6): compound packets built and parsed, lengths checked throughout.
 *
 * Built: SR or RR, then SDES with CNAME, then BYE when asked. Parsed: what the engine uses of SR,
 * RR and BYE; other types are skipped by their length. RT safe.
 */
#ifndef TR_RTP_RTCP_H
#define TR_RTP_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TR_RTCP_MAX_BYTES = 256, TR_RTCP_LEAVING = 31 };

typedef struct {
    uint32_t ssrc;
    uint8_t fraction;     /* 1/256 */
    int32_t lost;         /* 24-bit signed on the wire */
    uint32_t highest, jitter, last_sr, since_last_sr;
} tr_rtcp_block;

typedef struct {
    uint32_t ssrc;
    bool sender;          /* SR, with the five fields below; else RR */
    uint64_t ntp;         /* 32.32 seconds since 1900 */
    uint32_t timestamp, packets, octets;
    bool has_block, bye;
    tr_rtcp_block block;
    const char *cname;
} tr_rtcp_report;

typedef struct {
    bool has_sender, has_block;
    uint32_t ssrc;        /* of the last report */
    uint32_t sender_ssrc; /* of the SR */
    int leaving_count;
    uint32_t leaving[TR_RTCP_LEAVING]; /* those whom BYE names (section 6.6) */
    uint64_t ntp;
    tr_rtcp_block block;  /* the one about `about` */
} tr_rtcp_received;

size_t tr_rtcp_build(uint8_t *out, const tr_rtcp_report *report);
/* False: not a compound RTCP packet. `about`: our SSRC, whose report block is wanted. */
bool tr_rtcp_parse(tr_rtcp_received *received, const uint8_t *data, size_t size, uint32_t about);
/* Does `ssrc` leave? */
bool tr_rtcp_leaves(const tr_rtcp_received *received, uint32_t ssrc);
uint64_t tr_rtcp_ntp(int64_t wall_ns);
static inline uint32_t tr_rtcp_ntp_middle(uint64_t ntp) { return (uint32_t)(ntp >> 16); }

#endif
