#include "rtp/source_filter.h"

#include <string.h>

#include "rtp/address.h"

enum { LATCH_PACKETS = 4, TAKEOVER_PACKETS = 2 };
#define SILENT_NS INT64_C(50000000)

void tr_source_filter_signal(tr_source_filter *filter, const tr_stream_settings *settings)
{
    const bool same = tr_address_same(&filter->signalled, &settings->remote);
    filter->latch = settings->latch != 0;
    filter->allow_count =
        settings->allow_count < TR_ALLOW_NETWORKS ? settings->allow_count : TR_ALLOW_NETWORKS;
    memcpy(filter->allow, settings->allow, sizeof filter->allow);
    /* A hold by 0.0.0.0 names no other source: who was heard before is heard again after it. */
    const bool nowhere = tr_address_unspecified(&settings->remote) && filter->signalled.family;
    if (same || nowhere)
        return;
    filter->signalled = filter->accepted = settings->remote;
    filter->candidate = (tr_address){0};
    filter->candidate_packets = 0;
    filter->settled = false;
}

static bool allowed(const tr_source_filter *filter, const tr_address *source)
{
    for (uint32_t i = 0; i < filter->allow_count; i++)
        if (tr_address_within(source, &filter->allow[i]))
            return true;
    return false;
}

static bool may_be_candidate(const tr_source_filter *filter, const tr_address *source)
{
    if (!filter->latch)
        return false;
    if (filter->allow_count == 0)
        return !filter->settled;
    return allowed(filter, source) || tr_address_same(source, &filter->signalled);
}

static uint32_t count_candidate(tr_source_filter *filter, const tr_address *source)
{
    if (!tr_address_same(source, &filter->candidate)) {
        filter->candidate = *source;
        filter->candidate_packets = 0;
    }
    return ++filter->candidate_packets;
}

static tr_source_verdict choose(tr_source_filter *filter, const tr_address *source, int64_t t_ns,
                                tr_source_verdict verdict)
{
    filter->accepted = *source;
    filter->accepted_last_ns = t_ns;
    filter->settled = true;
    filter->candidate_packets = 0;
    return verdict;
}

static tr_source_verdict consider(tr_source_filter *filter, const tr_address *source, int64_t t_ns)
{
    const uint32_t packets = count_candidate(filter, source);
    if (!filter->settled)
        return packets >= LATCH_PACKETS ? choose(filter, source, t_ns, TR_SOURCE_LATCHED)
                                        : TR_SOURCE_REFUSED;
    if (packets >= TAKEOVER_PACKETS && t_ns - filter->accepted_last_ns >= SILENT_NS)
        return choose(filter, source, t_ns, TR_SOURCE_TOOK_OVER);
    return TR_SOURCE_REFUSED;
}

tr_source_verdict tr_source_filter_check(tr_source_filter *filter, const tr_address *source,
                                         int64_t t_ns)
{
    if (tr_address_same(source, &filter->accepted))
        return choose(filter, source, t_ns, TR_SOURCE_ACCEPTED);
    if (!may_be_candidate(filter, source))
        return TR_SOURCE_REFUSED;
    return consider(filter, source, t_ns);
}

bool tr_source_filter_knows(const tr_source_filter *filter, const tr_address *source)
{
    return tr_address_same_host(source, &filter->accepted) ||
           tr_address_same_host(source, &filter->signalled);
}
