/*
 * A stream: one RTP session with one peer, both directions. Owned by the engine thread.
 *
 * stream.c: life, settings, digits. stream_send.c: what leaves. stream_receive.c: what arrives.
 * stream_play.c: what is played of it. stream_rtcp.c: reports.
 * stream_srtp.c: which packets are genuine.
 */
#ifndef TR_ENGINE_STREAM_H
#define TR_ENGINE_STREAM_H

#include <sys/socket.h>

#include "base/clock.h"
#include "base/snapshot.h"
#include "dsp/comfort_noise.h"
#include "dsp/concealment.h"
#include "dsp/digit_player.h"
#include "dsp/g711.h"
#include "dsp/key_mute.h"
#include "engine/outbox.h"
#include "rtp/event_receiver.h"
#include "rtp/event_sender.h"
#include "rtp/jitter.h"
#include "rtp/packet.h"
#include "rtp/pause.h"
#include "rtp/reception.h"
#include "rtp/rtcp.h"
#include "rtp/source_filter.h"
#include "rtp/srtp.h"
#include "tipring_engine.h"

enum { TR_PTIME_MAX_SAMPLES = 480, TR_NO_LINE = -1 };

typedef struct {
    struct sockaddr_storage to;
    socklen_t to_size; /* 0: nowhere to send */
} tr_destination;

/* The sending half. */
typedef struct {
    uint16_t sequence;
    uint32_t timestamp;                 /* of the first sample gathered */
    bool marker;                        /* the next audio packet starts a talkspurt */
    int16_t gathered[TR_PTIME_MAX_SAMPLES + TR_TICK_SAMPLES];
    uint32_t count;
    uint32_t own;                       /* of these, the newest: what the line may still silence */
    _Alignas(8) uint8_t packet[TR_RTP_HEADER + TR_PTIME_MAX_SAMPLES + TR_SRTP_TRAILER];
    size_t packet_size;                 /* 0: none prepared */
    size_t payload_size;                /* of that, as it was before SRTP */
    tr_event_sender events;
    tr_tone_generator tone;             /* digits in-band */
    tr_destination rtp, rtcp;
} tr_stream_sending;

/* The receiving half. */
typedef struct {
    tr_source_filter filter;
    tr_reception reception;
    tr_jitter jitter;
    tr_pause pause;
    tr_concealment concealment;
    tr_comfort_noise noise;
    tr_event_receiver events;
    tr_digit_player digits;
    uint32_t packet_samples;            /* of the last audio packet */
    bool timed_out, rtcp_bye;
    int64_t heard_ns;                   /* last valid packet, or since when we wait for one */
} tr_stream_receiving;

typedef struct {
    int64_t next_ns;
    uint32_t random;
    uint64_t last_sr_ntp;               /* of the peer's last SR */
    int64_t last_sr_ns;                 /* when it came */
    uint32_t last_sr_ssrc, left_ssrc;   /* whose it was; who said BYE last */
    int64_t sent_at_last;               /* packets sent when we last reported */
} tr_stream_rtcp;

/* What a command changes of a stream's SRTP; a NULL context means none from now on. */
typedef struct {
    bool send, receive;
    tr_srtp *sender, *gate;
} tr_stream_keys;

enum { TR_SRTP_SENDERS = 8, TR_SRTP_HELD = 8, TR_SRTP_HELD_BYTES = 640 };

typedef struct {
    _Alignas(8) uint8_t data[TR_SRTP_HELD_BYTES];
    size_t size;
    tr_address source;
    int64_t t_ns;
} tr_held_packet;

typedef struct {
    tr_srtp *sender, *gate; /* NULL: RTP in the clear, that way */
    tr_srtp *receivers[TR_SRTP_SENDERS];
    int64_t used_ns[TR_SRTP_SENDERS];
    bool asked;             /* for a receiver, of this SSRC, then */
    uint32_t asked_ssrc;
    int64_t asked_ns;
    tr_held_packet held[TR_SRTP_HELD]; /* genuine ones that wait for it */
    uint32_t held_first, held_count;
    tr_srtp_pile *pile;     /* where contexts go that are done with */
} tr_stream_srtp;

typedef struct {
    bool active;
    uint32_t slot, serial;
    int32_t line;
    int rtp_family, rtcp_family;
    tr_stream_settings settings;
    tr_stream_sending out;
    tr_stream_receiving in;
    tr_stream_rtcp rtcp;
    tr_stream_srtp srtp;
    int64_t opened_ns;
    tr_outbox outbox;
    tr_stream_statistics statistics;
    tr_snapshot published;
} tr_stream;

/* Times of one tick. */
typedef struct {
    int64_t now_ns;         /* the tick's planned time */
    int64_t wall_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
    int64_t clock;          /* samples since start: the local sample clock */
    int64_t origin_ns;      /* when `clock` was 0 */
    int64_t read_until_ns;  /* sockets that still hold more are read until then */
} tr_tick;

static inline uint32_t tr_tick_samples_at(const tr_tick *tick, int64_t t_ns)
{
    return (uint32_t)((t_ns - tick->origin_ns) / TR_NS_PER_SAMPLE);
}

/* After tr_stream_take_keys, as is tr_stream_change. */
void tr_stream_begin(tr_stream *stream, const tr_stream_settings *settings, uint32_t serial,
                     const tr_tick *tick);
void tr_stream_change(tr_stream *stream, const tr_stream_settings *settings, const tr_tick *tick);
void tr_stream_end(tr_stream *stream, const tr_tick *tick);
void tr_stream_press(tr_stream *stream, uint8_t event, const tr_tick *tick);
void tr_stream_release(tr_stream *stream, const tr_tick *tick);
void tr_stream_order_digit(tr_stream *stream, uint8_t event, uint32_t duration_ms);
void tr_stream_skip(tr_stream *stream, uint32_t samples);
void tr_stream_publish(tr_stream *stream);
void tr_stream_emit(tr_stream *stream, uint32_t kind, uint32_t value, uint32_t extra,
                    const tr_address *address, int64_t now_ns);
void tr_stream_aim(tr_stream *stream);

/* stream_send.c */
void tr_stream_transmit(tr_stream *stream);               /* what was prepared leaves */
void tr_stream_withdraw(tr_stream *stream);               /* prepared speech has become stale */
/* `mute`: of the line that `pcm` is from; NULL without one. */
void tr_stream_prepare(tr_stream *stream, const int16_t *pcm, tr_key_mute *mute,
                       const tr_tick *tick);
/* What was gathered of a line is settled: the stream leaves it. */
void tr_stream_part(tr_stream *stream, tr_key_mute *mute);

/* stream_receive.c; `scratch` is shared by all streams */
typedef struct tr_receive_scratch tr_receive_scratch;
size_t tr_receive_scratch_size(void);
void tr_receive_scratch_init(tr_receive_scratch *scratch);
void tr_stream_receive(tr_stream *stream, tr_receive_scratch *scratch, const tr_tick *tick);
/* Opened in place when SRTP is on, as RTCP below. */
void tr_stream_rtp_packet(tr_stream *stream, uint8_t *data, size_t size, const tr_address *source,
                          int64_t t_ns, const tr_tick *tick);

/* stream_play.c */
void tr_stream_play(tr_stream *stream, int16_t *pcm, const tr_tick *tick);

/* stream_rtcp.c */
void tr_stream_report(tr_stream *stream, const tr_tick *tick, bool bye);
void tr_stream_report_when_due(tr_stream *stream, const tr_tick *tick);
void tr_stream_rtcp_packet(tr_stream *stream, uint8_t *data, size_t size,
                           const tr_address *source, int64_t t_ns);

/* stream_srtp.c */
void tr_stream_take_keys(tr_stream *stream, const tr_stream_keys *keys);
void tr_stream_take_receiver(tr_stream *stream, tr_srtp *receiver, const tr_tick *tick);
void tr_stream_drop_keys(tr_stream *stream); /* all contexts go to the pile */
/* Genuine and not heard before: in the clear now. Else counted, or held until it can be opened. */
bool tr_stream_opens_rtp(tr_stream *stream, uint8_t *data, size_t *size, const tr_address *source,
                         int64_t t_ns);
bool tr_stream_opens_rtcp(tr_stream *stream, uint8_t *data, size_t *size, int64_t t_ns);

#endif
