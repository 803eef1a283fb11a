/*
 * fate.c - what the units of an older report have become: follows decrees, official lists and files of units, and tells
 * for a frozen report who was merged, split, renamed, moved or closed since its cut-off, by which decree (or that it
 * was a file) and from which day. The report itself never changes.
 */
#include "rows.h"
#include "service.h"
#include "sheet.h"
#include "sql.h"

enum { FATES_MOST = 5000 /* of unit_fates */ };

#define HEADER                                                                                                         \
    "\xef\xbb\xbf"                                                                                                     \
    "code,name,change,effective_from,decree,old_code,old_name,new_code,new_name,text_vi,text_en\r\n"

int on_event_decree_applied(struct ctx *ctx, const struct decree_fact *event)
{
    struct fate_row *rows = arena_alloc(ctx->arena, (event->n_successors + 1) * sizeof(*rows));
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, "successors");
    for (uint32_t i = 0; i < event->n_successors; i++) {
        const struct successor *s = &event->successors[i];
        rows[i] = (struct fate_row){.effective_from = event->effective_from, .op = s->op, .old_unit = s->old_unit};
        if (HAS(event, decree_fact, decree_id) && HAS(event, decree_fact, number)) {
            PUT_FIELD(&rows[i], fate_row, decree_id, event->decree_id);
            PUT_FIELD(&rows[i], fate_row, number, event->number);
        }
        if (HAS(s, successor, new_unit))
            PUT_FIELD(&rows[i], fate_row, new_unit, s->new_unit);
    }
    return event->n_successors ? pg_bulk(ctx, &SQL_fates_put, rows, event->n_successors, 0, NULL, NULL) : 0;
}

int on_snapshot_fates(struct ctx *ctx, const struct snapshot_ref *req, struct unit_fates *ret_reply)
{
    struct snapshot head;
    int code = pg_call(ctx, &SQL_snapshot_find, req, &head);
    if (!code)
        code = pg_list(ctx, &SQL_snapshot_fates, req, FATES_MOST + 1, &ret_reply->fates, &ret_reply->n_fates);
    if (code)
        return code;
    if (ret_reply->n_fates > FATES_MOST)
        return fail(ctx, ERR_TOO_LARGE, "snapshot_id");
    ret_reply->snapshot_id = head.snapshot_id;
    ret_reply->cutoff_date = head.cutoff_date;
    return 0;
}

static void add_line(struct buf *out, const struct unit_fate *fate)
{
    char day[DATE_TEXT];
    date_format(fate->effective_from, day);
    const struct span cells[] = {
        fate->code,
        fate->name,
        fate->op,
        {day, (uint32_t)strlen(day)},
        HAS(fate, unit_fate, number) ? fate->number : SPAN(""),
        fate->old_code,
        fate->old_name,
        HAS(fate, unit_fate, new_code) ? fate->new_code : SPAN(""),
        HAS(fate, unit_fate, new_name) ? fate->new_name : SPAN(""),
        fate->text_vi,
        fate->text_en,
    };
    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        if (i)
            buf_add_char(out, ',');
        sheet_cell(out, cells[i]);
    }
    buf_add_text(out, "\r\n");
}

int on_snapshot_fates_csv(struct ctx *ctx, const struct snapshot_ref *req, struct file *ret_reply)
{
    struct unit_fates told = {.n_fates = 0};
    char id[UUID_TEXT];
    struct buf csv;
    int code = on_snapshot_fates(ctx, req, &told);
    if (code)
        return code;
    buf_init(&csv, SHEET_MAX_BYTES);
    buf_add_text(&csv, HEADER);
    for (uint32_t i = 0; i < told.n_fates; i++)
        add_line(&csv, &told.fates[i]);
    uuid_format(&req->snapshot_id, id);
    char *name = arena_printf(ctx->arena, "hocvu-%s-fates.csv", id);
    if (csv.failed || !name || arena_span(ctx->arena, buf_span(&csv), &ret_reply->content) < 0)
        code = fail(ctx, ERR_TOO_LARGE, "snapshot_id");
    buf_release(&csv);
    if (code)
        return code;
    ret_reply->media_type = SPAN("text/csv; charset=utf-8; header=present");
    ret_reply->name = (struct span){name, (uint32_t)strlen(name)};
    return 0;
}
