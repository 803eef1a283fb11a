/* test_numbers.c - personal numbers: only for who is told them, only on the wire, the same at every try. */
#include "sync_test.h"
#include <sodium.h>

static struct sync_test *t;
static struct seal_keys keys;

/* The key of which every byte is `fill`; its public half and id in `keys`. */
static void set_key(uint8_t fill)
{
    unsigned char secret[SEAL_KEY_BYTES];
    memset(secret, fill, sizeof(secret));
    sodium_bin2hex(t->box_hex, sizeof(t->box_hex), secret, sizeof(secret));
    cr_assert_eq(crypto_scalarmult_base(keys.box_public, secret), 0);
    seal_key_id(keys.box_public, keys.box_key_id);
}

static void open_numbered(const char *path)
{
    t = sync_test_open(false);
    set_key(7);
    add_target(t, "mps", path, "numbers = yes\n");
    add_target(t, "other", "/ok", "");
    sync_test_ready(t);
}

/* Brings a number, sealed to `keys`. */
static int bring(uint32_t person, const char *digits)
{
    struct sealer sealer;
    unsigned char box[SEAL_BOX_BYTES];
    struct number_brought number = {.person_id = U(person), .box = {(const char *)box, sizeof(box)}};
    struct numbers_brought req = {.box_key = {keys.box_key_id, SEAL_KEY_ID}, .numbers = &number, .n_numbers = 1};
    struct sync_count reply;
    cr_assert_eq(sealer_init(&sealer, &keys), 0);
    seal(&sealer, S(digits), box);
    sealer_release(&sealer);
    return on_sync_numbers(&t->h->ctx, &req, &reply);
}

static uint32_t wanted(bool all)
{
    struct numbers_query query = {.after = U(0)};
    struct numbers_wanted reply;
    if (all)
        PUT_FIELD(&query, numbers_query, all, true);
    cr_assert_eq(on_sync_wanted(&t->h->ctx, &query, &reply), 0);
    return reply.n_people;
}

/* What needs a number waits for it, in order; who is not told numbers gets the item at once, without. */
Test(numbers, wait_until_they_are_brought)
{
    open_numbered("/ok");
    linked(t->h, LAN);
    certified(t->h, LAN, "HVS-26-1");
    send_now(t);
    cr_expect_eq(count(t, "target = 'other' AND state = 'sent' AND NOT numbered"), 2);
    cr_expect_eq(count(t, "target = 'mps' AND state = 'waiting' AND tries = 0"), 2);
    cr_expect_eq(times_received(t, "national_id"), 0);
    cr_expect_eq(wanted(false), 1);
    struct sync_rows rows;
    cr_assert_eq(on_sync_items(&t->h->ctx, &(struct sync_query){0}, &rows), 0);
    cr_expect(rows.n_items == 2 && !HAS(&rows.items[0], sync_row, next_at));
    cr_assert_eq(bring(LAN, "079200000001"), 0);
    cr_expect_eq(wanted(false), 0);
    cr_expect_eq(wanted(true), 1);
    send_now(t);
    cr_expect_eq(count(t, "target = 'mps' AND state = 'sent'"), 2);
    cr_expect_eq(times_received(t, "\\\"national_id\\\":\\\"079200000001\\\",\\\"data\\\""), 2);
    cr_expect_eq(times_received(t, "/unverified"), 0, "the signature is over what is sent");
    /* From now on nothing waits. */
    linked(t->h, LAN);
    send_now(t);
    cr_expect_eq(times_received(t, "079200000001"), 3);
    sync_test_close(t);
}

/* Whoever reads the tables finds no digits; nor does the operator. */
Test(numbers, stand_nowhere_but_on_the_wire)
{
    open_numbered("/refuse");
    linked(t->h, LAN);
    cr_assert_eq(bring(LAN, "079200000001"), 0);
    send_often(t, 1);
    cr_expect_eq(times_received(t, "079200000001"), 1);
    static const char *const tables[] = {"item", "item_try", "person_number", "target_state", "audit"};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        cr_expect_str_eq(
            harness_get(t->h, "SELECT count(*) FROM %s x WHERE x::text LIKE '%%079200000001%%'", tables[i]), "0", "%s",
            tables[i]);
    struct sync_item_query query;
    struct sync_item item;
    cr_assert_eq(uuid_parse(S(harness_get(t->h, "SELECT item_id FROM item WHERE target = 'mps'")), &query.item_id), 0);
    cr_assert_eq(on_sync_show(&t->h->ctx, &query, &item), 0);
    cr_expect(!memmem(item.body.p, item.body.n, "0792", 4) && memmem(item.body.p, item.body.n, "@national_id", 12));
    sync_test_close(t);
}

/* A number corrected between two tries: this item goes out as before, the next one says the new number. */
Test(numbers, the_same_body_at_every_try)
{
    open_numbered("/once500");
    linked(t->h, LAN);
    cr_assert_eq(bring(LAN, "079200000001"), 0);
    t->conf.retry_ms = 3600000;
    send_now(t);
    cr_expect_eq(count(t, "target = 'mps' AND state = 'waiting' AND tries = 1"), 1);
    cr_assert_eq(bring(LAN, "079200000002"), 0);
    linked(t->h, LAN);
    harness_sql(t->h, "UPDATE item SET next_at = now() WHERE state = 'waiting'");
    t->conf.retry_ms = 2;
    send_often(t, 3);
    cr_expect_eq(count(t, "target = 'mps' AND state = 'sent' AND tries = 2"), 2);
    cr_expect_eq(times_received(t, "079200000001"), 2);
    cr_expect_eq(times_received(t, "079200000002"), 2);
    sync_test_close(t);
}

/* After a change of the key the old boxes cannot be opened: said, nothing sent, nobody else blamed; then brought anew.
 */
Test(numbers, a_box_of_another_key)
{
    open_numbered("/ok");
    linked(t->h, LAN);
    cr_assert_eq(bring(LAN, "079200000001"), 0);
    memset(t->conf.box_secret, 9, sizeof(t->conf.box_secret));
    send_now(t);
    cr_expect_eq(count(t, "target = 'mps' AND state = 'waiting' AND trouble LIKE '%%sync numbers%%'"), 1);
    cr_expect_eq(times_received(t, "national_id"), 0);
    cr_expect_str_eq(harness_get(t->h, "SELECT count(*) FROM target_state WHERE target = 'mps'"), "0");
    set_key(9);
    cr_expect_eq(bring(LAN, "079200000001"), ERR_CONFLICT, "the process still has the other key's id");
    memcpy(t->conf.box_id, keys.box_key_id, sizeof(t->conf.box_id));
    cr_assert_eq(bring(LAN, "079200000001"), 0);
    harness_sql(t->h, "UPDATE item SET next_at = now() WHERE state = 'waiting'");
    send_often(t, 1);
    cr_expect_eq(times_received(t, "079200000001"), 1);
    sync_test_close(t);
}

/* Numbers of people whom no receiver was told of are not kept. */
Test(numbers, of_nobody_who_is_wanted)
{
    open_numbered("/ok");
    cr_assert_eq(bring(BINH, "079200000001"), 0);
    cr_expect_str_eq(harness_get(t->h, "SELECT count(*) FROM person_number"), "0");
    cr_expect_not(harness_allowed(t->h, "DELETE FROM person_number"));
    cr_expect_not(harness_allowed(t->h, "UPDATE person_number SET person_id = person_id"));
    sync_test_close(t);
}
