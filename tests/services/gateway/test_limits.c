/* test_limits.c - how fast one account may ask, and which cookies count: what a flood or a foreign page tries. */
#include "edge.h"

static struct edge *e;

static void open_rows(const char *rows)
{
    e = edge_open();
    edge_start(e, rows);
}

static void open_limited(void)
{
    open_rows("account_per_second = 1\naccount_burst = 5\ntrusted_proxy = 127.0.0.1\n");
}

static void open_https(void)
{
    open_rows("public_url = https://hocvu.example\n");
}

static void open_plain(void)
{
    open_rows("");
}

static void close_edge(void)
{
    edge_close(e);
}

/* Nobody takes the place of identity, so what is let in is answered with 503. */
static int me(const char *token, const char *more)
{
    return edge_ask(e, "GET", "/v1/me", token, more, NULL).status;
}

Test(limits, flood_one_account_many_addresses, .init = open_limited, .fini = close_edge)
{
    struct uuid person = uuid7();
    const char *first = edge_token_of(e, person, uuid7(), LEARNER, 600);
    const char *second = edge_token_of(e, person, uuid7(), LEARNER, 601);
    int let_in = 0, limited = 0;
    for (int i = 0; i < 40; i++) {
        const char *from = arena_printf(&e->arena, "X-Forwarded-For: 198.51.100.%d\r\n", i + 1);
        int status = me(i % 2 ? first : second, from);
        let_in += status == 503;
        limited += status == 429;
    }
    cr_assert_eq(let_in + limited, 40);
    cr_assert(let_in >= 5 && let_in <= 8, "%d of 40 were let in: sessions and addresses are many, the account is one",
              let_in);
    cr_assert_eq(edge_metric(e, "hocvu_account_limited_total"), limited);
    cr_assert_eq(me(edge_token(e, LEARNER), NULL), 503, "others are not held up");
    struct response r = edge_ask(e, "GET", "/v1/me", first, NULL, NULL);
    assert_error(r, 429, "too_many", "");
    cr_assert_str_eq(edge_header(e, &r, "Retry-After"), "1");
    cr_assert_eq(edge_ask(e, "GET", "/", first, NULL, NULL).status, 200, "pages are everybody's");
    edge_sleep_ms(1100);
    cr_assert_eq(me(first, NULL), 503, "and then it goes on");
}

/* Whoever has no token, or a forged one, takes nothing out of anybody's bucket. */
Test(limits, nobody_uses_up_the_limit_of_another, .init = open_limited, .fini = close_edge)
{
    struct uuid person = uuid7();
    const char *good = edge_token_of(e, person, uuid7(), LEARNER, 600);
    char *forged = arena_printf(&e->arena, "%s", good);
    forged[strlen(forged) - 10] = forged[strlen(forged) - 10] == 'A' ? 'B' : 'A';
    const char *over = edge_token_of(e, person, uuid7(), LEARNER, -5);
    for (int i = 0; i < 20; i++)
        cr_assert(me(forged, NULL) == 401 && me(over, NULL) == 401);
    cr_assert_eq(me(good, NULL), 503);
}

/* A page on a sibling host, or on the same host without TLS, can set a cookie of any plain name. */
Test(limits, forged_cookie_name, .init = open_https, .fini = close_edge)
{
    const char *token = edge_token(e, LEARNER);
    cr_assert_eq(me(NULL, arena_printf(&e->arena, "Cookie: hocvu_access=%s\r\n", token)), 401);
    cr_assert_eq(me(NULL, arena_printf(&e->arena, "Cookie: __Secure-hocvu_access=%s\r\n", token)), 401);
    cr_assert_eq(me(NULL, arena_printf(&e->arena, "Cookie: __host-hocvu_access=%s\r\n", token)), 401);
    cr_assert_eq(me(NULL, arena_printf(&e->arena, "Cookie: x__Host-hocvu_access=%s\r\n", token)), 401);
    cr_assert_eq(me(NULL, arena_printf(&e->arena, "Cookie: hocvu_access=x; __Host-hocvu_access=%s\r\n", token)), 503);
}

Test(limits, cookie_from_other_site, .init = open_plain, .fini = close_edge)
{
    static const struct {
        const char *lines;
        int status; /* 503: let in */
        const char *field;
    } cases[] = {
        {"", 403, "X-Hocvu"},
        {"X-Hocvu: 0\r\n", 403, "X-Hocvu"},
        {"Sec-Fetch-Site: cross-site\r\n", 403, "Sec-Fetch-Site"},
        {"X-Hocvu: 1\r\nSec-Fetch-Site: cross-site\r\n", 403, "Sec-Fetch-Site"},
        {"X-Hocvu: 1\r\nSec-Fetch-Site: same-site\r\n", 403, "Sec-Fetch-Site"},
        {"X-Hocvu: 1\r\nSec-Fetch-Site: \r\n", 403, "Sec-Fetch-Site"},
        {"X-Hocvu: 1\r\nSec-Fetch-Site: same-origin\r\n", 503, ""},
        {"X-Hocvu: 1\r\nSec-Fetch-Site: none\r\n", 503, ""},
        {"X-Hocvu: 1\r\n", 503, ""},
    };
    const char *token = edge_token(e, LEARNER);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *more = arena_printf(&e->arena, "Cookie: hocvu_access=%s\r\n%s", token, cases[i].lines);
        struct response r = edge_ask(e, "POST", "/v1/me/sessions/end", NULL, more, NULL);
        cr_expect_eq(r.status, cases[i].status, "%s: %d", cases[i].lines, r.status);
        if (cases[i].status == 403)
            cr_expect(edge_is_error(&r, "forbidden", cases[i].field), "%s: %s", cases[i].lines, r.body);
    }
    /* The gateway's own two as well. */
    struct response r =
        edge_ask(e, "POST", "/session/logout", NULL, "X-Hocvu: 1\r\nSec-Fetch-Site: cross-site\r\n", NULL);
    assert_error(r, 403, "forbidden", "Sec-Fetch-Site");
}
