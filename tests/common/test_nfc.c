/* test_nfc.c - text in one form, names compared. */
#include "nfc.h"
#include "harness.h"
#include <criterion/criterion.h>

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 1 << 20);
}

Test(nfc, composes_and_trims, .init = setup)
{
    struct span text;
    cr_assert_eq(nfc(&arena, S("  Nguye\xcc\x82\xcc\x83n "), &text), 0);
    cr_expect_eq(text.n, 8);
    cr_expect_arr_eq(text.p, "Nguy\xe1\xbb\x85n", 8);
    cr_assert_eq(nfc(&arena, S(" plain\t"), &text), 0);
    cr_expect_eq(text.n, 5);
    cr_assert_eq(nfc(&arena, S("   "), &text), 0);
    cr_expect_eq(text.n, 0);
}

Test(nfc, refuses_what_is_not_utf8, .init = setup)
{
    struct span text;
    cr_expect_eq(nfc(&arena, S("\xc3("), &text), -1);
    cr_expect(!nfc_same_name(&arena, S("\xc3("), S("\xc3(")));
}

Test(nfc, compares_names_as_people_do, .init = setup)
{
    cr_expect(nfc_same_name(&arena, S("Nguyễn Văn An"), S("NGUYỄN  VĂN AN ")));
    cr_expect(nfc_same_name(&arena, S("Đỗ Thị Ý"), S("đỗ thị ý")));
    cr_expect(nfc_same_name(&arena, S("Nguye\xcc\x82\xcc\x83n"), S("Nguyễn")));
    cr_expect(!nfc_same_name(&arena, S("Nguyễn Văn An"), S("Nguyen Van An")), "tone marks tell people apart");
    cr_expect(!nfc_same_name(&arena, S("Nguyễn Văn An"), S("Nguyễn An Văn")));
    cr_expect(!nfc_same_name(&arena, S("An"), S("Anh")));
    cr_expect(!nfc_same_name(&arena, S("An"), S("")));
}
