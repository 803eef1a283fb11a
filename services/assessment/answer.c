/* answer.c - saves answers, a batch at a time, and gives a receipt for each. */
#include "assessment.h"
#include "rows.h"
#include "sql.h"
#include <sodium.h>
#include <stdlib.h>

/* The calls of a batch in the order of their attempts, those of one attempt as they came. */
struct turn {
    uint32_t call;
    uint32_t round; /* how many calls of the same attempt stand before it */
};

static int turn_order(const void *a, const void *b, void *reqs)
{
    const struct turn *x = a, *y = b;
    const struct answer_save *req = reqs;
    int order = memcmp(req[x->call].attempt_id.b, req[y->call].attempt_id.b, sizeof(req->attempt_id.b));
    return order ? order : (x->call > y->call) - (x->call < y->call);
}

/*
 * Each round is a statement, and everybody's answers wait for it. A page sends one answer after the other; whoever
 * sends more of one attempt at once than this is told to send the rest again.
 */
enum { ROUNDS = 8 };

/* Returns the number of rounds. */
static uint32_t lay_turns(struct turn *turns, size_t n, const struct answer_save *req)
{
    uint32_t rounds = 0;
    for (size_t i = 0; i < n; i++)
        turns[i] = (struct turn){.call = (uint32_t)i};
    qsort_r(turns, n, sizeof(*turns), turn_order, (void *)(uintptr_t)req);
    for (size_t i = 0; i < n; i++) {
        bool same = i && uuid_equal(&req[turns[i].call].attempt_id, &req[turns[i - 1].call].attempt_id);
        turns[i].round = same ? turns[i - 1].round + 1 : 0;
        if (turns[i].round >= rounds)
            rounds = turns[i].round + 1;
    }
    return rounds;
}

/* The calls of a batch that one statement works on. Arrays in the arena, as long as the batch. */
struct run {
    struct batch batch;
    const struct call_header **head;
    struct fault *fault;
    uint32_t *call; /* index in the whole batch */
    struct answer_save *req;
    struct answer_stored *stored;
};

static int run_init(struct ctx *ctx, struct run *run, size_t n)
{
    run->head = arena_alloc(ctx->arena, n * sizeof(*run->head));
    run->fault = arena_alloc(ctx->arena, n * sizeof(*run->fault));
    run->call = arena_alloc(ctx->arena, n * sizeof(*run->call));
    run->req = arena_alloc(ctx->arena, n * sizeof(*run->req));
    run->stored = arena_alloc(ctx->arena, n * sizeof(*run->stored));
    if (!run->head || !run->fault || !run->call || !run->req || !run->stored)
        return fail(ctx, ERR_TOO_LARGE, "response");
    return 0;
}

static void run_clear(struct run *run)
{
    run->batch = (struct batch){.head = run->head, .fault = run->fault};
}

static void run_add(struct run *run, const struct batch *batch, const struct answer_save *req, uint32_t call)
{
    size_t k = run->batch.n++;
    run->call[k] = call;
    run->head[k] = batch->head[call];
    run->req[k] = req[call];
    run->fault[k] = (struct fault){0};
}

static void receipt_make(const struct ctx *ctx, const struct answer_save *req, const struct answer_stored *stored,
                         uint8_t *seal, struct answer_receipt *ret_receipt)
{
    const struct assessment_conf *conf = ctx->conf;
    receipt_seal(conf->key, (const uint8_t *)stored->link.p, seal);
    *ret_receipt = (struct answer_receipt){.attempt_id = req->attempt_id,
                                           .position = req->position,
                                           .revision = req->revision,
                                           .saved_at = stored->saved_at,
                                           .seq = stored->seq,
                                           .link = stored->link,
                                           .seal = {(const char *)seal, RECEIPT_LINK},
                                           .devices = stored->devices};
}

/*
 * A unique violation or a deadlock with another process left nothing behind: once more, and it sees what that one did.
 * Another answer of the batch may meet another process then, so once is not always enough.
 */
enum { TRIES = 5 };
static int store(struct ctx *ctx, struct run *run)
{
    int code = ERR_BUSY;
    for (int i = 0; i < TRIES && (code == ERR_BUSY || code == ERR_CONFLICT); i++)
        code = pg_batch(ctx, &run->batch, &SQL_answer_save, run->req, run->stored);
    return code == ERR_CONFLICT ? fail(ctx, ERR_BUSY, "revision") : code;
}

/* Hands what a run gave to the whole batch. */
static void give(struct ctx *ctx, const struct run *run, int code, struct batch *batch, uint8_t *seals,
                 struct answer_receipt *ret_reply)
{
    for (size_t k = 0; k < run->batch.n; k++) {
        uint32_t call = run->call[k];
        batch->fault[call] = code ? (struct fault){code, ctx->fault.field} : run->fault[k];
        if (!batch->fault[call].code)
            receipt_make(ctx, &run->req[k], &run->stored[k], seals + call * RECEIPT_LINK, &ret_reply[call]);
    }
}

int on_answer_save(struct ctx *ctx, struct batch *batch, const struct answer_save *req,
                   struct answer_receipt *ret_reply)
{
    struct run run = {0};
    struct turn *turns = arena_alloc(ctx->arena, batch->n * sizeof(*turns));
    uint8_t *seals = arena_alloc(ctx->arena, batch->n * RECEIPT_LINK);
    if (!turns || !seals || run_init(ctx, &run, batch->n))
        return fail(ctx, ERR_TOO_LARGE, "response");
    uint32_t rounds = lay_turns(turns, batch->n, req);
    for (size_t i = 0; i < batch->n; i++) {
        if (turns[i].round >= ROUNDS)
            batch->fault[turns[i].call] = (struct fault){ERR_BUSY, "attempt_id"};
    }
    for (uint32_t round = 0; round < rounds && round < ROUNDS; round++) {
        run_clear(&run);
        for (size_t i = 0; i < batch->n; i++) {
            if (turns[i].round == round)
                run_add(&run, batch, req, turns[i].call);
        }
        /* What earlier rounds stored is stored: a failure is that of the calls of this round, not of the batch. */
        give(ctx, &run, store(ctx, &run), batch, seals, ret_reply);
    }
    run_clear(&run);
    for (uint32_t i = 0; i < batch->n; i++) {
        if (batch->fault[i].code == ERR_NOT_FOUND)
            run_add(&run, batch, req, i);
    }
    if (run.batch.n)
        give(ctx, &run, pg_batch(ctx, &run.batch, &SQL_answer_explain, run.req, run.stored), batch, seals, ret_reply);
    return 0;
}

int on_receipt_check(struct ctx *ctx, const struct receipt_claim *req, struct receipt_verdict *ret_reply)
{
    const struct assessment_conf *conf = ctx->conf;
    uint8_t seal[RECEIPT_LINK];
    struct receipt_found found;
    int code = pg_call(ctx, &SQL_receipt_find, req, &found);
    if (code)
        return code;
    receipt_seal(conf->key, (const uint8_t *)req->link.p, seal);
    bool ours = !sodium_memcmp(seal, req->seal.p, sizeof(seal));
    *ret_reply = (struct receipt_verdict){.ours = ours, .stored = ours && found.stored};
    return 0;
}
