/*
 * demo_test.c - one learner's attempts: answers saved one by one, each receipt remembered, the paper read again before
 * it is handed in, the result compared with the plan.
 *
 * The sample's keys are known here, so a paper is answered by finding its questions and options in the item files.
 */
#include "demo.h"
#include "pace.h"
#include "service.h"

enum { ITEMS_MOST = 200, OPTIONS = 4, CHANGE_EVERY = 5 };

/* What has been acknowledged of one answer. */
struct acknowledged {
    uint32_t revision; /* 0: nothing */
    char response;     /* '1' to '4' */
};

struct sitting {
    struct demo *demo;
    struct client *client;
    struct learner *learner;
    uint32_t index;  /* of the learner */
    uint32_t number; /* of the attempt, from 1 */
    struct attempt_ref ref;
    struct acknowledged answers[ITEMS_MOST];
    uint32_t right; /* answers that the plan makes right */
};

static struct span option_of(const struct item_shown *item, uint32_t k)
{
    const struct span options[OPTIONS] = {item->option_1, item->option_2, item->option_3, item->option_4};
    return options[k];
}

/* Which of the options shown is the right one, 0 to 3; -1 when the paper shows what the sample does not have. */
static int right_option(const struct demo *demo, const struct item_shown *item)
{
    const struct sample_item *source = sample_item_find(&demo->sample, item->stem);
    int right = -1;
    for (int k = 0; source && k < OPTIONS; k++) {
        bool known = false;
        for (int j = 0; j < OPTIONS; j++)
            known |= span_equal(option_of(item, (uint32_t)k), source->option[j]);
        if (!known)
            return -1;
        if (span_equal(option_of(item, (uint32_t)k), source->option[source->key - 1]))
            right = k;
    }
    return right;
}

static int save(struct sitting *s, uint32_t position, uint32_t revision, char response)
{
    struct answer_save answer = {.attempt_id = s->ref.attempt_id,
                                 .position = (uint16_t)position,
                                 .revision = revision,
                                 .response = {&response, 1}};
    struct answer_receipt receipt;
    if (demo_ask(s->demo, s->client, &s->learner->session, M_answer_save, &answer, &receipt) < 0)
        return -1;
    if (!uuid_equal(&receipt.attempt_id, &answer.attempt_id) || receipt.position != position ||
        receipt.revision != revision)
        return demo_fault(s->demo, s->learner->who, "the receipt of answer %u is about another answer", position);
    s->answers[position - 1] = (struct acknowledged){revision, response};
    return 0;
}

/* Now and then a change of mind: first another option, then the one that counts. */
static int answer_item(struct sitting *s, const struct item_shown *item, bool rightly)
{
    int right = right_option(s->demo, item);
    uint64_t random = plan_random(&s->demo->plan, s->index, (uint64_t)s->number << 40 | (uint64_t)item->position << 8);
    if (right < 0)
        return demo_fault(s->demo, s->learner->who, "item %u of the paper is not one of the sample", item->position);
    uint32_t chosen = rightly ? (uint32_t)right : ((uint32_t)right + 1 + (uint32_t)(random % 3)) % OPTIONS;
    uint32_t revision = 1;
    if (random % CHANGE_EVERY == 0) {
        if (save(s, item->position, revision, (char)('1' + (chosen + 1) % OPTIONS)) < 0)
            return -1;
        revision++;
    }
    return save(s, item->position, revision, (char)('1' + chosen));
}

/* As many items of each skill group as the policy says, and no question twice. */
static int check_paper(struct sitting *s, const struct attempt_paper *paper)
{
    const struct sample_policy *policy = &s->demo->sample.policy;
    if (paper->n_items != s->demo->items || paper->number != s->number || !span_equal(paper->state, SPAN("running")))
        return demo_fault(s->demo, s->learner->who, "attempt %u begins with %u items as number %u, %.*s", s->number,
                          paper->n_items, paper->number, (int)paper->state.n, paper->state.p);
    for (uint32_t q = 0; q < policy->n_quotas; q++) {
        uint32_t found = 0;
        for (uint32_t i = 0; i < paper->n_items; i++) {
            const struct sample_item *item = sample_item_find(&s->demo->sample, paper->items[i].stem);
            found += item && span_equal(item->skill_group, policy->quotas[q].skill_group);
        }
        if (found != policy->quotas[q].items)
            return demo_fault(s->demo, s->learner->who, "the paper has %u items of group %.*s, not %u", found,
                              (int)policy->quotas[q].skill_group.n, policy->quotas[q].skill_group.p,
                              policy->quotas[q].items);
    }
    for (uint32_t i = 0; i < paper->n_items; i++) {
        if (paper->items[i].position != i + 1)
            return demo_fault(s->demo, s->learner->who, "items of the paper are not numbered from 1");
        for (uint32_t k = 0; k < i; k++) {
            if (span_equal(paper->items[i].stem, paper->items[k].stem))
                return demo_fault(s->demo, s->learner->who, "the paper asks a question twice");
        }
    }
    return 0;
}

/* Assessment hears of the completed programme by an event. */
static int begin(struct sitting *s, struct attempt_paper *ret_paper)
{
    static const struct not_yet not_yet[] = {{ERR_STATE, "programme_id"}, {ERR_TOO_SOON, NULL}, {0, NULL}};
    struct attempt_request request = {.attempt_id = s->ref.attempt_id, .programme_id = s->demo->programme_id};
    int code = client_await(s->client, &s->learner->session, M_attempt_start, &request, ret_paper, not_yet, HEARS_S);
    if (code == ERR_STATE && !strcmp(s->client->fault.field, "attempt_id"))
        return demo_fault(
            s->demo, s->learner->who,
            "has an attempt running since a demonstration that was broken off; it ends by itself when its "
            "time is over");
    if (code)
        return demo_call_fault(s->demo, s->client, &s->learner->session, M_attempt_start);
    return check_paper(s, ret_paper);
}

/* No acknowledged answer may be lost, and no older revision may stand in its place. */
static int check_answers(struct sitting *s)
{
    struct attempt_paper paper;
    if (demo_ask(s->demo, s->client, &s->learner->session, M_attempt_get, &s->ref, &paper) < 0)
        return -1;
    if (paper.n_items != s->demo->items)
        return demo_fault(s->demo, s->learner->who, "the paper has %u items when it is read again", paper.n_items);
    for (uint32_t i = 0; i < paper.n_items; i++) {
        const struct item_shown *item = &paper.items[i];
        const struct acknowledged *kept = &s->answers[i];
        bool there = HAS(item, item_shown, response) && HAS(item, item_shown, revision);
        if (!there || item->revision != kept->revision ||
            !span_equal(item->response, (struct span){&kept->response, 1}))
            return demo_fault(s->demo, s->learner->who,
                              "acknowledged answer %u, revision %u, is lost: revision %u stands there", i + 1,
                              kept->revision, there ? item->revision : 0);
    }
    return 0;
}

static bool same_result(const struct attempt_result *a, const struct attempt_result *b)
{
    return a->number == b->number && a->right == b->right && a->items == b->items && a->passed == b->passed &&
           a->graded_at == b->graded_at && span_equal(a->state, b->state);
}

static int hand_in(struct sitting *s)
{
    const struct sample_policy *policy = &s->demo->sample.policy;
    struct attempt_result first, second;
    bool passes = plan_passes(&s->demo->plan, s->index, s->number);
    if (demo_ask(s->demo, s->client, &s->learner->session, M_attempt_submit, &s->ref, &first) < 0 ||
        demo_ask(s->demo, s->client, &s->learner->session, M_attempt_submit, &s->ref, &second) < 0)
        return -1;
    if (!same_result(&first, &second))
        return demo_fault(s->demo, s->learner->who, "handing in twice gives two results");
    if (first.right != s->right || first.passed != passes || first.number != s->number || first.items != s->demo->items)
        return demo_fault(s->demo, s->learner->who, "attempt %u: %u of %u right, %s; the plan says %u, %s", s->number,
                          first.right, first.items, first.passed ? "passed" : "failed", s->right,
                          passes ? "passed" : "failed");
    if (first.attempts_left != policy->max_attempts - s->number)
        return demo_fault(s->demo, s->learner->who, "%u attempts are left after number %u of %u", first.attempts_left,
                          s->number, policy->max_attempts);
    s->learner->passed |= first.passed;
    return 0;
}

/* Answers everything. Somebody who wants to stop leaves no attempt running behind. */
static int sit(struct sitting *s)
{
    struct attempt_paper paper;
    bool rightly[ITEMS_MOST];
    if (begin(s, &paper) < 0)
        return -1;
    s->right = plan_answers(&s->demo->plan, s->index, s->number, s->demo->items, rightly);
    int result = 0;
    for (uint32_t i = 0; !result && i < paper.n_items && !pace_stopped(); i++)
        result = answer_item(s, &paper.items[i], rightly[i]);
    if (!result && !pace_stopped())
        result = check_answers(s);
    if (result < 0 || pace_stopped()) {
        struct attempt_result ended;
        int code = client_call(s->client, &s->learner->session, M_attempt_submit, &s->ref, &ended);
        (void)code; /* it ends by its deadline otherwise */
        return -1;
    }
    return hand_in(s);
}

int demo_test(struct demo *demo, struct client *client, uint32_t index)
{
    struct learner *learner = &demo->plan.learners[index];
    uint32_t attempts = plan_attempts(&demo->plan, index);
    for (uint32_t number = 1; number <= attempts; number++) {
        struct sitting sitting = {.demo = demo, .client = client, .learner = learner, .index = index, .number = number};
        sitting.ref.attempt_id = uuid7();
        if (sit(&sitting) < 0)
            return -1;
        client_clear(client);
    }
    if (learner->outcome != FAILS)
        return 0;
    struct attempt_request request = {.attempt_id = uuid7(), .programme_id = demo->programme_id};
    struct attempt_paper paper;
    return demo_refused(demo, client, &learner->session, M_attempt_start, &request, &paper, ERR_ATTEMPTS, 0);
}
