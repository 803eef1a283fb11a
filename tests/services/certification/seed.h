/*
 * seed.h - a certification database with something in it: a nation with one province and one unit in it, another
 * province, a programme, an official. All of it came by events, as in life.
 */
#ifndef TESTS_CERTIFICATION_SEED_H
#define TESTS_CERTIFICATION_SEED_H

#include "certification.h"
#include "known.h"
#include "outcome.h"
#include "sql.h"
#include <criterion/criterion.h>

enum { NATION = 1, PROVINCE = 2, UNIT = 3, ELSEWHERE = 4, PROGRAMME = 10, LAN = 20, OFFICER = 30, OPERATOR = 31 };

/* The configuration as the service derives it from a key of which every byte is `fill`. */
static inline struct certification_conf test_conf(uint8_t fill)
{
    static char hex[65];
    uint8_t seed[32];
    memset(seed, fill, sizeof(seed));
    sodium_bin2hex(hex, sizeof(hex), seed, sizeof(seed));
    struct certification_conf conf = {.certificate_sign_key = {.bytes = hex, .n = 64},
                                      .issuer_id = "https://hocvu.example",
                                      .issuer_name = "Học Vụ Số"};
    cr_assert_eq(certification_check(&conf), 0);
    return conf;
}

static inline void know_programme(struct harness *h)
{
    struct programme programme = {.programme_id = U(PROGRAMME),
                                  .code = SPAN("KNS-CB"),
                                  .version = 2,
                                  .title_vi = SPAN("Kỹ năng số \"cơ bản\""),
                                  .title_en = SPAN("Basic digital skills"),
                                  .framework_code = SPAN("F"),
                                  .framework_label = SPAN("1.0")};
    cr_assert_eq(harness_event(h, follow_programme_published, &programme), 0);
}

static inline void graded(struct harness *h, uint32_t attempt, uint32_t person, bool passed)
{
    struct grade_fact fact = {.attempt_id = U(attempt),
                              .person_id = U(person),
                              .programme_id = U(PROGRAMME),
                              .policy_id = U(1),
                              .number = 1,
                              .right = 5,
                              .items = 5,
                              .passed = passed,
                              .graded_at = now_us(),
                              .result_version = 1};
    cr_assert_eq(harness_events_of(h, follow_many_attempt_graded, 1, &fact), 0);
}

/* What the service under test is configured with. */
static struct certification_conf ours;

/* A database in which nothing is known. */
static inline struct harness *open_empty(void)
{
    ours = test_conf(7);
    return harness_open("certification", service_sql, true, &ours);
}

static inline struct harness *open_seeded(void)
{
    struct harness *h = open_empty();
    know_unit(h, NATION, 0, "VN");
    know_unit(h, PROVINCE, NATION, "45");
    know_unit(h, UNIT, PROVINCE, "45-SNV");
    know_unit(h, ELSEWHERE, NATION, "66");
    know_programme(h);
    know_person(h, LAN, "Nguyễn Thị Lan", UNIT, 0);
    harness_as(h, U(LAN), LEARNER, U(NATION));
    return h;
}

static inline void issue(struct harness *h)
{
    cr_assert_eq(harness_tick(h, certificates_issue), 0);
}

/* Lan passes and gets her certificate; its number. */
static inline struct span certified(struct harness *h)
{
    graded(h, 100, LAN, true);
    issue(h);
    return S(harness_get(h, "SELECT number FROM certificate WHERE person_id::text LIKE '%%-%012x'", LAN));
}

static inline struct span document_of(struct harness *h, struct span number)
{
    struct certificate_query query = {.number = number};
    struct file file;
    cr_assert_eq(on_my_certificate_document(&h->ctx, &query, &file), 0);
    return file.content;
}

static inline int check(struct harness *h, struct span number, struct certificate_status *ret_status)
{
    struct certificate_query query = {.number = number};
    return on_certificate_check(&h->ctx, &query, ret_status);
}

static inline int verify(struct harness *h, struct span document, struct certificate_status *ret_status)
{
    struct certificate_document req = {.document = document};
    return on_certificate_verify(&h->ctx, &req, ret_status);
}

static inline struct grade_fact result(uint32_t person, uint32_t attempt, uint16_t version, bool passed)
{
    return (struct grade_fact){.attempt_id = U(attempt),
                               .person_id = U(person),
                               .programme_id = U(PROGRAMME),
                               .policy_id = U(1),
                               .number = 1,
                               .items = 5,
                               .passed = passed,
                               .graded_at = now_us(),
                               .result_version = version};
}

#endif
