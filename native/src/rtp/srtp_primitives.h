/*
 * AES and HMAC-SHA1 for libsrtp, from nettle: glue alone, no cryptography of our own.
 *
 * Debian builds libsrtp on NSS, which allocates 14 times and takes 32 mutexes for each packet.
 * nettle works in memory that is given to it, never allocates and never locks; libsrtp takes other
 * implementations of its primitives (srtp_replace_cipher_type) and tests them against known answers.
 *
 * A cipher belongs to a witness when one was named while it was made. Such a cipher decrypts
 * nothing. libsrtp asks it to once a packet has shown that it is genuine: the witness notes that,
 * and the refusal keeps libsrtp from allocating a stream for a new SSRC on the real-time thread.
 */
#ifndef TR_RTP_SRTP_PRIMITIVES_H
#define TR_RTP_SRTP_PRIMITIVES_H

#include <stdbool.h>

typedef struct {
    bool passed;
} tr_srtp_witness;

/* False: libsrtp found an answer wrong. After srtp_init, once; not RT safe. */
bool tr_srtp_primitives_install(void);
/* Of the ciphers made from now on; NULL: none. One thread at a time; not RT safe. */
void tr_srtp_primitives_witness(tr_srtp_witness *witness);
/* Some code of nettle's, to find the library by. */
extern const void *const tr_srtp_primitives_code;

#endif
