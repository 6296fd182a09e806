/* What may be read from outside at any time, and the outer ends of a line's rings. */
#include <string.h>
#include <unistd.h>

#include "dsp/g711.h"
#include "engine/engine.h"

int tr_engine_event_fd(tr_engine *e) { return e->event_fd; }

/* The eventfd is emptied first: an event that comes later wakes the reader again. */
int tr_engine_read_events(tr_engine *e, tr_event *events, int max)
{
    uint64_t counter;
    int count = 0;
    if (read(e->event_fd, &counter, sizeof counter) < 0)
        counter = 0; /* nothing new; the ring may still hold events */
    while (count < max && tr_ring_pop(&e->events, &events[count]))
        count += !tr_keying_takes(e, &events[count]);
    return count;
}

uint64_t tr_engine_heartbeat(tr_engine *e)
{
    return atomic_load_explicit(&e->ticks, memory_order_acquire);
}

void tr_engine_read_status(tr_engine *e, tr_engine_status *status)
{
    memset(status, 0, sizeof *status);
    status->fifo = e->fifo;
    status->locked = e->locked;
    memcpy(status->why_not, e->why_not, sizeof status->why_not);
    status->ticks = tr_engine_heartbeat(e);
    status->late_ticks = atomic_load_explicit(&e->late_ticks, memory_order_relaxed);
    status->worst_wake_ns = atomic_load_explicit(&e->worst_wake_ns, memory_order_relaxed);
    status->events_lost = atomic_load_explicit(&e->events_lost, memory_order_relaxed);
}

void tr_stream_read_statistics(tr_engine *e, uint32_t slot, tr_stream_statistics *out)
{
    tr_snapshot_read(&e->streams[slot].published, out, sizeof *out);
}

void tr_line_read_statistics(tr_engine *e, uint32_t slot, tr_line_statistics *out)
{
    tr_snapshot_read(&e->lines[slot].published, out, sizeof *out);
}

int tr_line_write_source(tr_engine *e, uint32_t slot, const int16_t *pcm, int samples)
{
    return samples <= 0 ? 0 : (int)tr_sample_ring_write(&e->lines[slot].source, pcm,
                                                        (uint32_t)samples);
}

uint32_t tr_line_end_source(tr_engine *e, uint32_t slot)
{
    return tr_sample_ring_end(&e->lines[slot].source);
}

void tr_line_clear_source(tr_engine *e, uint32_t slot)
{
    tr_sample_ring_clear(&e->lines[slot].source);
}

int tr_line_source_level(tr_engine *e, uint32_t slot)
{
    return (int)tr_sample_ring_level(&e->lines[slot].source);
}

void tr_line_collect_sink(tr_engine *e, uint32_t slot, int on)
{
    atomic_store_explicit(&e->lines[slot].collecting, on, memory_order_release);
}

int tr_line_read_sink(tr_engine *e, uint32_t slot, int16_t *pcm, int max_samples)
{
    return max_samples <= 0 ? 0 : (int)tr_sample_ring_read(&e->lines[slot].sink, pcm,
                                                           (uint32_t)max_samples);
}

int tr_line_sink_level(tr_engine *e, uint32_t slot)
{
    return (int)tr_sample_ring_level(&e->lines[slot].sink);
}

void tr_g711_encode(int law, const int16_t *pcm, uint8_t *out, int samples)
{
    tr_g711_encode_block(law ? TR_A_LAW : TR_MU_LAW, pcm, out, samples > 0 ? (size_t)samples : 0);
}

void tr_g711_decode(int law, const uint8_t *in, int16_t *pcm, int samples)
{
    tr_g711_decode_block(law ? TR_A_LAW : TR_MU_LAW, in, pcm, samples > 0 ? (size_t)samples : 0);
}
