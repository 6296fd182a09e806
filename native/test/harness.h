/*
 * A test harness in a page: suites are tables of named functions, cases are rows inside them.
 *
 * A failed CHECK prints where and what, is counted, and the test goes on; ROW names the row that
 * is being tried. Everything under test is a pure state machine, so no test waits.
 */
#ifndef TR_TEST_HARNESS_H
#define TR_TEST_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const char *name;
    void (*run)(void);
} tr_test;

extern int test_failures;
extern const char *test_row;

void test_report(const char *file, int line, const char *what);
void test_report_values(const char *file, int line, const char *what, long long got,
                        long long wanted);
uint32_t test_random(uint32_t *state);

#define ROW(name) (test_row = (name))
#define CHECK(condition)                                                                          \
    do {                                                                                          \
        if (!(condition))                                                                         \
            test_report(__FILE__, __LINE__, #condition);                                          \
    } while (0)
#define CHECK_EQ(got, wanted)                                                                     \
    do {                                                                                          \
        const long long got_ = (long long)(got), wanted_ = (long long)(wanted);                   \
        if (got_ != wanted_)                                                                      \
            test_report_values(__FILE__, __LINE__, #got, got_, wanted_);                          \
    } while (0)
#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SUITE(name) const tr_test name[]
#define END_OF_SUITE {NULL, NULL}

#endif
