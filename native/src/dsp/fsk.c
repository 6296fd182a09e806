#include "dsp/fsk.h"

#include <math.h>
#include <string.h>

enum { BYTE_BITS = 10, MOST_BITS = 4000 };

static const uint32_t BAUD_STEP = 644245094; /* 2^32 * 1,200 / 8,000 */

bool tr_data_valid(const tr_data *data)
{
    return (data->modulation == TR_BELL_202 || data->modulation == TR_V23) &&
           isfinite(data->level_dbm0) && data->level_dbm0 <= 3.17f &&
           data->seizure_bits <= MOST_BITS && data->mark_bits <= MOST_BITS && data->count >= 1 &&
           data->count <= TR_DATA_BYTES;
}

static uint32_t step_of(double hz) { return (uint32_t)llrint(hz / 8000.0 * 4294967296.0); }

/* 1: mark. */
static bool bit_at(const tr_data *data, uint32_t bit)
{
    if (bit < data->seizure_bits)
        return bit % 2;
    bit -= data->seizure_bits;
    if (bit < data->mark_bits)
        return true;
    bit -= data->mark_bits;
    const uint32_t place = bit % BYTE_BITS;
    if (bit / BYTE_BITS >= data->count || place == BYTE_BITS - 1)
        return true;
    return place > 0 && data->bytes[bit / BYTE_BITS] >> (place - 1) & 1;
}

static uint32_t step_at(const tr_fsk_sender *fsk, uint32_t bit)
{
    return bit_at(&fsk->data, bit) ? fsk->mark : fsk->space;
}

void tr_fsk_start(tr_fsk_sender *fsk, const tr_data *data)
{
    const bool bell = data->modulation == TR_BELL_202;
    const float mark = bell ? 1200 : 1300;
    fsk->data = *data;
    tr_tone_init(&fsk->generator, &mark, 1, 0, data->level_dbm0);
    fsk->mark = step_of(mark);
    fsk->space = step_of(bell ? 2200 : 2100);
    fsk->bit = fsk->bit_phase = 0;
    fsk->bits =
        data->seizure_bits + data->mark_bits + data->count * BYTE_BITS + TR_FSK_TRAIL_BITS;
}

void tr_fsk_stop(tr_fsk_sender *fsk) { fsk->bit = fsk->bits = 0; }

bool tr_fsk_sending(const tr_fsk_sender *fsk) { return fsk->bit < fsk->bits; }

/* How far the phase goes in the next sample. */
static uint32_t advance(tr_fsk_sender *fsk)
{
    const uint32_t step = step_at(fsk, fsk->bit);
    fsk->bit_phase += BAUD_STEP;
    if (fsk->bit_phase >= BAUD_STEP)
        return step;
    /* The sum has wrapped: that much of the sample belongs to the next bit. */
    const double part = (double)fsk->bit_phase / BAUD_STEP;
    const double next = step_at(fsk, ++fsk->bit);
    return (uint32_t)llrint(step + part * (next - step));
}

bool tr_fsk_work(tr_fsk_sender *fsk, int16_t *out, uint32_t samples)
{
    memset(out, 0, samples * sizeof *out);
    if (!tr_fsk_sending(fsk))
        return false;
    for (uint32_t i = 0; i < samples && tr_fsk_sending(fsk); i++) {
        fsk->generator.step[0] = advance(fsk);
        tr_tone_work(&fsk->generator, out + i, 1);
    }
    return true;
}
