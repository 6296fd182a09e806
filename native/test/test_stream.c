/* A stream in virtual time: its settings change, its peer changes, its clock stands still. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/stream.h"
#include "harness.h"
#include "rtp/bytes.h"

static tr_stream stream;
static tr_tick clock_;

static tr_address remote_at(uint16_t port)
{
    return (tr_address){.family = 4, .port = port, .host = {127, 0, 0, 1}};
}

static tr_stream_settings settings_for(int fd, uint16_t port)
{
    return (tr_stream_settings){
        .rtp_fd = fd, .rtcp_fd = -1, .remote = remote_at(port), .remote_rtcp = remote_at(port),
        .rtcp_mux = 1, .dtmf_payload_type = 101, .dtmf_receive_payload_type = 101, .sending = 1,
        .receiving = 1, .ptime_ms = 20, .timeout_ms = 1000, .ssrc = 7, .sequence = 65535,
        .seed = 1, .cname = "test"};
}

static void begin(const tr_stream_settings *settings)
{
    memset(&stream, 0, sizeof stream);
    clock_ = (tr_tick){0};
    stream.rtp_family = stream.rtcp_family = AF_INET;
    tr_stream_begin(&stream, settings, 1, &clock_);
}

static int told(uint32_t kind)
{
    int count = 0;
    for (uint32_t i = stream.outbox.head; i != stream.outbox.tail; i++)
        count += stream.outbox.events[i % TR_OUTBOX].kind == kind;
    return count;
}

static void wait_ms(int ms)
{
    tr_receive_scratch *scratch = calloc(1, tr_receive_scratch_size());
    tr_receive_scratch_init(scratch);
    for (; ms > 0; ms -= TR_TICK_MS) {
        clock_.now_ns += TR_TICK_NS;
        clock_.clock += TR_TICK_SAMPLES;
        tr_stream_receive(&stream, scratch, &clock_);
    }
    free(scratch);
}

/* Each re-INVITE: what is said first, and then, after five seconds of silence, what changes. */
static const struct {
    const char *name;
    uint32_t timeout_before, timeout_after;
    uint8_t sending_before, sending_after, receiving_before, receiving_after;
    uint16_t port_after;
    bool anew;
} changes[] = {
    {"the time-out comes back after a hold", 0, 1000, 0, 1, 1, 1, 4000, true},
    {"the time-out alone comes back", 0, 1000, 1, 1, 1, 1, 4000, true},
    {"the time-out is lengthened", 6000, 6500, 1, 1, 1, 1, 4000, true},
    {"we speak again", 5500, 5500, 0, 1, 1, 1, 4000, true},
    {"we listen again", 1000, 1000, 1, 1, 0, 1, 4000, true},
    {"another peer", 5500, 5500, 1, 1, 1, 1, 5000, true},
    {"nothing changes", 5500, 5500, 1, 1, 1, 1, 4000, false},
};

static void silence_is_counted_from_the_last_change(void)
{
    for (size_t i = 0; i < COUNT(changes); i++) {
        tr_stream_settings s = settings_for(-1, 4000);
        ROW(changes[i].name);
        s.timeout_ms = changes[i].timeout_before;
        s.sending = changes[i].sending_before;
        s.receiving = changes[i].receiving_before;
        begin(&s);
        wait_ms(5000);
        CHECK_EQ(told(TR_EVENT_RTP_TIMEOUT), 0);
        s.timeout_ms = changes[i].timeout_after;
        s.sending = changes[i].sending_after;
        s.receiving = changes[i].receiving_after;
        s.remote.port = changes[i].port_after;
        tr_stream_change(&stream, &s, &clock_);
        wait_ms((int)changes[i].timeout_after - 100);
        CHECK_EQ(told(TR_EVENT_RTP_TIMEOUT), !changes[i].anew);
        wait_ms(200);
        CHECK_EQ(told(TR_EVENT_RTP_TIMEOUT), 1);
    }
}

static void a_time_out_may_come_again(void)
{
    tr_stream_settings s = settings_for(-1, 4000);
    begin(&s);
    wait_ms(1100);
    s.sending = 0;
    tr_stream_change(&stream, &s, &clock_);
    wait_ms(900);
    CHECK_EQ(told(TR_EVENT_RTP_TIMEOUT), 1);
    wait_ms(200);
    CHECK_EQ(told(TR_EVENT_RTP_TIMEOUT), 2);
}

static void speech_prepared_before_a_stall_does_not_leave(void)
{
    const int16_t silence[TR_TICK_SAMPLES] = {0};
    tr_stream_settings s = settings_for(-1, 4000);
    begin(&s);
    tr_stream_prepare(&stream, silence, NULL, &clock_);
    CHECK(stream.out.packet_size > 0);
    tr_stream_skip(&stream, 1600);
    CHECK_EQ(stream.out.packet_size, 0);
    for (int i = 0; i < 2; i++)
        tr_stream_prepare(&stream, silence, NULL, &clock_);
    CHECK_EQ(tr_get16(stream.out.packet + 2), 65535); /* nothing is missing to the peer */
    CHECK_EQ(stream.out.packet[1] >> 7, 1);           /* its talkspurt begins here */
    CHECK_EQ(tr_get32(stream.out.packet + 4), 160 + 1600);
}

static void a_digit_prepared_before_a_stall_leaves(void)
{
    const int16_t silence[TR_TICK_SAMPLES] = {0};
    tr_stream_settings s = settings_for(-1, 4000);
    begin(&s);
    tr_stream_order_digit(&stream, 5, 100);
    tr_stream_prepare(&stream, silence, NULL, &clock_);
    tr_stream_skip(&stream, 1600);
    CHECK(stream.out.packet_size > 0);
}

/* RTCP goes to a socket of our own and is looked at. */
static int own_socket(uint16_t *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof in;
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&in, size) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&in, &size) == 0);
    *port = ntohs(in.sin_port);
    return fd;
}

static tr_rtcp_block reported(int fd, uint32_t about)
{
    uint8_t wire[TR_RTCP_MAX_BYTES];
    tr_rtcp_received got = {0};
    tr_stream_report(&stream, &clock_, false);
    const ssize_t size = recv(fd, wire, sizeof wire, 0);
    CHECK(size > 0 && tr_rtcp_parse(&got, wire, (size_t)size, about));
    CHECK(got.has_block);
    return got.block;
}

static void hear(uint32_t ssrc, uint16_t first, int packets)
{
    for (int i = 0; i < packets; i++) {
        const uint32_t n = first + (uint32_t)i;
        tr_reception_packet(&stream.in.reception, ssrc, (uint16_t)n);
        tr_reception_timing(&stream.in.reception, n * 160, n * 160 + (n & 1) * 80);
    }
}

static void rtcp_from(uint8_t *data, size_t size)
{
    const tr_address from = stream.settings.remote_rtcp;
    tr_stream_rtcp_packet(&stream, data, size, &from, tr_now_ns());
}

static void sender_report(uint32_t ssrc)
{
    uint8_t wire[TR_RTCP_MAX_BYTES];
    const tr_rtcp_report report = {
        .ssrc = ssrc, .sender = true, .ntp = UINT64_C(0x1122334455667788), .cname = "peer"};
    rtcp_from(wire, tr_rtcp_build(wire, &report));
}

static void a_report_is_about_the_sender_it_names(void)
{
    uint16_t port;
    const int fd = own_socket(&port);
    tr_stream_settings s = settings_for(fd, port);
    begin(&s);
    hear(1, 100, 10);
    hear(1, 160, 40); /* 50 lost */
    sender_report(2);
    CHECK_EQ(reported(fd, 1).last_sr, 0); /* of a sender that nobody hears */
    sender_report(1);
    tr_rtcp_block block = reported(fd, 1);
    CHECK_EQ(block.last_sr, 0x33445566);
    CHECK_EQ(block.lost, 50);
    CHECK(block.jitter > 60);
    sender_report(2);
    CHECK_EQ(reported(fd, 1).last_sr, 0x33445566);
    hear(2, 7000, 2);
    block = reported(fd, 2);
    CHECK_EQ(block.lost, 0);
    CHECK(block.jitter < 10);
    CHECK(block.last_sr == 0 && block.since_last_sr == 0);
    CHECK_EQ(tr_reception_lost(&stream.in.reception), 50); /* the call's own count goes on */
    sender_report(2);
    CHECK_EQ(reported(fd, 2).last_sr, 0x33445566);
    close(fd);
}

static void the_same_sender_keeps_its_losses_over_a_hold(void)
{
    begin(&(tr_stream_settings){.ssrc = 7});
    hear(1, 100, 1);
    hear(1, 103, 1);
    tr_reception_suspend(&stream.in.reception);
    hear(1, 900, 1);
    CHECK_EQ(tr_reception_lost_of_ssrc(&stream.in.reception), 2);
}

static void bye_counts_when_our_sender_is_among_those_named(void)
{
    static const struct {
        const char *name;
        uint8_t count;
        uint32_t named[3];
        int wanted;
    } rows[] = {
        {"alone", 1, {1}, 1},          {"another", 1, {2}, 0},
        {"first of three", 3, {1, 2, 3}, 1}, {"last of three", 3, {3, 2, 1}, 1},
        {"three others", 3, {3, 2, 4}, 0},   {"nobody", 0, {1}, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t wire[16] = {(uint8_t)(0x80 | rows[i].count), 203, 0, rows[i].count};
        tr_stream_settings s = settings_for(-1, 4000);
        ROW(rows[i].name);
        begin(&s);
        hear(1, 100, 2);
        for (int n = 0; n < 3; n++)
            tr_put32(wire + 4 + 4 * n, rows[i].named[n]);
        for (int n = 0; n < 2; n++)
            rtcp_from(wire, 4 + 4u * rows[i].count);
        CHECK_EQ(told(TR_EVENT_RTCP_BYE), rows[i].wanted);
    }
}

static void each_sender_may_say_bye(void)
{
    uint8_t wire[8] = {0x81, 203, 0, 1};
    tr_stream_settings s = settings_for(-1, 4000);
    begin(&s);
    for (uint32_t ssrc = 1; ssrc <= 2; ssrc++) {
        hear(ssrc, 100, 2);
        tr_put32(wire + 4, ssrc);
        rtcp_from(wire, sizeof wire);
    }
    CHECK_EQ(told(TR_EVENT_RTCP_BYE), 2);
}

/* Two hundred strange packets a tick (20,000 a second) wait before the one of the call. */
static void a_flood_does_not_hold_up_the_call(void)
{
    static const struct {
        const char *name;
        int64_t read_until_ns;
        int64_t received, cut;
    } rows[] = {{"there is time", INT64_MAX, 1, 0}, {"there is none", 0, 0, 1}};
    uint8_t packet[172] = {0x80, 0};
    uint16_t port, genuine, strange;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const int fd = own_socket(&port), peer = own_socket(&genuine), other = own_socket(&strange);
        const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port),
                                       .sin_addr = {htonl(INADDR_LOOPBACK)}};
        tr_stream_settings s = settings_for(fd, genuine);
        ROW(rows[i].name);
        begin(&s);
        clock_.read_until_ns = rows[i].read_until_ns;
        for (int n = 0; n <= 200; n++)
            CHECK(sendto(n < 200 ? other : peer, packet, sizeof packet, 0,
                         (const struct sockaddr *)&to, sizeof to) == sizeof packet);
        wait_ms(TR_TICK_MS);
        CHECK_EQ(stream.statistics.received, rows[i].received);
        CHECK_EQ(stream.statistics.reads_cut, rows[i].cut);
        for (int n = 0; n < 10; n++)
            wait_ms(TR_TICK_MS);
        CHECK_EQ(stream.statistics.received, 1);
        CHECK_EQ(stream.statistics.discarded_source, 200);
        close(fd);
        close(peer);
        close(other);
    }
}

const SUITE(suite_stream) = {
    {"silence_is_counted_from_the_last_change", silence_is_counted_from_the_last_change},
    {"a_time_out_may_come_again", a_time_out_may_come_again},
    {"speech_prepared_before_a_stall_does_not_leave", speech_prepared_before_a_stall_does_not_leave},
    {"a_digit_prepared_before_a_stall_leaves", a_digit_prepared_before_a_stall_leaves},
    {"a_report_is_about_the_sender_it_names", a_report_is_about_the_sender_it_names},
    {"the_same_sender_keeps_its_losses_over_a_hold", the_same_sender_keeps_its_losses_over_a_hold},
    {"bye_counts_when_our_sender_is_among_those_named",
     bye_counts_when_our_sender_is_among_those_named},
    {"each_sender_may_say_bye", each_sender_may_say_bye},
    {"a_flood_does_not_hold_up_the_call", a_flood_does_not_hold_up_the_call},
    END_OF_SUITE,
};
