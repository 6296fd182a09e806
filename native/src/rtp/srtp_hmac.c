/* HMAC-SHA1 (RFC 2104), cut to the length of a tag. */
#include <nettle/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "rtp/srtp_answers.h"
#include "rtp/srtp_cipher.h"

enum { SHA1_BYTES = SHA1_DIGEST_SIZE };

typedef struct {
    srtp_auth_t handle;
    struct hmac_sha1_ctx keyed;
    bool begun; /* something was hashed and no digest taken */
} hmac;

static srtp_err_status_t hmac_alloc(srtp_auth_t **handle, int key_len, int out_len)
{
    if (key_len > SHA1_BYTES || out_len > SHA1_BYTES)
        return srtp_err_status_bad_param;
    hmac *h = calloc(1, sizeof *h);
    if (!h)
        return srtp_err_status_alloc_fail;
    h->handle =
        (srtp_auth_t){.type = &tr_srtp_hmac_sha1, .state = h, .out_len = out_len, .key_len = key_len};
    *handle = &h->handle;
    return srtp_err_status_ok;
}

static srtp_err_status_t hmac_dealloc(srtp_auth_t *handle)
{
    void *h = handle->state;
    explicit_bzero(h, sizeof(hmac));
    free(h);
    return srtp_err_status_ok;
}

static srtp_err_status_t hmac_init(void *state, const uint8_t *key, int key_len)
{
    hmac *h = state;
    hmac_sha1_set_key(&h->keyed, (size_t)key_len, key);
    h->begun = false;
    return srtp_err_status_ok;
}

static srtp_err_status_t hmac_start(void *state)
{
    hmac *h = state;
    uint8_t unread[SHA1_BYTES];
    if (h->begun)
        hmac_sha1_digest(&h->keyed, sizeof unread, unread); /* back to the keyed beginning */
    h->begun = false;
    return srtp_err_status_ok;
}

static srtp_err_status_t hmac_more(void *state, const uint8_t *data, int size)
{
    hmac *h = state;
    hmac_sha1_update(&h->keyed, (size_t)size, data);
    h->begun = true;
    return srtp_err_status_ok;
}

static srtp_err_status_t hmac_compute(void *state, const uint8_t *data, int size, int tag_len,
                                      uint8_t *tag)
{
    hmac *h = state;
    if (tag_len > SHA1_BYTES)
        return srtp_err_status_bad_param;
    hmac_more(state, data, size);
    hmac_sha1_digest(&h->keyed, (size_t)tag_len, tag);
    h->begun = false;
    return srtp_err_status_ok;
}

const srtp_auth_type_t tr_srtp_hmac_sha1 = {
    .alloc = hmac_alloc,
    .dealloc = hmac_dealloc,
    .init = hmac_init,
    .compute = hmac_compute,
    .update = hmac_more,
    .start = hmac_start,
    .description = "HMAC-SHA1 using nettle",
    .test_data = &tr_srtp_answer_hmac,
    .id = SRTP_HMAC_SHA1};
