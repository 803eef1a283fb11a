/*
 * test_follow.c - events that a service follows many at a time: what makes one call, and what happens when one of them
 * cannot be applied. test_service.c tests following as such.
 */
#include "peer.h"

static const struct binding bindings[] = {
    {M_events_since, bind_events_since}, {M_service_health, bind_service_health}, {0, NULL}};

/* A row for each call of a handler. */
static struct stmt SQL_keep_many = {.name = "keep_many",
                                    .text = "INSERT INTO test_run (lessons) VALUES (:lesson_id)",
                                    .in = &msg_lesson_fact,
                                    .kind = STMT_BULK};
static struct stmt SQL_keep_one = {.name = "keep_one",
                                   .text = "INSERT INTO test_run (lessons) VALUES (ARRAY[:programme_id])",
                                   .in = &msg_completion_fact};
static struct stmt *const follow_sql[] = {&SQL_keep_many, &SQL_keep_one, NULL};

int on_events_lesson_completed(struct ctx *ctx, const struct batch *batch, const struct lesson_fact *events)
{
    for (size_t i = 0; i < batch->n; i++) { /* each is told with the trace of what caused it: "t" and its lesson */
        char trace[16];
        snprintf(trace, sizeof(trace), "t%d", events[i].lesson_id.b[15]);
        if (strlen(trace) != batch->head[i]->trace.n || memcmp(trace, batch->head[i]->trace.p, strlen(trace)))
            return fail(ctx, ERR_INTERNAL, "trace");
    }
    return pg_bulk(ctx, &SQL_keep_many, events, batch->n, 0, NULL, NULL);
}

int on_event_programme_completed(struct ctx *ctx, const struct completion_fact *event)
{
    return pg_call(ctx, &SQL_keep_one, event, NULL);
}

static const struct limits limits = {.workers = 1, .in_flight = 64, .deadline_ms = 5000, .arena_bytes = 16 << 20};
static const struct service producer = {
    .name = "learning", .number = SERVICE_learning, .doc = "A test.", .bindings = bindings, .limits = &limits};
static const struct follow follows[] = {FOLLOW_MANY(lesson_completed), FOLLOW(programme_completed), FOLLOW_END};
static const struct service follower = {.name = "reporting",
                                        .number = SERVICE_reporting,
                                        .doc = "A test.",
                                        .bindings = bindings,
                                        .follows = follows,
                                        .limits = &limits,
                                        .sql = follow_sql};

const struct startable startable[] = {{"producer", &producer}, {"follower", &follower}, {NULL, NULL}};

static struct peer *producer_start(void)
{
    struct peer *p = peer_start(&producer);
    harness_sql(p->h, "CREATE TABLE reporting.test_run (id bigint GENERATED ALWAYS AS IDENTITY, lessons uuid[]);"
                      " GRANT INSERT ON reporting.test_run TO hocvu_reporting");
    return p;
}

/* The events `from` to `to`, numbered: each of the lesson of its number. Of `other`, a programme. */
static void tell(struct peer *p, int from, int to, int other)
{
    harness_sql(p->h,
                "INSERT INTO learning.outbox (event, body, trace)"
                " SELECT CASE g WHEN %d THEN 'programme_completed' ELSE 'lesson_completed' END,"
                " jsonb_build_object('person_id', i, 'programme_id', i, 'completed_at', now()) ||"
                " CASE g WHEN %d THEN '{}' ELSE jsonb_build_object('lesson_id', i, 'seconds', 1) END, 't' || g"
                " FROM generate_series(%d, %d) g, LATERAL (SELECT lpad(to_hex(g), 32, '0')::uuid AS i) i ORDER BY g",
                other, other, from, to);
    wait_count(p, "SELECT count(*) FROM learning.outbox WHERE seq IS NULL", 0);
}

static const char cursor[] = "SELECT seq FROM reporting.follow_cursor WHERE producer = 'learning'";
/* All lessons, in the order in which they were given. */
static const char order[] =
    "SELECT count(*) FROM (SELECT ('x' || right(l::text, 4))::bit(16)::integer AS n, row_number() OVER (ORDER BY id, "
    "ord)"
    " AS place FROM reporting.test_run, unnest(lessons) WITH ORDINALITY u (l, ord)) o WHERE n = place";

static const char *sizes(struct peer *p)
{
    return harness_get(p->h, "SELECT string_agg(cardinality(lessons)::text, ' ' ORDER BY id) FROM reporting.test_run");
}

/* One call for what stands together, in order; another kind parts it, and so does the end of a page. */
Test(follow, what_stands_together_is_given_together)
{
    struct peer *p = producer_start();
    tell(p, 1, 200, 6);
    pid_t pid = start(p, &follower, "");
    wait_count(p, cursor, 200);
    cr_expect_str_eq(sizes(p), "5 1 122 72");
    cr_expect_eq(count(p, order), 200);
    tell(p, 201, 201, 0);
    wait_count(p, cursor, 201);
    cr_expect_eq(count(p, order), 201);
    cr_expect_eq(stop(pid), 0);
    peer_close(p);
}

/* Nothing of the page is kept, the one is named, the process is unwell; and once it can be applied nothing is lost. */
Test(follow, one_of_many_that_cannot_be_applied_holds_the_stream)
{
    struct peer *p = producer_start();
    struct empty none = {0};
    struct health health = {.healthy = true};
    harness_sql(p->h, "ALTER TABLE reporting.test_run ADD CONSTRAINT bad CHECK ("
                      "'00000000-0000-0000-0000-000000000005' <> ALL (lessons))");
    tell(p, 1, 9, 0);
    log_to_file(p);
    pid_t pid = start(p, &follower, "");
    wait_ready(p, SERVICE_reporting);
    for (int i = 0; i < 200 && !count_logged(p, "event 5 lesson_completed cannot be applied: "); i++)
        usleep(20000);
    cr_expect_geq(count_logged(p, "event 5 lesson_completed cannot be applied: "), 1);
    cr_expect_eq(count_logged(p, "events 1 to 9 lesson_completed cannot be applied together: "), 1);
    cr_expect_geq(count_logged(p, "t5"), 1, "with its trace");
    cr_assert_eq(bus_call_service(p->bus, SERVICE_reporting, M_service_health, &msg_empty, &none, &msg_health, &health),
                 0);
    cr_expect_not(health.healthy);
    cr_expect_eq(count(p, "SELECT count(*) FROM reporting.test_run"), 0);
    cr_expect_eq(count(p, cursor), 0);
    harness_sql(p->h, "ALTER TABLE reporting.test_run DROP CONSTRAINT bad");
    wait_count(p, cursor, 9);
    cr_expect_eq(count(p, order), 9);
    tell(p, 10, 20, 0); /* and then many at a time again */
    wait_count(p, cursor, 20);
    cr_expect_eq(count(p, order), 20);
    cr_expect_str_eq(sizes(p), "1 1 1 1 1 1 1 1 1 11");
    cr_expect_eq(stop(pid), 0);
    peer_close(p);
}
