/* gather.c - rows of several threads run by one of them, see gather.h. */
#include "gather.h"

static void refuse(struct gather_row *row, int code, const char *field)
{
    struct span copy;
    row->code = code;
    row->field = "";
    if (code && field && arena_span(row->ctx->arena, (struct span){field, (uint32_t)strlen(field)}, &copy) == 0)
        row->field = copy.p;
}

/* All at once; when that fails, one by one, so that nobody fails for what another has brought. */
static void run_all(const struct gather *desk, struct ctx *ctx, struct gather_row *const *rows, uint32_t n)
{
    int code = desk->run(ctx, rows, n);
    if (code && n == 1)
        refuse(rows[0], code, ctx->fault.field);
    for (uint32_t i = 0; code && n > 1 && i < n; i++) {
        rows[i]->code = 0;
        int alone = desk->run(ctx, &rows[i], 1);
        if (alone)
            refuse(rows[i], alone, ctx->fault.field);
    }
}

/* The first of those that wait, the leader among them, because whoever leads was the first. */
static uint32_t take(struct gather *desk, struct gather_row *rows[GATHER_MOST])
{
    uint32_t n = 0;
    while (desk->first && n < GATHER_MOST) {
        rows[n++] = desk->first;
        desk->first = desk->first->next;
    }
    if (!desk->first)
        desk->last = &desk->first;
    return n;
}

/* Wakes those whose rows are done, and the next leader if somebody has come meanwhile. */
static void hand_on(struct gather *desk, struct gather_row *const *rows, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        rows[i]->done = true;
        if (!rows[i]->leads)
            pthread_cond_signal(&rows[i]->turn);
    }
    desk->busy = desk->first != NULL;
    if (desk->first) {
        desk->first->leads = true;
        pthread_cond_signal(&desk->first->turn);
    }
}

int gather(struct gather *desk, struct ctx *ctx, const void *in, void *ret)
{
    struct gather_row row = {.ctx = ctx, .in = in, .ret = ret, .field = ""}, *rows[GATHER_MOST];
    pthread_cond_init(&row.turn, NULL);
    pthread_mutex_lock(&desk->lock);
    *desk->last = &row;
    desk->last = &row.next;
    row.leads = !desk->busy;
    desk->busy = true;
    while (!row.done && !row.leads)
        pthread_cond_wait(&row.turn, &desk->lock);
    if (!row.done) {
        uint32_t n = take(desk, rows);
        pthread_mutex_unlock(&desk->lock);
        run_all(desk, ctx, rows, n);
        pthread_mutex_lock(&desk->lock);
        hand_on(desk, rows, n);
    }
    pthread_mutex_unlock(&desk->lock);
    pthread_cond_destroy(&row.turn);
    return row.code ? fail(ctx, row.code, row.field) : 0;
}

void *gather_messages(struct ctx *ctx, const struct msg *msg, struct gather_row *const *rows, uint32_t n)
{
    char *all = arena_alloc(ctx->arena, n * msg->size);
    for (uint32_t i = 0; all && i < n; i++)
        memcpy(all + i * msg->size, rows[i]->in, msg->size);
    if (!all)
        fail(ctx, ERR_TOO_LARGE, msg->name);
    return all;
}

int gather_copy(const struct msg *msg, const void *from, struct arena *arena, void *ret_to)
{
    memcpy(ret_to, from, msg->size);
    for (size_t i = 0; i < msg->n_fields; i++) {
        const struct field *field = &msg->fields[i];
        struct span text;
        if (field->type != T_STR && field->type != T_BIN)
            continue;
        memcpy(&text, (const char *)from + field->offset, sizeof(text));
        if (arena_span(arena, text, &text) < 0)
            return -1;
        memcpy((char *)ret_to + field->offset, &text, sizeof(text));
    }
    return 0;
}

/* The row's `place`, from 0 on; what is no place is none of n. */
static uint64_t place_of(const struct msg *msg, const void *row)
{
    const struct field *field = msg_field(msg, "place", 5);
    uint64_t place = 0;
    if (field && field->type == T_U64)
        memcpy(&place, (const char *)row + field->offset, sizeof(place));
    return place - 1;
}

int gather_statement(struct ctx *ctx, const struct stmt *stmt, struct gather_row *const *rows, uint32_t n,
                     const char *field)
{
    bool answered[GATHER_MOST] = {false};
    void *in = gather_messages(ctx, stmt->in, rows, n);
    char *found = NULL;
    uint32_t n_found = 0;
    if (!in)
        return ctx->fault.code;
    int code = pg_bulk(ctx, stmt, in, n, n, &found, &n_found);
    for (uint32_t i = 0; !code && i < n_found; i++) {
        const char *one = found + i * stmt->out->size;
        uint64_t place = place_of(stmt->out, one);
        if (place >= n)
            return fail(ctx, ERR_INTERNAL, stmt->name);
        answered[place] = true;
        if (gather_copy(stmt->out, one, rows[place]->ctx->arena, rows[place]->ret) < 0)
            refuse(rows[place], ERR_TOO_LARGE, stmt->name);
    }
    for (uint32_t i = 0; !code && i < n; i++) {
        if (!answered[i])
            refuse(rows[i], ERR_NOT_FOUND, field);
    }
    return code;
}
