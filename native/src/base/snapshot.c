#include "base/snapshot.h"

void tr_snapshot_publish(tr_snapshot *snapshot, const void *record, size_t bytes)
{
    const int64_t *words = record;
    uint32_t version = atomic_load_explicit(&snapshot->version, memory_order_relaxed);
    atomic_store_explicit(&snapshot->version, version + 1, memory_order_relaxed);
    /* Release on each word keeps it behind the odd version, without a fence (TSan knows none). */
    for (size_t i = 0; i < bytes / sizeof *words; i++)
        atomic_store_explicit(&snapshot->words[i], words[i], memory_order_release);
    atomic_store_explicit(&snapshot->version, version + 2, memory_order_release);
}

void tr_snapshot_read(const tr_snapshot *snapshot, void *record, size_t bytes)
{
    int64_t *words = record;
    uint32_t before, after;
    do {
        before = atomic_load_explicit(&snapshot->version, memory_order_acquire);
        for (size_t i = 0; i < bytes / sizeof *words; i++)
            words[i] = atomic_load_explicit(&snapshot->words[i], memory_order_acquire);
        after = atomic_load_explicit(&snapshot->version, memory_order_relaxed);
    } while (before != after || (before & 1));
}
