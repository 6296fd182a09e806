/*
 * Receiver of named telephone events (RFC 4733): each key pressed is told once, in order.
 *
 * A digit is known by its key and timestamp; marker, sequence number and repeats do not matter. It
 * starts with whatever packet of it comes first and ends with the E bit, with the next digit, when
 * speech resumes, or when nothing more is heard for 100 ms, three packet times or three updates,
 * whichever is longest. A segment that starts 0xFFFF after the last is the same digit (2.5.1.3),
 * and so it is when it comes after a hole. Digits told lately are not told again, and nothing older.
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
    TR_RECEIVER_OUT = 16,   /* a packet makes two reports a block and one for the digit before */
    TR_RECEIVER_TOLD = 8    /* digits remembered, so that their repeats are known */
};

typedef struct {
    bool started;       /* else: ended */
    uint8_t event;
    uint32_t timestamp; /* where it starts */
    uint32_t duration;  /* ended: samples */
} tr_digit_report;

typedef struct {
    uint8_t event;
    uint32_t timestamp;
} tr_told_digit;

typedef struct {
    bool active, any;
    bool unfinished;             /* the digit is over without an E bit */
    bool anew;                   /* timestamps may go back: the sender has restarted */
    uint8_t event;
    uint32_t timestamp, segment; /* the digit's start; the present segment's */
    uint32_t duration;           /* of the present segment */
    uint32_t update;             /* by how much it grew last: how often the sender tells */
    uint32_t heard;              /* local time of the last packet */
    int audio_since;
    tr_told_digit told[TR_RECEIVER_TOLD];
    uint32_t told_count;
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
/* The sender's sequence numbers start anew: the digit goes on if its packets do. */
void tr_event_receiver_restart(tr_event_receiver *receiver);
/* Another sender: a digit begun is over, and what was told is nothing to the new one. */
void tr_event_receiver_forget(tr_event_receiver *receiver);
/* How long the events of a payload last together, whatever they mean: samples. */
uint32_t tr_event_receiver_told(const uint8_t *payload, size_t size);
bool tr_event_receiver_next(tr_event_receiver *receiver, tr_digit_report *report);

#endif
