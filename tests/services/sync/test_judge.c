/* test_judge.c - what an answer means, how long to wait, signatures against known values. */
#include "sync.h"
#include "url.h"
#include <criterion/criterion.h>

static void words_are(const char *body, const char *expected)
{
    char words[32];
    answer_words((struct span){body, (uint32_t)strlen(body)}, words, sizeof(words));
    cr_expect_str_eq(words, expected);
}

Test(judge, answers)
{
    static const struct {
        int status;
        bool names_item;
        enum outcome outcome;
    } rows[] = {
        {200, false, SENT},  {201, false, SENT},  {204, true, SENT},   {299, false, SENT},  {409, true, SENT},
        {409, false, DEAD},  {400, false, DEAD},  {410, false, DEAD},  {413, false, DEAD},  {422, true, DEAD},
        {0, false, AGAIN},   {401, false, AGAIN}, {403, false, AGAIN}, {404, false, AGAIN}, {408, false, AGAIN},
        {425, false, AGAIN}, {429, false, AGAIN}, {301, false, AGAIN}, {307, true, AGAIN},  {500, false, AGAIN},
        {503, false, AGAIN}, {599, false, AGAIN}, {100, false, AGAIN}, {999, false, AGAIN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_expect_eq(judge(rows[i].status, rows[i].names_item), rows[i].outcome, "%d", rows[i].status);
}

/* Doubled, never over the most, never under half; what is asked for is the least. */
Test(judge, waits)
{
    uint64_t before = 0;
    for (unsigned n = 1; n < 80; n++) {
        uint64_t least = wait_ms(5000, 3600000, n, 0, 0), most = wait_ms(5000, 3600000, n, 0, UINT32_MAX);
        cr_expect(least <= most && most <= 3600000 && least >= before, "%u: %llu to %llu", n, (unsigned long long)least,
                  (unsigned long long)most);
        before = least;
    }
    cr_expect_eq(wait_ms(5000, 3600000, 1, 0, 0), 2500);
    cr_expect_eq(wait_ms(5000, 3600000, 3, 0, 0), 10000);
    cr_expect_eq(wait_ms(5000, 3600000, 79, 0, 0), 1800000);
    cr_expect_eq(wait_ms(5000, 3600000, 0, 0, 0), 2500);
    cr_expect_eq(wait_ms(5000, 300000, 1, 7200000, 0), 7200000, "more than the most, if the receiver says so");
    cr_expect_eq(wait_ms(5000, 300000, 9, 1000, 0), 150000);
}

/* Words of a stranger: nothing but one member, no digits, nothing that a terminal would obey. */
Test(judge, words_of_a_receiver)
{
    words_are("{\"error\":\"no such unit\",\"more\":\"x\"}", "no such unit");
    words_are("{\"error\":\"079200000001 is unknown\"}", "############ is unknown");
    words_are("{\"error\":\"\\u001b[2Jboo\\n\\u1ea1\"}", "?[#Jboo????");
    words_are("{\"error\":\"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd\"}", "aaaaaaaaaabbbbbbbbbbccccccccccd");
    words_are("{\"error\":7}", "");
    words_are("<html>", "");
    words_are("", "");
}

/* RFC 4231, test cases 2 and 6, the latter with a key longer than a block. */
Test(judge, signatures)
{
    char text[SIGNATURE_TEXT], key[131];
    memset(key, 0xaa, sizeof(key));
    sign_body(SPAN("Jefe"), SPAN("what do ya want for nothing?"), text);
    cr_expect_str_eq(text, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    sign_body((struct span){key, sizeof(key)}, SPAN("Test Using Larger Than Block-Size Key - Hash Key First"), text);
    cr_expect_str_eq(text, "sha256=60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

Test(judge, receivers_that_are_allowed)
{
    static const char *const good[] = {"https://sync.gov.vn/hook", "https://10.0.0.1:8443/", "http://127.0.0.1:9000/x",
                                       "http://localhost/", "http://[::1]:1/"};
    static const char *const bad[] = {"http://sync.gov.vn/",
                                      "http://127.0.0.1.evil.vn/",
                                      "ftp://127.0.0.1/",
                                      "https://user@sync.gov.vn/",
                                      "https://u:p@127.0.0.1/",
                                      "//sync.gov.vn/",
                                      "file:///x",
                                      ""};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        cr_expect(url_may_be_called(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_not(url_may_be_called(bad[i]), "%s", bad[i]);
}
