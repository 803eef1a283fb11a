/*
 * decree.c - the organisation changes by decree: the steps are tried on the tree in memory, then written as one
 * transaction: versions of units, tenures that go along, who came from whom. Told in that order too: units, people,
 * then the decree.
 */
#include "decree.h"
#include "import.h"
#include "nfc.h"
#include <sodium.h>

enum {
    MOVED_AT_ONCE = 20000, /* as decree_tenures_move has it */
    ASK_AGAIN_MS = 2000,
    CLASHES_SHOWN = 100, /* of decree_report */
    PAIRS_MOST = 100000, /* of duties_together */
};

void decree_hash(const struct span *spans, uint32_t n, unsigned char ret_hash[DECREE_HASH_BYTES])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, DECREE_HASH_BYTES);
    for (uint32_t i = 0; i < n; i++) {
        crypto_generichash_update(&state, (const unsigned char *)&spans[i].n, sizeof(spans[i].n));
        crypto_generichash_update(&state, (const unsigned char *)spans[i].p, spans[i].n);
    }
    crypto_generichash_final(&state, ret_hash, DECREE_HASH_BYTES);
}

/* Hash of all that was sent but the wish for a dry run. 0 or fail(). */
static int content_hash(struct ctx *ctx, const struct decree *req, unsigned char ret_hash[DECREE_HASH_BYTES])
{
    struct decree content = *req;
    struct buf packed;
    content.has &= ~(UINT64_C(1) << HAS_decree_dry_run);
    buf_init(&packed, msg_max_packed(&msg_decree));
    msg_pack(&msg_decree, &content, &packed);
    bool failed = packed.failed;
    if (!failed)
        decree_hash((struct span[]){buf_span(&packed)}, 1, ret_hash);
    buf_release(&packed);
    return failed ? fail(ctx, ERR_TOO_LARGE, "steps") : 0;
}

/* Text as it is kept: NFC, within its bound. */
static bool as_kept(struct ctx *ctx, struct span *text, uint32_t most)
{
    struct span kept;
    if (nfc(ctx->arena, *text, &kept) < 0 || kept.n > most)
        return false;
    *text = kept;
    return true;
}

/* A copy of the request in NFC, its days looked at. 0 or fail(). */
static int as_sent(struct ctx *ctx, const struct decree *req, int32_t today, struct decree *ret_decree)
{
    *ret_decree = *req;
    ret_decree->steps = arena_alloc(ctx->arena, req->n_steps * sizeof(*req->steps));
    if (!ret_decree->steps)
        return fail(ctx, ERR_TOO_LARGE, "steps");
    if (req->effective_from < UNIT_FIRST_DAY || req->effective_from > today + UNIT_DAYS_AHEAD)
        return fail(ctx, ERR_RANGE, "effective_from");
    if (req->issued_on < UNIT_FIRST_DAY || req->issued_on > today)
        return fail(ctx, ERR_RANGE, "issued_on");
    if (!as_kept(ctx, &ret_decree->number, 60) || !as_kept(ctx, &ret_decree->issuer, 200) ||
        !as_kept(ctx, &ret_decree->title, 500))
        return fail(ctx, ERR_INVALID, "title");
    for (uint32_t i = 0; i < req->n_steps; i++) {
        struct decree_step *step = &ret_decree->steps[i];
        *step = req->steps[i];
        if (HAS(step, decree_step, name) && !as_kept(ctx, &step->name, 200))
            return fail(ctx, ERR_INVALID, "name");
        if (!HAS(step, decree_step, name_en))
            step->name_en = SPAN("");
        else if (!as_kept(ctx, &step->name_en, 200))
            return fail(ctx, ERR_INVALID, "name_en");
    }
    return 0;
}

/* Where the people of a unit that ends go at last: the unit that takes them may end by a later step. */
static const struct tree_unit *last_of(const struct decree_work *work, const struct tree_unit *into)
{
    for (uint32_t i = 0; i < work->n_leaving; i++) {
        if (work->leaving[i].unit == into) {
            into = work->leaving[i].into;
            if (!into)
                return NULL;
            i = UINT32_MAX; /* from the first again; no unit ends twice, so this ends too */
        }
    }
    return into;
}

static struct unit_leaving *leaving_rows(const struct decree_work *work)
{
    struct unit_leaving *rows = arena_alloc(work->arena, (work->n_leaving + 1) * sizeof(*rows));
    for (uint32_t i = 0; rows && i < work->n_leaving; i++) {
        const struct decree_leaving *leaving = &work->leaving[i];
        const struct tree_unit *into = last_of(work, leaving->into);
        rows[i] = (struct unit_leaving){.decree_id = work->req->decree_id,
                                        .nr = (uint16_t)(leaving->step + 1),
                                        .unit_id = leaving->unit->id,
                                        .day = work->req->effective_from};
        if (into)
            PUT_FIELD(&rows[i], unit_leaving, into_id, into->id);
    }
    return rows;
}

/* Counts and locks the people of the units that end; refuses closings with people. 0 or fail(). */
static int look_at_people(struct ctx *ctx, struct decree_work *work, const struct unit_leaving *rows,
                          uint32_t *ret_people)
{
    struct unit_people *found;
    uint32_t n, people = 0;
    int code = work->n_leaving ? pg_bulk(ctx, &SQL_decree_people, rows, work->n_leaving, DECREE_MOST_STEPS, &found, &n)
                               : (n = 0, 0);
    for (uint32_t i = 0; !code && i < n; i++) {
        uint32_t step = found[i].nr - 1u;
        for (uint32_t l = 0; l < work->n_leaving; l++) {
            if (work->leaving[l].step == step && !HAS(&rows[l], unit_leaving, into_id))
                decree_refuse_people(work, step, found[i].people);
        }
        work->steps[step].people = found[i].people;
        people += found[i].people;
    }
    *ret_people = people;
    return code ? code : work->full ? fail(ctx, ERR_TOO_LARGE, "steps") : 0;
}

/* In portions, because a statement has its time. 0 or fail(). */
static int move_people(struct ctx *ctx, const struct decree_work *work, const struct unit_leaving *rows)
{
    struct unit_people done = {0};
    struct place *moved;
    uint32_t n = 0;
    int code;
    do {
        code = pg_bulk(ctx, &SQL_decree_tenures_move, rows, work->n_leaving, 1, &moved, &n);
        done.people += !code && n ? moved->place : 0;
        if (!code)
            code = pg_call(ctx, &SQL_decree_done, &done, NULL);
    } while (!code && n && moved->place == MOVED_AT_ONCE);
    return code;
}

static int write_steps(struct ctx *ctx, const struct decree_work *work)
{
    struct decree_step_row *rows = arena_alloc(ctx->arena, work->req->n_steps * sizeof(*rows));
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, "steps");
    for (uint32_t i = 0; i < work->req->n_steps; i++) {
        const struct decree_step_report *step = &work->steps[i];
        rows[i] = (struct decree_step_row){.decree_id = work->req->decree_id,
                                           .nr = step->nr,
                                           .op = step->op,
                                           .code = step->code,
                                           .refused = step->refused,
                                           .people = step->people,
                                           .message_vi = step->message_vi,
                                           .message_en = step->message_en};
        if (HAS(step, decree_step_report, field))
            PUT_FIELD(&rows[i], decree_step_row, field, step->field);
    }
    int code = import_write(ctx, &SQL_decree_steps_add, rows, work->req->n_steps);
    return code ? code : import_write(ctx, &SQL_unit_changes_add, work->changes, work->n_changes);
}

/* Duties that exclude each other and are together, in the order of their grants. */
struct duties {
    struct duty_pair *pairs;
    uint32_t n;
};

/* 0 or fail(). */
static int read_duties(struct ctx *ctx, const struct decree_new *row, struct duties *ret_duties)
{
    struct duties_day day = {.effective_from = row->effective_from};
    return pg_list(ctx, &SQL_duties_together, &day, PAIRS_MOST, &ret_duties->pairs, &ret_duties->n);
}

static int pair_order(const struct duty_pair *a, const struct duty_pair *b)
{
    int order = memcmp(&a->grant_id, &b->grant_id, sizeof(a->grant_id));
    return order ? order : memcmp(&a->other_grant_id, &b->other_grant_id, sizeof(a->other_grant_id));
}

/* What is together now and was not before the units were written, also not by another decree of the same day; told, not
 * prevented. 0 or fail(). */
static int tell_duties(struct ctx *ctx, const struct duties *before, struct decree_new *row,
                       struct decree_report *reply)
{
    struct decree_key key = {.decree_id = row->decree_id};
    struct duties now;
    uint32_t n = 0;
    int code = read_duties(ctx, row, &now);
    if (code)
        return code;
    struct decree_clash_row *rows = arena_alloc(ctx->arena, (now.n + 1) * sizeof(*rows));
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, "steps");
    for (uint32_t i = 0, b = 0; i < now.n; i++) {
        const struct duty_pair *pair = &now.pairs[i];
        while (b < before->n && pair_order(&before->pairs[b], pair) < 0)
            b++;
        if (b < before->n && pair_order(&before->pairs[b], pair) == 0)
            continue;
        rows[n++] = (struct decree_clash_row){.decree_id = row->decree_id,
                                              .person_id = pair->person_id,
                                              .grant_id = pair->grant_id,
                                              .other_grant_id = pair->other_grant_id,
                                              .since = pair->since};
    }
    row->clashes = n;
    code = import_write(ctx, &SQL_decree_clashes_add, rows, n);
    return code ? code : pg_list(ctx, &SQL_decree_clashes, &key, CLASHES_SHOWN, &reply->clashes, &reply->n_clashes);
}

/*
 * Everything that the steps leave, the tenures only with `move`; `row` gets the counts, and is stored unless it waited.
 * 0 or fail().
 */
static int write_all(struct ctx *ctx, struct decree_work *work, const struct unit_leaving *leaving,
                     struct decree_new *row, bool waited, bool move, struct decree_report *reply)
{
    struct decree_key key = {.decree_id = row->decree_id};
    struct duties before = {.n = 0};
    row->state = SPAN("applied");
    int code = waited ? 0 : pg_call(ctx, &SQL_decree_add, row, NULL);
    if (!code)
        code = read_duties(ctx, row, &before);
    if (!code)
        code = units_write(ctx, &work->tree, &row->units_changed);
    if (!code)
        code = write_steps(ctx, work);
    if (!code)
        code = tell_duties(ctx, &before, row, reply);
    if (!code && row->people_moved && move)
        code = move_people(ctx, work, leaving);
    if (!code)
        code = pg_call(ctx, &SQL_decree_rights_stale, &key, NULL);
    if (!code)
        code = pg_call(ctx, &SQL_decree_told, &key, NULL);
    return code ? code : pg_call(ctx, &SQL_decree_settle, row, NULL);
}

int decree_note(struct ctx *ctx, const struct decree_new *row)
{
    const char *action = row->state.p[0] == 'w'   ? "decree_waits"
                         : row->state.p[0] == 'a' ? "decree_applied"
                                                  : "decree_refused";
    struct buf detail;
    char id[UUID_TEXT];
    log_info(ctx->head->trace, "decree %.*s %.*s: %u units changed, %u tenures go along", (int)row->number.n,
             row->number.p, (int)row->state.n, row->state.p, row->units_changed, row->people_moved);
    uuid_format(&row->decree_id, id);
    buf_init(&detail, 4096);
    buf_add_text(&detail, "{\"decree\":\"");
    buf_add_text(&detail, id);
    buf_add_text(&detail, "\",\"number\":");
    json_add_string(&detail, row->number);
    char *rest = arena_printf(ctx->arena, ",\"units\":%u,\"people\":%u,\"clashes\":%u}", row->units_changed,
                              row->people_moved, row->clashes);
    if (rest)
        buf_add_text(&detail, rest);
    int code =
        !rest || detail.failed ? fail(ctx, ERR_TOO_LARGE, "number") : audit_note(ctx, action, NULL, buf_span(&detail));
    buf_release(&detail);
    return code;
}

/* The first result of a decree that was sent before. 0 or fail(). */
static int repeat(struct ctx *ctx, const struct decree_stored *stored, const unsigned char *hash,
                  struct decree_report *ret_reply)
{
    struct decree_key key = {.decree_id = ret_reply->decree_id};
    if (memcmp(stored->content_hash.p, hash, DECREE_HASH_BYTES) != 0)
        return fail(ctx, ERR_CONFLICT, "decree_id");
    ret_reply->dry_run = false;
    ret_reply->state = stored->state;
    ret_reply->units_changed = stored->units_changed;
    ret_reply->people_moved = stored->people_moved;
    if (stored->state.p[0] == 'w')
        later(ctx, ASK_AGAIN_MS);
    int code = pg_list(ctx, &SQL_decree_clashes, &key, CLASHES_SHOWN, &ret_reply->clashes, &ret_reply->n_clashes);
    return code ? code
                : pg_list(ctx, &SQL_decree_steps, &key, DECREE_MOST_STEPS, &ret_reply->steps, &ret_reply->n_steps);
}

/* Stores what was sent, for the job. 0 or fail(). */
static int put_off(struct ctx *ctx, const struct decree *req, struct decree_new *row)
{
    struct buf packed;
    buf_init(&packed, msg_max_packed(&msg_decree));
    msg_pack(&msg_decree, req, &packed);
    row->state = SPAN("waiting");
    PUT_FIELD(row, decree_new, content, buf_span(&packed));
    int code = packed.failed ? fail(ctx, ERR_TOO_LARGE, "steps") : pg_call(ctx, &SQL_decree_add, row, NULL);
    buf_release(&packed);
    row->has &= ~(UINT64_C(1) << HAS_decree_new_content);
    return code;
}

int decree_carry_out(struct ctx *ctx, const struct decree *req, bool waited, struct decree_new *row,
                     struct decree_report *ret_reply)
{
    struct decree_work work = {.arena = ctx->arena, .req = req};
    int code = units_read(ctx, &work.tree, 2 * req->n_steps);
    if (code)
        return code;
    if (tree_reset(&work.tree) < 0 || decree_try(&work) < 0)
        return fail(ctx, ERR_TOO_LARGE, "steps");
    ret_reply->steps = work.steps;
    ret_reply->n_steps = req->n_steps;
    ret_reply->state = row->state = SPAN("refused");
    struct unit_leaving *leaving = leaving_rows(&work);
    if (!leaving)
        return fail(ctx, ERR_TOO_LARGE, "steps");
    if (!work.refused)
        code = look_at_people(ctx, &work, leaving, &row->people_moved);
    if (!code && work.refused && waited) {
        /* It could be done when it was sent: what it says now is kept, and that nothing came of it. */
        row->people_moved = work.n_changes = 0;
        code = write_steps(ctx, &work);
        return code ? code : pg_call(ctx, &SQL_decree_settle, row, NULL);
    }
    if (code || work.refused)
        return code;
    bool much = row->people_moved > identity_conf(ctx)->decree_people_at_once && !waited;
    if (!much || ret_reply->dry_run)
        code = write_all(ctx, &work, leaving, row, waited, !much, ret_reply);
    else
        code = put_off(ctx, req, row);
    ret_reply->state = much ? SPAN("waiting") : row->state;
    ret_reply->units_changed = row->units_changed;
    ret_reply->people_moved = row->people_moved;
    return code;
}

int on_org_decree(struct ctx *ctx, const struct decree *sent, struct decree_report *ret_reply)
{
    unsigned char hash[DECREE_HASH_BYTES];
    struct decree req;
    struct decree_stored *stored;
    uint32_t n;
    int32_t today;
    struct decree_key key = {.decree_id = sent->decree_id};
    int code = content_hash(ctx, sent, hash);
    if (!code)
        code = import_begin(ctx, &today);
    if (!code)
        code = pg_list(ctx, &SQL_decree_find, &key, 1, &stored, &n);
    if (code)
        return code;
    *ret_reply = (struct decree_report){
        .decree_id = sent->decree_id, .dry_run = HAS(sent, decree, dry_run) && sent->dry_run, .state = SPAN("refused")};
    if (n)
        return repeat(ctx, stored, hash, ret_reply);
    code = as_sent(ctx, sent, today, &req);
    if (code)
        return code;
    struct decree_new row = {.decree_id = req.decree_id,
                             .number = req.number,
                             .issued_on = req.issued_on,
                             .issuer = req.issuer,
                             .title = req.title,
                             .effective_from = req.effective_from,
                             .content_hash = {(const char *)hash, DECREE_HASH_BYTES}};
    code = decree_carry_out(ctx, &req, false, &row, ret_reply);
    if (code || ret_reply->dry_run || row.state.p[0] == 'r')
        return code;
    code = decree_note(ctx, &row);
    if (!code)
        code = pg_commit(ctx);
    if (!code && row.state.p[0] == 'w') {
        job_wake(ctx);
        later(ctx, ASK_AGAIN_MS);
    }
    return code;
}

int on_decrees(struct ctx *ctx, const struct decree_query *req, struct decree_list *ret_reply)
{
    return pg_list(ctx, &SQL_decrees, req, 100, &ret_reply->decrees, &ret_reply->n_decrees);
}

int on_decree_get(struct ctx *ctx, const struct decree_key *req, struct decree_shown *ret_reply)
{
    int code = pg_call(ctx, &SQL_decree_shown, req, ret_reply);
    if (!code)
        code = pg_list(ctx, &SQL_decree_steps, req, DECREE_MOST_STEPS, &ret_reply->steps, &ret_reply->n_steps);
    if (!code)
        code = pg_list(ctx, &SQL_decree_changes, req, 1000, &ret_reply->changes, &ret_reply->n_changes);
    return code == ERR_NOT_FOUND ? fail(ctx, code, "decree_id") : code;
}
