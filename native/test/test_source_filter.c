#include <ctype.h>

#include "harness.h"
#include "rtp/source_filter.h"

enum { S = 1, A, B, C }; /* sources: signalled, a and b inside the network, c outside it */
enum { LATCH = 1, ALLOW = 2, TAKEOVER = 4 };

static tr_address source(char letter)
{
    const uint8_t who = (uint8_t)(strchr("sabc", tolower(letter)) - "sabc" + S);
    return (tr_address){.family = 4, .port = 1000 + who, .host = {who == C ? 11 : 10, 0, 0, who}};
}

static void signal_remote(tr_source_filter *filter, char letter, int how)
{
    const tr_address network = {.family = 4, .prefix = 8, .host = {10}};
    const tr_address nowhere = {.family = 4, .port = 9};
    const tr_stream_settings settings = {.remote = letter == '0' ? nowhere : source(letter),
                                         .latch = (how & LATCH) != 0,
                                         .allow = {network},
                                         .allow_count = (how & ALLOW) != 0,
                                         .takeover = {network},
                                         .takeover_count = (how & TAKEOVER) != 0};
    tr_source_filter_signal(filter, &settings);
}

/*
 * A scenario is a text of packets, 20 ms apart: s signalled, a and b inside the network, c outside;
 * '.' nothing; what must be accepted is in capitals. '>': signalling names the remote after it
 * (0: a hold by 0.0.0.0). `target` is where RTP must go in the end.
 */
static const struct {
    const char *name;
    int how;
    const char *packets;
    char target;
} rows[] = {
    {"strict: the signalled only", 0, "SaaaaaaSccccS", 's'},
    {"strict: no matter which networks", ALLOW | TAKEOVER, "aaaaaaSaaaaa....aaaa", 's'},
    {"strict: a new remote", 0, "SSS>assssAAAssss", 'a'},

    {"the signalled is heard at once", LATCH, "SSS", 's'},
    {"another latches with 4 packets over 60 ms", LATCH, "aaaAAA", 'a'},
    {"slower ones too", LATCH, "a...a.aAAA", 'a'},
    {"latching is done once", LATCH, "aaaAAAccccccccccA", 'a'},
    {"however long the latched is silent", LATCH, "aaaA............ccccccA", 'a'},
    {"packets between start the count anew", LATCH, "aabaaaAA", 'a'},
    {"the signalled ends a candidature", LATCH, "aaaSaaaaaaaaS", 's'},
    {"and wins back from a latched at once", LATCH, "aaaAAASaSaSSaaaaaaaa", 's'},
    {"once heard it is never displaced", LATCH, "Saaaaaaaa....aaaaS", 's'},
    {"outside the networks nobody latches", LATCH | ALLOW, "cccccccc", 's'},
    {"inside they do, and the target stays", LATCH | ALLOW, "aaaAA", 's'},
    {"but do not take over", LATCH | ALLOW, "SSS.....aaaaaaaaaS", 's'},

    {"latching inside a cluster moves no target", LATCH | TAKEOVER, "aaaAA", 's'},
    {"beside a cluster a peer behind a NAT latches", LATCH | TAKEOVER, "cccCC", 'c'},
    {"a member takes over from a silent one", LATCH | TAKEOVER, "SSS..aAAAAA", 's'},
    {"with 40 ms muted", LATCH | TAKEOVER, "SSSaaAAA", 's'},
    {"and another from it", LATCH | TAKEOVER, "SSSaaAAAbbBBB", 's'},
    {"one packet is not enough", LATCH | TAKEOVER, "SSS......a.......b......SSS", 's'},
    {"never while the accepted speaks", LATCH | TAKEOVER, "SaSaSaSaSaSaSaSaS", 's'},
    {"nor in a short gap", LATCH | TAKEOVER, "SaaSaaSaaSaaS", 's'},
    {"an outsider never does", LATCH | TAKEOVER, "SSS.....ccccccccS", 's'},
    {"nor stops a member", LATCH | TAKEOVER, "SSScaccAAcAcA", 's'},
    {"a member takes over from a latched outsider", LATCH | TAKEOVER, "cccCC...aAA", 'c'},
    {"the signalled takes back at once", LATCH | TAKEOVER, "SSSaaAASSSaS", 's'},

    {"the same remote again changes nothing", LATCH, "aaaA>sAAAbbbbbbb", 'a'},
    {"nor does a hold by 0.0.0.0", LATCH, "aaaA>0AA>sAAbbbbbb", 'a'},
    {"the old remote is late after a new one", LATCH, "SSS>bssssssssBBBss", 'b'},
    {"so is the latched", LATCH, "aaaAAA>baaaaaaaaBBBaa", 'b'},
    {"and the remote behind it", LATCH, "aaaAAA>bssssssssBBB", 'b'},
    {"and a member", LATCH | TAKEOVER, "SSS>bssssssssBBB.....sssss", 'b'},
    {"and all before it", LATCH | TAKEOVER, "SSS>aAAA>bsssssaaaasaBBBssss", 'b'},
    {"however often the two take turns", LATCH, "S>aA>sS>aA>sS>aA>sS>baaaaasssssB", 'b'},
    {"others may latch to the new one", LATCH, "aaaAAA>bcccCCC", 'c'},
    {"the latched may be the new one", LATCH, "aaaAAA>aAAAsssss", 'a'},
    {"a remote may come back", LATCH, "SSS>aAAA>sSSSaaaaaa", 's'},
};

static bool heard(tr_source_filter *filter, char letter, int64_t t_ns)
{
    const tr_address from = source(letter);
    return tr_source_filter_check(filter, &from, t_ns) != TR_SOURCE_REFUSED;
}

static void scenarios(void)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        tr_source_filter filter = {0};
        int64_t t_ns = 0;
        ROW(rows[i].name);
        signal_remote(&filter, 's', rows[i].how);
        for (const char *p = rows[i].packets; *p; p++, t_ns += 20000000) {
            if (*p == '>') {
                signal_remote(&filter, *++p, rows[i].how);
                continue;
            }
            if (*p == '.')
                continue;
            const bool got = heard(&filter, *p, t_ns);
            if (got != (isupper(*p) != 0))
                printf("at character %d\n", (int)(p - rows[i].packets));
            CHECK_EQ(got, isupper(*p) != 0);
        }
        CHECK_EQ(filter.target.port, source(rows[i].target).port);
    }
}

static void a_burst_latches_nobody(void)
{
    tr_source_filter filter = {0};
    signal_remote(&filter, 's', LATCH);
    for (int i = 0; i < 100; i++)
        CHECK(!heard(&filter, 'a', i * INT64_C(500000)));
    CHECK(heard(&filter, 'a', 60000000));
}

static void changes_are_told_once(void)
{
    tr_source_filter filter = {0};
    const tr_address s = source('s'), a = source('a');
    signal_remote(&filter, 's', LATCH | TAKEOVER);
    CHECK_EQ(tr_source_filter_check(&filter, &s, 0), TR_SOURCE_ACCEPTED);
    CHECK_EQ(tr_source_filter_check(&filter, &a, 50000000), TR_SOURCE_REFUSED);
    CHECK_EQ(tr_source_filter_check(&filter, &a, 70000000), TR_SOURCE_CHANGED);
    CHECK_EQ(tr_source_filter_check(&filter, &a, 90000000), TR_SOURCE_ACCEPTED);
    CHECK_EQ(tr_source_filter_check(&filter, &s, 90000000), TR_SOURCE_CHANGED);
}

static void latching_forbidden_later_forgets_the_latched(void)
{
    tr_source_filter filter = {0};
    signal_remote(&filter, 's', LATCH);
    for (int i = 0; i < 4; i++)
        heard(&filter, 'a', i * INT64_C(20000000));
    CHECK(heard(&filter, 'a', 80000000));
    signal_remote(&filter, 's', 0);
    CHECK(!heard(&filter, 'a', 100000000));
    CHECK(heard(&filter, 's', 100000000));
    CHECK_EQ(filter.target.port, source('s').port);
}

const SUITE(suite_source_filter) = {
    {"scenarios", scenarios},
    {"a_burst_latches_nobody", a_burst_latches_nobody},
    {"changes_are_told_once", changes_are_told_once},
    {"latching_forbidden_later_forgets_the_latched", latching_forbidden_later_forgets_the_latched},
    END_OF_SUITE,
};
