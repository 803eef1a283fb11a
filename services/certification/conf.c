/* conf.c - configuration of this service, and what is derived from its key. */
#include "certification.h"

const struct conf_row certification_conf_rows[] = {
    {"certificate_sign_key", CONF_SECRET, 0, 4096, "",
     "File with the Ed25519 key that signs certificates, as hex: its seed (64 digits) or the whole secret key (128).",
     offsetof(struct certification_conf, certificate_sign_key)},
    {"issuer_id", CONF_TEXT, 1, 200, "urn:x-hocvu:issuer", "URI that names the issuer in every certificate.",
     offsetof(struct certification_conf, issuer_id)},
    {"issuer_name", CONF_TEXT, 1, 200, "Học Vụ Số", "Name of the issuer, as it is shown to whoever verifies.",
     offsetof(struct certification_conf, issuer_name)},
    {.name = NULL},
};

/* RFC 7638: SHA-256 over the members that a JWK must have, in the order of their names. */
static int thumbprint(struct certification_conf *conf)
{
    uint8_t digest[crypto_hash_sha256_BYTES];
    struct buf text, kid;
    buf_init(&text, 128);
    buf_init(&kid, KID_TEXT);
    buf_add_text(&text, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"");
    base64url_add(&text, conf->public, sizeof(conf->public));
    buf_add_text(&text, "\"}");
    if (!text.failed)
        crypto_hash_sha256(digest, (const uint8_t *)text.p, text.n);
    base64url_add(&kid, digest, sizeof(digest));
    int wrong = text.failed || kid.failed || kid.n != KID_TEXT - 1 ? -1 : 0;
    if (!wrong)
        memcpy(conf->kid, kid.p, kid.n);
    buf_release(&text);
    buf_release(&kid);
    return wrong;
}

/* The seed makes the pair; a whole secret key must be the one that its own seed makes. */
int certification_check(void *conf)
{
    struct certification_conf *c = conf;
    uint8_t given[crypto_sign_SECRETKEYBYTES];
    size_t n = 0;
    int wrong = sodium_init() < 0 || !c->certificate_sign_key.bytes ||
                sodium_hex2bin(given, sizeof(given), c->certificate_sign_key.bytes, c->certificate_sign_key.n, NULL, &n,
                               NULL) ||
                (n != crypto_sign_SEEDBYTES && n != sizeof(given)) ||
                crypto_sign_seed_keypair(c->public, c->secret, given) ||
                (n == sizeof(given) && sodium_memcmp(given, c->secret, sizeof(given)));
    sodium_memzero(given, sizeof(given));
    if (wrong)
        fprintf(stderr, "certificate_sign_key: name a file with an Ed25519 seed or secret key in hex\n");
    if (!strchr(c->issuer_id, ':')) {
        fprintf(stderr, "issuer_id: give a URI, such as https://example.vn or urn:x-hocvu:sample\n");
        wrong = -1;
    }
    return wrong || thumbprint(c) ? -1 : 0;
}
