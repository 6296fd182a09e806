#include "dsp/g711.h"

#include <stdbool.h>

enum { MU_BIAS = 33, MU_CLIP = 8158 };

static int16_t decode_table[2][256];
static uint8_t mu_encode_table[16384]; /* by 14-bit magnitude-and-sign value */
static uint8_t a_encode_table[8192];   /* by 13-bit value */

static int segment_of(int value, int first)
{
    int segment = 0;
    for (int limit = first; segment < 7 && value > limit; limit = limit * 2 + 1)
        segment++;
    return segment;
}

/* G.711 table 2: 14-bit uniform, biased by 33, eight segments of sixteen; all bits inverted.
 * The magnitude of a negative value is its one's complement, as in A-law: the value came from
 * sixteen bits by a shift that rounds down, and table 2's decision values are not reached early. */
static uint8_t mu_encode(int value)
{
    const bool negative = value < 0;
    int magnitude = negative ? -value - 1 : value;
    if (magnitude > MU_CLIP)
        magnitude = MU_CLIP;
    magnitude += MU_BIAS;
    const int segment = segment_of(magnitude, 0x3F);
    const int code = segment << 4 | ((magnitude >> (segment + 1)) & 15);
    return (uint8_t)(~code & (negative ? 0x7F : 0xFF));
}

static int16_t mu_decode(uint8_t code)
{
    const int bits = ~code & 0xFF;
    const int segment = bits >> 4 & 7;
    const int magnitude = (((bits & 15) << 1) + MU_BIAS) << segment;
    return (int16_t)((bits & 0x80 ? MU_BIAS - magnitude : magnitude - MU_BIAS) * 4);
}

/* G.711 table 1: 13-bit uniform sign and magnitude, two linear segments; even bits inverted. */
static uint8_t a_encode(int value)
{
    const bool negative = value < 0;
    const int magnitude = negative ? -value - 1 : value; /* 12 bits */
    const int segment = segment_of(magnitude, 0x1F);
    const int shift = segment < 2 ? 1 : segment;
    const int code = segment << 4 | ((magnitude >> shift) & 15);
    return (uint8_t)(code ^ (negative ? 0x55 : 0xD5));
}

static int16_t a_decode(uint8_t code)
{
    const int bits = code ^ 0x55;
    const int segment = bits >> 4 & 7;
    int magnitude = ((bits & 15) << 4) + 8;
    if (segment >= 1)
        magnitude += 0x100;
    if (segment > 1)
        magnitude <<= segment - 1;
    return (int16_t)(bits & 0x80 ? magnitude : -magnitude);
}

/* Filled when the library is loaded, before any thread exists. */
__attribute__((constructor)) static void fill_tables(void)
{
    for (int code = 0; code < 256; code++) {
        decode_table[TR_MU_LAW][code] = mu_decode((uint8_t)code);
        decode_table[TR_A_LAW][code] = a_decode((uint8_t)code);
    }
    for (int value = -8192; value < 8192; value++)
        mu_encode_table[value & 16383] = mu_encode(value);
    for (int value = -4096; value < 4096; value++)
        a_encode_table[value & 8191] = a_encode(value);
}

void tr_g711_encode_block(tr_law law, const int16_t *pcm, uint8_t *out, size_t samples)
{
    if (law == TR_MU_LAW)
        for (size_t i = 0; i < samples; i++)
            out[i] = mu_encode_table[(uint16_t)pcm[i] >> 2];
    else
        for (size_t i = 0; i < samples; i++)
            out[i] = a_encode_table[(uint16_t)pcm[i] >> 3];
}

void tr_g711_decode_block(tr_law law, const uint8_t *in, int16_t *pcm, size_t samples)
{
    const int16_t *table = decode_table[law];
    for (size_t i = 0; i < samples; i++)
        pcm[i] = table[in[i]];
}
