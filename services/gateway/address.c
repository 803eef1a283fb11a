/* address.c - network addresses, see address.h. */
#include "address.h"

#include <arpa/inet.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_mapped(const struct address *address)
{
    return !memcmp(address->b, mapped, sizeof(mapped));
}

int address_of(const struct sockaddr *from, struct address *ret_address)
{
    if (from->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof(in));
        memcpy(ret_address->b, mapped, sizeof(mapped));
        memcpy(ret_address->b + sizeof(mapped), &in.sin_addr, 4);
        return 0;
    }
    if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, from, sizeof(in));
        memcpy(ret_address->b, &in.sin6_addr, sizeof(ret_address->b));
        return 0;
    }
    return -1;
}

int address_parse(struct span text, struct address *ret_address)
{
    char copy[ADDRESS_TEXT];
    struct address address;
    if (text.n >= sizeof(copy))
        return -1;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    if (inet_pton(AF_INET, copy, address.b + sizeof(mapped)) == 1)
        memcpy(address.b, mapped, sizeof(mapped));
    else if (inet_pton(AF_INET6, copy, address.b) != 1)
        return -1;
    *ret_address = address;
    return 0;
}

void address_format(const struct address *address, char ret[ADDRESS_TEXT])
{
    const void *from = is_mapped(address) ? address->b + sizeof(mapped) : address->b;
    if (!inet_ntop(is_mapped(address) ? AF_INET : AF_INET6, from, ret, ADDRESS_TEXT))
        ret[0] = '\0';
}

bool address_equal(const struct address *a, const struct address *b)
{
    return !memcmp(a->b, b->b, sizeof(a->b));
}

struct address address_subscriber(const struct address *address)
{
    struct address subscriber = *address;
    if (!is_mapped(address))
        memset(subscriber.b + 8, 0, 8);
    return subscriber;
}
