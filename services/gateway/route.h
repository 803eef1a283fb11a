/*
 * route.h - which METHOD answers a verb and a path: a tree of path segments made from the rows at start.
 *
 * At each segment a literal wins over a {parameter} and there is no way back, so one path has one meaning: GET
 * /v1/certificates/verify is "no such verb here", not the certificate with the number "verify".
 */
#ifndef GATEWAY_ROUTE_H
#define GATEWAY_ROUTE_H

#include "codec.h"

enum { ROUTE_PARAMS = 4, ROUTE_VERBS = INTERNAL, ROUTE_DEPTH = 10 };

struct route {
    const struct method *method;
    uint16_t index; /* among all routes, for counters */
    uint8_t n_params;
    const struct field *params[ROUTE_PARAMS]; /* of the request's message, in the order of the path */
    size_t body_max;                          /* bytes of the body that are read at most; 0: the verb has no body */
    const struct field *bytes; /* the body is this member itself, application/octet-stream; NULL: it is JSON */
};

/* One segment of the tree. */
struct route_node {
    struct span literal; /* borrowed from the row; of a parameter: empty */
    struct route_node *children, *next, *parameter;
    const struct route *by_verb[ROUTE_VERBS];
};

struct routes {
    struct route *all;
    size_t n;
    struct route_node root;
};

struct route_match {
    const struct route *route;
    struct span params[ROUTE_PARAMS]; /* still percent-encoded; borrowed from the path */
    unsigned allowed;                 /* bits 1 << verb of the path's verbs; also with NO_METHOD */
};

/* Prints what is wrong with the rows and returns -1. */
MUST_CHECK int routes_open(struct routes *routes);
void routes_close(struct routes *routes);
/* Returns 0, NOT_FOUND or NO_METHOD. `path` has no query. */
MUST_CHECK int route_find(const struct routes *routes, enum verb verb, struct span path, struct route_match *ret_match);
/* The verb of an HTTP method's name; INTERNAL for others. HEAD is GET, whose body nobody sees. */
enum verb verb_of(const char *name);
const char *verb_name(enum verb verb);

/* Text of a path segment or a query part without its %XX; with `plus`, + is a blank. -1: malformed, or no memory. */
MUST_CHECK int percent_decode(struct arena *arena, struct span text, bool plus, struct span *ret_text);

#endif
