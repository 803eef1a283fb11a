/* test_personal.c - what learning gives of a person: all of the evidence, page by page, and nobody else's. */
#include "learning_test.h"
#include "personal.h"

extern const struct personal learning_personal[];

enum { EVIDENCE = 2, GONE = 99 };

static void beats(struct harness *h, uint32_t person, int n)
{
    harness_sql(h,
                "INSERT INTO evidence SELECT '00000000-0000-0000-0000-%012x', '00000000-0000-0000-0000-%012x',"
                " now() + interval '15 s' * n, 'beat', 15000000, 1 FROM generate_series(1, %d) n",
                person, PROGRAMME * 10 + 1, n);
}

static struct person_data_part page_of(struct harness *h, uint32_t person, uint32_t after)
{
    struct person_data_query query = {.person_id = U(person), .section = EVIDENCE, .after = after};
    struct person_data_part part = {0};
    passes(h, personal_read(&h->ctx, learning_personal, &query, &part));
    return part;
}

Test(personal, evidence_page_by_page)
{
    struct harness *h = learning_open();
    beats(h, 31, 230);
    beats(h, 32, 50);
    struct person_data_part part = page_of(h, 31, 0);
    cr_expect(part.section.n == 8 && !memcmp(part.section.p, "evidence", 8));
    cr_expect(part.n_rows == 100 && part.more);
    cr_expect(memmem(part.rows[0].line.p, part.rows[0].line.n, "\"counted_seconds\":15.0", 22), "%.*s",
              (int)part.rows[0].line.n, part.rows[0].line.p);
    part = page_of(h, 31, 200);
    cr_expect(part.n_rows == 30 && !part.more);
    cr_expect_eq(page_of(h, 33, 0).n_rows, 0);
    harness_close(h);
}

/* What was done under an id that was found to be the same person is that person's. */
Test(personal, evidence_of_who_was_on_record_twice)
{
    struct harness *h = learning_open();
    struct person_union fact = {.keep = U(31), .gone = U(GONE), .at = now_us()};
    beats(h, 31, 3);
    beats(h, GONE, 4);
    passes(h, harness_event(h, follow_person_merged, &fact));
    cr_expect_eq(page_of(h, 31, 0).n_rows, 7);
    harness_close(h);
}

Test(personal, evidence_is_kept_and_said_so)
{
    struct harness *h = learning_open();
    struct erase_rule rule = {.section = SPAN("evidence"), .years = 5, .basis = SPAN("Hồ sơ bồi dưỡng")};
    struct person_erasure query = {.person_id = U(31), .rules = &rule, .n_rules = 1};
    struct erased_sections sections = {0};
    beats(h, 31, 3);
    passes(h, personal_erase(&h->ctx, learning_personal, &query, &sections));
    cr_assert_eq(sections.n_sections, 3);
    cr_expect(sections.sections[EVIDENCE].kept == 3 && HAS(&sections.sections[EVIDENCE], erased_section, until));
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM evidence"), "3");
    harness_close(h);
}

/* One person's by the function, the table not at all. */
Test(personal, the_role_reads_no_evidence)
{
    struct harness *h = learning_open();
    cr_expect_not(harness_allowed(h, "SELECT FROM evidence WHERE false"));
    cr_expect(harness_allowed(h, "SELECT evidence_of('00000000-0000-0000-0000-00000000001f', 0)"));
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(proname, ' ') FROM pg_proc p JOIN pg_namespace n"
                                    " ON n.oid = pronamespace WHERE nspname = 'learning' AND prosecdef"
                                    " AND has_function_privilege('hocvu_sync', p.oid, 'EXECUTE')"),
                     "", "nobody else's role may");
    harness_close(h);
}
