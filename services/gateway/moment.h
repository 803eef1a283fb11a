/*
 * moment.h - both clocks, read together once in a turn of the loop.
 */
#ifndef GATEWAY_MOMENT_H
#define GATEWAY_MOMENT_H

#include "service.h"

struct moment {
    int64_t
        wall; /* now_us, which can be set back: only beside times that others wrote or read, such as a token's end */
    int64_t mono; /* mono_us: whatever is measured or waited for */
};

static inline struct moment moment_now(void)
{
    return (struct moment){now_us(), mono_us()};
}

#endif
