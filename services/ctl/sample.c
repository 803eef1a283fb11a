/* sample.c - reads the files of the sample nation; see sample.h. */
#include "sample.h"
#include "codec.h"
#include "csv.h"
#include <errno.h>

enum { FILE_MOST = 4 << 20, ROWS_MOST = 50000, SAMPLE_ARENA = 64 << 20 };

enum { U_CODE, U_PARENT, U_KIND, U_NAME, U_NAME_EN, U_FROM, U_COLUMNS };
static const struct table_column unit_columns[U_COLUMNS] = {
    {"code", 1, 32, 0},  {"parent_code", 0, 32, 0}, {"kind", 1, 16, 0},
    {"name", 1, 200, 0}, {"name_en", 0, 200, 0},    {"valid_from", 10, 10, 0},
};

enum { P_NATIONAL_ID, P_NAME, P_BIRTH, P_UNIT, P_POSITION, P_LEADER, P_ROLES, P_COLUMNS };
static const struct table_column official_columns[P_COLUMNS] = {
    {"national_id", 12, 12, COL_MASKED},
    {"full_name", 1, 120, 0},
    {"birth_date", 10, 10, 0},
    {"unit_code", 1, 32, 0},
    {"position", 0, 120, 0},
    {"leader", 0, 5, 0},
    {"roles", 0, 500, 0},
};

enum {
    I_CODE,
    I_TYPE,
    I_GROUP,
    I_LEVEL,
    I_SITUATION,
    I_STEM,
    I_OPTION,
    I_TARGET = I_OPTION + SAMPLE_OPTIONS,
    I_KEY = I_TARGET + SAMPLE_TARGETS,
    I_PARTIAL,
    I_TOLERANCE,
    I_MATCH,
    I_DIFFICULTY,
    I_EXPLANATION,
    I_SOURCE,
    I_COLUMNS
};
enum { QUOTE = COL_FORMULA | COL_LINES };
static const struct table_column item_columns[I_COLUMNS] = {
    {"code", 1, 32, 0},
    {"type", 1, 16, 0},
    {"skill_group", 1, 16, 0},
    {"level", 1, 1, 0},
    {"situation", 0, 32, 0},
    {"stem", 1, 4000, QUOTE},
    {"option_1", 0, 1000, QUOTE},
    {"option_2", 0, 1000, QUOTE},
    {"option_3", 0, 1000, QUOTE},
    {"option_4", 0, 1000, QUOTE},
    {"option_5", 0, 1000, QUOTE},
    {"option_6", 0, 1000, QUOTE},
    {"target_1", 0, 1000, QUOTE},
    {"target_2", 0, 1000, QUOTE},
    {"target_3", 0, 1000, QUOTE},
    {"target_4", 0, 1000, QUOTE},
    {"target_5", 0, 1000, QUOTE},
    {"key", 0, 2000, COL_FORMULA},
    {"partial", 0, 5, 0},
    {"tolerance", 0, 32, 0},
    {"match", 0, 16, 0},
    {"difficulty", 0, 2, 0},
    {"explanation", 0, 2000, QUOTE},
    {"source", 0, 300, COL_FORMULA},
};

const char *const sample_type_names[SAMPLE_TYPES] = {
    "single_choice", "multiple_choice", "true_false", "matching", "ordering", "numeric", "short_text", "situation",
};

static int span_compare(struct span a, struct span b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int refuse(const struct sample *sample, const char *name, const char *what)
{
    fprintf(stderr, "hocvu: %s/%s: %s\n", sample->dir, name, what);
    return -1;
}

/* `name` must outlive the sample. */
static int read_file(struct sample *sample, const char *name, struct sample_file *ret_file)
{
    char path[1024];
    int n = snprintf(path, sizeof(path), "%s/%s", sample->dir, name);
    FILE *file = n > 0 && n < (int)sizeof(path) ? fopen(path, "re") : NULL;
    if (!file)
        return refuse(sample, name, n >= (int)sizeof(path) ? "the path is too long" : strerror(errno));
    char *text = NULL;
    long size = fseek(file, 0, SEEK_END) ? -1 : ftell(file);
    if (size >= 0 && size <= FILE_MOST && !fseek(file, 0, SEEK_SET))
        text = arena_alloc(&sample->arena, (size_t)size + 1);
    size_t got = text ? fread(text, 1, (size_t)size, file) : 0;
    fclose(file);
    if (!text || got != (size_t)size)
        return refuse(sample, name, "cannot be read, or is larger than 4 MiB");
    *ret_file = (struct sample_file){name, {text, (uint32_t)size}};
    return 0;
}

static int read_rows(struct sample *sample, const struct sample_file *from, const struct table_column *columns,
                     uint32_t n, struct table *ret_rows)
{
    struct import_report report;
    if (csv_read(ret_rows, &sample->arena, columns, n, from->text, ROWS_MOST) ||
        table_report(ret_rows, true, 0, 0, &report))
        return refuse(sample, from->name, "is too large");
    for (uint32_t i = 0; i < report.n_faults; i++) {
        const struct row_fault *fault = &report.faults[i];
        fprintf(stderr, "hocvu: %s/%s line %u, %.*s: %.*s\n", sample->dir, from->name, fault->line, (int)fault->field.n,
                fault->field.p, (int)fault->message_en.n, fault->message_en.p);
    }
    return report.n_faults ? -1 : 0;
}

static int read_json(struct sample *sample, const char *name, const struct msg *desc, void *ret_message)
{
    struct sample_file file;
    struct fault fault;
    if (read_file(sample, name, &file) < 0)
        return -1;
    int code = msg_from_json(desc, ret_message, &sample->arena, file.text, &fault);
    if (!code)
        return 0;
    fprintf(stderr, "hocvu: %s/%s: %s (%s)\n", sample->dir, name, err_find(code)->en, fault.field);
    return -1;
}

/* Above its children in the file, as the import wants it too; so an index is larger than its parent's. */
static uint32_t find_unit(const struct sample_unit *units, uint32_t n, struct span code)
{
    for (uint32_t i = n; i > 0; i--) {
        if (span_equal(units[i - 1].code, code))
            return i - 1;
    }
    return NO_UNIT;
}

static int read_units(struct sample *sample)
{
    struct table rows;
    if (read_file(sample, "units.csv", &sample->units_csv) < 0 ||
        read_rows(sample, &sample->units_csv, unit_columns, U_COLUMNS, &rows) < 0)
        return -1;
    sample->units = arena_alloc(&sample->arena, rows.n_rows * sizeof(*sample->units));
    if (!sample->units)
        return refuse(sample, "units.csv", "is too large");
    for (uint32_t i = 0; i < rows.n_rows; i++) {
        const struct span *cells = rows.rows[i].cells;
        uint32_t parent = cells[U_PARENT].n ? find_unit(sample->units, i, cells[U_PARENT]) : NO_UNIT;
        if (cells[U_PARENT].n && parent == NO_UNIT) {
            fprintf(stderr, "hocvu: %s/units.csv line %u: the unit above, %.*s, does not stand in a line before.\n",
                    sample->dir, rows.rows[i].line, (int)cells[U_PARENT].n, cells[U_PARENT].p);
            return -1;
        }
        sample->units[sample->n_units++] =
            (struct sample_unit){.code = cells[U_CODE], .name = cells[U_NAME], .parent = parent};
    }
    return 0;
}

static int read_officials(struct sample *sample)
{
    struct table rows;
    if (read_file(sample, "roster.csv", &sample->roster_csv) < 0 ||
        read_rows(sample, &sample->roster_csv, official_columns, P_COLUMNS, &rows) < 0)
        return -1;
    sample->officials = arena_alloc(&sample->arena, rows.n_rows * sizeof(*sample->officials));
    if (!sample->officials)
        return refuse(sample, "roster.csv", "is too large");
    for (uint32_t i = 0; i < rows.n_rows; i++) {
        const struct span *cells = rows.rows[i].cells;
        uint32_t unit = sample_unit_find(sample, cells[P_UNIT]);
        if (unit == NO_UNIT) {
            fprintf(stderr, "hocvu: %s/roster.csv line %u: units.csv has no unit %.*s.\n", sample->dir,
                    rows.rows[i].line, (int)cells[P_UNIT].n, cells[P_UNIT].p);
            return -1;
        }
        sample->officials[sample->n_officials++] = (struct sample_official){
            .national_id = cells[P_NATIONAL_ID],
            .full_name = cells[P_NAME],
            .position = cells[P_POSITION],
            .roles = cells[P_ROLES],
            .unit = unit,
            .leader = span_equal(cells[P_LEADER], SPAN("true")),
        };
    }
    return sample->n_officials ? 0 : refuse(sample, "roster.csv", "names nobody");
}

static int read_lessons(struct sample *sample)
{
    const struct sample_programme *programme = &sample->programme;
    sample->lessons = arena_alloc(&sample->arena, programme->n_lessons * sizeof(*sample->lessons));
    for (uint32_t i = 0; i < programme->n_lessons; i++) {
        struct span name;
        if (!sample->lessons || arena_span(&sample->arena, programme->lessons[i].file, &name) < 0)
            return refuse(sample, "lessons", "are too large");
        if (read_file(sample, name.p, &sample->lessons[i]) < 0)
            return -1;
    }
    return 0;
}

static int item_order(const void *a, const void *b)
{
    return span_compare(((const struct sample_item *)a)->stem, ((const struct sample_item *)b)->stem);
}

static bool find_type(struct span name, enum sample_type *ret_type)
{
    for (int i = 0; i < SAMPLE_TYPES; i++) {
        if (span_is(name, sample_type_names[i])) {
            *ret_type = (enum sample_type)i;
            return true;
        }
    }
    return false;
}

/* Cells that follow each other, without gap; returns how many. */
static uint8_t take_texts(const struct span *cells, uint8_t room, struct span *ret_texts)
{
    uint8_t n = 0;
    while (n < room && cells[n].n) {
        ret_texts[n] = cells[n];
        n++;
    }
    return n;
}

/* A number of one digit, 1 to `most`; 0: it is none. */
static uint8_t digit(const char *at, const char *end, uint8_t most)
{
    return at < end && *at >= '1' && *at <= '0' + most ? (uint8_t)(*at - '0') : 0;
}

/* "2", "1,3" or "1-2,2-1", as the files write it: no blanks, each option at most once. */
static bool parse_choices(struct sample_item *item)
{
    const char *at = item->key.p, *end = at + item->key.n;
    bool seen[SAMPLE_OPTIONS + 1] = {false}, pairs = item->type == TYPE_MATCHING;
    while (at < end) {
        uint8_t number = digit(at++, end, item->n_options);
        if (!number || seen[number])
            return false;
        seen[number] = true;
        item->right[item->n_right] = number;
        if (pairs) {
            uint8_t target = at < end && *at == '-' ? digit(at + 1, end, item->n_targets) : 0;
            if (!target)
                return false;
            item->right_target[item->n_right] = target;
            at += 2;
        }
        item->n_right++;
        if (at < end && *at++ != ',')
            return false;
    }
    return item->n_right > 0;
}

static bool parse_number(struct span text, double *ret_number)
{
    char digits[32];
    char *end;
    if (!text.n || text.n >= sizeof(digits))
        return false;
    for (uint32_t i = 0; i < text.n; i++)
        digits[i] = text.p[i] == ',' ? '.' : text.p[i];
    digits[text.n] = '\0';
    *ret_number = strtod(digits, &end);
    return !*end;
}

static bool parse_numeric(struct sample_item *item, struct span tolerance)
{
    bool share = tolerance.n && tolerance.p[tolerance.n - 1] == '%';
    tolerance.n -= share;
    if (!parse_number(item->key, &item->number) || (tolerance.n && !parse_number(tolerance, &item->tolerance)))
        return false;
    if (share)
        item->tolerance *= (item->number < 0 ? -item->number : item->number) / 100;
    return item->tolerance >= 0;
}

/* Is the key what the type needs, so that it can be answered rightly? */
static bool parse_key(struct sample_item *item, struct span tolerance)
{
    switch (item->type) {
    case TYPE_SINGLE_CHOICE:
        return parse_choices(item) && item->n_right == 1;
    case TYPE_MULTIPLE_CHOICE:
        return parse_choices(item);
    case TYPE_MATCHING:
    case TYPE_ORDERING:
        return parse_choices(item) && item->n_right == item->n_options;
    case TYPE_TRUE_FALSE:
        return span_equal(item->key, SPAN("true")) || span_equal(item->key, SPAN("false"));
    case TYPE_NUMERIC:
        return parse_numeric(item, tolerance);
    case TYPE_SHORT_TEXT:
        return item->key.n > 0;
    case TYPE_SITUATION:
        return !item->key.n;
    case SAMPLE_TYPES:
        break;
    }
    return false;
}

static int add_items(struct sample *sample, const struct sample_file *from, uint32_t room)
{
    struct table rows;
    if (read_rows(sample, from, item_columns, I_COLUMNS, &rows) < 0)
        return -1;
    for (uint32_t i = 0; i < rows.n_rows; i++) {
        const struct span *cells = rows.rows[i].cells;
        struct sample_item item = {
            .code = cells[I_CODE],
            .skill_group = cells[I_GROUP],
            .situation = cells[I_SITUATION],
            .stem = cells[I_STEM],
            .key = cells[I_KEY],
            .match = cells[I_MATCH],
            .partial = span_equal(cells[I_PARTIAL], SPAN("true")),
        };
        item.n_options = take_texts(cells + I_OPTION, SAMPLE_OPTIONS, item.option);
        item.n_targets = take_texts(cells + I_TARGET, SAMPLE_TARGETS, item.target);
        const char *fault = sample->n_items == room                 ? "too many items"
                            : !find_type(cells[I_TYPE], &item.type) ? "there is no such type of item"
                            : !parse_key(&item, cells[I_TOLERANCE]) ? "the key does not fit the item"
                                                                    : NULL;
        if (fault) {
            fprintf(stderr, "hocvu: %s/%s line %u: %s.\n", sample->dir, from->name, rows.rows[i].line, fault);
            return -1;
        }
        sample->items[sample->n_items++] = item;
    }
    return 0;
}

/* Every item's situation is there, and every situation has items. */
static int check_situations(const struct sample *sample)
{
    for (uint32_t i = 0; i < sample->n_items; i++) {
        const struct sample_item *item = &sample->items[i];
        bool lost = item->situation.n && !sample_situation_find(sample, item->situation);
        bool empty = item->type == TYPE_SITUATION && !sample_situation_items(sample, item->code);
        if (lost || empty) {
            fprintf(stderr, "hocvu: %s/items: %.*s %s.\n", sample->dir, (int)item->code.n, item->code.p,
                    lost ? "belongs to a situation that is not there" : "is a situation without items");
            return -1;
        }
    }
    return 0;
}

/* The answers are found by their questions, so no two items may ask the same. */
static int read_items(struct sample *sample)
{
    enum { ITEMS_MOST = 5000 };
    const struct sample_framework *framework = &sample->framework;
    sample->banks = arena_alloc(&sample->arena, framework->n_groups * sizeof(*sample->banks));
    sample->items = arena_alloc(&sample->arena, ITEMS_MOST * sizeof(*sample->items));
    for (uint32_t i = 0; i < framework->n_groups; i++) {
        struct span code = framework->groups[i].code;
        const char *name = arena_printf(&sample->arena, "items/%.*s.csv", (int)code.n, code.p);
        if (!sample->banks || !sample->items || !name)
            return refuse(sample, "items", "are too large");
        if (read_file(sample, name, &sample->banks[i]) < 0 || add_items(sample, &sample->banks[i], ITEMS_MOST) < 0)
            return -1;
    }
    qsort(sample->items, sample->n_items, sizeof(*sample->items), item_order);
    for (uint32_t i = 1; i < sample->n_items; i++) {
        const struct sample_item *a = &sample->items[i - 1], *b = &sample->items[i];
        if (span_equal(a->stem, b->stem)) {
            fprintf(stderr, "hocvu: %s/items: %.*s and %.*s ask the same question.\n", sample->dir, (int)a->code.n,
                    a->code.p, (int)b->code.n, b->code.p);
            return -1;
        }
    }
    return check_situations(sample);
}

int sample_read_people(struct sample *sample, const char *dir)
{
    *sample = (struct sample){.dir = dir};
    arena_init(&sample->arena, SAMPLE_ARENA);
    return read_units(sample) < 0 || read_officials(sample) < 0 ? -1 : 0;
}

int sample_read(struct sample *sample, const char *dir)
{
    if (sample_read_people(sample, dir) < 0 ||
        read_json(sample, "framework.json", &msg_sample_framework, &sample->framework) < 0 ||
        read_json(sample, "programme.json", &msg_sample_programme, &sample->programme) < 0 ||
        read_json(sample, "policy.json", &msg_sample_policy, &sample->policy) < 0 || read_lessons(sample) < 0)
        return -1;
    return read_items(sample);
}

void sample_release(struct sample *sample)
{
    arena_release(&sample->arena);
}

uint32_t sample_unit_find(const struct sample *sample, struct span code)
{
    return find_unit(sample->units, sample->n_units, code);
}

bool sample_unit_within(const struct sample *sample, uint32_t unit, uint32_t top)
{
    while (unit != NO_UNIT && unit != top)
        unit = sample->units[unit].parent;
    return unit == top && top != NO_UNIT;
}

bool sample_has_role(const struct sample *sample, const struct sample_official *official, const char *role,
                     uint32_t *ret_unit)
{
    struct span name = {role, (uint32_t)strlen(role)};
    const char *at = official->roles.p, *end = at + official->roles.n;
    while (at < end) {
        const char *word = at;
        while (at < end && *at != ';')
            at++;
        struct span whole = {word, (uint32_t)(at - word)};
        const char *place = memchr(word, '@', whole.n);
        struct span held = {word, place ? (uint32_t)(place - word) : whole.n};
        at++;
        if (!span_equal(held, name))
            continue;
        uint32_t unit = official->unit;
        if (place)
            unit = sample_unit_find(sample, (struct span){place + 1, whole.n - held.n - 1});
        if (unit == NO_UNIT)
            continue;
        if (ret_unit)
            *ret_unit = unit;
        return true;
    }
    return false;
}

const struct sample_official *sample_role_find(const struct sample *sample, const char *role, uint32_t *ret_unit)
{
    for (uint32_t i = 0; i < sample->n_officials; i++) {
        if (sample_has_role(sample, &sample->officials[i], role, ret_unit))
            return &sample->officials[i];
    }
    return NULL;
}

const struct sample_item *sample_item_find(const struct sample *sample, struct span stem)
{
    struct sample_item wanted = {.stem = stem};
    return bsearch(&wanted, sample->items, sample->n_items, sizeof(*sample->items), item_order);
}

const struct sample_item *sample_situation_find(const struct sample *sample, struct span code)
{
    for (uint32_t i = 0; i < sample->n_items; i++) {
        if (sample->items[i].type == TYPE_SITUATION && span_equal(sample->items[i].code, code))
            return &sample->items[i];
    }
    return NULL;
}

uint32_t sample_situation_items(const struct sample *sample, struct span code)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < sample->n_items; i++)
        n += span_equal(sample->items[i].situation, code);
    return n;
}
