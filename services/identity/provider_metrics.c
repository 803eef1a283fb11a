/*
 * provider_metrics.c - the providers' own time, and whether one is left alone, for /metrics.
 *
 * hocvu_idp_seconds is from the request to the whole answer, of each provider and endpoint, by what came of it: "ok"
 * below 400, "refused" below 500, "failed" above or no answer, "slow" when the time was up. A kind of provider that
 * has no discovery is never asked for it; what never happened has no lines, but for "ok" of an endpoint that was asked.
 */
#include "admin_page.h"
#include "identity.h"
#include "provider.h"

static const int64_t bounds_us[PROVIDER_BUCKETS] = {10000,  25000,   50000,   100000, 250000,
                                                    500000, 1000000, 2500000, 5000000};

static const char *const endpoint_names[] = {
    [ENDPOINT_DISCOVERY] = "discovery",
    [ENDPOINT_JWKS] = "jwks",
    [ENDPOINT_TOKEN] = "token",
    [ENDPOINT_USERINFO] = "userinfo",
};

static const char *const outcome_names[] = {
    [OUTCOME_OK] = "ok", [OUTCOME_REFUSED] = "refused", [OUTCOME_FAILED] = "failed", [OUTCOME_SLOW] = "slow"};

void provider_observe(struct provider *provider, enum provider_endpoint endpoint, enum provider_outcome outcome,
                      int64_t us)
{
    struct provider_times *times = &provider->times[endpoint][outcome];
    int b = 0;
    while (b < PROVIDER_BUCKETS && us > bounds_us[b])
        b++;
    if (b < PROVIDER_BUCKETS)
        times->bucket[b]++;
    times->us += us > 0 ? (uint64_t)us : 0;
    times->n++;
}

static void add_times(struct buf *out, const struct provider *provider, enum provider_endpoint endpoint,
                      enum provider_outcome outcome)
{
    const struct provider_times *times = &provider->times[endpoint][outcome];
    uint64_t n = times->n, sum = 0;
    char labels[128];
    snprintf(labels, sizeof(labels), "provider=\"%s\",endpoint=\"%s\",outcome=\"%s\"", provider->name,
             endpoint_names[endpoint], outcome_names[outcome]);
    for (int b = 0; b < PROVIDER_BUCKETS; b++) {
        sum += times->bucket[b];
        buf_printf(out, "hocvu_idp_seconds_bucket{%s,le=\"%g\"} %llu\n", labels, (double)bounds_us[b] / 1e6,
                   (unsigned long long)sum);
    }
    /* Counted while we read: never fewer than the last bucket has. */
    n = n > sum ? n : sum;
    buf_printf(out, "hocvu_idp_seconds_bucket{%s,le=\"+Inf\"} %llu\n", labels, (unsigned long long)n);
    buf_printf(out, "hocvu_idp_seconds_sum{%s} %.6f\n", labels, (double)times->us / 1e6);
    buf_printf(out, "hocvu_idp_seconds_count{%s} %llu\n", labels, (unsigned long long)n);
}

static void add_states(struct buf *out, const struct providers *providers)
{
    static const struct {
        const char *name, *kind, *help;
    } lines[] = {
        {"hocvu_idp_breaker_open", "gauge", "1 while the provider is left alone, until an attempt succeeds."},
        {"hocvu_idp_breaker_opened_total", "counter", "How often three failures in a row opened the breaker."},
        {"hocvu_idp_under_way", "gauge", "Dealings with the provider at this moment; at_once is the limit."},
        {"hocvu_idp_refused_total", "counter", "Dealings refused at once: breaker open, or too many under way."},
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        metrics_head(out, lines[i].name, lines[i].kind, lines[i].help);
        for (uint32_t p = 0; p < providers->n; p++) {
            struct provider *provider = providers->list[p];
            pthread_mutex_lock(&provider->lock);
            const uint64_t values[] = {provider->closed_until_us != 0, provider->opened, (uint64_t)provider->under_way,
                                       provider->refused};
            pthread_mutex_unlock(&provider->lock);
            buf_printf(out, "%s{provider=\"%s\"} %llu\n", lines[i].name, provider->name, (unsigned long long)values[i]);
        }
    }
}

void providers_metrics(const struct providers *providers, struct buf *out)
{
    if (!providers)
        return;
    metrics_head(out, "hocvu_idp_seconds", "histogram",
                 "Time of an identity provider's answers, by endpoint and by what came of the request.");
    for (uint32_t p = 0; p < providers->n; p++) {
        for (int e = 0; e < ENDPOINTS; e++) {
            uint64_t asked = 0;
            for (int o = 0; o < OUTCOMES; o++)
                asked += providers->list[p]->times[e][o].n;
            for (int o = 0; asked && o < OUTCOMES; o++) {
                if (o == OUTCOME_OK || providers->list[p]->times[e][o].n)
                    add_times(out, providers->list[p], (enum provider_endpoint)e, (enum provider_outcome)o);
            }
        }
    }
    add_states(out, providers);
}
