/* assemble_set.c - units, and the form in the making. */
#include "assemble_set.h"
#include <stdlib.h>
#include <string.h>

static int compare(struct span a, struct span b)
{
    uint32_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static bool same(struct span a, struct span b)
{
    return a.n == b.n && !compare(a, b);
}

/* Does the list `positions`, separated by |, have this one? An empty list is for all. */
static bool for_position(struct span positions, struct span position)
{
    struct span rest = positions;
    while (rest.n) {
        const char *bar = memchr(rest.p, '|', rest.n);
        uint32_t n = bar ? (uint32_t)(bar - rest.p) : rest.n;
        if (same((struct span){rest.p, n}, position))
            return true;
        n += bar ? 1 : 0;
        rest = (struct span){rest.p + n, rest.n - n};
    }
    return !positions.n;
}

static bool fills(const struct drawn_item *item, const struct quota *quota)
{
    struct span pool = HAS(quota, quota, pool) ? quota->pool : SPAN("main");
    return same(item->skill_group, quota->skill_group) && same(item->pool, pool) &&
           (!HAS(quota, quota, level) || item->level == quota->level) &&
           (!HAS(quota, quota, position) || for_position(item->positions, quota->position));
}

/* A name by which enemies or members call a unit. */
struct name {
    struct span code;
    uint32_t index;
};

static int by_code(const void *left, const void *right)
{
    const struct name *a = left, *b = right;
    int order = compare(a->code, b->code);
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

static const struct name *find(const struct name *names, uint32_t n, struct span code)
{
    struct name wanted = {code, 0};
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (by_code(&names[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && same(names[low].code, code) ? &names[low] : NULL;
}

/*
 * Items become units: first those of situations, then the single ones; by code, so that the same bank gives the same
 * units in whatever order it was read. `situations` gets the name of each situation's unit.
 */
static void make_units(struct assembly *a, struct name *names, struct name *situations, uint32_t *ret_situations)
{
    const struct assemble_job *job = a->job;
    uint32_t n = 0, n_members = 0;
    for (uint32_t i = 0; i < job->n_items; i++) {
        if (HAS(&job->items[i], drawn_item, situation))
            names[n++] = (struct name){job->items[i].code, i};
    }
    if (n)
        qsort(names, n, sizeof(*names), by_code);
    for (uint32_t k = 0; k < n; k++)
        situations[k] = (struct name){job->items[names[k].index].situation, k};
    if (n)
        qsort(situations, n, sizeof(*situations), by_code);
    uint32_t n_situations = 0;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t item = names[situations[k].index].index;
        if (!k || !same(situations[n_situations - 1].code, situations[k].code)) {
            a->units[a->n_units] = (struct unit){.first = n_members};
            situations[n_situations++] = (struct name){situations[k].code, a->n_units++};
        }
        a->members[n_members++] = item;
        a->units[a->n_units - 1].n++;
        a->unit_of[item] = a->n_units - 1;
    }
    for (uint32_t i = n = 0; i < job->n_items; i++)
        names[n++] = (struct name){job->items[i].code, i};
    if (n)
        qsort(names, n, sizeof(*names), by_code);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t item = names[k].index;
        if (HAS(&job->items[item], drawn_item, situation))
            continue;
        a->units[a->n_units] = (struct unit){.first = n_members, .n = 1};
        a->members[n_members++] = item;
        a->unit_of[item] = a->n_units++;
    }
    *ret_situations = n_situations;
}

/* The unit that this code means: an item, or a situation. n_units: none that is live. */
static uint32_t unit_named(const struct assembly *a, const struct name *names, const struct name *situations,
                           uint32_t n_situations, struct span code)
{
    const struct name *found = find(names, a->job->n_items, code);
    if (found)
        return a->unit_of[found->index];
    found = find(situations, n_situations, code);
    return found ? found->index : a->n_units;
}

/* Writes down who excludes whom, both ways. */
static int make_enemies(struct assembly *a, const struct name *names, const struct name *situations,
                        uint32_t n_situations, struct arena *arena)
{
    uint32_t n = a->job->n_enemies;
    uint32_t(*pairs)[2] = arena_alloc(arena, n * sizeof(*pairs));
    a->foes = arena_alloc(arena, 2 * n * sizeof(*a->foes));
    if (!pairs || !a->foes)
        return -1;
    uint32_t n_pairs = 0;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t left = unit_named(a, names, situations, n_situations, a->job->enemies[k].a);
        uint32_t right = unit_named(a, names, situations, n_situations, a->job->enemies[k].b);
        if (left == a->n_units || right == a->n_units)
            continue;
        if (left == right) {
            a->units[left].torn = true;
            continue;
        }
        pairs[n_pairs][0] = left;
        pairs[n_pairs++][1] = right;
        a->units[left].n_enemies++;
        a->units[right].n_enemies++;
    }
    for (uint32_t u = 0, first = 0; u < a->n_units; u++) {
        a->units[u].enemies_first = first;
        first += a->units[u].n_enemies;
        a->units[u].n_enemies = 0;
    }
    for (uint32_t k = 0; k < n_pairs; k++) {
        for (int side = 0; side < 2; side++) {
            struct unit *unit = &a->units[pairs[k][side]];
            a->foes[unit->enemies_first + unit->n_enemies++] = pairs[k][1 - side];
        }
    }
    return 0;
}

int assembly_init(struct assembly *a, const struct assemble_job *job, struct arena *arena)
{
    uint32_t n = job->n_items, n_situations = 0;
    *a = (struct assembly){.job = job, .most = UINT32_MAX};
    struct name *names = arena_alloc(arena, n * sizeof(*names));
    struct name *situations = arena_alloc(arena, n * sizeof(*situations));
    a->quotas = arena_alloc(arena, n * sizeof(*a->quotas));
    a->unit_of = arena_alloc(arena, n * sizeof(*a->unit_of));
    a->members = arena_alloc(arena, n * sizeof(*a->members));
    a->units = arena_alloc(arena, n * sizeof(*a->units));
    a->taken = arena_alloc(arena, n * sizeof(*a->taken));
    a->blocked = arena_alloc(arena, n * sizeof(*a->blocked));
    if (!names || !situations || !a->quotas || !a->unit_of || !a->members || !a->units || !a->taken || !a->blocked)
        return -1;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t q = 0; q < job->n_quotas; q++) {
            if (fills(&job->items[i], &job->quotas[q]))
                a->quotas[i] |= UINT64_C(1) << q;
        }
    }
    make_units(a, names, situations, &n_situations);
    for (uint32_t u = 0; u < a->n_units; u++) {
        struct unit *unit = &a->units[u];
        unit->fits = unit->n <= ASSEMBLE_ITEMS;
        for (uint32_t k = 0; k < unit->n; k++)
            unit->fits = unit->fits && a->quotas[a->members[unit->first + k]];
    }
    return make_enemies(a, names, situations, n_situations, arena);
}

void assembly_clear(struct assembly *a)
{
    memset(a->taken, 0, a->n_units * sizeof(*a->taken));
    memset(a->blocked, 0, a->n_units * sizeof(*a->blocked));
    a->n = a->n_left = 0;
    a->tight = 0;
    for (uint32_t q = 0; q < a->job->n_quotas; q++) {
        a->left[q] = a->job->quotas[q].items;
        a->n_left += a->left[q];
    }
}

/*
 * Looks for a quota with room, breadth first: those of the item, then those to which an item that fills one of them
 * could move. On the way back each of these items moves by one.
 */
bool assembly_place(struct assembly *a, uint32_t item)
{
    uint8_t queue[ASSEMBLE_QUOTAS], n = 0;
    int16_t mover[ASSEMBLE_QUOTAS]; /* slot whose item would move into this quota; -1: the new item */
    uint64_t seen = a->quotas[item];
    if (!(seen & ~a->tight))
        return false;
    for (uint64_t rest = seen; rest; rest &= rest - 1) {
        queue[n] = (uint8_t)__builtin_ctzll(rest);
        mover[queue[n++]] = -1;
    }
    for (uint8_t k = 0; k < n; k++) {
        uint8_t q = queue[k];
        if (a->left[q]) {
            a->left[q]--;
            for (; mover[q] >= 0;) {
                uint8_t freed = a->quota[mover[q]];
                a->quota[mover[q]] = q;
                q = freed;
            }
            a->item[a->n] = item;
            a->quota[a->n++] = q;
            a->n_left--;
            return true;
        }
        for (uint32_t s = 0; s < a->n; s++) {
            if (a->quota[s] != q)
                continue;
            for (uint64_t rest = a->quotas[a->item[s]] & ~seen; rest; rest &= rest - 1) {
                queue[n] = (uint8_t)__builtin_ctzll(rest);
                mover[queue[n++]] = (int16_t)s;
            }
            seen |= a->quotas[a->item[s]];
        }
    }
    a->tight |= seen;
    return false;
}

static void count_foes(struct assembly *a, const struct unit *unit, int by)
{
    for (uint32_t k = 0; k < unit->n_enemies && !a->ignore_foes; k++)
        a->blocked[a->foes[unit->enemies_first + k]] = (uint16_t)(a->blocked[a->foes[unit->enemies_first + k]] + by);
}

bool assembly_take(struct assembly *a, uint32_t u)
{
    const struct unit *unit = &a->units[u];
    if (a->taken[u] || a->blocked[u] || !unit->fits || unit->used >= a->most || unit->n > a->n_left ||
        (unit->torn && !a->ignore_foes))
        return false;
    uint32_t n = a->n, n_left = a->n_left;
    uint64_t tight = a->tight;
    uint8_t quota[ASSEMBLE_ITEMS];
    uint16_t left[ASSEMBLE_QUOTAS];
    if (unit->n > 1) {
        memcpy(quota, a->quota, n);
        memcpy(left, a->left, sizeof(left));
    }
    for (uint32_t k = 0; k < unit->n; k++) {
        if (assembly_place(a, a->members[unit->first + k]))
            continue;
        if (unit->n > 1) { /* as it was before; what was tight with its items in need not be so without */
            memcpy(a->quota, quota, n);
            memcpy(a->left, left, sizeof(left));
            a->n = n;
            a->n_left = n_left;
            a->tight = tight;
        }
        return false;
    }
    a->taken[u] = true;
    count_foes(a, unit, 1);
    return true;
}

void assembly_drop(struct assembly *a, uint32_t u)
{
    uint32_t kept = 0;
    for (uint32_t s = 0; s < a->n; s++) {
        if (a->unit_of[a->item[s]] == u) {
            a->left[a->quota[s]]++;
            a->n_left++;
            continue;
        }
        a->item[kept] = a->item[s];
        a->quota[kept++] = a->quota[s];
    }
    a->n = kept;
    a->tight = 0;
    a->taken[u] = false;
    count_foes(a, &a->units[u], -1);
}

void assembly_swap(struct assembly *a, uint32_t slot, uint32_t in)
{
    uint32_t out = a->unit_of[a->item[slot]];
    a->taken[out] = false;
    count_foes(a, &a->units[out], -1);
    a->item[slot] = a->members[a->units[in].first];
    a->taken[in] = true;
    count_foes(a, &a->units[in], 1);
}

bool assembly_enemies(const struct assembly *a, uint32_t left, uint32_t right)
{
    const struct unit *unit = &a->units[left];
    for (uint32_t k = 0; k < unit->n_enemies; k++) {
        if (a->foes[unit->enemies_first + k] == right)
            return true;
    }
    return false;
}
