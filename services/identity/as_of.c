/* as_of.c - the people of a subtree as of any day. */
#include "as_of.h"

enum { PEOPLE_PAGE = 100, PEOPLE_MOST = 500 };

int unit_range_as_of(struct ctx *ctx, struct uuid unit_id, bool has_day, int32_t day, struct unit_range *ret_range)
{
    struct unit_day query = {.unit_id = unit_id};
    if (has_day)
        PUT_FIELD(&query, unit_day, as_of, day);
    int code = pg_call(ctx, &SQL_unit_range_of, &query, ret_range);
    if (code == ERR_NOT_FOUND && strcmp(ctx->fault.field, "as_of") != 0)
        return fail(ctx, ERR_FORBIDDEN, "unit_id"); /* whether there is such a unit is not told either */
    return code;
}

/* Where the page before ended. 0 or fail(). */
static int find_last(struct ctx *ctx, const struct people_query *req, struct people_range *range)
{
    struct person_day key = {.day = range->day};
    struct unit_range last;
    PUT_FIELD(&key, person_day, person_id, req->after);
    if (HAS(req, people_query, after_unit))
        PUT_FIELD(&key, person_day, unit_id, req->after_unit);
    int code = pg_call(ctx, &SQL_place_of_person, &key, &last);
    if (code)
        return code == ERR_NOT_FOUND ? fail(ctx, ERR_INVALID, "after") : code;
    PUT_FIELD(range, people_range, after, req->after);
    PUT_FIELD(range, people_range, after_path, last.path);
    return 0;
}

int on_people(struct ctx *ctx, const struct people_query *req, struct people_list *ret_reply)
{
    struct unit_range top;
    int code = unit_range_as_of(ctx, req->unit_id, HAS(req, people_query, as_of), req->as_of, &top);
    if (code)
        return code;
    const char *method = ctx->method ? ctx->method->name : "unknown";
    struct people_range range = {.path = top.path,
                                 .day = top.day,
                                 .method = {method, (uint32_t)strlen(method)},
                                 .most = HAS(req, people_query, most) ? req->most : PEOPLE_PAGE};
    if (HAS(req, people_query, leaders))
        PUT_FIELD(&range, people_range, leaders, req->leaders);
    if (HAS(req, people_query, after))
        code = find_last(ctx, req, &range);
    return code ? code : pg_list(ctx, &SQL_people, &range, PEOPLE_MOST, &ret_reply->people, &ret_reply->n_people);
}
