/*
 * access.h - who looked at whose record. A handler that shows an officer what belongs to other people says so before it
 * returns; the person finds it under GET /v1/me/accesses. A read that cannot be put on record is not answered.
 *
 *     return code ? code : access_note_list(ctx, reply->people, reply->n_people, NULL);
 *
 * What people read about themselves is left out. A list that names nobody (figures only) needs no note.
 */
#ifndef COMMON_ACCESS_H
#define COMMON_ACCESS_H

#include "service.h"

/*
 * `n` persons were shown, their ids `stride` bytes from each other; `reason` as the caller gave it, or NULL. Outside of
 * a transaction the note is its own. 0 or fail().
 */
MUST_CHECK int access_note(struct ctx *ctx, const struct uuid *people, size_t stride, uint32_t n,
                           const struct span *reason);

/* The same for an array of rows that have a person_id. */
#define access_note_list(ctx, rows, n, reason)                                                                         \
    access_note((ctx), (n) ? &(rows)->person_id : NULL, sizeof(*(rows)), (n), (reason))

#endif
