/* personal.c - what a service keeps about a person, see personal.h. */
#include "personal.h"
#include "runtime.h"

enum { PAGE = 100, LINE_MOST = 16384, SECTIONS_MOST = 100 };

int personal_read(struct ctx *ctx, const struct personal *sections, const struct person_data_query *req,
                  struct person_data_part *ret_part)
{
    uint16_t n = 0;
    while (sections && sections[n].section)
        n++;
    if (req->section >= n)
        return 0; /* no section: behind the last one */
    const struct personal *section = &sections[req->section];
    int code = pg_list(ctx, section->data, req, PAGE, &ret_part->rows, &ret_part->n_rows);
    if (code)
        return code;
    for (uint32_t i = 0; i < ret_part->n_rows; i++) {
        struct person_datum *row = &ret_part->rows[i];
        char *text = row->line.n > LINE_MOST ? arena_printf(ctx->arena, "{\"too_long\": %u}", row->line.n) : NULL;
        if (text)
            row->line = (struct span){text, (uint32_t)strlen(text)};
    }
    ret_part->more = ret_part->n_rows == PAGE;
    PUT_FIELD(ret_part, person_data_part, section,
              ((struct span){section->section, (uint32_t)strlen(section->section)}));
    return 0;
}

static const struct erase_rule *rule_of(const struct person_erasure *req, const char *section)
{
    for (uint32_t i = 0; i < req->n_rules; i++) {
        if (req->rules[i].section.n == strlen(section) && !memcmp(req->rules[i].section.p, section, strlen(section)))
            return &req->rules[i];
    }
    return NULL;
}

static int erase_section(struct ctx *ctx, const struct personal *section, const struct person_erasure *req,
                         struct erased_section *ret_erased)
{
    const struct erase_rule *rule = rule_of(req, section->section);
    struct erase_step step = {.person_id = req->person_id};
    if (rule)
        PUT_FIELD(&step, erase_step, years, rule->years);
    int code = pg_call(ctx, section->erase, &step, ret_erased);
    if (!code && rule && ret_erased->kept)
        PUT_FIELD(ret_erased, erased_section, basis, rule->basis);
    return code;
}

int personal_erase(struct ctx *ctx, const struct personal *sections, const struct person_erasure *req,
                   struct erased_sections *ret_erased)
{
    struct erased_section *erased = arena_alloc(ctx->arena, SECTIONS_MOST * sizeof(*erased));
    uint32_t n = 0;
    if (!erased)
        return fail(ctx, ERR_TOO_LARGE, "sections");
    int code = pg_begin(ctx);
    for (; !code && sections && sections->section && n < SECTIONS_MOST; sections++) {
        if (sections->erase)
            code = erase_section(ctx, sections, req, &erased[n++]);
    }
    if (!code && !req->dry_run)
        code = pg_commit(ctx);
    ret_erased->sections = erased;
    ret_erased->n_sections = n;
    return code;
}

int on_person_data(struct ctx *ctx, const struct person_data_query *req, struct person_data_part *ret_reply)
{
    return personal_read(ctx, ctx->runtime ? ctx->runtime->service->personal : NULL, req, ret_reply);
}

int on_person_erase(struct ctx *ctx, const struct person_erasure *req, struct erased_sections *ret_reply)
{
    return personal_erase(ctx, ctx->runtime ? ctx->runtime->service->personal : NULL, req, ret_reply);
}

struct bus *service_bus(const struct ctx *ctx, uint32_t timeout_ms)
{
    return ctx->runtime ? bus_new(ctx->runtime->zmq, &ctx->runtime->conf.bus, timeout_ms) : NULL;
}
