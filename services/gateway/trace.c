/* trace.c - trace ids, see trace.h. */
#include "trace.h"

#include <sodium.h>

enum { SAMPLES_PER_SECOND = 50, ID_BYTES = 16, ID_HEX = 32, RANDOM_IDS = 64 };

/* 16 random bytes from a stock, because each visit to the kernel costs more than the rest of this file. */
static const uint8_t *random_id(void)
{
    static uint8_t stock[RANDOM_IDS][ID_BYTES];
    static size_t left;
    if (!left) {
        randombytes_buf(stock, sizeof(stock));
        left = RANDOM_IDS;
    }
    return stock[--left];
}

static void put_hex(char *to, const uint8_t *id)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < ID_BYTES; i++) {
        to[2 * i] = hex[id[i] >> 4];
        to[2 * i + 1] = hex[id[i] & 15];
    }
}

static bool is_hex(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f')))
            return false;
    }
    return true;
}

static bool may_sample(int64_t now)
{
    static int64_t second;
    static int granted;
    if (now / 1000000 != second) {
        second = now / 1000000;
        granted = 0;
    }
    return granted++ < SAMPLES_PER_SECOND;
}

/* 00-<32 hex>-<16 hex>-<2 hex>; later versions may go on behind it. */
static bool is_traceparent(struct span text)
{
    static const char zeros[ID_HEX + 1] = "00000000000000000000000000000000";
    const char *p = text.p;
    if (text.n < 55 || p[2] != '-' || p[35] != '-' || p[52] != '-' || !is_hex(p, 2) || !is_hex(p + 3, 32) ||
        !is_hex(p + 36, 16) || !is_hex(p + 53, 2))
        return false;
    bool first = p[0] == '0' && p[1] == '0';
    if ((p[0] == 'f' && p[1] == 'f') || (first && text.n != 55) || (!first && text.n > 55 && p[55] != '-'))
        return false;
    return memcmp(p + 3, zeros, ID_HEX) != 0 && memcmp(p + 36, zeros, 16) != 0;
}

void trace_begin(struct span traceparent, int64_t now, struct trace *ret_trace)
{
    if (is_traceparent(traceparent)) {
        char flags = traceparent.p[54];
        int low = flags <= '9' ? flags - '0' : flags - 'a' + 10;
        memcpy(ret_trace->id, traceparent.p + 3, ID_HEX);
        ret_trace->sampled = (low & 1) && may_sample(now);
    } else {
        put_hex(ret_trace->id, random_id());
        ret_trace->sampled = false;
    }
    ret_trace->id[ID_HEX] = '\0';
}

struct span trace_span(const struct trace *trace)
{
    return (struct span){trace->id, ID_HEX};
}
