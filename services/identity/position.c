/*
 * position.c - the catalogue of positions. A version is known by its code and its first day: sent again it is the same,
 * sent with other contents it is refused once that day has come.
 */
#include "identity.h"
#include "nfc.h"

enum { MOST_POSITIONS = 100, MOST_SKILLS = 50 };

/* Gives each position of a page its skills. 0 or fail(). */
static int add_skills(struct ctx *ctx, struct position *positions, uint32_t n)
{
    struct position_at *keys = arena_alloc(ctx->arena, (n + 1) * sizeof(*keys));
    struct position_skill_row *rows;
    uint32_t n_rows, at = 0;
    if (!keys)
        return fail(ctx, ERR_TOO_LARGE, "positions");
    for (uint32_t i = 0; i < n; i++)
        keys[i] = (struct position_at){.code = positions[i].code, .valid_from = positions[i].valid_from};
    int code = pg_bulk(ctx, &SQL_position_skills, keys, n, MOST_POSITIONS * MOST_SKILLS, &rows, &n_rows);
    if (code)
        return code;
    struct skill_level *skills = arena_alloc(ctx->arena, (n_rows + 1) * sizeof(*skills));
    if (!skills)
        return fail(ctx, ERR_TOO_LARGE, "positions");
    for (uint32_t i = 0; i < n; i++) {
        positions[i].skills = &skills[at];
        for (; at < n_rows && span_equal(rows[at].code, positions[i].code); at++, positions[i].n_skills++)
            skills[at] = (struct skill_level){
                .framework_code = rows[at].framework_code, .group_code = rows[at].group_code, .level = rows[at].level};
    }
    return 0;
}

int on_positions(struct ctx *ctx, const struct position_query *req, struct position_list *ret_reply)
{
    struct position *list;
    uint32_t n;
    int code = pg_list(ctx, &SQL_positions, req, MOST_POSITIONS, &list, &n);
    for (uint32_t i = 0; !code && i < n; i++)
        list[i].n_skills = 0;
    if (!code && n)
        code = add_skills(ctx, list, n);
    if (code)
        return code;
    ret_reply->positions = list;
    ret_reply->n_positions = n;
    return 0;
}

/* Do both ask for the same, in whatever order? The numbers are equal, and no skill stands twice in `asked`. */
static bool same_skills(const struct position *asked, const struct position *stored)
{
    if (asked->n_skills != stored->n_skills)
        return false;
    for (uint32_t i = 0; i < asked->n_skills; i++) {
        const struct skill_level *a = &asked->skills[i];
        uint32_t k = 0;
        while (k < stored->n_skills &&
               !(span_equal(a->framework_code, stored->skills[k].framework_code) &&
                 span_equal(a->group_code, stored->skills[k].group_code) && a->level == stored->skills[k].level))
            k++;
        if (k == stored->n_skills)
            return false;
    }
    return true;
}

/* What is wrong with the contents: 0, or fail(). Titles become NFC. */
static int check(struct ctx *ctx, struct position *asked)
{
    if (HAS(asked, position, valid_to))
        return fail(ctx, ERR_INVALID, "valid_to");
    if (nfc(ctx->arena, asked->title_vi, &asked->title_vi) < 0 || asked->title_vi.n == 0 || asked->title_vi.n > 120)
        return fail(ctx, ERR_INVALID, "title_vi");
    if (HAS(asked, position, title_en) &&
        (nfc(ctx->arena, asked->title_en, &asked->title_en) < 0 || asked->title_en.n == 0))
        return fail(ctx, ERR_INVALID, "title_en");
    for (uint32_t i = 0; i < asked->n_skills; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (span_equal(asked->skills[i].framework_code, asked->skills[k].framework_code) &&
                span_equal(asked->skills[i].group_code, asked->skills[k].group_code))
                return fail(ctx, ERR_TWICE, "skills");
        }
    }
    return 0;
}

static int write_position(struct ctx *ctx, const struct position *asked)
{
    struct position_at at = {.code = asked->code, .valid_from = asked->valid_from};
    struct position_skill_row *rows = arena_alloc(ctx->arena, (asked->n_skills + 1) * sizeof(*rows));
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, "skills");
    for (uint32_t i = 0; i < asked->n_skills; i++)
        rows[i] = (struct position_skill_row){.code = asked->code,
                                              .valid_from = asked->valid_from,
                                              .framework_code = asked->skills[i].framework_code,
                                              .group_code = asked->skills[i].group_code,
                                              .level = asked->skills[i].level};
    int code = pg_call(ctx, &SQL_position_write, asked, NULL);
    if (!code)
        code = pg_call(ctx, &SQL_position_skills_clear, &at, NULL);
    if (!code && asked->n_skills)
        code = pg_bulk(ctx, &SQL_position_skills_write, rows, asked->n_skills, 0, NULL, NULL);
    return code ? code : pg_call(ctx, &SQL_position_tell, &at, NULL);
}

int on_position_put(struct ctx *ctx, const struct position *req, struct accepted *ret_reply)
{
    struct position asked = *req, stored = {.code = req->code, .valid_from = req->valid_from};
    struct position_state state;
    int code = check(ctx, &asked);
    if (!code)
        code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_position_look, &asked, &state);
    if (!code && state.known)
        code = add_skills(ctx, &stored, 1);
    if (code)
        return code;
    ret_reply->ok = true;
    if (state.known && state.same && same_skills(&asked, &stored))
        return pg_commit(ctx);
    if (state.known && state.begun)
        return fail(ctx, ERR_CONFLICT, "valid_from");
    code = write_position(ctx, &asked);
    return code ? code : pg_commit(ctx);
}
