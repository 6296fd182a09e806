#include "rtp/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static size_t host_bytes(const tr_address *a) { return a->family == 4 ? 4 : 16; }

bool tr_address_same_host(const tr_address *a, const tr_address *b)
{
    return a->family && a->family == b->family && !memcmp(a->host, b->host, host_bytes(a));
}

bool tr_address_same(const tr_address *a, const tr_address *b)
{
    return a->port == b->port && tr_address_same_host(a, b);
}

bool tr_address_unspecified(const tr_address *a)
{
    static const uint8_t zero[16];
    return !memcmp(a->host, zero, host_bytes(a));
}

bool tr_address_within(const tr_address *a, const tr_address *network)
{
    if (!a->family || a->family != network->family)
        return false;
    const unsigned whole = network->prefix / 8, rest = network->prefix % 8;
    if (whole > host_bytes(a) || memcmp(a->host, network->host, whole))
        return false;
    if (rest == 0)
        return true;
    const uint8_t mask = (uint8_t)(0xFF << (8 - rest));
    return whole < host_bytes(a) && !((a->host[whole] ^ network->host[whole]) & mask);
}

void tr_address_from_socket(tr_address *a, const struct sockaddr_storage *from)
{
    memset(a, 0, sizeof *a);
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)from;
        a->family = 4;
        a->port = ntohs(in->sin_port);
        memcpy(a->host, &in->sin_addr, 4);
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)from;
        const bool mapped = !memcmp(&in6->sin6_addr, mapped_prefix, sizeof mapped_prefix);
        a->family = mapped ? 4 : 6;
        a->port = ntohs(in6->sin6_port);
        memcpy(a->host, (const uint8_t *)&in6->sin6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
    }
}

static socklen_t to_inet(const tr_address *a, struct sockaddr_in *in)
{
    if (a->family != 4)
        return 0;
    in->sin_family = AF_INET;
    in->sin_port = htons(a->port);
    memcpy(&in->sin_addr, a->host, 4);
    return sizeof *in;
}

static socklen_t to_inet6(const tr_address *a, struct sockaddr_in6 *in6)
{
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(a->port);
    if (a->family == 4) {
        memcpy(&in6->sin6_addr, mapped_prefix, sizeof mapped_prefix);
        memcpy((uint8_t *)&in6->sin6_addr + 12, a->host, 4);
    } else {
        memcpy(&in6->sin6_addr, a->host, 16);
    }
    return sizeof *in6;
}

socklen_t tr_address_to_socket(const tr_address *a, int family, struct sockaddr_storage *to)
{
    memset(to, 0, sizeof *to);
    if (!a->family || !a->port || tr_address_unspecified(a))
        return 0;
    return family == AF_INET6 ? to_inet6(a, (void *)to) : to_inet(a, (void *)to);
}
