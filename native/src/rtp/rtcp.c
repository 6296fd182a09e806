#include "rtp/rtcp.h"

#include <string.h>

#include "rtp/bytes.h"

enum { SR = 200, RR = 201, SDES = 202, BYE = 203, BLOCK_BYTES = 24, SDES_CNAME = 1 };
#define NTP_OFFSET UINT64_C(2208988800)
#define NS UINT64_C(1000000000)

uint64_t tr_rtcp_ntp(int64_t wall_ns)
{
    const uint64_t seconds = (uint64_t)wall_ns / NS, rest = (uint64_t)wall_ns % NS;
    return (seconds + NTP_OFFSET) << 32 | ((rest << 32) / NS);
}

static void header(uint8_t *at, uint8_t count, uint8_t type, size_t bytes)
{
    at[0] = (uint8_t)(0x80 | count);
    at[1] = type;
    tr_put16(at + 2, (uint16_t)(bytes / 4 - 1));
}

static size_t put_block(uint8_t *at, const tr_rtcp_block *block)
{
    int32_t lost = block->lost; /* clamped, not wrapped (section 6.4.1) */
    lost = lost > 0x7FFFFF ? 0x7FFFFF : lost < -0x800000 ? -0x800000 : lost;
    tr_put32(at, block->ssrc);
    tr_put32(at + 4, (uint32_t)lost & 0xFFFFFF);
    at[4] = block->fraction;
    tr_put32(at + 8, block->highest);
    tr_put32(at + 12, block->jitter);
    tr_put32(at + 16, block->last_sr);
    tr_put32(at + 20, block->since_last_sr);
    return BLOCK_BYTES;
}

static size_t put_report(uint8_t *out, const tr_rtcp_report *r)
{
    size_t at = 8;
    tr_put32(out + 4, r->ssrc);
    if (r->sender) {
        tr_put32(out + 8, (uint32_t)(r->ntp >> 32));
        tr_put32(out + 12, (uint32_t)r->ntp);
        tr_put32(out + 16, r->timestamp);
        tr_put32(out + 20, r->packets);
        tr_put32(out + 24, r->octets);
        at = 28;
    }
    if (r->has_block)
        at += put_block(out + at, &r->block);
    header(out, r->has_block, r->sender ? SR : RR, at);
    return at;
}

static size_t put_cname(uint8_t *out, const tr_rtcp_report *r)
{
    const size_t length = strlen(r->cname);
    const size_t bytes = (8 + 2 + length + 4) & ~(size_t)3; /* ends with 1 to 4 zero bytes */
    memset(out, 0, bytes);
    header(out, 1, SDES, bytes);
    tr_put32(out + 4, r->ssrc);
    out[8] = SDES_CNAME;
    out[9] = (uint8_t)length;
    memcpy(out + 10, r->cname, length);
    return bytes;
}

size_t tr_rtcp_build(uint8_t *out, const tr_rtcp_report *r)
{
    size_t at = put_report(out, r);
    at += put_cname(out + at, r);
    if (r->bye) {
        header(out + at, 1, BYE, 8);
        tr_put32(out + at + 4, r->ssrc);
        at += 8;
    }
    return at;
}

static void get_block(tr_rtcp_block *block, const uint8_t *at)
{
    const uint32_t lost = tr_get32(at + 4) & 0xFFFFFF;
    *block = (tr_rtcp_block){
        .ssrc = tr_get32(at),
        .fraction = at[4],
        .lost = (int32_t)(lost ^ 0x800000) - 0x800000,
        .highest = tr_get32(at + 8),
        .jitter = tr_get32(at + 12),
        .last_sr = tr_get32(at + 16),
        .since_last_sr = tr_get32(at + 20),
    };
}

static bool parse_blocks(tr_rtcp_received *received, const uint8_t *at, size_t size, int count,
                         uint32_t about)
{
    if (size < (size_t)count * BLOCK_BYTES)
        return false;
    for (int i = 0; i < count; i++, at += BLOCK_BYTES)
        if (tr_get32(at) == about) {
            get_block(&received->block, at);
            received->has_block = true;
        }
    return true;
}

static void note_leaving(tr_rtcp_received *received, const uint8_t *at, int count)
{
    for (int i = 0; i < count && received->leaving_count < TR_RTCP_LEAVING; i++, at += 4)
        received->leaving[received->leaving_count++] = tr_get32(at);
}

bool tr_rtcp_leaves(const tr_rtcp_received *received, uint32_t ssrc)
{
    for (int i = 0; i < received->leaving_count; i++)
        if (received->leaving[i] == ssrc)
            return true;
    return false;
}

static bool parse_one(tr_rtcp_received *received, const uint8_t *p, size_t size, uint32_t about)
{
    const int count = p[0] & 0x1F;
    switch (p[1]) {
    case SR:
        if (size < 28)
            return false;
        received->ssrc = received->sender_ssrc = tr_get32(p + 4);
        received->ntp = (uint64_t)tr_get32(p + 8) << 32 | tr_get32(p + 12);
        received->has_sender = true;
        return parse_blocks(received, p + 28, size - 28, count, about);
    case RR:
        if (size < 8)
            return false;
        received->ssrc = tr_get32(p + 4);
        return parse_blocks(received, p + 8, size - 8, count, about);
    case BYE:
        if (size < 4 + 4u * (unsigned)count)
            return false;
        note_leaving(received, p + 4, count);
        return true;
    default:
        return true;
    }
}

/* A.2: version 2 throughout, lengths add up. A first packet other than SR or RR is let through
 * (RFC 5506 allows reduced-size RTCP, and some peers send a lone BYE). */
bool tr_rtcp_parse(tr_rtcp_received *received, const uint8_t *data, size_t size, uint32_t about)
{
    memset(received, 0, sizeof *received);
    if (size < 4)
        return false;
    for (size_t at = 0; at < size;) {
        if (size - at < 4 || data[at] >> 6 != 2 || data[at + 1] < 192 || data[at + 1] > 223)
            return false;
        const size_t bytes = 4u * (tr_get16(data + at + 2) + 1u);
        if (bytes > size - at || !parse_one(received, data + at, bytes, about))
            return false;
        at += bytes;
    }
    return true;
}
