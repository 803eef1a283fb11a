/* clock.c - the server's time, time that only goes on, and ids that sort by time. */
#include "service.h"
#include <pthread.h>
#include <sodium.h>
#include <time.h>

int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/*
 * Time ordered within the process: 48 bits of milliseconds, then 12 bits that count within the millisecond (method 1 of
 * RFC 9562, section 6.2), then 62 random bits.
 */
struct uuid uuid7(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static uint64_t last; /* milliseconds << 12 | count */
    /* Random bytes in stock: asking the system for eight at a time costs more than all else here. */
    static unsigned char stock[512];
    static size_t left;
    struct uuid uuid;
    uint64_t fresh = (uint64_t)(now_us() / 1000) << 12;
    pthread_mutex_lock(&lock);
    last = fresh > last ? fresh : last + 1; /* a clock set back only uses up the count */
    uint64_t stamp = last;
    if (left < 8) {
        randombytes_buf(stock, sizeof(stock));
        left = sizeof(stock);
    }
    left -= 8;
    memcpy(uuid.b + 8, stock + left, 8);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 6; i++)
        uuid.b[i] = (uint8_t)(stamp >> (12 + 8 * (5 - i)));
    uuid.b[6] = (uint8_t)(0x70 | (stamp >> 8 & 0x0f));
    uuid.b[7] = (uint8_t)stamp;
    uuid.b[8] = (uint8_t)(0x80 | (uuid.b[8] & 0x3f));
    return uuid;
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return !memcmp(a->b, b->b, sizeof(a->b));
}

size_t uuid_distinct(const struct uuid *first, size_t stride, size_t n)
{
    const char *base = (const char *)first;
    for (size_t i = 1; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (!memcmp(base + i * stride, base + k * stride, sizeof(*first)))
                return i;
        }
    }
    return n;
}
