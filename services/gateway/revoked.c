/* revoked.c - the table of ended sessions and changed rights, see revoked.h. */
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

/* Ids are random in their last eight bytes and come from identity alone, so a mix with a seed is hash enough. */
static size_t place_of(const struct revoked *revoked, const struct uuid *id)
{
    uint64_t tail;
    memcpy(&tail, id->b + 8, sizeof(tail));
    tail = (tail ^ revoked->seed) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(tail >> 32) & (revoked->size - 1);
}

/* Where the id stands, or the free place where it would. The table is never full. */
static struct revoked_entry *find(const struct revoked *revoked, const struct uuid *id)
{
    size_t at = place_of(revoked, id);
    while (revoked->table[at].revoked_us && memcmp(revoked->table[at].id.b, id->b, sizeof(id->b)) != 0)
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
            *find(&fresh, &entry->id) = *entry;
            fresh.n++;
        }
    }
    free(revoked->table);
    *revoked = fresh;
    return 0;
}

int revoked_add(struct revoked *revoked, const struct uuid *id, int64_t revoked_us, uint64_t rights)
{
    if (2 * (revoked->n + 1) > revoked->size && rebuild(revoked, revoked->size ? 2 * revoked->size : FIRST_SIZE, 0) < 0)
        return -1;
    struct revoked_entry *entry = find(revoked, id);
    revoked->n += !entry->revoked_us;
    /* Two answers may come in another order than they were asked for: what is known is never taken back. */
    *entry =
        (struct revoked_entry){*id, revoked_us > 0 ? revoked_us : 1, rights > entry->rights ? rights : entry->rights};
    return 0;
}

bool revoked_has(const struct revoked *revoked, const struct access_claims *claims)
{
    if (!revoked->n)
        return false;
    if (find(revoked, &claims->sid)->revoked_us)
        return true;
    const struct revoked_entry *person = find(revoked, &claims->sub);
    uint64_t known = HAS(claims, access_claims, rights) ? claims->rights : 0;
    return person->revoked_us && known < person->rights;
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

struct revocation_query revoked_query(const struct revoked *revoked, int64_t wall)
{
    struct revocation_query query = {.since = revoked->asked_from_us};
    if (revoked->paging)
        PUT_FIELD(&query, revocation_query, after, revoked->after);
    else if (revoked->asked_from_us > wall)
        query.since = wall - REVOKED_OVERLAP_US;
    return query;
}

bool revoked_take(struct revoked *revoked, const struct revocation_list *list, int64_t mono)
{
    const struct revoked_token *last = NULL;
    for (uint32_t i = 0; i < list->n_tokens; i++) {
        const struct revoked_token *token = &list->tokens[i];
        bool person = HAS(token, revoked_token, person_id);
        /* A row of a later build may be about something else: then it is nothing that a token here could have. */
        uint64_t rights = HAS(token, revoked_token, rights) ? token->rights : 0;
        const struct uuid *id = person ? &token->person_id : &token->session_id;
        if ((person ? rights > 0 : HAS(token, revoked_token, session_id)) &&
            revoked_add(revoked, id, token->revoked_at, person ? rights : 0) < 0) {
            log_error(NO_TRACE, "no memory for ended sessions; asking again");
            return false;
        }
        if (token->revoked_at > revoked->newest_us)
            revoked->newest_us = token->revoked_at;
        last = token;
    }
    revoked->answered_us = mono;
    /* A full page goes on where it ended, without reaching back; the same page again would go round for ever. */
    struct uuid none = {{0}}, id = none;
    if (last)
        id = HAS(last, revoked_token, person_id) ? last->person_id : last->session_id;
    bool again = revoked->paging && !memcmp(id.b, revoked->after.b, sizeof(id.b));
    revoked->paging = list->n_tokens == PAGE && !again;
    revoked->after = revoked->paging ? id : none;
    revoked->asked_from_us = revoked->paging ? last->revoked_at : revoked->newest_us - REVOKED_OVERLAP_US;
    return revoked->paging;
}
