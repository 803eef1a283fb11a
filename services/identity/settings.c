/* settings.c - identity's configuration rows, and what is made of them before the first call. */
#include "identity.h"
#include "http.h"
#include "overdue.h"
#include "provider.h"
#include <sodium.h>

#define ROW(name, type, min, max, preset, doc)                                                                         \
    {                                                                                                                  \
#name, type, min, max, preset, doc, offsetof(struct identity_conf, name)                                       \
    }

const struct conf_row identity_rows[] = {
    ROW(provider_dir, CONF_TEXT, 0, 1024, "",
        "Folder with a file <name>.conf for each identity provider (its rows: README.md); empty: nobody can log in."),
    ROW(pending_days, CONF_INT, 1, 3650, "90",
        "Claims of an account that is on no roster are forgotten after this time."),
    ROW(access_minutes, CONF_INT, 1, 60, "15", "Life of an access token."),
    ROW(session_idle_minutes, CONF_INT, 5, 10080, "480", "A session that is not refreshed ends after this time."),
    ROW(session_max_hours, CONF_INT, 1, 720, "168", "A session ends after this time in any case."),
    ROW(login_window_s, CONF_INT, 1, 86400, "600", "Refused logins count together for this long."),
    ROW(login_refused_account, CONF_INT, 0, 1000000, "10", "Refused logins of one account in that time; 0: no limit."),
    ROW(login_refused_address, CONF_INT, 0, 1000000, "100",
        "The same from one network (IPv4 /24, IPv6 /64); 0: no limit."),
    ROW(decree_people_at_once, CONF_INT, 0, 200000, "50000",
        "A decree that moves more tenures than this is carried out beside the calls, which have 5 seconds."),
    ROW(token_sign_key, CONF_SECRET, 64, 128, "", "File with the Ed25519 key of access tokens, hex."),
    ROW(refresh_key, CONF_SECRET, 64, 64, "", "File with the key that makes refresh tokens, hex."),
    ROW(national_hash_key, CONF_SECRET, 64, 64, "", "File with the key by which personal numbers are found, hex."),
    ROW(national_box_key, CONF_SECRET, 64, 64, "", "File with the PUBLIC key of the boxes with personal numbers, hex."),
    ROW(national_hash_key_before, CONF_TEXT, 0, 500, "",
        "File with the key of the hashes before it, there while keys are being changed (hocvu keys rotate)."),
    ROW(spool_dir, CONF_TEXT, 1, 200, "/var/tmp", "Directory on a disk for the nameless files of a roster import."),
    ROW(roster_most_rows, CONF_INT, 1, 50000000, "6000000", "Most rows of one roster."),
    {0},
};

static struct span secret_span(const struct conf_secret *secret)
{
    return (struct span){secret->bytes ? secret->bytes : "", (uint32_t)secret->n};
}

static int wrong(const char *row, const char *sentence)
{
    fprintf(stderr, "configuration: %s: %s\n", row, sentence);
    return -1;
}

static int parse_refresh_key(struct span hex, unsigned char ret_key[REFRESH_KEY_BYTES])
{
    size_t n;
    return sodium_hex2bin(ret_key, REFRESH_KEY_BYTES, hex.p, hex.n, NULL, &n, NULL) == 0 && n == REFRESH_KEY_BYTES ? 0
                                                                                                                   : -1;
}

int identity_check(void *conf)
{
    struct identity_conf *c = conf;
    if (sodium_init() < 0)
        return wrong("libsodium", "cannot be started.");
    int result = 0;
    if (jws_secret_parse(secret_span(&c->token_sign_key), c->sign_key) < 0)
        result = wrong("token_sign_key", "must name a file with an Ed25519 key in hex (hocvu keys init makes it).");
    if (parse_refresh_key(secret_span(&c->refresh_key), c->refresh_mac_key) < 0)
        result = wrong("refresh_key", "must name a file with 64 hex digits (hocvu keys init makes it).");
    if (seal_keys_parse(&c->keys_at_start, secret_span(&c->national_hash_key), secret_span(&c->national_box_key)) < 0)
        result = wrong("national_hash_key, national_box_key",
                       "must name files with 64 hex digits each (hocvu keys init makes them).");
    else if (keys_read_before(c->national_hash_key_before, &c->keys_at_start) < 0)
        result = wrong("national_hash_key_before", "holds no key: 64 hex digits.");
    c->providers = calloc(1, sizeof(*c->providers));
    if (!c->providers || providers_load(c->providers, c->provider_dir) < 0)
        result = -1;
    return result;
}

void identity_release(void *conf)
{
    struct identity_conf *c = conf;
    if (c->providers)
        providers_release(c->providers);
    free(c->providers);
    c->providers = NULL;
}

int identity_start(void *conf)
{
    (void)conf;
    return http_start();
}

void identity_metrics(const void *conf, struct buf *out)
{
    providers_metrics(((const struct identity_conf *)conf)->providers, out);
    overdue_metrics(out);
}

const struct identity_conf *identity_conf(const struct ctx *ctx)
{
    return ctx->conf;
}
