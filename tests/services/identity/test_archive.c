/* test_archive.c - a person's data as one archive, erasing it: over services that answer, that are away, that are late.
 */
#include "archive.h"
#include "identity_test.h"
#include "personal.h"
#include <sys/mman.h>
#include <unistd.h>
#include <unzip.h>

extern const struct personal identity_personal[];

/* What the other services say in these tests. */
static int away; /* number of one that does not answer */
static bool withdrawn_meanwhile;
static uint32_t lessons_are = 250, away_from = UINT32_MAX; /* rows of learning; it does not answer from this one on */
static struct person_data_part made;

static int ask_data(void *arg, uint8_t service, const struct person_data_query *query,
                    struct person_data_part *ret_part)
{
    static struct person_datum rows[100];
    (void)arg;
    if (service == away)
        return ERR_UNAVAILABLE;
    if (withdrawn_meanwhile)
        harness_sql(h, "UPDATE data_request SET state = 'withdrawn'");
    if (service == SERVICE_identity) {
        made = (struct person_data_part){0};
        int code = personal_read(&h->ctx, identity_personal, query, &made);
        *ret_part = made;
        return code;
    }
    if (service != SERVICE_learning || query->section > 0)
        return 0;
    if (query->after >= away_from)
        return ERR_UNAVAILABLE;
    uint32_t left = query->after < lessons_are ? lessons_are - query->after : 0;
    for (uint32_t i = 0; i < 100; i++)
        rows[i].line = SPAN("{\"lesson\": 1}");
    PUT_FIELD(ret_part, person_data_part, section, SPAN("lessons"));
    ret_part->rows = rows;
    ret_part->n_rows = left < 100 ? left : 100;
    ret_part->more = left > 100;
    return 0;
}

static int ask_erase(void *arg, uint8_t service, const struct person_erasure *query,
                     struct erased_sections *ret_sections)
{
    static struct erased_section section;
    (void)arg;
    if (service == away)
        return ERR_UNAVAILABLE;
    if (withdrawn_meanwhile)
        harness_sql(h, "UPDATE data_request SET state = 'withdrawn'");
    if (service == SERVICE_identity)
        return settled(personal_erase(&h->ctx, identity_personal, query, ret_sections));
    if (service != SERVICE_certification)
        return 0;
    cr_expect_eq(query->n_rules, 1, "%u rules", query->n_rules);
    section = (struct erased_section){.section = SPAN("certificates"), .kept = 1};
    PUT_FIELD(&section, erased_section, basis, query->rules[0].basis);
    *ret_sections = (struct erased_sections){.sections = &section, .n_sections = 1};
    return 0;
}

static const struct asking asking = {ask_data, ask_erase, NULL};

static int work(void)
{
    return settled(privacy_work(&h->ctx, &asking));
}

/* A request of this person that the job is to do. */
static void request(const char *kind, const char *name)
{
    harness_sql(h,
                "INSERT INTO data_request (request_id, person_id, kind, words, state, acknowledge_due, due)"
                " SELECT '00000000-0000-0000-0000-000000000001', person_id, '%s', 'lý do', 'working', now(),"
                " now() + interval '1 day' FROM person WHERE full_name = '%s'",
                kind, name);
}

static const char *state(void)
{
    return harness_get(h, "SELECT state FROM data_request");
}

/* One file of the archive as the person gets it; NULL: there is none. */
static char *unpack(const char *name)
{
    static char text[65536];
    struct archive_query query = {.request_id = U(1)};
    struct file file = {0};
    char path[32];
    cr_assert_eq(settled(on_data_archive(&h->ctx, &query, &file)), 0);
    int fd = memfd_create("t", 0);
    cr_assert_eq(write(fd, file.content.p, file.content.n), (ssize_t)file.content.n);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    unzFile zip = unzOpen64(path);
    cr_assert(zip, "no ZIP file");
    bool found = unzLocateFile(zip, name, 1) == UNZ_OK && unzOpenCurrentFile(zip) == UNZ_OK;
    int n = found ? unzReadCurrentFile(zip, text, sizeof(text) - 1) : 0;
    text[n < 0 ? 0 : n] = '\0';
    unzClose(zip);
    close(fd);
    return found ? text : NULL;
}

IDENTITY_TEST(archive, has_everything_of_the_person_and_nothing_of_others)
{
    struct session_tokens tokens;
    small_nation();
    cr_assert_eq(open_session_of("Lê Văn Nam", "s", &tokens), 0);
    request("access", "Lê Văn Nam");
    cr_assert_eq(work(), 0, "%s", h->ctx.fault.field);
    cr_expect_str_eq(state(), "done");
    harness_as(h, person_id("Lê Văn Nam"), LEARNER, unit_id("VN"));
    const char *person = unpack("identity/person.json");
    cr_assert(person && strstr(person, "Lê Văn Nam"), "%s", person);
    cr_expect(!strstr(person, "999079000003"), "the number itself is in no archive");
    cr_expect(strstr(unpack("identity/tenures.json"), "Chuyên viên"));
    cr_expect(strstr(unpack("identity/sessions.json"), "openid"));
    cr_expect(strstr(unpack("identity/requests.json"), "lý do"));
    const char *lessons = unpack("learning/lessons.json");
    unsigned n = 0;
    for (const char *at = lessons; (at = strstr(at, "lesson\"")); at++)
        n++;
    cr_expect_eq(n, 250, "%u", n);
    cr_expect(lessons[0] == '[' && strstr(lessons, "},\n{") && strstr(lessons, "}\n]"));
    cr_expect(strstr(unpack("README.txt"), "Dữ liệu cá nhân"));
    for (const char *const *file = (const char *const[]){"identity/person.json", "identity/audit.json", NULL}; *file;
         file++)
        cr_expect(!strstr(unpack(*file), "Trần Thị Hoa"), "%s", *file);
    cr_expect_eq(count_of("audit WHERE action = 'data_request_done' AND detail->>'kind' = 'access'"), 1);
}

IDENTITY_TEST(archive, waits_for_a_service_that_is_away_until_the_time_has_passed)
{
    small_nation();
    request("access", "Lê Văn Nam");
    away = SERVICE_learning;
    cr_assert_eq(work(), 0);
    cr_expect_str_eq(state(), "working");
    cr_expect_eq(count_of("data_archive"), 0);
    harness_sql(h, "UPDATE data_request SET due = now() - interval '1 minute'");
    cr_assert_eq(work(), 0);
    cr_expect_str_eq(state(), "done");
    cr_expect_str_eq(harness_get(h, "SELECT missing FROM data_request"), "learning");
    harness_as(h, person_id("Lê Văn Nam"), LEARNER, unit_id("VN"));
    cr_expect(strstr(unpack("README.txt"), "missing: learning"));
    cr_expect(!unpack("learning/lessons.json"));
    away = 0;
}

/* However long a section is, only a page of it is held at once; one that breaks off is a whole file, and said to be
 * missing. */
IDENTITY_TEST(archive, a_long_section_and_one_that_breaks_off)
{
    small_nation();
    request("access", "Lê Văn Nam");
    lessons_are = 40000;
    cr_assert_eq(work(), 0);
    cr_expect_str_eq(state(), "done");
    harness_as(h, person_id("Lê Văn Nam"), LEARNER, unit_id("VN"));
    cr_expect(strstr(unpack("learning/lessons.json"), "[\n{\"lesson\": 1},\n"));
    harness_sql(h,
                "DELETE FROM data_archive; UPDATE data_request SET state = 'working', due = now() - interval '1 day'");
    away_from = 200;
    cr_assert_eq(work(), 0);
    cr_expect_str_eq(harness_get(h, "SELECT missing FROM data_request"), "learning");
    const char *text = unpack("learning/lessons.json");
    cr_assert(text && strlen(text) == 200 * 15 + 3, "%zu", text ? strlen(text) : 0);
    cr_expect_str_eq(text + strlen(text) - 4, "}\n]\n");
    away_from = UINT32_MAX;
    lessons_are = 250;
}

IDENTITY_TEST(archive, one_request_that_waits_does_not_hold_the_next)
{
    small_nation();
    request("access", "Lê Văn Nam");
    harness_sql(h,
                "INSERT INTO data_request (request_id, person_id, kind, words, state, acknowledge_due, due) SELECT"
                " '00000000-0000-0000-0000-000000000002', person_id, 'access', '', 'working', now(), now() - interval"
                " '1 day' FROM person WHERE full_name = 'Hồ Văn Sơn'");
    away = SERVICE_sync;
    cr_assert_eq(work(), 0);
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(state, ' ' ORDER BY request_id) FROM data_request"),
                     "working done");
    away = 0;
}

IDENTITY_TEST(archive, erasing_leaves_an_id_that_names_nobody)
{
    struct session_tokens tokens;
    small_nation();
    cr_assert_eq(open_session_of("Lê Văn Nam", "s", &tokens), 0);
    harness_sql(h, "UPDATE tenure SET valid_from = today() - 10, valid_to = today() WHERE person_id ="
                   " (SELECT person_id FROM person WHERE full_name = 'Lê Văn Nam')");
    request("erase", "Lê Văn Nam");
    away = SERVICE_assessment;
    cr_assert_eq(work(), 0);
    cr_expect_str_eq(state(), "working", "nobody is forgotten");
    cr_expect_eq(count_of("person WHERE erased_at IS NOT NULL"), 0);
    away = 0;
    cr_assert_eq(work(), 0, "%s", h->ctx.fault.field);
    cr_expect_str_eq(state(), "done");
    cr_expect_eq(count_of("person WHERE full_name = '(đã xoá)' AND birth_date IS NULL AND national_box = ''"), 1);
    cr_expect_eq(count_of("account"), 0);
    cr_expect_eq(count_of("session WHERE coalesce(device, address, last_address, provider_sid) <> ''"), 0);
    struct revocation_query since = {.since = now_us() - 60000000};
    struct revocation_list ended = {0};
    cr_assert_eq(settled(on_revocations(&h->ctx, &since, &ended)), 0);
    bool told = false;
    for (uint32_t i = 0; i < ended.n_tokens; i++)
        told |= HAS(&ended.tokens[i], revoked_token, session_id);
    cr_expect(told, "gateways are told that the session has ended");
    cr_expect_eq(count_of("outbox WHERE body::text LIKE '%%Lê Văn Nam%%'"), 0, "events of the past name nobody either");
    cr_expect_eq(count_of("outbox WHERE event = 'people_changed' AND body::text LIKE '%%Trần Thị Hoa%%'"), 1);
    cr_expect_eq(count_of(TOLD " WHERE body->>'full_name' = '(đã xoá)'"), 1);
    cr_expect_eq(harness_events(h, "person_erased"), 1);
    const char *answer = harness_get(h, "SELECT answer FROM data_request");
    cr_expect(strstr(answer, "identity/tenures: xoá 0, giữ 1 đến"), "%s", answer);
    cr_expect(strstr(answer, "certification/certificates: xoá 0, giữ 1 (Sổ cấp chứng nhận)"), "%s", answer);
    cr_expect_str_eq(harness_get(h, "SELECT words FROM data_request"), "");
    /* The number can come back on a roster: as somebody new. */
    import_roster("999079000003,Lê Văn Nam,1979-05-14,P44,Chuyên viên,false,\n");
    expect_counts(1, 0, 0, 0);
}

/* Whoever was on record twice is erased whole, and other services are told of both ids. */
IDENTITY_TEST(archive, erasing_reaches_who_was_found_to_be_the_same)
{
    small_nation();
    harness_sql(h, "UPDATE tenure SET valid_from = today() - 10, valid_to = today() WHERE person_id IN"
                   " (SELECT person_id FROM person WHERE full_name IN ('Lê Văn Nam', 'Hồ Văn Sơn'))");
    harness_sql(h, "UPDATE person SET merged_into = (SELECT person_id FROM person WHERE full_name = 'Lê Văn Nam')"
                   " WHERE full_name = 'Hồ Văn Sơn'");
    request("erase", "Lê Văn Nam");
    cr_assert_eq(work(), 0, "%s", h->ctx.fault.field);
    cr_expect_str_eq(state(), "done");
    cr_expect_eq(count_of("person WHERE full_name IN ('Lê Văn Nam', 'Hồ Văn Sơn') OR (full_name = '(đã xoá)' AND"
                          " (birth_date IS NOT NULL OR national_box <> ''))"),
                 0);
    cr_expect_eq(count_of("outbox WHERE body::text ~ 'Lê Văn Nam|Hồ Văn Sơn'"), 0);
    cr_expect_eq(harness_events(h, "person_erased"), 2);
    cr_expect_eq(count_of("outbox WHERE event = 'person_erased' AND (body->>'at')::timestamptz <= now()"), 2);
}

/* Withdrawn while services are asked: no archive, nobody erased. */
IDENTITY_TEST(archive, withdrawn_while_it_is_done)
{
    small_nation();
    withdrawn_meanwhile = true;
    request("access", "Lê Văn Nam");
    cr_assert_eq(work(), 0, "%s", h->ctx.fault.field);
    cr_expect_str_eq(state(), "withdrawn");
    cr_expect_eq(count_of("data_archive"), 0);
    harness_sql(h, "UPDATE tenure SET valid_from = today() - 10, valid_to = today() WHERE person_id ="
                   " (SELECT person_id FROM person WHERE full_name = 'Lê Văn Nam');"
                   "UPDATE data_request SET kind = 'erase', state = 'working'");
    cr_assert_eq(work(), 0, "%s", h->ctx.fault.field);
    cr_expect_str_eq(state(), "withdrawn");
    cr_expect_eq(count_of("person WHERE erased_at IS NOT NULL"), 0);
    withdrawn_meanwhile = false;
}

IDENTITY_TEST(archive, who_began_to_work_meanwhile_is_not_erased)
{
    small_nation();
    request("erase", "Lê Văn Nam");
    cr_assert_eq(work(), 0);
    cr_expect_str_eq(state(), "done");
    cr_expect(strstr(harness_get(h, "SELECT answer FROM data_request"), "không xoá"));
    cr_expect_eq(count_of("person WHERE full_name = 'Lê Văn Nam' AND erased_at IS NULL"), 1);
}

IDENTITY_TEST(archive, is_gone_after_a_week)
{
    small_nation();
    request("access", "Lê Văn Nam");
    cr_assert_eq(work(), 0);
    cr_assert_eq(harness_tick(h, archives_prune), 0);
    cr_expect_eq(count_of("data_archive"), 1);
    harness_sql(h, "UPDATE data_archive SET made_at = now() - interval '8 days'");
    cr_assert_eq(harness_tick(h, archives_prune), 0);
    cr_expect_eq(count_of("data_archive"), 0);
}

IDENTITY_TEST(archive, a_dry_run_erases_nothing)
{
    struct person_erasure query = {.dry_run = true};
    struct erased_sections sections = {0};
    small_nation();
    query.person_id = person_id("Lê Văn Nam");
    cr_assert_eq(settled(personal_erase(&h->ctx, identity_personal, &query, &sections)), 0);
    cr_expect_eq(sections.n_sections, 3);
    cr_expect_eq(sections.sections[0].kept, 1);
}
