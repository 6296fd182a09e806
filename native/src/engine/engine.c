/* Memory and life of the engine. Nothing here runs on the real-time thread. */
#include "engine/engine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { PAGE = 4096, ALIGN = 64 };

static size_t aligned(size_t bytes) { return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1); }

static uint32_t ring_samples(const tr_engine_settings *s)
{
    uint32_t samples = 1024;
    while (samples < s->ring_ms * 8)
        samples *= 2;
    return samples;
}

static size_t arena_bytes(const tr_engine_settings *s)
{
    size_t bytes = aligned(sizeof(tr_engine));
    bytes += aligned(s->streams * sizeof(tr_stream)) + aligned(s->lines * sizeof(tr_line));
    bytes += aligned(s->streams * sizeof(tr_keyring));
    bytes += 2 * s->lines * aligned(ring_samples(s) * sizeof(int16_t));
    bytes += TR_COMMANDERS * aligned(TR_COMMAND_RING * sizeof(tr_command));
    bytes += aligned(TR_EVENT_RING * sizeof(tr_event)) + aligned(tr_receive_scratch_size());
    return (bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static void *carve(unsigned char **at, size_t bytes)
{
    void *piece = *at;
    *at += aligned(bytes);
    return piece;
}

static void lay_out(tr_engine *e)
{
    unsigned char *at = (unsigned char *)e + aligned(sizeof *e);
    const tr_engine_settings *s = &e->settings;
    const uint32_t samples = ring_samples(s);
    e->streams = carve(&at, s->streams * sizeof(tr_stream));
    e->lines = carve(&at, s->lines * sizeof(tr_line));
    e->keyrings = carve(&at, s->streams * sizeof(tr_keyring));
    for (uint32_t i = 0; i < s->streams; i++) {
        e->streams[i].slot = i;
        e->streams[i].outbox.ring = &e->events;
        e->streams[i].srtp.pile = &e->done_with;
    }
    for (uint32_t i = 0; i < s->lines; i++) {
        tr_sample_ring_init(&e->lines[i].source, carve(&at, samples * sizeof(int16_t)), samples);
        tr_sample_ring_init(&e->lines[i].sink, carve(&at, samples * sizeof(int16_t)), samples);
        e->lines[i].outbox.ring = &e->events;
        tr_line_init(&e->lines[i], i);
    }
    for (int i = 0; i < TR_COMMANDERS; i++)
        tr_ring_init(&e->commands[i], carve(&at, TR_COMMAND_RING * sizeof(tr_command)),
                     TR_COMMAND_RING, sizeof(tr_command));
    tr_ring_init(&e->events, carve(&at, TR_EVENT_RING * sizeof(tr_event)), TR_EVENT_RING,
                 sizeof(tr_event));
    e->scratch = carve(&at, tr_receive_scratch_size());
    tr_receive_scratch_init(e->scratch);
}

static int settings_valid(const tr_engine_settings *s)
{
    return s->streams >= 1 && s->streams <= 256 && s->lines >= 1 && s->lines <= 64 &&
           s->priority >= 0 && s->priority <= 99 && s->ring_ms <= 60000;
}

static void release(tr_engine *e)
{
    tr_memory arena = e->arena; /* `e` lies within it */
    if (e->keyrings)
        tr_keying_close(e);
    tr_memory_unmap(&e->stack);
    if (e->event_fd >= 0)
        close(e->event_fd);
    tr_memory_unmap(&arena);
}

tr_engine *tr_engine_open(const tr_engine_settings *settings)
{
    if (!settings_valid(settings)) {
        errno = EINVAL;
        return NULL;
    }
    tr_memory arena;
    if (tr_memory_map(&arena, arena_bytes(settings)) < 0)
        return NULL;
    tr_engine *e = arena.base;
    e->arena = arena;
    e->settings = *settings;
    e->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (e->event_fd < 0 || tr_memory_map_stack(&e->stack, TR_STACK_BYTES) < 0 ||
        (settings->srtp && tr_srtp_start() < 0)) {
        release(e);
        return NULL;
    }
    lay_out(e);
    return e;
}

static void note_refusal(tr_engine *e, const char *what, int error)
{
    const size_t used = strlen(e->why_not);
    snprintf(e->why_not + used, sizeof e->why_not - used, "%s%s: %s", used ? "; " : "", what,
             strerror(error));
}

static bool lock_libraries(const tr_engine *e)
{
    bool locked = tr_library_lock((const void *)&tr_engine_thread) == 0;
    for (int i = 0; locked && e->settings.srtp && i < TR_SRTP_LIBRARIES; i++)
        locked = tr_library_lock(tr_srtp_library(i)) == 0;
    return locked;
}

static void lock_own_memory(tr_engine *e)
{
    e->locked = tr_memory_lock(&e->arena) == 0 && tr_memory_lock(&e->stack) == 0 &&
                lock_libraries(e);
    if (!e->locked)
        note_refusal(e, "locking memory (RLIMIT_MEMLOCK)", errno);
}

static void raise_priority(tr_engine *e)
{
    const struct sched_param wanted = {.sched_priority = e->settings.priority};
    if (e->settings.priority == 0)
        return;
    const int error = pthread_setschedparam(e->thread, SCHED_FIFO, &wanted);
    e->fifo = error == 0;
    if (error)
        note_refusal(e, "SCHED_FIFO (RLIMIT_RTPRIO)", error);
}

/* The thread takes no signals: they are the process's business, on its main thread. */
static int create_thread(tr_engine *e)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, e->stack.base, e->stack.size);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&e->thread, &attributes, tr_engine_thread, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    errno = error;
    return error ? TR_ESYSTEM : 0;
}

int tr_engine_start(tr_engine *e)
{
    if (e->running)
        return TR_EINVAL;
    lock_own_memory(e);
    const int result = create_thread(e);
    if (result < 0)
        return result;
    e->running = true;
    raise_priority(e);
    return 0;
}

void tr_engine_close(tr_engine *e)
{
    if (!e)
        return;
    if (e->running) {
        atomic_store(&e->quit, 1);
        pthread_join(e->thread, NULL);
    }
    release(e);
}
