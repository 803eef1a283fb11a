/*
 * unit_trial.c - rows of a file tried on the tree in memory. While one is refused, the rest is tried again without it,
 * because others may have leaned on it. What they made of units that were there before is told as a decree's changes
 * are.
 */
#include "unit_trial.h"

enum {
    PATIENT_TRIALS = 20, /* then whatever is at fault is refused, also where it leans on another */
};

int unit_trial_init(struct unit_trial *trial)
{
    trial->rows = arena_alloc(trial->file.arena, (trial->file.n_rows + 1) * sizeof(struct unit_row));
    return trial->rows ? 0 : -1;
}

struct unit_row *unit_trial_add(struct unit_trial *trial, struct table_row *row, const struct tree_version *version)
{
    struct unit_row *r = &trial->rows[trial->n++];
    *r = (struct unit_row){.row = row, .unit = tree_mention(&trial->tree, row->cells[UNIT_CODE]), .version = *version};
    return r;
}

static int row_before(const void *a, const void *b)
{
    const struct unit_row *x = a, *y = b;
    if (x->version.from != y->version.from)
        return x->version.from < y->version.from ? -1 : 1;
    return x->row->line < y->row->line ? -1 : 1;
}

static void refuse_version(struct table *file, struct table_row *row, enum tree_fault fault)
{
    switch (fault) {
    case TREE_FINE:
        return;
    case TREE_NO_PARENT:
        table_refuse(file, row, UNIT_PARENT,
                     "Đơn vị cấp trên chưa có hiệu lực vào ngày này, hoặc dòng của nó bị từ chối.",
                     "The unit above is not valid on that day, or its own row was refused.");
        return;
    case TREE_CYCLE:
        table_refuse(file, row, UNIT_PARENT, "Đơn vị không thể nằm dưới chính nó.", "A unit cannot lie below itself.");
        return;
    case TREE_DEEP:
        table_refuse(file, row, UNIT_PARENT, "Cây tổ chức có tối đa 16 cấp.", "The tree has 16 levels at most.");
        return;
    case TREE_KIND:
        table_refuse(file, row, UNIT_KIND, "Loại đơn vị này không thể nằm dưới loại của đơn vị cấp trên.",
                     "A unit of this kind cannot lie below one of its parent's kind.");
        return;
    case TREE_OUTSIDE:
        table_refuse(file, row, UNIT_CODE, "Đơn vị nằm ngoài phạm vi quản lý của bạn.",
                     "The unit lies outside your subtree.");
        return;
    }
}

/* One trial: all rows that are left are put into the tree, then judged. -1: the arena is full. */
static int try_rows(struct unit_trial *trial, bool *ret_faulty)
{
    bool faulty = false;
    if (tree_reset(&trial->tree) < 0)
        return -1;
    for (uint32_t i = 0; i < trial->n; i++) {
        struct unit_row *r = &trial->rows[i];
        r->version.faulty = &r->faulty;
        r->faulty = false;
        if (!r->row->refused)
            r->change = tree_put(&trial->tree, r->unit, &r->version);
        if (r->change == TREE_FULL)
            return -1;
    }
    for (uint32_t i = 0; i < trial->n; i++) {
        struct unit_row *r = &trial->rows[i];
        if (r->row->refused || r->change == TREE_SAME)
            continue;
        r->fault = tree_check(&trial->tree, r->unit, r->version.from);
        r->faulty = r->fault != TREE_FINE;
        faulty = faulty || r->faulty;
    }
    *ret_faulty = faulty;
    return 0;
}

int unit_trial_settle(struct unit_trial *trial)
{
    qsort(trial->rows, trial->n, sizeof(trial->rows[0]), row_before);
    for (int again = 0;; again++) {
        bool faulty = false;
        if (try_rows(trial, &faulty) < 0)
            return ERR_TOO_LARGE;
        if (!faulty)
            return 0;
        for (uint32_t i = 0; i < trial->n; i++) {
            struct unit_row *r = &trial->rows[i];
            /* Rows of a cycle lean on each other: none is first. */
            if (r->faulty &&
                (r->fault == TREE_CYCLE || again >= PATIENT_TRIALS || !tree_leans(r->unit, r->version.from)))
                refuse_version(&trial->file, r->row, r->fault);
        }
    }
}

void unit_trial_count(const struct unit_trial *trial, uint32_t *ret_created, uint32_t *ret_changed)
{
    uint32_t created = 0, changed = 0;
    for (uint32_t i = 0; i < trial->n; i++) {
        if (trial->rows[i].row->refused)
            continue;
        created += trial->rows[i].change == TREE_NEW;
        changed += trial->rows[i].change == TREE_CHANGED;
    }
    *ret_created = created;
    *ret_changed = changed;
}

static bool same_place(const struct unit_fact *a, const struct unit_fact *b)
{
    bool below = HAS(a, unit_fact, parent_id);
    return below == HAS(b, unit_fact, parent_id) && (!below || uuid_equal(&a->parent_id, &b->parent_id));
}

/* Does the version that begins on this day follow another one with another name or place? */
static bool follows_other(const struct tree_unit *unit, int32_t day, bool name)
{
    for (uint32_t i = 1; i < unit->n_versions; i++) {
        const struct tree_version *v = &unit->versions[i], *before = v - 1;
        if (v->from == day && before->to == day)
            return name ? !span_equal(v->name, before->name) : v->parent != before->parent;
    }
    return false;
}

/* The same of what is stored: then it was told. */
static bool followed_other(const struct tree_unit *unit, int32_t day, bool name)
{
    for (uint32_t i = 1; i < unit->n_stored; i++) {
        const struct unit_fact *v = &unit->stored[i], *before = v - 1;
        if (v->valid_from == day && HAS(before, unit_fact, valid_to) && before->valid_to == day)
            return name ? !span_equal(v->name, before->name) : !same_place(v, before);
    }
    return false;
}

static bool is_news(const struct tree_unit *unit, int32_t day, bool name)
{
    return follows_other(unit, day, name) && !followed_other(unit, day, name);
}

static uint32_t news_of(const struct tree_unit *unit, const struct official_file *decree, struct unit_became *rows)
{
    uint32_t n = 0;
    for (uint32_t i = 1; i < unit->n_versions; i++) {
        int32_t day = unit->versions[i].from;
        for (int name = 1; name >= 0; name--) {
            if (!is_news(unit, day, name))
                continue;
            rows[n] = (struct unit_became){
                .effective_from = day, .op = name ? SPAN("rename") : SPAN("move"), .unit_id = unit->id};
            if (decree) {
                PUT_FIELD(&rows[n], unit_became, decree_id, decree->decree_id);
                PUT_FIELD(&rows[n], unit_became, number, decree->number);
            }
            n++;
        }
    }
    return n;
}

int unit_trial_tell(struct ctx *ctx, const struct unit_trial *trial, const struct official_file *decree)
{
    const struct tree *tree = &trial->tree;
    uint32_t n = 0, most = 0;
    for (uint32_t i = 0; i < tree->n_units; i++)
        most += tree->units[i].n_rows ? 2 * tree->units[i].n_versions : 0;
    struct unit_became *rows = arena_alloc(ctx->arena, (most + 1) * sizeof(*rows));
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, "csv");
    for (uint32_t i = 0; i < tree->n_units; i++) {
        if (tree->units[i].n_rows)
            n += news_of(&tree->units[i], decree, rows + n);
    }
    return import_write(ctx, &SQL_units_became, rows, n);
}
