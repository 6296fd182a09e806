#include "engine/stream.h"

#include <string.h>

#include "base/random.h"
#include "rtp/address.h"
#include "rtp/quality.h"

void tr_stream_emit(tr_stream *s, uint32_t kind, uint32_t value, uint32_t extra,
                    const tr_address *address, int64_t now_ns)
{
    tr_event event = {.kind = kind, .slot = s->slot, .serial = s->serial, .value = value,
                      .extra = extra, .t_ns = now_ns};
    if (address)
        event.address = *address;
    tr_outbox_put(&s->outbox, &event);
}

/* RTP goes where the source filter says, but nowhere at all while the remote is 0.0.0.0 (a hold). */
void tr_stream_aim(tr_stream *s)
{
    const tr_stream_settings *settings = &s->settings;
    const tr_address *remote = tr_address_unspecified(&settings->remote) ? &settings->remote
                                                                         : &s->in.filter.target;
    const bool moved = settings->rtcp_mux && !tr_address_same(remote, &settings->remote);
    const int family = settings->rtcp_mux ? s->rtp_family : s->rtcp_family;
    s->out.rtp.to_size = tr_address_to_socket(remote, s->rtp_family, &s->out.rtp.to);
    s->out.rtcp.to_size =
        tr_address_to_socket(moved ? remote : &settings->remote_rtcp, family, &s->out.rtcp.to);
}

static void init_sending(tr_stream *s)
{
    memset(&s->out, 0, sizeof s->out);
    s->out.sequence = (uint16_t)s->settings.sequence;
    s->out.timestamp = s->settings.timestamp;
    s->out.marker = true;
    /* All but the last tick of the first packet is silence, so that it leaves with the next tick. */
    s->out.count = s->settings.ptime_ms * 8 - TR_TICK_SAMPLES;
    tr_event_sender_init(&s->out.events);
}

static void init_receiving(tr_stream *s, const tr_tick *tick)
{
    memset(&s->in.filter, 0, sizeof s->in.filter);
    tr_source_filter_signal(&s->in.filter, &s->settings);
    tr_reception_init(&s->in.reception);
    tr_jitter_init(&s->in.jitter);
    tr_pause_clear(&s->in.pause);
    tr_concealment_init(&s->in.concealment);
    tr_comfort_noise_init(&s->in.noise);
    tr_event_receiver_init(&s->in.events);
    tr_digit_player_init(&s->in.digits);
    s->in.packet_samples = s->settings.ptime_ms * 8;
    s->in.timed_out = s->in.rtcp_bye = false;
    s->in.heard_ns = tick->now_ns;
}

void tr_stream_begin(tr_stream *s, const tr_stream_settings *settings, uint32_t serial,
                     const tr_tick *tick)
{
    s->settings = *settings;
    s->serial = serial;
    s->line = TR_NO_LINE;
    s->opened_ns = tick->now_ns;
    tr_outbox_init(&s->outbox);
    init_sending(s);
    init_receiving(s, tick);
    tr_stream_aim(s);
    s->rtcp = (tr_stream_rtcp){.random = settings->seed};
    /* RFC 3550 6.2: the first report comes after half the interval, randomised. */
    s->rtcp.next_ns =
        tick->now_ns + TR_NS_PER_S + tr_random_next(&s->rtcp.random) % (2 * TR_NS_PER_S);
    s->statistics = (tr_stream_statistics){.round_trip_us = -1, .remote_lost_q8 = -1,
                                           .remote_jitter_us = -1, .remote_ssrc = -1};
    s->active = true;
    tr_stream_publish(s);
}

/* At either end of a hold: what the peer sends meanwhile is neither heard nor lost. */
static void hold_receiving(tr_stream *s)
{
    tr_reception_suspend(&s->in.reception);
    tr_jitter_restart(&s->in.jitter);
    tr_event_receiver_restart(&s->in.events);
    tr_pause_clear(&s->in.pause);
}

/* When sending falls: the key that is down ends now, and what was ordered is not sent later, when it
 * would answer another question. */
static void hold_sending(tr_stream *s, const tr_tick *tick)
{
    tr_event_slot slot;
    s->statistics.digits_unsent += tr_event_sender_flush(&s->out.events, &slot);
    if (!slot.last)
        return;
    s->statistics.digits_sent++;
    tr_stream_emit(s, TR_EVENT_DIGIT_SENT, slot.code, slot.duration / 8, NULL, tick->now_ns);
}

static bool can_send(const tr_stream *s) { return s->settings.sending && s->out.rtp.to_size; }

/* What the peer may send, or is expected to, is another thing now: its silence so far says nothing
 * about that, however long it was. */
static bool waits_anew(const tr_stream_settings *a, const tr_stream_settings *b)
{
    return a->timeout_ms != b->timeout_ms || a->sending != b->sending ||
           a->receiving != b->receiving || !tr_address_same(&a->remote, &b->remote);
}

/* A re-INVITE: only what may change in a session is taken over. */
void tr_stream_change(tr_stream *s, const tr_stream_settings *settings, const tr_tick *tick)
{
    const tr_stream_settings old = s->settings;
    const bool could_send = can_send(s);
    s->settings = *settings;
    s->settings.rtp_fd = old.rtp_fd;
    s->settings.rtcp_fd = old.rtcp_fd;
    s->settings.ssrc = old.ssrc;
    tr_source_filter_signal(&s->in.filter, settings);
    if (!tr_address_same(&old.remote, &settings->remote))
        tr_reception_expect_new(&s->in.reception);
    tr_stream_aim(s);
    if (could_send && !can_send(s))
        hold_sending(s, tick);
    if (settings->sending && !old.sending)
        s->out.marker = true;
    if (waits_anew(&old, settings)) {
        s->in.heard_ns = tick->now_ns;
        s->in.timed_out = false;
    }
    if (settings->receiving != old.receiving)
        hold_receiving(s);
}

void tr_stream_end(tr_stream *s, const tr_tick *tick)
{
    tr_stream_report(s, tick, true);
    tr_stream_drop_keys(s);
    tr_stream_publish(s);
    s->active = false;
    s->line = TR_NO_LINE;
    tr_stream_emit(s, TR_EVENT_RETIRED, 0, 0, NULL, tick->now_ns);
}

void tr_stream_press(tr_stream *s, uint8_t event, const tr_tick *tick)
{
    if (!can_send(s))
        s->statistics.digits_unsent++;
    else if (!tr_event_sender_press(&s->out.events, event, tick->clock))
        s->statistics.events_lost++;
}

void tr_stream_release(tr_stream *s, const tr_tick *tick)
{
    tr_event_sender_release(&s->out.events, tick->clock);
}

void tr_stream_order_digit(tr_stream *s, uint8_t event, uint32_t duration_ms)
{
    if (!can_send(s))
        s->statistics.digits_unsent++;
    else if (!tr_event_sender_send(&s->out.events, event, duration_ms * 8))
        s->statistics.events_lost++;
}

void tr_stream_skip(tr_stream *s, uint32_t samples)
{
    tr_stream_withdraw(s);
    s->out.timestamp += samples;
    tr_jitter_skip(&s->in.jitter, samples);
}

/* Half the round trip where it is known, packet, play-out buffer and one tick each way. */
static double mouth_to_ear_ms(const tr_stream *s)
{
    const double path = s->statistics.round_trip_us > 0 ? s->statistics.round_trip_us / 2000.0 : 0;
    return path + s->in.packet_samples / 8.0 + s->in.jitter.delay / 8.0 + 2 * TR_TICK_MS;
}

static int64_t estimate_mos(const tr_stream *s)
{
    const tr_stream_statistics *t = &s->statistics;
    const int64_t expected = t->received + t->lost;
    if (t->received == 0)
        return 0;
    const double bad = (double)(t->lost > 0 ? t->lost : 0) + (double)t->late;
    const double percent = expected > 0 ? 100.0 * bad / (double)expected : 0;
    return (int64_t)(tr_quality_mos(mouth_to_ear_ms(s), percent > 100 ? 100 : percent) * 1000);
}

void tr_stream_publish(tr_stream *s)
{
    tr_stream_statistics *t = &s->statistics;
    t->lost = tr_reception_lost(&s->in.reception);
    t->duplicates = s->in.reception.duplicates;
    t->reordered = s->in.reception.reordered;
    t->late = s->in.jitter.late;
    t->jitter_us = (int64_t)(s->in.reception.jitter * 125.0);
    t->buffer_delay_us = s->in.jitter.delay * INT64_C(125);
    t->buffer_target_us = s->in.jitter.target * INT64_C(125);
    t->srtp_suite = s->settings.srtp_suite;
    t->digits_pending = tr_event_sender_pending(&s->out.events);
    t->mos_milli = estimate_mos(s);
    t->events_lost = t->events_lost > s->outbox.lost ? t->events_lost : s->outbox.lost;
    tr_snapshot_publish(&s->published, t, sizeof *t);
}
