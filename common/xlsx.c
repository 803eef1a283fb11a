/*
 * xlsx.c - the rows of a workbook's sheets, one at a time; see xlsx.h.
 *
 * The sheet is read once, from begin to end. Kept are the present row and the shared strings, nothing else, so a row
 * far down or a cell far right costs nothing.
 */
#include "xlsx.h"
#include "xlsx_part.h"
#include <ctype.h>
#include <math.h>
#include <unistd.h>

enum {
    SHEET_ROWS = 1048576,
    SHEET_COLUMNS = 16384,
    NAMES_MEMORY = 8 << 20,
    SHOWN_MAX = 200, /* of a cell that is refused; a report shows less */
    NUMBER_MAX = 64
};

const struct xlsx_limits xlsx_limits_default = {
    .unpacked = 256 << 20,
    .string_bytes = 64 << 20,
    .ratio = 250,
    .entries = 2000,
    .rows = SHEET_ROWS,
    .columns = TABLE_MAX_COLUMNS,
    .cell_bytes = 128 << 10,
};

struct xlsx_source xlsx_bytes(struct span bytes)
{
    return (struct xlsx_source){bytes, -1};
}

struct xlsx_source xlsx_file(int fd)
{
    return (struct xlsx_source){.fd = fd};
}

static const char zip_magic[] = "PK\x03\x04", cfb_magic[] = "\xd0\xcf\x11\xe0";

static bool begins(const char head[4], const char *magic)
{
    return !memcmp(head, magic, 4);
}

bool xlsx_looks_like(struct span file)
{
    return file.n >= 4 && (begins(file.p, zip_magic) || begins(file.p, cfb_magic));
}

/* A cell of the present row that is not empty. */
struct cell {
    bool in_row;      /* its text is at `begin` of the row's text */
    size_t begin;     /* else it is a shared string */
    struct span text; /* with in_row only its length counts until the row has ended */
    const char *vi, *en;
    enum table_look look;
};

/* One sheet being read; lives on the stack of xlsx_rows. */
struct sheet {
    struct xlsx *x;
    xlsx_row_fn *row;
    void *ctx;
    bool had_data, in_data, in_row, in_cell;
    bool several;      /* sheets are read: each begins with the first one's header */
    bool first_row;    /* of its sheet is still to come */
    struct buf header; /* of the first sheet, its cells ended by NUL */
    uint32_t n_rows;
    /* The present row. */
    struct cell *cells;       /* limits->columns of them */
    struct table_cell *given; /* the same as the consumer sees them */
    uint32_t n;               /* up to the last one that is not empty */
    bool content;             /* one of them is more than blanks */
    struct buf text;
    /* The present cell. */
    uint32_t column, next_column;
    char type; /* n(umber), b(oolean), e(rror), s(hared), t(ext), d(ate), ? */
    uint64_t style;
    bool in_value, in_rich, formula, too_long;
    struct xlsx_rich rich;
    size_t begin; /* of its text in the row's */
};

static int bad_reference(struct xlsx *x)
{
    return xlsx_refuse(x, "Địa chỉ dòng hoặc ô trong tệp này không hợp lệ. Hãy lưu lại bằng phần mềm bảng tính.",
                       "A row or cell address in this file is not valid. Save it anew with a spreadsheet program.");
}

/* "C7" gives column 2 (from 0) of row 7. */
static bool parse_reference(struct span text, uint32_t *ret_column, uint64_t *ret_row)
{
    uint32_t column = 0, i = 0;
    while (i < text.n && i < 3 && text.p[i] >= 'A' && text.p[i] <= 'Z')
        column = column * 26 + (uint32_t)(text.p[i++] - 'A' + 1);
    if (column == 0 || column > SHEET_COLUMNS ||
        !xlsx_number((struct span){text.p + i, text.n - i}, SHEET_ROWS, ret_row))
        return false;
    *ret_column = column - 1;
    return true;
}

static void start_row(struct sheet *s, const struct xlsx_attrs *attrs)
{
    struct span number = xlsx_attr(attrs, "r");
    uint64_t line = (uint64_t)s->x->line + 1;
    if ((number.p && !xlsx_number(number, SHEET_ROWS, &line)) || line <= s->x->line || line > SHEET_ROWS) {
        bad_reference(s->x);
        return;
    }
    s->x->line = (uint32_t)line;
    s->in_row = true;
    s->n = s->next_column = 0;
    s->content = false;
    buf_clear(&s->text);
}

static char cell_type(struct span type)
{
    static const struct {
        const char *name;
        char type;
    } types[] = {{"n", 'n'}, {"s", 's'}, {"str", 't'}, {"inlineStr", 't'}, {"b", 'b'}, {"e", 'e'}, {"d", 'd'}};
    if (!type.p)
        return 'n';
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (type.n == strlen(types[i].name) && !memcmp(type.p, types[i].name, type.n))
            return types[i].type;
    }
    return '?';
}

static void start_cell(struct sheet *s, const struct xlsx_attrs *attrs)
{
    struct span reference = xlsx_attr(attrs, "r"), style = xlsx_attr(attrs, "s");
    uint32_t column = s->next_column;
    uint64_t line = s->x->line;
    if ((reference.p && !parse_reference(reference, &column, &line)) || line != s->x->line || column < s->next_column ||
        column >= SHEET_COLUMNS) {
        bad_reference(s->x);
        return;
    }
    s->in_cell = true;
    s->column = column;
    s->next_column = column + 1;
    s->type = cell_type(xlsx_attr(attrs, "t"));
    s->style = 0;
    if (style.p && !xlsx_number(style, UINT32_MAX, &s->style))
        s->type = '?';
    s->in_value = s->in_rich = s->formula = s->too_long = false;
    s->rich = (struct xlsx_rich){.depth = 5}; /* worksheet, sheetData, row, c, is */
    s->begin = s->text.n;
}

static void sheet_start(struct xlsx *x, void *ctx, int depth, const char *name, const struct xlsx_attrs *attrs)
{
    struct sheet *s = ctx;
    if (depth == 1 && strcmp(name, "worksheet") != 0) {
        xlsx_damaged(x);
    } else if (depth == 2) {
        s->in_data = !strcmp(name, "sheetData");
        s->had_data = s->had_data || s->in_data;
    } else if (depth == 3 && s->in_data && !strcmp(name, "row")) {
        start_row(s, attrs);
    } else if (depth == 4 && s->in_row && !strcmp(name, "c")) {
        start_cell(s, attrs);
    } else if (depth == 5 && s->in_cell) {
        if (!strcmp(name, "f")) {
            /* The formula is what a report shows, not what it computed. */
            s->formula = true;
            s->text.n = s->begin;
            buf_add_char(&s->text, '=');
        }
        s->in_value = !strcmp(name, "f") || (!strcmp(name, "v") && !s->formula);
        s->in_rich = !strcmp(name, "is") && !s->formula;
    } else if (depth > 5 && s->in_rich) {
        xlsx_rich_start(&s->rich, depth, name);
    }
}

static void sheet_text(struct xlsx *x, void *ctx, const char *p, uint32_t n)
{
    struct sheet *s = ctx;
    if (!s->in_cell || (!s->in_value && !s->rich.in_text) || s->text.failed)
        return;
    size_t room = x->limits->cell_bytes - (s->text.n - s->begin);
    s->too_long = s->too_long || n > room;
    if (n > room)
        n = (uint32_t)room;
    if (n)
        buf_add(&s->text, p, n);
}

/* --- What a cell says. --- */

static void flaw(struct cell *cell, const char *vi, const char *en)
{
    cell->vi = vi;
    cell->en = en;
}

static void damaged_cell(struct cell *cell)
{
    flaw(cell, "Không đọc được giá trị của ô này. Hãy nhập lại giá trị.",
         "The value of this cell cannot be read. Enter it again.");
}

/* Writes text in place of what the cell has in the row's text. */
static void replace(struct sheet *s, struct cell *cell, const char *text)
{
    s->text.n = s->begin;
    buf_add_text(&s->text, text);
    cell->text.n = (uint32_t)(s->text.n - s->begin);
}

/* The day of a serial number counted from 1900 or 1904, as spreadsheets do; false when it has none. */
static bool serial_day(double serial, bool since_1904, int64_t *ret_day)
{
    enum { FROM_1904 = 1462, LAST = 2958465 /* 9999-12-31 */, UNIX_EPOCH = 25569, LEAP = 60 };
    int64_t day = (int64_t)floor(serial) + (since_1904 ? FROM_1904 : 0);
    if (day < 1 || day > LAST || day == LEAP) /* 60 is the 29th of February 1900, which there was not */
        return false;
    if (day < LEAP)
        day++;
    *ret_day = day - UNIX_EPOCH;
    return true;
}

/* Day since 1970-01-01 as year, month and day of the Gregorian calendar (Howard Hinnant's civil_from_days). */
static void print_day(int64_t day, char *to, size_t room)
{
    int64_t z = day + 719468, era = z / 146097, of_era = z - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2);
    snprintf(to, room, "%04d-%02d-%02d", (int)year, (int)month, (int)(of_year - (153 * shifted + 2) / 5 + 1));
}

static void take_date(struct sheet *s, struct cell *cell, double serial)
{
    char text[NUMBER_MAX];
    int64_t day;
    /* Seconds first, so that a time just before midnight does not become the 24th hour. */
    double seconds = floor(serial * 86400 + 0.5);
    if (!serial_day(seconds / 86400, s->x->since_1904, &day)) {
        flaw(cell, "Ô này có định dạng ngày nhưng không phải một ngày có thật. Hãy nhập lại ngày.",
             "This cell is formatted as a date but is none. Enter the date again.");
        return;
    }
    print_day(day, text, sizeof(text));
    int time = (int)(seconds - floor(seconds / 86400) * 86400);
    size_t n = strlen(text);
    if (time)
        snprintf(text + n, sizeof(text) - n, "T%02d:%02d:%02d", time / 3600, time / 60 % 60, time % 60);
    replace(s, cell, text);
}

static void take_number(struct sheet *s, struct cell *cell)
{
    char text[NUMBER_MAX], *end = text;
    const char *p = s->text.p + s->begin;
    enum xlsx_format format = xlsx_format_of(s->x, s->style);
    if (cell->text.n >= sizeof(text)) {
        damaged_cell(cell);
        return;
    }
    memcpy(text, p, cell->text.n);
    text[cell->text.n] = '\0';
    /* Only digits, point, sign and exponent: strtod would also take "inf" and hexadecimal. */
    double value = strspn(text, "0123456789.+-eE") == cell->text.n ? strtod(text, &end) : 0;
    if (end == text || *end || !isfinite(value)) {
        damaged_cell(cell);
    } else if (format == FORMAT_DATE) {
        cell->look = LOOK_OTHER;
        if (fabs(value) < 1e7)
            take_date(s, cell, value);
        else
            damaged_cell(cell);
    } else {
        bool whole = value == floor(value);
        cell->look = whole ? LOOK_SAME : LOOK_VARIES;
        if (format == FORMAT_OTHER || (format == FORMAT_WHOLE && !whole))
            cell->look = LOOK_OTHER;
        if (whole && fabs(value) < 1e15)
            snprintf(text, sizeof(text), "%.0f", value == 0 ? 0 : value);
        else
            snprintf(text, sizeof(text), "%.15g", value);
        replace(s, cell, text);
    }
}

static void take_shared(struct sheet *s, struct cell *cell)
{
    uint64_t number;
    if (!xlsx_number((struct span){s->text.p + s->begin, cell->text.n}, UINT32_MAX, &number) ||
        !xlsx_string(s->x, number, &cell->text)) {
        damaged_cell(cell);
        return;
    }
    s->text.n = s->begin;
    cell->in_row = false;
    s->too_long = cell->text.n > s->x->limits->cell_bytes;
}

static void take_boolean(struct sheet *s, struct cell *cell)
{
    char value = cell->text.n == 1 ? s->text.p[s->begin] : '?';
    cell->look = LOOK_VARIES;
    if (value == '0' || value == '1')
        replace(s, cell, value == '1' ? "true" : "false");
    else
        damaged_cell(cell);
}

/* An ISO date cell, as few programs write it: midnight is not a time of day. */
static void take_iso_date(struct sheet *s, struct cell *cell)
{
    static const char midnight[] = "T00:00:00";
    size_t n = sizeof(midnight) - 1;
    cell->look = LOOK_OTHER;
    if (cell->text.n == 10 + n && !memcmp(s->text.p + s->begin + 10, midnight, n))
        cell->text.n = 10;
}

static void take_value(struct sheet *s, struct cell *cell)
{
    if (s->formula) {
        flaw(cell, "Ô này có công thức. Hãy dán giá trị thay cho công thức.",
             "This cell holds a formula. Paste its value instead.");
        return;
    }
    if (cell->text.n == 0)
        return;
    switch (s->type) {
    case 'n':
        take_number(s, cell);
        break;
    case 's':
        take_shared(s, cell);
        break;
    case 't':
        cell->text.n = xlsx_unescape(s->text.p + s->begin, cell->text.n);
        break;
    case 'b':
        take_boolean(s, cell);
        break;
    case 'd':
        take_iso_date(s, cell);
        break;
    case 'e':
        flaw(cell, "Ô này có giá trị lỗi. Hãy sửa hoặc xóa giá trị.",
             "This cell holds an error value. Correct or clear it.");
        break;
    default:
        damaged_cell(cell);
    }
}

static bool is_blank(const char *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!p[i] || !strchr(" \t\r\n", p[i]))
            return false;
    }
    return true;
}

/* At most SHOWN_MAX bytes of a refused cell, without cutting a character in two. */
static uint32_t shown_length(const char *p, uint32_t n)
{
    if (n <= SHOWN_MAX)
        return n;
    n = SHOWN_MAX;
    while (n && ((unsigned char)p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static void end_cell(struct sheet *s)
{
    struct cell cell = {.in_row = true, .begin = s->begin, .text.n = (uint32_t)(s->text.n - s->begin)};
    s->in_cell = s->in_value = s->in_rich = s->rich.in_text = false;
    take_value(s, &cell);
    if (s->text.failed) {
        xlsx_no_memory(s->x);
        return;
    }
    if (s->too_long && !cell.vi)
        flaw(&cell, "Nội dung ô này quá dài. Hãy rút ngắn.", "This cell holds too much. Shorten it.");
    /* Before the first text there is no memory to point into. */
    const char *p = !cell.text.n ? "" : cell.in_row ? s->text.p + s->begin : cell.text.p;
    if (cell.text.n == 0 && !cell.vi)
        return;
    if (cell.vi && cell.text.n)
        cell.text.n = shown_length(p, cell.text.n);
    s->content = s->content || cell.vi || !is_blank(p, cell.text.n);
    if (s->column >= s->x->limits->columns) {
        s->n = s->column + 1; /* only counted; its text is dropped */
        s->text.n = s->begin;
        return;
    }
    if (cell.in_row)
        s->text.n = s->begin + cell.text.n;
    for (uint32_t i = s->n; i < s->column; i++)
        s->cells[i] = (struct cell){.text = {"", 0}};
    s->cells[s->column] = cell;
    s->n = s->column + 1;
}

/* Where several sheets are read, is this row the header again? Refuses a sheet that begins with something else. */
static bool is_repeated_header(struct sheet *s, uint32_t kept)
{
    bool first = s->first_row, again = s->x->lines > 0;
    size_t at = 0;
    s->first_row = false;
    if (!s->several || !first)
        return false;
    for (uint32_t i = 0; i < kept; i++) {
        const struct span *text = &s->given[i].text;
        if (!again) {
            buf_add_span(&s->header, *text);
            buf_add_char(&s->header, '\0');
            continue;
        }
        if (s->header.n - at < text->n + 1u || memcmp(s->header.p + at, text->p, text->n) != 0 ||
            s->header.p[at + text->n])
            break;
        at += text->n + 1u;
    }
    if (again && at != s->header.n)
        xlsx_refuse(s->x, "Mỗi trang tính phải có cùng dòng tiêu đề. Hãy sửa, bỏ hoặc ẩn trang này.",
                    "Every sheet must begin with the same header. Correct, remove or hide this one.");
    return again;
}

static void end_row(struct sheet *s)
{
    struct xlsx *x = s->x;
    uint32_t kept = s->n < x->limits->columns ? s->n : x->limits->columns;
    s->in_row = false;
    if (!s->content)
        return;
    if (s->n_rows++ == x->limits->rows) {
        xlsx_refuse(x, "Trang tính này có quá nhiều dòng. Hãy chia thành nhiều tệp.",
                    "This sheet has too many rows. Split it.");
        return;
    }
    for (uint32_t i = 0; i < kept; i++) {
        const struct cell *cell = &s->cells[i];
        struct span text = cell->text;
        if (cell->in_row)
            text.p = text.n ? s->text.p + cell->begin : "";
        s->given[i] = (struct table_cell){text, cell->vi, cell->en, cell->look};
    }
    if (!is_repeated_header(s, kept)) {
        int code = s->row(s->ctx, x->lines + x->line, s->given, s->n);
        if (code)
            x->code = code;
    }
}

static void sheet_end(struct xlsx *x, void *ctx, int depth, const char *name)
{
    struct sheet *s = ctx;
    (void)x;
    (void)name;
    if (depth > 5)
        xlsx_rich_end(&s->rich, depth);
    else if (depth == 5)
        s->in_value = s->in_rich = false;
    else if (depth == 4 && s->in_cell)
        end_cell(s);
    else if (depth == 3 && s->in_row)
        end_row(s);
    else if (depth == 2)
        s->in_data = false;
}

static const struct xlsx_events sheet_events = {
    .namespaces = xlsx_main_namespaces, .start = sheet_start, .end = sheet_end, .text = sheet_text};

static void read_sheet(struct xlsx *x, xlsx_row_fn *row, void *ctx)
{
    const struct xlsx_limits *limits = x->limits;
    struct sheet s = {.x = x, .row = row, .ctx = ctx};
    s.cells = arena_alloc(&x->arena, limits->columns * sizeof(*s.cells));
    s.given = arena_alloc(&x->arena, limits->columns * sizeof(*s.given));
    if (!s.cells || !s.given) {
        xlsx_no_memory(x);
        return;
    }
    /* One cell more than the row keeps, and what a number may grow by when it is written anew. */
    buf_init(&s.text, (limits->columns + (size_t)1) * (limits->cell_bytes + (size_t)NUMBER_MAX));
    buf_init(&s.header, (limits->columns + (size_t)1) * (limits->cell_bytes + (size_t)1));
    s.several = x->n_sheets > 1;
    for (uint32_t i = 0; i < x->n_sheets && !x->code; i++) {
        s.had_data = s.in_data = s.in_row = s.in_cell = false;
        s.first_row = true;
        s.n_rows = 0;
        if (xlsx_parse(x, x->sheets[i], &sheet_events, &s) == 0 && !s.had_data)
            xlsx_damaged(x);
        if (x->code)
            break; /* the refusal is about this line */
        x->lines += x->line;
        x->line = 0;
    }
    buf_release(&s.header);
    buf_release(&s.text);
}

/* Refuses what is no ZIP archive by what it begins with. -1: refused. */
static int check_magic(struct xlsx *x)
{
    char head[4] = "";
    if (x->source.fd >= 0) {
        if (pread(x->source.fd, head, sizeof(head), 0) < 0)
            return xlsx_damaged(x);
    } else if (x->source.bytes.n >= sizeof(head)) {
        memcpy(head, x->source.bytes.p, sizeof(head));
    }
    if (begins(head, cfb_magic))
        return xlsx_refuse(x, "Tệp này có mật khẩu hoặc là dạng .xls cũ. Hãy bỏ mật khẩu và lưu dạng .xlsx.",
                           "This file has a password or is an old .xls. Remove the password and save it as .xlsx.");
    return begins(head, zip_magic) ? 0 : xlsx_damaged(x);
}

int xlsx_rows(struct xlsx_source source, const struct xlsx_limits *limits, xlsx_row_fn *row, void *ctx,
              struct xlsx_refusal *ret_refusal)
{
    struct xlsx x = {.limits = limits ? limits : &xlsx_limits_default, .source = source};
    arena_init(&x.arena, NAMES_MEMORY);
    if (check_magic(&x) == 0 && xlsx_open(&x) == 0 && xlsx_book(&x) == 0)
        read_sheet(&x, row, ctx);
    xlsx_close(&x);
    buf_release(&x.cell_formats);
    buf_release(&x.strings);
    buf_release(&x.string_ends);
    arena_release(&x.arena);
    if (x.code == ERR_INVALID && x.refusal.vi)
        *ret_refusal = x.refusal;
    return x.code;
}

/* A row of the sheet for the table; a sheet does not say that cells at the end of a row are empty. */
static int line_of_table(void *ctx, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    struct table *table = ctx;
    struct table_cell padded[TABLE_MAX_COLUMNS];
    if (!table->judge.had_header || n >= table->judge.width)
        return table_line(table, line, cells, n);
    for (uint32_t i = 0; i < table->judge.width; i++)
        padded[i] = i < n ? cells[i] : (struct table_cell){.text = {"", 0}};
    return table_line(table, line, padded, table->judge.width);
}

int xlsx_read(struct table *table, struct arena *arena, const struct table_column *columns, uint32_t n_columns,
              struct xlsx_source source, const struct xlsx_limits *limits, uint32_t most_rows)
{
    struct xlsx_limits own = limits ? *limits : xlsx_limits_default;
    struct xlsx_refusal refusal;
    own.columns = TABLE_MAX_COLUMNS;
    if (table_begin(table, arena, columns, n_columns, most_rows, 0))
        return ERR_TOO_LARGE;
    int code = xlsx_rows(source, &own, line_of_table, table, &refusal);
    if (code == ERR_INVALID)
        table_fail(table, refusal.line, refusal.vi, refusal.en);
    else if (code)
        return code;
    table_end(table);
    return 0;
}
