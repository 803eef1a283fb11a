/*
 * rights_try.c - every METHOD of every .def, over a running installation, through the gateway: as nobody, with every
 * role held inside, outside and for the nation, and again after the role was taken away. What must come of it follows
 * from the METHOD row and from objects.def, which says where the objects stand that a request names.
 *
 *     rights_try --conninfo TEXT --key TOKEN_SIGN_KEY --url URL [--only METHOD]
 *
 * Expected: nobody is 401 where a login is asked for. A role that the row does not name is 403. One that it names is
 * refused (403, 404) or shown nothing from outside where the request names something of the inside, and is let in, and
 * finds it, from inside. After the role was taken away the token is 401, and the next one, without the role, 403.
 */
#include "callers.h"
#include "client.h"
#include "codec.h"
#include "objects.h"
#include "service.h"
#include "value.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROLES_MOST = 32, FAULTS_SHOWN = 200, STALE_S = 10 };

static struct http http;
static struct arena arena;
static struct callers callers;
static const char *url;
static long requests, faults;

/* The one who gives and takes; who holds which role where; lan and minh. */
static struct caller operator, holders[ROLES_MOST][PLACES], learners[2];
static size_t n_roles;

/* --- one request --- */

struct answer {
    int status;
    bool empty; /* 200, and a list without rows */
    char error[64], field[129];
};

static bool empty_reply(const struct method *method)
{
    struct fault fault;
    const struct field *first = method->out->fields;
    void *reply = arena_alloc(&arena, method->out->size);
    if (method->out == &msg_file || first->type != T_LIST || !reply ||
        msg_from_json(method->out, reply, &arena, buf_span(&http.reply), &fault))
        return false;
    uint32_t n;
    memcpy(&n, (char *)reply + first->offset_n, sizeof(n));
    return n == 0;
}

/* The text after "name":" in the error's JSON. */
static void member(const char *name, char *ret_text, size_t room)
{
    char key[32];
    int n = snprintf(key, sizeof(key), "\"%s\":\"", name);
    const char *at = memmem(http.reply.p, http.reply.n, key, (size_t)n);
    size_t left = at ? (size_t)(http.reply.p + http.reply.n - at) - (size_t)n : 0, length = 0;
    while (at && length < left && length + 1 < room && at[n + (long)length] != '"')
        length++;
    snprintf(ret_text, room, "%.*s", (int)length, at ? at + n : "");
}

static struct answer try_method(const struct method *method, const char *token, const void *request)
{
    static const char *const verbs[] = {"GET", "POST", "PUT", "DELETE"};
    static struct buf target, body;
    struct answer answer = {0};
    buf_init(&target, 8192);
    buf_init(&body, 1 << 20);
    buf_add_text(&target, url);
    int list = client_target(method, request, &target);
    const struct field *bytes = msg_field(method->in, "bytes", 5);
    bool raw = bytes && bytes->type == T_BIN; /* the body is this member itself */
    if (raw)
        buf_add_span(&body, value_span(bytes, request));
    else
        client_body(method, request, &body);
    buf_add(&target, "", 1);
    struct http_request out = {
        .verb = verbs[method->verb],
        .url = target.p,
        .accept = method->out == &msg_file ? "*/*" : NULL,
        .bearer = token,
        .content_type = !body.n ? NULL
                        : raw   ? "application/octet-stream"
                                : "application/json",
        .body = buf_span(&body),
    };
    requests++;
    if (list < 0 || target.failed || body.failed || !http_send(&http, &out))
        fprintf(stderr, "%s: %s\n", method->name, list < 0 ? "cannot be written" : http.trouble);
    answer.status = http.status;
    answer.empty = http.status == 200 && empty_reply(method);
    if (http.status >= 400) {
        member("code", answer.error, sizeof(answer.error));
        member("field", answer.field, sizeof(answer.field));
    }
    buf_release(&target);
    buf_release(&body);
    return answer;
}

static void complain(const struct method *method, const struct caller *caller, const struct answer *answer,
                     const char *wanted)
{
    if (faults++ < FAULTS_SHOWN)
        printf("%s as %s%s%s: %d %s %s%s; wanted %s\n", method->name, caller ? caller->name : "nobody",
               caller ? " " : "", caller ? place_names[caller->place] : "", answer->status, answer->error,
               answer->field, answer->status == 200 && !answer->empty ? " (with content)" : "", wanted);
}

/* A request of its own for each try, so that ids which clients make are new. */
static struct answer ask_as(const struct method *method, const struct caller *caller)
{
    arena_clear(&arena);
    void *request = object_request(method, &arena);
    if (!request) {
        printf("%s: no request can be made; objects.def must say what it names\n", method->name);
        exit(1);
    }
    return try_method(method, caller ? caller->token : NULL, request);
}

/* --- what must come of it --- */

static bool refused(int status)
{
    return status == 401 || status == 403;
}

/* What is open to everyone may still refuse what it is shown, and then names it. */
static void expect_nobody(const struct method *method)
{
    struct answer answer = ask_as(method, NULL);
    bool shut = refused(answer.status) && !answer.field[0];
    if (method->roles == PUBLIC ? shut || answer.status >= 500 : answer.status != 401)
        complain(method, NULL, &answer, method->roles == PUBLIC ? "no refusal" : "401");
}

static void expect_caller(const struct method *method, const struct caller *caller)
{
    enum reach reach = object_reach(method);
    struct answer answer = ask_as(method, caller);
    bool bounded = reach == REACH_OWN ? caller != &learners[INSIDE]
                                      : caller->place == OUTSIDE && (reach == REACH_PLACED || reach == REACH_SCOPED);
    if (!caller_may(caller, method)) {
        if (answer.status != 403 || strcmp(answer.error, "forbidden") != 0)
            complain(method, caller, &answer, "403 forbidden: the row does not name the role");
    } else if (bounded) {
        if (answer.status != 403 && answer.status != 404 && !answer.empty)
            complain(method, caller, &answer, "403, 404 or nothing: it is not in the subtree");
    } else if (refused(answer.status) || answer.status == 404 || answer.status >= 500 || answer.status == 429) {
        complain(method, caller, &answer, "to be let in");
    } else if (caller->place == INSIDE && reach == REACH_SCOPED && answer.empty) {
        complain(method, caller, &answer, "what is in the subtree");
    }
}

static void expect_stale(const struct method *method, const struct caller *caller)
{
    struct answer answer = ask_as(method, caller);
    if (answer.status != 401)
        complain(method, caller, &answer, "401: the role was taken away");
}

static void expect_without(const struct method *method, const struct caller *caller)
{
    struct answer answer = ask_as(method, caller);
    if (answer.status != 403)
        complain(method, caller, &answer, "403: the role was taken away, the token is new");
}

/* --- callers --- */

/* Who has the root. */
static int find_operator(void)
{
    PGresult *result = PQexec(callers.conn, "SELECT person_id FROM identity.role_grant WHERE parent_grant_id IS NULL"
                                            " AND revoked_at IS NULL LIMIT 1");
    const char *text = PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : "";
    int code = uuid_parse((struct span){text, (uint32_t)strlen(text)}, &operator.person);
    PQclear(result);
    operator.name = "operator";
    return code || caller_token(&callers, &operator, false) < 0 ? -1 : 0;
}

static int call_as_operator(uint16_t number, const void *request)
{
    struct answer answer = try_method(method_find(number), operator.token, request);
    if (answer.status == 200)
        return 0;
    fprintf(stderr, "rights_try: %s as the operator: %d %s %s\n", method_find(number)->name, answer.status,
            answer.error, answer.field);
    return -1;
}

/* Gives a role through the interface, with all that may be handed on, and reads what the token then says. */
static int give(struct caller *caller, const struct role_row *role, enum place place)
{
    static const char *const units[PLACES] = {"province", "elsewhere", "nation"};
    *caller = (struct caller){.name = role->name, .place = place, .person = caller_someone(&callers)};
    struct role_change change = {
        .grant_id = uuid7(),
        .person_id = caller->person,
        .role = {role->name, (uint32_t)strlen(role->name)},
        .unit_id = object_id(units[place]),
        .reason = SPAN("rights_try"),
    };
    PUT_FIELD(&change, role_change, gives, ANY_ROLE & ~LEARNER);
    caller->grant_id = change.grant_id;
    arena_clear(&arena);
    if (call_as_operator(M_role_grant, &change) < 0)
        return -1;
    return caller_token(&callers, caller, false);
}

static int make_callers(void)
{
    if (find_operator() < 0)
        return -1;
    for (size_t i = 0; i < proto_n_roles && n_roles < ROLES_MOST; i++) {
        if (proto_roles[i].bit == LEARNER)
            continue;
        for (enum place place = INSIDE; place < PLACES; place++) {
            if (give(&holders[n_roles][place], &proto_roles[i], place) < 0)
                return -1;
        }
        n_roles++;
    }
    learners[0] = (struct caller){.name = "learner", .place = INSIDE, .person = object_id("lan")};
    learners[1] = (struct caller){.name = "learner", .place = OUTSIDE, .person = object_id("minh")};
    for (int i = 0; i < 2; i++) {
        if (caller_token(&callers, &learners[i], true) < 0)
            return -1;
    }
    return 0;
}

static int take_away(struct caller *caller)
{
    struct role_revocation revocation = {.reason = SPAN("rights_try")};
    PUT_FIELD(&revocation, role_revocation, grant_id, caller->grant_id);
    arena_clear(&arena);
    return call_as_operator(M_role_revoke, &revocation);
}

/* Waits until the gateway has heard that the token is not worth anything any more. */
static int await_stale(const struct caller *caller)
{
    const struct method *method = method_find(M_units);
    int64_t until = mono_us() + STALE_S * 1000000;
    while (mono_us() < until) {
        if (ask_as(method, caller).status == 401)
            return 0;
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    printf("%s %s: the token counts %d s after the role was taken away\n", caller->name, place_names[caller->place],
           STALE_S);
    faults++;
    return -1;
}

/* --- the walk --- */

static const char *only;

static bool is_tried(const struct method *method)
{
    return method->verb != INTERNAL && (!only || !strcmp(only, method->name));
}

/* A visitor who is nobody else, because some methods end sessions. */
static void try_logged_in(const struct method *method)
{
    struct caller visitor = {.name = "visitor", .place = INSIDE, .person = caller_someone(&callers)};
    if (caller_token(&callers, &visitor, true) < 0)
        exit(2);
    struct answer answer = ask_as(method, &visitor);
    if (refused(answer.status) || answer.status >= 500)
        complain(method, &visitor, &answer, "to be let in");
    free(visitor.token);
}

/* Those who are refused first, so that they are refused while the objects are as they were. */
static void try_one(const struct method *method)
{
    expect_nobody(method);
    if (method->roles == PUBLIC)
        return;
    if (method->roles == LOGGED_IN) {
        try_logged_in(method);
        return;
    }
    for (int may = 0; may < 2; may++) {
        for (int p = 0; p < PLACES; p++) {
            enum place place = (enum place[]){OUTSIDE, INSIDE, NATION}[p];
            for (size_t i = 0; i < n_roles; i++) {
                if (caller_may(&holders[i][place], method) == may)
                    expect_caller(method, &holders[i][place]);
            }
            if (place != NATION && caller_may(&learners[place], method) == may)
                expect_caller(method, &learners[place]);
        }
    }
}

static int check_table(void)
{
    int bad = objects_check();
    for (size_t i = 0; i < proto_n_methods; i++) {
        const struct method *method = &proto_methods[i];
        if (method->verb == INTERNAL)
            continue;
        arena_clear(&arena);
        bad += !object_request(method, &arena);
        if (method->roles == PUBLIC || method->roles == LOGGED_IN || object_reach(method) != REACH_UNSAID)
            continue;
        printf("%s names nothing that stands anywhere: objects.def must say EVERYWHERE or SCOPED\n", method->name);
        bad++;
    }
    return bad;
}

/* Reading first: what is written changes what there is. */
static void try_all(void)
{
    for (int writes = 0; writes < 2; writes++) {
        for (size_t i = 0; i < proto_n_methods; i++) {
            const struct method *method = &proto_methods[i];
            if (is_tried(method) && (method->verb != GET) == writes)
                try_one(method);
        }
    }
}

/* After each role was taken away: the old token is nobody's, the new one is somebody's without it. */
static int try_revoked(void)
{
    for (size_t i = 0; i < n_roles * PLACES; i++) {
        if (take_away(&holders[i / PLACES][i % PLACES]) < 0)
            return -1;
    }
    for (size_t i = 0; i < n_roles * PLACES; i++) {
        struct caller *caller = &holders[i / PLACES][i % PLACES];
        if (await_stale(caller) < 0)
            continue;
        for (size_t m = 0; m < proto_n_methods; m++) {
            if (is_tried(&proto_methods[m]) && proto_methods[m].roles != PUBLIC)
                expect_stale(&proto_methods[m], caller);
        }
        if (caller_token(&callers, caller, false) < 0)
            return -1;
        for (size_t m = 0; m < proto_n_methods; m++) {
            const struct method *method = &proto_methods[m];
            if (is_tried(method) && method->roles != PUBLIC && method->roles != LOGGED_IN)
                expect_without(method, caller);
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"conninfo", required_argument, NULL, 'c'},
                                          {"key", required_argument, NULL, 'k'},
                                          {"url", required_argument, NULL, 'u'},
                                          {"only", required_argument, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    const char *conninfo = NULL, *key = NULL;
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (option == '?')
            return 2;
        *(option == 'c' ? &conninfo : option == 'k' ? &key : option == 'u' ? &url : &only) = optarg;
    }
    if (!conninfo || !key || !url || http_start() < 0 || http_init(&http) < 0) {
        fprintf(stderr, "usage: rights_try --conninfo TEXT --key TOKEN_SIGN_KEY --url URL [--only METHOD]\n");
        return 2;
    }
    arena_init(&arena, 64 << 20);
    PGconn *conn = PQconnectdb(conninfo);
    if (PQstatus(conn) != CONNECTION_OK || objects_read(conn) < 0 || callers_open(&callers, conn, key) < 0) {
        fprintf(stderr, "rights_try: %s\n", PQerrorMessage(conn));
        return 2;
    }
    if (check_table() > 0 || make_callers() < 0)
        return 1;
    int64_t began = mono_us();
    try_all();
    if (try_revoked() < 0)
        return 1;
    printf("rights: %ld requests, %zu roles, %ld faults, %.1f s\n", requests, n_roles, faults,
           (double)(mono_us() - began) / 1e6);
    http_release(&http);
    arena_release(&arena);
    PQfinish(conn);
    return faults > 0;
}
