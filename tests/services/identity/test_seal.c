/* test_seal.c - personal numbers: found by hash, kept in boxes. */
#include "identity_test.h"

static struct sealer sealer;

static void setup(void)
{
    make_conf();
    cr_assert_eq(sealer_init(&sealer, &conf.keys_at_start), 0);
}

Test(seal, only_twelve_digits_are_a_number, .init = setup, .timeout = 20)
{
    cr_expect(national_valid(S("000000000000")));
    static const char *const bad[] = {"",
                                      "00000000000",
                                      "0000000000000",
                                      "00000000000a",
                                      "00000000000 ",
                                      "-00000000000",
                                      "\xd9\xa0\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect(!national_valid(S(bad[i])), "%s", bad[i]);
}

Test(seal, the_hash_finds_and_tells_nothing, .init = setup, .timeout = 20)
{
    unsigned char a[SEAL_HASH_BYTES], b[SEAL_HASH_BYTES], other[SEAL_HASH_BYTES];
    struct seal_keys keys = conf.keys_at_start;
    national_hash(&conf.keys_at_start, S("999079000001"), a);
    national_hash(&conf.keys_at_start, S("999079000001"), b);
    cr_expect_arr_eq(a, b, sizeof(a));
    national_hash(&conf.keys_at_start, S("999079000002"), b);
    cr_expect_arr_neq(a, b, sizeof(a));
    keys.hash_key[0] ^= 1;
    national_hash(&keys, S("999079000001"), other);
    cr_expect_arr_neq(a, other, sizeof(a));
    /* Without the key, all numbers could be tried. */
    crypto_generichash(b, sizeof(b), (const unsigned char *)"999079000001", 12, NULL, 0);
    cr_expect_arr_neq(a, b, sizeof(a));
}

Test(seal, the_box_opens_with_the_secret_half_only, .init = setup, .timeout = 20)
{
    unsigned char box[SEAL_BOX_BYTES], again[SEAL_BOX_BYTES], wrong[SEAL_KEY_BYTES];
    struct span span = {(const char *)box, sizeof(box)};
    char digits[NATIONAL_DIGITS];
    seal(&sealer, S("999079000001"), box);
    cr_assert_eq(seal_open(box_secret, span, digits), 0);
    cr_expect_arr_eq(digits, "999079000001", NATIONAL_DIGITS);
    seal(&sealer, S("999079000001"), again);
    cr_expect_arr_neq(box, again, sizeof(box), "the same number makes another box each time");
    memcpy(wrong, box_secret, sizeof(wrong));
    wrong[3] ^= 4;
    cr_expect_eq(seal_open(wrong, span, digits), -1);
    cr_expect_eq(seal_open(conf.keys_at_start.box_public, span, digits), -1);
    for (size_t i = 0; i < sizeof(box); i++) {
        if (i == 31)
            continue; /* X25519 does not look at the highest bit of a public key */
        box[i] ^= 1;
        cr_expect_eq(seal_open(box_secret, span, digits), -1, "byte %zu", i);
        box[i] ^= 1;
    }
    cr_expect_eq(seal_open(box_secret, (struct span){span.p, span.n - 1}, digits), -1);
}

Test(seal, keys_have_names_and_are_read_strictly, .init = setup, .timeout = 20)
{
    struct seal_keys keys;
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    cr_expect_eq(strlen(conf.keys_at_start.hash_key_id), SEAL_KEY_ID);
    cr_expect_str_neq(conf.keys_at_start.hash_key_id, conf.keys_at_start.box_key_id);
    cr_expect_eq(seal_keys_parse(&keys, S(""), S(zeros)), -1);
    cr_expect_eq(seal_keys_parse(&keys, S(zeros), S("00")), -1);
    cr_expect_eq(
        seal_keys_parse(&keys, S("0x00000000000000000000000000000000000000000000000000000000000000"), S(zeros)), -1);
    /* A public key under which a box would hide nothing. */
    cr_assert_eq(seal_keys_parse(&keys, S(zeros), S(zeros)), 0);
    cr_expect_eq(sealer_init(&sealer, &keys), -1);
}
