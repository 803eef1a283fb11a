/* sync.c - `hocvu sync`: how far the receivers of other owners have come, what is late, what was given up. */
#include "ctl.h"
#include "codec.h"
#include "service.h"
#include <inttypes.h>

const char sync_help[] =
    "hocvu sync status                    each receiver: what waits, is late, was given up; exit code 1 when something "
    "is\n"
    "                                     late or was given up\n"
    "hocvu sync list [waiting|late|dead|sent|dropped] [TARGET]\n"
    "                                     items, oldest first; without a word those that wait or were given up\n"
    "hocvu sync show ITEM                 one item, its last tries, its body without names and numbers\n"
    "hocvu sync retry ITEM                try it again now\n"
    "hocvu sync retry --dead TARGET       try again all that was given up for this receiver\n"
    "hocvu sync numbers DIR [--all]       brings the personal numbers that receivers want and sync has not got; DIR "
    "is\n"
    "                                     secrets/ of the installation. --all: also those that it has\n"
    "\n"
    "ITEM is the idempotency key. Times are UTC. Receivers are files of etc/local/sync; docs/integrators.md tells the "
    "contract.\n";

static const char *when(bool known, int64_t us, char text[TIME_TEXT])
{
    if (!known)
        return "-";
    time_format(us, text);
    text[16] = '\0'; /* minutes are enough */
    text[10] = ' ';
    return text;
}

static bool show_target(const struct sync_target *t)
{
    char oldest[TIME_TEXT], due[TIME_TEXT], last[TIME_TEXT], held[TIME_TEXT];
    printf("%-16.*s %9" PRIu64 " %7" PRIu64 " %7" PRIu64 " %9" PRIu64 "  %-16s  %-16s  %-16s  ", (int)t->name.n,
           t->name.p, t->waiting, t->late, t->dead, t->sent, when(HAS(t, sync_target, oldest), t->oldest, oldest),
           when(HAS(t, sync_target, due), t->due, due), when(HAS(t, sync_target, last_sent), t->last_sent, last));
    if (t->paused)
        printf("paused; ");
    if (HAS(t, sync_target, held_until))
        printf("left in peace until %s; ", when(true, t->held_until, held));
    printf("%.*s\n", HAS(t, sync_target, trouble) ? (int)t->trouble.n : 0, t->trouble.p);
    return !t->late && !t->dead;
}

static int status(struct bus *bus)
{
    struct empty in = {0};
    struct sync_states states;
    bool well = true;
    if (call_sync_status(bus, &in, &states)) {
        ctl_bus_fault(bus, "sync status");
        return 1;
    }
    if (!states.n_targets) {
        printf("There is no receiver: nothing goes out. etc/local/sync/<name>.conf makes one (docs/integrators.md).\n");
        return 0;
    }
    printf("%-16s %9s %7s %7s %9s  %-16s  %-16s  %-16s  %s\n", "receiver", "waiting", "late", "dead", "sent 24h",
           "oldest", "due", "last sent", "trouble");
    for (uint32_t i = 0; i < states.n_targets; i++)
        well &= show_target(&states.targets[i]);
    return well ? 0 : 1;
}

static void show_row(const struct sync_row *row)
{
    char id[UUID_TEXT], due[TIME_TEXT];
    uuid_format(&row->item_id, id);
    printf("%s  %-16.*s %-20.*s %-8.*s %5" PRIu32 "  %-16s %s %.*s\n", id, (int)row->target.n, row->target.p,
           (int)row->kind.n, row->kind.p, (int)row->state.n, row->state.p, row->tries, when(true, row->due_at, due),
           row->late ? "late" : "", HAS(row, sync_row, trouble) ? (int)row->trouble.n : 0, row->trouble.p);
}

static int list(struct bus *bus, int argc, char **argv)
{
    static const char *const states[] = {"waiting", "late", "dead", "sent", "dropped"};
    struct sync_query query = {0};
    struct sync_rows rows;
    for (int i = 0; i < argc; i++) {
        struct span word = {argv[i], (uint32_t)strlen(argv[i])};
        bool is_state = false;
        for (size_t k = 0; k < sizeof(states) / sizeof(states[0]); k++)
            is_state |= !strcmp(argv[i], states[k]);
        if (is_state)
            PUT_FIELD(&query, sync_query, state, word);
        else
            PUT_FIELD(&query, sync_query, target, word);
    }
    printf("%-36s  %-16s %-20s %-8s %5s  %-16s\n", "item", "receiver", "kind", "state", "tries", "due");
    do {
        if (call_sync_items(bus, &query, &rows)) {
            ctl_bus_fault(bus, "sync list");
            return 1;
        }
        for (uint32_t i = 0; i < rows.n_items; i++)
            show_row(&rows.items[i]);
        if (rows.n_items)
            PUT_FIELD(&query, sync_query, after, rows.items[rows.n_items - 1].sequence);
    } while (rows.n_items == 100);
    return 0;
}

static int item_id(const char *text, struct uuid *ret_id)
{
    if (!uuid_parse((struct span){text, (uint32_t)strlen(text)}, ret_id))
        return 0;
    fprintf(stderr, "hocvu: %s is no item: give its idempotency key, as sync list shows it.\n", text);
    return -1;
}

static int show(struct bus *bus, const char *text)
{
    struct sync_item_query query;
    struct sync_item item;
    char made[TIME_TEXT], due[TIME_TEXT];
    if (item_id(text, &query.item_id) < 0)
        return 2;
    if (call_sync_show(bus, &query, &item)) {
        ctl_bus_fault(bus, "sync show");
        return 1;
    }
    printf("%s for %.*s: %.*s, %.*s\nmade %s, due %s\n", text, (int)item.target.n, item.target.p, (int)item.kind.n,
           item.kind.p, (int)item.state.n, item.state.p, when(true, item.made_at, made), when(true, item.due_at, due));
    for (uint32_t i = 0; i < item.n_tries; i++) {
        const struct sync_try *t = &item.tries[i];
        char at[TIME_TEXT];
        printf("try %" PRIu32 " at %s: %s%d after %" PRIu32 " ms  %.*s\n", t->number, when(true, t->at, at),
               t->status ? "HTTP " : "no answer, ", t->status, t->took_ms,
               HAS(t, sync_try, trouble) ? (int)t->trouble.n : 0, t->trouble.p);
    }
    printf("%.*s\n", (int)item.body.n, item.body.p);
    return 0;
}

static int retry(struct bus *bus, int argc, char **argv)
{
    struct sync_again again = {0};
    struct sync_count count;
    struct uuid id;
    if (argc == 2 && !strcmp(argv[0], "--dead")) {
        PUT_FIELD(&again, sync_again, target, ((struct span){argv[1], (uint32_t)strlen(argv[1])}));
    } else {
        if (item_id(argv[0], &id) < 0)
            return 2;
        PUT_FIELD(&again, sync_again, item_id, id);
    }
    if (call_sync_retry(bus, &again, &count)) {
        ctl_bus_fault(bus, "sync retry");
        return 1;
    }
    printf("tried again: %" PRIu64 "\n", count.items);
    return 0;
}

int sync_command(struct ctl *ctl, int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    bool understood = (!strcmp(verb, "status") && argc == 2) || (!strcmp(verb, "list") && argc <= 4) ||
                      (!strcmp(verb, "numbers") && (argc == 3 || (argc == 4 && !strcmp(argv[3], "--all")))) ||
                      (!strcmp(verb, "show") && argc == 3) ||
                      (!strcmp(verb, "retry") && (argc == 3 || (argc == 4 && !strcmp(argv[2], "--dead"))));
    if (!understood) {
        fprintf(stderr, "usage: hocvu sync status | list | show ITEM | retry ITEM | retry --dead TARGET | holidays "
                        "FILE | numbers DIR; "
                        "hocvu help sync tells more\n");
        return 2;
    }
    struct bus *bus = ctl_bus(ctl);
    if (!bus)
        return 1;
    if (!strcmp(verb, "status"))
        return status(bus);
    if (!strcmp(verb, "list"))
        return list(bus, argc - 2, argv + 2);
    if (!strcmp(verb, "show"))
        return show(bus, argv[2]);
    if (!strcmp(verb, "numbers"))
        return sync_numbers(ctl, argc - 2, argv + 2);
    return retry(bus, argc - 2, argv + 2);
}
