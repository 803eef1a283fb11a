/* roster_report.c - imports as their callers see them: asked for, how far they are, and their faults as a file. */
#include "csv.h"
#include "identity.h"
#include "xlsx_write.h"

enum { FAULTS_A_PART = 4000, FAULT_COLUMNS = 5, FILE_MOST = 4 << 20 };

static const struct span fault_header[FAULT_COLUMNS] = {SPAN("line"), SPAN("field"), SPAN("value"), SPAN("can_lam_gi"),
                                                        SPAN("what_to_do")};

int on_import_begin(struct ctx *ctx, const struct import_request *req, struct import_state *ret_reply)
{
    struct import_ref ref = {.import_id = req->import_id};
    struct accepted accepted;
    struct import_new new = {
        .import_id = req->import_id,
        .upload_id = req->upload_id,
        .dry_run = HAS(req, import_request, dry_run) && req->dry_run,
        .remove_most = HAS(req, import_request, remove_most_percent) ? req->remove_most_percent : 5,
        .scope = {(const char *)ctx->scope, (uint32_t)(ctx->n_scope * sizeof(ctx->scope[0]))},
    };
    if (HAS(req, import_request, complete_unit))
        PUT_FIELD(&new, import_new, complete_unit, req->complete_unit);
    int code = pg_call(ctx, &SQL_import_open, &new, &accepted);
    if (code)
        return code;
    job_wake(ctx);
    return pg_call(ctx, &SQL_import_get, &ref, ret_reply);
}

int on_import_get(struct ctx *ctx, const struct import_ref *req, struct import_state *ret_reply)
{
    return pg_call(ctx, &SQL_import_get, req, ret_reply);
}

int on_import_stop(struct ctx *ctx, const struct import_ref *req, struct import_state *ret_reply)
{
    int code = pg_call(ctx, &SQL_import_stop, req, NULL);
    return code ? code : pg_call(ctx, &SQL_import_get, req, ret_reply);
}

/* The cells of one fault; the line as text in the arena. */
static int fault_cells(struct arena *arena, const struct row_fault *fault, struct span cells[FAULT_COLUMNS])
{
    const char *line = arena_printf(arena, "%u", fault->line);
    if (!line)
        return ERR_TOO_LARGE;
    cells[0] = (struct span){line, (uint32_t)strlen(line)};
    cells[1] = fault->field;
    cells[2] = HAS(fault, row_fault, value) ? fault->value : SPAN("");
    cells[3] = fault->message_vi;
    cells[4] = fault->message_en;
    return 0;
}

static int as_csv(struct arena *arena, const struct row_fault *faults, uint32_t n, struct buf *out)
{
    struct span cells[FAULT_COLUMNS];
    int code = 0;
    buf_add_text(out, "\xef\xbb\xbf"); /* or spreadsheets take it for another encoding */
    csv_write_row(out, fault_header, FAULT_COLUMNS);
    for (uint32_t i = 0; !code && i < n; i++) {
        code = fault_cells(arena, &faults[i], cells);
        if (!code)
            csv_write_row(out, cells, FAULT_COLUMNS);
    }
    return code;
}

static int as_xlsx(struct arena *arena, const struct row_fault *faults, uint32_t n, struct buf *out)
{
    struct xlsx_writer *writer;
    struct span cells[FAULT_COLUMNS];
    int code = xlsx_write_open(&writer, "faults", fault_header, FAULT_COLUMNS);
    for (uint32_t i = 0; !code && i < n; i++) {
        code = fault_cells(arena, &faults[i], cells);
        if (!code)
            code = xlsx_write_row(writer, cells);
    }
    int closed = xlsx_write_close(writer, code ? NULL : out);
    return code ? code : closed;
}

int on_import_faults(struct ctx *ctx, const struct import_faults *req, struct file *ret_reply)
{
    struct import_ref ref = {.import_id = req->import_id};
    struct import_state state;
    struct faults_page page = {.import_id = req->import_id, .most = FAULTS_A_PART};
    struct row_fault *faults;
    struct buf out;
    uint32_t n, part = HAS(req, import_faults, part) ? req->part : 0;
    bool has_format = HAS(req, import_faults, format);
    bool xlsx = has_format && req->format.n == 4 && !memcmp(req->format.p, "xlsx", 4);
    if (has_format && !xlsx && (req->format.n != 3 || memcmp(req->format.p, "csv", 3) != 0))
        return fail(ctx, ERR_INVALID, "format");
    page.skip = (uint64_t)part * FAULTS_A_PART;
    int code = pg_call(ctx, &SQL_import_get, &ref, &state);
    if (!code)
        code = pg_list(ctx, &SQL_import_fault_rows, &page, FAULTS_A_PART, &faults, &n);
    if (code)
        return code;
    if (n == 0 && part > 0)
        return fail(ctx, ERR_NOT_FOUND, "part");
    buf_init(&out, FILE_MOST);
    code = xlsx ? as_xlsx(ctx->arena, faults, n, &out) : as_csv(ctx->arena, faults, n, &out);
    if (!code && (out.failed || arena_span(ctx->arena, buf_span(&out), &ret_reply->content) < 0))
        code = ERR_TOO_LARGE;
    buf_release(&out);
    if (code)
        return fail(ctx, code, "import_id");
    const char *name = arena_printf(ctx->arena, "faults-%u.%s", part, xlsx ? "xlsx" : "csv");
    if (!name)
        return fail(ctx, ERR_TOO_LARGE, "import_id");
    ret_reply->name = (struct span){name, (uint32_t)strlen(name)};
    ret_reply->media_type = xlsx ? SPAN("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
                                 : SPAN("text/csv; charset=utf-8");
    return 0;
}
