/* test_dossier.c - the signed file of an attempt: what it holds, who gets it, and that it proves itself. */
#include "exam_test.h"
#include <sys/wait.h>
#include <unistd.h>

static int mine(struct harness *h, uint32_t attempt, struct file *ret_file)
{
    struct attempt_ref ref = {.attempt_id = U(attempt)};
    return on_my_dossier(&h->ctx, &ref, ret_file);
}

static int officers(struct harness *h, uint32_t attempt, struct file *ret_file)
{
    struct attempt_ref ref = {.attempt_id = U(attempt)};
    return on_attempt_dossier(&h->ctx, &ref, ret_file);
}

/* What the file says, when our key signed it. */
static struct dossier read_file(struct harness *h, const struct file *file)
{
    struct dossier dossier;
    struct jws jws;
    struct span json;
    struct fault fault = {.field = ""};
    char *header =
        arena_printf(&h->arena, "{\"alg\":\"EdDSA\",\"typ\":\"hocvu-dossier+jwt\",\"kid\":\"%s\"}", exam_conf.kid);
    cr_assert_eq(jws_split(file->content, &jws), 0);
    cr_assert(jws_header_is(&jws, S(header)));
    cr_assert(jws_signed_by(&jws, exam_conf.sign_public));
    cr_assert_eq(base64url_parse(&h->arena, jws.payload, &json), 0);
    cr_assert_eq(msg_from_json(&msg_dossier, &dossier, &h->arena, json, &fault), 0, "%s", fault.field);
    return dossier;
}

Test(dossier, holds_everything)
{
    struct harness *h = open_exam();
    struct file file;
    sat_usual(h, ATTEMPT, LAN);
    saved(h, ATTEMPT, 2, 5, "3", 400);
    harness_sql(h,
                "INSERT INTO integrity_fact (attempt_id, kind, other_attempt_id, figure, bound) "
                "VALUES (u(%d), 'same_wrong', u(77), 3, 2)",
                ATTEMPT);
    harness_sql(h, "INSERT INTO appeal (appeal_id, attempt_id, person_id, reason) VALUES (u(9), u(%d), u(%d), 'x')",
                ATTEMPT, LAN);
    cr_assert_eq(officers(h, ATTEMPT, &file), 0);
    cr_expect(is(file.media_type, "application/jose"));
    cr_expect(is(file.name, "attempt-00000000-0000-0000-0000-0000000003e8.jws"));
    struct dossier d = read_file(h, &file);
    struct uuid lan = U(LAN), form = U(FORM), policy = U(POLICY);
    cr_expect(is(d.format, "hocvu-dossier-1") && d.seed == 4711 && is(d.ended_by, "submitted"));
    cr_expect(uuid_equal(&d.person_id, &lan) && uuid_equal(&d.form_id, &form));
    cr_expect(uuid_equal(&d.policies[0].policy_id, &policy) && d.policies[0].pass_percent == 60);
    cr_assert_eq(d.paper[0].n_items, 5);
    cr_expect_eq(d.n_answers, 6);
    cr_expect(d.answers[5].seq == 6 && d.answers[5].revision == 5 && is(d.answers[5].response, "3"));
    cr_expect_eq(d.n_results, 1);
    cr_expect(d.results[0].score == 300 && d.results[0].passed && d.results[0].grade_rule == 1);
    cr_assert_eq(d.n_facts, 1);
    cr_expect(HAS(&d.facts[0], integrity_fact, other_attempt_id));
    cr_expect_eq(d.n_appeals, 1);
    for (int i = 0; i < 5; i++) {
        if (d.paper[0].items[i].position == 2)
            cr_expect(is(d.paper[0].items[i].response, "3") && d.paper[0].items[i].revision == 5);
    }
    harness_close(h);
}

/* The command that users have, on a file as the service makes it. */
static int verify(struct harness *h, const struct file *file, const char *receipts)
{
    const char *bin = getenv("HOCVU_BIN");
    const char *tmp = getenv("HOCVU_TEST_TMP");
    char hex[2 * JWS_PUBLIC + 1];
    if (!bin || !tmp)
        return 0;
    sodium_bin2hex(hex, sizeof(hex), exam_conf.sign_public, JWS_PUBLIC);
    char *path = arena_printf(&h->arena, "%s/%d.jws", tmp, (int)getpid());
    char *other = arena_printf(&h->arena, "%s/%d.receipts", tmp, (int)getpid());
    FILE *out = fopen(path, "w");
    cr_assert(out && fwrite(file->content.p, 1, file->content.n, out) == file->content.n && !fclose(out));
    out = fopen(other, "w");
    cr_assert(out && fputs(receipts, out) >= 0 && !fclose(out));
    int status = system(
        arena_printf(&h->arena, "'%s/hocvu' attempt verify '%s' --key %s --receipts '%s'", bin, path, hex, other));
    cr_assert(WIFEXITED(status));
    unlink(path);
    unlink(other);
    return WEXITSTATUS(status);
}

/* Situations of two and three items; matching, which has choices on both sides. */
static void make_rich_form(struct harness *h)
{
    harness_sql(h,
                "INSERT INTO item_version (version_id, bank_id, code, version, state, type, skill_group, level, stem, "
                "author_id, reviewer_id, live_at, digest) SELECT u(300 + n), bank_id, 'S' || n, 1, 'live', "
                "'situation', 'a', 1, 'Tình huống', author_id, reviewer_id, now(), '' "
                "FROM item_version, generate_series(0, 1) n WHERE version_id = u(%d)",
                ITEM);
    harness_sql(h, "ALTER TABLE item_version DISABLE TRIGGER item_guard; "
                   "UPDATE item_version SET situation_id = u(300) WHERE version_id IN (u(201), u(202)); "
                   "UPDATE item_version SET situation_id = u(301) WHERE version_id IN (u(204), u(205), u(206)); "
                   "UPDATE item_version SET type = 'matching', targets = '{x,y,z,t,v}' WHERE version_id = u(203)");
    harness_sql(h, "UPDATE form SET items = ARRAY[u(200), u(201), u(202), u(203), u(204), u(205), u(206), u(207)]");
    harness_sql(h, "UPDATE policy SET items = 8");
}

Test(dossier, verified_by_the_command)
{
    struct harness *h = open_exam();
    struct file file;
    make_rich_form(h);
    sat(h, ATTEMPT, LAN, FORM, usual_answers, "{100,100,100,0,0,0,0,0}");
    harness_sql(h, "UPDATE attempt SET items = 8");
    /* Other seeds lay other orders; the first link goes with them. */
    for (int seed = -2; seed < 3; seed++) {
        harness_sql(h,
                    "UPDATE attempt SET seed = %d, answers = 0, head = sha256('hocvu-attempt-1'::bytea || "
                    "uuid_send(attempt_id) || uuid_send(person_id) || uuid_send(form_id) || int8send(%d) || "
                    "timestamptz_send(started_at)); DELETE FROM answer",
                    seed, seed);
        saved(h, ATTEMPT, 1, 1, "2", 60);
        saved(h, ATTEMPT, 7, 3, "Chào \"bạn\"", 61.25);
        cr_assert_eq(officers(h, ATTEMPT, &file), 0);
        const char *receipt = harness_get(
            h, "SELECT jsonb_build_object('attempt_id', attempt_id, 'position', position, 'revision', revision, "
               "'saved_at', to_char(saved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), 'seq', seq, "
               "'link', translate(rtrim(encode(link, 'base64'), '='), '+/', '-_'), "
               "'seal', repeat('A', 43), 'devices', 0) FROM answer WHERE seq = 2");
        cr_expect_eq(verify(h, &file, receipt), 0, "seed %d", seed);
        harness_sql(h, "DELETE FROM answer WHERE seq = 2");
        cr_assert_eq(officers(h, ATTEMPT, &file), 0);
        if (getenv("HOCVU_BIN"))
            cr_expect_eq(verify(h, &file, receipt), 1, "an answer lost");
    }
    harness_close(h);
}

/* --- who gets it --- */

Test(dossier, of_the_learner_after_the_end_only)
{
    struct harness *h = open_exam();
    struct file file;
    began(h, ATTEMPT, LAN, FORM, 5);
    as_learner(h, LAN);
    cr_expect_eq(mine(h, ATTEMPT, &file), ERR_STATE);
    ended(h, ATTEMPT, 1);
    cr_expect_eq(mine(h, ATTEMPT, &file), 0, "not graded yet");
    cr_expect_eq(read_file(h, &file).n_results, 0);
    cr_expect_eq(mine(h, 4444, &file), ERR_NOT_FOUND);
    as_learner(h, MINH);
    cr_expect_eq(mine(h, ATTEMPT, &file), ERR_NOT_FOUND);
    harness_sql(h, "INSERT INTO alias (person_id, same_as) VALUES (u(%d), u(%d))", LAN, MINH);
    cr_expect_eq(mine(h, ATTEMPT, &file), 0, "the same person, as it turned out");
    harness_sql(h, "DELETE FROM alias");
    harness_close(h);
}

Test(dossier, of_the_officer_of_the_subtree)
{
    struct harness *h = open_exam();
    struct file file;
    sat_usual(h, ATTEMPT, LAN);
    sat_usual(h, ATTEMPT + 1, HOA);
    cr_expect_eq(officers(h, ATTEMPT, &file), 0);
    cr_expect_eq(officers(h, ATTEMPT + 1, &file), ERR_FORBIDDEN);
    cr_expect_eq(officers(h, 4444, &file), ERR_NOT_FOUND);
    know_person(h, LAN, "Nguyễn Thị Lan", OFFICE, 20000);
    cr_expect_eq(officers(h, ATTEMPT, &file), 0, "who left");
    as_outsider(h);
    cr_expect_eq(officers(h, ATTEMPT, &file), ERR_FORBIDDEN);
    harness_close(h);
}

/* A form in hand before its time is nobody's business, the officer's neither; a running one is evidence already. */
Test(dossier, not_before_the_start)
{
    struct harness *h = open_exam();
    struct file file;
    began(h, ATTEMPT, LAN, FORM, -5);
    not_begun(h, ATTEMPT);
    cr_expect_eq(officers(h, ATTEMPT, &file), ERR_STATE);
    harness_sql(h, "UPDATE attempt SET started_at = now() - interval '1 minute'");
    cr_assert_eq(officers(h, ATTEMPT, &file), 0);
    cr_expect(is(read_file(h, &file).paper[0].state, "running"));
    harness_close(h);
}

/* Voided before its time: the learner never saw the paper, and does not see it later by this file. */
Test(dossier, voided_before_it_began)
{
    struct harness *h = open_exam();
    struct file file;
    began(h, ATTEMPT, LAN, FORM, -5);
    not_begun(h, ATTEMPT);
    harness_sql(h, "SELECT void_attempts(ARRAY[u(%d)], u(%d), 'x', true)", ATTEMPT, OFFICER);
    harness_sql(h, "UPDATE attempt SET started_at = started_at - interval '10 minutes', "
                   "ended_at = ended_at - interval '10 minutes'");
    cr_expect_eq(officers(h, ATTEMPT, &file), ERR_STATE);
    as_learner(h, LAN);
    cr_expect_eq(mine(h, ATTEMPT, &file), ERR_STATE);
    cr_expect_str_eq(h->ctx.fault.field, "attempt_id");
    harness_close(h);
}

/* The learner's file says no more of the result than the policy, and names no other person's attempt. */
Test(dossier, the_learners_has_what_the_policy_shows)
{
    struct harness *h = open_exam();
    struct file file;
    struct dossier d;
    sat_usual(h, ATTEMPT, LAN);
    harness_sql(h,
                "INSERT INTO integrity_fact (attempt_id, kind, other_attempt_id, figure, bound) "
                "VALUES (u(%d), 'same_wrong', u(77), 3, 2)",
                ATTEMPT);
    as_learner(h, LAN);
    cr_assert_eq(mine(h, ATTEMPT, &file), 0);
    d = read_file(h, &file);
    cr_expect_eq(d.n_results, 1);
    cr_assert_eq(d.n_facts, 1);
    cr_expect_not(HAS(&d.facts[0], integrity_fact, other_attempt_id));
    harness_sql(h, "UPDATE policy SET show_result = 'never'");
    cr_assert_eq(mine(h, ATTEMPT, &file), 0);
    cr_expect_eq(read_file(h, &file).n_results, 0);
    harness_sql(h, "UPDATE policy SET show_result = 'after_window', closes_at = now() + interval '1 hour'");
    cr_assert_eq(mine(h, ATTEMPT, &file), 0);
    cr_expect_eq(read_file(h, &file).n_results, 0);
    harness_sql(h, "UPDATE policy SET closes_at = now() - interval '1 hour'");
    cr_assert_eq(mine(h, ATTEMPT, &file), 0);
    cr_expect_eq(read_file(h, &file).n_results, 1);
    as_officer(h);
    harness_sql(h, "UPDATE policy SET show_result = 'never'");
    cr_assert_eq(officers(h, ATTEMPT, &file), 0);
    cr_expect_eq(read_file(h, &file).n_results, 1);
    harness_close(h);
}

Test(dossier, of_a_voided_attempt)
{
    struct harness *h = open_exam();
    struct file file;
    sat_usual(h, ATTEMPT, LAN);
    harness_sql(h, "UPDATE attempt SET state = 'voided', voided_by = u(%d), void_reason = 'Mất điện.'", OFFICER);
    as_learner(h, LAN);
    cr_assert_eq(mine(h, ATTEMPT, &file), 0);
    struct dossier d = read_file(h, &file);
    cr_expect(HAS(&d, dossier, void_reason) && is(d.void_reason, "Mất điện."));
    cr_expect(is(d.paper[0].state, "voided"));
    harness_close(h);
}

/* --- its bounds --- */

/* `n` answers of 8,192 bytes after those that are there. */
static void write_much(struct harness *h, int n)
{
    harness_sql(h,
                "INSERT INTO answer (attempt_id, saved_at, revision, seq, position, response, link) "
                "SELECT attempt_id, started_at, 1000 + answers + n, answers + n, 1, repeat('x', 8192), sha256('') "
                "FROM attempt, generate_series(1, %d) n; UPDATE attempt SET answers = answers + %d",
                n, n);
}

Test(dossier, large_and_too_large, .timeout = 60)
{
    struct harness *h = open_exam();
    struct file file;
    sat_usual(h, ATTEMPT, LAN);
    write_much(h, 370);
    cr_assert_eq(officers(h, ATTEMPT, &file), 0);
    cr_expect(file.content.n > 4000000 && file.content.n <= 4194304);
    cr_expect_eq(read_file(h, &file).n_answers, 375);
    arena_clear(&h->arena);
    write_much(h, 20);
    cr_expect_eq(officers(h, ATTEMPT, &file), ERR_TOO_LARGE);
    harness_sql(h, "DELETE FROM answer; UPDATE attempt SET answers = 20001");
    cr_expect_eq(officers(h, ATTEMPT, &file), ERR_TOO_LARGE);
    harness_close(h);
}

/* Responses of which each byte is six in JSON fit the database and not the file. */
Test(dossier, grown_by_escapes)
{
    struct harness *h = open_exam();
    struct file file;
    sat_usual(h, ATTEMPT, LAN);
    write_much(h, 100);
    harness_sql(h, "UPDATE answer SET response = repeat(E'\\x01', 8192) WHERE revision > 1000");
    cr_expect_eq(officers(h, ATTEMPT, &file), ERR_TOO_LARGE);
    harness_close(h);
}

/* --- keys --- */

Test(dossier, keys_of_old_are_published)
{
    struct harness *h = open_exam();
    struct public_keys keys;
    struct empty empty = {0};
    struct file file;
    sat_usual(h, ATTEMPT, LAN);
    h->head.has = 0; /* a stranger */
    cr_assert_eq(on_attempt_keys(&h->ctx, &empty, &keys), 0);
    cr_assert_eq(keys.n_keys, 1);
    cr_expect(is(keys.keys[0].kid, exam_conf.kid) && is(keys.keys[0].kty, "OKP") && is(keys.keys[0].crv, "Ed25519"));
    uint8_t seed[32] = {8};
    struct assessment_conf next = exam_conf;
    crypto_sign_seed_keypair(next.sign_public, next.sign_secret, seed);
    jws_kid(next.sign_public, next.kid);
    h->ctx.conf = &next;
    cr_assert_eq(harness_tick(h, attempt_key_keep), 0);
    cr_assert_eq(harness_tick(h, attempt_key_keep), 0);
    cr_assert_eq(on_attempt_keys(&h->ctx, &empty, &keys), 0);
    cr_assert_eq(keys.n_keys, 2);
    cr_expect(is(keys.keys[0].kid, next.kid) && is(keys.keys[1].kid, exam_conf.kid));
    struct span x;
    cr_assert_eq(base64url_parse(&h->arena, keys.keys[1].x, &x), 0);
    cr_expect(x.n == JWS_PUBLIC && !memcmp(x.p, exam_conf.sign_public, JWS_PUBLIC));
    /* The file of a key is of no use unless the key is known. */
    harness_sql(h, "DELETE FROM attempt_key");
    as_officer(h);
    cr_assert_eq(officers(h, ATTEMPT, &file), 0);
    cr_expect_str_eq(harness_get(h, "SELECT kid FROM attempt_key"), next.kid);
    harness_close(h);
}

Test(dossier, keys_that_are_no_keys)
{
    static char bad[][130] = {"", "zz", "00", "0707070707070707070707070707070707070707070707070707070707070g07"};
    static char receipt[] = "0101010101010101010101010101010101010101010101010101010101010101";
    char hex[129];
    make_conf();
    struct assessment_conf conf = {.receipt_key = {.bytes = receipt, .n = 64}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        conf.attempt_sign_key = (struct conf_secret){.bytes = bad[i], .n = strlen(bad[i])};
        cr_expect_eq(assessment_check(&conf), -1, "%s", bad[i]);
    }
    conf.attempt_sign_key = (struct conf_secret){0};
    cr_expect_eq(assessment_check(&conf), -1);
    sodium_bin2hex(hex, sizeof(hex), exam_conf.sign_secret, sizeof(exam_conf.sign_secret));
    conf.attempt_sign_key = (struct conf_secret){.bytes = hex, .n = 128};
    cr_expect_eq(assessment_check(&conf), 0);
    cr_expect_str_eq(conf.kid, exam_conf.kid);
    conf.attempt_sign_key.n = 64; /* the seed alone */
    cr_expect_eq(assessment_check(&conf), 0);
    cr_expect_str_eq(conf.kid, exam_conf.kid);
    conf.receipt_key.n = 62;
    cr_expect_eq(assessment_check(&conf), -1);
    conf.receipt_key = (struct conf_secret){0};
    cr_expect_eq(assessment_check(&conf), -1);
}
