/*
 * item.c - items of a bank draft: a CSV file in, with a report per row; and out again with their keys, for editors and
 * reviewers only. No other answer of this service carries a key.
 */
#include "content.h"
#include "csv.h"

/* One statement stores them within a call's time, also on a busy machine; a larger bank comes in several files. */
enum { FILE_ITEMS = 5000, FRAMEWORK_GROUPS = 64 };

enum column { CODE, SKILL_GROUP, LEVEL, STEM, OPTION_1, OPTION_2, OPTION_3, OPTION_4, KEY, EXPLANATION, COLUMNS };

/* Questions quote formulas, commands and several lines of text, so their columns may hold them. */
static const struct csv_column columns[COLUMNS] = {
    [CODE] = {"code", 1, 32, 0},
    [SKILL_GROUP] = {"skill_group", 1, 16, 0},
    [LEVEL] = {"level", 1, 1, 0},
    [STEM] = {"stem", 1, 2000, COL_FORMULA | COL_LINES},
    [OPTION_1] = {"option_1", 1, 1000, COL_FORMULA | COL_LINES},
    [OPTION_2] = {"option_2", 1, 1000, COL_FORMULA | COL_LINES},
    [OPTION_3] = {"option_3", 1, 1000, COL_FORMULA | COL_LINES},
    [OPTION_4] = {"option_4", 1, 1000, COL_FORMULA | COL_LINES},
    [KEY] = {"key", 1, 1, 0},
    [EXPLANATION] = {"explanation", 0, 2000, COL_FORMULA | COL_LINES},
};

static bool same(struct span a, struct span b)
{
    return a.n == b.n && !memcmp(a.p, b.p, a.n);
}

static bool code_valid(struct span code)
{
    for (uint32_t i = 0; i < code.n; i++) {
        char c = code.p[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
              c == '-'))
            return false;
    }
    return true;
}

static bool group_known(struct span code, const struct group_code *groups, uint32_t n_groups)
{
    for (uint32_t i = 0; i < n_groups; i++) {
        if (same(groups[i].code, code))
            return true;
    }
    return false;
}

/* What the reader cannot know: the cells against each other and against the framework. */
static void check_row(struct csv_file *file, struct csv_row *row, const struct group_code *groups, uint32_t n_groups)
{
    const struct span *cell = row->cells;
    if (!code_valid(cell[CODE]))
        csv_file_refuse(file, row, CODE, "Mã câu hỏi chỉ gồm chữ cái không dấu, chữ số, dấu chấm, gạch dưới, gạch nối.",
                        "Write the code with plain letters, digits, dots, underscores and hyphens only.");
    if (!group_known(cell[SKILL_GROUP], groups, n_groups))
        csv_file_refuse(file, row, SKILL_GROUP, "Dùng mã nhóm kỹ năng có trong khung của ngân hàng này.",
                        "Use the code of a skill group in the framework of this bank.");
    if (*cell[LEVEL].p < '1' || *cell[LEVEL].p > '8')
        csv_file_refuse(file, row, LEVEL, "Ghi mức từ 1 đến 8.", "Write a level from 1 to 8.");
    if (*cell[KEY].p < '1' || *cell[KEY].p > '4')
        csv_file_refuse(file, row, KEY, "Ghi số thứ tự của phương án đúng, từ 1 đến 4.",
                        "Write the number of the right option, from 1 to 4.");
    for (enum column a = OPTION_1; a < OPTION_4; a++) {
        for (enum column b = a + 1; b <= OPTION_4; b++) {
            if (same(cell[a], cell[b]))
                csv_file_refuse(file, row, b, "Sửa phương án này: nó trùng với một phương án khác.",
                                "Change this option: it is the same as another one.");
        }
    }
}

/* By code, then by place in the file. */
static int by_code(const void *left, const void *right)
{
    const struct csv_row *a = *(struct csv_row *const *)left, *b = *(struct csv_row *const *)right;
    struct span ca = a->cells[CODE], cb = b->cells[CODE];
    int order = memcmp(ca.p, cb.p, ca.n < cb.n ? ca.n : cb.n);
    if (!order)
        order = (ca.n > cb.n) - (ca.n < cb.n);
    return order ? order : (a->line > b->line) - (a->line < b->line);
}

/* Refuses every row whose code stands further up already. `taken` has the rows that are not refused. */
static void refuse_doubles(struct csv_file *file, struct csv_row **taken, uint32_t n)
{
    if (n)
        qsort(taken, n, sizeof(struct csv_row *), by_code);
    for (uint32_t i = 1; i < n; i++) {
        if (same(taken[i - 1]->cells[CODE], taken[i]->cells[CODE]))
            csv_file_refuse(file, taken[i], CODE, "Bỏ hoặc đổi mã: mã này đã có ở dòng trên.",
                            "Remove it or change the code: a line above has it already.");
    }
}

static struct item_row item_of(const struct items_file *req, const struct csv_row *row)
{
    const struct span *cell = row->cells;
    return (struct item_row){
        .version_id = req->version_id,
        .dry_run = HAS(req, items_file, dry_run) && req->dry_run,
        .code = cell[CODE],
        .skill_group = cell[SKILL_GROUP],
        .level = (uint8_t)(*cell[LEVEL].p - '0'),
        .stem = cell[STEM],
        .option_1 = cell[OPTION_1],
        .option_2 = cell[OPTION_2],
        .option_3 = cell[OPTION_3],
        .option_4 = cell[OPTION_4],
        .key = (uint8_t)(*cell[KEY].p - '0'),
        .explanation = cell[EXPLANATION],
    };
}

/* Checks the rows against the framework's groups and gives those that may be stored. */
static int take_rows(struct ctx *ctx, const struct items_file *req, struct csv_file *file,
                     const struct group_code *groups, uint32_t n_groups, struct item_row **ret_items, uint32_t *ret_n)
{
    struct csv_row **taken = arena_alloc(ctx->arena, file->n_rows * sizeof(*taken));
    struct item_row *items = arena_alloc(ctx->arena, file->n_rows * sizeof(*items));
    uint32_t n_taken = 0, n = 0;
    if (!taken || !items)
        return fail(ctx, ERR_TOO_LARGE, "csv");
    for (uint32_t i = 0; i < file->n_rows; i++) {
        if (!file->rows[i].refused)
            check_row(file, &file->rows[i], groups, n_groups);
        if (!file->rows[i].refused)
            taken[n_taken++] = &file->rows[i];
    }
    refuse_doubles(file, taken, n_taken);
    for (uint32_t i = 0; i < n_taken; i++) {
        if (!taken[i]->refused)
            items[n++] = item_of(req, taken[i]);
    }
    *ret_items = items;
    *ret_n = n;
    return 0;
}

int on_items_import(struct ctx *ctx, const struct items_file *req, struct import_report *ret_reply)
{
    struct version_ref bank = {.version_id = req->version_id};
    struct group_code *groups = NULL;
    struct item_row *items = NULL;
    struct item_tally none = {0}, *tally = &none;
    struct csv_file file;
    uint32_t n_groups = 0, n_items = 0, n_tally = 0;
    if (csv_file_read(&file, ctx->arena, columns, COLUMNS, req->csv, FILE_ITEMS))
        return fail(ctx, ERR_TOO_LARGE, "csv");
    int code = change_begin(ctx, req->version_id);
    if (!code)
        code = pg_list(ctx, &SQL_bank_groups, &bank, FRAMEWORK_GROUPS, &groups, &n_groups);
    if (!code)
        code = take_rows(ctx, req, &file, groups, n_groups, &items, &n_items);
    if (!code && n_items)
        code = pg_bulk(ctx, &SQL_items_store, items, n_items, 1, &tally, &n_tally);
    if (!code)
        code = pg_commit(ctx);
    if (code)
        return code;
    bool dry_run = HAS(req, items_file, dry_run) && req->dry_run;
    if (csv_file_report(&file, dry_run, tally->created, tally->changed, ret_reply))
        return fail(ctx, ERR_TOO_LARGE, "csv");
    return 0;
}

int on_items(struct ctx *ctx, const struct item_query *req, struct item_list *ret_reply)
{
    struct accepted known = {0};
    if (!ctx->n_scope)
        return fail(ctx, ERR_FORBIDDEN, "");
    int code = pg_call(ctx, &SQL_bank_find, req, &known);
    return code ? code : pg_list(ctx, &SQL_items, req, 200, &ret_reply->items, &ret_reply->n_items);
}
