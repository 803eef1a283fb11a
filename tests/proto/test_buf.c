/*
 * test_buf.c - the growable buffer: appends, its maximum, the sticky error.
 */
#include "buf.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void is(const struct buf *buf, const char *expected)
{
    struct span span = buf_span(buf);
    cr_assert_eq(span.n, strlen(expected), "got %.*s", (int)span.n, span.p);
    cr_assert_eq(memcmp(span.p, expected, span.n), 0, "got %.*s", (int)span.n, span.p);
}

Test(buf, appends)
{
    struct buf buf;
    buf_init(&buf, 1000);
    is(&buf, "");
    buf_add_text(&buf, "one ");
    buf_add_char(&buf, '2');
    buf_add_span(&buf, SPAN(" three "));
    buf_add_u64(&buf, 0);
    buf_add_u64(&buf, 1234567890);
    buf_add_u64(&buf, UINT64_MAX);
    buf_printf(&buf, " %s%c", "five", '.');
    buf_add(&buf, NULL, 0);
    is(&buf, "one 2 three 0123456789018446744073709551615 five.");
    cr_assert_not(buf.failed);
    buf_release(&buf);
    cr_assert_eq(buf_span(&buf).n, 0);
}

Test(buf, grows_through_many_appends)
{
    struct buf buf;
    buf_init(&buf, 1 << 20);
    for (int i = 0; i < 100000; i++)
        buf_add_char(&buf, (char)('a' + i % 26));
    cr_assert_not(buf.failed);
    cr_assert_eq(buf.n, 100000);
    for (int i = 0; i < 100000; i++)
        cr_assert_eq(buf.p[i], 'a' + i % 26);
    buf_release(&buf);
}

Test(buf, fills_to_its_maximum_and_fails_beyond)
{
    static const size_t maxima[] = {1, 7, 255, 256, 257, 1000, 4097};
    for (size_t i = 0; i < sizeof maxima / sizeof maxima[0]; i++) {
        struct buf buf;
        buf_init(&buf, maxima[i]);
        for (size_t n = 0; n < maxima[i]; n++)
            buf_add_char(&buf, 'x');
        cr_assert_not(buf.failed, "maximum %zu", maxima[i]);
        cr_assert_eq(buf.n, maxima[i]);
        cr_assert_leq(buf.room, maxima[i]);
        buf_add_char(&buf, 'y');
        cr_assert(buf.failed);
        cr_assert_eq(buf.n, maxima[i]);
        buf_release(&buf);
    }
}

Test(buf, keeps_the_error_and_writes_nothing_after_it)
{
    struct buf buf;
    buf_init(&buf, 10);
    buf_add_text(&buf, "12345");
    buf_add_text(&buf, "678901");
    cr_assert(buf.failed);
    buf_add_char(&buf, 'x');
    buf_add_u64(&buf, 5);
    buf_printf(&buf, "y");
    is(&buf, "12345");
    buf_clear(&buf);
    cr_assert_not(buf.failed);
    buf_add_text(&buf, "1234567890");
    is(&buf, "1234567890");
    cr_assert_not(buf.failed);
    buf_release(&buf);
}

Test(buf, refuses_lengths_that_would_wrap)
{
    struct buf buf;
    buf_init(&buf, SIZE_MAX);
    buf_add_text(&buf, "abc");
    buf_add(&buf, "", SIZE_MAX - 1);
    cr_assert(buf.failed);
    is(&buf, "abc");
    buf_release(&buf);
}

Test(buf, prints_more_than_its_own_stack_holds)
{
    struct buf buf;
    buf_init(&buf, 4000);
    buf_printf(&buf, "%3000d", 7);
    cr_assert_eq(buf.n, 3000);
    cr_assert_eq(buf.p[2999], '7');
    buf_printf(&buf, "%3000d", 7);
    cr_assert(buf.failed);
    cr_assert_eq(buf.n, 3000);
    buf_release(&buf);
}

Test(buf, clear_keeps_the_memory)
{
    struct buf buf;
    buf_init(&buf, 4000);
    buf_add_text(&buf, "abc");
    char *p = buf.p;
    buf_clear(&buf);
    buf_add_text(&buf, "def");
    cr_assert_eq(buf.p, p);
    is(&buf, "def");
    buf_release(&buf);
    buf_release(&buf);
}
