/*
 * metrics.h - what the gateway counts per method, and its page of Prometheus text.
 */
#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include "buf.h"

struct gateway;

enum { METRICS_STATUSES = 24, METRICS_BUCKETS = 12 };

/* Of one method, or of one of the other kinds of request. */
struct method_counts {
    uint64_t by_status[METRICS_STATUSES];
    uint64_t bucket[METRICS_BUCKETS]; /* by latency, each alone; the page adds them up */
    uint64_t n, us;
};

struct metrics {
    struct method_counts *of; /* routes first, then the kinds */
    size_t n_routes;
    uint64_t errors_5xx;
};

MUST_CHECK int metrics_open(struct metrics *metrics, size_t n_routes);
void metrics_close(struct metrics *metrics);
void metrics_count(struct metrics *metrics, size_t place, unsigned status, int64_t us);
void metrics_page(const struct gateway *gw, struct buf *out);

#endif
