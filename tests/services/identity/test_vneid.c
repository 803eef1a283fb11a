/*
 * test_vneid.c - whole logins by the partner protocol, at the peer deploy/idp/vneid.mjs, which was written from the
 * description with Node's own crypto; and every way in which it can lie. Needs Node.js and openssl.
 */
#include "visit_test.h"

#define NUMBER "999079927821"
#define CANNOT "the provider's body cannot be opened"

static pid_t peer;
static int port;
static struct provider *provider;

/* Two pairs, made by openssl once for all tests of a run, because that takes it half a second; the peer gets our public
 * half, and a key of somebody else. */
static void make_keys(void)
{
    const char *command =
        arena_printf(&h->arena,
                     "mkdir -p '%1$s/rsa' && flock '%1$s/rsa' sh -ec 'cd %1$s/rsa; for k in our other; do [ ! -f "
                     "$k.pub ] || continue; "
                     "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out $k.pem 2>/dev/null; "
                     "openssl pkey -in $k.pem -pubout -out $k.new; mv $k.new $k.pub; done' && cp '%1$s'/rsa/* '%2$s'",
                     getenv("HOCVU_TEST_TMP"), test_folder);
    cr_assert_eq(system(command), 0, "openssl makes no keys");
}

static void setup(void)
{
    open_identity();
    put_file(&h->arena, "password", PASSWORD "\n");
    put_file(&h->arena, "subject", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n");
    put_file(&h->arena, "secret", CLIENT_SECRET "\n");
    make_keys();
    port = free_port();
    char *const env[] = {
        arena_printf(&h->arena, "PATH=%s", getenv("PATH")),
        arena_printf(&h->arena, "PORT=%d", port),
        "ROSTER_FILE=deploy/sample/roster.csv",
        "CLIENT_ID=hocvu",
        arena_printf(&h->arena, "CLIENT_SECRET_FILE=%s", test_path(&h->arena, "secret")),
        "REDIRECT_URI=http://127.0.0.1:9/login/vneid/callback",
        arena_printf(&h->arena, "PARTNER_KEY_FILE=%s", test_path(&h->arena, "our.pub")),
        arena_printf(&h->arena, "OTHER_KEY_FILE=%s", test_path(&h->arena, "other.pub")),
        arena_printf(&h->arena, "PASSWORD_FILE=%s", test_path(&h->arena, "password")),
        "FAULTS_BY_HTTP=yes",
        NULL,
    };
    peer = start_peer(&h->arena, "deploy/idp/vneid.mjs", env, port);
    provider =
        add_provider(&h->arena, "vneid",
                     arena_printf(&h->arena,
                                  "kind = vneid\nauthorize_url = http://127.0.0.1:%d/authorize\n"
                                  "token_url = http://127.0.0.1:%d/token\n"
                                  "userinfo_url = http://127.0.0.1:%d/userinfo\nprivate_key = %s\n"
                                  "subject_key = %s\naccount_types = PERSONAL,STAFF\n",
                                  port, port, port, test_path(&h->arena, "our.pem"), test_path(&h->arena, "subject")));
    small_nation();
    import_roster(NUMBER ",Mai Đình Phong,1979-04-14,S44,Chuyên viên chính,false,editor\n");
}

static void teardown(void)
{
    stop_peer(&peer);
    providers_release(&test_providers);
    close_identity();
}

#define VNEID_TEST(name) Test(vneid, name, .init = setup, .fini = teardown, .timeout = 60)

static void lie(const char *faults)
{
    struct http_reply reply;
    const char *why = "";
    struct http_request request = {.url = arena_printf(&h->arena, "http://127.0.0.1:%d/faults", port),
                                   .form = faults,
                                   .deadline_us = mono_us() + 2000000,
                                   .connect_ms = 500};
    cr_assert(http_send(&request, &h->arena, &reply, &why) == 0 && reply.status == 204, "%s", why);
    provider_forget(provider);
}

/* A login at a peer with these faults ends with this code, field and reason. */
static void expect_lie(const char *faults, int code, const char *field, const char *reason)
{
    lie(faults);
    struct visit visit = visit_as("vneid", NUMBER);
    int got = settled(finish(&visit));
    cr_expect_eq(got, code, "%s: code %d, %s", faults, got, h->ctx.fault.field);
    cr_expect_str_eq(h->ctx.fault.field, field, "%s", faults);
    cr_expect_str_eq(last_reason(), reason, "%s", faults);
}

static void expect_login(const char *faults)
{
    lie(faults);
    struct visit visit = visit_as("vneid", NUMBER);
    EXPECT_FAULT(finish(&visit), 0, "");
}

VNEID_TEST(opens_a_session_and_links_once)
{
    struct access_claims claims;
    struct visit visit = visit_as("vneid", NUMBER);
    EXPECT_FAULT(finish(&visit), 0, "");
    cr_assert_eq(token_verify(sign_public, tokens.access_token, now_us() / 1000000, &h->arena, &claims), 0);
    struct uuid person = person_id("Mai Đình Phong");
    cr_expect(uuid_equal(&claims.sub, &person));
    cr_expect_str_eq(harness_get(h, "SELECT provider || ' ' || state || ' ' || level FROM account"), "vneid linked 2");
    cr_expect_eq(count_of("account WHERE birth_date = '1979-04-14'"), 1, "DD/MM/YYYY is read");
    cr_expect_eq(count_of("account WHERE subject LIKE '%" NUMBER "%' OR length(subject) < 43"), 0);
    expect_login("{}");
    cr_expect_eq(count_of("account"), 1, "the account keeps its name");
    cr_expect_eq(count_of("session"), 2);
    cr_expect_eq(count_of("audit a WHERE a::text LIKE '%" NUMBER "%'"), 0);
    EXPECT_FAULT(finish(&visit), ERR_UNAUTHENTICATED, "state");
}

VNEID_TEST(code_with_plus)
{
    lie("{\"code_plus\":true}");
    struct visit visit = visit_as("vneid", NUMBER);
    cr_assert(memchr(visit.back.code.p, '+', visit.back.code.n), "the code has no plus");
    EXPECT_FAULT(finish(&visit), 0, "");
}

VNEID_TEST(code_encrypted)
{
    lie("{\"encrypt_code\":true,\"code_plus\":true}");
    struct visit visit = visit_as("vneid", NUMBER);
    cr_assert(HAS(&visit.back, login_return, encrypt_key));
    EXPECT_FAULT(finish(&visit), 0, "");
    /* Without its key it is no code. */
    visit = visit_as("vneid", NUMBER);
    visit.back.has &= ~(UINT64_C(1) << HAS_login_return_encrypt_key);
    EXPECT_FAULT(finish(&visit), ERR_PROVIDER_REFUSED, "provider");
    /* A key that the browser made up. */
    visit = visit_as("vneid", NUMBER);
    PUT_FIELD(&visit.back, login_return, encrypt_key, S("not base64!"));
    EXPECT_FAULT(finish(&visit), ERR_UNAUTHENTICATED, "code");
    cr_expect_str_eq(last_reason(), "the code cannot be opened");
}

VNEID_TEST(code_encrypted_wrong_key)
{
    expect_lie("{\"encrypt_code\":true,\"encrypt_code_other_key\":true}", ERR_UNAUTHENTICATED, "code",
               "the code cannot be opened");
    cr_expect_eq(count_of("session"), 0);
}

VNEID_TEST(code_missing)
{
    struct visit visit = visit_as("vneid", NUMBER);
    visit.back.has &= ~(UINT64_C(1) << HAS_login_return_code);
    EXPECT_FAULT(finish(&visit), ERR_MISSING, "code");
    visit = visit_as("vneid", NUMBER);
    PUT_FIELD(&visit.back, login_return, code, S("AAAA"));
    EXPECT_FAULT(finish(&visit), ERR_PROVIDER_REFUSED, "provider");
    /* Another login's code: PKCE does not fit. */
    struct visit one = visit_as("vneid", NUMBER), two = visit_as("vneid", NUMBER);
    PUT_FIELD(&one.back, login_return, code, two.back.code);
    EXPECT_FAULT(finish(&one), ERR_PROVIDER_REFUSED, "provider");
    cr_expect_eq(count_of("session"), 0);
}

VNEID_TEST(padding_wrong)
{
    expect_lie("{\"tamper\":\"padding\"}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"tamper\":\"nopad\"}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"tamper\":\"padding\",\"where\":\"token\"}", ERR_PROVIDER, "provider", CANNOT);
}

VNEID_TEST(body_block_changed)
{
    expect_lie("{\"tamper\":\"block\"}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"tamper\":\"block\",\"where\":\"token\"}", ERR_PROVIDER, "provider", CANNOT);
}

VNEID_TEST(body_blocks_swapped)
{
    expect_lie("{\"tamper\":\"swap\"}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"tamper\":\"swap\",\"where\":\"token\"}", ERR_PROVIDER, "provider", CANNOT);
}

VNEID_TEST(body_truncated)
{
    expect_lie("{\"truncate\":16}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"truncate\":48}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"truncate\":16,\"where\":\"token\"}", ERR_PROVIDER, "provider", CANNOT);
}

VNEID_TEST(body_not_multiple_of_16)
{
    expect_lie("{\"truncate\":5}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"tamper\":\"odd\"}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"tamper\":\"zero\"}", ERR_PROVIDER, "userinfo", "the provider's answer is not {data, key}");
}

VNEID_TEST(key_wrong)
{
    expect_lie("{\"key\":\"other\"}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"key\":\"other\",\"where\":\"token\"}", ERR_PROVIDER, "provider", CANNOT);
}

VNEID_TEST(key_of_other_length)
{
    expect_lie("{\"key\":\"short\"}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"key\":\"bits128\"}", ERR_PROVIDER, "userinfo", CANNOT);
}

VNEID_TEST(key_truncated)
{
    expect_lie("{\"key\":\"truncated\"}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"key\":\"garbage\"}", ERR_PROVIDER, "userinfo", CANNOT);
}

VNEID_TEST(body_replayed)
{
    expect_login("{}");
    expect_lie("{\"replay\":\"userinfo\"}", ERR_PROVIDER, "userinfo", "the provider's answer has been given before");
    /* The token of the login before, which lives on: its answer comes twice, too. */
    expect_lie("{\"replay\":\"token\"}", ERR_PROVIDER, "userinfo", "the provider's answer has been given before");
    cr_expect_eq(count_of("session"), 1);
    expect_login("{}");
    harness_sql(h, "UPDATE provider_seen SET at = now() - interval '25 hours'");
    cr_assert_eq(settled(logins_prune(&h->ctx)), 0);
    cr_expect_eq(count_of("provider_seen"), 0);
}

VNEID_TEST(json_doubled_member)
{
    expect_lie("{\"json\":\"doubled\"}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"json\":\"doubled\",\"where\":\"token\"}", ERR_PROVIDER, "provider", CANNOT);
}

VNEID_TEST(json_trailing_bytes)
{
    expect_lie("{\"json\":\"trailing\"}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"json\":\"array\"}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"json\":\"empty\"}", ERR_PROVIDER, "userinfo", CANNOT);
}

VNEID_TEST(json_not_utf8)
{
    expect_lie("{\"json\":\"latin1\"}", ERR_PROVIDER, "userinfo", CANNOT);
    expect_lie("{\"json\":\"nul\"}", ERR_PROVIDER, "userinfo", CANNOT);
}

VNEID_TEST(pid_not_12_digits)
{
    static const char *const pids[] = {
        "\"99907992782\"",  "\"9990799278210\"", "\"99907992782x\"", "999079927821", "null", "\"\"",
        "[\"" NUMBER "\"]", "\" 99907992782\""};
    for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++)
        expect_lie(arena_printf(&h->arena, "{\"claims\":{\"citizenPid\":%s}}", pids[i]), ERR_PROVIDER, "userinfo",
                   "the provider tells no personal number of twelve digits");
    expect_lie("{\"claims\":{\"fullName\":null}}", ERR_PROVIDER, "userinfo", "the provider tells no name");
}

VNEID_TEST(level_too_low)
{
    static const char low[] = "the account's level is too low";
    expect_lie("{\"claims\":{\"accountLevel\":\"1\"}}", ERR_ASSURANCE, "assurance", low);
    expect_lie("{\"claims\":{\"accountLevel\":1}}", ERR_ASSURANCE, "assurance", low);
    expect_lie("{\"claims\":{\"accountLevel\":99}}", ERR_ASSURANCE, "assurance", low);
    expect_login("{\"claims\":{\"accountLevel\":3}}");
}

VNEID_TEST(level_missing)
{
    expect_lie("{\"claims\":{\"accountLevel\":null}}", ERR_ASSURANCE, "assurance", "the account's level is too low");
}

VNEID_TEST(level_text_not_number)
{
    expect_lie("{\"claims\":{\"accountLevel\":\"two\"}}", ERR_ASSURANCE, "assurance", "the account's level is too low");
    expect_lie("{\"claims\":{\"accountLevel\":[2]}}", ERR_ASSURANCE, "assurance", "the account's level is too low");
}

VNEID_TEST(account_of_other_type)
{
    static const char why[] = "the account is of a kind that may not log in";
    expect_lie("{\"claims\":{\"accountType\":\"COMPANY\"}}", ERR_ASSURANCE, "account_type", why);
    expect_lie("{\"claims\":{\"accountType\":null}}", ERR_ASSURANCE, "account_type", why);
    expect_lie("{\"claims\":{\"accountType\":\"PERSONAL,STAFF\"}}", ERR_ASSURANCE, "account_type", why);
    expect_login("{\"claims\":{\"accountType\":\"STAFF\"}}");
}

VNEID_TEST(birth_dates_are_whole_or_not_told)
{
    expect_login("{\"claims\":{\"birthDate\":\"1979\"}}");
    cr_expect_eq(count_of("account WHERE birth_date IS NULL AND state = 'linked'"), 1);
    expect_login("{\"claims\":{\"birthDate\":\"31/02/1979\"}}");
    expect_login("{\"claims\":{\"birthDate\":null}}");
    expect_login("{\"claims\":{\"birthDate\":\"1979-04-14\"}}");
    cr_expect_eq(count_of("account WHERE birth_date = '1979-04-14'"), 1);
}

VNEID_TEST(access_token_that_would_break_a_header)
{
    static const char why[] = "the provider's access token is not one";
    expect_lie("{\"token\":\"a\\r\\nX-Evil: 1\"}", ERR_PROVIDER, "provider", why);
    expect_lie("{\"token\":\"ế\"}", ERR_PROVIDER, "provider", why);
    expect_lie("{\"token\":\"unknown\"}", ERR_PROVIDER, "userinfo", "the provider refused the request");
    expect_lie("{\"token\":5}", ERR_PROVIDER, "provider", "the provider's answer has no access token");
}

VNEID_TEST(provider_slow)
{
    provider->conf->total_ms = 300;
    int64_t before = mono_us();
    expect_lie("{\"slow_ms\":2000}", ERR_PROVIDER_SLOW, "provider", "the provider did not answer in time");
    cr_expect_lt(mono_us() - before, 1200000);
}

VNEID_TEST(provider_html_200)
{
    expect_lie("{\"html\":true}", ERR_PROVIDER, "provider", "the provider's answer is not {data, key}");
    expect_lie("{\"status\":500}", ERR_PROVIDER, "provider", "the provider has an error of its own");
}

VNEID_TEST(provider_down)
{
    struct visit visit = visit_as("vneid", NUMBER);
    lie("{\"down\":true}");
    EXPECT_FAULT(finish(&visit), ERR_PROVIDER, "provider");
    lie("{}");
    struct visit other = visit_as("vneid", NUMBER);
    stop_peer(&peer);
    EXPECT_FAULT(finish(&other), ERR_PROVIDER, "provider");
    cr_expect_eq(count_of("session"), 0);
}

VNEID_TEST(a_test_login_shows_claims_and_opens_nothing)
{
    struct login_test_key key = {.test = S("0123456789abcdef")};
    struct login_test_report told;
    struct visit visit = visit_as("vneid", NUMBER);
    EXPECT_FAULT(on_provider_test(&h->ctx, &key, &told), 0, "");
    cr_expect(told.state.n == 7 && !memcmp(told.state.p, "waiting", 7));
    struct span hash;
    char hex[65];
    cr_assert_eq(secret_hash(&h->arena, key.test, &hash), 0);
    sodium_bin2hex(hex, sizeof(hex), (const unsigned char *)hash.p, hash.n);
    harness_sql(h, "UPDATE login SET test_hash = '\\x%s'", hex);
    EXPECT_FAULT(finish(&visit), ERR_STATE, "test");
    EXPECT_FAULT(on_provider_test(&h->ctx, &key, &told), 0, "");
    cr_expect(told.state.n == 4 && !memcmp(told.state.p, "done", 4));
    cr_expect(told.standing.n == 6 && !memcmp(told.standing.p, "linked", 6));
    cr_expect_eq(told.n_claims, 6);
    for (uint32_t i = 0; i < told.n_claims; i++) {
        struct span value = told.claims[i].value;
        cr_expect(!memmem(value.p, value.n, NUMBER, 12) && !memmem(value.p, value.n, "Phong", 5), "%.*s", (int)value.n,
                  value.p);
    }
    cr_expect_eq(count_of("session"), 0);
    cr_expect_eq(count_of("account"), 0);
    cr_expect_eq(count_of("login_test t WHERE t::text LIKE '%" NUMBER "%' OR t::text LIKE '%Phong%'"), 0);
    harness_sql(h, "UPDATE login_test SET created = now() - interval '11 minutes'");
    EXPECT_FAULT(on_provider_test(&h->ctx, &key, &told), 0, "");
    cr_expect(told.state.n == 7);
}

VNEID_TEST(whoever_connects_it_is_told_what_is_wrong)
{
    struct provider_ref ref = {.provider = S("vneid")};
    struct probe_report told;
    struct fault fault;
    EXPECT_FAULT(on_provider_check(&h->ctx, &ref, &told), 0, "");
    cr_assert_eq(msg_check(&msg_probe_report, &told, &fault), 0, "%s", fault.field);
    for (uint32_t i = 0; i < told.n_steps; i++)
        cr_expect(told.steps[i].ok && !told.steps[i].advice_en.n, "%.*s: %.*s", (int)told.steps[i].what.n,
                  told.steps[i].what.p, (int)told.steps[i].found.n, told.steps[i].found.p);
    cr_expect_eq(told.n_steps, 7);
    stop_peer(&peer);
    EXPECT_FAULT(on_provider_check(&h->ctx, &ref, &told), 0, "");
    cr_expect_eq(told.n_steps, 4);
    cr_expect(!told.steps[2].ok && told.steps[2].advice_vi.n && told.steps[2].advice_en.n);
    ref.provider = S("nobody");
    EXPECT_FAULT(on_provider_check(&h->ctx, &ref, &told), ERR_NOT_FOUND, "provider");
}
