/*
 * roster_read.c - phase 1 of an import: the uploaded parts become a file, its rows are judged one by one, the good ones
 * go into the spool with hash and box instead of their number. The digits are in this process while their row is, and
 * nowhere else.
 *
 * A file is refused whole when it is damaged, when it is not UTF-8 at the first place where that shows, and when it is
 * not the file that was announced. Later faults cost a row each.
 */
#include "csv_rows.h"
#include "roster.h"
#include "xlsx.h"
#include <sodium.h>
#include <unistd.h>

enum { FAULTS_AT_ONCE = 1000, STOPPED = -1 };

/* For files in the parts of an upload, whose bytes were bounded when they came. */
static const struct xlsx_limits roster_xlsx = {
    .unpacked = UINT64_C(8) << 30,
    .string_bytes = 96 << 20,
    .ratio = 250,
    .entries = 2000,
    .rows = 1048576,
    .columns = TABLE_MAX_COLUMNS,
    .cell_bytes = 128 << 10,
    .sheets = 16,
};

/* --- The file. --- */

static bool write_all(int fd, struct span bytes)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n <= 0)
            return false;
        bytes = (struct span){bytes.p + n, bytes.n - (uint32_t)n};
    }
    return true;
}

/* All parts, one behind the other, into the file. 0 or fail(). */
static int fetch_parts(struct ctx *ctx, struct roster *r, int fd, unsigned char ret_hash[crypto_hash_sha256_BYTES])
{
    struct part_ref ref = {.upload_id = r->task->upload_id};
    struct part_bytes part;
    crypto_hash_sha256_state hash;
    int code = 0;
    crypto_hash_sha256_init(&hash);
    while (!code && ref.at < r->task->bytes) {
        code = pg_call(ctx, &SQL_upload_bytes, &ref, &part);
        if (!code && (!part.bytes.n || !write_all(fd, part.bytes)))
            code = fail(ctx, ERR_UNAVAILABLE, "spool_dir");
        if (!code) {
            crypto_hash_sha256_update(&hash, (const unsigned char *)part.bytes.p, part.bytes.n);
            ref.at += part.bytes.n;
        }
        arena_clear(ctx->arena);
    }
    crypto_hash_sha256_final(&hash, ret_hash);
    return code;
}

/* The upload as a file. 0 or fail(); -1 in *ret_fd when it is not what was announced. */
static int fetch(struct ctx *ctx, struct roster *r, int *ret_fd)
{
    struct upload_ref ref = {.upload_id = r->task->upload_id};
    struct file_hash told;
    unsigned char hash[crypto_hash_sha256_BYTES];
    *ret_fd = -1;
    int fd = spool_file(r->conf->spool_dir);
    if (fd < 0)
        return fail(ctx, ERR_UNAVAILABLE, "spool_dir");
    int code = pg_call(ctx, &SQL_upload_hash, &ref, &told);
    unsigned char wanted[crypto_hash_sha256_BYTES];
    bool has = !code && HAS(&told, file_hash, sha256);
    if (has)
        memcpy(wanted, told.sha256.p, sizeof(wanted));
    if (!code)
        code = fetch_parts(ctx, r, fd, hash);
    struct file_read is = {.import_id = r->task->import_id, .sha256 = {(const char *)hash, sizeof(hash)}};
    if (!code)
        code = pg_call(ctx, &SQL_import_hash, &is, NULL);
    if (!code && has && memcmp(hash, wanted, sizeof(hash)) != 0) {
        roster_end(r, "refused", "Tệp nhận được khác với tệp đã khai báo (SHA-256). Hãy tải lên lại.",
                   "The file received is not the one that was announced (SHA-256). Upload it again.");
    } else if (!code) {
        *ret_fd = fd;
        return 0;
    }
    close(fd);
    return code;
}

/* --- Faults. --- */

static void take_fault(void *roster, const struct judged_fault *found)
{
    struct roster *r = roster;
    if (r->step.faults >= ROSTER_FAULTS || r->code)
        return;
    struct import_fault_row *fault = &r->faults[r->n_faults];
    *fault = (struct import_fault_row){.import_id = r->task->import_id, .line = found->line, .nr = r->next_fault++};
    struct span value;
    if (arena_span(&r->faults_arena, found->field, &fault->field) < 0 ||
        arena_span(&r->faults_arena, found->vi, &fault->message_vi) < 0 ||
        arena_span(&r->faults_arena, found->en, &fault->message_en) < 0 ||
        (found->value.p && arena_span(&r->faults_arena, found->value, &value) < 0)) {
        r->code = ERR_TOO_LARGE;
        return;
    }
    if (found->value.p)
        PUT_FIELD(fault, import_fault_row, value, value);
    r->step.faults++;
    if (++r->n_faults == FAULTS_AT_ONCE && roster_keep_faults(r->ctx, r) && !r->code)
        r->code = r->ctx->fault.code;
}

void roster_read_begin(struct roster *r)
{
    r->judge.fault = take_fault;
    r->judge.ctx = r;
}

int roster_keep_faults(struct ctx *ctx, struct roster *r)
{
    struct pg_copy copy;
    if (!r->n_faults)
        return 0;
    int code = pg_copy_begin(ctx, &SQL_import_fault_copy, &copy);
    for (uint32_t i = 0; !code && i < r->n_faults; i++)
        code = pg_copy_row(ctx, &copy, &r->faults[i]);
    code = pg_copy_end(ctx, &copy, code);
    r->n_faults = 0;
    arena_clear(&r->faults_arena);
    return code;
}

/* --- Rows. --- */

/* False when the file shows that it is not UTF-8 before it has shown that it is. */
static bool looks_utf8(struct roster *r, const struct table_cell *cells, uint32_t n)
{
    for (uint32_t i = 0; i < n && i < TABLE_MAX_COLUMNS; i++) {
        const struct span *text = &cells[i].text;
        uint32_t k = 0;
        while (k < text->n && !((unsigned char)text->p[k] & 0x80))
            k++;
        if (k == text->n)
            continue;
        if (!utf8_valid(*text))
            return false;
        r->utf8_seen = true;
    }
    return true;
}

/* A row that is good so far becomes one of the spool, unless its number stands in the file already. */
static void keep_row(struct roster *r, struct roster_row *row)
{
    struct span digits = r->judge.cells[NATIONAL_ID];
    national_hash(r->keys, digits, row->hash);
    row->has_before = national_hash_before(r->keys, digits, row->before);
    bool other = false;
    uint32_t line = number_set_add(&r->numbers, &r->spool, row, &other);
    if (line == 0) {
        r->code = ERR_TOO_LARGE;
    } else if (other) {
        const char *vi =
            arena_printf(&r->row_arena, "Họ tên hoặc ngày sinh khác với dòng %u của cùng số định danh.", line);
        const char *en = arena_printf(&r->row_arena, "Line %u has this number with another name or birth date.", line);
        row_judge_refuse(&r->judge, row->line, NATIONAL_ID, digits, vi ? vi : "Số định danh bị lặp.",
                         en ? en : "The number stands twice.");
    } else if (line != row->line) {
        const char *vi = arena_printf(&r->row_arena, "Đã có ở dòng %u của tệp này. Hãy chỉ giữ một dòng.", line);
        const char *en = arena_printf(&r->row_arena, "Line %u of this file says this already. Keep one of them.", line);
        row_judge_refuse(&r->judge, row->line, NATIONAL_ID, digits, vi ? vi : "Số định danh bị lặp.",
                         en ? en : "The number stands twice.");
    } else {
        seal(&r->sealer, digits, row->box);
        spool_add(&r->spool, row);
    }
}

/* What belongs between rows: memory given back, the state told. */
static void between_rows(struct roster *r)
{
    struct ctx *ctx = r->ctx;
    struct arena *arena = ctx->arena;
    arena_clear(&r->row_arena);
    if ((r->step.rows & 1023u) != 0)
        return;
    ctx->arena = &r->step_arena;
    if (roster_tell(ctx, r, false))
        r->code = ctx->fault.code;
    if (r->stop || job_stopping(ctx))
        r->code = STOPPED;
    if (r->spool.failed)
        r->code = ERR_UNAVAILABLE;
    ctx->arena = arena;
    arena_clear(&r->step_arena);
}

static void take_header(struct roster *r, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    if (row_judge_header(&r->judge, line, cells, n) < 0)
        r->code = ERR_TOO_LARGE;
    for (uint32_t i = 0; i < n && i < TABLE_MAX_COLUMNS && !r->judge.unreadable; i++)
        r->tenures |= r->judge.place[i] > ROLES;
    r->spool.tenures = r->tenures;
}

static int take_row(void *roster, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    struct roster *r = roster;
    struct row_judge *judge = &r->judge;
    bool fits;
    if (!r->utf8_seen && !looks_utf8(r, cells, n))
        row_judge_fail(judge, line, "Tệp này không phải UTF-8. Hãy lưu tệp dạng CSV UTF-8.",
                       "This file is not UTF-8. Save it as CSV UTF-8.");
    else if (!judge->had_header)
        take_header(r, line, cells, n);
    else if (r->step.rows == (uint32_t)r->conf->roster_most_rows)
        row_judge_fail(judge, line, "Tệp có quá nhiều dòng. Hãy chia thành nhiều tệp.",
                       "The file has too many rows. Split it.");
    else if (row_judge_row(judge, line, cells, n, judge->cells, &fits) < 0)
        r->code = ERR_TOO_LARGE;
    else {
        struct roster_row row = {.row = r->step.rows, .line = line};
        if (fits)
            roster_judge(r, &row);
        if (fits && !judge->refused && !r->code)
            keep_row(r, &row);
        r->step.rows++;
        r->step.refused += judge->refused;
    }
    between_rows(r);
    return r->code ? r->code : judge->unreadable ? STOPPED : 0;
}

/* A sheet does not say that cells at the end of a row are empty. */
static int take_sheet_row(void *roster, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    struct roster *r = roster;
    struct table_cell padded[TABLE_MAX_COLUMNS];
    if (!r->judge.had_header || n >= r->judge.width)
        return take_row(roster, line, cells, n);
    for (uint32_t i = 0; i < r->judge.width; i++)
        padded[i] = i < n ? cells[i] : (struct table_cell){.text = {"", 0}};
    return take_row(roster, line, padded, r->judge.width);
}

struct source {
    struct roster *r;
    int fd;
};

static int64_t take_bytes(void *ctx, char *to, size_t room)
{
    struct source *source = ctx;
    ssize_t n = read(source->fd, to, room);
    if (n > 0)
        source->r->step.bytes_read += (uint64_t)n;
    return n;
}

/* --- All of it. --- */

/* The whole file, of either format. 0, or what ended it. */
static int read_file(struct roster *r, int fd)
{
    char head[4] = "";
    struct source source = {r, fd};
    struct csv_refusal csv;
    struct xlsx_refusal xlsx;
    int code;
    if (pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
        xlsx_looks_like((struct span){head, sizeof(head)})) {
        code = xlsx_rows(xlsx_file(fd), &roster_xlsx, take_sheet_row, r, &xlsx);
        if (code == ERR_INVALID && !r->code)
            row_judge_fail(&r->judge, xlsx.line, xlsx.vi, xlsx.en);
        r->step.bytes_read = r->task->bytes;
    } else if (lseek(fd, 0, SEEK_SET) != 0) {
        return ERR_UNAVAILABLE;
    } else {
        code = csv_rows(take_bytes, &source, take_row, r, &csv);
        if (code == ERR_INVALID && !r->code)
            row_judge_fail(&r->judge, csv.line, csv.vi, csv.en);
    }
    if (r->judge.unreadable)
        code = 0;
    if (!code && !r->judge.had_header && !r->judge.unreadable)
        row_judge_fail(&r->judge, 1, "Tệp không có dòng tiêu đề.", "The file has no header line.");
    return r->code ? r->code : code;
}

static void end_reading(struct roster *r)
{
    if (r->judge.unreadable) {
        r->step.refused = r->step.rows;
        roster_end(r, "refused", "Tệp này không đọc được nên không dòng nào được nhập. Lý do nằm trong danh sách lỗi.",
                   "The file cannot be read, so no row was taken. The list of faults says why.");
    }
}

int roster_read(struct ctx *ctx, struct roster *r)
{
    struct import_ref ref = {.import_id = r->task->import_id};
    int fd;
    r->step.state = SPAN("reading");
    int code = pg_call(ctx, &SQL_import_forget_faults, &ref, NULL);
    if (!code)
        code = roster_tell(ctx, r, true);
    if (!code)
        code = fetch(ctx, r, &fd);
    if (code || fd < 0)
        return code;
    code = read_file(r, fd);
    close(fd);
    if (code == STOPPED)
        return 0; /* by the caller, or by the end of this process: roster_job.c knows which */
    if (code)
        return fail(ctx, code, "upload_id");
    end_reading(r);
    code = roster_keep_faults(ctx, r);
    if (!code && spool_rewind(&r->spool) < 0)
        code = fail(ctx, ERR_UNAVAILABLE, "spool_dir");
    number_set_release(&r->numbers);
    return code ? code : roster_tell(ctx, r, true);
}
