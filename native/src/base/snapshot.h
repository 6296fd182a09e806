/*
 * A record of 64-bit words published by one writer and read by anyone, without locks (seqlock).
 *
 * The words are relaxed atomics, so that a torn read is never undefined, only repeated.
 * RT safe: publish.
 */
#ifndef TR_BASE_SNAPSHOT_H
#define TR_BASE_SNAPSHOT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { TR_SNAPSHOT_WORDS = 48 };

typedef struct {
    _Atomic uint32_t version; /* odd while the writer is inside */
    _Atomic int64_t words[TR_SNAPSHOT_WORDS];
} tr_snapshot;

void tr_snapshot_publish(tr_snapshot *snapshot, const void *record, size_t bytes);
void tr_snapshot_read(const tr_snapshot *snapshot, void *record, size_t bytes);

#endif
