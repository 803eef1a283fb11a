/* test_upload.c - files in parts: resumed, repeated, and what is refused of them. */
#include "identity_test.h"

static struct upload_state state;

static int open_upload(struct uuid id, uint64_t bytes)
{
    struct upload_open req = {.upload_id = id, .name = SPAN("roster.csv"), .bytes = bytes};
    return settled(on_upload_open(&h->ctx, &req, &state));
}

static int send_part(struct uuid id, uint64_t offset, const char *bytes)
{
    struct upload_part req = {.upload_id = id, .offset = offset, .bytes = S(bytes)};
    return settled(on_upload_part(&h->ctx, &req, &state));
}

static int begin_import(struct uuid upload_id)
{
    struct import_request req = {.import_id = uuid7(), .upload_id = upload_id};
    struct import_state begun;
    return settled(on_import_begin(&h->ctx, &req, &begun));
}

IDENTITY_TEST(upload, goes_on_where_it_was)
{
    bootstrap();
    cr_assert_eq(open_upload(U(1), 10), 0);
    cr_expect_eq(state.received, 0);
    cr_assert_eq(send_part(U(1), 0, "abcd"), 0);
    cr_expect_eq(state.received, 4);
    cr_assert_eq(open_upload(U(1), 10), 0);
    cr_expect_eq(state.received, 4, "the same call again tells where to go on");
    cr_assert_eq(send_part(U(1), 0, "abcd"), 0, "a part sent again");
    cr_expect_eq(state.received, 4);
    EXPECT_FAULT(begin_import(U(1)), ERR_STATE, "upload_id");
    cr_assert_eq(send_part(U(1), 4, "efghij"), 0);
    cr_expect_eq(state.received, 10);
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(convert_from(bytes, 'UTF8'), '|' ORDER BY at) FROM upload_part"),
                     "abcd|efghij");
    cr_expect_eq(begin_import(U(1)), 0);
}

IDENTITY_TEST(upload, upload_part_overlaps)
{
    bootstrap();
    cr_assert_eq(open_upload(U(1), 10), 0);
    cr_assert_eq(send_part(U(1), 0, "abcd"), 0);
    EXPECT_FAULT(send_part(U(1), 2, "cdef"), ERR_CONFLICT, "offset");
    EXPECT_FAULT(send_part(U(1), 6, "ghij"), ERR_CONFLICT, "offset");
    EXPECT_FAULT(send_part(U(1), 0, "abcdef"), ERR_CONFLICT, "offset");
    cr_expect_eq(count_of("upload_part"), 1);
}

IDENTITY_TEST(upload, part_hash_differs)
{
    bootstrap();
    cr_assert_eq(open_upload(U(1), 10), 0);
    cr_assert_eq(send_part(U(1), 0, "abcd"), 0);
    EXPECT_FAULT(send_part(U(1), 0, "abcX"), ERR_CONFLICT, "offset");
    cr_expect_str_eq(harness_get(h, "SELECT convert_from(bytes, 'UTF8') FROM upload_part"), "abcd");
}

IDENTITY_TEST(upload, upload_beyond_size)
{
    bootstrap();
    cr_assert_eq(open_upload(U(1), 5), 0);
    EXPECT_FAULT(send_part(U(1), 0, "abcdef"), ERR_INVALID, "bytes");
    cr_assert_eq(send_part(U(1), 0, "abcde"), 0);
    EXPECT_FAULT(send_part(U(1), 5, "f"), ERR_INVALID, "bytes");
}

IDENTITY_TEST(upload, upload_of_other_person)
{
    struct upload_ref ref = {.upload_id = U(1)};
    small_nation();
    cr_assert_eq(open_upload(U(1), 10), 0);
    harness_as(h, person_id("Trần Thị Hoa"), NATIONAL_OPERATOR, unit_id("VN"));
    EXPECT_FAULT(on_upload_get(&h->ctx, &ref, &state), ERR_NOT_FOUND, "upload_id");
    EXPECT_FAULT(send_part(U(1), 0, "abcd"), ERR_NOT_FOUND, "upload_id");
    EXPECT_FAULT(begin_import(U(1)), ERR_NOT_FOUND, "upload_id");
    EXPECT_FAULT(open_upload(U(1), 10), ERR_CONFLICT, "upload_id");
    cr_expect_eq(count_of("upload_part"), 0);
}

IDENTITY_TEST(upload, the_same_id_names_one_file)
{
    bootstrap();
    cr_assert_eq(open_upload(U(1), 10), 0);
    EXPECT_FAULT(open_upload(U(1), 11), ERR_CONFLICT, "upload_id");
}

IDENTITY_TEST(upload, eight_may_wait)
{
    bootstrap();
    for (uint32_t i = 1; i <= 8; i++)
        cr_assert_eq(open_upload(U(i), 10), 0);
    EXPECT_FAULT(open_upload(U(9), 10), ERR_TOO_MANY, "upload_id");
    cr_expect_eq(open_upload(U(3), 10), 0);
}

IDENTITY_TEST(upload, what_nobody_imports_is_forgotten)
{
    bootstrap();
    cr_assert_eq(open_upload(U(1), 4), 0);
    cr_assert_eq(send_part(U(1), 0, "abcd"), 0);
    cr_assert_eq(open_upload(U(2), 4), 0);
    harness_sql(h, "UPDATE upload SET created = now() - interval '25 hours' WHERE received > 0");
    cr_assert_eq(harness_tick(h, uploads_prune), 0);
    cr_expect_eq(count_of("upload"), 1);
    cr_expect_eq(count_of("upload_part"), 0);
}

IDENTITY_TEST(upload, file_is_not_the_announced_one)
{
    struct upload_open req = {.upload_id = U(1), .name = SPAN("roster.csv"), .bytes = 4};
    struct import_request import = {.import_id = U(2), .upload_id = U(1)};
    struct import_state begun;
    bootstrap();
    PUT_FIELD(&req, upload_open, sha256, S("0123456789abcdef0123456789abcdef"));
    cr_assert_eq(settled(on_upload_open(&h->ctx, &req, &state)), 0);
    cr_assert_eq(send_part(U(1), 0, "abcd"), 0);
    cr_assert_eq(settled(on_import_begin(&h->ctx, &import, &begun)), 0);
    cr_assert_eq(run_rosters(), 0);
    take_report(U(2));
    cr_expect_eq(imported.state.n, strlen("refused"));
    cr_expect(memmem(imported.sentence_en.p, imported.sentence_en.n, "SHA-256", 7));
}
