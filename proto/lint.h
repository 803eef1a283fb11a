/*
 * lint.h - the declarations themselves are checked: what a .def row says must make sense together with the other rows.
 *
 * Run by tests and by protodoc, never by a service. Each function appends one sentence per fault, each on its own line,
 * and gives the number of faults.
 */
#ifndef PROTO_LINT_H
#define PROTO_LINT_H

#include "buf.h"

size_t lint_message(const struct msg *msg, struct buf *out);
size_t lint_method(const struct method *method, struct buf *out);
size_t lint_event(const struct event *event, struct buf *out);
/* Rows against each other: numbers and routes that two methods or events share. */
size_t lint_methods(const struct method *methods, size_t n, struct buf *out);
size_t lint_events(const struct event *events, size_t n, struct buf *out);
/* Everything that proto/ declares. */
size_t proto_check(struct buf *out);

/* The parameter of a path that begins at or after *at, as in "/v1/lessons/{lesson_id}"; moves *at behind it. */
bool path_parameter(const char **at, struct span *ret_name);
/* Does the path of the method name this field as a parameter? */
bool method_has_parameter(const struct method *method, const struct field *field);

#endif
