/*
 * csv.c - rows of a CSV file checked against a table of columns; libcsv finds the cells, this file judges them.
 *
 * The text is given to libcsv line by line, so that each row knows the line it begins on although a quoted cell may
 * hold line breaks.
 */
#include "csv.h"
#include "codec.h"
#include "nfc.h"
#include <ctype.h>
#include <../include/csv.h> /* libcsv's; plain <csv.h> would be ours */

enum { VALUE_SHOWN = 120, SENTENCE_MAX = 400, MASK_SHOWN = 3, MASK_RUN = 9, CELL_BLOCK = 4096 };

struct csv_fault_row {
    uint32_t order; /* of being found; keeps the faults of one line apart */
    struct row_fault fault;
};

/* One reading; lives on the stack of csv_file_read. */
struct reading {
    struct csv_file *file;
    uint32_t most_rows;
    uint32_t line;   /* where the present row begins */
    bool row_open;   /* the present row has begun */
    bool had_header; /* the header line has been read */
    bool arena_full;
    uint32_t n_cells;                   /* of the present row so far */
    struct span cells[CSV_MAX_COLUMNS]; /* as they stand in the file */
    uint8_t place[CSV_MAX_COLUMNS];     /* column of the file -> column of the table */
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
    const struct csv_fault_row *x = a, *y = b;
    if (x->fault.line != y->fault.line)
        return x->fault.line < y->fault.line ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Sorts by the order of the file and forgets what the report has no place for. */
static void keep_first_faults(struct csv_file *file)
{
    qsort(file->faults, file->n_faults, sizeof(file->faults[0]), fault_before);
    if (file->n_faults > CSV_MAX_FAULTS)
        file->n_faults = CSV_MAX_FAULTS;
}

/* `cell` NULL: there is no value to show. */
static void add_fault(struct csv_file *file, uint32_t line, struct span field, const struct span *cell, bool masked,
                      const char *vi, const char *en)
{
    if (file->n_faults == 2 * CSV_MAX_FAULTS)
        keep_first_faults(file);
    struct csv_fault_row *row = &file->faults[file->n_faults++];
    *row = (struct csv_fault_row){.order = file->fault_order++};
    row->fault.line = line;
    row->fault.field = shorten(field, 64);
    row->fault.message_vi = shorten((struct span){vi, text_length(vi)}, SENTENCE_MAX);
    row->fault.message_en = shorten((struct span){en, text_length(en)}, SENTENCE_MAX);
    struct span shown;
    if (cell && value_shown(file->arena, *cell, masked, &shown))
        PUT_FIELD(&row->fault, row_fault, value, shown);
}

/* The whole file is refused. */
static void add_file_fault(struct reading *r, struct span field, const char *vi, const char *en)
{
    add_fault(r->file, r->line ? r->line : 1, field, NULL, false, vi, en);
    r->file->unreadable = true;
}

static struct span column_name(const struct csv_column *column)
{
    return (struct span){column->name, text_length(column->name)};
}

static void refuse_cell(struct csv_file *file, struct csv_row *row, uint32_t column, struct span cell, const char *vi,
                        const char *en)
{
    const struct csv_column *c = &file->columns[column];
    add_fault(file, row->line, column_name(c), &cell, c->flags & COL_MASKED, vi, en);
    if (!row->refused)
        file->refused++;
    row->refused = true;
}

void csv_file_refuse(struct csv_file *file, struct csv_row *row, uint32_t column, const char *vi, const char *en)
{
    refuse_cell(file, row, column, row->cells[column], vi, en);
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

/* Judges one cell of a row and keeps its normal form. -1: the arena is full. */
static int take_cell(struct csv_file *file, struct csv_row *row, uint32_t column, struct span raw)
{
    const struct csv_column *c = &file->columns[column];
    struct span cell;
    row->cells[column] = (struct span){"", 0};
    if (!utf8_valid(raw)) {
        refuse_cell(file, row, column, raw, "Ô này không phải UTF-8. Hãy lưu tệp dạng CSV UTF-8.",
                    "This cell is not UTF-8. Save the file as CSV UTF-8.");
        return 0;
    }
    if (nfc(file->arena, raw, &cell) < 0)
        return -1;
    row->cells[column] = cell;
    if (has_control(cell, c->flags)) {
        refuse_cell(file, row, column, cell, "Ô này có ký tự điều khiển. Hãy xóa xuống dòng, tab và ký tự ẩn.",
                    "This cell holds control characters. Remove line breaks, tabs and hidden characters.");
    } else if (cell.n == 0 && c->min > 0) {
        refuse_cell(file, row, column, cell, "Ô này không được để trống.", "This cell may not be empty.");
    } else if (cell.n && !(c->flags & COL_FORMULA) && strchr("=+-@", cell.p[0])) {
        refuse_cell(file, row, column, cell, "Ô này bắt đầu như một công thức. Hãy bỏ dấu = + - @ ở đầu.",
                    "This cell begins like a formula. Remove the leading = + - or @.");
    } else if (cell.n < c->min || cell.n > c->max) {
        const char *vi =
            arena_printf(file->arena, "Độ dài phải từ %u đến %u byte; ô này có %u.", c->min, c->max, cell.n);
        const char *en =
            arena_printf(file->arena, "The length must be %u to %u bytes; this cell has %u.", c->min, c->max, cell.n);
        if (!vi || !en)
            return -1;
        refuse_cell(file, row, column, cell, vi, en);
    }
    return 0;
}

/* Finds the table's column that the file's column is; sets place[]. */
static void take_header(struct reading *r)
{
    struct csv_file *file = r->file;
    bool seen[CSV_MAX_COLUMNS] = {false};
    for (uint32_t i = 0; i < r->n_cells; i++) {
        uint32_t c = 0;
        struct span name = i < CSV_MAX_COLUMNS ? r->cells[i] : SPAN("?");
        while (c < file->n_columns &&
               (text_length(file->columns[c].name) != name.n || memcmp(file->columns[c].name, name.p, name.n) != 0))
            c++;
        if (c == file->n_columns) {
            struct span shown = name;
            if (!value_shown(file->arena, name, false, &shown))
                shown = SPAN("?");
            add_file_fault(r, shown, "Cột này không có trong mẫu. Hãy bỏ cột hoặc sửa tên cột.",
                           "The template has no such column. Remove it or correct its name.");
        } else if (seen[c]) {
            add_file_fault(r, column_name(&file->columns[c]), "Cột này xuất hiện hai lần.",
                           "This column stands twice.");
        } else {
            seen[c] = true;
            r->place[i] = (uint8_t)c;
        }
        if (i >= CSV_MAX_COLUMNS)
            break; /* one sentence about too many columns is enough */
    }
    for (uint32_t c = 0; c < file->n_columns; c++) {
        if (!seen[c])
            add_file_fault(r, column_name(&file->columns[c]), "Thiếu cột này ở dòng tiêu đề.",
                           "This column is missing from the header line.");
    }
    r->had_header = true;
}

static void take_row(struct reading *r)
{
    struct csv_file *file = r->file;
    file->total++;
    if (file->unreadable)
        return;
    if (file->total > r->most_rows) {
        const char *vi = arena_printf(file->arena, "Tệp có quá %u dòng. Hãy chia thành nhiều tệp.", r->most_rows);
        const char *en = arena_printf(file->arena, "More than %u rows. Split the file.", r->most_rows);
        add_file_fault(r, SPAN(""), vi ? vi : "Tệp quá lớn.", en ? en : "The file is too large.");
        return;
    }
    if (r->n_cells != file->n_columns) {
        const char *vi =
            arena_printf(file->arena, "Dòng này có %u ô, cần %u ô như dòng tiêu đề.", r->n_cells, file->n_columns);
        const char *en =
            arena_printf(file->arena, "This row has %u cells; the header has %u.", r->n_cells, file->n_columns);
        if (vi && en)
            add_fault(file, r->line, SPAN(""), NULL, false, vi, en);
        r->arena_full = r->arena_full || !vi || !en;
        file->refused++;
        return;
    }
    struct csv_row *row = &file->rows[file->n_rows];
    *row = (struct csv_row){.line = r->line, .cells = arena_alloc(file->arena, file->n_columns * sizeof(struct span))};
    if (!row->cells) {
        r->arena_full = true;
        return;
    }
    file->n_rows++;
    for (uint32_t i = 0; i < r->n_cells; i++) {
        if (take_cell(file, row, r->place[i], r->cells[i]) < 0)
            r->arena_full = true;
    }
}

/* libcsv: a cell has ended. Its bytes live until the next cell, so they are copied. */
static void on_cell(void *bytes, size_t n, void *reading)
{
    struct reading *r = reading;
    if (r->n_cells < CSV_MAX_COLUMNS && !r->arena_full &&
        arena_span(r->file->arena, (struct span){n ? bytes : "", (uint32_t)n}, &r->cells[r->n_cells]) < 0)
        r->arena_full = true;
    r->n_cells++;
}

/* libcsv: a row has ended. */
static void on_row(int end, void *reading)
{
    struct reading *r = reading;
    (void)end;
    if (!r->arena_full) {
        if (r->had_header)
            take_row(r);
        else
            take_header(r);
    }
    r->n_cells = 0;
    r->row_open = false;
}

/* Length of the next line with its end (LF, CR LF or CR). */
static size_t line_length(struct span rest)
{
    for (uint32_t i = 0; i < rest.n; i++) {
        if (rest.p[i] == '\n')
            return i + 1;
        if (rest.p[i] == '\r')
            return i + 1 < rest.n && rest.p[i + 1] == '\n' ? i + 2 : i + 1;
    }
    return rest.n;
}

static bool blank(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!strchr(" \t\r\n", p[i]) || !p[i])
            return false;
    }
    return true;
}

/* Gives all lines to libcsv. Returns false when the quotation marks are wrong. */
static bool feed(struct reading *r, struct csv_parser *parser, struct span text)
{
    uint32_t line = 0;
    while (text.n && !r->arena_full) {
        size_t n = line_length(text);
        line++;
        if (!r->row_open) {
            r->line = line;
            r->row_open = !blank(text.p, n);
        }
        if (csv_parse(parser, text.p, n, on_cell, on_row, r) != n)
            return false;
        text = (struct span){text.p + n, text.n - (uint32_t)n};
    }
    return r->arena_full || csv_fini(parser, on_cell, on_row, r) == 0;
}

/* No file has more rows than lines. */
static uint32_t count_lines(struct span text)
{
    uint32_t n = 1;
    for (uint32_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n' || text.p[i] == '\r';
    return n;
}

int csv_file_read(struct csv_file *file, struct arena *arena, const struct csv_column *columns, uint32_t n_columns,
                  struct span text, uint32_t most_rows)
{
    struct csv_parser parser;
    struct reading r = {.file = file, .most_rows = most_rows};
    uint32_t lines = count_lines(text);
    if (text.n >= 3 && !memcmp(text.p, "\xef\xbb\xbf", 3))
        text = (struct span){text.p + 3, text.n - 3};
    *file = (struct csv_file){.columns = columns, .n_columns = n_columns, .arena = arena};
    file->rows = arena_alloc(arena, (lines < most_rows ? lines : most_rows) * sizeof(struct csv_row));
    file->faults = arena_alloc(arena, 2 * CSV_MAX_FAULTS * sizeof(struct csv_fault_row));
    if (!file->rows || !file->faults || n_columns > CSV_MAX_COLUMNS ||
        csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return ERR_TOO_LARGE;
    csv_set_blk_size(&parser, CELL_BLOCK);
    bool well_formed = feed(&r, &parser, text);
    bool out_of_memory = r.arena_full || (!well_formed && csv_error(&parser) != CSV_EPARSE);
    csv_free(&parser);
    if (out_of_memory)
        return ERR_TOO_LARGE;
    if (!well_formed) {
        file->total += r.had_header;
        add_file_fault(&r, SPAN(""), "Dấu ngoặc kép ở dòng này không khép đúng. Hãy sửa rồi gửi lại cả tệp.",
                       "The quotation marks of this row do not close properly. Correct it and send the file again.");
    } else if (!r.had_header) {
        r.line = 1;
        add_file_fault(&r, SPAN(""), "Tệp không có dòng tiêu đề.", "The file has no header line.");
    }
    if (file->unreadable) {
        file->n_rows = 0;
        file->refused = file->total;
    }
    return 0;
}

/* What csv_file_refuse_repeats sorts by. */
struct key {
    const struct csv_file *file;
    const uint32_t *columns;
    uint32_t n;
};

static int compare_keys(const struct csv_row *a, const struct csv_row *b, const struct key *key)
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
    const struct csv_row *x = *(struct csv_row *const *)a, *y = *(struct csv_row *const *)b;
    int order = compare_keys(x, y, key);
    return order ? order : x->line < y->line ? -1 : 1;
}

int csv_file_refuse_repeats(struct csv_file *file, const uint32_t *columns, uint32_t n)
{
    struct key key = {file, columns, n};
    struct csv_row **sorted = arena_alloc(file->arena, file->n_rows * sizeof(struct csv_row *));
    if (!sorted)
        return ERR_TOO_LARGE;
    for (uint32_t i = 0; i < file->n_rows; i++)
        sorted[i] = &file->rows[i];
    qsort_r(sorted, file->n_rows, sizeof(sorted[0]), row_before, &key);
    for (uint32_t i = 1, first = 0; i < file->n_rows; i++) {
        if (!sorted[i]->cells[columns[0]].n || compare_keys(sorted[first], sorted[i], &key) != 0) {
            first = i;
            continue;
        }
        const char *vi =
            arena_printf(file->arena, "Đã có ở dòng %u của tệp này. Hãy chỉ giữ một dòng.", sorted[first]->line);
        const char *en =
            arena_printf(file->arena, "Line %u of this file says this already. Keep one of them.", sorted[first]->line);
        if (!vi || !en)
            return ERR_TOO_LARGE;
        csv_file_refuse(file, sorted[i], columns[0], vi, en);
    }
    return 0;
}

int csv_file_report(struct csv_file *file, bool dry_run, uint32_t created, uint32_t changed,
                    struct import_report *ret_report)
{
    keep_first_faults(file);
    struct row_fault *faults = arena_alloc(file->arena, file->n_faults * sizeof(*faults));
    if (!faults)
        return ERR_TOO_LARGE;
    for (uint32_t i = 0; i < file->n_faults; i++)
        faults[i] = file->faults[i].fault;
    *ret_report = (struct import_report){
        .dry_run = dry_run,
        .rows = file->total,
        .created = created,
        .changed = changed,
        .unchanged = file->total - file->refused - created - changed,
        .refused = file->refused,
        .faults = faults,
        .n_faults = file->n_faults,
    };
    return 0;
}
