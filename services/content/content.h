/* content.h - what the files of this service share: its configuration, and how a change begins. */
#ifndef CONTENT_H
#define CONTENT_H

#include "rows.h"
#include "service.h"
#include "sql.h"

struct content_conf {
    int64_t cache_seconds;
};
extern const struct conf_row content_conf_rows[];

/* Opens a transaction behind the lock of the version's code. The caller commits. */
MUST_CHECK int change_begin(struct ctx *ctx, struct uuid version_id);
/* Reads where the version stands now, and commits. */
MUST_CHECK int change_end(struct ctx *ctx, struct uuid version_id, struct version_state *ret_reply);

#endif
