/* What leaves: audio or telephone-event, one packet each packet time, prepared a tick ahead. */
#include <sys/socket.h>

#include "engine/stream.h"

#define INBAND_DBM0 -10.0f

static tr_law law_of(const tr_stream *s) { return s->settings.codec == 8 ? TR_A_LAW : TR_MU_LAW; }

void tr_stream_transmit(tr_stream *s)
{
    if (s->out.packet_size == 0)
        return;
    struct iovec piece = {s->out.packet, s->out.packet_size};
    struct mmsghdr message = {.msg_hdr = {.msg_name = &s->out.rtp.to,
                                          .msg_namelen = s->out.rtp.to_size,
                                          .msg_iov = &piece,
                                          .msg_iovlen = 1}};
    /* An ICMP error of an earlier packet or a full buffer costs this packet, never the call. */
    if (sendmmsg(s->settings.rtp_fd, &message, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) {
        s->statistics.sent++;
        s->statistics.sent_octets += (int64_t)s->out.payload_size;
    } else {
        s->statistics.send_errors++;
    }
    s->out.packet_size = 0;
}

/* After a long stall: speech of before it would only arrive late. Its sequence number is taken back,
 * or the peer would count a loss; but SRTP uses none twice, whatever became of the packet
 * (RFC 3711 section 9.1). A telephone-event is as true as before, and is not repeated often. */
void tr_stream_withdraw(tr_stream *s)
{
    if (s->out.packet_size == 0 || (s->out.packet[1] & 0x7F) != s->settings.payload_type)
        return;
    s->out.marker |= s->out.packet[1] >> 7;
    if (!s->srtp.sender)
        s->out.sequence--;
    s->out.packet_size = 0;
}

static void prepare_packet(tr_stream *s, tr_packet packet)
{
    packet.sequence = s->out.sequence++;
    packet.ssrc = s->settings.ssrc;
    s->out.packet_size = tr_packet_build(s->out.packet, &packet);
    s->out.payload_size = packet.payload_size;
    if (!s->srtp.sender)
        return;
    s->out.packet_size = tr_srtp_protect(s->srtp.sender, s->out.packet, s->out.packet_size);
    s->statistics.send_errors += s->out.packet_size == 0;
}

static void prepare_audio(tr_stream *s, uint32_t samples)
{
    uint8_t *payload = s->out.packet + TR_RTP_HEADER;
    tr_g711_encode_block(law_of(s), s->out.gathered, payload, samples);
    prepare_packet(s, (tr_packet){.payload_type = s->settings.payload_type,
                                  .marker = s->out.marker,
                                  .timestamp = s->out.timestamp,
                                  .payload = payload,
                                  .payload_size = samples});
    s->out.marker = false;
}

static void prepare_event(tr_stream *s, const tr_event_slot *slot)
{
    prepare_packet(s, (tr_packet){.payload_type = slot->payload_type,
                                  .marker = slot->marker,
                                  .timestamp = slot->timestamp,
                                  .payload = slot->payload,
                                  .payload_size = TR_EVENT_PAYLOAD});
}

/* The peer takes no telephone-event: the key's own tone replaces what was said meanwhile. */
static void sound_inband(tr_stream *s, const tr_event_slot *slot, uint32_t samples)
{
    if (slot->first)
        tr_tone_init_dtmf(&s->out.tone, slot->code, INBAND_DBM0);
    tr_tone_work(&s->out.tone, s->out.gathered, (int)slot->tone_samples);
    for (uint32_t i = slot->tone_samples; i < samples; i++)
        s->out.gathered[i] = 0;
}

static void count_digit(tr_stream *s, const tr_event_slot *slot, const tr_tick *tick)
{
    if (!slot->last)
        return;
    s->statistics.digits_sent++;
    tr_stream_emit(s, TR_EVENT_DIGIT_SENT, slot->code, slot->duration / 8, NULL, tick->now_ns);
}

static void prepare_slot(tr_stream *s, uint32_t samples, const tr_tick *tick)
{
    tr_event_slot slot;
    tr_event_sender_slot(&s->out.events, s->out.timestamp, samples,
                         s->settings.dtmf_payload_type, &slot);
    count_digit(s, &slot, tick);
    const bool inband = slot.payload_type == TR_NO_PAYLOAD_TYPE;
    if (slot.event && inband)
        sound_inband(s, &slot, samples);
    if (slot.event && !inband)
        prepare_event(s, &slot);
    else
        prepare_audio(s, samples);
}

/* Whole packets are settled at once, so that a key's tone can be taken out of what was gathered
 * before anybody knew it for one. */
static void settle(tr_stream *s, tr_key_mute *mute)
{
    if (mute)
        tr_key_mute_apply(mute, s->out.gathered + s->out.count - s->out.own, s->out.own);
    s->out.own = 0;
}

void tr_stream_part(tr_stream *s, tr_key_mute *mute) { settle(s, mute); }

void tr_stream_prepare(tr_stream *s, const int16_t *pcm, tr_key_mute *mute, const tr_tick *tick)
{
    for (uint32_t i = 0; i < TR_TICK_SAMPLES; i++)
        s->out.gathered[s->out.count + i] = pcm[i];
    s->out.count += TR_TICK_SAMPLES;
    s->out.own += TR_TICK_SAMPLES;
    const uint32_t samples = s->settings.ptime_ms * 8;
    if (s->out.count < samples)
        return;
    settle(s, mute);
    /* After a re-INVITE to a shorter packet time there may be more: the newest is kept. */
    const uint32_t extra = s->out.count - samples;
    for (uint32_t i = 0; extra && i < samples; i++)
        s->out.gathered[i] = s->out.gathered[i + extra];
    s->out.timestamp += extra;
    if (s->settings.sending && s->out.rtp.to_size)
        prepare_slot(s, samples, tick);
    s->out.timestamp += samples;
    s->out.count = 0;
}
