/* hist.c - see hist.h. Below 64 us a bucket is a microsecond wide; above, each doubling has 64 buckets. */
#include "hist.h"

static unsigned bucket_of(uint64_t us)
{
    if (us < HIST_FINE)
        return (unsigned)us;
    unsigned shift = 57 - (unsigned)__builtin_clzll(us); /* leaves seven bits, the first of them set */
    unsigned at = (shift + 1) * HIST_FINE + (unsigned)((us >> shift) - HIST_FINE);
    return at < HIST_BUCKETS ? at : HIST_BUCKETS - 1;
}

/* The middle of a bucket. */
static double us_of(unsigned bucket)
{
    if (bucket < HIST_FINE)
        return bucket;
    unsigned shift = bucket / HIST_FINE - 1;
    return ((double)(HIST_FINE + bucket % HIST_FINE) + 0.5) * (double)(UINT64_C(1) << shift);
}

void hist_add(struct hist *hist, int64_t us)
{
    if (us < 0)
        us = 0;
    hist->n++;
    if (us > hist->most_us)
        hist->most_us = us;
    hist->bucket[bucket_of((uint64_t)us)]++;
}

double hist_ms(const struct hist *hist, double share)
{
    uint64_t want = (uint64_t)(share * (double)hist->n), seen = 0;
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        seen += hist->bucket[i];
        if (seen > want || (seen == hist->n && seen))
            return us_of(i) / 1000;
    }
    return 0;
}
