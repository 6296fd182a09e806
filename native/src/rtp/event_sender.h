/*
 * Sender of named telephone events (RFC 4733): DTMF digits as packets, queued and spaced.
 *
 * Called once for each packet slot. During a digit it answers with an event packet instead of
 * audio; the digit's end is told three times, in three slots (2.5.1.4), and the next digit starts
 * no sooner than 40 ms after the last one's end. Digits past 0xFFFF units go on in a new segment
 * (2.5.1.3). Where the peer takes no events, the same slots say how much of each is to be tone.
 *
 * Durations are samples. RT safe.
 */
#ifndef TR_RTP_EVENT_SENDER_H
#define TR_RTP_EVENT_SENDER_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TR_DIGIT_QUEUE = 64,
    TR_DIGIT_MIN = 320,      /* 40 ms: what every receiver must take (ITU-T Q.24) */
    TR_DIGIT_GAP = 320,      /* 40 ms */
    TR_DIGIT_VOLUME = 10,    /* -10 dBm0 */
    TR_EVENT_PAYLOAD = 4
};

typedef struct {
    uint8_t event;
    bool held;         /* the key is still down */
    uint32_t duration; /* when not held: how long the key was, or is to be, down */
    int64_t pressed;   /* local sample clock */
} tr_digit_order;

typedef enum { TR_SENDER_IDLE, TR_SENDER_SOUNDING, TR_SENDER_ENDING, TR_SENDER_GAP } tr_sender_state;

typedef struct {
    tr_digit_order queue[TR_DIGIT_QUEUE];
    uint32_t head, tail;
    tr_sender_state state;
    uint8_t payload_type; /* kept for the whole digit, whatever is negotiated meanwhile */
    uint32_t start;       /* RTP timestamp of this segment */
    uint32_t elapsed;     /* of this segment, to the end of the last slot */
    uint32_t before;      /* of earlier segments */
    uint32_t told;        /* duration in the last packet of this segment */
    uint32_t final;       /* duration told in the end packets */
    int repeats;          /* end packets still due in this segment */
    uint32_t gap;         /* still to be quiet */
} tr_event_sender;

typedef struct {
    bool event;       /* this slot is the digit's, not audio's */
    bool send;        /* a packet with `payload` is due */
    bool marker, first, last;
    uint8_t payload_type, code;
    uint32_t timestamp, duration; /* duration: of the whole digit so far */
    uint32_t tone_samples;        /* for in-band: how much of this slot sounds */
    uint8_t payload[TR_EVENT_PAYLOAD];
} tr_event_slot;

void tr_event_sender_init(tr_event_sender *sender);
/* False: the queue is full. `now` is the local sample clock. */
bool tr_event_sender_press(tr_event_sender *sender, uint8_t event, int64_t now);
bool tr_event_sender_release(tr_event_sender *sender, int64_t now); /* false: no key is down */
bool tr_event_sender_send(tr_event_sender *sender, uint8_t event, uint32_t duration);
/* Nothing more may be sent. All digits are dropped; returns how many of them were not begun. One begun
 * whose end is not told yet ends here: `slot->last`, with `code` and `duration`. */
uint32_t tr_event_sender_flush(tr_event_sender *sender, tr_event_slot *slot);
uint32_t tr_event_sender_pending(const tr_event_sender *sender);
/* One slot of `samples` that starts at RTP `timestamp`; `payload_type` for digits starting now. */
void tr_event_sender_slot(tr_event_sender *sender, uint32_t timestamp, uint32_t samples,
                          uint8_t payload_type, tr_event_slot *slot);

#endif
