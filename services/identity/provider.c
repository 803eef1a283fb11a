/*
 * provider.c - dealings with a provider, whatever it speaks.
 *
 * A provider that is slow must not hold all workers: at most `at_once` dealings are under way, the next is refused at
 * once. One that is down is not asked by everybody: three failures within ten seconds open the breaker for five, then a
 * single dealing tries. A failure is a request without an answer, or an answer of 500 and more; what a provider says
 * about one login does not count.
 */
#include "provider.h"
#include "codec.h"
#include "service.h"
#include <sodium.h>

enum { FAILURES = 3 };
#define WITHIN_US INT64_C(10000000)
#define OPEN_US   INT64_C(5000000)

int provider_fail(struct dealing *d, int code, const char *why)
{
    d->why = why;
    return code;
}

struct dealing provider_dealing(struct provider *provider, struct arena *arena)
{
    return (struct dealing){.provider = provider,
                            .arena = arena,
                            .deadline_us = mono_us() + provider->conf->total_ms * 1000,
                            .why = "",
                            .field = "provider"};
}

/* Is there room, and is the provider thought to be there? */
static int enter(struct dealing *d)
{
    struct provider *p = d->provider;
    int code = 0;
    pthread_mutex_lock(&p->lock);
    if (p->under_way >= p->conf->at_once)
        code = provider_fail(d, ERR_PROVIDER_SLOW, "as many logins as may wait for the provider already do");
    else if (p->closed_until_us && (p->trying || mono_us() < p->closed_until_us))
        code = provider_fail(d, ERR_PROVIDER, "the provider failed three times in a row and is left alone for a while");
    else
        p->under_way++, p->trying = p->closed_until_us != 0;
    pthread_mutex_unlock(&p->lock);
    if (code)
        p->refused++;
    else
        p->dealings++;
    return code;
}

static void leave(struct dealing *d)
{
    struct provider *p = d->provider;
    pthread_mutex_lock(&p->lock);
    p->under_way--;
    p->trying = false;
    pthread_mutex_unlock(&p->lock);
    p->spent_us += (uint64_t)d->provider_us;
}

/* An answer came, or none. */
static void note(struct provider *p, bool failed)
{
    int64_t now = mono_us();
    pthread_mutex_lock(&p->lock);
    if (!failed) {
        for (int i = 0; i < FAILURES; i++)
            p->failures[i] = 0;
        p->closed_until_us = 0;
    } else {
        for (int i = 0; i + 1 < FAILURES; i++)
            p->failures[i] = p->failures[i + 1];
        p->failures[FAILURES - 1] = now;
        if (p->closed_until_us || (p->failures[0] && now - p->failures[0] < WITHIN_US)) {
            p->opened += !p->closed_until_us;
            p->closed_until_us = now + OPEN_US;
        }
    }
    pthread_mutex_unlock(&p->lock);
}

int provider_send(struct dealing *d, enum provider_endpoint endpoint, struct http_request *request,
                  struct http_reply *ret_reply)
{
    int64_t begun = mono_us();
    request->deadline_us = d->deadline_us;
    request->connect_ms = d->provider->conf->connect_ms;
    int code = http_send(request, d->arena, ret_reply, &d->why);
    int64_t us = mono_us() - begun;
    enum provider_outcome outcome = code == ERR_PROVIDER_SLOW          ? OUTCOME_SLOW
                                    : code || ret_reply->status >= 500 ? OUTCOME_FAILED
                                    : ret_reply->status >= 400         ? OUTCOME_REFUSED
                                                                       : OUTCOME_OK;
    d->provider_us += us;
    provider_observe(d->provider, endpoint, outcome, us);
    note(d->provider, code || ret_reply->status >= 500);
    return code;
}

int provider_location(struct dealing *d, const struct login_secrets *secrets, struct span *ret_location)
{
    int code = enter(d);
    if (code)
        return code;
    code = d->provider->adapter->location(d, secrets, ret_location);
    leave(d);
    return code;
}

/* The account's level is the required one or higher. */
static int check_level(struct dealing *d, const struct claims *claims)
{
    const struct provider_conf *conf = d->provider->conf;
    struct span required = {conf->required_level, (uint32_t)strlen(conf->required_level)};
    if (!required.n || claims->level >= provider_level(conf, required))
        return 0;
    d->field = "assurance";
    return provider_fail(d, ERR_ASSURANCE, "the account's level is too low");
}

int provider_finish(struct dealing *d, const struct login_answer *answer, struct claims *ret_claims)
{
    struct claims claims = {0};
    int code = enter(d);
    if (code)
        return code;
    code = d->provider->adapter->finish(d, answer, &claims);
    leave(d);
    if (!code)
        code = check_level(d, &claims);
    if (!code)
        *ret_claims = claims;
    return code;
}

int provider_leave(struct dealing *d, struct span *ret_location)
{
    if (!d->provider->adapter->leave)
        return provider_fail(d, ERR_NOT_FOUND, "this kind of provider knows no logout");
    int code = enter(d);
    if (code)
        return code;
    code = d->provider->adapter->leave(d, ret_location);
    leave(d);
    return code;
}

int provider_told_off(struct dealing *d, struct span token, struct logout_claims *ret_claims)
{
    if (!d->provider->adapter->told_off)
        return provider_fail(d, ERR_NOT_FOUND, "this kind of provider tells of no logout");
    int code = enter(d);
    if (code)
        return code;
    code = d->provider->adapter->told_off(d, token, ret_claims);
    leave(d);
    return code;
}

void probe_add(struct probe *probe, const char *what, bool ok, const char *found, const char *advice_vi,
               const char *advice_en)
{
    if (probe->n < PROBE_STEPS_MAX)
        probe->steps[probe->n++] =
            (struct probe_step){what, ok, found ? found : "", ok ? "" : advice_vi, ok ? "" : advice_en};
}

void probe_clock(struct dealing *d, int64_t date_s, struct probe *probe)
{
    int64_t off_s = date_s - now_us() / 1000000;
    bool ok = date_s >= 0 && llabs(off_s) <= d->provider->conf->skew_s;
    probe_add(probe, "clock", ok,
              date_s < 0 ? "the reply has no Date" : arena_printf(d->arena, "%lld s apart", (long long)off_s),
              "Đồng bộ đồng hồ hai bên (NTP) hoặc tăng skew_s.", "Set both clocks by NTP, or raise skew_s.");
}

void provider_probe(struct dealing *d, struct probe *probe)
{
    d->provider->adapter->probe(d, probe);
}

void provider_forget(struct provider *provider)
{
    pthread_mutex_lock(&provider->lock);
    for (int i = 0; i < FAILURES; i++)
        provider->failures[i] = 0;
    provider->closed_until_us = 0;
    pthread_mutex_unlock(&provider->lock);
    provider->adapter->forget(provider);
}

int provider_challenge(struct dealing *d, struct span verifier, struct span *ret_challenge)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    struct buf text;
    crypto_hash_sha256(hash, (const unsigned char *)verifier.p, verifier.n);
    buf_init(&text, 64);
    base64url_add(&text, hash, sizeof(hash));
    buf_add_char(&text, '&');
    return http_finish_text(&text, d->arena, ret_challenge);
}
