/*
 * tree.c - the organisation tree through all times, in memory.
 *
 * A unit is found by code and by id through two hash tables, keyed at random because codes come from files.
 */
#include "tree.h"
#include "service.h"
#include <sodium.h>

static const struct {
    const char *kind;
    const char *parents; /* kinds that may stand above, between blanks */
} kinds[] = {
    {"nation", ""},
    {"ministry", " nation "},
    {"province", " nation "},
    {"commune", " province "},
    {"department", " ministry province commune department "},
    {"unit", " ministry province commune department unit "},
};

bool tree_kind_known(struct span kind)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (span_is(kind, kinds[i].kind))
            return true;
    }
    return false;
}

static bool kind_fits(struct span kind, struct span parent)
{
    char word[32];
    snprintf(word, sizeof(word), " %.*s ", (int)parent.n, parent.p);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (span_is(kind, kinds[i].kind))
            return strstr(kinds[i].parents, word) != NULL;
    }
    return false;
}

static uint32_t slot_of(const struct tree *tree, const void *p, size_t n)
{
    unsigned char hash[crypto_shorthash_BYTES];
    uint32_t slot;
    crypto_shorthash(hash, p, n, tree->key);
    memcpy(&slot, hash, sizeof(slot));
    return slot & tree->mask;
}

struct tree_unit *tree_find(const struct tree *tree, struct span code)
{
    for (uint32_t s = slot_of(tree, code.p, code.n); tree->by_code[s]; s = (s + 1) & tree->mask) {
        const struct tree_code *known = &tree->codes[tree->by_code[s] - 1];
        if (span_equal(known->code, code))
            return &tree->units[known->unit];
    }
    return NULL;
}

static struct tree_unit *find_id(const struct tree *tree, const struct uuid *id)
{
    for (uint32_t s = slot_of(tree, id->b, sizeof(id->b)); tree->by_id[s]; s = (s + 1) & tree->mask) {
        struct tree_unit *unit = &tree->units[tree->by_id[s] - 1];
        if (uuid_equal(&unit->id, id))
            return unit;
    }
    return NULL;
}

void tree_add_code(struct tree *tree, const struct tree_unit *unit, struct span code)
{
    uint32_t s = slot_of(tree, code.p, code.n);
    while (tree->by_code[s])
        s = (s + 1) & tree->mask;
    tree->codes[tree->n_codes++] = (struct tree_code){code, (uint32_t)(unit - tree->units)};
    tree->by_code[s] = tree->n_codes;
}

static struct tree_unit *add(struct tree *tree, struct uuid id, struct span code)
{
    struct tree_unit *unit = &tree->units[tree->n_units++];
    *unit = (struct tree_unit){.id = id, .code = code};
    tree_add_code(tree, unit, code);
    uint32_t s = slot_of(tree, id.b, sizeof(id.b));
    while (tree->by_id[s])
        s = (s + 1) & tree->mask;
    tree->by_id[s] = tree->n_units;
    return unit;
}

int tree_init(struct tree *tree, struct arena *arena, const struct unit_fact *stored, uint32_t n_stored, uint32_t more,
              const struct uuid *tops, uint32_t n_tops)
{
    uint32_t most = n_stored + more, slots = 16;
    while (slots < 2 * most)
        slots *= 2;
    *tree = (struct tree){.arena = arena, .mask = slots - 1, .tops = tops, .n_tops = n_tops};
    randombytes_buf(tree->key, sizeof(tree->key));
    tree->units = arena_alloc(arena, most * sizeof(struct tree_unit));
    tree->by_code = arena_alloc(arena, slots * sizeof(uint32_t));
    tree->by_id = arena_alloc(arena, slots * sizeof(uint32_t));
    tree->codes = arena_alloc(arena, most * sizeof(struct tree_code));
    if (!tree->units || !tree->codes || !tree->by_code || !tree->by_id)
        return -1;
    struct tree_unit *unit = NULL;
    for (uint32_t i = 0; i < n_stored; i++) {
        if (!unit || !uuid_equal(&unit->id, &stored[i].unit_id)) {
            unit = add(tree, stored[i].unit_id, stored[i].code);
            unit->stored = &stored[i];
        }
        unit->n_stored++;
        if (tree_find(tree, stored[i].code) != unit)
            tree_add_code(tree, unit, stored[i].code);
    }
    return 0;
}

struct tree_unit *tree_mention(struct tree *tree, struct span code)
{
    struct tree_unit *unit = tree_find(tree, code);
    if (!unit)
        unit = add(tree, uuid7(), code);
    unit->n_rows++;
    return unit;
}

static struct tree_version stored_version(const struct tree *tree, const struct unit_fact *fact)
{
    return (struct tree_version){
        .from = fact->valid_from,
        .to = HAS(fact, unit_fact, valid_to) ? fact->valid_to : TREE_OPEN,
        .parent = HAS(fact, unit_fact, parent_id) ? find_id(tree, &fact->parent_id) : NULL,
        .code = fact->code,
        .official_kind = HAS(fact, unit_fact, official_kind) ? fact->official_kind : SPAN(""),
        .kind = fact->kind,
        .name = fact->name,
        .name_en = HAS(fact, unit_fact, name_en) ? fact->name_en : SPAN(""),
        .decree = HAS(fact, unit_fact, decree_id) ? &fact->decree_id : NULL,
    };
}

/* Room for `n` versions; what was there stays. -1: the arena is full. */
static int make_room(const struct tree *tree, struct tree_unit *unit, uint32_t n)
{
    if (unit->versions && n <= unit->most_versions)
        return 0;
    struct tree_version *versions = arena_alloc(tree->arena, (n + 2) * sizeof(*versions));
    if (!versions)
        return -1;
    if (unit->n_versions)
        memcpy(versions, unit->versions, unit->n_versions * sizeof(*versions));
    unit->versions = versions;
    unit->most_versions = n + 2;
    return 0;
}

int tree_reset(struct tree *tree)
{
    for (uint32_t i = 0; i < tree->n_units; i++) {
        struct tree_unit *unit = &tree->units[i];
        if (unit->versions && unit->n_rows == 0)
            continue; /* nobody has touched it */
        if (!unit->versions && make_room(tree, unit, unit->n_stored + unit->n_rows) < 0)
            return -1;
        for (uint32_t v = 0; v < unit->n_stored; v++)
            unit->versions[v] = stored_version(tree, &unit->stored[v]);
        unit->n_versions = unit->n_stored;
    }
    return 0;
}

struct tree_version *tree_version_on(const struct tree_unit *unit, int32_t day)
{
    for (uint32_t i = 0; i < unit->n_versions; i++) {
        if (unit->versions[i].from <= day && day < unit->versions[i].to)
            return &unit->versions[i];
    }
    return NULL;
}

struct tree_version *tree_insert(const struct tree *tree, struct tree_unit *unit, const struct tree_version *version)
{
    uint32_t at = 0;
    if (make_room(tree, unit, unit->n_versions + 1) < 0)
        return NULL;
    while (at < unit->n_versions && unit->versions[at].from < version->from)
        at++;
    memmove(&unit->versions[at + 1], &unit->versions[at], (unit->n_versions - at) * sizeof(*version));
    unit->versions[at] = *version;
    unit->n_versions++;
    return &unit->versions[at];
}

/* The day on which the first version after this day begins. */
static int32_t next_begin(const struct tree_unit *unit, int32_t day)
{
    for (uint32_t i = 0; i < unit->n_versions; i++) {
        if (unit->versions[i].from > day)
            return unit->versions[i].from;
    }
    return TREE_OPEN;
}

enum tree_change tree_put(const struct tree *tree, struct tree_unit *unit, const struct tree_version *version)
{
    struct tree_version *now = tree_version_on(unit, version->from), next = *version;
    bool first = unit->n_stored == 0 && unit->n_versions == 0;
    next.differs = true;
    if (!next.code.n)
        next.code = now ? now->code : unit->n_versions ? unit->versions[0].code : unit->code;
    if (!next.official_kind.n && now)
        next.official_kind = now->official_kind;
    if (now && now->parent == next.parent && span_equal(now->kind, next.kind) && span_equal(now->name, next.name) &&
        span_equal(now->name_en, next.name_en) && span_equal(now->official_kind, next.official_kind) &&
        span_equal(now->code, next.code))
        return TREE_SAME;
    if (now && now->from == version->from) {
        next.to = now->to;
        next.decree = version->decree ? version->decree : now->decree;
        *now = next;
        return TREE_CHANGED;
    }
    next.to = now ? now->to : next_begin(unit, version->from);
    if (now) {
        now->to = version->from;
        now->differs = true;
    }
    if (!tree_insert(tree, unit, &next))
        return TREE_FULL;
    return first ? TREE_NEW : TREE_CHANGED;
}

/* One look upwards from `unit` during [lo, hi), splitting where a version begins. */
static enum tree_fault walk(const struct tree_unit *origin, const struct tree_unit *unit, int32_t lo, int32_t hi,
                            uint32_t depth)
{
    if (depth > TREE_MAX_DEPTH)
        return TREE_DEEP;
    if (!tree_version_on(unit, lo))
        return TREE_NO_PARENT;
    for (uint32_t i = 0; i < unit->n_versions; i++) {
        const struct tree_version *v = &unit->versions[i];
        int32_t from = v->from > lo ? v->from : lo, to = v->to < hi ? v->to : hi;
        if (from >= to || !v->parent)
            continue;
        enum tree_fault fault = v->parent == origin ? TREE_CYCLE : walk(origin, v->parent, from, to, depth + 1);
        if (fault)
            return fault;
    }
    return TREE_FINE;
}

/* The same way up, looking for a row at fault. */
static bool meets_fault(const struct tree_unit *unit, int32_t lo, int32_t hi, uint32_t depth)
{
    for (uint32_t i = 0; unit && depth <= TREE_MAX_DEPTH && i < unit->n_versions; i++) {
        const struct tree_version *v = &unit->versions[i];
        int32_t from = v->from > lo ? v->from : lo, to = v->to < hi ? v->to : hi;
        if (from < to && ((v->faulty && *v->faulty) || meets_fault(v->parent, from, to, depth + 1)))
            return true;
    }
    return false;
}

bool tree_leans(const struct tree_unit *unit, int32_t from)
{
    const struct tree_version *v = tree_version_on(unit, from);
    return v && meets_fault(v->parent, v->from, v->to, 1);
}

/* Does the way up from `unit` on that day meet a top of the caller's? */
static bool in_scope(const struct tree *tree, const struct tree_unit *unit, int32_t day)
{
    for (uint32_t depth = 0; unit && depth <= TREE_MAX_DEPTH; depth++) {
        for (uint32_t i = 0; i < tree->n_tops; i++) {
            if (uuid_equal(&unit->id, &tree->tops[i]))
                return true;
        }
        const struct tree_version *v = tree_version_on(unit, day);
        unit = v ? v->parent : NULL;
    }
    return false;
}

/* The same, by what is stored, at the unit's last version: who may change a unit is not the file's to say. */
bool tree_owned(const struct tree *tree, const struct tree_unit *unit)
{
    if (!unit->n_stored)
        return false;
    int32_t day = unit->stored[unit->n_stored - 1].valid_from;
    for (uint32_t depth = 0; unit && depth <= TREE_MAX_DEPTH; depth++) {
        for (uint32_t i = 0; i < tree->n_tops; i++) {
            if (uuid_equal(&unit->id, &tree->tops[i]))
                return true;
        }
        const struct tree_unit *parent = NULL;
        for (uint32_t i = 0; i < unit->n_stored; i++) {
            const struct unit_fact *fact = &unit->stored[i];
            if (fact->valid_from <= day && HAS(fact, unit_fact, parent_id))
                parent = find_id(tree, &fact->parent_id);
        }
        unit = parent;
    }
    return false;
}

enum tree_fault tree_check(const struct tree *tree, struct tree_unit *unit, int32_t from)
{
    const struct tree_version *v = tree_version_on(unit, from);
    if (!v || (unit->n_stored && !tree_owned(tree, unit)))
        return TREE_OUTSIDE;
    if (!v->parent) /* the nation: one that is there already, and the caller's */
        return unit->n_stored && !HAS(unit->stored, unit_fact, parent_id) ? TREE_FINE : TREE_OUTSIDE;
    if (v->parent == unit)
        return TREE_CYCLE;
    const struct tree_version *above = tree_version_on(v->parent, from);
    if (!above)
        return TREE_NO_PARENT;
    if (!kind_fits(v->kind, above->kind))
        return TREE_KIND;
    enum tree_fault fault = walk(unit, v->parent, v->from, v->to, 1);
    if (fault)
        return fault;
    return in_scope(tree, v->parent, from) ? TREE_FINE : TREE_OUTSIDE;
}

static struct unit_fact fact_of(const struct tree_unit *unit, const struct tree_version *v)
{
    struct unit_fact fact = {.unit_id = unit->id, .code = unit->code};
    if (!v)
        return fact;
    fact.code = v->code;
    fact.kind = v->kind;
    fact.name = v->name;
    if (v->official_kind.n)
        PUT_FIELD(&fact, unit_fact, official_kind, v->official_kind);
    if (v->decree)
        PUT_FIELD(&fact, unit_fact, decree_id, *v->decree);
    fact.valid_from = v->from;
    if (v->parent)
        PUT_FIELD(&fact, unit_fact, parent_id, v->parent->id);
    if (v->name_en.n)
        PUT_FIELD(&fact, unit_fact, name_en, v->name_en);
    if (v->to != TREE_OPEN)
        PUT_FIELD(&fact, unit_fact, valid_to, v->to);
    return fact;
}

int tree_changes(const struct tree *tree, struct unit_fact **ret_units, uint32_t *ret_n_units,
                 struct unit_fact **ret_versions, uint32_t *ret_n_versions)
{
    uint32_t n_units = 0, n_versions = 0;
    for (uint32_t i = 0; i < tree->n_units; i++) {
        const struct tree_unit *unit = &tree->units[i];
        n_units += unit->n_stored == 0 && unit->n_versions > 0;
        for (uint32_t v = 0; v < unit->n_versions; v++)
            n_versions += unit->versions[v].differs;
    }
    struct unit_fact *units = arena_alloc(tree->arena, n_units * sizeof(*units));
    struct unit_fact *versions = arena_alloc(tree->arena, n_versions * sizeof(*versions));
    if (!units || !versions)
        return -1;
    n_units = n_versions = 0;
    for (uint32_t i = 0; i < tree->n_units; i++) {
        const struct tree_unit *unit = &tree->units[i];
        if (unit->n_stored == 0 && unit->n_versions > 0)
            units[n_units++] = fact_of(unit, NULL);
        for (uint32_t v = 0; v < unit->n_versions; v++) {
            if (unit->versions[v].differs)
                versions[n_versions++] = fact_of(unit, &unit->versions[v]);
        }
    }
    *ret_units = units;
    *ret_n_units = n_units;
    *ret_versions = versions;
    *ret_n_versions = n_versions;
    return 0;
}
