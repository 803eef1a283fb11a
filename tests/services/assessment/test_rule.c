/* test_rule.c - rule 1, type by type, as the database computes it; hostile responses score 0 and are never an error. */
#include "seed.h"

struct rule_case {
    const char *type, *key, *how; /* how: partial, the tolerance or the match rule; "" for none */
    const char *response;
    const char *score;
};

static const char *quoted(struct harness *h, const char *text)
{
    size_t n = strlen(text) + 16;
    char *out = arena_alloc(&h->arena, n);
    cr_assert(out);
    snprintf(out, n, "$rule$%s$rule$", text);
    return out;
}

static void check(const struct rule_case *cases, size_t n)
{
    struct harness *h = harness_open("assessment", service_sql, true, &test_conf);
    for (size_t i = 0; i < n; i++) {
        const struct rule_case *c = &cases[i];
        bool partial = !strcmp(c->how, "partial"), numeric = !strcmp(c->type, "numeric");
        const char *other = c->how[0] && !partial ? quoted(h, c->how) : "NULL";
        const char *score = harness_get(h, "SELECT score_by_rule_1('%s', %s, %s, %s, %s, %s)", c->type,
                                        quoted(h, c->key), partial ? "true" : "false", numeric ? other : "NULL",
                                        numeric ? "NULL" : other, quoted(h, c->response));
        cr_expect_str_eq(score, c->score, "%s key %s (%s) response \"%.60s\": %s, not %s", c->type, c->key, c->how,
                         c->response, score, c->score);
    }
    harness_close(h);
}
#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

Test(rule, one_choice)
{
    static const struct rule_case cases[] = {
        {"single_choice", "2", "", "2", "100"},   {"single_choice", "2", "", " 2 ", "100"},
        {"single_choice", "2", "", "1", "0"},     {"single_choice", "2", "", "", "0"},
        {"single_choice", "2", "", "02", "0"},    {"single_choice", "2", "", "2,2", "0"},
        {"single_choice", "2", "", "1,2", "0"},   {"single_choice", "2", "", "２", "0"},
        {"single_choice", "2", "", "2.0", "0"},   {"single_choice", "10", "", "10", "100"},
        {"single_choice", "1", "", "10", "0"},    {"true_false", "true", "", "true", "100"},
        {"true_false", "true", "", "false", "0"}, {"true_false", "false", "", "false", "100"},
        {"true_false", "true", "", "1", "0"},     {"true_false", "false", "", "", "0"},
        {"no_such_type", "2", "", "2", "0"},      {"situation", "", "", "", "0"},
    };
    CHECK(cases);
}

Test(rule, many_choices)
{
    static const struct rule_case cases[] = {
        {"multiple_choice", "1,3", "", "1,3", "100"},
        {"multiple_choice", "1,3", "", "3, 1", "100"},
        {"multiple_choice", "1,3", "", "1", "0"},
        {"multiple_choice", "1,3", "", "1,2,3", "0"},
        {"multiple_choice", "1,3", "partial", "1,3", "100"},
        {"multiple_choice", "1,3", "partial", "1", "50"},
        {"multiple_choice", "1,3", "partial", "1,2", "0"},
        {"multiple_choice", "1,3", "partial", "1,2,3", "50"},
        {"multiple_choice", "1,3", "partial", "2,4", "0"},
        {"multiple_choice", "1,2,3", "partial", "1,2", "67"},
        {"multiple_choice", "1,2,3", "partial", "1,2,3,4,5", "33"},
        {"multiple_choice", "1,2,3,4,5,6,7,8,9,10", "partial", "1,2,3,4,5,6,7,8,9,10", "100"},
        {"multiple_choice", "1,2,3,4,5,6,7,8,9,10", "partial", "1,2,3,4,5,6,7,8,9", "90"},
    };
    CHECK(cases);
}

Test(rule, hostile_lists)
{
    static const char *const responses[] = {",",
                                            ",,",
                                            "1,",
                                            ",1",
                                            "1,1,1",
                                            "1,3,3",
                                            "0",
                                            "11",
                                            "-1",
                                            "99999999999999",
                                            "1.0",
                                            "1-",
                                            "-",
                                            "1-2-3",
                                            "1-2,",
                                            "NaN",
                                            "1e400",
                                            "１,３",
                                            "1;3",
                                            "1\n3",
                                            "NULL",
                                            "{1,3}",
                                            "1,2,3,4,5,6,7,8,9,10,1",
                                            "'",
                                            "\\",
                                            "1 3",
                                            "1 0,3",
                                            "9223372036854775808-1",
                                            "1-99",
                                            "0-0",
                                            "1-1,1-2",
                                            "๑",
                                            "1,3\xc2\xa0x"};
    static const char *const types[] = {"multiple_choice", "matching", "ordering"};
    static const char *const keys[] = {"1,3", "1-2,2-1", "3,1,2"};
    struct rule_case cases[3 * sizeof(responses) / sizeof(responses[0])];
    size_t n = 0;
    for (size_t t = 0; t < 3; t++) {
        for (size_t r = 0; r < sizeof(responses) / sizeof(responses[0]); r++)
            cases[n++] = (struct rule_case){types[t], keys[t], "partial", responses[r], "0"};
    }
    check(cases, n);
}

Test(rule, pairs_and_places)
{
    static const struct rule_case cases[] = {
        {"matching", "1-2,2-1", "", "1-2,2-1", "100"},
        {"matching", "1-2,2-1", "", "2 - 1 , 1 - 2", "100"},
        {"matching", "1-2,2-1", "", "1-2", "0"},
        {"matching", "1-2,2-1", "partial", "1-2", "50"},
        {"matching", "1-2,2-1", "partial", "1-1,2-2", "0"},
        {"matching", "1-2,2-1,3-3", "partial", "1-2,2-1,3-1", "67"},
        {"matching", "1-2,2-1", "partial", "1-2,2-1,3-3", "0"},
        {"matching", "1-1,2-1", "", "1-1,2-1", "100"},
        {"ordering", "3,1,2", "", "3,1,2", "100"},
        {"ordering", "3,1,2", "", "3, 1, 2", "100"},
        {"ordering", "3,1,2", "", "1,2,3", "0"},
        {"ordering", "3,1,2", "partial", "3,2,1", "33"},
        {"ordering", "3,1,2", "partial", "3", "33"},
        {"ordering", "3,1,2", "partial", "1,2,3", "0"},
        {"ordering", "3,1,2", "partial", "3,1,2,4", "0"},
        {"ordering", "3,1,2", "", "3,1", "0"},
    };
    CHECK(cases);
}

Test(rule, numbers)
{
    static const struct rule_case cases[] = {
        {"numeric", "3.14", "", "3.14", "100"},
        {"numeric", "3.14", "", "3,14", "100"},
        {"numeric", "3.14", "", " 3.140 ", "100"},
        {"numeric", "3.14", "", "+3.14", "100"},
        {"numeric", "3.14", "", "3.15", "0"},
        {"numeric", "3.14", "0.01", "3.15", "100"},
        {"numeric", "3.14", "0,01", "3.13", "100"},
        {"numeric", "3.14", "0.01", "3.16", "0"},
        {"numeric", "-200", "1%", "-202", "100"},
        {"numeric", "-200", "1%", "-198", "100"},
        {"numeric", "-200", "1%", "-203", "0"},
        {"numeric", "-200", "1%", "200", "0"},
        {"numeric", "0", "10%", "0.1", "0"},
        {"numeric", "0", "", "-0", "100"},
        {"numeric", "1", "", "", "0"},
        {"numeric", "1", "", "NaN", "0"},
        {"numeric", "1", "1000000", "Infinity", "0"},
        {"numeric", "1", "", "1e400", "0"},
        {"numeric", "1", "", "1e0", "0"},
        {"numeric", "1", "", "1.", "0"},
        {"numeric", "1", "", "1,0,0", "0"},
        {"numeric", "1000", "", "1.000,0", "0"},
        {"numeric", "1", "", "１", "0"},
        {"numeric", "1", "", "0x1", "0"},
        {"numeric", "1", "", "--1", "0"},
        {"numeric", "1", "", "1 0", "0"},
        {"numeric", "1", "", "1; DROP TABLE result", "0"},
        {"numeric", "1", "", "11111111111111111111111111111111111111", "0"},
        {"numeric", "1", "rubbish", "1", "100"},
        {"numeric", "rubbish", "", "1", "0"},
    };
    CHECK(cases);
}

Test(rule, texts)
{
    static const struct rule_case cases[] = {
        {"short_text", "Hà Nội|Thủ đô", "", "Hà Nội", "100"},
        {"short_text", "Hà Nội|Thủ đô", "", "  hà   NỘI ", "100"},
        {"short_text", "Hà Nội|Thủ đô", "", "thủ đô", "100"},
        {"short_text", "Hà Nội", "", "Ha\xcc\x80 No\xcc\xa3\xcc\x82i", "100"}, /* decomposed, marks in another order */
        {"short_text", "Ha\xcc\x80 No\xcc\xa3\xcc\x82i", "", "Hà Nội", "100"},
        {"short_text", "Hà Nội", "", "Hà\xc2\xa0Nội", "100"},
        {"short_text", "Hà Nội", "", "Hà\tNội\n", "100"},
        {"short_text", "Hà Nội", "", "HàNội", "0"},
        {"short_text", "Hà Nội", "", "Ha Nội", "0"},
        {"short_text", "Hà Nội", "exact", "Hà Nội", "100"},
        {"short_text", "Hà Nội", "exact", "hà nội", "0"},
        {"short_text", "Hà Nội", "tone", "Ha Nôi", "100"},
        {"short_text", "Hà Nội", "tone", "Há Nổi", "100"},
        {"short_text", "Hà Nội", "tone", "Ha Noi", "0"}, /* ô and o are different letters */
        {"short_text", "Hà Nội", "tone", "ha nôi", "0"},
        {"short_text", "Hà Nội", "case_tone", "HA NÔI", "100"},
        {"short_text", "Đường", "case_tone", "đương", "100"},
        {"short_text", "Đường", "case_tone", "dương", "0"},
        {"short_text", "Đường", "case_tone", "đuong", "0"},
        {"short_text", "ăâêôơư", "tone", "ắậềổỡự", "100"},
        {"short_text", "a||b", "", "", "0"},
        {"short_text", "a||b", "", "   ", "0"},
        {"short_text", "a|b", "", "a|b", "0"},
        {"short_text", "100%", "", "100%", "100"},
        {"short_text", "a.c", "", "abc", "0"},
        {"short_text", "a", "", "\xf0\x9f\x98\x80", "0"},
    };
    CHECK(cases);
}

/* 8 KiB of anything is looked at in no time. */
Test(rule, longest_responses)
{
    struct harness *h = harness_open("assessment", service_sql, true, &test_conf);
    cr_expect_str_eq(
        harness_get(
            h, "SELECT string_agg(score_by_rule_1(t, k, true, NULL, NULL, r)::text, '') FROM "
               "(VALUES ('multiple_choice', '1,3'), ('matching', '1-2'), ('ordering', '1,2'), ('numeric', '1'), "
               "('short_text', 'a'), ('single_choice', '1')) v (t, k), "
               "(VALUES (repeat('1,', 4096)), (repeat(' ', 8192)), (repeat('9', 8192)), (repeat('1-2,', 2048))) w (r)"),
        "000000000000000000000000");
    harness_close(h);
}

/* What no response can be, but a damaged row could. */
Test(rule, nothing_known)
{
    struct harness *h = harness_open("assessment", service_sql, true, &test_conf);
    cr_expect_str_eq(harness_get(h,
                                 "SELECT string_agg(coalesce(score_by_rule_1(t, NULL, NULL, NULL, NULL, r)::text, "
                                 "'?'), '') FROM unnest('{single_choice,true_false,multiple_choice,matching,ordering,"
                                 "numeric,short_text,NULL}'::text[]) t, unnest('{1,NULL}'::text[]) r"),
                     "0000000000000000");
    cr_expect_str_eq(harness_get(h, "SELECT provolatile::text || proparallel::text FROM pg_proc "
                                    "WHERE proname = 'score_by_rule_1'"),
                     "is");
    harness_close(h);
}

/* The rule over a form: later responses to a position take the place of earlier ones, modes stand above responses. */
Test(rule, whole_form)
{
    struct harness *h = harness_open("assessment", service_sql, true, &test_conf);
    const char *form = "SELECT score_form_1('{single_choice,short_text,numeric,true_false,multiple_choice}', "
                       "'{2,\"a|b\",1.5,true,\"1,3\"}', '{f,f,f,f,t}', '{NULL,NULL,1%%,NULL,NULL}', "
                       "'{NULL,NULL,NULL,NULL,NULL}', '%s', %s, %s)";
    const char *plain = "{count,count,count,count,count}";
    cr_expect_str_eq(harness_get(h, form, plain, "NULL", "NULL"), "{0,0,0,0,0}");
    cr_expect_str_eq(harness_get(h, form, plain, "'{1,2,3,4,5}'", "'{2,B,\"1,51\",true,1}'"), "{100,100,100,100,50}");
    cr_expect_str_eq(harness_get(h, form, plain, "'{1,1,2,2,5,5}'", "'{2,3,a|b,a,\"1,3\",\"\"}'"), "{0,100,0,0,0}");
    cr_expect_str_eq(harness_get(h, form, plain, "'{1,1,2}'", "'{3,\" 2\",a|b}'"), "{100,0,0,0,0}");
    cr_expect_str_eq(harness_get(h, form, "{exclude,credit,count,exclude,credit}", "'{1,2,3}'", "'{2,x,1.5}'"),
                     "{NULL,100,100,NULL,100}");
    harness_close(h);
}
