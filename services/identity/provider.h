/*
 * provider.h - identity providers: several at once, each with a name, a configuration file and an adapter that speaks
 * its protocol. Nothing outside the adapters knows a protocol.
 *
 * Failures return an error of errors.def with a constant sentence for log and audit in dealing.why: never a code, a
 * token or a claim in it; and in dealing.field what it is about.
 */
#ifndef IDENTITY_PROVIDER_H
#define IDENTITY_PROVIDER_H

#include "arena.h"
#include "claims.h"
#include "conf.h"
#include "http.h"
#include <pthread.h>
#include <time.h>

enum { PROVIDERS_MAX = 8, PROVIDER_NAME_MAX = 32, LEVELS_MAX = 16, SEEN_MAX = 4 };

/* The rows that a provider of any kind has; the first member of each kind's configuration. */
struct provider_conf {
    const char *kind, *title_vi, *title_en, *enabled;
    const char *client_id, *redirect_uri;
    struct conf_secret client_secret;
    const char *claim_national_id, *claim_full_name, *claim_birth_date, *claim_level, *levels, *required_level;
    const char *level_vi, *level_en;
    int64_t skew_s, connect_ms, total_ms, at_once;
};

struct dealing;
struct provider;

/* Secrets of one login, as text: state and nonce are sent, the verifier (of PKCE) only as its hash. */
struct login_secrets {
    struct span state, nonce, verifier;
};

/* What came back, and what the login was begun with. */
struct login_answer {
    struct span code;
    struct span encrypt_key; /* of the code; empty: it is not encrypted */
    struct span iss;         /* empty: the redirect did not name it */
    struct span nonce, verifier;
};

/* What a provider says when a session there has ended: one of sid and subject, or both. Texts in the arena. */
struct logout_claims {
    struct span sid, subject;
    struct span jti; /* of the message: it counts once */
    int64_t iat_s;   /* seconds since 1970 */
};

/* One thing that was tried on a provider, for whoever connects it. Texts are constants or in the arena. */
struct probe_step {
    const char *what; /* constant name */
    bool ok;
    const char *found;                 /* what there was; no secrets */
    const char *advice_vi, *advice_en; /* what to do; "": nothing */
};
enum { PROBE_STEPS_MAX = 24 };
struct probe {
    uint32_t n;
    struct probe_step steps[PROBE_STEPS_MAX];
};

/* What a protocol is made of. */
struct adapter {
    const char *kind;
    const struct conf_row *rows; /* of the kind, beside those of all kinds; offsets into conf_size bytes */
    size_t conf_size;
    int (*check)(const struct provider *provider); /* of the rows; prints faults, -1 */
    int (*open)(struct provider *provider);        /* its state, once; -1 */
    void (*close)(struct provider *provider);      /* gives the state back */
    void (*forget)(struct provider *provider);     /* what it has looked up */
    int (*location)(struct dealing *, const struct login_secrets *, struct span *ret_location);
    int (*finish)(struct dealing *, const struct login_answer *, struct claims *ret_claims);
    int (*leave)(struct dealing *, struct span *ret_location);                       /* NULL: knows no logout */
    int (*told_off)(struct dealing *, struct span token, struct logout_claims *ret); /* NULL: is never told */
    void (*probe)(struct dealing *, struct probe *probe);
};
extern const struct adapter openid_adapter, vneid_adapter;
extern const struct adapter *const adapters[]; /* ends with NULL */

/* What of a provider is asked, and what came of it; named in provider_metrics.c. */
enum provider_endpoint { ENDPOINT_DISCOVERY, ENDPOINT_JWKS, ENDPOINT_TOKEN, ENDPOINT_USERINFO, ENDPOINTS };
enum provider_outcome { OUTCOME_OK, OUTCOME_REFUSED, OUTCOME_FAILED, OUTCOME_SLOW, OUTCOMES };
enum { PROVIDER_BUCKETS = 9 };
struct provider_times {
    _Atomic uint64_t bucket[PROVIDER_BUCKETS], n, us; /* buckets are apart, not summed up */
};

struct provider {
    char name[PROVIDER_NAME_MAX + 1];
    const struct adapter *adapter;
    struct provider_conf *conf; /* of adapter->conf_size */
    void *state;                /* the adapter's */
    pthread_mutex_t lock;       /* of all below */
    int64_t under_way;          /* dealings */
    int64_t failures[3];        /* mono_us of the latest */
    int64_t closed_until_us;    /* mono_us; the breaker is open until then */
    bool trying;                /* one dealing tries whether the provider is back */
    uint64_t opened;            /* how often the breaker was */
    _Atomic uint64_t spent_us, dealings, refused;
    struct provider_times times[ENDPOINTS][OUTCOMES];
};

struct providers {
    uint32_t n;
    struct provider *list[PROVIDERS_MAX]; /* by name */
};

/* One call's dealing with a provider. */
struct dealing {
    struct provider *provider;
    struct arena *arena;
    int64_t deadline_us; /* mono_us */
    const char *why, *field;
    int64_t provider_us; /* time spent waiting for the provider */
    /* Hashes of what an honest provider sends once; who holds the claims to be true must not have seen them before. */
    uint32_t n_seen;
    struct span seen[SEEN_MAX];
};

/* --- provider_conf.c --- */

/* The rows of all kinds; ends with an empty one. */
extern const struct conf_row provider_rows[];
/*
 * Reads <name>.conf of the folder, each a provider ("": none). Prints every fault and returns -1. HOCVU_<NAME>_<ROW> in
 * the environment wins over the file. `ret_providers` is for providers_release in any case.
 */
MUST_CHECK int providers_load(struct providers *ret_providers, const char *folder);
/* One of them: as providers_load does. NULL: the faults have been printed. For provider_free. */
MUST_CHECK struct provider *provider_load(const char *name, const char *path);
void provider_free(struct provider *provider);
void providers_release(struct providers *providers);
/* What --help says about the files. */
void providers_help(void);
/* NULL: there is none of this name, or it is not enabled. */
struct provider *provider_find(const struct providers *providers, struct span name);
bool provider_enabled(const struct provider *provider);
/* Prints what is wrong with a row of a provider; returns -1. */
int provider_wrong(const struct provider *provider, const char *row, const char *sentence);

/* --- claims_read.c --- */

/* Place of a level in the provider's list, from 1; 0: it is not in it. */
uint8_t provider_level(const struct provider_conf *conf, struct span level);
/* Days since 1970 of YYYY-MM-DD or DD/MM/YYYY. */
MUST_CHECK int provider_date(struct span text, int32_t *ret_days);

/* --- provider.c: dealings, which hold the provider to its bounds: so many at once, so long, not while it is down ---
 */

struct dealing provider_dealing(struct provider *provider, struct arena *arena);
/* Where the browser goes; text in the arena. */
MUST_CHECK int provider_location(struct dealing *d, const struct login_secrets *secrets, struct span *ret_location);
/* Who it is: exchanges the code, judges the answer, holds the level against the one required. */
MUST_CHECK int provider_finish(struct dealing *d, const struct login_answer *answer, struct claims *ret_claims);
/* Where the browser goes to end its session at the provider. ERR_NOT_FOUND: the provider knows no such place. */
MUST_CHECK int provider_leave(struct dealing *d, struct span *ret_location);
/* Judges a message that a session there has ended. ERR_NOT_FOUND: this kind of provider sends none. */
MUST_CHECK int provider_told_off(struct dealing *d, struct span token, struct logout_claims *ret_claims);
/* Tries everything that can be tried without a person. */
void provider_probe(struct dealing *d, struct probe *probe);
/* Adds a step; beyond the most there are it is left out. */
void probe_add(struct probe *probe, const char *what, bool ok, const char *found, const char *advice_vi,
               const char *advice_en);
/* Forgets what was looked up and what failed: for tests that change the provider. */
void provider_forget(struct provider *provider);

/* --- provider_metrics.c --- */

/* Lines of /metrics; providers may be NULL. */
void providers_metrics(const struct providers *providers, struct buf *out);
/* Counts an answer that took `us` microseconds, or none that was waited for as long. From any thread. */
void provider_observe(struct provider *provider, enum provider_endpoint endpoint, enum provider_outcome outcome,
                      int64_t us);

/* --- for adapters --- */

/* Sends within the dealing's time; how long it took is counted for the endpoint. 0, or an error with `why`. */
MUST_CHECK int provider_send(struct dealing *d, enum provider_endpoint endpoint, struct http_request *request,
                             struct http_reply *ret_reply);
/* Sets `why` and gives `code`. */
int provider_fail(struct dealing *d, int code, const char *why);
/* SHA-256 of the verifier as PKCE sends it; text in the arena. */
MUST_CHECK int provider_challenge(struct dealing *d, struct span verifier, struct span *ret_challenge);
/* Adds the step "clock": the Date of a reply against ours; -1: it had none. */
void probe_clock(struct dealing *d, int64_t date_s, struct probe *probe);

#endif
