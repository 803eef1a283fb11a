/* announced.c - what others announce becomes items: one for each receiver that takes its kind. */
#include "calendar.h"
#include "org.h"
#include "sync.h"
#include "sql.h"

struct taker {
    struct span name; /* borrowed from the configuration */
    bool numbers;
};

/* The receivers that take this kind. Whoever is told of persons is told of restriction and erasure, whatever `kinds`
 * says: the law makes us tell. */
static uint32_t takers(struct ctx *ctx, enum kind kind, struct taker ret_takers[TARGETS_MOST])
{
    const struct sync_conf *conf = ctx->conf;
    uint32_t n = 0;
    for (size_t i = 0; i < conf->n_targets; i++) {
        const struct target *target = &conf->targets[i];
        if (target->kinds >> kind & 1 || (kind >= PERSON_RESTRICTED && target->kinds & ABOUT_PERSONS))
            ret_takers[n++] = (struct taker){{target->name, (uint32_t)strlen(target->name)}, target->numbers};
    }
    return n;
}

int on_event_org_changed(struct ctx *ctx, const struct unit_fact *event)
{
    struct taker to[TARGETS_MOST];
    struct unit_news news[TARGETS_MOST];
    int code = org_apply_unit(ctx, event);
    uint32_t n = takers(ctx, UNIT_CHANGED, to);
    for (uint32_t i = 0; i < n; i++) {
        news[i] = (struct unit_news){.target = to[i].name,
                                     .unit_id = event->unit_id,
                                     .code = event->code,
                                     .kind = event->kind,
                                     .name = event->name,
                                     .valid_from = event->valid_from};
        if (HAS(event, unit_fact, parent_id))
            PUT_FIELD(&news[i], unit_news, parent_id, event->parent_id);
        if (HAS(event, unit_fact, name_en))
            PUT_FIELD(&news[i], unit_news, name_en, event->name_en);
        if (HAS(event, unit_fact, valid_to))
            PUT_FIELD(&news[i], unit_news, valid_to, event->valid_to);
    }
    return code || !n ? code : pg_bulk(ctx, &SQL_unit_items, news, n, 0, NULL, NULL);
}

static struct tenure_news tenure_of(const struct taker *to, const struct person_fact *fact)
{
    struct tenure_news news = {.target = to->name,
                               .numbered = to->numbers,
                               .person_id = fact->person_id,
                               .tenure_id = fact->tenure_id,
                               .full_name = fact->full_name,
                               .unit_id = fact->unit_id,
                               .position = fact->position,
                               .leader = fact->leader,
                               .valid_from = fact->valid_from,
                               .kind = fact->kind};
    if (HAS(fact, person_fact, valid_to))
        PUT_FIELD(&news, tenure_news, valid_to, fact->valid_to);
    if (HAS(fact, person_fact, position_code))
        PUT_FIELD(&news, tenure_news, position_code, fact->position_code);
    return news;
}

int on_event_people_changed(struct ctx *ctx, const struct person_facts *event)
{
    struct taker to[TARGETS_MOST];
    uint32_t n = takers(ctx, TENURES_CHANGED, to);
    struct tenure_news *news = arena_alloc(ctx->arena, event->n_people * sizeof(*news));
    if (!news)
        return fail(ctx, ERR_TOO_LARGE, "people");
    int code = 0;
    for (uint32_t i = 0; !code && i < n; i++) {
        for (uint32_t j = 0; j < event->n_people; j++)
            news[j] = tenure_of(&to[i], &event->people[j]);
        code = pg_bulk(ctx, &SQL_tenure_items, news, event->n_people, 0, NULL, NULL);
    }
    return code;
}

int on_event_person_linked(struct ctx *ctx, const struct link_fact *event)
{
    struct taker to[TARGETS_MOST];
    struct link_news news[TARGETS_MOST];
    uint32_t n = takers(ctx, PERSON_LINKED, to);
    for (uint32_t i = 0; i < n; i++)
        news[i] = (struct link_news){.target = to[i].name,
                                     .numbered = to[i].numbers,
                                     .person_id = event->person_id,
                                     .linked_at = event->linked_at,
                                     .provider = event->provider,
                                     .state = HAS(event, link_fact, state) ? event->state : SPAN("linked")};
    return n ? pg_bulk(ctx, &SQL_link_items, news, n, 0, NULL, NULL) : 0;
}

int on_event_person_merged(struct ctx *ctx, const struct person_union *event)
{
    struct taker to[TARGETS_MOST];
    struct union_news news[TARGETS_MOST];
    uint32_t n = takers(ctx, PERSON_MERGED, to);
    for (uint32_t i = 0; i < n; i++)
        news[i] = (struct union_news){
            .target = to[i].name, .keep = event->keep, .gone = event->gone, .at = event->at, .numbered = to[i].numbers};
    return n ? pg_bulk(ctx, &SQL_union_items, news, n, 0, NULL, NULL) : 0;
}

static int notices(struct ctx *ctx, enum kind kind, struct notice_news news)
{
    struct taker to[TARGETS_MOST];
    struct notice_news all[TARGETS_MOST];
    uint32_t n = takers(ctx, kind, to);
    news.kind = (struct span){kind_names[kind], (uint32_t)strlen(kind_names[kind])};
    for (uint32_t i = 0; i < n; i++) {
        all[i] = news;
        all[i].target = to[i].name;
    }
    return n ? pg_bulk(ctx, &SQL_notice_items, all, n, 0, NULL, NULL) : 0;
}

/* From here on nothing is told of the person; when it ends, that comes first and then what was held. */
int on_event_person_restricted(struct ctx *ctx, const struct restriction_fact *event)
{
    struct notice_news news = {.person_id = event->person_id, .at = event->at};
    bool is_news = false;
    int code = org_apply_restricted(ctx, event, &is_news);
    if (code || !is_news)
        return code;
    PUT_FIELD(&news, notice_news, restricted, event->restricted);
    if (event->restricted)
        code = pg_call(ctx, &SQL_person_hold, event, NULL);
    if (!code)
        code = notices(ctx, PERSON_RESTRICTED, news);
    return code || event->restricted ? code : pg_call(ctx, &SQL_person_release, event, NULL);
}

int on_event_person_erased(struct ctx *ctx, const struct erasure_fact *event)
{
    bool is_news = false;
    int code = org_apply_erased(ctx, event, &is_news);
    if (code || !is_news)
        return code;
    code = pg_call(ctx, &SQL_person_forget, event, NULL);
    return code ? code
                : notices(ctx, PERSON_ERASED, (struct notice_news){.person_id = event->person_id, .at = event->at});
}

int on_event_calendar_changed(struct ctx *ctx, const struct holidays *event)
{
    return calendar_apply(ctx, event);
}

static int certificate(struct ctx *ctx, enum kind kind, const struct certificate_fact *event)
{
    struct taker to[TARGETS_MOST];
    struct certificate_news news[TARGETS_MOST];
    uint32_t n = takers(ctx, kind, to);
    for (uint32_t i = 0; i < n; i++)
        news[i] = (struct certificate_news){.target = to[i].name,
                                            .numbered = to[i].numbers,
                                            .kind = {kind_names[kind], (uint32_t)strlen(kind_names[kind])},
                                            .person_id = event->person_id,
                                            .certificate_id = event->certificate_id,
                                            .number = event->number,
                                            .programme_id = event->programme_id,
                                            .at = event->at};
    return n ? pg_bulk(ctx, &SQL_certificate_items, news, n, 0, NULL, NULL) : 0;
}

int on_event_certificate_issued(struct ctx *ctx, const struct certificate_fact *event)
{
    return certificate(ctx, CERTIFICATE_ISSUED, event);
}

int on_event_certificate_revoked(struct ctx *ctx, const struct certificate_fact *event)
{
    return certificate(ctx, CERTIFICATE_REVOKED, event);
}
