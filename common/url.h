/* url.h - where this installation may call by itself: identity providers, receivers of changes. Needs libcurl. */
#ifndef COMMON_URL_H
#define COMMON_URL_H

#include <stdbool.h>

/* https, or http on the loopback address, and no name or password within. Any thread. */
bool url_may_be_called(const char *url);

#endif
