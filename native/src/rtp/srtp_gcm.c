/* AES-GCM (RFC 7714). nettle takes associated data in whole blocks, but for the last piece. */
#include <nettle/gcm.h>
#include <nettle/memops.h>
#include <string.h>

#include "rtp/srtp_answers.h"
#include "rtp/srtp_cipher.h"

enum { BLOCK = AES_BLOCK_SIZE, SALT = 12, IV = 12 };

typedef struct {
    tr_srtp_cipher base;
    struct gcm_key hash;
    struct gcm_ctx state;
    uint8_t iv[IV];
    uint8_t head[BLOCK]; /* associated data that fills no block yet */
    unsigned head_size, tag_size;
} gcm;

static srtp_err_status_t gcm_alloc(srtp_cipher_t **handle, int key_len, int tag_len,
                                   const srtp_cipher_type_t *type, const struct nettle_cipher *aes)
{
    if (key_len != (int)aes->key_size + SALT || tag_len < 1 || tag_len > GCM_DIGEST_SIZE)
        return srtp_err_status_bad_param;
    gcm *c = (gcm *)tr_srtp_cipher_new(handle, sizeof(gcm), type, aes, key_len);
    if (!c)
        return srtp_err_status_alloc_fail;
    c->tag_size = (unsigned)tag_len;
    return srtp_err_status_ok;
}

static srtp_err_status_t gcm_128_alloc(srtp_cipher_t **handle, int key_len, int tag_len)
{
    return gcm_alloc(handle, key_len, tag_len, &tr_srtp_gcm_128, &nettle_aes128);
}

static srtp_err_status_t gcm_256_alloc(srtp_cipher_t **handle, int key_len, int tag_len)
{
    return gcm_alloc(handle, key_len, tag_len, &tr_srtp_gcm_256, &nettle_aes256);
}

/* libsrtp mixes the salt into the IV itself. */
static srtp_err_status_t gcm_init(void *state, const uint8_t *key)
{
    gcm *c = state;
    c->base.aes->set_encrypt_key(&c->base.key, key);
    gcm_set_key(&c->hash, &c->base.key, c->base.aes->encrypt);
    return srtp_err_status_ok;
}

static void begin(gcm *c)
{
    gcm_set_iv(&c->state, &c->hash, IV, c->iv);
    c->head_size = 0;
}

static srtp_err_status_t gcm_new_iv(void *state, uint8_t *iv, srtp_cipher_direction_t direction)
{
    gcm *c = state;
    (void)direction;
    memcpy(c->iv, iv, IV);
    begin(c);
    return srtp_err_status_ok;
}

static srtp_err_status_t gcm_set_aad(void *state, const uint8_t *data, uint32_t size)
{
    gcm *c = state;
    for (uint32_t i = 0; i < size; i++) {
        c->head[c->head_size++] = data[i];
        if (c->head_size == BLOCK) {
            gcm_update(&c->state, &c->hash, BLOCK, c->head);
            c->head_size = 0;
        }
    }
    return srtp_err_status_ok;
}

static void end_of_aad(gcm *c)
{
    gcm_update(&c->state, &c->hash, c->head_size, c->head);
    c->head_size = 0;
}

static srtp_err_status_t gcm_encrypt_data(void *state, uint8_t *data, unsigned *size)
{
    gcm *c = state;
    end_of_aad(c);
    gcm_encrypt(&c->state, &c->hash, &c->base.key, c->base.aes->encrypt, *size, data, data);
    return srtp_err_status_ok;
}

static srtp_err_status_t gcm_get_tag(void *state, uint8_t *tag, uint32_t *size)
{
    gcm *c = state;
    gcm_digest(&c->state, &c->hash, &c->base.key, c->base.aes->encrypt, c->tag_size, tag);
    *size = c->tag_size;
    return srtp_err_status_ok;
}

static bool tag_is(gcm *c, const uint8_t *wanted)
{
    uint8_t tag[GCM_DIGEST_SIZE];
    uint32_t size;
    gcm_get_tag(c, tag, &size);
    return memeql_sec(tag, wanted, size);
}

static void decrypt_to(gcm *c, uint8_t *out, const uint8_t *data, unsigned size)
{
    gcm_decrypt(&c->state, &c->hash, &c->base.key, c->base.aes->encrypt, size, out, data);
}

/* The tag is compared and the data left as they are. */
static srtp_err_status_t testify(gcm *c, const uint8_t *data, unsigned size)
{
    uint8_t unread[8 * BLOCK];
    for (unsigned at = 0; at < size; at += sizeof unread)
        decrypt_to(c, unread, data + at, size - at < sizeof unread ? size - at : sizeof unread);
    c->base.witness->passed = tag_is(c, data + size);
    return srtp_err_status_auth_fail;
}

/* A packet with a wrong tag is left as it came: what it decrypts to is nobody's to see, and another
 * key may be tried on it. */
static srtp_err_status_t gcm_decrypt_data(void *state, uint8_t *data, unsigned *size)
{
    gcm *c = state;
    if (*size < c->tag_size)
        return srtp_err_status_bad_param;
    const unsigned length = *size - c->tag_size;
    end_of_aad(c);
    if (c->base.witness)
        return testify(c, data, length);
    decrypt_to(c, data, data, length);
    if (!tag_is(c, data + length)) {
        begin(c);
        decrypt_to(c, data, data, length);
        return srtp_err_status_auth_fail;
    }
    *size = length;
    return srtp_err_status_ok;
}

const srtp_cipher_type_t tr_srtp_gcm_128 = {
    .alloc = gcm_128_alloc,
    .dealloc = tr_srtp_cipher_free,
    .init = gcm_init,
    .set_aad = gcm_set_aad,
    .encrypt = gcm_encrypt_data,
    .decrypt = gcm_decrypt_data,
    .set_iv = gcm_new_iv,
    .get_tag = gcm_get_tag,
    .description = "AES-128 GCM using nettle",
    .test_data = &tr_srtp_answer_gcm_128,
    .id = SRTP_AES_GCM_128};

const srtp_cipher_type_t tr_srtp_gcm_256 = {
    .alloc = gcm_256_alloc,
    .dealloc = tr_srtp_cipher_free,
    .init = gcm_init,
    .set_aad = gcm_set_aad,
    .encrypt = gcm_encrypt_data,
    .decrypt = gcm_decrypt_data,
    .set_iv = gcm_new_iv,
    .get_tag = gcm_get_tag,
    .description = "AES-256 GCM using nettle",
    .test_data = &tr_srtp_answer_gcm_256,
    .id = SRTP_AES_GCM_256};
