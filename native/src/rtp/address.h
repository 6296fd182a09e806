/*
 * IP addresses as the engine keeps them (tr_address), and their socket form.
 *
 * IPv4-mapped IPv6 addresses (::ffff:a.b.c.d) are stored as IPv4, so that comparing is bytewise
 * whatever family the socket has. RT safe.
 */
#ifndef TR_RTP_ADDRESS_H
#define TR_RTP_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "tipring_engine.h"

bool tr_address_same(const tr_address *a, const tr_address *b);
bool tr_address_same_host(const tr_address *a, const tr_address *b);
/* 0.0.0.0 or ::, which on hold means "nowhere" (RFC 2543 style, RFC 3264 section 8.4). */
bool tr_address_unspecified(const tr_address *a);
bool tr_address_within(const tr_address *a, const tr_address *network);
void tr_address_from_socket(tr_address *a, const struct sockaddr_storage *from);
/* `family` is the socket's; an IPv4 address on an IPv6 socket becomes IPv4-mapped. 0: cannot be. */
socklen_t tr_address_to_socket(const tr_address *a, int family, struct sockaddr_storage *to);

#endif
