/*
 * dossier.c - one signed file per attempt: what was seen, every answer with its link, policy, results, facts, appeals.
 * It proves itself: `hocvu attempt verify` needs the file and a public key, no database.
 *
 * The payload is the message `dossier` as JSON. What does not fit into the largest file is refused, never cut.
 */
#include "access.h"
#include "assessment.h"
#include "integrity.h"
#include "paper.h"
#include "rows.h"
#include "sql.h"

enum {
    FILE_MAX = 4194304,             /* as `file` is declared */
    PAYLOAD_MAX = FILE_MAX / 4 * 3, /* base64url takes a third more */
    ENTRIES_MAX = 20000,            /* read; more than `dossier` declares is refused when it is signed */
    RESULTS_MAX = 1000,
    FACTS_MAX = 1000,
    APPEALS_MAX = 100,
    KEYS_MAX = 16,
};

/* The key is known to the database before the first file that it signs leaves. */
int attempt_key_keep(struct ctx *ctx)
{
    const struct assessment_conf *conf = ctx->conf;
    struct attempt_key_row key = {.kid = {conf->kid, JWS_KID_TEXT - 1},
                                  .public_key = {(const char *)conf->sign_public, sizeof(conf->sign_public)}};
    return pg_call(ctx, &SQL_attempt_key_keep, &key, NULL);
}

/* --- what it holds --- */

static int add_paper(struct ctx *ctx, const struct dossier_head *head, struct dossier *dossier)
{
    struct attempt_paper *paper = arena_alloc(ctx->arena, sizeof(*paper));
    if (!paper)
        return fail(ctx, ERR_TOO_LARGE, "attempt_id");
    *paper = (struct attempt_paper){.attempt_id = head->attempt_id,
                                    .programme_id = head->programme_id,
                                    .policy_id = head->policy_id,
                                    .number = head->number,
                                    .state = head->state,
                                    .started_at = head->started_at,
                                    .deadline = head->deadline,
                                    .now = head->now,
                                    .answers = head->answers,
                                    .head = head->head};
    dossier->paper = paper;
    dossier->n_paper = 1;
    return paper_lay(ctx, &head->form_id, head->seed, &paper->items, &paper->n_items);
}

/* The answer that counts beside each item, from the log itself. */
static void set_responses(struct attempt_paper *paper, const struct answer_entry *answers, uint32_t n)
{
    for (uint32_t i = 0; i < paper->n_items; i++) {
        struct item_shown *item = &paper->items[i];
        for (uint32_t k = 0; k < n; k++) {
            if (answers[k].position != item->position ||
                (HAS(item, item_shown, revision) && item->revision > answers[k].revision))
                continue;
            PUT_FIELD(item, item_shown, response, answers[k].response);
            PUT_FIELD(item, item_shown, revision, answers[k].revision);
        }
    }
}

static int add_policy(struct ctx *ctx, const struct dossier_head *head, struct dossier *dossier)
{
    struct policy_ref ref = {.policy_id = head->policy_id};
    struct policy *policy = arena_alloc(ctx->arena, sizeof(*policy));
    if (!policy)
        return fail(ctx, ERR_TOO_LARGE, "attempt_id");
    dossier->policies = policy;
    dossier->n_policies = 1;
    return pg_call(ctx, &SQL_dossier_policy, &ref, policy);
}

/* The log up to the head: of a running attempt it may have grown since. */
static int add_answers(struct ctx *ctx, const struct dossier_head *head, struct dossier *dossier)
{
    struct log_ref ref = {.attempt_id = head->attempt_id, .entries = head->answers};
    int code = pg_list(ctx, &SQL_dossier_answers, &ref, ENTRIES_MAX, &dossier->answers, &dossier->n_answers);
    if (code)
        return code;
    set_responses(dossier->paper, dossier->answers, dossier->n_answers);
    return 0;
}

static int add_rest(struct ctx *ctx, const struct attempt_ref *req, struct dossier *dossier)
{
    int code = pg_list(ctx, &SQL_dossier_results, req, RESULTS_MAX, &dossier->results, &dossier->n_results);
    if (!code)
        code = integrity_facts_of(ctx, &req->attempt_id, &dossier->facts, &dossier->n_facts);
    return code ? code : pg_list(ctx, &SQL_dossier_appeals, req, APPEALS_MAX, &dossier->appeals, &dossier->n_appeals);
}

static void set_head(const struct dossier_head *head, uint8_t first[RECEIPT_LINK], struct dossier *dossier)
{
    *dossier = (struct dossier){.format = SPAN("hocvu-dossier-1"),
                                .made_at = head->now,
                                .person_id = head->person_id,
                                .form_id = head->form_id,
                                .seed = head->seed,
                                .first = {(const char *)first, RECEIPT_LINK},
                                .devices = (uint16_t)(head->devices > UINT16_MAX ? UINT16_MAX : head->devices)};
    if (HAS(head, dossier_head, ended_by))
        PUT_FIELD(dossier, dossier, ended_by, head->ended_by);
    if (HAS(head, dossier_head, ended_at))
        PUT_FIELD(dossier, dossier, ended_at, head->ended_at);
    if (HAS(head, dossier_head, void_reason))
        PUT_FIELD(dossier, dossier, void_reason, head->void_reason);
    receipt_first(&head->attempt_id, &head->person_id, &head->form_id, head->seed, head->started_at, first);
}

static int collect(struct ctx *ctx, const struct attempt_ref *req, struct dossier *ret_dossier)
{
    struct dossier_head head;
    uint8_t *first = arena_alloc(ctx->arena, RECEIPT_LINK);
    int code = pg_call(ctx, &SQL_dossier_head, req, &head);
    if (code)
        return code;
    if (!first || head.answers > ENTRIES_MAX || head.facts > FACTS_MAX || head.bytes > PAYLOAD_MAX)
        return fail(ctx, ERR_TOO_LARGE, "attempt_id");
    set_head(&head, first, ret_dossier);
    code = add_paper(ctx, &head, ret_dossier);
    if (!code)
        code = add_policy(ctx, &head, ret_dossier);
    if (!code)
        code = add_answers(ctx, &head, ret_dossier);
    return code ? code : add_rest(ctx, req, ret_dossier);
}

/* --- the file --- */

/* -1: it does not fit. */
static int sign(struct arena *arena, const struct assessment_conf *conf, const struct dossier *dossier,
                struct span *ret_content)
{
    struct buf header, payload, text;
    struct fault fault;
    int result = -1;
    buf_init(&header, 256);
    buf_init(&payload, PAYLOAD_MAX);
    buf_init(&text, FILE_MAX);
    buf_printf(&header, "{\"alg\":\"EdDSA\",\"typ\":\"hocvu-dossier+jwt\",\"kid\":\"%s\"}", conf->kid);
    msg_to_json(&msg_dossier, dossier, &payload);
    if (!msg_check(&msg_dossier, dossier, &fault) && !header.failed && !payload.failed) {
        jws_sign(conf->sign_secret, buf_span(&header), buf_span(&payload), &text);
        if (!text.failed)
            result = arena_span(arena, buf_span(&text), ret_content);
    }
    buf_release(&header);
    buf_release(&payload);
    buf_release(&text);
    return result;
}

static int make(struct ctx *ctx, const struct dossier *dossier, struct file *ret_file)
{
    char id[UUID_TEXT];
    struct span content;
    uuid_format(&dossier->paper->attempt_id, id);
    char *name = arena_printf(ctx->arena, "attempt-%s.jws", id);
    int code = attempt_key_keep(ctx);
    if (code)
        return code;
    if (!name || sign(ctx->arena, ctx->conf, dossier, &content) < 0)
        return fail(ctx, ERR_TOO_LARGE, "attempt_id");
    *ret_file = (struct file){
        .media_type = SPAN("application/jose"), .name = {name, (uint32_t)strlen(name)}, .content = content};
    return 0;
}

/* The learner's own file: no result that the policy does not show, and no other person's attempt by its id. */
int on_my_dossier(struct ctx *ctx, const struct attempt_ref *req, struct file *ret_reply)
{
    struct attempt_seen seen;
    struct dossier dossier;
    int code = pg_call(ctx, &SQL_attempt_mine, req, &seen);
    if (!code)
        code = collect(ctx, req, &dossier);
    if (code)
        return code;
    if (!seen.result_shown)
        dossier.n_results = 0;
    for (uint32_t i = 0; i < dossier.n_facts; i++)
        dossier.facts[i].has &= ~(UINT64_C(1) << HAS_integrity_fact_other_attempt_id);
    return make(ctx, &dossier, ret_reply);
}

int on_attempt_dossier(struct ctx *ctx, const struct attempt_ref *req, struct file *ret_reply)
{
    struct attempt_seen seen;
    struct dossier dossier;
    int code = pg_call(ctx, &SQL_attempt_visible, req, &seen);
    if (!code)
        code = collect(ctx, req, &dossier);
    if (!code)
        code = make(ctx, &dossier, ret_reply);
    return code ? code : access_note_list(ctx, &seen, 1, NULL);
}

int on_attempt_keys(struct ctx *ctx, const struct empty *req, struct public_keys *ret_reply)
{
    (void)req;
    int code = attempt_key_keep(ctx);
    return code ? code : pg_list(ctx, &SQL_attempt_keys, NULL, KEYS_MAX, &ret_reply->keys, &ret_reply->n_keys);
}
