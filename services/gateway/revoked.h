/*
 * revoked.h - tokens that count no longer although they have not ended: those of sessions that ended, and those of
 * people whose rights changed after the tokens were made. Asked of identity twice a second, kept until the last such
 * token has ended by itself.
 */
#ifndef GATEWAY_REVOKED_H
#define GATEWAY_REVOKED_H

#include "proto.h"

/* Identity makes no access token that lives longer than an hour; clocks apart and a slow poll have the rest. */
#define REVOKED_KEEP_US (INT64_C(65) * 60 * 1000000)
/* A session may be written as ended a little before others see it, so each question reaches back. */
#define REVOKED_OVERLAP_US (INT64_C(10) * 1000000)

/* How often identity is asked: half a second, a call, and a commit that shows late, make less than two seconds. */
#define REVOKED_ASK_US INT64_C(500000)

struct revoked_entry {
    struct uuid id;     /* of a session, or of a person */
    int64_t revoked_us; /* 0: free */
    uint64_t rights;    /* of a person: tokens that know less are stale; 0: a session, which has ended */
};

struct revoked {
    struct revoked_entry *table; /* open addressing, at most half full */
    size_t size, n;              /* size is a power of two, or 0 */
    uint64_t seed;
    int64_t newest_us; /* of all that was told */
    int64_t asked_from_us;
    struct uuid after; /* id of the last row of a full page; counts while paging */
    bool paging;
    int64_t answered_us; /* mono_us of identity's last answer; 0: never */
};

/* `now`, here and below, is the wall clock's, as identity's times are. The first question reaches back as long as
 * tokens live. */
void revoked_init(struct revoked *revoked, int64_t now);
void revoked_release(struct revoked *revoked);
/*
 * A session that ended (`rights` 0), or a person whose tokens with less than `rights` are stale. -1 when memory is out;
 * then the tokens go on to count.
 */
MUST_CHECK int revoked_add(struct revoked *revoked, const struct uuid *id, int64_t revoked_us, uint64_t rights);
/* Has the token's session ended, or is it older than the rights of its person? */
bool revoked_has(const struct revoked *revoked, const struct access_claims *claims);
/* Forgets what has been kept long enough. */
void revoked_prune(struct revoked *revoked, int64_t now);

/*
 * What to ask. When the wall clock stands before what was told last, it was set back: sessions that end now bear
 * earlier times than those that are known, so the question reaches back from now.
 */
struct revocation_query revoked_query(const struct revoked *revoked, int64_t wall);
/* What was told; `mono` is mono_us. A full page is followed by another question: true. */
bool revoked_take(struct revoked *revoked, const struct revocation_list *list, int64_t mono);

#endif
