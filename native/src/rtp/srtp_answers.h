/*
 * Known answers, which libsrtp tries on every implementation that it is given: RFC 3711 section B.2,
 * RFC 6188 section 7.1, RFC 7714 sections 16.1.1 and 16.2.1, RFC 2202 section 3.
 */
#ifndef TR_RTP_SRTP_ANSWERS_H
#define TR_RTP_SRTP_ANSWERS_H

#include <srtp2/auth.h>
#include <srtp2/cipher.h>

extern const srtp_cipher_test_case_t tr_srtp_answer_icm_128, tr_srtp_answer_icm_256,
    tr_srtp_answer_gcm_128, tr_srtp_answer_gcm_256;
extern const srtp_auth_test_case_t tr_srtp_answer_hmac;

#endif
