/*
 * content - keeps what is taught, and sees to it that two people agreed before anyone learns from it.
 *
 * Answers:   every METHOD in proto/content.def
 * Announces: framework_published, programme_published
 * Follows:   nothing
 * Keeps:     schema "content" (migrations/); published programmes and lessons in Redis, which may vanish at any moment
 * Refuses:   a change of what is not a draft (STATE), a review by someone who wrote a part of it (SAME_PERSON), the
 *            submit of lessons with a hole (STATE about what is missing)
 *
 * Configuration: content --help
 */
#include "content.h"

#define PROTO_BIND "content.def"
#include "bind.h"

static const struct limits limits = {
    .workers = 2,            /* reading is served from Redis, writing is a few editors */
    .in_flight = 128,        /* at 1 ms a call the last one waits about 60 ms; beyond: busy at once */
    .deadline_ms = 5000,     /* as the gateway waits */
    .arena_bytes = 4u << 20, /* the list of 200 versions, each with its longest comment, is under one */
};

extern const struct personal content_personal[];

static const struct service content = {
    .name = "content",
    .number = SERVICE_content,
    .doc = "Frameworks, programmes, lessons: drafted, reviewed, published.",
    .bindings = bindings,
    .limits = &limits,
    .sql = service_sql,
    .audit = true,
    .personal = content_personal,
    .conf = content_conf_rows,
    .conf_size = sizeof(struct content_conf),
};

int main(int argc, char **argv)
{
    return service_run(&content, argc, argv);
}
