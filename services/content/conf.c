/* conf.c - the configuration of this service. */
#include "content.h"

const struct conf_row content_conf_rows[] = {
    {"cache_seconds", CONF_INT, 1, 2592000, "86400", "How long Redis keeps a published programme or lesson.",
     offsetof(struct content_conf, cache_seconds)},
    {0},
};
