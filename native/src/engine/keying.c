#include "engine/keying.h"

#include <string.h>

#include "engine/engine.h"

static void move_key(tr_srtp_key *key, uint8_t suite, uint8_t *bytes)
{
    key->suite = suite;
    memcpy(key->key, bytes, sizeof key->key);
    explicit_bzero(bytes, sizeof key->key);
}

static void drop(tr_stream_keys *keys)
{
    tr_srtp_free(keys->sender);
    tr_srtp_free(keys->gate);
    *keys = (tr_stream_keys){0};
}

static bool complete(const tr_srtp_key *key, bool changed, const tr_srtp *context)
{
    return !changed || key->suite == TR_SRTP_OFF || context;
}

/* A context for each direction whose key is another one. */
static int make_contexts(tr_stream_keys *keys, const tr_keyring *held, tr_keyring *wanted)
{
    keys->send = !tr_srtp_key_same(&held->send, &wanted->send);
    keys->receive = !tr_srtp_key_same(&held->receive, &wanted->receive);
    wanted->epoch += keys->receive;
    if (keys->send)
        keys->sender = tr_srtp_new_sender(&wanted->send, wanted->ssrc);
    if (keys->receive)
        keys->gate = tr_srtp_new_gate(&wanted->receive, wanted->epoch);
    if (complete(&wanted->send, keys->send, keys->sender) &&
        complete(&wanted->receive, keys->receive, keys->gate))
        return 0;
    drop(keys);
    return TR_ENOMEM;
}

static tr_keyring keyring_for(tr_engine *e, const tr_command *command)
{
    if (command->kind == TR_COMMAND_STREAM_OPEN)
        return (tr_keyring){
            .open = true, .serial = command->serial, .ssrc = command->with.stream.ssrc};
    return e->keyrings[command->slot];
}

int tr_keying_prepare(tr_engine *e, uint32_t ring, tr_command *command, tr_keyring *wanted)
{
    tr_stream_settings *s = &command->with.stream;
    *wanted = (tr_keyring){0};
    if (ring == 0 && command->slot < e->settings.streams)
        *wanted = keyring_for(e, command);
    if (!wanted->open) /* not of this ring's, or no stream at all */
        return s->srtp_suite ? TR_EINVAL : 0;
    const tr_keyring held = *wanted;
    tr_srtp_free_pile(&e->done_with);
    move_key(&wanted->send, s->srtp_suite, s->srtp_send_key);
    move_key(&wanted->receive, s->srtp_suite, s->srtp_receive_key);
    return make_contexts(&command->keys, &held, wanted);
}

int tr_keying_settle(tr_engine *e, tr_command *command, tr_keyring *wanted, int result)
{
    if (result < 0)
        drop(&command->keys);
    else if (wanted->open)
        e->keyrings[command->slot] = *wanted;
    explicit_bzero(wanted, sizeof *wanted);
    return result;
}

static void answer(tr_engine *e, const tr_event *event)
{
    const tr_keyring *ring = &e->keyrings[event->slot];
    tr_command command = {
        .kind = TR_COMMAND_SRTP_RECEIVER, .slot = event->slot, .serial = event->serial};
    if (!ring->open || ring->serial != event->serial || ring->epoch != event->extra)
        return;
    command.with.receiver = tr_srtp_new_receiver(&ring->receive, event->value, ring->epoch);
    if (command.with.receiver && !tr_ring_push(&e->commands[0], &command))
        tr_srtp_free(command.with.receiver); /* it will be asked for again */
}

bool tr_keying_takes(tr_engine *e, const tr_event *event)
{
    if (event->kind == TR_EVENT_SRTP_SENDER) {
        answer(e, event);
        return true;
    }
    if (event->kind == TR_EVENT_RETIRED) {
        tr_srtp_free_pile(&e->done_with);
        if (e->keyrings[event->slot].serial == event->serial)
            explicit_bzero(&e->keyrings[event->slot], sizeof(tr_keyring));
    }
    return false;
}

static void discard(tr_command *command)
{
    drop(&command->keys);
    if (command->kind == TR_COMMAND_SRTP_RECEIVER)
        tr_srtp_free(command->with.receiver);
}

void tr_keying_close(tr_engine *e)
{
    tr_command command;
    for (int ring = 0; ring < TR_COMMANDERS; ring++)
        while (tr_ring_pop(&e->commands[ring], &command))
            discard(&command);
    for (uint32_t i = 0; i < e->settings.streams; i++)
        tr_stream_drop_keys(&e->streams[i]);
    tr_srtp_free_pile(&e->done_with);
    explicit_bzero(e->keyrings, e->settings.streams * sizeof(tr_keyring));
}
