#include "dsp/concealment.h"

#include <math.h>
#include <string.h>

enum { CORRELATION = 160, FADE_AFTER = 80, SILENT_AFTER = TR_PLC_AUDIBLE, STEP = 80,
       PAUSE_FADE = 80 };
#define FADE_PER_STEP 0.2f

void tr_concealment_init(tr_concealment *plc) { memset(plc, 0, sizeof *plc); }

static void remember(tr_concealment *plc, const int16_t *pcm, int samples)
{
    memmove(plc->history, plc->history + samples, (TR_PLC_HISTORY - samples) * sizeof(float));
    for (int i = 0; i < samples; i++)
        plc->history[TR_PLC_HISTORY - samples + i] = pcm[i];
}

/* Similarity of the last 20 ms with themselves `lag` earlier, looking at each `stride`-th sample. */
static float similarity(const float *history, int lag, int stride)
{
    const float *recent = history + TR_PLC_HISTORY - CORRELATION;
    float product = 0, energy = 1.0f;
    for (int i = 0; i < CORRELATION; i += stride) {
        product += recent[i] * recent[i - lag];
        energy += recent[i - lag] * recent[i - lag];
    }
    return product > 0 ? product * product / energy : 0;
}

static int best_lag(const float *history, int from, int to, int stride)
{
    int best = from;
    float best_value = -1;
    for (int lag = from; lag <= to; lag += stride) {
        const float value = similarity(history, lag, stride);
        if (value > best_value) {
            best_value = value;
            best = lag;
        }
    }
    return best;
}

/* Coarse search on every second sample, then every lag around the winner (Appendix I.2.2). */
static int find_pitch(const float *history)
{
    const int coarse = best_lag(history, TR_PLC_PITCH_MIN, TR_PLC_PITCH_MAX, 2);
    const int from = coarse > TR_PLC_PITCH_MIN ? coarse - 1 : coarse;
    const int to = coarse < TR_PLC_PITCH_MAX ? coarse + 1 : coarse;
    return best_lag(history, from, to, 1);
}

/*
 * Lay out `periods` pitch periods so that their end runs smoothly into their start: the last
 * quarter period is cross-faded with the quarter before the first period.
 */
static void lay_out(tr_concealment *plc, int periods)
{
    const int length = periods * plc->pitch;
    const float *source = plc->frozen + TR_PLC_HISTORY - length;
    memcpy(plc->pitch_buffer, source, (size_t)length * sizeof(float));
    for (int i = 0; i < plc->quarter; i++) {
        const float weight = (float)(i + 1) / (float)(plc->quarter + 1);
        const int at = length - plc->quarter + i;
        plc->pitch_buffer[at] = source[at] * (1 - weight) + source[i - plc->quarter] * weight;
    }
    plc->periods = periods;
}

static float next_pitch_sample(tr_concealment *plc)
{
    const float value = plc->pitch_buffer[plc->offset];
    if (++plc->offset >= plc->periods * plc->pitch)
        plc->offset = 0;
    return value;
}

static void begin_gap(tr_concealment *plc)
{
    memcpy(plc->frozen, plc->history, sizeof plc->frozen);
    plc->pitch = find_pitch(plc->frozen);
    plc->quarter = plc->pitch / 4;
    plc->offset = 0;
    lay_out(plc, 1);
}

/* More periods after 10 and 20 ms, going on at the same phase (Appendix I.2.4). */
static void widen(tr_concealment *plc)
{
    const int wanted = plc->missing >= 2 * STEP ? 3 : plc->missing >= STEP ? 2 : 1;
    if (wanted == plc->periods)
        return;
    plc->offset %= plc->pitch;
    lay_out(plc, wanted);
}

static float gain_at(int missing)
{
    if (missing < FADE_AFTER)
        return 1.0f;
    if (missing >= SILENT_AFTER)
        return 0.0f;
    const float gain = 1.0f - FADE_PER_STEP * (float)(missing - FADE_AFTER) / STEP;
    return gain > 0 ? gain : 0;
}

static int16_t to_pcm(float value)
{
    return (int16_t)lrintf(fminf(fmaxf(value, -32768.0f), 32767.0f));
}

void tr_concealment_missing(tr_concealment *plc, int16_t *pcm, int samples)
{
    if (plc->missing == 0)
        begin_gap(plc);
    else
        widen(plc);
    plc->paused = 0;
    for (int i = 0; i < samples; i++) {
        const float gain = gain_at(plc->missing + i);
        pcm[i] = gain > 0 ? to_pcm(gain * next_pitch_sample(plc)) : 0;
    }
    plc->missing += plc->missing < SILENT_AFTER ? samples : 0;
    remember(plc, pcm, samples);
}

/* A quarter period, and 4 ms more for each 10 ms of gap, at most 10 ms (Appendix I.2.6). */
static int overlap(const tr_concealment *plc, int samples)
{
    int length = plc->quarter + 32 * (plc->missing / STEP);
    if (length > 80)
        length = 80;
    return length < samples ? length : samples;
}

void tr_concealment_good(tr_concealment *plc, int16_t *pcm, int samples)
{
    if (plc->missing > 0) {
        const int length = overlap(plc, samples);
        const float gain = gain_at(plc->missing);
        for (int i = 0; i < length; i++) {
            const float weight = (float)(i + 1) / (float)(length + 1);
            const float old = gain > 0 ? gain * next_pitch_sample(plc) : 0;
            pcm[i] = to_pcm(old * (1 - weight) + pcm[i] * weight);
        }
        plc->missing = 0;
    }
    plc->paused = 0;
    remember(plc, pcm, samples);
}

void tr_concealment_pause(tr_concealment *plc, int16_t *pcm, int samples)
{
    if (plc->paused == 0 && plc->missing == 0)
        begin_gap(plc);
    const float gain = gain_at(plc->missing);
    for (int i = 0; i < samples && plc->paused < PAUSE_FADE; i++, plc->paused++) {
        const float weight = gain * (1 - (float)plc->paused / PAUSE_FADE);
        pcm[i] = to_pcm(weight * next_pitch_sample(plc) + pcm[i]);
    }
    if (plc->paused >= PAUSE_FADE)
        plc->missing = 0;
    remember(plc, pcm, samples);
}
