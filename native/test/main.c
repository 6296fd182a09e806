#include "harness.h"

int test_failures;
const char *test_row = "";

#define SUITES(X)                                                                                 \
    X(ring) X(sample_ring) X(sequence) X(g711) X(tone) X(tone_player) X(digit_player) X(fsk)      \
    X(concealment) X(key_tone) X(key_mute) X(resampler) X(packet) X(rtcp) X(address)             \
    X(source_filter) X(reception)                                                                 \
    X(jitter) X(event_sender) X(event_receiver) X(digit_link) X(pause) X(comfort_noise)     \
    X(outbox) X(quality) X(srtp) X(play_out) X(stream) X(stream_pauses) X(stream_srtp)  \
    X(line) X(line_keys) X(engine) X(keying)

#define DECLARE(name) extern const tr_test suite_##name[];
SUITES(DECLARE)

static const struct {
    const char *name;
    const tr_test *tests;
} suites[] = {
#define ENTRY(name) {#name, suite_##name},
    SUITES(ENTRY)};

void test_report(const char *file, int line, const char *what)
{
    test_failures++;
    printf("%s:%d: failed: %s [%s]\n", file, line, what, test_row);
}

void test_report_values(const char *file, int line, const char *what, long long got,
                        long long wanted)
{
    test_failures++;
    printf("%s:%d: %s is %lld, wanted %lld [%s]\n", file, line, what, got, wanted, test_row);
}

uint32_t test_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Arguments: names of the suites to run; none: all. */
static bool chosen(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], name))
            return true;
    return argc == 1;
}

static void run(const char *suite, const tr_test *test)
{
    const int before = test_failures;
    test_row = "";
    test->run();
    printf("%s %s.%s\n", test_failures == before ? "ok  " : "FAIL", suite, test->name);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < COUNT(suites); i++)
        for (const tr_test *test = suites[i].tests; test->name; test++)
            if (chosen(suites[i].name, argc, argv))
                run(suites[i].name, test);
    printf("%d failures\n", test_failures);
    return test_failures != 0;
}
