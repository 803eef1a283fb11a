/* revoked.c - the table of ended sessions, see revoked.h. */
#include "revoked.h"
#include "log.h"

#include <sodium.h>

enum { FIRST_SIZE = 1024, PAGE = 10000 /* most of revocation_list */ };

void revoked_init(struct revoked *revoked, int64_t now)
{
    *revoked = (struct revoked){.newest_us = now - REVOKED_KEEP_US};
    revoked->asked_from_us = revoked->newest_us;
    randombytes_buf(&revoked->seed, sizeof(revoked->seed));
}

void revoked_release(struct revoked *revoked)
{
    free(revoked->table);
    *revoked = (struct revoked){0};
}

/* Session ids are random in their last eight bytes and come from identity alone, so a mix with a seed is hash enough.
 */
static size_t place_of(const struct revoked *revoked, const struct uuid *session_id)
{
    uint64_t tail;
    memcpy(&tail, session_id->b + 8, sizeof(tail));
    tail = (tail ^ revoked->seed) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(tail >> 32) & (revoked->size - 1);
}

/* Where the session stands, or the free place where it would. The table is never full. */
static struct revoked_entry *find(const struct revoked *revoked, const struct uuid *session_id)
{
    size_t at = place_of(revoked, session_id);
    while (revoked->table[at].revoked_us &&
           memcmp(revoked->table[at].session_id.b, session_id->b, sizeof(session_id->b)) != 0)
        at = (at + 1) & (revoked->size - 1);
    return &revoked->table[at];
}

/* Moves what is younger than `keep_from` into a table of this size. */
static int rebuild(struct revoked *revoked, size_t size, int64_t keep_from)
{
    struct revoked fresh = *revoked;
    fresh.table = calloc(size, sizeof(*fresh.table));
    if (!fresh.table)
        return -1;
    fresh.size = size;
    fresh.n = 0;
    for (size_t i = 0; i < revoked->size; i++) {
        const struct revoked_entry *entry = &revoked->table[i];
        if (entry->revoked_us > keep_from) {
            *find(&fresh, &entry->session_id) = *entry;
            fresh.n++;
        }
    }
    free(revoked->table);
    *revoked = fresh;
    return 0;
}

int revoked_add(struct revoked *revoked, const struct uuid *session_id, int64_t revoked_us)
{
    if (2 * (revoked->n + 1) > revoked->size && rebuild(revoked, revoked->size ? 2 * revoked->size : FIRST_SIZE, 0) < 0)
        return -1;
    struct revoked_entry *entry = find(revoked, session_id);
    revoked->n += !entry->revoked_us;
    *entry = (struct revoked_entry){*session_id, revoked_us > 0 ? revoked_us : 1};
    return 0;
}

bool revoked_has(const struct revoked *revoked, const struct uuid *session_id)
{
    return revoked->n && find(revoked, session_id)->revoked_us;
}

void revoked_prune(struct revoked *revoked, int64_t now)
{
    int64_t keep_from = now - REVOKED_KEEP_US;
    size_t kept = 0, size = FIRST_SIZE;
    for (size_t i = 0; i < revoked->size; i++)
        kept += revoked->table[i].revoked_us > keep_from;
    if (kept == revoked->n)
        return;
    while (size < 4 * kept)
        size *= 2;
    if (rebuild(revoked, size, keep_from) < 0)
        log_warn(NO_TRACE, "no memory to forget ended sessions; they stay ended");
}

int64_t revoked_since(const struct revoked *revoked, int64_t wall)
{
    return revoked->asked_from_us <= wall ? revoked->asked_from_us : wall - REVOKED_OVERLAP_US;
}

bool revoked_take(struct revoked *revoked, const struct revocation_list *list, int64_t mono)
{
    int64_t before = revoked->newest_us;
    for (uint32_t i = 0; i < list->n_sessions; i++) {
        const struct revoked_session *session = &list->sessions[i];
        if (revoked_add(revoked, &session->session_id, session->revoked_at) < 0) {
            log_error(NO_TRACE, "no memory for ended sessions; asking again");
            return false;
        }
        if (session->revoked_at > revoked->newest_us)
            revoked->newest_us = session->revoked_at;
    }
    revoked->answered_us = mono;
    /* A full page goes on where it ended, without reaching back, or it would be the same page again. */
    bool full = list->n_sessions == PAGE;
    revoked->asked_from_us = full ? revoked->newest_us : revoked->newest_us - REVOKED_OVERLAP_US;
    return full && revoked->newest_us > before;
}
