/*
 * What a line's electronics say, and what becomes of it.
 *
 * Above, on the thread that hears them: whose the key is, and the edge into the line's ring. Below,
 * on the engine's: the mute of the microphone, and which keys' tones are played to the telephone,
 * whoever wanted it: RFC 4733, INFO, or a far end that sends them as sound. Such a tone comes back
 * through the hybrid, and the decoder hears it.
 */
#include <string.h>

#include "dsp/key_tone.h"
#include "engine/engine.h"

/* From the last of a tone on its way to the card until the decoder has done with its echo. */
#define ECHO_NS INT64_C(60000000)
/* Two blocks are one tone's: it began no earlier than this before the second one's end. */
#define NOTICED_NS (4 * TR_TICK_NS)
#define OLDEST_NS TR_NS_PER_S

bool tr_line_far_key(const tr_line *line, unsigned code, int64_t t_ns)
{
    return t_ns <= atomic_load_explicit(&line->far.until_ns[code], memory_order_acquire) &&
           t_ns >= atomic_load_explicit(&line->far.from_ns[code], memory_order_acquire);
}

static int signal_line(tr_engine *e, uint32_t slot, tr_line_signal signal)
{
    if (slot >= e->settings.lines)
        return TR_EINVAL;
    return tr_ring_push(&e->lines[slot].signals, &signal) ? 0 : TR_EFULL;
}

int tr_line_early_tone(tr_engine *e, uint32_t slot, int on, int64_t t_ns)
{
    return signal_line(e, slot, (tr_line_signal){t_ns, TR_SIGNAL_EARLY, on != 0, 0});
}

int tr_line_key_down(tr_engine *e, uint32_t slot, uint32_t event, int64_t t_ns)
{
    if (slot >= e->settings.lines || event >= TR_KEYS)
        return TR_EINVAL;
    const bool far = tr_line_far_key(&e->lines[slot], event, t_ns);
    const uint16_t kind = far ? TR_SIGNAL_GUARDED : TR_SIGNAL_KEY;
    const int result = signal_line(e, slot, (tr_line_signal){t_ns, kind, true, (uint16_t)event});
    return result < 0 ? result : !far;
}

int tr_line_key_up(tr_engine *e, uint32_t slot, int64_t t_ns)
{
    return signal_line(e, slot, (tr_line_signal){t_ns, TR_SIGNAL_KEY, false, 0});
}

int tr_line_ring_trip(tr_engine *e, uint32_t slot, int64_t t_ns)
{
    return signal_line(e, slot, (tr_line_signal){t_ns, TR_SIGNAL_TRIP, true, 0});
}

/* --- the engine's side --- */

/* Whatever a former user of the slot has left in the ring. */
void tr_line_forget_keys(tr_line *line)
{
    tr_line_signal signal;
    while (tr_ring_pop(&line->signals, &signal))
        ;
    for (int code = 0; code < TR_KEYS; code++) {
        atomic_store_explicit(&line->far.until_ns[code], INT64_MIN, memory_order_release);
        atomic_store_explicit(&line->far.from_ns[code], INT64_MIN, memory_order_release);
    }
    line->far.last = TR_NO_KEY;
}

static bool any_far_key(const tr_line *line, int64_t t_ns)
{
    for (unsigned code = 0; code < TR_KEYS; code++)
        if (tr_line_far_key(line, code, t_ns))
            return true;
    return false;
}

/* The position of what was captured at `t_ns`, if the card gives all it has at once. */
static int64_t position_of(const tr_line *line, int64_t t_ns, int64_t now_ns)
{
    const int64_t newest = line->mute.end + tr_sample_ring_level(&line->source);
    int64_t age_ns = now_ns - t_ns;
    age_ns = age_ns < 0 ? 0 : age_ns > OLDEST_NS ? OLDEST_NS : age_ns;
    return newest - age_ns / TR_NS_PER_SAMPLE;
}

static void guard(tr_line *line, const tr_line_signal *signal)
{
    line->statistics.digits_guarded++;
    tr_line_emit(line, TR_EVENT_DIGIT_GUARDED, signal->code, signal->t_ns);
    tr_key_mute_refuse(&line->mute);
}

static void take_signal(tr_line *line, const tr_line_signal *signal, int64_t now_ns)
{
    const int64_t at = position_of(line, signal->t_ns, now_ns);
    switch (signal->kind) {
    case TR_SIGNAL_EARLY: tr_key_mute_early(&line->mute, signal->on, at); break;
    case TR_SIGNAL_KEY: tr_key_mute_digit(&line->mute, signal->on, at); break;
    case TR_SIGNAL_TRIP: tr_key_mute_trip(&line->mute, at); break;
    case TR_SIGNAL_GUARDED: guard(line, signal); break;
    }
}

/* While we play a key's tone to the telephone, ESt says nothing of the telephone's own keys. */
void tr_line_take_signals(tr_line *line, int64_t now_ns)
{
    tr_line_signal signal;
    while (tr_ring_pop(&line->signals, &signal))
        take_signal(line, &signal, now_ns);
    if (tr_key_mute_wants_verdict(&line->mute) && !line->mute.digit && any_far_key(line, now_ns))
        tr_key_mute_refuse(&line->mute);
}

/* The newest sound at hand, be it still in the ring. */
void tr_line_judge_mute(tr_line *line)
{
    int16_t waiting[TR_KEY_TONE_BLOCK], block[TR_KEY_TONE_BLOCK];
    if (!tr_key_mute_wants_verdict(&line->mute))
        return;
    const uint32_t ahead = tr_sample_ring_level(&line->source);
    const uint32_t got = tr_sample_ring_peek_newest(&line->source, waiting, TR_KEY_TONE_BLOCK);
    tr_key_mute_newest(&line->mute, block, TR_KEY_TONE_BLOCK - got);
    memcpy(block + TR_KEY_TONE_BLOCK - got, waiting, got * sizeof *waiting);
    tr_key_mute_judge(&line->mute, line->mute.end + ahead, tr_key_tone_find(block) != TR_NO_KEY);
}

/* Two blocks in a row, so that no speech is a key. */
void tr_line_watch_far_keys(tr_line *line, const int16_t *played, int64_t now_ns)
{
    const int code = tr_key_tone_find(played), before = line->far.last;
    line->far.last = code;
    if (code == TR_NO_KEY || code != before)
        return;
    const int64_t waiting_ns = tr_sample_ring_level(&line->sink) * TR_NS_PER_SAMPLE;
    if (!tr_line_far_key(line, (unsigned)code, now_ns))
        atomic_store_explicit(&line->far.from_ns[code], now_ns - NOTICED_NS, memory_order_release);
    atomic_store_explicit(&line->far.until_ns[code], now_ns + waiting_ns + ECHO_NS,
                          memory_order_release);
}
