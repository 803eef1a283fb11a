/*
 * demo_test.c - one learner's attempts: answers saved one by one, each receipt remembered and linked to the one before,
 * the paper read again before it is handed in, the result compared with the plan, the signature under the receipts
 * verified.
 *
 * The sample's keys are known here, so a paper is answered by finding its questions and options in the item files
 * (response.c). Wrong answers are worth nothing, so that points and right answers say the same.
 */
#include "demo.h"
#include "pace.h"
#include "receipt.h"
#include "response.h"
#include "service.h"

enum { ITEMS_MOST = 200, CHANGE_EVERY = 5, POINTS = 100 /* of an item, in hundredths */ };

/* What has been acknowledged of one answer. */
struct acknowledged {
    uint32_t revision; /* 0: nothing */
    struct span response;
};

struct sitting {
    struct demo *demo;
    struct client *client;
    struct learner *learner;
    uint32_t index;  /* of the learner */
    uint32_t number; /* of the attempt, from 1 */
    struct attempt_ref ref;
    struct acknowledged answers[ITEMS_MOST]; /* by position */
    uint8_t head[RECEIPT_LINK];              /* of the chain of receipts, as this side reckons it */
    uint32_t receipts;
    uint32_t right; /* answers that the plan makes right */
};

static int save(struct sitting *s, uint16_t position, uint32_t revision, struct span response)
{
    struct answer_save answer = {
        .attempt_id = s->ref.attempt_id, .position = position, .revision = revision, .response = response};
    struct answer_receipt receipt;
    if (demo_ask(s->demo, s->client, &s->learner->session, M_answer_save, &answer, &receipt) < 0)
        return -1;
    if (!uuid_equal(&receipt.attempt_id, &answer.attempt_id) || receipt.position != position ||
        receipt.revision != revision)
        return demo_fault(s->demo, s->learner->who, "the receipt of answer %u is about another answer", position);
    receipt_link(s->head, position, revision, receipt.saved_at, answer.response, s->head);
    if (receipt.seq != ++s->receipts || memcmp(s->head, receipt.link.p, sizeof(s->head)) != 0)
        return demo_fault(s->demo, s->learner->who, "receipt %u does not continue the chain", receipt.seq);
    s->answers[position - 1] = (struct acknowledged){revision, response};
    return 0;
}

static int respond(struct sitting *s, const struct sample_item *item, const struct item_shown *shown, uint32_t revision,
                   bool rightly, uint64_t random)
{
    struct span response;
    if (response_make(&s->client->arena, item, shown, rightly, random, &response) < 0)
        return demo_fault(s->demo, s->learner->who, "item %.*s cannot be answered %s", (int)item->code.n, item->code.p,
                          rightly ? "rightly" : "wrongly");
    return save(s, shown->position, revision, response);
}

/* Now and then a change of mind: first a response of the other kind, then the one that counts. */
static int answer_item(struct sitting *s, const struct item_shown *shown, bool rightly)
{
    const struct sample_item *item = response_item(&s->demo->sample, shown);
    uint64_t random = plan_random(&s->demo->plan, s->index, (uint64_t)s->number << 40 | (uint64_t)shown->position << 8);
    uint32_t revision = 1;
    if (!item)
        return demo_fault(s->demo, s->learner->who, "item %u of the paper is not one of the sample", shown->position);
    if (random % CHANGE_EVERY == 0 && respond(s, item, shown, revision++, !rightly, random >> 32) < 0)
        return -1;
    if (respond(s, item, shown, revision, rightly, random >> 8) < 0)
        return -1;
    atomic_fetch_add(&s->demo->answered[item->type], 1);
    return 0;
}

/* The items of a situation stand side by side, all of them, with its text at the first. No other item has a text. */
static int check_situations(struct sitting *s, const struct attempt_paper *paper)
{
    const struct sample *sample = &s->demo->sample;
    for (uint32_t i = 0, n = 1; i < paper->n_items; i += n) {
        const struct item_shown *first = &paper->items[i];
        const struct sample_item *item = sample_item_find(sample, first->stem);
        if (!item)
            return demo_fault(s->demo, s->learner->who, "item %u of the paper is not one of the sample",
                              first->position);
        const struct sample_item *situation = sample_situation_find(sample, item->situation);
        n = situation ? sample_situation_items(sample, situation->code) : 1;
        bool good = i + n <= paper->n_items && HAS(first, item_shown, situation) == (situation != NULL);
        if (good && situation)
            good = span_equal(first->situation, situation->stem) && HAS(first, item_shown, situation_items) &&
                   first->situation_items == n;
        for (uint32_t k = i + 1; good && k < i + n; k++) {
            const struct sample_item *next = sample_item_find(sample, paper->items[k].stem);
            good =
                next && span_equal(next->situation, item->situation) && !HAS(&paper->items[k], item_shown, situation);
        }
        if (!good)
            return demo_fault(s->demo, s->learner->who, "item %.*s stands without its situation", (int)item->code.n,
                              item->code.p);
        atomic_fetch_add(&s->demo->answered[TYPE_SITUATION], situation != NULL);
    }
    return 0;
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
    bool there[ITEMS_MOST] = {false};
    for (uint32_t i = 0; i < paper->n_items; i++) {
        uint16_t position = paper->items[i].position;
        if (position > paper->n_items || there[position - 1])
            return demo_fault(s->demo, s->learner->who, "items of the paper are not numbered from 1, each once");
        there[position - 1] = true;
        for (uint32_t k = 0; k < i; k++) {
            if (span_equal(paper->items[i].stem, paper->items[k].stem))
                return demo_fault(s->demo, s->learner->who, "the paper asks a question twice");
        }
    }
    return check_situations(s, paper);
}

/* Stands in line as long as the service says so. */
static int start(struct sitting *s, const struct attempt_request *request, struct attempt_ticket *ret_ticket)
{
    static const struct not_yet not_yet[] = {{ERR_STATE, "programme_id"}, {ERR_TOO_SOON, NULL}, {0, NULL}};
    int code;
    do {
        code = client_await(s->client, &s->learner->session, M_attempt_start, request, ret_ticket, not_yet, HEARS_S);
    } while (!code && span_equal(ret_ticket->state, SPAN("waiting")) &&
             pace_sleep((int64_t)ret_ticket->retry_ms * 1000));
    return code;
}

/* Assessment hears of the completed programme by an event. */
static int begin(struct sitting *s, struct attempt_paper *ret_paper)
{
    struct attempt_request request = {.request_id = uuid7(), .programme_id = s->demo->programme_id};
    struct attempt_ticket ticket;
    if (start(s, &request, &ticket))
        return demo_call_fault(s->demo, s->client, &s->learner->session, M_attempt_start);
    if (!HAS(&ticket, attempt_ticket, attempt_id))
        return -1; /* somebody asked to stop */
    s->ref.attempt_id = ticket.attempt_id;
    memcpy(s->head, ticket.head.p, sizeof(s->head));
    if (demo_ask(s->demo, s->client, &s->learner->session, M_attempt_get, &s->ref, ret_paper) < 0)
        return -1;
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
        const struct acknowledged *kept = &s->answers[item->position - 1];
        bool there = HAS(item, item_shown, response) && HAS(item, item_shown, revision);
        if (!there || item->revision != kept->revision || !span_equal(item->response, kept->response))
            return demo_fault(s->demo, s->learner->who,
                              "acknowledged answer %u, revision %u, is lost: revision %u stands there", item->position,
                              kept->revision, there ? item->revision : 0);
    }
    return 0;
}

static bool same_result(const struct attempt_result *a, const struct attempt_result *b)
{
    return a->number == b->number && a->right == b->right && a->items == b->items && a->passed == b->passed &&
           a->graded_at == b->graded_at && a->ended_at == b->ended_at && span_equal(a->state, b->state) &&
           span_equal(a->signature, b->signature);
}

/* The end is signed over all receipts, so whoever has them can prove what was handed in. */
static int check_signature(struct sitting *s, const struct attempt_result *result)
{
    if (result->answers != s->receipts || memcmp(result->head.p, s->head, sizeof(s->head)) != 0)
        return demo_fault(s->demo, s->learner->who, "the result ends another chain of receipts");
    if (receipt_verify(s->demo->attempt_key, &s->ref.attempt_id, result->ended_at, result->answers, s->head,
                       (const uint8_t *)result->signature.p))
        return demo_fault(s->demo, s->learner->who, "the signature under the receipts is not that of the service");
    return 0;
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
    if (!HAS(&first, attempt_result, passed) || first.right != s->right || first.passed != passes ||
        first.number != s->number || first.items != s->demo->items)
        return demo_fault(s->demo, s->learner->who, "attempt %u: %u of %u right, %s; the plan says %u, %s", s->number,
                          first.right, first.items, first.passed ? "passed" : "failed", s->right,
                          passes ? "passed" : "failed");
    if (first.score != s->right * POINTS || first.max_score != s->demo->items * POINTS)
        return demo_fault(s->demo, s->learner->who, "attempt %u: %u of %u hundredths of a point with %u right answers",
                          s->number, first.score, first.max_score, s->right);
    if (first.attempts_left != policy->max_attempts - s->number)
        return demo_fault(s->demo, s->learner->who, "%u attempts are left after number %u of %u", first.attempts_left,
                          s->number, policy->max_attempts);
    s->learner->passed |= first.passed;
    return check_signature(s, &first);
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
        if (sit(&sitting) < 0)
            return -1;
        client_clear(client);
    }
    if (learner->outcome != FAILS)
        return 0;
    struct attempt_request request = {.request_id = uuid7(), .programme_id = demo->programme_id};
    struct attempt_ticket ticket;
    return demo_refused(demo, client, &learner->session, M_attempt_start, &request, &ticket, ERR_ATTEMPTS, 0);
}

/* With more learners than forms every form was dealt, and forms take the least used items first: no type is missing. */
int demo_answered(struct demo *demo)
{
    char line[400];
    int n = 0;
    for (int i = 0; i < SAMPLE_TYPES; i++) {
        uint32_t answered = atomic_load(&demo->answered[i]);
        if (i < TYPE_SITUATION)
            n += snprintf(line + n, sizeof(line) - (size_t)n, "%s%u %s", i ? ", " : "", answered, sample_type_names[i]);
        if (!answered && demo->plan.n >= 2 * demo->forms)
            return demo_fault(demo, NULL, "no paper had an item of type %s", sample_type_names[i]);
    }
    progress_say(&demo->progress, "answered: %s; %u situations", line, atomic_load(&demo->answered[TYPE_SITUATION]));
    return 0;
}
