#include "engine/line.h"

#include <string.h>

void tr_line_init(tr_line *line, uint32_t slot)
{
    tr_ring_init(&line->signals, line->signal_store, TR_LINE_SIGNALS, sizeof *line->signal_store);
    tr_line_reset(line, slot, 0);
}

void tr_line_reset(tr_line *line, uint32_t slot, uint32_t serial)
{
    line->slot = slot;
    line->serial = serial;
    line->drained_serial = 0;
    line->source_used = false;
    tr_line_silence(line);
    tr_key_mute_init(&line->mute, 0);
    tr_line_forget_keys(line);
    memset(&line->statistics, 0, sizeof line->statistics);
    memset(line->microphone, 0, sizeof line->microphone);
    memset(line->earpiece, 0, sizeof line->earpiece);
    tr_outbox_init(&line->outbox);
}

void tr_line_emit(tr_line *line, uint32_t kind, uint32_t value, int64_t now_ns)
{
    const tr_event event = {
        .kind = kind, .slot = line->slot, .serial = line->serial, .value = value, .t_ns = now_ns};
    tr_outbox_put(&line->outbox, &event);
}

static void report_drained(tr_line *line, int64_t now_ns)
{
    const uint32_t serial = tr_sample_ring_end_reached(&line->source);
    if (serial == 0 || serial == line->drained_serial)
        return;
    line->drained_serial = serial;
    tr_line_emit(line, TR_EVENT_SOURCE_DRAINED, serial, now_ns);
}

void tr_line_capture(tr_line *line, int64_t now_ns)
{
    const bool ended = tr_sample_ring_ended(&line->source);
    tr_line_take_signals(line, now_ns);
    const uint32_t taken =
        tr_sample_ring_read(&line->source, line->microphone, TR_TICK_SAMPLES);
    memset(line->microphone + taken, 0, (TR_TICK_SAMPLES - taken) * sizeof *line->microphone);
    line->source_used |= taken > 0;
    line->statistics.source_taken += taken;
    report_drained(line, now_ns);
    if (taken < TR_TICK_SAMPLES && line->source_used && !ended &&
        !tr_sample_ring_ended(&line->source))
        line->statistics.source_missing += TR_TICK_SAMPLES - taken;
    tr_key_mute_pass(&line->mute, line->microphone);
    tr_line_judge_mute(line);
    memset(line->earpiece, 0, sizeof line->earpiece);
}

void tr_line_mix(tr_line *line, const int16_t *pcm)
{
    for (int i = 0; i < TR_TICK_SAMPLES; i++)
        line->earpiece[i] += pcm[i];
}

static void give(tr_line *line, const int16_t *pcm, uint32_t samples)
{
    if (!atomic_load_explicit(&line->collecting, memory_order_acquire))
        return;
    const uint32_t given = tr_sample_ring_write(&line->sink, pcm, samples);
    line->statistics.sink_given += given;
    line->statistics.sink_overrun += samples - given;
}

void tr_line_silence(tr_line *line)
{
    tr_tone_player_stop(&line->tone);
    tr_fsk_stop(&line->data);
}

static bool send_data(tr_line *line, int16_t *pcm, int64_t now_ns)
{
    const bool sending = tr_fsk_work(&line->data, pcm, TR_TICK_SAMPLES);
    if (sending && !tr_fsk_sending(&line->data))
        tr_line_emit(line, TR_EVENT_DATA_SENT, 0, now_ns);
    return sending;
}

void tr_line_play(tr_line *line, int64_t now_ns)
{
    int16_t tone[TR_TICK_SAMPLES], out[TR_TICK_SAMPLES];
    const bool mix = line->tone.loaded && line->tone.tone.mix;
    const bool playing = tr_tone_player_work(&line->tone, tone, TR_TICK_SAMPLES) ||
                         send_data(line, tone, now_ns);
    for (int i = 0; i < TR_TICK_SAMPLES; i++) {
        int32_t value = playing && !mix ? tone[i] : line->earpiece[i] + (playing ? tone[i] : 0);
        value = value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value;
        out[i] = (int16_t)value;
    }
    tr_line_watch_far_keys(line, out, now_ns);
    give(line, out, TR_TICK_SAMPLES);
    line->statistics.early_mutes = line->mute.early_mutes;
    line->statistics.muted = line->mute.muted;
    tr_snapshot_publish(&line->published, &line->statistics, sizeof line->statistics);
}

void tr_line_skip(tr_line *line, uint64_t samples)
{
    static const int16_t silence[TR_TICK_SAMPLES];
    for (; samples >= TR_TICK_SAMPLES; samples -= TR_TICK_SAMPLES)
        give(line, silence, TR_TICK_SAMPLES);
}
