/* access.c - puts on record who looked at whose record, see access.h. */
#include "access.h"
#include "access_sql.h"
#include "common_rows.h"

/* As access_fact.people is declared; a longer list is told in parts. */
enum { PEOPLE_MOST = 500, PEOPLE_TEXT = 65536 };

/* Up to PEOPLE_MOST others from `*at` on as JSON. How many. */
static uint32_t write_people(const struct ctx *ctx, const struct uuid *people, size_t stride, uint32_t n, uint32_t *at,
                             struct buf *out)
{
    char text[UUID_TEXT];
    static const struct uuid nobody; /* a row about an account that is nobody's */
    uint32_t written = 0;
    buf_clear(out);
    buf_add_char(out, '[');
    for (; *at < n && written < PEOPLE_MOST; ++*at) {
        struct uuid person;
        memcpy(&person, (const char *)people + *at * stride, sizeof(person));
        if (uuid_equal(&person, &ctx->head->subject) || uuid_equal(&person, &nobody))
            continue;
        uuid_format(&person, text);
        buf_printf(out, "%s{\"person_id\":\"%s\"}", written++ ? "," : "", text);
    }
    buf_add_char(out, ']');
    return written;
}

int access_note(struct ctx *ctx, const struct uuid *people, size_t stride, uint32_t n, const struct span *reason)
{
    const char *method = ctx->method ? ctx->method->name : "unknown";
    struct access_entry entry = {.method = {method, (uint32_t)strlen(method)}};
    struct buf list;
    int code = 0;
    if (!HAS(ctx->head, call_header, subject))
        return 0; /* another service or hocvu, which show nobody */
    if (reason)
        PUT_FIELD(&entry, access_entry, reason, *reason);
    buf_init(&list, PEOPLE_TEXT);
    for (uint32_t at = 0; !code && at < n;) {
        if (!write_people(ctx, people, stride, n, &at, &list))
            break;
        entry.people = buf_span(&list);
        code = list.failed ? fail(ctx, ERR_TOO_LARGE, "people") : pg_call(ctx, &SQL_access_note, &entry, NULL);
    }
    buf_release(&list);
    return code;
}
