/*
 * Ring of samples between one producer and one consumer thread, with the two marks a line needs.
 *
 * The producer may mark an end ("nothing follows for now") and may clear what is not yet taken: the
 * consumer then skips up to the clear mark. What is written after an end takes it back: it has been
 * reached all the same, and told, but the ring may run dry again. Positions are sample counts since init and never wrap.
 * RT safe: write, read, peek, level, end_reached, ended.
 */
#ifndef TR_BASE_SAMPLE_RING_H
#define TR_BASE_SAMPLE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    _Alignas(64) _Atomic uint64_t written;
    _Atomic uint64_t clear_to;   /* producer's: samples before this are void */
    _Atomic uint64_t end_at;     /* producer's: UINT64_MAX when no end is marked */
    _Atomic uint32_t end_serial; /* producer's: counts the ends */
    _Alignas(64) _Atomic uint64_t taken;
    uint32_t capacity; /* a power of two, samples */
    int16_t *storage;
} tr_sample_ring;

void tr_sample_ring_init(tr_sample_ring *ring, int16_t *storage, uint32_t capacity);

/* Producer's side. */
uint32_t tr_sample_ring_write(tr_sample_ring *ring, const int16_t *pcm, uint32_t samples);
uint32_t tr_sample_ring_end(tr_sample_ring *ring);
void tr_sample_ring_clear(tr_sample_ring *ring);

/* Consumer's side. end_reached tells the serial of an end that everything has been taken up to, or 0. */
uint32_t tr_sample_ring_read(tr_sample_ring *ring, int16_t *pcm, uint32_t samples);
uint32_t tr_sample_ring_end_reached(const tr_sample_ring *ring);
/* Copies the newest samples not yet taken, at most so many, and takes none. */
uint32_t tr_sample_ring_peek_newest(const tr_sample_ring *ring, int16_t *pcm, uint32_t samples);
/* Nothing was written since the end was marked: running dry is no fault of the producer. */
bool tr_sample_ring_ended(const tr_sample_ring *ring);

/* Either side. */
uint32_t tr_sample_ring_level(const tr_sample_ring *ring);

#endif
