/*
 * official.c - the official list of provinces and communes (Decision 19/2025/QĐ-TTg and what amends it) as the
 * government publishes it: code,parent_code,kind,name,full_name,name_en. It comes with a decree, and holds from that
 * decree's day.
 *
 * Official kinds are kept beside ours: a city or province is a province, a ward, commune or special zone is a commune.
 * The name is the full one. Units that are not in the list stay as they are.
 */
#include "decree.h"
#include "unit_trial.h"

enum { CODE = UNIT_CODE, PARENT = UNIT_PARENT, KIND = UNIT_KIND, NAME = UNIT_OTHERS, FULL_NAME, NAME_EN, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [CODE] = {"code", 2, 5, 0},   [PARENT] = {"parent_code", 0, 2, 0},    [KIND] = {"kind", 2, 8, 0},
    [NAME] = {"name", 1, 200, 0}, [FULL_NAME] = {"full_name", 1, 200, 0}, [NAME_EN] = {"name_en", 0, 200, 0},
};

static const struct official_kind {
    const char *name;
    struct span kind;
    uint32_t digits; /* of its code */
} kinds[] = {
    {"city", SPAN("province"), 2}, {"province", SPAN("province"), 2}, {"phuong", SPAN("commune"), 5},
    {"xa", SPAN("commune"), 5},    {"dac_khu", SPAN("commune"), 5},
};

static const struct official_kind *kind_of(struct span cell)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (cell.n == strlen(kinds[i].name) && !memcmp(cell.p, kinds[i].name, cell.n))
            return &kinds[i];
    }
    return NULL;
}

static bool all_digits(struct span cell)
{
    for (uint32_t i = 0; i < cell.n; i++) {
        if (cell.p[i] < '0' || cell.p[i] > '9')
            return false;
    }
    return true;
}

static void judge_cells(struct table *file, struct table_row *row)
{
    const struct span *cells = row->cells;
    const struct official_kind *kind = kind_of(cells[KIND]);
    if (!kind)
        table_refuse(file, row, KIND, "Loại phải là city, province, phuong, xa hoặc dac_khu.",
                     "The kind must be city, province, phuong, xa or dac_khu.");
    else if (cells[CODE].n != kind->digits || !all_digits(cells[CODE]))
        table_refuse(file, row, CODE, "Mã tỉnh có 2 chữ số, mã xã có 5 chữ số.",
                     "The code of a province has 2 digits, that of a commune 5.");
    else if ((kind->digits == 2) != (cells[PARENT].n == 0))
        table_refuse(file, row, PARENT, "Xã cần mã tỉnh; tỉnh để trống ô này.",
                     "A commune needs the code of its province; of a province leave this cell empty.");
}

/* The unit at the top of the tree. NULL: there is none. */
static struct tree_unit *find_nation(const struct tree *tree)
{
    for (uint32_t i = 0; i < tree->n_units; i++) {
        if (tree->units[i].n_stored && !HAS(tree->units[i].stored, unit_fact, parent_id))
            return &tree->units[i];
    }
    return NULL;
}

/* Judges the cells, finds the units. 0 or an error's code. */
static int read_rows(struct unit_trial *trial, const struct official_file *req)
{
    static const uint32_t key[] = {CODE};
    struct table *file = &trial->file;
    struct tree_unit *nation = find_nation(&trial->tree);
    for (uint32_t i = 0; i < file->n_rows; i++)
        judge_cells(file, &file->rows[i]);
    if (unit_trial_init(trial) < 0 || table_refuse_repeats(file, key, 1))
        return ERR_TOO_LARGE;
    for (uint32_t i = 0; i < file->n_rows; i++) {
        struct table_row *row = &file->rows[i];
        if (row->refused)
            continue;
        unit_trial_add(trial, row,
                       &(struct tree_version){.from = req->effective_from,
                                              .official_kind = row->cells[KIND],
                                              .kind = kind_of(row->cells[KIND])->kind,
                                              .name = row->cells[FULL_NAME],
                                              .name_en = row->cells[NAME_EN],
                                              .decree = &req->decree_id});
    }
    for (uint32_t i = 0; i < trial->n; i++) {
        struct unit_row *r = &trial->rows[i];
        struct span parent = r->row->cells[PARENT];
        r->version.parent = parent.n ? tree_find(&trial->tree, parent) : nation;
        if (!r->version.parent)
            table_refuse(file, r->row, PARENT, "Không có tỉnh nào mang mã này trong hệ thống hoặc trong tệp.",
                         "No province of the system or of this file has this code.");
    }
    return 0;
}

/* The decree to which the versions belong: once, and only if they differ. 0 or fail(). */
static int put_decree(struct ctx *ctx, const struct official_file *req, uint32_t units)
{
    unsigned char hash[DECREE_HASH_BYTES];
    struct decree_key key = {.decree_id = req->decree_id};
    struct decree_stored *stored;
    uint32_t n;
    decree_hash(
        (struct span[]){req->csv, req->number, {(const char *)&req->effective_from, sizeof(req->effective_from)}}, 3,
        hash);
    int code = pg_list(ctx, &SQL_decree_find, &key, 1, &stored, &n);
    if (code)
        return code;
    if (n)
        return memcmp(stored->content_hash.p, hash, sizeof(hash)) ? fail(ctx, ERR_CONFLICT, "decree_id") : 0;
    struct decree_new row = {.decree_id = req->decree_id,
                             .number = req->number,
                             .issued_on = req->issued_on,
                             .issuer = req->issuer,
                             .title = SPAN("Danh mục đơn vị hành chính cấp tỉnh và cấp xã"),
                             .effective_from = req->effective_from,
                             .content_hash = {(const char *)hash, sizeof(hash)},
                             .state = SPAN("applied"),
                             .units_changed = units};
    return units ? pg_call(ctx, &SQL_decree_add, &row, NULL) : 0;
}

int on_units_official(struct ctx *ctx, const struct official_file *req, struct import_report *ret_reply)
{
    struct unit_trial trial = {0};
    uint32_t created = 0, changed = 0;
    int32_t today;
    bool dry_run = HAS(req, official_file, dry_run) && req->dry_run;
    int code = table_read(&trial.file, ctx->arena, columns, COLUMNS, req->csv, IMPORT_MAX_ROWS);
    if (code)
        return fail(ctx, code, "csv");
    code = import_begin(ctx, &today);
    if (code)
        return code;
    if (req->effective_from < UNIT_FIRST_DAY || req->effective_from > today + UNIT_DAYS_AHEAD)
        return fail(ctx, ERR_RANGE, "effective_from");
    if (req->issued_on < UNIT_FIRST_DAY || req->issued_on > today)
        return fail(ctx, ERR_RANGE, "issued_on");
    code = units_read(ctx, &trial.tree, trial.file.n_rows);
    if (code)
        return code;
    code = read_rows(&trial, req);
    if (!code)
        code = unit_trial_settle(&trial);
    if (code)
        return fail(ctx, code, "csv");
    unit_trial_count(&trial, &created, &changed);
    code = put_decree(ctx, req, created + changed);
    if (!code)
        code = units_write(ctx, &trial.tree, NULL);
    if (!code)
        code = unit_trial_tell(ctx, &trial, req);
    return code ? code : import_end(ctx, "units_official", &trial.file, dry_run, created, changed, ret_reply);
}
