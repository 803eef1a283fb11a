/* regrade.c - an item was wrong: what follows for everyone who had it is worked off by a tick, slice by slice. */
#include "assessment.h"
#include "item_check.h"
#include "rows.h"
#include "sql.h"

/* As regrade_list.regrades is declared. */
enum { REGRADES = 100 };

/* The corrected key in its canonical form. */
static int read_key(struct ctx *ctx, struct item_correction *correction)
{
    struct corrected_item row;
    int code = pg_call(ctx, &SQL_corrected_item, correction, &row);
    if (code)
        return code == ERR_NOT_FOUND ? fail(ctx, code, "version_id") : code;
    struct item item = {.type = ITEM_TYPES, .n_choices = row.choices, .n_targets = row.targets};
    for (enum item_type type = 0; type < ITEM_TYPES; type++) {
        const char *name = item_type_name(type);
        if (row.type.n == strlen(name) && !memcmp(row.type.p, name, row.type.n))
            item.type = type;
    }
    if (item.type == ITEM_TYPES || !item_key_parse(ctx->arena, &item, correction->key, &item.key))
        return fail(ctx, ERR_INVALID, "key");
    return item_key_text(ctx->arena, &item, &correction->key) < 0 ? fail(ctx, ERR_TOO_LARGE, "key") : 0;
}

int on_item_correct(struct ctx *ctx, const struct item_correction *req, struct regrade *ret_reply)
{
    struct item_correction correction = *req;
    int code = HAS(req, item_correction, key) ? read_key(ctx, &correction) : 0;
    if (!code)
        code = pg_call(ctx, &SQL_item_correct, &correction, NULL);
    return code ? code : pg_call(ctx, &SQL_regrade_get, req, ret_reply);
}

int on_regrades(struct ctx *ctx, const struct empty *req, struct regrade_list *ret_reply)
{
    (void)req;
    return pg_list(ctx, &SQL_regrades, NULL, REGRADES, &ret_reply->regrades, &ret_reply->n_regrades);
}

int regrades_go_on(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_regrades_go_on, NULL, NULL);
}
