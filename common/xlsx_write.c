/*
 * xlsx_write.c - a workbook written by libxlsxwriter in its constant memory mode, see xlsx_write.h.
 *
 * This version of the library writes to a file name only. The name given is that of an open descriptor of memory, so
 * the packed workbook never is a file that somebody else could open or that a crash leaves behind.
 */
#include "xlsx_write.h"
#include "codec.h"
#include <ctype.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xlsxwriter.h>

enum { CELL_CHARACTERS = 32767, CELL_BYTES = 4 * CELL_CHARACTERS, COLUMN_WIDTH = 24, PATH_ROOM = 32 };

struct xlsx_writer {
    int fd;
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_format *head, *text;
    uint32_t n_columns, n_rows;
    bool has_cells;
    struct buf cell; /* the cell being written, with a NUL */
    int code;        /* the first fault */
};

/* Would _xHHHH_ at p be read as a character? */
static bool looks_escaped(const char *p, uint32_t n)
{
    if (n < 7 || p[1] != 'x' || p[6] != '_')
        return false;
    for (int i = 2; i < 6; i++) {
        if (!isxdigit((unsigned char)p[i]))
            return false;
    }
    return true;
}

/* The cell as XML can hold it: control characters, U+FFFE and U+FFFF, and what looks like such an escape, as _xHHHH_.
 */
static void escape(struct buf *to, struct span cell)
{
    for (uint32_t i = 0; i < cell.n; i++) {
        unsigned char c = (unsigned char)cell.p[i];
        bool control = c < 0x20 && c != '\t' && c != '\n';
        if (control || (c == '_' && looks_escaped(cell.p + i, cell.n - i))) {
            buf_printf(to, "_x%04X_", c);
        } else if (c == 0xef && i + 2 < cell.n && cell.p[i + 1] == '\xbf' && (unsigned char)cell.p[i + 2] >= 0xbe) {
            buf_printf(to, "_xFFF%c_", (unsigned char)cell.p[i + 2] == 0xbe ? 'E' : 'F');
            i += 2;
        } else {
            buf_add_char(to, (char)c);
        }
    }
    buf_add_char(to, '\0');
}

static int write_cell(struct xlsx_writer *w, uint32_t column, struct span cell, lxw_format *format)
{
    if (cell.n == 0)
        return 0;
    if (!utf8_valid(cell))
        return ERR_INVALID;
    buf_clear(&w->cell);
    escape(&w->cell, cell);
    if (w->cell.failed)
        return ERR_TOO_LARGE;
    lxw_error error = worksheet_write_string(w->sheet, w->n_rows, (lxw_col_t)column, w->cell.p, format);
    if (error == LXW_NO_ERROR) {
        w->has_cells = true;
        return 0;
    }
    return error == LXW_ERROR_WORKSHEET_INDEX_OUT_OF_RANGE || error == LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED
               ? ERR_TOO_LARGE
               : ERR_INTERNAL;
}

static int write_cells(struct xlsx_writer *w, const struct span *cells, lxw_format *format)
{
    for (uint32_t i = 0; i < w->n_columns && !w->code; i++)
        w->code = write_cell(w, i, cells[i], format);
    if (w->n_rows == LXW_ROW_MAX && !w->code)
        w->code = ERR_TOO_LARGE; /* also when the row is empty */
    w->n_rows++;
    return w->code;
}

/* The sheet and its looks. */
static int set_up(struct xlsx_writer *w, const char *sheet)
{
    if (w->n_columns == 0 || workbook_validate_sheet_name(w->book, sheet) != LXW_NO_ERROR)
        return ERR_INVALID;
    w->sheet = workbook_add_worksheet(w->book, sheet);
    w->head = workbook_add_format(w->book);
    w->text = workbook_add_format(w->book);
    if (!w->sheet || !w->head || !w->text)
        return ERR_TOO_LARGE;
    format_set_bold(w->head);
    format_set_num_format(w->head, "@");
    format_set_num_format(w->text, "@");
    worksheet_freeze_panes(w->sheet, 1, 0);
    if (w->n_columns > LXW_COL_MAX ||
        worksheet_set_column(w->sheet, 0, (lxw_col_t)(w->n_columns - 1), COLUMN_WIDTH, w->text) != LXW_NO_ERROR)
        return ERR_INVALID;
    return 0;
}

int xlsx_write_open(struct xlsx_writer **ret_writer, const char *sheet, const struct span *header, uint32_t n)
{
    char path[PATH_ROOM];
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = getenv("TMPDIR")};
    struct xlsx_writer *w = calloc(1, sizeof(*w));
    *ret_writer = NULL;
    if (!w)
        return ERR_TOO_LARGE;
    buf_init(&w->cell, CELL_BYTES);
    w->n_columns = n;
    w->fd = memfd_create("workbook", MFD_CLOEXEC);
    if (w->fd >= 0) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", w->fd);
        w->book = workbook_new_opt(path, &options);
    }
    w->code = w->book ? set_up(w, sheet) : ERR_INTERNAL;
    if (!w->code)
        w->code = write_cells(w, header, w->head);
    if (!w->code && !w->has_cells)
        w->code = ERR_INVALID;
    int code = w->code;
    if (code)
        xlsx_write_close(w, NULL);
    else
        *ret_writer = w;
    return code;
}

int xlsx_write_row(struct xlsx_writer *w, const struct span *cells)
{
    return write_cells(w, cells, w->text);
}

/* Appends the finished file to `out`. */
static int give(struct xlsx_writer *w, struct buf *out)
{
    struct stat about;
    if (fstat(w->fd, &about) < 0 || about.st_size <= 0)
        return ERR_INTERNAL;
    size_t size = (size_t)about.st_size;
    char *to = buf_room(out, size);
    if (!to)
        return ERR_TOO_LARGE;
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(w->fd, to + done, size - done, (off_t)done);
        if (n <= 0 && errno != EINTR)
            return ERR_INTERNAL;
        done += n > 0 ? (size_t)n : 0;
    }
    out->n += size;
    return 0;
}

/* The library frees a workbook by finishing it, and of a sheet without cells it leaves a temporary file open. */
static int finish(struct xlsx_writer *w)
{
    if (!w->has_cells) {
        lxw_worksheet *sheet = w->sheet ? w->sheet : workbook_add_worksheet(w->book, NULL);
        if (sheet)
            worksheet_write_string(sheet, 0, 0, "-", NULL);
    }
    return workbook_close(w->book) == LXW_NO_ERROR ? 0 : ERR_INTERNAL;
}

int xlsx_write_close(struct xlsx_writer *w, struct buf *out)
{
    if (!w)
        return ERR_INVALID;
    int code = w->code, finished = w->book ? finish(w) : 0;
    if (!code)
        code = finished;
    if (!code && out)
        code = give(w, out);
    if (w->fd >= 0)
        close(w->fd);
    buf_release(&w->cell);
    free(w);
    return code;
}
