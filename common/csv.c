/*
 * csv.c - CSV in and out; libcsv finds the cells, table.c judges them.
 *
 * The text is given to libcsv line by line, so that each row knows the line it begins on although a quoted cell may
 * hold line breaks.
 */
#include "csv.h"
#include <../include/csv.h> /* libcsv's; plain <csv.h> would be ours */

enum { CELL_BLOCK = 4096 };

/* One reading; lives on the stack of csv_read. */
struct reading {
    struct table *table;
    uint32_t line;  /* where the present row begins */
    bool row_open;  /* the present row has begun */
    int code;       /* ERR_TOO_LARGE once memory is out */
    struct buf row; /* the cells of the present row, one behind the other */
    uint32_t n_cells;
    size_t ends[TABLE_MAX_COLUMNS];
};

/* libcsv: a cell has ended. Its bytes live until the next cell. */
static void on_cell(void *bytes, size_t n, void *reading)
{
    struct reading *r = reading;
    if (r->n_cells < TABLE_MAX_COLUMNS) {
        if (n)
            buf_add(&r->row, bytes, n);
        r->ends[r->n_cells] = r->row.n;
    }
    r->n_cells++;
}

/* libcsv: a row has ended. */
static void on_row(int end, void *reading)
{
    struct reading *r = reading;
    struct table_cell cells[TABLE_MAX_COLUMNS] = {0};
    (void)end;
    for (uint32_t i = 0; i < r->n_cells && i < TABLE_MAX_COLUMNS; i++) {
        size_t begin = i ? r->ends[i - 1] : 0, n = r->ends[i] - begin;
        cells[i].text = (struct span){n ? r->row.p + begin : "", (uint32_t)n};
    }
    if (r->row.failed)
        r->code = ERR_TOO_LARGE;
    if (!r->code)
        r->code = table_line(r->table, r->line, cells, r->n_cells);
    buf_clear(&r->row);
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
    while (text.n && !r->code) {
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
    return r->code || csv_fini(parser, on_cell, on_row, r) == 0;
}

/* No file has more rows than lines. */
static uint32_t count_lines(struct span text)
{
    uint32_t n = 1;
    for (uint32_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n' || text.p[i] == '\r';
    return n;
}

int csv_read(struct table *table, struct arena *arena, const struct table_column *columns, uint32_t n_columns,
             struct span text, uint32_t most_rows)
{
    struct csv_parser parser;
    struct reading r = {.table = table};
    if (text.n >= 3 && !memcmp(text.p, "\xef\xbb\xbf", 3))
        text = (struct span){text.p + 3, text.n - 3};
    if (table_begin(table, arena, columns, n_columns, most_rows, count_lines(text)) ||
        csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return ERR_TOO_LARGE;
    csv_set_blk_size(&parser, CELL_BLOCK);
    buf_init(&r.row, text.n);
    bool well_formed = feed(&r, &parser, text);
    bool out_of_memory = r.code || (!well_formed && csv_error(&parser) != CSV_EPARSE);
    csv_free(&parser);
    buf_release(&r.row);
    if (out_of_memory)
        return ERR_TOO_LARGE;
    if (!well_formed) {
        table->total += table->had_header;
        table_fail(table, r.line, "Dấu ngoặc kép ở dòng này không khép đúng. Hãy sửa rồi gửi lại cả tệp.",
                   "The quotation marks of this row do not close properly. Correct it and send the file again.");
    }
    table_end(table);
    return 0;
}

/* Must a cell stand in quotation marks to be read as it is? */
static bool needs_quotes(struct span cell)
{
    if (cell.n && (strchr(" \t", cell.p[0]) || strchr(" \t", cell.p[cell.n - 1]) || (unsigned char)cell.p[0] == 0xef))
        return true; /* blanks at the ends; what may begin like a byte order mark */
    for (uint32_t i = 0; i < cell.n; i++) {
        if (cell.p[i] == ',' || cell.p[i] == '"' || cell.p[i] == '\r' || cell.p[i] == '\n')
            return true;
    }
    return false;
}

void csv_write_row(struct buf *out, const struct span *cells, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct span cell = cells[i];
        /* A line of one empty cell would be a blank line, which readers skip. */
        bool quoted = needs_quotes(cell) || (n == 1 && cell.n == 0);
        if (i)
            buf_add_char(out, ',');
        if (!quoted) {
            buf_add_span(out, cell);
            continue;
        }
        buf_add_char(out, '"');
        for (uint32_t k = 0; k < cell.n; k++) {
            if (cell.p[k] == '"')
                buf_add_char(out, '"');
            buf_add_char(out, cell.p[k]);
        }
        buf_add_char(out, '"');
    }
    buf_add_text(out, "\r\n");
}
