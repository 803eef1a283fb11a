/* csv.c - CSV in and out; csv_rows.c finds the cells, table.c judges them. */
#include "csv.h"
#include "csv_rows.h"

/* No file has more rows than lines. */
static uint32_t count_lines(struct span text)
{
    uint32_t n = 1;
    for (uint32_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n' || text.p[i] == '\r';
    return n;
}

static int64_t take_text(void *ctx, char *to, size_t room)
{
    struct span *rest = ctx;
    uint32_t n = rest->n < room ? rest->n : (uint32_t)room;
    for (uint32_t i = 0; i < n; i++)
        to[i] = rest->p[i];
    *rest = (struct span){rest->p + n, rest->n - n};
    return n;
}

static int take_row(void *ctx, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    return table_line(ctx, line, cells, n);
}

int csv_read(struct table *table, struct arena *arena, const struct table_column *columns, uint32_t n_columns,
             struct span text, uint32_t most_rows)
{
    struct csv_refusal refusal;
    if (table_begin(table, arena, columns, n_columns, most_rows, count_lines(text)))
        return ERR_TOO_LARGE;
    int code = csv_rows(take_text, &text, take_row, table, &refusal);
    if (code && code != ERR_INVALID)
        return code;
    if (code) {
        table->total += table->judge.had_header;
        table_fail(table, refusal.line, refusal.vi, refusal.en);
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
