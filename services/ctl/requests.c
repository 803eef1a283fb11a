/*
 * requests.c - `hocvu requests`: open requests of persons about their data, without names, the next due first; and
 * `hocvu calendar FILE`: the holidays by which their time is counted.
 */
#include "csv.h"
#include "ctl.h"
#include "service.h"
#include <errno.h>

enum { FILE_MOST = 1 << 20, DAYS_MOST = 400, COLUMNS = 3 };

const char calendar_help[] =
    "usage: hocvu calendar FILE\n\n"
    "FILE is CSV with the columns day (YEAR-MONTH-DAY), name, works (0: a free day; 1: worked in exchange for\n"
    "another), as deploy/data/holidays-vn.csv; identity and sync count by it. Check it against the decision of each\n"
    "year; a day given again is corrected.\n";

int requests_command(struct ctl *ctl, int argc, char **argv)
{
    struct empty none = {0};
    struct data_request_list list;
    bool late = false;
    (void)argv;
    if (argc != 1) {
        fprintf(stderr, "usage: hocvu requests\n");
        return 2;
    }
    struct bus *bus = ctl_bus(ctl);
    if (!bus)
        return 1;
    if (call_data_requests_open(bus, &none, &list)) {
        ctl_bus_fault(bus, "requests cannot be read");
        return 1;
    }
    printf("%u open requests\n", list.n_requests);
    for (uint32_t i = 0; i < list.n_requests; i++) {
        const struct data_request_row *row = &list.requests[i];
        char id[UUID_TEXT], acknowledge[TIME_TEXT], due[TIME_TEXT];
        uuid_format(&row->request_id, id);
        time_format(row->acknowledge_due, acknowledge);
        time_format(row->due, due);
        printf("%s  %-9.*s %-12.*s acknowledge %.16s  answer %.16s%s\n", id, (int)row->kind.n, row->kind.p,
               (int)row->state.n, row->state.p, acknowledge, due, row->late ? "  LATE" : "");
        late |= row->late;
    }
    return late ? 1 : 0;
}

static bool is(struct span text, const char *word)
{
    return text.n == strlen(word) && !memcmp(text.p, word, text.n);
}

/* The rows of the file. -1: a fault was printed. */
static int read_days(const struct table *file, struct holiday *days, uint32_t *ret_n)
{
    *ret_n = 0;
    for (uint32_t i = 0; i < file->n_rows; i++) {
        const struct table_row *row = &file->rows[i];
        struct holiday *day = &days[*ret_n];
        *day = (struct holiday){.name = row->cells[1], .works = is(row->cells[2], "1")};
        if (row->refused || date_parse(row->cells[0], &day->day) || (!day->works && !is(row->cells[2], "0"))) {
            fprintf(stderr, "hocvu: line %u is not a day, a name, and 0 or 1.\n", row->line);
            return -1;
        }
        ++*ret_n;
    }
    if (file->n_faults || !*ret_n)
        fprintf(stderr, "hocvu: the file is not a list of days.\n");
    return file->n_faults || !*ret_n ? -1 : 0;
}

/* What goes out to other systems has its own time limits. */
static int tell_sync(struct bus *bus, const struct holidays *holidays, struct arena *arena)
{
    struct sync_holidays days = {.n_days = holidays->n_days};
    struct sync_count count;
    days.days = arena_alloc(arena, days.n_days * sizeof(*days.days));
    for (uint32_t i = 0; days.days && i < days.n_days; i++)
        days.days[i] = (struct sync_holiday){
            .day = holidays->days[i].day, .works = holidays->days[i].works, .name = holidays->days[i].name};
    if (days.days && !call_sync_calendar(bus, &days, &count))
        return 0;
    ctl_bus_fault(bus, "sync did not take the calendar");
    return -1;
}

static int load(struct ctl *ctl, const char *path, struct arena *arena)
{
    static const struct table_column columns[COLUMNS] = {{"day", 10, 10, 0}, {"name", 1, 120, 0}, {"works", 1, 1, 0}};
    struct table table;
    struct accepted accepted;
    struct holidays holidays;
    FILE *file = fopen(path, "re");
    char *text = file ? arena_alloc(arena, FILE_MOST) : NULL;
    if (!text) {
        fprintf(stderr, "hocvu: %s: %s\n", path, strerror(errno));
        return 1;
    }
    size_t n = fread(text, 1, FILE_MOST, file);
    fclose(file);
    holidays.days = arena_alloc(arena, DAYS_MOST * sizeof(*holidays.days));
    if (!holidays.days || csv_read(&table, arena, columns, COLUMNS, (struct span){text, (uint32_t)n}, DAYS_MOST)) {
        fprintf(stderr, "hocvu: %s is too large.\n", path);
        return 1;
    }
    if (read_days(&table, holidays.days, &holidays.n_days) < 0)
        return 1;
    struct bus *bus = ctl_bus(ctl);
    if (!bus)
        return 1;
    if (call_calendar_put(bus, &holidays, &accepted)) {
        ctl_bus_fault(bus, "the calendar was not taken");
        return 1;
    }
    if (tell_sync(bus, &holidays, arena))
        return 1;
    printf("%u days entered\n", holidays.n_days);
    return 0;
}

int calendar_command(struct ctl *ctl, int argc, char **argv)
{
    struct arena arena;
    if (argc != 2) {
        fputs(calendar_help, stderr);
        return 2;
    }
    arena_init(&arena, 16 << 20);
    int code = load(ctl, argv[1], &arena);
    arena_release(&arena);
    return code;
}
