/*
 * address.h - the network address of a client as one comparable value: IPv6, with IPv4 mapped into it.
 */
#ifndef GATEWAY_ADDRESS_H
#define GATEWAY_ADDRESS_H

#include "types.h"

#include <sys/socket.h>

struct address {
    uint8_t b[16];
};

enum { ADDRESS_TEXT = 46 };

/* Of a socket's peer; -1 when it is neither IPv4 nor IPv6. */
MUST_CHECK int address_of(const struct sockaddr *from, struct address *ret_address);
/* From text, without a port. */
MUST_CHECK int address_parse(struct span text, struct address *ret_address);
void address_format(const struct address *address, char ret[ADDRESS_TEXT]);
bool address_equal(const struct address *a, const struct address *b);
/* The part that one subscriber holds: an IPv4 address, or the /64 of an IPv6 address. */
struct address address_subscriber(const struct address *address);

#endif
