/* test_route.c - every METHOD row finds itself, and paths that are nobody's find nothing. */
#include "route.h"

#include <criterion/criterion.h>
#include <string.h>

static struct routes routes;

static void open_routes(void)
{
    cr_assert_eq(routes_open(&routes), 0);
}

static void close_routes(void)
{
    routes_close(&routes);
}

static struct span S(const char *text) {
    return (struct span){text, (uint32_t)strlen(text)};
}

static int
find(enum verb verb, const char *path, struct route_match *ret_match)
{
    return route_find(&routes, verb, S(path), ret_match);
}

Test(route, every_row_finds_itself, .init = open_routes, .fini = close_routes)
{
    size_t found = 0;
    for (size_t i = 0; i < proto_n_methods; i++) {
        const struct method *method = &proto_methods[i];
        struct route_match match;
        if (method->verb == INTERNAL)
            continue;
        cr_assert_eq(find(method->verb, method->path, &match), 0, "%s", method->name);
        cr_assert_eq(match.route->method, method, "%s", method->name);
        cr_assert_eq(match.route->index, found, "%s", method->name);
        found++;
        cr_assert(match.allowed & 1u << method->verb);
    }
    cr_assert_eq(found, routes.n);
    cr_assert_gt(found, 20);
}

Test(route, parameters_in_order, .init = open_routes, .fini = close_routes)
{
    struct route_match match;
    cr_assert_eq(find(PUT, "/v1/attempts/a%2Fb/answers/17", &match), 0);
    cr_assert_eq(match.route->method->number, M_answer_save);
    cr_assert_eq(match.route->n_params, 2);
    cr_assert_str_eq(match.route->params[0]->name, "attempt_id");
    cr_assert_str_eq(match.route->params[1]->name, "position");
    cr_assert(match.params[0].n == 5 && !memcmp(match.params[0].p, "a%2Fb", 5));
    cr_assert(match.params[1].n == 2 && !memcmp(match.params[1].p, "17", 2));
}

Test(route, nobody_s_paths, .init = open_routes, .fini = close_routes)
{
    static const char *const paths[] = {
        "",
        "/",
        "v1/me",
        "/v1",
        "/v1/",
        "/v1/me/",
        "/v1//me",
        "//v1/me",
        "/V1/me",
        "/v1/mee",
        "/v1/m",
        "/v1/attempts//answers/1",
        "/v1/attempts/x/answers",
        "/v1/attempts/x/answers/",
        "/v1/attempts/x/answers/1/2",
        "/v1/%6de",
        "/a/b/c/d/e/f/g/h/i/j/k/l/m/n",
    };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct route_match match = {.allowed = 99};
        cr_assert_eq(find(GET, paths[i], &match), ERR_NOT_FOUND, "%s", paths[i]);
        cr_assert_eq(match.allowed, 99, "untouched on failure");
    }
}

Test(route, other_verb_says_which, .init = open_routes, .fini = close_routes)
{
    struct route_match match;
    cr_assert_eq(find(DELETE, "/v1/programmes", &match), ERR_NO_METHOD);
    cr_assert_eq(match.allowed, 1u << GET | 1u << POST);
    cr_assert_eq(find(INTERNAL, "/v1/me", &match), ERR_NO_METHOD);
    cr_assert_eq(match.allowed, 1u << GET);
    cr_assert_null(match.route);
}

Test(route, a_literal_wins, .init = open_routes, .fini = close_routes)
{
    struct route_match match;
    cr_assert_eq(find(POST, "/v1/certificates/verify", &match), 0);
    cr_assert_eq(match.route->method->number, M_certificate_verify);
    cr_assert_eq(find(GET, "/v1/certificates/verify", &match), ERR_NO_METHOD, "not the certificate of that number");
    cr_assert_eq(find(GET, "/v1/certificates/verify2", &match), 0);
    cr_assert_eq(match.route->method->number, M_certificate_check);
}

Test(route, bodies_have_bounds, .init = open_routes, .fini = close_routes)
{
    for (size_t i = 0; i < routes.n; i++) {
        const struct route *route = &routes.all[i];
        bool has = route->method->verb == POST || route->method->verb == PUT;
        cr_assert_eq(route->body_max > 0, has, "%s", route->method->name);
        cr_assert_leq(route->body_max, 9u << 20, "%s", route->method->name);
    }
}

Test(route, verbs)
{
    cr_assert_eq(verb_of("GET"), GET);
    cr_assert_eq(verb_of("HEAD"), GET);
    cr_assert_eq(verb_of("PUT"), PUT);
    cr_assert_eq(verb_of("get"), INTERNAL);
    cr_assert_eq(verb_of("OPTIONS"), INTERNAL);
    cr_assert_eq(verb_of(""), INTERNAL);
    cr_assert_str_eq(verb_name(DELETE), "DELETE");
    cr_assert_str_eq(verb_name(INTERNAL), "");
}

static void decodes(const char *text, bool plus, const char *wanted, size_t n)
{
    struct arena arena;
    struct span got;
    arena_init(&arena, 1024);
    cr_assert_eq(percent_decode(&arena, S(text), plus, &got), 0, "%s", text);
    cr_assert(got.n == n && !memcmp(got.p, wanted, n), "%s", text);
    arena_release(&arena);
}

Test(route, percent_decoding)
{
    static const char *const malformed[] = {"%", "%4", "a%", "%zz", "%4g", "%%41", "100%"};
    decodes("", false, "", 0);
    decodes("abc", true, "abc", 3);
    decodes("a+b", false, "a+b", 3);
    decodes("a+b", true, "a b", 3);
    decodes("%41%2f%2F%c3%a0", false, "A//\xc3\xa0", 5);
    decodes("a%00b", false, "a\0b", 3);
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        struct arena arena;
        struct span got = {"kept", 4};
        arena_init(&arena, 1024);
        cr_assert_eq(percent_decode(&arena, S(malformed[i]), true, &got), -1, "%s", malformed[i]);
        cr_assert(got.n == 4, "untouched on failure");
        arena_release(&arena);
    }
}
