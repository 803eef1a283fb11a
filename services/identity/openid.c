/*
 * openid.c - the provider's metadata and keys (OpenID Connect Discovery 1.0), the redirect, the code exchange.
 *
 * One thread at a time fetches; the others wait for it as long as their own call may last, then use what it found.
 * After a failure nobody asks again for a second, so that a provider that is down does not hold all workers.
 */
#include "openid.h"
#include "http.h"
#include "identity.h"
#include <cJSON.h>
#include <pthread.h>
#include <sodium.h>
#include <time.h>

enum { LOCATION_MAX = 4096, FORM_MAX = 8192, CREDENTIAL_MAX = 4096 };
#define AFTER_FAILURE_US INT64_C(1000000)

/* What the discovery document says, as far as we need it. */
struct metadata {
    struct span authorization_endpoint, token_endpoint, jwks_uri;
    bool names_itself; /* RFC 9207: the redirect carries `iss` */
};

static struct {
    pthread_mutex_t turn;  /* of the next three */
    pthread_cond_t next;   /* nobody fetches any more; waits by CLOCK_MONOTONIC */
    bool fetching;         /* one thread talks to the provider about itself */
    int64_t failed_at_us;  /* mono_us, as the others; 0: not yet */
    pthread_rwlock_t lock; /* of all below */
    struct arena memory;   /* of the metadata */
    struct metadata metadata;
    int64_t metadata_at_us; /* 0: none */
    struct jwks *jwks;      /* NULL: none */
    int64_t jwks_at_us;
} provider = {.turn = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_RWLOCK_INITIALIZER};

/* One call's dealing with the provider. */
struct dealing {
    const struct identity_conf *conf;
    struct arena *arena;
    int64_t deadline_us;
    const char *why;
};

int openid_start(void)
{
    pthread_condattr_t attributes;
    bool failed = pthread_condattr_init(&attributes) || pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) ||
                  pthread_cond_init(&provider.next, &attributes);
    return failed ? -1 : http_start();
}

bool openid_url_allowed(const char *url)
{
    return http_url_allowed(url);
}

static struct dealing begin(const struct identity_conf *conf, struct arena *arena)
{
    return (struct dealing){conf, arena, mono_us() + conf->oidc_total_ms * 1000, ""};
}

/* A document of the provider. */
static int get(struct dealing *d, const char *url, struct span *ret_body)
{
    struct http_request request = {.url = url, .deadline_us = d->deadline_us, .connect_ms = d->conf->oidc_connect_ms};
    struct http_reply reply;
    if (http_send(&request, d->arena, &reply, &d->why) < 0)
        return ERR_PROVIDER;
    if (reply.status != 200) {
        d->why = "the provider's metadata or keys cannot be read";
        return ERR_PROVIDER;
    }
    *ret_body = reply.body;
    return 0;
}

/* Becomes the thread that fetches. ERR_PROVIDER when that is not worth it or takes too long. */
static int lock_fetching(struct dealing *d)
{
    struct timespec until = {.tv_sec = d->deadline_us / 1000000, .tv_nsec = d->deadline_us % 1000000 * 1000};
    bool mine = false;
    int waited = 0;
    pthread_mutex_lock(&provider.turn);
    while (provider.fetching && !waited)
        waited = pthread_cond_timedwait(&provider.next, &provider.turn, &until);
    if (provider.fetching)
        d->why = "another call still waits for the provider";
    else if (provider.failed_at_us && mono_us() - provider.failed_at_us < AFTER_FAILURE_US)
        d->why = "the provider failed a moment ago";
    else
        mine = provider.fetching = true;
    pthread_mutex_unlock(&provider.turn);
    return mine ? 0 : ERR_PROVIDER;
}

static void unlock_fetching(int code)
{
    pthread_mutex_lock(&provider.turn);
    if (code)
        provider.failed_at_us = mono_us();
    provider.fetching = false;
    pthread_cond_broadcast(&provider.next);
    pthread_mutex_unlock(&provider.turn);
}

/* An endpoint of the discovery document that we may talk to. */
static bool take_endpoint(const cJSON *document, const char *name, struct arena *arena, struct span *ret_url)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(document, name);
    if (!cJSON_IsString(item) || strlen(item->valuestring) > 1024 || !http_url_allowed(item->valuestring))
        return false;
    return arena_span(arena, (struct span){item->valuestring, (uint32_t)strlen(item->valuestring)}, ret_url) == 0;
}

/* Reads the discovery document into the arena. */
static int parse_metadata(struct dealing *d, struct span body, struct metadata *ret_metadata)
{
    struct metadata found = {0};
    cJSON *document = cJSON_ParseWithLength(body.p, body.n);
    const cJSON *issuer = cJSON_GetObjectItemCaseSensitive(document, "issuer");
    const cJSON *iss = cJSON_GetObjectItemCaseSensitive(document, "authorization_response_iss_parameter_supported");
    int code = ERR_PROVIDER;
    if (!cJSON_IsString(issuer) || strcmp(issuer->valuestring, d->conf->oidc_issuer) != 0)
        d->why = "the metadata belongs to another issuer";
    else if (!take_endpoint(document, "authorization_endpoint", d->arena, &found.authorization_endpoint) ||
             !take_endpoint(document, "token_endpoint", d->arena, &found.token_endpoint) ||
             !take_endpoint(document, "jwks_uri", d->arena, &found.jwks_uri))
        d->why = "the metadata lacks an endpoint that can be used";
    else
        code = 0;
    found.names_itself = cJSON_IsTrue(iss);
    cJSON_Delete(document);
    if (code == 0)
        *ret_metadata = found;
    return code;
}

/* Copies texts into another arena. */
static int copy_metadata(const struct metadata *from, struct arena *arena, struct metadata *ret_copy)
{
    struct metadata copy = {.names_itself = from->names_itself};
    if (arena_span(arena, from->authorization_endpoint, &copy.authorization_endpoint) < 0 ||
        arena_span(arena, from->token_endpoint, &copy.token_endpoint) < 0 ||
        arena_span(arena, from->jwks_uri, &copy.jwks_uri) < 0)
        return -1;
    *ret_copy = copy;
    return 0;
}

/* The metadata when it is fresh. */
static bool known_metadata(struct dealing *d, struct metadata *ret_metadata)
{
    pthread_rwlock_rdlock(&provider.lock);
    bool fresh = provider.metadata_at_us && mono_us() - provider.metadata_at_us < d->conf->oidc_cache_s * 1000000 &&
                 copy_metadata(&provider.metadata, d->arena, ret_metadata) == 0;
    pthread_rwlock_unlock(&provider.lock);
    return fresh;
}

static int keep_metadata(struct dealing *d, const struct metadata *found)
{
    int code = 0;
    pthread_rwlock_wrlock(&provider.lock);
    provider.metadata_at_us = 0;
    arena_release(&provider.memory);
    arena_init(&provider.memory, 65536);
    if (copy_metadata(found, &provider.memory, &provider.metadata) == 0) {
        provider.metadata_at_us = mono_us();
    } else {
        d->why = "out of memory";
        code = ERR_PROVIDER;
    }
    pthread_rwlock_unlock(&provider.lock);
    return code;
}

static int get_metadata(struct dealing *d, struct metadata *ret_metadata)
{
    struct span body;
    if (known_metadata(d, ret_metadata))
        return 0;
    if (!*d->conf->oidc_issuer) {
        d->why = "no identity provider is configured";
        return ERR_PROVIDER;
    }
    size_t n = strlen(d->conf->oidc_issuer);
    bool slash = d->conf->oidc_issuer[n - 1] == '/';
    char *url = arena_printf(d->arena, "%s%s.well-known/openid-configuration", d->conf->oidc_issuer, slash ? "" : "/");
    if (!url)
        return ERR_TOO_LARGE;
    int code = lock_fetching(d);
    if (code)
        return code;
    if (!known_metadata(d, ret_metadata)) {
        code = get(d, url, &body);
        if (!code)
            code = parse_metadata(d, body, ret_metadata);
        if (!code)
            code = keep_metadata(d, ret_metadata);
    }
    unlock_fetching(code);
    return code;
}

/* When the present keys were fetched; 0: never. */
static int64_t keys_at(void)
{
    pthread_rwlock_rdlock(&provider.lock);
    int64_t at = provider.jwks ? provider.jwks_at_us : 0;
    pthread_rwlock_unlock(&provider.lock);
    return at;
}

/* Makes sure of keys that were fetched after `after_us`. */
static int get_keys(struct dealing *d, struct span uri, int64_t after_us)
{
    struct span body;
    if (keys_at() > after_us)
        return 0;
    int code = lock_fetching(d);
    if (code)
        return code;
    if (keys_at() <= after_us) {
        code = get(d, uri.p, &body);
        struct jwks *fresh = code ? NULL : jwks_parse(body, &d->why);
        if (fresh) {
            pthread_rwlock_wrlock(&provider.lock);
            struct jwks *old = provider.jwks;
            provider.jwks = fresh;
            provider.jwks_at_us = mono_us();
            pthread_rwlock_unlock(&provider.lock);
            jwks_free(old);
        } else {
            code = ERR_PROVIDER;
        }
    }
    unlock_fetching(code);
    return code;
}

void openid_forget(void)
{
    pthread_mutex_lock(&provider.turn);
    pthread_rwlock_wrlock(&provider.lock);
    arena_release(&provider.memory);
    jwks_free(provider.jwks);
    provider.jwks = NULL;
    provider.jwks_at_us = provider.metadata_at_us = provider.failed_at_us = 0;
    pthread_rwlock_unlock(&provider.lock);
    pthread_mutex_unlock(&provider.turn);
}

static struct span text_span(const char *text)
{
    return (struct span){text, (uint32_t)strlen(text)};
}

static void add_parameter(struct buf *out, const char *name, struct span value)
{
    buf_printf(out, "%s=", name);
    http_add_escaped(out, value);
    buf_add_char(out, '&');
}

/* Takes the last '&' away and gives the text, NUL-terminated, in the arena. */
static int finish_text(struct buf *text, struct arena *arena, struct span *ret_text)
{
    int code = ERR_TOO_LARGE;
    if (!text->failed && text->n && arena_span(arena, (struct span){text->p, (uint32_t)text->n - 1}, ret_text) == 0)
        code = 0;
    buf_release(text);
    return code;
}

static int challenge_of(struct span verifier, struct arena *arena, struct span *ret_challenge)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    struct buf text;
    crypto_hash_sha256(hash, (const unsigned char *)verifier.p, verifier.n);
    buf_init(&text, 64);
    base64url_add(&text, hash, sizeof(hash));
    buf_add_char(&text, '&');
    return finish_text(&text, arena, ret_challenge);
}

int openid_location(const struct identity_conf *conf, const struct openid_request *request, struct arena *arena,
                    struct span *ret_location, const char **ret_why)
{
    struct dealing d = begin(conf, arena);
    struct metadata metadata;
    struct span challenge;
    struct buf url;
    int code = get_metadata(&d, &metadata);
    *ret_why = d.why;
    if (!code)
        code = challenge_of(request->verifier, arena, &challenge);
    if (code)
        return code;
    buf_init(&url, LOCATION_MAX);
    buf_add_span(&url, metadata.authorization_endpoint);
    buf_add_char(&url, memchr(metadata.authorization_endpoint.p, '?', metadata.authorization_endpoint.n) ? '&' : '?');
    add_parameter(&url, "response_type", SPAN("code"));
    add_parameter(&url, "client_id", text_span(conf->oidc_client_id));
    add_parameter(&url, "redirect_uri", text_span(conf->oidc_redirect_uri));
    add_parameter(&url, "scope", text_span(conf->oidc_scope));
    add_parameter(&url, "state", request->state);
    add_parameter(&url, "nonce", request->nonce);
    add_parameter(&url, "code_challenge", challenge);
    add_parameter(&url, "code_challenge_method", SPAN("S256"));
    if (*conf->required_assurance)
        add_parameter(&url, "acr_values", text_span(conf->required_assurance));
    *ret_why = "the location is too long";
    return finish_text(&url, arena, ret_location);
}

/* One half of client_secret_basic: form-encoded before it is joined (RFC 6749, section 2.3.1). */
static int credential(struct dealing *d, struct span text, struct span *ret_text)
{
    struct buf escaped;
    buf_init(&escaped, CREDENTIAL_MAX);
    http_add_escaped(&escaped, text);
    buf_add_char(&escaped, '&');
    return finish_text(&escaped, d->arena, ret_text);
}

/* What a refused exchange means: a code that is no longer good is the browser's trouble, all else is ours. */
static int refused(struct dealing *d, const struct http_reply *reply)
{
    cJSON *document = cJSON_ParseWithLength(reply->body.p, reply->body.n);
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(document, "error");
    bool grant = reply->status == 400 && cJSON_IsString(error) && !strcmp(error->valuestring, "invalid_grant");
    bool client = cJSON_IsString(error) && !strcmp(error->valuestring, "invalid_client");
    cJSON_Delete(document);
    d->why = grant    ? "the provider does not know the code (any more)"
             : client ? "the provider does not accept our client name and secret"
                      : "the provider refused the exchange";
    return grant ? ERR_UNAUTHENTICATED : ERR_PROVIDER;
}

/* Gives the code, gets the ID token. */
static int exchange(struct dealing *d, const struct openid_answer *answer, const struct metadata *metadata,
                    struct span *ret_token)
{
    struct buf text;
    struct span form, user, password;
    struct http_reply reply;
    buf_init(&text, FORM_MAX);
    add_parameter(&text, "grant_type", SPAN("authorization_code"));
    add_parameter(&text, "code", answer->code);
    add_parameter(&text, "redirect_uri", text_span(d->conf->oidc_redirect_uri));
    add_parameter(&text, "code_verifier", answer->verifier);
    const struct conf_secret *secret = &d->conf->oidc_client_secret;
    int code = finish_text(&text, d->arena, &form);
    if (!code)
        code = credential(d, text_span(d->conf->oidc_client_id), &user);
    if (!code)
        code = credential(d, (struct span){secret->bytes ? secret->bytes : "", (uint32_t)secret->n}, &password);
    if (code)
        return code;
    struct http_request request = {
        .url = metadata->token_endpoint.p,
        .form = form.p,
        .user = user.p,
        .password = password.p,
        .deadline_us = d->deadline_us,
        .connect_ms = d->conf->oidc_connect_ms,
    };
    if (http_send(&request, d->arena, &reply, &d->why) < 0)
        return ERR_PROVIDER;
    if (reply.status != 200)
        return refused(d, &reply);
    cJSON *document = cJSON_ParseWithLength(reply.body.p, reply.body.n);
    const cJSON *token = cJSON_GetObjectItemCaseSensitive(document, "id_token");
    code = ERR_PROVIDER;
    if (!cJSON_IsString(token))
        d->why = "the provider's answer has no ID token";
    else
        code = arena_span(d->arena, text_span(token->valuestring), ret_token) == 0 ? 0 : ERR_TOO_LARGE;
    cJSON_Delete(document);
    return code;
}

/* Judges the token with the keys at hand, and once more with fresh ones when it names a key that we do not have. */
static int judge(struct dealing *d, const struct openid_answer *answer, const struct metadata *metadata,
                 struct span token, struct claims *ret_claims, const char **ret_field)
{
    const struct identity_conf *conf = d->conf;
    struct id_rules rules = {
        .issuer = conf->oidc_issuer,
        .client_id = conf->oidc_client_id,
        .nonce = answer->nonce,
        .now_s = now_us() / 1000000,
        .skew_s = conf->oidc_skew_s,
        .claim_national_id = conf->claim_national_id,
        .claim_full_name = conf->claim_full_name,
        .claim_assurance = conf->claim_assurance,
        .required_assurance = conf->required_assurance,
    };
    int64_t after_us = mono_us() - conf->oidc_cache_s * 1000000;
    if (after_us < 0) /* the machine has just begun; 0 means never */
        after_us = 0;
    for (int round = 0;; round++) {
        int code = get_keys(d, metadata->jwks_uri, after_us);
        if (code)
            return code;
        pthread_rwlock_rdlock(&provider.lock);
        int64_t at_us = provider.jwks_at_us;
        code = provider.jwks ? id_token_read(provider.jwks, &rules, token, d->arena, ret_claims, &d->why, ret_field)
                             : ID_TOKEN_KEY_UNKNOWN;
        pthread_rwlock_unlock(&provider.lock);
        if (code != ID_TOKEN_KEY_UNKNOWN)
            return code;
        if (round > 0 || mono_us() - at_us < conf->oidc_refetch_s * 1000000)
            return ERR_PROVIDER;
        after_us = at_us;
    }
}

int openid_exchange(const struct identity_conf *conf, const struct openid_answer *answer, struct arena *arena,
                    struct claims *ret_claims, const char **ret_why, const char **ret_field)
{
    struct dealing d = begin(conf, arena);
    struct metadata metadata;
    struct span token;
    struct span issuer = text_span(conf->oidc_issuer);
    *ret_field = "provider";
    int code = get_metadata(&d, &metadata);
    if (!code && (answer->iss.n || metadata.names_itself) &&
        (answer->iss.n != issuer.n || memcmp(answer->iss.p, issuer.p, issuer.n) != 0)) {
        d.why = "the redirect comes from another issuer";
        *ret_field = "iss";
        code = ERR_UNAUTHENTICATED;
    }
    if (!code)
        code = exchange(&d, answer, &metadata, &token);
    if (!code)
        code = judge(&d, answer, &metadata, token, ret_claims, ret_field);
    *ret_why = d.why;
    return code;
}
