/*
 * The engine: one arena, one thread, pools of streams and lines, command rings in, event ring out.
 * engine.c: memory and life. commands.c: the caller's half of commands. thread.c: the tick.
 */
#ifndef TR_ENGINE_ENGINE_H
#define TR_ENGINE_ENGINE_H

#include <pthread.h>

#include "base/ring.h"
#include "engine/commands.h"
#include "engine/keying.h"
#include "engine/line.h"
#include "engine/residence.h"
#include "engine/stream.h"

enum { TR_EVENT_RING = 1024 };

#ifndef TR_STACK_BYTES /* TSan needs far more for itself */
#define TR_STACK_BYTES (256 * 1024)
#endif

/* Slots that a tick must look at: active, or with events still waiting. Walking only these spares
 * a cold cache line for every unused slot at every wake-up. */
typedef struct {
    uint16_t slots[256];
    uint32_t count;
} tr_roster;

/* Itself the first thing in its arena. */
struct tr_engine {
    tr_engine_settings settings;
    tr_memory arena, stack;
    tr_stream *streams;
    tr_line *lines;
    tr_receive_scratch *scratch;
    tr_keyring *keyrings; /* the loop thread's */
    tr_srtp_pile done_with;
    tr_ring commands[TR_COMMANDERS];
    tr_ring events;
    int event_fd;
    pthread_t thread;
    bool running;
    _Atomic int quit;
    /* published by the thread */
    _Atomic uint64_t ticks, late_ticks, worst_wake_ns, events_lost;
    /* written before the thread starts */
    int fifo, locked;
    char why_not[TR_WHY_BYTES];
    /* the thread's own */
    tr_tick tick;
    tr_roster busy_streams, busy_lines;
};

void *tr_engine_thread(void *engine);
void tr_engine_apply(tr_engine *engine, const tr_command *command); /* thread.c's, in apply.c */

#endif
