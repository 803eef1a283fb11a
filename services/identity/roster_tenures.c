/*
 * roster_tenures.c - phase 2 of an import whose file names tenures: kind, days, position of the catalogue, and several
 * rows of one person. What each row means is worked out on the person's tenures in memory (tenure_plan.c), one row
 * after the other, the principal ones first, then by their days; a row that does not fit is refused and changes
 * nothing.
 *
 * A row is about the stored tenure of the same kind in the same unit that begins on its first day; without a first day,
 * about the one of today. Where there is one the row corrects it; otherwise a tenure begins, today when no day is
 * given. An empty last day says nothing: a tenure keeps its end, and a new one lasts until the next principal one
 * begins, or for ever. So the same file says the same thing twice.
 */
#include "import.h"
#include "roster.h"
#include "tenure_plan.h"

enum { MOST_UNITS = 31 }; /* of one person at once: what a token has room for */

/* A row in the order in which it is applied. */
struct turn {
    struct {
        unsigned char is_new, id[SEAL_HASH_BYTES]; /* the person's id, or the number's hash */
    } who;
    const struct roster_row *row;
};

/* What a slice's rows are held against. */
struct stored {
    struct tenure_row *rows; /* by person */
    uint32_t n_rows;
    const struct roster_place_seen **places; /* by row */
    struct tenure_plan *plan, *before;
};

static const char *const kinds[] = {"principal", "concurrent", "secondment"};

static struct span text(const char *p)
{
    return (struct span){p, (uint32_t)strlen(p)};
}

static int in_turn(const void *a, const void *b)
{
    const struct turn *one = a, *two = b;
    const struct roster_days *x = &one->row->days, *y = &two->row->days;
    int order = memcmp(&one->who, &two->who, sizeof(one->who));
    bool beside = x->kind != KIND_PRINCIPAL, too = y->kind != KIND_PRINCIPAL;
    if (order)
        return order;
    if (beside != too)
        return beside - too;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return one->row->row < two->row->row ? -1 : 1;
}

static struct turn *take_turns(struct ctx *ctx, const struct roster_changes *c)
{
    struct turn *turns = arena_alloc(ctx->arena, c->n * sizeof(*turns));
    if (!turns)
        return NULL;
    memset(turns, 0, c->n * sizeof(*turns));
    for (uint32_t i = 0; i < c->n; i++) {
        turns[i].row = &c->rows[i];
        turns[i].who.is_new = !c->seen[i];
        if (c->seen[i])
            memcpy(turns[i].who.id, c->seen[i]->person_id.b, sizeof(c->seen[i]->person_id.b));
        else
            memcpy(turns[i].who.id, c->rows[i].hash, SEAL_HASH_BYTES);
    }
    qsort(turns, c->n, sizeof(*turns), in_turn);
    return turns;
}

/* How many of the turns, from the first on, are of the same person. */
static uint32_t of_person(const struct turn *turns, uint32_t left)
{
    uint32_t n = 1;
    while (n < left && !memcmp(&turns[n].who, &turns[0].who, sizeof(turns[0].who)))
        n++;
    return n;
}

/* --- What is stored. --- */

static int look_at_places(struct ctx *ctx, const struct roster_changes *c, struct stored *s)
{
    struct roster_place *asked = arena_alloc(ctx->arena, c->n * sizeof(*asked));
    struct roster_place_seen *seen;
    uint32_t n;
    s->places = arena_alloc(ctx->arena, c->n * sizeof(struct roster_place_seen *));
    if (!asked || !s->places)
        return fail(ctx, ERR_TOO_LARGE, "upload_id");
    for (uint32_t i = 0; i < c->n; i++) {
        const struct roster_row *row = &c->rows[i];
        asked[i] = (struct roster_place){.place = i, .unit_id = row->unit_id, .day = row->days.from};
        if (row->position_code.n)
            PUT_FIELD(&asked[i], roster_place, position_code, row->position_code);
    }
    int code = pg_bulk(ctx, &SQL_roster_places, asked, c->n, c->n, &seen, &n);
    for (uint32_t i = 0; !code && i < n; i++)
        s->places[seen[i].place] = &seen[i];
    return code;
}

static int look_at_tenures(struct ctx *ctx, const struct turn *turns, uint32_t n, struct stored *s)
{
    struct roster_person *people = arena_alloc(ctx->arena, (n + 1) * sizeof(*people));
    uint32_t n_people = 0;
    if (!people)
        return fail(ctx, ERR_TOO_LARGE, "upload_id");
    for (uint32_t i = 0; i < n; i += of_person(&turns[i], n - i)) {
        if (!turns[i].who.is_new)
            memcpy(people[n_people++].person_id.b, turns[i].who.id, sizeof(people[0].person_id.b));
    }
    return n_people ? pg_bulk(ctx, &SQL_roster_tenures, people, n_people, n_people * TENURES_MOST, &s->rows, &s->n_rows)
                    : 0;
}

/* The person's tenures into the plan; the stored ones are in the same order as the turns. */
static void load_plan(struct stored *s, const struct turn *turn, uint32_t *next)
{
    s->plan->n = 0;
    memset(s->plan->touched, 0, sizeof(s->plan->touched));
    while (!turn->who.is_new && *next < s->n_rows &&
           !memcmp(s->rows[*next].person_id.b, turn->who.id, sizeof(s->rows[*next].person_id.b)))
        s->plan->rows[s->plan->n++] = s->rows[(*next)++];
}

/* --- One row. --- */

static bool lasts(const struct tenure_row *row, int32_t day)
{
    return row->valid_from <= day && (!HAS(row, tenure_row, valid_to) || row->valid_to > day);
}

static struct tenure_row *find_meant(struct tenure_plan *plan, const struct roster_row *row)
{
    for (uint32_t i = 0; i < plan->n; i++) {
        struct tenure_row *t = &plan->rows[i];
        if (uuid_equal(&t->unit_id, &row->unit_id) && span_equal(t->kind, text(kinds[row->days.kind])) &&
            lasts(t, row->days.has_from ? t->valid_from : row->days.from) &&
            (!row->days.has_from || t->valid_from == row->days.from))
            return t;
    }
    return NULL;
}

static enum roster_refused correct(struct tenure_plan *plan, struct tenure_row *t, const struct roster_row *row,
                                   struct span position)
{
    bool renamed = !span_equal(t->position, position);
    bool coded = HAS(t, tenure_row, position_code) && t->position_code.n;
    bool recoded =
        row->position_code.n ? !coded || !span_equal(t->position_code, row->position_code) : renamed && coded;
    bool ends = row->days.has_to && (!HAS(t, tenure_row, valid_to) || t->valid_to != row->days.to);
    if (ends && row->days.to <= t->valid_from)
        return DAYS_WRONG;
    if (!renamed && !recoded && !ends && t->leader == row->leader)
        return TAKEN;
    t->position = position;
    t->leader = row->leader;
    if (recoded)
        PUT_FIELD(t, tenure_row, position_code, row->position_code); /* empty: none */
    if (ends)
        PUT_FIELD(t, tenure_row, valid_to, row->days.to);
    plan->touched[t - plan->rows] = true;
    return TAKEN;
}

/* The first day of the next principal tenure after `day`; false when there is none. */
static bool next_principal(const struct tenure_plan *plan, int32_t day, int32_t *ret_day)
{
    bool found = false;
    for (uint32_t i = 0; i < plan->n; i++) {
        const struct tenure_row *t = &plan->rows[i];
        if (span_equal(t->kind, SPAN("principal")) && lasts(t, t->valid_from) && t->valid_from > day &&
            (!found || t->valid_from < *ret_day)) {
            *ret_day = t->valid_from;
            found = true;
        }
    }
    return found;
}

/* A tenure beside the principal one, without a last day of its own, goes on while principal ones follow each other. */
static void last_beside(struct tenure_plan *plan, struct tenure_row *beside)
{
    const struct tenure_row *principal = tenure_plan_principal(plan, beside->valid_from);
    const struct tenure_row *after = principal;
    while (after && HAS(after, tenure_row, valid_to)) {
        principal = after;
        after = tenure_plan_principal(plan, after->valid_to);
    }
    beside->has &= ~(UINT64_C(1) << HAS_tenure_row_valid_to);
    if (!after)
        PUT_FIELD(beside, tenure_row, valid_to, principal->valid_to);
}

static enum roster_refused begin(struct tenure_plan *plan, const struct roster_row *row, struct span position)
{
    const struct roster_days *days = &row->days;
    const struct tenure_row *principal = tenure_plan_principal(plan, days->from);
    static const char *const ops[] = {[KIND_CONCURRENT] = "add", [KIND_SECONDMENT] = "second"};
    struct tenure_step step = {.op = SPAN("join")};
    struct tenure_wish wish = {.step = &step, .position = position};
    const char *field;
    int32_t to = days->to;
    bool has_to = days->has_to;
    if (has_to && to <= days->from)
        return DAYS_WRONG;
    if (days->kind != KIND_PRINCIPAL) {
        step.op = text(ops[days->kind]);
        if (days->has_home && principal && !uuid_equal(&principal->unit_id, &days->home))
            return HOME_OTHER;
    } else if (principal) {
        step.op = SPAN("move");
        /* A file that says otherwise than what is stored from the same day on is to be settled by hand. */
        if ((days->has_from && principal->valid_from == days->from) ||
            (has_to && (!HAS(principal, tenure_row, valid_to) || to < principal->valid_to)))
            return TWO_PRINCIPAL;
    } else if (!has_to) {
        has_to = next_principal(plan, days->from, &to);
    }
    PUT_FIELD(&step, tenure_step, unit_id, row->unit_id);
    PUT_FIELD(&step, tenure_step, valid_from, days->from);
    PUT_FIELD(&step, tenure_step, leader, row->leader);
    PUT_FIELD(&step, tenure_step, position_code, row->position_code);
    if (has_to)
        PUT_FIELD(&step, tenure_step, valid_to, to);
    if (tenure_plan_step(plan, &wish, &field))
        return NO_PRINCIPAL;
    if (days->kind != KIND_PRINCIPAL && !has_to)
        last_beside(plan, &plan->rows[plan->n - 1]);
    return TAKEN;
}

/* In how many units on this day? */
static uint32_t units_on(const struct tenure_plan *plan, int32_t day)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < plan->n; i++) {
        uint32_t k = 0;
        if (!lasts(&plan->rows[i], day))
            continue;
        while (k < i && !(lasts(&plan->rows[k], day) && uuid_equal(&plan->rows[k].unit_id, &plan->rows[i].unit_id)))
            k++;
        n += k == i;
    }
    return n;
}

/*
 * More units at once than a token has room for, on any day of a tenure that this file touches? They become more only on
 * days on which one begins.
 */
static bool too_many_units(const struct tenure_plan *plan)
{
    for (uint32_t i = 0; plan->n > MOST_UNITS && i < plan->n; i++) {
        int32_t day = plan->rows[i].valid_from;
        bool changed = false;
        for (uint32_t k = 0; k < plan->n && !changed; k++)
            changed = plan->touched[k] && lasts(&plan->rows[k], day);
        if (changed && units_on(plan, day) > MOST_UNITS)
            return true;
    }
    return false;
}

/* The row upon the plan; where it is refused the plan is as it was. */
static enum roster_refused apply(struct stored *s, const struct roster_row *row, const struct roster_place_seen *place)
{
    struct tenure_plan *plan = s->plan, *before = s->before;
    struct span position = row->position;
    if (!place || !place->alive)
        return UNIT_THEN;
    if (row->position_code.n && !HAS(place, roster_place_seen, title))
        return POSITION_UNKNOWN;
    if (row->position_code.n && !position.n)
        position = place->title;
    if (plan->n >= TENURES_MOST)
        return TENURES_TOO_MANY;
    before->n = plan->n;
    memcpy(before->rows, plan->rows, plan->n * sizeof(plan->rows[0]));
    memcpy(before->touched, plan->touched, sizeof(plan->touched));
    struct tenure_row *meant = find_meant(plan, row);
    enum roster_refused why = meant ? correct(plan, meant, row, position) : begin(plan, row, position);
    for (uint32_t i = 0; !why && i < before->n; i++) {
        /* What this import began is the caller's. */
        if (plan->touched[i] && HAS(&plan->rows[i], tenure_row, visible) && !plan->rows[i].visible)
            why = OUTSIDE;
    }
    const char *fault = why ? NULL : tenure_plan_fault(plan);
    if (fault)
        why = strcmp(fault, "kind") ? TWO_PRINCIPAL : NO_PRINCIPAL;
    if (!why && too_many_units(plan))
        why = TENURE_UNITS;
    if (why) {
        plan->n = before->n;
        memcpy(plan->rows, before->rows, plan->n * sizeof(plan->rows[0]));
        memcpy(plan->touched, before->touched, sizeof(plan->touched));
    }
    return why;
}

/* --- One person. --- */

/* Has the last row that was taken changed the plan? */
static bool differs(const struct stored *s)
{
    const struct tenure_plan *plan = s->plan, *before = s->before;
    if (plan->n != before->n)
        return true;
    for (uint32_t i = 0; i < plan->n; i++) {
        if (plan->touched[i] &&
            (!before->touched[i] || memcmp(&plan->rows[i], &before->rows[i], sizeof(plan->rows[i]))))
            return true;
    }
    return false;
}

/* A tenure is told again when its holder is called otherwise. */
static void touch_present(struct tenure_plan *plan, int32_t today)
{
    for (uint32_t i = 0; i < plan->n; i++)
        plan->touched[i] |= lasts(&plan->rows[i], today > plan->rows[i].valid_from ? today : plan->rows[i].valid_from);
}

static void note_person(struct roster_changes *c, const struct stored *s, struct uuid person_id, bool is_new)
{
    struct leaver leaver = {.person_id = person_id};
    bool some = false;
    for (uint32_t i = 0; i < s->plan->n; i++) {
        if (!s->plan->touched[i])
            continue;
        some = true;
        c->stated[c->n_stated] = s->plan->rows[i];
        c->stated[c->n_stated++].person_id = person_id;
    }
    if (some && !is_new && tenure_plan_end(s->plan, &leaver.day))
        c->leavers[c->n_leavers++] = leaver;
}

static void decide_person(const struct roster *r, struct roster_changes *c, struct stored *s, const struct turn *turns,
                          uint32_t n)
{
    struct uuid person_id = {{0}};
    bool known = false;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = (uint32_t)(turns[k].row - c->rows);
        bool renamed = false, reborn = false;
        if (c->why[i] != TAKEN)
            continue;
        c->why[i] = (uint8_t)apply(s, turns[k].row, s->places[i]);
        if (c->why[i] != TAKEN)
            continue;
        c->changed[i] = differs(s);
        if (!known && c->seen[i]) {
            person_id = c->seen[i]->person_id;
            roster_edit_person(c, i, &renamed, &reborn);
            if (renamed)
                touch_present(s->plan, r->task->today);
        } else if (!known) {
            person_id = roster_add_person(r, c, i);
        }
        known = true;
        c->person_ids[i] = person_id;
        c->changed[i] |= renamed || reborn;
    }
    if (known)
        note_person(c, s, person_id, turns[0].who.is_new);
}

/* Roles of all rows of a person are judged together, because they may exclude each other. 0 or fail(). */
static int judge_roles(struct ctx *ctx, const struct roster *r, struct roster_changes *c, const struct turn *turns)
{
    for (uint32_t at = 0, n; at < c->n; at += n) {
        uint32_t first = (uint32_t)(turns[at].row - c->rows);
        n = of_person(&turns[at], c->n - at);
        for (uint32_t k = 0; k < n; k++) {
            uint32_t i = (uint32_t)(turns[at + k].row - c->rows);
            if (c->seen[i] && roster_outside(r, c->seen[i]))
                c->why[i] = OUTSIDE;
            else
                roster_add_roles(c, i, first);
        }
    }
    int code = roster_judge_grants(ctx, c);
    c->n_roles = 0;
    for (uint32_t at = 0, n; !code && at < c->n; at += n) {
        uint8_t why = c->why[turns[at].row - c->rows];
        n = of_person(&turns[at], c->n - at);
        for (uint32_t k = 0; k < n; k++) {
            uint32_t i = (uint32_t)(turns[at + k].row - c->rows);
            if (why != OUTSIDE)
                c->why[i] = c->rows[i].n_roles ? why : TAKEN;
            if (c->why[i] == TAKEN)
                roster_add_roles(c, i, i);
        }
    }
    return code;
}

int roster_tenures(struct ctx *ctx, const struct roster *r, struct roster_changes *c)
{
    struct stored s = {0};
    struct turn *turns = take_turns(ctx, c);
    s.plan = arena_alloc(ctx->arena, sizeof(*s.plan));
    s.before = arena_alloc(ctx->arena, sizeof(*s.before));
    c->leavers = arena_alloc(ctx->arena, c->n * sizeof(*c->leavers));
    if (!turns || !s.plan || !s.before || !c->leavers)
        return fail(ctx, ERR_TOO_LARGE, "upload_id");
    int code = judge_roles(ctx, r, c, turns);
    if (!code)
        code = look_at_places(ctx, c, &s);
    if (!code)
        code = look_at_tenures(ctx, turns, c->n, &s);
    /* A row ends one tenure and begins one, at most; a new name touches every one that is stored. */
    c->stated = arena_alloc(ctx->arena, (2 * (size_t)c->n + s.n_rows) * sizeof(*c->stated));
    if (!code && !c->stated)
        code = fail(ctx, ERR_TOO_LARGE, "upload_id");
    uint32_t next = 0;
    for (uint32_t at = 0, n; !code && at < c->n; at += n) {
        n = of_person(&turns[at], c->n - at);
        load_plan(&s, &turns[at], &next);
        decide_person(r, c, &s, &turns[at], n);
    }
    return code;
}

int roster_write_tenures(struct ctx *ctx, const struct roster_changes *c)
{
    int code = 0;
    /* Those of a person in one statement: between two there might be a day without a principal one. */
    for (uint32_t done = 0, now; !code && done < c->n_stated; done += now) {
        uint32_t left = c->n_stated - done;
        now = left < IMPORT_CHUNK ? left : IMPORT_CHUNK;
        while (now < left && uuid_equal(&c->stated[done + now].person_id, &c->stated[done + now - 1].person_id))
            now++;
        code = import_write_chunk(ctx, &SQL_tenures_write, &c->stated[done], now);
    }
    if (!code && c->n_leavers)
        code = pg_call(ctx, &SQL_grants_lock, NULL, NULL);
    return code || !c->n_leavers ? code : import_write(ctx, &SQL_grants_end, c->leavers, c->n_leavers);
}
