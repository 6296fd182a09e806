/*
 * Ring of fixed-size elements between exactly one producer thread and one consumer thread.
 *
 * The storage is given by the owner (the engine's arena). Positions only grow; an element is
 * published by a release store and taken by an acquire load, so neither side ever waits.
 * RT safe: push and pop.
 */
#ifndef TR_BASE_RING_H
#define TR_BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    _Alignas(64) _Atomic uint32_t written;
    _Alignas(64) _Atomic uint32_t taken;
    uint32_t capacity; /* a power of two */
    uint32_t element;  /* bytes */
    unsigned char *storage;
} tr_ring;

void tr_ring_init(tr_ring *ring, void *storage, uint32_t capacity, uint32_t element);
bool tr_ring_push(tr_ring *ring, const void *element); /* false: full, nothing changed */
bool tr_ring_pop(tr_ring *ring, void *element);        /* false: empty */
uint32_t tr_ring_level(const tr_ring *ring);

#endif
