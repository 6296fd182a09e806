#include "rtp/source_filter.h"

#include <string.h>

#include "rtp/address.h"

#define MS INT64_C(1000000)

/* What another source must show, by `settled`. */
static const struct {
    uint32_t packets;
    int64_t over_ns;   /* from its first packet to its last */
    int64_t silent_ns; /* since the accepted source was heard */
} probation[] = {
    [false] = {4, 60 * MS, 0}, /* latching */
    [true] = {2, 0, 60 * MS},  /* takeover: at most 100 ms muted with packets of 20 ms */
};

static tr_source_networks networks_of(const tr_address *networks, uint32_t count)
{
    tr_source_networks copy = {.count = count < TR_ALLOW_NETWORKS ? count : TR_ALLOW_NETWORKS};
    memcpy(copy.networks, networks, sizeof copy.networks);
    return copy;
}

static bool within(const tr_source_networks *list, const tr_address *source)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (tr_address_within(source, &list->networks[i]))
            return true;
    return false;
}

static bool is_former(const tr_source_filter *filter, const tr_address *source)
{
    for (int i = 0; i < TR_SOURCES_FORMER; i++)
        if (tr_address_same(source, &filter->former[i]))
            return true;
    return false;
}

static void retire(tr_source_filter *filter, tr_address source)
{
    if (!source.family || is_former(filter, &source))
        return;
    filter->former[filter->former_next] = source;
    filter->former_next = (filter->former_next + 1) % TR_SOURCES_FORMER;
}

static void start_with(tr_source_filter *filter, tr_address remote)
{
    filter->signalled = filter->accepted = filter->target = remote;
    filter->candidate = (tr_address){0};
    filter->candidate_packets = 0;
    filter->settled = false;
}

void tr_source_filter_signal(tr_source_filter *filter, const tr_stream_settings *settings)
{
    const bool same = tr_address_same(&filter->signalled, &settings->remote);
    /* A hold by 0.0.0.0 names no other source: who was heard before is heard again after it. */
    const bool nowhere = tr_address_unspecified(&settings->remote) && filter->signalled.family;
    filter->latch = settings->latch != 0;
    filter->allow = networks_of(settings->allow, settings->allow_count);
    filter->takeover = networks_of(settings->takeover, settings->takeover_count);
    if (!same && !nowhere) {
        retire(filter, filter->accepted);
        retire(filter, filter->signalled);
        start_with(filter, settings->remote);
    } else if (!filter->latch) {
        start_with(filter, filter->signalled);
    }
}

static bool may_be_candidate(const tr_source_filter *filter, const tr_address *source)
{
    if (!filter->latch || is_former(filter, source))
        return false;
    if (within(&filter->takeover, source))
        return true;
    return !filter->settled && (filter->allow.count == 0 || within(&filter->allow, source));
}

static void count_candidate(tr_source_filter *filter, const tr_address *source, int64_t t_ns)
{
    if (filter->candidate_packets == 0 || !tr_address_same(source, &filter->candidate)) {
        filter->candidate = *source;
        filter->candidate_first_ns = t_ns;
        filter->candidate_packets = 0;
    }
    filter->candidate_packets++;
}

static bool passed(const tr_source_filter *filter, int64_t t_ns)
{
    return filter->candidate_packets >= probation[filter->settled].packets &&
           t_ns - filter->candidate_first_ns >= probation[filter->settled].over_ns &&
           t_ns - filter->accepted_last_ns >= probation[filter->settled].silent_ns;
}

static tr_source_verdict accept_source(tr_source_filter *filter, const tr_address *source,
                                       int64_t t_ns)
{
    const bool same = tr_address_same(source, &filter->accepted);
    filter->accepted = *source;
    filter->accepted_last_ns = t_ns;
    filter->settled = true;
    filter->candidate_packets = 0;
    return same ? TR_SOURCE_ACCEPTED : TR_SOURCE_CHANGED;
}

static tr_source_verdict consider(tr_source_filter *filter, const tr_address *source, int64_t t_ns)
{
    count_candidate(filter, source, t_ns);
    if (!passed(filter, t_ns))
        return TR_SOURCE_REFUSED;
    if (!filter->settled && filter->allow.count == 0 && !within(&filter->takeover, source))
        filter->target = *source;
    return accept_source(filter, source, t_ns);
}

tr_source_verdict tr_source_filter_check(tr_source_filter *filter, const tr_address *source,
                                         int64_t t_ns)
{
    if (tr_address_same(source, &filter->signalled)) {
        filter->target = filter->signalled;
        return accept_source(filter, source, t_ns);
    }
    if (tr_address_same(source, &filter->accepted))
        return accept_source(filter, source, t_ns);
    if (!may_be_candidate(filter, source))
        return TR_SOURCE_REFUSED;
    return consider(filter, source, t_ns);
}

bool tr_source_filter_may_be(const tr_source_filter *filter, const tr_address *source)
{
    return tr_address_same(source, &filter->signalled) ||
           tr_address_same(source, &filter->accepted) || may_be_candidate(filter, source);
}

bool tr_source_filter_knows(const tr_source_filter *filter, const tr_address *source)
{
    return tr_address_same_host(source, &filter->accepted) ||
           tr_address_same_host(source, &filter->signalled);
}
