/*
 * demo_assign.c - heads of units assign the programme: a unit that takes part as a whole by its subtree, others by a
 * list of people, whom the head finds among those that the platform shows.
 */
#include "demo.h"
#include "pace.h"
#include "service.h"

/* As assignment_draft bounds its list. */
enum { LIST_MOST = 2000 };

/* Learning hears of units, people and programmes by events; until then it lets nobody assign them. */
static const struct not_yet not_yet[] = {
    {ERR_NOT_FOUND, NULL}, {ERR_FORBIDDEN, "unit_id"}, {ERR_FORBIDDEN, "people"}, {0, NULL}};

/* People of the roster and of the platform are the same when all that a head sees of them is. */
static bool same_person(const struct demo *demo, const struct sample_official *who, const struct person_row *row)
{
    return span_equal(row->full_name, who->full_name) && span_equal(row->position, who->position) &&
           row->leader == who->leader && span_equal(row->unit_code, demo->sample.units[who->unit].code);
}

/* Takes from one page the ids of learners of the group that are not found yet. */
static uint32_t match_page(const struct demo *demo, uint32_t group, const struct people_list *page, bool *found,
                           struct person_ref *refs, uint32_t n_refs)
{
    for (uint32_t k = 0; k < page->n_people; k++) {
        for (uint32_t i = 0; i < demo->plan.n && n_refs < LIST_MOST; i++) {
            const struct sample_official *who = demo->plan.learners[i].who;
            if (found[i] || plan_group(&demo->plan, who) != group || !same_person(demo, who, &page->people[k]))
                continue;
            found[i] = true;
            refs[n_refs++] = (struct person_ref){.person_id = page->people[k].person_id};
            break;
        }
    }
    return n_refs;
}

/* The learners of a group that does not take part as a whole. */
static int list_people(struct demo *demo, struct session *head, uint32_t group, struct assignment_draft *draft)
{
    struct client *client = &demo->client;
    struct people_query query = {.unit_id = draft->unit_id};
    struct people_list page;
    bool *found = arena_alloc(&client->arena, demo->plan.n * sizeof(*found));
    struct person_ref *refs = arena_alloc(&client->arena, LIST_MOST * sizeof(*refs));
    uint32_t n = 0;
    if (!found || !refs)
        return demo_fault(demo, head->who, "out of memory");
    do {
        if (demo_ask(demo, client, head, M_people, &query, &page) < 0)
            return -1;
        n = match_page(demo, group, &page, found, refs, n);
        if (page.n_people)
            PUT_FIELD(&query, people_query, after, page.people[page.n_people - 1].person_id);
    } while (page.n_people);
    for (uint32_t i = 0; i < demo->plan.n; i++) {
        if (!found[i] && plan_group(&demo->plan, demo->plan.learners[i].who) == group)
            return demo_fault(demo, demo->plan.learners[i].who,
                              "is not among the people that the head of the unit sees");
    }
    draft->people = refs;
    draft->n_people = n;
    return 0;
}

/*
 * A subtree whose people learning has not heard of yet is smaller than it must be; they will join by themselves, but
 * the count that this demonstration checks is made when the assignment is. So it is made again, under another id.
 */
static int assign_group(struct demo *demo, struct session *head, uint32_t index)
{
    const struct group *group = &demo->plan.groups[index];
    struct span code = demo->sample.units[group->unit].code;
    struct pace pace = pace_begin(HEARS_S);
    struct assignment_draft draft = {
        .programme_id = demo->programme_id,
        .unit_id = demo->unit_ids[group->unit],
        .due_date = demo->due_date,
    };
    struct assignment made;
    uint32_t enrolled = 0;
    if (!group->whole && list_people(demo, head, index, &draft) < 0)
        return -1;
    do {
        draft.assignment_id = uuid7();
        if (demo_await(demo, &demo->client, head, M_assignment_create, &draft, &made, not_yet) < 0)
            return -1;
        enrolled += made.enrolled;
    } while (made.people < group->n && pace_wait(&pace, 0));
    if (made.people != group->n)
        return demo_fault(demo, head->who, "the assignment in unit %.*s covers %u people, not %u", (int)code.n, code.p,
                          made.people, group->n);
    if (enrolled > group->n)
        return demo_fault(demo, head->who, "assignments in unit %.*s enrol %u people, not %u", (int)code.n, code.p,
                          enrolled, group->n);
    return 0;
}

int demo_assign(struct demo *demo)
{
    struct stage *stage = &demo->stages[STAGE_ASSIGN];
    int32_t today = (int32_t)((now_us() / 1000000 + 7 * 3600) / 86400);
    demo->due_date = today + DUE_DAYS;
    demo_stage(demo, &demo->client, STAGE_ASSIGN);
    stage->people = demo->plan.n_groups;
    for (uint32_t i = 0; i < demo->plan.n_groups; i++) {
        struct session head = {.who = demo->plan.groups[i].head};
        stage_enter(stage);
        int result = assign_group(demo, &head, i);
        session_release(&head);
        client_clear(&demo->client);
        if (result < 0)
            return -1;
        stage_leave(stage);
        progress_show(&demo->progress);
    }
    progress_say(&demo->progress, "people assigned: %u, in %u departments and communes", demo->plan.n,
                 demo->plan.n_groups);
    return 0;
}
