/*
 * test_attempt.c - `hocvu attempt verify`: a dossier that is sound passes; whatever is changed in it is found, also
 * when the one who changed it holds the key and signs again.
 */
#include "ctl.h"
#include "receipt.h"
#include "service.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

enum { ITEMS = 5, ANSWERS = 4, SEED = 4711 };
#define MINUTE INT64_C(60000000)
#define START  INT64_C(1790000000000000)

static char dir[] = "/tmp/hocvu-attempt.XXXXXX";
static uint8_t secret[JWS_SECRET], public[JWS_PUBLIC];
static char kid[JWS_KID_TEXT], public_hex[2 * JWS_PUBLIC + 1];
static char output[65536];

/* --- a dossier as the service makes it --- */

static struct item_shown items[ITEMS];
static struct choice choices[ITEMS][10], targets[ITEMS][10];
static struct answer_entry answers[ANSWERS];
static uint8_t links[ANSWERS + 1][RECEIPT_LINK];
static struct result_entry results[2];
static struct integrity_fact facts[1];
static struct appeal appeals[1];
static struct attempt_paper paper;
static struct policy policy;
static struct dossier dossier;

static struct uuid id(uint8_t n)
{
    struct uuid uuid = {{0}};
    uuid.b[15] = n;
    return uuid;
}

/* The numbers of the seed, read in the order in which a paper needs them. */
static uint8_t thrown[4 * ITEMS * 21];
static size_t throw_at;

static void shuffle(uint32_t n, uint32_t order[])
{
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t i = n; i > 1; i--, throw_at += 4) {
        uint32_t x = 0;
        for (int k = 3; k >= 0; k--)
            x = x << 8 | thrown[throw_at + (size_t)k];
        uint32_t kept = order[i - 1];
        order[i - 1] = order[x % i];
        order[x % i] = kept;
    }
}

static uint32_t lay_choices(struct choice *to, uint32_t n)
{
    uint32_t order[10];
    shuffle(n, order);
    for (uint32_t i = 0; i < n; i++)
        to[i] = (struct choice){.number = (uint8_t)(order[i] + 1), .text = SPAN("lựa chọn")};
    return n;
}

/* Items 1, 4 and 5 stand alone; 2 and 3 belong to one situation. */
static void lay_paper(void)
{
    static const uint32_t first[] = {1, 2, 4, 5}, length[] = {1, 2, 1, 1};
    static const uint8_t n_choices[] = {4, 2, 0, 3, 5}, n_targets[] = {0, 0, 0, 3, 0};
    uint8_t key[32] = {SEED & 0xff, SEED >> 8};
    uint32_t blocks[4], n = 0;
    randombytes_buf_deterministic(thrown, sizeof(thrown), key);
    throw_at = 0;
    shuffle(4, blocks);
    for (int b = 0; b < 4; b++) {
        for (uint32_t k = 0; k < length[blocks[b]]; k++, n++) {
            uint32_t position = first[blocks[b]] + k;
            items[n] = (struct item_shown){.position = (uint16_t)position,
                                           .type = SPAN("single_choice"),
                                           .stem = SPAN("Câu hỏi?"),
                                           .choices = choices[n],
                                           .targets = targets[n]};
            items[n].n_choices = lay_choices(choices[n], n_choices[position - 1]);
            items[n].n_targets = lay_choices(targets[n], n_targets[position - 1]);
            if (length[blocks[b]] > 1 && !k) {
                PUT_FIELD(&items[n], item_shown, situation, SPAN("Tình huống"));
                PUT_FIELD(&items[n], item_shown, situation_items, 2);
            }
        }
    }
}

static struct item_shown *item_at(uint16_t position)
{
    for (int i = 0; i < ITEMS; i++) {
        if (items[i].position == position)
            return &items[i];
    }
    return NULL;
}

/* Links, head and first link made anew from what stands there. */
static void chain(void)
{
    receipt_first(&paper.attempt_id, &dossier.person_id, &dossier.form_id, dossier.seed, paper.started_at, links[0]);
    for (uint32_t i = 0; i < ANSWERS; i++) {
        receipt_link(links[i], answers[i].position, answers[i].revision, answers[i].saved_at, answers[i].response,
                     links[i + 1]);
        answers[i].link = (struct span){(const char *)links[i + 1], RECEIPT_LINK};
    }
    dossier.first = (struct span){(const char *)links[0], RECEIPT_LINK};
    paper.head = (struct span){(const char *)links[ANSWERS], RECEIPT_LINK};
}

static void make_answers(void)
{
    static const uint16_t position[] = {1, 3, 1, 4};
    static const uint32_t revision[] = {1, 1, 2, 7};
    static const char *const response[] = {"2", "", "3", "1-2,2-1"};
    for (uint32_t i = 0; i < ANSWERS; i++) {
        struct span text = {response[i], (uint32_t)strlen(response[i])};
        answers[i] = (struct answer_entry){.seq = i + 1,
                                           .position = position[i],
                                           .revision = revision[i],
                                           .saved_at = START + (i + 1) * MINUTE + i,
                                           .response = text};
        PUT_FIELD(item_at(position[i]), item_shown, response, text);
        PUT_FIELD(item_at(position[i]), item_shown, revision, revision[i]);
    }
}

static void make_rest(void)
{
    for (uint16_t i = 0; i < 2; i++)
        results[i] = (struct result_entry){.version = (uint16_t)(i + 1),
                                           .grade_rule = 1,
                                           .score = 200u + i * 100u,
                                           .max_score = 500,
                                           .passed = i > 0,
                                           .cause = SPAN("graded"),
                                           .graded_at = START + 30 * MINUTE};
    facts[0] = (struct integrity_fact){.attempt_id = id(1),
                                       .kind = SPAN("burst"),
                                       .figure = 12,
                                       .bound = 10,
                                       .sentence_vi = SPAN("vi"),
                                       .sentence_en = SPAN("en"),
                                       .found_at = START + 31 * MINUTE};
    appeals[0] = (struct appeal){.appeal_id = id(9),
                                 .attempt_id = id(1),
                                 .person_id = id(2),
                                 .state = SPAN("open"),
                                 .reason = SPAN("Câu 3 sai."),
                                 .opened_at = START + 32 * MINUTE};
}

static void make_dossier(void)
{
    paper = (struct attempt_paper){.attempt_id = id(1),
                                   .programme_id = id(4),
                                   .policy_id = id(5),
                                   .number = 1,
                                   .state = SPAN("graded"),
                                   .started_at = START,
                                   .deadline = START + 30 * MINUTE,
                                   .now = START + 60 * MINUTE,
                                   .answers = ANSWERS,
                                   .items = items,
                                   .n_items = ITEMS};
    policy = (struct policy){.policy_id = id(5),
                             .programme_id = id(4),
                             .version = 3,
                             .blueprint_id = id(6),
                             .pass_percent = 60,
                             .items = ITEMS,
                             .minutes = 30,
                             .grace_seconds = 30,
                             .max_attempts = 2,
                             .forms = 4};
    dossier = (struct dossier){.format = SPAN("hocvu-dossier-1"),
                               .made_at = START + 60 * MINUTE,
                               .person_id = id(2),
                               .form_id = id(3),
                               .seed = SEED,
                               .paper = &paper,
                               .n_paper = 1,
                               .policies = &policy,
                               .n_policies = 1,
                               .answers = answers,
                               .n_answers = ANSWERS,
                               .results = results,
                               .n_results = 2,
                               .facts = facts,
                               .n_facts = 1,
                               .appeals = appeals,
                               .n_appeals = 1};
    PUT_FIELD(&dossier, dossier, ended_by, SPAN("submitted"));
    PUT_FIELD(&dossier, dossier, ended_at, START + 20 * MINUTE);
    lay_paper();
    make_answers();
    make_rest();
    chain();
}

/* --- files --- */

static const char *at(const char *name)
{
    static char path[16][128];
    static int next;
    char *text = path[next++ % 16];
    snprintf(text, sizeof(path[0]), "%s/%s", dir, name);
    return text;
}

static void write_file(const char *name, struct span text)
{
    FILE *file = fopen(at(name), "w");
    cr_assert(file && fwrite(text.p, 1, text.n, file) == text.n && fclose(file) == 0);
}

/* Signs what stands in `dossier`, whatever it is. */
static void sign_file(const char *typ)
{
    struct buf header, payload, text;
    buf_init(&header, 256);
    buf_init(&payload, 1 << 20);
    buf_init(&text, 2 << 20);
    buf_printf(&header, "{\"alg\":\"EdDSA\",\"typ\":\"%s\",\"kid\":\"%s\"}", typ, kid);
    msg_to_json(&msg_dossier, &dossier, &payload);
    jws_sign(secret, buf_span(&header), buf_span(&payload), &text);
    cr_assert_not(text.failed);
    write_file("attempt.jws", buf_span(&text));
    buf_release(&header);
    buf_release(&payload);
    buf_release(&text);
}

static void setup(void)
{
    cr_assert(sodium_init() >= 0 && mkdtemp(dir));
    uint8_t seed[32] = {1, 2, 3};
    crypto_sign_seed_keypair(public, secret, seed);
    jws_kid(public, kid);
    sodium_bin2hex(public_hex, sizeof(public_hex), public, sizeof(public));
    make_dossier();
    sign_file("hocvu-dossier+jwt");
}

static void teardown(void)
{
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    cr_assert_eq(system(command), 0);
}

TestSuite(attempt, .init = setup, .fini = teardown, .timeout = 60);

/* Runs the command; what it printed stands in `output`. */
static int run(int argc, const char *const *args)
{
    struct ctl ctl = {0};
    char *argv[16] = {(char *)(uintptr_t) "attempt"};
    for (int i = 0; i < argc; i++)
        argv[i + 1] = (char *)(uintptr_t)args[i];
    fflush(stdout);
    int kept = dup(1), file = open(at("output"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    cr_assert(kept >= 0 && file >= 0 && dup2(file, 1) == 1);
    int code = attempt_command(&ctl, argc + 1, argv);
    fflush(stdout);
    dup2(kept, 1);
    close(kept);
    ssize_t n = pread(file, output, sizeof(output) - 1, 0);
    output[n > 0 ? n : 0] = '\0';
    close(file);
    return code;
}

static int verify(void)
{
    const char *const args[] = {"verify", at("attempt.jws"), "--key", public_hex};
    return run(4, args);
}

static void expect_fault(const char *what)
{
    char line[64];
    snprintf(line, sizeof(line), "FAULT   %s: ", what);
    sign_file("hocvu-dossier+jwt");
    cr_expect_eq(verify(), 1, "%s", output);
    cr_expect_not_null(strstr(output, line), "%s not among:\n%s", line, output);
    cr_expect_not_null(strstr(output, "ok      signature: "));
    make_dossier();
}

/* --- sound ones --- */

Test(attempt, sound)
{
    cr_expect_eq(verify(), 0, "%s", output);
    cr_expect_null(strstr(output, "FAULT"));
    cr_expect_not_null(strstr(output, "ok      chain: 4 receipts, each link follows\n"));
    cr_expect_not_null(
        strstr(output, "ok      results: version 2, rule 1: 300 of 500 hundredths of a point, passed\n"));
    cr_expect_not_null(strstr(output, "attempt.jws: sound\n"));
}

Test(attempt, nothing_answered_and_no_result)
{
    dossier.n_answers = dossier.n_results = dossier.n_facts = dossier.n_appeals = 0;
    paper.answers = 0;
    paper.head = dossier.first;
    for (int i = 0; i < ITEMS; i++)
        items[i].has &= ~(UINT64_C(1) << HAS_item_shown_response | UINT64_C(1) << HAS_item_shown_revision);
    sign_file("hocvu-dossier+jwt");
    cr_expect_eq(verify(), 0, "%s", output);
    cr_expect_not_null(strstr(output, "note    results: none in this file\n"));
}

/* A clock that was set back makes times go back; the chain says in which order things happened. */
Test(attempt, clock_set_back_is_a_note)
{
    answers[2].saved_at = START + 1;
    chain();
    sign_file("hocvu-dossier+jwt");
    cr_expect_eq(verify(), 0, "%s", output);
    cr_expect_not_null(strstr(output, "note    revisions: "));
}

Test(attempt, older_revision_that_came_late)
{
    answers[2].revision = 7;
    answers[3] = (struct answer_entry){
        .seq = 4, .position = 1, .revision = 3, .saved_at = START + 5 * MINUTE, .response = SPAN("4")};
    PUT_FIELD(item_at(1), item_shown, revision, 7);
    item_at(4)->has = 0;
    chain();
    sign_file("hocvu-dossier+jwt");
    cr_expect_eq(verify(), 0, "%s", output);
}

/* --- changed by one who has no key --- */

/* Some character of every part of the file changed; the first and the last of each part among them. */
Test(attempt, every_change_of_the_file)
{
    static char text[65536];
    FILE *file = fopen(at("attempt.jws"), "r");
    uint32_t n = file ? (uint32_t)fread(text, 1, sizeof(text), file) : 0;
    cr_assert(n > 1000 && n < sizeof(text));
    fclose(file);
    for (uint32_t i = 0; i < n; i += i < 120 || i > n - 95 ? 1 : 61) {
        char was = text[i];
        text[i] = was == 'A' ? 'B' : 'A';
        write_file("attempt.jws", (struct span){text, n});
        cr_expect_eq(verify(), 1, "character %u", i);
        text[i] = was;
    }
    for (uint32_t cut = 0; cut < n; cut += 211) {
        write_file("attempt.jws", (struct span){text, cut});
        cr_expect_eq(verify(), 1, "cut at %u", cut);
    }
}

Test(attempt, another_key)
{
    uint8_t other[JWS_PUBLIC], other_secret[JWS_SECRET];
    crypto_sign_keypair(other, other_secret);
    memcpy(secret, other_secret, sizeof(secret)); /* signed by another, under our key's name */
    sign_file("hocvu-dossier+jwt");
    cr_expect_eq(verify(), 1);
    cr_expect_not_null(strstr(output, "FAULT   signature: key "), "%s", output);
    sodium_bin2hex(public_hex, sizeof(public_hex), other, sizeof(other));
    cr_expect_eq(verify(), 1);
    cr_expect_not_null(strstr(output, "FAULT   signature: none of the keys"), "%s", output);
}

/* A certificate or a token signed by the same key is no dossier. */
Test(attempt, another_kind_of_signed_text)
{
    sign_file("vc+jwt");
    cr_expect_eq(verify(), 1);
    cr_expect_not_null(strstr(output, "FAULT   signature: none of the keys"), "%s", output);
}

/* --- changed by one who signs again --- */

Test(attempt, format_of_another_version)
{
    dossier.format = SPAN("hocvu-dossier-2");
    expect_fault("format");
    paper.number = 0; /* out of bounds */
    expect_fault("format");
    dossier.n_paper = 0;
    expect_fault("format");
}

Test(attempt, whose_and_what_it_was)
{
    dossier.person_id = id(7);
    expect_fault("first link");
    dossier.form_id = id(7);
    expect_fault("first link");
    dossier.seed++;
    expect_fault("first link");
    paper.started_at--;
    expect_fault("first link");
    paper.attempt_id = id(7);
    expect_fault("first link");
    links[0][3] ^= 1;
    expect_fault("first link");
}

Test(attempt, another_policy)
{
    policy.policy_id = id(7);
    expect_fault("shape");
    policy.programme_id = id(7);
    expect_fault("shape");
    policy.items = 4;
    expect_fault("shape");
    paper.n_items = 4;
    expect_fault("shape");
}

Test(attempt, order_of_items_and_choices)
{
    struct item_shown item = items[0];
    items[0] = items[ITEMS - 1];
    items[ITEMS - 1] = item;
    expect_fault("order");
    struct choice *list = item_at(1)->choices, choice = list[0];
    list[0] = list[1];
    list[1] = choice;
    expect_fault("order");
    list = item_at(4)->targets;
    choice = list[0];
    list[0] = list[2];
    list[2] = choice;
    expect_fault("order");
    items[1].position = items[0].position;
    expect_fault("shape");
    dossier.seed ^= 1; /* with a chain that fits the other seed */
    chain();
    expect_fault("order");
    PUT_FIELD(item_at(2), item_shown, situation_items, 200);
    expect_fault("order");
    PUT_FIELD(item_at(5), item_shown, situation_items, 2);
    expect_fault("order");
}

Test(attempt, an_answer)
{
    answers[1].response = SPAN("4");
    expect_fault("chain");
    answers[1].revision++;
    expect_fault("chain");
    answers[1].position = 2;
    expect_fault("chain");
    answers[1].saved_at++;
    expect_fault("chain");
    answers[1].seq = 3;
    expect_fault("chain");
    links[2][0] ^= 0x80;
    expect_fault("chain");
}

Test(attempt, answers_taken_out_or_moved)
{
    struct answer_entry kept = answers[1];
    answers[1] = answers[2];
    answers[2] = kept;
    expect_fault("chain");
    dossier.n_answers--;
    expect_fault("head");
    dossier.n_answers--;
    paper.answers -= 2;
    expect_fault("head");
    paper.answers++;
    expect_fault("head");
    links[ANSWERS][31] ^= 1;
    paper.head = (struct span){(const char *)links[0], RECEIPT_LINK};
    expect_fault("head");
}

/* Chains that hold, of answers that cannot have been. */
Test(attempt, revisions)
{
    answers[2].revision = 1;
    chain();
    expect_fault("revisions");
    answers[1].position = 6;
    chain();
    expect_fault("revisions");
    answers[3].saved_at = START + 30 * MINUTE + 30000001;
    chain();
    expect_fault("revisions");
    answers[0].saved_at = START - 1;
    chain();
    expect_fault("revisions");
}

Test(attempt, answer_beside_the_item)
{
    PUT_FIELD(item_at(1), item_shown, response, SPAN("2"));
    expect_fault("answers shown");
    PUT_FIELD(item_at(1), item_shown, revision, 1);
    expect_fault("answers shown");
    item_at(1)->has = 0;
    expect_fault("answers shown");
    PUT_FIELD(item_at(5), item_shown, response, SPAN("1"));
    expect_fault("answers shown");
}

Test(attempt, results)
{
    results[1].max_score = 600;
    expect_fault("results");
    results[1].max_score = 450;
    expect_fault("results");
    results[1].score = 501;
    expect_fault("results");
    results[0].passed = true;
    expect_fault("results");
    results[0].version = 2;
    expect_fault("results");
}

Test(attempt, facts_and_appeals_of_others)
{
    facts[0].attempt_id = id(7);
    expect_fault("facts, appeals");
    appeals[0].attempt_id = id(7);
    expect_fault("facts, appeals");
    appeals[0].person_id = id(7);
    expect_fault("facts, appeals");
}

/* --- receipts --- */

static int with_receipts(struct answer_receipt *receipts, int n, const char *before)
{
    struct buf lines;
    buf_init(&lines, 65536);
    buf_add_text(&lines, before);
    for (int i = 0; i < n; i++) {
        msg_to_json(&msg_answer_receipt, &receipts[i], &lines);
        buf_add_char(&lines, '\n');
    }
    cr_assert_not(lines.failed);
    write_file("receipts", buf_span(&lines));
    buf_release(&lines);
    const char *const args[] = {"verify", at("attempt.jws"), "--key", public_hex, "--receipts", at("receipts")};
    return run(6, args);
}

static struct answer_receipt receipt_of(uint32_t i)
{
    static const char seal[RECEIPT_LINK];
    return (struct answer_receipt){.attempt_id = id(1),
                                   .position = answers[i].position,
                                   .revision = answers[i].revision,
                                   .saved_at = answers[i].saved_at,
                                   .seq = answers[i].seq,
                                   .link = answers[i].link,
                                   .seal = {seal, sizeof(seal)}};
}

Test(attempt, receipts_in_the_chain)
{
    struct answer_receipt receipts[] = {receipt_of(3), receipt_of(0), receipt_of(0)};
    cr_expect_eq(with_receipts(receipts, 3, "\n"), 0, "%s", output);
    cr_expect_not_null(strstr(output, "ok      receipts: 3 of 3 are in the chain\n"));
}

Test(attempt, receipt_that_is_missing_is_named)
{
    struct answer_receipt receipt = receipt_of(2);
    receipt.seq = 9;
    cr_expect_eq(with_receipts(&receipt, 1, ""), 1);
    cr_expect_not_null(strstr(output, "receipt 9 (position 1, revision 2) is missing in the chain"), "%s", output);
    receipt = receipt_of(2);
    receipt.revision = 3;
    cr_expect_eq(with_receipts(&receipt, 1, ""), 1);
    receipt = receipt_of(2);
    receipt.link = answers[1].link;
    cr_expect_eq(with_receipts(&receipt, 1, ""), 1);
    receipt = receipt_of(2);
    receipt.saved_at++;
    cr_expect_eq(with_receipts(&receipt, 1, ""), 1);
    receipt = receipt_of(2);
    receipt.attempt_id = id(7);
    cr_expect_eq(with_receipts(&receipt, 1, ""), 1);
    receipt = receipt_of(2);
    cr_expect_eq(with_receipts(&receipt, 1, "{}\n"), 1);
    cr_expect_not_null(strstr(output, "line 1 is not a receipt"), "%s", output);
}

/* --- keys and usage --- */

static int with_keys(const char *json)
{
    write_file("keys.json", (struct span){json, (uint32_t)strlen(json)});
    const char *const args[] = {"verify", at("attempt.jws"), "--keys", at("keys.json")};
    return run(4, args);
}

Test(attempt, key_set_with_older_keys)
{
    char x[64], json[1024];
    sodium_bin2base64(x, sizeof(x), public, sizeof(public), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    snprintf(json, sizeof(json),
             "{\"keys\":[{\"kid\":\"a\",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%043d\"},"
             "{\"kid\":\"b\",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}]}\n",
             0, x);
    cr_expect_eq(with_keys(json), 0, "%s", output);
    cr_expect_eq(with_keys("{\"keys\":[{\"kid\":\"a\",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}]}"), 2);
    cr_expect_eq(with_keys("{\"keys\":[]}"), 2);
    cr_expect_eq(with_keys("[]"), 2);
    cr_expect_eq(with_keys(""), 2);
}

Test(attempt, usage)
{
    const char *const none[] = {"verify", at("attempt.jws")};
    const char *const both[] = {"verify", at("attempt.jws"), "--key", public_hex, "--keys", "x"};
    const char *const no_file[] = {"verify", "--key", public_hex};
    const char *const missing[] = {"verify", at("nothing.jws"), "--key", public_hex};
    const char *const bad_key[] = {"verify", at("attempt.jws"), "--key", "00"};
    const char *const no_value[] = {"verify", at("attempt.jws"), "--key"};
    const char *const other[] = {"check", at("attempt.jws"), "--key", public_hex};
    cr_expect_eq(run(2, none), 2);
    cr_expect_eq(run(6, both), 2);
    cr_expect_eq(run(3, no_file), 2);
    cr_expect_eq(run(4, missing), 2);
    cr_expect_eq(run(4, bad_key), 2);
    cr_expect_eq(run(3, no_value), 2);
    cr_expect_eq(run(4, other), 2);
    cr_expect_eq(run(0, NULL), 2);
}
