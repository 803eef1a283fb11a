/*
 * test_text.c - text forms of single values at their edges.
 */
#include "codec.h"
#include "text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

static struct span text(const char *s)
{
    return (struct span){s, (uint32_t)strlen(s)};
}

Test(text, uuid_of_either_case_is_written_small)
{
    struct uuid uuid;
    char out[UUID_TEXT];
    cr_assert_eq(uuid_parse(text("0192F3A4-b5c6-7D8e-9f01-23456789ABCD"), &uuid), 0);
    uuid_format(&uuid, out);
    cr_assert_str_eq(out, "0192f3a4-b5c6-7d8e-9f01-23456789abcd");
}

Test(text, uuid_refuses_everything_else)
{
    static const char *const bad[] = {
        "",
        "0192f3a4b5c67d8e9f0123456789abcd",
        "0192f3a4-b5c6-7d8e-9f01-23456789abc",
        "0192f3a4-b5c6-7d8e-9f01-23456789abcde",
        "{192f3a4-b5c6-7d8e-9f01-23456789abc}",
        "0192f3a4-b5c6-7d8e-9f01+23456789abcd",
        "0192f3a-4b5c6-7d8e-9f01-23456789abcd",
        "0192f3a4-b5c6-7d8e-9f01-23456789abcg",
        "0192f3a4-b5c6-7d8e-9f01-23456789ab d",
        " 192f3a4-b5c6-7d8e-9f01-23456789abcd",
    };
    struct uuid uuid = {{1}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_neq(uuid_parse(text(bad[i]), &uuid), 0, "%s", bad[i]);
    cr_assert_eq(uuid.b[0], 1);
}

Test(text, times_are_read)
{
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"2026-11-22T02:46:13.123456Z", 1795315573123456},
        {"2026-11-22T09:46:13.123456+07:00", 1795315573123456},
        {"2026-11-21T21:16:13.123456-05:30", 1795315573123456},
        {"2026-11-22t02:46:13.123456z", 1795315573123456},
        {"2026-11-22T02:46:13.1Z", 1795315573100000},
        {"2026-11-22T02:46:13.123456999Z", 1795315573123456},
        {"2026-11-22T02:46:13-00:00", 1795315573000000},
        {"2024-02-29T00:00:00Z", 1709164800000000},
        {"2000-02-29T00:00:00Z", 951782400000000},
        {"2016-12-31T23:59:60Z", 1483228800000000},
        {"2016-12-31T23:59:60.5Z", 1483228800500000},
        {"2017-01-01T06:59:60+07:00", 1483228800000000},
        {"2015-06-30T23:59:60Z", 1435708800000000},
        {"0001-01-01T00:00:00Z", TIME_MIN},
        {"9999-12-31T23:59:59.999999Z", TIME_MAX},
        {"0001-01-01T07:00:00+07:00", TIME_MIN},
        {"9999-12-31T00:00:00-23:59", TIME_MAX - 60 * 1000000 + 1},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t us = 77;
        cr_assert_eq(time_parse(text(good[i].text), &us), 0, "%s", good[i].text);
        cr_assert_eq(us, good[i].us, "%s: %lld", good[i].text, (long long)us);
    }
}

Test(text, times_are_refused)
{
    static const char *const bad[] = {
        "",
        "2026-11-22",
        "2026-11-22T02:46:13",
        "2026-11-22 02:46:13Z",
        "2026-11-22T02:46Z",
        "2026-11-22T02:46:13.Z",
        "2026-11-22T02:46:13,5Z",
        "2026-11-22T02:46:13.1234567890Z",
        "2026-11-22T02:46:13.5",
        "2026-11-22T24:00:00Z",
        "2026-11-22T02:60:00Z",
        "2026-11-22T02:46:61Z",
        "2026-11-22T02:46:60Z",
        "2016-12-31T22:59:60Z",
        "2016-12-31T23:59:60+07:00",
        "2015-05-31T23:59:60Z",
        "2026-11-22T02:46:13+7:00",
        "2026-11-22T02:46:13+0700",
        "2026-11-22T02:46:13+24:00",
        "2026-11-22T02:46:13+07:60",
        "2026-11-22T02:46:13+07:00Z",
        "2026-11-22T02:46:13ZZ",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-11-00T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "0000-12-31T23:59:59Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z",
        "12026-11-22T02:46:13Z",
        "+2026-11-22T02:46:13Z",
        "-001-11-22T02:46:13Z",
        "2026-11-22T-2:46:13Z",
        " 2026-11-22T02:46:13Z",
    };
    int64_t us = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_neq(time_parse(text(bad[i]), &us), 0, "%s", bad[i]);
    cr_assert_eq(us, 77);
}

/* The calendar of the C library says the same of a day in each month of 9999 years, and of every day of some. */
Test(text, calendar_agrees_with_the_c_library)
{
    char out[DATE_TEXT], expected[32];
    for (int32_t day = DATE_MIN; day <= DATE_MAX; day += day > 10950 && day < 12000 ? 1 : 17) {
        time_t seconds = (time_t)day * 86400;
        struct tm tm;
        int32_t back = 0;
        cr_assert_not_null(gmtime_r(&seconds, &tm));
        snprintf(expected, sizeof expected, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
        date_format(day, out);
        cr_assert_str_eq(out, expected);
        cr_assert_eq(date_parse(text(out), &back), 0);
        cr_assert_eq(back, day, "%s", out);
    }
}

Test(text, times_come_back)
{
    static const int64_t moments[] = {TIME_MIN, TIME_MIN + 1,     -86400000001,     -86400000000, -1,      0, 1,
                                      999999,   1795315573123456, 1709251199999999, TIME_MAX - 1, TIME_MAX};
    char out[TIME_TEXT];
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        int64_t back = 0;
        time_format(moments[i], out);
        cr_assert_eq(strlen(out), TIME_TEXT - 1);
        cr_assert_eq(time_parse(text(out), &back), 0, "%s", out);
        cr_assert_eq(back, moments[i], "%s", out);
    }
    time_format(INT64_MAX, out);
    cr_assert_str_eq(out, "9999-12-31T23:59:59.999999Z");
    time_format(INT64_MIN, out);
    cr_assert_str_eq(out, "0001-01-01T00:00:00.000000Z");
}

Test(text, dates)
{
    static const char *const bad[] = {"",           "2026-1-01",  "2026-11-1",   "20261122",   "2026-11-22 ",
                                      "2026/11/22", "2026-02-29", "2100-02-29",  "2026-06-31", "2026-13-01",
                                      "0000-01-01", "2026-00-10", "10000-01-01", "2026-1a-01", "2026-11-00"};
    int32_t days = 77;
    char out[DATE_TEXT];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_neq(date_parse(text(bad[i]), &days), 0, "%s", bad[i]);
    cr_assert_eq(days, 77);
    cr_assert_eq(date_parse(text("2028-02-29"), &days), 0);
    cr_assert_eq(days, 21243);
    date_format(INT32_MAX, out);
    cr_assert_str_eq(out, "9999-12-31");
    date_format(INT32_MIN, out);
    cr_assert_str_eq(out, "0001-01-01");
}

Test(text, integers)
{
    static const struct {
        const char *text;
        int status;
        int64_t value;
    } rows[] = {
        {"0", 0, 0},
        {"7", 0, 7},
        {"-7", 0, -7},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775808", 0, INT64_MIN},
        {"9223372036854775808", 1, 0},
        {"-9223372036854775809", 1, 0},
        {"18446744073709551616", 1, 0},
        {"99999999999999999999999999", 1, 0},
        {"", -1, 0},
        {"-", -1, 0},
        {"-0", -1, 0},
        {"00", -1, 0},
        {"07", -1, 0},
        {"+7", -1, 0},
        {" 7", -1, 0},
        {"7 ", -1, 0},
        {"7.0", -1, 0},
        {"7e0", -1, 0},
        {"0x7", -1, 0},
        {"--7", -1, 0},
        {"99999999999999999999999999x", -1, 0},
        {"٧", -1, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t value = 0;
        cr_assert_eq(int_parse(text(rows[i].text), &value), rows[i].status, "%s", rows[i].text);
        cr_assert_eq(value, rows[i].value, "%s", rows[i].text);
    }
}

Test(text, utf8)
{
    static const char *const good[] = {"",
                                       "a",
                                       "Quảng Trị",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "abcdefgh",
                                       "abcdefghi\x01\x7f",
                                       "abcdefg\xc3\xa9xyzxyzxyz"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2 ",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xe2\x82",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xff",
                                      "\xfe",
                                      "abcdefgh\x80",
                                      "abcdefg\xc3",
                                      "\xf0\x9f\x98",
                                      "ab\xe1\xbb\x63"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_assert(utf8_valid(text(good[i])), "good %zu", i);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(utf8_valid(text(bad[i])), "bad %zu", i);
    for (uint32_t at = 0; at < 20; at++) {
        char bytes[20];
        memset(bytes, 'x', sizeof bytes);
        bytes[at] = '\0';
        cr_assert_not(utf8_valid((struct span){bytes, sizeof bytes}), "NUL at %u", at);
    }
}

Test(text, json_strings)
{
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"", "\"\""},
        {"Đắk Lắk", "\"Đắk Lắk\""},
        {"\"\\/", "\"\\\"\\\\/\""},
        {"\b\t\n\f\r", "\"\\b\\t\\n\\f\\r\""},
        {"\x01\x0b\x0e\x1f\x7f", "\"\\u0001\\u000b\\u000e\\u001f\x7f\""},
        {"a\nb", "\"a\\nb\""},
    };
    struct buf buf;
    buf_init(&buf, 1000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buf_clear(&buf);
        json_add_string(&buf, text(rows[i].from));
        cr_assert_eq(buf.n, strlen(rows[i].to), "row %zu", i);
        cr_assert_eq(memcmp(buf.p, rows[i].to, buf.n), 0, "row %zu", i);
        cr_assert_not(buf.failed);
    }
    /* Every control character must be escaped. */
    for (char c = 1; c < 0x20; c++) {
        buf_clear(&buf);
        json_add_string(&buf, (struct span){&c, 1});
        cr_assert_eq(buf.p[1], '\\', "character %d", c);
    }
    json_add_string(&buf, text("\xc3"));
    cr_assert(buf.failed);
    buf_release(&buf);
}

Test(text, base64url_of_rfc_4648)
{
    static const char *const rows[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "-_-_"}};
    struct arena arena;
    struct buf buf;
    arena_init(&arena, 10000);
    buf_init(&buf, 10000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct span bytes;
        buf_clear(&buf);
        base64url_add(&buf, rows[i][0], strlen(rows[i][0]));
        cr_assert_eq(buf.n, strlen(rows[i][1]));
        cr_assert(buf.n == 0 || !memcmp(buf.p, rows[i][1], buf.n), "row %zu", i);
        cr_assert_eq(base64url_parse(&arena, text(rows[i][1]), &bytes), 0);
        cr_assert_eq(bytes.n, strlen(rows[i][0]));
        cr_assert_eq(memcmp(bytes.p, rows[i][0], bytes.n), 0, "row %zu", i);
    }
    /* Around the pieces in which it is written. */
    for (uint32_t n = 40; n < 120; n++) {
        char from[120];
        struct span bytes;
        for (uint32_t i = 0; i < n; i++)
            from[i] = (char)(i * 37 + n);
        buf_clear(&buf);
        base64url_add(&buf, from, n);
        cr_assert_eq(base64url_parse(&arena, buf_span(&buf), &bytes), 0);
        cr_assert_eq(bytes.n, n);
        cr_assert_eq(memcmp(bytes.p, from, n), 0);
        arena_clear(&arena);
    }
    buf_release(&buf);
    arena_release(&arena);
}

Test(text, base64url_refuses)
{
    static const char *const bad[] = {"A",   "AAAAA", "Zg==", "Zm8=", "Zm9+", "Zm9/", "Zm 9v", "Zm9v\n", "Zh",
                                      "Zm9", "Zp",    "Zm8é", "AB",   "AAB",  "=",    "Z",     "Zm9vY"};
    struct arena arena;
    struct span bytes = SPAN("untouched");
    arena_init(&arena, 1000);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(base64url_parse(&arena, text(bad[i]), &bytes), -1, "%s", bad[i]);
    cr_assert_eq(arena.total, 0);
    arena.max = 0;
    cr_assert_eq(base64url_parse(&arena, text("Zm9v"), &bytes), 1);
    cr_assert_str_eq(bytes.p, "untouched");
    arena_release(&arena);
}
