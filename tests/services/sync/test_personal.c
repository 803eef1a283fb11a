/* test_personal.c - people whose data may only be kept, and people who were erased: what receivers are told, what
 * stays. */
#include "sync_test.h"

static struct sync_test *t;

static void open_with(const char *path, const char *rows)
{
    t = sync_test_open(false);
    for (size_t i = 0; i < sizeof(t->box_hex) - 1; i++)
        t->box_hex[i] = '7';
    add_target(t, "mps", path, rows);
    sync_test_ready(t);
    know_unit(t->h, NATION, 0, "VN");
    know_unit(t->h, PROVINCE, NATION, "45");
    send_now(t);
}

static void close_test(void)
{
    sync_test_close(t);
}

TestSuite(personal, .fini = close_test);

static void named(uint32_t person, const char *name)
{
    struct person_fact fact = tenure(person, 1, name);
    know_people(t->h, &fact, 1);
}

static void restricted(uint32_t person, bool on)
{
    struct restriction_fact fact = {.person_id = U(person), .restricted = on, .at = now_us()};
    cr_assert_eq(harness_event(t->h, follow_person_restricted, &fact), 0, "about %s", t->h->ctx.fault.field);
}

static void erased(uint32_t person)
{
    struct erasure_fact fact = {.person_id = U(person), .at = now_us()};
    cr_assert_eq(harness_event(t->h, follow_person_erased, &fact), 0, "about %s", t->h->ctx.fault.field);
}

/* Kinds about Lan, as they went out. */
static const char *kinds(const char *state)
{
    return harness_get(t->h,
                       "SELECT string_agg(kind, ' ' ORDER BY sequence) FROM item WHERE state = '%s' "
                       "AND subject_id = '00000000-0000-0000-0000-000000000014'",
                       state);
}

static int names_left(const char *name)
{
    static const char *const tables[] = {"item", "item_try", "held", "person_number", "tenure", "person", "audit"};
    int n = 0;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        n += (int)strtol(harness_get(t->h, "SELECT count(*) FROM %s x WHERE x::text LIKE '%%%s%%'", tables[i], name),
                         NULL, 10);
    return n;
}

Test(personal, nothing_new_is_told_of_who_is_restricted)
{
    open_with("/ok", "");
    named(LAN, "Nguyễn Thị Lan"); /* waits when the restriction comes */
    restricted(LAN, true);
    certified(t->h, LAN, "HVS-26-1");
    linked(t->h, BINH);
    send_often(t, 2);
    cr_expect_str_eq(kinds("sent"), "person_restricted");
    cr_expect_str_eq(kinds("dropped"), "tenures_changed");
    cr_expect_eq(times_received(t, "Nguyễn Thị Lan"), 0);
    cr_expect_eq(count(t, "kind = 'person_linked' AND state = 'sent'"), 1, "others are not concerned");
    cr_expect_str_eq(harness_get(t->h, "SELECT count(*) FROM held"), "2");
    /* It ends: first this, then what was held, in its order, as new items. */
    restricted(LAN, false);
    send_often(t, 4);
    cr_expect_str_eq(kinds("sent"), "person_restricted person_restricted tenures_changed certificate_issued");
    cr_expect_eq(times_received(t, "Nguyễn Thị Lan"), 1);
    cr_expect_str_eq(harness_get(t->h, "SELECT count(*) FROM held"), "0");
    cr_expect_str_eq(harness_get(t->h, "SELECT string_agg(body::json #>> '{data,restricted}', ' ' ORDER BY sequence) "
                                       "FROM item WHERE kind = 'person_restricted'"),
                     "true false");
}

Test(personal, the_same_event_twice_says_nothing_more)
{
    open_with("/ok", "");
    restricted(LAN, true);
    restricted(LAN, true);
    restricted(LAN, false);
    restricted(LAN, false);
    erased(LAN);
    erased(LAN);
    restricted(LAN, true);
    restricted(LAN, false);
    send_often(t, 4);
    cr_expect_str_eq(kinds("sent"), "person_restricted person_restricted person_erased", "erased is for ever");
}

/* Held items are not late, and cannot be sent by hand. */
Test(personal, what_is_held_is_nobodys_delay)
{
    struct sync_states states;
    struct sync_count reply;
    open_with("/refuse", "");
    named(LAN, "Nguyễn Thị Lan");
    send_now(t);
    cr_expect_str_eq(kinds("dead"), "tenures_changed");
    named(LAN, "Nguyễn Thị Lan Anh");
    restricted(LAN, true);
    harness_sql(t->h, "UPDATE item SET changed_at = now() - interval '20 days' WHERE state = 'dropped'");
    cr_assert_eq(on_sync_status(&t->h->ctx, &(struct empty){0}, &states), 0);
    cr_expect_eq(states.targets[0].late, 0);
    cr_expect_eq(states.targets[0].waiting, 1, "the notice");
    struct sync_again again = {0};
    PUT_FIELD(&again, sync_again, target, SPAN("mps"));
    cr_assert_eq(on_sync_retry(&t->h->ctx, &again, &reply), 0);
    cr_expect_eq(reply.items, 2, "the dead letters about units, not the one about her");
}

/* Killed while it was sent, and restricted before it is sent again: it is held, not sent. */
Test(personal, left_behind_and_restricted_meanwhile)
{
    open_with("/ok", "");
    named(LAN, "Nguyễn Thị Lan");
    harness_sql(t->h, "UPDATE item SET state = 'sending', tries = 1 WHERE state = 'waiting'");
    restricted(LAN, true);
    send_often(t, 2);
    cr_expect_str_eq(kinds("sent"), "person_restricted");
    cr_expect_eq(times_received(t, "Nguyễn Thị Lan"), 0);
    restricted(LAN, false);
    send_often(t, 3);
    cr_expect_eq(times_received(t, "Nguyễn Thị Lan"), 1);
}

Test(personal, erased_bodies_name_nobody_and_the_evidence_stays)
{
    open_with("/ok", "");
    named(LAN, "Nguyễn Thị Lan");
    send_now(t);
    const char *digest =
        "SELECT encode(sha256(convert_to(body, 'UTF8')), 'hex') FROM item WHERE kind = 'tenures_changed'";
    const char *before = harness_get(t->h, "%s", digest);
    harness_sql(t->h, "UPDATE item_try SET trouble = 'Nguyễn Thị Lan is unknown' WHERE sequence = "
                      "(SELECT sequence FROM item WHERE kind = 'tenures_changed')");
    certified(t->h, LAN, "HVS-26-1"); /* queued */
    named(BINH, "Trần Bình");
    erased(LAN);
    cr_expect_eq(names_left("Nguyễn Thị Lan"), 0);
    cr_expect_eq(names_left("HVS-26-1"), 0, "the number leads to the name");
    cr_expect_eq(names_left("Trần Bình"), 1, "others keep theirs");
    cr_expect_str_eq(harness_get(t->h, "SELECT encode(digest, 'hex') FROM item WHERE kind = 'tenures_changed' "
                                       "ORDER BY sequence LIMIT 1"),
                     before);
    cr_expect_eq(count(t, "kind = 'tenures_changed' AND state = 'sent' AND tries = 1 AND last_status = 200 AND "
                          "body::json ->> 'item_id' = item_id::text AND body::json ->> 'erased' = 'true'"),
                 1);
    send_often(t, 3);
    cr_expect_str_eq(kinds("dropped"), "certificate_issued", "what was queued is taken back");
    cr_expect_str_eq(kinds("sent"), "tenures_changed person_erased");
    cr_expect_eq(times_received(t, "HVS-26-1"), 0);
    /* Whatever is heard of later is not told, nor kept. */
    certified(t->h, LAN, "HVS-26-2");
    named(LAN, "Nguyễn Thị Lan");
    send_often(t, 2);
    cr_expect_eq(names_left("HVS-26-2") + names_left("Nguyễn Thị Lan"), 0);
    cr_expect_str_eq(kinds("sent"), "tenures_changed person_erased");
}

Test(personal, erased_dead_letters_cannot_be_sent_again)
{
    struct sync_count reply;
    open_with("/refuse", "");
    named(LAN, "Nguyễn Thị Lan");
    send_now(t);
    erased(LAN);
    cr_expect_eq(names_left("Nguyễn Thị Lan"), 0);
    cr_expect_str_eq(kinds("dead"), "tenures_changed");
    struct sync_again again = {0};
    struct uuid id;
    cr_assert_eq(uuid_parse(S(harness_get(t->h, "SELECT item_id FROM item WHERE kind = 'tenures_changed'")), &id), 0);
    PUT_FIELD(&again, sync_again, item_id, id);
    cr_expect_eq(on_sync_retry(&t->h->ctx, &again, &reply), ERR_NOT_FOUND);
}

/* What is under way when the erasure comes ends as ever, without its body. */
Test(personal, erased_while_it_is_sent)
{
    open_with("/ok", "");
    named(LAN, "Nguyễn Thị Lan");
    harness_sql(t->h, "UPDATE item SET state = 'sending', tries = 1 WHERE state = 'waiting'");
    erased(LAN);
    cr_expect_str_eq(kinds("sending"), "tenures_changed");
    cr_expect_eq(names_left("Nguyễn Thị Lan"), 0);
    harness_sql(t->h, "DELETE FROM item WHERE kind = 'person_erased'");
    send_now(t); /* another process begins: it may have arrived, but is not sent again */
    cr_expect_str_eq(kinds("dropped"), "tenures_changed");
}

Test(personal, erased_after_a_restriction)
{
    open_with("/ok", "");
    restricted(LAN, true);
    named(LAN, "Nguyễn Thị Lan");
    erased(LAN);
    cr_expect_eq(names_left("Nguyễn Thị Lan"), 0);
    restricted(LAN, false);
    send_often(t, 3);
    cr_expect_str_eq(kinds("sent"), "person_restricted person_erased");
}

/* The number of an erased person is in no box here either. */
Test(personal, erased_with_the_number)
{
    open_with("/ok", "numbers = yes\n");
    named(LAN, "Nguyễn Thị Lan");
    harness_sql(t->h, "UPDATE person_number SET box = decode(repeat('ab', 84), 'hex')");
    harness_sql(t->h, "UPDATE item SET box = decode(repeat('ab', 84), 'hex') WHERE numbered");
    erased(LAN);
    cr_expect_str_eq(harness_get(t->h, "SELECT count(*) FROM person_number"), "0");
    cr_expect_eq(count(t, "box IS NOT NULL"), 0);
    cr_expect_eq(count(t, "kind = 'person_erased' AND NOT numbered"), 1, "the notice waits for no number");
    send_often(t, 2);
    cr_expect_str_eq(kinds("sent"), "person_erased");
}

/* The law makes us tell whoever was told of persons, whatever it asked for; who takes units only is told nothing. */
Test(personal, notices_go_to_all_who_are_told_of_persons)
{
    t = sync_test_open(false);
    add_target(t, "certs", "/ok", "kinds = certificate_issued\n");
    add_target(t, "units", "/ok", "kinds = unit_changed\n");
    sync_test_ready(t);
    restricted(LAN, true);
    erased(LAN);
    cr_expect_eq(count(t, "target = 'certs'"), 2);
    cr_expect_eq(count(t, "target = 'units'"), 0);
}

Test(personal, privileges_over_bodies)
{
    open_with("/ok", "");
    named(LAN, "Nguyễn Thị Lan");
    cr_expect_not(harness_allowed(t->h, "UPDATE item SET digest = ''"));
    cr_expect_not(harness_allowed(t->h, "DELETE FROM person_number"));
    cr_expect(harness_allowed(t->h, "SELECT person_forget('00000000-0000-0000-0000-000000000014')"));
    cr_expect_eq(names_left("Nguyễn Thị Lan"), 1, "of who was not erased nothing is emptied");
}
