/*
 * table.c - rows of an imported file and their faults, see table.h. The readers of CSV and XLSX find
 * the cells, row_judge.c judges them, this file keeps them.
 */
#include "table.h"

enum { ROWS_FIRST = 64 };

struct table_fault {
    uint32_t order; /* of being found; keeps the faults of one line apart */
    struct row_fault fault;
};

static int fault_before(const void *a, const void *b)
{
    const struct table_fault *x = a, *y = b;
    if (x->fault.line != y->fault.line)
        return x->fault.line < y->fault.line ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Sorts by the order of the file and forgets what the report has no place for. */
static void keep_first_faults(struct table *table)
{
    qsort(table->faults, table->n_faults, sizeof(table->faults[0]), fault_before);
    if (table->n_faults > TABLE_MAX_FAULTS)
        table->n_faults = TABLE_MAX_FAULTS;
}

/* The judge found a fault. */
static void keep_fault(void *ctx, const struct judged_fault *found)
{
    struct table *table = ctx;
    if (table->n_faults == 2 * TABLE_MAX_FAULTS)
        keep_first_faults(table);
    struct table_fault *row = &table->faults[table->n_faults++];
    *row = (struct table_fault){.order = table->fault_order++};
    row->fault.line = found->line;
    row->fault.field = found->field;
    row->fault.message_vi = found->vi;
    row->fault.message_en = found->en;
    if (found->value.p)
        PUT_FIELD(&row->fault, row_fault, value, found->value);
}

void table_fail(struct table *table, uint32_t line, const char *vi, const char *en)
{
    row_judge_fail(&table->judge, line, vi, en);
    table->unreadable = true;
}

void table_refuse(struct table *table, struct table_row *row, uint32_t column, const char *vi, const char *en)
{
    row_judge_refuse(&table->judge, row->line, column, row->cells[column], vi, en);
    if (!row->refused)
        table->refused++;
    row->refused = true;
}

/* A place for one more row; NULL: the arena is full. */
static struct table_row *next_row(struct table *table)
{
    if (table->n_rows == table->rows_room) {
        uint32_t room = table->rows_room > table->most_rows / 2 ? table->most_rows : table->rows_room * 2;
        struct table_row *rows = arena_alloc(table->arena, room * sizeof(*rows));
        if (!rows)
            return NULL;
        memcpy(rows, table->rows, table->n_rows * sizeof(*rows));
        table->rows = rows;
        table->rows_room = room;
    }
    return &table->rows[table->n_rows];
}

/* A line below the header. -1: the arena is full. */
static int take_row(struct table *table, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    table->total++;
    if (table->unreadable)
        return 0;
    if (table->total > table->most_rows) {
        const char *vi = arena_printf(table->arena, "Tệp có quá %u dòng. Hãy chia thành nhiều tệp.", table->most_rows);
        const char *en = arena_printf(table->arena, "More than %u rows. Split the file.", table->most_rows);
        table_fail(table, line, vi ? vi : "Tệp quá lớn.", en ? en : "The file is too large.");
        return 0;
    }
    struct table_row *row = next_row(table);
    bool fits;
    if (!row)
        return -1;
    *row = (struct table_row){.line = line, .cells = arena_alloc(table->arena, table->n_columns * sizeof(struct span))};
    if (!row->cells || row_judge_row(&table->judge, line, cells, n, row->cells, &fits) < 0)
        return -1;
    row->refused = table->judge.refused;
    table->refused += row->refused;
    table->n_rows += fits;
    return 0;
}

int table_line(struct table *table, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    int full =
        table->judge.had_header ? take_row(table, line, cells, n) : row_judge_header(&table->judge, line, cells, n);
    table->unreadable = table->unreadable || table->judge.unreadable;
    return full ? ERR_TOO_LARGE : 0;
}

int table_begin(struct table *table, struct arena *arena, const struct table_column *columns, uint32_t n_columns,
                uint32_t most_rows, uint32_t rows)
{
    if (rows < ROWS_FIRST)
        rows = ROWS_FIRST;
    if (rows > most_rows)
        rows = most_rows;
    *table = (struct table){
        .columns = columns,
        .n_columns = n_columns,
        .arena = arena,
        .most_rows = most_rows,
        .rows_room = rows,
        .rows = arena_alloc(arena, rows * sizeof(struct table_row)),
        .faults = arena_alloc(arena, 2 * TABLE_MAX_FAULTS * sizeof(struct table_fault)),
        .judge = {.columns = columns, .n_columns = n_columns, .arena = arena, .fault = keep_fault, .ctx = table},
    };
    return table->rows && table->faults && n_columns <= TABLE_MAX_COLUMNS ? 0 : ERR_TOO_LARGE;
}

void table_end(struct table *table)
{
    if (!table->judge.had_header && !table->unreadable)
        table_fail(table, 1, "Tệp không có dòng tiêu đề.", "The file has no header line.");
    if (table->unreadable) {
        table->n_rows = 0;
        table->refused = table->total;
    }
}

/* What table_refuse_repeats sorts by. */
struct key {
    const struct table *table;
    const uint32_t *columns;
    uint32_t n;
};

static int compare_keys(const struct table_row *a, const struct table_row *b, const struct key *key)
{
    for (uint32_t i = 0; i < key->n; i++) {
        struct span x = a->cells[key->columns[i]], y = b->cells[key->columns[i]];
        int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
        if (order || x.n != y.n)
            return order ? order : x.n < y.n ? -1 : 1;
    }
    return 0;
}

static int row_before(const void *a, const void *b, void *key)
{
    const struct table_row *x = *(struct table_row *const *)a, *y = *(struct table_row *const *)b;
    int order = compare_keys(x, y, key);
    return order ? order : x->line < y->line ? -1 : 1;
}

int table_refuse_repeats(struct table *table, const uint32_t *columns, uint32_t n)
{
    struct key key = {table, columns, n};
    struct table_row **sorted = arena_alloc(table->arena, table->n_rows * sizeof(struct table_row *));
    if (!sorted)
        return ERR_TOO_LARGE;
    for (uint32_t i = 0; i < table->n_rows; i++)
        sorted[i] = &table->rows[i];
    qsort_r(sorted, table->n_rows, sizeof(sorted[0]), row_before, &key);
    for (uint32_t i = 1, first = 0; i < table->n_rows; i++) {
        if (!sorted[i]->cells[columns[0]].n || compare_keys(sorted[first], sorted[i], &key) != 0) {
            first = i;
            continue;
        }
        const char *vi =
            arena_printf(table->arena, "Đã có ở dòng %u của tệp này. Hãy chỉ giữ một dòng.", sorted[first]->line);
        const char *en = arena_printf(table->arena, "Line %u of this file says this already. Keep one of them.",
                                      sorted[first]->line);
        if (!vi || !en)
            return ERR_TOO_LARGE;
        table_refuse(table, sorted[i], columns[0], vi, en);
    }
    return 0;
}

int table_report(struct table *table, bool dry_run, uint32_t created, uint32_t changed,
                 struct import_report *ret_report)
{
    keep_first_faults(table);
    struct row_fault *faults = arena_alloc(table->arena, table->n_faults * sizeof(*faults));
    if (!faults)
        return ERR_TOO_LARGE;
    for (uint32_t i = 0; i < table->n_faults; i++)
        faults[i] = table->faults[i].fault;
    *ret_report = (struct import_report){
        .dry_run = dry_run,
        .rows = table->total,
        .created = created,
        .changed = changed,
        .unchanged = table->total - table->refused - created - changed,
        .refused = table->refused,
        .faults = faults,
        .n_faults = table->n_faults,
    };
    return 0;
}
