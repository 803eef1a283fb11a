/*
 * import_roster.c - officials from a CSV file: national_id,full_name,birth_date,unit_code,position,leader,roles.
 *
 * A row says who works where now. A new number is a new person; another unit ends the tenure today and begins the next;
 * another name, position or birth date corrects what is stored. Nobody who is missing from the file is touched, and
 * roles are only ever added: taking one away is a decision with a reason (role_revoke).
 */
#include "import.h"
#include "name.h"

enum { NATIONAL_ID, FULL_NAME, BIRTH_DATE, UNIT_CODE, POSITION, LEADER, ROLES, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [NATIONAL_ID] = {"national_id", NATIONAL_DIGITS, NATIONAL_DIGITS, COL_MASKED},
    [FULL_NAME] = {"full_name", 1, 120, 0},
    [BIRTH_DATE] = {"birth_date", 10, 10, 0},
    [UNIT_CODE] = {"unit_code", 1, 32, 0},
    [POSITION] = {"position", 0, 120, 0},
    [LEADER] = {"leader", 4, 5, 0},
    [ROLES] = {"roles", 0, 400, 0},
};

enum { MOST_UNITS = 200000, MOST_ROLES = 8, YOUNGEST_DAYS = 16 * 365 };
#define OLDEST_BIRTH (-20089) /* 1915-01-01 */

/* A row that reads well, and what is to become of it. */
struct roster_row {
    struct table_row *row;
    int32_t birth_date;
    bool leader;
    struct uuid unit_id;
    unsigned char hash[SEAL_HASH_BYTES];
    const struct roster_seen *seen; /* NULL: a new person */
    struct uuid person_id;
    bool created, changed;
};

struct roster {
    struct table file;
    const struct seal_keys *keys;
    int32_t today;
    struct unit_code *units; /* in order of their codes */
    uint32_t n_units;
    struct roster_row *rows;
    uint32_t n;
    struct role_step *roles; /* in the order of the rows; `place` is an index into rows */
    uint32_t n_roles, most_roles;
};

static int compare_codes(struct span a, struct span b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int code_before(const void *key, const void *unit)
{
    return compare_codes(*(const struct span *)key, ((const struct unit_code *)unit)->code);
}

/* The unit with this code if the caller may see it. NULL: unknown, or none of the caller's. */
static const struct unit_code *find_unit(const struct roster *r, struct span code)
{
    const struct unit_code *unit = bsearch(&code, r->units, r->n_units, sizeof(r->units[0]), code_before);
    return unit && unit->visible ? unit : NULL;
}

static bool is(struct span text, const char *word)
{
    return text.n == strlen(word) && !memcmp(text.p, word, text.n);
}

/* Without its blanks, up to the separator; `rest` moves behind it. */
static struct span next_word(struct span *rest, char separator)
{
    const char *end = memchr(rest->p, separator, rest->n);
    uint32_t n = end ? (uint32_t)(end - rest->p) : rest->n;
    struct span word = {rest->p, n};
    uint32_t skip = end ? n + 1 : n;
    *rest = (struct span){rest->p + skip, rest->n - skip};
    while (word.n && word.p[0] == ' ')
        word = (struct span){word.p + 1, word.n - 1};
    while (word.n && word.p[word.n - 1] == ' ')
        word.n--;
    return word;
}

/* One `role` or `role@unit_code`. */
static void judge_role(struct roster *r, struct table_row *row, struct span word)
{
    struct span code = word;
    struct span name = next_word(&code, '@');
    const struct role_row *role = role_find_name(name.p, name.n);
    bool elsewhere = name.n < word.n;
    const struct unit_code *unit = find_unit(r, elsewhere ? code : row->cells[UNIT_CODE]);
    if (role && role->bit == LEARNER) {
        table_refuse(&r->file, row, ROLES, "Ai có trong danh sách cũng là người học. Hãy bỏ vai trò learner.",
                     "Everyone on the roster is a learner. Leave that role out.");
    } else if (!role) {
        table_refuse(&r->file, row, ROLES,
                     "Vai trò phải là unit_head, editor, reviewer, exam_officer, appeals_officer, province_officer, "
                     "identity_officer, privacy_officer, auditor hoặc national_operator, có thể kèm @mã đơn vị, cách "
                     "nhau bằng dấu chấm phẩy.",
                     "Roles are unit_head, editor, reviewer, exam_officer, appeals_officer, province_officer, "
                     "identity_officer, privacy_officer, auditor or national_operator, each with @unit code if need "
                     "be, separated by semicolons.");
    } else if (!unit) {
        if (elsewhere)
            table_refuse(&r->file, row, ROLES, "Không có đơn vị mang mã sau dấu @ trong phạm vi của bạn.",
                         "Your subtree has no unit with the code behind the @.");
    } else if (r->n_roles < r->most_roles) {
        r->roles[r->n_roles++] = (struct role_step){.role = {role->name, (uint32_t)strlen(role->name)},
                                                    .bit = role->bit,
                                                    .unit_id = unit->unit_id,
                                                    .reason = SPAN("roster"),
                                                    .usual = role_gives(role->bit),
                                                    .place = r->n};
    }
}

static void judge_roles(struct roster *r, struct table_row *row)
{
    struct span rest = row->cells[ROLES];
    for (int n = 0; rest.n; n++) {
        if (n == MOST_ROLES) {
            table_refuse(&r->file, row, ROLES, "Mỗi dòng có tối đa 8 vai trò.", "A row has 8 roles at most.");
            return;
        }
        struct span word = next_word(&rest, ';');
        if (word.n)
            judge_role(r, row, word);
    }
}

/* Judges a row; one that is good becomes r->rows[r->n]. */
static void judge_row(struct roster *r, struct table_row *row)
{
    struct roster_row *into = &r->rows[r->n];
    const struct span *cells = row->cells;
    uint32_t n_roles = r->n_roles;
    const struct unit_code *unit = find_unit(r, cells[UNIT_CODE]);
    *into = (struct roster_row){.row = row, .leader = is(cells[LEADER], "true")};
    if (cells[NATIONAL_ID].n == NATIONAL_DIGITS && !national_valid(cells[NATIONAL_ID]))
        table_refuse(&r->file, row, NATIONAL_ID, "Số định danh phải gồm đúng 12 chữ số.",
                     "A personal number has exactly twelve digits.");
    if (cells[FULL_NAME].n && !name_valid(cells[FULL_NAME]))
        table_refuse(&r->file, row, FULL_NAME, "Họ tên chỉ gồm chữ cái và dấu cách.", "A name has letters and blanks.");
    if (cells[BIRTH_DATE].n &&
        !import_date(cells[BIRTH_DATE], OLDEST_BIRTH, r->today - YOUNGEST_DAYS, &into->birth_date))
        table_refuse(&r->file, row, BIRTH_DATE,
                     "Ngày sinh phải có thật, dạng NĂM-THÁNG-NGÀY, của người từ 16 tuổi trở lên.",
                     "The birth date must exist, as YEAR-MONTH-DAY, of a person of 16 and more.");
    if (cells[UNIT_CODE].n && !unit)
        table_refuse(&r->file, row, UNIT_CODE, "Không có đơn vị đang hoạt động nào mang mã này trong phạm vi của bạn.",
                     "No unit of today's tree in your subtree has this code.");
    if (cells[LEADER].n && !into->leader && !is(cells[LEADER], "false"))
        table_refuse(&r->file, row, LEADER, "Hãy ghi true hoặc false.", "Write true or false.");
    judge_roles(r, row);
    if (row->refused) {
        r->n_roles = n_roles;
        return;
    }
    into->unit_id = unit->unit_id;
    national_hash(r->keys, cells[NATIONAL_ID], into->hash);
    r->n++;
}

static int judge_rows(struct roster *r)
{
    static const uint32_t key[] = {NATIONAL_ID};
    uint32_t words = 0;
    for (uint32_t i = 0; i < r->file.n_rows; i++) {
        struct span roles = r->file.rows[i].cells[ROLES];
        for (uint32_t c = 0; c < roles.n; c++)
            words += roles.p[c] == ';';
        words += roles.n > 0;
    }
    r->most_roles = words;
    r->rows = arena_alloc(r->file.arena, (r->file.n_rows + 1) * sizeof(struct roster_row));
    r->roles = arena_alloc(r->file.arena, words * sizeof(struct role_step));
    if (!r->rows || !r->roles || table_refuse_repeats(&r->file, key, 1))
        return ERR_TOO_LARGE;
    for (uint32_t i = 0; i < r->file.n_rows; i++)
        judge_row(r, &r->file.rows[i]);
    return 0;
}

/* Looks up all rows, in chunks. 0 or fail(). */
static int look(struct ctx *ctx, struct roster *r)
{
    struct roster_key *keys = arena_alloc(ctx->arena, IMPORT_CHUNK * sizeof(*keys));
    if (!keys)
        return fail(ctx, ERR_TOO_LARGE, "csv");
    for (uint32_t done = 0; done < r->n; done += IMPORT_CHUNK) {
        uint32_t n = r->n - done < IMPORT_CHUNK ? r->n - done : IMPORT_CHUNK, n_seen;
        struct roster_seen *seen;
        unsigned char(*before)[SEAL_HASH_BYTES] = arena_alloc(ctx->arena, n * sizeof(*before));
        if (!before)
            return fail(ctx, ERR_TOO_LARGE, "csv");
        for (uint32_t i = 0; i < n; i++) {
            struct roster_row *row = &r->rows[done + i];
            keys[i] =
                (struct roster_key){.place = done + i, .national_hash = {(const char *)row->hash, SEAL_HASH_BYTES}};
            if (national_hash_before(r->keys, row->row->cells[NATIONAL_ID], before[i]))
                PUT_FIELD(&keys[i], roster_key, hash_before, ((struct span){(const char *)before[i], SEAL_HASH_BYTES}));
        }
        int code = pg_bulk(ctx, &SQL_roster_look, keys, n, n, &seen, &n_seen);
        if (code)
            return code;
        for (uint32_t i = 0; i < n_seen; i++)
            r->rows[seen[i].place].seen = &seen[i];
    }
    return 0;
}

/* How many of `left` roles are judged at once: all roles of a row together. */
static uint32_t judged_at_once(const struct role_step *roles, uint32_t left)
{
    uint32_t n = left < IMPORT_CHUNK ? left : IMPORT_CHUNK;
    while (n < left && n > 1 && roles[n].place == roles[n - 1].place)
        n--;
    return n;
}

static void refuse_role(struct roster *r, const struct place *bad)
{
    struct table_row *row = r->rows[bad->place].row;
    if (bad->why.n > 6 && !memcmp(bad->why.p, "DUTIES", 6))
        table_refuse(&r->file, row, ROLES, "Một người không được giữ đồng thời hai vai trò này trên cùng một đơn vị.",
                     "One person may not hold these two roles over the same unit.");
    else
        table_refuse(&r->file, row, ROLES,
                     "Bạn không được giao vai trò này cho đơn vị này: vượt quá quyền của chính bạn.",
                     "You may not hand on this role for this unit: it goes beyond your own grant.");
}

/* Refuses rows for their roles. Nobody else changes grants until the end. */
static int judge_grants(struct ctx *ctx, struct roster *r)
{
    int code = r->n_roles ? pg_call(ctx, &SQL_grants_lock, NULL, NULL) : 0;
    for (uint32_t i = 0; i < r->n_roles; i++) {
        const struct roster_seen *seen = r->rows[r->roles[i].place].seen;
        if (seen)
            PUT_FIELD(&r->roles[i], role_step, person_id, seen->person_id);
    }
    for (uint32_t done = 0, now; !code && done < r->n_roles; done += now) {
        struct place *bad;
        uint32_t n_bad = 0;
        now = judged_at_once(&r->roles[done], r->n_roles - done);
        code = pg_bulk(ctx, &SQL_grants_judge, &r->roles[done], now, now, &bad, &n_bad);
        for (uint32_t i = 0; !code && i < n_bad; i++) {
            if (!r->rows[bad[i].place].row->refused)
                refuse_role(r, &bad[i]);
        }
    }
    return code;
}

/* What is to be written. */
struct changes {
    struct person_new *persons;
    struct person_edit *edits;
    struct person_fact *tenures;
    unsigned char (*boxes)[SEAL_BOX_BYTES];
    uint32_t n_persons, n_edits, n_tenures;
};

static struct person_fact tenure_of(const struct roster_row *row, struct uuid tenure_id, int32_t from)
{
    return (struct person_fact){.person_id = row->person_id,
                                .tenure_id = tenure_id,
                                .full_name = row->row->cells[FULL_NAME],
                                .unit_id = row->unit_id,
                                .position = row->row->cells[POSITION],
                                .leader = row->leader,
                                .kind = SPAN("principal"),
                                .valid_from = from};
}

static void add_person(const struct roster *r, const struct sealer *sealer, struct roster_row *row, struct changes *c)
{
    const struct span *cells = row->row->cells;
    unsigned char *box = c->boxes[c->n_persons];
    row->created = true;
    row->person_id = uuid7();
    seal(sealer, cells[NATIONAL_ID], box);
    struct person_new *person = &c->persons[c->n_persons++];
    *person = (struct person_new){.person_id = row->person_id,
                                  .full_name = cells[FULL_NAME],
                                  .national_hash = {(const char *)row->hash, SEAL_HASH_BYTES},
                                  .hash_key = {r->keys->hash_key_id, SEAL_KEY_ID},
                                  .national_box = {(const char *)box, SEAL_BOX_BYTES},
                                  .box_key = {r->keys->box_key_id, SEAL_KEY_ID}};
    PUT_FIELD(person, person_new, birth_date, row->birth_date);
    c->tenures[c->n_tenures++] = tenure_of(row, uuid7(), r->today);
}

static bool same(struct span a, struct span b)
{
    return a.n == b.n && !memcmp(a.p, b.p, a.n);
}

static void compare_person(const struct roster *r, struct roster_row *row, struct changes *c)
{
    const struct roster_seen *seen = row->seen;
    const struct span *cells = row->row->cells;
    bool renamed = !same(seen->full_name, cells[FULL_NAME]);
    bool reborn = !HAS(seen, roster_seen, birth_date) || seen->birth_date != row->birth_date;
    bool works = HAS(seen, roster_seen, tenure_id);
    bool moved = works && !uuid_equal(&seen->unit_id, &row->unit_id);
    row->person_id = seen->person_id;
    row->changed = true;
    if (renamed || reborn) {
        struct person_edit *edit = &c->edits[c->n_edits++];
        *edit = (struct person_edit){.person_id = row->person_id, .full_name = cells[FULL_NAME]};
        PUT_FIELD(edit, person_edit, birth_date, row->birth_date);
    }
    if (moved) {
        struct person_fact *ended = &c->tenures[c->n_tenures++];
        *ended = tenure_of(row, seen->tenure_id, seen->valid_from);
        ended->unit_id = seen->unit_id;
        ended->position = seen->position;
        ended->leader = seen->leader;
        PUT_FIELD(ended, person_fact, valid_to, seen->valid_from > r->today ? seen->valid_from : r->today);
    }
    if (moved || !works)
        c->tenures[c->n_tenures++] = tenure_of(row, uuid7(), r->today);
    else if (renamed || seen->leader != row->leader || !same(seen->position, cells[POSITION]))
        c->tenures[c->n_tenures++] = tenure_of(row, seen->tenure_id, seen->valid_from);
    else
        row->changed = reborn;
}

/* Compares every row with what is stored. 0 or fail(). */
static int decide(struct ctx *ctx, struct roster *r, struct changes *c)
{
    struct sealer sealer;
    c->persons = arena_alloc(ctx->arena, r->n * sizeof(*c->persons));
    c->edits = arena_alloc(ctx->arena, r->n * sizeof(*c->edits));
    c->tenures = arena_alloc(ctx->arena, 2 * r->n * sizeof(*c->tenures));
    c->boxes = arena_alloc(ctx->arena, r->n * sizeof(*c->boxes));
    if (!c->persons || !c->edits || !c->tenures || !c->boxes || sealer_init(&sealer, r->keys) < 0)
        return fail(ctx, ERR_TOO_LARGE, "csv");
    for (uint32_t i = 0; i < r->n; i++) {
        struct roster_row *row = &r->rows[i];
        if (row->row->refused)
            continue;
        if (!row->seen)
            add_person(r, &sealer, row, c);
        else if (row->seen->visible)
            compare_person(r, row, c);
        else
            table_refuse(&r->file, row->row, UNIT_CODE,
                         "Người này đang thuộc một đơn vị ngoài phạm vi của bạn. Hãy phối hợp với đơn vị đó.",
                         "This person belongs to a unit outside your subtree. Settle it with that unit.");
    }
    sealer_release(&sealer);
    return 0;
}

/* Grants what the rows say and marks those for which a role was new. 0 or fail(). */
static int write_roles(struct ctx *ctx, struct roster *r)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n_roles; i++) {
        const struct roster_row *row = &r->rows[r->roles[i].place];
        if (row->row->refused)
            continue;
        r->roles[n] = r->roles[i];
        PUT_FIELD(&r->roles[n], role_step, person_id, row->person_id);
        n++;
    }
    for (uint32_t done = 0; done < n; done += IMPORT_CHUNK) {
        struct place *places;
        uint32_t now = n - done < IMPORT_CHUNK ? n - done : IMPORT_CHUNK, n_places;
        int code = pg_bulk(ctx, &SQL_grants_put, &r->roles[done], now, now, &places, &n_places);
        if (code)
            return code;
        for (uint32_t i = 0; i < n_places; i++)
            r->rows[places[i].place].changed = true;
    }
    return 0;
}

static int write_changes(struct ctx *ctx, struct roster *r, const struct changes *c)
{
    int code = import_write(ctx, &SQL_person_add, c->persons, c->n_persons);
    if (!code)
        code = import_write(ctx, &SQL_person_correct, c->edits, c->n_edits);
    if (!code)
        code = import_write(ctx, &SQL_tenure_put, c->tenures, c->n_tenures);
    /* Last, because it holds the audit until the end, and logins write there too. */
    return code ? code : write_roles(ctx, r);
}

int on_roster_import(struct ctx *ctx, const struct import_file *req, struct import_report *ret_reply)
{
    struct roster r = {0};
    struct changes changes = {0};
    uint32_t created = 0, changed = 0;
    bool dry_run = HAS(req, import_file, dry_run) && req->dry_run;
    int code = table_read(&r.file, ctx->arena, columns, COLUMNS, req->csv, IMPORT_MAX_ROWS);
    if (code)
        return fail(ctx, code, "csv");
    code = import_begin(ctx, &r.today);
    if (!code)
        code = pg_list(ctx, &SQL_unit_codes, NULL, MOST_UNITS, &r.units, &r.n_units);
    if (code)
        return code;
    r.keys = seal_keys_now(ctx);
    code = judge_rows(&r);
    if (code)
        return fail(ctx, code, "csv");
    code = look(ctx, &r);
    if (!code)
        code = judge_grants(ctx, &r);
    if (!code)
        code = decide(ctx, &r, &changes);
    if (!code)
        code = write_changes(ctx, &r, &changes);
    if (code)
        return code;
    for (uint32_t i = 0; i < r.n; i++) {
        created += r.rows[i].created;
        changed += r.rows[i].changed && !r.rows[i].created;
    }
    return import_end(ctx, "roster_import", &r.file, dry_run, created, changed, ret_reply);
}
