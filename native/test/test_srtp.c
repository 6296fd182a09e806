/* SRTP contexts: libsrtp with nettle's primitives, by known answers and by each promise of srtp.h. */
#include "allocations.h"
#include "harness.h"
#include "rtp/bytes.h"
#include "srtp_keys.h"

enum { SSRC = 0xCAFEBABE, PAYLOAD = 160, RTP = 12 + PAYLOAD, RTCP = 52 };

typedef struct {
    _Alignas(8) uint8_t data[256 + TR_SRTP_TRAILER];
    size_t size;
} wire;

static const struct {
    const char *name;
    uint8_t suite;
    size_t rtp_tag, rtcp_tag;
} suites[] = {
    {"AES_CM_128_HMAC_SHA1_80", TR_SRTP_AES_CM_128_HMAC_SHA1_80, 10, 14},
    {"AES_CM_128_HMAC_SHA1_32", TR_SRTP_AES_CM_128_HMAC_SHA1_32, 4, 14},
    {"AEAD_AES_128_GCM", TR_SRTP_AEAD_AES_128_GCM, 16, 20},
    {"AEAD_AES_256_GCM", TR_SRTP_AEAD_AES_256_GCM, 16, 20},
};

static wire rtp_packet(uint32_t sequence)
{
    wire w = {.data = {0x80, 0}, .size = RTP};
    tr_put16(w.data + 2, (uint16_t)sequence);
    tr_put32(w.data + 4, sequence * PAYLOAD);
    tr_put32(w.data + 8, SSRC);
    for (unsigned i = 0; i < PAYLOAD; i++)
        w.data[12 + i] = (uint8_t)(sequence + i);
    return w;
}

static wire rtcp_packet(void)
{
    wire w = {.data = {0x81, 200, 0, 12}, .size = RTCP};
    tr_put32(w.data + 4, SSRC);
    for (unsigned i = 8; i < RTCP; i++)
        w.data[i] = (uint8_t)i;
    return w;
}

static bool same(const wire *a, const wire *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

/* Both ends of one direction. */
static tr_srtp *sender, *receiver, *gate;

static void open_ends(uint8_t suite)
{
    const tr_srtp_key key = test_key(suite, 1);
    sender = tr_srtp_new_sender(&key, SSRC);
    receiver = tr_srtp_new_receiver(&key, SSRC, 3);
    gate = tr_srtp_new_gate(&key, 3);
    CHECK(sender && receiver && gate);
}

static void close_ends(void)
{
    tr_srtp_free(sender);
    tr_srtp_free(receiver);
    tr_srtp_free(gate);
}

static wire sealed(uint32_t sequence)
{
    wire w = rtp_packet(sequence);
    w.size = tr_srtp_protect(sender, w.data, w.size);
    CHECK(w.size > RTP);
    return w;
}

static wire sealed_rtcp(void)
{
    wire w = rtcp_packet();
    w.size = tr_srtp_protect_rtcp(sender, w.data, w.size);
    CHECK(w.size > RTCP);
    return w;
}

/* The master key of RFC 3711 section B.3. The packets follow from it by sections 4.1 to 4.3;
 * tests/media/test_srtp.py computes them without libsrtp. */
static const tr_srtp_key key_b3 = {
    TR_SRTP_AES_CM_128_HMAC_SHA1_80,
    {0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41,
     0x39, 0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6}};

static void the_packets_that_rfc_3711_asks_for(void)
{
    static const uint8_t rtp[] = {0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe,
                                  0xba, 0xbe, 0x4e, 0x55, 0xdc, 0x4c, 0xe7, 0x99, 0x78, 0xd8,
                                  0x8c, 0xa4, 0xd2, 0x15, 0x94, 0x9d, 0x24, 0x02, 0xb7, 0x8d,
                                  0x6a, 0xcc, 0x99, 0xea, 0x17, 0x9b, 0x8d, 0xbb};
    static const uint8_t rtcp[] = {0x81, 0xc8, 0x00, 0x0b, 0xca, 0xfe, 0xba, 0xbe, 0x71, 0x28,
                                   0x03, 0x5b, 0xe4, 0x87, 0xb9, 0xbd, 0xbe, 0xf8, 0x90, 0x41,
                                   0xf9, 0x77, 0xa5, 0xa8, 0x80, 0x00, 0x00, 0x01, 0x99, 0x3e,
                                   0x08, 0xcd, 0x54, 0xd6, 0xc1, 0x23, 0x07, 0x98};
    static const struct {
        const char *name;
        const uint8_t *wanted;
        size_t head, clear, size;
        size_t (*protect)(tr_srtp *, uint8_t *, size_t);
    } rows[] = {{"SRTP", rtp, 12, 28, sizeof rtp, tr_srtp_protect},
                {"SRTCP", rtcp, 8, 24, sizeof rtcp, tr_srtp_protect_rtcp}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        wire w = {.size = rows[i].clear};
        tr_srtp *s = tr_srtp_new_sender(&key_b3, SSRC);
        ROW(rows[i].name);
        memset(w.data, 0xab, sizeof w.data);
        memcpy(w.data, rows[i].wanted, rows[i].head);
        CHECK_EQ(rows[i].protect(s, w.data, w.size), rows[i].size);
        CHECK(memcmp(w.data, rows[i].wanted, rows[i].size) == 0);
        tr_srtp_free(s);
    }
}

static void what_is_protected_comes_back(void)
{
    for (size_t i = 0; i < COUNT(suites); i++) {
        ROW(suites[i].name);
        open_ends(suites[i].suite);
        const wire rtp = rtp_packet(7), rtcp = rtcp_packet();
        wire w = sealed(7);
        CHECK_EQ(w.size, RTP + suites[i].rtp_tag);
        CHECK(memcmp(w.data, rtp.data, 12) == 0 && memcmp(w.data + 12, rtp.data + 12, 16) != 0);
        CHECK_EQ(tr_srtp_unprotect(receiver, w.data, &w.size), TR_SRTP_GENUINE);
        CHECK(same(&w, &rtp));
        w = sealed_rtcp();
        CHECK_EQ(w.size, RTCP + suites[i].rtcp_tag);
        CHECK(memcmp(w.data + 8, rtcp.data + 8, 16) != 0);
        CHECK_EQ(tr_srtp_unprotect_rtcp(receiver, w.data, &w.size), TR_SRTP_GENUINE);
        CHECK(same(&w, &rtcp));
        close_ends();
    }
}

static void one_changed_bit_is_enough(void)
{
    for (size_t i = 0; i < COUNT(suites); i++) {
        ROW(suites[i].name);
        open_ends(suites[i].suite);
        const wire rtp = sealed(7), rtcp = sealed_rtcp();
        for (size_t at = 0; at < rtp.size; at++) {
            wire w = rtp;
            w.data[at] ^= (uint8_t)(1u << at % 8);
            const wire before = w;
            CHECK_EQ(tr_srtp_unprotect(receiver, w.data, &w.size), TR_SRTP_FORGED);
            CHECK(!tr_srtp_gate_passes(gate, w.data, w.size));
            CHECK(same(&w, &before));
        }
        for (size_t at = 0; at < rtcp.size; at++) {
            wire w = rtcp;
            w.data[at] ^= (uint8_t)(1u << at % 8);
            CHECK_EQ(tr_srtp_unprotect_rtcp(receiver, w.data, &w.size), TR_SRTP_FORGED);
            CHECK(!tr_srtp_gate_passes_rtcp(gate, w.data, w.size));
        }
        for (size_t size = 0; size < rtp.size; size++) {
            wire w = rtp;
            w.size = size;
            CHECK_EQ(tr_srtp_unprotect(receiver, w.data, &w.size), TR_SRTP_FORGED);
            CHECK_EQ(tr_srtp_unprotect_rtcp(receiver, w.data, &w.size), TR_SRTP_FORGED);
        }
        close_ends();
    }
}

static void another_key_opens_nothing(void)
{
    for (size_t i = 0; i < COUNT(suites); i++) {
        const tr_srtp_key wrong = test_key(suites[i].suite, 2);
        tr_srtp *other = tr_srtp_new_receiver(&wrong, SSRC, 0), *shut = tr_srtp_new_gate(&wrong, 0);
        ROW(suites[i].name);
        open_ends(suites[i].suite);
        wire w = sealed(7);
        CHECK_EQ(tr_srtp_unprotect(other, w.data, &w.size), TR_SRTP_FORGED);
        CHECK(!tr_srtp_gate_passes(shut, w.data, w.size));
        CHECK_EQ(tr_srtp_unprotect(receiver, w.data, &w.size), TR_SRTP_GENUINE);
        close_ends();
        tr_srtp_free(other);
        tr_srtp_free(shut);
    }
}

/* Numbers as they come, and what is said of the last. */
static const struct {
    const char *name;
    uint32_t numbers[3], last;
    tr_srtp_verdict wanted;
} replays[] = {
    {"twice", {100, 101, 102}, 101, TR_SRTP_REPLAYED},
    {"late, but the first time", {100, 103, 102}, 101, TR_SRTP_GENUINE},
    {"1023 late", {2000, 2001, 3000}, 1977, TR_SRTP_GENUINE},
    {"1024 late: nobody knows", {2000, 2001, 3000}, 1976, TR_SRTP_REPLAYED},
    {"twice over the wrap", {65534, 65535, 65536}, 65535, TR_SRTP_REPLAYED},
};

static void nothing_is_heard_twice(void)
{
    for (size_t i = 0; i < COUNT(replays); i++) {
        const tr_srtp_key key = test_key(TR_SRTP_AES_CM_128_HMAC_SHA1_80, 1);
        tr_srtp *late = tr_srtp_new_sender(&key, SSRC);
        ROW(replays[i].name);
        open_ends(key.suite);
        wire again = rtp_packet(replays[i].last);
        again.size = tr_srtp_protect(late, again.data, again.size);
        for (int n = 0; n < 3; n++) {
            wire w = sealed(replays[i].numbers[n]);
            CHECK_EQ(tr_srtp_unprotect(receiver, w.data, &w.size), TR_SRTP_GENUINE);
        }
        const wire before = again;
        CHECK_EQ(tr_srtp_unprotect(receiver, again.data, &again.size), replays[i].wanted);
        CHECK(replays[i].wanted == TR_SRTP_GENUINE || same(&again, &before));
        tr_srtp_free(late);
        close_ends();
    }
    open_ends(TR_SRTP_AES_CM_128_HMAC_SHA1_80);
    wire w = sealed_rtcp(), again = w;
    CHECK_EQ(tr_srtp_unprotect_rtcp(receiver, w.data, &w.size), TR_SRTP_GENUINE);
    CHECK_EQ(tr_srtp_unprotect_rtcp(receiver, again.data, &again.size), TR_SRTP_REPLAYED);
    close_ends();
}

static void a_number_is_never_used_twice(void)
{
    open_ends(TR_SRTP_AES_CM_128_HMAC_SHA1_80);
    sealed(7);
    wire w = rtp_packet(7);
    CHECK_EQ(tr_srtp_protect(sender, w.data, w.size), 0);
    close_ends();
}

/* 200,000 packets are more than an hour; every hundredth is lost, and once half a minute of them. */
static void numbers_wrap_in_a_long_call(void)
{
    static const uint8_t tried[] = {TR_SRTP_AES_CM_128_HMAC_SHA1_80, TR_SRTP_AEAD_AES_128_GCM};
    for (size_t i = 0; i < COUNT(tried); i++) {
        int refused = 0;
        open_ends(tried[i]);
        for (uint32_t n = 65500; n < 265500; n++) {
            wire w = sealed(n);
            if (n % 100 == 0 || (n > 131000 && n < 132500))
                continue;
            refused += tr_srtp_unprotect(receiver, w.data, &w.size) != TR_SRTP_GENUINE;
        }
        CHECK_EQ(refused, 0);
        close_ends();
    }
}

static void the_gate_knows_the_key_and_nothing_else(void)
{
    for (size_t i = 0; i < COUNT(suites); i++) {
        ROW(suites[i].name);
        open_ends(suites[i].suite);
        wire rtp = sealed(7), rtcp = sealed_rtcp();
        const wire before = rtp;
        for (int n = 0; n < 3; n++) /* it does not learn: nothing is a replay to it */
            CHECK(tr_srtp_gate_passes(gate, rtp.data, rtp.size) &&
                  tr_srtp_gate_passes_rtcp(gate, rtcp.data, rtcp.size));
        CHECK(same(&rtp, &before));
        CHECK_EQ(tr_srtp_unprotect(receiver, rtp.data, &rtp.size), TR_SRTP_GENUINE);
        CHECK_EQ(tr_srtp_unprotect_rtcp(receiver, rtcp.data, &rtcp.size), TR_SRTP_GENUINE);
        close_ends();
    }
}

static void nothing_is_allocated_on_the_way(void)
{
    for (size_t i = 0; i < COUNT(suites); i++) {
        ROW(suites[i].name);
        const long nothing_made = allocations();
        open_ends(suites[i].suite);
        const long before = allocations();
        CHECK(before > nothing_made); /* we can see it */
        for (uint32_t n = 0; n < 100; n++) {
            wire rtp = sealed(n), rtcp = sealed_rtcp(), forged = rtp;
            forged.data[20] ^= 1;
            CHECK(tr_srtp_gate_passes(gate, rtp.data, rtp.size));
            CHECK_EQ(tr_srtp_unprotect(receiver, forged.data, &forged.size), TR_SRTP_FORGED);
            CHECK_EQ(tr_srtp_unprotect(receiver, rtp.data, &rtp.size), TR_SRTP_GENUINE);
            CHECK_EQ(tr_srtp_unprotect_rtcp(receiver, rtcp.data, &rtcp.size), TR_SRTP_GENUINE);
        }
        CHECK_EQ(allocations() - before, 0);
        close_ends();
    }
}

static void a_suite_that_is_none_makes_nothing(void)
{
    static const uint8_t none[] = {TR_SRTP_OFF, TR_SRTP_AEAD_AES_256_GCM + 1, 255};
    for (size_t i = 0; i < COUNT(none); i++) {
        const tr_srtp_key key = test_key(none[i], 1);
        CHECK(!tr_srtp_new_sender(&key, 1) && !tr_srtp_new_receiver(&key, 1, 0) &&
              !tr_srtp_new_gate(&key, 0));
    }
}

static void a_pile_is_freed_whole(void)
{
    const tr_srtp_key key = test_key(TR_SRTP_AES_CM_128_HMAC_SHA1_80, 1);
    tr_srtp_pile pile = {0};
    for (uint32_t i = 0; i < 3; i++)
        tr_srtp_retire(&pile, tr_srtp_new_receiver(&key, i, 0));
    tr_srtp_retire(&pile, NULL);
    tr_srtp_free_pile(&pile); /* leaks are seen at the end */
    tr_srtp_free_pile(&pile);
}

const SUITE(suite_srtp) = {
    {"the_packets_that_rfc_3711_asks_for", the_packets_that_rfc_3711_asks_for},
    {"what_is_protected_comes_back", what_is_protected_comes_back},
    {"one_changed_bit_is_enough", one_changed_bit_is_enough},
    {"another_key_opens_nothing", another_key_opens_nothing},
    {"nothing_is_heard_twice", nothing_is_heard_twice},
    {"a_number_is_never_used_twice", a_number_is_never_used_twice},
    {"numbers_wrap_in_a_long_call", numbers_wrap_in_a_long_call},
    {"the_gate_knows_the_key_and_nothing_else", the_gate_knows_the_key_and_nothing_else},
    {"nothing_is_allocated_on_the_way", nothing_is_allocated_on_the_way},
    {"a_suite_that_is_none_makes_nothing", a_suite_that_is_none_makes_nothing},
    {"a_pile_is_freed_whole", a_pile_is_freed_whole},
    END_OF_SUITE,
};
