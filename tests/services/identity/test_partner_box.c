/* test_partner_box.c - boxes that were made for us, for somebody else, and by nobody. */
#include "partner_box.h"
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <string.h>

static struct partner_key *key, *other;
static const char *why;
static char data[512], wrapped[2048];
static unsigned char out[512];
static size_t n_out;
static const char plain[] = "{\"access_token\":\"a\",\"expires_in\":120,\"more\":\"0123456789\"}";

static struct partner_key *make_key(int bits)
{
    EVP_PKEY *pkey = EVP_RSA_gen((unsigned)bits);
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem;
    cr_assert(pkey && bio && PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1);
    long n = BIO_get_mem_data(bio, &pem);
    struct partner_key *made = partner_key_read(pem, (size_t)n, &why);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return made;
}

static void setup(void)
{
    cr_assert(sodium_init() >= 0);
    key = make_key(2048);
    cr_assert(key, "%s", why);
    cr_assert_eq(partner_box_make(key, (const unsigned char *)plain, strlen(plain), data, sizeof(data), wrapped,
                                  sizeof(wrapped)),
                 0);
}

static void teardown(void)
{
    partner_key_free(key);
    partner_key_free(other);
    key = other = NULL;
}

static int open_it(const struct partner_key *with)
{
    n_out = 0;
    return partner_box_open(with, data, strlen(data), wrapped, strlen(wrapped), out, &n_out);
}

Test(partner_box, opens_what_was_made_for_us, .init = setup, .fini = teardown, .timeout = 30)
{
    cr_assert_eq(open_it(key), 0);
    cr_assert(n_out == strlen(plain) && !memcmp(out, plain, n_out));
    cr_expect_eq(partner_key_bits(key), 2048);
    /* Whole blocks get a block of padding; nothing is a block of it. */
    for (size_t n = 0; n <= 33; n++) {
        cr_assert_eq(
            partner_box_make(key, (const unsigned char *)plain, n, data, sizeof(data), wrapped, sizeof(wrapped)), 0);
        cr_assert(open_it(key) == 0 && n_out == n && !memcmp(out, plain, n), "%zu bytes", n);
    }
}

Test(partner_box, key_wrong, .init = setup, .fini = teardown, .timeout = 30)
{
    other = make_key(2048);
    int opened = 0;
    /* One in 256 keys ends in padding that fits by chance; what comes out is then no JSON. */
    for (int i = 0; i < 64; i++) {
        cr_assert_eq(partner_box_make(other, (const unsigned char *)plain, strlen(plain), data, sizeof(data), wrapped,
                                      sizeof(wrapped)),
                     0);
        if (open_it(key) == 0) {
            opened++;
            cr_expect(n_out != strlen(plain) || memcmp(out, plain, n_out) != 0);
        }
    }
    cr_expect_lt(opened, 6);
}

/* The same box with a wrapped key of these bytes. */
static int open_with_key(const unsigned char *bytes, size_t n)
{
    sodium_bin2base64(wrapped, sizeof(wrapped), bytes, n, sodium_base64_VARIANT_ORIGINAL);
    return open_it(key);
}

Test(partner_box, wrapped_key_garbage_looks_like_wrong_key, .init = setup, .fini = teardown, .timeout = 30)
{
    unsigned char raw[300];
    int opened = 0;
    for (int i = 0; i < 32; i++) {
        randombytes_buf(raw, sizeof(raw));
        raw[0] &= 0x7f; /* below the modulus */
        opened += open_with_key(raw, 256) == 0;
    }
    cr_expect_lt(opened, 5);
    static const size_t sizes[] = {0, 1, 16, 32, 255, 257, 300};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        int tries = 0;
        while (tries < 3 && open_with_key(raw, sizes[i]) == 0)
            tries++;
        cr_expect_lt(tries, 3, "a key of %zu bytes opens the box", sizes[i]);
    }
    memset(raw, 0xff, sizeof(raw));
    int tries = 0;
    while (tries < 3 && open_with_key(raw, 256) == 0)
        tries++;
    cr_expect_lt(tries, 3, "a number above the modulus");
}

/* The box whose ciphertext is changed by `change`. */
static int open_changed(void (*change)(unsigned char *bytes, size_t *n))
{
    unsigned char bytes[256];
    char text[512];
    size_t n = 0;
    cr_assert_eq(
        sodium_base642bin(bytes, sizeof(bytes), data, strlen(data), NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL), 0);
    change(bytes, &n);
    sodium_bin2base64(text, sizeof(text), bytes, n, sodium_base64_VARIANT_ORIGINAL);
    n_out = 0;
    return partner_box_open(key, text, strlen(text), wrapped, strlen(wrapped), out, &n_out);
}

static void cut_one(unsigned char *bytes, size_t *n)
{
    (void)bytes;
    *n -= 1;
}

static void cut_block(unsigned char *bytes, size_t *n)
{
    (void)bytes;
    *n -= 16;
}

static void cut_all(unsigned char *bytes, size_t *n)
{
    (void)bytes;
    *n = 0;
}

static void change_last(unsigned char *bytes, size_t *n)
{
    bytes[*n - 1] ^= 1;
}

static void swap(unsigned char *bytes, size_t *n)
{
    unsigned char block[16];
    (void)n;
    memcpy(block, bytes, 16);
    memcpy(bytes, bytes + 16, 16);
    memcpy(bytes + 16, block, 16);
}

Test(partner_box, body_not_multiple_of_16, .init = setup, .fini = teardown, .timeout = 30)
{
    cr_expect_eq(open_changed(cut_one), -1);
    cr_expect_eq(open_changed(cut_all), -1);
}

Test(partner_box, body_truncated, .init = setup, .fini = teardown, .timeout = 30)
{
    cr_expect_eq(open_changed(cut_block), -1, "the block with the padding is gone");
}

Test(partner_box, padding_wrong, .init = setup, .fini = teardown, .timeout = 30)
{
    /* A changed last block is noise: its padding fits by chance once in 256 times. The content differs then. */
    if (open_changed(change_last) == 0)
        cr_expect(n_out != strlen(plain) || memcmp(out, plain, n_out) != 0);
}

Test(partner_box, body_blocks_swapped, .init = setup, .fini = teardown, .timeout = 30)
{
    /* ECB does not notice; whoever reads what is in the box must. */
    cr_expect_eq(open_changed(swap), 0);
    cr_expect(n_out == strlen(plain) && memcmp(out, plain, n_out) != 0 && !memcmp(out, plain + 16, 16));
}

Test(partner_box, base64_has_one_spelling, .init = setup, .fini = teardown, .timeout = 30)
{
    static const char *const bad[] = {
        "", "A", "AA", "AAA", "AAAA AAAA", "AAAA\n", "AAA-", "AAAAAAAAAAAAAAAAAAAAAB==", "=", "===="};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_expect_eq(partner_box_open(key, bad[i], strlen(bad[i]), wrapped, strlen(wrapped), out, &n_out), -1, "%s",
                     bad[i]);
        unsigned char hash[PARTNER_KEY_HASH];
        cr_expect(!*bad[i] || !partner_box_hash("p", bad[i], strlen(bad[i]), hash), "%s", bad[i]);
    }
}

Test(partner_box, hashes_tell_providers_apart, .init = setup, .fini = teardown, .timeout = 30)
{
    unsigned char a[PARTNER_KEY_HASH], b[PARTNER_KEY_HASH], c[PARTNER_KEY_HASH];
    cr_assert(partner_box_hash("a", wrapped, strlen(wrapped), a) &&
              partner_box_hash("a", wrapped, strlen(wrapped), b) && partner_box_hash("b", wrapped, strlen(wrapped), c));
    cr_expect(!memcmp(a, b, sizeof(a)) && memcmp(a, c, sizeof(a)) != 0);
}

Test(partner_box, rsa_key_1024, .init = setup, .fini = teardown, .timeout = 30)
{
    cr_expect_null(make_key(1024));
    cr_expect_str_eq(why, "the RSA key must have 2048 to 8192 bits.");
    static const char *const bad[] = {"", "x", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_null(partner_key_read(bad[i], strlen(bad[i]), &why), "%s", bad[i]);
    EVP_PKEY *ec = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem;
    PEM_write_bio_PrivateKey(bio, ec, NULL, NULL, 0, NULL, NULL);
    long n = BIO_get_mem_data(bio, &pem);
    cr_expect_null(partner_key_read(pem, (size_t)n, &why), "a key of another kind");
    BIO_free(bio);
    EVP_PKEY_free(ec);
}
