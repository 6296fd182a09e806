/* The real-time thread: one tick each 10 ms of an absolute grid on CLOCK_MONOTONIC. */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "engine/engine.h"

/* A shorter stall is made up for at once (at most three packets in a row), so that no speech is
 * lost; after a longer one what was not sent stays unsent, and time goes on. */
#define CATCH_UP_NS (6 * TR_TICK_NS)

/* How much of a tick may go into reading sockets that are flooded. */
#define READ_NS (TR_TICK_NS / 5)

static void wait_until(int64_t t_ns)
{
    const struct timespec t = tr_ns_timespec(t_ns);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

static tr_stream *stream_at(tr_engine *e, uint32_t place)
{
    return &e->streams[e->busy_streams.slots[place]];
}

static tr_line *line_at(tr_engine *e, uint32_t place)
{
    return &e->lines[e->busy_lines.slots[place]];
}

static void transmit(tr_engine *e)
{
    for (uint32_t i = 0; i < e->busy_streams.count; i++)
        if (stream_at(e, i)->active)
            tr_stream_transmit(stream_at(e, i));
}

static void note_wake(tr_engine *e, int64_t late_ns)
{
    if (late_ns > (int64_t)atomic_load_explicit(&e->worst_wake_ns, memory_order_relaxed))
        atomic_store_explicit(&e->worst_wake_ns, (uint64_t)late_ns, memory_order_relaxed);
}

static void skip_ticks(tr_engine *e, int64_t ticks)
{
    const uint32_t samples = (uint32_t)ticks * TR_TICK_SAMPLES;
    for (uint32_t i = 0; i < e->busy_streams.count; i++)
        if (stream_at(e, i)->active)
            tr_stream_skip(stream_at(e, i), samples);
    for (uint32_t i = 0; i < e->busy_lines.count; i++)
        if (line_at(e, i)->active)
            tr_line_skip(line_at(e, i), samples);
    e->tick.now_ns += ticks * TR_TICK_NS;
    e->tick.clock += samples;
    atomic_fetch_add_explicit(&e->late_ticks, (uint64_t)ticks, memory_order_relaxed);
}

static void take_commands(tr_engine *e)
{
    tr_command command;
    for (int ring = 0; ring < TR_COMMANDERS; ring++)
        while (tr_ring_pop(&e->commands[ring], &command))
            tr_engine_apply(e, &command);
}

static void run_stream(tr_engine *e, tr_stream *s)
{
    static const int16_t silence[TR_TICK_SAMPLES];
    int16_t pcm[TR_TICK_SAMPLES];
    tr_line *line = s->line == TR_NO_LINE ? NULL : &e->lines[s->line];
    tr_stream_prepare(s, line ? line->microphone : silence, line ? &line->mute : NULL, &e->tick);
    tr_stream_play(s, pcm, &e->tick);
    if (line)
        tr_line_mix(line, pcm);
    tr_stream_report_when_due(s, &e->tick);
    tr_stream_publish(s);
}

static void run_media(tr_engine *e)
{
    for (uint32_t i = 0; i < e->busy_lines.count; i++)
        if (line_at(e, i)->active)
            tr_line_capture(line_at(e, i), e->tick.now_ns);
    for (uint32_t i = 0; i < e->busy_streams.count; i++)
        if (stream_at(e, i)->active)
            run_stream(e, stream_at(e, i));
    for (uint32_t i = 0; i < e->busy_lines.count; i++)
        if (line_at(e, i)->active)
            tr_line_play(line_at(e, i), e->tick.now_ns);
}

static uint32_t deliver(tr_engine *e, tr_outbox *box)
{
    const int64_t lost = box->lost - box->lost_told;
    if (lost > 0)
        atomic_fetch_add_explicit(&e->events_lost, (uint64_t)lost, memory_order_relaxed);
    box->lost_told = box->lost;
    return tr_outbox_flush(box, &e->events);
}

/* A retired slot stays on the roster until its last word, RETIRED, is in the event ring. */
static bool dismissed(tr_roster *roster, uint32_t place, bool active, const tr_outbox *box)
{
    if (active || !tr_outbox_empty(box))
        return false;
    roster->slots[place] = roster->slots[--roster->count];
    return true;
}

static void deliver_events(tr_engine *e)
{
    const uint64_t one = 1;
    uint32_t sent = 0;
    for (uint32_t i = 0; i < e->busy_streams.count;) {
        tr_stream *s = stream_at(e, i);
        sent += deliver(e, &s->outbox);
        i += !dismissed(&e->busy_streams, i, s->active, &s->outbox);
    }
    for (uint32_t i = 0; i < e->busy_lines.count;) {
        tr_line *line = line_at(e, i);
        sent += deliver(e, &line->outbox);
        i += !dismissed(&e->busy_lines, i, line->active, &line->outbox);
    }
    if (sent && write(e->event_fd, &one, sizeof one) < 0)
        return; /* the counter is at its limit: the reader is woken anyway */
}

static void tick(tr_engine *e)
{
    e->tick.wall_offset_ns = tr_wall_ns() - tr_now_ns();
    take_commands(e);
    e->tick.read_until_ns = tr_now_ns() + READ_NS;
    for (uint32_t i = 0; i < e->busy_streams.count; i++)
        if (stream_at(e, i)->active)
            tr_stream_receive(stream_at(e, i), e->scratch, &e->tick);
    run_media(e);
    deliver_events(e);
    atomic_fetch_add_explicit(&e->ticks, 1, memory_order_release);
}

void *tr_engine_thread(void *engine)
{
    tr_engine *e = engine;
    prctl(PR_SET_NAME, "tipring-engine");
    prctl(PR_SET_TIMERSLACK, 1); /* where FIFO is refused, at least no 50 us of slack */
    e->tick.origin_ns = e->tick.now_ns = tr_now_ns();
    while (!atomic_load_explicit(&e->quit, memory_order_acquire)) {
        wait_until(e->tick.now_ns);
        const int64_t late_ns = tr_now_ns() - e->tick.now_ns;
        if (late_ns > CATCH_UP_NS)
            skip_ticks(e, late_ns / TR_TICK_NS);
        transmit(e); /* first of all: what leaves now was made in the tick before */
        note_wake(e, late_ns);
        tick(e);
        e->tick.now_ns += TR_TICK_NS;
        e->tick.clock += TR_TICK_SAMPLES;
    }
    return NULL;
}
