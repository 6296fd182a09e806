/*
 * Keys on their way from the caller to the real-time thread and back. Where the thread runs, this is
 * also what TSan looks at; waits are polls on the engine's own eventfd, with a limit.
 */
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include "allocations.h"
#include "engine/engine.h"
#include "harness.h"
#include "srtp_keys.h"

enum { PATIENCE_MS = 5000, DIGIT = 1 };

static int fds[2];
static tr_address own[2];
static tr_engine *engine;

static void open_sockets(void)
{
    for (int i = 0; i < 2; i++) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof in;
        fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
        CHECK(fds[i] >= 0 && bind(fds[i], (struct sockaddr *)&in, size) == 0);
        CHECK(getsockname(fds[i], (struct sockaddr *)&in, &size) == 0);
        own[i] = (tr_address){.family = 4, .port = ntohs(in.sin_port), .host = {127, 0, 0, 1}};
    }
}

static void open_engine(bool start)
{
    const tr_engine_settings settings = {.streams = 2, .lines = 2, .ring_ms = 1000, .srtp = 1};
    engine = tr_engine_open(&settings);
    CHECK(engine && (!start || tr_engine_start(engine) == 0));
    open_sockets();
}

static void close_engine(void)
{
    tr_engine_close(engine);
    for (int i = 0; i < 2; i++)
        close(fds[i]);
}

/* Side `i` of a call; keys that begin with `sends` and `receives`. */
static tr_stream_settings side(uint32_t i, uint8_t suite, uint8_t sends, uint8_t receives)
{
    const tr_srtp_key send = test_key(suite, sends), receive = test_key(suite, receives);
    tr_stream_settings s = {
        .rtp_fd = fds[i], .rtcp_fd = -1, .remote = own[!i], .remote_rtcp = own[!i], .rtcp_mux = 1,
        .dtmf_payload_type = 101, .dtmf_receive_payload_type = 101, .sending = 1, .receiving = 1,
        .ptime_ms = 20, .ssrc = i + 1, .sequence = 65530, .seed = 1, .cname = "test",
        .srtp_suite = suite};
    memcpy(s.srtp_send_key, send.key, sizeof send.key);
    memcpy(s.srtp_receive_key, receive.key, sizeof receive.key);
    return s;
}

static int wait_for(uint32_t kind, int wanted)
{
    tr_event events[16];
    int seen = 0;
    while (seen < wanted) {
        struct pollfd ready = {.fd = tr_engine_event_fd(engine), .events = POLLIN};
        if (poll(&ready, 1, PATIENCE_MS) <= 0)
            break;
        const int count = tr_engine_read_events(engine, events, COUNT(events));
        for (int n = 0; n < count; n++) {
            CHECK(events[n].kind != TR_EVENT_SRTP_SENDER);
            seen += events[n].kind == kind;
        }
    }
    return seen;
}

/* A digit from either side arrives: so do packets. */
static void both_are_heard(void)
{
    for (uint32_t i = 0; i < 2; i++)
        CHECK_EQ(tr_stream_send_digit(engine, 0, i, DIGIT, 50), 0);
    CHECK_EQ(wait_for(TR_EVENT_DIGIT_ENDED, 2), 2);
}

static void nothing_failed(void)
{
    tr_stream_statistics t;
    for (uint32_t i = 0; i < 2; i++) {
        tr_stream_read_statistics(engine, i, &t);
        CHECK(t.received > 0);
        CHECK_EQ(t.srtp_failed, 0);
        CHECK_EQ(t.send_errors, 0);
        CHECK_EQ(t.lost, 0);
    }
}

static void update(uint32_t i, uint8_t suite, uint8_t sends, uint8_t receives)
{
    const tr_stream_settings s = side(i, suite, sends, receives);
    CHECK_EQ(tr_stream_update(engine, 0, i, &s), 0);
}

static void stop_both(void)
{
    for (uint32_t i = 0; i < 2; i++)
        CHECK_EQ(tr_stream_stop(engine, 0, i), 0);
    CHECK_EQ(wait_for(TR_EVENT_RETIRED, 2), 2);
    for (uint32_t i = 0; i < 2; i++) {
        const tr_keyring wiped = {0};
        CHECK(memcmp(&engine->keyrings[i], &wiped, sizeof wiped) == 0);
    }
}

static void a_call_with_srtp(uint8_t suite)
{
    open_engine(true);
    for (uint32_t i = 0; i < 2; i++) {
        const tr_stream_settings s = side(i, suite, (uint8_t)(1 + i), (uint8_t)(2 - i));
        CHECK_EQ(tr_stream_open(engine, 0, i, i + 1, &s), 0);
    }
    both_are_heard();
    const long before = allocations_elsewhere();
    both_are_heard();
    for (uint32_t i = 0; i < 2; i++) /* a re-INVITE with the same keys */
        update(i, suite, (uint8_t)(1 + i), (uint8_t)(2 - i));
    both_are_heard();
    nothing_failed();
    for (uint32_t i = 0; i < 2; i++) /* and with new ones */
        update(i, suite, (uint8_t)(11 + i), (uint8_t)(12 - i));
    both_are_heard();
    CHECK_EQ(allocations_elsewhere() - before, 0); /* on the real-time thread */
    stop_both();
    CHECK_EQ(allocations_elsewhere() - before, 0);
    close_engine();
}

static void calls_with_each_suite(void)
{
    static const char *const names[] = {"", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32",
                                        "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"};
    for (uint8_t suite = 1; suite < COUNT(names); suite++) {
        ROW(names[suite]);
        a_call_with_srtp(suite);
    }
}

static void the_thread_allocates_nothing_from_its_start(void)
{
    open_engine(true);
    while (tr_engine_heartbeat(engine) < 2) /* the C library makes a thread's own things first */
        poll(NULL, 0, 1);
    const long before = allocations_elsewhere();
    for (uint32_t i = 0; i < 2; i++) {
        const tr_stream_settings s = side(i, 1, (uint8_t)(1 + i), (uint8_t)(2 - i));
        CHECK_EQ(tr_stream_open(engine, 0, i, i + 1, &s), 0);
    }
    both_are_heard();
    stop_both();
    CHECK_EQ(allocations_elsewhere() - before, 0);
    close_engine();
}

static void a_wrong_key_is_silence(void)
{
    tr_stream_statistics t;
    open_engine(true);
    for (uint32_t i = 0; i < 2; i++) {
        const tr_stream_settings s = side(i, 1, (uint8_t)(1 + i), 77);
        CHECK_EQ(tr_stream_open(engine, 0, i, i + 1, &s), 0);
        CHECK_EQ(tr_stream_send_digit(engine, 0, i, DIGIT, 50), 0);
    }
    CHECK_EQ(wait_for(TR_EVENT_DIGIT_SENT, 2), 2);
    stop_both();
    tr_stream_read_statistics(engine, 0, &t);
    CHECK(t.srtp_failed > 0);
    CHECK_EQ(t.received, 0);
    CHECK_EQ(t.srtp_suite, TR_SRTP_AES_CM_128_HMAC_SHA1_80);
    close_engine();
}

static void keys_belong_to_the_loop_thread(void)
{
    open_engine(false);
    tr_stream_settings s = side(0, 1, 1, 2);
    CHECK_EQ(tr_stream_open(engine, 1, 0, 1, &s), TR_EINVAL);
    s.srtp_suite = TR_SRTP_AEAD_AES_256_GCM + 1;
    CHECK_EQ(tr_stream_open(engine, 0, 0, 1, &s), TR_EINVAL);
    s = side(0, TR_SRTP_OFF, 1, 2);
    CHECK_EQ(tr_stream_open(engine, 1, 0, 1, &s), 0);
    s.srtp_suite = 1; /* and so do streams that may get one */
    CHECK_EQ(tr_stream_update(engine, 0, 0, &s), TR_EINVAL);
    close_engine();
}

static void no_key_enters_a_command(void)
{
    tr_command command;
    open_engine(false);
    const tr_stream_settings s = side(0, 1, 1, 2);
    CHECK_EQ(tr_stream_open(engine, 0, 0, 1, &s), 0);
    CHECK_EQ(tr_stream_update(engine, 0, 0, &s), 0);
    while (tr_ring_pop(&engine->commands[0], &command)) {
        const uint8_t none[TR_SRTP_KEY_BYTES] = {0};
        CHECK(memcmp(command.with.stream.srtp_send_key, none, sizeof none) == 0);
        CHECK(memcmp(command.with.stream.srtp_receive_key, none, sizeof none) == 0);
        tr_srtp_free(command.keys.sender);
        tr_srtp_free(command.keys.gate);
    }
    close_engine();
}

/* Nobody takes commands: what could not be given changed nothing, and nothing leaks. */
static void a_full_ring_keeps_the_old_keys(void)
{
    open_engine(false);
    const tr_stream_settings s = side(0, 1, 1, 2), other = side(0, 1, 3, 4);
    CHECK_EQ(tr_stream_open(engine, 0, 0, 1, &s), 0);
    while (tr_stream_digit_end(engine, 0, 0) == 0)
        ;
    const tr_keyring before = engine->keyrings[0];
    CHECK_EQ(tr_stream_update(engine, 0, 0, &other), TR_EFULL);
    CHECK(memcmp(&engine->keyrings[0], &before, sizeof before) == 0);
    CHECK_EQ(tr_stream_open(engine, 0, 1, 2, &other), TR_EFULL);
    close_engine();
}

const SUITE(suite_keying) = {
    {"calls_with_each_suite", calls_with_each_suite},
    {"the_thread_allocates_nothing_from_its_start", the_thread_allocates_nothing_from_its_start},
    {"a_wrong_key_is_silence", a_wrong_key_is_silence},
    {"keys_belong_to_the_loop_thread", keys_belong_to_the_loop_thread},
    {"no_key_enters_a_command", no_key_enters_a_command},
    {"a_full_ring_keeps_the_old_keys", a_full_ring_keeps_the_old_keys},
    END_OF_SUITE,
};
