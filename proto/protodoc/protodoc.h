/*
 * protodoc.h - the documents that are derived from the declarations.
 */
#ifndef PROTODOC_H
#define PROTODOC_H

#include "buf.h"

/* OpenAPI 3.1: every METHOD with a route. */
void openapi_write(struct buf *out);
/* The API page: static HTML, complete in itself. */
void page_write(struct buf *out);

/* Verb as HTTP writes it. */
const char *verb_name(enum verb verb);
/* Appends the roles of a method in words: "learner, editor", "any role", "everyone". */
void roles_write(uint32_t roles, struct buf *out);

#endif
