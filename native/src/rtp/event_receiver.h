/*
 * Receiver of named telephone events (RFC 4733): each key pressed is told once, in order.
 *
 * A digit is known by its timestamp; marker, sequence number and repeats do not matter. It starts
 * with whatever packet of it comes first and ends with the E bit, with the next digit, when
 * speech resumes, or when nothing more is heard for max(3 packet times, 100 ms). A segment that
 * starts 0xFFFF after the last is the same digit (2.5.1.3). Older timestamps are dropped.
 *
 * `now` is a sample clock of any origin. RT safe.
 */
#ifndef TR_RTP_EVENT_RECEIVER_H
#define TR_RTP_EVENT_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TR_RECEIVER_BLOCKS = 7, /* events in one packet; what a sender packs beyond is ignored */
    TR_RECEIVER_OUT = 16    /* a packet makes two reports a block and one for the digit before */
};

typedef struct {
    bool started;       /* else: ended */
    uint8_t event;
    uint32_t timestamp; /* where it starts */
    uint32_t duration;  /* ended: samples */
} tr_digit_report;

typedef struct {
    bool active, any;
    uint8_t event;
    uint32_t timestamp, segment; /* the digit's start; the present segment's */
    uint32_t duration;           /* of the present segment */
    uint32_t heard;              /* local time of the last packet */
    int audio_since;
    tr_digit_report out[TR_RECEIVER_OUT];
    uint32_t head, tail;
} tr_event_receiver;

void tr_event_receiver_init(tr_event_receiver *receiver);
/* A telephone-event payload; malformed ones are ignored and answered with false. */
bool tr_event_receiver_packet(tr_event_receiver *receiver, const uint8_t *payload, size_t size,
                              uint32_t timestamp, uint32_t now);
/* A speech packet came. */
void tr_event_receiver_audio(tr_event_receiver *receiver, uint32_t timestamp);
/* Call each tick. `packet_samples`: the sender's packet time. */
void tr_event_receiver_tick(tr_event_receiver *receiver, uint32_t packet_samples, uint32_t now);
/* The sender is gone or starts anew. */
void tr_event_receiver_restart(tr_event_receiver *receiver);
bool tr_event_receiver_next(tr_event_receiver *receiver, tr_digit_report *report);

#endif
