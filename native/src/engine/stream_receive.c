/* What arrives: who may be heard, and which block each packet goes to. */
#include <string.h>
#include <sys/socket.h>

#include "base/sequence.h"
#include "engine/stream.h"
#include "rtp/address.h"

enum { BATCH = 16, BATCHES_SURE = 4, CONTROL_BYTES = 128, PT_COMFORT_NOISE = 13 };

/* More than a receive buffer of 256 KiB holds: each datagram is charged 768 bytes of twice that. */

/* RTCP is looked for each 100 ms: it carries its own times, and each look is a system call. */
enum { RTCP_TICKS = 10 };

struct tr_receive_scratch {
    struct mmsghdr messages[BATCH];
    struct iovec pieces[BATCH];
    struct sockaddr_storage sources[BATCH];
    uint8_t control[BATCH][CONTROL_BYTES];
    _Alignas(8) uint8_t data[BATCH][TR_RTP_MAX_BYTES];
};

size_t tr_receive_scratch_size(void) { return sizeof(tr_receive_scratch); }

void tr_receive_scratch_init(tr_receive_scratch *scratch)
{
    for (int i = 0; i < BATCH; i++) {
        scratch->pieces[i] = (struct iovec){scratch->data[i], TR_RTP_MAX_BYTES};
        scratch->messages[i].msg_hdr = (struct msghdr){.msg_name = &scratch->sources[i],
                                                       .msg_iov = &scratch->pieces[i],
                                                       .msg_iovlen = 1,
                                                       .msg_control = scratch->control[i]};
    }
}

/* The kernel's time of receipt, moved to CLOCK_MONOTONIC; a stepped wall clock is not believed. */
static int64_t received_at(struct msghdr *message, const tr_tick *tick, int64_t now_ns)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        struct timespec t;
        memcpy(&t, CMSG_DATA(c), sizeof t);
        const int64_t t_ns = tr_timespec_ns(&t) - tick->wall_offset_ns;
        return t_ns <= now_ns && t_ns > now_ns - TR_NS_PER_S ? t_ns : now_ns;
    }
    return now_ns;
}

static void take_digit_reports(tr_stream *s, int64_t t_ns)
{
    tr_digit_report report;
    while (tr_event_receiver_next(&s->in.events, &report)) {
        if (report.started) {
            s->statistics.digits_received++;
            if (!tr_digit_player_press(&s->in.digits, report.event, report.timestamp))
                s->statistics.digits_unplayed++;
            tr_stream_emit(s, TR_EVENT_DIGIT_STARTED, report.event, 0, NULL, t_ns);
        } else {
            tr_digit_player_release(&s->in.digits, report.duration);
            tr_stream_emit(s, TR_EVENT_DIGIT_ENDED, report.event, report.duration / 8, NULL, t_ns);
        }
    }
}

static void heard(tr_stream *s, const tr_address *source, int64_t t_ns)
{
    s->in.heard_ns = t_ns;
    s->statistics.last_packet_ns = t_ns;
    if (s->statistics.first_packet_ns == 0) {
        s->statistics.first_packet_ns = t_ns;
        tr_stream_emit(s, TR_EVENT_FIRST_PACKET, 0, 0, source, t_ns);
    }
    if (s->in.timed_out) {
        s->in.timed_out = false;
        tr_stream_emit(s, TR_EVENT_RTP_RESUMED, 0, 0, source, t_ns);
    }
}

static void note_new_source(tr_stream *s, const tr_address *source, int64_t t_ns)
{
    s->statistics.source_changes++;
    tr_reception_expect_new(&s->in.reception);
    tr_stream_emit(s, TR_EVENT_SOURCE_CHANGED, 0, 0, source, t_ns);
    tr_stream_aim(s);
}

static bool source_allowed(tr_stream *s, const tr_address *source, int64_t t_ns)
{
    const tr_source_verdict verdict = tr_source_filter_check(&s->in.filter, source, t_ns);
    if (verdict == TR_SOURCE_REFUSED) {
        s->statistics.discarded_source++;
        return false;
    }
    if (verdict == TR_SOURCE_CHANGED)
        note_new_source(s, source, t_ns);
    return true;
}

static bool known_payload(const tr_stream *s, uint8_t payload_type)
{
    return payload_type == 0 || payload_type == 8 || payload_type == PT_COMFORT_NOISE ||
           payload_type == s->settings.receive_payload_type ||
           payload_type == s->settings.dtmf_receive_payload_type;
}

/* With the same SSRC it is the same sender, and a digit begun may go on. */
static void restart_receiving(tr_stream *s, const tr_packet *packet)
{
    tr_jitter_restart(&s->in.jitter);
    if (s->statistics.remote_ssrc == packet->ssrc) {
        tr_event_receiver_restart(&s->in.events);
        return;
    }
    s->statistics.ssrc_changes++;
    tr_event_receiver_forget(&s->in.events);
    tr_pause_clear(&s->in.pause);
}

static bool in_sequence(tr_stream *s, const tr_packet *packet)
{
    switch (tr_reception_packet(&s->in.reception, packet->ssrc, packet->sequence)) {
    case TR_PACKET_DROP:
    case TR_PACKET_DUPLICATE:
        return false;
    case TR_PACKET_RESTART:
        restart_receiving(s, packet);
        break;
    case TR_PACKET_TAKE:
        break;
    }
    s->statistics.remote_ssrc = packet->ssrc;
    return true;
}

/* RFC 3551 fixes 0 and 8, so the peer may change the law without signalling. */
static tr_law law_of(const tr_stream *s, uint8_t payload_type)
{
    const bool negotiated = payload_type == s->settings.receive_payload_type;
    return (negotiated ? s->settings.codec : payload_type) == 8 ? TR_A_LAW : TR_MU_LAW;
}

static void take_audio(tr_stream *s, const tr_packet *packet, uint32_t arrival)
{
    int16_t pcm[TR_RTP_MAX_BYTES];
    const tr_law law = law_of(s, packet->payload_type);
    if (packet->payload_size == 0)
        return;
    tr_g711_decode_block(law, packet->payload, pcm, packet->payload_size);
    tr_reception_timing(&s->in.reception, packet->timestamp, arrival);
    tr_event_receiver_audio(&s->in.events, packet->timestamp);
    tr_jitter_put(&s->in.jitter, packet->timestamp, pcm, (int)packet->payload_size, arrival);
    s->in.packet_samples = (uint32_t)packet->payload_size;
}

/* A repeat that comes when speech is being played again tells of no pause. */
static bool long_over(const tr_stream *s, uint32_t until)
{
    return s->in.pause.kind == TR_GAP_LOSS && s->in.jitter.anchored && s->in.jitter.gap == 0 &&
           tr_ts_diff(until, s->in.jitter.play) <= 0;
}

static void take_event(tr_stream *s, const tr_packet *packet, uint32_t arrival)
{
    uint32_t until;
    if (!tr_event_receiver_packet(&s->in.events, packet->payload, packet->payload_size,
                                  packet->timestamp, arrival)) {
        s->statistics.malformed++;
        return;
    }
    until = packet->timestamp + tr_event_receiver_told(packet->payload, packet->payload_size);
    if (!long_over(s, until))
        tr_pause_told(&s->in.pause, TR_GAP_EVENT, packet->timestamp, until);
}

/* RFC 3389 section 4: from here on nothing is sent until somebody speaks. */
static void take_noise(tr_stream *s, const tr_packet *packet)
{
    tr_comfort_noise_level(&s->in.noise, packet->payload, packet->payload_size);
    tr_pause_told(&s->in.pause, TR_GAP_SILENCE, packet->timestamp, packet->timestamp);
}

static void take_payload(tr_stream *s, const tr_packet *packet, uint32_t arrival)
{
    if (packet->payload_type == s->settings.dtmf_receive_payload_type)
        take_event(s, packet, arrival);
    else if (packet->payload_type == PT_COMFORT_NOISE)
        take_noise(s, packet);
    else
        take_audio(s, packet, arrival);
}

/* With SRTP, only what is genuine counts: for the source, for a new sender, for the time-out. A hold
 * goes past unheard, but not past the rollover counter. */
void tr_stream_rtp_packet(tr_stream *s, uint8_t *data, size_t size, const tr_address *source,
                          int64_t t_ns, const tr_tick *tick)
{
    tr_packet packet;
    if (s->srtp.gate && !tr_stream_opens_rtp(s, data, &size, source, t_ns))
        return;
    if (!tr_packet_parse(&packet, data, size)) {
        s->statistics.malformed++;
        return;
    }
    if (!s->settings.receiving)
        return;
    if (!known_payload(s, packet.payload_type)) {
        s->statistics.discarded_payload++;
        return;
    }
    if (!source_allowed(s, source, t_ns) || !in_sequence(s, &packet))
        return;
    heard(s, source, t_ns);
    s->statistics.received++;
    s->statistics.received_octets += (int64_t)packet.payload_size;
    take_payload(s, &packet, tr_tick_samples_at(tick, t_ns));
    take_digit_reports(s, t_ns);
}

static int receive_batch(int fd, tr_receive_scratch *scratch)
{
    for (int i = 0; i < BATCH; i++) {
        scratch->messages[i].msg_hdr.msg_namelen = sizeof scratch->sources[i];
        scratch->messages[i].msg_hdr.msg_controllen = CONTROL_BYTES;
    }
    /* Errors (an ICMP answer, EAGAIN) mean "nothing now". */
    return recvmmsg(fd, scratch->messages, BATCH, MSG_DONTWAIT, NULL);
}

static void one_datagram(tr_stream *s, struct mmsghdr *message, uint8_t *data, bool rtcp_port,
                         const tr_tick *tick)
{
    tr_address source;
    const int64_t t_ns = received_at(&message->msg_hdr, tick, tr_now_ns());
    tr_address_from_socket(&source, message->msg_hdr.msg_name);
    if (message->msg_hdr.msg_flags & MSG_TRUNC)
        s->statistics.malformed++;
    else if (rtcp_port || (s->settings.rtcp_mux && tr_packet_is_rtcp(data, message->msg_len)))
        tr_stream_rtcp_packet(s, data, message->msg_len, &source, t_ns);
    else
        tr_stream_rtp_packet(s, data, message->msg_len, &source, t_ns, tick);
}

/* Each stream may read as much as a call ever needs; beyond that, as a flood of strange packets
 * demands, all streams share a part of the tick. What is left waits in the socket. */
static bool may_read_on(tr_stream *s, int batch, const tr_tick *tick)
{
    if (batch < BATCHES_SURE || tr_now_ns() < tick->read_until_ns)
        return true;
    s->statistics.reads_cut++;
    return false;
}

static void drain(tr_stream *s, int fd, bool rtcp_port, tr_receive_scratch *scratch,
                  const tr_tick *tick)
{
    for (int batch = 0; fd >= 0 && may_read_on(s, batch, tick); batch++) {
        const int count = receive_batch(fd, scratch);
        for (int i = 0; i < count; i++)
            one_datagram(s, &scratch->messages[i], scratch->data[i], rtcp_port, tick);
        if (count < BATCH)
            return;
    }
}

static void check_timeout(tr_stream *s, const tr_tick *tick)
{
    if (s->settings.timeout_ms == 0 || !s->settings.receiving || s->in.timed_out)
        return;
    if (tick->now_ns - s->in.heard_ns < s->settings.timeout_ms * INT64_C(1000000))
        return;
    s->in.timed_out = true;
    tr_stream_emit(s, TR_EVENT_RTP_TIMEOUT, 0, 0, NULL, tick->now_ns);
}

void tr_stream_receive(tr_stream *s, tr_receive_scratch *scratch, const tr_tick *tick)
{
    drain(s, s->settings.rtp_fd, false, scratch, tick);
    if (tick->clock / TR_TICK_SAMPLES % RTCP_TICKS == s->slot % RTCP_TICKS)
        drain(s, s->settings.rtcp_fd, true, scratch, tick);
    tr_event_receiver_tick(&s->in.events, s->in.packet_samples, (uint32_t)tick->clock);
    take_digit_reports(s, tick->now_ns);
    check_timeout(s, tick);
}
