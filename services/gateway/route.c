/* route.c - the tree of routes, see route.h. */
#include "route.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* JSON takes more bytes than what it says: escapes, quotes, names. Beyond the largest message nothing is read at all.
 */
enum { BODY_EXTRA = 4096, BODY_MOST = 9 << 20 };

static const char *const verbs[ROUTE_VERBS] = {[GET] = "GET", [POST] = "POST", [PUT] = "PUT", [DELETE] = "DELETE"};

enum verb verb_of(const char *name)
{
    for (int verb = 0; verb < ROUTE_VERBS; verb++) {
        if (!strcmp(name, verbs[verb]))
            return (enum verb)verb;
    }
    return !strcmp(name, "HEAD") ? GET : INTERNAL;
}

const char *verb_name(enum verb verb)
{
    return verb < INTERNAL ? verbs[verb] : "";
}

/* Takes the next segment off a path that begins with a slash; false at its end. */
static bool next_segment(struct span *path, struct span *ret_segment)
{
    if (path->n == 0 || path->p[0] != '/')
        return false;
    const char *from = path->p + 1, *end = path->p + path->n;
    const char *slash = memchr(from, '/', (size_t)(end - from));
    *ret_segment = (struct span){from, (uint32_t)((slash ? slash : end) - from)};
    *path = slash ? (struct span){slash, (uint32_t)(end - slash)} : (struct span){end, 0};
    return true;
}

static struct route_node *child_of(const struct route_node *node, struct span segment)
{
    struct route_node *child = node->children;
    while (child && !span_equal(child->literal, segment))
        child = child->next;
    return child;
}

static struct route_node *node_new(struct span literal)
{
    struct route_node *node = calloc(1, sizeof(*node));
    if (node)
        node->literal = literal;
    return node;
}

/* The node below `node` for a segment of a row's path, made if need be. */
static struct route_node *descend(struct route_node *node, struct span segment, bool parameter)
{
    if (parameter) {
        if (!node->parameter)
            node->parameter = node_new(SPAN(""));
        return node->parameter;
    }
    struct route_node *child = child_of(node, segment);
    if (!child && (child = node_new(segment))) {
        child->next = node->children;
        node->children = child;
    }
    return child;
}

static int wrong(const struct method *method, const char *sentence)
{
    fprintf(stderr, "method %s: %s\n", method->name, sentence);
    return -1;
}

/* A request with a BIN member called `bytes` is sent as those bytes: a part of a file is not worth writing as text. */
static const struct field *body_bytes(const struct method *method)
{
    const struct field *field = msg_field(method->in, "bytes", 5);
    return field && field->type == T_BIN && (method->verb == POST || method->verb == PUT) ? field : NULL;
}

static size_t body_max(const struct method *method)
{
    if (method->verb == GET || method->verb == DELETE)
        return 0;
    if (body_bytes(method))
        return (size_t)body_bytes(method)->max;
    size_t most = 2 * msg_max_packed(method->in) + BODY_EXTRA;
    return most < BODY_MOST ? most : BODY_MOST;
}

static int add_route(struct routes *routes, struct route *route, const struct method *method)
{
    struct span path = {method->path, (uint32_t)strlen(method->path)}, segment;
    struct route_node *node = &routes->root;
    *route = (struct route){
        .method = method, .index = (uint16_t)routes->n, .body_max = body_max(method), .bytes = body_bytes(method)};
    while (next_segment(&path, &segment)) {
        bool parameter = segment.n > 2 && segment.p[0] == '{' && segment.p[segment.n - 1] == '}';
        if (segment.n == 0)
            return wrong(method, "its path has an empty segment");
        if (parameter) {
            const struct field *field = msg_field(method->in, segment.p + 1, segment.n - 2);
            if (!field || !field->required || field->type == T_LIST || route->n_params == ROUTE_PARAMS)
                return wrong(method, "a parameter of its path is no required field of its request");
            route->params[route->n_params++] = field;
        }
        node = descend(node, segment, parameter);
        if (!node)
            return wrong(method, "no memory");
    }
    if (path.n || node == &routes->root)
        return wrong(method, "its path does not begin with /");
    if (node->by_verb[method->verb])
        return wrong(method, "another method has the same verb and path");
    node->by_verb[method->verb] = route;
    routes->n++;
    return 0;
}

int routes_open(struct routes *routes)
{
    int result = 0;
    *routes = (struct routes){.all = calloc(proto_n_methods, sizeof(struct route))};
    if (!routes->all)
        return -1;
    for (size_t i = 0; i < proto_n_methods; i++) {
        if (proto_methods[i].verb != INTERNAL && add_route(routes, &routes->all[routes->n], &proto_methods[i]) < 0)
            result = -1;
    }
    return result;
}

static void node_free(struct route_node *node)
{
    for (struct route_node *child = node->children, *next; child; child = next) {
        next = child->next;
        node_free(child);
        free(child);
    }
    if (node->parameter)
        node_free(node->parameter);
    free(node->parameter);
}

void routes_close(struct routes *routes)
{
    node_free(&routes->root);
    free(routes->all);
    *routes = (struct routes){.n = 0};
}

int route_find(const struct routes *routes, enum verb verb, struct span path, struct route_match *ret_match)
{
    struct route_match match = {.route = NULL};
    const struct route_node *node = &routes->root;
    struct span segment;
    size_t n_params = 0;
    for (size_t depth = 0; next_segment(&path, &segment); depth++) {
        const struct route_node *child = child_of(node, segment);
        if (!child && node->parameter && segment.n && n_params < ROUTE_PARAMS) {
            child = node->parameter;
            match.params[n_params++] = segment;
        }
        if (!child || depth == ROUTE_DEPTH)
            return ERR_NOT_FOUND;
        node = child;
    }
    if (path.n)
        return ERR_NOT_FOUND;
    for (unsigned i = 0; i < ROUTE_VERBS; i++)
        match.allowed |= node->by_verb[i] ? 1u << i : 0;
    match.route = verb < INTERNAL ? node->by_verb[verb] : NULL;
    if (!match.allowed)
        return ERR_NOT_FOUND;
    *ret_match = match;
    return match.route ? 0 : ERR_NO_METHOD;
}

int percent_decode(struct arena *arena, struct span text, bool plus, struct span *ret_text)
{
    if (!memchr(text.p, '%', text.n) && !(plus && memchr(text.p, '+', text.n))) {
        *ret_text = text;
        return 0;
    }
    char *to = arena_alloc(arena, text.n);
    uint32_t n = 0;
    if (!to)
        return -1;
    for (uint32_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%') {
            int high = i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1;
            int low = i + 2 < text.n ? hex_digit(text.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return -1;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        to[n++] = c;
    }
    *ret_text = (struct span){to, n};
    return 0;
}
