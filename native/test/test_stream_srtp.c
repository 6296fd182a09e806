/* A stream with SRTP in virtual time; the test answers what a stream asks of the loop thread. */
#include <netinet/in.h>
#include <stdlib.h>

#include "engine/stream.h"
#include "harness.h"
#include "rtp/address.h"
#include "rtp/bytes.h"
#include "srtp_keys.h"

enum { SUITE_USED = TR_SRTP_AES_CM_128_HMAC_SHA1_80, OURS = 7, PEER = 1000, PACKET_MS = 20 };

static tr_stream stream;
static tr_tick clock_;
static tr_srtp_pile pile;
static const tr_address remote = {.family = 4, .port = 4000, .host = {127, 0, 0, 1}};

/* The far end: a key and a context for each SSRC that it uses. */
static tr_srtp_key their_key, our_key;
static tr_srtp *theirs[16];

static uint32_t answered; /* events looked at */

static tr_stream_settings settings(void)
{
    return (tr_stream_settings){
        .rtp_fd = -1, .rtcp_fd = -1, .remote = remote, .remote_rtcp = remote, .rtcp_mux = 1,
        .dtmf_payload_type = 101, .dtmf_receive_payload_type = 101, .sending = 1, .receiving = 1,
        .ptime_ms = 20, .ssrc = OURS, .sequence = 65535, .seed = 1, .cname = "test",
        .srtp_suite = SUITE_USED};
}

static void begin(bool latch)
{
    tr_stream_settings s = settings();
    memset(&stream, 0, sizeof stream);
    clock_ = (tr_tick){.now_ns = TR_NS_PER_S};
    answered = 0;
    stream.srtp.pile = &pile;
    stream.rtp_family = stream.rtcp_family = AF_INET;
    s.latch = latch;
    our_key = test_key(SUITE_USED, 1);
    their_key = test_key(SUITE_USED, 2);
    tr_stream_take_keys(&stream, &(tr_stream_keys){true, true,
                                                   tr_srtp_new_sender(&our_key, OURS),
                                                   tr_srtp_new_gate(&their_key, 1)});
    tr_stream_begin(&stream, &s, 1, &clock_);
}

static void forget_theirs(void)
{
    for (size_t i = 0; i < COUNT(theirs); i++) {
        tr_srtp_free(theirs[i]);
        theirs[i] = NULL;
    }
}

static void end(void)
{
    tr_stream_drop_keys(&stream);
    tr_srtp_free_pile(&pile);
    forget_theirs();
}

/* The loop thread: makes the receivers that were asked for, for the key of `epoch`. */
static int answer(uint32_t epoch)
{
    int made = 0;
    for (uint32_t i = stream.outbox.head + answered; i != stream.outbox.tail; i++, answered++) {
        const tr_event *event = &stream.outbox.events[i % TR_OUTBOX];
        if (event->kind != TR_EVENT_SRTP_SENDER || event->extra != epoch)
            continue;
        made++;
        tr_stream_take_receiver(&stream, tr_srtp_new_receiver(&their_key, event->value, epoch),
                                &clock_);
    }
    return made;
}

static size_t build(uint8_t *wire, uint32_t ssrc, uint32_t sequence)
{
    uint8_t speech[160];
    memset(speech, (int)sequence, sizeof speech);
    return tr_packet_build(wire, &(tr_packet){.sequence = (uint16_t)sequence,
                                              .timestamp = sequence * 160, .ssrc = ssrc,
                                              .payload = speech, .payload_size = sizeof speech});
}

static size_t seal(uint8_t *wire, uint32_t ssrc, uint32_t sequence)
{
    tr_srtp **context = &theirs[ssrc - PEER];
    if (!*context)
        *context = tr_srtp_new_sender(&their_key, ssrc);
    const size_t size = tr_srtp_protect(*context, wire, build(wire, ssrc, sequence));
    CHECK(size > 0);
    return size;
}

static void arrive(uint8_t *wire, size_t size, const tr_address *source)
{
    clock_.now_ns += PACKET_MS * INT64_C(1000000);
    clock_.clock += PACKET_MS * 8;
    tr_stream_rtp_packet(&stream, wire, size, source, clock_.now_ns, &clock_);
}

static void hear_from(uint32_t ssrc, uint32_t sequence, const tr_address *source)
{
    _Alignas(8) uint8_t wire[256];
    arrive(wire, seal(wire, ssrc, sequence), source);
}

static void hear(uint32_t ssrc, uint32_t sequence) { hear_from(ssrc, sequence, &remote); }

static int told(uint32_t kind)
{
    int count = 0;
    for (uint32_t i = stream.outbox.head; i != stream.outbox.tail; i++)
        count += stream.outbox.events[i % TR_OUTBOX].kind == kind;
    return count;
}

static void the_first_packet_waits_for_its_receiver(void)
{
    begin(false);
    hear(PEER, 100);
    CHECK_EQ(stream.statistics.received, 0);
    CHECK_EQ(told(TR_EVENT_FIRST_PACKET), 0);
    const int64_t came_ns = clock_.now_ns;
    clock_.now_ns += TR_TICK_NS;
    CHECK_EQ(answer(1), 1);
    CHECK_EQ(stream.statistics.received, 1);
    CHECK_EQ(stream.statistics.first_packet_ns, came_ns); /* not when it was opened */
    hear(PEER, 101);
    CHECK_EQ(stream.statistics.received, 2);
    CHECK_EQ(stream.statistics.received_octets, 320);
    CHECK_EQ(told(TR_EVENT_SRTP_SENDER), 1);
    CHECK_EQ(stream.statistics.srtp_failed, 0);
    end();
}

static void a_late_answer_finds_the_newest(void)
{
    begin(false);
    for (uint32_t n = 0; n < 12; n++)
        hear(PEER, 100 + n);
    /* Asked at once, and again after each 100 ms without an answer. */
    CHECK_EQ(told(TR_EVENT_SRTP_SENDER), 3);
    CHECK_EQ(answer(1), 3);
    CHECK_EQ(stream.statistics.received, TR_SRTP_HELD);
    CHECK_EQ(tr_reception_lost(&stream.in.reception), 0); /* from the first that was heard */
    hear(PEER, 112);
    CHECK_EQ(stream.statistics.received, TR_SRTP_HELD + 1);
    end();
}

static const struct {
    const char *name;
    size_t flipped; /* byte; 0: none */
    bool sealed, known;
    int64_t failed, malformed;
} strangers[] = {
    {"a forged tag, sender unknown", 180, true, false, 1, 0},
    {"a forged tag, sender known", 180, true, true, 1, 0},
    {"forged speech", 50, true, true, 1, 0},
    {"a forged number", 3, true, true, 1, 0},
    {"a forged SSRC", 11, true, true, 1, 0},
    {"no SRTP at all", 0, false, true, 1, 0},
    {"no RTP at all", 1, false, true, 1, 0},
};

static void only_the_genuine_count(void)
{
    for (size_t i = 0; i < COUNT(strangers); i++) {
        _Alignas(8) uint8_t wire[256];
        ROW(strangers[i].name);
        begin(false);
        if (strangers[i].known) {
            hear(PEER, 100);
            answer(1);
        }
        const int64_t before = stream.statistics.received, heard_ns = stream.in.heard_ns;
        const int asked = told(TR_EVENT_SRTP_SENDER);
        const size_t size =
            strangers[i].sealed ? seal(wire, PEER, 101) : build(wire, PEER, 101);
        if (strangers[i].flipped)
            wire[strangers[i].flipped] ^= 0x40;
        arrive(wire, size, &remote);
        CHECK_EQ(stream.statistics.srtp_failed, strangers[i].failed);
        CHECK_EQ(stream.statistics.received, before);
        CHECK_EQ(told(TR_EVENT_SRTP_SENDER), asked);
        CHECK(stream.in.heard_ns == heard_ns);
        end();
    }
}

static void what_is_short_or_odd_is_malformed(void)
{
    _Alignas(8) uint8_t wire[256] = {0x40};
    begin(false);
    arrive(wire, 172, &remote);
    arrive(wire, 11, &remote);
    CHECK_EQ(stream.statistics.malformed, 2);
    CHECK_EQ(stream.statistics.srtp_failed, 0);
    end();
}

static void a_source_latches_by_genuine_packets(void)
{
    const tr_address nat = {.family = 4, .port = 5000, .host = {127, 0, 0, 2}};
    const tr_address thief = {.family = 4, .port = 6000, .host = {127, 0, 0, 3}};
    _Alignas(8) uint8_t wire[256];
    begin(true);
    for (uint32_t n = 0; n < 10; n++)
        arrive(wire, build(wire, PEER, n), &thief);
    CHECK_EQ(stream.statistics.source_changes, 0);
    CHECK_EQ(stream.statistics.srtp_failed, 10);
    for (uint32_t n = 0; n < 5; n++) {
        hear_from(PEER, 100 + n, &nat);
        answer(1);
    }
    CHECK_EQ(stream.statistics.source_changes, 1);
    CHECK(tr_address_same(&stream.in.filter.accepted, &nat));
    for (uint32_t n = 0; n < 10; n++)
        arrive(wire, build(wire, PEER, n), &thief);
    CHECK_EQ(stream.statistics.discarded_source, 4 - 1 + 10); /* probation; not opened any more */
    CHECK_EQ(stream.statistics.srtp_failed, 10);
    end();
}

static void a_packet_again_is_a_replay(void)
{
    _Alignas(8) uint8_t wire[256], again[256];
    begin(false);
    const size_t size = seal(wire, PEER, 100);
    memcpy(again, wire, size);
    arrive(wire, size, &remote);
    answer(1);
    arrive(again, size, &remote);
    CHECK_EQ(stream.statistics.received, 1);
    CHECK_EQ(stream.statistics.srtp_replayed, 1);
    CHECK_EQ(stream.statistics.duplicates, 0);
    end();
}

static void another_sender_is_heard_after_its_probation(void)
{
    begin(false);
    for (uint32_t n = 0; n < 5; n++) {
        hear(PEER, 100 + n);
        answer(1);
    }
    for (uint32_t n = 0; n < 3; n++) {
        hear(PEER + 1, 9000 + n);
        answer(1);
    }
    CHECK_EQ(stream.statistics.ssrc_changes, 1);
    CHECK_EQ(stream.statistics.received, 5 + 2); /* the first of two on probation is not heard */
    CHECK_EQ(stream.statistics.remote_ssrc, PEER + 1);
    hear(PEER, 105); /* late, and known */
    CHECK_EQ(told(TR_EVENT_SRTP_SENDER), 2);
    end();
}

static void the_sender_silent_for_longest_makes_room(void)
{
    begin(false);
    for (uint32_t i = 0; i <= TR_SRTP_SENDERS; i++) {
        hear(PEER + i, 100);
        CHECK_EQ(answer(1), 1);
    }
    hear(PEER + 1, 101);
    CHECK_EQ(answer(1), 0);
    hear(PEER, 101);
    CHECK_EQ(answer(1), 1);
    CHECK_EQ(stream.statistics.srtp_failed, 0);
    end();
}

static void rekey(uint8_t first, uint32_t epoch)
{
    their_key = test_key(SUITE_USED, first);
    tr_stream_take_keys(&stream,
                        &(tr_stream_keys){.receive = true, .gate = tr_srtp_new_gate(&their_key, epoch)});
}

/* A sender with a new key: begins to count wraps anew, or goes on. */
static void a_new_key_takes_over(void)
{
    static const struct {
        const char *name;
        uint32_t wraps;
        bool goes_on;
    } rows[] = {{"no wrap yet", 0, false}, {"from 0", 2, false}, {"goes on counting", 2, true}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const uint32_t last = rows[i].wraps * 65536 + 500;
        ROW(rows[i].name);
        begin(false);
        for (uint32_t n = 400; n < last; n += 97) {
            hear(PEER, n);
            answer(1);
        }
        hear(PEER, last);
        const int64_t before = stream.statistics.received;
        tr_srtp *old = theirs[0];
        theirs[0] = NULL;
        rekey(9, 2);
        CHECK_EQ(answer(2), 1); /* asked for at once: who is heard is known */
        _Alignas(8) uint8_t late[256];
        const size_t size = tr_srtp_protect(old, late, build(late, PEER, last + 1));
        arrive(late, size, &remote);
        CHECK_EQ(stream.statistics.received, before + 1); /* was on its way */
        for (uint32_t n = 10000; rows[i].goes_on && n < last; n += 10000)
            (void)seal(late, PEER, n);
        hear(PEER, last + 2);
        hear(PEER, last + 3);
        CHECK_EQ(stream.statistics.received, before + 3);
        _Alignas(8) uint8_t stale[256];
        const size_t stale_size = tr_srtp_protect(old, stale, build(stale, PEER, last + 4));
        arrive(stale, stale_size, &remote);
        CHECK_EQ(stream.statistics.received, before + 3);
        CHECK_EQ(stream.statistics.srtp_failed, 1);
        CHECK_EQ(stream.statistics.ssrc_changes, 0);
        tr_srtp_free(old);
        end();
    }
}

static void srtp_may_end_within_a_call(void)
{
    _Alignas(8) uint8_t wire[256];
    begin(false);
    hear(PEER, 100);
    answer(1);
    tr_stream_drop_keys(&stream);
    arrive(wire, build(wire, PEER, 101), &remote);
    CHECK_EQ(stream.statistics.received, 2);
    end();
}

/* 20 minutes on hold: more than half a round of numbers. */
static void a_long_hold_loses_no_count(void)
{
    tr_stream_settings s = settings();
    begin(false);
    hear(PEER, 100);
    answer(1);
    s.receiving = 0;
    tr_stream_change(&stream, &s, &clock_);
    for (uint32_t n = 101; n < 60101; n++)
        hear(PEER, n);
    CHECK_EQ(stream.statistics.received, 1);
    s.receiving = 1;
    tr_stream_change(&stream, &s, &clock_);
    for (uint32_t n = 60101; n < 70101; n += 10)
        hear(PEER, n);
    CHECK_EQ(stream.statistics.received, 1001);
    CHECK_EQ(stream.statistics.srtp_failed, 0);
    end();
}

static void what_we_say_is_sealed(void)
{
    const int16_t silence[TR_TICK_SAMPLES] = {0};
    begin(false);
    tr_srtp *far = tr_srtp_new_receiver(&our_key, OURS, 0);
    tr_stream_prepare(&stream, silence, NULL, &clock_);
    CHECK_EQ(stream.out.packet_size, TR_RTP_HEADER + 160 + 10);
    CHECK_EQ(stream.out.payload_size, 160);
    size_t size = stream.out.packet_size;
    CHECK_EQ(tr_srtp_unprotect(far, stream.out.packet, &size), TR_SRTP_GENUINE);
    CHECK_EQ(size, TR_RTP_HEADER + 160);
    CHECK(stream.out.packet[12] == 0xFF && stream.out.packet[171] == 0xFF);
    tr_srtp_free(far);
    end();
}

/* A number that was used once is not used again, though its packet never left. */
static void a_withdrawn_packet_keeps_its_number(void)
{
    const int16_t silence[TR_TICK_SAMPLES] = {0};
    begin(false);
    tr_stream_prepare(&stream, silence, NULL, &clock_);
    CHECK_EQ(tr_get16(stream.out.packet + 2), 65535);
    tr_stream_skip(&stream, 1600);
    CHECK_EQ(stream.out.packet_size, 0);
    for (int i = 0; i < 2; i++)
        tr_stream_prepare(&stream, silence, NULL, &clock_);
    CHECK_EQ(tr_get16(stream.out.packet + 2), 0);
    CHECK(stream.out.packet_size > 0);
    CHECK_EQ(stream.statistics.send_errors, 0);
    end();
}

static size_t report(uint8_t *wire, uint32_t ssrc)
{
    return tr_rtcp_build(wire, &(tr_rtcp_report){.ssrc = ssrc, .sender = true,
                                                 .ntp = UINT64_C(0x1122334455667788),
                                                 .cname = "peer"});
}

static void rtcp_is_opened_too(void)
{
    _Alignas(8) uint8_t wire[TR_RTCP_MAX_BYTES + TR_SRTP_TRAILER], again[sizeof wire];
    begin(false);
    hear(PEER, 100);
    answer(1);
    size_t size = tr_srtp_protect_rtcp(theirs[0], wire, report(wire, PEER));
    memcpy(again, wire, size);
    tr_stream_rtcp_packet(&stream, wire, size, &remote, clock_.now_ns);
    CHECK_EQ(stream.statistics.rtcp_received, 1);
    CHECK_EQ(stream.rtcp.last_sr_ntp, INT64_C(0x1122334455667788));
    tr_stream_rtcp_packet(&stream, again, size, &remote, clock_.now_ns);
    CHECK_EQ(stream.statistics.srtp_replayed, 1);
    size = report(wire, PEER);
    tr_stream_rtcp_packet(&stream, wire, size, &remote, clock_.now_ns);
    tr_stream_rtcp_packet(&stream, wire, 7, &remote, clock_.now_ns);
    CHECK_EQ(stream.statistics.srtp_failed, 1);
    CHECK_EQ(stream.statistics.malformed, 1);
    CHECK_EQ(stream.statistics.rtcp_received, 1);
    end();
}

/* A peer that only listens has an SSRC in its reports alone. */
static void rtcp_of_an_unknown_sender_is_opened_the_next_time(void)
{
    _Alignas(8) uint8_t wire[TR_RTCP_MAX_BYTES + TR_SRTP_TRAILER];
    begin(false);
    theirs[1] = tr_srtp_new_sender(&their_key, PEER + 1);
    for (int n = 0; n < 2; n++) {
        const size_t size = tr_srtp_protect_rtcp(theirs[1], wire, report(wire, PEER + 1));
        tr_stream_rtcp_packet(&stream, wire, size, &remote, clock_.now_ns);
        CHECK_EQ(answer(1), !n);
    }
    CHECK_EQ(stream.statistics.rtcp_received, 1);
    CHECK_EQ(stream.statistics.srtp_failed, 0);
    end();
}

const SUITE(suite_stream_srtp) = {
    {"the_first_packet_waits_for_its_receiver", the_first_packet_waits_for_its_receiver},
    {"a_late_answer_finds_the_newest", a_late_answer_finds_the_newest},
    {"only_the_genuine_count", only_the_genuine_count},
    {"what_is_short_or_odd_is_malformed", what_is_short_or_odd_is_malformed},
    {"a_source_latches_by_genuine_packets", a_source_latches_by_genuine_packets},
    {"a_packet_again_is_a_replay", a_packet_again_is_a_replay},
    {"another_sender_is_heard_after_its_probation", another_sender_is_heard_after_its_probation},
    {"the_sender_silent_for_longest_makes_room", the_sender_silent_for_longest_makes_room},
    {"a_new_key_takes_over", a_new_key_takes_over},
    {"srtp_may_end_within_a_call", srtp_may_end_within_a_call},
    {"a_long_hold_loses_no_count", a_long_hold_loses_no_count},
    {"what_we_say_is_sealed", what_we_say_is_sealed},
    {"a_withdrawn_packet_keeps_its_number", a_withdrawn_packet_keeps_its_number},
    {"rtcp_is_opened_too", rtcp_is_opened_too},
    {"rtcp_of_an_unknown_sender_is_opened_the_next_time",
     rtcp_of_an_unknown_sender_is_opened_the_next_time},
    END_OF_SUITE,
};
