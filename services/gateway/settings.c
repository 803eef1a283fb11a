/* settings.c - configuration rows of the gateway, and the checks between them. */
#include "settings.h"
#include "admin_page.h"
#include "auth.h"

#include <limits.h>

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
    ROW(token_public_keys, CONF_TEXT, 0, 1500, "",
        "Files of further such keys, separated by blanks: the next one, and the one before, while keys are being "
        "changed."),
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

static int add_token_key(struct settings *settings, struct span hex)
{
    unsigned char public[TOKEN_PUBLIC_BYTES];
    while (hex.n && hex.p[hex.n - 1] == '\n')
        hex.n--;
    if (jws_public_parse(hex, public) < 0)
        return -1;
    token_key_init(&settings->token_keys[settings->n_token_keys++], public);
    return 0;
}

/* The further keys: a file each. */
static int set_more_keys(struct settings *settings)
{
    const char *p = settings->token_public_keys;
    while (*(p += strspn(p, " \t"))) {
        char path[PATH_MAX], hex[2 * TOKEN_PUBLIC_BYTES + 2];
        size_t n = strcspn(p, " \t");
        if (settings->n_token_keys == TOKEN_KEYS_MAX)
            return fault("token_public_keys", "names too many files; with token_public_key there may be four keys");
        snprintf(path, sizeof(path), "%.*s", (int)n, p);
        FILE *file = fopen(path, "re");
        size_t got = file ? fread(hex, 1, sizeof(hex), file) : 0;
        if (file)
            fclose(file);
        if (!file || add_token_key(settings, (struct span){hex, (uint32_t)got}) < 0) {
            fprintf(stderr, "configuration: token_public_keys: %s does not hold 64 hex digits\n", path);
            return -1;
        }
        p += n;
    }
    return 0;
}

static int set_token_keys(struct settings *settings)
{
    const struct conf_secret *hex = &settings->token_public_key;
    if (!hex->bytes)
        return fault("token_public_key", "must name the file with identity's public key");
    if (add_token_key(settings, (struct span){hex->bytes, (uint32_t)hex->n}) < 0)
        return fault("token_public_key", "the file must hold 64 hex digits");
    return set_more_keys(settings);
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
    result |= set_token_keys(settings);
    return result ? -1 : 0;
}

void settings_release(struct settings *settings)
{
    conf_release(settings_rows, settings);
}
