/* item_store.c - see item_store.h. */
#include "item_store.h"
#include "sql.h"

enum { SEPARATOR = 0x1f };

static int order_of(struct span a, struct span b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static struct span text_span(const char *text)
{
    return (struct span){text, (uint32_t)strlen(text)};
}

/* Texts between separators. Returns -1 when the arena is full. */
static int join(struct arena *arena, const struct span *texts, uint8_t n, struct span *ret_text)
{
    uint32_t size = 0;
    for (uint8_t i = 0; i < n; i++)
        size += texts[i].n + 1;
    char *p = arena_alloc(arena, size);
    uint32_t used = 0;
    if (!p)
        return -1;
    for (uint8_t i = 0; i < n; i++) {
        if (i)
            p[used++] = SEPARATOR;
        memcpy(p + used, texts[i].p, texts[i].n);
        used += texts[i].n;
    }
    *ret_text = (struct span){p, used};
    return 0;
}

/* The row of an item that is checked. Returns -1 when the arena is full. */
static int fill_row(struct ctx *ctx, struct item *item, struct item_row *row)
{
    const struct assessment_conf *conf = ctx->conf;
    char *digest = arena_alloc(ctx->arena, ITEM_DIGEST);
    if (!digest)
        return -1;
    item_arrange(conf->key, item);
    row->code = item->code;
    row->type = text_span(item_type_name(item->type));
    row->skill_group = item->skill_group;
    row->level = item->level;
    row->pool = item->pool;
    row->stem = item->stem;
    row->difficulty = item->difficulty;
    row->partial = item->partial;
    row->explanation = item->explanation;
    row->digest = (struct span){digest, ITEM_DIGEST};
    if (item->situation.n)
        PUT_FIELD(row, item_row, situation, item->situation);
    if (item->source.n)
        PUT_FIELD(row, item_row, source, item->source);
    if (item->tolerance.n)
        PUT_FIELD(row, item_row, tolerance, item->tolerance);
    if (item->match.n)
        PUT_FIELD(row, item_row, match, item->match);
    if (item_digest(ctx->arena, conf->key, item, (uint8_t *)digest) || item_key_text(ctx->arena, item, &row->key) ||
        join(ctx->arena, item->positions, item->n_positions, &row->positions) ||
        join(ctx->arena, item->choices, item->n_choices, &row->choices) ||
        join(ctx->arena, item->targets, item->n_targets, &row->targets))
        return -1;
    return 0;
}

int item_entry(struct ctx *ctx, struct uuid bank_id, const struct item_source *source, struct item_entry *ret_entry)
{
    struct item item;
    struct item_entry entry = {.row = {.version_id = source->version_id, .bank_id = bank_id}};
    int code = item_check(ctx->arena, source, &item, &entry.fault);
    if (code == ERR_TOO_LARGE || (!code && fill_row(ctx, &item, &entry.row)))
        return fail(ctx, ERR_TOO_LARGE, "code");
    if (code)
        entry.outcome = OUTCOME_REFUSED;
    *ret_entry = entry;
    return 0;
}

int bank_change(struct ctx *ctx, struct uuid bank_id)
{
    struct bank_ref ref = {.bank_id = bank_id};
    if (!ctx->n_scope)
        return fail(ctx, ERR_FORBIDDEN, "");
    int code = pg_begin(ctx);
    return code ? code : pg_call(ctx, &SQL_bank_lock, &ref, NULL);
}

/* What the bank and the file have, to look codes up in; each sorted. */
struct known {
    struct group_code *groups;
    uint32_t n_groups;
    struct item_found *found; /* the newest version of each code */
    uint32_t n_found;
    struct span *situations; /* of the entries */
    uint32_t n_situations;
};

static int by_code(const void *key, const void *found)
{
    return order_of(*(const struct span *)key, ((const struct item_found *)found)->code);
}

static int by_text(const void *a, const void *b)
{
    return order_of(*(const struct span *)a, *(const struct span *)b);
}

static bool is_situation(struct span type)
{
    return span_equal(type, SPAN("situation"));
}

static const struct item_found *find(const struct known *known, struct span code)
{
    return known->n_found ? bsearch(&code, known->found, known->n_found, sizeof(known->found[0]), by_code) : NULL;
}

/* Asks the bank for every code that the entries name. */
static int look_up(struct ctx *ctx, struct uuid bank_id, const struct item_entry *entries, uint32_t n,
                   struct known *ret_known)
{
    struct bank_ref ref = {.bank_id = bank_id};
    struct known known = {0};
    struct item_seek *seek = arena_alloc(ctx->arena, 2 * (size_t)n * sizeof(*seek));
    known.situations = arena_alloc(ctx->arena, n * sizeof(struct span));
    uint32_t n_seek = 0;
    if (!seek || !known.situations)
        return fail(ctx, ERR_TOO_LARGE, "code");
    for (uint32_t i = 0; i < n; i++) {
        const struct item_row *row = &entries[i].row;
        if (entries[i].outcome == OUTCOME_REFUSED)
            continue;
        seek[n_seek++] = (struct item_seek){.bank_id = bank_id, .code = row->code};
        if (HAS(row, item_row, situation))
            seek[n_seek++] = (struct item_seek){.bank_id = bank_id, .code = row->situation};
    }
    int code = pg_list(ctx, &SQL_bank_groups, &ref, BANK_GROUPS, &known.groups, &known.n_groups);
    if (!code && n_seek)
        code = pg_bulk(ctx, &SQL_items_newest, seek, n_seek, n_seek, &known.found, &known.n_found);
    if (!code)
        *ret_known = known;
    return code;
}

static void refuse(struct item_entry *entry, int code, const char *field, const char *vi, const char *en)
{
    entry->outcome = OUTCOME_REFUSED;
    entry->fault = (struct item_fault){code, field, 0, vi, en};
}

static bool group_known(const struct known *known, struct span group)
{
    for (uint32_t i = 0; i < known->n_groups; i++) {
        if (span_equal(known->groups[i].code, group))
            return true;
    }
    return false;
}

static bool situation_known(const struct known *known, struct span code)
{
    const struct item_found *found = find(known, code);
    return (found && is_situation(found->type)) ||
           (known->n_situations &&
            bsearch(&code, known->situations, known->n_situations, sizeof(struct span), by_text));
}

/* Decides what becomes of one entry. */
static void judge(const struct known *known, bool revive, struct item_entry *entry)
{
    struct item_row *row = &entry->row;
    const struct item_found *found = find(known, row->code);
    bool retired = found && span_equal(found->state, SPAN("retired"));
    if (!group_known(known, row->skill_group)) {
        refuse(entry, ERR_INVALID, "skill_group", "Dùng mã nhóm kỹ năng có trong khung của ngân hàng này.",
               "Use the code of a skill group in the framework of this bank.");
    } else if (HAS(row, item_row, situation) && !situation_known(known, row->situation)) {
        refuse(entry, ERR_INVALID, "situation", "Không có tình huống mang mã này trong ngân hàng hoặc trong tệp.",
               "Neither the bank nor the file has a situation with this code.");
    } else if (found && is_situation(found->type) != is_situation(row->type)) {
        refuse(entry, ERR_INVALID, "type", "Tình huống và câu hỏi không đổi loại cho nhau được. Hãy dùng mã khác.",
               "A situation cannot become a question, nor the other way round. Use another code.");
    } else if (found && span_equal(found->digest, row->digest) && !(revive && retired) && !found->outdated) {
        entry->outcome = OUTCOME_UNCHANGED;
        row->version_id = found->version_id;
        row->version = found->version;
    } else if (found && span_equal(found->state, SPAN("review"))) {
        refuse(entry, ERR_STATE, "code", "Câu hỏi này đang chờ duyệt. Hãy đợi kết quả duyệt hoặc xin trả lại rồi sửa.",
               "This item waits for a reviewer. Wait for the decision, or have it sent back first.");
    } else if (found && span_equal(found->state, SPAN("draft"))) {
        entry->outcome = OUTCOME_CHANGED;
        row->version_id = found->version_id;
        row->version = found->version;
    } else {
        entry->outcome = found ? OUTCOME_CHANGED : OUTCOME_CREATED;
        row->version = found ? found->version + 1 : 1;
    }
}

int items_compare(struct ctx *ctx, struct uuid bank_id, bool revive, struct item_entry *entries, uint32_t n)
{
    struct known known;
    int code = look_up(ctx, bank_id, entries, n, &known);
    if (code)
        return code;
    /* Situations first, so that an item knows whether the one it names is taken. */
    for (uint32_t i = 0; i < n; i++) {
        struct item_entry *entry = &entries[i];
        if (entry->outcome == OUTCOME_REFUSED || !is_situation(entry->row.type))
            continue;
        judge(&known, revive, entry);
        if (entry->outcome != OUTCOME_REFUSED)
            known.situations[known.n_situations++] = entry->row.code;
    }
    if (known.n_situations)
        qsort(known.situations, known.n_situations, sizeof(struct span), by_text);
    for (uint32_t i = 0; i < n; i++) {
        if (entries[i].outcome != OUTCOME_REFUSED && !is_situation(entries[i].row.type))
            judge(&known, revive, &entries[i]);
    }
    return 0;
}

int items_write(struct ctx *ctx, const struct item_entry *entries, uint32_t n)
{
    struct item_row *rows = arena_alloc(ctx->arena, n * sizeof(*rows));
    uint32_t n_rows = 0;
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, "code");
    for (uint32_t i = 0; i < n; i++) {
        if (entries[i].outcome == OUTCOME_CREATED || entries[i].outcome == OUTCOME_CHANGED)
            rows[n_rows++] = entries[i].row;
    }
    int code = n_rows ? pg_bulk(ctx, &SQL_items_store, rows, n_rows, 0, NULL, NULL) : 0;
    if (!code && n_rows)
        code = pg_bulk(ctx, &SQL_keys_store, rows, n_rows, 0, NULL, NULL);
    return code;
}

/* A stored list as choices with their numbers. Returns -1 when the arena is full. */
static int split(struct arena *arena, struct span text, struct choice **ret_choices, uint32_t *ret_n)
{
    struct choice *choices = arena_alloc(arena, ITEM_CHOICES * sizeof(*choices));
    uint32_t n = 0;
    if (!choices)
        return -1;
    while (text.n && n < ITEM_CHOICES) {
        const char *end = memchr(text.p, SEPARATOR, text.n);
        uint32_t length = end ? (uint32_t)(end - text.p) : text.n;
        choices[n] = (struct choice){.number = (uint8_t)(n + 1), .text = {text.p, length}};
        n++;
        text = end ? (struct span){end + 1, text.n - length - 1} : (struct span){"", 0};
    }
    *ret_choices = choices;
    *ret_n = n;
    return 0;
}

int item_unpack(struct ctx *ctx, const struct item_full *full, struct item_source *ret_source)
{
    struct item_source source = {
        .version_id = full->version_id,
        .bank_id = full->bank_id,
        .code = full->code,
        .type = full->type,
        .skill_group = full->skill_group,
        .level = full->level,
        .stem = full->stem,
    };
    if (split(ctx->arena, full->choices, &source.choices, &source.n_choices) ||
        split(ctx->arena, full->targets, &source.targets, &source.n_targets))
        return fail(ctx, ERR_TOO_LARGE, "items");
    PUT_FIELD(&source, item_source, pool, full->pool);
    PUT_FIELD(&source, item_source, difficulty, full->difficulty);
    PUT_FIELD(&source, item_source, version, full->version);
    PUT_FIELD(&source, item_source, state, full->state);
    PUT_FIELD(&source, item_source, author_id, full->author_id);
    if (full->positions.n)
        PUT_FIELD(&source, item_source, positions, full->positions);
#define COPY(field)                                                                                                    \
    if (HAS(full, item_full, field))                                                                                   \
    PUT_FIELD(&source, item_source, field, full->field)
    COPY(situation);
    COPY(key);
    COPY(partial);
    COPY(tolerance);
    COPY(match);
    COPY(explanation);
    COPY(source);
    COPY(reviewer_id);
    COPY(comment);
#undef COPY
    *ret_source = source;
    return 0;
}

int item_state_check(struct ctx *ctx, const struct span *state)
{
    static const struct span states[] = {{"draft", 5}, {"review", 6}, {"live", 4}, {"retired", 7}};
    for (size_t i = 0; state && i < sizeof(states) / sizeof(states[0]); i++) {
        if (span_equal(*state, states[i]))
            return 0;
    }
    return state ? fail(ctx, ERR_INVALID, "state") : 0;
}
