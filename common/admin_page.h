/* admin_page.h - what the admin pages of services and of the gateway share. */
#ifndef COMMON_ADMIN_PAGE_H
#define COMMON_ADMIN_PAGE_H

#include "buf.h"
#include <netinet/in.h>

/* "127.0.0.1:8411" as an IPv4 address. */
MUST_CHECK int admin_address(const char *text, struct sockaddr_in *ret_address);
/* HELP and TYPE lines of the Prometheus text format 0.0.4. */
void metrics_head(struct buf *out, const char *name, const char *kind, const char *help);
/* Resident memory of this process. */
void metrics_memory(struct buf *out);

#endif
