/* conf.c - configuration of this service. */
#include "assessment.h"
#include <sodium.h>

const struct conf_row assessment_conf_rows[] = {
    {"receipt_key", CONF_SECRET, 0, 4096, "", "File with 64 hex digits: the key of the receipts of saved answers.",
     offsetof(struct assessment_conf, receipt_key)},
    {.name = NULL},
};

int assessment_check(void *conf)
{
    struct assessment_conf *c = conf;
    size_t n = 0;
    if (sodium_init() < 0 || !c->receipt_key.bytes ||
        sodium_hex2bin(c->key, sizeof(c->key), c->receipt_key.bytes, c->receipt_key.n, NULL, &n, NULL) ||
        n != sizeof(c->key)) {
        fprintf(stderr, "receipt_key: name a file that holds 64 hex digits\n");
        return -1;
    }
    return 0;
}
