#include "rtp/srtp.h"

#include <pthread.h>
#include <srtp2/srtp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "rtp/srtp_primitives.h"

enum { WINDOW = 1024, RTP_LEAST = 12, RTCP_LEAST = 8 };

struct tr_srtp {
    srtp_t session;
    uint32_t ssrc, epoch;
    uint32_t other_roc;      /* a rollover counter to try beside that of the session; 0: none */
    tr_srtp_witness witness; /* the gate's */
    tr_srtp *next;           /* in a pile */
};

typedef void set_policy(srtp_crypto_policy_t *policy);

/* RFC 4568 section 6.2: the tag of SRTCP has 80 bits with either tag of SRTP. */
static const struct {
    set_policy *rtp, *rtcp;
} suites[] = {
    [TR_SRTP_AES_CM_128_HMAC_SHA1_80] = {srtp_crypto_policy_set_rtp_default,
                                         srtp_crypto_policy_set_rtcp_default},
    [TR_SRTP_AES_CM_128_HMAC_SHA1_32] = {srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
                                         srtp_crypto_policy_set_rtcp_default},
    [TR_SRTP_AEAD_AES_128_GCM] = {srtp_crypto_policy_set_aes_gcm_128_16_auth,
                                  srtp_crypto_policy_set_aes_gcm_128_16_auth},
    [TR_SRTP_AEAD_AES_256_GCM] = {srtp_crypto_policy_set_aes_gcm_256_16_auth,
                                  srtp_crypto_policy_set_aes_gcm_256_16_auth},
};

/* libsrtp's tables and the witness of new ciphers are the process's. */
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static bool started;

int tr_srtp_start(void)
{
    pthread_mutex_lock(&making);
    if (!started)
        started = srtp_init() == srtp_err_status_ok && tr_srtp_primitives_install();
    const int result = started ? 0 : TR_ESYSTEM;
    pthread_mutex_unlock(&making);
    return result;
}

bool tr_srtp_key_same(const tr_srtp_key *a, const tr_srtp_key *b)
{
    return a->suite == b->suite &&
           (a->suite == TR_SRTP_OFF || memcmp(a->key, b->key, sizeof a->key) == 0);
}

static bool create(tr_srtp *srtp, const tr_srtp_key *key, srtp_ssrc_t ssrc,
                   tr_srtp_witness *witness)
{
    srtp_policy_t policy = {.ssrc = ssrc, .key = (uint8_t *)key->key, .window_size = WINDOW};
    suites[key->suite].rtp(&policy.rtp);
    suites[key->suite].rtcp(&policy.rtcp);
    pthread_mutex_lock(&making);
    tr_srtp_primitives_witness(witness);
    const bool made = srtp_create(&srtp->session, &policy) == srtp_err_status_ok;
    tr_srtp_primitives_witness(NULL);
    pthread_mutex_unlock(&making);
    return made;
}

static tr_srtp *make(const tr_srtp_key *key, srtp_ssrc_t ssrc, uint32_t epoch, bool gate)
{
    if (key->suite == TR_SRTP_OFF || key->suite >= sizeof suites / sizeof *suites ||
        tr_srtp_start() < 0)
        return NULL;
    tr_srtp *srtp = calloc(1, sizeof *srtp);
    if (!srtp)
        return NULL;
    srtp->ssrc = ssrc.value;
    srtp->epoch = epoch;
    if (create(srtp, key, ssrc, gate ? &srtp->witness : NULL))
        return srtp;
    free(srtp);
    return NULL;
}

tr_srtp *tr_srtp_new_sender(const tr_srtp_key *key, uint32_t ssrc)
{
    return make(key, (srtp_ssrc_t){ssrc_specific, ssrc}, 0, false);
}

tr_srtp *tr_srtp_new_receiver(const tr_srtp_key *key, uint32_t ssrc, uint32_t epoch)
{
    return make(key, (srtp_ssrc_t){ssrc_specific, ssrc}, epoch, false);
}

tr_srtp *tr_srtp_new_gate(const tr_srtp_key *key, uint32_t epoch)
{
    return make(key, (srtp_ssrc_t){ssrc_any_inbound, 0}, epoch, true);
}

void tr_srtp_free(tr_srtp *srtp)
{
    if (!srtp)
        return;
    pthread_mutex_lock(&making);
    srtp_dealloc(srtp->session);
    pthread_mutex_unlock(&making);
    free(srtp);
}

uint32_t tr_srtp_ssrc(const tr_srtp *srtp) { return srtp->ssrc; }

uint32_t tr_srtp_epoch(const tr_srtp *srtp) { return srtp->epoch; }

size_t tr_srtp_protect(tr_srtp *srtp, uint8_t *packet, size_t size)
{
    int length = (int)size;
    return srtp_protect(srtp->session, packet, &length) ? 0 : (size_t)length;
}

size_t tr_srtp_protect_rtcp(tr_srtp *srtp, uint8_t *packet, size_t size)
{
    int length = (int)size;
    return srtp_protect_rtcp(srtp->session, packet, &length) ? 0 : (size_t)length;
}

static tr_srtp_verdict judge(srtp_err_status_t status, int length, size_t *size)
{
    if (status == srtp_err_status_replay_fail || status == srtp_err_status_replay_old)
        return TR_SRTP_REPLAYED;
    if (status)
        return TR_SRTP_FORGED;
    *size = (size_t)length;
    return TR_SRTP_GENUINE;
}

void tr_srtp_follow(tr_srtp *receiver, const tr_srtp *former)
{
    if (srtp_get_stream_roc(former->session, former->ssrc, &receiver->other_roc))
        receiver->other_roc = 0;
}

static srtp_err_status_t unprotect(tr_srtp *srtp, uint8_t *packet, int *length)
{
    srtp_err_status_t status = srtp_unprotect(srtp->session, packet, length);
    if (status == srtp_err_status_auth_fail && srtp->other_roc) {
        srtp_set_stream_roc(srtp->session, srtp->ssrc, srtp->other_roc);
        status = srtp_unprotect(srtp->session, packet, length);
        if (status)
            srtp_set_stream_roc(srtp->session, srtp->ssrc, 0); /* as it was */
    }
    if (!status)
        srtp->other_roc = 0;
    return status;
}

tr_srtp_verdict tr_srtp_unprotect(tr_srtp *srtp, uint8_t *packet, size_t *size)
{
    int length = (int)*size;
    if (*size < RTP_LEAST)
        return TR_SRTP_FORGED;
    const srtp_err_status_t status = unprotect(srtp, packet, &length);
    return judge(status, length, size);
}

tr_srtp_verdict tr_srtp_unprotect_rtcp(tr_srtp *srtp, uint8_t *packet, size_t *size)
{
    int length = (int)*size;
    if (*size < RTCP_LEAST)
        return TR_SRTP_FORGED;
    const srtp_err_status_t status = srtp_unprotect_rtcp(srtp->session, packet, &length);
    return judge(status, length, size);
}

bool tr_srtp_gate_passes(tr_srtp *gate, uint8_t *packet, size_t size)
{
    gate->witness.passed = false;
    tr_srtp_unprotect(gate, packet, &size);
    return gate->witness.passed;
}

bool tr_srtp_gate_passes_rtcp(tr_srtp *gate, uint8_t *packet, size_t size)
{
    gate->witness.passed = false;
    tr_srtp_unprotect_rtcp(gate, packet, &size);
    return gate->witness.passed;
}

void tr_srtp_retire(tr_srtp_pile *pile, tr_srtp *srtp)
{
    if (!srtp)
        return;
    srtp->next = atomic_load_explicit(&pile->top, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&pile->top, &srtp->next, srtp,
                                                  memory_order_release, memory_order_relaxed))
        ;
}

void tr_srtp_free_pile(tr_srtp_pile *pile)
{
    tr_srtp *srtp = atomic_exchange_explicit(&pile->top, NULL, memory_order_acquire);
    while (srtp) {
        tr_srtp *next = srtp->next;
        tr_srtp_free(srtp);
        srtp = next;
    }
}

const void *tr_srtp_library(int number)
{
    return number == 0 ? (const void *)&srtp_protect : tr_srtp_primitives_code;
}
