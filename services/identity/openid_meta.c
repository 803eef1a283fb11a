/*
 * openid_meta.c - a provider's metadata (OpenID Connect Discovery 1.0) and its keys.
 *
 * One thread at a time fetches; the others wait for it as long as their own call may last, then use what it found.
 * After a failure nobody asks again for a second. Keys are kept as long as the provider's Cache-Control says, within
 * bounds; a key that a fresh set lacks stops counting at once.
 */
#include "json_read.h"
#include "openid.h"
#include "service.h"
#include "url.h"

enum { URL_MOST = 1024, KEYS_AT_LEAST_S = 60 };
#define AFTER_FAILURE_US INT64_C(1000000)

struct lookup {
    pthread_mutex_t turn;  /* of the next three */
    pthread_cond_t next;   /* nobody fetches any more; waits by CLOCK_MONOTONIC */
    bool fetching;         /* one thread talks to the provider about itself */
    int64_t failed_at_us;  /* mono_us, as the others; 0: not yet */
    pthread_rwlock_t lock; /* of all below */
    struct arena memory;   /* of the metadata */
    struct openid_metadata metadata;
    int64_t metadata_at_us; /* 0: none */
    struct jwks *jwks;      /* NULL: none */
    int64_t jwks_at_us, jwks_until_us;
};

static struct lookup *lookup_of(const struct provider *provider)
{
    return provider->state;
}

const struct openid_conf *openid_conf(const struct provider *provider)
{
    return (const struct openid_conf *)(const void *)provider->conf;
}

int openid_open(struct provider *provider)
{
    pthread_condattr_t attributes;
    struct lookup *look = calloc(1, sizeof(*look));
    if (!look)
        return -1;
    bool failed = pthread_condattr_init(&attributes) || pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) ||
                  pthread_cond_init(&look->next, &attributes) || pthread_mutex_init(&look->turn, NULL) ||
                  pthread_rwlock_init(&look->lock, NULL);
    if (failed) {
        free(look);
        return -1;
    }
    provider->state = look;
    return 0;
}

void openid_close(struct provider *provider)
{
    struct lookup *look = lookup_of(provider);
    arena_release(&look->memory);
    jwks_free(look->jwks);
    pthread_cond_destroy(&look->next);
    pthread_mutex_destroy(&look->turn);
    pthread_rwlock_destroy(&look->lock);
    free(look);
    provider->state = NULL;
}

void openid_forget(struct provider *provider)
{
    struct lookup *look = lookup_of(provider);
    pthread_mutex_lock(&look->turn);
    pthread_rwlock_wrlock(&look->lock);
    arena_release(&look->memory);
    jwks_free(look->jwks);
    look->jwks = NULL;
    look->jwks_at_us = look->jwks_until_us = look->metadata_at_us = look->failed_at_us = 0;
    pthread_rwlock_unlock(&look->lock);
    pthread_mutex_unlock(&look->turn);
}

/* A document of the provider. */
static int get(struct dealing *d, enum provider_endpoint endpoint, const char *url, struct http_reply *ret_reply)
{
    struct http_request request = {.url = url};
    int code = provider_send(d, endpoint, &request, ret_reply);
    if (code)
        return code;
    if (ret_reply->status != 200)
        return provider_fail(d, ERR_PROVIDER, "the provider's metadata or keys cannot be read");
    if (!ret_reply->json)
        return provider_fail(d, ERR_PROVIDER, "the provider's metadata or keys do not come as JSON");
    return 0;
}

/* Becomes the thread that fetches. An error when that is not worth it or takes too long. */
static int lock_fetching(struct dealing *d)
{
    struct lookup *look = lookup_of(d->provider);
    struct timespec until = {.tv_sec = d->deadline_us / 1000000, .tv_nsec = d->deadline_us % 1000000 * 1000};
    int code = 0, waited = 0;
    pthread_mutex_lock(&look->turn);
    while (look->fetching && !waited)
        waited = pthread_cond_timedwait(&look->next, &look->turn, &until);
    if (look->fetching)
        code = provider_fail(d, ERR_PROVIDER_SLOW, "another call still waits for the provider");
    else if (look->failed_at_us && mono_us() - look->failed_at_us < AFTER_FAILURE_US)
        code = provider_fail(d, ERR_PROVIDER, "the provider failed a moment ago");
    else
        look->fetching = true;
    pthread_mutex_unlock(&look->turn);
    return code;
}

static void unlock_fetching(struct dealing *d, int code)
{
    struct lookup *look = lookup_of(d->provider);
    pthread_mutex_lock(&look->turn);
    if (code)
        look->failed_at_us = mono_us();
    look->fetching = false;
    pthread_cond_broadcast(&look->next);
    pthread_mutex_unlock(&look->turn);
}

/* An endpoint of the discovery document that we may talk to. */
static bool take_endpoint(struct dealing *d, const cJSON *document, const char *name, struct span *ret_url)
{
    const struct openid_conf *conf = openid_conf(d->provider);
    const char *url = json_text(document, name);
    if (!url || !*url || strlen(url) > URL_MOST || !url_may_be_called(url))
        return false;
    if (strcmp(conf->endpoints_elsewhere, "yes") != 0 && !http_same_origin(url, conf->issuer))
        return false;
    return arena_span(d->arena, (struct span){url, (uint32_t)strlen(url)}, ret_url) == 0;
}

/* Reads the discovery document into the arena. */
static int parse_metadata(struct dealing *d, struct span body, struct openid_metadata *ret_metadata)
{
    const struct openid_conf *conf = openid_conf(d->provider);
    struct openid_metadata found = {0};
    cJSON *document = json_read(body);
    const char *issuer = json_text(document, "issuer");
    const char *wrong = NULL;
    if (!document)
        wrong = "the metadata is not one JSON object";
    else if (!issuer || strcmp(issuer, conf->issuer) != 0)
        wrong = "the metadata belongs to another issuer";
    else if (!take_endpoint(d, document, "authorization_endpoint", &found.authorization_endpoint) ||
             !take_endpoint(d, document, "token_endpoint", &found.token_endpoint) ||
             !take_endpoint(d, document, "jwks_uri", &found.jwks_uri))
        wrong = "the metadata lacks an endpoint that can be used";
    else if (!strcmp(conf->userinfo, "yes") &&
             !take_endpoint(d, document, "userinfo_endpoint", &found.userinfo_endpoint))
        wrong = "the metadata lacks an endpoint that can be used";
    if (!wrong && !take_endpoint(d, document, "end_session_endpoint", &found.end_session_endpoint))
        found.end_session_endpoint = (struct span){0};
    found.names_itself =
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(document, "authorization_response_iss_parameter_supported"));
    cJSON_Delete(document);
    if (wrong)
        return provider_fail(d, ERR_PROVIDER, wrong);
    *ret_metadata = found;
    return 0;
}

/* Copies texts into another arena; an empty one stays empty. */
static int copy_metadata(const struct openid_metadata *from, struct arena *arena, struct openid_metadata *ret_copy)
{
    struct openid_metadata copy = *from;
    struct span *texts[] = {&copy.authorization_endpoint, &copy.token_endpoint, &copy.jwks_uri, &copy.userinfo_endpoint,
                            &copy.end_session_endpoint};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i]->n && arena_span(arena, *texts[i], texts[i]) < 0)
            return -1;
    }
    *ret_copy = copy;
    return 0;
}

/* The metadata when it is fresh. */
static bool known_metadata(struct dealing *d, struct openid_metadata *ret_metadata)
{
    struct lookup *look = lookup_of(d->provider);
    int64_t most_us = openid_conf(d->provider)->cache_s * 1000000;
    pthread_rwlock_rdlock(&look->lock);
    bool fresh = look->metadata_at_us && mono_us() - look->metadata_at_us < most_us &&
                 copy_metadata(&look->metadata, d->arena, ret_metadata) == 0;
    pthread_rwlock_unlock(&look->lock);
    return fresh;
}

static int keep_metadata(struct dealing *d, const struct openid_metadata *found)
{
    struct lookup *look = lookup_of(d->provider);
    int code = 0;
    pthread_rwlock_wrlock(&look->lock);
    look->metadata_at_us = 0;
    arena_release(&look->memory);
    arena_init(&look->memory, 65536);
    if (copy_metadata(found, &look->memory, &look->metadata) == 0)
        look->metadata_at_us = mono_us();
    else
        code = provider_fail(d, ERR_PROVIDER, "out of memory");
    pthread_rwlock_unlock(&look->lock);
    return code;
}

int openid_metadata_fetch(struct dealing *d, struct openid_metadata *ret_metadata, struct http_reply *ret_reply)
{
    const char *issuer = openid_conf(d->provider)->issuer;
    bool slash = issuer[strlen(issuer) - 1] == '/';
    const char *url = arena_printf(d->arena, "%s%s.well-known/openid-configuration", issuer, slash ? "" : "/");
    if (!url)
        return ERR_TOO_LARGE;
    int code = get(d, ENDPOINT_DISCOVERY, url, ret_reply);
    return code ? code : parse_metadata(d, ret_reply->body, ret_metadata);
}

int openid_keys_fetch(struct dealing *d, struct span uri, struct jwks **ret_jwks)
{
    struct http_reply reply;
    int code = get(d, ENDPOINT_JWKS, uri.p, &reply);
    struct jwks *jwks = code ? NULL : jwks_parse(reply.body, &d->why);
    if (!jwks)
        return code ? code : ERR_PROVIDER;
    *ret_jwks = jwks;
    return 0;
}

int openid_metadata_get(struct dealing *d, struct openid_metadata *ret_metadata)
{
    struct http_reply reply;
    if (known_metadata(d, ret_metadata))
        return 0;
    int code = lock_fetching(d);
    if (code)
        return code;
    if (!known_metadata(d, ret_metadata)) {
        code = openid_metadata_fetch(d, ret_metadata, &reply);
        if (!code)
            code = keep_metadata(d, ret_metadata);
    }
    unlock_fetching(d, code);
    return code;
}

/* When the present keys were fetched; 0: never, or they may be kept no longer. */
static int64_t keys_at(const struct lookup *look)
{
    pthread_rwlock_rdlock((pthread_rwlock_t *)&look->lock);
    int64_t at = look->jwks && mono_us() < look->jwks_until_us ? look->jwks_at_us : 0;
    pthread_rwlock_unlock((pthread_rwlock_t *)&look->lock);
    return at;
}

/* How long a key set may be kept. */
static int64_t lifetime_us(const struct openid_conf *conf, int64_t max_age_s)
{
    int64_t s = max_age_s < 0 ? conf->cache_s : max_age_s;
    s = s < KEYS_AT_LEAST_S ? KEYS_AT_LEAST_S : s;
    return (s < conf->cache_s ? s : conf->cache_s) * 1000000;
}

/* Makes sure of keys that were fetched after `after_us`. */
static int get_keys(struct dealing *d, struct span uri, int64_t after_us)
{
    struct lookup *look = lookup_of(d->provider);
    struct http_reply reply;
    if (keys_at(look) > after_us)
        return 0;
    int code = lock_fetching(d);
    if (code)
        return code;
    if (keys_at(look) <= after_us) {
        code = get(d, ENDPOINT_JWKS, uri.p, &reply);
        struct jwks *fresh = code ? NULL : jwks_parse(reply.body, &d->why);
        if (fresh) {
            pthread_rwlock_wrlock(&look->lock);
            struct jwks *old = look->jwks;
            look->jwks = fresh;
            look->jwks_at_us = mono_us();
            look->jwks_until_us = look->jwks_at_us + lifetime_us(openid_conf(d->provider), reply.max_age_s);
            pthread_rwlock_unlock(&look->lock);
            jwks_free(old);
        } else if (!code) {
            code = ERR_PROVIDER;
        }
    }
    unlock_fetching(d, code);
    return code;
}

int openid_with_keys(struct dealing *d, const struct openid_metadata *metadata,
                     int (*judge)(struct dealing *d, const struct jwks *jwks, void *user), void *user)
{
    struct lookup *look = lookup_of(d->provider);
    int64_t after_us = 0;
    for (int round = 0;; round++) {
        int code = get_keys(d, metadata->jwks_uri, after_us);
        if (code)
            return code;
        pthread_rwlock_rdlock(&look->lock);
        int64_t at_us = look->jwks_at_us;
        code = look->jwks ? judge(d, look->jwks, user) : ID_TOKEN_KEY_UNKNOWN;
        pthread_rwlock_unlock(&look->lock);
        if (code != ID_TOKEN_KEY_UNKNOWN)
            return code;
        if (round > 0 || mono_us() - at_us < openid_conf(d->provider)->refetch_s * 1000000)
            return ERR_PROVIDER;
        after_us = at_us;
    }
}
