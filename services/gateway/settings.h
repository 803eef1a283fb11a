/*
 * settings.h - the gateway's configuration: rows as `gateway --help` prints them, and what is derived from them once.
 */
#ifndef GATEWAY_SETTINGS_H
#define GATEWAY_SETTINGS_H

#include "address.h"
#include "conf.h"
#include "log.h"
#include "token.h"
#include "zsock.h"

#include <netinet/in.h>

enum { TRUSTED_PROXIES = 8 };

struct settings {
    /* rows */
    const char *log_level;
    const char *listen, *admin_listen;
    const char *public_url;
    const char *static_dir, *api_dir;
    struct conf_secret token_public_key;
    const char *token_public_keys;
    int64_t in_flight, connections, idle_seconds;
    int64_t rate_per_second, rate_burst;
    int64_t account_per_second, account_burst;
    int64_t tokens_kept;
    const char *trusted_proxy;
    struct bus_conf bus;

    /* derived by settings_load */
    enum log_level level;
    struct sockaddr_in listen_address, admin_address;
    bool https; /* browsers reach us by TLS, so cookies are Secure */
    /* Under https their names have prefixes, by which a browser refuses them from anybody else. */
    const char *access_cookie, *refresh_cookie, *login_cookie;
    struct address proxies[TRUSTED_PROXIES];
    size_t n_proxies;
    struct token_key token_keys[TOKEN_KEYS_MAX];
    size_t n_token_keys;
};

extern const struct conf_row settings_rows[];

/* Reads rows and derives the rest; prints every fault on standard error and returns -1 if there was one. */
MUST_CHECK int settings_load(struct settings *settings, const char *path);
void settings_release(struct settings *settings);

#endif
