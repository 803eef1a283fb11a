/*
 * import.h - the frame of both imports: read the file, take the lock, look at what is stored, decide here, write what
 * differs in sets, report. A bad row never stops a good one; a dry run does all of it and keeps nothing.
 */
#ifndef IDENTITY_IMPORT_H
#define IDENTITY_IMPORT_H

#include "table.h"
#include "identity.h"

/* Rows of one statement; and of one file, which is what 4 MiB of the shortest sensible rows come to. */
enum { IMPORT_CHUNK = 1000, IMPORT_CHUNK_BYTES = 8 << 20, IMPORT_MAX_ROWS = 100000 };

/* Days between which units are told of: no unit of this state is older. */
enum { UNIT_FIRST_DAY = -8887 /* 1945-09-02 */, UNIT_DAYS_AHEAD = 3653, TREE_MOST_VERSIONS = 200000 };

/* Opens the transaction, waits for other imports. 0 or fail(). */
MUST_CHECK int import_begin(struct ctx *ctx, int32_t *ret_today);
/* Runs a BULK statement without rows over all of `n` messages of the statement's kind. 0 or fail(). */
MUST_CHECK int import_write(struct ctx *ctx, const struct stmt *stmt, const void *messages, uint32_t n);
/* The same in one statement; the rows fit in IMPORT_CHUNK_BYTES. 0 or fail(). */
MUST_CHECK int import_write_chunk(struct ctx *ctx, const struct stmt *stmt, const void *messages, uint32_t n);
/* Audit, commit (a dry run is left to be rolled back), report. 0 or fail(). */
MUST_CHECK int import_end(struct ctx *ctx, const char *action, struct table *file, bool dry_run, uint32_t created,
                          uint32_t changed, struct import_report *ret_report);
/* A date cell. False when it is not a day that exists, or not within the bounds. */
bool import_date(struct span cell, int32_t least, int32_t most, int32_t *ret_day);

/* Codes go into other files, between ; and @: plain letters, digits and . _ - */
bool unit_code_valid(struct span code);

struct tree;
/*
 * The tree as it is stored, on which rows or steps are tried; `more` new units and codes at most. Call it under the
 * lock of import_begin. 0 or fail().
 */
MUST_CHECK int units_read(struct ctx *ctx, struct tree *ret_tree, uint32_t more);
/* Writes what differs, each told; then today's tree and the paths. `ret_changed` (NULL: not asked) counts units. */
MUST_CHECK int units_write(struct ctx *ctx, const struct tree *tree, uint32_t *ret_changed);

#endif
