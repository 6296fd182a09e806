/*
 * SRTP and SRTCP as a stranger may send them. The first byte chooses the suite, and whether the rest
 * is a packet of the stranger's own or what it changes in a genuine one. Neither may be opened by a
 * receiver or pass the gate, nor be changed by them.
 */
#include <stdlib.h>
#include <string.h>

#include "rtp/bytes.h"
#include "rtp/packet.h"
#include "rtp/srtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SUITES = 4, SSRC = 0x01020304, PACKET = 172, REPORT = 52 };

typedef struct {
    tr_srtp *receiver, *gate;
    _Alignas(8) uint8_t rtp[PACKET + TR_SRTP_TRAILER], rtcp[REPORT + TR_SRTP_TRAILER];
    size_t rtp_size, rtcp_size;
} ends;

static ends all[SUITES];

static void make(ends *e, uint8_t suite)
{
    const tr_srtp_key key = {.suite = suite, .key = {1, 2, 3}};
    tr_srtp *sender = tr_srtp_new_sender(&key, SSRC);
    e->receiver = tr_srtp_new_receiver(&key, SSRC, 0);
    e->gate = tr_srtp_new_gate(&key, 0);
    e->rtp[0] = 0x80;
    e->rtcp[0] = 0x80;
    e->rtcp[1] = 200;
    tr_put32(e->rtp + 8, SSRC);
    tr_put32(e->rtcp + 4, SSRC);
    e->rtp_size = tr_srtp_protect(sender, e->rtp, PACKET);
    e->rtcp_size = tr_srtp_protect_rtcp(sender, e->rtcp, REPORT);
    tr_srtp_free(sender);
}

static void refused(ends *e, const uint8_t *packet, size_t size)
{
    uint8_t *copy = aligned_alloc(8, (size + 8) & ~(size_t)7);
    memcpy(copy, packet, size);
    size_t left = size;
    if (tr_srtp_unprotect(e->receiver, copy, &left) == TR_SRTP_GENUINE ||
        tr_srtp_unprotect_rtcp(e->receiver, copy, &left) == TR_SRTP_GENUINE ||
        tr_srtp_gate_passes(e->gate, copy, size) || tr_srtp_gate_passes_rtcp(e->gate, copy, size) ||
        left != size || memcmp(copy, packet, size) != 0)
        abort();
    free(copy);
}

static void changed(ends *e, const uint8_t *genuine, size_t length, const uint8_t *data, size_t size)
{
    _Alignas(8) uint8_t packet[PACKET + TR_SRTP_TRAILER];
    bool different = false;
    memcpy(packet, genuine, length);
    for (size_t i = 0; i < size && i < length; i++) {
        packet[i] ^= data[i];
        different |= data[i] != 0;
    }
    if (different)
        refused(e, packet, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!all[0].gate)
        for (uint8_t i = 0; i < SUITES; i++)
            make(&all[i], (uint8_t)(i + 1));
    if (size == 0 || size > TR_RTP_MAX_BYTES)
        return 0;
    ends *e = &all[data[0] % SUITES];
    switch (data[0] / SUITES % 3) {
    case 0: refused(e, data + 1, size - 1); break;
    case 1: changed(e, e->rtp, e->rtp_size, data + 1, size - 1); break;
    case 2: changed(e, e->rtcp, e->rtcp_size, data + 1, size - 1); break;
    }
    return 0;
}
