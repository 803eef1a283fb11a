/* conf.c - configuration of this service. */
#include "assessment.h"
#include <sodium.h>

#define ROW(name, type, min, max, preset, doc)                                                                         \
    {                                                                                                                  \
#name, type, min, max, preset, doc, offsetof(struct assessment_conf, name)                                     \
    }

const struct conf_row assessment_conf_rows[] = {
    ROW(receipt_key, CONF_SECRET, 0, 4096, "", "File with 64 hex digits: the key that seals receipts."),
    ROW(attempt_sign_key, CONF_SECRET, 0, 4096, "",
        "File with the Ed25519 key that signs heads and dossiers, as hex: its seed (64 digits) or the whole secret key "
        "(128)."),
    ROW(fast_chars_per_second, CONF_INT, 1, 1000, "60",
        "An answer saved faster than its item can be read at this speed is recorded."),
    ROW(burst_answers, CONF_INT, 2, 200, "10", "So many answers within burst_seconds are recorded."),
    ROW(burst_seconds, CONF_INT, 1, 600, "10", "See burst_answers."),
    ROW(devices_most, CONF_INT, 1, 1000, "3", "More changes of device than this within an attempt are recorded."),
    ROW(same_wrong_least, CONF_INT, 2, 200, "6",
        "Two attempts of one unit with so many identical wrong answers are recorded."),
    ROW(same_wrong_percent, CONF_INT, 1, 100, "80",
        "And when these are this share of the wrong answers of both, percent."),
    ROW(start_share_percent, CONF_INT, 1, 100, "50",
        "Share of a connection's time that starts may use while answers are saved."),
    ROW(save_wait_ms, CONF_INT, 1, 10000, "50",
        "When saving an answer takes longer than this, fewer starts are let in."),
    {.name = NULL},
};

static int wrong(const char *name, const char *what)
{
    fprintf(stderr, "%s: name a file with %s\n", name, what);
    return -1;
}

int assessment_check(void *conf)
{
    struct assessment_conf *c = conf;
    struct span sign = {c->attempt_sign_key.bytes, (uint32_t)c->attempt_sign_key.n};
    size_t n = 0;
    if (sodium_init() < 0 || !c->receipt_key.bytes ||
        sodium_hex2bin(c->key, sizeof(c->key), c->receipt_key.bytes, c->receipt_key.n, NULL, &n, NULL) ||
        n != sizeof(c->key))
        return wrong("receipt_key", "64 hex digits");
    if (jws_secret_parse(sign, c->sign_secret) < 0)
        return wrong("attempt_sign_key", "an Ed25519 seed or secret key in hex");
    jws_public_of(c->sign_secret, c->sign_public);
    jws_kid(c->sign_public, c->kid);
    return 0;
}
