/*
 * Two streams of one engine talk over loopback. The real thread runs, so this is also what TSan
 * looks at; waits are polls on the engine's own eventfd, with a limit.
 */
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "harness.h"
#include "tipring_engine.h"

enum { PATIENCE_MS = 5000 };

static int open_socket(tr_address *own)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof in;
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&in, size) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&in, &size) == 0);
    *own = (tr_address){.family = 4, .port = ntohs(in.sin_port), .host = {127, 0, 0, 1}};
    return fd;
}

static tr_stream_settings settings_for(int fd, tr_address remote, uint32_t ssrc)
{
    return (tr_stream_settings){
        .rtp_fd = fd, .rtcp_fd = -1, .remote = remote, .remote_rtcp = remote, .rtcp_mux = 1,
        .dtmf_payload_type = 101, .dtmf_receive_payload_type = 101, .sending = 1, .receiving = 1,
        .ptime_ms = 20, .ssrc = ssrc, .sequence = 65530, .timestamp = 0xFFFFFE00, .seed = 1,
        .cname = "test"};
}

/* Counts events of `kind`, until `wanted` of them or the patience ends. */
static int wait_for(tr_engine *engine, uint32_t kind, int wanted)
{
    tr_event events[16];
    int seen = 0;
    while (seen < wanted) {
        struct pollfd ready = {.fd = tr_engine_event_fd(engine), .events = POLLIN};
        if (poll(&ready, 1, PATIENCE_MS) <= 0)
            break;
        for (int n; (n = tr_engine_read_events(engine, events, 16)) > 0;)
            for (int i = 0; i < n; i++)
                seen += events[i].kind == kind;
    }
    return seen;
}

static tr_engine *start_engine(void)
{
    const tr_engine_settings settings = {.streams = 2, .lines = 2, .priority = 0, .ring_ms = 1000};
    tr_engine *engine = tr_engine_open(&settings);
    CHECK(engine && tr_engine_start(engine) == 0);
    return engine;
}

static void a_call_within_one_engine(void)
{
    tr_address own[2];
    int fds[2];
    static int16_t pcm[800];
    tr_stream_statistics statistics;
    tr_engine *engine = start_engine();
    for (int i = 0; i < 2; i++)
        fds[i] = open_socket(&own[i]);
    for (uint32_t i = 0; i < 2; i++) {
        const tr_stream_settings s = settings_for(fds[i], own[!i], i + 1);
        CHECK_EQ(tr_line_open(engine, 0, i, i + 1, 0), 0);
        CHECK_EQ(tr_stream_open(engine, 0, i, i + 1, &s), 0);
        CHECK_EQ(tr_stream_connect(engine, 0, i, (int32_t)i), 0);
    }
    tr_line_collect_sink(engine, 1, 1);
    CHECK_EQ(tr_line_write_source(engine, 0, pcm, 800), 800);
    tr_line_end_source(engine, 0);
    CHECK_EQ(wait_for(engine, TR_EVENT_SOURCE_DRAINED, 1), 1);
    for (uint32_t n = 0; n < 3; n++)
        CHECK_EQ(tr_stream_send_digit(engine, 0, 0, n, 50), 0);
    CHECK_EQ(wait_for(engine, TR_EVENT_DIGIT_ENDED, 3), 3);
    tr_stream_read_statistics(engine, 1, &statistics);
    CHECK(statistics.received > 0 && statistics.lost == 0 && statistics.digits_received == 3);
    CHECK(tr_line_sink_level(engine, 1) > 0);
    for (uint32_t i = 0; i < 2; i++)
        CHECK_EQ(tr_stream_stop(engine, 0, i), 0);
    CHECK_EQ(wait_for(engine, TR_EVENT_RETIRED, 2), 2);
    tr_engine_close(engine);
    for (int i = 0; i < 2; i++)
        close(fds[i]);
}

typedef struct {
    tr_engine *engine;
    _Atomic int over;
} decoder;

/* The thread of a line's electronics: edges as they come, at no clock's pace. */
static void *say_edges(void *given)
{
    decoder *d = given;
    for (uint32_t n = 0; !d->over; n++) {
        const int64_t now_ns = tr_now_ns();
        tr_line_early_tone(d->engine, 0, n % 2, now_ns);
        if (n % 3 == 0)
            CHECK(tr_line_key_down(d->engine, 0, n % 16, now_ns) != TR_EINVAL);
        else if (n % 3 == 1)
            tr_line_key_up(d->engine, 0, now_ns);
        if (n % 50 == 0)
            tr_line_ring_trip(d->engine, 0, now_ns);
        usleep(500);
    }
    return NULL;
}

/* Both ends are lines: what the far one plays, the near one's decoder may hear. */
static void a_decoder_speaks_from_a_thread_of_its_own(void)
{
    tr_address own[2];
    int fds[2];
    static int16_t pcm[8000];
    pthread_t thread;
    tr_line_statistics statistics;
    tr_engine *engine = start_engine();
    decoder d = {.engine = engine};
    for (int i = 0; i < 2; i++)
        fds[i] = open_socket(&own[i]);
    for (uint32_t i = 0; i < 2; i++) {
        const tr_stream_settings s = settings_for(fds[i], own[!i], i + 1);
        CHECK_EQ(tr_line_open(engine, 0, i, i + 1, i * TR_LOOKAHEAD_MAX_MS), 0);
        CHECK_EQ(tr_stream_open(engine, 0, i, i + 1, &s), 0);
        CHECK_EQ(tr_stream_connect(engine, 0, i, (int32_t)i), 0);
    }
    tr_line_collect_sink(engine, 0, 1);
    CHECK_EQ(pthread_create(&thread, NULL, say_edges, &d), 0);
    for (int i = 0; i < 8000; i++) /* key 1 */
        pcm[i] = (int16_t)(4000 * (sin(i * 2 * M_PI * 697 / 8000) + sin(i * 2 * M_PI * 1209 / 8000)));
    CHECK_EQ(tr_line_write_source(engine, 0, pcm, 8000), 8000);
    for (uint32_t n = 0; n < 3; n++)
        CHECK_EQ(tr_stream_send_digit(engine, 0, 1, n, 50), 0);
    CHECK_EQ(wait_for(engine, TR_EVENT_DIGIT_ENDED, 3), 3);
    tr_line_read_statistics(engine, 0, &statistics);
    for (int ms = 0; statistics.early_mutes == 0 && ms < PATIENCE_MS; ms++) {
        tr_line_write_source(engine, 0, pcm, 8000); /* the key goes on while there is room */
        usleep(1000);
        tr_line_read_statistics(engine, 0, &statistics);
    }
    d.over = 1;
    pthread_join(thread, NULL);
    CHECK(statistics.early_mutes > 0 && statistics.source_taken > 0);
    tr_engine_close(engine);
    for (int i = 0; i < 2; i++)
        close(fds[i]);
}

static void wrong_arguments_are_refused(void)
{
    tr_address own;
    tr_engine *engine = start_engine();
    const int fd = open_socket(&own);
    static const struct {
        const char *name;
        uint32_t ring, slot, ptime;
        uint8_t codec;
        int wanted;
    } rows[] = {
        {"ring", TR_COMMANDERS, 0, 20, 0, TR_EINVAL}, {"slot", 0, 2, 20, 0, TR_EINVAL},
        {"ptime 0", 0, 0, 0, 0, TR_EINVAL},           {"ptime 15", 0, 0, 15, 0, TR_EINVAL},
        {"ptime 70", 0, 0, 70, 0, TR_EINVAL},         {"codec", 0, 0, 20, 9, TR_EINVAL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        tr_stream_settings s = settings_for(fd, own, 1);
        ROW(rows[i].name);
        s.ptime_ms = rows[i].ptime;
        s.codec = rows[i].codec;
        CHECK_EQ(tr_stream_open(engine, rows[i].ring, rows[i].slot, 1, &s), rows[i].wanted);
    }
    tr_stream_settings s = settings_for(-1, own, 1);
    CHECK_EQ(tr_stream_open(engine, 0, 0, 1, &s), TR_ESYSTEM);
    CHECK_EQ(tr_stream_send_digit(engine, 0, 0, 16, 50), TR_EINVAL);
    CHECK_EQ(tr_stream_connect(engine, 0, 0, 2), TR_EINVAL);
    CHECK_EQ(tr_line_open(engine, 0, 0, 1, TR_LOOKAHEAD_MAX_MS + 1), TR_EINVAL);
    tr_engine_close(engine);
    close(fd);
}

static void a_full_command_ring_is_an_error(void)
{
    const tr_engine_settings settings = {.streams = 1, .lines = 1};
    tr_engine *engine = tr_engine_open(&settings); /* never started: nobody takes them */
    int taken = 0;
    while (tr_stream_digit_end(engine, 1, 0) == 0)
        taken++;
    CHECK_EQ(taken, 128);
    CHECK_EQ(tr_stream_digit_end(engine, 1, 0), TR_EFULL);
    CHECK_EQ(tr_stream_digit_end(engine, 0, 0), 0); /* another thread's own ring */
    tr_engine_close(engine);
}

const SUITE(suite_engine) = {
    {"a_call_within_one_engine", a_call_within_one_engine},
    {"a_decoder_speaks_from_a_thread_of_its_own", a_decoder_speaks_from_a_thread_of_its_own},
    {"wrong_arguments_are_refused", wrong_arguments_are_refused},
    {"a_full_command_ring_is_an_error", a_full_command_ring_is_an_error},
    END_OF_SUITE,
};
