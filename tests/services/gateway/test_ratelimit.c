/* test_ratelimit.c - buckets per address or account: filling, emptying, giving way. */
#include "address.h"
#include "ratelimit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct address A(const char *text) {
    struct address address;
    cr_assert_eq(address_parse((struct span){text, (uint32_t)strlen(text)}, &address), 0, "%s", text);
    return address;
}

static int
taken(struct ratelimit *limit, const struct address *address, int64_t now, int tries)
{
    struct address subscriber = address_subscriber(address);
    int n = 0;
    for (int i = 0; i < tries; i++)
        n += ratelimit_take(limit, subscriber.b, now);
    return n;
}

Test(ratelimit, burst_then_rate)
{
    struct ratelimit limit;
    struct address a = A("192.0.2.1"), b = A("192.0.2.2");
    cr_assert_eq(ratelimit_open(&limit, 1024, 10, 5), 0);
    cr_assert_eq(taken(&limit, &a, 1000000, 9), 5, "the burst");
    cr_assert_eq(taken(&limit, &b, 1000000, 9), 5, "another address has its own");
    cr_assert_eq(limit.limited, 8);
    cr_assert_eq(taken(&limit, &a, 1050000, 2), 0, "half a token");
    cr_assert_eq(taken(&limit, &a, 1100000, 2), 1, "ten a second");
    cr_assert_eq(taken(&limit, &a, 9000000, 9), 5, "no more than the burst");
    ratelimit_close(&limit);
}

Test(ratelimit, clock_set_back)
{
    struct ratelimit limit;
    struct address a = A("192.0.2.1");
    cr_assert_eq(ratelimit_open(&limit, 1024, 1, 2), 0);
    cr_assert_eq(taken(&limit, &a, 10000000, 3), 2);
    cr_assert_eq(taken(&limit, &a, 5000000, 3), 0, "gives nothing");
    cr_assert_eq(taken(&limit, &a, 6000000, 3), 1, "and goes on from there");
    ratelimit_close(&limit);
}

Test(ratelimit, off)
{
    struct ratelimit limit;
    struct address a = A("192.0.2.1");
    cr_assert_eq(ratelimit_open(&limit, 1024, 0, 1), 0);
    cr_assert_eq(taken(&limit, &a, 1, 100000), 100000);
    cr_assert_eq(limit.limited, 0);
    ratelimit_close(&limit);
}

Test(ratelimit, one_subscriber_has_many_ipv6_addresses)
{
    struct ratelimit limit;
    struct address a = A("2001:db8:1:2::1"), b = A("2001:db8:1:2:ffff::9"), c = A("2001:db8:1:3::1");
    cr_assert_eq(ratelimit_open(&limit, 1024, 1, 4), 0);
    cr_assert_eq(taken(&limit, &a, 1, 2) + taken(&limit, &b, 1, 9), 4);
    cr_assert_eq(taken(&limit, &c, 1, 9), 4);
    ratelimit_close(&limit);
}

Test(ratelimit, a_flood_of_addresses_costs_no_memory_and_frees_nobody_who_is_busy)
{
    struct ratelimit limit;
    struct address busy = A("192.0.2.1"), other = busy;
    cr_assert_eq(ratelimit_open(&limit, 1024, 1, 3), 0);
    cr_assert_eq(taken(&limit, &busy, 1000000, 3), 3);
    for (uint32_t i = 0; i < 200000; i++) {
        memcpy(other.b + 12, &i, sizeof(i));
        if (i % 64 == 0)
            cr_assert_not(ratelimit_take(&limit, busy.b, 1000000 + i), "the busy one is still known");
        ratelimit_take(&limit, other.b, 1000000 + i);
    }
    ratelimit_close(&limit);
}

Test(ratelimit, addresses_as_text)
{
    static const char *const good[] = {"127.0.0.1", "0.0.0.0", "::1", "2001:db8::5"};
    static const char *const bad[] = {"",           "1.2.3",    "1.2.3.4.5",
                                      "1.2.3.4:80", "[::1]",    "::1%eth0",
                                      "localhost",  "1.2.3.4 ", "2001:db8:0000:0000:0000:0000:0000:0000:0000:0001"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char text[ADDRESS_TEXT];
        struct address address = A(good[i]);
        address_format(&address, text);
        cr_assert_str_eq(text, good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct address address = {{7}};
        cr_assert_eq(address_parse((struct span){bad[i], (uint32_t)strlen(bad[i])}, &address), -1, "%s", bad[i]);
        cr_assert_eq(address.b[0], 7, "untouched on failure");
    }
    struct address four = A("192.0.2.1"), mapped = A("::ffff:192.0.2.1");
    cr_assert(address_equal(&four, &mapped));
}
