/* test_number.c - numbers survive being read aloud and typed; a slip is found before the register is asked. */
#include "seed.h"

static struct span span_of(const char *number)
{
    return (struct span){number, (uint32_t)strlen(number)};
}

Test(number, every_wrong_character_is_found)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char number[NUMBER_TEXT], wrong[NUMBER_TEXT], read[NUMBER_TEXT];
    cr_assert(sodium_init() >= 0);
    for (int round = 0; round < 50; round++) {
        number_make("26", number);
        cr_assert_eq(strlen(number), NUMBER_TEXT - 1);
        cr_assert_eq(number_read(span_of(number), read), 0);
        cr_assert_str_eq(number, read);
        for (size_t i = 4; i < strlen(number); i++) {
            for (const char *c = alphabet; *c && number[i] != '-'; c++) {
                memcpy(wrong, number, sizeof(wrong));
                wrong[i] = *c;
                cr_expect_eq(number_read(span_of(wrong), read), *c == number[i] ? 0 : -1, "%s %s", number, wrong);
            }
        }
    }
}

Test(number, every_exchange_is_found)
{
    char number[NUMBER_TEXT], wrong[NUMBER_TEXT], read[NUMBER_TEXT];
    cr_assert(sodium_init() >= 0);
    for (int round = 0; round < 200; round++) {
        number_make("26", number);
        for (size_t i = 4; i < strlen(number); i++) {
            for (size_t k = i + 1; k < strlen(number); k++) {
                if (number[i] == number[k] || number[i] == '-' || number[k] == '-')
                    continue;
                memcpy(wrong, number, sizeof(wrong));
                wrong[i] = number[k];
                wrong[k] = number[i];
                cr_expect_eq(number_read(span_of(wrong), read), -1, "%s %s", number, wrong);
            }
        }
    }
}

Test(number, is_read_as_people_write_it)
{
    char number[NUMBER_TEXT], typed[64], read[NUMBER_TEXT];
    size_t n = 0;
    cr_assert(sodium_init() >= 0);
    do /* until both confusable digits occur */
        number_make("26", number);
    while (!strchr(number + 7, '0') || !strchr(number + 7, '1'));
    for (const char *c = number; *c; c++) {
        typed[n] = *c == '0' ? 'o' : *c == '1' ? (n % 2 ? 'l' : 'I') : (char)(*c | (*c >= 'A' ? 0x20 : 0));
        n++;
        if (n % 3 == 0)
            typed[n++] = ' ';
    }
    typed[n] = '\0';
    cr_expect_eq(number_read(span_of(typed), read), 0, "%s", typed);
    cr_expect_str_eq(read, number);
}

Test(number, hostile_texts)
{
    static const char *const bad[] = {"",
                                      "HVS",
                                      "HVS-26-",
                                      "-------",
                                      "HVS-26-AAAAAAAAAAAAAAAAAAAAAAAA",
                                      "XYZ-26-00000000000",
                                      "HVS-26-0000000000U",
                                      "HVS-26-0000000000\xC3\xA1",
                                      "HVS-26-000000000%00"};
    char read[NUMBER_TEXT] = "untouched";
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(number_read(span_of(bad[i]), read), -1, "%s", bad[i]);
    cr_expect_eq(number_read((struct span){"HVS-26-0000000\0000", 18}, read), -1);
    cr_expect_str_eq(read, "untouched");
}
