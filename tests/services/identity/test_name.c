/* test_name.c - names held against each other. */
#include "harness.h"
#include "name.h"
#include <criterion/criterion.h>

static uint32_t compare(const char *a, const char *b)
{
    uint32_t there = name_compare(S(a), S(b)), back = name_compare(S(b), S(a));
    cr_expect_eq(there, back, "%s, %s: %x one way, %x the other", a, b, there, back);
    return there;
}

static void expect(const char *a, const char *b, uint32_t bits)
{
    uint32_t found = compare(a, b);
    cr_expect_eq(found, bits, "%s, %s: %x instead of %x", a, b, found, bits);
}

Test(name, is_the_same_however_it_is_encoded)
{
    expect("Nguyễn Văn Nhân", "Nguyễn Văn Nhân", 0);
    expect("Nguyễn Văn Nhân", "NGUYỄN  VĂN\tNHÂN ", 0);
    /* Decomposed, in both orders of marks that keyboards give. */
    expect("Nguyễn Ngọc Ân", "Nguye\u0302\u0303n Ngo\u0323c A\u0302n", 0);
    expect("Lê Thị Huệ", "Le\u0302 Thi\u0323 Hue\u0302\u0323", 0);
    expect("Lê Thị Huệ", "Lê Thị Hue\u0323\u0302", 0);
    expect("Đỗ Đình Đạt", "ĐỖ đình ĐẠT", 0);
    expect("H'Hen Niê", "H’Hen Niê", 0);
    expect("H'Hen Niê", "HʼHen Niê", 0);
    expect("Nguyễn\u00a0Văn\u2009Nam", "Nguyễn Văn Nam", 0);
}

Test(name, is_the_same_with_its_tone_in_either_place)
{
    expect("Xã Hoà", "Xã Hòa", 0);
    expect("Trần Thị Thuý", "TRẦN THỊ THÚY", 0);
    expect("Nguyễn Khoẻ", "Nguyễn Khỏe", 0);
    expect("Lê Thị Hoài", "Lê Thị Hòai", 0);
    expect("Lê Quý", "Lê Qúy", 0);
    /* Which is not another tone, and only of these pairs. */
    expect("Hoà", "Hóa", NAME_TONE);
    expect("Mùa", "Muà", NAME_TONE);
    expect("Hòà", "Hòa", NAME_TONE);
}

Test(name, tells_what_is_different)
{
    expect("Trần Thị Hoa", "Trần Thị Hoá", NAME_TONE);
    expect("Nguyễn Văn Dung", "Nguyễn Văn Đung", NAME_MARK);
    expect("Nguyễn Văn Ân", "Nguyễn Văn An", NAME_MARK);
    expect("NGUYÊN VĂN AN", "Nguyễn Văn Ấn", NAME_TONE | NAME_MARK);
    expect("Nguyễn Văn Đức", "Nguyễn Văn Ðức", NAME_MARK); /* the Icelandic letter */
    expect("Lý Thị Mỹ", "Lí Thị Mĩ", NAME_IY);
    expect("Lý Thị Mỹ", "Lì Thị Mỹ", NAME_IY | NAME_TONE);
    expect("Nguyễn Văn Nam", "Nam Nguyễn Văn", NAME_ORDER);
    expect("Nguyễn Văn Nam", "Nàm Nguyễn Văn", NAME_ORDER | NAME_TONE);
    expect("Nguyễn Văn Nam", "Nguyễn Nam", NAME_EXTRA);
    expect("Nguyễn Văn Nam", "Nam Nguyễn", NAME_EXTRA | NAME_ORDER);
    expect("Y-Bih Niê", "Y Bih Niê", NAME_SIGNS);
    expect("Nguyễn Văn Nam", "Nguyễn Văn Lam", NAME_OTHER);
    expect("Nguyễn Văn Nam", "Nguyen Van Nam", NAME_TONE | NAME_MARK);
    expect("Lê An An", "Lê An Bình", NAME_OTHER);
    expect("Lê An An", "An Lê", NAME_EXTRA | NAME_ORDER);
}

Test(name, is_nobodys_when_it_cannot_be_read)
{
    static char long_name[4000];
    memset(long_name, 'a', sizeof(long_name) - 1);
    expect("", "", NAME_OTHER);
    expect("  ", "Nam", NAME_OTHER);
    expect("Nam\xff", "Nam\xff", NAME_OTHER);
    expect(long_name, long_name, NAME_OTHER);
    /* One letter under many marks, and marks on nothing. */
    for (size_t i = 1; i + 2 < sizeof(long_name); i += 2)
        memcpy(long_name + i, "\xcc\x81", 2);
    compare(long_name, "a");
    compare(long_name + 1, "a");
    for (size_t i = 0; i + 2 < sizeof(long_name); i += 2)
        memcpy(long_name + i, "a ", 2);
    expect(long_name, "a", NAME_OTHER);
}

Test(name, name_control_characters)
{
    cr_expect(name_valid(S("Nguyễn Văn Nhân")));
    cr_expect(name_valid(S("H'Hen Niê")));
    cr_expect(name_valid(S("Y-Bih Niê")));
    cr_expect(name_valid(S("Ngo\u0323c")));
    static const char *const wrong[] = {"",
                                        " ",
                                        "...",
                                        "Nam\n",
                                        "Nam\x01",
                                        "Nam\u202eGiang", /* turns what follows */
                                        "Nam\u200bGiang", /* no width */
                                        "Nam\u00a0Giang",
                                        "Nam <b>",
                                        "Nam 2",
                                        "=HYPERLINK",
                                        "Nam\xff",
                                        "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_expect(!name_valid(S(wrong[i])), "%zu is taken for a name", i);
}
