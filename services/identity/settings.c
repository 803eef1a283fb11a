/* settings.c - identity's configuration rows, and what is made of them before the first call. */
#include "identity.h"
#include "openid.h"
#include <sodium.h>

#define ROW(name, type, min, max, preset, doc)                                                                         \
    {                                                                                                                  \
#name, type, min, max, preset, doc, offsetof(struct identity_conf, name)                                       \
    }

const struct conf_row identity_rows[] = {
    ROW(oidc_issuer, CONF_TEXT, 0, 256, "", "Identity provider, as it names itself; empty: nobody can log in."),
    ROW(oidc_client_id, CONF_TEXT, 0, 128, "hocvu", "Our name at the provider."),
    ROW(oidc_client_secret, CONF_SECRET, 0, 1024, "", "File with our secret at the provider."),
    ROW(oidc_redirect_uri, CONF_TEXT, 0, 512, "", "Where the provider sends browsers back to, as registered there."),
    ROW(oidc_scope, CONF_TEXT, 6, 200, "openid profile_vn", "Scopes asked for; openid is one of them."),
    ROW(oidc_provider, CONF_TEXT, 1, 32, "openid", "Name under which links to this provider are kept."),
    ROW(claim_national_id, CONF_TEXT, 1, 64, "SoDinhDanh", "Claim with the twelve digits."),
    ROW(claim_full_name, CONF_TEXT, 1, 64, "HoVaTen", "Claim with the name."),
    ROW(claim_assurance, CONF_TEXT, 1, 64, "acr", "Claim with the level of the account."),
    ROW(required_assurance, CONF_TEXT, 0, 64, "", "Lowest level that may log in; empty: not checked."),
    ROW(oidc_skew_s, CONF_INT, 0, 300, "30", "Seconds that the provider's clock may differ from ours."),
    ROW(oidc_cache_s, CONF_INT, 10, 86400, "3600", "Seconds that the provider's metadata and keys are kept."),
    ROW(oidc_refetch_s, CONF_INT, 1, 3600, "10", "Seconds between two looks for a key that we do not know."),
    ROW(oidc_connect_ms, CONF_INT, 50, 3000, "1000", "Longest wait for a connection to the provider."),
    ROW(oidc_total_ms, CONF_INT, 100, 4000, "3500", "Longest wait for the provider within one call."),
    ROW(access_minutes, CONF_INT, 1, 60, "15", "Life of an access token."),
    ROW(session_idle_minutes, CONF_INT, 5, 10080, "480", "A session that is not refreshed ends after this time."),
    ROW(session_max_hours, CONF_INT, 1, 720, "168", "A session ends after this time in any case."),
    ROW(token_sign_key, CONF_SECRET, 64, 128, "", "File with the Ed25519 key of access tokens, hex."),
    ROW(national_hash_key, CONF_SECRET, 64, 64, "", "File with the key by which personal numbers are found, hex."),
    ROW(national_box_key, CONF_SECRET, 64, 64, "", "File with the PUBLIC key of the boxes with personal numbers, hex."),
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

/* The provider's rows belong together: none of them, or all. */
static int check_provider(const struct identity_conf *conf)
{
    int result = 0;
    if (!*conf->oidc_issuer)
        return 0;
    if (!openid_url_allowed(conf->oidc_issuer))
        result = wrong("oidc_issuer", "must be an https URL, or http on the loopback address.");
    if (!*conf->oidc_redirect_uri)
        result = wrong("oidc_redirect_uri", "is needed with oidc_issuer.");
    if (!*conf->oidc_client_id)
        result = wrong("oidc_client_id", "is needed with oidc_issuer.");
    if (!conf->oidc_client_secret.n)
        result = wrong("oidc_client_secret", "is needed with oidc_issuer.");
    return result;
}

int identity_check(void *conf)
{
    struct identity_conf *c = conf;
    if (sodium_init() < 0)
        return wrong("libsodium", "cannot be started.");
    int result = check_provider(c);
    if (jws_secret_parse(secret_span(&c->token_sign_key), c->sign_key) < 0)
        result = wrong("token_sign_key", "must name a file with an Ed25519 key in hex (hocvu keys init makes it).");
    if (seal_keys_parse(&c->seal_keys, secret_span(&c->national_hash_key), secret_span(&c->national_box_key)) < 0)
        result = wrong("national_hash_key, national_box_key",
                       "must name files with 64 hex digits each (hocvu keys init makes them).");
    return result;
}

int identity_start(void *conf)
{
    (void)conf;
    return openid_start();
}

const struct identity_conf *identity_conf(const struct ctx *ctx)
{
    return ctx->conf;
}
