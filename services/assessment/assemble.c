/*
 * assemble.c - forms, one after the other: least used units first, in random order among equals; repaired where enemies
 * and situations got in each other's way; then single items are exchanged until the difficulty is right.
 */
#include "assemble_set.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    REPAIRS = 400,  /* tries to complete a form */
    EJECTIONS = 16, /* units that may leave for one to be forced in */
    REPEATS = 20,   /* tries to find a form that differs from all before */
    EXCHANGES = 64, /* of items of one form; three or four are usual */
    DIFFICULTIES = 100,
    CHUNK = 1024
};

/* Numbers that depend on the seed alone. */
struct stream {
    uint8_t seed[ASSEMBLE_SEED];
    uint64_t chunks;
    uint32_t words[CHUNK];
    uint32_t next;
};

struct maker {
    struct assembly a;
    struct stream stream;
    uint32_t *order, *counts; /* units by use; room for counting them */
    uint64_t *keys;           /* of the forms that stay, then of those made */
    /* Single items outside of the form that may be exchanged, by quotas (numbered as met in the form) and difficulty.
     */
    uint32_t *next_same;
    uint32_t first_same[ASSEMBLE_ITEMS][DIFFICULTIES];
    uint64_t kind[ASSEMBLE_ITEMS];
    uint32_t n_kinds;
};

static uint32_t below(struct stream *s, uint32_t n)
{
    if (s->next == 0) {
        uint8_t key[randombytes_SEEDBYTES];
        crypto_generichash(key, sizeof(key), (const uint8_t *)&s->chunks, sizeof(s->chunks), s->seed, sizeof(s->seed));
        randombytes_buf_deterministic(s->words, sizeof(s->words), key);
        s->chunks++;
    }
    uint32_t word = s->words[s->next];
    s->next = (s->next + 1) % CHUNK;
    return (uint32_t)((uint64_t)word * n >> 32);
}

/* Units that may be taken, least used first, those of equal use in random order. Returns how many there are. */
static uint32_t sort_units(struct maker *m)
{
    struct assembly *a = &m->a;
    uint32_t n = 0, *at = m->counts;
    memset(at, 0, (ASSEMBLE_FORMS + 2) * sizeof(*at));
    for (uint32_t u = 0; u < a->n_units; u++) {
        if (a->units[u].fits && a->units[u].used < a->most && a->units[u].used <= ASSEMBLE_FORMS)
            at[a->units[u].used + 1]++;
    }
    for (uint32_t use = 1; use < ASSEMBLE_FORMS + 2; use++)
        at[use] += at[use - 1];
    for (uint32_t u = 0; u < a->n_units; u++) {
        if (a->units[u].fits && a->units[u].used < a->most && a->units[u].used <= ASSEMBLE_FORMS) {
            m->order[at[a->units[u].used]++] = u;
            n++;
        }
    }
    /* at[use] is now where that use ends. */
    for (uint32_t use = 0, begin = 0; use <= ASSEMBLE_FORMS; begin = at[use++]) {
        for (uint32_t i = at[use]; i > begin + 1; i--) {
            uint32_t k = begin + below(&m->stream, i - begin), unit = m->order[i - 1];
            m->order[i - 1] = m->order[k];
            m->order[k] = unit;
        }
    }
    return n;
}

static void fill(struct maker *m, uint32_t n_order)
{
    for (uint32_t i = 0; i < n_order && m->a.n_left; i++)
        assembly_take(&m->a, m->order[i]);
}

static bool helps(const struct assembly *a, uint32_t u, uint8_t quota)
{
    const struct unit *unit = &a->units[u];
    for (uint32_t k = 0; k < unit->n; k++) {
        if (a->quotas[a->members[unit->first + k]] >> quota & 1)
            return true;
    }
    return false;
}

/* A quota that is not full. */
static uint8_t open_quota(struct maker *m)
{
    uint32_t nth = below(&m->stream, m->a.n_left);
    uint8_t q = 0;
    while (nth >= m->a.left[q])
        nth -= m->a.left[q++];
    return q;
}

/* Takes a unit although enemies or full quotas are in its way: they leave. */
static void force(struct maker *m, uint32_t u)
{
    struct assembly *a = &m->a;
    const struct unit *unit = &a->units[u];
    for (uint32_t k = 0; k < unit->n_enemies && !a->ignore_foes; k++) {
        if (a->taken[a->foes[unit->enemies_first + k]])
            assembly_drop(a, a->foes[unit->enemies_first + k]);
    }
    a->tight = 0;
    for (int tries = 0; !assembly_take(a, u) && a->n && tries < EJECTIONS; tries++)
        assembly_drop(a, a->unit_of[a->item[below(&m->stream, a->n)]]);
}

/* Completes a form: forces units in that would fill what is open, then fills up again. False: it did not succeed. */
static bool repair(struct maker *m, uint32_t n_order)
{
    struct assembly *a = &m->a;
    for (int tries = 0; a->n_left && n_order && tries < REPAIRS; tries++) {
        uint8_t q = open_quota(m);
        uint32_t start = below(&m->stream, n_order), wanted = UINT32_MAX, any = UINT32_MAX;
        for (uint32_t i = 0; i < n_order && wanted == UINT32_MAX; i++) {
            uint32_t u = m->order[(start + i) % n_order];
            if (a->taken[u] || (a->units[u].torn && !a->ignore_foes))
                continue;
            any = u;
            if (helps(a, u, q))
                wanted = u;
        }
        if (wanted == UINT32_MAX)
            wanted = any;
        if (wanted == UINT32_MAX)
            return false;
        force(m, wanted);
        fill(m, n_order);
    }
    return !a->n_left;
}

/* Chooses the units of one form. */
static bool choose(struct maker *m)
{
    uint32_t n_order = sort_units(m);
    assembly_clear(&m->a);
    fill(m, n_order);
    return !m->a.n_left || repair(m, n_order);
}

/* --- Difficulty. --- */

static uint32_t kind_of(struct maker *m, uint64_t quotas, bool add)
{
    uint32_t k = 0;
    while (k < m->n_kinds && m->kind[k] != quotas)
        k++;
    if (k == m->n_kinds && add)
        m->kind[m->n_kinds++] = quotas;
    return k;
}

/*
 * Lists what may be exchanged: single items that fill the same quotas as one in the form, and are used as often as the
 * most used of those in it, or `more` times more. `level` gets that use, for each kind.
 */
static void list_exchanges(struct maker *m, uint32_t more, uint32_t level[ASSEMBLE_ITEMS])
{
    struct assembly *a = &m->a;
    m->n_kinds = 0;
    for (uint32_t s = 0; s < a->n; s++) {
        const struct unit *unit = &a->units[a->unit_of[a->item[s]]];
        if (unit->n != 1)
            continue;
        uint32_t known = m->n_kinds, k = kind_of(m, a->quotas[a->item[s]], true);
        if (k == known || unit->used > level[k])
            level[k] = unit->used;
    }
    memset(m->first_same, 0xff, m->n_kinds * sizeof(m->first_same[0]));
    for (uint32_t u = 0; u < a->n_units; u++) {
        const struct unit *unit = &a->units[u];
        uint32_t item = a->members[unit->first];
        if (unit->n != 1 || a->taken[u] || !unit->fits || unit->torn || unit->used >= a->most)
            continue;
        uint32_t k = kind_of(m, a->quotas[item], false);
        if (k == m->n_kinds || unit->used != level[k] + more)
            continue;
        uint8_t d = a->job->items[item].difficulty;
        m->next_same[u] = m->first_same[k][d];
        m->first_same[k][d] = u;
    }
}

/* A unit of this kind and difficulty that can take the place of `out`; UINT32_MAX: none. */
static uint32_t substitute(const struct maker *m, uint32_t kind, int difficulty, uint32_t out)
{
    const struct assembly *a = &m->a;
    if (difficulty < 1 || difficulty >= DIFFICULTIES)
        return UINT32_MAX;
    for (uint32_t u = m->first_same[kind][difficulty]; u != UINT32_MAX; u = m->next_same[u]) {
        if (!a->taken[u] && (!a->blocked[u] || (a->blocked[u] == 1 && assembly_enemies(a, u, out))))
            return u;
    }
    return UINT32_MAX;
}

struct exchange {
    uint32_t slot, in;
    double distance; /* from the target afterwards */
};

/* The exchange in this slot that brings the sum nearest to what is wanted, where it is better than *best. */
static void look(const struct maker *m, uint32_t slot, uint32_t kind, double excess, struct exchange *best)
{
    const struct assembly *a = &m->a;
    uint32_t out = a->unit_of[a->item[slot]];
    int now = a->job->items[a->item[slot]].difficulty;
    int wanted = now - (int)(excess < 0 ? excess - 0.5 : excess + 0.5);
    wanted = wanted < 1 ? 1 : wanted > DIFFICULTIES - 1 ? DIFFICULTIES - 1 : wanted;
    for (int away = 0; away < DIFFICULTIES; away++) {
        bool found = false;
        for (int side = -1; side <= 1; side += 2) {
            int difficulty = wanted + side * away;
            double distance = excess + difficulty - now;
            distance = distance < 0 ? -distance : distance;
            if (distance >= best->distance - 0.001)
                continue;
            uint32_t in = substitute(m, kind, difficulty, out);
            found = found || in != UINT32_MAX;
            if (in != UINT32_MAX)
                *best = (struct exchange){slot, in, distance};
        }
        if (found)
            return;
    }
}

/* Exchanges items until the form's mean is within `band` of the target or nothing helps. */
static void exchange(struct maker *m, double target, double band, uint32_t more)
{
    struct assembly *a = &m->a;
    uint32_t level[ASSEMBLE_ITEMS];
    double excess = -target * a->n;
    for (uint32_t s = 0; s < a->n; s++)
        excess += a->job->items[a->item[s]].difficulty;
    if ((excess < 0 ? -excess : excess) <= band * a->n)
        return;
    list_exchanges(m, more, level);
    for (int n = 0; n < EXCHANGES; n++) {
        struct exchange best = {0, UINT32_MAX, excess < 0 ? -excess : excess};
        if (best.distance <= band * a->n)
            return;
        for (uint32_t s = 0; s < a->n; s++) {
            const struct unit *unit = &a->units[a->unit_of[a->item[s]]];
            uint32_t k = unit->n == 1 ? kind_of(m, a->quotas[a->item[s]], false) : m->n_kinds;
            if (k < m->n_kinds && unit->used == level[k])
                look(m, s, k, excess, &best);
        }
        if (best.in == UINT32_MAX)
            return;
        excess += a->job->items[a->members[a->units[best.in].first]].difficulty -
                  a->job->items[a->item[best.slot]].difficulty;
        assembly_swap(a, best.slot, best.in);
    }
}

/* --- Forms. --- */

static uint64_t form_key(const struct assembly *a)
{
    uint64_t key = 0;
    for (uint32_t u = 0; u < a->n_units; u++)
        key += a->taken[u] ? a->units[u].key : 0;
    return key;
}

static bool repeated(const struct maker *m, uint32_t n_made)
{
    uint64_t key = form_key(&m->a);
    for (uint32_t f = 0; f < m->a.job->n_kept + n_made; f++) {
        if (m->keys[f] == key)
            return true;
    }
    return false;
}

/* Keeps the form that was chosen, in the order of quotas; items of a situation stay side by side. */
static void keep(struct maker *m, struct assemble_form *form, uint64_t *ret_key)
{
    struct assembly *a = &m->a;
    uint32_t n = 0, sum = 0;
    *ret_key = form_key(a);
    for (uint32_t q = 0; q < a->job->n_quotas; q++) {
        for (uint32_t s = 0; s < a->n; s++) {
            uint32_t u = a->unit_of[a->item[s]];
            if (a->quota[s] != q || !a->taken[u])
                continue;
            for (uint32_t k = 0; k < a->units[u].n; k++) {
                form->items[n++] = a->members[a->units[u].first + k];
                sum += a->job->items[form->items[n - 1]].difficulty;
            }
            a->taken[u] = false;
            a->units[u].used++;
        }
    }
    form->difficulty = (double)sum / n;
}

/* Makes forms until there are enough, or none is found that is complete and differs. *ret_failed: none was complete. */
static uint32_t make_forms(struct maker *m, double target, struct assemble_form *forms, bool *ret_failed)
{
    uint32_t n = 0;
    *ret_failed = false;
    while (n < m->a.job->forms) {
        int tries = 0;
        bool complete, fresh = false;
        do {
            complete = choose(m);
            if (complete && target > 0) {
                exchange(m, target, 0.5 / m->a.n, 0);
                exchange(m, target, 1.0, 1); /* rather a little less evenly used than off by more than a point */
            }
            fresh = complete && !repeated(m, n);
        } while (complete && !fresh && ++tries < REPEATS);
        if (!fresh) {
            *ret_failed = !complete;
            break;
        }
        keep(m, &forms[n], &m->keys[m->a.job->n_kept + n]);
        n++;
    }
    return n;
}

static void reset(struct maker *m)
{
    for (uint32_t u = 0; u < m->a.n_units; u++)
        m->a.units[u].used = m->a.units[u].kept;
}

/* The units and the keys of the forms that stay. */
static void count_kept(struct maker *m, uint32_t n_items)
{
    struct assembly *a = &m->a;
    for (uint32_t f = 0; f < a->job->n_kept; f++) {
        assembly_clear(a);
        for (uint32_t i = 0; i < n_items; i++) {
            uint32_t u = a->unit_of[a->job->kept[f].items[i]];
            if (a->taken[u])
                continue;
            a->taken[u] = true;
            a->units[u].kept++;
            m->keys[f] += a->units[u].key;
        }
    }
    reset(m);
}

static double mean_of(const struct assemble_form *forms, uint32_t n)
{
    double sum = 0;
    for (uint32_t f = 0; f < n; f++)
        sum += forms[f].difficulty;
    return n ? sum / n : 0;
}

/* --- What is short. --- */

/* How a quota is named: quotas.b level 3 pool exam position cv. */
static void name_quota(const struct quota *quota, char *ret_name, size_t n)
{
    int at = snprintf(ret_name, n, "quotas.%.*s", (int)quota->skill_group.n, quota->skill_group.p);
    if (HAS(quota, quota, level) && (size_t)at < n)
        at += snprintf(ret_name + at, n - (size_t)at, " level %u", quota->level);
    if (HAS(quota, quota, pool) && (size_t)at < n)
        at += snprintf(ret_name + at, n - (size_t)at, " pool %.*s", (int)quota->pool.n, quota->pool.p);
    if (HAS(quota, quota, position) && (size_t)at < n)
        snprintf(ret_name + at, n - (size_t)at, " position %.*s", (int)quota->position.n, quota->position.p);
}

/* `before` and the quota's name, cut where they are too long together, then what is needed and there. */
static void say(struct assembled *ret, const char *before, const struct quota *quota, const char *after)
{
    char name[ASSEMBLE_WORDS], text[2 * ASSEMBLE_WORDS];
    name_quota(quota, name, sizeof(name));
    size_t room = ASSEMBLE_WORDS - 1 - strlen(after);
    int n = snprintf(text, sizeof(text), "%s%s", before, name);
    size_t cut = n < 0 ? 0 : (size_t)n < room ? (size_t)n : room;
    while (cut && ((uint8_t)text[cut] & 0xc0) == 0x80) /* not inside of a character */
        cut--;
    snprintf(ret->shortfall, sizeof(ret->shortfall), "%.*s%s", (int)cut, text, after);
}

/* A quota that the present form does not fill; n_quotas: none. */
static uint32_t unfilled(const struct assembly *a)
{
    uint32_t q = 0;
    while (q < a->job->n_quotas && !a->left[q])
        q++;
    return q;
}

static uint32_t candidates(const struct assembly *a, uint32_t quota)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < a->job->n_items; i++)
        n += (a->quotas[i] >> quota & 1) != 0;
    return n;
}

/* Quotas one by one, then all together, without regard to situations and enemies. */
static bool short_of_items(struct assembly *a, struct assembled *ret)
{
    const struct assemble_job *job = a->job;
    char after[64];
    for (uint32_t q = 0; q < job->n_quotas; q++) {
        uint32_t live = candidates(a, q);
        if (live < job->quotas[q].items) {
            snprintf(after, sizeof(after), ": %u needed, %u live", job->quotas[q].items, live);
            say(ret, "", &job->quotas[q], after);
            return true;
        }
    }
    assembly_clear(a);
    for (uint32_t i = 0; i < job->n_items && a->n_left; i++)
        assembly_place(a, i);
    uint32_t q = unfilled(a);
    if (q == job->n_quotas)
        return false;
    snprintf(after, sizeof(after), ": %u needed, %u left by other quotas", job->quotas[q].items,
             job->quotas[q].items - a->left[q]);
    say(ret, "", &job->quotas[q], after);
    return true;
}

/* The first pair of enemies of which one could fill the quota; the first pair of all when there is none. */
static const struct enemy *enemy_in_the_way(const struct assembly *a, uint32_t quota)
{
    const struct assemble_job *job = a->job;
    for (uint32_t k = 0; k < job->n_enemies; k++) {
        for (uint32_t i = 0; i < job->n_items; i++) {
            struct span code = job->items[i].code;
            bool named = (code.n == job->enemies[k].a.n && !memcmp(code.p, job->enemies[k].a.p, code.n)) ||
                         (code.n == job->enemies[k].b.n && !memcmp(code.p, job->enemies[k].b.p, code.n));
            if (named && a->quotas[i] >> quota & 1)
                return &job->enemies[k];
        }
    }
    return &job->enemies[0];
}

/* Forms that there will be in the end, with so many from this job. */
static uint32_t all_forms(const struct assemble_job *job, uint32_t made)
{
    return job->n_kept + made + job->later;
}

/* Forms can be made, but not so many under the bound: names the first quota that it makes too small by itself. */
static void explain_bound(const struct assembly *a, uint32_t most, struct assembled *ret)
{
    uint32_t forms = all_forms(a->job, a->job->forms), q = 0;
    char after[64];
    while (q + 1 < a->job->n_quotas && (uint64_t)candidates(a, q) * most >= (uint64_t)a->job->quotas[q].items * forms)
        q++;
    snprintf(after, sizeof(after), ": in %u forms, each item in %u at most", forms, most);
    say(ret, "max_exposure_percent: ", &a->job->quotas[q], after);
}

/* Why a form could not be made: the items, the situations, the enemies, or else the bound of exposure. */
static void explain(struct maker *m, struct assembled *ret)
{
    struct assembly *a = &m->a;
    uint32_t most = a->most;
    char after[64], before[ASSEMBLE_WORDS] = "";
    if (short_of_items(a, ret))
        return;
    reset(m);
    a->most = UINT32_MAX;
    a->ignore_foes = true;
    bool whole = choose(m), possible = false;
    a->ignore_foes = false;
    if (whole)
        possible = choose(m);
    if (possible) {
        explain_bound(a, most, ret);
        return;
    }
    uint32_t q = unfilled(a);
    if (whole) {
        const struct enemy *pair = enemy_in_the_way(a, q);
        snprintf(before, sizeof(before), "enemies.%.*s %.*s: ", (int)pair->a.n, pair->a.p, (int)pair->b.n, pair->b.p);
    }
    snprintf(after, sizeof(after), ": %u needed, %u fit%s", a->job->quotas[q].items,
             a->job->quotas[q].items - a->left[q], whole ? "" : " with whole situations");
    say(ret, before, &a->job->quotas[q], after);
}

/* --- All of it. --- */

static struct maker *maker_new(const struct assemble_job *job, uint32_t n_items, struct arena *arena)
{
    struct maker *m = arena_alloc(arena, sizeof(*m));
    if (!m || assembly_init(&m->a, job, arena) < 0)
        return NULL;
    m->order = arena_alloc(arena, m->a.n_units * sizeof(*m->order));
    m->next_same = arena_alloc(arena, m->a.n_units * sizeof(*m->next_same));
    m->counts = arena_alloc(arena, (ASSEMBLE_FORMS + 2) * sizeof(*m->counts));
    m->keys = arena_alloc(arena, (job->n_kept + job->forms) * sizeof(*m->keys));
    if (!m->order || !m->next_same || !m->counts || !m->keys)
        return NULL;
    memcpy(m->stream.seed, job->seed, sizeof(m->stream.seed));
    for (uint32_t u = 0; u < m->a.n_units; u++)
        m->a.units[u].key = (uint64_t)below(&m->stream, UINT32_MAX) << 32 | below(&m->stream, UINT32_MAX);
    count_kept(m, n_items);
    return m;
}

static void summarize(const struct maker *m, struct assembled *ret)
{
    ret->mean = mean_of(ret->forms, ret->n_forms);
    for (uint32_t f = 0; f < ret->n_forms; f++) {
        double away = ret->forms[f].difficulty - ret->mean;
        away = away < 0 ? -away : away;
        ret->spread = away > ret->spread ? away : ret->spread;
    }
    for (uint32_t u = 0; u < m->a.n_units; u++)
        ret->most_used = m->a.units[u].used > ret->most_used ? m->a.units[u].used : ret->most_used;
}

/* In how many forms an item may be, with so many from this job: the share rounded down, one at least. */
static uint32_t bound(const struct assemble_job *job, uint32_t made)
{
    uint32_t most = all_forms(job, made) * job->max_exposure_percent / 100;
    return most ? most : 1;
}

int assemble(const struct assemble_job *job, struct arena *arena, struct assembled *ret)
{
    bool failed = false;
    *ret = (struct assembled){0};
    for (uint32_t q = 0; q < job->n_quotas; q++)
        ret->n_items += job->quotas[q].items;
    ret->forms = arena_alloc(arena, job->forms * sizeof(*ret->forms));
    uint32_t *items = arena_alloc(arena, (size_t)job->forms * ret->n_items * sizeof(*items));
    struct maker *m = maker_new(job, ret->n_items, arena);
    if (!ret->forms || !items || !m)
        return ERR_TOO_LARGE;
    for (uint32_t f = 0; f < job->forms; f++)
        ret->forms[f].items = items + (size_t)f * ret->n_items;
    m->a.most = bound(job, job->forms);
    double target = mean_of(job->kept, job->n_kept);
    if (target <= 0) { /* a first round, only to learn what the bank gives */
        ret->n_forms = make_forms(m, 0, ret->forms, &failed);
        target = mean_of(ret->forms, ret->n_forms);
        reset(m);
    }
    ret->n_forms = make_forms(m, target, ret->forms, &failed);
    summarize(m, ret);
    bool exposed = ret->n_forms && ret->most_used > bound(job, ret->n_forms);
    if (ret->n_forms && !exposed && (!failed || job->max_exposure_percent == 100))
        return 0;
    explain(m, ret);
    return ERR_SHORTFALL;
}
