/*
 * Telephone-events as a stranger may send them. The input is a run of payloads, each after a
 * length byte and four bytes of timestamp. Starts and ends must alternate whatever comes.
 */
#include <stdlib.h>
#include <string.h>

#include "dsp/digit_player.h"
#include "rtp/bytes.h"
#include "rtp/event_receiver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tr_digit_player player;

static void take_reports(tr_event_receiver *receiver, bool *down)
{
    tr_digit_report report;
    while (tr_event_receiver_next(receiver, &report)) {
        if (report.event > 15 || report.started == *down)
            abort();
        *down = report.started;
        if (report.started)
            tr_digit_player_press(&player, report.event, report.timestamp);
        else
            tr_digit_player_release(&player, report.duration);
    }
}

static void one_payload(tr_event_receiver *receiver, const uint8_t *data, size_t size,
                        uint32_t timestamp, uint32_t now)
{
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, data, size);
    if (timestamp & 1)
        tr_event_receiver_audio(receiver, timestamp);
    else
        tr_event_receiver_packet(receiver, copy, size, timestamp, now);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tr_event_receiver receiver;
    bool down = false;
    int16_t pcm[80];
    tr_event_receiver_init(&receiver);
    tr_digit_player_init(&player);
    for (uint32_t now = 0; size >= 5; now += 160) {
        const size_t length = data[0] % 33 < size - 5 ? data[0] % 33 : size - 5;
        one_payload(&receiver, data + 5, length, tr_get32(data + 1), now);
        take_reports(&receiver, &down);
        tr_event_receiver_tick(&receiver, 160, now + 80);
        take_reports(&receiver, &down);
        tr_digit_player_work(&player, pcm, 80, true);
        data += 5 + length;
        size -= 5 + length;
    }
    return 0;
}
