/*
 * snapshot.c - freezes a report at a cut-off date and hands frozen ones out, as JSON and CSV; see snapshot.sql.
 *
 * A frozen report is its rows; the digest is made of their CSV form. Whoever reads one later gets it only when the
 * stored rows still make that digest, so a row that somebody slipped in is never handed out as the report.
 */
#include "rows.h"
#include "service.h"
#include "sheet.h"
#include "sql.h"

/* Bytes of a file name taken from a code or a period. */
enum { NAME_PART = 32 };

/* A report with its rows and their CSV form; all in the arena. */
struct report {
    struct snapshot head;
    struct frozen_row *rows;
    uint32_t n_rows;
    struct span csv;
    uint8_t digest[SHEET_DIGEST];
};

/* CSV form and digest of the rows. */
static int render(struct ctx *ctx, struct report *report)
{
    struct buf csv;
    int code = 0;
    buf_init(&csv, SHEET_MAX_BYTES);
    sheet_write(report->rows, report->n_rows, &csv);
    if (csv.failed || arena_span(ctx->arena, buf_span(&csv), &report->csv) < 0)
        code = fail(ctx, ERR_TOO_LARGE, "unit_id");
    else
        sheet_digest(report->csv, report->digest);
    buf_release(&csv);
    return code;
}

static int load(struct ctx *ctx, const struct snapshot_ref *ref, struct report *ret_report)
{
    int code = pg_call(ctx, &SQL_snapshot_find, ref, &ret_report->head);
    if (!code)
        code = pg_list(ctx, &SQL_snapshot_rows, ref, SHEET_MAX_ROWS + 1, &ret_report->rows, &ret_report->n_rows);
    if (!code)
        code = render(ctx, ret_report);
    if (!code && (ret_report->head.digest.n != SHEET_DIGEST ||
                  memcmp(ret_report->head.digest.p, ret_report->digest, SHEET_DIGEST) != 0)) {
        char id[UUID_TEXT];
        uuid_format(&ref->snapshot_id, id);
        log_error(ctx->head->trace, "the rows of snapshot %s do not make its digest", id);
        code = fail(ctx, ERR_INTERNAL, "digest");
    }
    return code;
}

/* The rows as a reply shows them. */
static int show(struct ctx *ctx, const struct report *report, struct snapshot *ret_reply)
{
    struct counts *units = arena_alloc(ctx->arena, report->n_rows * sizeof(*units));
    if (!units)
        return fail(ctx, ERR_TOO_LARGE, "unit_id");
    for (uint32_t i = 0; i < report->n_rows; i++) {
        const struct frozen_row *row = &report->rows[i];
        units[i] = (struct counts){
            .unit_id = row->unit_id,
            .code = row->code,
            .name = row->name,
            .assigned = row->assigned,
            .completed = row->completed,
            .passed = row->passed,
            .certified = row->certified,
            .leaders_assigned = row->leaders_assigned,
            .leaders_completed = row->leaders_completed,
            .leaders_passed = row->leaders_passed,
            .leaders_certified = row->leaders_certified,
        };
        if (HAS(row, frozen_row, parent_id))
            PUT_FIELD(&units[i], counts, parent_id, row->parent_id);
    }
    struct snapshot_ref ref = {.snapshot_id = report->head.snapshot_id};
    struct fates_count since;
    int code = pg_call(ctx, &SQL_snapshot_units_changed, &ref, &since);
    if (code)
        return code;
    *ret_reply = report->head;
    if (since.units)
        PUT_FIELD(ret_reply, snapshot, units_changed, since.units);
    ret_reply->units = units;
    ret_reply->n_units = report->n_rows;
    return 0;
}

static int give(struct ctx *ctx, const struct uuid *snapshot_id, struct snapshot *ret_reply)
{
    struct snapshot_ref ref = {.snapshot_id = *snapshot_id};
    struct report report = {.n_rows = 0};
    int code = load(ctx, &ref, &report);
    return code ? code : show(ctx, &report, ret_reply);
}

/* Counts, renders and stores. *ret_taken: another call took the id or the period at the same moment; nothing is stored.
 */
static int freeze(struct ctx *ctx, const struct snapshot_request *req, const struct snapshot_head *head,
                  struct report *ret_report, bool *ret_taken)
{
    struct snapshot wanted = {
        .snapshot_id = req->snapshot_id,
        .unit_id = req->unit_id,
        .programme_id = req->programme_id,
        .programme_vi = head->programme_vi,
        .period = head->period,
        .cutoff_date = req->cutoff_date,
        .final = HAS(req, snapshot_request, final) && req->final,
    };
    struct snapshot *made;
    uint32_t n = 0;
    if (HAS(req, snapshot_request, due_date))
        PUT_FIELD(&wanted, snapshot, due_date, req->due_date);
    int code = pg_list(ctx, &SQL_snapshot_count, req, SHEET_MAX_ROWS + 1, &ret_report->rows, &ret_report->n_rows);
    if (!code && ret_report->n_rows > SHEET_MAX_ROWS)
        code = fail(ctx, ERR_TOO_LARGE, "unit_id");
    if (!code)
        code = render(ctx, ret_report);
    if (code)
        return code;
    wanted.digest = (struct span){(const char *)ret_report->digest, SHEET_DIGEST};
    code = pg_list(ctx, &SQL_snapshot_make, &wanted, 1, &made, &n);
    *ret_taken = !code && !n;
    if (code || !n)
        return code;
    ret_report->head = *made;
    return pg_bulk(ctx, &SQL_snapshot_add, ret_report->rows, ret_report->n_rows, 0, NULL, NULL);
}

int on_snapshot_freeze(struct ctx *ctx, const struct snapshot_request *req, struct snapshot *ret_reply)
{
    struct snapshot_head head;
    struct report report = {.n_rows = 0};
    bool taken = false;
    int code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_snapshot_allowed, req, &head);
    if (!code && !head.repeated)
        code = freeze(ctx, req, &head, &report, &taken);
    if (!code && taken) /* who was first has committed by now: the same question gives his report, or the conflict */
        code = pg_call(ctx, &SQL_snapshot_allowed, req, &head);
    if (!code && !head.repeated)
        code = show(ctx, &report, ret_reply);
    if (!code)
        code = pg_commit(ctx);
    return code || !head.repeated ? code : give(ctx, &req->snapshot_id, ret_reply);
}

int on_snapshot_get(struct ctx *ctx, const struct snapshot_ref *req, struct snapshot *ret_reply)
{
    return give(ctx, &req->snapshot_id, ret_reply);
}

/* A part of a file name: what is not a plain ASCII letter, digit, dot or dash becomes a dash. */
static const char *name_part(struct span text, char ret[NAME_PART + 1])
{
    uint32_t n = text.n < NAME_PART ? text.n : NAME_PART;
    for (uint32_t i = 0; i < n; i++) {
        char c = text.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
        ret[i] = plain ? c : '-';
    }
    ret[n] = '\0';
    return ret;
}

int on_snapshot_csv(struct ctx *ctx, const struct snapshot_ref *req, struct file *ret_reply)
{
    struct report report = {.n_rows = 0};
    struct span unit_code = SPAN("");
    char code_part[NAME_PART + 1], period_part[NAME_PART + 1], cutoff[DATE_TEXT];
    int code = load(ctx, req, &report);
    if (code)
        return code;
    for (uint32_t i = 0; i < report.n_rows; i++) {
        if (uuid_equal(&report.rows[i].unit_id, &report.head.unit_id))
            unit_code = report.rows[i].code;
    }
    date_format(report.head.cutoff_date, cutoff);
    char *name =
        arena_printf(ctx->arena, "hocvu-%s-%s-%s-%s.csv", name_part(unit_code, code_part),
                     name_part(report.head.period, period_part), cutoff, report.head.final ? "final" : "provisional");
    if (!name)
        return fail(ctx, ERR_TOO_LARGE, "snapshot_id");
    ret_reply->media_type = SPAN("text/csv; charset=utf-8; header=present");
    ret_reply->name = (struct span){name, (uint32_t)strlen(name)};
    ret_reply->content = report.csv;
    return 0;
}
