/* test_verify.c - a certificate can be checked by anyone, and nothing that was altered passes. */
#include "seed.h"

Test(verify, by_number)
{
    struct harness *h = open_seeded();
    struct certificate_status status;
    struct span number = certified(h);
    h->head.has = 0; /* a stranger */
    cr_assert_eq(check(h, number, &status), 0);
    cr_expect(is(status.status, "valid"));
    cr_expect(is(status.holder, "Nguyễn Thị Lan"));
    cr_expect(is(status.issuer, "Học Vụ Số"));
    cr_expect_eq(HAS(&status, certificate_status, revoked_at), 0);
    harness_close(h);
}

Test(verify, number_in_lower_case_without_dashes)
{
    struct harness *h = open_seeded();
    struct certificate_status status;
    struct span number = certified(h);
    char typed[NUMBER_TEXT];
    uint32_t n = 0;
    for (uint32_t i = 0; i < number.n; i++)
        if (number.p[i] != '-')
            typed[n++] = (char)(number.p[i] >= 'A' ? number.p[i] | 0x20 : number.p[i]);
    cr_assert_eq(check(h, (struct span){typed, n}, &status), 0);
    cr_expect(is(status.number, number.p));
    harness_close(h);
}

Test(verify, number_with_a_slip_or_never_issued)
{
    struct harness *h = open_seeded();
    struct certificate_status status;
    struct span number = certified(h);
    char other[NUMBER_TEXT];
    memcpy(other, number.p, sizeof(other));
    other[9] = other[9] == 'X' ? 'Y' : 'X';
    cr_expect_eq(check(h, S(other), &status), ERR_INVALID);
    cr_expect_str_eq(h->ctx.fault.field, "number");
    number_make("26", other);
    cr_expect_eq(check(h, S(other), &status), ERR_NOT_FOUND);
    cr_expect_str_eq(h->ctx.fault.field, "number");
    harness_close(h);
}

Test(verify, by_document)
{
    struct harness *h = open_seeded();
    struct certificate_status status;
    struct span number = certified(h);
    struct span document = document_of(h, number);
    h->head.has = 0;
    cr_assert_eq(verify(h, document, &status), 0);
    cr_expect(is(status.number, number.p));
    cr_expect(is(status.status, "valid"));
    harness_close(h);
}

/* The three segments, each with one character changed at its beginning, middle and end; and the whole cut or grown. */
Test(verify, tampered_document)
{
    struct harness *h = open_seeded();
    struct certificate_status status;
    struct span document = document_of(h, certified(h));
    char *copy = malloc(document.n + 2);
    uint32_t begin = 0;
    int segments = 0;
    cr_assert(copy);
    for (uint32_t end = 0; end <= document.n; end++) {
        if (end < document.n && document.p[end] != '.')
            continue;
        const uint32_t at[] = {begin, (begin + end) / 2, end - 1};
        for (int i = 0; i < 3; i++) {
            memcpy(copy, document.p, document.n);
            copy[at[i]] = copy[at[i]] == 'A' ? 'B' : 'A';
            cr_expect_eq(verify(h, (struct span){copy, document.n}, &status), ERR_INVALID);
            cr_expect_str_eq(h->ctx.fault.field, "document");
        }
        begin = end + 1;
        segments++;
    }
    cr_expect_eq(segments, 3);
    memcpy(copy, document.p, document.n);
    copy[document.n] = '\n';
    cr_expect_eq(verify(h, (struct span){copy, document.n + 1}, &status), ERR_INVALID);
    cr_expect_eq(verify(h, (struct span){copy, document.n - 1}, &status), ERR_INVALID);
    const char *last = memrchr(document.p, '.', document.n);
    cr_expect_eq(verify(h, (struct span){copy, (uint32_t)(last - document.p)}, &status), ERR_INVALID,
                 "without signature");
    cr_expect_eq(verify(h, (struct span){copy, (uint32_t)(last - document.p) + 1}, &status), ERR_INVALID);
    cr_expect_eq(verify(h, SPAN("."), &status), ERR_INVALID);
    cr_expect_eq(verify(h, SPAN("a.b.c"), &status), ERR_INVALID);
    cr_expect_eq(verify(h, SPAN("eyJhbGciOiJub25lIn0.e30."), &status), ERR_INVALID);
    free(copy);
    harness_close(h);
}

/* A certificate that nobody has earned, signed with the key of `conf`. */
static struct signed_row forge(struct harness *h, const struct certification_conf *conf)
{
    struct due_row due = {.person_id = U(21),
                          .programme_id = U(PROGRAMME),
                          .attempt_id = U(5),
                          .holder = SPAN("Giả"),
                          .code = SPAN("KNS"),
                          .version = 1,
                          .title_vi = SPAN("a"),
                          .title_en = SPAN("b"),
                          .issued_at = now_us(),
                          .year = SPAN("26")};
    struct signed_row row;
    cr_assert_eq(document_sign(&h->arena, conf, &due, &row), 0);
    return row;
}

/* Well signed, but not in the register: the register decides. */
Test(verify, signed_but_not_registered)
{
    struct harness *h = open_seeded();
    struct certificate_status status;
    struct signed_row row;
    certified(h);
    row = forge(h, &ours);
    cr_assert(document_signed_by(row.document, (struct span){(const char *)ours.public, 32}));
    cr_expect_eq(verify(h, row.document, &status), ERR_INVALID);
    harness_close(h);
}

/* In the register, but signed by a key that is not ours: somebody wrote into the database. */
Test(verify, registered_but_signed_by_another_key)
{
    struct certification_conf other = test_conf(8);
    struct harness *h = open_seeded();
    struct certificate_status status;
    struct signed_row row;
    certified(h);
    row = forge(h, &other);
    row.kid = S(ours.kid);
    cr_assert_eq(harness_tick(h, certificates_issue), 0);
    cr_assert_eq(pg_bulk(&h->ctx, &SQL_certificates_store, &row, 1, 0, NULL, NULL), 0);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "2");
    cr_expect_eq(verify(h, row.document, &status), ERR_INVALID);
    harness_close(h);
}

/* After the key was changed, old documents go on to be valid, new ones are signed by the new key, both are published.
 */
Test(verify, key_rotation)
{
    struct certification_conf next = test_conf(9);
    struct harness *h = open_seeded();
    struct certificate_status status;
    struct public_keys keys;
    struct empty empty = {0};
    struct span old = document_of(h, certified(h));
    h->ctx.conf = &next;
    know_person(h, 21, "Trần Văn Minh", UNIT, 0);
    graded(h, 101, 21, true);
    issue(h);
    cr_expect_eq(verify(h, old, &status), 0);
    cr_expect_eq(verify(h, S(harness_get(h, "SELECT document FROM certificate WHERE holder LIKE 'Trần%%'")), &status),
                 0);
    cr_assert_eq(on_certificate_keys(&h->ctx, &empty, &keys), 0);
    cr_expect_eq(keys.n_keys, 2);
    cr_expect(is(keys.keys[0].kid, next.kid));
    cr_expect(is(keys.keys[1].kid, ours.kid));
    struct span public;
    cr_assert_eq(base64url_parse(&h->arena, keys.keys[1].x, &public), 0);
    cr_expect(document_signed_by(old, public), "with the published key alone");
    cr_expect_not(document_signed_by(old, (struct span){(const char *)next.public, 32}));
    harness_close(h);
}

Test(verify, document_says_what_it_should)
{
    struct harness *h = open_seeded();
    struct span number = certified(h), document = document_of(h, number), head, payload;
    const char *dot = memchr(document.p, '.', document.n);
    const char *last = memrchr(document.p, '.', document.n);
    cr_assert_eq(base64url_parse(&h->arena, (struct span){document.p, (uint32_t)(dot - document.p)}, &head), 0);
    cr_assert_eq(base64url_parse(&h->arena, (struct span){dot + 1, (uint32_t)(last - dot - 1)}, &payload), 0);
    struct span text;
    cr_assert_eq(arena_span(&h->arena, payload, &text), 0);
    harness_sql(h, "CREATE TABLE seen (head jsonb, body jsonb); INSERT INTO seen VALUES ('%.*s', $json$%s$json$)",
                (int)head.n, head.p, text.p);
    cr_expect_str_eq(harness_get(h, "SELECT head ->> 'alg' || ' ' || (head ->> 'typ') FROM seen"), "EdDSA vc+jwt");
    cr_expect_str_eq(harness_get(h, "SELECT head ->> 'kid' FROM seen"), ours.kid);
    cr_expect_str_eq(harness_get(h, "SELECT body #>> '{credentialSubject,name}' FROM seen"), "Nguyễn Thị Lan");
    cr_expect_str_eq(harness_get(h, "SELECT body #>> '{credentialSubject,achievement,name}' FROM seen"),
                     "Kỹ năng số \"cơ bản\"");
    cr_expect_str_eq(harness_get(h, "SELECT body #>> '{credentialSubject,achievement,version}' FROM seen"), "2");
    cr_expect_str_eq(harness_get(h, "SELECT body #>> '{issuer,id}' FROM seen"), "https://hocvu.example");
    cr_expect_str_eq(harness_get(h, "SELECT body #>> '{credentialSubject,licenseNumber}' = number AND "
                                    "body ->> 'id' = 'urn:uuid:' || certificate_id AND "
                                    "(body ->> 'validFrom')::timestamptz = issued_at AND "
                                    "(body ->> 'nbf')::bigint = extract(epoch FROM issued_at) FROM seen, certificate"),
                     "t");
    cr_expect_str_eq(harness_get(h, "SELECT body::text LIKE '%%' || person_id || '%%' FROM seen, certificate"), "f",
                     "nothing of the person but the name");
    harness_close(h);
}

Test(verify, names_with_quotes_and_controls)
{
    struct harness *h = open_seeded();
    struct certificate_status status;
    know_person(h, LAN, "Y \"K'\\ </script>\t\x01 Niê", UNIT, 0);
    cr_expect_eq(verify(h, document_of(h, certified(h)), &status), 0);
    cr_expect_str_eq(harness_get(h, "SELECT jsonb_typeof(convert_from(decode(translate(p, '-_', '+/') || "
                                    "repeat('=', (4 - length(p) %% 4) %% 4), 'base64'), 'UTF8')::jsonb) "
                                    "FROM certificate, split_part(document, '.', 2) AS p"),
                     "object");
    harness_close(h);
}

Test(verify, mine_are_mine)
{
    struct harness *h = open_seeded();
    struct certificate_list list;
    struct empty empty = {0};
    struct span number = certified(h);
    struct certificate_query query = {.number = number};
    struct file file;
    cr_assert_eq(on_my_certificates(&h->ctx, &empty, &list), 0);
    cr_assert_eq(list.n_certificates, 1);
    cr_expect(is(list.certificates[0].number, number.p));
    cr_expect_not(list.certificates[0].revoked);
    cr_assert_eq(on_my_certificate_document(&h->ctx, &query, &file), 0);
    cr_expect(is(file.media_type, "application/vc+jwt"));
    harness_as(h, U(21), LEARNER, U(NATION));
    cr_assert_eq(on_my_certificates(&h->ctx, &empty, &list), 0);
    cr_expect_eq(list.n_certificates, 0);
    cr_expect_eq(on_my_certificate_document(&h->ctx, &query, &file), ERR_NOT_FOUND);
    harness_close(h);
}

Test(verify, keys_that_are_no_keys)
{
    static char bad[][130] = {"", "zz", "00", "0707070707070707070707070707070707070707070707070707070707070g07"};
    struct certification_conf conf = test_conf(7), whole = test_conf(7);
    char hex[129];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        conf.certificate_sign_key = (struct conf_secret){.bytes = bad[i], .n = strlen(bad[i])};
        cr_expect_eq(certification_check(&conf), -1, "%s", bad[i]);
    }
    conf.certificate_sign_key.bytes = NULL;
    cr_expect_eq(certification_check(&conf), -1);
    sodium_bin2hex(hex, sizeof(hex), whole.secret, sizeof(whole.secret));
    whole.certificate_sign_key = (struct conf_secret){.bytes = hex, .n = 128};
    cr_expect_eq(certification_check(&whole), 0);
    hex[127] = hex[127] == '0' ? '1' : '0'; /* the public half of another key */
    cr_expect_eq(certification_check(&whole), -1);
    conf = test_conf(7);
    conf.issuer_id = "no uri";
    cr_expect_eq(certification_check(&conf), -1);
}
