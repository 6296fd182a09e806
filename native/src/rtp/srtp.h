/*
 * SRTP and SRTCP (RFC 3711, RFC 7714): libsrtp, one context for each direction and sender.
 *
 * A context knows one SSRC, which is given when it is made: libsrtp then never allocates on the
 * real-time thread. Who the peer's senders are shows only when they are heard, so a stream has a
 * gate beside its receivers: it tells whether a packet of an unknown SSRC is genuine, and changes
 * nothing. A receiver for it is then made off the thread. The gate takes the rollover counter of a
 * new sender for 0, as anybody must (RFC 3711 section 3.3.1).
 *
 * With a new key a sender may begin at 0 or go on counting (RFC 3711 section 3.3.1 says the one,
 * RFC 4568 section 7.1.4 in part the other, and peers do either): a receiver that follows that of
 * the old key tries both until one has opened a packet.
 *
 * The replay window is 1,024 packets. Packets are 4-byte aligned; protecting needs TR_SRTP_TRAILER
 * bytes of room behind them. Made and freed by any thread but the real-time one; the rest is RT
 * safe: no allocation, no lock, no system call.
 */
#ifndef TR_RTP_SRTP_H
#define TR_RTP_SRTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tipring_engine.h"

enum { TR_SRTP_TRAILER = 20 }; /* a tag of 16 bytes, and the index of SRTCP */

typedef struct tr_srtp tr_srtp;

typedef struct {
    uint8_t suite; /* TR_SRTP_...; TR_SRTP_OFF: the rest means nothing */
    uint8_t key[TR_SRTP_KEY_BYTES]; /* master key and salt */
} tr_srtp_key;

typedef enum {
    TR_SRTP_GENUINE,
    TR_SRTP_REPLAYED, /* seen before, or too old to tell */
    TR_SRTP_FORGED,   /* or of another key, or no SRTP at all */
    TR_SRTP_WAITS     /* genuine, for a receiver that is still to be made; no context says this */
} tr_srtp_verdict;

/* libsrtp and its primitives, tested by known answers. 0 or TR_ESYSTEM; some 30 ms, once. */
int tr_srtp_start(void);
bool tr_srtp_key_same(const tr_srtp_key *a, const tr_srtp_key *b);

/* NULL: no such suite, or no memory. `epoch` says which key of a stream it was. */
tr_srtp *tr_srtp_new_sender(const tr_srtp_key *key, uint32_t ssrc);
tr_srtp *tr_srtp_new_receiver(const tr_srtp_key *key, uint32_t ssrc, uint32_t epoch);
tr_srtp *tr_srtp_new_gate(const tr_srtp_key *key, uint32_t epoch);
void tr_srtp_free(tr_srtp *srtp); /* its keys are wiped */

uint32_t tr_srtp_ssrc(const tr_srtp *srtp);
uint32_t tr_srtp_epoch(const tr_srtp *srtp);

/* The new size; 0: refused, as a sequence number used before is. */
size_t tr_srtp_protect(tr_srtp *srtp, uint8_t *packet, size_t size);
size_t tr_srtp_protect_rtcp(tr_srtp *srtp, uint8_t *packet, size_t size);
/* In place; unless GENUINE, packet and size stay as they were. */
tr_srtp_verdict tr_srtp_unprotect(tr_srtp *srtp, uint8_t *packet, size_t *size);
tr_srtp_verdict tr_srtp_unprotect_rtcp(tr_srtp *srtp, uint8_t *packet, size_t *size);
bool tr_srtp_gate_passes(tr_srtp *gate, uint8_t *packet, size_t size);
bool tr_srtp_gate_passes_rtcp(tr_srtp *gate, uint8_t *packet, size_t size);

/* RT safe: `receiver` is for the same sender as `former`, which has the key before. */
void tr_srtp_follow(tr_srtp *receiver, const tr_srtp *former);

/* Contexts that the real-time thread has done with, on their way to who frees them. */
typedef struct {
    _Atomic(tr_srtp *) top;
} tr_srtp_pile;

void tr_srtp_retire(tr_srtp_pile *pile, tr_srtp *srtp); /* RT safe; NULL is nothing */
void tr_srtp_free_pile(tr_srtp_pile *pile);

/* Code of the libraries, to lock them in memory by. */
enum { TR_SRTP_LIBRARIES = 2 };
const void *tr_srtp_library(int number);

#endif
