/*
 * RTP packets (RFC 3550 section 5.1): parse with every length checked, and build.
 *
 * The parsed payload points into the datagram. RT safe.
 */
#ifndef TR_RTP_PACKET_H
#define TR_RTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TR_RTP_HEADER = 12, TR_RTP_MAX_BYTES = 1536 };

typedef struct {
    uint8_t payload_type;
    bool marker;
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    const uint8_t *payload;
    size_t payload_size;
} tr_packet;

/* False: not an RTP packet of version 2, or its lengths contradict each other. */
bool tr_packet_parse(tr_packet *packet, const uint8_t *data, size_t size);
/* Writes header and payload; returns the size. `out` holds TR_RTP_HEADER + payload_size. */
size_t tr_packet_build(uint8_t *out, const tr_packet *packet);
/* RFC 5761 section 4: on a shared port a second byte of 192..223 is RTCP. */
bool tr_packet_is_rtcp(const uint8_t *data, size_t size);

#endif
