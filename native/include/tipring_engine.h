/*
 * tipring_engine.h: the one public boundary of the native voice engine.
 *
 * Python's cffi reads this file: the build drops every line that starts with '#' and keeps the rest,
 * so declarations here use plain C11 types only, constants are enumerators, and nothing is hidden
 * behind a conditional. See native/README.md for threads and ownership.
 *
 * Units: samples are int16_t mono at 8,000 Hz; times are CLOCK_MONOTONIC nanoseconds unless named
 * otherwise. Functions return 0 (or a count) on success and a negative TR_E... value on failure.
 */
#ifndef TIPRING_ENGINE_H
#define TIPRING_ENGINE_H

#include <stddef.h>
#include <stdint.h>

enum tr_limits {
    TR_COMMANDERS = 4,      /* command rings: 0 is the loop's, the rest for GPIO and audio threads */
    TR_ALLOW_NETWORKS = 16, /* source networks in each of a stream's two lists */
    TR_CNAME_BYTES = 64,    /* RTCP CNAME with its final NUL */
    TR_TONE_SEGMENTS = 24,  /* a caller's number in DTMF: 20 digits and what stands around them */
    TR_TONE_FREQUENCIES = 4,
    TR_DATA_BYTES = 258,    /* type, length, 255 bytes, checksum */
    TR_WHY_BYTES = 160,
    TR_NO_PAYLOAD_TYPE = 255,
    TR_SRTP_KEY_BYTES = 44, /* the longest master key with its salt */
    TR_LOOKAHEAD_MAX_MS = 50
};

/* RFC 4568 section 6.2, RFC 7714. A key is as long as is said here, salt included. */
enum tr_srtp_suite {
    TR_SRTP_OFF = 0,
    TR_SRTP_AES_CM_128_HMAC_SHA1_80 = 1, /* 30 bytes */
    TR_SRTP_AES_CM_128_HMAC_SHA1_32 = 2, /* 30 */
    TR_SRTP_AEAD_AES_128_GCM = 3,        /* 28 */
    TR_SRTP_AEAD_AES_256_GCM = 4         /* 44 */
};

enum tr_error {
    TR_EFULL = -1,   /* a ring or queue has no room; nothing was dropped */
    TR_EINVAL = -2,  /* an argument is out of range */
    TR_ESYSTEM = -3, /* the operating system refused; errno says why */
    TR_ENOMEM = -4
};

typedef struct tr_engine tr_engine;

typedef struct {
    uint32_t streams;    /* 1..256 */
    uint32_t lines;      /* 1..64 */
    int32_t priority;    /* SCHED_FIFO priority 1..99; 0: stay with the normal scheduler */
    uint32_t ring_ms;    /* length of a line's source and sink ring; at least this long */
    int32_t srtp;        /* 1: libsrtp is made ready by tr_engine_open, not by the first stream */
} tr_engine_settings;

typedef struct {
    int32_t fifo;                 /* 1: the thread runs under SCHED_FIFO */
    int32_t locked;               /* 1: arena, stack and library are locked in memory */
    char why_not[TR_WHY_BYTES];   /* what was refused, empty when nothing was */
    uint64_t ticks;               /* 10 ms ticks done */
    uint64_t late_ticks;          /* ticks skipped after a stall too long to catch up */
    uint64_t worst_wake_ns;       /* largest wake-up delay so far */
    uint64_t events_lost;         /* events that found their stream's backlog full */
} tr_engine_status;

/* An IP address in network byte order; family 0 is "none". */
typedef struct {
    uint8_t family;    /* 4, 6 or 0 */
    uint8_t prefix;    /* significant bits; used in networks only */
    uint16_t port;     /* host byte order */
    uint8_t host[16];
} tr_address;

typedef struct {
    int32_t rtp_fd;            /* owned by the caller until TR_EVENT_RETIRED */
    int32_t rtcp_fd;           /* -1: none (muxed or no RTCP) */
    tr_address remote;         /* where RTP goes, and the only source unless `latch` */
    tr_address remote_rtcp;
    tr_address allow[TR_ALLOW_NETWORKS];    /* sources that may latch; none given: any */
    tr_address takeover[TR_ALLOW_NETWORKS]; /* sources that may replace a silent one; none: none */
    uint32_t allow_count, takeover_count;
    uint8_t rtcp_mux;
    uint8_t payload_type;                /* what we send (the law follows `codec`) */
    uint8_t receive_payload_type;        /* also means `codec`, beside 0 PCMU and 8 PCMA */
    uint8_t codec;                       /* 0 PCMU, 8 PCMA */
    uint8_t dtmf_payload_type;           /* telephone-event we send; 255: in-band tones instead */
    uint8_t dtmf_receive_payload_type;   /* telephone-event we accept; 255: none */
    uint8_t sending;
    uint8_t receiving;
    uint8_t latch;                       /* symmetric RTP: others than `remote` may be heard */
    uint32_t ptime_ms;                   /* 10..60 in steps of 10 */
    uint32_t timeout_ms;                 /* 0: never report */
    uint32_t ssrc;
    uint32_t sequence;
    uint32_t timestamp;
    uint32_t seed;                       /* randomises RTCP intervals */
    uint8_t srtp_suite;                  /* tr_srtp_suite; both directions, RTP and RTCP */
    uint8_t srtp_send_key[TR_SRTP_KEY_BYTES];
    uint8_t srtp_receive_key[TR_SRTP_KEY_BYTES];
    char cname[TR_CNAME_BYTES];
} tr_stream_settings;

/* All fields 64 bits wide, so that a snapshot is copied word by word. */
typedef struct {
    int64_t sent, sent_octets, send_errors;
    int64_t received, received_octets;
    int64_t lost;                 /* RFC 3550 A.3; may be negative with duplicates */
    int64_t duplicates, late, reordered;
    int64_t discarded_source, discarded_payload, malformed;
    int64_t reads_cut;            /* ticks that ended before all that had come was read */
    int64_t jitter_us;            /* RFC 3550 A.8 interarrival jitter */
    int64_t round_trip_us;        /* -1: not known */
    int64_t remote_lost_q8;       /* fraction lost the peer reports, in 1/256; -1: not known */
    int64_t remote_jitter_us;     /* the peer's own report; -1: not known */
    int64_t concealed_samples, buffer_delay_us, buffer_target_us;
    int64_t mos_milli;            /* ITU-T G.107 estimate x 1000; 0: nothing received yet */
    int64_t digits_sent, digits_received, digits_pending;
    int64_t digits_unsent;        /* ordered or waiting while nothing may be sent (a hold) */
    int64_t digits_unplayed;      /* received, but too many were waiting to sound on the line */
    int64_t ssrc_changes, source_changes;
    int64_t rtcp_sent, rtcp_received;
    int64_t srtp_suite;           /* tr_srtp_suite that holds now */
    int64_t srtp_failed;          /* forged, of another key, or not protected; RTP and RTCP */
    int64_t srtp_replayed;        /* genuine, but seen before or too old to tell */
    int64_t first_packet_ns;      /* 0: none yet */
    int64_t last_packet_ns;
    int64_t remote_ssrc;          /* -1: none yet */
    int64_t events_lost;
} tr_stream_statistics;

typedef struct {
    int64_t source_taken, source_missing, sink_given, sink_overrun;
    int64_t early_mutes;     /* ESt edges that muted the microphone */
    int64_t muted;           /* microphone samples that were silenced for a key or a ring trip */
    int64_t digits_guarded;  /* heard by the decoder, but played to it by us */
} tr_line_statistics;

typedef struct {
    float frequencies[TR_TONE_FREQUENCIES]; /* Hz; 0: unused */
    float modulated_by;                     /* Hz; 0: none ("f*m" in tone tables) */
    float level_dbm0;                       /* of each frequency */
    uint32_t on_ms;                         /* 0: for ever */
    uint32_t off_ms;
} tr_tone_segment;

typedef struct {
    tr_tone_segment segments[TR_TONE_SEGMENTS];
    uint32_t count;
    int32_t repeat_from; /* after the last segment go on here; -1: end in silence */
    int32_t mix;         /* 1: added to the received speech (call waiting); 0: instead of it */
} tr_tone;

enum tr_modulation { TR_BELL_202 = 1, TR_V23 = 2 };

/* What a telephone's display is sent by modem, checksum included (dsp/fsk.h). */
typedef struct {
    uint32_t modulation;   /* tr_modulation */
    float level_dbm0;
    uint32_t seizure_bits; /* 0101..., at most 4,000 */
    uint32_t mark_bits;    /* likewise */
    uint32_t count;        /* 1..TR_DATA_BYTES */
    uint8_t bytes[TR_DATA_BYTES];
} tr_data;

enum tr_event_kind {
    TR_EVENT_NONE = 0,
    TR_EVENT_RETIRED,        /* slot is free, descriptors may be closed */
    TR_EVENT_LINE_RETIRED,
    TR_EVENT_FIRST_PACKET,   /* address: its source */
    TR_EVENT_SOURCE_CHANGED, /* address: the source that latched or took over */
    TR_EVENT_DIGIT_STARTED,  /* value: event code 0..15 */
    TR_EVENT_DIGIT_ENDED,    /* value: event code, extra: duration in ms */
    TR_EVENT_DIGIT_SENT,     /* value: event code, extra: duration in ms */
    TR_EVENT_RTP_TIMEOUT,
    TR_EVENT_RTP_RESUMED,
    TR_EVENT_RTCP_BYE,
    TR_EVENT_SOURCE_DRAINED, /* slot: line, value: serial of the end_source call */
    TR_EVENT_DATA_SENT,      /* slot: line; not for data that was stopped or replaced */
    TR_EVENT_DIGIT_GUARDED,  /* slot: line, value: event code; t_ns: when the decoder heard it */
    TR_EVENT_SRTP_SENDER     /* never seen outside: tr_engine_read_events answers it itself */
};

typedef struct {
    uint32_t kind;
    uint32_t slot;    /* stream or line */
    uint32_t serial;  /* of that use of the slot */
    uint32_t value;
    uint32_t extra;
    tr_address address;
    int64_t t_ns;
} tr_event;

/* Life. open allocates everything; start makes the thread; close stops it and frees. */
tr_engine *tr_engine_open(const tr_engine_settings *settings);
int tr_engine_start(tr_engine *engine);
void tr_engine_close(tr_engine *engine);

int tr_engine_event_fd(tr_engine *engine);
int tr_engine_read_events(tr_engine *engine, tr_event *events, int max);
uint64_t tr_engine_heartbeat(tr_engine *engine);
void tr_engine_read_status(tr_engine *engine, tr_engine_status *status);

/*
 * Commands. `ring` is the commanding thread's own (0 for the loop). TR_EFULL: the ring is full and
 * the command was not taken. `serial` names this use of a slot and comes back in its events.
 *
 * SRTP: ring 0 alone, the thread that reads the events. A key that an update does not change goes on
 * with its rollover counter and replay window; the settings' own copies of keys may be wiped after
 * the call.
 */
int tr_stream_open(tr_engine *engine, uint32_t ring, uint32_t slot, uint32_t serial,
                   const tr_stream_settings *settings);
int tr_stream_update(tr_engine *engine, uint32_t ring, uint32_t slot,
                     const tr_stream_settings *settings);
int tr_stream_connect(tr_engine *engine, uint32_t ring, uint32_t slot, int32_t line);
int tr_stream_digit_start(tr_engine *engine, uint32_t ring, uint32_t slot, uint32_t event);
int tr_stream_digit_end(tr_engine *engine, uint32_t ring, uint32_t slot);
int tr_stream_send_digit(tr_engine *engine, uint32_t ring, uint32_t slot, uint32_t event,
                         uint32_t duration_ms);
int tr_stream_stop(tr_engine *engine, uint32_t ring, uint32_t slot);
/* `lookahead_ms`: the microphone is heard that much later, so that a key's tone can still be taken
 * out of it when the decoder is sure of the key; 0 with a decoder that tells early. */
int tr_line_open(tr_engine *engine, uint32_t ring, uint32_t slot, uint32_t serial,
                 uint32_t lookahead_ms);
int tr_line_close(tr_engine *engine, uint32_t ring, uint32_t slot);
int tr_line_play_tone(tr_engine *engine, uint32_t ring, uint32_t slot, const tr_tone *tone);
int tr_line_stop_tone(tr_engine *engine, uint32_t ring, uint32_t slot);
/* Begins when the tone that plays now has ended; a new tone, or the end of all tones, ends it. */
int tr_line_send_data(tr_engine *engine, uint32_t ring, uint32_t slot, const tr_data *data);

/* Statistics, from any thread at any time, without locks. */
void tr_stream_read_statistics(tr_engine *engine, uint32_t slot, tr_stream_statistics *out);
void tr_line_read_statistics(tr_engine *engine, uint32_t slot, tr_line_statistics *out);

/* A line's microphone: one writing thread. Returns the samples taken, less when the ring is full. */
int tr_line_write_source(tr_engine *engine, uint32_t slot, const int16_t *pcm, int samples);
uint32_t tr_line_end_source(tr_engine *engine, uint32_t slot); /* returns the serial of this end */
void tr_line_clear_source(tr_engine *engine, uint32_t slot);
int tr_line_source_level(tr_engine *engine, uint32_t slot);

/*
 * What a line's electronics see, from the one thread that hears them, by a ring of the line's own.
 * `t_ns`: when the edge was seen. A key is `event` 0..15. key_down answers 1 when the key is the
 * telephone's, and 0 when its tone is the one that we play to the telephone just now: it is counted,
 * and is no digit. TR_EFULL: 64 have come since the engine last looked.
 */
int tr_line_early_tone(tr_engine *engine, uint32_t slot, int on, int64_t t_ns);
int tr_line_key_down(tr_engine *engine, uint32_t slot, uint32_t event, int64_t t_ns);
int tr_line_key_up(tr_engine *engine, uint32_t slot, int64_t t_ns);
int tr_line_ring_trip(tr_engine *engine, uint32_t slot, int64_t t_ns);

/* A line's earpiece: one reading thread. */
void tr_line_collect_sink(tr_engine *engine, uint32_t slot, int on);
int tr_line_read_sink(tr_engine *engine, uint32_t slot, int16_t *pcm, int max_samples);
int tr_line_sink_level(tr_engine *engine, uint32_t slot);

/* Blocks that are useful by themselves: pure, callable from any thread. */
void tr_g711_encode(int law, const int16_t *pcm, uint8_t *out, int samples); /* law: 0 mu, 8 A */
void tr_g711_decode(int law, const uint8_t *in, int16_t *pcm, int samples);

typedef struct tr_resampler tr_resampler;
tr_resampler *tr_resampler_new(uint32_t from_rate, uint32_t to_rate);
void tr_resampler_free(tr_resampler *resampler);
int tr_resampler_room(const tr_resampler *resampler, int samples); /* most it can give for these */
int tr_resampler_feed(tr_resampler *resampler, const int16_t *in, int samples, int16_t *out);
int tr_resampler_flush(tr_resampler *resampler, int16_t *out); /* tr_resampler_room(r, 0) at most */

#endif
