/* test_jws.c - signed texts: the vectors of RFC 8037, and everything that must not pass. */
#include "jws.h"
#include "codec.h"
#include "harness.h"
#include <criterion/criterion.h>
#include <sodium.h>

/* RFC 8037, appendix A. */
#define SEED_HEX   "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define PUBLIC_HEX "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define KID        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
#define HEAD       "{\"alg\":\"EdDSA\"}"
#define TEXT                                                                                                           \
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."                                                        \
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

static uint8_t secret[JWS_SECRET], public[JWS_PUBLIC];

static void setup(void)
{
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(jws_secret_parse(S(SEED_HEX), secret), 0);
    jws_public_of(secret, public);
}

TestSuite(jws, .init = setup, .timeout = 20);

static bool verifies(struct span text)
{
    struct jws jws;
    return !jws_split(text, &jws) && jws_header_is(&jws, S(HEAD)) && jws_signed_by(&jws, public);
}

Test(jws, vectors_of_the_rfc)
{
    uint8_t read[JWS_PUBLIC];
    char kid[JWS_KID_TEXT];
    struct buf out;
    cr_assert_eq(jws_public_parse(S(PUBLIC_HEX), read), 0);
    cr_expect_arr_eq(read, public, sizeof(read));
    jws_kid(public, kid);
    cr_expect_str_eq(kid, KID);
    buf_init(&out, 1024);
    jws_sign(secret, S(HEAD), S("Example of Ed25519 signing"), &out);
    buf_add(&out, "", 1);
    cr_assert_not(out.failed);
    cr_expect_str_eq(out.p, TEXT);
    buf_release(&out);
    cr_expect(verifies(S(TEXT)));
}

/* What stood in the buffer before is not signed with it. */
Test(jws, appends)
{
    struct buf out;
    buf_init(&out, 1024);
    buf_add_text(&out, "before ");
    jws_sign(secret, S(HEAD), S("Example of Ed25519 signing"), &out);
    cr_assert_not(out.failed);
    cr_expect_eq(out.n, sizeof(TEXT) - 1 + 7);
    cr_expect_arr_eq(out.p + 7, TEXT, sizeof(TEXT) - 1);
    buf_release(&out);
}

Test(jws, buffer_too_small)
{
    for (size_t room = 0; room < sizeof(TEXT) - 1; room++) {
        struct buf out;
        buf_init(&out, room);
        jws_sign(secret, S(HEAD), S("Example of Ed25519 signing"), &out);
        cr_expect(out.failed, "%zu", room);
        buf_release(&out);
    }
}

Test(jws, every_changed_character_is_found)
{
    char copy[sizeof(TEXT)];
    for (size_t i = 0; i < sizeof(TEXT) - 1; i++) {
        memcpy(copy, TEXT, sizeof(TEXT));
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        cr_expect_not(verifies(S(copy)), "%zu", i);
    }
    for (uint32_t n = 0; n < sizeof(TEXT) - 1; n++)
        cr_expect_not(verifies((struct span){TEXT, n}), "cut at %u", n);
    cr_expect_not(verifies(S(TEXT "\n")));
    cr_expect_not(verifies(S(TEXT "=")));
    cr_expect_not(verifies(S(TEXT ".")));
    cr_expect_not(verifies(S("." TEXT)));
}

Test(jws, last_character_has_bits_that_no_byte_holds)
{
    char copy[] = TEXT; /* 64 bytes leave 4 bits free in the last of 86 characters: Ag and Ah are the same bytes */
    cr_assert_eq(copy[sizeof(copy) - 2], 'g');
    copy[sizeof(copy) - 2] = 'h';
    cr_expect_not(verifies(S(copy)));
}

Test(jws, header_is_compared_whole)
{
    struct jws jws;
    cr_assert_eq(jws_split(S(TEXT), &jws), 0);
    cr_expect(jws_header_is(&jws, S(HEAD)));
    cr_expect_not(jws_header_is(&jws, S("{\"alg\":\"none\"}")));
    cr_expect_not(jws_header_is(&jws, S("{\"alg\":\"EdDSA\"")));
    cr_expect_not(jws_header_is(&jws, S("")));
    jws.header = SPAN("");
    cr_expect_not(jws_header_is(&jws, S(HEAD)));
    jws.header = SPAN("!!!!");
    cr_expect_not(jws_header_is(&jws, S(HEAD)));
}

Test(jws, another_key)
{
    uint8_t other[JWS_PUBLIC], other_secret[JWS_SECRET];
    struct jws jws;
    crypto_sign_keypair(other, other_secret);
    cr_assert_eq(jws_split(S(TEXT), &jws), 0);
    cr_expect_not(jws_signed_by(&jws, other));
}

Test(jws, not_three_parts)
{
    struct jws jws;
    static const char *const bad[] = {"", ".", "a", "a.b", "a.b.c.d", "....", "abc."};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(jws_split(S(bad[i]), &jws), -1, "%s", bad[i]);
    cr_expect_eq(jws_split(S(".."), &jws), 0, "three empty parts are three");
    cr_expect_not(jws_signed_by(&jws, public));
}
