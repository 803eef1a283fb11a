/* metrics.c - counters and the page of Prometheus text, see metrics.h. */
#include "metrics.h"
#include "admin_page.h"
#include "request.h"

/* Statuses that are counted by themselves; the rest is 0. */
static const uint16_t statuses[METRICS_STATUSES] = {200, 202, 400, 401, 403, 404, 405, 409, 413,
                                                    429, 500, 502, 503, 504, 302, 303, 0};
static const uint32_t bounds_us[METRICS_BUCKETS] = {500,   1000,   2500,   5000,   10000,   25000,
                                                    50000, 100000, 250000, 500000, 1000000, 5000000};

int metrics_open(struct metrics *metrics, size_t n_routes)
{
    *metrics = (struct metrics){.of = calloc(n_routes + KINDS, sizeof(struct method_counts)), .n_routes = n_routes};
    return metrics->of ? 0 : -1;
}

void metrics_close(struct metrics *metrics)
{
    free(metrics->of);
    metrics->of = NULL;
}

void metrics_count(struct metrics *metrics, size_t place, unsigned status, int64_t us)
{
    struct method_counts *counts = &metrics->of[place];
    size_t s = 0, b = 0;
    while (statuses[s] && statuses[s] != status)
        s++;
    while (b < METRICS_BUCKETS && us > bounds_us[b])
        b++;
    counts->by_status[s]++;
    if (b < METRICS_BUCKETS)
        counts->bucket[b]++;
    counts->n++;
    counts->us += (uint64_t)(us > 0 ? us : 0);
    metrics->errors_5xx += status >= 500;
}

static const char *place_name(const struct gateway *gw, size_t place)
{
    return place < gw->routes.n ? gw->routes.all[place].method->name : request_kind_names[place - gw->routes.n];
}

static void add_requests(const struct gateway *gw, struct buf *out)
{
    size_t places = gw->metrics.n_routes + KINDS;
    metrics_head(out, "hocvu_http_requests_total", "counter", "Requests answered, by method and HTTP status.");
    for (size_t i = 0; i < places; i++) {
        for (size_t s = 0; s < METRICS_STATUSES; s++) {
            uint64_t n = gw->metrics.of[i].by_status[s];
            if (n)
                buf_printf(out, "hocvu_http_requests_total{method=\"%s\",status=\"%u\"} %llu\n", place_name(gw, i),
                           statuses[s], (unsigned long long)n);
        }
    }
    metrics_head(out, "hocvu_http_request_seconds", "histogram", "Time from the headers to the answer.");
    for (size_t i = 0; i < places; i++) {
        const struct method_counts *counts = &gw->metrics.of[i];
        const char *name = place_name(gw, i);
        uint64_t sum = 0;
        for (size_t b = 0; counts->n && b < METRICS_BUCKETS; b++) {
            sum += counts->bucket[b];
            buf_printf(out, "hocvu_http_request_seconds_bucket{method=\"%s\",le=\"%g\"} %llu\n", name,
                       bounds_us[b] / 1e6, (unsigned long long)sum);
        }
        if (counts->n)
            buf_printf(out,
                       "hocvu_http_request_seconds_bucket{method=\"%s\",le=\"+Inf\"} %llu\n"
                       "hocvu_http_request_seconds_sum{method=\"%s\"} %.6f\n"
                       "hocvu_http_request_seconds_count{method=\"%s\"} %llu\n",
                       name, (unsigned long long)counts->n, name, (double)counts->us / 1e6, name,
                       (unsigned long long)counts->n);
    }
}

static void add_number(struct buf *out, const char *name, const char *kind, const char *help, uint64_t value)
{
    metrics_head(out, name, kind, help);
    buf_printf(out, "%s %llu\n", name, (unsigned long long)value);
}

/* One counter of every service. */
static void add_bus(const struct gateway *gw, struct buf *out, const char *name, const char *help, size_t offset)
{
    metrics_head(out, name, "counter", help);
    for (size_t i = 0; i < proto_n_services; i++) {
        const struct upstream *upstream = &gw->upstreams.by_service[proto_services[i].number];
        uint64_t value;
        memcpy(&value, (const char *)&upstream->count + offset, sizeof(value));
        buf_printf(out, "%s{service=\"%s\"} %llu\n", name, upstream->row->name, (unsigned long long)value);
    }
}

static void add_services(const struct gateway *gw, struct buf *out)
{
#define BUS(name, help, member)                                                                                        \
    add_bus(gw, out, "hocvu_bus_" name "_total", help, offsetof(struct upstream_counters, member))
    BUS("messages_sent", "Messages to a service; each carries what one turn of the loop collected.", messages_out);
    BUS("calls_sent", "Calls in these messages.", pairs_out);
    BUS("messages_received", "Messages from a service.", messages_in);
    BUS("replies_received", "Replies in these messages.", pairs_in);
    BUS("refused", "Calls that found no connection or a full queue.", refused);
    BUS("expired", "Calls without a reply by their deadline.", expired);
    BUS("late_replies", "Replies that nobody waited for any more.", late);
    BUS("malformed", "Frames that were no reply.", malformed);
    BUS("disconnects", "Connections to a service that were lost.", disconnects);
#undef BUS
    metrics_head(out, "hocvu_service_processes", "gauge", "Processes of a service to which there is a connection.");
    for (size_t i = 0; i < proto_n_services; i++) {
        const struct upstream *upstream = &gw->upstreams.by_service[proto_services[i].number];
        unsigned there = 0;
        for (size_t j = 0; j < upstream->n_links; j++)
            there += upstream->links[j].there;
        buf_printf(out, "hocvu_service_processes{service=\"%s\"} %u\n", upstream->row->name, there);
    }
    metrics_head(out, "hocvu_service_up", "gauge", "1 when the service answered well within the last seconds.");
    for (size_t i = 0; i < proto_n_services; i++) {
        const struct upstream *upstream = &gw->upstreams.by_service[proto_services[i].number];
        buf_printf(out, "hocvu_service_up{service=\"%s\"} %d\n", upstream->row->name,
                   upstream_healthy(upstream, gw->now.mono));
    }
}

void metrics_page(const struct gateway *gw, struct buf *out)
{
    add_requests(gw, out);
    add_number(out, "hocvu_http_5xx_total", "counter", "Requests that we failed.", gw->metrics.errors_5xx);
    add_number(out, "hocvu_http_connections", "gauge", "Connections of clients.", gw->clients.n);
    add_number(out, "hocvu_http_connections_cut_total", "counter", "Connections that never completed a request.",
               gw->clients.cut);
    add_number(out, "hocvu_http_requests_open", "gauge", "Requests between their headers and the end of the answer.",
               gw->n_requests);
    add_number(out, "hocvu_http_requests_suspended", "gauge", "Of these, waiting for a service.", gw->n_suspended);
    add_number(out, "hocvu_in_flight", "gauge", "Calls waiting for a reply.", gw->upstreams.waiting);
    add_number(out, "hocvu_body_bytes", "gauge", "Bytes of request bodies held.", gw->body_bytes);
    add_number(out, "hocvu_rate_limited_total", "counter", "Requests refused by the limit per address.",
               gw->addresses.limited);
    add_number(out, "hocvu_account_limited_total", "counter", "Requests refused by the limit per account.",
               gw->accounts.limited);
    add_number(out, "hocvu_token_cache_hits_total", "counter", "Tokens known from before.", gw->auth.hits);
    add_number(out, "hocvu_token_cache_misses_total", "counter", "Tokens verified and remembered.", gw->auth.misses);
    add_number(out, "hocvu_tokens_refused_total", "counter", "Tokens that were forged, malformed or over.",
               gw->auth.refused);
    add_number(out, "hocvu_revoked_sessions", "gauge", "Ended sessions whose tokens may still be about.",
               gw->revoked.n);
    int64_t age = gw->revoked.answered_us ? (gw->now.mono - gw->revoked.answered_us) / 1000000 : -1;
    metrics_head(out, "hocvu_revocations_age_seconds", "gauge", "Since identity last told; -1: never.");
    buf_printf(out, "hocvu_revocations_age_seconds %lld\n", (long long)age);
    add_services(gw, out);
    metrics_memory(out);
}
