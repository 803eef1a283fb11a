/*
 * import_units.c - the organisation tree from a CSV file: code,parent_code,kind,name,name_en,valid_from.
 *
 * A row says how a unit is from a day on. A new code is a new unit; a row that says what holds on its day changes
 * nothing; another ends the version of that day and begins the next. Parents may stand anywhere in the file. Rows are
 * tried on the tree in memory; while one is refused, the rest is tried again without it, because others may have leaned
 * on it.
 */
#include "import.h"
#include "tree.h"

enum { CODE, PARENT, KIND, NAME, NAME_EN, FROM, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [CODE] = {"code", 1, 32, 0},  [PARENT] = {"parent_code", 0, 32, 0}, [KIND] = {"kind", 1, 16, 0},
    [NAME] = {"name", 1, 200, 0}, [NAME_EN] = {"name_en", 0, 200, 0},   [FROM] = {"valid_from", 10, 10, 0},
};

enum {
    PATIENT_TRIALS = 20, /* then whatever is at fault is refused, also where it leans on another */
};

/* A row that reads well. */
struct unit_row {
    struct table_row *row;
    struct tree_unit *unit;
    struct tree_version version;
    enum tree_change change;
    enum tree_fault fault; /* of the present trial */
    bool faulty;
};

struct units_import {
    struct table file;
    struct tree tree;
    struct unit_row *rows; /* in order of date, then of the file */
    uint32_t n;
};

static void judge_cells(struct table *file, struct table_row *row, int32_t today, int32_t *ret_from)
{
    const struct span *cells = row->cells;
    bool nation = cells[KIND].n == 6 && !memcmp(cells[KIND].p, "nation", 6);
    if (cells[CODE].n && !unit_code_valid(cells[CODE]))
        table_refuse(file, row, CODE, "Mã chỉ gồm chữ cái không dấu, chữ số và . _ -",
                     "A code has only plain letters, digits and . _ -");
    if (cells[KIND].n && !tree_kind_known(cells[KIND]))
        table_refuse(file, row, KIND, "Loại phải là nation, ministry, province, commune, department hoặc unit.",
                     "The kind must be nation, ministry, province, commune, department or unit.");
    else if (nation && cells[PARENT].n)
        table_refuse(file, row, PARENT, "Cấp quốc gia không có đơn vị cấp trên. Hãy để trống ô này.",
                     "The nation has no unit above. Leave this cell empty.");
    else if (cells[KIND].n && !nation && !cells[PARENT].n)
        table_refuse(file, row, PARENT, "Hãy điền mã của đơn vị cấp trên.", "Give the code of the unit above.");
    if (cells[FROM].n && !import_date(cells[FROM], UNIT_FIRST_DAY, today + UNIT_DAYS_AHEAD, ret_from))
        table_refuse(file, row, FROM, "Ngày phải có thật, dạng NĂM-THÁNG-NGÀY, từ 1945-09-02 đến 10 năm tới.",
                     "The date must exist, as YEAR-MONTH-DAY, from 1945-09-02 to ten years ahead.");
}

static int row_before(const void *a, const void *b)
{
    const struct unit_row *x = a, *y = b;
    if (x->version.from != y->version.from)
        return x->version.from < y->version.from ? -1 : 1;
    return x->row->line < y->row->line ? -1 : 1;
}

/* Judges the cells, finds the units. 0 or an error's code. */
static int read_rows(struct units_import *import, int32_t today)
{
    static const uint32_t key[] = {CODE, FROM};
    struct table *file = &import->file;
    import->rows = arena_alloc(file->arena, file->n_rows * sizeof(struct unit_row));
    if (!import->rows)
        return ERR_TOO_LARGE;
    int32_t *from = arena_alloc(file->arena, file->n_rows * sizeof(int32_t));
    if (!from)
        return ERR_TOO_LARGE;
    for (uint32_t i = 0; i < file->n_rows; i++)
        judge_cells(file, &file->rows[i], today, &from[i]);
    if (table_refuse_repeats(file, key, 2))
        return ERR_TOO_LARGE;
    for (uint32_t i = 0; i < file->n_rows; i++) {
        struct table_row *row = &file->rows[i];
        if (row->refused)
            continue;
        import->rows[import->n++] = (struct unit_row){
            .row = row,
            .unit = tree_mention(&import->tree, row->cells[CODE]),
            .version = {.from = from[i],
                        .kind = row->cells[KIND],
                        .name = row->cells[NAME],
                        .name_en = row->cells[NAME_EN]},
        };
    }
    for (uint32_t i = 0; i < import->n; i++) {
        struct unit_row *r = &import->rows[i];
        struct span parent = r->row->cells[PARENT];
        r->version.parent = parent.n ? tree_find(&import->tree, parent) : NULL;
        if (parent.n && !r->version.parent)
            table_refuse(file, r->row, PARENT, "Không có đơn vị nào mang mã này trong hệ thống hoặc trong tệp.",
                         "No unit of the system or of this file has this code.");
    }
    qsort(import->rows, import->n, sizeof(import->rows[0]), row_before);
    return 0;
}

static void refuse_version(struct table *file, struct table_row *row, enum tree_fault fault)
{
    switch (fault) {
    case TREE_FINE:
        return;
    case TREE_NO_PARENT:
        table_refuse(file, row, PARENT, "Đơn vị cấp trên chưa có hiệu lực vào ngày này, hoặc dòng của nó bị từ chối.",
                     "The unit above is not valid on that day, or its own row was refused.");
        return;
    case TREE_CYCLE:
        table_refuse(file, row, PARENT, "Đơn vị không thể nằm dưới chính nó.", "A unit cannot lie below itself.");
        return;
    case TREE_DEEP:
        table_refuse(file, row, PARENT, "Cây tổ chức có tối đa 16 cấp.", "The tree has 16 levels at most.");
        return;
    case TREE_KIND:
        table_refuse(file, row, KIND, "Loại đơn vị này không thể nằm dưới loại của đơn vị cấp trên.",
                     "A unit of this kind cannot lie below one of its parent's kind.");
        return;
    case TREE_OUTSIDE:
        table_refuse(file, row, CODE, "Đơn vị nằm ngoài phạm vi quản lý của bạn.",
                     "The unit lies outside your subtree.");
        return;
    }
}

/* One trial: all rows that are left are put into the tree, then judged. -1: the arena is full. */
static int try_rows(struct units_import *import, bool *ret_faulty)
{
    bool faulty = false;
    if (tree_reset(&import->tree) < 0)
        return -1;
    for (uint32_t i = 0; i < import->n; i++) {
        struct unit_row *r = &import->rows[i];
        r->version.faulty = &r->faulty;
        r->faulty = false;
        if (!r->row->refused)
            r->change = tree_put(&import->tree, r->unit, &r->version);
        if (r->change == TREE_FULL)
            return -1;
    }
    for (uint32_t i = 0; i < import->n; i++) {
        struct unit_row *r = &import->rows[i];
        if (r->row->refused || r->change == TREE_SAME)
            continue;
        r->fault = tree_check(&import->tree, r->unit, r->version.from);
        r->faulty = r->fault != TREE_FINE;
        faulty = faulty || r->faulty;
    }
    *ret_faulty = faulty;
    return 0;
}

/* Refuses rows until all that are left fit together. 0 or an error's code. */
static int settle_rows(struct units_import *import)
{
    for (int trial = 0;; trial++) {
        bool faulty = false;
        if (try_rows(import, &faulty) < 0)
            return ERR_TOO_LARGE;
        if (!faulty)
            return 0;
        for (uint32_t i = 0; i < import->n; i++) {
            struct unit_row *r = &import->rows[i];
            /* Rows of a cycle lean on each other: none is first. */
            if (r->faulty &&
                (r->fault == TREE_CYCLE || trial >= PATIENT_TRIALS || !tree_leans(r->unit, r->version.from)))
                refuse_version(&import->file, r->row, r->fault);
        }
    }
}

int on_units_import(struct ctx *ctx, const struct import_file *req, struct import_report *ret_reply)
{
    struct units_import import = {0};
    uint32_t created = 0, changed = 0;
    int32_t today;
    int code = table_read(&import.file, ctx->arena, columns, COLUMNS, req->csv, IMPORT_MAX_ROWS);
    if (code)
        return fail(ctx, code, "csv");
    code = import_begin(ctx, &today);
    if (!code)
        code = units_read(ctx, &import.tree, import.file.n_rows);
    if (code)
        return code;
    code = read_rows(&import, today);
    if (!code)
        code = settle_rows(&import);
    if (code)
        return fail(ctx, code, "csv");
    for (uint32_t i = 0; i < import.n; i++) {
        if (import.rows[i].row->refused)
            continue;
        created += import.rows[i].change == TREE_NEW;
        changed += import.rows[i].change == TREE_CHANGED;
    }
    code = units_write(ctx, &import.tree, NULL);
    if (code)
        return code;
    bool dry_run = HAS(req, import_file, dry_run) && req->dry_run;
    return import_end(ctx, "units_import", &import.file, dry_run, created, changed, ret_reply);
}
