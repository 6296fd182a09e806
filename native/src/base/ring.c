#include "base/ring.h"

#include <string.h>

void tr_ring_init(tr_ring *ring, void *storage, uint32_t capacity, uint32_t element)
{
    atomic_init(&ring->written, 0);
    atomic_init(&ring->taken, 0);
    ring->capacity = capacity;
    ring->element = element;
    ring->storage = storage;
}

static void *place(const tr_ring *ring, uint32_t position)
{
    return ring->storage + (size_t)(position & (ring->capacity - 1)) * ring->element;
}

bool tr_ring_push(tr_ring *ring, const void *element)
{
    uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    if (written - atomic_load_explicit(&ring->taken, memory_order_acquire) == ring->capacity)
        return false;
    memcpy(place(ring, written), element, ring->element);
    atomic_store_explicit(&ring->written, written + 1, memory_order_release);
    return true;
}

bool tr_ring_pop(tr_ring *ring, void *element)
{
    uint32_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    if (taken == atomic_load_explicit(&ring->written, memory_order_acquire))
        return false;
    memcpy(element, place(ring, taken), ring->element);
    atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
    return true;
}

uint32_t tr_ring_level(const tr_ring *ring)
{
    return atomic_load_explicit(&ring->written, memory_order_acquire) -
           atomic_load_explicit(&ring->taken, memory_order_acquire);
}
