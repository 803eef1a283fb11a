/* settings.c - configuration rows of the gateway, and the checks between them. */
#include "settings.h"
#include "admin_page.h"
#include "auth.h"

#define ROW(name, type, min, max, preset, doc)                                                                         \
    {                                                                                                                  \
#name, type, min, max, preset, doc, offsetof(struct settings, name)                                            \
    }

const struct conf_row settings_rows[] = {
    ROW(log_level, CONF_TEXT, 4, 5, "info", "debug, info, warn or error."),
    ROW(listen, CONF_TEXT, 9, 60, "127.0.0.1:8400", "IPv4 address:port of the public interface."),
    ROW(admin_listen, CONF_TEXT, 0, 60, "", "IPv4 address:port of /health and /metrics; none when empty."),
    ROW(public_url, CONF_TEXT, 8, 200, "http://127.0.0.1:8400",
        "How browsers reach the gateway; with https its cookies are Secure."),
    ROW(static_dir, CONF_TEXT, 1, 500, "services/gateway/static", "Directory of the portal's pages."),
    ROW(api_dir, CONF_TEXT, 1, 500, "proto/derived", "Directory of openapi.json and the API page."),
    ROW(token_public_key, CONF_SECRET, 0, 0, "", "Identity's Ed25519 key for access tokens, 64 hex digits."),
    ROW(in_flight, CONF_INT, 4, 65000, "16384",
        "Requests waiting for services at once; one service may hold three quarters of it. Beyond: BUSY."),
    ROW(connections, CONF_INT, 8, 65000, "16384", "Client connections at once."),
    ROW(idle_seconds, CONF_INT, 1, 600, "30",
        "A silent connection is closed after this long, one that never completes a request after four times."),
    ROW(rate_per_second, CONF_INT, 0, 1000000, "200", "Requests per second from one client address; 0: no limit."),
    ROW(rate_burst, CONF_INT, 1, 1000000, "400", "Requests that one address may send at once."),
    ROW(account_per_second, CONF_INT, 0, 1000000, "50",
        "Requests per second of one account, from wherever they come; 0: no limit."),
    ROW(account_burst, CONF_INT, 1, 1000000, "100", "Requests that one account may send at once."),
    ROW(tokens_kept, CONF_INT, AUTH_WAYS, 4194304, "65536",
        "Verified access tokens remembered, about 600 bytes each; twice as many as people active at once."),
    ROW(trusted_proxy, CONF_TEXT, 0, 400, "",
        "Addresses of TLS proxies, separated by blanks; only from these is X-Forwarded-For believed."),
    BUS_CONF_ROWS(struct settings, bus),
    {.name = NULL},
};

static int fault(const char *name, const char *sentence)
{
    fprintf(stderr, "configuration: %s: %s\n", name, sentence);
    return -1;
}

static int set_level(struct settings *settings)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (!strcmp(settings->log_level, levels[i])) {
            settings->level = (enum log_level)i;
            return 0;
        }
    }
    return fault("log_level", "must be debug, info, warn or error");
}

static int set_proxies(struct settings *settings)
{
    const char *p = settings->trusted_proxy;
    while (*(p += strspn(p, " \t"))) {
        size_t n = strcspn(p, " \t");
        if (settings->n_proxies == TRUSTED_PROXIES)
            return fault("trusted_proxy", "names too many addresses");
        if (address_parse((struct span){p, (uint32_t)n}, &settings->proxies[settings->n_proxies]) < 0)
            return fault("trusted_proxy", "must hold IPv4 or IPv6 addresses");
        settings->n_proxies++;
        p += n;
    }
    return 0;
}

static int set_token_key(struct settings *settings)
{
    const struct conf_secret *hex = &settings->token_public_key;
    if (!hex->bytes)
        return fault("token_public_key", "must name the file with identity's public key");
    if (jws_public_parse((struct span){hex->bytes, (uint32_t)hex->n}, settings->token_key) < 0)
        return fault("token_public_key", "the file must hold 64 hex digits");
    return 0;
}

static int set_addresses(struct settings *settings)
{
    int result = 0;
    if (admin_address(settings->listen, &settings->listen_address) < 0)
        result = fault("listen", "must be address:port, such as 127.0.0.1:8400");
    if (*settings->admin_listen && admin_address(settings->admin_listen, &settings->admin_address) < 0)
        result = fault("admin_listen", "must be address:port, such as 127.0.0.1:8410");
    return result;
}

static int set_url(struct settings *settings)
{
    settings->https = !strncmp(settings->public_url, "https://", 8);
    if (!settings->https && strncmp(settings->public_url, "http://", 7))
        return fault("public_url", "must begin with https:// or http://");
    settings->access_cookie = settings->https ? "__Host-hocvu_access" : "hocvu_access";
    settings->refresh_cookie = settings->https ? "__Secure-hocvu_refresh" : "hocvu_refresh";
    settings->login_cookie = settings->https ? "__Secure-hocvu_login" : "hocvu_login";
    return 0;
}

int settings_load(struct settings *settings, const char *path)
{
    if (conf_load(settings_rows, NULL, settings, path) < 0)
        return -1;
    int result = set_level(settings);
    result |= set_addresses(settings);
    result |= set_url(settings);
    result |= set_proxies(settings);
    result |= set_token_key(settings);
    return result ? -1 : 0;
}

void settings_release(struct settings *settings)
{
    conf_release(settings_rows, settings);
}
