#include "rtp/packet.h"

#include <string.h>

#include "rtp/bytes.h"

/* Offset of the payload: fixed header, CSRC list, extension (RFC 3550 5.1, 5.3.1); 0 when short. */
static size_t header_size(const uint8_t *data, size_t size)
{
    size_t at = TR_RTP_HEADER + 4u * (data[0] & 0x0F);
    if (!(data[0] & 0x10))
        return at <= size ? at : 0;
    if (at + 4 > size)
        return 0;
    at += 4 + 4u * tr_get16(data + at + 2);
    return at <= size ? at : 0;
}

bool tr_packet_parse(tr_packet *packet, const uint8_t *data, size_t size)
{
    if (size < TR_RTP_HEADER || data[0] >> 6 != 2)
        return false;
    const size_t at = header_size(data, size);
    if (at == 0)
        return false;
    size_t payload = size - at;
    if (data[0] & 0x20) { /* the last byte counts the padding, itself included */
        const uint8_t padding = payload ? data[size - 1] : 0;
        if (padding == 0 || padding > payload)
            return false;
        payload -= padding;
    }
    *packet = (tr_packet){
        .payload_type = data[1] & 0x7F,
        .marker = data[1] >> 7,
        .sequence = tr_get16(data + 2),
        .timestamp = tr_get32(data + 4),
        .ssrc = tr_get32(data + 8),
        .payload = data + at,
        .payload_size = payload,
    };
    return true;
}

size_t tr_packet_build(uint8_t *out, const tr_packet *packet)
{
    out[0] = 0x80;
    out[1] = (uint8_t)(packet->payload_type | (packet->marker ? 0x80 : 0));
    tr_put16(out + 2, packet->sequence);
    tr_put32(out + 4, packet->timestamp);
    tr_put32(out + 8, packet->ssrc);
    memmove(out + TR_RTP_HEADER, packet->payload, packet->payload_size);
    return TR_RTP_HEADER + packet->payload_size;
}

bool tr_packet_is_rtcp(const uint8_t *data, size_t size)
{
    return size >= 2 && data[0] >> 6 == 2 && data[1] >= 192 && data[1] <= 223;
}
