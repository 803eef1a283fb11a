/* test_receipt.c - links, seals and signatures of receipts: known values, and what breaks them. */
#include "receipt.h"
#include <criterion/criterion.h>
#include <sodium.h>

static const struct uuid attempt = {{1, 2, 3}}, person = {{4}}, form = {{5}};
static const int64_t at = INT64_C(1795000000123456);

static const char *hex(const uint8_t *bytes)
{
    static char text[2 * RECEIPT_LINK + 1];
    return sodium_bin2hex(text, sizeof(text), bytes, RECEIPT_LINK);
}

/* Values computed once by sha256sum over the bytes that receipt.h describes. */
Test(receipt, known_values)
{
    uint8_t link[RECEIPT_LINK];
    receipt_first(&attempt, &person, &form, 42, at, link);
    cr_expect_str_eq(hex(link), "4c36d0018e884448478e4aa7fe8d111e3cdc332b339504cc3a66c20ca77921c5");
    receipt_link(link, 7, 3, at, (struct span){"2", 1}, link);
    cr_expect_str_eq(hex(link), "1dee08e1cc257f1cda0745b1cc6602b7e2a54595ecc8fd6d3bf5f121f3a000fa");
}

Test(receipt, everything_counts)
{
    uint8_t before[RECEIPT_LINK] = {0}, link[RECEIPT_LINK], other[RECEIPT_LINK];
    const struct span two = {"2", 1}, three = {"3", 1};
    receipt_link(before, 7, 3, at, two, link);
    receipt_link(before, 8, 3, at, two, other);
    cr_expect_arr_neq(link, other, RECEIPT_LINK);
    receipt_link(before, 7, 4, at, two, other);
    cr_expect_arr_neq(link, other, RECEIPT_LINK);
    receipt_link(before, 7, 3, at + 1, two, other);
    cr_expect_arr_neq(link, other, RECEIPT_LINK);
    receipt_link(before, 7, 3, at, three, other);
    cr_expect_arr_neq(link, other, RECEIPT_LINK);
    before[31] = 1;
    receipt_link(before, 7, 3, at, two, other);
    cr_expect_arr_neq(link, other, RECEIPT_LINK);
}

Test(receipt, signature)
{
    uint8_t public_key[JWS_PUBLIC], secret[JWS_SECRET], signature[RECEIPT_SIGNATURE];
    uint8_t head[RECEIPT_LINK] = {1};
    cr_assert_geq(sodium_init(), 0);
    crypto_sign_keypair(public_key, secret);
    receipt_sign(secret, &attempt, at, 12, head, signature);
    cr_expect_eq(receipt_verify(public_key, &attempt, at, 12, head, signature), 0);
    cr_expect_eq(receipt_verify(public_key, &person, at, 12, head, signature), -1);
    cr_expect_eq(receipt_verify(public_key, &attempt, at + 1, 12, head, signature), -1);
    cr_expect_eq(receipt_verify(public_key, &attempt, at, 11, head, signature), -1);
    head[0] = 2;
    cr_expect_eq(receipt_verify(public_key, &attempt, at, 12, head, signature), -1);
    head[0] = 1;
    signature[0] ^= 1;
    cr_expect_eq(receipt_verify(public_key, &attempt, at, 12, head, signature), -1);
}
