/*
 * tenure.c - where a person works, changed by hand from a day past or future: joiners, movers, leavers, secondments,
 * corrections, ends taken back. What the day means for the tenures is worked out in memory (tenure_plan.c) and written
 * as one set; the rights of a leaver end with the last day of work, and do not come again when that end is taken back.
 */
#include "grant.h"
#include "identity.h"
#include "nfc.h"
#include "tenure.h"
#include "tenure_plan.h"

enum { OLDEST_DAY = -8887 /* 1945-09-02 */, FARTHEST_DAYS = 10 * 366 };

int tenure_content(struct ctx *ctx, const struct msg *desc, const void *request, struct span *ret_hash)
{
    struct buf packed;
    buf_init(&packed, 65536);
    msg_pack(desc, request, &packed);
    int wrong = packed.failed ? -1 : secret_hash(ctx->arena, buf_span(&packed), ret_hash);
    buf_release(&packed);
    return wrong ? fail(ctx, ERR_TOO_LARGE, "change_id") : 0;
}

int tenure_repeat(struct ctx *ctx, struct uuid change_id, struct span content, const char *field, bool *ret_repeated)
{
    struct tenure_step_key key = {.change_id = change_id};
    struct tenure_step_known known;
    int code = pg_call(ctx, &SQL_tenure_step_look, &key, &known);
    if (code && code != ERR_NOT_FOUND)
        return code;
    if (!code && memcmp(known.content.p, content.p, content.n) != 0)
        return fail(ctx, ERR_CONFLICT, field);
    *ret_repeated = !code;
    return 0;
}

static int check_days(struct ctx *ctx, const struct tenure_step *step, int32_t today)
{
    if (HAS(step, tenure_step, valid_from) &&
        (step->valid_from < OLDEST_DAY || step->valid_from > today + FARTHEST_DAYS))
        return fail(ctx, ERR_INVALID, "valid_from");
    if (HAS(step, tenure_step, valid_to) && (step->valid_to < OLDEST_DAY || step->valid_to > today + FARTHEST_DAYS))
        return fail(ctx, ERR_INVALID, "valid_to");
    return 0;
}

/* The unit and position that a step names, on its first day; the position's title where no text is given. 0 or fail().
 */
static int look_at_unit(struct ctx *ctx, const struct tenure_step *step, struct tenure_wish *wish)
{
    struct workplace day = {.unit_id = step->unit_id, .day = step->valid_from};
    struct workplace_seen seen;
    bool coded = HAS(step, tenure_step, position_code) && step->position_code.n > 0;
    if (coded)
        PUT_FIELD(&day, workplace, position_code, step->position_code);
    int code = pg_call(ctx, &SQL_unit_on, &day, &seen);
    if (code)
        return code == ERR_NOT_FOUND ? fail(ctx, ERR_FORBIDDEN, "unit_id") : code;
    if (!seen.visible)
        return fail(ctx, ERR_FORBIDDEN, "unit_id");
    if (!seen.alive)
        return fail(ctx, ERR_STATE, "unit_id");
    if (coded && !HAS(&seen, workplace_seen, title))
        return fail(ctx, ERR_NOT_FOUND, "position_code");
    if (coded && !HAS(step, tenure_step, position))
        wish->position = seen.title;
    return 0;
}

/* Until when the unit is there in which a tenure is to go on. 0 or fail(). */
static int look_at_end(struct ctx *ctx, const struct tenure_step *step, struct tenure_wish *wish)
{
    struct tenure_key key = {.tenure_id = step->tenure_id, .person_id = step->person_id};
    struct tenure_unit_end *found;
    uint32_t n;
    int code = pg_list(ctx, &SQL_tenure_unit_end, &key, 1, &found, &n);
    if (!code && n) {
        wish->reopened_unit = &found->unit_id;
        wish->unit_until = HAS(found, tenure_unit_end, until) ? found->until : INT32_MAX;
    }
    return code;
}

/* The stored tenures into the plan, and the step upon them. 0 or fail(). */
static int work_out(struct ctx *ctx, const struct tenure_wish *wish, struct tenure_plan *plan)
{
    struct person_asked who = {.person_id = wish->person_id};
    struct tenure_row *rows;
    const char *field = "";
    int code = pg_list(ctx, &SQL_tenure_rows, &who, TENURES_MOST, &rows, &plan->n);
    if (code)
        return code;
    if (plan->n == TENURES_MOST)
        return fail(ctx, ERR_STATE, "person_id");
    memcpy(plan->rows, rows, plan->n * sizeof(*rows));
    uint32_t stored = plan->n;
    code = tenure_plan_step(plan, wish, &field);
    if (code)
        return fail(ctx, code, field);
    for (uint32_t i = 0; i < stored; i++) {
        if (plan->touched[i] && !plan->rows[i].visible)
            return fail(ctx, ERR_FORBIDDEN, "tenure_id");
    }
    field = tenure_plan_fault(plan);
    return field ? fail(ctx, ERR_STATE, field) : 0;
}

/* Writes what the plan touched, and tells it. *ret_ids: the ids as JSON. 0 or fail(). */
static int write_plan(struct ctx *ctx, const struct tenure_plan *plan, struct span *ret_ids)
{
    struct tenure_row *rows = arena_alloc(ctx->arena, (plan->n + 1) * sizeof(*rows));
    struct buf ids;
    uint32_t n = 0;
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, "tenures");
    buf_init(&ids, 65536);
    buf_add_char(&ids, '[');
    for (uint32_t i = 0; i < plan->n; i++) {
        char text[UUID_TEXT];
        if (!plan->touched[i])
            continue;
        rows[n] = plan->rows[i];
        uuid_format(&rows[n].tenure_id, text);
        buf_printf(&ids, "%s\"%s\"", n ? "," : "", text);
        n++;
    }
    buf_add_char(&ids, ']');
    int wrong = ids.failed || arena_span(ctx->arena, buf_span(&ids), ret_ids) < 0;
    buf_release(&ids);
    if (wrong)
        return fail(ctx, ERR_TOO_LARGE, "tenures");
    return pg_bulk(ctx, &SQL_tenures_write, rows, n, 0, NULL, NULL);
}

/* Who works nowhere from a day on holds nothing from that day on. 0 or fail(). */
static int end_grants(struct ctx *ctx, const struct tenure_plan *plan, struct uuid person_id)
{
    struct leaver leaver = {.person_id = person_id};
    if (!tenure_plan_end(plan, &leaver.day))
        return 0;
    int code = pg_call(ctx, &SQL_grants_lock, NULL, NULL);
    return code ? code : pg_bulk(ctx, &SQL_grants_end, &leaver, 1, 0, NULL, NULL);
}

static int apply(struct ctx *ctx, const struct tenure_step *step, struct span content)
{
    struct tenure_plan *plan = arena_alloc(ctx->arena, sizeof(*plan));
    struct tenure_wish wish = {.person_id = step->person_id, .step = step};
    struct span ids;
    if (!plan)
        return fail(ctx, ERR_TOO_LARGE, "tenures");
    memset(plan, 0, sizeof(*plan));
    if (HAS(step, tenure_step, position)) {
        if (nfc(ctx->arena, step->position, &wish.position) < 0 || wish.position.n > 120)
            return fail(ctx, ERR_INVALID, "position");
    }
    int code =
        HAS(step, tenure_step, unit_id) && HAS(step, tenure_step, valid_from) ? look_at_unit(ctx, step, &wish) : 0;
    if (!code && HAS(step, tenure_step, tenure_id))
        code = look_at_end(ctx, step, &wish);
    if (!code)
        code = work_out(ctx, &wish, plan);
    if (!code)
        code = write_plan(ctx, plan, &ids);
    if (code)
        return code;
    struct tenure_step_made made = {.change_id = step->change_id,
                                    .person_id = step->person_id,
                                    .content = content,
                                    .op = step->op,
                                    .reason = step->reason,
                                    .tenures = ids};
    code = pg_call(ctx, &SQL_tenure_step_add, &made, NULL);
    return code ? code : end_grants(ctx, plan, step->person_id);
}

/* A refusal by subtree is put on record after what was done in vain is rolled back. */
static int settle(struct ctx *ctx, int code, const struct uuid *person)
{
    if (code != ERR_FORBIDDEN)
        return code ? code : pg_commit(ctx);
    (void)audit_refuse(ctx, "tenure_refused", person, "the unit or the tenure is not in the caller's subtree", code,
                       ctx->fault.field);
    int kept = pg_commit(ctx);
    return kept ? kept : code;
}

int on_tenure_change(struct ctx *ctx, const struct tenure_step *req, struct tenure_list *ret_reply)
{
    struct person_asked who = {.person_id = req->person_id};
    struct person_held held;
    struct span content;
    bool repeated = false;
    int code = tenure_content(ctx, &msg_tenure_step, req, &content);
    if (!code)
        code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_person_hold, &who, &held);
    if (code == ERR_NOT_FOUND)
        return fail(ctx, ERR_FORBIDDEN, "person_id");
    if (!code)
        code = tenure_repeat(ctx, req->change_id, content, "change_id", &repeated);
    if (!code && held.merged)
        code = fail(ctx, ERR_STATE, "person_id");
    if (!code && !repeated)
        code = check_days(ctx, req, held.today);
    if (!code && !repeated)
        code = apply(ctx, req, content);
    if (!code)
        code = pg_list(ctx, &SQL_tenures_of, &who, 200, &ret_reply->tenures, &ret_reply->n_tenures);
    ret_reply->person_id = req->person_id;
    return settle(ctx, code, &req->person_id);
}
