/*
 * Which source address a stream listens to, and where it sends. Pure: (source, time) -> verdict.
 *
 * The signalled remote is heard at once, whenever it speaks, whoever was heard before. Strict (no
 * `latch`): nobody else is. With `latch` another source is heard after a probation; which one
 * depends on whether anything was accepted since the remote was signalled:
 *
 *   nothing yet   latching (symmetric RTP): a source inside `allow` (none given: any) or inside
 *                 `takeover`, by 4 packets over at least 60 ms. Once: after it, and after the
 *                 first packet of the signalled remote, only signalling opens this state again
 *                 (else a stranger could steal the stream: "RTPBleed", AST-2017-005).
 *   something     takeover (media clusters): a source inside `takeover`, by 2 packets, when the
 *                 accepted source has been silent for 60 ms. None given: nobody.
 *
 * The packets of a probation are of one source, with none of the accepted or of another candidate
 * between. After a new remote was signalled, those heard and signalled before in this call (the
 * last eight) are no candidates: what they still send is late.
 *
 * `target` is where to send: the signalled remote. It moves to a latched source unless that is
 * inside `takeover`, or `allow` is given: a cluster wants RTP at the signalled address, a peer
 * behind a NAT can be reached only where its packets come from. It moves back with the remote.
 *
 * Times are nanoseconds of receipt. RT safe.
 */
#ifndef TR_RTP_SOURCE_FILTER_H
#define TR_RTP_SOURCE_FILTER_H

#include <stdbool.h>

#include "tipring_engine.h"

enum { TR_SOURCES_FORMER = 8 };

typedef struct {
    tr_address networks[TR_ALLOW_NETWORKS];
    uint32_t count;
} tr_source_networks;

typedef struct {
    tr_address signalled, accepted, target;
    tr_address former[TR_SOURCES_FORMER]; /* accepted or signalled before the remote changed */
    uint32_t former_next;                 /* the oldest, replaced next */
    tr_address candidate;
    uint32_t candidate_packets;
    int64_t candidate_first_ns, accepted_last_ns;
    tr_source_networks allow, takeover;
    bool latch, settled; /* settled: something was accepted since the remote was signalled */
} tr_source_filter;

typedef enum {
    TR_SOURCE_REFUSED,
    TR_SOURCE_ACCEPTED,
    TR_SOURCE_CHANGED /* accepted from now on; another was before */
} tr_source_verdict;

/* (Re-)signalled: forgets what was latched unless the remote is the same as before. */
void tr_source_filter_signal(tr_source_filter *filter, const tr_stream_settings *settings);
/* Call for valid RTP packets only; with SRTP, for genuine ones. */
tr_source_verdict tr_source_filter_check(tr_source_filter *filter, const tr_address *source,
                                         int64_t t_ns);
/* May a packet from here be listened to, or count towards it? Spares opening those of strangers. */
bool tr_source_filter_may_be(const tr_source_filter *filter, const tr_address *source);
/* May RTCP from here be believed: the host of the source we hear or of the signalled remote. */
bool tr_source_filter_knows(const tr_source_filter *filter, const tr_address *source);

#endif
