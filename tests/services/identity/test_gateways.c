/*
 * test_gateways.c - two real gateways on one real identity process: what ends at one of them, or in the database, ends
 * at both within two seconds. Redis is nowhere.
 */
#include "../gateway/edge.h"
#include "identity_test.h"

enum { ROUNDS = 20, LIMIT_MS = 2000 };

static struct edge *edges[2];
static pid_t identity_pid;

static void write_hex(const char *name, const unsigned char *bytes, size_t n)
{
    char hex[129];
    edge_write(edges[0], name, sodium_bin2hex(hex, sizeof(hex), bytes, n));
}

static void start_identity(void)
{
    const char *dir = edges[0]->dir, *bin = getenv("HOCVU_BIN");
    unsigned char box_public[SEAL_KEY_BYTES];
    char path[512];
    crypto_scalarmult_base(box_public, box_secret);
    write_hex("sign.key", conf.sign_key, 32);
    write_hex("refresh.key", conf.refresh_mac_key, REFRESH_KEY_BYTES);
    write_hex("hash.key", conf.keys_at_start.hash_key, SEAL_KEY_BYTES);
    write_hex("box.pub", box_public, sizeof(box_public));
    edge_write(edges[0], "identity.conf",
               arena_printf(&h->arena,
                            "bus_dir = %s\nlog_level = error\nredis = %s/no-redis.sock\n"
                            "database = host=%s dbname=%s user=hocvu_identity\n"
                            "token_sign_key = %s/sign.key\nrefresh_key = %s/refresh.key\n"
                            "national_hash_key = %s/hash.key\nnational_box_key = %s/box.pub\n",
                            dir, dir, getenv("HOCVU_TEST_PG"), harness_get(h, "SELECT current_database()"), dir, dir,
                            dir, dir));
    identity_pid = fork();
    cr_assert(identity_pid >= 0);
    if (identity_pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        snprintf(path, sizeof(path), "%s/identity", bin ? bin : "build/bin");
        execl(path, "identity", "--conf", arena_printf(&h->arena, "%s/identity.conf", dir), (char *)NULL);
        _exit(127);
    }
}

/* A gateway takes clients a moment before its admin address does. */
static void start_gateway(int i)
{
    int fd;
    setenv("HOCVU_BUS_DIR", edges[0]->dir, 1);
    edge_start(edges[i], "");
    unsetenv("HOCVU_BUS_DIR");
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; (fd = edge_try_connect(edges[i]->admin_port)) < 0;
         edge_sleep_ms(2))
        cr_assert(edge_ms() < until, "the admin address of gateway %d does not open", i);
    close(fd);
}

static void open_all(void)
{
    char hex[2 * TOKEN_PUBLIC_BYTES + 1];
    open_identity();
    small_nation();
    for (int i = 0; i < 2; i++) {
        edges[i] = edge_open();
        edge_write(edges[i], "token.pub", sodium_bin2hex(hex, sizeof(hex), sign_public, sizeof(sign_public)));
    }
    start_identity();
    for (int i = 0; i < 2; i++) {
        start_gateway(i);
        edge_await(edges[i], "hocvu_service_up{service=\"identity\"}", 1);
    }
}

static void close_all(void)
{
    int status = -1;
    kill(identity_pid, SIGTERM);
    cr_expect_eq(waitpid(identity_pid, &status, 0), identity_pid);
    cr_expect_eq(status, 0, "identity ends with exit status 0");
    for (int i = 0; i < 2; i++)
        edge_close(edges[i]);
    close_identity();
}

#define GATEWAYS_TEST(name) Test(gateways, name, .init = open_all, .fini = close_all, .timeout = 120)

static int me(int i, const char *token)
{
    return edge_ask(edges[i], "GET", "/v1/me/sessions", token, NULL, NULL).status;
}

static const char *text_of(struct span span)
{
    return arena_printf(&h->arena, "%.*s", (int)span.n, span.p);
}

/* Milliseconds from now until gateway `i` refuses the token. */
static int64_t refused_after(int i, const char *token, int64_t began)
{
    int status;
    while ((status = me(i, token)) == 200)
        cr_assert_lt(edge_ms() - began, 10 * LIMIT_MS, "gateway %d goes on to take the token", i);
    cr_assert_eq(status, 401);
    return edge_ms() - began;
}

GATEWAYS_TEST(token_of_ended_session)
{
    int64_t worst = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct session_tokens opened, kept;
        cr_assert_eq(open_session_of("Lê Văn Nam", "s", &opened), 0);
        cr_assert_eq(open_session_of("Trần Thị Hoa", "t", &kept), 0);
        const char *token = text_of(opened.access_token), *other = text_of(kept.access_token);
        for (int i = 0; i < 2; i++)
            cr_assert(me(i, token) == 200 && me(i, other) == 200);
        edge_sleep_ms(randombytes_uniform(500)); /* at any time between two questions */
        int64_t began = edge_ms();
        struct response r = edge_ask(edges[round % 2], "POST", "/v1/session/logout", token, NULL, "{}");
        cr_assert_eq(r.status, 200, "%s", r.body);
        cr_assert_eq(me(round % 2, token), 401, "where it was ended it has ended at once");
        int64_t took = refused_after(1 - round % 2, token, began);
        worst = took > worst ? took : worst;
        cr_assert(me(0, other) == 200 && me(1, other) == 200, "others stay");
    }
    cr_expect_lt(worst, LIMIT_MS, "the slowest of %d took %lld ms", ROUNDS, (long long)worst);
    fprintf(stderr, "ended sessions: the slowest of %d took %lld ms\n", ROUNDS, (long long)worst);
}

GATEWAYS_TEST(changed_rights_make_tokens_stale_and_log_nobody_out)
{
    struct session_tokens opened;
    int64_t worst = 0;
    cr_assert_eq(open_session_of("Lê Văn Nam", "s", &opened), 0);
    const char *token = text_of(opened.access_token), *refresh = text_of(opened.refresh_token);
    for (int round = 0; round < ROUNDS; round++) {
        struct session_tokens next;
        struct fault fault;
        cr_assert(me(0, token) == 200 && me(1, token) == 200, "round %d", round);
        edge_sleep_ms(randombytes_uniform(500));
        int64_t began = edge_ms();
        harness_sql(h, "INSERT INTO stale_token (person_id, reason) SELECT person_id, 'role_taken' FROM person"
                       " WHERE full_name = 'Lê Văn Nam'");
        for (int i = 0; i < 2; i++) {
            int64_t took = refused_after(i, token, began);
            worst = took > worst ? took : worst;
        }
        struct response r = edge_ask(edges[round % 2], "POST", "/v1/session/refresh", NULL, NULL,
                                     arena_printf(&h->arena, "{\"refresh_token\":\"%s\"}", refresh));
        cr_assert_eq(r.status, 200, "%s", r.body);
        cr_assert_eq(msg_from_json(&msg_session_tokens, &next, &h->arena, S(r.body), &fault), 0);
        token = text_of(next.access_token);
        refresh = text_of(next.refresh_token);
    }
    cr_expect_lt(worst, LIMIT_MS, "the slowest of %d took %lld ms", ROUNDS, (long long)worst);
    fprintf(stderr, "changed rights: the slowest of %d took %lld ms\n", ROUNDS, (long long)worst);
    cr_expect_eq(count_of("session WHERE revoked_at IS NOT NULL"), 0);
}

GATEWAYS_TEST(an_account_that_is_nobody_s_reaches_its_sessions_only)
{
    struct link_outcome who = {.standing = STANDING_PENDING, .account_id = U(9), .person_id = U(9)};
    struct session_origin from = {.provider = SPAN("openid")};
    struct session_tokens tokens;
    cr_assert_eq(settled(session_for(&h->ctx, &who, &from, &tokens)), 0);
    const char *token = text_of(tokens.access_token);
    cr_expect_eq(edge_ask(edges[0], "GET", "/v1/units", token, NULL, NULL).status, 403);
    cr_expect_eq(edge_ask(edges[0], "GET", "/v1/me/sessions", token, NULL, NULL).status, 200);
    cr_expect_eq(edge_ask(edges[1], "POST", "/v1/me/sessions/end", token, NULL, "{}").status, 200);
    cr_expect_eq(edge_ask(edges[1], "GET", "/v1/me/sessions", token, NULL, NULL).status, 401,
                 "at once where it was asked");
    refused_after(0, token, edge_ms());
}

/* A gateway that starts learns what ended before: it asks back as far as tokens live. */
GATEWAYS_TEST(a_new_gateway_knows_what_ended_before_it_began)
{
    struct session_tokens opened;
    cr_assert_eq(open_session_of("Lê Văn Nam", "s", &opened), 0);
    const char *token = text_of(opened.access_token);
    cr_assert_eq(edge_ask(edges[0], "POST", "/v1/me/sessions/end", token, NULL, "{}").status, 200);
    refused_after(1, token, edge_ms());
    cr_assert_eq(edge_stop(edges[1]), 0);
    start_gateway(1);
    edge_await(edges[1], "hocvu_revoked_sessions", 1);
    cr_expect_eq(me(1, token), 401);
}
