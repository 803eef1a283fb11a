/*
 * xlsx_book.c - what a workbook says about its sheets: where they are, which cell styles show dates, and the shared
 * strings; see xlsx_part.h.
 */
#include "xlsx_part.h"
#include <ctype.h>
#include <strings.h>

enum {
    MOST_STYLES = 65536, /* spreadsheets know 65,490 */
    MOST_FORMATS = 1000  /* and some 250 formats of one's own */
};

bool xlsx_number(struct span text, uint64_t most, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (text.n == 0 || text.n > 18)
        return false;
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(text.p[i] - '0');
    }
    if (number > most)
        return false;
    *ret_number = number;
    return true;
}

static bool ends_with(struct span text, const char *end)
{
    size_t n = strlen(end);
    return text.n >= n && !strncasecmp(text.p + text.n - n, end, n);
}

static bool has_word(struct span text, const char *word)
{
    return memmem(text.p, text.n, word, strlen(word));
}

/* --- Content types, for macros only. --- */

static void types_start(struct xlsx *x, void *ctx, int depth, const char *name, const struct xlsx_attrs *attrs)
{
    struct span type = xlsx_attr(attrs, "ContentType");
    (void)ctx;
    (void)depth;
    (void)name;
    if (type.p && (has_word(type, "macroEnabled") || has_word(type, "vbaProject")))
        xlsx_refuse(x, "Tệp này chứa macro. Hãy lưu dạng .xlsx không có macro.",
                    "This file holds macros. Save it as .xlsx without macros.");
}

static const char *const type_namespaces[] = {"http://schemas.openxmlformats.org/package/2006/content-types", NULL};
static const struct xlsx_events types_events = {.namespaces = type_namespaces, .start = types_start};

/* --- Relations of a part to others. --- */

struct relation {
    struct relation *next;
    struct span id, type;
    const char *target; /* name of the entry */
};

struct relations {
    const char *base; /* the part that they are of */
    struct relation *first, **last;
    uint32_t n;
};

/* Adds a target's steps to `path`, which holds the folder with its slash at the end. -1: too long. */
static int follow_steps(char *path, size_t n, struct span target)
{
    while (target.n) {
        const char *slash = memchr(target.p, '/', target.n);
        uint32_t step = slash ? (uint32_t)(slash - target.p) : target.n;
        if (step == 2 && !memcmp(target.p, "..", 2)) {
            if (n)
                n--; /* the slash */
            while (n && path[n - 1] != '/')
                n--;
        } else if (step && !(step == 1 && target.p[0] == '.')) {
            if (n + step + 2 > XLSX_NAME_MAX)
                return -1;
            memcpy(path + n, target.p, step);
            n += step;
            if (slash)
                path[n++] = '/';
        }
        step += slash != NULL;
        target = (struct span){target.p + step, target.n - step};
    }
    path[n] = '\0';
    return 0;
}

/* The entry that a target means, seen from the part `base`. -1: the name is too long. */
static int resolve(const char *base, struct span target, char path[XLSX_NAME_MAX])
{
    const char *slash = strrchr(base, '/');
    size_t n = slash && !(target.n && target.p[0] == '/') ? (size_t)(slash - base) + 1 : 0;
    if (n >= XLSX_NAME_MAX)
        return -1;
    memcpy(path, base, n);
    return follow_steps(path, n, target);
}

static void relations_start(struct xlsx *x, void *ctx, int depth, const char *name, const struct xlsx_attrs *attrs)
{
    struct relations *all = ctx;
    struct span target = xlsx_attr(attrs, "Target"), copy;
    char path[XLSX_NAME_MAX];
    if (depth != 2 || strcmp(name, "Relationship") != 0 || !target.p ||
        span_is(xlsx_attr(attrs, "TargetMode"), "External"))
        return;
    if (resolve(all->base, target, path) < 0 || all->n++ == x->limits->entries) {
        xlsx_damaged(x);
        return;
    }
    struct relation *relation = arena_alloc(&x->arena, sizeof(*relation));
    if (!relation || arena_span(&x->arena, xlsx_attr(attrs, "Id"), &relation->id) < 0 ||
        arena_span(&x->arena, xlsx_attr(attrs, "Type"), &relation->type) < 0 ||
        arena_span(&x->arena, (struct span){path, (uint32_t)strlen(path)}, &copy) < 0) {
        xlsx_no_memory(x);
        return;
    }
    relation->target = copy.p;
    *all->last = relation;
    all->last = &relation->next;
}

static const char *const package_namespaces[] = {"http://schemas.openxmlformats.org/package/2006/relationships", NULL};
static const struct xlsx_events relations_events = {.namespaces = package_namespaces, .start = relations_start};

/* The relations of the part `base` ("" for the package) stand in _rels/NAME.rels beside it; there may be none. */
static int read_relations(struct xlsx *x, const char *base, struct relations *ret_relations)
{
    const char *slash = strrchr(base, '/');
    int folder = slash ? (int)(slash - base) + 1 : 0;
    const char *path = arena_printf(&x->arena, "%.*s_rels/%s.rels", folder, base, base + folder);
    if (!path)
        return xlsx_no_memory(x);
    *ret_relations = (struct relations){.base = base};
    ret_relations->last = &ret_relations->first;
    const struct xlsx_entry *entry = xlsx_find(x, path);
    return entry ? xlsx_parse(x, entry, &relations_events, ret_relations) : 0;
}

/* The first entry that is there and related in this way. */
static const struct xlsx_entry *related(const struct xlsx *x, const struct relations *all, const char *type)
{
    for (const struct relation *r = all->first; r; r = r->next) {
        const struct xlsx_entry *entry = ends_with(r->type, type) ? xlsx_find(x, r->target) : NULL;
        if (entry)
            return entry;
    }
    return NULL;
}

/* --- Workbook: the visible sheets. --- */

struct book {
    const struct relations *relations;
    uint32_t n_sheets;
};

static void take_sheet(struct xlsx *x, struct book *book, const struct xlsx_attrs *attrs)
{
    struct span id = xlsx_relation_attr(attrs, "id"), state = xlsx_attr(attrs, "state");
    if (book->n_sheets++ == x->limits->entries) {
        xlsx_damaged(x);
        return;
    }
    uint32_t most = x->limits->sheets ? x->limits->sheets : 1;
    if (!id.p || span_is(state, "hidden") || span_is(state, "veryHidden") || (most == 1 && x->n_sheets))
        return;
    for (const struct relation *r = book->relations->first; r; r = r->next) {
        /* A sheet that is a chart has another type. */
        const struct xlsx_entry *sheet =
            r->id.n == id.n && !memcmp(r->id.p, id.p, id.n) && ends_with(r->type, "/worksheet")
                ? xlsx_find(x, r->target)
                : NULL;
        if (!sheet)
            continue;
        if (x->n_sheets == most || x->n_sheets == XLSX_SHEETS_MOST)
            xlsx_refuse(x, "Sổ tính này có quá nhiều trang tính. Hãy bỏ hoặc ẩn những trang không phải danh sách.",
                        "This workbook has too many sheets. Remove or hide those that are no part of the list.");
        else
            x->sheets[x->n_sheets++] = sheet;
        return;
    }
}

static bool is_true(struct span text)
{
    return span_is(text, "1") || span_is(text, "true") || span_is(text, "on");
}

static void book_start(struct xlsx *x, void *ctx, int depth, const char *name, const struct xlsx_attrs *attrs)
{
    if (depth == 1 && strcmp(name, "workbook") != 0)
        xlsx_damaged(x);
    else if (depth == 2 && !strcmp(name, "workbookPr"))
        x->since_1904 = is_true(xlsx_attr(attrs, "date1904"));
    else if (depth == 3 && !strcmp(name, "sheet"))
        take_sheet(x, ctx, attrs);
}

static const struct xlsx_events book_events = {.namespaces = xlsx_main_namespaces, .start = book_start};

/* --- Styles: what they make of a number. --- */

struct styles {
    bool in_formats, in_cells;
    struct buf formats; /* uint64_t each: number of a format, times XLSX_FORMATS, plus its enum xlsx_format */
};

/* What a format code shows: y and d are a date, m alone is a month; what is quoted or in brackets does not count. */
static bool shows_date(struct span code)
{
    bool day = false, month = false, hour = false;
    for (uint32_t i = 0; i < code.n && code.p[i] != ';'; i++) {
        char c = (char)tolower((unsigned char)code.p[i]);
        if (c == '"' || c == '[') {
            const char *close = memchr(code.p + i + 1, c == '"' ? '"' : ']', code.n - i - 1);
            if (c == '[' && i + 1 < code.n && strchr("hmsHMS", code.p[i + 1]))
                hour = true; /* [h]: hours that have passed */
            i = close ? (uint32_t)(close - code.p) : code.n - 1;
        } else if (c == '\\' || c == '_' || c == '*') {
            i++;
        } else {
            day = day || c == 'd' || c == 'y';
            month = month || c == 'm';
            hour = hour || c == 'h' || c == 's';
        }
    }
    return day || (month && !hour);
}

/* The formats that every spreadsheet knows by number. */
static bool builtin_date(uint64_t format)
{
    return (format >= 14 && format <= 17) || format == 22 || (format >= 27 && format <= 31) || format == 36 ||
           (format >= 50 && format <= 54) || format == 57 || format == 58;
}

static enum xlsx_format builtin_format(uint64_t format)
{
    enum { GENERAL = 0, DIGITS = 1, TEXT = 49 };
    if (builtin_date(format))
        return FORMAT_DATE;
    return format == GENERAL || format == TEXT ? FORMAT_PLAIN : format == DIGITS ? FORMAT_WHOLE : FORMAT_OTHER;
}

static enum xlsx_format own_format(struct span code)
{
    static const struct {
        struct span code;
        enum xlsx_format format;
    } known[] = {{SPAN("General"), FORMAT_PLAIN}, {SPAN("@"), FORMAT_PLAIN}, {SPAN("0"), FORMAT_WHOLE}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (code.n == known[i].code.n && !memcmp(code.p, known[i].code.p, code.n))
            return known[i].format;
    }
    return shows_date(code) ? FORMAT_DATE : FORMAT_OTHER;
}

static enum xlsx_format find_format(const struct styles *styles, uint64_t format)
{
    const uint64_t *known = (const uint64_t *)(const void *)styles->formats.p;
    for (size_t i = 0; i < styles->formats.n / sizeof(uint64_t); i++) {
        if (known[i] / XLSX_FORMATS == format)
            return (enum xlsx_format)(known[i] % XLSX_FORMATS);
    }
    return builtin_format(format);
}

static void take_format(struct xlsx *x, struct styles *styles, const struct xlsx_attrs *attrs)
{
    uint64_t id;
    struct span code = xlsx_attr(attrs, "formatCode");
    if (!xlsx_number(xlsx_attr(attrs, "numFmtId"), UINT32_MAX, &id) || !code.p)
        return;
    id = id * XLSX_FORMATS + own_format(code);
    if (styles->formats.n == MOST_FORMATS * sizeof(id))
        xlsx_damaged(x);
    else
        buf_add(&styles->formats, &id, sizeof(id));
}

static void styles_start(struct xlsx *x, void *ctx, int depth, const char *name, const struct xlsx_attrs *attrs)
{
    struct styles *styles = ctx;
    uint64_t format = 0;
    if (depth == 2) {
        styles->in_formats = !strcmp(name, "numFmts");
        styles->in_cells = !strcmp(name, "cellXfs");
    } else if (depth == 3 && styles->in_formats && !strcmp(name, "numFmt")) {
        take_format(x, styles, attrs);
    } else if (depth == 3 && styles->in_cells && !strcmp(name, "xf")) {
        bool known = xlsx_number(xlsx_attr(attrs, "numFmtId"), UINT32_MAX, &format);
        if (x->cell_formats.n == MOST_STYLES)
            xlsx_damaged(x);
        buf_add_char(&x->cell_formats, (char)(known ? find_format(styles, format) : FORMAT_PLAIN));
    }
}

static const struct xlsx_events styles_events = {.namespaces = xlsx_main_namespaces, .start = styles_start};

static int read_styles(struct xlsx *x)
{
    struct styles styles = {0};
    buf_init(&styles.formats, MOST_FORMATS * sizeof(uint64_t));
    buf_init(&x->cell_formats, MOST_STYLES);
    int refused = xlsx_parse(x, x->styles, &styles_events, &styles);
    if (!refused && (styles.formats.failed || x->cell_formats.failed))
        refused = xlsx_no_memory(x);
    buf_release(&styles.formats);
    return refused;
}

enum xlsx_format xlsx_format_of(const struct xlsx *x, uint64_t style)
{
    return style < x->cell_formats.n ? (enum xlsx_format)x->cell_formats.p[style] : FORMAT_PLAIN;
}

/* --- Text. --- */

void xlsx_rich_start(struct xlsx_rich *rich, int depth, const char *name)
{
    if (depth == rich->depth + 1) {
        rich->in_text = !strcmp(name, "t");
        rich->in_run = !strcmp(name, "r");
    } else if (depth == rich->depth + 2 && rich->in_run) {
        rich->in_text = !strcmp(name, "t");
    } else {
        rich->in_text = false;
    }
}

void xlsx_rich_end(struct xlsx_rich *rich, int depth)
{
    rich->in_text = false;
    if (depth <= rich->depth + 1)
        rich->in_run = false;
}

/* The code unit of _xHHHH_ at p; false when there is none, or half a pair. */
static bool escaped_unit(const char *p, uint32_t n, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    if (n < 7 || p[0] != '_' || p[1] != 'x' || p[6] != '_')
        return false;
    for (int i = 2; i < 6; i++) {
        if (!isxdigit((unsigned char)p[i]))
            return false;
        unit =
            unit * 16 + (uint32_t)(isdigit((unsigned char)p[i]) ? p[i] - '0' : tolower((unsigned char)p[i]) - 'a' + 10);
    }
    *ret_unit = unit;
    return unit < 0xd800 || unit > 0xdfff;
}

static uint32_t put_utf8(char *p, uint32_t unit)
{
    if (unit < 0x80) {
        p[0] = (char)unit;
        return 1;
    }
    if (unit < 0x800) {
        p[0] = (char)(0xc0 | unit >> 6);
        p[1] = (char)(0x80 | (unit & 0x3f));
        return 2;
    }
    p[0] = (char)(0xe0 | unit >> 12);
    p[1] = (char)(0x80 | (unit >> 6 & 0x3f));
    p[2] = (char)(0x80 | (unit & 0x3f));
    return 3;
}

uint32_t xlsx_unescape(char *p, uint32_t n)
{
    uint32_t to = 0, unit;
    if (!memchr(p, '_', n))
        return n;
    for (uint32_t i = 0; i < n;) {
        if (escaped_unit(p + i, n - i, &unit)) {
            to += put_utf8(p + to, unit);
            i += 7;
        } else {
            p[to++] = p[i++];
        }
    }
    return to;
}

/* --- Shared strings. --- */

struct strings {
    struct xlsx_rich rich;
    uint64_t begin; /* of the present string */
    bool in_string;
};

static void strings_start(struct xlsx *x, void *ctx, int depth, const char *name, const struct xlsx_attrs *attrs)
{
    struct strings *s = ctx;
    (void)attrs;
    if (depth == 2) {
        s->in_string = !strcmp(name, "si");
        s->begin = x->strings.n;
    } else if (s->in_string) {
        xlsx_rich_start(&s->rich, depth, name);
    }
}

static int too_many_strings(struct xlsx *x)
{
    return xlsx_refuse(x, "Tệp này có quá nhiều văn bản. Hãy chia thành nhiều tệp.",
                       "This file holds too much text. Split it.");
}

static void strings_end(struct xlsx *x, void *ctx, int depth, const char *name)
{
    struct strings *s = ctx;
    (void)name;
    xlsx_rich_end(&s->rich, depth);
    if (depth != 2 || !s->in_string)
        return;
    s->in_string = false;
    if (x->strings.n > s->begin)
        x->strings.n = s->begin + xlsx_unescape(x->strings.p + s->begin, (uint32_t)(x->strings.n - s->begin));
    uint64_t end = x->strings.n;
    if (x->strings.n + x->string_ends.n + sizeof(end) > x->limits->string_bytes) {
        too_many_strings(x);
        return;
    }
    buf_add(&x->string_ends, &end, sizeof(end));
    if (x->string_ends.failed)
        xlsx_no_memory(x);
}

/* Of a string that is too long for a cell one byte too much is kept, so that the cell is refused. */
static void strings_text(struct xlsx *x, void *ctx, const char *p, uint32_t n)
{
    struct strings *s = ctx;
    uint64_t room = x->limits->cell_bytes + UINT64_C(1) - (x->strings.n - s->begin);
    if (!s->in_string || !s->rich.in_text)
        return;
    if (n > room)
        n = (uint32_t)room;
    if (n && x->strings.n + n > x->limits->string_bytes) {
        too_many_strings(x);
        return;
    }
    if (n)
        buf_add(&x->strings, p, n);
    if (x->strings.failed)
        xlsx_no_memory(x);
}

static const struct xlsx_events strings_events = {
    .namespaces = xlsx_main_namespaces, .start = strings_start, .end = strings_end, .text = strings_text};

bool xlsx_string(const struct xlsx *x, uint64_t number, struct span *ret_text)
{
    const uint64_t *ends = (const uint64_t *)(const void *)x->string_ends.p;
    if (number >= x->string_ends.n / sizeof(*ends))
        return false;
    uint64_t begin = number ? ends[number - 1] : 0, end = ends[number];
    *ret_text = end > begin ? (struct span){x->strings.p + begin, (uint32_t)(end - begin)} : (struct span){"", 0};
    return true;
}

/* --- All of it. --- */

static int find_parts(struct xlsx *x)
{
    struct relations package, relations;
    if (read_relations(x, "", &package) < 0)
        return -1;
    const struct xlsx_entry *workbook = related(x, &package, "/officeDocument");
    if (!workbook || ends_with((struct span){workbook->name, (uint32_t)strlen(workbook->name)}, ".bin"))
        return xlsx_refuse(x, "Tệp này không phải sổ tính .xlsx. Hãy lưu lại dạng .xlsx hoặc CSV UTF-8.",
                           "This file is not an .xlsx workbook. Save it as .xlsx or as CSV UTF-8.");
    if (read_relations(x, workbook->name, &relations) < 0)
        return -1;
    struct book book = {.relations = &relations};
    if (xlsx_parse(x, workbook, &book_events, &book) < 0)
        return -1;
    if (!x->n_sheets)
        return xlsx_refuse(x, "Sổ tính này không có trang tính nào đọc được.", "This workbook has no sheet to read.");
    x->strings_part = related(x, &relations, "/sharedStrings");
    x->styles = related(x, &relations, "/styles");
    return 0;
}

int xlsx_book(struct xlsx *x)
{
    struct strings strings = {.rich.depth = 2};
    const struct xlsx_entry *types = xlsx_find(x, "[Content_Types].xml");
    if (types && xlsx_parse(x, types, &types_events, NULL) < 0)
        return -1;
    if (find_parts(x) < 0 || (x->styles && read_styles(x) < 0))
        return -1;
    buf_init(&x->strings, x->limits->string_bytes);
    buf_init(&x->string_ends, x->limits->string_bytes);
    return x->strings_part ? xlsx_parse(x, x->strings_part, &strings_events, &strings) : 0;
}
