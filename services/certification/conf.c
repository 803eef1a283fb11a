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

int certification_check(void *conf)
{
    struct certification_conf *c = conf;
    struct span hex = {c->certificate_sign_key.bytes, (uint32_t)c->certificate_sign_key.n};
    int wrong = sodium_init() < 0 || jws_secret_parse(hex, c->secret) < 0 ? -1 : 0;
    if (wrong) {
        fprintf(stderr, "certificate_sign_key: name a file with an Ed25519 seed or secret key in hex\n");
    } else {
        jws_public_of(c->secret, c->public);
        jws_kid(c->public, c->kid);
    }
    if (!strchr(c->issuer_id, ':')) {
        fprintf(stderr, "issuer_id: give a URI, such as https://example.vn or urn:x-hocvu:sample\n");
        wrong = -1;
    }
    return wrong;
}
