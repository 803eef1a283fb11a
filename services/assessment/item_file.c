/*
 * item_file.c - items as a table: CSV or XLSX in, with a report per row, and out again with their keys. ITEMS.md lists
 * the columns; a file has those that it needs.
 */
#include "item_store.h"
#include "csv.h"
#include "nfc.h"
#include "sql.h"
#include "xlsx.h"
#include "xlsx_write.h"

enum { FILE_ROWS = 20000, FILE_BYTES = 4 << 20 /* as `file` bounds it */, CHOICE_COLUMNS = 10 };

enum column {
    CODE,
    TYPE,
    SKILL_GROUP,
    LEVEL,
    POOL,
    POSITIONS,
    SITUATION,
    STEM,
    OPTION,
    TARGET = OPTION + CHOICE_COLUMNS,
    KEY = TARGET + CHOICE_COLUMNS,
    PARTIAL,
    TOLERANCE,
    MATCH,
    DIFFICULTY,
    SOURCE,
    EXPLANATION,
    COLUMNS
};

/*
 * Questions quote formulas, commands and several lines of text, so their columns may hold them. What a learner reads is
 * taken only as its author saw it; of a key and its tolerance the value counts, and 1% must not become 0.01.
 */
enum { QUOTE = COL_FORMULA | COL_LINES | COL_TEXT };

#define TEN(name)                                                                                                      \
    {name "_1", 0, 1000, QUOTE}, {name "_2", 0, 1000, QUOTE}, {name "_3", 0, 1000, QUOTE},                             \
        {name "_4", 0, 1000, QUOTE}, {name "_5", 0, 1000, QUOTE}, {name "_6", 0, 1000, QUOTE},                         \
        {name "_7", 0, 1000, QUOTE}, {name "_8", 0, 1000, QUOTE}, {name "_9", 0, 1000, QUOTE},                         \
    {                                                                                                                  \
        name "_10", 0, 1000, QUOTE                                                                                     \
    }

static const struct table_column columns[COLUMNS] = {
    {"code", 1, 32, COL_TEXT},
    {"type", 0, 16, 0},
    {"skill_group", 1, 16, 0},
    {"level", 1, 1, 0},
    {"pool", 0, 32, COL_TEXT},
    {"positions", 0, 500, COL_TEXT},
    {"situation", 0, 32, COL_TEXT},
    {"stem", 1, 4000, QUOTE},
    TEN("option"),
    TEN("target"),
    {"key", 0, 2000, COL_FORMULA | COL_VALUE},
    {"partial", 0, 5, 0},
    {"tolerance", 0, 32, COL_VALUE},
    {"match", 0, 16, 0},
    {"difficulty", 0, 2, 0},
    {"source", 0, 300, COL_FORMULA | COL_TEXT},
    {"explanation", 0, 2000, QUOTE},
};

/* The columns that a file has: those that its header names, and those that no file can do without. */
struct layout {
    struct table_column columns[COLUMNS];
    uint32_t n;
    int place[COLUMNS]; /* in columns[] above; -1: the file does not have it */
};

static void choose(struct layout *layout, enum column column)
{
    layout->place[column] = (int)layout->n;
    layout->columns[layout->n++] = columns[column];
}

static void layout_begin(struct layout *layout)
{
    layout->n = 0;
    for (int c = 0; c < COLUMNS; c++)
        layout->place[c] = -1;
    for (int c = 0; c < COLUMNS; c++) {
        if (columns[c].min)
            choose(layout, (enum column)c);
    }
}

static void choose_named(struct layout *layout, struct span name)
{
    while (name.n && strchr(" \t\r\"", name.p[0]))
        name = (struct span){name.p + 1, name.n - 1};
    while (name.n && strchr(" \t\r\"", name.p[name.n - 1]))
        name.n--;
    for (int c = 0; c < COLUMNS; c++) {
        if (strlen(columns[c].name) == name.n && !memcmp(columns[c].name, name.p, name.n) && layout->place[c] < 0)
            choose(layout, (enum column)c);
    }
}

static int choose_cells(void *layout, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    (void)line;
    for (uint32_t i = 0; i < n && i < TABLE_MAX_COLUMNS; i++) /* more are counted, not given */
        choose_named(layout, cells[i].text);
    return ERR_STATE; /* the header is all that is asked for; the reading stops here */
}

/* Looks at the header. What is wrong with the file is left to table_read, which reads it again and judges it. */
static void layout_of(struct layout *layout, struct span file)
{
    struct xlsx_refusal ignored;
    layout_begin(layout);
    if (xlsx_looks_like(file)) {
        int stopped = xlsx_rows(xlsx_bytes(file), NULL, choose_cells, layout, &ignored);
        (void)stopped;
        return;
    }
    if (file.n >= 3 && !memcmp(file.p, "\xef\xbb\xbf", 3))
        file = (struct span){file.p + 3, file.n - 3};
    uint32_t begin = 0;
    while (begin < file.n && strchr(" \t\r\n", file.p[begin]) && file.p[begin])
        begin++;
    for (uint32_t i = begin; i <= file.n; i++) {
        bool ends = i == file.n || file.p[i] == '\n' || file.p[i] == '\r';
        if (!ends && file.p[i] != ',')
            continue;
        choose_named(layout, (struct span){file.p + begin, i - begin});
        begin = i + 1;
        if (ends)
            return;
    }
}

/* --- In. --- */

struct import {
    struct layout layout;
    struct table table;
    struct item_entry *entries;
    struct table_row **rows; /* of each entry */
    uint32_t n;
};

static struct span cell(const struct import *import, const struct table_row *row, int column)
{
    int place = import->layout.place[column];
    return place < 0 ? SPAN("") : row->cells[place];
}

/* Refuses a row because of a column; without it in the file, because of the code that the row is known by. */
static void refuse(struct import *import, struct table_row *row, int column, const char *vi, const char *en)
{
    int place = import->layout.place[column];
    table_refuse(&import->table, row, (uint32_t)(place < 0 ? import->layout.place[CODE] : place), vi, en);
}

static void refuse_fault(struct import *import, struct table_row *row, const struct item_fault *fault)
{
    int column = CODE;
    int number = fault->number < 1 ? 1 : fault->number > CHOICE_COLUMNS ? CHOICE_COLUMNS : fault->number;
    if (!strcmp(fault->field, "choices"))
        column = OPTION + number - 1;
    else if (!strcmp(fault->field, "targets"))
        column = TARGET + number - 1;
    for (int c = 0; c < COLUMNS; c++) {
        if (!strcmp(fault->field, columns[c].name))
            column = c;
    }
    refuse(import, row, column, fault->vi, fault->en);
}

/* Cells of choices that are not empty, with their numbers. */
static uint32_t take_choices(const struct import *import, const struct table_row *row, int first,
                             struct choice ret_choices[CHOICE_COLUMNS])
{
    uint32_t n = 0;
    for (int i = 0; i < CHOICE_COLUMNS; i++) {
        struct span text = cell(import, row, first + i);
        if (text.n)
            ret_choices[n++] = (struct choice){.number = (uint8_t)(i + 1), .text = text};
    }
    return n;
}

static bool same_word(struct span a, const char *word)
{
    return a.n == strlen(word) && !strncasecmp(a.p, word, a.n);
}

/* The cells that are numbers or truths; false when one is neither, and the row is refused. */
static bool take_numbers(struct import *import, struct table_row *row, struct item_source *source)
{
    struct span level = cell(import, row, LEVEL), difficulty = cell(import, row, DIFFICULTY);
    struct span partial = cell(import, row, PARTIAL);
    unsigned value = 0;
    source->level = *level.p >= '1' && *level.p <= '9' ? (uint8_t)(*level.p - '0') : 0;
    for (uint32_t i = 0; i < difficulty.n; i++)
        value =
            difficulty.p[i] >= '0' && difficulty.p[i] <= '9' ? value * 10 + (unsigned)(difficulty.p[i] - '0') : 1000;
    if (difficulty.n)
        PUT_FIELD(source, item_source, difficulty, (uint8_t)(value > 99 ? 0 : value));
    if (!partial.n)
        return true;
    bool yes = same_word(partial, "true");
    PUT_FIELD(source, item_source, partial, yes);
    if (!yes && !same_word(partial, "false"))
        refuse(import, row, PARTIAL, "Ghi true hoặc false, hoặc để trống.", "Write true or false, or leave it empty.");
    return !row->refused;
}

/* A row as the item that its author means. Returns 0 or fail(); the row may be refused. */
static int take_row(struct ctx *ctx, struct import *import, struct uuid bank_id, struct table_row *row)
{
    struct item_source source = {
        .version_id = uuid7(),
        .bank_id = bank_id,
        .code = cell(import, row, CODE),
        .type = cell(import, row, TYPE),
        .skill_group = cell(import, row, SKILL_GROUP),
        .stem = cell(import, row, STEM),
    };
    struct item_entry *entry = &import->entries[import->n];
    struct choice choices[CHOICE_COLUMNS], targets[CHOICE_COLUMNS]; /* what is stored is copied out of them */
    if (!source.type.n)
        source.type = SPAN("single_choice");
#define TAKE(column, field)                                                                                            \
    if (cell(import, row, column).n)                                                                                   \
    PUT_FIELD(&source, item_source, field, cell(import, row, column))
    TAKE(POOL, pool);
    TAKE(POSITIONS, positions);
    TAKE(SITUATION, situation);
    TAKE(KEY, key);
    TAKE(TOLERANCE, tolerance);
    TAKE(MATCH, match);
    TAKE(SOURCE, source);
    TAKE(EXPLANATION, explanation);
#undef TAKE
    source.choices = choices;
    source.targets = targets;
    source.n_choices = take_choices(import, row, OPTION, choices);
    source.n_targets = take_choices(import, row, TARGET, targets);
    if (!take_numbers(import, row, &source))
        return 0;
    int code = item_entry(ctx, bank_id, &source, entry);
    if (code)
        return code;
    if (entry->outcome == OUTCOME_REFUSED)
        refuse_fault(import, row, &entry->fault);
    else
        import->rows[import->n++] = row;
    return 0;
}

/* Reads the file and checks each row by itself. */
static int read_file(struct ctx *ctx, const struct items_file *req, struct import *import)
{
    struct table *table = &import->table;
    layout_of(&import->layout, req->file);
    if (table_read(table, ctx->arena, import->layout.columns, import->layout.n, req->file, FILE_ROWS))
        return fail(ctx, ERR_TOO_LARGE, "file");
    const uint32_t key = (uint32_t)import->layout.place[CODE];
    import->entries = arena_alloc(ctx->arena, table->n_rows * sizeof(*import->entries));
    import->rows = arena_alloc(ctx->arena, table->n_rows * sizeof(struct table_row *));
    if (!import->entries || !import->rows || table_refuse_repeats(table, &key, 1))
        return fail(ctx, ERR_TOO_LARGE, "file");
    int code = 0;
    for (uint32_t i = 0; !code && i < table->n_rows; i++) {
        if (!table->rows[i].refused)
            code = take_row(ctx, import, req->bank_id, &table->rows[i]);
    }
    return code;
}

int on_items_import(struct ctx *ctx, const struct items_file *req, struct import_report *ret_reply)
{
    bool dry_run = HAS(req, items_file, dry_run) && req->dry_run;
    uint32_t tally[OUTCOME_REFUSED + 1] = {0};
    struct import *import = arena_alloc(ctx->arena, sizeof(*import));
    if (!import)
        return fail(ctx, ERR_TOO_LARGE, "file");
    int code = read_file(ctx, req, import);
    if (!code)
        code = bank_change(ctx, req->bank_id);
    if (!code)
        code = items_compare(ctx, req->bank_id, false, import->entries, import->n);
    for (uint32_t i = 0; !code && i < import->n; i++) {
        tally[import->entries[i].outcome]++;
        if (import->entries[i].outcome == OUTCOME_REFUSED)
            refuse_fault(import, import->rows[i], &import->entries[i].fault);
    }
    if (!code && !dry_run)
        code = items_write(ctx, import->entries, import->n);
    if (!code)
        code = pg_commit(ctx);
    if (code)
        return code;
    if (table_report(&import->table, dry_run, tally[OUTCOME_CREATED], tally[OUTCOME_CHANGED], ret_reply))
        return fail(ctx, ERR_TOO_LARGE, "file");
    return 0;
}

/* --- Out. --- */

static struct span choice_cell(const struct choice *choices, uint32_t n, uint32_t i)
{
    return i < n ? choices[i].text : SPAN("");
}

/* The cells of an item, for all columns. Returns -1 when the arena is full. */
static int fill_cells(struct ctx *ctx, const struct item_full *full, const struct item_source *source,
                      struct span *cells)
{
    const char *level = arena_printf(ctx->arena, "%u", full->level);
    const char *difficulty = arena_printf(ctx->arena, "%u", full->difficulty);
    if (!level || !difficulty)
        return -1;
    for (int c = 0; c < COLUMNS; c++)
        cells[c] = SPAN("");
    cells[CODE] = full->code;
    cells[TYPE] = full->type;
    cells[SKILL_GROUP] = full->skill_group;
    cells[LEVEL] = (struct span){level, (uint32_t)strlen(level)};
    cells[POOL] = full->pool;
    cells[POSITIONS] = full->positions;
    cells[STEM] = full->stem;
    cells[DIFFICULTY] = (struct span){difficulty, (uint32_t)strlen(difficulty)};
    for (uint32_t i = 0; i < CHOICE_COLUMNS; i++) {
        cells[OPTION + i] = choice_cell(source->choices, source->n_choices, i);
        cells[TARGET + i] = choice_cell(source->targets, source->n_targets, i);
    }
    if (HAS(full, item_full, partial) && full->partial)
        cells[PARTIAL] = SPAN("true");
#define CELL(column, field)                                                                                            \
    if (HAS(full, item_full, field))                                                                                   \
    cells[column] = full->field
    CELL(SITUATION, situation);
    CELL(KEY, key);
    CELL(TOLERANCE, tolerance);
    CELL(MATCH, match);
    CELL(SOURCE, source);
    CELL(EXPLANATION, explanation);
#undef CELL
    return 0;
}

/* Items as cells, COLUMNS each, and which columns are needed: as many choices and targets as the widest item has. */
static int all_cells(struct ctx *ctx, const struct item_full *rows, uint32_t n, struct span **ret_cells,
                     struct layout *layout)
{
    struct span *cells = arena_alloc(ctx->arena, (size_t)n * COLUMNS * sizeof(*cells));
    uint32_t options = 0, targets = 0;
    if (!cells)
        return fail(ctx, ERR_TOO_LARGE, "content");
    for (uint32_t i = 0; i < n; i++) {
        struct item_source source;
        int code = item_unpack(ctx, &rows[i], &source);
        if (code)
            return code;
        if (fill_cells(ctx, &rows[i], &source, cells + (size_t)i * COLUMNS))
            return fail(ctx, ERR_TOO_LARGE, "content");
        options = source.n_choices > options ? source.n_choices : options;
        targets = source.n_targets > targets ? source.n_targets : targets;
    }
    layout->n = 0;
    for (uint32_t c = 0; c < COLUMNS; c++) {
        bool left_out = (c >= OPTION + options && c < TARGET) || (c >= TARGET + targets && c < KEY);
        if (!left_out)
            layout->place[layout->n++] = (int)c;
    }
    *ret_cells = cells;
    return 0;
}

/* The chosen cells of one item side by side; `from` NULL: the names of the columns. */
static void pick(const struct layout *layout, const struct span *from, struct span *ret_cells)
{
    for (uint32_t i = 0; i < layout->n; i++) {
        const char *name = columns[layout->place[i]].name;
        ret_cells[i] = from ? from[layout->place[i]] : (struct span){name, (uint32_t)strlen(name)};
    }
}

static void write_csv(const struct layout *layout, const struct span *cells, uint32_t n, struct buf *out)
{
    struct span line[COLUMNS];
    pick(layout, NULL, line);
    csv_write_row(out, line, layout->n);
    for (uint32_t i = 0; i < n; i++) {
        pick(layout, cells + (size_t)i * COLUMNS, line);
        csv_write_row(out, line, layout->n);
    }
}

static int write_xlsx(const struct layout *layout, const struct span *cells, uint32_t n, struct buf *out)
{
    struct span line[COLUMNS];
    struct xlsx_writer *writer = NULL;
    pick(layout, NULL, line);
    int code = xlsx_write_open(&writer, "items", line, layout->n);
    for (uint32_t i = 0; !code && i < n; i++) {
        pick(layout, cells + (size_t)i * COLUMNS, line);
        code = xlsx_write_row(writer, line);
    }
    if (code) {
        xlsx_write_close(writer, NULL);
        return code;
    }
    return xlsx_write_close(writer, out);
}

static int export(struct ctx *ctx, const struct layout *layout, const struct span *cells, uint32_t n, bool xlsx,
                  struct span *ret_content)
{
    struct buf out;
    int code = 0;
    buf_init(&out, FILE_BYTES);
    if (xlsx)
        code = write_xlsx(layout, cells, n, &out);
    else
        write_csv(layout, cells, n, &out);
    if (!code && (out.failed || arena_span(ctx->arena, buf_span(&out), ret_content)))
        code = ERR_TOO_LARGE;
    buf_release(&out);
    return code ? fail(ctx, code, "content") : 0;
}

int on_items_export(struct ctx *ctx, const struct items_export *req, struct file *ret_reply)
{
    struct bank_ref ref = {.bank_id = req->bank_id};
    struct bank_code bank;
    struct item_full *rows = NULL;
    struct span *cells = NULL, content = {"", 0};
    struct layout layout;
    uint32_t n = 0;
    bool xlsx = HAS(req, items_export, format) && same_word(req->format, "xlsx");
    if (!ctx->n_scope)
        return fail(ctx, ERR_FORBIDDEN, "");
    if (HAS(req, items_export, format) && !xlsx && !same_word(req->format, "csv"))
        return fail(ctx, ERR_INVALID, "format");
    int code = item_state_check(ctx, HAS(req, items_export, state) ? &req->state : NULL);
    if (!code)
        code = pg_call(ctx, &SQL_bank_code, &ref, &bank);
    if (!code)
        code = pg_list(ctx, &SQL_items_exported, req, FILE_ROWS + 1, &rows, &n);
    if (!code && n > FILE_ROWS)
        code = fail(ctx, ERR_TOO_LARGE, "content");
    if (!code)
        code = all_cells(ctx, rows, n, &cells, &layout);
    if (!code)
        code = export(ctx, &layout, cells, n, xlsx, &content);
    if (code)
        return code;
    const char *name = arena_printf(ctx->arena, "%.*s.%s", (int)bank.code.n, bank.code.p, xlsx ? "xlsx" : "csv");
    if (!name)
        return fail(ctx, ERR_TOO_LARGE, "name");
    *ret_reply = (struct file){
        .media_type = xlsx ? SPAN("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
                           : SPAN("text/csv; charset=utf-8"),
        .name = {name, (uint32_t)strlen(name)},
        .content = content,
    };
    return 0;
}
