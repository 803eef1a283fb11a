/* calendar.c - `hocvu calendar load FILE | status`: holidays, by which the times that the law sets end, and how far
 * they reach. */
#include "ctl.h"
#include "codec.h"
#include "table.h"
#include <errno.h>
#include <inttypes.h>

const char calendar_help[] =
    "hocvu calendar load FILE\n"
    "hocvu calendar status                how far the calendar reaches; exit code 1 when it ends within the row\n"
    "                                     calendar_months\n"
    "\n"
    "FILE is CSV with the columns day,name,works: holidays (works no), and Saturdays and Sundays worked in exchange "
    "(yes);\n"
    "a line that begins with # is not read. deploy/data/holidays-vn.csv is one. A day that is known is corrected. Each "
    "year's\n"
    "are decided by the Prime Minister.\n";

/* A small file, whole, in the arena; -1: told. */
static int read_small(const char *path, struct arena *arena, struct span *ret_text)
{
    enum { MOST = 65536 };
    char *text = arena_alloc(arena, MOST);
    FILE *file = fopen(path, "re");
    if (!text || !file) {
        fprintf(stderr, "hocvu: %s: %s\n", path, strerror(errno));
        if (file)
            fclose(file);
        return -1;
    }
    size_t n = fread(text, 1, MOST, file);
    bool whole = !ferror(file) && n < MOST;
    fclose(file);
    if (!whole) {
        fprintf(stderr, "hocvu: %s cannot be read, or has more than 64 KiB.\n", path);
        return -1;
    }
    *ret_text = (struct span){text, (uint32_t)n};
    return 0;
}

/* Lines that begin with # become blank, which readers skip; numbers of lines stay. */
static void blank_remarks(struct span text)
{
    char *at = (char *)(uintptr_t)text.p, *end = at + text.n;
    while (at < end) {
        char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        if (*at == '#')
            memset(at, ' ', (size_t)(stop - at));
        at = stop + (stop < end);
    }
}

int holidays_read(const char *path, struct arena *arena, struct holidays *ret_days)
{
    static const struct table_column columns[] = {{"day", 10, 10, 0}, {"name", 1, 120, 0}, {"works", 2, 3, 0}};
    struct span text;
    struct table file;
    if (read_small(path, arena, &text) < 0)
        return -1;
    blank_remarks(text);
    if (table_read(&file, arena, columns, 3, text, 400)) {
        fprintf(stderr, "hocvu: %s is too large.\n", path);
        return -1;
    }
    struct holiday *days = arena_alloc(arena, (file.n_rows + 1) * sizeof(*days));
    uint32_t n = 0;
    for (uint32_t i = 0; days && !file.unreadable && i < file.n_rows; i++) {
        const struct table_row *row = &file.rows[i];
        struct holiday *day = &days[n++];
        bool works = row->cells[2].n == 3 && !memcmp(row->cells[2].p, "yes", 3);
        bool known = works || (row->cells[2].n == 2 && !memcmp(row->cells[2].p, "no", 2));
        *day = (struct holiday){.works = works, .name = row->cells[1]};
        if (row->refused || !known || date_parse(row->cells[0], &day->day)) {
            fprintf(stderr, "hocvu: %s, line %" PRIu32 ": day is YYYY-MM-DD, name is not empty, works is yes or no.\n",
                    path, row->line);
            return -1;
        }
    }
    if (!n) {
        fprintf(stderr, "hocvu: %s names no day; its first line is day,name,works.\n", path);
        return -1;
    }
    *ret_days = (struct holidays){.days = days, .n_days = n};
    return 0;
}

bool calendar_reaches(struct ctl *ctl, struct bus *bus, bool always)
{
    struct empty none = {0};
    struct calendar_state state;
    char last[DATE_TEXT] = "-";
    if (call_calendar_now(bus, &none, &state)) {
        ctl_bus_fault(bus, "the calendar cannot be asked");
        return false;
    }
    if (HAS(&state, calendar_state, last))
        date_format(state.last, last);
    bool reaches = state.days_left >= ctl->conf->calendar_months * 30;
    if (always)
        printf("%" PRIu32 " days are known, until %s\n", state.days, last);
    if (!reaches && state.days_left < 0)
        fprintf(stderr, "hocvu: no calendar of holidays is loaded for today; times by law are counted without them "
                        "(hocvu calendar load).\n");
    else if (!reaches)
        fprintf(stderr, "hocvu: the calendar of holidays ends on %s; load the next year's (hocvu calendar load).\n",
                last);
    return reaches;
}

static int load(struct bus *bus, const char *path)
{
    struct arena arena;
    struct holidays days;
    struct accepted accepted;
    int code = 1;
    arena_init(&arena, 4 << 20);
    if (holidays_read(path, &arena, &days) == 0) {
        code = call_calendar_put(bus, &days, &accepted) ? 1 : 0;
        if (code)
            ctl_bus_fault(bus, "calendar load");
        else
            printf("days: %" PRIu32 "\n", days.n_days);
    }
    arena_release(&arena);
    return code;
}

int calendar_command(struct ctl *ctl, int argc, char **argv)
{
    bool asks = argc == 2 && !strcmp(argv[1], "status");
    if (!asks && (argc != 3 || strcmp(argv[1], "load") != 0)) {
        fprintf(stderr, "usage: hocvu calendar load FILE | status; hocvu help calendar tells more\n");
        return 2;
    }
    struct bus *bus = ctl_bus(ctl);
    if (!bus)
        return 1;
    if (asks)
        return calendar_reaches(ctl, bus, true) ? 0 : 1;
    return load(bus, argv[2]);
}
