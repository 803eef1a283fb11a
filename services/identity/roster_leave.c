/*
 * roster_leave.c - a file that names everybody of a unit: who works there and is not in it has left.
 *
 * Whoever would leave is counted, and leaves, before anything else is written: new people of the file are not known yet
 * and cannot be taken for absent ones. Too many are taken for a wrong file; and while rows of the
 * file are refused nobody leaves, because a refused row may be the one that names somebody.
 */
#include "roster.h"

enum { LEAVE_AT_ONCE = 5000 };

/* Writes down whom the file names. 0 or fail(). */
static int note_present(struct ctx *ctx, struct roster *r)
{
    struct import_ref ref = {.import_id = r->task->import_id};
    int code = pg_call(ctx, &SQL_present_forget, &ref, NULL);
    while (!code && !r->stop && !job_stopping(ctx)) {
        struct pg_copy copy;
        struct roster_row *rows;
        uint32_t slice = 0, n = 0;
        arena_clear(ctx->arena);
        code = roster_load(ctx, r, &slice, &rows, &n);
        if (code || !n)
            break;
        const struct roster_seen **seen = arena_alloc(ctx->arena, n * sizeof(struct roster_seen *));
        code = seen ? roster_look(ctx, rows, n, seen) : fail(ctx, ERR_TOO_LARGE, "upload_id");
        if (code)
            break;
        code = pg_copy_begin(ctx, &SQL_present_copy, &copy);
        for (uint32_t i = 0; !code && i < n; i++) {
            struct present_row row = {.import_id = r->task->import_id};
            if (!seen[i])
                continue;
            row.person_id = seen[i]->person_id;
            code = pg_copy_row(ctx, &copy, &row);
        }
        code = pg_copy_end(ctx, &copy, code);
        if (!code)
            code = roster_tell(ctx, r, false);
    }
    if (!code && spool_rewind(&r->spool) < 0)
        code = fail(ctx, ERR_UNAVAILABLE, "spool_dir");
    return code;
}

static void refuse_absent(struct ctx *ctx, struct roster *r, const struct absent_count *found)
{
    const char *vi = arena_printf(&r->units_arena,
                                  "Tệp khai là danh sách đầy đủ nhưng thiếu %u trong %u người đang làm việc, quá mức "
                                  "%u%%. Không có gì được thay đổi. Nếu đúng là họ đã nghỉ, hãy nhập lại với mức cho "
                                  "phép cao hơn.",
                                  found->absent, found->working, r->task->remove_most);
    const char *en = arena_printf(&r->units_arena,
                                  "The file is said to name everybody, but %u of the %u people who work there are not "
                                  "in it, more than %u%%. Nothing was changed. If they have really left, import it "
                                  "again and allow more.",
                                  found->absent, found->working, r->task->remove_most);
    (void)ctx;
    roster_end(r, "refused", vi ? vi : "Tệp thiếu quá nhiều người.", en ? en : "Too many people are not in the file.");
}

int roster_absent(struct ctx *ctx, struct roster *r)
{
    struct absent_query query = {.import_id = r->task->import_id, .unit_id = r->task->complete_unit};
    struct absent_count found;
    if (r->step.rows == 0) {
        roster_end(r, "refused", "Tệp khai là danh sách đầy đủ nhưng không có dòng nào.",
                   "The file is said to name everybody, but it names nobody.");
        return 0;
    }
    if (r->step.refused)
        return 0;
    r->step.state = SPAN("comparing");
    int code = roster_tell(ctx, r, true);
    if (!code)
        code = note_present(ctx, r);
    if (code || r->stop || job_stopping(ctx))
        return code;
    arena_clear(ctx->arena);
    code = pg_call(ctx, &SQL_roster_absent, &query, &found);
    if (code)
        return code;
    if ((uint64_t)found.absent * 100 > (uint64_t)found.working * r->task->remove_most)
        refuse_absent(ctx, r, &found);
    if (r->task->dry_run)
        r->step.ended = found.absent;
    return 0;
}

int roster_leave(struct ctx *ctx, struct roster *r)
{
    struct absent_query query = {
        .import_id = r->task->import_id, .unit_id = r->task->complete_unit, .most = LEAVE_AT_ONCE};
    struct import_ref ref = {.import_id = r->task->import_id};
    if (r->step.refused) {
        PUT_FIELD(&r->step, import_step, sentence_vi,
                  SPAN("Có dòng bị từ chối nên không ai bị cho nghỉ. Hãy sửa các dòng đó rồi nhập lại cả danh sách."));
        PUT_FIELD(&r->step, import_step, sentence_en,
                  SPAN("Rows were refused, so nobody was taken to have left. Correct them and import the list again."));
        return 0;
    }
    int code = 0;
    while (!code && !r->task->dry_run && !r->stop && !job_stopping(ctx)) {
        struct leaver *gone;
        uint32_t n = 0;
        arena_clear(ctx->arena);
        code = roster_allowed(ctx, r);
        if (code || r->lost)
            break;
        code = pg_begin(ctx);
        if (!code)
            code = pg_list(ctx, &SQL_absent_end, &query, LEAVE_AT_ONCE, &gone, &n);
        if (!code && n)
            code = pg_bulk(ctx, &SQL_grants_end, gone, n, 0, NULL, NULL);
        r->step.ended += code ? 0 : n;
        if (!code)
            code = roster_tell(ctx, r, true);
        if (!code)
            code = pg_commit(ctx);
        if (code || !n)
            break;
    }
    return code ? code : pg_call(ctx, &SQL_present_forget, &ref, NULL);
}
