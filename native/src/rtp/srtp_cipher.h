/* What both kinds of AES cipher share. Inside of srtp_primitives alone. */
#ifndef TR_RTP_SRTP_CIPHER_H
#define TR_RTP_SRTP_CIPHER_H

#include <nettle/aes.h>
#include <nettle/nettle-meta.h>
#include <srtp2/auth.h>
#include <srtp2/cipher.h>

#include "rtp/srtp_primitives.h"

/* The first member of each cipher. `size` is that of the whole, to wipe it. */
typedef struct {
    srtp_cipher_t handle;
    size_t size;
    const struct nettle_cipher *aes;
    union {
        struct aes128_ctx of128;
        struct aes256_ctx of256;
    } key;
    tr_srtp_witness *witness;
} tr_srtp_cipher;

/* Zeros, but for what is known; NULL: no memory. */
tr_srtp_cipher *tr_srtp_cipher_new(srtp_cipher_t **handle, size_t size,
                                   const srtp_cipher_type_t *type, const struct nettle_cipher *aes,
                                   int key_len);
srtp_err_status_t tr_srtp_cipher_free(srtp_cipher_t *handle);

extern const srtp_cipher_type_t tr_srtp_icm_128, tr_srtp_icm_256, tr_srtp_gcm_128, tr_srtp_gcm_256;
extern const srtp_auth_type_t tr_srtp_hmac_sha1;

#endif
