#include "harness.h"
#include "rtp/address.h"
#include "rtp/packet.h"
#include "rtp/rtcp.h"

typedef struct {
    const char *name;
    size_t size;
    uint8_t data[24];
    bool good;
    size_t payload;
} packet_row;

static const packet_row packet_rows[] = {
    {"plain", 14, {0x80, 0x80, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 7, 8}, true, 2},
    {"no payload", 12, {0x80, 0}, true, 0},
    {"short", 11, {0x80, 0}, false, 0},
    {"empty", 0, {0}, false, 0},
    {"version 1", 12, {0x40, 0}, false, 0},
    {"csrc", 17, {0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 9}, true, 1},
    {"csrc missing", 14, {0x81, 0}, false, 0},
    {"extension", 21, {0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 9}, true, 1},
    {"extension cut", 15, {0x90, 0}, false, 0},
    {"extension too long", 17, {0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xFF, 0xFF}, false, 0},
    {"padding", 16, {0xA0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 3}, true, 1},
    {"all padding", 14, {0xA0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}, true, 0},
    {"padding of none", 14, {0xA0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, false, 0},
    {"padding too long", 14, {0xA0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3}, false, 0},
    {"padding without a byte", 12, {0xA0, 0}, false, 0},
};

static void lengths_are_checked(void)
{
    for (size_t i = 0; i < COUNT(packet_rows); i++) {
        const packet_row *row = &packet_rows[i];
        tr_packet packet;
        ROW(row->name);
        const bool good = tr_packet_parse(&packet, row->data, row->size);
        CHECK_EQ(good, row->good);
        if (good)
            CHECK_EQ(packet.payload_size, row->payload);
    }
}

static void what_is_built_is_parsed(void)
{
    const uint8_t speech[5] = {1, 2, 3, 4, 5};
    uint8_t wire[64];
    tr_packet got;
    const tr_packet packet = {.payload_type = 101, .marker = true, .sequence = 65535,
                              .timestamp = 0xFFFFFF00, .ssrc = 0xDEADBEEF,
                              .payload = speech, .payload_size = 5};
    CHECK_EQ(tr_packet_build(wire, &packet), 17);
    CHECK(tr_packet_parse(&got, wire, 17));
    CHECK(got.payload_type == 101 && got.marker && got.sequence == 65535);
    CHECK(got.timestamp == 0xFFFFFF00 && got.ssrc == 0xDEADBEEF);
    CHECK(got.payload_size == 5 && !memcmp(got.payload, speech, 5));
}

static void muxed_rtcp_is_told_by_its_type(void)
{
    for (unsigned type = 0; type < 256; type++) {
        const uint8_t data[2] = {0x80, (uint8_t)type};
        CHECK_EQ(tr_packet_is_rtcp(data, 2), type >= 192 && type <= 223);
    }
}

const SUITE(suite_packet) = {
    {"lengths_are_checked", lengths_are_checked},
    {"what_is_built_is_parsed", what_is_built_is_parsed},
    {"muxed_rtcp_is_told_by_its_type", muxed_rtcp_is_told_by_its_type},
    END_OF_SUITE,
};

static tr_rtcp_report a_report(void)
{
    return (tr_rtcp_report){
        .ssrc = 11, .sender = true, .ntp = 0x0102030405060708, .timestamp = 99, .packets = 3,
        .octets = 480, .has_block = true, .cname = "tipring@192.0.2.1",
        .block = {.ssrc = 22, .fraction = 128, .lost = -5, .highest = 70000, .jitter = 12,
                  .last_sr = 0x03040506, .since_last_sr = 65536}};
}

static void reports_survive_the_wire(void)
{
    uint8_t wire[TR_RTCP_MAX_BYTES];
    tr_rtcp_received got;
    static const int32_t losses[][2] = {{-5, -5}, {0, 0}, {0x7FFFFF, 0x7FFFFF},
                                        {0x800000, 0x7FFFFF}, {-0x800001, -0x800000}};
    for (size_t i = 0; i < COUNT(losses); i++) {
        tr_rtcp_report report = a_report();
        report.block.lost = losses[i][0];
        report.bye = i & 1;
        const size_t size = tr_rtcp_build(wire, &report);
        CHECK(size % 4 == 0 && size <= sizeof wire);
        CHECK(tr_rtcp_parse(&got, wire, size, 22));
        CHECK(got.has_sender && got.ntp == report.ntp && got.ssrc == 11);
        CHECK(got.has_block && got.block.fraction == 128 && got.block.highest == 70000);
        CHECK_EQ(got.block.lost, losses[i][1]);
        CHECK_EQ(got.leaving_count, i & 1);
        CHECK(got.leaving_count == 0 || tr_rtcp_leaves(&got, 11));
        CHECK(tr_rtcp_parse(&got, wire, size, 23) && !got.has_block);
    }
}

static void every_cut_is_refused(void)
{
    uint8_t wire[TR_RTCP_MAX_BYTES];
    tr_rtcp_received got;
    tr_rtcp_report report = a_report();
    report.bye = true;
    const size_t size = tr_rtcp_build(wire, &report);
    const size_t whole[] = {52, size - 8, size}; /* SR; SR + SDES; all */
    for (size_t cut = 0; cut <= size; cut++) {
        const bool boundary = cut == whole[0] || cut == whole[1] || cut == whole[2];
        CHECK_EQ(tr_rtcp_parse(&got, wire, cut, 22), boundary);
    }
}

static void counts_beyond_the_packet_are_refused(void)
{
    static const struct {
        const char *name;
        size_t size;
        uint8_t data[8];
        bool good;
    } rows[] = {
        {"sr with no room", 8, {0x80, 200, 0, 1}, false},
        {"rr of 31 blocks", 8, {0x9F, 201, 0, 1}, false},
        {"bye of 31 sources", 8, {0x9F, 203, 0, 1}, false},
        {"bye of nobody", 4, {0x80, 203, 0, 0}, true},
        {"unknown type", 4, {0x80, 210, 0, 0}, true},
        {"not rtcp", 4, {0x80, 100, 0, 0}, false},
        {"length beyond", 4, {0x80, 201, 0, 1}, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        tr_rtcp_received got;
        ROW(rows[i].name);
        CHECK_EQ(tr_rtcp_parse(&got, rows[i].data, rows[i].size, 1), rows[i].good);
    }
}

static void ntp_time_is_right(void)
{
    /* 2036-02-07 06:28:15.5 UTC is one second before the era ends */
    const uint64_t ntp = tr_rtcp_ntp(INT64_C(2085978495) * 1000000000 + 500000000);
    CHECK_EQ(ntp >> 32, 0xFFFFFFFF);
    CHECK_EQ((uint32_t)ntp, 0x80000000);
    CHECK_EQ(tr_rtcp_ntp_middle(ntp), 0xFFFF8000);
}

const SUITE(suite_rtcp) = {
    {"reports_survive_the_wire", reports_survive_the_wire},
    {"every_cut_is_refused", every_cut_is_refused},
    {"counts_beyond_the_packet_are_refused", counts_beyond_the_packet_are_refused},
    {"ntp_time_is_right", ntp_time_is_right},
    END_OF_SUITE,
};

static tr_address v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t prefix)
{
    return (tr_address){.family = 4, .prefix = prefix, .host = {a, b, c, d}};
}

static void networks_contain_what_they_should(void)
{
    static const struct {
        uint8_t host[4], network[4], prefix;
        bool wanted;
    } rows[] = {
        {{168, 86, 128, 0}, {168, 86, 128, 0}, 18, true},
        {{168, 86, 191, 255}, {168, 86, 128, 0}, 18, true},
        {{168, 86, 192, 0}, {168, 86, 128, 0}, 18, false},
        {{168, 86, 127, 255}, {168, 86, 128, 0}, 18, false},
        {{1, 2, 3, 4}, {0, 0, 0, 0}, 0, true},
        {{1, 2, 3, 4}, {1, 2, 3, 4}, 32, true},
        {{1, 2, 3, 5}, {1, 2, 3, 4}, 32, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const uint8_t *h = rows[i].host, *n = rows[i].network;
        const tr_address host = v4(h[0], h[1], h[2], h[3], 0);
        const tr_address network = v4(n[0], n[1], n[2], n[3], rows[i].prefix);
        CHECK_EQ(tr_address_within(&host, &network), rows[i].wanted);
    }
    const tr_address six = {.family = 6};
    const tr_address any4 = v4(0, 0, 0, 0, 0);
    CHECK(!tr_address_within(&six, &any4));
}

static void mapped_addresses_are_ipv4(void)
{
    struct sockaddr_storage wire;
    tr_address back, address = v4(192, 0, 2, 7, 0);
    static const int families[] = {AF_INET, AF_INET6};
    address.port = 4000;
    for (size_t i = 0; i < COUNT(families); i++) {
        CHECK(tr_address_to_socket(&address, families[i], &wire) > 0);
        tr_address_from_socket(&back, &wire);
        CHECK(tr_address_same(&address, &back));
    }
    address.port = 0;
    CHECK_EQ(tr_address_to_socket(&address, AF_INET, &wire), 0);
    const tr_address nowhere = {.family = 4, .port = 4000};
    CHECK_EQ(tr_address_to_socket(&nowhere, AF_INET, &wire), 0);
}

const SUITE(suite_address) = {
    {"networks_contain_what_they_should", networks_contain_what_they_should},
    {"mapped_addresses_are_ipv4", mapped_addresses_are_ipv4},
    END_OF_SUITE,
};
