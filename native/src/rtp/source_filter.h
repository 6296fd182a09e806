/*
 * Which source address a stream listens to.
 *
 * Strict: only the signalled remote. Latching (symmetric RTP): the signalled remote at once, or the
 * first other source, inside `allow` when networks are given, that sends four valid packets in a
 * row with nobody between; that choice is made once and holds until the peer signals a new address
 * (else a stranger could steal the stream: "RTPBleed", AST-2017-005).
 *
 * One exception, for peers with a media cluster: where networks are given, a source inside them
 * (or the signalled remote itself) may take over after two packets, when the old one has been
 * silent for 50 ms. It takes over what we hear, never where we send.
 *
 * Times are nanoseconds of receipt. RT safe.
 */
#ifndef TR_RTP_SOURCE_FILTER_H
#define TR_RTP_SOURCE_FILTER_H

#include <stdbool.h>

#include "tipring_engine.h"

typedef struct {
    tr_address signalled, accepted, candidate;
    tr_address allow[TR_ALLOW_NETWORKS];
    uint32_t allow_count, candidate_packets;
    int64_t accepted_last_ns;
    bool latch, settled; /* settled: `accepted` has sent something */
} tr_source_filter;

typedef enum {
    TR_SOURCE_REFUSED,
    TR_SOURCE_ACCEPTED,
    TR_SOURCE_LATCHED,  /* accepted from now on; first choice of the call */
    TR_SOURCE_TOOK_OVER /* accepted from now on; another was before */
} tr_source_verdict;

/* (Re-)signalled: forgets what was latched unless the remote is the same as before. */
void tr_source_filter_signal(tr_source_filter *filter, const tr_stream_settings *settings);
/* Call for valid RTP packets only. */
tr_source_verdict tr_source_filter_check(tr_source_filter *filter, const tr_address *source,
                                         int64_t t_ns);
/* May RTCP from here be believed: the host of the source we hear or of the signalled remote. */
bool tr_source_filter_knows(const tr_source_filter *filter, const tr_address *source);

#endif
