/* Commands from Python's threads to the engine: fixed-size records, one ring for each thread. */
#ifndef TR_ENGINE_COMMANDS_H
#define TR_ENGINE_COMMANDS_H

#include "engine/stream.h"
#include "tipring_engine.h"

typedef enum {
    TR_COMMAND_STREAM_OPEN,
    TR_COMMAND_STREAM_UPDATE,
    TR_COMMAND_STREAM_CONNECT,
    TR_COMMAND_DIGIT_START,
    TR_COMMAND_DIGIT_END,
    TR_COMMAND_DIGIT_SEND,
    TR_COMMAND_STREAM_STOP,
    TR_COMMAND_SRTP_RECEIVER,
    TR_COMMAND_LINE_OPEN,
    TR_COMMAND_LINE_CLOSE,
    TR_COMMAND_TONE_PLAY,
    TR_COMMAND_TONE_STOP,
    TR_COMMAND_DATA_SEND
} tr_command_kind;

enum { TR_COMMAND_RING = 128 };

typedef struct {
    uint32_t kind, slot;
    uint32_t serial;
    int32_t value, extra;
    tr_stream_keys keys;
    union {
        tr_stream_settings stream; /* without its keys */
        tr_tone tone;
        tr_data data;
        tr_srtp *receiver;
    } with;
} tr_command;

#endif
