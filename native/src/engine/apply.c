/* What each command does, on the real-time thread. Arguments were checked by the caller's half. */
#include "engine/engine.h"

static void enrol(tr_roster *roster, uint32_t slot)
{
    for (uint32_t i = 0; i < roster->count; i++)
        if (roster->slots[i] == slot)
            return;
    roster->slots[roster->count++] = (uint16_t)slot;
}

static void open_line(tr_engine *e, const tr_command *c)
{
    tr_line_reset(&e->lines[c->slot], c->slot, c->serial);
    tr_key_mute_init(&e->lines[c->slot].mute, c->value);
    e->lines[c->slot].active = true;
    enrol(&e->busy_lines, c->slot);
}

static void connect_line(tr_engine *e, tr_stream *s, int32_t line)
{
    if (s->line != TR_NO_LINE)
        tr_stream_part(s, &e->lines[s->line].mute);
    s->line = line >= 0 && e->lines[line].active ? line : TR_NO_LINE;
}

static void close_line(tr_engine *e, uint32_t slot)
{
    for (uint32_t i = 0; i < e->settings.streams; i++)
        if (e->streams[i].line == (int32_t)slot)
            connect_line(e, &e->streams[i], TR_NO_LINE);
    e->lines[slot].active = false;
    tr_line_emit(&e->lines[slot], TR_EVENT_LINE_RETIRED, 0, e->tick.now_ns);
}

static void apply_to_line(tr_engine *e, const tr_command *c)
{
    tr_line *line = &e->lines[c->slot];
    if (c->kind == TR_COMMAND_LINE_OPEN) {
        open_line(e, c);
        return;
    }
    if (!line->active)
        return;
    switch (c->kind) {
    case TR_COMMAND_LINE_CLOSE: close_line(e, c->slot); break;
    case TR_COMMAND_TONE_PLAY:
        tr_line_silence(line);
        tr_tone_player_start(&line->tone, &c->with.tone);
        break;
    case TR_COMMAND_TONE_STOP: tr_line_silence(line); break;
    case TR_COMMAND_DATA_SEND: tr_fsk_start(&line->data, &c->with.data); break;
    }
}

/* The stream has ended meanwhile. */
static void discard(tr_engine *e, const tr_command *c)
{
    tr_srtp_retire(&e->done_with, c->keys.sender);
    tr_srtp_retire(&e->done_with, c->keys.gate);
    if (c->kind == TR_COMMAND_SRTP_RECEIVER)
        tr_srtp_retire(&e->done_with, c->with.receiver);
}

static void take_receiver(tr_engine *e, tr_stream *s, const tr_command *c)
{
    if (s->serial == c->serial)
        tr_stream_take_receiver(s, c->with.receiver, &e->tick);
    else
        discard(e, c);
}

static void apply_to_stream(tr_engine *e, const tr_command *c)
{
    tr_stream *s = &e->streams[c->slot];
    if (c->kind == TR_COMMAND_STREAM_OPEN) {
        s->rtp_family = c->value;
        s->rtcp_family = c->extra;
        tr_stream_take_keys(s, &c->keys);
        tr_stream_begin(s, &c->with.stream, c->serial, &e->tick);
        enrol(&e->busy_streams, c->slot);
        return;
    }
    if (!s->active) {
        discard(e, c);
        return;
    }
    switch (c->kind) {
    case TR_COMMAND_STREAM_UPDATE:
        tr_stream_take_keys(s, &c->keys);
        tr_stream_change(s, &c->with.stream, &e->tick);
        break;
    case TR_COMMAND_STREAM_CONNECT: connect_line(e, s, c->value); break;
    case TR_COMMAND_DIGIT_START: tr_stream_press(s, (uint8_t)c->value, &e->tick); break;
    case TR_COMMAND_DIGIT_END: tr_stream_release(s, &e->tick); break;
    case TR_COMMAND_DIGIT_SEND:
        tr_stream_order_digit(s, (uint8_t)c->value, (uint32_t)c->extra);
        break;
    case TR_COMMAND_STREAM_STOP: tr_stream_end(s, &e->tick); break;
    case TR_COMMAND_SRTP_RECEIVER: take_receiver(e, s, c); break;
    }
}

void tr_engine_apply(tr_engine *e, const tr_command *c)
{
    if (c->kind >= TR_COMMAND_LINE_OPEN)
        apply_to_line(e, c);
    else
        apply_to_stream(e, c);
}
