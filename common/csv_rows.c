/*
 * csv_rows.c - CSV in pieces; libcsv finds the cells.
 *
 * The text is given to libcsv line by line, or by parts of lines where a piece ends within one, so that each row knows
 * the line it begins on although a quoted cell may hold line breaks.
 */
#include "csv_rows.h"
#include "buf.h"
#include "proto.h"
#include <../include/csv.h> /* libcsv's; plain <csv.h> would be ours */

enum { CELL_BLOCK = 4096, PIECE = 64 << 10, SHOWN = 200 /* of a cell that is too long */ };

/* One reading; lives on the stack of csv_rows. */
struct reading {
    csv_row_fn *row;
    void *ctx;
    struct csv_parser parser;
    uint32_t line;     /* of the text that is being read */
    uint32_t row_line; /* where the present row begins */
    bool row_open;     /* the present row has begun */
    bool line_open;    /* the line has begun */
    bool after_cr;     /* the last byte was CR: an LF that follows belongs to it */
    bool begun;        /* past the place of a byte order mark */
    bool cell_long;    /* more was in the present cell than is kept */
    int code;          /* what ended the reading */
    struct buf text;   /* the cells of the present row, one behind the other */
    uint32_t n_cells;
    size_t ends[TABLE_MAX_COLUMNS];
    bool longs[TABLE_MAX_COLUMNS];
};

/* libcsv: a cell has ended. Its bytes live until the next cell. */
static void on_cell(void *bytes, size_t n, void *reading)
{
    struct reading *r = reading;
    if (r->n_cells < TABLE_MAX_COLUMNS) {
        bool is_long = r->cell_long || n > CSV_CELL_MOST || r->text.n + n > CSV_ROW_MOST;
        if (is_long && n > SHOWN) {
            n = SHOWN;
            while (n && ((unsigned char)((const char *)bytes)[n] & 0xc0) == 0x80)
                n--;
        }
        if (n)
            buf_add(&r->text, bytes, n);
        r->ends[r->n_cells] = r->text.n;
        r->longs[r->n_cells] = is_long;
    }
    r->cell_long = false;
    r->n_cells++;
}

/* libcsv: a row has ended. */
static void on_row(int end, void *reading)
{
    struct reading *r = reading;
    struct table_cell cells[TABLE_MAX_COLUMNS];
    (void)end;
    for (uint32_t i = 0; i < r->n_cells && i < TABLE_MAX_COLUMNS; i++) {
        size_t begin = i ? r->ends[i - 1] : 0, n = r->ends[i] - begin;
        cells[i] = (struct table_cell){.text = {n ? r->text.p + begin : "", (uint32_t)n}};
        if (r->longs[i]) {
            cells[i].vi = "Nội dung ô này quá dài. Hãy rút ngắn.";
            cells[i].en = "This cell holds too much. Shorten it.";
        }
    }
    if (r->text.failed && !r->code)
        r->code = ERR_TOO_LARGE;
    if (!r->code)
        r->code = r->row(r->ctx, r->row_line, cells, r->n_cells);
    buf_clear(&r->text);
    r->n_cells = 0;
    r->row_open = false;
}

/* Length of the text up to the end of its line (LF, CR LF or CR); `ret_ended` false: the line goes on. */
static size_t line_length(const char *p, size_t n, bool *ret_ended)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != '\n' && p[i] != '\r')
            continue;
        *ret_ended = true;
        return p[i] == '\r' && i + 1 < n && p[i + 1] == '\n' ? i + 2 : i + 1;
    }
    *ret_ended = false;
    return n;
}

static bool blank(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!p[i] || !strchr(" \t\r\n", p[i]))
            return false;
    }
    return true;
}

/* libcsv would hold a cell of any length: of one that is too long the end is forgotten. */
static void bound_cell(struct reading *r)
{
    if (r->parser.entry_pos <= CSV_CELL_MOST)
        return;
    r->parser.entry_pos = CSV_CELL_MOST;
    r->parser.spaces = 0;
    r->cell_long = true;
}

/* One line or part of one. False when the quotation marks are wrong. */
static bool feed(struct reading *r, const char *p, size_t n)
{
    if (!r->row_open) {
        r->row_line = r->line;
        r->row_open = !blank(p, n);
    }
    bool good = csv_parse(&r->parser, p, n, on_cell, on_row, r) == n;
    bound_cell(r);
    return good;
}

/* All lines of a piece. False when the quotation marks are wrong. */
static bool feed_piece(struct reading *r, const char *p, size_t n)
{
    if (n && r->after_cr && *p == '\n') { /* the other half of a line's end */
        if (csv_parse(&r->parser, p, 1, on_cell, on_row, r) != 1)
            return false;
        p++;
        n--;
    }
    r->after_cr = n && p[n - 1] == '\r';
    while (n && !r->code) {
        bool ended;
        size_t length = line_length(p, n, &ended);
        r->line += !r->line_open;
        r->line_open = !ended;
        if (!feed(r, p, length))
            return false;
        p += length;
        n -= length;
    }
    return true;
}

static void refuse(struct reading *r, struct csv_refusal *ret_refusal, const char *vi, const char *en)
{
    r->code = ERR_INVALID;
    *ret_refusal = (struct csv_refusal){r->row_line, vi, en};
}

/* The byte order mark of UTF-8 is taken away, that of UTF-16 refused. Bytes to leave out. */
static size_t take_mark(struct reading *r, const char *p, size_t n, struct csv_refusal *ret_refusal)
{
    r->begun = true;
    if (n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
        return 3;
    if (n >= 2 && (!memcmp(p, "\xff\xfe", 2) || !memcmp(p, "\xfe\xff", 2)))
        refuse(r, ret_refusal, "Tệp này không phải UTF-8. Hãy lưu tệp dạng CSV UTF-8.",
               "This file is not UTF-8. Save it as CSV UTF-8.");
    return 0;
}

/* Until the source has ended or the code says why not. False when the quotation marks are wrong. */
static bool read_all(struct reading *r, csv_source_fn *source, void *source_ctx, char *piece,
                     struct csv_refusal *ret_refusal)
{
    for (;;) {
        size_t n = 0, skip = 0;
        while (n < PIECE) { /* full pieces: the mark is never cut in two */
            int64_t got = source(source_ctx, piece + n, PIECE - n);
            if (got < 0)
                r->code = ERR_UNAVAILABLE;
            if (got <= 0)
                break;
            n += (size_t)got;
        }
        if (n == 0 || r->code)
            break;
        if (!r->begun)
            skip = take_mark(r, piece, n, ret_refusal);
        if (r->code)
            break;
        if (!feed_piece(r, piece + skip, n - skip))
            return false;
        if (r->code)
            break;
    }
    return r->code || csv_fini(&r->parser, on_cell, on_row, r) == 0;
}

int csv_rows(csv_source_fn *source, void *source_ctx, csv_row_fn *row, void *ctx, struct csv_refusal *ret_refusal)
{
    struct reading r = {.row = row, .ctx = ctx};
    char *piece = malloc(PIECE);
    if (!piece || csv_init(&r.parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        free(piece);
        return ERR_TOO_LARGE;
    }
    csv_set_blk_size(&r.parser, CELL_BLOCK);
    buf_init(&r.text, CSV_ROW_MOST + TABLE_MAX_COLUMNS * (size_t)SHOWN);
    if (!read_all(&r, source, source_ctx, piece, ret_refusal) && !r.code) {
        if (csv_error(&r.parser) == CSV_EPARSE)
            refuse(&r, ret_refusal, "Dấu ngoặc kép ở dòng này không khép đúng. Hãy sửa rồi gửi lại cả tệp.",
                   "The quotation marks of this row do not close properly. Correct it and send the file again.");
        else
            r.code = ERR_TOO_LARGE;
    }
    csv_free(&r.parser);
    buf_release(&r.text);
    free(piece);
    return r.code;
}
