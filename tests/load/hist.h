/* hist.h - latencies counted in buckets of at most 1.6% width, from a microsecond to over an hour. */
#ifndef LOAD_HIST_H
#define LOAD_HIST_H

#include <stdint.h>

enum { HIST_FINE = 64, HIST_BUCKETS = 27 * HIST_FINE };

struct hist {
    uint64_t n;
    int64_t most_us;
    uint32_t bucket[HIST_BUCKETS];
};

void hist_add(struct hist *hist, int64_t us);
/* Milliseconds below which this share (0 to 1) lies; 0 when nothing was counted. */
double hist_ms(const struct hist *hist, double share);

#endif
