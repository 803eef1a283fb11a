/*
 * learning_test.h - what the tests of learning share: a small nation, published programmes, and time that passes
 * without waiting.
 *
 *     nation 1
 *       province 2: unit 3 (people 31, 32), unit 4 (person 41)
 *       province 5: unit 6 (person 61)
 */
#ifndef LEARNING_TEST_H
#define LEARNING_TEST_H

#include "learning.h"
#include "outcome.h"
#include <criterion/criterion.h>

enum { NATION = 1, PROVINCE = 2, UNIT = 3, UNIT_B = 4, OTHER_PROVINCE = 5, OTHER_UNIT = 6, HEAD = 20, PROGRAMME = 200 };
enum { BEAT = 15, GAP = 30, NEEDED = 60 };

static const struct learning_conf test_conf = {
    .beat_seconds = BEAT, .gap_factor = 2, .due_days = 365, .enrol_page = 1000};

static inline int32_t day(struct harness *h, int offset)
{
    return (int32_t)strtol(harness_get(h, "SELECT hocvu.today() - date '1970-01-01' + %d", offset), NULL, 10);
}

/* The events of identity, applied as the follower does. Parent 0: none. */
static inline void unit_event(struct harness *h, uint32_t unit, uint32_t parent, int from)
{
    struct unit_fact fact = {.unit_id = U(unit),
                             .code = SPAN("code"),
                             .kind = SPAN("unit"),
                             .name = SPAN("Đơn vị"),
                             .valid_from = day(h, from)};
    if (parent)
        PUT_FIELD(&fact, unit_fact, parent_id, U(parent));
    passes(h, harness_event(h, follow_org_changed, &fact));
}

static inline void person_event(struct harness *h, uint32_t person, uint32_t unit, int from)
{
    struct person_fact fact = {.person_id = U(person),
                               .tenure_id = U(person + 100000),
                               .full_name = SPAN("Người Học"),
                               .unit_id = U(unit),
                               .position = SPAN("Chuyên viên"),
                               .kind = SPAN("principal"),
                               .valid_from = day(h, from)};
    passes(h, harness_event(h, follow_people_changed, &(struct person_facts){.people = &fact, .n_people = 1}));
}

/* A programme with this many lessons, whose ids are the programme's times 10 and the position. */
static inline void programme_event(struct harness *h, uint32_t programme, uint32_t version, uint16_t lessons)
{
    struct lesson_ref refs[9];
    struct programme fact = {.programme_id = U(programme),
                             .code = SPAN("CB"),
                             .version = version,
                             .title_vi = SPAN("Cơ bản"),
                             .title_en = SPAN("Basics"),
                             .framework_code = SPAN("KNS"),
                             .framework_label = SPAN("1.0"),
                             .lessons = refs,
                             .n_lessons = lessons};
    for (uint16_t i = 0; i < lessons; i++) {
        refs[i] = (struct lesson_ref){.lesson_id = U(programme * 10 + i + 1),
                                      .position = (uint16_t)(i + 1),
                                      .skill_group = SPAN("a"),
                                      .title_vi = SPAN("Bài"),
                                      .title_en = SPAN("Lesson"),
                                      .min_seconds = NEEDED};
    }
    passes(h, harness_event(h, follow_programme_published, &fact));
}

static inline struct harness *learning_open(void)
{
    struct harness *h = harness_open("learning", service_sql, true, &test_conf);
    static const uint32_t units[][4] = {{NATION},
                                        {NATION, PROVINCE},
                                        {NATION, PROVINCE, UNIT},
                                        {NATION, PROVINCE, UNIT_B},
                                        {NATION, OTHER_PROVINCE},
                                        {NATION, OTHER_PROVINCE, OTHER_UNIT}};
    static const uint32_t people[][2] = {{31, UNIT}, {32, UNIT}, {41, UNIT_B}, {61, OTHER_UNIT}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        harness_sql(h,
                    "INSERT INTO unit (unit_id, parent_id, code, kind, name, path) SELECT path[cardinality(path)], "
                    "path[cardinality(path) - 1], 'c', 'unit', 'n', path FROM (SELECT array_agg("
                    "('00000000-0000-0000-0000-' || lpad(d::text, 12, '0'))::uuid) AS path "
                    "FROM unnest(ARRAY[%u, %u, %u]) d WHERE d > 0) p",
                    units[i][0], units[i][1], units[i][2]);
    }
    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
        harness_sql(h,
                    "INSERT INTO person (person_id, full_name, unit_id, leader) VALUES "
                    "('00000000-0000-0000-0000-%012x', 'n', '00000000-0000-0000-0000-%012x', false)",
                    people[i][0], people[i][1]);
    }
    programme_event(h, PROGRAMME, 1, 3);
    harness_as(h, U(HEAD), UNIT_HEAD, U(PROVINCE));
    return h;
}

static inline struct assignment_draft assignment_draft(struct harness *h, uint32_t id, uint32_t unit)
{
    return (struct assignment_draft){
        .assignment_id = U(id), .programme_id = U(PROGRAMME), .unit_id = U(unit), .due_date = day(h, 30)};
}

static inline struct assignment assign(struct harness *h, uint32_t id, uint32_t unit)
{
    struct assignment_draft draft = assignment_draft(h, id, unit);
    struct assignment made = {0};
    passes(h, on_assignment_create(&h->ctx, &draft, &made));
    return made;
}

/* The clock of everyone's study goes on by this many seconds. */
static inline void elapse(struct harness *h, int seconds)
{
    harness_sql(h, "UPDATE progress SET beat_at = beat_at - interval '%d seconds'", seconds);
}

#endif
