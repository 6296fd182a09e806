/* Keys for tests of SRTP: any bytes, the same for both sides. */
#ifndef TR_TEST_SRTP_KEYS_H
#define TR_TEST_SRTP_KEYS_H

#include "rtp/srtp.h"

static inline tr_srtp_key test_key(uint8_t suite, uint8_t first)
{
    tr_srtp_key key = {.suite = suite};
    for (int i = 0; i < TR_SRTP_KEY_BYTES; i++)
        key.key[i] = (uint8_t)(first + i * 7);
    return key;
}

#endif
