/*
 * import_units.c - the organisation tree from a CSV file: code,parent_code,kind,name,name_en,valid_from.
 *
 * A row says how a unit is from a day on. A new code is a new unit; a row that says what holds on its day changes
 * nothing; another ends the version of that day and begins the next. Parents may stand anywhere in the file. Rows are
 * tried on the tree in memory; while one is refused, the rest is tried again without it, because others may have leaned
 * on it.
 */
#include "unit_trial.h"

enum { CODE = UNIT_CODE, PARENT = UNIT_PARENT, KIND = UNIT_KIND, NAME = UNIT_OTHERS, NAME_EN, FROM, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [CODE] = {"code", 1, 32, 0},  [PARENT] = {"parent_code", 0, 32, 0}, [KIND] = {"kind", 1, 16, 0},
    [NAME] = {"name", 1, 200, 0}, [NAME_EN] = {"name_en", 0, 200, 0},   [FROM] = {"valid_from", 10, 10, 0},
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

/* Judges the cells, finds the units. 0 or an error's code. */
static int read_rows(struct unit_trial *import, int32_t today)
{
    static const uint32_t key[] = {CODE, FROM};
    struct table *file = &import->file;
    if (unit_trial_init(import) < 0)
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
        unit_trial_add(
            import, row,
            &(struct tree_version){
                .from = from[i], .kind = row->cells[KIND], .name = row->cells[NAME], .name_en = row->cells[NAME_EN]});
    }
    for (uint32_t i = 0; i < import->n; i++) {
        struct unit_row *r = &import->rows[i];
        struct span parent = r->row->cells[PARENT];
        r->version.parent = parent.n ? tree_find(&import->tree, parent) : NULL;
        if (parent.n && !r->version.parent)
            table_refuse(file, r->row, PARENT, "Không có đơn vị nào mang mã này trong hệ thống hoặc trong tệp.",
                         "No unit of the system or of this file has this code.");
    }
    return 0;
}

int on_units_import(struct ctx *ctx, const struct import_file *req, struct import_report *ret_reply)
{
    struct unit_trial import = {0};
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
        code = unit_trial_settle(&import);
    if (code)
        return fail(ctx, code, "csv");
    unit_trial_count(&import, &created, &changed);
    code = units_write(ctx, &import.tree, NULL);
    if (!code)
        code = unit_trial_tell(ctx, &import, NULL);
    if (code)
        return code;
    bool dry_run = HAS(req, import_file, dry_run) && req->dry_run;
    return import_end(ctx, "units_import", &import.file, dry_run, created, changed, ret_reply);
}
