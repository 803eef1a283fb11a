/*
 * table.c - rows of an imported file checked against a table of columns, see table.h. The readers of CSV and XLSX find
 * the cells, this file judges them.
 */
#include "table.h"
#include "codec.h"
#include "nfc.h"
#include <ctype.h>

enum { VALUE_SHOWN = 120, SENTENCE_MAX = 400, MASK_SHOWN = 3, MASK_RUN = 9, ROWS_FIRST = 64 };

struct table_fault {
    uint32_t order; /* of being found; keeps the faults of one line apart */
    struct row_fault fault;
};

static uint32_t text_length(const char *text)
{
    size_t n = strlen(text);
    return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

/* At most `most` bytes of it, without cutting a character in two. */
static struct span shorten(struct span text, uint32_t most)
{
    if (text.n > most) {
        text.n = most;
        while (text.n && ((unsigned char)text.p[text.n] & 0xc0) == 0x80)
            text.n--;
    }
    return text;
}

static void hide_from(char *p, uint32_t begin, uint32_t end)
{
    for (uint32_t i = begin + MASK_SHOWN; i < end; i++)
        p[i] = '*';
}

/* What a report may show of a cell. False when nothing can be shown. */
static bool value_shown(struct arena *arena, struct span cell, bool masked, struct span *ret_shown)
{
    struct span shown;
    if (!utf8_valid(cell))
        return false;
    if (masked) {
        char *text = arena_printf(arena, "%.*s*********", (int)shorten(cell, MASK_SHOWN).n, cell.p);
        if (!text)
            return false;
        *ret_shown = (struct span){text, text_length(text)};
        return true;
    }
    if (arena_span(arena, shorten(cell, VALUE_SHOWN), &shown) < 0)
        return false;
    char *p = (char *)(uintptr_t)shown.p; /* the copy just made */
    uint32_t begin = 0;
    for (uint32_t i = 0; i <= shown.n; i++) {
        if (i < shown.n && isdigit((unsigned char)p[i]))
            continue;
        if (i - begin >= MASK_RUN)
            hide_from(p, begin, i);
        begin = i + 1;
    }
    *ret_shown = shown;
    return true;
}

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

/* `cell` NULL: there is no value to show. */
static void add_fault(struct table *table, uint32_t line, struct span field, const struct span *cell, bool masked,
                      const char *vi, const char *en)
{
    if (table->n_faults == 2 * TABLE_MAX_FAULTS)
        keep_first_faults(table);
    struct table_fault *row = &table->faults[table->n_faults++];
    *row = (struct table_fault){.order = table->fault_order++};
    row->fault.line = line;
    row->fault.field = shorten(field, 64);
    row->fault.message_vi = shorten((struct span){vi, text_length(vi)}, SENTENCE_MAX);
    row->fault.message_en = shorten((struct span){en, text_length(en)}, SENTENCE_MAX);
    struct span shown;
    if (cell && value_shown(table->arena, *cell, masked, &shown))
        PUT_FIELD(&row->fault, row_fault, value, shown);
}

/* The whole file is refused. */
static void add_file_fault(struct table *table, uint32_t line, struct span field, const char *vi, const char *en)
{
    add_fault(table, line ? line : 1, field, NULL, false, vi, en);
    table->unreadable = true;
}

void table_fail(struct table *table, uint32_t line, const char *vi, const char *en)
{
    add_file_fault(table, line, SPAN(""), vi, en);
}

static struct span column_name(const struct table_column *column)
{
    return (struct span){column->name, text_length(column->name)};
}

static void refuse_cell(struct table *table, struct table_row *row, uint32_t column, struct span cell, const char *vi,
                        const char *en)
{
    const struct table_column *c = &table->columns[column];
    add_fault(table, row->line, column_name(c), &cell, c->flags & COL_MASKED, vi, en);
    if (!row->refused)
        table->refused++;
    row->refused = true;
}

void table_refuse(struct table *table, struct table_row *row, uint32_t column, const char *vi, const char *en)
{
    refuse_cell(table, row, column, row->cells[column], vi, en);
}

/* A control character that the column does not take? */
static bool has_control(struct span cell, unsigned flags)
{
    for (uint32_t i = 0; i < cell.n; i++) {
        unsigned char c = (unsigned char)cell.p[i];
        bool line = c == '\n' || c == '\r' || c == '\t';
        if ((c < 0x20 || c == 0x7f) && !(line && flags & COL_LINES))
            return true;
    }
    return false;
}

static enum table_look most_look(const struct table_column *column)
{
    if (column->flags & COL_TEXT)
        return LOOK_SAME;
    return column->flags & COL_VALUE ? LOOK_VARIES : LOOK_OTHER;
}

/* The normal form of a text, copied into the arena. -1: the arena is full. */
static int keep(struct table *table, struct span raw, struct span *ret_cell)
{
    struct span cell;
    if (nfc(table->arena, raw, &cell) < 0)
        return -1;
    if (cell.n == 0)
        cell = SPAN("");
    else if (cell.p >= raw.p && cell.p < raw.p + raw.n && arena_span(table->arena, cell, &cell) < 0)
        return -1; /* it needed no change and still is the reader's */
    *ret_cell = cell;
    return 0;
}

/* Judges one cell of a row and keeps its normal form. -1: the arena is full. */
static int take_cell(struct table *table, struct table_row *row, uint32_t column, const struct table_cell *from)
{
    const struct table_column *c = &table->columns[column];
    struct span raw = from->text, cell;
    row->cells[column] = (struct span){"", 0};
    if (from->vi) {
        refuse_cell(table, row, column, raw, from->vi, from->en);
        return 0;
    }
    if (!utf8_valid(raw)) {
        refuse_cell(table, row, column, raw, "Ô này không phải UTF-8. Hãy lưu tệp dạng CSV UTF-8.",
                    "This cell is not UTF-8. Save the file as CSV UTF-8.");
        return 0;
    }
    if (keep(table, raw, &cell) < 0)
        return -1;
    row->cells[column] = cell;
    if (from->look > most_look(c)) {
        refuse_cell(table, row, column, cell,
                    "Bảng tính hiển thị ô này khác với giá trị lưu bên trong. Hãy định dạng ô là văn bản rồi nhập lại.",
                    "The spreadsheet shows this cell otherwise than it stores it. Format the cell as text and enter it "
                    "again.");
    } else if (has_control(cell, c->flags)) {
        refuse_cell(table, row, column, cell, "Ô này có ký tự điều khiển. Hãy xóa xuống dòng, tab và ký tự ẩn.",
                    "This cell holds control characters. Remove line breaks, tabs and hidden characters.");
    } else if (cell.n == 0 && c->min > 0) {
        refuse_cell(table, row, column, cell, "Ô này không được để trống.", "This cell may not be empty.");
    } else if (cell.n && !(c->flags & COL_FORMULA) && strchr("=+-@", cell.p[0])) {
        refuse_cell(table, row, column, cell, "Ô này bắt đầu như một công thức. Hãy bỏ dấu = + - @ ở đầu.",
                    "This cell begins like a formula. Remove the leading = + - or @.");
    } else if (cell.n < c->min || cell.n > c->max) {
        const char *vi =
            arena_printf(table->arena, "Độ dài phải từ %u đến %u byte; ô này có %u.", c->min, c->max, cell.n);
        const char *en =
            arena_printf(table->arena, "The length must be %u to %u bytes; this cell has %u.", c->min, c->max, cell.n);
        if (!vi || !en)
            return -1;
        refuse_cell(table, row, column, cell, vi, en);
    }
    return 0;
}

/* The column of the table with this name, or n_columns. */
static uint32_t find_column(const struct table *table, struct span name)
{
    uint32_t c = 0;
    while (c < table->n_columns &&
           (text_length(table->columns[c].name) != name.n || memcmp(table->columns[c].name, name.p, name.n) != 0))
        c++;
    return c;
}

/* One name of the header. -1: the arena is full. */
static int take_name(struct table *table, uint32_t line, uint32_t i, const struct table_cell *cell, bool *seen)
{
    struct span name = cell->text;
    if (cell->vi) {
        struct span shown = SPAN("?");
        (void)value_shown(table->arena, name, false, &shown);
        add_file_fault(table, line, shown, cell->vi, cell->en);
        return 0;
    }
    if (utf8_valid(name) && keep(table, name, &name) < 0)
        return -1;
    uint32_t c = find_column(table, name);
    if (c == table->n_columns) {
        struct span shown = name;
        if (!value_shown(table->arena, name, false, &shown))
            shown = SPAN("?");
        add_file_fault(table, line, shown, "Cột này không có trong mẫu. Hãy bỏ cột hoặc sửa tên cột.",
                       "The template has no such column. Remove it or correct its name.");
    } else if (seen[c]) {
        add_file_fault(table, line, column_name(&table->columns[c]), "Cột này xuất hiện hai lần.",
                       "This column stands twice.");
    } else {
        seen[c] = true;
        table->place[i] = (uint8_t)c;
    }
    return 0;
}

/* Finds the table's column that each column of the file is; sets place[]. -1: the arena is full. */
static int take_header(struct table *table, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    bool seen[TABLE_MAX_COLUMNS] = {false};
    static const struct table_cell too_many = {.text = {"?", 1}};
    table->had_header = true;
    /* One sentence about too many columns is enough. */
    for (uint32_t i = 0; i < n && i <= TABLE_MAX_COLUMNS; i++) {
        if (take_name(table, line, i, i < TABLE_MAX_COLUMNS ? &cells[i] : &too_many, seen) < 0)
            return -1;
    }
    for (uint32_t c = 0; c < table->n_columns; c++) {
        if (!seen[c])
            add_file_fault(table, line, column_name(&table->columns[c]), "Thiếu cột này ở dòng tiêu đề.",
                           "This column is missing from the header line.");
    }
    return 0;
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

static int refuse_width(struct table *table, uint32_t line, uint32_t n)
{
    const char *vi = arena_printf(table->arena, "Dòng này có %u ô, cần %u ô như dòng tiêu đề.", n, table->n_columns);
    const char *en = arena_printf(table->arena, "This row has %u cells; the header has %u.", n, table->n_columns);
    if (!vi || !en)
        return -1;
    add_fault(table, line, SPAN(""), NULL, false, vi, en);
    table->refused++;
    return 0;
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
    if (n != table->n_columns)
        return refuse_width(table, line, n);
    struct table_row *row = next_row(table);
    if (!row)
        return -1;
    *row = (struct table_row){.line = line, .cells = arena_alloc(table->arena, n * sizeof(struct span))};
    if (!row->cells)
        return -1;
    table->n_rows++;
    for (uint32_t i = 0; i < n; i++) {
        if (take_cell(table, row, table->place[i], &cells[i]) < 0)
            return -1;
    }
    return 0;
}

int table_line(struct table *table, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    int full = table->had_header ? take_row(table, line, cells, n) : take_header(table, line, cells, n);
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
    };
    return table->rows && table->faults && n_columns <= TABLE_MAX_COLUMNS ? 0 : ERR_TOO_LARGE;
}

void table_end(struct table *table)
{
    if (!table->had_header && !table->unreadable)
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
