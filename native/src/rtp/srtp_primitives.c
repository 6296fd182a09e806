#include <nettle/memops.h>
#include <stdlib.h>
#include <string.h>

#include "rtp/srtp_cipher.h"

const void *const tr_srtp_primitives_code = (const void *)&nettle_memeql_sec;

static tr_srtp_witness *witness_of_new;

void tr_srtp_primitives_witness(tr_srtp_witness *witness) { witness_of_new = witness; }

tr_srtp_cipher *tr_srtp_cipher_new(srtp_cipher_t **handle, size_t size,
                                   const srtp_cipher_type_t *type, const struct nettle_cipher *aes,
                                   int key_len)
{
    tr_srtp_cipher *c = calloc(1, size);
    if (!c)
        return NULL;
    c->size = size;
    c->aes = aes;
    c->witness = witness_of_new;
    c->handle = (srtp_cipher_t){
        .type = type, .state = c, .key_len = key_len, .algorithm = (int)type->id};
    *handle = &c->handle;
    return c;
}

srtp_err_status_t tr_srtp_cipher_free(srtp_cipher_t *handle)
{
    tr_srtp_cipher *c = handle->state;
    explicit_bzero(c, c->size);
    free(c);
    return srtp_err_status_ok;
}

static bool install(const srtp_cipher_type_t *type)
{
    return srtp_replace_cipher_type(type, type->id) == srtp_err_status_ok;
}

bool tr_srtp_primitives_install(void)
{
    return install(&tr_srtp_icm_128) && install(&tr_srtp_icm_256) && install(&tr_srtp_gcm_128) &&
           install(&tr_srtp_gcm_256) &&
           srtp_replace_auth_type(&tr_srtp_hmac_sha1, SRTP_HMAC_SHA1) == srtp_err_status_ok;
}
