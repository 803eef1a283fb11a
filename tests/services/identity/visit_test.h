/*
 * visit_test.h - a browser's whole way through a login: to the provider, its form, and back; it keeps cookies and
 * follows redirects.
 */
#ifndef IDENTITY_VISIT_TEST_H
#define IDENTITY_VISIT_TEST_H

#include "provider_test.h"
#include <curl/curl.h>

#define PASSWORD "mật khẩu thử"

static struct buf page_body;

static inline size_t keep_page(char *p, size_t size, size_t n, void *user)
{
    (void)user;
    buf_add(&page_body, p, size * n);
    return size * n;
}

/* What a browser brings back; texts in the arena. */
struct visit {
    struct login_redirect redirect;
    struct login_return back;
};

/* Value of a query parameter, unescaped; a plus sign is one. */
static inline struct span query_value(CURL *browser, const char *url, const char *name)
{
    const char *at = strchr(url, '?');
    size_t n_name = strlen(name);
    while (at && (strncmp(at + 1, name, n_name) != 0 || at[1 + n_name] != '='))
        at = strchr(at + 1, '&');
    if (!at)
        return S("");
    at += n_name + 2;
    int n = 0;
    char *plain = curl_easy_unescape(browser, at, (int)strcspn(at, "&#"), &n);
    struct span value;
    cr_assert(plain && arena_span(&h->arena, (struct span){plain, (uint32_t)n}, &value) == 0);
    curl_free(plain);
    return value;
}

/* Goes to `url`; gives where its redirect leads, NULL: nowhere. */
static inline char *go(CURL *browser, const char *url, const char *form)
{
    char *to = NULL;
    buf_clear(&page_body);
    curl_easy_setopt(browser, CURLOPT_URL, url);
    if (form)
        curl_easy_setopt(browser, CURLOPT_COPYPOSTFIELDS, form);
    else
        curl_easy_setopt(browser, CURLOPT_HTTPGET, 1L);
    CURLcode done = curl_easy_perform(browser);
    cr_assert_eq(done, CURLE_OK, "%s: %s", url, curl_easy_strerror(done));
    curl_easy_getinfo(browser, CURLINFO_REDIRECT_URL, &to);
    return to ? arena_printf(&h->arena, "%s", to) : NULL;
}

/* Where the form of the page sends to. */
static inline char *form_of(const char *url)
{
    static const char mark[] = "<form method=\"post\" action=\"";
    const char *at = page_body.n ? memmem(page_body.p, page_body.n, mark, strlen(mark)) : NULL;
    cr_assert(at, "%s has no form", url);
    at += strlen(mark);
    const char *end = memchr(at, '"', (size_t)(page_body.p + page_body.n - at));
    const char *path = strchr(url + 8, '/');
    cr_assert(end && path && *at == '/');
    return arena_printf(&h->arena, "%.*s%.*s", (int)(path - url), url, (int)(end - at), at);
}

/* A browser's way: to the provider, number and password, and back. */
static inline struct visit visit_as(const char *provider_name, const char *number)
{
    struct login_begin begin = {0};
    struct visit visit = {0};
    struct fault fault;
    char *url, *next;
    const char *back = arena_printf(&h->arena, "http://127.0.0.1:9/login/%s/callback?", provider_name);
    PUT_FIELD(&begin, login_begin, address, S("192.0.2.7"));
    PUT_FIELD(&begin, login_begin, provider, S(provider_name));
    cr_assert_eq(settled(on_login_start(&h->ctx, &begin, &visit.redirect)), 0, "%s", h->ctx.fault.field);
    cr_assert_eq(msg_check(&msg_login_redirect, &visit.redirect, &fault), 0);
    CURL *browser = curl_easy_init();
    if (!page_body.max)
        buf_init(&page_body, 65536);
    curl_easy_setopt(browser, CURLOPT_COOKIEFILE, "");
    curl_easy_setopt(browser, CURLOPT_WRITEFUNCTION, keep_page);
    curl_easy_setopt(browser, CURLOPT_PROXY, "");
    url = arena_printf(&h->arena, "%.*s", (int)visit.redirect.location.n, visit.redirect.location.p);
    while ((next = go(browser, url, NULL)))
        url = next;
    char *password = curl_easy_escape(browser, PASSWORD, 0);
    url = go(browser, form_of(url), arena_printf(&h->arena, "number=%s&password=%s", number, password));
    curl_free(password);
    while (url && strncmp(url, back, strlen(back)) != 0)
        url = go(browser, url, NULL);
    cr_assert(url, "the provider does not send the browser back");
    visit.back.state = query_value(browser, url, "state");
    visit.back.binding = visit.redirect.binding;
    PUT_FIELD(&visit.back, login_return, provider, visit.redirect.provider);
    PUT_FIELD(&visit.back, login_return, code, query_value(browser, url, "code"));
    struct span iss = query_value(browser, url, "iss"), key = query_value(browser, url, "encrypt_key");
    if (iss.n)
        PUT_FIELD(&visit.back, login_return, iss, iss);
    if (key.n)
        PUT_FIELD(&visit.back, login_return, encrypt_key, key);
    curl_easy_cleanup(browser);
    return visit;
}

static struct session_tokens tokens;

static inline int finish(const struct visit *visit)
{
    tokens = (struct session_tokens){0};
    return on_login_finish(&h->ctx, &visit->back, &tokens);
}

static inline const char *last_reason(void)
{
    return harness_get(h, "SELECT detail->>'reason' FROM audit WHERE action = 'login_refused' ORDER BY n DESC LIMIT 1");
}

#endif
