/*
 * access.c - who looked at whose record: every service tells it (common/access.h), identity keeps it (its own looks at
 * once, by access_tell in migrations/deploy/requests.sql), and the person reads it.
 */
#include "identity.h"

enum { PEOPLE_TEXT = 32768, PAGE = 100 };

static int keep(struct ctx *ctx, const struct access_fact *event)
{
    struct access_kept kept = {
        .at = event->at, .actor = event->actor, .service = event->service, .method = event->method};
    struct buf people;
    char text[UUID_TEXT];
    if (HAS(event, access_fact, reason))
        PUT_FIELD(&kept, access_kept, reason, event->reason);
    if (HAS(event, access_fact, trace))
        PUT_FIELD(&kept, access_kept, trace, event->trace);
    buf_init(&people, PEOPLE_TEXT);
    for (uint32_t i = 0; i < event->n_people; i++) {
        uuid_format(&event->people[i].person_id, text);
        buf_printf(&people, "%s%s", i ? "," : "{", text);
    }
    buf_add_char(&people, '}');
    kept.people = buf_span(&people);
    int code = people.failed ? fail(ctx, ERR_TOO_LARGE, "people") : pg_call(ctx, &SQL_access_keep, &kept, NULL);
    buf_release(&people);
    return code;
}

int access_settle(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_access_settle, NULL, NULL);
}

int on_event_learning_record_read(struct ctx *ctx, const struct access_fact *event)
{
    return keep(ctx, event);
}

int on_event_assessment_record_read(struct ctx *ctx, const struct access_fact *event)
{
    return keep(ctx, event);
}

int on_event_certification_record_read(struct ctx *ctx, const struct access_fact *event)
{
    return keep(ctx, event);
}

int on_event_reporting_record_read(struct ctx *ctx, const struct access_fact *event)
{
    return keep(ctx, event);
}

/* What a method shows, for its person; one that is not here is described by its METHOD row. */
static const struct {
    const char *method;
    struct span vi, en;
} words[] = {
    {"people", SPAN("Danh sách cán bộ của đơn vị"), SPAN("List of the people of a unit")},
    {"person_get", SPAN("Hồ sơ cán bộ"), SPAN("Record of a person")},
    {"attempts", SPAN("Danh sách lượt làm bài"), SPAN("List of attempts")},
    {"attempt_integrity", SPAN("Dữ kiện về tính trung thực của lượt làm bài"), SPAN("Integrity facts of an attempt")},
    {"attempt_dossier", SPAN("Hồ sơ đầy đủ của lượt làm bài"), SPAN("Complete dossier of an attempt")},
    {"appeals", SPAN("Danh sách khiếu nại"), SPAN("List of appeals")},
    {"reviews", SPAN("Hồ sơ chờ đối chiếu danh tính"), SPAN("Cases of identity waiting for an officer")},
    {"accounts", SPAN("Tài khoản định danh"), SPAN("Accounts at identity providers")},
    {"link_history", SPAN("Lịch sử gắn tài khoản định danh"), SPAN("History of linked accounts")},
    {"grants", SPAN("Danh sách quyền trong đơn vị"), SPAN("Roles held in a unit")},
    {"data_requests", SPAN("Yêu cầu về dữ liệu cá nhân"), SPAN("Requests about personal data")},
};

static void describe(const struct span *method, struct access_row *row)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].method) == method->n && !memcmp(words[i].method, method->p, method->n)) {
            row->what_vi = words[i].vi;
            row->what_en = words[i].en;
            return;
        }
    }
    row->what_vi = SPAN("Dữ liệu cá nhân");
    row->what_en = SPAN("Personal data");
    for (size_t i = 0; i < proto_n_methods; i++) {
        const struct method *m = &proto_methods[i];
        if (strlen(m->name) == method->n && !memcmp(m->name, method->p, method->n))
            row->what_en = (struct span){m->doc, (uint32_t)strnlen(m->doc, 300)};
    }
}

int on_my_accesses(struct ctx *ctx, const struct accesses_query *req, struct access_rows *ret_reply)
{
    struct access_seen *seen;
    uint32_t n;
    int code = pg_list(ctx, &SQL_my_accesses, req, PAGE, &seen, &n);
    if (code)
        return code;
    struct access_row *rows = arena_alloc(ctx->arena, (n + 1) * sizeof(*rows));
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, "accesses");
    for (uint32_t i = 0; i < n; i++) {
        rows[i] = (struct access_row){.at = seen[i].at, .actor_name = seen[i].actor_name, .method = seen[i].method};
        if (HAS(&seen[i], access_seen, unit_name))
            PUT_FIELD(&rows[i], access_row, unit_name, seen[i].unit_name);
        if (HAS(&seen[i], access_seen, position))
            PUT_FIELD(&rows[i], access_row, position, seen[i].position);
        if (HAS(&seen[i], access_seen, reason))
            PUT_FIELD(&rows[i], access_row, reason, seen[i].reason);
        if (HAS(&seen[i], access_seen, trace))
            PUT_FIELD(&rows[i], access_row, trace, seen[i].trace);
        describe(&seen[i].method, &rows[i]);
    }
    ret_reply->accesses = rows;
    ret_reply->n_accesses = n;
    return 0;
}
