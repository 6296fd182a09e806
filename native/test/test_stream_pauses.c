/*
 * What is played of a stream around digits and announced silence, in virtual time: packets come
 * over a real socket, and the clock's origin is moved so that "now" is whenever the test says.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/stream.h"
#include "harness.h"

enum { PACKET = 160, EVENT_PT = 101, NOISE_PT = 13, LOUD = 0x90, TAIL = 0xA0, SAMPLES_MAX = 40000, CN_LEVEL = 64 };

static tr_stream stream;
static tr_tick now;
static tr_receive_scratch *scratch;
static int ours, peers;
static struct sockaddr_in our_address;
static uint16_t sequence;
static uint32_t timestamp;
static int16_t heard[SAMPLES_MAX];
static int heard_count;

static int bound_socket(struct sockaddr_in *own)
{
    socklen_t size = sizeof *own;
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    *own = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)own, size) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)own, &size) == 0);
    return fd;
}

static void open_call(void)
{
    struct sockaddr_in peer_address;
    ours = bound_socket(&our_address);
    peers = bound_socket(&peer_address);
    const tr_address remote = {
        .family = 4, .port = ntohs(peer_address.sin_port), .host = {127, 0, 0, 1}};
    const tr_stream_settings settings = {
        .rtp_fd = ours, .rtcp_fd = -1, .remote = remote, .remote_rtcp = remote, .rtcp_mux = 1,
        .dtmf_payload_type = EVENT_PT, .dtmf_receive_payload_type = EVENT_PT, .receiving = 1,
        .ptime_ms = 20, .ssrc = 7, .seed = 1, .cname = "test"};
    memset(&stream, 0, sizeof stream);
    memset(&now, 0, sizeof now);
    stream.rtp_family = stream.rtcp_family = AF_INET;
    tr_stream_begin(&stream, &settings, 1, &now);
    scratch = calloc(1, tr_receive_scratch_size());
    tr_receive_scratch_init(scratch);
    sequence = 65500;
    timestamp = 0xFFFFF000;
    heard_count = 0;
}

static void close_call(void)
{
    close(ours);
    close(peers);
    free(scratch);
}

static void send_packet(uint8_t payload_type, uint32_t at, const uint8_t *payload, size_t size)
{
    uint8_t data[400];
    const tr_packet packet = {.payload_type = payload_type, .sequence = sequence++, .ssrc = 9,
                              .timestamp = at, .payload = payload, .payload_size = size};
    const size_t length = tr_packet_build(data, &packet);
    CHECK(sendto(peers, data, length, 0, (struct sockaddr *)&our_address, sizeof our_address) ==
          (ssize_t)length);
}

static void run(int ticks)
{
    for (; ticks > 0; ticks--) {
        now.origin_ns = tr_now_ns() - now.clock * TR_NS_PER_SAMPLE;
        now.now_ns = tr_now_ns();
        tr_stream_receive(&stream, scratch, &now);
        tr_stream_play(&stream, heard + heard_count, &now);
        heard_count += TR_TICK_SAMPLES;
        now.clock += TR_TICK_SAMPLES;
    }
}

static void say(uint8_t code, int packets)
{
    uint8_t payload[PACKET];
    memset(payload, code, sizeof payload);
    for (; packets > 0; packets--) {
        send_packet(0, timestamp, payload, PACKET);
        timestamp += PACKET;
        run(2);
    }
}

static void speech(int packets) { say(LOUD, packets); }

/* So that blocks of play-out begin within packets. */
static void odd_packet(size_t size)
{
    uint8_t payload[PACKET];
    memset(payload, LOUD, sizeof payload);
    if (size > 0)
        send_packet(0, timestamp, payload, size);
    timestamp += (uint32_t)size;
}

/* A key down for so many packets; its end is told three times. */
static void digit(uint8_t key, int packets)
{
    const uint32_t start = timestamp;
    for (int n = 1; n <= packets + 2; n++, timestamp += PACKET) {
        const int duration = PACKET * (n < packets ? n : packets);
        const uint8_t payload[4] = {key, n >= packets ? 0x8A : 10, (uint8_t)(duration >> 8),
                                    (uint8_t)duration};
        send_packet(EVENT_PT, start, payload, sizeof payload);
        run(2);
    }
}

static void silence(int packets)
{
    const uint8_t level = CN_LEVEL;
    send_packet(NOISE_PT, timestamp, &level, 1);
    timestamp += (uint32_t)packets * PACKET;
    run(2 * packets);
}

/* How many samples of `speech` were heard, once all of it has been played. */
static int count_speech(void)
{
    int16_t loud;
    const uint8_t code = LOUD;
    int count = 0;
    say(TAIL, 5);
    tr_g711_decode_block(TR_MU_LAW, &code, &loud, 1);
    for (int i = 0; i < heard_count; i++)
        count += heard[i] == loud;
    return count;
}

/* Every sample of speech is heard as it was sent, and nothing is made up. */
static void digits_cost_no_speech(void)
{
    static const struct {
        const char *name;
        size_t odd;
        int key_packets, keys, between;
    } rows[] = {
        {"100 ms", 0, 5, 5, 10},  {"within a block", 40, 5, 5, 10}, {"almost a block", 79, 5, 5, 10},
        {"60 ms", 0, 3, 8, 10},   {"long", 0, 100, 2, 10},          {"close together", 0, 5, 8, 1},
        {"half a packet", 80, 6, 4, 3},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        ROW(rows[i].name);
        open_call();
        odd_packet(rows[i].odd);
        speech(20);
        for (int key = 0; key < rows[i].keys; key++) {
            digit((uint8_t)key, rows[i].key_packets);
            speech(rows[i].between);
        }
        const int sent = (int)rows[i].odd + PACKET * (20 + rows[i].keys * rows[i].between);
        CHECK_EQ(count_speech(), sent);
        CHECK_EQ(stream.statistics.concealed_samples, 0);
        CHECK_EQ(stream.statistics.digits_received, rows[i].keys);
        close_call();
    }
}

static void announced_silence_is_not_lost(void)
{
    open_call();
    speech(20);
    for (int n = 0; n < 5; n++) {
        silence(15);
        const int start = heard_count - 10 * TR_TICK_SAMPLES;
        double sum = 0;
        for (int i = start; i < heard_count; i++)
            sum += (double)heard[i] * heard[i] / (heard_count - start);
        CHECK(sum > 15 * 15 && sum < 27 * 27); /* -64 dBov: 20.6 */
        speech(10);
    }
    const int count = count_speech() - PACKET * (20 + 5 * 10);
    CHECK(count >= 0 && count < 10); /* a fade may begin with a sample just like it */
    CHECK_EQ(stream.statistics.concealed_samples, 0);
    close_call();
}

static void a_loss_is_still_a_loss(void)
{
    open_call();
    speech(20);
    digit(1, 5);
    speech(20);
    timestamp += PACKET;
    sequence++;
    run(2);
    speech(20);
    CHECK_EQ(stream.statistics.concealed_samples, PACKET);
    close_call();
}

const SUITE(suite_stream_pauses) = {
    {"digits_cost_no_speech", digits_cost_no_speech},
    {"announced_silence_is_not_lost", announced_silence_is_not_lost},
    {"a_loss_is_still_a_loss", a_loss_is_still_a_loss},
    END_OF_SUITE,
};
