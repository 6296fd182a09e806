/* The caller's half: checks arguments, fills a command, puts it into the caller's own ring. */
#include "engine/commands.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "engine/keying.h"

static int give(tr_engine *e, uint32_t ring, const tr_command *command)
{
    if (ring >= TR_COMMANDERS)
        return TR_EINVAL;
    const uint32_t slots =
        command->kind >= TR_COMMAND_LINE_OPEN ? e->settings.lines : e->settings.streams;
    if (command->slot >= slots)
        return TR_EINVAL;
    return tr_ring_push(&e->commands[ring], command) ? 0 : TR_EFULL;
}

static int simple(tr_engine *e, uint32_t ring, uint32_t kind, uint32_t slot, int32_t value,
                  int32_t extra)
{
    const tr_command command = {.kind = kind, .slot = slot, .value = value, .extra = extra};
    return give(e, ring, &command);
}

static bool settings_valid(const tr_stream_settings *s)
{
    return s->ptime_ms >= 10 && s->ptime_ms <= 60 && s->ptime_ms % 10 == 0 &&
           (s->codec == 0 || s->codec == 8) && s->payload_type < 128 &&
           s->receive_payload_type < 128 && s->srtp_suite <= TR_SRTP_AEAD_AES_256_GCM &&
           s->allow_count <= TR_ALLOW_NETWORKS &&
           s->takeover_count <= TR_ALLOW_NETWORKS && memchr(s->cname, 0, sizeof s->cname);
}

/* With contexts for keys that have changed; of the keys themselves nothing enters the ring. */
static int give_stream(tr_engine *e, uint32_t ring, tr_command *command,
                       const tr_stream_settings *settings)
{
    tr_keyring wanted;
    command->with.stream = *settings;
    const int result = tr_keying_prepare(e, ring, command, &wanted);
    return tr_keying_settle(e, command, &wanted, result < 0 ? result : give(e, ring, command));
}

/* Kernel time stamps: jitter is measured from when a packet came, not from when we looked. */
static int want_timestamps(int fd)
{
    const int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0 ? TR_ESYSTEM : 0;
}

static int family_of(int fd)
{
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof own;
    if (fd < 0 || getsockname(fd, (struct sockaddr *)&own, &size) < 0)
        return AF_INET;
    return own.ss_family;
}

int tr_stream_open(tr_engine *e, uint32_t ring, uint32_t slot, uint32_t serial,
                   const tr_stream_settings *settings)
{
    tr_command command = {.kind = TR_COMMAND_STREAM_OPEN, .slot = slot, .serial = serial};
    if (!settings_valid(settings))
        return TR_EINVAL;
    if (want_timestamps(settings->rtp_fd) < 0)
        return TR_ESYSTEM;
    if (settings->rtcp_fd >= 0 && want_timestamps(settings->rtcp_fd) < 0)
        return TR_ESYSTEM;
    command.value = family_of(settings->rtp_fd);
    command.extra = family_of(settings->rtcp_fd);
    return give_stream(e, ring, &command, settings);
}

int tr_stream_update(tr_engine *e, uint32_t ring, uint32_t slot,
                     const tr_stream_settings *settings)
{
    tr_command command = {.kind = TR_COMMAND_STREAM_UPDATE, .slot = slot};
    if (!settings_valid(settings))
        return TR_EINVAL;
    return give_stream(e, ring, &command, settings);
}

int tr_stream_connect(tr_engine *e, uint32_t ring, uint32_t slot, int32_t line)
{
    if (line >= (int32_t)e->settings.lines)
        return TR_EINVAL;
    return simple(e, ring, TR_COMMAND_STREAM_CONNECT, slot, line, 0);
}

int tr_stream_digit_start(tr_engine *e, uint32_t ring, uint32_t slot, uint32_t event)
{
    if (event > 15)
        return TR_EINVAL;
    return simple(e, ring, TR_COMMAND_DIGIT_START, slot, (int32_t)event, 0);
}

int tr_stream_digit_end(tr_engine *e, uint32_t ring, uint32_t slot)
{
    return simple(e, ring, TR_COMMAND_DIGIT_END, slot, 0, 0);
}

int tr_stream_send_digit(tr_engine *e, uint32_t ring, uint32_t slot, uint32_t event,
                         uint32_t duration_ms)
{
    if (event > 15 || duration_ms > 60000)
        return TR_EINVAL;
    return simple(e, ring, TR_COMMAND_DIGIT_SEND, slot, (int32_t)event, (int32_t)duration_ms);
}

int tr_stream_stop(tr_engine *e, uint32_t ring, uint32_t slot)
{
    return simple(e, ring, TR_COMMAND_STREAM_STOP, slot, 0, 0);
}

int tr_line_open(tr_engine *e, uint32_t ring, uint32_t slot, uint32_t serial,
                 uint32_t lookahead_ms)
{
    const tr_command command = {.kind = TR_COMMAND_LINE_OPEN, .slot = slot, .serial = serial,
                                .value = (int32_t)lookahead_ms * (TR_SAMPLE_RATE / 1000)};
    if (lookahead_ms > TR_LOOKAHEAD_MAX_MS)
        return TR_EINVAL;
    return give(e, ring, &command);
}

int tr_line_close(tr_engine *e, uint32_t ring, uint32_t slot)
{
    return simple(e, ring, TR_COMMAND_LINE_CLOSE, slot, 0, 0);
}

int tr_line_play_tone(tr_engine *e, uint32_t ring, uint32_t slot, const tr_tone *tone)
{
    tr_command command = {.kind = TR_COMMAND_TONE_PLAY, .slot = slot};
    if (!tr_tone_valid(tone))
        return TR_EINVAL;
    command.with.tone = *tone;
    return give(e, ring, &command);
}

int tr_line_stop_tone(tr_engine *e, uint32_t ring, uint32_t slot)
{
    return simple(e, ring, TR_COMMAND_TONE_STOP, slot, 0, 0);
}

int tr_line_send_data(tr_engine *e, uint32_t ring, uint32_t slot, const tr_data *data)
{
    tr_command command = {.kind = TR_COMMAND_DATA_SEND, .slot = slot};
    if (!tr_data_valid(data))
        return TR_EINVAL;
    command.with.data = *data;
    return give(e, ring, &command);
}
