/*
 * Keeping the real-time thread's memory in RAM, and its stack from running into other memory.
 *
 * Only what is the engine's own is locked: its arena, its stack, and the code and tables of the
 * libraries it runs, which under memory pressure would be dropped and read from disk again. mlockall
 * would double Python's memory and make its allocations fail. Not for the real-time thread.
 */
#ifndef TR_ENGINE_RESIDENCE_H
#define TR_ENGINE_RESIDENCE_H

#include <stddef.h>

typedef struct {
    void *base;
    size_t size;
    size_t guard; /* bytes before `base` that may not be touched */
} tr_memory;

/* Mapped and touched now, so that the thread never faults a page in. TR_ENOMEM: refused. */
int tr_memory_map(tr_memory *memory, size_t size);
/* With a guard page below: a stack grows downwards. */
int tr_memory_map_stack(tr_memory *memory, size_t size);
void tr_memory_unmap(tr_memory *memory);

/* 0, or -1 with errno. The library stays locked for the life of the process. */
int tr_memory_lock(const tr_memory *memory);
/* The shared object that `within` is a part of. */
int tr_library_lock(const void *within);

#endif
