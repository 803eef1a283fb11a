/*
 * audit_verify.h - goes through an audit, part by part as audit_page gives it, and says everything that does not fit:
 * rows changed, removed, moved, put in later, a chain cut off at its end or made anew, heads that nobody signed.
 *
 *     struct audit_verify v = {.service = "identity", .public = key or NULL, .say = say, .arg = arg};
 *     audit_verify_keep(&v, &head, "reporting");         heads that were kept elsewhere, before the rows
 *     audit_verify_part(&v, &part); ...                  in order, until part.last is reached
 *     audit_verify_end(&v);                              v.n_faults
 *     audit_verify_release(&v);
 */
#ifndef COMMON_AUDIT_VERIFY_H
#define COMMON_AUDIT_VERIFY_H

#include "audit_hash.h"

struct audit_kept {
    uint64_t seq;
    uint8_t hash[AUDIT_HASH];
    char by[33];
};

struct audit_verify {
    const char *service;
    const uint8_t *public; /* of the key that signs heads; NULL: signatures are not looked at */
    void (*say)(void *arg, const char *sentence);
    void *arg;
    uint64_t seq;             /* last row seen */
    uint8_t hash[AUDIT_HASH]; /* that it carries */
    bool torn;                /* rows before the next one are missing: its hash cannot be computed */
    uint64_t n_faults, n_heads;
    struct audit_kept *kept;
    size_t n_kept;
};

/* A head of this service's audit that `by` has kept; copied. -1: out of memory. */
MUST_CHECK int audit_verify_keep(struct audit_verify *v, const struct audit_head *head, const char *by);
void audit_verify_part(struct audit_verify *v, const struct audit_part *part);
/* After the last part: heads of rows that should be there. */
void audit_verify_end(struct audit_verify *v);
void audit_verify_release(struct audit_verify *v);

#endif
