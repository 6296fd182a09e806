#include "base/sample_ring.h"

#include <string.h>

#define LOAD(field) atomic_load_explicit(&ring->field, memory_order_acquire)
#define STORE(field, value) atomic_store_explicit(&ring->field, value, memory_order_release)

void tr_sample_ring_init(tr_sample_ring *ring, int16_t *storage, uint32_t capacity)
{
    atomic_init(&ring->written, 0);
    atomic_init(&ring->taken, 0);
    atomic_init(&ring->clear_to, 0);
    atomic_init(&ring->end_at, UINT64_MAX);
    atomic_init(&ring->end_serial, 0);
    ring->storage = storage;
    ring->capacity = capacity;
}

static uint32_t smaller(uint64_t a, uint64_t b) { return (uint32_t)(a < b ? a : b); }

uint32_t tr_sample_ring_write(tr_sample_ring *ring, const int16_t *pcm, uint32_t samples)
{
    uint64_t written = LOAD(written);
    uint32_t count = smaller(samples, ring->capacity - (written - LOAD(taken)));
    uint32_t start = (uint32_t)written & (ring->capacity - 1);
    uint32_t first = smaller(count, ring->capacity - start);
    memcpy(ring->storage + start, pcm, first * sizeof *pcm);
    memcpy(ring->storage, pcm + first, (count - first) * sizeof *pcm);
    STORE(written, written + count);
    return count;
}

uint32_t tr_sample_ring_end(tr_sample_ring *ring)
{
    uint32_t serial = LOAD(end_serial) + 1;
    STORE(end_at, LOAD(written));
    STORE(end_serial, serial);
    return serial;
}

void tr_sample_ring_clear(tr_sample_ring *ring)
{
    STORE(end_at, UINT64_MAX);
    STORE(clear_to, LOAD(written));
}

static uint64_t live_from(const tr_sample_ring *ring)
{
    uint64_t taken = LOAD(taken), clear_to = LOAD(clear_to);
    return clear_to > taken ? clear_to : taken;
}

static void copy(const tr_sample_ring *ring, uint64_t from, int16_t *pcm, uint32_t count)
{
    uint32_t start = (uint32_t)from & (ring->capacity - 1);
    uint32_t first = smaller(count, ring->capacity - start);
    memcpy(pcm, ring->storage + start, first * sizeof *pcm);
    memcpy(pcm + first, ring->storage, (count - first) * sizeof *pcm);
}

uint32_t tr_sample_ring_read(tr_sample_ring *ring, int16_t *pcm, uint32_t samples)
{
    uint64_t from = live_from(ring);
    uint32_t count = smaller(samples, LOAD(written) - from);
    copy(ring, from, pcm, count);
    STORE(taken, from + count);
    return count;
}

uint32_t tr_sample_ring_peek_newest(const tr_sample_ring *ring, int16_t *pcm, uint32_t samples)
{
    uint64_t written = LOAD(written), from = live_from(ring);
    uint32_t count = written > from ? smaller(samples, written - from) : 0;
    copy(ring, written - count, pcm, count);
    return count;
}

uint32_t tr_sample_ring_end_reached(const tr_sample_ring *ring)
{
    uint32_t serial = LOAD(end_serial);
    return LOAD(taken) >= LOAD(end_at) ? serial : 0;
}

bool tr_sample_ring_ended(const tr_sample_ring *ring) { return LOAD(written) == LOAD(end_at); }

uint32_t tr_sample_ring_level(const tr_sample_ring *ring)
{
    uint64_t written = LOAD(written), from = live_from(ring);
    return written > from ? (uint32_t)(written - from) : 0;
}
