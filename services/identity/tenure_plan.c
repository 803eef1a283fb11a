/* tenure_plan.c - the rules of tenures, over an array of them. */
#include "tenure_plan.h"
#include "service.h"

#define NEVER INT32_MAX

static int32_t end_of(const struct tenure_row *row)
{
    return HAS(row, tenure_row, valid_to) ? row->valid_to : NEVER;
}

static bool has_days(const struct tenure_row *row)
{
    return end_of(row) > row->valid_from;
}

static bool is_principal(const struct tenure_row *row)
{
    return span_is(row->kind, "principal");
}

struct tenure_row *tenure_plan_principal(struct tenure_plan *plan, int32_t day)
{
    for (uint32_t i = 0; i < plan->n; i++) {
        struct tenure_row *row = &plan->rows[i];
        if (is_principal(row) && row->valid_from <= day && day < end_of(row))
            return row;
    }
    return NULL;
}

/* Also one that was withdrawn: an interval without a day. */
static struct tenure_row *find_any(struct tenure_plan *plan, const struct uuid *tenure_id)
{
    for (uint32_t i = 0; i < plan->n; i++) {
        if (uuid_equal(&plan->rows[i].tenure_id, tenure_id))
            return &plan->rows[i];
    }
    return NULL;
}

static struct tenure_row *find(struct tenure_plan *plan, const struct uuid *tenure_id)
{
    struct tenure_row *row = find_any(plan, tenure_id);
    return row && has_days(row) ? row : NULL;
}

static void touch(struct tenure_plan *plan, const struct tenure_row *row)
{
    plan->touched[row - plan->rows] = true;
}

static void end_on(struct tenure_plan *plan, struct tenure_row *row, int32_t day)
{
    PUT_FIELD(row, tenure_row, valid_to, day > row->valid_from ? day : row->valid_from);
    touch(plan, row);
}

/* A tenure that begins as the step says, until `end` unless the step says another. */
static struct tenure_row *begin(struct tenure_plan *plan, const struct tenure_wish *wish, const char *kind, int32_t end)
{
    const struct tenure_step *step = wish->step;
    struct tenure_row *row = &plan->rows[plan->n];
    *row = (struct tenure_row){
        .tenure_id = uuid7(),
        .person_id = wish->person_id,
        .unit_id = step->unit_id,
        .position = wish->position,
        .leader = HAS(step, tenure_step, leader) && step->leader,
        .kind = {kind, (uint32_t)strlen(kind)},
        .valid_from = step->valid_from,
    };
    if (HAS(step, tenure_step, position_code) && step->position_code.n)
        PUT_FIELD(row, tenure_row, position_code, step->position_code);
    if (HAS(step, tenure_step, valid_to))
        PUT_FIELD(row, tenure_row, valid_to, step->valid_to);
    else if (end != NEVER)
        PUT_FIELD(row, tenure_row, valid_to, end);
    touch(plan, row);
    plan->n++;
    return row;
}

/* The principal tenure that a step is about: named, or that of its first day. NULL with *ret_code and *ret_field. */
static struct tenure_row *base_of(struct tenure_plan *plan, const struct tenure_step *step, int *ret_code,
                                  const char **ret_field)
{
    bool named = HAS(step, tenure_step, tenure_id);
    struct tenure_row *row = named ? find(plan, &step->tenure_id) : tenure_plan_principal(plan, step->valid_from);
    *ret_field = named ? "tenure_id" : "valid_from";
    *ret_code = named ? ERR_NOT_FOUND : ERR_STATE;
    if (!row)
        return NULL;
    *ret_code = ERR_STATE;
    if (!is_principal(row))
        return NULL;
    *ret_code = ERR_INVALID;
    *ret_field = "valid_from";
    return row->valid_from <= step->valid_from && step->valid_from < end_of(row) ? row : NULL;
}

static int step_move(struct tenure_plan *plan, const struct tenure_wish *wish, const char **ret_field)
{
    int code;
    struct tenure_row *old = base_of(plan, wish->step, &code, ret_field);
    if (!old)
        return code;
    int32_t end = end_of(old);
    struct uuid from = old->tenure_id;
    end_on(plan, old, wish->step->valid_from);
    struct tenure_row *row = begin(plan, wish, "principal", end);
    PUT_FIELD(row, tenure_row, from_tenure, from);
    return 0;
}

static int step_second(struct tenure_plan *plan, const struct tenure_wish *wish, const char **ret_field)
{
    int code;
    struct tenure_row *home = base_of(plan, wish->step, &code, ret_field);
    if (!home)
        return code;
    struct uuid from = home->tenure_id;
    struct tenure_row *row = begin(plan, wish, "secondment", NEVER);
    PUT_FIELD(row, tenure_row, home_tenure_id, from);
    return 0;
}

static int step_end(struct tenure_plan *plan, const struct tenure_step *step, const char **ret_field)
{
    bool named = HAS(step, tenure_step, tenure_id), some = false;
    for (uint32_t i = 0; i < plan->n; i++) {
        struct tenure_row *row = &plan->rows[i];
        if (!has_days(row) || (named && !uuid_equal(&row->tenure_id, &step->tenure_id)) ||
            end_of(row) <= step->valid_to)
            continue;
        end_on(plan, row, step->valid_to);
        some = true;
    }
    *ret_field = named ? "tenure_id" : "valid_to";
    if (!some)
        return named && !find(plan, &step->tenure_id) ? ERR_NOT_FOUND : ERR_STATE;
    return 0;
}

static int step_correct(struct tenure_plan *plan, const struct tenure_wish *wish, const char **ret_field)
{
    const struct tenure_step *step = wish->step;
    struct tenure_row *row = find(plan, &step->tenure_id);
    *ret_field = "tenure_id";
    if (!row)
        return ERR_NOT_FOUND;
    if (HAS(step, tenure_step, position))
        row->position = wish->position;
    if (HAS(step, tenure_step, position_code))
        PUT_FIELD(row, tenure_row, position_code, step->position_code);
    if (HAS(step, tenure_step, leader))
        row->leader = step->leader;
    if (HAS(step, tenure_step, valid_from))
        row->valid_from = step->valid_from;
    if (HAS(step, tenure_step, valid_to))
        PUT_FIELD(row, tenure_row, valid_to, step->valid_to);
    *ret_field = "valid_to";
    if (!has_days(row))
        return ERR_INVALID;
    touch(plan, row);
    return 0;
}

/*
 * The tenure goes on as if it had not ended, until the day that is the right one, as long as its unit is there. What
 * began after it is not touched: where that is in the way, tenure_plan_fault says so.
 */
static int step_reopen(struct tenure_plan *plan, const struct tenure_wish *wish, const char **ret_field)
{
    const struct tenure_step *step = wish->step;
    struct tenure_row *row = find_any(plan, &step->tenure_id);
    int32_t until = HAS(step, tenure_step, valid_to) ? step->valid_to : NEVER;
    *ret_field = "tenure_id";
    if (!row || !wish->reopened_unit || !uuid_equal(&row->unit_id, wish->reopened_unit))
        return ERR_NOT_FOUND;
    if (end_of(row) == NEVER)
        return ERR_STATE;
    *ret_field = "valid_to";
    if (until <= end_of(row))
        return ERR_INVALID;
    if (until > wish->unit_until)
        return ERR_STATE;
    if (until == NEVER)
        row->has &= ~(UINT64_C(1) << HAS_tenure_row_valid_to);
    else
        PUT_FIELD(row, tenure_row, valid_to, until);
    touch(plan, row);
    return 0;
}

/* What each operation must say. */
static const struct need {
    const char *op;
    bool unit, from, to, tenure;
} needs[] = {
    {"join", true, true, false, false},    {"move", true, true, false, false}, {"add", true, true, false, false},
    {"second", true, true, true, false},   {"end", false, false, true, false}, {"correct", false, false, false, true},
    {"reopen", false, false, false, true},
};

static int check_needs(const struct tenure_step *step, const char **ret_field)
{
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        const struct need *need = &needs[i];
        if (!span_is(step->op, need->op))
            continue;
        *ret_field = "unit_id";
        if (need->unit != (bool)HAS(step, tenure_step, unit_id))
            return need->unit ? ERR_MISSING : ERR_INVALID;
        *ret_field = "valid_from";
        if (need->from && !HAS(step, tenure_step, valid_from))
            return ERR_MISSING;
        *ret_field = "valid_to";
        if (need->to && !HAS(step, tenure_step, valid_to))
            return ERR_MISSING;
        *ret_field = "tenure_id";
        if (need->tenure && !HAS(step, tenure_step, tenure_id))
            return ERR_MISSING;
        *ret_field = "valid_to";
        return need->from && HAS(step, tenure_step, valid_to) && step->valid_to <= step->valid_from ? ERR_INVALID : 0;
    }
    *ret_field = "op";
    return ERR_INVALID;
}

int tenure_plan_step(struct tenure_plan *plan, const struct tenure_wish *wish, const char **ret_field)
{
    const struct tenure_step *step = wish->step;
    int code = check_needs(step, ret_field);
    if (code)
        return code;
    if (span_is(step->op, "join"))
        (void)begin(plan, wish, "principal", NEVER);
    else if (span_is(step->op, "move"))
        return step_move(plan, wish, ret_field);
    else if (span_is(step->op, "second"))
        return step_second(plan, wish, ret_field);
    else if (span_is(step->op, "end"))
        return step_end(plan, step, ret_field);
    else if (span_is(step->op, "correct"))
        return step_correct(plan, wish, ret_field);
    else if (span_is(step->op, "reopen"))
        return step_reopen(plan, wish, ret_field);
    else {
        struct tenure_row *principal = tenure_plan_principal(plan, step->valid_from);
        *ret_field = "valid_from";
        if (!principal)
            return ERR_STATE;
        (void)begin(plan, wish, "concurrent", end_of(principal));
    }
    return 0;
}

/* From `day` on as far as principal tenures follow each other without a gap. */
static int32_t covered_until(const struct tenure_plan *plan, int32_t day)
{
    for (uint32_t i = 0; i < plan->n; i++) {
        const struct tenure_row *row = &plan->rows[i];
        if (!is_principal(row) || row->valid_from > day || end_of(row) <= day)
            continue;
        if (end_of(row) == NEVER)
            return NEVER;
        day = end_of(row);
        i = UINT32_MAX; /* from the first one again: they stand in any order */
    }
    return day;
}

const char *tenure_plan_fault(const struct tenure_plan *plan)
{
    for (uint32_t i = 0; i < plan->n; i++) {
        const struct tenure_row *a = &plan->rows[i];
        if (!has_days(a))
            continue;
        if (!is_principal(a)) {
            if (covered_until(plan, a->valid_from) < end_of(a))
                return "kind";
            continue;
        }
        for (uint32_t k = 0; k < i; k++) {
            const struct tenure_row *b = &plan->rows[k];
            if (is_principal(b) && has_days(b) && a->valid_from < end_of(b) && b->valid_from < end_of(a))
                return "valid_from";
        }
    }
    return NULL;
}

bool tenure_plan_end(const struct tenure_plan *plan, int32_t *ret_day)
{
    int32_t last = INT32_MIN;
    for (uint32_t i = 0; i < plan->n; i++) {
        if (has_days(&plan->rows[i]) && end_of(&plan->rows[i]) > last)
            last = end_of(&plan->rows[i]);
    }
    if (last == INT32_MIN || last == NEVER)
        return false;
    *ret_day = last;
    return true;
}
