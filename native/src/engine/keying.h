/*
 * Keys on the caller's side, the loop thread: contexts are made here and freed here.
 *
 * The keyring of a slot holds what its stream was given last. A command carries contexts for what
 * has changed, never a key. An SSRC that the stream hears for the first time is an event that is
 * answered with a receiver for it; what the real-time thread has done with comes back by the pile.
 */
#ifndef TR_ENGINE_KEYING_H
#define TR_ENGINE_KEYING_H

#include "engine/commands.h"

typedef struct {
    bool open;
    uint32_t serial, ssrc;
    uint32_t epoch; /* how many keys there were to receive with */
    tr_srtp_key send, receive;
} tr_keyring;

/* Moves an open's or update's keys into `wanted` and makes `command->keys` of what they change. 0,
 * TR_EINVAL or TR_ENOMEM. */
int tr_keying_prepare(tr_engine *engine, uint32_t ring, tr_command *command, tr_keyring *wanted);
/* `result` is that of giving the command, and is returned: the keys hold now, or nothing changed. */
int tr_keying_settle(tr_engine *engine, tr_command *command, tr_keyring *wanted, int result);
/* True: the event is ours, and answered. */
bool tr_keying_takes(tr_engine *engine, const tr_event *event);
/* The thread has ended, or never was: frees every context and wipes the keys. */
void tr_keying_close(tr_engine *engine);

#endif
