/* test_fate.c - what the units of a frozen report have become; the report itself stays as it was, byte for byte. */
#include "nation.h"

enum { REPORT = 8001, CAM_LO = 44003, THANH_AN = 44004 };

static struct harness *h;

static void fate(uint32_t decree, const char *number, const char *from, const struct successor *what, uint32_t n)
{
    struct decree_fact fact = {
        .effective_from = day(from), .successors = (struct successor *)(uintptr_t)what, .n_successors = n};
    PUT_FIELD(&fact, decree_fact, decree_id, U(decree));
    PUT_FIELD(&fact, decree_fact, number, S(number));
    tell(h, decree_applied, &fact);
}

static struct successor became(const char *op, uint32_t old, uint32_t new)
{
    struct successor s = {.op = S(op), .old_unit = U(old)};
    if (new)
        PUT_FIELD(&s, successor, new_unit, U(new));
    return s;
}

static void one(uint32_t decree, const char *number, const char *from, const char *op, uint32_t old, uint32_t new)
{
    struct successor s = became(op, old, new);
    fate(decree, number, from, &s, 1);
}

static struct snapshot freeze(void)
{
    struct snapshot_request req = {.snapshot_id = U(REPORT),
                                   .unit_id = U(QUANG_TRI),
                                   .programme_id = U(PROGRAMME),
                                   .period = S("2025-H1"),
                                   .cutoff_date = day("2025-06-14")};
    struct snapshot reply = {.n_units = 0};
    accepted(h, on_snapshot_freeze(&h->ctx, &req, &reply));
    return reply;
}

static struct snapshot get(void)
{
    struct snapshot_ref ref = {.snapshot_id = U(REPORT)};
    struct snapshot reply = {.n_units = 0};
    struct fault fault;
    accepted(h, on_snapshot_get(&h->ctx, &ref, &reply));
    cr_assert_eq(msg_check(&msg_snapshot, &reply, &fault), 0, "%s", fault.field);
    return reply;
}

/* The sentences of the report's units, a line each with the code in the report. */
static const char *fates(void)
{
    struct snapshot_ref ref = {.snapshot_id = U(REPORT)};
    struct unit_fates reply = {.n_fates = 0};
    struct fault fault;
    const char *text = "";
    accepted(h, on_snapshot_fates(&h->ctx, &ref, &reply));
    cr_assert_eq(msg_check(&msg_unit_fates, &reply, &fault), 0, "%s", fault.field);
    for (uint32_t i = 0; i < reply.n_fates; i++) {
        const struct unit_fate *f = &reply.fates[i];
        text =
            arena_printf(&h->arena, "%s%.*s %.*s\n", text, (int)f->code.n, f->code.p, (int)f->text_vi.n, f->text_vi.p);
    }
    return text;
}

static const char *file(bool of_fates)
{
    struct snapshot_ref ref = {.snapshot_id = U(REPORT)};
    struct file reply = {.has = 0};
    struct fault fault;
    accepted(h, of_fates ? on_snapshot_fates_csv(&h->ctx, &ref, &reply) : on_snapshot_csv(&h->ctx, &ref, &reply));
    cr_assert_eq(msg_check(&msg_file, &reply, &fault), 0, "%s", fault.field);
    return arena_printf(&h->arena, "%.*s", (int)reply.content.n, reply.content.p);
}

static void setup(void)
{
    h = nation_open();
    tell_assigned(h, ANH, "2025-02-01T01:00:00Z");
}

static void teardown(void)
{
    harness_close(h);
}

#define FATE_TEST(name) Test(fate, name, .init = setup, .fini = teardown, .timeout = 60)

/* Đông Hà goes into Hải Lăng, which has another name from then on. */
static void merge_dong_ha(void)
{
    tell_unit(h, DONG_HA, QUANG_TRI, "44001", "Phường Đông Hà", "2020-01-01", "2025-07-01");
    tell_unit(h, HAI_LANG, QUANG_TRI, "44002", "Xã Hải Lăng", "2020-01-01", "2025-07-01");
    tell_unit(h, HAI_LANG, QUANG_TRI, "44002", "Xã Nam Hải Lăng", "2025-07-01", NULL);
    const struct successor what[] = {became("rename", HAI_LANG, HAI_LANG), became("merge", DONG_HA, HAI_LANG)};
    fate(1, "1680/NQ-UBTVQH15", "2025-07-01", what, 2);
}

FATE_TEST(the_report_stays_and_points_to_what_became_of_it)
{
    struct snapshot made = freeze();
    cr_expect_not(HAS(&made, snapshot, units_changed));
    const char *before = file(false);
    struct span digest = made.digest;
    merge_dong_ha();
    struct snapshot now = get();
    cr_expect_eq(now.units_changed, 2);
    cr_expect_eq(now.n_units, made.n_units);
    cr_expect(now.digest.n == digest.n && !memcmp(now.digest.p, digest.p, digest.n));
    cr_expect_str_eq(file(false), before);
    cr_expect_str_eq(fates(), "44001 sáp nhập vào Xã Nam Hải Lăng (44002) từ ngày 01/07/2025 theo 1680/NQ-UBTVQH15\n"
                              "44002 đổi tên thành Xã Nam Hải Lăng từ ngày 01/07/2025 theo 1680/NQ-UBTVQH15\n");
    /* Frozen once more for that old cut-off: it points there from the beginning. */
    struct snapshot_request again = {.snapshot_id = U(REPORT + 1),
                                     .unit_id = U(QUANG_TRI),
                                     .programme_id = U(PROGRAMME),
                                     .period = S("2025-H1"),
                                     .cutoff_date = day("2025-06-14")};
    struct snapshot late = {.n_units = 0};
    accepted(h, on_snapshot_freeze(&h->ctx, &again, &late));
    cr_expect_eq(late.units_changed, 2);
}

FATE_TEST(who_went_on_is_followed)
{
    freeze();
    tell_unit(h, CAM_LO, QUANG_TRI, "44003", "Xã Cam Lộ", "2025-07-01", NULL);
    tell_unit(h, THANH_AN, QUANG_TRI, "44004", "Xã Thanh An", "2025-07-01", NULL);
    merge_dong_ha();
    /* Months later that one is split, and a part of it is closed at last; entered before what lies before it. */
    tell_unit(h, HAI_LANG, QUANG_TRI, "44002", "Xã Nam Hải Lăng", "2025-07-01", "2026-01-01");
    tell_unit(h, THANH_AN, QUANG_TRI, "44004", "Xã Thanh An", "2025-07-01", "2026-03-01");
    one(3, "7/QĐ", "2026-03-01", "close", THANH_AN, 0);
    const struct successor parts[] = {became("split", HAI_LANG, CAM_LO), became("split", HAI_LANG, THANH_AN)};
    fate(2, "5/NQ", "2026-01-01", parts, 2);
    cr_expect_str_eq(
        fates(),
        "44001 sáp nhập vào Xã Nam Hải Lăng (44002) từ ngày 01/07/2025 theo 1680/NQ-UBTVQH15\n"
        "44001 Xã Nam Hải Lăng (44002): được chia, một phần là Xã Cam Lộ (44003) từ ngày 01/01/2026 theo 5/NQ\n"
        "44001 Xã Nam Hải Lăng (44002): được chia, một phần là Xã Thanh An (44004) từ ngày 01/01/2026 theo 5/NQ\n"
        "44001 Xã Thanh An (44004): giải thể từ ngày 01/03/2026 theo 7/QĐ\n"
        "44002 đổi tên thành Xã Nam Hải Lăng từ ngày 01/07/2025 theo 1680/NQ-UBTVQH15\n"
        "44002 được chia, một phần là Xã Cam Lộ (44003) từ ngày 01/01/2026 theo 5/NQ\n"
        "44002 được chia, một phần là Xã Thanh An (44004) từ ngày 01/01/2026 theo 5/NQ\n"
        "44002 Xã Thanh An (44004): giải thể từ ngày 01/03/2026 theo 7/QĐ\n");
    cr_expect_eq(get().units_changed, 2);
}

FATE_TEST(what_was_so_at_the_cutoff_is_not_told)
{
    one(1, "1/QĐ", "2025-06-14", "rename", DONG_HA, DONG_HA);
    one(2, "2/QĐ", "2025-07-01", "rename", BUON_HO, BUON_HO);
    freeze();
    cr_expect_str_eq(fates(), "");
    struct snapshot now = get();
    cr_expect_not(HAS(&now, snapshot, units_changed));
    /* The day after is told, also while it lies ahead; the same event once more changes nothing. */
    tell_unit(h, DONG_HA, DAK_LAK, "44001", "Phường Đông Hà", "2030-01-01", NULL);
    one(3, "3/QĐ", "2030-01-01", "move", DONG_HA, DONG_HA);
    one(3, "3/QĐ", "2030-01-01", "move", DONG_HA, DONG_HA);
    cr_expect_str_eq(fates(), "44001 chuyển về trực thuộc Tỉnh Đắk Lắk từ ngày 01/01/2030 theo 3/QĐ\n");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM unit_fate WHERE number = '3/QĐ'"), "1");
}

/* A file of units names no decree: it is told as what it is; what two files say of one unit and day stands once. */
FATE_TEST(files_of_units_are_told_without_a_decree)
{
    struct decree_fact fact = {.effective_from = day("2025-07-01"), .n_successors = 1};
    struct successor renamed = became("rename", DONG_HA, DONG_HA);
    freeze();
    tell_unit(h, DONG_HA, QUANG_TRI, "44001", "Phường Nam Đông Hà", "2025-07-01", NULL);
    fact.successors = &renamed;
    tell(h, decree_applied, &fact);
    tell(h, decree_applied, &fact);
    cr_expect_str_eq(fates(), "44001 đổi tên thành Phường Nam Đông Hà từ ngày 01/07/2025 theo tệp đơn vị đã nhập\n");
    cr_expect_eq(get().units_changed, 1);
    cr_expect(strstr(file(true), "44001,Phường Đông Hà,rename,2025-07-01,,44001,"), "%s", file(true));
    fact.effective_from = day("2025-08-01");
    tell(h, decree_applied, &fact);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM unit_fate WHERE decree_id IS NULL"), "2");
}

FATE_TEST(csv_runs_no_formula)
{
    freeze();
    tell_unit(h, DONG_HA, QUANG_TRI, "44001", "=HYPERLINK(\"x\"), Đông Hà", "2025-07-01", NULL);
    one(1, "+1/QĐ", "2025-07-01", "rename", DONG_HA, DONG_HA);
    const char *text = file(true);
    cr_expect(strstr(text, "\xef\xbb\xbf"
                           "code,name,change,effective_from,decree,"));
    cr_expect(strstr(text, "44001,Phường Đông Hà,rename,2025-07-01,'+1/QĐ,44001,Phường Đông Hà,44001,"
                           "\"'=HYPERLINK(\"\"x\"\"), Đông Hà\","),
              "%s", text);
}

FATE_TEST(outside_the_subtree_nothing_is_told)
{
    struct snapshot_ref ref = {.snapshot_id = U(REPORT)};
    struct unit_fates told;
    struct file csv;
    freeze();
    harness_as(h, U(OFFICER), PROVINCE_OFFICER, U(DAK_LAK));
    cr_expect_eq(settled(h, on_snapshot_fates(&h->ctx, &ref, &told)), ERR_NOT_FOUND);
    cr_expect_eq(settled(h, on_snapshot_fates_csv(&h->ctx, &ref, &csv)), ERR_NOT_FOUND);
}

FATE_TEST(fates_are_never_changed)
{
    merge_dong_ha();
    cr_expect_not(harness_allowed(h, "UPDATE unit_fate SET number = '9'"));
    cr_expect_not(harness_allowed(h, "DELETE FROM unit_fate"));
}
