/*
 * attempt_check.c - the checks of a dossier, one function each. Each computes anew what the service says it did, by the
 * rules that common/receipt.h and services/assessment/paper.h give in words.
 */
#include "attempt.h"
#include "receipt.h"
#include "service.h"
#include <sodium.h>
#include <stdarg.h>

enum { ITEMS_MAX = 200, CHOICES_MAX = 10, ITEM_POINTS = 100 };

static void note(struct verification *v, const char *format, ...) PRINTF(2, 3);
static void note(struct verification *v, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(v->note, sizeof(v->note), format, args);
    va_end(args);
}

void check_shape(struct verification *v)
{
    bool seen[ITEMS_MAX + 1] = {false};
    const struct attempt_paper *paper = v->paper;
    if (!uuid_equal(&v->policy->policy_id, &paper->policy_id) ||
        !uuid_equal(&v->policy->programme_id, &paper->programme_id))
        check_fault(v, "shape", "the policy is not the one that ruled this attempt");
    if (paper->n_items != v->policy->items)
        check_fault(v, "shape", "%u items, the policy says %u", paper->n_items, v->policy->items);
    for (uint32_t i = 0; i < paper->n_items; i++) {
        uint16_t position = paper->items[i].position;
        if (position > paper->n_items || seen[position]) {
            check_fault(v, "shape", "position %u is out of range or stands twice", position);
            return;
        }
        seen[position] = true;
    }
    note(v, "%u items under policy version %u", paper->n_items, v->policy->version);
}

void check_first(struct verification *v)
{
    uint8_t first[RECEIPT_LINK];
    const struct dossier *d = &v->dossier;
    receipt_first(&v->paper->attempt_id, &d->person_id, &d->form_id, d->seed, v->paper->started_at, first);
    if (memcmp(first, d->first.p, sizeof(first)) != 0)
        check_fault(v, "first link", "it is not made of this attempt, person, form, seed and start");
    note(v, "attempt, person, form, seed and start");
}

/* --- the order --- */

/* The seed's numbers, as paper.h says. */
struct throws {
    uint8_t bytes[4 * ITEMS_MAX * (1 + 2 * CHOICES_MAX)];
    size_t at;
};

static void shuffled(struct throws *throws, uint32_t n, uint32_t ret_order[ITEMS_MAX])
{
    for (uint32_t i = 0; i < n; i++)
        ret_order[i] = i;
    for (uint32_t i = n; i-- > 1;) {
        const uint8_t *p = throws->bytes + throws->at;
        uint32_t x = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        uint32_t other = x % (i + 1), kept = ret_order[i];
        throws->at += 4;
        ret_order[i] = ret_order[other];
        ret_order[other] = kept;
    }
}

static bool choices_stand(struct throws *throws, const struct choice *choices, uint32_t n)
{
    uint32_t order[ITEMS_MAX];
    shuffled(throws, n, order);
    for (uint32_t i = 0; i < n; i++) {
        if (choices[i].number != order[i] + 1)
            return false;
    }
    return true;
}

/* How many items the block of a shown item has: those of one situation stand together. */
static uint32_t block_length(const struct item_shown *item)
{
    return HAS(item, item_shown, situation_items) ? item->situation_items : 1;
}

/* Lays blocks by the seed; ret_places[i] is the position that must stand at place i. False: no blocks to lay. */
static bool lay_blocks(const struct attempt_paper *paper, struct throws *throws, uint16_t ret_places[ITEMS_MAX])
{
    uint32_t length[ITEMS_MAX + 1] = {0}, first[ITEMS_MAX], order[ITEMS_MAX], n = 0, place = 0;
    for (uint32_t i = 0; i < paper->n_items; i += block_length(&paper->items[i])) {
        if (!paper->items[i].position || paper->items[i].position > paper->n_items)
            return false;
        length[paper->items[i].position] = block_length(&paper->items[i]);
    }
    for (uint32_t position = 1; position <= paper->n_items; position += length[position]) {
        if (!length[position] || position + length[position] > paper->n_items + 1)
            return false;
        first[n++] = position;
    }
    shuffled(throws, n, order);
    for (uint32_t b = 0; b < n; b++) {
        for (uint32_t k = 0; k < length[first[order[b]]]; k++)
            ret_places[place++] = (uint16_t)(first[order[b]] + k);
    }
    return true;
}

void check_order(struct verification *v)
{
    struct throws throws = {.at = 0};
    uint16_t places[ITEMS_MAX];
    uint8_t key[randombytes_SEEDBYTES] = {0};
    const struct attempt_paper *paper = v->paper;
    for (int i = 0; i < 8; i++)
        key[i] = (uint8_t)((uint64_t)v->dossier.seed >> (8 * i));
    randombytes_buf_deterministic(throws.bytes, 4 * (size_t)paper->n_items * (1 + 2 * CHOICES_MAX), key);
    if (!lay_blocks(paper, &throws, places)) {
        check_fault(v, "order", "the items of a situation do not stand together");
        return;
    }
    for (uint32_t i = 0; i < paper->n_items; i++) {
        const struct item_shown *item = &paper->items[i];
        if (item->position != places[i]) {
            check_fault(v, "order", "item %u stands at place %u, the seed puts item %u there", item->position, i + 1,
                        places[i]);
            return;
        }
        if (!choices_stand(&throws, item->choices, item->n_choices) ||
            !choices_stand(&throws, item->targets, item->n_targets)) {
            check_fault(v, "order", "the choices of item %u do not stand as the seed lays them", item->position);
            return;
        }
    }
    note(v, "items and choices stand as the seed lays them");
}

/* --- the log --- */

void check_chain(struct verification *v)
{
    uint8_t link[RECEIPT_LINK];
    const struct dossier *d = &v->dossier;
    memcpy(link, d->first.p, sizeof(link));
    for (uint32_t i = 0; i < d->n_answers; i++) {
        const struct answer_entry *entry = &d->answers[i];
        receipt_link(link, entry->position, entry->revision, entry->saved_at, entry->response, link);
        if (entry->seq != i + 1) {
            check_fault(v, "chain", "after receipt %u comes number %u", i, entry->seq);
            return;
        }
        if (memcmp(link, entry->link.p, sizeof(link)) != 0) {
            check_fault(v, "chain", "receipt %u (position %u, revision %u) does not follow from those before it",
                        entry->seq, entry->position, entry->revision);
            return;
        }
    }
    note(v, "%u receipts, each link follows", d->n_answers);
}

void check_head(struct verification *v)
{
    const struct dossier *d = &v->dossier;
    struct span last = d->n_answers ? d->answers[d->n_answers - 1].link : d->first;
    if (d->n_answers != v->paper->answers)
        check_fault(v, "head", "%u receipts in the log, the attempt gave %u", d->n_answers, v->paper->answers);
    else if (memcmp(last.p, v->paper->head.p, RECEIPT_LINK) != 0)
        check_fault(v, "head", "the chain does not end with the attempt's head");
    note(v, "the chain ends with the attempt's head");
}

/* Sorted by position and revision, so that a double stands beside itself. */
static int entry_order(const void *a, const void *b)
{
    const struct answer_entry *x = *(const struct answer_entry *const *)a, *y = *(const struct answer_entry *const *)b;
    if (x->position != y->position)
        return x->position < y->position ? -1 : 1;
    return (x->revision > y->revision) - (x->revision < y->revision);
}

static bool revision_twice(struct verification *v)
{
    const struct dossier *d = &v->dossier;
    const struct answer_entry **sorted = arena_alloc(v->arena, (d->n_answers + 1) * sizeof(*sorted));
    if (!sorted)
        return true;
    for (uint32_t i = 0; i < d->n_answers; i++)
        sorted[i] = &d->answers[i];
    qsort(sorted, d->n_answers, sizeof(*sorted), entry_order);
    for (uint32_t i = 1; i < d->n_answers; i++) {
        if (!entry_order(&sorted[i - 1], &sorted[i])) {
            check_fault(v, "revisions", "revision %u of position %u stands twice", sorted[i]->revision,
                        sorted[i]->position);
            return true;
        }
    }
    return false;
}

/* The server's clock may have been set back, so times in the wrong order are no fault; times outside are. */
void check_revisions(struct verification *v)
{
    const struct dossier *d = &v->dossier;
    int64_t closes_at = v->paper->deadline + (int64_t)v->policy->grace_seconds * 1000000;
    uint32_t back = 0;
    for (uint32_t i = 0; i < d->n_answers; i++) {
        const struct answer_entry *entry = &d->answers[i];
        if (entry->position > v->paper->n_items) {
            check_fault(v, "revisions", "receipt %u is about position %u of %u", entry->seq, entry->position,
                        v->paper->n_items);
            return;
        }
        if (entry->saved_at < v->paper->started_at || entry->saved_at > closes_at) {
            check_fault(v, "revisions", "receipt %u was given outside of the time allowed", entry->seq);
            return;
        }
        if (!back && i && entry->saved_at < d->answers[i - 1].saved_at)
            back = entry->seq;
    }
    if (revision_twice(v))
        return;
    if (back) {
        v->is_note = true;
        note(v, "no revision twice, all in time; but the clock went back at receipt %u", back);
    } else {
        note(v, "no revision twice, all in time");
    }
}

void check_shown(struct verification *v)
{
    const struct dossier *d = &v->dossier;
    uint32_t answered = 0;
    for (uint32_t i = 0; i < v->paper->n_items; i++) {
        const struct item_shown *item = &v->paper->items[i];
        const struct answer_entry *counts = NULL;
        for (uint32_t k = 0; k < d->n_answers; k++) {
            if (d->answers[k].position == item->position && (!counts || d->answers[k].revision > counts->revision))
                counts = &d->answers[k];
        }
        bool has = HAS(item, item_shown, response) && HAS(item, item_shown, revision);
        if (has != (counts != NULL) || HAS(item, item_shown, response) != HAS(item, item_shown, revision) ||
            (counts && (item->revision != counts->revision || item->response.n != counts->response.n ||
                        memcmp(item->response.p, counts->response.p, counts->response.n) != 0))) {
            check_fault(v, "answers shown", "beside item %u stands another answer than the last of the log",
                        item->position);
            return;
        }
        answered += counts && counts->response.n;
    }
    note(v, "%u of %u items answered", answered, v->paper->n_items);
}

/* --- the rest --- */

void check_results(struct verification *v)
{
    const struct dossier *d = &v->dossier;
    for (uint32_t i = 0; i < d->n_results; i++) {
        const struct result_entry *r = &d->results[i];
        if (r->version != i + 1) {
            check_fault(v, "results", "version %u is missing", i + 1);
            return;
        }
        if (r->max_score > v->paper->n_items * ITEM_POINTS || r->max_score % ITEM_POINTS || r->score > r->max_score) {
            check_fault(v, "results", "version %u: %u of %u hundredths do not add up from %u items of %d", r->version,
                        r->score, r->max_score, v->paper->n_items, ITEM_POINTS);
            return;
        }
        if (r->passed && (uint64_t)r->score * 100 < (uint64_t)v->policy->pass_percent * r->max_score) {
            check_fault(v, "results", "version %u passed below the pass mark", r->version);
            return;
        }
    }
    if (d->n_results) {
        const struct result_entry *last = &d->results[d->n_results - 1];
        note(v, "version %u, rule %u: %u of %u hundredths of a point, %s", last->version, last->grade_rule, last->score,
             last->max_score, last->passed ? "passed" : "not passed");
    } else {
        v->is_note = true;
        note(v, "none in this file");
    }
}

void check_about(struct verification *v)
{
    const struct dossier *d = &v->dossier;
    for (uint32_t i = 0; i < d->n_facts; i++) {
        if (!uuid_equal(&d->facts[i].attempt_id, &v->paper->attempt_id))
            check_fault(v, "facts, appeals", "fact %u is of another attempt", i + 1);
    }
    for (uint32_t i = 0; i < d->n_appeals; i++) {
        if (!uuid_equal(&d->appeals[i].attempt_id, &v->paper->attempt_id) ||
            !uuid_equal(&d->appeals[i].person_id, &d->person_id))
            check_fault(v, "facts, appeals", "appeal %u is of another attempt or person", i + 1);
    }
    note(v, "%u facts, %u appeals", d->n_facts, d->n_appeals);
}
