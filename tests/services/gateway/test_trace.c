/* test_trace.c - traceparent taken over when it is well formed, made anew when it is not. */
#include "trace.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#define ID "0af7651916cd43dd8448eb211c80319c"

static struct trace begin(const char *text)
{
    struct trace trace;
    cr_assert(sodium_init() >= 0);
    trace_begin((struct span){text, (uint32_t)strlen(text)}, 5000000, &trace);
    return trace;
}

Test(trace, taken_over)
{
    cr_assert_str_eq(begin("00-" ID "-b7ad6b7169203331-00").id, ID);
    cr_assert_not(begin("00-" ID "-b7ad6b7169203331-00").sampled);
    cr_assert(begin("00-" ID "-b7ad6b7169203331-01").sampled);
    cr_assert(begin("00-" ID "-b7ad6b7169203331-0b").sampled);
    cr_assert_str_eq(begin("cc-" ID "-b7ad6b7169203331-01-what-comes-later").id, ID);
}

Test(trace, malformed_is_made_anew)
{
    static const char *const bad[] = {
        "",
        "00",
        "00-" ID "-b7ad6b7169203331-0",
        "00-" ID "-b7ad6b7169203331-01-more",
        "cc-" ID "-b7ad6b7169203331-01.more",
        "ff-" ID "-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-" ID "-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00_" ID "-b7ad6b7169203331-01",
        "00-" ID "-b7ad6b716920333g-01",
        "00-0af7651916cd43dd8448eb211c80319\"-b7ad6b7169203331-01",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct trace trace = begin(bad[i]), other = begin(bad[i]);
        cr_assert_eq(strlen(trace.id), 32, "%s", bad[i]);
        cr_assert_eq(strspn(trace.id, "0123456789abcdef"), 32, "%s", bad[i]);
        cr_assert_str_neq(trace.id, ID, "%s", bad[i]);
        cr_assert_str_neq(trace.id, other.id);
        cr_assert_not(trace.sampled);
    }
}

Test(trace, strangers_get_few_samples)
{
    struct span text = SPAN("00-" ID "-b7ad6b7169203331-01");
    struct trace trace;
    int sampled = 0;
    for (int i = 0; i < 1000; i++) {
        trace_begin(text, 7000000 + i, &trace);
        sampled += trace.sampled;
    }
    cr_assert(sampled > 0 && sampled <= 50, "%d", sampled);
    trace_begin(text, 8000000, &trace);
    cr_assert(trace.sampled, "the next second has its own");
}
