/*
 * test_keys.c - the keys of personal numbers change while the service runs: numbers are found all the time, none is
 * there twice, a change that was broken off goes on, and old boxes open with the keys of their ids. What hocvu does
 * with the secret halves stands here in small.
 */
#include "identity_test.h"
#include "link.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory with the keys' files, as the configuration names them. */
static char dir[64], paths[3][96];
static unsigned char old_hash_key[SEAL_KEY_BYTES], old_box_secret[SEAL_KEY_BYTES];

static void write_key(const char *path, const unsigned char *key)
{
    char hex[2 * SEAL_KEY_BYTES + 1];
    sodium_bin2hex(hex, sizeof(hex), key, SEAL_KEY_BYTES);
    FILE *file = fopen(path, "w");
    cr_assert(file);
    fprintf(file, "%s\n", hex);
    fclose(file);
}

static void open_keys(void)
{
    open_identity();
    snprintf(dir, sizeof(dir), "/tmp/hocvu-keys.XXXXXX");
    cr_assert(mkdtemp(dir));
    static const char *const names[] = {"hash.key", "box.pub", "before.key"};
    for (int i = 0; i < 3; i++)
        snprintf(paths[i], sizeof(paths[i]), "%s/%s", dir, names[i]);
    conf.national_hash_key.path = paths[0];
    conf.national_box_key.path = paths[1];
    conf.national_hash_key_before = paths[2];
    write_key(paths[0], conf.keys_at_start.hash_key);
    write_key(paths[1], conf.keys_at_start.box_public);
    memcpy(old_hash_key, conf.keys_at_start.hash_key, sizeof(old_hash_key));
    memcpy(old_box_secret, box_secret, sizeof(old_box_secret));
}

static void close_keys(void)
{
    for (int i = 0; i < 3; i++)
        unlink(paths[i]);
    rmdir(dir);
    close_identity();
}

#define KEYS_TEST(name) Test(keys, name, .init = open_keys, .fini = close_keys, .timeout = 60)

static struct keys_state state;

static int reload(void)
{
    struct empty none = {0};
    return settled(on_keys_reload(&h->ctx, &none, &state));
}

static uint32_t waiting(void)
{
    struct empty none = {0};
    cr_assert_eq(settled(on_keys_now(&h->ctx, &none, &state)), 0);
    return state.waiting;
}

static void new_hash_key(void)
{
    unsigned char fresh[SEAL_KEY_BYTES];
    randombytes_buf(fresh, sizeof(fresh));
    write_key(paths[2], seal_keys_now(&h->ctx)->hash_key);
    write_key(paths[0], fresh);
    cr_assert_eq(reload(), 0);
}

static void new_box_key(void)
{
    unsigned char public[SEAL_KEY_BYTES];
    crypto_box_keypair(public, box_secret);
    write_key(paths[1], public);
    cr_assert_eq(reload(), 0);
}

/* Opens with the key that made the box, seals by the present keys. */
static void seal_anew(const struct sealed_row *row, struct sealed_move *move)
{
    static unsigned char hash[64][SEAL_HASH_BYTES], box[64][SEAL_BOX_BYTES];
    static unsigned n;
    const struct seal_keys *keys = seal_keys_now(&h->ctx);
    struct sealer sealer;
    char digits[NATIONAL_DIGITS];
    cr_assert_eq(sealer_init(&sealer, keys), 0);
    cr_assert(!seal_open(box_secret, row->national_box, digits) ||
              !seal_open(old_box_secret, row->national_box, digits));
    n = (n + 1) % 64;
    national_hash(keys, (struct span){digits, NATIONAL_DIGITS}, hash[n]);
    seal(&sealer, (struct span){digits, NATIONAL_DIGITS}, box[n]);
    *move = (struct sealed_move){.id = row->id,
                                 .hash_key_old = row->hash_key,
                                 .box_key_old = row->box_key,
                                 .national_hash = {(const char *)hash[n], SEAL_HASH_BYTES},
                                 .national_box = {(const char *)box[n], SEAL_BOX_BYTES}};
}

/* One page of `most` rows; how many were moved. */
static struct sealed_moves moves;

static uint32_t move_page(uint16_t most)
{
    static struct sealed_move rows[64];
    struct keys_query query = {.most = most};
    struct sealed_rows page = {0};
    struct sealed_moved moved = {0};
    const struct seal_keys *keys = seal_keys_now(&h->ctx);
    cr_assert_eq(settled(on_keys_page(&h->ctx, &query, &page)), 0);
    for (uint32_t i = 0; i < page.n_rows; i++)
        seal_anew(&page.rows[i], &rows[i]);
    moves = (struct sealed_moves){
        .hash_key = S(keys->hash_key_id), .box_key = S(keys->box_key_id), .rows = rows, .n_rows = page.n_rows};
    if (page.n_rows)
        cr_assert_eq(settled(on_keys_put(&h->ctx, &moves, &moved)), 0, "%s", h->ctx.fault.field);
    return moved.moved;
}

static void finish(void)
{
    unlink(paths[2]);
    cr_assert_eq(reload(), 0);
}

/* Persons found by these numbers, one each. */
static unsigned found(void)
{
    static const char *const numbers[] = {NATIONAL_OF_FIRST, "999079000002", "999079000003", "999079000004",
                                          "999079000005"};
    unsigned n = 0;
    for (size_t i = 0; i < 5; i++) {
        struct person_key number;
        struct link_seen seen;
        struct link_key key = {.provider = SPAN("openid"), .subject = SPAN("nobody")};
        cr_assert_eq(person_key_make(&h->ctx, S(numbers[i]), &number), 0);
        key.national_hash = number.national_hash;
        if (HAS(&number, person_key, hash_before))
            PUT_FIELD(&key, link_key, hash_before, number.hash_before);
        cr_assert_eq(settled(pg_call(&h->ctx, &SQL_link_look, &key, &seen)), 0);
        n += HAS(&seen, link_seen, person_id);
    }
    return n;
}

KEYS_TEST(numbers_are_found_all_the_time_while_the_hash_key_changes)
{
    small_nation();
    cr_expect_eq(found(), 5);
    new_hash_key();
    cr_expect(HAS(&state, keys_state, before));
    cr_expect_eq(state.waiting, 5);
    cr_expect_eq(found(), 5);
    for (uint32_t done = 0; done < 5; done++) {
        cr_assert_eq(move_page(1), 1);
        cr_expect_eq(found(), 5, "after %u", done + 1);
        cr_expect_eq(waiting(), 4 - done);
    }
    cr_expect_eq(move_page(64), 0);
    finish();
    cr_expect(!HAS(&state, keys_state, before));
    cr_expect_eq(found(), 5);
    cr_expect_eq(count_of("audit WHERE action = 'keys_reloaded'"), 2);
}

KEYS_TEST(a_roster_during_the_change_makes_nobody_twice)
{
    small_nation();
    new_hash_key();
    cr_assert_eq(move_page(2), 2);
    import_roster(SMALL_ROSTER);
    expect_counts(0, 0, 4, 0);
    import_roster("999079000006,Vũ Văn Tám,1980-01-03,X44,Chuyên viên,false,\n");
    expect_counts(1, 0, 0, 0);
    cr_expect_eq(waiting(), 3, "a new number is sealed by the new key at once");
    cr_expect_eq(count_of("person"), 6);
    move_page(64);
    cr_expect_eq(waiting(), 0);
    import_roster(SMALL_ROSTER);
    expect_counts(0, 0, 4, 0);
}

KEYS_TEST(the_first_operator_is_the_same_person_under_another_key)
{
    struct operator_first first = {.national_id = S(NATIONAL_OF_FIRST), .full_name = S("Nguyễn Văn Nhân")};
    struct accepted accepted;
    bootstrap();
    new_hash_key();
    cr_expect_eq(settled(on_operator_bootstrap(&h->ctx, &first, &accepted)), 0);
    cr_expect_eq(count_of("person"), 1);
}

KEYS_TEST(an_account_stays_whose_it_is)
{
    struct claims claims = {.subject = SPAN("s"),
                            .national_id = SPAN("999079000003"),
                            .full_name = SPAN("Lê Văn Nam"),
                            .birth_date = 3420,
                            .level = 2};
    struct link_outcome who;
    small_nation();
    cr_assert_eq(settled(log_in_by(&h->ctx, SPAN("openid"), &claims, &who)), 0);
    cr_expect_eq(who.standing, STANDING_LINKED);
    new_hash_key();
    new_box_key();
    cr_expect_eq(waiting(), 6, "five persons and an account");
    cr_assert_eq(settled(log_in_by(&h->ctx, SPAN("openid"), &claims, &who)), 0);
    cr_expect_eq(who.standing, STANDING_LINKED);
    cr_assert_eq(move_page(64), 6);
    cr_expect_eq(waiting(), 0);
    cr_assert_eq(settled(log_in_by(&h->ctx, SPAN("openid"), &claims, &who)), 0);
    cr_expect_eq(who.standing, STANDING_LINKED);
    finish();
    cr_assert_eq(settled(log_in_by(&h->ctx, SPAN("openid"), &claims, &who)), 0);
    cr_expect_eq(who.standing, STANDING_LINKED);
    cr_expect_eq(count_of("account"), 1);
}

KEYS_TEST(rotation_killed_half_way)
{
    small_nation();
    new_hash_key();
    cr_assert_eq(move_page(3), 3);
    /* The process starts anew: it has what the files say, and the next page begins where the last one ended. */
    conf.keys_now = NULL;
    memcpy(conf.keys_at_start.hash_key, old_hash_key, sizeof(old_hash_key));
    cr_assert_eq(reload(), 0);
    cr_expect_eq(state.waiting, 2);
    cr_expect_eq(found(), 5);
    cr_expect_eq(move_page(64), 2);
    cr_expect_eq(waiting(), 0);
}

KEYS_TEST(the_same_page_twice_changes_nothing)
{
    struct sealed_moved moved;
    small_nation();
    new_hash_key();
    cr_assert_eq(move_page(64), 5);
    const char *before = harness_get(h, "SELECT md5(string_agg(p::text, '' ORDER BY person_id)) FROM person p");
    cr_assert_eq(settled(on_keys_put(&h->ctx, &moves, &moved)), 0);
    cr_expect_eq(moved.moved, 0);
    cr_expect_str_eq(harness_get(h, "SELECT md5(string_agg(p::text, '' ORDER BY person_id)) FROM person p"), before);
}

KEYS_TEST(old_dump_after_rotation)
{
    char digits[NATIONAL_DIGITS];
    unsigned char first[SEAL_BOX_BYTES];
    size_t n = 0;
    small_nation();
    const char *hex = harness_get(h, "SELECT encode(national_box, 'hex') FROM person WHERE full_name = 'Lê Văn Nam'");
    const char *key = harness_get(h, "SELECT box_key FROM person WHERE full_name = 'Lê Văn Nam'");
    cr_assert_eq(sodium_hex2bin(first, sizeof(first), hex, strlen(hex), NULL, &n, NULL), 0);
    new_box_key();
    cr_assert_eq(move_page(64), 5);
    cr_expect_str_neq(harness_get(h, "SELECT DISTINCT box_key FROM person"), key);
    /* The box of the dump opens with the key that its id names, and with no other. */
    struct span box = {(const char *)first, sizeof(first)};
    cr_expect_eq(seal_open(box_secret, box, digits), -1);
    cr_assert_eq(seal_open(old_box_secret, box, digits), 0);
    cr_expect_arr_eq(digits, "999079000003", NATIONAL_DIGITS);
    cr_expect_eq(found(), 5);
}

KEYS_TEST(moves_by_keys_that_are_not_in_use_are_refused)
{
    struct sealed_moved moved;
    small_nation();
    new_hash_key();
    move_page(2);
    struct sealed_moves late = moves;
    late.hash_key = S("00000000");
    EXPECT_FAULT(on_keys_put(&h->ctx, &late, &moved), ERR_STATE, "hash_key");
    late = moves;
    late.box_key = S("00000000");
    EXPECT_FAULT(on_keys_put(&h->ctx, &late, &moved), ERR_STATE, "box_key");
}

KEYS_TEST(an_import_at_work_is_not_disturbed)
{
    struct sealed_moved moved;
    small_nation();
    new_hash_key();
    move_page(1);
    harness_sql(h, "SELECT pg_advisory_lock(hashtext('identity.import'))");
    EXPECT_FAULT(on_keys_put(&h->ctx, &moves, &moved), ERR_BUSY, "import");
    harness_sql(h, "SELECT pg_advisory_unlock(hashtext('identity.import'))");
    cr_expect_eq(settled(on_keys_put(&h->ctx, &moves, &moved)), 0);
}

KEYS_TEST(a_file_without_a_key_changes_nothing)
{
    const struct seal_keys *before = seal_keys_now(&h->ctx);
    FILE *file = fopen(paths[0], "w");
    fputs("not a key\n", file);
    fclose(file);
    cr_expect_eq(reload(), ERR_INVALID);
    cr_expect_eq(seal_keys_now(&h->ctx), before);
    unlink(paths[0]);
    cr_expect_eq(reload(), ERR_INVALID);
    cr_expect_eq(seal_keys_now(&h->ctx), before);
    cr_expect_eq(count_of("audit WHERE action = 'keys_refused'"), 2);
    static const unsigned char zeros[SEAL_KEY_BYTES];
    write_key(paths[0], old_hash_key);
    write_key(paths[1], zeros);
    cr_expect_eq(reload(), ERR_INVALID, "a public key under which a box hides nothing");
}

KEYS_TEST(the_service_itself_cannot_change_a_hash_or_a_box)
{
    cr_expect(!harness_allowed(h, "UPDATE person SET national_hash = ''"));
    cr_expect(!harness_allowed(h, "UPDATE person SET national_box = ''"));
    cr_expect(!harness_allowed(h, "UPDATE person SET box_key = ''"));
}
