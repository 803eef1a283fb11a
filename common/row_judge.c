/* row_judge.c - rows of an imported file checked against a table of columns, see row_judge.h. */
#include "row_judge.h"
#include "codec.h"
#include "nfc.h"
#include <ctype.h>

enum { VALUE_SHOWN = 120, SENTENCE_MAX = 400, FIELD_MAX = 64, MASK_SHOWN = 3, MASK_RUN = 9 };

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

/* `cell` NULL: there is no value to show. */
static void tell(struct row_judge *judge, uint32_t line, struct span field, const struct span *cell, bool masked,
                 const char *vi, const char *en)
{
    struct judged_fault fault = {
        .line = line ? line : 1,
        .field = shorten(field, FIELD_MAX),
        .vi = shorten((struct span){vi, text_length(vi)}, SENTENCE_MAX),
        .en = shorten((struct span){en, text_length(en)}, SENTENCE_MAX),
    };
    struct span shown;
    if (cell && value_shown(judge->arena, *cell, masked, &shown))
        fault.value = shown;
    judge->fault(judge->ctx, &fault);
}

/* The whole file is refused. */
static void fail_file(struct row_judge *judge, uint32_t line, struct span field, const char *vi, const char *en)
{
    judge->unreadable = true;
    tell(judge, line, field, NULL, false, vi, en);
}

void row_judge_fail(struct row_judge *judge, uint32_t line, const char *vi, const char *en)
{
    fail_file(judge, line, SPAN(""), vi, en);
}

static struct span column_name(const struct table_column *column)
{
    return (struct span){column->name, text_length(column->name)};
}

void row_judge_refuse(struct row_judge *judge, uint32_t line, uint32_t column, struct span cell, const char *vi,
                      const char *en)
{
    const struct table_column *c = &judge->columns[column];
    judge->refused = true;
    tell(judge, line, column_name(c), &cell, c->flags & COL_MASKED, vi, en);
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
static int keep(struct row_judge *judge, struct span raw, struct span *ret_cell)
{
    struct span cell;
    if (nfc(judge->arena, raw, &cell) < 0)
        return -1;
    if (cell.n == 0)
        cell = SPAN("");
    else if (cell.p >= raw.p && cell.p < raw.p + raw.n && arena_span(judge->arena, cell, &cell) < 0)
        return -1; /* it needed no change and still is the reader's */
    *ret_cell = cell;
    return 0;
}

/* -1: the arena is full. */
static int refuse_length(struct row_judge *judge, const struct table_column *c, uint32_t column, struct span cell)
{
    bool fixed = c->min == c->max;
    const char *vi =
        fixed ? arena_printf(judge->arena, "Phải có đúng %u ký tự; ô này có %u.", c->min, cell.n)
              : arena_printf(judge->arena, "Độ dài phải từ %u đến %u byte; ô này có %u.", c->min, c->max, cell.n);
    const char *en =
        fixed ? arena_printf(judge->arena, "Exactly %u characters are needed; this cell has %u.", c->min, cell.n)
              : arena_printf(judge->arena, "The length must be %u to %u bytes; this cell has %u.", c->min, c->max,
                             cell.n);
    if (!vi || !en)
        return -1;
    row_judge_refuse(judge, judge->line, column, cell, vi, en);
    return 0;
}

/* Judges one cell of a row and keeps its normal form. -1: the arena is full. */
static int take_cell(struct row_judge *judge, struct span *row, uint32_t column, const struct table_cell *from)
{
    const struct table_column *c = &judge->columns[column];
    struct span raw = from->text, cell;
    row[column] = (struct span){"", 0};
    if (from->vi) {
        row_judge_refuse(judge, judge->line, column, raw, from->vi, from->en);
        return 0;
    }
    if (!utf8_valid(raw)) {
        row_judge_refuse(judge, judge->line, column, raw, "Ô này không phải UTF-8. Hãy lưu tệp dạng CSV UTF-8.",
                         "This cell is not UTF-8. Save the file as CSV UTF-8.");
        return 0;
    }
    if (keep(judge, raw, &cell) < 0)
        return -1;
    row[column] = cell;
    if (from->look > most_look(c)) {
        row_judge_refuse(
            judge, judge->line, column, cell,
            "Bảng tính hiển thị ô này khác với giá trị lưu bên trong. Hãy định dạng ô là văn bản rồi nhập lại.",
            "The spreadsheet shows this cell otherwise than it stores it. Format the cell as text and enter it "
            "again.");
    } else if (has_control(cell, c->flags)) {
        row_judge_refuse(judge, judge->line, column, cell,
                         "Ô này có ký tự điều khiển. Hãy xóa xuống dòng, tab và ký tự ẩn.",
                         "This cell holds control characters. Remove line breaks, tabs and hidden characters.");
    } else if (cell.n == 0 && c->min > 0) {
        row_judge_refuse(judge, judge->line, column, cell, "Ô này không được để trống.", "This cell may not be empty.");
    } else if (cell.n && !(c->flags & COL_FORMULA) && strchr("=+-@", cell.p[0])) {
        row_judge_refuse(judge, judge->line, column, cell, "Ô này bắt đầu như một công thức. Hãy bỏ dấu = + - @ ở đầu.",
                         "This cell begins like a formula. Remove the leading = + - or @.");
    } else if (cell.n < c->min || cell.n > c->max) {
        return refuse_length(judge, c, column, cell);
    }
    return 0;
}

/* The column of the table with this name, or n_columns. */
static uint32_t find_column(const struct row_judge *judge, struct span name)
{
    uint32_t c = 0;
    while (c < judge->n_columns &&
           (text_length(judge->columns[c].name) != name.n || memcmp(judge->columns[c].name, name.p, name.n) != 0))
        c++;
    return c;
}

/* One name of the header. -1: the arena is full. */
static int take_name(struct row_judge *judge, uint32_t line, uint32_t i, const struct table_cell *cell, bool *seen)
{
    struct span name = cell->text;
    if (cell->vi) {
        struct span shown = SPAN("?");
        (void)value_shown(judge->arena, name, false, &shown);
        fail_file(judge, line, shown, cell->vi, cell->en);
        return 0;
    }
    if (utf8_valid(name) && keep(judge, name, &name) < 0)
        return -1;
    uint32_t c = find_column(judge, name);
    if (c == judge->n_columns) {
        struct span shown = name;
        if (!value_shown(judge->arena, name, false, &shown))
            shown = SPAN("?");
        fail_file(judge, line, shown, "Cột này không có trong mẫu. Hãy bỏ cột hoặc sửa tên cột.",
                  "The template has no such column. Remove it or correct its name.");
    } else if (seen[c]) {
        fail_file(judge, line, column_name(&judge->columns[c]), "Cột này xuất hiện hai lần.",
                  "This column stands twice.");
    } else {
        seen[c] = true;
        judge->place[i] = (uint8_t)c;
    }
    return 0;
}

/* Finds the table's column that each column of the file is; sets place[]. -1: the arena is full. */
int row_judge_header(struct row_judge *judge, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    bool seen[TABLE_MAX_COLUMNS] = {false};
    static const struct table_cell too_many = {.text = {"?", 1}};
    judge->had_header = true;
    /* One sentence about too many columns is enough. */
    for (uint32_t i = 0; i < n && i <= TABLE_MAX_COLUMNS; i++) {
        if (take_name(judge, line, i, i < TABLE_MAX_COLUMNS ? &cells[i] : &too_many, seen) < 0)
            return -1;
    }
    judge->width = n;
    for (uint32_t c = 0; c < judge->n_columns; c++) {
        if (!seen[c] && !(judge->columns[c].flags & COL_OPTIONAL))
            fail_file(judge, line, column_name(&judge->columns[c]), "Thiếu cột này ở dòng tiêu đề.",
                      "This column is missing from the header line.");
    }
    return 0;
}

/* A row of another width than the header. -1: the arena is full. */
static int refuse_width(struct row_judge *judge, uint32_t line, uint32_t n)
{
    const char *vi = arena_printf(judge->arena, "Dòng này có %u ô, cần %u ô như dòng tiêu đề.", n, judge->width);
    const char *en = arena_printf(judge->arena, "This row has %u cells; the header has %u.", n, judge->width);
    if (!vi || !en)
        return -1;
    judge->refused = true;
    tell(judge, line, SPAN(""), NULL, false, vi, en);
    return 0;
}

int row_judge_row(struct row_judge *judge, uint32_t line, const struct table_cell *cells, uint32_t n,
                  struct span *ret_cells, bool *ret_fits)
{
    judge->line = line;
    judge->refused = false;
    *ret_fits = n == judge->width;
    if (n != judge->width)
        return refuse_width(judge, line, n);
    for (uint32_t c = 0; c < judge->n_columns; c++)
        ret_cells[c] = SPAN("");
    for (uint32_t i = 0; i < n; i++) {
        if (take_cell(judge, ret_cells, judge->place[i], &cells[i]) < 0)
            return -1;
    }
    return 0;
}
