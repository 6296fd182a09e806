/*
 * RTP as a stranger may send it. The input is a run of datagrams, each after a length byte and an
 * arrival byte; every one goes the whole way: parser, reception, jitter buffer, concealment.
 */
#include <stdlib.h>
#include <string.h>

#include "dsp/concealment.h"
#include "dsp/g711.h"
#include "rtp/jitter.h"
#include "rtp/packet.h"
#include "rtp/reception.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tr_jitter jitter;
static tr_concealment concealment;
static tr_reception reception;

static void play(uint32_t now)
{
    int16_t pcm[80];
    uint8_t present[80];
    tr_jitter_get(&jitter, pcm, present, 80, now);
    for (int i = 0; i < 80; i++)
        if (present[i])
            tr_concealment_good(&concealment, pcm + i, 1);
        else
            tr_concealment_missing(&concealment, pcm + i, 1);
}

static void one_datagram(const uint8_t *data, size_t size, uint32_t arrival)
{
    tr_packet packet;
    int16_t pcm[256];
    uint8_t rebuilt[300];
    if (!tr_packet_parse(&packet, data, size))
        return;
    if (packet.payload_size > sizeof pcm / sizeof *pcm)
        abort();
    const size_t built = tr_packet_build(rebuilt, &packet);
    tr_packet again;
    if (!tr_packet_parse(&again, rebuilt, built) || again.payload_size != packet.payload_size ||
        memcmp(again.payload, packet.payload, packet.payload_size))
        abort();
    if (tr_reception_packet(&reception, packet.ssrc, packet.sequence) < TR_PACKET_TAKE)
        return;
    tr_reception_timing(&reception, packet.timestamp, arrival);
    tr_g711_decode_block(packet.payload_type == 8, packet.payload, pcm, packet.payload_size);
    tr_jitter_put(&jitter, packet.timestamp, pcm, (int)packet.payload_size, arrival);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t now = 0;
    tr_jitter_init(&jitter);
    tr_concealment_init(&concealment);
    tr_reception_init(&reception);
    while (size >= 2) {
        const size_t length = data[0] < size - 2 ? data[0] : size - 2;
        now += data[1];
        uint8_t *copy = malloc(length ? length : 1); /* exact, so that ASan sees one byte too far */
        memcpy(copy, data + 2, length);
        one_datagram(copy, length, now);
        free(copy);
        play(now);
        data += 2 + length;
        size -= 2 + length;
    }
    return 0;
}
