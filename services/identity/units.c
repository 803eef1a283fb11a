/* units.c - the organisation tree: questions as of any day, its state as of today, and how it is read and written. */
#include "import.h"
#include "tree.h"

enum { UNITS_PAGE = 500 };

int on_units(struct ctx *ctx, const struct unit_query *req, struct unit_list *ret_reply)
{
    const struct stmt *stmt = HAS(req, unit_query, within)        ? &SQL_units_within
                              : HAS(req, unit_query, code)        ? &SQL_units_of_code
                              : HAS(req, unit_query, parent_code) ? &SQL_units_below
                                                                  : &SQL_units;
    return pg_list(ctx, stmt, req, UNITS_PAGE, &ret_reply->units, &ret_reply->n_units);
}

int on_units_public(struct ctx *ctx, const struct unit_query *req, struct unit_list *ret_reply)
{
    return on_units(ctx, req, ret_reply);
}

int units_refresh(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_unit_now_refresh, NULL, NULL);
}

int units_settle(struct ctx *ctx, const struct unit_fact *versions, uint32_t n)
{
    int code = units_refresh(ctx);
    if (code || !n)
        return code;
    return n > IMPORT_CHUNK ? pg_call(ctx, &SQL_unit_path_refresh, NULL, NULL)
                            : pg_bulk(ctx, &SQL_unit_path_refresh_of, versions, n, 0, NULL, NULL);
}

int units_read(struct ctx *ctx, struct tree *ret_tree, uint32_t more)
{
    struct unit_fact *stored;
    uint32_t n;
    int code = pg_list(ctx, &SQL_unit_versions, NULL, TREE_MOST_VERSIONS, &stored, &n);
    if (code)
        return code;
    return tree_init(ret_tree, ctx->arena, stored, n, more, ctx->scope, ctx->n_scope) < 0
               ? fail(ctx, ERR_TOO_LARGE, "units")
               : 0;
}

int units_write(struct ctx *ctx, const struct tree *tree, uint32_t *ret_changed)
{
    struct unit_fact *units, *versions;
    uint32_t n_units, n_versions, changed = 0;
    if (tree_changes(tree, &units, &n_units, &versions, &n_versions) < 0)
        return fail(ctx, ERR_TOO_LARGE, "units");
    int code = import_write(ctx, &SQL_unit_add, units, n_units);
    if (!code)
        code = import_write(ctx, &SQL_unit_put, versions, n_versions);
    if (!code && n_versions)
        code = units_settle(ctx, versions, n_versions);
    for (uint32_t i = 0; i < n_versions; i++)
        changed += i == 0 || !uuid_equal(&versions[i].unit_id, &versions[i - 1].unit_id);
    if (!code && ret_changed)
        *ret_changed = changed;
    return code;
}
