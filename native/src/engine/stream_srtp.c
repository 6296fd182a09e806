/* SRTP of a stream: which context opens a packet, and what becomes of one that none opens. */
#include <string.h>

#include "engine/stream.h"
#include "rtp/bytes.h"

/* A receiver that was asked for and did not come: the ring was full. */
#define ASK_AGAIN_NS (100 * INT64_C(1000000))

typedef struct {
    size_t ssrc_at, least;
    tr_srtp_verdict (*unprotect)(tr_srtp *srtp, uint8_t *packet, size_t *size);
    bool (*passes)(tr_srtp *gate, uint8_t *packet, size_t size);
} packet_kind;

static const packet_kind rtp = {8, TR_RTP_HEADER, tr_srtp_unprotect, tr_srtp_gate_passes};
static const packet_kind rtcp = {4, 8, tr_srtp_unprotect_rtcp, tr_srtp_gate_passes_rtcp};

static void retire(tr_stream *s, tr_srtp **context)
{
    tr_srtp_retire(s->srtp.pile, *context);
    *context = NULL;
}

static bool is_former(const tr_stream *s, const tr_srtp *receiver)
{
    return !s->srtp.gate || tr_srtp_epoch(receiver) != tr_srtp_epoch(s->srtp.gate);
}

static void retire_former(tr_stream *s)
{
    for (int i = 0; i < TR_SRTP_SENDERS; i++)
        if (s->srtp.receivers[i] && is_former(s, s->srtp.receivers[i]))
            retire(s, &s->srtp.receivers[i]);
}

/* The place of an SSRC's receiver, of the present key or the one before; -1: there is none. */
static int place_of(const tr_stream *s, uint32_t ssrc, bool former)
{
    for (int i = 0; i < TR_SRTP_SENDERS; i++) {
        const tr_srtp *receiver = s->srtp.receivers[i];
        if (receiver && tr_srtp_ssrc(receiver) == ssrc && is_former(s, receiver) == former)
            return i;
    }
    return -1;
}

/* One at a time: it is answered within a tick or two. */
static void ask_for_receiver(tr_stream *s, uint32_t ssrc, int64_t t_ns)
{
    if (s->srtp.asked && t_ns - s->srtp.asked_ns < ASK_AGAIN_NS)
        return;
    if (!s->srtp.asked || s->srtp.asked_ssrc != ssrc)
        s->srtp.held_count = 0;
    s->srtp.asked = true;
    s->srtp.asked_ssrc = ssrc;
    s->srtp.asked_ns = t_ns;
    tr_stream_emit(s, TR_EVENT_SRTP_SENDER, ssrc, tr_srtp_epoch(s->srtp.gate), NULL, t_ns);
}

/* Receivers of the key before stay until a packet of the new one has come: what is on its way was
 * protected with the old. */
void tr_stream_take_keys(tr_stream *s, const tr_stream_keys *keys)
{
    if (keys->send) {
        retire(s, &s->srtp.sender);
        s->srtp.sender = keys->sender;
    }
    if (!keys->receive)
        return;
    retire(s, &s->srtp.gate);
    s->srtp.gate = keys->gate;
    s->srtp.asked = false;
    s->srtp.held_count = 0;
    if (!s->srtp.gate)
        retire_former(s);
    else if (place_of(s, s->in.reception.ssrc, true) >= 0)
        ask_for_receiver(s, s->in.reception.ssrc, s->in.heard_ns);
}

void tr_stream_drop_keys(tr_stream *s)
{
    tr_stream_take_keys(s, &(tr_stream_keys){.send = true, .receive = true});
}

/* A free place, else that of the sender silent for longest. */
static int place_for_new(const tr_stream *s)
{
    int oldest = 0;
    for (int i = 0; i < TR_SRTP_SENDERS; i++) {
        if (!s->srtp.receivers[i])
            return i;
        if (s->srtp.used_ns[i] < s->srtp.used_ns[oldest])
            oldest = i;
    }
    return oldest;
}

static void open_held(tr_stream *s, const tr_tick *tick)
{
    for (; s->srtp.held_count > 0; s->srtp.held_count--) {
        tr_held_packet *held = &s->srtp.held[s->srtp.held_first++ % TR_SRTP_HELD];
        tr_stream_rtp_packet(s, held->data, held->size, &held->source, held->t_ns, tick);
    }
}

void tr_stream_take_receiver(tr_stream *s, tr_srtp *receiver, const tr_tick *tick)
{
    if (is_former(s, receiver) || place_of(s, tr_srtp_ssrc(receiver), false) >= 0) {
        tr_srtp_retire(s->srtp.pile, receiver);
        return;
    }
    const int former = place_of(s, tr_srtp_ssrc(receiver), true), place = place_for_new(s);
    if (former >= 0)
        tr_srtp_follow(receiver, s->srtp.receivers[former]);
    retire(s, &s->srtp.receivers[place]);
    s->srtp.receivers[place] = receiver;
    s->srtp.used_ns[place] = tick->now_ns;
    if (s->srtp.asked && s->srtp.asked_ssrc == tr_srtp_ssrc(receiver)) {
        s->srtp.asked = false;
        open_held(s, tick);
    }
}

/* The newest are kept: a reader that comes late is of more use to them. */
static void hold(tr_stream *s, uint32_t ssrc, const uint8_t *data, size_t size,
                 const tr_address *source, int64_t t_ns)
{
    if (ssrc != s->srtp.asked_ssrc || size > TR_SRTP_HELD_BYTES)
        return;
    if (s->srtp.held_count == TR_SRTP_HELD) {
        s->srtp.held_first++;
        s->srtp.held_count--;
    }
    tr_held_packet *held = &s->srtp.held[(s->srtp.held_first + s->srtp.held_count++) % TR_SRTP_HELD];
    memcpy(held->data, data, size);
    held->size = size;
    held->source = *source;
    held->t_ns = t_ns;
}

static tr_srtp_verdict try_receiver(tr_stream *s, const packet_kind *kind, bool former,
                                    uint8_t *data, size_t *size, int64_t t_ns)
{
    const int place = place_of(s, tr_get32(data + kind->ssrc_at), former);
    if (place < 0)
        return TR_SRTP_FORGED;
    const tr_srtp_verdict verdict = kind->unprotect(s->srtp.receivers[place], data, size);
    if (verdict == TR_SRTP_GENUINE)
        s->srtp.used_ns[place] = t_ns;
    return verdict;
}

/* GENUINE, or why not; `source` is NULL for RTCP, which is not held: it comes again. */
static tr_srtp_verdict open_packet(tr_stream *s, const packet_kind *kind, uint8_t *data,
                                   size_t *size, const tr_address *source, int64_t t_ns)
{
    const uint32_t ssrc = tr_get32(data + kind->ssrc_at);
    const tr_srtp_verdict verdict = try_receiver(s, kind, false, data, size, t_ns);
    if (verdict == TR_SRTP_GENUINE)
        retire_former(s);
    if (verdict != TR_SRTP_FORGED)
        return verdict;
    if (place_of(s, ssrc, false) < 0 && kind->passes(s->srtp.gate, data, *size)) {
        ask_for_receiver(s, ssrc, t_ns);
        if (source)
            hold(s, ssrc, data, *size, source, t_ns);
        return TR_SRTP_WAITS;
    }
    return try_receiver(s, kind, true, data, size, t_ns);
}

static bool counted(tr_stream *s, tr_srtp_verdict verdict)
{
    s->statistics.srtp_failed += verdict == TR_SRTP_FORGED;
    s->statistics.srtp_replayed += verdict == TR_SRTP_REPLAYED;
    return verdict == TR_SRTP_GENUINE;
}

bool tr_stream_opens_rtp(tr_stream *s, uint8_t *data, size_t *size, const tr_address *source,
                         int64_t t_ns)
{
    if (*size < rtp.least || data[0] >> 6 != 2) {
        s->statistics.malformed++;
        return false;
    }
    if (!tr_source_filter_may_be(&s->in.filter, source)) {
        s->statistics.discarded_source++;
        return false;
    }
    return counted(s, open_packet(s, &rtp, data, size, source, t_ns));
}

bool tr_stream_opens_rtcp(tr_stream *s, uint8_t *data, size_t *size, int64_t t_ns)
{
    if (*size < rtcp.least) {
        s->statistics.malformed++;
        return false;
    }
    return counted(s, open_packet(s, &rtcp, data, size, NULL, t_ns));
}
