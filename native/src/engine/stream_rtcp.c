/* RTCP of a stream: reports each 5 s, randomised by half (RFC 3550 section 6.3), and BYE. */
#include <sys/socket.h>

#include "base/random.h"
#include "engine/stream.h"
#include "rtp/address.h"

#define INTERVAL_NS (5 * TR_NS_PER_S)

static int64_t next_interval(tr_stream *s)
{
    /* 0.5 to 1.5 of the interval */
    return INTERVAL_NS / 2 + (int64_t)((uint64_t)tr_random_next(&s->rtcp.random) *
                                       (uint64_t)INTERVAL_NS / UINT32_MAX);
}

static tr_rtcp_block block_about(tr_stream *s, int64_t now_ns)
{
    tr_rtcp_block block = {
        .ssrc = s->in.reception.ssrc,
        .fraction = tr_reception_fraction(&s->in.reception),
        .lost = (int32_t)tr_reception_lost_of_ssrc(&s->in.reception),
        .highest = (uint32_t)s->in.reception.highest,
        .jitter = (uint32_t)s->in.reception.jitter,
    };
    if (s->rtcp.last_sr_ntp && s->rtcp.last_sr_ssrc == block.ssrc) {
        block.last_sr = tr_rtcp_ntp_middle(s->rtcp.last_sr_ntp);
        /* 1/65536 s */
        block.since_last_sr = (uint32_t)((now_ns - s->rtcp.last_sr_ns) * 65536 / TR_NS_PER_S);
    }
    return block;
}

/* The RTP time of this very moment, from the sample clock: what is gathered plus what has passed
 * of this tick belongs to the future packet, so the timestamp of its first sample is moved on. */
static uint32_t timestamp_now(const tr_stream *s, const tr_tick *tick, int64_t now_ns)
{
    return s->out.timestamp + s->out.count +
           (uint32_t)((now_ns - tick->now_ns) / TR_NS_PER_SAMPLE);
}

void tr_stream_report(tr_stream *s, const tr_tick *tick, bool bye)
{
    _Alignas(8) uint8_t packet[TR_RTCP_MAX_BYTES + TR_SRTP_TRAILER];
    const int64_t now_ns = tr_now_ns();
    const int fd = s->settings.rtcp_mux ? s->settings.rtp_fd : s->settings.rtcp_fd;
    if (fd < 0 || s->out.rtcp.to_size == 0)
        return;
    const tr_rtcp_report report = {
        .ssrc = s->settings.ssrc,
        .sender = s->statistics.sent > s->rtcp.sent_at_last,
        .ntp = tr_rtcp_ntp(now_ns + tick->wall_offset_ns),
        .timestamp = timestamp_now(s, tick, now_ns),
        .packets = (uint32_t)s->statistics.sent,
        .octets = (uint32_t)s->statistics.sent_octets,
        .has_block = s->in.reception.started,
        .block = s->in.reception.started ? block_about(s, now_ns) : (tr_rtcp_block){0},
        .bye = bye,
        .cname = s->settings.cname,
    };
    s->rtcp.sent_at_last = s->statistics.sent;
    size_t size = tr_rtcp_build(packet, &report);
    if (s->srtp.sender)
        size = tr_srtp_protect_rtcp(s->srtp.sender, packet, size);
    if (size == 0)
        return;
    struct iovec piece = {packet, size};
    struct mmsghdr message = {.msg_hdr = {.msg_name = &s->out.rtcp.to,
                                          .msg_namelen = s->out.rtcp.to_size,
                                          .msg_iov = &piece,
                                          .msg_iovlen = 1}};
    if (sendmmsg(fd, &message, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
        s->statistics.rtcp_sent++;
}

void tr_stream_report_when_due(tr_stream *s, const tr_tick *tick)
{
    if (tick->now_ns < s->rtcp.next_ns)
        return;
    tr_stream_report(s, tick, false);
    s->rtcp.next_ns = tick->now_ns + next_interval(s);
}

/* A.8 of the reports about us: round trip = now - LSR - DLSR, in 1/65536 s. */
static void take_block(tr_stream *s, const tr_rtcp_block *block, int64_t wall_ns)
{
    s->statistics.remote_lost_q8 = block->fraction;
    s->statistics.remote_jitter_us = (int64_t)block->jitter * 125;
    if (block->last_sr == 0)
        return;
    const uint32_t now = tr_rtcp_ntp_middle(tr_rtcp_ntp(wall_ns));
    const int32_t trip = (int32_t)(now - block->last_sr - block->since_last_sr);
    if (trip >= 0 && trip < 60 * 65536)
        s->statistics.round_trip_us = (int64_t)trip * 1000000 / 65536;
}

/* LSR and DLSR are of the sender we report about; its first SR may come before its first packet. */
static void take_sender(tr_stream *s, const tr_rtcp_received *received, int64_t t_ns)
{
    if (s->in.reception.started && received->sender_ssrc != s->in.reception.ssrc)
        return;
    s->rtcp.last_sr_ssrc = received->sender_ssrc;
    s->rtcp.last_sr_ntp = received->ntp;
    s->rtcp.last_sr_ns = t_ns;
}

/* The sender we hear leaves: said once of each. */
static void take_bye(tr_stream *s, const tr_rtcp_received *received, const tr_address *source,
                     int64_t t_ns)
{
    const uint32_t ssrc = s->in.reception.ssrc;
    if (!tr_rtcp_leaves(received, ssrc) || (s->in.rtcp_bye && s->rtcp.left_ssrc == ssrc))
        return;
    s->in.rtcp_bye = true;
    s->rtcp.left_ssrc = ssrc;
    tr_stream_emit(s, TR_EVENT_RTCP_BYE, 0, 0, source, t_ns);
}

void tr_stream_rtcp_packet(tr_stream *s, uint8_t *data, size_t size, const tr_address *source,
                           int64_t t_ns)
{
    tr_rtcp_received received;
    if (!tr_source_filter_knows(&s->in.filter, source)) {
        s->statistics.discarded_source++;
        return;
    }
    if (s->srtp.gate && !tr_stream_opens_rtcp(s, data, &size, t_ns))
        return;
    if (!tr_rtcp_parse(&received, data, size, s->settings.ssrc)) {
        s->statistics.malformed++;
        return;
    }
    s->statistics.rtcp_received++;
    if (received.has_sender)
        take_sender(s, &received, t_ns);
    if (received.has_block)
        take_block(s, &received.block, t_ns + tr_wall_ns() - tr_now_ns());
    if (received.leaving_count > 0)
        take_bye(s, &received, source, t_ns);
}
