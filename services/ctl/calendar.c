/* calendar.c - `hocvu calendar load FILE`: holidays, by which the times that the law sets end. */
#include "ctl.h"
#include "codec.h"
#include "table.h"
#include <errno.h>
#include <inttypes.h>

const char calendar_help[] = "hocvu calendar load FILE\n"
                             "\n"
                             "FILE is CSV with the columns day,name,works: holidays (works no), and Saturdays and "
                             "Sundays worked in exchange (yes);\n"
                             "deploy/data/holidays-vn.csv is one. A day that is known is corrected. Each year's are "
                             "decided by the Prime Minister.\n";

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

/* The rows of a calendar file, in the arena; -1: told. */
static int read_holidays(const char *path, struct arena *arena, struct holidays *ret_days)
{
    static const struct table_column columns[] = {{"day", 10, 10, 0}, {"name", 1, 120, 0}, {"works", 2, 3, 0}};
    struct span text;
    struct table file;
    if (read_small(path, arena, &text) < 0)
        return -1;
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

int calendar_command(struct ctl *ctl, int argc, char **argv)
{
    struct arena arena;
    struct holidays days;
    struct accepted accepted;
    int code = 1;
    if (argc != 3 || strcmp(argv[1], "load") != 0) {
        fprintf(stderr, "usage: hocvu calendar load FILE; hocvu help calendar tells more\n");
        return 2;
    }
    struct bus *bus = ctl_bus(ctl);
    if (!bus)
        return 1;
    arena_init(&arena, 4 << 20);
    if (read_holidays(argv[2], &arena, &days) == 0) {
        code = call_calendar_put(bus, &days, &accepted) ? 1 : 0;
        if (code)
            ctl_bus_fault(bus, "calendar load");
        else
            printf("days: %" PRIu32 "\n", days.n_days);
    }
    arena_release(&arena);
    return code;
}
