/*
 * revoked.h - sessions that ended before their access tokens did: asked of identity each second, kept until the last
 * token that names them has ended by itself.
 */
#ifndef GATEWAY_REVOKED_H
#define GATEWAY_REVOKED_H

#include "proto.h"

/* Identity makes no access token that lives longer than an hour; clocks apart and a slow poll have the rest. */
#define REVOKED_KEEP_US (INT64_C(65) * 60 * 1000000)
/* A session may be written as ended a little before others see it, so each question reaches back. */
#define REVOKED_OVERLAP_US (INT64_C(10) * 1000000)

struct revoked_entry {
    struct uuid session_id;
    int64_t revoked_us; /* 0: free */
};

struct revoked {
    struct revoked_entry *table; /* open addressing, at most half full */
    size_t size, n;              /* size is a power of two, or 0 */
    uint64_t seed;
    int64_t newest_us; /* of all that was told */
    int64_t asked_from_us;
    int64_t answered_us; /* mono_us of identity's last answer; 0: never */
};

/* `now`, here and below, is the wall clock's, as identity's times are. The first question reaches back as long as
 * tokens live. */
void revoked_init(struct revoked *revoked, int64_t now);
void revoked_release(struct revoked *revoked);
/* -1 when memory is out; then the session counts as not ended. */
MUST_CHECK int revoked_add(struct revoked *revoked, const struct uuid *session_id, int64_t revoked_us);
bool revoked_has(const struct revoked *revoked, const struct uuid *session_id);
/* Forgets what has been kept long enough. */
void revoked_prune(struct revoked *revoked, int64_t now);

/*
 * From which moment to ask. When the wall clock stands before what was told last, it was set back: sessions that end
 * now bear earlier times than those that are known, so the question reaches back from now.
 */
int64_t revoked_since(const struct revoked *revoked, int64_t wall);
/* What was told; `mono` is mono_us. A full page that brought news is followed by another question: true. */
bool revoked_take(struct revoked *revoked, const struct revocation_list *list, int64_t mono);

#endif
