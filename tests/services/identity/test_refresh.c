/* test_refresh.c - refresh tokens as text: what is ours, and what is not. */
#include "refresh.h"
#include <criterion/criterion.h>
#include <sodium.h>

static unsigned char key[REFRESH_KEY_BYTES];

static void make_key(void)
{
    cr_assert(sodium_init() >= 0);
    randombytes_buf(key, sizeof(key));
}

static struct span span_of(const char *text)
{
    return (struct span){text, (uint32_t)strlen(text)};
}

Test(refresh, round, .init = make_key)
{
    static const uint32_t counters[] = {1, 2, 255, 256, 65536, UINT32_MAX};
    struct refresh_token token, again;
    char text[REFRESH_TEXT + 1], twice[REFRESH_TEXT + 1];
    refresh_begin(&token);
    cr_assert_eq(token.counter, 1);
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        token.counter = counters[i];
        refresh_write(key, &token, text);
        cr_assert_eq(strlen(text), REFRESH_TEXT);
        refresh_write(key, &token, twice);
        cr_assert_str_eq(text, twice, "the same token is the same text: a lost answer can be given again");
        cr_assert_eq(refresh_read(key, span_of(text), &again), 0);
        cr_assert_eq(again.counter, counters[i]);
        cr_assert_arr_eq(again.family, token.family, REFRESH_FAMILY_BYTES);
    }
}

Test(refresh, every_changed_character_shows, .init = make_key)
{
    struct refresh_token token, none = {.counter = 77};
    char text[REFRESH_TEXT + 1];
    refresh_begin(&token);
    refresh_write(key, &token, text);
    for (size_t i = 0; i < REFRESH_TEXT; i++) {
        char was = text[i];
        text[i] = was == 'A' ? 'B' : 'A';
        cr_assert_eq(refresh_read(key, span_of(text), &none), -1, "character %zu", i);
        text[i] = was;
    }
    cr_assert_eq(none.counter, 77, "outputs stay as they were");
}

Test(refresh, what_is_no_token, .init = make_key)
{
    struct refresh_token token, none;
    char text[REFRESH_TEXT + 1], longer[REFRESH_TEXT + 2];
    unsigned char other[REFRESH_KEY_BYTES] = {7};
    refresh_begin(&token);
    refresh_write(key, &token, text);
    cr_assert_eq(refresh_read(other, span_of(text), &none), -1, "another key");
    cr_assert_eq(refresh_read(key, (struct span){text, REFRESH_TEXT - 1}, &none), -1);
    snprintf(longer, sizeof(longer), "%sA", text);
    cr_assert_eq(refresh_read(key, span_of(longer), &none), -1);
    cr_assert_eq(refresh_read(key, span_of(""), &none), -1);
    token.counter = 0;
    refresh_write(key, &token, text);
    cr_assert_eq(refresh_read(key, span_of(text), &none), -1, "they count from 1");
    /* The other alphabet, blanks and padding are not ours, whatever they decode to. */
    token.counter = 1;
    refresh_write(key, &token, text);
    text[REFRESH_TEXT - 1] = '=';
    cr_assert_eq(refresh_read(key, span_of(text), &none), -1);
    text[3] = '+';
    cr_assert_eq(refresh_read(key, span_of(text), &none), -1);
    text[3] = '\n';
    cr_assert_eq(refresh_read(key, span_of(text), &none), -1);
}

Test(refresh, families_differ, .init = make_key)
{
    struct refresh_token a, b;
    unsigned char hash_a[REFRESH_HASH_BYTES], hash_b[REFRESH_HASH_BYTES];
    refresh_begin(&a);
    refresh_begin(&b);
    refresh_family_hash(&a, hash_a);
    refresh_family_hash(&b, hash_b);
    cr_assert(memcmp(hash_a, hash_b, sizeof(hash_a)) != 0);
    a.counter = 9;
    refresh_family_hash(&a, hash_b);
    cr_assert_arr_eq(hash_a, hash_b, sizeof(hash_a));
}
